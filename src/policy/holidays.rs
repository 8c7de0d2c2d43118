//! The file of the days on which nobody works: a table of dates for each year that it covers.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use super::file::File;
use super::read::{Reader, Typed, Value};
use crate::diagnostic::Faults;
use crate::route::calendar::Holidays;

/// Gives the text of a file that a policy names, by its path from the policy's folder.
pub type Read<'a> = &'a dyn Fn(&Path) -> std::io::Result<String>;

/// The version of the file that this garim reads.
const VERSION: u64 = 1;

/// The holidays that a policy names; none where it names no file. Complaints about the file go to `faults` too.
pub(super) fn holidays(file: &File, read: Read<'_>, faults: &mut Faults) -> Option<Holidays> {
    let Some(named) = &file.holidays else { return Some(Holidays::default()) };
    let policy = faults.files.first().map(|(path, _)| path.clone()).unwrap_or_default();
    let path = policy.parent().unwrap_or(Path::new("")).join(named.as_str());
    let text = match read(Path::new(named.as_str())) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read the holidays `{}`: {error}", path.display());
            faults.error("G0138", named.span.clone(), message).help =
                Some("the path counts from the folder of the policy".to_owned());
            return None;
        }
    };
    let mut own = Faults::of(&path, &text);
    let holidays = take(&text, &mut own);
    let sound = own.is_empty();
    faults.append(own);
    holidays.filter(|_| sound)
}

/// Takes the text of the file apart.
fn take(text: &str, faults: &mut Faults) -> Option<Holidays> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        faults.error("G0002", error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut reader = Reader { faults };
    let mut years = Vec::new();
    let mut version = None;
    for (key, value) in reader.entries(document.get_ref()) {
        if key.value == "version" {
            version = Some(value);
            continue;
        }
        let year = key.value.parse::<i16>().ok().filter(|year| key.value == year.to_string());
        match (year, value.get_ref()) {
            (Some(year), DeValue::Table(days)) => years.push((year, days_of(year, days, &mut reader))),
            (Some(_), other) => reader.mismatch(value, "a table of dates", other),
            (None, _) => {
                let message = format!("`{}` is not a year", key.value);
                reader.faults.error("G0138", key.span, message).help =
                    Some("write `version = 1`, then a table for each year, `[2026]`".to_owned());
            }
        }
    }
    check_version(version, reader.faults);
    Some(Holidays::new(years))
}

fn days_of(year: i16, table: &DeTable<'_>, reader: &mut Reader<'_>) -> BTreeSet<Date> {
    let mut days = BTreeSet::new();
    for (key, value) in reader.entries(table) {
        reader.string(value);
        days.extend(date(year, &key, reader.faults));
    }
    days
}

fn date(year: i16, key: &Typed<String>, faults: &mut Faults) -> Option<Date> {
    let date = key.value.parse::<Date>().ok().filter(|date| date.year() == year && date.to_string() == key.value);
    if date.is_none() {
        faults.error("G0138", key.span.clone(), format!("`{}` is not a day of {year}", key.value)).help =
            Some(format!("write `{year}-03-01 = \"its name\"`"));
    }
    date
}

fn check_version(version: Option<&Value<'_>>, faults: &mut Faults) {
    let number = version.map(|value| match value.get_ref() {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().unwrap_or(0),
        _ => 0,
    });
    let span = version.map_or(0..0, toml::Spanned::span);
    let message = match number {
        Some(VERSION) => return,
        None => "the holidays have no `version`",
        Some(1..) => "a newer garim wrote these holidays",
        Some(0) => "this is no version",
    };
    faults.error("G0138", span, message).help = Some(format!("this garim reads `version = {VERSION}`"));
}
