//! Names of persons: beside labels, roles and titles, beside other identifiers of the same person, and again where a
//! name that was found stands once more.
//!
//! A name begins its word, with a family name, and goes on in syllables that given names are made of; what stands
//! behind it in the word is a particle or a title. That alone says little: something beside it has to speak for it.

mod beside;
mod foreign;
mod words;

use self::beside::{
    Beside, after_name, before, behind, behind_account, follows_title, heads, heard, in_column, set_off,
};
use self::foreign::{also_in_brackets, foreign};
use self::words::{Role, WORDS, Words, syllable};
use super::block;
use super::evidence::{Evidence, Why};
use super::text::Search;
use crate::kind::Kind;

/// Most names of a text that are looked for again, and most places that are remembered for that.
const REMEMBERED_MAX: usize = 64;

/// Longest word that a name begins, in bytes: four syllables, a title and particles.
const WORD_BYTES_MAX: usize = 36;

/// Something that has the shape of a name.
#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    start: usize,
    end: usize,
    /// The end of its word.
    word_end: usize,
}

/// Ranges of a text, as many as are remembered.
struct Places {
    all: [(usize, usize); REMEMBERED_MAX],
    count: usize,
}

impl Places {
    const fn new() -> Self {
        Self { all: [(0, 0); REMEMBERED_MAX], count: 0 }
    }

    fn push(&mut self, place: (usize, usize)) {
        if let Some(free) = self.all.get_mut(self.count) {
            *free = place;
            self.count += 1;
        }
    }

    fn get(&self) -> &[(usize, usize)] {
        &self.all[..self.count]
    }
}

/// How far behind the place that is looked at a proposal may end and still stand beside it, in bytes.
const BESIDE_BYTES_MAX: usize = 64;

/// What was found of a text so far.
struct Seen {
    /// Names.
    found: Places,
    /// What has the shape of names.
    left: Places,
    /// The first proposal of another kind that may stand beside what is looked at.
    beside: usize,
}

/// Looks at the whole text, in which some Hangul stands; called last, when the other kinds have made their proposals.
pub(super) fn look(search: &mut Search<'_>) {
    if !search.kinds.contains(Kind::PersonName) {
        return;
    }
    let words = &*WORDS;
    let bytes = search.bytes;
    let mut seen = Seen { found: Places::new(), left: Places::new(), beside: 0 };
    // Where the search goes on behind a name, and whether the last syllables were of the block before.
    let (mut at, mut before) = (0, 0);
    // A word begins behind a foreign name, whatever that ends in.
    let mut fresh = usize::MAX;
    for begin in (0..bytes.len()).step_by(64) {
        let (syllables, colons) = block::syllables_and_colons(bytes, begin);
        let mut stops = (syllables & !(syllables << 3 | before)) | colons;
        before = syllables >> 61;
        if (begin..begin + 64).contains(&fresh) {
            stops |= syllables & 1 << (fresh - begin);
        }
        while stops != 0 {
            let place = begin + stops.trailing_zeros() as usize;
            stops &= stops - 1;
            if place < at {
                continue;
            }
            if bytes[place] != b':' {
                if words.may_begin(bytes, place) {
                    at = word(search, words, place, &mut seen);
                }
                continue;
            }
            at = foreign(search, words, place + 1, &mut seen.found);
            fresh = at;
            if at < begin + 64 {
                stops |= syllables & 1 << (at - begin);
            }
        }
    }
    for (start, end) in seen.left.get().iter().copied() {
        if seen.found.get().iter().any(|(from, to)| bytes[*from..*to] == bytes[start..end]) {
            search.propose(Kind::PersonName, start, end, Evidence::CHECK.and(Evidence::NEIGHBOUR));
        } else {
            search.miss(Kind::PersonName, start, end, Why::NoLabel);
        }
    }
}

/// Looks at the word that begins at `start`; the end of the name found there, or `start`.
fn word(search: &mut Search<'_>, words: &Words, start: usize, seen: &mut Seen) -> usize {
    let (candidate, evidence) = match shaped(search.bytes, words, start, true) {
        Some(candidate) => {
            while search.proposed(seen.beside).next().is_some_and(|(.., end)| end + BESIDE_BYTES_MAX < start) {
                seen.beside += 1;
            }
            (candidate, evidence(search, words, candidate, seen))
        }
        // Behind a label that says so, a name may have any syllables.
        None if !words.may_end(search.bytes[..start].trim_ascii_end()) && !behind_sign(search.bytes, start) => {
            return start;
        }
        None => match shaped(search.bytes, words, start, false) {
            Some(candidate) if is_named(search, words, candidate) => (candidate, Some(Evidence::LABEL)),
            Some(_) | None => return start,
        },
    };
    let Candidate { start, end, .. } = candidate;
    if let Some(evidence) = evidence {
        search.propose(Kind::PersonName, start, end, evidence.and(Evidence::CHECK));
        seen.found.push((start, end));
        also_in_brackets(search, end, false);
        return end - 3;
    }
    let name = &search.bytes[start..end];
    if end - start > 6 && !words.ordinary(name) && !words.is_word(name) {
        seen.left.push((start, end));
    }
    start
}

/// Whether a sign stands before `start` that parts a label from a value.
fn behind_sign(bytes: &[u8], start: usize) -> bool {
    matches!(bytes[..start].trim_ascii_end().last(), Some(b':' | b'=' | b'|' | b'(' | b')' | b'>' | b']' | b'"'))
}

/// Whether a label that announces names stands before a candidate that is no ordinary word.
fn is_named(search: &Search<'_>, words: &Words, candidate: Candidate) -> bool {
    let Candidate { start, end, word_end } = candidate;
    // Cheap: most words stand behind a word that is no label.
    !heads(search.bytes, word_end)
        && !words.ordinary(&search.bytes[start..end])
        && !words.is_word(&search.bytes[start..end])
        && matches!(before(search, words, start), Some((Role::Name, _)))
}

/// Reads a name at `start`: the longest one behind which the word ends, or goes on in a particle or title. The given
/// name is one of the usual syllables where that is asked for.
fn shaped(bytes: &[u8], words: &Words, start: usize, usual: bool) -> Option<Candidate> {
    let first = syllable(bytes, start)?;
    let second = syllable(bytes, start + 3)?;
    let compound = words.compound(bytes, start, first);
    // `9천만원`
    if start > 0 && bytes[start - 1].is_ascii_digit() {
        return None;
    }
    if !compound && !(words.surnames.has(first) && (!usual || words.given.has(second))) {
        return None;
    }
    let mut word_end = start + 6;
    while word_end < start + WORD_BYTES_MAX && syllable(bytes, word_end).is_some() {
        word_end += 3;
    }
    let given = |from: usize, end: usize| {
        !usual || (from..end).step_by(3).all(|at| syllable(bytes, at).is_some_and(|index| words.given.has(index)))
    };
    let longest = if compound { 4 } else { 3 };
    for count in (2..=longest).rev() {
        let end = start + count * 3;
        if end > word_end || (compound && count == 2) || !given(start + if compound { 6 } else { 3 }, end) {
            continue;
        }
        // Cities and provinces are called so, persons hardly ever.
        if count == 3 && bytes[..end].ends_with("시".as_bytes()) {
            continue;
        }
        let rest = &bytes[end..word_end];
        // `장기요양`, `구로구청장`: a single title is another word, an office is a place's.
        let tied = rest == "양".as_bytes() || rest == "군".as_bytes() || rest.starts_with("청".as_bytes());
        if !tied && words.tail(rest) {
            return Some(Candidate { start, end, word_end });
        }
    }
    None
}

/// What speaks for a candidate; `None` where it is not enough.
fn evidence(search: &Search<'_>, words: &Words, candidate: Candidate, seen: &Seen) -> Option<Evidence> {
    let Candidate { start, end, word_end } = candidate;
    let bytes = search.bytes;
    // Somebody says that it is made up.
    if bytes[word_end..].trim_ascii_start().starts_with("(가명".as_bytes()) {
        return None;
    }
    let long = end - start > 6;
    // What goes on in a label's sign is a label itself: `성별:`, `주소 :`.
    let heads = heads(bytes, word_end);
    if heads && !long {
        return None;
    }
    let before = before(search, words, start).filter(|_| !follows_title(search, words, start, &seen.found));
    let behind = behind(search, words, candidate, seen.beside);
    let alone = before.is_none() && behind == Beside::Nothing;
    // Most words have nothing beside them; only an account, a column, or who speaks is left then.
    if alone && !long && seen.found.count == 0 {
        return None;
    }
    if words.is_word(&bytes[start..end]) {
        return None;
    }
    // Nouns are not addressed so.
    if bytes[end..word_end].starts_with("님".as_bytes()) && !words.addressed(&bytes[start..end]) {
        return Some(Evidence::NEIGHBOUR);
    }
    let ordinary = words.ordinary(&bytes[start..end]);
    let named = matches!(before, Some((Role::Name, _))) && !heads;
    // `명의는 홍길동입니다` needs no sign either.
    let says = || long && bytes[end..word_end].starts_with("입니다".as_bytes());
    let told = match before {
        Some((Role::Person, _)) => !heads,
        Some((Role::Signed, signed)) => !heads && (signed || says()),
        Some((Role::Name, _)) | None => false,
    };
    let signed = matches!(before, Some((_, true))) && !heads;
    let label = Evidence::LABEL;
    let neighbour = Evidence::NEIGHBOUR;
    let both =
        |labelled: bool| Evidence::default().and_if(label, labelled).and_if(neighbour, behind != Beside::Nothing);
    match behind {
        _ if named && (signed || !ordinary) => Some(both(true)),
        _ if ordinary => None,
        Beside::Title | Beside::Person => Some(both(told)),
        Beside::Brackets if long || told => Some(both(told)),
        Beside::Identifier if long || told => Some(both(told)),
        _ if told && (long || signed || set_off(bytes, end, word_end)) => Some(label),
        _ if long && behind_account(search, start, seen.beside) => Some(neighbour),
        _ if long && in_column(search, start, end, seen.beside) => Some(neighbour),
        _ if after_name(bytes, start, &seen.found) => Some(neighbour),
        _ if long && heard(bytes, start, word_end, end) => Some(neighbour),
        Beside::Nothing | Beside::Brackets | Beside::Identifier => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::find::rows::pieces;
    use crate::kind::Kind;

    fn names(text: &str, field: &str) -> Vec<String> {
        let (found, _) = pieces(&Kind::ALL[..Kind::FOUND], field, text);
        found.into_iter().filter(|(kind, _)| *kind == Kind::PersonName).map(|(_, name)| name).collect()
    }

    #[test]
    fn names_have_something_beside_them() {
        let rows: [(&str, &[&str]); 37] = [
            ("성명: 홍길동", &["홍길동"]),
            ("성명(한글) : 홍길동", &["홍길동"]),
            ("| 이름 | 남궁가상 |", &["남궁가상"]),
            ("성    명 ┃ 홍길동", &["홍길동"]),
            ("이름=홍길동 전화=없음", &["홍길동"]),
            ("신청인 홍길동은 출석하였다.", &["홍길동"]),
            ("담당자는 홍길동입니다.", &["홍길동"]),
            ("출금 담당자 홍길, 계좌는 미정", &["홍길"]),
            ("홍길동님의 예약이 확인되었습니다", &["홍길동"]),
            ("홍길동 과장님께 문의", &["홍길동"]),
            ("주무관 홍길동  과장 전결 임가상", &["홍길동", "임가상"]),
            ("홍길동 대리: 안내 자료 보냅니다", &["홍길동"]),
            ("홍길동 (901010-1234567)", &["홍길동"]),
            ("홍길동(만 34세)", &["홍길동"]),
            ("1. 홍길동 010-1234-5678", &["홍길동"]),
            ("계좌 110-123-456789 (홍길동)", &["홍길동"]),
            ("저는 홍길동이고 회원입니다", &["홍길동"]),
            ("담당자가 홍길에서 임가상으로 변경되었습니다", &["홍길", "임가상"]),
            ("홍길동 (Hong Gil-dong) 님", &["홍길동", "Hong Gil-dong"]),
            ("대표이사: 홍길동(洪吉童)", &["홍길동", "洪吉童"]),
            ("영문 Name: JOHN EXAMPLE DOE", &["JOHN EXAMPLE DOE"]),
            ("성명: 마이클 견본", &["마이클 견본"]),
            ("userName: 홍길동", &["홍길동"]),
            ("환자 홍길동 내원. 이후 홍길동 귀가", &["홍길동", "홍길동"]),
            ("이름: 성명불상", &[]),
            ("성명: 관리자", &[]),
            ("담당자 정보 안내", &[]),
            ("신청자 주소: 없음", &[]),
            ("고객님 안녕하세요, 이사님과 원장님", &[]),
            ("김치는 음식이다. 이 사건에 대하여", &[]),
            ("인사 과장, 조사 위원, 신규 회원", &[]),
            ("담당: 성남시 분당구, 구로구청장", &[]),
            ("홍길동", &[]),
            ("9천만원 정도의 주문", &[]),
            ("Name (성명): JOHN EXAMPLE", &["JOHN EXAMPLE"]),
            ("메일은 a@example.com 로 주세요 b@example.com", &[]),
            ("감독은 고민이 많았다", &[]),
        ];
        for (text, want) in rows {
            assert_eq!(names(text, ""), want, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_member_announces_one() {
        assert_eq!(names("홍길동", "customer_name"), ["홍길동"]);
        assert_eq!(names("홍길동", "고객명"), ["홍길동"]);
        assert_eq!(names("홍길동", "company_name"), [""; 0]);
        assert_eq!(names("홍길동", "city"), [""; 0]);
    }
}
