//! Layers of values by dotted name: files, then the environment, then flags; each value remembers where it came from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Faults};

/// A value of `garim.toml`, whatever layer it came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Share(f64),
    Flag(bool),
    /// Something that no setting is: an array, a date.
    Other(&'static str),
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Whole(_) => "a whole number",
            Self::Share(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Other(kind) => kind,
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) key: Option<Range<usize>>,
    pub(super) value: Option<Range<usize>>,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// What stands as the file of a value that came from the environment or a flag; such places show names, never values.
pub(super) const ENVIRONMENT: &str = "environment";
/// The same for flags.
pub(super) const FLAGS: &str = "command line";

/// Beginning of the variables that are settings: `GARIM__WORKER__LANES` is `worker.lanes`.
const VARIABLE: &str = "GARIM__";
/// Below this, names are librdkafka's and hold dots.
pub(super) const PROPERTIES: &str = "kafka.properties.";

/// All layers, later ones on top.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) leaves: BTreeMap<String, Leaf>,
    pub(super) faults: Faults,
}

impl Layers {
    /// A file, or a folder whose `*.toml` files are read in the order of their names.
    pub(super) fn path(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.file(path);
        }
        let mut files: Vec<PathBuf> = match std::fs::read_dir(path) {
            Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect(),
            Err(error) => return self.faults.append(Faults::unreadable(path, &error)),
        };
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        files.iter().for_each(|file| self.file(file));
    }

    fn file(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.faults.append(Faults::unreadable(path, &error)),
        };
        let (document, errors) = DeTable::parse_recoverable(&text);
        for error in errors {
            self.faults.diagnostics.push(Diagnostic::error(
                "G0201",
                path,
                error.span(),
                format!("not valid TOML: {}", error.message()),
            ));
        }
        self.table(path, "", document.get_ref());
        self.faults.files.push((path.to_owned(), veiled(&text)));
    }

    /// Nested tables become dotted names, so that `security.protocol = "SSL"` is one property with or without quotes.
    fn table(&mut self, path: &Path, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
            if let DeValue::Table(inner) = value.get_ref() {
                self.table(path, &name, inner);
                continue;
            }
            let place = Place { file: path.to_owned(), key: Some(key.span()), value: Some(value.span()) };
            self.leaves.insert(name, Leaf { value: plain(value), place });
        }
    }

    /// The variables of the environment that begin with `GARIM__`, parsed as TOML values, else as strings.
    pub(super) fn environment(&mut self, variables: &[(String, String)]) {
        let file = PathBuf::from(ENVIRONMENT);
        let mut names = String::new();
        for (variable, text) in variables {
            let Some(rest) = variable.strip_prefix(VARIABLE) else { continue };
            let start = names.len();
            names.push_str(variable);
            let span = start..names.len();
            names.push('\n');
            let place = Place { file: file.clone(), key: Some(span.clone()), value: Some(span) };
            self.leaves.insert(name_of(rest), Leaf { value: parsed(text), place });
        }
        if !names.is_empty() {
            self.faults.files.push((file, names));
        }
    }

    /// Properties of the client library from flags.
    pub(super) fn properties(&mut self, properties: &[(String, String)]) {
        let file = PathBuf::from(FLAGS);
        let mut names = String::new();
        for (name, text) in properties {
            let start = names.len();
            names.push_str(&format!("-X {name}"));
            let span = start..names.len();
            names.push('\n');
            let place = Place { file: file.clone(), key: Some(span.clone()), value: Some(span) };
            self.leaves.insert(format!("{PROPERTIES}{name}"), Leaf { value: Value::Text(text.clone()), place });
        }
        if !names.is_empty() {
            self.faults.files.push((file, names));
        }
    }
}

/// `KAFKA__ALLOW_PLAINTEXT` to `kafka.allow-plaintext`, `KAFKA__PROPERTIES__SASL_PASSWORD` to its librdkafka name.
fn name_of(variable: &str) -> String {
    let lower = variable.to_ascii_lowercase();
    if let Some(property) = lower.strip_prefix("kafka__properties__") {
        return match property.strip_suffix("_file") {
            Some(twin) => format!("{PROPERTIES}{}_file", twin.replace('_', ".")),
            None => format!("{PROPERTIES}{}", property.replace('_', ".")),
        };
    }
    lower.replace("__", ".").replace('_', "-")
}

/// Words whose line may hold a secret, besides properties of the client library: an age key may be the wrong half.
const SECRET_LINES: [&str; 2] = ["recipient", "AGE-SECRET-KEY-"];

/// The text that complaints may show: values of properties and of recipients are stars of the same length, because some
/// are secret.
///
/// Goes by lines and not by spans, so that it also holds for a file whose grammar is broken.
fn veiled(text: &str) -> String {
    let mut inside = false;
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let header = line.trim_start().starts_with('[');
        if header {
            inside = line.contains("properties");
        }
        let secret = SECRET_LINES.iter().any(|word| line.contains(word));
        let from = match line.find('=') {
            _ if header => line.len(),
            Some(equals) if secret => equals + 1,
            None if secret => 0,
            Some(equals) if inside || line[..equals].contains("properties") => equals + 1,
            None if inside => 0,
            _ => line.len(),
        };
        let end = line.trim_end().len().max(from);
        shown.push_str(&line[..from]);
        shown.extend(line.bytes().take(end).skip(from).map(|byte| if byte == b' ' { ' ' } else { '*' }));
        shown.push_str(&line[end..]);
    }
    shown
}

fn parsed(text: &str) -> Value {
    match DeValue::parse(text) {
        Ok(value) if !value.get_ref().is_table() => plain(&value),
        _ => Value::Text(text.to_owned()),
    }
}

fn plain(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Integer(whole) => match i64::from_str_radix(whole.as_str(), whole.radix()) {
            Ok(whole) => Value::Whole(whole),
            Err(_) => Value::Other("a number beyond 64 bits"),
        },
        DeValue::Float(float) => match float.as_str().parse() {
            Ok(float) => Value::Share(float),
            Err(_) => Value::Other("a number that cannot be read"),
        },
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(_) => Value::Other("an array"),
        DeValue::Table(_) => Value::Other("a table"),
    }
}
