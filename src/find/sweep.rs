//! Everything that stands in a line of a log or in a message: of a JSON document every string, number and name, each at
//! its place; else the text. What was seen is told by place and kind, and by value only where that was asked for.

use std::ops::Range;

use super::Finding;
use super::document::{Document, Part, Way, pointer_step};
use super::escape::unescape;
use super::evidence::{Evidence, Why};
use super::text::{Encoding, Query, TextScratch, find};
use crate::kind::{Kind, KindSet};
use crate::limits::{WINDOW_BYTES, WINDOW_OVERLAP_BYTES};
use crate::record::Span;

/// What stands for a member's name in which something was found.
pub const HIDDEN: &str = "…";

/// What lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// JSON where a line begins with `{` and can be read, else text.
    Auto,
    /// Text.
    Text,
    /// JSON; what is not is searched as text.
    Json,
}

/// What is looked for, and what is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Wants {
    /// The kinds.
    pub kinds: KindSet,
    /// Findings with fewer pieces of evidence are passed over.
    pub evidence_min: u32,
    /// Whether near misses are told.
    pub misses: bool,
    /// Whether values are told, those in names of members included.
    pub values: bool,
}

/// Something that was found, or a near miss.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// What it is, or looked like.
    pub kind: Kind,
    /// What speaks for it; nothing for a near miss.
    pub evidence: Evidence,
    /// Why it was not taken, for a near miss.
    pub why: Option<Why>,
    /// What of the member it stands in; none in a text.
    pub part: Option<Part>,
    /// Its first byte in the text, or in the member's unescaped name, string or number.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    at: Span,
    value: Option<Span>,
}

/// A search over one line after the other, and its working memory.
pub struct Sweep {
    document: Document,
    eye: Eye,
}

impl std::fmt::Debug for Sweep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sweep({} findings, {} near misses)", self.eye.sights.len(), self.eye.misses.len())
    }
}

impl Sweep {
    /// A search for what `wants` says.
    pub fn new(wants: Wants) -> Self {
        let mut scratch = TextScratch::default();
        if wants.misses {
            scratch.note_misses();
        }
        let eye = Eye {
            wants,
            scratch,
            names: TextScratch::default(),
            found: Vec::new(),
            plain: Vec::new(),
            field: Vec::new(),
            sights: Vec::new(),
            misses: Vec::new(),
            places: Vec::new(),
            values: Vec::new(),
        };
        Self { document: Document::default(), eye }
    }

    /// Searches a line, or the payload of a message, and forgets the one before. `field` is its name, where it has one.
    /// False where it should be JSON and is not: then it was searched as a text.
    pub fn line(&mut self, line: &[u8], field: &[u8], input: Input) -> bool {
        self.eye.clear();
        let document = match input {
            Input::Auto => line.trim_ascii_start().first() == Some(&b'{'),
            Input::Text => false,
            Input::Json => true,
        };
        if document {
            let Self { document, eye } = self;
            let walked = document.walk(line, |shown| {
                let named = shown.way.field().filter(|_| shown.part != Part::Name);
                let (name, escaped) = named.unwrap_or((b"", false));
                eye.member(name, escaped, shown.written, shown.escaped, shown.way, shown.part);
            });
            if walked.is_ok() {
                return true;
            }
            self.eye.clear();
        }
        self.eye.look(line, 0..line.len(), 0, field, Way::NONE, None);
        input != Input::Json
    }

    /// Searches a part of a line that is too long to be had whole, and forgets what was searched before: the bytes `own` of
    /// `part`, which begins at byte `from` of the line. What stands around `own` has been searched, or will be.
    pub fn part(&mut self, part: &[u8], own: Range<usize>, from: u64) {
        self.eye.clear();
        self.eye.look(part, own, from, b"", Way::NONE, None);
    }

    /// What was found, in the order of the line.
    pub fn sights(&self) -> &[Sight] {
        &self.eye.sights
    }

    /// What was looked at and not taken, in the order of the line, if that was asked for.
    pub fn misses(&self) -> &[Sight] {
        &self.eye.misses
    }

    /// The JSON pointer to the member that a sight stands in; empty in a text. Names in which something is found are
    /// hidden, unless values are told.
    pub fn at(&self, sight: &Sight) -> &[u8] {
        sight.at.of(&self.eye.places)
    }

    /// The bytes of a sight, as they stand in the text or unescaped member, if values are told.
    pub fn value(&self, sight: &Sight) -> Option<&[u8]> {
        sight.value.map(|span| span.of(&self.eye.values))
    }
}

/// What looks at one piece after the other; apart from the walk that shows them.
struct Eye {
    wants: Wants,
    scratch: TextScratch,
    /// For the names in pointers, which are looked at while the findings of a value are still in use.
    names: TextScratch,
    found: Vec<Finding>,
    /// The piece, unescaped.
    plain: Vec<u8>,
    /// The name around it, unescaped.
    field: Vec<u8>,
    sights: Vec<Sight>,
    misses: Vec<Sight>,
    places: Vec<u8>,
    values: Vec<u8>,
}

impl Eye {
    fn clear(&mut self) {
        self.sights.clear();
        self.misses.clear();
        self.places.clear();
        self.values.clear();
    }

    /// Looks at a piece of a document, its escapes taken off.
    fn member(&mut self, name: &[u8], name_escaped: bool, written: &[u8], escaped: bool, way: Way<'_>, part: Part) {
        if !name_escaped && !escaped {
            return self.look(written, 0..written.len(), 0, name, way, Some(part));
        }
        let (mut plain, mut field) = (std::mem::take(&mut self.plain), std::mem::take(&mut self.field));
        plain.clear();
        field.clear();
        unescape(written, &mut plain);
        unescape(name, &mut field);
        self.look(&plain, 0..plain.len(), 0, &field, way, Some(part));
        (self.plain, self.field) = (plain, field);
    }

    /// Looks at the bytes `own` of `text`, which begins at byte `from` of its line, in windows.
    fn look(&mut self, text: &[u8], own: Range<usize>, from: u64, field: &[u8], way: Way<'_>, part: Option<Part>) {
        let mut at = None;
        let mut start = own.start;
        loop {
            let end = if own.end - start <= WINDOW_BYTES { own.end } else { start + WINDOW_BYTES };
            let seen_from = begin_of_character(text, start.saturating_sub(WINDOW_OVERLAP_BYTES));
            let seen_to = begin_of_character(text, text.len().min(end + WINDOW_OVERLAP_BYTES));
            self.window(&text[seen_from..seen_to], field);
            let (found, misses) = (std::mem::take(&mut self.found), self.scratch.misses());
            if !found.is_empty() || !misses.is_empty() {
                let whole = start == 0 && end == text.len();
                let owns = |span: &Span| whole || (start..end).contains(&(seen_from + span.start as usize));
                let sight = |kind, span: Span, evidence, why| Sight {
                    kind,
                    evidence,
                    why,
                    part,
                    start: from + (seen_from + span.start as usize) as u64,
                    end: from + (seen_from + span.end as usize) as u64,
                    at: Span::new(0, 0),
                    value: None,
                };
                let enough = |found: &&Finding| found.evidence.count() >= self.wants.evidence_min && owns(&found.span);
                let (sights_from, misses_from) = (self.sights.len(), self.misses.len());
                self.sights.extend(
                    found.iter().filter(enough).map(|found| sight(found.kind, found.span, found.evidence, None)),
                );
                self.misses.extend(
                    misses
                        .iter()
                        .filter(|miss| owns(&miss.span))
                        .map(|miss| sight(miss.kind, miss.span, Evidence::default(), Some(miss.why))),
                );
                self.place(sights_from, misses_from, &mut at, way);
                self.value(sights_from, misses_from, text, from);
            }
            self.found = found;
            if end == own.end {
                return;
            }
            start = end;
        }
    }

    fn window(&mut self, text: &[u8], field: &[u8]) {
        self.found.clear();
        self.scratch.clear();
        find(
            Query { kinds: self.wants.kinds, encoding: Encoding::Plain, field },
            text,
            &mut self.scratch,
            &mut self.found,
        );
    }

    /// Notes the place of the newest sights; it is the same for all of one piece, and written once.
    fn place(&mut self, sights: usize, misses: usize, at: &mut Option<Span>, way: Way<'_>) {
        if sights == self.sights.len() && misses == self.misses.len() {
            return;
        }
        let Self { wants, names, found, places, .. } = self;
        let at = *at.get_or_insert_with(|| {
            let from = places.len();
            way.pointer(places, |name, out| {
                if !wants.values && holds_something(name, names, found) {
                    out.extend_from_slice(HIDDEN.as_bytes());
                } else {
                    pointer_step(name, out);
                }
            });
            Span::new(from, places.len())
        });
        for sight in self.sights[sights..].iter_mut().chain(&mut self.misses[misses..]) {
            sight.at = at;
        }
    }

    /// Notes the bytes of the newest sights, where they are told.
    fn value(&mut self, sights: usize, misses: usize, text: &[u8], from: u64) {
        if !self.wants.values {
            return;
        }
        for sight in self.sights[sights..].iter_mut().chain(&mut self.misses[misses..]) {
            let begin = self.values.len();
            self.values.extend_from_slice(&text[(sight.start - from) as usize..(sight.end - from) as usize]);
            sight.value = Some(Span::new(begin, self.values.len()));
        }
    }
}

/// Whether anything of any kind is found in a name.
fn holds_something(name: &[u8], scratch: &mut TextScratch, found: &mut Vec<Finding>) -> bool {
    scratch.clear();
    found.clear();
    find(Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: b"" }, name, scratch, found);
    !found.is_empty()
}

/// The first byte of the character that `at` lies in, where the text is UTF-8.
fn begin_of_character(text: &[u8], at: usize) -> usize {
    let is_begin = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    (at.saturating_sub(3)..=at).rev().find(is_begin).unwrap_or(at)
}
