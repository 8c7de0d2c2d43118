//! `kr_vehicle_plate`: Korean number plates, `12가3456`, `123가4567`, `서울12가3456`, `외교 012-345`.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "차량번호",
        "차량 번호",
        "차량등록번호",
        "차량 등록번호",
        "자동차번호",
        "자동차 번호",
        "자동차등록번호",
        "자동차 등록번호",
        "차번호",
        "차 번호",
        "번호판",
        "차량no",
        "licenseplate",
        "license_plate",
        "license plate",
        "licenceplate",
        "licence plate",
        "plate number",
        "platenumber",
        "plate_number",
        "vehicleno",
        "vehicle_no",
        "vehicle no",
        "vehiclenumber",
        "vehicle_number",
        "plateno",
        "plate_no",
        "plate no",
        "carno",
        "car_no",
        "carnumber",
        "car_number",
    ],
    words: &["plate"],
};

/// Syllables of private cars, of business (바사아자), deliveries (배), hire (하허호) and the forces (국합육해공).
const SYLLABLES: &str = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호국합육해공";

/// Provinces and cities, as old plates name them.
pub(crate) const REGIONS: [&str; 17] = [
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충북", "충남", "전북", "전남",
    "경북", "경남", "제주",
];

/// Words of diplomats and of organisations; three digits, a hyphen and three digits follow.
pub(crate) const MISSIONS: [&str; 7] = ["외교", "영사", "준외", "준영", "국기", "협정", "대표"];

/// A plate as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plate {
    /// Where the digits of the class stand; of a mission, the digits before the hyphen.
    pub class: (usize, usize),
    /// Where the syllable stands, or the word of a mission.
    pub letter: (usize, usize),
    /// Where the last digits stand.
    pub serial: (usize, usize),
    /// Whether a region stands before it, as on old plates.
    pub region: bool,
}

/// Reads a whole value.
pub fn read(bytes: &[u8]) -> Option<Plate> {
    let plate = match bytes.first()? {
        b'0'..=b'9' => body(bytes, 0, false)?,
        _ if starts_with_any(bytes, &MISSIONS) => mission(bytes, 0)?,
        _ if starts_with_any(bytes, &REGIONS) => {
            let long = ["특별시", "광역시"].iter().any(|word| bytes[6..].starts_with(word.as_bytes()));
            let at = 6 + if long { 9 } else { 0 };
            body(bytes, at + usize::from(bytes.get(at) == Some(&b' ')), true)?
        }
        _ => return None,
    };
    (plate.serial.1 == bytes.len()).then_some(plate)
}

fn starts_with_any(bytes: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| bytes.starts_with(word.as_bytes()))
}

/// Whether the three bytes are a syllable of plates.
pub(crate) fn is_letter(syllable: &[u8]) -> bool {
    SYLLABLES.as_bytes().chunks_exact(3).any(|one| one == syllable)
}

/// The plate whose first digit stands at `start`: two or three digits (one behind a region), a syllable, four digits.
pub(crate) fn body(bytes: &[u8], start: usize, region: bool) -> Option<Plate> {
    let digits =
        |at: usize| bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let space = |at: usize| usize::from(bytes.get(at) == Some(&b' '));
    let class = (start, start + digits(start));
    let letter = class.1 + space(class.1);
    let serial = letter + 3 + space(letter + 3);
    let fits = match class.1 - class.0 {
        1 => region,
        2 | 3 => true,
        _ => false,
    };
    (fits && digits(serial) == 4 && is_letter(bytes.get(letter..letter + 3)?)).then_some(Plate {
        class,
        letter: (letter, letter + 3),
        serial: (serial, serial + 4),
        region,
    })
}

/// The plate of a mission whose word begins at `start`.
pub(crate) fn mission(bytes: &[u8], start: usize) -> Option<Plate> {
    let rest = bytes.get(start..)?;
    if !starts_with_any(rest, &MISSIONS) {
        return None;
    }
    let class = start + 6 + usize::from(rest.get(6) == Some(&b' '));
    let digits = |at: usize| bytes.get(at..at + 3).is_some_and(|three| three.iter().all(u8::is_ascii_digit));
    let longer = bytes.get(class + 7).is_some_and(u8::is_ascii_digit);
    (digits(class) && bytes.get(class + 3) == Some(&b'-') && digits(class + 4) && !longer).then_some(Plate {
        class: (class, class + 3),
        letter: (start, start + 6),
        serial: (class + 4, class + 7),
        region: false,
    })
}

/// Whether such a plate may be on a road: its class and its serial are given to some kind of vehicle.
pub(crate) fn issued(bytes: &[u8], plate: &Plate) -> bool {
    let number = |(start, end): (usize, usize)| {
        bytes[start..end].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')))
    };
    number(plate.class) > 0 && number(plate.serial) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        // class, letter, serial
        let rows = [
            ("12가3456", Some(("12", "가", "3456"))),
            ("12가 3456", Some(("12", "가", "3456"))),
            ("123하4567", Some(("123", "하", "4567"))),
            ("서울12가3456", Some(("12", "가", "3456"))),
            ("서울 1 가 3456", Some(("1", "가", "3456"))),
            ("경남 91허 2048", Some(("91", "허", "2048"))),
            ("부산광역시 80바1234", Some(("80", "바", "1234"))),
            ("외교 012-345", Some(("012", "외교", "345"))),
            ("24육1234", Some(("24", "육", "1234"))),
            ("1가3456", None),
            ("12민3456", None),
            ("12가345", None),
            ("12가34567", None),
            ("1234가5678", None),
            ("서울", None),
            ("12가", None),
            ("", None),
        ];
        for (text, want) in rows {
            let of = |(start, end): (usize, usize)| &text[start..end];
            let read = read(text.as_bytes()).map(|plate| (of(plate.class), of(plate.letter), of(plate.serial)));
            assert_eq!(read, want, "{text}");
        }
    }
}
