//! `garim audit`: checks the tamper-evident log, shows it, and hands out what proves it.

mod follow;
mod show;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use super::topics::unavailable;
use super::{Exit, Failure, Format, Shared};
use crate::kafka::log::LogWriter;
use crate::service::settings;
use crate::telemetry::audit::AuditFault;
use crate::telemetry::audit::checkpoint::{Checkpoint, Signer};
use crate::telemetry::audit::disk::{Disk as _, Host};
use crate::telemetry::audit::file::{ACTS, WINDOWS};
use crate::telemetry::audit::tree::CHECKPOINT;
use crate::telemetry::audit::verify::checkpoint;
use crate::telemetry::hex;

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check every entry, hash, signature, number and counter
    Verify(verify::Args),
    /// List acts: who did what, and when
    Show(show::Args),
    /// Build the trees of acts and windows on this host, until stopped; `garim run` does it where `[audit] dir` is set
    Follow(follow::Args),
    /// Print the newest checkpoints, to be kept where nobody here can change them
    Export(Export),
    /// Print the public half of a signing key, as `audit verify --key` takes it
    Key(Key),
}

/// Which log of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    /// Acts: keys, openings, starts and stops.
    Acts,
    /// Commit windows: counters and offsets.
    Windows,
}

impl Log {
    fn name(self) -> &'static str {
        match self {
            Self::Acts => ACTS,
            Self::Windows => WINDOWS,
        }
    }
}

#[derive(Debug, clap::Args)]
struct Export {
    /// Folder of the log [default: `[audit] dir` of the settings]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Only this log [default: all that are there]
    #[arg(long, value_name = "LOG")]
    tree: Option<Log>,
    /// Append each to this topic of one partition too, as the settings reach it
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Key {
    /// The key: PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` makes it
    #[arg(value_name = "FILE")]
    key: PathBuf,
    /// The name of the log [default: `[audit] name` of the settings]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Checks, shows or exports.
///
/// # Errors
/// [`Exit::Usage`] when no folder is named, else as [`refused`] says.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Verify(args) => verify::run(args, shared),
        Verb::Show(args) => show::run(args, shared),
        Verb::Follow(args) => follow::run(args, shared),
        Verb::Export(args) => export(args, shared),
        Verb::Key(args) => key(args, shared),
    }
}

/// A fault of the log as a failure: [`Exit::Config`] for a newer version, [`Exit::Data`] for a log that is not whole,
/// [`Exit::Unavailable`] for a folder or broker that cannot be used.
pub fn refused(fault: AuditFault) -> Failure {
    let (exit, help) = match &fault {
        AuditFault::Newer { .. } => (Exit::Config, Some("use a newer garim")),
        AuditFault::Broken { .. } => (Exit::Data, Some("`garim audit verify` tells everything that is wrong")),
        AuditFault::Io { .. } | AuditFault::Busy { .. } | AuditFault::Away(_) | AuditFault::Broker(_) => {
            (Exit::Unavailable, None)
        }
    };
    let failure = Failure::new(exit, fault);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The folder: as given, else the one that the settings name.
fn folder(given: Option<&PathBuf>, shared: &Shared) -> Result<PathBuf, Failure> {
    let named = match (given, shared.config()) {
        (Some(dir), _) => Some(dir.clone()),
        (None, Ok(config)) => settings::load(&config, &[])?.audit.dir,
        (None, Err(_)) => None,
    };
    named.ok_or_else(|| {
        Failure::say(Exit::Usage, "no folder of an audit log was named")
            .help("give DIR, or write `dir` in [audit] of the settings")
    })
}

fn export(args: &Export, shared: &Shared) -> Result<Exit, Failure> {
    let dir = folder(args.dir.as_ref(), shared)?;
    let logs = match args.tree {
        Some(log) => vec![log],
        None => vec![Log::Acts, Log::Windows],
    };
    let there = |log: &Log| args.tree.is_some() || *log == Log::Acts || dir.join(log.name()).is_dir();
    let mut notes = Vec::new();
    for log in logs.into_iter().filter(there) {
        notes.push((log, note(&dir.join(log.name())).map_err(refused)?));
    }
    if let Some(topic) = &args.topic {
        publish(topic, &notes, shared)?;
    }
    let mut out = shared.report();
    match shared.format {
        Format::Text => {
            let texts: Vec<String> = notes.into_iter().map(|(_, (_, text))| text).collect();
            write!(out, "{}", texts.join("\n"))?;
        }
        Format::Json => {
            let notes: Vec<_> = notes
                .iter()
                .map(|(log, (found, text))| {
                    serde_json::json!({
                        "log": log.name(), "origin": found.origin, "size": found.size,
                        "root": hex(&found.root), "note": text,
                    })
                })
                .collect();
            writeln!(out, "{}", serde_json::json!({"schema_version": 1, "checkpoints": notes}))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Appends checkpoints to a topic, and waits until it has them.
fn publish(topic: &str, notes: &[(Log, (Checkpoint, String))], shared: &Shared) -> Result<(), Failure> {
    let settings = settings::load(&shared.config()?, &[])?;
    let mut writer = LogWriter::new(&settings.kafka, topic).map_err(unavailable)?;
    for (_, (_, text)) in notes {
        writer.append(text.as_bytes()).map_err(unavailable)?;
    }
    Ok(())
}

/// The newest checkpoint of a log, read and as it stands.
fn note(dir: &Path) -> Result<(Checkpoint, String), AuditFault> {
    let host = Host::view(dir)?;
    let found = checkpoint(&host)?;
    let bytes = host.read(CHECKPOINT).ok().flatten().unwrap_or_default();
    Ok((found, String::from_utf8_lossy(&bytes).into_owned()))
}

fn key(args: &Key, shared: &Shared) -> Result<Exit, Failure> {
    let name = match (&args.name, shared.config()) {
        (Some(name), _) => name.clone(),
        (None, Ok(config)) => settings::load(&config, &[])?.audit.name,
        (None, Err(_)) => {
            return Err(Failure::say(Exit::Usage, "no log was named").help("give `--name NAME`, or the settings by -c"));
        }
    };
    let signer = Signer::load(&args.key, &name).map_err(|fault| Failure::new(Exit::Keys, fault))?;
    let mut out = shared.report();
    match shared.format {
        Format::Text => writeln!(out, "{}", signer.verifier())?,
        Format::Json => {
            let key = signer.verifier().to_string();
            writeln!(out, "{}", serde_json::json!({"schema_version": 1, "key": key}))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
