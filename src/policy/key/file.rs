//! The bytes of a key file, written from the secret and read into it without another copy.

use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use super::KeyPlace;
use super::fault::Faults;
use super::name::hex;
use crate::pseudonym::epoch::Epoch;
use crate::secret::Key;

/// A key file: `garim`, a version byte, the six letters of its id, the first event time of its generation (milliseconds
/// since 1970, `i64::MIN` for the first), the secret, and a checksum over these and over the place, so that a file that
/// was moved to another day does not pass as that day's.
pub const KEY_FILE_BYTES: usize = FRONT + 32 + 16;

/// The version of key files and of the index; a newer one is refused, an older one is read.
pub const VERSION: u8 = 2;

const MAGIC: &[u8; 5] = b"garim";
/// What stands before the secret.
const FRONT: usize = 5 + 1 + 6 + 8;
/// The same in version 1, which had no generations.
const FRONT_1: usize = 5 + 1 + 6;
/// What a key derives for its public fingerprint; no other use of the secret shares it.
const FINGERPRINT_CONTEXT: &str = "garim 2026-11 key fingerprint v1";

/// A key as its file holds it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: [u8; 6],
    pub(super) from_ms: Option<i64>,
    pub(super) secret: Key,
}

/// Eight bytes in hex that tell two keys apart and say nothing of either.
pub(super) fn fingerprint(secret: &Key) -> String {
    let derived = derived(secret.expose());
    // The same way once more with nothing in it: what the hash left on the stack is written over.
    derived_again();
    hex(&derived)
}

#[inline(never)]
fn derived(secret: &[u8; 32]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new_derive_key(FINGERPRINT_CONTEXT);
    hasher.update(secret);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    hasher.zeroize();
    first
}

fn derived_again() {
    std::hint::black_box(derived(std::hint::black_box(&[0; 32])));
}

#[inline(never)]
fn checksum(parts: [&[u8]; 3]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut sum = [0; 16];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hasher.zeroize();
    sum
}

/// The checksum of a file at `place` that begins with `front`; `None` for a place that this version does not have.
fn sum(place: &KeyPlace, front: &[u8], version: u8) -> Option<[u8; 16]> {
    let blank = [0; KEY_FILE_BYTES];
    let sum = match (version, place) {
        (1, KeyPlace::Epoch { tier, epoch: Epoch::Day(day), generation: 1 }) => {
            let sum = checksum([front, &day.to_le_bytes(), tier.as_bytes()]);
            std::hint::black_box(checksum([&blank[..front.len()], &day.to_le_bytes(), tier.as_bytes()]));
            sum
        }
        (1, _) => return None,
        _ => {
            let place = place.to_string();
            let sum = checksum([front, place.as_bytes(), &[]]);
            std::hint::black_box(checksum([&blank[..front.len()], place.as_bytes(), &[]]));
            sum
        }
    };
    Some(sum)
}

/// The bytes of a key file.
pub(super) fn encode(place: &KeyPlace, id: [u8; 6], from_ms: Option<i64>, secret: &Key) -> Zeroizing<Vec<u8>> {
    // The room is taken at once: a buffer that grows would leave a copy of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES));
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&id);
    bytes.extend_from_slice(&from_ms.unwrap_or(i64::MIN).to_le_bytes());
    bytes.extend_from_slice(secret.expose());
    let sum = sum(place, &bytes, VERSION).expect("this version has every place");
    bytes.extend_from_slice(&sum);
    bytes
}

/// The key in a file at `place`, or a complaint.
pub(super) fn decode(place: &KeyPlace, bytes: &[u8], path: &Path, faults: &mut Faults) -> Option<Found> {
    const RESTORE: &str =
        "put the file of the store's mirror in its place; tokens of that epoch cannot be made without it";
    let version = if bytes.starts_with(MAGIC) { bytes.get(5).copied().unwrap_or_default() } else { VERSION };
    if version > VERSION {
        faults.newer(path, version);
        return None;
    }
    let front = if version == 1 { FRONT_1 } else { FRONT };
    let length = front + 32 + 16;
    if bytes.len() != length {
        faults.add(path, format!("{} bytes, and a key file has {length}", bytes.len()), RESTORE);
        return None;
    }
    let (body, end) = bytes.split_at(front + 32);
    let mut id = [0; 6];
    id.copy_from_slice(&body[6..12]);
    if sum(place, body, version).is_none_or(|sum| sum != end)
        || !body.starts_with(MAGIC)
        || version == 0
        || !id.iter().all(u8::is_ascii_lowercase)
    {
        faults.add(path, "damaged, or the key of another tier, epoch or tenant", RESTORE);
        return None;
    }
    let mut from = [0; 8];
    if version > 1 {
        from.copy_from_slice(&body[12..20]);
    }
    let from_ms = Some(i64::from_le_bytes(from)).filter(|&from_ms| version > 1 && from_ms != i64::MIN);
    Some(Found { id, from_ms, secret: Key::filled(|secret| secret.copy_from_slice(&body[front..])) })
}
