//! `garim audit show`: the acts of a log, one a line.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::super::{Exit, Failure, Format, Shared};
use super::verify::time;
use crate::telemetry::audit::disk::Host;
use crate::telemetry::audit::entry::Act;
use crate::telemetry::audit::file::ACTS;
use crate::telemetry::audit::read::{entries_end, read_entries};
use crate::telemetry::audit::verify::checkpoint;

/// Arguments of `audit show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the log [default: `[audit] dir` of the settings]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Number of the first act, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = super::folder(args.dir.as_ref(), shared)?.join(ACTS);
    let host = Host::view(&dir).map_err(super::refused)?;
    let size = checkpoint(&host).and_then(|found| entries_end(&host, found.size)).map_err(super::refused)?;
    let mut out = shared.report();
    let mut failed = Ok(());
    let read = read_entries(&host, args.from, size, &mut |index, bytes| {
        let act = Act::from_bytes(bytes, &format!("{}, entry {index}", dir.display()))?;
        let line = line(index, &act, shared.format);
        if failed.is_ok() {
            failed = writeln!(out, "{line}");
        }
        Ok(())
    });
    failed?;
    out.flush()?;
    read.map_err(super::refused)?;
    Ok(Exit::Done)
}

fn line(index: u64, act: &Act, format: Format) -> String {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(&act.to_bytes()) else { return String::new() };
    if format == Format::Json {
        members.insert(String::from("index"), index.into());
        return Value::Object(members).to_string();
    }
    let kind = members.remove("act");
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
    for known in ["v", "at_ms", "by"] {
        members.remove(known);
    }
    format!("{index:6}  {}  {}  {kind}{}", time(act.at_ms), plain(&act.by), details(&members))
}

fn details(members: &Map<String, Value>) -> String {
    let told = members.iter().filter(|(_, value)| !value.is_null());
    told.map(|(name, value)| format!("  {name}={}", words(value))).collect()
}

/// A value without braces: lists by commas, a key as `2026-11-23 kjhgfe login-3m`.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members.values().map(words).collect::<Vec<_>>().join(" "),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text that cannot steer a terminal.
fn plain(text: &str) -> String {
    text.chars().flat_map(|sign| if sign.is_control() { sign.escape_default().collect() } else { vec![sign] }).collect()
}
