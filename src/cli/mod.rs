//! The verbs, the flags they share, the exit codes, and how an error is told.
#![expect(clippy::disallowed_methods, reason = "the rim: flags have twins in the environment, and progress takes time")]

pub mod audit;
pub mod check;
pub mod completions;
pub mod demo;
pub mod explain;
pub mod r#gen;
pub mod healthcheck;
pub mod keys;
mod lines;
pub mod lookup;
pub mod mask;
pub mod open;
pub mod output;
pub mod policy;
pub mod quarantine;
pub mod run;
pub mod scan;
pub mod sign;
pub mod test;
pub mod topics;
pub mod version;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::diagnostic::Faults;
use crate::service::audit::TopicActs;
use crate::service::settings;
use crate::telemetry::audit::Acts;
use crate::telemetry::audit::checkpoint::Signer;
use crate::telemetry::audit::file::FileLog;
use output::{Color, Out, WriteFailed};

/// The exit codes of garim; no other one is used, but for the signals' own (130 and 143) at a second signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; also after a clean stop by SIGTERM.
    Done = 0,
    /// 1: a question was asked and its answer is no (an example failed, not ready).
    No = 1,
    /// 2: the command line cannot be understood.
    Usage = 2,
    /// 65: input that cannot be treated; what could be treated was.
    Data = 65,
    /// 69: a broker, a topic or an output is not available, or access to it was refused.
    Unavailable = 69,
    /// 70: a fault in garim itself.
    Internal = 70,
    /// 75: the deadline of a stop passed before the work was settled; a new start takes it up again.
    Deadline = 75,
    /// 77: a key file or folder has the wrong mode, owner or content, or a key is missing.
    Keys = 77,
    /// 78: the policy or the settings are wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb ended early: its exit code, the chain of causes, and what the user can do about it.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed and where; its chain says why. Never holds a byte of a payload or of a key.
    pub error: anyhow::Error,
    /// What to do, where there is something.
    pub help: Option<String>,
}

impl Failure {
    /// A failure with this exit code. `error` may be a message or an error with its own chain.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), help: None }
    }

    /// A failure that is told by one sentence.
    pub fn say(exit: Exit, message: impl Display) -> Self {
        Self::new(exit, anyhow::anyhow!("{message}"))
    }

    /// The same failure with a line that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Display) -> Self {
        self.help = Some(help.to_string());
        self
    }
}

impl From<WriteFailed> for Failure {
    fn from(failed: WriteFailed) -> Self {
        Self::new(Exit::Unavailable, failed)
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::new(Exit::Config, faults)
    }
}

/// How results and errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one object a line for streams, one document for reports.
    Json,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// One line of text.
    Text,
    /// One JSON object a line.
    Json,
    /// `key=value` pairs.
    Logfmt,
}

/// Flags that every verb takes, as typed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options of every verb")]
struct Globals {
    /// Settings: where garim runs (file or folder)
    #[arg(short, long, global = true, value_name = "PATH", env = "GARIM_CONFIG", hide_env_values = true)]
    config: Vec<PathBuf>,
    /// Policy: what is done to the data
    #[arg(long, global = true, value_name = "FILE", env = "GARIM_POLICY", hide_env_values = true)]
    policy: Option<PathBuf>,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, env = "GARIM_QUIET", hide_env_values = true, value_parser = FalseyValueParser::new())]
    quiet: bool,
    /// Say more; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "GARIM_COLOR",
        hide_env_values = true,
        default_value = "auto"
    )]
    color: Color,
    /// How results and errors are written
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "GARIM_FORMAT",
        hide_env_values = true,
        default_value = "text"
    )]
    format: Format,
    /// How log lines are written
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "GARIM_LOG_FORMAT",
        hide_env_values = true,
        default_value = "auto"
    )]
    log_format: LogFormat,
    /// Which log lines are written: a level, or `target=level,...` [default: info]
    #[arg(long, global = true, value_name = "LEVEL", env = "GARIM_LOG", hide_env_values = true)]
    log_level: Option<String>,
    /// Do not show progress
    #[arg(long, global = true, env = "GARIM_NO_PROGRESS", hide_env_values = true, value_parser = FalseyValueParser::new())]
    no_progress: bool,
}

/// What the flags of every verb mean, with the environment and the terminal taken into account.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Settings files or folders, as given; see [`Shared::config`].
    pub config: Vec<PathBuf>,
    /// The policy, as given; see [`Shared::policy`].
    pub policy: Option<PathBuf>,
    /// Whether standard output takes colours.
    pub color_out: bool,
    /// Whether standard error takes colours.
    pub color_err: bool,
    /// How results and errors are written.
    pub format: Format,
    /// Only results and errors.
    pub quiet: bool,
    /// How much more to say: 0, 1, 2 ...
    pub verbose: u8,
    /// How log lines are written; never `Auto`.
    pub log_format: LogFormat,
    /// Which log lines are written, in the syntax of `RUST_LOG`.
    pub log_level: String,
    /// Whether a progress bar may be drawn on standard error.
    pub progress: bool,
    /// Whether progress may be told in lines on standard error, where no bar can be drawn.
    pub progress_lines: bool,
}

impl Shared {
    fn new(globals: Globals) -> Self {
        let err_terminal = std::io::stderr().is_terminal();
        let log_level = globals.log_level.or_else(|| std::env::var("RUST_LOG").ok().filter(|level| !level.is_empty()));
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let progress = !globals.quiet && !globals.no_progress && globals.format == Format::Text;
        Self {
            config: globals.config,
            policy: globals.policy,
            color_out: globals.color.on(std::io::stdout().is_terminal()),
            color_err: globals.color.on(err_terminal),
            format: globals.format,
            quiet: globals.quiet,
            verbose: globals.verbose,
            log_format: match globals.log_format {
                LogFormat::Auto if err_terminal => LogFormat::Text,
                LogFormat::Auto => LogFormat::Json,
                chosen => chosen,
            },
            log_level: log_level.unwrap_or_else(|| {
                String::from(match globals.verbose {
                    0 => "info",
                    1 => "debug",
                    _ => "trace",
                })
            }),
            progress: progress && err_terminal && !dumb,
            progress_lines: progress,
        }
    }

    /// The settings: `-c`, else `GARIM_CONFIG`, else `/etc/garim/garim.toml` where that file exists.
    ///
    /// # Errors
    /// [`Exit::Usage`] when there is none.
    pub fn config(&self) -> Result<Vec<PathBuf>, Failure> {
        if !self.config.is_empty() {
            return Ok(self.config.clone());
        }
        let system = PathBuf::from("/etc/garim/garim.toml");
        if system.is_file() {
            return Ok(vec![system]);
        }
        Err(Failure::say(Exit::Usage, "no settings file was named, and /etc/garim/garim.toml does not exist")
            .help("give `-c config/garim.toml`, or set GARIM_CONFIG"))
    }

    /// The policy: `--policy`, else `GARIM_POLICY`, else the one that the settings name.
    ///
    /// # Errors
    /// [`Exit::Usage`] when none is named, [`Exit::Config`] when the settings cannot be read.
    pub fn policy(&self) -> Result<PathBuf, Failure> {
        let named = match (&self.policy, self.config()) {
            (Some(policy), _) => Some(policy.clone()),
            (None, Ok(config)) => settings::load(&config, &[])?.policy,
            (None, Err(_)) => None,
        };
        named.ok_or_else(|| {
            Failure::say(Exit::Usage, "no policy was named")
                .help("give `--policy config/kakao-work.toml`, or set GARIM_POLICY")
        })
    }

    /// As [`Shared::policy`], where the settings were read already.
    ///
    /// # Errors
    /// [`Exit::Usage`] when neither names one.
    pub fn policy_of(&self, settings: &settings::Settings) -> Result<PathBuf, Failure> {
        match (&self.policy, &settings.policy) {
            (Some(given), _) | (None, Some(given)) => Ok(given.clone()),
            (None, None) => self.policy(),
        }
    }

    /// The key store: the flag of the verb, else the one that the settings name.
    ///
    /// # Errors
    /// [`Exit::Usage`] when none is named, [`Exit::Config`] when the settings cannot be read.
    pub fn key_store(&self, given: Option<&PathBuf>) -> Result<PathBuf, Failure> {
        let named = match (given, self.config()) {
            (Some(keys), _) => Some(keys.clone()),
            (None, Ok(config)) => settings::load(&config, &[])?.keys,
            (None, Err(_)) => None,
        };
        named.ok_or_else(|| {
            Failure::say(Exit::Usage, "no key store was named").help("give `--keys DIR`, or set GARIM_KEYS")
        })
    }

    /// The log that a verb's acts go to: that of all hosts on its topic where there are settings, as `-c`, GARIM_CONFIG or
    /// `/etc/garim/garim.toml` name them; with `audit`, or without settings, a log of files in `audit`, or in `audit` below
    /// the key store `store`. The settings' name and signing key hold for both.
    ///
    /// # Errors
    /// [`Exit::Config`] when the settings cannot be read, [`Exit::Keys`] for the signing key, else as [`audit::refused`]
    /// says.
    pub fn acts(&self, audit: Option<&Path>, store: &Path) -> Result<Box<dyn Acts>, Failure> {
        let settings = match self.config() {
            Ok(config) => Some(settings::load(&config, &[])?),
            Err(_) => None,
        };
        if let (Some(settings), None) = (&settings, audit) {
            return Ok(Box::new(TopicActs::open(&settings.kafka).map_err(audit::refused)?));
        }
        let dir = audit.map_or_else(|| store.join("audit"), Path::to_path_buf);
        let named = settings.map(|settings| settings.audit);
        let name = named.as_ref().map_or("garim", |named| &named.name);
        let signer = match named.as_ref().and_then(|named| named.signing_key.as_ref()) {
            Some(key) => Some(Signer::load(key, name).map_err(|fault| Failure::new(Exit::Keys, fault))?),
            None => None,
        };
        Ok(Box::new(FileLog::open(&dir, name, signer).map_err(audit::refused)?))
    }

    /// Standard output for reports: buffered, styles removed where colours are off.
    pub fn report(&self) -> Out {
        Out::report(self.color_out)
    }

    /// Standard output for data: buffered, every byte as given.
    pub fn data(&self) -> Out {
        Out::data()
    }

    /// A sentence to the user on standard error, unless `--quiet`. Reports of failed writes are of no use there.
    pub fn note(&self, message: impl Display) {
        if !self.quiet {
            self.tell("note", anstyle::AnsiColor::Cyan, &message);
        }
    }

    /// A warning on standard error, also with `--quiet`.
    pub fn warn(&self, message: impl Display) {
        self.tell("warning", anstyle::AnsiColor::Yellow, &message);
    }

    fn tell(&self, word: &str, color: anstyle::AnsiColor, message: &dyn Display) {
        let mut err = std::io::stderr().lock();
        let _ = match self.format {
            Format::Json => writeln!(err, "{}", serde_json::json!({word: message.to_string()})),
            Format::Text => {
                let style = if self.color_err { color.on_default().bold() } else { anstyle::Style::new() };
                writeln!(err, "{style}{word}{style:#}: {message}")
            }
        };
    }

    fn complain(&self, failure: &Failure) {
        let mut err = std::io::stderr().lock();
        let _ = match self.format {
            Format::Json => writeln!(err, "{}", failure_json(failure)),
            Format::Text if failure.error.is::<Faults>() => {
                // They have a form of their own, with place and caret.
                let faults = failure.error.downcast_ref::<Faults>().map(|faults| faults.render(self.color_err));
                err.write_all(faults.unwrap_or_default().trim_end().as_bytes()).and_then(|()| writeln!(err))
            }
            Format::Text => {
                let (red, blue) = match self.color_err {
                    true => (anstyle::AnsiColor::Red.on_default().bold(), anstyle::AnsiColor::Blue.on_default().bold()),
                    false => Default::default(),
                };
                let mut text = format!("{red}error{red:#}: {}\n", failure.error);
                for cause in failure.error.chain().skip(1) {
                    text.push_str(&format!("  {blue}cause{blue:#}: {cause}\n"));
                }
                if let Some(help) = &failure.help {
                    text.push_str(&format!("  {blue}help{blue:#}: {help}\n"));
                }
                err.write_all(text.as_bytes())
            }
        };
    }
}

/// Who acts, as the log of acts says it: the user's number and the host's name.
fn actor() -> String {
    format!("user {} at {}", rustix::process::getuid().as_raw(), settings::host())
}

fn failure_json(failure: &Failure) -> serde_json::Value {
    if let Some(faults) = failure.error.downcast_ref::<Faults>() {
        return faults.to_json();
    }
    serde_json::json!({
        "schema_version": 1,
        "error": {
            "exit": failure.exit as u8,
            "message": failure.error.to_string(),
            "causes": failure.error.chain().skip(1).map(ToString::to_string).collect::<Vec<_>>(),
            "help": failure.help,
        }
    })
}

/// Masks, pseudonymizes and routes service activity logs into retention tiers, exactly once
#[derive(Debug, Parser)]
#[command(name = "garim", version, propagate_version = false, max_term_width = 110)]
#[command(arg_required_else_help = true, subcommand_required = true)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

/// One line a verb; each is a file of this folder.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the whole job on an embedded cluster; needs no set-up
    Demo(demo::Args),
    /// Treat what comes in on Kafka, until stopped
    Run(run::Args),
    /// Find every fault of the policy and of the settings
    Check(check::Args),
    /// Print a policy as a notice, compare it with another one or with records, trace its requirements
    Policy(policy::Args),
    /// Treat files or standard input by a policy
    Mask(mask::Args),
    /// Find identifiers in files, standard input or a topic: where and of what kind, not which
    Scan(scan::Args),
    /// Write synthetic activity logs of persons that cannot exist
    Gen(r#gen::Args),
    /// Tell why a record is treated as it is, or what a code means
    Explain(explain::Args),
    /// Run the policy's own examples
    Test(test::Args),
    /// Make and list the keys of pseudonyms
    Keys(keys::Args),
    /// Check, show and export the tamper-evident log of acts and commit windows
    Audit(audit::Args),
    /// Compute the tokens of one identifier, for a reason
    Lookup(lookup::Args),
    /// Make the topics that a policy needs
    Topics(topics::Args),
    /// List refused records, and send them through the engine again
    Quarantine(quarantine::Args),
    /// Open sealed values, as two people asked
    Open(open::Args),
    /// Sign a request of two people
    Sign(sign::Args),
    /// Ask a running garim whether it is ready
    Healthcheck(healthcheck::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print the version; with --verbose also what was built in
    Version(version::Args),
}

fn run(verb: &Verb, shared: &Shared) -> Result<Exit, Failure> {
    match verb {
        Verb::Demo(args) => demo::run(args, shared),
        Verb::Run(args) => run::run(args, shared),
        Verb::Healthcheck(args) => healthcheck::run(args, shared),
        Verb::Check(args) => check::run(args, shared),
        Verb::Policy(args) => policy::run(args, shared),
        Verb::Mask(args) => mask::run(args, shared),
        Verb::Scan(args) => scan::run(args, shared),
        Verb::Gen(args) => r#gen::run(args, shared),
        Verb::Explain(args) => explain::run(args, shared),
        Verb::Test(args) => test::run(args, shared),
        Verb::Keys(args) => keys::run(args, shared),
        Verb::Audit(args) => audit::run(args, shared),
        Verb::Lookup(args) => lookup::run(args, shared),
        Verb::Topics(args) => topics::run(args, shared),
        Verb::Quarantine(args) => quarantine::run(args, shared),
        Verb::Open(args) => open::run(args, shared),
        Verb::Sign(args) => sign::run(args, shared),
        Verb::Completions(args) => completions::run(args, shared),
        Verb::Version(args) => version::run(args, shared),
    }
}

/// The whole program: reads the command line, runs the verb, tells its error, and gives the exit code.
pub fn main() -> ExitCode {
    silence_panics();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let parsed =
        command(&arguments).try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments),
    };
    let shared = Shared::new(cli.globals);
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| run(&cli.verb, &shared)));
    match ended {
        Ok(Ok(exit)) => exit.into(),
        // Whoever closed the pipe has seen enough, as with `head`.
        Ok(Err(failure)) if failure.error.downcast_ref::<WriteFailed>().is_some_and(WriteFailed::is_closed_pipe) => {
            Exit::Done.into()
        }
        Ok(Err(failure)) => {
            shared.complain(&failure);
            failure.exit.into()
        }
        Err(_) => Exit::Internal.into(),
    }
}

/// The command with its colours chosen before it is parsed, so that its own errors obey `--color`.
fn command(arguments: &[OsString]) -> clap::Command {
    let chosen = given(arguments, "--color").or_else(|| std::env::var_os("GARIM_COLOR"));
    let choice = match chosen.as_deref().and_then(OsStr::to_str) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    };
    Cli::command().color(choice)
}

/// The command as completions see it.
fn bare_command() -> clap::Command {
    Cli::command()
}

/// The value of a long flag, wherever it stands; for what must be known before parsing.
fn given(arguments: &[OsString], flag: &str) -> Option<OsString> {
    let mut rest = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    while let Some(argument) = rest.next() {
        if argument == flag {
            return rest.next().cloned();
        }
        let value = argument.to_str().and_then(|text| text.strip_prefix(flag)).and_then(|text| text.strip_prefix('='));
        if let Some(value) = value {
            return Some(value.into());
        }
    }
    None
}

fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let format = given(arguments, "--format").or_else(|| std::env::var_os("GARIM_FORMAT"));
    if error.use_stderr() && format.is_some_and(|format| format == "json") {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let failure = Failure::say(Exit::Usage, message).help("see `garim --help`");
        let _ = writeln!(std::io::stderr(), "{}", failure_json(&failure));
    } else {
        let _ = error.print();
    }
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

/// A panic tells its place only: its message may quote what was being read.
fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let _ = writeln!(std::io::stderr(), "garim: internal fault{place}; please report it");
    }));
}
