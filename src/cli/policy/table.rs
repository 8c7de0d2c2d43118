//! `garim policy table`: the notice's own tables, printed from the policy.

use jiff::civil::Date;

use super::super::{Exit, Failure, Format, Shared};
use crate::policy;
use crate::policy::notice::notice;

/// Arguments of `policy table`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The form of the tables [default: markdown, or json with --format json]
    #[arg(long = "as", value_name = "FORM")]
    form: Option<Form>,
    /// Give the deadlines of an event on this day [default: the day from which the policy is in force]
    #[arg(long, value_name = "DATE")]
    event_day: Option<Date>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Form {
    /// Tables for a page, a wiki or a review
    Markdown,
    /// A whole page, for publishing
    Html,
    /// One document, for programs
    Json,
}

/// Prints the tables.
///
/// # Errors
/// When the policy has faults, or standard output cannot be written.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let policy = policy::load(&shared.policy()?)?;
    let effective = policy.file.effective.as_ref().map(|date| date.value);
    // A policy without a day in force is refused when it is loaded.
    let day = args.event_day.or(effective).unwrap_or(Date::ZERO);
    let notice = notice(&policy, day);
    let form = args.form.unwrap_or(match shared.format {
        Format::Text => Form::Markdown,
        Format::Json => Form::Json,
    });
    let mut out = shared.report();
    match form {
        Form::Markdown => write!(out, "{}", notice.markdown())?,
        Form::Html => write!(out, "{}", notice.html())?,
        Form::Json => writeln!(out, "{}", notice.json())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}
