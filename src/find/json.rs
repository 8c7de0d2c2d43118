//! Spans of fields in one strict walk over a JSON object; no tree is built.
//!
//! Strict means RFC 8259 with its doubts settled: UTF-8 only, no byte order mark, no duplicate members, paired
//! surrogates only, depth and number of fields bounded. What the walk cannot read fully, the caller refuses.

use crate::find::path::{NodeId, Paths};
use crate::find::scan::Marks;
use crate::limits::{DEPTH_MAX, NODES_MAX};
use crate::record::Span;

/// What a [`Node`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{`, and all up to its `Close`.
    Object,
    /// `[`, and all up to its `Close`.
    Array,
    /// The end of the innermost open object or array.
    Close,
    /// A string; the span is what stands between the quotes.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
}

/// One value (or end of a container) in the order of the record.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// What it is.
    pub shape: Shape,
    /// Whether the string holds a backslash.
    pub escaped: bool,
    /// Whether the member's name is data: reached by `*`, or inside a container that is taken whole.
    pub free_name: bool,
    /// The bytes of the value; of containers, only the opening byte.
    pub span: Span,
    /// The bytes of the member's name between its quotes; empty for elements.
    pub name: Span,
    /// Where in the trie it is; [`NodeId::NONE`] below a container that is taken whole.
    pub place: NodeId,
}

/// Why a walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not JSON.
    Invalid,
    /// JSON that ends too early.
    Truncated,
    /// A value that is not an object.
    NotAnObject,
    /// Deeper than `DEPTH_MAX`.
    TooDeep,
    /// More than `NODES_MAX` values.
    TooMany,
    /// A member stands twice.
    DuplicateKey,
    /// A member is called `garim`, `sealed`, or ends in `_token`.
    ReservedMember,
}

/// What the walk does below a place.
pub trait Guide {
    /// Whether a container at `place` is taken whole: its inside is walked although no path leads there.
    fn takes_whole(&self, place: NodeId) -> bool;
    /// Whether values that no path leads to are noted.
    fn notes_unlisted(&self) -> bool;
}

/// What a walk found, and its working memory.
#[derive(Debug, Default)]
pub struct Walk {
    /// The values, in order, without the outermost braces.
    pub nodes: Vec<Node>,
    /// Values passed over because no path leads to them.
    pub unlisted: u64,
    /// Hash and span of the names of all open objects.
    names: Vec<(u64, Span, bool)>,
    unescaped: Vec<u8>,
    open: Vec<Frame>,
}

/// One open container.
#[derive(Debug, Clone, Copy)]
struct Frame {
    array: bool,
    /// Where the walk stands in the trie.
    place: NodeId,
    /// Whether every value is noted, also those that no path leads to.
    whole: bool,
    /// Whether nothing is noted, only checked.
    passed: bool,
    /// Index in `names` of the first name of this object.
    names_from: u32,
    /// A bit for each name seen, by its hash.
    seen: u64,
}

/// Objects with more members than this are checked for duplicates by sorting when they close.
const LINEAR_NAMES_MAX: usize = 48;

impl Walk {
    /// Walks `text`, one object with nothing but white space around it.
    ///
    /// # Errors
    /// The fault and the byte at which reading ended.
    pub fn object(
        &mut self,
        text: &[u8],
        marks: &Marks,
        paths: &Paths,
        guide: &impl Guide,
    ) -> Result<(), (Fault, usize)> {
        self.nodes.clear();
        self.names.clear();
        self.open.clear();
        self.unlisted = 0;
        let mut at = space(text, 0);
        match text.get(at) {
            Some(b'{') => at += 1,
            Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return Err((Fault::NotAnObject, at)),
            Some(_) => return Err((Fault::Invalid, at)),
            None => return Err((Fault::Truncated, at)),
        }
        let whole = guide.notes_unlisted() || guide.takes_whole(NodeId::ROOT);
        self.open.push(Frame { array: false, place: NodeId::ROOT, whole, passed: false, names_from: 0, seen: 0 });
        let mut fresh = true;
        while let Some(frame) = self.open.last().copied() {
            at = space(text, at);
            let byte = *text.get(at).ok_or((Fault::Truncated, at))?;
            let end = if frame.array { b']' } else { b'}' };
            if byte == end {
                at += 1;
                self.close(text, frame, at)?;
                fresh = false;
                continue;
            }
            if !fresh {
                if byte != b',' {
                    return Err((Fault::Invalid, at));
                }
                at = space(text, at + 1);
            }
            let member = if frame.array {
                let place = if frame.place == NodeId::NONE { NodeId::NONE } else { paths.element(frame.place) };
                Member { place, name: Span::new(0, 0), free: false }
            } else {
                let (member, next) = self.name(text, at, marks, paths, frame)?;
                at = next;
                member
            };
            (at, fresh) = self.value(text, at, marks, guide, frame, member)?;
            if self.nodes.len() > NODES_MAX {
                return Err((Fault::TooMany, at));
            }
        }
        at = space(text, at);
        if at == text.len() { Ok(()) } else { Err((Fault::Invalid, at)) }
    }

    /// Reads a member's name and the colon after it.
    #[inline]
    fn name(
        &mut self,
        text: &[u8],
        at: usize,
        marks: &Marks,
        paths: &Paths,
        frame: Frame,
    ) -> Result<(Member, usize), (Fault, usize)> {
        match text.get(at) {
            Some(b'"') => {}
            Some(_) => return Err((Fault::Invalid, at)),
            None => return Err((Fault::Truncated, at)),
        }
        let (end, escaped) = string_end(text, at + 1, marks)?;
        let span = Span::new(at + 1, end);
        let mut name = span.of(text);
        if escaped {
            self.unescaped.clear();
            unescape(name, &mut self.unescaped);
            name = &self.unescaped;
        }
        if is_reserved(name) {
            return Err((Fault::ReservedMember, at));
        }
        let hash = name_hash(name);
        let (place, by_name) = match frame.place {
            NodeId::NONE => (NodeId::NONE, false),
            place => paths.member(place, name),
        };
        self.note_name(text, hash, span, escaped, at)?;
        let after = space(text, end + 1);
        match text.get(after) {
            Some(b':') => {}
            Some(_) => return Err((Fault::Invalid, after)),
            None => return Err((Fault::Truncated, after)),
        }
        Ok((Member { place, name: span, free: !by_name }, space(text, after + 1)))
    }

    /// Enters a name of the innermost object; refuses one that already stands there.
    #[inline]
    fn note_name(
        &mut self,
        text: &[u8],
        hash: u64,
        span: Span,
        escaped: bool,
        at: usize,
    ) -> Result<(), (Fault, usize)> {
        let frame = self.open.last_mut().expect("a name stands in an open object");
        let bit = 1u64 << (hash >> 58);
        let known = &self.names[frame.names_from as usize..];
        if frame.seen & bit != 0 && known.len() <= LINEAR_NAMES_MAX {
            for (other, other_span, other_escaped) in known {
                if *other == hash && same_name(text, (*other_span, *other_escaped), (span, escaped)) {
                    return Err((Fault::DuplicateKey, at));
                }
            }
        }
        frame.seen |= bit;
        self.names.push((hash, span, escaped));
        if self.names.len() > NODES_MAX {
            return Err((Fault::TooMany, at));
        }
        Ok(())
    }

    /// Reads a value; gives where it ends (of a container: where it begins to hold something) and whether the next
    /// value is the first of its container.
    #[inline]
    fn value(
        &mut self,
        text: &[u8],
        at: usize,
        marks: &Marks,
        guide: &impl Guide,
        frame: Frame,
        member: Member,
    ) -> Result<(usize, bool), (Fault, usize)> {
        let noted = frame.whole || member.place != NodeId::NONE;
        let mut escaped = false;
        let (shape, span, end) = match text.get(at) {
            Some(b'"') => {
                let end;
                (end, escaped) = string_end(text, at + 1, marks)?;
                (Shape::String, Span::new(at + 1, end), end + 1)
            }
            Some(b'{' | b'[') => {
                let array = text[at] == b'[';
                if self.open.len() == DEPTH_MAX {
                    return Err((Fault::TooDeep, at));
                }
                if noted {
                    let shape = if array { Shape::Array } else { Shape::Object };
                    self.nodes.push(Node {
                        shape,
                        escaped: false,
                        free_name: member.free,
                        span: Span::new(at, at + 1),
                        name: member.name,
                        place: member.place,
                    });
                }
                let whole = frame.whole || (noted && guide.takes_whole(member.place));
                let (place, passed, names_from) = (member.place, !noted, self.names.len() as u32);
                self.open.push(Frame { array, place, whole, passed, names_from, seen: 0 });
                return Ok((at + 1, true));
            }
            Some(b't') => (Shape::Bool, Span::new(at, at + 4), word(text, at, b"true")?),
            Some(b'f') => (Shape::Bool, Span::new(at, at + 5), word(text, at, b"false")?),
            Some(b'n') => (Shape::Null, Span::new(at, at + 4), word(text, at, b"null")?),
            Some(b'-' | b'0'..=b'9') => {
                let end = number_end(text, at)?;
                (Shape::Number, Span::new(at, end), end)
            }
            Some(_) => return Err((Fault::Invalid, at)),
            None => return Err((Fault::Truncated, at)),
        };
        if noted {
            let (name, place) = (member.name, member.place);
            self.nodes.push(Node { shape, escaped, free_name: member.free, span, name, place });
        } else {
            self.unlisted += 1;
        }
        Ok((end, false))
    }

    fn close(&mut self, text: &[u8], frame: Frame, at: usize) -> Result<(), (Fault, usize)> {
        self.open.pop();
        let names = &mut self.names[frame.names_from as usize..];
        if names.len() > LINEAR_NAMES_MAX {
            names.sort_unstable_by_key(|(hash, ..)| *hash);
            let twice = |pair: &[(u64, Span, bool)]| {
                pair[0].0 == pair[1].0 && same_name(text, (pair[0].1, pair[0].2), (pair[1].1, pair[1].2))
            };
            if names.windows(2).any(twice) {
                return Err((Fault::DuplicateKey, at - 1));
            }
        }
        self.names.truncate(frame.names_from as usize);
        if !frame.passed && !self.open.is_empty() {
            self.nodes.push(Node {
                shape: Shape::Close,
                escaped: false,
                free_name: false,
                span: Span::new(at - 1, at),
                name: Span::new(0, 0),
                place: NodeId::NONE,
            });
        }
        Ok(())
    }
}

/// Where a value sits in its container.
#[derive(Debug, Clone, Copy)]
struct Member {
    place: NodeId,
    name: Span,
    free: bool,
}

/// Whether a member may not come in: garim writes members of these names itself.
#[inline]
fn is_reserved(name: &[u8]) -> bool {
    match name.last() {
        Some(b'm') => name == b"garim",
        Some(b'd') => name == b"sealed",
        Some(b'n') => name.ends_with(b"_token"),
        _ => false,
    }
}

#[inline]
fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// Where the string that begins at `from` (after its quote) ends, and whether it holds a backslash.
#[inline]
fn string_end(text: &[u8], from: usize, marks: &Marks) -> Result<(usize, bool), (Fault, usize)> {
    let mut at = from;
    let mut escaped = false;
    loop {
        let stop = marks.next_stop(at).ok_or((Fault::Truncated, text.len()))?;
        match text[stop] {
            b'"' => return Ok((stop, escaped)),
            b'\\' => {
                escaped = true;
                at = escape_end(text, stop)?;
            }
            _ => return Err((Fault::Invalid, stop)),
        }
    }
}

/// Where the escape at `at` ends; surrogates count as one escape and must be paired.
fn escape_end(text: &[u8], at: usize) -> Result<usize, (Fault, usize)> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let unit = hex_unit(text, at + 2)?;
            match unit {
                0xd800..0xdc00 => {
                    for (place, expected) in [(at + 6, b'\\'), (at + 7, b'u')] {
                        match text.get(place) {
                            Some(byte) if *byte == expected => {}
                            Some(_) => return Err((Fault::Invalid, place)),
                            None => return Err((Fault::Truncated, place)),
                        }
                    }
                    match hex_unit(text, at + 8)? {
                        0xdc00..0xe000 => Ok(at + 12),
                        _ => Err((Fault::Invalid, at + 6)),
                    }
                }
                0xdc00..0xe000 => Err((Fault::Invalid, at)),
                _ => Ok(at + 6),
            }
        }
        Some(_) => Err((Fault::Invalid, at + 1)),
        None => Err((Fault::Truncated, at + 1)),
    }
}

fn hex_unit(text: &[u8], at: usize) -> Result<u32, (Fault, usize)> {
    let mut unit = 0;
    for place in at..at + 4 {
        let byte = *text.get(place).ok_or((Fault::Truncated, place))?;
        let digit = (byte as char).to_digit(16).ok_or((Fault::Invalid, place))?;
        unit = unit * 16 + digit;
    }
    Ok(unit)
}

#[inline]
fn word(text: &[u8], at: usize, word: &[u8]) -> Result<usize, (Fault, usize)> {
    for (place, byte) in word.iter().enumerate() {
        match text.get(at + place) {
            Some(found) if found == byte => {}
            Some(_) => return Err((Fault::Invalid, at + place)),
            None => return Err((Fault::Truncated, at + place)),
        }
    }
    Ok(at + word.len())
}

/// Where the number at `at` ends: sign, integer without leading zero, fraction, exponent.
#[inline]
fn number_end(text: &[u8], at: usize) -> Result<usize, (Fault, usize)> {
    let digits = |from: usize| -> Result<usize, (Fault, usize)> {
        match text.get(from) {
            Some(b'0'..=b'9') => {}
            Some(_) => return Err((Fault::Invalid, from)),
            None => return Err((Fault::Truncated, from)),
        }
        let mut end = from + 1;
        while let Some(b'0'..=b'9') = text.get(end) {
            end += 1;
        }
        Ok(end)
    };
    let first = if text[at] == b'-' { at + 1 } else { at };
    let mut end = if text.get(first) == Some(&b'0') { first + 1 } else { digits(first)? };
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        end = digits(end + 1 + sign)?;
    }
    Ok(end)
}

/// Appends what the inside of a JSON string stands for. The walk has checked every escape.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let plain = match text.get(at + 1) {
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let mut unit = hex_unit(text, at + 2).unwrap_or(0xfffd);
                at += 6;
                if let 0xd800..0xdc00 = unit {
                    let low = hex_unit(text, at + 2).unwrap_or(0xdc00);
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                    at += 6;
                }
                let mut encoded = [0; 4];
                let char = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(char.encode_utf8(&mut encoded).as_bytes());
                continue;
            }
            Some(byte) => *byte,
            None => b'\\',
        };
        out.push(plain);
        at += 2;
    }
}

/// Appends `text` as the inside of a JSON string.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for (at, byte) in text.iter().enumerate() {
        let short: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => {
                out.extend_from_slice(&text[from..at]);
                out.extend_from_slice(b"\\u00");
                out.push(b'0' + (byte >> 4));
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
                from = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(short);
        from = at + 1;
    }
    out.extend_from_slice(&text[from..]);
}

/// A hash good enough to tell most names apart; equal hashes are compared as names.
#[inline]
fn name_hash(name: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = name.len() as u64;
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
    }
    let mut word = 0;
    for (place, byte) in rest.iter().enumerate() {
        word |= u64::from(*byte) << (8 * place);
    }
    (hash.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER)
}

/// Whether two names are equal once unescaped.
fn same_name(text: &[u8], (a, a_escaped): (Span, bool), (b, b_escaped): (Span, bool)) -> bool {
    if !a_escaped && !b_escaped {
        return a.of(text) == b.of(text);
    }
    let plain = |span: Span| {
        let mut out = Vec::new();
        unescape(span.of(text), &mut out);
        out
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Guide for Nothing {
        fn takes_whole(&self, _: NodeId) -> bool {
            false
        }
        fn notes_unlisted(&self) -> bool {
            true
        }
    }

    fn read(text: &str) -> Result<usize, Fault> {
        let mut marks = Marks::default();
        marks.index(text.as_bytes());
        let paths = Paths::compile(&[vec![Some("a")]]).expect("one path");
        let mut walk = Walk::default();
        walk.object(text.as_bytes(), &marks, &paths, &Nothing).map(|()| walk.nodes.len()).map_err(|(fault, _)| fault)
    }

    #[test]
    fn reads_strictly() {
        let deep = |levels: usize| format!("{}{}", "{\"a\":".repeat(levels) + "1", "}".repeat(levels));
        let many: String = (0..100).map(|n| format!("\"k{n}\":1,")).collect();
        let rows = [
            ("{}", Ok(0)),
            (" { \"a\" : [ 1 , -0.5e+3 , true , null , \"x\\u00e9\\ud83d\\ude00\" ] } \n", Ok(7)),
            ("{\"a\":{\"b\":{}}}", Ok(4)),
            ("", Err(Fault::Truncated)),
            ("[1]", Err(Fault::NotAnObject)),
            ("x", Err(Fault::Invalid)),
            ("\u{feff}{}", Err(Fault::Invalid)),
            ("{\"a\":1", Err(Fault::Truncated)),
            ("{\"a\":tru", Err(Fault::Truncated)),
            ("{\"a\":\"x\\", Err(Fault::Truncated)),
            ("{\"a\":1.}", Err(Fault::Invalid)),
            ("{\"a\":01}", Err(Fault::Invalid)),
            ("{\"a\":+1}", Err(Fault::Invalid)),
            ("{\"a\":1,}", Err(Fault::Invalid)),
            ("{\"a\":[1,]}", Err(Fault::Invalid)),
            ("{\"a\":[,1]}", Err(Fault::Invalid)),
            ("{\"a\" 1}", Err(Fault::Invalid)),
            ("{a:1}", Err(Fault::Invalid)),
            ("{\"a\":1}{}", Err(Fault::Invalid)),
            ("{\"a\":\"\t\"}", Err(Fault::Invalid)),
            ("{\"a\":\"\\x\"}", Err(Fault::Invalid)),
            ("{\"a\":\"\\ud800\"}", Err(Fault::Invalid)),
            ("{\"a\":\"\\udc00\"}", Err(Fault::Invalid)),
            ("{\"a\":\"\\ud800\\u0041\"}", Err(Fault::Invalid)),
            ("{\"a\":1,\"b\":2,\"a\":3}", Err(Fault::DuplicateKey)),
            ("{\"a\":1,\"\\u0061\":3}", Err(Fault::DuplicateKey)),
            ("{\"b\":{\"c\":1,\"c\":1}}", Err(Fault::DuplicateKey)),
            ("{\"garim\":1}", Err(Fault::ReservedMember)),
            ("{\"a\":{\"x_token\":1}}", Err(Fault::ReservedMember)),
            ("{\"a\":{\"se\\u0061led\":1}}", Err(Fault::ReservedMember)),
            (&deep(DEPTH_MAX), Ok(2 * DEPTH_MAX - 1)),
            (&deep(DEPTH_MAX + 1), Err(Fault::TooDeep)),
            (&format!("{{{many}\"z\":1}}"), Ok(101)),
            (&format!("{{{many}\"k7\":1}}"), Err(Fault::DuplicateKey)),
            (&format!("{{\"a\":[{}1]}}", "1,".repeat(NODES_MAX)), Err(Fault::TooMany)),
        ];
        for (text, expected) in rows {
            assert_eq!(read(text), expected, "{}", &text[..text.len().min(60)]);
        }
    }

    #[test]
    fn escapes_both_ways() {
        for plain in ["", "가\"나\\다\n\r\t\u{1}\u{1f}", "plain", "\u{1F600}"] {
            let mut written = Vec::new();
            escape(plain.as_bytes(), &mut written);
            let read: String = serde_json::from_str(&format!("\"{}\"", String::from_utf8_lossy(&written)))
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read, plain);
            let mut back = Vec::new();
            unescape(&written, &mut back);
            assert_eq!(back, plain.as_bytes());
        }
    }
}
