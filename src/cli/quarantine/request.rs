//! `garim quarantine request`: what two people are to sign before refused records are opened and replayed.

use super::super::sign::{Asking, ask};
use super::super::topics::unavailable;
use super::super::{Exit, Failure, Shared};
use crate::service::request::{ReplayScope, Span, What};

/// Arguments of `request`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    asking: Asking,
    /// A quarantine topic; may be given again [default: all of the policy]
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Only this partition of the one topic
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// Only from this offset of the one partition on
    #[arg(long, value_name = "OFFSET", requires = "partition", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
    /// Only before this offset of the one partition
    #[arg(long, value_name = "OFFSET", requires = "partition", value_parser = clap::value_parser!(i64).range(1..))]
    until: Option<i64>,
    /// Only what was refused for this reason; may be given again
    #[arg(long, value_name = "CODE")]
    refused_for: Vec<String>,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let spans = spans(args, shared)?;
    let reasons = args.refused_for.clone();
    ask(&args.asking, What::Replay(ReplayScope { spans, reasons }), shared)
}

/// What stands in the topics now, or less where less was asked for.
fn spans(args: &Args, shared: &Shared) -> Result<Vec<Span>, Failure> {
    let (settings, topics) = super::chosen(&args.topic, shared)?;
    if args.partition.is_some() && topics.len() != 1 {
        return Err(Failure::say(Exit::Usage, "--partition is one of one topic").help("give one --topic"));
    }
    let reader = super::reader(&settings)?;
    let mut spans = Vec::new();
    for topic in &topics {
        let partitions = match args.partition {
            Some(one) => one..one + 1,
            None => 0..reader.partitions(topic).map_err(unavailable)?,
        };
        for partition in partitions {
            let (first, end) = reader.ends(topic, partition).map_err(unavailable)?;
            let span = Span {
                topic: topic.clone(),
                partition,
                from: args.from.unwrap_or(first).max(first),
                until: args.until.unwrap_or(end).min(end),
            };
            if !span.is_empty() {
                spans.push(span);
            }
        }
    }
    if spans.is_empty() {
        return Err(Failure::say(Exit::No, "nothing stands there"));
    }
    Ok(spans)
}
