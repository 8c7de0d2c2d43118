//! A producer for records that come from outside: `gen` and `demo`. No transaction; every record is acknowledged by all
//! replicas, and keeps the time that it was given.

use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};

use super::Fault;
use super::admin::counts;
use super::producer::Seen;
use super::settings::{Delivery, KafkaSettings};
use crate::limits::QUEUE_WAIT_MS;

/// One record on its way into an input topic.
#[derive(Clone, Copy)]
pub struct Fed<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// Its Kafka timestamp, in milliseconds since 1970 UTC.
    pub timestamp_ms: i64,
    /// Its partition; by the key where there is none.
    pub partition: Option<i32>,
}

impl std::fmt::Debug for Fed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fed({} bytes)", self.value.len())
    }
}

/// A producer into input topics.
pub struct Feed(ThreadedProducer<Seen>);

impl Feed {
    /// A producer with the settings' brokers and properties; connects in the background.
    ///
    /// # Errors
    /// When the client library refuses its options.
    pub fn new(settings: &KafkaSettings) -> Result<Self, Fault> {
        // Without a transactional id, that is; the lanes' own would be fenced.
        let settings = KafkaSettings { delivery: Delivery::AtLeastOnce, ..settings.clone() };
        let mut config = settings.producer(0);
        config.set("client.id", format!("garim.{}.feed", settings.instance));
        let inner = config.create_with_context(Seen::default());
        inner.map(Self).map_err(|error| Fault::of("starting the producer", &error))
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// `TopicMissing` with its name; otherwise as the brokers answer.
    pub fn partitions(&self, topic: &str, timeout: Duration) -> Result<i32, Fault> {
        const DURING: &str = "looking for the topic";
        let count = counts(self.0.client(), DURING, timeout)?.get(topic).copied().filter(|&count| count > 0);
        count.ok_or_else(|| Fault::new(DURING, RDKafkaErrorCode::UnknownTopicOrPartition).about(topic))
    }

    /// Queues a record; waits while the library's queue is full, at most `QUEUE_WAIT_MS`.
    ///
    /// # Errors
    /// `Record` when the library refuses it by its size; `Retriable` when the queue stays full; the error of an earlier
    /// record that was not delivered.
    pub fn send(&self, topic: &str, fed: Fed<'_>) -> Result<(), Fault> {
        const DURING: &str = "sending";
        self.delivered(topic)?;
        let mut record = BaseRecord::to(topic).key(fed.key).payload(fed.value).timestamp(fed.timestamp_ms);
        record.partition = fed.partition;
        let mut full_since: Option<Instant> = None;
        loop {
            let (error, again) = match self.0.send(record) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            let waited = full_since.get_or_insert_with(Instant::now).elapsed();
            if !full || waited > Duration::from_millis(QUEUE_WAIT_MS) {
                return Err(Fault::of(DURING, &error).about(topic));
            }
            record = again;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until every record is acknowledged.
    ///
    /// # Errors
    /// When one was not.
    pub fn flush(&self, topic: &str, timeout: Duration) -> Result<(), Fault> {
        let flushed = self.0.flush(timeout);
        self.delivered(topic)?;
        flushed.map_err(|error| Fault::of("waiting for deliveries", &error).about(topic))
    }

    fn delivered(&self, topic: &str) -> Result<(), Fault> {
        let code = self.0.client().context().delivery_error();
        code.map_or(Ok(()), |code| Err(Fault::new("waiting for deliveries", code).about(topic)))
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed")
    }
}
