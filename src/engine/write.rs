//! Each tier's output, written once: gaps, replacements, room for tokens, provenance, key and headers.

use std::mem;

use super::compile::Source;
use super::day::Days;
use super::outcome::{HeaderName, Output, OutputHeader, Reason, Treated};
use super::plan::Emit;
use super::read::is_nothing;
use super::rule::{Op, Road, Rule, Treatment};
use super::scratch::{Resolved, Scratch, Words};
use super::{Engine, Job, Stop};
use crate::find::Finding;
use crate::find::json::{Node, Shape, escape, unescape};
use crate::find::pattern::Pattern;
use crate::find::text::{self, Encoding};
use crate::kind::{Kind, canonical};
use crate::limits::OUTPUT_BYTES_MAX;
use crate::mask::generalize::{Generalize, generalize, prefix};
use crate::mask::{MaskShape, REDACTED, mask};
use crate::pseudonym::{frame, token};
use crate::record::{Span, time};
use crate::route::TierId;

/// A container that is open in the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// Where the output ended before it, and before the comma and name in front of it.
    start: usize,
    /// Where its inside begins.
    body: usize,
    array: bool,
    /// Whether some name in it was masked, so that two may have become one.
    altered: bool,
}

/// A part of the input that goes out as it is, and was not copied yet: members that follow each other are one copy.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: usize,
    /// Up to here the output has what the input has; the next member continues the run if it follows a comma here.
    end: usize,
}

impl Run {
    /// No member continues it: no name begins right behind the first byte of a record.
    const NOWHERE: Self = Self::at(0);

    const fn at(end: usize) -> Self {
        Self { from: end, end }
    }
}

/// What a value is in its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The inside of a JSON string.
    Json {
        escaped: bool,
    },
    /// Plain text: a field of a line, a line, a key, a header.
    Plain,
    Number,
    Bool,
    Null,
}

/// One value.
#[derive(Clone, Copy)]
struct Leaf<'a> {
    text: &'a str,
    form: Form,
    findings: &'a [Finding],
}

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    Json,
    Plain,
}

/// Writes values for one tier.
struct Writer<'a> {
    source: &'a Source,
    /// By rule: what is done in this tier.
    treatments: &'a [Treatment],
    tier: TierId,
    slot: usize,
    sink: Sink,
    words: &'a mut Words,
    days: &'a mut Days,
    counted: &'a mut Vec<u32>,
    out: &'a mut Vec<u8>,
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
            let Scratch { walk, resolved, open, findings, words, days, counted, targets, .. } = &mut *scratch;
            let (tier, slot) = targets[index];
            let treatments = &source.treatments[usize::from(tier.0)][..];
            let mut writer =
                Writer { source, treatments, tier, slot, sink: Sink::Json, words, days, counted, out: &mut out.bytes };
            writer.object(&walk.nodes, resolved, findings, value, open)?;
            writer.member_name(b"garim");
            writer.out.push(b'"');
            self.provenance(&mut writer, job);
            writer.out.extend_from_slice(b"\"}");
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
            let Scratch { fields, resolved, findings, words, days, counted, targets, .. } = &mut *scratch;
            let (tier, slot) = targets[index];
            let treatments = &source.treatments[usize::from(tier.0)][..];
            let sink = if matches!(pattern, Some((_, Emit::Json))) { Sink::Json } else { Sink::Plain };
            let mut writer = Writer { source, treatments, tier, slot, sink, words, days, counted, out: &mut out.bytes };
            match pattern {
                None => writer.line(resolved[0], findings, value),
                Some((pattern, Emit::Same)) => writer.same(pattern, fields, resolved, findings, value),
                Some((pattern, Emit::Json)) => {
                    writer.fields(pattern, fields, resolved, findings, value);
                    writer.member_name(b"garim");
                    writer.out.push(b'"');
                    self.provenance(&mut writer, job);
                    writer.out.extend_from_slice(b"\"}");
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
        let route = source.routes.last().expect("a source has a default route");
        self.target(scratch, job, arrival_ms, &route.to, &mut out.tally)?;
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
        let Scratch { words, days, counted, findings, .. } = scratch;
        let treatments = &source.treatments[usize::from(tier.0)][..];
        let mut writer =
            Writer { source, treatments, tier, slot, sink: Sink::Plain, words, days, counted, out: &mut out.bytes };
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

    /// Writes the `garim` string: the policy's digest, and the record's id where the tier carries it.
    fn provenance(&self, writer: &mut Writer<'_>, job: Job<'_>) {
        writer.out.extend_from_slice(&self.digest_letters);
        if !self.plan.tiers[usize::from(writer.tier.0)].record_id {
            return;
        }
        writer.out.push(b'.');
        let input = &self.tables.inputs[usize::from(job.record.input.0)];
        let tag = writer.source.record_tag;
        let frame = writer.days.records(writer.slot).push(writer.out.len());
        frame::fill_record(frame, tag, &input.topic_digest, job.record.position, job.line);
        writer.out.extend_from_slice(&[b'?'; token::LETTERS]);
    }
}

impl Writer<'_> {
    /// Writes the nodes of a record as an object, still open at its end.
    fn object(
        &mut self,
        nodes: &[Node],
        resolved: &[Resolved],
        findings: &[Finding],
        value: &str,
        open: &mut Vec<Open>,
    ) -> Result<(), Stop> {
        open.clear();
        self.out.push(b'{');
        open.push(Open { start: self.out.len(), body: self.out.len(), array: false, altered: false });
        let mut run = Run::NOWHERE;
        let mut index = 0;
        while let Some(node) = nodes.get(index) {
            let Resolved { rule, findings: found, name_findings, close } = resolved[index];
            index += 1;
            match node.shape {
                Shape::Close => {
                    self.flush(&mut run, value);
                    let closed = open.pop().expect("every end has its beginning");
                    let written = self.close(closed)?;
                    run = if written { Run::at(node.span.end as usize) } else { Run::NOWHERE };
                }
                Shape::Object | Shape::Array => {
                    if let Some(treatment) = self.treatments.get(rule.index()) {
                        self.counted.push(treatment.counter);
                        if treatment.road == Road::Dropped {
                            index = close as usize + 1;
                            continue;
                        }
                    }
                    self.flush(&mut run, value);
                    run = Run::NOWHERE;
                    let start = self.out.len();
                    self.name(node, name_findings, findings, value, open);
                    let array = node.shape == Shape::Array;
                    self.out.push(if array { b'[' } else { b'{' });
                    open.push(Open { start, body: self.out.len(), array, altered: false });
                }
                Shape::String | Shape::Number | Shape::Bool | Shape::Null => {
                    let Some(treatment) = self.treatments.get(rule.index()) else { continue };
                    self.counted.push(treatment.counter);
                    if treatment.road == Road::Dropped {
                        continue;
                    }
                    let end = node.span.end as usize + usize::from(node.shape == Shape::String);
                    let in_array = open.last().is_some_and(|container| container.array);
                    let led = !in_array && name_findings.0 == name_findings.1 && self.lead(&mut run, node, value);
                    if led && treatment.road == Road::Kept {
                        run.end = end;
                        continue;
                    }
                    self.flush(&mut run, value);
                    if !led {
                        self.name(node, name_findings, findings, value, open);
                    }
                    let leaf = Leaf {
                        text: node.span.of_str(value),
                        form: form_of(node),
                        findings: &findings[found.0 as usize..found.1 as usize],
                    };
                    let rule = &self.source.rules[rule.index()];
                    self.value(rule, treatment, leaf);
                    run = Run::at(end);
                    if treatment.beside && node.shape != Shape::Null {
                        self.token_beside(rule, leaf, node.name.of_str(value).as_bytes());
                    }
                }
            }
        }
        self.flush(&mut run, value);
        let root = open.pop().expect("the record itself");
        self.check_names(root)
    }

    /// Takes a member's name and colon into the run, if no white space stands between name and value.
    #[inline(always)]
    fn lead(&mut self, run: &mut Run, node: &Node, value: &str) -> bool {
        let begin = node.name.start as usize - 1;
        let start = node.span.start as usize - usize::from(node.shape == Shape::String);
        if start != node.name.end as usize + 2 {
            return false;
        }
        if begin != run.end + 1 || value.as_bytes()[run.end] != b',' {
            self.flush(run, value);
            self.comma();
            run.from = begin;
        }
        run.end = start;
        true
    }

    /// Writes what of the input waits in the run.
    #[inline(always)]
    fn flush(&mut self, run: &mut Run, value: &str) {
        if run.from < run.end {
            self.out.extend_from_slice(&value.as_bytes()[run.from..run.end]);
            run.from = run.end;
        }
    }

    fn treatment<'r>(&self, rule: &'r Rule) -> &'r Treatment {
        &rule.by_tier[usize::from(self.tier.0)]
    }

    /// Closes a container, or takes it back if nothing is left in it; whether it stays.
    fn close(&mut self, closed: Open) -> Result<bool, Stop> {
        if self.out.len() == closed.body {
            self.out.truncate(closed.start);
            return Ok(false);
        }
        self.check_names(closed)?;
        self.out.push(if closed.array { b']' } else { b'}' });
        Ok(true)
    }

    /// After a name was masked: no other member may have the same name now.
    fn check_names(&self, open: Open) -> Result<(), Stop> {
        if open.altered && has_twin_names(&self.out[open.body..]) {
            return Err(Reason::KeyCollision.into());
        }
        Ok(())
    }

    /// Writes what stands before a node's value: a comma, its name.
    fn name(&mut self, node: &Node, found: (u32, u32), findings: &[Finding], value: &str, open: &mut [Open]) {
        let container = open.last_mut().expect("a node stands in a container");
        if container.array {
            self.comma();
            return;
        }
        if found.0 == found.1 {
            let (start, end) = (node.name.start as usize, node.name.end as usize);
            if value.as_bytes().get(end + 1) == Some(&b':') {
                self.comma();
                self.out.extend_from_slice(&value.as_bytes()[start - 1..end + 2]);
            } else {
                self.member_name(node.name.of_str(value).as_bytes());
            }
            return;
        }
        container.altered = true;
        self.comma();
        self.out.push(b'"');
        let name = node.name.of_str(value).as_bytes();
        let mut from = 0;
        for finding in &findings[found.0 as usize..found.1 as usize] {
            self.out.extend_from_slice(&name[from..finding.span.start as usize]);
            let shape = match self.treatment(&self.source.found[finding.kind as usize]).op {
                Op::Mask(shape) => shape,
                _ if matches!(finding.kind, Kind::KrRrn | Kind::KrFrn) => MaskShape::Redact,
                _ => MaskShape::OfKind,
            };
            self.words.formed.clear();
            mask(finding.kind, shape, text::plain(finding, name, &self.words.text), &mut self.words.formed);
            escape(&self.words.formed, self.out);
            from = finding.span.end as usize;
        }
        self.out.extend_from_slice(&name[from..]);
        self.out.extend_from_slice(b"\":");
    }

    /// Writes a comma where something stands before, then a name as it is in JSON.
    fn member_name(&mut self, name: &[u8]) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b"\":");
    }

    fn comma(&mut self) {
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
                (Some(span), Some(rule)) if self.treatment(rule).op != Op::Drop => {
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
    ) {
        self.out.push(b'{');
        for ((span, resolved), name) in fields.iter().zip(resolved).zip(pattern.fields()) {
            let (Some(span), Some(rule)) = (span, self.source.rules.get(resolved.rule.index())) else { continue };
            let treatment = self.treatment(rule);
            self.counted.push(treatment.counter);
            if treatment.op == Op::Drop {
                continue;
            }
            let leaf = field_leaf(span.of_str(value), resolved, findings);
            self.member_name(name.as_bytes());
            self.value(rule, treatment, leaf);
            if treatment.beside && leaf.form != Form::Null {
                self.token_beside(rule, leaf, name.as_bytes());
            }
        }
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
            text::find(self.source.kinds, text.as_bytes(), Encoding::Plain, &mut self.words.text, findings);
        }
        let from = self.out.len();
        self.value(rule, treatment, Leaf { text, form: Form::Plain, findings: &findings[before..] });
        findings.truncate(before);
        Ok(Some(from..self.out.len()))
    }

    /// Writes `,"<name>_token":"<token>"`.
    fn token_beside(&mut self, rule: &Rule, leaf: Leaf<'_>, name: &[u8]) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b"_token\":\"");
        self.with_plain(leaf, |writer, text| writer.token(rule, text));
        self.out.push(b'"');
    }

    /// Writes a value as its treatment says.
    fn value(&mut self, rule: &Rule, treatment: &Treatment, leaf: Leaf<'_>) {
        if leaf.form == Form::Null {
            self.out.extend_from_slice(if self.sink == Sink::Json { b"null" } else { b"-" });
            return;
        }
        match treatment.op {
            Op::Drop => {}
            Op::Keep => self.verbatim(leaf),
            Op::Scan if leaf.findings.is_empty() => self.verbatim(leaf),
            Op::Scan => self.spliced(leaf),
            Op::Time(to) if leaf.form == Form::Number => {
                if !time::truncate(leaf.text.as_bytes(), to, self.out) {
                    self.put(REDACTED.as_bytes());
                }
            }
            Op::Token => {
                self.quote();
                self.with_plain(leaf, |writer, text| writer.token(rule, text));
                self.quote();
            }
            // A time or a prefix is written where it belongs: nothing in it needs an escape.
            Op::Time(to) => self.with_plain(leaf, |writer, text| {
                writer.quote();
                if !time::truncate(text.as_bytes(), to, writer.out) {
                    writer.out.extend_from_slice(REDACTED.as_bytes());
                }
                writer.quote();
            }),
            Op::Generalize(Generalize::Prefix(v4, v6)) => self.with_plain(leaf, |writer, text| {
                writer.quote();
                if !prefix(text, v4, v6, writer.out) {
                    writer.out.extend_from_slice(REDACTED.as_bytes());
                }
                writer.quote();
            }),
            op => self.with_plain(leaf, |writer, text| {
                writer.form(rule.kind, op, text);
                writer.quote();
                match writer.sink {
                    Sink::Plain => writer.out.extend_from_slice(&writer.words.formed),
                    Sink::Json => escape(&writer.words.formed, writer.out),
                }
                writer.quote();
            }),
        }
    }

    /// Writes the text with its findings treated.
    fn spliced(&mut self, leaf: Leaf<'_>) {
        self.quote();
        let mut from = 0;
        for finding in leaf.findings {
            self.piece(leaf.form, &leaf.text.as_bytes()[from..finding.span.start as usize]);
            from = finding.span.end as usize;
            let source = self.source;
            let rule = &source.found[finding.kind as usize];
            let treatment = self.treatment(rule);
            self.counted.push(treatment.counter);
            let mut plain = mem::take(&mut self.words.plain);
            plain.clear();
            plain.extend_from_slice(text::plain(finding, leaf.text.as_bytes(), &self.words.text).as_bytes());
            let text = std::str::from_utf8(&plain).unwrap_or("");
            match treatment.op {
                Op::Drop | Op::Scan => {}
                Op::Keep => self.piece(leaf.form, finding.span.of_str(leaf.text).as_bytes()),
                Op::Token => self.token(rule, text),
                op => {
                    self.form(rule.kind, op, text);
                    match self.sink {
                        Sink::Json => escape(&self.words.formed, self.out),
                        Sink::Plain => self.out.extend_from_slice(&self.words.formed),
                    }
                }
            }
            self.words.plain = plain;
        }
        self.piece(leaf.form, &leaf.text.as_bytes()[from..]);
        self.quote();
    }

    /// Forms a value's replacement in `Words::formed`; a value that is not of its kind leaves nothing of itself.
    fn form(&mut self, kind: Kind, op: Op, text: &str) {
        let Words { text: search, agents, formed, .. } = &mut *self.words;
        formed.clear();
        let fits = match op {
            Op::Mask(shape) => {
                mask(kind, shape, text, formed);
                true
            }
            Op::Truncate(characters) => {
                let end = text.char_indices().nth(usize::from(characters)).map_or(text.len(), |(at, _)| at);
                formed.extend_from_slice(&text.as_bytes()[..end]);
                true
            }
            Op::Time(to) => time::truncate(text.as_bytes(), to, formed),
            Op::Generalize(how) => {
                let kinds = self.source.kinds;
                generalize(how, text, agents, |path, out| text::redact(kinds, path, search, out), formed)
            }
            Op::Drop | Op::Keep | Op::Scan | Op::Token => false,
        };
        if !fits {
            formed.clear();
            formed.extend_from_slice(REDACTED.as_bytes());
        }
    }

    /// Writes a token but for its letters, which follow when the batch is hashed.
    fn token(&mut self, rule: &Rule, text: &str) {
        let formed = &mut self.words.formed;
        formed.clear();
        if !canonical(rule.kind, text, formed) {
            formed.clear();
            formed.extend_from_slice(text.as_bytes());
        }
        let (keys, queue) = self.days.values(self.slot);
        let frame = queue.push(self.out.len() + token::HEAD);
        frame::fill_value(frame, rule.tag, formed, &keys.pseudonym);
        self.out.extend_from_slice(&token::blank(rule.kind.letters(), keys.id));
    }

    /// Lends a value as plain text: without escapes, numbers in plain digits.
    fn with_plain(&mut self, leaf: Leaf<'_>, then: impl FnOnce(&mut Self, &str)) {
        if matches!(leaf.form, Form::Json { escaped: false } | Form::Plain) {
            return then(self, leaf.text);
        }
        let mut plain = mem::take(&mut self.words.plain);
        let changed = match leaf.form {
            Form::Json { escaped: true } => {
                plain.clear();
                unescape(leaf.text.as_bytes(), &mut plain);
                true
            }
            Form::Number => plain_number(leaf.text.as_bytes(), &mut plain),
            Form::Json { escaped: false } | Form::Plain | Form::Bool | Form::Null => false,
        };
        // What escapes stand for is UTF-8 as the payload is; were it not, nothing of it would leave.
        let text = if changed { std::str::from_utf8(&plain).unwrap_or(REDACTED) } else { leaf.text };
        then(self, text);
        self.words.plain = plain;
    }

    /// Writes a value as it came.
    fn verbatim(&mut self, leaf: Leaf<'_>) {
        match leaf.form {
            Form::Json { .. } | Form::Plain => {
                self.quote();
                self.piece(leaf.form, leaf.text.as_bytes());
                self.quote();
            }
            Form::Number | Form::Bool | Form::Null => self.out.extend_from_slice(leaf.text.as_bytes()),
        }
    }

    /// Writes a part of a text, in the form of the sink.
    fn piece(&mut self, form: Form, text: &[u8]) {
        match (form, self.sink) {
            (Form::Plain, Sink::Json) => escape(text, self.out),
            _ => self.out.extend_from_slice(text),
        }
    }

    /// Writes plain text as a whole value.
    fn put(&mut self, text: &[u8]) {
        self.quote();
        self.piece(Form::Plain, text);
        self.quote();
    }

    fn quote(&mut self) {
        if self.sink == Sink::Json {
            self.out.push(b'"');
        }
    }
}

fn form_of(node: &Node) -> Form {
    match node.shape {
        Shape::String => Form::Json { escaped: node.escaped },
        Shape::Number => Form::Number,
        Shape::Bool => Form::Bool,
        Shape::Null | Shape::Object | Shape::Array | Shape::Close => Form::Null,
    }
}

fn field_leaf<'a>(text: &'a str, resolved: &Resolved, findings: &'a [Finding]) -> Leaf<'a> {
    let form = if is_nothing(text.as_bytes()) { Form::Null } else { Form::Plain };
    Leaf { text, form, findings: &findings[resolved.findings.0 as usize..resolved.findings.1 as usize] }
}

/// Writes a JSON number with a fraction or exponent as plain digits, if it is an integer of at most 40 digits.
///
/// False, with `out` emptied, for a number that is written plainly, or is no such integer: its text stands for it.
pub(super) fn plain_number(text: &[u8], out: &mut Vec<u8>) -> bool {
    const DIGITS_MAX: i64 = 40;
    out.clear();
    let Some(end) = text.iter().position(|byte| matches!(byte, b'.' | b'e' | b'E')) else {
        return false;
    };
    let (mut mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b"0"[..]),
    };
    let exponent = std::str::from_utf8(exponent).ok().and_then(|digits| digits.parse::<i64>().ok());
    let Some(mut exponent) = exponent.filter(|exponent| exponent.abs() <= DIGITS_MAX) else {
        return false;
    };
    let fraction = mantissa.len().saturating_sub(end + 1);
    exponent -= fraction as i64;
    if let Some((sign, rest)) = mantissa.split_first()
        && *sign == b'-'
    {
        out.push(b'-');
        mantissa = rest;
    }
    let signed = out.len();
    out.extend(mantissa.iter().filter(|byte| **byte != b'.'));
    while exponent < 0 && out.len() > signed + 1 && out.last() == Some(&b'0') {
        out.pop();
        exponent += 1;
    }
    let leading = out[signed..].iter().take_while(|byte| **byte == b'0').count().min(out.len() - signed - 1);
    out.drain(signed..signed + leading);
    if exponent < 0 && out[signed..] == *b"0" {
        exponent = 0;
    }
    if exponent < 0 || out.len() as i64 + exponent > DIGITS_MAX {
        out.clear();
        return false;
    }
    out.extend(std::iter::repeat_n(b'0', exponent as usize));
    true
}

/// Whether two members of an object have one name; `inside` is what stands between the braces, as garim wrote it.
fn has_twin_names(inside: &[u8]) -> bool {
    let mut names: Vec<&[u8]> = Vec::new();
    let (mut depth, mut at, mut expects_name) = (0usize, 0, true);
    while at < inside.len() {
        match inside[at] {
            b'"' => {
                let from = at + 1;
                at = from;
                while inside.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if inside[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 0 && expects_name {
                    names.push(&inside[from..at.min(inside.len())]);
                    expects_name = false;
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => expects_name = true,
            _ => {}
        }
        at += 1;
    }
    let plain = |name: &&[u8]| {
        let mut plain = Vec::new();
        unescape(name, &mut plain);
        plain
    };
    let mut names: Vec<Vec<u8>> = names.iter().map(plain).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_plain_digits() {
        for (text, plain) in [
            ("12", None),
            ("1.5", None),
            ("9.0E12", Some("9000000000000")),
            ("8801011234568.0", Some("8801011234568")),
            ("1.012345678E9", Some("1012345678")),
            ("-1.20e1", Some("-12")),
            ("0.0", Some("0")),
            ("0.00012e5", Some("12")),
            ("1e400", None),
            ("1e-3", None),
            ("1200e-2", Some("12")),
        ] {
            let mut out = Vec::new();
            let written = plain_number(text.as_bytes(), &mut out);
            assert_eq!(written.then(|| String::from_utf8_lossy(&out).into_owned()).as_deref(), plain, "{text}");
        }
    }

    #[test]
    fn twin_names() {
        for (inside, twins) in [
            (r#""a":1,"b":{"a":2},"c":["a","b"]"#, false),
            (r#""a":1,"b":"\"a\":","a":2"#, true),
            (r#""****":"x","****":"y""#, true),
            (r#""****":"x","\u002a***":"y""#, true),
            ("", false),
        ] {
            assert_eq!(has_twin_names(inside.as_bytes()), twins, "{inside}");
        }
    }
}
