//! Event day and tier to the keys of that epoch.

use std::collections::BTreeMap;

use crate::record::TierId;
use crate::secret::Key;

/// A civil day in the policy's time zone, in days since 1970-01-01.
pub type EpochDay = i32;

/// The random 256-bit secret of one (tier, day), with the six letters that name it.
#[derive(Debug, Clone)]
pub struct EpochSecret {
    /// Six letters `a`-`z`, unique in the store.
    pub id: [u8; 6],
    /// The secret from which the keys of each purpose are derived.
    pub secret: Key,
}

/// What a ring knows of one (tier, day).
#[derive(Debug, Clone)]
pub enum Lookup {
    /// Its secret.
    Live(EpochSecret),
    /// It was destroyed.
    Destroyed,
    /// It was never made.
    Missing,
}

/// The secrets of one policy, by tier and day; immutable while a batch is treated.
#[derive(Debug)]
pub enum KeyRing {
    /// Read from a key store. `None` marks a destroyed key.
    Stored(Vec<BTreeMap<EpochDay, Option<EpochSecret>>>),
    /// Made for one run and kept in memory: every (tier, day) has a secret, derived from this one.
    Ephemeral(Key),
}

impl KeyRing {
    /// A ring of that run's own keys, from 32 random bytes.
    pub fn ephemeral(secret: Key) -> Self {
        Self::Ephemeral(secret)
    }

    /// The secret of `tier` on `day`.
    pub fn lookup(&self, tier: TierId, day: EpochDay) -> Lookup {
        match self {
            Self::Stored(tiers) => match tiers.get(tier.0 as usize).and_then(|days| days.get(&day)) {
                Some(Some(secret)) => Lookup::Live(secret.clone()),
                Some(None) => Lookup::Destroyed,
                None => Lookup::Missing,
            },
            Self::Ephemeral(secret) => {
                let mut input = [0u8; 37];
                input[..32].copy_from_slice(secret.expose());
                input[32] = tier.0;
                input[33..].copy_from_slice(&day.to_le_bytes());
                let derived = blake3::derive_key("garim 2026-11 ephemeral epoch secret v1", &input);
                let name = blake3::derive_key("garim 2026-11 ephemeral key name v1", &input);
                let mut id = [0u8; 6];
                for (letter, byte) in id.iter_mut().zip(name) {
                    *letter = b'a' + byte % 26;
                }
                zeroize::Zeroize::zeroize(&mut input);
                Lookup::Live(EpochSecret { id, secret: Key::new(derived) })
            }
        }
    }
}
