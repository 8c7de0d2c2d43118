//! From a plan to the tables that the data path reads.

use super::plan::{Action, Emit, EventTime, Format, ItemPlan, Plan, SourcePlan, Unlisted};
use super::rule::{self, Counters, NameIn, Op, Origin, Rule, Test, Treatment};
use super::scratch::RuleId;
use super::{Limits, PlanFault};
use crate::find::escape::escape;
use crate::find::json::{Guide, is_reserved};
use crate::find::path::{NodeId, Paths, Step};
use crate::kind::{Kind, KindSet};
use crate::limits::TIERS_MAX;
use crate::pseudonym::frame::{self, Tag};
use crate::route::tier::Tier;
use crate::route::{Clause, Pointer, Route, Segment, TierId};

/// Where a line of text is its own field.
static WHOLE_LINE: Pointer = Pointer::ROOT;

/// Known values of one attribute: a set of them must fit the bits of [`Test::values`].
const ATTRIBUTE_VALUES_MAX: usize = 126;

/// What the walk and the router need to know about one place of a record.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Items at this place, the most specific first.
    pub(super) items: Box<[RuleId]>,
    /// The item here, if it is the only one and has no conditions: most places are so.
    pub(super) sole: Option<RuleId>,
    /// The attribute that this place feeds.
    pub(super) attribute: Option<u16>,
    /// Whether the event time stands here.
    pub(super) time: bool,
    /// Whether the tenant stands here.
    pub(super) tenant: bool,
    /// Whether a container here is walked whole, because an item scans it.
    whole: bool,
}

/// A field that conditions ask about.
#[derive(Debug, Default)]
pub(super) struct Attribute {
    /// The texts that conditions compare with; value 2 + n is the n-th.
    pub(super) known: Vec<Box<str>>,
}

/// A route: what must hold, and where the record goes.
#[derive(Debug)]
pub(super) struct CompiledRoute {
    pub(super) when: Box<[Test]>,
    /// A bit a tier.
    pub(super) to: u64,
}

const _: () = assert!(TIERS_MAX <= 64, "a set of tiers is one word");

/// One source, compiled.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) paths: Paths,
    /// By node of `paths`.
    pub(super) places: Vec<Place>,
    pub(super) attributes: Vec<Attribute>,
    /// The rules of the items, in their order, then that of a value without item.
    pub(super) rules: Vec<Rule>,
    /// By item: what must hold for it to apply.
    pub(super) conditions: Vec<Box<[Test]>>,
    /// By tier and rule: what is done.
    pub(super) treatments: Vec<Box<[Treatment]>>,
    /// The rule of a value without item, where the policy scans those.
    pub(super) unlisted: RuleId,
    pub(super) notes_unlisted: bool,
    pub(super) belongs: Box<[Test]>,
    pub(super) routes: Vec<CompiledRoute>,
    /// What leads to more tiers than the route does.
    pub(super) also: Vec<CompiledRoute>,
    /// By tier: what must hold for a record to be taken there.
    pub(super) takes: Vec<Box<[Test]>>,
    /// By kind: what is done to a finding.
    pub(super) found: Vec<Rule>,
    pub(super) kinds: KindSet,
    pub(super) key: Option<Rule>,
    pub(super) headers: Vec<(Box<str>, Rule)>,
    /// By field of the pattern: its place.
    pub(super) fields: Vec<NodeId>,
    /// By tier: the output topic.
    pub(super) topics: Vec<Box<str>>,
    pub(super) record_tag: Tag,
}

impl Guide for Source {
    fn takes_whole(&self, place: NodeId) -> bool {
        self.places[place.index()].whole
    }

    fn notes_unlisted(&self) -> bool {
        self.notes_unlisted
    }
}

impl Source {
    /// The tiers of a record, a bit each: those of the first route that holds and of all that leads there besides.
    pub(super) fn tiers(&self, attributes: &[u8]) -> u64 {
        let holds = |route: &&CompiledRoute| rule::all_hold(&route.when, attributes);
        let first = self.routes.iter().find(holds).map_or(0, |route| route.to);
        self.also.iter().filter(holds).fold(first, |tiers, also| tiers | also.to)
    }

    /// The tiers of a record in which nothing stands, a bit each: where everything goes of which nothing is asked.
    pub(super) fn tiers_of_nothing(&self) -> u64 {
        let always = |route: &&CompiledRoute| route.when.is_empty();
        let default = self.routes.last().filter(always).map_or(0, |route| route.to);
        self.also.iter().filter(always).fold(default, |tiers, also| tiers | also.to)
    }

    /// The tiers that some route leads to, a bit each.
    pub(super) fn reached(&self) -> u64 {
        self.routes.iter().chain(&self.also).fold(0, |tiers, route| tiers | route.to)
    }
}

/// The tiers of a set, by their number.
pub(super) fn each(mut tiers: u64) -> impl Iterator<Item = TierId> {
    std::iter::from_fn(move || {
        let first = (tiers != 0).then(|| TierId(tiers.trailing_zeros() as u8));
        tiers &= tiers.wrapping_sub(1);
        first
    })
}

/// An input topic, compiled.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) source: u16,
    pub(super) topic_digest: [u8; 16],
}

/// All tables of a plan.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) sources: Vec<Source>,
    pub(super) inputs: Vec<Input>,
    pub(super) counters: Counters,
    /// By tier: whether some value is sealed in it.
    pub(super) seals: Vec<bool>,
}

/// Compiles every source of a plan.
pub(super) fn compile(plan: &Plan, limits: Limits) -> Result<Tables, PlanFault> {
    if plan.tiers.len() > TIERS_MAX {
        return Err(PlanFault(format!("{} tiers: at most {TIERS_MAX} are possible", plan.tiers.len())));
    }
    if limits.past_days > 36_525 || limits.future_days > 36_525 {
        return Err(PlanFault("`past-days` and `future-days` are at most 36525, a hundred years".into()));
    }
    check_keys(plan)?;
    let mut counters = Counters::default();
    let mut sources = Vec::new();
    let mut inputs = Vec::new();
    for (index, source) in plan.sources.iter().enumerate() {
        let index = u16::try_from(index).map_err(|_| PlanFault("more than 65,535 sources".into()))?;
        let compiled = compile_source(index, source, plan, &mut counters)
            .map_err(|fault| PlanFault(format!("source `{}`: {fault}", source.name)))?;
        sources.push(compiled);
        for topic in &source.topics {
            inputs.push(Input { source: index, topic_digest: frame::topic_digest(topic) });
        }
    }
    let seals = |tier: usize| {
        let mut items = plan.sources.iter().flat_map(|source| &source.items);
        plan.tiers[tier].body_sealed || items.any(|item| item.actions[tier].contains(&Action::Seal))
    };
    Ok(Tables { sources, inputs, counters, seals: (0..plan.tiers.len()).map(seals).collect() })
}

/// Each tier has keys, of itself or of a tier with secrets of its own, and tenants only where some source names them.
fn check_keys(plan: &Plan) -> Result<(), PlanFault> {
    if plan.keys.len() != plan.tiers.len() {
        return Err(PlanFault(format!("keys of {} tiers for {} tiers", plan.keys.len(), plan.tiers.len())));
    }
    for (index, keys) in plan.keys.iter().enumerate() {
        let own = usize::from(keys.of.0) == index;
        let of = plan.keys.get(usize::from(keys.of.0)).filter(|of| of.recipient.is_none());
        if keys.recipient.is_some() && plan.tiers[index].body_sealed {
            let name = &plan.tiers[index].name;
            return Err(PlanFault(format!("records of `{name}` are sealed, and nothing is sealed for a recipient")));
        }
        if own == keys.recipient.is_some() || of.is_none() {
            let name = &plan.tiers[index].name;
            return Err(PlanFault(format!(
                "the keys of `{name}` are of a tier that has no secrets, or of no recipient"
            )));
        }
    }
    Ok(())
}

fn compile_source(index: u16, source: &SourcePlan, plan: &Plan, counters: &mut Counters) -> Result<Source, String> {
    let tiers = &plan.tiers[..];
    let origin = |rule| Origin { source: index, source_name: &source.name, rule };
    let (mut rules, mut conditions) = (Vec::new(), Vec::new());
    let mut paths: Vec<&Pointer> = Vec::new();
    let mut fields = Fields::default();
    let lines = is_line(&source.format);
    for item in &source.items {
        let compile = if lines { rule::compile_text } else { rule::compile };
        let mut rule = compile(origin(&item.name), item.kind, &item.actions, tiers, counters)?;
        rule.names = names(item, &rule, tiers)?;
        check_seals(source, plan, &item.name, &rule)?;
        let nameless = !matches!(item.at.0.last(), Some(Segment::Name(_)));
        if nameless && rule.by_tier.iter().any(|treatment| treatment.beside) {
            return Err(format!("`{}` has no name of its own, so no place for a token beside its value", item.name));
        }
        rules.push(rule);
        conditions.push(fields.tests(&item.when)?);
        paths.push(&item.at);
    }
    if let EventTime::At(at) = &source.time
        && !paths.contains(&at)
    {
        let keep = vec![vec![Action::Keep]; tiers.len()];
        let rule = rule::compile(origin("event_time"), Kind::Time, &keep, tiers, counters)?;
        rules.push(rule);
        conditions.push(Box::default());
        paths.push(at);
    }
    let scan = vec![vec![Action::Scan]; tiers.len()];
    if matches!(source.format, Format::Text) && paths.iter().all(|at| !at.0.is_empty()) {
        let rule = rule::compile(origin("line"), Kind::Text, &scan, tiers, counters)?;
        rules.push(rule);
        conditions.push(Box::default());
        paths.push(&WHOLE_LINE);
    }
    let unlisted = RuleId(u16::try_from(rules.len()).map_err(|_| "more than 65,534 items")?);
    rules.push(rule::compile(origin("unlisted"), Kind::Text, &scan, tiers, counters)?);
    let belongs = fields.tests(&source.belongs)?;
    let routes = compile_routes(&source.routes, tiers, &mut fields)?;
    let also = compile_routes(&source.also, tiers, &mut fields)?;
    if routes.is_empty() && also.is_empty() {
        return Err("no route leads anywhere".into());
    }
    let takes = (0..tiers.len()).map(|tier| fields.tests(source.takes.get(tier).map_or(&[], Vec::as_slice)));
    let takes = takes.collect::<Result<_, _>>()?;
    let (paths, places) = compile_places(&paths, &rules, &conditions, source, &fields)?;
    let found = compile_found(source, tiers, counters, index)?;
    let key = source.key.as_ref().map(|key| rule::compile_carrier(origin("key"), key, tiers, counters)).transpose()?;
    let mut headers = Vec::new();
    for (name, header) in &source.headers {
        let rule = format!("header:{name}");
        let origin = Origin { source: index, source_name: &source.name, rule: &rule };
        headers.push((name.clone(), rule::compile_carrier(origin, header, tiers, counters)?));
    }
    let pattern_fields = match &source.format {
        Format::Pattern { pattern, .. } => {
            pattern.fields().iter().map(|field| paths.member(NodeId::ROOT, field.as_bytes())).collect()
        }
        Format::Json | Format::Ndjson | Format::Text => Vec::new(),
    };
    let compiled = Source {
        paths,
        places,
        attributes: fields.attributes,
        treatments: (0..tiers.len()).map(|tier| rules.iter().map(|rule| rule.by_tier[tier]).collect()).collect(),
        rules,
        conditions,
        unlisted,
        notes_unlisted: plan.unlisted != Unlisted::Drop,
        belongs,
        routes,
        also,
        takes,
        found,
        kinds: KindSet::ALL,
        key,
        headers,
        fields: pattern_fields,
        topics: tiers.iter().map(|tier| tier.topic.replace("{source}", &source.name).into()).collect(),
        record_tag: frame::tag(&source.name, "record"),
    };
    if lines && let Some(tier) = each(compiled.reached()).find(|tier| tiers[usize::from(tier.0)].body_sealed) {
        let name = &tiers[usize::from(tier.0)].name;
        return Err(format!("records of `{name}` are sealed, and a line has no place for an envelope"));
    }
    Ok(compiled)
}

/// Whether the treated records of a format are lines, which have no members.
const fn is_line(format: &Format) -> bool {
    match format {
        Format::Json | Format::Ndjson | Format::Pattern { emit: Emit::Json, .. } => false,
        Format::Text | Format::Pattern { emit: Emit::Same, .. } => true,
    }
}

/// The names under which an item leaves instead of its own.
fn names(item: &ItemPlan, rule: &Rule, tiers: &[Tier]) -> Result<Vec<NameIn>, String> {
    let mut names: Vec<NameIn> = Vec::new();
    for (tier, name) in &item.names {
        let op = rule.by_tier.get(usize::from(tier.0)).map(|treatment| treatment.op);
        if !matches!(op, Some(Op::Family | Op::Present)) || !matches!(item.at.0.last(), Some(Segment::Name(_))) {
            return Err(format!("`{}` leaves as a text in its own place, so under its own name", item.name));
        }
        if is_reserved(name.as_bytes()) || name.is_empty() || names.iter().any(|(of, _)| of == tier) {
            let tier = &tiers[usize::from(tier.0)].name;
            return Err(format!("`{}` cannot leave as `{name}` in `{tier}`", item.name));
        }
        let mut written = Vec::new();
        escape(name.as_bytes(), &mut written);
        names.push((*tier, written.into()));
    }
    Ok(names)
}

/// Values are sealed only where the record can carry the envelope, and never for a recipient.
fn check_seals(source: &SourcePlan, plan: &Plan, item: &str, rule: &Rule) -> Result<(), String> {
    let lines = is_line(&source.format);
    for ((treatment, keys), tier) in rule.by_tier.iter().zip(&plan.keys).zip(&plan.tiers) {
        if treatment.sealed && lines {
            return Err(format!("`{item}` is sealed, and a line has no place for an envelope"));
        }
        if treatment.sealed && keys.recipient.is_some() {
            return Err(format!("`{item}` is sealed in `{}`, and nothing is sealed for a recipient", tier.name));
        }
    }
    Ok(())
}

fn compile_routes(all: &[Route], tiers: &[Tier], fields: &mut Fields) -> Result<Vec<CompiledRoute>, String> {
    let mut routes = Vec::new();
    for route in all {
        if route.to.is_empty() || route.to.iter().any(|tier| usize::from(tier.0) >= tiers.len()) {
            return Err("a route names no tier, or one that the policy does not have".into());
        }
        let to = route.to.iter().fold(0, |to, tier| to | 1 << tier.0);
        routes.push(CompiledRoute { when: fields.tests(&route.when)?, to });
    }
    Ok(routes)
}

fn compile_places(
    items: &[&Pointer],
    rules: &[Rule],
    conditions: &[Box<[Test]>],
    source: &SourcePlan,
    fields: &Fields,
) -> Result<(Paths, Vec<Place>), String> {
    let mut pointers = items.to_vec();
    pointers.extend(&fields.pointers);
    let time = match &source.time {
        EventTime::At(at) => {
            pointers.push(at);
            Some(pointers.len() - 1)
        }
        EventTime::KafkaTimestamp => None,
    };
    let tenant = source.tenant.as_ref().map(|at| {
        pointers.push(at);
        pointers.len() - 1
    });
    let steps: Vec<Vec<Step<'_>>> = pointers.iter().map(|pointer| steps(pointer)).collect();
    let paths = Paths::compile(&steps).ok_or("the paths are too deep, or too many")?;
    let mut places = Vec::new();
    for node in paths.nodes() {
        let mut place = Place::default();
        let mut here = Vec::new();
        for path in paths.ends(node) {
            if Some(*path) == time {
                place.time = true;
            } else if Some(*path) == tenant {
                place.tenant = true;
            } else if *path >= items.len() {
                place.attribute = Some((*path - items.len()) as u16);
            } else {
                here.push(RuleId(*path as u16));
                place.whole |= rules[*path].scans;
            }
        }
        if let [item] = here[..]
            && conditions[item.index()].is_empty()
        {
            place.sole = Some(item);
        }
        place.items = here.into();
        places.push(place);
    }
    Ok((paths, places))
}

fn compile_found(
    source: &SourcePlan,
    tiers: &[Tier],
    counters: &mut Counters,
    index: u16,
) -> Result<Vec<Rule>, String> {
    let mut found = Vec::new();
    for kind in &Kind::ALL[..Kind::FOUND] {
        let name = format!("text:{}", kind.name());
        let origin = Origin { source: index, source_name: &source.name, rule: &name };
        let actions = source.found.get(*kind as usize).ok_or("findings of some kind have no action")?;
        let rule = rule::compile_text(origin, *kind, actions, tiers, counters)?;
        if rule.scans || rule.by_tier.iter().any(|treatment| treatment.beside || treatment.sealed) {
            return Err(format!("a finding of kind `{}` takes one action, neither `scan` nor `seal`", kind.name()));
        }
        found.push(rule);
    }
    Ok(found)
}

fn steps(pointer: &Pointer) -> Vec<Step<'_>> {
    fn step(segment: &Segment) -> Step<'_> {
        match segment {
            Segment::Name(name) => Some(name),
            Segment::Any => None,
        }
    }
    pointer.0.iter().map(step).collect()
}

/// The fields that conditions ask about, while a source is compiled.
#[derive(Default)]
struct Fields {
    pointers: Vec<Pointer>,
    attributes: Vec<Attribute>,
}

impl Fields {
    fn tests(&mut self, clauses: &[Clause]) -> Result<Box<[Test]>, String> {
        clauses.iter().map(|clause| self.test(clause)).collect()
    }

    fn test(&mut self, clause: &Clause) -> Result<Test, String> {
        let known = self.pointers.iter().position(|pointer| *pointer == clause.at);
        let index = known.unwrap_or_else(|| {
            self.pointers.push(clause.at.clone());
            self.attributes.push(Attribute::default());
            self.pointers.len() - 1
        });
        let attribute = u16::try_from(index).map_err(|_| "more than 65,535 fields in conditions")?;
        let values = match &clause.test {
            crate::route::Test::Present(true) => !1,
            crate::route::Test::Present(false) => 1,
            crate::route::Test::In(texts) => self.values(index, texts)?,
            crate::route::Test::NotIn(texts) => !self.values(index, texts)?,
        };
        Ok(Test { attribute, values })
    }

    fn values(&mut self, attribute: usize, texts: &[Box<str>]) -> Result<u128, String> {
        let mut values = 0;
        for text in texts {
            values |= 1 << (2 + self.attributes[attribute].value(text)?);
        }
        Ok(values)
    }
}

impl Attribute {
    fn value(&mut self, text: &str) -> Result<usize, String> {
        if let Some(known) = self.known.iter().position(|known| **known == *text) {
            return Ok(known);
        }
        if self.known.len() == ATTRIBUTE_VALUES_MAX {
            return Err(format!("conditions compare one field with more than {ATTRIBUTE_VALUES_MAX} values"));
        }
        self.known.push(text.into());
        Ok(self.known.len() - 1)
    }
}
