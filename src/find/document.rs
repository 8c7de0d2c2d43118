//! Every name, string and number of a JSON document, in order, with the way that leads to it; no tree is built.
//!
//! Nothing leaves garim by this walk, so it is more patient than that of `json`: any value may be outermost, a member may
//! stand twice (both are shown), and whether the bytes are UTF-8 is not asked.

use super::escape::unescape;
use super::json::{Fault, Shape};
use super::reader::Reader;
use super::scan::Marks;
use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::record::Span;

/// What of a member is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its name.
    Name,
    /// The string that is its value.
    String,
    /// The number that is its value, as it is written.
    Number,
}

/// One piece of a document.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What it is.
    pub part: Part,
    /// Its bytes as they are written, without quotes.
    pub written: &'a [u8],
    /// Whether escapes stand in it.
    pub escaped: bool,
    /// How to get there.
    pub way: Way<'a>,
}

/// The containers around a piece, the outermost first.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    text: &'a [u8],
    steps: &'a [Step],
}

/// One open container, and where in it the walk stands.
#[derive(Debug, Clone, Copy)]
enum Step {
    Element(u32),
    Member { name: Span, escaped: bool },
}

impl<'a> Way<'a> {
    /// Outside of any document.
    pub const NONE: Self = Self { text: b"", steps: &[] };

    /// The name of the innermost member around, as it is written, and whether escapes stand in it: the elements of an
    /// array go by the name of the array.
    pub fn field(&self) -> Option<(&'a [u8], bool)> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Member { name, escaped } => Some((name.of(self.text), *escaped)),
            Step::Element(_) => None,
        })
    }

    /// Appends the JSON pointer (RFC 6901). `name` says what to write for a member's name, unescaped.
    pub fn pointer(&self, out: &mut Vec<u8>, mut name: impl FnMut(&[u8], &mut Vec<u8>)) {
        let mut plain = Vec::new();
        for step in self.steps {
            out.push(b'/');
            match step {
                Step::Element(index) => out.extend_from_slice(index.to_string().as_bytes()),
                Step::Member { name: span, escaped: false } => name(span.of(self.text), out),
                Step::Member { name: span, escaped: true } => {
                    plain.clear();
                    unescape(span.of(self.text), &mut plain);
                    name(&plain, out);
                }
            }
        }
    }
}

/// Appends a member's name as a JSON pointer has it.
pub fn pointer_step(name: &[u8], out: &mut Vec<u8>) {
    for byte in name {
        match byte {
            b'~' => out.extend_from_slice(b"~0"),
            b'/' => out.extend_from_slice(b"~1"),
            byte => out.push(*byte),
        }
    }
}

/// A walk and its working memory.
#[derive(Debug, Default)]
pub struct Document {
    marks: Marks,
    steps: Vec<Step>,
}

impl Document {
    /// Shows every piece of `text`, a single value with nothing but white space around it, of at most 4 GiB.
    ///
    /// # Errors
    /// When it is not JSON, or nested too deep; pieces before the fault have been shown.
    pub fn walk(&mut self, text: &[u8], mut show: impl FnMut(Shown<'_>)) -> Result<(), Fault> {
        let Self { marks, steps } = self;
        marks.index(text);
        steps.clear();
        let mut reader = Reader { text, marks, at: 0 };
        loop {
            let opened = match reader.next()? {
                b'{' => open(&mut reader, steps, Step::Member { name: Span::new(0, 0), escaped: false }, b'}')?,
                b'[' => open(&mut reader, steps, Step::Element(0), b']')?,
                _ => {
                    scalar(&mut reader, steps, &mut show)?;
                    false
                }
            };
            if !opened && !go_on(&mut reader, steps)? {
                return Ok(());
            }
            if let Some(Step::Member { .. }) = steps.last() {
                member(&mut reader, steps, &mut show)?;
            }
        }
    }
}

/// Enters a container; whether something stands in it. An empty one is left at once.
fn open(reader: &mut Reader<'_>, steps: &mut Vec<Step>, step: Step, close: u8) -> Result<bool, Fault> {
    if steps.len() == DOCUMENT_DEPTH_MAX {
        return Err(Fault::TooDeep);
    }
    reader.at += 1;
    if reader.next()? == close {
        reader.at += 1;
        return Ok(false);
    }
    steps.push(step);
    Ok(true)
}

/// Behind a value: leaves what ends there. False at the end of the document, else the next member or element begins.
fn go_on(reader: &mut Reader<'_>, steps: &mut Vec<Step>) -> Result<bool, Fault> {
    loop {
        let Some(step) = steps.last_mut() else {
            reader.skip_space();
            return if reader.at == reader.text.len() { Ok(false) } else { Err(Fault::Invalid) };
        };
        let close = match step {
            Step::Element(_) => b']',
            Step::Member { .. } => b'}',
        };
        let byte = reader.next()?;
        reader.at += 1;
        if byte == b',' {
            if let Step::Element(index) = step {
                *index += 1;
            }
            return Ok(true);
        }
        if byte != close {
            return Err(Fault::Invalid);
        }
        steps.pop();
    }
}

/// Reads a member's name and its colon.
fn member(reader: &mut Reader<'_>, steps: &mut [Step], show: &mut impl FnMut(Shown<'_>)) -> Result<(), Fault> {
    if reader.next()? != b'"' {
        return Err(Fault::Invalid);
    }
    let start = reader.at + 1;
    let escaped = reader.string()?;
    let name = Span::new(start, reader.at - 1);
    if let Some(step) = steps.last_mut() {
        *step = Step::Member { name, escaped };
    }
    let text = reader.text;
    show(Shown { part: Part::Name, written: name.of(text), escaped, way: Way { text, steps } });
    if reader.next()? != b':' {
        return Err(Fault::Invalid);
    }
    reader.at += 1;
    Ok(())
}

/// Reads a string, number or word.
fn scalar(reader: &mut Reader<'_>, steps: &[Step], show: &mut impl FnMut(Shown<'_>)) -> Result<(), Fault> {
    let (text, start) = (reader.text, reader.at);
    let way = Way { text, steps };
    match text[start] {
        b'"' => {
            let escaped = reader.string()?;
            show(Shown { part: Part::String, written: &text[start + 1..reader.at - 1], escaped, way });
        }
        b'-' | b'0'..=b'9' => {
            reader.number()?;
            show(Shown { part: Part::Number, written: &text[start..reader.at], escaped: false, way });
        }
        b't' => _ = reader.word(b"true", Shape::Bool)?,
        b'f' => _ = reader.word(b"false", Shape::Bool)?,
        b'n' => _ = reader.word(b"null", Shape::Null)?,
        _ => return Err(Fault::Invalid),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was shown: `pointer part written field`, joined by `; `; the fault instead of the rest.
    fn shown(text: &str) -> String {
        let mut lines = Vec::new();
        let ended = Document::default().walk(text.as_bytes(), |shown| {
            let mut at = Vec::new();
            shown.way.pointer(&mut at, pointer_step);
            let field = shown.way.field().map_or(&b"-"[..], |(name, _)| name);
            let part = match shown.part {
                Part::Name => "name",
                Part::String => "string",
                Part::Number => "number",
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            lines.push(format!("{} {part} {} {}", text(&at), text(shown.written), text(field)));
        });
        if let Err(fault) = ended {
            lines.push(format!("{fault:?}"));
        }
        lines.join("; ")
    }

    #[test]
    fn every_piece_is_shown_at_its_place() {
        let rows = [
            ("{}", ""),
            (" [ ] ", ""),
            ("7", " number 7 -"),
            (r#""a\n""#, r" string a\n -"),
            (r#"{"a":"x","b":-1.5e3}"#, "/a name a a; /a string x a; /b name b b; /b number -1.5e3 b"),
            (
                r#"{"a":[1,["x",{"b":true}],"y"],"c":{}}"#,
                "/a name a a; /a/0 number 1 a; /a/1/0 string x a; /a/1/1/b name b b; /a/2 string y a; /c name c c",
            ),
            (r#"[{"a":null},{"a":[]},2]"#, "/0/a name a a; /1/a name a a; /2 number 2 -"),
            (r#"{"a/b":{"~":"x"}}"#, "/a~1b name a/b a/b; /a~1b/~0 name ~ ~; /a~1b/~0 string x ~"),
            (r#"{"\u0061\/":1}"#, r"/a~1 name \u0061\/ \u0061\/; /a~1 number 1 \u0061\/"),
            (r#"{"a":1,"a":2}"#, "/a name a a; /a number 1 a; /a name a a; /a number 2 a"),
            ("", "Truncated"),
            ("{\"a\":1", "/a name a a; /a number 1 a; Truncated"),
            ("{\"a\":1}x", "/a name a a; /a number 1 a; Invalid"),
            ("{\"a\":1]", "/a name a a; /a number 1 a; Invalid"),
            ("{\"a\":1,}", "/a name a a; /a number 1 a; Invalid"),
            ("{\"a\" 1}", "/a name a a; Invalid"),
            ("{a:1}", "Invalid"),
            ("[1,]", "/0 number 1 -; Invalid"),
            ("[1 2]", "/0 number 1 -; Invalid"),
            ("{\"a\":\"\t\"}", "/a name a a; Invalid"),
            ("{\"a\":\"\\ud800\"}", "/a name a a; Invalid"),
            ("\u{feff}{}", "Invalid"),
        ];
        for (text, want) in rows {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(shown(&deep(DOCUMENT_DEPTH_MAX)), "");
        assert_eq!(shown(&deep(DOCUMENT_DEPTH_MAX + 1)), "TooDeep");
    }
}
