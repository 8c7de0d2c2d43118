//! `bank_account`: number of a bank account, ten to sixteen digits in groups that each bank has its own of.
//!
//! No digit checks the others, so a label or the name of a bank has to say so.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "계좌",
        "통장",
        "입금",
        "송금",
        "출금",
        "이체",
        "accountno",
        "account_no",
        "account-no",
        "account no",
        "accountnum",
        "account num",
        "account_num",
        "bankaccount",
        "bank_account",
        "bank-account",
        "bank account",
        "bankacct",
        "bank_acct",
        "acctno",
        "acct_no",
        "acctnum",
        "acct_num",
        "accno",
        "acc_no",
    ],
    words: &["acct", "a/c"],
};

/// Fewest and most digits of an account.
pub const DIGITS: std::ops::RangeInclusive<usize> = 10..=16;

/// Lengths of groups that banks print, as edaily 2014 and the banks' own pages give them.
const SHAPES: [&[usize]; 32] = [
    &[6, 2, 6],    // 국민, 농협, 우체국
    &[3, 2, 7],    // 국민
    &[3, 2, 4, 3], // 국민
    &[4, 2, 7],    // 카카오뱅크, 국민, 전북
    &[3, 3, 6],    // 신한, 케이뱅크, 광주, 신협
    &[3, 2, 6],    // 신한, SC제일, 농협, 대구
    &[4, 3, 6],    // 우리, 광주
    &[3, 6, 5],    // 하나, 씨티
    &[3, 4, 4, 2], // 농협, 부산
    &[3, 4, 6],    // 케이뱅크, 기업
    &[3, 6, 2, 3], // 기업, 우리
    &[3, 6, 3],    // 하나
    &[3, 6, 2],    // 기업
    &[4, 4, 4],    // 토스뱅크, 수협
    &[4, 4, 4, 1], // 새마을금고
    &[4, 2, 6, 1], // 새마을금고
    &[4, 4, 6],    // 새마을금고
    &[3, 2, 6, 1], // SC제일, 대구, 수협
    &[3, 2, 6, 2], // 신협, 경남
    &[3, 3, 6, 1],
    &[3, 3, 6, 2],
    &[3, 4, 4, 3], // 산업
    &[3, 4, 5],
    &[3, 4, 7],
    &[3, 2, 3, 4], // 부산
    &[3, 2, 5, 1],
    &[2, 2, 6],    // 제주
    &[2, 2, 6, 1], // 제주
    &[5, 2, 6],    // 기업
    &[5, 2, 7],
    &[3, 8, 2],
    &[6, 2, 5],
];

/// Whether a bank prints groups of these lengths.
pub fn printed(lengths: &[usize]) -> bool {
    SHAPES.contains(&lengths)
}

/// Whether digits are a time written in one run: `yyyyMMddHHmmss`, with or without what comes before and behind.
pub fn time(digits: &[u8]) -> bool {
    let two = |at: usize| (digits[at] - b'0') * 10 + (digits[at + 1] - b'0');
    digits.len() >= 12
        && matches!(digits, [b'1', b'9', ..] | [b'2', b'0', ..])
        && (1..=12).contains(&two(4))
        && (1..=31).contains(&two(6))
        && two(8) <= 24
        && two(10) <= 59
}

/// Calls `digit` with each digit of a whole value and its place; `-`, `.` and spaces may part them.
/// The number of digits, ten to sixteen.
pub(crate) fn read(bytes: &[u8], mut digit: impl FnMut(u8, usize)) -> Option<usize> {
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digit(*byte, at);
                count += 1;
            }
            b'-' | b'.' | b' ' if count > 0 => {}
            _ => return None,
        }
    }
    DIGITS.contains(&count).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        let rows = [
            ("123456-04-123456", Some(14)),
            ("3333-01-1234567", Some(13)),
            ("110 123 456789", Some(12)),
            ("1234567890123456", Some(16)),
            ("1234567890", Some(10)),
            ("123456789", None),
            ("12345678901234567", None),
            ("12-345", None),
            ("국민 123456-04-123456", None),
            ("", None),
        ];
        for (text, want) in rows {
            assert_eq!(read(text.as_bytes(), |_, _| ()), want, "{text}");
        }
    }

    #[test]
    fn shapes_and_times() {
        assert!(printed(&[6, 2, 6]) && printed(&[4, 2, 7]));
        assert!(!printed(&[6, 7]) && !printed(&[3, 4, 4]) && !printed(&[4, 4, 4, 4]) && !printed(&[3, 2, 5]));
        assert!(time(b"20240131235959") && time(b"202401312359") && time(b"20240131235959123"));
        assert!(!time(b"20241331235959") && !time(b"20240131256000") && !time(b"11012345678901"));
    }
}
