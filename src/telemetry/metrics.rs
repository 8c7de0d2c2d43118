//! The metrics by name; lanes count in plain integers and publish them once a window.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::hex;
use crate::engine::Engine;
use crate::engine::outcome::{BatchTally, Reason};
use crate::pseudonym::epoch::{Epoch, KeyRing, Stored};
use crate::route::term::date;

type Labels = Vec<(&'static str, String)>;
type Family1 = Family<Labels, Counter>;

const BATCH_SECONDS: [f64; 9] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0];
const COMMIT_SECONDS: [f64; 9] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
const LATENCY_SECONDS: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0];

/// The partition that a gauge is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PartLabels {
    /// Input topic.
    pub topic: String,
    /// Partition number.
    pub partition: i64,
}

/// Which way a rebalance went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebalanced {
    /// Partitions came.
    Assigned,
    /// Partitions were given up.
    Revoked,
    /// Partitions were taken away.
    Lost,
}

/// Everything that `/metrics` shows.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    records_consumed: Family1,
    bytes_consumed: Family1,
    records_produced: Family1,
    bytes_produced: Family1,
    records_expired: Family1,
    records_late: Family1,
    records_withheld: Family1,
    fields_treated: Family1,
    fields_unlisted: Family1,
    records_refused: Family1,
    quarantine_records: Family1,
    rebalances: Family1,
    policy_reload: Family1,
    policy_info: Family<Labels, Gauge>,
    key_generation_info: Family<Labels, Gauge>,
    keys_live: Gauge,
    key_reload: Family1,
    consumer_lag: Family<PartLabels, Gauge>,
    /// Windows that were not committed.
    pub commit_failures: Counter<u64, AtomicU64>,
    /// Partitions whose committed offset no longer existed on the broker.
    pub input_lost: Counter<u64, AtomicU64>,
    /// Time to treat one batch.
    pub batch_duration: Histogram,
    /// Time from the end of a window to its commit.
    pub commit_duration: Histogram,
    /// Time to build the entry of a window and to hand it to the producer.
    pub audit_duration: Histogram,
    /// Time from the Kafka timestamp of the oldest record of a batch to the commit of its outputs.
    pub end_to_end_latency: Histogram,
    /// Partitions that the lanes of this process hold.
    pub assigned_partitions: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("garim"),
            records_consumed: Family::default(),
            bytes_consumed: Family::default(),
            records_produced: Family::default(),
            bytes_produced: Family::default(),
            records_expired: Family::default(),
            records_late: Family::default(),
            records_withheld: Family::default(),
            fields_treated: Family::default(),
            fields_unlisted: Family::default(),
            records_refused: Family::default(),
            quarantine_records: Family::default(),
            rebalances: Family::default(),
            policy_reload: Family::default(),
            policy_info: Family::default(),
            key_generation_info: Family::default(),
            keys_live: Gauge::default(),
            key_reload: Family::default(),
            consumer_lag: Family::default(),
            commit_failures: Counter::default(),
            input_lost: Counter::default(),
            batch_duration: Histogram::new(BATCH_SECONDS),
            commit_duration: Histogram::new(COMMIT_SECONDS),
            audit_duration: Histogram::new(BATCH_SECONDS),
            end_to_end_latency: Histogram::new(LATENCY_SECONDS),
            assigned_partitions: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let build: Family<Labels, Gauge> = Family::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        let registry = &mut self.registry;
        let counters: [(&str, &str, &Family1); 14] = [
            ("records_consumed", "Input records whose outputs are committed", &self.records_consumed),
            ("bytes_consumed", "Bytes of their values", &self.bytes_consumed),
            ("records_produced", "Treated records committed to a tier", &self.records_produced),
            ("bytes_produced", "Bytes of their values", &self.bytes_produced),
            ("records_expired", "Records not written to a tier because they were past its end", &self.records_expired),
            ("records_late", "Records not written to a tier because they came too late", &self.records_late),
            (
                "records_withheld",
                "Records not written to a tier because they do not meet its condition",
                &self.records_withheld,
            ),
            ("fields_treated", "Values that a rule was applied to", &self.fields_treated),
            ("fields_unlisted", "Fields that no item of the policy names", &self.fields_unlisted),
            ("records_refused", "Records and lines that were not treated", &self.records_refused),
            ("quarantine_records", "Notices committed to a quarantine topic", &self.quarantine_records),
            ("rebalances", "Changes of the assignment", &self.rebalances),
            ("policy_reload", "Attempts to read the policy again", &self.policy_reload),
            ("key_reload", "Attempts to read the key store again", &self.key_reload),
        ];
        for (name, help, family) in counters {
            registry.register(name, help, family.clone());
        }
        registry.register("commit_failures", "Windows that were not committed", self.commit_failures.clone());
        registry.register("input_lost", "Partitions whose committed offset was gone", self.input_lost.clone());
        registry.register("batch_duration_seconds", "Time to treat a batch", self.batch_duration.clone());
        registry.register("commit_duration_seconds", "Time to commit a window", self.commit_duration.clone());
        registry.register("audit_duration_seconds", "Time to write the entry of a window", self.audit_duration.clone());
        registry.register(
            "end_to_end_latency_seconds",
            "From the oldest record of a batch to the commit of its outputs",
            self.end_to_end_latency.clone(),
        );
        registry.register("consumer_lag_records", "Own position to the last stable offset", self.consumer_lag.clone());
        registry.register("assigned_partitions", "Partitions held", self.assigned_partitions.clone());
        registry.register("policy_info", "The policy in force", self.policy_info.clone());
        let keys = self.key_generation_info.clone();
        registry.register("key_generation_info", "The last key of each tier, and its day", keys);
        registry.register("keys_live", "Secrets of tiers and tenants in memory", self.keys_live.clone());
        registry.register("build_info", "This garim", build);
    }

    /// Everything as text, in the OpenMetrics form that Prometheus also reads.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }

    /// Names the policy in force.
    pub fn policy(&self, engine: &Engine) {
        self.policy_info.clear();
        let labels = vec![("policy", engine.name().to_owned()), ("digest", hex(engine.digest()))];
        self.policy_info.get_or_create(&labels).set(1);
    }

    /// Names the last key of each tier: where it ends, lanes stop.
    pub fn keys(&self, engine: &Engine, keys: &KeyRing) {
        self.key_generation_info.clear();
        self.keys_live.set(keys.store().map_or(0, live));
        let Some(stored) = keys.store() else { return };
        for (tier, epochs) in engine.tiers().iter().zip(&stored.tiers) {
            let last = epochs.iter().rev().find_map(|(epoch, generations)| {
                let Epoch::Day(day) = epoch else { return None };
                Some((date(*day)?, generations.last().filter(|last| last.secret.is_some())?))
            });
            if let Some((day, generation)) = last {
                let key = String::from_utf8_lossy(&generation.id).into_owned();
                let labels = vec![("tier", tier.name.to_string()), ("key", key), ("day", day.to_string())];
                self.key_generation_info.get_or_create(&labels).set(1);
            }
        }
    }

    /// Counts an attempt to read the key store again.
    pub fn keys_reloaded(&self, taken: bool) {
        let result = if taken { "ok" } else { "refused" };
        self.key_reload.get_or_create(&vec![("result", result.to_owned())]).inc();
    }

    /// Counts an attempt to read the policy again.
    pub fn reloaded(&self, taken: bool) {
        let result = if taken { "ok" } else { "refused" };
        self.policy_reload.get_or_create(&vec![("result", result.to_owned())]).inc();
    }

    /// Counts a change of the assignment.
    pub fn rebalanced(&self, kind: Rebalanced) {
        let kind = match kind {
            Rebalanced::Assigned => "assigned",
            Rebalanced::Revoked => "revoked",
            Rebalanced::Lost => "lost",
        };
        self.rebalances.get_or_create(&vec![("kind", kind.to_owned())]).inc();
    }

    /// Sets the lag of a partition, in records; `None` when it is not ours any more.
    pub fn lag(&self, topic: &str, partition: i32, records: Option<i64>) {
        let labels = PartLabels { topic: topic.to_owned(), partition: i64::from(partition) };
        match records {
            Some(records) => drop(self.consumer_lag.get_or_create(&labels).set(records)),
            None => drop(self.consumer_lag.remove(&labels)),
        }
    }
}

/// Records and bytes of one source or tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The source, tier or reason.
    pub name: String,
    /// Records.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
}

/// The counters of one policy, found once: a lane adds to them without looking labels up.
#[derive(Debug, Clone)]
pub struct Counters {
    consumed: Vec<(String, Counter, Counter)>,
    produced: Vec<(String, Counter, Counter)>,
    expired: Vec<Counter>,
    late: Vec<Counter>,
    withheld: Vec<Counter>,
    fields: Vec<Counter>,
    unlisted: Vec<Counter>,
    refused: Vec<Counter>,
    quarantine: Vec<Counter>,
}

impl Counters {
    /// The counters of this policy's sources and tiers.
    pub fn new(metrics: &Metrics, engine: &Engine) -> Self {
        let find = |family: &Family1, label: &'static str, name: &str| {
            family.get_or_create_owned(&vec![(label, name.to_owned())])
        };
        let sources = engine.sources().iter().map(|source| &*source.name);
        let tiers = engine.tiers().iter().map(|tier| &*tier.name);
        let reasons = Reason::ALL.iter().map(|reason| reason.code());
        Self {
            consumed: sources
                .clone()
                .map(|name| {
                    let records = find(&metrics.records_consumed, "source", name);
                    (name.to_owned(), records, find(&metrics.bytes_consumed, "source", name))
                })
                .collect(),
            produced: tiers
                .clone()
                .map(|name| {
                    let records = find(&metrics.records_produced, "tier", name);
                    (name.to_owned(), records, find(&metrics.bytes_produced, "tier", name))
                })
                .collect(),
            expired: tiers.clone().map(|name| find(&metrics.records_expired, "tier", name)).collect(),
            late: tiers.clone().map(|name| find(&metrics.records_late, "tier", name)).collect(),
            withheld: tiers.map(|name| find(&metrics.records_withheld, "tier", name)).collect(),
            fields: engine
                .rules()
                .iter()
                .map(|name| {
                    let source = &engine.sources()[usize::from(name.source)].name;
                    let labels = vec![("rule", format!("{source}.{}", name.rule)), ("action", name.action.to_owned())];
                    metrics.fields_treated.get_or_create_owned(&labels)
                })
                .collect(),
            unlisted: sources.map(|name| find(&metrics.fields_unlisted, "source", name)).collect(),
            refused: reasons.clone().map(|name| find(&metrics.records_refused, "reason", name)).collect(),
            quarantine: reasons.map(|name| find(&metrics.quarantine_records, "reason", name)).collect(),
        }
    }

    /// Adds what a committed window counted. Every refusal had its notice in the same transaction.
    pub fn publish(&self, tally: &BatchTally) {
        for ((_, records, bytes), counted) in
            self.consumed.iter().zip(&tally.consumed).chain(self.produced.iter().zip(&tally.produced))
        {
            records.inc_by(counted.0);
            bytes.inc_by(counted.1);
        }
        let plain = [
            (&self.expired, &tally.expired),
            (&self.late, &tally.late),
            (&self.withheld, &tally.withheld),
            (&self.fields, &tally.fields),
            (&self.unlisted, &tally.unlisted),
            (&self.refused, &tally.refused),
            (&self.quarantine, &tally.refused),
        ];
        for (counters, counts) in plain {
            for (counter, count) in counters.iter().zip(counts) {
                counter.inc_by(*count);
            }
        }
    }

    /// What came in, by source.
    pub fn consumed(&self) -> Vec<Count> {
        counts(&self.consumed)
    }

    /// What went out, by tier.
    pub fn produced(&self) -> Vec<Count> {
        counts(&self.produced)
    }

    /// Refused records and lines by reason, without those that did not happen.
    pub fn refused(&self) -> Vec<(Reason, u64)> {
        let all = Reason::ALL.iter().zip(&self.refused).map(|(reason, counter)| (*reason, counter.get()));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

fn counts(counters: &[(String, Counter, Counter)]) -> Vec<Count> {
    let count = |(name, records, bytes): &(String, Counter, Counter)| Count {
        name: name.clone(),
        records: records.get(),
        bytes: bytes.get(),
    };
    counters.iter().map(count).collect()
}

/// Adds `other` to `sum`: what a window counts before it is committed.
pub fn add(sum: &mut BatchTally, other: &BatchTally) {
    fn pairs(sum: &mut Vec<(u64, u64)>, other: &[(u64, u64)]) {
        sum.resize(sum.len().max(other.len()), (0, 0));
        for (sum, other) in sum.iter_mut().zip(other) {
            sum.0 += other.0;
            sum.1 += other.1;
        }
    }
    fn plain(sum: &mut Vec<u64>, other: &[u64]) {
        sum.resize(sum.len().max(other.len()), 0);
        for (sum, other) in sum.iter_mut().zip(other) {
            *sum += other;
        }
    }
    sum.treated += other.treated;
    pairs(&mut sum.consumed, &other.consumed);
    pairs(&mut sum.produced, &other.produced);
    plain(&mut sum.expired, &other.expired);
    plain(&mut sum.late, &other.late);
    plain(&mut sum.withheld, &other.withheld);
    plain(&mut sum.refused, &other.refused);
    plain(&mut sum.fields, &other.fields);
    plain(&mut sum.unlisted, &other.unlisted);
}

/// How many secrets there are.
fn live(stored: &Stored) -> i64 {
    let generations = stored.tiers.iter().flat_map(|epochs| epochs.values()).flatten();
    let secrets = generations.filter(|generation| generation.secret.is_some()).count();
    (secrets + stored.tenants.values().flatten().count()) as i64
}
