//! Which tiers a record goes to by which route, and why the others of its source do not take it.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::super::Policy;
use super::super::condition::written;
use super::{Leaf, failing};
use crate::engine::plan::SourcePlan;
use crate::record::TierId;
use crate::route::Clause;
use crate::route::term::{date, day_of};

/// A route that leads a record somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Led {
    /// Its line in the policy file, from 1.
    pub line: usize,
    /// Whether it leads there besides the record's first route.
    pub also: bool,
}

/// A tier to which records of the source may go, and this one does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Which.
    pub tier: TierId,
    /// Why.
    pub why: Why,
}

/// Why a tier does not take a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// No route that leads there holds; the field that the nearest one asks for, and its line.
    NoRoute {
        /// A JSON Pointer.
        condition: String,
        /// From 1.
        line: usize,
    },
    /// A route that leads there would hold, but an earlier one of the source does; its line.
    Hidden {
        /// From 1.
        line: usize,
    },
    /// What the tier or the recipient asks for does not hold.
    Condition {
        /// The field, as a JSON Pointer.
        condition: String,
    },
    /// The recipient gets the records of its own tenants, and this is another's.
    OtherTenant,
    /// The record came after its term there.
    Expired {
        /// The last day of its term.
        last: Date,
    },
    /// The record came later than the policy's `max-lateness`, and the tier takes no late ones.
    TooLate,
    /// The grant of the recipient had ended.
    GrantEnded,
    /// It would have been taken, but the record is refused as a whole.
    Refused,
}

/// When the event was and when the record came.
#[derive(Clone, Copy)]
pub(super) struct Age {
    /// The civil day of the event.
    pub(super) day: Option<Date>,
    /// The event time, in milliseconds since 1970.
    pub(super) event_ms: Option<i64>,
    /// The record's Kafka timestamp.
    pub(super) arrived_ms: Option<i64>,
}

/// Where the routes of a source lead a record.
pub(super) struct Ways<'a> {
    policy: &'a Policy,
    source: usize,
    leaves: &'a [Leaf],
    /// The first route that holds, by index.
    first: Option<usize>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(policy: &'a Policy, source: usize, leaves: &'a [Leaf]) -> Self {
        let routes = &policy.plan.sources[source].routes;
        let first = routes.iter().position(|route| failing(&route.when, leaves).is_none());
        Self { policy, source, leaves, first }
    }

    fn plan(&self) -> &'a SourcePlan {
        &self.policy.plan.sources[self.source]
    }

    /// The routes that lead the record to this tier.
    pub(super) fn led(&self, tier: TierId) -> Vec<Led> {
        let first = self.first.filter(|index| self.plan().routes[*index].to.contains(&tier));
        let mut led: Vec<Led> =
            first.map(|index| Led { line: self.line(index, false), also: false }).into_iter().collect();
        for (index, route) in self.plan().also.iter().enumerate() {
            if route.to.contains(&tier) && failing(&route.when, self.leaves).is_none() {
                led.push(Led { line: self.line(index, true), also: true });
            }
        }
        led
    }

    fn line(&self, index: usize, also: bool) -> usize {
        let source = &self.policy.file.sources[self.source];
        let routes = if also { &source.also } else { &source.routes };
        routes.get(index).map_or(0, |route| self.policy.line(route.span.start))
    }

    /// The tiers that some route of the source names and that did not take the record, with the reason.
    pub(super) fn passed(&self, taken: &[TierId], age: Age) -> Vec<Passed> {
        let routes = self.plan().routes.iter().chain(&self.plan().also);
        let mut tiers: Vec<TierId> = routes.flat_map(|route| route.to.iter().copied()).collect();
        tiers.sort_unstable();
        tiers.dedup();
        tiers.retain(|tier| !taken.contains(tier));
        tiers.into_iter().map(|tier| Passed { tier, why: self.why(tier, age) }).collect()
    }

    fn why(&self, tier: TierId, age: Age) -> Why {
        if self.led(tier).is_empty() {
            return self.astray(tier);
        }
        let index = usize::from(tier.0);
        let takes: &[Clause] = self.plan().takes.get(index).map_or(&[], Vec::as_slice);
        if let Some(clause) = failing(takes, self.leaves) {
            let own =
                self.policy.plan.keys[index].recipient.is_some() && Some(&clause.at) == self.plan().tenant.as_ref();
            return if own { Why::OtherTenant } else { Why::Condition { condition: written(&clause.at) } };
        }
        self.too_old(index, age).unwrap_or(Why::Refused)
    }

    /// Why no route leads there: the one of which most conditions hold tells.
    fn astray(&self, tier: TierId) -> Why {
        let routes = self.plan().routes.iter().enumerate().map(|(index, route)| (index, route, false));
        let also = self.plan().also.iter().enumerate().map(|(index, route)| (index, route, true));
        let holding = |when: &[Clause]| when.iter().filter(|clause| self.holds(clause)).count();
        let mut leading: Vec<_> = routes.chain(also).filter(|(_, route, _)| route.to.contains(&tier)).collect();
        // A stable order: of those of which equally many hold the first.
        leading.sort_by_key(|(_, route, _)| Reverse(holding(&route.when)));
        let nearest = leading.first().copied();
        let Some((index, route, also)) = nearest else { return Why::Refused };
        match failing(&route.when, self.leaves) {
            Some(clause) => Why::NoRoute { condition: written(&clause.at), line: self.line(index, also) },
            None => Why::Hidden { line: self.first.map_or(0, |first| self.line(first, false)) },
        }
    }

    fn holds(&self, clause: &Clause) -> bool {
        failing(std::slice::from_ref(clause), self.leaves).is_none()
    }

    fn too_old(&self, index: usize, age: Age) -> Option<Why> {
        let plan = &self.policy.plan;
        let tier = &plan.tiers[index];
        let (day, event_ms, arrived_ms) = (age.day?, age.event_ms?, age.arrived_ms?);
        if tier.until_ms.is_some_and(|until| arrived_ms > until) {
            return Some(Why::GrantEnded);
        }
        let arrived = plan.zone.to_datetime(jiff::Timestamp::from_millisecond(arrived_ms).ok()?).date();
        let last = tier.term.last_day(day_of(day)).and_then(date);
        if let Some(last) = last.filter(|last| arrived > *last) {
            return Some(Why::Expired { last });
        }
        let late = (arrived_ms - event_ms) / 1000 > plan.max_lateness_s;
        (late && !tier.late_accept).then_some(Why::TooLate)
    }
}
