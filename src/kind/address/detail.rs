//! The number of an address and what is behind it: floor, unit, building, legal 동.

use super::{blanks_after, word_after};

/// The number of an address and its detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Where the number ends, with `번지`.
    pub(crate) number: usize,
    /// Where the address ends.
    pub(crate) end: usize,
}

/// The number that begins at `start`, a digit, and what belongs to it; `None` if it counts something else.
pub(crate) fn tail(bytes: &[u8], start: usize) -> Option<Tail> {
    let number = number(bytes, start)?;
    Some(Tail { number, end: detail(bytes, number, true) })
}

/// Most digits of a building's or lot's number, and of what stands behind its hyphen.
const NUMBER_DIGITS_MAX: usize = 5;
const BRANCH_DIGITS_MAX: usize = 4;

/// Where the number that begins at `start` ends, `12`, `12-3`, `12번지`.
fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let mut end = digits(bytes, start);
    if end - start > NUMBER_DIGITS_MAX || bytes[start] == b'0' {
        return None;
    }
    if let [b'-', b'1'..=b'9', ..] = bytes[end..] {
        let branch = digits(bytes, end + 1);
        // `1588-1234` is a telephone number.
        if branch - end > BRANCH_DIGITS_MAX + 1 || (end - start == 4 && branch - end == 5) {
            return None;
        }
        end = branch;
    }
    match bytes[end..] {
        [b'A'..=b'Z' | b'a'..=b'z' | b'%' | b'0'..=b'9', ..] => None,
        [b'-' | b'.' | b':' | b'/', b'0'..=b'9', ..] => None,
        // `84㎡`, `25℃`, `25°`
        [0xE3, 0x8E | 0x8F, ..] | [0xE2, 0x84, ..] | [0xC2, 0xB0, ..] => None,
        // `2,3단지`
        [b',', b'0'..=b'9', 0xEA..=0xED, ..] => None,
        // `1,200m`, but `12,010-0000-1234` is two members of a list.
        [b',', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..] if bytes.get(end + 4) != Some(&b'-') => None,
        [0xE4..=0xED, ..] => behind(bytes, end, start > 0 && bytes[start - 1] >= 0x80),
        _ => {
            // `12 번지`
            let next = blanks_after(bytes, end);
            Some(if bytes[next..].starts_with("번지".as_bytes()) { next + 6 } else { end })
        }
    }
}

/// What may be glued to the number of an address. Not among them: `명`, `원`, `번길`, `층` and whatever else is counted.
#[rustfmt::skip]
const GLUED: [&str; 36] = [
    "번지", "에", "로", "으로", "은", "는", "이고", "이며", "이다", "이라", "이에요", "이요", "이야", "야", "인데", "예요", "입니다", "임", "앞", "의",
    "와", "과", "까지", "부터", "부근", "인근", "근처", "일대", "일원", "소재", "및", "등", "을", "를", "이", "가",
];

/// The end of a number with Hangul behind it; `glued` to a word before it, it may be a part of a road's name: `예시로2가`.
fn behind(bytes: &[u8], end: usize, glued: bool) -> Option<usize> {
    let rest = &bytes[end..];
    let word = GLUED.iter().find(|word| rest.starts_with(word.as_bytes()))?;
    let next = end + word.len();
    match *word {
        "번지" => Some(next),
        // `12번째`, `12번길`; `12가길`, `12로`: a part of a road's name.
        "로" | "가" | "이" | "의" | "과" => {
            let more = word_after(bytes, next) > next && !bytes[next..].starts_with("서".as_bytes());
            let road = glued && matches!(*word, "로" | "가");
            (!more && !road).then_some(end)
        }
        _ => Some(end),
    }
}

fn digits(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Where the detail behind `end` ends; `end` if there is none. `numbered`: the number of a building stands before it.
pub(crate) fn detail(bytes: &[u8], end: usize, numbered: bool) -> usize {
    let mut end = end;
    let mut units = 0;
    for _ in 0..STEPS_MAX {
        let blank = blanks_after(bytes, end);
        let comma = bytes.get(blank) == Some(&b',');
        let at = if comma { blanks_after(bytes, blank + 1) } else { blank };
        let apart = at > end;
        let next = match bytes.get(at) {
            Some(b'(') if numbered || units > 0 => legal(bytes, at),
            Some(_) if apart || units > 0 => unit(bytes, at, comma || !apart)
                .or_else(|| if bytes[..end].ends_with("동".as_bytes()) { room(bytes, at) } else { None })
                .inspect(|_| units += 1)
                .or_else(|| if apart { building(bytes, at, numbered && !comma, numbered) } else { None }),
            _ => None,
        };
        match next {
            Some(next) => end = next,
            None => break,
        }
    }
    end
}

/// Most pieces of one detail: building, complex, block, floor, unit, legal 동 and some more.
const STEPS_MAX: usize = 8;

/// What follows the digits of a unit.
#[rustfmt::skip]
const UNITS: [&str; 13] = ["동", "호실", "호", "층", "단지", "차", "블록", "블럭", "번지", "세대", "라인", "통", "반"];

/// The unit that begins at `at`: `101동`, `1204호`, `제3층`, `지하1층`, `B1`, `3F`, `가동`; with `bare` also `305-2201`.
fn unit(bytes: &[u8], at: usize, bare: bool) -> Option<usize> {
    let rest = &bytes[at..];
    let prefix =
        ["제", "지하", "지상", "B"].iter().find(|word| rest.starts_with(word.as_bytes())).map_or(0, |word| word.len());
    let start = blanks_after(bytes, at + prefix);
    let mut end = digits(bytes, start);
    if end == start {
        return lettered(bytes, at);
    }
    if end - start > 5 || (prefix > 1 && start > at + prefix + 1) {
        return None;
    }
    if let [b'-', b'0'..=b'9', ..] = bytes[end..] {
        let second = digits(bytes, end + 1);
        let free = !matches!(bytes.get(second), Some(b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'));
        let phone = bytes[start] == b'0' || (end - start == 4 && second - end == 5);
        let short = second - end <= 5;
        if bare && free && short && !phone && !suffixed(bytes, second) {
            return Some(second);
        }
        end = second;
    }
    let rest = &bytes[end..];
    if (prefix == 1 || matches!(rest, [b'F' | b'f', ..])) && !suffixed(bytes, end) {
        let end = end + usize::from(matches!(rest, [b'F' | b'f', ..]));
        return (!bytes.get(end).is_some_and(u8::is_ascii_alphanumeric)).then_some(end);
    }
    let suffix = UNITS.iter().find(|word| rest.starts_with(word.as_bytes()))?;
    let behind = end + suffix.len();
    // `3호선`, `2차선`, `3동생`
    let other = match *suffix {
        "호" => bytes[behind..].starts_with("선".as_bytes()),
        "차" => word_after(bytes, behind) > behind,
        _ => false,
    };
    (!other).then_some(behind)
}

/// The bare number of a unit behind a block: `101동 1204`.
fn room(bytes: &[u8], at: usize) -> Option<usize> {
    let end = digits(bytes, at);
    let free = match bytes[end..] {
        [b'-' | b'.' | b':' | b'/' | b',', b'0'..=b'9', ..] => false,
        [next, ..] => next < 0x80 && !next.is_ascii_alphanumeric(),
        [] => true,
    };
    (free && matches!(end - at, 3 | 4) && bytes[at] != b'0').then_some(end)
}

/// Whether a unit's word follows the digits that end at `at`.
fn suffixed(bytes: &[u8], at: usize) -> bool {
    UNITS.iter().any(|word| bytes[at..].starts_with(word.as_bytes()))
}

/// `A동`, `나동`: a block of a building that has a letter.
fn lettered(bytes: &[u8], at: usize) -> Option<usize> {
    let len = match bytes.get(at)? {
        b'A'..=b'Z' | b'a'..=b'z' => 1,
        0xEA..=0xED => {
            let syllable = bytes.get(at..at + 3)?;
            "가나다라마바사아자차카타파하".as_bytes().chunks_exact(3).any(|one| one == syllable).then_some(3)?
        }
        _ => return None,
    };
    let end = at + len + 3;
    (bytes[at + len..].starts_with("동".as_bytes()) && word_after(bytes, end) == end).then_some(end)
}

/// `(견본동)`, `(견본동, 가짜아파트)`: the legal 동 in parentheses that begin at `at`.
fn legal(bytes: &[u8], at: usize) -> Option<usize> {
    let word = word_after(bytes, at + 1);
    let name = &bytes[at + 1..word];
    let dong = ["동", "가", "리", "읍", "면"].iter().any(|end| name.ends_with(end.as_bytes()));
    if !dong || name.len() < 6 || !matches!(bytes.get(word), Some(b')' | b',')) {
        return None;
    }
    let room = bytes[word..].iter().take(LEGAL_BYTES_MAX);
    let close = room.take_while(|byte| !matches!(byte, b'\n' | b'(' | b':')).position(|byte| *byte == b')')?;
    Some(word + close + 1)
}

/// Longest rest in the parentheses of a legal 동, in bytes.
const LEGAL_BYTES_MAX: usize = 80;

/// What the names of buildings end in.
#[rustfmt::skip]
const BUILDINGS: [&str; 69] = [
    "아파트", "빌딩", "빌라", "빌라트", "빌리지", "타워", "센터", "센타", "오피스텔", "주택", "연립", "맨션", "맨숀", "청사", "프라자",
    "플라자", "스퀘어", "캐슬", "상가", "하우스", "원룸", "원룸텔", "고시원", "고시텔", "회관", "시티", "파크", "파크빌", "자이", "더샵", "더샾", "래미안",
    "푸르지오", "힐스테이트", "e편한세상", "이편한세상", "아이파크", "롯데캐슬", "엘에스", "엘가", "스위첸", "데시앙", "센트럴", "그랑블", "단지",
    "기숙사", "관리사무소", "사무소", "병원", "의원", "학교", "대학교", "은행", "호텔", "모텔", "공장", "창고", "몰", "마을", "빌", "팰리스", "타운",
    "경찰서", "소방서", "우체국", "도서관", "박물관", "체육관", "미술관",
];

/// What ends a line behind the number of an address and is no sentence: an office, or a place beside the address.
#[rustfmt::skip]
const PLACES: [&str; 12] = [
    "청", "관", "점", "역", "앞", "부근", "도로", "교차로", "진입로", "입구", "본사", "지사",
];

/// The same of longer words; short ones may be a person's name.
const OFFICES: [&str; 8] = ["원", "서", "장", "국", "소", "부", "처", "과"];

/// Words that end an address: what follows them speaks about it.
#[rustfmt::skip]
const STOPS: [&str; 24] = [
    "일원", "일대", "인근", "근처", "쪽", "외", "등", "소재", "거주", "및", "주변", "방면", "번지", "에", "로", "으로", "관할", "담당", "연락처", "전화",
    "임시", "우편번호", "수령인", "대표",
];

/// Most words of a building's name.
const NAME_WORDS_MAX: usize = 4;

/// The name of a building that begins at `at`, if a unit follows it or its end tells; with `loose` also what ends the line.
fn building(bytes: &[u8], at: usize, loose: bool, numbered: bool) -> Option<usize> {
    let mut start = at;
    let mut found = None;
    for count in 1..=NAME_WORDS_MAX {
        let end = word_after(bytes, start);
        let word = &bytes[start..end];
        let label = matches!(bytes.get(end), Some(b':' | b'=')) || bytes[end..].starts_with(b" :");
        let ends = |list: &[&str]| list.iter().any(|name| word.ends_with(name.as_bytes()));
        let number = word.is_empty() || (word[0].is_ascii_digit() && !ends(&BUILDINGS));
        if number || label || STOPS.iter().any(|stop| stop.as_bytes() == word) {
            break;
        }
        let next = blanks_after(bytes, end);
        if numbered && ends(&BUILDINGS) {
            found = Some(end);
        }
        let closed = matches!(bytes.get(next), None | Some(b'\n' | b'\r' | b'(' | b')' | b']' | b'/'));
        if loose && closed && count <= 2 && (ends(&PLACES) || word.len() >= 12 && ends(&OFFICES)) {
            found = Some(end);
        }
        if next == end {
            break;
        }
        if let Some(unit) = unit(bytes, next, true) {
            // `예시부 본부 5층`: the floor of an office is a place in it, and the address is the street's.
            let office = ["청", "부", "처"].iter().any(|name| word.ends_with(name.as_bytes()));
            return if office && bytes[..unit].ends_with("층".as_bytes()) { found } else { Some(unit) };
        }
        start = next;
    }
    found
}
