//! What is wrong with a key store, all of it at once.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::file::VERSION;

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

impl StoreFault {
    pub(super) fn new(path: &Path, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into(), help: help.into(), newer: false }
    }

    pub(super) fn io(path: &Path, doing: &str, error: &io::Error) -> Self {
        Self::new(path, format!("cannot {doing}: {error}"), "see that the folder exists, is writable and has space")
    }
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

impl From<StoreFault> for StoreError {
    fn from(fault: StoreFault) -> Self {
        Self { faults: vec![fault] }
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

/// Why a writer ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt<E> {
    /// The store is faulty, or could not be written.
    Store(StoreError),
    /// The keys could not be announced; none of them was made.
    Announce(E),
}

impl<E> From<StoreError> for Halt<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> From<StoreFault> for Halt<E> {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault.into())
    }
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<StoreFault>);

impl Faults {
    pub(super) fn add(&mut self, path: &Path, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(StoreFault::new(path, message, help));
    }

    pub(super) fn io(&mut self, path: &Path, doing: &str, error: &io::Error) {
        self.0.push(StoreFault::io(path, doing, error));
    }

    pub(super) fn newer(&mut self, path: &Path, version: impl fmt::Display) {
        let message = format!("version {version}, and this garim reads up to version {VERSION}");
        let fault = StoreFault::new(path, message, "use the garim that made this store, or a newer one");
        self.0.push(StoreFault { newer: true, ..fault });
    }

    /// Nothing, or all that was found.
    pub(super) fn settle(self) -> Result<(), StoreError> {
        if self.0.is_empty() { Ok(()) } else { Err(StoreError { faults: self.0 }) }
    }
}
