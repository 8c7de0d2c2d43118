//! Telephone numbers, Korean and of other countries.

use super::abroad;
use super::evidence::{Evidence, Why};
use super::label::{Label, Near};
use super::number::{Digits, Runs, Separator, begins, ends, labelled_behind, separator};
use super::text::Search;
use crate::kind::{Kind, phone};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    if search.kinds.contains(Kind::PhoneIntl) && abroad::look(search, start, end) {
        return;
    }
    if !search.kinds.contains(Kind::KrPhone) {
        return;
    }
    let bytes = search.bytes;
    let len = end - start;
    let plus = start > 0 && bytes[start - 1] == b'+';
    let weak = bytes[start..end].starts_with(b"82") && (plus || len == 2 || len == 12);
    if (bytes[start] == b'0' && len > 1) || weak {
        telephone(search, start, end, plus);
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
        let Some(number) = grouped(bytes, &runs, true) else {
            return;
        };
        if !ends(bytes, number.end) || !begins(search, country.start, phone_label) {
            return;
        }
        let near = search.label_before(country.start, |_| true).filter(|near| phone_label(near.label));
        // A bare `82` is a country code only before a mobile number with one separator, or behind a label.
        if country.sure || (number.mobile && number.even) || near.is_some() {
            let evidence = Evidence::SHAPE.and_if(Evidence::CHECK, country.sure);
            found(search, country.start, number.end, evidence, near);
        } else {
            search.miss(Kind::KrPhone, country.start, number.end, Why::NoLabel);
        }
    } else if bytes[start] == b'0' {
        national(search, start);
    }
}

/// A number that begins with its trunk 0.
fn national(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let runs = Runs::read(bytes, start);
    let Some(number) = grouped(bytes, &runs, false) else {
        if runs.shaped(&[3, 4, 4]) && runs.end(3) == start + 13 && bytes[start..].starts_with(b"010-0000-0000") {
            search.miss(Kind::KrPhone, start, start + 13, Why::NeverIssued);
        }
        return;
    };
    if !ends(bytes, number.end) || !begins(search, start, phone_label) {
        if number.mobile && number.plain {
            search.miss(Kind::KrPhone, start, number.end, Why::Tied);
        }
        return;
    }
    let near = search.label_before(start, |_| true);
    let label = near.filter(|near| phone_label(near.label));
    let other = near.is_some_and(|near| near.alone && !phone_label(near.label));
    let behind = !number.plain && label.is_none() && labelled_behind(search, number.end, phone_label);
    let believed = if number.plain { !number.bare || number.mobile || !other } else { label.is_some() || behind };
    if believed {
        let evidence = Evidence::default().and_if(Evidence::SHAPE, number.plain).and_if(Evidence::LABEL, behind);
        found(search, start, number.end, evidence, label);
    } else {
        let why = if number.plain { Why::OtherLabel } else { Why::UnevenSeparators };
        search.miss(Kind::KrPhone, start, number.end, why);
    }
}

/// Proposes a number and the extension behind it, with the label that stands before or behind.
fn found(search: &mut Search<'_>, start: usize, end: usize, evidence: Evidence, label: Option<Near>) {
    let field = label.is_some_and(|near| near.field);
    let remark = matches!(search.bytes[end..], [b'(' | b'[', ..] | [b' ', b'(' | b'[', ..]);
    let labelled =
        (label.is_some() && !field) || (label.is_none() && remark && labelled_behind(search, end, phone_label));
    let evidence = evidence
        .and_if(Evidence::LABEL, labelled)
        .and_if(Evidence::FIELD, field)
        .and_if(Evidence::WHOLE, search.is_whole(start, end));
    search.propose(Kind::KrPhone, start, extension(search.bytes, end), evidence);
}

/// The end behind the extension that follows a number, or `end`.
pub(super) fn extension(bytes: &[u8], end: usize) -> usize {
    end + phone::extension(&bytes[end..])
}

pub(super) fn phone_label(label: Label) -> bool {
    matches!(label, Label::Of(Kind::KrPhone | Kind::PhoneIntl))
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

/// Whether digits with nothing between them are a Korean number as one dials it.
pub(super) fn is_national(digits: &[u8]) -> bool {
    digits[0] == b'0' && (2..=4).any(|code| phone::fits(digits, code) && digits.len() <= 11)
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 1] = [Kind::KrPhone];

    #[test]
    fn korean_numbers() {
        let rows = [
            ("<02-1234-5678~8> <02-1234-5678(내선 123)> <02-1234-5678 ext.12>", None),
            ("<02-123-4567#12>, <031-123-4567, 내선 102>", None),
            ("<010-1234-5678>~<010-1234-5679>", None),
            ("전화 <02 1234-5678>", None),
            ("<031-123 4567> (전화)", None),
            ("전화 <02/1234/5678>", None),
            ("<82-10-1234-5678>, <+82 (0)10-1234-5678>, <+82)10-1234-5678>", None),
            ("번호는<010-1234-5678>로 TEL<0212345678>", None),
            ("국민은행 고객센터 <010-1234-5678>", None),
            ("02 1234-5678", Some(Why::UnevenSeparators)),
            ("x010-1234-5678", Some(Why::Tied)),
            ("010-0000-0000", Some(Why::NeverIssued)),
            ("주문번호 0311234567", Some(Why::OtherLabel)),
            ("82-2-1234-5678", Some(Why::NoLabel)),
            ("대표번호 1588-1234 112 119 114 02-114", None),
            ("02-03-2024 0101234567890 010123456789 1234-5678원", None),
            ("2020-2021 1588-1999 1234-5678 ISBN 978-89-010-0000-1", None),
            ("1769010123456781 0f570659-7687-4ba0-f010-8173deec4253", None),
            ("v0.10.1234.5678 10.10.1234", None),
        ];
        for (text, why) in rows {
            let found = marked(&KINDS, "", &text.replace(['<', '>'], ""));
            assert_eq!((found.0.as_str(), found.1), (text, why), "{text}");
        }
    }
}
