//! The notice as one JSON document, for programs that publish it.

use serde_json::{Value, json};

use super::super::file::Need;
use super::{FieldRow, Named, Notice, RecipientRow, Row, TierRow, Treatment};

impl Notice {
    /// The notice as a JSON document.
    pub fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "policy": self.policy,
            "effective": self.effective.map(|day| day.to_string()),
            "event_day": self.event_day.to_string(),
            "collected": self.rows.iter().map(row).collect::<Vec<_>>(),
            "tiers": self.tiers.iter().map(tier).collect::<Vec<_>>(),
            "recipients": self.recipients.iter().map(recipient).collect::<Vec<_>>(),
        })
    }
}

fn named(named: &Named) -> Value {
    json!({ "name": named.name, "label": named.label })
}

fn all(names: &[Named]) -> Vec<Value> {
    names.iter().map(named).collect()
}

fn row(row: &Row) -> Value {
    let kept = row.kept.iter().map(|kept| json!({ "tier": kept.tier, "term": kept.term, "also": kept.also }));
    json!({
        "service": row.service.as_ref().map(named),
        "category": row.category.as_ref().map(named),
        "items": row.fields.iter().map(field).collect::<Vec<_>>(),
        "purposes": all(&row.purposes),
        "basis": row.basis,
        "kept": kept.collect::<Vec<_>>(),
    })
}

fn field(field: &FieldRow) -> Value {
    let need = field.need.map(|need| match need {
        Need::Required => "required",
        Need::Optional => "optional",
        Need::Automatic => "automatic",
    });
    json!({
        "name": field.field.name,
        "label": field.field.label,
        "need": need,
        "treatments": field.treatments.iter().map(treatment).collect::<Vec<_>>(),
    })
}

fn treatment(treatment: &Treatment) -> Value {
    let ways = treatment.ways.iter().map(|(done, tiers)| json!({ "done": done, "tiers": tiers }));
    json!({
        "part": treatment.part.as_ref().map(named),
        "ways": ways.collect::<Vec<_>>(),
        "dropped_in": treatment.dropped_in,
    })
}

fn tier(tier: &TierRow) -> Value {
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
    json!({
        "name": tier.tier.name,
        "label": tier.tier.label,
        "group": tier.group.as_ref().map(named),
        "term": tier.term,
        "starts": all(&tier.starts),
        "law": tier.law,
        "legal_minimum": tier.legal_minimum,
        "ended_by_event": tier.by_event,
        "keep_until": day(tier.keep_until),
        "destroy_by": day(tier.destroy_by),
        "taken_until": day(tier.taken_until),
        "time": tier.time,
        "sealed": tier.sealed,
    })
}

fn recipient(recipient: &RecipientRow) -> Value {
    let services = recipient
        .services
        .iter()
        .map(|(service, tiers)| json!({ "name": service.name, "label": service.label, "tiers": tiers }));
    json!({
        "name": recipient.recipient.name,
        "label": recipient.recipient.label,
        "duty": recipient.duty,
        "country": recipient.country,
        "grant": recipient.grant,
        "services": services.collect::<Vec<_>>(),
        "items": all(&recipient.fields),
        "enabled": recipient.enabled,
    })
}
