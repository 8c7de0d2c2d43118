//! The `garim` program, run as an operator runs it: files in a folder, flags, signals, exit codes, standard error.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::Guarded;

const PROGRAM: &str = env!("CARGO_BIN_EXE_garim");

/// A folder with a policy, a key store and settings: where garim runs.
pub(crate) struct Site {
    folder: TempDir,
    /// The policy file.
    pub(crate) policy: PathBuf,
    brokers: String,
    /// Lines of `garim.toml` that a test wants otherwise: section, key, value.
    extra: Vec<(&'static str, String)>,
}

impl Site {
    /// A site with a copy of this policy, and no keys yet.
    pub(crate) fn new(brokers: &str, policy: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("garim-site-").tempdir().expect("a temporary folder");
        let file = folder.path().join("policy.toml");
        fs::write(&file, policy).expect("the policy is written");
        let holidays = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/holidays-kr.toml");
        fs::copy(holidays, folder.path().join("holidays-kr.toml")).expect("the holidays that a shipped policy names");
        Self { folder, policy: file, brokers: String::from(brokers), extra: Vec::new() }
    }

    /// A site with one of the shipped policies.
    pub(crate) fn shipped(brokers: &str, policy: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(policy);
        Self::new(brokers, &fs::read_to_string(file).expect("the shipped policy"))
    }

    /// Sets a line of `garim.toml`: `("worker", "lanes = 2")`.
    pub(crate) fn set(&mut self, section: &'static str, line: impl Into<String>) {
        self.extra.push((section, line.into()));
    }

    /// Where the keys are.
    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// Makes keys for these days.
    pub(crate) fn make_keys(&self, from: &str, until: &str) {
        let keys = self.keys().display().to_string();
        let policy = self.policy.display().to_string();
        let made = once(&["keys", "new", "--keys", &keys, "--policy", &policy, "--from", from, "--until", until]);
        assert_eq!(code(&made), 0, "{}", stderr(&made));
    }

    /// Makes the inputs of the policy that are not there yet, of one partition each: `run` wants all of them.
    pub(crate) fn make_inputs(&self, admin: &Admin, replication: i32) {
        let plan = garim::policy::load(&self.policy).expect("a policy").plan;
        let there = admin.topics();
        for topic in
            plan.sources.iter().flat_map(|source| &source.topics).filter(|topic| !there.contains_key(&***topic))
        {
            admin.create(topic, 1, replication, &[]);
        }
    }

    /// Makes the topics of the policy.
    pub(crate) fn make_topics(&self, arguments: &[&str]) -> Output {
        let config = self.config("topics", 1).0.display().to_string();
        let mut all = vec!["topics", "apply", "-c", &config, "--yes"];
        all.extend(arguments);
        once(&all)
    }

    /// Writes `garim.toml` for a verb that is run once.
    pub(crate) fn settings(&self, name: &str) -> PathBuf {
        self.config(name, 1).0
    }

    /// Runs a verb on these settings, to its end.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Output {
        let config = self.config("verbs", 1).0.display().to_string();
        once(&[arguments, &["-c", &config]].concat())
    }

    /// Starts a verb on these settings.
    pub(crate) fn begin(&self, arguments: &[&str]) -> std::process::Child {
        let config = self.config("verbs", 1).0.display().to_string();
        let command = &mut Command::new(PROGRAM);
        let command = command.args(arguments).args(["-c", &config]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("garim can be started")
    }

    /// Writes `garim.toml` for one process; answers the file and the port of its pages.
    fn config(&self, instance: &str, lanes: usize) -> (PathBuf, u16) {
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port();
        let mut sections = std::collections::BTreeMap::<&str, Vec<String>>::new();
        let lines = [
            ("kafka", format!("brokers = \"{}\"", self.brokers)),
            ("kafka", String::from("transaction-timeout-ms = 20000")),
            ("kafka.properties", String::from("\"session.timeout.ms\" = 6000")),
            ("worker", format!("instance = \"{instance}\"")),
            ("worker", format!("lanes = {lanes}")),
            ("worker", String::from("commit-ms = 200")),
            ("keys", format!("dir = \"{}\"", self.keys().display())),
            // The events of these tests have days of their own.
            ("keys", String::from("horizon = \"off\"")),
            ("http", format!("address = \"127.0.0.1:{port}\"")),
        ];
        for (section, line) in
            lines.into_iter().chain(self.extra.iter().map(|(section, line)| (*section, line.clone())))
        {
            let key = line.split('=').next().map(str::trim).map(String::from).expect("a key");
            let section = sections.entry(section).or_default();
            section.retain(|known| known.split('=').next().map(str::trim) != Some(&key));
            section.push(line);
        }
        let mut text = format!("version = 1\npolicy = \"{}\"\n", self.policy.display());
        for (section, lines) in sections {
            text.push_str(&format!("[{section}]\n{}\n", lines.join("\n")));
        }
        let file = self.folder.path().join(format!("{instance}.toml"));
        fs::write(&file, text).expect("the settings are written");
        (file, port)
    }

    /// Starts `garim run`.
    pub(crate) fn run(&self, instance: &str, lanes: usize) -> Garim {
        let (config, port) = self.config(instance, lanes);
        let command: Vec<String> =
            [PROGRAM, "run", "-c", &config.display().to_string(), "--log-format", "json"].map(String::from).to_vec();
        let folder = self.folder.path().to_path_buf();
        // Several runs of one instance write to one file each.
        let run = fs::read_dir(&folder).expect("the folder").count();
        let (out, err) = (folder.join(format!("{instance}.{run}.out")), folder.join(format!("{instance}.{run}.err")));
        let process = Guarded::start(&command, &[], &out, &err);
        Garim { process, out, err, port }
    }

    /// Everything that any run of this site wrote to its standard streams.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.folder.path()).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "err" || extension == "out") {
                text.push_str(&String::from_utf8_lossy(&fs::read(&path).expect("a log")));
            }
        }
        text
    }
}

/// A running `garim run`.
pub(crate) struct Garim {
    process: Guarded,
    out: PathBuf,
    err: PathBuf,
    port: u16,
}

impl Garim {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Kills it, as a power failure would, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.process.signal("KILL");
        assert_eq!(self.exit(Duration::from_secs(20)), 128 + 9);
    }

    /// Asks it to stop, and waits until it has: exit code 0.
    pub(crate) fn stop(mut self) {
        self.process.signal("TERM");
        let code = self.exit(Duration::from_secs(60));
        assert_eq!(code, 0, "{}", self.log());
    }

    /// Its exit code, once it has ended.
    pub(crate) fn exit(&mut self, deadline: Duration) -> i32 {
        until("garim ends", deadline, || self.process.ended())
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// What it wrote to standard error and, which has to be nothing, to standard output.
    pub(crate) fn log(&self) -> String {
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        read(&self.err) + &read(&self.out)
    }

    /// One of its pages: status and text; `None` when nobody listens.
    pub(crate) fn page(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer))
    }

    /// Waits until it is ready.
    pub(crate) fn await_ready(&mut self) {
        until("garim is ready", Duration::from_secs(60), || {
            assert!(self.runs(), "garim ended: {}", self.log());
            self.page("/readyz").filter(|(status, _)| *status == 200).map(|_| ())
        });
    }
}

impl Drop for Garim {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- {}", self.err.display());
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Runs a verb to its end.
pub(crate) fn once(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).stdin(Stdio::null()).output().expect("garim can be started")
}

/// Exit code of a verb.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("garim is not killed by a signal")
}

/// Standard error of a verb.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output of a verb.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
