//! What stands in a quarantine topic: notices of refused records, and settlements of those that were replayed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::Payload;
use crate::kafka::Fault;
use crate::kafka::log::{LogReader, Stored};
use crate::record::Position;

/// The header of a settlement; a notice has none of this name.
pub const REPLAYED: &str = "garim.replayed";

/// A notice as it stands in its topic. Says nothing of what the record held; its payload is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the notice stands in the quarantine topic.
    pub at: Position,
    /// When the notice was appended, in milliseconds since 1970.
    pub appended_ms: Option<i64>,
    /// The input topic of the record.
    pub topic: String,
    /// Where the record stood there.
    pub position: Position,
    /// The refused line of an `ndjson` record, from 1; 0 where the record is refused as a whole.
    pub line: u32,
    /// The reason's code.
    pub reason: String,
    /// The item of the policy that the reason is about.
    pub rule: Option<String>,
    /// Byte of the payload at which reading ended.
    pub at_byte: Option<u32>,
    /// The eight letters of the policy that refused it.
    pub policy: String,
    /// The record itself, where it is kept.
    pub payload: Payload,
}

/// One record of a quarantine topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A refused record.
    Notice(Found),
    /// Notices of the same partition whose records were replayed, by offset: written in the transaction of their outputs.
    Settled(Vec<i64>),
    /// Not garim's.
    Unknown,
}

impl Entry {
    fn of(stored: &Stored<'_>, partition: i32) -> Self {
        let value = stored.value.and_then(|value| serde_json::from_slice::<serde_json::Value>(value.0).ok());
        let Some(value) = value else { return Self::Unknown };
        if stored.headers.iter().any(|(name, _)| *name == REPLAYED.as_bytes()) {
            return settled(&value).map_or(Self::Unknown, Self::Settled);
        }
        notice(&value, Position { partition, offset: stored.offset }, stored.timestamp_ms)
            .map_or(Self::Unknown, Self::Notice)
    }
}

fn settled(value: &serde_json::Value) -> Option<Vec<i64>> {
    value["replayed"].as_array()?.iter().map(serde_json::Value::as_i64).collect()
}

fn notice(value: &serde_json::Value, at: Position, appended_ms: Option<i64>) -> Option<Found> {
    let number = |name: &str| value[name].as_u64().and_then(|number| u32::try_from(number).ok());
    Some(Found {
        at,
        appended_ms,
        topic: value["topic"].as_str()?.to_owned(),
        position: Position {
            partition: i32::try_from(value["partition"].as_i64()?).ok()?,
            offset: value["offset"].as_i64()?,
        },
        line: number("line").unwrap_or(0),
        reason: value["reason"].as_str()?.to_owned(),
        rule: value["rule"].as_str().map(str::to_owned),
        at_byte: number("at_byte"),
        policy: value["policy"].as_str().unwrap_or_default().to_owned(),
        payload: match value["payload"].as_str() {
            None => Payload::None,
            Some(Payload::TOO_LARGE) => Payload::TooLarge,
            Some(text) => Payload::Sealed(text.to_owned()),
        },
    })
}

/// Gives what stands in a partition from `from` (or the first that is left) on to `each`, up to `until` or the end as it is
/// now; answers the offset to go on from. Committed records only, and nothing is committed by it.
///
/// # Errors
/// As the brokers answer.
pub fn read(
    reader: &LogReader,
    topic: &str,
    partition: i32,
    from: i64,
    until: Option<i64>,
    each: &mut dyn FnMut(i64, Entry) -> ControlFlow<()>,
) -> Result<i64, Fault> {
    let (first, end) = reader.ends(topic, partition)?;
    let from = from.max(first);
    if from >= until.map_or(end, |until| until.min(end)) {
        return Ok(from);
    }
    reader.read(topic, partition, from, until, &mut |stored| each(stored.offset, Entry::of(stored, partition)))
}

/// The offsets of a partition's notices that were replayed, from `from` on.
///
/// # Errors
/// As the brokers answer.
pub fn replayed(reader: &LogReader, topic: &str, partition: i32, from: i64) -> Result<BTreeSet<i64>, Fault> {
    let mut all = BTreeSet::new();
    read(reader, topic, partition, from, None, &mut |_, entry| {
        if let Entry::Settled(offsets) = entry {
            all.extend(offsets);
        }
        ControlFlow::Continue(())
    })?;
    Ok(all)
}
