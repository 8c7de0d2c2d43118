//! Event times to civil days, ages and keys, with the keys of one batch and the frames that wait for them.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::limits::TIERS_MAX;
use crate::pseudonym::epoch::{EpochDay, KeyRing, Lookup};
use crate::pseudonym::{Purpose, Queue, derive};
use crate::record::time::DAY_MS;
use crate::route::TierId;
use crate::route::term::{Term, date, day_of};
use crate::secret::Key;

/// The keys of one (tier, day).
pub(super) struct Slot {
    tier: TierId,
    day: EpochDay,
    /// The six letters that name the key.
    pub(super) id: [u8; 6],
    pub(super) pseudonym: Key,
    record: Key,
}

/// Why a (tier, day) has no keys.
pub(super) enum NoKey {
    Destroyed,
    Missing,
}

/// All that depends on an event's day; lives for one batch, its memory longer.
#[derive(Default)]
pub(super) struct Days {
    slots: Vec<Slot>,
    values: Vec<Queue>,
    records: Vec<Queue>,
    /// By tier: the slot of its latest record.
    latest: Vec<Option<usize>>,
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
    /// Forgets the keys of the last batch (they are wiped) and what belonged to another policy.
    pub(super) fn begin(&mut self) {
        self.slots.clear();
        self.latest.clear();
        self.latest.resize(TIERS_MAX, None);
        self.ends.clear();
        self.ends.resize(TIERS_MAX, None);
        self.civil = [None; 2];
        for queue in self.values.iter_mut().chain(&mut self.records) {
            queue.clear();
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

    /// The index of the keys of (tier, day), which are read and derived when met first.
    pub(super) fn slot(&mut self, tier: TierId, day: EpochDay, keys: &KeyRing) -> Result<usize, NoKey> {
        let latest = &mut self.latest[usize::from(tier.0)];
        if let Some(slot) = *latest
            && self.slots[slot].day == day
        {
            return Ok(slot);
        }
        let known = self.slots.iter().position(|slot| slot.tier == tier && slot.day == day);
        let slot = match known {
            Some(slot) => slot,
            None => {
                let secret = match keys.lookup(tier, day) {
                    Lookup::Live(secret) => secret,
                    Lookup::Destroyed => return Err(NoKey::Destroyed),
                    Lookup::Missing => return Err(NoKey::Missing),
                };
                self.slots.push(Slot {
                    tier,
                    day,
                    id: secret.id,
                    pseudonym: derive(Purpose::Pseudonym, &secret),
                    record: derive(Purpose::RecordId, &secret),
                });
                if self.values.len() < self.slots.len() {
                    self.values.push(Queue::default());
                    self.records.push(Queue::default());
                }
                self.slots.len() - 1
            }
        };
        *latest = Some(slot);
        Ok(slot)
    }

    /// The keys at an index, and the queue of the values that wait for them.
    pub(super) fn values(&mut self, slot: usize) -> (&Slot, &mut Queue) {
        (&self.slots[slot], &mut self.values[slot])
    }

    /// The queue of the records that wait for the keys at an index.
    pub(super) fn records(&mut self, slot: usize) -> &mut Queue {
        &mut self.records[slot]
    }

    /// Takes back every frame whose slot in the output is at `from` or after.
    pub(super) fn retract(&mut self, from: usize) {
        for queue in self.values.iter_mut().chain(&mut self.records) {
            queue.retract(from);
        }
    }

    /// Hashes every waiting frame into `out`.
    pub(super) fn settle(&mut self, out: &mut [u8]) {
        for (index, slot) in self.slots.iter().enumerate() {
            self.values[index].settle(&slot.pseudonym, out);
            self.records[index].settle(&slot.record, out);
        }
    }
}
