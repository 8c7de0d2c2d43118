//! `garim check`: every fault of the policy and of the settings, in one go.

use std::path::Path;

use super::output::Out;
use super::test::LIMITS;
use super::{Exit, Failure, Format, Shared};
use crate::diagnostic::Faults;
use crate::engine::{Engine, Limits};
use crate::limits::HOLIDAY_YEARS_AHEAD;
use crate::policy::{self, Policy};
use crate::service::settings;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Refuse warnings too
    #[arg(long)]
    deny_warnings: bool,
}

/// Checks and reports.
///
/// # Errors
/// When no policy is named, or standard output cannot be written.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let mut faults = Faults::default();
    let mut summaries = Vec::new();
    // Settings are checked where they are named or found; a policy alone can be checked too.
    let settings = match shared.config() {
        Ok(paths) => match settings::load(&paths, &[]) {
            Ok(settings) => {
                summaries.push(format!("{}: no faults", paths[0].display()));
                Some(settings)
            }
            Err(found) => {
                summaries.push(format!("{}: {}", paths[0].display(), counts(&found)));
                faults.append(found);
                None
            }
        },
        Err(_) => None,
    };
    let path = match shared.policy.clone().or_else(|| settings.as_ref().and_then(|settings| settings.policy.clone())) {
        // Settings that cannot be read may name one; where there are none, that is the complaint.
        None if faults.is_empty() => Some(shared.policy()?),
        path => path,
    };
    if let Some(path) = path {
        let limits = settings.as_ref().map_or(LIMITS, |settings| settings.limits);
        let in_clear = settings.as_ref().is_some_and(|settings| settings.kafka.lets_cross_in_clear());
        let (mut found, parts) = check_policy(&path, limits, in_clear);
        if settings.is_some_and(|settings| settings.quarantine_recipient.is_some()) {
            // What is refused stays readable for whoever has the other half of that key.
            found.diagnostics.retain(|one| one.code != "G0127");
        }
        summaries.push(format!("{}: {}{parts}", path.display(), counts(&found)));
        faults.append(found);
    }
    let mut out = shared.report();
    tell(&faults, &summaries, shared, &mut out)?;
    out.flush()?;
    let refused = faults.error_count() > 0 || (args.deny_warnings && !faults.is_empty());
    Ok(if refused { Exit::Config } else { Exit::Done })
}

/// The complaints about a policy, and what it consists of; `in_clear` where the settings do not encrypt what is sent.
fn check_policy(path: &Path, limits: Limits, in_clear: bool) -> (Faults, String) {
    let mut policy = match policy::load(path) {
        Ok(policy) => policy,
        Err(faults) => return (faults, String::new()),
    };
    let summary = summary(&policy);
    holidays(&mut policy);
    grants(&mut policy);
    if in_clear {
        policy.refuse_abroad_in_clear();
    }
    if let Err(fault) = Engine::new(policy.plan, limits) {
        policy.warnings.error("G0100", 0..0, format!("the policy does not compile: {fault}"));
    }
    (policy.warnings, summary)
}

/// Complains when the holidays lack one of the years up to which deadlines are counted.
fn holidays(policy: &mut Policy) {
    let Some(named) = &policy.file.holidays else { return };
    let this = policy.plan.zone.to_datetime(jiff::Timestamp::now()).year();
    let missing: Vec<String> = (this..=this.saturating_add(HOLIDAY_YEARS_AHEAD))
        .filter(|year| !policy.plan.holidays.covers(*year))
        .map(|year| year.to_string())
        .collect();
    if !missing.is_empty() {
        let message = format!("the holidays of {} are missing", missing.join(", "));
        policy.warnings.error("G0139", named.span.clone(), message).help =
            Some("add a table for each; until then they count as years without holidays".to_owned());
    }
}

/// Warns of grants that have ended: their recipients are enabled, and get nothing any more.
fn grants(policy: &mut Policy) {
    let today = policy.plan.zone.to_datetime(jiff::Timestamp::now()).date();
    for recipient in policy.file.recipients.iter().filter(|one| one.enabled.as_ref().is_some_and(|flag| flag.value)) {
        let Some(until) = recipient.grant.as_ref().and_then(|grant| grant.until.as_ref()) else { continue };
        if until.value < today {
            let message = format!("the grant of `{}` has ended: nothing goes to it any more", recipient.name.value);
            policy.warnings.warning("G0185", until.span.clone(), message).help =
                Some("renew the grant, or write `enabled = false`".to_owned());
        }
    }
}

fn tell(faults: &Faults, summaries: &[String], shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.format == Format::Json {
        writeln!(out, "{}", faults.to_json())?;
        return Ok(());
    }
    out.write_all(faults.render(shared.color_out).as_bytes())?;
    if !shared.quiet {
        for summary in summaries {
            writeln!(out, "{summary}")?;
        }
    }
    Ok(())
}

fn counts(faults: &Faults) -> String {
    match (faults.error_count(), faults.warning_count()) {
        (0, 0) => "no faults".to_owned(),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn summary(policy: &Policy) -> String {
    let plan = &policy.plan;
    let items: usize = plan.sources.iter().map(|source| source.items.len()).sum();
    format!(
        "; {}, {}, {}, {}",
        count(plan.sources.len(), "source"),
        count(items, "item"),
        count(plan.tiers.len(), "tier"),
        count(policy.file.examples.len(), "example")
    )
}

/// `1 error`, `2 errors`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
