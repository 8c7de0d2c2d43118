//! A topic as a log: entries appended one at a time, each acknowledged with its offset, and ranges read without a group.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::admin::counts;
use super::settings::{KafkaSettings, relay};
use super::{Fault, ffi};
use crate::flow::message::FaultClass;
use crate::limits::LOG_CALL_MS;
use crate::record::Header;
use crate::secret::Plain;

/// Longest wait for one answer.
const CALL: Duration = Duration::from_millis(LOG_CALL_MS);

/// Longest wait of one poll while a range is read.
pub(super) const POLL: Duration = Duration::from_millis(100);

/// One record of a topic. Borrowed from the client library; its `Debug` form shows no byte of it.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp in milliseconds since 1970 UTC: the time of its append where the topic says so.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Plain<'a>>,
    /// Its value.
    pub value: Option<Plain<'a>>,
    /// Its headers.
    pub headers: &'a [Header<'a>],
}

/// Where the next poll will read, and up to where a range goes, both known from the brokers.
struct Range<'a> {
    topic: &'a str,
    partition: i32,
    from: i64,
    until: i64,
}

/// Reads ranges of any topic that the settings may read: committed records only, no group, nothing committed.
pub struct LogReader {
    pub(super) inner: Arc<BaseConsumer<Quiet>>,
}

impl LogReader {
    /// A reader; connects in the background. `name` tells its connections from others of this process.
    ///
    /// # Errors
    /// When the client library refuses its options.
    pub fn new(settings: &KafkaSettings, name: &str) -> Result<Self, Fault> {
        let inner = settings
            .reader(name)
            .create_with_context(Quiet)
            .map_err(|error| Fault::of("starting a reader of a topic", &error))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// `TopicMissing` with its name; otherwise as the brokers answer.
    pub fn partitions(&self, topic: &str) -> Result<i32, Fault> {
        partitions(self.inner.client(), topic)
    }

    /// The first offset that is left of a partition, and the end of what is committed: one past its last record, or past
    /// the marker of its last transaction.
    ///
    /// # Errors
    /// As the brokers answer.
    pub fn ends(&self, topic: &str, partition: i32) -> Result<(i64, i64), Fault> {
        self.inner
            .fetch_watermarks(topic, partition, CALL)
            .map_err(|error| Fault::of("asking for the ends of a topic", &error).about(topic))
    }

    /// Gives each record from `from` on to `each`, in order, up to `until` or to the end as it is now, whichever is first;
    /// answers the offset to go on from. `each` may break off: then that is the offset after its record.
    ///
    /// # Errors
    /// `OffsetLost` when `from` lies before the first offset that is left, or behind the end: records were deleted, or the
    /// topic was made anew. Otherwise as the brokers answer; `BrokerAway` when nothing comes for `LOG_CALL_MS`.
    pub fn read(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        until: Option<i64>,
        each: &mut dyn FnMut(&Stored<'_>) -> ControlFlow<()>,
    ) -> Result<i64, Fault> {
        const DURING: &str = "reading a topic";
        let (first, end) = self.ends(topic, partition)?;
        if from < first || from > end {
            return Err(Fault::new(DURING, RDKafkaErrorCode::OffsetOutOfRange).about(topic));
        }
        let range = Range { topic, partition, from, until: until.map_or(end, |until| until.min(end)) };
        if range.from >= range.until {
            return Ok(from);
        }
        let mut list = TopicPartitionList::new();
        let element = list.add_partition(topic, partition).set_offset(Offset::Offset(from));
        element.map_err(|error| Fault::of(DURING, &error).about(topic))?;
        self.inner.assign(&list).map_err(|error| Fault::of(DURING, &error).about(topic))?;
        let next = self.take(&range, each);
        self.inner.unassign().map_err(|error| Fault::of(DURING, &error).about(topic))?;
        next
    }

    fn take(&self, range: &Range<'_>, each: &mut dyn FnMut(&Stored<'_>) -> ControlFlow<()>) -> Result<i64, Fault> {
        const DURING: &str = "reading a topic";
        let mut next = range.from;
        let mut heard = Instant::now();
        loop {
            let held = match ffi::poll(&self.inner, POLL) {
                Some(Ok(held)) => held,
                // The end may be one of markers, which are never delivered.
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(range.until),
                Some(Err(error)) => match Fault::of(DURING, &error) {
                    // It is tried again by the library; whether anything comes is what counts.
                    fault
                        if matches!(fault.class, FaultClass::Retriable | FaultClass::BrokerAway)
                            && heard.elapsed() < CALL =>
                    {
                        continue;
                    }
                    fault => return Err(fault.about(range.topic)),
                },
                None if heard.elapsed() < CALL => continue,
                None => return Err(Fault::new(DURING, RDKafkaErrorCode::AllBrokersDown).about(range.topic)),
            };
            heard = Instant::now();
            let message = held.message();
            let offset = message.offset();
            if message.partition() != range.partition || message.topic() != range.topic || offset < next {
                continue;
            }
            if offset >= range.until {
                return Ok(range.until);
            }
            next = offset + 1;
            let mut headers: Vec<Header<'_>> = Vec::new();
            held.headers(&mut headers);
            let stored = Stored {
                offset,
                timestamp_ms: message.timestamp().to_millis(),
                key: message.key().map(Plain),
                value: message.payload().map(Plain),
                headers: &headers,
            };
            if each(&stored).is_break() {
                return Ok(next);
            }
            if next >= range.until {
                return Ok(next);
            }
        }
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogReader")
    }
}

/// Appends to a topic of one partition, one entry at a time, outside of any transaction.
///
/// What is guaranteed: an offset that was answered is that of an entry which all in-sync replicas have. An error says that
/// the entry is not surely there. When its outcome is unknown, the producer is given up and the next append first reads
/// what has come since: an entry with the same bytes is taken for the one that was asked for, and is not written again. One
/// gap is left: a request that a broker takes up only after that look adds the entry a second time; the log then shows it
/// twice, with equal bytes, so nothing is hidden by that.
pub struct LogWriter {
    settings: KafkaSettings,
    topic: Box<str>,
    reader: LogReader,
    inner: Option<ThreadedProducer<Receipts>>,
    /// An offset at which, or before which, the topic ended when it was last seen.
    end: i64,
    /// The entry whose outcome is unknown, and the end of the topic before it was sent.
    doubt: Option<(Vec<u8>, i64)>,
}

impl LogWriter {
    /// A writer to partition 0 of `topic`, which must have no other.
    ///
    /// # Errors
    /// `TopicMissing` with its name when it is not there; `Fatal` when it has several partitions, whose entries would have
    /// no order; otherwise as the brokers answer.
    pub fn new(settings: &KafkaSettings, topic: &str) -> Result<Self, Fault> {
        let reader = LogReader::new(settings, "log")?;
        if reader.partitions(topic)? != 1 {
            const DURING: &str = "looking for a topic of one partition";
            return Err(Fault::new(DURING, RDKafkaErrorCode::InvalidArgument).about(topic));
        }
        let (_, end) = reader.ends(topic, 0)?;
        Ok(Self { settings: settings.clone(), topic: topic.into(), reader, inner: None, end, doubt: None })
    }

    /// The reader that the writer looks with.
    pub fn reader(&self) -> &LogReader {
        &self.reader
    }

    /// Appends `bytes` and waits until all in-sync replicas have them; the entry's offset.
    ///
    /// # Errors
    /// As the brokers answer, within twice `LOG_CALL_MS`. The entry may be in the topic nevertheless; see [`LogWriter`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<i64, Fault> {
        if let Some(offset) = self.settle(bytes)? {
            return Ok(offset);
        }
        let result = self.send(bytes);
        let sure = |class: FaultClass| {
            matches!(class, FaultClass::Record | FaultClass::Authorization | FaultClass::TopicMissing)
        };
        match &result {
            Ok(offset) => self.end = offset + 1,
            Err(fault) => {
                self.inner = None;
                if !sure(fault.class) {
                    self.doubt = Some((bytes.to_vec(), self.end));
                }
            }
        }
        result
    }

    /// Where the outcome of the last append is unknown, looks at what has come since: the offset of these very bytes, if
    /// they were what was in doubt and are there.
    fn settle(&mut self, bytes: &[u8]) -> Result<Option<i64>, Fault> {
        let Some((doubted, from)) = &self.doubt else { return Ok(None) };
        let mut found = None;
        if doubted == bytes {
            self.reader.read(&self.topic, 0, *from, None, &mut |stored| {
                if stored.value.is_some_and(|value| value.0 == bytes) {
                    found = Some(stored.offset);
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
        }
        self.doubt = None;
        Ok(found)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<i64, Fault> {
        const DURING: &str = "appending to a log";
        let fault = |error: &KafkaError| Fault::of(DURING, error).about(&self.topic);
        let inner = match self.inner.take() {
            Some(inner) => inner,
            None => self.settings.writer().create_with_context(Receipts).map_err(|error| fault(&error))?,
        };
        let (tell, receipt) = channel();
        let record: BaseRecord<'_, [u8], [u8], _> =
            BaseRecord::with_opaque_to(&self.topic, Box::new(tell)).partition(0).payload(bytes);
        inner.send(record).map_err(|(error, _)| fault(&error))?;
        // The library gives up by itself before this time.
        let answer = receipt.recv_timeout(2 * CALL);
        self.inner = Some(inner);
        match answer {
            Ok(Ok(offset)) => Ok(offset),
            Ok(Err(code)) => Err(Fault::new(DURING, code).about(&self.topic)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(Fault::new(DURING, RDKafkaErrorCode::MessageTimedOut).about(&self.topic))
            }
        }
    }
}

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogWriter({})", self.topic)
    }
}

fn partitions<C: ClientContext>(client: &rdkafka::client::Client<C>, topic: &str) -> Result<i32, Fault> {
    const DURING: &str = "looking for a topic";
    let count = counts(client, DURING, CALL)?.get(topic).copied().filter(|&count| count > 0);
    count.ok_or_else(|| Fault::new(DURING, RDKafkaErrorCode::UnknownTopicOrPartition).about(topic))
}

pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        relay(level, facility, line);
    }
    fn error(&self, _: KafkaError, _: &str) {}
    fn stats_raw(&self, _: &[u8]) {}
}

impl ConsumerContext for Quiet {}

/// Hands each delivery report to whoever waits for it.
struct Receipts;

impl ClientContext for Receipts {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        relay(level, facility, line);
    }
    fn error(&self, _: KafkaError, _: &str) {}
    fn stats_raw(&self, _: &[u8]) {}
}

impl ProducerContext for Receipts {
    type DeliveryOpaque = Box<Sender<Result<i64, RDKafkaErrorCode>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, tell: Self::DeliveryOpaque) {
        let receipt = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        };
        // Nobody waits any more when the deadline has passed.
        let _ = tell.send(receipt);
    }
}
