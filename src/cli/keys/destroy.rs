//! `garim keys destroy`: ends keys for good, and says so once nobody has them any more.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::Date;

use super::super::{Exit, Failure, Format, Shared, actor};
use super::{forbidden, open};
use crate::engine::plan::Plan;
use crate::limits::REQUEST_WORDS_BYTES_MAX;
use crate::policy::key::{KeyId, Store, letters, parse_letters, steady};
use crate::service::custody::{Custodian, Destroyed, Id};
use crate::service::now_ms;
use crate::service::settings::host;

/// Arguments of `keys destroy`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["key", "past_end", "resume"])))]
pub(super) struct Args {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// The six letters of a key; may be given again
    #[arg(long, value_name = "ID", value_parser = id)]
    key: Vec<Id>,
    /// Every key whose tier has ended, by its term and the calendar
    #[arg(long)]
    past_end: bool,
    /// Judge the ends as of this day [default: today]
    #[arg(long, value_name = "DATE", requires = "past_end")]
    as_of: Option<Date>,
    /// Only complete what was begun before
    #[arg(long, conflicts_with_all = ["reason", "yes"])]
    resume: bool,
    /// Why; stands in the log of acts
    #[arg(long, value_name = "TEXT", required_unless_present = "resume")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// How long to wait until everybody has confirmed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::super::run::duration)]
    wait: Duration,
    /// Write acts to a log in this folder [default: the topic of the settings, else `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// Between two looks at the log of acts.
const LOOK: Duration = Duration::from_millis(500);

fn id(text: &str) -> Result<Id, String> {
    parse_letters(text)
        .ok_or_else(|| String::from("a key is named by six letters a-z; `garim keys list -v` shows them"))
}

/// Destroys, or completes a destruction.
///
/// # Errors
/// [`Exit::Keys`] for a faulty store and for a key that the law still asks for, [`Exit::Unavailable`] when acts cannot be
/// written, [`Exit::Deadline`] when not everybody confirmed in time.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = shared.key_store(args.keys.as_ref())?;
    let (by, host) = (actor(), host());
    let mut chosen = None;
    if let Some(reason) = &args.reason {
        if reason.trim().is_empty() || reason.len() > REQUEST_WORDS_BYTES_MAX {
            return Err(Failure::say(Exit::Usage, format_args!("a reason has 1 to {REQUEST_WORDS_BYTES_MAX} bytes")));
        }
        let plan = crate::policy::load(&shared.policy()?)?.plan;
        let today = plan.zone.to_datetime(jiff::Timestamp::now()).date();
        let keys = choose(args, &open(&dir)?, &plan, today)?;
        if keys.is_empty() {
            shared.note("no key is past the end of its tier");
        } else {
            ask(args, shared, &keys)?;
        }
        chosen = Some((plan, today, keys, reason));
    }
    let mut acts = shared.acts(args.audit.as_deref(), &dir)?;
    let mut custodian = Custodian::new(&mut *acts, &by, &host, &now_ms).map_err(forbidden)?;
    if let Some((plan, today, keys, reason)) = chosen {
        let ids: Vec<Id> = keys.iter().map(|key| key.id).collect();
        custodian.begin(&dir, &plan, &ids, reason, today).map_err(forbidden)?;
    }
    let until = Instant::now() + args.wait;
    let mut wait = || {
        std::thread::park_timeout(LOOK);
        Instant::now() < until
    };
    let destroyed = custodian.resume(&dir, &mut steady, &mut wait).map_err(forbidden)?;
    report(&dir, &destroyed, shared)?;
    if destroyed.waiting.is_empty() {
        return Ok(Exit::Done);
    }
    let who: Vec<&str> = destroyed.waiting.iter().map(|waiting| waiting.who.as_str()).collect();
    let message = format!("not everybody has confirmed within {} s: {}", args.wait.as_secs(), who.join(", "));
    Err(Failure::say(Exit::Deadline, message)
        .help("the keys are gone here; `garim keys destroy --resume` goes on, and so does every verb that writes keys"))
}

/// The keys to be destroyed.
fn choose(args: &Args, store: &Store, plan: &Plan, today: Date) -> Result<Vec<KeyId>, Failure> {
    let as_of = args.as_of.unwrap_or(today);
    if as_of > today {
        return Err(Failure::say(Exit::Usage, format_args!("{as_of} has not come yet; today is {today}")));
    }
    let keys = match args.past_end {
        true => store.due(plan, as_of),
        false => {
            let listed = store.keys();
            let named = |id: &Id| listed.iter().find(|listed| listed.key.id == *id);
            if let Some(unknown) = args.key.iter().find(|id| named(id).is_none()) {
                return Err(Failure::say(Exit::Usage, format_args!("there is no key {}", letters(*unknown)))
                    .help("`garim keys list -v` names them all"));
            }
            args.key.iter().filter_map(named).map(|listed| listed.key.clone()).collect()
        }
    };
    let ids: Vec<Id> = keys.iter().map(|key| key.id).collect();
    store.refuse_early(plan, &ids, today).map_err(super::refused)?;
    Ok(keys)
}

/// Shows what will go, and asks for its name, or for how many they are.
fn ask(args: &Args, shared: &Shared, keys: &[KeyId]) -> Result<(), Failure> {
    let mut err = std::io::stderr().lock();
    if !shared.quiet && shared.format == Format::Text {
        for line in lines(keys) {
            // What cannot be shown cannot be confirmed either.
            let _ = writeln!(err, "  {line}");
        }
    }
    if args.yes {
        return Ok(());
    }
    let expected = match keys {
        [key] => key.letters(),
        keys => keys.len().to_string(),
    };
    let what = if keys.len() == 1 { "the six letters of this key" } else { "how many keys these are" };
    if !std::io::stdin().is_terminal() {
        return Err(Failure::say(Exit::Usage, "there is no terminal to ask on").help("give `--yes`"));
    }
    let _ = write!(err, "What these keys made can never be joined or opened again. Type {what}: ");
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    if line.trim() == expected {
        return Ok(());
    }
    Err(Failure::say(Exit::No, "nothing was destroyed"))
}

/// Above so many keys a tier is one line: nobody reads the rest.
const LISTED_KEYS_MAX: usize = 20;

/// The keys, or how many each tier has and between which epochs.
fn lines(keys: &[KeyId]) -> Vec<String> {
    if keys.len() <= LISTED_KEYS_MAX {
        return keys.iter().map(ToString::to_string).collect();
    }
    let mut tiers: BTreeMap<&str, (usize, String, String)> = BTreeMap::new();
    for key in keys {
        let epoch = key.place.epoch();
        let tier = tiers.entry(key.place.tier()).or_insert_with(|| (0, epoch.clone(), epoch.clone()));
        tier.0 += 1;
        if epoch < tier.1 {
            tier.1.clone_from(&epoch);
        } else if epoch > tier.2 {
            tier.2 = epoch;
        }
    }
    let line = |(tier, (count, first, last)): (&str, (usize, String, String))| match tier {
        "" => format!("tenants: {count} keys"),
        tier => format!("{tier}: {count} keys, {first} to {last}"),
    };
    tiers.into_iter().map(line).collect()
}

fn report(dir: &Path, destroyed: &Destroyed, shared: &Shared) -> Result<(), Failure> {
    let mut out = shared.report();
    match shared.format {
        Format::Json => {
            let ids: Vec<String> = destroyed.done.iter().map(|&id| letters(id)).collect();
            let waiting: Vec<_> = destroyed
                .waiting
                .iter()
                .map(|one| serde_json::json!({"who": one.who, "keys": one.keys, "fault": one.fault}))
                .collect();
            let told = serde_json::json!({
                "schema_version": 1, "keys": dir.display().to_string(), "destroyed": ids,
                "unconfirmed": destroyed.unconfirmed, "waiting": waiting,
            });
            writeln!(out, "{told}")?;
        }
        Format::Text => {
            writeln!(out, "{} keys destroyed in {}", destroyed.done.len(), dir.display())?;
            for holder in &destroyed.unconfirmed {
                writeln!(out, "  not confirmed: {holder}, which gave no sign of life and refuses them when it wakes")?;
            }
            for waiting in &destroyed.waiting {
                writeln!(out, "  {} keys wait for {}", waiting.keys, waiting.who)?;
                if let Some(fault) = &waiting.fault {
                    writeln!(out, "    {}", fault.lines().collect::<Vec<_>>().join("\n    "))?;
                }
            }
        }
    }
    out.flush()?;
    Ok(())
}
