//! Which rule each value has, what is found in it, and which tiers and keys the record has.

use super::compile::Source;
use super::day::NoKey;
use super::outcome::{BatchTally, KeyMissing, Reason};
use super::plan::Unlisted;
use super::rule::{Op, Rule, all_hold};
use super::scratch::{Applies, Resolved, Scratch};
use super::{Engine, Job, Stop};
use crate::find::json::{Node, Shape};
use crate::find::path::NodeId;
use crate::find::text::{self, Encoding};
use crate::route::TierId;

impl Engine {
    /// Notes the tiers that take the record, by its age, and their keys.
    pub(super) fn target(
        &self,
        scratch: &mut Scratch,
        job: Job<'_>,
        event_ms: i64,
        tiers: &[TierId],
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
            arrival = Some((arrived, (arrival_ms - event_ms) / 1000 > self.plan.max_lateness_s));
        }
        let (mut expired, mut late) = (0u64, 0u64);
        for id in tiers {
            let tier = &self.plan.tiers[usize::from(id.0)];
            if let Some((arrived, too_late)) = arrival {
                if days.last_day(*id, &tier.term, day).is_some_and(|last| arrived > last) {
                    expired |= 1 << id.0;
                    continue;
                }
                if too_late && !tier.late_accept {
                    late |= 1 << id.0;
                    continue;
                }
            }
            let slot = days.slot(*id, day, job.keys).map_err(|none| match none {
                NoKey::Destroyed => Reason::KeyDestroyed.into(),
                NoKey::Missing => Stop::KeyMissing(KeyMissing { tier: *id, day }),
            })?;
            scratch.targets.push((*id, slot));
        }
        if scratch.targets.is_empty() {
            return Err(if expired != 0 { Reason::Expired } else { Reason::TooLate }.into());
        }
        for id in tiers {
            tally.expired[usize::from(id.0)] += expired >> id.0 & 1;
            tally.late[usize::from(id.0)] += late >> id.0 & 1;
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
        let mut matched = false;
        let mut unlisted = scratch.walk.unlisted;
        scratch.enclosing.clear();
        for index in 0..scratch.walk.nodes.len() {
            let node = scratch.walk.nodes[index];
            let mut resolved = Resolved::NOTHING;
            match node.shape {
                Shape::Close => {
                    if let Some((_, opened)) = scratch.enclosing.pop() {
                        scratch.resolved[opened].close = index as u32;
                    }
                }
                Shape::Object | Shape::Array => {
                    let own = item_at(source, node.place, &scratch.attributes);
                    let enclosing = scratch.enclosing.last().map_or(Applies::Nothing, |(applies, _)| *applies);
                    if let Some(item) = own {
                        matched = true;
                        self.check_container(scratch, &source.items[usize::from(item)].rule, item, node)?;
                        resolved.applies = Applies::Item(item);
                    }
                    resolved.name_findings = self.name_findings(scratch, source, node, value);
                    scratch.enclosing.push((own.map_or(enclosing, Applies::Item), index));
                }
                Shape::String | Shape::Number | Shape::Bool | Shape::Null => {
                    let enclosing = scratch.enclosing.last().map_or(Applies::Nothing, |(applies, _)| *applies);
                    resolved.applies = match item_at(source, node.place, &scratch.attributes) {
                        Some(item) => Applies::Item(item),
                        None => enclosing,
                    };
                    if resolved.applies == Applies::Nothing {
                        unlisted += 1;
                        if self.plan.unlisted == Unlisted::Scan {
                            resolved.applies = Applies::Unlisted;
                        }
                    } else {
                        matched = true;
                    }
                    if resolved.applies != Applies::Nothing {
                        resolved.name_findings = self.name_findings(scratch, source, node, value);
                        if rule_of(source, resolved.applies).is_some_and(|rule| rule.scans) {
                            resolved.findings = value_findings(scratch, source, node, value);
                        }
                    }
                }
            }
            scratch.resolved.push(resolved);
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
    pub(super) fn resolve_fields(&self, scratch: &mut Scratch, source: &Source, value: &[u8]) -> Result<(), Stop> {
        let mut matched = false;
        for index in 0..scratch.fields.len() {
            let Some(item) = item_at(source, source.fields[index], &scratch.attributes) else {
                match self.plan.unlisted {
                    Unlisted::Drop => continue,
                    Unlisted::Refuse => return Err(Reason::UnlistedField.into()),
                    Unlisted::Scan => {}
                }
                scratch.resolved[index].applies = Applies::Unlisted;
                scratch.resolved[index].findings = field_findings(scratch, source, index, value);
                continue;
            };
            matched = true;
            scratch.resolved[index].applies = Applies::Item(item);
            if source.items[usize::from(item)].rule.scans {
                scratch.resolved[index].findings = field_findings(scratch, source, index, value);
            }
        }
        if matched { Ok(()) } else { Err(Reason::NoItem.into()) }
    }

    /// The rule of a line of text.
    pub(super) fn resolve_line(&self, scratch: &mut Scratch, source: &Source, value: &[u8]) -> Result<(), Stop> {
        let item = item_at(source, NodeId::ROOT, &scratch.attributes).ok_or(Reason::NoItem)?;
        let mut resolved = Resolved { applies: Applies::Item(item), ..Resolved::NOTHING };
        let from = scratch.findings.len() as u32;
        text::find(source.kinds, value, Encoding::Plain, &mut scratch.words.text, &mut scratch.findings);
        resolved.findings = (from, scratch.findings.len() as u32);
        scratch.resolved.push(resolved);
        Ok(())
    }

    /// An array or object can be dropped or scanned; anything else needs one value.
    fn check_container(&self, scratch: &Scratch, rule: &Rule, item: u16, node: Node) -> Result<(), Stop> {
        for (tier, _) in &scratch.targets {
            let treatment = &rule.by_tier[usize::from(tier.0)];
            if treatment.beside || !matches!(treatment.op, Op::Drop | Op::Scan) {
                let at_byte = node.span.start as usize;
                return Err(Stop::Refused { reason: Reason::NotScalar, item: Some(item), at_byte });
            }
        }
        Ok(())
    }

    /// What is found in a member's name, where that is data.
    fn name_findings(&self, scratch: &mut Scratch, source: &Source, node: Node, value: &[u8]) -> (u32, u32) {
        if !node.free_name || node.name.is_empty() {
            return (0, 0);
        }
        let from = scratch.findings.len() as u32;
        let name = node.name.of(value);
        text::find(source.kinds, name, Encoding::Json, &mut scratch.words.text, &mut scratch.findings);
        (from, scratch.findings.len() as u32)
    }
}

/// The item that applies at a place: the most specific one whose conditions hold.
#[inline]
fn item_at(source: &Source, place: NodeId, attributes: &[u8]) -> Option<u16> {
    let place = source.places.get(place.index())?;
    if place.sole.is_some() {
        return place.sole;
    }
    place.items.iter().copied().find(|item| all_hold(&source.items[usize::from(*item)].when, attributes))
}

/// The rule that applies.
#[inline]
pub(super) fn rule_of(source: &Source, applies: Applies) -> Option<&Rule> {
    match applies {
        Applies::Nothing => None,
        Applies::Item(item) => Some(&source.items[usize::from(item)].rule),
        Applies::Unlisted => Some(&source.unlisted),
    }
}

fn value_findings(scratch: &mut Scratch, source: &Source, node: Node, value: &[u8]) -> (u32, u32) {
    let from = scratch.findings.len() as u32;
    let text = node.span.of(value);
    match node.shape {
        Shape::String => {
            text::find(source.kinds, text, Encoding::Json, &mut scratch.words.text, &mut scratch.findings);
        }
        Shape::Number => number_findings(scratch, source, text),
        Shape::Bool | Shape::Null | Shape::Object | Shape::Array | Shape::Close => {}
    }
    (from, scratch.findings.len() as u32)
}

/// A number is looked at in plain digits; a finding in one that was written otherwise covers it whole.
fn number_findings(scratch: &mut Scratch, source: &Source, text: &[u8]) {
    let words = &mut scratch.words;
    if !super::write::plain_number(text, &mut words.plain) {
        text::find(source.kinds, text, Encoding::Plain, &mut words.text, &mut scratch.findings);
        return;
    }
    let from = scratch.findings.len();
    text::find(source.kinds, &words.plain, Encoding::Plain, &mut words.text, &mut scratch.findings);
    scratch.findings.truncate(from + 1);
    if let Some(finding) = scratch.findings.get_mut(from) {
        let folded = words.text.folded.len();
        words.text.folded.extend_from_slice(finding.span.of(&words.plain));
        finding.folded = Some(crate::record::Span::new(folded, words.text.folded.len()));
        finding.span = crate::record::Span::new(0, text.len());
    }
}

fn field_findings(scratch: &mut Scratch, source: &Source, index: usize, value: &[u8]) -> (u32, u32) {
    let from = scratch.findings.len() as u32;
    if let Some(span) = scratch.fields[index] {
        let text = span.of(value);
        text::find(source.kinds, text, Encoding::Plain, &mut scratch.words.text, &mut scratch.findings);
    }
    (from, scratch.findings.len() as u32)
}
