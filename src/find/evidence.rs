//! Why something is believed to be an identifier, or was not believed to be one.

use crate::kind::Kind;
use crate::record::Span;

/// What speaks for a finding: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Evidence(pub u8);

impl Evidence {
    /// It is written as its kind is written: groups, separators, country code, `@`, particles.
    pub const SHAPE: Self = Self(1);
    /// Its check digit holds, or its parts are in a list that few values are in (a region, an issuer, a surname).
    pub const CHECK: Self = Self(1 << 1);
    /// A word before or right behind it says what it is.
    pub const LABEL: Self = Self(1 << 2);
    /// What stands beside it goes with it: a title behind a name, a resident number behind a name, `생` behind a date.
    pub const NEIGHBOUR: Self = Self(1 << 3);
    /// The name of the member or field says what it is.
    pub const FIELD: Self = Self(1 << 4);
    /// It is all of the value.
    pub const WHOLE: Self = Self(1 << 5);

    /// Each single piece of evidence and its name, as `scan` and `explain` print it.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::SHAPE, "shape"),
        (Self::CHECK, "check"),
        (Self::LABEL, "label"),
        (Self::NEIGHBOUR, "neighbour"),
        (Self::FIELD, "field"),
        (Self::WHOLE, "whole"),
    ];

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set, and `other` where `holds`.
    #[must_use]
    pub const fn and_if(self, other: Self, holds: bool) -> Self {
        if holds { self.and(other) } else { self }
    }

    /// Whether all of `other` is in the set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How many pieces it has.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The names of its pieces.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(piece, _)| self.has(*piece)).map(|(_, name)| name)
    }
}

/// Why something that looks like an identifier was not taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its kind needs a label, and none stands there.
    NoLabel,
    /// Its check digit fails, and nothing else speaks for it.
    CheckFails,
    /// It holds no day of the calendar.
    NoSuchDate,
    /// A label says that it is something else.
    OtherLabel,
    /// Letters, digits or a sign tie it to something longer.
    Tied,
    /// It is a time, a version, a code or the like.
    LookAlike,
    /// Its separators differ, and no label speaks for it.
    UnevenSeparators,
    /// A number that was never given to anybody, such as `010-0000-0000`.
    NeverIssued,
}

impl Why {
    /// The reason in words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoLabel => "no label says so",
            Self::CheckFails => "its check digit fails and no label speaks for it",
            Self::NoSuchDate => "it holds no day of the calendar",
            Self::OtherLabel => "a label says that it is something else",
            Self::Tied => "it is part of something longer",
            Self::LookAlike => "it is a time, a version or a code",
            Self::UnevenSeparators => "its separators differ and no label speaks for it",
            Self::NeverIssued => "such a number was never issued",
        }
    }
}

/// Something that was looked at and not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miss {
    /// What it looked like.
    pub kind: Kind,
    /// Its bytes in the original text.
    pub span: Span,
    /// Why it was not taken.
    pub why: Why,
}
