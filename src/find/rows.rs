//! What the tables of rows in the files beside ask of the search.

use super::Finding;
use super::evidence::Why;
use super::text::{Encoding, Query, TextScratch, find};
use crate::kind::{Kind, KindSet};

/// What of these kinds is found in the value of `field`, and why the first near miss was not taken.
fn search(kinds: &[Kind], field: &str, text: &str) -> (Vec<Finding>, Option<Why>) {
    let (mut scratch, mut out) = (TextScratch::default(), Vec::new());
    scratch.note_misses();
    let query = Query { kinds: KindSet::of(kinds), encoding: Encoding::Plain, field: field.as_bytes() };
    find(query, text.as_bytes(), &mut scratch, &mut out);
    (out, scratch.misses().first().map(|miss| miss.why))
}

/// The text with `<` and `>` around what is found in it, and why the first near miss was not taken.
pub(super) fn marked(kinds: &[Kind], field: &str, text: &str) -> (String, Option<Why>) {
    let (found, why) = search(kinds, field, text);
    let mut marked = text.to_owned();
    for one in found.iter().rev() {
        marked.insert(one.span.end as usize, '>');
        marked.insert(one.span.start as usize, '<');
    }
    (marked, why)
}

/// Kind and text of what is found, and why the first near miss was not taken.
pub(super) fn pieces(kinds: &[Kind], field: &str, text: &str) -> (Vec<(Kind, String)>, Option<Why>) {
    let (found, why) = search(kinds, field, text);
    (found.iter().map(|one| (one.kind, one.span.of_str(text).to_owned())).collect(), why)
}
