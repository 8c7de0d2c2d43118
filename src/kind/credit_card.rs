//! `credit_card`: the number of a payment card, 13 to 19 digits.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels { stems: &["카드", "card"], words: &[] };

/// Luhn's check: from the right every second digit doubled, digits summed, the sum divisible by ten.
pub fn luhn(digits: &[u8]) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        let value = u32::from(digit - b'0') << (place % 2);
        sum += if value > 9 { value - 9 } else { value };
    }
    sum % 10 == 0
}

/// Whether a card company issues numbers of this length under these first digits.
///
/// Visa, Mastercard, Amex, Diners, JCB, UnionPay, Discover, and the Korean domestic 9. Numbers that begin with 0, 1, 7
/// or 8 (but 81) are nobody's: so are times and Snowflake ids.
pub fn issued(digits: &[u8]) -> bool {
    let head = |count: usize| digits[..count].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    if !(13..=19).contains(&digits.len()) {
        return false;
    }
    match digits.len() {
        13 => digits[0] == b'4',
        14 => matches!(head(2), 36 | 38) || matches!(head(3), 300..=305),
        15 => matches!(head(2), 34 | 37),
        16 => {
            matches!(digits[0], b'4' | b'9')
                || matches!(head(2), 51..=55 | 62 | 65 | 81)
                || matches!(head(3), 644..=649)
                || matches!(head(4), 2221..=2720 | 3528..=3589 | 6011)
        }
        19 => digits[0] == b'4' || matches!(head(2), 62 | 81),
        _ => matches!(head(2), 62 | 81),
    }
}

/// How many leading digits may stay visible beside the last four: the six of the BIN, fewer on short numbers so that
/// at least six stay hidden.
pub(crate) const fn shown_first(digits: usize) -> usize {
    if digits >= 16 { 6 } else { digits.saturating_sub(10) }
}

/// Calls `digit` with each digit of a whole value and its place; separators are `-` `.` `/` and spaces.
/// The number of digits, 13 to 19.
pub(crate) fn read(bytes: &[u8], mut digit: impl FnMut(u8, usize)) -> Option<usize> {
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digit(*byte, at);
                count += 1;
            }
            b'-' | b'.' | b'/' | b' ' if count > 0 => {}
            _ => return None,
        }
    }
    (13..=19).contains(&count).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        // digits, issued, Luhn
        let rows = [
            ("4111111111111111", true, true),
            ("4111111111111112", true, false),
            ("4222222222222", true, true),
            ("5555555555554444", true, true),
            ("2720000000000005", true, true),
            ("378282246310005", true, true),
            ("36000000000008", true, true),
            ("3580000000000002", true, true),
            ("6212000000000001", true, true),
            ("352099001760004", false, true),
            ("9410000000000005", true, true),
            ("1717171717171717", false, false),
            ("8801040000005", false, true),
            ("36000000000009", true, false),
        ];
        for (digits, by, check) in rows {
            assert_eq!(issued(digits.as_bytes()), by, "{digits}");
            assert_eq!(luhn(digits.as_bytes()), check, "{digits}");
        }
    }
}
