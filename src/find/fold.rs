//! The slow road: escaped, encoded or full-width text becomes a plain shadow that knows where each byte came from.
//!
//! Detection runs on the shadow, editing on the original. A shadow byte keeps the range of original bytes it stands
//! for, so that a span found on the shadow covers the escapes and invisible characters inside it, and none beside it.

use crate::kind::glyph::{self, Glyph};
use crate::record::Span;

/// What an invisible character leaves in a shadow: a byte that no identifier contains, so that it parts two of them.
/// [`Shadow::unmarked`] is the other reading, in which it joins.
const MARK: u8 = 0x7F;

/// Plain text and its origins.
#[derive(Default)]
pub(super) struct Shadow {
    /// The plain bytes; valid UTF-8 where the original is.
    pub(super) bytes: Vec<u8>,
    origins: Vec<Span>,
    /// Whether an invisible character left a mark.
    pub(super) marked: bool,
    /// Whether a byte stands in it that may begin one more layer.
    layered: bool,
}

impl std::fmt::Debug for Shadow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shadow({} bytes)", self.bytes.len())
    }
}

impl Shadow {
    fn clear(&mut self) {
        self.bytes.clear();
        self.origins.clear();
        self.marked = false;
        self.layered = false;
    }

    /// The original bytes of a range of the shadow that is not empty.
    pub(super) fn origin(&self, span: Span) -> Span {
        let first = self.origins[span.start as usize];
        let last = self.origins[span.end as usize - 1];
        Span { start: first.start, end: last.end }
    }

    /// Writes to `self` what `marked` is without its marks.
    pub(super) fn unmarked(&mut self, marked: &Self) {
        self.clear();
        for (byte, origin) in marked.bytes.iter().zip(&marked.origins) {
            if *byte != MARK {
                self.bytes.push(*byte);
                self.origins.push(*origin);
            }
        }
    }

    /// Writes the first shadow of a text: characters folded and, with `escapes`, one layer of JSON escapes taken off.
    pub(super) fn begin(&mut self, text: &[u8], escapes: bool) {
        self.decode(text, |at, len| Span::new(at, at + len), escapes, false);
    }

    /// Writes to `self` what `under` is with one more layer of escapes and of percent-encoding taken off.
    /// False if there was none.
    pub(super) fn deepen(&mut self, under: &Self) -> bool {
        let origin = |at: usize, len: usize| under.origin(Span::new(at, at + len));
        under.layered && self.decode(&under.bytes, origin, true, true)
    }

    fn decode(&mut self, bytes: &[u8], origin: impl Fn(usize, usize) -> Span, escapes: bool, percent: bool) -> bool {
        self.clear();
        let mut decoded = false;
        // Whether the text stands behind a `=` of its word, where `+` may mean a space.
        let mut value = false;
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            let taken = match byte {
                b'\\' if escapes => escape(bytes, at),
                b'%' if percent => encoded(bytes, at, b"%"),
                b'+' if percent && value && joins_digits(bytes, at) => Some((' ', 1)),
                _ => None,
            };
            if let Some((character, len)) = taken {
                decoded = true;
                self.push(character, origin(at, len));
                at += len;
            } else if byte < 0x80 {
                value = byte == b'=' || (value && !matches!(byte, b' ' | b'"' | b'\'' | b',' | b'\n' | b'{'));
                self.bytes.push(byte);
                self.origins.push(origin(at, 1));
                self.marked |= byte == MARK;
                self.layered |= matches!(byte, b'\\' | b'%' | b'+');
                at += 1;
            } else {
                let (character, len) = glyph::decode(bytes, at);
                self.push(character, origin(at, len));
                at += len;
            }
        }
        decoded
    }

    fn push(&mut self, character: char, origin: Span) {
        let character = match glyph::read(character) {
            Glyph::Same => character,
            Glyph::Ascii(byte) => byte as char,
            Glyph::Gone => {
                self.marked = true;
                MARK as char
            }
        };
        let (character, origin) = match self.composed(character) {
            Some(syllable) => {
                let first = self.origins[self.origins.len() - 3];
                self.bytes.truncate(self.bytes.len() - 3);
                self.origins.truncate(self.origins.len() - 3);
                (syllable, Span { start: first.start, end: origin.end })
            }
            None => (character, origin),
        };
        self.layered |= matches!(character, '\\' | '%' | '+');
        let mut written = [0; 4];
        let plain = character.encode_utf8(&mut written).as_bytes();
        self.bytes.extend_from_slice(plain);
        self.origins.extend(std::iter::repeat_n(origin, plain.len()));
    }

    /// The syllable that a vowel or final consonant makes with the character before it: labels typed on a Mac arrive
    /// as loose letters (NFD).
    fn composed(&self, character: char) -> Option<char> {
        let code = character as u32;
        if !matches!(code, 0x1161..=0x1175 | 0x11A8..=0x11C2) {
            return None;
        }
        let start = self.bytes.len().checked_sub(3)?;
        let before = std::str::from_utf8(&self.bytes[start..]).ok()?.chars().next()? as u32;
        let syllable = match (before, code) {
            (0x1100..=0x1112, 0x1161..=0x1175) => 0xAC00 + ((before - 0x1100) * 21 + (code - 0x1161)) * 28,
            (0xAC00..=0xD7A3, 0x11A8..=0x11C2) if (before - 0xAC00).is_multiple_of(28) => before + (code - 0x11A7),
            _ => return None,
        };
        char::from_u32(syllable)
    }
}

/// Whether the `+` at `at` stands between a digit and three more, as in `tel=010+1234+5678`. `12:07:33+09:00` is none.
pub(super) fn joins_digits(bytes: &[u8], at: usize) -> bool {
    let behind = bytes.get(at + 1..at + 4).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    behind && at > 0 && bytes[at - 1].is_ascii_digit()
}

/// The character that the escape at `at` (a backslash) stands for, and the length of the escape.
fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let character = match bytes.get(at + 1)? {
        b'u' => return unicode(bytes, at),
        b'x' => return encoded(bytes, at, b"\\x"),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        _ => return None,
    };
    Some((character, 2))
}

/// `\uXXXX`, or two of them for a character beyond U+FFFF. Half a pair is U+FFFD.
fn unicode(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let escape = bytes.get(at..at + 6)?;
        escape.starts_with(b"\\u").then(|| hex(&escape[2..])).flatten()
    };
    let first = unit(at)?;
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(at + 6)) {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(code).unwrap_or('\u{FFFD}'), 12));
    }
    Some((char::from_u32(first).unwrap_or('\u{FFFD}'), 6))
}

/// A character whose UTF-8 bytes are written as hexadecimal pairs, each after `lead` (`%` or `\x`), and its length.
fn encoded(bytes: &[u8], at: usize, lead: &[u8]) -> Option<(char, usize)> {
    let width = lead.len() + 2;
    let pair = |place: usize| {
        let start = at + place * width;
        let written = bytes.get(start..start + width)?;
        written.starts_with(lead).then(|| hex(&written[lead.len()..])).flatten()
    };
    let first = pair(0)? as u8;
    let mut character = [first, 0, 0, 0];
    let count = match first {
        0..=0x7F => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Some(('\u{FFFD}', width)),
    };
    for (place, byte) in character.iter_mut().enumerate().take(count).skip(1) {
        *byte = pair(place).unwrap_or(0) as u8;
    }
    match glyph::decode(&character[..count], 0) {
        (character, len) if len == count => Some((character, count * width)),
        _ => Some(('\u{FFFD}', width)),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shadows() {
        // text, JSON escapes, shadow, one layer deeper
        let rows = [
            ("０１０－１２", false, "010-12", None),
            (r"02\u002d45", true, "02-45", None),
            (r"02\u002d45", false, r"02\u002d45", Some("02-45")),
            (r#"{\"a\":\"1\\u002d2\"}"#, true, r#"{"a":"1\u002d2"}"#, Some(r#"{"a":"1-2"}"#)),
            ("%2B82%20%ED%95%9C", false, "%2B82%20%ED%95%9C", Some("+82 한")),
            ("%252D", false, "%252D", Some("%2D")),
            (r"\xED\x95\x9C", false, r"\xED\x95\x9C", Some("한")),
            ("a=010+123 0+100", false, "a=010+123 0+100", Some("a=010 123 0+100")),
            (r"\ud83d\ude00 \ud83d", true, "😀 \u{FFFD}", None),
            ("\u{110C}\u{116E}\u{1106}\u{1175}\u{11AB}", false, "주민", None),
            ("1\u{200B}2", false, "1\u{7F}2", None),
            (r"C:\dir 100% %zz", false, r"C:\dir 100% %zz", None),
        ];
        for (text, escapes, plain, deeper) in rows {
            let (mut shadow, mut below) = (Shadow::default(), Shadow::default());
            shadow.begin(text.as_bytes(), escapes);
            assert_eq!(String::from_utf8_lossy(&shadow.bytes), plain, "{text}");
            let changed = below.deepen(&shadow);
            assert_eq!(
                changed.then(|| String::from_utf8_lossy(&below.bytes).into_owned()).as_deref(),
                deeper,
                "{text}"
            );
        }
    }

    #[test]
    fn origins_cover_escapes() {
        let mut shadow = Shadow::default();
        shadow.begin(r"a\u002d５z".as_bytes(), true);
        assert_eq!(shadow.bytes, b"a-5z");
        assert_eq!(shadow.origin(Span::new(1, 3)), Span::new(1, 10));
    }
}
