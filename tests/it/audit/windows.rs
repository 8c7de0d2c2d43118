//! What entries must agree with, in logs whose hashes are all right; and the verbs of `garim audit`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use garim::telemetry::audit::Acts;
use garim::telemetry::audit::entry::{Act, KeyName, Signed, What, Window};
use garim::telemetry::audit::file::FileLog;
use garim::telemetry::audit::verify::verify;

use super::tamper::write_windows;
use super::{NAME, OTHER_PEM, PEM, START_MS, act, signer, window};

/// A change to three windows that follow each other, and what must be told of it.
type Row = (&'static str, fn(&mut [Window; 3]), &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "a counter",
        |windows| windows[1].treated += 1,
        &["windows, entry 1: 600 were read, 598 treated and 3 refused: the counters do not balance"],
    ),
    (
        "a refusal",
        |windows| windows[2].refused.clear(),
        &["windows, entry 2: 600 were read, 597 treated and 0 refused: the counters do not balance"],
    ),
    (
        "counters that overflow",
        |windows| {
            windows[0].treated = u64::MAX;
            windows[0].refused = vec![(String::from("no-tenant"), u64::MAX)];
        },
        &["windows, entry 0: 600 were read, 18446744073709551615 treated and 18446744073709551615 refused"],
    ),
    (
        "a gap in the numbers",
        |windows| windows[2].seq = 3,
        &["windows, entry 2: window 3 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 1"],
    ),
    (
        "the same number again",
        |windows| windows[2].seq = 1,
        &["windows, entry 2: window 1 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 1"],
    ),
    (
        "a run that does not begin with 0",
        |windows| windows[1].run = String::from("0000000000000001"),
        &[
            "windows, entry 1: lane host-1/0, run 0000000000000001, begins with window 1",
            "windows, entry 2: window 2 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 0",
        ],
    ),
    (
        "a new run",
        |windows| {
            for (seq, window) in windows[1..].iter_mut().enumerate() {
                window.run = String::from("0000000000000001");
                window.lane = String::from("host-2/0");
                window.seq = seq as u64;
            }
        },
        &[],
    ),
    (
        "offsets that nobody read",
        |windows| windows[1].read[2].from += 10,
        &["windows, entry 1: app-logs partition 2: offsets 100 to 109 are in no window: entry 0 ended at 100"],
    ),
    (
        "offsets that were read twice",
        |windows| windows[2].read[5].from -= 10,
        &["windows, entry 2: app-logs partition 5: begins at 190, and entry 1 had ended at 200: read twice"],
    ),
    (
        "offsets that may be read twice",
        |windows| {
            for window in windows.iter_mut() {
                window.delivery = String::from("at-least-once");
            }
            windows[2].read[5].from -= 10;
        },
        &[],
    ),
    (
        "refused records that are taken up again",
        |windows| {
            windows[2].delivery = String::from("replay");
            (windows[2].run, windows[2].seq) = (String::from("0000000000000001"), 0);
            windows[2].read[0].from = 17;
        },
        &[],
    ),
    (
        "a range that ends before it begins",
        |windows| windows[2].read[0].next = 150,
        &["windows, entry 2: app-logs partition 0: read from 200 back to 150"],
    ),
    (
        "a partition that comes later",
        |windows| {
            windows[0].read.remove(3);
            windows[0].treated -= 100;
        },
        &[],
    ),
    (
        "a window in two parts",
        |windows| {
            two_parts(windows);
        },
        &[],
    ),
    (
        "a window in two parts that do not balance",
        |windows| {
            two_parts(windows);
            windows[2].read[0].pieces += 1;
        },
        &["windows, entry 2: 601 were read, 597 treated and 3 refused: the counters do not balance"],
    ),
    (
        "a window that lacks a part",
        |windows| {
            two_parts(windows);
            windows[2] = window(2);
        },
        &[
            "windows, entry 2: window 2 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 1 (part 0 of 2)",
            "windows, entry 2: app-logs partition 3: offsets 100 to 199 are in no window",
            "windows, entry 2: app-logs partition 4: offsets 100 to 199 are in no window",
            "windows, entry 2: app-logs partition 5: offsets 100 to 199 are in no window",
        ],
    ),
    (
        "a newer version",
        |windows| windows[2].v = 2,
        &["windows, entry 2: version 2 is newer than this garim reads (1)"],
    ),
];

/// The second and third entry become the parts of one window.
fn two_parts(windows: &mut [Window; 3]) {
    windows[2] = windows[1].clone();
    windows[2].read.drain(..3);
    windows[2].part = 1;
    (windows[2].treated, windows[2].refused, windows[2].written) = (0, Vec::new(), Vec::new());
    windows[1].read.truncate(3);
    (windows[1].parts, windows[2].parts) = (2, 2);
}

#[test]
fn windows_that_do_not_agree_are_told() {
    for (name, change, faults) in ROWS {
        let dir = tempfile::tempdir().unwrap();
        let mut windows = [window(0), window(1), window(2)];
        change(&mut windows);
        write_windows(dir.path(), &windows.map(|window| window.to_bytes()), signer());
        FileLog::open(dir.path(), NAME, Some(signer())).unwrap().append(&act(0)).unwrap();
        let told: Vec<String> = verify(dir.path(), &[], &[]).faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), faults.len(), "{name}: {told:?}");
        for (told, fault) in told.iter().zip(*faults) {
            assert!(told.starts_with(fault), "{name}: {told:?}, not {fault:?}");
        }
    }
}

/// An act of each kind that has a beginning and an end.
fn acts() -> Vec<What> {
    let store = String::from("store-1");
    let key = |id: &str| KeyName { id: id.into(), tier: "login-3m".into(), epoch: "2026-11-23".into() };
    let request = String::from("{\"reason\":\"a court order\"}");
    // SHA-256 of that text, by `sha256sum`.
    let digest = String::from("b75f0992d464405ea2d3894e71b29b0cb43601acd4e467aacc8705e908f69d2a");
    vec![
        What::DestroyBegun { store: store.clone(), keys: vec![key("kjhgfe"), key("abcdef")], reason: "past".into() },
        What::Destroyed { store, ids: vec!["abcdef".into(), "kjhgfe".into()], unconfirmed: Vec::new() },
        What::Opening { request, signatures: vec![Signed { person: "p1".into(), signature: "AAAA".into() }] },
        What::Opened { request: digest, records: 3 },
    ]
}

#[test]
fn an_end_without_its_beginning_is_told() {
    let rows: [(&[usize], &[&str]); 4] = [
        (&[0, 1, 2, 3], &[]),
        (
            &[1, 0, 2, 3],
            &[
                "acts, entry 0: key abcdef is destroyed, and no entry before says that this began",
                "acts, entry 0: key kjhgfe is destroyed, and no entry before says that this began",
            ],
        ),
        (&[0, 1, 3], &["acts, entry 2: something was opened, and no entry before has its request"]),
        (&[0, 2], &[]),
    ];
    for (order, faults) in rows {
        let dir = tempfile::tempdir().unwrap();
        let mut log = FileLog::open(dir.path(), NAME, None).unwrap();
        for &number in order {
            log.append(&Act::new(START_MS, "host-1", acts()[number].clone())).unwrap();
        }
        let told: Vec<String> = verify(dir.path(), &[], &[]).faults.iter().map(ToString::to_string).collect();
        assert_eq!(told, faults, "{order:?}");
    }
}

fn audit(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
    command.current_dir(dir).arg("audit").args(arguments).env_clear().output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn write_key(path: &Path, pem: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    std::io::Write::write_all(&mut file, pem.as_bytes()).unwrap();
}

#[test]
fn the_verbs_check_show_and_export() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path();
    write_key(&dir.join("audit.pem"), PEM);
    write_key(&dir.join("other.pem"), OTHER_PEM);
    let key = |file: &str| out(&audit(dir, &["key", file, "--name", NAME]));
    fs::write(dir.join("audit.pub"), key("audit.pem")).unwrap();
    assert_eq!(key("audit.pem").trim_end(), signer().verifier().to_string());

    let mut log = FileLog::open(&dir.join("log"), NAME, Some(signer())).unwrap();
    let reason = |reason: &str| What::LookUp {
        source: String::from("app"),
        kind: String::from("email"),
        subject: String::from("em_kjhgfe_aaaa"),
        reason: reason.into(),
        ticket: None,
    };
    log.append(&Act::new(START_MS, "p1@host", reason("a request"))).unwrap();
    let early = audit(dir, &["export", "log"]);
    assert_eq!(early.status.code(), Some(0));
    fs::write(dir.join("kept"), &early.stdout).unwrap();
    log.append(&Act::new(START_MS + 1_500, "p1@host", reason("\u{1b}[2J"))).unwrap();

    let whole = audit(dir, &["verify", "log", "--key", "audit.pub", "--since", "kept"]);
    let text = out(&whole);
    assert_eq!(whole.status.code(), Some(0), "{text}");
    for part in [
        "acts: 2 entries, root ",
        "of garim/eu/acts",
        "from 2026-11-25T00:00:00Z to 2026-11-25T00:00:01.5Z",
        "signed by garim/eu+8eb30c30",
        "not checked: there is no log of windows here",
        "no faults",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("no checkpoint from outside") && !text.contains("signatures were not"), "{text}");
    let bare = out(&audit(dir, &["verify", "log"]));
    assert!(bare.contains("no checkpoint from outside") && bare.contains("signatures were not"), "{bare}");

    let wrong = audit(dir, &["verify", "log", "--key", key("other.pem").trim_end(), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(json["whole"], false);
    assert!(json["faults"][0].as_str().unwrap().contains("not signed by garim/eu+8e5f58f4"), "{json}");

    let shown = audit(dir, &["show", "log"]);
    let lines = out(&shown);
    let first = "     0  2026-11-25T00:00:00Z  p1@host  look-up  kind=email  reason=a request";
    assert!(lines.starts_with(first) && lines.contains("reason=\\u{1b}[2J"), "{lines}");
    let shown = out(&audit(dir, &["show", "log", "--from", "1", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((json["index"].as_u64(), json["act"].as_str()), (Some(1), Some("look-up")));

    assert_eq!(audit(dir, &["verify", "log", "--key", "a+b"]).status.code(), Some(2));
    assert_eq!(audit(dir, &["verify"]).status.code(), Some(2));
    assert_eq!(audit(dir, &["verify", "nowhere"]).status.code(), Some(69));
    assert_eq!(audit(dir, &["export", "log", "--tree", "windows"]).status.code(), Some(69));
    log.append(&Act { v: 2, ..act(9) }).unwrap();
    assert_eq!(audit(dir, &["verify", "log"]).status.code(), Some(78));
    assert_eq!(audit(dir, &["show", "log"]).status.code(), Some(78));
}
