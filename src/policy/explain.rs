//! Why a record is treated as it is: for every field the item, the rule and its place in the policy, tier by tier.
//!
//! This follows the policy as written, with a tree, one field at a time: what the engine does with tables and one
//! walk. What becomes of the whole record (its tiers, or its refusal) is asked of the engine itself.

mod tiers;

use std::cmp::Reverse;

use jiff::civil::Date;
use serde_json::Value;

pub use tiers::{Led, Passed, Why};

use super::Policy;
use super::condition::written;
use super::example::input_of;
use super::file::Belongs;
use super::read::Typed;
use crate::diagnostic::nearest;
use crate::engine::outcome::{KeyMissing, Refusal, Treated};
use crate::engine::plan::{Action, Actions, EventTime, Format, SourcePlan, Unlisted};
use crate::engine::{Engine, Scratch};
use crate::find::evidence::{Evidence, Miss};
use crate::find::pattern::PatternScratch;
use crate::find::text::{Encoding, Query, TextScratch, find};
use crate::kind::{Kind, KindSet};
use crate::pseudonym::epoch::KeyRing;
use crate::record::{Position, Record, Span, time};
use crate::route::calendar::Window;
use crate::route::term::day_of;
use crate::route::{Clause, Pointer, Segment, Test, TierId};
use crate::secret::Plain;
use tiers::{Age, Ways};

/// Why a record is treated as it is.
#[derive(Debug)]
pub struct Explanation {
    /// Why it is refused, if it is.
    pub refusal: Option<Refusal>,
    /// The civil day of the event, which chooses the keys.
    pub day: Option<Date>,
    /// The tiers it goes to, the shares of recipients among them.
    pub tiers: Vec<Target>,
    /// The tiers to which other records of its source go, and why this one does not.
    pub passed: Vec<Passed>,
    /// Its fields, in the order of their paths.
    pub fields: Vec<Field>,
}

/// One tier, or a recipient's share of one, to which a record goes.
#[derive(Debug)]
pub struct Target {
    /// Which.
    pub tier: TierId,
    /// Until when it must be there and by when it must be gone, with the keys of its day; `None` where an event of the
    /// subject ends it, or the event has no time.
    pub window: Option<Window>,
    /// The items whose originals the record's envelope holds, in the order of their places.
    pub sealed: Vec<String>,
    /// The routes that lead the record there.
    pub led: Vec<Led>,
}

/// One value of the record.
#[derive(Debug)]
pub struct Field {
    /// Where it stands, as a JSON Pointer.
    pub at: String,
    /// The value. It is personal data: show it only to whoever asked for it.
    pub value: String,
    /// What rules it.
    pub rule: Ruling,
    /// What is found inside, where some tier scans it.
    pub findings: Vec<Found>,
    /// What looks like an identifier inside and was not taken for one, where some tier scans it.
    pub look_alikes: Vec<Miss>,
    /// Items for this place whose conditions do not hold.
    pub missed: Vec<Missed>,
    /// Of a value without item: the item whose place is written almost like this, and its line.
    pub near: Option<(String, usize)>,
}

/// An identifier inside of a value.
#[derive(Debug)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// The bytes of the value that it covers.
    pub span: Span,
    /// What speaks for it.
    pub evidence: Evidence,
    /// What is done to it, by tier of the record.
    pub actions: Vec<(TierId, Actions)>,
}

/// What rules a value.
#[derive(Debug)]
pub enum Ruling {
    /// An item of the policy.
    Item {
        /// Its name.
        name: String,
        /// Its line in the policy file, from 1.
        line: usize,
        /// The class that says what is done, and its line.
        class: Option<(String, usize)>,
        /// What the value is.
        kind: Kind,
        /// What is done, by tier of the record; of a part, `drop` where the object around it does not leave as such.
        actions: Vec<(TierId, Actions)>,
        /// The tiers of the record that hold nothing of it whatever its rule says, and why.
        absent: Vec<(TierId, Absent)>,
        /// The tiers in which it leaves under another name.
        names: Vec<(TierId, Box<str>)>,
    },
    /// The event time, which leaves cut to the tier's precision although no item names it.
    EventTime,
    /// No item.
    Unlisted(Unlisted),
}

/// Why a tier holds nothing of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The tier serves none of the purposes for which the item is collected.
    Purpose,
    /// The item's category says that the tier holds none of its items.
    Category,
    /// The tier does not hold the item's class.
    Class,
    /// The recipient does not get the item's class.
    Recipient,
}

/// An item that would rule a value if its conditions held.
#[derive(Debug)]
pub struct Missed {
    /// Its name.
    pub name: String,
    /// Its line in the policy file, from 1.
    pub line: usize,
    /// The field whose value its conditions do not allow.
    pub condition: String,
}

/// Explains one record (one line of an `ndjson` source) of the source at `source`.
///
/// # Errors
/// When the ring lacks a key.
pub fn explain(
    policy: &Policy,
    engine: &Engine,
    keys: &KeyRing,
    source: usize,
    value: &[u8],
    timestamp_ms: Option<i64>,
) -> Result<Explanation, KeyMissing> {
    let plan = &policy.plan.sources[source];
    let mut treated = Treated::default();
    let record = Record {
        input: input_of(engine, source),
        position: Position { partition: 0, offset: 0 },
        timestamp_ms,
        key: None,
        value: Some(Plain(value)),
        headers: &[],
    };
    engine.treat(&mut Scratch::new(), keys, &[record], &mut treated)?;
    let leaves = leaves(plan, &plan.charset.decode(value));
    let event_ms = event_ms(plan, &leaves, timestamp_ms);
    let stamp = event_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let day = stamp.map(|stamp| policy.plan.zone.to_datetime(stamp).date());
    let mut ids: Vec<TierId> = treated.outputs.iter().map(|output| output.tier).collect();
    ids.sort_unstable();
    ids.dedup();
    let window = |id: TierId| {
        let tier = &policy.plan.tiers[usize::from(id.0)];
        tier.term.window(day_of(day?), tier.legal_minimum, &policy.plan.holidays)
    };
    let fields: Vec<Field> = leaves.iter().map(|leaf| field(policy, source, leaf, &leaves, &ids)).collect();
    let ways = Ways::new(policy, source, &leaves);
    let target =
        |id: &TierId| Target { tier: *id, window: window(*id), sealed: sealed(&fields, *id), led: ways.led(*id) };
    Ok(Explanation {
        refusal: treated.refusals.first().copied(),
        day,
        tiers: ids.iter().map(target).collect(),
        passed: ways.passed(&ids, Age { day, event_ms, arrived_ms: timestamp_ms }),
        fields,
    })
}

/// The items that are sealed in a tier.
fn sealed(fields: &[Field], tier: TierId) -> Vec<String> {
    let mut items = Vec::new();
    for field in fields {
        let Ruling::Item { name, actions, .. } = &field.rule else { continue };
        let seals = actions.iter().any(|(of, list)| *of == tier && list.contains(&Action::Seal));
        if seals && !items.contains(name) {
            items.push(name.clone());
        }
    }
    items
}

/// A value and its place.
pub(super) struct Leaf {
    pub(super) at: Pointer,
    pub(super) value: String,
    null: bool,
}

/// The event time of a record, in milliseconds since 1970.
pub(super) fn event_ms(plan: &SourcePlan, leaves: &[Leaf], timestamp_ms: Option<i64>) -> Option<i64> {
    match &plan.time {
        EventTime::At(at) => {
            leaves.iter().find(|leaf| leaf.at == *at).and_then(|leaf| time::parse(leaf.value.as_bytes()))
        }
        EventTime::KafkaTimestamp => timestamp_ms,
    }
}

/// The values of a record in UTF-8. What cannot be read has none; the engine says why.
pub(super) fn leaves(plan: &SourcePlan, value: &[u8]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let text = String::from_utf8_lossy(value);
    match &plan.format {
        Format::Json | Format::Ndjson => return json_leaves(value),
        Format::Text => leaves.push(Leaf { at: Pointer::ROOT, value: text.into_owned(), null: false }),
        Format::Pattern { pattern, .. } => {
            let mut spans = Vec::new();
            if pattern.split(value, &mut PatternScratch::default(), &mut spans) {
                for (name, span) in pattern.fields().iter().zip(&spans) {
                    let Some(span) = span else { continue };
                    let value = String::from_utf8_lossy(span.of(value)).into_owned();
                    // Servers write `-` for no value.
                    let null = value == "-";
                    leaves.push(Leaf { at: Pointer(vec![Segment::Name(name.clone())]), value, null });
                }
            }
        }
    }
    leaves
}

/// The values of a JSON record.
pub(super) fn json_leaves(value: &[u8]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    if let Ok(root) = serde_json::from_slice::<Value>(value) {
        descend(&root, &mut Vec::new(), &mut leaves);
    }
    leaves
}

fn descend(value: &Value, path: &mut Vec<Segment>, leaves: &mut Vec<Leaf>) {
    let mut below = |name: String, value: &Value| {
        path.push(Segment::Name(name.into()));
        descend(value, path, leaves);
        path.pop();
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| below(name.clone(), value)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value))
        }
        Value::String(text) => leaves.push(Leaf { at: Pointer(path.clone()), value: text.clone(), null: false }),
        other => leaves.push(Leaf { at: Pointer(path.clone()), value: other.to_string(), null: other.is_null() }),
    }
}

fn field(policy: &Policy, source: usize, leaf: &Leaf, leaves: &[Leaf], tiers: &[TierId]) -> Field {
    let plan = &policy.plan.sources[source];
    let mut missed = Vec::new();
    let ruling = ruling(plan, &leaf.at.0, leaves, &mut |index, clause| {
        let name = plan.items[index].name.to_string();
        missed.push(Missed { name, line: item_line(policy, source, index), condition: written(&clause.at) });
    });
    let scans = |actions: &[Actions]| tiers.iter().any(|tier| actions[usize::from(tier.0)].contains(&Action::Scan));
    let by_tier = |actions: &[Actions]| -> Vec<(TierId, Actions)> {
        tiers.iter().map(|tier| (*tier, actions[usize::from(tier.0)].clone())).collect()
    };
    let (rule, scanned) = match ruling {
        Some(index) => {
            let item = &plan.items[index];
            let typed = &policy.file.sources[source].items[index].rule;
            let class = typed.class.as_ref().and_then(|name| class_line(policy, name));
            let line = item_line(policy, source, index);
            let mut actions = by_tier(&item.actions);
            for (tier, list) in &mut actions {
                if is_hidden(plan, index, leaf, leaves, *tier) {
                    *list = vec![Action::Drop];
                }
            }
            let absent = tiers.iter().filter_map(|tier| Some((*tier, absent(policy, source, index, *tier)?))).collect();
            let (name, names) = (item.name.to_string(), item.names.clone());
            (Ruling::Item { name, line, class, kind: item.kind, actions, names, absent }, scans(&item.actions))
        }
        None if plan.time == EventTime::At(leaf.at.clone()) => (Ruling::EventTime, false),
        // A line of free text is scanned whole.
        None if matches!(plan.format, Format::Text) => (Ruling::Unlisted(Unlisted::Scan), true),
        None => (Ruling::Unlisted(policy.plan.unlisted), policy.plan.unlisted == Unlisted::Scan),
    };
    let (mut findings, mut look_alikes) = (Vec::new(), Vec::new());
    if scanned {
        let mut found = Vec::new();
        let field = match leaf.at.0.last() {
            Some(Segment::Name(name)) => &**name,
            Some(Segment::Any) | None => "",
        };
        let query = Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: field.as_bytes() };
        let mut scratch = TextScratch::default();
        scratch.note_misses();
        find(query, leaf.value.as_bytes(), &mut scratch, &mut found);
        for one in found {
            let actions = by_tier(&plan.found[one.kind as usize]);
            findings.push(Found { kind: one.kind, span: one.span, evidence: one.evidence, actions });
        }
        look_alikes.extend_from_slice(scratch.misses());
    }
    let at = written(&leaf.at);
    let near = match &rule {
        Ruling::Unlisted(_) => nearest_item(policy, source, &at),
        Ruling::Item { .. } | Ruling::EventTime => None,
    };
    Field { at, value: leaf.value.clone(), rule, findings, look_alikes, missed, near }
}

/// Why a tier, or a recipient's share of one, holds nothing of an item, whatever the item's rule says.
fn absent(policy: &Policy, source: usize, item: usize, tier: TierId) -> Option<Absent> {
    let keys = &policy.plan.keys[usize::from(tier.0)];
    let plan = &policy.plan.sources[source].items[item];
    if plan.actions[usize::from(tier.0)].as_slice() != [Action::Drop] {
        return None;
    }
    let typed = &policy.file.sources[source].items[item];
    let of = policy.file.tiers.get(usize::from(keys.of.0))?;
    if typed.not_in.contains(&of.name.value) {
        let serves = of.purpose.iter().any(|purpose| typed.purpose.iter().any(|own| own.value == purpose.value));
        return Some(if of.purpose.is_empty() || serves { Absent::Category } else { Absent::Purpose });
    }
    let exempt = typed.belongs == Belongs::Envelope || plan.kind == Kind::Time;
    let class = typed.rule.class.as_ref().map(Typed::as_str);
    let lacks = |holds: &Option<Vec<Typed<String>>>| {
        holds.as_ref().is_some_and(|holds| !holds.iter().any(|held| Some(held.as_str()) == class))
    };
    if !exempt && lacks(&of.holds) {
        return Some(Absent::Class);
    }
    let recipient =
        policy.file.recipients.iter().find(|known| Some(known.name.as_str()) == keys.recipient.as_deref())?;
    (!exempt && lacks(&recipient.holds)).then_some(Absent::Recipient)
}

/// The item whose place is written almost like this.
fn nearest_item(policy: &Policy, source: usize, at: &str) -> Option<(String, usize)> {
    let items = &policy.plan.sources[source].items;
    let places: Vec<String> = items.iter().map(|item| written(&item.at)).collect();
    let near = nearest(at, places.iter().map(String::as_str)).filter(|near| *near != at)?;
    let index = places.iter().position(|place| place == near)?;
    Some((items[index].name.to_string(), item_line(policy, source, index)))
}

/// Whether a value that the item at `index` rules does not leave in a tier, because of what is done to an object around
/// it: that is dropped, sealed or only stated, or taken by parts of which the value is none.
fn is_hidden(plan: &SourcePlan, index: usize, leaf: &Leaf, leaves: &[Leaf], tier: TierId) -> bool {
    let at = &leaf.at.0;
    let around = |length: usize| ruling(plan, &at[..length], leaves, &mut |_, _| {});
    let done = |item: usize| plan.items[item].actions[usize::from(tier.0)].as_slice();
    let whole = |actions: &[Action]| {
        let hides = |action: &Action| matches!(action, Action::Drop | Action::Present | Action::Seal);
        actions.is_empty() || actions.iter().any(hides)
    };
    let own = plan.items[index].at.0.len();
    own < at.len() && done(index) == [Action::Parts]
        || (1..own).filter_map(around).any(|outer| outer != index && whole(done(outer)))
}

/// The item that rules the value at these steps; `miss` hears of those whose conditions do not hold, and of the clause.
pub(super) fn ruling(
    plan: &SourcePlan,
    at: &[Segment],
    leaves: &[Leaf],
    miss: &mut dyn FnMut(usize, &Clause),
) -> Option<usize> {
    // The value's own place first, then the places around it: an item on an object rules what is inside.
    (0..=at.len()).rev().find_map(|length| {
        let mut items: Vec<usize> =
            (0..plan.items.len()).filter(|index| leads_to(&plan.items[*index].at, &at[..length])).collect();
        items.sort_by_key(|index| Reverse(specificity(&plan.items[*index].at)));
        items.into_iter().find(|index| match failing(&plan.items[*index].when, leaves) {
            None => true,
            Some(clause) => {
                miss(*index, clause);
                false
            }
        })
    })
}

/// Whether a pointer of the policy leads to these steps.
pub(super) fn leads_to(pointer: &Pointer, steps: &[Segment]) -> bool {
    pointer.0.len() == steps.len() && pointer.0.iter().zip(steps).all(|(own, step)| *own == Segment::Any || own == step)
}

/// A bit a step, 1 for a name: of two pointers to one place, the one with the earlier name is the more specific.
fn specificity(pointer: &Pointer) -> u128 {
    pointer.0.iter().fold(0, |bits, segment| bits << 1 | u128::from(*segment != Segment::Any))
}

/// The first clause that does not hold.
pub(super) fn failing<'p>(when: &'p [Clause], leaves: &[Leaf]) -> Option<&'p Clause> {
    when.iter().find(|clause| {
        let leaf = leaves.iter().find(|leaf| leaf.at == clause.at && !leaf.null);
        let inside =
            || leaves.iter().any(|leaf| leaf.at.0.len() > clause.at.0.len() && leaf.at.0.starts_with(&clause.at.0));
        match &clause.test {
            Test::In(values) => leaf.is_none_or(|leaf| values.iter().all(|value| **value != *leaf.value)),
            Test::NotIn(values) => leaf.is_some_and(|leaf| values.iter().any(|value| **value == *leaf.value)),
            Test::Present(wanted) => (leaf.is_some() || inside()) != *wanted,
        }
    })
}

fn item_line(policy: &Policy, source: usize, item: usize) -> usize {
    let typed = &policy.file.sources[source].items[item];
    policy.line(typed.item.as_ref().map_or(typed.rule.span.start, |name| name.span.start))
}

fn class_line(policy: &Policy, name: &Typed<String>) -> Option<(String, usize)> {
    let class = policy.file.classes.iter().find(|class| class.name.value == name.value)?;
    Some((class.name.value.clone(), policy.line(class.name.span.start)))
}
