//! `garim completions SHELL`: what a shell needs to complete garim's verbs and flags.

use clap_complete::Shell;

use super::{Exit, Failure, Shared};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::bare_command(), "garim", &mut script);
    let mut out = shared.data();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}
