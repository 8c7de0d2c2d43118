//! One source of the file to its part of the plan.

use super::compile::{choice, kebab, legal_name};
use super::condition::{exact_pointer, pointer, unknown, when};
use super::file::{self, File};
use super::read::Typed;
use super::rule::{Place, Rules, Ruling};
use crate::diagnostic::{Faults, nearest};
use crate::engine::charset::Charset;
use crate::engine::plan::{Action, Actions, CarrierPlan, Emit, EventTime, Format, ItemPlan, SourcePlan};
use crate::find::pattern::{Pattern, PatternFault};
use crate::kind::Kind;
use crate::route::{Clause, Pointer, Route, Segment, TierId};

/// What the parts of a source compile to; what could not be compiled is missing.
pub(super) struct SourceParts {
    pub(super) format: Option<Format>,
    charset: Option<Charset>,
    time: Option<EventTime>,
    tenant: Option<Option<Pointer>>,
    pub(super) belongs: Option<Vec<Clause>>,
    tombstones_forward: Option<bool>,
    pub(super) items: Vec<ItemParts>,
    pub(super) key: Option<Option<CarrierPlan>>,
    pub(super) headers: Vec<Option<(Box<str>, CarrierPlan)>>,
    pub(super) routes: Vec<Option<Route>>,
    also: Vec<Option<Route>>,
    /// Whether a route leads to the tier at this index.
    pub(super) reached: Vec<bool>,
}

/// What the parts of an item compile to.
pub(super) struct ItemParts {
    pub(super) at: Option<Pointer>,
    pub(super) when: Option<Vec<Clause>>,
    pub(super) rule: Option<(Kind, Vec<Actions>)>,
    /// The tiers in which it leaves under another name.
    pub(super) names: Vec<(TierId, Box<str>)>,
}

impl ItemParts {
    /// Whether the item takes an object or array whole, by dropping, stating or scanning all of it, or by its parts: then
    /// other items may say more of what is inside.
    pub(super) fn is_whole(&self) -> bool {
        let whole =
            |list: &Actions| matches!(list.as_slice(), [Action::Drop | Action::Scan | Action::Present | Action::Parts]);
        self.rule.as_ref().is_some_and(|(_, by_tier)| by_tier.iter().all(whole))
    }
}

/// Compiles every part of a source.
pub(super) fn compile(
    source: &file::Source,
    file: &File,
    rules: &mut Rules<'_>,
    conditions: &mut [bool],
    faults: &mut Faults,
) -> SourceParts {
    kebab("source", &source.name, faults);
    let format = format(source, faults);
    let mut reached = vec![false; file.tiers.len()];
    let mut route = |one| route(one, file, conditions, &mut reached, faults);
    let routes = source.routes.iter().map(&mut route).collect();
    let also = source.also.iter().map(&mut route).collect();
    let same = matches!(format, Some(Format::Pattern { emit: Emit::Same, .. }));
    let mut items = Vec::new();
    for item in &source.items {
        if let Some(name) = &item.item {
            // What was made of categories is called `category.field`.
            let signs = if item.belongs == file::Belongs::Source { "-_" } else { "-_." };
            legal_name("item", name, signs, faults);
        }
        let at = match (&item.at, &format) {
            // A line of free text is its own field.
            (Some(at), Some(Format::Text)) if at.value.is_empty() => Some(Pointer::ROOT),
            (at, _) => at.as_ref().and_then(|at| pointer(at, faults)),
        };
        let place = match at.as_ref().and_then(|at| at.0.last()) {
            None | Some(_) if same || matches!(format, Some(Format::Text)) => Place::Line,
            Some(Segment::Any) => Place::Any,
            _ => Place::Member,
        };
        let rule = rules.resolve(&item.rule, Some(item), place, &reached, faults);
        let when = when(&item.when, file, conditions, faults);
        let (rule, names) = match rule {
            Some(Ruling { kind, actions, names }) => (Some((kind, actions)), names),
            None => (None, Vec::new()),
        };
        items.push(ItemParts { at, when, rule, names });
    }
    let key = source.key.as_ref().map(|key| rules.resolve(key, None, Place::Carrier, &reached, faults));
    let key = match key {
        None => Some(None),
        Some(rule) => rule.map(|Ruling { kind, actions, .. }| Some(CarrierPlan { kind, actions })),
    };
    let mut headers = Vec::new();
    for header in &source.headers {
        let rule = rules.resolve(&header.rule, None, Place::Carrier, &reached, faults);
        let name = header.name.as_ref();
        headers.push(
            name.zip(rule)
                .map(|(name, rule)| (name.as_str().into(), CarrierPlan { kind: rule.kind, actions: rule.actions })),
        );
    }
    SourceParts {
        charset: charset(source, faults),
        time: time(source, format.as_ref(), faults),
        tenant: tenant(source, format.as_ref(), faults),
        belongs: when(&source.when, file, conditions, faults),
        tombstones_forward: choice(source.tombstones.as_ref(), &[("refuse", false), ("forward", true)], false, faults),
        format,
        items,
        key,
        headers,
        routes,
        also,
        reached,
    }
}

impl SourceParts {
    /// The plan of the source, if every part is there; `tiers` tiers and shares of tiers are in it.
    pub(super) fn plan(self, source: &file::Source, found: &[Vec<Actions>], tiers: usize) -> Option<SourcePlan> {
        let planned = |mut actions: Vec<Actions>| {
            // What is said of recipients that get nothing yet stands behind.
            actions.truncate(tiers);
            actions
        };
        let carrier = |plan: CarrierPlan| CarrierPlan { actions: planned(plan.actions), ..plan };
        let items = self.items.into_iter().zip(&source.items).map(|(parts, item)| {
            let (kind, actions) = parts.rule?;
            let mut names = parts.names;
            names.retain(|(tier, _)| usize::from(tier.0) < tiers);
            Some(ItemPlan {
                name: item.item.as_ref()?.as_str().into(),
                at: parts.at?,
                kind,
                when: parts.when?,
                actions: planned(actions),
                names,
            })
        });
        Some(SourcePlan {
            name: source.name.as_str().into(),
            label: source.label.as_ref().map_or(source.name.as_str(), Typed::as_str).into(),
            topics: source.topics.iter().map(|topic| topic.as_str().into()).collect(),
            quarantine: quarantine(source).into(),
            format: self.format?,
            charset: self.charset?,
            time: self.time?,
            belongs: self.belongs?,
            tombstones_forward: self.tombstones_forward?,
            tenant: self.tenant?,
            items: items.collect::<Option<_>>()?,
            key: self.key?.map(carrier),
            headers: self
                .headers
                .into_iter()
                .map(|header| header.map(|(name, plan)| (name, carrier(plan))))
                .collect::<Option<_>>()?,
            routes: self.routes.into_iter().collect::<Option<_>>()?,
            also: self.also.into_iter().collect::<Option<_>>()?,
            // Filled in where tiers and recipients are known.
            takes: Vec::new(),
            found: found.to_vec(),
        })
    }
}

/// The topic of a source's refusals.
pub(super) fn quarantine(source: &file::Source) -> String {
    source.quarantine.as_ref().map_or_else(|| format!("quarantine.{}", source.name.value), |topic| topic.value.clone())
}

fn route(
    route: &file::Route,
    file: &File,
    conditions: &mut [bool],
    reached: &mut [bool],
    faults: &mut Faults,
) -> Option<Route> {
    let mut to = Vec::new();
    let mut whole = true;
    for (index, name) in route.to.iter().enumerate() {
        let Some(tier) = file.tiers.iter().position(|tier| tier.name.value == name.value) else {
            unknown(faults, "tier", name, file.tiers.iter().map(|tier| tier.name.as_str()));
            whole = false;
            continue;
        };
        if let Some(first) = route.to[..index].iter().find(|other| other.value == name.value) {
            let fault = faults.error("G0112", name.span.clone(), format!("the route leads to `{}` twice", name.value));
            fault.related.push((first.span.clone(), "the first".to_owned()));
            whole = false;
        }
        reached[tier] = true;
        to.push(TierId(u8::try_from(tier).ok()?));
    }
    if route.to.is_empty() {
        faults.error("G0121", route.span.clone(), "a route that leads nowhere").label = "`to` names no tier".to_owned();
        whole = false;
    }
    let when = when(&route.when, file, conditions, faults)?;
    whole.then_some(Route { when, to })
}

/// What other systems call the encoding that `euc-kr` reads.
const EUC_KR_NAMES: [&str; 8] =
    ["cp949", "ms949", "uhc", "windows-949", "ks_c_5601-1987", "ksc5601", "euckr", "euc_kr"];

fn charset(source: &file::Source, faults: &mut Faults) -> Option<Charset> {
    let typed = source.encoding.as_ref();
    if let Some(typed) = typed.filter(|typed| EUC_KR_NAMES.iter().any(|name| typed.value.eq_ignore_ascii_case(name))) {
        let fault = faults.error("G0101", typed.span.clone(), format!("unknown value `{}`", typed.value));
        fault.label = "did you mean `euc-kr`?".to_owned();
        fault.help = Some("`euc-kr` reads what CP949 (MS949, UHC) adds to it too".to_owned());
        return None;
    }
    let choices = [Charset::Utf8, Charset::EucKr].map(|charset| (charset.name(), charset));
    choice(typed, &choices, Charset::Utf8, faults)
}

fn time(source: &file::Source, format: Option<&Format>, faults: &mut Faults) -> Option<EventTime> {
    let typed = source.time.as_ref()?;
    if typed.value == "kafka-timestamp" {
        return Some(EventTime::KafkaTimestamp);
    }
    let pointer = exact_pointer(typed, faults)?;
    if matches!(format, Some(Format::Text)) {
        faults.error("G0135", typed.span.clone(), "a line of free text has no fields").help =
            Some("write `time = \"kafka-timestamp\"`".to_owned());
        return None;
    }
    Some(EventTime::At(pointer))
}

fn tenant(source: &file::Source, format: Option<&Format>, faults: &mut Faults) -> Option<Option<Pointer>> {
    let Some(typed) = &source.tenant else { return Some(None) };
    let pointer = exact_pointer(typed, faults)?;
    if matches!(format, Some(Format::Text)) {
        faults.error("G0135", typed.span.clone(), "a line of free text has no fields").help =
            Some("leave `tenant` out".to_owned());
        return None;
    }
    Some(Some(pointer))
}

fn format(source: &file::Source, faults: &mut Faults) -> Option<Format> {
    #[derive(Clone, Copy, PartialEq)]
    enum Name {
        Json,
        Ndjson,
        Text,
        Pattern,
    }
    let typed = source.format.as_ref()?;
    let choices = [("json", Name::Json), ("ndjson", Name::Ndjson), ("text", Name::Text), ("pattern", Name::Pattern)];
    let name = choice(Some(typed), &choices, Name::Json, faults)?;
    if name != Name::Pattern {
        for (key, value) in [("pattern", &source.pattern), ("syntax", &source.syntax), ("emit", &source.emit)] {
            if let Some(value) = value {
                let message = format!("`{key}` has no meaning for the format `{}`", typed.value);
                let fault = faults.error("G0135", value.span.clone(), message);
                fault.related.push((typed.span.clone(), "the format".to_owned()));
            }
        }
    }
    match name {
        Name::Json => Some(Format::Json),
        Name::Ndjson => Some(Format::Ndjson),
        Name::Text => {
            for at in source.items.iter().filter_map(|item| item.at.as_ref()).filter(|at| !at.value.is_empty()) {
                let fault = faults.error("G0135", at.span.clone(), "a line of free text has no fields");
                fault.related.push((typed.span.clone(), "the format".to_owned()));
                fault.help = Some("the whole line is the item `at = \"\"`".to_owned());
            }
            Some(Format::Text)
        }
        Name::Pattern => pattern(source, typed, faults),
    }
}

fn pattern(source: &file::Source, format: &Typed<String>, faults: &mut Faults) -> Option<Format> {
    type Compile = fn(&str) -> Result<Pattern, PatternFault>;
    for (key, value) in [("pattern", &source.pattern), ("syntax", &source.syntax)] {
        if value.is_none() {
            faults.error("G0005", format.span.clone(), format!("the format `pattern` needs `{key}`")).help = Some(
                "give the format string of the server, and `syntax = \"nginx\"`, `\"apache\"` or `\"regex\"`"
                    .to_owned(),
            );
        }
    }
    let choices: [(&str, Compile); 3] =
        [("nginx", Pattern::nginx), ("apache", Pattern::apache), ("regex", Pattern::regex)];
    let compile = choice(source.syntax.as_ref(), &choices, choices[0].1, faults)?;
    let emit = choice(source.emit.as_ref(), &[("json", Emit::Json), ("same", Emit::Same)], Emit::Json, faults)?;
    source.syntax.as_ref()?;
    let typed = source.pattern.as_ref()?;
    let pattern = match compile(typed.as_str()) {
        Ok(pattern) => pattern,
        Err(fault) => {
            let span = inside(typed, fault.at, faults);
            faults.error("G0130", span, one_line(&fault.message));
            return None;
        }
    };
    if let (Emit::Same, false, Some(typed)) = (emit, pattern.can_emit_same(), &source.emit) {
        faults.error("G0135", typed.span.clone(), "a regular expression cannot be written back").help =
            Some("write `emit = \"json\"`".to_owned());
        return None;
    }
    Some(Format::Pattern { pattern, emit })
}

/// A message in one line: the regex library draws its own picture between the first and the last.
fn one_line(message: &str) -> String {
    match (message.split_once('\n'), message.lines().last()) {
        (Some((first, _)), Some(last)) => {
            let first =
                first.rsplit_once(':').map_or(first, |(first, _)| first).trim_end_matches(": regex parse error");
            format!("{first}: {}", last.trim_start_matches("error: "))
        }
        _ => message.to_owned(),
    }
}

/// The place of byte `at` of a typed text: exact where the text stands in the file as it is, else the whole text.
fn inside(typed: &Typed<String>, at: usize, faults: &Faults) -> std::ops::Range<usize> {
    let raw = faults.files.first().and_then(|(_, text)| text.get(typed.span.clone()));
    let start = raw.and_then(|raw| raw.find(typed.as_str())).map(|skipped| typed.span.start + skipped + at);
    match start {
        Some(start) if start < typed.span.end => start..start + 1,
        _ => typed.span.clone(),
    }
}

/// Complains of fields that the pattern of a source does not have, and warns of those that no item names.
pub(super) fn check_fields(source: &file::Source, parts: &SourceParts, file: &File, faults: &mut Faults) {
    let Some(Format::Pattern { pattern, .. }) = &parts.format else {
        return;
    };
    let has = |pointer: &Pointer| match pointer.0.as_slice() {
        [Segment::Name(name)] => pattern.fields().contains(name),
        _ => false,
    };
    let mut named: Vec<&Typed<String>> = source.items.iter().filter_map(|item| item.at.as_ref()).collect();
    named.extend(source.time.as_ref().filter(|time| time.value != "kafka-timestamp"));
    named.extend(&source.tenant);
    let parts_of = |part: &file::When| -> Vec<file::Clause> {
        match part {
            file::When::Clause(clause) => vec![clause.clone()],
            file::When::Named(name) => file
                .conditions
                .iter()
                .find(|condition| condition.name.value == name.value)
                .map_or_else(Vec::new, |condition| condition.clauses.clone()),
        }
    };
    let routes = source.routes.iter().chain(&source.also);
    let whens = source.items.iter().map(|item| &item.when).chain(routes.map(|route| &route.when));
    let clauses: Vec<file::Clause> = whens.chain([&source.when]).flatten().flat_map(parts_of).collect();
    named.extend(clauses.iter().filter_map(|clause| clause.at.as_ref()));
    for at in named {
        let Some(pointer) = pointer(at, &mut Faults::default()) else {
            continue;
        };
        if !has(&pointer) {
            let fields = pattern.fields().iter().map(|field| &**field);
            let near = nearest(at.as_str().trim_start_matches('/'), fields.clone());
            let fault = faults.error("G0131", at.span.clone(), format!("the pattern has no field `{}`", at.value));
            fault.label = near.map_or_else(String::new, |near| format!("did you mean `/{near}`?"));
            let list: Vec<&str> = fields.collect();
            fault.help = Some(format!("it has `/{}`", list.join("`, `/")));
        }
    }
    let ruled = |field: &str| {
        let pointer = Pointer(vec![Segment::Name(field.into())]);
        parts.items.iter().any(|item| item.at.as_ref() == Some(&pointer))
    };
    let silent: Vec<&str> = pattern.fields().iter().map(|field| &**field).filter(|field| !ruled(field)).collect();
    if let (false, Some(typed)) = (silent.is_empty(), &source.pattern) {
        let message = format!("no item names the field `/{}`", silent.join("`, `/"));
        faults.warning("G0132", typed.span.clone(), message).help =
            Some("write an item for each, with `do = \"drop\"` where nothing shall leave".to_owned());
    }
}
