//! Which fields records have and which are ruled, told without a value; also of a topic, on the embedded cluster.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use garim::kafka::feed::{Fed, Feed};
use garim::kafka::mock::Mock;
use garim::policy::coverage::{Coverage, Report};
use garim::policy::{self, Policy};
use garim::service::settings;

const POLICY: &str = r#"
policy    = "sample"
effective = 2026-10-01
timezone  = "Asia/Seoul"

[tiers.long]
keep = "5 years"

[classes.who]
kind = "email"
do   = "pseudonymize"

[sources.app]
topics = ["app.activity"]
format = "ndjson"
time   = "/at"
when   = { at = "/service", is = "app" }

[[sources.app.items]]
item  = "user"
at    = "/user"
class = "who"
when  = { at = "/consent/mail", is = true }

[[sources.app.items]]
item = "score"
at   = "/scores/*/value"
kind = "number"
do   = "keep"

[[sources.app.items]]
item = "card"
at   = "/card"
kind = "text"
do   = "drop"

[[sources.app.items]]
item = "note"
at   = "/note"
kind = "text"

[[sources.app.routes]]
when = { at = "/event", is = "login" }
to   = ["long"]

[[sources.app.routes]]
to = ["long"]
"#;

fn parsed() -> Policy {
    policy::parse(Path::new("p.toml"), POLICY).unwrap_or_else(|faults| panic!("{faults}"))
}

fn counted(policy: &Policy, payloads: &[&str]) -> Report {
    let mut coverage = Coverage::new(policy, 0);
    payloads.iter().for_each(|payload| coverage.add(payload.as_bytes()));
    coverage.report()
}

#[test]
fn payloads_in_another_encoding_are_read() {
    let text = POLICY.replace("format = \"ndjson\"", "format = \"ndjson\"\nencoding = \"euc-kr\"");
    let policy = policy::parse(Path::new("p.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"));
    let mut coverage = Coverage::new(&policy, 0);
    // `홍길동` in EUC-KR.
    let mut payload = br#"{"service":"app","at":"2026-11-23T00:00:00Z","note":""#.to_vec();
    payload.extend_from_slice(b"\xc8\xab\xb1\xe6\xb5\xbf\"}");
    coverage.add(&payload);
    let report = coverage.report();
    assert_eq!((report.records, report.unreadable, report.ruled[3]), (1, 0, 1));
}

/// A record of the source with this inside.
fn record(inside: &str) -> String {
    format!(r#"{{"service":"app","at":"2026-11-23T00:00:00Z",{inside}}}"#)
}

/// The unlisted places and their counts, `/a 1, /b 2`.
fn places(places: &BTreeMap<String, u64>) -> String {
    places.iter().map(|(place, count)| format!("{place} {count}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_value_is_counted_where_it_belongs() {
    let policy = parsed();
    let records = [
        record(r#""user":"a@example.com","consent":{"mail":true},"card":{"bin":1,"all":[1,2]},"note":null"#),
        record(r#""user":"b@example.com","event":"login","scores":{"kim":{"value":3,"why":"x"},"lee":{"value":4}}"#),
    ];
    let report = counted(&policy, &[&records.join("\n"), r#"{"service":"web"}"#, "not json", "\n\n", "{}"]);
    assert_eq!((report.records, report.unreadable, report.foreign), (5, 2, 1));
    // user, score, card, note
    assert_eq!((report.ruled, report.conditional), (vec![1, 2, 3, 1], vec![1, 0, 0, 0]));
    assert_eq!(places(&report.read), "/at 2, /consent/mail 1, /event 1, /service 2");
    // The item says `*` there, so the name is data.
    assert_eq!(places(&report.unlisted), "/scores/*/why 1");
}

#[test]
fn names_that_may_be_data_are_not_told() {
    let policy = parsed();
    for (inside, expected) in [
        (r#""x":{"y_2-z":1}"#, "/x/y_2-z 1"),
        (r#""list":[{"a":1},{"a":2}]"#, "/list/*/a 2"),
        (r#""by":{"a@example.com":1,"b@example.com":2}"#, "/by/… 2"),
        (r#""by":{"010-0000-0001":1}"#, "/by/… 1"),
        (r#""by":{"k01000000001":1}"#, "/by/… 1"),
        (r#""by":{"홍길동":1}"#, "/by/… 1"),
        (r#""by":{"a b":1}"#, "/by/… 1"),
        (r#""by":{"":1}"#, "/by/… 1"),
        (r#""by":{"192.0.2.1":{"n":1}}"#, "/by/…/n 1"),
    ] {
        let found = counted(&policy, &[&record(inside)]);
        assert_eq!(places(&found.unlisted), expected, "{inside}");
    }
    // One name is a field, a hundred are a map of somebody's.
    let many: Vec<String> = (0..100).map(|n| format!("\"user-{n}\":{{\"n\":1}}")).collect();
    let found = counted(&policy, &[&record(&format!("\"by\":{{{}}},\"one\":1", many.join(",")))]);
    assert_eq!(places(&found.unlisted), "/by/…/n 100, /one 1");
}

#[test]
fn distinct_places_are_bounded() {
    let policy = parsed();
    let mut coverage = Coverage::new(&policy, 0);
    let letters = |n: u32| -> String { n.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect() };
    for n in 0..6_000 {
        coverage.add(record(&format!("\"m\":{{\"{}\":{{\"v\":1}}}}", letters(n))).as_bytes());
    }
    let report = coverage.report();
    assert_eq!((places(&report.unlisted), report.beyond), ("/m/…/v 4096".to_owned(), 1_904));
    assert_eq!(report.unlisted_count(), 6_000);
}

fn garim(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_garim")).args(arguments).env_clear().output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_verb_tells_counts_of_files_and_topics_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let policy = format!("--policy={}", file("p.toml", POLICY));
    let known = record(r#""user":"gildong@example.com","consent":{"mail":true}"#);
    let odd = record(r#""secret":"gildong@example.com""#);
    let good = file("good.ndjson", &format!("{known}\n{known}\n"));
    let bad = file("bad.ndjson", &format!("{known}\r\n\n{odd}\n{odd}"));

    let (code, said, _) = garim(&["policy", "coverage", &policy, &good, "--strict"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("source app: 2 records, 0 not readable, 0 of other sources"), "{said}");
    assert!(said.contains("2  /user  item user, class who") && said.contains("unlisted: nothing"), "{said}");
    assert!(said.contains("items that no record had\n  score\n  card\n  note"), "{said}");
    let (code, said, _) = garim(&["policy", "coverage", &policy, &bad]);
    assert!(code == 0 && said.contains("unlisted: dropped") && said.contains("2  /secret"), "{said}");
    assert!(!said.contains("gildong"), "{said}");
    assert_eq!(garim(&["policy", "coverage", &policy, &bad, "--strict"]).0, 1);
    assert_eq!(garim(&["policy", "coverage", &policy, &bad, "--strict", "--limit=1"]).0, 0);
    assert_eq!(garim(&["policy", "coverage", &policy, "no.such.file"]).0, 65);
    assert_eq!(garim(&["policy", "coverage", &policy, &bad, "--source=ap"]).0, 2);

    let mock = Mock::start(1).unwrap();
    mock.topic("app.activity", 2).unwrap();
    let config =
        file("garim.toml", &format!("version = 1\n[kafka]\nbrokers = \"{}\"\ngroup = \"g\"\n", mock.brokers()));
    let settings = settings::load_from(&[config.clone().into()], &[], &[]).unwrap();
    let feed = Feed::new(&settings.kafka).unwrap();
    for n in 0..100 {
        let value = if n % 10 == 0 { odd.as_bytes() } else { known.as_bytes() };
        feed.send("app.activity", Fed { key: b"k", value, timestamp_ms: 0, partition: Some(n % 2) }).unwrap();
    }
    feed.flush("app.activity", std::time::Duration::from_secs(20)).unwrap();
    let (code, said, told) = garim(&["policy", "coverage", &policy, "-c", &config, "app.activity", "--format=json"]);
    assert_eq!(code, 0, "{told}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&report["records"], &report["ruled"][0]["count"]), (&100.into(), &90.into()));
    assert_eq!(report["unlisted"], serde_json::json!([{ "at": "/secret", "count": 10 }]));
    let (_, said, _) =
        garim(&["policy", "coverage", &policy, "-c", &config, "app.activity", "--format=json", "--limit=3"]);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["records"], 6, "three of each partition");
    assert_eq!(garim(&["policy", "coverage", &policy, "app.activity"]).0, 2, "no settings were named");
}
