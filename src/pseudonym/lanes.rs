//! Keyed BLAKE3 of many 64-byte frames, sixteen side by side.
//!
//! `blake3::platform` is hidden API: its version is pinned in Cargo.toml, and a test holds that each result equals
//! the public `keyed_hash` of the same frame.

use std::sync::LazyLock;

use blake3::IncrementCounter;
use blake3::platform::Platform;

use crate::limits::FRAME_BYTES;
use crate::secret::Key;

/// Frames hashed in one call: what the widest vectors of today hold.
const LANES: usize = 16;

// Flags of the BLAKE3 paper, section 2.2: a keyed chunk of one block is its own start, end and root.
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;
const KEYED_HASH: u8 = 1 << 4;

static PLATFORM: LazyLock<Platform> = LazyLock::new(Platform::detect);

/// Hashes the frames that `order` names under `key`; calls `done` with each one's index and hash, in that order.
pub fn keyed(frames: &[[u8; FRAME_BYTES]], order: &[u32], key: &Key, mut done: impl FnMut(usize, &[u8; 32])) {
    let mut words = [0u32; 8];
    for (word, bytes) in words.iter_mut().zip(key.expose().as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let mut out = [0u8; 32 * LANES];
    for group in order.chunks(LANES) {
        let mut inputs = [&frames[group[0] as usize]; LANES];
        for (input, index) in inputs.iter_mut().zip(group) {
            *input = &frames[*index as usize];
        }
        // The root flag is valid on the one block: `hash_many` is meant for inner chunks, whose counter is not the
        // root's output counter, and both are 0 here.
        let flags_end = CHUNK_END | ROOT;
        PLATFORM.hash_many(
            &inputs[..group.len()],
            &words,
            0,
            IncrementCounter::No,
            KEYED_HASH,
            CHUNK_START,
            flags_end,
            &mut out,
        );
        for (index, hash) in group.iter().zip(out.as_chunks::<32>().0) {
            done(*index as usize, hash);
        }
    }
    zeroize::Zeroize::zeroize(&mut words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_public_function() {
        let key = Key::new(b"a key of tests, no secret at all");
        for count in [1, 2, 7, 15, 16, 17, 33, 100] {
            let frames: Vec<[u8; FRAME_BYTES]> =
                (0..count).map(|n| std::array::from_fn(|at| (n * 31 + at * 7) as u8)).collect();
            let order: Vec<u32> = (0..count as u32).rev().collect();
            let mut seen = Vec::new();
            keyed(&frames, &order, &key, |index, hash| {
                assert_eq!(hash, blake3::keyed_hash(key.expose(), &frames[index]).as_bytes(), "{index} of {count}");
                seen.push(index as u32);
            });
            assert_eq!(seen, order);
        }
        keyed(&[], &[], &key, |_, _| unreachable!("no frame, no hash"));
    }
}
