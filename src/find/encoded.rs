//! Characters that are written as something else: backslash escapes, percent-encoding, HTML entities.

use super::text::WHOLE_BYTES_MAX;
use crate::kind::glyph::{self, Glyph};

/// Which ways of writing were met in each layer that was taken off a text: four bits a layer, the outermost first.
///
/// What stands in a place is written back through all of them, the innermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers(u16);

impl Layers {
    /// Backslash escapes, as in the strings of JSON and of most programs.
    const BACKSLASH: u16 = 1;
    /// `%2D`, as in URLs.
    const PERCENT: u16 = 2;
    /// `&#45;`, as in HTML.
    const ENTITY: u16 = 4;
    /// How many layers there are: the JSON string that the text is, and those below it.
    const COUNT: usize = crate::limits::UNESCAPES_MAX + 1;

    /// None: the text is what it looks like.
    pub(super) const NONE: Self = Self(0);

    /// The text is the inside of a JSON string.
    pub(super) const STRING: Self = Self(Self::BACKSLASH);

    /// One way of writing, in the layer at this depth.
    const fn at(way: u16, depth: usize) -> Self {
        Self(way << (4 * depth))
    }

    /// Both sets together.
    #[must_use]
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The backslash escapes among them.
    pub(super) const fn backslashes(self) -> Self {
        Self(self.0 & 0x1111)
    }

    /// Appends a character as it is written behind all of these layers.
    pub(super) fn write(self, character: char, out: &mut Vec<u8>) {
        let mut written = [0; 4];
        let plain = character.encode_utf8(&mut written).as_bytes();
        if self.0 == 0 || plain.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'_')) {
            out.extend_from_slice(plain);
            return;
        }
        let start = out.len();
        out.extend_from_slice(plain);
        for depth in (0..Self::COUNT).rev() {
            let ways = self.0 >> (4 * depth) & 15;
            // Each leaves nothing that the next would have to write otherwise, so their order in one layer is free.
            if ways & Self::PERCENT != 0 {
                rewrite(out, start, percent);
            }
            if ways & Self::ENTITY != 0 {
                rewrite(out, start, entity);
            }
            if ways & Self::BACKSLASH != 0 {
                rewrite(out, start, backslash);
            }
        }
    }
}

const _: () = assert!(4 * Layers::COUNT <= u16::BITS as usize);

/// Puts for every byte behind `start` what `writes` says of it. Few bytes stand there: one character and its escapes.
fn rewrite(out: &mut Vec<u8>, start: usize, writes: impl Fn(u8, &mut Vec<u8>)) {
    let end = out.len();
    for at in start..end {
        writes(out[at], out);
    }
    out.drain(start..end);
}

fn percent(byte: u8, out: &mut Vec<u8>) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'_' | b'.' | b'~' | b':' | b'/' | b'@') {
        return out.push(byte);
    }
    out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

fn entity(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'&' => out.extend_from_slice(b"&amp;"),
        b'<' => out.extend_from_slice(b"&lt;"),
        b'>' => out.extend_from_slice(b"&gt;"),
        b'"' => out.extend_from_slice(b"&quot;"),
        _ => out.push(byte),
    }
}

fn backslash(byte: u8, out: &mut Vec<u8>) {
    super::escape::escape(&[byte], out);
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A character that stands for some bytes: itself, how many they are, and the way they are written.
pub(super) struct Read {
    pub(super) character: char,
    pub(super) len: usize,
    way: u16,
}

impl Read {
    /// The way, in the layer at this depth.
    pub(super) const fn layers(&self, depth: usize) -> Layers {
        Layers::at(self.way, depth)
    }
}

/// The escape at `at`, a backslash.
pub(super) fn escape(bytes: &[u8], at: usize) -> Option<Read> {
    let character = match bytes.get(at + 1)? {
        b'u' if bytes.get(at + 2) == Some(&b'{') => return braced(bytes, at),
        b'u' => return units(bytes, at, b"\\u", Layers::BACKSLASH),
        b'x' => return pairs(bytes, at, Base::Hex(b"\\x"), Layers::BACKSLASH),
        b'3' => return pairs(bytes, at, Base::Octal, Layers::BACKSLASH),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        _ => return None,
    };
    Some(Read { character, len: 2, way: Layers::BACKSLASH })
}

/// The percent-encoded character at `at`: the pairs of its UTF-8, or `%uAC00` as old browsers write it.
pub(super) fn percent_encoded(bytes: &[u8], at: usize) -> Option<Read> {
    if bytes.get(at + 1) == Some(&b'u') {
        return units(bytes, at, b"%u", Layers::PERCENT);
    }
    pairs(bytes, at, Base::Hex(b"%"), Layers::PERCENT)
}

/// The `+` at `at` as the space that it is in a form's value.
pub(super) fn plus(bytes: &[u8], at: usize) -> Option<Read> {
    joins_digits(bytes, at).then_some(Read { character: ' ', len: 1, way: Layers::PERCENT })
}

/// Whether the `+` at `at` stands between a digit and three more, as in `tel=010+1234+5678`. `12:07:33+09:00` is none.
fn joins_digits(bytes: &[u8], at: usize) -> bool {
    let behind = bytes.get(at + 1..at + 4).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    behind && at > 0 && bytes[at - 1].is_ascii_digit()
}

/// Names of HTML for characters that identifiers are made of, or that stand around them.
const NAMED: [(&[u8], char); 32] = [
    (b"amp", '&'),
    (b"lt", '<'),
    (b"gt", '>'),
    (b"quot", '"'),
    (b"apos", '\''),
    (b"nbsp", '\u{A0}'),
    (b"ensp", '\u{2002}'),
    (b"emsp", '\u{2003}'),
    (b"thinsp", '\u{2009}'),
    (b"Tab", '\t'),
    (b"NewLine", '\n'),
    (b"shy", '\u{AD}'),
    (b"zwnj", '\u{200C}'),
    (b"zwj", '\u{200D}'),
    (b"NoBreak", '\u{2060}'),
    (b"ZeroWidthSpace", '\u{200B}'),
    (b"hyphen", '\u{2010}'),
    (b"dash", '\u{2010}'),
    (b"ndash", '\u{2013}'),
    (b"mdash", '\u{2014}'),
    (b"minus", '\u{2212}'),
    (b"middot", '\u{B7}'),
    (b"commat", '@'),
    (b"period", '.'),
    (b"colon", ':'),
    (b"sol", '/'),
    (b"plus", '+'),
    (b"lpar", '('),
    (b"rpar", ')'),
    (b"lowbar", '_'),
    (b"equals", '='),
    (b"percnt", '%'),
];

/// Longest entity that is read, in bytes: `&ZeroWidthSpace;`.
const ENTITY_BYTES_MAX: usize = 16;

/// The HTML entity at `at`, an ampersand: by number or by name. A query's `&num=1` has no semicolon.
pub(super) fn html_entity(bytes: &[u8], at: usize) -> Option<Read> {
    let rest = &bytes[at + 1..bytes.len().min(at + ENTITY_BYTES_MAX)];
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#')?;
    if rest[end] != b';' {
        return None;
    }
    let character = match &rest[..end] {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some(Read { character, len: end + 2, way: Layers::ENTITY })
}

/// The character whose number these digits are.
fn number(digits: &[u8], radix: u32) -> Option<char> {
    if !(1..=8).contains(&digits.len()) {
        return None;
    }
    let value = digits
        .iter()
        .try_fold(0u32, |value, digit| value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?));
    char::from_u32(value?)
}

/// `\u{d55c}`, as Rust and JavaScript write it.
fn braced(bytes: &[u8], at: usize) -> Option<Read> {
    let rest = &bytes[at + 3..bytes.len().min(at + 10)];
    let end = rest.iter().position(|byte| *byte == b'}')?;
    Some(Read { character: number(&rest[..end], 16)?, len: end + 4, way: Layers::BACKSLASH })
}

/// `\uac00`, or two of them for a character beyond U+FFFF. Half a pair is U+FFFD.
fn units(bytes: &[u8], at: usize, lead: &[u8; 2], way: u16) -> Option<Read> {
    let unit = |at: usize| {
        let escape = bytes.get(at..at + 6)?;
        escape.starts_with(lead).then(|| hex(&escape[2..])).flatten()
    };
    let first = unit(at)?;
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(at + 6)) {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some(Read { character: char::from_u32(code).unwrap_or('\u{FFFD}'), len: 12, way });
    }
    Some(Read { character: char::from_u32(first).unwrap_or('\u{FFFD}'), len: 6, way })
}

/// How a byte is written in digits.
#[derive(Clone, Copy)]
enum Base {
    /// Two hexadecimal digits behind these bytes.
    Hex(&'static [u8]),
    /// Three octal digits behind a backslash. Only bytes beyond ASCII: `C:\300` may be a path, `\355\225\234` is none.
    Octal,
}

/// A character whose UTF-8 bytes are written one by one, and its length.
fn pairs(bytes: &[u8], at: usize, base: Base, way: u16) -> Option<Read> {
    let width = match base {
        Base::Hex(lead) => lead.len() + 2,
        Base::Octal => 4,
    };
    let byte = |place: usize| {
        let start = at + place * width;
        let written = bytes.get(start..start + width)?;
        match base {
            Base::Hex(lead) => written.starts_with(lead).then(|| hex(&written[lead.len()..])).flatten(),
            Base::Octal => (written[0] == b'\\').then(|| octal(&written[1..])).flatten(),
        }
    };
    let first = byte(0)? as u8;
    let mut character = [first, 0, 0, 0];
    let count = match first {
        0..=0x7F => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ if matches!(base, Base::Octal) => return None,
        _ => return Some(Read { character: '\u{FFFD}', len: width, way }),
    };
    for (place, written) in character.iter_mut().enumerate().take(count).skip(1) {
        *written = byte(place).unwrap_or(0) as u8;
    }
    match glyph::decode(&character[..count], 0) {
        (character, len) if len == count => Some(Read { character, len: count * width, way }),
        _ if matches!(base, Base::Octal) => None,
        _ => Some(Read { character: '\u{FFFD}', len: width, way }),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

fn octal(digits: &[u8]) -> Option<u32> {
    let value = digits.iter().try_fold(0, |value, digit| Some(value * 8 + char::from(*digit).to_digit(8)?))?;
    (value < 0x100).then_some(value)
}

/// Whether the sign at `at` may make a text differ from what it looks like. Texts without such a sign need no shadow.
///
/// Signs that prose is full of (dashes, middle dots, list numbers, emoji) count only where they could be part of an
/// identifier or touch one: the shadow of any other text has the same findings.
pub(super) fn unusual(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'\\' => escaped(bytes, at),
        b'%' => percent_encoded(bytes, at).is_some(),
        b'+' => joins_digits(bytes, at),
        b'&' => html_entity(bytes, at).is_some(),
        0x7F => true,
        _ => {
            let (character, len) = glyph::decode(bytes, at);
            match glyph::read(character) {
                Glyph::Same => matches!(character, '\u{1100}'..='\u{11FF}'),
                Glyph::Ascii(b'-' | b'/' | b'.' | b',') => joins(bytes, at, at + len),
                Glyph::Ascii(_) => true,
                Glyph::Gone => !beside_picture(bytes, at),
            }
        }
    }
}

/// Whether the escape at `at` hides something. A new line, tab or slash does where its letter would be read as part of
/// what follows; of two backslashes the second is asked in its turn.
fn escaped(bytes: &[u8], at: usize) -> bool {
    // A short text may be one number and its new line.
    if bytes.len() <= WHOLE_BYTES_MAX {
        return escape(bytes, at).is_some();
    }
    let behind = bytes.get(at + 2).copied().unwrap_or(b' ');
    match bytes.get(at + 1) {
        None | Some(b'\\') => false,
        Some(b'/') => behind.is_ascii_digit(),
        Some(b'n' | b't' | b'r' | b'b' | b'f') => match behind {
            b'0'..=b'9' | b'+' | b'_' | b'.' | b'%' | b'-' | b':' => true,
            b'(' => bytes.get(at + 3).is_some_and(u8::is_ascii_digit),
            b'a'..=b'z' | b'A'..=b'Z' => spells(&bytes[at + 2..]),
            _ => false,
        },
        Some(_) => escape(bytes, at).is_some(),
    }
}

/// Most bytes behind a new line that are asked for an identifier or a value with a label.
const LINE_BYTES: usize = 96;

/// Whether a line that begins with a letter may hold an identifier in its first bytes, or a label that needs its first
/// word. Most lines of a stack trace do not.
fn spells(line: &[u8]) -> bool {
    let (mut digits, mut colons) = (0, 0);
    for byte in line.iter().take(LINE_BYTES) {
        match byte {
            b'0'..=b'9' => digits += 1,
            b':' => colons += 1,
            b'@' | b'%' | 0x80.. => return true,
            b'\\' => break,
            _ => {}
        }
    }
    digits >= 6 || colons > 1
}

/// Whether a dash or dot at `start..end` has something of an identifier on both sides. Spaces pad the signs of numbers
/// only; an address of letters has none.
fn joins(bytes: &[u8], start: usize, end: usize) -> bool {
    let (before, behind) = (&bytes[..start], &bytes[end..]);
    let (near, far) = (before.strip_suffix(b" "), behind.strip_prefix(b" "));
    let padded = near.is_some() || far.is_some();
    let part = |character: char| {
        // Digits of other scripts and invisible characters are unusual themselves, so that only ASCII is asked for.
        character.is_ascii_digit() || (!padded && character.is_ascii_alphabetic())
    };
    let behind = far.unwrap_or(behind);
    last(near.unwrap_or(before)).is_some_and(part) && !behind.is_empty() && part(glyph::decode(behind, 0).0)
}

/// The last character of some bytes.
fn last(bytes: &[u8]) -> Option<char> {
    let start = bytes.iter().rposition(|byte| !(0x80..0xC0).contains(byte))?;
    let (character, len) = glyph::decode(bytes, start);
    Some(if start + len == bytes.len() { character } else { char::REPLACEMENT_CHARACTER })
}

/// Whether an invisible character stands behind a picture, as the joiners and selectors of emoji do, or first of all.
fn beside_picture(bytes: &[u8], at: usize) -> bool {
    last(&bytes[..at]).is_none_or(|before| {
        let picture = matches!(before, '\u{2190}'..='\u{245F}' | '\u{2500}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}');
        // An emoji may have a selector, and then be joined to the next.
        (picture && glyph::read(before) == Glyph::Same) || (before == '\u{FE0F}' && bytes[at] == 0xE2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_written_back() {
        let (json, percent, entity) = (Layers::BACKSLASH, Layers::PERCENT, Layers::ENTITY);
        let rows: [(Layers, char, &str); 10] = [
            (Layers::NONE, '"', "\""),
            (Layers::at(json, 0), '"', "\\\""),
            (Layers::at(json, 0).and(Layers::at(json, 1)), '"', r#"\\\""#),
            (Layers::at(json, 0).and(Layers::at(json, 1)), '*', "*"),
            (Layers::at(percent, 1), ' ', "%20"),
            (Layers::at(percent, 1).and(Layers::at(percent, 2)), '&', "%2526"),
            (Layers::at(percent, 1).and(Layers::at(json, 2)), '"', "%5C%22"),
            (Layers::at(entity, 1), '<', "&lt;"),
            (Layers::at(entity, 1).and(Layers::at(json, 0)), '"', "&quot;"),
            (Layers::at(percent, 1), '한', "%ED%95%9C"),
        ];
        for (layers, character, want) in rows {
            let mut out = b"x".to_vec();
            layers.write(character, &mut out);
            assert_eq!(String::from_utf8_lossy(&out[1..]), want, "{layers:?} {character}");
        }
    }

    #[test]
    fn unusual_texts() {
        let rows = [
            ("010-1234-5678", false),
            ("서울·경기 — 인천", false),
            ("hello — world", false),
            ("2020 — 서울", false),
            ("010–1234–5678", true),
            ("880101 — 1234567", true),
            ("foo‐bar@example.com", true),
            ("하나—둘 1—2", true),
            ("좋아요 ❤\u{FE0F} 👨\u{200D}👩", false),
            ("1\u{FE0F}\u{20E3}", true),
            ("\u{FEFF}hello", false),
            ("주민\u{200B}번호", true),
            ("a=1&num=2&lt=3", false),
            ("a&lt;b", true),
            ("&#48;", true),
            ("100% sure", false),
            ("%uC804", true),
            (r"C:\Users\3com", false),
            (r"\355\225\234", true),
            (r"first line of them\n\tat com.example.Main.run(Main.java:1234)\n\tat x", false),
            (r"8801011234567\n", true),
            (r"C:\\Users\\someone\\a folder with a long name \/api\/v1\/another\/path\/of\/it", false),
            (r"a\n010-0000-1234", true),
            (r"a\nhong@example.com", true),
            (r"a\nTEL 010-0000-1234", true),
            (r"a first line of words that say nothing of anybody, and more\n주민번호", false),
            (r#"{\"a\":1}"#, true),
            (r"10\/Oct\/2026", true),
            (r"\u{d55c}", true),
            ("12:07:33+09:00", false),
            ("ㅋㅋㅋ ㅠㅠ 「인용」 ㈜", false),
        ];
        for (text, want) in rows {
            let found = (0..text.len())
                .filter(|at| text.is_char_boundary(*at))
                .filter(|at| matches!(text.as_bytes()[*at], b'\\' | b'%' | b'+' | b'&' | 0x7F..))
                .any(|at| unusual(text.as_bytes(), at));
            assert_eq!(found, want, "{text}");
        }
    }
}
