//! Refused records opened by people and sent through the engine again: each once, whatever is interrupted or repeated.
//!
//! The outputs of a chunk of records and a *settlement*, which names their notices, are one transaction. The settlement goes
//! to the partition of the notices, so the next replay sees what is done. It is not the offset of a group: a replay takes
//! some reasons and leaves others, and a record that is still refused may be taken again after the next correction.
//! The entry of the audit's windows is in the transaction too, marked as a replay.
//! There is one transactional id for all replays of a group. Whoever begins takes it over, which ends an open transaction
//! of another, and reads the settlements after that; so two replays at once cannot both write a record.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use zeroize::Zeroizing;

use super::listing::{self, Entry, Found, REPLAYED};
use super::{Identities, OpenFault, Opened, Payload};
use crate::engine::outcome::{KeyMissing, Treated};
use crate::engine::{Engine, Scratch};
use crate::flow::message::FaultClass;
use crate::kafka::Fault;
use crate::kafka::log::LogReader;
use crate::kafka::producer::Producer;
use crate::kafka::settings::{Delivery, KafkaSettings};
use crate::limits::{REPLAY_BYTES_MAX, REPLAY_RECORDS_MAX};
use crate::record::{Header, InputId, Position, Record};
use crate::secret::Plain;
use crate::service::audit::window;
use crate::service::request::{ReplayScope, Span};
use crate::service::{Loaded, outputs};
use crate::telemetry::audit::entry::{Read, VERSION, WINDOWS_TOPIC, Window};

/// Time-out of one call to a broker.
const CALL: Duration = Duration::from_secs(30);
/// Tries of a commit whose answer does not come: the same call may be made again.
const COMMIT_TRIES_MAX: u32 = 3;

/// Why a refused record was left where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// It is refused again; the reason's code.
    Refused(&'static str),
    /// Its notice carries no record.
    NoPayload,
    /// None of the identities opens it.
    Stranger,
    /// It was changed, or is not the record that its notice names.
    Damaged,
    /// The policy reads its input topic no more.
    NoInput,
}

impl Left {
    /// A word for it: the reason's code, or one of its own.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(reason) => reason,
            Self::NoPayload => "no-payload",
            Self::Stranger => "other-recipient",
            Self::Damaged => "damaged",
            Self::NoInput => "no-such-input",
        }
    }
}

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Notices of the asked for spans and reasons.
    pub asked: u64,
    /// Of these, replayed by an earlier run.
    pub settled: u64,
    /// Records, or lines, that were treated; written too, unless it was a rehearsal.
    pub replayed: u64,
    /// What was written, copies of one record apart: by topic.
    pub written: BTreeMap<String, u64>,
    /// What was left, by place of the notice: quarantine topic, partition and offset, why.
    pub left: Vec<(String, Position, Left)>,
    /// Offsets of the spans that are no longer there.
    pub gone: u64,
}

/// Why a replay ended early. What it had committed stays, and the next run leaves that alone.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// The brokers.
    #[error("{0}")]
    Broker(Fault),
    /// Another replay took over, or a transaction timed out.
    #[error("another replay of this group has begun meanwhile, or a transaction timed out")]
    Fenced,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// A key that should exist was never made.
    #[error("{what}")]
    Key {
        /// Where and what.
        what: String,
        /// The command that makes it.
        help: String,
    },
}

impl From<Fault> for ReplayFault {
    fn from(fault: Fault) -> Self {
        if fault.class == FaultClass::Fenced { Self::Fenced } else { Self::Broker(fault) }
    }
}

/// A replay at work.
#[derive(Debug)]
pub struct Replay<'a> {
    loaded: &'a Loaded,
    identities: &'a Identities,
    /// SHA-256 of the request, hex.
    request: &'a str,
    reader: LogReader,
    kafka: KafkaSettings,
    /// None in a rehearsal.
    producer: Option<Producer>,
    /// The name of this run in the entries of windows, and the number of the next.
    windows: (String, u64),
    scratch: Scratch,
    treated: Treated,
    report: Report,
}

impl<'a> Replay<'a> {
    /// Takes over the transactional id of replays, unless it is a rehearsal (`dry`). Opens nothing yet.
    ///
    /// # Errors
    /// When the brokers are away or a topic is missing.
    pub fn begin(
        loaded: &'a Loaded,
        kafka: &KafkaSettings,
        identities: &'a Identities,
        request: &'a str,
        dry: bool,
    ) -> Result<Self, ReplayFault> {
        let kafka = settings(kafka);
        let mut draw = [0; 32];
        getrandom::fill(&mut draw).map_err(|_| ReplayFault::Random)?;
        let producer = if dry { None } else { Some(begun(&kafka, loaded)?) };
        Ok(Self {
            loaded,
            identities,
            request,
            reader: LogReader::new(&kafka, "replay")?,
            kafka,
            producer,
            windows: (window::run_name(&draw, 0, 0), 0),
            scratch: Scratch::new(),
            treated: Treated::default(),
            report: Report::default(),
        })
    }

    /// Replays the scope, chunk by chunk. To be called after the act was written: this opens payloads.
    ///
    /// # Errors
    /// When the brokers refuse or a key was never made; the report then tells what was committed before.
    pub fn run(mut self, scope: &ReplayScope) -> (Report, Result<(), ReplayFault>) {
        let result = scope.spans.iter().try_for_each(|span| self.span(span, &scope.reasons));
        (self.report, result)
    }

    fn span(&mut self, span: &Span, reasons: &[String]) -> Result<(), ReplayFault> {
        let (first, _) = self.reader.ends(&span.topic, span.partition)?;
        self.report.gone += u64::try_from(first.min(span.until) - span.from).unwrap_or(0);
        let settled = listing::replayed(&self.reader, &span.topic, span.partition, span.from)?;
        let mut from = span.from;
        loop {
            let mut chunk: Vec<Found> = Vec::new();
            let mut bytes = 0;
            let next =
                listing::read(&self.reader, &span.topic, span.partition, from, Some(span.until), &mut |_, entry| {
                    match entry {
                        Entry::Notice(found) if reasons.is_empty() || reasons.contains(&found.reason) => {
                            bytes += found.payload.text().map_or(0, str::len);
                            chunk.push(found);
                            match chunk.len() < REPLAY_RECORDS_MAX && bytes < REPLAY_BYTES_MAX {
                                true => ControlFlow::Continue(()),
                                false => ControlFlow::Break(()),
                            }
                        }
                        _ => ControlFlow::Continue(()),
                    }
                })?;
            let end = chunk.is_empty();
            self.chunk(&Span { from, until: next, ..span.clone() }, chunk, &settled)?;
            if end || next >= span.until {
                return Ok(());
            }
            from = next;
        }
    }

    /// Treats a chunk and writes what is no longer refused, in one transaction.
    fn chunk(&mut self, span: &Span, chunk: Vec<Found>, settled: &BTreeSet<i64>) -> Result<(), ReplayFault> {
        let mut opened: Vec<(Position, InputId, Opened)> = Vec::new();
        let before = self.report.left.len();
        for found in chunk {
            self.report.asked += 1;
            if settled.contains(&found.at.offset) {
                self.report.settled += 1;
                continue;
            }
            match self.open(&found) {
                Ok((input, record)) => opened.push((found.at, input, record)),
                Err(left) => self.report.left.push((span.topic.clone(), found.at, left)),
            }
        }
        let unopened: Vec<Left> = self.report.left[before..].iter().map(|(.., left)| left.clone()).collect();
        let Self { loaded, scratch, treated, .. } = self;
        let headers: Vec<Vec<Header<'_>>> = opened.iter().map(|(.., opened)| headers(opened)).collect();
        let records: Vec<Record<'_>> = opened
            .iter()
            .zip(&headers)
            .map(|((_, input, opened), headers)| Record {
                input: *input,
                position: opened.position,
                timestamp_ms: opened.timestamp_ms,
                key: opened.key.as_ref().map(|key| Plain(key)),
                value: opened.value.as_ref().map(|value| Plain(value)),
                headers,
            })
            .collect();
        let engine = &loaded.engine;
        engine.treat(scratch, &loaded.keys, &records, treated).map_err(|missing| never_made(engine, missing))?;
        // A record of several lines is written when all of its lines are treated, or not at all.
        let refused: BTreeMap<u32, &'static str> =
            treated.refusals.iter().rev().map(|refusal| (refusal.record, refusal.reason.code())).collect();
        let places: Vec<Position> = opened.iter().map(|(at, ..)| *at).collect();
        let done: Vec<i64> =
            (0u32..).zip(&places).filter(|(index, _)| !refused.contains_key(index)).map(|(_, at)| at.offset).collect();
        let left = unopened.into_iter().chain(refused.values().map(|reason| Left::Refused(reason))).collect();
        let written = if done.is_empty() { BTreeMap::new() } else { self.write(span, &refused, &done, left)? };
        for (topic, records) in written {
            *self.report.written.entry(topic).or_default() += records;
        }
        self.report.replayed += done.len() as u64;
        self.report.left.extend(
            refused.iter().map(|(&index, &reason)| (span.topic.clone(), places[index as usize], Left::Refused(reason))),
        );
        Ok(())
    }

    /// Opens the record of a notice, and sees that it is the one that the notice names.
    fn open(&self, found: &Found) -> Result<(InputId, Opened), Left> {
        let Payload::Sealed(sealed) = &found.payload else { return Err(Left::NoPayload) };
        let mut opened = self.identities.open(sealed).map_err(|fault| match fault {
            OpenFault::Stranger => Left::Stranger,
            OpenFault::Damaged => Left::Damaged,
        })?;
        if (&opened.topic, opened.position, opened.line) != (&found.topic, found.position, found.line) {
            return Err(Left::Damaged);
        }
        let input = self.loaded.engine.input(&opened.topic).ok_or(Left::NoInput)?;
        opened.value = opened.value.take().map(|line| in_its_place(line, opened.line));
        Ok((input, opened))
    }

    /// One transaction: the outputs of what is not refused, the settlement of their notices, and the window's entry.
    fn write(
        &mut self,
        span: &Span,
        refused: &BTreeMap<u32, &'static str>,
        done: &[i64],
        left: Vec<Left>,
    ) -> Result<BTreeMap<String, u64>, ReplayFault> {
        let engine = &self.loaded.engine;
        let wanted = |record: u32| !refused.contains_key(&record);
        let mut written = BTreeMap::new();
        for output in self.treated.outputs.iter().filter(|output| wanted(output.record)) {
            *written.entry(engine.topic(output.source, output.tier).to_owned()).or_default() += 1;
        }
        let Some(producer) = &mut self.producer else { return Ok(written) };
        let mut window = entry(span, done.len() as u64, &left, &self.windows, engine.digest_letters());
        producer.begin()?;
        let settlement = serde_json::json!({
            "v": 1, "replayed": done, "request": self.request, "policy": engine.digest_letters(),
        });
        let settlement = settlement.to_string();
        let sent = outputs::send(producer, engine, &self.treated, wanted).and_then(|()| {
            let header = [(REPLAYED, Some(&b"1"[..]))];
            producer.send(&span.topic, span.partition, None, Some(settlement.as_bytes()), &header)?;
            window.written = producer.take_sent();
            let entries = window::as_written(window);
            entries.iter().try_for_each(|entry| producer.send(WINDOWS_TOPIC, 0, None, Some(entry), &[]))
        });
        if let Err(fault) = sent.and_then(|()| committed(producer)) {
            // The next run ends what this leaves open; what is told is why.
            let _ = producer.abort(CALL);
            return Err(fault.into());
        }
        self.windows.1 += 1;
        // A request that came late could end a later transaction of this producer, but none of its successor.
        if producer.doubtful() {
            self.producer = None;
            self.producer = Some(begun(&self.kafka, self.loaded)?);
        }
        Ok(written)
    }
}

/// The entry of one transaction: which notices were looked at, and what became of those that had not been replayed before.
fn entry(span: &Span, treated: u64, left: &[Left], windows: &(String, u64), policy: &str) -> Window {
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    left.iter().for_each(|left| *refused.entry(left.code().to_owned()).or_default() += 1);
    let read = Read {
        topic: span.topic.clone(),
        partition: span.partition,
        from: span.from,
        next: span.until,
        pieces: treated + left.len() as u64,
    };
    Window {
        v: VERSION,
        at_ms: jiff::Timestamp::now().as_millisecond(),
        lane: String::from("quarantine/replay"),
        run: windows.0.clone(),
        seq: windows.1,
        part: 0,
        parts: 1,
        delivery: String::from("replay"),
        policy: policy.to_owned(),
        read: vec![read],
        treated,
        refused: refused.into_iter().collect(),
        written: Vec::new(),
    }
}

fn never_made(engine: &Engine, missing: KeyMissing) -> ReplayFault {
    let topic = &engine.inputs()[usize::from(missing.input.0)].0;
    let Position { partition, offset } = missing.position;
    let (what, help) = missing.told(engine);
    ReplayFault::Key { what: format!("{topic}-{partition}, offset {offset}: {what}"), help }
}

/// A producer that has taken over the transactional id of replays.
fn begun(kafka: &KafkaSettings, loaded: &Loaded) -> Result<Producer, Fault> {
    let mut producer = Producer::new(kafka, 0)?;
    producer.init(&loaded.output_topics(), CALL)?;
    Ok(producer)
}

fn committed(producer: &Producer) -> Result<(), Fault> {
    let mut tries = 1;
    loop {
        match producer.commit() {
            Err(fault) if fault.class == FaultClass::Retriable && tries < COMMIT_TRIES_MAX => tries += 1,
            result => return result,
        }
    }
}

/// The client's settings for replays of this group: exactly once, under a transactional id that no lane has.
fn settings(kafka: &KafkaSettings) -> KafkaSettings {
    KafkaSettings {
        group: format!("{}.replay", kafka.group),
        instance: String::from("quarantine"),
        delivery: Delivery::ExactlyOnce,
        ..kafka.clone()
    }
}

fn headers(opened: &Opened) -> Vec<Header<'_>> {
    opened.headers.iter().map(|(name, value)| (name.as_slice(), value.as_ref().map(|value| Plain(value)))).collect()
}

/// A line of an `ndjson` record behind as many blank ones as it had lines before it: blank lines hold nothing, and so it has
/// the number, and the record id, that it had.
fn in_its_place(line: Zeroizing<Vec<u8>>, number: u32) -> Zeroizing<Vec<u8>> {
    let Some(before @ 1..) = number.checked_sub(1) else { return line };
    let mut value = Zeroizing::new(Vec::with_capacity(before as usize + line.len()));
    value.resize(before as usize, b'\n');
    value.extend_from_slice(&line);
    value
}
