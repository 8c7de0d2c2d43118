//! Which fields records have, and which of them the policy rules: counts and places, no value.
//!
//! A member's name can be data too (a map by user). So the places of items are told as the policy writes them, with `*`
//! where it has one; of an unlisted place a name is told only if it looks like a name of a program and nothing is found
//! in it, and an object with many names is told as one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::Policy;
use super::condition::{exact_pointer, written};
use super::explain::{Leaf, failing, leaves, ruling};
use crate::diagnostic::Faults;
use crate::engine::plan::{EventTime, Format, SourcePlan};
use crate::find::sweep::HIDDEN;
use crate::find::text::{Encoding, Query, TextScratch, find};
use crate::kind::KindSet;
use crate::limits::{COVERAGE_NAMES_MAX, COVERAGE_PLACES_MAX};
use crate::route::{Clause, Pointer, Segment};

/// Counts over the records of one source.
pub struct Coverage<'a> {
    policy: &'a Policy,
    source: usize,
    /// Fields that decide about a record, and need no item.
    read: BTreeSet<Pointer>,
    /// Where a record says its category: an item of another category does not name a field of this one.
    category: Option<Pointer>,
    report: Report,
    scratch: TextScratch,
}

/// What was counted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Records, or lines of records, that were looked at.
    pub records: u64,
    /// Those of them that could not be read.
    pub unreadable: u64,
    /// Those of them that are not the source's own, by its `when`.
    pub foreign: u64,
    /// By item of the source: how many values it ruled.
    pub ruled: Vec<u64>,
    /// By item: values at its place that no item took, because its condition (not that on the category) did not hold.
    pub conditional: Vec<u64>,
    /// Fields that conditions, routes and the event time read, and that have no item: they do not leave.
    pub read: BTreeMap<String, u64>,
    /// Fields that no item names.
    pub unlisted: BTreeMap<String, u64>,
    /// Values of unlisted fields whose places were too many to be told.
    pub beyond: u64,
}

impl Report {
    /// Values that the policy does not name.
    pub fn unlisted_count(&self) -> u64 {
        self.unlisted.values().sum::<u64>() + self.beyond
    }
}

impl std::fmt::Debug for Coverage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Coverage({} records)", self.report.records)
    }
}

impl<'a> Coverage<'a> {
    /// Begins to count over records of the source at `source`.
    pub fn new(policy: &'a Policy, source: usize) -> Self {
        let plan = &policy.plan.sources[source];
        let report =
            Report { ruled: vec![0; plan.items.len()], conditional: vec![0; plan.items.len()], ..Report::default() };
        let category = policy.file.layout.as_ref().and_then(|layout| layout.category.as_ref());
        let category = category.and_then(|typed| exact_pointer(typed, &mut Faults::default()));
        Self { policy, source, read: read_by(plan), category, report, scratch: TextScratch::default() }
    }

    /// Counts one payload: one record, or a record a line where the source is `ndjson`.
    pub fn add(&mut self, payload: &[u8]) {
        match self.policy.plan.sources[self.source].format {
            Format::Ndjson => {
                for line in payload.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
                    self.record(line);
                }
            }
            Format::Json | Format::Text | Format::Pattern { .. } => self.record(payload),
        }
    }

    /// Counts a record that was longer than any that can be read.
    pub fn add_unreadable(&mut self) {
        self.report.records += 1;
        self.report.unreadable += 1;
    }

    fn record(&mut self, value: &[u8]) {
        let plan = &self.policy.plan.sources[self.source];
        self.report.records += 1;
        let leaves = leaves(plan, &plan.charset.decode(value));
        if leaves.is_empty() {
            self.report.unreadable += 1;
        } else if failing(&plan.belongs, &leaves).is_some() {
            self.report.foreign += 1;
        } else {
            leaves.iter().for_each(|leaf| self.leaf(plan, leaf, &leaves));
        }
    }

    fn leaf(&mut self, plan: &SourcePlan, leaf: &Leaf, leaves: &[Leaf]) {
        let mut missed = None;
        let category = self.category.as_ref();
        let mut miss = |item, clause: &Clause| {
            if Some(&clause.at) != category {
                missed = missed.or(Some(item));
            }
        };
        if let Some(item) = ruling(plan, &leaf.at.0, leaves, &mut miss) {
            self.report.ruled[item] += 1;
        } else if self.read.contains(&leaf.at) {
            *self.report.read.entry(written(&leaf.at)).or_default() += 1;
        } else if let Some(item) = missed {
            self.report.conditional[item] += 1;
        } else {
            let place = self.place(plan, &leaf.at.0);
            let known = self.report.unlisted.len();
            match self.report.unlisted.get_mut(&place) {
                Some(count) => *count += 1,
                None if known < COVERAGE_PLACES_MAX => _ = self.report.unlisted.insert(place, 1),
                None => self.report.beyond += 1,
            }
        }
    }

    /// The place of an unlisted field, without what may be data.
    fn place(&mut self, plan: &SourcePlan, at: &[Segment]) -> String {
        let mut steps = Vec::new();
        for (depth, segment) in at.iter().enumerate() {
            let Segment::Name(name) = segment else { continue };
            let any = plan.items.iter().any(|item| {
                let steps = &item.at.0;
                steps.get(depth) == Some(&Segment::Any)
                    && steps[..depth].iter().zip(at).all(|(own, step)| *own == Segment::Any || own == step)
            });
            let index = (1..=6).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
            steps.push(match (any || index, is_plain(name, &mut self.scratch)) {
                (true, _) => "*",
                (false, true) => name,
                (false, false) => HIDDEN,
            });
        }
        format!("/{}", steps.join("/"))
    }

    /// What was counted so far.
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        report.unlisted = maps_as_one(report.unlisted);
        report
    }
}

/// Whether a name looks like one that a programmer gave: letters, few digits, and nothing that is found in text.
pub(super) fn is_plain(name: &str, scratch: &mut TextScratch) -> bool {
    let signs = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if !signs || digits > 4 || name.len() > 64 || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return false;
    }
    let mut found = Vec::new();
    let query = Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: b"" };
    find(query, name.as_bytes(), scratch, &mut found);
    found.is_empty()
}

/// The fields that decide about a record: its time, its tenant, and what conditions ask about.
fn read_by(plan: &SourcePlan) -> BTreeSet<Pointer> {
    let routes = plan.routes.iter().chain(&plan.also).map(|route| &route.when);
    let items = plan.items.iter().map(|item| &item.when);
    let clauses = routes.chain(items).chain(&plan.takes).chain([&plan.belongs]).flatten();
    let mut read: BTreeSet<Pointer> = clauses.map(|clause| clause.at.clone()).collect();
    read.extend(plan.tenant.clone());
    if let EventTime::At(at) = &plan.time {
        read.insert(at.clone());
    }
    read
}

/// The places with the names of every object that has too many of them told as one.
pub(super) fn maps_as_one<T: Default + AddAssign>(mut places: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let depth_max = places.keys().map(|place| place.matches('/').count()).max().unwrap_or(0);
    for depth in 0..depth_max {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let split = |place: &str| {
            let steps: Vec<&str> = place.split('/').skip(1).collect();
            let name = steps.get(depth)?;
            Some((steps[..depth].join("/"), (*name).to_owned()))
        };
        for (above, name) in places.keys().filter_map(|place| split(place)) {
            names.entry(above).or_default().insert(name);
        }
        let mut merged = BTreeMap::new();
        for (place, count) in places {
            let is_map = |above: &String| names.get(above).is_some_and(|names| names.len() > COVERAGE_NAMES_MAX);
            let place = match split(&place) {
                Some((above, _)) if is_map(&above) => {
                    let mut steps: Vec<&str> = place.split('/').collect();
                    steps[depth + 1] = HIDDEN;
                    steps.join("/")
                }
                _ => place,
            };
            *merged.entry(place).or_default() += count;
        }
        places = merged;
    }
    places
}
