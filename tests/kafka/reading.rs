//! Topics read to their end, as a consumer of committed records sees them, and as the disk has them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers, Message, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::awaiting::until;

/// Which records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Those of committed transactions, once those that are open at the begin have ended: a commit is answered before
    /// its markers are written.
    Committed,
    /// Those of committed transactions that can be seen at the moment; for a topic on which one may hang.
    Visible,
    /// All, those of aborted transactions too: they lie on the disk as well.
    Uncommitted,
}

/// A record as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: Timestamp,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Stored {
    /// The value as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.value.as_deref().expect("a value")).expect("the value is JSON")
    }

    /// Value of a header, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.iter().find(|(known, _)| known == name)?.1.clone()?;
        Some(String::from_utf8(value).expect("a header of garim is text"))
    }

    /// Everything a reader of the topic gets to see, for canary scans.
    pub(crate) fn carriers(&self) -> impl Iterator<Item = &[u8]> {
        let headers = self.headers.iter().flat_map(|(name, value)| [Some(name.as_bytes()), value.as_deref()]);
        [self.key.as_deref(), self.value.as_deref()].into_iter().chain(headers).flatten()
    }
}

fn consumer(brokers: &str, isolation: Isolation) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "tests-reading")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set(
            "isolation.level",
            match isolation {
                Isolation::Committed | Isolation::Visible => "read_committed",
                Isolation::Uncommitted => "read_uncommitted",
            },
        )
        .create()
        .expect("a consumer")
}

/// Reads all partitions of a topic from their first record to their end, each partition's records in order.
pub(crate) fn read(brokers: &str, topic: &str, isolation: Isolation) -> Vec<Stored> {
    let mut records = Vec::new();
    read_each(brokers, topic, isolation, |record| records.push(record));
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}

/// As [`read`], one record at a time: those of one partition in order, the partitions in any.
pub(crate) fn read_each(brokers: &str, topic: &str, isolation: Isolation, mut each: impl FnMut(Stored)) {
    let consumer = consumer(brokers, isolation);
    let partitions = partitions(&consumer, topic);
    if isolation == Isolation::Committed {
        await_stable(brokers, &consumer, topic, partitions);
    }
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning).expect("a logical offset");
    }
    consumer.assign(&list).expect("an assignment");
    let mut open: BTreeSet<i32> = (0..partitions).collect();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !open.is_empty() {
        assert!(Instant::now() < deadline, "{topic}: its end was not reached");
        match consumer.poll(Duration::from_millis(500)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) if lost_connection(&error) => {}
            Some(Err(error)) => panic!("{topic}: {error}"),
            Some(Ok(message)) => each(stored(&message)),
        }
    }
}

/// Word of a connection that the client library makes anew by itself; a broker that stays away ends at the deadline.
fn lost_connection(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut};
    error
        .rdkafka_error_code()
        .is_some_and(|code| matches!(code, AllBrokersDown | BrokerTransportFailure | OperationTimedOut))
}

fn stored(message: &impl Message) -> Stored {
    Stored {
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message
            .headers()
            .map(|headers| {
                headers.iter().map(|header| (String::from(header.key), header.value.map(<[u8]>::to_vec))).collect()
            })
            .unwrap_or_default(),
    }
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> i32 {
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(30)).expect("metadata");
    let count = metadata.topics()[0].partitions().len();
    assert!(count > 0, "{topic} exists");
    count as i32
}

/// Waits until what every partition holds by now can be seen by a consumer of committed records.
fn await_stable(brokers: &str, stable: &BaseConsumer, topic: &str, partitions: i32) {
    let all = consumer(brokers, Isolation::Uncommitted);
    let end = |consumer: &BaseConsumer, partition| {
        consumer.fetch_watermarks(topic, partition, Duration::from_secs(10)).map(|ends| ends.1).ok()
    };
    for partition in 0..partitions {
        let high = until("the end of a partition", Duration::from_secs(60), || end(&all, partition));
        until(&format!("the transactions of {topic} end"), Duration::from_secs(120), || {
            end(stable, partition).filter(|stable| *stable >= high)
        });
    }
}

/// Waits until no transaction is open on a topic: its last stable offset is its high watermark in every partition.
pub(crate) fn await_settled(brokers: &str, topic: &str, deadline: Duration) {
    let (stable, high) = (consumer(brokers, Isolation::Visible), consumer(brokers, Isolation::Uncommitted));
    let ask = Duration::from_secs(10);
    until(&format!("no transaction hangs on {topic}"), deadline, || {
        let settled = (0..partitions(&stable, topic)).all(|partition| {
            let stable = stable.fetch_watermarks(topic, partition, ask).map(|ends| ends.1).ok();
            stable.is_some() && stable == high.fetch_watermarks(topic, partition, ask).map(|ends| ends.1).ok()
        });
        settled.then_some(())
    });
}

/// Waits until the group has committed every record of its input topic.
pub(crate) fn await_done(brokers: &str, group: &str, topic: &str, deadline: Duration) {
    let consumer = onlooker(brokers, group);
    until(&format!("{group} has committed all of {topic}"), deadline, || {
        behind(&consumer, topic).filter(|behind| *behind == 0)
    });
}

/// How many records of the topic the group has not committed.
pub(crate) fn behind_of(brokers: &str, group: &str, topic: &str) -> i64 {
    let consumer = onlooker(brokers, group);
    until("the group's offsets are known", Duration::from_secs(60), || behind(&consumer, topic))
}

/// A consumer that asks for a group's offsets without joining it.
fn onlooker(brokers: &str, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer")
}

/// How many records of the topic the group has not committed; `None` when the brokers do not answer.
fn behind(consumer: &BaseConsumer, topic: &str) -> Option<i64> {
    let ask = Duration::from_secs(10);
    let metadata = consumer.fetch_metadata(Some(topic), ask).ok()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..metadata.topics().first()?.partitions().len() {
        list.add_partition(topic, partition as i32);
    }
    let committed = consumer.committed_offsets(list, ask).ok()?;
    committed
        .elements()
        .iter()
        .map(|element| {
            let (low, high) = consumer.fetch_watermarks(topic, element.partition(), ask).ok()?;
            Some(match element.offset() {
                Offset::Offset(next) => high - next,
                _ => high - low,
            })
        })
        .sum()
}
