//! `garim keys rotate`: begins a new generation of keys at an event time.

use std::path::PathBuf;

use jiff::Timestamp;

use super::super::{Exit, Failure, Format, Shared};
use super::{Trace, halted, key_names};
use crate::policy::key::{KeyId, Rotation, Store, steady};
use crate::telemetry::audit::entry::What;

/// Arguments of `keys rotate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// First event time of the new keys, as in `2026-12-01T00:00:00+09:00`
    #[arg(long, value_name = "TIME")]
    effective_at: Timestamp,
    /// Tier whose keys are rotated; several may be given [default: all of the policy]
    #[arg(long = "tier", value_name = "NAME")]
    tiers: Vec<String>,
    /// Why; it stands in the log of acts
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Also for a time that is past: values that are written already get a second token when they are read again
    #[arg(long)]
    emergency: bool,
    /// Folder of the log of acts, where no topic keeps it [default: `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// Rotates, as one step for everybody who reads the store.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = shared.key_store(args.keys.as_ref())?;
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let from_ms = args.effective_at.as_millisecond();
    let now_ms = Timestamp::now().as_millisecond();
    let rotation = Rotation { tiers: &args.tiers, from_ms, now_ms, emergency: args.emergency };
    let mut trace = Trace::new(shared, args.audit.as_deref(), &dir);
    trace.resume()?;
    let mut announce = |store: &str, keys: &[KeyId]| {
        let (store, reason) = (store.to_owned(), args.reason.clone());
        trace.tell(What::KeysRotated { store, keys: key_names(keys), from_ms, reason }).map(drop)
    };
    let made = Store::rotate(&dir, &plan, &rotation, &mut announce, &mut steady).map_err(halted)?;

    let mut out = shared.report();
    let from = args.effective_at;
    match shared.format {
        Format::Json => {
            let ids: Vec<_> = made.iter().map(KeyId::letters).collect();
            let told = serde_json::json!({
                "schema_version": 1, "keys": dir.display().to_string(), "effective_at": from.to_string(), "made": ids,
            });
            writeln!(out, "{told}")?;
        }
        Format::Text if made.is_empty() => writeln!(out, "these keys were rotated at that time already")?,
        Format::Text => writeln!(out, "{} keys made, for events from {from} on, in {}", made.len(), dir.display())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}
