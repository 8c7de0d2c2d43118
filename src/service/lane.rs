//! One lane: a thread with its consumer and its producer, which carries out what `flow` asks for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::audit::window;
use super::notice::Notice;
use super::{LaneEnd, Loaded, Shared, now_ms, outputs};
use crate::engine::Scratch;
use crate::engine::outcome::{BatchTally, KeyMissing, Reason, Treated};
use crate::flow::{Command, Delivery, Ending, Event, FaultClass, Lane, Part, Range, Stale, Taken};
use crate::kafka::Fault;
use crate::kafka::consumer::{Batch, Consumer, Polled, Rebalance};
use crate::kafka::producer::Producer;
use crate::limits::{LAG_PARTS_MAX, LAG_PERIOD_MS};
use crate::record::{Position, Record};
use crate::telemetry::audit::entry::WINDOWS_TOPIC;
use crate::telemetry::metrics::{Counters, Rebalanced, add};

/// Time-out of one call to a broker. Twice this stays below the watchdog's limit.
const CALL: Duration = Duration::from_secs(30);
/// Time-out of a seek, which asks no broker.
const SEEK: Duration = Duration::from_secs(10);
/// Longest wait for a clean farewell to the group; without one the brokers notice by the session's time-out.
const CLOSE: Duration = Duration::from_secs(10);
/// Time-out of one question after a partition's end: lag is worth no long wait.
const LAG: Duration = Duration::from_millis(300);

/// A lane at work.
pub(super) struct Worker {
    number: usize,
    shared: Arc<Shared>,
    loaded: Arc<Loaded>,
    reloads: u64,
    flow: Lane,
    consumer: Option<Consumer>,
    producer: Option<Producer>,
    batch: Batch,
    scratch: Scratch,
    treated: Treated,
    notices: Vec<Notice>,
    window: Window,
    counters: Counters,
    fault: Option<Fault>,
    missing: Option<KeyMissing>,
    partitions: usize,
    lag_at: Instant,
    lag_next: usize,
}

/// What the open window counts; published at its commit, forgotten at its end.
#[derive(Default)]
struct Window {
    tally: BatchTally,
    /// Timestamps of the oldest record of each batch, in milliseconds since 1970.
    oldest_ms: Vec<i64>,
    /// Records, or lines, by partition.
    pieces: BTreeMap<Part, u64>,
    /// When its transaction was begun, in milliseconds since 1970.
    began_ms: Option<i64>,
    settling: Option<Instant>,
}

impl Window {
    /// Counts pieces by partition; neighbouring records are mostly of one.
    fn count(&mut self, records: &[Record<'_>], pieces: &[u32]) {
        let part = |record: &Record<'_>| Part { input: record.input.0, partition: record.position.partition };
        let mut rest = pieces;
        for run in records.chunk_by(|one, next| part(one) == part(next)) {
            let (own, others) = rest.split_at(run.len().min(rest.len()));
            rest = others;
            *self.pieces.entry(part(&run[0])).or_default() += own.iter().map(|&pieces| u64::from(pieces)).sum::<u64>();
        }
    }

    fn clear(&mut self) {
        self.tally.clear();
        self.oldest_ms.clear();
        self.pieces.clear();
        self.began_ms = None;
        self.settling = None;
    }
}

impl Worker {
    /// A lane that has not begun.
    pub(super) fn new(number: usize, shared: Arc<Shared>) -> Self {
        let (loaded, reloads) = shared.loaded();
        Self {
            number,
            flow: Lane::new(shared.rules),
            counters: Counters::new(&shared.metrics, &loaded.engine),
            shared,
            loaded,
            reloads,
            consumer: None,
            producer: None,
            batch: Batch::new(),
            scratch: Scratch::new(),
            treated: Treated::default(),
            notices: Vec::new(),
            window: Window::default(),
            fault: None,
            missing: None,
            partitions: 0,
            lag_at: Instant::now(),
            lag_next: 0,
        }
    }

    /// Works until the lane ends.
    pub(super) fn run(mut self) -> LaneEnd {
        let topics: Vec<&str> = self.loaded.engine.inputs().iter().map(|(topic, _)| &**topic).collect();
        match Consumer::new(&self.shared.kafka, self.number, &topics) {
            Ok(consumer) => self.consumer = Some(consumer),
            Err(fault) => return LaneEnd { ending: Ending::ConsumerFailed, fault: Some(fault), missing: None },
        }
        let mut event = Event::Start;
        loop {
            self.notes();
            let command = self.flow.on(self.shared.now_ms(), event).unwrap_or(Command::Exit(Ending::Confused));
            if let Command::Exit(ending) = command {
                self.batch.clear();
                self.hold(0);
                return LaneEnd { ending, fault: self.fault, missing: self.missing };
            }
            let shared = Arc::clone(&self.shared);
            let pulse = &shared.health.lanes[self.number];
            pulse.begin(command.name(), Duration::from_millis(command.limit_ms()));
            event = self.carry_out(command);
            pulse.end();
        }
    }

    /// Tells the state machine what came from outside meanwhile.
    fn notes(&mut self) {
        let now_ms = self.shared.now_ms();
        if let Some(deadline_ms) = self.shared.stop_by_ms() {
            self.flow.on(now_ms, Event::Stop { deadline_ms });
        }
        if self.shared.reloads() != self.reloads {
            self.flow.on(now_ms, Event::Reload);
        }
    }

    fn carry_out(&mut self, command: Command) -> Event {
        let name = command.name();
        let result = match command {
            Command::Poll { wait_ms, records_max } => return self.poll(Duration::from_millis(wait_ms), records_max),
            Command::Treat { stale, condemned } => return self.treat(&stale, &condemned),
            Command::ReadCommitted(parts) => match self.consumer().committed(&parts, CALL) {
                Ok(offsets) => return Event::Committed(offsets),
                Err(fault) => Err(fault),
            },
            Command::Begin => self.producer_mut().begin(),
            Command::Produce => self.produce(),
            Command::Enter { ranges, run, seq } => self.enter(&ranges, run, seq),
            Command::Flush => {
                self.window.settling.get_or_insert_with(Instant::now);
                self.producer().flush(2 * CALL)
            }
            Command::SendOffsets(offsets) => {
                self.window.settling.get_or_insert_with(Instant::now);
                self.producer().send_offsets(self.consumer(), &offsets, CALL)
            }
            Command::Commit => self.producer().commit().map(|()| self.committed()),
            Command::CommitOffsets(offsets) => {
                if !self.consumer().group_metadata_ok() {
                    self.window.clear();
                    return Event::Failed(FaultClass::GroupLeft);
                }
                self.consumer().commit(&offsets).map(|()| self.committed())
            }
            Command::Abort => {
                self.shared.health.lanes[self.number].producer(false);
                self.producer().abort(CALL)
            }
            Command::Rebuild => self.rebuild(),
            Command::Seek(starts) => self.consumer().seek(&starts, SEEK),
            Command::Assign(starts) => self.consumer().assign(&starts).map(|()| {
                self.hold(self.flow.assignment().len());
                self.shared.health.lanes[self.number].joined();
            }),
            Command::Release(parts) => self.release(&parts),
            Command::Wait(wait_ms) => {
                self.shared.wait(Duration::from_millis(wait_ms));
                Ok(())
            }
            Command::Reload => {
                self.reload();
                Ok(())
            }
            Command::Close => return self.close(),
            Command::Exit(_) => Ok(()),
        };
        match result {
            Ok(()) => Event::Done,
            Err(fault) => self.failed(name, fault),
        }
    }

    fn consumer(&self) -> &Consumer {
        self.consumer.as_ref().expect("a lane has a consumer until it closes")
    }

    fn producer(&self) -> &Producer {
        self.producer.as_ref().expect("flow asks for a producer before it uses one")
    }

    fn producer_mut(&mut self) -> &mut Producer {
        self.producer.as_mut().expect("flow asks for a producer before it uses one")
    }

    /// Notes a fault; a window that was open is not committed.
    fn failed(&mut self, command: &'static str, fault: Fault) -> Event {
        let class = fault.class;
        let (lane, code) = (self.number, fault.code);
        tracing::warn!(lane, command, code, class = ?class, "{fault}");
        if matches!(command, "begin" | "produce" | "enter" | "flush" | "commit" | "commit-offsets")
            || command == "send-offsets" && !matches!(class, FaultClass::Retriable | FaultClass::BrokerAway)
        {
            self.shared.metrics.commit_failures.inc();
        }
        if class == FaultClass::Fenced {
            let id = self.shared.kafka.transactional_id(lane);
            tracing::error!(lane, "another process holds the transactional id {id}, or a transaction timed out");
        }
        self.fault = Some(fault);
        Event::Failed(class)
    }

    fn poll(&mut self, wait: Duration, records_max: usize) -> Event {
        let metrics = Arc::clone(&self.shared.metrics);
        self.look_at_lag();
        let consumer = self.consumer.as_mut().expect("a lane has a consumer until it closes");
        match consumer.poll(wait, records_max, &mut self.batch) {
            Polled::Records(_) => Event::Polled(taken(&self.batch)),
            Polled::Idle => Event::Idle,
            Polled::Rebalance(Rebalance::Assigned(parts)) => {
                metrics.rebalanced(Rebalanced::Assigned);
                tracing::info!(lane = self.number, partitions = parts.len(), "partitions came");
                Event::Assigned(parts)
            }
            Polled::Rebalance(Rebalance::Revoked { parts, lost }) => {
                metrics.rebalanced(if lost { Rebalanced::Lost } else { Rebalanced::Revoked });
                tracing::info!(lane = self.number, partitions = parts.len(), lost, "partitions go");
                if lost {
                    self.shared.health.lanes[self.number].left();
                }
                Event::Revoked { parts, lost }
            }
            Polled::OffsetLost(part) => {
                metrics.input_lost.inc();
                let (topic, partition) = (self.topic(part), part.partition);
                tracing::error!(lane = self.number, topic, partition, "input was deleted before it was read");
                Event::OffsetLost(part)
            }
            Polled::Fault(fault) => self.failed("poll", fault),
        }
    }

    fn topic(&self, part: Part) -> &str {
        &self.loaded.engine.inputs()[usize::from(part.input)].0
    }

    /// Asks a few partitions at a time how far their end is from our own position.
    fn look_at_lag(&mut self) {
        if self.lag_at.elapsed() < Duration::from_millis(LAG_PERIOD_MS) {
            return;
        }
        self.lag_at = Instant::now();
        let parts = self.flow.assignment().parts();
        for step in 0..parts.len().min(LAG_PARTS_MAX) {
            let part = parts[(self.lag_next + step) % parts.len()];
            // A broker that does not answer is told of by the calls that matter.
            let Ok((first, end)) = self.consumer().ends(part, LAG) else { break };
            let position = self.flow.position(part).unwrap_or(first);
            self.shared.metrics.lag(self.topic(part), part.partition, Some((end - position).max(0)));
        }
        self.lag_next = self.lag_next.wrapping_add(LAG_PARTS_MAX);
    }

    fn treat(&mut self, stale: &[Stale], condemned: &[(Part, i64)]) -> Event {
        let began = Instant::now();
        let Self { loaded, scratch, treated, notices, window, shared, .. } = self;
        let (engine, sealer) = (&loaded.engine, shared.sealer.as_ref());
        let mut refused = 0;
        notices.clear();
        let result: Result<(), KeyMissing> = self.batch.with_records(|records| {
            let kept: Vec<Record<'_>>;
            let records = if stale.is_empty() && condemned.is_empty() {
                records
            } else {
                let mut condemn = |record: &Record<'_>| notices.push(Notice::undeliverable(record, engine, sealer));
                kept = records.iter().copied().filter(|record| keep(record, stale, condemned, &mut condemn)).collect();
                &kept
            };
            refused += notices.len() as u64;
            for notice in &*notices {
                *window.pieces.entry(notice.part()).or_default() += 1;
            }
            window.oldest_ms.extend(records.iter().filter_map(|record| record.timestamp_ms).min());
            loaded.engine.treat(scratch, &loaded.keys, records, treated)?;
            window.count(records, &treated.pieces);
            let mut last = None;
            for refusal in &treated.refusals {
                refused += u64::from(last != Some(refusal.record));
                last = Some(refusal.record);
                notices.push(Notice::of(&records[refusal.record as usize], refusal, engine, sealer));
            }
            Ok(())
        });
        if let Err(missing) = result {
            self.missing = Some(missing);
            return Event::KeyMissing;
        }
        add(&mut window.tally, &treated.tally);
        if !condemned.is_empty() {
            let undeliverable = notices.iter().filter(|notice| notice.is_undeliverable()).count() as u64;
            window.tally.refused[Reason::Undeliverable as usize] += undeliverable;
            notices.sort_by_key(|notice| (notice.input, notice.position));
        }
        // The outputs are copies; nothing of the input is needed any more.
        self.batch.clear();
        self.shared.metrics.batch_duration.observe(began.elapsed().as_secs_f64());
        let outputs = (self.treated.outputs.len() + self.notices.len()) as u64;
        let sealed: u64 = self.notices.iter().map(Notice::sealed_bytes).sum();
        Event::Treated { outputs, bytes: self.treated.bytes.len() as u64 + sealed, refused }
    }

    fn produce(&mut self) -> Result<(), Fault> {
        let Self { producer, loaded, treated, notices, shared, window, .. } = self;
        window.began_ms.get_or_insert_with(now_ms);
        let producer = producer.as_mut().expect("flow asks for a producer before it uses one");
        let engine = &loaded.engine;
        outputs::send(producer, engine, treated, |_| true)?;
        for notice in notices.drain(..) {
            let text = notice.text(engine, &shared.kafka.group, shared.header_style);
            let headers: Vec<(&str, Option<&[u8]>)> =
                text.headers.iter().map(|(name, value)| (*name, Some(&**value))).collect();
            let partition = notice.position.partition;
            producer.send(notice.topic(engine), partition, None, Some(text.value.as_bytes()), &headers)?;
        }
        Ok(())
    }

    /// Produces the entry of the window, in as many parts as it needs.
    fn enter(&mut self, ranges: &[Range], run: u32, seq: u64) -> Result<(), Fault> {
        let began = Instant::now();
        self.window.settling.get_or_insert(began);
        let Self { producer, loaded, shared, window, .. } = self;
        let producer = producer.as_mut().expect("flow asks for a producer before it uses one");
        let facts = window::Facts {
            at_ms: window.began_ms.unwrap_or_else(now_ms),
            lane: format!("{}/{}", shared.kafka.instance, self.number),
            run: window::run_name(&shared.draw, self.number, run),
            seq,
            exactly_once: shared.rules.delivery == Delivery::ExactlyOnce,
            ranges,
            pieces: &window.pieces,
            tally: &window.tally,
            written: producer.take_sent(),
        };
        for entry in window::entries(&loaded.engine, facts) {
            producer.send(WINDOWS_TOPIC, 0, None, Some(&entry), &[])?;
        }
        producer.take_sent();
        shared.metrics.audit_duration.observe(began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Outputs and offsets are on the broker: publishes what the window counted.
    fn committed(&mut self) {
        let metrics = &self.shared.metrics;
        self.counters.publish(&self.window.tally);
        if let Some(settling) = self.window.settling {
            metrics.commit_duration.observe(settling.elapsed().as_secs_f64());
        }
        let now_ms = now_ms();
        for oldest_ms in &self.window.oldest_ms {
            metrics.end_to_end_latency.observe((now_ms - oldest_ms).max(0) as f64 / 1000.0);
        }
        self.window.clear();
        if self.producer().doubtful() {
            tracing::info!(lane = self.number, "an answer may have been lost; the producer is replaced");
            self.flow.on(self.shared.now_ms(), Event::Doubt);
        }
    }

    fn rebuild(&mut self) -> Result<(), Fault> {
        self.window.clear();
        self.shared.health.lanes[self.number].producer(false);
        self.producer = None;
        let mut producer = Producer::new(&self.shared.kafka, self.number)?;
        producer.init(&self.loaded.output_topics(), CALL)?;
        if self.shared.rules.delivery == Delivery::AtLeastOnce {
            // There is no transaction to begin; this only forgets what was seen while connecting.
            producer.begin()?;
        }
        self.producer = Some(producer);
        self.shared.health.lanes[self.number].producer(true);
        Ok(())
    }

    fn release(&mut self, parts: &[Part]) -> Result<(), Fault> {
        // Messages of a partition that goes must not outlive it.
        self.batch.clear();
        self.consumer().release(parts)?;
        for &part in parts {
            self.shared.metrics.lag(self.topic(part), part.partition, None);
        }
        self.hold(self.flow.assignment().len());
        Ok(())
    }

    /// So many partitions are held now.
    fn hold(&mut self, partitions: usize) {
        self.shared.metrics.assigned_partitions.inc_by(partitions as i64 - self.partitions as i64);
        self.partitions = partitions;
        self.shared.health.lanes[self.number].hold(partitions);
    }

    fn reload(&mut self) {
        let (loaded, reloads) = self.shared.loaded();
        self.reloads = reloads;
        // What was derived from the old keys goes before they do: the end of `Loaded` says that nothing of them is left.
        self.scratch = Scratch::new();
        if Arc::ptr_eq(&loaded.engine, &self.loaded.engine) {
            tracing::info!(lane = self.number, "other keys were taken");
        } else {
            self.counters = Counters::new(&self.shared.metrics, &loaded.engine);
            self.window = Window::default();
            tracing::info!(lane = self.number, policy = loaded.engine.digest_letters(), "the policy was read again");
        }
        self.loaded = loaded;
    }

    fn close(&mut self) -> Event {
        self.batch.clear();
        self.producer = None;
        let consumer = self.consumer.take().expect("flow closes once");
        if consumer.close(CLOSE) { Event::Done } else { Event::Failed(FaultClass::BrokerAway) }
    }
}

/// Whether a record is to be treated; a condemned one leaves a notice instead.
fn keep(
    record: &Record<'_>,
    stale: &[Stale],
    condemned: &[(Part, i64)],
    condemn: &mut impl FnMut(&Record<'_>),
) -> bool {
    let Position { partition, offset } = record.position;
    let part = Part { input: record.input.0, partition };
    if stale.iter().any(|stale| stale.part == part && offset < stale.below) {
        return false;
    }
    let taken = condemned.binary_search(&(part, offset)).is_ok();
    if taken {
        condemn(record);
    }
    !taken
}

/// Neighbouring records of one partition, as one span each.
fn taken(batch: &Batch) -> Vec<Taken> {
    let mut spans: Vec<Taken> = Vec::new();
    for (part, offset, bytes) in batch.places() {
        match spans.last_mut() {
            Some(span) if span.part == part => {
                span.last = offset;
                span.records += 1;
                span.bytes += bytes as u64;
            }
            _ => spans.push(Taken { part, first: offset, last: offset, records: 1, bytes: bytes as u64 }),
        }
    }
    spans
}
