//! Beginning a new generation of keys at an event time.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::fault::{Faults, Halt, StoreError, StoreFault};
use super::term::own_tiers;
use super::writer::{Draft, Hook, drawn_id};
use super::{Announce, KeyId, KeyPlace, Store, day, make, remove};
use crate::engine::plan::Plan;
use crate::pseudonym::epoch::Epoch;

/// What [`Store::rotate`] is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation<'a> {
    /// The tiers; none are all of the policy.
    pub tiers: &'a [String],
    /// First event time of the new generation, in milliseconds since 1970.
    pub from_ms: i64,
    /// The time of the clock, likewise.
    pub now_ms: i64,
    /// Whether the event time may be past: tokens that were made since then get a second form.
    pub emergency: bool,
}

/// The generations of one epoch: number, and first event time.
type Generations = BTreeMap<u32, i64>;

pub(super) fn rotate<E>(
    dir: &Path,
    plan: &Plan,
    rotation: &Rotation<'_>,
    announce: &mut Announce<'_, E>,
    hook: &mut Hook<'_>,
) -> Result<Vec<KeyId>, Halt<E>> {
    let first = first_epochs(dir, plan, rotation)?;
    let (mut writer, mut store) = remove::begin(dir, false, hook)?;
    let mut ids = store.ids();
    let mut drafts = Vec::new();
    let mut standing = 0;
    for own in own_tiers(plan) {
        let name = &own.tier.name;
        if !rotation.tiers.is_empty() && !rotation.tiers.iter().any(|tier| **tier == **name) {
            continue;
        }
        for (epoch, generations) in live_epochs(&store, name) {
            if epoch < first[usize::from(matches!(epoch, Epoch::Year(_)))] {
                continue;
            }
            let starts = starts(&generations, rotation.from_ms);
            standing += usize::from(starts.is_empty());
            for (generation, from_ms) in starts {
                let place = KeyPlace::Epoch { tier: name.clone(), epoch, generation };
                drafts.push(Draft { place, id: drawn_id(dir, &mut ids)?, from_ms: Some(from_ms) });
            }
        }
    }
    if drafts.is_empty() && standing == 0 {
        let help = "make keys first: `garim keys new`; they begin with a generation of their own";
        return Err(
            StoreFault::new(dir, "no live key of these tiers serves that event time or a later one", help).into()
        );
    }
    make::write(&mut writer, &mut store, &drafts, announce)?;
    Ok(drafts.iter().map(Draft::key).collect())
}

/// The day and the year of the event time; or what speaks against the rotation.
fn first_epochs(dir: &Path, plan: &Plan, rotation: &Rotation<'_>) -> Result<[Epoch; 2], StoreError> {
    let mut faults = Faults::default();
    let own = own_tiers(plan);
    for tier in rotation.tiers.iter().filter(|tier| !own.iter().any(|own| *own.tier.name == ***tier)) {
        let names: Vec<_> = own.iter().map(|own| &*own.tier.name).collect();
        faults.add(dir, format!("the policy has no tier `{tier}` with keys of its own"), names.join(", "));
    }
    if rotation.from_ms <= rotation.now_ms && !rotation.emergency {
        faults.add(
            dir,
            "that event time is past: values that are written already would get a second token",
            "give a time to come, or say `--emergency` if the old key must not make another token",
        );
    }
    let at = Timestamp::from_millisecond(rotation.from_ms);
    if at.is_err() {
        faults.add(dir, "no time of the calendar", "give a time as in `2026-12-01T00:00:00+09:00`");
    }
    faults.settle()?;
    let date = plan.zone.to_datetime(at.unwrap_or_default()).date();
    Ok([Epoch::Day(day(date)), Epoch::Year(date.year())])
}

/// The epochs of a tier that have a live key, with all of their generations.
fn live_epochs(store: &Store, name: &str) -> BTreeMap<Epoch, Generations> {
    let mut epochs: BTreeMap<Epoch, (bool, Generations)> = BTreeMap::new();
    for (place, row) in store.index.rows() {
        if let KeyPlace::Epoch { tier, epoch, generation } = place
            && &**tier == name
        {
            let (live, generations) = epochs.entry(*epoch).or_default();
            *live |= !row.destroyed;
            generations.insert(*generation, row.from_ms.unwrap_or(i64::MIN));
        }
    }
    epochs.into_iter().filter(|(_, (live, _))| *live).map(|(epoch, (_, generations))| (epoch, generations)).collect()
}

/// The new generations of an epoch, numbered: one from `from_ms`, and one from every later time at which an older one
/// begins, since that one ends, too. The one from `from_ms` comes last, so that it stands for all of them.
fn starts(generations: &Generations, from_ms: i64) -> Vec<(u32, i64)> {
    if generations.values().any(|&start| start == from_ms) {
        return Vec::new();
    }
    let mut starts: Vec<i64> = generations.values().copied().filter(|&start| start > from_ms).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.reverse();
    starts.push(from_ms);
    let next = generations.keys().next_back().map_or(1, |last| last + 1);
    (next..).zip(starts).collect()
}
