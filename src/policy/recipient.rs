//! Recipients: who gets a share of which tiers, and what that share is.

pub(super) mod check;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::compile::{kebab, own_word};
use super::condition::unknown;
use super::file::{self, File};
use super::read::Typed;
use crate::diagnostic::Faults;
use crate::engine::plan::{Actions, KeyPlan};
use crate::limits::TIERS_MAX;
use crate::record::TierId;
use crate::record::time::TimePrecision;
use crate::route::tier::Tier;
use crate::route::{Clause, Pointer, Route, Test};

/// The word by which a `do` speaks of all recipients.
pub(super) const RECIPIENTS: &str = "recipients";

/// Every share of every recipient.
pub(super) struct Shares {
    /// Those of enabled recipients first, each in file order.
    pub(super) all: Vec<Share>,
}

/// What one recipient gets of one tier.
pub(super) struct Share {
    /// Its index in the file.
    pub(super) recipient: usize,
    /// The index of the tier in the file.
    pub(super) tier: usize,
    /// By source of the file: whether its records are in it.
    pub(super) sources: Vec<bool>,
    /// Whether it is written.
    pub(super) enabled: bool,
}

/// What a recipient gets of one tier, or would get once it is enabled.
#[derive(Debug)]
pub struct Offer {
    /// Its index in the file.
    pub recipient: usize,
    /// The index of the tier in the file.
    pub tier: usize,
    /// By source of the file: whether its records are in it.
    pub sources: Vec<bool>,
    /// What must hold for a record to go to it, besides what its tier asks.
    pub when: Vec<Clause>,
    /// What is done, by source and item of the file.
    pub actions: Vec<Vec<Actions>>,
}

/// Resolves the recipients of a file.
pub(super) fn shares(file: &File, faults: &mut Faults) -> Shares {
    let mut all = Vec::new();
    for (index, recipient) in file.recipients.iter().enumerate() {
        kebab("recipient", &recipient.name, faults);
        own_word("recipient", &recipient.name, faults);
        also_a_tier(recipient, file, faults);
        let owner = format!("`{}` gets", recipient.name.value);
        let known = || file.sources.iter().map(|source| source.name.as_str());
        named("source", &owner, &recipient.sources, known, faults, |_| {});
        for (source, _) in &recipient.only {
            named("source", &owner, std::slice::from_ref(source), known, faults, |_| {});
        }
        let known = || file.tiers.iter().map(|tier| tier.name.as_str());
        named("tier", &owner, &recipient.tiers, known, faults, |tier| {
            let name = file.tiers[tier].name.as_str();
            let sources = file.sources.iter().map(|source| recipient.gets(source, Some(name))).collect();
            all.push(Share { recipient: index, tier, sources, enabled: recipient.enabled() });
        });
    }
    all.sort_by_key(|share: &Share| !share.enabled);
    let over = all.iter().filter(|share| share.enabled).nth(TIERS_MAX.saturating_sub(file.tiers.len()));
    if let Some(share) = over.filter(|_| file.tiers.len() <= TIERS_MAX) {
        let enabled = all.iter().filter(|share| share.enabled).count();
        let message = format!(
            "{} tiers and {enabled} shares of recipients, at most {TIERS_MAX} are possible together",
            file.tiers.len()
        );
        let name = &file.recipients[share.recipient].name;
        faults.error("G0128", name.span.clone(), message).label = "does not fit any more".to_owned();
    }
    Shares { all }
}

impl file::Recipient {
    /// Whether anything is written for it yet.
    pub(super) fn enabled(&self) -> bool {
        self.enabled.as_ref().is_some_and(|flag| flag.value)
    }

    /// Whether it gets records of a source: of a tier of this name, or of any tier at all.
    pub(super) fn gets(&self, source: &file::Source, tier: Option<&str>) -> bool {
        let only = self.only.iter().find(|(name, _)| name.value == source.name.value);
        match (only, tier) {
            (Some((_, tiers)), Some(tier)) => tiers.iter().any(|name| name.value == tier),
            (Some((_, tiers)), None) => !tiers.is_empty(),
            (None, _) => self.sources.iter().any(|name| name.value == source.name.value),
        }
    }
}

/// Resolves the names of a list of `owner` (``the tier `short` holds``), and complains of unknown ones and of those
/// that stand twice.
pub(super) fn named<'f, I: Iterator<Item = &'f str> + Clone>(
    what: &str,
    owner: &str,
    names: &[Typed<String>],
    known: impl Fn() -> I,
    faults: &mut Faults,
    mut take: impl FnMut(usize),
) {
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = names[..at].iter().find(|first| first.value == name.value) {
            let message = format!("{owner} the {what} `{}` twice", name.value);
            faults.error("G0112", name.span.clone(), message).related =
                vec![(first.span.clone(), "the first".to_owned())];
            continue;
        }
        match known().position(|known| known == name.value) {
            Some(index) => take(index),
            None => unknown(faults, what, name, known()),
        }
    }
}

fn also_a_tier(recipient: &file::Recipient, file: &File, faults: &mut Faults) {
    let tiers = file.tiers.iter().map(|tier| ("tier", &tier.name));
    let groups = file.tiers.iter().filter_map(|tier| tier.group.as_ref()).map(|group| ("group", group));
    if let Some((what, same)) = tiers.chain(groups).find(|(_, name)| name.value == recipient.name.value) {
        let message = format!("the recipient `{}` is called as a {what}", recipient.name.value);
        faults.error("G0112", recipient.name.span.clone(), message).related =
            vec![(same.span.clone(), format!("the {what}"))];
    }
}

impl Shares {
    /// The enabled shares as tiers of their own: the term of their tier, its secrets, nothing more exact than an hour,
    /// in no order that would tell which records of two topics belong together, and no longer than granted.
    pub(super) fn plan(&self, file: &File, zone: &TimeZone, tiers: &[(Tier, KeyPlan)]) -> Vec<(Tier, KeyPlan)> {
        let share = |share: &Share| {
            let recipient = &file.recipients[share.recipient];
            let (of, keys) = &tiers[share.tier];
            let label = recipient.label.as_ref().map_or(recipient.name.as_str(), Typed::as_str);
            let tier = Tier {
                name: format!("{}@{}", of.name, recipient.name.value).into(),
                label: format!("{} ({label})", of.label).into(),
                topic: topic_template(recipient, &of.name).into(),
                time: of.time.max(TimePrecision::Hour),
                spread: true,
                until_ms: recipient.grant.as_ref().and_then(|grant| end_ms(grant, zone)),
                // Nothing is sealed for a recipient: what it may have, its own actions say.
                body_sealed: false,
                ..of.clone()
            };
            (tier, KeyPlan { recipient: Some(recipient.name.as_str().into()), ..keys.clone() })
        };
        self.enabled().map(share).collect()
    }

    /// What must hold for a record of a source to go to each enabled share: what its tier asks, what the recipient asks,
    /// and that the tenant is one of its own.
    pub(super) fn takes(
        &self,
        file: &File,
        tenant: Option<&Pointer>,
        tiers: &[Vec<Clause>],
        recipients: &[Vec<Clause>],
    ) -> Vec<Vec<Clause>> {
        let share = |share: &Share| {
            let mut clauses = tiers[share.tier].clone();
            clauses.extend(recipients[share.recipient].iter().cloned());
            if let Some(own) = &file.recipients[share.recipient].tenants {
                let own = own.value.iter().map(|tenant| tenant.as_str().into()).collect();
                // A source without tenants is refused where it is checked.
                clauses.extend(tenant.map(|at| Clause { at: at.clone(), test: Test::In(own) }));
            }
            clauses
        };
        self.enabled().map(share).collect()
    }

    /// Leads the routes of a source to the enabled shares of the tiers that they name.
    pub(super) fn route(&self, source: usize, tiers: usize, routes: &mut [Route]) {
        for (index, share) in self.enabled().enumerate().filter(|(_, share)| share.sources[source]) {
            let (Ok(of), Ok(own)) = (u8::try_from(share.tier), u8::try_from(tiers + index)) else { continue };
            for route in routes.iter_mut().filter(|route| route.to.contains(&TierId(of))) {
                route.to.push(TierId(own));
            }
        }
    }

    fn enabled(&self) -> impl Iterator<Item = &Share> {
        self.all.iter().filter(|share| share.enabled)
    }
}

/// The topic of a recipient's share of a tier, with `{source}` in it.
pub(super) fn topic_template(recipient: &file::Recipient, tier: &str) -> String {
    let written = recipient.topic.as_ref().map(Typed::as_str);
    let default = || format!("to.{}.{{tier}}.{{source}}", recipient.name.value);
    written.map_or_else(default, ToOwned::to_owned).replace("{tier}", tier)
}

/// The last millisecond of a grant, since 1970: that before its last day's midnight in the policy's zone.
fn end_ms(grant: &file::Grant, zone: &TimeZone) -> Option<i64> {
    let after = grant.until.as_ref()?.value.tomorrow().ok()?;
    Some(zone.to_timestamp(after.to_datetime(Time::midnight())).ok()?.as_millisecond() - 1)
}
