//! The topics that a policy needs: their names, partitions and configuration.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::limits::{QUARANTINE_KEEP_DAYS, TOPIC_PARTITIONS_DEFAULT, WINDOWS_KEEP_DAYS};
use crate::record::TierId;
use crate::record::time::DAY_MS;
use crate::route::stay::{Reach, Stay, segment_ms};

/// A topic as the policy needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The tier whose records it holds, if it holds any.
    pub tier: Option<TierId>,
    /// How many partitions.
    pub partitions: i32,
    /// Topic configuration: Kafka's names and values.
    pub configs: Vec<Config>,
}

/// A setting of a topic: Kafka's name, and the value.
pub type Config = (&'static str, String);

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
    let mut add = |name: &str, role: Role, tier: Option<TierId>, partitions: i32, configs: Vec<Config>| match all
        .iter_mut()
        .find(|needed| needed.name == name)
    {
        Some(shared) => shared.partitions = shared.partitions.max(partitions),
        None => all.push(Needed { name: String::from(name), role, tier, partitions, configs }),
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
                add(topic, Role::Input, None, count, durable(Vec::new()));
            }
        }
    }
    for (index, &count) in counts.iter().enumerate() {
        for tier in engine.tiers_of(index as u16) {
            let kept = kept(stay(engine, tier).keep_ms());
            add(engine.topic(index as u16, tier), Role::Tier, Some(tier), count, durable(kept));
        }
    }
    for (source, &count) in engine.sources().iter().zip(&counts) {
        add(&source.quarantine, Role::Quarantine, None, count, durable(kept(QUARANTINE_KEEP_DAYS as i64 * DAY_MS)));
    }
    all
}

/// The topics of the audit, which all policies share: that of acts, kept for ever, and that of commit windows. One partition
/// each, since its order is the order of the log.
pub fn logs(acts: &str, windows: &str, brokers: usize) -> [Needed; 2] {
    let log = |name: &str, configs| Needed {
        name: String::from(name),
        role: Role::Audit,
        tier: None,
        partitions: 1,
        configs: durable(configs, brokers),
    };
    let mut forever = kept(WINDOWS_KEEP_DAYS as i64 * DAY_MS);
    for (name, value) in &mut forever {
        if *name == "retention.ms" {
            *value = String::from("-1");
        }
    }
    [log(acts, forever), log(windows, kept(WINDOWS_KEEP_DAYS as i64 * DAY_MS))]
}

/// Where there are brokers enough, a record counts only when a second one has it.
fn durable(mut configs: Vec<Config>, brokers: usize) -> Vec<Config> {
    if brokers >= 3 {
        configs.push(("min.insync.replicas", String::from("2")));
    }
    configs
}

/// The configuration of a topic whose records must stay readable for so many milliseconds after they were appended.
///
/// `LogAppendTime`, because one future timestamp would shield a segment and all later ones from deletion, and an old one
/// would end a record before anybody read it. No deletion by size, which would break the legal minimum.
fn kept(keep_ms: i64) -> Vec<Config> {
    vec![
        ("cleanup.policy", String::from("delete")),
        ("message.timestamp.type", String::from("LogAppendTime")),
        ("retention.ms", keep_ms.to_string()),
        ("retention.bytes", String::from("-1")),
        ("segment.ms", segment_ms(keep_ms).to_string()),
    ]
}

/// How long the records of a tier stay on the brokers, by the policy and its limits.
pub fn stay(engine: &Engine, tier: TierId) -> Stay<'_> {
    let plan = engine.plan();
    let of = &plan.tiers[usize::from(tier.0)];
    let reach = Reach::new(plan.max_lateness_s, engine.limits().future_days);
    Stay { term: &of.term, legal_minimum: of.legal_minimum, holidays: &plan.holidays, reach }
}
