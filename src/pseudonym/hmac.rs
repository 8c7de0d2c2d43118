//! HMAC-SHA-256 and HKDF-SHA-256 whose keys lie on locked pages and whose working memory is wiped.
//!
//! Written over SHA-256's compression function: the usual types keep a padded key in memory that nobody wipes, and a
//! frame of one block under a prepared key needs three compressions instead of five.

use std::slice::from_ref;

use sha2::block_api::compress256;
use zeroize::{Zeroize, Zeroizing};

use crate::limits::FRAME_BYTES;
use crate::secret::Key;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// First state of SHA-256 (FIPS 180-4, 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The end of a message of 128 bytes: the padded key and one frame.
const END_OF_FRAME: [u8; BLOCK] = end_of(2 * BLOCK as u64);

const fn end_of(bytes: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[0] = 0x80;
    let bits = (bytes * 8).to_be_bytes();
    let mut at = 0;
    while at < 8 {
        block[BLOCK - 8 + at] = bits[at];
        at += 1;
    }
    block
}

/// A key of HMAC-SHA-256, prepared: the states after its two padded forms.
pub struct HmacKey {
    inner: Key,
    outer: Key,
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HmacKey")
    }
}

impl HmacKey {
    /// Prepares a key of 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        let padded = |with: u8| {
            let mut block = Zeroizing::new([with; BLOCK]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = Zeroizing::new(START);
            compress256(&mut state, from_ref(&block));
            Key::filled(|bytes| write(&state, bytes))
        };
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    /// The code of one frame.
    pub fn frame(&self, frame: &[u8; FRAME_BYTES]) -> [u8; 32] {
        let mut state = Zeroizing::new(read(&self.inner));
        compress256(&mut state, &[*frame, END_OF_FRAME]);
        let mut code = [0; 32];
        self.close(&state, &mut code);
        code
    }

    /// The code of a message in parts, written where it will lie.
    pub fn message(&self, parts: &[&[u8]], out: &mut [u8; 32]) {
        let mut state = Zeroizing::new(read(&self.inner));
        let mut block = Zeroizing::new([0; BLOCK]);
        let (mut filled, mut bytes) = (0, BLOCK as u64);
        for part in parts {
            bytes += part.len() as u64;
            let mut part = *part;
            while !part.is_empty() {
                let taken = part.len().min(BLOCK - filled);
                block[filled..filled + taken].copy_from_slice(&part[..taken]);
                part = &part[taken..];
                filled += taken;
                if filled == BLOCK {
                    compress256(&mut state, from_ref(&block));
                    filled = 0;
                }
            }
        }
        block[filled..].fill(0);
        block[filled] = 0x80;
        if filled + 1 > BLOCK - 8 {
            compress256(&mut state, from_ref(&block));
            block.zeroize();
        }
        block[BLOCK - 8..].copy_from_slice(&(bytes * 8).to_be_bytes());
        compress256(&mut state, from_ref(&block));
        self.close(&state, out);
    }

    /// The outer hash over the inner one.
    fn close(&self, inner: &[u32; 8], out: &mut [u8; 32]) {
        let mut block = Zeroizing::new(end_of((BLOCK + 32) as u64));
        block[32] = 0x80;
        write(inner, block.first_chunk_mut().expect("a block has room for a digest"));
        let mut state = Zeroizing::new(read(&self.outer));
        compress256(&mut state, from_ref(&block));
        write(&state, out);
    }
}

/// HKDF-SHA-256 (RFC 5869) with an empty salt: 32 bytes from the parts of the input keying material.
pub fn hkdf(material: &[&[u8]], info: &[u8], out: &mut [u8; 32]) {
    let extracted = Key::filled(|bytes| HmacKey::new(&[0; 32]).message(material, bytes));
    HmacKey::new(extracted.expose()).message(&[info, &[1]], out);
}

/// A state as bytes, in the order of a digest.
fn write(state: &[u32; 8], out: &mut [u8; 32]) {
    for (bytes, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
}

fn read(state: &Key) -> [u32; 8] {
    let bytes = state.expose().as_chunks::<4>().0;
    std::array::from_fn(|index| u32::from_be_bytes(bytes[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_the_standards() {
        // RFC 4231, case 1 and 2, with keys padded to 32 bytes by zeros, which HMAC does itself.
        for (key, message, code) in [
            (&[0x0b; 20][..], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ] {
            let mut padded = [0; 32];
            padded[..key.len()].copy_from_slice(key);
            let mut out = [0; 32];
            HmacKey::new(&padded).message(&[message.as_bytes()], &mut out);
            assert_eq!(out.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), code);
        }
    }

    #[test]
    fn a_frame_is_a_message_of_one_block_however_it_is_cut() {
        let key = HmacKey::new(b"a key of tests, no secret at all");
        let bytes: Vec<u8> = (0..200).collect();
        let frame: [u8; FRAME_BYTES] = bytes[..FRAME_BYTES].try_into().expect("a frame's length");
        let whole = |length: usize, cut: usize| {
            let mut out = [0; 32];
            key.message(&[&bytes[..cut], &bytes[cut..length]], &mut out);
            out
        };
        assert_eq!(key.frame(&frame), whole(FRAME_BYTES, 0));
        for length in 0..bytes.len() {
            assert!((0..=length).all(|cut| whole(length, cut) == whole(length, 0)), "{length}");
        }
    }
}
