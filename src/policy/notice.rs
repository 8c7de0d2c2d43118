//! The published notice, printed from the policy: what is collected for what and how it is treated, how long it is kept,
//! and who gets a share of it.
//!
//! Rows follow the order of the file, so equal policies print equal bytes. `words` says actions, terms and events in
//! Korean; `markdown`, `html` and `json` write the tables down.

mod cells;
mod html;
mod json;
mod markdown;
mod words;

use jiff::civil::Date;

use super::Policy;
use super::condition::{compatible, exact_pointer};
use super::file::{self, Belongs, Category, Item, Need, Source};
use super::read::Typed;
use super::recipient::Offer;
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions, SourcePlan, Unlisted};
use crate::kind::Kind;
use crate::record::TierId;
use crate::route::stay::Reach;
use crate::route::term::{date, day_of};
use crate::route::tier::Tier;
use crate::route::{Clause, Test};

/// The tables of a notice.
#[derive(Debug)]
pub struct Notice {
    /// The policy's name.
    pub policy: String,
    /// From when it is in force.
    pub effective: Option<Date>,
    /// The day of the event whose deadlines the second table gives.
    pub event_day: Date,
    /// What becomes of a field that no item names.
    pub unlisted: Unlisted,
    /// What is collected, by service and category.
    pub rows: Vec<Row>,
    /// How long it is kept.
    pub tiers: Vec<TierRow>,
    /// Who gets a share.
    pub recipients: Vec<RecipientRow>,
}

/// A name of the policy, and what the notice calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name in the policy.
    pub name: String,
    /// The words of the notice; the name where there are none.
    pub label: String,
}

/// One category (구분) of one service, or a category of every service.
#[derive(Debug)]
pub struct Row {
    /// The service (서비스명); `None` where every service collects it.
    pub service: Option<Named>,
    /// The category; `None` where the policy lists the items of a service without categories.
    pub category: Option<Named>,
    /// What is collected (수집 항목).
    pub fields: Vec<FieldRow>,
    /// What for (목적).
    pub purposes: Vec<Named>,
    /// On which grounds.
    pub basis: Vec<String>,
    /// How long (보유기간): the tiers that hold something of it, with their terms.
    pub kept: Vec<Kept>,
}

/// How long one tier keeps what it holds of a category.
#[derive(Debug)]
pub struct Kept {
    /// The tier.
    pub tier: String,
    /// Its term in words: `3개월 (통신비밀보호법)`.
    pub term: String,
    /// Whether only certain events lead there, by an `[[also]]` that does not name the service.
    pub also: bool,
}

/// One item of a category.
#[derive(Debug)]
pub struct FieldRow {
    /// Its name and label.
    pub field: Named,
    /// Whether it is collected always, by consent, or arises by itself; `None` where the policy does not say.
    pub need: Option<Need>,
    /// What is done to it, or to its parts one by one.
    pub treatments: Vec<Treatment>,
}

/// What is done (처리) to an item or a part of one, tier by tier.
#[derive(Debug, PartialEq, Eq)]
pub struct Treatment {
    /// The part, where the item has parts.
    pub part: Option<Named>,
    /// The words for what is done, with the tiers in which it is done. What no tier holds is 삭제 in all.
    pub ways: Vec<(String, Vec<String>)>,
    /// Tiers of the category that do not hold it, while others do.
    pub dropped_in: Vec<String>,
}

/// One tier.
#[derive(Debug)]
pub struct TierRow {
    /// The tier.
    pub tier: Named,
    /// Its group.
    pub group: Option<Named>,
    /// Its term without the law.
    pub term: String,
    /// The events from which it counts.
    pub starts: Vec<Named>,
    /// The law.
    pub law: Option<String>,
    /// Whether the law also forbids to destroy earlier.
    pub legal_minimum: bool,
    /// The last day on which a record of that day's event must be there; `None` where an event of the subject ends it.
    pub keep_until: Option<Date>,
    /// The day at whose end it must be gone; where an event of the subject may end it earlier, the latest.
    pub destroy_by: Option<Date>,
    /// Whether an event of the subject ends it.
    pub by_event: bool,
    /// The last day on which a record of that day's event is taken; `None` where late ones are.
    pub taken_until: Option<Date>,
    /// The precision of its times.
    pub time: &'static str,
    /// Whether its records are sealed whole.
    pub sealed: bool,
}

/// One recipient.
#[derive(Debug)]
pub struct RecipientRow {
    /// Who (수탁업체).
    pub recipient: Named,
    /// What it does for the controller (위탁업무).
    pub duty: Option<String>,
    /// Where it keeps what it gets.
    pub country: Option<String>,
    /// The ground on which a third party gets it: what, why, until when.
    pub grant: Option<String>,
    /// The services of which it gets something, each with the tiers.
    pub services: Vec<(Named, Vec<String>)>,
    /// The fields of which it gets something.
    pub fields: Vec<Named>,
    /// Whether anything is written for it.
    pub enabled: bool,
}

/// The tables of a policy; deadlines are those of an event on `event_day`.
pub fn notice(policy: &Policy, event_day: Date) -> Notice {
    let maker = Maker { policy, event_day };
    let common = policy.file.categories.iter().enumerate();
    let common: Vec<Row> = common.filter_map(|(index, category)| maker.common_row(index, category)).collect();
    Notice {
        policy: policy.plan.name.to_string(),
        effective: policy.file.effective.as_ref().map(|date| date.value),
        event_day,
        unlisted: policy.plan.unlisted,
        rows: (0..policy.file.sources.len()).flat_map(|source| maker.rows(source)).chain(common).collect(),
        tiers: (0..policy.file.tiers.len()).map(|tier| maker.tier_row(tier)).collect(),
        recipients: (0..policy.file.recipients.len()).map(|recipient| maker.recipient_row(recipient)).collect(),
    }
}

/// The name of something and its label.
fn named(name: &Typed<String>, label: Option<&Typed<String>>) -> Named {
    Named { name: name.value.clone(), label: label.unwrap_or(name).value.clone() }
}

struct Maker<'a> {
    policy: &'a Policy,
    event_day: Date,
}

impl<'a> Maker<'a> {
    fn file(&self) -> &'a file::File {
        &self.policy.file
    }

    fn rows(&self, source: usize) -> Vec<Row> {
        let typed = &self.file().sources[source];
        if typed.categories.is_empty() {
            return vec![self.plain_row(source, typed)];
        }
        let categories = typed.categories.iter().enumerate();
        categories.map(|(index, category)| self.row(source, index, typed, category)).collect()
    }

    fn row(&self, source: usize, index: usize, typed: &Source, category: &Category) -> Row {
        let tiers = self.reach(source, Some(category));
        let mut fields = Vec::new();
        for (item, at) in self.items_of(source, index, false) {
            self.add(&mut fields, item, &self.by_tier(source, at, &tiers));
        }
        self.finish(Some(named(&typed.name, typed.label.as_ref())), category, fields)
    }

    /// A category that every source with categories has: its items are treated alike everywhere, but not every tier
    /// gets records of every source.
    fn common_row(&self, index: usize, category: &Category) -> Option<Row> {
        let sources: Vec<usize> = (0..self.file().sources.len())
            .filter(|source| !self.file().sources[*source].categories.is_empty())
            .collect();
        let first = *sources.first()?;
        let mut fields = Vec::new();
        for (item, at) in self.items_of(first, index, true) {
            let name = item.item.as_ref().map(Typed::as_str);
            let mut by_tier: Vec<(TierId, &Actions)> = Vec::new();
            for source in &sources {
                let items = &self.file().sources[*source].items;
                // The same item of another source; a source may lack it where it says more itself.
                let own = if *source == first {
                    Some(at)
                } else {
                    items.iter().position(|other| {
                        other.item.as_ref().map(Typed::as_str) == name && other.belongs == item.belongs
                    })
                };
                let Some(own) = own else { continue };
                for (tier, actions) in self.by_tier(*source, own, &self.reach(*source, None)) {
                    if by_tier.iter().all(|(known, _)| *known != tier) {
                        by_tier.push((tier, actions));
                    }
                }
            }
            by_tier.sort_by_key(|(tier, _)| *tier);
            self.add(&mut fields, item, &by_tier);
        }
        Some(self.finish(None, category, fields))
    }

    /// The items of a source that has no categories, in one row.
    fn plain_row(&self, source: usize, typed: &Source) -> Row {
        let tiers = self.reach(source, None);
        let (mut fields, mut purposes) = (Vec::new(), Vec::new());
        for (at, item) in typed.items.iter().enumerate() {
            self.add(&mut fields, item, &self.by_tier(source, at, &tiers));
            for purpose in &item.purpose {
                let purpose = self.purpose(purpose);
                if !purposes.contains(&purpose) {
                    purposes.push(purpose);
                }
            }
        }
        let kept = self.kept(&fields, &|_| true);
        let service = Some(named(&typed.name, typed.label.as_ref()));
        Row { service, category: None, fields, purposes, basis: Vec::new(), kept }
    }

    fn finish(&self, service: Option<Named>, category: &Category, fields: Vec<FieldRow>) -> Row {
        // What is said of one service by name is its own too.
        let meant = |also: &file::Also, tier: &str| {
            let source = service.as_ref().map(|service| service.name.as_str());
            also.to.iter().any(|to| to.value == tier) && also.sources.iter().any(|named| Some(named.as_str()) == source)
        };
        let own = |tier: &str| {
            service.is_none()
                || category.to.iter().any(|to| to.tier.value == tier)
                || self.file().also.iter().any(|also| meant(also, tier))
        };
        let kept = self.kept(&fields, &own);
        Row {
            service,
            category: Some(named(&category.name, category.label.as_ref())),
            purposes: category.purpose.iter().map(|purpose| self.purpose(purpose)).collect(),
            basis: category.basis.iter().map(|basis| words::basis(&basis.value)).collect(),
            kept,
            fields,
        }
    }

    fn purpose(&self, purpose: &Typed<String>) -> Named {
        let known = self.file().purposes.iter().flatten().find(|(name, _)| name.value == purpose.value);
        named(purpose, known.map(|(_, words)| words))
    }

    fn event(&self, event: &str) -> Named {
        let known = self.file().events.iter().find(|(name, _)| name.value == event);
        let label = known.map_or(event, |(_, words)| words.as_str());
        Named { name: event.to_owned(), label: label.to_owned() }
    }

    /// The items that a category of a source, or of every source, lists; each with its index.
    fn items_of(&self, source: usize, index: usize, common: bool) -> Vec<(&'a Item, usize)> {
        let items = self.file().sources[source].items.iter().enumerate();
        let own = items.filter(|(_, item)| match &item.belongs {
            Belongs::Category(origin) => origin.category == index && origin.common == common,
            Belongs::Envelope | Belongs::Source => false,
        });
        own.map(|(at, item)| (item, at)).collect()
    }

    /// The tiers to which records of a source go, or those of one of its categories.
    fn reach(&self, source: usize, category: Option<&Category>) -> Vec<TierId> {
        let plan = &self.policy.plan.sources[source];
        let of = self.clauses_of(category);
        let mut tiers: Vec<TierId> = Vec::new();
        for route in plan.routes.iter().chain(&plan.also).filter(|route| compatible(&route.when, &of)) {
            tiers.extend(&route.to);
        }
        tiers.retain(|tier| usize::from(tier.0) < self.file().tiers.len() && takes(plan, *tier, &of));
        tiers.sort_unstable();
        tiers.dedup();
        tiers
    }

    /// That a record is of this category.
    fn clauses_of(&self, category: Option<&Category>) -> Vec<Clause> {
        let at = self.file().layout.as_ref().and_then(|layout| layout.category.as_ref());
        let at = at.and_then(|typed| exact_pointer(typed, &mut Faults::default()));
        let clause = |at| category.map(|category| Clause { at, test: Test::In(vec![category.name.as_str().into()]) });
        at.and_then(clause).into_iter().collect()
    }

    fn by_tier(&self, source: usize, item: usize, tiers: &[TierId]) -> Vec<(TierId, &'a Actions)> {
        let plan = &self.policy.plan.sources[source].items[item];
        tiers.iter().map(|tier| (*tier, &plan.actions[usize::from(tier.0)])).collect()
    }

    /// Adds what is done to an item to the row of its field.
    fn add(&self, fields: &mut Vec<FieldRow>, item: &Item, by_tier: &[(TierId, &Actions)]) {
        let Some(name) = &item.item else { return };
        let (field, need, part) = match &item.belongs {
            Belongs::Category(origin) => {
                let of = self.file().fields.iter().find(|field| field.name.value == origin.field);
                let label = of.map_or(name, |field| field.label.as_ref().unwrap_or(&field.name));
                let field = Named { name: origin.field.clone(), label: label.value.clone() };
                let part = origin.part.clone().map(|part| {
                    let label = item.label.as_ref().map_or_else(|| part.clone(), |label| label.value.clone());
                    Named { name: part, label }
                });
                (field, Some(origin.need), part)
            }
            Belongs::Source | Belongs::Envelope => (named(name, item.label.as_ref()), None, None),
        };
        let kind = item.rule.kind.as_ref().and_then(|kind| Kind::from_name(kind.as_str()));
        let treatment = self.treatment(part, kind.or_else(|| self.kind_of_class(item)), by_tier);
        match fields.iter_mut().find(|known| known.field == field) {
            Some(known) => known.treatments.push(treatment),
            None => fields.push(FieldRow { field, need, treatments: vec![treatment] }),
        }
    }

    fn kind_of_class(&self, item: &Item) -> Option<Kind> {
        let class = item.rule.class.as_ref()?;
        let class = self.file().classes.iter().find(|known| known.name.value == class.value)?;
        Kind::from_name(class.kind.as_ref()?.as_str())
    }

    fn treatment(&self, part: Option<Named>, kind: Option<Kind>, by_tier: &[(TierId, &Actions)]) -> Treatment {
        let (mut ways, mut dropped_in): (Vec<(String, Vec<String>)>, Vec<String>) = (Vec::new(), Vec::new());
        for (id, actions) in by_tier {
            let tier = &self.policy.plan.tiers[usize::from(id.0)];
            if drops(actions) {
                dropped_in.push(tier.name.to_string());
                continue;
            }
            let done = match kind {
                Some(Kind::Time) if actions.as_slice() == [Action::Keep] => words::cut(tier.time).to_owned(),
                _ => words::actions(actions),
            };
            match ways.iter_mut().find(|(known, _)| *known == done) {
                Some((_, tiers)) => tiers.push(tier.name.to_string()),
                None => ways.push((done, vec![tier.name.to_string()])),
            }
        }
        if ways.is_empty() {
            let tiers = std::mem::take(&mut dropped_in);
            ways.push((words::DROP.to_owned(), tiers));
        }
        Treatment { part, ways, dropped_in }
    }

    /// The tiers that hold something of these fields: those that the category names itself, then those that an `[[also]]`
    /// leads to, each in the order of the file.
    fn kept(&self, fields: &[FieldRow], own: &dyn Fn(&str) -> bool) -> Vec<Kept> {
        let ways = || fields.iter().flat_map(|field| &field.treatments).flat_map(|treatment| &treatment.ways);
        let holds =
            |name: &str| ways().any(|(done, tiers)| done != words::DROP && tiers.iter().any(|tier| tier == name));
        let tiers = self.policy.plan.tiers.iter().zip(&self.file().tiers).filter(|(plan, _)| holds(&plan.name));
        let kept = |(plan, typed): (&Tier, &file::Tier)| Kept {
            tier: plan.name.to_string(),
            term: self.term(plan, typed.basis.as_ref()),
            also: !own(&typed.name.value),
        };
        let mut kept: Vec<Kept> = tiers.map(kept).collect();
        kept.sort_by_key(|kept| kept.also);
        kept
    }

    fn term(&self, tier: &Tier, law: Option<&Typed<String>>) -> String {
        let until: Vec<String> = tier.term.until.iter().map(|event| self.event(event).label).collect();
        words::term(&tier.term, &until, law.map(Typed::as_str))
    }

    fn tier_row(&self, index: usize) -> TierRow {
        let (plan, typed) = (&self.policy.plan.tiers[index], &self.file().tiers[index]);
        let window = plan.term.window(day_of(self.event_day), plan.legal_minimum, &self.policy.plan.holidays);
        let by_event = !plan.term.until.is_empty();
        let groups = &self.file().groups;
        let group = typed.group.as_ref().map(|name| {
            named(
                name,
                groups.iter().find(|group| group.name.value == name.value).and_then(|group| group.label.as_ref()),
            )
        });
        // The last second of the day, and the lateness behind it.
        let days_late = Reach::new(self.policy.plan.max_lateness_s, 0).past_days;
        let taken_until =
            i32::try_from(days_late).ok().and_then(|late| date(day_of(self.event_day).saturating_add(late)));
        TierRow {
            tier: Named { name: plan.name.to_string(), label: plan.label.to_string() },
            group,
            term: self.term(plan, None),
            starts: typed.from.iter().map(|event| self.event(event.as_str())).collect(),
            law: typed.basis.as_ref().map(|law| law.value.clone()),
            legal_minimum: plan.legal_minimum,
            keep_until: window.map(|window| window.keep_until).filter(|_| !by_event),
            destroy_by: window.map(|window| window.destroy_by),
            by_event,
            taken_until: taken_until.filter(|_| !plan.late_accept),
            time: words::precision(plan.time),
            sealed: plan.body_sealed,
        }
    }

    fn recipient_row(&self, index: usize) -> RecipientRow {
        let typed = &self.file().recipients[index];
        let offers: Vec<&Offer> = self.policy.offers.iter().filter(|offer| offer.recipient == index).collect();
        let (mut services, mut fields) = (Vec::new(), Vec::new());
        for (at, source) in self.file().sources.iter().enumerate() {
            let mut tiers = Vec::new();
            for offer in offers.iter().filter(|offer| offer.sources[at]) {
                if self.reach(at, None).iter().any(|tier| usize::from(tier.0) == offer.tier) {
                    tiers.push(self.file().tiers[offer.tier].name.value.clone());
                    self.offered(at, offer, &mut fields);
                }
            }
            if !tiers.is_empty() {
                services.push((named(&source.name, source.label.as_ref()), tiers));
            }
        }
        let order = |field: &Named| self.file().fields.iter().position(|known| known.name.value == field.name);
        fields.sort_by_key(order);
        RecipientRow {
            recipient: named(&typed.name, typed.label.as_ref()),
            duty: typed.duty.as_ref().map(|duty| duty.value.clone()),
            country: typed.country.as_ref().map(|country| country.value.clone()),
            grant: typed.grant.as_ref().map(words::grant),
            services,
            fields,
            enabled: typed.enabled(),
        }
    }

    /// Adds the fields of a source of which a recipient gets something by one of its tiers.
    fn offered(&self, source: usize, offer: &Offer, fields: &mut Vec<Named>) {
        let typed = &self.file().sources[source];
        for (item, actions) in typed.items.iter().zip(&offer.actions[source]) {
            let field = match &item.belongs {
                Belongs::Envelope => continue,
                Belongs::Source => item.item.as_ref().map(|name| named(name, item.label.as_ref())),
                Belongs::Category(origin) => {
                    let category = (!origin.common).then(|| &typed.categories[origin.category]);
                    let of = self.clauses_of(category);
                    let reached = self.reach(source, category).iter().any(|tier| usize::from(tier.0) == offer.tier);
                    if !reached || !compatible(&offer.when, &of) {
                        continue;
                    }
                    let field = self.file().fields.iter().find(|field| field.name.value == origin.field);
                    field.map(|field| named(&field.name, field.label.as_ref()))
                }
            };
            if let Some(field) = field.filter(|field| !drops(actions) && !fields.contains(field)) {
                fields.push(field);
            }
        }
    }
}

/// Whether nothing of a value leaves.
fn drops(actions: &Actions) -> bool {
    matches!(actions.as_slice(), [Action::Drop])
}

/// Whether a tier may take records for which these clauses hold.
fn takes(plan: &SourcePlan, tier: TierId, of: &[Clause]) -> bool {
    plan.takes.get(usize::from(tier.0)).is_none_or(|clauses| compatible(clauses, of))
}
