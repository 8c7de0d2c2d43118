//! `garim run`: treats what comes in on Kafka until it is stopped.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Exit, Failure, LogFormat, Shared};
use crate::engine::Engine;
use crate::limits::LOG_CALL_MS;
use crate::service::audit::following::Following;
use crate::service::expiry::Expiry;
use crate::service::keeper::{self, Held, Keeper};
use crate::service::settings::{self, Settings};
use crate::service::shutdown::Signals;
use crate::service::{Ended, Running, Why, start};
use crate::telemetry::logs::{self, Form};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An option of the Kafka client, by librdkafka's name; on top of [kafka.properties]
    #[arg(short = 'X', value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
    /// How long a stop may take, as in `60s` [default: `worker.shutdown-ms`]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    shutdown_timeout: Option<Duration>,
}

/// Longest wait between two looks at the signals.
const LOOK: Duration = Duration::from_millis(100);

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    let duration = parsed.and_then(|parsed| Duration::try_from(parsed).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| String::from("write a time as in `60s`"))
}

/// Works until a signal, or until something ends it. Standard output stays empty.
///
/// # Errors
/// [`Exit::Config`] for faulty files, [`Exit::Keys`] for the key store, [`Exit::Unavailable`] for brokers and topics,
/// [`Exit::Deadline`] when a stop did not settle everything, [`Exit::Data`] when too much was refused.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let mut settings = settings::load(&shared.config()?, &args.properties)?;
    if let Some(timeout) = args.shutdown_timeout {
        settings.shutdown_ms = timeout.as_millis() as u64;
    }
    let form = match shared.log_format {
        LogFormat::Json => Form::Json,
        LogFormat::Logfmt => Form::Logfmt,
        LogFormat::Text | LogFormat::Auto => Form::Text,
    };
    logs::start(form, &shared.log_level, shared.color_err).map_err(|fault| Failure::new(Exit::Usage, fault))?;
    let policy = shared.policy_of(&settings)?;
    let dir = match &settings.keys {
        Some(dir) => dir.clone(),
        None => shared.key_store(None)?,
    };
    let engine = Arc::new(load(&policy, &settings)?);
    // Before anything is open, so that a signal during the start is not lost.
    let signals = Signals::catch().map_err(|error| Failure::new(Exit::Internal, error))?;
    keeper::guard_memory();

    let digest = engine.digest_letters().to_owned();
    let (loaded, held) = keeper::admit(engine, &dir, &settings).map_err(failure)?;
    let begun = Following::start(&settings).and_then(|following| Ok((following, start(loaded, &settings)?)));
    let (following, running) = match begun {
        Ok(begun) => begun,
        Err(ended) => {
            farewell(held);
            return Err(failure(ended));
        }
    };
    let lanes = settings.lanes;
    tracing::info!(lanes, group = settings.kafka.group, instance = settings.kafka.instance, policy = digest, "started");
    let again = settings.clone();
    let read = Box::new(move || load(&policy, &again).map_err(|failure| format!("{:#}", failure.error)));
    let keeper = Keeper::start(held, running.lanes(), read).map_err(failure)?;
    let expiry = match settings.topics.expire {
        true => Some(Expiry::start(settings.kafka.clone(), running.lanes().policy()).map_err(failure)?),
        false => None,
    };
    let ended = supervise(running, keeper, following, &signals);
    if let Some(expiry) = expiry {
        expiry.stop();
    }
    tracing::info!("{}", ended.message);
    match ended.why {
        Why::Stopped => Ok(Exit::Done),
        _ => Err(failure(ended)),
    }
}

/// How long the keeper may take to end what it is doing, which is at most a call or two to the brokers.
const KEEPER_STOP: Duration = Duration::from_millis(2 * LOG_CALL_MS);

fn supervise(mut running: Running, keeper: Keeper, following: Option<Following>, signals: &Signals) -> Ended {
    let mut stopping = false;
    let mut failed = false;
    let mut lost = false;
    let ended = loop {
        if let Some(ended) = running.wait(LOOK) {
            break ended;
        }
        if !failed && let Some(ended) = keeper.failed() {
            failed = true;
            stopping = true;
            tracing::error!("{}", ended.message);
            running.end(ended);
        }
        if !lost && let Some(ended) = following.as_ref().and_then(Following::failed) {
            lost = true;
            stopping = true;
            tracing::error!("{}", ended.message);
            running.end(ended);
        }
        if signals.stop() && !stopping {
            stopping = true;
            tracing::info!("stopping: no new records are taken");
            running.stop();
        }
        if signals.reload() && !stopping {
            keeper.reload();
        }
    };
    // After a hanging lane, or without the log of acts, nothing is said: the lease ends by itself.
    if !failed && running.has_ended() {
        let in_force = running.lanes().in_force();
        let held = keeper.stop(KEEPER_STOP);
        drop(running);
        match held.filter(|_| in_force.strong_count() == 0) {
            Some(held) => farewell(held),
            None => tracing::warn!(
                "the stop is not in the log of acts, which goes on without this instance after its lease"
            ),
        }
    }
    if let Some(following) = following.filter(|_| !lost) {
        following.finish();
    }
    ended
}

/// Says that this instance holds no keys any more.
fn farewell(held: Held) {
    if let Err(ended) = held.stopped() {
        tracing::warn!(
            "the stop is not in the log of acts, which goes on without this instance after its lease: {ended}"
        );
    }
}

/// The policy.
fn load(policy: &Path, settings: &Settings) -> Result<Engine, Failure> {
    let mut read = crate::policy::load(policy)?;
    if settings.kafka.lets_cross_in_clear() {
        read.refuse_abroad_in_clear();
        if read.warnings.error_count() > 0 {
            return Err(read.warnings.into());
        }
    }
    if !read.warnings.is_empty() {
        tracing::warn!(warnings = read.warnings.diagnostics.len(), "the policy has warnings; `garim check` shows them");
    }
    Engine::new(read.plan, settings.limits).map_err(|fault| Failure::new(Exit::Config, fault))
}

/// An end as a failure.
pub(super) fn failure(ended: Ended) -> Failure {
    let exit = match ended.why {
        Why::Stopped => Exit::Done,
        Why::Deadline => Exit::Deadline,
        Why::Unavailable => Exit::Unavailable,
        Why::Data => Exit::Data,
        Why::Keys => Exit::Keys,
        Why::Config => Exit::Config,
        Why::Internal => Exit::Internal,
    };
    let help = ended.help.clone();
    let failure = Failure::new(exit, ended);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
