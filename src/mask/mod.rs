//! The shape of what stays visible.

pub mod generalize;

use std::ops::Range;

use crate::kind::glyph::Folded;
use crate::kind::{Kind, credit_card, email, ip, phone, rrn, trimmed};

/// How a mask looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskShape {
    /// The form of the kind (`010-****-1234`, `ab***@example.com`); a value that is not of its kind is redacted.
    OfKind,
    /// Of a telephone number the service or area stays: `010-****-****`. What is no whole number is redacted, and so is
    /// every value of another kind.
    Prefix,
    /// Nothing stays: `****`, whatever the length.
    Redact,
    /// So many characters stay at the start and at the end; every other one becomes `*`.
    /// Where they would cover the whole value, it is redacted.
    Edges {
        /// Characters kept at the start.
        first: u8,
        /// Characters kept at the end.
        last: u8,
    },
}

/// What stands for a value of which nothing may stay.
pub const REDACTED: &str = "****";

/// Writes the masked form of `text` (decoded, not escaped).
///
/// Idempotent: `mask(mask(x)) = mask(x)`, and values that are masked already stay. Number and place of characters stay
/// (one `*` a character), except with `Redact` and in the last group of IPv6, whose length would tell. A value that is
/// not of its kind becomes `****`.
pub fn mask(kind: Kind, shape: MaskShape, text: &str, out: &mut Vec<u8>) {
    match shape {
        MaskShape::Redact => redact(out),
        MaskShape::Edges { first, last } => edges(usize::from(first), usize::from(last), text, out),
        MaskShape::OfKind => by_form(kind, false, text, out),
        MaskShape::Prefix if kind == Kind::KrPhone => by_form(kind, true, text, out),
        MaskShape::Prefix => redact(out),
    }
}

fn redact(out: &mut Vec<u8>) {
    out.extend_from_slice(REDACTED.as_bytes());
}

fn edges(first: usize, last: usize, text: &str, out: &mut Vec<u8>) {
    let count = text.chars().count();
    if first + last >= count {
        return redact(out);
    }
    let start = text.char_indices().nth(first).map_or(text.len(), |(at, _)| at);
    let end = text.char_indices().nth(count - last).map_or(text.len(), |(at, _)| at);
    out.extend_from_slice(&text.as_bytes()[..start]);
    out.extend(std::iter::repeat_n(b'*', count - first - last));
    out.extend_from_slice(&text.as_bytes()[end..]);
}

/// What a form hides of a value.
enum Hidden {
    /// Every letter and digit of the range; separators stay.
    Figures(Range<usize>),
    /// Every character of the range.
    All(Range<usize>),
    /// The range as one group of unknown length, `****`.
    Group(Range<usize>),
}

/// Writes the form of the kind; `all` hides what stands behind the part that stays, up to the end.
fn by_form(kind: Kind, all: bool, text: &str, out: &mut Vec<u8>) {
    let hidden = |bytes: &[u8]| match hidden(kind, bytes)? {
        Hidden::Figures(range) if all => Some(Hidden::Figures(range.start..bytes.len())),
        hidden => Some(hidden),
    };
    let text = trimmed(text);
    if text.bytes().all(|byte| byte.is_ascii() && byte != b'*') {
        return match hidden(text.as_bytes()) {
            Some(hidden) => write(&hidden, text, |at| at, out),
            None => redact(out),
        };
    }
    // Masked already, or written in other characters: read a plain copy, cut the original.
    let Some(mut folded) = Folded::new(text) else {
        return redact(out);
    };
    let stars = folded.bytes().iter().rev().take_while(|byte| **byte == b'*').count();
    if kind != Kind::Email {
        folded.unstar();
    }
    match hidden(folded.bytes()) {
        // `880101-1******` shows the sex where that was needed: it is masked already.
        Some(_) if stars == 6 && matches!(kind, Kind::KrRrn | Kind::KrFrn) => out.extend_from_slice(text.as_bytes()),
        Some(hidden) => write(&hidden, text, |at| folded.origin(at, text), out),
        None => redact(out),
    }
}

/// What the form of `kind` hides in `bytes`; `None` if they are not of the kind, or the kind has no form.
fn hidden(kind: Kind, bytes: &[u8]) -> Option<Hidden> {
    match kind {
        Kind::KrRrn | Kind::KrFrn => rrn::read(bytes).map(|(_, seventh)| Hidden::Figures(seventh..bytes.len())),
        Kind::KrPhone => phone::read(bytes).map(|number| Hidden::Figures(number.hidden.0..number.hidden.1)),
        Kind::CreditCard => {
            let mut places = [0; 19];
            let mut seen = 0;
            let count = credit_card::read(bytes, |_, at| {
                if let Some(place) = places.get_mut(seen) {
                    *place = at;
                }
                seen += 1;
            })?;
            Some(Hidden::Figures(places[credit_card::shown_first(count)]..places[count - 4]))
        }
        Kind::Email => {
            let at = email::read(bytes)?;
            let local = std::str::from_utf8(&bytes[..at]).ok()?;
            // Two characters of three would be the whole name to whoever guesses.
            let shown = if local.chars().count() > 3 { 2 } else { 0 };
            let from = local.char_indices().nth(shown).map_or(at, |(from, _)| from);
            Some(Hidden::All(from..at))
        }
        Kind::Ip => hidden_ip(bytes),
        Kind::Id | Kind::Text | Kind::Time | Kind::DateOfBirth | Kind::Number => None,
        Kind::KrAddress | Kind::UserAgent | Kind::Url | Kind::Code => None,
    }
}

/// Bits 17 to 24 of IPv4, also at the end of IPv6; bits 113 to 128 of other IPv6.
fn hidden_ip(bytes: &[u8]) -> Option<Hidden> {
    let parts = ip::parts(bytes)?;
    let address = &bytes[parts.start..parts.end];
    let mut dots = address.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| parts.start + at);
    if let (Some(_), Some(second), Some(third)) = (dots.next(), dots.next(), dots.next()) {
        return Some(Hidden::Figures(second + 1..third));
    }
    let colon = address.iter().rposition(|byte| *byte == b':')?;
    // `1:2:3:4:5:6:7::` leaves room for one group only, and a group behind `::` would be a ninth.
    let full = address.ends_with(b"::") && address.iter().filter(|byte| **byte == b':').count() == 8;
    let from = parts.start + colon + usize::from(!full);
    Some(Hidden::Group(from..parts.end))
}

/// Writes `text` with the hidden part starred; `origin` maps places of the plain copy to `text`.
fn write(hidden: &Hidden, text: &str, origin: impl Fn(usize) -> usize, out: &mut Vec<u8>) {
    let (Hidden::Figures(range) | Hidden::All(range) | Hidden::Group(range)) = hidden;
    let (start, end) = (origin(range.start), origin(range.end));
    out.extend_from_slice(&text.as_bytes()[..start]);
    match hidden {
        Hidden::Group(_) => redact(out),
        Hidden::Figures(_) => {
            let mut written = [0; 4];
            for character in text[start..end].chars() {
                let figure = character.is_alphanumeric();
                out.extend_from_slice(if figure { b"*" } else { character.encode_utf8(&mut written).as_bytes() });
            }
        }
        Hidden::All(_) => out.extend(text[start..end].chars().map(|_| b'*')),
    }
    out.extend_from_slice(&text.as_bytes()[end..]);
}
