//! Options of the client library: what garim owns, what the operator may set, and what is refused.

use std::net::IpAddr;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::limits::{LOG_CALL_MS, OUTPUT_BYTES_MAX};

/// What a record's way through garim is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Outputs, notices and offsets in one transaction.
    ExactlyOnce,
    /// Outputs first, offsets afterwards: a crash may repeat records, never lose one.
    AtLeastOnce,
}

/// Which brokers, which group, under which name, and the operator's own client options.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `bootstrap.servers`: `host:port`, several with commas.
    pub brokers: String,
    /// `group.id`.
    pub group: String,
    /// Name of this process, stable over restarts and unique in the group: with the lane it makes the transactional id.
    pub instance: String,
    /// Exactly once, or at least once.
    pub delivery: Delivery,
    /// Whether records may cross a network unencrypted (`allow-plaintext`).
    pub allow_plaintext: bool,
    /// How long the brokers keep a transaction of ours open when we vanish, in milliseconds.
    pub transaction_timeout_ms: u32,
    /// `[kafka.properties]`: librdkafka's names, for consumer and producer alike.
    pub properties: Vec<(String, String)>,
}

impl std::fmt::Debug for KafkaSettings {
    // Properties hold passwords; their names are enough.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("group", &self.group)
            .field("instance", &self.instance)
            .field("delivery", &self.delivery)
            .field("properties", &names)
            .finish()
    }
}

/// What is wrong with one property, or with the brokers (`property` is `None`). Never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyFault {
    /// Its name.
    pub property: Option<String>,
    /// What is wrong, as a sentence without full stop.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Shortest transaction time-out: above the commit interval (1 s by default) and a coordinator's fail-over.
pub const TRANSACTION_TIMEOUT_MS_MIN: u32 = 10_000;

/// Default of the transaction time-out (`kafka.md` 3); the brokers' own maximum is 15 minutes.
pub const TRANSACTION_TIMEOUT_MS: u32 = 60_000;

/// Properties that garim sets itself, with the reason.
const OWNED: [(&str, &str); 29] = [
    ("bootstrap.servers", "`brokers` says it"),
    ("metadata.broker.list", "`brokers` says it"),
    ("group.id", "`group` says it"),
    ("client.id", "equal names make the group's assignment loop for ever; it is made from `instance` and the lane"),
    ("transactional.id", "it is made from `group`, `instance` and the lane, so that a restart ends what it left open"),
    ("transaction.timeout.ms", "`transaction-timeout-ms` says it"),
    ("message.timeout.ms", "it has to lie below the transaction's time-out"),
    ("delivery.timeout.ms", "it has to lie below the transaction's time-out"),
    ("enable.idempotence", "without it retries repeat and reorder records"),
    ("acks", "an output counts when all in-sync replicas have it"),
    ("request.required.acks", "an output counts when all in-sync replicas have it"),
    ("max.in.flight", "more than five lose the order of retries"),
    ("max.in.flight.requests.per.connection", "more than five lose the order of retries"),
    ("enable.auto.commit", "offsets are committed with the outputs they stand for"),
    ("enable.auto.offset.store", "offsets are committed with the outputs they stand for"),
    ("auto.offset.reset", "input that was lost must be counted, never skipped"),
    ("topic.auto.offset.reset", "input that was lost must be counted, never skipped"),
    ("isolation.level", "records of aborted transactions are no records"),
    ("allow.auto.create.topics", "a misspelt topic must not come into being with the broker's defaults"),
    ("partition.assignment.strategy", "rebalances are settled in the cooperative way"),
    ("group.protocol", "the classic protocol is what rebalances are settled by"),
    ("enable.partition.eof", "nothing waits for the end of a partition"),
    ("delivery.report.only.error", "a failed delivery ends the transaction; nothing waits for the others"),
    ("partitioner", "an output keeps its input's partition"),
    ("log.queue", "log lines are read for lost answers"),
    ("log.connection.close", "log lines are read for lost answers"),
    ("log_level", "log lines are read for lost answers; `--log-level` says what is shown"),
    ("enable.metrics.push", "clients report to nobody but garim's own metrics"),
    ("test.mock.num.brokers", "`garim demo` is the way to run without brokers"),
];

impl KafkaSettings {
    /// Everything that is wrong with these settings, at once; empty when the clients will take them.
    pub fn faults(&self) -> Vec<PropertyFault> {
        let mut faults = Vec::new();
        for (name, value) in &self.properties {
            if let Some((_, reason)) = OWNED.iter().find(|(owned, _)| owned == name) {
                faults.push(PropertyFault {
                    property: Some(name.clone()),
                    message: format!("`{name}` is garim's to set: {reason}"),
                    help: String::from("remove the line"),
                });
                continue;
            }
            if ClientConfig::new().set(name, value).create_native_config().is_err() {
                faults.push(PropertyFault {
                    property: Some(name.clone()),
                    message: format!("`{name}` is unknown to the client library, or does not take this value"),
                    help: String::from("names and values are those of librdkafka's CONFIGURATION.md"),
                });
            }
        }
        if self.crosses_in_clear() {
            faults.push(PropertyFault {
                property: None,
                message: String::from("records would cross the network unencrypted"),
                help: String::from(
                    "set `security.protocol` to SSL or SASL_SSL in [kafka.properties], or say `allow-plaintext = true`",
                ),
            });
        }
        faults
    }

    fn crosses_in_clear(&self) -> bool {
        !self.encrypted() && !self.allow_plaintext && !self.brokers.split(',').all(|broker| is_loopback(broker.trim()))
    }

    /// Whether the operator lets records cross the network unencrypted, and nothing encrypts them.
    pub fn lets_cross_in_clear(&self) -> bool {
        self.allow_plaintext && !self.encrypted()
    }

    fn encrypted(&self) -> bool {
        let protocol = self.properties.iter().rev().find(|(name, _)| name == "security.protocol");
        protocol.is_some_and(|(_, value)| {
            let value = value.to_ascii_lowercase();
            value == "ssl" || value == "sasl_ssl"
        })
    }

    /// Options of both clients. The operator's come first, so that none of them can undo what garim sets.
    fn base(&self, defaults: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in defaults {
            config.set(*name, *value);
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        // Lines at this level tell of lost connections (`producer.rs`); what is shown is `tracing`'s to decide.
        config.set_log_level(RDKafkaLogLevel::Info);
        config
            .set("bootstrap.servers", &self.brokers)
            .set("log.connection.close", "true")
            .set("enable.metrics.push", "false");
        config
    }

    pub(super) fn consumer(&self, lane: usize) -> ClientConfig {
        let mut config = self.base(&[
            ("fetch.min.bytes", "65536"),
            ("fetch.wait.max.ms", "100"),
            ("fetch.message.max.bytes", "4194304"),
            ("queued.max.messages.kbytes", "65536"),
            // A full queue otherwise postpones the next fetch by a whole second.
            ("fetch.queue.backoff.ms", "20"),
            ("check.crcs", "true"),
            ("max.poll.interval.ms", "300000"),
            ("session.timeout.ms", "45000"),
        ]);
        config
            .set("group.id", &self.group)
            .set("client.id", format!("garim.{}.{lane}.in", self.instance))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("allow.auto.create.topics", "false")
            .set("isolation.level", "read_committed")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("auto.offset.reset", "error");
        config
    }

    pub(super) fn producer(&self, lane: usize) -> ClientConfig {
        let mut config = self.base(&[
            ("linger.ms", "20"),
            ("batch.size", "1000000"),
            ("batch.num.messages", "10000"),
            ("queue.buffering.max.messages", "1000000"),
            ("queue.buffering.max.kbytes", "524288"),
            ("compression.codec", "lz4"),
        ]);
        // The library counts framing as well; the engine has already refused what is longer.
        config
            .set("message.max.bytes", (OUTPUT_BYTES_MAX + (2 << 10)).to_string())
            .set("client.id", format!("garim.{}.{lane}.out", self.instance))
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("delivery.report.only.error", "true");
        let message_timeout_ms = self.transaction_timeout_ms.saturating_sub(5_000).max(1_000);
        config.set("message.timeout.ms", message_timeout_ms.to_string());
        if self.delivery == Delivery::ExactlyOnce {
            config
                .set("transactional.id", self.transactional_id(lane))
                .set("transaction.timeout.ms", self.transaction_timeout_ms.to_string());
        }
        config
    }

    /// Options of a client that reads ranges of topics. It names the group, without which the library assigns nothing, but
    /// never joins it and commits nothing.
    pub(super) fn reader(&self, name: &str) -> ClientConfig {
        let mut config = self.consumer(0);
        config
            .set("client.id", format!("garim.{}.{name}", self.instance))
            .set("fetch.min.bytes", "1")
            .set("enable.partition.eof", "true");
        config
    }

    /// Options of a producer that appends one entry at a time and waits for each, outside of transactions.
    pub(super) fn writer(&self) -> ClientConfig {
        let mut config = Self { delivery: Delivery::AtLeastOnce, ..self.clone() }.producer(0);
        config
            .set("client.id", format!("garim.{}.log", self.instance))
            .set("linger.ms", "0")
            .set("delivery.report.only.error", "false")
            .set("message.timeout.ms", LOG_CALL_MS.to_string());
        config
    }

    /// Options of a client that only asks and creates.
    pub(super) fn admin(&self) -> ClientConfig {
        let mut config = self.base(&[]);
        config.set("client.id", format!("garim.{}.admin", self.instance));
        config
    }

    /// The transactional id of a lane: the same after a restart, so that its successor ends what it left open.
    pub fn transactional_id(&self, lane: usize) -> String {
        format!("garim.{}.{}.{lane}", self.group, self.instance)
    }
}

/// Whether a `host:port` (or `[v6]:port`, or with a `SSL://` before it) stays on this machine.
fn is_loopback(broker: &str) -> bool {
    let address = broker.rsplit_once("://").map_or(broker, |(_, address)| address);
    let host = match address.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(host, _)| host),
        None => address.rsplit_once(':').map_or(address, |(host, _)| host),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Hands a line of the client library to `tracing`.
///
/// Its lines speak of connections, brokers, groups and topics; no record ever enters one.
pub(super) fn relay(level: RDKafkaLogLevel, facility: &str, line: &str) {
    if facility == "CONFWARN" {
        // The operator's properties go to both clients, and each names those that are the other's.
        tracing::debug!(target: "garim::kafka::client", facility, "{line}");
        return;
    }
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            tracing::error!(target: "garim::kafka::client", facility, "{line}");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(target: "garim::kafka::client", facility, "{line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "garim::kafka::client", facility, "{line}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "garim::kafka::client", facility, "{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(brokers: &str, properties: &[(&str, &str)]) -> KafkaSettings {
        KafkaSettings {
            brokers: String::from(brokers),
            group: String::from("garim"),
            instance: String::from("a"),
            delivery: Delivery::ExactlyOnce,
            allow_plaintext: false,
            transaction_timeout_ms: TRANSACTION_TIMEOUT_MS,
            properties: properties.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect(),
        }
    }

    #[test]
    fn clear_text_stays_on_this_machine() {
        let rows = [
            ("localhost:9092", "", true),
            ("127.0.0.1:9092,[::1]:9092", "", true),
            ("PLAINTEXT://127.0.0.1:9092", "", true),
            ("127.0.0.1:9092,kafka:9092", "", false),
            ("kafka:9092", "", false),
            ("kafka:9092", "SASL_PLAINTEXT", false),
            ("kafka:9092", "SSL", true),
            ("kafka:9092", "sasl_ssl", true),
        ];
        for (brokers, protocol, allowed) in rows {
            let properties: &[(&str, &str)] =
                if protocol.is_empty() { &[] } else { &[("security.protocol", protocol)] };
            let faults = settings(brokers, properties).faults();
            assert_eq!(faults.is_empty(), allowed, "{brokers} {protocol}: {faults:?}");
        }
    }

    #[test]
    fn owned_and_unknown_properties_are_all_named_without_their_values() {
        let faults = settings(
            "localhost:9092",
            &[
                ("transactional.id", "hunter2"),
                ("no.such.option", "hunter2"),
                ("linger.ms", "50"),
                ("linger.ms", "hunter2"),
            ],
        )
        .faults();
        let named: Vec<_> = faults.iter().filter_map(|fault| fault.property.as_deref()).collect();
        assert_eq!(named, ["transactional.id", "no.such.option", "linger.ms"]);
        assert!(!format!("{faults:?}").contains("hunter2"));
    }

    #[test]
    fn every_owned_property_is_one_of_the_library() {
        for (name, _) in OWNED {
            let known = ClientConfig::new().set(name, "\u{1}").create_native_config();
            let message = known.err().map(|error| format!("{error}")).unwrap_or_default();
            assert!(!message.contains("No such configuration property"), "{name}");
        }
    }

    #[test]
    fn the_library_takes_what_garim_sets() {
        let settings = settings("localhost:9092", &[]);
        for config in
            [settings.consumer(0), settings.producer(0), settings.admin(), settings.reader("log"), settings.writer()]
        {
            assert!(config.create_native_config().is_ok());
        }
    }
}
