//! `kr_health_insurance`: 건강보험증 번호, eleven digits of which the first is the class.
//!
//! 1 is a regional insurance, 2, 5 and 7 are workplaces; lists differ on the others. No check is public, so a label
//! has to say so.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "건강보험",
        "의료보험",
        "건강 보험",
        "의료 보험",
        "직장가입자",
        "지역가입자",
        "피부양자",
        "건보",
        "보험증번호",
        "보험증 번호",
        "의보번호",
        "의료급여",
        "healthinsurance",
        "health_insurance",
        "health insurance",
        "health-insurance",
        "healthins",
        "health_ins",
        "medicalinsurance",
        "medical_insurance",
        "medical insurance",
        "nhisno",
        "nhis_no",
    ],
    words: &["nhis", "보험증"],
};

/// Calls `digit` with each digit of a whole value and its place. Separators are `-` and spaces, after the first digit
/// only. The number of digits: eleven, or twelve where a separator stands, as some write it.
pub(crate) fn read(bytes: &[u8], mut digit: impl FnMut(u8, usize)) -> Option<usize> {
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if count > 0 || *byte != b'0' => {
                digit(*byte, at);
                count += 1;
            }
            b'-' | b' ' if count == 1 => {}
            _ => return None,
        }
    }
    (count == 11 || (count == 12 && bytes.len() > 12)).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        let rows = [
            ("12345678901", Some(11)),
            ("1-2345678901", Some(11)),
            ("5 - 1098372214", Some(11)),
            ("1-08472916384", Some(12)),
            ("123456789012", None),
            ("01012345678", None),
            ("12-345678901", None),
            ("1-234567890", None),
            ("", None),
        ];
        for (text, want) in rows {
            assert_eq!(read(text.as_bytes(), |_, _| ()), want, "{text}");
        }
    }
}
