//! `garim keys mirror`: a second copy of a key store that destructions reach, and the store again from its copy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{Exit, Failure, Format, Shared, actor};
use super::{forbidden, resume};
use crate::limits::KEEPER_LOOK_MS;
use crate::policy::key::{Store, steady};
use crate::service::custody::{Custodian, CustodyFault, Mirrored, Seen};
use crate::service::now_ms;
use crate::service::settings::host;
use crate::service::shutdown::Signals;

/// Arguments of `keys mirror`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the mirror, or with --gone its id
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Folder of the key store; a mirror, to make an empty folder the store again
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// Go on until stopped: bring the mirror in line whenever the store or the log of acts changes
    #[arg(long)]
    follow: bool,
    /// Take the mirror off the list, because its folder is destroyed: destructions wait for it no more
    #[arg(long, conflicts_with = "follow")]
    gone: bool,
    /// Write acts to a log in this folder [default: the topic of the settings, else `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// Makes or updates a mirror, or gives one up.
///
/// # Errors
/// [`Exit::Keys`] for a faulty store or mirror, [`Exit::Unavailable`] when acts cannot be written.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let from = shared.key_store(args.keys.as_ref())?;
    let (by, host) = (actor(), host());
    let mut acts = shared.acts(args.audit.as_deref(), &from)?;
    let mut custodian = Custodian::new(&mut *acts, &by, &host, &now_ms).map_err(forbidden)?;
    if args.gone {
        return gone(&args.dir, &mut custodian, shared);
    }
    resume(&mut custodian, &from, shared)?;
    let signals = match args.follow {
        true => Some(Signals::catch().map_err(|error| Failure::new(Exit::Internal, error))?),
        false => None,
    };
    let seen = Seen::at(&from);
    let mirrored = custodian.mirror(&from, &args.dir, &mut steady).map_err(forbidden)?;
    report(&args.dir, &mirrored, shared)?;
    match signals {
        Some(signals) => follow(&from, &args.dir, seen, &signals, &mut custodian, shared),
        None => Ok(Exit::Done),
    }
}

/// Follows the store and the log. A store that is damaged for a while is waited for; the log must be there.
fn follow(
    from: &Path,
    to: &Path,
    mut seen: Option<Seen>,
    signals: &Signals,
    custodian: &mut Custodian<'_>,
    shared: &Shared,
) -> Result<Exit, Failure> {
    let id = Store::open(to).map_err(super::refused)?.mirror_id().map(str::to_owned);
    let mut told = None;
    while !signals.stop() {
        std::thread::park_timeout(Duration::from_millis(KEEPER_LOOK_MS));
        custodian.look().map_err(forbidden)?;
        let now = Seen::at(from);
        let owed = id.as_ref().is_some_and(|id| !custodian.custody.owed_by_mirror(id).is_empty());
        if now == seen && !owed {
            continue;
        }
        match custodian.mirror(from, to, &mut steady) {
            Ok(mirrored) => {
                (seen, told) = (now, None);
                report(to, &mirrored, shared)?;
            }
            Err(fault @ (CustodyFault::Store(_) | CustodyFault::Copied { .. })) => {
                let text = fault.to_string();
                if told.as_ref() != Some(&text) {
                    shared.warn(&text);
                    told = Some(text);
                }
                // What is destroyed goes from the mirror, whatever the store looks like.
                if owed
                    && let Err(fault @ CustodyFault::Acts(_)) = custodian.mirror_in_line(to, id.as_deref(), &mut steady)
                {
                    return Err(forbidden(fault));
                }
            }
            Err(fault) => return Err(forbidden(fault)),
        }
    }
    Ok(Exit::Done)
}

fn gone(named: &Path, custodian: &mut Custodian<'_>, shared: &Shared) -> Result<Exit, Failure> {
    let id = match Store::open(named).ok().and_then(|store| store.mirror_id().map(str::to_owned)) {
        Some(id) => id,
        None => named.display().to_string(),
    };
    custodian.mirror_gone(&id).map_err(forbidden)?;
    shared.warn(format_args!(
        "destructions wait for mirror {id} no more: its folder must be destroyed, with all its copies"
    ));
    Ok(Exit::Done)
}

fn report(to: &Path, mirrored: &Mirrored, shared: &Shared) -> Result<(), Failure> {
    let Mirrored { mirror, synced } = mirrored;
    let mut out = shared.report();
    match shared.format {
        Format::Json => {
            let told = serde_json::json!({
                "schema_version": 1, "dir": to.display().to_string(), "mirror": mirror,
                "copied": synced.copied, "removed": synced.removed,
            });
            writeln!(out, "{told}")?;
        }
        Format::Text => {
            let what = match mirror {
                Some(id) => format!("mirror {id}"),
                None => String::from("the store again"),
            };
            writeln!(out, "{}: {what}, {} keys copied, {} removed", to.display(), synced.copied, synced.removed)?;
        }
    }
    out.flush()?;
    Ok(())
}
