//! Sealed values of a tier's topic, opened by two people within the offsets that they signed for.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::admin::Admin;
use crate::cluster::Cluster;
use crate::people;
use crate::process::{Site, code, stderr};
use crate::reading::{Isolation, await_done, read};
use crate::secrecy::{scan_topics, word_in};
use crate::writing::{Raw, Writer};

const CANARY: &str = "canary";

/// A login of the shipped policy's service, on a day after the law's three months.
fn login(number: usize) -> Raw {
    let value = format!(
        r#"{{"service":"kakaowork","category":"member","event":"login","event_at":"2026-11-20T09:00:{number:02}+09:00","items":{{"login_id":"{CANARY}{number}@example.com"}},"activity":{{"ip":"192.0.2.{number}"}}}}"#
    );
    let arrival = "2026-11-20T00:01:00Z".parse::<jiff::Timestamp>().expect("a time");
    Raw { timestamp_ms: Some(arrival.as_millisecond()), ..Raw::value(0, value) }
}

#[test]
fn two_people_open_what_they_signed_for_and_nothing_else() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let mut site = Site::shipped(&brokers, "kakao-work.toml");
    site.make_inputs(&Admin::new(&brokers), 1);
    let folder = tempfile::tempdir().expect("a folder");
    people::make(&mut site, folder.path());
    site.make_keys("2026-11-01", "2026-11-30");
    let made = site.make_topics(&[]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let writer = Writer::new(&brokers, "kakaowork.activity");
    (0..20).for_each(|number| writer.send(&login(number)));
    writer.finish();
    let mut garim = site.run("one", 1);
    garim.await_ready();
    await_done(&brokers, "garim", "kakaowork.activity", Duration::from_secs(60));
    garim.stop();
    let tier = "tier.login-3m.kakaowork";
    let stored = read(&brokers, tier, Isolation::Committed);
    assert_eq!(stored.len(), 20);

    // The sixth to the ninth record, by their offsets in the tier's topic.
    let request = folder.path().join("request.json");
    let (from, until) = (stored[5].offset.to_string(), stored[9].offset.to_string());
    let scope = ["--tier", "login-3m", "--source", "kakaowork", "--partition", "0", "--from", &from, "--until", &until];
    let why = ["--requester", "alice", "--approver", "bob", "--reason", "a test", "--basis", "a law"];
    let file = request.display().to_string();
    let written = site.verb(&[&["open", "request", "-o", &file], &why[..], &scope[..]].concat());
    assert_eq!(code(&written), 0, "{}", stderr(&written));
    let out = folder.path().join("opened.ndjson");
    let open = ["open", &file, "-o", &out.display().to_string()].map(String::from);
    let open: Vec<&str> = open.iter().map(String::as_str).collect();
    people::sign(folder.path(), &request, &["alice"]);
    let half = site.verb(&open);
    assert_eq!((code(&half), out.exists()), (1, false), "{}", stderr(&half));
    people::sign(folder.path(), &request, &["bob"]);
    let opened = site.verb(&open);
    assert_eq!(code(&opened), 0, "{}", stderr(&opened));

    let text = std::fs::read_to_string(&out).expect("what was opened");
    assert_eq!(out.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let found: Vec<_> = lines
        .iter()
        .map(|line| (line["at"]["offset"].as_i64(), line["sealed"]["/items/login_id"].as_str().map(str::to_owned)))
        .collect();
    let expected: Vec<_> =
        (5..9).map(|number| (Some(stored[number].offset), Some(format!("{CANARY}{number}@example.com")))).collect();
    assert_eq!(found, expected);

    // It is on record, and nothing of it in any topic.
    let acts = read(&brokers, "audit.garim", Isolation::Committed);
    let acts: Vec<String> = acts
        .iter()
        .filter_map(|act| act.json()["act"].as_str().map(str::to_owned))
        .filter(|act| act.starts_with("open"))
        .collect();
    assert_eq!(acts, ["opening", "opened"]);
    let topics = [tier, "tier.until-contract-end.kakaowork", "audit.garim", "audit-windows.garim"];
    scan_topics(&brokers, topics, |text| word_in(CANARY, text));
}
