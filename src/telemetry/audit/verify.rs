//! Checks logs in a folder, without trust in who wrote them: every fault is told, with the place where it is.

mod acts;
mod tiles;
mod windows;

use std::path::Path;

use super::AuditFault;
use super::checkpoint::{Checkpoint, Verifier};
use super::disk::{Disk, Host};
use super::file::{ACTS, WINDOWS};
use super::merkle::{self, Hash};
use super::read::Tiles;
use super::tree::CHECKPOINT;

/// A root of the tree of windows that an act names may be ahead of this host's tree by so long, in milliseconds: the two
/// topics are followed side by side.
const LAG_MS: i64 = 120_000;

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// The logs, in the order in which they were read.
    pub logs: Vec<Verified>,
    /// Everything that is wrong. None: the logs are whole, as far as `unchecked` allows.
    pub faults: Vec<AuditFault>,
    /// What was not checked, and why.
    pub unchecked: Vec<String>,
}

/// One log of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// `acts` or `windows`.
    pub log: &'static str,
    /// Its name in the checkpoint.
    pub origin: String,
    /// Entries under the checkpoint.
    pub size: u64,
    /// The checkpoint's root.
    pub root: Hash,
    /// The given keys that signed it.
    pub signed_by: Vec<String>,
    /// Time of the first entry that could be read and of the last, in milliseconds since 1970.
    pub times_ms: Option<(i64, i64)>,
    /// Entries whose bundles were dropped.
    pub unread: u64,
}

/// A checkpoint that was kept outside, and the name of its file.
#[derive(Debug, Clone)]
pub struct Kept {
    /// For messages.
    pub place: String,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// Checks the logs in `dir`: `acts`, and `windows` where there is one. With `keys` each checkpoint must be signed by one
/// of them; each of `since` must be of a beginning of one of the logs.
pub fn verify(dir: &Path, keys: &[Verifier], since: &[Kept]) -> Report {
    let mut report = Report::default();
    let mut acts = acts::Judge::default();
    log(dir, ACTS, keys, since, &mut report, &mut |index, bytes, report| acts.entry(index, bytes, &mut report.faults));
    if acts.names_windows() || dir.join(WINDOWS).symlink_metadata().is_ok() {
        let mut windows = windows::Judge::default();
        let found = log(dir, WINDOWS, keys, since, &mut report, &mut |index, bytes, report| {
            windows.entry(index, bytes, &mut report.faults);
        });
        if let Some((host, size)) = found {
            acts.roots(&host, size, &mut report);
        }
    } else {
        report.unchecked.push(String::from("there is no log of windows here: no counters and no offsets were checked"));
    }
    if keys.is_empty() {
        report.unchecked.push(String::from("no public key was given: signatures were not checked"));
    }
    if since.is_empty() {
        let what = "no checkpoint from outside was given: a log that was cut or rewritten as a whole does not show";
        report.unchecked.push(String::from(what));
    }
    for kept in since {
        if !report.logs.iter().any(|log| log.origin == kept.checkpoint.origin) {
            let what = format!("of the log `{}`, which is not here", kept.checkpoint.origin);
            report.faults.push(AuditFault::broken(&kept.place, what));
        }
    }
    report
}

/// What is done with an entry: its index and bytes, and where faults go.
type Each<'a> = &'a mut dyn FnMut(u64, &[u8], &mut Report);

/// One log; its folder and size, where its checkpoint can be read.
fn log(
    dir: &Path,
    log: &'static str,
    keys: &[Verifier],
    since: &[Kept],
    report: &mut Report,
    each: Each<'_>,
) -> Option<(Host, u64)> {
    let dir = dir.join(log);
    let host = Host::view(&dir).map_err(|fault| report.faults.push(fault)).ok()?;
    let checkpoint = checkpoint(&host).map_err(|fault| report.faults.push(fault)).ok()?;
    let place = dir.join(CHECKPOINT).display().to_string();
    if !checkpoint.origin.ends_with(&format!("/{log}")) {
        let what = format!("of the log `{}`, and this is the folder of one of {log}", checkpoint.origin);
        report.faults.push(AuditFault::broken(&place, what));
    }
    let signed = |checkpoint: &Checkpoint, place: &str, report: &mut Report| {
        let signed = if keys.is_empty() { Ok(Vec::new()) } else { checkpoint.signed_by(keys) };
        signed.unwrap_or_else(|what| {
            report.faults.push(AuditFault::broken(place, what));
            Vec::new()
        })
    };
    let signed_by = signed(&checkpoint, &place, report);
    let size = checkpoint.size;
    let mut times_ms = None;
    let seen = tiles::check(&host, log, &checkpoint, report, &mut |index, bytes, report| {
        if let Some(at_ms) = super::entry::time_ms(bytes) {
            times_ms = Some((times_ms.map_or(at_ms, |(first, _)| first), at_ms));
        }
        each(index, bytes, report);
    });
    for kept in since.iter().filter(|kept| kept.checkpoint.origin == checkpoint.origin) {
        signed(&kept.checkpoint, &kept.place, report);
        grown(&host, log, &kept.checkpoint, &checkpoint, &kept.place, report);
    }
    let Checkpoint { origin, root, .. } = checkpoint;
    report.logs.push(Verified { log, origin, size, root, signed_by, times_ms, unread: seen.unread });
    if seen.unread > 0 {
        let what = format!("{log}: the first {} entries could not be read, their bundles were dropped", seen.unread);
        report.unchecked.push(what);
    }
    if seen.after > 0 {
        report.unchecked.push(format!("{log}: {} entries came after the checkpoint", seen.after));
    }
    Some((host, size))
}

/// The newest checkpoint of a log.
///
/// # Errors
/// When there is none, or its file holds something else.
pub fn checkpoint(disk: &dyn Disk) -> Result<Checkpoint, AuditFault> {
    let path = disk.place().join(CHECKPOINT);
    let bytes = disk.read(CHECKPOINT).map_err(|error| AuditFault::io(&path, "read", &error))?;
    let bytes = bytes.ok_or_else(|| AuditFault::broken(path.display(), "missing"))?;
    let found = Checkpoint::read_all(&String::from_utf8_lossy(&bytes), &path.display().to_string())?;
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(checkpoint), None) => Ok(checkpoint),
        _ => Err(AuditFault::broken(path.display(), "more than one checkpoint")),
    }
}

/// Whether the log has grown from an older checkpoint.
fn grown(disk: &Host, log: &str, old: &Checkpoint, new: &Checkpoint, place: &str, report: &mut Report) {
    if old.size > new.size {
        let what = format!("{log} had {} entries then and has {} now: the log was cut", old.size, new.size);
        report.faults.push(AuditFault::broken(place, what));
        return;
    }
    match merkle::consistency(old.size, new.size, &mut Tiles::new(disk, new.size)) {
        Ok(proof) if merkle::consists(old.size, &old.root, new.size, &new.root, &proof) => {}
        Ok(_) => {
            let what =
                format!("{log}: the first {} entries are not those of that time: the log was rewritten", old.size);
            report.faults.push(AuditFault::broken(place, what));
        }
        // A tile that cannot be read has been told.
        Err(_) => {
            let what = format!("{log}: tiles are missing that show whether it has grown from here");
            report.faults.push(AuditFault::broken(place, what));
        }
    }
}
