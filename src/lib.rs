//! garim: treats service activity logs by a policy and routes them to retention tiers.

pub mod cli;
pub mod diagnostic;
pub mod engine;
pub mod find;
pub mod flow;
pub mod kafka;
pub mod kind;
pub mod limits;
pub mod mask;
pub mod policy;
pub mod pseudonym;
pub mod record;
pub mod route;
pub mod secret;
pub mod service;
pub mod telemetry;
