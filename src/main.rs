//! The program: calls `cli` and leaves with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    garim::cli::main()
}
