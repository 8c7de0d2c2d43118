//! Every entry against its tile, every tile against the one above, and the root against the checkpoint.

use super::super::AuditFault;
use super::super::checkpoint::Checkpoint;
use super::super::disk::{Disk as _, Host};
use super::super::file::ACTS;
use super::super::merkle::{self, Hash};
use super::super::read::{entries_end, find, read_hashes, root_of_edge};
use super::super::tile::{self, Row, Tile, WIDTH};
use super::{Each, Report};

/// What of a log was not looked at.
pub(super) struct Seen {
    /// Entries at the beginning whose bundles are not there.
    pub(super) unread: u64,
    /// Entries after the checkpoint.
    pub(super) after: u64,
}

struct Check<'a> {
    host: &'a Host,
    log: &'static str,
    size: u64,
    root: Hash,
    report: &'a mut Report,
}

/// Checks the tree of a checkpoint, and gives each entry that can be read to `each`.
pub(super) fn check(
    host: &Host,
    log: &'static str,
    checkpoint: &Checkpoint,
    report: &mut Report,
    each: Each<'_>,
) -> Seen {
    let mut check = Check { host, log, size: checkpoint.size, root: checkpoint.root, report };
    let (mut edges, mut below, unread) = check.entries(each);
    for level in 1.. {
        let count = check.size >> (8 * level);
        if count == 0 {
            break;
        }
        let (edge, roots) = check.level(level, count, &below);
        edges.push(edge);
        below = roots;
    }
    let whole: Option<Vec<Vec<Hash>>> = edges.into_iter().collect();
    // A tile of the edge that cannot be read has been told.
    if whole.is_some_and(|edges| root_of_edge(edges.iter().map(Vec::as_slice)) != check.root) {
        check.broken("checkpoint", &format!("its root is not that of the {} entries", check.size));
    }
    let after = entries_end(host, check.size).unwrap_or(check.size) - check.size;
    Seen { unread, after }
}

/// The roots of full tiles of a level; `None` where one cannot be read.
type Roots = Vec<Option<Hash>>;

impl Check<'_> {
    fn broken(&mut self, path: &str, what: &str) {
        let path = self.host.place().join(path);
        self.report.faults.push(AuditFault::broken(path.display(), what));
    }

    fn tile(&self, row: Row, index: u64, count: u64) -> Tile {
        Tile { row, index, width: WIDTH.min(count - index * WIDTH) }
    }

    /// Level 0 and the entries: the hashes at the edge, the roots of full tiles, and how many entries were dropped.
    fn entries(&mut self, each: Each<'_>) -> (Vec<Option<Vec<Hash>>>, Roots, u64) {
        let (mut edge, mut roots, mut unread, mut read) = (Some(Vec::new()), Vec::new(), 0, false);
        for index in 0..self.size.div_ceil(WIDTH) {
            let tile = self.tile(Row::Hashes(0), index, self.size);
            let hashes = read_hashes(self.host, tile).map_err(|fault| self.report.faults.push(fault)).ok();
            let hashes = match self.bundle(tile) {
                Some(bytes) => {
                    read = true;
                    self.compare(tile, hashes, &bytes, each)
                }
                // Only windows expire, and only the first of them.
                None if !read && self.log != ACTS => {
                    unread += tile.width;
                    hashes
                }
                None => {
                    let path = Tile { row: Row::Entries, ..tile }.to_string();
                    let last = index * WIDTH + tile.width - 1;
                    self.broken(&path, &format!("missing: entries {} to {last} are gone", index * WIDTH));
                    hashes
                }
            };
            match tile.width {
                WIDTH => roots.push(hashes.map(|hashes| merkle::root_of(&hashes))),
                _ => edge = hashes,
            }
        }
        if unread > 0 && !read {
            self.broken("tile/entries", "no entry can be read");
        }
        (vec![edge], roots, unread)
    }

    fn bundle(&mut self, tile: Tile) -> Option<Vec<u8>> {
        match find(self.host, Tile { row: Row::Entries, ..tile }) {
            Ok(found) => found.map(|(_, bytes)| bytes),
            Err(fault) => {
                self.report.faults.push(fault);
                None
            }
        }
    }

    /// A bundle against its tile; the hashes that are to be believed.
    fn compare(&mut self, tile: Tile, hashes: Option<Vec<Hash>>, bytes: &[u8], each: Each<'_>) -> Option<Vec<Hash>> {
        let (bundle, start) = (Tile { row: Row::Entries, ..tile }, tile.index * WIDTH);
        let Some(mut entries) = tile::entries(bytes) else {
            self.broken(&bundle.to_string(), "damaged, or cut off");
            return hashes;
        };
        entries.truncate(tile.width as usize);
        let own: Vec<Hash> = entries.iter().map(|entry| merkle::leaf(entry)).collect();
        let hashes = hashes.map(|hashes| self.judge(tile, hashes, own));
        for (entry, index) in entries.into_iter().zip(start..) {
            each(index, entry, self.report);
        }
        hashes
    }

    /// Where entries and tile differ, the hash above says which of them was changed.
    fn judge(&mut self, tile: Tile, hashes: Vec<Hash>, own: Vec<Hash>) -> Vec<Hash> {
        if hashes == own {
            return hashes;
        }
        let (bundle, start) = (Tile { row: Row::Entries, ..tile }.to_string(), tile.index * WIDTH);
        if !self.fits(tile, &hashes) && self.fits(tile, &own) {
            let last = start + tile.width - 1;
            self.broken(&tile.to_string(), &format!("not the hashes of entries {start} to {last}: changed or swapped"));
            return own;
        }
        let differs = |at: usize| hashes.get(at) != own.get(at);
        if own.len() != hashes.len() {
            let first = (0..hashes.len()).find(|&at| differs(at)).map_or(start, |at| start + at as u64);
            let what = format!(
                "{} entries, and {tile} has {}: entries were removed or added, entry {first} is the first that differs",
                own.len(),
                hashes.len()
            );
            self.broken(&bundle, &what);
            return hashes;
        }
        if hashes.len() > 1 && (0..hashes.len()).all(differs) {
            let what = format!("none of its entries is the one in {tile}: changed or swapped");
            self.broken(&bundle, &what);
            return hashes;
        }
        for at in (0..hashes.len()).filter(|&at| differs(at)) {
            let what = format!("entry {} was changed: its hash is not the one in {tile}", start + at as u64);
            self.broken(&bundle, &what);
        }
        hashes
    }

    /// Whether these would be the hashes of a tile of level 0, by what stands above it.
    fn fits(&self, tile: Tile, hashes: &[Hash]) -> bool {
        if hashes.len() as u64 != tile.width {
            return false;
        }
        if tile.width == WIDTH {
            let above = self.tile(Row::Hashes(1), tile.index / WIDTH, self.size / WIDTH);
            let above = read_hashes(self.host, above).ok();
            return above.is_some_and(|above| above[(tile.index % WIDTH) as usize] == merkle::root_of(hashes));
        }
        let mut edges = vec![hashes.to_vec()];
        for level in 1.. {
            let count = self.size >> (8 * level);
            if count == 0 {
                return root_of_edge(edges.iter().map(Vec::as_slice)) == self.root;
            }
            let edge = match count % WIDTH {
                0 => Some(Vec::new()),
                _ => read_hashes(self.host, self.tile(Row::Hashes(level), count / WIDTH, count)).ok(),
            };
            match edge {
                Some(edge) => edges.push(edge),
                None => return false,
            }
        }
        false
    }

    /// A level above 0 against the one below.
    fn level(&mut self, level: u32, count: u64, below: &Roots) -> (Option<Vec<Hash>>, Roots) {
        let (mut edge, mut roots) = (Some(Vec::new()), Vec::new());
        for index in 0..count.div_ceil(WIDTH) {
            let tile = self.tile(Row::Hashes(level), index, count);
            let hashes = read_hashes(self.host, tile).map_err(|fault| self.report.faults.push(fault)).ok();
            for (at, hash) in hashes.iter().flatten().enumerate() {
                let child = index * WIDTH + at as u64;
                if below[child as usize].is_some_and(|root| root != *hash) {
                    let lower = Tile { row: Row::Hashes(level - 1), index: child, width: WIDTH };
                    self.broken(&tile.to_string(), &format!("hash {at} is not the root of {lower}: one was changed"));
                }
            }
            match tile.width {
                WIDTH => roots.push(hashes.map(|hashes| merkle::root_of(&hashes))),
                _ => edge = hashes,
            }
        }
        (edge, roots)
    }
}
