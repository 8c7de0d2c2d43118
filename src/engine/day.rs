//! Event times to civil days, ages and keys; the keys derived so far, and the frames that wait for them.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::plan::KeyPlan;
use crate::limits::{DERIVED_KEYS_MAX, FRAME_BYTES, TIERS_MAX};
use crate::pseudonym::epoch::{Epoch, EpochDay, EpochSecret, KeyRing, Lookup, Period, TenantId, TenantLookup};
use crate::pseudonym::prf::Prf;
use crate::pseudonym::queue::Queue;
use crate::pseudonym::token::letters;
use crate::pseudonym::{Purpose, derive, share_id};
use crate::record::time::DAY_MS;
use crate::route::TierId;
use crate::route::term::{Term, date, day_of};
use crate::secret::Key;

/// The keys of one (tier, day, tenant), for the event times of one generation.
pub(super) struct Slot {
    tier: TierId,
    day: EpochDay,
    tenant: Option<TenantId>,
    /// First event time that they serve, in milliseconds since 1970.
    from_ms: i64,
    /// First event time that they serve no more.
    until_ms: i64,
    /// The keys of another generation of the same day.
    other: Option<usize>,
    /// The batch that used them last.
    used: u64,
    /// The six letters that name the pseudonym key.
    pub(super) id: [u8; 6],
    pub(super) pseudonym: Prf,
    record: Prf,
    /// Where the tier seals.
    pub(super) seal: Option<SealKeys>,
}

/// The keys of the sealed values of a record.
pub(super) struct SealKeys {
    /// The six letters that name them: those of the day's secret.
    pub(super) id: [u8; 6],
    pub(super) seal: Key,
    nonce: Prf,
}

/// Why there are no keys.
pub(super) enum NoKey {
    Destroyed,
    /// A secret was never made: that of an epoch, or the tenant's.
    Missing {
        epoch: Epoch,
        tenant: bool,
    },
}

/// Whose keys are asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) tier: TierId,
    pub(super) plan: &'a KeyPlan,
    /// Whether some value is sealed in the tier.
    pub(super) seals: bool,
    pub(super) day: EpochDay,
    pub(super) event_ms: i64,
    /// Of a tier with tenants: the record's, if the store has one of that name at all.
    pub(super) tenant: Option<TenantId>,
}

/// What the hash of a record's frame is for.
#[derive(Clone, Copy)]
pub(super) struct RecordPlace {
    /// The byte of the output where its letters begin, where they are written.
    pub(super) letters: Option<usize>,
    /// The index of the output that it gives a place among the others, where the tier's are spread.
    pub(super) output: Option<usize>,
}

/// How many frames waited at some moment.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    values: usize,
    records: usize,
    nonces: usize,
}

/// All that depends on an event's day. Derived keys are kept from batch to batch, as long as ring and engine stay.
#[derive(Default)]
pub(super) struct Days {
    /// The engine and the ring of `slots`, by their identities.
    serves: Option<(u64, u64)>,
    /// Counts batches.
    batch: u64,
    slots: Vec<Slot>,
    /// The first slot of each (tier, day, tenant).
    index: HashMap<(TierId, EpochDay, Option<TenantId>), usize>,
    /// Tokens that wait, by the byte of the output where their letters begin.
    values: Queue<usize>,
    records: Queue<RecordPlace>,
    /// Nonces of sealed values, in the order in which their records came.
    nonces: Queue<()>,
    /// By tier: the slot of its latest record.
    latest: Vec<Option<usize>>,
    /// The tenant that was named last: source, text, name in the ring.
    tenant: Option<(u16, Option<TenantId>)>,
    tenant_text: String,
    /// By tier: the event day that was asked for last, and the last day of such a record.
    ends: Vec<Option<(EpochDay, Option<i32>)>>,
    /// The civil days that were met last: first millisecond, first millisecond of the next day, day.
    civil: [Option<(i64, i64, EpochDay)>; 2],
}

impl fmt::Debug for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Days({} keys)", self.slots.len())
    }
}

impl Days {
    /// Begins a batch of an engine and a ring, by their identities. Keys of others are wiped.
    pub(super) fn begin(&mut self, engine: u64, ring: u64) {
        if self.serves != Some((engine, ring)) {
            self.forget();
            self.serves = Some((engine, ring));
        }
        self.batch += 1;
        if self.slots.len() > DERIVED_KEYS_MAX {
            self.evict();
        }
        self.latest.clear();
        self.latest.resize(TIERS_MAX, None);
        self.ends.clear();
        self.ends.resize(TIERS_MAX, None);
        self.tenant = None;
        self.civil = [None; 2];
        self.values.clear();
        self.records.clear();
        self.nonces.clear();
    }

    /// Wipes every derived key.
    pub(super) fn forget(&mut self) {
        self.slots.clear();
        self.index.clear();
        self.latest.clear();
        self.tenant = None;
        self.serves = None;
    }

    /// Wipes the keys that were not used for longest, down to three quarters of the bound.
    fn evict(&mut self) {
        self.slots.sort_unstable_by_key(|slot| std::cmp::Reverse(slot.used));
        self.slots.truncate(DERIVED_KEYS_MAX / 4 * 3);
        self.index.clear();
        for at in 0..self.slots.len() {
            let slot = &self.slots[at];
            let other = self.index.insert((slot.tier, slot.day, slot.tenant), at);
            self.slots[at].other = other;
        }
    }

    /// The civil day of a time in `zone`; `None` outside of the years -9999 to 9999.
    ///
    /// `which` keeps the days of event times (0) and of arrivals (1) apart: both move on slowly.
    pub(super) fn day(&mut self, ms: i64, zone: &TimeZone, which: usize) -> Option<EpochDay> {
        if let Some((from, until, day)) = self.civil[which]
            && (from..until).contains(&ms)
        {
            return Some(day);
        }
        let date = zone.to_datetime(Timestamp::from_millisecond(ms).ok()?).date();
        let start = |date: jiff::civil::Date| zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok();
        let day = day_of(date);
        let from = start(date)?.as_millisecond();
        let until = date.tomorrow().ok().and_then(start).map_or(from + DAY_MS, Timestamp::as_millisecond);
        self.civil[which] = Some((from, until, day));
        Some(day)
    }

    /// The last day of a record of `tier` whose event fell on `day`; `None` where an event of the subject ends it.
    pub(super) fn last_day(&mut self, tier: TierId, term: &Term, day: EpochDay) -> Option<i32> {
        let known = &mut self.ends[usize::from(tier.0)];
        if let Some((known_day, last)) = *known
            && known_day == day
        {
            return last;
        }
        let last = date(day).and_then(|_| term.last_day(day));
        *known = Some((day, last));
        last
    }

    /// The name in the ring of a tenant of a source; `None` where the ring's store has no tenants.
    pub(super) fn tenant(&mut self, ring: &KeyRing, source: u16, source_name: &str, text: &str) -> Option<TenantId> {
        if let Some((known, id)) = self.tenant
            && known == source
            && self.tenant_text == text
        {
            return id;
        }
        let id = ring.tenant_id(source_name, text);
        self.tenant_text.clear();
        self.tenant_text.push_str(text);
        self.tenant = Some((source, id));
        id
    }

    /// The number of the keys that serve an event in a tier; they are read and derived when met first.
    pub(super) fn slot(&mut self, asked: Asked<'_>, ring: &KeyRing) -> Result<usize, NoKey> {
        let serves = |slot: &Slot| (slot.from_ms..slot.until_ms).contains(&asked.event_ms);
        let latest = &mut self.latest[usize::from(asked.tier.0)];
        if let Some(known) = *latest {
            let slot = &self.slots[known];
            if slot.day == asked.day && slot.tenant == asked.tenant && serves(slot) {
                return Ok(known);
            }
        }
        let name = (asked.tier, asked.day, asked.tenant);
        let first = self.index.get(&name).copied();
        let mut known = first;
        while let Some(at) = known
            && !serves(&self.slots[at])
        {
            known = self.slots[at].other;
        }
        let at = match known {
            Some(at) => at,
            None => {
                let mut slot = Slot::derive(asked, ring)?;
                slot.other = first;
                self.slots.push(slot);
                self.index.insert(name, self.slots.len() - 1);
                self.slots.len() - 1
            }
        };
        self.slots[at].used = self.batch;
        self.latest[usize::from(asked.tier.0)] = Some(at);
        Ok(at)
    }

    /// The keys with a number, and a frame of zeros whose letters go to the byte `at` of the output.
    #[inline]
    pub(super) fn value(&mut self, slot: usize, at: usize) -> (&Slot, &mut [u8; FRAME_BYTES]) {
        (&self.slots[slot], self.values.push(slot, at))
    }

    /// A frame of zeros for a record's id.
    #[inline]
    pub(super) fn record(&mut self, slot: usize, place: RecordPlace) -> &mut [u8; FRAME_BYTES] {
        self.records.push(slot, place)
    }

    /// What the id that was asked for last is for.
    pub(super) fn last_record(&mut self) -> Option<&mut RecordPlace> {
        self.records.last_place()
    }

    /// A frame of zeros for a nonce of a record; the keys must be those of a tier that seals.
    pub(super) fn nonce(&mut self, slot: usize) -> &mut [u8; FRAME_BYTES] {
        self.nonces.push(slot, ())
    }

    /// The keys with a number.
    pub(super) fn keys(&self, slot: usize) -> &Slot {
        &self.slots[slot]
    }

    /// How many frames wait.
    pub(super) const fn waiting(&self) -> Waiting {
        Waiting { values: self.values.len(), records: self.records.len(), nonces: self.nonces.len() }
    }

    /// Takes back the frames that came after `before`.
    pub(super) fn retract(&mut self, before: Waiting) {
        self.values.truncate(before.values);
        self.records.truncate(before.records);
        self.nonces.truncate(before.nonces);
    }

    /// Hashes the frames of nonces; `hashes` gets them in the order in which they were asked for.
    pub(super) fn settle_nonces(&mut self, hashes: &mut Vec<[u8; 32]>) {
        hashes.clear();
        hashes.resize(self.nonces.len(), [0; 32]);
        let slots = &self.slots;
        let nonce = |slot: usize| &slots[slot].seal.as_ref().expect("a tier that seals").nonce;
        self.nonces.settle(slots.len(), nonce, |index, (), hash| hashes[index] = *hash);
    }

    /// Hashes the frames of values and records; writes their letters into `out`, and gives the ids of spread outputs.
    pub(super) fn settle(&mut self, out: &mut [u8], mut spread: impl FnMut(usize, [u8; 16])) {
        let slots = &self.slots;
        self.values.settle(slots.len(), |slot| &slots[slot].pseudonym, |_, at, hash| letters(hash, &mut out[*at..]));
        self.records.settle(
            slots.len(),
            |slot| &slots[slot].record,
            |_, place, hash| {
                if let Some(at) = place.letters {
                    letters(hash, &mut out[at..]);
                }
                if let Some(output) = place.output {
                    spread(output, *hash.first_chunk().expect("a hash has 32 bytes"));
                }
            },
        );
    }
}

impl Slot {
    /// Reads the secrets of an event and derives its keys.
    fn derive(asked: Asked<'_>, ring: &KeyRing) -> Result<Self, NoKey> {
        let KeyPlan { of, recipient, algorithm, period, tenants } = asked.plan;
        let secret = |epoch: Epoch| match ring.lookup(*of, epoch, asked.event_ms) {
            Lookup::Live(secret) => Ok(secret),
            Lookup::Destroyed => Err(NoKey::Destroyed),
            Lookup::Missing => Err(NoKey::Missing { epoch, tenant: false }),
        };
        let by_day = Epoch::Day(asked.day);
        let day = secret(by_day)?;
        let year = match period {
            Period::Day => None,
            Period::Year => Epoch::of(Period::Year, asked.day).map(secret).transpose()?,
        };
        let tenant = match (tenants, &asked.tenant) {
            (false, _) => None,
            (true, None) => return Err(NoKey::Missing { epoch: by_day, tenant: true }),
            (true, Some(id)) => match ring.tenant(id) {
                TenantLookup::Live(secret) => Some(secret),
                TenantLookup::Destroyed => return Err(NoKey::Destroyed),
                TenantLookup::Missing => return Err(NoKey::Missing { epoch: by_day, tenant: true }),
            },
        };
        let tenant = tenant.as_ref();
        let name = recipient.as_deref().unwrap_or("");
        let pseudonym: &EpochSecret = year.as_ref().unwrap_or(&day);
        let prf = |purpose, secret: &EpochSecret| Prf::derive(*algorithm, purpose, &secret.secret, tenant, name);
        Ok(Self {
            tier: asked.tier,
            day: asked.day,
            tenant: asked.tenant,
            from_ms: day.from_ms.max(pseudonym.from_ms),
            until_ms: day.until_ms.min(pseudonym.until_ms),
            other: None,
            used: 0,
            id: match recipient {
                None => pseudonym.id,
                Some(recipient) => share_id(*algorithm, &pseudonym.secret, recipient),
            },
            pseudonym: prf(Purpose::Pseudonym, pseudonym),
            record: prf(Purpose::RecordId, &day),
            seal: asked.seals.then(|| SealKeys {
                id: day.id,
                seal: derive(*algorithm, Purpose::Seal, &day.secret, tenant, name),
                nonce: prf(Purpose::Nonce, &day),
            }),
        })
    }
}
