//! Finds the one record that the broker will never take, by halving windows until one holds nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::message::Part;

/// What follows from a window that the broker refused for one of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again, with smaller windows or with the record condemned.
    Again,
    /// The window held nothing but the notice of a refusal.
    QuarantineUnusable,
}

/// The search, which goes by the size of windows: after a seek, records of several partitions come back in another
/// order, so the halves of a failed window cannot be named.
#[derive(Debug, Default)]
pub(super) struct Bisect {
    /// Most records of a window; `None` when no search is on.
    records_max: Option<u64>,
    /// Refused windows since the search was last over.
    refused: u32,
    /// How often a record alone in its window was refused.
    suspects: BTreeMap<(Part, i64), u32>,
    /// Records of which only a notice is produced.
    condemned: BTreeSet<(Part, i64)>,
}

impl Bisect {
    /// Most records of the next window.
    pub(super) fn records_max(&self) -> u64 {
        self.records_max.unwrap_or(u64::MAX)
    }

    /// The condemned records, in order.
    pub(super) fn condemned(&self) -> Vec<(Part, i64)> {
        self.condemned.iter().copied().collect()
    }

    /// A window of `records` was refused; `first` is its first record.
    ///
    /// The first refusal may be an accident and changes nothing. A record alone is condemned at its second.
    pub(super) fn refused(&mut self, records: u64, first: Option<(Part, i64)>) -> Verdict {
        self.refused += 1;
        match first {
            Some(record) if records <= 1 => {
                if self.condemned.contains(&record) {
                    return Verdict::QuarantineUnusable;
                }
                self.records_max = Some(1);
                let times = self.suspects.entry(record).or_insert(0);
                *times += 1;
                if *times >= 2 {
                    self.suspects.remove(&record);
                    self.condemned.insert(record);
                }
            }
            _ if self.refused >= 2 => self.records_max = Some((records / 2).max(1)),
            _ => {}
        }
        Verdict::Again
    }

    /// A window went through: these are its next offsets. Windows grow back by doubling.
    pub(super) fn committed(&mut self, offsets: &[(Part, i64)]) {
        for &(part, next) in offsets {
            self.condemned.retain(|&(other, offset)| other != part || offset >= next);
            self.suspects.retain(|&(other, offset), _| other != part || offset >= next);
        }
        self.records_max = self.records_max.map(|records| records * 2).filter(|&records| records < 1 << 20);
        if self.records_max.is_none() {
            self.refused = 0;
        }
    }

    /// A partition went; whoever has it now searches anew.
    pub(super) fn forget(&mut self, part: Part) {
        self.condemned.retain(|&(other, _)| other != part);
        self.suspects.retain(|&(other, _), _| other != part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poison_record_is_found_alone_and_its_notice_is_the_last_resort() {
        let part = Part { input: 0, partition: 0 };
        let poison = 700;
        let mut bisect = Bisect::default();
        let (mut next, mut windows) = (0, 0);
        while next <= poison {
            windows += 1;
            assert!(windows < 100, "the search does not end");
            let records = bisect.records_max().min(1000) as i64;
            let condemned = bisect.condemned().contains(&(part, poison));
            if (next..next + records).contains(&poison) && !condemned {
                assert_eq!(bisect.refused(records as u64, Some((part, next))), Verdict::Again);
            } else {
                next += records;
                bisect.committed(&[(part, next)]);
            }
        }
        assert!(bisect.condemned().is_empty(), "committed beyond it");

        bisect.refused(1, Some((part, 2000)));
        bisect.refused(1, Some((part, 2000)));
        assert_eq!(bisect.condemned(), [(part, 2000)]);
        assert_eq!(bisect.refused(1, Some((part, 2000))), Verdict::QuarantineUnusable);
    }
}
