//! `garim demo`: the whole job on an embedded cluster, with nothing to set up.
//!
//! Generated activity logs go into the client library's mock cluster, the lanes of `garim run` treat them by the shipped
//! policy, and every record is accounted for at the end.

mod picture;
mod report;
mod windows;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::topics::unavailable;
use super::{Exit, Failure, Shared};
use crate::engine::{Engine, Limits};
use crate::flow::{self, LostInput, Rules};
use crate::kafka::feed::{Fed, Feed};
use crate::kafka::mock::Mock;
use crate::kafka::settings::{Delivery, KafkaSettings, TRANSACTION_TIMEOUT_MS};
use crate::kafka::topics::needed;
use crate::limits::{DEMO_UNREAD_BYTES_MAX, REFUSED_WINDOW};
use crate::policy::synthetic::{Generator, Shares, Source, Stamp};
use crate::pseudonym::epoch::KeyRing;
use crate::record::Position;
use crate::secret::Key;
use crate::service::quarantine::HeaderStyle;
use crate::service::settings::{AuditSettings, Settings, TopicsSettings, Unverified};
use crate::service::{Ended, Loaded, Running, Why, audit, start};
use crate::telemetry::metrics::Counters;
use picture::Picture;
use report::{Example, Report};
use windows::Windows;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// Equal seeds give equal records, on every machine
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// The shipped policy is part of the program, so that the demo needs no file.
const POLICY: &str = include_str!("../../config/kakao-work.toml");

/// The holidays that it names.
const HOLIDAYS: &str = include_str!("../../config/holidays-kr.toml");

/// Its name in complaints, and where a user finds it.
const POLICY_FILE: &str = "config/kakao-work.toml";

const PARTITIONS: i32 = 6;

const LANES: usize = 2;

/// Of a thousand records, how many are broken on purpose, so that the quarantine has something to show.
const BROKEN: u16 = 2;

/// Of so many records one is of another service than 카카오워크; the others take turns.
const OTHERS_EVERY: u64 = 3;

/// Time of the first event: a fixed one, so that equal seeds give equal records.
const START: &str = "2026-11-14T09:00:00+09:00";

/// Longest wait for all lanes to hold partitions; the mock lets the first member wait three seconds for others.
const JOIN_MAX: Duration = Duration::from_secs(15);

/// Longest time in which nothing is committed although there is something to treat.
const STALL_MAX: Duration = Duration::from_secs(15);

/// Between two looks at the lanes.
const LOOK: Duration = Duration::from_millis(1);

/// Runs the demo and reports.
///
/// # Errors
/// [`Exit::Unavailable`] when the cluster cannot be opened on this machine, [`Exit::Internal`] when a record is missing.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let plan = crate::policy::parse_with(Path::new(POLICY_FILE), POLICY, &|_| Ok(HOLIDAYS.to_owned()))?.plan;
    let engine = || Engine::new(plan.clone(), LIMITS).map_err(|fault| Failure::new(Exit::Internal, fault));
    let secret = fresh_secret()?;
    let mock = Mock::start(1).map_err(unavailable)?;
    let loaded = Loaded::new(engine()?.into(), KeyRing::ephemeral(secret.clone()));
    let topics = needed(&loaded.engine, &BTreeMap::new(), Some(PARTITIONS), 1, true);
    for topic in topics.into_iter().chain(audit::topics(1)) {
        mock.topic(&topic.name, topic.partitions).map_err(unavailable)?;
    }
    let settings = settings(mock.brokers());
    shared.note(format_args!(
        "{LANES} lanes join their group on an embedded cluster; the mock takes three seconds for it"
    ));
    let running = start(loaded, &settings).map_err(|ended| Failure::new(Exit::Unavailable, ended))?;
    let mut demo = Demo::new(running, args, shared, engine()?);
    demo.join()?;
    let began = Instant::now();
    demo.feed(&Feed::new(&settings.kafka).map_err(unavailable)?)?;
    demo.settle()?;
    let took = began.elapsed();
    demo.stop()?;
    let windows = Windows::read(&settings.kafka)?;
    demo.account(windows)?;
    let report = Report {
        counters: &demo.counters,
        examples: demo.examples.iter().map(|example| example.treat(&demo.engine, &secret)).collect(),
        broken: demo.broken,
        windows,
        took,
    };
    report.write(shared)?;
    Ok(Exit::Done)
}

/// The generator's events stand still in time, and so do the bounds around them.
const LIMITS: Limits = Limits { past_days: 30, future_days: 1 };

/// Keys of this run, kept in memory.
fn fresh_secret() -> Result<Key, Failure> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret).map_err(|_| Failure::say(Exit::Internal, "the system gives no random bytes"))?;
    Ok(Key::new(&secret))
}

fn settings(brokers: String) -> Settings {
    let properties = [
        // Small steps, because the mock keeps little: what is unread must be committed soon.
        ("fetch.wait.max.ms", "5"),
        ("fetch.min.bytes", "1"),
        ("linger.ms", "2"),
        // The mock refuses a member that answers after its leader, and then waits almost a whole session for the rest.
        ("session.timeout.ms", "3000"),
        ("heartbeat.interval.ms", "200"),
    ];
    Settings {
        policy: None,
        kafka: KafkaSettings {
            brokers,
            group: String::from("demo"),
            instance: String::from("demo"),
            delivery: Delivery::ExactlyOnce,
            allow_plaintext: false,
            transaction_timeout_ms: TRANSACTION_TIMEOUT_MS,
            properties: properties.map(|(name, value)| (String::from(name), String::from(value))).to_vec(),
        },
        start_wait_ms: 10_000,
        lanes: LANES,
        rules: Rules {
            delivery: flow::Delivery::ExactlyOnce,
            lost_input: LostInput::Stop,
            commit_ms: 20,
            commit_records: 100_000,
            commit_bytes: 64 << 20,
            refused_window: REFUSED_WINDOW,
            refused_max: REFUSED_WINDOW,
        },
        shutdown_ms: 10_000,
        limits: LIMITS,
        keys: None,
        horizon_days: None,
        audit: AuditSettings::default(),
        topics: TopicsSettings { expire: false, unverified: Unverified::Unasked },
        people: Vec::new(),
        quarantine_recipient: None,
        header_style: HeaderStyle::Kafka,
        http: None,
    }
}

/// The demo at work.
struct Demo {
    running: Running,
    counters: Counters,
    picture: Picture,
    engine: Engine,
    seed: u64,
    records: u64,
    /// Records written so far, their bytes, and how many of them are broken on purpose.
    written: u64,
    bytes: u64,
    broken: u64,
    /// Records to be shown before and after.
    examples: Vec<Example>,
    /// Bytes committed when that last changed, and when it did.
    progress: (u64, Instant),
}

impl Demo {
    fn new(running: Running, args: &Args, shared: &Shared, engine: Engine) -> Self {
        Self {
            counters: running.counters(),
            running,
            picture: Picture::start(shared, args.records),
            engine,
            seed: args.seed,
            records: args.records,
            written: 0,
            bytes: 0,
            broken: 0,
            examples: Vec::new(),
            progress: (0, Instant::now()),
        }
    }

    /// Waits until every partition has its lane. Nothing is written before: the mock forgets the offsets of transactions,
    /// so whoever gets a partition later would begin it anew.
    fn join(&mut self) -> Result<(), Failure> {
        let all = self.engine.inputs().len() * PARTITIONS as usize;
        let until = Instant::now() + JOIN_MAX;
        loop {
            let lanes = &self.running.health().lanes;
            let held: usize = lanes.iter().map(|lane| lane.partitions()).sum();
            if held == all && lanes.iter().all(|lane| lane.partitions() > 0) && self.running.health().is_ready() {
                return Ok(());
            }
            if Instant::now() > until {
                let held: Vec<usize> = lanes.iter().map(|lane| lane.partitions()).collect();
                return Err(Failure::say(
                    Exit::Internal,
                    format_args!("the lanes did not come to share {all} partitions: they hold {held:?}"),
                ));
            }
            self.look(10 * LOOK)?;
        }
    }

    /// Writes all records, never more than the lanes can follow.
    fn feed(&mut self, feed: &Feed) -> Result<(), Failure> {
        let start: Timestamp = START.parse().expect("the constant is a moment");
        let shares = Shares { canary: 0, broken: BROKEN };
        let services = Source::ALL.into_iter().filter_map(|source| {
            let plan = self.engine.sources().iter().find(|plan| *plan.name == *source.name())?;
            let generator = Generator::new(source, self.seed, start, shares);
            Some(Log { generator, topic: plan.topics.first()?.to_string(), written: 0 })
        });
        let mut logs: Vec<Log> = services.collect();
        let others = logs.len() as u64 - 1;
        let mut value = Vec::new();
        while self.written < self.records {
            while self.unread() > DEMO_UNREAD_BYTES_MAX {
                self.look(LOOK)?;
            }
            let turn = self.written % OTHERS_EVERY == OTHERS_EVERY - 1 && others > 0;
            let log = &mut logs[if turn { 1 + (self.written / OTHERS_EVERY % others) as usize } else { 0 }];
            let (stamp, position) = log.next(&mut value);
            let fed = Fed {
                key: &stamp.key,
                value: &value,
                timestamp_ms: stamp.timestamp_ms,
                partition: Some(position.partition),
            };
            feed.send(&log.topic, fed).map_err(unavailable)?;
            self.written += 1;
            self.bytes += value.len() as u64;
            self.broken += u64::from(stamp.refused.is_some());
            if stamp.refused.is_none() {
                report::collect(&mut self.examples, &log.topic, &value, stamp.timestamp_ms, position);
            }
        }
        for log in &logs {
            feed.flush(&log.topic, STALL_MAX).map_err(unavailable)?;
        }
        Ok(())
    }

    /// Bytes that are written and not committed: an upper bound of what lies unread in any partition.
    fn unread(&self) -> u64 {
        self.bytes - self.committed()
    }

    fn committed(&self) -> u64 {
        self.counters.consumed().iter().map(|count| count.bytes).sum()
    }

    /// Waits until everything that was written is committed.
    fn settle(&mut self) -> Result<(), Failure> {
        while self.counters.consumed().iter().map(|count| count.records).sum::<u64>() < self.records {
            self.look(LOOK)?;
        }
        self.picture.finish();
        Ok(())
    }

    /// Draws, and looks after the lanes.
    fn look(&mut self, wait: Duration) -> Result<(), Failure> {
        if let Some(ended) = self.running.wait(wait) {
            return Err(failure(ended));
        }
        let committed = self.committed();
        if committed != self.progress.0 || self.bytes == committed {
            self.progress = (committed, Instant::now());
        } else if self.progress.1.elapsed() > STALL_MAX {
            return Err(Failure::say(Exit::Internal, "the lanes commit nothing although there is something to treat"));
        }
        self.picture.draw(&self.counters);
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Failure> {
        self.running.stop();
        loop {
            match self.running.wait(100 * LOOK) {
                None => {}
                Some(ended) if ended.why == Why::Stopped => return Ok(()),
                Some(ended) => return Err(failure(ended)),
            }
        }
    }

    /// Every record is in its tiers or in the quarantine, none twice, and the log of windows says the same.
    fn account(&self, windows: Windows) -> Result<(), Failure> {
        let consumed: u64 = self.counters.consumed().iter().map(|count| count.records).sum();
        let refused: u64 = self.counters.refused().iter().map(|(_, count)| count).sum();
        let logged = windows.account_for(consumed, refused);
        if logged && consumed == self.records && refused == self.broken {
            return Ok(());
        }
        let (records, broken) = (self.records, self.broken);
        Err(Failure::say(
            Exit::Internal,
            format_args!(
                "of {records} records, {broken} of them broken on purpose, {consumed} were read and {refused} refused; \
                 {windows:?}"
            ),
        ))
    }
}

/// One source's log as it is written.
struct Log {
    generator: Generator,
    topic: String,
    written: u64,
}

impl Log {
    /// The next record, with the place that it will have.
    fn next(&mut self, value: &mut Vec<u8>) -> (Stamp, Position) {
        let stamp = self.generator.next(value);
        let partitions = PARTITIONS as u64;
        let position =
            Position { partition: (self.written % partitions) as i32, offset: (self.written / partitions) as i64 };
        self.written += 1;
        (stamp, position)
    }
}

fn failure(ended: Ended) -> Failure {
    Failure::new(Exit::Internal, ended)
}
