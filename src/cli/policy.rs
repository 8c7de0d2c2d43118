//! `garim policy`: what a policy says, to people: as a notice, beside another one, beside records, beside its requirements.

mod coverage;
mod diff;
mod table;
mod trace;

use super::{Exit, Failure, Shared};

/// Arguments of `policy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Print the notice that the policy implements: what is collected, how long it is kept, who gets a share
    Table(table::Args),
    /// Compare two policies by what they mean, first of all what changes tokens
    Diff(diff::Args),
    /// Count which fields records have, and which of them the policy rules; no value is shown
    Coverage(coverage::Args),
    /// List the duties of the notice: where each is implemented and tested, or what is missing
    Trace(trace::Args),
}

/// Prints, compares, counts or traces.
///
/// # Errors
/// [`Exit::Config`] when a policy has faults, [`Exit::Data`] and [`Exit::Unavailable`] when records cannot be read.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Table(args) => table::run(args, shared),
        Verb::Diff(args) => diff::run(args, shared),
        Verb::Coverage(args) => coverage::run(args, shared),
        Verb::Trace(args) => trace::run(args, shared),
    }
}
