//! A retention class: its topic, its term, the precision of its times.

use super::term::Term;
use crate::record::time::TimePrecision;

/// One tier of the policy.
#[derive(Debug, Clone)]
pub struct Tier {
    /// Its name in the policy, `login-3m`.
    pub name: Box<str>,
    /// What the published notice calls it.
    pub label: Box<str>,
    /// The topic with `{source}` still in it.
    pub topic: Box<str>,
    /// When its records end.
    pub term: Term,
    /// Must not be destroyed before its end either.
    pub legal_minimum: bool,
    /// Takes records later than the policy's `max-lateness` (`late = "accept"`).
    pub late_accept: bool,
    /// Precision of the times kept here.
    pub time: TimePrecision,
    /// Whether the `garim` string carries the record's id, or only the policy's digest.
    pub record_id: bool,
    /// Whether its outputs are sorted by record id inside of each treated batch, and spread over the partitions by it.
    ///
    /// Two tiers that keep the order of their input can be joined line by line, whatever their tokens say: the third
    /// login here is the third login there. Ids of two tiers come of two keys, so their orders have nothing in common.
    /// A batch of few records gives little cover, and no order is promised in such a tier.
    pub spread: bool,
    /// Whether a record leaves whole inside of its envelope (`body = "sealed"`): beside `sealed` stands only `garim`.
    pub body_sealed: bool,
    /// The Kafka timestamp after which no record is taken, in milliseconds since 1970: the end of a grant.
    pub until_ms: Option<i64>,
}
