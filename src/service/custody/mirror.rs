//! Second copies of a store: known to the log before they have a key, and without what is destroyed.

use std::path::Path;

use super::{Custodian, CustodyFault};
use crate::policy::key::{Hook, Store, Synced};
use crate::telemetry::audit::entry::What;

/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// The mirror's id; `None` where the folder is the store itself, recovered from one of its mirrors.
    pub mirror: Option<String>,
    /// What was copied and removed.
    pub synced: Synced,
}

impl Custodian<'_> {
    /// Makes the folder `to` a mirror of the store (or mirror) `from`, or brings it in line. From a mirror, an empty folder
    /// becomes the store again, with the id that it had.
    ///
    /// # Errors
    /// [`CustodyFault::Store`] when either is faulty; [`CustodyFault::Copied`] when `from` holds destroyed keys;
    /// [`CustodyFault::Acts`].
    pub fn mirror(&mut self, from: &Path, to: &Path, hook: &mut Hook<'_>) -> Result<Mirrored, CustodyFault> {
        self.look()?;
        let source = Store::open(from)?;
        self.refuse_copied(from, &source)?;
        let store = source.id().to_owned();
        drop(source);
        let mirror = Store::begin_mirror(from, to, hook)?;
        if let Some(id) = &mirror {
            let place = format!("{}:{}", self.host, to.canonicalize().unwrap_or_else(|_| to.to_owned()).display());
            if self.custody.mirrors.get(id).is_none_or(|known| known.place != place) {
                self.act(What::MirrorMade { store, mirror: id.clone(), place })?;
            }
            // What is marked here is not copied first.
            if Store::open(to).is_ok() {
                self.mirror_in_line(to, Some(id), hook)?;
            }
        }
        let synced = Store::mirror(from, to, hook)?;
        self.look()?;
        match &mirror {
            Some(id) => self.mirror_in_line(to, Some(id), hook)?,
            None => self.remove(to, &Store::open(to)?, hook)?,
        }
        Ok(Mirrored { mirror, synced })
    }

    /// Takes a mirror off the list: destructions wait for it no more. To be said only of one that is destroyed itself.
    ///
    /// # Errors
    /// [`CustodyFault::NoMirror`], [`CustodyFault::Acts`].
    pub fn mirror_gone(&mut self, id: &str) -> Result<(), CustodyFault> {
        self.look()?;
        if !self.custody.mirrors.contains_key(id) {
            return Err(CustodyFault::NoMirror { id: id.to_owned() });
        }
        self.act(What::MirrorGone { mirror: id.to_owned() })
    }
}
