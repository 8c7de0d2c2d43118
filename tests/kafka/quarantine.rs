//! Refused records that people open with the stock `age` tool, and that are replayed, each once, when the policy is mended.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::{Cluster, Guarded};
use crate::people;
use crate::process::{Site, code, once, stderr, stdout};
use crate::reading::{Isolation, Stored, await_done, read, read_each};
use crate::secrecy::{scan_topics, word_in};
use crate::writing::{Raw, Writer};

/// Refuses what it has no item for; MENDED has one more item.
const POLICY: &str = r#"
policy    = "kept"
effective = 2026-01-01
timezone  = "Asia/Seoul"
unlisted  = "refuse"

[tiers.short]
label = "짧게"
keep  = "30 days"

[sources.one]
label  = "하나"
topics = ["one.in"]
format = "json"
time   = "/at"

[[sources.one.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.one.items]]
item = "who"
at   = "/who"
kind = "id"
do   = "pseudonymize"
#MENDED
[[sources.one.routes]]
to = ["short"]

[sources.lines]
label  = "줄"
topics = ["lines.in"]
format = "ndjson"
time   = "/at"

[[sources.lines.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.lines.items]]
item = "who"
at   = "/who"
kind = "id"
do   = "pseudonymize"
#LINES
[[sources.lines.routes]]
to = ["short"]
"#;

fn mended() -> String {
    let item = |source: &str| {
        format!(
            "\n[[sources.{source}.items]]\nitem = \"more\"\nat = \"/more\"\nkind = \"id\"\ndo = \"pseudonymize\"\n\n"
        )
    };
    POLICY.replace("#MENDED\n", &item("one")).replace("#LINES\n", &item("lines"))
}

const CANARY: &str = "canary";

fn event(who: &str, more: bool) -> String {
    let more = if more { format!(r#","more":"{who} more""#) } else { String::new() };
    format!(r#"{{"at":"2026-11-20T10:00:00+09:00","who":"{who}"{more}}}"#)
}

fn raw(value: Option<Vec<u8>>) -> Raw {
    Raw {
        timestamp_ms: Some("2026-11-20T01:00:01Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond()),
        key: Some(b"canary-key".to_vec()),
        headers: vec![(String::from("canary-header"), b"canary \xff".to_vec())],
        value,
        ..Raw::default()
    }
}

/// Two people with their keys, and the age identity of the quarantine: what no host of garim has.
struct People {
    folder: tempfile::TempDir,
}

impl People {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes them with the stock tools, and names them in the site's settings.
    fn new(site: &mut Site) -> Self {
        let people = Self { folder: tempfile::tempdir().expect("a folder") };
        people::make(site, people.folder.path());
        for name in ["identity", "stranger"] {
            let made = Command::new(age("age-keygen")).arg("-o").arg(people.path(name)).output().expect("age-keygen");
            assert!(made.status.success());
        }
        let shown =
            Command::new(age("age-keygen")).arg("-y").arg(people.path("identity")).output().expect("age-keygen");
        let recipient = String::from_utf8(shown.stdout).expect("text");
        site.set("quarantine", format!("recipient = \"{}\"", recipient.trim()));
        people
    }
}

/// A stock tool of age: `GARIM_AGE` names the folder, else it is on the path.
fn age(tool: &str) -> PathBuf {
    std::env::var_os("GARIM_AGE").map_or_else(|| PathBuf::from(tool), |folder| Path::new(&folder).join(tool))
}

/// Opens a notice's payload as a person would: `jq -r .payload | age -d -i identity`.
fn opened(notice: &Stored, identity: &Path) -> serde_json::Value {
    let payload = notice.json()["payload"].as_str().expect("a payload").to_owned();
    let mut tool = Command::new(age("age"))
        .args(["-d", "-i"])
        .arg(identity)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the age tool can be run (tests/run fetches it)");
    tool.stdin.take().expect("piped").write_all(payload.as_bytes()).expect("it reads");
    let output = tool.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("what was sealed is JSON")
}

fn bytes(value: &serde_json::Value) -> Option<Vec<u8>> {
    value.as_str().map(|text| STANDARD.decode(text).expect("base64"))
}

/// A cluster with the audit's topics, a site with people, and everything made.
fn set_up(brokers: &str) -> (Site, People) {
    let admin = Admin::new(brokers);
    for topic in ["one.in", "lines.in"] {
        admin.create(topic, 1, 1, &[]);
    }
    let mut site = Site::new(brokers, POLICY);
    let people = People::new(&mut site);
    site.make_keys("2026-10-20", "2026-12-31");
    let made = site.make_topics(&[]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    (site, people)
}

impl Site {
    /// `garim quarantine` with these arguments.
    fn quarantine(&self, arguments: &[&str]) -> Output {
        let config = self.settings("quarantine").display().to_string();
        once(&[&["quarantine"], arguments, &["-c", &config]].concat())
    }

    /// A request for everything, signed by these.
    fn request(&self, people: &People, name: &str, signers: &[&str]) -> String {
        let file = people.path(name).display().to_string();
        let asked = ["--requester", "alice", "--approver", "bob", "--reason", "policy mended", "--basis", "contract"];
        let made = self.quarantine(&[&["request", "-o", &file], &asked[..]].concat());
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        people::sign(people.folder.path(), &people.path(name), signers);
        file
    }

    fn replay(
        &self,
        people: &People,
        request: &str,
        identity: &str,
        more: &[&str],
    ) -> (i32, serde_json::Value, String) {
        let identity = people.path(identity).display().to_string();
        let all = [&["replay", request, "--identity", &identity, "--format", "json"], more].concat();
        let output = self.quarantine(&all);
        (code(&output), serde_json::from_slice(&output.stdout).unwrap_or_default(), stderr(&output))
    }
}

fn acts(brokers: &str, word: &str) -> usize {
    let acts = read(brokers, "audit.garim", Isolation::Committed);
    acts.iter().filter(|act| act.json()["act"] == word).count()
}

const OUTPUTS: [&str; 2] = ["tier.short.one", "tier.short.lines"];

fn outputs(brokers: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for topic in OUTPUTS {
        for stored in read(brokers, topic, Isolation::Committed) {
            all.push((String::from(topic), String::from_utf8(stored.value.expect("a value")).expect("text")));
        }
    }
    all
}

#[test]
fn refused_records_are_kept_for_people_and_replayed_when_the_policy_is_mended() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let (mut site, people) = set_up(&brokers);
    site.set("kafka", "group = \"kept\"");
    let writer = Writer::new(&brokers, "one.in");
    let ones: Vec<Raw> = (0..30)
        .map(|n| raw(Some(event(&format!("canary-{n}"), n % 3 == 0).into_bytes())))
        .chain([raw(Some(b"canary is no JSON".to_vec())), raw(None)])
        .collect();
    ones.iter().for_each(|raw| writer.send(raw));
    writer.finish();
    let writer = Writer::new(&brokers, "lines.in");
    let lines = [event("canary-a", false), String::new(), event("canary-b", true), event("canary-c", true)].join("\n");
    writer.send(&raw(Some(lines.clone().into_bytes())));
    writer.finish();
    let mut garim = site.run("kept", 1);
    garim.await_ready();
    for topic in ["one.in", "lines.in"] {
        await_done(&brokers, "kept", topic, Duration::from_secs(60));
    }
    garim.stop();

    // What people open is what came in: every byte of value, key and header.
    let notices = read(&brokers, "quarantine.one", Isolation::Committed);
    assert_eq!(notices.len(), 12, "a third of thirty, one that is no JSON, one null: none stopped the lane");
    for notice in &notices {
        let offset = notice.json()["offset"].as_i64().expect("an offset");
        let (sent, found) = (&ones[offset as usize], opened(notice, &people.path("identity")));
        assert_eq!((found["topic"].as_str(), found["offset"].as_i64()), (Some("one.in"), Some(offset)));
        assert_eq!(found["timestamp_ms"].as_i64(), sent.timestamp_ms);
        assert_eq!((bytes(&found["value"]), bytes(&found["key"])), (sent.value.clone(), sent.key.clone()));
        assert_eq!(found["headers"][0][0], "canary-header");
        assert_eq!(bytes(&found["headers"][0][1]).as_ref(), Some(&sent.headers[0].1));
    }
    let of_lines = read(&brokers, "quarantine.lines", Isolation::Committed);
    let found: Vec<_> = of_lines.iter().map(|notice| opened(notice, &people.path("identity"))).collect();
    let line = |n: usize| lines.split('\n').nth(n - 1).map(|line| line.as_bytes().to_vec());
    assert_eq!(found.iter().map(|found| bytes(&found["value"])).collect::<Vec<_>>(), [line(3), line(4)]);
    assert_eq!(found.iter().map(|found| found["line"].as_u64()).collect::<Vec<_>>(), [Some(3), Some(4)]);

    // And nobody else.
    let quarantines = ["quarantine.one", "quarantine.lines"];
    scan_topics(&brokers, quarantines.into_iter().chain(OUTPUTS), |text| word_in(CANARY, text));

    let listed = site.quarantine(&["ls", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let counts: BTreeMap<&str, u64> = listed["topics"][0]["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| (group["reason"].as_str().expect("a reason"), group["with_record"].as_u64().expect("a count")))
        .collect();
    assert_eq!(counts, BTreeMap::from([("invalid-json", 1), ("null-value", 1), ("unlisted-field", 10)]));
    let listed = stdout(&site.quarantine(&["ls", "--list", "--reason", "null-value"]));
    assert!(listed.lines().count() == 1 && listed.contains("one.in [0] 31  null-value  sealed"), "{listed}");

    // One signature, or a stranger's identity: nothing is opened, nothing written.
    std::fs::write(&site.policy, mended()).expect("the policy is written");
    let before = outputs(&brokers);
    assert_eq!(before.len(), 21);
    let (exit, _, said) = site.replay(&people, &site.request(&people, "half", &["alice"]), "identity", &[]);
    assert_eq!((exit, acts(&brokers, "opening")), (1, 0), "{said}");
    assert!(said.contains("bob"), "says who did not sign: {said}");
    let request = site.request(&people, "whole", &["alice", "bob"]);
    let (exit, _, said) = site.replay(&people, &request, "stranger", &[]);
    assert_eq!((exit, acts(&brokers, "opening"), outputs(&brokers)), (77, 1, before.clone()), "{said}");

    // A rehearsal counts and writes nothing.
    let (exit, told, said) = site.replay(&people, &request, "identity", &["--dry-run"]);
    assert_eq!((exit, &told["replayed"], outputs(&brokers)), (65, &12.into(), before.clone()), "{said}");
    // Then in earnest; what is still refused is told and left.
    let (exit, told, said) = site.replay(&people, &request, "identity", &[]);
    assert_eq!((exit, &told["replayed"], &told["written"]["tier.short.one"]), (65, &12.into(), &10.into()), "{said}");
    let left: Vec<&str> =
        told["left"].as_array().expect("what is left").iter().filter_map(|left| left["why"].as_str()).collect();
    assert_eq!(left, ["invalid-json", "null-value"]);
    let replayed = outputs(&brokers);
    assert_eq!(replayed.len(), before.len() + 12);
    assert_eq!((acts(&brokers, "opening"), acts(&brokers, "opened")), (3, 3));
    let windows = read(&brokers, "audit-windows.garim", Isolation::Committed);
    let windows: Vec<_> = windows.iter().map(Stored::json).filter(|window| window["delivery"] == "replay").collect();
    let counts = |window: &serde_json::Value| (window["treated"].as_u64(), window["read"][0]["pieces"].as_u64());
    assert_eq!(windows.iter().map(counts).collect::<Vec<_>>(), [(Some(10), Some(12)), (Some(2), Some(2))]);
    // A second run, by another request, writes nothing twice.
    let (exit, told, said) = site.replay(&people, &site.request(&people, "again", &["alice", "bob"]), "identity", &[]);
    assert_eq!((exit, &told["replayed"], &told["already_replayed"]), (65, &0.into(), &12.into()), "{said}");
    assert_eq!(outputs(&brokers).len(), replayed.len());

    // The same as direct treatment by the mended policy, byte for byte: tokens, record ids, line numbers.
    site.set("kafka", "group = \"direct\"");
    let mut garim = site.run("direct", 1);
    garim.await_ready();
    for topic in ["one.in", "lines.in"] {
        await_done(&brokers, "direct", topic, Duration::from_secs(60));
    }
    garim.stop();
    let direct: Vec<_> = outputs(&brokers);
    assert_eq!(direct.len(), replayed.len() + 30 + 3);
    let count = |wanted: &(String, String)| direct.iter().filter(|found| *found == wanted).count();
    let news: Vec<_> = replayed.iter().filter(|output| !before.contains(output)).collect();
    assert_eq!(news.len(), 12);
    for new in news {
        assert_eq!(count(new), 2, "once by the replay, once directly: {}", new.0);
    }
    scan_topics(&brokers, quarantines.into_iter().chain(OUTPUTS).chain(["audit.garim"]), |text| word_in(CANARY, text));
    assert_eq!(word_in(CANARY, site.logs().as_bytes()), None);
}

#[test]
fn a_replay_that_is_killed_and_repeated_writes_every_record_once() {
    const RECORDS: usize = 6000;
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let (site, people) = set_up(&brokers);
    let writer = Writer::new(&brokers, "one.in");
    (0..RECORDS).for_each(|n| writer.send(&raw(Some(event(&format!("canary-{n}"), true).into_bytes()))));
    writer.finish();
    let mut garim = site.run("kept", 1);
    garim.await_ready();
    await_done(&brokers, "garim", "one.in", Duration::from_secs(120));
    garim.stop();
    std::fs::write(&site.policy, mended()).expect("the policy is written");

    let request = site.request(&people, "whole", &["alice", "bob"]);
    let identity = people.path("identity").display().to_string();
    let config = site.settings("quarantine").display().to_string();
    let command =
        [env!("CARGO_BIN_EXE_garim"), "quarantine", "replay", &request, "--identity", &identity, "-c", &config];
    let said = people.path("said");
    let mut replay = Guarded::start(&command.map(String::from), &[], &said, &said);
    // It stands still while it is looked at, so that it cannot end meanwhile.
    until("the replay has written some, and not all", Duration::from_secs(120), || {
        assert_eq!(replay.ended(), None, "it ended before it could be killed");
        replay.signal("STOP");
        let written = read(&brokers, "tier.short.one", Isolation::Visible).len();
        let middle = (1..RECORDS).contains(&written);
        replay.signal(if middle { "KILL" } else { "CONT" });
        middle.then_some(())
    });
    until("the replay is killed", Duration::from_secs(20), || replay.ended());

    let (exit, told, said) = site.replay(&people, &request, "identity", &[]);
    assert_eq!((exit, &told["left"]), (0, &serde_json::json!([])), "{said}");
    let (before, now) = (told["already_replayed"].as_u64(), told["replayed"].as_u64());
    let (before, now) = (before.expect("a count"), now.expect("a count"));
    assert!(before > 0 && now > 0 && before + now == RECORDS as u64, "{before} and {now}");
    let mut ids = BTreeMap::<String, u32>::new();
    read_each(&brokers, "tier.short.one", Isolation::Committed, |stored| {
        *ids.entry(stored.json()["garim"].as_str().expect("a record id").to_owned()).or_default() += 1;
    });
    assert_eq!(ids.len(), RECORDS);
    assert!(ids.values().all(|count| *count == 1), "none twice");
}
