//! The key store: random secrets per tier and epoch, and per tenant, in files that only their owner may read.
//!
//! ```text
//! keys/                            0700
//!   index.toml                     public: id, fingerprint and state of every key that was ever made
//!   mirror.toml                    where the folder is a mirror: its own id, and that of the store
//!   lock                           held by the one writer
//!   <tier>/<YYYY-MM-DD>.key        0600, see KEY_FILE_BYTES; `<YYYY>.key` for the year's, `<epoch>.g2.key` after a rotation
//!   tenants/<32 hex digits>.key    a tenant's; `naming.key` gives the digits
//!   destroyed/<id>.json            the key of this id is gone for good
//!   audit/                         a log of acts, where there is no broker; no part of the store
//! ```
//! No secret is derived from another one: removing a file ends what it made. A key counts from the moment at which the
//! index names it: a rotation of many epochs is one step for those who read.

mod disk;
mod fault;
mod file;
mod index;
mod make;
mod mirror;
mod name;
mod read;
mod remove;
mod rotate;
mod tenant;
mod term;
mod writer;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::engine::plan::Plan;
use crate::pseudonym::epoch::{EpochDay, Generation, KeyRing, Stored};
use crate::route::tier::Tier;
use crate::secret::Key;

pub use fault::{Halt, StoreError, StoreFault};
pub use file::{KEY_FILE_BYTES, VERSION};
use index::Index;
pub use make::Made;
pub use mirror::Synced;
pub use name::{KeyId, KeyPlace, letters, parse_letters};
pub use remove::Resumed;
pub use rotate::Rotation;
pub use tenant::Added;
pub use term::Covered;
pub use writer::{Hook, Interrupted, Step, steady};

const INDEX: &str = "index.toml";
const MIRROR: &str = "mirror.toml";
const LOCK: &str = "lock";
const DESTROYED: &str = "destroyed";
/// Where a file log of acts lies, if the store's verbs keep one there.
const AUDIT: &str = "audit";

/// Most keys that one call of `announce` is told: a hundred bytes each, they fit one entry of the acts log.
pub const ANNOUNCE_KEYS_MAX: usize = 500;

/// Is told the store's id and keys, after their ids were drawn and before anything of them is on the disk.
pub type Announce<'a, E> = dyn FnMut(&str, &[KeyId]) -> Result<(), E> + 'a;

/// The keys of a store, read and verified.
pub struct Store {
    dir: PathBuf,
    index: Index,
    mirror: Option<String>,
    live: BTreeMap<KeyPlace, Key>,
    marks: HashSet<[u8; 6]>,
    /// Files of keys that are destroyed.
    left: Vec<KeyId>,
    /// Whole files that the index does not name (yet), with their rows.
    unnamed: Vec<(KeyPlace, index::Row)>,
    /// The index says more than its file.
    stale: bool,
}

/// What can be told of a key without telling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub key: KeyId,
    /// Eight bytes in hex that tell two keys apart and say nothing of either.
    pub fingerprint: String,
    /// First event time of its generation, in milliseconds since 1970; `None` for the first generation.
    pub from_ms: Option<i64>,
    /// It is gone.
    pub destroyed: bool,
}

impl Store {
    /// Reads every key of the store in `dir`, or of one of its mirrors.
    ///
    /// # Errors
    /// All faults at once: a link in place of a file, another owner, a mode wider than 0600 (0700 for folders), a
    /// short, damaged or misplaced file, a key the index names and that is not there, a newer version.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        read::open(dir)
    }

    /// The store's sixteen hex digits; the same in all of its mirrors.
    pub fn id(&self) -> &str {
        &self.index.store
    }

    /// The mirror's own sixteen hex digits; `None` for the store itself.
    pub fn mirror_id(&self) -> Option<&str> {
        self.mirror.as_deref()
    }

    /// The ring of these tiers, in their order; a tier without folder has no keys.
    pub fn ring(&self, tiers: &[Tier]) -> KeyRing {
        let mut stored = Stored { tiers: vec![BTreeMap::new(); tiers.len()], ..Stored::default() };
        let places: BTreeMap<&str, usize> = tiers.iter().enumerate().map(|(at, tier)| (&*tier.name, at)).collect();
        for (place, row) in self.index.rows() {
            let secret = self.live.get(place).cloned();
            match place {
                KeyPlace::Epoch { tier, epoch, .. } => {
                    if let Some(&at) = places.get(&**tier) {
                        let generation = Generation { id: row.id, from_ms: row.from_ms.unwrap_or(i64::MIN), secret };
                        stored.tiers[at].entry(*epoch).or_default().push(generation);
                    }
                }
                KeyPlace::Tenant { hash } => {
                    stored.tenants.insert(*hash, secret);
                }
                KeyPlace::Naming => stored.naming = secret,
            }
        }
        for generations in stored.tiers.iter_mut().flat_map(BTreeMap::values_mut) {
            // Rows come by number, and sorting keeps that order: of two that begin at one time, the later made one serves.
            generations.sort_by_key(|generation| generation.from_ms);
        }
        KeyRing::stored(stored)
    }

    /// Treats these keys as destroyed, whatever the files say.
    pub fn forget(&mut self, destroyed: &HashSet<[u8; 6]>) {
        for (place, row) in self.index.rows_mut() {
            if destroyed.contains(&row.id) {
                row.destroyed = true;
                if self.live.remove(place).is_some() {
                    self.left.push(KeyId { id: row.id, place: place.clone() });
                }
            }
        }
    }

    /// The keys that are destroyed, by the store or by `destroyed`, and whose files are still there.
    pub fn present_destroyed(&self, destroyed: &HashSet<[u8; 6]>) -> Vec<KeyId> {
        let key = |(place, row): (&KeyPlace, &index::Row)| KeyId { id: row.id, place: place.clone() };
        let live =
            self.index.rows().filter(|(place, row)| destroyed.contains(&row.id) && self.live.contains_key(place));
        let unnamed = self.unnamed.iter().filter(|(_, row)| destroyed.contains(&row.id));
        let mut present: Vec<KeyId> = self.left.clone();
        present.extend(live.map(key));
        present.extend(unnamed.map(|(place, row)| key((place, row))));
        present.sort();
        present
    }

    /// Every key that was ever made, by tier and epoch, then the tenants'.
    pub fn keys(&self) -> Vec<Listed> {
        let listed = |(place, row): (&KeyPlace, &index::Row)| Listed {
            key: KeyId { id: row.id, place: place.clone() },
            fingerprint: row.fingerprint.clone(),
            from_ms: row.from_ms,
            destroyed: row.destroyed,
        };
        self.index.rows().map(listed).collect()
    }

    /// What does not hold between files, index and marks, and is no reason to refuse the store: an interrupted writer
    /// leaves it, and the next one settles it.
    pub fn unsettled(&self) -> Vec<StoreFault> {
        read::unsettled(self)
    }

    /// By tier of the policy that has secrets of its own: the last day up to which, from `from` on, every day has or had
    /// a key, and every year too where the policy asks for it.
    pub fn last_covered(&self, plan: &Plan, from: Date) -> Vec<Covered> {
        term::last_covered(self, plan, from)
    }

    /// The live keys whose epoch's last event day may no longer be kept, or no longer has to be: their `keep_until` lies
    /// before `today`, in every tier that they serve. Keys of tiers without such a day are never due.
    pub fn due(&self, plan: &Plan, today: Date) -> Vec<KeyId> {
        term::due(self, plan, today)
    }

    /// Whether the law allows to destroy these keys on `today`.
    ///
    /// # Errors
    /// A fault for each key that the store does not have, and for each whose tier has a legal minimum (or is unknown to
    /// the policy) and whose `keep_until` has not passed.
    pub fn refuse_early(&self, plan: &Plan, ids: &[[u8; 6]], today: Date) -> Result<(), StoreError> {
        term::refuse_early(self, plan, ids, today)
    }

    /// Makes the missing keys of the policy's tiers for the days `from` to `until`, both included, and for their years
    /// where the policy asks for it; epochs that have or had a key are left alone.
    ///
    /// # Errors
    /// When the store is faulty or a mirror, another writer is at work, the span is empty or longer than
    /// `limits::KEY_DAYS_MAX`, a tier's name cannot be a folder, a file cannot be written, or `announce` fails.
    pub fn make<E>(
        dir: &Path,
        plan: &Plan,
        (from, until): (Date, Date),
        announce: &mut Announce<'_, E>,
        hook: &mut Hook<'_>,
    ) -> Result<Made, Halt<E>> {
        make::make(dir, plan, from, until, announce, hook)
    }

    /// Begins a new generation of the keys of some tiers at an event time: for the epoch that contains it, and for every
    /// later one that the store has keys for. Gives the new keys. An epoch that already has a generation from that very
    /// time is left alone, so that the same command completes an interrupted one.
    ///
    /// # Errors
    /// As [`Store::make`]; and when the time is past without `emergency`, a tier is unknown or nothing is there to rotate.
    pub fn rotate<E>(
        dir: &Path,
        plan: &Plan,
        rotation: &Rotation<'_>,
        announce: &mut Announce<'_, E>,
        hook: &mut Hook<'_>,
    ) -> Result<Vec<KeyId>, Halt<E>> {
        rotate::rotate(dir, plan, rotation, announce, hook)
    }

    /// Makes the missing keys of tenants of a source. One whose key was destroyed gets no other.
    ///
    /// # Errors
    /// As [`Store::make`].
    pub fn add_tenants<E>(
        dir: &Path,
        source: &str,
        tenants: &[&[u8]],
        announce: &mut Announce<'_, E>,
        hook: &mut Hook<'_>,
    ) -> Result<Added, Halt<E>> {
        tenant::add(dir, source, tenants, announce, hook)
    }

    /// Destroys keys in this folder, a store or a mirror: the mark (`record` is its JSON text) is on the disk before the
    /// file is unlinked. Ids that are gone or were never there are marked all the same, so that no copy of them counts.
    /// Gives the keys whose files were removed.
    ///
    /// # Errors
    /// When the folder is faulty, another writer is at work, or a file cannot be written or removed.
    pub fn mark_and_remove(
        dir: &Path,
        ids: &[[u8; 6]],
        record: &str,
        hook: &mut Hook<'_>,
    ) -> Result<Vec<KeyId>, StoreError> {
        remove::mark_and_remove(dir, ids, record, hook)
    }

    /// Completes what an interrupted writer left: removes files whose key is marked as destroyed, names whole files that
    /// the index does not name (their keys were announced), and drops what is half written.
    ///
    /// # Errors
    /// As [`Store::mark_and_remove`].
    pub fn resume(dir: &Path, hook: &mut Hook<'_>) -> Result<Resumed, StoreError> {
        remove::resume(dir, hook)
    }

    /// Makes an empty folder a mirror of `from`, before it has any key; its id, or that of the mirror that is there. `None`
    /// where [`Store::mirror`] would make it the store again.
    ///
    /// # Errors
    /// As [`Store::mirror`].
    pub fn begin_mirror(from: &Path, to: &Path, hook: &mut Hook<'_>) -> Result<Option<String>, StoreError> {
        mirror::begin(from, to, hook)
    }

    /// Brings the mirror `to` in line with the store `from`: what is destroyed goes first, then what is new comes. A new
    /// folder becomes a mirror. With a mirror as `from`, an empty folder becomes the store again.
    ///
    /// # Errors
    /// When either is faulty, `to` is of another store, is a store itself or knows more than `from`, or a file cannot be
    /// written.
    pub fn mirror(from: &Path, to: &Path, hook: &mut Hook<'_>) -> Result<Synced, StoreError> {
        mirror::sync(from, to, hook)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({}, {} keys)", self.id(), self.live.len())
    }
}

/// The civil date of a day counted from 1970-01-01. Days of a store lie in four-digit years.
pub(crate) fn date(day: EpochDay) -> Date {
    EPOCH.saturating_add(jiff::Span::new().days(day))
}

/// Days from 1970-01-01 to this date.
pub(crate) fn day(date: Date) -> EpochDay {
    (date.duration_since(EPOCH).as_hours() / 24) as EpochDay
}

const EPOCH: Date = Date::constant(1970, 1, 1);
