//! Tables of a TOML document taken apart by hand, so that every value keeps its place and every fault is told at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Faults, nearest};

/// A value with the bytes of the file in which it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed<T> {
    /// The value.
    pub value: T,
    /// Where it stands in the file.
    pub span: Range<usize>,
}

impl<T> Typed<T> {
    /// A value and its place.
    pub fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }
}

impl Typed<String> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

/// A value of the document.
pub(super) type Value<'d> = Spanned<DeValue<'d>>;

/// A table whose keys were checked against the ones it may have.
pub(super) struct Fields<'d> {
    /// What it is, for messages: "a tier".
    what: &'static str,
    /// Where it begins: its header, or its brace.
    pub(super) span: Range<usize>,
    entries: Vec<(Typed<String>, &'d Value<'d>)>,
}

impl<'d> Fields<'d> {
    /// The value under `key`.
    pub(super) fn get(&self, key: &str) -> Option<&'d Value<'d>> {
        self.entries.iter().find(|(name, _)| name.value == key).map(|(_, value)| *value)
    }

    /// The place of the key itself, or of the table where it lacks the key.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        self.entries.iter().find(|(name, _)| name.value == key).map_or(self.span.clone(), |(name, _)| name.span.clone())
    }
}

/// Reads values and notes complaints.
pub(super) struct Reader<'a> {
    pub(super) faults: &'a mut Faults,
}

impl Reader<'_> {
    /// The entries of a table in file order, whatever their names.
    pub(super) fn entries<'d>(&mut self, table: &'d DeTable<'d>) -> Vec<(Typed<String>, &'d Value<'d>)> {
        let mut entries: Vec<_> =
            table.iter().map(|(key, value)| (Typed::new(key.get_ref().to_string(), key.span()), value)).collect();
        // The document's map is sorted by name; people read by place.
        entries.sort_by_key(|(key, _)| key.span.start);
        entries
    }

    /// A table that may have these keys only.
    pub(super) fn fields<'d>(
        &mut self,
        what: &'static str,
        known: &[&str],
        span: Range<usize>,
        table: &'d DeTable<'d>,
    ) -> Fields<'d> {
        let entries = self.entries(table);
        for (key, _) in &entries {
            if !known.contains(&key.value.as_str()) {
                let near = nearest(&key.value, known.iter().copied());
                let keys = known.join("`, `");
                let fault =
                    self.faults.error("G0003", key.span.clone(), format!("unknown key `{}` in {what}", key.value));
                match near {
                    Some(near) => fault.label = format!("did you mean `{near}`?"),
                    None => fault.help = Some(format!("{what} may have `{keys}`")),
                }
            }
        }
        Fields { what, span, entries }
    }

    /// The same for a value that should be a table.
    pub(super) fn table<'d>(&mut self, what: &'static str, known: &[&str], value: &'d Value<'d>) -> Option<Fields<'d>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(self.fields(what, known, value.span(), table)),
            other => {
                self.mismatch(value, "a table", other);
                None
            }
        }
    }

    /// The tables below `key`, each with its name: `[tiers.X]`, `[tiers.Y]`.
    pub(super) fn named<'d>(
        &mut self,
        fields: &Fields<'d>,
        key: &str,
        what: &'static str,
        known: &[&str],
    ) -> Vec<(Typed<String>, Fields<'d>)> {
        let Some(value) = fields.get(key) else {
            return Vec::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.mismatch(value, "a table of tables", value.get_ref());
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in self.entries(table) {
            if let DeValue::Table(inner) = value.get_ref() {
                let fields = self.fields(what, known, name.span.clone(), inner);
                named.push((name, fields));
            } else {
                self.mismatch(value, "a table", value.get_ref());
            }
        }
        named
    }

    /// The tables of an array, `[[examples]]`.
    pub(super) fn listed<'d>(
        &mut self,
        fields: &Fields<'d>,
        key: &str,
        what: &'static str,
        known: &[&str],
    ) -> Vec<Fields<'d>> {
        let Some(value) = fields.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.mismatch(value, "an array of tables", value.get_ref());
            return Vec::new();
        };
        array.iter().filter_map(|value| self.table(what, known, value)).collect()
    }

    /// The text under `key`.
    pub(super) fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<Typed<String>> {
        let value = fields.get(key)?;
        self.string(value)
    }

    /// The text under `key`, which must be there.
    pub(super) fn needed(&mut self, fields: &Fields<'_>, key: &str) -> Option<Typed<String>> {
        self.must_have(fields, key);
        self.text(fields, key)
    }

    /// Complains when `key` is not there.
    pub(super) fn must_have(&mut self, fields: &Fields<'_>, key: &str) {
        if fields.get(key).is_none() {
            self.faults.error("G0005", fields.span.clone(), format!("{} needs `{key}`", fields.what));
        }
    }

    /// A text.
    pub(super) fn string(&mut self, value: &Value<'_>) -> Option<Typed<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Typed::new(text.to_string(), value.span())),
            other => {
                self.mismatch(value, "a string", other);
                None
            }
        }
    }

    /// One text or an array of texts.
    pub(super) fn strings(&mut self, value: &Value<'_>) -> Vec<Typed<String>> {
        match value.get_ref() {
            DeValue::String(text) => vec![Typed::new(text.to_string(), value.span())],
            DeValue::Array(array) => array.iter().filter_map(|value| self.string(value)).collect(),
            other => {
                self.mismatch(value, "a string or an array of strings", other);
                Vec::new()
            }
        }
    }

    /// The texts under `key`; none where there is no such key.
    pub(super) fn texts(&mut self, fields: &Fields<'_>, key: &str) -> Vec<Typed<String>> {
        fields.get(key).map(|value| self.strings(value)).unwrap_or_default()
    }

    /// Scalars as they are written in a record: texts, whole numbers, `true` and `false`.
    pub(super) fn scalars(&mut self, value: &Value<'_>) -> Vec<Typed<String>> {
        match value.get_ref() {
            DeValue::Array(array) => array.iter().flat_map(|value| self.scalar(value)).collect(),
            _ => self.scalar(value).into_iter().collect(),
        }
    }

    fn scalar(&mut self, value: &Value<'_>) -> Option<Typed<String>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Boolean(flag) => flag.to_string(),
            other => {
                self.mismatch(value, "a string, a whole number or a boolean", other);
                return None;
            }
        };
        Some(Typed::new(text, value.span()))
    }

    /// The flag under `key`.
    pub(super) fn flag(&mut self, fields: &Fields<'_>, key: &str) -> Option<Typed<bool>> {
        let value = fields.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(Typed::new(*flag, value.span())),
            other => {
                self.mismatch(value, "`true` or `false`", other);
                None
            }
        }
    }

    /// The civil date under `key`, `2026-10-01`.
    pub(super) fn date(&mut self, fields: &Fields<'_>, key: &str) -> Option<Typed<jiff::civil::Date>> {
        let value = fields.get(key)?;
        let date = match value.get_ref() {
            DeValue::Datetime(stamp) if stamp.time.is_none() => stamp.to_string().parse().ok(),
            _ => None,
        };
        if date.is_none() {
            self.mismatch(value, "a date such as 2026-10-01, without quotes", value.get_ref());
        }
        date.map(|date| Typed::new(date, value.span()))
    }

    /// The instant under `key`, `2026-11-23T09:15:42+09:00`.
    pub(super) fn instant(&mut self, fields: &Fields<'_>, key: &str) -> Option<Typed<jiff::Timestamp>> {
        let value = fields.get(key)?;
        let instant = match value.get_ref() {
            DeValue::Datetime(stamp) if stamp.offset.is_some() => stamp.to_string().parse().ok(),
            _ => None,
        };
        if instant.is_none() {
            self.mismatch(value, "a time such as 2026-11-23T09:15:42+09:00, without quotes", value.get_ref());
        }
        instant.map(|instant| Typed::new(instant, value.span()))
    }

    /// Complains that a value is not what it should be.
    pub(super) fn mismatch(&mut self, value: &Value<'_>, wanted: &str, found: &DeValue<'_>) {
        self.faults.error("G0004", value.span(), format!("expected {wanted}, found {}", article(found.type_str())));
    }
}

fn article(name: &str) -> String {
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}
