//! Spans of fields in one strict walk over a JSON object; no tree is built.
//!
//! Strict means RFC 8259 with its doubts settled: UTF-8 only, no byte order mark, no duplicate members, paired
//! surrogates only, depth and number of fields bounded. What the walk cannot read fully, the caller refuses.

use std::cmp::Ordering;

use super::escape::unescape;
use super::reader::Reader;
use crate::find::path::{Lead, NameKey, NodeId, Paths};
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
#[derive(Default)]
pub struct Walk {
    /// The values, in order, without the outermost braces.
    pub nodes: Vec<Node>,
    /// Values passed over because no path leads to them.
    pub unlisted: u64,
    /// The names of all open objects that the policy does not know.
    names: Vec<Name>,
    unescaped: Vec<u8>,
    /// By place of a member: which member of its object came next, the last time. Records of one service look alike,
    /// so this nearly always saves the look into the trie's tables.
    followers: Vec<u16>,
    /// The containers around the innermost one.
    around: Vec<Frame>,
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Walk({} nodes)", self.nodes.len())
    }
}

/// One member's name, as duplicates are told by it.
#[derive(Debug, Clone, Copy)]
struct Name {
    hash: u64,
    span: Span,
    escaped: bool,
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
    /// The place of the member before, if the policy knows it; else of the object.
    latest: NodeId,
    /// Index in `names` of the first name of this object that the policy does not know.
    names_from: u32,
    /// A bit for each name that the policy knows here and that was seen.
    known: u64,
    /// A bit for each other name seen, by its hash.
    seen: u64,
}

/// Where a value sits in its container.
#[derive(Debug, Clone, Copy)]
struct Member {
    place: NodeId,
    name: Span,
    free: bool,
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
        self.around.clear();
        self.followers.resize(paths.node_count(), 0);
        self.unlisted = 0;
        let mut reader = Reader { text, marks, at: 0 };
        self.walk(&mut reader, paths, guide).map_err(|fault| (fault, reader.at))
    }

    fn walk(&mut self, reader: &mut Reader<'_>, paths: &Paths, guide: &impl Guide) -> Result<(), Fault> {
        match reader.next()? {
            b'{' => reader.at += 1,
            b'[' | b'"' | b'-' | b'0'..=b'9' => return Err(Fault::NotAnObject),
            _ => {
                let rest = reader.text[reader.at..].trim_ascii();
                let word = matches!(rest, b"true" | b"false" | b"null");
                return Err(if word { Fault::NotAnObject } else { Fault::Invalid });
            }
        }
        let whole = guide.notes_unlisted() || guide.takes_whole(NodeId::ROOT);
        let mut frame = Frame {
            array: false,
            place: NodeId::ROOT,
            latest: NodeId::ROOT,
            whole,
            passed: false,
            names_from: 0,
            known: 0,
            seen: 0,
        };
        let mut first = true;
        loop {
            let byte = reader.next()?;
            if byte == if frame.array { b']' } else { b'}' } {
                self.close(reader, &frame)?;
                reader.at += 1;
                match self.around.pop() {
                    Some(outer) => frame = outer,
                    None => break,
                }
                first = false;
                continue;
            }
            if !first {
                if byte != b',' {
                    return Err(Fault::Invalid);
                }
                reader.at += 1;
            }
            first = false;
            let member = if frame.array {
                let place = if frame.place == NodeId::NONE { NodeId::NONE } else { paths.element(frame.place) };
                Member { place, name: Span::new(0, 0), free: false }
            } else {
                self.name(reader, paths, &mut frame)?
            };
            if matches!(reader.next()?, b'{' | b'[') {
                self.open(reader, guide, &mut frame, member)?;
                first = true;
            } else {
                self.scalar(reader, &frame, member)?;
            }
        }
        reader.skip_space();
        if reader.at == reader.text.len() { Ok(()) } else { Err(Fault::Invalid) }
    }

    /// Reads a member's name and the colon after it.
    #[inline(always)]
    fn name(&mut self, reader: &mut Reader<'_>, paths: &Paths, frame: &mut Frame) -> Result<Member, Fault> {
        if reader.next()? != b'"' {
            return Err(Fault::Invalid);
        }
        let start = reader.at + 1;
        let escaped = reader.string()?;
        let span = Span::new(start, reader.at - 1);
        let Lead { node, child } = if escaped {
            self.unusual_name(reader.text, span, paths, frame)?
        } else {
            let key = NameKey::of(reader.text, start, span.len());
            let guess = self.followers.get_mut(frame.latest.index());
            let lead = match guess {
                Some(guess) if frame.place != NodeId::NONE => {
                    match paths.guessed(frame.place, *guess, &key, reader.text, span) {
                        Some(lead) => lead,
                        None => {
                            let lead = paths.lead(frame.place, &key, span.of(reader.text));
                            *guess = lead.child.unwrap_or(*guess);
                            lead
                        }
                    }
                }
                _ => lead_of(paths, frame, &key, span.of(reader.text)),
            };
            if lead.child.is_none() && is_reserved(span.of(reader.text)) {
                return Err(Fault::ReservedMember);
            }
            self.note_name(reader.text, frame, lead, Name { hash: key.hash(), span, escaped })?;
            lead
        };
        if child.is_some() {
            frame.latest = node;
        }
        if reader.next()? != b':' {
            return Err(Fault::Invalid);
        }
        reader.at += 1;
        Ok(Member { place: node, name: span, free: child.is_none() })
    }

    /// As [`Self::name`], for a name with escapes.
    #[inline(never)]
    fn unusual_name(&mut self, text: &[u8], span: Span, paths: &Paths, frame: &mut Frame) -> Result<Lead, Fault> {
        self.unescaped.clear();
        unescape(span.of(text), &mut self.unescaped);
        let key = NameKey::of(&self.unescaped, 0, self.unescaped.len());
        let lead = lead_of(paths, frame, &key, &self.unescaped);
        if lead.child.is_none() && is_reserved(&self.unescaped) {
            return Err(Fault::ReservedMember);
        }
        self.note_name(text, frame, lead, Name { hash: key.hash(), span, escaped: true })?;
        Ok(lead)
    }

    /// Notes a name of the innermost object; refuses one that is there already.
    ///
    /// The names that the policy knows have a bit each. The others are told by hash, then compared.
    #[inline(always)]
    fn note_name(&mut self, text: &[u8], frame: &mut Frame, lead: Lead, name: Name) -> Result<(), Fault> {
        if let Some(child @ 0..64) = lead.child {
            let bit = 1u64 << child;
            if frame.known & bit != 0 {
                return Err(Fault::DuplicateKey);
            }
            frame.known |= bit;
            return Ok(());
        }
        let bit = 1u64 << (name.hash >> 58);
        if frame.seen & bit != 0 {
            self.check_twin(text, frame, name)?;
        }
        frame.seen |= bit;
        self.names.push(name);
        if self.names.len() > NODES_MAX {
            return Err(Fault::TooMany);
        }
        Ok(())
    }

    /// Refuses a name that the innermost object has already; of large objects, `close` looks at all names at once.
    #[inline(never)]
    fn check_twin(&self, text: &[u8], frame: &Frame, name: Name) -> Result<(), Fault> {
        let known = &self.names[frame.names_from as usize..];
        if known.len() <= LINEAR_NAMES_MAX
            && known.iter().any(|other| order_names(text, *other, name) == Ordering::Equal)
        {
            return Err(Fault::DuplicateKey);
        }
        Ok(())
    }

    /// Enters an array or object, which becomes the innermost one.
    fn open(
        &mut self,
        reader: &mut Reader<'_>,
        guide: &impl Guide,
        frame: &mut Frame,
        member: Member,
    ) -> Result<(), Fault> {
        let array = reader.text[reader.at] == b'[';
        if self.around.len() + 1 == DEPTH_MAX {
            return Err(Fault::TooDeep);
        }
        let noted = frame.whole || member.place != NodeId::NONE;
        if noted {
            self.note(Node {
                shape: if array { Shape::Array } else { Shape::Object },
                escaped: false,
                free_name: member.free,
                span: Span::new(reader.at, reader.at + 1),
                name: member.name,
                place: member.place,
            })?;
        }
        let whole = frame.whole || (noted && guide.takes_whole(member.place));
        let (place, passed, names_from) = (member.place, !noted, self.names.len() as u32);
        self.around.push(*frame);
        *frame = Frame { array, place, latest: place, whole, passed, names_from, known: 0, seen: 0 };
        reader.at += 1;
        Ok(())
    }

    /// Reads a string, number or word.
    #[inline(always)]
    fn scalar(&mut self, reader: &mut Reader<'_>, frame: &Frame, member: Member) -> Result<(), Fault> {
        let mut start = reader.at;
        let mut escaped = false;
        let mut end = None;
        let shape = match reader.text[start] {
            b'"' => {
                start += 1;
                escaped = reader.string()?;
                end = Some(reader.at - 1);
                Shape::String
            }
            b't' => reader.word(b"true", Shape::Bool)?,
            b'f' => reader.word(b"false", Shape::Bool)?,
            b'n' => reader.word(b"null", Shape::Null)?,
            b'-' | b'0'..=b'9' => reader.number()?,
            _ => return Err(Fault::Invalid),
        };
        if !frame.whole && member.place == NodeId::NONE {
            self.unlisted += 1;
            return Ok(());
        }
        let span = Span::new(start, end.unwrap_or(reader.at));
        let (name, place) = (member.name, member.place);
        self.note(Node { shape, escaped, free_name: member.free, span, name, place })
    }

    #[inline(always)]
    fn note(&mut self, node: Node) -> Result<(), Fault> {
        if self.nodes.len() == NODES_MAX {
            return Err(Fault::TooMany);
        }
        self.nodes.push(node);
        Ok(())
    }

    /// Leaves the innermost container, of which the end is at `reader.at`.
    fn close(&mut self, reader: &Reader<'_>, frame: &Frame) -> Result<(), Fault> {
        let names = &mut self.names[frame.names_from as usize..];
        if names.len() > LINEAR_NAMES_MAX {
            // Equal hashes are put in the order of their names: a twin could hide behind a third of the same hash.
            names.sort_unstable_by(|a, b| order_names(reader.text, *a, *b));
            if names.windows(2).any(|pair| order_names(reader.text, pair[0], pair[1]) == Ordering::Equal) {
                return Err(Fault::DuplicateKey);
            }
        }
        self.names.truncate(frame.names_from as usize);
        if frame.passed || self.around.is_empty() {
            return Ok(());
        }
        self.note(Node {
            shape: Shape::Close,
            escaped: false,
            free_name: false,
            span: Span::new(reader.at, reader.at + 1),
            name: Span::new(0, 0),
            place: NodeId::NONE,
        })
    }
}

/// Where a member leads.
#[inline(always)]
fn lead_of(paths: &Paths, frame: &Frame, key: &NameKey, name: &[u8]) -> Lead {
    match frame.place {
        NodeId::NONE => Lead { node: NodeId::NONE, child: None },
        place => paths.lead(place, key, name),
    }
}

/// Whether a member may not come in: garim writes members of these names itself.
#[inline]
pub fn is_reserved(name: &[u8]) -> bool {
    match name.last() {
        Some(b'm') => name == b"garim",
        Some(b'd') => name == b"sealed",
        Some(b'n') => name.ends_with(b"_token"),
        _ => false,
    }
}

/// The order of two names: by hash, then as they are once unescaped.
fn order_names(text: &[u8], a: Name, b: Name) -> Ordering {
    a.hash.cmp(&b.hash).then_with(|| {
        if !a.escaped && !b.escaped {
            return a.span.of(text).cmp(b.span.of(text));
        }
        let plain = |span: Span| {
            let mut out = Vec::new();
            unescape(span.of(text), &mut out);
            out
        };
        plain(a.span).cmp(&plain(b.span))
    })
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
            ("null", Err(Fault::NotAnObject)),
            ("not json", Err(Fault::Invalid)),
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
}
