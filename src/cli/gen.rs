//! `garim gen`: synthetic activity logs, seeded; to standard output or to a topic.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::Timestamp;

use super::output::{Out, Progress};
use super::topics::unavailable;
use super::{Exit, Failure, Shared};
use crate::diagnostic::nearest;
use crate::kafka::feed::{Fed, Feed};
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::policy::synthetic::{Generator, Shares, Source, Stamp};
use crate::service::settings;

/// Arguments of `gen`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose log
    #[arg(long, value_name = "SOURCE")]
    source: Source,
    /// Records of this category of the source only [default: all of its categories]
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: u64,
    /// Equal seeds give equal records, on every machine
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Produce to this topic of the brokers that the settings name [default: to standard output, one a line]
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Records a second [default: as fast as can be]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Fill records up to so many bytes, in texts that are scanned and queries that are dropped
    #[arg(long, value_name = "BYTES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=SIZE_MAX))]
    size: u32,
    /// Time of the first event [default: 2026-11-14T09:00:00+09:00; with --topic, now]
    #[arg(long, value_name = "TIME")]
    start: Option<Timestamp>,
    /// Of a thousand records, how many carry a string that no treated record may hold
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    canaries: u16,
    /// Of a thousand records, how many are broken on purpose
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    broken: u16,
}

impl ValueEnum for Source {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// The first event where none is given: a fixed one, so that equal arguments give equal bytes.
const START: &str = "2026-11-14T09:00:00+09:00";

/// Largest `--size`: half of what a worker reads, since a token is longer than the number that it stands for.
const SIZE_MAX: i64 = PAYLOAD_BYTES_MAX as i64 / 2;

/// Records that are written at once where a rate is asked for: a hundredth of a second's.
const PACES_A_SECOND: u64 = 100;

/// How long the brokers may take to answer, and to acknowledge the last record.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Writes the records: one a line, or each to the topic with its key and its timestamp.
///
/// # Errors
/// [`Exit::Usage`] when the source has no such category, before anything is written; when standard output cannot be
/// written; [`Exit::Unavailable`] when the brokers are away or refuse.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    // A topic's keys exist for the days around now.
    let now = args.topic.as_ref().map(|_| Timestamp::now());
    let start = args.start.or(now).unwrap_or_else(|| START.parse().expect("the constant is a moment"));
    let mut generator = generator(args, start)?;
    let mut sink = match &args.topic {
        Some(topic) => {
            let feed = Feed::new(&settings::load(&shared.config()?, &[])?.kafka).map_err(unavailable)?;
            feed.partitions(topic, TIMEOUT).map_err(unavailable)?;
            Sink::Topic(feed, topic)
        }
        None => Sink::Lines(shared.data()),
    };
    let mut pace = Pace::start(args.rate);
    let mut progress = Progress::start(shared, None);
    let mut value = Vec::new();
    let mut left = args.count;
    while left > 0 {
        let some = left.min(pace.batch());
        let mut bytes = 0;
        for _ in 0..some {
            let stamp = generator.next(&mut value);
            bytes += value.len() as u64;
            sink.put(&mut value, stamp)?;
        }
        if args.rate.is_some() {
            sink.pause()?;
        }
        progress.add(some, bytes);
        pace.wait(some);
        left -= some;
    }
    sink.end()?;
    progress.finish();
    if let Some(topic) = &args.topic {
        shared.note(format_args!("{} records were acknowledged in {topic}", args.count));
    }
    Ok(Exit::Done)
}

fn generator(args: &Args, start: Timestamp) -> Result<Generator, Failure> {
    let shares = Shares { canary: args.canaries, broken: args.broken };
    let all = Generator::new(args.source, args.seed, start, shares).filled(args.size as usize);
    let Some(category) = &args.category else { return Ok(all) };
    all.only(category).ok_or_else(|| {
        let source = args.source.name();
        let known: Vec<&str> = args.source.categories().collect();
        match nearest(category, known.iter().copied()) {
            _ if known.is_empty() => {
                Failure::say(Exit::Usage, format_args!("`{source}` has no categories")).help("leave `--category` out")
            }
            near => {
                Failure::say(Exit::Usage, format_args!("`{source}` has no category `{category}`")).help(match near {
                    Some(near) => format!("did you mean `{near}`? It has `{}`", known.join("`, `")),
                    None => format!("it has `{}`", known.join("`, `")),
                })
            }
        }
    })
}

/// Where the records go.
enum Sink<'a> {
    Lines(Out),
    Topic(Feed, &'a str),
}

impl Sink<'_> {
    fn put(&mut self, value: &mut Vec<u8>, stamp: Stamp) -> Result<(), Failure> {
        match self {
            Self::Lines(out) => {
                value.push(b'\n');
                Ok(out.write_all(value)?)
            }
            Self::Topic(feed, topic) => {
                let fed = Fed { key: &stamp.key, value, timestamp_ms: stamp.timestamp_ms, partition: None };
                feed.send(topic, fed).map_err(unavailable)
            }
        }
    }

    /// Before a wait: what was made is seen.
    fn pause(&mut self) -> Result<(), Failure> {
        match self {
            Self::Lines(out) => Ok(out.flush()?),
            // The client library sends by itself within its linger time.
            Self::Topic(..) => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self {
            Self::Lines(out) => Ok(out.flush()?),
            Self::Topic(feed, topic) => feed.flush(topic, TIMEOUT).map_err(unavailable),
        }
    }
}

/// Holds a rate by the time since the start, so that a late batch is made up for.
struct Pace {
    rate: Option<u64>,
    started: Instant,
    done: u64,
}

impl Pace {
    fn start(rate: Option<u64>) -> Self {
        Self { rate, started: Instant::now(), done: 0 }
    }

    /// Records until the next wait.
    fn batch(&self) -> u64 {
        /// Without a rate: between two looks at the progress.
        const FREE: u64 = 4096;
        self.rate.map_or(FREE, |rate| (rate / PACES_A_SECOND).max(1))
    }

    fn wait(&mut self, records: u64) {
        self.done += records;
        if let Some(rate) = self.rate {
            let due = Duration::from_secs_f64(self.done as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(self.started.elapsed()));
        }
    }
}
