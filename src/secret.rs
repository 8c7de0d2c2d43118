//! Bytes that cannot print themselves: payload slices and keys.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroize;

/// One key on a cache line of its own. It lies on the heap, so that moving a [`Key`] copies a pointer, not the secret.
#[repr(align(64))]
struct Cell([u8; 32]);

/// A 256-bit key. Its page is kept out of swap where the system allows it; wiped when dropped; prints nothing of itself.
pub struct Key(Box<Cell>);

impl Key {
    /// A copy of these 32 bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self::filled(|cell| cell.copy_from_slice(bytes))
    }

    /// A key that is written where it will lie, so that no other copy of it is made on the way.
    pub fn filled(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut cell = Box::new(Cell([0; 32]));
        lock(&cell);
        fill(&mut cell.0);
        Self(cell)
    }

    /// The key itself, for the hash that uses it.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0.0
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        Self::new(self.expose())
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(32 bytes)")
    }
}

/// Pages that hold or held keys. A page stays locked: it is where the next key will lie.
static LOCKED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
static REFUSED: AtomicBool = AtomicBool::new(false);

fn lock(cell: &Cell) {
    let page = std::ptr::from_ref(cell).addr() / region::page::size();
    let mut locked = LOCKED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if locked.insert(page) {
        match region::lock(cell, size_of::<Cell>()) {
            Ok(guard) => std::mem::forget(guard),
            Err(_) => REFUSED.store(true, Ordering::Relaxed),
        }
    }
}

/// Whether the system refused to keep some key out of swap (`RLIMIT_MEMLOCK` is used up).
pub fn swappable() -> bool {
    REFUSED.load(Ordering::Relaxed)
}

/// A piece of a payload; its `Debug` form is its length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Plain<'a>(pub &'a [u8]);

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({} bytes)", self.0.len())
    }
}
