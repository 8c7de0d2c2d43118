//! Value and epoch key to token: keys by purpose, frames, and queues that are hashed side by side.
//!
//! A value becomes one 64-byte frame (`frame`); frames wait in a `queue` until the batch ends, then each key (`prf`)
//! hashes its own, BLAKE3 sixteen at a time (`lanes`), and the letters go where the output has kept room for them.

pub mod epoch;
pub mod frame;
pub mod hmac;
pub mod lanes;
pub mod plain;
pub mod prf;
pub mod queue;
pub mod seal;
pub mod token;

use zeroize::Zeroize;

use crate::limits::STACK_WIPED_BYTES;
use crate::secret::Key;

/// The function that makes tokens, and the keys of its tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Keyed BLAKE3; keys by its `derive_key`.
    Blake3,
    /// HMAC-SHA-256; keys by HKDF-SHA-256. For those who must stay with approved functions.
    HmacSha256,
}

/// What a derived key is for. Two purposes never share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Tokens of values.
    Pseudonym,
    /// Tokens of records, in the `garim` string.
    RecordId,
    /// The sealed values of a record.
    Seal,
    /// The nonces of seals.
    Nonce,
    /// The letters that name a recipient's share.
    ShareName,
    /// The name of a looked-up person in the log of acts.
    Subject,
}

impl Purpose {
    /// The context that keeps the keys of purposes apart.
    const fn context(self) -> &'static str {
        match self {
            Self::Pseudonym => "garim 2026-11 key of pseudonyms v1",
            Self::RecordId => "garim 2026-11 key of record ids v1",
            Self::Seal => "garim 2026-11 key of seals v1",
            Self::Nonce => "garim 2026-11 key of nonces v1",
            Self::ShareName => "garim 2026-11 name of a share's key v1",
            Self::Subject => "garim 2026-11 key of subjects v1",
        }
    }
}

/// The key of one purpose, from the same bytes in both algorithms: `len | epoch secret | len | tenant secret |
/// len | recipient`, lengths as `u32` little-endian; tenant and recipient are empty where there is none.
///
/// BLAKE3's `derive_key` takes them as its material; HKDF-SHA-256, with an empty salt, as its input keying material, and
/// the context as its info.
pub fn derive(algorithm: Algorithm, purpose: Purpose, secret: &Key, tenant: Option<&Key>, recipient: &str) -> Key {
    let tenant = tenant.map_or(&[][..], |key| key.expose());
    let lengths = [32, tenant.len() as u32, recipient.len() as u32].map(u32::to_le_bytes);
    let material = [&lengths[0][..], secret.expose(), &lengths[1], tenant, &lengths[2], recipient.as_bytes()];
    Key::filled(|bytes| match algorithm {
        Algorithm::Blake3 => {
            let mut hasher = blake3::Hasher::new_derive_key(purpose.context());
            for part in material {
                hasher.update(part);
            }
            let mut reader = hasher.finalize_xof();
            reader.fill(bytes);
            reader.zeroize();
            hasher.zeroize();
        }
        Algorithm::HmacSha256 => hmac::hkdf(&material, purpose.context().as_bytes(), bytes),
    })
}

/// The six letters that name the key of a recipient's share of a tier; they follow from the tier's secret and the
/// recipient's name, so nothing needs to be stored for them.
pub fn share_id(algorithm: Algorithm, secret: &Key, recipient: &str) -> [u8; 6] {
    let name = derive(algorithm, Purpose::ShareName, secret, None, recipient);
    std::array::from_fn(|place| b'a' + name.expose()[place] % 26)
}

/// Overwrites the part of this thread's stack that calls from here may have used.
///
/// Hash functions pass their state by value; where the compiler copies it, the copy stays behind on the stack. Called
/// once a batch, from the function in which all of them ran.
#[inline(never)]
pub fn wipe_stack() {
    let zeros = [0u64; STACK_WIPED_BYTES / 8];
    std::hint::black_box(&zeros);
}
