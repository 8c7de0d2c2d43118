//! The 64 bytes that are hashed for a value or a record.
//!
//! Value: version 1 | tag (4) | length (1) | up to 58 bytes of the canonical value | zeros. A longer value takes
//! version 2: the same head with length 32, then the keyed hash (by the tier's algorithm, under the same key) of
//! `version 2 | tag | length as u64 | value`.
//! Record: version 3 | tag (4) | length (1) | first 16 bytes of BLAKE3(topic) | partition u32 | offset u64 | line u32,
//! integers little-endian.

use super::prf::Prf;
use crate::limits::{FRAME_BYTES, FRAME_VALUE_BYTES};
use crate::record::Position;

/// Four bytes that separate sources and kinds: equal values of two of them have different tokens.
pub type Tag = [u8; 4];

/// The frame of a value that fits.
const VALUE: u8 = 1;
/// The frame of a value that is digested first.
const LONG_VALUE: u8 = 2;
/// The frame of a record.
const RECORD: u8 = 3;
/// First byte of the value in a frame.
const HEAD: usize = FRAME_BYTES - FRAME_VALUE_BYTES;

/// The tag of `kind` in `source`: the first four bytes of BLAKE3 over `"garim.frame.v1" | source | 0 | kind`.
pub fn tag(source: &str, kind: &str) -> Tag {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"garim.frame.v1").update(source.as_bytes()).update(&[0]).update(kind.as_bytes());
    let mut tag = [0; 4];
    tag.copy_from_slice(&hasher.finalize().as_bytes()[..4]);
    tag
}

/// Fills a zeroed frame with a canonical value; `key` is the one that will hash it.
#[inline]
pub fn fill_value(frame: &mut [u8; FRAME_BYTES], tag: Tag, value: &[u8], key: &Prf) {
    frame[1..5].copy_from_slice(&tag);
    if value.len() > FRAME_VALUE_BYTES {
        return fill_long_value(frame, tag, value, key);
    }
    frame[0] = VALUE;
    frame[5] = value.len() as u8;
    frame[HEAD..HEAD + value.len()].copy_from_slice(value);
}

fn fill_long_value(frame: &mut [u8; FRAME_BYTES], tag: Tag, value: &[u8], key: &Prf) {
    let hash = key.message(&[&[LONG_VALUE], &tag, &(value.len() as u64).to_le_bytes(), value]);
    frame[0] = LONG_VALUE;
    frame[5] = 32;
    frame[HEAD..HEAD + 32].copy_from_slice(&hash);
}

/// The first 16 bytes of BLAKE3 over a topic's name.
pub fn topic_digest(topic: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(topic.as_bytes()).as_bytes()[..16]);
    digest
}

/// Fills a zeroed frame with a record's place; `line` counts from 1 in `ndjson`, and is 0 where the record is one piece.
#[inline]
pub fn fill_record(frame: &mut [u8; FRAME_BYTES], tag: Tag, topic_digest: &[u8; 16], position: Position, line: u32) {
    frame[0] = RECORD;
    frame[1..5].copy_from_slice(&tag);
    frame[5] = 32;
    frame[6..22].copy_from_slice(topic_digest);
    frame[22..26].copy_from_slice(&position.partition.to_le_bytes());
    frame[26..34].copy_from_slice(&position.offset.to_le_bytes());
    frame[34..38].copy_from_slice(&line.to_le_bytes());
}
