//! What a key is called: its six letters, and its place in the store.

use std::fmt;

use jiff::civil::Date;

use super::{date, day};
use crate::pseudonym::epoch::{Epoch, TenantId};

/// The folder of tenants' keys.
pub(super) const TENANTS: &str = "tenants";
/// The file of the key under which tenants are named, without its ending.
pub(super) const NAMING: &str = "naming";

/// A key by name; never its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    /// Six letters `a`-`z`, unique in the store.
    pub id: [u8; 6],
    /// What it is the key of.
    pub place: KeyPlace,
}

/// What a key is the key of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPlace {
    /// A tier in an epoch of event time.
    Epoch {
        /// The tier.
        tier: Box<str>,
        /// The epoch.
        epoch: Epoch,
        /// Counts from 1; each rotation adds one.
        generation: u32,
    },
    /// A tenant of a source.
    Tenant {
        /// `pseudonym::epoch::tenant_id` of source and tenant.
        hash: TenantId,
    },
    /// The names of tenants; there is one in a store that has tenants, and it dies with the store only.
    Naming,
}

impl KeyId {
    /// The six letters as text.
    pub fn letters(&self) -> String {
        letters(self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.letters(), self.place)
    }
}

impl KeyPlace {
    /// The tier; empty for a key that belongs to none.
    pub fn tier(&self) -> &str {
        match self {
            Self::Epoch { tier, .. } => tier,
            Self::Tenant { .. } | Self::Naming => "",
        }
    }

    /// `2026-11-23` or `2026`; the tenant's 32 hex digits for a tenant's key, `naming` for that one.
    pub fn epoch(&self) -> String {
        match self {
            Self::Epoch { epoch: Epoch::Day(day), .. } => date(*day).to_string(),
            Self::Epoch { epoch: Epoch::Year(year), .. } => format!("{year:04}"),
            Self::Tenant { hash } => hex(hash),
            Self::Naming => NAMING.to_owned(),
        }
    }

    /// The folder inside of the store.
    pub(super) fn folder(&self) -> &str {
        match self {
            Self::Epoch { tier, .. } => tier,
            Self::Tenant { .. } | Self::Naming => TENANTS,
        }
    }

    /// The file's name without `.key`: `2026-11-23`, `2026-11-23.g2`.
    pub(super) fn stem(&self) -> String {
        match self {
            Self::Epoch { generation, .. } if *generation > 1 => format!("{}.g{generation}", self.epoch()),
            Self::Epoch { .. } | Self::Tenant { .. } | Self::Naming => self.epoch(),
        }
    }

    /// The file's name.
    pub(super) fn file(&self) -> String {
        format!("{}.key", self.stem())
    }

    /// The place that a folder and the stem of a file name; only the one way of writing each is taken.
    pub(super) fn parse(folder: &str, stem: &str) -> Option<Self> {
        let place = if folder == TENANTS {
            match stem {
                NAMING => Self::Naming,
                hash => Self::Tenant { hash: unhex(hash)? },
            }
        } else {
            let (epoch, generation) = stem.split_once(".g").unwrap_or((stem, "1"));
            let epoch = match epoch.len() {
                4 if epoch.bytes().all(|byte| byte.is_ascii_digit()) => Epoch::Year(epoch.parse().ok()?),
                _ => Epoch::Day(day(epoch.parse::<Date>().ok()?)),
            };
            Self::Epoch { tier: folder.into(), epoch, generation: generation.parse().ok()? }
        };
        (place.stem() == stem).then_some(place)
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder(), self.stem())
    }
}

/// Six letters as text.
pub fn letters(id: [u8; 6]) -> String {
    id.iter().map(|&letter| char::from(letter)).collect()
}

/// Six letters `a`-`z` from text; `None` for anything else.
pub fn parse_letters(text: &str) -> Option<[u8; 6]> {
    let id = <[u8; 6]>::try_from(text.as_bytes()).ok()?;
    id.iter().all(u8::is_ascii_lowercase).then_some(id)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
