//! What the operator decides about a lane.

/// What outputs and offsets are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// One transaction for outputs, notices and offsets.
    ExactlyOnce,
    /// An idempotent producer; offsets are committed after all outputs are delivered, so a crash repeats some.
    AtLeastOnce,
}

/// What happens when a committed offset no longer exists on the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostInput {
    /// The lane stops.
    Stop,
    /// It goes on at the earliest record that there is; counted and logged.
    Continue,
}

/// What the operator decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// What outputs and offsets are bound to.
    pub delivery: Delivery,
    /// What happens when a committed offset no longer exists.
    pub lost_input: LostInput,
    /// Age in milliseconds at which a window commits.
    pub commit_ms: u64,
    /// Input records, or outputs, at which a window commits.
    pub commit_records: u64,
    /// Output bytes at which a window commits.
    pub commit_bytes: u64,
    /// Records over which `refused_max` is counted.
    pub refused_window: u64,
    /// Refused records among them above which the lane stops; `refused_window` or more means never.
    pub refused_max: u64,
}
