//! Apache Kafka in KRaft mode: one broker or three, on free ports, in a temporary folder, gone when dropped.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tempfile::TempDir;

use crate::admin;
use crate::awaiting::until;

/// Any sixteen bytes in base64 name a cluster.
const CLUSTER_ID: &str = "Z2FyaW0tdGVzdC1jbHVzdA";

/// Runs a program under a shell that kills it when this process ends, in whatever way: then the shell's standard input,
/// a pipe that we hold, is closed. The first line of the shell's output is the program's process id, its exit status is
/// the program's own (128 + n after signal n).
const GUARD: &str = r#"
out=$1 err=$2; shift 2
exec 3<&0
"$@" </dev/null >>"$out" 2>>"$err" 3<&- & child=$!
echo "$child"
{ read -r _ <&3; kill -9 "$child"; } 2>/dev/null & guard=$!
wait "$child"; status=$?
kill "$guard" 2>/dev/null
exit "$status"
"#;

/// A guarded process: dies with the test.
pub(crate) struct Guarded {
    shell: Child,
    pid: u32,
}

impl Guarded {
    /// Starts `command`; what it writes goes to the two files.
    pub(crate) fn start(command: &[String], environment: &[(String, String)], out: &Path, err: &Path) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .args([out, err])
            .args(command)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("standard output is piped"))
            .read_line(&mut line)
            .expect("the shell answers");
        let pid = line.trim().parse().expect("the first line is a process id");
        Self { shell, pid }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal by name, `KILL`, `TERM`, `HUP`, `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status().expect("kill can be run");
        assert!(sent.success(), "process {} takes signal {name}", self.pid);
    }

    /// Its exit status if it has ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let status = self.shell.try_wait().expect("the shell can be waited for")?;
        Some(status.code().expect("the shell is not killed by a signal"))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

struct Broker {
    folder: PathBuf,
    process: Option<Guarded>,
}

/// A cluster of one broker or three.
pub(crate) struct Cluster {
    folder: TempDir,
    brokers: Vec<Broker>,
    ports: Vec<u16>,
}

/// The single broker that most tests share while they run.
pub(crate) fn shared() -> Arc<Cluster> {
    static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    shared.upgrade().unwrap_or_else(|| {
        let cluster = Arc::new(Cluster::start(1));
        *shared = Arc::downgrade(&cluster);
        cluster
    })
}

impl Cluster {
    /// Starts so many brokers, and waits until all of them serve.
    pub(crate) fn start(count: usize) -> Self {
        Self::start_with(count, &[])
    }

    /// As [`Cluster::start`], with more lines in the brokers' properties. Brokers that ask who is there are not waited for:
    /// this client has no name.
    pub(crate) fn start_with(count: usize, more: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("garim-kafka-").tempdir().expect("a temporary folder");
        let ports = free_ports(2 * count);
        let mut cluster = Self { folder, brokers: Vec::new(), ports };
        for index in 0..count {
            let folder = cluster.folder.path().join(format!("broker-{}", index + 1));
            fs::create_dir_all(folder.join("data")).expect("a folder for the broker");
            let properties = format!("{}{}\n", cluster.properties(index, count), more.join("\n"));
            fs::write(folder.join("server.properties"), properties).expect("its properties");
            cluster.brokers.push(Broker { folder, process: None });
        }
        let formats: Vec<Child> = (0..count).map(|index| cluster.format(index, count)).collect();
        for format in formats {
            let output = format.wait_with_output().expect("the format tool ends");
            assert!(output.status.success(), "format: {}", String::from_utf8_lossy(&output.stderr));
        }
        for index in 0..count {
            cluster.restart(index);
        }
        if !more.iter().any(|line| line.starts_with("authorizer.")) {
            cluster.await_brokers(count);
        }
        cluster
    }

    /// `bootstrap.servers` of all brokers.
    pub(crate) fn brokers(&self) -> String {
        let count = self.brokers.len();
        let addresses: Vec<String> = self.ports[..count].iter().map(|port| format!("127.0.0.1:{port}")).collect();
        addresses.join(",")
    }

    /// Kills one broker as a power failure would.
    pub(crate) fn kill(&mut self, index: usize) {
        let mut process = self.brokers[index].process.take().expect("the broker runs");
        process.signal("KILL");
        until("the broker is gone", Duration::from_secs(20), || process.ended());
    }

    /// Sends a signal to a broker: `STOP` makes it slow, not dead.
    pub(crate) fn signal(&self, index: usize, name: &str) {
        self.brokers[index].process.as_ref().expect("the broker runs").signal(name);
    }

    /// Starts a broker that is down; does not wait for it.
    pub(crate) fn restart(&mut self, index: usize) {
        let broker = &mut self.brokers[index];
        assert!(broker.process.is_none(), "the broker is down");
        let command = java(
            &["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
            "kafka.Kafka",
            &[broker.folder.join("server.properties").display().to_string()],
        );
        let (out, err) = (broker.folder.join("out.txt"), broker.folder.join("err.txt"));
        broker.process = Some(Guarded::start(&command, &[], &out, &err));
    }

    /// Waits until so many brokers are in the metadata.
    pub(crate) fn await_brokers(&self, count: usize) {
        let asking = admin::Admin::new(&self.brokers());
        until("all brokers serve", Duration::from_secs(90), || (asking.brokers() == Some(count)).then_some(()));
    }

    fn format(&self, index: usize, count: usize) -> Child {
        let properties = self.brokers[index].folder.join("server.properties").display().to_string();
        let mut arguments: Vec<String> = ["format", "-t", CLUSTER_ID, "-c", &properties].map(String::from).to_vec();
        if count == 1 {
            arguments.push(String::from("--standalone"));
        }
        let command = java(&["-Xmx128m", "-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool", &arguments);
        Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("java can be started")
    }

    fn properties(&self, index: usize, count: usize) -> String {
        let (id, port, controller) = (index + 1, self.ports[index], self.ports[count + index]);
        let data = self.folder.path().join(format!("broker-{id}")).join("data");
        let replicas = count.min(3);
        let in_sync = if count >= 3 { 2 } else { 1 };
        let mut text = format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
             controller.listener.names=CONTROLLER\n\
             log.dirs={}\n\
             auto.create.topics.enable=false\n\
             group.initial.rebalance.delay.ms=0\n\
             offsets.topic.num.partitions=6\n\
             offsets.topic.replication.factor={replicas}\n\
             transaction.state.log.num.partitions=6\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={in_sync}\n\
             min.insync.replicas={in_sync}\n\
             share.coordinator.state.topic.replication.factor={replicas}\n\
             share.coordinator.state.topic.min.isr={in_sync}\n\
             log.cleaner.dedupe.buffer.size=4194304\n\
             controlled.shutdown.enable=false\n",
            data.display()
        );
        if count == 1 {
            writeln!(text, "controller.quorum.bootstrap.servers=127.0.0.1:{controller}").expect("strings grow");
        } else {
            let voters: Vec<String> =
                (0..count).map(|other| format!("{}@127.0.0.1:{}", other + 1, self.ports[count + other])).collect();
            writeln!(text, "controller.quorum.voters={}", voters.join(",")).expect("strings grow");
        }
        text
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for broker in &self.brokers {
                let log = fs::read_to_string(broker.folder.join("err.txt")).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                eprintln!("--- {}", broker.folder.display());
                tail.iter().rev().for_each(|line| eprintln!("{line}"));
            }
        }
    }
}

fn java(options: &[&str], class: &str, arguments: &[String]) -> Vec<String> {
    let mut command = vec![String::from("java")];
    command.extend(options.iter().map(|option| String::from(*option)));
    command.push(String::from("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
    command.extend([String::from("-cp"), jars().join("*").display().to_string(), String::from(class)]);
    command.extend(arguments.iter().cloned());
    command
}

/// The folder with Kafka's jars. Without it nothing can be tested, and that is a failure.
fn jars() -> PathBuf {
    let folder = std::env::var_os("GARIM_KAFKA_JARS")
        .map(PathBuf::from)
        .expect("GARIM_KAFKA_JARS names the folder with Kafka's jars; start these tests by tests/run");
    assert!(folder.is_dir(), "{} is no folder; start these tests by tests/run", folder.display());
    folder
}

/// Ports that nobody listens on now; all are held until the last is found, so that they differ.
fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("a bound port").port()).collect()
}
