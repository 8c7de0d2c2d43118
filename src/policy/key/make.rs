//! Making keys: one writer at a time, every file whole or not there.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use jiff::civil::Date;
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use zeroize::Zeroizing;

use super::{
    DESTROYED, Faults, INDEX, LOCK, Row, Store, StoreError, date, day, encode, fingerprint, folder, names, read,
};
use crate::limits::KEY_DAYS_MAX;
use crate::pseudonym::epoch::{EpochDay, EpochSecret};
use crate::route::tier::Tier;
use crate::secret::Key;

/// What [`Store::make`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Keys made now.
    pub made: usize,
    /// Days of the span that had or once had a key.
    pub kept: usize,
    /// Tiers of the policy.
    pub tiers: usize,
}

/// Files that are written before the first of them is synced: the file system then settles them together.
const SYNC_FILES: usize = 128;

pub(super) fn make(dir: &Path, tiers: &[Tier], from: Date, until: Date) -> Result<Made, StoreError> {
    let mut faults = Faults::default();
    let days = day(from)..=day(until);
    let count = i64::from(*days.end()) - i64::from(*days.start()) + 1;
    if count < 1 || count > i64::from(KEY_DAYS_MAX) {
        faults.add(dir, format!("{from} to {until} are {count} days"), format!("ask for 1 to {KEY_DAYS_MAX} days"));
    }
    for tier in tiers.iter().filter(|tier| !is_folder_name(&tier.name)) {
        let message = format!("the tier `{}` cannot have a folder of that name", tier.name);
        faults.add(
            dir,
            message,
            "name the tier with small letters, digits, `-` and `_`, and not `destroyed` or `tenants`",
        );
    }
    let made = if faults.0.is_empty() { write(dir, tiers, days, &mut faults) } else { None };
    match made {
        Some(made) if faults.0.is_empty() => Ok(made),
        _ => Err(StoreError { faults: faults.0 }),
    }
}

fn is_folder_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.bytes().all(plain) && !matches!(name, INDEX | LOCK | DESTROYED | "tenants")
}

fn write(dir: &Path, tiers: &[Tier], days: std::ops::RangeInclusive<EpochDay>, faults: &mut Faults) -> Option<Made> {
    let root = made_folder(None, dir, faults)?;
    let _lock = lock(root.as_fd(), dir, faults)?;
    for tier in tiers {
        made_folder(Some(root.as_fd()), &dir.join(&*tier.name), faults)?;
    }
    let mut store = read(dir, faults)?;
    if !faults.0.is_empty() {
        return None;
    }
    let mut ids = store.index.rows().map(|(_, _, row)| row.id).collect::<HashSet<_>>();
    ids.extend(store.tiers.values().flat_map(|keys| keys.values().flatten().map(|key| key.id)));
    let mut made = Made { made: 0, kept: 0, tiers: tiers.len() };
    for tier in tiers {
        let path = dir.join(&*tier.name);
        let folder = folder(Some(root.as_fd()), &path, tier.name.as_bytes(), faults)?;
        let had = store.tiers.entry(tier.name.to_string()).or_default();
        let missing: Vec<EpochDay> = days.clone().filter(|day| !had.contains_key(day)).collect();
        made.kept += days.clone().count() - missing.len();
        for some in missing.chunks(SYNC_FILES) {
            let keys: Vec<_> = match some.iter().map(|&day| Ok((day, secret(&mut ids)?))).collect() {
                Ok(keys) => keys,
                Err(error) => {
                    faults.io(&path, "draw random bytes", &error);
                    return None;
                }
            };
            if let Err(error) = put_keys(folder.as_fd(), &path, &tier.name, &keys) {
                faults.io(&path, "write a key", &error);
                return None;
            }
            made.made += keys.len();
            had.extend(keys.into_iter().map(|(day, key)| (day, Some(key))));
        }
        if let Err(error) = rustix::fs::fsync(&folder) {
            faults.io(&path, "sync", &error.into());
            return None;
        }
    }
    put_index(root.as_fd(), dir, &mut store, faults).then_some(made)
}

/// Rows for all keys, then the file: last of all, so that it never names a key that a crash could have kept away.
fn put_index(root: BorrowedFd<'_>, dir: &Path, store: &mut Store, faults: &mut Faults) -> bool {
    for (tier, keys) in &store.tiers {
        for (&day, key) in keys.iter().filter_map(|(day, key)| key.as_ref().map(|key| (day, key))) {
            let fingerprint = fingerprint(&key.secret);
            store.index.insert(tier, day, Row { id: key.id, fingerprint });
        }
    }
    let text = store.index.render();
    let written = put_temporary(root, INDEX, text.as_bytes())
        .and_then(|file| file.sync_all())
        .and_then(|()| settle(root, INDEX))
        .and_then(|()| Ok(rustix::fs::fsync(root)?));
    if let Err(error) = written {
        faults.io(&dir.join(INDEX), "write", &error);
    }
    faults.0.is_empty()
}

/// Creates a folder for its owner alone, where there is none; what its predecessor left unfinished is removed.
fn made_folder(root: Option<BorrowedFd<'_>>, path: &Path, faults: &mut Faults) -> Option<OwnedFd> {
    let name = match root {
        Some(_) => path.file_name().map(Path::new).unwrap_or(path),
        None => path,
    };
    let at = root.unwrap_or(rustix::fs::CWD);
    match rustix::fs::mkdirat(at, name, Mode::RWXU) {
        Ok(()) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if let Err(error) = File::open(parent).and_then(|parent| parent.sync_all()) {
                faults.io(parent, "sync", &error);
                return None;
            }
        }
        Err(rustix::io::Errno::EXIST) => {}
        Err(error) => {
            faults.io(path, "make the folder", &error.into());
            return None;
        }
    }
    folder(root, path, name.as_os_str().as_encoded_bytes(), faults)
}

/// Holds the store for this writer until dropped.
fn lock(root: BorrowedFd<'_>, dir: &Path, faults: &mut Faults) -> Option<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let path = dir.join(LOCK);
    let held = rustix::fs::openat(root, LOCK, flags, Mode::RUSR | Mode::WUSR)
        .and_then(|file| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map(|()| file));
    match held {
        Ok(file) => {
            sweep(root, dir, faults);
            for name in names(dir, faults) {
                let path = dir.join(&name);
                if path.is_dir() && name != DESTROYED {
                    let opened = folder(Some(root), &path, name.as_encoded_bytes(), faults)?;
                    sweep(opened.as_fd(), &path, faults);
                }
            }
            Some(file)
        }
        Err(rustix::io::Errno::WOULDBLOCK) => {
            faults.add(&path, "another garim is writing to this key store", "wait until it has ended");
            None
        }
        Err(error) => {
            faults.io(&path, "lock", &error.into());
            None
        }
    }
}

/// Removes what an interrupted writer left; under the lock nobody else's.
fn sweep(folder: BorrowedFd<'_>, path: &Path, faults: &mut Faults) {
    for name in names(path, faults) {
        if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".new")) {
            let _ = rustix::fs::unlinkat(folder, &name, AtFlags::empty());
        }
    }
}

/// A new secret from the system's generator, with an id that no key of the store ever had.
fn secret(ids: &mut HashSet<[u8; 6]>) -> io::Result<EpochSecret> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(io::Error::other)?;
    loop {
        let mut id = [0; 6];
        for letter in &mut id {
            *letter = random_letter()?;
        }
        if ids.insert(id) {
            return Ok(EpochSecret { id, from_ms: i64::MIN, until_ms: i64::MAX, secret: Key::new(&bytes) });
        }
    }
}

/// A letter `a`-`z`, each as likely: bytes from 234 (9 x 26) on are drawn again.
fn random_letter() -> io::Result<u8> {
    loop {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(io::Error::other)?;
        if byte[0] < 234 {
            return Ok(b'a' + byte[0] % 26);
        }
    }
}

/// Writes some keys under passing names, syncs them, then gives them their own: a file of a key's name is whole.
fn put_keys(folder: BorrowedFd<'_>, path: &Path, tier: &str, keys: &[(EpochDay, EpochSecret)]) -> io::Result<()> {
    let mut files = Vec::with_capacity(keys.len());
    for (day, key) in keys {
        files.push(put_temporary(folder, &name(*day), encode(tier, *day, key).as_slice())?);
    }
    for file in files {
        file.sync_all()?;
    }
    for (day, _) in keys {
        let name = name(*day);
        // Under the lock no other writer is there; a file that appeared all the same is not overwritten.
        if path.join(&name).symlink_metadata().is_ok() {
            return Err(io::Error::other(format!("{name} appeared while keys were made")));
        }
        settle(folder, &name)?;
    }
    Ok(())
}

fn name(day: EpochDay) -> String {
    format!("{}.key", date(day))
}

fn put_temporary(folder: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, format!(".{name}.new"), flags, Mode::RUSR | Mode::WUSR)?;
    let mut file = File::from(opened);
    file.write_all(bytes)?;
    Ok(file)
}

fn settle(folder: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    Ok(rustix::fs::renameat(folder, format!(".{name}.new"), folder, name)?)
}
