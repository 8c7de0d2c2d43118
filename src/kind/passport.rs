//! `kr_passport`: 여권번호, a letter and eight digits (`M12345678`), since 2021-12-21 a letter, three digits, a letter, four digits.
//!
//! M is for many journeys, S for one, R was residence, G (older O) officials, D diplomats, T a certificate for one
//! journey. It has no check digit. Behind a label stand passports of other countries as well.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels { stems: &["여권", "passport"], words: &["ppt", "psptno", "pspt_no"] };

/// Most characters of a passport number of another country: two letters, nine digits, a letter.
pub const CHARACTERS_MAX: usize = 12;

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `M12345678`.
    Old,
    /// `M123A4567`.
    New,
    /// `E12345678`, `TK1234567`, `P1234567A`, `123456789`: another country's, or nobody's.
    Foreign,
}

/// The form of a number without spaces, letters in any case.
///
/// A Korean letter with another count of digits is a typing error or something else (`M1234567`, `M123456789`).
pub fn form(number: &[u8]) -> Option<Form> {
    let digits = |range: std::ops::Range<usize>| number[range].iter().all(u8::is_ascii_digit);
    let len = number.len();
    if len > CHARACTERS_MAX {
        return None;
    }
    let korean = |letter: u8| matches!(letter.to_ascii_uppercase(), b'M' | b'S' | b'R' | b'O' | b'G' | b'D' | b'T');
    match number.iter().take_while(|byte| byte.is_ascii_alphabetic()).count() {
        1 if korean(number[0]) => match len {
            9 if digits(1..9) => Some(Form::Old),
            9 if digits(1..4) && number[4].is_ascii_alphabetic() && digits(5..9) => Some(Form::New),
            _ => None,
        },
        0 => (len == 9 && digits(0..9)).then_some(Form::Foreign),
        letters @ 1..=2 => {
            let tail = usize::from(number[len - 1].is_ascii_alphabetic());
            let body = letters..len.saturating_sub(tail).max(letters);
            // Nine behind the letters at most, so that a masked number has the length of one as well.
            (body.len() >= 6 && len - letters <= 9 && digits(body)).then_some(Form::Foreign)
        }
        _ => None,
    }
}

/// Whether the digits are all zero, as in a placeholder.
pub fn placeholder(number: &[u8]) -> bool {
    number.iter().filter(|byte| byte.is_ascii_digit()).all(|byte| *byte == b'0')
}

/// Whether the eight digits of `S20240101` are a day, as in the numbers of orders and documents.
pub fn day(number: &[u8]) -> bool {
    matches!(number[1..], [b'1', b'9', ..] | [b'2', b'0', ..])
        && matches!(number[5..7], [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2'])
        && matches!(number[7..9], [b'0', b'1'..=b'9'] | [b'1' | b'2', _] | [b'3', b'0' | b'1'])
}

/// Calls `character` with each letter, in upper case, and digit of a whole value and its place; spaces and `-` may
/// part them. The number of characters.
pub(crate) fn read(bytes: &[u8], mut character: impl FnMut(u8, usize)) -> Option<usize> {
    let mut number = [0; CHARACTERS_MAX];
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                *number.get_mut(count)? = byte.to_ascii_uppercase();
                character(number[count], at);
                count += 1;
            }
            b'-' | b' ' if count > 0 => {}
            _ => return None,
        }
    }
    form(&number[..count]).map(|_| count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let rows = [
            ("M12345678", Some(Form::Old)),
            ("s12345678", Some(Form::Old)),
            ("M123A4567", Some(Form::New)),
            ("m123a4567", Some(Form::New)),
            ("E12345678", Some(Form::Foreign)),
            ("TK1234567", Some(Form::Foreign)),
            ("P1234567A", Some(Form::Foreign)),
            ("123456789", Some(Form::Foreign)),
            ("F123456789K", None),
            ("M1234567", None),
            ("M123456789", None),
            ("M12A4567", None),
            ("M123A45678", None),
            ("MM123A4567", None),
            ("ABC123456", None),
            ("12345678", None),
            ("EA12", None),
            ("EA", None),
            ("", None),
        ];
        for (number, want) in rows {
            assert_eq!(form(number.as_bytes()), want, "{number}");
        }
        assert!(day(b"S20240131") && !day(b"S20241331") && !day(b"M12345678"));
        assert!(placeholder(b"M00000000") && !placeholder(b"M00000001"));
    }

    #[test]
    fn whole_values() {
        let rows = [
            ("m12345678", Some("M12345678")),
            ("M 12345678", Some("M12345678")),
            ("M123 A4567", Some("M123A4567")),
            ("M123_4567", None),
            ("M123456789012345", None),
            ("", None),
        ];
        for (text, want) in rows {
            let mut number = Vec::new();
            let count = read(text.as_bytes(), |character, _| number.push(character));
            assert_eq!(count.map(|count| &number[..count]), want.map(str::as_bytes), "{text}");
        }
    }
}
