//! Why the work ended, or could not begin: a sentence, what to do, and what kind of end it was.

use std::net::SocketAddr;
use std::time::Duration;

use super::custody::CustodyFault;
use super::{LaneEnd, Loaded};
use crate::engine::Engine;
use crate::engine::outcome::KeyMissing;
use crate::flow::Ending;
use crate::flow::message::FaultClass;
use crate::kafka::Fault;
use crate::kafka::settings::KafkaSettings;
use crate::record::Position;
use crate::telemetry::audit::AuditFault;

/// Kinds of ends; the command line has an exit code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was asked for, and everything is settled.
    Stopped,
    /// Something was not settled in time; the next start takes it up.
    Deadline,
    /// A broker, a topic or an address is not to be had, or access is refused.
    Unavailable,
    /// Too many records were refused.
    Data,
    /// A key is missing.
    Keys,
    /// Settings and policy do not go together with what runs.
    Config,
    /// A fault in garim.
    Internal,
}

/// The end of the work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Ended {
    /// Which kind.
    pub why: Why,
    /// What happened, where.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Ended {
    fn new(why: Why, message: String, help: &str) -> Self {
        Self { why, message, help: (!help.is_empty()).then(|| help.to_owned()) }
    }

    /// Why keys cannot be used.
    pub fn custody(fault: &CustodyFault) -> Self {
        let why = match fault {
            fault if fault.is_newer() => Why::Config,
            // A log that was bent is no fault of garim: the same code as everywhere.
            CustodyFault::Acts(AuditFault::Broken { .. }) => Why::Data,
            CustodyFault::Acts(_) => Why::Unavailable,
            CustodyFault::Store(_)
            | CustodyFault::Clock { .. }
            | CustodyFault::Copied { .. }
            | CustodyFault::Horizon { .. }
            | CustodyFault::IsMirror { .. }
            | CustodyFault::NoMirror { .. } => Why::Keys,
        };
        Self { why, message: fault.to_string(), help: fault.help() }
    }

    /// The thread that keeps the keys is gone, and nobody can tell why.
    pub fn keeper() -> Self {
        let message = String::from("the keeper of the keys met a fault in garim; its place is in the log");
        Self::new(Why::Internal, message, "nothing is lost: the next start begins at the last commit")
    }

    /// Why the log of acts and windows cannot be kept.
    pub(super) fn audit(fault: &AuditFault) -> Self {
        let (why, help) = match fault {
            AuditFault::Newer { .. } => (Why::Config, "use a newer garim"),
            AuditFault::Broken { .. } => (Why::Data, "`garim audit verify` tells everything that is wrong"),
            AuditFault::Io { .. } => (Why::Unavailable, "`audit.dir` must take every entry; nothing is lost meanwhile"),
            AuditFault::Busy { .. } => (Why::Unavailable, "give each process an `audit.dir` of its own"),
            AuditFault::Away(_) | AuditFault::Broker(_) => (Why::Unavailable, ""),
        };
        Self::new(why, fault.to_string(), help)
    }

    /// The thread that follows the audit is gone, and nobody can tell why.
    pub(super) fn follower() -> Self {
        let message = String::from("the follower of the audit met a fault in garim; its place is in the log");
        Self::new(Why::Internal, message, "nothing is lost: the next start begins at the last commit")
    }

    pub(super) fn no_random() -> Self {
        Self::new(Why::Internal, String::from("the system gives no random bytes"), "")
    }

    pub(super) fn stopped() -> Self {
        Self::new(Why::Stopped, String::from("stopped"), "")
    }

    pub(super) fn deadline() -> Self {
        let message = String::from("the deadline of the stop passed before everything was committed");
        Self::new(Why::Deadline, message, "nothing is lost: the next start begins at the last commit")
    }

    pub(super) fn panicked(lane: usize) -> Self {
        let message = format!("lane {lane} met a fault in garim; its place is in the log");
        Self::new(Why::Internal, message, "nothing is lost: the next start begins at the last commit")
    }

    pub(super) fn hangs(lane: usize, call: &str) -> Self {
        let why = if call == "treat" { Why::Internal } else { Why::Deadline };
        let message = format!("lane {lane}: `{call}` does not return");
        Self::new(why, message, "nothing is lost: the next start begins at the last commit")
    }

    pub(super) fn fault(why: Why, fault: Fault) -> Self {
        Self::new(why, fault.to_string(), "")
    }

    pub(super) fn thread(error: &std::io::Error) -> Self {
        Self::new(Why::Unavailable, format!("the system gives no thread for a lane: {error}"), "")
    }

    pub(super) fn address(address: SocketAddr, error: &std::io::Error) -> Self {
        let message = format!("cannot listen on {address}: {error}");
        Self::new(Why::Unavailable, message, "set `http.address` of garim.toml, or `http.enabled = false`")
    }

    pub(super) fn brokers(fault: Fault, kafka: &KafkaSettings, wait: Duration) -> Self {
        if fault.class != FaultClass::BrokerAway {
            return Self::fault(Why::Unavailable, fault);
        }
        let message = format!("no broker answered at {} within {} ms", kafka.brokers, wait.as_millis());
        Self::new(
            Why::Unavailable,
            message,
            "is `kafka.brokers` right, and are they up? `kafka.start-wait-ms` waits longer",
        )
    }

    pub(super) fn topics(missing: &[&str]) -> Self {
        let word = if missing.len() == 1 { "topic is" } else { "topics are" };
        let message = format!("{} {word} missing: {}", missing.len(), missing.join(", "));
        let help = "make tiers and quarantines with `garim topics apply`; input topics are made by their owner, \
                    or with `--with-inputs`";
        Self::new(Why::Unavailable, message, help)
    }

    /// Topics that break the window of their tier, a line each.
    pub(super) fn broken_windows(broken: &[String]) -> Self {
        let word = if broken.len() == 1 { "setting of a topic breaks" } else { "settings of topics break" };
        let message = format!("{} {word} the window of its tier\n  {}", broken.len(), broken.join("\n  "));
        Self::new(Why::Config, message, "`garim topics plan` shows what differs, `garim topics apply` mends it")
    }

    /// The brokers do not say how topics are configured.
    pub(super) fn unverified(fault: &Fault) -> Self {
        let message = format!("nobody knows whether the windows of the tiers hold: {fault}");
        let help = match fault.class {
            FaultClass::BrokerAway => "are the brokers up?",
            _ => {
                "allow DescribeConfigs on the topics of the tiers; or start without knowing, by `unverified = \"warn\"` in \
                 [topics]"
            }
        };
        Self::new(Why::Unavailable, message, help)
    }

    pub(super) fn inputs_differ() -> Self {
        let message = String::from("the new policy has other input topics than the running one");
        Self::new(Why::Config, message, "restart garim to change its input topics")
    }

    /// The end of one lane.
    pub(super) fn of(lane: usize, end: &LaneEnd, engine: &Engine, kafka: &KafkaSettings) -> Self {
        let fault = end.fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
        let id = || kafka.transactional_id(lane);
        let (why, message, help) = match end.ending {
            Ending::Stopped => return Self::stopped(),
            Ending::DeadlinePassed => return Self::deadline(),
            Ending::Fenced => (
                Why::Deadline,
                format!("another process holds the transactional id {}", id()),
                "give each process of the group its own `worker.instance`",
            ),
            Ending::Unauthorized => (
                Why::Unavailable,
                format!("access was refused{fault}"),
                "credentials stand in [kafka.properties]; the ACLs must allow what `garim run` needs",
            ),
            Ending::TopicMissing => (Why::Unavailable, format!("a topic is missing{fault}"), "`garim topics apply`"),
            Ending::KeyMissing => {
                return end.missing.map_or_else(|| Self::panicked(lane), |key| Self::key(engine, key));
            }
            Ending::QuarantineUnusable => (
                Why::Unavailable,
                format!("the brokers do not take the notice of a refused record{fault}"),
                "look at the configuration of the quarantine topic; nothing was dropped",
            ),
            Ending::TooManyRefused => (
                Why::Data,
                String::from("more records were refused than `worker.max-refused` allows"),
                "the notices of earlier windows name the reasons; a wrong policy refuses many records alike",
            ),
            Ending::InputLost(part) => {
                let topic = &engine.inputs()[usize::from(part.input)].0;
                let message = format!("{topic}-{}: input was deleted before it was read", part.partition);
                (Why::Data, message, "`kafka.lost-input = \"continue\"` goes on at the oldest record that is left")
            }
            Ending::AssignmentFailed => (Why::Deadline, format!("partitions could not be taken or left{fault}"), ""),
            Ending::ConsumerFailed => (Why::Deadline, format!("the consumer failed{fault}"), ""),
            Ending::Confused => (Why::Internal, String::from("the lane met an answer that cannot be"), ""),
        };
        Self::new(why, format!("lane {lane}: {message}"), help)
    }

    fn key(engine: &Engine, missing: KeyMissing) -> Self {
        let topic = &engine.inputs()[usize::from(missing.input.0)].0;
        let Position { partition, offset } = missing.position;
        let (what, help) = missing.told(engine);
        Self::new(Why::Keys, format!("{topic}-{partition}, offset {offset}: {what}"), &help)
    }
}

/// A store without any key of a tier was made for another policy, or never.
pub(super) fn keys_are_there(loaded: &Loaded) -> Result<(), Ended> {
    let Some(stored) = loaded.keys.store() else { return Ok(()) };
    let keys = &loaded.engine.plan().keys;
    let none = |index: usize| {
        keys[index].recipient.is_none() && stored.tiers.get(index).is_none_or(|epochs| epochs.is_empty())
    };
    let missing: Vec<&str> = loaded
        .engine
        .tiers()
        .iter()
        .enumerate()
        .filter(|(index, _)| none(*index))
        .map(|(_, tier)| &*tier.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("no keys were ever made for: {}", missing.join(", "));
    Err(Ended::new(Why::Keys, message, "make them: `garim keys new`"))
}
