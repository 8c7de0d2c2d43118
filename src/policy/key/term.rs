//! What the policy's terms say of a store's keys: how far they reach, which are due, which the law still asks for.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::fault::{Faults, StoreError};
use super::{KeyId, KeyPlace, Store, date, day, letters};
use crate::engine::plan::Plan;
use crate::pseudonym::epoch::{Epoch, EpochDay, Period};
use crate::route::tier::Tier;

/// How far the keys of a tier reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The tier.
    pub tier: Box<str>,
    /// The last day without a gap before it; `None` where the first day asked for has no key.
    pub until: Option<Date>,
}

/// A tier that has secrets of its own, and no share of another one's.
pub(super) struct Own<'a> {
    pub(super) tier: &'a Tier,
    /// Whether it also has a secret for each year.
    pub(super) years: bool,
    /// Itself and its shares: who is served by its secrets.
    serves: Vec<&'a Tier>,
}

/// The tiers of a policy that have secrets of their own.
pub(super) fn own_tiers(plan: &Plan) -> Vec<Own<'_>> {
    plan.tiers.iter().enumerate().filter_map(|(at, tier)| own(plan, at, tier)).collect()
}

fn own<'a>(plan: &'a Plan, at: usize, tier: &'a Tier) -> Option<Own<'a>> {
    let of = |other: usize| plan.keys.get(other).map(|keys| usize::from(keys.of.0));
    if of(at) != Some(at) {
        return None;
    }
    let served = (0..plan.tiers.len()).filter(|&other| of(other) == Some(at));
    let years = served.clone().any(|other| plan.keys.get(other).is_some_and(|keys| keys.period == Period::Year));
    Some(Own { tier, years, serves: served.filter_map(|other| plan.tiers.get(other)).collect() })
}

impl Own<'_> {
    /// The last day on which something that a key of this epoch made must still be there; `None` where no day is known.
    fn keep_until(&self, plan: &Plan, epoch: Epoch) -> Option<Date> {
        let last = last_day(epoch)?;
        let mut latest = Date::MIN;
        for tier in &self.serves {
            latest = latest.max(tier.term.window(last, tier.legal_minimum, &plan.holidays)?.keep_until);
        }
        Some(latest)
    }
}

fn last_day(epoch: Epoch) -> Option<EpochDay> {
    match epoch {
        Epoch::Day(day) => Some(day),
        Epoch::Year(year) => Date::new(year, 12, 31).ok().map(day),
    }
}

pub(super) fn last_covered(store: &Store, plan: &Plan, from: Date) -> Vec<Covered> {
    let covered = |own: &Own<'_>| {
        let of_tier = |place: &KeyPlace| match place {
            KeyPlace::Epoch { tier, epoch, .. } if *tier == own.tier.name => Some(*epoch),
            KeyPlace::Epoch { .. } | KeyPlace::Tenant { .. } | KeyPlace::Naming => None,
        };
        let epochs: BTreeSet<Epoch> = store.index.rows().filter_map(|(place, _)| of_tier(place)).collect();
        let has = |day: &EpochDay| {
            epochs.contains(&Epoch::Day(*day)) && (!own.years || epochs.contains(&Epoch::Year(date(*day).year())))
        };
        let until = (day(from)..day(Date::MAX)).take_while(has).last().map(date);
        Covered { tier: own.tier.name.clone(), until }
    };
    own_tiers(plan).iter().map(covered).collect()
}

pub(super) fn due(store: &Store, plan: &Plan, today: Date) -> Vec<KeyId> {
    let own = own_tiers(plan);
    let is_due = |place: &KeyPlace| {
        let KeyPlace::Epoch { tier, epoch, .. } = place else { return false };
        let own = own.iter().find(|own| own.tier.name == *tier);
        own.and_then(|own| own.keep_until(plan, *epoch)).is_some_and(|keep_until| keep_until < today)
    };
    let live = store.index.rows().filter(|(place, row)| !row.destroyed && is_due(place));
    live.map(|(place, row)| KeyId { id: row.id, place: place.clone() }).collect()
}

pub(super) fn refuse_early(store: &Store, plan: &Plan, ids: &[[u8; 6]], today: Date) -> Result<(), StoreError> {
    let own = own_tiers(plan);
    let mut faults = Faults::default();
    for id in ids {
        let found = store.index.rows().find(|(_, row)| row.id == *id);
        let name = letters(*id);
        match found.map(|(place, _)| place) {
            None => faults.add(&store.dir, format!("there is no key {name}"), "`garim keys list -v` names them all"),
            Some(KeyPlace::Tenant { .. }) => {}
            Some(KeyPlace::Naming) => {
                let message = format!("{name} is the key under which tenants are named");
                faults.add(&store.dir, message, "destroy the tenants' own keys");
            }
            Some(place @ KeyPlace::Epoch { tier, epoch, .. }) => {
                let path = store.dir.join(place.folder()).join(place.file());
                let Some(own) = own.iter().find(|own| own.tier.name == *tier) else {
                    let message = format!("{name}: the policy has no tier `{tier}`, so the law's minimum is not known");
                    faults.add(&path, message, "give the policy that had this tier: `--policy FILE`");
                    continue;
                };
                if !own.serves.iter().any(|tier| tier.legal_minimum) {
                    continue;
                }
                let keep_until = own.keep_until(plan, *epoch);
                if keep_until.is_none_or(|keep_until| keep_until >= today) {
                    let when =
                        keep_until.map_or_else(|| String::from("an event of the subject"), |day| day.to_string());
                    let message = format!("{name}: the law asks for what this key made until {when}");
                    faults.add(&path, message, "leave it out; it is destroyed when its tier ends");
                }
            }
        }
    }
    faults.settle()
}
