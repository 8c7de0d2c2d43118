//! `garim audit verify`: reads keys and older checkpoints, checks, and tells what was found.

use std::path::{Path, PathBuf};

use super::super::output::Out;
use super::super::{Exit, Failure, Format, Shared};
use crate::telemetry::audit::AuditFault;
use crate::telemetry::audit::checkpoint::{Checkpoint, Verifier};
use crate::telemetry::audit::verify::{Kept, Report, Verified, verify};
use crate::telemetry::hex;

/// Arguments of `audit verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the log [default: `[audit] dir` of the settings]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A file of checkpoints that was kept elsewhere: the log must have grown from each of them
    #[arg(long, value_name = "FILE")]
    since: Vec<PathBuf>,
    /// A public key that must have signed the checkpoints, as `audit key` prints it, or a file with it; one of several
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = super::folder(args.dir.as_ref(), shared)?;
    let keys = args.key.iter().map(|key| verifier(key)).collect::<Result<Vec<_>, _>>()?;
    let mut since = Vec::new();
    for path in &args.since {
        let place = path.display().to_string();
        let found = Checkpoint::read_all(&text(path)?, &place).map_err(super::refused)?;
        since.extend(found.into_iter().map(|checkpoint| Kept { place: place.clone(), checkpoint }));
    }
    let report = verify(&dir, &keys, &since);
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(out, "{}", json(&report))?,
        Format::Text => tell(&report, shared, &mut out)?,
    }
    out.flush()?;
    Ok(exit(&report.faults))
}

/// A broken log is the answer no; else what could not be read, else what is too new to be read.
fn exit(faults: &[AuditFault]) -> Exit {
    let any = |found: fn(&AuditFault) -> bool| faults.iter().any(found);
    if any(|fault| matches!(fault, AuditFault::Broken { .. })) {
        Exit::No
    } else if any(|fault| !matches!(fault, AuditFault::Newer { .. })) {
        Exit::Unavailable
    } else if any(|_| true) {
        Exit::Config
    } else {
        Exit::Done
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot read {}", path.display()));
        Failure::new(Exit::Unavailable, error)
    })
}

/// A key as text, or the file that holds it.
fn verifier(given: &str) -> Result<Verifier, Failure> {
    let parsed = match given.contains('+') {
        true => given.parse(),
        false => text(Path::new(given))?.parse(),
    };
    parsed.map_err(|what: &str| Failure::say(Exit::Usage, format!("--key {given}: {what}")))
}

fn tell(report: &Report, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    for log in &report.logs {
        let Verified { log: name, origin, size, root, signed_by, times_ms, .. } = log;
        writeln!(out, "{name}: {size} entries, root {}, of {origin}", hex(root))?;
        if let Some((first, last)) = times_ms {
            writeln!(out, "  from {} to {}", time(*first), time(*last))?;
        }
        if !signed_by.is_empty() {
            writeln!(out, "  signed by {}", signed_by.join(", "))?;
        }
    }
    for fault in &report.faults {
        writeln!(out, "broken: {fault}")?;
    }
    if !shared.quiet {
        for what in &report.unchecked {
            writeln!(out, "not checked: {what}")?;
        }
    }
    match report.faults.len() {
        0 => writeln!(out, "no faults")?,
        1 => writeln!(out, "1 fault")?,
        faults => writeln!(out, "{faults} faults")?,
    }
    Ok(())
}

/// Milliseconds since 1970 as a time in UTC.
pub(super) fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

fn json(report: &Report) -> serde_json::Value {
    let log = |log: &Verified| {
        serde_json::json!({
            "log": log.log, "origin": log.origin, "size": log.size, "root": hex(&log.root),
            "signed_by": log.signed_by, "unread": log.unread,
            "first": log.times_ms.map(|(first, _)| time(first)), "last": log.times_ms.map(|(_, last)| time(last)),
        })
    };
    serde_json::json!({
        "schema_version": 1,
        "whole": report.faults.is_empty(),
        "logs": report.logs.iter().map(log).collect::<Vec<_>>(),
        "faults": report.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unchecked": report.unchecked,
    })
}
