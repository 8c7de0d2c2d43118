//! `garim keys`: makes, lists, rotates and checks the keys of pseudonyms and seals. No verb of it prints a key.

mod list;
mod make;
mod rotate;
mod tenant;
mod verify;

use std::path::Path;

use clap::Subcommand;

use super::{Exit, Failure, Shared};
use crate::policy::key::{Halt, KeyId, Store, StoreError};
use crate::telemetry::audit::Acts;
use crate::telemetry::audit::entry::{Act, KeyName, What};

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
    /// Begin new keys at an event time
    Rotate(rotate::Args),
    /// Make the keys of tenants, whose ids are read from standard input
    Tenant(tenant::Args),
    /// Hold every file of the store against its index and the log of acts
    Verify(verify::Args),
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
        Verb::Rotate(args) => rotate::run(args, shared),
        Verb::Tenant(args) => tenant::run(args, shared),
        Verb::Verify(args) => verify::run(args, shared),
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

/// Tells the log of acts what a verb is about to do; the log is opened at the first word, when the store is there.
pub(super) struct Trace<'a> {
    shared: &'a Shared,
    audit: Option<&'a Path>,
    dir: &'a Path,
    acts: Option<Box<dyn Acts>>,
}

impl<'a> Trace<'a> {
    /// A trace of a verb on the store in `dir`.
    pub(super) fn new(shared: &'a Shared, audit: Option<&'a Path>, dir: &'a Path) -> Self {
        Self { shared, audit, dir, acts: None }
    }

    /// Appends an act of now, and returns when it is durable.
    pub(super) fn tell(&mut self, what: What) -> Result<u64, Failure> {
        let acts = match &mut self.acts {
            Some(acts) => acts,
            none => none.insert(self.shared.acts(self.audit, self.dir)?),
        };
        let at_ms = jiff::Timestamp::now().as_millisecond();
        acts.append(&Act::new(at_ms, &super::actor(), what)).map_err(super::audit::refused)
    }
}

/// Keys as acts name them.
pub(super) fn key_names(keys: &[KeyId]) -> Vec<KeyName> {
    let name = |key: &KeyId| KeyName { id: key.letters(), tier: key.place.tier().to_owned(), epoch: key.place.epoch() };
    keys.iter().map(name).collect()
}
