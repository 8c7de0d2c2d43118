//! `garim keys list`: what a store has, without a key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::{Exit, Failure, Format, Shared};
use super::open;
use crate::policy::key::{KeyPlace, Listed, Store};
use crate::pseudonym::epoch::Epoch;

/// Arguments of `keys list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
}

/// The keys of one tier.
#[derive(Default)]
struct TierKeys {
    keys: Vec<Listed>,
    days: BTreeSet<i32>,
    years: BTreeSet<i16>,
}

/// How many keys of tenants there are.
#[derive(Default)]
struct Tenants {
    live: usize,
    destroyed: usize,
}

/// Tells tiers, spans, states; with `-v` every key.
///
/// # Errors
/// [`Exit::Keys`] for a faulty store, [`Exit::Config`] for one of a newer version.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let store = open(&shared.key_store(args.keys.as_ref())?)?;
    let (tiers, tenants) = sorted(&store);
    let mut out = shared.report();
    match shared.format {
        Format::Json => {
            let tiers: Vec<_> = tiers.iter().map(|(name, tier)| tier_json(name, tier)).collect();
            let told = serde_json::json!({
                "schema_version": 1, "store": store.id(), "mirror": store.mirror_id(), "tiers": tiers,
                "tenants": {"live": tenants.live, "destroyed": tenants.destroyed},
            });
            writeln!(out, "{told}")?;
        }
        Format::Text => {
            let width = tiers.keys().map(String::len).max().unwrap_or(0).max(4);
            let head = "first day   last day    keys  destroyed  rotated  years  missing days";
            writeln!(out, "{:width$}  {head}", "tier")?;
            for (name, tier) in &tiers {
                writeln!(out, "{}", tier_text(name, tier, width))?;
                for listed in tier.keys.iter().filter(|_| shared.verbose > 0) {
                    writeln!(out, "  {}", key_text(listed))?;
                }
            }
            if tenants.live + tenants.destroyed > 0 {
                writeln!(out, "tenants: {} keys, {} destroyed", tenants.live, tenants.destroyed)?;
            }
            let what = if store.mirror_id().is_some() { "a mirror of store" } else { "store" };
            writeln!(out, "{what} {}", store.id())?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn sorted(store: &Store) -> (BTreeMap<String, TierKeys>, Tenants) {
    let mut tiers: BTreeMap<String, TierKeys> = BTreeMap::new();
    let mut tenants = Tenants::default();
    for listed in store.keys() {
        match &listed.key.place {
            KeyPlace::Epoch { tier, epoch, .. } => {
                let of_tier = tiers.entry(tier.to_string()).or_default();
                match epoch {
                    Epoch::Day(day) => _ = of_tier.days.insert(*day),
                    Epoch::Year(year) => _ = of_tier.years.insert(*year),
                }
                of_tier.keys.push(listed);
            }
            KeyPlace::Tenant { .. } if listed.destroyed => tenants.destroyed += 1,
            KeyPlace::Tenant { .. } => tenants.live += 1,
            KeyPlace::Naming => {}
        }
    }
    (tiers, tenants)
}

fn generation(listed: &Listed) -> u32 {
    match listed.key.place {
        KeyPlace::Epoch { generation, .. } => generation,
        KeyPlace::Tenant { .. } | KeyPlace::Naming => 1,
    }
}

/// Spans of days between the first and the last that never had a key.
fn missing(days: &BTreeSet<i32>) -> Vec<(i32, i32)> {
    let gap = |(a, b): (&i32, &i32)| (a + 1 < *b).then_some((a + 1, b - 1));
    days.iter().zip(days.iter().skip(1)).filter_map(gap).collect()
}

fn tier_text(name: &str, tier: &TierKeys, width: usize) -> String {
    let (Some(&first), Some(&last)) = (tier.days.first(), tier.days.last()) else {
        return format!("{name:width$}  no days, {} years", tier.years.len());
    };
    let destroyed = tier.keys.iter().filter(|listed| listed.destroyed).count();
    let live = tier.keys.len() - destroyed;
    let rotated = tier.keys.iter().filter(|listed| generation(listed) > 1).count();
    let years = match (tier.years.first(), tier.years.last()) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        (None, _) | (_, None) => String::from("-"),
    };
    let span = |(first, last): (i32, i32)| match first == last {
        true => day_text(first),
        false => format!("{}..{}", day_text(first), day_text(last)),
    };
    let missing: Vec<_> = missing(&tier.days).into_iter().map(span).collect();
    let missing = if missing.is_empty() { String::from("-") } else { missing.join(", ") };
    let (first, last) = (day_text(first), day_text(last));
    format!("{name:width$}  {first}  {last}  {live:4}  {destroyed:9}  {rotated:7}  {years:5}  {missing}")
}

fn day_text(day: i32) -> String {
    crate::policy::key::date(day).to_string()
}

fn key_text(listed: &Listed) -> String {
    let state = if listed.destroyed { "destroyed" } else { &listed.fingerprint };
    let text = format!("{:10}  {}  {state}", listed.key.place.epoch(), listed.key.letters());
    match from(listed) {
        Some(from) => format!("{text}  from {from}"),
        None => text,
    }
}

/// The first event time of a generation after the first.
fn from(listed: &Listed) -> Option<String> {
    let from = jiff::Timestamp::from_millisecond(listed.from_ms?).ok()?;
    Some(from.to_string())
}

fn tier_json(name: &str, tier: &TierKeys) -> serde_json::Value {
    let keys: Vec<_> = tier
        .keys
        .iter()
        .map(|listed| {
            let KeyPlace::Epoch { epoch, .. } = &listed.key.place else { return serde_json::Value::Null };
            let period = match epoch {
                Epoch::Day(_) => "day",
                Epoch::Year(_) => "year",
            };
            serde_json::json!({
                period: listed.key.place.epoch(),
                "id": listed.key.letters(),
                "generation": generation(listed),
                "from": from(listed),
                "fingerprint": (!listed.destroyed).then_some(&listed.fingerprint),
                "destroyed": listed.destroyed,
            })
        })
        .collect();
    let missing: Vec<_> =
        missing(&tier.days).into_iter().flat_map(|(first, last)| first..=last).map(day_text).collect();
    serde_json::json!({
        "tier": name,
        "first": tier.days.first().map(|&day| day_text(day)),
        "last": tier.days.last().map(|&day| day_text(day)),
        "missing": missing,
        "keys": keys,
    })
}
