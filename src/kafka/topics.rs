//! The topics that a policy needs: their names, partitions and configuration, and how they are made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan, Unit};
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::Client;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Fault;
use super::settings::{KafkaSettings, relay};
use crate::engine::Engine;
use crate::limits::{
    QUARANTINE_KEEP_DAYS, SEGMENT_MS_MAX, TIER_KEEP_DAYS_MAX, TIER_KEEP_EXTRA_DAYS, TOPIC_PARTITIONS_DEFAULT,
    WINDOWS_KEEP_DAYS,
};
use crate::route::term::{Length, Term};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A topic as the policy needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// How many partitions.
    pub partitions: i32,
    /// Topic configuration: Kafka's names and values.
    pub configs: Vec<(&'static str, String)>,
}

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Raw logs come in here.
    Input,
    /// Treated records of one tier.
    Tier,
    /// Notices of refused records.
    Quarantine,
    /// The log of acts, or that of commit windows.
    Audit,
}

/// Every topic of a policy: inputs only if asked for, then tiers, then quarantine, each once, in file order.
///
/// `existing` gives the partitions of topics that are there: outputs get as many as their input has, unless `partitions`
/// says otherwise.
pub fn needed(
    engine: &Engine,
    existing: &BTreeMap<String, i32>,
    partitions: Option<i32>,
    brokers: usize,
    with_inputs: bool,
) -> Vec<Needed> {
    let mut all: Vec<Needed> = Vec::new();
    let mut add = |name: &str, role: Role, partitions: i32, configs: Vec<(&'static str, String)>| match all
        .iter_mut()
        .find(|needed| needed.name == name)
    {
        Some(shared) => shared.partitions = shared.partitions.max(partitions),
        None => all.push(Needed { name: String::from(name), role, partitions, configs }),
    };
    let durable = |configs| durable(configs, brokers);
    let counts: Vec<i32> = engine
        .sources()
        .iter()
        .map(|source| {
            let inputs = source.topics.iter().filter_map(|topic| existing.get(&**topic)).copied();
            partitions.or(inputs.max()).unwrap_or(TOPIC_PARTITIONS_DEFAULT)
        })
        .collect();
    if with_inputs {
        for (source, &count) in engine.sources().iter().zip(&counts) {
            for topic in &source.topics {
                add(topic, Role::Input, count, durable(Vec::new()));
            }
        }
    }
    for (index, &count) in counts.iter().enumerate() {
        for tier in engine.tiers_of(index as u16) {
            let keep_days = keep_days(&engine.tiers()[tier.0 as usize].term);
            add(engine.topic(index as u16, tier), Role::Tier, count, durable(kept(keep_days)));
        }
    }
    for (source, &count) in engine.sources().iter().zip(&counts) {
        add(&source.quarantine, Role::Quarantine, count, durable(kept(QUARANTINE_KEEP_DAYS)));
    }
    all
}

/// The topics of the audit, which all policies share: that of acts, kept for ever, and that of commit windows. One partition
/// each, since its order is the order of the log.
pub fn logs(acts: &str, windows: &str, brokers: usize) -> [Needed; 2] {
    let log = |name: &str, configs| Needed {
        name: String::from(name),
        role: Role::Audit,
        partitions: 1,
        configs: durable(configs, brokers),
    };
    let mut forever = kept(WINDOWS_KEEP_DAYS);
    for (name, value) in &mut forever {
        if *name == "retention.ms" {
            *value = String::from("-1");
        }
    }
    [log(acts, forever), log(windows, kept(WINDOWS_KEEP_DAYS))]
}

/// Where there are brokers enough, a record counts only when a second one has it.
fn durable(mut configs: Vec<(&'static str, String)>, brokers: usize) -> Vec<(&'static str, String)> {
    if brokers >= 3 {
        configs.push(("min.insync.replicas", String::from("2")));
    }
    configs
}

/// The configuration of a topic whose records must stay readable for so many days after they were appended.
///
/// `LogAppendTime`, because one future timestamp would shield a segment and all later ones from deletion, and an old one
/// would end a record before anybody read it. No deletion by size, which would break the legal minimum.
fn kept(days: u64) -> Vec<(&'static str, String)> {
    vec![
        ("cleanup.policy", String::from("delete")),
        ("message.timestamp.type", String::from("LogAppendTime")),
        ("retention.ms", (days * DAY_MS).to_string()),
        ("retention.bytes", String::from("-1")),
        ("segment.ms", (days * DAY_MS / 10).min(SEGMENT_MS_MAX).to_string()),
    ]
}

/// Days for which the brokers must keep a record of this term: its longest calendar length, the day on which the period
/// ends, and the days by which a holiday may move that.
///
/// A tier that ends with an event of the subject keeps at most what its `at-most` says, or else a year of bytes.
pub fn keep_days(term: &Term) -> u64 {
    let longest = match term.length {
        Some(Length::Days(days)) => u64::from(days),
        Some(Length::Months(months)) => longest_days(i64::from(months).months()),
        Some(Length::Years(years)) => longest_days(i64::from(years).years()),
        None => return TIER_KEEP_DAYS_MAX,
    };
    // Where an event may end it too, the length is a bound from above, which no holiday moves.
    if term.until.is_empty() { longest + TIER_KEEP_EXTRA_DAYS } else { longest }
}

/// The most days that a span of months or years can have, over every day of eight years around a skipped leap year and
/// of eight common ones.
fn longest_days(span: Span) -> u64 {
    let longest_from = |first: Date| {
        let mut longest = 0;
        let mut day = first;
        while day.year() < first.year() + 8 {
            let days = day
                .checked_add(span)
                .and_then(|end| day.until((Unit::Day, end)))
                .map_or(0, |between| u64::from(between.get_days().unsigned_abs()));
            longest = longest.max(days);
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        longest
    };
    longest_from(date(2024, 1, 1)).max(longest_from(date(2096, 1, 1)))
}

/// What is there: the brokers, and every topic with its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// How many brokers answer.
    pub brokers: usize,
    /// Topics and their partitions.
    pub topics: BTreeMap<String, i32>,
}

/// A client that asks and creates.
pub struct Admin {
    client: AdminClient<Quiet>,
}

struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        relay(level, facility, line);
    }
    fn error(&self, _: KafkaError, _: &str) {}
    fn stats_raw(&self, _: &[u8]) {}
}

/// What became of a topic that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It was made.
    Created,
    /// It was there already (made by somebody else meanwhile).
    Existed,
    /// The brokers refused.
    Failed(Fault),
}

impl Admin {
    /// A client; connects in the background.
    ///
    /// # Errors
    /// When the client library refuses its options.
    pub fn new(settings: &KafkaSettings) -> Result<Self, Fault> {
        let client = settings
            .admin()
            .create_with_context::<_, AdminClient<Quiet>>(Quiet)
            .map_err(|error| Fault::of("starting the admin client", &error))?;
        Ok(Self { client })
    }

    /// Asks what is there. Asks for all topics at once: a question about one name could bring it into being.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub fn look(&self, timeout: Duration) -> Result<Cluster, Fault> {
        const DURING: &str = "asking the brokers for their topics";
        let metadata = self.client.inner().fetch_metadata(None, timeout).map_err(|error| asked(DURING, &error))?;
        let topics =
            metadata.topics().iter().map(|topic| (String::from(topic.name()), topic.partitions().len() as i32));
        Ok(Cluster { brokers: metadata.brokers().len(), topics: topics.collect() })
    }

    /// Makes these topics with so many replicas; one answer each, in order.
    ///
    /// # Errors
    /// When the request as a whole fails.
    pub fn create(&self, topics: &[Needed], replication: i32, timeout: Duration) -> Result<Vec<Made>, Fault> {
        const DURING: &str = "making a topic";
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|needed| {
                let new = NewTopic::new(&needed.name, needed.partitions, TopicReplication::Fixed(replication));
                needed.configs.iter().fold(new, |new, (name, value)| new.set(name, value))
            })
            .collect();
        let options = AdminOptions::new().request_timeout(Some(timeout)).operation_timeout(Some(timeout));
        let answers = wait(self.client.create_topics(&new, &options)).map_err(|error| asked(DURING, &error))?;
        Ok(answers
            .into_iter()
            .map(|answer| match answer {
                Ok(_) => Made::Created,
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => Made::Existed,
                Err((topic, code)) => Made::Failed(Fault::new(DURING, code).about(&topic)),
            })
            .collect())
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

/// Partitions of all topics.
pub(super) fn counts<C: ClientContext>(
    client: &Client<C>,
    during: &'static str,
    timeout: Duration,
) -> Result<BTreeMap<String, i32>, Fault> {
    let metadata = client.fetch_metadata(None, timeout).map_err(|error| asked(during, &error))?;
    Ok(metadata.topics().iter().map(|topic| (String::from(topic.name()), topic.partitions().len() as i32)).collect())
}

/// A question that nobody answered in time means that no broker is there.
fn asked(during: &'static str, error: &KafkaError) -> Fault {
    let unanswered = matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::OperationTimedOut | RDKafkaErrorCode::BrokerTransportFailure)
    );
    match error {
        KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut) => {
            Fault::new(during, RDKafkaErrorCode::AllBrokersDown)
        }
        _ if unanswered => Fault::new(during, RDKafkaErrorCode::AllBrokersDown),
        other => Fault::of(during, other),
    }
}

/// Waits for a future of the admin client, which has a thread of its own: no runtime is needed to sleep until it answers.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_for_the_longest_calendar_length_and_the_holidays() {
        let rows = [
            (Term::months(3), 92 + 7),
            (Term::months(6), 184 + 7),
            (Term::years(1), 366 + 7),
            (Term::years(3), 1096 + 7),
            (Term::years(5), 1827 + 7),
            (Term::days(90), 90 + 7),
            (Term::until(vec![Box::from("member_left")]), 365),
            (Term { length: Some(Length::Days(90)), until: vec![Box::from("proposal_refused")] }, 90),
        ];
        for (term, days) in rows {
            assert_eq!(keep_days(&term), days, "{term:?}");
        }
    }

    #[test]
    fn segments_are_a_tenth_of_the_retention_and_at_most_a_day() {
        let segment_ms = |days| kept(days).into_iter().find(|(name, _)| *name == "segment.ms").map(|(_, value)| value);
        assert_eq!(segment_ms(5), Some(String::from("43200000")));
        assert_eq!(segment_ms(98), Some(String::from("86400000")));
    }
}
