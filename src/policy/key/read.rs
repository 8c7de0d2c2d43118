//! Reading a whole store: every file is looked at, and all that is wrong is told at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::disk::{PRIVATE, PUBLIC, file_bytes, folder, names};
use super::fault::{Faults, StoreError, StoreFault};
use super::file::{Found, KEY_FILE_BYTES, VERSION, decode, fingerprint};
use super::index::{INDEX_BYTES_MAX, Index, Row, is_id};
use super::name::{letters, parse_letters};
use super::{AUDIT, DESTROYED, INDEX, KeyId, KeyPlace, LOCK, MIRROR, Store};

const FROM_MIRROR: &str = "put the file of the store's mirror in its place";

/// How often a store is read again because a writer changed it meanwhile. A writer changes index and marks a few times
/// a second at most, and a reading takes milliseconds.
const READS_MAX: usize = 10;

/// A store that can be used.
pub(super) fn open(dir: &Path) -> Result<Store, StoreError> {
    let mut reads = 1;
    loop {
        let mut faults = Faults::default();
        let (store, seen) = read(dir, &mut faults);
        if faults.0.is_empty()
            && let Some(store) = store
        {
            return Ok(store);
        }
        // A file may have come or gone between the look at the index and the look at the file.
        if reads == READS_MAX || seen == look(dir) {
            return Err(StoreError { faults: faults.0 });
        }
        reads += 1;
    }
}

/// What a writer changes last, or first: the index, and the marks of destroyed keys.
type Seen = (Option<Vec<u8>>, Vec<OsString>);

fn look(dir: &Path) -> Seen {
    // What cannot be read here is told by the reading itself.
    let mut ignored = Faults::default();
    (std::fs::read(dir.join(INDEX)).ok(), names(&dir.join(DESTROYED), &mut ignored))
}

/// The whole store, or what could be read of it beside the faults. Where there is no folder, or no index in it, there is no
/// store, which is a fault.
fn read(dir: &Path, faults: &mut Faults) -> (Option<Store>, Seen) {
    let seen = look(dir);
    let Some(root) = folder(None, dir, dir.as_os_str(), faults) else { return (None, seen) };
    let index = read_index(root.as_fd(), dir, faults);
    if index.is_none() && faults.0.is_empty() {
        match has_keys(dir) {
            true => faults.add(&dir.join(INDEX), "it is gone", FROM_MIRROR),
            false => faults.add(dir, "no key store here", "make it with `garim keys new --until DATE`"),
        }
    }
    let Some(index) = index else { return (None, seen) };
    (Some(fill(root.as_fd(), dir, index, faults)), seen)
}

/// What a writer finds: a whole store, or `None` in a folder that holds no key and no index yet.
pub(super) fn for_writer(dir: &Path) -> Result<Option<Store>, StoreError> {
    if dir.join(INDEX).symlink_metadata().is_err() && !has_keys(dir) {
        return Ok(None);
    }
    let mut faults = Faults::default();
    let (store, _) = read(dir, &mut faults);
    faults.settle()?;
    Ok(store)
}

/// The keys and marks of a folder under an index that need not be its own: what a mirror holds before it is synced, or a
/// folder that is about to become the store again.
pub(super) fn against(dir: &Path, index: Index) -> Result<Store, StoreError> {
    let mut faults = Faults::default();
    let store = folder(None, dir, dir.as_os_str(), &mut faults).map(|root| {
        let mut missing = Faults::default();
        let store = fill(root.as_fd(), dir, index, &mut missing);
        // What is not there yet is what a mirror is for.
        faults.0.extend(missing.0.into_iter().filter(|fault| fault.message != GONE));
        store
    });
    faults.settle()?;
    store.ok_or_else(|| StoreFault::new(dir, "no key store here", FROM_MIRROR).into())
}

const GONE: &str = "index.toml names this key, and it is gone";

/// Whether some folder of `dir` holds a key file.
fn has_keys(dir: &Path) -> bool {
    let mut ignored = Faults::default();
    let folders = names(dir, &mut ignored);
    folders.iter().any(|name| {
        let path = dir.join(name);
        path.is_dir() && names(&path, &mut ignored).iter().any(|name| name.as_bytes().ends_with(b".key"))
    })
}

/// The index; it may be read by others, and written by its owner only.
pub(super) fn read_index(root: BorrowedFd<'_>, dir: &Path, faults: &mut Faults) -> Option<Index> {
    let path = dir.join(INDEX);
    let bytes = file_bytes(root, OsStr::new(INDEX), &path, (INDEX_BYTES_MAX, PUBLIC), faults)?;
    Index::parse(&bytes, &path, faults)
}

/// Reads `mirror.toml`: the mirror's id and the store's.
pub(super) fn read_mirror(root: BorrowedFd<'_>, dir: &Path, faults: &mut Faults) -> Option<(String, String)> {
    let path = dir.join(MIRROR);
    let bytes = file_bytes(root, OsStr::new(MIRROR), &path, (1 << 10, PUBLIC), faults)?;
    let table = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let version = table.as_ref().and_then(|table| table.get("version")?.as_integer());
    if version.is_some_and(|version| version > i64::from(VERSION)) {
        faults.newer(&path, version.unwrap_or_default());
        return None;
    }
    let text = |name| table.as_ref()?.get(name)?.as_str().filter(|text| is_id(text)).map(str::to_owned);
    let ids = text("mirror").zip(text("store"));
    if ids.is_none() {
        faults.add(&path, "damaged", "remove it and run `garim keys mirror` again");
    }
    ids
}

fn fill(root: BorrowedFd<'_>, dir: &Path, index: Index, faults: &mut Faults) -> Store {
    let mirror = read_mirror(root, dir, faults);
    if mirror.as_ref().is_some_and(|(_, store)| *store != index.store) {
        faults.add(&dir.join(MIRROR), "of another store than index.toml", "mirror into an empty folder");
    }
    let marks = marks(root, dir, faults);
    let mut store = Store {
        dir: dir.to_owned(),
        index,
        mirror: mirror.map(|(mirror, _)| mirror),
        live: BTreeMap::new(),
        marks,
        left: Vec::new(),
        unnamed: Vec::new(),
        stale: false,
    };
    for (_, row) in store.index.rows_mut() {
        let marked = !row.destroyed && store.marks.contains(&row.id);
        row.destroyed |= marked;
        store.stale |= marked;
    }
    let mut ids = store.index.rows().map(|(place, row)| (row.id, place.clone())).collect();
    for name in names(dir, faults) {
        match name.to_str() {
            Some(INDEX | LOCK | DESTROYED | MIRROR | AUDIT) => {}
            Some(name) if name.starts_with('.') => {}
            Some(name) => read_folder(root, name, &mut store, &mut ids, faults),
            None => faults.add(&dir.join(name), "not a tier's name", "move it out of the key store"),
        }
    }
    for (place, row) in store.index.rows() {
        let path = dir.join(place.folder()).join(place.file());
        // A file that is there and faulty has its own complaint.
        if !row.destroyed && !store.live.contains_key(place) && path.symlink_metadata().is_err() {
            faults.add(&path, GONE, FROM_MIRROR);
        }
    }
    store
}

/// The ids that are marked as destroyed.
fn marks(root: BorrowedFd<'_>, dir: &Path, faults: &mut Faults) -> HashSet<[u8; 6]> {
    let path = dir.join(DESTROYED);
    if path.symlink_metadata().is_err() || folder(Some(root), &path, OsStr::new(DESTROYED), faults).is_none() {
        return HashSet::new();
    }
    let mut marks = HashSet::new();
    for name in names(&path, faults) {
        match name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(parse_letters) {
            Some(id) => {
                marks.insert(id);
            }
            None if name.as_bytes().starts_with(b".") => {}
            None => faults.add(&path.join(name), "not named for a key", "move it out of the key store"),
        }
    }
    marks
}

/// The keys of one folder.
fn read_folder(
    root: BorrowedFd<'_>,
    name: &str,
    store: &mut Store,
    ids: &mut HashMap<[u8; 6], KeyPlace>,
    faults: &mut Faults,
) {
    let dir = store.dir.join(name);
    let Some(folder) = folder(Some(root), &dir, OsStr::new(name), faults) else { return };
    for file in names(&dir, faults) {
        let path = dir.join(&file);
        if file.as_bytes().starts_with(b".") {
            continue;
        }
        let stem = file.to_str().and_then(|file| file.strip_suffix(".key"));
        let Some(place) = stem.and_then(|stem| KeyPlace::parse(name, stem)) else {
            let help = "move it out of the key store: a copy of a key outlives its destruction";
            faults.add(&path, "not a key file", help);
            continue;
        };
        let bytes = file_bytes(folder.as_fd(), &file, &path, (KEY_FILE_BYTES, PRIVATE), faults);
        if let Some(found) = bytes.and_then(|bytes| decode(&place, &bytes, &path, faults)) {
            take(place, found, store, ids, &path, faults);
        }
    }
}

/// Takes a key that the index names; a destroyed one is not taken, even where its file is still there.
fn take(
    place: KeyPlace,
    found: Found,
    store: &mut Store,
    ids: &mut HashMap<[u8; 6], KeyPlace>,
    path: &Path,
    faults: &mut Faults,
) {
    let Found { id, from_ms, secret } = found;
    if ids.entry(id).or_insert_with(|| place.clone()) != &place {
        faults.add(path, "its id belongs to another key, too", FROM_MIRROR);
        return;
    }
    let row = Row { id, fingerprint: fingerprint(&secret), from_ms, destroyed: store.marks.contains(&id) };
    match store.index.row(&place) {
        _ if row.destroyed => store.left.push(KeyId { id, place }),
        Some(named) if named.destroyed && named.id == id => store.left.push(KeyId { id, place }),
        Some(named) if named.destroyed => {
            faults.add(path, "in the place of a destroyed key, and not that key", "move it out of the key store");
        }
        Some(named) if *named != row => faults.add(path, "not the key that index.toml names", FROM_MIRROR),
        Some(_) => {
            store.live.insert(place, secret);
        }
        None => store.unnamed.push((place, row)),
    }
}

/// See [`Store::unsettled`].
pub(super) fn unsettled(store: &Store) -> Vec<StoreFault> {
    let file = |place: &KeyPlace| store.dir.join(place.folder()).join(place.file());
    let mut faults = Faults::default();
    for KeyId { id, place } in &store.left {
        let message = format!("the key {} is destroyed, and its file is there", letters(*id));
        faults.add(
            &file(place),
            message,
            "the next writing verb of `garim keys` removes it; find out who put it there",
        );
    }
    for (place, row) in &store.unnamed {
        let message = format!("index.toml does not name this key, {}", letters(row.id));
        let help = "if a writer was interrupted, the next writing verb of `garim keys` names it; if not, move it away";
        faults.add(&file(place), message, help);
    }
    let named: HashSet<_> = store.index.rows().map(|(_, row)| row.id).collect();
    let mut marks: Vec<_> = store.marks.iter().filter(|id| !named.contains(*id)).collect();
    marks.sort();
    for id in marks {
        let path = store.dir.join(DESTROYED).join(format!("{}.json", letters(*id)));
        let help = "put index.toml of the store's mirror in its place, if that one is newer";
        faults.add(&path, "marks a key as destroyed that index.toml does not name", help);
    }
    faults.0
}
