//! A second copy of a store, and the store again from its copy.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::Path;

use zeroize::Zeroizing;

use super::disk::{PUBLIC, file_bytes, folder, names};
use super::fault::{Faults, StoreError, StoreFault};
use super::file::{VERSION, encode};
use super::index::Index;
use super::writer::{Hook, SYNC_FILES, Writer, drawn_name};
use super::{AUDIT, DESTROYED, INDEX, KeyPlace, LOCK, MIRROR, Store, letters, read, remove};

/// What [`Store::mirror`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Synced {
    /// Keys that are new in the mirror.
    pub copied: usize,
    /// Files of destroyed keys that are gone from it.
    pub removed: usize,
}

/// Longest mark of a destroyed key, in bytes; it holds a time, an index of the audit log and a reason.
const MARK_BYTES_MAX: usize = 1 << 16;

pub(super) fn begin(from: &Path, to: &Path, hook: &mut Hook<'_>) -> Result<Option<String>, StoreError> {
    let source = read::open(from)?;
    if same(from, to) {
        return Err(StoreFault::new(to, "the mirror is the store itself", "name another folder").into());
    }
    let mut writer = Writer::begin(to, true, hook)?;
    welcome(&source, from, &mut writer)?;
    let mut faults = Faults::default();
    let mirror = read::read_mirror(writer.root.as_fd(), to, &mut faults);
    faults.settle()?;
    Ok(mirror.map(|(mirror, _)| mirror))
}

pub(super) fn sync(from: &Path, to: &Path, hook: &mut Hook<'_>) -> Result<Synced, StoreError> {
    let source = read::open(from)?;
    if same(from, to) {
        return Err(StoreFault::new(to, "the mirror is the store itself", "name another folder").into());
    }
    let mut writer = Writer::begin(to, true, hook)?;
    let had = welcome(&source, from, &mut writer)?;
    let mut index = source.index.clone();
    index.version = VERSION;
    let mut mirror = read::against(to, index)?;
    bring_marks(&source, from, &mut mirror, &mut writer)?;
    let removed = remove::settle(&mut writer, &mut mirror)?.removed.len();
    let copied = copy(&source, &mirror, &mut writer)?;
    if had.as_ref() != Some(&mirror.index) {
        writer.put_index(&mirror.index)?;
    }
    Ok(Synced { copied, removed })
}

fn same(from: &Path, to: &Path) -> bool {
    matches!((from.canonicalize(), to.canonicalize()), (Ok(from), Ok(to)) if from == to)
}

/// Whether `to` may be written to: a mirror of this store, or an empty folder, which is made one (or, from a mirror, the
/// store again). Gives the index that is there.
fn welcome(source: &Store, from: &Path, writer: &mut Writer<'_>) -> Result<Option<Index>, StoreError> {
    let to = writer.dir;
    let mut faults = Faults::default();
    let mirror = read::read_mirror(writer.root.as_fd(), to, &mut faults);
    let index = read::read_index(writer.root.as_fd(), to, &mut faults);
    faults.settle()?;
    let store = mirror.as_ref().map(|(_, store)| store).or(index.as_ref().map(|index| &index.store));
    if store.is_some_and(|store| store != source.id()) {
        let message = format!("of another store than {}", from.display());
        return Err(StoreFault::new(to, message, "mirror into an empty folder").into());
    }
    match (&mirror, &index, source.mirror_id()) {
        (Some(_), ..) | (None, None, Some(_)) => {}
        (None, None, None) if is_empty(to) => {
            let text = format!(
                "# This folder is a mirror of a key store; `garim keys mirror` writes it.\n\
                 version = {VERSION}\nmirror = \"{}\"\nstore = \"{}\"\n",
                drawn_name(to)?,
                source.id()
            );
            writer.put_root(MIRROR, text)?;
        }
        (None, ..) => {
            let message = "not a mirror, and not empty";
            return Err(StoreFault::new(to, message, "name a mirror of this store, or an empty folder").into());
        }
    }
    let Some(index) = index else { return Ok(None) };
    for (place, row) in index.rows() {
        if source.index.row(place).is_none_or(|known| known.id != row.id) {
            let message = format!("has the key {} of {place}, and {} does not", letters(row.id), from.display());
            let help = "the store is older than its mirror: recover it from the mirror into an empty folder";
            return Err(StoreFault::new(&to.join(INDEX), message, help).into());
        }
    }
    Ok(Some(index))
}

fn is_empty(dir: &Path) -> bool {
    let mut faults = Faults::default();
    names(dir, &mut faults).iter().all(|name| name == LOCK || name == AUDIT)
}

/// Marks in the mirror what is marked in the store; what either marks is destroyed in the mirror.
fn bring_marks(source: &Store, from: &Path, mirror: &mut Store, writer: &mut Writer<'_>) -> Result<(), StoreError> {
    let mut new: Vec<_> = source.marks.difference(&mirror.marks).copied().collect();
    new.sort_unstable();
    if !new.is_empty() {
        let mut faults = Faults::default();
        let path = from.join(DESTROYED);
        let opened = folder(None, &path, path.as_os_str(), &mut faults);
        let mut files = Vec::with_capacity(new.len());
        for id in &new {
            let name = format!("{}.json", letters(*id));
            let path = path.join(&name);
            let bytes = opened.as_ref().and_then(|opened| {
                file_bytes(opened.as_fd(), OsStr::new(&name), &path, (MARK_BYTES_MAX, PUBLIC), &mut faults)
            });
            // A mark counts by its name alone; an empty one is as good.
            files.push((name, bytes.unwrap_or_else(|| Zeroizing::new(Vec::new()))));
        }
        faults.settle()?;
        let (folder, path) = writer.folder(DESTROYED)?;
        for files in files.chunks(SYNC_FILES) {
            writer.put(folder.as_fd(), &path, files, false)?;
        }
        writer.sync_folder(folder.as_fd(), &path)?;
    }
    let destroyed: HashSet<_> = source.marks.union(&mirror.marks).copied().collect();
    mirror.marks.extend(&destroyed);
    mirror.forget(&destroyed);
    Ok(())
}

/// Writes the live keys that the mirror does not have; their number.
fn copy(source: &Store, mirror: &Store, writer: &mut Writer<'_>) -> Result<usize, StoreError> {
    let lacks = |place: &KeyPlace| {
        !mirror.live.contains_key(place) && mirror.index.row(place).is_some_and(|row| !row.destroyed)
    };
    let new: Vec<_> = source.live.iter().filter(|(place, _)| lacks(place)).collect();
    for keys in new.chunk_by(|(a, _), (b, _)| a.folder() == b.folder()) {
        let Some((first, _)) = keys.first() else { continue };
        let (folder, path) = writer.folder(first.folder())?;
        for keys in keys.chunks(SYNC_FILES) {
            let file = |(place, secret): &(&KeyPlace, &crate::secret::Key)| {
                let row = source.index.row(place)?;
                Some((place.file(), encode(place, row.id, row.from_ms, secret)))
            };
            let files: Vec<_> = keys.iter().filter_map(file).collect();
            writer.put(folder.as_fd(), &path, &files, false)?;
        }
        writer.sync_folder(folder.as_fd(), &path)?;
    }
    Ok(new.len())
}
