//! All that a policy says, as facts that can be compared one by one.

use std::collections::{BTreeSet, HashMap};

use super::shows::Extent;
use super::{About, EVERY_SOURCE, IN_TIER, NEXT, ORDER, WHOLE, algorithm, period, term};
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions, CarrierPlan, EventTime, ItemPlan, KeyPlan, SourcePlan, Unlisted};
use crate::kind::Kind;
use crate::policy::action::words;
use crate::policy::condition::{self, written};
use crate::policy::file::{Belongs, Category, Clause, Item, Layout, Need, Recipient, When};
use crate::policy::read::Typed;
use crate::policy::{Policy, file, recipient};
use crate::route::tier::Tier;
use crate::route::{self, Test, TierId};

const NEW_KEYS: &str = "every token of the tier changes: nothing written before joins anything written after";
const KIND: &str = "the kind is part of every token: tokens of the item change, do not join those written before, and join those of other items of the new kind";
const ZONE: &str =
    "days begin at other hours: the tokens of events around midnight are made with the keys of another day";
const EVENT_TIME: &str = "events fall on other days where the two times differ, and tokens follow the day";
const TENANT: &str = "keys depend on the tenant: tokens change where the two places name different tenants";
const TOPICS: &str =
    "the topic is part of every record id: a record read again from a topic of another name is no visible duplicate";

/// One thing that a policy says.
pub(super) struct Fact {
    pub(super) about: About,
    pub(super) place: String,
    pub(super) aspect: String,
    pub(super) value: String,
    /// What a change of it does to joins.
    pub(super) joins: Option<&'static str>,
    /// How much it shows.
    pub(super) extent: Extent,
    /// The kind of the item that it is about.
    pub(super) kind: Option<Kind>,
}

/// The facts of a policy, found by what they are about.
pub(super) struct Facts {
    pub(super) all: Vec<Fact>,
    index: HashMap<(About, String, String), usize>,
}

impl Facts {
    /// All that a policy says. What all sources with categories share is said once, of every source.
    pub(super) fn of(policy: &Policy) -> Self {
        let mut facts = Self { all: Vec::new(), index: HashMap::new() };
        for fact in facts_of(policy) {
            let key = (fact.about, fact.place.clone(), fact.aspect.clone());
            if let Some(known) = facts.index.get(&key) {
                let known = &mut facts.all[*known];
                known.joins = known.joins.or(fact.joins);
                known.extent = known.extent.clone().or_more(fact.extent);
                continue;
            }
            facts.index.insert(key, facts.all.len());
            facts.all.push(fact);
        }
        facts
    }

    /// The fact about the same.
    pub(super) fn same(&self, fact: &Fact) -> Option<&Fact> {
        self.get(fact.about, &fact.place, &fact.aspect)
    }

    /// Whether there is such a thing at all.
    pub(super) fn has(&self, about: About, place: &str) -> bool {
        place == EVERY_SOURCE || self.get(about, place, WHOLE).is_some()
    }

    fn get(&self, about: About, place: &str, aspect: &str) -> Option<&Fact> {
        self.index.get(&(about, place.to_owned(), aspect.to_owned())).map(|index| &self.all[*index])
    }
}

/// Collects facts about one place.
struct Says<'a> {
    about: About,
    place: String,
    kind: Option<Kind>,
    facts: &'a mut Vec<Fact>,
}

impl<'a> Says<'a> {
    fn of(about: About, place: impl Into<String>, facts: &'a mut Vec<Fact>) -> Self {
        Self { about, place: place.into(), kind: None, facts }
    }

    fn say(&mut self, aspect: impl Into<String>, value: impl Into<String>) {
        self.fact(aspect, value, None, Extent::Silent);
    }

    fn joins(&mut self, aspect: impl Into<String>, value: impl Into<String>, joins: Option<&'static str>) {
        self.fact(aspect, value, joins, Extent::Silent);
    }

    fn shows(&mut self, aspect: impl Into<String>, value: impl Into<String>, extent: Extent) {
        self.fact(aspect, value, None, extent);
    }

    fn fact(
        &mut self,
        aspect: impl Into<String>,
        value: impl Into<String>,
        joins: Option<&'static str>,
        extent: Extent,
    ) {
        let (about, place, kind) = (self.about, self.place.clone(), self.kind);
        self.facts.push(Fact { about, place, aspect: aspect.into(), value: value.into(), joins, extent, kind });
    }
}

fn facts_of(policy: &Policy) -> Vec<Fact> {
    let mut facts = Vec::new();
    whole(policy, &mut facts);
    let file = &policy.file;
    for (index, (tier, keys)) in policy.plan.tiers.iter().zip(&policy.plan.keys).enumerate() {
        tier_facts(tier, keys, file.tiers.get(index), &mut facts);
    }
    for tier in &file.tiers {
        let asked = conditions(policy, &tier.when);
        Says::of(About::Tier, tier.name.as_str(), &mut facts).shows("when", asked.as_str(), asked_extent(&asked));
    }
    for group in &file.groups {
        let mut says = Says::of(About::Group, group.name.as_str(), &mut facts);
        says.say(WHOLE, "there");
        says.say("label", group.label.as_ref().map_or("", Typed::as_str));
        says.shows("readers", names(&group.readers), Extent::names(group.readers.iter().map(Typed::as_str)));
    }
    for category in &file.categories {
        category_facts(EVERY_SOURCE, category, &mut facts);
    }
    for also in &file.also {
        also_facts(policy, also, &mut facts);
    }
    for (source, typed) in policy.plan.sources.iter().zip(&file.sources) {
        source_facts(policy, source, typed, &mut facts);
    }
    for recipient in &file.recipients {
        recipient_facts(recipient, &conditions(policy, &recipient.when), &mut facts);
    }
    facts
}

fn whole(policy: &Policy, facts: &mut Vec<Fact>) {
    let plan = &policy.plan;
    let mut says = Says::of(About::Policy, "policy", facts);
    says.say("name", &*plan.name);
    let effective = policy.file.effective.as_ref();
    says.say("effective", effective.map_or_else(String::new, |date| date.value.to_string()));
    says.joins("timezone", plan.zone.iana_name().unwrap_or("unknown"), Some(ZONE));
    let rank = match plan.unlisted {
        Unlisted::Refuse | Unlisted::Drop => Vec::new(),
        Unlisted::Scan => vec![1],
    };
    says.shows("unlisted", unlisted(plan.unlisted), Extent::Ranks(rank));
    says.say("max-lateness", format!("{} seconds", plan.max_lateness_s));
    for day in plan.holidays.days() {
        says.say(format!("holiday {day}"), "nobody works");
    }
    for (name, words) in policy.file.purposes.iter().flatten() {
        says.say(format!("purpose {}", name.value), words.as_str());
    }
    for (name, words) in &policy.file.events {
        says.say(format!("event {}", name.value), words.as_str());
    }
    if let Some(layout) = &policy.file.layout {
        layout_facts(policy, layout, &mut says);
    }
}

fn layout_facts(policy: &Policy, layout: &Layout, says: &mut Says<'_>) {
    let text = |typed: &Option<Typed<String>>| typed.as_ref().map_or("none", Typed::as_str).to_owned();
    let by_tenant = policy.plan.keys.iter().any(|keys| keys.tenants);
    says.joins("layout topic", text(&layout.topic), Some(TOPICS));
    says.say("layout format", text(&layout.format));
    says.joins("layout time", text(&layout.time), Some(EVENT_TIME));
    says.joins("layout tenant", text(&layout.tenant), Some(TENANT).filter(|_| by_tenant));
    says.say("layout category", text(&layout.category));
    says.say("layout event", text(&layout.event));
    says.say("layout items", text(&layout.items));
    let asked = conditions(policy, &layout.optional);
    says.shows("layout optional", asked.as_str(), asked_extent(&asked));
}

fn tier_facts(tier: &Tier, keys: &KeyPlan, typed: Option<&file::Tier>, facts: &mut Vec<Fact>) {
    let mut says = Says::of(About::Tier, &*tier.name, facts);
    says.shows(WHOLE, "there", Extent::flag(true));
    says.joins("algorithm", algorithm(keys.algorithm), Some(NEW_KEYS));
    says.joins("epoch", period(keys.period), Some(NEW_KEYS));
    says.joins("tenants", yes(keys.tenants), Some(NEW_KEYS));
    says.shows("keep", term(&tier.term), Extent::days(&tier.term));
    says.say("legal-minimum", yes(tier.legal_minimum));
    says.say("late", if tier.late_accept { "accept" } else { "refuse" });
    says.shows("time", tier.time.name(), Extent::precision(tier.time));
    says.shows("record-id", yes(tier.record_id), Extent::flag(tier.record_id));
    says.shows("spread", yes(tier.spread), Extent::flag(!tier.spread));
    says.shows("body", if tier.body_sealed { "sealed" } else { "open" }, Extent::flag(!tier.body_sealed));
    says.say("topic", &*tier.topic);
    says.say("label", &*tier.label);
    // What the file alone knows; the shares of recipients have it of their tier.
    let Some(typed) = typed else { return };
    let text = |typed: &Option<Typed<String>>| typed.as_ref().map_or("", Typed::as_str).to_owned();
    says.say("group", text(&typed.group));
    says.say("basis", text(&typed.basis));
    says.say("from", names(&typed.from));
    says.say("purpose", names(&typed.purpose));
    holds(&mut says, typed.holds.as_deref());
    let personal = typed.personal.as_ref().is_none_or(|flag| flag.value);
    says.shows("personal", yes(personal), Extent::flag(personal));
}

fn holds(says: &mut Says<'_>, classes: Option<&[Typed<String>]>) {
    let extent = Extent::Names(classes.map(|list| list.iter().map(|name| name.value.clone()).collect()));
    says.shows("holds", classes.map_or_else(|| "all".to_owned(), names), extent);
}

fn category_facts(source: &str, category: &Category, facts: &mut Vec<Fact>) {
    let mut says = Says::of(About::Category, format!("{source}/{}", category.name.value), facts);
    let text = |typed: &Option<Typed<String>>| typed.as_ref().map_or("", Typed::as_str).to_owned();
    says.shows(WHOLE, "there", Extent::flag(true));
    says.say("label", text(&category.label));
    says.say("at", text(&category.at));
    says.shows("purpose", names(&category.purpose), Extent::names(category.purpose.iter().map(Typed::as_str)));
    says.say("basis", names(&category.basis));
    says.say("not-in", names(&category.not_in));
    let tiers = category.to.iter().map(|to| match &to.events {
        None => to.tier.value.clone(),
        Some(events) => format!("{} on {}", to.tier.value, names(events)),
    });
    let tiers: Vec<String> = tiers.collect();
    says.shows("to", tiers.join(NEXT), Extent::names(tiers.iter().map(String::as_str)));
}

fn also_facts(policy: &Policy, also: &file::Also, facts: &mut Vec<Fact>) {
    let mut says = Says::of(About::Route, EVERY_SOURCE, facts);
    let mut about = Vec::new();
    if !also.sources.is_empty() {
        about.push(format!("of {}", names(&also.sources)));
    }
    if !also.except.is_empty() {
        about.push(format!("not of {}", names(&also.except)));
    }
    if !also.events.is_empty() {
        about.push(format!("on {}", names(&also.events)));
    }
    if !also.when.is_empty() {
        about.push(format!("when {}", conditions(policy, &also.when)));
    }
    let aspect = if about.is_empty() { "also, always".to_owned() } else { format!("also {}", about.join(", ")) };
    says.shows(aspect, names(&also.to), Extent::names(also.to.iter().map(Typed::as_str)));
}

fn source_facts(policy: &Policy, source: &SourcePlan, typed: &file::Source, facts: &mut Vec<Fact>) {
    let tiers = &policy.plan.tiers;
    let reached: BTreeSet<TierId> =
        source.routes.iter().chain(&source.also).flat_map(|route| route.to.iter().copied()).collect();
    let by_tenant = reached.iter().any(|tier| policy.plan.keys[usize::from(tier.0)].tenants);
    let mut says = Says::of(About::Source, &*source.name, facts);
    says.say(WHOLE, "there");
    says.say("label", &*source.label);
    says.say("quarantine", &*source.quarantine);
    // What a source has of the layout is said of the layout.
    let layout = policy.file.layout.as_ref();
    let own = |typed: Option<&Typed<String>>, common: fn(&Layout) -> &Option<Typed<String>>| {
        let common = layout.and_then(|layout| common(layout).as_ref());
        !typed.is_some_and(|typed| common.is_some_and(|common| common.span == typed.span))
    };
    if own(typed.topics.first(), |layout| &layout.topic) {
        says.joins("topics", source.topics.join(", "), Some(TOPICS));
    }
    if own(typed.format.as_ref(), |layout| &layout.format) {
        let format = [&typed.format, &typed.pattern, &typed.syntax, &typed.emit];
        says.say("format", format.into_iter().flatten().map(Typed::as_str).collect::<Vec<_>>().join(" "));
    }
    says.say("encoding", source.charset.name().to_owned());
    if own(typed.time.as_ref(), |layout| &layout.time) {
        let time = match &source.time {
            EventTime::At(at) => written(at),
            EventTime::KafkaTimestamp => "kafka-timestamp".to_owned(),
        };
        says.joins("time", time, Some(EVENT_TIME));
    }
    if own(typed.tenant.as_ref(), |layout| &layout.tenant) {
        let tenant = source.tenant.as_ref().map_or_else(|| "none".to_owned(), written);
        says.joins("tenant", tenant, Some(TENANT).filter(|_| by_tenant));
    }
    let asked: Vec<When> = typed.when.iter().filter(|part| !of_layout(part, policy)).cloned().collect();
    says.say("when", conditions(policy, &asked));
    says.say("tombstones", if source.tombstones_forward { "forward" } else { "refuse" });
    for category in &typed.categories {
        category_facts(&source.name, category, says.facts);
    }
    if typed.categories.is_empty() {
        says.about = About::Route;
        for route in &source.routes {
            let to: Vec<&str> = route.to.iter().map(|tier| &*tiers[usize::from(tier.0)].name).collect();
            says.shows(clauses(&route.when), to.join(", "), Extent::names(to));
        }
        says.say(ORDER, source.routes.iter().map(|route| clauses(&route.when)).collect::<Vec<_>>().join(NEXT));
    }
    let mut items = Items { policy, source, reached: &reached, facts };
    for (item, typed) in source.items.iter().zip(&typed.items) {
        items.item(item, typed);
    }
    let mut carrier = |name: String, plan: &CarrierPlan| {
        items.treated(format!("{}/{name}", source.name), plan.kind, &plan.actions, Vec::new());
    };
    source.key.iter().for_each(|key| carrier("(key)".to_owned(), key));
    source.headers.iter().for_each(|(name, header)| carrier(format!("(header {name})"), header));
    for (kind, actions) in Kind::ALL.iter().zip(&source.found) {
        items.treated(format!("{}/(found {})", source.name, kind.name()), *kind, actions, Vec::new());
    }
}

/// Says what is done to the values of a source.
struct Items<'a> {
    policy: &'a Policy,
    source: &'a SourcePlan,
    reached: &'a BTreeSet<TierId>,
    facts: &'a mut Vec<Fact>,
}

impl Items<'_> {
    fn item(&mut self, item: &ItemPlan, typed: &Item) {
        let policy = self.policy;
        let (place, need) = match &typed.belongs {
            Belongs::Source => (&*self.source.name, None),
            Belongs::Envelope => (EVERY_SOURCE, None),
            Belongs::Category(origin) if origin.common => (EVERY_SOURCE, Some(origin.need)),
            Belongs::Category(origin) => (&*self.source.name, Some(origin.need)),
        };
        let label = typed.label.as_ref().map_or("", Typed::as_str).to_owned();
        let asked: Vec<When> = typed.when.iter().filter(|part| !of_layout(part, policy)).cloned().collect();
        let mut more = vec![("when", conditions(policy, &asked)), ("label", label)];
        match need {
            // Its purpose is that of its category, and its place follows from the layout.
            Some(need) => more.push(("need", need_words(need).to_owned())),
            None => more.extend([("at", written(&item.at)), ("purpose", names(&typed.purpose))]),
        }
        for (tier, name) in &item.names {
            more.push(("name", format!("{name} in {}", policy.plan.tiers[usize::from(tier.0)].name)));
        }
        self.treated(format!("{place}/{}", item.name), item.kind, &item.actions, more);
    }

    fn treated(&mut self, place: String, kind: Kind, actions: &[Actions], more: Vec<(&str, String)>) {
        let in_tier = |tier: &TierId| &actions[usize::from(tier.0)];
        let mut says = Says::of(About::Item, place, self.facts);
        says.kind = Some(kind);
        says.shows(WHOLE, "there", Extent::most(self.reached.iter().map(|tier| Extent::of(in_tier(tier)))));
        for (aspect, value) in more {
            let extent = match aspect {
                "when" => asked_extent(&value),
                "need" => Extent::flag(value != need_words(Need::Optional)),
                _ => Extent::Silent,
            };
            says.shows(aspect, value, extent);
        }
        let token = self.reached.iter().any(|tier| in_tier(tier).contains(&Action::Pseudonymize));
        says.joins("kind", kind.name(), Some(KIND).filter(|_| token));
        for tier in self.reached {
            let list: Vec<String> = in_tier(tier).iter().map(|action| words(*action)).collect();
            let name = &self.policy.plan.tiers[usize::from(tier.0)].name;
            says.shows(format!("{IN_TIER}{name}"), list.join(" + "), Extent::of(in_tier(tier)));
        }
    }
}

/// Whether a part of a `when` was made of the layout: of what category a record is, or that it is held by consent.
fn of_layout(part: &When, policy: &Policy) -> bool {
    let Some(layout) = &policy.file.layout else { return false };
    let same = |one: &When, other: &When| match (one, other) {
        (When::Named(one), When::Named(other)) => one.span == other.span,
        (When::Clause(one), When::Clause(other)) => one.span == other.span,
        _ => false,
    };
    let category = match part {
        When::Clause(Clause { at: Some(at), .. }) => {
            layout.category.as_ref().is_some_and(|category| category.span == at.span)
        }
        _ => false,
    };
    category || layout.optional.iter().any(|own| same(own, part))
}

fn recipient_facts(recipient: &Recipient, when: &str, facts: &mut Vec<Fact>) {
    let name = recipient.name.as_str();
    let mut says = Says::of(About::Recipient, name, facts);
    let text = |typed: &Option<Typed<String>>| typed.as_ref().map_or("", Typed::as_str).to_owned();
    let list = |list: &[Typed<String>]| Extent::names(list.iter().map(Typed::as_str));
    says.say(WHOLE, "there");
    says.say("label", recipient.label.as_ref().map_or(name, Typed::as_str));
    says.say("duty", text(&recipient.duty));
    let country = recipient.country.as_ref().map_or("KR", Typed::as_str);
    says.shows("country", country, Extent::flag(country != "KR"));
    says.shows("sources", names(&recipient.sources), list(&recipient.sources));
    says.shows("tiers", names(&recipient.tiers), list(&recipient.tiers));
    for (source, tiers) in &recipient.only {
        says.shows(format!("only {}", source.value), names(tiers), list(tiers));
    }
    holds(&mut says, recipient.holds.as_deref());
    let items = recipient.items.as_ref().map(|items| items.value.as_slice());
    let extent = Extent::Names(items.map(|list| list.iter().map(|name| name.value.clone()).collect()));
    says.shows("items", items.map_or_else(|| "all".to_owned(), names), extent);
    says.say("topic", recipient::topic_template(recipient, "{tier}"));
    says.shows("when", when, asked_extent(when));
    let tenants = match &recipient.tenants {
        None => "all".to_owned(),
        Some(own) if own.value.is_empty() => "none".to_owned(),
        Some(own) => names(&own.value),
    };
    let own = recipient.tenants.as_ref().map(|own| own.value.iter().map(|name| name.value.clone()).collect());
    says.shows("tenants", tenants, Extent::Names(own));
    let enabled = recipient.enabled.as_ref().is_some_and(|flag| flag.value);
    says.shows("enabled", yes(enabled), Extent::flag(enabled));
    if let Some(grant) = &recipient.grant {
        says.say("ground", text(&grant.ground));
        says.say("reason", text(&grant.reason));
        says.say("until", grant.until.as_ref().map_or_else(String::new, |date| date.value.to_string()));
    }
}

fn names(list: &[Typed<String>]) -> String {
    list.iter().map(Typed::as_str).collect::<Vec<_>>().join(", ")
}

/// What a `when` of the file asks; it was checked when the policy was loaded.
fn conditions(policy: &Policy, parts: &[When]) -> String {
    let mut used = vec![false; policy.file.conditions.len()];
    let asked = condition::when(parts, &policy.file, &mut used, &mut Faults::default());
    clauses(&asked.unwrap_or_default())
}

/// A condition is less than none; two are not compared.
fn asked_extent(asked: &str) -> Extent {
    Extent::flag(asked == ALWAYS)
}

const ALWAYS: &str = "always";

fn clauses(clauses: &[route::Clause]) -> String {
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
    if words.is_empty() { ALWAYS.to_owned() } else { words.join(" and ") }
}

const fn need_words(need: Need) -> &'static str {
    match need {
        Need::Required => "required",
        Need::Optional => "optional",
        Need::Automatic => "automatic",
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
