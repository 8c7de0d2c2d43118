//! `garim lookup`: what it finds, what it leaves in the log of acts, and what it never shows.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use garim::policy::key::{Store, steady};
use garim::telemetry::audit::Acts as _;
use garim::telemetry::audit::entry::What;
use garim::telemetry::audit::file::FileLog;

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/kakao-work.toml");
const PERSON: &str = "Sechan@Example.com";
const RECORD: &str = r#"{"service":"kakaowork","category":"member","event":"sanction","event_at":"2026-11-23T10:00:30+09:00","items":{"name":"박세찬","login_id":"sechan@example.com"},"activity":{"ip":"2001:db8::7","abuse_record":{"code":"spam","evidence":"x"}}}"#;

fn fed(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_garim"))
        .args(arguments)
        .args(["--policy", POLICY])
        .env_remove("GARIM_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments may end before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn lookup(keys: &Path, more: &[&str], input: &str) -> Output {
    let keys = keys.to_str().unwrap();
    let arguments = ["lookup", "--keys", keys, "--source", "kakaowork", "--kind", "email", "--reason", "a request"];
    fed(&[&arguments[..], more].concat(), input)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Subjects of the look-ups in the log of a store, with their reasons and tickets.
fn looked_up(keys: &Path) -> Vec<(String, String, Option<String>)> {
    let mut acts = FileLog::open(&keys.join("audit"), "garim", None).unwrap();
    let mut seen = Vec::new();
    acts.read(0, &mut |_, act| {
        if let What::LookUp { subject, reason, ticket, .. } = act.what {
            seen.push((subject, reason, ticket));
        }
    })
    .unwrap();
    seen
}

/// Every byte of every file below a folder.
fn bytes_below(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(path).unwrap() });
    }
    bytes
}

#[test]
fn a_look_up_finds_what_the_engine_wrote_and_is_in_the_log_first() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let store = keys.to_str().unwrap();
    let made = fed(&["keys", "new", "--keys", store, "--from", "2026-11-22", "--until", "2026-11-24"], "");
    assert!(made.status.success(), "{}", err(&made));
    let masked = fed(&["mask", "--keys", store, "--source", "kakaowork"], &format!("{RECORD}\n"));
    assert!(masked.status.success(), "{}", err(&masked));
    let text = out(&masked);
    let tokens: Vec<&str> = text.split('"').filter(|piece| piece.starts_with("em_")).collect();
    assert!(!tokens.is_empty(), "{text}");

    let found = lookup(&keys, &["--ticket", "T-1"], &format!("{PERSON}\n"));
    assert!(found.status.success(), "{}", err(&found));
    for token in &tokens {
        assert!(out(&found).contains(token), "{token} in\n{}", out(&found));
    }
    let json: serde_json::Value = serde_json::from_str(&out(&lookup(&keys, &["--format", "json"], PERSON))).unwrap();
    let rows = json["tokens"].as_array().unwrap();
    assert!(tokens.iter().all(|token| rows.iter().any(|row| row["token"] == **token)));
    assert!(
        rows.iter().all(|row| row["state"] == "live") && rows.len() % 3 == 1,
        "a key a day, and one of a year: {json}"
    );

    let log = looked_up(&keys);
    let subject = json["subject"].as_str().unwrap();
    let act = |ticket: Option<&str>| (subject.to_owned(), String::from("a request"), ticket.map(String::from));
    assert_eq!(log, [act(Some("T-1")), act(None)], "one person has one name in the log");
    assert!(!out(&found).contains(subject) && !tokens.iter().any(|token| token.ends_with(subject)));
    let stored = String::from_utf8_lossy(&bytes_below(&keys)).to_lowercase();
    for output in [out(&found), err(&found), stored] {
        assert!(!output.to_lowercase().contains("sechan"), "{output}");
    }

    let id = rows[0]["key"].as_str().unwrap();
    let letters: [u8; 6] = id.as_bytes().try_into().unwrap();
    Store::mark_and_remove(&keys, &[letters], "{}", &mut steady).unwrap();
    let after = out(&lookup(&keys, &[], PERSON));
    let line = after.lines().find(|line| line.contains(id)).unwrap();
    assert!(line.ends_with("destroyed"), "{after}");
    assert!(!after.contains(rows[0]["token"].as_str().unwrap()));
}

#[test]
fn what_is_refused_is_neither_shown_nor_looked_up() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let store = keys.to_str().unwrap();
    let made = fed(&["keys", "new", "--keys", store, "--from", "2026-11-23", "--until", "2026-11-23"], "");
    assert!(made.status.success(), "{}", err(&made));
    for (more, input, code, says) in [
        (&[][..], "sechan_at_example.com\n", 65, "no identifier of kind `email`"),
        (&[], "", 65, "no identifier of kind `email`"),
        (&["--tier", "nowhere"], PERSON, 2, "the policy has no tier of that source `nowhere`"),
        (&["--tenant"], PERSON, 65, "no tenant was given"),
    ] {
        let refused = lookup(&keys, more, input);
        assert_eq!(refused.status.code(), Some(code), "{}", err(&refused));
        assert!(err(&refused).contains(says), "{}", err(&refused));
        assert!(!format!("{}{}", out(&refused), err(&refused)).to_lowercase().contains("sechan"));
        assert_eq!(out(&refused), "");
    }
    assert_eq!(looked_up(&keys), []);

    // A log that cannot be written: a file stands where its folder would be.
    let blocked = dir.path().join("blocked");
    std::fs::write(&blocked, "").unwrap();
    let refused = lookup(&keys, &["--audit", blocked.to_str().unwrap()], PERSON);
    assert_eq!(refused.status.code(), Some(69), "{}", err(&refused));
    assert_eq!(out(&refused), "");

    let missing = fed(&["lookup", "--keys", store, "--source", "kakaowork", "--kind", "email"], PERSON);
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("--reason"), "{}", err(&missing));
}
