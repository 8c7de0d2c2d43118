//! Who may still have which keys: what the log of acts says of destructions, holders and mirrors.
//!
//! Acts go first, effects second. A destruction is begun in the log, then carried out on the disk, then confirmed by every
//! mirror of the store and by every instance of `run` that may hold the key, and only then said to be done. Whatever was
//! interrupted on that way is found in the log, and [`Custodian::resume`] completes it.

mod destroy;
mod mirror;
mod start;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub use destroy::{Destroyed, Waiting};
pub use mirror::Mirrored;
pub use start::horizon;

use crate::limits::{CLOCK_BEHIND_MS, UNCONFIRMED_MS};
use crate::policy::key::{StoreError, letters, parse_letters};
use crate::telemetry::audit::entry::{Act, KeyName, What};
use crate::telemetry::audit::{Acts, AuditFault};

/// The six letters of a key.
pub type Id = [u8; 6];

/// Why keys cannot be used, copied or destroyed.
#[derive(Debug, thiserror::Error)]
pub enum CustodyFault {
    /// The store or a mirror of it.
    #[error("the key store is refused\n{0}")]
    Store(#[from] StoreError),
    /// The log of acts cannot be written or read: nothing is done without it.
    #[error("{0}")]
    Acts(#[from] AuditFault),
    /// The clock of this host is wrong, so that no term can be judged by it.
    #[error("the clock of this host is {} s behind the newest act in {place}", behind_ms / 1000)]
    Clock {
        /// By how much.
        behind_ms: i64,
        /// The log.
        place: String,
    },
    /// Files of destroyed keys are in a store: somebody put an old copy in its place.
    #[error("{}: {count} keys that were destroyed are there again: a copy was put back", dir.display())]
    Copied {
        /// How many.
        count: usize,
        /// The store.
        dir: PathBuf,
    },
    /// The store ends too soon.
    #[error("the keys of tier `{tier}` end with {last}, within the horizon of {horizon_days} days")]
    Horizon {
        /// The tier whose keys end first.
        tier: String,
        /// Its last day, or a word for none.
        last: String,
        /// `keys.horizon`.
        horizon_days: u32,
        /// The day until which keys are asked for.
        until: jiff::civil::Date,
    },
    /// Keys are destroyed in the store; mirrors follow it.
    #[error("{}: a mirror: keys are destroyed in the store that it copies", dir.display())]
    IsMirror {
        /// The folder.
        dir: PathBuf,
    },
    /// No mirror has this id.
    #[error("no mirror {id} is in the log of acts")]
    NoMirror {
        /// What was asked for.
        id: String,
    },
}

impl CustodyFault {
    /// What to do about it, where its text does not say so.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Store(_) => None,
            Self::Acts(_) => Some(String::from("nothing is done to keys while acts cannot be written down first")),
            Self::Clock { .. } => Some(String::from("set the clock; terms are judged by it")),
            Self::Copied { .. } => {
                Some(String::from("remove them again: `garim keys destroy --resume`, and ask who put them back"))
            }
            Self::Horizon { until, .. } => Some(format!(
                "make keys: `garim keys new --until {until}`; `keys.horizon = \"off\"` asks for none (for back-fills)"
            )),
            Self::IsMirror { .. } => Some(String::from("name the store itself with `--keys`")),
            Self::NoMirror { .. } => Some(String::from("`mirror.toml` in the folder of a mirror tells its id")),
        }
    }

    /// Whether a newer garim wrote the store or the log.
    pub fn is_newer(&self) -> bool {
        match self {
            Self::Store(error) => error.is_newer(),
            Self::Acts(AuditFault::Newer { .. }) => true,
            Self::Acts(_)
            | Self::Clock { .. }
            | Self::Copied { .. }
            | Self::Horizon { .. }
            | Self::IsMirror { .. }
            | Self::NoMirror { .. } => false,
        }
    }
}

/// A destruction that was begun, and perhaps done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Begun {
    /// Index of its act.
    index: u64,
    at_ms: i64,
    store: String,
    name: KeyName,
    reason: String,
    done: bool,
}

/// An instance that started and did not say that it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    store: String,
    /// Index of its start.
    since: u64,
    /// Its last sign of life.
    seen_ms: i64,
    lease_ms: i64,
    /// Another process took its name: the brokers have fenced it.
    superseded: bool,
    dropped: HashSet<Id>,
}

/// A second copy of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mirror {
    store: String,
    /// `host:folder`.
    place: String,
    dropped: HashSet<Id>,
}

/// What the log of acts says of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custody {
    next: u64,
    newest_ms: i64,
    begun: BTreeMap<Id, Begun>,
    holders: BTreeMap<String, Holder>,
    mirrors: BTreeMap<String, Mirror>,
}

/// Who has not confirmed the end of a key.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unconfirmed {
    /// Holders that are alive, and mirrors: the destruction waits for them.
    waiting: BTreeSet<String>,
    /// Holders that gave no sign of life: they are told of, and refuse the key when they wake.
    lapsed: BTreeSet<String>,
}

/// The name of a mirror among those who confirm.
fn mirror_name(id: &str) -> String {
    format!("mirror {id}")
}

impl Custody {
    /// Takes the next act of the log.
    pub fn on(&mut self, index: u64, act: &Act) {
        self.next = index + 1;
        self.newest_ms = self.newest_ms.max(act.at_ms);
        if let Some(holder) = self.holders.get_mut(&act.by) {
            holder.seen_ms = holder.seen_ms.max(act.at_ms);
        }
        match &act.what {
            What::Started { store, lease_ms, .. } => self.started(index, act, store, *lease_ms),
            What::Alive { lease_ms } => {
                if let Some(holder) = self.holders.get_mut(&act.by) {
                    holder.lease_ms = lease(*lease_ms);
                }
            }
            What::Stopped {} => drop(self.holders.remove(&act.by)),
            What::DestroyBegun { store, keys, reason } => {
                for name in keys {
                    let Some(id) = parse_letters(&name.id) else { continue };
                    self.begun.entry(id).or_insert_with(|| Begun {
                        index,
                        at_ms: act.at_ms,
                        store: store.clone(),
                        name: name.clone(),
                        reason: reason.clone(),
                        done: false,
                    });
                }
            }
            What::KeysDropped { holder, ids } => {
                let mirror = holder.strip_prefix("mirror ").and_then(|id| self.mirrors.get_mut(id));
                let dropped = match mirror {
                    Some(mirror) => Some(&mut mirror.dropped),
                    None => self.holders.get_mut(&act.by).map(|holder| &mut holder.dropped),
                };
                if let Some(dropped) = dropped {
                    dropped.extend(ids.iter().filter_map(|id| parse_letters(id)));
                }
            }
            What::Destroyed { ids, .. } => {
                for id in ids.iter().filter_map(|id| parse_letters(id)) {
                    if let Some(begun) = self.begun.get_mut(&id) {
                        begun.done = true;
                    }
                }
            }
            What::MirrorMade { store, mirror, place } => {
                let made = Mirror { store: store.clone(), place: place.clone(), dropped: HashSet::new() };
                let known = self.mirrors.entry(mirror.clone()).or_insert(made);
                known.place.clone_from(place);
            }
            What::MirrorGone { mirror } => drop(self.mirrors.remove(mirror)),
            What::PolicyTaken { .. }
            | What::KeysMade { .. }
            | What::KeysRotated { .. }
            | What::Opening { .. }
            | What::Opened { .. }
            | What::LookUp { .. }
            | What::RecordsExpired { .. }
            | What::WindowsRoot { .. } => {}
        }
    }

    fn started(&mut self, index: u64, act: &Act, store: &str, lease_ms: u64) {
        let instance = instance_of(&act.by);
        for (name, holder) in &mut self.holders {
            holder.superseded |= instance_of(name) == instance;
        }
        let holder = Holder {
            store: store.to_owned(),
            since: index,
            seen_ms: act.at_ms,
            lease_ms: lease(lease_ms),
            superseded: false,
            dropped: HashSet::new(),
        };
        self.holders.insert(act.by.clone(), holder);
    }

    /// Every key that is destroyed, or whose destruction was begun: none of them may be loaded.
    pub fn destroyed(&self) -> HashSet<Id> {
        self.begun.keys().copied().collect()
    }

    /// The keys of which the log says that they are gone.
    pub fn done(&self) -> HashSet<Id> {
        self.begun.iter().filter(|(_, begun)| begun.done).map(|(&id, _)| id).collect()
    }

    /// The keys of this store whose destruction was begun and is not done.
    pub fn unfinished(&self, store: &str) -> Vec<Id> {
        let open = self.begun.iter().filter(|(_, begun)| !begun.done && begun.store == store);
        open.map(|(&id, _)| id).collect()
    }

    /// What this holder has not confirmed yet of what was begun since its start.
    pub fn owed_by_holder(&self, name: &str) -> Vec<Id> {
        let Some(holder) = self.holders.get(name) else { return Vec::new() };
        let owed = self.begun.iter().filter(|(id, begun)| asks(begun, holder) && !holder.dropped.contains(*id));
        owed.map(|(&id, _)| id).collect()
    }

    /// What this mirror has not confirmed yet.
    pub fn owed_by_mirror(&self, id: &str) -> Vec<Id> {
        let Some(mirror) = self.mirrors.get(id) else { return Vec::new() };
        let open = self.unfinished(&mirror.store);
        open.into_iter().filter(|id| !mirror.dropped.contains(id)).collect()
    }

    /// The mirrors of a store: id and place.
    pub fn mirrors(&self, store: &str) -> Vec<(String, String)> {
        let mirrors = self.mirrors.iter().filter(|(_, mirror)| mirror.store == store);
        mirrors.map(|(id, mirror)| (id.clone(), mirror.place.clone())).collect()
    }

    /// The time of the newest act, in milliseconds since 1970; 0 where there is none.
    pub fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    /// Who has not confirmed the end of a key that was begun.
    fn unconfirmed(&self, id: Id, now_ms: i64) -> Unconfirmed {
        let mut found = Unconfirmed::default();
        let Some(begun) = self.begun.get(&id) else { return found };
        for (name, mirror) in &self.mirrors {
            if mirror.store == begun.store && !mirror.dropped.contains(&id) {
                found.waiting.insert(mirror_name(name));
            }
        }
        // What one host's clock cannot say, the log may.
        let now_ms = now_ms.max(self.newest_ms);
        for (name, holder) in &self.holders {
            if !asks(begun, holder) || holder.dropped.contains(&id) {
                continue;
            }
            let silent_ms = now_ms - holder.seen_ms;
            if !holder.superseded && silent_ms <= holder.lease_ms + CLOCK_BEHIND_MS {
                found.waiting.insert(name.clone());
            } else if silent_ms <= UNCONFIRMED_MS {
                found.lapsed.insert(name.clone());
            }
        }
        found
    }

    /// Where one who confirms is, for people.
    fn place(&self, who: &str) -> String {
        let mirror = who.strip_prefix("mirror ").and_then(|id| self.mirrors.get(id));
        mirror.map_or_else(|| who.to_owned(), |mirror| format!("{who} at {}", mirror.place))
    }
}

/// Whether this holder may have a key: it had started before the destruction began, and has not heard of it at its start.
fn asks(begun: &Begun, holder: &Holder) -> bool {
    !begun.done && begun.store == holder.store && holder.since < begun.index
}

/// The instance in the name of a holder, `garim/host-1#0f3a9c21`: what stands before the letters of one process.
fn instance_of(name: &str) -> &str {
    name.rsplit_once('#').map_or(name, |(instance, _)| instance)
}

fn lease(lease_ms: u64) -> i64 {
    i64::try_from(lease_ms).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// Reads the log of acts, and writes what concerns keys into it before it does so.
pub struct Custodian<'a> {
    /// The log.
    pub acts: &'a mut dyn Acts,
    /// Who acts: the name of an instance, or user and host of a verb.
    pub by: &'a str,
    /// This host, to which folders of mirrors belong.
    pub host: &'a str,
    /// The clock: milliseconds since 1970.
    pub now_ms: &'a dyn Fn() -> i64,
    /// What the log said up to the last look.
    pub custody: Custody,
}

impl std::fmt::Debug for Custodian<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Custodian({} at {})", self.by, self.acts.place())
    }
}

impl<'a> Custodian<'a> {
    /// One who knows the log as it is now.
    ///
    /// # Errors
    /// [`CustodyFault::Acts`] when it cannot be read; [`CustodyFault::Clock`] when the clock of this host is more than
    /// `CLOCK_BEHIND_MS` behind the newest act.
    pub fn new(
        acts: &'a mut dyn Acts,
        by: &'a str,
        host: &'a str,
        now_ms: &'a dyn Fn() -> i64,
    ) -> Result<Self, CustodyFault> {
        let mut custodian = Self { acts, by, host, now_ms, custody: Custody::default() };
        custodian.look()?;
        let behind_ms = custodian.custody.newest_ms() - (custodian.now_ms)();
        if behind_ms > CLOCK_BEHIND_MS {
            return Err(CustodyFault::Clock { behind_ms, place: custodian.acts.place() });
        }
        Ok(custodian)
    }

    /// Reads what has come to the log.
    ///
    /// # Errors
    /// [`CustodyFault::Acts`].
    pub fn look(&mut self) -> Result<(), CustodyFault> {
        let Self { acts, custody, .. } = self;
        let next = acts.read(custody.next, &mut |index, act| custody.on(index, &act))?;
        custody.next = custody.next.max(next);
        Ok(())
    }

    /// Writes an act; it is durable, and known to [`Custodian::custody`] with all that came before it.
    ///
    /// # Errors
    /// [`CustodyFault::Acts`]: the effect must not follow.
    pub fn act(&mut self, what: What) -> Result<(), CustodyFault> {
        let act = Act::new((self.now_ms)(), self.by, what);
        self.acts.append(&act)?;
        self.look()
    }
}

/// What changes when a writer has changed a store: its index and its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    index: (u64, u64, i64, i64),
    marks: Option<(i64, i64)>,
}

impl Seen {
    /// `None` where there is no index to be seen.
    pub fn at(dir: &Path) -> Option<Self> {
        let index = dir.join("index.toml").symlink_metadata().ok()?;
        let marks = dir.join("destroyed").symlink_metadata().ok().map(|marks| (marks.mtime(), marks.mtime_nsec()));
        Some(Self { index: (index.ino(), index.len(), index.mtime(), index.mtime_nsec()), marks })
    }
}

fn texts(ids: &[Id]) -> Vec<String> {
    ids.iter().map(|&id| letters(id)).collect()
}
