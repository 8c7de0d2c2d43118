//! Event time and tier to the keys of that epoch.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;
use zeroize::Zeroize;

use crate::record::TierId;
use crate::secret::Key;

/// A civil day in the policy's time zone, in days since 1970-01-01.
pub type EpochDay = i32;

/// How long one pseudonym secret of a tier serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A civil day.
    Day,
    /// A civil year.
    Year,
}

/// The period of event time that one secret covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Epoch {
    /// A civil day.
    Day(EpochDay),
    /// A civil year.
    Year(i16),
}

impl Epoch {
    /// The epoch of an event on `day`; `None` outside of the years -9999 to 9999.
    pub fn of(period: Period, day: EpochDay) -> Option<Self> {
        match period {
            Period::Day => Some(Self::Day(day)),
            Period::Year => {
                let date = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()?;
                Some(Self::Year(date.year()))
            }
        }
    }
}

/// The random 256-bit secret of one (tier, epoch), with the six letters that name it.
#[derive(Debug, Clone)]
pub struct EpochSecret {
    /// Six letters `a`-`z`, unique in the store.
    pub id: [u8; 6],
    /// First event time that it serves, in milliseconds since 1970.
    pub from_ms: i64,
    /// First event time that it serves no more; a rotation inside an epoch begins a new generation.
    pub until_ms: i64,
    /// The secret from which the keys of each purpose are derived.
    pub secret: Key,
}

/// One secret of an epoch. Generations of an epoch follow each other at the event times at which they were rotated.
#[derive(Debug, Clone)]
pub struct Generation {
    /// Six letters that name it.
    pub id: [u8; 6],
    /// First event time that it serves, in milliseconds since 1970; `i64::MIN` for the first generation.
    pub from_ms: i64,
    /// `None` marks a destroyed secret.
    pub secret: Option<Key>,
}

/// What a ring knows of one (tier, epoch) at an event time.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// Its secret.
    Live(EpochSecret),
    /// It was destroyed.
    Destroyed,
    /// It was never made.
    Missing,
}

/// What a ring knows of a tenant.
#[derive(Debug, Clone)]
pub enum TenantLookup {
    /// Its secret.
    Live(Key),
    /// It was destroyed.
    Destroyed,
    /// It was never made.
    Missing,
}

/// Sixteen bytes that stand for a tenant of a source, and tell nothing of its name without the store.
pub type TenantId = [u8; 16];

/// The name of a tenant in a store: a keyed hash over `source | 0 | tenant`.
pub fn tenant_id(naming: &Key, source: &str, tenant: &[u8]) -> TenantId {
    let mut hasher = blake3::Hasher::new_keyed(naming.expose());
    hasher.update(source.as_bytes()).update(&[0]).update(tenant);
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hasher.zeroize();
    id
}

/// The text that stands for a tenant, however it was typed or sent; `None` where nothing is left of it.
pub fn canonical_tenant(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// The secrets of one policy. It never changes: other secrets are another ring, with an identity of its own, so that
/// whoever keeps what was derived from a ring notices.
#[derive(Debug)]
pub struct KeyRing {
    identity: u64,
    secrets: Secrets,
}

#[derive(Debug)]
enum Secrets {
    /// Read from a key store.
    Stored(Stored),
    /// Made for one run and kept in memory: everything has a secret, derived from this one.
    Ephemeral(Key),
}

/// What the next ring is called.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The secrets of a key store, by tier of the policy.
#[derive(Debug, Default)]
pub struct Stored {
    /// By tier (`TierId` as index), then epoch: the generations, by rising `from_ms`.
    pub tiers: Vec<BTreeMap<Epoch, Vec<Generation>>>,
    /// The key under which tenants are named; none where the store has no tenants.
    pub naming: Option<Key>,
    /// The tenants' secrets; `None` marks a destroyed one.
    pub tenants: BTreeMap<TenantId, Option<Key>>,
}

impl KeyRing {
    /// A ring of that run's own keys, from 32 random bytes.
    pub fn ephemeral(secret: Key) -> Self {
        Self::of(Secrets::Ephemeral(secret))
    }

    /// A ring of the secrets of a key store.
    pub fn stored(secrets: Stored) -> Self {
        Self::of(Secrets::Stored(secrets))
    }

    fn of(secrets: Secrets) -> Self {
        Self { identity: NEXT.fetch_add(1, Ordering::Relaxed), secrets }
    }

    /// A number that no other ring of this process has.
    pub const fn identity(&self) -> u64 {
        self.identity
    }

    /// The secrets of the key store that it was made of, if it was.
    pub const fn store(&self) -> Option<&Stored> {
        match &self.secrets {
            Secrets::Stored(stored) => Some(stored),
            Secrets::Ephemeral(_) => None,
        }
    }

    /// The secret of `tier` (one that has secrets of its own, not a recipient's) in `epoch` for an event at `event_ms`.
    pub fn lookup(&self, tier: TierId, epoch: Epoch, event_ms: i64) -> Lookup {
        match &self.secrets {
            Secrets::Stored(stored) => {
                let generations = stored.tiers.get(usize::from(tier.0)).and_then(|epochs| epochs.get(&epoch));
                let Some(generations) = generations else { return Lookup::Missing };
                let after = generations.partition_point(|generation| generation.from_ms <= event_ms);
                let Some(found) = after.checked_sub(1).and_then(|index| generations.get(index)) else {
                    return Lookup::Missing;
                };
                match &found.secret {
                    None => Lookup::Destroyed,
                    Some(secret) => Lookup::Live(EpochSecret {
                        id: found.id,
                        from_ms: found.from_ms,
                        until_ms: generations.get(after).map_or(i64::MAX, |next| next.from_ms),
                        secret: secret.clone(),
                    }),
                }
            }
            Secrets::Ephemeral(secret) => {
                let (sort, number) = match epoch {
                    Epoch::Day(day) => ("day", day),
                    Epoch::Year(year) => ("year", i32::from(year)),
                };
                let mut id = [0u8; 6];
                ephemeral(secret, "name", sort, &[&[tier.0], &number.to_le_bytes()[..]], &mut id);
                id.iter_mut().for_each(|letter| *letter = b'a' + *letter % 26);
                let secret = Key::filled(|bytes| {
                    ephemeral(secret, "epoch", sort, &[&[tier.0], &number.to_le_bytes()[..]], bytes);
                });
                Lookup::Live(EpochSecret { id, from_ms: i64::MIN, until_ms: i64::MAX, secret })
            }
        }
    }

    /// The name of a tenant of `source`; none in a store without tenants.
    pub fn tenant_id(&self, source: &str, tenant: &str) -> Option<TenantId> {
        let naming = match &self.secrets {
            Secrets::Stored(stored) => stored.naming.as_ref()?,
            Secrets::Ephemeral(secret) => secret,
        };
        Some(tenant_id(naming, source, tenant.as_bytes()))
    }

    /// The secret of a tenant.
    pub fn tenant(&self, id: &TenantId) -> TenantLookup {
        match &self.secrets {
            Secrets::Stored(stored) => match stored.tenants.get(id) {
                Some(Some(secret)) => TenantLookup::Live(secret.clone()),
                Some(None) => TenantLookup::Destroyed,
                None => TenantLookup::Missing,
            },
            Secrets::Ephemeral(secret) => {
                TenantLookup::Live(Key::filled(|bytes| ephemeral(secret, "tenant", "", &[&id[..]], bytes)))
            }
        }
    }
}

/// Bytes of one run: a keyed hash, under the run's own secret, of what they are for.
fn ephemeral(secret: &Key, what: &str, sort: &str, input: &[&[u8]], out: &mut [u8]) {
    let mut hasher = blake3::Hasher::new_keyed(secret.expose());
    hasher.update(what.as_bytes()).update(&[0]).update(sort.as_bytes()).update(&[0]);
    for part in input {
        hasher.update(part);
    }
    let mut reader = hasher.finalize_xof();
    reader.fill(out);
    reader.zeroize();
    hasher.zeroize();
}
