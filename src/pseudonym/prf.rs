//! A derived key that hashes frames by its tier's algorithm.

use zeroize::Zeroize;

use super::hmac::HmacKey;
use super::{Algorithm, Purpose, derive, lanes};
use crate::limits::FRAME_BYTES;
use crate::secret::Key;

/// A derived key, ready to hash.
#[derive(Debug)]
pub enum Prf {
    /// Keyed BLAKE3.
    Blake3(Key),
    /// HMAC-SHA-256.
    HmacSha256(HmacKey),
}

impl Prf {
    /// Derives the key of one purpose and prepares it; parameters as those of [`derive()`].
    pub fn derive(algorithm: Algorithm, purpose: Purpose, secret: &Key, tenant: Option<&Key>, recipient: &str) -> Self {
        Self::new(algorithm, derive(algorithm, purpose, secret, tenant, recipient))
    }

    /// Prepares a key.
    pub fn new(algorithm: Algorithm, key: Key) -> Self {
        match algorithm {
            Algorithm::Blake3 => Self::Blake3(key),
            Algorithm::HmacSha256 => Self::HmacSha256(HmacKey::new(key.expose())),
        }
    }

    /// The 256-bit hash of a message in parts: what stands for a value that fits no frame.
    pub fn message(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut out = [0; 32];
        match self {
            Self::Blake3(key) => {
                let mut hasher = blake3::Hasher::new_keyed(key.expose());
                for part in parts {
                    hasher.update(part);
                }
                hasher.finalize_xof().fill(&mut out);
                hasher.zeroize();
            }
            Self::HmacSha256(key) => key.message(parts, &mut out),
        }
        out
    }

    /// Hashes the frames that `order` names; calls `done` with each one's index and hash, in that order.
    pub fn frames(&self, frames: &[[u8; FRAME_BYTES]], order: &[u32], mut done: impl FnMut(usize, &[u8; 32])) {
        match self {
            Self::Blake3(key) => lanes::keyed(frames, order, key, done),
            Self::HmacSha256(key) => {
                for index in order {
                    done(*index as usize, &key.frame(&frames[*index as usize]));
                }
            }
        }
    }
}
