//! What became of a record, and of a batch.

use std::ops::Range;

use super::Engine;
use super::spread::Spread;
use crate::pseudonym::epoch::Epoch;
use crate::record::{InputId, Position};
use crate::route::TierId;
use crate::route::term::date;

/// Why a record was not treated. Carries places and rules, never a byte of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The record does not meet what its source says of its records.
    UnknownSource,
    /// Nothing of the policy leads the record to a tier.
    NoRoute,
    /// A null value, and the source does not forward those.
    NullValue,
    /// An empty value.
    EmptyValue,
    /// A Schema-Registry frame (first byte 0).
    RegistryFrame,
    /// The value is longer than `PAYLOAD_BYTES_MAX`.
    TooLarge,
    /// Not UTF-8.
    InvalidUtf8,
    /// Not in the encoding that its source states.
    InvalidEncoding,
    /// Not JSON.
    InvalidJson,
    /// JSON that ends before it is complete.
    TruncatedJson,
    /// The record is JSON, but not an object.
    NotAnObject,
    /// Nested deeper than `DEPTH_MAX`.
    TooDeep,
    /// More members than `NODES_MAX`.
    TooManyFields,
    /// A member stands twice in one object.
    DuplicateKey,
    /// A member is called `garim`, `sealed`, or ends in `_token`.
    ReservedMember,
    /// The line does not have the form of the source's pattern.
    PatternMismatch,
    /// No event time where the policy looks for it.
    NoEventTime,
    /// An event time that cannot be read.
    InvalidEventTime,
    /// An event time outside of what the limits allow around the input's timestamp.
    EventTimeOutOfRange,
    /// Later than `max-lateness`, in every tier of the record.
    TooLate,
    /// Past its end on arrival, in every tier of the record.
    Expired,
    /// No item of the policy matches anything in the record.
    NoItem,
    /// A field without item, where the policy says `unlisted = "refuse"`.
    UnlistedField,
    /// An array or object where the item says there is one value.
    NotScalar,
    /// Two members of one object have one name after treatment.
    KeyCollision,
    /// The treated record is longer than the topic takes.
    OutputTooLarge,
    /// The pseudonym key of that day was destroyed.
    KeyDestroyed,
    /// No tenant where the source says it stands, and a tier of the record has keys by tenant.
    NoTenant,
    /// The broker refused the treated record twice.
    Undeliverable,
    /// A fault in garim itself while the record was treated.
    Fault,
}

impl Reason {
    /// Every reason, in the order of the enum.
    pub const ALL: [Self; 30] = [
        Self::UnknownSource,
        Self::NoRoute,
        Self::NullValue,
        Self::EmptyValue,
        Self::RegistryFrame,
        Self::TooLarge,
        Self::InvalidUtf8,
        Self::InvalidEncoding,
        Self::InvalidJson,
        Self::TruncatedJson,
        Self::NotAnObject,
        Self::TooDeep,
        Self::TooManyFields,
        Self::DuplicateKey,
        Self::ReservedMember,
        Self::PatternMismatch,
        Self::NoEventTime,
        Self::InvalidEventTime,
        Self::EventTimeOutOfRange,
        Self::TooLate,
        Self::Expired,
        Self::NoItem,
        Self::UnlistedField,
        Self::NotScalar,
        Self::KeyCollision,
        Self::OutputTooLarge,
        Self::KeyDestroyed,
        Self::NoTenant,
        Self::Undeliverable,
        Self::Fault,
    ];

    /// The stable code that notices, metrics and reports use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownSource => "unknown-source",
            Self::NoRoute => "no-route",
            Self::NullValue => "null-value",
            Self::EmptyValue => "empty-value",
            Self::RegistryFrame => "registry-frame",
            Self::TooLarge => "too-large",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::InvalidEncoding => "invalid-encoding",
            Self::InvalidJson => "invalid-json",
            Self::TruncatedJson => "truncated-json",
            Self::NotAnObject => "not-an-object",
            Self::TooDeep => "too-deep",
            Self::TooManyFields => "too-many-fields",
            Self::DuplicateKey => "duplicate-key",
            Self::ReservedMember => "reserved-member",
            Self::PatternMismatch => "pattern-mismatch",
            Self::NoEventTime => "no-event-time",
            Self::InvalidEventTime => "invalid-event-time",
            Self::EventTimeOutOfRange => "event-time-out-of-range",
            Self::TooLate => "too-late",
            Self::Expired => "expired",
            Self::NoItem => "no-item",
            Self::UnlistedField => "unlisted-field",
            Self::NotScalar => "not-scalar",
            Self::KeyCollision => "key-collision",
            Self::OutputTooLarge => "output-too-large",
            Self::KeyDestroyed => "key-destroyed",
            Self::NoTenant => "no-tenant",
            Self::Undeliverable => "undeliverable",
            Self::Fault => "fault",
        }
    }
}

/// A record (or one line of it) that was not treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Index of the record in its batch.
    pub record: u32,
    /// Line of an `ndjson` record, from 1; 0 where the record is one piece.
    pub line: u32,
    /// Where it stood.
    pub position: Position,
    /// Why.
    pub reason: Reason,
    /// The item of the source that the reason is about, if one is: an index into its items.
    pub item: Option<u16>,
    /// Byte of the payload at which reading ended, where reading ended early.
    pub at_byte: u32,
}

/// One treated record for one tier. Ranges point into [`Treated::bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Index of the input record in its batch.
    pub record: u32,
    /// Index of the source, which with the tier names the topic: `Engine::topic(source, tier)`.
    pub source: u16,
    /// The tier.
    pub tier: TierId,
    /// The output's partition is this modulo the count of the tier's topic. It is the input's partition; in a tier that
    /// spreads its outputs, 31 bits of the record's id.
    pub partition: i32,
    /// The treated value; `None` for a forwarded tombstone.
    pub value: Option<Range<usize>>,
    /// The treated key.
    pub key: Option<Range<usize>>,
    /// Headers of this output: a range of [`Treated::headers`].
    pub headers: Range<usize>,
}

/// A header of an output: the name in the plan, the value in [`Treated::bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: Range<usize>,
}

/// Which header: garim's own, or one of the source's by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderName {
    /// `garim`: the provenance string of a record that is a line.
    Garim,
    /// The header at this index of the source's list.
    Listed(u16),
}

/// All outputs of a batch. Reused from batch to batch: cleared, never shrunk.
#[derive(Default)]
pub struct Treated {
    /// The bytes of all outputs, back to back.
    pub bytes: Vec<u8>,
    /// The outputs, in input order; those of a tier that spreads them have its places, in the order of their ids.
    pub outputs: Vec<Output>,
    /// Headers of the outputs.
    pub headers: Vec<OutputHeader>,
    /// The refused records and lines, in input order.
    pub refusals: Vec<Refusal>,
    /// How many pieces each record of the batch was: one, or its lines; every piece is treated or refused.
    pub pieces: Vec<u32>,
    /// What was counted.
    pub tally: BatchTally,
    /// The outputs of tiers that spread them.
    pub(super) spread: Spread,
}

impl std::fmt::Debug for Treated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Treated({} outputs, {} bytes, {} refusals)",
            self.outputs.len(),
            self.bytes.len(),
            self.refusals.len()
        )
    }
}

impl Treated {
    /// Forgets the last batch, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.outputs.clear();
        self.headers.clear();
        self.refusals.clear();
        self.pieces.clear();
        self.tally.clear();
        self.spread.clear();
    }
}

/// Counts of one batch, in plain integers; `telemetry` adds them up once per batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchTally {
    /// Input records by source: (records, value bytes).
    pub consumed: Vec<(u64, u64)>,
    /// Records, or lines, that were treated; one that no tier takes is treated, and has no output.
    pub treated: u64,
    /// Outputs by tier: (records, value bytes).
    pub produced: Vec<(u64, u64)>,
    /// Records not written to a tier because they were past its end, by tier.
    pub expired: Vec<u64>,
    /// Records not written to a tier because they were too late, by tier.
    pub late: Vec<u64>,
    /// Records not written to a tier because they do not meet its `when`, by tier.
    pub withheld: Vec<u64>,
    /// Refusals, by `Reason as usize`.
    pub refused: Vec<u64>,
    /// Fields treated, by (rule, action) as `Engine::rules` numbers them.
    pub fields: Vec<u64>,
    /// Fields that no item names, by source.
    pub unlisted: Vec<u64>,
}

impl BatchTally {
    /// Sets every count to zero, keeps the memory.
    pub fn clear(&mut self) {
        for counts in [
            &mut self.expired,
            &mut self.late,
            &mut self.withheld,
            &mut self.refused,
            &mut self.fields,
            &mut self.unlisted,
        ] {
            counts.fill(0);
        }
        self.treated = 0;
        self.consumed.fill((0, 0));
        self.produced.fill((0, 0));
    }
}

/// A key that was never made although it should exist: the batch has no outputs, and the lane stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyMissing {
    /// The tier whose secret is missing, or (for a tenant's) that asks for it.
    pub tier: TierId,
    /// The period of the event.
    pub epoch: Epoch,
    /// Whether it is the secret of the record's tenant that is missing.
    pub tenant: bool,
    /// The input of the record.
    pub input: InputId,
    /// Its place there.
    pub position: Position,
}

impl KeyMissing {
    /// What is missing, and the command that makes it; of a tenant neither says the name.
    pub fn told(&self, engine: &Engine) -> (String, String) {
        let tier = &engine.tiers()[usize::from(self.tier.0)].name;
        if self.tenant {
            let source = engine.inputs()[usize::from(self.input.0)].1;
            let source = &engine.sources()[usize::from(source)].name;
            let what = format!("tier `{tier}` has keys by tenant, and the record's tenant has none");
            return (what, format!("make it: `garim keys tenant --source {source}`"));
        }
        let (epoch, from, until) = match self.epoch {
            Epoch::Day(day) => {
                // A day of an event is one that the calendar has.
                let day = date(day).map_or_else(String::new, |day| day.to_string());
                (day.clone(), day.clone(), day)
            }
            Epoch::Year(year) => (format!("{year:04}"), format!("{year:04}-01-01"), format!("{year:04}-12-31")),
        };
        let what = format!("tier `{tier}` has no key for {epoch}");
        (what, format!("make it: `garim keys new --from {from} --until {until}`"))
    }
}
