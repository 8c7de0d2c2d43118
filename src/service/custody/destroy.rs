//! The destruction of keys, from the first act to the last: interrupted anywhere, it goes on from there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;

use super::{Custodian, CustodyFault, Id, mirror_name, texts};
use crate::engine::plan::Plan;
use crate::limits::UNCONFIRMED_NAMES_MAX;
use crate::policy::key::{ANNOUNCE_KEYS_MAX, Hook, KeyId, Store};
use crate::telemetry::audit::entry::{KeyName, What};

/// How far a destruction came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// The keys that are gone now, and everybody has confirmed it.
    pub done: Vec<Id>,
    /// Holders that were asked and had given no sign of life for longer than their lease.
    pub unconfirmed: BTreeSet<String>,
    /// Those who have not confirmed yet. Empty when all is done.
    pub waiting: Vec<Waiting>,
}

/// One who has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// A holder, or a mirror and its place.
    pub who: String,
    /// How many keys it may have.
    pub keys: usize,
    /// Why a mirror on this host could not be brought in line.
    pub fault: Option<String>,
}

impl Custodian<'_> {
    /// Begins the destruction of keys: after this nobody may load them, and [`Custodian::resume`] completes it. Keys whose
    /// destruction was begun before are left alone.
    ///
    /// # Errors
    /// [`CustodyFault::Store`] for a faulty store, an id that it never had, and a key that the law still asks for;
    /// [`CustodyFault::IsMirror`]; [`CustodyFault::Acts`].
    pub fn begin(
        &mut self,
        dir: &Path,
        plan: &Plan,
        ids: &[Id],
        reason: &str,
        today: Date,
    ) -> Result<(), CustodyFault> {
        let store = Store::open(dir)?;
        if store.mirror_id().is_some() {
            return Err(CustodyFault::IsMirror { dir: dir.to_owned() });
        }
        self.look()?;
        let wanted: BTreeSet<Id> = ids.iter().copied().filter(|id| !self.custody.begun.contains_key(id)).collect();
        let wanted: Vec<Id> = wanted.into_iter().collect();
        store.refuse_early(plan, &wanted, today)?;
        let keys = store.keys();
        let named: BTreeMap<Id, &KeyId> = keys.iter().map(|listed| (listed.key.id, &listed.key)).collect();
        let names: Vec<KeyName> = wanted.iter().filter_map(|id| named.get(id)).map(|key| name(key)).collect();
        for keys in names.chunks(ANNOUNCE_KEYS_MAX) {
            let (store, reason) = (store.id().to_owned(), reason.to_owned());
            self.act(What::DestroyBegun { store, keys: keys.to_vec(), reason })?;
        }
        Ok(())
    }

    /// Completes every destruction of this store that was begun: removes the keys from the disk, brings the mirrors on this
    /// host in line, and says that it is done once all holders and mirrors have confirmed. `wait` is called between two
    /// looks at the log and answers whether there is time for another one.
    ///
    /// # Errors
    /// [`CustodyFault::Store`], [`CustodyFault::IsMirror`], [`CustodyFault::Acts`]. What was done stays done.
    pub fn resume(
        &mut self,
        dir: &Path,
        hook: &mut Hook<'_>,
        wait: &mut dyn FnMut() -> bool,
    ) -> Result<Destroyed, CustodyFault> {
        self.look()?;
        let store = Store::open(dir)?;
        if store.mirror_id().is_some() {
            return Err(CustodyFault::IsMirror { dir: dir.to_owned() });
        }
        let id = store.id().to_owned();
        self.remove(dir, &store, hook)?;
        drop(store);
        let mut destroyed = Destroyed::default();
        loop {
            let faults = self.mirrors_in_line(&id, hook)?;
            self.conclude(&id, &mut destroyed)?;
            destroyed.waiting = self.waiting(&id, &faults);
            if destroyed.waiting.is_empty() || !wait() {
                return Ok(destroyed);
            }
            self.look()?;
        }
    }

    /// Marks and removes what must not be in this folder any more, a store or a mirror.
    pub(super) fn remove(&mut self, dir: &Path, store: &Store, hook: &mut Hook<'_>) -> Result<(), CustodyFault> {
        let mut ids: BTreeSet<Id> = self.custody.unfinished(store.id()).into_iter().collect();
        ids.extend(store.present_destroyed(&self.custody.destroyed()).iter().map(|key| key.id));
        for (record, ids) in self.records(&ids) {
            Store::mark_and_remove(dir, &ids, &record, hook)?;
        }
        if !store.unsettled().is_empty() && store.mirror_id().is_none() {
            Store::resume(dir, hook)?;
        }
        Ok(())
    }

    /// Keys by the text of their mark, which says when, why, and by which act.
    fn records(&self, ids: &BTreeSet<Id>) -> BTreeMap<String, Vec<Id>> {
        let mut records: BTreeMap<String, Vec<Id>> = BTreeMap::new();
        for &id in ids {
            let begun = self.custody.begun.get(&id);
            let record = serde_json::json!({
                "version": 1,
                "at": begun.and_then(|begun| jiff::Timestamp::from_millisecond(begun.at_ms).ok()).map(|at| at.to_string()),
                "act": begun.map(|begun| begun.index),
                "reason": begun.map(|begun| begun.reason.as_str()),
            });
            records.entry(format!("{record}\n")).or_default().push(id);
        }
        records
    }

    /// Brings the mirrors whose folder is on this host in line; why some could not be.
    fn mirrors_in_line(&mut self, store: &str, hook: &mut Hook<'_>) -> Result<BTreeMap<String, String>, CustodyFault> {
        let mut faults = BTreeMap::new();
        for (id, place) in self.custody.mirrors(store) {
            let Some(dir) = place.strip_prefix(self.host).and_then(|rest| rest.strip_prefix(':')) else { continue };
            if self.custody.owed_by_mirror(&id).is_empty() {
                continue;
            }
            match self.mirror_in_line(Path::new(dir), Some(&id), hook) {
                // Another one may be writing to it; the next look tries again.
                Err(CustodyFault::Store(error)) => drop(faults.insert(mirror_name(&id), error.to_string())),
                settled => settled?,
            }
        }
        Ok(faults)
    }

    /// Removes from a mirror what is destroyed, and confirms it. `expected` is the id that it must have.
    pub fn mirror_in_line(
        &mut self,
        dir: &Path,
        expected: Option<&str>,
        hook: &mut Hook<'_>,
    ) -> Result<(), CustodyFault> {
        let store = Store::open(dir)?;
        let Some(id) = store.mirror_id().filter(|id| expected.is_none_or(|expected| expected == *id)) else {
            return Ok(());
        };
        // What is confirmed is what was known before it was looked for.
        let owed = self.custody.owed_by_mirror(id);
        self.remove(dir, &store, hook)?;
        self.confirm(&mirror_name(id), &owed)
    }

    /// Says that somebody has these keys no more.
    pub fn confirm(&mut self, holder: &str, ids: &[Id]) -> Result<(), CustodyFault> {
        for ids in ids.chunks(ANNOUNCE_KEYS_MAX) {
            self.act(What::KeysDropped { holder: holder.to_owned(), ids: texts(ids) })?;
        }
        Ok(())
    }

    /// Says of every key that everybody has confirmed that it is destroyed.
    fn conclude(&mut self, store: &str, destroyed: &mut Destroyed) -> Result<(), CustodyFault> {
        let now_ms = (self.now_ms)();
        let mut ready: BTreeMap<BTreeSet<String>, Vec<Id>> = BTreeMap::new();
        for id in self.custody.unfinished(store) {
            let unconfirmed = self.custody.unconfirmed(id, now_ms);
            if unconfirmed.waiting.is_empty() {
                ready.entry(unconfirmed.lapsed).or_default().push(id);
            }
        }
        for (lapsed, ids) in ready {
            for ids in ids.chunks(ANNOUNCE_KEYS_MAX) {
                let (store, unconfirmed) = (store.to_owned(), listed(&lapsed));
                self.act(What::Destroyed { store, ids: texts(ids), unconfirmed })?;
            }
            destroyed.done.extend(ids);
            destroyed.unconfirmed.extend(lapsed);
        }
        destroyed.done.sort_unstable();
        Ok(())
    }

    fn waiting(&self, store: &str, faults: &BTreeMap<String, String>) -> Vec<Waiting> {
        let now_ms = (self.now_ms)();
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        for id in self.custody.unfinished(store) {
            for who in self.custody.unconfirmed(id, now_ms).waiting {
                *keys.entry(who).or_default() += 1;
            }
        }
        let waiting = |(who, keys): (String, usize)| Waiting {
            who: self.custody.place(&who),
            keys,
            fault: faults.get(&who).cloned(),
        };
        keys.into_iter().map(waiting).collect()
    }
}

/// A key as the log names it.
fn name(key: &KeyId) -> KeyName {
    KeyName { id: key.letters(), tier: key.place.tier().to_owned(), epoch: key.place.epoch() }
}

/// The lapsed holders by name, as many as fit an entry.
fn listed(lapsed: &BTreeSet<String>) -> Vec<String> {
    let mut names: Vec<String> = lapsed.iter().take(UNCONFIRMED_NAMES_MAX).cloned().collect();
    if lapsed.len() > names.len() {
        names.push(format!("and {} more", lapsed.len() - names.len()));
    }
    names
}
