//! The few things that a log does to its folder, each of which may be the last before the power fails.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::AuditFault;

/// A folder and what is done to it. Paths are relative to the folder, of plain names, and no part of one is a link.
pub trait Disk: Send {
    /// Makes a folder in one that exists; nothing where it is there.
    ///
    /// # Errors
    /// The system's.
    fn make_folder(&mut self, path: &str) -> io::Result<()>;

    /// Writes a file, from its beginning.
    ///
    /// # Errors
    /// The system's.
    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the bytes of a file are durable.
    ///
    /// # Errors
    /// The system's.
    fn sync(&mut self, path: &str) -> io::Result<()>;

    /// Gives a file another name in its folder; what had that name is gone.
    ///
    /// # Errors
    /// The system's.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Waits until the names in a folder are durable; `""` is the folder itself.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&mut self, path: &str) -> io::Result<()>;

    /// Removes a folder and the files in it.
    ///
    /// # Errors
    /// The system's.
    fn remove_folder(&mut self, path: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&mut self, path: &str) -> io::Result<()>;

    /// The bytes of a file; `None` where there is none.
    ///
    /// # Errors
    /// The system's; also for a link or a folder in its place.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// The names in a folder, in no order; none where there is no folder.
    ///
    /// # Errors
    /// The system's.
    fn names(&self, path: &str) -> io::Result<Vec<String>>;

    /// The folder, for messages.
    fn place(&self) -> &Path;
}

/// The file that the one writer holds.
const LOCK: &str = "lock";

/// Longest file that is read, in bytes: a full bundle of the longest entries.
const FILE_BYTES_MAX: u64 = 256 * (2 + 65_535);

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder of this host.
#[derive(Debug)]
pub struct Host {
    dir: PathBuf,
    root: OwnedFd,
    lock: Option<File>,
}

impl Host {
    /// A folder to write to, made where there is none, and held until dropped.
    ///
    /// # Errors
    /// [`AuditFault::Busy`] while another writer holds it; [`AuditFault::Io`] for a link, or what the system refuses.
    pub fn hold(dir: &Path) -> Result<Self, AuditFault> {
        let fault = |doing| move |error: io::Error| AuditFault::io(dir, doing, &error);
        make_folders(dir).map_err(fault("make the folder"))?;
        let mut host = Self::view(dir)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&host.root, LOCK, flags, Mode::from_raw_mode(0o644));
        let file = File::from(opened.map_err(|error| fault("open the lock of")(error.into()))?);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => host.lock = Some(file),
            Err(Errno::WOULDBLOCK) => return Err(AuditFault::Busy { path: dir.to_owned() }),
            Err(error) => return Err(fault("lock")(error.into())),
        }
        Ok(host)
    }

    /// A folder to read from.
    ///
    /// # Errors
    /// [`AuditFault::Io`] when it is not there, is a link, or cannot be read.
    pub fn view(dir: &Path) -> Result<Self, AuditFault> {
        let root = rustix::fs::openat(CWD, dir, FOLDER, Mode::empty());
        let root = root.map_err(|error| AuditFault::io(dir, "open the folder", &told(error)))?;
        Ok(Self { dir: dir.to_owned(), root, lock: None })
    }

    /// The folder of a path, opened part by part so that no link is followed, and the last name.
    fn parent<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.folder(folders)?, name))
    }

    fn folder(&self, path: &str) -> io::Result<OwnedFd> {
        let mut folder = self.root.try_clone()?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            folder = rustix::fs::openat(&folder, part, FOLDER, Mode::empty()).map_err(told)?;
        }
        Ok(folder)
    }

    fn file(&self, path: &str, flags: OFlags) -> io::Result<File> {
        let (folder, name) = self.parent(path)?;
        // NONBLOCK: a pipe in place of a file must not hold garim up.
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644)).map_err(told)?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a plain file"));
        }
        Ok(file)
    }
}

impl Drop for Host {
    /// Lets go of the lock in words: closing alone leaves it to a child that was being started at this moment.
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            let _ = rustix::fs::flock(lock, FlockOperation::Unlock);
        }
    }
}

impl Disk for Host {
    fn make_folder(&mut self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.file(path, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC)?.write_all(bytes)
    }

    fn sync(&mut self, path: &str) -> io::Result<()> {
        self.file(path, OFlags::RDONLY)?.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let ((folder, from), (_, to)) = (self.parent(from)?, to.rsplit_once('/').unwrap_or(("", to)));
        Ok(rustix::fs::renameat(&folder, from, &folder, to)?)
    }

    fn sync_folder(&mut self, path: &str) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.folder(path)?)?)
    }

    fn remove_folder(&mut self, path: &str) -> io::Result<()> {
        let names = self.names(path)?;
        let (parent, name) = self.parent(path)?;
        let folder = self.folder(path)?;
        for name in names {
            rustix::fs::unlinkat(&folder, name.as_str(), AtFlags::empty())?;
        }
        Ok(rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR)?)
    }

    fn remove(&mut self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(&folder, name, AtFlags::empty())?)
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match self.file(path, OFlags::RDONLY) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn names(&self, path: &str) -> io::Result<Vec<String>> {
        match self.folder(path) {
            Ok(folder) => names(folder.as_fd()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn place(&self) -> &Path {
        &self.dir
    }
}

/// Makes a folder and those above it, and waits until its name is durable: whoever made it may not have come to that.
fn make_folders(dir: &Path) -> io::Result<()> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::mkdirat(CWD, dir, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(Errno::NOENT) if parent != dir => {
            make_folders(parent)?;
            rustix::fs::mkdirat(CWD, dir, Mode::from_raw_mode(0o755))?;
        }
        Err(error) => return Err(error.into()),
    }
    File::open(parent)?.sync_all()
}

fn names(folder: BorrowedFd<'_>) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        // A name that is not UTF-8 is none of ours.
        if let Ok(name) = entry.file_name().to_str()
            && !matches!(OsStr::new(name).as_encoded_bytes(), b"." | b"..")
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// The system's words for a link do not say that it is one.
fn told(error: Errno) -> io::Error {
    match error {
        // NOFOLLOW gives LOOP for a link; with DIRECTORY it gives NOTDIR for a link and for anything but a folder.
        Errno::LOOP => io::Error::other("a link, and links are not followed here"),
        Errno::NOTDIR => io::Error::other("a link, or not a folder"),
        error => error.into(),
    }
}
