//! `kr_rrn`: 주민등록번호, resident registration number, `YYMMDD-GNNNNNC`.
//!
//! G tells sex and century: 1 2 (1900s), 3 4 (2000s), 9 0 (1800s); 5 to 8 is a foreigner (`frn`). Since October 2020
//! the digits after G are random and the last one checks nothing, so a failing check refutes nothing.

use super::Labels;

/// Words before a value of this kind. Banks call it 실명번호, public bodies name the column `ihidnum`.
pub const LABELS: Labels = Labels {
    stems: &[
        "주민",
        "실명번호",
        "실명확인번호",
        "jumin",
        "resident",
        "ihidnum",
        "nationalid",
        "national_id",
        "national id",
    ],
    words: &["rrn", "ssn"],
};

/// Weights of the check digit, the same for residents and foreigners.
const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

/// Whether the thirteen digits begin with a day that exists in the century of G.
///
/// `880101-1...` is; `881301-1...` and `890229-1...` are not. Days to come are not refused: the core has no clock.
pub fn dated(digits: &[u8; 13]) -> bool {
    let two = |at: usize| i32::from(digits[at] - b'0') * 10 + i32::from(digits[at + 1] - b'0');
    let century = match digits[6] {
        b'9' | b'0' => 1800,
        b'1' | b'2' | b'5' | b'6' => 1900,
        _ => 2000,
    };
    let (year, month, day) = (century + two(0), two(2), two(4));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether G is a resident's (1 to 4, 9, 0) rather than a foreigner's (5 to 8).
pub const fn resident(g: u8) -> bool {
    !matches!(g, b'5'..=b'8')
}

/// Whether the last digit is the residents' check digit: `(11 - S mod 11) mod 10`.
pub fn checked(digits: &[u8; 13]) -> bool {
    (11 - weighed(digits) % 11) % 10 == u32::from(digits[12] - b'0')
}

/// The weighted sum of the first twelve digits.
pub(super) fn weighed(digits: &[u8; 13]) -> u32 {
    digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum()
}

/// The thirteen digits of a whole value and the place of the seventh in it.
///
/// Separators are one of `-` `.` `/` `·` and spaces, after the sixth digit only. A value of ten to twelve bare digits
/// is a number that lost its leading zeros. Residents and foreigners alike: fields called 주민등록번호 hold both.
pub(crate) fn read(bytes: &[u8]) -> Option<([u8; 13], usize)> {
    let mut digits = [b'0'; 13];
    let (mut count, mut seventh) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if count < 13 => {
                if count == 6 {
                    seventh = at;
                }
                digits[count] = *byte;
                count += 1;
            }
            b'-' | b'.' | b'/' | b' ' if count == 6 => {}
            _ => return None,
        }
    }
    if (10..13).contains(&count) && count == bytes.len() {
        let lost = 13 - count;
        digits.copy_within(0..count, lost);
        digits[..lost].fill(b'0');
        seventh = 6 - lost;
    } else if count != 13 {
        return None;
    }
    dated(&digits).then_some((digits, seventh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_checks() {
        // digits, a real day, the check digit holds
        let rows = [
            ("8801011234568", true, true),
            ("8801011234567", true, false),
            ("0001013000008", true, true),
            ("9710139019902", true, true),
            ("9001011000006", true, true),
            ("0005053637892", true, false),
            ("8813011234568", false, true),
            ("8802311234568", false, false),
            ("8902291234568", false, false),
            ("8402291000016", true, true),
            ("0002293000000", true, false),
            ("0002291000000", false, false),
            ("0000000000000", false, false),
        ];
        for (digits, day, check) in rows {
            let digits: &[u8; 13] = digits.as_bytes().try_into().expect("thirteen digits");
            assert_eq!(dated(digits), day, "{digits:?}");
            if day {
                assert_eq!(checked(digits), check, "{digits:?}");
            }
        }
    }

    #[test]
    fn whole_values() {
        let rows = [
            ("880101-1234567", Some("8801011234567")),
            ("880101 - 1234567", Some("8801011234567")),
            ("8801011234567", Some("8801011234567")),
            ("501013000008", Some("0501013000008")),
            ("88010-11234567", None),
            ("880101-123456", None),
            ("881301-1234567", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes()).map(|(digits, _)| digits);
            assert_eq!(read.as_ref().map(|digits| &digits[..]), want.map(str::as_bytes), "{text}");
        }
    }
}
