//! Free text in, identifiers out: digit runs, `@` and colons propose, a kind confirms.
//!
//! One walk over the bytes serves most texts. It stops at the first sign of anything unusual (an escape, a full-width
//! digit, an invisible character), and the whole text takes the slow road of `fold`: the same walk over shadows.

use super::fold::{Shadow, joins_digits};
use super::{Finding, net, number};
use crate::kind::glyph::{self, Glyph};
use crate::kind::{Kind, KindSet};
use crate::limits::UNESCAPES_MAX;
use crate::record::Span;

/// Working memory of the search, reused from text to text; it allocates nothing once it has grown.
#[derive(Default)]
pub struct TextScratch {
    /// Plain forms of findings whose original bytes differ, one after the other. [`Finding::folded`] points in here,
    /// so it grows from text to text until [`clear`](Self::clear).
    pub folded: Vec<u8>,
    proposals: Vec<Proposal>,
    /// Those of one shadow, before they are carried over to the original.
    shadowed: Vec<Proposal>,
    shadow: Shadow,
    deeper: Shadow,
    unmarked: Shadow,
    findings: Vec<Finding>,
}

impl std::fmt::Debug for TextScratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextScratch({} plain bytes)", self.folded.len())
    }
}

impl TextScratch {
    /// Forgets the plain forms; call it once a record (or batch), when no finding is in use any more.
    pub fn clear(&mut self) {
        self.folded.clear();
    }
}

/// How the bytes of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// The inside of a JSON string, escapes as written.
    Json,
}

/// Something that looks like an identifier; another may claim the same bytes.
#[derive(Debug, Clone, Copy)]
struct Proposal {
    finding: Finding,
    /// How many layers of escapes were taken off to see it.
    depth: u8,
}

/// Longest text that may be one number and spaces, in bytes.
const WHOLE_BYTES_MAX: usize = 64;

/// One walk over one text or shadow.
pub(super) struct Search<'a> {
    /// The text.
    pub(super) bytes: &'a [u8],
    /// What is looked for.
    pub(super) kinds: KindSet,
    /// Whether registration numbers are.
    pub(super) persons: bool,
    /// Whether telephone numbers are.
    pub(super) phones: bool,
    /// Where the last domain behind an `@` ended: the next local part does not reach back into it.
    pub(super) mail_end: usize,
    proposals: &'a mut Vec<Proposal>,
    depth: u8,
}

impl Search<'_> {
    /// Notes that `start..end` is a `kind`, if that was asked for.
    pub(super) fn propose(&mut self, kind: Kind, start: usize, end: usize) {
        if self.kinds.contains(kind) {
            let finding = Finding { kind, span: Span::new(start, end), folded: None };
            self.proposals.push(Proposal { finding, depth: self.depth });
        }
    }

    /// Whether `start..end` is all of the text but for spaces.
    pub(super) fn is_whole(&self, start: usize, end: usize) -> bool {
        self.bytes.len() <= WHOLE_BYTES_MAX
            && self.bytes[..start].trim_ascii().is_empty()
            && self.bytes[end..].trim_ascii().is_empty()
    }
}

/// What a byte means to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing begins here.
    Other,
    Digit,
    At,
    Colon,
    /// Begins an escape, if what follows is one.
    Backslash,
    Percent,
    Plus,
    /// First byte of a character that may stand for another.
    Odd,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = b'0';
    while byte <= b'9' {
        classes[byte as usize] = Class::Digit;
        byte += 1;
    }
    classes[b'@' as usize] = Class::At;
    classes[b':' as usize] = Class::Colon;
    classes[b'\\' as usize] = Class::Backslash;
    classes[b'%' as usize] = Class::Percent;
    classes[b'+' as usize] = Class::Plus;
    // Digits, signs, spaces and loose Hangul letters of `glyph` live behind these; most Hangul and Hanja do not.
    let odd = [0xC2, 0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xE2, 0xE3, 0xEA, 0xEF, 0xF0, 0x7F];
    let mut at = 0;
    while at < odd.len() {
        classes[odd[at]] = Class::Odd;
        at += 1;
    }
    classes
};

/// Appends the identifiers in `text` to `out`, sorted and disjoint, spans relative to `text`.
///
/// `text` should be UTF-8 of at most 4 GiB; where it is not UTF-8, what is found in its ASCII parts is right.
pub fn find(kinds: KindSet, text: &[u8], encoding: Encoding, scratch: &mut TextScratch, out: &mut Vec<Finding>) {
    scratch.proposals.clear();
    if kinds.0 == 0 {
        return;
    }
    if !walk::<true>(kinds, text, encoding, 0, &mut scratch.proposals) {
        scratch.proposals.clear();
        find_folded(kinds, text, encoding, scratch);
    }
    settle(&mut scratch.proposals, out);
}

/// The plain (decoded, folded) form of a finding in `text`.
pub fn plain<'a>(finding: &Finding, text: &'a [u8], scratch: &'a TextScratch) -> &'a str {
    let bytes = match finding.folded {
        Some(span) => span.of(&scratch.folded),
        None => finding.span.of(text),
    };
    // A finding is ASCII but for a character that nothing folds, and those are not part of any kind.
    std::str::from_utf8(bytes).unwrap_or("")
}

/// Appends `text` to `out` with every identifier in it replaced by `****`.
pub fn redact(kinds: KindSet, text: &str, scratch: &mut TextScratch, out: &mut Vec<u8>) {
    let mut findings = std::mem::take(&mut scratch.findings);
    findings.clear();
    find(kinds, text.as_bytes(), Encoding::Plain, scratch, &mut findings);
    let mut kept = 0;
    for finding in &findings {
        out.extend_from_slice(&text.as_bytes()[kept..finding.span.start as usize]);
        out.extend_from_slice(b"****");
        kept = finding.span.end as usize;
    }
    out.extend_from_slice(&text.as_bytes()[kept..]);
    scratch.findings = findings;
}

/// One walk: every digit run, `@` and colon is looked at where it stands. With `SURFACE`, false at the first sign
/// that the text is not what it looks like; a shadow is.
fn walk<const SURFACE: bool>(
    kinds: KindSet,
    bytes: &[u8],
    encoding: Encoding,
    depth: u8,
    proposals: &mut Vec<Proposal>,
) -> bool {
    let phones = kinds.contains(Kind::KrPhone);
    let persons = kinds.contains(Kind::KrRrn) || kinds.contains(Kind::KrFrn);
    let (mails, addresses) = (kinds.contains(Kind::Email), kinds.contains(Kind::Ip));
    let mut search = Search { bytes, kinds, persons, phones, mail_end: 0, proposals, depth };
    // Where the last run of colons ended.
    let mut looked = 0;
    let mut at = 0;
    while at < bytes.len() {
        match CLASSES[bytes[at] as usize] {
            Class::Other => {
                at += 1;
                while at < bytes.len() && CLASSES[bytes[at] as usize] == Class::Other {
                    at += 1;
                }
            }
            Class::Digit => {
                let start = at;
                while at < bytes.len() && bytes[at].is_ascii_digit() {
                    at += 1;
                }
                if number::is_of_interest(bytes, start, at) {
                    number::look(&mut search, start, at);
                }
                if addresses && at - start <= 3 && bytes.get(at) == Some(&b'.') {
                    net::v4(&mut search, start);
                }
            }
            Class::At => {
                if mails {
                    net::mail(&mut search, at);
                }
                at += 1;
            }
            Class::Colon => {
                // Digits behind the colon are walked over again: `10:192.0.2.1`, `tel:01012345678`.
                if addresses && at >= looked {
                    looked = net::v6(&mut search, at);
                }
                at += 1;
            }
            class @ (Class::Backslash | Class::Percent | Class::Plus | Class::Odd) => {
                if SURFACE && unusual(bytes, at, class, encoding) {
                    return false;
                }
                at += 1;
            }
        }
    }
    true
}

/// Whether the sign at `at` makes the text differ from what it looks like.
#[cold]
fn unusual(bytes: &[u8], at: usize, class: Class, encoding: Encoding) -> bool {
    let hex = |place: usize| bytes.get(at + place).is_some_and(u8::is_ascii_hexdigit);
    match class {
        Class::Other | Class::Digit | Class::At | Class::Colon => false,
        Class::Backslash => {
            encoding == Encoding::Json
                || matches!(
                    bytes.get(at + 1),
                    Some(b'u' | b'x' | b'n' | b't' | b'r' | b'b' | b'f' | b'"' | b'\\' | b'/')
                )
        }
        Class::Percent => hex(1) && hex(2),
        Class::Plus => joins_digits(bytes, at),
        Class::Odd => {
            let (character, _) = glyph::decode(bytes, at);
            glyph::read(character) != Glyph::Same || matches!(character, '\u{7F}' | '\u{1100}'..='\u{11FF}')
        }
    }
}

/// The slow road: the text's shadows, one layer of escapes deeper each, invisible characters parting and joining.
#[cold]
fn find_folded(kinds: KindSet, text: &[u8], encoding: Encoding, scratch: &mut TextScratch) {
    scratch.shadow.begin(text, encoding == Encoding::Json);
    for depth in 0..=UNESCAPES_MAX {
        look(
            kinds,
            text,
            depth as u8,
            &scratch.shadow,
            &mut scratch.shadowed,
            &mut scratch.proposals,
            &mut scratch.folded,
        );
        if scratch.shadow.marked {
            scratch.unmarked.unmarked(&scratch.shadow);
            look(
                kinds,
                text,
                depth as u8,
                &scratch.unmarked,
                &mut scratch.shadowed,
                &mut scratch.proposals,
                &mut scratch.folded,
            );
        }
        if depth == UNESCAPES_MAX || !scratch.deeper.deepen(&scratch.shadow) {
            return;
        }
        std::mem::swap(&mut scratch.shadow, &mut scratch.deeper);
    }
}

/// Walks one shadow and carries what it proposes over to the original.
fn look(
    kinds: KindSet,
    text: &[u8],
    depth: u8,
    shadow: &Shadow,
    shadowed: &mut Vec<Proposal>,
    proposals: &mut Vec<Proposal>,
    folded: &mut Vec<u8>,
) {
    shadowed.clear();
    walk::<false>(kinds, &shadow.bytes, Encoding::Plain, depth, shadowed);
    for proposal in shadowed {
        let plain = proposal.finding.span.of(&shadow.bytes);
        let span = shadow.origin(proposal.finding.span);
        let same = span.of(text) == plain;
        proposal.finding.span = span;
        if !same {
            proposal.finding.folded = Some(Span::new(folded.len(), folded.len() + plain.len()));
            folded.extend_from_slice(plain);
        }
        proposals.push(*proposal);
    }
}

/// Appends the proposals to `out`, sorted and disjoint. Where several claim the same bytes, the longer has them, then
/// the more decoded, then the first kind; what only a loser claims stays its own, so that nothing claimed is left clear.
fn settle(proposals: &mut [Proposal], out: &mut Vec<Finding>) {
    proposals.sort_unstable_by_key(|proposal| (proposal.finding.span.start, proposal.finding.span.end));
    let mut rest = proposals;
    while let Some(first) = rest.first() {
        // Proposals that overlap one another in a chain; mostly a single one.
        let mut end = first.finding.span.end;
        let mut count = 1;
        while count < rest.len() && rest[count].finding.span.start < end {
            end = end.max(rest[count].finding.span.end);
            count += 1;
        }
        let (chain, behind) = rest.split_at_mut(count);
        let from = out.len();
        chain.sort_unstable_by_key(|proposal| {
            let Finding { kind, span, .. } = proposal.finding;
            (usize::MAX - span.len(), u8::MAX - proposal.depth, kind, span.start)
        });
        for proposal in chain.iter() {
            keep(&proposal.finding, from, out);
        }
        rest = behind;
    }
}

/// Inserts into `out[from..]` what of `finding` is not covered there yet.
fn keep(finding: &Finding, from: usize, out: &mut Vec<Finding>) {
    let mut place = from + out[from..].partition_point(|kept| kept.span.end <= finding.span.start);
    let mut start = finding.span.start;
    while start < finding.span.end {
        let next = out.get(place).map_or(finding.span.end, |kept| kept.span.start.min(finding.span.end));
        if start < next {
            let span = Span { start, end: next };
            out.insert(place, Finding { span, ..*finding });
            place += 1;
        }
        start = out.get(place).map_or(finding.span.end, |kept| kept.span.end);
        place += 1;
    }
}
