//! The audit on a real broker: entries and offsets are one, followers agree, and nothing goes on where it cannot be kept.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use garim::flow::message::FaultClass;
use garim::kafka::log::{LogReader, LogWriter};
use garim::kafka::settings::{Delivery, KafkaSettings};
use garim::policy::synthetic::{Generator, Shares, Source};
use garim::telemetry::audit::entry::{ACTS_TOPIC, WINDOWS_TOPIC, Window};
use garim::telemetry::audit::tree::Tree;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::Cluster;
use crate::process::{Garim, Site, code, once, stderr};
use crate::reading::{Isolation, await_done, behind_of, read};
use crate::writing::{Raw, write};

const INPUT: &str = "kakaowork.activity";
const PARTITIONS: i32 = 6;
const LONG: Duration = Duration::from_secs(120);

/// A key of tests only, of RFC 8410.
const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
                           MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                           -----END PRIVATE KEY-----\n";

/// A broker with the topics of the shipped policy, and where garim runs.
struct Stage {
    cluster: Cluster,
    site: Site,
    written: usize,
}

impl Stage {
    fn new() -> Self {
        let cluster = Cluster::start(1);
        let brokers = cluster.brokers();
        let admin = Admin::new(&brokers);
        admin.create(INPUT, PARTITIONS, 1, &[]);
        let mut site = Site::shipped(&brokers, "kakao-work.toml");
        site.make_inputs(&admin, 1);
        site.make_keys("2026-11-18", "2026-11-22");
        site.set("limits", "past-days = 30");
        let made = site.make_topics(&[]);
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        let stage = Self { cluster, site, written: 0 };
        let key = stage.folder("key.pem");
        fs::write(&key, SIGNING_KEY).expect("the key is written");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
        stage
    }

    fn brokers(&self) -> String {
        self.cluster.brokers()
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.site.keys().parent().expect("a folder").join(name)
    }

    /// `run` follows the audit into this folder from now on, and signs.
    fn follows(&mut self, name: &str) -> PathBuf {
        let dir = self.folder(name);
        self.site.set("audit", format!("dir = \"{}\"", dir.display()));
        let key = self.folder("key.pem").display().to_string();
        self.site.set("audit", format!("signing-key = \"{key}\""));
        dir
    }

    /// Writes so many records, one in two hundred of them broken.
    fn feed(&mut self, records: usize) {
        let start = "2026-11-20T05:00:00Z".parse().expect("a time");
        let shares = Shares { canary: 0, broken: 5 };
        let mut generator = Generator::new(Source::KakaoWork, 7 + self.written as u64, start, shares);
        let mut value = Vec::new();
        let raws = (0..records).map(|number| {
            let stamp = generator.next(&mut value);
            Raw {
                timestamp_ms: Some(stamp.timestamp_ms),
                key: Some(stamp.key.to_vec()),
                ..Raw::value((number % PARTITIONS as usize) as i32, value.clone())
            }
        });
        write(&self.brokers(), INPUT, &raws.collect::<Vec<_>>());
        self.written += records;
    }

    /// Waits until the group has done some of what was written last.
    fn await_some(&self, behind: i64) {
        until("the group commits some of it", LONG, || {
            (behind_of(&self.brokers(), "garim", INPUT) < behind).then_some(())
        });
    }

    fn follow(&self, dir: &Path) {
        let config = self.site.settings("follower").display().to_string();
        let followed = once(&["audit", "follow", "-c", &config, "--once", &dir.display().to_string()]);
        assert_eq!(code(&followed), 0, "{}", stderr(&followed));
    }

    /// Every entry of the topic of windows.
    fn windows(&self) -> Vec<Window> {
        let stored = read(&self.brokers(), WINDOWS_TOPIC, Isolation::Committed);
        let window = |value: &[u8]| Window::from_bytes(value, "the topic").expect("an entry");
        stored.iter().map(|stored| window(stored.value.as_deref().expect("a value"))).collect()
    }

    fn settings(&self) -> KafkaSettings {
        KafkaSettings {
            brokers: self.brokers(),
            group: String::from("tests"),
            instance: String::from("tests"),
            delivery: Delivery::ExactlyOnce,
            allow_plaintext: false,
            transaction_timeout_ms: 20_000,
            properties: Vec::new(),
        }
    }
}

/// Exit code and report of `garim audit verify`.
fn verified(dir: &Path) -> (i32, serde_json::Value) {
    let output = once(&["audit", "verify", "--format", "json", &dir.display().to_string()]);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    (code(&output), report)
}

/// Size and root of the trees in a folder.
fn trees(report: &serde_json::Value) -> Vec<(String, u64, String)> {
    let logs = report["logs"].as_array().expect("logs").iter();
    logs.map(|log| {
        let text = |name: &str| log[name].as_str().expect("a text").to_owned();
        (text("log"), log["size"].as_u64().expect("a size"), text("root"))
    })
    .collect()
}

/// The tiles below a folder, by name.
fn tiles(dir: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>, root: &Path) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tiles(&path, into, root);
        } else if path.components().any(|part| part.as_os_str() == "tile") {
            into.insert(path.strip_prefix(root).expect("below").to_owned(), fs::read(&path).expect("a tile"));
        }
    }
}

/// What the entries say is what the topics hold: pieces read, records written, refusals with their notices.
fn balance(stage: &Stage, windows: &[Window]) {
    let reads = windows.iter().flat_map(|window| &window.read);
    assert_eq!(reads.map(|read| read.pieces).sum::<u64>(), stage.written as u64);
    let mut ends = BTreeMap::new();
    for read in windows.iter().flat_map(|window| &window.read) {
        let end = ends.insert((read.topic.as_str(), read.partition), read.next).unwrap_or(0);
        assert_eq!(read.from, end, "{} {}", read.topic, read.partition);
    }
    let mut written: BTreeMap<&str, u64> = BTreeMap::new();
    for (topic, count) in windows.iter().flat_map(|window| &window.written) {
        *written.entry(topic).or_default() += count;
    }
    for (topic, count) in &written {
        let there = read(&stage.brokers(), topic, Isolation::Committed).len() as u64;
        assert_eq!(there, *count, "{topic}");
    }
    let refused: u64 = windows.iter().flat_map(|window| &window.refused).map(|(_, count)| count).sum();
    assert_eq!(written.get("quarantine.kakaowork"), Some(&refused), "each refusal has its notice");
    assert!(refused > 0);
}

/// Mean time that a lane spent on the entry of a window, in seconds.
fn entry_seconds(garim: &Garim) -> f64 {
    let (_, text) = garim.page("/metrics").expect("the page");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("garim_audit_duration_seconds_{name} ")));
        line.expect("the metric").parse::<f64>().expect("a number")
    };
    value("sum") / value("count")
}

#[test]
fn windows_account_for_everything_whatever_is_killed_and_followers_agree() {
    let mut stage = Stage::new();
    let one = stage.follows("one");
    let mut garim = Some(stage.site.run("first", 2));
    for _ in 0..3 {
        stage.feed(20_000);
        stage.await_some(19_000);
        garim.take().expect("it runs").kill();
        garim = Some(stage.site.run("first", 2));
    }
    stage.feed(20_000);
    await_done(&stage.brokers(), "garim", INPUT, LONG);
    let garim = garim.expect("it runs");
    let mean = entry_seconds(&garim);
    eprintln!("an entry takes a lane {:.3} ms: {:.4} % of its time at a commit a second", mean * 1e3, mean * 1e2);
    assert!(mean < 0.01, "more than one hundredth of a second");
    garim.stop();

    let windows = stage.windows();
    balance(&stage, &windows);

    // Another host, and the first one again, which takes in what the other had to say.
    let two = stage.folder("two");
    stage.follow(&two);
    stage.follow(&one);
    stage.follow(&two);
    let (one_code, one_report) = verified(&one);
    let (two_code, two_report) = verified(&two);
    assert_eq!((one_code, two_code), (0, 0), "{one_report} {two_report}");
    assert_eq!(trees(&one_report), trees(&two_report));
    assert_eq!(trees(&one_report)[1].1, windows.len() as u64);
    let (mut ones, mut twos) = (BTreeMap::new(), BTreeMap::new());
    tiles(&one, &mut ones, &one);
    tiles(&two, &mut twos, &two);
    let common: Vec<&PathBuf> = ones.keys().filter(|path| twos.contains_key(*path)).collect();
    assert!(common.len() >= 4 && common.iter().all(|path| ones[*path] == twos[*path]), "{common:?}");

    // The hint is lost, or wrong: the tree's own entries say where it goes on.
    fs::remove_file(two.join("windows.offset")).expect("the hint is there");
    fs::write(two.join("acts.offset"), "1 3\n").expect("a wrong hint");
    stage.follow(&two);
    assert_eq!(trees(&verified(&two).1), trees(&two_report));

    planted(&stage, &windows);
}

/// A tree in which one window is missing is whole as a tree; its numbers and ranges tell.
fn planted(stage: &Stage, windows: &[Window]) {
    let three = stage.folder("three");
    stage.follow(&three);
    fs::remove_dir_all(three.join("windows")).expect("the tree goes");
    let mut tree = Tree::open(&three.join("windows"), "garim/garim/windows", None).expect("a tree");
    let missing = windows.len() / 2;
    let kept = windows.iter().enumerate().filter(|(index, _)| *index != missing);
    let entries: Vec<Vec<u8>> = kept.map(|(_, window)| window.to_bytes()).collect();
    tree.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("entries");
    tree.sign_checkpoint_now(0).expect("a checkpoint");
    drop(tree);
    let (code, report) = verified(&three);
    assert_eq!(code, 1, "{report}");
    let faults = report["faults"].to_string();
    assert!(faults.contains("are in no window") || faults.contains("windows before it are missing"), "{faults}");
}

#[test]
fn at_least_once_marks_its_windows_and_leaves_nothing_out() {
    let mut stage = Stage::new();
    stage.site.set("worker", "delivery = \"at-least-once\"");
    let dir = stage.follows("one");
    let garim = stage.site.run("first", 1);
    stage.feed(20_000);
    stage.await_some(19_000);
    garim.kill();
    let garim = stage.site.run("first", 1);
    await_done(&stage.brokers(), "garim", INPUT, LONG);
    garim.stop();
    let windows = stage.windows();
    assert!(windows.iter().all(|window| window.delivery == "at-least-once"));
    let pieces: u64 = windows.iter().flat_map(|window| &window.read).map(|read| read.pieces).sum();
    assert!(pieces >= stage.written as u64);
    let (code, report) = verified(&dir);
    assert_eq!(code, 0, "{report}");
}

#[test]
fn lanes_stop_when_the_log_cannot_be_kept() {
    let mut stage = Stage::new();
    let dir = stage.follows("one");
    // The disk takes no more.
    let mut garim = stage.site.run("first", 1);
    stage.feed(2000);
    until("windows are followed", LONG, || dir.join("windows/tile/entries").is_dir().then_some(()));
    fs::rename(dir.join("windows/tile"), dir.join("windows/gone")).expect("the tiles go");
    fs::write(dir.join("windows/tile"), "").expect("something stands in their place");
    stage.feed(2000);
    assert_eq!(garim.exit(LONG), 69, "{}", garim.log());
    assert!(garim.log().contains("windows"), "{}", garim.log());
    // Nor does it start like this; mended, it goes on without a gap.
    let mut garim = stage.site.run("first", 1);
    assert_ne!(garim.exit(LONG), 0, "{}", garim.log());
    fs::remove_file(dir.join("windows/tile")).expect("it goes");
    fs::rename(dir.join("windows/gone"), dir.join("windows/tile")).expect("the tiles are back");
    let garim = stage.site.run("first", 1);
    await_done(&stage.brokers(), "garim", INPUT, LONG);
    garim.stop();
    let (code, report) = verified(&dir);
    assert_eq!(code, 0, "{report}");
    balance(&stage, &stage.windows());

    // The topic is gone: what is treated then is not committed.
    let mut garim = stage.site.run("first", 1);
    garim.await_ready();
    let admin = Admin::new(&stage.brokers());
    admin.delete(WINDOWS_TOPIC);
    stage.feed(2000);
    assert_eq!(garim.exit(LONG), 69, "{}", garim.log());
    assert_eq!(behind_of(&stage.brokers(), "garim", INPUT), 2000, "nothing was skipped");
    let mut garim = stage.site.run("first", 1);
    assert_eq!(garim.exit(LONG), 69, "{}", garim.log());
    assert!(garim.log().contains("garim topics apply"), "{}", garim.log());
}

#[test]
fn entries_that_were_deleted_before_they_were_followed_are_missed() {
    let mut stage = Stage::new();
    let dir = stage.follows("one");
    let garim = stage.site.run("first", 1);
    stage.feed(2000);
    await_done(&stage.brokers(), "garim", INPUT, LONG);
    garim.stop();
    let size = trees(&verified(&dir).1)[1].1;
    assert!(size > 0);
    let end = LogReader::new(&stage.settings(), "test").and_then(|reader| reader.ends(WINDOWS_TOPIC, 0));
    let (first, end) = end.expect("the ends");
    assert_eq!(first, 0);
    Admin::new(&stage.brokers()).cut(WINDOWS_TOPIC, 0, end);
    let config = stage.site.settings("follower").display().to_string();
    for folder in [stage.folder("two"), dir] {
        let followed = once(&["audit", "follow", "-c", &config, "--once", &folder.display().to_string()]);
        assert_ne!(code(&followed), 0);
        assert!(stderr(&followed).contains("deleted before"), "{}", stderr(&followed));
    }
}

#[test]
fn a_log_is_appended_to_and_read_in_ranges() {
    let cluster = Cluster::start(1);
    let admin = Admin::new(&cluster.brokers());
    admin.create("log", 1, 1, &[("message.timestamp.type", "LogAppendTime")]);
    admin.create("wide", 2, 1, &[]);
    let site = Site::shipped(&cluster.brokers(), "kakao-work.toml");
    let stage = Stage { cluster, site, written: 0 };
    let settings = stage.settings();
    let mut writer = LogWriter::new(&settings, "log").expect("a writer");
    for number in 0..5 {
        assert_eq!(writer.append(format!("entry {number}").as_bytes()).expect("acknowledged"), number);
    }
    let reader = LogReader::new(&settings, "test").expect("a reader");
    let range = |from, until, most: usize| {
        let mut seen = Vec::new();
        let next = reader.read("log", 0, from, until, &mut |stored| {
            assert!(stored.timestamp_ms.is_some() && stored.key.is_none() && stored.headers.is_empty());
            seen.push((stored.offset, String::from_utf8_lossy(stored.value.expect("a value").0).into_owned()));
            if seen.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        next.map(|next| (next, seen.iter().map(|(offset, _)| *offset).collect::<Vec<_>>()))
    };
    assert_eq!(range(0, None, 99), Ok((5, vec![0, 1, 2, 3, 4])));
    assert_eq!(range(1, Some(3), 99), Ok((3, vec![1, 2])));
    assert_eq!(range(0, None, 2), Ok((2, vec![0, 1])));
    assert_eq!(range(5, None, 99), Ok((5, vec![])));
    assert_eq!(range(6, None, 99).map_err(|fault| fault.class), Err(FaultClass::OffsetLost));
    admin.cut("log", 0, 2);
    assert_eq!(range(1, None, 99).map_err(|fault| fault.class), Err(FaultClass::OffsetLost));
    assert_eq!(range(2, None, 99), Ok((5, vec![2, 3, 4])));

    let missing = LogWriter::new(&settings, ACTS_TOPIC).map(|_| ()).map_err(|fault| fault.class);
    assert_eq!(missing, Err(FaultClass::TopicMissing));
    assert!(LogWriter::new(&settings, "wide").is_err(), "two partitions have no order");
}

/// The broker has the entry and does not say so: asked again for the same, the writer finds it.
#[test]
fn an_entry_without_an_answer_is_looked_for_before_it_is_written_again() {
    let cluster = Cluster::start(1);
    Admin::new(&cluster.brokers()).create("log", 1, 1, &[]);
    let site = Site::shipped(&cluster.brokers(), "kakao-work.toml");
    let stage = Stage { cluster, site, written: 0 };
    let mut writer = LogWriter::new(&stage.settings(), "log").expect("a writer");
    assert_eq!(writer.append(b"first"), Ok(0));
    stage.cluster.signal(0, "STOP");
    assert!(writer.append(b"second").is_err(), "nobody answers");
    stage.cluster.signal(0, "CONT");
    let stored = until("the broker has taken what it was sent", LONG, || {
        Some(read(&stage.brokers(), "log", Isolation::Committed)).filter(|stored| stored.len() > 1)
    });
    assert_eq!(stored.len(), 2);
    assert_eq!(writer.append(b"second"), Ok(1));
    assert_eq!(writer.append(b"second"), Ok(2), "an entry may be there twice when both were asked for");
    assert_eq!(read(&stage.brokers(), "log", Isolation::Committed).len(), 3);
}
