//! Numbers the entries of windows, so that a missing one shows: a run counts from 0 without gaps.

use super::message::{Part, Range};

/// The number of the next entry, and what is not known of the last one.
///
/// A window that is surely undone gives its number back. One whose commit has no answer is surely undone only when a
/// partition of it stands, on the broker, below what it would have committed: offsets do not go back. In every other case,
/// also when they stand exactly where it would have put them, somebody else may have done that; then a new run begins, and
/// neither a gap nor a number given twice can come of it.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    run: u32,
    seq: u64,
    /// What the window whose outcome is unknown would have committed.
    doubt: Option<Vec<(Part, i64)>>,
}

impl Sequence {
    /// Run and number of the next entry.
    pub(super) fn next(&self) -> (u32, u64) {
        (self.run, self.seq)
    }

    /// The entry is on the broker and stays there.
    pub(super) fn taken(&mut self) {
        self.seq += 1;
    }

    /// The commit of a window that read these ranges has no answer.
    pub(super) fn doubtful(&mut self, ranges: &[Range]) {
        self.doubt = Some(ranges.iter().map(|range| (range.part, range.next)).collect());
    }

    /// Begins a new run: whether the last entry is on the broker will never be known.
    pub(super) fn renew(&mut self) {
        self.run += 1;
        self.seq = 0;
        self.doubt = None;
    }

    /// The brokers say what is committed; decides what is in doubt.
    pub(super) fn told(&mut self, offsets: &[(Part, Option<i64>)]) {
        let Some(doubt) = self.doubt.take() else { return };
        let below = |&(part, next): &(Part, i64)| {
            offsets
                .iter()
                .any(|&(other, committed)| other == part && committed.is_none_or(|committed| committed < next))
        };
        if !doubt.iter().any(below) {
            self.renew();
        }
    }

    /// An entry is due while the last is in doubt: nobody told, so nobody knows.
    pub(super) fn settle(&mut self) {
        if self.doubt.is_some() {
            self.renew();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part = Part { input: 0, partition: 3 };
    const OTHER: Part = Part { input: 0, partition: 4 };

    /// Two windows are through, the third is in doubt; then the brokers tell, or nobody does.
    fn check(told: Option<&[(Part, Option<i64>)]>, expected: (u32, u64)) {
        let mut sequence = Sequence::default();
        sequence.taken();
        sequence.taken();
        sequence.doubtful(&[Range { part: PART, from: 10, next: 20 }]);
        if let Some(told) = told {
            sequence.told(told);
        }
        sequence.settle();
        assert_eq!(sequence.next(), expected, "{told:?}");
    }

    #[test]
    fn a_number_is_given_again_only_when_its_window_is_surely_undone() {
        check(Some(&[(PART, Some(10))]), (0, 2));
        check(Some(&[(PART, None)]), (0, 2));
        check(Some(&[(OTHER, Some(90)), (PART, Some(19))]), (0, 2));
        // Somebody put it there: that may have been another.
        check(Some(&[(PART, Some(20))]), (1, 0));
        check(Some(&[(PART, Some(25))]), (1, 0));
        check(Some(&[(OTHER, Some(10))]), (1, 0));
        check(None, (1, 0));
    }
}
