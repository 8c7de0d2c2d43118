//! Two policies compared by what they mean: first what changes tokens, and so what joins what, then what shows more of
//! people, then everything else.
//!
//! Both become lists of facts, each with its place ("tier `login-3m`") and its aspect ("keep"); the lists are compared,
//! and each difference is told in a sentence.

mod facts;
mod sentence;
mod shows;

use self::facts::{Fact, Facts};
pub use self::shows::Shows;
use super::Policy;
use crate::pseudonym::Algorithm;
use crate::pseudonym::epoch::Period;
use crate::route::term::{Length, Term};

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// The policy as a whole.
    Policy,
    /// A tier, or a recipient's share of one (`login-3m@zendesk`).
    Tier,
    /// A source.
    Source,
    /// A category of a source, or of every one.
    Category,
    /// An item, key, header of a source, or what is found in its text.
    Item,
    /// Where a source's records go.
    Route,
    /// A group of tiers, and who reads it.
    Group,
    /// A recipient.
    Recipient,
}

impl About {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Tier => "tier",
            Self::Source => "source",
            Self::Category => "category",
            Self::Item => "item",
            Self::Route => "route",
            Self::Group => "group",
            Self::Recipient => "recipient",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub about: About,
    /// Its place: a name, for an item with that of its source, `support/email`.
    pub place: String,
    /// What differs: `keep`, `in tier login-3m`.
    pub aspect: String,
    /// As it was; `None` where it was not.
    pub old: Option<String>,
    /// As it is; `None` where it is no more.
    pub new: Option<String>,
    /// Where tokens change: what that does to joins.
    pub joins: Option<&'static str>,
    /// Whether it shows more of people than before, or less.
    pub shows: Option<Shows>,
    /// All of it in a sentence.
    pub sentence: String,
}

/// The aspect of being there at all.
const WHOLE: &str = "";
/// The aspect of the order of routes, and what stands between them.
const ORDER: &str = "order";
const NEXT: &str = "; ";
/// Before the tier of an aspect.
const IN_TIER: &str = "in tier ";
const TIER_NAME: &str = "keys are made for each name: every token of the tier changes, nothing written before joins anything written after, and sealed values written before open under the old name";
const SOURCE_NAME: &str = "the name is part of every token: tokens and record ids of the source change, nothing written before joins anything written after, and sealed values written before open under the old name";
const RECIPIENT_NAME: &str = "a recipient's keys follow from its name: every token of its shares changes, and it joins nothing that it got before";
/// The place of what every source with categories has.
const EVERY_SOURCE: &str = "(every source)";

/// Every difference in meaning: those that change tokens first, then those that show more, then those that show less;
/// none if only words, order or comments differ.
pub fn diff(old: &Policy, new: &Policy) -> Vec<Change> {
    let (before, after) = (Facts::of(old), Facts::of(new));
    let mut changes = renamed(&before.all, &after.all);
    let moved: Vec<(About, String)> = changes
        .iter()
        .flat_map(|change| [&change.old, &change.new].map(|name| (change.about, name.clone().unwrap_or_default())))
        .collect();
    let names: Vec<(String, String)> =
        changes.iter().filter_map(|change| Some((change.old.clone()?, change.new.clone()?))).collect();
    let is_moved = |fact: &&Fact| moved.iter().any(|(about, place)| *about == fact.about && *place == fact.place);
    for fact in &before.all {
        match after.same(fact) {
            Some(other) if differs(fact, other) => changes.push(change(Some(fact), Some(other), &names)),
            Some(_) => {}
            None if is_told(fact, &before, &after) && !is_moved(&fact) => {
                changes.push(change(Some(fact), None, &names))
            }
            None => {}
        }
    }
    for fact in after.all.iter().filter(|fact| before.same(fact).is_none() && !is_moved(fact)) {
        if is_told(fact, &after, &before) {
            changes.push(change(None, Some(fact), &names));
        }
    }
    let order = |shows: Option<Shows>| match shows {
        Some(Shows::More) => 0,
        Some(Shows::Less) => 1,
        None => 2,
    };
    changes.sort_by_key(|change| {
        let tokens = change.joins.is_some();
        (!tokens, if tokens { 0 } else { order(change.shows) }, change.about)
    });
    changes
}

/// What differs between a fact and what the other policy says of the same; one of the two is there. What is called
/// otherwise now, from the first name to the second, shows no more for that.
fn change(old: Option<&Fact>, new: Option<&Fact>, names: &[(String, String)]) -> Change {
    let (about, place, aspect) =
        old.or(new).map_or((About::Policy, "", ""), |fact| (fact.about, &fact.place, &fact.aspect));
    let value = |fact: Option<&Fact>| fact.map(|fact| fact.value.clone());
    Change {
        about,
        place: place.to_owned(),
        aspect: aspect.to_owned(),
        old: value(old),
        new: value(new),
        joins: old.zip(new).and_then(|(old, new)| old.joins.and(new.joins)),
        shows: shows::compare(old.map(|fact| fact.extent.renamed(names)), new.map(|fact| fact.extent.clone())),
        sentence: sentence::sentence(old, new),
    }
}

fn differs(fact: &Fact, other: &Fact) -> bool {
    if fact.about != About::Route || fact.aspect != ORDER {
        return fact.value != other.value;
    }
    // A route more or less is told as such; here only those count that both have.
    let common = |one: &Fact, other: &Fact| -> Vec<String> {
        let others: Vec<&str> = other.value.split(NEXT).collect();
        one.value.split(NEXT).filter(|route| others.contains(route)).map(ToOwned::to_owned).collect()
    };
    common(fact, other) != common(other, fact)
}

/// Whether a fact that the other side lacks is told: not where its tier, source, category or item as a whole is on its
/// own side only.
fn is_told(fact: &Fact, own: &Facts, others: &Facts) -> bool {
    let (source, name) = fact.place.split_once('/').unwrap_or((&fact.place, ""));
    let inside = match fact.about {
        About::Policy => return true,
        About::Item => {
            let tier = fact.aspect.strip_prefix(IN_TIER);
            let category = name.split_once('.').map(|(category, _)| format!("{source}/{category}"));
            others.has(About::Source, source)
                && tier.is_none_or(|tier| others.has(About::Tier, tier))
                && category.is_none_or(|category| {
                    !own.has(About::Category, &category) || others.has(About::Category, &category)
                })
        }
        About::Route | About::Category => others.has(About::Source, source),
        About::Tier | About::Source | About::Group | About::Recipient => true,
    };
    inside && (fact.aspect == WHOLE || fact.about == About::Route || others.has(fact.about, &fact.place))
}

/// Tiers, sources and recipients of which all is said under another name.
fn renamed<'f>(before: &'f [Fact], after: &'f [Fact]) -> Vec<Change> {
    let mut changes = Vec::new();
    for (about, joins) in [(About::Tier, TIER_NAME), (About::Source, SOURCE_NAME), (About::Recipient, RECIPIENT_NAME)] {
        let only = |facts: &[Fact], others: &[Fact]| -> Vec<String> {
            let places =
                facts.iter().filter(|fact| fact.about == about && fact.aspect == WHOLE).map(|fact| &fact.place);
            places
                .filter(|place| others.iter().all(|other| other.about != about || other.place != **place))
                .cloned()
                .collect()
        };
        let own = |facts: &'f [Fact], place: &str| -> Vec<&'f Fact> {
            facts.iter().filter(|fact| fact.about == about && fact.place == place).collect()
        };
        let same_but_name = |old: &str, new: &str| {
            let (before, after) = (own(before, old), own(after, new));
            // What follows from the name itself says nothing.
            let equal = |(one, other): (&&Fact, &&Fact)| {
                one.value == other.value || one.value.replace(old, "{}") == other.value.replace(new, "{}")
            };
            before.len() == after.len() && before.iter().zip(&after).all(equal)
        };
        let gone = only(before, after);
        for new in only(after, before) {
            let mut same = gone.iter().filter(|old| same_but_name(old, &new));
            if let (Some(old), None) = (same.next(), same.next()) {
                changes.push(Change {
                    about,
                    sentence: format!("{} `{old}` is called `{new}` now", about.name()),
                    place: new.clone(),
                    aspect: "name".to_owned(),
                    old: Some(old.clone()),
                    new: Some(new),
                    joins: Some(joins),
                    shows: None,
                });
            }
        }
    }
    changes
}

/// `3 months`, `until case_closed`.
pub fn term(term: &Term) -> String {
    let count = |count: u32, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let longest = term.length.map(|length| match length {
        Length::Days(days) => count(days, "day"),
        Length::Months(months) => count(months, "month"),
        Length::Years(years) => count(years, "year"),
        Length::Seconds(seconds) if seconds % 3600 == 0 => count(seconds / 3600, "hour"),
        Length::Seconds(seconds) if seconds % 60 == 0 => count(seconds / 60, "minute"),
        Length::Seconds(seconds) => count(seconds, "second"),
    });
    match (longest, term.until.join(", ")) {
        (Some(longest), until) if until.is_empty() => longest,
        (Some(longest), until) => format!("until {until}, at most {longest}"),
        (None, until) => format!("until {until}"),
    }
}

/// `blake3`, as a policy writes it.
pub const fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Blake3 => "blake3",
        Algorithm::HmacSha256 => "hmac-sha256",
    }
}

/// `day`, as a policy writes it.
pub const fn period(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Year => "year",
    }
}
