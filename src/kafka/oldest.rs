//! Where the records of a partition begin: the oldest that can be read, and the first that came after a time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message as _, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::log::{LogReader, POLL};
use super::{Fault, ffi};
use crate::flow::message::FaultClass;
use crate::limits::{LOG_CALL_MS, LOG_RETRY_MS};

const CALL: Duration = Duration::from_millis(LOG_CALL_MS);

/// What is left of a partition: from its first offset to the end of what is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The partition.
    pub partition: i32,
    /// The first offset that is left.
    pub first: i64,
    /// One past the last committed record, or past the marker of its transaction.
    pub end: i64,
}

/// The oldest record of a partition that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oldest {
    /// Its offset.
    pub offset: i64,
    /// When it was appended, in milliseconds since 1970; `None` where the record bears the time of whoever wrote it.
    pub appended_ms: Option<i64>,
}

/// Asks again when records were deleted between two questions about a partition, by the brokers or by another instance; for
/// `LOG_CALL_MS` at most.
///
/// # Errors
/// As the last answer.
pub fn settled<T>(mut ask: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
    let until = Instant::now() + CALL;
    loop {
        match ask() {
            Err(fault) if fault.class == FaultClass::OffsetLost && Instant::now() < until => {}
            answer => return answer,
        }
    }
}

impl LogReader {
    /// What is left of each partition of a topic.
    ///
    /// # Errors
    /// As the brokers answer.
    pub fn left(&self, topic: &str, partitions: i32) -> Result<Vec<Left>, Fault> {
        let until = Instant::now() + CALL;
        let left = |partition| {
            loop {
                match self.ends(topic, partition) {
                    // A topic that was just made, or whose leader moves, has none for a moment.
                    Err(fault) if fault.class == FaultClass::Retriable && Instant::now() < until => {
                        std::thread::park_timeout(Duration::from_millis(LOG_RETRY_MS));
                    }
                    answer => return answer.map(|(first, end)| Left { partition, first, end }),
                }
            }
        };
        (0..partitions).map(left).collect()
    }

    /// The oldest record of each of these partitions; `None` where none can be read: markers and the records of aborted
    /// transactions are no records.
    ///
    /// # Errors
    /// `OffsetLost` when records were deleted meanwhile; otherwise as the brokers answer, `BrokerAway` when nothing comes for
    /// `LOG_CALL_MS`.
    pub fn oldest(&self, topic: &str, left: &[Left]) -> Result<Vec<Option<Oldest>>, Fault> {
        const DURING: &str = "reading the oldest records of a topic";
        let fault = |error: &KafkaError| Fault::of(DURING, error).about(topic);
        let mut open: BTreeMap<i32, i64> = BTreeMap::new();
        let mut list = TopicPartitionList::new();
        for part in left.iter().filter(|part| part.first < part.end) {
            open.insert(part.partition, part.end);
            let mut element = list.add_partition(topic, part.partition);
            element.set_offset(Offset::Offset(part.first)).map_err(|error| fault(&error))?;
        }
        let mut found: BTreeMap<i32, Oldest> = BTreeMap::new();
        if !open.is_empty() {
            self.inner.assign(&list).map_err(|error| fault(&error))?;
            let read = self.first_of_each(topic, &mut open, &mut found);
            self.inner.unassign().map_err(|error| fault(&error))?;
            read?;
        }
        Ok(left.iter().map(|part| found.get(&part.partition).copied()).collect())
    }

    /// Reads until every partition of `open` has shown a record, or its end.
    fn first_of_each(
        &self,
        topic: &str,
        open: &mut BTreeMap<i32, i64>,
        found: &mut BTreeMap<i32, Oldest>,
    ) -> Result<(), Fault> {
        const DURING: &str = "reading the oldest records of a topic";
        let mut heard = Instant::now();
        while !open.is_empty() {
            let held = match ffi::poll(&self.inner, POLL) {
                Some(Ok(held)) => held,
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                    heard = Instant::now();
                    continue;
                }
                Some(Err(error)) => match Fault::of(DURING, &error) {
                    // The library tries again by itself; whether anything comes is what counts.
                    fault
                        if matches!(fault.class, FaultClass::Retriable | FaultClass::BrokerAway)
                            && heard.elapsed() < CALL =>
                    {
                        continue;
                    }
                    fault => return Err(fault.about(topic)),
                },
                None if heard.elapsed() < CALL => continue,
                None => return Err(Fault::new(DURING, RDKafkaErrorCode::AllBrokersDown).about(topic)),
            };
            let message = held.message();
            let Some(end) = open.remove(&message.partition()) else { continue };
            heard = Instant::now();
            if message.offset() < end {
                let appended_ms = match message.timestamp() {
                    Timestamp::LogAppendTime(ms) => Some(ms),
                    Timestamp::CreateTime(_) | Timestamp::NotAvailable => None,
                };
                found.insert(message.partition(), Oldest { offset: message.offset(), appended_ms });
            }
            // One record is enough; the others of this partition need not be fetched.
            let mut done = TopicPartitionList::new();
            done.add_partition(topic, message.partition());
            self.inner.pause(&done).map_err(|error| Fault::of(DURING, &error).about(topic))?;
        }
        Ok(())
    }

    /// For each of these partitions, the offset of the first record that was appended at `from_ms` or later; the end where
    /// there is none.
    ///
    /// # Errors
    /// As the brokers answer.
    pub fn first_from(&self, topic: &str, left: &[Left], from_ms: i64) -> Result<Vec<i64>, Fault> {
        const DURING: &str = "asking for the first record after a time";
        let fault = |error: &KafkaError| Fault::of(DURING, error).about(topic);
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::new();
        for part in left {
            list.add_partition_offset(topic, part.partition, Offset::Offset(from_ms.max(0)))
                .map_err(|error| fault(&error))?;
        }
        let answered = self.inner.offsets_for_times(list, CALL).map_err(|error| fault(&error))?;
        let of = |part: &Left| {
            let element = answered.find_partition(topic, part.partition);
            let element = element.ok_or_else(|| Fault::new(DURING, RDKafkaErrorCode::UnknownPartition).about(topic))?;
            element.error().map_err(|error| fault(&error))?;
            match element.offset() {
                // What came after the end was asked for is younger still.
                Offset::Offset(offset) if offset >= 0 => Ok(offset.clamp(part.first, part.end)),
                // No record is as young as that: the end as it was before the question is before everything younger.
                Offset::End | Offset::Offset(_) => Ok(part.end),
                Offset::Beginning | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                    Err(Fault::new(DURING, RDKafkaErrorCode::NoOffset).about(topic))
                }
            }
        };
        left.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_meanwhile_is_asked_for_again_and_nothing_else() {
        let lost = || Err(Fault::new("asking", RDKafkaErrorCode::AutoOffsetReset));
        let denied = || Err(Fault::new("asking", RDKafkaErrorCode::TopicAuthorizationFailed));
        type Row = (Vec<Result<i64, Fault>>, usize, Option<i64>);
        let rows: [Row; 3] = [
            (vec![Ok(7), Ok(8)], 1, Some(7)),
            (vec![lost(), lost(), Ok(7)], 3, Some(7)),
            (vec![lost(), denied(), Ok(7)], 2, None),
        ];
        for (answers, asked, settles) in rows {
            let (mut answers, mut count) = (answers.into_iter(), 0);
            let answer = settled(|| {
                count += 1;
                answers.next().expect("it does not ask for more")
            });
            assert_eq!((count, answer.ok()), (asked, settles));
        }
    }
}
