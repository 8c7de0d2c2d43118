//! Input topics filled from the outside.

use std::ffi::CString;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::bindings::{self as sys, rd_kafka_vtype_t as Tag};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

/// One record to produce.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    pub(crate) partition: i32,
    pub(crate) timestamp_ms: Option<i64>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Raw {
    /// A value on a partition.
    pub(crate) fn value(partition: i32, value: impl Into<Vec<u8>>) -> Self {
        Self { partition, value: Some(value.into()), ..Self::default() }
    }
}

/// A producer of raw records; `finish` waits until all are stored.
pub(crate) struct Writer {
    producer: BaseProducer,
    topic: String,
}

impl Writer {
    pub(crate) fn new(brokers: &str, topic: &str) -> Self {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("message.max.bytes", "8388608")
            .set("linger.ms", "5")
            .create()
            .expect("a producer");
        Self { producer, topic: String::from(topic) }
    }

    pub(crate) fn send(&self, raw: &Raw) {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic).partition(raw.partition);
        record.key = raw.key.as_deref();
        record.payload = raw.value.as_deref();
        record.timestamp = raw.timestamp_ms;
        if !raw.headers.is_empty() {
            record = record.headers(
                raw.headers
                    .iter()
                    .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) })),
            );
        }
        let mut record = Some(record);
        while let Some(next) = record.take() {
            match self.producer.send(next) {
                Ok(()) => {}
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    self.producer.poll(Duration::from_millis(20));
                    record = Some(again);
                }
                Err((error, _)) => panic!("{}: {error}", self.topic),
            }
        }
    }

    pub(crate) fn finish(&self) {
        self.producer.flush(Duration::from_secs(120)).expect("all records are stored");
    }
}

/// Produces all records, in order, and waits for them.
pub(crate) fn write<'a>(brokers: &str, topic: &str, records: impl IntoIterator<Item = &'a Raw>) {
    let writer = Writer::new(brokers, topic);
    for record in records {
        writer.send(record);
    }
    writer.finish();
}

/// Produces one record whose header's name is these bytes: the wrapper takes only UTF-8, other clients take anything.
#[expect(unsafe_code, reason = "the wrapper cannot write a header whose name is not UTF-8")]
pub(crate) fn write_with_header(brokers: &str, topic: &str, name: &[u8], value: &[u8]) {
    let writer = Writer::new(brokers, topic);
    let topic = CString::new(topic).expect("a topic without NUL");
    // SAFETY: every pointer is alive through the call, which copies what it keeps and takes the headers over; the
    // arguments are tagged as rdkafka.h says, ended by `END`.
    let refused = unsafe {
        let headers = sys::rd_kafka_headers_new(1);
        sys::rd_kafka_header_add(headers, name.as_ptr().cast(), name.len() as isize, b"x".as_ptr().cast(), 1);
        sys::rd_kafka_producev(
            writer.producer.client().native_ptr(),
            Tag::RD_KAFKA_VTYPE_TOPIC,
            topic.as_ptr(),
            Tag::RD_KAFKA_VTYPE_PARTITION,
            0i32,
            Tag::RD_KAFKA_VTYPE_MSGFLAGS,
            sys::RD_KAFKA_MSG_F_COPY,
            Tag::RD_KAFKA_VTYPE_VALUE,
            value.as_ptr(),
            value.len(),
            Tag::RD_KAFKA_VTYPE_HEADERS,
            headers,
            Tag::RD_KAFKA_VTYPE_END,
        )
    };
    assert_eq!(refused, sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR);
    writer.finish();
}
