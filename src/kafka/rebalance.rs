//! Rebalances are noted in the callback and settled by the lane.
//!
//! librdkafka waits, without leaving the generation, until the application has assigned or given up: so the callback only
//! takes a note, the next poll hands it to the lane, and the lane ends its transaction first. A batch that was polled
//! before the note is still ours, unless the assignment is lost.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::settings::relay;
use crate::flow::message::Part;

/// A change of the assignment that waits for the lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebalance {
    /// New partitions; answered by `Consumer::assign`.
    Assigned(Vec<Part>),
    /// Partitions to give up; answered by `Consumer::release`.
    Revoked {
        /// Which.
        parts: Vec<Part>,
        /// Others may own them already: nothing of them can be committed.
        lost: bool,
    },
}

/// The callbacks of a lane's consumer.
pub(super) struct Notes {
    topics: Vec<Box<str>>,
    waiting: Mutex<VecDeque<Rebalance>>,
    /// Handed to the lane, and not answered yet.
    handed: Mutex<Option<Rebalance>>,
    /// While closing, nobody asks for notes any more: the callback gives up by itself, else the close never ends.
    closing: AtomicBool,
}

impl Notes {
    pub(super) fn new(topics: &[&str]) -> Self {
        Self {
            topics: topics.iter().map(|topic| Box::from(*topic)).collect(),
            waiting: Mutex::new(VecDeque::new()),
            handed: Mutex::new(None),
            closing: AtomicBool::new(false),
        }
    }

    /// The oldest rebalance that waits; from now on it wants an answer.
    pub(super) fn hand_over(&self) -> Option<Rebalance> {
        let next = locked(&self.waiting).pop_front()?;
        *locked(&self.handed) = Some(next.clone());
        Some(next)
    }

    /// The lane has answered.
    pub(super) fn answered(&self) {
        *locked(&self.handed) = None;
    }

    /// Whether a rebalance waits.
    pub(super) fn any(&self) -> bool {
        !locked(&self.waiting).is_empty()
    }

    /// From now on the callback answers by itself; what nobody has answered so far is given back.
    pub(super) fn close(&self) -> Vec<Rebalance> {
        self.closing.store(true, Ordering::SeqCst);
        locked(&self.handed).take().into_iter().chain(locked(&self.waiting).drain(..)).collect()
    }

    /// Index of a topic among the inputs; the broker answers only for topics that we named.
    pub(super) fn input(&self, topic: &str) -> Option<u16> {
        self.topics.iter().position(|name| &**name == topic).map(|index| index as u16)
    }

    /// Name of an input.
    pub(super) fn topic(&self, input: u16) -> &str {
        &self.topics[input as usize]
    }

    fn parts(&self, list: &TopicPartitionList) -> Vec<Part> {
        let mut parts: Vec<Part> = list
            .elements()
            .iter()
            .filter_map(|element| Some(Part { input: self.input(element.topic())?, partition: element.partition() }))
            .collect();
        parts.sort_unstable();
        parts
    }
}

impl ClientContext for Notes {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        relay(level, facility, line);
    }

    fn error(&self, _: KafkaError, _: &str) {
        // The same error comes back from the poll that found it, where it is classed.
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ConsumerContext for Notes {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, kind: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let assigned = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::SeqCst) {
            // The outcome cannot matter any more: the consumer is going, and nothing of it will be committed.
            let _ = if assigned { consumer.incremental_assign(list) } else { consumer.incremental_unassign(list) };
            return;
        }
        let parts = self.parts(list);
        let note = if assigned {
            Rebalance::Assigned(parts)
        } else {
            Rebalance::Revoked { parts, lost: consumer.assignment_lost() }
        };
        locked(&self.waiting).push_back(note);
    }
}

/// A note is whole or absent: a panic while one was written leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
