//! `garim open request`: what two people are to sign before sealed values are opened.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::super::sign::{Asking, ask};
use super::super::{Exit, Failure, Shared};
use crate::service::opening::topic_of;
use crate::service::request::{OpenScope, Records, Span, What};
use crate::telemetry::hex;

/// Arguments of `open request`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    asking: Asking,
    /// The tier whose records hold the values
    #[arg(long, value_name = "NAME")]
    tier: String,
    /// The source that they came from
    #[arg(long, value_name = "NAME")]
    source: String,
    /// Only this field, a JSON Pointer into the input record; may be given again [default: all]
    #[arg(long, value_name = "POINTER")]
    field: Vec<String>,
    /// The partition of the tier's topic
    #[arg(long, value_name = "NUMBER", requires_all = ["from", "until"], conflicts_with = "files",
          value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// The first offset
    #[arg(long, value_name = "OFFSET", requires = "partition", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
    /// The first offset that is not opened any more
    #[arg(long, value_name = "OFFSET", requires = "partition", value_parser = clap::value_parser!(i64).range(1..))]
    until: Option<i64>,
    /// Files of treated records instead of the topic, one record a line
    #[arg(value_name = "FILES", required_unless_present = "partition")]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let topic = topic_of(&plan, &args.tier, &args.source).map_err(|none| Failure::new(Exit::Usage, none))?;
    let records = match (args.partition, args.from, args.until) {
        (Some(partition), Some(from), Some(until)) => Records::Topic(Span { topic, partition, from, until }),
        _ => Records::Files(
            args.files
                .iter()
                .map(|file| Ok(hex(&Sha256::digest(super::read(file)?))))
                .collect::<Result<Vec<String>, Failure>>()?,
        ),
    };
    let (tier, source, fields) = (args.tier.clone(), args.source.clone(), args.field.clone());
    ask(&args.asking, What::Open(OpenScope { tier, source, records, fields }), shared)
}
