//! Postal addresses: 시도 and 시군구 stay, or all up to 읍, 면, 동 or the name of the road.

use super::{REDACTED, is_figure, put};
use crate::kind::address;

/// The seventeen 시도, without the endings that come and go (서울, 서울시, 서울특별시).
const PROVINCES: [&str; 23] = [
    "서울",
    "부산",
    "대구",
    "인천",
    "광주",
    "대전",
    "울산",
    "세종",
    "경기",
    "강원",
    "충청북",
    "충청남",
    "전라북",
    "전라남",
    "경상북",
    "경상남",
    "제주",
    "충북",
    "충남",
    "전북",
    "전남",
    "경북",
    "경남",
];

fn is_province(word: &str) -> bool {
    let known = PROVINCES.iter().find_map(|name| word.strip_prefix(name));
    known.is_some_and(|rest| matches!(rest, "" | "시" | "도" | "특별시" | "광역시" | "특별자치시" | "특별자치도"))
}

fn is_district(word: &str) -> bool {
    word.ends_with(['시', '군', '구']) && word.chars().count() <= 5
}

/// White space, and the filler that some forms write for it.
fn is_space(character: char) -> bool {
    character.is_whitespace() || character == '\u{3164}'
}

/// Where the first word behind `from` begins and ends.
fn word(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + text[from..].find(|c| !is_space(c))?;
    let end = text[start..].find(is_space).map_or(text.len(), |length| start + length);
    Some((start, end))
}

/// Where 시도 and the 시군구 behind it end, of a text that begins with them; 세종 has none.
fn head(text: &str) -> Option<usize> {
    let (_, end) = word(text, 0).filter(|(start, end)| is_province(&text[*start..*end]))?;
    let district = word(text, end).filter(|(start, end)| is_district(&text[*start..*end]));
    Some(district.map_or(end, |(_, end)| end))
}

/// `서울특별시 강남구 테헤란로 1` becomes `서울특별시 강남구 ****`, `강남구 테헤란로 1` `강남구 ****`; 세종 has no 시군구.
pub(super) fn district(text: &str, out: &mut Vec<u8>) -> bool {
    let text = &text[post_code(text)..];
    // Without 시도 a list has to know the first name: any word may end like 시군구.
    let read = || address::read(text.as_bytes()).map(|address| address.local).filter(|local| *local > 0);
    let Some(end) = head(text).or_else(read) else {
        return false;
    };
    for word in text[..end].split(is_space).filter(|word| !word.is_empty()) {
        out.extend_from_slice(word.as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(REDACTED.as_bytes());
    true
}

/// Where a post code before an address ends, with the space behind it: `06236 `, `(06236) `; 0 where there is none.
fn post_code(text: &str) -> usize {
    match word(text, 0) {
        Some((start, end)) if text[start..end].chars().all(|c| c.is_ascii_digit() || "()[]*".contains(c)) => {
            word(text, end).map_or(0, |(next, _)| next)
        }
        _ => 0,
    }
}

/// Where 시군구 ends, or the last name before the number, of an address of which nothing is starred.
fn end_of(town: bool, clear: &str) -> Option<usize> {
    let end = match address::read(clear.as_bytes()) {
        Some(address) if address.local > 0 => {
            if town {
                address.number
            } else {
                address.local
            }
        }
        _ => head(clear)?,
    };
    Some(clear[..end].trim_end_matches(is_space).len())
}

/// Where the part of an address that stays ends.
fn stays(town: bool, text: &str) -> Option<usize> {
    let clear = text[..text.find('*').unwrap_or(text.len())].trim_end_matches(is_space);
    // A number follows a town: without one, `서울 강남구 홍길동` may be somebody's name.
    let numbered = |end: &usize| {
        let behind = text[*end..].trim_start_matches(is_space);
        behind.starts_with(|c: char| c == '*' || c.is_ascii_digit())
            || ["산", "지하"].iter().any(|word| behind.starts_with(word))
    };
    let end = Some(town).filter(|town| *town).and_then(|_| end_of(true, clear)).filter(numbered);
    let (town, end) = match end {
        Some(end) => (true, end),
        None => (false, end_of(false, clear)?),
    };
    // What stays has to be seen as all that stays once more.
    (end_of(town, &text[..end]) == Some(end)).then_some(end)
}

/// Writes an address with every letter and digit behind 시군구 starred, or behind 읍, 면, 동 or the road's name where the
/// town stays. False, with nothing written, where no list has the place with which it begins.
pub(super) fn mask(town: bool, text: &str, out: &mut Vec<u8>) -> bool {
    let text = text.trim();
    let (code, text) = text.split_at(post_code(text));
    let Some(end) = stays(town, text) else {
        return false;
    };
    let star = |c: char, out: &mut Vec<u8>| put(if c.is_alphanumeric() { '*' } else { c }, out);
    code.chars().for_each(|c| star(c, out));
    let (shown, hidden) = text.split_at(end);
    out.extend_from_slice(shown.as_bytes());
    if hidden.chars().any(is_figure) {
        hidden.chars().for_each(|c| star(c, out));
    } else {
        // Nothing is hidden, and readers cannot know that.
        out.push(b' ');
        out.extend_from_slice(REDACTED.as_bytes());
    }
    true
}
