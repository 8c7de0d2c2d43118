//! `garim lookup`: the tokens of one identifier, over all keys that are left; told to the log of acts first.

use std::io::{BufRead, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{Exit, Failure, Format, Shared, keys};
use crate::engine::plan::{KeyPlan, Plan, SourcePlan};
use crate::kind::{Kind, canonical};
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::policy::key::{KeyId, Store, date, letters, steady};
use crate::pseudonym::epoch::{Epoch, KeyRing, Period, TenantLookup, canonical_tenant};
use crate::pseudonym::plain::{TokenKeys, subject_of, token_of};
use crate::pseudonym::share_id;
use crate::record::TierId;
use crate::secret::Key;
use crate::service::custody::Custodian;
use crate::service::now_ms;
use crate::service::settings::host;
use crate::telemetry::audit::entry::What;

/// Arguments of `lookup`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The identifier is read from standard input, one line, or asked for on the terminal. It is never an \
                        argument: those stand in the list of processes and in the shell's history."
)]
pub struct Args {
    /// The source in whose records the identifier stands
    #[arg(long, value_name = "SOURCE")]
    source: String,
    /// What it is: a kind of the policy, `email`
    #[arg(long, value_name = "KIND")]
    kind: String,
    /// Why it is looked up; stands in the log of acts
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The number of the request or case
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
    /// Only this tier, or share of a tier (`<tier>@<recipient>`); may be repeated [default: all that the source has]
    #[arg(long, value_name = "TIER")]
    tier: Vec<String>,
    /// Read the tenant of the records too, on a second line: tiers with keys by tenant have no token without it
    #[arg(long)]
    tenant: bool,
    /// Folder of the key store, or of a mirror
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// Folder of the log of acts, where there is no broker [default: `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// What there is of one generation of the keys of a tier.
struct Found {
    tier: TierId,
    epoch: Epoch,
    /// First event time of the generation.
    from_ms: i64,
    /// The six letters in its tokens; unknown of a recipient's share whose secret is gone.
    key: Option<[u8; 6]>,
    token: Token,
}

enum Token {
    Written(String),
    /// The secret of the epoch or of the tenant is destroyed.
    Destroyed,
    /// No secret was ever made for the tenant, or none was named.
    NoTenant,
}

/// Looks up.
///
/// # Errors
/// [`Exit::Usage`] for a source, kind or tier that is not the policy's, [`Exit::Data`] for an identifier that is not of
/// its kind, [`Exit::Keys`] for the store, and those of the log of acts, without which nothing is looked up.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let source = plan.sources.iter().find(|source| *source.name == *args.source).ok_or_else(|| {
        let known: Vec<&str> = plan.sources.iter().map(|source| &*source.name).collect();
        unknown("source", &args.source, &known)
    })?;
    let kind = Kind::from_name(&args.kind).ok_or_else(|| unknown("kind", &args.kind, &Kind::ALL.map(Kind::name)))?;
    let tiers = tiers(args, &plan, source)?;
    if args.reason.trim().is_empty() {
        return Err(Failure::say(Exit::Usage, "`--reason` is empty").help("say why the identifier is looked up"));
    }
    let (identifier, tenant) = ask(args, kind)?;
    let dir = shared.key_store(args.keys.as_ref())?;
    let mut acts = shared.acts(args.audit.as_deref(), &dir)?;
    let (by, host) = (super::actor(), host());
    let mut custodian = Custodian::new(acts.as_mut(), &by, &host, &now_ms).map_err(keys::forbidden)?;
    let ring = ring(&dir, &plan, &mut custodian)?;
    let naming = ring.store().and_then(|stored| stored.naming.as_ref());
    let naming = naming.ok_or_else(|| Failure::say(Exit::Keys, "the key under which people are named is destroyed"))?;
    let subject = subject_of(naming, &source.name, kind, identifier.as_bytes());
    let what = What::LookUp {
        source: source.name.to_string(),
        kind: kind.name().to_owned(),
        subject: subject.clone(),
        reason: args.reason.clone(),
        ticket: args.ticket.clone(),
    };
    custodian.act(what).map_err(keys::forbidden)?;
    let tenant = tenant.as_ref().map(|tenant| match ring.tenant_id(&source.name, tenant) {
        Some(id) => ring.tenant(&id),
        None => TenantLookup::Missing,
    });
    let mut found = Vec::new();
    for tier in tiers {
        let keys = &plan.keys[usize::from(tier.0)];
        find(&ring, tier, keys, tenant.as_ref(), (source, kind, &identifier), &mut found);
    }
    tell(shared, &plan, &subject, &found)?;
    Ok(Exit::Done)
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    Failure::say(Exit::Usage, format!("the policy has no {what} `{name}`"))
        .help(format!("there are {}", known.join(", ")))
}

/// The tiers and shares that some route of the source names: those that were asked for, else all.
fn tiers(args: &Args, plan: &Plan, source: &SourcePlan) -> Result<Vec<TierId>, Failure> {
    let routes = source.routes.iter().chain(&source.also);
    let mut tiers: Vec<TierId> = routes.flat_map(|route| route.to.iter().copied()).collect();
    tiers.sort_unstable();
    tiers.dedup();
    let name = |tier: &TierId| &*plan.tiers[usize::from(tier.0)].name;
    for asked in &args.tier {
        if !tiers.iter().any(|tier| name(tier) == asked) {
            return Err(unknown("tier of that source", asked, &tiers.iter().map(name).collect::<Vec<_>>()));
        }
    }
    tiers.retain(|tier| args.tier.is_empty() || args.tier.iter().any(|asked| asked == name(tier)));
    Ok(tiers)
}

/// The identifier in canonical form, and the tenant where it is asked for.
fn ask(args: &Args, kind: Kind) -> Result<(Zeroizing<String>, Option<Zeroizing<String>>), Failure> {
    let typed = line(&format!("{} (not shown): ", kind.name()))?;
    let mut formed = Zeroizing::new(Vec::new());
    let fits = canonical(kind, &typed, &mut formed);
    let identifier = std::str::from_utf8(&formed).ok().filter(|_| fits);
    let identifier = identifier.ok_or_else(|| {
        let message = format!("what was given is no identifier of kind `{}`", kind.name());
        Failure::say(Exit::Data, message)
            .help("one line on standard input: `printf '%s\\n' \"$ID\" | garim lookup ...`")
    })?;
    let identifier = Zeroizing::new(identifier.to_owned());
    if !args.tenant {
        return Ok((identifier, None));
    }
    let typed = line("tenant (not shown): ")?;
    let tenant = canonical_tenant(&typed).ok_or_else(|| Failure::say(Exit::Data, "no tenant was given"))?;
    Ok((identifier, Some(Zeroizing::new(tenant.to_owned()))))
}

/// One line of standard input; on a terminal it is asked for and not shown.
fn line(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = std::io::stdin();
    let _hidden = if stdin.is_terminal() {
        let mut err = std::io::stderr().lock();
        // A prompt that cannot be written is no reason not to read.
        let _ = err.write_all(prompt.as_bytes()).and_then(|()| err.flush());
        Hidden::begin()
    } else {
        None
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let mut input = std::io::Read::take(stdin.lock(), PAYLOAD_BYTES_MAX as u64);
    input
        .read_until(b'\n', &mut bytes)
        .map_err(|error| Failure::say(Exit::Unavailable, format!("cannot read standard input: {error}")))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::say(Exit::Data, "what was given is not UTF-8"))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// A terminal that shows nothing of what is typed, until it is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Option<Self> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &modes).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // There is nobody to tell that the terminal stays silent.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// The secrets of the store but for those that the log of acts knows to be destroyed. A store without the key under
/// which people are named gets one.
fn ring(dir: &Path, plan: &Plan, custodian: &mut Custodian<'_>) -> Result<KeyRing, Failure> {
    let open = |custodian: &Custodian<'_>| -> Result<KeyRing, Failure> {
        let mut store = keys::open(dir)?;
        store.forget(&custodian.custody.destroyed());
        Ok(store.ring(&plan.tiers))
    };
    let ring = open(custodian)?;
    if ring.store().is_some_and(|stored| stored.naming.is_some()) {
        return Ok(ring);
    }
    let mut announce = |store: &str, made: &[KeyId]| {
        let what = What::KeysMade { store: store.to_owned(), keys: keys::key_names(made) };
        custodian.act(what).map_err(keys::forbidden)
    };
    Store::add_tenants(dir, "", &[], &mut announce, &mut steady).map_err(keys::halted)?;
    open(custodian)
}

/// What every generation of a tier's keys makes of the identifier.
fn find(
    ring: &KeyRing,
    tier: TierId,
    keys: &KeyPlan,
    tenant: Option<&TenantLookup>,
    (source, kind, identifier): (&SourcePlan, Kind, &str),
    found: &mut Vec<Found>,
) {
    let Some(epochs) = ring.store().and_then(|stored| stored.tiers.get(usize::from(keys.of.0))) else { return };
    let serves = |epoch: &Epoch| matches!(epoch, Epoch::Year(_)) == (keys.period == Period::Year);
    for (epoch, generations) in epochs.iter().filter(|(epoch, _)| serves(epoch)) {
        for generation in generations {
            let recipient = keys.recipient.as_deref();
            let token = |secret: &Key, tenant: Option<&Key>| {
                let keys = TokenKeys { algorithm: keys.algorithm, id: generation.id, secret, tenant, recipient };
                Token::Written(token_of(keys, &source.name, kind, identifier))
            };
            let token = match (&generation.secret, keys.tenants, tenant) {
                (None, _, _) | (Some(_), true, Some(TenantLookup::Destroyed)) => Token::Destroyed,
                (Some(_), true, None | Some(TenantLookup::Missing)) => Token::NoTenant,
                (Some(secret), true, Some(TenantLookup::Live(tenant))) => token(secret, Some(tenant)),
                (Some(secret), false, _) => token(secret, None),
            };
            let key = match (recipient, &generation.secret) {
                (None, _) => Some(generation.id),
                (Some(recipient), Some(secret)) => Some(share_id(keys.algorithm, secret, recipient)),
                (Some(_), None) => None,
            };
            found.push(Found { tier, epoch: *epoch, from_ms: generation.from_ms, key, token });
        }
    }
}

fn tell(shared: &Shared, plan: &Plan, subject: &str, found: &[Found]) -> Result<(), Failure> {
    let mut out = shared.report();
    let rows = found.iter().map(|found| {
        let tier = &*plan.tiers[usize::from(found.tier.0)].name;
        let epoch = match found.epoch {
            Epoch::Day(day) => date(day).to_string(),
            Epoch::Year(year) => format!("{year:04}"),
        };
        let from = jiff::Timestamp::from_millisecond(found.from_ms).ok().map(|from| from.to_string());
        (tier, epoch, found.key.map(letters), from, &found.token)
    });
    match shared.format {
        Format::Json => {
            let rows = rows.map(|(tier, epoch, key, from, token)| {
                let (state, token) = match token {
                    Token::Written(token) => ("live", Some(token)),
                    Token::Destroyed => ("destroyed", None),
                    Token::NoTenant => ("no-tenant", None),
                };
                serde_json::json!({
                    "tier": tier, "epoch": epoch, "key": key, "from": from, "state": state, "token": token,
                })
            });
            let rows: Vec<serde_json::Value> = rows.collect();
            writeln!(out, "{}", serde_json::json!({"schema_version": 1, "subject": subject, "tokens": rows}))?;
        }
        Format::Text => {
            let width = rows.clone().map(|(tier, ..)| tier.len()).max().unwrap_or(0).max("tier".len());
            writeln!(out, "{:width$}  epoch       key     token", "tier")?;
            for (tier, epoch, key, _, token) in rows {
                let token = match token {
                    Token::Written(token) => token,
                    Token::Destroyed => "destroyed",
                    Token::NoTenant => "no key of that tenant (`--tenant` reads one)",
                };
                writeln!(out, "{tier:width$}  {epoch:10}  {:6}  {token}", key.as_deref().unwrap_or("-"))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
