//! Outputs of tiers that promise no order: sorted by record id inside of a batch, and spread over partitions by it.

use super::outcome::Output;
use crate::route::TierId;

/// Which outputs are to change places, and the ids that say how.
#[derive(Default)]
pub(super) struct Spread {
    /// Tier, first 128 bits of the record's id, index of the output.
    ids: Vec<(TierId, [u8; 16], usize)>,
    /// While they change places: the outputs of all such tiers in their new order.
    moved: Vec<Output>,
    places: Vec<usize>,
}

impl Spread {
    pub(super) fn clear(&mut self) {
        self.ids.clear();
    }

    /// How many outputs are noted.
    pub(super) const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Forgets all outputs but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.ids.truncate(len);
    }

    /// Notes an output's tier, id and index.
    pub(super) fn note(&mut self, tier: TierId, id: [u8; 16], index: usize) {
        self.ids.push((tier, id, index));
    }

    /// Puts the outputs of each tier in the order of their ids, in the places that they have in `outputs` together, and
    /// takes their partitions from the ids. Other outputs stay where they are.
    pub(super) fn settle(&mut self, outputs: &mut [Output]) {
        let Self { ids, moved, places } = self;
        ids.sort_unstable();
        for tier in ids.chunk_by(|one, next| one.0 == next.0) {
            moved.clear();
            places.clear();
            for (_, id, index) in tier {
                let bits = u32::from_le_bytes(*id.last_chunk().expect("an id has 16 bytes"));
                moved.push(Output { partition: (bits >> 1) as i32, ..outputs[*index].clone() });
                places.push(*index);
            }
            places.sort_unstable();
            for (place, output) in places.iter().zip(moved.drain(..)) {
                outputs[*place] = output;
            }
        }
        ids.clear();
    }
}
