//! Each tier's output, written once: gaps, replacements, room for tokens, provenance, key and headers.

use super::compile::Source;
use super::day::{Days, RecordPlace};
use super::outcome::{HeaderName, Output, OutputHeader, Reason, Treated};
use super::plan::Emit;
use super::read::ABSENT;
use super::rule::{Op, Road, Rule, Treatment};
use super::scratch::{Resolved, Scratch, Words};
use super::seal::Seals;
use super::value::{Form, Leaf, Sink, field_leaf};
use super::{Engine, Job, Stop};
use crate::find::Finding;
use crate::find::pattern::Pattern;
use crate::find::text::{self, Encoding, Query};
use crate::limits::{FRAME_BYTES, OUTPUT_BYTES_MAX};
use crate::pseudonym::{frame, token};
use crate::record::Span;
use crate::route::TierId;
use crate::route::tier::Tier;

/// Writes values for one tier.
pub(super) struct Writer<'a> {
    pub(super) source: &'a Source,
    /// By rule: what is done in this tier.
    pub(super) treatments: &'a [Treatment],
    pub(super) tier: TierId,
    pub(super) slot: usize,
    pub(super) sink: Sink,
    pub(super) words: &'a mut Words,
    pub(super) days: &'a mut Days,
    pub(super) counted: &'a mut Vec<u32>,
    pub(super) seals: &'a mut Seals,
    pub(super) out: &'a mut Vec<u8>,
}

impl Engine {
    /// Writes a JSON record for each of its tiers.
    pub(super) fn write_objects(
        &self,
        scratch: &mut Scratch,
        source: &Source,
        job: Job<'_>,
        value: &str,
        out: &mut Treated,
    ) -> Result<(), Stop> {
        for index in 0..scratch.targets.len() {
            let start = out.bytes.len();
            let Scratch { walk, resolved, open, findings, words, days, counted, seals, targets, .. } = &mut *scratch;
            let (tier, slot) = targets[index];
            let treatments = &source.treatments[usize::from(tier.0)][..];
            let mut writer = Writer {
                source,
                treatments,
                tier,
                slot,
                sink: Sink::Json,
                words,
                days,
                counted,
                seals,
                out: &mut out.bytes,
            };
            let body = self.begin_object(&mut writer);
            writer.object(&walk.nodes, resolved, findings, value, open)?;
            self.end_object(&mut writer, job, body);
            self.finish(scratch, source, job, (tier, slot), Some(start), false, out)?;
        }
        Ok(())
    }

    /// Writes a line for each of its tiers: text, or the fields of a pattern.
    pub(super) fn write_lines(
        &self,
        scratch: &mut Scratch,
        source: &Source,
        job: Job<'_>,
        value: &str,
        pattern: Option<(&Pattern, Emit)>,
        out: &mut Treated,
    ) -> Result<(), Stop> {
        for index in 0..scratch.targets.len() {
            let start = out.bytes.len();
            let Scratch { fields, resolved, findings, words, days, counted, seals, targets, .. } = &mut *scratch;
            let (tier, slot) = targets[index];
            let treatments = &source.treatments[usize::from(tier.0)][..];
            let sink = if matches!(pattern, Some((_, Emit::Json))) { Sink::Json } else { Sink::Plain };
            let mut writer =
                Writer { source, treatments, tier, slot, sink, words, days, counted, seals, out: &mut out.bytes };
            match pattern {
                None => writer.line(resolved[0], findings, value),
                Some((pattern, Emit::Same)) => writer.same(pattern, fields, resolved, findings, value),
                Some((pattern, Emit::Json)) => {
                    let body = self.begin_object(&mut writer);
                    writer.fields(pattern, fields, resolved, findings, value)?;
                    self.end_object(&mut writer, job, body);
                }
            }
            self.finish(scratch, source, job, (tier, slot), Some(start), sink == Sink::Plain, out)?;
        }
        Ok(())
    }

    /// Forwards a null value by its key, if the source says so: the arrival is its time, the default route its tiers.
    pub(super) fn tombstone(&self, scratch: &mut Scratch, job: Job<'_>, out: &mut Treated) -> Result<(), Stop> {
        let source = &self.tables.sources[usize::from(job.source)];
        let forwards = self.plan.sources[usize::from(job.source)].tombstones_forward;
        if !forwards || source.key.is_none() || job.record.key.is_none() {
            return Err(Reason::NullValue.into());
        }
        let arrival_ms = job.record.timestamp_ms.ok_or(Reason::NoEventTime)?;
        // Nothing stands in it, so conditions find no field.
        scratch.attributes.clear();
        scratch.attributes.resize(source.attributes.len(), ABSENT);
        let tiers = source.tiers_of_nothing();
        if tiers == 0 {
            return Err(Reason::NoRoute.into());
        }
        self.target(scratch, job, arrival_ms, tiers, &mut out.tally)?;
        for index in 0..scratch.targets.len() {
            let target = scratch.targets[index];
            self.finish(scratch, source, job, target, None, true, out)?;
        }
        Ok(())
    }

    /// Ends an output whose value begins at `start`: provenance where it is a header, headers, key.
    #[expect(clippy::too_many_arguments, reason = "the last step of a record needs all that the steps before it had")]
    fn finish(
        &self,
        scratch: &mut Scratch,
        source: &Source,
        job: Job<'_>,
        (tier, slot): (TierId, usize),
        start: Option<usize>,
        provenance_in_header: bool,
        out: &mut Treated,
    ) -> Result<(), Stop> {
        let value = start.map(|start| start..out.bytes.len());
        let begin = start.unwrap_or(out.bytes.len());
        let first_header = out.headers.len();
        let Scratch { words, days, counted, seals, findings, .. } = scratch;
        let treatments = &source.treatments[usize::from(tier.0)][..];
        let mut writer = Writer {
            source,
            treatments,
            tier,
            slot,
            sink: Sink::Plain,
            words,
            days,
            counted,
            seals,
            out: &mut out.bytes,
        };
        if provenance_in_header {
            let from = writer.out.len();
            self.provenance(&mut writer, job);
            out.headers.push(OutputHeader { name: HeaderName::Garim, value: from..writer.out.len() });
        }
        for (name, text) in job.record.headers {
            let listed = source.headers.iter().position(|(listed, _)| listed.as_bytes() == *name);
            let (Some(index), Some(text)) = (listed, text) else { continue };
            if let Some(value) = writer.carrier(&source.headers[index].1, text.0, findings)? {
                out.headers.push(OutputHeader { name: HeaderName::Listed(index as u16), value });
            }
        }
        let key = match (&source.key, job.record.key) {
            (Some(rule), Some(key)) => writer.carrier(rule, key.0, findings)?,
            _ => None,
        };
        if out.bytes.len() - begin > OUTPUT_BYTES_MAX {
            return Err(Reason::OutputTooLarge.into());
        }
        let output = Some(out.outputs.len());
        let Tier { spread, record_id, .. } = self.plan.tiers[usize::from(tier.0)];
        match days.last_record() {
            _ if !spread => {}
            Some(place) if record_id => place.output = output,
            _ => self.fill_record(days.record(slot, RecordPlace { letters: None, output }), source, job),
        }
        out.outputs.push(Output {
            record: job.index,
            source: job.source,
            tier,
            partition: job.record.position.partition,
            value,
            key,
            headers: first_header..out.headers.len(),
        });
        Ok(())
    }

    /// Fills the frame of the record's place in its input.
    fn fill_record(&self, frame: &mut [u8; FRAME_BYTES], source: &Source, job: Job<'_>) {
        let input = &self.tables.inputs[usize::from(job.record.input.0)];
        frame::fill_record(frame, source.record_tag, &input.topic_digest, job.record.position, job.line);
    }

    /// Begins an object; gives where its own brace stands if it is to be sealed whole. It is then written inside of the
    /// room of its envelope, so that the letters of its tokens find it until it is closed.
    fn begin_object(&self, writer: &mut Writer<'_>) -> Option<usize> {
        self.plan.tiers[usize::from(writer.tier.0)].body_sealed.then(|| {
            writer.out.extend_from_slice(b"{\"sealed\":\"");
            writer.out.len()
        })
    }

    /// Ends an object: the envelope, if something of the record or all of it is sealed, then `garim`.
    fn end_object(&self, writer: &mut Writer<'_>, job: Job<'_>, body: Option<usize>) {
        let sealed = match body {
            Some(body) => writer.body_envelope(job.source, body),
            None => writer.envelope(job.source),
        };
        if sealed {
            self.fill_record(writer.days.nonce(writer.slot), writer.source, job);
        }
        writer.member_name(b"garim");
        writer.out.push(b'"');
        let record_id = self.provenance(writer, job);
        writer.out.extend_from_slice(b"\"}");
        if sealed {
            writer.seal_to(record_id);
        }
    }

    /// Writes the `garim` string: the policy's digest, and the record's id where the tier carries it. Gives the place
    /// of the id's letters.
    fn provenance(&self, writer: &mut Writer<'_>, job: Job<'_>) -> Option<usize> {
        writer.out.extend_from_slice(&self.digest_letters);
        if !self.plan.tiers[usize::from(writer.tier.0)].record_id {
            return None;
        }
        writer.out.push(b'.');
        let letters = Some(writer.out.len());
        let place = RecordPlace { letters, output: None };
        self.fill_record(writer.days.record(writer.slot, place), writer.source, job);
        writer.out.extend_from_slice(&[b'?'; token::LETTERS]);
        letters
    }
}

impl Writer<'_> {
    pub(super) fn treatment<'r>(&self, rule: &'r Rule) -> &'r Treatment {
        &rule.by_tier[usize::from(self.tier.0)]
    }

    /// Writes a comma where something stands before, then a name as it is in JSON.
    pub(super) fn member_name(&mut self, name: &[u8]) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn comma(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    /// Writes a line of text.
    fn line(&mut self, resolved: Resolved, findings: &[Finding], value: &str) {
        let Some(rule) = self.source.rules.get(resolved.rule.index()) else { return };
        let treatment = self.treatment(rule);
        self.counted.push(treatment.counter);
        let findings = &findings[resolved.findings.0 as usize..resolved.findings.1 as usize];
        self.value(rule, treatment, Leaf { text: value, form: Form::Plain, findings });
    }

    /// Writes a line in its own format; what is dropped becomes `-`.
    fn same(
        &mut self,
        pattern: &Pattern,
        fields: &[Option<Span>],
        resolved: &[Resolved],
        findings: &[Finding],
        value: &str,
    ) {
        self.out.extend_from_slice(pattern.first_literal());
        for (index, (span, resolved)) in fields.iter().zip(resolved).enumerate() {
            let rule = self.source.rules.get(resolved.rule.index());
            match (span, rule) {
                (Some(span), Some(rule)) if self.treatment(rule).road != Road::Dropped => {
                    let treatment = self.treatment(rule);
                    self.counted.push(treatment.counter);
                    self.value(rule, treatment, field_leaf(span.of_str(value), resolved, findings));
                }
                _ => self.out.push(b'-'),
            }
            self.out.extend_from_slice(pattern.literal_after(index));
        }
    }

    /// Writes a line as an object of its fields, still open at its end.
    fn fields(
        &mut self,
        pattern: &Pattern,
        fields: &[Option<Span>],
        resolved: &[Resolved],
        findings: &[Finding],
        value: &str,
    ) -> Result<(), Stop> {
        self.out.push(b'{');
        let body = self.out.len();
        let mut renamed = false;
        for ((span, resolved), name) in fields.iter().zip(resolved).zip(pattern.fields()) {
            let (Some(span), Some(rule)) = (span, self.source.rules.get(resolved.rule.index())) else { continue };
            let treatment = self.treatment(rule);
            self.counted.push(treatment.counter);
            if treatment.road == Road::Dropped {
                continue;
            }
            let leaf = field_leaf(span.of_str(value), resolved, findings);
            if treatment.road == Road::Apart && leaf.form != Form::Null && treatment.sealed {
                self.seal_field(name, leaf.text);
            }
            match treatment.op {
                Op::Drop if leaf.form != Form::Null => continue,
                Op::Present | Op::Family => {
                    let Some(stated) = self.stated(treatment.op, leaf) else { continue };
                    let other = rule.name_in(self.tier);
                    renamed |= other.is_some();
                    self.member_name(other.unwrap_or(name.as_bytes()));
                    self.out.extend_from_slice(stated);
                    continue;
                }
                _ => {}
            }
            self.member_name(name.as_bytes());
            self.value(rule, treatment, leaf);
            if treatment.beside && leaf.form != Form::Null {
                self.token_beside(rule, leaf, name.as_bytes());
            }
        }
        if renamed { self.check_twins(body) } else { Ok(()) }
    }

    /// Writes a key or header; `None` where its rule drops it.
    fn carrier(
        &mut self,
        rule: &Rule,
        text: &[u8],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<std::ops::Range<usize>>, Stop> {
        let treatment = self.treatment(rule);
        self.counted.push(treatment.counter);
        if treatment.op == Op::Drop {
            return Ok(None);
        }
        let text = simdutf8::basic::from_utf8(text).map_err(|_| Reason::InvalidUtf8)?;
        let before = findings.len();
        if treatment.op == Op::Scan {
            let query = Query { kinds: self.source.kinds, encoding: Encoding::Plain, field: b"" };
            text::find(query, text.as_bytes(), &mut self.words.text, findings);
        }
        let from = self.out.len();
        self.value(rule, treatment, Leaf { text, form: Form::Plain, findings: &findings[before..] });
        findings.truncate(before);
        Ok(Some(from..self.out.len()))
    }
}
