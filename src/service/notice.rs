//! What a quarantine topic holds of a refused record: where it stood and why it was refused; what it held only sealed.

use super::quarantine::{Payload, Sealer};
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
    payload: Payload,
}

impl Notice {
    /// The notice of a refusal by the engine. Seals the record, whose bytes go when its batch has been treated.
    pub(super) fn of(record: &Record<'_>, refusal: &Refusal, engine: &Engine, sealer: Option<&Sealer>) -> Self {
        let Refusal { line, position, reason, item, at_byte, .. } = *refusal;
        let payload = sealed(record, line, engine, sealer);
        Self { input: record.input.0, position, line, reason, item, at_byte, payload }
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
    pub(super) fn text(&self, engine: &Engine, group: &str) -> Text {
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
        Text {
            value: value.to_string(),
            headers: vec![
                ("__dlq.errors.topic", topic.to_string()),
                ("__dlq.errors.partition", partition.to_string()),
                ("__dlq.errors.offset", offset.to_string()),
                ("__dlq.errors.group", group.to_owned()),
                ("__dlq.errors.message", self.reason.code().to_owned()),
                ("garim.policy", policy.to_owned()),
                ("garim.rule", rule.to_owned()),
            ],
        }
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
    pub(super) headers: Vec<(&'static str, String)>,
}
