//! Making the keys of a span of days, ahead of the events.

use std::collections::HashSet;
use std::path::Path;

use jiff::civil::Date;

use super::fault::{Faults, Halt, StoreFault};
use super::name::TENANTS;
use super::term::own_tiers;
use super::writer::{Draft, Hook, Writer, drawn_id};
use super::{
    ANNOUNCE_KEYS_MAX, AUDIT, Announce, DESTROYED, INDEX, KeyId, KeyPlace, LOCK, MIRROR, Store, StoreError, day, remove,
};
use crate::engine::plan::Plan;
use crate::limits::KEY_DAYS_MAX;
use crate::pseudonym::epoch::Epoch;

/// What [`Store::make`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Keys made now.
    pub made: usize,
    /// Epochs of the span that had or once had a key.
    pub kept: usize,
    /// Tiers of the policy that have keys of their own.
    pub tiers: usize,
}

pub(super) fn make<E>(
    dir: &Path,
    plan: &Plan,
    from: Date,
    until: Date,
    announce: &mut Announce<'_, E>,
    hook: &mut Hook<'_>,
) -> Result<Made, Halt<E>> {
    let tiers = own_tiers(plan);
    check(dir, &tiers.iter().map(|own| &*own.tier.name).collect::<Vec<_>>(), from, until)?;
    let (mut writer, mut store) = remove::begin(dir, true, hook)?;
    let mut ids = store.ids();
    let mut made = Made { made: 0, kept: 0, tiers: tiers.len() };
    let mut drafts = Vec::new();
    for own in &tiers {
        let days = (day(from)..=day(until)).map(Epoch::Day);
        let years = (from.year()..=until.year()).map(Epoch::Year).filter(|_| own.years);
        for epoch in days.chain(years) {
            let place = KeyPlace::Epoch { tier: own.tier.name.clone(), epoch, generation: 1 };
            if store.index.row(&place).is_some() {
                made.kept += 1;
            } else {
                drafts.push(Draft { place, id: drawn_id(dir, &mut ids)?, from_ms: None });
            }
        }
    }
    made.made = drafts.len();
    write(&mut writer, &mut store, &drafts, announce)?;
    Ok(made)
}

/// Announces keys, writes them, and names them in the index.
pub(super) fn write<E>(
    writer: &mut Writer<'_>,
    store: &mut Store,
    drafts: &[Draft],
    announce: &mut Announce<'_, E>,
) -> Result<(), Halt<E>> {
    let keys: Vec<KeyId> = drafts.iter().map(Draft::key).collect();
    for keys in keys.chunks(ANNOUNCE_KEYS_MAX) {
        announce(&store.index.store, keys).map_err(Halt::Announce)?;
    }
    let rows = writer.put_keys(drafts)?;
    if !rows.is_empty() || store.stale {
        for (place, row) in rows {
            store.index.insert(place, row);
        }
        writer.put_index(&store.index)?;
        store.stale = false;
    }
    Ok(())
}

impl Draft {
    pub(super) fn key(&self) -> KeyId {
        KeyId { id: self.id, place: self.place.clone() }
    }
}

impl Store {
    /// Every id that a key of this store has or had, as far as the store knows.
    pub(super) fn ids(&self) -> HashSet<[u8; 6]> {
        let files = self.unnamed.iter().map(|(_, row)| row.id).chain(self.left.iter().map(|key| key.id));
        self.index.rows().map(|(_, row)| row.id).chain(self.marks.iter().copied()).chain(files).collect()
    }
}

fn check(dir: &Path, tiers: &[&str], from: Date, until: Date) -> Result<(), StoreError> {
    let mut faults = Faults::default();
    let count = i64::from(day(until)) - i64::from(day(from)) + 1;
    if count < 1 || count > i64::from(KEY_DAYS_MAX) {
        faults.add(dir, format!("{from} to {until} are {count} days"), format!("ask for 1 to {KEY_DAYS_MAX} days"));
    }
    if !(0..=9999).contains(&from.year()) || !(0..=9999).contains(&until.year()) {
        faults.add(dir, "years of a store have four digits", "ask for days of the years 0 to 9999");
    }
    for tier in tiers.iter().filter(|tier| !is_folder_name(tier)) {
        faults.0.push(StoreFault::new(
            dir,
            format!("the tier `{tier}` cannot have a folder of that name"),
            "name the tier with small letters, digits, `-` and `_`, and not `destroyed`, `tenants`, `audit` or `lock`",
        ));
    }
    faults.settle()
}

fn is_folder_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let taken = [INDEX, MIRROR, LOCK, DESTROYED, TENANTS, AUDIT].contains(&name);
    !name.is_empty() && name.bytes().all(plain) && !taken
}
