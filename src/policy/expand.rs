//! Categories taken apart: what a policy says as a notice does, category by category, becomes the items and routes of
//! its sources, which is all that the rest of this room reads.
//!
//! A source with categories takes from `[layout]` what it does not say itself, and owns the records of its categories.
//! Its items are the fields of `[envelope]`, those that its categories list, and those of the categories of every
//! source. Everything made here keeps the place of the words it was made from, so that complaints point at them.

use std::ops::Range;

use super::condition::unknown;
use super::file::{
    Also, Belongs, Category, Clause, Field, File, Item, Layout, Need, Origin, Route, Rule, Source, Tier, When,
};
use super::read::Typed;
use crate::diagnostic::Faults;

/// Fills in the sources that have categories, and leads all sources where `[[also]]` says.
pub(super) fn expand(file: &mut File, faults: &mut Faults) {
    names(file, faults);
    let mut made = Vec::new();
    for source in &file.sources {
        made.push(match (&file.layout, source.categories.is_empty()) {
            (Some(layout), false) => whole(source, layout, file, faults),
            (None, false) => {
                let first = &source.categories[0].name;
                let message = format!("the categories of `{}` need a `[layout]`", source.name.value);
                let fault = faults.error("G0144", first.span.clone(), message);
                fault.help = Some("it says where a record names its category, event and time".to_owned());
                Made::default()
            }
            (layout, true) => Made { also: also(source, layout.as_ref(), file), ..Made::default() },
        });
    }
    for (source, made) in file.sources.iter_mut().zip(made) {
        let Made { topics, format, time, tenant, when, items, routes, also } = made;
        source.topics.extend(topics);
        source.format = source.format.take().or(format);
        source.time = source.time.take().or(time);
        source.tenant = source.tenant.take().or(tenant);
        source.when.extend(when);
        source.items.extend(items);
        source.routes.extend(routes);
        source.also.extend(also);
    }
}

/// What a source gets from its categories.
#[derive(Default)]
struct Made {
    topics: Option<Typed<String>>,
    format: Option<Typed<String>>,
    time: Option<Typed<String>>,
    tenant: Option<Typed<String>>,
    when: Vec<When>,
    items: Vec<Item>,
    routes: Vec<Route>,
    also: Vec<Route>,
}

/// Complains of names that lead nowhere, of fields, tiers, groups and sources, and of routes beside categories. Names of
/// classes and of the tiers of routes are looked at where they are resolved.
fn names(file: &File, faults: &mut Faults) {
    let fields = || file.fields.iter().map(|field| field.name.as_str());
    let sources = || file.sources.iter().map(|source| source.name.as_str());
    let tiers = || file.tiers.iter().map(|tier| tier.name.as_str());
    let groups = || file.tiers.iter().filter_map(|tier| tier.group.as_ref()).map(Typed::as_str);
    let categories = file.sources.iter().flat_map(|source| &source.categories).chain(&file.categories);
    for category in categories {
        for (_, name) in category.fields().filter(|(_, name)| fields().all(|known| known != name.value)) {
            unknown(faults, "field", name, fields());
        }
        for (name, _) in &category.class {
            let listed = || category.fields().map(|(_, field)| field.as_str());
            if listed().all(|known| known != name.value) {
                unknown(faults, "field of this category", name, listed());
            }
        }
        for name in &category.not_in {
            if tiers().chain(groups()).all(|known| known != name.value) {
                unknown(faults, "tier or group", name, tiers().chain(groups()));
            }
        }
    }
    // Those that are made of categories come later.
    for source in file.sources.iter().filter(|source| !source.categories.is_empty()) {
        for route in &source.routes {
            let message = format!("the categories of `{}` say where its records go", source.name.value);
            let fault = faults.error("G0169", route.span.clone(), message);
            fault.label = "a route beside them".to_owned();
            fault.help = Some("write `to` in the categories, or an `[[also]]`".to_owned());
        }
    }
    let full: Vec<String> = file
        .sources
        .iter()
        .flat_map(|source| source.categories.iter().map(|category| full_name(source, category)))
        .collect();
    for also in &file.also {
        for name in also.sources.iter().filter(|name| sources().all(|known| known != name.value)) {
            unknown(faults, "source", name, sources());
        }
        let known = || sources().chain(full.iter().map(String::as_str));
        for name in also.except.iter().filter(|name| known().all(|known| known != name.value)) {
            unknown(faults, "source or category", name, known());
        }
        if let (None, Some(event)) = (&file.layout, also.events.first()) {
            let fault = faults.error("G0144", event.span.clone(), "events need a `[layout]`");
            fault.help = Some("it says where a record names its event; or write `when`".to_owned());
        }
    }
}

/// `kakaowork.member`.
fn full_name(source: &Source, category: &Category) -> String {
    format!("{}.{}", source.name.value, category.name.value)
}

/// All that a source with categories gets.
fn whole(source: &Source, layout: &Layout, file: &File, faults: &mut Faults) -> Made {
    let mut items = Vec::new();
    for field in &file.envelope {
        let place = Place { name: String::new(), below: "", span: field.name.span.clone() };
        let kept = Kept { belongs: Belongs::Envelope, not_in: Vec::new(), purpose: &[], class: None };
        field_items(field, &place, &kept, &[], &mut items);
    }
    let own = source.categories.iter().enumerate().map(|category| (category, false));
    for ((index, category), common) in own.chain(file.categories.iter().enumerate().map(|category| (category, true))) {
        let when = if common { Vec::new() } else { of_categories(layout, vec![category.name.clone()]) };
        let below = category.at.as_ref().or(layout.items.as_ref()).map_or("", Typed::as_str);
        let not_in = not_in(category, &file.tiers);
        let listed: Vec<_> = category.fields().collect();
        for (nth, &(need, name)) in listed.iter().enumerate() {
            // A field that is listed twice is complained of as that, not as two items at one place.
            let twice = listed[..nth].iter().any(|(_, other)| other.value == name.value);
            let Some(field) = find(name, file).filter(|_| !twice) else { continue };
            let mut when = when.clone();
            if need == Need::Optional {
                // Advertising, for one, has a consent of its own.
                let consent = if category.consent.is_empty() { &layout.optional } else { &category.consent };
                when.extend(consent.iter().cloned());
            }
            let origin = Origin { category: index, common, field: name.value.clone(), part: None, need };
            let place = Place { name: format!("{}.", category.name.value), below, span: name.span.clone() };
            let kept = Kept {
                belongs: Belongs::Category(origin),
                not_in: not_in.clone(),
                purpose: &category.purpose,
                class: category.class.iter().find(|(field, _)| field.value == name.value).map(|(_, class)| class),
            };
            field_items(field, &place, &kept, &when, &mut items);
        }
    }
    let topic = layout.topic.as_ref().filter(|_| source.topics.is_empty());
    let mut also = also(source, Some(layout), file);
    also.splice(0..0, event_routes(source, layout));
    if let Some(typed) = layout.topic.as_ref().filter(|typed| !typed.value.contains("{source}")) {
        let fault = faults.error("G0144", typed.span.clone(), "the topic of the layout needs `{source}` in it");
        fault.help = Some("write `topic = \"{source}.activity\"`: every source has a topic of its own".to_owned());
    }
    Made {
        topics: topic.map(|typed| Typed::new(typed.value.replace("{source}", &source.name.value), typed.span.clone())),
        format: layout.format.clone(),
        time: layout.time.clone(),
        tenant: layout.tenant.clone(),
        when: of_categories(layout, source.categories.iter().map(|category| category.name.clone()).collect()),
        items,
        routes: category_routes(source, layout),
        also,
    }
}

fn find<'f>(name: &Typed<String>, file: &'f File) -> Option<&'f Field> {
    file.fields.iter().find(|field| field.name.value == name.value)
}

/// The tiers that hold none of a category's items: those that it names, itself or by group, and those whose purposes are
/// all others.
fn not_in(category: &Category, tiers: &[Tier]) -> Vec<String> {
    let named = |tier: &Tier| {
        let names = [Some(&tier.name), tier.group.as_ref()].into_iter().flatten();
        names.into_iter().any(|name| category.not_in.iter().any(|not| not.value == name.value))
    };
    let other = |tier: &Tier| {
        let serves = |purpose: &Typed<String>| category.purpose.iter().any(|own| own.value == purpose.value);
        !tier.purpose.is_empty() && !tier.purpose.iter().any(serves)
    };
    tiers.iter().filter(|tier| named(tier) || other(tier)).map(|tier| tier.name.value.clone()).collect()
}

/// Where a field stands, and how its items are called.
struct Place<'a> {
    /// What stands before the field's own name.
    name: String,
    /// The pointer below which it stands.
    below: &'a str,
    /// Where it was listed.
    span: Range<usize>,
}

/// What the items of one field have in common.
struct Kept<'a> {
    belongs: Belongs,
    not_in: Vec<String>,
    purpose: &'a [Typed<String>],
    /// The class that its category says it has.
    class: Option<&'a Typed<String>>,
}

/// The items of a field and of its parts, those inside first.
fn field_items(field: &Field, place: &Place<'_>, kept: &Kept<'_>, when: &[When], items: &mut Vec<Item>) {
    let own = field.at.as_ref().map_or_else(|| format!("/{}", field.name.value), |at| at.value.clone());
    let at = format!("{}{own}", place.below);
    let name = format!("{}{}", place.name, field.name.value);
    let mut all = when.to_vec();
    all.extend(field.when.iter().cloned());
    let inside = Place { name: format!("{name}."), below: &at, span: place.span.clone() };
    for part in &field.parts {
        let belongs = part_of(&kept.belongs, &part.name.value);
        let kept = Kept { belongs, not_in: kept.not_in.clone(), class: None, ..*kept };
        field_items(part, &inside, &kept, &all, items);
    }
    let Rule { kind, class, act, .. } = &field.rule;
    if !field.parts.is_empty() && kind.is_none() && class.is_none() && act.is_none() && kept.class.is_none() {
        // Only its parts are something.
        return;
    }
    let mut rule = field.rule.clone();
    if let Some(class) = kept.class {
        rule.class = Some(class.clone());
        rule.act = None;
    }
    items.push(Item {
        belongs: kept.belongs.clone(),
        not_in: kept.not_in.clone(),
        item: Some(Typed::new(name, place.span.clone())),
        label: field.label.clone(),
        at: Some(Typed::new(at, field.at.as_ref().map_or(&field.name.span, |at| &at.span).clone())),
        when: all,
        purpose: kept.purpose.to_vec(),
        rule,
    });
}

/// Whose a part of this name is, of an item that is so.
fn part_of(belongs: &Belongs, name: &str) -> Belongs {
    let Belongs::Category(origin) = belongs else { return belongs.clone() };
    let part = origin.part.as_ref().map_or_else(|| name.to_owned(), |outer| format!("{outer}.{name}"));
    Belongs::Category(Origin { part: Some(part), ..origin.clone() })
}

/// The condition that a record is of one of these categories.
fn of_categories(layout: &Layout, names: Vec<Typed<String>>) -> Vec<When> {
    one_of(layout.category.as_ref(), names)
}

fn one_of(at: Option<&Typed<String>>, values: Vec<Typed<String>>) -> Vec<When> {
    let (Some(at), Some(first)) = (at, values.first()) else { return Vec::new() };
    let span = first.span.clone();
    vec![When::Clause(Clause { span, at: Some(at.clone()), values: Some(values), not: None, present: None })]
}

fn none_of(at: Option<&Typed<String>>, values: Vec<Typed<String>>) -> Vec<When> {
    let (Some(at), Some(first)) = (at, values.first()) else { return Vec::new() };
    let span = first.span.clone();
    vec![When::Clause(Clause { span, at: Some(at.clone()), values: None, not: Some(values), present: None })]
}

/// Where the records of each category go, whatever their event.
fn category_routes(source: &Source, layout: &Layout) -> Vec<Route> {
    let mut routes = Vec::new();
    for category in &source.categories {
        let to: Vec<_> = category.to.iter().filter(|to| to.events.is_none()).map(|to| to.tier.clone()).collect();
        if !to.is_empty() {
            let when = of_categories(layout, vec![category.name.clone()]);
            routes.push(Route { span: category.name.span.clone(), when, to });
        }
    }
    routes
}

/// Where the records of each category go by their event.
fn event_routes(source: &Source, layout: &Layout) -> Vec<Route> {
    let mut routes = Vec::new();
    for category in &source.categories {
        for to in &category.to {
            let Some(events) = &to.events else { continue };
            let mut when = of_categories(layout, vec![category.name.clone()]);
            when.extend(one_of(layout.event.as_ref(), events.clone()));
            routes.push(Route { span: to.tier.span.clone(), when, to: vec![to.tier.clone()] });
        }
    }
    routes
}

/// Where `[[also]]` leads the records of a source.
fn also(source: &Source, layout: Option<&Layout>, file: &File) -> Vec<Route> {
    let mut routes = Vec::new();
    for also in file.also.iter().filter(|also| leads(also, source)) {
        let excepted = source.categories.iter().filter_map(|category| {
            let full = full_name(source, category);
            also.except.iter().find(|name| name.value == full).map(|name| (category, name))
        });
        let excepted: Vec<_> =
            excepted.map(|(category, name)| Typed::new(category.name.value.clone(), name.span.clone())).collect();
        if !excepted.is_empty() && excepted.len() == source.categories.len() {
            continue;
        }
        let mut when = also.when.clone();
        when.extend(one_of(layout.and_then(|layout| layout.event.as_ref()), also.events.clone()));
        when.extend(none_of(layout.and_then(|layout| layout.category.as_ref()), excepted));
        routes.push(Route { span: also.span.clone(), when, to: also.to.clone() });
    }
    routes
}

/// Whether an `[[also]]` is about a source: one that it names, or else any that has categories.
fn leads(also: &Also, source: &Source) -> bool {
    let names = |list: &[Typed<String>]| list.iter().any(|name| name.value == source.name.value);
    let meant = if also.sources.is_empty() { !source.categories.is_empty() } else { names(&also.sources) };
    meant && !names(&also.except)
}
