//! `date_of_birth`: a date that is said to be somebody's birth.
//!
//! `1988-01-01`, `1988. 1. 1.`, `88/01/01`, `19880101`, `880101`, `1988년 1월 1일`, `1988년생`, `May 5, 1988`, `05/05/1988`.
//! The grammar reads dates of the calendar only; that a date is a birth, a word beside it says.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "생년월일",
        "생년",
        "생일",
        "생월일",
        "출생",
        "生年月日",
        "생 년 월 일",
        "생년 월일",
        "brth",
        "dateofbirth",
        "date_of_birth",
        "date-of-birth",
        "date of birth",
        "birth",
        "born",
    ],
    words: &["dob", "d.o.b", "bday"],
};

/// Years that a birth may have. The core has no clock; the newest births are a few years ahead of this code.
const YEARS: std::ops::RangeInclusive<u16> = 1880..=2039;

/// The first two-digit year that is of the 1900s: nobody is born in 2030 yet, and people born in 1930 are alive.
const CENTURY: u16 = 30;

/// A birth date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// The year in full; of two digits, that of a living person.
    pub year: u16,
    /// 1 to 12; 0 where only a year is written.
    pub month: u8,
    /// 1 to 31; 0 where no day is written.
    pub day: u8,
    /// Where the digits of the year begin and end.
    pub year_at: (usize, usize),
    /// Where the month stands, a number or a name; empty where there is none.
    pub month_at: (usize, usize),
    /// Where the digits of the day begin and end; empty where there is none.
    pub day_at: (usize, usize),
    /// Where the whole date ends: behind `일`, a last dot, or `생` where only a year stands.
    pub end: usize,
    /// Whether the digits stand without any sign between them.
    pub bare: bool,
}

/// Reads a whole value: a date, and `생` or `출생` behind it or not.
pub fn read(bytes: &[u8]) -> Option<Birth> {
    let birth = at(bytes, 0)?;
    let rest = bytes[birth.end..].trim_ascii();
    matches!(rest, b"" | b".")
        .then_some(birth)
        .or_else(|| ["생", "출생", "생."].iter().any(|word| rest == word.as_bytes()).then_some(birth))
}

/// The date that begins at `start`, a digit or the first letter of a month's name.
pub(crate) fn at(bytes: &[u8], start: usize) -> Option<Birth> {
    let first = run(bytes, start);
    match first.1 - first.0 {
        0 => english(bytes, start),
        8 => bare(bytes, first, 4),
        6 => bare(bytes, first, 2),
        4 => parts(bytes, first),
        1 | 2 => two(bytes, first),
        _ => None,
    }
}

/// `19880101`, `880101`.
fn bare(bytes: &[u8], (start, end): (usize, usize), year: usize) -> Option<Birth> {
    let (month, day) = ((start + year, start + year + 2), (start + year + 2, end));
    checked(bytes, Written { year: (start, start + year), month, day, end, bare: true })
}

/// What a number of four digits begins: `1988-01-01`, `1988년 1월 1일`, `1988년생`, or a year alone.
fn parts(bytes: &[u8], year: (usize, usize)) -> Option<Birth> {
    let at = year.1;
    if bytes[at..].starts_with("년".as_bytes()) {
        return hangul(bytes, year);
    }
    let Some((sign, next)) = sign(bytes, at) else {
        return checked(bytes, Written { year, month: (at, at), day: (at, at), end: at, bare: true });
    };
    let month = run(bytes, next);
    let (again, next) = self::sign(bytes, month.1)?;
    let day = run(bytes, next);
    let end = day.1 + usize::from(sign == b'.' && bytes.get(day.1) == Some(&b'.'));
    (sign == again).then_some(())?;
    checked(bytes, Written { year, month, day, end, bare: false })
}

/// What a number of one or two digits begins: `88.01.01`, `88년 1월 1일`, `05/05/1988`, `5 May 1988`.
fn two(bytes: &[u8], first: (usize, usize)) -> Option<Birth> {
    if bytes[first.1..].starts_with("년".as_bytes()) {
        return (first.1 - first.0 == 2).then(|| hangul(bytes, first)).flatten();
    }
    let Some((sign, next)) = sign(bytes, first.1) else {
        return day_first(bytes, first);
    };
    let second = run(bytes, next);
    let (again, next) = self::sign(bytes, second.1)?;
    let third = run(bytes, next);
    (sign == again && matches!(second.1 - second.0, 1 | 2)).then_some(())?;
    if third.1 - third.0 == 4 {
        // The American order, unless only the other one is a date.
        let written = |month, day| Written { year: third, month, day, end: third.1, bare: false };
        return checked(bytes, written(first, second)).or_else(|| checked(bytes, written(second, first)));
    }
    let end = third.1 + usize::from(sign == b'.' && bytes.get(third.1) == Some(&b'.'));
    (first.1 - first.0 == 2).then_some(())?;
    checked(bytes, Written { year: first, month: second, day: third, end, bare: false })
}

/// `1988년 1월 1일`, `88년 1월`, `1988년생`, `1988년`.
fn hangul(bytes: &[u8], year: (usize, usize)) -> Option<Birth> {
    let end = year.1 + 3;
    let month = run(bytes, blanks(bytes, end));
    if month.0 == month.1 || !bytes[month.1..].starts_with("월".as_bytes()) {
        let end = end + if bytes[end..].starts_with("생".as_bytes()) { 3 } else { 0 };
        return checked(bytes, Written { year, month: (end, end), day: (end, end), end, bare: false });
    }
    let end = month.1 + 3;
    let day = run(bytes, blanks(bytes, end));
    if day.0 == day.1 || !bytes[day.1..].starts_with("일".as_bytes()) {
        return checked(bytes, Written { year, month, day: (end, end), end, bare: false });
    }
    checked(bytes, Written { year, month, day, end: day.1 + 3, bare: false })
}

/// `5 May 1988`, `5th of May, 1988`, `5-May-1988`.
fn day_first(bytes: &[u8], day: (usize, usize)) -> Option<Birth> {
    let at = word_gap(bytes, ordinal(bytes, day.1));
    let at = if bytes[at..].starts_with(b"of ") { at + 3 } else { at };
    let month = (at, month_name(bytes, at)?);
    let year = run(bytes, word_gap(bytes, month.1));
    (year.1 - year.0 == 4).then_some(())?;
    checked(bytes, Written { year, month, day, end: year.1, bare: false })
}

/// `May 5, 1988`, `Jan. 1st 1990`.
fn english(bytes: &[u8], start: usize) -> Option<Birth> {
    let month = (start, month_name(bytes, start)?);
    let day = run(bytes, word_gap(bytes, month.1));
    matches!(day.1 - day.0, 1 | 2).then_some(())?;
    let year = run(bytes, word_gap(bytes, ordinal(bytes, day.1)));
    (year.1 - year.0 == 4).then_some(())?;
    checked(bytes, Written { year, month, day, end: year.1, bare: false })
}

/// Where the parts of a date stand.
struct Written {
    year: (usize, usize),
    month: (usize, usize),
    day: (usize, usize),
    end: usize,
    bare: bool,
}

/// The date, if the calendar has it.
fn checked(bytes: &[u8], written: Written) -> Option<Birth> {
    let Written { year: year_at, month: month_at, day: day_at, end, bare } = written;
    let year = number(bytes, year_at)?;
    let year = match year_at.1 - year_at.0 {
        2 if year < CENTURY => year + 2000,
        2 => year + 1900,
        4 if YEARS.contains(&year) => year,
        _ => return None,
    };
    let month = if bytes.get(month_at.0).is_some_and(u8::is_ascii_alphabetic) {
        (month_at.0 < month_at.1).then(|| month_of(&bytes[month_at.0..])).flatten().unwrap_or(0)
    } else {
        number(bytes, month_at)?
    };
    let day = number(bytes, day_at)?;
    let days = match month {
        0 if month_at.0 == month_at.1 => 0,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return None,
    };
    if day > days || (day == 0 && day_at.0 != day_at.1) {
        return None;
    }
    Some(Birth { year, month: month as u8, day: day as u8, year_at, month_at, day_at, end, bare })
}

/// The number in so many digits; 0 where none are, `None` where they are too many.
fn number(bytes: &[u8], (start, end): (usize, usize)) -> Option<u16> {
    (end - start <= 4).then(|| bytes[start..end].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit & 15)))
}

/// The digits that begin at `at`.
fn run(bytes: &[u8], at: usize) -> (usize, usize) {
    let at = at.min(bytes.len());
    (at, at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// The sign between two parts of a date, and where the next part begins.
fn sign(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes[at..] {
        [sign @ (b'-' | b'.' | b'/'), b'0'..=b'9', ..] => Some((sign, at + 1)),
        [b'.', b' ', b'0'..=b'9', ..] => Some((b'.', at + 2)),
        [b' ', sign @ (b'-' | b'.' | b'/'), b' ', b'0'..=b'9', ..] => Some((sign, at + 3)),
        _ => None,
    }
}

/// Skips up to two blanks.
fn blanks(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take(2).take_while(|byte| **byte == b' ').count()
}

/// Skips what stands between the words of an English date.
fn word_gap(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take(2).take_while(|byte| matches!(byte, b' ' | b',' | b'.' | b'-')).count()
}

/// Skips the `th` of `5th`.
fn ordinal(bytes: &[u8], at: usize) -> usize {
    at + if matches!(bytes[at..], [b't', b'h', ..] | [b's', b't', ..] | [b'n', b'd', ..] | [b'r', b'd', ..]) {
        2
    } else {
        0
    }
}

/// Names of the months; the first three letters will do.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The month whose name or first three letters `bytes` begins with.
fn month_of(bytes: &[u8]) -> Option<u16> {
    let head = <[u8; 3]>::try_from(bytes.get(..3)?).ok()?.map(|byte| byte | 0x20);
    MONTHS.iter().position(|name| name.as_bytes().starts_with(&head)).map(|place| place as u16 + 1)
}

/// Where the name of a month that begins at `at` ends.
pub(crate) fn month_name(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let name = MONTHS[usize::from(month_of(rest)?) - 1].as_bytes();
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let short = letters == 3 || (letters == 4 && rest[..4].eq_ignore_ascii_case(b"sept"));
    (short || (letters == name.len() && rest[..letters].eq_ignore_ascii_case(name))).then_some(at + letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        let rows = [
            ("1988-01-02", Some((1988, 1, 2))),
            ("1988.01.02", Some((1988, 1, 2))),
            ("1988. 1. 2.", Some((1988, 1, 2))),
            ("1988/1/2", Some((1988, 1, 2))),
            ("1988 - 01 - 02", Some((1988, 1, 2))),
            ("88.01.02", Some((1988, 1, 2))),
            ("19880102", Some((1988, 1, 2))),
            ("880102", Some((1988, 1, 2))),
            ("050102", Some((2005, 1, 2))),
            ("1988년 1월 2일", Some((1988, 1, 2))),
            ("1988년1월2일생", Some((1988, 1, 2))),
            ("88년 1월생", Some((1988, 1, 0))),
            ("1988년생", Some((1988, 0, 0))),
            ("88년생", Some((1988, 0, 0))),
            ("1988", Some((1988, 0, 0))),
            ("05/06/1988", Some((1988, 5, 6))),
            ("25/06/1988", Some((1988, 6, 25))),
            ("May 5, 1988", Some((1988, 5, 5))),
            ("Sept. 1st 1990", Some((1990, 9, 1))),
            ("5 may 1988", Some((1988, 5, 5))),
            ("1988-13-02", None),
            ("1989-02-29", None),
            ("1988-01.02", None),
            ("1788-01-02", None),
            ("88", None),
            ("881301", None),
            ("1988-01-02 10:00", None),
            ("Mayor 5, 1988", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes()).map(|birth| (birth.year, birth.month, birth.day));
            assert_eq!(read, want, "{text}");
        }
    }
}
