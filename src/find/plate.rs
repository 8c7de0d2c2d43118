//! Number plates of vehicles: digits, a syllable, four digits; or the word of a mission and three digits twice.

use super::evidence::{Evidence, Why};
use super::label::Label;
use super::number::{Edge, edge_before, ends};
use super::text::Search;
use crate::kind::Kind;
use crate::kind::vehicle_plate::{self, MISSIONS, Plate, REGIONS};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if !search.kinds.contains(Kind::KrVehiclePlate) {
        return;
    }
    // A syllable follows the class, after a space at most; most numbers end here.
    match (end - start, &bytes[end..]) {
        (1..=3, [0xEA..=0xED, ..] | [b' ', 0xEA..=0xED, ..]) => plate(search, start),
        (3, [b'-', b'0'..=b'9', ..]) => mission(search, start),
        (4, _) if start >= 4 => cycle(search, start, end),
        _ => {}
    }
}

/// A plate whose class begins at `start`.
fn plate(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let region = region_before(bytes, start);
    let Some(plate) = vehicle_plate::body(bytes, start, region.is_some()) else {
        return;
    };
    believe(search, region.unwrap_or(start), &plate);
}

/// A plate of a mission whose first digit stands at `start`.
fn mission(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let word = start - usize::from(bytes[..start].ends_with(b" "));
    if word < 6 || !MISSIONS.iter().any(|name| bytes[..word].ends_with(name.as_bytes())) {
        return;
    }
    if let Some(plate) = vehicle_plate::mission(bytes, word - 6) {
        // `재외교 ...` and `영업대표 080-123` are none.
        let apart = word == 6 || !is_hangul(bytes, word - 6);
        let known = bytes[word - 6..word] != *"대표".as_bytes();
        if apart && known || labelled(search, word - 6) {
            believe(search, word - 6, &plate);
        }
    }
}

/// A plate of a motorcycle whose serial is `start..end`: `서울 강남 가 1234`, of which only a label tells.
fn cycle(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let letter = start - usize::from(bytes[start - 1] == b' ');
    if letter < 10 || bytes[letter - 4] != b' ' || !vehicle_plate::is_letter(&bytes[letter - 3..letter]) {
        return;
    }
    let name = bytes[..letter - 4].iter().rev().take(12).take_while(|byte| **byte >= 0x80).count();
    let Some(from) = region_before(bytes, letter - 4 - name) else {
        return;
    };
    if name >= 6 && ends(bytes, end) && labelled(search, from) {
        search.propose(Kind::KrVehiclePlate, from, end, Evidence::SHAPE.and(Evidence::LABEL));
    }
}

/// Where the region begins that stands before the class at `at`: `서울`, `서울 `, `서울특별시 `.
fn region_before(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at - usize::from(bytes[..at].ends_with(b" "));
    for word in ["특별시", "광역시"] {
        end -= if bytes[..end].ends_with(word.as_bytes()) { word.len() } else { 0 };
    }
    REGIONS.iter().any(|name| bytes[..end].ends_with(name.as_bytes())).then(|| end - 6)
}

fn labelled(search: &mut Search<'_>, start: usize) -> bool {
    search.label_before(start, |label| label == Label::Of(Kind::KrVehiclePlate)).is_some()
}

/// What is counted, or goes on, right behind four digits that are no serial: `30조 5000억`, `12호 2024년`.
#[rustfmt::skip]
const COUNTED: [&str; 22] = [
    "년", "월", "억", "만", "천", "조", "원", "명", "개", "건", "회", "점", "호", "세대", "번째", "달러", "주", "톤", "가구", "여", "장", "분",
];

/// Syllables of plates that count or go on as well, where a space stands behind them: `103호 1234`, `12도 3000`.
const UNITS: [&str; 9] = ["호", "조", "주", "부", "자", "도", "로", "하", "보"];

/// Words before a plate that speak of traffic.
const TRAFFIC: [&str; 5] = ["차", "번호", "운전", "오토바이", "주행"];

/// How far back such a word may stand, in bytes.
const TRAFFIC_BYTES: usize = 60;

/// Whether the text before `start` speaks of traffic.
fn parked(bytes: &[u8], start: usize) -> bool {
    let head = &bytes[start.saturating_sub(TRAFFIC_BYTES)..start];
    TRAFFIC.iter().any(|word| head.windows(word.len()).any(|part| part == word.as_bytes()))
}

/// What stands beside a case of a court: `선고 98다1234 판결`.
const COURTS: [&str; 7] = ["선고 ", "법원 ", "사건번호 ", "사건번호: ", "사건 ", "자 ", "결정 "];
const RULINGS: [&str; 6] = [" 판결", " 결정", " 사건", "판결", "호 판결", " 선고"];

fn believe(search: &mut Search<'_>, start: usize, plate: &Plate) {
    let bytes = search.bytes;
    let end = plate.serial.1;
    let kind = Kind::KrVehiclePlate;
    // The letter of `\n` in a JSON string ties nothing.
    let escaped = matches!(bytes[..start], [.., b'\\', b'a'..=b'z']);
    if (edge_before(bytes, start) != Edge::Free && !escaped) || !ends(bytes, end) {
        return search.miss(kind, start, end, Why::Tied);
    }
    if !vehicle_plate::issued(bytes, plate) {
        return search.miss(kind, start, end, Why::NeverIssued);
    }
    let near = search.label_before(start, |label| label == Label::Of(kind));
    let rest = &bytes[end..];
    let counted = COUNTED.iter().any(|word| rest.starts_with(word.as_bytes()));
    let court = COURTS.iter().any(|word| bytes[..start].ends_with(word.as_bytes()))
        || RULINGS.iter().any(|word| rest.starts_with(word.as_bytes()));
    let spaced = plate.class.1 < plate.letter.0;
    let loose = plate.letter.1 < plate.serial.0
        && UNITS.iter().any(|unit| bytes[plate.letter.0..].starts_with(unit.as_bytes()));
    let strange = spaced || (loose && !parked(bytes, start));
    if near.is_none() && (counted || court || (strange && !plate.region)) {
        let why = if court { Why::OtherLabel } else { Why::LookAlike };
        return search.miss(kind, start, end, why);
    }
    let field = near.is_some_and(|near| near.field);
    let evidence = Evidence::SHAPE
        .and_if(Evidence::CHECK, plate.region)
        .and_if(Evidence::LABEL, near.is_some() && !field)
        .and_if(Evidence::FIELD, field)
        .and_if(Evidence::WHOLE, search.is_whole(start, end));
    search.propose(kind, start, end, evidence);
}

/// Whether a syllable ends at `at`.
fn is_hangul(bytes: &[u8], at: usize) -> bool {
    matches!(bytes[..at], [.., 0xEA..=0xED, 0x80..=0xBF, 0x80..=0xBF])
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 1] = [Kind::KrVehiclePlate];

    #[test]
    fn plates() {
        let rows = [
            ("차량번호 <123가4567>입니다", None),
            ("흰색 승용차<12가 3456>이 도주", None),
            ("<서울12가3456>, <서울 1 가 3456>", None),
            ("<경기 81바3392> 화물차", None),
            ("<부산광역시 80배1234>", None),
            ("<외교 012-345> 차량, <준외012-345>", None),
            ("차량번호: <서울 강남 가 1234>", None),
            ("차번호는 <12 가 3456>", None),
            ("carNo=<12하3456>", None),
            ("승용차(<48주 1207>)와 충돌", None),
            ("12가게에 들러 1234원", None),
            ("2024구합1234, 3호선 1234, 101동 1234호", None),
            ("30조 5000억", Some(Why::LookAlike)),
            ("103호 1234", Some(Why::LookAlike)),
            ("12 가 3456", Some(Why::LookAlike)),
            ("대법원 선고 98다1234 판결", Some(Why::OtherLabel)),
            ("12가0000", Some(Why::NeverIssued)),
            ("ID12가3456", Some(Why::Tied)),
            ("12가34567", None),
            ("12민3456", None),
        ];
        for (row, why) in rows {
            let text = row.replace(['<', '>'], "");
            assert_eq!(marked(&KINDS, "", &text), (row.to_owned(), why));
        }
    }
}
