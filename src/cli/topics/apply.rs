//! `garim topics apply`: makes topics, and sets what is not as the policy needs it.

use std::collections::BTreeMap;

use super::super::{Exit, Failure, Format, Shared};
use super::plan::{State, report, tell};
use super::{Site, TIMEOUT, Wanted, agreed, unavailable, unknown};
use crate::kafka::Fault;
use crate::kafka::admin::{Alter, Made};
use crate::kafka::topics::Needed;

/// Arguments of `topics apply`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Of a topic that is there, only these are set, and nothing else of it changes: cleanup.policy, \
                        message.timestamp.type, retention.ms, retention.bytes, segment.ms. No topic is deleted, no \
                        partition added or taken."
)]
pub(super) struct Args {
    #[command(flatten)]
    wanted: Wanted,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let site = Site::open(shared)?;
    let (_, diff, replication) = site.diff(&args.wanted)?;
    if shared.format == Format::Text {
        let mut out = shared.report();
        tell(&mut out, &diff, replication, shared.verbose > 0)?;
        out.flush()?;
    }
    let question = format!("Make {} topics and change {}?", diff.make.len(), diff.change.len());
    if !diff.is_empty() && !args.yes && !agreed(&question)? {
        return Err(Failure::say(Exit::No, "nothing was made or changed"));
    }
    let made = site.admin.create(&diff.make, replication, TIMEOUT).map_err(unavailable)?;
    let alter: Vec<Alter<'_>> = diff
        .change
        .iter()
        .map(|(needed, changes)| {
            (needed.name.as_str(), changes.iter().map(|change| (change.name, change.to.clone())).collect())
        })
        .collect();
    let altered = site.admin.alter(&alter, TIMEOUT).map_err(unavailable)?;

    let mut became: BTreeMap<&str, State<'_>> = BTreeMap::new();
    for (needed, made) in diff.make.iter().zip(&made) {
        became.insert(&needed.name, was_made(made));
    }
    for ((needed, _), altered) in diff.change.iter().zip(&altered) {
        became.insert(
            &needed.name,
            altered.as_ref().map_or_else(|fault| ("failed", Some(fault)), |()| ("changed", None)),
        );
    }
    let mut out = shared.report();
    if shared.format == Format::Json {
        writeln!(out, "{}", report(&diff, replication, &|needed: &Needed| became.get(needed.name.as_str()).copied()))?;
    }
    let failed: Vec<(&str, &Fault)> =
        became.iter().filter_map(|(topic, (_, fault))| Some((*topic, (*fault)?))).collect();
    for (topic, fault) in &failed {
        shared.warn(format_args!("{topic} was not made or changed: {}, {}", fault.code, fault.says));
    }
    if let Some((_, fault)) = failed.first() {
        out.flush()?;
        let message = format!("{} of {} topics were not made or changed", failed.len(), became.len());
        let help = unavailable((*fault).clone()).help;
        let failure = Failure::say(Exit::Unavailable, message);
        return Err(match help {
            Some(help) => failure.help(help),
            None => failure,
        });
    }
    if shared.format == Format::Text {
        let (make, change, alone) = (diff.make.len(), diff.change.len(), diff.alone.len());
        writeln!(out, "{make} topics made, {change} changed, {alone} were there and left alone")?;
    }
    out.flush()?;
    unknown(&diff)?;
    Ok(Exit::Done)
}

const fn was_made(made: &Made) -> State<'_> {
    match made {
        Made::Created => ("made", None),
        Made::Existed => ("left-alone", None),
        Made::Failed(fault) => ("failed", Some(fault)),
    }
}
