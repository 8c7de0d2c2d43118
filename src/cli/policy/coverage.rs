//! `garim policy coverage`: which fields records have, and which of them the policy rules.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::super::lines::{Inputs, Piece, Reading, Taken};
use super::super::output::Out;
use super::super::topics::unavailable;
use super::super::{Exit, Failure, Format, Shared};
use crate::diagnostic::nearest;
use crate::engine::plan::Unlisted;
use crate::kafka::log::LogReader;
use crate::policy::condition::written;
use crate::policy::coverage::{Coverage, Report};
use crate::policy::{self, Policy};
use crate::service::settings;

/// Arguments of `policy coverage`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file with a record a line, `-` for standard input, or an input topic of the policy (with -c)
    #[arg(value_name = "FILE|TOPIC", default_value = "-")]
    what: String,
    /// The source that the records come from; not needed for a topic, nor where the policy has one
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Look at so many records at most; of a topic, as many of each partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// End with 1 when a record has a field that no item names
    #[arg(long)]
    strict: bool,
}

/// Counts and reports.
///
/// # Errors
/// [`Exit::Data`] for a file, [`Exit::Unavailable`] for a topic that cannot be read.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let policy = policy::load(&shared.policy()?)?;
    let topic = topic(args, &policy);
    let source = source(args, topic, &policy)?;
    let mut coverage = Coverage::new(&policy, source);
    match topic {
        Some((topic, _)) => read_topic(topic, args.limit, &mut coverage, shared)?,
        None => read_file(Path::new(&args.what), args.limit, &mut coverage)?,
    }
    let report = coverage.report();
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(out, "{}", document(&policy, source, &report))?,
        Format::Text => tell(&policy, source, &report, &mut out)?,
    }
    out.flush()?;
    Ok(if args.strict && report.unlisted_count() > 0 { Exit::No } else { Exit::Done })
}

/// The input topic that is meant, and its source; a file of that name goes first.
fn topic<'a>(args: &'a Args, policy: &Policy) -> Option<(&'a str, usize)> {
    if args.what == "-" || Path::new(&args.what).exists() {
        return None;
    }
    let of = |topics: &[Box<str>]| topics.iter().any(|topic| **topic == *args.what);
    let source = policy.plan.sources.iter().position(|source| of(&source.topics))?;
    Some((&args.what, source))
}

fn source(args: &Args, topic: Option<(&str, usize)>, policy: &Policy) -> Result<usize, Failure> {
    let names = || policy.plan.sources.iter().map(|source| &*source.name);
    match (&args.source, topic) {
        (None, Some((_, source))) => Ok(source),
        (None, None) if policy.plan.sources.len() == 1 => Ok(0),
        (None, None) => {
            let names: Vec<&str> = names().collect();
            Err(Failure::say(Exit::Usage, "the policy has several sources")
                .help(format!("say which one the records come from: `--source {}`", names.join("` or `--source "))))
        }
        (Some(name), _) => names().position(|known| known == name).ok_or_else(|| {
            let near = nearest(name, names()).map(|near| format!("did you mean `--source {near}`?"));
            let names: Vec<&str> = names().collect();
            Failure::say(Exit::Usage, format!("the policy has no source `{name}`"))
                .help(near.unwrap_or_else(|| format!("it has `{}`", names.join("`, `"))))
        }),
    }
}

fn read_file(path: &Path, limit: Option<u64>, coverage: &mut Coverage<'_>) -> Result<(), Failure> {
    let inputs = Inputs::open(&[PathBuf::from(path)])?;
    let pieces = inputs.read(Reading::Records, 2);
    let mut left = limit.unwrap_or(u64::MAX);
    while left > 0 {
        let taken = pieces.take(1, true);
        match taken.map_err(|error| Failure::new(Exit::Data, anyhow::Error::new(error).context("cannot read on")))? {
            Taken::Some(some) => {
                for piece in some {
                    left = count(&piece, left, coverage);
                    pieces.give_back(piece);
                }
            }
            Taken::NotYet => {}
            Taken::End => break,
        }
    }
    Ok(())
}

/// Counts the lines of a piece, at most `left`; how many may follow.
fn count(piece: &Piece, mut left: u64, coverage: &mut Coverage<'_>) -> u64 {
    if piece.oversized {
        coverage.add_unreadable();
        return left.saturating_sub(1);
    }
    for line in piece.bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        if left == 0 {
            break;
        }
        coverage.add(line);
        left -= 1;
    }
    left
}

/// Counts what the topic holds now, from its first record on. No group is joined, and nothing is committed.
fn read_topic(topic: &str, limit: Option<u64>, coverage: &mut Coverage<'_>, shared: &Shared) -> Result<(), Failure> {
    let settings = settings::load(&shared.config()?, &[])?;
    let reader = LogReader::new(&settings.kafka, "coverage").map_err(unavailable)?;
    for partition in 0..reader.partitions(topic).map_err(unavailable)? {
        let (first, end) = reader.ends(topic, partition).map_err(unavailable)?;
        let mut left = limit.unwrap_or(u64::MAX);
        let mut each = |stored: &crate::kafka::log::Stored<'_>| {
            // A tombstone has no field.
            if let Some(value) = stored.value {
                coverage.add(value.0);
            }
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        reader.read(topic, partition, first, Some(end), &mut each).map_err(unavailable)?;
    }
    Ok(())
}

fn class(policy: &Policy, source: usize, item: usize) -> Option<&str> {
    policy.file.sources[source].items[item].rule.class.as_ref().map(|class| class.as_str())
}

fn tell(policy: &Policy, source: usize, report: &Report, out: &mut Out) -> Result<(), Failure> {
    let bold = anstyle::Style::new().bold();
    let plan = &policy.plan.sources[source];
    let Report { records, unreadable, foreign, .. } = report;
    writeln!(
        out,
        "source {bold}{}{bold:#}: {records} records, {unreadable} not readable, {foreign} of other sources",
        plan.name
    )?;
    let items = |counts: &[u64], out: &mut Out| -> Result<(), Failure> {
        for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let item = &plan.items[index];
            let class = class(policy, source, index).map_or_else(String::new, |class| format!(", class {class}"));
            writeln!(out, "  {count:>9}  {}  item {}{class}", written(&item.at), item.name)?;
        }
        Ok(())
    };
    writeln!(out, "\n{bold}ruled{bold:#}")?;
    items(&report.ruled, out)?;
    if report.conditional.iter().any(|count| *count > 0) {
        writeln!(out, "\n{bold}named, but the item's condition did not hold{bold:#}: {}", fate(policy))?;
        items(&report.conditional, out)?;
    }
    if !report.read.is_empty() {
        writeln!(out, "\n{bold}read by conditions, routes or as the event time, without an item{bold:#}")?;
        places(&report.read, out)?;
    }
    writeln!(out, "\n{bold}unlisted{bold:#}: {}", if report.unlisted_count() == 0 { "nothing" } else { fate(policy) })?;
    places(&report.unlisted, out)?;
    if report.beyond > 0 {
        writeln!(out, "  {:>9}  at other places", report.beyond)?;
    }
    let unseen: Vec<&str> = unseen(policy, source, report);
    if !unseen.is_empty() {
        writeln!(out, "\n{bold}items that no record had{bold:#}\n  {}", unseen.join("\n  "))?;
    }
    Ok(())
}

fn places(places: &std::collections::BTreeMap<String, u64>, out: &mut Out) -> Result<(), Failure> {
    for (place, count) in places {
        writeln!(out, "  {count:>9}  {place}")?;
    }
    Ok(())
}

/// What becomes of a field without item.
const fn fate(policy: &Policy) -> &'static str {
    match policy.plan.unlisted {
        Unlisted::Drop => "dropped",
        Unlisted::Scan => "leaves with what is found in it treated",
        Unlisted::Refuse => "the record is refused",
    }
}

fn unseen<'p>(policy: &'p Policy, source: usize, report: &Report) -> Vec<&'p str> {
    let items = policy.plan.sources[source].items.iter().zip(report.ruled.iter().zip(&report.conditional));
    items.filter(|(_, (ruled, missed))| **ruled == 0 && **missed == 0).map(|(item, _)| &*item.name).collect()
}

fn document(policy: &Policy, source: usize, report: &Report) -> serde_json::Value {
    let plan = &policy.plan.sources[source];
    let items = |counts: &[u64]| -> Vec<serde_json::Value> {
        let seen = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        seen.map(|(index, count)| {
            let item = &plan.items[index];
            serde_json::json!({
                "at": written(&item.at), "item": item.name, "class": class(policy, source, index),
                "kind": item.kind.name(), "count": count,
            })
        })
        .collect()
    };
    let places = |places: &std::collections::BTreeMap<String, u64>| -> Vec<serde_json::Value> {
        places.iter().map(|(at, count)| serde_json::json!({ "at": at, "count": count })).collect()
    };
    serde_json::json!({
        "schema_version": 1,
        "policy": policy.path.to_string_lossy(),
        "source": *plan.name,
        "records": report.records,
        "unreadable": report.unreadable,
        "foreign": report.foreign,
        "ruled": items(&report.ruled),
        "conditional": items(&report.conditional),
        "read": places(&report.read),
        "unlisted": places(&report.unlisted),
        "unlisted_elsewhere": report.beyond,
        "unseen": unseen(policy, source, report),
    })
}
