//! What compiles part by part but contradicts itself, collides, or says something to no effect.

use super::category;
use super::compile::Parts;
use super::condition::{compatible, unknown, written};
use super::file::{self, File};
use super::lint;
use super::read::Typed;
use super::recipient::{self, Share};
use super::source::{SourceParts, check_fields};
use super::topic;
use crate::diagnostic::Faults;
use crate::engine::outcome::Reason;
use crate::engine::plan::{Action, Emit, Format};
use crate::limits::RECIPIENT_TENANTS_MAX;
use crate::route::{Pointer, Segment};

/// Notes everything that speaks against a file besides what does not compile.
pub(super) fn check(file: &File, parts: &Parts, faults: &mut Faults) {
    duplicates(file, faults);
    words(file, faults);
    for (source, compiled) in file.sources.iter().zip(&parts.sources) {
        items(source, compiled, faults);
        renamed(source, compiled, file, faults);
        conditions(source, compiled, file, faults);
        carriers(source, faults);
        routes(source, faults);
        check_fields(source, compiled, file, faults);
    }
    topic::check(file, &parts.sources, &parts.shares, faults);
    tiers(file, &parts.sources, faults);
    holidays(file, faults);
    bodies(file, &parts.sources, faults);
    tenants(file, &parts.sources, faults);
    recipients(file, parts, faults);
    recipient::check::check(file, parts, faults);
    fieldless(file, parts, faults);
    events(file, faults);
    unused(file, parts, faults);
    examples(file, parts, faults);
    category::check(file, faults);
    lint::check(file, parts, faults);
}

/// Complains of names that stand twice among their like.
fn duplicates(file: &File, faults: &mut Faults) {
    for source in &file.sources {
        twice("item", source.items.iter().filter_map(|item| item.item.as_ref()), faults);
        twice("header", source.headers.iter().filter_map(|header| header.name.as_ref()), faults);
    }
    twice("example", file.examples.iter().filter_map(|example| example.name.as_ref()), faults);
}

fn twice<'f>(what: &str, names: impl Iterator<Item = &'f Typed<String>>, faults: &mut Faults) {
    let names: Vec<_> = names.collect();
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = names[..index].iter().find(|first| first.value == name.value) {
            let fault = faults.error("G0112", name.span.clone(), format!("two {what}s are called `{}`", name.value));
            fault.related.push((first.span.clone(), "the first".to_owned()));
        }
    }
}

/// Complains of purposes that `[purposes]` does not tell, and warns of words for events that no tier begins or ends with.
fn words(file: &File, faults: &mut Faults) {
    if let Some(purposes) = &file.purposes {
        let categories = file.sources.iter().flat_map(|source| &source.categories).chain(&file.categories);
        let items = file.sources.iter().flat_map(|source| &source.items);
        let named = file.tiers.iter().flat_map(|tier| &tier.purpose);
        let named = named.chain(categories.flat_map(|category| &category.purpose));
        // What a category says stands in each of its items too, and is told once: equal complaints are one.
        for purpose in named.chain(items.flat_map(|item| &item.purpose)) {
            let known = || purposes.iter().map(|(name, _)| name.as_str());
            if known().all(|known| known != purpose.value) {
                unknown(faults, "purpose", purpose, known());
            }
        }
    }
    let until = |tier: &'_ file::Tier| match &tier.keep {
        Some(file::Keep::Until { events, .. }) => events.value.clone(),
        Some(file::Keep::For(_)) | None => Vec::new(),
    };
    for (event, _) in &file.events {
        let of = |tier: &file::Tier| tier.from.iter().chain(&until(tier)).any(|other| other.value == event.value);
        if !file.tiers.iter().any(of) {
            let message = format!("no tier begins or ends with the event `{}`", event.value);
            faults.warning("G0123", event.span.clone(), message);
        }
    }
}

/// Complains of items that claim one place, and of places that no record can have.
fn items(source: &file::Source, compiled: &SourceParts, faults: &mut Faults) {
    for (index, (item, parts)) in source.items.iter().zip(&compiled.items).enumerate() {
        let (Some(typed), Some(at)) = (&item.at, &parts.at) else {
            continue;
        };
        if let Some(name) = at.0.iter().find_map(reserved) {
            let fault = faults.error("G0115", typed.span.clone(), format!("`{name}` is a name of garim's own"));
            fault.help = Some(
                "a record with a member `garim`, `sealed` or `..._token` is refused; rename it in the service"
                    .to_owned(),
            );
        }
        let Some(when) = &parts.when else { continue };
        for (other, earlier) in source.items[..index].iter().zip(&compiled.items[..index]) {
            let (Some(other_typed), Some(other_at), Some(other_when)) = (&other.at, &earlier.at, &earlier.when) else {
                continue;
            };
            if !compatible(when, other_when) {
                continue;
            }
            let (message, label) = if at == other_at {
                (format!("two items claim `{}`", written(at)), "also here")
            } else if (below(at, other_at) && !earlier.is_whole()) || (below(other_at, at) && !parts.is_whole()) {
                (format!("one item lies below another: `{}` and `{}`", written(other_at), written(at)), "the other")
            } else {
                continue;
            };
            let fault = faults.error("G0113", typed.span.clone(), message);
            fault.related.push((other_typed.span.clone(), label.to_owned()));
            fault.help = Some("keep one of them, or give both a `when` so that never both hold".to_owned());
        }
    }
}

/// Complains of items that would leave under a name which another member of their object has in the same tier.
fn renamed(source: &file::Source, compiled: &SourceParts, file: &File, faults: &mut Faults) {
    let all = || source.items.iter().zip(&compiled.items).enumerate();
    for (index, (item, parts)) in all() {
        let (Some(typed), Some(at), Some(when)) = (&item.at, &parts.at, &parts.when) else { continue };
        for (tier, name) in parts.names.iter().filter(|(tier, _)| usize::from(tier.0) < file.tiers.len()) {
            let mut place = at.clone();
            place.0.pop();
            place.0.push(Segment::Name(name.clone()));
            let same = all().find(|(other_index, (_, other))| {
                let (Some(other_at), Some(other_when)) = (&other.at, &other.when) else { return false };
                let new_name = other.names.iter().find(|(of, _)| of == tier).map(|(_, name)| name);
                let gone = |(_, actions): &(_, Vec<Vec<Action>>)| actions[usize::from(tier.0)] == [Action::Drop];
                let beside = other_at.0.len() == at.0.len() && other_at.0.starts_with(&at.0[..at.0.len() - 1]);
                let taken = match new_name {
                    Some(new_name) => beside && *other_index < index && new_name == name && other_at != at,
                    None => *other_at == place && !other.rule.as_ref().is_some_and(gone),
                };
                taken && compatible(when, other_when)
            });
            let Some((_, (other, _))) = same else { continue };
            let message =
                format!("two fields leave as `{name}` in tier `{}`", file.tiers[usize::from(tier.0)].name.value);
            let fault = faults.error("G0153", typed.span.clone(), message);
            fault.related.extend(other.at.as_ref().map(|at| (at.span.clone(), "the other".to_owned())));
            fault.help = Some("give one of them another name".to_owned());
        }
    }
}

fn reserved(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Name(name) if &**name == "garim" || &**name == "sealed" || name.ends_with("_token") => Some(name),
        _ => None,
    }
}

/// Whether `inner` leads to a place inside of what `outer` leads to, step by the same step.
fn below(inner: &Pointer, outer: &Pointer) -> bool {
    inner.0.len() > outer.0.len() && inner.0.starts_with(&outer.0)
}

/// Warns of conditions on a field inside of an item: an item is one value, so there is nothing inside.
fn conditions(source: &file::Source, compiled: &SourceParts, file: &File, faults: &mut Faults) {
    let routes = source.routes.iter().chain(&source.also);
    let whens = source.items.iter().map(|item| &item.when).chain(routes.map(|route| &route.when));
    for part in whens.chain([&source.when]).flatten() {
        let typed = match part {
            file::When::Clause(clause) => std::slice::from_ref(clause),
            file::When::Named(name) => {
                let named = file.conditions.iter().find(|condition| condition.name.value == name.value);
                named.map_or(&[][..], |condition| &condition.clauses)
            }
        };
        for at in typed.iter().filter_map(|clause| clause.at.as_ref()) {
            let Some(pointer) = super::condition::pointer(at, &mut Faults::default()) else {
                continue;
            };
            for (item, parts) in source.items.iter().zip(&compiled.items) {
                let (Some(item_typed), Some(outer)) = (&item.at, &parts.at) else {
                    continue;
                };
                if !parts.is_whole() && below(&pointer, outer) {
                    let message = format!("a condition on `{}` never holds", at.value);
                    let fault = faults.warning("G0117", at.span.clone(), message);
                    fault
                        .related
                        .push((item_typed.span.clone(), "this item is one value, with nothing inside".to_owned()));
                }
            }
        }
    }
}

/// Complains of keys and headers that cannot be.
fn carriers(source: &file::Source, faults: &mut Faults) {
    if let (Some(typed), None) = (source.tombstones.as_ref().filter(|typed| typed.value == "forward"), &source.key) {
        faults.error("G0134", typed.span.clone(), "a null value is forwarded by its key, and no key may leave").help =
            Some("say `key = { kind = \"id\", do = \"pseudonymize\" }`".to_owned());
    }
    for name in source.headers.iter().filter_map(|header| header.name.as_ref()) {
        if name.value == "garim" || name.value.starts_with("garim.") || name.value.starts_with("__dlq.") {
            faults.error("G0115", name.span.clone(), format!("`{}` is a header of garim's own", name.value));
        }
    }
}

/// Complains unless exactly the last route holds always.
fn routes(source: &file::Source, faults: &mut Faults) {
    if !source.categories.is_empty() {
        // The routes of categories hold for one category each, and a record of none is not the source's.
        return;
    }
    let Some((last, before)) = source.routes.split_last() else {
        return;
    };
    if !last.when.is_empty() {
        let fault = faults.error("G0121", last.span.clone(), "the last route must hold always");
        fault.label = "has a `when`".to_owned();
        fault.help = Some("end with a route without `when`: where every other record goes".to_owned());
    }
    for route in before.iter().filter(|route| route.when.is_empty()) {
        let fault = faults.error("G0121", route.span.clone(), "a route that holds always hides the ones below it");
        fault.label = "needs a `when`".to_owned();
        fault.related.push((last.span.clone(), "never reached".to_owned()));
    }
}

fn tiers(file: &File, sources: &[SourceParts], faults: &mut Faults) {
    for (index, tier) in file.tiers.iter().enumerate() {
        if !sources.iter().any(|source| source.reached[index]) {
            let message = format!("no route leads to tier `{}`", tier.name.value);
            faults.warning("G0122", tier.name.span.clone(), message).help =
                Some("name it in the `to` of a route, or remove it".to_owned());
        }
        let legal = tier.legal_minimum.as_ref().filter(|flag| flag.value);
        if let (Some(flag), None) = (legal, &tier.allow) {
            let message = format!("what is refused never reaches tier `{}`, which is a legal minimum", tier.name.value);
            faults.warning("G0127", flag.span.clone(), message).help = Some(
                "a refused record ends with the input topic, unless the settings name a `[quarantine] recipient` \
                 (`garim check -c garim.toml`); or say in the tier's `allow = \"...\"` how it is read again in time"
                    .to_owned(),
            );
        }
    }
}

/// Complains of tiers that would hold lines in envelopes.
fn bodies(file: &File, sources: &[SourceParts], faults: &mut Faults) {
    for (index, tier) in file.tiers.iter().enumerate() {
        let Some(body) = tier.body.as_ref().filter(|body| body.value == "sealed") else { continue };
        for (source, parts) in file.sources.iter().zip(sources).filter(|(_, parts)| parts.reached[index]) {
            if matches!(parts.format, Some(Format::Text | Format::Pattern { emit: Emit::Same, .. })) {
                let message = format!("the lines of `{}` have no place for an envelope", source.name.value);
                let fault = faults.error("G0150", body.span.clone(), message);
                fault.related.push((source.name.span.clone(), "leads here".to_owned()));
                fault.help = Some("a `pattern` with `emit = \"json\"` has; or lead its records elsewhere".to_owned());
            }
        }
    }
}

/// Warns of legal minima whose deadlines nobody can count: without holidays they come too early.
fn holidays(file: &File, faults: &mut Faults) {
    let legal = file.tiers.iter().find_map(|tier| tier.legal_minimum.as_ref().filter(|flag| flag.value));
    if let (Some(flag), None) = (legal, &file.holidays) {
        let message = "the days of this legal minimum are counted as if there were no holidays";
        faults.warning("G0129", flag.span.clone(), message).help =
            Some("name the file of holidays at the top of the policy: `holidays = \"holidays-kr.toml\"`".to_owned());
    }
}

/// Complains of tiers whose keys need a tenant that a source does not have.
fn tenants(file: &File, sources: &[SourceParts], faults: &mut Faults) {
    for (index, tier) in file.tiers.iter().enumerate() {
        let Some(flag) = tier.tenants.as_ref().filter(|flag| flag.value) else { continue };
        for (source, _) in
            file.sources.iter().zip(sources).filter(|(source, parts)| parts.reached[index] && source.tenant.is_none())
        {
            let message =
                format!("the keys of tier `{}` need a tenant, and `{}` has none", tier.name.value, source.name.value);
            let fault = faults.error("G0140", flag.span.clone(), message);
            fault.related.push((source.name.span.clone(), "leads here".to_owned()));
            fault.help = Some("say where it stands, `tenant = \"/tenant_id\"`, or leave `tenants` out".to_owned());
        }
    }
    for (source, parts) in file.sources.iter().zip(sources) {
        let asked = file.tiers.iter().zip(&parts.reached).any(|(tier, reached)| *reached && tier.tenants.is_some());
        let mut getting = file.recipients.iter().filter(|recipient| recipient.gets(source, None));
        let asked = asked || getting.any(|recipient| recipient.tenants.is_some());
        // The layout says where tenants stand for whoever needs them.
        let common = file.layout.as_ref().and_then(|layout| layout.tenant.as_ref());
        let own = source.tenant.as_ref().filter(|tenant| common.is_none_or(|common| common.span != tenant.span));
        if let (Some(tenant), false) = (own, asked) {
            let message = format!("no tier of `{}` has keys for each tenant, no recipient its own", source.name.value);
            faults.warning("G0123", tenant.span.clone(), message).help =
                Some("write `tenants = true` in a tier, or leave this out".to_owned());
        }
    }
    own_tenants(file, faults);
}

/// Complains of recipients that get the records of certain tenants, where there are none or nobody can tell.
fn own_tenants(file: &File, faults: &mut Faults) {
    for recipient in &file.recipients {
        let Some(tenants) = &recipient.tenants else { continue };
        if recipient.enabled() && tenants.value.is_empty() {
            let message = format!("the recipient `{}` is enabled, and has no tenant", recipient.name.value);
            faults.error("G0140", tenants.span.clone(), message).help =
                Some("name the tenants whose records it gets, `tenants = [\"t-100\"]`".to_owned());
        }
        if let Some(over) = tenants.value.get(RECIPIENT_TENANTS_MAX) {
            let message = format!("{} tenants, at most {RECIPIENT_TENANTS_MAX} are possible", tenants.value.len());
            faults.error("G0128", over.span.clone(), message).label = "one too many".to_owned();
        }
        for source in file.sources.iter().filter(|source| recipient.gets(source, None) && source.tenant.is_none()) {
            let message =
                format!("`{}` gets certain tenants, and `{}` has none", recipient.name.value, source.name.value);
            let fault = faults.error("G0140", tenants.span.clone(), message);
            fault.related.push((source.name.span.clone(), "the source".to_owned()));
            fault.help = Some("say where its tenant stands, `tenant = \"/tenant_id\"`".to_owned());
        }
    }
}

/// Complains of conditions of tiers and recipients on sources whose records have no fields.
fn fieldless(file: &File, parts: &Parts, faults: &mut Faults) {
    let lines = |source: &file::Source| source.format.as_ref().is_some_and(|format| format.value == "text");
    for (source, compiled) in file.sources.iter().zip(&parts.sources).filter(|(source, _)| lines(source)) {
        let reached = file.tiers.iter().zip(&compiled.reached).filter(|(_, reached)| **reached);
        let tiers = reached.map(|(tier, _)| (&tier.name, &tier.when));
        let getting = file.recipients.iter().filter(|recipient| recipient.gets(source, None));
        let recipients = getting.map(|recipient| (&recipient.name, &recipient.when));
        for (name, _) in tiers.chain(recipients).filter(|(_, when)| !when.is_empty()) {
            let message = format!("`{}` has a condition, and a line of free text has no fields", name.value);
            let fault = faults.error("G0135", name.span.clone(), message);
            fault.related.push((source.name.span.clone(), "leads here".to_owned()));
        }
    }
}

/// Warns of recipients that would get nothing of a tier.
fn recipients(file: &File, parts: &Parts, faults: &mut Faults) {
    for share in &parts.shares.all {
        let reached = parts.sources.iter().zip(&share.sources).any(|(source, own)| *own && source.reached[share.tier]);
        if !reached {
            let (recipient, tier) = (&file.recipients[share.recipient], &file.tiers[share.tier].name);
            let at = recipient.tiers.iter().find(|name| name.value == tier.value).unwrap_or(&recipient.name);
            let message =
                format!("no route of the sources of `{}` leads to tier `{}`", recipient.name.value, tier.value);
            faults.warning("G0122", at.span.clone(), message);
        }
    }
}

/// Compares the events from which tiers count with the events that routes send to them.
fn events(file: &File, faults: &mut Faults) {
    let is_event = |value: &str| file.tiers.iter().any(|tier| tier.from.iter().any(|event| event.value == value));
    for tier in file.tiers.iter().filter(|tier| !tier.from.is_empty()) {
        let mut arrives_any = false;
        let mut arriving: Vec<&Typed<String>> = Vec::new();
        for route in file.sources.iter().flat_map(|source| source.routes.iter().chain(&source.also)) {
            if !route.to.iter().any(|name| name.value == tier.name.value) {
                continue;
            }
            let values = event_values(&route.when, file);
            let values = values.into_iter().find(|values| values.iter().any(|value| is_event(&value.value)));
            match values {
                Some(values) => arriving.extend(values),
                None => arrives_any = true,
            }
        }
        for value in &arriving {
            if !tier.from.iter().any(|event| event.value == value.value) {
                let message = format!("tier `{}` does not count from `{}`", tier.name.value, value.value);
                let fault = faults.warning("G0126", value.span.clone(), message);
                fault.related.push((tier.name.span.clone(), "the tier".to_owned()));
                fault.help = Some("add the event to the tier's `from`, or send it elsewhere".to_owned());
            }
        }
        for event in tier.from.iter().filter(|_| !arrives_any) {
            if !arriving.iter().any(|value| value.value == event.value) {
                let message = format!("no route brings `{}` to tier `{}`", event.value, tier.name.value);
                faults.warning("G0126", event.span.clone(), message);
            }
        }
    }
}

/// The lists of values that the clauses of a `when` ask for.
fn event_values<'f>(when: &'f [file::When], file: &'f File) -> Vec<&'f Vec<Typed<String>>> {
    let mut values = Vec::new();
    for part in when {
        match part {
            file::When::Clause(clause) => values.extend(&clause.values),
            file::When::Named(name) => {
                let named = file.conditions.iter().filter(|condition| condition.name.value == name.value);
                values.extend(
                    named.flat_map(|condition| condition.clauses.iter().filter_map(|clause| clause.values.as_ref())),
                );
            }
        }
    }
    values
}

/// Warns of names that nothing refers to.
fn unused(file: &File, parts: &Parts, faults: &mut Faults) {
    let classes = file.classes.iter().map(|class| ("class", &class.name)).zip(&parts.classes_used);
    let conditions = file.conditions.iter().map(|one| ("condition", &one.name)).zip(&parts.conditions_used);
    for ((what, name), _) in classes.chain(conditions).filter(|(_, used)| !**used) {
        faults.warning("G0123", name.span.clone(), format!("nothing uses the {what} `{}`", name.value));
    }
}

/// Complains of examples that cannot be run.
fn examples(file: &File, parts: &Parts, faults: &mut Faults) {
    for example in &file.examples {
        match (&example.expect_refused, example.expect.is_empty()) {
            (None, true) if example.expects_nothing => {}
            (Some(refused), true) if example.expects_nothing => {
                faults.error("G0133", refused.span.clone(), "an example is refused, or leaves nothing").help =
                    Some("leave `expect = {}` out: a refused record leaves nothing anyway".to_owned());
            }
            (None, true) => {
                faults.error("G0133", example.span.clone(), "the example expects nothing").help = Some(
                    "write `expect = { tier = '...' }`, `expect = {}` or `expect-refused = \"reason\"`".to_owned(),
                );
            }
            (Some(refused), false) => {
                let fault = faults.error("G0133", refused.span.clone(), "a refused record leaves nothing");
                fault.related.push((example.expect[0].0.span.clone(), "expected to leave".to_owned()));
            }
            (Some(refused), true) if Reason::ALL.iter().all(|reason| reason.code() != refused.value) => {
                unknown(faults, "reason", refused, Reason::ALL.iter().map(|reason| reason.code()));
            }
            _ => {}
        }
        let Some(name) = &example.source else { continue };
        let Some(index) = file.sources.iter().position(|source| source.name.value == name.value) else {
            unknown(faults, "source", name, file.sources.iter().map(|source| source.name.as_str()));
            continue;
        };
        for (tier, _) in &example.expect {
            match written_to(tier, file, parts, index) {
                None => unknown(faults, "tier", tier, file.tiers.iter().map(|tier| tier.name.as_str())),
                Some(false) => {
                    let message = format!("nothing of `{}` goes to `{}`", name.value, tier.value);
                    let fault = faults.error("G0133", tier.span.clone(), message);
                    fault.label = "no route leads there, or the recipient is not enabled".to_owned();
                }
                Some(true) => {}
            }
        }
    }
}

/// Whether the records of a source go to a tier, or to an enabled recipient's share of one; `None` if there is none of
/// this name.
fn written_to(name: &Typed<String>, file: &File, parts: &Parts, source: usize) -> Option<bool> {
    let tier = name.value.split_once('@').map_or(name.as_str(), |(tier, _)| tier);
    let index = file.tiers.iter().position(|known| known.name.value == tier)?;
    let reached = parts.sources[source].reached[index];
    let Some((_, recipient)) = name.value.split_once('@') else { return Some(reached) };
    let of = |share: &&Share| share.tier == index && file.recipients[share.recipient].name.value == recipient;
    let share = parts.shares.all.iter().find(of)?;
    Some(reached && share.enabled && share.sources[source])
}
