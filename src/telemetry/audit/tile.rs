//! The C2SP `tlog-tiles` layout: the path of a tile, its hashes, and bundles of entries.

use std::fmt;

use super::merkle::Hash;

/// Hashes of a full tile, and entries of a full bundle.
pub const WIDTH: u64 = 256;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Entries.
    Entries,
    /// Hashes of subtrees of `256^level` entries; level 0 are the leaves'.
    Hashes(u32),
}

/// One file of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub row: Row,
    /// Its index in the row.
    pub index: u64,
    /// How many, 1 to 256; a full tile has another path than a partial one.
    pub width: u64,
}

impl Tile {
    /// The path of the full tile at this place: `tile/0/x001/x234/067`.
    pub fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }

    /// The folder of the partial tiles at this place: `tile/0/x001/x234/067.p`.
    pub fn partials(self) -> String {
        format!("{}.p", self.full())
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Row::Entries => f.write_str("tile/entries")?,
            Row::Hashes(level) => write!(f, "tile/{level}")?,
        }
        let mut parts = vec![self.index % 1_000];
        let mut rest = self.index / 1_000;
        while rest > 0 {
            parts.push(rest % 1_000);
            rest /= 1_000;
        }
        for part in parts.iter().skip(1).rev() {
            write!(f, "/x{part:03}")?;
        }
        write!(f, "/{:03}", parts[0])?;
        if self.width < WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// The hashes of a tile file; `None` unless it is whole hashes, 1 to 256.
pub fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && !hashes.is_empty() && hashes.len() as u64 <= WIDTH).then(|| hashes.to_vec())
}

/// Puts an entry at the end of a bundle. It has at most `ENTRY_BYTES_MAX` bytes.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let bytes = u16::try_from(entry.len()).expect("the length of an entry was checked");
    bundle.extend_from_slice(&bytes.to_be_bytes());
    bundle.extend_from_slice(entry);
}

/// The entries of a bundle; `None` when it is cut off, or holds none or more than 256.
pub fn entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    (!entries.is_empty() && entries.len() as u64 <= WIDTH).then_some(entries)
}
