//! Making the secrets of tenants.

use std::path::Path;

use super::fault::{Halt, StoreFault};
use super::writer::{Draft, Hook, drawn_id};
use super::{Announce, KeyPlace, make, read, remove};
use crate::pseudonym::epoch::tenant_id;

/// What [`Store::add_tenants`](super::Store::add_tenants) did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Keys made now.
    pub made: usize,
    /// Tenants that had a key.
    pub kept: usize,
    /// Tenants whose key was destroyed; they get no other.
    pub destroyed: usize,
}

pub(super) fn add<E>(
    dir: &Path,
    source: &str,
    tenants: &[&[u8]],
    announce: &mut Announce<'_, E>,
    hook: &mut Hook<'_>,
) -> Result<Added, Halt<E>> {
    let (mut writer, mut store) = remove::begin(dir, false, hook)?;
    let mut ids = store.ids();
    if store.index.row(&KeyPlace::Naming).is_none() {
        let draft = Draft { place: KeyPlace::Naming, id: drawn_id(dir, &mut ids)?, from_ms: None };
        make::write(&mut writer, &mut store, &[draft], announce)?;
    } else if store.stale {
        writer.put_index(&store.index)?;
    }
    // As readers will see it: the tenants' names come from the key that is on the disk.
    store = read::open(dir)?;
    let Some(naming) = store.live.get(&KeyPlace::Naming) else {
        let message = "the key under which tenants are named is destroyed";
        return Err(StoreFault::new(dir, message, "make a new store: no tenant can be found in this one").into());
    };
    let mut added = Added { made: 0, kept: 0, destroyed: 0 };
    let mut places: Vec<_> =
        tenants.iter().map(|tenant| KeyPlace::Tenant { hash: tenant_id(naming, source, tenant) }).collect();
    places.sort();
    places.dedup();
    let mut drafts = Vec::new();
    for place in places {
        match store.index.row(&place) {
            Some(row) if row.destroyed => added.destroyed += 1,
            Some(_) => added.kept += 1,
            None => drafts.push(Draft { place, id: drawn_id(dir, &mut ids)?, from_ms: None }),
        }
    }
    added.made = drafts.len();
    make::write(&mut writer, &mut store, &drafts, announce)?;
    Ok(added)
}
