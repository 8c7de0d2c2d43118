//! `garim keys tenant`: makes the keys of tenants, whose ids are read and never told.

use std::io::Read;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::super::{Exit, Failure, Format, Shared};
use super::{Trace, halted, key_names};
use crate::limits::PAYLOAD_BYTES_MAX;
use crate::policy::key::{KeyId, Store, steady};
use crate::pseudonym::epoch::canonical_tenant;
use crate::telemetry::audit::entry::What;

/// Arguments of `keys tenant`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// Source of the policy whose tenants these are; their ids are read from standard input, one a line
    #[arg(long, value_name = "NAME")]
    source: String,
    /// Folder of the log of acts, where no topic keeps it [default: `audit` in the key store]
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
}

/// Makes the missing keys, and tells their numbers.
///
/// # Errors
/// As [`super::run`]; and [`Exit::Data`] when the lines are no text or too long.
pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let dir = shared.key_store(args.keys.as_ref())?;
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let Some(source) = plan.sources.iter().find(|source| *source.name == *args.source) else {
        let names: Vec<_> = plan.sources.iter().map(|source| &*source.name).collect();
        let failure = Failure::say(Exit::Usage, format_args!("the policy has no source `{}`", args.source));
        return Err(failure.help(format_args!("there is `{}`", names.join("`, `"))));
    };
    if source.tenant.is_none() {
        let message = format!("the source `{}` has no tenants", source.name);
        return Err(
            Failure::say(Exit::Config, message).help("say in the policy where they stand: `tenant = \"/pointer\"`")
        );
    }
    let text = lines()?;
    let tenants: Vec<&[u8]> = text.lines().filter_map(canonical_tenant).map(str::as_bytes).collect();
    let mut trace = Trace::new(shared, args.audit.as_deref(), &dir);
    trace.resume()?;
    let mut announce = |store: &str, keys: &[KeyId]| {
        trace.tell(What::KeysMade { store: store.to_owned(), keys: key_names(keys) }).map(drop)
    };
    let added = Store::add_tenants(&dir, &source.name, &tenants, &mut announce, &mut steady).map_err(halted)?;

    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(
            out,
            "{}",
            serde_json::json!({
                "schema_version": 1, "keys": dir.display().to_string(), "source": args.source, "made": added.made,
                "kept": added.kept, "destroyed": added.destroyed,
            })
        )?,
        Format::Text => writeln!(
            out,
            "{} tenants' keys made, {} were there, {} were destroyed and are not made again: source {}, in {}",
            added.made,
            added.kept,
            added.destroyed,
            args.source,
            dir.display()
        )?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The whole of standard input. A list of tenants is as long as a record may be: 30,000 ids of 36 characters.
fn lines() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().take(PAYLOAD_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length <= PAYLOAD_BYTES_MAX => Ok(text),
        Ok(_) => Err(Failure::say(Exit::Data, format_args!("standard input has more than {PAYLOAD_BYTES_MAX} bytes"))
            .help("give the tenants in several runs; those that have a key are left alone")),
        Err(error) => Err(Failure::say(Exit::Data, format_args!("cannot read standard input: {}", error.kind()))
            .help("give the tenants' ids as UTF-8, one a line")),
    }
}
