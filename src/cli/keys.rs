//! `garim keys`: makes and lists the keys of pseudonyms. No verb of it prints a key.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::civil::Date;

use super::{Exit, Failure, Format, Shared};
use crate::policy::key::{Store, StoreError, TierKeys};

/// Arguments of `keys`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the missing keys of a span of days, one per tier of the policy and day
    New(New),
    /// List what the store has: tiers, spans, missing days
    List(List),
}

#[derive(Debug, clap::Args)]
struct New {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// First day of event time [default: 30 days ago]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last day of event time [default: 400 days ahead]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
}

/// Days before today for which keys are made: what may still lie in the input topics.
const DAYS_BACK: i32 = 30;

/// Days ahead: a year and a month, so that a yearly run is never late.
const DAYS_AHEAD: i32 = 400;

/// Makes or lists keys.
///
/// # Errors
/// [`Exit::Keys`] for a faulty store, [`Exit::Config`] for a faulty policy or a store of a newer version.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::New(args) => new(args, shared),
        Verb::List(args) => list(args, shared),
    }
}

/// Opens the store for a verb.
///
/// # Errors
/// [`Exit::Keys`], or [`Exit::Config`] for a newer version; every fault of the store is told.
pub fn open(dir: &Path) -> Result<Store, Failure> {
    Store::open(dir).map_err(refused)
}

/// A faulty store as a failure.
pub fn refused(error: StoreError) -> Failure {
    let exit = if error.is_newer() { Exit::Config } else { Exit::Keys };
    Failure::new(exit, anyhow::anyhow!("the key store is refused\n{error}"))
}

fn new(args: &New, shared: &Shared) -> Result<Exit, Failure> {
    let dir = shared.key_store(args.keys.as_ref())?;
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let today = plan.zone.to_datetime(jiff::Timestamp::now()).date();
    let days = |count: i32| jiff::Span::new().days(count);
    let from = args.from.unwrap_or_else(|| today.saturating_add(days(-DAYS_BACK)));
    let until = args.until.unwrap_or_else(|| today.saturating_add(days(DAYS_AHEAD)));
    let made = Store::make(&dir, &plan.tiers, from, until).map_err(refused)?;

    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(
            out,
            "{}",
            serde_json::json!({
                "schema_version": 1, "keys": dir.display().to_string(), "made": made.made, "kept": made.kept,
                "tiers": made.tiers, "from": from.to_string(), "until": until.to_string(),
            })
        )?,
        Format::Text => writeln!(
            out,
            "{} keys made, {} were there: {} tiers, {from} to {until}, in {}",
            made.made,
            made.kept,
            made.tiers,
            dir.display()
        )?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn list(args: &List, shared: &Shared) -> Result<Exit, Failure> {
    let tiers = open(&shared.key_store(args.keys.as_ref())?)?.list();
    let mut out = shared.report();
    match shared.format {
        Format::Json => {
            let tiers: Vec<_> = tiers.iter().map(tier_json).collect();
            writeln!(out, "{}", serde_json::json!({"schema_version": 1, "tiers": tiers}))?;
        }
        Format::Text => {
            let width = tiers.iter().map(|tier| tier.tier.len()).max().unwrap_or(0).max(4);
            writeln!(out, "{:width$}  first day   last day    keys  destroyed  missing days", "tier")?;
            for tier in &tiers {
                writeln!(out, "{}", tier_text(tier, width))?;
                if shared.verbose > 0 {
                    for (date, id, fingerprint) in &tier.days {
                        writeln!(out, "  {date}  {id}  {}", fingerprint.as_deref().unwrap_or("destroyed"))?;
                    }
                }
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn tier_text(tier: &TierKeys, width: usize) -> String {
    let name = &tier.tier;
    let (Some(first), Some(last)) = (tier.days.first(), tier.days.last()) else {
        return format!("{name:width$}  no keys");
    };
    let destroyed = tier.days.iter().filter(|(_, _, fingerprint)| fingerprint.is_none()).count();
    let live = tier.days.len() - destroyed;
    format!("{name:width$}  {}  {}  {live:4}  {destroyed:9}  {}", first.0, last.0, spans(&tier.missing))
}

/// Days as spans: `2026-11-01..2026-11-03, 2026-11-09`; `-` for none.
fn spans(days: &[Date]) -> String {
    let mut spans: Vec<(Date, Date)> = Vec::new();
    for &day in days {
        match spans.last_mut() {
            Some((_, last)) if last.tomorrow().is_ok_and(|next| next == day) => *last = day,
            _ => spans.push((day, day)),
        }
    }
    let texts: Vec<String> = spans
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}..{last}") })
        .collect();
    if texts.is_empty() { String::from("-") } else { texts.join(", ") }
}

fn tier_json(tier: &TierKeys) -> serde_json::Value {
    let keys: Vec<_> = tier
        .days
        .iter()
        .map(|(date, id, fingerprint)| {
            serde_json::json!({
                "day": date.to_string(), "id": id, "fingerprint": fingerprint, "destroyed": fingerprint.is_none(),
            })
        })
        .collect();
    serde_json::json!({
        "tier": tier.tier,
        "first": tier.days.first().map(|(date, ..)| date.to_string()),
        "last": tier.days.last().map(|(date, ..)| date.to_string()),
        "missing": tier.missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "keys": keys,
    })
}
