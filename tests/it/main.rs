//! All tests that need no broker; the list of modules only.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, tells what it saw, and runs programs with clocks and environments"
)]

mod cli;
mod deploy;
mod detection;
mod detection_oracle;
mod engine;
mod flow;
mod keys;
mod masking;
mod oracle;
mod policy;
mod properties;
mod settings;
mod simulation;
mod synthetic;
mod tidy;
