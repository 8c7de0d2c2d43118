//! How much a policy shows of people, so that a change can be said to show more or less.

use std::cmp::Ordering;

use crate::engine::plan::{Action, Actions};
use crate::mask::generalize::Generalize;
use crate::mask::{MaskShape, Part};
use crate::record::time::TimePrecision;
use crate::route::term::{Length, Term};

/// What a change does to what is shown: of people, to whom, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// More is shown, to more, or for longer.
    More,
    /// Less is.
    Less,
}

impl Shows {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::Less => "less",
        }
    }
}

/// How much one fact shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Extent {
    /// It is not about that.
    Silent,
    /// The first number that differs decides; no number is nothing.
    Ranks(Vec<u32>),
    /// These; `None` stands for all there are.
    Names(Option<Vec<String>>),
}

impl Extent {
    /// That of a flag.
    pub(super) fn flag(flag: bool) -> Self {
        Self::Ranks(if flag { vec![1] } else { Vec::new() })
    }

    /// That of a list of names.
    pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::Names(Some(names.into_iter().map(ToOwned::to_owned).collect()))
    }

    /// That of what is done to a value: `drop`, sealed or only told to be there, a token, a mask, coarser, whole.
    pub(super) fn of(actions: &Actions) -> Self {
        let mut ranks: Vec<u32> = actions.iter().map(|action| rank(*action)).filter(|rank| *rank > 0).collect();
        ranks.sort_unstable_by(|a, b| b.cmp(a));
        Self::Ranks(ranks)
    }

    /// The greater of what an item shows in several tiers.
    pub(super) fn most(all: impl Iterator<Item = Self>) -> Self {
        let ranks = all.filter_map(|one| match one {
            Self::Ranks(ranks) => Some(ranks),
            Self::Silent | Self::Names(_) => None,
        });
        Self::Ranks(ranks.max().unwrap_or_default())
    }

    /// The greater of two of one fact that is said of several sources.
    pub(super) fn or_more(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ranks(one), Self::Ranks(other)) => Self::Ranks(one.max(other)),
            (one, _) => one,
        }
    }

    /// The same under new names, from the first of each pair to the second; `tier@recipient` has two of them.
    pub(super) fn renamed(&self, names: &[(String, String)]) -> Self {
        let Self::Names(Some(list)) = self else { return self.clone() };
        let called = |name: &str| {
            names.iter().find(|(old, _)| old == name).map_or_else(|| name.to_owned(), |(_, new)| new.clone())
        };
        let renamed = list.iter().map(|name| match (name.split_once('@'), name.split_once(' ')) {
            (Some((tier, recipient)), _) => format!("{}@{}", called(tier), called(recipient)),
            (None, Some((tier, events))) => format!("{} {events}", called(tier)),
            (None, None) => called(name),
        });
        Self::Names(Some(renamed.collect()))
    }

    /// That of the days which records stay; without a longest, more than any.
    pub(super) fn days(term: &Term) -> Self {
        let days = term.length.map_or(u32::MAX, |length| match length {
            Length::Days(days) => days.saturating_mul(100),
            // A month of 30.44 days and a year of 365.25, in hundredths.
            Length::Months(months) => months.saturating_mul(3044),
            Length::Years(years) => years.saturating_mul(36525),
            Length::Seconds(seconds) => seconds.div_ceil(864),
        });
        Self::Ranks(vec![days])
    }

    /// That of the precision of times.
    pub(super) fn precision(time: TimePrecision) -> Self {
        Self::Ranks(vec![match time {
            TimePrecision::Second => 4,
            TimePrecision::Minute => 3,
            TimePrecision::Hour => 2,
            TimePrecision::Day => 1,
        }])
    }
}

/// What a change from one to the other shows; `None` on a side that does not say it.
pub(super) fn compare(old: Option<Extent>, new: Option<Extent>) -> Option<Shows> {
    let of = |ordering| match ordering {
        Ordering::Less => Some(Shows::More),
        Ordering::Greater => Some(Shows::Less),
        Ordering::Equal => None,
    };
    match (old, new) {
        (Some(Extent::Ranks(old)), Some(Extent::Ranks(new))) => of(old.cmp(&new)),
        (Some(Extent::Ranks(old)), None) => of(old.cmp(&Vec::new())),
        (None, Some(Extent::Ranks(new))) => of(Vec::new().cmp(&new)),
        (Some(Extent::Names(None)), Some(Extent::Names(None))) => None,
        (_, Some(Extent::Names(None))) => Some(Shows::More),
        (Some(Extent::Names(None)), _) => Some(Shows::Less),
        (Some(Extent::Names(Some(old))), Some(Extent::Names(Some(new)))) => {
            let all = |some: &[String], of: &[String]| some.iter().all(|name| of.contains(name));
            match (all(&old, &new), all(&new, &old)) {
                (true, true) => None,
                (false, true) => Some(Shows::Less),
                // Of two lists that have each its own, the new one shows what was not shown before.
                (_, false) => Some(Shows::More),
            }
        }
        _ => None,
    }
}

/// How much an action leaves of a value, from 0; whole thousands are what sort of thing it leaves.
fn rank(action: Action) -> u32 {
    match action {
        Action::Drop | Action::Parts => 0,
        Action::Present => 1000,
        Action::Seal => 1001,
        Action::Mask(MaskShape::Redact) => 1002,
        Action::Pseudonymize => 2000,
        Action::Mask(MaskShape::Edges { first, last } | MaskShape::Digits { first, last }) => {
            3000 + u32::from(first) + u32::from(last)
        }
        Action::Mask(MaskShape::Part(part)) => 3000 + part_shown(part),
        // `010-****-1234`, and about as much of other kinds.
        Action::Mask(MaskShape::OfKind) => 3007,
        Action::Truncate(count) => 3000 + u32::from(count.min(900)),
        Action::Generalize(way) => 4000 + fineness(way),
        Action::Scan => 5000,
        Action::Keep => 6000,
    }
}

/// How much a part leaves, beside the 7 that count for the form of its kind.
const fn part_shown(part: Part) -> u32 {
    match part {
        // `홍**`, `12*****`, `***@example.com`
        Part::Surname | Part::Class | Part::Domain => 2,
        // `010-****-****`
        Part::Prefix => 3,
        Part::Network => 6,
        // The form of their kinds leaves less.
        Part::BirthAndSex | Part::Town | Part::Year => 8,
    }
}

/// How fine a coarser form still is, below 1000; only ways of one kind are compared.
fn fineness(way: Generalize) -> u32 {
    match way {
        Generalize::Family | Generalize::Product | Generalize::Day => 1,
        Generalize::Major | Generalize::Hour => 2,
        Generalize::Minute => 3,
        Generalize::Second => 4,
        Generalize::Years(years) => 200 - u32::from(years.min(199)),
        Generalize::Band(width) => 999 - width.min(999),
        Generalize::Prefix(v4, v6) => 2 + u32::from(v4) + u32::from(v6),
        Generalize::District | Generalize::UserAgent | Generalize::Path => 1,
    }
}
