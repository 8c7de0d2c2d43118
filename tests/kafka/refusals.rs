//! Bad input, bad brokers, bad files: each is refused by name, and nothing of it leaves.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::{Cluster, shared};
use crate::process::{Site, code, once, stderr};
use crate::reading::{Isolation, await_done, read};
use crate::secrecy::{scan_topics, word_in};
use crate::writing::{Raw, Writer};

/// Two sources: one forwards null values, the other does not.
const POLICY: &str = r#"
policy    = "refusals"
effective = 2026-01-01
timezone  = "Asia/Seoul"
unlisted  = "drop"

[tiers.short]
label = "짧게"
keep  = "30 days"

[kinds.kr_phone]
do = "pseudonymize"

[sources.strict]
label  = "엄격"
topics = ["strict.in"]
format = "json"
time   = "/at"
when   = { at = "/service", is = "strict" }

[[sources.strict.items]]
item = "service"
at   = "/service"
kind = "code"
do   = "keep"

[[sources.strict.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.strict.items]]
item = "who"
at   = "/who"
kind = "id"
do   = "pseudonymize"

[[sources.strict.items]]
item = "text"
at   = "/text"
kind = "text"
do   = "scan"

[[sources.strict.routes]]
to = ["short"]

[sources.forwarding]
label      = "지우는 곳"
topics     = ["forwarding.in"]
format     = "json"
time       = "/at"
tombstones = "forward"
key        = { kind = "id", do = "pseudonymize" }

[[sources.forwarding.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.forwarding.routes]]
to = ["short"]
"#;

/// Stands in every value, key and header: nobody may ever see it again.
const CANARY: &str = "canary";

fn event(members: &str) -> Vec<u8> {
    format!(r#"{{"service":"strict","at":"2026-11-20T10:00:00+09:00","who":"canary-1"{members}}}"#).into_bytes()
}

/// Name, value, and the reason for which it is refused (none: it is treated).
type Row = (&'static str, Option<Vec<u8>>, Option<&'static str>);

fn rows() -> Vec<Row> {
    let deep = format!(r#","text":{}"canary"{}"#, "[".repeat(200), "]".repeat(200));
    let mut not_utf8 = event(r#","text":"?""#);
    let at = not_utf8.iter().position(|byte| *byte == b'?').expect("a mark");
    not_utf8[at] = 0xff;
    let whole = event("");
    let timed = |time: &str| Some(format!(r#"{{"service":"strict","at":"{time}","who":"canary"}}"#).into_bytes());
    vec![
        ("treated", Some(event("")), None),
        ("not JSON", Some(b"canary canary".to_vec()), Some("invalid-json")),
        ("truncated", Some(whole[..whole.len() - 5].to_vec()), Some("truncated-json")),
        ("not UTF-8", Some(not_utf8), Some("invalid-utf8")),
        ("200 levels", Some(event(&deep)), Some("too-deep")),
        ("duplicate keys", Some(event(r#","text":"a","text":"canary""#)), Some("duplicate-key")),
        ("2 MB", Some(event(&format!(r#","text":"{}""#, "canary ".repeat(300_000)))), Some("too-large")),
        ("null", None, Some("null-value")),
        ("empty", Some(Vec::new()), Some("empty-value")),
        (
            "unknown source",
            Some(br#"{"service":"other","at":"2026-11-20T10:00:00+09:00","who":"canary"}"#.to_vec()),
            Some("unknown-source"),
        ),
        ("no event time", Some(br#"{"service":"strict","who":"canary"}"#.to_vec()), Some("no-event-time")),
        ("1970", timed("1970-01-01T00:00:00+09:00"), Some("event-time-out-of-range")),
        ("2100", timed("2100-01-01T00:00:00+09:00"), Some("event-time-out-of-range")),
        ("registry frame", Some([&[0, 0, 0, 0, 7], whole.as_slice()].concat()), Some("registry-frame")),
        // Ten bytes of a number become a token of 42.
        ("grows", Some(event(&format!(r#","text":"{}""#, "010-0000-1234 ".repeat(60_000)))), Some("output-too-large")),
        ("treated at last", Some(event("")), None),
    ]
}

#[test]
fn bad_input_is_refused_by_name() {
    let cluster = shared();
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    for topic in ["strict.in", "forwarding.in"] {
        admin.create(topic, 1, 1, &[("max.message.bytes", "4000000")]);
    }
    let mut site = Site::new(&brokers, POLICY);
    site.set("worker", "max-refused = 1");
    site.set("kafka", "group = \"refusals\"");
    site.make_keys("2026-10-20", "2026-11-25");
    let made = site.make_topics(&[]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));

    let raw = |value: Option<Vec<u8>>| Raw {
        timestamp_ms: Some(now_ms()),
        key: Some(b"canary-key".to_vec()),
        headers: vec![(String::from("canary"), b"canary".to_vec())],
        value,
        ..Raw::default()
    };
    let rows = rows();
    let writer = Writer::new(&brokers, "strict.in");
    rows.iter().for_each(|(_, value, _)| writer.send(&raw(value.clone())));
    writer.finish();
    let writer = Writer::new(&brokers, "forwarding.in");
    writer.send(&raw(None));
    writer.finish();

    let mut garim = site.run("refusals", 1);
    garim.await_ready();
    for topic in ["strict.in", "forwarding.in"] {
        await_done(&brokers, "refusals", topic, Duration::from_secs(60));
    }
    garim.stop();

    let found: BTreeMap<i64, String> = read(&brokers, "quarantine.strict", Isolation::Committed)
        .iter()
        .map(|stored| {
            let notice = stored.json();
            let reason = notice["reason"].as_str().expect("a reason");
            assert_eq!(stored.header("__dlq.errors.message").as_deref(), Some(reason));
            (notice["offset"].as_i64().expect("an offset"), String::from(reason))
        })
        .collect();
    for (offset, (name, _, reason)) in rows.iter().enumerate() {
        assert_eq!(found.get(&(offset as i64)).map(String::as_str), *reason, "{name}");
    }
    let treated = read(&brokers, "tier.short.strict", Isolation::Committed);
    assert_eq!(treated.len(), rows.iter().filter(|(_, _, reason)| reason.is_none()).count());
    assert_eq!(treated[0].json()["who"], treated[1].json()["who"], "one person, one token");

    let forwarded = read(&brokers, "tier.short.forwarding", Isolation::Committed);
    assert_eq!(forwarded.len(), 1, "the null value is forwarded");
    assert!(forwarded[0].value.is_none() && forwarded[0].key.as_ref().is_some_and(|key| key.len() == 42));

    let outputs = ["tier.short.strict", "tier.short.forwarding", "quarantine.strict", "quarantine.forwarding"];
    scan_topics(&brokers, outputs, |text| word_in(CANARY, text));
    assert_eq!(word_in(CANARY, site.logs().as_bytes()), None);
}

/// Milliseconds of 2026-11-20T10:00:01+09:00.
fn now_ms() -> i64 {
    "2026-11-20T01:00:01Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

#[test]
fn a_record_that_the_topic_never_takes_is_quarantined_and_its_neighbours_are_not() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    admin.create("strict.in", 1, 1, &[]);
    admin.create("tier.short.strict", 1, 1, &[("max.message.bytes", "20000")]);
    let mut site = Site::new(&brokers, POLICY);
    site.set("worker", "max-refused = 1");
    site.make_keys("2026-10-20", "2026-11-25");
    assert!(site.make_topics(&["--with-inputs"]).status.success());
    // Letters that lz4 does not shrink below the topic's limit.
    let mut state = 7u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    })
    .take(60_000)
    .collect();
    let writer = Writer::new(&brokers, "strict.in");
    for n in 0..9 {
        let text = if n == 4 { format!(r#","text":"{noise}""#) } else { String::new() };
        writer.send(&Raw { timestamp_ms: Some(now_ms()), ..Raw::value(0, event(&text)) });
    }
    writer.finish();
    let mut garim = site.run("poison", 1);
    garim.await_ready();
    await_done(&brokers, "garim", "strict.in", Duration::from_secs(120));
    garim.stop();
    assert_eq!(read(&brokers, "tier.short.strict", Isolation::Committed).len(), 8);
    let notices = read(&brokers, "quarantine.strict", Isolation::Committed);
    let notices: Vec<serde_json::Value> = notices.iter().map(|stored| stored.json()).collect();
    assert_eq!(notices.len(), 1);
    assert_eq!((&notices[0]["reason"], &notices[0]["offset"]), (&"undeliverable".into(), &4.into()));
}

#[test]
fn brokers_that_are_away_are_waited_for_during_work_and_not_at_start() {
    let mut nowhere = Site::new("127.0.0.1:1", POLICY);
    nowhere.set("kafka", "start-wait-ms = 2000");
    nowhere.make_keys("2026-10-20", "2026-11-25");
    let mut garim = nowhere.run("nowhere", 1);
    assert_eq!(garim.exit(Duration::from_secs(60)), 69, "{}", garim.log());

    let mut cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let mut site = Site::new(&brokers, POLICY);
    site.make_keys("2026-10-20", "2026-11-25");
    assert!(site.make_topics(&["--with-inputs", "--partitions", "1"]).status.success());
    let send = |who: &str| {
        let writer = Writer::new(&brokers, "strict.in");
        let value = format!(r#"{{"service":"strict","at":"2026-11-20T10:00:00+09:00","who":"{who}"}}"#);
        writer.send(&Raw { timestamp_ms: Some(now_ms()), ..Raw::value(0, value) });
        writer.finish();
    };
    site.set("kafka", "group = \"away\"");
    let mut garim = site.run("away", 1);
    garim.await_ready();
    send("before");
    await_done(&brokers, "away", "strict.in", Duration::from_secs(60));
    cluster.kill(0);
    assert!(garim.runs());
    cluster.restart(0);
    cluster.await_brokers(1);
    send("after");
    await_done(&brokers, "away", "strict.in", Duration::from_secs(120));
    garim.stop();
    assert_eq!(read(&brokers, "tier.short.strict", Isolation::Committed).len(), 2);
}

#[test]
fn missing_topics_wrong_modes_and_broken_policies_end_it_at_start() {
    let cluster = shared();
    let brokers = cluster.brokers();
    let site = Site::new(&brokers, &POLICY.replace("strict.in", "absent.in"));
    site.make_keys("2026-10-20", "2026-11-25");
    let mut garim = site.run("missing", 1);
    assert_eq!(garim.exit(Duration::from_secs(60)), 69, "{}", garim.log());
    let log = garim.log();
    assert!(log.contains("tier.short.strict") && log.contains("topics apply"), "says which and how to make it: {log}");

    let key = until("a key file", Duration::from_secs(1), || first_file(&site.keys().join("short")));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let mut garim = site.run("mode", 1);
    assert_eq!(garim.exit(Duration::from_secs(60)), 77, "{}", garim.log());

    let broken =
        POLICY.replace("do   = \"scan\"", "do   = \"scramble\"").replace("to = [\"short\"]", "to = [\"nowhere\"]");
    let site = Site::new(&brokers, &broken);
    let mut garim = site.run("broken", 1);
    assert_eq!(garim.exit(Duration::from_secs(60)), 78, "{}", garim.log());
    let log = garim.log();
    assert!(log.contains("scramble") && log.contains("nowhere"), "all faults at once: {log}");
    let checked = once(&["check", "--policy", &site.policy.display().to_string()]);
    assert_eq!(code(&checked), 78);
}

fn first_file(folder: &std::path::Path) -> Option<std::path::PathBuf> {
    let mut entries: Vec<_> = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries.iter().find_map(|path| if path.is_dir() { first_file(path) } else { Some(path.clone()) })
}
