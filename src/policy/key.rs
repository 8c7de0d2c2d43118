//! The key store: one random secret per tier and civil day, in files that only their owner may read.
//!
//! ```text
//! keys/                       0700
//!   index.toml                public: tier, day, id and fingerprint of every key that was ever made
//!   lock                      held by the one writer
//!   <tier>/<YYYY-MM-DD>.key   0600, see KEY_FILE_BYTES
//!   destroyed/<id>.json       the key of this id is gone for good
//! ```
//! No secret is derived from another one: removing a file ends what it made.

mod index;
mod make;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rustix::fs::{FileType, Mode, OFlags};
use zeroize::Zeroizing;

use crate::pseudonym::epoch::{Epoch, EpochDay, EpochSecret, Generation, KeyRing, Stored};
use crate::route::tier::Tier;
use crate::secret::Key;

use index::{Index, Row};
pub use make::Made;

/// A key file: `garim`, a version byte, the six letters of its id, the secret, and a checksum over these and over
/// tier and day, so that a file that was moved to another day does not pass as that day's.
pub const KEY_FILE_BYTES: usize = 5 + 1 + 6 + 32 + 16;

/// The version of key files and of the index; a newer one is refused.
pub const VERSION: u8 = 1;

const MAGIC: &[u8; 5] = b"garim";
const INDEX: &str = "index.toml";
const LOCK: &str = "lock";
const DESTROYED: &str = "destroyed";
/// What a key derives for its public fingerprint; no other use of the secret shares it.
const FINGERPRINT_CONTEXT: &str = "garim 2026-11 key fingerprint v1";

/// One thing that is wrong with a key store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFault {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Whether a newer garim wrote it.
    pub newer: bool,
}

/// Everything that is wrong with a key store. No key is used while anything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// The faults, at least one.
    pub faults: Vec<StoreFault>,
}

impl StoreError {
    /// Whether a newer garim wrote some of it: that is a matter of versions, not of rights.
    pub fn is_newer(&self) -> bool {
        self.faults.iter().any(|fault| fault.newer)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, StoreFault { path, message, help, .. }) in self.faults.iter().enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{}: {message}\n  help: {help}", path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for StoreError {}

/// Faults as they are found.
#[derive(Debug, Default)]
struct Faults(Vec<StoreFault>);

impl Faults {
    fn add(&mut self, path: &Path, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(StoreFault { path: path.to_owned(), message: message.into(), help: help.into(), newer: false });
    }

    fn io(&mut self, path: &Path, doing: &str, error: &io::Error) {
        self.add(path, format!("cannot {doing}: {error}"), "see that the folder exists, is writable and has space");
    }

    fn newer(&mut self, path: &Path, version: impl fmt::Display) {
        self.add(
            path,
            format!("version {version}, and this garim reads up to version {VERSION}"),
            "use the garim that made this store, or a newer one",
        );
        self.0.last_mut().expect("a fault was just added").newer = true;
    }
}

/// The keys of a store, read and verified.
#[derive(Debug)]
pub struct Store {
    tiers: BTreeMap<String, BTreeMap<EpochDay, Option<EpochSecret>>>,
    index: Index,
}

/// What can be told of a tier's keys without telling a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierKeys {
    /// The tier.
    pub tier: String,
    /// Days with a key, in order: day, id, fingerprint; no fingerprint where the key was destroyed.
    pub days: Vec<(Date, String, Option<String>)>,
    /// Days between the first and the last that never had a key.
    pub missing: Vec<Date>,
}

impl Store {
    /// Reads every key of the store in `dir`.
    ///
    /// # Errors
    /// All faults at once: a link in place of a file, another owner, a mode wider than 0600 (0700 for folders), a
    /// short, damaged or misplaced file, a key the index names and that is not there, a newer version.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let mut faults = Faults::default();
        match read(dir, &mut faults) {
            Some(store) if faults.0.is_empty() => Ok(store),
            _ => Err(StoreError { faults: faults.0 }),
        }
    }

    /// The ring of these tiers, in their order; a tier without folder has no keys.
    pub fn ring(&self, tiers: &[Tier]) -> KeyRing {
        let none = BTreeMap::new();
        let generations = |tier: &Tier| {
            let days = self.tiers.get(&*tier.name).unwrap_or(&none);
            let one = |(&day, key): (&EpochDay, &Option<EpochSecret>)| {
                let id = key.as_ref().map_or([0; 6], |key| key.id);
                let secret = key.as_ref().map(|key| key.secret.clone());
                (Epoch::Day(day), vec![Generation { id, from_ms: i64::MIN, secret }])
            };
            days.iter().map(one).collect()
        };
        KeyRing::stored(Stored { tiers: tiers.iter().map(generations).collect(), ..Stored::default() })
    }

    /// Makes the missing keys of these tiers for the days `from` to `until`, both included; days that have or had a
    /// key are left alone. An interrupted run is completed by the next one.
    ///
    /// # Errors
    /// When the store is faulty, another writer is at work, the span is empty or longer than
    /// `limits::KEY_DAYS_MAX`, a tier's name cannot be a folder, or a file cannot be written.
    pub fn make(dir: &Path, tiers: &[Tier], from: Date, until: Date) -> Result<Made, StoreError> {
        make::make(dir, tiers, from, until)
    }

    /// What each tier has, by name of the tier.
    pub fn list(&self) -> Vec<TierKeys> {
        self.tiers
            .iter()
            .map(|(tier, keys)| {
                let mut listed = TierKeys { tier: tier.clone(), days: Vec::new(), missing: Vec::new() };
                let mut expected = keys.keys().next().copied().unwrap_or_default();
                for (&day, key) in keys {
                    listed.missing.extend((expected..day).map(date));
                    expected = day + 1;
                    let row = self.index.row(tier, day);
                    let id = key.as_ref().map(|key| letters(key.id)).or_else(|| row.map(|row| letters(row.id)));
                    let fingerprint = key.as_ref().map(|key| fingerprint(&key.secret));
                    listed.days.push((date(day), id.unwrap_or_default(), fingerprint));
                }
                listed
            })
            .collect()
    }
}

/// The civil date of a day counted from 1970-01-01. Days of a store lie in four-digit years.
pub(crate) fn date(day: EpochDay) -> Date {
    EPOCH.saturating_add(jiff::Span::new().days(day))
}

/// Days from 1970-01-01 to this date.
pub(crate) fn day(date: Date) -> EpochDay {
    (date.duration_since(EPOCH).as_hours() / 24) as EpochDay
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn letters(id: [u8; 6]) -> String {
    id.iter().map(|&letter| char::from(letter)).collect()
}

/// Eight bytes that tell two keys apart and say nothing of either.
fn fingerprint(secret: &Key) -> String {
    let derived = blake3::derive_key(FINGERPRINT_CONTEXT, secret.expose());
    derived[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn checksum(tier: &str, day: EpochDay, front: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(front).update(&day.to_le_bytes()).update(tier.as_bytes());
    let mut sum = [0; 16];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    sum
}

/// The bytes of a key file.
fn encode(tier: &str, day: EpochDay, key: &EpochSecret) -> Zeroizing<[u8; KEY_FILE_BYTES]> {
    let mut bytes = Zeroizing::new([0; KEY_FILE_BYTES]);
    bytes[..5].copy_from_slice(MAGIC);
    bytes[5] = VERSION;
    bytes[6..12].copy_from_slice(&key.id);
    bytes[12..44].copy_from_slice(key.secret.expose());
    let sum = checksum(tier, day, &bytes[..44]);
    bytes[44..].copy_from_slice(&sum);
    bytes
}

fn decode(tier: &str, day: EpochDay, bytes: &[u8], path: &Path, faults: &mut Faults) -> Option<EpochSecret> {
    const RESTORE: &str =
        "put the file of the store's mirror in its place; tokens of that day cannot be made without it";
    if bytes.get(..5) == Some(MAGIC) && bytes.get(5).is_some_and(|&version| version > VERSION) {
        faults.newer(path, bytes[5]);
        return None;
    }
    if bytes.len() != KEY_FILE_BYTES {
        faults.add(path, format!("{} bytes, and a key file has {KEY_FILE_BYTES}", bytes.len()), RESTORE);
        return None;
    }
    let (front, sum) = bytes.split_at(44);
    let mut id = [0; 6];
    id.copy_from_slice(&front[6..12]);
    if sum != checksum(tier, day, front) || !front.starts_with(MAGIC) || !id.iter().all(u8::is_ascii_lowercase) {
        faults.add(path, "damaged, or the key of another tier or day", RESTORE);
        return None;
    }
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(&front[12..]);
    Some(EpochSecret { id, from_ms: i64::MIN, until_ms: i64::MAX, secret: Key::new(&secret) })
}

/// The whole store, or what could be read of it beside the faults; `None` when there is no folder at all.
fn read(dir: &Path, faults: &mut Faults) -> Option<Store> {
    let root = folder(None, dir, dir.as_os_str().as_bytes(), faults)?;
    let names = names(dir, faults);
    let index = match names.iter().any(|name| name == INDEX) {
        true => Index::read(root.as_fd(), &dir.join(INDEX), faults),
        false => Index::default(),
    };
    let mut store = Store { tiers: BTreeMap::new(), index };
    let marks = match names.iter().any(|name| name == DESTROYED) {
        true => destroyed(root.as_fd(), &dir.join(DESTROYED), &store.index, faults),
        false => Vec::new(),
    };
    for name in &names {
        match name.to_str() {
            Some(INDEX | LOCK | DESTROYED) => {}
            Some(name) if name.starts_with('.') => {}
            Some(name) => {
                let keys = tier(root.as_fd(), &dir.join(name), name, &marks, faults);
                store.tiers.insert(name.to_owned(), keys);
            }
            None => faults.add(&dir.join(name), "not a tier's name", "move it out of the key store"),
        }
    }
    complete(&mut store, &marks, dir, faults);
    Some(store)
}

/// Checks the keys against the index, and notes the destroyed ones.
fn complete(store: &mut Store, marks: &[[u8; 6]], dir: &Path, faults: &mut Faults) {
    let mut owners: HashMap<[u8; 6], (&str, EpochDay)> = HashMap::new();
    for (tier, keys) in &store.tiers {
        for (&day, key) in keys.iter().filter_map(|(day, key)| key.as_ref().map(|key| (day, key))) {
            let path = dir.join(tier).join(format!("{}.key", date(day)));
            if owners.insert(key.id, (tier, day)).is_some() {
                faults.add(
                    &path,
                    "its id belongs to another key, too",
                    "put the file of the store's mirror in its place",
                );
            }
            let row = store.index.row(tier, day);
            if row.is_some_and(|row| row.id != key.id || row.fingerprint != fingerprint(&key.secret)) {
                faults.add(
                    &path,
                    "not the key that index.toml names",
                    "put the file of the store's mirror in its place",
                );
            }
        }
    }
    for (tier, day, row) in store.index.rows() {
        if marks.contains(&row.id) {
            store.tiers.entry(tier.to_owned()).or_default().insert(day, None);
        } else if store.tiers.get(tier).is_none_or(|keys| !keys.contains_key(&day)) {
            let path = dir.join(tier).join(format!("{}.key", date(day)));
            // A file that is there and faulty has its own complaint.
            if !path.exists() {
                faults.add(
                    &path,
                    "index.toml names this key, and it is gone",
                    "put the file of the store's mirror in its place",
                );
            }
        }
    }
}

/// The ids of the destroyed keys.
fn destroyed(root: BorrowedFd<'_>, path: &Path, index: &Index, faults: &mut Faults) -> Vec<[u8; 6]> {
    if folder(Some(root), path, DESTROYED.as_bytes(), faults).is_none() {
        return Vec::new();
    }
    let mut marks = Vec::new();
    for name in names(path, faults) {
        let id = name
            .to_str()
            .and_then(|name| name.strip_suffix(".json"))
            .and_then(|id| <[u8; 6]>::try_from(id.as_bytes()).ok());
        match id {
            Some(id) if index.rows().any(|(_, _, row)| row.id == id) => marks.push(id),
            Some(_) => faults.add(
                &path.join(name),
                "marks a key as destroyed that index.toml does not name",
                "put index.toml of the store's mirror in its place",
            ),
            None if name.as_bytes().starts_with(b".") => {}
            None => faults.add(&path.join(name), "not named for a key", "move it out of the key store"),
        }
    }
    marks
}

/// The keys of one tier. A key that is marked as destroyed is not read, even where its file is still there.
fn tier(
    root: BorrowedFd<'_>,
    path: &Path,
    name: &str,
    marks: &[[u8; 6]],
    faults: &mut Faults,
) -> BTreeMap<EpochDay, Option<EpochSecret>> {
    let mut keys = BTreeMap::new();
    let Some(folder) = folder(Some(root), path, name.as_bytes(), faults) else {
        return keys;
    };
    for file in names(path, faults) {
        let path = path.join(&file);
        if file.as_bytes().starts_with(b".") {
            continue;
        }
        let Some(date) = file.to_str().and_then(key_date) else {
            faults.add(
                &path,
                "not a key file",
                "move it out of the key store: a copy of a key outlives its destruction",
            );
            continue;
        };
        if let Some(bytes) = file_bytes(folder.as_fd(), &file, &path, KEY_FILE_BYTES, 0o077, faults) {
            let key = decode(name, day(date), &bytes, &path, faults);
            if let Some(key) = key.filter(|key| !marks.contains(&key.id)) {
                keys.insert(day(date), Some(key));
            }
        }
    }
    keys
}

/// `2026-11-23.key` to its date.
fn key_date(name: &str) -> Option<Date> {
    let text = name.strip_suffix(".key")?;
    let date: Date = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

/// The names in a folder, sorted, so that complaints come in the order of the days.
fn names(path: &Path, faults: &mut Faults) -> Vec<OsString> {
    let read: io::Result<Vec<OsString>> =
        std::fs::read_dir(path).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names = read.unwrap_or_else(|error| {
        faults.io(path, "read the folder", &error);
        Vec::new()
    });
    names.sort();
    names
}

/// Opens a folder that only its owner may enter.
fn folder(root: Option<BorrowedFd<'_>>, path: &Path, name: &[u8], faults: &mut Faults) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(root.unwrap_or(rustix::fs::CWD), name, flags, Mode::empty());
    let opened = match opened {
        Ok(opened) => opened,
        Err(rustix::io::Errno::NOENT) => {
            faults.add(path, "no key store here", "make it with `garim keys new --until DATE`");
            return None;
        }
        Err(error) => {
            opening(path, error, "a folder", faults);
            return None;
        }
    };
    owned(opened.as_fd(), path, FileType::Directory, 0o077, faults).then_some(opened)
}

fn opening(path: &Path, error: rustix::io::Errno, wanted: &str, faults: &mut Faults) {
    use rustix::io::Errno;
    match error {
        // NOFOLLOW gives LOOP for a link; with DIRECTORY it gives NOTDIR for a link and for anything but a folder.
        Errno::LOOP | Errno::NOTDIR => {
            faults.add(path, format!("a link, or not {wanted}"), format!("put {wanted} in its place"));
        }
        Errno::ACCESS => faults.add(path, "not readable by this user", "run garim as the owner of the key store"),
        error => faults.io(path, "open", &error.into()),
    }
}

/// Whether an opened file is of this type, this user's, and closed to others in the bits of `forbidden`.
fn owned(opened: BorrowedFd<'_>, path: &Path, wanted: FileType, forbidden: u32, faults: &mut Faults) -> bool {
    let stat = match rustix::fs::fstat(opened) {
        Ok(stat) => stat,
        Err(error) => {
            faults.io(path, "look at", &error.into());
            return false;
        }
    };
    let before = faults.0.len();
    if FileType::from_raw_mode(stat.st_mode) != wanted {
        faults.add(path, "not a plain file", "put a plain file in its place");
        return false;
    }
    let user = rustix::process::geteuid().as_raw();
    if stat.st_uid != user {
        faults.add(
            path,
            format!("belongs to user {}, and garim runs as user {user}", stat.st_uid),
            format!("chown {user} {}, or run garim as its owner", path.display()),
        );
    }
    let mode = stat.st_mode & 0o7777;
    if mode & forbidden != 0 {
        let right = mode & !forbidden & 0o700;
        faults.add(
            path,
            format!("mode {mode:04o} lets others in"),
            format!("chmod {right:o} {}; if others could read it, its keys are no secret any more", path.display()),
        );
    }
    faults.0.len() == before
}

/// The bytes of a small file, at most one more than `most`.
fn file_bytes(
    folder: BorrowedFd<'_>,
    name: &OsString,
    path: &Path,
    most: usize,
    forbidden: u32,
    faults: &mut Faults,
) -> Option<Zeroizing<Vec<u8>>> {
    // NONBLOCK: a pipe in place of a file must not hold garim up.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = match rustix::fs::openat(folder, name.as_bytes(), flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(error) => {
            opening(path, error, "a plain file", faults);
            return None;
        }
    };
    if !owned(opened.as_fd(), path, FileType::RegularFile, forbidden, faults) {
        return None;
    }
    // The room is taken at once: a buffer that grows would leave a copy of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most.min(1 << 16) + 32));
    match File::from(opened).take(most as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(error) => {
            faults.io(path, "read", &error);
            None
        }
    }
}
