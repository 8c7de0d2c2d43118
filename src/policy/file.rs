//! The policy file as typed: every value with its place, nothing resolved yet.

use std::ops::Range;

use super::read::Typed;

/// A policy file.
#[derive(Debug)]
pub struct File {
    /// The policy's name.
    pub policy: Option<Typed<String>>,
    /// From when the published notice that this file implements is in force.
    pub effective: Option<Typed<jiff::civil::Date>>,
    /// The time zone of days, months and years.
    pub timezone: Option<Typed<String>>,
    /// What happens to a field without item.
    pub unlisted: Option<Typed<String>>,
    /// How late a record may be, `72 hours`.
    pub max_lateness: Option<Typed<String>>,
    /// The file of the days on which nobody works, from the policy's folder.
    pub holidays: Option<Typed<String>>,
    /// The function of tokens, where a tier does not say.
    pub algorithm: Option<Typed<String>>,
    /// Conditions that have a name.
    pub conditions: Vec<Condition>,
    /// The tiers, in file order.
    pub tiers: Vec<Tier>,
    /// The classes, in file order.
    pub classes: Vec<Class>,
    /// What is done to a kind where nothing else is said.
    pub kinds: Vec<KindRule>,
    /// The sources, in file order.
    pub sources: Vec<Source>,
    /// Who gets a share of what, in file order.
    pub recipients: Vec<Recipient>,
    /// The examples, in file order.
    pub examples: Vec<Example>,
}

/// `[conditions.X]`: a condition with a name.
#[derive(Debug)]
pub struct Condition {
    /// Its name.
    pub name: Typed<String>,
    /// What must hold.
    pub clauses: Vec<Clause>,
}

/// One test on one field.
#[derive(Debug, Clone)]
pub struct Clause {
    /// The whole clause.
    pub span: Range<usize>,
    /// The field.
    pub at: Option<Typed<String>>,
    /// The values that it may have.
    pub values: Option<Vec<Typed<String>>>,
    /// The values that it may not have.
    pub not: Option<Vec<Typed<String>>>,
    /// Whether it must be there.
    pub present: Option<Typed<bool>>,
}

/// One part of a `when`: all parts must hold.
#[derive(Debug, Clone)]
pub enum When {
    /// A condition by name.
    Named(Typed<String>),
    /// A clause written in place.
    Clause(Clause),
}

/// `[tiers.X]`.
#[derive(Debug)]
pub struct Tier {
    /// Its name.
    pub name: Typed<String>,
    /// What the notice calls it.
    pub label: Option<Typed<String>>,
    /// Its topic, with `{source}`.
    pub topic: Option<Typed<String>>,
    /// How long.
    pub keep: Option<Keep>,
    /// The events from which the term runs.
    pub from: Vec<Typed<String>>,
    /// The law.
    pub basis: Option<Typed<String>>,
    /// Not destroyed earlier either.
    pub legal_minimum: Option<Typed<bool>>,
    /// What happens to late records.
    pub late: Option<Typed<String>>,
    /// The period of a pseudonym key.
    pub epoch: Option<Typed<String>>,
    /// The function of tokens.
    pub algorithm: Option<Typed<String>>,
    /// Whether every key also depends on a secret of the record's tenant.
    pub tenants: Option<Typed<bool>>,
    /// The precision of times.
    pub time: Option<Typed<String>>,
    /// A name under which classes speak of several tiers.
    pub group: Option<Typed<String>>,
    /// Whether the record's id leaves.
    pub record_id: Option<Typed<bool>>,
    /// What must hold for a record to be taken.
    pub when: Vec<When>,
    /// Whether its records are put out of order.
    pub spread: Option<Typed<bool>>,
    /// Why a warning about it is not one.
    pub allow: Option<Typed<String>>,
}

/// The `keep` of a tier.
#[derive(Debug)]
pub enum Keep {
    /// `"3 months"`.
    For(Typed<String>),
    /// `{ until = [...], at-most = "1 year" }`.
    Until {
        /// The events of the subject that end it.
        events: Typed<Vec<Typed<String>>>,
        /// The longest, where no event comes.
        at_most: Option<Typed<String>>,
    },
}

/// A `do`: the same everywhere, or by tier and group.
#[derive(Debug, Clone)]
pub enum Do {
    /// One list of actions.
    Same(Vec<Typed<String>>),
    /// Actions by `default`, tier or group.
    By(Vec<(Typed<String>, Vec<Typed<String>>)>),
}

/// `[classes.X]`.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: Typed<String>,
    /// The kind of its items, where they do not say.
    pub kind: Option<Typed<String>>,
    /// What is done.
    pub act: Option<Typed<Do>>,
    /// Why a warning about it is not one.
    pub allow: Option<Typed<String>>,
}

/// `[kinds.X]`.
#[derive(Debug)]
pub struct KindRule {
    /// The kind.
    pub name: Typed<String>,
    /// What is done to findings of it, and to items that say nothing.
    pub act: Option<Typed<Do>>,
    /// Why a warning about it is not one.
    pub allow: Option<Typed<String>>,
}

/// What every rule says of its value.
#[derive(Debug)]
pub struct Rule {
    /// The whole rule.
    pub span: Range<usize>,
    /// What the value is.
    pub kind: Option<Typed<String>>,
    /// The class that says what is done.
    pub class: Option<Typed<String>>,
    /// What is done.
    pub act: Option<Typed<Do>>,
    /// The law under which a resident registration number may be pseudonymized.
    pub legal_basis: Option<Typed<String>>,
    /// Why a warning about it is not one.
    pub allow: Option<Typed<String>>,
}

/// `[[sources.X.items]]`.
#[derive(Debug)]
pub struct Item {
    /// Its name.
    pub item: Option<Typed<String>>,
    /// What the notice calls it.
    pub label: Option<Typed<String>>,
    /// Where it sits.
    pub at: Option<Typed<String>>,
    /// When it is this item.
    pub when: Vec<When>,
    /// What for.
    pub purpose: Vec<Typed<String>>,
    /// What it is and what is done to it.
    pub rule: Rule,
}

/// A header that may leave.
#[derive(Debug)]
pub struct Header {
    /// Its name.
    pub name: Option<Typed<String>>,
    /// What it is and what is done to it.
    pub rule: Rule,
}

/// `[[sources.X.routes]]`.
#[derive(Debug)]
pub struct Route {
    /// The whole route.
    pub span: Range<usize>,
    /// When it is taken; a route without is the default.
    pub when: Vec<When>,
    /// The tiers.
    pub to: Vec<Typed<String>>,
}

/// `[sources.X]`.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: Typed<String>,
    /// What the notice calls it.
    pub label: Option<Typed<String>>,
    /// Its input topics.
    pub topics: Vec<Typed<String>>,
    /// How it is read.
    pub format: Option<Typed<String>>,
    /// The line format.
    pub pattern: Option<Typed<String>>,
    /// In whose notation it is written.
    pub syntax: Option<Typed<String>>,
    /// How a treated line is written.
    pub emit: Option<Typed<String>>,
    /// Where the event time stands.
    pub time: Option<Typed<String>>,
    /// Where the tenant stands.
    pub tenant: Option<Typed<String>>,
    /// Which records are its own.
    pub when: Vec<When>,
    /// What happens to null values.
    pub tombstones: Option<Typed<String>>,
    /// Where its refusals go.
    pub quarantine: Option<Typed<String>>,
    /// The rule of the message key.
    pub key: Option<Rule>,
    /// The headers that may leave.
    pub headers: Vec<Header>,
    /// Its items, in file order.
    pub items: Vec<Item>,
    /// Its routes, in file order.
    pub routes: Vec<Route>,
}

/// `[recipients.X]`: who gets a share of some tiers.
#[derive(Debug)]
pub struct Recipient {
    /// Its name.
    pub name: Typed<String>,
    /// What the notice calls it.
    pub label: Option<Typed<String>>,
    /// The sources whose records it gets.
    pub sources: Vec<Typed<String>>,
    /// The tiers of which it gets a share.
    pub tiers: Vec<Typed<String>>,
    /// Its topics, with `{tier}` and `{source}`.
    pub topic: Option<Typed<String>>,
    /// Whether anything is written for it yet.
    pub enabled: Option<Typed<bool>>,
    /// What must hold for a record to go to it.
    pub when: Vec<When>,
    /// The tenants whose records it gets; without, all.
    pub tenants: Option<Typed<Vec<Typed<String>>>>,
}

/// `[[examples]]`.
#[derive(Debug)]
pub struct Example {
    /// The whole example.
    pub span: Range<usize>,
    /// What it shows.
    pub name: Option<Typed<String>>,
    /// The source.
    pub source: Option<Typed<String>>,
    /// The record as it arrives.
    pub given: Option<Typed<String>>,
    /// The record's Kafka timestamp.
    pub timestamp: Option<Typed<jiff::Timestamp>>,
    /// What leaves, by tier.
    pub expect: Vec<(Typed<String>, Typed<String>)>,
    /// The reason for which the record must be refused.
    pub expect_refused: Option<Typed<String>>,
}
