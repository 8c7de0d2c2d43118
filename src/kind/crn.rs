//! `kr_crn`: 법인등록번호, corporation registration number, `AAAABB-SSSSSSC`.
//!
//! Registry office, kind of corporation, serial, check digit. It has the shape of a resident's number, and some of
//! them begin with a day of the calendar (`110111-...`). A label says which it is; without one, the check digits do.

use super::Labels;

/// Words before a value of this kind. `법인` alone governs only what stands right behind it.
///
/// `crno` and `jurirno` are what the open data of the state calls its columns.
pub const LABELS: Labels = Labels {
    stems: &[
        "법인",
        "법인등록",
        "법인 등록",
        "법인번호",
        "법인등기",
        "corporatereg",
        "corporate_reg",
        "corporate reg",
        "corpreg",
        "corp_reg",
        "corp reg",
        "corpno",
        "corp_no",
        "corp no",
        "corpnum",
        "corp_num",
        "corporationreg",
        "corporation_reg",
        "corporation reg",
        "corporationnum",
        "corporation_num",
        "corporation num",
        "corporationno",
        "corporation_no",
        "corporation no",
        "corporateno",
        "corporate_no",
        "corporate no",
        "corporatenum",
        "corporate_num",
        "corporate num",
        "crno",
        "jurirno",
        "jurir_no",
    ],
    words: &["crn"],
};

/// Whether the last digit is the check digit: weights 1 and 2 in turn, products not folded, `(10 - S mod 10) mod 10`.
pub fn checked(digits: &[u8; 13]) -> bool {
    let value = |at: usize| u32::from(digits[at] - b'0');
    let sum: u32 = (0..12).map(|at| value(at) * (1 + at as u32 % 2)).sum();
    (10 - sum % 10) % 10 == value(12)
}

/// Whether the fifth and sixth digit are a kind of corporation: companies 11 to 15, the non-profit 21 and 22, special
/// law 31 to 53, 71, foreign companies and others 81 to 86.
pub fn sorted(digits: &[u8; 13]) -> bool {
    matches!((digits[4], digits[5]), (b'1', b'1'..=b'5') | (b'2', b'1' | b'2') | (b'3', b'1'..=b'9'))
        || matches!((digits[4], digits[5]), (b'4', _) | (b'5', b'0'..=b'3') | (b'7', b'1') | (b'8', b'1'..=b'6'))
}

/// The thirteen digits of a whole value, and the place of the seventh in it.
///
/// Separators are `-` `.` `/` and spaces, after the sixth digit only.
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
    (count == 13).then_some((digits, seventh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_checks() {
        // digits, a kind of corporation, the check digit holds
        let rows = [
            ("1301110006246", true, true),
            ("1301110006245", true, false),
            ("1101110000004", true, false),
            ("9900990000006", false, true),
            ("1301170006246", false, false),
            ("1301860006246", true, false),
        ];
        for (digits, kind, check) in rows {
            let digits: &[u8; 13] = digits.as_bytes().try_into().expect("thirteen digits");
            assert_eq!((sorted(digits), checked(digits)), (kind, check), "{digits:?}");
        }
    }

    #[test]
    fn whole_values() {
        let rows = [
            ("130111-0006246", Some(("1301110006246", 7))),
            ("130111/0006246", Some(("1301110006246", 7))),
            ("130111 - 0006246", Some(("1301110006246", 9))),
            ("1301110006246", Some(("1301110006246", 6))),
            ("1301-110006246", None),
            ("130111-000624", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes());
            let want = want.map(|(digits, seventh)| (digits.as_bytes(), seventh));
            assert_eq!(read.as_ref().map(|(digits, seventh)| (&digits[..], *seventh)), want, "{text}");
        }
    }
}
