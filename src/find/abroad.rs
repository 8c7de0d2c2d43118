//! Telephone numbers of other countries: by `+` and a country code, by shape, by a country's name before them.

use super::country::{Country, country_before, country_behind, linked};
use super::evidence::{Evidence, Why};
use super::label::Label;
use super::number::{begins, counts, ends, governs, run_end};
use super::telephone::{extension, phone_label};
use super::text::Search;
use crate::kind::phone_intl::{DIGITS_MAX, american, chinese, issued, japanese};
use crate::kind::{Kind, phone};

/// Looks at the run of digits `start..end`. Whether a number was found.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) -> bool {
    let bytes = search.bytes;
    let len = end - start;
    if len > DIGITS_MAX {
        return false;
    }
    if start > 0 && matches!(bytes[start - 1], b'+' | b'(') {
        return match bytes[start - 1] {
            b'+' => international(search, start),
            // `(415) 555-0132`, `(02) 1234-5678`.
            _ => matches!(bytes.get(end), Some(b')')) && (2..=4).contains(&len) && national(search, start - 1),
        };
    }
    // What is neither grouped nor of the length of a whole number is none; nor is what begins no group of one.
    let grouped = len <= 5
        && matches!(bytes.get(end), Some(b'-' | b'.' | b' ' | b')'))
        && (shaped(bytes, end) || bytes[start..].starts_with(b"00"))
        && !dated(bytes, start, end);
    (grouped || (8..=13).contains(&len))
        && (country_before(bytes, start).is_some() || patterned(bytes, start, end) || abroad_label(search, start))
        && national(search, start)
}

/// Whether the digits begin as a number does that needs no country's name: America's, Japan's, China's, or one behind a
/// prefix.
fn patterned(bytes: &[u8], start: usize, end: usize) -> bool {
    let digits =
        |at: usize, count: usize| bytes.get(at..at + count).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    let separated = |at: usize| matches!(bytes.get(at), Some(b'-' | b'.' | b' '));
    let american =
        |at: usize| separated(at + 3) && separated(at + 7) && digits(at, 3) && digits(at + 4, 3) && digits(at + 8, 4);
    match bytes[start..] {
        [b'0', b'0', ..] | [b'0', b'7'..=b'9', b'0', ..] => true,
        [b'1', sign, ..] if !sign.is_ascii_digit() => american(end + 1),
        [b'1', b'3'..=b'9', ..] => matches!(end - start, 3 | 11),
        [b'2'..=b'9', ..] => end - start == 10 || american(start),
        _ => false,
    }
}

/// Whether the digits begin a day (`2026-07-04`) or an IPv4 address: most groups of digits in logs do.
fn dated(bytes: &[u8], start: usize, end: usize) -> bool {
    match bytes.get(end) {
        Some(sign @ (b'-' | b'.')) if end == start + 4 => bytes.get(start + 7) == Some(sign),
        Some(b'.') if end <= start + 3 => {
            let second = run_end(bytes, end + 1);
            let third = bytes.get(second).filter(|sign| **sign == b'.').map_or(second, |_| run_end(bytes, second + 1));
            third > second && bytes.get(third) == Some(&b'.')
        }
        _ => false,
    }
}

/// Whether a group of two to eight digits stands behind the separator at `end`: a second number of `1.25` or `3-1` is
/// shorter, and the letters of words are none.
fn shaped(bytes: &[u8], end: usize) -> bool {
    let at = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b' ' | b'(')));
    let digits = bytes.get(at..at + 2).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    digits && bytes.get(end.wrapping_sub(1)).is_some_and(u8::is_ascii_digit)
}

/// A number as it is written: digits, and where it may end.
struct Written {
    digits: [u8; DIGITS_MAX],
    /// Digits up to the end of each group, the end of the group in the text, and the length of the group.
    groups: [(usize, usize, usize); GROUPS_MAX],
    count: usize,
}

/// Most groups that a number is written in, `+33 1 23 45 67 89`.
const GROUPS_MAX: usize = 7;

impl Written {
    /// Reads groups from `start`: digits, or an area code in parentheses. One separator stands between two of them; a
    /// trunk `(0)` behind a country code is passed over.
    fn read(bytes: &[u8], start: usize, abroad: bool) -> Self {
        let mut written = Self { digits: [0; DIGITS_MAX], groups: [(0, 0, 0); GROUPS_MAX], count: 0 };
        let (mut at, mut len) = (start, 0);
        let mut tight = false;
        while written.count < GROUPS_MAX {
            let paren = bytes.get(at) == Some(&b'(');
            if paren && abroad && bytes[at..].starts_with(b"(0)") {
                at += 3;
                at += usize::from(matches!(bytes.get(at), Some(b' ' | b'-')));
                continue;
            }
            at += usize::from(paren);
            let from = at;
            while len < DIGITS_MAX && bytes.get(at).is_some_and(u8::is_ascii_digit) {
                written.digits[len] = bytes[at];
                (at, len) = (at + 1, len + 1);
            }
            if at == from || bytes.get(at).is_some_and(u8::is_ascii_digit) || (paren && bytes.get(at) != Some(&b')')) {
                return written;
            }
            written.groups[written.count] = (len, at, at - from);
            written.count += 1;
            at += usize::from(paren);
            match bytes.get(at) {
                Some(b'-' | b'.') => (at, tight) = (at + 1, true),
                // Behind hyphens a space ends the number, but behind the country code.
                Some(b' ') if !tight || written.count == 1 => at += 1,
                Some(b'(') if abroad => {}
                // `(+1) 415-555-0132`
                Some(b')') if abroad && written.count == 1 => {
                    at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b' ' | b'-')));
                }
                _ if paren => {}
                _ => return written,
            }
        }
        written
    }

    /// The digits up to the end of a group.
    fn upto(&self, group: usize) -> &[u8] {
        &self.digits[..self.groups[group].0]
    }

    /// Whether the groups have these lengths.
    fn is(&self, lengths: &[usize]) -> bool {
        self.count >= lengths.len() && lengths.iter().zip(&self.groups).all(|(length, group)| *length == group.2)
    }
}

/// A number behind `+`; the digits begin at `digits`.
fn international(search: &mut Search<'_>, digits: usize) -> bool {
    let bytes = search.bytes;
    let start = digits - 1;
    // Most signs stand in times and sums: `+0900`.
    if bytes[digits] == b'0' || bytes[digits..].starts_with(b"82") {
        return false;
    }
    if matches!(bytes[..start], [.., b')' | b']' | b'}' | b'+' | b'_']) || !begins(search, start, phone_label) {
        return false;
    }
    let written = Written::read(bytes, digits, true);
    for group in (0..written.count).rev() {
        let (_, end, len) = written.groups[group];
        if (group > 0 && len < 2) || !issued(written.upto(group)) || !ends(bytes, end) || counts(bytes, end) {
            continue;
        }
        let labelled = search.label_before(start, |_| true).filter(|near| phone_label(near.label));
        let evidence = Evidence::SHAPE
            .and(Evidence::CHECK)
            .and_if(Evidence::LABEL, labelled.is_some_and(|near| !near.field) || country_before(bytes, start).is_some())
            .and_if(Evidence::FIELD, labelled.is_some_and(|near| near.field))
            .and_if(Evidence::WHOLE, search.is_whole(start, end));
        search.propose(Kind::PhoneIntl, start, extension(bytes, end), evidence);
        return true;
    }
    false
}

/// How a national number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `(415) 555-0132`: nothing else is written so.
    AmericanParen,
    /// `415-555-0132`, `1-415-555-0132`.
    American,
    /// `090-1234-5678`.
    Japanese,
    /// `138-0000-0001`, `13800000001`.
    Chinese,
    /// Behind an international prefix, `001-1-415-555-0132`, `0044 20 7946 0000`.
    Prefixed,
    /// Anything in groups that a telephone number can have.
    Grouped,
    /// Digits with nothing between them.
    Bare,
}

/// The form of the number that begins at `start`, a digit or `(`, and its end.
fn form(bytes: &[u8], start: usize) -> Option<(Form, usize)> {
    let written = Written::read(bytes, start, false);
    let last = written.count.checked_sub(1)?;
    let end = |group: usize| written.groups[group].1;
    let paren = bytes[start] == b'(';
    if written.is(&[3, 3, 4]) && american(written.upto(2)) {
        return Some((if paren { Form::AmericanParen } else { Form::American }, end(2)));
    }
    if written.is(&[1, 3, 3, 4]) && written.digits[0] == b'1' && american(&written.upto(3)[1..]) {
        return Some((Form::American, end(3)));
    }
    if written.is(&[3, 4, 4]) && japanese(written.upto(2)) {
        return Some((Form::Japanese, end(2)));
    }
    if written.is(&[3, 4, 4]) && chinese(written.upto(2)) {
        return Some((Form::Chinese, end(2)));
    }
    let all = written.upto(last);
    if last == 0 && !paren {
        let form = match all {
            all if chinese(all) => Form::Chinese,
            all if japanese(all) => Form::Japanese,
            all if american(all) => Form::American,
            all if prefixed(all).is_some_and(issued) => Form::Prefixed,
            _ => Form::Bare,
        };
        return Some((form, end(0)));
    }
    if let Some(group) = (1..=last).rev().find(|group| prefixed(written.upto(*group)).is_some_and(issued)) {
        return Some((Form::Prefixed, end(group)));
    }
    let day = [[4, 2, 2], [2, 2, 4], [2, 2, 2]].iter().any(|day| written.count == 3 && written.is(day));
    (0..=last).rev().find(|group| *group > 0 && (8..=12).contains(&written.upto(*group).len())).and_then(|group| {
        let longest = written.groups[..=group].iter().all(|group| group.2 <= 8);
        (longest && !day).then(|| (Form::Grouped, end(group)))
    })
}

/// What follows the prefix by which one dials another country: `00`, or a Korean carrier's `001` `002` `005` `006`
/// `008` `00700`.
fn prefixed(digits: &[u8]) -> Option<&[u8]> {
    let rest = digits.strip_prefix(b"00")?;
    if let Some(rest) = rest.strip_prefix(b"700") {
        return Some(rest);
    }
    let carried = rest.get(1..).filter(|behind| matches!(rest[0], b'1' | b'2' | b'5' | b'6' | b'8') && issued(behind));
    Some(carried.unwrap_or(rest))
}

/// A number without `+` that begins at `start`, a digit or `(`.
fn national(search: &mut Search<'_>, start: usize) -> bool {
    let bytes = search.bytes;
    let Some((form, end)) = form(bytes, start) else {
        return false;
    };
    let country = country_before(bytes, start).or_else(|| country_behind(bytes, end));
    if !ends(bytes, end) || counts(bytes, end) || !begins(search, start, phone_label) {
        return false;
    }
    // Korean mobile numbers are Korean wherever their owner is; others may be both.
    let korean = korean(&bytes[start..end]);
    let near = search.label_before(start, |_| true);
    let labelled =
        near.filter(|near| phone_label(near.label) && (governs(bytes, near, start) || linked(&bytes[near.end..start])));
    let other = near.is_some_and(|near| !phone_label(near.label) && near.alone && governs(search.bytes, &near, start));
    let named = matches!(country, Some(Country::Named));
    let believed = match form {
        _ if korean.is_some_and(|mobile| mobile || !named) => false,
        Form::AmericanParen => !other,
        Form::American | Form::Japanese | Form::Chinese | Form::Prefixed => country.is_some() || labelled.is_some(),
        Form::Grouped | Form::Bare => named || labelled.is_some_and(|near| near.label == Label::Of(Kind::PhoneIntl)),
    };
    if !believed {
        if korean.is_none() && labelled.is_none() && matches!(form, Form::Japanese | Form::Prefixed) {
            search.miss(Kind::PhoneIntl, start, end, Why::NoLabel);
        }
        return false;
    }
    let evidence = Evidence::default()
        .and_if(Evidence::SHAPE, form != Form::Bare)
        .and_if(Evidence::LABEL, country.is_some() || labelled.is_some_and(|near| !near.field))
        .and_if(Evidence::FIELD, labelled.is_some_and(|near| near.field))
        .and_if(Evidence::WHOLE, search.is_whole(start, end));
    search.propose(Kind::PhoneIntl, start, extension(bytes, end), evidence);
    true
}

/// The last byte before `at` that is neither a space nor a sign between a label and a value.
fn sign_free_before(bytes: &[u8], at: usize) -> Option<u8> {
    bytes[..at]
        .iter()
        .rev()
        .take(5)
        .copied()
        .find(|byte| !matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'' | b'(' | b'[' | b')'))
}

/// Whether a label of foreign telephones stands right before `start`.
fn abroad_label(search: &mut Search<'_>, start: usize) -> bool {
    let beside = sign_free_before(search.bytes, start).is_some_and(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    if !beside || !super::number::worded(search, start, b"wv") {
        return false;
    }
    let near = search.label_before(start, |_| true).filter(|near| near.label == Label::Of(Kind::PhoneIntl));
    near.is_some_and(|near| governs(search.bytes, &near, start))
}

/// Whether the number is one of the Korean plan, and if so, whether it is mobile.
fn korean(written: &[u8]) -> Option<bool> {
    let mut digits = [0; phone::DIGITS_MAX];
    let mut len = 0;
    for digit in written.iter().filter(|byte| byte.is_ascii_digit()) {
        *digits.get_mut(len)? = *digit;
        len += 1;
    }
    let digits = &digits[..len];
    (2..=4).any(|code| phone::fits(digits, code)).then(|| phone::mobile(digits))
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 2] = [Kind::PhoneIntl, Kind::KrPhone];

    #[test]
    fn numbers_of_other_countries() {
        let rows = [
            ("My US number is <(415) 555-0132>, abroad <+1 415 555 0132>", None),
            ("Their Israeli number is <09-7000001>", None),
            ("US: <415-555-0132>, Canada: <1-416-555-0132>", None),
            ("BR: <+55 11 90000 0001>", None),
            ("My Japanese number is <080-1234-5678>", None),
            ("일본 휴대폰 <090-1234-5678>", None),
            ("연락처 <090-1234-5678>", None),
            ("중국 <13800000001>, 전화번호: <138-0000-0001>", None),
            ("해외 연락처: <415-555-0132>", None),
            ("<415-555-0132> (미국)", None),
            ("<+44 (0)20 7946 0000>, 2024", None),
            ("연락처 <+84 90 000 0001> 3명", None),
            ("TEL<+14155550132 x12>", None),
            ("전화 <001-1-415-555-0132>", None),
            ("UK number <07911 000001>, Singapore number <6000 0001>", None),
            ("미국 연락처: <010-1234-5678>", None),
            ("일본 지사 <02-1234-5678>", None),
            ("090-1234-5678", Some(Why::NoLabel)),
            ("0044 20 7946 0000", Some(Why::NoLabel)),
            ("415-555-0132", None),
            ("주문 13800000001 415.555.0132", None),
            ("1.0.0+20130313144700 at +0900 +09:00 12+34567890123", None),
            ("+12345678 +1234567890원 +15000000000 @@ -1,3 +1,9 @@", None),
            ("192.168.0.1 10.0.0.12 1.25.300 2026-07-04 12:00:00 +09:00", None),
            ("US 2024-01-02 us 1234567890 give us 123-4567", None),
            ("ISBN 978-89-000-0000-1 ISSN 1234-5678 1717171717 1717171717171", None),
            ("중국: 2020-2024, UK: 1234 5678, 일본: 01-02-2024", None),
            ("2020-2021 1588-1999 part 123-456-7890 (415) 123", None),
        ];
        for (text, why) in rows {
            let found = marked(&KINDS, "", &text.replace(['<', '>'], ""));
            assert_eq!((found.0.as_str(), found.1), (text, why), "{text}");
        }
    }
}
