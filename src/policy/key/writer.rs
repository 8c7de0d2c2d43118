//! Changing a store: one writer at a time, every file whole or not there, every change a step that can be the last.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};

use super::disk::{folder, names};
use super::fault::{Faults, StoreError, StoreFault};
use super::file::{encode, fingerprint};
use super::index::{Index, Row};
use super::name::hex;
use super::{AUDIT, INDEX, KeyPlace, LOCK};
use crate::secret::Key;

/// One change of the disk that a writer is about to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A folder comes to be.
    CreateFolder,
    /// An empty file comes to be, under a passing name.
    Create,
    /// Its bytes are written.
    Write,
    /// They go to the disk.
    Sync,
    /// It gets its name.
    Rename,
    /// A file goes.
    Unlink,
    /// A folder's names go to the disk.
    SyncFolder,
}

/// The writer has to stop here, as if the process were killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Asked before every step. What it interrupts, [`super::Store::resume`] or the same call completes.
pub type Hook<'a> = dyn FnMut(Step) -> Result<(), Interrupted> + 'a;

/// The hook that never interrupts.
///
/// # Errors
/// Never.
pub fn steady(_: Step) -> Result<(), Interrupted> {
    Ok(())
}

/// Files that are written before the first of them is synced: the file system then settles them together.
pub(super) const SYNC_FILES: usize = 128;

/// A key that is to be made; its secret is drawn when it is written.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) place: KeyPlace,
    pub(super) id: [u8; 6],
    pub(super) from_ms: Option<i64>,
}

/// The one who writes to a folder; holds its lock until dropped.
pub(super) struct Writer<'a> {
    pub(super) dir: &'a Path,
    pub(super) root: OwnedFd,
    hook: &'a mut Hook<'a>,
    _lock: Lock,
}

/// The lock, held.
struct Lock(OwnedFd);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would not do: a process that is being started beside this one may have inherited the file for a moment.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

impl<'a> Writer<'a> {
    /// Takes the lock, makes the folder where `create` says so, and drops what is half written.
    pub(super) fn begin(dir: &'a Path, create: bool, hook: &'a mut Hook<'a>) -> Result<Self, StoreError> {
        if create {
            made_folder(None, dir, hook)?;
        }
        let root = opened(None, dir, dir.as_os_str())?;
        let lock = lock(root.as_fd(), dir, hook)?;
        let mut writer = Self { dir, root, hook, _lock: lock };
        writer.sweep()?;
        Ok(writer)
    }

    fn step(&mut self, step: Step, path: &Path) -> Result<(), StoreFault> {
        ask(self.hook, step, path)
    }

    /// Removes what an interrupted writer left under passing names; under the lock they are nobody else's.
    fn sweep(&mut self) -> Result<(), StoreError> {
        let mut faults = Faults::default();
        let folders: Vec<PathBuf> = names(self.dir, &mut faults)
            .into_iter()
            .filter(|name| name != AUDIT)
            .map(|name| self.dir.join(name))
            .filter(|path| path.symlink_metadata().is_ok_and(|found| found.is_dir()))
            .collect();
        for path in folders.iter().map(PathBuf::as_path).chain([self.dir]) {
            let passing = |name: &OsStr| name.as_bytes().starts_with(b".") && name.as_bytes().ends_with(b".new");
            let passing: Vec<_> = names(path, &mut faults).into_iter().filter(|name| passing(name)).collect();
            if passing.is_empty() {
                continue;
            }
            let folder = self.opened(path)?;
            for name in &passing {
                self.unlink(folder.as_fd(), &path.join(name))?;
            }
            self.sync_folder(folder.as_fd(), path)?;
        }
        faults.settle()
    }

    /// Opens a folder of the store, or the store itself.
    pub(super) fn opened(&self, path: &Path) -> Result<OwnedFd, StoreError> {
        match path == self.dir {
            true => opened(None, path, path.as_os_str()),
            false => opened(Some(self.root.as_fd()), path, path.file_name().unwrap_or_default()),
        }
    }

    /// Opens a folder of the store, which is made where it is not there.
    pub(super) fn folder(&mut self, name: &str) -> Result<(OwnedFd, PathBuf), StoreError> {
        let path = self.dir.join(name);
        made_folder(Some(self.root.as_fd()), &path, self.hook)?;
        Ok((self.opened(&path)?, path))
    }

    /// Writes files under passing names, syncs them, then gives them their own: a file of such a name is whole.
    pub(super) fn put(
        &mut self,
        folder: BorrowedFd<'_>,
        path: &Path,
        files: &[(String, impl AsRef<[u8]>)],
        replace: bool,
    ) -> Result<(), StoreFault> {
        let fault = |name: &str, error: &io::Error| StoreFault::io(&path.join(name), "write", error);
        let mut written = Vec::with_capacity(files.len());
        for (name, bytes) in files {
            self.step(Step::Create, &path.join(name))?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let created = rustix::fs::openat(folder, passing(name), flags, Mode::RUSR | Mode::WUSR);
            let mut file = File::from(created.map_err(|error| fault(name, &error.into()))?);
            self.step(Step::Write, &path.join(name))?;
            file.write_all(bytes.as_ref()).map_err(|error| fault(name, &error))?;
            written.push((name, file));
        }
        for (name, file) in &written {
            self.step(Step::Sync, &path.join(name))?;
            file.sync_all().map_err(|error| fault(name, &error))?;
        }
        for (name, _) in written {
            // Under the lock no other writer is there; a file that appeared all the same is not overwritten.
            if !replace && path.join(name).symlink_metadata().is_ok() {
                return Err(fault(name, &io::Error::other("it appeared while it was written")));
            }
            self.step(Step::Rename, &path.join(name))?;
            rustix::fs::renameat(folder, passing(name), folder, name.as_str())
                .map_err(|error| fault(name, &error.into()))?;
        }
        Ok(())
    }

    /// Makes keys and gives their rows; the folders are synced, the index is the caller's to write.
    pub(super) fn put_keys(&mut self, drafts: &[Draft]) -> Result<Vec<(KeyPlace, Row)>, StoreError> {
        let mut rows = Vec::with_capacity(drafts.len());
        for drafts in drafts.chunk_by(|a, b| a.place.folder() == b.place.folder()) {
            let Some(first) = drafts.first() else { continue };
            let (folder, path) = self.folder(first.place.folder())?;
            for drafts in drafts.chunks(SYNC_FILES) {
                let mut files = Vec::with_capacity(drafts.len());
                for Draft { place, id, from_ms } in drafts {
                    let secret = drawn(&path)?;
                    files.push((place.file(), encode(place, *id, *from_ms, &secret)));
                    let fingerprint = fingerprint(&secret);
                    rows.push((place.clone(), Row { id: *id, fingerprint, from_ms: *from_ms, destroyed: false }));
                }
                self.put(folder.as_fd(), &path, &files, false)?;
            }
            self.sync_folder(folder.as_fd(), &path)?;
        }
        Ok(rows)
    }

    /// Writes the index: after the keys that it names, so that it never names one that a crash could have kept away.
    pub(super) fn put_index(&mut self, index: &Index) -> Result<(), StoreError> {
        self.put_root(INDEX, index.render())
    }

    /// Writes a file of the store's own folder in place of the one that is there.
    pub(super) fn put_root(&mut self, name: &str, text: String) -> Result<(), StoreError> {
        let (root, dir) = (self.opened(self.dir)?, self.dir);
        self.put(root.as_fd(), dir, &[(name.to_owned(), text)], true)?;
        Ok(self.sync_folder(root.as_fd(), dir)?)
    }

    /// Removes a file; one that is not there is no fault.
    pub(super) fn unlink(&mut self, folder: BorrowedFd<'_>, path: &Path) -> Result<(), StoreFault> {
        self.step(Step::Unlink, path)?;
        match rustix::fs::unlinkat(folder, path.file_name().unwrap_or_default(), AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(error) => Err(StoreFault::io(path, "remove", &error.into())),
        }
    }

    pub(super) fn sync_folder(&mut self, folder: BorrowedFd<'_>, path: &Path) -> Result<(), StoreFault> {
        self.step(Step::SyncFolder, path)?;
        rustix::fs::fsync(folder).map_err(|error| StoreFault::io(path, "sync", &error.into()))
    }
}

fn passing(name: &str) -> String {
    format!(".{name}.new")
}

fn ask(hook: &mut Hook<'_>, step: Step, path: &Path) -> Result<(), StoreFault> {
    hook(step).map_err(|Interrupted| {
        StoreFault::new(path, "the writer was interrupted", "repeat the command; it goes on where this one ended")
    })
}

fn opened(root: Option<BorrowedFd<'_>>, path: &Path, name: &OsStr) -> Result<OwnedFd, StoreError> {
    let mut faults = Faults::default();
    match folder(root, path, name, &mut faults) {
        Some(opened) => Ok(opened),
        None => Err(StoreError { faults: faults.0 }),
    }
}

/// Creates a folder for its owner alone, where there is none.
fn made_folder(root: Option<BorrowedFd<'_>>, path: &Path, hook: &mut Hook<'_>) -> Result<(), StoreFault> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    ask(hook, Step::CreateFolder, path)?;
    let made = match root {
        Some(root) => rustix::fs::mkdirat(root, path.file_name().unwrap_or_default(), Mode::RWXU),
        None => rustix::fs::mkdir(path, Mode::RWXU),
    };
    made.map_err(|error| StoreFault::io(path, "make the folder", &error.into()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ask(hook, Step::SyncFolder, parent)?;
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(|error| StoreFault::io(parent, "sync", &error))
}

fn lock(root: BorrowedFd<'_>, dir: &Path, hook: &mut Hook<'_>) -> Result<Lock, StoreFault> {
    let path = dir.join(LOCK);
    if path.symlink_metadata().is_err() {
        ask(hook, Step::Create, &path)?;
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(root, LOCK, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|error| StoreFault::io(&path, "lock", &error.into()))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let message = "another garim is writing to this key store";
            Err(StoreFault::new(&path, message, "wait until it has ended"))
        }
        Err(error) => Err(StoreFault::io(&path, "lock", &error.into())),
    }
}

/// A secret from the system's generator, drawn where it lies.
fn drawn(path: &Path) -> Result<Key, StoreFault> {
    let mut drawn = Ok(());
    let secret = Key::filled(|bytes| drawn = getrandom::fill(bytes));
    drawn.map_err(|error| unlucky(path, error))?;
    Ok(secret)
}

fn unlucky(path: &Path, error: getrandom::Error) -> StoreFault {
    StoreFault::io(path, "draw random bytes", &io::Error::other(error))
}

/// Sixteen random hex digits: the id of a store or of a mirror.
pub(super) fn drawn_name(dir: &Path) -> Result<String, StoreFault> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| unlucky(dir, error))?;
    Ok(hex(&bytes))
}

/// Six random letters that none of `ids` has; they are added to them.
pub(super) fn drawn_id(dir: &Path, ids: &mut HashSet<[u8; 6]>) -> Result<[u8; 6], StoreFault> {
    loop {
        let mut id = [0; 6];
        for letter in &mut id {
            *letter = drawn_letter().map_err(|error| unlucky(dir, error))?;
        }
        if ids.insert(id) {
            return Ok(id);
        }
    }
}

/// A letter `a`-`z`, each as likely: bytes from 234 (9 x 26) on are drawn again.
fn drawn_letter() -> Result<u8, getrandom::Error> {
    loop {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        if byte[0] < 234 {
            return Ok(b'a' + byte[0] % 26);
        }
    }
}
