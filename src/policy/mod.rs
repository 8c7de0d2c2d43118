//! The policy file to a plan of the engine, or all complaints about it.

pub mod key;

use std::path::{Path, PathBuf};

use crate::diagnostic::Faults;
use crate::engine::plan::Plan;

/// A policy file that was read, checked and resolved.
#[derive(Debug)]
pub struct Policy {
    /// The file.
    pub path: PathBuf,
    /// What it asks of the engine.
    pub plan: Plan,
    /// Complaints that do not refuse it.
    pub warnings: Faults,
}

/// Reads and checks a policy file.
///
/// # Errors
/// All faults of the file at once; a file that cannot be read is a fault too.
pub fn load(path: &Path) -> Result<Policy, Faults> {
    let text = std::fs::read_to_string(path).map_err(|error| Faults::unreadable(path, &error))?;
    parse(path, &text)
}

/// Checks the text of a policy file; `path` only names it.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<Policy, Faults> {
    Err(Faults::of(path, text))
}
