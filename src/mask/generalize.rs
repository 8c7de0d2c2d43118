//! Prefixes, years, bands, regions.

use crate::kind::Kind;

/// How a value is made coarser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generalize {
    /// A time to the second.
    Second,
    /// A time to the minute.
    Minute,
    /// A time to the hour.
    Hour,
    /// A time to the day.
    Day,
    /// A birth date to its year (`1990`), or to a band of so many years (`1980-1989` for 10).
    Years(u8),
    /// A number to a band of this width (`100-199` for 100).
    Band(u32),
    /// An address to its 시도 and 시군구, the rest `****`.
    District,
    /// An address of the network to a prefix: bits of IPv4, bits of IPv6 (`192.0.2.0/24`).
    Prefix(u8, u8),
    /// A user agent to device class, system and application major (`pc; Windows 10; Chrome 120`).
    UserAgent,
    /// A URL or request target without query and fragment; what is found in the path is redacted.
    Path,
}

impl Generalize {
    /// The kinds that this way applies to.
    pub const fn applies_to(self, kind: Kind) -> bool {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::Day => matches!(kind, Kind::Time),
            Self::Years(_) => matches!(kind, Kind::DateOfBirth),
            Self::Band(_) => matches!(kind, Kind::Number),
            Self::District => matches!(kind, Kind::KrAddress),
            Self::Prefix(..) => matches!(kind, Kind::Ip),
            Self::UserAgent => matches!(kind, Kind::UserAgent),
            Self::Path => matches!(kind, Kind::Url),
        }
    }
}

/// A bounded memory in front of the reader of user agents, which costs microseconds. Owned by a thread's scratch.
#[derive(Debug, Default)]
pub struct AgentCache {}

/// Writes the coarser form of `text` to `out`; false, with nothing written, if it is not of its kind.
///
/// `redact` writes a URL's path with what is found in it redacted: looking is the work of `find`, a room beside this
/// one, so the engine lends it (`find::text::redact`).
pub fn generalize(
    how: Generalize,
    text: &str,
    cache: &mut AgentCache,
    redact: impl FnOnce(&str, &mut Vec<u8>),
    out: &mut Vec<u8>,
) -> bool {
    let _ = (how, text, cache, redact, out);
    false
}
