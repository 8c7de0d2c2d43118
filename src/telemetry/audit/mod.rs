//! The tamper-evident record of acts and commit windows.

pub mod checkpoint;
pub mod disk;
pub mod entry;
pub mod file;
pub mod merkle;
pub mod read;
pub mod tile;
pub mod tree;
pub mod verify;

use std::io;
use std::path::{Path, PathBuf};

use entry::Act;

/// Why an entry could not be written or read. Until it can, whoever asked must not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A file or folder of the log.
    #[error("{}: cannot {doing}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        error: String,
    },
    /// The log was changed, cut or mixed up.
    #[error("{place}: {what}")]
    Broken {
        /// Where: a file, or a log and index.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// A newer garim wrote it.
    #[error("{place}: version {version} is newer than this garim reads ({})", entry::VERSION)]
    Newer {
        /// Where.
        place: String,
        /// The version found.
        version: u64,
    },
    /// Another process is writing to the log.
    #[error("{}: another garim is writing to this log; try again when it has ended", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// No broker answers. What was asked for may have been done, and may go well when it is tried again.
    #[error("{0}")]
    Away(String),
    /// The broker does not take or give entries.
    #[error("{0}")]
    Broker(String),
}

impl AuditFault {
    fn io(path: &Path, doing: &'static str, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), doing, error: error.to_string() }
    }

    fn broken(place: impl ToString, what: impl ToString) -> Self {
        Self::Broken { place: place.to_string(), what: what.to_string() }
    }
}

/// A log of acts, in the order in which they were accepted.
pub trait Acts {
    /// Appends an act and waits until it is durable; its index in the log (a topic's offset).
    ///
    /// # Errors
    /// When it is not surely durable. The effect must not follow.
    fn append(&mut self, act: &Act) -> Result<u64, AuditFault>;

    /// Gives every act from index `from` on to `each`, up to the end as it is now; the index after the last.
    ///
    /// # Errors
    /// When the log cannot be read or an entry is not one.
    fn read(&mut self, from: u64, each: &mut dyn FnMut(u64, Act)) -> Result<u64, AuditFault>;

    /// Where it is, for messages: a folder, or topic and brokers.
    fn place(&self) -> String;
}
