//! Retention: from which day until which day.

/// When the records of a tier end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Calendar days after the day of the event, the first not counted.
    Days(u32),
    /// Calendar months; month ends clamp.
    Months(u32),
    /// Calendar years.
    Years(u32),
    /// Until one of these events of the subject; no day can be computed from the record alone.
    Until(Vec<Box<str>>),
}
