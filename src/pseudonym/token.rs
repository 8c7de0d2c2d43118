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
    // Apart first, then in turn: the compiler makes vector instructions of both loops.
    let (mut high, mut low) = ([0u8; LETTERS / 2], [0u8; LETTERS / 2]);
    for place in 0..LETTERS / 2 {
        high[place] = b'a' + (hash[place] >> 4);
        low[place] = b'a' + (hash[place] & 15);
    }
    let out: &mut [u8; LETTERS] = out.first_chunk_mut().expect("a token has room for its letters");
    for place in 0..LETTERS / 2 {
        out[2 * place] = high[place];
        out[2 * place + 1] = low[place];
    }
}
