//! `garim policy diff`: what two policies mean differently, and what that does to tokens.

use std::path::{Path, PathBuf};

use super::output::Out;
use super::{Exit, Failure, Format, Shared};
use crate::policy::diff::{About, Change, diff};
use crate::policy::{self, Policy};
use crate::telemetry::hex;

/// Arguments of `policy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Compare two policies by what they mean, first of all what changes tokens
    Diff(Diff),
}

/// Arguments of `policy diff`.
#[derive(Debug, clap::Args)]
struct Diff {
    /// The policy as it was
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The policy as it is to be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// End with 1 when they differ in meaning
    #[arg(long)]
    exit_code: bool,
}

/// Compares and reports.
///
/// # Errors
/// When a policy has faults, or standard output cannot be written.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let Verb::Diff(args) = &args.verb;
    let (old, new) = (policy::load(&args.old)?, policy::load(&args.new)?);
    let changes = diff(&old, &new);
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(out, "{}", document(&old, &new, &changes))?,
        Format::Text => tell(&old, &new, &changes, &mut out)?,
    }
    out.flush()?;
    Ok(if args.exit_code && !changes.is_empty() { Exit::No } else { Exit::Done })
}

fn tell(old: &Policy, new: &Policy, changes: &[Change], out: &mut Out) -> Result<(), Failure> {
    let bold = anstyle::Style::new().bold();
    if changes.is_empty() {
        let same = old.plan.digest == new.plan.digest;
        let digest = if same { "" } else { "; their digests differ, so `garim` names another policy in each record" };
        writeln!(out, "both mean the same{digest}")?;
        return Ok(());
    }
    let tokens = changes.iter().filter(|change| change.joins.is_some()).count();
    if tokens == 0 {
        writeln!(out, "{bold}no token changes{bold:#}")?;
    } else {
        writeln!(out, "{bold}tokens change{bold:#}")?;
    }
    let mut about = None;
    for change in changes {
        if change.joins.is_none() && about != Some(change.about) {
            about = Some(change.about);
            writeln!(out, "\n{bold}{}{bold:#}", heading(change))?;
        }
        writeln!(out, "  {}", line(change))?;
        if let Some(joins) = change.joins {
            writeln!(out, "      {joins}")?;
        }
    }
    Ok(())
}

fn heading(change: &Change) -> String {
    match change.about {
        About::Policy => "policy".to_owned(),
        about => format!("{}s", about.name()),
    }
}

/// `tier login-3m, keep: 3 months -> 6 months`
fn line(change: &Change) -> String {
    let place = match change.about {
        About::Policy => "policy".to_owned(),
        about => format!("{} {}", about.name(), change.place),
    };
    match (&change.old, &change.new, change.aspect.as_str()) {
        (None, _, "") => format!("{place} is new"),
        (_, None, "") => format!("{place} is gone"),
        (None, Some(new), aspect) => format!("{place}, {aspect}: {new} (new)"),
        (Some(old), None, aspect) => format!("{place}, {aspect}: {old} (gone)"),
        (old, new, aspect) => {
            let words = |value: &Option<String>| value.clone().unwrap_or_default();
            format!("{place}, {aspect}: {} -> {}", words(old), words(new))
        }
    }
}

fn document(old: &Policy, new: &Policy, changes: &[Change]) -> serde_json::Value {
    let side = |policy: &Policy| {
        let path: &Path = &policy.path;
        serde_json::json!({ "path": path.to_string_lossy(), "digest": hex(&policy.plan.digest) })
    };
    let entries = changes.iter().map(|change| {
        serde_json::json!({
            "about": change.about.name(),
            "place": change.place,
            "aspect": change.aspect,
            "old": change.old,
            "new": change.new,
            "joins": change.joins,
        })
    });
    serde_json::json!({
        "schema_version": 1,
        "old": side(old),
        "new": side(new),
        "tokens_change": changes.iter().any(|change| change.joins.is_some()),
        "changes": entries.collect::<Vec<_>>(),
    })
}
