//! The duties of the notice as requirements: where each is implemented and tested, or what is missing.
//!
//! The ids are those of the policy requirement's section 5. A test fails when one is missing or stands twice, or when a
//! file, a verb or a test that is named here does not exist.

mod table;

pub use table::REQUIREMENTS;

/// How far a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All of it is implemented and tested.
    Holds,
    /// Some of it is; `missing` says what is not.
    InPart,
    /// None of it is.
    NotYet,
}

impl State {
    /// As the report writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::InPart => "in part",
            Self::NotYet => "not yet",
        }
    }
}

/// One duty.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// `R-001`.
    pub id: &'static str,
    /// The duty in one line.
    pub what: &'static str,
    /// How far it is met.
    pub state: State,
    /// Where it is implemented: files of the tree, or verbs as they are typed.
    pub at: &'static [&'static str],
    /// The tests that would fail without it: file and function, `tests/it/engine.rs::unlisted_fields`.
    pub tests: &'static [&'static str],
    /// What is missing; empty where it holds.
    pub missing: &'static str,
}

const fn holds(
    id: &'static str,
    what: &'static str,
    at: &'static [&'static str],
    tests: &'static [&'static str],
) -> Requirement {
    Requirement { id, what, state: State::Holds, at, tests, missing: "" }
}

const fn in_part(
    id: &'static str,
    what: &'static str,
    at: &'static [&'static str],
    tests: &'static [&'static str],
    missing: &'static str,
) -> Requirement {
    Requirement { id, what, state: State::InPart, at, tests, missing }
}

const fn not_yet(id: &'static str, what: &'static str, missing: &'static str) -> Requirement {
    Requirement { id, what, state: State::NotYet, at: &[], tests: &[], missing }
}
