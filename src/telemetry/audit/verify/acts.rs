//! What acts must agree with: an end has its beginning, and the roots they name are the windows'.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::super::super::hex;
use super::super::disk::Host;
use super::super::entry::{Act, What};
use super::super::merkle;
use super::super::read::Tiles;
use super::super::{AuditFault, file};
use super::{LAG_MS, Report};

/// What the acts so far said.
#[derive(Debug, Default)]
pub(super) struct Judge {
    begun: HashSet<String>,
    openings: HashSet<String>,
    /// Index and time of the act, entries and root that it names.
    roots: Vec<(u64, i64, u64, String)>,
    newest_ms: i64,
}

impl Judge {
    pub(super) fn entry(&mut self, index: u64, bytes: &[u8], faults: &mut Vec<AuditFault>) {
        let place = format!("{}, entry {index}", file::ACTS);
        let act = match Act::from_bytes(bytes, &place) {
            Ok(act) => act,
            Err(fault) => return faults.push(fault),
        };
        self.newest_ms = self.newest_ms.max(act.at_ms);
        match act.what {
            What::DestroyBegun { keys, .. } => self.begun.extend(keys.into_iter().map(|key| key.id)),
            What::Destroyed { ids, .. } => {
                for id in ids.iter().filter(|id| !self.begun.contains(*id)) {
                    let what = format!("key {id} is destroyed, and no entry before says that this began");
                    faults.push(AuditFault::broken(&place, what));
                }
            }
            What::Opening { request, .. } => {
                self.openings.insert(hex(&Sha256::digest(request)));
            }
            What::Opened { request, .. } if !self.openings.contains(&request) => {
                let what = "something was opened, and no entry before has its request";
                faults.push(AuditFault::broken(&place, what));
            }
            What::WindowsRoot { size, root } => self.roots.push((index, act.at_ms, size, root)),
            What::Opened { .. }
            | What::Started { .. }
            | What::Alive { .. }
            | What::Stopped {}
            | What::PolicyTaken { .. }
            | What::KeysMade { .. }
            | What::KeysRotated { .. }
            | What::KeysDropped { .. }
            | What::MirrorMade { .. }
            | What::MirrorGone { .. }
            | What::LookUp { .. }
            | What::RecordsExpired { .. } => {}
        }
    }

    /// Whether some act names a root of the windows.
    pub(super) fn names_windows(&self) -> bool {
        !self.roots.is_empty()
    }

    /// Compares the roots that acts name with the tree of windows, which has `size` entries.
    pub(super) fn roots(&self, windows: &Host, size: u64, report: &mut Report) {
        let mut tiles = Tiles::new(windows, size);
        let mut ahead = 0;
        for (index, at_ms, entries, root) in &self.roots {
            let place = format!("{}, entry {index}", file::ACTS);
            if *entries > size && self.newest_ms.saturating_sub(*at_ms) <= LAG_MS {
                ahead += 1;
            } else if *entries > size {
                let what = format!("there were {entries} windows then, and there are {size} now: windows were cut");
                report.faults.push(AuditFault::broken(place, what));
            } else {
                match merkle::root(*entries, &mut tiles) {
                    Ok(found) if hex(&found) == *root => {}
                    Ok(_) => {
                        let what = format!("the first {entries} windows are not those of that time");
                        report.faults.push(AuditFault::broken(place, what));
                    }
                    Err(fault) if report.faults.contains(&fault) => {}
                    Err(fault) => report.faults.push(fault),
                }
            }
        }
        if ahead > 0 {
            report.unchecked.push(format!("acts name {ahead} roots of windows that this host does not have yet"));
        }
    }
}
