//! Names in other letters, and foreign names in Hangul: behind labels, and in brackets behind the name.

use super::beside::before;
use super::words::{Role, Words, syllable};
use super::{Places, shaped};
use crate::find::evidence::Evidence;
use crate::find::text::Search;
use crate::kind::Kind;

/// Takes the same name in other letters in brackets behind a name: `홍길동 (Hong Gil-dong)`, `홍길동(洪吉童)`; behind a
/// foreign one, `John Doe (존 도)`.
pub(super) fn also_in_brackets(search: &mut Search<'_>, end: usize, foreign: bool) {
    let rest = &search.bytes[end..];
    let open = usize::from(rest.first() == Some(&b' '));
    let Some(inside) = rest.get(open..).and_then(|rest| rest.strip_prefix(b"(")) else { return };
    let hanja = |bytes: &[u8]| {
        let letters =
            bytes.chunks(3).take_while(|letter| letter.len() == 3 && (0xE4..=0xE9).contains(&letter[0])).count();
        (2..=4).contains(&letters).then_some(letters * 3)
    };
    let hangul = |bytes: &[u8]| Some(foreign_hangul(bytes)).filter(|len| foreign && *len > 0);
    let latin = |bytes: &[u8]| latin(bytes, 2).filter(|_| !foreign);
    if let Some(len) = latin(inside).or_else(|| hanja(inside)).or_else(|| hangul(inside))
        && inside.get(len) == Some(&b')')
    {
        let from = end + open + 1;
        search.propose(Kind::PersonName, from, from + len, Evidence::NEIGHBOUR);
    }
}

/// The length of at least so many words in capitals, or each with one at its begin, side by side.
fn latin(bytes: &[u8], least: usize) -> Option<usize> {
    let (mut at, mut count) = (0, 0);
    while count < 5 && bytes.get(at).is_some_and(u8::is_ascii_uppercase) {
        let letters =
            bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'\'')).count();
        if letters > 20 {
            return None;
        }
        count += 1;
        at += letters;
        if bytes.get(at) != Some(&b' ') || !bytes.get(at + 1).is_some_and(u8::is_ascii_uppercase) {
            break;
        }
        at += 1;
    }
    let whole = !bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'.'));
    (count >= least && whole).then_some(at)
}

/// Looks behind the `:` before `at` for a foreign name, where a label says that one stands there; where it ends, or `at`.
pub(super) fn foreign(search: &mut Search<'_>, words: &Words, at: usize, found: &mut Places) -> usize {
    let bytes = search.bytes;
    let spaces = bytes[at..].iter().take(4).take_while(|byte| matches!(byte, b' ' | b'\t' | b'"')).count();
    let start = at + spaces;
    let Some(first) = bytes.get(start) else { return at };
    let hangul = matches!(first, 0xEA..=0xED);
    if !(hangul || first.is_ascii_uppercase()) {
        return at;
    }
    let Some((role, true)) = before(search, words, start) else { return at };
    let len = if hangul { foreign_hangul(&bytes[start..]) } else { latin(&bytes[start..], 2).unwrap_or(0) };
    let end = start + len;
    // Behind a role many words may stand; the same in Latin letters tells a name.
    let latin_too = || bytes[end..].starts_with(b" (") && latin(&bytes[end + 2..], 2).is_some();
    let told = role == Role::Name || (role == Role::Person && (!hangul || latin_too()));
    let nobody = ["성명", "불상", "미상", "익명", "없음", "해당", "이름", "관리자", "테스트"];
    let told = told && !nobody.iter().any(|word| bytes[start..].starts_with(word.as_bytes()));
    if !told || end == start || (hangul && shaped(bytes, words, start, true).is_some()) {
        return at;
    }
    search.propose(Kind::PersonName, start, end, Evidence::LABEL);
    found.push((start, end));
    also_in_brackets(search, end, true);
    end
}

/// The length of one to four words of Hangul behind which a value ends: `마이클 앤더슨`, `응우옌 티 란`.
fn foreign_hangul(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while count < 4 {
        let from = at;
        while syllable(bytes, at).is_some() {
            at += 3;
        }
        if at == from || at - from > 18 {
            return 0;
        }
        count += 1;
        if bytes.get(at) != Some(&b' ') || syllable(bytes, at + 1).is_none() {
            break;
        }
        at += 1;
    }
    let ends =
        matches!(bytes[at..], [] | [b'\n' | b'\r' | b',' | b')' | b'"' | b'|', ..] | [b' ', b'(' | b'/' | b'|', ..]);
    if ends && at > 3 { at } else { 0 }
}
