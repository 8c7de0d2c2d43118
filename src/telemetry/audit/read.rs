//! Reads tiles and bundles of a log's folder.

use super::AuditFault;
use super::disk::Disk;
use super::merkle::{self, Hash, Nodes};
use super::tile::{self, Row, Tile, WIDTH};

/// The root of a tree by the hashes at its right edge, from level 0 up.
pub fn root_of_edge<'a>(edges: impl Iterator<Item = &'a [Hash]>) -> Hash {
    let mut smaller: Option<Hash> = None;
    for edge in edges {
        let mut hashes = edge.to_vec();
        hashes.extend(smaller);
        if !hashes.is_empty() {
            smaller = Some(merkle::root_of(&hashes));
        }
    }
    smaller.unwrap_or_else(|| merkle::root_of(&[]))
}

/// Tiles of a folder, as a source of hashes for proofs in its tree of `size` entries.
pub struct Tiles<'a> {
    disk: &'a dyn Disk,
    size: u64,
    /// By level, the tile that was read last.
    last: Vec<Option<(u64, Vec<Hash>)>>,
}

impl<'a> Tiles<'a> {
    /// Of the first `size` entries.
    pub fn new(disk: &'a dyn Disk, size: u64) -> Self {
        Self { disk, size, last: Vec::new() }
    }
}

impl Nodes for Tiles<'_> {
    type Error = AuditFault;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, AuditFault> {
        let (level, up) = (height / 8, height % 8);
        let first = index << up;
        let (tile, at) = (first / WIDTH, (first % WIDTH) as usize);
        let slot = level as usize;
        if self.last.len() <= slot {
            self.last.resize(slot + 1, None);
        }
        if self.last[slot].as_ref().is_none_or(|(index, _)| *index != tile) {
            let width = WIDTH.min((self.size >> (8 * level)) - tile * WIDTH);
            let hashes = read_hashes(self.disk, Tile { row: Row::Hashes(level), index: tile, width })?;
            self.last[slot] = Some((tile, hashes));
        }
        let hashes = self.last[slot].as_ref().map_or(&[][..], |(_, hashes)| hashes);
        Ok(merkle::root_of(&hashes[at..at + (1 << up)]))
    }
}

/// The hashes of a tile.
///
/// # Errors
/// When it is missing, or has another length; the message names the file.
pub fn read_hashes(disk: &dyn Disk, tile: Tile) -> Result<Vec<Hash>, AuditFault> {
    let (found, bytes) = find(disk, tile)?.ok_or_else(|| broken(disk, tile, "missing"))?;
    let hashes = tile::hashes(&bytes).filter(|hashes| hashes.len() as u64 == found.width);
    let mut hashes = hashes.ok_or_else(|| broken(disk, found, "damaged, or cut off"))?;
    hashes.truncate(tile.width as usize);
    Ok(hashes)
}

/// A tile or bundle of at least this width: that very one, else the full one, else the widest; `None` where there is none.
///
/// # Errors
/// When the folder cannot be read.
pub fn find(disk: &dyn Disk, tile: Tile) -> Result<Option<(Tile, Vec<u8>)>, AuditFault> {
    if let Some(bytes) = read(disk, tile)? {
        return Ok(Some((tile, bytes)));
    }
    Ok(newest(disk, tile)?.filter(|(found, _)| found.width > tile.width))
}

/// Where the bundles end; `from` is a size that the log surely has.
///
/// # Errors
/// When the folder cannot be read.
pub fn entries_end(disk: &dyn Disk, from: u64) -> Result<u64, AuditFault> {
    let (mut end, mut index) = (from, from / WIDTH);
    while let Some((tile, _)) = newest(disk, Tile { row: Row::Entries, index, width: WIDTH })? {
        end = end.max(index * WIDTH + tile.width);
        if tile.width < WIDTH {
            break;
        }
        index += 1;
    }
    Ok(end)
}

/// What is done with an entry: its index and bytes.
pub type Entries<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<(), AuditFault>;

/// Gives the entries from `from` to before `size` to `each`, with their indexes.
///
/// # Errors
/// When a bundle is missing or damaged, and those of `each`.
pub fn read_entries(disk: &dyn Disk, from: u64, size: u64, each: Entries<'_>) -> Result<(), AuditFault> {
    let mut at = from;
    while at < size {
        let start = at - at % WIDTH;
        let tile = Tile { row: Row::Entries, index: at / WIDTH, width: WIDTH.min(size - start) };
        let (found, bytes) = find(disk, tile)?.ok_or_else(|| broken(disk, tile, "missing"))?;
        let entries = tile::entries(&bytes).filter(|entries| entries.len() as u64 == found.width);
        let entries = entries.ok_or_else(|| broken(disk, found, "damaged, or cut off"))?;
        for (entry, index) in entries.iter().zip(start..start + tile.width).skip((at - start) as usize) {
            each(index, entry)?;
        }
        at = start + tile.width;
    }
    Ok(())
}

/// The full tile at a place, else the widest partial one.
pub(super) fn newest(disk: &dyn Disk, tile: Tile) -> Result<Option<(Tile, Vec<u8>)>, AuditFault> {
    if let Some(bytes) = read(disk, tile.full())? {
        return Ok(Some((tile.full(), bytes)));
    }
    let folder = tile.partials();
    let names = disk.names(&folder).map_err(|error| AuditFault::io(&disk.place().join(&folder), "list", &error))?;
    let widths = names.iter().filter_map(|name| name.parse().ok().filter(|width: &u64| width.to_string() == *name));
    let Some(width) = widths.filter(|width| (1..WIDTH).contains(width)).max() else { return Ok(None) };
    let tile = Tile { width, ..tile };
    Ok(read(disk, tile)?.map(|bytes| (tile, bytes)))
}

/// Full tiles of a row, which has no gaps: their number is found by halves.
pub(super) fn full_tiles(disk: &dyn Disk, row: Row) -> Result<u64, AuditFault> {
    let there = |index| Ok(read(disk, Tile { row, index, width: WIDTH })?.is_some());
    let mut above = 1;
    while there(above - 1)? {
        above *= 2;
    }
    let (mut low, mut high) = (above / 2, above - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if there(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn read(disk: &dyn Disk, tile: Tile) -> Result<Option<Vec<u8>>, AuditFault> {
    let path = tile.to_string();
    disk.read(&path).map_err(|error| AuditFault::io(&disk.place().join(&path), "read", &error))
}

pub(super) fn broken(disk: &dyn Disk, tile: Tile, what: &str) -> AuditFault {
    AuditFault::broken(disk.place().join(tile.to_string()).display(), what)
}
