//! The slow road: escaped, encoded or full-width text becomes a plain shadow that knows where each byte came from.
//!
//! Detection runs on the shadow, editing on the original. A shadow byte keeps the range of original bytes it stands
//! for, so that a span found on the shadow covers the escapes and invisible characters inside it, and none beside it.

use super::encoded::{self, Layers};
use crate::kind::glyph::{self, Glyph};
use crate::record::Span;

/// What an invisible character leaves in a shadow: a byte that no identifier contains, so that it parts two of them.
/// [`Shadow::unmarked`] is the other reading, in which it joins.
const MARK: u8 = 0x7F;

/// Where a byte of a shadow came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    start: u32,
    /// How many original bytes stand for its character. Four layers of escapes of at most twelve bytes each, three
    /// letters to a syllable, are less than 2^16.
    len: u16,
    /// How they are written.
    pub(super) layers: Layers,
}

impl Origin {
    /// Of what was not read from the bytes of the text.
    pub(super) const NOWHERE: Self = Self { start: u32::MAX, len: 0, layers: Layers::NONE };

    /// Of bytes that stand for themselves.
    const fn at(start: usize, len: usize) -> Self {
        Self { start: start as u32, len: len as u16, layers: Layers::NONE }
    }

    pub(super) const fn span(self) -> Span {
        Span { start: self.start, end: self.start + self.len as u32 }
    }

    /// The bytes of several that follow one another.
    fn of(origins: &[Self]) -> Self {
        let [first, .., last] = origins else { return origins[0] };
        let len = last.start + u32::from(last.len) - first.start;
        let layers = origins.iter().fold(Layers::NONE, |layers, origin| layers.and(origin.layers));
        Self { start: first.start, len: len as u16, layers }
    }
}

/// Plain text and its origins.
#[derive(Default)]
pub(super) struct Shadow {
    /// The plain bytes; valid UTF-8 where the original is.
    pub(super) bytes: Vec<u8>,
    pub(super) origins: Vec<Origin>,
    /// Whether an invisible character left a mark.
    pub(super) marked: bool,
    /// The layers in which backslash escapes were taken off anywhere: all of the text stands in their strings.
    pub(super) strings: Layers,
    /// Whether a byte stands in it that may begin one more layer.
    layered: bool,
    /// How many layers were taken off.
    depth: usize,
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
        self.strings = Layers::NONE;
        self.layered = false;
        self.depth = 0;
    }

    /// The original bytes of a range of the shadow that is not empty.
    pub(super) fn origin(&self, span: Span) -> Span {
        let first = self.origins[span.start as usize].span();
        let last = self.origins[span.end as usize - 1].span();
        Span { start: first.start, end: last.end }
    }

    /// Writes to `self` what `marked` is without its marks.
    pub(super) fn unmarked(&mut self, marked: &Self) {
        self.clear();
        self.strings = marked.strings;
        for (byte, origin) in marked.bytes.iter().zip(&marked.origins) {
            if *byte != MARK {
                self.bytes.push(*byte);
                self.origins.push(*origin);
            }
        }
    }

    /// Writes the first shadow of a text: characters folded and, if it is the inside of a JSON `string`, its escapes
    /// taken off.
    pub(super) fn begin(&mut self, text: &[u8], string: bool) {
        self.clear();
        if string {
            self.strings = Layers::STRING;
        }
        self.decode(text, None, string, false);
    }

    /// Writes to `self` what `under` is with one more layer of escapes, percent-encoding and entities taken off.
    /// False if there was none.
    pub(super) fn deepen(&mut self, under: &Self) -> bool {
        self.clear();
        self.depth = under.depth + 1;
        self.strings = under.strings;
        under.layered && self.decode(&under.bytes, Some(&under.origins), true, true)
    }

    /// Reads `bytes`, whose origins are `under` or they themselves.
    fn decode(&mut self, bytes: &[u8], under: Option<&[Origin]>, escapes: bool, others: bool) -> bool {
        let origin = |at: usize, len: usize| match under {
            Some(origins) => Origin::of(&origins[at..at + len]),
            None => Origin::at(at, len),
        };
        let mut decoded = false;
        let mut form = Form::default();
        let mut at = 0;
        while at < bytes.len() {
            let end = same_end(bytes, at);
            if at < end {
                self.bytes.extend_from_slice(&bytes[at..end]);
                match under {
                    Some(origins) => self.origins.extend_from_slice(&origins[at..end]),
                    None => self.origins.extend((at..end).map(|at| own(bytes, at))),
                }
                at = end;
                continue;
            }
            let byte = bytes[at];
            let read = match byte {
                b'\\' if escapes => encoded::escape(bytes, at),
                b'%' if others => encoded::percent_encoded(bytes, at),
                b'&' if others => encoded::html_entity(bytes, at),
                b'+' if others && form.holds(bytes, at) => encoded::plus(bytes, at),
                _ => None,
            };
            let (character, len, layers) = match read {
                Some(read) => {
                    decoded = true;
                    let layers = read.layers(self.depth);
                    self.strings = self.strings.and(layers.backslashes());
                    (read.character, read.len, layers)
                }
                None => {
                    let (character, len) = glyph::decode(bytes, at);
                    (character, len, Layers::NONE)
                }
            };
            let origin = origin(at, len);
            self.push(character, Origin { layers: origin.layers.and(layers), ..origin });
            at += len;
        }
        decoded
    }

    fn push(&mut self, character: char, origin: Origin) {
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
                (syllable, Origin::of(&[first, origin]))
            }
            None => (character, origin),
        };
        self.layered |= matches!(character, '\\' | '%' | '+' | '&');
        self.marked |= character == MARK as char;
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
        glyph::join(std::str::from_utf8(&self.bytes[start..]).ok()?.chars().next()?, character)
    }
}

/// Whether a place of a text is in the value of a form, behind a `=` of its word, where `+` means a space. It is asked
/// for rising places.
#[derive(Default)]
struct Form {
    value: bool,
    /// What was read for that.
    to: usize,
}

impl Form {
    fn holds(&mut self, bytes: &[u8], at: usize) -> bool {
        for byte in &bytes[self.to..at] {
            self.value = match byte {
                b'=' => true,
                b' ' | b'"' | b'\'' | b',' | b'\n' | b'{' => false,
                _ => self.value,
            };
        }
        self.to = at;
        self.value
    }
}

/// ASCII that is nothing else, neither here nor a layer deeper.
const SAME: [bool; 256] = {
    let mut same = [false; 256];
    let mut byte = 0;
    while byte < 0x7F {
        same[byte] = !matches!(byte as u8, b'\\' | b'%' | b'&' | b'+');
        byte += 1;
    }
    same
};

/// The end of the bytes from `at` on that nothing folds: ASCII, and syllables of Hangul. A final consonant behind them
/// finds the syllable that it changes in the shadow.
fn same_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        if SAME[*byte as usize] {
            at += 1;
        } else if matches!(
            bytes[at..],
            [0xEB | 0xEC, 0x80..=0xBF, 0x80..=0xBF, ..] | [0xEA, 0xB0..=0xBF, 0x80..=0xBF, ..]
        ) {
            at += 3;
        } else {
            break;
        }
    }
    at
}

/// The origin of a byte that nothing folds: its own character, of one byte or of three.
fn own(bytes: &[u8], at: usize) -> Origin {
    match bytes[at] {
        0..0x80 => Origin::at(at, 1),
        0xC0.. => Origin::at(at, 3),
        _ if bytes[at - 1] >= 0xC0 => Origin::at(at - 1, 3),
        _ => Origin::at(at - 2, 3),
    }
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
            ("&#48;&#x31;&hyphen;2&amp;#51;", false, "&#48;&#x31;&hyphen;2&amp;#51;", Some("01-2&#51;")),
            ("a&num=1;b &copy; &#1114112;", false, "a&num=1;b &copy; &#1114112;", None),
            (r"\u{d55c}\355\225\234 \300x", false, r"\u{d55c}\355\225\234 \300x", Some(r"한한 \300x")),
            ("%uC804%ud654", false, "%uC804%ud654", Some("전화")),
            ("1\u{FE0F}\u{20E3}2", false, "1\u{7F}\u{7F}2", None),
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
