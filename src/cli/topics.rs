//! `garim topics`: the topics that a policy needs.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use clap::Subcommand;

use super::{Exit, Failure, Format, Shared};
use crate::engine::Engine;
use crate::flow::message::FaultClass;
use crate::kafka::Fault;
use crate::kafka::topics::{Admin, Cluster, Made, Needed, Role, needed};
use crate::service::{audit, settings};

/// Arguments of `topics`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the topics that the policy needs and the brokers do not have; asks first
    Apply(Apply),
}

#[derive(Debug, clap::Args)]
struct Apply {
    /// Partitions of new topics [default: those of the input, else 6]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: Option<i32>,
    /// Replicas of new topics [default: 3, or as many as there are brokers]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=100))]
    replication_factor: Option<i32>,
    /// Make the input topics too
    #[arg(long)]
    with_inputs: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Replicas of a topic where there are brokers enough: two may fail before a record is lost.
const REPLICATION: usize = 3;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes topics.
///
/// # Errors
/// [`Exit::Unavailable`] when the brokers are away or refuse, [`Exit::Config`] for faulty files.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Apply(args) => apply(args, shared),
    }
}

/// A fault of the brokers as a failure of the verb.
pub fn unavailable(fault: Fault) -> Failure {
    let help = match fault.class {
        FaultClass::BrokerAway => Some("are the brokers of [kafka] up, and is this address right?"),
        FaultClass::Authorization => Some("credentials stand in [kafka.properties]; the ACLs must allow this"),
        _ => None,
    };
    let failure = Failure::new(Exit::Unavailable, fault);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

fn apply(args: &Apply, shared: &Shared) -> Result<Exit, Failure> {
    let settings = settings::load(&shared.config()?, &[])?;
    let plan = crate::policy::load(&shared.policy_of(&settings)?)?.plan;
    let engine = Engine::new(plan, settings.limits).map_err(|fault| Failure::new(Exit::Config, fault))?;

    let admin = Admin::new(&settings.kafka).map_err(unavailable)?;
    let cluster = admin.look(TIMEOUT).map_err(unavailable)?;
    let mut all = needed(&engine, &cluster.topics, args.partitions, cluster.brokers, args.with_inputs);
    all.extend(audit::topics(cluster.brokers));
    let (there, new): (Vec<Needed>, Vec<Needed>) =
        all.into_iter().partition(|needed| cluster.topics.contains_key(&needed.name));
    let replication = args.replication_factor.unwrap_or(cluster.brokers.clamp(1, REPLICATION) as i32);

    if shared.format == Format::Text {
        tell(&there, &new, replication, &cluster, shared)?;
    }
    if !new.is_empty() && !args.yes && !agreed(new.len())? {
        return Err(Failure::say(Exit::No, "nothing was made"));
    }
    let made = admin.create(&new, replication, TIMEOUT).map_err(unavailable)?;
    if shared.format == Format::Json {
        report(&there, &new, &made, replication, shared)?;
    }
    for (needed, made) in new.iter().zip(&made) {
        if let Made::Failed(fault) = made {
            shared.warn(format_args!("{} was not made: {}, {}", needed.name, fault.code, fault.says));
        }
    }
    let failed = made.iter().filter(|made| matches!(made, Made::Failed(_))).count();
    if failed > 0 {
        return Err(Failure::say(Exit::Unavailable, format_args!("{failed} of {} topics were not made", new.len())));
    }
    if shared.format == Format::Text {
        let mut out = shared.report();
        writeln!(out, "{} topics made, {} were there", new.len(), there.len())?;
        out.flush()?;
    }
    Ok(Exit::Done)
}

fn tell(there: &[Needed], new: &[Needed], replication: i32, cluster: &Cluster, shared: &Shared) -> Result<(), Failure> {
    let mut out = shared.report();
    for needed in there {
        let partitions = cluster.topics.get(&needed.name).copied().unwrap_or_default();
        writeln!(out, "  {}  is there, {partitions} partitions; left alone", needed.name)?;
    }
    for needed in new {
        let kept = needed.configs.iter().find(|(name, _)| *name == "retention.ms").and_then(|(_, ms)| ms.parse().ok());
        let kept = kept.map(|ms: i64| match ms {
            ..0 => String::from(", kept for ever"),
            _ => format!(", kept {} days", ms / 86_400_000),
        });
        let kept = kept.unwrap_or_default();
        writeln!(
            out,
            "+ {}  {}, {} partitions, {replication} replicas{kept}",
            needed.name,
            role(needed.role),
            needed.partitions
        )?;
        if shared.verbose > 0 {
            for (name, value) in &needed.configs {
                writeln!(out, "    {name}={value}")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn report(there: &[Needed], new: &[Needed], made: &[Made], replication: i32, shared: &Shared) -> Result<(), Failure> {
    let topic = |needed: &Needed, state: &str, fault: Option<&Fault>| {
        let configs: serde_json::Map<String, serde_json::Value> =
            needed.configs.iter().map(|(name, value)| (String::from(*name), value.as_str().into())).collect();
        serde_json::json!({
            "topic": needed.name, "role": role(needed.role), "state": state, "partitions": needed.partitions,
            "replication_factor": replication, "configs": configs, "error": fault.map(|fault| fault.code),
        })
    };
    let mut topics: Vec<serde_json::Value> = there.iter().map(|needed| topic(needed, "left-alone", None)).collect();
    topics.extend(new.iter().zip(made).map(|(needed, made)| match made {
        Made::Created => topic(needed, "made", None),
        Made::Existed => topic(needed, "left-alone", None),
        Made::Failed(fault) => topic(needed, "failed", Some(fault)),
    }));
    let mut out = shared.report();
    writeln!(out, "{}", serde_json::json!({"schema_version": 1, "topics": topics}))?;
    out.flush()?;
    Ok(())
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Input => "input",
        Role::Tier => "tier",
        Role::Quarantine => "quarantine",
        Role::Audit => "audit",
    }
}

/// Asks on the terminal; without one there is nobody to agree.
fn agreed(topics: usize) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::say(Exit::Usage, format_args!("{topics} topics would be made, and nobody can be asked"))
            .help("give --yes"));
    }
    let mut err = std::io::stderr().lock();
    let mut answer = String::new();
    // A terminal that cannot be written to or read from answers nothing, and that is no.
    let asked = write!(err, "Make {topics} topics? [y/N] ").and_then(|()| err.flush());
    Ok(asked.and_then(|()| stdin.lock().read_line(&mut answer)).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}
