//! Digit runs that are registration numbers, telephone numbers and cards.
//!
//! A number is one run of digits, or several with one separator between each two. Look-around is ASCII: Hangul may
//! touch a number (`번호는010-...로`), letters and digits may not, nor may `-` or `.` with a digit behind it.

use super::label::{self, Label};
use super::text::Search;
use crate::kind::{Kind, credit_card, frn, phone, rrn};

/// What stands between two runs of digits. One space more on either side of a sign is the same sign, padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Hyphen,
    PaddedHyphen,
    Dot,
    PaddedDot,
    Space,
    Slash,
    Paren,
}

/// Most runs that one number has: country, area, three of the subscriber, or a card in five groups.
const RUNS_MAX: usize = 5;

/// Up to [`RUNS_MAX`] runs of digits as they follow one another.
struct Runs {
    spans: [(usize, usize); RUNS_MAX],
    /// `separators[i]` stands before run `i`; the first is meaningless.
    separators: [Separator; RUNS_MAX],
    count: usize,
}

impl Runs {
    /// Reads runs from `start`, a digit.
    fn read(bytes: &[u8], start: usize) -> Self {
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

    fn len(&self, run: usize) -> usize {
        self.spans[run].1 - self.spans[run].0
    }

    /// Whether the first runs have these lengths.
    fn shaped(&self, lengths: &[usize]) -> bool {
        self.count >= lengths.len() && lengths.iter().enumerate().all(|(run, len)| self.len(run) == *len)
    }

    /// Whether one separator stands between the first `count` runs.
    fn even(&self, count: usize) -> bool {
        self.separators[1..count].windows(2).all(|pair| pair[0] == pair[1])
    }

    /// The end of the first `count` runs.
    fn end(&self, count: usize) -> usize {
        self.spans[count - 1].1
    }
}

/// The digits of some runs, side by side.
struct Digits {
    bytes: [u8; 20],
    len: usize,
}

impl Digits {
    /// `lead`, then the digits of `bytes` in `start..end`; `None` if they are more than 20.
    fn of(lead: &[u8], bytes: &[u8], start: usize, end: usize) -> Option<Self> {
        let mut digits = Self { bytes: [0; 20], len: 0 };
        for byte in lead.iter().chain(&bytes[start..end]).filter(|byte| byte.is_ascii_digit()) {
            *digits.bytes.get_mut(digits.len)? = *byte;
            digits.len += 1;
        }
        Some(digits)
    }

    fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The end of the digits that begin at `at`.
fn run_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The separator at `at` and the digit behind it.
fn separator(bytes: &[u8], at: usize) -> Option<(Separator, usize)> {
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
enum Edge {
    Free,
    Letter,
    /// Part of a longer number, or of a percent-encoded character.
    Tied,
}

fn edge_before(bytes: &[u8], start: usize) -> Edge {
    match bytes[..start] {
        [.., b'0'..=b'9'] => Edge::Tied,
        [.., b'A'..=b'Z' | b'a'..=b'z'] => Edge::Letter,
        [.., b'0'..=b'9', b'-' | b'.'] => Edge::Tied,
        // `%2201012345678`: the number begins two bytes later, as the decoded shadow shows.
        [.., b'%'] if matches!(bytes[start..], [b'2'..=b'7', b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) => {
            Edge::Tied
        }
        _ => Edge::Free,
    }
}

/// Whether a number may begin at `start`: nothing tied to it, and no letter but those of its own label.
fn begins(bytes: &[u8], start: usize, own: Label) -> bool {
    match edge_before(bytes, start) {
        Edge::Free => true,
        Edge::Letter => label::glued(bytes, start) == Some(own),
        Edge::Tied => false,
    }
}

/// Whether a number may end at `end`.
fn ends(bytes: &[u8], end: usize) -> bool {
    !matches!(bytes[end..], [b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..] | [b'-' | b'.', b'0'..=b'9', ..])
}

/// Whether [`look`] would find anything in a run of this length and beginning: most counts and codes are none.
#[inline]
pub(super) fn is_of_interest(bytes: &[u8], start: usize, end: usize) -> bool {
    match end - start {
        0 | 1 => false,
        4 | 6 | 13..=19 => true,
        _ => matches!(bytes[start], b'0' | b'8'),
    }
}

/// Looks at the run of digits `start..end`, which begins a number or none. Does little for runs of no interest.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let len = end - start;
    let kinds = search.kinds;
    let plus = start > 0 && bytes[start - 1] == b'+';
    if search.phones {
        let first = bytes[start];
        let weak = bytes[start..end].starts_with(b"82") && (plus || len == 2 || len == 12);
        if (first == b'0' && len > 1) || weak {
            telephone(search, start, end, plus);
        }
    }
    if search.persons && (len == 13 || (len == 6 && separator(bytes, end).is_some())) {
        person(search, start, end);
    }
    if kinds.contains(Kind::CreditCard) && ((13..=19).contains(&len) || (len == 4 && separator(bytes, end).is_some())) {
        card(search, start, end);
    }
}

/// `YYMMDD-GNNNNNN`, or thirteen digits with a reason to believe in them.
fn person(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    // Most numbers of this length end here: no month is so called.
    if !matches!(bytes[start + 2..start + 4], [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2']) {
        return;
    }
    let (end, separator) = match end - start {
        13 => (end, None),
        _ => match separator(bytes, end) {
            Some((separator, next)) if run_end(bytes, next) == next + 7 => (next + 7, Some(separator)),
            _ => return,
        },
    };
    let Some(found) = Digits::of(b"", bytes, start, end) else {
        return;
    };
    let Ok(digits) = <&[u8; 13]>::try_from(found.get()) else {
        return;
    };
    if !rrn::dated(digits) || !ends(bytes, end) || !begins(bytes, start, Label::Person) {
        return;
    }
    let resident = rrn::resident(digits[6]);
    let checked = if resident { rrn::checked(digits) } else { frn::checked(digits) };
    let label = label::before(bytes, start);
    let admitted = matches!(label, Some((Label::Person, _)));
    let refuted = matches!(label, Some((Label::Company, true)))
        || (separator.is_none() && matches!(label, Some((Label::Other | Label::Phone | Label::Card, true))));
    let believed = match separator {
        _ if admitted => true,
        _ if refuted => false,
        // Epoch milliseconds from 2017 to 2033 begin so; half of them in a year with real dates.
        None if digits[0] == b'1' && digits[1] >= b'5' => false,
        None => checked || search.is_whole(start, end),
        Some(Separator::Slash | Separator::Paren) => false,
        // Births of the 1800s are rare, order numbers `240101-0000001` are not.
        Some(_) => checked || !matches!(digits[6], b'0' | b'9'),
    };
    if believed {
        search.propose(if resident { Kind::KrRrn } else { Kind::KrFrn }, start, end);
    }
}

/// Where a telephone number's national part begins, and how sure the country code makes it.
struct Country {
    /// Begin of the number, `+` included.
    start: usize,
    /// First digit behind the country code and the trunk 0.
    national: usize,
    /// `+82`, `0082`: enough to accept uneven separators.
    sure: bool,
}

/// Reads `+82`, `0082`, `00700-82`, `82-` and a trunk 0 dropped, kept or in parentheses.
fn country(bytes: &[u8], start: usize, end: usize, plus: bool) -> Option<Country> {
    let run = &bytes[start..end];
    let (start, behind, sure) = if plus && run.starts_with(b"82") {
        (start - 1, start + 2, true)
    } else if run.starts_with(b"0082") {
        (start, start + 4, true)
    } else if run.starts_with(b"0070082") {
        (start, start + 7, true)
    } else if run == b"00700" {
        let (_, next) = separator(bytes, end)?;
        if !bytes[next..].starts_with(b"82") {
            return None;
        }
        (start, next + 2, true)
    } else if run == b"82" || (run.starts_with(b"8210") && run.len() == 12) {
        (start, start + 2, false)
    } else {
        return None;
    };
    let mut at = behind;
    while at < bytes.len() && at < behind + 3 && matches!(bytes[at], b'-' | b'.' | b' ' | b')') {
        at += 1;
    }
    if bytes[at..].starts_with(b"(0)") {
        at += 3;
        at += usize::from(matches!(bytes.get(at), Some(b'-' | b' ' | b'.')));
    } else if bytes.get(at) == Some(&b'0') {
        at += 1;
    }
    bytes.get(at).filter(|byte| byte.is_ascii_digit())?;
    Some(Country { start, national: at, sure })
}

fn telephone(search: &mut Search<'_>, start: usize, end: usize, plus: bool) {
    let bytes = search.bytes;
    if let Some(country) = country(bytes, start, end, plus) {
        let runs = Runs::read(bytes, country.national);
        if let Some(number) = grouped(bytes, &runs, true) {
            // A bare `82` is a country code only before a mobile number with one separator, or behind a label.
            let believed = country.sure
                || (number.mobile && number.even)
                || matches!(label::before(bytes, country.start), Some((Label::Phone, _)));
            if believed && ends(bytes, number.end) && begins(bytes, country.start, Label::Phone) {
                search.propose(Kind::KrPhone, country.start, number.end);
            }
        }
    } else if bytes[start] == b'0' {
        let runs = Runs::read(bytes, start);
        if let Some(number) = grouped(bytes, &runs, false) {
            if !ends(bytes, number.end) || !begins(bytes, start, Label::Phone) {
                return;
            }
            let believed = if number.plain {
                !number.bare || number.mobile || !matches!(label::before(bytes, start), Some((Label::Other, true)))
            } else {
                label::glued(bytes, start).is_some() || matches!(label::before(bytes, start), Some((Label::Phone, _)))
            };
            if believed {
                search.propose(Kind::KrPhone, start, number.end);
            }
        }
    }
}

/// Runs that make a national number.
struct Grouped {
    end: usize,
    mobile: bool,
    /// No separator inside.
    bare: bool,
    /// One separator throughout.
    even: bool,
    /// Written as one writes a number, so that no label is needed.
    plain: bool,
}

/// The first runs as a national number: code, middle and last four together or apart.
///
/// `trunk_dropped`: the leading 0 is missing.
fn grouped(bytes: &[u8], runs: &Runs, trunk_dropped: bool) -> Option<Grouped> {
    let lead: &[u8] = if trunk_dropped { b"0" } else { b"" };
    for count in 1..=runs.count.min(3) {
        let end = runs.end(count);
        let digits = Digits::of(lead, bytes, runs.spans[0].0, end)?;
        let national = digits.get();
        if national.len() > phone::DIGITS_MAX {
            return None;
        }
        for code in 2..=4 {
            if !phone::fits(national, code) {
                continue;
            }
            let (first, rest) = (code - lead.len(), national.len() - code);
            let apart = count == 2 && runs.shaped(&[first, rest]);
            let joined = count == 2 && runs.shaped(&[first + rest - 4, 4]);
            if !(count == 1 || apart || joined || (count == 3 && runs.shaped(&[first, rest - 4, 4]))) {
                continue;
            }
            let mobile = phone::mobile(national);
            let paren = count > 1 && runs.separators[1] == Separator::Paren;
            let slash = runs.separators[1..count].contains(&Separator::Slash);
            let even = runs.even(count);
            let plain = match count {
                1 => mobile || national[code] != b'0',
                2 => !slash && (mobile || (apart && (paren || code == 4 || national.starts_with(b"07")))),
                _ => !slash && (even || paren),
            };
            return Some(Grouped { end, mobile, bare: count == 1, even, plain });
        }
    }
    None
}

/// Lengths of groups in which cards are embossed.
const CARD_GROUPS: [&[usize]; 4] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];

/// Whether a bare run can be a card at all: its check digit holds, or it has the length that a label admits without.
fn plausible(digits: &[u8]) -> bool {
    digits.len() == 16 || credit_card::luhn(digits)
}

fn card(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if separator(bytes, end).is_none() && !plausible(&bytes[start..end]) {
        return;
    }
    let runs = Runs::read(bytes, start);
    let groups = CARD_GROUPS.into_iter().filter(|lengths| runs.shaped(lengths)).map(<[usize]>::len);
    let bare = (13..=19).contains(&runs.len(0)).then_some(1);
    for count in bare.into_iter().chain(groups) {
        let end = runs.end(count);
        let Some(digits) = Digits::of(b"", bytes, start, end) else {
            continue;
        };
        let digits = digits.get();
        let luhn = credit_card::luhn(digits);
        if (!luhn && digits.len() != 16) || !ends(bytes, end) || !begins(bytes, start, Label::Card) {
            continue;
        }
        let strong = luhn && runs.even(count) && credit_card::issued(digits);
        if strong
            || label::glued(bytes, start).is_some()
            || matches!(label::before(bytes, start), Some((Label::Card, _)))
            || label::card_behind(bytes, end)
        {
            return search.propose(Kind::CreditCard, start, end);
        }
    }
}
