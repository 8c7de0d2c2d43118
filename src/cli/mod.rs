//! The list of verbs.
