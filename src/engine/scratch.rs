//! The working memory of one thread, reused from record to record and batch to batch.

use super::charset::Recoded;
use super::day::Days;
use super::seal::Seals;
use crate::find::Finding;
use crate::find::json::Walk;
use crate::find::pattern::PatternScratch;
use crate::find::scan::Marks;
use crate::find::text::TextScratch;
use crate::mask::generalize::AgentCache;
use crate::record::Span;
use crate::route::TierId;

/// The working memory of one thread. Owned by a lane; grows to its high-water mark and stays there.
///
/// It serves any engine and any keys. Derived keys are kept from batch to batch; the first batch of another engine or
/// another ring wipes them.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) marks: Marks,
    pub(super) walk: Walk,
    pub(super) fields: Vec<Option<Span>>,
    /// One for each pattern source of the engine.
    pub(super) patterns: Vec<PatternScratch>,
    /// By attribute of the source: the value's number, as `Test::values` counts.
    pub(super) attributes: Vec<u8>,
    /// By node of the walk, or by field of the pattern.
    pub(super) resolved: Vec<Resolved>,
    /// The rules of the open containers that are taken whole.
    pub(super) enclosing: Vec<(RuleId, usize)>,
    /// The containers that are open in the output.
    pub(super) open: Vec<super::object::Open>,
    pub(super) findings: Vec<Finding>,
    pub(super) days: Days,
    /// The tiers that the record goes to, and the keys there.
    pub(super) targets: Vec<(TierId, usize)>,
    /// The record's tenant in its canonical text; empty where there is none.
    pub(super) tenant: String,
    /// Counters to be raised once the record is through.
    pub(super) counted: Vec<u32>,
    /// The values of the batch that are to be sealed.
    pub(super) seals: Seals,
    pub(super) words: Words,
    /// The payload in UTF-8, where its source has another encoding.
    pub(super) recoded: Recoded,
}

impl Scratch {
    /// Empty working memory.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Buffers for values on their way from one form to another.
#[derive(Default)]
pub(super) struct Words {
    pub(super) text: TextScratch,
    pub(super) agents: AgentCache,
    /// A value without its escapes.
    pub(super) plain: Vec<u8>,
    /// A value in canonical form, or made coarser.
    pub(super) formed: Vec<u8>,
    /// The same as it is written where it was found.
    pub(super) place: Vec<u8>,
    /// The names of an object's members, in `plain`.
    pub(super) names: Vec<Span>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({} and {} bytes)", self.plain.len(), self.formed.len())
    }
}

/// Which rule a value has: an index into the source's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RuleId(pub(super) u16);

impl RuleId {
    /// None: the value does not leave.
    pub(super) const NONE: Self = Self(u16::MAX);

    /// The rule as an index; of no rule, one that no table has.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What was decided about a value, for all tiers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolved {
    pub(super) rule: RuleId,
    /// Findings in the value: a range of `Scratch::findings`.
    pub(super) findings: (u32, u32),
    /// Findings in the member's name.
    pub(super) name_findings: (u32, u32),
    /// Of an opening node: the index of its end.
    pub(super) close: u32,
}

impl Resolved {
    pub(super) const NOTHING: Self = Self { rule: RuleId::NONE, findings: (0, 0), name_findings: (0, 0), close: 0 };
}
