//! Per partition: what was read, and what the open window may commit; moves only forward, and only on reports.

use std::collections::BTreeMap;

use super::assignment::Assignment;
use super::message::{Part, Range, Stale, Start, Taken};

/// One partition.
#[derive(Debug)]
struct Row {
    /// The next offset to be read; `None` until the first record of a partition that begins at its earliest one.
    position: Option<i64>,
    /// What of it stands in the open window.
    window: Option<Entry>,
}

/// A partition's share of the open window.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The assignment epoch under which its first record was taken.
    assignment_epoch: u64,
    /// The position at which the window began.
    from: i64,
    /// The offset that the window will commit: one past the last record.
    next: i64,
}

/// What became of neighbouring records when they were entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// All were new.
    All,
    /// The first ones must not be treated.
    Some(Stale),
    /// None of them may be treated.
    None(Stale),
}

/// Read, and to be committed, by partition.
#[derive(Debug, Default)]
pub struct Ledger {
    rows: BTreeMap<Part, Row>,
}

impl Ledger {
    /// Reading of `part` (re)starts here; its share of the window is void.
    pub fn place(&mut self, part: Part, start: Start) {
        let position = match start {
            Start::Earliest => None,
            Start::Offset(offset) => Some(offset),
        };
        self.rows.insert(part, Row { position, window: None });
    }

    /// Forgets a partition that went.
    pub fn forget(&mut self, part: Part) {
        self.rows.remove(&part);
    }

    /// Enters records that a poll took.
    ///
    /// Those of a partition that is not held, and those below the position (left over from before a seek), are not
    /// entered. A gap is no fault: control records and compaction leave some.
    pub fn enter(&mut self, assignment: &Assignment, taken: Taken) -> Entered {
        let (Some(row), Some(assignment_epoch)) =
            (self.rows.get_mut(&taken.part), assignment.assignment_epoch(taken.part))
        else {
            return Entered::None(Stale { part: taken.part, below: i64::MAX });
        };
        let below = row.position.unwrap_or(i64::MIN);
        let stale = Stale { part: taken.part, below };
        if taken.last < below {
            return Entered::None(stale);
        }
        let from = row.position.unwrap_or(taken.first);
        row.position = Some(taken.last + 1);
        let entry = row.window.get_or_insert(Entry { assignment_epoch, from, next: 0 });
        entry.next = taken.last + 1;
        if taken.first < below { Entered::Some(stale) } else { Entered::All }
    }

    /// The offsets that the open window commits, if every one of its partitions is still held under the same epoch.
    pub fn offsets(&self, assignment: &Assignment) -> Option<Vec<(Part, i64)>> {
        Some(self.ranges(assignment)?.into_iter().map(|range| (range.part, range.next)).collect())
    }

    /// What the open window has read of each partition, under the same condition. A partition's ranges join: one begins
    /// where the last that was committed ended.
    pub fn ranges(&self, assignment: &Assignment) -> Option<Vec<Range>> {
        let mut ranges = Vec::new();
        for (&part, row) in &self.rows {
            if let Some(entry) = row.window {
                if assignment.assignment_epoch(part) != Some(entry.assignment_epoch) {
                    return None;
                }
                ranges.push(Range { part, from: entry.from, next: entry.next });
            }
        }
        Some(ranges)
    }

    /// The window has ended, committed or not.
    pub fn end_window(&mut self) {
        for row in self.rows.values_mut() {
            row.window = None;
        }
    }

    /// The next offset to be read, where one is known.
    pub fn position(&self, part: Part) -> Option<i64> {
        self.rows.get(&part).and_then(|row| row.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part = Part { input: 0, partition: 3 };

    fn taken(first: i64, last: i64) -> Taken {
        Taken { part: PART, first, last, records: (last - first + 1) as u64, bytes: 0 }
    }

    /// Enters one span into a ledger placed at 10; returns the outcome and the offset to be committed.
    fn check(first: i64, last: i64, entered: Entered, next: Option<i64>) {
        let mut assignment = Assignment::default();
        let mut ledger = Ledger::default();
        assignment.renew(PART);
        ledger.place(PART, Start::Offset(10));
        assert_eq!(ledger.enter(&assignment, taken(first, last)), entered);
        let offsets = ledger.offsets(&assignment).expect("the epoch has not changed");
        assert_eq!(offsets.first().map(|&(_, next)| next), next);
    }

    #[test]
    fn records_below_the_position_are_not_entered() {
        let stale = Stale { part: PART, below: 10 };
        check(10, 12, Entered::All, Some(13));
        check(15, 15, Entered::All, Some(16));
        check(8, 12, Entered::Some(stale), Some(13));
        // Not "all of the partition": newer records of it may follow in the same batch.
        check(5, 9, Entered::None(stale), None);
    }

    #[test]
    fn ranges_join_over_gaps_and_windows() {
        let mut assignment = Assignment::default();
        let mut ledger = Ledger::default();
        assignment.renew(PART);
        ledger.place(PART, Start::Offset(10));
        let range = |ledger: &mut Ledger, first, last| {
            ledger.enter(&assignment, taken(first, last));
            ledger.ranges(&assignment).map(|ranges| ranges.iter().map(|range| (range.from, range.next)).collect())
        };
        assert_eq!(range(&mut ledger, 12, 14), Some(vec![(10, 15)]));
        assert_eq!(range(&mut ledger, 15, 15), Some(vec![(10, 16)]));
        ledger.end_window();
        assert_eq!(range(&mut ledger, 20, 20), Some(vec![(16, 21)]));
        // Without a committed offset the first record is the beginning that is known.
        ledger.place(PART, Start::Earliest);
        assert_eq!(range(&mut ledger, 40, 41), Some(vec![(40, 42)]));
    }

    #[test]
    fn a_window_of_another_assignment_commits_nothing() {
        let mut assignment = Assignment::default();
        let mut ledger = Ledger::default();
        assignment.renew(PART);
        ledger.place(PART, Start::Earliest);
        assert_eq!(ledger.enter(&assignment, taken(7, 9)), Entered::All);
        assert_eq!(ledger.offsets(&assignment), Some(vec![(PART, 10)]));
        assignment.release(PART);
        assert_eq!(ledger.offsets(&assignment), None);
        assignment.renew(PART);
        assert_eq!(ledger.offsets(&assignment), None, "the same partition under a new epoch");
        ledger.end_window();
        assert_eq!(ledger.offsets(&assignment), Some(vec![]));
    }
}
