//! What speaks against a recipient: more than the notice says it gets, no ground on which it gets anything, or a place
//! abroad to which records would go in clear.

use std::collections::BTreeSet;

use crate::diagnostic::Faults;
use crate::engine::plan::Action;
use crate::policy::Policy;
use crate::policy::compile::{Parts, choice};
use crate::policy::condition::{compatible, unknown, when};
use crate::policy::file::{Belongs, File, Item, Recipient, Route, Source};
use crate::policy::read::Typed;
use crate::policy::source::SourceParts;
use crate::route::Clause;

/// The country of the controller: what is kept there is not kept abroad (국외).
const HOME: &str = "KR";

/// Notes everything that speaks against the recipients of a file, besides names that nothing has.
pub(in crate::policy) fn check(file: &File, parts: &Parts, faults: &mut Faults) {
    for (index, recipient) in file.recipients.iter().enumerate() {
        only(recipient, file, faults);
        country(recipient, faults);
        ground(recipient, faults);
        grant(recipient, faults);
        items(index, file, parts, faults);
    }
}

/// Complains where `only` gives what `tiers` does not, or nothing.
fn only(recipient: &Recipient, file: &File, faults: &mut Faults) {
    for (source, tiers) in &recipient.only {
        if tiers.is_empty() {
            let message = format!("`{}` would get nothing of `{}`", recipient.name.value, source.value);
            faults.error("G0180", source.span.clone(), message).help =
                Some("name tiers of it, or leave the source out".to_owned());
        }
        for (at, tier) in tiers.iter().enumerate() {
            if let Some(first) = tiers[..at].iter().find(|first| first.value == tier.value) {
                let message = format!("`{}` gets the tier `{}` twice", recipient.name.value, tier.value);
                let fault = faults.error("G0112", tier.span.clone(), message);
                fault.related.push((first.span.clone(), "the first".to_owned()));
            }
            if recipient.tiers.iter().any(|own| own.value == tier.value) {
                continue;
            }
            if file.tiers.iter().any(|known| known.name.value == tier.value) {
                let message = format!("`{}` is not a tier of `{}`", tier.value, recipient.name.value);
                faults.error("G0180", tier.span.clone(), message).help =
                    Some("`only` narrows: name the tier in `tiers`, too, or leave it out here".to_owned());
            } else {
                unknown(faults, "tier", tier, recipient.tiers.iter().map(Typed::as_str));
            }
        }
    }
}

fn country(recipient: &Recipient, faults: &mut Faults) {
    let Some(country) = &recipient.country else { return };
    if country.value.len() != 2 || !country.value.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!("`{}` is not a country's two letters", country.value);
        faults.error("G0182", country.span.clone(), message).help =
            Some("write the code of ISO 3166-1, such as `country = \"JP\"`; leave it out for Korea".to_owned());
    }
}

/// Complains unless it is said on which ground an enabled recipient gets anything, and on one only.
fn ground(recipient: &Recipient, faults: &mut Faults) {
    match (&recipient.duty, &recipient.grant) {
        (None, None) if recipient.enabled() => {
            let message = format!("nothing says why `{}` gets records", recipient.name.value);
            let fault = faults.error("G0183", recipient.name.span.clone(), message);
            fault.label = "is enabled".to_owned();
            fault.help = Some(
                "say what it does for the controller, `duty = \"...\"`; a third party needs \
                 `grant = { ground = \"consent\", reason = \"...\", until = 2027-12-31 }`"
                    .to_owned(),
            );
        }
        (Some(duty), Some(grant)) => {
            let message =
                format!("`{}` is a processor by its duty and a third party by its grant", recipient.name.value);
            let fault = faults.error("G0183", grant.span.clone(), message);
            fault.related.push((duty.span.clone(), "the duty".to_owned()));
            fault.help = Some("keep one of the two".to_owned());
        }
        (Some(duty), None) => says("the duty", duty, recipient, faults),
        (None, _) => {}
    }
}

fn grant(recipient: &Recipient, faults: &mut Faults) {
    let Some(grant) = &recipient.grant else { return };
    choice(grant.ground.as_ref(), &[("consent", ()), ("law", ()), ("emergency", ())], (), faults);
    if let Some(reason) = &grant.reason {
        says("the reason", reason, recipient, faults);
    }
}

/// Complains of a text that says nothing.
fn says(what: &str, text: &Typed<String>, recipient: &Recipient, faults: &mut Faults) {
    if text.value.trim().is_empty() {
        let message = format!("{what} of `{}` says nothing", recipient.name.value);
        faults.error("G0183", text.span.clone(), message).help = Some("write it in words".to_owned());
    }
}

/// Complains of fields that a recipient gets beyond those that the notice names, and of names that no record has.
fn items(index: usize, file: &File, parts: &Parts, faults: &mut Faults) {
    let recipient = &file.recipients[index];
    let Some(listed) = &recipient.items else { return };
    let mut known = BTreeSet::new();
    let mut beyond = BTreeSet::new();
    for (at, (source, compiled)) in file.sources.iter().zip(&parts.sources).enumerate() {
        if !recipient.gets(source, None) {
            continue;
        }
        for (number, item) in source.items.iter().enumerate() {
            let Some(field) = field(item) else { continue };
            known.insert(field);
            let listed = listed.value.iter().any(|name| name.value == field);
            if !listed && arrives((index, at, number), file, parts, compiled) {
                beyond.insert(field);
            }
        }
    }
    for name in &listed.value {
        if !known.contains(name.as_str()) {
            unknown(faults, "field", name, known.iter().copied());
        }
    }
    if !beyond.is_empty() {
        let fields: Vec<&str> = beyond.into_iter().collect();
        let message =
            format!("`{}` gets `{}`, which its `items` do not name", recipient.name.value, fields.join("`, `"));
        faults.error("G0181", listed.span.clone(), message).help = Some(format!(
            "narrow its `holds`, or say `{} = \"drop\"` in the `do` of these; name them here only if the notice does",
            recipient.name.value
        ));
    }
}

/// By which name the notice may speak of an item; `None` for the envelope's, of which it does not.
fn field(item: &Item) -> Option<&str> {
    match &item.belongs {
        Belongs::Envelope => None,
        Belongs::Category(origin) => Some(&origin.field),
        Belongs::Source => item.item.as_ref().map(Typed::as_str),
    }
}

/// Whether anything of an item can reach a share of a recipient, enabled or not.
///
/// What did not compile has been complained of, and counts as reaching nothing.
fn arrives(
    (recipient, source, item): (usize, usize, usize),
    file: &File,
    parts: &Parts,
    compiled: &SourceParts,
) -> bool {
    let item = &compiled.items[item];
    let (Some(when), Some((_, actions))) = (&item.when, &item.rule) else { return false };
    let asks = |clauses: &Option<Vec<Clause>>| clauses.as_ref().is_none_or(|clauses| compatible(when, clauses));
    asks(&parts.goes[recipient])
        && parts.shares.all.iter().enumerate().any(|(number, share)| {
            let leaves = actions.get(file.tiers.len() + number).is_some_and(|list| !dropped(list));
            share.recipient == recipient
                && share.sources[source]
                && leaves
                && asks(&parts.takes[share.tier])
                && leads(&file.sources[source], share.tier, when, file)
        })
}

/// Whether a route leads records that meet a condition to a tier.
fn leads(source: &Source, tier: usize, condition: &[Clause], file: &File) -> bool {
    let asks = |route: &Route| when(&route.when, file, &mut vec![false; file.conditions.len()], &mut Faults::default());
    let mut routes = source.routes.iter().chain(&source.also);
    routes.any(|route| {
        route.to.iter().any(|name| name.value == file.tiers[tier].name.value)
            && asks(route).is_none_or(|clauses| compatible(condition, &clauses))
    })
}

/// Whether nothing leaves; the parts of an object leave by items of their own.
fn dropped(list: &[Action]) -> bool {
    matches!(list, [] | [Action::Drop | Action::Parts])
}

impl Policy {
    /// Complains of every enabled recipient abroad; for settings with which records may cross a network in clear.
    pub fn refuse_abroad_in_clear(&mut self) {
        for recipient in self.file.recipients.iter().filter(|recipient| recipient.enabled()) {
            let Some(country) = recipient.country.as_ref().filter(|country| country.value != HOME) else { continue };
            let message = format!(
                "`{}` keeps in {} what it gets, and the settings let records cross the network in clear",
                recipient.name.value, country.value
            );
            self.warnings.error("G0184", country.span.clone(), message).help = Some(
                "set `security.protocol` to SSL or SASL_SSL in [kafka.properties], and leave `allow-plaintext` out"
                    .to_owned(),
            );
        }
    }
}
