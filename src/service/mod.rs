//! Lanes: the next event for `flow`, and its commands carried out with `engine` and `kafka`.
#![expect(clippy::disallowed_methods, reason = "the rim: lanes have a clock, settings an environment")]

pub mod settings;
