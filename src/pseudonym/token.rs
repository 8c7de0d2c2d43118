//! The written form of a token: letters only, one length.

use crate::limits::TOKEN_BYTES;

/// Letters of one token's value: 128 bits, four a letter.
pub const LETTERS: usize = 32;

/// Bytes in front of the letters: two of the kind, six of the key, two underscores.
pub const HEAD: usize = TOKEN_BYTES - LETTERS;

/// A token of which the letters are not known yet.
#[inline]
pub fn blank(kind: [u8; 2], key: [u8; 6]) -> [u8; TOKEN_BYTES] {
    let mut token = [b'?'; TOKEN_BYTES];
    token[..2].copy_from_slice(&kind);
    token[2] = b'_';
    token[3..9].copy_from_slice(&key);
    token[9] = b'_';
    token
}

/// Writes the first 128 bits of a hash as letters `a` to `p`.
#[inline]
pub fn letters(hash: &[u8; 32], out: &mut [u8]) {
    for (pair, byte) in out[..LETTERS].as_chunks_mut::<2>().0.iter_mut().zip(hash) {
        *pair = [b'a' + (byte >> 4), b'a' + (byte & 15)];
    }
}
