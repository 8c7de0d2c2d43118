//! What is asked of a key store before an instance of `run` may use it.

use std::collections::HashSet;
use std::path::Path;

use jiff::civil::Date;

use super::{Custodian, CustodyFault, Id};
use crate::engine::plan::Plan;
use crate::policy::key::{Hook, Store};
use crate::telemetry::audit::entry::What;

impl Custodian<'_> {
    /// Looks whether the store, or the mirror, in `dir` may serve. A mirror that missed a destruction is brought in line.
    ///
    /// # Errors
    /// [`CustodyFault::Store`] when it is faulty; [`CustodyFault::Copied`] when it holds keys of which the log says that
    /// they are gone; [`CustodyFault::Acts`].
    pub fn admit(&mut self, dir: &Path, hook: &mut Hook<'_>) -> Result<Store, CustodyFault> {
        self.look()?;
        let mut store = Store::open(dir)?;
        if let Some(id) = store.mirror_id() {
            if !self.custody.mirrors.contains_key(id) {
                let place =
                    format!("{}:{}", self.host, dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).display());
                self.act(What::MirrorMade { store: store.id().to_owned(), mirror: id.to_owned(), place })?;
            }
            let missed = !store.present_destroyed(&self.custody.destroyed()).is_empty();
            if missed || !self.custody.owed_by_mirror(id).is_empty() {
                self.mirror_in_line(dir, None, hook)?;
                // What was removed is not in memory either.
                store = Store::open(dir)?;
            }
        }
        self.refuse_copied(dir, &store)?;
        store.forget(&self.custody.destroyed());
        Ok(store)
    }

    /// Says that this instance starts, then takes from the store what was destroyed up to then.
    ///
    /// # Errors
    /// [`CustodyFault::Acts`].
    pub fn started(&mut self, what: What, store: &mut Store) -> Result<(), CustodyFault> {
        self.act(what)?;
        store.forget(&self.custody.destroyed());
        Ok(())
    }

    /// # Errors
    /// [`CustodyFault::Copied`] when the folder holds keys that are gone by the log.
    pub(super) fn refuse_copied(&self, dir: &Path, store: &Store) -> Result<(), CustodyFault> {
        let done: HashSet<Id> = self.custody.done();
        let begun = self.custody.destroyed();
        // Files of keys whose destruction is under way may be there; it goes on.
        let present = store.present_destroyed(&begun);
        let count = present.iter().filter(|key| done.contains(&key.id)).count();
        if count > 0 { Err(CustodyFault::Copied { count, dir: dir.to_owned() }) } else { Ok(()) }
    }
}

/// The tier whose keys end first and their last day, where that is within twice the horizon: somebody has to be told.
///
/// # Errors
/// [`CustodyFault::Horizon`] when a tier has no keys for each of the next `horizon_days` days.
pub fn horizon(
    store: &Store,
    plan: &Plan,
    horizon_days: u32,
    today: Date,
) -> Result<Option<(String, Date)>, CustodyFault> {
    let covered = store.last_covered(plan, today);
    let Some(first) = covered.iter().min_by_key(|covered| covered.until) else { return Ok(None) };
    let ahead = |days: i64| today.saturating_add(jiff::Span::new().days(days));
    let days = i64::from(horizon_days);
    match first.until {
        Some(last) if last >= ahead(2 * days) => Ok(None),
        Some(last) if last >= ahead(days) => Ok(Some((first.tier.to_string(), last))),
        last => Err(CustodyFault::Horizon {
            tier: first.tier.to_string(),
            last: last.map_or_else(|| String::from("yesterday or earlier"), |last| last.to_string()),
            horizon_days,
            until: ahead(2 * days),
        }),
    }
}
