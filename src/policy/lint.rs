//! What a policy may say and must not: tiers of the law that others read, personal data where there shall be none, and
//! what no example shows.
//!
//! Keys need no look: every tier has its own, and a recipient's are made apart from them, whatever a policy says.

use std::collections::BTreeSet;
use std::ops::Range;

use super::action::words;
use super::compile::{Parts, topic_template};
use super::condition::{compatible, unknown};
use super::explain::{Leaf, failing, json_leaves, leads_to};
use super::file::{Belongs, Do, File, Group, Rule, Tier};
use super::read::Typed;
use super::source::SourceParts;
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions, CarrierPlan};
use crate::kind::Kind;
use crate::mask::MaskShape;
use crate::mask::generalize::Generalize;
use crate::route::Clause;

/// So many traits of a person in one record single out people even where each is coarse.
const COARSE_TRAITS_MAX: usize = 2;
/// The same for traits that are exact.
const EXACT_TRAITS_MAX: usize = 1;

/// Notes what must not be said.
pub(super) fn check(file: &File, parts: &Parts, faults: &mut Faults) {
    for group in &file.groups {
        readers(group, file, faults);
    }
    legal_readers(file, faults);
    legal_topics(file, parts, faults);
    for (index, tier) in file.tiers.iter().enumerate().filter(|(_, tier)| is_impersonal(tier)) {
        impersonal(tier, file, faults);
        for source in 0..file.sources.len() {
            reaches(index, source, file, parts, faults);
        }
        traits(index, file, parts, faults);
    }
    exercised(file, parts, faults);
}

fn is_legal(tier: &Tier) -> bool {
    tier.legal_minimum.as_ref().is_some_and(|flag| flag.value)
}

fn is_impersonal(tier: &Tier) -> bool {
    tier.personal.as_ref().is_some_and(|flag| !flag.value)
}

fn of<'f>(group: &'f Group, file: &'f File) -> impl Iterator<Item = &'f Tier> {
    file.tiers.iter().filter(|tier| tier.group.as_ref().is_some_and(|name| name.value == group.name.value))
}

/// Complains of a group that no tier has, and of readers that are nobody or stand twice.
fn readers(group: &Group, file: &File, faults: &mut Faults) {
    if of(group, file).next().is_none() {
        let groups = || file.tiers.iter().filter_map(|tier| tier.group.as_ref()).map(Typed::as_str);
        unknown(faults, "group", &group.name, groups());
    }
    for (index, reader) in group.readers.iter().enumerate() {
        if let Some(first) = group.readers[..index].iter().find(|first| first.value == reader.value) {
            let message = format!("`{}` reads the group `{}` twice", reader.value, group.name.value);
            faults.error("G0112", reader.span.clone(), message).related =
                vec![(first.span.clone(), "the first".to_owned())];
        }
        let (sort, name) = reader.value.split_once(':').unwrap_or_default();
        if sort.is_empty() || name.is_empty() {
            faults.error("G0172", reader.span.clone(), format!("`{}` is no principal", reader.value)).help =
                Some("write it as the broker's ACLs do, `User:archive`".to_owned());
        }
    }
}

/// Complains of readers of tiers of the law that read others too.
fn legal_readers(file: &File, faults: &mut Faults) {
    let legal = |group: &&Group| of(group, file).any(is_legal);
    for group in file.groups.iter().filter(legal) {
        let law = of(group, file).find(|tier| is_legal(tier)).map(|tier| tier.name.span.clone()).unwrap_or_default();
        let other = of(group, file).find(|tier| !is_legal(tier)).and_then(|tier| tier.group.as_ref());
        if let (Some(other), false) = (other, group.readers.is_empty()) {
            let message = format!("who reads this tier reads tiers of the law too, in the group `{}`", other.value);
            let fault = faults.error("G0165", other.span.clone(), message);
            fault.related.push((law, "kept by law".to_owned()));
            fault.help = Some("give the tiers of the law a group of their own".to_owned());
        }
        for (index, reader) in group.readers.iter().enumerate() {
            if group.readers[..index].iter().any(|first| first.value == reader.value) {
                continue;
            }
            if reader.value == "User:*" {
                let message = format!("everybody reads the tiers of the law, in the group `{}`", group.name.value);
                faults.error("G0165", reader.span.clone(), message).help =
                    Some("name who may, `User:archive`".to_owned());
            }
            for others in file.groups.iter().filter(|others| !legal(others) && of(others, file).next().is_some()) {
                let Some(same) = others.readers.iter().find(|other| other.value == reader.value) else { continue };
                let (law, rest) = (&group.name.value, &others.name.value);
                let message = format!("`{}` reads tiers of the law (`{law}`) and others (`{rest}`)", reader.value);
                let fault = faults.error("G0165", reader.span.clone(), message);
                fault.related.push((same.span.clone(), "also here".to_owned()));
                fault.help = Some("give each a principal of its own: records of the law are kept apart".to_owned());
            }
        }
    }
}

/// Complains of a tier of the law and another one whose topics would be one for some source, though none leads to both
/// now; where one does, its topics collide already.
fn legal_topics(file: &File, parts: &Parts, faults: &mut Faults) {
    for (index, law) in file.tiers.iter().enumerate().filter(|(_, tier)| is_legal(tier)) {
        for (other_index, other) in file.tiers.iter().enumerate().filter(|(_, tier)| !is_legal(tier)) {
            let both = |source: &SourceParts| source.reached[index] && source.reached[other_index];
            let template = topic_template(law);
            if template != topic_template(other) || !template.contains("{source}") || parts.sources.iter().any(both) {
                continue;
            }
            let Some(topic) = other.topic.as_ref().or(law.topic.as_ref()) else { continue };
            let (law_name, other_name) = (&law.name.value, &other.name.value);
            let message = format!("tier `{law_name}` of the law and tier `{other_name}` share the topics `{template}`");
            let fault = faults.error("G0165", topic.span.clone(), message);
            fault.related.extend(law.topic.as_ref().map(|topic| (topic.span.clone(), "kept by law".to_owned())));
            fault.help = Some(format!("write `tier.{other_name}.{{source}}`"));
        }
    }
}

/// Complains of what a tier without personal data says of its own records.
fn impersonal(tier: &Tier, file: &File, faults: &mut Faults) {
    let Some(flag) = &tier.personal else { return };
    let name = &tier.name.value;
    if tier.record_id.as_ref().is_none_or(|flag| flag.value) {
        let place = tier.record_id.as_ref().unwrap_or(flag).span.clone();
        let message = format!("a record's id is a token, and tier `{name}` holds no personal data");
        faults.error("G0167", place, message).help = Some("write `record-id = false`".to_owned());
    }
    if let Some(body) = tier.body.as_ref().filter(|body| body.value == "sealed") {
        let message = format!("whole records are sealed for tier `{name}`, which holds no personal data");
        faults.error("G0167", body.span.clone(), message).help = Some("leave `body` out".to_owned());
    }
    if let Some(unlisted) = file.unlisted.as_ref().filter(|unlisted| unlisted.value == "scan") {
        let message = format!("fields without item go to tier `{name}`, which holds no personal data");
        faults.error("G0167", unlisted.span.clone(), message).help =
            Some("write `unlisted = \"drop\"`: a scan finds numbers, not names".to_owned());
    }
}

/// A rule of the file and what it compiled to.
type Ruled<'f> = (&'f Rule, Kind, &'f [Actions]);

/// Every rule of a source: of its items, key and headers.
fn rules<'f>(source: usize, file: &'f File, parts: &'f Parts) -> Vec<Ruled<'f>> {
    let (typed, compiled) = (&file.sources[source], &parts.sources[source]);
    let mut rules = Vec::new();
    for (item, parts) in typed.items.iter().zip(&compiled.items) {
        rules.extend(parts.rule.as_ref().map(|(kind, actions)| (&item.rule, *kind, actions.as_slice())));
    }
    let carrier = |plan: &'f CarrierPlan| (plan.kind, plan.actions.as_slice());
    let key = typed.key.as_ref().zip(compiled.key.as_ref().and_then(Option::as_ref).map(carrier));
    rules.extend(key.map(|(rule, (kind, actions))| (rule, kind, actions)));
    for (header, plan) in typed.headers.iter().zip(&compiled.headers) {
        rules.extend(plan.as_ref().map(|(_, plan)| carrier(plan)).map(|(kind, list)| (&header.rule, kind, list)));
    }
    rules
}

/// Complains of what brings personal data of a source to a tier that holds none, or to a recipient's share of it.
fn reaches(tier: usize, source: usize, file: &File, parts: &Parts, faults: &mut Faults) {
    if !parts.sources[source].reached[tier] {
        return;
    }
    let name = &file.tiers[tier].name.value;
    let mut targets = vec![(tier, format!("tier `{name}`"), None)];
    for (index, share) in parts.shares.all.iter().enumerate() {
        if share.tier == tier && share.sources[source] {
            let recipient = file.recipients[share.recipient].name.as_str();
            let what = format!("the share of `{recipient}` of tier `{name}`");
            targets.push((file.tiers.len() + index, what, Some(recipient)));
        }
    }
    for (rule, kind, actions) in rules(source, file, parts) {
        let mut told = Vec::new();
        for (index, what, recipient) in &targets {
            for (action, brought) in actions[*index].iter().filter_map(|one| Some((*one, brings(*one, kind)?))) {
                let place = written(rule, kind, action, (tier, *recipient), file);
                // A share has what its tier has, where nothing else is said of it.
                if told.contains(&(place.clone(), brought.clone())) {
                    continue;
                }
                told.push((place.clone(), brought.clone()));
                let message = format!("{brought} goes to {what}, which holds no personal data");
                let fault = faults.error("G0167", place, message);
                let whom = recipient.unwrap_or(name);
                fault.help =
                    Some(format!("say `{whom} = \"drop\"` in its `do`, or what is nobody's, such as `present`"));
            }
        }
    }
}

/// What of a person an action leaves of a value of this kind, in words; `None` where nothing.
fn brings(action: Action, kind: Kind) -> Option<String> {
    // A corporation's number names no person.
    let personal = (kind as usize) < Kind::FOUND && kind != Kind::KrCrn || matches!(kind, Kind::Id | Kind::Text);
    let of_person = |how: &str| Some(format!("a {how} `{}`", kind.name()));
    match action {
        Action::Drop | Action::Present | Action::Parts | Action::Mask(MaskShape::Redact) => None,
        Action::Pseudonymize => Some("a token".to_owned()),
        Action::Seal => Some("a sealed value".to_owned()),
        Action::Scan => Some("free text".to_owned()),
        Action::Mask(_) if personal => of_person("masked"),
        Action::Truncate(_) if personal => of_person("truncated"),
        Action::Keep if personal || kind == Kind::Url => of_person("whole"),
        Action::Generalize(Generalize::Prefix(..)) => Some("part of an IP address".to_owned()),
        Action::Mask(_) | Action::Truncate(_) | Action::Keep | Action::Generalize(_) => None,
    }
}

/// Where the file says that this action is done to a value in a tier, or for a recipient.
fn written(rule: &Rule, kind: Kind, action: Action, target: (usize, Option<&str>), file: &File) -> Range<usize> {
    let (tier, recipient) = target;
    let class = rule.class.as_ref();
    let class = class.and_then(|name| file.classes.iter().find(|class| class.name.value == name.value));
    let of_kind = || file.kinds.iter().find(|one| one.name.value == kind.name()).and_then(|one| one.act.as_ref());
    let act = rule.act.as_ref().or(class.and_then(|class| class.act.as_ref())).or_else(of_kind);
    let Some(act) = act else {
        return rule.kind.as_ref().map_or(rule.span.clone(), |kind| kind.span.clone());
    };
    let list = match &act.value {
        Do::Same(list) => Some((None, list)),
        Do::By(entries) => {
            let tier = &file.tiers[tier];
            let names = [
                recipient,
                recipient.map(|_| super::recipient::RECIPIENTS),
                Some(tier.name.as_str()),
                tier.group.as_ref().map(Typed::as_str),
                Some("default"),
            ];
            let mut entries =
                names.into_iter().flatten().filter_map(|name| entries.iter().find(|(own, _)| own.value == name));
            entries.next().map(|(name, list)| (Some(name), list))
        }
    };
    let Some((name, list)) = list else { return act.span.clone() };
    let text = words(action);
    let verb = text.split(' ').next().unwrap_or_default();
    let word = list.iter().find(|word| word.value.split_whitespace().next() == Some(verb));
    word.or(name).map_or(act.span.clone(), |word| word.span.clone())
}

/// A trait by which people are told apart, if an action leaves it; and whether it is exact.
fn trait_of(action: Action, kind: Kind, tier: &Tier) -> Option<(&'static str, bool)> {
    let by_minute = matches!(tier.time.as_ref().map_or("second", Typed::as_str), "second" | "minute");
    match (kind, action) {
        (Kind::DateOfBirth, Action::Keep) => Some(("birth date", true)),
        (Kind::DateOfBirth, Action::Generalize(_)) => Some(("birth year", false)),
        (Kind::KrAddress, Action::Keep) => Some(("address", true)),
        (Kind::KrAddress, Action::Generalize(_)) => Some(("district", false)),
        (Kind::UserAgent, Action::Keep) => Some(("user agent", true)),
        (Kind::UserAgent, Action::Generalize(_)) => Some(("device", false)),
        (Kind::Time, Action::Keep) if by_minute => Some(("exact time", true)),
        (Kind::Time, Action::Generalize(Generalize::Second | Generalize::Minute)) if by_minute => {
            Some(("exact time", true))
        }
        _ => None,
    }
}

/// Warns of traits in a tier without personal data that single out people together.
fn traits(index: usize, file: &File, parts: &Parts, faults: &mut Faults) {
    let tier = &file.tiers[index];
    if tier.allow.is_some() {
        return;
    }
    for (source, compiled) in file.sources.iter().zip(&parts.sources).filter(|(_, parts)| parts.reached[index]) {
        let mut most = BTreeSet::new();
        for base in &compiled.items {
            // One record: items of which any two can be there together, those of this one first.
            let mut record = Vec::new();
            for item in std::iter::once(base).chain(&compiled.items) {
                let (Some(when), Some(rule)) = (&item.when, &item.rule) else { continue };
                if rule.1[index].iter().any(|action| trait_of(*action, rule.0, tier).is_some())
                    && record.iter().all(|(other, _): &(&Vec<Clause>, _)| compatible(other, when))
                {
                    record.push((when, rule));
                }
            }
            let ruled = record.into_iter().map(|(_, rule)| rule);
            let left = ruled.flat_map(|(kind, actions)| actions[index].iter().map(|action| (*kind, *action)));
            let traits: BTreeSet<_> = left.filter_map(|(kind, action)| trait_of(action, kind, tier)).collect();
            if traits.len() > most.len() {
                most = traits;
            }
        }
        let exact = most.iter().filter(|(_, exact)| *exact).count();
        if most.len() > COARSE_TRAITS_MAX || exact > EXACT_TRAITS_MAX {
            let list: Vec<&str> = most.iter().map(|(name, _)| *name).collect();
            let flag = tier.personal.as_ref().map_or(tier.name.span.clone(), |flag| flag.span.clone());
            let message = format!(
                "records of `{}` in tier `{}` tell people apart: {}",
                source.name.value,
                tier.name.value,
                list.join(", ")
            );
            faults.warning("G0170", flag, message).help = Some(
                "drop one, make it coarser, or say in the tier's `allow = \"...\"` why nobody is singled out"
                    .to_owned(),
            );
        }
    }
}

/// Warns of categories of which no example shows some fields, where a policy has examples at all.
fn exercised(file: &File, parts: &Parts, faults: &mut Faults) {
    if file.examples.is_empty() {
        return;
    }
    let mut shown: BTreeSet<(Option<usize>, usize, &str)> = BTreeSet::new();
    let mut all: Vec<(Option<usize>, usize, &str)> = Vec::new();
    for (index, (source, compiled)) in file.sources.iter().zip(&parts.sources).enumerate() {
        let own = file.examples.iter().filter(|example| example.expect_refused.is_none());
        let own = own.filter(|example| example.source.as_ref().is_some_and(|name| name.value == source.name.value));
        let given = own.filter_map(|example| Some(json_leaves(example.given.as_ref()?.value.as_bytes())));
        let given: Vec<Vec<Leaf>> = given.collect();
        for (item, parts) in source.items.iter().zip(&compiled.items) {
            let Belongs::Category(origin) = &item.belongs else { continue };
            let field = ((!origin.common).then_some(index), origin.category, origin.field.as_str());
            if !all.contains(&field) {
                all.push(field);
            }
            let (Some(at), Some(when)) = (&parts.at, &parts.when) else { continue };
            let stands = |leaf: &Leaf| leaf.at.0.get(..at.0.len()).is_some_and(|steps| leads_to(at, steps));
            if given.iter().any(|record| record.iter().any(stands) && failing(when, record).is_none()) {
                shown.insert(field);
            }
        }
    }
    let categories = |source: Option<usize>| source.map_or(&file.categories, |index| &file.sources[index].categories);
    let mut told = BTreeSet::new();
    for (source, category, _) in &all {
        if !told.insert((*source, *category)) {
            continue;
        }
        let of = |field: &&(Option<usize>, usize, &str)| (field.0, field.1) == (*source, *category);
        let silent: Vec<&str> =
            all.iter().filter(of).filter(|field| !shown.contains(*field)).map(|field| field.2).collect();
        let name = &categories(*source)[*category].name;
        if !silent.is_empty() {
            let message = format!("no example shows `{}` of the category `{}`", silent.join("`, `"), name.value);
            faults.warning("G0171", name.span.clone(), message).help =
                Some("write an example whose record has them and is not refused".to_owned());
        }
    }
}
