//! Frames that wait for the end of the batch, each with its key and with what its hash is for.

use super::prf::Prf;
use crate::limits::FRAME_BYTES;

/// Frames of many keys, in the order in which they came; `P` says what the hash of each is for.
///
/// One queue serves all keys: a thousand keys in a batch would touch a thousand small ones.
pub struct Queue<P> {
    frames: Vec<[u8; FRAME_BYTES]>,
    /// By frame: the number of its key.
    owners: Vec<u32>,
    places: Vec<P>,
    /// While it is settled: the frames by key.
    order: Vec<u32>,
    /// While it is settled, by key: where its frames end in `order`.
    ends: Vec<u32>,
}

impl<P> Default for Queue<P> {
    fn default() -> Self {
        let (frames, owners, places) = (Vec::new(), Vec::new(), Vec::new());
        Self { frames, owners, places, order: Vec::new(), ends: Vec::new() }
    }
}

impl<P> std::fmt::Debug for Queue<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({} frames)", self.frames.len())
    }
}

impl<P> Queue<P> {
    /// Adds a frame of zeros that the key with number `owner` will hash.
    ///
    /// The frame is filled where it lies: a copy right after it was written would wait for those writes.
    #[inline]
    pub fn push(&mut self, owner: usize, place: P) -> &mut [u8; FRAME_BYTES] {
        self.owners.push(owner as u32);
        self.places.push(place);
        self.frames.push_mut([0; FRAME_BYTES])
    }

    /// How many frames wait.
    pub const fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether none waits.
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// What the hash of the frame that came last is for.
    pub fn last_place(&mut self) -> Option<&mut P> {
        self.places.last_mut()
    }

    /// Takes back all frames but the first `len`: what they belong to is not written after all.
    pub fn truncate(&mut self, len: usize) {
        self.frames.truncate(len);
        self.owners.truncate(len);
        self.places.truncate(len);
    }

    /// Empties the queue. The frames stay in memory until the next batch writes over them, as the payloads do.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Hashes every frame and empties the queue. `key` gives the key of a number below `keys`; `done` gets the place in
    /// the queue, what the hash is for, and the hash: all frames of one key, in the order they came, then the next key's.
    pub fn settle<'k>(
        &mut self,
        keys: usize,
        key: impl Fn(usize) -> &'k Prf,
        mut done: impl FnMut(usize, &P, &[u8; 32]),
    ) {
        let Some(first) = self.owners.first().copied() else { return };
        let Self { frames, owners, places, order, ends } = self;
        order.clear();
        if owners.iter().all(|owner| *owner == first) {
            order.extend(0..owners.len() as u32);
            key(first as usize).frames(frames, order, |index, hash| done(index, &places[index], hash));
        } else {
            sort(owners, keys, order, ends);
            let mut from = 0;
            for (owner, end) in ends.iter().enumerate() {
                let run = &order[from as usize..*end as usize];
                from = *end;
                if !run.is_empty() {
                    key(owner).frames(frames, run, |index, hash| done(index, &places[index], hash));
                }
            }
        }
        self.clear();
    }
}

/// Sorts the indexes of `owners` by owner, in their order; `ends` says where each owner's end.
fn sort(owners: &[u32], keys: usize, order: &mut Vec<u32>, ends: &mut Vec<u32>) {
    ends.clear();
    ends.resize(keys, 0);
    for owner in owners {
        ends[*owner as usize] += 1;
    }
    let mut sum = 0;
    for end in &mut *ends {
        let count = *end;
        *end = sum;
        sum += count;
    }
    // Each entry is the place of its owner's next frame, and so becomes the end of them.
    order.resize(owners.len(), 0);
    for (index, owner) in owners.iter().enumerate() {
        let place = &mut ends[*owner as usize];
        order[*place as usize] = index as u32;
        *place += 1;
    }
}
