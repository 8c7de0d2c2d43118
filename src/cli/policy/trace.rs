//! `garim policy trace`: the duties of the notice, where each is implemented and tested, or what is missing.

use super::super::{Exit, Failure, Format, Shared};
use crate::policy::trace::{REQUIREMENTS, Requirement, State};

/// Arguments of `policy trace`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these requirements, such as R-018
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only those that are not met whole
    #[arg(long)]
    open: bool,
}

/// Lists the requirements.
///
/// # Errors
/// [`Exit::Usage`] for an id that none has; when standard output cannot be written.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    if let Some(id) = args.ids.iter().find(|id| REQUIREMENTS.iter().all(|known| !known.id.eq_ignore_ascii_case(id))) {
        return Err(Failure::say(Exit::Usage, format!("no requirement has the id {id}"))
            .help("ids are R-001 to R-053; without one, all are listed"));
    }
    let wanted = |one: &&Requirement| {
        (args.ids.is_empty() || args.ids.iter().any(|id| one.id.eq_ignore_ascii_case(id)))
            && !(args.open && one.state == State::Holds)
    };
    let chosen: Vec<&Requirement> = REQUIREMENTS.iter().filter(wanted).collect();
    let mut out = shared.report();
    if shared.format == Format::Json {
        let list: Vec<_> = chosen.iter().map(|one| entry(one)).collect();
        writeln!(out, "{}", serde_json::json!({ "schema_version": 1, "requirements": list }))?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    let bold = anstyle::Style::new().bold();
    for one in &chosen {
        writeln!(out, "{bold}{}{bold:#} {}: {}", one.id, one.state.name(), one.what)?;
        if !one.at.is_empty() {
            writeln!(out, "  in     {}", one.at.join(", "))?;
        }
        for test in one.tests {
            writeln!(out, "  tested {test}")?;
        }
        if !one.missing.is_empty() {
            writeln!(out, "  missing: {}", one.missing)?;
        }
    }
    let count = |state| chosen.iter().filter(|one| one.state == state).count();
    let (holds, part, not) = (count(State::Holds), count(State::InPart), count(State::NotYet));
    writeln!(out, "{} requirements: {holds} hold, {part} in part, {not} not yet", chosen.len())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn entry(one: &Requirement) -> serde_json::Value {
    serde_json::json!({
        "id": one.id,
        "what": one.what,
        "state": one.state.name(),
        "at": one.at,
        "tests": one.tests,
        "missing": (!one.missing.is_empty()).then_some(one.missing),
    })
}
