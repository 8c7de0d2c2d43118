//! The shape of what stays visible.

mod address;
mod form;
pub mod generalize;
mod name;

use crate::kind::Kind;

/// How a mask looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskShape {
    /// The form of the kind (`010-****-1234`, `ab***@example.com`); a value that is not of its kind is redacted.
    OfKind,
    /// A part of it that has a name stays. What is not of the kind that has such a part is redacted.
    Part(Part),
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
    /// So many digits and letters stay at the start and at the end, and everything that is neither: `***-***-**0123`.
    /// Where they would cover the whole value, it is redacted.
    Digits {
        /// Digits kept at the start.
        first: u8,
        /// Digits kept at the end.
        last: u8,
    },
}

/// A part of a value that a policy can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Of a telephone number the service or area, `010-****-****`; of one of another country its code.
    Prefix,
    /// Of a resident's or foreigner's number the birth date and the digit of the sex, `880101-1******`.
    BirthAndSex,
    /// Of an e-mail address what stands behind the `@`.
    Domain,
    /// Of an address of the network all but the last octet, `192.0.2.***`; of IPv6 48 bits, `2001:db8:1::****`.
    Network,
    /// Of a name the family name, of a name in other letters than Hangul the first one: `홍**`, `남궁**`, `J***`.
    Surname,
    /// Of a postal address all up to 읍, 면, 동 or the name of the road.
    Town,
    /// Of a birth date the year, `1988-**-**`.
    Year,
    /// Of a number plate the digits that say the class of the vehicle, `12*****`.
    Class,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 8] = [
        Self::Prefix,
        Self::BirthAndSex,
        Self::Domain,
        Self::Network,
        Self::Surname,
        Self::Town,
        Self::Year,
        Self::Class,
    ];

    /// What the policy calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::BirthAndSex => "birth and sex",
            Self::Domain => "domain",
            Self::Network => "network",
            Self::Surname => "surname",
            Self::Town => "town",
            Self::Year => "year",
            Self::Class => "class",
        }
    }

    /// Whether values of this kind have such a part.
    pub const fn is_of(self, kind: Kind) -> bool {
        match self {
            Self::Prefix => matches!(kind, Kind::KrPhone | Kind::PhoneIntl),
            Self::BirthAndSex => matches!(kind, Kind::KrRrn | Kind::KrFrn),
            Self::Domain => matches!(kind, Kind::Email),
            Self::Network => matches!(kind, Kind::Ip),
            Self::Surname => matches!(kind, Kind::PersonName),
            Self::Town => matches!(kind, Kind::KrAddress),
            Self::Year => matches!(kind, Kind::DateOfBirth),
            Self::Class => matches!(kind, Kind::KrVehiclePlate),
        }
    }
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
        MaskShape::Digits { first, last } => digits(usize::from(first), usize::from(last), text, out),
        MaskShape::OfKind => of_kind(kind, None, text, out),
        MaskShape::Part(part) if part.is_of(kind) => of_kind(kind, Some(part), text, out),
        MaskShape::Part(_) => redact(out),
    }
}

/// Writes the form of the kind, or the one in which `part` stays.
fn of_kind(kind: Kind, part: Option<Part>, text: &str, out: &mut Vec<u8>) {
    let done = match kind {
        Kind::PersonName => name::mask(part.is_some(), text, out),
        Kind::KrAddress => address::mask(part.is_some(), text, out),
        _ => form::mask(kind, part, text, out),
    };
    if !done {
        redact(out);
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

/// A star stands for a digit that was hidden before.
fn is_figure(character: char) -> bool {
    character == '*' || character.is_alphanumeric()
}

fn digits(first: usize, last: usize, text: &str, out: &mut Vec<u8>) {
    let count = text.chars().filter(|c| is_figure(*c)).count();
    if first + last >= count {
        return redact(out);
    }
    let mut seen = 0;
    for character in text.chars() {
        let hidden = is_figure(character) && {
            seen += 1;
            seen > first && seen <= count - last
        };
        put(if hidden { '*' } else { character }, out);
    }
}

/// Appends one character.
fn put(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
