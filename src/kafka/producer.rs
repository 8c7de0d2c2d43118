//! A lane's producer: sends, and notices what an answer may have been lost to.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};

use super::admin::counts;
use super::settings::{Delivery, KafkaSettings, relay};
use super::transaction::undelivered;
use super::{Fault, class};
use crate::flow::message::FaultClass;
use crate::limits::QUEUE_WAIT_MS;

/// What the callbacks of a producer saw. They run on the producer's own thread, which also serves delivery reports:
/// without it an abort would wait for reports that nobody takes (`kafka.md` F2).
#[derive(Default)]
pub(super) struct Seen {
    /// A disconnect or a time-out: an answer may have been lost, and a late request may still arrive (`kafka.md` 2.6).
    doubtful: AtomicBool,
    /// Messages that were not delivered.
    undelivered: AtomicU64,
    /// The most telling error of those.
    delivery_error: Mutex<Option<RDKafkaErrorCode>>,
}

impl Seen {
    fn reset(&self) {
        self.doubtful.store(false, Ordering::SeqCst);
        self.undelivered.store(0, Ordering::SeqCst);
        *self.delivery_error.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
    }

    pub(super) fn undelivered(&self) -> u64 {
        self.undelivered.load(Ordering::SeqCst)
    }

    pub(super) fn delivery_error(&self) -> Option<RDKafkaErrorCode> {
        *self.delivery_error.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whether the line tells of a connection that was never made: it cannot have lost an answer.
fn never_connected(line: &str) -> bool {
    line.contains("Connect to ") && line.contains("in state CONNECT")
}

impl ClientContext for Seen {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // librdkafka logs a repeated failure of one connection only every 30 s. That hides nothing from us: after the
        // first the producer is replaced, and its successor's connections begin anew.
        if facility == "REQTMOUT" || (facility == "FAIL" && !never_connected(line)) {
            self.doubtful.store(true, Ordering::SeqCst);
        }
        relay(level, facility, line);
    }

    fn error(&self, error: KafkaError, line: &str) {
        let indefinite = matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::RequestTimedOut
                    | RDKafkaErrorCode::NetworkException
            )
        );
        if indefinite && !never_connected(line) {
            self.doubtful.store(true, Ordering::SeqCst);
        }
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ProducerContext for Seen {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Err((error, _)) = result else { return };
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        if matches!(code, RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) {
            return;
        }
        self.undelivered.fetch_add(1, Ordering::SeqCst);
        if matches!(code, RDKafkaErrorCode::MessageTimedOut) {
            self.doubtful.store(true, Ordering::SeqCst);
        }
        let mut first = self.delivery_error.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Many messages of a batch fail with its one broken record: the class that never heals tells more.
        if first.is_none_or(|known| class(known) == FaultClass::Retriable && class(code) != FaultClass::Retriable) {
            *first = Some(code);
        }
    }
}

/// A lane's producer. Replaced, never mended: after every abort, fault or doubt it is dropped and made anew.
pub struct Producer {
    pub(super) inner: ThreadedProducer<Seen>,
    pub(super) delivery: Delivery,
    outlets: HashMap<Box<str>, Outlet>,
}

/// An output topic.
struct Outlet {
    partitions: i32,
    /// Records handed over in this window.
    sent: u64,
}

impl Producer {
    /// A producer with the lane's stable transactional id; connects in the background.
    ///
    /// # Errors
    /// When the client library refuses its options.
    pub fn new(settings: &KafkaSettings, lane: usize) -> Result<Self, Fault> {
        let inner = settings
            .producer(lane)
            .create_with_context(Seen::default())
            .map_err(|error| Fault::of("starting the producer", &error))?;
        Ok(Self { inner, delivery: settings.delivery, outlets: HashMap::new() })
    }

    /// Counts the partitions of the output topics, then takes over the transactional id: whatever its last holder left
    /// open is ended by that.
    ///
    /// # Errors
    /// `TopicMissing` with the topic's name; otherwise as the brokers answer. A time-out may be tried again.
    pub fn init(&mut self, topics: &[&str], timeout: Duration) -> Result<(), Fault> {
        const DURING: &str = "looking for output topics";
        let found = counts(self.inner.client(), DURING, timeout)?;
        for &topic in topics {
            let count = found
                .get(topic)
                .copied()
                .filter(|&count| count > 0)
                .ok_or_else(|| Fault::new(DURING, RDKafkaErrorCode::UnknownTopicOrPartition).about(topic))?;
            self.outlets.insert(topic.into(), Outlet { partitions: count, sent: 0 });
        }
        self.take_over(timeout)
    }

    /// Forgets what was seen before, and begins a transaction.
    ///
    /// # Errors
    /// When the producer cannot begin: it was fenced, or has not been initialised.
    pub fn begin(&mut self) -> Result<(), Fault> {
        self.seen().reset();
        self.outlets.values_mut().for_each(|outlet| outlet.sent = 0);
        self.begin_transaction()
    }

    /// How many records each topic was given since the last call, or since [`Producer::begin`]; by name.
    pub fn take_sent(&mut self) -> Vec<(String, u64)> {
        let taken =
            self.outlets.iter_mut().map(|(topic, outlet)| (String::from(&**topic), std::mem::take(&mut outlet.sent)));
        let mut sent: Vec<(String, u64)> = taken.filter(|(_, sent)| *sent > 0).collect();
        sent.sort_unstable();
        sent
    }

    /// Queues one output for `topic`; its partition is the input's modulo the topic's count.
    ///
    /// Waits while the library's queue is full, at most `QUEUE_WAIT_MS`.
    ///
    /// # Errors
    /// `Record` when the library refuses it by its size; `Retriable` when the queue stays full. The transaction of a
    /// record that was not queued must not commit.
    pub fn send(
        &mut self,
        topic: &str,
        input_partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> Result<(), Fault> {
        const DURING: &str = "sending";
        let Some(outlet) = self.outlets.get_mut(topic) else {
            return Err(Fault::new(DURING, RDKafkaErrorCode::UnknownTopic).about(topic));
        };
        let partition = input_partition.rem_euclid(outlet.partitions);
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition);
        record.key = key;
        record.payload = value;
        if !headers.is_empty() {
            let all = headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, &(key, value)| {
                all.insert(Header { key, value })
            });
            record = record.headers(all);
        }
        let mut full_since: Option<Instant> = None;
        loop {
            let (error, again) = match self.inner.send(record) {
                Ok(()) => {
                    outlet.sent += 1;
                    return Ok(());
                }
                Err(refused) => refused,
            };
            let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            let waited = full_since.get_or_insert_with(Instant::now).elapsed();
            // The transaction has failed already: the report of what was not delivered says why.
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::State)
                && let Some(code) = reported(&self.inner)
            {
                return Err(undelivered(DURING, code));
            }
            if !full || waited > Duration::from_millis(QUEUE_WAIT_MS) {
                return Err(Fault::of(DURING, &error).about(topic));
            }
            record = again;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether an answer may have been lost since the last [`Producer::begin`]: the producer must be replaced before the
    /// next transaction, although this one may have committed.
    pub fn doubtful(&self) -> bool {
        // Log lines and errors wait in the same queue as delivery reports. Those of this transaction were queued before
        // its commit was answered, so they are in it now, if the producer's thread has not served them.
        let until = Instant::now() + Duration::from_millis(50);
        while self.inner.in_flight_count() > 0 && Instant::now() < until {
            self.inner.poll(Duration::ZERO);
        }
        self.seen().doubtful.load(Ordering::SeqCst)
    }

    pub(super) fn seen(&self) -> &Seen {
        self.inner.client().context()
    }
}

/// The error of a record that was not delivered; its report may come a little after its effect.
fn reported(producer: &ThreadedProducer<Seen>) -> Option<RDKafkaErrorCode> {
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        let code = producer.client().context().delivery_error();
        if code.is_some() || Instant::now() > until {
            return code;
        }
        producer.poll(Duration::from_millis(10));
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Producer({} topics)", self.outlets.len())
    }
}
