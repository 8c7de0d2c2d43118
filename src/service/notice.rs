//! What a quarantine topic holds of a refused record: where it stood and why it was refused; what it held only sealed.

use super::quarantine::{HeaderStyle, Payload, Sealer};
use crate::engine::Engine;
use crate::engine::outcome::{Reason, Refusal};
use crate::flow::Part;
use crate::record::{Position, Record};

/// A refusal with the input it belongs to, on its way to that source's quarantine topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// Index of the input topic.
    pub(super) input: u16,
    /// Partition and offset of the record.
    pub(super) position: Position,
    line: u32,
    reason: Reason,
    item: Option<u16>,
    at_byte: u32,
    timestamp_ms: Option<i64>,
    payload: Payload,
}

impl Notice {
    /// The notice of a refusal by the engine. Seals the record, whose bytes go when its batch has been treated.
    pub(super) fn of(record: &Record<'_>, refusal: &Refusal, engine: &Engine, sealer: Option<&Sealer>) -> Self {
        let Refusal { line, position, reason, item, at_byte, .. } = *refusal;
        let payload = sealed(record, line, engine, sealer);
        let (input, timestamp_ms) = (record.input.0, record.timestamp_ms);
        Self { input, position, line, reason, item, at_byte, timestamp_ms, payload }
    }

    /// The notice of a record that the broker did not take, sealed likewise.
    pub(super) fn undeliverable(record: &Record<'_>, engine: &Engine, sealer: Option<&Sealer>) -> Self {
        Self {
            input: record.input.0,
            position: record.position,
            line: 0,
            reason: Reason::Undeliverable,
            item: None,
            at_byte: 0,
            timestamp_ms: record.timestamp_ms,
            payload: sealed(record, 0, engine, sealer),
        }
    }

    /// The quarantine topic of the input's source.
    pub(super) fn topic<'a>(&self, engine: &'a Engine) -> &'a str {
        &engine.sources()[self.source(engine)].quarantine
    }

    fn source(&self, engine: &Engine) -> usize {
        usize::from(engine.inputs()[usize::from(self.input)].1)
    }

    /// The partition of the record.
    pub(super) const fn part(&self) -> Part {
        Part { input: self.input, partition: self.position.partition }
    }

    /// Whether the broker, not the engine, refused the record.
    pub(super) const fn is_undeliverable(&self) -> bool {
        matches!(self.reason, Reason::Undeliverable)
    }

    /// Bytes of the sealed record, which count against a window's limit.
    pub(super) fn sealed_bytes(&self) -> u64 {
        self.payload.text().map_or(0, |text| text.len() as u64)
    }

    /// Its text: `value` as JSON, and the headers that tools for dead letters look at.
    pub(super) fn text(&self, engine: &Engine, group: &str, style: HeaderStyle) -> Text {
        let (topic, _) = &engine.inputs()[usize::from(self.input)];
        let items = &engine.sources()[self.source(engine)].items;
        let rule = self.item.and_then(|item| items.get(usize::from(item))).map_or("", |item| &item.name);
        let (line, policy) = (self.line, engine.digest_letters());
        let Position { partition, offset } = self.position;
        let mut value = serde_json::json!({
            "topic": topic, "partition": partition, "offset": offset,
            "line": (line > 0).then_some(line),
            "reason": self.reason.code(),
            "rule": (!rule.is_empty()).then_some(rule),
            "at_byte": (self.at_byte > 0).then_some(self.at_byte),
            "policy": policy,
        });
        if let Some(payload) = self.payload.text() {
            value["payload"] = payload.into();
        }
        let mut headers = self.headers(topic, group, style);
        headers.push(("garim.policy", policy.as_bytes().to_vec()));
        headers.push(("garim.rule", rule.as_bytes().to_vec()));
        Text { value: value.to_string(), headers }
    }

    /// Place and reason by the names of a style.
    fn headers(&self, topic: &str, group: &str, style: HeaderStyle) -> Vec<(&'static str, Vec<u8>)> {
        let names = match style {
            HeaderStyle::Kafka => [
                "__dlq.errors.topic",
                "__dlq.errors.partition",
                "__dlq.errors.offset",
                "__dlq.errors.group",
                "__dlq.errors.message",
            ],
            HeaderStyle::Connect => [
                "__connect.errors.topic",
                "__connect.errors.partition",
                "__connect.errors.offset",
                "__connect.errors.connector.name",
                "__connect.errors.exception.message",
            ],
            HeaderStyle::Streams => [
                "__streams.errors.topic",
                "__streams.errors.partition",
                "__streams.errors.offset",
                "__streams.errors.exception",
                "__streams.errors.message",
            ],
            HeaderStyle::Spring => [
                "kafka_dlt-original-topic",
                "kafka_dlt-original-partition",
                "kafka_dlt-original-offset",
                "kafka_dlt-original-consumer-group",
                "kafka_dlt-exception-message",
            ],
        };
        let Position { partition, offset } = self.position;
        let code = self.reason.code().as_bytes();
        let (partition, offset) = match style {
            HeaderStyle::Spring => (partition.to_be_bytes().to_vec(), offset.to_be_bytes().to_vec()),
            _ => (partition.to_string().into_bytes(), offset.to_string().into_bytes()),
        };
        // Kafka Streams names no group, but an exception's class.
        let fourth = if style == HeaderStyle::Streams { code } else { group.as_bytes() };
        let values = [topic.as_bytes().to_vec(), partition, offset, fourth.to_vec(), code.to_vec()];
        let mut headers: Vec<(&'static str, Vec<u8>)> = names.into_iter().zip(values).collect();
        if let (HeaderStyle::Spring, Some(ms)) = (style, self.timestamp_ms) {
            headers.push(("kafka_dlt-original-timestamp", ms.to_be_bytes().to_vec()));
        }
        headers
    }
}

fn sealed(record: &Record<'_>, line: u32, engine: &Engine, sealer: Option<&Sealer>) -> Payload {
    let (topic, _) = &engine.inputs()[usize::from(record.input.0)];
    sealer.map_or(Payload::None, |sealer| sealer.seal(topic, line, record))
}

/// The written form of a notice.
#[derive(Debug)]
pub(super) struct Text {
    /// The record's value.
    pub(super) value: String,
    /// Its headers.
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::Limits;
    use crate::record::InputId;
    use crate::secret::Plain;

    fn engine() -> Engine {
        let policy = r#"
            policy = "p"
            effective = 2026-01-01
            timezone = "Asia/Seoul"
            unlisted = "drop"
            [tiers.short]
            label = "x"
            keep = "30 days"
            [sources.one]
            label = "x"
            topics = ["one.in"]
            format = "json"
            time = "/at"
            [[sources.one.items]]
            item = "at"
            at = "/at"
            kind = "time"
            do = "keep"
            [[sources.one.routes]]
            to = ["short"]
        "#;
        let plan = crate::policy::parse(Path::new("p.toml"), policy).expect("a policy").plan;
        Engine::new(plan, Limits { past_days: 30, future_days: 1 }).expect("a plan")
    }

    /// A notice of a record that sings, and its text.
    fn text(sealer: Option<&Sealer>, style: HeaderStyle) -> (Notice, Text) {
        let record = Record {
            input: InputId(0),
            position: Position { partition: 3, offset: 258 },
            timestamp_ms: Some(7),
            key: Some(Plain(b"canary")),
            value: Some(Plain(b"canary")),
            headers: &[(b"canary", Some(Plain(b"canary")))],
        };
        let engine = engine();
        let refusal = Refusal {
            record: 0,
            line: 2,
            position: record.position,
            reason: Reason::NotScalar,
            item: Some(0),
            at_byte: 9,
        };
        let notice = Notice::of(&record, &refusal, &engine, sealer);
        let text = notice.text(&engine, "group", style);
        (notice, text)
    }

    #[test]
    fn a_notice_tells_place_and_reason_and_the_record_only_sealed() {
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let sealer = Sealer::new(&recipient).expect("a recipient");
        for (sealer, sealed) in [(None, false), (Some(&sealer), true)] {
            let (notice, text) = text(sealer, HeaderStyle::Kafka);
            let value: serde_json::Value = serde_json::from_str(&text.value).expect("JSON");
            assert_eq!(
                (&value["topic"], &value["partition"], &value["offset"]),
                (&"one.in".into(), &3.into(), &258.into())
            );
            assert_eq!(
                (&value["line"], &value["reason"], &value["rule"]),
                (&2.into(), &"not-scalar".into(), &"at".into())
            );
            let payload = value["payload"].as_str();
            assert_eq!(payload.is_some_and(|text| text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n")), sealed);
            assert_eq!(notice.sealed_bytes(), payload.map_or(0, |text| text.len() as u64));
            // "canary" as it is, in base64 and in hexadecimal digits.
            let headers =
                text.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value]).collect::<Vec<_>>().concat();
            let shown = format!("{}{}{notice:?}{text:?}", text.value, String::from_utf8_lossy(&headers));
            for word in ["canary", "Y2FuYXJ5", "63616e617279", "99, 97, 110"] {
                assert!(!shown.contains(word), "{word} is shown");
            }
        }
    }

    #[test]
    fn headers_have_the_names_and_the_form_of_their_style() {
        let rows: [(HeaderStyle, &str, &[u8]); 8] = [
            (HeaderStyle::Kafka, "__dlq.errors.offset", b"258"),
            (HeaderStyle::Kafka, "__dlq.errors.message", b"not-scalar"),
            (HeaderStyle::Connect, "__connect.errors.partition", b"3"),
            (HeaderStyle::Connect, "__connect.errors.exception.message", b"not-scalar"),
            (HeaderStyle::Streams, "__streams.errors.topic", b"one.in"),
            (HeaderStyle::Streams, "__streams.errors.exception", b"not-scalar"),
            (HeaderStyle::Spring, "kafka_dlt-original-offset", &[0, 0, 0, 0, 0, 0, 1, 2]),
            (HeaderStyle::Spring, "kafka_dlt-original-timestamp", &[0, 0, 0, 0, 0, 0, 0, 7]),
        ];
        for (style, name, value) in rows {
            let (_, text) = text(None, style);
            let found = text.headers.iter().find(|(known, _)| *known == name);
            assert_eq!(found.map(|(_, value)| value.as_slice()), Some(value), "{style:?} {name}");
            assert!(text.headers.iter().any(|(name, _)| *name == "garim.policy"), "{style:?}");
        }
    }
}
