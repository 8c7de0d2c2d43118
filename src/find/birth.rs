//! Birth dates: a date in any common form that a word says to be somebody's birth.

use super::evidence::{Evidence, Why};
use super::label::{Label, Near};
use super::number::{Edge, edge_before, worded};
use super::text::Search;
use crate::kind::Kind;
use crate::kind::date_of_birth::{self, Birth};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    // Most numbers are too short, too long, or begin no year, month or day.
    let fits = match end - start {
        1 | 2 => begins_date(bytes, end),
        4 => is_year(bytes, start) && begins_year(bytes, start, end),
        // `Gecko/20100101` is a version.
        8 => is_year(bytes, start) && !matches!(bytes[..start], [.., b'o', b'/']),
        6 => bytes[start + 2] < b'2',
        _ => false,
    };
    if !fits || !search.kinds.contains(Kind::DateOfBirth) {
        return;
    }
    let from = if end - start <= 2 { month_before(bytes, start) } else { start };
    if let Some(birth) = date_of_birth::at(bytes, from)
        && edge_before(bytes, from) == Edge::Free
        && !goes_on(bytes, &birth)
    {
        believe(search, from, &birth);
    }
}

fn is_year(bytes: &[u8], start: usize) -> bool {
    matches!(bytes[start..], [b'1', b'8' | b'9', ..] | [b'2', b'0', ..])
}

/// Whether a year begins a date and no stamp of a log, or a word stands before it that may be `출생연도` or `birthYear`.
fn begins_year(bytes: &[u8], start: usize, end: usize) -> bool {
    match bytes[end..] {
        [b'-', _, _, b'-', _, _, b'T' | b' ', hour @ b'0'..=b'2', b'0'..=b'9', b':', ..] => hour == b'0',
        [b'-' | b'.' | b'/', b'0'..=b'9', ..] | [b'.', b' ', ..] | [b' ', b'-' | b'.' | b'/', b' ', ..] => true,
        [0xEB, ..] => true,
        _ => {
            let head = &bytes[start.saturating_sub(12)..start];
            start == 0
                || head.iter().any(|byte| *byte >= 0x80)
                || head.windows(3).any(|three| three.eq_ignore_ascii_case(b"ear"))
        }
    }
}

/// Whether one or two digits that end at `end` begin a date: a second part of one or two digits and the same sign follow,
/// or 년, or the word of a month, or they stand behind one: `May 5, 1988`.
fn begins_date(bytes: &[u8], end: usize) -> bool {
    match bytes[end..] {
        [b' ', letter, ..] => letter.is_ascii_alphanumeric(),
        [b',' | b's' | b'n' | b'r' | b't', ..] => true,
        [sign @ (b'-' | b'/' | b'.'), digit @ b'0'..=b'9', next, ..] if !next.is_ascii_digit() => {
            next == sign && digit != b'0'
        }
        [sign @ (b'-' | b'/' | b'.'), b'0'..=b'3', _, next, ..] => next == sign,
        [b'-', letter, ..] => letter.is_ascii_alphabetic(),
        [b'.', b' ', b'0'..=b'9', ..] => true,
        [0xEB, ..] => bytes[end..].starts_with("년".as_bytes()),
        _ => false,
    }
}

/// Where the name of a month begins that stands before the day at `start`; `start` if none does.
fn month_before(bytes: &[u8], start: usize) -> usize {
    if !matches!(bytes[..start], [.., b'a'..=b'z' | b'A'..=b'Z', b' '] | [.., b'a'..=b'z', b'.', b' ']) {
        return start;
    }
    let end = start - if bytes[start - 2] == b'.' { 2 } else { 1 };
    let letters = bytes[..end].iter().rev().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if date_of_birth::month_name(bytes, end - letters) == Some(end) { end - letters } else { start }
}

/// Whether digits or letters follow, which make it something longer.
fn goes_on(bytes: &[u8], birth: &Birth) -> bool {
    match bytes[birth.end..] {
        [b'T', b'0'..=b'2', b'0'..=b'9', b':', ..] => false,
        [b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_', ..] | [b'-' | b'.' | b'/', b'0'..=b'9', ..] => true,
        _ => false,
    }
}

/// Whether a time of day follows: nearly all dates of a log end here, and births only where a database wrote them.
fn timed(bytes: &[u8], birth: &Birth) -> bool {
    matches!(
        bytes[birth.end..],
        [b' ' | b'T', b'0'..=b'2', b'0'..=b'9', b':', ..] | [b' ', b'0'..=b'9', b':', b'0'..=b'9', ..]
    )
}

fn believe(search: &mut Search<'_>, start: usize, birth: &Birth) {
    let bytes = search.bytes;
    let kind = Kind::DateOfBirth;
    let timed = timed(bytes, birth);
    let midnight = timed && bytes[birth.end + 1..].starts_with(b"00:00");
    if timed && !midnight {
        return;
    }
    let born = born_behind(bytes, birth);
    let aged = aged_behind(bytes, birth.end);
    let sexed = birth.day > 0 && sexed(bytes, start);
    if !(born || aged || sexed || worded(search, start, b"b") || worded(search, start, b"d") && birth.day > 0) {
        return;
    }
    let near = search.label_before(start, |label| label == Label::Of(kind) || label == Label::Other);
    let own = near.filter(|near| near.label == Label::Of(kind) && governs(bytes, near, start, birth));
    let beside = born || sexed || (aged && birth.day > 0);
    if own.is_none() && !beside {
        if birth.day > 0 && !birth.bare {
            let other = near.is_some_and(|near| near.label == Label::Other);
            search.miss(kind, start, birth.end, if other { Why::OtherLabel } else { Why::NoLabel });
        }
        return;
    }
    let field = own.is_some_and(|near| near.field);
    let evidence = Evidence::default()
        .and_if(Evidence::SHAPE, !birth.bare)
        .and_if(Evidence::LABEL, own.is_some() && !field)
        .and_if(Evidence::FIELD, field)
        .and_if(Evidence::NEIGHBOUR, born || aged || sexed);
    search.propose(kind, start, birth.end, evidence);
}

/// What 생 begins that is no birth: `2024년 생산`.
const OTHERS: [&str; 17] =
    ["산", "활", "성", "기", "태", "물", "존", "명", "애", "계", "각", "일", "신", "전", "환", "체", "방"];

/// Whether `생` or `출생` stands right behind the date, or has ended it.
fn born_behind(bytes: &[u8], birth: &Birth) -> bool {
    let inside = bytes[..birth.end].ends_with("생".as_bytes());
    let rest = &bytes[birth.end..];
    let rest = if inside { rest } else { rest.strip_prefix(b" ").unwrap_or(rest) };
    let free = |rest: &[u8]| !OTHERS.iter().any(|other| rest.starts_with(other.as_bytes()));
    if inside {
        return free(rest);
    }
    if ["生", "에 태어", "태어", "에 출생"].iter().any(|word| rest.starts_with(word.as_bytes())) {
        return true;
    }
    // `2024-01-01 출생신고` is the day of a form.
    if let Some(rest) = rest.strip_prefix("출생".as_bytes()) {
        return !rest.starts_with("신고".as_bytes()) && !rest.starts_with("아".as_bytes());
    }
    rest.strip_prefix("생".as_bytes()).is_some_and(free)
}

/// Whether an age stands behind the date: `(만 46세)`, `, 만 46세`.
fn aged_behind(bytes: &[u8], end: usize) -> bool {
    let rest = &bytes[end..];
    let signs = rest.iter().take(3).take_while(|byte| matches!(byte, b' ' | b',' | b'(')).count();
    let Some(rest) = rest[signs..].strip_prefix("만".as_bytes()) else {
        return false;
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let Some(rest) = rest[digits..].strip_prefix("세".as_bytes()) else {
        return false;
    };
    // `만 19세 이상` is a rule about ages.
    digits > 0 && signs > 0 && matches!(rest, [] | [b')' | b',' | b'\n' | b'.' | b'/', ..])
}

/// Whether the sex stands before the date: `(M/1958-11-04)`, `남/1958.11.04`.
fn sexed(bytes: &[u8], start: usize) -> bool {
    let head = &bytes[..start];
    let Some(head) = head.strip_suffix(b"/").or_else(|| head.strip_suffix(b"/ ")) else {
        return false;
    };
    let head = head.strip_suffix(b" ").unwrap_or(head);
    let sex = |word: &str| head.strip_suffix(word.as_bytes());
    let Some(head) = sex("남성")
        .or(sex("여성"))
        .or(sex("남자"))
        .or(sex("여자"))
        .or(sex("남"))
        .or(sex("여"))
        .or(sex("M"))
        .or(sex("F"))
    else {
        return false;
    };
    !matches!(head, [.., b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | 0x80..])
}

/// Most bytes between a label and its date: a remark in parentheses, or two words.
const GAP_BYTES_MAX: usize = 48;

/// Words between a label and a date that make it the date of something else.
#[rustfmt::skip]
const EVENTS: [&str; 24] = [
    "일자", "일시", "날짜", "계약", "접수", "발급", "만료", "등록일", "가입", "검사", "진단", "입사", "작성", "신고", "방문", "예약", "신청", "사망",
    "결혼", "파티", "기념", "쿠폰", "행사", "변경",
];

/// Whether the label speaks of the date at `start`.
fn governs(bytes: &[u8], near: &Near, start: usize, birth: &Birth) -> bool {
    if near.field {
        return near.alone;
    }
    let gap = &bytes[near.end..start];
    let six = near.alone || gap.windows(7).any(|seven| seven[1..] == *"자리".as_bytes());
    if !six || gap.len() > GAP_BYTES_MAX {
        return false;
    }
    let holds = |word: &&str| gap.windows(word.len()).any(|part| part == word.as_bytes());
    let label = &bytes[near.start..near.end];
    // These words are in many sentences, and a year alone has no shape: only signs may stand between.
    let weak = label.is_ascii() || ["생일", "출생", "생월일"].iter().any(|word| label == word.as_bytes());
    if birth.month == 0 {
        let year =
            ["년도", "연도", "년", "year", "Year", "YEAR", "_yr"].iter().any(holds) || label == "생년".as_bytes();
        return year && links(gap);
    }
    if weak || birth.day == 0 { links(gap) } else { !EVENTS.iter().any(holds) }
}

/// Words that may stand between a label and its date; letters of ASCII in lower case.
#[rustfmt::skip]
const LINKS: [&str; 36] = [
    "은", "는", "이", "가", "일", "일은", "일이", "일자", "일자는", "년도", "연도", "년", "년월일", "연월일", "년월일은", "연월일은", "월일", "양력", "음력",
    "day", "date", "year", "on", "in", "is", "was", "ymd", "dt", "dy", "dttm", "yyyymmdd", "yymmdd", "no", "at", "my", "of",
];

/// Whether nothing but signs, particles and a few words stands in `gap`.
fn links(gap: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    let mut rest = gap;
    while let Some(first) = rest.first() {
        if *first == b'('
            && let Some(close) = rest.iter().position(|byte| *byte == b')')
        {
            rest = &rest[close + 1..];
            continue;
        }
        let len = rest.iter().take_while(|byte| word(byte) == word(first)).count();
        let (one, behind) = rest.split_at(len);
        let sign = one.starts_with("┃".as_bytes()) || one.starts_with("│".as_bytes());
        if word(first) && !sign && !LINKS.iter().any(|link| link.as_bytes().eq_ignore_ascii_case(one)) {
            return false;
        }
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 1] = [Kind::DateOfBirth];

    #[test]
    fn births() {
        let rows = [
            "생년월일: <1988-01-01> 계약일: 2024-01-01",
            "생년월일(양력) <1988. 1. 1.>",
            "생년월일 ┃ <1988.01.01>",
            "생년월일 6자리: <880101>",
            "생년월일 및 성별: <880101> 남",
            "제 생일은 <1988년 1월 1일>이에요",
            "생일:<88.1.1>",
            "출생: <19880101>",
            "출생연도: <1988>",
            "홍길동(<88년 1월 1일>생)",
            "홍길동 <1988. 1. 1.>생",
            "<1988-01-01> 출생",
            "<1988년생>, <88년생>입니다",
            "환자 (M/<1958-11-04>) 내원",
            "홍길동 (<1979-11-23>, 만 46세)",
            "born on <May 5, 1988>",
            "DOB <05/05/1988>, D.O.B: <1988-05-05>",
            "{\"birthDate\":\"<1988-05-05>T00:00:00Z\"}",
            "BIRTH_DT=<19880505>&x=1",
            "그날은 1988.01.01 이었다",
            "유통기한 2026.06.30, 접수일자: 2024-05-01",
            "2024년생산, 2024-05-01 생활지원금, 2024년 5월 1일 생방송",
            "생일 파티는 2024-05-01에, 생일 쿠폰 20240501",
            "출생신고일 2024-01-01, 생년월일 확인 후 접수일: 2024-05-01",
            "birth certificate issued 2024-05-01",
            "생년월일: 1988-13-01",
            "만 19세 이상 2024.05.01 (만 3세 이상)",
            "2024-05-01 10:00:00 born in the cloud",
        ];
        for row in rows {
            let text = row.replace(['<', '>'], "");
            assert_eq!(marked(&KINDS, "", &text).0, row);
        }
    }

    #[test]
    fn members_and_misses() {
        assert_eq!(marked(&KINDS, "userBirthDate", "19880505").0, "<19880505>");
        assert_eq!(marked(&KINDS, "birthYear", "1988").0, "<1988>");
        assert_eq!(marked(&KINDS, "joinDate", "19880505").0, "19880505");
        assert_eq!(marked(&KINDS, "", "등록 1988.01.01").1, Some(Why::NoLabel));
        assert_eq!(marked(&KINDS, "", "유통기한 2026.06.30").1, Some(Why::OtherLabel));
    }
}
