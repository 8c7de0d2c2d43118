//! Looking at a store: folders and files that are this user's alone, and no links.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::fault::Faults;

/// Bits of the mode that files with secrets, and folders, must not have.
pub(super) const PRIVATE: u32 = 0o077;
/// Bits of the mode that public files must not have.
pub(super) const PUBLIC: u32 = 0o022;

/// The names in a folder, sorted, so that complaints come in the order of the days.
pub(super) fn names(path: &Path, faults: &mut Faults) -> Vec<OsString> {
    let read: io::Result<Vec<OsString>> =
        std::fs::read_dir(path).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names = read.unwrap_or_else(|error| {
        faults.io(path, "read the folder", &error);
        Vec::new()
    });
    names.sort();
    names
}

/// Opens a folder that only its owner may enter; `root` is the folder in which `name` stands.
pub(super) fn folder(root: Option<BorrowedFd<'_>>, path: &Path, name: &OsStr, faults: &mut Faults) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(root.unwrap_or(rustix::fs::CWD), name.as_bytes(), flags, Mode::empty()) {
        Ok(opened) => owned(opened.as_fd(), path, FileType::Directory, PRIVATE, faults).then_some(opened),
        Err(Errno::NOENT) => {
            faults.add(path, "no key store here", "make it with `garim keys new --until DATE`");
            None
        }
        Err(error) => {
            opening(path, error, "a folder", faults);
            None
        }
    }
}

fn opening(path: &Path, error: Errno, wanted: &str, faults: &mut Faults) {
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

/// The bytes of a small file, at most one more than `most`; `None` and no complaint where there is no such file.
pub(super) fn file_bytes(
    folder: BorrowedFd<'_>,
    name: &OsStr,
    path: &Path,
    (most, forbidden): (usize, u32),
    faults: &mut Faults,
) -> Option<Zeroizing<Vec<u8>>> {
    // NONBLOCK: a pipe in place of a file must not hold garim up.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = match rustix::fs::openat(folder, name.as_bytes(), flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return None,
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
