//! `garim test`: runs the policy's own examples.

use super::output::Out;
use super::{Exit, Failure, Format, Shared};
use crate::engine::{Engine, Limits};
use crate::policy;
use crate::policy::example::{self, Line, Report};
use crate::pseudonym::epoch::KeyRing;
use crate::secret::Key;

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run the examples whose names contain this
    #[arg(long, value_name = "NAME", default_value = "")]
    filter: String,
}

/// Examples may lie in any year; what operators allow around the Kafka timestamp is no matter of the policy.
pub(super) const LIMITS: Limits = Limits { past_days: 36_500, future_days: 36_500 };

/// Runs the examples and reports; exit code 1 if one fails.
///
/// # Errors
/// When no policy is named, it has faults, or standard output cannot be written.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let path = shared.policy()?;
    let policy = policy::load(&path)?;
    let engine = Engine::new(policy.plan.clone(), LIMITS).map_err(|fault| Failure::new(Exit::Config, fault))?;
    let reports = example::run(&policy, &engine, &fresh_keys()?, &args.filter)
        .map_err(|_| Failure::say(Exit::Internal, "a ring made for the run lacks a key"))?;
    if reports.is_empty() && !args.filter.is_empty() {
        return Err(Failure::say(Exit::Usage, format!("no example's name contains `{}`", args.filter)));
    }
    let failed = reports.iter().filter(|report| !report.differences.is_empty()).count();
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(out, "{}", json(&reports, failed))?,
        Format::Text => {
            for report in &reports {
                tell(report, &path.display().to_string(), shared, &mut out)?;
            }
            writeln!(out, "{} passed, {failed} failed", reports.len() - failed)?;
        }
    }
    out.flush()?;
    Ok(if failed > 0 { Exit::No } else { Exit::Done })
}

/// Keys of this run, kept in memory.
pub(super) fn fresh_keys() -> Result<KeyRing, Failure> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|_| Failure::say(Exit::Internal, "the system gives no random bytes"))?;
    Ok(KeyRing::ephemeral(Key::new(&secret)))
}

fn tell(report: &Report, path: &str, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let style = |color: anstyle::AnsiColor| color.on_default().bold();
    let (green, red) = (style(anstyle::AnsiColor::Green), style(anstyle::AnsiColor::Red));
    if report.differences.is_empty() {
        if !shared.quiet {
            writeln!(out, "{green}ok{green:#}     {}", report.name)?;
        }
        return Ok(());
    }
    writeln!(out, "{red}FAILED{red:#} {} ({path}:{})", report.name, report.line)?;
    for difference in &report.differences {
        match &difference.tier {
            Some(tier) => writeln!(out, "  tier {tier} (- expected, + found)")?,
            None => writeln!(out, "  the record (- expected, + found)")?,
        }
        for line in difference.lines() {
            match line {
                Line::Same(text) => writeln!(out, "      {text}")?,
                Line::Missing(text) => writeln!(out, "    {red}- {text}{red:#}")?,
                Line::Extra(text) => writeln!(out, "    {green}+ {text}{green:#}")?,
            }
        }
    }
    Ok(())
}

fn json(reports: &[Report], failed: usize) -> serde_json::Value {
    let examples: Vec<_> = reports
        .iter()
        .map(|report| {
            let differences: Vec<_> = report
                .differences
                .iter()
                .map(|one| serde_json::json!({ "tier": one.tier, "expected": one.expected, "found": one.found }))
                .collect();
            serde_json::json!({ "name": report.name, "line": report.line, "passed": differences.is_empty(), "differences": differences })
        })
        .collect();
    serde_json::json!({ "schema_version": 1, "passed": reports.len() - failed, "failed": failed, "examples": examples })
}
