//! librdkafka calls that the wrapper lacks or does wrongly; the only unsafe code beside `simd/`.
#![expect(
    unsafe_code,
    reason = "committing without a hundred milliseconds of delay, checking the group's generation, reading headers that are \
              not UTF-8, and changing one setting of a topic need calls that rdkafka does not offer"
)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::{RDKafka, RDKafkaRespErr};

use crate::record::Header;
use crate::secret::Plain;

/// An error of a transactional call, with the flags that say what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TransactionError {
    pub(super) code: RDKafkaErrorCode,
    /// The producer is of no more use.
    pub(super) fatal: bool,
    /// The same call may be made again.
    pub(super) retriable: bool,
    /// The transaction has to be aborted.
    pub(super) requires_abort: bool,
}

/// Membership as librdkafka would send it with the offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    /// Below zero when the consumer is in no generation.
    pub(super) generation: i32,
    /// Whether the member id is not empty.
    pub(super) named: bool,
}

impl Membership {
    /// Whether a coordinator would check these offsets at all: it accepts generation -1 with an empty member id from
    /// anybody, and either of the two may be reset behind our back (`kafka.md` F7).
    pub(super) fn holds(self) -> bool {
        self.generation >= 0 && self.named
    }
}

/// The library's name of a code: `UNKNOWN_MEMBER_ID`, `_TIMED_OUT`.
pub(super) fn name(code: RDKafkaErrorCode) -> &'static str {
    let Ok(raw) = RDKafkaRespErr::try_from(code as i32) else {
        return "UNKNOWN";
    };
    // SAFETY: `rd_kafka_err2name` answers every enum value with a string of the library's own table, which lives as
    // long as the program. (A code without name is written into a thread-local buffer; `try_from` excludes those.)
    let text: &'static CStr = unsafe { CStr::from_ptr(sys::rd_kafka_err2name(raw)) };
    text.to_str().unwrap_or("UNKNOWN")
}

/// The library's fixed sentence for a code.
pub(super) fn sentence(code: RDKafkaErrorCode) -> &'static str {
    let Ok(raw) = RDKafkaRespErr::try_from(code as i32) else {
        return "unknown error";
    };
    // SAFETY: as in `name`: a string of the library's own table.
    let text: &'static CStr = unsafe { CStr::from_ptr(sys::rd_kafka_err2str(raw)) };
    text.to_str().unwrap_or("unknown error")
}

/// Commits, waiting as long as the library does itself (the transaction's own time-out bounds that).
///
/// The wrapper's method flushes first, by a poll that sits out its full 100 ms (F1); librdkafka flushes anyway.
pub(super) fn commit_transaction<C>(producer: &rdkafka::client::Client<C>) -> Result<(), TransactionError>
where
    C: rdkafka::ClientContext,
{
    // SAFETY: the client lives through the call; `consume_error` takes ownership of what is returned.
    unsafe { consume_error(sys::rd_kafka_commit_transaction(producer.native_ptr(), -1)) }
}

/// Adds offsets to the transaction of `producer`, unless the consumer has left its group.
///
/// The membership that is checked is the one that is sent: one call reads it, so nothing can change in between.
pub(super) fn send_offsets<P, C>(
    producer: &rdkafka::client::Client<P>,
    consumer: &rdkafka::client::Client<C>,
    offsets: &TopicPartitionList,
    timeout: Duration,
) -> Result<(), SendOffsetsError>
where
    P: rdkafka::ClientContext,
    C: rdkafka::ClientContext,
{
    let group = GroupMetadata::of(consumer.native_ptr()).ok_or(SendOffsetsError::NotAMember)?;
    if !group.membership().holds() {
        return Err(SendOffsetsError::NotAMember);
    }
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: producer, offsets and group metadata live through the call, which copies what it keeps;
    // `consume_error` takes ownership of what is returned.
    unsafe {
        consume_error(sys::rd_kafka_send_offsets_to_transaction(
            producer.native_ptr(),
            offsets.ptr(),
            group.0,
            timeout_ms,
        ))
    }
    .map_err(SendOffsetsError::Refused)
}

/// Why offsets were not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendOffsetsError {
    /// The consumer is in no generation of its group.
    NotAMember,
    /// The library or the broker said no.
    Refused(TransactionError),
}

/// The membership of a consumer at this moment; `None` for a consumer without group.
pub(super) fn membership<C>(consumer: &rdkafka::client::Client<C>) -> Option<Membership>
where
    C: rdkafka::ClientContext,
{
    GroupMetadata::of(consumer.native_ptr()).map(|group| group.membership())
}

struct GroupMetadata(*mut sys::rd_kafka_consumer_group_metadata_t);

impl GroupMetadata {
    fn of(consumer: *mut RDKafka) -> Option<Self> {
        // SAFETY: the pointer is that of a living client; the result is ours to destroy, or null.
        let group = unsafe { sys::rd_kafka_consumer_group_metadata(consumer) };
        (!group.is_null()).then_some(Self(group))
    }

    fn membership(&self) -> Membership {
        // SAFETY: the metadata are alive and not null; the member id is a string inside of them, read before they go.
        unsafe {
            let member = sys::rd_kafka_consumer_group_metadata_member_id(self.0);
            Membership {
                generation: sys::rd_kafka_consumer_group_metadata_generation_id(self.0),
                named: !member.is_null() && *member != 0,
            }
        }
    }
}

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: made by `of`, destroyed once.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}

/// Reads and frees an error object; null is success.
///
/// # Safety
/// `error` is null, or an error object that nobody else frees.
unsafe fn consume_error(error: *mut sys::rd_kafka_error_t) -> Result<(), TransactionError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null and alive, as the caller promises; freed once, after the last read.
    unsafe {
        let read = TransactionError {
            code: sys::rd_kafka_error_code(error).into(),
            fatal: sys::rd_kafka_error_is_fatal(error) != 0,
            retriable: sys::rd_kafka_error_is_retriable(error) != 0,
            requires_abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        sys::rd_kafka_error_destroy(error);
        Err(read)
    }
}

/// Sets settings of topics, by name; an answer for each topic, in order.
///
/// The wrapper has only the old call, which resets every setting that it does not name.
pub(super) fn alter_topics<C>(
    client: &rdkafka::client::Client<C>,
    topics: &[(&str, Vec<(&'static str, String)>)],
    timeout: Duration,
) -> Result<Vec<Result<(), RDKafkaErrorCode>>, RDKafkaErrorCode>
where
    C: rdkafka::ClientContext,
{
    let invalid = |_| RDKafkaErrorCode::InvalidArgument;
    let mut resources = Vec::with_capacity(topics.len());
    for (topic, settings) in topics {
        let resource = TopicResource::new(&CString::new(*topic).map_err(invalid)?)?;
        for (name, value) in settings {
            resource.set(&CString::new(*name).map_err(invalid)?, &CString::new(value.as_str()).map_err(invalid)?)?;
        }
        resources.push(resource);
    }
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let client = client.native_ptr();
    let mut pointers: Vec<*mut sys::rd_kafka_ConfigResource_t> = resources.iter().map(|one| one.0).collect();
    // SAFETY: client and resources live through the call, which copies what it keeps. Options, queue and event are made
    // here, not null where they are used, and destroyed once, after the last read; what is read of the event is copied.
    unsafe {
        let api = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
        let options = sys::rd_kafka_AdminOptions_new(client, api);
        let queue = sys::rd_kafka_queue_new(client);
        // A time-out that the library does not take leaves its own, of a minute.
        sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ptr::null_mut(), 0);
        sys::rd_kafka_IncrementalAlterConfigs(client, pointers.as_mut_ptr(), pointers.len(), options, queue);
        // The library answers within the time-out; where it does not, nobody waits for ever.
        let event = sys::rd_kafka_queue_poll(queue, timeout_ms.saturating_add(5_000));
        let answer = if event.is_null() { Err(RDKafkaErrorCode::OperationTimedOut) } else { altered(event) };
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_queue_destroy(queue);
        sys::rd_kafka_AdminOptions_destroy(options);
        answer.and_then(|answers| match answers.len() == topics.len() {
            true => Ok(answers),
            false => Err(RDKafkaErrorCode::Fail),
        })
    }
}

/// Reads the answer to `IncrementalAlterConfigs`.
///
/// # Safety
/// `event` is alive and not null.
unsafe fn altered(event: *mut sys::rd_kafka_event_t) -> Result<Vec<Result<(), RDKafkaErrorCode>>, RDKafkaErrorCode> {
    // SAFETY: the event is alive, as the caller promises; the array of resources belongs to it and has `count` entries.
    unsafe {
        let code = sys::rd_kafka_event_error(event);
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(code.into());
        }
        let result = sys::rd_kafka_event_IncrementalAlterConfigs_result(event);
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0usize;
        let resources = sys::rd_kafka_IncrementalAlterConfigs_result_resources(result, &mut count);
        if resources.is_null() {
            return Ok(Vec::new());
        }
        let resources = std::slice::from_raw_parts(resources, count);
        let answer = |&resource: &*const sys::rd_kafka_ConfigResource_t| {
            // SAFETY: as above: an entry of the event's array.
            match sys::rd_kafka_ConfigResource_error(resource) {
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
                code => Err(RDKafkaErrorCode::from(code)),
            }
        };
        Ok(resources.iter().map(answer).collect())
    }
}

/// A topic whose settings are to be set.
struct TopicResource(*mut sys::rd_kafka_ConfigResource_t);

impl TopicResource {
    fn new(topic: &CStr) -> Result<Self, RDKafkaErrorCode> {
        let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
        // SAFETY: the name is alive and ends with NUL; the call copies it. The result is ours to destroy, or null.
        let resource = unsafe { sys::rd_kafka_ConfigResource_new(kind, topic.as_ptr()) };
        if resource.is_null() { Err(RDKafkaErrorCode::InvalidArgument) } else { Ok(Self(resource)) }
    }

    fn set(&self, name: &CStr, value: &CStr) -> Result<(), RDKafkaErrorCode> {
        let set = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
        // SAFETY: the resource is alive, and so are both texts, which the call copies; `consume_error` takes ownership of
        // what is returned.
        unsafe {
            consume_error(sys::rd_kafka_ConfigResource_add_incremental_config(
                self.0,
                name.as_ptr(),
                set,
                value.as_ptr(),
            ))
        }
        .map_err(|error| error.code)
    }
}

impl Drop for TopicResource {
    fn drop(&mut self) {
        // SAFETY: made by `new`, destroyed once.
        unsafe { sys::rd_kafka_ConfigResource_destroy(self.0) }
    }
}

/// A message that keeps its consumer alive, so that a batch may own it.
///
/// The message stays where the library put it: nothing is copied before the engine reads it.
pub(super) struct Held<C: ConsumerContext + 'static> {
    // Fields drop in this order: the message before the consumer that it points into.
    message: BorrowedMessage<'static>,
    _consumer: Arc<BaseConsumer<C>>,
}

/// Polls once; see `BaseConsumer::poll`.
pub(super) fn poll<C: ConsumerContext>(
    consumer: &Arc<BaseConsumer<C>>,
    wait: Duration,
) -> Option<KafkaResult<Held<C>>> {
    let message = match consumer.poll(wait)? {
        Ok(message) => message,
        Err(error) => return Some(Err(error)),
    };
    // SAFETY: only the lifetime changes. The borrow stands for "while the consumer lives"; the `Arc` beside it, dropped
    // after it, keeps the consumer alive, at a fixed address inside the library.
    let message = unsafe { std::mem::transmute::<BorrowedMessage<'_>, BorrowedMessage<'static>>(message) };
    Some(Ok(Held { message, _consumer: Arc::clone(consumer) }))
}

impl<C: ConsumerContext> Held<C> {
    /// The message; borrowed from `self`, never longer.
    pub(super) fn message(&self) -> &BorrowedMessage<'_> {
        &self.message
    }

    /// Appends the headers, in order.
    ///
    /// The wrapper takes a header's name for UTF-8 and panics when it is not; a name is data, and data never panics.
    pub(super) fn headers<'a>(&'a self, into: &mut Vec<Header<'a>>) {
        let mut headers: *mut sys::rd_kafka_headers_t = ptr::null_mut();
        // SAFETY: the message is alive; the headers that are found belong to it and live as long.
        let found = unsafe { sys::rd_kafka_message_headers(self.message.ptr(), &mut headers) };
        if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for index in 0.. {
            let mut name: *const c_char = ptr::null();
            let mut value: *const c_void = ptr::null();
            let mut bytes = 0usize;
            // SAFETY: `headers` is alive; the three places are ours to be written.
            let code = unsafe { sys::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut bytes) };
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
                return;
            }
            // SAFETY: name (NUL-terminated) and value (of `bytes` bytes) lie in memory of the message, which `self` owns
            // and which nobody writes to.
            let header = unsafe {
                let value = (!value.is_null()).then(|| Plain(std::slice::from_raw_parts(value.cast::<u8>(), bytes)));
                (CStr::from_ptr(name).to_bytes(), value)
            };
            into.push(header);
        }
    }
}
