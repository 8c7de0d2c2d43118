//! The daily end of what is due: records that were appended before the day that must stay are deleted, act first.
//!
//! A deletion is by partition and offset: everything before the first record that was appended after the cut-off of its
//! tier. Nothing goes before the legal minimum of whatever may have been appended with it; see `route::stay`.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::audit::TopicActs;
use super::survey::{State, TierTopic, cut_off_ms, state, tier_topics, times};
use super::{Ended, now_ms};
use crate::engine::Engine;
use crate::kafka::Fault;
use crate::kafka::admin::Admin;
use crate::kafka::log::LogReader;
use crate::kafka::oldest::{Left, settled};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::topics::stay;
use crate::limits::{EXPIRY_LOOK_MS, EXPIRY_PARTITIONS_MAX, EXPIRY_STOP_MS, LOG_CALL_MS};
use crate::record::TierId;
use crate::telemetry::audit::entry::{Act, Cut, What};
use crate::telemetry::audit::{Acts, AuditFault};
use crate::telemetry::hex;

const CALL: Duration = Duration::from_millis(LOG_CALL_MS);

/// What of a topic may go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The topic.
    pub topic: String,
    /// Whose records it holds.
    pub tier: TierId,
    /// Everything that was appended before this goes, in milliseconds since 1970.
    pub cut_off_ms: i64,
    /// The partitions in which there is something.
    pub cuts: Vec<Cut>,
    /// How many of these partitions held a record that should have been gone already.
    pub overdue: usize,
}

impl Due {
    /// At most so many records: offsets, of which some are markers.
    pub fn most(&self) -> i64 {
        self.cuts.iter().map(|cut| cut.before - cut.from).sum()
    }
}

/// A topic of which nothing was deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The topic.
    pub topic: String,
    /// Why.
    pub why: String,
}

/// What may go now, and the topics that cannot be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Topics with something that may go.
    pub due: Vec<Due>,
    /// Topics that were passed over.
    pub passed: Vec<Passed>,
}

/// Why nothing more was deleted.
#[derive(Debug, thiserror::Error)]
pub enum ExpiryFault {
    /// The brokers.
    #[error("{0}")]
    Kafka(#[from] Fault),
    /// The log of acts cannot be written: nothing is deleted without it.
    #[error("{0}")]
    Acts(#[from] AuditFault),
}

/// Finds what may go now. `only` asks for one tier by its name.
///
/// # Errors
/// When the brokers do not answer, or the ACLs deny something.
pub fn plan(
    engine: &Engine,
    admin: &Admin,
    reader: &LogReader,
    only: Option<TierId>,
    now_ms: i64,
) -> Result<Plan, Fault> {
    let cluster = admin.look(CALL)?;
    let (there, missing) = tier_topics(engine, admin, &cluster, CALL)?;
    let mut plan = Plan::default();
    let wanted = |tier: TierId| only.is_none_or(|only| only == tier);
    for (topic, _) in missing.into_iter().filter(|(_, tier)| wanted(*tier)) {
        plan.passed.push(Passed { topic, why: String::from("it is not there") });
    }
    for found in there.into_iter().filter(|found| wanted(found.tier)) {
        let partitions = cluster.topics.get(&found.needed.name).copied().unwrap_or_default();
        match undeletable(&found) {
            Some(why) => plan.passed.push(Passed { topic: found.needed.name, why }),
            // Another instance may be deleting the same.
            None => match settled(|| due(engine, reader, &found, partitions, now_ms))? {
                Ok(due) if due.cuts.is_empty() => {}
                Ok(due) => plan.due.push(due),
                Err(why) => plan.passed.push(Passed { topic: found.needed.name, why }),
            },
        }
    }
    Ok(plan)
}

/// Why nothing can be deleted by time from this topic.
fn undeletable(found: &TierTopic) -> Option<String> {
    let settings = match &found.settings {
        Ok(settings) => settings,
        Err(fault) => return Some(fault.to_string()),
    };
    let is = |name: &str, value: &str| settings.get(name).is_some_and(|setting| setting.value == value);
    if !is("message.timestamp.type", "LogAppendTime") {
        return Some(String::from("its records do not bear the time of their append (`message.timestamp.type`)"));
    }
    (!is("cleanup.policy", "delete")).then(|| String::from("its `cleanup.policy` is not `delete`"))
}

/// What of a topic may go; or why that cannot be said.
fn due(
    engine: &Engine,
    reader: &LogReader,
    found: &TierTopic,
    partitions: i32,
    now_ms: i64,
) -> Result<Result<Due, String>, Fault> {
    let (topic, zone) = (&found.needed.name, &engine.plan().zone);
    let stay = stay(engine, found.tier);
    let Some(cut_off_ms) = cut_off_ms(&stay, zone, now_ms) else {
        return Ok(Err(String::from("the calendar ends before its term")));
    };
    let left = reader.left(topic, partitions)?;
    let ends = reader.first_from(topic, &left, cut_off_ms)?;
    let cut: Vec<(Left, i64)> = left.into_iter().zip(ends).filter(|(left, before)| *before > left.first).collect();
    let parts: Vec<Left> = cut.iter().map(|(left, _)| *left).collect();
    let mut overdue = 0;
    for oldest in reader.oldest(topic, &parts)?.into_iter().flatten() {
        // A topic whose setting was mended later may hold records from before, whose time is that of their writer.
        let Some(appended_ms) = oldest.appended_ms else {
            return Ok(Err(String::from("some of its records do not bear the time of their append")));
        };
        let times = times(&stay, zone, appended_ms);
        overdue += usize::from(times.is_some_and(|times| state(times, now_ms) == State::Overdue));
    }
    let cuts = cut.into_iter().map(|(left, before)| Cut { partition: left.partition, from: left.first, before });
    Ok(Ok(Due { topic: topic.clone(), tier: found.tier, cut_off_ms, cuts: cuts.collect(), overdue }))
}

/// Deletes what is due of a topic: the act first, then the records. Answers the partitions that the brokers refused.
///
/// # Errors
/// When the act cannot be written, and nothing is deleted then; or the brokers do not answer.
pub fn expire(
    engine: &Engine,
    admin: &Admin,
    acts: &mut dyn Acts,
    by: &str,
    due: &Due,
) -> Result<Vec<(i32, Fault)>, ExpiryFault> {
    let tier = &engine.tiers()[usize::from(due.tier.0)];
    let mut refused = Vec::new();
    for cuts in due.cuts.chunks(EXPIRY_PARTITIONS_MAX) {
        let what = What::RecordsExpired {
            tier: tier.name.to_string(),
            term: crate::policy::diff::term(&tier.term),
            topic: due.topic.clone(),
            cut_off_ms: due.cut_off_ms,
            at_most: cuts.iter().map(|cut| cut.before.saturating_sub(cut.from).unsigned_abs()).sum(),
            cuts: cuts.to_vec(),
            policy: hex(engine.digest()),
        };
        acts.append(&Act::new(now_ms(), by, what))?;
        let ends: Vec<(i32, i64)> = cuts.iter().map(|cut| (cut.partition, cut.before)).collect();
        let answers = admin.delete_before(&due.topic, &ends, CALL)?;
        let failed = |(cut, answer): (&Cut, Result<i64, Fault>)| Some((cut.partition, answer.err()?));
        refused.extend(cuts.iter().zip(answers).filter_map(failed));
    }
    Ok(refused)
}

/// The thread of `run` that does the day's deletions, beside the lanes.
pub struct Expiry {
    ask: Sender<()>,
    ended: std::sync::mpsc::Receiver<()>,
}

impl std::fmt::Debug for Expiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expiry")
    }
}

/// The policy in force; `None` once the lanes are gone.
pub type InForce = Box<dyn Fn() -> Option<std::sync::Arc<Engine>> + Send>;

impl Expiry {
    /// Starts it: a look now and then every hour, so that a day that has begun is noticed and a failure is tried again.
    /// Nothing that goes wrong here ends the lanes; it is told in the log, and `garim topics verify` sees what stays.
    ///
    /// # Errors
    /// [`Why::Unavailable`](super::Why::Unavailable) when the system gives no thread.
    pub fn start(kafka: KafkaSettings, policy: InForce) -> Result<Self, Ended> {
        let (ask, asked) = channel();
        let (tell, ended) = channel();
        let work = move || {
            loop {
                let Some(engine) = policy() else { break };
                let began = Instant::now();
                if let Err(fault) = round(&engine, &kafka) {
                    tracing::error!("what is due was not deleted, and is tried again: {fault}");
                }
                drop(engine);
                tracing::debug!(ms = began.elapsed().as_millis() as u64, "looked for records that are due");
                match asked.recv_timeout(Duration::from_millis(EXPIRY_LOOK_MS)) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            // Nobody listens any more when the process is ending.
            let _ = tell.send(());
        };
        let thread = std::thread::Builder::new().name(String::from("garim-expiry")).spawn(work);
        thread.map_err(|error| Ended::thread(&error))?;
        Ok(Self { ask, ended })
    }

    /// Ends it. What it is doing has its own deadlines; a deletion that was begun is good whether or not it is waited for.
    pub fn stop(self) {
        let _ = self.ask.send(());
        let _ = self.ended.recv_timeout(Duration::from_millis(EXPIRY_STOP_MS));
    }
}

fn round(engine: &Engine, kafka: &KafkaSettings) -> Result<(), ExpiryFault> {
    let (admin, reader) = (Admin::new(kafka)?, LogReader::new(kafka, "expiry")?);
    let found = plan(engine, &admin, &reader, None, now_ms())?;
    for passed in &found.passed {
        tracing::warn!(topic = passed.topic, "nothing is deleted here: {}", passed.why);
    }
    if found.due.is_empty() {
        return Ok(());
    }
    let mut acts = TopicActs::open(kafka)?;
    let by = format!("{}/{} expiry", kafka.group, kafka.instance);
    for due in &found.due {
        let refused = expire(engine, &admin, &mut acts, &by, due)?;
        if due.overdue > 0 {
            tracing::error!(topic = due.topic, partitions = due.overdue, "records stayed past their last day");
        }
        for (partition, fault) in &refused {
            tracing::error!(topic = due.topic, partition, "its records were not deleted: {fault}");
        }
        tracing::info!(topic = due.topic, partitions = due.cuts.len(), at_most = due.most(), "records were deleted");
    }
    Ok(())
}
