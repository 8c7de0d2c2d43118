//! `kr_phone`: Korean telephone numbers: mobile, geographic, internet, personal (050x), toll free (080).
//!
//! Numbers of offices (15xx, 16xx, 18xx) and short numbers (112, 114) are not: they reach no person.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "전화",
        "연락",
        "휴대",
        "핸드폰",
        "모바일",
        "팩스",
        "문의",
        "☎",
        "📞",
        "phone",
        "mobile",
        "contact",
        "cellular",
    ],
    words: &["tel", "hp", "h.p", "fax", "cell", "call", "t", "m"],
};

/// Most digits of a national number, `0502-1234-5678`.
pub(crate) const DIGITS_MAX: usize = 12;

/// Whether `digits` (with the leading 0) are a national number whose first `code` digits say the service or area.
///
/// `02-123-4567` has a code of 2, `010-1234-5678` of 3, `0505-123-4567` of 4 (or 3, as `050-5123-4567`). Seven or
/// eight digits follow, not all of them zero.
pub fn fits(digits: &[u8], code: usize) -> bool {
    let Some((head, subscriber)) = digits.split_at_checked(code) else {
        return false;
    };
    let known = matches!(
        head,
        b"02"
            | b"010"
            | b"011"
            | [b'0', b'1', b'6'..=b'9']
            | b"050"
            | b"070"
            | b"080"
            | [b'0', b'3', b'1'..=b'3']
            | [b'0', b'4' | b'6', b'1'..=b'4']
            | [b'0', b'5', b'1'..=b'5']
            | [b'0', b'5', b'0', b'2'..=b'8']
    );
    known && matches!(subscriber.len(), 7 | 8) && subscriber.iter().any(|digit| *digit != b'0')
}

/// Whether the code is a mobile one, which needs no second proof.
pub fn mobile(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1', ..])
}

/// The length of the extension that begins `bytes`, what stands behind a number: `~8`, `, 내선 102`, ` (내선 102)`,
/// ` ext. 12`, ` x12`, `#12`, ` 교환 12`; 0 if there is none.
pub fn extension(bytes: &[u8]) -> usize {
    let digits = |at: usize| bytes[at..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let whole = |at: usize| !matches!(bytes[at..], [b'A'..=b'Z' | b'a'..=b'z', ..] | [b'-' | b'.', b'0'..=b'9', ..]);
    if bytes.first() == Some(&b'~') {
        let len = digits(1);
        return if (1..=4).contains(&len) && whole(1 + len) { 1 + len } else { 0 };
    }
    // Most numbers end here.
    let mut at = bytes.iter().take(2).take_while(|byte| matches!(byte, b' ' | b',')).count();
    let paren = bytes.get(at) == Some(&b'(');
    at += usize::from(paren);
    let Some(word) = EXTENSIONS.iter().find(|word| {
        let head = bytes.get(at..at + word.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
    }) else {
        return 0;
    };
    if *word == "x" && at == 0 {
        return 0;
    }
    at += word.len();
    at += bytes[at..].iter().take(2).take_while(|byte| matches!(byte, b' ' | b':' | b'.')).count();
    let len = digits(at);
    at += len;
    if !(1..=5).contains(&len) || !whole(at) {
        return 0;
    }
    match bytes.get(at) {
        Some(b')') if paren => at + 1,
        _ if paren => 0,
        _ => at,
    }
}

/// Words before an extension, the longer of two first.
const EXTENSIONS: [&str; 8] = ["내선번호", "내선", "교환번호", "교환", "extension", "ext", "#", "x"];

/// A whole value, read.
pub(crate) struct Number {
    /// National digits, the leading 0 first.
    digits: [u8; DIGITS_MAX],
    len: usize,
    /// Where the digits to hide begin and end in the text: behind the code, before the last four.
    pub(crate) hidden: (usize, usize),
}

impl Number {
    /// National digits, `01012345678`.
    pub(crate) fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

/// Reads a whole value: national, or after `+82`, `0082`, `00700-82`, `82`, with the trunk 0 dropped, kept or in
/// parentheses. A number that lost its leading 0 (`1012345678`) is read as well.
pub(crate) fn read(bytes: &[u8]) -> Option<Number> {
    common(bytes).or_else(|| read_any(bytes))
}

/// Reads `010-1234-5678`, as nearly every log writes it; the same number as [`read_any`] reads.
fn common(bytes: &[u8]) -> Option<Number> {
    let bytes: &[u8; 13] = bytes.try_into().ok()?;
    let (groups, [b'0', b'1', b'0', b'-', ..]) = ((&bytes[4..8], &bytes[9..]), bytes) else {
        return None;
    };
    let figures = groups.0.iter().chain(groups.1);
    if bytes[8] != b'-' || !figures.clone().all(u8::is_ascii_digit) || figures.clone().all(|digit| *digit == b'0') {
        return None;
    }
    let mut number = Number { digits: [b'0'; DIGITS_MAX], len: 11, hidden: (4, 9) };
    number.digits[..3].copy_from_slice(b"010");
    number.digits[3..7].copy_from_slice(groups.0);
    number.digits[7..11].copy_from_slice(groups.1);
    Some(number)
}

fn read_any(bytes: &[u8]) -> Option<Number> {
    let mut all = [(0u8, 0usize); 20];
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if count < all.len() => {
                all[count] = (*byte, at);
                count += 1;
            }
            b'+' if count == 0 => {}
            // What an office's switch wants to know does not belong to the number.
            _ if count > 7 && extension(&bytes[at..]) == bytes.len() - at => break,
            b'-' | b'.' | b'/' | b' ' | b'(' | b')' => {}
            _ => return None,
        }
    }
    let mut national = &all[..count];
    let starts = |digits: &[(u8, usize)], head: &[u8]| {
        digits.len() > head.len() && digits.iter().zip(head).all(|(digit, wanted)| digit.0 == *wanted)
    };
    for country in [&b"0070082"[..], b"0082", b"82"] {
        if starts(national, country) {
            national = &national[country.len()..];
            break;
        }
    }
    if national.first()?.0 == b'0' {
        national = &national[1..];
    }
    if national.len() >= DIGITS_MAX || national.len() < 8 {
        return None;
    }
    let mut number = Number { digits: [b'0'; DIGITS_MAX], len: national.len() + 1, hidden: (0, 0) };
    for (place, (digit, _)) in national.iter().enumerate() {
        number.digits[place + 1] = *digit;
    }
    // `050-1234-5678` and `0501-234-5678` differ in their groups only; the shorter code hides more.
    let code = (2..=4).find(|code| fits(number.digits(), *code))?;
    let personal = number.digits().starts_with(b"050");
    let apart = |code: usize| national[code - 1].1 > national[code - 2].1 + 1;
    let code = if personal && fits(number.digits(), 4) && apart(4) { 4 } else { code };
    number.hidden = (national[code - 1].1, national[national.len() - 4].1);
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_form_reads_as_any_form() {
        for text in
            ["010-1234-5678", "010-0234-0000", "010-0000-0000", "010-1234-567a", "011-1234-5678", "010-12345678-"]
        {
            let parts = |number: Option<Number>| number.map(|n| (n.digits().to_vec(), n.hidden));
            let (common, any) = (parts(common(text.as_bytes())), parts(read_any(text.as_bytes())));
            assert!(common.is_none() || common == any, "{text}");
            assert_eq!(parts(read(text.as_bytes())), any, "{text}");
        }
        assert!(common(b"010-1234-5678").is_some());
    }

    #[test]
    fn whole_values() {
        let rows = [
            ("010-1234-5678", Some("01012345678")),
            ("+82 10-1234-5678", Some("01012345678")),
            ("+82 (0)10-1234-5678", Some("01012345678")),
            ("+82)010.1234.5678", Some("01012345678")),
            ("0082 10 1234 5678", Some("01012345678")),
            ("00700-82-10-1234-5678", Some("01012345678")),
            ("821012345678", Some("01012345678")),
            ("1012345678", Some("01012345678")),
            ("02-123-4567", Some("021234567")),
            ("0505-123-4567", Some("05051234567")),
            ("0502-1234-5678", Some("050212345678")),
            ("070-1234-5678", Some("07012345678")),
            ("010-0234-5678", Some("01002345678")),
            ("010-0000-0000", None),
            ("02-123-4567~8", Some("021234567")),
            ("02-123-4567, 내선 102", Some("021234567")),
            ("02-123-4567 (내선 102)", Some("021234567")),
            ("02-123-4567 ext. 12", Some("021234567")),
            ("02-123-4567#12", Some("021234567")),
            ("02-123-4567~010", Some("021234567")),
            ("02-123-4567, 내선", None),
            ("02-123-4567 내선 1234567", None),
            ("1588-1234", None),
            ("112", None),
            ("+1 415 555 0132", None),
            ("010-1234-567890123456", None),
        ];
        for (text, want) in rows {
            let read = read(text.as_bytes());
            assert_eq!(read.as_ref().map(|number| number.digits()), want.map(str::as_bytes), "{text}");
        }
    }
}
