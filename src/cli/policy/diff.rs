//! `garim policy diff`: what two policies mean differently, in sentences; what that does to tokens, and what shows more.

use std::path::{Path, PathBuf};

use super::super::output::Out;
use super::super::{Exit, Failure, Format, Shared};
use crate::policy::diff::{About, Change, Shows, diff};
use crate::policy::{self, Policy};
use crate::telemetry::hex;

/// Arguments of `policy diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
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
    let mut above = String::new();
    for change in changes {
        let heading = heading(change);
        if change.joins.is_none() && above != heading {
            writeln!(out, "\n{bold}{heading}{bold:#}")?;
            above = heading;
        }
        writeln!(out, "  {}", change.sentence)?;
        if let Some(joins) = change.joins {
            let more = change.shows == Some(Shows::More);
            writeln!(out, "      {joins}{}", if more { "; and more is shown" } else { "" })?;
        }
    }
    Ok(())
}

/// What stands above changes that change no token: those that show more come first, then those that show less.
fn heading(change: &Change) -> String {
    match (change.shows, change.about) {
        (Some(Shows::More), _) => "more is shown, to more, or for longer".to_owned(),
        (Some(Shows::Less), _) => "less is shown, to fewer, or not for so long".to_owned(),
        (None, About::Policy) => "policy".to_owned(),
        (None, About::Category) => "categories".to_owned(),
        (None, about) => format!("{}s", about.name()),
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
            "shows": change.shows.map(Shows::name),
            "sentence": change.sentence,
        })
    });
    serde_json::json!({
        "schema_version": 1,
        "old": side(old),
        "new": side(new),
        "tokens_change": changes.iter().any(|change| change.joins.is_some()),
        "shows_more": changes.iter().any(|change| change.shows == Some(Shows::More)),
        "changes": entries.collect::<Vec<_>>(),
    })
}
