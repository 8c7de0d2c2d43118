//! `garim check`: every fault of the policy and of the settings, in one go.

use std::path::Path;

use super::output::Out;
use super::{Exit, Failure, Format, Shared};
use crate::diagnostic::Faults;
use crate::policy::{self, Policy};

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
    let path = shared.policy()?;
    let (faults, summary) = match policy::load(&path) {
        Ok(policy) => {
            let summary = summary(&policy);
            (policy.warnings, summary)
        }
        Err(faults) => (faults, String::new()),
    };
    let mut out = shared.report();
    tell(&faults, &path, &summary, shared, &mut out)?;
    out.flush()?;
    let refused = faults.error_count() > 0 || (args.deny_warnings && !faults.is_empty());
    Ok(if refused { Exit::Config } else { Exit::Done })
}

fn tell(faults: &Faults, path: &Path, summary: &str, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.format == Format::Json {
        writeln!(out, "{}", faults.to_json())?;
        return Ok(());
    }
    out.write_all(faults.render(shared.color_out).as_bytes())?;
    if !shared.quiet {
        let counts = match (faults.error_count(), faults.warning_count()) {
            (0, 0) => "no faults".to_owned(),
            (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
        };
        writeln!(out, "{}: {counts}{summary}", path.display())?;
    }
    Ok(())
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
