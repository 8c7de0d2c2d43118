//! Korean postal addresses, by road or by lot.
//!
//! Three things make one worth reading: a number behind a road or a lot ([`number`]), a unit behind a building that
//! stands in a lot, and a word like 주소 or 거주 beside the names of regions ([`look`]).

use std::sync::LazyLock;

use aho_corasick::packed::{Config, MatchKind, Searcher};

use super::evidence::{Evidence, Why};
use super::label::Label;
use super::text::Search;
use crate::kind::Kind;
use crate::kind::address::{self, Head, Rank};

/// Looks at the run of digits `start..end`: a number of a building or lot, or the first of a unit.
#[inline]
pub(super) fn number(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    // Hangul stands before it, after a few blanks at most; nearly all numbers of a log end here.
    let at = match bytes[..start] {
        [.., b' ' | b'\t' | 0x7F] | [.., b'\\', b't'] => address::blanks_before(bytes, start),
        _ => start,
    };
    if at < 6 || bytes[at - 1] & 0xC0 != 0x80 || start < search.address_end || end - start > 5 {
        return;
    }
    if !search.kinds.contains(Kind::KrAddress) {
        return;
    }
    let before = [bytes[at - 3], bytes[at - 2], bytes[at - 1]];
    if ENDS.contains(&before) {
        numbered(search, start);
    } else if at < start && UNITS.iter().any(|unit| bytes[end..].starts_with(unit)) {
        housed(search, start);
    }
}

const fn syllable(syllable: &str) -> [u8; 3] {
    match syllable.as_bytes() {
        [first, second, third] => [*first, *second, *third],
        _ => panic!("one syllable"),
    }
}

/// What stands before the number of an address: 로 길 동 리 가 읍 면 산, and 하 of 지하.
const ENDS: [[u8; 3]; 9] = [
    syllable("로"),
    syllable("길"),
    syllable("동"),
    syllable("리"),
    syllable("가"),
    syllable("읍"),
    syllable("면"),
    syllable("산"),
    syllable("하"),
];

/// What stands behind the first number of a unit: 동 호 층.
const UNITS: [[u8; 3]; 3] = [syllable("동"), syllable("호"), syllable("층")];

/// An address whose number begins at `start`.
fn numbered(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let Some(head) = address::head(bytes, start) else {
        return;
    };
    let Some(tail) = address::tail(bytes, start) else {
        return;
    };
    let (label, field) = labelled(search, head.start);
    // `대구 예시로 2024` and more words tell of a year.
    let alone = head.top == Rank::Province && head.local - head.start <= SHORT_BYTES;
    if alone && !label && tail.number == start + 4 && matches!(bytes[start..], [b'1', b'9', ..] | [b'2', b'0', ..]) {
        return search.miss(Kind::KrAddress, head.start, tail.number, Why::LookAlike);
    }
    if !head.known && !label && !field {
        return search.miss(Kind::KrAddress, head.start, tail.number, Why::NoLabel);
    }
    take(search, &head, tail.end, Evidence::SHAPE, label, field);
}

/// A province in short and a blank, in bytes.
const SHORT_BYTES: usize = 7;

/// Most words of a building between the lot and the unit.
const NAME_WORDS_MAX: usize = 3;

/// An address without a number of its own, whose first unit begins at `start`: `예시동 가짜아파트 101동 1204호`.
fn housed(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let mut at = start;
    for _ in 0..NAME_WORDS_MAX {
        at = address::word_before(bytes, address::blanks_before(bytes, at));
        if at == 0 || address::blanks_before(bytes, at) == at {
            return;
        }
        if let Some(head) = address::back(bytes, address::blanks_before(bytes, at))
            && head.known
            && matches!(head.rank, Rank::Town | Rank::Dong | Rank::Ri | Rank::Road)
        {
            // `예시동 행정복지센터 2층` is an office, `예시동 가짜빌딩 2층` somebody's.
            let floor = bytes[start..].iter().find(|byte| !byte.is_ascii_digit()) == Some(&UNITS[2][0]);
            let name = &bytes[..address::blanks_before(bytes, start)];
            if floor && !HOUSES.iter().any(|house| name.ends_with(house.as_bytes())) {
                return;
            }
            let end = address::detail(bytes, head.end, false);
            if end > start {
                let (label, field) = labelled(search, head.start);
                take(search, &head, end, Evidence::SHAPE, label, field);
            }
            return;
        }
    }
}

/// What the names of houses end in whose floors are let.
const HOUSES: [&str; 7] = ["빌딩", "타워", "상가", "빌라", "프라자", "플라자", "건물"];

/// Whether a label stands before `at` with nothing but signs and particles between, and whether the member's name does.
fn labelled(search: &mut Search<'_>, at: usize) -> (bool, bool) {
    let Some(near) = search.label_before(at, |label| label == Label::Of(Kind::KrAddress)) else {
        return (false, false);
    };
    if near.field {
        return (false, search.bytes[..at].trim_ascii().is_empty());
    }
    (near.end == at || [false, true].iter().any(|remark| links(search.bytes, near.end, *remark) == Some(at)), false)
}

/// Whether a mask stands behind the words that end at `end`: what it hid is hidden.
fn masked(bytes: &[u8], end: usize) -> bool {
    let next = address::blanks_after(bytes, end);
    matches!(bytes[next..], [b'*', ..] | [b',', b'*', ..] | [b',', b' ', b'*', ..])
}

fn take(search: &mut Search<'_>, head: &Head, end: usize, evidence: Evidence, label: bool, field: bool) {
    // Stars behind it are what a mask has hidden, and what stands before them is what it left.
    if search.bytes[end..].trim_ascii_start().first() == Some(&b'*') {
        return;
    }
    let evidence = evidence
        .and_if(Evidence::CHECK, head.known)
        .and_if(Evidence::LABEL, label)
        .and_if(Evidence::FIELD, field)
        .and_if(Evidence::WHOLE, search.is_whole(head.start, end));
    search.propose(Kind::KrAddress, head.start, end, evidence);
    search.address_end = end;
}

/// Words beside the names of regions that make an address of them.
#[rustfmt::skip]
const MARKS: [(&str, Mark); 26] = [
    ("주소", Mark::Label), ("거주지", Mark::Label), ("소재지", Mark::Label), ("배송지", Mark::Label), ("배달지", Mark::Label),
    ("수령지", Mark::Label), ("근무지", Mark::Label), ("주거지", Mark::Label), ("기준지", Mark::Label), ("본적", Mark::Label),
    ("자택", Mark::Label), ("address", Mark::Label), ("Address", Mark::Label), ("ADDRESS", Mark::Label), ("addr", Mark::Label), ("ADDR", Mark::Label),
    ("주 소", Mark::Label), ("주  소", Mark::Label),
    ("거주", Mark::Stay), ("위치", Mark::Seat), ("배송", Mark::Way), ("발송", Mark::Way), ("사는", Mark::Seat),
    ("장소", Mark::Place),    ("살고", Mark::Seat), ("살아", Mark::Seat),
];

/// What such a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The address follows.
    Label,
    /// A place follows.
    Place,
    /// `강남구에 거주`, `강남구 거주`.
    Stay,
    /// `강남구에 위치`.
    Seat,
    /// `강남구로 배송`.
    Way,
}

struct Marks {
    searcher: Searcher,
}

static SEARCHER: LazyLock<Option<Marks>> = LazyLock::new(|| {
    let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
    builder.extend(MARKS.iter().map(|(word, _)| &word.as_bytes()[skipped(word)..]));
    builder.build().map(|searcher| Marks { searcher })
});

/// How many bytes of a mark are not searched for but looked at where the others stand. The search compares four bytes at
/// once: the end of one syllable and all of the next are rarer than the begin of a word.
fn skipped(word: &str) -> usize {
    if word.is_ascii() { 0 } else { 2 }
}

/// Looks at the whole text, in which some Hangul stands, for regions beside a word that makes them an address.
pub(super) fn look(search: &mut Search<'_>) {
    if !search.kinds.contains(Kind::KrAddress) {
        return;
    }
    field(search);
    let bytes = search.bytes;
    let Some(marks) = &*SEARCHER else {
        return;
    };
    // Where the last mark ended, and where the search goes on.
    let (mut done, mut from) = (0, 0);
    while let Some(found) = marks.searcher.find_in(bytes, aho_corasick::Span { start: from, end: bytes.len() }) {
        let (word, mark) = MARKS[found.pattern().as_usize()];
        let skipped = skipped(word);
        let Some(start) = found
            .start()
            .checked_sub(skipped)
            .filter(|start| *start >= done && bytes[*start..].starts_with(&word.as_bytes()[..skipped]))
        else {
            from = found.start() + 1;
            continue;
        };
        (done, from) = (found.end(), found.end());
        match mark {
            Mark::Label | Mark::Place => behind(search, found.end(), mark),
            mark => before(search, start, mark),
        }
    }
}

/// A member whose name says that its value is an address.
fn field(search: &mut Search<'_>) {
    let (false, true) = labelled(search, 0) else {
        return;
    };
    let bytes = search.bytes;
    if let Some(head) = address::chain(bytes, bytes.len() - bytes.trim_ascii_start().len())
        && !masked(bytes, head.end)
    {
        let end = address::detail(bytes, head.end, false);
        take(search, &head, end, Evidence::default(), false, true);
    }
}

/// Regions behind the label that ends at `at`: `주소: 서울특별시 강남구`, `자택 주소는 대구광역시입니다`.
fn behind(search: &mut Search<'_>, at: usize, mark: Mark) {
    let bytes = search.bytes;
    let chain = |remark| links(bytes, at, remark).and_then(|start| address::chain(bytes, start));
    let Some(head) = chain(false).or_else(|| chain(true)) else {
        return;
    };
    // `거주지 (서울)` is as coarse as no address; behind a colon it is all of one.
    if head.bare && !bytes[at..head.start].iter().any(|byte| matches!(byte, b':' | b'=' | b'"')) {
        return;
    }
    if masked(bytes, head.end) {
        return;
    }
    // `훈련 장소: 경기도 가상시 예시읍` ends in a town; a road without a number is where something happened.
    if mark == Mark::Place && !matches!(head.rank, Rank::Town | Rank::Dong | Rank::Ri) {
        return;
    }
    // `근무지: 예시시 가상읍 소재 (주)견본` tells of a company.
    let next = address::blanks_after(bytes, head.end);
    let about = ["소재", "인근", "일대", "부근", "근처"];
    if about.iter().any(|word| bytes[next..].starts_with(word.as_bytes())) && mark != Mark::Label
        || bytes[next..].starts_with("소재".as_bytes())
    {
        return;
    }
    let end = address::detail(bytes, head.end, false);
    take(search, &head, end, Evidence::default(), true, false);
}

/// Regions before the word that begins at `at`: `강남구에 거주`, `강남구로 배송`.
fn before(search: &mut Search<'_>, at: usize, mark: Mark) {
    let bytes = search.bytes;
    let end = address::blanks_before(bytes, at);
    let particles: &[&str] = match mark {
        Mark::Label | Mark::Place => return,
        Mark::Stay => &["에서", "에", ""],
        Mark::Seat => &["에"],
        Mark::Way => &["으로", "로"],
    };
    let strip = |particle: &&str| bytes[..end].ends_with(particle.as_bytes()).then(|| end - particle.len());
    let Some(end) = particles.iter().find_map(strip) else {
        return;
    };
    let Some(head) = address::back(bytes, end) else {
        return;
    };
    // `수원에 사는` and `경기도 거주` are no addresses, `서울특별시에 거주` is; `경기도 가상시에 위치한` tells of a building.
    let coarse = head.bare || (head.rank == Rank::Province && bytes[end..at].iter().all(|byte| *byte == b' '));
    if bytes[at..].starts_with("위치한".as_bytes()) {
        return;
    }
    if head.known && !coarse && head.rank < Rank::Road {
        take(search, &head, end, Evidence::NEIGHBOUR, false, false);
    }
}

/// Where the value begins whose label ends at `at`: behind the rest of its word and signs, with `remark` also behind
/// what stands in parentheses.
fn links(bytes: &[u8], at: usize, remark: bool) -> Option<usize> {
    let mut next = at;
    if at > 0 && bytes[at - 1].is_ascii_alphabetic() {
        // `addressLine1`, `addr_road`
        let more = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        next += bytes[at..].iter().take(12).take_while(more).count();
    } else {
        next += bytes[at..].iter().take(1).take_while(|byte| byte.is_ascii_digit()).count();
        for word in ["지역", "지", "는", "은", "가", "이"] {
            next += if bytes[next..].starts_with(word.as_bytes()) { word.len() } else { 0 };
        }
    }
    let glued = address::word_after(bytes, next);
    if glued > next {
        return None;
    }
    if remark
        && let Some(close) = bytes[next..].iter().take(40).position(|byte| *byte == b')')
        && matches!(bytes[next..], [b'(', ..] | [b' ', b'(', ..])
        && matches!(bytes[next + close + 1..], [b':' | b' ' | b'=', ..])
    {
        next += close + 1;
    }
    let sign = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t' | b':' | b'=' | b'(' | b'[' | b']' | b'"' | b'\'' | b'|' | b'>' | b'-' | 0x7F | b'\n' | b'\r'
        )
    };
    let signs = bytes[next..].iter().take(SIGNS_MAX).take_while(|byte| sign(byte)).count();
    (signs > 0).then_some(next + signs)
}

/// Most signs and blanks between a label and its address.
const SIGNS_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 1] = [Kind::KrAddress];

    #[test]
    fn addresses() {
        let rows = [
            "집은 <서울특별시 가상구 예시로 12>입니다",
            "수령인 홍길동, <서울 강남구 예시로12번길 3-4, 101동 1204호>, 010-0000-1234",
            "<경기도 수원시 팔달구 예시동 12-3번지> 주변",
            "<수원 영통구 예시동 12>에서 만나요",
            "<충북 청주시 청원구 예시읍 견본리 산 12-3>",
            "<서울 중구 예시로3가 65-9 가짜빌딩 3층>에서 만나",
            "<서울특별시 강남구 예시대로 지하 396> (우편번호 01234)",
            "<서울특별시강남구예시로152>",
            "<인천광역시\t강남구\t예시로\t98>",
            r"첫 줄\n<서울 강남구\t예시로\t98>\n셋째 줄",
            "문의는<대전 유성구 예시로 98>로",
            "주소: 서울특별시 강남구 *** **",
            "<인천광역시\u{3164}강남구\u{3164}예시로\u{3164}98>",
            "<대구 달서구 예시로 123, 302동 1404호 (견본동, 가짜아파트)> 문의",
            "<경기도 고양시 일산동구 예시로 7, 가짜마을 14단지 309동 605호>로",
            "<용인시 수지구 예시동 가짜아파트 101동 1202호> 앞",
            "주소: <예시로 152>",
            "주소: <예시동 12-3> 입니다",
            "배송지: <대전광역시 마포구> (수령인 홍길동)",
            "자택 주소는 <대구광역시>입니다",
            "거주지 (<서울 송파구 예시동>) 인근",
            "본사는 <부산광역시 해운대구>에 위치하며",
            "홍길동님 앞, <경상남도 창원시 의창구>로 배송 중",
            "<서울 도봉구 예시동> 거주, 한부모 가정",
            "\"addr1\":\"<서울특별시 강남구>\",\"addr2\":\"\"",
            "그냥 예시로 100 이런 거",
            "서울특별시청 앞, 강남구청 3층, 서울시립병원 2층",
            "경기도 성남시로 3명 이동",
            "서울 강남구 예시동 3km 구간, 예시로 30분, 예시동 5평",
            "경기도 평택시 예시동 2024-05-01 접수",
            "경기도 평택시 예시동 031-000-1234",
            "대구 예시로 2024 축제, 서초구 예시동 84㎡, 용봉구 예시동 2,3단지",
            "수원시 영통구 예시3동 행정복지센터 2층 회의실",
            "경기도 거주 청년, 수원에 거주, 거주지 (서울) 변경",
            "근무지: 경기도 화성시 예시읍 소재 가짜회사",
            "사고장소: 서울 마포구 예시로 일대",
            "이메일 주소: hong@example.com, IP 주소: 192.0.2.1",
        ];
        for row in rows {
            let text = row.replace(['<', '>'], "");
            assert_eq!(marked(&KINDS, "", &text).0, row);
        }
    }

    #[test]
    fn members_and_misses() {
        assert_eq!(marked(&KINDS, "homeAddress", "강남구 예시동").0, "<강남구 예시동>");
        assert_eq!(marked(&KINDS, "homeAddress", "예시로 12 3층").0, "<예시로 12 3층>");
        assert_eq!(marked(&KINDS, "title", "강남구 예시동").0, "강남구 예시동");
        assert_eq!(marked(&KINDS, "", "그냥 예시로 100 이런 거").1, Some(Why::NoLabel));
        assert_eq!(marked(&KINDS, "", "예시 3명").1, None);
    }
}
