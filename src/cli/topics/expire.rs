//! `garim topics expire`: deletes the records whose term has ended.

use serde_json::{Value, json};

use super::super::run::failure;
use super::super::{Exit, Failure, Format, Shared, actor};
use super::{Site, agreed, unavailable};
use crate::kafka::Fault;
use crate::kafka::log::LogReader;
use crate::record::TierId;
use crate::service::audit::TopicActs;
use crate::service::expiry::{Due, ExpiryFault, Plan, expire, plan};
use crate::service::now_ms;

/// Arguments of `topics expire`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Deleted is what was appended before the day that must stay: nothing goes before the legal minimum of \
                        whatever may have been appended with it. Exit codes: 1 where records were found past the day by which \
                        they must be gone (they are deleted all the same), or a topic could not be judged; 69 where the \
                        brokers refuse."
)]
pub(super) struct Args {
    /// Only the topics of this tier
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// Only show what is due
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let site = Site::open(shared)?;
    let only = args.tier.as_deref().map(|name| tier(&site, name)).transpose()?;
    let reader = LogReader::new(&site.settings.kafka, "expire").map_err(unavailable)?;
    let found = plan(&site.engine, &site.admin, &reader, only, now_ms()).map_err(unavailable)?;
    if shared.format == Format::Text {
        tell(&site, &found, args.dry_run, shared)?;
    }
    let partitions: usize = found.due.iter().map(|due| due.cuts.len()).sum();
    let question = format!("Delete these records of {partitions} partitions for good?");
    let mut refused: Vec<(&str, i32, Fault)> = Vec::new();
    if !args.dry_run && partitions > 0 {
        if !args.yes && !agreed(&question)? {
            return Err(Failure::say(Exit::No, "nothing was deleted"));
        }
        let mut acts = TopicActs::open(&site.settings.kafka).map_err(super::super::audit::refused)?;
        let by = actor();
        for due in &found.due {
            let answers = expire(&site.engine, &site.admin, &mut acts, &by, due).map_err(halted)?;
            refused.extend(answers.into_iter().map(|(partition, fault)| (due.topic.as_str(), partition, fault)));
        }
    }
    if shared.format == Format::Json {
        report(&site, &found, &refused, args.dry_run, shared)?;
    }
    for (topic, partition, fault) in &refused {
        shared.warn(format_args!("{topic}-{partition}: its records were not deleted: {}, {}", fault.code, fault.says));
    }
    if let Some((.., fault)) = refused.into_iter().next() {
        return Err(unavailable(fault));
    }
    let overdue: usize = found.due.iter().map(|due| due.overdue).sum();
    if overdue > 0 {
        let are = if args.dry_run { "are" } else { "were" };
        let message = format!("{overdue} partitions had records that {are} past the day by which they must be gone");
        return Err(Failure::say(Exit::No, message).help("`garim topics expire` has to run every day"));
    }
    Ok(if found.passed.is_empty() { Exit::Done } else { Exit::No })
}

fn tier(site: &Site, name: &str) -> Result<TierId, Failure> {
    let at = site.engine.tiers().iter().position(|tier| &*tier.name == name);
    at.map(|at| TierId(at as u8)).ok_or_else(|| {
        let names: Vec<&str> = site.engine.tiers().iter().map(|tier| &*tier.name).collect();
        Failure::say(Exit::Usage, format_args!("the policy has no tier `{name}`"))
            .help(format!("it has {}", names.join(", ")))
    })
}

/// Why a deletion ended early.
fn halted(fault: ExpiryFault) -> Failure {
    match fault {
        ExpiryFault::Kafka(fault) => unavailable(fault),
        ExpiryFault::Acts(fault) => failure(crate::service::Ended::custody(&fault.into()))
            .help("nothing is deleted while acts cannot be written first"),
    }
}

fn tell(site: &Site, found: &Plan, dry_run: bool, shared: &Shared) -> Result<(), Failure> {
    let mut out = shared.report();
    let word = if dry_run { "would be deleted" } else { "to be deleted" };
    for due in &found.due {
        let tier = &site.engine.tiers()[usize::from(due.tier.0)].name;
        let (cut_off, parts) = (site.time(due.cut_off_ms), due.cuts.len());
        writeln!(
            out,
            "- {}  {tier}: what was appended before {cut_off}, at most {} records of {parts} partitions, {word}",
            due.topic,
            due.most()
        )?;
        for cut in due.cuts.iter().filter(|_| shared.verbose > 0) {
            writeln!(out, "    partition {}: offsets {} to {}", cut.partition, cut.from, cut.before - 1)?;
        }
    }
    for passed in &found.passed {
        writeln!(out, "? {}  nothing is deleted: {}", passed.topic, passed.why)?;
    }
    let (topics, records) = (found.due.len(), found.due.iter().map(Due::most).sum::<i64>());
    writeln!(out, "{topics} topics with records that are due, at most {records} records")?;
    out.flush()?;
    Ok(())
}

fn report(
    site: &Site,
    found: &Plan,
    refused: &[(&str, i32, Fault)],
    dry_run: bool,
    shared: &Shared,
) -> Result<(), Failure> {
    let cuts = |due: &Due| -> Vec<Value> {
        let error = |partition: i32| {
            let failed = refused.iter().find(|(topic, of, _)| *topic == due.topic && *of == partition);
            failed.map(|(.., fault)| fault.code)
        };
        due.cuts
            .iter()
            .map(|cut| {
                json!({"partition": cut.partition, "from": cut.from, "before": cut.before, "error": error(cut.partition)})
            })
            .collect()
    };
    let topics: Vec<Value> = found
        .due
        .iter()
        .map(|due| {
            json!({
                "topic": due.topic, "tier": site.engine.tiers()[usize::from(due.tier.0)].name,
                "cut_off_ms": due.cut_off_ms, "at_most": due.most(), "overdue_partitions": due.overdue,
                "cuts": cuts(due),
            })
        })
        .collect();
    let passed: Vec<Value> =
        found.passed.iter().map(|passed| json!({"topic": passed.topic, "why": passed.why})).collect();
    let mut out = shared.report();
    let told = json!({"schema_version": 1, "dry_run": dry_run, "topics": topics, "passed": passed});
    writeln!(out, "{told}")?;
    out.flush()?;
    Ok(())
}
