//! `phone_intl`: telephone numbers of other countries: after `+` and a country code, or national ones that a country's
//! name or a label announces.

use super::Labels;
use super::phone::extension;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "해외전화",
        "해외 전화",
        "해외연락처",
        "해외 연락처",
        "해외휴대",
        "해외 휴대",
        "국제전화",
        "국제 전화",
        "현지전화",
        "현지 전화",
        "현지연락처",
        "현지 연락처",
        "현지번호",
        "현지 번호",
        "intlphone",
        "intl_phone",
        "international phone",
        "internationalphone",
        "overseas phone",
        "overseasphone",
        "foreign phone",
    ],
    words: &["whatsapp"],
};

/// Most digits behind `+`, as ITU E.164 has it.
pub const DIGITS_MAX: usize = 15;

/// A country code, and the fewest and most digits behind it (ITU E.164 assignments; lengths from libphonenumber, those
/// of emergency and service numbers left out).
type Plan = (u16, u8, u8);

/// Codes of one and two digits. Those of three, and of Korea, are not among them.
const PLANS: [Plan; 43] = [
    (1, 10, 10),
    (7, 10, 10),
    (20, 8, 10),
    (27, 9, 9),
    (30, 10, 10),
    (31, 9, 9),
    (32, 8, 9),
    (33, 9, 9),
    (34, 9, 9),
    (36, 8, 9),
    (39, 8, 11),
    (40, 9, 9),
    (41, 9, 9),
    (43, 7, 12),
    (44, 9, 10),
    (45, 8, 8),
    (46, 7, 10),
    (47, 8, 8),
    (48, 9, 9),
    (49, 7, 11),
    (51, 8, 9),
    (52, 10, 11),
    (53, 8, 8),
    (54, 10, 11),
    (55, 10, 11),
    (56, 9, 9),
    (57, 10, 10),
    (58, 10, 10),
    (60, 8, 10),
    (61, 9, 9),
    (62, 8, 12),
    (63, 8, 10),
    (64, 8, 10),
    (65, 8, 8),
    (66, 8, 9),
    (81, 9, 10),
    (84, 9, 10),
    (86, 10, 11),
    (90, 10, 10),
    (91, 10, 10),
    (92, 9, 10),
    (93, 9, 9),
    (98, 10, 10),
];

/// Codes of three digits whose numbers have other lengths than seven to nine digits.
const LONG_PLANS: [Plan; 22] = [
    (225, 10, 10),
    (234, 8, 10),
    (254, 9, 10),
    (351, 9, 9),
    (358, 6, 10),
    (380, 9, 9),
    (420, 9, 9),
    (421, 9, 9),
    (852, 8, 8),
    (853, 8, 8),
    (855, 8, 9),
    (856, 8, 10),
    (880, 8, 10),
    (886, 8, 9),
    (964, 8, 10),
    (966, 8, 9),
    (976, 8, 8),
    (977, 8, 10),
    (994, 9, 9),
    (995, 9, 9),
    (996, 9, 9),
    (998, 9, 9),
];

/// The digits of the country code that begins `digits`, and how many may follow it.
pub fn plan(digits: &[u8]) -> Option<(usize, std::ops::RangeInclusive<usize>)> {
    // No country code begins with 0, and `01` is not the 1 of America.
    if digits.first() == Some(&b'0') {
        return None;
    }
    let head = |count: usize| {
        digits.get(..count).map(|head| head.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0')))
    };
    let of = |(code, fewest, most): &Plan| {
        let len = if *code < 10 { 1 } else { 2 + usize::from(*code > 99) };
        (len, usize::from(*fewest)..=usize::from(*most))
    };
    for count in 1..=2 {
        let code = head(count)?;
        if let Some(plan) = PLANS.iter().find(|plan| plan.0 == code) {
            return Some(of(plan));
        }
    }
    let code = head(3)?;
    if let Some(plan) = LONG_PLANS.iter().find(|plan| plan.0 == code) {
        return Some(of(plan));
    }
    // The others were never given away, or are no country's.
    let given = matches!(
        code,
        211..=213 | 216 | 218 | 220..=258 | 260..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=383 | 385..=387 | 389
            | 423 | 500..=509 | 590..=599 | 670 | 672..=692 | 850 | 960..=968 | 970..=977 | 992..=993
    );
    given.then_some((3, 7..=9))
}

/// Whether the digits behind `+` are a number: a country code other than Korea's, and as many digits as it has behind.
pub fn issued(digits: &[u8]) -> bool {
    let Some((code, lengths)) = plan(digits) else {
        return false;
    };
    let national = &digits[code..];
    let begins = match &digits[..code] {
        b"1" => american(national),
        // These keep their trunk 0 behind the country code.
        b"39" | b"225" => true,
        b"86" => national.len() == 10 || national.first() == Some(&b'1'),
        _ => national.first() != Some(&b'0'),
    };
    lengths.contains(&national.len()) && begins && national.windows(2).any(|pair| pair[0] != pair[1])
}

/// Whether ten digits are a number of the United States, Canada and others under `+1`: area and exchange begin with 2
/// to 9 and are no service codes (N11).
pub fn american(digits: &[u8]) -> bool {
    let open = |group: &[u8]| matches!(group[0], b'2'..=b'9') && &group[1..] != b"11";
    digits.len() == 10 && open(&digits[..3]) && open(&digits[3..6])
}

/// Whether the digits are a mobile number of Japan (`090`, `080`, `070` and eight more).
pub fn japanese(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'7'..=b'9', b'0', b'1'..=b'9', ..]) && digits.len() == 11
}

/// Whether the digits are a mobile number of China (`13` to `19` and nine more).
pub fn chinese(digits: &[u8]) -> bool {
    matches!(digits, [b'1', b'3'..=b'9', ..]) && digits.len() == 11
}

/// A whole value, read.
pub(crate) struct Number {
    digits: [u8; DIGITS_MAX],
    len: usize,
    /// Whether it is written with its country code.
    pub(crate) international: bool,
    /// Where the digits to hide begin and end in the text: behind the country or area code, before the last four.
    pub(crate) hidden: (usize, usize),
}

impl Number {
    /// All digits, country code first where it has one: `14155550132`. A trunk `(0)` is not among them.
    pub(crate) fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

/// Reads a whole value: `+1 415 555 0132`, `+44 (0)20 7946 0000`, `(415) 555-0132`, `090-1234-5678`. Behind `+` it has
/// to be of a plan, without it seven to thirteen digits.
pub(crate) fn read(bytes: &[u8]) -> Option<Number> {
    let mut number = Number { digits: [0; DIGITS_MAX], len: 0, international: false, hidden: (0, 0) };
    let mut places = [0; DIGITS_MAX];
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' if number.len < DIGITS_MAX => {
                (number.digits[number.len], places[number.len]) = (*byte, at);
                number.len += 1;
            }
            b'+' if at == 0 => number.international = true,
            // What an office's switch wants to know does not belong to the number.
            _ if number.len > 6 && extension(&bytes[at..]) == bytes.len() - at => break,
            b'(' if number.international && number.len > 0 && bytes[at..].starts_with(b"(0)") => at += 2,
            b'-' | b'.' | b'/' | b' ' | b'(' | b')' => {}
            _ => return None,
        }
        at += 1;
    }
    if number.international {
        issued(number.digits()).then_some(())?;
    } else if !(7..=13).contains(&number.len) {
        return None;
    }
    let code = if number.international { plan(number.digits())?.0 } else { 2 + usize::from(number.len > 9) };
    let last = number.len - 4;
    number.hidden = (places[code.min(last - 1)], places[last]);
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        let rows = [
            ("+1 415 555 0132", Some("14155550132")),
            ("+44 (0)20 7946 0000", Some("442079460000")),
            ("+39 06 0000 0001", Some("390600000001")),
            ("+86 138 0000 0001", Some("8613800000001")),
            ("+852 2000 0001", Some("85220000001")),
            ("(415) 555-0132", Some("4155550132")),
            ("090-1234-5678", Some("09012345678")),
            ("+1 415 555 0132 x12", Some("14155550132")),
            ("+82 10-1234-5678", None),
            ("+1 115 555 0132", None),
            ("+01 415 555 0132", None),
            ("+1 415 555 013", None),
            ("+210 2345 678", None),
            ("+09:00", None),
            ("123456", None),
            ("010-1234-5678-1234", None),
            ("", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes());
            assert_eq!(read.as_ref().map(Number::digits), want.map(str::as_bytes), "{text}");
        }
        let hidden = |text: &str| read(text.as_bytes()).map(|number| text[number.hidden.0..number.hidden.1].to_owned());
        assert_eq!(hidden("+1 415 555 0132").as_deref(), Some("415 555 "));
        assert_eq!(hidden("(415) 555-0132").as_deref(), Some("555-"));
        assert_eq!(hidden("09-7000001").as_deref(), Some("700"));
    }

    #[test]
    fn plans() {
        assert!(american(b"4155550132") && !american(b"4150550132") && !american(b"9115550132"));
        assert!(japanese(b"09012345678") && !japanese(b"01012345678") && !japanese(b"09002345678"));
        assert!(chinese(b"13800000001") && !chinese(b"12800000001") && !chinese(b"1380000000"));
        assert!(!issued(b"10000000000") && !issued(b"490301234") && !issued(b""));
    }
}
