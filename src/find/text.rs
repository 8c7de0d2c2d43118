//! Free text in, identifiers out: digit runs, `@` and colons propose, a kind confirms.

use super::Finding;
use crate::kind::KindSet;

/// Working memory of the search, reused from text to text; it allocates nothing once it has grown.
#[derive(Debug, Default)]
pub struct TextScratch {
    /// Plain forms of findings whose original bytes differ, one after the other. [`Finding::folded`] points in here,
    /// so it grows from text to text until [`clear`](Self::clear).
    pub folded: Vec<u8>,
}

impl TextScratch {
    /// Forgets the plain forms; call it once a record (or batch), when no finding is in use any more.
    pub fn clear(&mut self) {
        self.folded.clear();
    }
}

/// How the bytes of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// The inside of a JSON string, escapes as written.
    Json,
}

/// Appends the identifiers in `text` to `out`, sorted and disjoint, spans relative to `text`.
pub fn find(kinds: KindSet, text: &[u8], encoding: Encoding, scratch: &mut TextScratch, out: &mut Vec<Finding>) {
    let _ = (kinds, text, encoding, scratch, out);
}

/// The plain (decoded, folded) form of a finding in `text`.
pub fn plain<'a>(finding: &Finding, text: &'a [u8], scratch: &'a TextScratch) -> &'a str {
    let bytes = match finding.folded {
        Some(span) => span.of(&scratch.folded),
        None => finding.span.of(text),
    };
    std::str::from_utf8(bytes).unwrap_or("")
}

/// Appends `text` to `out` with every identifier in it replaced by `****`.
pub fn redact(kinds: KindSet, text: &str, scratch: &mut TextScratch, out: &mut Vec<u8>) {
    let _ = (kinds, text, scratch);
    out.extend_from_slice(b"****");
}
