//! `kr_address`: Korean postal addresses, by road (`로`, `길` and a number) or by lot (`동`, `리` and a number).
//!
//! `서울특별시 가상구 예시로 12, 101동 1204호 (견본동)`. Read from the number in the middle: the words before it go
//! back from the road or the lot to the province, each of a higher rank (`head`); what is behind it is detail (`tail`).

mod detail;
mod region;

pub(crate) use detail::{detail, tail};
pub(crate) use region::Rank;

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "주소",
        "거주지",
        "소재지",
        "배송지",
        "배달지",
        "수령지",
        "근무지",
        "주거지",
        "등록기준지",
        "본적",
        "자택",
        "address",
    ],
    words: &["addr"],
};

/// Where the parts of a whole value begin, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Behind province, city, county and district: town, 동, 리 or road.
    pub local: usize,
    /// The number of the building or lot, with `지하` or `산`; the end where there is none.
    pub number: usize,
    /// Behind that number: building, floor, unit, legal 동; the end where there is nothing.
    pub detail: usize,
}

/// Reads a whole value: an address with a number, or parts of an address alone, the first of which a list knows.
pub fn read(bytes: &[u8]) -> Option<Address> {
    let mut at = 0;
    while let Some(skip) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + skip;
        if let Some(head) = head(bytes, start)
            && head.start == 0
            && let Some(tail) = tail(bytes, start)
        {
            return Some(Address { local: head.local, number: head.end, detail: tail.number });
        }
        at = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    let chain = chain(bytes, 0)?;
    let end = bytes.len();
    (chain.known && bytes[chain.end..].trim_ascii().is_empty() || detail(bytes, chain.end, false) == end)
        .then_some(Address { local: chain.local, number: chain.end, detail: chain.end })
}

/// The words of an address before its number, or without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) start: usize,
    /// Where the words end and the number begins, with `지하` and `산`.
    pub(crate) end: usize,
    /// Where the part that no list has begins: town, 동, 리, road.
    pub(crate) local: usize,
    /// Whether a list has the name of its province, city, county or district.
    pub(crate) known: bool,
    /// Whether all its names are written without what they are: `서울`, `수원`.
    pub(crate) bare: bool,
    /// The last word's rank, and the first one's.
    pub(crate) rank: Rank,
    pub(crate) top: Rank,
}

/// Most words that the head of an address has.
const WORDS_MAX: usize = 8;

/// The words before the number that begins at `at`: a road or a lot at the least.
pub(crate) fn head(bytes: &[u8], at: usize) -> Option<Head> {
    let mut end = blanks_before(bytes, at);
    let mut number = at;
    let word = &bytes[word_before(bytes, end)..end];
    let deep = [("지하", true), ("산", false)].into_iter().find(|(name, _)| word == name.as_bytes());
    if deep.is_some() {
        number = end - word.len();
        end = blanks_before(bytes, number);
    }
    let mut head = back(bytes, end)?;
    head.end = number;
    let road = matches!(head.rank, Rank::Road | Rank::Branch);
    let lot = matches!(head.rank, Rank::Town | Rank::Dong | Rank::Ri);
    match deep {
        Some((_, below)) => (road && below) || (lot && !below),
        None => road || lot,
    }
    .then_some(head)
}

/// The words of an address that end at `end`, read backwards.
pub(crate) fn back(bytes: &[u8], end: usize) -> Option<Head> {
    let mut head: Option<Head> = None;
    let mut stop = end;
    for _ in 0..WORDS_MAX {
        let start = word_before(bytes, stop);
        let Some(part) = region::part(&bytes[start..stop]) else {
            break;
        };
        let known = part.known > 0;
        let begin = start + part.from;
        match &mut head {
            None => {
                let local = if part.rank <= Rank::District { end } else { start + part.known };
                head =
                    Some(Head { start: begin, end, local, known, bare: part.bare, rank: part.rank, top: part.first });
            }
            Some(head) => {
                let behind = head.top;
                if part.rank >= behind || (behind == Rank::Branch && part.rank != Rank::Road) {
                    break;
                }
                // A name that no list has counts behind a known one only; towns and the like also alone.
                if known || (!head.known && part.rank >= Rank::Town) {
                    head.start = begin;
                    head.known |= known;
                    head.bare &= part.bare;
                }
                if part.rank > Rank::District {
                    head.local = start + part.known;
                }
                head.top = part.first;
            }
        }
        let next = blanks_before(bytes, start);
        if part.from > 0 || next == start {
            break;
        }
        stop = next;
    }
    head.filter(|head| head.rank != Rank::Branch || head.top <= Rank::Road).map(|mut head| {
        head.local = head.local.max(head.start);
        head
    })
}

/// The words of an address that begin at `at`, read forwards; a particle may follow the last one.
pub(crate) fn chain(bytes: &[u8], at: usize) -> Option<Head> {
    let mut head: Option<Head> = None;
    let mut start = at;
    for _ in 0..WORDS_MAX {
        let end = word_after(bytes, start);
        let word = &bytes[start..end];
        let Some((len, part)) = region_part(word) else {
            break;
        };
        match &mut head {
            None if part.known == 0 => break,
            None => {
                let local = start + if part.rank > Rank::District { part.known } else { len };
                head = Some(Head {
                    start,
                    end: start + len,
                    local,
                    known: true,
                    bare: part.bare,
                    rank: part.rank,
                    top: part.first,
                });
            }
            Some(head) => {
                if part.first <= head.rank {
                    break;
                }
                if head.rank <= Rank::District {
                    head.local = start + if part.rank > Rank::District { part.known } else { len };
                }
                head.end = start + len;
                head.bare &= part.bare;
                head.rank = part.rank;
            }
        }
        let next = blanks_after(bytes, end);
        if len < word.len() || next == end {
            break;
        }
        start = next;
    }
    head
}

/// The part that `word` begins with, and its length: all of the word, or all but a particle.
fn region_part(word: &[u8]) -> Option<(usize, region::Part)> {
    let whole = region::part(word).filter(|part| part.from == 0);
    if let Some(part) = whole {
        return Some((word.len(), part));
    }
    PARTICLES.iter().find_map(|particle| {
        let stem = word.strip_suffix(particle.as_bytes())?;
        region::part(stem).filter(|part| part.from == 0 && part.rank < Rank::Road).map(|part| (stem.len(), part))
    })
}

/// What may be glued to the last word of an address; the longer first.
#[rustfmt::skip]
const PARTICLES: [&str; 30] = [
    "입니다만", "입니다", "이에요", "에서는", "이라고", "으로는", "이었던", "이구요", "이고요", "이며", "이고", "인데", "에서",
    "에는", "이다", "이요", "예요", "으로", "까지", "부터", "로", "에", "은", "는", "이", "가", "을", "를", "의", "임",
];

/// Where the word that ends at `end` begins: letters, digits, Hangul and Hanja.
pub(crate) fn word_before(bytes: &[u8], end: usize) -> usize {
    let mut at = end;
    while at > 0 && end - at < WORD_BYTES_MAX {
        let byte = bytes[at - 1];
        if byte.is_ascii_alphanumeric() {
            // The letter of `\n` in a JSON string is no part of a word.
            if at >= 2 && bytes[at - 2] == b'\\' && byte.is_ascii_alphabetic() {
                break;
            }
            at -= 1;
        } else if byte & 0xC0 == 0x80 && at >= 3 && (0xE4..=0xED).contains(&bytes[at - 3]) {
            at -= 3;
        } else if matches!(byte, b'.')
            && at < end
            && bytes[at].is_ascii_digit()
            && at >= 2
            && bytes[at - 2].is_ascii_digit()
        {
            // `3.15대로`
            at -= 1;
        } else {
            break;
        }
    }
    at
}

/// Longest word of an address that is looked at, in bytes.
const WORD_BYTES_MAX: usize = 60;

/// Where the word that begins at `start` ends.
pub(crate) fn word_after(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() && at - start < WORD_BYTES_MAX {
        let byte = bytes[at];
        if byte.is_ascii_alphanumeric() {
            at += 1;
        } else if (0xE4..=0xED).contains(&byte) && at + 3 <= bytes.len() {
            at += 3;
        } else {
            break;
        }
    }
    at
}

/// Most blanks between two words of an address.
const BLANKS_MAX: usize = 4;

/// Skips blanks, backwards; a tab may be written as in a JSON string.
pub(crate) fn blanks_before(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    for _ in 0..BLANKS_MAX {
        at -= match bytes[..at] {
            [.., b' ' | b'\t' | 0x7F] => 1,
            [.., b'\\', b't'] => 2,
            _ => break,
        };
    }
    at
}

/// Skips blanks.
pub(crate) fn blanks_after(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    for _ in 0..BLANKS_MAX {
        at += match bytes[at..] {
            [b' ' | b'\t' | 0x7F, ..] => 1,
            [b'\\', b't', ..] => 2,
            _ => break,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        // local part, number, detail
        let rows = [
            ("서울특별시 가상구 예시로 12", Some(("예시로 ", "12", ""))),
            ("서울 가상구 예시로12번길 3-4, 101동 1204호", Some(("예시로12번길 ", "3-4", ", 101동 1204호"))),
            (
                "서울 가상구 예시로 12번길 3, 가짜빌딩 4층 (견본동, 가짜빌딩)",
                Some(("예시로 12번길 ", "3", ", 가짜빌딩 4층 (견본동, 가짜빌딩)")),
            ),
            ("경기도 수원시 가상구 예시동 12-3번지", Some(("예시동 ", "12-3번지", ""))),
            ("홍천군 예시읍 견본리 산 12-3", Some(("예시읍 견본리 ", "산 12-3", ""))),
            ("부산광역시 남구 예시대로 지하 12", Some(("예시대로 ", "지하 12", ""))),
            ("대구 중구 예시로2가 88", Some(("예시로2가 ", "88", ""))),
            ("서울시강남구 예시3길 7 B1", Some(("예시3길 ", "7", " B1"))),
            ("인천광역시\t강남구\t예시로\t98", Some(("예시로\t", "98", ""))),
            ("예시로 12", Some(("예시로 ", "12", ""))),
            ("서울특별시 강남구", Some(("", "", ""))),
            ("서울 송파구 예시동", Some(("예시동", "", ""))),
            ("서울 송파구 예시동 가짜아파트 101동 1204호", Some(("예시동", "", " 가짜아파트 101동 1204호"))),
            ("서울특별시청", None),
            ("강남구 예시로 12명", None),
            ("강남구 예시로 3km", None),
            ("강남구 예시동 2024-05-01", None),
            ("강남구 예시동 02-123-4567", None),
            ("경기도 성남시로 12", None),
            ("12층 회의실", None),
            ("홍길동", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes()).map(|Address { local, number, detail }| {
                (&text[local..number], &text[number..detail], &text[detail..])
            });
            assert_eq!(read, want, "{text}");
        }
    }
}
