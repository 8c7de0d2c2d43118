//! Which rule each value has, what is found in it, and which tiers and keys the record has.

use super::compile::{Source, each};
use super::day::{Asked, NoKey};
use super::outcome::{BatchTally, KeyMissing, Reason};
use super::plan::Unlisted;
use super::rule::{Op, all_hold};
use super::scratch::{Resolved, RuleId, Scratch, Words};
use super::{Engine, Job, Stop};
use crate::find::Finding;
use crate::find::escape::unescape;
use crate::find::json::{Node, Shape};
use crate::find::path::NodeId;
use crate::find::pattern::Pattern;
use crate::find::text::{self, Encoding, Query};
use crate::record::{Span, TierId};

impl Engine {
    /// Notes which of these tiers (a bit each) take the record, by what stands in it and by its age, and their keys.
    pub(super) fn target(
        &self,
        scratch: &mut Scratch,
        job: Job<'_>,
        event_ms: i64,
        tiers: u64,
        tally: &mut BatchTally,
    ) -> Result<(), Stop> {
        scratch.targets.clear();
        let days = &mut scratch.days;
        let day = days.day(event_ms, &self.plan.zone, 0).ok_or(Reason::EventTimeOutOfRange)?;
        let mut arrival = None;
        if let Some(arrival_ms) = job.record.timestamp_ms {
            let arrived = days.day(arrival_ms, &self.plan.zone, 1).ok_or(Reason::EventTimeOutOfRange)?;
            let (past, future) = (self.limits.past_days as i32, self.limits.future_days as i32);
            if day < arrived - past || day > arrived + future {
                return Err(Reason::EventTimeOutOfRange.into());
            }
            arrival = Some((arrived, arrival_ms, (arrival_ms - event_ms) / 1000 > self.plan.max_lateness_s));
        }
        let (mut expired, mut late, mut withheld) = (0u64, 0u64, 0u64);
        let takes = &self.tables.sources[usize::from(job.source)].takes;
        for id in each(tiers) {
            if !all_hold(&takes[usize::from(id.0)], &scratch.attributes) {
                withheld |= 1 << id.0;
                continue;
            }
            let tier = &self.plan.tiers[usize::from(id.0)];
            // Where nobody knows when a record arrived, the event stands in, which is not later.
            if tier.until_ms.is_some_and(|until_ms| job.record.timestamp_ms.unwrap_or(event_ms) > until_ms) {
                withheld |= 1 << id.0;
                continue;
            }
            if let Some((arrived, arrival_ms, too_late)) = arrival {
                let past = match tier.term.exact_end_ms(event_ms) {
                    Some(end_ms) => arrival_ms > end_ms,
                    None => days.last_day(id, &tier.term, day).is_some_and(|last| arrived > last),
                };
                if past {
                    expired |= 1 << id.0;
                    continue;
                }
                if too_late && !tier.late_accept {
                    late |= 1 << id.0;
                    continue;
                }
            }
            let plan = &self.plan.keys[usize::from(id.0)];
            let tenant = match plan.tenants {
                false => None,
                true if scratch.tenant.is_empty() => return Err(Reason::NoTenant.into()),
                true => {
                    let source = &self.plan.sources[usize::from(job.source)].name;
                    days.tenant(job.keys, job.source, source, &scratch.tenant)
                }
            };
            let seals = self.tables.seals[usize::from(id.0)];
            let asked = Asked { tier: id, plan, seals, day, event_ms, tenant };
            let slot = days.slot(asked, job.keys).map_err(|none| match none {
                NoKey::Destroyed => Reason::KeyDestroyed.into(),
                NoKey::Missing { epoch, tenant } => {
                    let (input, position) = (job.record.input, job.record.position);
                    Stop::KeyMissing(KeyMissing { tier: plan.of, epoch, tenant, input, position })
                }
            })?;
            scratch.targets.push((id, slot));
        }
        if scratch.targets.is_empty() && expired | late != 0 {
            return Err(if expired != 0 { Reason::Expired } else { Reason::TooLate }.into());
        }
        if expired | late | withheld != 0 {
            for id in each(tiers) {
                tally.expired[usize::from(id.0)] += expired >> id.0 & 1;
                tally.late[usize::from(id.0)] += late >> id.0 & 1;
                tally.withheld[usize::from(id.0)] += withheld >> id.0 & 1;
            }
        }
        Ok(())
    }

    /// The rule of every node of the walk.
    pub(super) fn resolve_nodes(
        &self,
        scratch: &mut Scratch,
        source: &Source,
        value: &[u8],
        source_index: u16,
        tally: &mut BatchTally,
    ) -> Result<(), Stop> {
        let Scratch { walk, resolved, enclosing, attributes, findings, words, targets, .. } = scratch;
        let mut matched = false;
        let mut unlisted = walk.unlisted;
        // The rule of the innermost container that is taken whole.
        let mut around = RuleId::NONE;
        enclosing.clear();
        for (index, node) in walk.nodes.iter().enumerate() {
            let mut found = Resolved::NOTHING;
            match node.shape {
                Shape::Close => {
                    if let Some((outer, opened)) = enclosing.pop() {
                        around = outer;
                        resolved[opened].close = index as u32;
                    }
                }
                Shape::Object | Shape::Array => {
                    enclosing.push((around, index));
                    let own = item_at(source, node.place, attributes);
                    if own != RuleId::NONE {
                        matched = true;
                        check_container(targets, source, own, node)?;
                        found.rule = own;
                        around = own;
                    }
                    found.name_findings = name_findings(words, findings, source, node, value);
                }
                Shape::String | Shape::Number | Shape::Bool | Shape::Null => {
                    let own = item_at(source, node.place, attributes);
                    found.rule = if own == RuleId::NONE { around } else { own };
                    if found.rule != RuleId::NONE {
                        matched = true;
                        // An object that is taken by its parts speaks for none of them.
                        unlisted += u64::from(own == RuleId::NONE && source.rules[around.index()].parts);
                    } else {
                        unlisted += 1;
                        if self.plan.unlisted == Unlisted::Scan {
                            found.rule = source.unlisted;
                        }
                    }
                    if let Some(rule) = source.rules.get(found.rule.index()) {
                        found.name_findings = name_findings(words, findings, source, node, value);
                        if rule.scans {
                            found.findings = value_findings(words, findings, source, node, value);
                        }
                    }
                }
            }
            resolved.push(found);
        }
        if unlisted > 0 && self.plan.unlisted == Unlisted::Refuse {
            return Err(Reason::UnlistedField.into());
        }
        if !matched {
            return Err(Reason::NoItem.into());
        }
        tally.unlisted[usize::from(source_index)] += unlisted;
        Ok(())
    }

    /// The rule of every field of a line.
    pub(super) fn resolve_fields(
        &self,
        scratch: &mut Scratch,
        source: &Source,
        pattern: &Pattern,
        value: &[u8],
    ) -> Result<(), Stop> {
        let Scratch { fields, resolved, attributes, findings, words, .. } = scratch;
        let mut matched = false;
        for (((field, place), resolved), name) in fields.iter().zip(&source.fields).zip(resolved).zip(pattern.fields())
        {
            resolved.rule = item_at(source, *place, attributes);
            if resolved.rule != RuleId::NONE {
                matched = true;
            } else {
                match self.plan.unlisted {
                    Unlisted::Drop => continue,
                    Unlisted::Refuse => return Err(Reason::UnlistedField.into()),
                    Unlisted::Scan => resolved.rule = source.unlisted,
                }
            }
            if let Some(span) = field
                && source.rules[resolved.rule.index()].scans
            {
                let from = findings.len() as u32;
                let query = Query { kinds: source.kinds, encoding: Encoding::Plain, field: name.as_bytes() };
                text::find(query, span.of(value), &mut words.text, findings);
                resolved.findings = (from, findings.len() as u32);
            }
        }
        if matched { Ok(()) } else { Err(Reason::NoItem.into()) }
    }

    /// The rule of a line of text.
    pub(super) fn resolve_line(&self, scratch: &mut Scratch, source: &Source, value: &[u8]) -> Result<(), Stop> {
        let rule = item_at(source, NodeId::ROOT, &scratch.attributes);
        if rule == RuleId::NONE {
            return Err(Reason::NoItem.into());
        }
        let from = scratch.findings.len() as u32;
        let query = Query { kinds: source.kinds, encoding: Encoding::Plain, field: b"" };
        text::find(query, value, &mut scratch.words.text, &mut scratch.findings);
        let findings = (from, scratch.findings.len() as u32);
        scratch.resolved.push(Resolved { rule, findings, ..Resolved::NOTHING });
        Ok(())
    }
}

/// An array or object can be dropped, scanned, sealed, stated or taken by its parts; anything else needs one value.
fn check_container(targets: &[(TierId, usize)], source: &Source, rule: RuleId, node: &Node) -> Result<(), Stop> {
    for (tier, _) in targets {
        let treatment = &source.treatments[usize::from(tier.0)][rule.index()];
        let whole = match treatment.op {
            Op::Drop | Op::Present | Op::Parts => true,
            Op::Scan => !treatment.sealed,
            Op::Keep | Op::Time(_) | Op::Mask(_) | Op::Token => false,
            Op::Truncate(_) | Op::Generalize(_) | Op::Family => false,
        };
        if treatment.beside || !whole {
            let at_byte = node.span.start as usize;
            return Err(Stop::Refused { reason: Reason::NotScalar, item: Some(rule.0), at_byte });
        }
    }
    Ok(())
}

/// What is found in a member's name, where that is data.
#[inline]
fn name_findings(
    words: &mut Words,
    findings: &mut Vec<Finding>,
    source: &Source,
    node: &Node,
    value: &[u8],
) -> (u32, u32) {
    if !node.free_name || node.name.is_empty() {
        return (0, 0);
    }
    let from = findings.len() as u32;
    let query = Query { kinds: source.kinds, encoding: Encoding::Json, field: b"" };
    text::find(query, node.name.of(value), &mut words.text, findings);
    (from, findings.len() as u32)
}

/// The item that applies at a place: the most specific one whose conditions hold.
#[inline]
fn item_at(source: &Source, place: NodeId, attributes: &[u8]) -> RuleId {
    let Some(place) = source.places.get(place.index()) else { return RuleId::NONE };
    if let Some(sole) = place.sole {
        return sole;
    }
    let holds = |item: &RuleId| all_hold(&source.conditions[item.index()], attributes);
    place.items.iter().copied().find(holds).unwrap_or(RuleId::NONE)
}

fn value_findings(
    words: &mut Words,
    findings: &mut Vec<Finding>,
    source: &Source,
    node: &Node,
    value: &[u8],
) -> (u32, u32) {
    let from = findings.len() as u32;
    let text = node.span.of(value);
    let mut name = std::mem::take(&mut words.formed);
    let query = Query { kinds: source.kinds, encoding: Encoding::Json, field: plain_name(node, value, &mut name) };
    match node.shape {
        Shape::String => text::find(query, text, &mut words.text, findings),
        Shape::Number => number_findings(words, findings, query, text),
        Shape::Bool | Shape::Null | Shape::Object | Shape::Array | Shape::Close => {}
    }
    words.formed = name;
    (from, findings.len() as u32)
}

/// The name of a member without its escapes; `room` is working memory.
fn plain_name<'a>(node: &Node, value: &'a [u8], room: &'a mut Vec<u8>) -> &'a [u8] {
    let name = node.name.of(value);
    if !name.contains(&b'\\') {
        return name;
    }
    room.clear();
    unescape(name, room);
    room
}

/// A number is looked at in plain digits; a finding in one that was written otherwise covers it whole.
fn number_findings(words: &mut Words, findings: &mut Vec<Finding>, query: Query<'_>, text: &[u8]) {
    let query = Query { encoding: Encoding::Plain, ..query };
    if !super::value::plain_number(text, &mut words.plain) {
        text::find(query, text, &mut words.text, findings);
        return;
    }
    let from = findings.len();
    text::find(query, &words.plain, &mut words.text, findings);
    findings.truncate(from + 1);
    if let Some(finding) = findings.get_mut(from) {
        finding.folded = Some(words.text.note_plain(finding.span.of(&words.plain)));
        finding.span = Span::new(0, text.len());
    }
}
