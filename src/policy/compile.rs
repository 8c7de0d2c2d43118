//! The file to the engine's plan; what cannot be compiled is complained of, part by part, and left out.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::condition::{unknown, when};
use super::file::{self, File, Keep};
use super::holidays::{Read, holidays};
use super::read::Typed;
use super::recipient::{Offer, RECIPIENTS, Share, Shares, shares};
use super::rule::Rules;
use super::source::{self, ItemParts, SourceParts};
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions, KeyPlan, Plan, Unlisted};
use crate::limits::{EXACT_SECONDS_MAX, TIERS_MAX};
use crate::pseudonym::Algorithm;
use crate::pseudonym::epoch::Period;
use crate::record::TierId;
use crate::record::time::TimePrecision;
use crate::route::Clause;
use crate::route::calendar::Holidays;
use crate::route::term::{Length, Term};
use crate::route::tier::Tier;

/// How late a record may be where the policy does not say, in seconds: 72 hours.
const LATENESS_S: i64 = 72 * 60 * 60;

/// What the parts of a file compile to, in the order of the file; what could not be compiled is missing.
pub(super) struct Parts {
    zone: Option<TimeZone>,
    unlisted: Option<Unlisted>,
    max_lateness_s: Option<i64>,
    tiers: Vec<Option<(Tier, KeyPlan)>>,
    /// What recipients get of the tiers.
    pub(super) shares: Shares,
    /// By tier of the file: what must hold for a record to be taken there.
    pub(super) takes: Vec<Option<Vec<Clause>>>,
    /// By recipient: what must hold for a record to go there.
    pub(super) goes: Vec<Option<Vec<Clause>>>,
    holidays: Option<Holidays>,
    found: Option<Vec<Vec<Actions>>>,
    pub(super) sources: Vec<SourceParts>,
    /// Whether something refers to the class at this index.
    pub(super) classes_used: Vec<bool>,
    /// Whether something refers to the named condition at this index.
    pub(super) conditions_used: Vec<bool>,
}

/// Compiles every part of a file; `read` gives the text of a file that it names.
pub(super) fn compile(file: &File, read: Read<'_>, faults: &mut Faults) -> Parts {
    if let Some(name) = &file.policy {
        kebab("policy", name, faults);
    }
    let shares = shares(file, faults);
    let mut rules = Rules::new(file, &shares);
    let mut conditions_used = vec![false; file.conditions.len()];
    for condition in &file.conditions {
        kebab("condition", &condition.name, faults);
        for clause in &condition.clauses {
            super::condition::clause(clause, faults);
        }
    }
    for class in &file.classes {
        kebab("class", &class.name, faults);
    }
    let tiers = tiers(file, faults);
    let mut asks = |parts: &[file::When]| when(parts, file, &mut conditions_used, faults);
    let takes = file.tiers.iter().map(|tier| asks(&tier.when)).collect();
    let goes = file.recipients.iter().map(|recipient| asks(&recipient.when)).collect();
    rules.check_holds(faults);
    let found = rules.found(faults);
    let sources = file
        .sources
        .iter()
        .map(|source| source::compile(source, file, &mut rules, &mut conditions_used, faults))
        .collect();
    Parts {
        zone: zone(file, faults),
        unlisted: choice(
            file.unlisted.as_ref(),
            &[("drop", Unlisted::Drop), ("scan", Unlisted::Scan), ("refuse", Unlisted::Refuse)],
            Unlisted::Drop,
            faults,
        ),
        max_lateness_s: lateness(file, faults),
        tiers,
        takes,
        goes,
        holidays: holidays(file, read, faults),
        found,
        sources,
        classes_used: rules.classes_used,
        conditions_used,
        shares,
    }
}

impl Parts {
    /// What each recipient gets of each of its tiers, or would get once it is enabled.
    pub(super) fn offers(&self) -> Vec<Offer> {
        let offer = |(index, share): (usize, &Share)| {
            let actions = |item: &ItemParts| {
                let by_tier = item.rule.as_ref().and_then(|(_, by_tier)| by_tier.get(self.tiers.len() + index));
                by_tier.cloned().unwrap_or_else(|| vec![Action::Drop])
            };
            Offer {
                recipient: share.recipient,
                tier: share.tier,
                sources: share.sources.clone(),
                when: self.goes[share.recipient].clone().unwrap_or_default(),
                actions: self.sources.iter().map(|source| source.items.iter().map(actions).collect()).collect(),
            }
        };
        self.shares.all.iter().enumerate().map(offer).collect()
    }

    /// The plan, if every part is there.
    pub(super) fn plan(self, file: &File, text: &str) -> Option<Plan> {
        let tiers: Vec<(Tier, KeyPlan)> = self.tiers.into_iter().collect::<Option<_>>()?;
        let zone = self.zone?;
        let shares = self.shares.plan(file, &zone, &tiers);
        let takes: Vec<Vec<Clause>> = self.takes.into_iter().collect::<Option<_>>()?;
        let goes: Vec<Vec<Clause>> = self.goes.into_iter().collect::<Option<_>>()?;
        let all = tiers.len() + shares.len();
        let mut found = self.found?;
        found.iter_mut().for_each(|by_tier| by_tier.truncate(all));
        let sources = self.sources.into_iter().zip(&file.sources).enumerate();
        let sources = sources.map(|(index, (parts, source))| {
            let mut plan = parts.plan(source, &found, all)?;
            self.shares.route(index, tiers.len(), &mut plan.routes);
            self.shares.route(index, tiers.len(), &mut plan.also);
            plan.takes.clone_from(&takes);
            plan.takes.extend(self.shares.takes(file, plan.tenant.as_ref(), &takes, &goes));
            Some(plan)
        });
        let sources = sources.collect::<Option<_>>()?;
        let (tiers, keys) = tiers.into_iter().chain(shares).unzip();
        Some(Plan {
            name: file.policy.as_ref()?.as_str().into(),
            digest: *blake3::hash(text.as_bytes()).as_bytes(),
            zone,
            unlisted: self.unlisted?,
            max_lateness_s: self.max_lateness_s?,
            keys,
            holidays: self.holidays?,
            tiers,
            sources,
        })
    }
}

/// The meaning of one of several words.
pub(super) fn choice<T: Copy>(
    typed: Option<&Typed<String>>,
    choices: &[(&str, T)],
    otherwise: T,
    faults: &mut Faults,
) -> Option<T> {
    let Some(typed) = typed else { return Some(otherwise) };
    let chosen = choices.iter().find(|(word, _)| *word == typed.value).map(|(_, meaning)| *meaning);
    if chosen.is_none() {
        unknown(faults, "value", typed, choices.iter().map(|(word, _)| *word));
    }
    chosen
}

/// Complains of a name that is not lower-case letters, digits and hyphens: names become parts of topics and metrics.
pub(super) fn kebab(what: &str, name: &Typed<String>, faults: &mut Faults) {
    legal_name(what, name, "-", faults);
}

/// The same with other signs allowed between letters and digits.
pub(super) fn legal_name(what: &str, name: &Typed<String>, signs: &str, faults: &mut Faults) {
    let text = name.as_str();
    let legal = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || signs.contains(c))
        && text.len() <= 64;
    if !legal {
        let fault = faults.error("G0102", name.span.clone(), format!("`{text}` is not a name for this {what}"));
        fault.help = Some("begin with a letter; use lower-case letters, digits and `-`, 64 at most".to_owned());
    }
}

fn zone(file: &File, faults: &mut Faults) -> Option<TimeZone> {
    let typed = file.timezone.as_ref()?;
    // The zones built into the program, not those of the machine: two hosts must never disagree about a day.
    let database = TimeZoneDatabase::bundled();
    let zone = database.get(typed.as_str()).ok();
    if zone.is_none() {
        let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
        let near = crate::diagnostic::nearest(typed.as_str(), names.iter().map(String::as_str));
        let fault = faults.error("G0120", typed.span.clone(), format!("unknown time zone `{}`", typed.value));
        fault.label = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        fault.help = Some("write an IANA name such as `Asia/Seoul`".to_owned());
    }
    zone
}

fn lateness(file: &File, faults: &mut Faults) -> Option<i64> {
    let Some(typed) = &file.max_lateness else {
        return Some(LATENESS_S);
    };
    let seconds = amount(typed.as_str()).and_then(|(count, unit)| {
        let unit = match unit {
            "second" => 1,
            "minute" => 60,
            "hour" => 60 * 60,
            "day" => 24 * 60 * 60,
            _ => return None,
        };
        Some(i64::from(count) * unit)
    });
    if seconds.is_none() {
        let fault = faults.error("G0137", typed.span.clone(), format!("`{}` is not a duration", typed.value));
        fault.help = Some("write `72 hours`, `3 days`, `30 minutes`".to_owned());
    }
    seconds
}

/// `3 months` as a count above zero and a unit without its `s`.
fn amount(text: &str) -> Option<(u32, &str)> {
    let (count, unit) = text.split_once(' ')?;
    let count = count.parse().ok().filter(|count| (1..=100_000).contains(count))?;
    Some((count, unit.strip_suffix('s').unwrap_or(unit)))
}

fn tiers(file: &File, faults: &mut Faults) -> Vec<Option<(Tier, KeyPlan)>> {
    if let Some(tier) = file.tiers.get(TIERS_MAX) {
        let message = format!("{} tiers, at most {TIERS_MAX} are possible", file.tiers.len());
        faults.error("G0128", tier.name.span.clone(), message).label = "one too many".to_owned();
    }
    if file.tiers.is_empty() {
        // `tiers` missing altogether is complained of where the file is read.
        return Vec::new();
    }
    let otherwise = choice(file.algorithm.as_ref(), &ALGORITHMS, Algorithm::Blake3, faults);
    let mut tiers = Vec::new();
    for (index, one) in file.tiers.iter().enumerate() {
        let (tier, keys) = (tier(one, file, faults), keys(one, index, otherwise, faults));
        tiers.push(tier.zip(keys));
    }
    tiers
}

const ALGORITHMS: [(&str, Algorithm); 2] = [("blake3", Algorithm::Blake3), ("hmac-sha256", Algorithm::HmacSha256)];

/// The keys of a tier.
fn keys(tier: &file::Tier, index: usize, otherwise: Option<Algorithm>, faults: &mut Faults) -> Option<KeyPlan> {
    let legal = tier.legal_minimum.as_ref().filter(|flag| flag.value);
    let period = choice(tier.epoch.as_ref(), &[("day", Period::Day), ("year", Period::Year)], Period::Day, faults);
    let tenants = tier.tenants.as_ref().filter(|flag| flag.value);
    if let (Some(legal), Some(Period::Year), Some(epoch)) = (legal, period, &tier.epoch) {
        let message = "a legal minimum has a key for each day: one for a year would outlive its first records' end";
        let fault = faults.error("G0119", epoch.span.clone(), message);
        fault.related.push((legal.span.clone(), "the legal minimum".to_owned()));
        fault.help = Some("write `epoch = \"day\"`, or leave it out".to_owned());
    }
    if let (Some(legal), Some(tenants)) = (legal, tenants) {
        let message = "the records of a legal minimum cannot end with their tenant";
        let fault = faults.error("G0119", tenants.span.clone(), message);
        fault.related.push((legal.span.clone(), "the legal minimum".to_owned()));
        fault.help = Some("leave `tenants` out".to_owned());
    }
    let algorithm = match &tier.algorithm {
        None => otherwise?,
        own => choice(own.as_ref(), &ALGORITHMS, Algorithm::Blake3, faults)?,
    };
    let of = TierId(u8::try_from(index).ok()?);
    Some(KeyPlan { of, recipient: None, algorithm, period: period?, tenants: tenants.is_some() })
}

fn tier(tier: &file::Tier, file: &File, faults: &mut Faults) -> Option<Tier> {
    kebab("tier", &tier.name, faults);
    own_word("tier", &tier.name, faults);
    if let Some(group) = &tier.group {
        kebab("group", group, faults);
        own_word("group", group, faults);
        if let Some(same) = file.tiers.iter().find(|other| other.name.value == group.value) {
            let message = format!("the group `{}` is called as a tier", group.value);
            faults.error("G0112", group.span.clone(), message).related =
                vec![(same.name.span.clone(), "the tier".to_owned())];
        }
    }
    let legal_minimum = tier.legal_minimum.as_ref().is_some_and(|flag| flag.value);
    let term = term(tier, faults);
    if let (Some(flag), Some(ends), true) = (&tier.legal_minimum, &term, legal_minimum)
        && (ends.length.is_none() || !ends.until.is_empty())
    {
        let message = "a legal minimum has a length, this tier ends with an event";
        faults.error("G0118", flag.span.clone(), message).help =
            Some("give `keep` a length, or leave `legal-minimum` out".to_owned());
    }
    if let (Some(flag), Some(Length::Seconds(_)), true) =
        (&tier.legal_minimum, term.as_ref().and_then(|term| term.length), legal_minimum)
    {
        let message = "a legal minimum is counted in days, months or years, this tier ends to the second";
        let fault = faults.error("G0155", flag.span.clone(), message);
        fault.help = Some("the law counts by the calendar: write days, months or years".to_owned());
    }
    let time = choice(
        tier.time.as_ref(),
        &[
            ("second", TimePrecision::Second),
            ("minute", TimePrecision::Minute),
            ("hour", TimePrecision::Hour),
            ("day", TimePrecision::Day),
        ],
        TimePrecision::Second,
        faults,
    );
    let late = choice(tier.late.as_ref(), &[("accept", true), ("refuse", false)], false, faults);
    Some(Tier {
        name: tier.name.as_str().into(),
        label: tier.label.as_ref().map_or(tier.name.as_str(), Typed::as_str).into(),
        topic: topic_template(tier).into(),
        term: term?,
        legal_minimum,
        late_accept: late?,
        time: time?,
        record_id: tier.record_id.as_ref().is_none_or(|flag| flag.value),
        spread: tier.spread.as_ref().is_some_and(|flag| flag.value),
        body_sealed: choice(tier.body.as_ref(), &[("open", false), ("sealed", true)], false, faults)?,
        until_ms: None,
    })
}

/// Complains of a name that means something else in a `do`.
pub(super) fn own_word(what: &str, name: &Typed<String>, faults: &mut Faults) {
    if name.value == "default" || name.value == RECIPIENTS {
        let message = format!("`{}` has a meaning in `do` and cannot name a {what}", name.value);
        faults.error("G0115", name.span.clone(), message);
    }
}

/// The topic of a tier with `{source}` in it.
pub(super) fn topic_template(tier: &file::Tier) -> String {
    tier.topic.as_ref().map_or_else(|| format!("tier.{}.{{source}}", tier.name.value), |topic| topic.value.clone())
}

fn term(tier: &file::Tier, faults: &mut Faults) -> Option<Term> {
    let written = match &tier.keep {
        None => {
            let message = format!("tier `{}` has no end", tier.name.value);
            let fault = faults.error("G0118", tier.name.span.clone(), message);
            fault.label = "needs `keep`".to_owned();
            fault.help =
                Some("write `keep = \"3 months\"` or `keep = { until = [\"contract_terminated\"] }`".to_owned());
            return None;
        }
        Some(Keep::Until { events, at_most }) => {
            if events.value.is_empty() {
                let message = format!("tier `{}` has no end", tier.name.value);
                faults.error("G0118", events.span.clone(), message).label = "names no event".to_owned();
                return None;
            }
            let until = events.value.iter().map(|event| event.as_str().into()).collect();
            return match at_most {
                None => Some(Term::until(until)),
                Some(written) => length(written, faults).map(|length| Term { length: Some(length), until }),
            };
        }
        Some(Keep::For(written)) => written,
    };
    length(written, faults).map(Term::of)
}

fn length(written: &Typed<String>, faults: &mut Faults) -> Option<Length> {
    let length = amount(written.as_str()).and_then(|(count, unit)| match unit {
        "day" => Some(Length::Days(count)),
        "month" => Some(Length::Months(count)),
        "year" => Some(Length::Years(count)),
        "hour" => count.checked_mul(3600).map(Length::Seconds),
        "minute" => count.checked_mul(60).map(Length::Seconds),
        "second" => Some(Length::Seconds(count)),
        _ => None,
    });
    // A term that no calendar can count to its end would be none.
    let length = length.filter(|length| match length {
        Length::Days(count) => *count <= 365 * 200,
        Length::Months(count) => *count <= 12 * 200,
        Length::Years(count) => *count <= 200,
        Length::Seconds(count) => *count <= EXACT_SECONDS_MAX,
    });
    if length.is_none() {
        let fault = faults.error("G0118", written.span.clone(), format!("`{}` is not a term", written.value));
        fault.help = Some(
            "write `90 days`, `3 months` or `5 years` (200 years at most); where the law asks for nothing, also `12 hours`, \
             `1 minute` or `90 seconds` (31 days at most)"
                .to_owned(),
        );
    }
    length
}
