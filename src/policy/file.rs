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
    /// What each purpose is called in the notice; without the table, purposes have no words.
    pub purposes: Option<Vec<(Typed<String>, Typed<String>)>>,
    /// What events are called in the notice.
    pub events: Vec<(Typed<String>, Typed<String>)>,
    /// Conditions that have a name.
    pub conditions: Vec<Condition>,
    /// The tiers, in file order.
    pub tiers: Vec<Tier>,
    /// The classes, in file order.
    pub classes: Vec<Class>,
    /// What is done to a kind where nothing else is said.
    pub kinds: Vec<KindRule>,
    /// Where records say what they are, for sources with categories.
    pub layout: Option<Layout>,
    /// The fields that categories list, in file order.
    pub fields: Vec<Field>,
    /// What stands around every record with categories, and is no item of the notice.
    pub envelope: Vec<Field>,
    /// The categories of every source that has categories.
    pub categories: Vec<Category>,
    /// Who reads the tiers of a group.
    pub groups: Vec<Group>,
    /// What leads records to tiers besides those of their category.
    pub also: Vec<Also>,
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
    /// What its records serve; a tier of the law needs none.
    pub purpose: Vec<Typed<String>>,
    /// The classes of which it holds items; without, all.
    pub holds: Option<Vec<Typed<String>>>,
    /// `false`: it holds no personal data, and nothing that comes of any may reach it.
    pub personal: Option<Typed<bool>>,
    /// Whether its records leave whole in their envelope: `open` or `sealed`.
    pub body: Option<Typed<String>>,
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
#[derive(Debug, Clone)]
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

/// `[layout]`: where the records of sources with categories say what they are.
#[derive(Debug)]
pub struct Layout {
    /// The whole table.
    pub span: Range<usize>,
    /// The input topic, with `{source}`.
    pub topic: Option<Typed<String>>,
    /// How records are read.
    pub format: Option<Typed<String>>,
    /// Where the event time stands.
    pub time: Option<Typed<String>>,
    /// Where the tenant stands.
    pub tenant: Option<Typed<String>>,
    /// Where the category stands.
    pub category: Option<Typed<String>>,
    /// Where the event stands.
    pub event: Option<Typed<String>>,
    /// Below which the fields of a category stand.
    pub items: Option<Typed<String>>,
    /// The condition under which optional items may be held.
    pub optional: Vec<When>,
}

/// `[fields.X]`: a field that categories list; or a part of one, or a field of the envelope.
#[derive(Debug)]
pub struct Field {
    /// Its name, which is that of the member.
    pub name: Typed<String>,
    /// What the notice calls it.
    pub label: Option<Typed<String>>,
    /// Where it sits, from where its category's fields sit; without, `/` and its name.
    pub at: Option<Typed<String>>,
    /// When it may be held at all.
    pub when: Vec<When>,
    /// What it is and what is done to it.
    pub rule: Rule,
    /// Its members, where it is an object.
    pub parts: Vec<Field>,
}

/// `[sources.X.categories.Y]`, or `[categories.Y]` for every source: a row of the notice (구분).
#[derive(Debug)]
pub struct Category {
    /// Its name, which is the value at `layout.category`.
    pub name: Typed<String>,
    /// What the notice calls it.
    pub label: Option<Typed<String>>,
    /// Below which its fields stand, where the layout does not say.
    pub at: Option<Typed<String>>,
    /// What for.
    pub purpose: Vec<Typed<String>>,
    /// On which ground: `contract`, `consent`, `law`, `entrusted`.
    pub basis: Vec<Typed<String>>,
    /// The fields that are collected always (필수).
    pub required: Vec<Typed<String>>,
    /// The fields that are collected by consent (선택).
    pub optional: Vec<Typed<String>>,
    /// The fields that arise by themselves (자동).
    pub automatic: Vec<Typed<String>>,
    /// Fields that are of another class here than elsewhere, with that class.
    pub class: Vec<(Typed<String>, Typed<String>)>,
    /// The condition under which its optional fields may be held, where it is not the layout's.
    pub consent: Vec<When>,
    /// Where its records go.
    pub to: Vec<To>,
    /// The tiers and groups that hold none of its items.
    pub not_in: Vec<Typed<String>>,
}

impl Category {
    /// The fields that it lists, and how it holds each.
    pub fn fields(&self) -> impl Iterator<Item = (Need, &Typed<String>)> + Clone {
        let lists =
            [(Need::Required, &self.required), (Need::Optional, &self.optional), (Need::Automatic, &self.automatic)];
        lists.into_iter().flat_map(|(need, list)| list.iter().map(move |field| (need, field)))
    }
}

/// One tier of a category's `to`.
#[derive(Debug)]
pub struct To {
    /// The tier.
    pub tier: Typed<String>,
    /// The events that lead there; `None` where every event does.
    pub events: Option<Vec<Typed<String>>>,
}

/// `[groups.X]`: who reads a group of tiers.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: Typed<String>,
    /// What it is called.
    pub label: Option<Typed<String>>,
    /// The principals that may read its topics, `User:archive`.
    pub readers: Vec<Typed<String>>,
}

/// `[[also]]`: tiers that records go to besides those of their category.
#[derive(Debug)]
pub struct Also {
    /// The whole table.
    pub span: Range<usize>,
    /// What must hold.
    pub when: Vec<When>,
    /// The events that lead there; empty where every event does.
    pub events: Vec<Typed<String>>,
    /// The sources; empty where every source with categories.
    pub sources: Vec<Typed<String>>,
    /// The sources, or categories as `source.category`, to which it does not apply.
    pub except: Vec<Typed<String>>,
    /// The tiers.
    pub to: Vec<Typed<String>>,
}

/// Which item of the notice an [`Item`] came from, where categories were taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Index in `Source::categories`, or in `File::categories` where `common`.
    pub category: usize,
    /// Whether it is a category of every source.
    pub common: bool,
    /// The field's name; parts have that of their field.
    pub field: String,
    /// Of a part, its name inside of the field, `os`.
    pub part: Option<String>,
    /// Required, optional or automatic.
    pub need: Need,
}

/// Whether an item is collected always, by consent, or arises by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// 필수.
    Required,
    /// 선택.
    Optional,
    /// 자동.
    Automatic,
}

/// Whose an [`Item`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Belongs {
    /// It was written out under its source.
    Source,
    /// It stands around every record, and is no item of the notice.
    Envelope,
    /// A category lists it.
    Category(Origin),
}

/// `[[sources.X.items]]`, or what a category or the envelope lists.
#[derive(Debug)]
pub struct Item {
    /// Whose it is.
    pub belongs: Belongs,
    /// The tiers that do not hold it, by name: their purposes are others, or its category says so.
    pub not_in: Vec<String>,
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
    /// In which encoding it arrives.
    pub encoding: Option<Typed<String>>,
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
    /// Its categories, in file order.
    pub categories: Vec<Category>,
    /// What leads its records to more tiers.
    pub also: Vec<Route>,
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
    /// The sources of which it gets certain of its tiers only.
    pub only: Vec<(Typed<String>, Vec<Typed<String>>)>,
    /// What it does for the controller (위탁업무).
    pub duty: Option<Typed<String>>,
    /// Where it keeps what it gets: a country's two letters; without, Korea.
    pub country: Option<Typed<String>>,
    /// The classes of which it gets items; without, those of the tier.
    pub holds: Option<Vec<Typed<String>>>,
    /// The fields that the notice says it gets; another one is a fault.
    pub items: Option<Typed<Vec<Typed<String>>>>,
    /// On which ground it gets anything, where it does no work for the controller (제3자 제공).
    pub grant: Option<Grant>,
}

/// The ground on which a third party gets records.
#[derive(Debug)]
pub struct Grant {
    /// The whole table.
    pub span: Range<usize>,
    /// `consent`, `law` or `emergency`.
    pub ground: Option<Typed<String>>,
    /// Why, in words.
    pub reason: Option<Typed<String>>,
    /// The last day.
    pub until: Option<Typed<jiff::civil::Date>>,
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
    /// Whether it says `expect = {}`: the record is treated, and leaves nothing.
    pub expects_nothing: bool,
    /// The reason for which the record must be refused.
    pub expect_refused: Option<Typed<String>>,
}
