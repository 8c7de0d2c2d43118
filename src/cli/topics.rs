//! `garim topics`: the topics that a policy needs, and the end of their records.

mod apply;
mod expire;
mod plan;
mod readers;
mod verify;

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;

use super::{Exit, Failure, Shared};
use crate::engine::Engine;
use crate::flow::message::FaultClass;
use crate::kafka::Fault;
use crate::kafka::admin::{Admin, Cluster};
use crate::kafka::drift::Diff;
use crate::kafka::topics::{Role, needed};
use crate::policy::file::File;
use crate::service::audit;
use crate::service::settings::{self, Settings};

/// Arguments of `topics`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what `apply` would make and change, and who may read what
    Plan(plan::Args),
    /// Make the topics that the brokers do not have, and set what is not as the policy needs it; asks first, deletes nothing
    Apply(apply::Args),
    /// Tell of every tier's topics whether records are kept long enough and go in time
    Verify(verify::Args),
    /// Delete the records whose term has ended; for a daily timer; written down before it is done
    Expire(expire::Args),
}

/// Which topics are spoken of, and how new ones are made.
#[derive(Debug, clap::Args)]
struct Wanted {
    /// Partitions of new topics [default: those of the input, else 6]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: Option<i32>,
    /// Replicas of new topics [default: 3, or as many as there are brokers]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=100))]
    replication_factor: Option<i32>,
    /// The input topics too: they are made, and never changed
    #[arg(long)]
    with_inputs: bool,
}

/// Replicas of a topic where there are brokers enough: two may fail before a record is lost.
const REPLICATION: usize = 3;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Plans, makes, looks after or empties topics.
///
/// # Errors
/// [`Exit::Unavailable`] when the brokers are away or refuse, [`Exit::Config`] for faulty files.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Plan(args) => plan::run(args, shared),
        Verb::Apply(args) => apply::run(args, shared),
        Verb::Verify(args) => verify::run(args, shared),
        Verb::Expire(args) => expire::run(args, shared),
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

/// Both files, and a client of the brokers.
struct Site {
    settings: Settings,
    file: File,
    engine: Engine,
    admin: Admin,
}

impl Site {
    fn open(shared: &Shared) -> Result<Self, Failure> {
        let settings = settings::load(&shared.config()?, &[])?;
        let policy = crate::policy::load(&shared.policy_of(&settings)?)?;
        let engine = Engine::new(policy.plan, settings.limits).map_err(|fault| Failure::new(Exit::Config, fault))?;
        let admin = Admin::new(&settings.kafka).map_err(unavailable)?;
        Ok(Self { settings, file: policy.file, engine, admin })
    }

    /// A time in the policy's zone.
    fn time(&self, ms: i64) -> String {
        let at = Timestamp::from_millisecond(ms).map(|at| self.engine.plan().zone.to_datetime(at));
        at.map_or_else(|_| ms.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    /// What separates the brokers from the policy; and how many replicas new topics get.
    fn diff(&self, wanted: &Wanted) -> Result<(Cluster, Diff, i32), Failure> {
        let cluster = self.admin.look(TIMEOUT).map_err(unavailable)?;
        let mut all = needed(&self.engine, &cluster.topics, wanted.partitions, cluster.brokers, wanted.with_inputs);
        all.extend(audit::topics(cluster.brokers));
        let diff = Diff::new(all, &self.admin, &cluster, TIMEOUT).map_err(unavailable)?;
        let replication = wanted.replication_factor.unwrap_or(cluster.brokers.clamp(1, REPLICATION) as i32);
        Ok((cluster, diff, replication))
    }
}

/// Topics whose settings the brokers do not tell, as a failure; after everything else was done.
fn unknown(diff: &Diff) -> Result<(), Failure> {
    match diff.unknown.first() {
        None => Ok(()),
        Some((_, fault)) => Err(unavailable(fault.clone()).help(format!(
            "{} topics were left alone: the ACLs must allow DescribeConfigs on them",
            diff.unknown.len()
        ))),
    }
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
fn agreed(question: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::say(Exit::Usage, format_args!("nobody can be asked: {question}")).help("give --yes"));
    }
    let mut err = std::io::stderr().lock();
    let mut answer = String::new();
    // A terminal that cannot be written to or read from answers nothing, and that is no.
    let asked = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    Ok(asked.and_then(|()| stdin.lock().read_line(&mut answer)).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}
