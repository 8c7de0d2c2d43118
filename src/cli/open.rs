//! `garim open`: sealed values of some records, opened because two people signed for it.
//!
//! Workers hold the secret that seals. That two people are needed is enforced by this verb and by the rights on the key
//! store's files, not by cryptography: whoever may read those files can open what they seal, without a trace.

mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use rustix::fs::{CWD, RenameFlags};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::topics::unavailable;
use super::{Exit, Failure, Format, Shared, keys, sign};
use crate::kafka::log::LogReader;
use crate::limits::{OPEN_FILE_BYTES_MAX, REQUEST_RECORDS_MAX};
use crate::service::custody::Custodian;
use crate::service::keeper::guard_memory;
use crate::service::now_ms;
use crate::service::opening::{Left, NoScope, Opener, topic_of};
use crate::service::request::{OpenScope, Records, SignedRequest, What};
use crate::service::settings;
use crate::telemetry::audit::entry;
use crate::telemetry::hex;

/// Arguments of `open`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The request, signed by both
    #[arg(required = true)]
    signed: Option<PathBuf>,
    /// The files that the request names by their digest; none where it names a topic
    files: Vec<PathBuf>,
    /// Folder of the key store
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
    /// Folder of the log of acts, where no topic keeps it
    #[arg(long, value_name = "DIR")]
    audit: Option<PathBuf>,
    /// Where the opened values go: a new file that only you may read
    #[arg(short, long, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a request to open sealed values, for two people to sign
    Request(request::Args),
}

/// What became of the records of a request.
#[derive(Default)]
struct Report {
    opened: u64,
    left: BTreeMap<Left, u64>,
}

/// Writes a request, or opens what a signed one names.
///
/// # Errors
/// [`Exit::No`] for a request that is refused, [`Exit::Keys`] for the store and for destroyed keys, [`Exit::Unavailable`]
/// for brokers, files and the log of acts: then nothing was opened, and no output is left.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    if let Some(Verb::Request(args)) = &args.verb {
        return request::run(args, shared);
    }
    let (Some(path), Some(output)) = (&args.signed, &args.output) else {
        return Err(Failure::say(Exit::Usage, "give a signed request, and -o FILE"));
    };
    guard_memory();
    let settings = settings::load(&shared.config()?, &[])?;
    let signed = sign::read(path)?;
    let request = signed.verify(&settings.people, jiff::Timestamp::now()).map_err(sign::refused)?;
    let What::Open(scope) = request.what else {
        return Err(Failure::say(Exit::No, "the request is not one to open sealed values")
            .help("`garim quarantine replay` takes it"));
    };
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let topic = topic_of(&plan, &scope.tier, &scope.source).map_err(no_scope)?;
    let dir = shared.key_store(args.keys.as_ref())?;
    let mut store = keys::open(&dir)?;
    let mut acts = shared.acts(args.audit.as_deref(), &dir)?;
    let (by, host) = (super::actor(), settings::host());
    let mut custodian = Custodian::new(&mut *acts, &by, &host, &now_ms).map_err(keys::forbidden)?;
    let mut from = Input::of(&scope, &topic, &args.files, &settings.kafka)?;
    let mut result = Values::create(output)?;

    // First the act, then its effect: nothing was opened so far.
    let SignedRequest { request: text, signatures } = signed;
    let digest = hex(&Sha256::digest(text.as_bytes()));
    custodian.act(entry::What::Opening { request: text, signatures }).map_err(keys::forbidden)?;
    // The log of acts up to there is the judge: a key whose end was begun opens nothing, nor one that was copied back.
    store.forget(&custodian.custody.destroyed());
    let mut opener = Opener::new(&plan, &store, &scope).map_err(no_scope)?;
    drop(store);
    let mut report = Report::default();
    from.each(&mut |at, record| report.take(&mut opener, at, record, &mut result))?;
    custodian.act(entry::What::Opened { request: digest, records: report.opened }).map_err(keys::forbidden)?;
    if report.opened > 0 {
        result.keep()?;
    }
    report.tell(shared)
}

fn no_scope(none: NoScope) -> Failure {
    Failure::new(Exit::No, none).help("the request must name a tier, a source and a topic of the policy in force")
}

impl Report {
    /// Opens one record and writes its line.
    fn take(&mut self, opener: &mut Opener, at: &str, record: &[u8], into: &mut Values) -> Result<(), Failure> {
        let mut line = Zeroizing::new(String::with_capacity(at.len() + record.len() + 64));
        let _ = write!(line, "{{\"at\":{at}");
        match opener.open(record, &mut line) {
            Err(left) => *self.left.entry(left).or_default() += 1,
            Ok(()) => {
                line.push_str("}\n");
                into.write(line.as_bytes())?;
                self.opened += 1;
            }
        }
        Ok(())
    }

    fn tell(&self, shared: &Shared) -> Result<Exit, Failure> {
        let destroyed = self.left.get(&Left::KeyDestroyed).copied().unwrap_or(0);
        let mut out = shared.report();
        match shared.format {
            Format::Json => {
                let left: BTreeMap<&str, u64> = self.left.iter().map(|(left, count)| (left.code(), *count)).collect();
                let document = serde_json::json!({"schema_version": 1, "opened": self.opened, "left": left});
                writeln!(out, "{document}")?;
            }
            Format::Text => {
                writeln!(out, "{} records opened, {} left", self.opened, self.left.values().sum::<u64>())?;
                for (left, count) in &self.left {
                    writeln!(out, "{count:>7}  {}", left.code())?;
                }
            }
        }
        out.flush()?;
        match (self.opened, destroyed) {
            (0, 1..) => Err(Failure::say(Exit::Keys, "the key of these records is destroyed: nobody can open them")),
            (0, 0) => Err(Failure::say(Exit::Data, "nothing of these records could be opened")),
            _ if self.left.keys().all(|left| matches!(left, Left::NothingSealed | Left::NoSuchField)) => Ok(Exit::Done),
            _ => Ok(Exit::Data),
        }
    }
}

/// Is given each record: its place as JSON, and its bytes.
type Each<'a> = dyn FnMut(&str, &[u8]) -> Result<(), Failure> + 'a;

/// Where the records come from.
enum Input {
    /// Names and bytes, of which the digests were compared.
    Files(Vec<(String, Vec<u8>)>),
    Topic(LogReader, crate::service::request::Span),
}

impl Input {
    /// The records of a scope; of files the whole bytes, so that what was compared is what is opened.
    fn of(
        scope: &OpenScope,
        topic: &str,
        files: &[PathBuf],
        kafka: &crate::kafka::settings::KafkaSettings,
    ) -> Result<Self, Failure> {
        match &scope.records {
            Records::Topic(span) if span.topic != *topic => {
                Err(no_scope(NoScope::Topic(span.topic.clone(), topic.to_owned())))
            }
            Records::Topic(_) if !files.is_empty() => {
                Err(Failure::say(Exit::No, "the request names a topic, and no files").help("leave the files out"))
            }
            Records::Topic(span) => Ok(Self::Topic(LogReader::new(kafka, "open").map_err(unavailable)?, span.clone())),
            Records::Files(digests) => {
                let mut wanted: BTreeSet<&str> = digests.iter().map(String::as_str).collect();
                let (mut given, mut records) = (Vec::new(), 0);
                for file in files {
                    let bytes = read(file)?;
                    if !wanted.remove(&*hex(&Sha256::digest(&bytes))) {
                        let said = format!("{} is no file of the request, or is given twice", file.display());
                        return Err(Failure::say(Exit::No, said).help("its bytes must be those that were signed for"));
                    }
                    records += lines(&bytes).count() as u64;
                    given.push((file.display().to_string(), bytes));
                }
                if !wanted.is_empty() {
                    let said = format!("{} of the request's files are missing", wanted.len());
                    return Err(Failure::say(Exit::Usage, said).help("give all files that the request names"));
                }
                if records > REQUEST_RECORDS_MAX {
                    let said = format!("the files hold {records} records: {REQUEST_RECORDS_MAX} is the most");
                    return Err(Failure::say(Exit::No, said).help("ask for the records that are needed"));
                }
                Ok(Self::Files(given))
            }
        }
    }

    /// Gives each record with its place, as JSON.
    fn each(&mut self, each: &mut Each<'_>) -> Result<(), Failure> {
        match self {
            Self::Files(files) => {
                for (name, bytes) in files {
                    for (line, record) in lines(bytes) {
                        each(&serde_json::json!({"file": &*name, "line": line}).to_string(), record)?;
                    }
                }
                Ok(())
            }
            Self::Topic(reader, span) => {
                let mut failed = None;
                let (topic, partition) = (&*span.topic, span.partition);
                reader
                    .read(topic, partition, span.from, Some(span.until), &mut |stored| {
                        let at = serde_json::json!({"topic": topic, "partition": partition, "offset": stored.offset});
                        let Some(value) = stored.value else { return ControlFlow::Continue(()) };
                        match each(&at.to_string(), value.0) {
                            Ok(()) => ControlFlow::Continue(()),
                            Err(failure) => {
                                failed = Some(failure);
                                ControlFlow::Break(())
                            }
                        }
                    })
                    .map_err(unavailable)?;
                failed.map_or(Ok(()), Err)
            }
        }
    }
}

/// The records of a file with the numbers of their lines, from 1.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_ascii().is_empty())
}

/// A whole file.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| sign::unread(path, error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(OPEN_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > OPEN_FILE_BYTES_MAX {
        let said = format!("{} is longer than {OPEN_FILE_BYTES_MAX} bytes", path.display());
        return Err(Failure::say(Exit::No, said).help("ask for the records that are needed"));
    }
    Ok(bytes)
}

/// The output while it is written: beside its place, readable by its owner only, and gone unless it is kept.
struct Values {
    file: File,
    beside: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Values {
    fn create(path: &Path) -> Result<Self, Failure> {
        let there = || std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        if path.symlink_metadata().is_ok() {
            return Err(unwritten(path, there()));
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".opening");
        let beside = PathBuf::from(beside);
        let mut options = File::options();
        let file = options.write(true).create_new(true).mode(0o600).open(&beside).map_err(|e| unwritten(&beside, e))?;
        Ok(Self { file, beside, path: path.to_owned(), kept: false })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, error))
    }

    /// Puts it in its place, if nothing came there meanwhile.
    fn keep(&mut self) -> Result<(), Failure> {
        let failed = |error| unwritten(&self.path, error);
        self.file.sync_all().map_err(failed)?;
        let moved = rustix::fs::renameat_with(CWD, &self.beside, CWD, &self.path, RenameFlags::NOREPLACE);
        moved.map_err(|error| failed(error.into()))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}

fn unwritten(path: &Path, error: std::io::Error) -> Failure {
    let said = format!("{} cannot be written", path.display());
    Failure::new(Exit::Unavailable, anyhow::Error::new(error).context(said))
        .help("name a new file in a folder of yours")
}
