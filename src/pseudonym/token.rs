//! The written form of a token: letters only, one length.

/// Letters of one token's value: 128 bits, four a letter.
pub const LETTERS: usize = 32;

/// Writes the first 128 bits of a hash as letters `a` to `p`.
#[inline]
pub fn letters(hash: &[u8; 32], out: &mut [u8]) {
    for (pair, byte) in out[..LETTERS].as_chunks_mut::<2>().0.iter_mut().zip(hash) {
        *pair = [b'a' + (byte >> 4), b'a' + (byte & 15)];
    }
}
