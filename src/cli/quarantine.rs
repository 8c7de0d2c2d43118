//! `garim quarantine`: what was refused, and how it is sent through the engine again.

mod ls;
mod replay;
mod request;

use clap::Subcommand;

use super::{Exit, Failure, Shared};
use crate::engine::Engine;
use crate::kafka::log::LogReader;
use crate::service::settings::{self, Settings};

/// Arguments of `quarantine`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Count what was refused, by reason; opens nothing
    Ls(ls::Args),
    /// Write a request to replay refused records, for two people to sign
    Request(request::Args),
    /// Open refused records and send them through the engine again, as two people asked
    Replay(replay::Args),
}

/// Lists, requests or replays.
///
/// # Errors
/// [`Exit::Unavailable`] for brokers and topics, [`Exit::Config`] for faulty files, [`Exit::No`] for a request that is
/// refused, [`Exit::Keys`] for keys and identities.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Ls(args) => ls::run(args, shared),
        Verb::Request(args) => request::run(args, shared),
        Verb::Replay(args) => replay::run(args, shared),
    }
}

/// The settings, and the policy that they or the flags name.
fn engine(shared: &Shared) -> Result<(Settings, Engine), Failure> {
    let settings = settings::load(&shared.config()?, &[])?;
    let plan = crate::policy::load(&shared.policy_of(&settings)?)?.plan;
    let engine = Engine::new(plan, settings.limits).map_err(|fault| Failure::new(Exit::Config, fault))?;
    Ok((settings, engine))
}

/// The quarantine topics of a policy, each once, in file order.
fn topics_of(engine: &Engine) -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    for source in engine.sources() {
        if !topics.iter().any(|known| *known == *source.quarantine) {
            topics.push(source.quarantine.to_string());
        }
    }
    topics
}

/// The settings and the topics: those that are named, else all of the policy.
fn chosen(named: &[String], shared: &Shared) -> Result<(Settings, Vec<String>), Failure> {
    if named.is_empty() {
        let (settings, engine) = engine(shared)?;
        return Ok((settings, topics_of(&engine)));
    }
    Ok((settings::load(&shared.config()?, &[])?, named.to_vec()))
}

/// A reader of these settings' brokers.
fn reader(settings: &Settings) -> Result<LogReader, Failure> {
    LogReader::new(&settings.kafka, "quarantine").map_err(super::topics::unavailable)
}

/// A time as people and programs read it.
fn instant(ms: Option<i64>) -> Option<String> {
    ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map(|instant| instant.to_string())
}
