//! A treated value back to where it was found, in the encoding of that place.
//!
//! What stays visible keeps its original bytes; what is new is written as the text around it is. So a masked query
//! stays a query, and a masked string inside of JSON that is a string of JSON stays one.

use super::text::{Encoding, Query, TextScratch, find, plain};
use super::{Finding, fold::Origin};
use crate::kind::{Kind, KindSet};
use crate::record::Span;

/// What a treatment makes of a value's characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treated {
    /// It keeps some of them in their places and puts others for the rest: a mask, or a part from the start.
    InPlace,
    /// It puts something else: a token, a coarser value.
    Instead,
}

impl TextScratch {
    /// Of a finding that lost bytes to a longer one: gives it the plain form of what it still covers.
    pub(super) fn narrow(&self, finding: &mut Finding) {
        let Some(folded) = finding.folded else { return };
        let origins = &self.origins[folded.start as usize..folded.end as usize];
        let before = origins.iter().take_while(|origin| origin.span().start < finding.span.start).count();
        let inside = origins[before..].iter().take_while(|origin| origin.span().end <= finding.span.end).count();
        let start = folded.start as usize + before;
        finding.folded = Some(Span::new(start, start + inside));
    }
}

/// Appends `treated`, which was made of the plain form of a finding in `text`, as it is to be written in its place.
///
/// In the text of [`Encoding::Json`] that is the inside of a string, with every escape that it needs. Of JSON in JSON
/// the depth is known where something in it was escaped; quotes and backslashes, which alone would tell, are in no mask,
/// token or coarser value.
pub fn restore(finding: &Finding, text: &[u8], treated: &str, how: Treated, scratch: &TextScratch, out: &mut Vec<u8>) {
    let Some(folded) = finding.folded.filter(|_| how == Treated::InPlace) else {
        return treated.chars().for_each(|character| finding.layers.write(character, out));
    };
    let plain = folded.of(&scratch.folded);
    let origins = &scratch.origins[folded.start as usize..folded.end as usize];
    if origins.contains(&Origin::NOWHERE) {
        return treated.chars().for_each(|character| finding.layers.write(character, out));
    }
    let plain = std::str::from_utf8(plain).unwrap_or("");
    // Characters of the one and of the other go together if they are as many, else as long as they are the same.
    let even = plain.chars().count() == treated.chars().count();
    let mut together = true;
    let mut kept = plain.char_indices();
    let mut end = finding.span.start;
    for character in treated.chars() {
        let original = kept.next().filter(|(_, plain)| together && (even || *plain == character));
        let Some((at, plain)) = original else {
            together = false;
            finding.layers.write(character, out);
            continue;
        };
        let origin = origins[at].span();
        // Invisible characters between two of them stay.
        out.extend_from_slice(Span { start: end, end: origin.start }.of(text));
        end = origin.end;
        if plain == character {
            out.extend_from_slice(origin.of(text));
        } else {
            finding.layers.write(character, out);
        }
    }
}

/// Appends `text` to `out` with every identifier in it treated: `treat` gets kind and plain form, and writes what is to
/// stand there. The text stays what it is (a part of a JSON string, a query, JSON in JSON).
pub fn replace(
    query: Query<'_>,
    text: &str,
    scratch: &mut TextScratch,
    out: &mut Vec<u8>,
    mut treat: impl FnMut(Kind, &str, &mut Vec<u8>) -> Treated,
) {
    let mut findings = std::mem::take(&mut scratch.findings);
    let mut treated = std::mem::take(&mut scratch.treated);
    findings.clear();
    find(query, text.as_bytes(), scratch, &mut findings);
    let mut kept = 0;
    for finding in &findings {
        out.extend_from_slice(&text.as_bytes()[kept..finding.span.start as usize]);
        treated.clear();
        let how = treat(finding.kind, plain(finding, text.as_bytes(), scratch), &mut treated);
        restore(finding, text.as_bytes(), std::str::from_utf8(&treated).unwrap_or(""), how, scratch, out);
        kept = finding.span.end as usize;
    }
    out.extend_from_slice(&text.as_bytes()[kept..]);
    scratch.findings = findings;
    scratch.treated = treated;
}

/// Appends `text` to `out` with every identifier in it replaced by `****`.
pub fn redact(kinds: KindSet, text: &str, scratch: &mut TextScratch, out: &mut Vec<u8>) {
    replace(Query { kinds, encoding: Encoding::Plain, field: b"" }, text, scratch, out, |_, _, out| {
        out.extend_from_slice(b"****");
        Treated::Instead
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stars for all but the first three and the last four characters; separators stay.
    fn mask(_: Kind, plain: &str, out: &mut Vec<u8>) -> Treated {
        let count = plain.chars().count();
        for (at, character) in plain.chars().enumerate() {
            let hidden = (3..count - 4).contains(&at) && character.is_alphanumeric();
            out.extend_from_slice(if hidden { '*' } else { character }.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Treated::InPlace
    }

    fn check(encoding: Encoding, text: &str, want: &str) {
        let query = Query { kinds: KindSet::ALL, encoding, field: b"" };
        let (mut scratch, mut out) = (TextScratch::default(), Vec::new());
        replace(query, text, &mut scratch, &mut out, mask);
        assert_eq!(String::from_utf8_lossy(&out), want, "{text}");
    }

    #[test]
    fn masks_in_the_encoding_of_the_place() {
        let rows = [
            ("tel=%2B82%2010%2D0000%2D5678&x=1", "tel=%2B82%20**%2D****%2D5678&x=1"),
            ("tel=%252B82%252010%252D0000%252D5678", "tel=%252B82%2520**%252D****%252D5678"),
            ("０１０－００００－１２３４", "０１０－****－１２３４"),
            ("&#48;10&hyphen;0000&#x2d;1234", "&#48;10&hyphen;****&#x2d;1234"),
            (r"\u0030\u0031\u0030-0000-1234", r"\u0030\u0031\u0030-****-1234"),
            (r#"{"phone":"010\u002d0000-1234"}"#, r#"{"phone":"010\u002d****-1234"}"#),
            (r#"{\"t\":\"010\\u002d0000-1234\"}"#, r#"{\"t\":\"010\\u002d****-1234\"}"#),
            ("%7B%22t%22%3A%22010%5Cu002d0000-1234%22%7D", "%7B%22t%22%3A%22010%5Cu002d****-1234%22%7D"),
            ("010-0\u{200B}000-1234", "010-*\u{200B}***-1234"),
            ("1\u{FE0F}\u{20E3} ①②", "1\u{FE0F}\u{20E3} ①②"),
        ];
        for (text, want) in rows {
            check(Encoding::Plain, text, want);
        }
        check(Encoding::Json, r"\u0030\u0031\u0030-0000-1234", r"\u0030\u0031\u0030-****-1234");
        check(Encoding::Json, r#"{\"t\":\"010\\u002d0000-1234\"}"#, r#"{\"t\":\"010\\u002d****-1234\"}"#);
    }

    #[test]
    fn other_values_are_escaped_for_their_place() {
        let rows = [
            (Encoding::Plain, "a@example.com", "<\"& >"),
            (Encoding::Json, "a@example.com", r#"<\"& >"#),
            (Encoding::Json, r"a\u0040example.com", r#"<\"& >"#),
            (Encoding::Plain, "a%40example.com", "%3C%22%26%20%3E"),
            (Encoding::Plain, "a&commat;example.com", "&lt;&quot;&amp; &gt;"),
            (Encoding::Plain, r#"{"t":"a\u0040example.com"}"#, r#"{"t":"<\"& >"}"#),
            (Encoding::Json, r#"{\"t\":\"a\\u0040example.com\"}"#, r#"{\"t\":\"<\\\"& >\"}"#),
        ];
        for (encoding, text, want) in rows {
            let query = Query { kinds: KindSet::ALL, encoding, field: b"" };
            let (mut scratch, mut out) = (TextScratch::default(), Vec::new());
            replace(query, text, &mut scratch, &mut out, |_, _, out| {
                out.extend_from_slice(b"<\"& >");
                Treated::Instead
            });
            assert_eq!(String::from_utf8_lossy(&out), want, "{text}");
        }
    }
}
