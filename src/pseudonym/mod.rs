//! Value and epoch key to token: frames, keys by purpose, and queues that are hashed side by side.
//!
//! A value becomes one 64-byte frame (`frame`); frames wait in the queue of their key until the batch ends, then
//! `lanes` hashes sixteen at a time and the letters go into the slots that the output has kept for them.

pub mod epoch;
pub mod frame;
pub mod lanes;
pub mod token;

use crate::limits::FRAME_BYTES;
use crate::secret::Key;
use epoch::EpochSecret;

/// What a derived key is for. Two purposes never share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Tokens of values.
    Pseudonym,
    /// Tokens of records, in the `garim` string.
    RecordId,
}

/// The key of one purpose: BLAKE3's `derive_key` over `len | secret | len | tenant | len | recipient`, lengths as
/// `u32` little-endian; tenant and recipient are empty where a tier has none.
pub fn derive(purpose: Purpose, secret: &EpochSecret) -> Key {
    let context = match purpose {
        Purpose::Pseudonym => "garim 2026-11 key of pseudonyms v1",
        Purpose::RecordId => "garim 2026-11 key of record ids v1",
    };
    let mut material = [0u8; 4 + 32 + 4 + 4];
    material[..4].copy_from_slice(&32u32.to_le_bytes());
    material[4..36].copy_from_slice(secret.secret.expose());
    let key = Key::new(blake3::derive_key(context, &material));
    zeroize::Zeroize::zeroize(&mut material);
    key
}

/// Frames of one key that wait to be hashed, and where in the output the letters of each belong.
#[derive(Default)]
pub struct Queue {
    frames: Vec<[u8; FRAME_BYTES]>,
    slots: Vec<usize>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({} frames)", self.frames.len())
    }
}

impl Queue {
    /// Adds a frame of zeros whose 32 letters go to `slot`, a byte of the output; slots come in rising order.
    ///
    /// The frame is filled where it lies: a copy right after it was written would wait for those writes.
    #[inline]
    pub fn push(&mut self, slot: usize) -> &mut [u8; FRAME_BYTES] {
        self.slots.push(slot);
        self.frames.push_mut([0; FRAME_BYTES])
    }

    /// Takes back every frame whose slot is at `from` or after: that output is not written after all.
    pub fn retract(&mut self, from: usize) {
        let kept = self.slots.partition_point(|slot| *slot < from);
        self.slots.truncate(kept);
        self.frames.truncate(kept);
    }

    /// Hashes every frame under `key`, writes the letters into `out`, and empties the queue.
    pub fn settle(&mut self, key: &Key, out: &mut [u8]) {
        lanes::keyed(&self.frames, key, |index, hash| {
            let slot = self.slots[index];
            token::letters(hash, &mut out[slot..slot + token::LETTERS]);
        });
        self.clear();
    }

    /// Empties the queue. The frames stay in memory until the next batch writes over them, as the payloads do.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.slots.clear();
    }
}
