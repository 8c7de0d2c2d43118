//! A payload to nodes or fields, and the facts that routes and conditions ask about.

use super::charset::Charset;
use super::compile::{Place, Source};
use super::outcome::{Reason, Treated};
use super::plan::{EventTime, Format};
use super::scratch::{Resolved, Scratch, Words};
use super::value::plain_number;
use super::{Engine, Job, Stop};
use crate::find::escape::unescape;
use crate::find::json::{Fault, Node, Shape};
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::pseudonym::epoch::canonical_tenant;
use crate::record::Span;
use crate::record::time;

/// The value's number in `Test::values` of a field that is not there.
pub(super) const ABSENT: u8 = 0;
/// Of one that is there with a value that no condition names.
const OTHER: u8 = 1;

impl Engine {
    /// Treats a payload: reads it in the source's format, resolves it, writes it for every tier.
    pub(super) fn payload(
        &self,
        scratch: &mut Scratch,
        job: Job<'_>,
        value: &[u8],
        out: &mut Treated,
    ) -> Result<(), Stop> {
        if value.is_empty() {
            return Err(Reason::EmptyValue.into());
        }
        if value.len() > PAYLOAD_BYTES_MAX {
            return Err(Reason::TooLarge.into());
        }
        if value[0] == 0 {
            return Err(Reason::RegistryFrame.into());
        }
        match self.plan.sources[usize::from(job.source)].charset {
            Charset::Utf8 => self.utf8(scratch, job, value, out),
            Charset::EucKr => {
                let mut recoded = std::mem::take(&mut scratch.recoded);
                let read = recoded.euc_kr(value).map_err(|at_byte| Stop::Refused {
                    reason: Reason::InvalidEncoding,
                    item: None,
                    at_byte,
                });
                let treated = read.and_then(|()| match recoded.get().len() {
                    ..=PAYLOAD_BYTES_MAX => self.utf8(scratch, job, recoded.get(), out),
                    _ => Err(Reason::TooLarge.into()),
                });
                scratch.recoded = recoded;
                treated
            }
        }
    }

    /// The same, once it is UTF-8 if it is text at all.
    fn utf8(&self, scratch: &mut Scratch, job: Job<'_>, value: &[u8], out: &mut Treated) -> Result<(), Stop> {
        let source = &self.tables.sources[usize::from(job.source)];
        let plan = &self.plan.sources[usize::from(job.source)];
        scratch.attributes.clear();
        scratch.attributes.resize(source.attributes.len(), ABSENT);
        scratch.resolved.clear();
        scratch.findings.clear();
        scratch.words.text.clear();
        let text = simdutf8::basic::from_utf8(value).map_err(|_| Reason::InvalidUtf8)?;
        let time = match &plan.format {
            Format::Json | Format::Ndjson => self.read_json(scratch, source, value)?,
            Format::Text => None,
            Format::Pattern { pattern, .. } => {
                let split = &mut scratch.patterns[usize::from(job.source)];
                if !pattern.split(value, split, &mut scratch.fields) {
                    return Err(Reason::PatternMismatch.into());
                }
                self.read_fields(scratch, source, value)
            }
        };
        let event_ms = match plan.time {
            EventTime::At(_) => {
                let span = time.ok_or(Reason::NoEventTime)?;
                let Words { plain, .. } = &mut scratch.words;
                let mut text = span.of(value);
                if matches!(plan.format, Format::Json | Format::Ndjson) && text.contains(&b'\\') {
                    // Some writers escape every slash, and so every time of the common log form.
                    plain.clear();
                    unescape(text, plain);
                    text = plain;
                }
                time::parse(text).ok_or(Stop::Refused {
                    reason: Reason::InvalidEventTime,
                    item: None,
                    at_byte: span.start as usize,
                })?
            }
            EventTime::KafkaTimestamp => job.record.timestamp_ms.ok_or(Reason::NoEventTime)?,
        };
        if !super::rule::all_hold(&source.belongs, &scratch.attributes) {
            return Err(Reason::UnknownSource.into());
        }
        let tiers = source.tiers(&scratch.attributes);
        if tiers == 0 {
            return Err(Reason::NoRoute.into());
        }
        self.target(scratch, job, event_ms, tiers, &mut out.tally)?;
        if scratch.targets.is_empty() {
            // No tier takes it, so nothing of it is looked at any further.
            return Ok(());
        }
        match &plan.format {
            Format::Json | Format::Ndjson => {
                self.resolve_nodes(scratch, source, value, job.source, &mut out.tally)?;
                self.write_objects(scratch, source, job, text, out)
            }
            Format::Text => {
                self.resolve_line(scratch, source, value)?;
                self.write_lines(scratch, source, job, text, None, out)
            }
            Format::Pattern { pattern, emit } => {
                self.resolve_fields(scratch, source, pattern, value)?;
                self.write_lines(scratch, source, job, text, Some((pattern, *emit)), out)
            }
        }
    }

    /// Walks a JSON object; gives the span of its event time.
    fn read_json(&self, scratch: &mut Scratch, source: &Source, value: &[u8]) -> Result<Option<Span>, Stop> {
        let Scratch { marks, walk, attributes, words, tenant, .. } = scratch;
        marks.index(value);
        walk.object(value, marks, &source.paths, source).map_err(|(fault, at_byte)| {
            let reason = match fault {
                Fault::Invalid => Reason::InvalidJson,
                Fault::Truncated => Reason::TruncatedJson,
                Fault::NotAnObject => Reason::NotAnObject,
                Fault::TooDeep => Reason::TooDeep,
                Fault::TooMany => Reason::TooManyFields,
                Fault::DuplicateKey => Reason::DuplicateKey,
                Fault::ReservedMember => Reason::ReservedMember,
            };
            Stop::Refused { reason, item: None, at_byte }
        })?;
        let mut time = None;
        for node in &walk.nodes {
            let Some(place) = source.places.get(node.place.index()) else { continue };
            if place.time && matches!(node.shape, Shape::String | Shape::Number) {
                time = Some(node.span);
            }
            if place.tenant {
                note_tenant(node, value, &mut words.plain, tenant);
            }
            if let Some(attribute) = place.attribute {
                let text = node.span.of(value);
                attributes[usize::from(attribute)] = match node.shape {
                    Shape::Null | Shape::Close => ABSENT,
                    Shape::Object | Shape::Array => OTHER,
                    Shape::String if node.escaped => {
                        let Words { plain, .. } = words;
                        plain.clear();
                        unescape(text, plain);
                        attribute_value(source, attribute, plain)
                    }
                    Shape::String | Shape::Number | Shape::Bool => attribute_value(source, attribute, text),
                };
            }
        }
        Ok(time)
    }

    /// Notes the fields of a split line; gives the span of its event time.
    fn read_fields(&self, scratch: &mut Scratch, source: &Source, value: &[u8]) -> Option<Span> {
        let mut time = None;
        for (span, place) in scratch.fields.iter().zip(&source.fields) {
            scratch.resolved.push(Resolved::NOTHING);
            let (Some(span), Some(place)) = (span, source.places.get(place.index())) else { continue };
            let text = span.of(value);
            if is_nothing(text) {
                continue;
            }
            let Place { attribute, time: is_time, tenant, .. } = place;
            if *is_time {
                time = Some(*span);
            }
            if *tenant {
                set_tenant(text, &mut scratch.tenant);
            }
            if let Some(attribute) = attribute {
                scratch.attributes[usize::from(*attribute)] = attribute_value(source, *attribute, text);
            }
        }
        time
    }
}

/// Notes a tenant: a string without its escapes, a number in plain digits.
fn note_tenant(node: &Node, value: &[u8], plain: &mut Vec<u8>, tenant: &mut String) {
    let text = node.span.of(value);
    match node.shape {
        Shape::Null | Shape::Close | Shape::Object | Shape::Array => tenant.clear(),
        Shape::String if node.escaped => {
            plain.clear();
            unescape(text, plain);
            set_tenant(plain, tenant);
        }
        Shape::Number if plain_number(text, plain) => set_tenant(plain, tenant),
        Shape::String | Shape::Number | Shape::Bool => set_tenant(text, tenant),
    }
}

fn set_tenant(text: &[u8], tenant: &mut String) {
    tenant.clear();
    let text = std::str::from_utf8(text).ok().and_then(canonical_tenant);
    tenant.push_str(text.unwrap_or(""));
}

/// Whether a field of a log line is the `-` that servers write for no value.
pub(super) fn is_nothing(text: &[u8]) -> bool {
    text == b"-"
}

fn attribute_value(source: &Source, attribute: u16, text: &[u8]) -> u8 {
    let known = &source.attributes[usize::from(attribute)].known;
    known.iter().position(|known| known.as_bytes() == text).map_or(OTHER, |index| index as u8 + 2)
}
