//! A policy compiled once and applied to batches; a built [`Engine`] cannot fail.
//!
//! The way of a record: `read.rs` brings its payload into nodes or fields and notes what conditions ask about;
//! `resolve.rs` finds each value's rule, its findings, the record's tiers and keys; `write.rs`, with `object.rs` and
//! `value.rs`, writes each tier's output once, with room for tokens; at the end of the batch the tokens are hashed side
//! by side.
//!
//! What holds for every record:
//!
//! * It becomes outputs for its tiers, or one refusal; nothing is passed through.
//! * A value leaves only by an item (or `unlisted = "scan"`). `null` stays `null` unless dropped. What an action needs
//!   as text is the string without escapes, the number in plain digits, `true` or `false`; what it writes is a string.
//! * An array or object is dropped, sealed or stated whole (`present`), scanned whole, or taken by its parts; any other
//!   action on it is the refusal `not-scalar`. One in which nothing is left disappears.
//! * What states something of a value, `true` or the family of an address, says nothing of `null`, and nothing of what
//!   has no family: then the member does not leave. A single value of which the parts are taken does not leave either.
//! * What stands below an object that is taken by its parts leaves by an item of its own, or not at all; in a tier that
//!   drops or states the object, none of its parts leaves.
//! * A member that leaves under another name is in nobody's way: if its object would have two members of that name, the
//!   record is refused, `key-collision`.
//! * A record goes to the tiers of the first route that holds and to those of everything in `also` that holds; a record
//!   that nothing leads anywhere is refused, `no-route`.
//! * In a tier whose bodies are sealed, the whole treated record lies in the envelope, and only `garim` beside it.
//! * Where a member's name is data (reached by `*`, or inside of what is scanned whole), what is found in it is masked.
//! * A tier that the record is too old or too late for is passed over; if none is left, the record is refused.
//! * A tier whose `when` does not hold is passed over too; a record that no tier takes for that reason alone is treated,
//!   and has no output.

pub mod batch;
pub mod charset;
mod compile;
mod day;
mod object;
pub mod outcome;
pub mod plan;
mod read;
mod resolve;
mod rule;
mod scratch;
mod seal;
mod spread;
mod value;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

pub use rule::RuleName;
pub use scratch::Scratch;

use crate::pseudonym::epoch::KeyRing;
use crate::pseudonym::wipe_stack;
use crate::record::{InputId, Record};
use crate::route::TierId;
use crate::route::tier::Tier;
use compile::Tables;
use outcome::{BatchTally, KeyMissing, Reason, Refusal, Treated};
use plan::{Plan, SourcePlan};

/// Bounds on event times that operators set (`[limits]` of `garim.toml`), counted from the input's Kafka timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Days of the past in which keys must exist; an older event is refused. At most 36,525.
    pub past_days: u32,
    /// Days of the future likewise.
    pub future_days: u32,
}

/// A plan that cannot be compiled; `policy` reports these with their place in the file before they come here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanFault(pub String);

/// A compiled policy. Immutable, shared by all lanes.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    limits: Limits,
    tables: Tables,
    /// Input topics: name and index of the source.
    inputs: Vec<(Box<str>, u16)>,
    /// A number that no other engine of this process has.
    identity: u64,
    /// The first 32 bits of the policy's digest as letters, as the `garim` string begins.
    digest_letters: [u8; 8],
}

/// What the next engine is called: a lane's derived keys belong to one engine and one ring.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// What ends the treatment of one record.
enum Stop {
    Refused { reason: Reason, item: Option<u16>, at_byte: usize },
    KeyMissing(KeyMissing),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused { reason, item: None, at_byte: 0 }
    }
}

/// What a record's treatment needs besides working memory.
#[derive(Clone, Copy)]
struct Job<'a> {
    keys: &'a KeyRing,
    record: &'a Record<'a>,
    /// Index in the batch.
    index: u32,
    /// Line of an `ndjson` record, from 1.
    line: u32,
    source: u16,
}

impl Engine {
    /// Compiles a plan.
    ///
    /// # Errors
    /// When the plan cannot be applied: a route without tier, a source without route, an item whose actions do not cover
    /// every tier or write a value twice, a seal or a new name where there is no place for it, more tiers or paths than
    /// there is room for.
    pub fn new(plan: Plan, limits: Limits) -> Result<Self, PlanFault> {
        let tables = compile::compile(&plan, limits)?;
        let mut inputs = Vec::new();
        for (index, source) in plan.sources.iter().enumerate() {
            for topic in &source.topics {
                inputs.push((topic.clone(), index as u16));
            }
        }
        let mut digest_letters = [0; 8];
        for (pair, byte) in digest_letters.as_chunks_mut::<2>().0.iter_mut().zip(plan.digest) {
            *pair = [b'a' + (byte >> 4), b'a' + (byte & 15)];
        }
        let identity = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self { plan, limits, tables, inputs, identity, digest_letters })
    }

    /// The input topics: name and index of the source; `InputId` counts from 0.
    pub fn inputs(&self) -> &[(Box<str>, u16)] {
        &self.inputs
    }

    /// The input of this topic name.
    pub fn input(&self, topic: &str) -> Option<InputId> {
        self.inputs.iter().position(|(name, _)| &**name == topic).map(|index| InputId(index as u16))
    }

    /// The sources, in file order.
    pub fn sources(&self) -> &[SourcePlan] {
        &self.plan.sources
    }

    /// The tiers, in file order.
    pub fn tiers(&self) -> &[Tier] {
        &self.plan.tiers
    }

    /// The output topic of a source in a tier.
    pub fn topic(&self, source: u16, tier: TierId) -> &str {
        &self.tables.sources[usize::from(source)].topics[usize::from(tier.0)]
    }

    /// The tiers to which some record of this source can go, in file order.
    pub fn tiers_of(&self, source: u16) -> Vec<TierId> {
        compile::each(self.tables.sources[usize::from(source)].reached()).collect()
    }

    /// What the entries of `BatchTally::fields` count.
    pub fn rules(&self) -> &[RuleName] {
        &self.tables.counters.0
    }

    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// BLAKE3 of the policy file.
    pub fn digest(&self) -> &[u8; 32] {
        &self.plan.digest
    }

    /// The policy's digest as the `garim` string begins with it: eight letters.
    pub fn digest_letters(&self) -> &str {
        std::str::from_utf8(&self.digest_letters).expect("letters are ASCII")
    }

    /// The limits it was built with.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The plan it was built from.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Treats a batch: every record becomes outputs or a refusal, in input order.
    ///
    /// `out` is cleared first. A panic while a record is treated becomes the refusal `fault` of that record.
    ///
    /// # Errors
    /// [`KeyMissing`] when a key that should exist was never made; `out` is then empty.
    pub fn treat(
        &self,
        scratch: &mut Scratch,
        keys: &KeyRing,
        records: &[Record<'_>],
        out: &mut Treated,
    ) -> Result<(), KeyMissing> {
        let whole = catch_unwind(AssertUnwindSafe(|| {
            self.begin(scratch, keys, out);
            let result = records
                .iter()
                .enumerate()
                .try_for_each(|(index, record)| self.record(scratch, keys, record, index as u32, out));
            if result.is_ok() {
                self.settle(scratch, out);
            }
            result
        }));
        let result = whole.unwrap_or_else(|_| self.treat_one_by_one(scratch, keys, records, out));
        match result {
            Ok(()) => out.spread.settle(&mut out.outputs),
            Err(_) => {
                scratch.seals.truncate(0);
                out.clear();
            }
        }
        wipe_stack();
        result
    }

    /// Treats a batch in which some record panics: that one is refused, the others are treated.
    fn treat_one_by_one(
        &self,
        scratch: &mut Scratch,
        keys: &KeyRing,
        records: &[Record<'_>],
        out: &mut Treated,
    ) -> Result<(), KeyMissing> {
        *scratch = Scratch::new();
        self.begin(scratch, keys, out);
        for (index, record) in records.iter().enumerate() {
            let before = Mark::of(out);
            let tally = out.tally.clone();
            let alone = catch_unwind(AssertUnwindSafe(|| self.record(scratch, keys, record, index as u32, out)));
            let settled = alone.and_then(|result| {
                catch_unwind(AssertUnwindSafe(|| {
                    self.settle(scratch, out);
                    result
                }))
            });
            match settled {
                Ok(result) => result?,
                Err(_) => {
                    *scratch = Scratch::new();
                    self.begin_scratch(scratch, keys);
                    before.roll_back(out);
                    out.refusals.retain(|refusal| refusal.record < index as u32);
                    // It was consumed, as one piece, but nothing else that was counted of it holds.
                    out.pieces.truncate(index);
                    out.pieces.push(1);
                    let consumed = std::mem::take(&mut out.tally.consumed);
                    out.tally = BatchTally { consumed, ..tally };
                    self.refuse(out, record, index as u32, 0, Reason::Fault, None, 0);
                }
            }
        }
        Ok(())
    }

    fn begin(&self, scratch: &mut Scratch, keys: &KeyRing, out: &mut Treated) {
        self.begin_scratch(scratch, keys);
        out.clear();
        let BatchTally { consumed, treated: _, produced, expired, late, withheld, refused, fields, unlisted } =
            &mut out.tally;
        consumed.resize(self.plan.sources.len(), (0, 0));
        unlisted.resize(self.plan.sources.len(), 0);
        produced.resize(self.plan.tiers.len(), (0, 0));
        expired.resize(self.plan.tiers.len(), 0);
        late.resize(self.plan.tiers.len(), 0);
        withheld.resize(self.plan.tiers.len(), 0);
        refused.resize(Reason::ALL.len(), 0);
        fields.resize(self.tables.counters.0.len(), 0);
    }

    fn begin_scratch(&self, scratch: &mut Scratch, keys: &KeyRing) {
        scratch.days.begin(self.identity, keys.identity());
        scratch.seals.truncate(0);
        scratch.patterns.clear();
        scratch.patterns.resize_with(self.plan.sources.len(), Default::default);
    }

    /// Treats one record: all of its lines, where it has several.
    fn record(
        &self,
        scratch: &mut Scratch,
        keys: &KeyRing,
        record: &Record<'_>,
        index: u32,
        out: &mut Treated,
    ) -> Result<(), KeyMissing> {
        let source = self.tables.inputs[usize::from(record.input.0)].source;
        let consumed = &mut out.tally.consumed[usize::from(source)];
        consumed.0 += 1;
        consumed.1 += record.value.map_or(0, |value| value.0.len() as u64);
        let mut job = Job { keys, record, index, line: 0, source };
        let Some(lines) = self.lines(record, source) else {
            out.pieces.push(1);
            return self.piece(scratch, job, record.value.map(|value| value.0), out);
        };
        let mut pieces = 0;
        for (line, text) in lines.split(|byte| *byte == b'\n').enumerate() {
            if !text.trim_ascii().is_empty() {
                pieces += 1;
                job.line = line as u32 + 1;
                self.piece(scratch, job, Some(text), out)?;
            }
        }
        if pieces == 0 {
            self.refuse(out, record, index, 0, Reason::EmptyValue, None, 0);
        }
        out.pieces.push(pieces.max(1));
        Ok(())
    }

    /// The payload of an `ndjson` record that is to be split into lines.
    fn lines<'a>(&self, record: &Record<'a>, source: u16) -> Option<&'a [u8]> {
        let value = record.value?.0;
        let splits = matches!(self.plan.sources[usize::from(source)].format, plan::Format::Ndjson)
            && !value.is_empty()
            && value[0] != 0
            && value.len() <= crate::limits::PAYLOAD_BYTES_MAX;
        splits.then_some(value)
    }

    /// Treats one record, or one line of it, and notes what became of it.
    fn piece(
        &self,
        scratch: &mut Scratch,
        job: Job<'_>,
        value: Option<&[u8]>,
        out: &mut Treated,
    ) -> Result<(), KeyMissing> {
        let before = Mark::of(out);
        let waiting = scratch.days.waiting();
        let sealed = scratch.seals.len();
        scratch.counted.clear();
        scratch.tenant.clear();
        let result = match value {
            Some(value) => self.payload(scratch, job, value, out),
            None => self.tombstone(scratch, job, out),
        };
        match result {
            Ok(()) => {
                out.tally.treated += 1;
                for counter in &scratch.counted {
                    out.tally.fields[*counter as usize] += 1;
                }
                for output in &out.outputs[before.outputs..] {
                    let produced = &mut out.tally.produced[usize::from(output.tier.0)];
                    produced.0 += 1;
                    produced.1 += output.value.as_ref().map_or(0, |value| value.len() as u64);
                }
                Ok(())
            }
            Err(Stop::Refused { reason, item, at_byte }) => {
                scratch.days.retract(waiting);
                scratch.seals.truncate(sealed);
                before.roll_back(out);
                self.refuse(out, job.record, job.index, job.line, reason, item, at_byte);
                Ok(())
            }
            Err(Stop::KeyMissing(missing)) => Err(missing),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a refusal has that many coordinates, and is built here only")]
    fn refuse(
        &self,
        out: &mut Treated,
        record: &Record<'_>,
        index: u32,
        line: u32,
        reason: Reason,
        item: Option<u16>,
        at_byte: usize,
    ) {
        out.tally.refused[reason as usize] += 1;
        let at_byte = u32::try_from(at_byte).unwrap_or(u32::MAX);
        out.refusals.push(Refusal { record: index, line, position: record.position, reason, item, at_byte });
    }

    /// Hashes what waits: letters go where the output has kept room for them, ids of spread outputs are noted. Then
    /// closes the envelopes, which vouch for those ids.
    fn settle(&self, scratch: &mut Scratch, out: &mut Treated) {
        let Scratch { days, seals, .. } = scratch;
        let Treated { bytes, outputs, spread, .. } = out;
        days.settle(bytes, |index, id| spread.note(outputs[index].tier, id, index));
        seals.settle(days, &self.plan, self.digest_letters, out);
    }
}

/// How long the outputs were before a record.
#[derive(Clone, Copy)]
struct Mark {
    bytes: usize,
    outputs: usize,
    headers: usize,
    spread: usize,
}

impl Mark {
    const fn of(out: &Treated) -> Self {
        Self {
            bytes: out.bytes.len(),
            outputs: out.outputs.len(),
            headers: out.headers.len(),
            spread: out.spread.len(),
        }
    }

    fn roll_back(self, out: &mut Treated) {
        out.bytes.truncate(self.bytes);
        out.outputs.truncate(self.outputs);
        out.headers.truncate(self.headers);
        out.spread.truncate(self.spread);
    }
}
