//! One value in one tier: as it came, with its findings treated, masked, coarser, or as a token.

use std::mem;

use super::read::is_nothing;
use super::rule::{Op, Rule, Treatment};
use super::scratch::{Resolved, Words};
use super::write::Writer;
use crate::find::Finding;
use crate::find::escape::{escape, unescape};
use crate::find::json::{Node, Shape};
use crate::find::restore::{self, Treated, restore};
use crate::find::text;
use crate::kind::{Kind, canonical};
use crate::mask::generalize::{self, Family, Generalize, generalize, prefix};
use crate::mask::{REDACTED, mask};
use crate::pseudonym::{frame, token};
use crate::record::time;

/// What a value is in its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
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
pub(super) struct Leaf<'a> {
    pub(super) text: &'a str,
    pub(super) form: Form,
    pub(super) findings: &'a [Finding],
}

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    Json,
    Plain,
}

impl Writer<'_> {
    /// Writes a value as its treatment says.
    pub(super) fn value(&mut self, rule: &Rule, treatment: &Treatment, leaf: Leaf<'_>) {
        if leaf.form == Form::Null {
            self.out.extend_from_slice(if self.sink == Sink::Json { b"null" } else { b"-" });
            return;
        }
        match treatment.op {
            Op::Drop | Op::Parts => {}
            Op::Present | Op::Family => {
                if let Some(stated) = self.stated(treatment.op, leaf) {
                    self.out.extend_from_slice(stated);
                }
            }
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

    /// What is stated of a value instead of it, as JSON; nothing of `null`, nor of what has no family.
    pub(super) fn stated(&mut self, op: Op, leaf: Leaf<'_>) -> Option<&'static [u8]> {
        if leaf.form == Form::Null {
            return None;
        }
        if op == Op::Present {
            return Some(b"true");
        }
        let mut family = None;
        self.with_plain(leaf, |_, text| family = generalize::family(text));
        match family? {
            Family::V4 => Some(b"4"),
            Family::V6 => Some(b"6"),
        }
    }

    /// Writes `,"<name>_token":"<token>"`.
    pub(super) fn token_beside(&mut self, rule: &Rule, leaf: Leaf<'_>, name: &[u8]) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b"_token\":\"");
        self.with_plain(leaf, |writer, text| writer.token(rule, text));
        self.out.push(b'"');
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
                Op::Drop | Op::Scan | Op::Family | Op::Present | Op::Parts => {}
                Op::Keep => self.piece(leaf.form, finding.span.of_str(leaf.text).as_bytes()),
                Op::Token => self.token(rule, text),
                op => {
                    self.form(rule.kind, op, text);
                    self.restored(finding, leaf, how(op));
                }
            }
            self.words.plain = plain;
        }
        self.piece(leaf.form, &leaf.text.as_bytes()[from..]);
        self.quote();
    }

    /// Writes `Words::formed` in the place of a finding, in the encoding that the place has.
    fn restored(&mut self, finding: &Finding, leaf: Leaf<'_>, how: Treated) {
        let mut place = mem::take(&mut self.words.place);
        place.clear();
        let Words { text: search, formed, .. } = &*self.words;
        let formed = std::str::from_utf8(formed).unwrap_or(REDACTED);
        restore(finding, leaf.text.as_bytes(), formed, how, search, &mut place);
        // A string of JSON has the escapes of its text; a number becomes one that needs them.
        self.piece(if matches!(leaf.form, Form::Json { .. }) { leaf.form } else { Form::Plain }, &place);
        self.words.place = place;
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
                generalize(how, text, agents, |path, out| restore::redact(kinds, path, search, out), formed)
            }
            Op::Drop | Op::Keep | Op::Scan | Op::Token | Op::Family | Op::Present | Op::Parts => false,
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
        let (keys, frame) = self.days.value(self.slot, self.out.len() + token::HEAD);
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

/// What an action makes of a finding's characters.
pub(super) fn how(op: Op) -> Treated {
    match op {
        Op::Mask(_) | Op::Truncate(_) => Treated::InPlace,
        Op::Drop | Op::Keep | Op::Scan | Op::Time(_) | Op::Generalize(_) => Treated::Instead,
        Op::Token | Op::Family | Op::Present | Op::Parts => Treated::Instead,
    }
}

pub(super) fn form_of(node: &Node) -> Form {
    match node.shape {
        Shape::String => Form::Json { escaped: node.escaped },
        Shape::Number => Form::Number,
        Shape::Bool => Form::Bool,
        Shape::Null | Shape::Object | Shape::Array | Shape::Close => Form::Null,
    }
}

pub(super) fn field_leaf<'a>(text: &'a str, resolved: &Resolved, findings: &'a [Finding]) -> Leaf<'a> {
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
}
