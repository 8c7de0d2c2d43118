//! The tamper-evident record of acts and commit windows.

pub mod entry;

use std::path::PathBuf;

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
    /// The broker does not take or give entries.
    #[error("{0}")]
    Broker(String),
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
