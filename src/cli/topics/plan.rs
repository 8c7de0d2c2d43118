//! `garim topics plan`: what separates the brokers from the policy, as a diff, and who may read what.

use serde_json::{Value, json};

use super::super::output::Out;
use super::super::{Exit, Failure, Format, Shared};
use super::readers::{Right, rights};
use super::{Site, Wanted, role, unknown};
use crate::kafka::Fault;
use crate::kafka::drift::{Change, Diff, origin, span};
use crate::kafka::topics::Needed;

/// Arguments of `topics plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 also where something would change, unless --exit-code is given, and then 1; \
                        69 where the brokers do not answer or do not say how a topic is configured.")]
pub(super) struct Args {
    #[command(flatten)]
    wanted: Wanted,
    /// End with 1 when something would be made or changed
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let site = Site::open(shared)?;
    let (_, diff, replication) = site.diff(&args.wanted)?;
    let worker = site.settings.kafka.properties.iter().find(|(name, _)| name == "sasl.username");
    let worker = worker.map(|(_, user)| user.as_str());
    let rights = rights(&site.engine, &site.file, worker, site.settings.topics.expire);
    let mut out = shared.report();
    match shared.format {
        Format::Json => {
            let states = |_: &Needed| None;
            let mut told = report(&diff, replication, &states);
            told["rights"] = rights.iter().map(Right::json).collect();
            writeln!(out, "{told}")?;
        }
        Format::Text => {
            tell(&mut out, &diff, replication, shared.verbose > 0)?;
            for line in Right::lines(&rights, &site.settings.kafka.brokers) {
                writeln!(out, "{line}")?;
            }
            let (make, change, alone) = (diff.make.len(), diff.change.len(), diff.alone.len());
            writeln!(out, "{make} topics to make, {change} to change, {alone} left alone")?;
        }
    }
    out.flush()?;
    unknown(&diff)?;
    Ok(if args.exit_code && !diff.is_empty() { Exit::No } else { Exit::Done })
}

/// The diff for people. Topics that are left alone are listed only where `all` asks for them.
pub(super) fn tell(out: &mut Out, diff: &Diff, replication: i32, all: bool) -> Result<(), Failure> {
    for needed in diff.alone.iter().filter(|_| all) {
        writeln!(out, "  {}  {}; left alone", needed.name, role(needed.role))?;
    }
    for (needed, fault) in &diff.unknown {
        writeln!(out, "? {}  {}; its settings are not told ({})", needed.name, role(needed.role), fault.code)?;
    }
    for (needed, changes) in &diff.change {
        writeln!(out, "~ {}  {}", needed.name, role(needed.role))?;
        for change in changes {
            writeln!(out, "    {}", changed(change))?;
        }
    }
    for needed in &diff.make {
        let kept = needed.configs.iter().find(|(name, _)| *name == "retention.ms").map(|(_, ms)| ms.as_str());
        let kept = match kept {
            None => String::new(),
            Some("-1") => String::from(", kept for ever"),
            Some(ms) => format!(", kept {}", ms.parse().map_or_else(|_| String::from(ms), span)),
        };
        let (role, partitions) = (role(needed.role), needed.partitions);
        writeln!(out, "+ {}  {role}, {partitions} partitions, {replication} replicas{kept}", needed.name)?;
        for (name, value) in needed.configs.iter().filter(|_| all) {
            writeln!(out, "    {name}={value}")?;
        }
    }
    Ok(())
}

/// `retention.ms: 604800000 (7 days, Kafka's default) -> 8640000000 (100 days)`.
fn changed(change: &Change) -> String {
    let value = |value: &str| match value.parse() {
        Ok(ms) if ms > 0 && change.name.ends_with(".ms") => format!("{value} ({})", span(ms)),
        _ => String::from(value),
    };
    let from = change.from.as_ref().map_or_else(
        || String::from("not told"),
        |from| match value(&from.value).strip_suffix(')') {
            Some(open) => format!("{open}, {})", origin(from.origin)),
            None => format!("{} ({})", from.value, origin(from.origin)),
        },
    );
    let shortens = match (change.name, &change.from) {
        ("retention.ms", Some(from)) => {
            let (from, to): (i64, i64) = (from.value.parse().unwrap_or(-1), change.to.parse().unwrap_or(-1));
            to >= 0 && (from < 0 || from > to)
        }
        _ => false,
    };
    let note = if shortens { "; older records go at once" } else { "" };
    format!("{}: {from} -> {}{note}", change.name, value(&change.to))
}

/// What became of a topic: a word, and the fault where there was one.
pub(super) type State<'a> = (&'static str, Option<&'a Fault>);

/// The diff for programs. `became` tells what became of a topic that was to be made or changed.
pub(super) fn report<'a>(diff: &Diff, replication: i32, became: &dyn Fn(&Needed) -> Option<State<'a>>) -> Value {
    let topic = |needed: &Needed, otherwise: &'static str, fault: Option<&Fault>, changes: &[Change]| {
        let (state, fault) = match became(needed) {
            Some((state, failed)) => (state, failed),
            None => (otherwise, fault),
        };
        let configs: serde_json::Map<String, Value> =
            needed.configs.iter().map(|(name, value)| (String::from(*name), value.as_str().into())).collect();
        let changes: Vec<Value> = changes
            .iter()
            .map(|change| {
                let from = change.from.as_ref();
                json!({
                    "name": change.name, "from": from.map(|from| from.value.as_str()),
                    "origin": from.map(|from| origin(from.origin)), "to": change.to,
                })
            })
            .collect();
        json!({
            "topic": needed.name, "role": role(needed.role), "state": state, "partitions": needed.partitions,
            "replication_factor": replication, "configs": configs, "changes": changes,
            "error": fault.map(|fault| fault.code),
        })
    };
    let mut topics: Vec<Value> = diff.alone.iter().map(|needed| topic(needed, "left-alone", None, &[])).collect();
    topics.extend(diff.unknown.iter().map(|(needed, fault)| topic(needed, "unknown", Some(fault), &[])));
    topics.extend(diff.change.iter().map(|(needed, changes)| topic(needed, "change", None, changes)));
    topics.extend(diff.make.iter().map(|needed| topic(needed, "make", None, &[])));
    json!({"schema_version": 1, "topics": topics})
}
