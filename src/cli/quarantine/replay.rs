//! `garim quarantine replay`: opens refused records and sends them through the engine again, as two people asked.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::super::topics::unavailable;
use super::super::{Exit, Failure, Format, Shared, audit, sign};
use crate::engine::Engine;
use crate::service::audit::TopicActs;
use crate::service::keeper;
use crate::service::quarantine::Identities;
use crate::service::quarantine::replay::{Left, Replay, ReplayFault, Report};
use crate::service::request::{ReplayScope, SignedRequest, What};
use crate::service::settings::Settings;
use crate::service::{Loaded, now_ms};
use crate::telemetry::audit::Acts as _;
use crate::telemetry::audit::entry::{self, Act};
use crate::telemetry::hex;

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The request, signed by both
    request: PathBuf,
    /// The age identity that opens the records: a person's file, 0600
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// The key store [default: that of the settings]
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// Open and treat, but write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let (settings, engine) = super::engine(shared)?;
    let (signed, scope) = request(&args.request, &settings, &engine)?;
    keeper::guard_memory();
    let identities = Identities::read(&args.identity).map_err(|fault| {
        Failure::new(Exit::Keys, fault).help("it is the file that `age-keygen -o` made for `quarantine.recipient`")
    })?;
    let dir = match &args.keys {
        Some(dir) => dir.clone(),
        None => shared.key_store(settings.keys.as_ref())?,
    };
    // What is replayed is of the past: how far ahead keys reach does not matter here.
    let mut own = Settings { horizon_days: None, ..settings.clone() };
    own.kafka.instance = String::from("replay");
    let (loaded, held) = keeper::admit(engine.into(), &dir, &own).map_err(super::super::run::failure)?;
    let result = replay(args, &signed, &scope, &loaded, &identities, &settings, shared);
    drop(loaded);
    // Whatever came of it, this process holds no keys any more.
    let stopped = held.stopped().map_err(super::super::run::failure);
    let exit = result?;
    stopped.map(|()| exit)
}

fn replay(
    args: &Args,
    signed: &SignedRequest,
    scope: &ReplayScope,
    loaded: &Loaded,
    identities: &Identities,
    settings: &Settings,
    shared: &Shared,
) -> Result<Exit, Failure> {
    let digest = hex(&Sha256::digest(signed.request.as_bytes()));
    let replay = Replay::begin(loaded, &settings.kafka, identities, &digest, args.dry_run).map_err(failure)?;
    // First the act, then its effect: nothing was opened so far.
    let mut acts = TopicActs::open(&settings.kafka).map_err(audit::refused)?;
    let by = super::super::actor();
    let opening = entry::What::Opening { request: signed.request.clone(), signatures: signed.signatures.clone() };
    acts.append(&Act::new(now_ms(), &by, opening)).map_err(audit::refused)?;
    let (report, result) = replay.run(scope);
    let opened = entry::What::Opened { request: digest, records: report.replayed };
    acts.append(&Act::new(now_ms(), &by, opened)).map_err(audit::refused)?;
    tell(&report, args.dry_run, shared)?;
    result.map_err(failure)?;
    let strange = report.left.iter().filter(|(.., left)| *left == Left::Stranger).count();
    if strange > 0 && report.replayed == 0 {
        return Err(Failure::say(Exit::Keys, format_args!("the identity opens none of {strange} records"))
            .help("they were sealed to another recipient; give the identity of that one"));
    }
    if report.left.is_empty() { Ok(Exit::Done) } else { Ok(Exit::Data) }
}

/// The request, if two people signed it and it asks for a replay of quarantine topics of this policy.
fn request(path: &Path, settings: &Settings, engine: &Engine) -> Result<(SignedRequest, ReplayScope), Failure> {
    let signed = sign::read(path)?;
    let verified = signed.verify(&settings.people, jiff::Timestamp::now()).map_err(sign::refused)?;
    let What::Replay(scope) = verified.what else {
        return Err(Failure::say(Exit::No, "the request is not one of a replay").help("`garim open` takes it"));
    };
    let topics = super::topics_of(engine);
    match scope.spans.iter().find(|span| !topics.contains(&span.topic)) {
        Some(span) => Err(Failure::say(Exit::No, format_args!("{} is no quarantine topic of the policy", span.topic))),
        None => Ok((signed, scope)),
    }
}

fn failure(fault: ReplayFault) -> Failure {
    let again = "what was written before is not written twice: run it again";
    match fault {
        ReplayFault::Broker(fault) => unavailable(fault).help(again),
        fault @ (ReplayFault::Fenced | ReplayFault::Random) => Failure::new(Exit::Unavailable, fault).help(again),
        ReplayFault::Key { what, help } => Failure::say(Exit::Keys, what).help(format_args!("{help}; {again}")),
    }
}

fn tell(report: &Report, dry: bool, shared: &Shared) -> Result<(), Failure> {
    let mut out = shared.report();
    if shared.format == Format::Json {
        let left: Vec<serde_json::Value> = report
            .left
            .iter()
            .map(|(topic, at, left)| {
                serde_json::json!({"topic": topic, "partition": at.partition, "offset": at.offset, "why": left.code()})
            })
            .collect();
        let document = serde_json::json!({
            "schema_version": 1, "dry_run": dry, "asked": report.asked, "already_replayed": report.settled,
            "replayed": report.replayed, "written": report.written, "left": left, "gone": report.gone,
        });
        writeln!(out, "{document}")?;
        out.flush()?;
        return Ok(());
    }
    let word = if dry { "would be replayed" } else { "replayed" };
    writeln!(
        out,
        "{} asked for: {} {word}, {} were replayed before, {} left",
        report.asked,
        report.replayed,
        report.settled,
        report.left.len()
    )?;
    for (topic, records) in &report.written {
        writeln!(out, "  {records:>7}  to {topic}")?;
    }
    for (topic, at, left) in &report.left {
        writeln!(out, "  left  {topic} [{}] {}  {}", at.partition, at.offset, left.code())?;
    }
    if report.gone > 0 {
        writeln!(out, "  {} offsets of the request are no longer in their topics", report.gone)?;
    }
    out.flush()?;
    Ok(())
}
