//! Bytes that cannot print themselves: payload slices and keys.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 256-bit key. Wiped when dropped; prints nothing of itself.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 bytes as a key.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key itself, for the hash that uses it.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(32 bytes)")
    }
}

/// A piece of a payload; its `Debug` form is its length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Plain<'a>(pub &'a [u8]);

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({} bytes)", self.0.len())
    }
}
