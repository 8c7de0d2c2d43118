//! Runs the policy's own examples and tells what differs from what they expect.
//!
//! An expected output is written as it leaves, with three liberties. `{token:NAME}` stands for a token: within one
//! output equal names mean equal tokens, different names different ones. `{sealed:/a,/b}` stands for an envelope that
//! holds the originals of exactly these places; it is opened with the keys of the run. The `garim` member is left out.
//! Of a tier whose bodies are sealed the record is written as it lies in the envelope, with `sealed` naming the places of
//! the originals beside it, if there are any; what leaves is then held to be nothing but `sealed` and `garim`.
//! JSON is compared as JSON, so that spaces and the order of members do not matter; lines are compared as text.

mod sealed;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::sealed::Given;
use super::{Policy, file};
use crate::engine::outcome::{KeyMissing, Refusal, Treated};
use crate::engine::plan::{Emit, Format};
use crate::engine::{Engine, Scratch};
use crate::limits::TOKEN_BYTES;
use crate::pseudonym::epoch::KeyRing;
use crate::record::{InputId, Position, Record};
use crate::route::TierId;
use crate::secret::Plain;

/// What came of one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Line of the policy file, from 1.
    pub line: usize,
    /// What differs; nothing if the example holds.
    pub differences: Vec<Difference>,
}

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The tier, or `None` where it is about the whole record.
    pub tier: Option<String>,
    /// What is expected, in lines; tokens by their names.
    pub expected: Vec<String>,
    /// What was found, likewise.
    pub found: Vec<String>,
}

/// Runs the examples whose names contain `filter`.
///
/// `keys` should be made for this run: examples are about rules, not about tokens.
///
/// # Errors
/// When the ring lacks a key, which one made for the run does not.
pub fn run(policy: &Policy, engine: &Engine, keys: &KeyRing, filter: &str) -> Result<Vec<Report>, KeyMissing> {
    let mut reports = Vec::new();
    for (index, example) in policy.file.examples.iter().enumerate() {
        // Checked when the policy was loaded.
        let (Some(name), Some(source), Some(given)) = (&example.name, &example.source, &example.given) else {
            continue;
        };
        if !name.value.contains(filter) {
            continue;
        }
        let Some(source) = policy.file.sources.iter().position(|known| known.name.value == source.value) else {
            continue;
        };
        let mut treated = Treated::default();
        let timestamp_ms = example.timestamp.as_ref().map(|stamp| stamp.value.as_millisecond());
        let value = given.value.as_bytes();
        // It is written in the policy's own encoding, and arrives in its source's.
        let arrives = policy.plan.sources[source].charset.encode(&given.value);
        let record = Record {
            input: input_of(engine, source),
            position: Position { partition: 0, offset: index as i64 },
            timestamp_ms,
            key: None,
            value: Some(Plain(&arrives)),
            headers: &[],
        };
        engine.treat(&mut Scratch::new(), keys, &[record], &mut treated)?;
        let differences = match &example.expect_refused {
            Some(reason) => refused(&reason.value, engine, &treated),
            None => {
                let given = Given { plan: &policy.plan, keys, source, value, timestamp_ms };
                left(example, &given, engine, &treated)
            }
        };
        reports.push(Report { name: name.value.clone(), line: policy.line(example.span.start), differences });
    }
    Ok(reports)
}

/// The first input of a source.
pub(super) fn input_of(engine: &Engine, source: usize) -> InputId {
    let index = engine.inputs().iter().position(|(_, of)| usize::from(*of) == source);
    // A source without topic is refused when the policy is read.
    InputId(index.and_then(|index| u16::try_from(index).ok()).unwrap_or(u16::MAX))
}

/// Compares a refusal.
fn refused(reason: &str, engine: &Engine, treated: &Treated) -> Vec<Difference> {
    if treated.outputs.is_empty() && treated.refusals.iter().any(|refusal| refusal.reason.code() == reason) {
        return Vec::new();
    }
    let mut found: Vec<String> = treated.refusals.iter().map(refusal_words).collect();
    let tiers: BTreeSet<TierId> = treated.outputs.iter().map(|output| output.tier).collect();
    found.extend(tiers.iter().map(|tier| format!("leaves for tier {}", engine.tiers()[tier.0 as usize].name)));
    vec![Difference { tier: None, expected: vec![format!("refused: {reason}")], found }]
}

fn refusal_words(refusal: &Refusal) -> String {
    let mut words = format!("refused: {}", refusal.reason.code());
    if refusal.line > 0 {
        words.push_str(&format!(" (line {})", refusal.line));
    }
    words
}

/// Compares what left, tier by tier.
fn left(example: &file::Example, given: &Given<'_>, engine: &Engine, treated: &Treated) -> Vec<Difference> {
    let mut differences = Vec::new();
    if !treated.refusals.is_empty() {
        let found = treated.refusals.iter().map(refusal_words).collect();
        differences.push(Difference { tier: None, expected: vec!["not refused".to_owned()], found });
    }
    let json = match &engine.sources()[given.source].format {
        Format::Json | Format::Ndjson | Format::Pattern { emit: Emit::Json, .. } => true,
        Format::Text | Format::Pattern { emit: Emit::Same, .. } => false,
    };
    for (index, tier) in engine.tiers().iter().enumerate() {
        let expected =
            example.expect.iter().find(|(name, _)| name.value == *tier.name).map(|(_, text)| text.value.as_str());
        let outputs = treated.outputs.iter().filter(|output| usize::from(output.tier.0) == index);
        let found: Vec<Value> = outputs
            .map(|output| match &output.value {
                Some(range) => {
                    let mut value = read(&String::from_utf8_lossy(&treated.bytes[range.clone()]), json);
                    given.told(output.tier, &mut value);
                    without_provenance(value)
                }
                None => read("null", json),
            })
            .collect();
        differences.extend(compare(&tier.name, expected, &found, json));
    }
    differences
}

/// Compares the outputs of one tier, one a line.
fn compare(tier: &str, expected: Option<&str>, found: &[Value], json: bool) -> Option<Difference> {
    let lines: Vec<&str> = expected.unwrap_or_default().lines().filter(|line| !line.trim().is_empty()).collect();
    // One record may be written over several lines; several records stand one a line.
    let lines = match (expected, found.len()) {
        (Some(text), 0 | 1) if json => vec![text.trim()],
        _ => lines,
    };
    let mut names = Names::default();
    let mut equal = lines.len() == found.len();
    let mut shown_expected = Vec::new();
    let mut shown_found = Vec::new();
    for index in 0..lines.len().max(found.len()) {
        let wanted = lines.get(index).map(|line| read(line, json));
        let actual = found.get(index);
        if let (Some(wanted), Some(actual)) = (&wanted, actual) {
            equal &= names.value(wanted, actual);
        }
        shown_expected.extend(wanted.iter().flat_map(show));
        shown_found.extend(actual.iter().flat_map(|value| show(&names.put(value))));
    }
    (!equal).then(|| Difference { tier: Some(tier.to_owned()), expected: shown_expected, found: shown_found })
}

/// A line as JSON where it is; anything else as text.
fn read(line: &str, json: bool) -> Value {
    let value = if json { serde_json::from_str(line).ok() } else { None };
    value.unwrap_or_else(|| Value::String(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn without_provenance(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.remove("garim");
    }
    value
}

/// A value in lines, as people compare it.
fn show(value: &Value) -> Vec<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        _ => format!("{value:#}"),
    };
    text.lines().map(ToOwned::to_owned).collect()
}

/// Which token each name stands for, in one tier.
#[derive(Default)]
struct Names {
    tokens: BTreeMap<String, String>,
}

const OPEN: &str = "{token:";

impl Names {
    /// Whether `found` is what `expected` says; learns the tokens of new names on the way.
    fn value(&mut self, expected: &Value, found: &Value) -> bool {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                let mut rest: BTreeSet<&String> = found.keys().collect();
                let mut equal = expected.len() == found.len();
                for (key, value) in expected {
                    let matching = rest.iter().copied().find(|candidate| self.matches(key, candidate));
                    match matching {
                        Some(candidate) => {
                            rest.remove(candidate);
                            self.text(key, candidate);
                            equal &= self.value(value, &found[candidate]);
                        }
                        None => equal = false,
                    }
                }
                equal
            }
            (Value::Array(expected), Value::Array(found)) => {
                let mut equal = expected.len() == found.len();
                for (expected, found) in expected.iter().zip(found) {
                    equal &= self.value(expected, found);
                }
                equal
            }
            (Value::String(expected), Value::String(found)) => self.text(expected, found),
            _ => expected == found,
        }
    }

    /// Whether the text is what `expected` says, without learning from it.
    fn matches(&self, expected: &str, found: &str) -> bool {
        Names { tokens: self.tokens.clone() }.text(expected, found)
    }

    fn text(&mut self, expected: &str, found: &str) -> bool {
        if let Some(equal) = sealed::same(expected, found) {
            return equal;
        }
        let (mut expected, mut found) = (expected, found);
        while let Some((before, name, after)) = placeholder(expected) {
            let token =
                found.strip_prefix(before).and_then(|rest| rest.get(..TOKEN_BYTES)).filter(|token| is_token(token));
            let Some(token) = token else { return false };
            if !self.bind(name, token) {
                return false;
            }
            found = &found[before.len() + TOKEN_BYTES..];
            expected = after;
        }
        expected == found
    }

    fn bind(&mut self, name: &str, token: &str) -> bool {
        match self.tokens.get(name) {
            Some(known) => known == token,
            None if self.tokens.values().any(|known| known == token) => false,
            None => {
                self.tokens.insert(name.to_owned(), token.to_owned());
                true
            }
        }
    }

    /// The value with every known token replaced by its name, every other one by `{token:?}`.
    fn put(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (self.put_text(key), self.put(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Array(elements) => elements.iter().map(|value| self.put(value)).collect::<Vec<_>>().into(),
            Value::String(text) => self.put_text(text).into(),
            other => other.clone(),
        }
    }

    fn put_text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if let Some(token) = rest.get(..TOKEN_BYTES).filter(|token| is_token(token)) {
                let name = self.tokens.iter().find(|(_, known)| *known == token).map_or("?", |(name, _)| name);
                out.push_str(&format!("{OPEN}{name}}}"));
                rest = &rest[TOKEN_BYTES..];
            } else {
                out.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        out
    }
}

/// What stands before the first placeholder, its name, and what stands after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// Whether a text has the form of a token: two letters, six letters, 32 letters of which none is above `p`.
fn is_token(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == TOKEN_BYTES
        && bytes[2] == b'_'
        && bytes[9] == b'_'
        && bytes[..2].iter().chain(&bytes[3..9]).all(u8::is_ascii_lowercase)
        && bytes[10..].iter().all(|letter| (b'a'..=b'p').contains(letter))
}

/// A line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// On both sides.
    Same(&'a str),
    /// Expected, not found.
    Missing(&'a str),
    /// Found, not expected.
    Extra(&'a str),
}

impl Difference {
    /// Both sides as one list of lines, by their longest common part.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let (a, b) = (&self.expected, &self.found);
        // common[i][j]: length of the longest common part of a[i..] and b[j..].
        let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                common[i][j] =
                    if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
            }
        }
        let (mut i, mut j, mut lines) = (0, 0, Vec::new());
        while i < a.len() || j < b.len() {
            if i < a.len() && j < b.len() && a[i] == b[j] {
                lines.push(Line::Same(&a[i]));
                (i, j) = (i + 1, j + 1);
            } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
                lines.push(Line::Missing(&a[i]));
                i += 1;
            } else {
                lines.push(Line::Extra(&b[j]));
                j += 1;
            }
        }
        lines
    }
}
