//! Free text in, identifiers out: digit runs, `@` and colons propose, a kind confirms.
//!
//! One walk over the bytes serves most texts. It stops at the first sign of anything unusual (an escape, a full-width
//! digit, an invisible character), and the whole text takes the slow road of `fold`: the same walk over shadows.

use super::block::{self, Block};
use super::encoded::{Layers, unusual};
use super::evidence::{Evidence, Miss, Why};
use super::fold::{Origin, Shadow};
use super::label::{Label, Labels, Near};
use super::number::Before;
use super::settle::{Proposal, settle};
use super::{Finding, address, gate, name, net, number};
use crate::kind::{Kind, KindSet};
use crate::limits::UNESCAPES_MAX;
use crate::record::Span;

/// Working memory of the search, reused from text to text; it allocates nothing once it has grown.
#[derive(Default)]
pub struct TextScratch {
    /// Plain forms of findings whose original bytes differ, one after the other. [`Finding::folded`] points in here,
    /// so it grows from text to text until [`clear`](Self::clear).
    pub folded: Vec<u8>,
    /// Where each byte of `folded` came from.
    pub(super) origins: Vec<Origin>,
    proposals: Vec<Proposal>,
    /// Those of one shadow, before they are carried over to the original.
    shadowed: Vec<Proposal>,
    shadow: Shadow,
    deeper: Shadow,
    unmarked: Shadow,
    labels: Labels,
    pub(super) findings: Vec<Finding>,
    /// A value on its way back to its place.
    pub(super) treated: Vec<u8>,
    /// What was looked at and not taken, where somebody wants to know.
    misses: Option<Vec<Miss>>,
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
        self.origins.clear();
    }

    /// Keeps the plain form of what the caller has read from bytes that stand for it as a whole, such as the digits of
    /// `9.0E12`. What is made of it stands for all of those bytes.
    pub fn note_plain(&mut self, plain: &[u8]) -> Span {
        let from = self.folded.len();
        self.folded.extend_from_slice(plain);
        self.origins.resize(self.folded.len(), Origin::NOWHERE);
        Span::new(from, self.folded.len())
    }

    /// Notes from now on what looks like an identifier and is not taken, and why.
    pub fn note_misses(&mut self) {
        self.misses.get_or_insert_default();
    }

    /// What the last text held that was not taken, if that was asked for, in the order of the text. What a finding
    /// covers is not among it.
    pub fn misses(&self) -> &[Miss] {
        self.misses.as_deref().unwrap_or_default()
    }
}

/// What is looked for in a text, and what is known about it.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// The kinds.
    pub kinds: KindSet,
    /// How the bytes are written.
    pub encoding: Encoding,
    /// The name of the member or field whose value the text is; empty where there is none.
    pub field: &'a [u8],
}

/// How the bytes of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// The inside of a JSON string, escapes as written.
    Json,
}

/// Longest text that may be one number and spaces, in bytes.
pub(super) const WHOLE_BYTES_MAX: usize = 64;

/// Names of members that hold what somebody wrote.
const MESSAGES: [&str; 14] = [
    "text", "message", "msg", "body", "content", "contents", "value", "data", "input", "memo", "note", "comment",
    "내용", "메모",
];

/// One walk over one text or shadow.
pub(super) struct Search<'a> {
    /// The text.
    pub(super) bytes: &'a [u8],
    /// What is looked for.
    pub(super) kinds: KindSet,
    /// Where the last domain behind an `@` ended: the next local part does not reach back into it.
    pub(super) mail_end: usize,
    /// Where the last address ended: numbers before that are its own.
    pub(super) address_end: usize,
    /// What stands before the number that was asked about last.
    pub(super) before: Option<(usize, Before)>,
    /// The name of the member or field.
    field: &'a [u8],
    labels: &'a mut Labels,
    proposals: &'a mut Vec<Proposal>,
    misses: Option<&'a mut Vec<Miss>>,
    depth: u8,
}

impl Search<'_> {
    /// Notes that `start..end` is a `kind`, if that was asked for.
    pub(super) fn propose(&mut self, kind: Kind, start: usize, end: usize, evidence: Evidence) {
        if self.kinds.contains(kind) {
            let finding = Finding { kind, span: Span::new(start, end), folded: None, layers: Layers::NONE, evidence };
            self.proposals.push(Proposal { finding, depth: self.depth });
        }
    }

    /// Notes that `start..end` looks like a `kind` and is not taken, if somebody wants to know.
    pub(super) fn miss(&mut self, kind: Kind, start: usize, end: usize, why: Why) {
        if self.kinds.contains(kind)
            && let Some(misses) = &mut self.misses
        {
            misses.push(Miss { kind, span: Span::new(start, end), why });
        }
    }

    /// What was proposed so far in this text or shadow from the `index`-th on: kind and bytes, in the order of proposing.
    pub(super) fn proposed(&self, index: usize) -> impl DoubleEndedIterator<Item = (Kind, usize, usize)> {
        self.proposals[index..]
            .iter()
            .map(|Proposal { finding: Finding { kind, span, .. }, .. }| (*kind, span.start as usize, span.end as usize))
    }

    /// The name of the member or field; empty where there is none.
    pub(super) fn field(&self) -> &[u8] {
        self.field
    }

    /// The nearest label before byte `at` that `fits`; see [`Labels::before`].
    pub(super) fn label_before(&mut self, at: usize, fits: impl Fn(Label) -> bool) -> Option<Near> {
        self.labels.before(self.bytes, self.field, at, fits)
    }

    /// Whether any label stands before byte `at`, or somebody wants to know why it is not enough.
    pub(super) fn any_label_before(&mut self, at: usize) -> bool {
        self.misses.is_some() || self.labels.any_before(self.bytes, at)
    }

    /// The first label that `fits` in so many characters behind byte `at`; see [`Labels::behind`].
    pub(super) fn label_behind(&mut self, at: usize, chars: usize, fits: impl Fn(Label) -> bool) -> Option<Near> {
        self.labels.behind(self.bytes, at, chars, fits)
    }

    /// The label of letters that is glued to byte `at`.
    pub(super) fn glued(&mut self, at: usize) -> Option<Label> {
        self.labels.glued(self.bytes, at)
    }

    /// Whether looking at the run of digits `start..end` changes nothing.
    fn sees_nothing(&mut self, start: usize, end: usize) -> bool {
        let before = self.proposals.len();
        number::look(self, start, end);
        self.proposals.len() == before
    }

    /// Whether looking at the runs of digits and colons of the stamp `start..end` changes nothing.
    fn sees_no_stamp(&mut self, start: usize, end: usize) -> bool {
        let mut at = start;
        let mut nothing = true;
        while at < end {
            let behind = number::run_end(self.bytes, at);
            if behind > at {
                nothing &= self.sees_nothing(at, behind);
                at = behind;
            } else {
                let before = self.proposals.len();
                if self.bytes[at] == b':' {
                    net::v6(self, at);
                }
                nothing &= self.proposals.len() == before;
                at += 1;
            }
        }
        nothing
    }

    /// Whether looking at a run of digits in full finds no more than [`number::look_inside`] did right before.
    fn sees_no_more(&mut self, start: usize, end: usize) -> bool {
        let seen = self.proposals.len();
        number::look(self, start, end);
        let again = &self.proposals[seen..];
        let known = |more: &Proposal| {
            let same = |old: &Proposal| (old.finding.kind, old.finding.span) == (more.finding.kind, more.finding.span);
            self.proposals[..seen].iter().any(same)
        };
        let no_more = again.iter().all(known);
        self.proposals.truncate(seen);
        no_more
    }

    /// Whether `start..end` is all of the text but for spaces.
    pub(super) fn is_whole(&self, start: usize, end: usize) -> bool {
        self.bytes.len() <= WHOLE_BYTES_MAX
            && self.bytes[..start].trim_ascii().is_empty()
            && self.bytes[end..].trim_ascii().is_empty()
    }

    /// Whether `start..end` is all of a message but for spaces: of a text without a name, or with one that messages
    /// have. A number that is all of a field called otherwise (`orderId`) is what that name says.
    pub(super) fn is_message(&self, start: usize, end: usize) -> bool {
        let named = |name: &&str| self.field.eq_ignore_ascii_case(name.as_bytes());
        self.is_whole(start, end) && (self.field.is_empty() || MESSAGES.iter().any(named))
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
    /// Begins an encoded character, likewise.
    Sign,
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
    classes[b'%' as usize] = Class::Sign;
    classes[b'+' as usize] = Class::Sign;
    classes[b'&' as usize] = Class::Sign;
    // Digits, signs, spaces and loose Hangul letters of `glyph` live behind these; most Hangul and Hanja do not.
    let odd = [0xC2, 0xCB, 0xCD, 0xCE, 0xD8, 0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xE2, 0xE3, 0xEA, 0xEF, 0xF0, 0xF3, 0x7F];
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
pub fn find(query: Query<'_>, text: &[u8], scratch: &mut TextScratch, out: &mut Vec<Finding>) {
    let TextScratch { proposals, misses, labels, .. } = scratch;
    proposals.clear();
    if let Some(misses) = misses {
        misses.clear();
    }
    if query.kinds.0 == 0 {
        return;
    }
    labels.forget_field();
    if !walk::<true>(query, text, 0, labels, proposals, misses.as_mut()) {
        proposals.clear();
        if let Some(misses) = misses {
            misses.clear();
        }
        find_folded(query, text, scratch);
    }
    let from = out.len();
    settle(&mut scratch.proposals, out);
    for finding in &mut out[from..] {
        scratch.narrow(finding);
        if query.encoding == Encoding::Json {
            finding.layers = finding.layers.and(Layers::STRING);
        }
    }
    if let Some(misses) = &mut scratch.misses {
        let covers = |miss: &Miss| {
            out[from..].iter().any(|found| found.span.start < miss.span.end && miss.span.start < found.span.end)
        };
        misses.retain(|miss| !covers(miss));
        misses.sort_by_key(|miss| (miss.span.start, miss.span.end, miss.kind));
        misses.dedup();
    }
}

/// The plain (decoded, folded) form of a finding in `text`.
pub fn plain<'a>(finding: &Finding, text: &'a [u8], scratch: &'a TextScratch) -> &'a str {
    let bytes = match finding.folded {
        Some(span) => span.of(&scratch.folded),
        None => finding.span.of(text),
    };
    // A finding begins and ends with whole characters, so this is text wherever the payload is; else nothing is shown.
    std::str::from_utf8(bytes).unwrap_or("")
}

/// One walk: every digit run, `@` and colon is looked at where it stands. With `SURFACE`, false at the first sign
/// that the text is not what it looks like; a shadow is.
fn walk<const SURFACE: bool>(
    query: Query<'_>,
    bytes: &[u8],
    depth: u8,
    labels: &mut Labels,
    proposals: &mut Vec<Proposal>,
    misses: Option<&mut Vec<Miss>>,
) -> bool {
    labels.clear();
    let Query { kinds, field, .. } = query;
    let (mails, colons) = (kinds.contains(Kind::Email), kinds.contains(Kind::Ip) || kinds.contains(Kind::Mac));
    let mut search =
        Search { bytes, kinds, field, labels, mail_end: 0, address_end: 0, before: None, proposals, misses, depth };
    let mut hangul = false;
    // Where the last run of colons ended, and the last run of digits.
    let (mut looked, mut done) = (0, 0);
    for begin in (0..bytes.len()).step_by(64) {
        let block = Block::of(bytes, begin);
        hangul |= block.hangul;
        let mut stops = block.digits | block.signs;
        while stops != 0 {
            let at = begin + stops.trailing_zeros() as usize;
            stops &= stops - 1;
            match CLASSES[bytes[at] as usize] {
                Class::Digit => {
                    // A run is looked at from its first digit, once; it may go on in the next block.
                    if at < done {
                        continue;
                    }
                    let len = (!(block.digits >> (at - begin))).trailing_zeros() as usize;
                    done = at + len;
                    if done == begin + 64 {
                        done = number::run_end(bytes, done);
                        stops = 0;
                    } else {
                        stops &= !0 << (done - begin);
                    }
                    if len == 4
                        && let Some(end) = gate::stamp(bytes, at)
                    {
                        debug_assert!(search.sees_no_stamp(at, end));
                        done = end;
                        stops = if end < begin + 64 { stops & !0 << (end - begin) } else { 0 };
                    } else if gate::idle(bytes, at, done) {
                        debug_assert!(search.sees_nothing(at, done), "a number that only seems idle");
                    } else if gate::inside(bytes, at) {
                        number::look_inside(&mut search, at, done);
                        debug_assert!(search.sees_no_more(at, done), "a number that only seems to be inside another");
                    } else if gate::quad(bytes, at, done) {
                        number::look_quad(&mut search, at, done);
                        debug_assert!(search.sees_no_more(at, done), "four groups that only seem to be an address");
                    } else {
                        number::look(&mut search, at, done);
                    }
                }
                Class::At => {
                    if mails {
                        net::mail(&mut search, at);
                    }
                }
                Class::Colon => {
                    // Digits behind the colon are walked over again: `10:192.0.2.1`, `tel:01012345678`.
                    if colons && at >= looked.max(done) {
                        looked = net::v6(&mut search, at);
                    }
                }
                Class::Odd if block::syllable(&bytes[at..]) => {}
                Class::Backslash | Class::Sign | Class::Odd => {
                    if SURFACE && unusual(bytes, at) {
                        return false;
                    }
                }
                Class::Other => {}
            }
        }
    }
    if hangul {
        address::look(&mut search);
        name::look(&mut search);
    }
    true
}

/// The slow road: the text's shadows, one layer of escapes deeper each, invisible characters parting and joining.
#[cold]
fn find_folded(query: Query<'_>, text: &[u8], scratch: &mut TextScratch) {
    let TextScratch { shadow, deeper, unmarked, labels, shadowed, proposals, folded, origins, misses, .. } = scratch;
    let mut notes = Notes { labels, shadowed, proposals, folded, origins, misses: misses.as_mut() };
    shadow.begin(text, query.encoding == Encoding::Json);
    for depth in 0..=UNESCAPES_MAX {
        notes.look(query, text, depth as u8, shadow);
        if shadow.marked {
            unmarked.unmarked(shadow);
            notes.look(query, text, depth as u8, unmarked);
        }
        if depth == UNESCAPES_MAX || !deeper.deepen(shadow) {
            return;
        }
        std::mem::swap(shadow, deeper);
    }
}

/// Where what is seen in a shadow goes.
struct Notes<'a> {
    labels: &'a mut Labels,
    shadowed: &'a mut Vec<Proposal>,
    proposals: &'a mut Vec<Proposal>,
    folded: &'a mut Vec<u8>,
    origins: &'a mut Vec<Origin>,
    misses: Option<&'a mut Vec<Miss>>,
}

impl Notes<'_> {
    /// Walks one shadow and carries what it proposes over to the original.
    fn look(&mut self, query: Query<'_>, text: &[u8], depth: u8, shadow: &Shadow) {
        self.shadowed.clear();
        let known = self.misses.as_ref().map_or(0, |misses| misses.len());
        let misses = self.misses.as_deref_mut();
        walk::<false>(
            Query { encoding: Encoding::Plain, ..query },
            &shadow.bytes,
            depth,
            self.labels,
            self.shadowed,
            misses,
        );
        for miss in self.misses.iter_mut().flat_map(|misses| &mut misses[known..]) {
            miss.span = shadow.origin(miss.span);
        }
        for proposal in &mut *self.shadowed {
            let within = proposal.finding.span;
            let plain = within.of(&shadow.bytes);
            let origins = &shadow.origins[within.start as usize..within.end as usize];
            let span = shadow.origin(within);
            let same = span.of(text) == plain;
            proposal.finding.span = span;
            proposal.finding.layers = origins.iter().fold(shadow.strings, |layers, origin| layers.and(origin.layers));
            if !same {
                proposal.finding.folded = Some(Span::new(self.folded.len(), self.folded.len() + plain.len()));
                self.folded.extend_from_slice(plain);
                self.origins.extend_from_slice(origins);
            }
            self.proposals.push(*proposal);
        }
    }
}
