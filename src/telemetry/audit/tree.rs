//! A log on disk: a Merkle tree in tiles that only grows, whole after every interruption.
//!
//! ```text
//! acts/                0755
//!   lock               held by the one writer
//!   checkpoint         size and root, signed
//!   tile/entries/...   bundles of 256 entries, and the partial ones of the right edge
//!   tile/0/...         hashes of entries; tile/1/... hashes of full tiles, and so on
//! ```
//! An append writes bundles first, then the tiles from level 0 up; every file appears under its name when it is whole and
//! durable. What was interrupted is finished from the bundles at the next open.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::AuditFault;
use super::checkpoint::{self, Checkpoint, Signer};
use super::disk::{Disk, Host};
use super::entry::ENTRY_BYTES_MAX;
use super::merkle::{self, Hash};
use super::read::{Tiles, broken, find, full_tiles, newest, read_hashes, root_of_edge};
use super::tile::{self, Row, Tile, WIDTH};

/// The file with the newest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// How long entries may lie without a checkpoint over them while others come, in milliseconds.
pub const CHECKPOINT_MS: i64 = 60_000;

/// One level of tiles.
#[derive(Debug, Default)]
struct Level {
    /// Full tiles.
    full: u64,
    /// The hashes of the partial tile at the right edge; 0 to 255.
    edge: Vec<Hash>,
}

/// A log that one process appends to.
pub struct Tree {
    disk: Box<dyn Disk>,
    origin: String,
    signer: Option<Signer>,
    size: u64,
    levels: Vec<Level>,
    /// The partial bundle at the right edge.
    bundle: Vec<u8>,
    /// Entries under the newest checkpoint, if there is one, and when this process made it.
    signed: Option<(u64, i64)>,
    /// Whether an append failed halfway, so that the folder may hold more than this does.
    torn: bool,
    /// Folders that surely exist.
    folders: HashSet<String>,
}

impl Tree {
    /// Opens the log in `dir`, made where there is none, and finishes what an interrupted append left. `origin` names the
    /// log in its checkpoints, which are unsigned without a signer.
    ///
    /// # Errors
    /// [`AuditFault::Busy`] while another process has it; [`AuditFault::Broken`] when the log is not whole, is shorter than
    /// its checkpoint says, or another log; [`AuditFault::Io`].
    pub fn open(dir: &Path, origin: &str, signer: Option<Signer>) -> Result<Self, AuditFault> {
        Self::open_on(Box::new(Host::hold(dir)?), origin, signer)
    }

    /// As [`Tree::open`], on a disk that is already held.
    ///
    /// # Errors
    /// As there.
    pub fn open_on(disk: Box<dyn Disk>, origin: &str, signer: Option<Signer>) -> Result<Self, AuditFault> {
        if origin.is_empty() || origin.contains(char::is_control) {
            return Err(AuditFault::broken(disk.place().display(), "a log needs a name of one line"));
        }
        let mut tree = Self {
            disk,
            origin: origin.to_owned(),
            signer,
            size: 0,
            levels: Vec::new(),
            bundle: Vec::new(),
            signed: None,
            torn: false,
            folders: HashSet::new(),
        };
        tree.load()?;
        Ok(tree)
    }

    /// Entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all entries.
    pub fn root(&self) -> Hash {
        root_of_edge(self.levels.iter().map(|level| &*level.edge))
    }

    /// Who signs its checkpoints, if anybody does.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// Appends entries and waits until they are durable. An interrupted or failed append leaves some of the first of them,
    /// or none: after an error ask [`Tree::size`] only after the next append or open that goes well.
    ///
    /// # Errors
    /// When an entry is longer than `ENTRY_BYTES_MAX`, or the folder cannot be written.
    pub fn append(&mut self, entries: &[&[u8]]) -> Result<(), AuditFault> {
        if let Some(long) = entries.iter().find(|entry| entry.len() > ENTRY_BYTES_MAX) {
            let what = format!("an entry of {} bytes, and at most {ENTRY_BYTES_MAX} fit", long.len());
            return Err(AuditFault::broken(self.disk.place().display(), what));
        }
        if self.torn {
            self.load()?;
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.torn = true;
        self.put_bundles(entries)?;
        let mut hashes: Vec<Hash> = entries.iter().map(|entry| merkle::leaf(entry)).collect();
        for level in 0.. {
            hashes = self.extend(level, &hashes)?;
            if hashes.is_empty() {
                break;
            }
        }
        let size = self.size + entries.len() as u64;
        self.drop_partial(Row::Entries, self.size, size);
        self.size = size;
        self.torn = false;
        Ok(())
    }

    /// Writes a checkpoint over all entries, when there is none over them yet and the last one was made
    /// [`CHECKPOINT_MS`] ago or by another process. `now_ms` is the time in milliseconds since 1970.
    /// Whether it did.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn sign_checkpoint(&mut self, now_ms: i64) -> Result<bool, AuditFault> {
        let due = self.signed.is_none_or(|(_, at_ms)| !(0..CHECKPOINT_MS).contains(&now_ms.saturating_sub(at_ms)));
        if due { self.sign_checkpoint_now(now_ms) } else { Ok(false) }
    }

    /// Writes a checkpoint over all entries, when there is none over them yet. Whether it did.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn sign_checkpoint_now(&mut self, now_ms: i64) -> Result<bool, AuditFault> {
        if self.torn {
            self.load()?;
        }
        if self.signed.is_some_and(|(size, _)| size == self.size) {
            return Ok(false);
        }
        let root = self.root();
        let text = match &self.signer {
            Some(signer) => signer.sign(&self.origin, self.size, &root),
            None => format!("{}\n", checkpoint::body(&self.origin, self.size, &root)),
        };
        self.put(CHECKPOINT, text.as_bytes())?;
        self.signed = Some((self.size, now_ms));
        Ok(true)
    }

    /// The newest checkpoint as it stands in its file; `None` where there is none yet.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn checkpoint(&self) -> Result<Option<String>, AuditFault> {
        let bytes = self.disk.read(CHECKPOINT).map_err(|error| self.io(CHECKPOINT, "read", &error))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// An entry; `None` where the log ends before it, or its bundle was dropped.
    ///
    /// # Errors
    /// When the folder cannot be read, or its bundle is damaged.
    pub fn entry(&self, index: u64) -> Result<Option<Vec<u8>>, AuditFault> {
        if index >= self.size {
            return Ok(None);
        }
        let (at, start) = ((index % WIDTH) as usize, index - index % WIDTH);
        let tile = Tile { row: Row::Entries, index: index / WIDTH, width: WIDTH.min(self.size - start) };
        let Some((tile, bytes)) = find(&*self.disk, tile)? else { return Ok(None) };
        let entry = tile::entries(&bytes).and_then(|entries| entries.get(at).map(|entry| entry.to_vec()));
        entry.map(Some).ok_or_else(|| self.broken(tile, "damaged, or cut off"))
    }

    /// The proof that entry `index` is in the tree of the first `size` entries, `index < size <= self.size()`.
    ///
    /// # Errors
    /// When a tile cannot be read.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, AuditFault> {
        merkle::inclusion(index, size, &mut Tiles::new(&*self.disk, self.size))
    }

    /// The proof that the first `old` entries are the beginning of the first `new`, `old <= new <= self.size()`.
    ///
    /// # Errors
    /// When a tile cannot be read.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, AuditFault> {
        merkle::consistency(old, new, &mut Tiles::new(&*self.disk, self.size))
    }

    /// The root over the first `size` entries, `size <= self.size()`.
    ///
    /// # Errors
    /// When a tile cannot be read.
    pub fn root_at(&self, size: u64) -> Result<Hash, AuditFault> {
        merkle::root(size, &mut Tiles::new(&*self.disk, self.size))
    }

    /// Reads the right edge from the folder, and writes the tiles that an interrupted append did not come to.
    fn load(&mut self) -> Result<(), AuditFault> {
        self.torn = true;
        self.levels = Vec::new();
        let checkpoint = self.load_checkpoint()?;
        self.load_entries()?;
        for level in 1.. {
            let count = self.size >> (8 * level);
            if count == 0 {
                break;
            }
            let have = self.load_edge(level, count)?;
            for index in have..count {
                let lower = Tile { row: Row::Hashes(level - 1), index, width: WIDTH };
                let hashes = read_hashes(&*self.disk, lower)?;
                self.extend(level, &[merkle::root_of(&hashes)])?;
            }
        }
        if let Some(checkpoint) = checkpoint {
            self.judge(&checkpoint)?;
        }
        self.torn = false;
        Ok(())
    }

    /// Entries and their hashes: bundles are written first, so they are never behind.
    fn load_entries(&mut self) -> Result<(), AuditFault> {
        let hashed = self.load_edge(0, u64::MAX)?;
        let mut known = self.level(0).edge.clone();
        let mut index = hashed / WIDTH;
        self.bundle = Vec::new();
        while let Some((tile, bytes)) = newest(&*self.disk, Tile { row: Row::Entries, index, width: WIDTH })? {
            let entries = tile::entries(&bytes).filter(|entries| entries.len() as u64 == tile.width);
            let hashes: Option<Vec<Hash>> = entries.map(|entries| entries.into_iter().map(merkle::leaf).collect());
            let hashes = hashes.ok_or_else(|| self.broken(tile, "damaged, or cut off"))?;
            if !hashes.starts_with(&known) {
                let what = "its entries are not those of tile/0; `garim audit verify` tells which";
                return Err(self.broken(tile, what));
            }
            self.settle(&tile.to_string())?;
            self.extend(0, &hashes[known.len()..])?;
            known.clear();
            if tile.width < WIDTH {
                self.size = index * WIDTH + tile.width;
                self.bundle = bytes;
                return Ok(());
            }
            self.drop_folder(tile);
            index += 1;
        }
        self.size = index * WIDTH;
        if known.is_empty() {
            return Ok(());
        }
        let tile = Tile { row: Row::Entries, index, width: known.len() as u64 };
        Err(self.broken(tile, "missing, and tile/0 has the hashes of its entries"))
    }

    /// Fills the edge of a level from the folder; how many hashes the level has there. More than `most` is a fault.
    fn load_edge(&mut self, level: u32, most: u64) -> Result<u64, AuditFault> {
        let row = Row::Hashes(level);
        let full = full_tiles(&*self.disk, row)?;
        let tile = Tile { row, index: full, width: WIDTH };
        let mut edge = Vec::new();
        if let Some((partial, bytes)) = newest(&*self.disk, tile)? {
            let hashes = tile::hashes(&bytes).filter(|hashes| hashes.len() as u64 == partial.width);
            edge = hashes.ok_or_else(|| self.broken(partial, "damaged, or cut off"))?;
        }
        if let Some(last) = full.checked_sub(1) {
            self.drop_folder(Tile { row, index: last, width: WIDTH });
        }
        let have = full * WIDTH + edge.len() as u64;
        if have > most {
            return Err(self.broken(tile, &format!("{have} hashes at level {level}, and the entries make {most}")));
        }
        *self.level(level) = Level { full, edge };
        Ok(have)
    }

    fn load_checkpoint(&mut self) -> Result<Option<Checkpoint>, AuditFault> {
        self.signed = None;
        let Some(text) = self.checkpoint()? else { return Ok(None) };
        let place = self.disk.place().join(CHECKPOINT).display().to_string();
        let checkpoint = Checkpoint::read_all(&text, &place)?.pop().filter(|found| found.origin == self.origin);
        let Some(checkpoint) = checkpoint else {
            return Err(AuditFault::broken(place, format!("of another log than `{}`", self.origin)));
        };
        // When it was made is not known, so the next one is due at once.
        self.signed = Some((checkpoint.size, i64::MIN));
        Ok(Some(checkpoint))
    }

    /// Whether the checkpoint speaks of a beginning of this log.
    fn judge(&self, checkpoint: &Checkpoint) -> Result<(), AuditFault> {
        let size = checkpoint.size;
        let what = if size > self.size {
            format!("over {size} entries, and the log has {}: the log was cut", self.size)
        } else if self.root_at(size)? != checkpoint.root {
            format!("its root is not that of the first {size} entries: the log was changed")
        } else {
            return Ok(());
        };
        Err(AuditFault::broken(self.disk.place().join(CHECKPOINT).display(), what))
    }

    fn put_bundles(&mut self, entries: &[&[u8]]) -> Result<(), AuditFault> {
        let (mut index, mut width) = (self.size / WIDTH, self.size % WIDTH);
        for entry in entries {
            tile::push_entry(&mut self.bundle, entry);
            width += 1;
            if width == WIDTH {
                let bytes = std::mem::take(&mut self.bundle);
                self.put_tile(Tile { row: Row::Entries, index, width }, &bytes)?;
                (index, width) = (index + 1, 0);
            }
        }
        if width > 0 {
            let bytes = std::mem::take(&mut self.bundle);
            self.put_tile(Tile { row: Row::Entries, index, width }, &bytes)?;
            self.bundle = bytes;
        }
        Ok(())
    }

    /// Adds hashes to a level and writes its tiles; the roots of those that became full.
    fn extend(&mut self, level: u32, hashes: &[Hash]) -> Result<Vec<Hash>, AuditFault> {
        let row = Row::Hashes(level);
        let Level { full, edge } = std::mem::take(self.level(level));
        let (mut index, mut edge, before) = (full, edge, full * WIDTH);
        let before = before + edge.len() as u64;
        let mut roots = Vec::new();
        for hash in hashes {
            edge.push(*hash);
            if edge.len() as u64 == WIDTH {
                self.put_tile(Tile { row, index, width: WIDTH }, edge.as_flattened())?;
                roots.push(merkle::root_of(&edge));
                edge.clear();
                index += 1;
            }
        }
        if !edge.is_empty() && !hashes.is_empty() {
            self.put_tile(Tile { row, index, width: edge.len() as u64 }, edge.as_flattened())?;
        }
        self.drop_partial(row, before, index * WIDTH + edge.len() as u64);
        *self.level(level) = Level { full: index, edge };
        Ok(roots)
    }

    fn level(&mut self, level: u32) -> &mut Level {
        let level = level as usize;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Level::default);
        }
        &mut self.levels[level]
    }

    fn put_tile(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), AuditFault> {
        self.put(&tile.to_string(), bytes)?;
        if tile.width == WIDTH {
            self.drop_folder(tile);
        }
        Ok(())
    }

    /// Writes a file so that its name never stands for less than all of it, and waits until it is durable.
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), AuditFault> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.make_folders(folder)?;
        let slash = if folder.is_empty() { "" } else { "/" };
        let passing = format!("{folder}{slash}.{name}.new");
        self.disk.write(&passing, bytes).map_err(|error| self.io(path, "write", &error))?;
        self.disk.sync(&passing).map_err(|error| self.io(path, "sync", &error))?;
        self.disk.rename(&passing, path).map_err(|error| self.io(path, "name", &error))?;
        self.settle(path)
    }

    /// Waits until the name of a file is durable; also for one that is there because its writer came no further.
    fn settle(&mut self, path: &str) -> Result<(), AuditFault> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.disk.sync_folder(folder).map_err(|error| self.io(folder, "sync", &error))
    }

    fn make_folders(&mut self, folder: &str) -> Result<(), AuditFault> {
        if folder.is_empty() || self.folders.contains(folder) {
            return Ok(());
        }
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.make_folders(parent)?;
        self.disk.make_folder(folder).map_err(|error| self.io(folder, "make the folder", &error))?;
        self.disk.sync_folder(parent).map_err(|error| self.io(parent, "sync", &error))?;
        self.folders.insert(folder.to_owned());
        Ok(())
    }

    /// Removes the partial tile that ended at `before`, now that there is one that ends at `after`; one that a checkpoint
    /// needs stays until the full tile is there. What cannot be removed does no harm.
    fn drop_partial(&mut self, row: Row, before: u64, after: u64) {
        let level = if let Row::Hashes(level) = row { level } else { 0 };
        let signed = self.signed.is_some_and(|(size, _)| size >> (8 * level) == before);
        let partial = Tile { row, index: before / WIDTH, width: before % WIDTH };
        if partial.width > 0 && before < after && after / WIDTH == partial.index && !signed {
            let _ = self.disk.remove(&partial.to_string());
        }
    }

    /// Removes the partial tiles of a full one.
    fn drop_folder(&mut self, tile: Tile) {
        let folder = tile.partials();
        let _ = self.disk.remove_folder(&folder);
        self.folders.remove(&folder);
    }

    fn io(&self, path: &str, doing: &'static str, error: &io::Error) -> AuditFault {
        AuditFault::io(&self.disk.place().join(path), doing, error)
    }

    fn broken(&self, tile: Tile, what: &str) -> AuditFault {
        broken(&*self.disk, tile, what)
    }
}
