//! `kr_frn`: 외국인등록번호 and 국내거소신고번호, the registration number of a foreigner.
//!
//! The shape of a resident's number with G 5 or 6 (1900s), 7 or 8 (2000s), and a check digit of its own. Random since
//! October 2020 as well, so a failing check refutes nothing.

use super::{Labels, rrn};

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "외국인등록",
        "외국인 등록",
        "외국인번호",
        "외국인 번호",
        "거소신고",
        "거소 신고",
        "거소번호",
        "거소증",
        "foreigner",
        "foreignreg",
        "foreign_reg",
        "foreign reg",
        "alienreg",
        "alien_reg",
        "alien reg",
        "arcno",
        "arc_no",
        "arc no",
    ],
    words: &["frn", "arc"],
};

/// Whether the last digit is the foreigners' check digit: `(13 - S mod 11) mod 10`.
pub fn checked(digits: &[u8; 13]) -> bool {
    (13 - rrn::weighed(digits) % 11) % 10 == u32::from(digits[12] - b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        let rows =
            [("9901015020063", true), ("9111245678906", true), ("1111115111111", true), ("9901015020064", false)];
        for (digits, want) in rows {
            assert_eq!(checked(digits.as_bytes().try_into().expect("thirteen digits")), want, "{digits}");
        }
    }
}
