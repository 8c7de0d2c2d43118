//! `garim quarantine request`: what two people are to sign before refused records are opened and replayed.

use std::path::PathBuf;

use super::super::topics::unavailable;
use super::super::{Exit, Failure, Shared};
use crate::limits::{REQUEST_HOURS_DEFAULT, REQUEST_HOURS_MAX};
use crate::service::request::{ReplayScope, Request, SignedRequest, Span, VERSION, What};

/// Arguments of `request`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Who asks: a name of [open.people]
    #[arg(long, value_name = "NAME")]
    requester: String,
    /// Who is to approve: another one
    #[arg(long, value_name = "NAME")]
    approver: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The law or contract that allows it
    #[arg(long, value_name = "TEXT")]
    basis: String,
    /// A ticket
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
    /// Hours until the request is refused
    #[arg(long, value_name = "HOURS", default_value_t = REQUEST_HOURS_DEFAULT,
          value_parser = clap::value_parser!(i64).range(1..=REQUEST_HOURS_MAX))]
    hours: i64,
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
    /// Where the request is written; it must not exist
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let spans = spans(args, shared)?;
    let now = jiff::Timestamp::now().round(jiff::Unit::Second).map_err(|error| Failure::new(Exit::Internal, error))?;
    let mut nonce = [0u8; 16];
    getrandom::fill(&mut nonce).map_err(|error| Failure::say(Exit::Internal, error))?;
    let request = Request {
        v: VERSION,
        nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
        requester: args.requester.clone(),
        approver: args.approver.clone(),
        reason: args.reason.clone(),
        basis: args.basis.clone(),
        ticket: args.ticket.clone(),
        made_at: now,
        valid_until: now + jiff::SignedDuration::from_hours(args.hours),
        what: What::Replay(ReplayScope { spans, reasons: args.refused_for.clone() }),
    };
    let file = SignedRequest::new(&request).map_err(|refused| {
        Failure::new(Exit::Usage, refused).help("narrow it by --topic, --partition, --from and --until")
    })?;
    write(&args.output, &file.to_bytes())?;
    let mut out = shared.report();
    writeln!(out, "{}", request.words())?;
    out.flush()?;
    let file = args.output.display();
    shared.note(format_args!(
        "{} signs {file} first, then {}: `garim sign {file} --as NAME --key KEY.pem`",
        args.requester, args.approver
    ));
    Ok(Exit::Done)
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

fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Unavailable, error).help(format_args!("{} was not written", path.display()))
    };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}
