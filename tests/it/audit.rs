//! The tamper-evident log: the tree by known answers, the files by hand, every interruption, and every way to bend it.

mod crash;
mod layout;
mod log;
mod merkle;
mod tamper;
mod windows;

use std::fs;
use std::path::Path;

use garim::telemetry::audit::checkpoint::Signer;
use garim::telemetry::audit::entry::{Act, Read, What, Window};

/// A key of bytes 0 to 31: it protects nothing.
const PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
";

/// A key of bytes 1 to 32.
const OTHER_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g
-----END PRIVATE KEY-----
";

const NAME: &str = "garim/eu";

/// 2026-11-25 00:00 UTC.
const START_MS: i64 = 1_795_564_800_000;

fn signer() -> Signer {
    Signer::from_pem(PEM, NAME).unwrap()
}

fn other_signer() -> Signer {
    Signer::from_pem(OTHER_PEM, NAME).unwrap()
}

/// Some act, with something to change in it.
fn act(number: i64) -> Act {
    Act::new(START_MS + number * 1_000, "host-1", What::Alive { lease_ms: 60_000 + number as u64 })
}

/// Window `seq` of a lane that reads a hundred records of each of six partitions in a window.
fn window(seq: u64) -> Window {
    let from = seq as i64 * 100;
    let read = |partition| Read { topic: String::from("app-logs"), partition, from, next: from + 100, pieces: 100 };
    Window {
        v: 1,
        at_ms: START_MS + seq as i64 * 1_000,
        lane: String::from("host-1/0"),
        run: String::from("00c0ffee00c0ffee"),
        seq,
        part: 0,
        parts: 1,
        delivery: String::from("exactly-once"),
        policy: String::from("kjhgfedc"),
        read: (0..6).map(read).collect(),
        treated: 597,
        refused: vec![(String::from("no-tenant"), 3)],
        written: ["login-3m", "until-contract-end", "until-withdrawal", "to.statistics.login-3m", "quarantine"]
            .map(|topic| (format!("tier.{topic}.app-logs"), 597))
            .to_vec(),
    }
}

/// Every file below a folder but the lock: path below it, and bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![dir.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if below != "lock" {
                found.push((below, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}
