//! What stands beside a name: labels, roles and titles, brackets, other identifiers, columns.

use super::words::{Role, Words, syllable};
use super::{Candidate, Places, WORD_BYTES_MAX};
use crate::find::text::Search;
use crate::kind::Kind;

/// Most proposals of one line that are looked at for a table's row.
const ROW_PROPOSALS_MAX: usize = 16;

/// Whether `:` or `=` follows, as behind a label.
pub(super) fn heads(bytes: &[u8], at: usize) -> bool {
    let rest = bytes[at..].trim_ascii_start();
    matches!(rest, [b':' | b'=', ..])
}

/// Whether two syllables behind a role are set off as a name is: by a comma or slash, or by what is said with it.
pub(super) fn set_off(bytes: &[u8], end: usize, word_end: usize) -> bool {
    let rest = &bytes[end..word_end];
    let said = ["입니다", "에서", "으로", "이며", "이고"].iter().any(|word| rest == word.as_bytes());
    said || (rest.is_empty() && matches!(bytes[end..], [b',' | b'/', ..] | [b' ', b'/' | b'|', ..]))
}

/// What stands behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    /// `님`, `과장님께`, in the word or as the next one.
    Title,
    /// Brackets that begin with what is said of persons: a birth, an age, `인`, a name in Hanja.
    Person,
    /// Brackets that begin with a number.
    Brackets,
    /// An identifier that belongs to a person.
    Identifier,
}

pub(super) fn behind(search: &Search<'_>, words: &Words, candidate: Candidate, beside: usize) -> Beside {
    let Candidate { end, word_end, .. } = candidate;
    let bytes = search.bytes;
    if word_end > end {
        return if words.title(&bytes[end..word_end]) { Beside::Title } else { Beside::Nothing };
    }
    let spaces = bytes[end..].iter().take(3).take_while(|byte| **byte == b' ').count();
    let at = end + spaces;
    if spaces > 0 && syllable(bytes, at).is_some() {
        let mut stop = at;
        while stop < at + WORD_BYTES_MAX && syllable(bytes, stop).is_some() {
            stop += 3;
        }
        // `위한 회원`: a word that belongs to the next one.
        let short = end - candidate.start == 6;
        let belongs = short && bytes[..end].ends_with("한".as_bytes());
        if words.title(&bytes[at..stop]) && !belongs && !(short && heads(bytes, stop)) {
            return Beside::Title;
        }
    }
    if let Some(b'(') = bytes.get(at) {
        return brackets(&bytes[at + 1..]);
    }
    let mut at = at;
    while at < bytes.len()
        && at < end + 6
        && matches!(bytes[at], b' ' | b',' | b'/' | b':' | b'|' | b'\t' | b'-' | b'<')
    {
        at += 1;
    }
    let person =
        |kind: Kind| matches!(kind, Kind::KrRrn | Kind::KrFrn | Kind::KrPhone | Kind::Email | Kind::DateOfBirth);
    if at > end && search.proposed(beside).take(ROW_PROPOSALS_MAX).any(|(kind, from, _)| from == at && person(kind)) {
        return Beside::Identifier;
    }
    Beside::Nothing
}

/// Words with which brackets begin that tell of a person.
const TOLD: [&str; 16] = [
    "만 ",
    "남,",
    "여,",
    "남)",
    "여)",
    "남/",
    "여/",
    "인)",
    "서명",
    "印",
    "무인",
    "직통",
    "사번",
    "학번",
    "배우자",
    "날인",
];

fn brackets(inside: &[u8]) -> Beside {
    match inside {
        [b'0'..=b'9' | b'+', ..] => {
            let digits = inside.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let rest = &inside[digits..];
            // `(880101-1...`, `(1988년`, `(88년생`, `(010-...`, `(34세`
            let born = digits == 6 && rest.starts_with(b"-");
            let year = matches!(digits, 2 | 4) && (rest.starts_with("년".as_bytes()) || rest.starts_with(b"."));
            let age = digits == 2 && rest.starts_with("세".as_bytes());
            let call = inside[0] == b'0' && matches!(digits, 2..=4) && matches!(rest, [b'-', ..]);
            if born || year || age || call { Beside::Person } else { Beside::Nothing }
        }
        [0xE4..=0xE9, ..] => Beside::Person,
        [b'A'..=b'Z', b'A'..=b'Z' | b'a'..=b'z', ..] => Beside::Brackets,
        _ if TOLD.iter().any(|word| inside.starts_with(word.as_bytes())) => Beside::Person,
        [b'a'..=b'z', ..] => {
            let mail = inside.iter().take(40).take_while(|byte| !matches!(byte, b')' | b' ')).any(|byte| *byte == b'@');
            if mail { Beside::Person } else { Beside::Nothing }
        }
        [0xEA..=0xED, ..] => Beside::Brackets,
        _ => Beside::Nothing,
    }
}

/// The role or label that stands right before `start`, and whether a sign (`:`, `=`, `|`, an opening bracket) parts them.
pub(super) fn before(search: &Search<'_>, words: &Words, start: usize) -> Option<(Role, bool)> {
    let bytes = search.bytes;
    let mut at = start;
    let mut signed = false;
    let limit = start.saturating_sub(16);
    while at > limit {
        match bytes[at - 1] {
            b' ' | b'\t' | b'"' | b'\'' | b'[' | b'*' => {}
            b':' | b'=' | b'|' | b'(' | b'>' | b']' => signed = true,
            // A tab in a JSON string.
            b't' if at >= 2 && bytes[at - 2] == b'\\' => at -= 1,
            // The lines of a drawn table.
            0x80..=0xBF if at >= 3 && matches!(bytes[at - 3..at - 1], [0xE2, 0x94 | 0x95]) => {
                signed = true;
                at -= 2;
            }
            _ => break,
        }
        at -= 1;
    }
    if at == 0 {
        return words.announces(search.field()).then_some((Role::Name, true));
    }
    // `성명(한글): ...`, `보호자(부)는 ...`
    if [")는", ")은"].iter().any(|end| bytes[..at].ends_with(end.as_bytes())) {
        at -= 3;
    }
    if bytes[at - 1] == b')' {
        let open = bytes[at.saturating_sub(40)..at].iter().rposition(|byte| *byte == b'(')?;
        at = at.saturating_sub(40) + open;
        while at > 0 && bytes[at - 1] == b' ' {
            at -= 1;
        }
    }
    let mut from = at;
    if at > 0 && bytes[at - 1].is_ascii_alphabetic() {
        while from > 0 && (bytes[from - 1].is_ascii_alphabetic() || bytes[from - 1] == b'_') {
            from -= 1;
        }
        let word = &bytes[from..at];
        if word.eq_ignore_ascii_case(b"user") {
            return Some((Role::Person, signed));
        }
        return (signed && words.announces(word)).then_some((Role::Name, true));
    }
    while from >= 3 && at - from < WORD_BYTES_MAX && syllable(bytes, from - 3).is_some() {
        from -= 3;
    }
    if from == at {
        return None;
    }
    // `성    명`
    if at - from == 3
        && bytes[from..at] == *"명".as_bytes()
        && bytes[..from].trim_ascii_end().ends_with("성".as_bytes())
    {
        return Some((Role::Name, signed));
    }
    words.role(&bytes[from..at]).map(|role| (role, signed))
}

/// Whether the title before `start` is that of a name before it, as in `홍길동 교수 (...` and `홍길동 대리: ...`.
pub(super) fn follows_title(search: &Search<'_>, words: &Words, start: usize, found: &Places) -> bool {
    let bytes = search.bytes;
    let Some((_, end)) = found.get().iter().rev().find(|(_, end)| *end < start && start - *end < 48) else {
        return false;
    };
    let between = &bytes[*end..start];
    if between.contains(&b'\n') {
        return false;
    }
    let between = between.trim_ascii();
    let letters = (0..between.len()).step_by(3).take_while(|at| syllable(between, *at).is_some()).count() * 3;
    letters > 0 && words.title(&between[..letters]) && between[letters..].iter().all(|byte| b" :(".contains(byte))
}

/// Whether the word before `start` is a name and `에서`, as where somebody takes over from somebody.
pub(super) fn after_name(bytes: &[u8], start: usize, found: &Places) -> bool {
    let head = bytes[..start].strip_suffix("에서 ".as_bytes());
    head.is_some_and(|head| found.get().iter().any(|(_, end)| *end == head.len()))
}

/// Whether `start..end` fills a column of a line, by two spaces or a tab on either side, in which a number or address
/// of a person follows.
pub(super) fn in_column(search: &Search<'_>, start: usize, end: usize, beside: usize) -> bool {
    let bytes = search.bytes;
    let gap = |two: &[u8]| matches!(two, [b' ', b' '] | [_, b'\t' | b'\n'] | [b'\n', _] | []);
    let left = bytes[..start].ends_with(b"\n")
        || bytes[..start].ends_with(b"\t")
        || gap(bytes.get(start.saturating_sub(2)..start).unwrap_or_default());
    let right = matches!(bytes[end..], [b' ', b' ', ..] | [b'\t', ..]);
    let person = |kind: Kind| matches!(kind, Kind::KrRrn | Kind::KrFrn | Kind::KrPhone | Kind::Email | Kind::Ip);
    left && right && {
        let line = end + bytes[end..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - end);
        let mut near = search.proposed(beside).take(ROW_PROPOSALS_MAX);
        near.any(|(kind, from, _)| (end..line).contains(&from) && person(kind))
    }
}

/// Whether an account ends right before `start`: `국민은행 110-... 홍길동`, `... (홍길동)`.
pub(super) fn behind_account(search: &Search<'_>, start: usize, beside: usize) -> bool {
    let head = search.bytes[..start].trim_ascii_end();
    let head = head.strip_suffix(b"(").unwrap_or(head).trim_ascii_end();
    let mut near = search.proposed(beside).take(ROW_PROPOSALS_MAX);
    near.any(|(kind, _, end)| end == head.len() && kind == Kind::BankAccount)
}

/// `저는 홍길동입니다`, `인사팀 홍길동입니다`, `총무팀 홍길동` at the end of a line: somebody says who speaks.
pub(super) fn heard(bytes: &[u8], start: usize, word_end: usize, end: usize) -> bool {
    let head = bytes[..start].strip_suffix(b" ").unwrap_or(&bytes[..start]);
    let said = ["저는", "제 이름은", "전 "].iter().any(|word| head.ends_with(word.as_bytes()));
    let team = ["팀", "과", "실", "센터", "본부"].iter().any(|word| head.ends_with(word.as_bytes()));
    let rest = &bytes[end..word_end];
    let speaks = ["입니다", "이에요", "예요", "이고", "인데요"].iter().any(|word| rest == word.as_bytes());
    let line = rest.is_empty() && matches!(bytes[word_end..], [] | [b'\n' | b'\r', ..]);
    head.len() < start && ((said && (speaks || rest.is_empty())) || (team && (speaks || line)))
}
