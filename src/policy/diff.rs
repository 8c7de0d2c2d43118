//! Two policies compared by what they mean: first what changes tokens, and so what joins what, then everything else.
//!
//! Both become lists of facts, each with its place ("tier `login-3m`") and its aspect ("keep"); the lists are compared.

use std::collections::BTreeSet;

use super::action::words;
use super::condition::written;
use super::read::Typed;
use super::{Policy, file};
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions, CarrierPlan, EventTime, KeyPlan, SourcePlan, Unlisted};
use crate::kind::Kind;
use crate::pseudonym::Algorithm;
use crate::pseudonym::epoch::Period;
use crate::record::time::TimePrecision;
use crate::route::term::{Length, Term};
use crate::route::tier::Tier;
use crate::route::{Clause, Test, TierId};

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The policy as a whole.
    Policy,
    /// A tier, or a recipient's share of one (`login-3m@zendesk`).
    Tier,
    /// A source.
    Source,
    /// An item, key, header of a source, or what is found in its text.
    Item,
    /// Where a source's records go.
    Route,
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
            Self::Item => "item",
            Self::Route => "route",
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
}

/// One thing that a policy says.
struct Fact {
    about: About,
    place: String,
    aspect: String,
    value: String,
    /// What a change of it does to joins.
    joins: Option<&'static str>,
}

/// The aspect of being there at all.
const WHOLE: &str = "";
/// The aspect of the order of routes, and what stands between them.
const ORDER: &str = "order";
const NEXT: &str = "; ";
/// Before the tier of an aspect.
const IN_TIER: &str = "in tier ";
const NEW_KEYS: &str = "every token of the tier changes: nothing written before joins anything written after";
const TIER_NAME: &str = "keys are made for each name: every token of the tier changes, nothing written before joins anything written after, and sealed values written before open under the old name";
const SOURCE_NAME: &str = "the name is part of every token: tokens and record ids of the source change, nothing written before joins anything written after, and sealed values written before open under the old name";
const RECIPIENT_NAME: &str = "a recipient's keys follow from its name: every token of its shares changes, and it joins nothing that it got before";
const KIND: &str = "the kind is part of every token: tokens of the item change, do not join those written before, and join those of other items of the new kind";
const ZONE: &str =
    "days begin at other hours: the tokens of events around midnight are made with the keys of another day";
const EVENT_TIME: &str = "events fall on other days where the two times differ, and tokens follow the day";
const TENANT: &str = "keys depend on the tenant: tokens change where the two places name different tenants";
const TOPICS: &str =
    "the topic is part of every record id: a record read again from a topic of another name is no visible duplicate";

/// Every difference in meaning, those that change tokens first; none if only words, order or comments differ.
pub fn diff(old: &Policy, new: &Policy) -> Vec<Change> {
    let (before, after) = (facts(old), facts(new));
    let mut changes = renamed(&before, &after);
    let moved: Vec<(About, String)> = changes
        .iter()
        .flat_map(|change| [&change.old, &change.new].map(|name| (change.about, name.clone().unwrap_or_default())))
        .collect();
    let is_moved = |fact: &&Fact| moved.iter().any(|(about, place)| *about == fact.about && *place == fact.place);
    let mut note = |fact: &Fact, old: Option<&Fact>, new: Option<&Fact>, joins| {
        let value = |fact: Option<&Fact>| fact.map(|fact| fact.value.clone());
        let (about, place, aspect) = (fact.about, fact.place.clone(), fact.aspect.clone());
        changes.push(Change { about, place, aspect, old: value(old), new: value(new), joins });
    };
    for fact in &before {
        match same_place(fact, &after) {
            Some(other) if differs(fact, other) => note(fact, Some(fact), Some(other), fact.joins.and(other.joins)),
            Some(_) => {}
            None if is_told(fact, &after) && !is_moved(&fact) => note(fact, Some(fact), None, None),
            None => {}
        }
    }
    for fact in after.iter().filter(|fact| same_place(fact, &before).is_none() && !is_moved(fact)) {
        if is_told(fact, &before) {
            note(fact, None, Some(fact), None);
        }
    }
    changes.sort_by_key(|change| (change.joins.is_none(), change.about));
    changes
}

fn same_place<'f>(fact: &Fact, others: &'f [Fact]) -> Option<&'f Fact> {
    others.iter().find(|other| (other.about, &other.place, &other.aspect) == (fact.about, &fact.place, &fact.aspect))
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

/// Whether a fact that the other side lacks is told: not where its tier, source or item as a whole is on one side only.
fn is_told(fact: &Fact, others: &[Fact]) -> bool {
    let has = |about: About, place: &str| {
        others.iter().any(|other| other.about == about && other.place == place && other.aspect == WHOLE)
    };
    let inside = match fact.about {
        About::Policy => return true,
        About::Item | About::Route => {
            let source = fact.place.split('/').next().unwrap_or_default();
            let tier = fact.aspect.strip_prefix(IN_TIER);
            has(About::Source, source) && tier.is_none_or(|tier| has(About::Tier, tier))
        }
        About::Tier | About::Source | About::Recipient => true,
    };
    inside && (fact.aspect == WHOLE || fact.about == About::Route || has(fact.about, &fact.place))
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
                    place: new.clone(),
                    aspect: "name".to_owned(),
                    old: Some(old.clone()),
                    new: Some(new),
                    joins: Some(joins),
                });
            }
        }
    }
    changes
}

/// All that a policy says.
fn facts(policy: &Policy) -> Vec<Fact> {
    let mut facts = Vec::new();
    whole(policy, &mut facts);
    for (tier, keys) in policy.plan.tiers.iter().zip(&policy.plan.keys) {
        tier_facts(tier, keys, &mut facts);
    }
    for tier in &policy.file.tiers {
        let mut says = Says { about: About::Tier, place: tier.name.value.clone(), facts: &mut facts };
        says.say("when", conditions(policy, &tier.when));
    }
    for (source, typed) in policy.plan.sources.iter().zip(&policy.file.sources) {
        source_facts(policy, source, typed, &mut facts);
    }
    for recipient in &policy.file.recipients {
        recipient_facts(recipient, conditions(policy, &recipient.when), &mut facts);
    }
    facts
}

/// Collects facts about one place.
struct Says<'a> {
    about: About,
    place: String,
    facts: &'a mut Vec<Fact>,
}

impl Says<'_> {
    fn say(&mut self, aspect: impl Into<String>, value: impl Into<String>) {
        self.joins(aspect, value, None);
    }

    fn joins(&mut self, aspect: impl Into<String>, value: impl Into<String>, joins: Option<&'static str>) {
        let (about, place) = (self.about, self.place.clone());
        self.facts.push(Fact { about, place, aspect: aspect.into(), value: value.into(), joins });
    }
}

fn whole(policy: &Policy, facts: &mut Vec<Fact>) {
    let plan = &policy.plan;
    let mut says = Says { about: About::Policy, place: "policy".to_owned(), facts };
    says.say("name", &*plan.name);
    let effective = policy.file.effective.as_ref();
    says.say("effective", effective.map_or_else(String::new, |date| date.value.to_string()));
    says.joins("timezone", plan.zone.iana_name().unwrap_or("unknown"), Some(ZONE));
    says.say("unlisted", unlisted(plan.unlisted));
    says.say("max-lateness", format!("{} seconds", plan.max_lateness_s));
    for day in plan.holidays.days() {
        says.say(format!("holiday {day}"), "nobody works");
    }
}

fn tier_facts(tier: &Tier, keys: &KeyPlan, facts: &mut Vec<Fact>) {
    let mut says = Says { about: About::Tier, place: tier.name.to_string(), facts };
    says.say(WHOLE, "there");
    says.joins("algorithm", algorithm(keys.algorithm), Some(NEW_KEYS));
    says.joins("epoch", period(keys.period), Some(NEW_KEYS));
    says.joins("tenants", yes(keys.tenants), Some(NEW_KEYS));
    says.say("keep", term(&tier.term));
    says.say("legal-minimum", yes(tier.legal_minimum));
    says.say("late", if tier.late_accept { "accept" } else { "refuse" });
    says.say("time", precision(tier.time));
    says.say("record-id", yes(tier.record_id));
    says.say("spread", yes(tier.spread));
    says.say("topic", &*tier.topic);
    says.say("label", &*tier.label);
}

fn source_facts(policy: &Policy, source: &SourcePlan, typed: &file::Source, facts: &mut Vec<Fact>) {
    let tiers = &policy.plan.tiers;
    let reached: BTreeSet<TierId> = source.routes.iter().flat_map(|route| route.to.iter().copied()).collect();
    let by_tenant = reached.iter().any(|tier| policy.plan.keys[usize::from(tier.0)].tenants);
    let mut says = Says { about: About::Source, place: source.name.to_string(), facts };
    says.say(WHOLE, "there");
    says.say("label", &*source.label);
    says.joins("topics", source.topics.join(", "), Some(TOPICS));
    says.say("quarantine", &*source.quarantine);
    let format = [&typed.format, &typed.pattern, &typed.syntax, &typed.emit];
    says.say("format", format.into_iter().flatten().map(Typed::as_str).collect::<Vec<_>>().join(" "));
    let time = match &source.time {
        EventTime::At(at) => written(at),
        EventTime::KafkaTimestamp => "kafka-timestamp".to_owned(),
    };
    says.joins("time", time, Some(EVENT_TIME));
    let tenant = source.tenant.as_ref().map_or_else(|| "none".to_owned(), written);
    says.joins("tenant", tenant, Some(TENANT).filter(|_| by_tenant));
    says.say("when", clauses(&source.belongs));
    says.say("tombstones", if source.tombstones_forward { "forward" } else { "refuse" });
    says.about = About::Route;
    for route in &source.routes {
        let to: Vec<&str> = route.to.iter().map(|tier| &*tiers[usize::from(tier.0)].name).collect();
        says.say(clauses(&route.when), to.join(", "));
    }
    says.say(ORDER, source.routes.iter().map(|route| clauses(&route.when)).collect::<Vec<_>>().join(NEXT));
    says.about = About::Item;
    let mut treated = |name: String, kind: Kind, actions: &[Actions], more: &[(&str, String)]| {
        says.place = format!("{}/{name}", source.name);
        says.say(WHOLE, "there");
        more.iter().for_each(|(aspect, value)| says.say(*aspect, value.clone()));
        let in_tier = |tier: &TierId| &actions[usize::from(tier.0)];
        let token = reached.iter().any(|tier| in_tier(tier).contains(&Action::Pseudonymize));
        says.joins("kind", kind.name(), Some(KIND).filter(|_| token));
        for tier in &reached {
            let list: Vec<String> = in_tier(tier).iter().map(|action| words(*action)).collect();
            says.say(format!("{IN_TIER}{}", tiers[usize::from(tier.0)].name), list.join(" + "));
        }
    };
    for (item, typed) in source.items.iter().zip(&typed.items) {
        let label = typed.label.as_ref().map_or("", Typed::as_str).to_owned();
        let purpose = typed.purpose.iter().map(Typed::as_str).collect::<Vec<_>>().join(", ");
        let more = [("at", written(&item.at)), ("when", clauses(&item.when)), ("label", label), ("purpose", purpose)];
        treated(item.name.to_string(), item.kind, &item.actions, &more);
    }
    let mut carrier = |name: String, plan: &CarrierPlan| treated(name, plan.kind, &plan.actions, &[]);
    source.key.iter().for_each(|key| carrier("(key)".to_owned(), key));
    source.headers.iter().for_each(|(name, header)| carrier(format!("(header {name})"), header));
    for (kind, actions) in Kind::ALL.iter().zip(&source.found) {
        treated(format!("(found {})", kind.name()), *kind, actions, &[]);
    }
}

/// What a `when` of the file asks; it was checked when the policy was loaded.
fn conditions(policy: &Policy, parts: &[file::When]) -> String {
    let mut used = vec![false; policy.file.conditions.len()];
    let asked = super::condition::when(parts, &policy.file, &mut used, &mut Faults::default());
    clauses(&asked.unwrap_or_default())
}

fn recipient_facts(recipient: &file::Recipient, when: String, facts: &mut Vec<Fact>) {
    let name = recipient.name.as_str();
    let mut says = Says { about: About::Recipient, place: name.to_owned(), facts };
    let names = |list: &[Typed<String>]| list.iter().map(Typed::as_str).collect::<Vec<_>>().join(", ");
    says.say(WHOLE, "there");
    says.say("label", recipient.label.as_ref().map_or(name, Typed::as_str));
    says.say("sources", names(&recipient.sources));
    says.say("tiers", names(&recipient.tiers));
    says.say("topic", super::recipient::topic_template(recipient, "{tier}"));
    says.say("when", when);
    says.say(
        "tenants",
        match &recipient.tenants {
            None => "all".to_owned(),
            Some(own) if own.value.is_empty() => "none".to_owned(),
            Some(own) => names(&own.value),
        },
    );
    says.say("enabled", yes(recipient.enabled.as_ref().is_some_and(|flag| flag.value)));
}

fn clauses(clauses: &[Clause]) -> String {
    let words = clauses.iter().map(|clause| {
        let test = match &clause.test {
            Test::In(values) => format!("in {}", values.join(", ")),
            Test::NotIn(values) => format!("not in {}", values.join(", ")),
            Test::Present(true) => "present".to_owned(),
            Test::Present(false) => "absent".to_owned(),
        };
        format!("{} {test}", written(&clause.at))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "always".to_owned() } else { words.join(" and ") }
}

/// `3 months`, `until case_closed`.
pub fn term(term: &Term) -> String {
    let count = |count: u32, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let longest = term.length.map(|length| match length {
        Length::Days(days) => count(days, "day"),
        Length::Months(months) => count(months, "month"),
        Length::Years(years) => count(years, "year"),
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

const fn precision(time: TimePrecision) -> &'static str {
    match time {
        TimePrecision::Second => "second",
        TimePrecision::Minute => "minute",
        TimePrecision::Hour => "hour",
        TimePrecision::Day => "day",
    }
}

const fn unlisted(unlisted: Unlisted) -> &'static str {
    match unlisted {
        Unlisted::Drop => "drop",
        Unlisted::Scan => "scan",
        Unlisted::Refuse => "refuse",
    }
}

const fn yes(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}
