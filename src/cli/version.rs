//! `garim version`: the version, and with `--verbose` what was built in.

use super::{Exit, Failure, Format, Shared};

/// Arguments of `version`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the version.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(_: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let mut rows = vec![("garim", String::from(env!("CARGO_PKG_VERSION")))];
    if shared.verbose > 0 {
        let (library, features) = crate::kafka::library();
        rows.push(("librdkafka", library));
        rows.push(("builtin.features", features));
        rows.push(("target", format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)));
    }
    let mut out = shared.report();
    match shared.format {
        Format::Json => {
            let fields: serde_json::Map<_, _> =
                rows.into_iter().map(|(name, value)| (name.replace('.', "_"), value.into())).collect();
            writeln!(out, "{}", serde_json::Value::Object(fields))?;
        }
        Format::Text => {
            for (name, value) in rows {
                writeln!(out, "{name} {value}")?;
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
