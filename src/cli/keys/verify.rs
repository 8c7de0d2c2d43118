//! `garim keys verify`: holds every file of a store against its index, its marks and the log of acts.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::{Exit, Failure, Format, Shared};
use super::refused;
use crate::limits::CLOCK_BEHIND_MS;
use crate::policy::key::{KeyPlace, Listed, Store, StoreError, StoreFault, parse_letters};
use crate::telemetry::audit::entry::What;
use crate::telemetry::audit::{Acts, AuditFault};

/// Arguments of `keys verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// Folder of the log of acts, where no topic keeps it [default: `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// What the log of acts says of a store.
#[derive(Default)]
struct Told {
    /// Keys whose destruction was begun.
    destroyed: HashSet<[u8; 6]>,
    /// When the newest act was, in milliseconds since 1970.
    newest_ms: Option<i64>,
    acts: u64,
}

/// Tells the numbers of keys, or all faults at once.
///
/// # Errors
/// [`Exit::Keys`] for a store that is not in order, and those of the log of acts.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = shared.key_store(args.keys.as_ref())?;
    let store = Store::open(&dir).map_err(refused)?;
    let mut acts = shared.acts(args.audit.as_deref(), &dir)?;
    let told = read(acts.as_mut(), store.id()).map_err(super::super::audit::refused)?;
    let mut faults = store.unsettled();
    faults.extend(undestroyed(&store, &told, &dir));
    faults.extend(clock(&told, &acts.place(), jiff::Timestamp::now().as_millisecond()));
    if !faults.is_empty() {
        return Err(refused(StoreError { faults }));
    }

    let keys = store.keys();
    let count = |which: fn(&Listed) -> bool| keys.iter().filter(|listed| which(listed)).count();
    let live = count(|listed| !listed.destroyed);
    let tenants = count(|listed| !listed.destroyed && matches!(listed.key.place, KeyPlace::Tenant { .. }));
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(
            out,
            "{}",
            serde_json::json!({
                "schema_version": 1, "store": store.id(), "mirror": store.mirror_id(), "live": live,
                "destroyed": keys.len() - live, "tenants": tenants, "acts": told.acts,
            })
        )?,
        Format::Text => writeln!(
            out,
            "in order: {live} keys, {} destroyed, {tenants} of them of tenants, {} acts in {}",
            keys.len() - live,
            told.acts,
            acts.place()
        )?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn read(acts: &mut dyn Acts, store: &str) -> Result<Told, AuditFault> {
    let mut told = Told::default();
    acts.read(0, &mut |_, act| {
        told.acts += 1;
        told.newest_ms = told.newest_ms.max(Some(act.at_ms));
        match &act.what {
            What::DestroyBegun { store: of, keys, .. } if of == store => {
                told.destroyed.extend(keys.iter().filter_map(|key| parse_letters(&key.id)));
            }
            What::Destroyed { store: of, ids, .. } if of == store => {
                told.destroyed.extend(ids.iter().filter_map(|id| parse_letters(id)));
            }
            _ => {}
        }
    })?;
    Ok(told)
}

/// Keys that live on although the log says that they are destroyed.
fn undestroyed(store: &Store, told: &Told, dir: &Path) -> Vec<StoreFault> {
    let own: HashSet<_> = store.present_destroyed(&HashSet::new()).into_iter().collect();
    let present = store.present_destroyed(&told.destroyed).into_iter().filter(|key| !own.contains(key));
    let fault = |key: crate::policy::key::KeyId| StoreFault {
        path: dir.join(format!("{}.key", key.place)),
        message: format!("the log of acts says that the key {} is destroyed, and it is there", key.letters()),
        help: String::from(
            "`garim keys destroy` completes what was begun; if the store was put back from a copy, find out why",
        ),
        newer: false,
    };
    present.map(fault).collect()
}

fn clock(told: &Told, place: &str, now_ms: i64) -> Option<StoreFault> {
    let behind_ms = told.newest_ms?.saturating_sub(now_ms);
    (behind_ms > CLOCK_BEHIND_MS).then(|| StoreFault {
        path: PathBuf::from(place),
        message: format!("its newest act is {} minutes ahead of this host's clock", behind_ms / 60_000),
        help: String::from("set the clock; until then keys would be destroyed too late"),
        newer: false,
    })
}
