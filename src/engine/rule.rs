//! A policy item, compiled: what is tested, and what is done to its value in each tier.

use super::plan::{Action, Actions, CarrierPlan};
use crate::kind::Kind;
use crate::mask::MaskShape;
use crate::mask::generalize::Generalize;
use crate::pseudonym::frame::{self, Tag};
use crate::record::TierId;
use crate::record::time::TimePrecision;
use crate::route::tier::Tier;

/// What is written for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// Nothing.
    Drop,
    /// The value as it came.
    Keep,
    /// A time, cut.
    Time(TimePrecision),
    /// The text with its findings treated.
    Scan,
    /// A mask.
    Mask(MaskShape),
    /// The token.
    Token,
    /// The first characters.
    Truncate(u16),
    /// A coarser form.
    Generalize(Generalize),
    /// The family of an address, a number.
    Family,
    /// `true`.
    Present,
    /// Of a container, what is inside of it; of a single value, nothing.
    Parts,
}

/// How much a value costs, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Road {
    /// It is left out.
    Dropped,
    /// It is copied as it is, with nothing beside it.
    Kept,
    /// It is treated.
    Treated,
    /// It is sealed, or leaves as something else than a text in its own place.
    Apart,
}

/// What is done to a value in one tier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Treatment {
    pub(super) op: Op,
    /// What the writer needs to know of `op` for most values, as one byte.
    pub(super) road: Road,
    /// Whether the token stands beside, in `<field>_token`.
    pub(super) beside: bool,
    /// Whether the original goes into the record's envelope; with [`Op::Drop`], the value itself does not leave.
    pub(super) sealed: bool,
    /// Index in `Engine::rules`.
    pub(super) counter: u32,
}

/// A tier, and how a member is called in it.
pub(super) type NameIn = (TierId, Box<[u8]>);

/// What a value is, and its treatment by tier.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    pub(super) tag: Tag,
    pub(super) by_tier: Box<[Treatment]>,
    /// Whether some tier scans the value.
    pub(super) scans: bool,
    /// Whether some tier takes only its parts.
    pub(super) parts: bool,
    /// The names under which it leaves instead of its own, as they stand inside of JSON strings.
    pub(super) names: Vec<NameIn>,
}

impl Rule {
    /// The name under which the value leaves in a tier, if not its own.
    pub(super) fn name_in(&self, tier: TierId) -> Option<&[u8]> {
        self.names.iter().find(|(of, _)| *of == tier).map(|(_, name)| &**name)
    }

    /// Whether some tier takes the value in a way that only a member of a JSON object can be taken.
    fn needs_member(&self) -> bool {
        self.by_tier.iter().any(|treatment| matches!(treatment.op, Op::Family | Op::Present | Op::Parts))
    }
}

/// A compiled clause: the attribute's value must be one of a set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test {
    pub(super) attribute: u16,
    /// Bit 0: absent; bit 1: present, none of the known values; bit 2 + n: the known value n.
    pub(super) values: u128,
}

/// Whether all tests hold; `attributes` has a number a value as in [`Test::values`].
#[inline]
pub(super) fn all_hold(tests: &[Test], attributes: &[u8]) -> bool {
    tests.iter().all(|test| test.values >> attributes[usize::from(test.attribute)] & 1 != 0)
}

/// What a counter counts: a rule and an action, as `fields_treated_total` labels them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleName {
    /// Index of the source.
    pub source: u16,
    /// The item, or `key`, `header:<name>`, `text:<kind>` for a finding.
    pub rule: Box<str>,
    /// The action.
    pub action: &'static str,
}

/// The list of counters while a plan is compiled.
#[derive(Debug, Default)]
pub(super) struct Counters(pub(super) Vec<RuleName>);

impl Counters {
    fn of(&mut self, source: u16, rule: &str, action: &'static str) -> u32 {
        let known =
            self.0.iter().rposition(|name| name.source == source && *name.rule == *rule && name.action == action);
        let index = known.unwrap_or_else(|| {
            self.0.push(RuleName { source, rule: rule.into(), action });
            self.0.len() - 1
        });
        index as u32
    }
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) source: u16,
    pub(super) source_name: &'a str,
    pub(super) rule: &'a str,
}

/// Compiles the actions of a value, by tier.
///
/// # Errors
/// A number of tiers that is not the policy's; two actions that both write the value.
pub(super) fn compile(
    origin: Origin<'_>,
    kind: Kind,
    actions: &[Actions],
    tiers: &[Tier],
    counters: &mut Counters,
) -> Result<Rule, String> {
    if actions.len() != tiers.len() {
        return Err(format!("`{}` states actions for {} of {} tiers", origin.rule, actions.len(), tiers.len()));
    }
    let mut by_tier = Vec::with_capacity(tiers.len());
    for (actions, tier) in actions.iter().zip(tiers) {
        by_tier.push(treatment(origin, kind, actions, tier, counters)?);
    }
    let scans = by_tier.iter().any(|treatment| treatment.op == Op::Scan);
    let parts = by_tier.iter().any(|treatment| treatment.op == Op::Parts);
    let tag = frame::tag(origin.source_name, kind.name());
    Ok(Rule { kind, tag, by_tier: by_tier.into(), scans, parts, names: Vec::new() })
}

/// Compiles the rule of what is no member of a JSON object: a line, or a finding in text.
///
/// # Errors
/// As [`compile`]; an action that needs a member.
pub(super) fn compile_text(
    origin: Origin<'_>,
    kind: Kind,
    actions: &[Actions],
    tiers: &[Tier],
    counters: &mut Counters,
) -> Result<Rule, String> {
    let rule = compile(origin, kind, actions, tiers, counters)?;
    if rule.needs_member() {
        return Err(format!("`{}` is no member of a JSON object", origin.rule));
    }
    Ok(rule)
}

/// Compiles the rule of a key or header, which has no place for a token beside its value.
///
/// # Errors
/// As [`compile`]; two actions.
pub(super) fn compile_carrier(
    origin: Origin<'_>,
    carrier: &CarrierPlan,
    tiers: &[Tier],
    counters: &mut Counters,
) -> Result<Rule, String> {
    let rule = compile_text(origin, carrier.kind, &carrier.actions, tiers, counters)?;
    if rule.by_tier.iter().any(|treatment| treatment.beside) {
        return Err(format!("`{}` has two actions: a key or header takes one", origin.rule));
    }
    if rule.by_tier.iter().any(|treatment| treatment.sealed) {
        return Err(format!("`{}` is sealed, and a key or header has no envelope", origin.rule));
    }
    Ok(rule)
}

fn treatment(
    origin: Origin<'_>,
    kind: Kind,
    actions: &Actions,
    tier: &Tier,
    counters: &mut Counters,
) -> Result<Treatment, String> {
    let count = |wanted: Action| actions.iter().filter(|action| **action == wanted).count();
    let (tokens, seals) = (count(Action::Pseudonymize), count(Action::Seal));
    let mut writing = actions.iter().filter(|action| !matches!(action, Action::Pseudonymize | Action::Seal));
    let (first, second) = (writing.next(), writing.next());
    if second.is_some() || tokens > 1 || seals > 1 {
        return Err(format!("`{}` has two actions that write its value", origin.rule));
    }
    let (op, beside, sealed) = match first {
        None if tokens == 1 => (Op::Token, false, seals == 1),
        None => (Op::Drop, false, seals == 1),
        Some(action) => (op(*action, kind, tier), tokens == 1, seals == 1),
    };
    if op == Op::Drop && first.is_some() && (beside || sealed) {
        return Err(format!("`{}` is dropped and pseudonymized or sealed at once", origin.rule));
    }
    if matches!(op, Op::Family | Op::Present | Op::Parts) && beside || op == Op::Parts && sealed {
        return Err(format!("`{}` has an action beside one that stands alone", origin.rule));
    }
    let road = match op {
        Op::Drop | Op::Parts if !sealed => Road::Dropped,
        Op::Keep if !beside && !sealed => Road::Kept,
        Op::Family | Op::Present => Road::Apart,
        _ if sealed => Road::Apart,
        _ => Road::Treated,
    };
    let counter = counters.of(origin.source, origin.rule, name(op, beside, sealed));
    Ok(Treatment { op, road, beside, sealed, counter })
}

/// What the counters call a treatment.
const fn name(op: Op, beside: bool, sealed: bool) -> &'static str {
    let names: [&str; 4] = match op {
        Op::Drop => ["drop", "seal", "drop", "seal"],
        Op::Token => ["pseudonymize", "pseudonymize+seal", "pseudonymize", "pseudonymize+seal"],
        Op::Keep | Op::Time(_) => ["keep", "keep+seal", "keep+pseudonymize", "keep+pseudonymize+seal"],
        Op::Scan => ["scan", "scan+seal", "scan+pseudonymize", "scan+pseudonymize+seal"],
        Op::Mask(_) => ["mask", "mask+seal", "mask+pseudonymize", "mask+pseudonymize+seal"],
        Op::Truncate(_) => ["truncate", "truncate+seal", "truncate+pseudonymize", "truncate+pseudonymize+seal"],
        Op::Present => ["present", "present+seal", "present", "present+seal"],
        Op::Parts => ["parts"; 4],
        Op::Generalize(_) | Op::Family => {
            ["generalize", "generalize+seal", "generalize+pseudonymize", "generalize+pseudonymize+seal"]
        }
    };
    names[beside as usize * 2 + sealed as usize]
}

fn op(action: Action, kind: Kind, tier: &Tier) -> Op {
    match action {
        Action::Keep if kind == Kind::Time => Op::Time(tier.time),
        Action::Keep => Op::Keep,
        Action::Drop => Op::Drop,
        Action::Mask(shape) => Op::Mask(shape),
        Action::Pseudonymize => Op::Token,
        Action::Truncate(characters) => Op::Truncate(characters),
        Action::Generalize(Generalize::Second) => Op::Time(tier.time.max(TimePrecision::Second)),
        Action::Generalize(Generalize::Minute) => Op::Time(tier.time.max(TimePrecision::Minute)),
        Action::Generalize(Generalize::Hour) => Op::Time(tier.time.max(TimePrecision::Hour)),
        Action::Generalize(Generalize::Day) => Op::Time(tier.time.max(TimePrecision::Day)),
        Action::Generalize(Generalize::Family) => Op::Family,
        Action::Generalize(how) => Op::Generalize(how),
        Action::Scan => Op::Scan,
        Action::Present => Op::Present,
        Action::Parts => Op::Parts,
        Action::Seal => Op::Drop,
    }
}
