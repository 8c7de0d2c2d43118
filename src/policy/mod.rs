//! The policy file to a plan of the engine, or all complaints about it.
//!
//! `file` holds what was typed (`section` and `read` take it from the text, `expand` makes items of its categories),
//! `compile` (with `source`, `rule`, `condition`, `action`, `recipient`, `holidays`) what it means, `check` (with `topic`,
//! `category`, `lint`) what speaks against it.

pub mod action;
mod category;
mod check;
mod compile;
pub mod condition;
pub mod coverage;
pub mod diff;
pub mod example;
mod expand;
pub mod explain;
pub mod file;
pub mod findings;
pub mod holidays;
mod lint;
pub mod notice;
pub mod read;
pub mod recipient;
mod rule;
mod section;
mod source;
mod topic;
pub mod trace;

pub mod key;
pub mod synthetic;

use std::path::{Path, PathBuf};

use crate::diagnostic::{Faults, Severity};
use crate::engine::plan::Plan;

/// A policy file that was read, checked and resolved.
#[derive(Debug)]
pub struct Policy {
    /// The file.
    pub path: PathBuf,
    /// The file as typed; sources, items and tiers stand in the same order as in the plan.
    pub file: file::File,
    /// What it asks of the engine.
    pub plan: Plan,
    /// What recipients get, those that are not enabled included.
    pub offers: Vec<recipient::Offer>,
    /// Complaints that do not refuse it; its `files` hold the text.
    pub warnings: Faults,
}

/// Reads and checks a policy file, and the holidays that it names.
///
/// # Errors
/// All faults of the files at once; a file that cannot be read is a fault too.
pub fn load(path: &Path) -> Result<Policy, Faults> {
    let text = std::fs::read_to_string(path).map_err(|error| Faults::unreadable(path, &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse_with(path, &text, &|named| std::fs::read_to_string(folder.join(named)))
}

/// Checks the text of a policy that names no other file; `path` only names it.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<Policy, Faults> {
    parse_with(path, text, &|_| Err(std::io::Error::other("this policy is read without its folder")))
}

/// Checks the text of a policy file; `path` only names it, and `read` gives the text of the holidays that it names.
///
/// The digest of the policy is that of its own text: holidays move the days on which records and keys end, and change
/// no byte of an output.
///
/// # Errors
/// As [`load`].
pub fn parse_with(path: &Path, text: &str, read: holidays::Read<'_>) -> Result<Policy, Faults> {
    let mut faults = Faults::of(path, text);
    let Some(mut file) = section::read(text, &mut faults) else {
        return Err(faults);
    };
    expand::expand(&mut file, &mut faults);
    let parts = compile::compile(&file, read, &mut faults);
    check::check(&file, &parts, &mut faults);
    faults.sort();
    if faults.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(faults);
    }
    let offers = parts.offers();
    match parts.plan(&file, text) {
        Some(plan) => Ok(Policy { path: path.to_owned(), file, plan, offers, warnings: faults }),
        None => {
            // Every part that is missing has been complained of; this would be a gap in the checks.
            faults.error("G0100", 0..0, "the policy does not compile, and no check says why").help =
                Some("please report it".to_owned());
            Err(faults)
        }
    }
}

impl Policy {
    /// Line of a byte of the file, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.warnings.place(&self.path, at).map_or(0, |(line, _)| line)
    }
}
