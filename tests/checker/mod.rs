//! Checks every treated record of the notice's services against the notice's own tables, apart from engine and policy.
//!
//! The tables in `tests/data/notice/` are the class table, the routing, the tiers and the inventory of the published
//! notice, read as data. From an input record they give what must be in each tier, field by field ([`Notice::expected`]);
//! [`judge::Judge`] holds outputs against that. Nothing here is shared with the program that is judged, but the opener
//! of envelopes in [`opening`], which needs its keys.

pub(crate) mod judge;
pub(crate) mod opening;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use toml::Table;

/// The notice's tables.
pub(crate) struct Notice {
    classes: Table,
    tiers: Vec<Table>,
    rows: Vec<Table>,
    categories: Vec<Table>,
}

/// What must stand at one place of an output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Want {
    /// This value.
    Exact(Value),
    /// The token of this value.
    Token(String),
    /// So many characters of this value at most, at its start, the rest hidden.
    Hidden(String, usize),
    /// A range of numbers that holds this one.
    Band(f64),
    /// This text, with every identifier in it treated.
    Scanned(String),
}

/// What must be in one tier of a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Expected {
    /// By JSON Pointer: every place of the output that is not garim's own, and no other.
    pub(crate) leaves: BTreeMap<String, Want>,
    /// The places of the input whose values are in the envelope, and no other.
    pub(crate) sealed: BTreeMap<String, Value>,
    /// Whether all of that is in the envelope, and nothing outside of it.
    pub(crate) whole: bool,
    /// Whether it may not say from which input it came.
    pub(crate) without_id: bool,
    /// The period of its pseudonym key, `2026` or `2026-11-14`.
    pub(crate) epoch: String,
    /// Values of the input that may not be in it anywhere.
    pub(crate) gone: BTreeSet<String>,
    /// Names of members that nobody declared.
    pub(crate) gone_names: BTreeSet<String>,
}

impl Notice {
    /// Reads the tables.
    pub(crate) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/notice");
        let table = |name: &str| -> Table {
            let text = std::fs::read_to_string(folder.join(name)).expect("a table of the notice");
            toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        let list = |name: &str, key: &str| -> Vec<Table> {
            let rows = table(name)[key].as_array().expect("rows").clone();
            rows.into_iter().map(|row| row.as_table().expect("a row").clone()).collect()
        };
        Self {
            classes: table("classes.toml"),
            tiers: list("tiers.toml", "tier"),
            rows: list("routing.toml", "row"),
            categories: list("categories.toml", "category"),
        }
    }

    /// The services with their categories, in the order of the notice.
    pub(crate) fn categories(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = |row: &'_ Table| row["service"].as_str() != Some("*");
        self.categories.iter().filter(move |row| named(row)).map(|row| (text(row, "service"), text(row, "category")))
    }

    /// What must become of a record, by tier. Panics on a record that is no service's: those are refused.
    pub(crate) fn expected(&self, input: &Value) -> BTreeMap<String, Expected> {
        let (service, category) = (input["service"].as_str(), input["category"].as_str());
        let here = |row: &&Table| row["service"].as_str() == service && row["category"].as_str() == category;
        let row = self.categories.iter().find(here).expect("a category of the notice");
        let mut held: BTreeMap<&str, Held<'_>> = BTreeMap::new();
        for route in self.rows.iter().filter(|route| applies(route, text(row, "id"), &input["event"])) {
            let held = held.entry(text(route, "tier")).or_default();
            held.classes.extend(strings(route, "holds"));
            held.activity_only |= route.get("activity").is_some();
        }
        let mut expected = BTreeMap::new();
        for (name, held) in held {
            let tier = self.tiers.iter().find(|tier| text(tier, "tier") == name).expect("a tier of the notice");
            if agreed(tier, &input["consent"]) {
                expected.insert(name.to_owned(), self.in_tier(input, row, tier, &held));
            }
        }
        expected
    }

    fn in_tier(&self, input: &Value, row: &Table, tier: &Table, held: &Held<'_>) -> Expected {
        let at = input["event_at"].as_str().expect("a time of the event");
        let yearly = tier.get("epoch").is_some_and(|epoch| epoch.as_str() == Some("P1Y"));
        let mut expected = Expected {
            whole: tier.get("sealed-whole").is_some(),
            without_id: text(tier, "group") == "AN",
            epoch: at[..if yearly { 4 } else { 10 }].to_owned(),
            ..Expected::default()
        };
        let precise = shape::time(at, text(tier, "time"));
        expected.leaves.insert("/event_at".to_owned(), Want::Exact(precise.into()));
        if expected.leaves["/event_at"] != Want::Exact(at.into()) {
            expected.gone.insert(at.to_owned());
        }
        for (name, value) in members(input) {
            let path = format!("/{name}");
            match name.as_str() {
                "event_at" => {}
                "items" if held.activity_only => gone(value, &mut expected.gone),
                "items" => self.fields(&path, value, row, tier, held, input, &mut expected),
                "activity" => {
                    let common = self.categories.iter().find(|row| text(row, "id") == "AC-X").expect("its row");
                    self.fields(&path, value, common, tier, held, input, &mut expected);
                }
                "service" | "category" | "event" | "event_id" | "tenant_id" | "case_id" | "facts" => {
                    self.field(&path, name, value, row, tier, true, &mut expected);
                }
                // Flags, which are not forwarded and have the names of other things.
                "consent" => {}
                // Nobody declared it: neither what is in it nor what its parts are called may leave.
                _ => {
                    gone(value, &mut expected.gone);
                    expected.gone_names.extend(members(value).map(|(name, _)| name.clone()));
                    expected.gone_names.insert(name.clone());
                }
            }
        }
        expected
    }

    #[expect(clippy::too_many_arguments, reason = "what a tier holds depends on all of them, and the caller has them")]
    fn fields(
        &self,
        path: &str,
        object: &Value,
        row: &Table,
        tier: &Table,
        held: &Held<'_>,
        input: &Value,
        expected: &mut Expected,
    ) {
        for (name, value) in members(object) {
            let path = format!("{path}/{name}");
            let listed = |need: &str| strings(row, need).any(|field| field == name);
            let optional = listed("O");
            if !optional && !listed("R") && !listed("A") {
                gone(value, &mut expected.gone);
                expected.gone_names.insert(name.clone());
                continue;
            }
            let (class, rules) = self.class(name);
            let also = rules.get("also-held-as").and_then(toml::Value::as_str);
            // Times are held everywhere, each as precise as its tier.
            let held = class == "time"
                || held.classes.iter().any(|known| *known == "all" || *known == class || Some(*known) == also);
            let agreed = |flag: &str| input["consent"][flag] == Value::Bool(true);
            let asked = rules.get("needs").and_then(toml::Value::as_str);
            let consent = row.get("consent").and_then(toml::Value::as_str).unwrap_or("optional");
            let may = held && (!optional || agreed(consent)) && asked.is_none_or(agreed);
            self.field(&path, name, value, row, tier, may, expected);
        }
    }

    /// The class of a field, with its row.
    fn class(&self, field: &str) -> (&str, &Table) {
        let holds = |(class, rules): (&'_ String, &'_ toml::Value)| {
            strings(rules.as_table().expect("a row"), "fields").any(|known| known == field).then(|| class.clone())
        };
        let class = self.classes.iter().find_map(holds).unwrap_or_else(|| panic!("`{field}` has a class"));
        let (class, rules) = self.classes.get_key_value(&class).expect("it was found");
        (class, rules.as_table().expect("a row"))
    }

    #[expect(clippy::too_many_arguments, reason = "what is done depends on all of them, and the caller has them")]
    fn field(
        &self,
        path: &str,
        name: &str,
        value: &Value,
        row: &Table,
        tier: &Table,
        may: bool,
        expected: &mut Expected,
    ) {
        let (_, rules) = self.class(name);
        if !may {
            return gone(value, &mut expected.gone);
        }
        let exceptions = [
            rules.get("of").and_then(|of| of.get(text(row, "id"))),
            rules.get("field").and_then(|field| field.get(name)),
        ];
        let own = exceptions.into_iter().flatten().filter_map(toml::Value::as_table).find(|row| cell(row, tier) != "-");
        let whole = cell(own.unwrap_or(rules), tier);
        let parts = rules.get("part").and_then(toml::Value::as_table);
        match parts {
            Some(parts) if value.is_object() && !whole.starts_with("present") => {
                for (part, value) in members(value) {
                    let row = parts.get(part).or_else(|| parts.get("rest")).and_then(toml::Value::as_table);
                    let cell = row.map_or("-", |row| cell(row, tier));
                    act(&format!("{path}/{part}"), value, cell, tier, expected);
                }
            }
            _ if name == "facts" => {
                for (fact, value) in members(value) {
                    act(&format!("{path}/{fact}"), value, whole, tier, expected);
                }
            }
            _ => act(path, value, whole, tier, expected),
        }
    }
}

/// What a tier holds of a record.
#[derive(Default)]
struct Held<'a> {
    classes: BTreeSet<&'a str>,
    activity_only: bool,
}

/// Does what a cell says, and notes what must come of it.
fn act(path: &str, value: &Value, cell: &str, tier: &Table, expected: &mut Expected) {
    let written = text_of(value);
    let mut shown = false;
    for word in cell.split('+') {
        let (verb, how) = word.split_once('(').map_or((word, ""), |(verb, how)| (verb, how.trim_end_matches(')')));
        let want = match (verb, how) {
            ("D" | "-" | "", _) => continue,
            ("S", _) => {
                expected.sealed.insert(path.to_owned(), value.clone());
                continue;
            }
            ("P", _) => {
                let place = if shown { format!("{path}_token") } else { path.to_owned() };
                expected.leaves.insert(place, Want::Token(written.clone()));
                continue;
            }
            ("present", name) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                expected.leaves.insert(format!("{folder}/{name}"), Want::Exact(true.into()));
                continue;
            }
            ("K", "") => Want::Exact(value.clone()),
            ("K", "6 digits") => Want::Exact(written.chars().take(6).collect::<String>().into()),
            ("scan", _) => Want::Scanned(written.clone()),
            ("time", _) => Want::Exact(shape::time(&written, text(tier, "time")).into()),
            ("M", "first") => Want::Exact(shape::first(&written).into()),
            ("M", "prefix") => Want::Exact(shape::phone(&written, 0).into()),
            ("M", "last 4") => Want::Exact(shape::phone(&written, 4).into()),
            ("M", "district") => Want::Exact(shape::district(&written).into()),
            ("M", "all") => Want::Exact("****".into()),
            ("M", "bin") => Want::Hidden(written.clone(), 7),
            ("M", "number") => Want::Hidden(written.clone(), 3),
            ("G", "year") => Want::Exact(written[..4].into()),
            ("G", "10 years") => Want::Exact(format!("{0}0-{0}9", &written[..3]).into()),
            ("G", "/24,/48") => Want::Exact(shape::network(&written).into()),
            ("G", "family") => {
                // It stands beside where the address stood.
                let family = if written.contains(':') { 6 } else { 4 };
                expected.leaves.insert(format!("{path}_family"), Want::Exact(family.into()));
                continue;
            }
            ("G", "major") => Want::Exact(shape::major(&written).into()),
            ("G", "family name") => Want::Exact(shape::product(&written).into()),
            ("G", "band") => Want::Band(value.as_f64().expect("a number")),
            ("G", "no query") => Want::Exact(written.split(['?', '#']).next().unwrap_or_default().into()),
            _ => panic!("the tables say `{word}`, which means nothing here"),
        };
        shown = true;
        expected.leaves.insert(path.to_owned(), want);
    }
    let stays = match expected.leaves.get(path) {
        Some(Want::Exact(shown)) => text_of(shown).contains(&written),
        // What is in the text is looked for there; a range begins or ends with a number that may be this one.
        Some(Want::Scanned(_) | Want::Band(_)) => true,
        _ => false,
    };
    if !stays {
        gone(value, &mut expected.gone);
    }
}

/// Notes every value in here as one that may not leave.
fn gone(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| gone(value, all)),
        Value::Array(elements) => elements.iter().for_each(|value| gone(value, all)),
        // Shorter ones are everywhere by chance.
        Value::String(_) | Value::Number(_) => all.extend(Some(text_of(value)).filter(|text| text.len() >= 4)),
        Value::Bool(_) | Value::Null => {}
    }
}

/// What a cell of a row says of a tier: of the tier itself, else of its group; a case has the column of the law where it
/// has none.
fn cell<'a>(row: &'a Table, tier: &Table) -> &'a str {
    let group = text(tier, "group");
    let columns = [text(tier, "tier"), group, if group == "CC" { "LG" } else { group }];
    columns.iter().find_map(|column| row.get(*column)?.as_str()).unwrap_or("-")
}

/// Whether a row of the routing applies to a category and an event.
fn applies(route: &Table, id: &str, event: &Value) -> bool {
    let among = |key: &str, wanted: Option<&str>| strings(route, key).any(|known| Some(known) == wanted);
    (route.get("of").is_none() || among("of", Some(id)))
        && !among("not-of", Some(id))
        && (route.get("events").is_none() || among("events", event.as_str()))
}

/// Whether the person agreed to what the tier asks for, and refused nothing that closes it.
fn agreed(tier: &Table, consent: &Value) -> bool {
    tier.get("needs").and_then(toml::Value::as_str).is_none_or(|flag| consent[flag] == Value::Bool(true))
        && strings(tier, "not-if-refused").all(|flag| consent[flag] != Value::Bool(false))
}

fn text<'a>(row: &'a Table, key: &str) -> &'a str {
    row.get(key).and_then(toml::Value::as_str).unwrap_or_default()
}

fn strings<'a>(row: &'a Table, key: &str) -> impl Iterator<Item = &'a str> {
    row.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A value as the text of a log has it.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
