//! What arrives: one record of one input topic, its position, its carriers.

pub mod position;
pub mod span;
pub mod time;

pub use position::Position;
pub use span::Span;

use crate::secret::Plain;

/// Which input topic of the engine a record came from: an index into `Engine::inputs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId(pub u16);

/// Index of a tier in its policy.
///
/// It stands here because `route` and `pseudonym`, which share a rung, both speak of tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TierId(pub u8);

/// A header as it arrived: its name, and its value where it has one.
pub type Header<'a> = (&'a [u8], Option<Plain<'a>>);

/// One message as the broker (or a file) delivered it. Borrowed: the engine copies what may leave.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The input topic.
    pub input: InputId,
    /// Partition and offset; in files partition 0 and the number of the line.
    pub position: Position,
    /// The message's Kafka timestamp in milliseconds since 1970 UTC, where it has one.
    pub timestamp_ms: Option<i64>,
    /// The raw key. Never forwarded as it is.
    pub key: Option<Plain<'a>>,
    /// The payload; `None` is a tombstone.
    pub value: Option<Plain<'a>>,
    /// The raw headers. Only those a rule names are treated and forwarded.
    pub headers: &'a [Header<'a>],
}
