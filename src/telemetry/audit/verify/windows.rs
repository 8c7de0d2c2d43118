//! What windows must agree with: numbers without gaps, ranges that join, counters that balance.

use std::collections::HashMap;

use super::super::entry::{Read, Window};
use super::super::{AuditFault, file};

/// What the windows so far said.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// By lane and run, the number of its last window.
    runs: HashMap<(String, String), u64>,
    /// By topic and partition, where the last window ended, and the entry that said so.
    ends: HashMap<(String, i32), (i64, u64)>,
    /// The first entry that could be read; runs that began before it have lost their beginning.
    first: Option<u64>,
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
        let mut tell = |what: String| faults.push(AuditFault::broken(&place, what));
        let cut = *self.first.get_or_insert(index) > 0;
        balance(&window, &mut tell);
        self.number(&window, cut, &mut tell);
        for read in window.read.iter().filter(|_| window.delivery != REPLAY) {
            self.range(read, index, window.delivery == AT_LEAST_ONCE, &mut tell);
        }
    }

    /// The windows of a run are numbered from 0; where the log is `cut`, their first ones may have been dropped.
    fn number(&mut self, window: &Window, cut: bool, tell: &mut dyn FnMut(String)) {
        let (lane, run, seq) = (&window.lane, &window.run, window.seq);
        let last = self.runs.insert((lane.clone(), run.clone()), seq);
        let again = window.delivery == AT_LEAST_ONCE && last == Some(seq);
        match last {
            Some(last) if seq == last + 1 || again => {}
            Some(last) => tell(format!("window {seq} of lane {lane}, run {run}, comes after window {last}")),
            None if seq == 0 || cut => {}
            None => tell(format!("lane {lane}, run {run}, begins with window {seq}: windows before it are missing")),
        }
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
                "{topic} partition {partition}: offsets {end} to {} are in no window: entry {by} ended at {end}, \
                          and this one begins at {from}",
                from - 1
            ));
        } else if *from < end && !overlaps {
            tell(format!(
                "{topic} partition {partition}: begins at {from}, and entry {by} had ended at {end}: read twice"
            ));
        }
    }
}

/// One outcome for each piece; copies in several topics count apart.
fn balance(window: &Window, tell: &mut dyn FnMut(String)) {
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.map(u128::from).sum::<u128>();
    let pieces = sum(&mut window.read.iter().map(|read| read.pieces));
    let refused = sum(&mut window.refused.iter().map(|(_, count)| *count));
    let treated = u128::from(window.treated);
    if pieces != treated + refused {
        tell(format!("{pieces} were read, and {treated} treated and {refused} refused: the counters do not balance"));
    }
}
