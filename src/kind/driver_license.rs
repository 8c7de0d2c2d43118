//! `kr_driver_license`: 운전면허번호, `RR-YY-NNNNNN-CD`: region, year, serial, check and reissue.
//!
//! The old form names the region: `서울 12-345678-90`. How the check digits are made is not public.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "운전면허",
        "운전 면허",
        "면허번호",
        "면허 번호",
        "면허증",
        "면허no",
        "면허 no",
        "driverlicen",
        "driver_licen",
        "driver licen",
        "driver-licen",
        "driverslicen",
        "drivers_licen",
        "drivers licen",
        "driver's licen",
        "driving licen",
        "driving_licen",
        "drivinglicen",
        "licenseno",
        "license_no",
        "license no",
        "licensenum",
        "license_num",
        "license num",
        "licenceno",
        "licence_no",
        "licence no",
        "licencenum",
        "licence_num",
        "licence num",
        "drvlic",
        "drvlcns",
    ],
    words: &["dl no", "dlno", "dl_no", "dl", "면허"],
};

/// The regions as the old form names them, and the digits that stand for them since.
pub const REGIONS: [(&str, [u8; 2]); 18] = [
    ("서울", *b"11"),
    ("부산", *b"12"),
    ("경기", *b"13"),
    ("경기남부", *b"13"),
    ("강원", *b"14"),
    ("충북", *b"15"),
    ("충남", *b"16"),
    ("전북", *b"17"),
    ("전남", *b"18"),
    ("경북", *b"19"),
    ("경남", *b"20"),
    ("제주", *b"21"),
    ("대구", *b"22"),
    ("인천", *b"23"),
    ("광주", *b"24"),
    ("대전", *b"25"),
    ("울산", *b"26"),
    ("경기북부", *b"28"),
];

/// Whether the two digits are a region: 11 to 26 and 28.
pub fn region(digits: &[u8]) -> bool {
    matches!(digits, [b'1', b'1'..=b'9'] | [b'2', b'0'..=b'6' | b'8'])
}

/// The longest region that `bytes` ends in: where it begins, and its digits.
pub fn region_before(bytes: &[u8]) -> Option<(usize, [u8; 2])> {
    let ends = REGIONS.iter().filter(|(name, _)| bytes.ends_with(name.as_bytes()));
    ends.max_by_key(|(name, _)| name.len()).map(|(name, digits)| (bytes.len() - name.len(), *digits))
}

/// The twelve digits of a whole value, and the place of each in it. A region that is named stands for its digits; both
/// have the place of the name.
///
/// Separators are `-` `.` `/` and spaces, between the parts only.
pub(crate) fn read(bytes: &[u8]) -> Option<([u8; 12], [usize; 12])> {
    let (mut digits, mut places) = ([b'0'; 12], [0; 12]);
    let name = bytes.iter().take_while(|byte| !byte.is_ascii()).count();
    let mut count = 0;
    if name > 0 {
        let (_, region) = REGIONS.iter().find(|(region, _)| region.as_bytes() == &bytes[..name])?;
        digits[..2].copy_from_slice(region);
        count = 2;
    }
    for (at, byte) in bytes.iter().enumerate().skip(name) {
        match byte {
            b'0'..=b'9' if count < 12 => {
                (digits[count], places[count]) = (*byte, at);
                count += 1;
            }
            b'-' | b'.' | b'/' | b' ' if matches!(count, 2 | 4 | 10) => {}
            _ => return None,
        }
    }
    (count == 12).then_some((digits, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        let rows =
            [("11", true), ("26", true), ("28", true), ("10", false), ("27", false), ("29", false), ("91", false)];
        for (digits, want) in rows {
            assert_eq!(region(digits.as_bytes()), want, "{digits}");
        }
        let rows = [("면허 서울", Some(*b"11")), ("경기북부", Some(*b"28")), ("북부", None), ("", None)];
        for (text, want) in rows {
            assert_eq!(region_before(text.as_bytes()).map(|(_, digits)| digits), want, "{text}");
        }
    }

    #[test]
    fn whole_values() {
        let rows = [
            ("11-22-123456-12", Some(("112212345612", 6))),
            ("11 22 123456 12", Some(("112212345612", 6))),
            ("112212345612", Some(("112212345612", 4))),
            ("서울 22-123456-12", Some(("112212345612", 10))),
            ("경기북부22-123456-12", Some(("282212345612", 15))),
            ("평양 22-123456-12", None),
            ("11-22-123A56-12", None),
            ("112-2123456-12", None),
            ("11-22-123456-1", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes());
            let want = want.map(|(digits, fifth)| (digits.as_bytes(), fifth));
            assert_eq!(read.as_ref().map(|(digits, places)| (&digits[..], places[4])), want, "{text}");
        }
    }
}
