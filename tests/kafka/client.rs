//! The rooms `kafka/consumer.rs` and `kafka/producer.rs` against a real broker: each trap of the client library once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use garim::flow::message::{FaultClass, Part, Start};
use garim::kafka::admin::Admin as Asking;
use garim::kafka::consumer::{Batch, Consumer, Polled, Rebalance};
use garim::kafka::producer::Producer;
use garim::kafka::settings::{Delivery, KafkaSettings};

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::{Cluster, shared};
use crate::reading::{Isolation, read};
use crate::writing::{Raw, write, write_with_header};

const LONG: Duration = Duration::from_secs(30);

/// Names of one test: its own topics and group on the shared broker.
struct Stage {
    brokers: String,
    input: String,
    output: String,
    group: String,
}

impl Stage {
    fn new(brokers: String, configs: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let stage = Self {
            brokers,
            input: format!("client.{number}.in"),
            output: format!("client.{number}.out"),
            group: format!("client.{number}"),
        };
        let admin = Admin::new(&stage.brokers);
        admin.create(&stage.input, 2, 1, &[]);
        admin.create(&stage.output, 2, 1, configs);
        stage
    }

    fn settings(&self) -> KafkaSettings {
        KafkaSettings {
            brokers: self.brokers.clone(),
            group: self.group.clone(),
            instance: String::from("test"),
            delivery: Delivery::ExactlyOnce,
            allow_plaintext: false,
            transaction_timeout_ms: 20_000,
            properties: vec![(String::from("session.timeout.ms"), String::from("6000"))],
        }
    }

    fn consumer(&self, lane: usize) -> Consumer {
        Consumer::new(&self.settings(), lane, &[&self.input]).expect("a consumer")
    }

    fn producer(&self, lane: usize) -> Producer {
        let mut producer = Producer::new(&self.settings(), lane).expect("a producer");
        producer.init(&[&self.output], LONG).expect("the producer takes its id over");
        producer
    }

    fn fill(&self, records: u32) {
        let raw: Vec<Raw> = (0..records).map(|n| Raw::value((n % 2) as i32, format!("record {n}"))).collect();
        write(&self.brokers, &self.input, &raw);
    }

    /// Values of the output, partition by partition.
    fn output(&self, isolation: Isolation) -> Vec<(i32, String)> {
        read(&self.brokers, &self.output, isolation)
            .into_iter()
            .map(|stored| (stored.partition, String::from_utf8(stored.value.expect("a value")).expect("text")))
            .collect()
    }
}

/// Polls until a rebalance comes; what else comes before is an error of the test.
fn rebalance(consumer: &mut Consumer, batch: &mut Batch) -> Rebalance {
    until("a rebalance", LONG, || match consumer.poll(Duration::from_millis(100), 1000, batch) {
        Polled::Rebalance(rebalance) => Some(rebalance),
        Polled::Idle => None,
        other => panic!("{other:?}"),
    })
}

/// Takes partitions over, from their committed offsets.
fn join(consumer: &mut Consumer, batch: &mut Batch, count: usize) -> Vec<(Part, Start)> {
    let mut all = Vec::new();
    while all.len() < count {
        let Rebalance::Assigned(parts) = rebalance(consumer, batch) else { panic!("nothing was assigned before") };
        let committed = consumer.committed(&parts, LONG).expect("committed offsets");
        let starts: Vec<_> = committed.into_iter().map(|(part, next)| (part, Start::from(next))).collect();
        consumer.assign(&starts).expect("an assignment");
        all.extend(starts);
    }
    all
}

/// Polls records until there are so many, copies each to the output, and answers the next offsets.
fn copy(consumer: &mut Consumer, producer: &mut Producer, stage: &Stage, count: usize) -> Vec<(Part, i64)> {
    let mut batch = Batch::new();
    let mut next = std::collections::BTreeMap::new();
    let mut seen = 0;
    until("all records", LONG, || {
        match consumer.poll(Duration::from_millis(100), 7, &mut batch) {
            Polled::Records(records) => {
                assert!(records <= 7 && records == batch.len());
                seen += records;
                batch.with_records(|records| {
                    for record in records {
                        let value = record.value.map(|value| value.0);
                        producer
                            .send(&stage.output, record.position.partition, None, value, &[("h", Some(b"1"))])
                            .expect("sent");
                    }
                });
                next.extend(batch.places().map(|(part, offset, _)| (part, offset + 1)));
            }
            Polled::Idle => {}
            other => panic!("{other:?}"),
        }
        (seen >= count).then_some(())
    });
    next.into_iter().collect()
}

#[test]
fn what_is_committed_is_seen_once_and_resumed_after() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    stage.fill(20);
    let (mut consumer, mut producer) = (stage.consumer(0), stage.producer(0));
    let mut batch = Batch::new();
    let starts = join(&mut consumer, &mut batch, 2);
    assert!(starts.iter().all(|(_, start)| *start == Start::Earliest), "nothing was committed before");
    producer.begin().expect("a transaction");
    let next = copy(&mut consumer, &mut producer, &stage, 20);
    assert!(consumer.group_metadata_ok());
    producer.send_offsets(&consumer, &next, LONG).expect("offsets");
    producer.commit().expect("a commit");
    assert!(!producer.doubtful());
    let output = stage.output(Isolation::Committed);
    let expected: Vec<(i32, String)> =
        [0, 1].into_iter().flat_map(|p| (0..10).map(move |n| (p, format!("record {}", 2 * n + p)))).collect();
    assert_eq!(output, expected);
    batch.clear();
    assert!(consumer.close(LONG));

    let mut successor = stage.consumer(0);
    let starts = join(&mut successor, &mut batch, 2);
    assert!(starts.iter().all(|(_, start)| *start == Start::Offset(10)), "{starts:?}");
    assert!(successor.close(LONG));
}

/// The wrapper's own headers panic on a name that is not UTF-8: one such record would have killed every lane in turn.
#[test]
fn a_header_whose_name_is_not_utf8_is_data_like_any_other() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    write_with_header(&stage.brokers, &stage.input, b"\xff\xfe", b"record");
    let mut consumer = stage.consumer(0);
    let mut batch = Batch::new();
    join(&mut consumer, &mut batch, 2);
    until("the record", LONG, || match consumer.poll(Duration::from_millis(100), 10, &mut batch) {
        Polled::Records(1) => Some(()),
        Polled::Idle => None,
        other => panic!("{other:?}"),
    });
    batch.with_records(|records| {
        assert_eq!(records[0].value.map(|value| value.0), Some(&b"record"[..]));
        assert_eq!(records[0].headers.len(), 1);
        assert_eq!(records[0].headers[0].0, b"\xff\xfe");
        assert_eq!(records[0].headers[0].1.map(|value| value.0), Some(&b"x"[..]));
    });
    batch.clear();
    assert!(consumer.close(LONG));
}

#[test]
fn an_abort_with_undelivered_records_ends_at_once_and_shows_nothing() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    stage.fill(10);
    let (mut consumer, mut producer) = (stage.consumer(0), stage.producer(0));
    let starts = join(&mut consumer, &mut Batch::new(), 2);
    producer.begin().expect("a transaction");
    copy(&mut consumer, &mut producer, &stage, 10);
    for _ in 0..10_000 {
        producer.send(&stage.output, 0, None, Some(b"more"), &[]).expect("sent");
    }
    let begin = Instant::now();
    producer.abort(LONG).expect("an abort");
    assert!(begin.elapsed() < Duration::from_secs(5), "delivery reports are served while it aborts");
    drop(producer);

    // The successor reads the same records again after a seek, and commits them.
    let mut producer = stage.producer(0);
    consumer.seek(&starts, LONG).expect("a seek");
    producer.begin().expect("a transaction");
    let next = copy(&mut consumer, &mut producer, &stage, 10);
    producer.send_offsets(&consumer, &next, LONG).expect("offsets");
    producer.commit().expect("a commit");
    assert_eq!(stage.output(Isolation::Committed).len(), 10);
}

#[test]
fn offsets_of_nobody_are_not_sent() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    // The client library joins a group without being polled, so only one that finds no broker is surely no member.
    let nowhere = KafkaSettings { brokers: String::from("127.0.0.1:1"), ..stage.settings() };
    let consumer = Consumer::new(&nowhere, 0, &[&stage.input]).expect("a consumer");
    let mut producer = stage.producer(0);
    assert!(!consumer.group_metadata_ok());
    producer.begin().expect("a transaction");
    producer.send(&stage.output, 0, None, Some(b"x"), &[]).expect("sent");
    let refused = producer.send_offsets(&consumer, &[(Part { input: 0, partition: 0 }, 1)], LONG);
    assert_eq!(refused.expect_err("not a member").class, FaultClass::GroupLeft);
    producer.abort(LONG).expect("an abort");
    assert_eq!(stage.output(Isolation::Committed).len(), 0);
}

#[test]
fn the_second_holder_of_an_id_fences_the_first() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    let mut first = stage.producer(0);
    first.begin().expect("a transaction");
    first.send(&stage.output, 0, None, Some(b"first"), &[]).expect("sent");
    let mut second = stage.producer(0);
    assert_eq!(first.commit().expect_err("fenced").class, FaultClass::Fenced);
    second.begin().expect("a transaction");
    second.send(&stage.output, 0, None, Some(b"second"), &[]).expect("sent");
    second.commit().expect("a commit");
    assert_eq!(stage.output(Isolation::Committed), [(0, String::from("second"))]);
}

#[test]
fn a_record_that_the_topic_never_takes_is_named_as_such() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[("max.message.bytes", "2000")]);
    let mut producer = stage.producer(0);
    producer.begin().expect("a transaction");
    // Not to be compressed.
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    })
    .take(5000)
    .collect();
    producer.send(&stage.output, 0, None, Some(&noise), &[]).expect("sent");
    let refused = producer.commit().expect_err("too large");
    assert_eq!((refused.class, refused.code), (FaultClass::Record, "MSG_SIZE_TOO_LARGE"));
    producer.abort(LONG).expect("an abort");
}

#[test]
fn missing_topics_and_absent_brokers_are_told_apart() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    let mut producer = Producer::new(&stage.settings(), 0).expect("a producer");
    let fault = producer.init(&[&stage.output, "no.such.topic"], LONG).expect_err("a topic is missing");
    assert_eq!((fault.class, fault.topic.as_deref()), (FaultClass::TopicMissing, Some("no.such.topic")));
    assert!(fault.to_string().contains("no.such.topic"), "{fault}");
    assert!(!Admin::new(&stage.brokers).topics().contains_key("no.such.topic"), "asking made it");

    let nobody = KafkaSettings { brokers: String::from("127.0.0.1:1"), ..stage.settings() };
    let asking = Asking::new(&nobody).expect("a client");
    assert_eq!(asking.look(Duration::from_secs(2)).expect_err("away").class, FaultClass::BrokerAway);
    let mut producer = Producer::new(&nobody, 0).expect("a producer");
    assert_eq!(producer.init(&[], Duration::from_secs(2)).expect_err("away").class, FaultClass::BrokerAway);
}

#[test]
fn input_that_was_deleted_before_it_was_read_is_reported() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    stage.fill(20);
    let mut batch = Batch::new();
    let mut consumer = stage.consumer(0);
    join(&mut consumer, &mut batch, 2);
    let lost = Part { input: 0, partition: 1 };
    consumer.commit(&[(lost, 3)]).expect("a commit");
    batch.clear();
    assert!(consumer.close(LONG));
    Admin::new(&stage.brokers).cut(&stage.input, 1, 8);

    let mut consumer = stage.consumer(0);
    join(&mut consumer, &mut batch, 2);
    let found =
        until("the loss is reported", LONG, || match consumer.poll(Duration::from_millis(100), 100, &mut batch) {
            Polled::OffsetLost(part) => Some(part),
            Polled::Records(_) => {
                assert!(batch.places().all(|(part, _, _)| part != lost), "nothing is skipped");
                None
            }
            Polled::Idle => None,
            other => panic!("{other:?}"),
        });
    assert_eq!(found, lost);
    assert_eq!(consumer.ends(lost, LONG).expect("ends"), (8, 10));
    batch.clear();
    assert!(consumer.close(LONG));
}

#[test]
fn the_group_waits_while_a_transaction_is_settled() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    stage.fill(20);
    let (mut first, mut producer) = (stage.consumer(0), stage.producer(0));
    let mut batch = Batch::new();
    join(&mut first, &mut batch, 2);
    producer.begin().expect("a transaction");
    let next = copy(&mut first, &mut producer, &stage, 20);

    // A second member joins in the middle of the transaction, and polls on a thread of its own.
    let second = stage.consumer(1);
    let joined = std::thread::spawn(move || {
        let mut second = second;
        let starts = join(&mut second, &mut Batch::new(), 1);
        (second, starts)
    });
    let Rebalance::Revoked { parts, lost } = rebalance(&mut first, &mut batch) else { panic!("one part goes") };
    assert!(!lost && parts.len() == 1, "{parts:?}");
    assert!(first.group_metadata_ok(), "still a member while the note waits");
    producer.send_offsets(&first, &next, LONG).expect("offsets");
    producer.commit().expect("a commit");
    assert!(!joined.is_finished(), "nobody has the partition before it was given up");
    first.release(&parts).expect("released");
    until("the second member has it", LONG, || {
        match first.poll(Duration::from_millis(50), 10, &mut batch) {
            Polled::Rebalance(Rebalance::Assigned(parts)) => {
                assert!(parts.is_empty(), "{parts:?}");
                first.assign(&[]).expect("an empty assignment");
            }
            Polled::Idle => {}
            other => panic!("{other:?}"),
        }
        joined.is_finished().then_some(())
    });
    let (second, starts) = joined.join().expect("the second member");
    assert_eq!(starts, [(parts[0], Start::Offset(10))], "it begins where the transaction ended");
    batch.clear();
    assert!(second.close(LONG));
    assert!(first.close(LONG));
}

#[test]
fn a_member_that_goes_in_the_middle_of_a_rebalance_holds_nobody_up() {
    let cluster = shared();
    let stage = Stage::new(cluster.brokers(), &[]);
    let mut first = stage.consumer(0);
    let mut batch = Batch::new();
    join(&mut first, &mut batch, 2);
    let mut second = stage.consumer(1);
    let joined = std::thread::spawn(move || join(&mut second, &mut Batch::new(), 1).len());
    assert!(matches!(rebalance(&mut first, &mut batch), Rebalance::Revoked { .. }), "one part goes");
    // Not answered.
    assert!(first.close(LONG));
    until("the second member has a part", LONG, || joined.is_finished().then_some(()));
    assert!(joined.join().expect("the second member") >= 1);
}

#[test]
fn a_lost_connection_casts_doubt_on_the_transaction() {
    let mut cluster = Cluster::start(1);
    let stage = Stage::new(cluster.brokers(), &[]);
    let mut producer = stage.producer(0);
    producer.begin().expect("a transaction");
    producer.send(&stage.output, 0, None, Some(b"x"), &[]).expect("sent");
    producer.commit().expect("a commit");
    assert!(!producer.doubtful());
    producer.begin().expect("a transaction");
    producer.send(&stage.output, 0, None, Some(b"y"), &[]).expect("sent");
    cluster.kill(0);
    until("the disconnect is noticed", LONG, || producer.doubtful().then_some(()));
    cluster.restart(0);
    cluster.await_brokers(1);
    drop(producer);
    // Whatever became of the second record, the successor works.
    let mut producer = stage.producer(0);
    producer.begin().expect("a transaction");
    producer.send(&stage.output, 0, None, Some(b"z"), &[]).expect("sent");
    producer.commit().expect("a commit");
    let output = stage.output(Isolation::Committed);
    assert!(output.first().is_some_and(|(_, value)| value == "x"), "{output:?}");
    assert!(output.last().is_some_and(|(_, value)| value == "z"), "{output:?}");
}
