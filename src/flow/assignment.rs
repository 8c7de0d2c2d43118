//! Which partitions a lane holds, and since when: a number that changes with every assignment and every seek.

use std::collections::BTreeMap;

use super::message::Part;

/// The partitions of a lane with their assignment epochs.
///
/// An epoch is never used twice, so a window that began under another one is recognised even if the same partition
/// left and came back meanwhile.
#[derive(Debug, Default)]
pub struct Assignment {
    held: BTreeMap<Part, u64>,
    epochs: u64,
}

impl Assignment {
    /// A partition came, or was sought: it gets a new epoch.
    pub fn renew(&mut self, part: Part) {
        self.epochs += 1;
        self.held.insert(part, self.epochs);
    }

    /// A partition went.
    pub fn release(&mut self, part: Part) {
        self.held.remove(&part);
    }

    /// The epoch of a partition, if it is held.
    pub fn assignment_epoch(&self, part: Part) -> Option<u64> {
        self.held.get(&part).copied()
    }

    /// The partitions held, in order.
    pub fn parts(&self) -> Vec<Part> {
        self.held.keys().copied().collect()
    }

    /// How many partitions are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}
