//! A policy compiled once and applied to batches; a built [`Engine`] cannot fail.

pub mod outcome;
pub mod plan;

use crate::pseudonym::epoch::KeyRing;
use crate::record::{InputId, Record};
use crate::route::TierId;
use crate::route::tier::Tier;
use outcome::{KeyMissing, Treated};
use plan::{Plan, SourcePlan};

/// Bounds on event times that operators set (`[limits]` of `garim.toml`), counted from the input's Kafka timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Days of the past in which keys must exist; an older event is refused.
    pub past_days: u32,
    /// Days of the future likewise.
    pub future_days: u32,
}

/// A plan that cannot be compiled; `policy` reports these with their place in the file before they come here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanFault(pub String);

/// A compiled policy. Immutable, shared by all lanes.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    limits: Limits,
    /// Input topics: name and index of the source.
    inputs: Vec<(Box<str>, u16)>,
}

/// The working memory of one thread. Owned by a lane; grows to its high-water mark and stays there.
#[derive(Debug, Default)]
pub struct Scratch {}

impl Scratch {
    /// Empty working memory.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Engine {
    /// Compiles a plan.
    ///
    /// # Errors
    /// When the plan names a tier that it does not have, has no route without conditions, or two rules for one place.
    pub fn new(plan: Plan, limits: Limits) -> Result<Self, PlanFault> {
        let mut inputs = Vec::new();
        for (index, source) in plan.sources.iter().enumerate() {
            for topic in &source.topics {
                inputs.push((topic.clone(), index as u16));
            }
        }
        Ok(Self { plan, limits, inputs })
    }

    /// The input topics: name and index of the source; `InputId` counts from 0.
    pub fn inputs(&self) -> &[(Box<str>, u16)] {
        &self.inputs
    }

    /// The input of this topic name.
    pub fn input(&self, topic: &str) -> Option<InputId> {
        self.inputs.iter().position(|(name, _)| &**name == topic).map(|index| InputId(index as u16))
    }

    /// The sources, in file order.
    pub fn sources(&self) -> &[SourcePlan] {
        &self.plan.sources
    }

    /// The tiers, in file order.
    pub fn tiers(&self) -> &[Tier] {
        &self.plan.tiers
    }

    /// The output topic of a source in a tier.
    pub fn topic(&self, source: u16, tier: TierId) -> &str {
        let _ = (source, tier);
        ""
    }

    /// The tiers that some route of this source names.
    pub fn tiers_of(&self, source: u16) -> Vec<TierId> {
        let _ = source;
        Vec::new()
    }

    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// BLAKE3 of the policy file.
    pub fn digest(&self) -> &[u8; 32] {
        &self.plan.digest
    }

    /// The limits it was built with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The plan it was built from.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Treats a batch: every record becomes outputs or a refusal, in input order.
    ///
    /// `out` is cleared first. A panic while a record is treated becomes the refusal `fault` of that record.
    ///
    /// # Errors
    /// [`KeyMissing`] when a key that should exist was never made; `out` is then empty.
    pub fn treat(
        &self,
        scratch: &mut Scratch,
        keys: &KeyRing,
        records: &[Record<'_>],
        out: &mut Treated,
    ) -> Result<(), KeyMissing> {
        let _ = (scratch, keys, records);
        out.clear();
        Ok(())
    }
}
