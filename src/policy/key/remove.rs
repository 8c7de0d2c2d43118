//! Destroying keys: first the mark, then the file, then the index; and completing what was interrupted.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::AsFd;
use std::path::Path;

use super::fault::{StoreError, StoreFault};
use super::index::Index;
use super::writer::{Hook, SYNC_FILES, Writer, drawn_name};
use super::{DESTROYED, KeyId, KeyPlace, Store, letters, read};

/// What was left to complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Destroyed keys whose files were still there.
    pub removed: Vec<KeyId>,
    /// Keys that the index named only now.
    pub named: usize,
}

pub(super) fn mark_and_remove(
    dir: &Path,
    ids: &[[u8; 6]],
    record: &str,
    hook: &mut Hook<'_>,
) -> Result<Vec<KeyId>, StoreError> {
    let mut writer = Writer::begin(dir, false, hook)?;
    let mut store = there(dir)?;
    let naming = store.index.row(&KeyPlace::Naming).map(|row| row.id);
    if naming.is_some_and(|id| ids.contains(&id)) {
        let message = "the key under which tenants are named is not destroyed alone";
        return Err(StoreFault::new(dir, message, "destroy the tenants' own keys").into());
    }
    let new: Vec<_> = ids.iter().filter(|id| !store.marks.contains(*id)).collect::<HashSet<_>>().into_iter().collect();
    if !new.is_empty() {
        let (folder, path) = writer.folder(DESTROYED)?;
        let files: Vec<_> = new.iter().map(|id| (format!("{}.json", letters(**id)), record)).collect();
        for files in files.chunks(SYNC_FILES) {
            writer.put(folder.as_fd(), &path, files, false)?;
        }
        writer.sync_folder(folder.as_fd(), &path)?;
    }
    let destroyed: HashSet<_> = ids.iter().copied().collect();
    store.marks.extend(&destroyed);
    store.forget(&destroyed);
    store.stale |= !new.is_empty();
    let resumed = settle(&mut writer, &mut store)?;
    if store.stale {
        writer.put_index(&store.index)?;
    }
    Ok(resumed.removed)
}

pub(super) fn resume(dir: &Path, hook: &mut Hook<'_>) -> Result<Resumed, StoreError> {
    let mut writer = Writer::begin(dir, false, hook)?;
    let mut store = there(dir)?;
    let resumed = settle(&mut writer, &mut store)?;
    if store.stale {
        writer.put_index(&store.index)?;
    }
    Ok(resumed)
}

fn there(dir: &Path) -> Result<Store, StoreError> {
    read::for_writer(dir)?
        .ok_or_else(|| StoreFault::new(dir, "no key store here", "make it with `garim keys new --until DATE`").into())
}

/// The writer of a store that keys are added to, and the store with all completed; the caller writes the index. Where
/// there is no store yet, one without keys is made if `create` says so.
pub(super) fn begin<'a>(
    dir: &'a Path,
    create: bool,
    hook: &'a mut Hook<'a>,
) -> Result<(Writer<'a>, Store), StoreError> {
    let mut writer = Writer::begin(dir, create, hook)?;
    let store = match read::for_writer(dir)? {
        None if create => {
            writer.put_index(&Index::new(drawn_name(dir)?))?;
            None
        }
        found => found,
    };
    let mut store = store.map_or_else(|| there(dir), Ok)?;
    if store.mirror.is_some() {
        let help = "use the store itself, or, if it is lost, `garim keys mirror` from here into an empty folder";
        return Err(StoreFault::new(dir, "a mirror: keys are made in the store that it copies", help).into());
    }
    settle(&mut writer, &mut store)?;
    Ok((writer, store))
}

/// Removes the files of destroyed keys and names the keys that no row names. The index stays to be written.
pub(super) fn settle(writer: &mut Writer<'_>, store: &mut Store) -> Result<Resumed, StoreError> {
    let marks = &store.marks;
    let (dead, whole) = std::mem::take(&mut store.unnamed).into_iter().partition(|(_, row)| marks.contains(&row.id));
    store.unnamed = whole;
    let dead: Vec<_> = dead;
    store.left.extend(dead.into_iter().map(|(place, row): (KeyPlace, _)| KeyId { id: row.id, place }));
    let removed = std::mem::take(&mut store.left);
    let mut folders: BTreeMap<&str, Vec<&KeyPlace>> = BTreeMap::new();
    for KeyId { place, .. } in &removed {
        folders.entry(place.folder()).or_default().push(place);
    }
    for (folder, places) in folders {
        let (opened, path) = writer.folder(folder)?;
        for place in places {
            writer.unlink(opened.as_fd(), &path.join(place.file()))?;
        }
        writer.sync_folder(opened.as_fd(), &path)?;
    }
    // In a mirror the next copy of the store's index names them.
    let named = if store.mirror.is_none() { std::mem::take(&mut store.unnamed) } else { Vec::new() };
    let resumed = Resumed { removed, named: named.len() };
    store.stale |= !named.is_empty();
    for (place, row) in named {
        store.index.insert(place, row);
    }
    Ok(resumed)
}
