//! `garim sign`: a person's signature under a request of two people, after its words were read.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::{Exit, Failure, Format, Shared};
use crate::limits::{REQUEST_HOURS_DEFAULT, REQUEST_HOURS_MAX, REQUEST_TEXT_BYTES_MAX};
use crate::service::request::{PersonKey, Refused, Request, SignedRequest, VERSION, What};
use crate::service::settings;
use crate::telemetry::hex;

/// Arguments of `sign`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The request: the requester signs first, then the approver
    request: PathBuf,
    /// Who signs: a name of [open.people]
    #[arg(long = "as", value_name = "NAME")]
    person: String,
    /// Their Ed25519 key, mode 0600 (`openssl genpkey -algorithm ed25519` makes one)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Sign without being asked
    #[arg(long)]
    yes: bool,
}

/// What every request says, whatever it asks for.
#[derive(Debug, clap::Args)]
pub(super) struct Asking {
    /// Who asks: a name of [open.people]
    #[arg(long, value_name = "NAME")]
    requester: String,
    /// Who is to approve: another one
    #[arg(long, value_name = "NAME")]
    approver: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The law or contract that allows it
    #[arg(long, value_name = "TEXT")]
    basis: String,
    /// A ticket
    #[arg(long, value_name = "TEXT")]
    ticket: Option<String>,
    /// Hours until the request is refused
    #[arg(long, value_name = "HOURS", default_value_t = REQUEST_HOURS_DEFAULT,
          value_parser = clap::value_parser!(i64).range(1..=REQUEST_HOURS_MAX))]
    hours: i64,
    /// Where the request is written; it must not exist
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Longest request file: its text may double where it is quoted, and two signatures are short.
const FILE_BYTES_MAX: u64 = 2 * REQUEST_TEXT_BYTES_MAX as u64 + 4096;

/// Shows a request, asks, and adds a signature.
///
/// # Errors
/// [`Exit::No`] when the request is refused or the answer is no, [`Exit::Keys`] for the key's file, [`Exit::Unavailable`]
/// when the request cannot be read or written.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let people = match shared.config() {
        Ok(config) => settings::load(&config, &[])?.people,
        // Signing needs no settings: whoever opens has them, and judges.
        Err(_) => Vec::new(),
    };
    let mut signed = read(&args.request)?;
    let request = Request::read(&signed.request).map_err(refused)?;
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(out, "{}", signed.request)?,
        Format::Text => writeln!(out, "{}", request.words())?,
    }
    out.flush()?;
    if !args.yes && !agreed(&args.person)? {
        return Err(Failure::say(Exit::No, "nothing was signed"));
    }
    let key = PersonKey::read(&args.key).map_err(|fault| Failure::new(Exit::Keys, fault))?;
    signed.sign(&args.person, &key, &people).map_err(refused)?;
    replace(&args.request, &signed.to_bytes())?;
    if signed.signatures.len() == 1 {
        let file = args.request.display();
        shared.note(format_args!("{} signs next: `garim sign {file} --as {0} --key KEY.pem`", request.approver));
    }
    Ok(Exit::Done)
}

fn agreed(person: &str) -> Result<bool, Failure> {
    let mut stdin = std::io::stdin().lock();
    if !stdin.is_terminal() {
        return Err(Failure::say(Exit::Usage, "there is no terminal to ask on").help("read the request and give --yes"));
    }
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "Sign this as {person}? Type `yes`: ").and_then(|()| err.flush());
    let mut answer = String::new();
    stdin.read_line(&mut answer).map_err(|error| Failure::new(Exit::Unavailable, error))?;
    Ok(answer.trim() == "yes")
}

/// Reads a request file.
///
/// # Errors
/// [`Exit::Unavailable`] when it cannot be read, [`Exit::No`] when it is none.
pub(super) fn read(path: &Path) -> Result<SignedRequest, Failure> {
    use std::io::Read as _;
    let failed = |error| unread(path, error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::say(Exit::No, format_args!("{} is too long to be a request", path.display())));
    }
    SignedRequest::parse(&bytes).map_err(refused)
}

/// A file that cannot be read, as a failure.
pub(super) fn unread(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(Exit::Unavailable, anyhow::Error::new(error).context(format!("{} cannot be read", path.display())))
}

/// A request that is refused, as a failure.
pub(super) fn refused(refused: Refused) -> Failure {
    let exit = if refused.is_newer() { Exit::Config } else { Exit::No };
    Failure::new(exit, refused)
        .help("`garim open request` and `garim quarantine request` write requests, `garim sign` signs them")
}

/// Writes a request for what is wanted, and says who is to sign it.
///
/// # Errors
/// [`Exit::Usage`] with everything that is wrong with it, [`Exit::Unavailable`] when the file is there or cannot be made.
pub(super) fn ask(asking: &Asking, what: What, shared: &Shared) -> Result<Exit, Failure> {
    let now = jiff::Timestamp::now().round(jiff::Unit::Second).map_err(|error| Failure::new(Exit::Internal, error))?;
    let mut nonce = [0u8; 16];
    getrandom::fill(&mut nonce).map_err(|error| Failure::say(Exit::Internal, error))?;
    let request = Request {
        v: VERSION,
        nonce: hex(&nonce),
        requester: asking.requester.clone(),
        approver: asking.approver.clone(),
        reason: asking.reason.clone(),
        basis: asking.basis.clone(),
        ticket: asking.ticket.clone(),
        made_at: now,
        valid_until: now + jiff::SignedDuration::from_hours(asking.hours),
        what,
    };
    let file = SignedRequest::new(&request).map_err(|refused| Failure::new(Exit::Usage, refused))?;
    let failed = |error: std::io::Error| {
        let said = format!("{} cannot be written", asking.output.display());
        Failure::new(Exit::Unavailable, anyhow::Error::new(error).context(said))
    };
    let mut written = std::fs::OpenOptions::new().write(true).create_new(true).open(&asking.output).map_err(failed)?;
    written.write_all(&file.to_bytes()).and_then(|()| written.sync_all()).map_err(failed)?;
    let mut out = shared.report();
    writeln!(out, "{}", request.words())?;
    out.flush()?;
    let file = asking.output.display();
    shared.note(format_args!(
        "{} signs {file} first, then {}: `garim sign {file} --as NAME --key KEY.pem`",
        asking.requester, asking.approver
    ));
    Ok(Exit::Done)
}

/// Puts new bytes in place of a file's, whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".signing");
    let beside = PathBuf::from(beside);
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&beside).and_then(|mut file| {
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.and_then(|()| std::fs::rename(&beside, path)).inspect_err(|_| drop(std::fs::remove_file(&beside)))
    });
    written.map_err(|error| {
        let said = format!("{} cannot be written beside {}", beside.display(), path.display());
        Failure::new(Exit::Unavailable, anyhow::Error::new(error).context(said))
    })
}
