//! What a character means inside an identifier: a digit, a dash, a space, nothing at all, or itself.

/// The meaning of one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// Itself.
    Same,
    /// The ASCII character that it is another drawing of.
    Ascii(u8),
    /// Nothing: it cannot be seen.
    Gone,
}

/// The zeros of Unicode's decimal digits (general category Nd); each is followed by its one to nine.
const ZEROS: [u32; 66] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50,
    0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950,
    0x1FBF0,
];

/// Reads one character: full-width forms, other scripts' and circled digits, dashes, spaces, invisible characters.
pub fn read(character: char) -> Glyph {
    let code = character as u32;
    match code {
        0..=0x9F => Glyph::Same,
        0xFF01..=0xFF5E => Glyph::Ascii((code - 0xFEE0) as u8),
        0xAC00..=0xD7A3 | 0x4E00..=0x9FFF => Glyph::Same,
        // Hyphens, dashes, minus, and what stands in for them: middle dots and bullets, lines of tables, the long marks of
        // Japanese, the vowel ㅡ, which Korean keyboards have.
        0x2010..=0x2015 | 0x2027 | 0x2043 | 0x2212 | 0x2E3A | 0x2E3B | 0xFE31 | 0xFE32 | 0xFE58 | 0xFE63 | 0x02D7 => {
            Glyph::Ascii(b'-')
        }
        0x00B7 | 0x0387 | 0x2022 | 0x2219 | 0x22C5 | 0x30FB | 0x318D | 0xFF65 => Glyph::Ascii(b'-'),
        0x2500 | 0x2501 | 0x30FC | 0xFF70 | 0x3161 | 0xFFDA => Glyph::Ascii(b'-'),
        0x2044 | 0x2215 => Glyph::Ascii(b'/'),
        0x3002 | 0xFF61 | 0x2024 | 0xFE52 => Glyph::Ascii(b'.'),
        0x2236 | 0xA789 | 0xFE55 => Glyph::Ascii(b':'),
        0xFE59 => Glyph::Ascii(b'('),
        0xFE5A => Glyph::Ascii(b')'),
        0xFE62 => Glyph::Ascii(b'+'),
        0xFE6B => Glyph::Ascii(b'@'),
        0x00A0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Glyph::Ascii(b' '),
        // Zero widths, directions, soft hyphen, Hangul fillers, variation selectors, the keycap.
        0x00AD | 0x061C | 0x180B..=0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x20E3 | 0xFEFF => {
            Glyph::Gone
        }
        0x034F | 0x115F | 0x1160 | 0x3164 | 0xFFA0 | 0xFE00..=0xFE0F | 0xE0000..=0xE0FFF => Glyph::Gone,
        0x24EA | 0x24FF | 0x1F10B | 0x1F10C => Glyph::Ascii(b'0'),
        0x2460..=0x2468 => digit(code - 0x245F),
        0x24F5..=0x24FD => digit(code - 0x24F4),
        0x2776..=0x277E => digit(code - 0x2775),
        0x2780..=0x2788 => digit(code - 0x277F),
        0x278A..=0x2792 => digit(code - 0x2789),
        _ => {
            let zero = ZEROS.partition_point(|zero| *zero <= code);
            match zero.checked_sub(1).map(|at| code - ZEROS[at]) {
                Some(value @ 0..=9) => digit(value),
                _ => Glyph::Same,
            }
        }
    }
}

fn digit(value: u32) -> Glyph {
    Glyph::Ascii(b'0' + value as u8)
}

/// The syllable that a vowel or final consonant makes with the character before it: what is typed on a Mac arrives as
/// loose letters (NFD).
pub fn join(before: char, next: char) -> Option<char> {
    let (before, next) = (before as u32, next as u32);
    let syllable = match (before, next) {
        (0x1100..=0x1112, 0x1161..=0x1175) => 0xAC00 + ((before - 0x1100) * 21 + (next - 0x1161)) * 28,
        (0xAC00..=0xD7A3, 0x11A8..=0x11C2) if (before - 0xAC00).is_multiple_of(28) => before + (next - 0x11A7),
        _ => return None,
    };
    char::from_u32(syllable)
}

/// The characters of `text`, with loose letters of Hangul joined to syllables.
pub fn composed(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        let mut character = rest.next()?;
        while let Some(joined) = rest.peek().and_then(|next| join(character, *next)) {
            character = joined;
            rest.next();
        }
        Some(character)
    })
}

/// The character at byte `at` and its length in bytes; U+FFFD and 1 where the bytes are no UTF-8.
pub fn decode(bytes: &[u8], at: usize) -> (char, usize) {
    let length = match bytes[at] {
        0..=0x7F => return (bytes[at] as char, 1),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return ('\u{FFFD}', 1),
    };
    let whole = bytes.get(at..at + length).and_then(|part| std::str::from_utf8(part).ok());
    match whole.and_then(|part| part.chars().next()) {
        Some(character) => (character, length),
        None => ('\u{FFFD}', 1),
    }
}

/// Longest single value that is folded, in bytes: an e-mail address has at most 254, and no other kind more.
pub const VALUE_BYTES_MAX: usize = 320;

/// One value with its characters folded to ASCII, and where each came from.
#[derive(Debug)]
pub struct Folded {
    bytes: [u8; VALUE_BYTES_MAX],
    from: [u16; VALUE_BYTES_MAX],
    len: usize,
}

impl Folded {
    /// Folds `text`; characters that cannot be seen are left out. `None` if it is too long for any kind.
    pub fn new(text: &str) -> Option<Self> {
        if text.len() > VALUE_BYTES_MAX {
            return None;
        }
        let mut folded = Self { bytes: [0; VALUE_BYTES_MAX], from: [0; VALUE_BYTES_MAX], len: 0 };
        for (at, character) in text.char_indices() {
            let mut written = [0; 4];
            let plain: &[u8] = match read(character) {
                Glyph::Gone => continue,
                Glyph::Ascii(byte) => {
                    written[0] = byte;
                    &written[..1]
                }
                Glyph::Same => character.encode_utf8(&mut written).as_bytes(),
            };
            for (more, byte) in plain.iter().enumerate() {
                folded.bytes[folded.len] = *byte;
                // Only the first byte of a character that stays itself may be cut at.
                folded.from[folded.len] = (at + if plain.len() > 1 { more } else { 0 }) as u16;
                folded.len += 1;
            }
        }
        Some(folded)
    }

    /// The folded bytes, valid UTF-8.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Replaces every `*` by a digit, so that a masked value has the shape of a clear one: `fill` gets how many digits
    /// and stars stand before it.
    pub fn unstar(&mut self, fill: impl Fn(usize) -> u8) {
        let mut before = 0;
        for byte in &mut self.bytes[..self.len] {
            if *byte == b'*' {
                *byte = fill(before);
            }
            before += usize::from(byte.is_ascii_digit());
        }
    }

    /// The byte of the original text where folded byte `at` (or the end) came from.
    pub fn origin(&self, at: usize, text: &str) -> usize {
        if at < self.len { usize::from(self.from[at]) } else { text.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_read() {
        let rows = [
            ('0', Glyph::Same),
            ('가', Glyph::Same),
            ('é', Glyph::Same),
            ('０', Glyph::Ascii(b'0')),
            ('－', Glyph::Ascii(b'-')),
            ('＠', Glyph::Ascii(b'@')),
            ('—', Glyph::Ascii(b'-')),
            ('·', Glyph::Ascii(b'-')),
            ('ㆍ', Glyph::Ascii(b'-')),
            ('ㅡ', Glyph::Ascii(b'-')),
            ('ㅠ', Glyph::Same),
            ('─', Glyph::Ascii(b'-')),
            ('〜', Glyph::Same),
            ('⁄', Glyph::Ascii(b'/')),
            ('﹫', Glyph::Ascii(b'@')),
            ('\u{3000}', Glyph::Ascii(b' ')),
            ('\u{200B}', Glyph::Gone),
            ('\u{3164}', Glyph::Gone),
            ('٣', Glyph::Ascii(b'3')),
            ('९', Glyph::Ascii(b'9')),
            ('๙', Glyph::Ascii(b'9')),
            ('⓪', Glyph::Ascii(b'0')),
            ('➈', Glyph::Ascii(b'9')),
            ('𝟗', Glyph::Ascii(b'9')),
            ('🯹', Glyph::Ascii(b'9')),
            ('\u{E0021}', Glyph::Gone),
            ('¹', Glyph::Same),
        ];
        for (character, want) in rows {
            assert_eq!(read(character), want, "{character:?}");
        }
        assert!(ZEROS.is_sorted());
    }

    #[test]
    fn loose_letters_are_joined() {
        for (text, want) in [
            ("\u{1112}\u{1169}\u{11BC}\u{1100}\u{1175}\u{11AF}", "홍길"),
            ("\u{1112}\u{1161}\u{1102}\u{1161}", "하나"),
            ("홍길동 a", "홍길동 a"),
            ("\u{1161}\u{11A8}", "\u{1161}\u{11A8}"),
        ] {
            assert_eq!(composed(text).collect::<String>(), want, "{text:?}");
        }
    }
}
