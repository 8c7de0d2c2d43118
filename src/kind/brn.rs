//! `kr_brn`: 사업자등록번호, business registration number, `NNN-NN-NNNNC`.
//!
//! Tax office (101 and up), kind of business, serial, check digit. About one real number in eighty fails the check, so
//! it gates only what no label announces.

use super::Labels;

/// Words before a value of this kind.
///
/// `bzno`, `brno` and `bizrno` are what the open data of the state calls its columns.
pub const LABELS: Labels = Labels {
    stems: &[
        "사업자",
        "사업장등록번호",
        "고유번호증",
        "공급자 등록번호",
        "공급자등록번호",
        "공급받는자 등록번호",
        "공급받는자등록번호",
        "bizno",
        "biz_no",
        "biz no",
        "biz-no",
        "biznum",
        "biz_num",
        "bizreg",
        "biz_reg",
        "biz reg",
        "bizid",
        "bizrno",
        "bizr_no",
        "bzno",
        "brno",
        "bsnsreg",
        "bsns_reg",
        "businessno",
        "business_no",
        "business no",
        "businessnum",
        "business_num",
        "business num",
        "businessreg",
        "business_reg",
        "business reg",
        "businesslicense",
        "business_license",
        "business license",
        "companyreg",
        "company_reg",
        "company reg",
    ],
    words: &["brn"],
};

/// Weights of the check digit; the ninth digit counts once more by the tens of its fivefold.
const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];

/// Whether the last digit is the check digit: `(10 - S mod 10) mod 10`.
pub fn checked(digits: &[u8; 10]) -> bool {
    let value = |at: usize| u32::from(digits[at] - b'0');
    let sum: u32 = WEIGHTS.iter().enumerate().map(|(at, weight)| value(at) * weight).sum();
    (10 - (sum + value(8) * 5 / 10) % 10) % 10 == value(9)
}

/// Whether the parts can be those of a number: a tax office from 101, a kind of business, a serial.
///
/// `104-86-...` can; `010-12-...`, `211-00-...` and `104-86-0000N` cannot.
pub fn parted(digits: &[u8; 10]) -> bool {
    digits[..3] >= b"101"[..] && digits[3..5] != *b"00" && digits[5..9] != *b"0000"
}

/// The ten digits of a whole value, and the place of each in it.
///
/// Separators are `-` `.` `/` and spaces, after the third and the fifth digit only.
pub(crate) fn read(bytes: &[u8]) -> Option<([u8; 10], [usize; 10])> {
    let (mut digits, mut places) = ([b'0'; 10], [0; 10]);
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if count < 10 => {
                (digits[count], places[count]) = (*byte, at);
                count += 1;
            }
            b'-' | b'.' | b'/' | b' ' if matches!(count, 3 | 5) => {}
            _ => return None,
        }
    }
    (count == 10).then_some((digits, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_checks() {
        // digits, parts that can be, the check digit holds
        let rows = [
            ("1048656659", true, true),
            ("1248100998", true, true),
            ("1234567890", true, false),
            ("1048656650", true, false),
            ("2110012345", false, false),
            ("0101234568", false, false),
            ("1048600001", false, false),
            ("0000000000", false, true),
        ];
        for (digits, parts, check) in rows {
            let digits: &[u8; 10] = digits.as_bytes().try_into().expect("ten digits");
            assert_eq!((parted(digits), checked(digits)), (parts, check), "{digits:?}");
        }
    }

    #[test]
    fn whole_values() {
        let rows = [
            ("104-86-56659", Some(("1048656659", 7))),
            ("104 - 86 - 56659", Some(("1048656659", 11))),
            ("1048656659", Some(("1048656659", 5))),
            ("104-8656659", Some(("1048656659", 6))),
            ("10-486-56659", None),
            ("104-86-5665", None),
            ("104-86-566590", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes());
            let want = want.map(|(digits, sixth)| (digits.as_bytes(), sixth));
            assert_eq!(read.as_ref().map(|(digits, places)| (&digits[..], places[5])), want, "{text}");
        }
    }
}
