//! What speaks against categories and the fields that they list: what the notice's table could not print, and records
//! that nothing leads anywhere.

use super::condition::unknown;
use super::file::{Category, File, Source, When};
use super::read::Typed;
use crate::diagnostic::Faults;

/// The grounds on which data may be held (개인정보 보호법 제15조, 제26조).
const BASES: [&str; 4] = ["contract", "consent", "law", "entrusted"];

/// Notes what speaks against categories besides names that lead nowhere.
pub(super) fn check(file: &File, faults: &mut Faults) {
    let own = file.sources.iter().flat_map(|source| source.categories.iter().map(move |one| (Some(source), one)));
    for (source, category) in own.chain(file.categories.iter().map(|category| (None, category))) {
        says(category, faults);
        match source {
            Some(source) => leads(source, category, file, faults),
            None => common(category, faults),
        }
    }
    fields(file, faults);
    for source in file.sources.iter().filter(|source| !source.categories.is_empty()) {
        beside(source, faults);
    }
    unread(file, faults);
}

/// Complains of what a category leaves unsaid, says twice or in words of its own.
fn says(category: &Category, faults: &mut Faults) {
    let place = &category.name.span;
    if category.label.is_none() {
        faults.error("G0005", place.clone(), "a category needs `label`").help =
            Some("write what the notice calls it (구분)".to_owned());
    }
    if category.purpose.is_empty() {
        let message = format!("the items of `{}` have no purpose", category.name.value);
        faults.error("G0166", place.clone(), message).help =
            Some("write `purpose = [\"U1\"]`: what the notice says they are for".to_owned());
    }
    for basis in category.basis.iter().filter(|basis| !BASES.contains(&basis.as_str())) {
        unknown(faults, "basis", basis, BASES.into_iter());
    }
    let listed: Vec<&Typed<String>> = category.fields().map(|(_, field)| field).collect();
    if listed.is_empty() {
        let message = format!("the category `{}` lists no field", category.name.value);
        faults.error("G0005", place.clone(), message).help =
            Some("write `required`, `optional` or `automatic`".to_owned());
    }
    for (index, field) in listed.iter().enumerate() {
        if let Some(first) = listed[..index].iter().find(|first| first.value == field.value) {
            let message = format!("`{}` lists the field `{}` twice", category.name.value, field.value);
            let fault = faults.error("G0112", field.span.clone(), message);
            fault.related.push((first.span.clone(), "the first".to_owned()));
            fault.help = Some("a field is required, optional or automatic, one of them".to_owned());
        }
    }
}

/// Complains of a category whose records would all be refused.
fn leads(source: &Source, category: &Category, file: &File, faults: &mut Faults) {
    let at = file.layout.as_ref().and_then(|layout| layout.category.as_ref());
    let about = |when: &When| match when {
        When::Named(_) => true,
        When::Clause(clause) if clause.at.as_ref().map(Typed::as_str) == at.map(Typed::as_str) => {
            let names = |values: &[Typed<String>]| values.iter().any(|value| value.value == category.name.value);
            clause.values.as_deref().is_none_or(names) && !clause.not.as_deref().is_some_and(names)
        }
        When::Clause(_) => true,
    };
    if category.to.is_empty() && !source.also.iter().any(|route| route.when.iter().all(about)) {
        let message = format!("no record of `{}.{}` goes anywhere", source.name.value, category.name.value);
        faults.error("G0168", category.name.span.clone(), message).help =
            Some("write `to = [\"tier\"]`, or an `[[also]]` that is about it; without, each is refused".to_owned());
    }
}

/// Complains of a category of every source that says what only a source's own can.
fn common(category: &Category, faults: &mut Faults) {
    if let Some(to) = category.to.first() {
        let message =
            format!("`{}` stands in the records of other categories, which say where they go", category.name.value);
        faults.error("G0169", to.tier.span.clone(), message).help =
            Some("leave `to` out, or move the category under its source".to_owned());
    }
}

/// Complains of listed fields without a name for people, and warns of those that nothing lists.
fn fields(file: &File, faults: &mut Faults) {
    let categories = || file.sources.iter().flat_map(|source| &source.categories).chain(&file.categories);
    let lists = |category: &Category, name: &str| category.fields().any(|(_, own)| own.value == name);
    for field in &file.fields {
        if !categories().any(|category| lists(category, field.name.as_str())) {
            let message = format!("no category lists the field `{}`", field.name.value);
            faults.warning("G0123", field.name.span.clone(), message);
        } else if field.label.is_none() {
            faults.error("G0005", field.name.span.clone(), "a field needs `label`").help =
                Some("write what the notice calls it (수집 항목)".to_owned());
        }
    }
}

/// Complains of what a source says beside its categories.
fn beside(source: &Source, faults: &mut Faults) {
    let written = source.items.iter().filter(|item| item.belongs == super::file::Belongs::Source);
    for item in written.filter(|item| item.purpose.is_empty()) {
        if let Some(name) = &item.item {
            let message = format!("the item `{}` has no purpose", name.value);
            faults.error("G0166", name.span.clone(), message).help =
                Some("write `purpose = [\"U1\"]`, or move it to a category or `[envelope]`".to_owned());
        }
    }
}

/// Warns of a layout that nothing reads.
fn unread(file: &File, faults: &mut Faults) {
    let read = file.sources.iter().any(|source| !source.categories.is_empty())
        || file.also.iter().any(|also| !also.events.is_empty());
    if let (Some(layout), false) = (&file.layout, read) {
        faults.warning("G0123", layout.span.clone(), "no source has categories, so nothing uses the layout");
    }
}
