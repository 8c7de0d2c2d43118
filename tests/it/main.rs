//! All tests that need no broker; the list of modules only.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, tells what it saw, and runs programs with clocks and environments"
)]

mod allocation;
mod audit;
mod calendar;
mod categories;
#[path = "../checker/mod.rs"]
mod checker;
mod class_table;
mod cli;
mod coverage;
mod custody;
mod demo;
mod deploy;
mod detection;
mod engine;
mod explain;
mod flow;
mod fuzz;
mod inventory;
mod keys;
mod lookup;
mod masking;
mod metrics;
mod mortality;
mod notice;
mod notice_recipients;
mod open;
mod operations;
mod oracle;
mod policy;
mod policy_diff;
mod properties;
mod quarantine;
mod readme;
mod recipient_holds;
mod recipients;
mod reference;
mod scan;
mod seal;
mod secrecy;
mod settings;
mod simulation;
mod synthetic;
mod tidy;
mod tokens;
mod trace;

/// The system's allocator with a count; only `allocation.rs` reads it, in a process of its own.
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;
