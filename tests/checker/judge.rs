//! Holds outputs against what the notice's tables ask for, and remembers every token.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Expected, Want, text_of};

/// A token: two letters for the kind, six for the key, 128 bits in letters.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new("[a-z]{2}_[a-z]{6}_[a-p]{32}").expect("a pattern"));

/// What identifies somebody in the texts of the generator.
static IDENTIFIER: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [
        r"\d{6}-\d{7}",
        r"\+82 10-\d{4}-\d{4}",
        r"010-\d{4}-\d{4}",
        r"\d{4}-\d{4}-\d{4}-\d{4}",
        r"[\w.-]+@[\w.-]+\.(?:com|net|org)",
        r"2001:db8::[0-9a-f]+",
        r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
    ];
    Regex::new(&forms.join("|")).expect("a pattern")
});

/// What may stand for one: hidden, a token, a network.
static TREATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[\w@.+ -]*\*[\w@.*+ -]*|[a-z]{2}_[a-z]{6}_[a-p]{32}|[0-9a-f.:]+/\d+)$").expect("a pattern")
});

/// Where tokens are comparable: a service and a tier in one period of keys; and what the token stands for.
type Named = (String, String, String, String);

/// Judges the outputs of one run.
#[derive(Default)]
pub(crate) struct Judge {
    /// Service, tier, period and value of every token, and the other way round (with its kind's letters).
    tokens: HashMap<String, Named>,
    values: HashMap<(Named, String), String>,
    /// Tier and period of every key.
    keys: HashMap<String, (String, String)>,
    /// How many outputs there were, by tier.
    pub(crate) outputs: BTreeMap<String, u64>,
}

/// Opens an envelope: service, tier and event time of an output, and the output.
pub(crate) type Open<'a> = &'a dyn Fn(&str, &str, &str, &Value) -> Option<Vec<(String, Value)>>;

impl Judge {
    /// What is wrong with one output.
    pub(crate) fn output(
        &mut self,
        input: &Value,
        tier: &str,
        expected: &Expected,
        bytes: &[u8],
        open: Open<'_>,
    ) -> Vec<String> {
        *self.outputs.entry(tier.to_owned()).or_default() += 1;
        let Ok(output) = serde_json::from_slice::<Value>(bytes) else { return vec![format!("{tier}: it is no JSON")] };
        let mut faults = Vec::new();
        let service = input["service"].as_str().unwrap_or_default();
        let mut found = leaves(&output);
        let envelope = found.remove("/sealed");
        let garim = found.remove("/garim");
        let garim = garim.as_ref().and_then(Value::as_str).unwrap_or_default();
        if !is_provenance(garim, expected.without_id) {
            faults.push(format!("/garim is `{garim}`"));
        }
        let is_envelope = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("s1_") && text.len() > 50);
        let wanted = expected.whole || !expected.sealed.is_empty();
        match &envelope {
            Some(value) if wanted && is_envelope(value) => {
                let at = input["event_at"].as_str().unwrap_or_default();
                match open(service, tier, at, &output) {
                    Some(opened) => self.opened(service, tier, expected, opened, &found, &mut faults),
                    None => faults.push("/sealed does not open".to_owned()),
                }
            }
            None if !wanted => {}
            _ => faults.push(format!("/sealed should be {}", if wanted { "there" } else { "absent" })),
        }
        if !expected.whole {
            self.open_part(service, tier, expected, &found, &mut faults);
        }
        left_behind(expected, &output, &mut faults);
        faults.iter().map(|fault| format!("{tier}: {fault}")).collect()
    }

    /// Compares the open part of an output, place by place.
    fn open_part(
        &mut self,
        service: &str,
        tier: &str,
        expected: &Expected,
        found: &BTreeMap<String, Value>,
        faults: &mut Vec<String>,
    ) {
        for place in found.keys().filter(|place| !expected.leaves.contains_key(*place)) {
            // An object may be left without members.
            if found[place] != Value::Object(serde_json::Map::new()) {
                faults.push(format!("{place} should not be there"));
            }
        }
        for (place, want) in &expected.leaves {
            match (found.get(place), want) {
                (None, _) => faults.push(format!("{place} is missing")),
                (Some(value), Want::Token(of)) => {
                    let named = (service.to_owned(), tier.to_owned(), expected.epoch.clone(), canonical(of));
                    faults.extend(self.token(value, named).map(|fault| format!("{place} {fault}")));
                }
                (Some(value), want) if !meets(value, want) => faults.push(format!("{place} is {value}, not {want:?}")),
                _ => {}
            }
        }
    }

    /// Compares what is in an envelope: the originals of exactly the sealed places, or the whole body.
    fn opened(
        &mut self,
        service: &str,
        tier: &str,
        expected: &Expected,
        opened: Vec<(String, Value)>,
        found: &BTreeMap<String, Value>,
        faults: &mut Vec<String>,
    ) {
        if expected.whole && !found.is_empty() {
            faults.push(format!("{:?} stand outside of the envelope", found.keys()));
        }
        let mut opened: BTreeMap<String, Value> = opened.into_iter().collect();
        let rest = opened.remove("");
        for (place, value) in &expected.sealed {
            match opened.remove(place) {
                Some(sealed) if sealed == *value => {}
                Some(_) => faults.push(format!("{place} is sealed as something else")),
                None => faults.push(format!("{place} is not sealed")),
            }
        }
        if expected.whole {
            // The body is one value, or one for each place.
            let body = rest.as_ref().map_or(opened, leaves);
            self.open_part(service, tier, expected, &body, faults);
        } else if !opened.is_empty() || rest.is_some() {
            faults.push(format!("{:?} are sealed", opened.keys()));
        }
    }

    /// What is wrong with a token, if anything is.
    fn token(&mut self, value: &Value, named: Named) -> Option<String> {
        let Some(token) = value.as_str().filter(|text| TOKEN.find(text).is_some_and(|found| found.len() == text.len()))
        else {
            return Some("is no token".to_owned());
        };
        let period = (named.1.clone(), named.2.clone());
        let known = self.keys.entry(token[3..9].to_owned()).or_insert_with(|| period.clone());
        if *known != period {
            return Some("has a key of another tier or period".to_owned());
        }
        let known = self.tokens.entry(token.to_owned()).or_insert_with(|| named.clone());
        if *known != named {
            return Some("is the token of another value, service, tier or period".to_owned());
        }
        let kind = token[..2].to_owned();
        let known = self.values.entry((named, kind)).or_insert_with(|| token.to_owned());
        (*known != token).then(|| "is not the token that the value had before".to_owned())
    }
}

/// Every value of a document that is no object or array, and every empty one of those, by JSON Pointer.
pub(crate) fn leaves(value: &Value) -> BTreeMap<String, Value> {
    fn walk(value: &Value, path: &str, all: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                members.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}"), all));
            }
            Value::Array(elements) if !elements.is_empty() => {
                elements.iter().enumerate().for_each(|(at, value)| walk(value, &format!("{path}/{at}"), all));
            }
            _ => _ = all.insert(path.to_owned(), value.clone()),
        }
    }
    let mut all = BTreeMap::new();
    walk(value, "", &mut all);
    all
}

/// Whether a text says where a record came from: the policy's eight letters, a dot, 32 letters, which some tiers omit.
fn is_provenance(garim: &str, without_id: bool) -> bool {
    let (policy, id) = garim.split_once('.').unwrap_or((garim, ""));
    let lower = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    policy.len() == 8 && lower(policy) && lower(id) && id.len() == if without_id { 0 } else { 32 }
}

/// Whether a value is what is wanted; tokens are asked elsewhere.
fn meets(value: &Value, want: &Want) -> bool {
    match want {
        Want::Exact(wanted) => value == wanted,
        Want::Token(_) => false,
        Want::Hidden(of, most) => value.as_str().is_some_and(|text| {
            let shown: String = text.chars().take_while(|letter| *letter != '*').collect();
            let hidden = &text[shown.len()..];
            of.starts_with(&shown)
                && shown.chars().count() <= *most
                && !hidden.is_empty()
                && hidden.chars().all(|letter| letter == '*' || letter == '-')
        }),
        Want::Band(number) => value.as_str().and_then(|text| text.split_once('-')).is_some_and(|(from, until)| {
            let ends = [from, until].map(|end| end.parse::<f64>().unwrap_or(f64::NAN));
            ends[0] <= *number && *number <= ends[1] && ends[1] > ends[0]
        }),
        Want::Scanned(text) => value.as_str().is_some_and(|found| scanned(text, found)),
    }
}

/// Whether a text is another one with every identifier treated, and nothing else.
fn scanned(text: &str, found: &str) -> bool {
    let (mut rest, mut after) = (found, 0);
    let mut spots = IDENTIFIER.find_iter(text).peekable();
    while let Some(spot) = spots.next() {
        let Some(behind) = rest.strip_prefix(&text[after..spot.start()]) else { return false };
        after = spot.end();
        let next = spots.peek().map_or(text.len(), |next| next.start());
        let between = &text[after..next];
        let end = if between.is_empty() { Some(behind.len()) } else { behind.find(between) };
        let Some(end) = end else { return false };
        let treated = &behind[..end];
        // Numbers of the state are hidden whole.
        let of_state = spot.as_str().len() == 14 && spot.as_str().as_bytes()[6] == b'-';
        if treated.contains(spot.as_str()) || !TREATED.is_match(treated) || (of_state && treated != "****") {
            return false;
        }
        rest = &behind[end..];
    }
    rest == &text[after..]
}

/// No value that may not leave stands anywhere, in a value or as a name, but in the letters of tokens and envelopes.
fn left_behind(expected: &Expected, output: &Value, faults: &mut Vec<String>) {
    static OWN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[a-z]{2}_[a-z]{6}_[a-p]{32}|s1_[a-z]{6}_[A-Za-z0-9_-]+").expect("a pattern"));
    let (mut names, mut values) = (BTreeSet::new(), Vec::new());
    // The letters of a record's id may spell anything; that they are letters of an id was seen before.
    for (place, value) in leaves(output).into_iter().filter(|(place, _)| place != "/garim") {
        names.extend(place.split('/').map(ToOwned::to_owned));
        values.push(OWN.replace_all(&text_of(&value), "").into_owned());
    }
    let stays = |value: &str| {
        let shown = expected.leaves.values().filter_map(|want| match want {
            Want::Exact(shown) => Some(text_of(shown)),
            Want::Scanned(text) => Some(text.clone()),
            Want::Token(_) | Want::Hidden(..) | Want::Band(_) => None,
        });
        // What is kept elsewhere in the record is the same person's or the same code.
        shown.into_iter().any(|shown| shown.contains(value))
    };
    // The values are invented; a failing test may show them.
    let left = |value: &&String| values.iter().any(|found| found.contains(*value)) && !stays(value);
    faults.extend(expected.gone.iter().filter(left).map(|value| format!("`{value}` left")));
    faults.extend(expected.gone_names.intersection(&names).map(|name| format!("the name `{name}` left")));
}

/// The form in which equal values are one: a number without its separators and country, an address in small letters.
fn canonical(value: &str) -> String {
    if value.chars().all(|letter| letter.is_ascii_digit() || "+- ".contains(letter)) {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        return if value.starts_with("+82") { format!("0{}", &digits[2..]) } else { digits };
    }
    value.to_lowercase()
}
