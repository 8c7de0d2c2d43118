//! Digit runs, and who looks at them: the tools that all numbers share.
//!
//! A number is one run of digits, or several with one separator between each two. Look-around is ASCII: Hangul may
//! touch a number (`번호는010-...로`), letters and digits may not, nor may `-` or `.` with a digit behind it.

use super::label::{Label, Near};
use super::text::Search;
use super::{address, birth, device, licence, net, payment, plate, registration, telephone};
use crate::kind::Kind;

/// What stands between two runs of digits. One space more on either side of a sign is the same sign, padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Hyphen,
    PaddedHyphen,
    Dot,
    PaddedDot,
    Space,
    Slash,
    Paren,
}

/// Most runs that one number has: country, area, three of the subscriber, or a card in five groups.
pub(super) const RUNS_MAX: usize = 5;

/// Up to [`RUNS_MAX`] runs of digits as they follow one another.
pub(super) struct Runs {
    pub(super) spans: [(usize, usize); RUNS_MAX],
    /// `separators[i]` stands before run `i`; the first is meaningless.
    pub(super) separators: [Separator; RUNS_MAX],
    pub(super) count: usize,
}

impl Runs {
    /// Reads runs from `start`, a digit.
    pub(super) fn read(bytes: &[u8], start: usize) -> Self {
        let mut runs = Self { spans: [(0, 0); RUNS_MAX], separators: [Separator::Space; RUNS_MAX], count: 0 };
        let mut at = start;
        loop {
            let end = run_end(bytes, at);
            runs.spans[runs.count] = (at, end);
            runs.count += 1;
            match separator(bytes, end) {
                Some((separator, next)) if runs.count < RUNS_MAX => {
                    runs.separators[runs.count] = separator;
                    at = next;
                }
                _ => return runs,
            }
        }
    }

    pub(super) fn len(&self, run: usize) -> usize {
        self.spans[run].1 - self.spans[run].0
    }

    /// Whether the first runs have these lengths.
    pub(super) fn shaped(&self, lengths: &[usize]) -> bool {
        self.count >= lengths.len() && lengths.iter().enumerate().all(|(run, len)| self.len(run) == *len)
    }

    /// Whether one separator stands between the first `count` runs.
    pub(super) fn even(&self, count: usize) -> bool {
        self.separators[1..count].windows(2).all(|pair| pair[0] == pair[1])
    }

    /// The end of the first `count` runs.
    pub(super) fn end(&self, count: usize) -> usize {
        self.spans[count - 1].1
    }
}

/// The digits of some runs, side by side.
pub(super) struct Digits {
    bytes: [u8; 20],
    len: usize,
}

impl Digits {
    /// `lead`, then the digits of `bytes` in `start..end`; `None` if they are more than 20.
    pub(super) fn of(lead: &[u8], bytes: &[u8], start: usize, end: usize) -> Option<Self> {
        let mut digits = Self { bytes: [0; 20], len: 0 };
        for byte in lead.iter().chain(&bytes[start..end]).filter(|byte| byte.is_ascii_digit()) {
            *digits.bytes.get_mut(digits.len)? = *byte;
            digits.len += 1;
        }
        Some(digits)
    }

    pub(super) fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The end of the digits that begin at `at`.
pub(super) fn run_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The separator at `at` and the digit behind it.
pub(super) fn separator(bytes: &[u8], at: usize) -> Option<(Separator, usize)> {
    let rest = &bytes[at..];
    let (separator, len) = match rest {
        [b'-', b'0'..=b'9', ..] => (Separator::Hyphen, 1),
        [b' ', b'0'..=b'9', ..] => (Separator::Space, 1),
        [b'.', b'0'..=b'9', ..] => (Separator::Dot, 1),
        [b'/', b'0'..=b'9', ..] => (Separator::Slash, 1),
        [b')', b'0'..=b'9', ..] => (Separator::Paren, 1),
        [b')', b' ' | b'-', b'0'..=b'9', ..] => (Separator::Paren, 2),
        [b'-', b' ', b'0'..=b'9', ..] | [b' ', b'-', b'0'..=b'9', ..] => (Separator::PaddedHyphen, 2),
        [b' ', b'-', b' ', b'0'..=b'9', ..] => (Separator::PaddedHyphen, 3),
        [b'.', b' ', b'0'..=b'9', ..] => (Separator::PaddedDot, 2),
        [b' ', b'.', b' ', b'0'..=b'9', ..] => (Separator::PaddedDot, 3),
        _ => return None,
    };
    Some((separator, at + len))
}

/// What stands right before a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Free,
    Letter,
    /// Part of a longer number, or of a percent-encoded character.
    Tied,
}

pub(super) fn edge_before(bytes: &[u8], start: usize) -> Edge {
    match bytes[..start] {
        [.., b'0'..=b'9'] => Edge::Tied,
        // The new line of a JSON string that nobody had to decode.
        [.., b'\\', b'n' | b't' | b'r'] => Edge::Free,
        [.., b'A'..=b'Z' | b'a'..=b'z'] => Edge::Letter,
        [.., b'0'..=b'9', b'-' | b'.'] => Edge::Tied,
        // `%2201012345678`: the number begins two bytes later, as the decoded shadow shows.
        [.., b'%'] if matches!(bytes[start..], [b'2'..=b'7', b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) => {
            Edge::Tied
        }
        _ => Edge::Free,
    }
}

/// Whether a number may begin at `start`: nothing tied to it, and no letter but those of a label that `own` knows.
pub(super) fn begins(search: &mut Search<'_>, start: usize, own: impl Fn(Label) -> bool) -> bool {
    match edge_before(search.bytes, start) {
        Edge::Free => true,
        Edge::Letter => search.glued(start).is_some_and(own),
        Edge::Tied => false,
    }
}

/// Whether a number may end at `end`.
pub(super) fn ends(bytes: &[u8], end: usize) -> bool {
    !matches!(bytes[end..], [b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..] | [b'-' | b'.', b'0'..=b'9', ..])
}

/// Who lays claim to a number by a label before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// A label of the kind that is asked for.
    Own(Near),
    /// A rival's label stands right before it.
    Rival,
    /// Nobody.
    Free,
}

/// Who claims the number at `at`: the nearest label that is `own` or a `rival`, but a rival only from right before the
/// number. Words like 주문 and 기업 are in many sentences.
pub(super) fn claim(
    search: &mut Search<'_>,
    at: usize,
    own: impl Fn(Label) -> bool,
    rival: impl Fn(Label) -> bool,
) -> Claim {
    match search.label_before(at, |label| own(label) || rival(label)) {
        None => Claim::Free,
        Some(near) if own(near.label) => Claim::Own(near),
        Some(near) if governs(search.bytes, &near, at) => Claim::Rival,
        Some(_) => search.label_before(at, own).map_or(Claim::Free, Claim::Own),
    }
}

/// Words that may stand between a label and its number.
const LINKS: [&str; 14] =
    ["등록번호", "번호", "등록증", "증번호", "코드", "No", "no", "NO", "number", "Number", "num", "code", "id", "ID"];

/// Whether the label stands right before `at`: between them the rest of its word, `번호` or the like, a remark in
/// parentheses, signs and spaces, but no other word.
pub(super) fn governs(bytes: &[u8], near: &Near, at: usize) -> bool {
    if near.field {
        return bytes[..at].trim_ascii().is_empty();
    }
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let letters = |rest: &[u8]| rest.iter().take_while(|byte| word(byte)).count();
    let mut rest = &bytes[near.end..at];
    rest = &rest[letters(rest)..];
    while let Some(first) = rest.first() {
        rest = if word(first) {
            let (one, behind) = rest.split_at(letters(rest));
            if !LINKS.iter().any(|link| one.starts_with(link.as_bytes())) {
                return false;
            }
            behind
        } else if *first == b'(' && rest.contains(&b')') {
            &rest[rest.iter().position(|byte| *byte == b')').map_or(0, |place| place + 1)..]
        } else {
            &rest[1..]
        };
    }
    true
}

/// Most figures that may stand between a label and its number: a year, a count, a class. More are a number of their
/// own, to which the label belongs.
const BETWEEN_FIGURES_MAX: usize = 4;

/// Whether the label still speaks for the number at `at`: no other number and no end of a sentence in between.
pub(super) fn holds(bytes: &[u8], near: &Near, at: usize) -> bool {
    let between = &bytes[near.end..at];
    let figures = between.iter().filter(|byte| byte.is_ascii_digit()).count();
    let ended = between.windows("다. ".len()).any(|part| part == "다. ".as_bytes());
    (figures <= BETWEEN_FIGURES_MAX && !ended) || governs(bytes, near, at)
}

/// Whether an `own` label stands right behind `end` and speaks of what stands before it: `...(주민번호)`,
/// `... 사업자번호입니다`, not `... 사업자번호: 1`.
pub(super) fn labelled_behind(search: &mut Search<'_>, end: usize, own: impl Fn(Label) -> bool) -> bool {
    // A particle, a space, a bracket.
    let Some(near) = search.label_behind(end, 4, own) else {
        return false;
    };
    let between = &search.bytes[end..near.start];
    if between.iter().any(u8::is_ascii_alphanumeric) {
        return false;
    }
    if matches!(between, [.., b'(' | b'[' | b'<']) {
        return true;
    }
    let rest = &search.bytes[near.end..];
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    let behind = &rest[word..];
    let spaces = behind.iter().take_while(|byte| **byte == b' ').count();
    !matches!(behind.get(spaces), Some(b'0'..=b'9' | b':' | b'=' | b'(' | b'#'))
}

/// Most bytes between two items of a list: a sign and a space on either side.
pub(super) const LIST_BYTES: usize = 3;

/// Whether a `kind` was seen right before `at`, with at most `most` bytes of commas, bars and spaces between: the item
/// before in a list, the column before in a table.
pub(super) fn beside(search: &Search<'_>, kind: Kind, at: usize, most: usize) -> bool {
    // One number may have been proposed as several kinds.
    search.proposed(0).rev().take(4).any(|(seen, _, end)| {
        let between = search.bytes.get(end..at).unwrap_or_default();
        seen == kind
            && (1..=most).contains(&between.len())
            && between.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'|' | b',' | b'/'))
    })
}

/// Whether the number that ends at `end` counts something: `1234567890원`.
pub(super) fn counts(bytes: &[u8], end: usize) -> bool {
    let rest = &bytes[end..];
    let begins = |units: &[&str], rest: &[u8]| units.iter().any(|unit| rest.starts_with(unit.as_bytes()));
    begins(&["원", "건", "명", "개", "달러"], rest)
        || rest.strip_prefix(b" ").is_some_and(|rest| begins(&["원", "달러"], rest))
}

/// How far back a word may stand that makes it worth while to look for labels, in bytes.
const WORDED_BYTES: usize = 48;

/// The bytes before `at` as small letters, blanks where the text begins.
fn lowered_before(bytes: &[u8], at: usize) -> [u8; WORDED_BYTES] {
    let mut lowered = [b' '; WORDED_BYTES];
    match bytes[..at].last_chunk() {
        Some(whole) => lowered = *whole,
        None => lowered[WORDED_BYTES - at..].copy_from_slice(&bytes[..at]),
    }
    // Signs become others here and never letters.
    lowered.map(|byte| byte | 0x20)
}

/// Whether only ASCII stands in the [`WORDED_BYTES`] before `at`.
fn ascii_before(bytes: &[u8], at: usize) -> bool {
    bytes[at.saturating_sub(WORDED_BYTES)..at].iter().fold(0, |all, byte| all | byte) < 0x80
}

/// What may stand before a number, as far as that spares questions for labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// A byte that is not ASCII, or the begin of the text, which a member's name may govern.
    Anything,
    /// ASCII, and a label.
    Words,
    /// No label.
    Nothing,
}

/// What stands before `at`; several kinds ask at the same number.
#[inline]
fn before(search: &mut Search<'_>, at: usize) -> Before {
    if let Some((asked, before)) = search.before
        && asked == at
    {
        return before;
    }
    look_before(search, at)
}

fn look_before(search: &mut Search<'_>, at: usize) -> Before {
    let before = if at < 4 || !ascii_before(search.bytes, at) {
        Before::Anything
    } else if search.any_label_before(at) {
        Before::Words
    } else {
        Before::Nothing
    };
    search.before = Some((at, before));
    before
}

/// Whether a label may stand before `at`: a byte that is not ASCII, one of these small letters where a label does, or the
/// begin of the text, which a member's name may govern. It spares most numbers of a log all further questions.
pub(super) fn worded(search: &mut Search<'_>, at: usize, letters: &[u8]) -> bool {
    match before(search, at) {
        Before::Anything => true,
        Before::Nothing => false,
        Before::Words => {
            let lowered = lowered_before(search.bytes, at);
            letters.iter().any(|letter| lowered.contains(letter))
        }
    }
}

/// As [`worded`], where the labels begin with one of these `stems`: for numbers that stand in every line.
pub(super) fn stemmed(search: &mut Search<'_>, at: usize, stems: &[&[u8]]) -> bool {
    match before(search, at) {
        Before::Anything => true,
        Before::Nothing => false,
        Before::Words => {
            let lowered = lowered_before(search.bytes, at);
            stems.iter().any(|stem| lowered.windows(stem.len()).any(|window| window == *stem))
        }
    }
}

/// Looks at the run of digits `start..end`, which a sign ties to digits before it.
pub(super) fn look_inside(search: &mut Search<'_>, start: usize, end: usize) {
    device::look(search, start, end);
    net::look(search, start, end);
}

/// Looks at the run of digits `start..end`, which begins four short groups with dots. The number of an address may
/// stand before a list of them.
pub(super) fn look_quad(search: &mut Search<'_>, start: usize, end: usize) {
    net::look(search, start, end);
    address::number(search, start, end);
}

/// Looks at the run of digits `start..end`, which begins a number or none.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    registration::look(search, start, end);
    licence::look(search, start, end);
    telephone::look(search, start, end);
    payment::look(search, start, end);
    device::look(search, start, end);
    birth::look(search, start, end);
    plate::look(search, start, end);
    net::look(search, start, end);
    address::number(search, start, end);
}
