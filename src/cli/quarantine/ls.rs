//! `garim quarantine ls`: what stands in the quarantine topics, counted by reason or one line each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::super::topics::unavailable;
use super::super::{Exit, Failure, Format, Shared};
use crate::service::quarantine::Payload;
use crate::service::quarantine::listing::{self, Entry, Found};

/// Arguments of `ls`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A quarantine topic; may be given again [default: all of the policy]
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Only what was refused for this reason; may be given again
    #[arg(long, value_name = "CODE")]
    reason: Vec<String>,
    /// Show every notice
    #[arg(long)]
    list: bool,
}

/// What is equal in reason, rule and input topic.
type Group = (String, String, String);

#[derive(Default)]
struct Count {
    notices: u64,
    kept: u64,
    too_large: u64,
    replayed: u64,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

impl Count {
    fn add(&mut self, found: &Found, replayed: bool) {
        self.notices += 1;
        self.kept += u64::from(matches!(found.payload, Payload::Sealed(_)));
        self.too_large += u64::from(found.payload == Payload::TooLarge);
        self.replayed += u64::from(replayed);
        self.first_ms = [self.first_ms, found.appended_ms].into_iter().flatten().min();
        self.last_ms = self.last_ms.max(found.appended_ms);
    }
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let (settings, topics) = super::chosen(&args.topic, shared)?;
    let reader = super::reader(&settings)?;
    let mut out = shared.report();
    let mut told = Vec::new();
    for topic in &topics {
        let (notices, settled, unknown) = read(&reader, topic, &args.reason)?;
        let done = |found: &Found| settled.contains(&(found.at.partition, found.at.offset));
        match (shared.format, args.list) {
            (Format::Json, true) => {
                for found in &notices {
                    writeln!(out, "{}", line_json(topic, found, done(found)))?;
                }
            }
            (Format::Text, true) => {
                for found in &notices {
                    writeln!(out, "{}", line(topic, found, done(found)))?;
                }
            }
            (format, false) => {
                let mut groups: BTreeMap<Group, Count> = BTreeMap::new();
                for found in &notices {
                    let group = (found.reason.clone(), found.rule.clone().unwrap_or_default(), found.topic.clone());
                    groups.entry(group).or_default().add(found, done(found));
                }
                if format == Format::Json {
                    told.push(topic_json(topic, &groups, unknown));
                } else {
                    tell(&mut out, topic, &groups, unknown)?;
                }
            }
        }
    }
    if shared.format == Format::Json && !args.list {
        writeln!(out, "{}", serde_json::json!({"schema_version": 1, "topics": told}))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Partitions and offsets of notices that were replayed.
type Settled = BTreeSet<(i32, i64)>;

/// The notices of a topic up to its end as it is now, without their payloads; which of them were replayed; and how many
/// records are not garim's.
fn read(
    reader: &crate::kafka::log::LogReader,
    topic: &str,
    reasons: &[String],
) -> Result<(Vec<Found>, Settled, u64), Failure> {
    let (mut notices, mut settled, mut unknown) = (Vec::new(), Settled::new(), 0);
    for partition in 0..reader.partitions(topic).map_err(unavailable)? {
        listing::read(reader, topic, partition, 0, None, &mut |_, entry| {
            match entry {
                Entry::Notice(mut found) if reasons.is_empty() || reasons.contains(&found.reason) => {
                    if let Payload::Sealed(text) = &mut found.payload {
                        *text = String::new();
                    }
                    notices.push(found);
                }
                Entry::Notice(_) => {}
                Entry::Settled(offsets) => settled.extend(offsets.into_iter().map(|offset| (partition, offset))),
                Entry::Unknown => unknown += 1,
            }
            ControlFlow::Continue(())
        })
        .map_err(unavailable)?;
    }
    Ok((notices, settled, unknown))
}

fn tell(
    out: &mut super::super::output::Out,
    topic: &str,
    groups: &BTreeMap<Group, Count>,
    unknown: u64,
) -> Result<(), Failure> {
    let sum = |count: fn(&Count) -> u64| groups.values().map(count).sum::<u64>();
    let (notices, kept, replayed) = (sum(|count| count.notices), sum(|count| count.kept), sum(|count| count.replayed));
    writeln!(out, "{topic}  {notices} notices, {kept} with their record, {replayed} replayed")?;
    for ((reason, rule, input), count) in groups {
        let rule = if rule.is_empty() { String::new() } else { format!(" ({rule})") };
        let large =
            if count.too_large > 0 { format!(", {} too large to keep", count.too_large) } else { String::new() };
        let time = |ms| super::instant(ms).unwrap_or_else(|| String::from("?"));
        writeln!(
            out,
            "  {:>7}  {reason}{rule}  {input}  {} with their record{large}, {} replayed, {} to {}",
            count.notices,
            count.kept,
            count.replayed,
            time(count.first_ms),
            time(count.last_ms)
        )?;
    }
    if unknown > 0 {
        writeln!(out, "  {unknown:>7}  records that garim did not write")?;
    }
    Ok(())
}

fn topic_json(topic: &str, groups: &BTreeMap<Group, Count>, unknown: u64) -> serde_json::Value {
    let groups: Vec<serde_json::Value> = groups
        .iter()
        .map(|((reason, rule, input), count)| {
            serde_json::json!({
                "reason": reason, "rule": (!rule.is_empty()).then_some(rule), "input": input,
                "notices": count.notices, "with_record": count.kept, "too_large": count.too_large,
                "replayed": count.replayed,
                "first": super::instant(count.first_ms), "last": super::instant(count.last_ms),
            })
        })
        .collect();
    serde_json::json!({"topic": topic, "groups": groups, "unknown": unknown})
}

fn payload(found: &Found) -> &'static str {
    match found.payload {
        Payload::None => "no-record",
        Payload::TooLarge => Payload::TOO_LARGE,
        Payload::Sealed(_) => "sealed",
    }
}

fn line(topic: &str, found: &Found, replayed: bool) -> String {
    let mut line = format!(
        "{topic} [{}] {}  {} [{}] {}",
        found.at.partition, found.at.offset, found.topic, found.position.partition, found.position.offset
    );
    if found.line > 0 {
        line.push_str(&format!(" line {}", found.line));
    }
    line.push_str(&format!("  {}", found.reason));
    if let Some(rule) = &found.rule {
        line.push_str(&format!(" ({rule})"));
    }
    if let Some(at_byte) = found.at_byte {
        line.push_str(&format!(" at byte {at_byte}"));
    }
    line.push_str(&format!("  {}{}", payload(found), if replayed { ", replayed" } else { "" }));
    line
}

fn line_json(topic: &str, found: &Found, replayed: bool) -> serde_json::Value {
    serde_json::json!({
        "quarantine": topic, "quarantine_partition": found.at.partition, "quarantine_offset": found.at.offset,
        "appended": super::instant(found.appended_ms),
        "topic": found.topic, "partition": found.position.partition, "offset": found.position.offset,
        "line": (found.line > 0).then_some(found.line),
        "reason": found.reason, "rule": found.rule, "at_byte": found.at_byte, "policy": found.policy,
        "payload": payload(found), "replayed": replayed,
    })
}
