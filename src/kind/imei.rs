//! `imei`: fifteen digits that name a mobile device: type (TAC, eight), serial (six), Luhn's check digit.
//!
//! IMEISV has sixteen and no check digit; MEID, of devices without a SIM, has fourteen hexadecimal digits.

use super::Labels;
use super::credit_card::luhn;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "단말기고유번호",
        "단말기 고유번호",
        "단말고유번호",
        "단말기 식별",
        "단말기식별",
        "단말식별",
        "기기고유번호",
        "기기 고유번호",
        "기기식별번호",
        "기기 식별번호",
        "단말기번호",
        "단말기 번호",
        "단말기일련번호",
        "단말기 일련번호",
        "단말",
        "기기",
        "디바이스",
        "공기계",
        "device",
        "handset",
        "imeino",
        "imei_no",
        "imei1",
        "imei2",
    ],
    words: &["imei", "imeisv", "meid"],
};

/// Lengths of groups in which a number is printed: `35-209900-176148-1`, `352099-00-176148-1`, `35209900 176148 1`,
/// and with two digits of a software version at the end.
pub const GROUPS: [&[usize]; 8] =
    [&[2, 6, 6, 1], &[6, 2, 6, 1], &[8, 6, 1], &[2, 6, 7], &[2, 6, 6, 2], &[6, 2, 6, 2], &[8, 6, 2], &[8, 7]];

/// Whether the first two digits are a body that gives out types of devices today: 01 (North America), 35 (Britain),
/// 86 (China), 99 (worldwide). Those of former ones (44, 49, 53) count behind a label only.
pub fn reported(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1', ..] | [b'3', b'5', ..] | [b'8', b'6', ..] | [b'9', b'9', ..])
}

/// Whether fifteen digits have their check digit.
pub fn checked(digits: &[u8]) -> bool {
    digits.len() == 15 && luhn(digits)
}

/// Whether one digit stands in all places, as in a placeholder.
pub fn placeholder(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// Calls `character` with each digit, letters of MEID in upper case, and its place in a whole value; `-`, `/` and
/// spaces may part them. The number of digits: fifteen, sixteen, or fourteen hexadecimal ones.
pub(crate) fn read(bytes: &[u8], mut character: impl FnMut(u8, usize)) -> Option<usize> {
    let (mut count, mut letters) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {}
            b'A'..=b'F' | b'a'..=b'f' => letters += 1,
            b'-' | b' ' | b'/' if count > 0 => continue,
            _ => return None,
        }
        character(byte.to_ascii_uppercase(), at);
        count += 1;
    }
    let digits = matches!(count, 15 | 16) && letters == 0;
    (digits || (count == 14 && meid(bytes))).then_some(count)
}

/// Whether fourteen hexadecimal digits begin as a MEID does: with A0 or more, or with 99 where all are decimal.
pub fn meid(number: &[u8]) -> bool {
    matches!(number, [b'A'..=b'F' | b'a'..=b'f', ..] | [b'9', b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        // value, its digits, their check
        let rows = [
            ("350000000000006", Some("350000000000006"), true),
            ("35-000000-000000-6", Some("350000000000006"), true),
            ("350000-00-000000-6", Some("350000000000006"), true),
            ("350000000000007", Some("350000000000007"), false),
            ("3500000000000012", Some("3500000000000012"), false),
            ("a0000000000001", Some("A0000000000001"), false),
            ("99000000000001", Some("99000000000001"), false),
            ("35000000000000", None, false),
            ("35000000000000a", None, false),
            ("-350000000000006", None, false),
            ("", None, false),
        ];
        for (text, want, check) in rows {
            let mut digits = Vec::new();
            let read = read(text.as_bytes(), |digit, _| digits.push(digit)).map(|_| digits.as_slice());
            assert_eq!(read, want.map(str::as_bytes), "{text}");
            assert_eq!(read.is_some_and(checked), check, "{text}");
        }
        assert!(reported(b"35") && reported(b"01") && !reported(b"49"));
        assert!(placeholder(b"000000000000000") && !placeholder(b"350000000000006"));
    }
}
