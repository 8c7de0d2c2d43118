//! `garim keys`: makes, lists, rotates and checks the keys of pseudonyms and seals. No verb of it prints a key.

mod destroy;
mod list;
mod make;
mod mirror;
mod rotate;
mod tenant;
mod verify;

use std::path::Path;

use clap::Subcommand;

use super::{Exit, Failure, Shared};
use crate::policy::key::{Halt, KeyId, Store, StoreError, steady};
use crate::service::Ended;
use crate::service::custody::{Custodian, CustodyFault, Seen};
use crate::service::now_ms;
use crate::service::settings::host;
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
    /// Destroy keys for good, on every host that has them
    Destroy(destroy::Args),
    /// Keep a second copy of the store, or make the store again from it
    Mirror(mirror::Args),
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
        Verb::Destroy(args) => destroy::run(args, shared),
        Verb::Mirror(args) => mirror::run(args, shared),
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

    fn acts(&mut self) -> Result<&mut Box<dyn Acts>, Failure> {
        match &mut self.acts {
            Some(acts) => Ok(acts),
            none => Ok(none.insert(self.shared.acts(self.audit, self.dir)?)),
        }
    }

    /// Completes what an interrupted destruction left in the store, where there is one.
    pub(super) fn resume(&mut self) -> Result<(), Failure> {
        if Seen::at(self.dir).is_none() {
            return Ok(());
        }
        let (dir, shared, by, host) = (self.dir, self.shared, super::actor(), host());
        let acts = self.acts()?;
        let mut custodian = Custodian::new(&mut **acts, &by, &host, &now_ms).map_err(forbidden)?;
        resume(&mut custodian, dir, shared)
    }

    /// Appends an act of now, and returns when it is durable.
    pub(super) fn tell(&mut self, what: What) -> Result<u64, Failure> {
        let acts = self.acts()?;
        acts.append(&Act::new(now_ms(), &super::actor(), what)).map_err(super::audit::refused)
    }
}

/// Keys as acts name them.
pub(super) fn key_names(keys: &[KeyId]) -> Vec<KeyName> {
    let name = |key: &KeyId| KeyName { id: key.letters(), tier: key.place.tier().to_owned(), epoch: key.place.epoch() };
    keys.iter().map(name).collect()
}

/// Why custody refuses, as a failure.
pub(super) fn forbidden(fault: CustodyFault) -> Failure {
    super::run::failure(Ended::custody(&fault))
}

/// Completes what an interrupted destruction left in this store, as far as it goes without waiting for anybody: every verb
/// that writes to a store begins with this.
///
/// # Errors
/// As [`forbidden`] says.
pub(super) fn resume(custodian: &mut Custodian<'_>, dir: &Path, shared: &Shared) -> Result<(), Failure> {
    let store = open(dir)?;
    if store.mirror_id().is_some() || custodian.custody.unfinished(store.id()).is_empty() {
        return Ok(());
    }
    drop(store);
    let resumed = custodian.resume(dir, &mut steady, &mut || false).map_err(forbidden)?;
    if !resumed.done.is_empty() {
        shared.note(format_args!("{} keys of an earlier destruction are destroyed now", resumed.done.len()));
    }
    for waiting in &resumed.waiting {
        shared.note(format_args!("a destruction still waits for {}: {} keys", waiting.who, waiting.keys));
    }
    Ok(())
}
