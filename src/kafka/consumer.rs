//! A lane's consumer: polls batches, hands rebalances over, reads and seeks to what is committed.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::rebalance::Notes;
use super::settings::KafkaSettings;
use super::{Fault, ffi};
use crate::flow::message::{FaultClass, Part, Start};
use crate::limits::BATCH_BYTES_MAX;
use crate::record::{Header, InputId, Position, Record};
use crate::secret::Plain;

pub use super::rebalance::Rebalance;

/// What a poll found.
#[derive(Debug)]
pub enum Polled {
    /// So many records, at least one; they lie in the batch.
    Records(usize),
    /// Nothing within the wait.
    Idle,
    /// A rebalance waits for [`Consumer::assign`] or [`Consumer::release`]; the group waits with it.
    Rebalance(Rebalance),
    /// The offset from which this partition should be read no longer exists on the broker.
    OffsetLost(Part),
    /// Something else; the consumer goes on by itself unless the class says otherwise.
    Fault(Fault),
}

/// The records of one poll. Owns the messages; cleared by the next poll, and must be cleared before the consumer closes.
#[derive(Default)]
pub struct Batch {
    held: Vec<ffi::Held<Notes>>,
    inputs: Vec<u16>,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Bytes of its keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives its messages back to the library.
    pub fn clear(&mut self) {
        self.held.clear();
        self.inputs.clear();
        self.bytes = 0;
    }

    /// Partition, offset, and bytes of key and value of each record, in the order of [`Batch::with_records`].
    pub fn places(&self) -> impl Iterator<Item = (Part, i64, usize)> + '_ {
        self.held.iter().zip(&self.inputs).map(|(held, &input)| {
            let message = held.message();
            let part = Part { input, partition: message.partition() };
            (part, message.offset(), message.payload_len() + message.key_len())
        })
    }

    /// Lends the records, in order of arrival; each partition's in order of offset.
    pub fn with_records<R>(&self, read: impl FnOnce(&[Record<'_>]) -> R) -> R {
        let mut headers: Vec<Header<'_>> = Vec::new();
        let mut ends = Vec::with_capacity(self.held.len());
        for held in &self.held {
            held.headers(&mut headers);
            ends.push(headers.len());
        }
        let mut records = Vec::with_capacity(self.held.len());
        let mut begin = 0;
        for ((held, &input), &end) in self.held.iter().zip(&self.inputs).zip(&ends) {
            let message = held.message();
            records.push(Record {
                input: InputId(input),
                position: Position { partition: message.partition(), offset: message.offset() },
                timestamp_ms: message.timestamp().to_millis(),
                key: message.key().map(Plain),
                value: message.payload().map(Plain),
                headers: &headers[begin..end],
            });
            begin = end;
        }
        read(&records)
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch({} records, {} bytes)", self.len(), self.bytes)
    }
}

/// A member of the group, for one lane.
pub struct Consumer {
    inner: Arc<BaseConsumer<Notes>>,
    /// Met behind records that had to be handed over first.
    deferred: Option<KafkaError>,
}

impl Consumer {
    /// Joins the group and subscribes to the input topics; `Part::input` counts along `topics`.
    ///
    /// # Errors
    /// When the client library refuses its options or the subscription. A broker that is away is no error here.
    pub fn new(settings: &KafkaSettings, lane: usize, topics: &[&str]) -> Result<Self, Fault> {
        const DURING: &str = "starting the consumer";
        let inner: BaseConsumer<Notes> = settings
            .consumer(lane)
            .create_with_context(Notes::new(topics))
            .map_err(|error| Fault::of(DURING, &error))?;
        inner.subscribe(topics).map_err(|error| Fault::of(DURING, &error))?;
        Ok(Self { inner: Arc::new(inner), deferred: None })
    }

    /// Takes records: waits at most `wait` for the first, then takes what is there, at most `records_max` and about
    /// `BATCH_BYTES_MAX` bytes. The batch is cleared first.
    ///
    /// A rebalance that comes behind records is handed over by the next poll; those records are still ours.
    pub fn poll(&mut self, wait: Duration, records_max: usize, batch: &mut Batch) -> Polled {
        batch.clear();
        if let Some(rebalance) = self.inner.client().context().hand_over() {
            return Polled::Rebalance(rebalance);
        }
        if let Some(error) = self.deferred.take() {
            return self.polled(&error);
        }
        let mut wait = wait;
        while batch.len() < records_max && batch.bytes < BATCH_BYTES_MAX {
            match ffi::poll(&self.inner, wait) {
                Some(Ok(held)) => self.take(held, batch),
                Some(Err(error)) if batch.is_empty() => return self.polled(&error),
                Some(Err(error)) => {
                    self.deferred = Some(error);
                    break;
                }
                // Not only a time-out: a rebalance event ends a poll in the same way.
                None => break,
            }
            if self.inner.client().context().any() {
                break;
            }
            wait = Duration::ZERO;
        }
        if !batch.is_empty() {
            return Polled::Records(batch.len());
        }
        match self.inner.client().context().hand_over() {
            Some(rebalance) => Polled::Rebalance(rebalance),
            None => Polled::Idle,
        }
    }

    fn take(&self, held: ffi::Held<Notes>, batch: &mut Batch) {
        let message = held.message();
        // Only subscribed topics are delivered.
        if let Some(input) = self.inner.client().context().input(message.topic()) {
            batch.bytes += message.payload_len() + message.key_len();
            batch.inputs.push(input);
            batch.held.push(held);
        }
    }

    fn polled(&self, error: &KafkaError) -> Polled {
        let fault = Fault::of("polling", error);
        if fault.class != FaultClass::OffsetLost {
            return Polled::Fault(fault);
        }
        // The wrapper drops the partition that the event names: the one whose offset the broker no longer has is it.
        match self.lost_part() {
            Some(part) => Polled::OffsetLost(part),
            None => Polled::Fault(fault),
        }
    }

    fn lost_part(&self) -> Option<Part> {
        const TIMEOUT: Duration = Duration::from_secs(10);
        let assigned = self.inner.assignment().ok()?;
        let committed = self.inner.committed_offsets(assigned, TIMEOUT).ok()?;
        committed.elements().iter().find_map(|element| {
            let Offset::Offset(next) = element.offset() else {
                return None;
            };
            let (low, high) = self.inner.fetch_watermarks(element.topic(), element.partition(), TIMEOUT).ok()?;
            let part =
                Part { input: self.inner.client().context().input(element.topic())?, partition: element.partition() };
            (next < low || next > high).then_some(part)
        })
    }

    fn list(&self, parts: impl IntoIterator<Item = (Part, Option<Offset>)>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (part, offset) in parts {
            let mut element = list.add_partition(self.inner.client().context().topic(part.input), part.partition);
            if let Some(offset) = offset {
                element.set_offset(offset).expect("an offset of the broker or a logical one can be represented");
            }
        }
        list
    }

    fn starts(&self, parts: &[(Part, Start)]) -> TopicPartitionList {
        self.list(parts.iter().map(|&(part, start)| {
            let offset = match start {
                Start::Earliest => Offset::Beginning,
                Start::Offset(next) => Offset::Offset(next),
            };
            (part, Some(offset))
        }))
    }

    /// Begins to read these partitions, and ends the rebalance that gave them; `parts` may be empty.
    ///
    /// # Errors
    /// When the group has moved on meanwhile.
    pub fn assign(&self, parts: &[(Part, Start)]) -> Result<(), Fault> {
        self.inner
            .incremental_assign(&self.starts(parts))
            .map_err(|error| Fault::of("assigning partitions", &error))?;
        self.inner.client().context().answered();
        Ok(())
    }

    /// Gives these partitions up, and ends the rebalance that took them.
    ///
    /// # Errors
    /// When the group has moved on meanwhile.
    pub fn release(&self, parts: &[Part]) -> Result<(), Fault> {
        let list = self.list(parts.iter().map(|&part| (part, None)));
        self.inner.incremental_unassign(&list).map_err(|error| Fault::of("giving partitions up", &error))?;
        self.inner.client().context().answered();
        Ok(())
    }

    /// The offsets that are committed on the broker; waits for transactions that hold offsets of these partitions.
    ///
    /// # Errors
    /// When the coordinator does not answer in time, or answers with an error for one partition.
    pub fn committed(&self, parts: &[Part], timeout: Duration) -> Result<Vec<(Part, Option<i64>)>, Fault> {
        const DURING: &str = "reading committed offsets";
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let list = self.list(parts.iter().map(|&part| (part, None)));
        let list = self.inner.committed_offsets(list, timeout).map_err(|error| Fault::of(DURING, &error))?;
        parts
            .iter()
            .map(|&part| {
                let topic = self.inner.client().context().topic(part.input);
                let element = list
                    .find_partition(topic, part.partition)
                    .ok_or_else(|| Fault::new(DURING, RDKafkaErrorCode::UnknownPartition).about(topic))?;
                element.error().map_err(|error| Fault::of(DURING, &error).about(topic))?;
                Ok((
                    part,
                    match element.offset() {
                        Offset::Offset(next) => Some(next),
                        _ => None,
                    },
                ))
            })
            .collect()
    }

    /// Continues to read assigned partitions here; what was fetched before is void.
    ///
    /// # Errors
    /// When one partition could not be sought: then none may be read on.
    pub fn seek(&self, parts: &[(Part, Start)], timeout: Duration) -> Result<(), Fault> {
        const DURING: &str = "seeking to committed offsets";
        if parts.is_empty() {
            return Ok(());
        }
        let sought =
            self.inner.seek_partitions(self.starts(parts), timeout).map_err(|error| Fault::of(DURING, &error))?;
        for element in sought.elements() {
            element.error().map_err(|error| Fault::of(DURING, &error).about(element.topic()))?;
        }
        Ok(())
    }

    /// Commits next offsets outside of a transaction (at-least-once only), and waits for the answer.
    ///
    /// # Errors
    /// When the coordinator refuses or does not answer.
    pub fn commit(&self, offsets: &[(Part, i64)]) -> Result<(), Fault> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.inner
            .commit(&self.offsets(offsets), CommitMode::Sync)
            .map_err(|error| Fault::of("committing offsets", &error))
    }

    /// Whether the group's coordinator would check offsets that we send: a generation and a member id are there.
    pub fn group_metadata_ok(&self) -> bool {
        ffi::membership(self.inner.client()).is_some_and(ffi::Membership::holds)
    }

    /// Low and high end of a partition as the broker has them.
    ///
    /// # Errors
    /// When the broker does not answer in time.
    pub fn ends(&self, part: Part, timeout: Duration) -> Result<(i64, i64), Fault> {
        let topic = self.inner.client().context().topic(part.input);
        self.inner
            .fetch_watermarks(topic, part.partition, timeout)
            .map_err(|error| Fault::of("asking for the ends of a partition", &error).about(topic))
    }

    pub(super) fn offsets(&self, offsets: &[(Part, i64)]) -> TopicPartitionList {
        self.list(offsets.iter().map(|&(part, next)| (part, Some(Offset::Offset(next)))))
    }

    pub(super) fn client(&self) -> &rdkafka::client::Client<Notes> {
        self.inner.client()
    }

    /// Leaves the group, and waits for that at most `deadline`; every batch must be cleared before.
    ///
    /// Answers whether it ended. If not, the process should end: the library can wait for a coordinator for ever.
    pub fn close(self, deadline: Duration) -> bool {
        let inner = Arc::clone(&self.inner);
        drop(self);
        let (ended, end) = std::sync::mpsc::channel::<()>();
        let closing = std::thread::Builder::new().name(String::from("garim-close")).spawn(move || {
            drop(inner);
            // The receiver is gone when the deadline has passed; nobody waits then.
            let _ = ended.send(());
        });
        closing.is_ok() && end.recv_timeout(deadline).is_ok()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // The library's close waits until every rebalance is answered. From here on the callback does that; what the lane
        // left unanswered is answered now, whatever comes of it: nothing of this consumer will be committed.
        for unanswered in self.inner.client().context().close() {
            let _ = match unanswered {
                Rebalance::Assigned(_) => self.assign(&[]),
                Rebalance::Revoked { parts, .. } => self.release(&parts),
            };
        }
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consumer")
    }
}
