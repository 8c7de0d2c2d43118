//! `garim keys`: makes, lists, rotates and checks the keys of pseudonyms and seals. No verb of it prints a key.

mod list;
mod make;

use std::path::Path;

use clap::Subcommand;

use super::{Exit, Failure, Shared};
use crate::policy::key::{Halt, Store, StoreError};

/// Arguments of `keys`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the missing keys of a span of days, for every tier of the policy
    New(make::Args),
    /// List what the store has: tiers, spans, states, missing days
    List(list::Args),
}

/// Runs a verb of `keys`.
///
/// # Errors
/// [`Exit::Keys`] for a faulty store, [`Exit::Config`] for a faulty policy or a store of a newer version, and those of
/// the acts log.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::New(args) => make::run(args, shared),
        Verb::List(args) => list::run(args, shared),
    }
}

/// Opens the store for a verb.
///
/// # Errors
/// [`Exit::Keys`], or [`Exit::Config`] for a newer version; every fault of the store is told.
pub fn open(dir: &Path) -> Result<Store, Failure> {
    Store::open(dir).map_err(refused)
}

/// A faulty store as a failure.
pub fn refused(error: StoreError) -> Failure {
    let exit = if error.is_newer() { Exit::Config } else { Exit::Keys };
    Failure::new(exit, anyhow::anyhow!("the key store is refused\n{error}"))
}

/// Why a writer of the store ended early, as a failure.
pub(super) fn halted(halt: Halt<Failure>) -> Failure {
    match halt {
        Halt::Store(error) => refused(error),
        Halt::Announce(failure) => failure,
    }
}
