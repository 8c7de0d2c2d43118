//! `garim keys new`: makes keys ahead of the events.

use std::path::PathBuf;

use jiff::civil::Date;

use super::super::{Exit, Failure, Format, Shared};
use super::{Trace, halted, key_names};
use crate::policy::key::{KeyId, Store, steady};
use crate::telemetry::audit::entry::What;

/// Arguments of `keys new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// First day of event time [default: 30 days ago]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last day of event time [default: 400 days ahead]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Folder of the log of acts, where no topic keeps it [default: `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// Days before today for which keys are made: what may still lie in the input topics.
const DAYS_BACK: i32 = 30;

/// Days ahead: a year and a month, so that a yearly run is never late.
const DAYS_AHEAD: i32 = 400;

/// Makes the keys that are missing.
///
/// # Errors
/// As [`super::run`].
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = shared.key_store(args.keys.as_ref())?;
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let today = plan.zone.to_datetime(jiff::Timestamp::now()).date();
    let days = |count: i32| jiff::Span::new().days(count);
    let from = args.from.unwrap_or_else(|| today.saturating_add(days(-DAYS_BACK)));
    let until = args.until.unwrap_or_else(|| today.saturating_add(days(DAYS_AHEAD)));
    let mut trace = Trace::new(shared, args.audit.as_deref(), &dir);
    trace.resume()?;
    let mut announce = |store: &str, keys: &[KeyId]| {
        trace.tell(What::KeysMade { store: store.to_owned(), keys: key_names(keys) }).map(drop)
    };
    let made = Store::make(&dir, &plan, (from, until), &mut announce, &mut steady).map_err(halted)?;

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
