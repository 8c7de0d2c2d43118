//! Attributes of a record to the tiers it goes to.

pub mod calendar;
pub mod stay;
pub mod term;
pub mod tier;

pub use crate::record::TierId;

/// A JSON Pointer of the policy, split at its slashes; `*` stands for any array index or map key.
///
/// `/items/login_id` is two names; the empty pointer is the whole record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pointer(pub Vec<Segment>);

impl Pointer {
    /// The whole record.
    pub const ROOT: Self = Self(Vec::new());
}

/// One step of a [`Pointer`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A member of this name.
    Name(Box<str>),
    /// Any member or element.
    Any,
}

/// A test on one field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The field; without `*`.
    pub at: Pointer,
    /// What must hold.
    pub test: Test,
}

/// What a [`Clause`] asks of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// The scalar's text is one of these (strings without quotes; `true`, `12` as written).
    In(Vec<Box<str>>),
    /// It is none of these; or the field is not there, or null.
    NotIn(Vec<Box<str>>),
    /// The field stands in the record (and is not null), or does not.
    Present(bool),
}

/// The tiers of the records that meet all clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// All must hold.
    pub when: Vec<Clause>,
    /// The targets, at least one; their order says nothing.
    pub to: Vec<TierId>,
}
