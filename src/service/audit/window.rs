//! The entry of a commit window: what a lane read, what became of it, and what it wrote, in numbers.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::engine::outcome::{BatchTally, Reason};
use crate::flow::{Part, Range};
use crate::telemetry::audit::entry::{ENTRY_BYTES_MAX, Read, VERSION, Window};
use crate::telemetry::hex;

/// Ranges, or topics, in one part of an entry that does not fit as a whole: a range has at most some 350 bytes, most of
/// them the topic's name.
const PART_LINES: usize = 150;

/// The name of a run: sixteen hex digits that follow from what the process drew at its start.
pub(in crate::service) fn run_name(draw: &[u8; 32], lane: usize, run: u32) -> String {
    let mut hasher = blake3::Hasher::new_keyed(draw);
    hasher.update(&(lane as u64).to_le_bytes()).update(&run.to_le_bytes());
    hex(&hasher.finalize().as_bytes()[..8])
}

/// What a lane knows of its window.
pub(in crate::service) struct Facts<'a> {
    /// When its transaction was begun, in milliseconds since 1970.
    pub(in crate::service) at_ms: i64,
    /// Instance and lane.
    pub(in crate::service) lane: String,
    /// The run's name.
    pub(in crate::service) run: String,
    /// The window's number in the run.
    pub(in crate::service) seq: u64,
    /// Whether the entry exists only together with the offsets.
    pub(in crate::service) exactly_once: bool,
    /// What was read.
    pub(in crate::service) ranges: &'a [Range],
    /// Records, or lines, by partition.
    pub(in crate::service) pieces: &'a BTreeMap<Part, u64>,
    /// What was counted.
    pub(in crate::service) tally: &'a BatchTally,
    /// Records by topic.
    pub(in crate::service) written: Vec<(String, u64)>,
}

/// The entry as it is written: one, or several parts when one would be longer than `ENTRY_BYTES_MAX`.
pub(in crate::service) fn entries(engine: &Engine, facts: Facts<'_>) -> Vec<Vec<u8>> {
    let reads = facts.ranges.iter().map(|range| Read {
        topic: engine.inputs()[usize::from(range.part.input)].0.to_string(),
        partition: range.part.partition,
        from: range.from,
        next: range.next,
        pieces: facts.pieces.get(&range.part).copied().unwrap_or(0),
    });
    let counted = Reason::ALL.iter().zip(&facts.tally.refused).filter(|(_, count)| **count > 0);
    let whole = Window {
        v: VERSION,
        at_ms: facts.at_ms,
        lane: facts.lane,
        run: facts.run,
        seq: facts.seq,
        part: 0,
        parts: 1,
        delivery: String::from(if facts.exactly_once { "exactly-once" } else { "at-least-once" }),
        policy: engine.digest_letters().to_owned(),
        read: reads.collect(),
        treated: facts.tally.treated,
        refused: counted.map(|(reason, count)| (reason.code().to_owned(), *count)).collect(),
        written: facts.written,
    };
    as_written(whole)
}

/// A window as it is written: one entry, or several parts.
pub(in crate::service) fn as_written(whole: Window) -> Vec<Vec<u8>> {
    let bytes = whole.to_bytes();
    if bytes.len() <= ENTRY_BYTES_MAX { vec![bytes] } else { in_parts(whole) }
}

/// The ranges in parts, then the topics; the counts of records in the first.
fn in_parts(mut whole: Window) -> Vec<Vec<u8>> {
    let (read, written) = (std::mem::take(&mut whole.read), std::mem::take(&mut whole.written));
    whole.parts = (read.len().div_ceil(PART_LINES) + written.len().div_ceil(PART_LINES)) as u32;
    let reads = read.chunks(PART_LINES).map(|read| Window { read: read.to_vec(), ..whole.clone() });
    let writes = written.chunks(PART_LINES).map(|written| Window { written: written.to_vec(), ..whole.clone() });
    let mut parts: Vec<Window> = reads.chain(writes).collect();
    for (part, number) in parts.iter_mut().zip(0..) {
        part.part = number;
        if number > 0 {
            part.treated = 0;
            part.refused.clear();
        }
    }
    parts.iter().map(Window::to_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(partitions: i32, topics: usize) -> Window {
        let topic = "x".repeat(249);
        let read = |partition| Read { topic: topic.clone(), partition, from: i64::MAX - 1, next: i64::MAX, pieces: 7 };
        Window {
            v: VERSION,
            at_ms: 1,
            lane: String::from("host-1/0"),
            run: String::from("0123456789abcdef"),
            seq: 3,
            part: 0,
            parts: 1,
            delivery: String::from("exactly-once"),
            policy: String::from("abcdefgh"),
            read: (0..partitions).map(read).collect(),
            treated: 6,
            refused: Reason::ALL.iter().map(|reason| (reason.code().to_owned(), u64::MAX)).collect(),
            written: (0..topics).map(|number| (format!("{number:0>249}"), u64::MAX)).collect(),
        }
    }

    #[test]
    fn parts_hold_everything_once_and_none_is_too_long() {
        for (partitions, topics) in [(150, 0), (1000, 3), (10_000, 400)] {
            let whole = window(partitions, topics);
            let parts: Vec<Vec<u8>> = in_parts(whole.clone());
            assert!(parts.iter().all(|part| part.len() <= ENTRY_BYTES_MAX));
            let parts: Vec<Window> =
                parts.iter().map(|part| Window::from_bytes(part, "a test").expect("an entry")).collect();
            assert!(
                parts.iter().zip(0..).all(|(part, number)| part.part == number && part.parts == parts.len() as u32)
            );
            assert_eq!(parts.iter().flat_map(|part| part.read.clone()).collect::<Vec<_>>(), whole.read);
            assert_eq!(parts.iter().flat_map(|part| part.written.clone()).collect::<Vec<_>>(), whole.written);
            assert_eq!(parts.iter().map(|part| part.treated).sum::<u64>(), 6);
            assert_eq!(parts.iter().flat_map(|part| part.refused.clone()).collect::<Vec<_>>(), whole.refused);
        }
    }

    #[test]
    fn every_run_of_every_lane_and_start_has_its_own_name() {
        let names =
            [run_name(&[1; 32], 0, 0), run_name(&[1; 32], 0, 1), run_name(&[1; 32], 1, 0), run_name(&[2; 32], 0, 0)];
        assert!(names.iter().all(|name| name.len() == 16));
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    }
}
