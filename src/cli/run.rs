//! `garim run`: treats what comes in on Kafka until it is stopped.

use std::path::Path;
use std::time::Duration;

use super::{Exit, Failure, LogFormat, Shared};
use crate::engine::Engine;
use crate::policy::key::Store;
use crate::service::settings::{self, Settings};
use crate::service::shutdown::Signals;
use crate::service::{Ended, Loaded, Running, Why, start};
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

fn duration(text: &str) -> Result<Duration, String> {
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
    let policy = match (&shared.policy, &settings.policy) {
        (Some(given), _) | (None, Some(given)) => given.clone(),
        (None, None) => shared.policy()?,
    };
    let loaded = load(&policy, &settings, shared)?;
    // Before anything is open, so that a signal during the start is not lost.
    let signals = Signals::catch().map_err(|error| Failure::new(Exit::Internal, error))?;
    no_core_files();

    let digest = loaded.engine.digest_letters().to_owned();
    let running = start(loaded, &settings).map_err(failure)?;
    let lanes = settings.lanes;
    tracing::info!(lanes, group = settings.kafka.group, instance = settings.kafka.instance, policy = digest, "started");
    let ended = supervise(running, &signals, || load(&policy, &settings, shared));
    tracing::info!("{}", ended.message);
    match ended.why {
        Why::Stopped => Ok(Exit::Done),
        _ => Err(failure(ended)),
    }
}

/// Memory holds payloads and keys: it is not to be written to a disk when the process dies.
fn no_core_files() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    // Lowering a limit is always allowed; where it is not known, there are no core files either.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

fn supervise(mut running: Running, signals: &Signals, load: impl Fn() -> Result<Loaded, Failure>) -> Ended {
    let mut stopping = false;
    loop {
        if let Some(ended) = running.wait(LOOK) {
            return ended;
        }
        if signals.stop() && !stopping {
            stopping = true;
            tracing::info!("stopping: no new records are taken");
            running.stop();
        }
        if signals.reload() && !stopping {
            let taken = load().and_then(|loaded| running.reload(loaded).map_err(failure));
            running.metrics().reloaded(taken.is_ok());
            if let Err(failure) = taken {
                tracing::error!("the policy was not read again, the old one stays: {:#}", failure.error);
            }
        }
    }
}

/// The policy and its keys.
fn load(policy: &Path, settings: &Settings, shared: &Shared) -> Result<Loaded, Failure> {
    let read = crate::policy::load(policy)?;
    if !read.warnings.is_empty() {
        tracing::warn!(warnings = read.warnings.diagnostics.len(), "the policy has warnings; `garim check` shows them");
    }
    let engine = Engine::new(read.plan, settings.limits).map_err(|fault| Failure::new(Exit::Config, fault))?;
    let dir = match &settings.keys {
        Some(dir) => dir.clone(),
        None => shared.key_store(None)?,
    };
    let store = Store::open(&dir).map_err(super::keys::refused)?;
    let keys = store.ring(engine.tiers());
    Ok(Loaded { engine, keys })
}

fn failure(ended: Ended) -> Failure {
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
