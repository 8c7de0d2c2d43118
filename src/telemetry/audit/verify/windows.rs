//! What windows must agree with: numbers without gaps, ranges that join, counters that balance.

use std::collections::HashMap;

use super::super::entry::{Read, Window};
use super::super::{AuditFault, file};

/// What the windows so far said.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// By lane and run, its last entry.
    runs: HashMap<(String, String), Last>,
    /// By topic and partition, where the last window ended, and the entry that said so.
    ends: HashMap<(String, i32), (i64, u64)>,
    /// The first entry that could be read; runs that began before it have lost their beginning.
    first: Option<u64>,
}

/// The last entry of a run, and the counts of its window up to there.
#[derive(Debug)]
struct Last {
    seq: u64,
    part: u32,
    parts: u32,
    pieces: u128,
    treated: u128,
    refused: u128,
    /// Whether the window was read from its first part on.
    whole: bool,
}

impl Last {
    fn is_complete(&self) -> bool {
        self.part.saturating_add(1) >= self.parts
    }
}

/// The delivery whose windows may overlap.
const AT_LEAST_ONCE: &str = "at-least-once";

/// The delivery of refused records that are taken up again, by choice: their ranges need not join.
const REPLAY: &str = "replay";

impl Judge {
    pub(super) fn entry(&mut self, index: u64, bytes: &[u8], faults: &mut Vec<AuditFault>) {
        let place = format!("{}, entry {index}", file::WINDOWS);
        let window = match Window::from_bytes(bytes, &place) {
            Ok(window) => window,
            Err(fault) => return faults.push(fault),
        };
        let cut = *self.first.get_or_insert(index) > 0;
        let mut tell = |what: String| faults.push(AuditFault::broken(&place, what));
        self.number(&window, cut, &mut tell);
        for read in window.read.iter().filter(|_| window.delivery != REPLAY) {
            self.range(read, index, window.delivery == AT_LEAST_ONCE, &mut tell);
        }
    }

    /// The windows of a run are numbered from 0, and so are the parts of a window; where the log is `cut`, the first ones
    /// may have been dropped. The counts of a window are complete with its last part.
    fn number(&mut self, window: &Window, cut: bool, tell: &mut dyn FnMut(String)) {
        let (lane, run, seq, part) = (&window.lane, &window.run, window.seq, window.part);
        let last = self.runs.remove(&(lane.clone(), run.clone()));
        let again = window.delivery == AT_LEAST_ONCE && last.as_ref().is_some_and(|last| last.seq == seq);
        let follows = match &last {
            Some(last) if part > 0 => last.seq == seq && last.part + 1 == part && last.parts == window.parts,
            Some(last) if !last.is_complete() => false,
            Some(last) => last.seq + 1 == seq || again,
            None => cut || (seq == 0 && part == 0),
        };
        let name = |seq, part, parts| match parts {
            1 => format!("window {seq}"),
            _ => format!("window {seq} (part {part} of {parts})"),
        };
        let this = name(seq, part, window.parts);
        match &last {
            Some(last) if !follows => {
                tell(format!(
                    "{this} of lane {lane}, run {run}, comes after {}",
                    name(last.seq, last.part, last.parts)
                ));
            }
            None if !follows => {
                tell(format!("lane {lane}, run {run}, begins with {this}: what came before is missing"))
            }
            _ => {}
        }
        let before = last.filter(|last| part > 0 && last.seq == seq);
        let sums = before.as_ref().map_or((0, 0, 0), |before| (before.pieces, before.treated, before.refused));
        let now = Last {
            seq,
            part,
            parts: window.parts,
            pieces: sums.0 + window.read.iter().map(|read| u128::from(read.pieces)).sum::<u128>(),
            treated: sums.1 + u128::from(window.treated),
            refused: sums.2 + window.refused.iter().map(|(_, count)| u128::from(*count)).sum::<u128>(),
            whole: part == 0 || (follows && before.is_some_and(|before| before.whole)),
        };
        if now.whole && now.is_complete() && now.pieces != now.treated + now.refused {
            let Last { pieces, treated, refused, .. } = now;
            tell(format!("{pieces} were read, {treated} treated and {refused} refused: the counters do not balance"));
        }
        self.runs.insert((lane.clone(), run.clone()), now);
    }

    /// Ranges of a partition join.
    fn range(&mut self, read: &Read, index: u64, overlaps: bool, tell: &mut dyn FnMut(String)) {
        let Read { topic, partition, from, next, .. } = read;
        if next < from {
            tell(format!("{topic} partition {partition}: read from {from} back to {next}"));
        }
        let Some((end, by)) = self.ends.insert((topic.clone(), *partition), (*next, index)) else { return };
        if *from > end {
            tell(format!(
                "{topic} partition {partition}: offsets {end} to {} are in no window: entry {by} ended at {end}",
                from - 1
            ));
        } else if *from < end && !overlaps {
            tell(format!(
                "{topic} partition {partition}: begins at {from}, and entry {by} had ended at {end}: read twice"
            ));
        }
    }
}
