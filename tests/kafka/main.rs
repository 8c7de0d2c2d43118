//! Tests on a real Apache Kafka; started by `tests/run`, which fetches it. The list of modules only.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, tells what it saw, and runs programs with clocks and environments"
)]

mod access_log;
mod admin;
mod audit;
mod awaiting;
#[path = "../checker/mod.rs"]
mod checker;
mod class_table;
mod client;
mod cluster;
mod exactly_once;
mod keys;
mod opening;
mod people;
mod process;
mod quarantine;
mod reading;
mod refusals;
mod secrecy;
mod stopping;
mod topics;
mod writing;
