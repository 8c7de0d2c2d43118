//! Keys that die while garim runs: out of the store, its mirrors and the memory of every process, and never back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use garim::pseudonym::{Algorithm, Purpose, derive};
use garim::secret::Key;

use crate::awaiting::until;
use crate::cluster::shared;
use crate::process::{Garim, Site, code, stderr};
use crate::reading::{Isolation, await_done, read};
use crate::writing::{Raw, write};

const POLICY: &str = r#"
policy    = "keys"
effective = 2026-01-01
timezone  = "Asia/Seoul"
unlisted  = "drop"

[tiers.service]
label = "서비스"
keep  = "1 year"

[sources.keys]
label  = "열쇠"
topics = ["keys.in"]
format = "json"
time   = "/at"

[[sources.keys.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.keys.items]]
item = "who"
at   = "/who"
kind = "id"
do   = "pseudonymize"

[[sources.keys.items]]
item = "text"
at   = "/text"
kind = "text"
do   = "seal"

[[sources.keys.routes]]
to = ["service"]
"#;

const INPUT: &str = "keys.in";
const OUTPUT: &str = "tier.service.keys";

/// An event on a day of November 2026.
fn event(day: u8) -> Raw {
    let at = format!("2026-11-{day}T10:00:00+09:00");
    let time: jiff::Timestamp = at.parse().expect("a time");
    let value = format!(r#"{{"at":"{at}","who":"person-1","text":"sealed words"}}"#);
    Raw { timestamp_ms: Some(time.as_millisecond() + 1_000), ..Raw::value(0, value) }
}

fn put(brokers: &str, days: &[u8]) {
    let records: Vec<Raw> = days.iter().map(|&day| event(day)).collect();
    write(brokers, INPUT, &records);
    await_done(brokers, "keys", INPUT, Duration::from_secs(60));
}

/// Sixteen bytes of a key.
type Half = [u8; 16];

/// The halves of a day's secret and of all keys derived from it; and its name.
fn halves(keys: &Path, day: &str) -> (String, BTreeSet<Half>) {
    let bytes = fs::read(keys.join(format!("service/{day}.key"))).expect("the key file");
    let id = String::from_utf8(bytes[6..12].to_vec()).expect("letters");
    let secret = Key::new(bytes[20..52].try_into().expect("32 bytes"));
    let derived = [Purpose::Pseudonym, Purpose::RecordId, Purpose::Seal, Purpose::Nonce]
        .map(|purpose| derive(Algorithm::Blake3, purpose, &secret, None, ""));
    let all = derived.iter().chain([&secret]).flat_map(|key| key.expose().chunks_exact(16).map(<[u8]>::to_vec));
    (id, all.map(|half| half.try_into().expect("16 bytes")).collect())
}

/// Which of these are in the writable memory of a process.
fn in_memory(pid: u32, wanted: &BTreeSet<Half>) -> BTreeSet<Half> {
    let memory = File::open(format!("/proc/{pid}/mem"))
        .unwrap_or_else(|error| panic!("the memory of process {pid} cannot be read (this needs root): {error}"));
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the map of its memory");
    let firsts: BTreeSet<[u8; 8]> = wanted.iter().map(|half| half[..8].try_into().expect("8 bytes")).collect();
    let (mut found, mut read) = (BTreeSet::new(), 0);
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
        let (from, to) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).expect("an address"));
        let mut bytes = vec![0; (to - from) as usize];
        // A part may be gone by now, or be one that nobody can read; what matters was read before.
        if memory.read_exact_at(&mut bytes, from).is_err() {
            continue;
        }
        read += bytes.len();
        // Keys lie at multiples of their own size, their copies perhaps at any byte.
        for window in bytes.windows(16) {
            if window[0] != 0 && firsts.contains(&window[..8]) && wanted.contains(window) {
                found.insert(window.try_into().expect("16 bytes"));
            }
        }
    }
    assert!(read > 1 << 20, "{read} bytes of the memory of process {pid} were read");
    found
}

fn copy(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().expect("cp runs").success());
}

fn replace(with: &Path, dir: &Path) {
    fs::remove_dir_all(dir).expect("it goes");
    copy(with, dir);
}

/// Every file of a folder, as bytes.
fn holds(dir: &Path, wanted: &BTreeSet<Half>) -> bool {
    fs::read_dir(dir).expect("the folder").map(|entry| entry.expect("an entry").path()).any(|path| {
        match path.is_dir() {
            true => holds(&path, wanted),
            false => fs::read(&path).expect("a file").windows(16).any(|window| wanted.contains(window)),
        }
    })
}

fn json(output: &std::process::Output) -> serde_json::Value {
    assert_eq!(code(output), 0, "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

/// What the notices say of the refused.
fn reasons(brokers: &str) -> Vec<String> {
    let notices = read(brokers, "quarantine.keys", Isolation::Committed);
    notices.iter().map(|notice| notice.json()["reason"].as_str().expect("a reason").to_owned()).collect()
}

fn site(brokers: &str) -> Site {
    let mut site = Site::new(brokers, POLICY);
    site.set("kafka", "group = \"keys\"");
    site.set("worker", "max-refused = 1");
    site.make_keys("2026-11-18", "2026-11-22");
    let made = site.make_topics(&["--with-inputs", "--partitions", "1"]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    site
}

fn destroy(site: &Site, id: &str) -> serde_json::Value {
    json(&site.verb(&["keys", "destroy", "--key", id, "--reason", "a test", "--yes", "--format", "json"]))
}

#[test]
fn a_key_dies_while_garim_runs_and_does_not_come_back() {
    let cluster = shared();
    let brokers = cluster.brokers();
    let mut site = site(&brokers);
    let keys = site.keys();
    let [mirror, old, old_mirror] = ["mirror", "old", "old-mirror"].map(|name| keys.with_file_name(name));
    let made = site.verb(&["keys", "mirror", &mirror.display().to_string()]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    copy(&keys, &old);
    copy(&mirror, &old_mirror);
    let (id, doomed) = halves(&keys, "2026-11-20");
    let (_, kept) = halves(&keys, "2026-11-21");

    let mut garim = site.run("a", 1);
    garim.await_ready();
    put(&brokers, &[20, 21]);
    assert_eq!(read(&brokers, OUTPUT, Isolation::Committed).len(), 2, "{}", garim.log());
    // The scanner finds what is there: the secrets, and what was derived for the last batch.
    assert!(in_memory(garim.pid(), &doomed).len() >= 4, "the secret and a derived key");
    assert!(in_memory(garim.pid(), &kept).len() >= 4);

    // Destroyed under traffic of another day.
    let (ended, stop) = (Arc::new(AtomicBool::new(false)), brokers.clone());
    let traffic = std::thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            while !ended.load(Ordering::Relaxed) {
                write(&stop, INPUT, &vec![event(21); 50]);
            }
        }
    });
    let told = destroy(&site, &id);
    ended.store(true, Ordering::Relaxed);
    traffic.join().expect("the traffic ends");
    assert_eq!((&told["destroyed"], &told["waiting"]), (&serde_json::json!([id]), &serde_json::json!([])), "{told}");
    assert_eq!(told["unconfirmed"], serde_json::json!([]));
    assert!(!holds(&keys, &doomed) && !holds(&mirror, &doomed));

    // One more batch; an event of that day is refused by its name.
    put(&brokers, &[21, 20]);
    assert_eq!(reasons(&brokers), ["key-destroyed"]);
    assert_eq!(in_memory(garim.pid(), &doomed), BTreeSet::new());
    assert!(in_memory(garim.pid(), &kept).len() >= 4);
    let (_, metrics) = garim.page("/metrics").expect("metrics");
    assert!(metrics.contains("garim_keys_live 4"), "{metrics}");
    let listed = site.verb(&["keys", "list", "--format", "json"]);
    let listed = json(&listed)["tiers"][0]["keys"].as_array().expect("keys").clone();
    let gone: Vec<&str> =
        listed.iter().filter(|key| key["destroyed"] == true).map(|key| key["id"].as_str().expect("letters")).collect();
    assert_eq!(gone, [id.as_str()]);
    garim.stop();

    // A mirror that missed it (here: a copy of it) is brought in line before it serves.
    replace(&old_mirror, &mirror);
    assert!(holds(&mirror, &doomed));
    site.set("keys", format!("dir = \"{}\"", mirror.display()));
    let mut garim = site.run("b", 1);
    garim.await_ready();
    assert!(!holds(&mirror, &doomed));
    assert_eq!(in_memory(garim.pid(), &doomed), BTreeSet::new());
    garim.stop();

    // The store from an old copy is refused, until what is destroyed is gone from it.
    replace(&old, &keys);
    site.set("keys", format!("dir = \"{}\"", keys.display()));
    let mut garim = site.run("a", 1);
    assert_eq!(garim.exit(Duration::from_secs(60)), 77);
    assert!(garim.log().contains("a copy was put back") && garim.log().contains("destroy --resume"), "{}", garim.log());
    json(&site.verb(&["keys", "destroy", "--resume", "--format", "json"]));
    assert!(!holds(&keys, &doomed));

    // A process that cannot answer is waited for, and the one who waits may be killed.
    let (id, doomed) = halves(&keys, "2026-11-21");
    let mut garim = site.run("a", 1);
    garim.await_ready();
    garim.signal("STOP");
    killed_while_it_waits(&site, &keys, &id, &doomed);
    still_waits(&site, &garim);
    garim.signal("CONT");
    let told = json(&site.verb(&["keys", "destroy", "--resume", "--format", "json"]));
    assert_eq!((&told["destroyed"], &told["waiting"]), (&serde_json::json!([id]), &serde_json::json!([])), "{told}");
    assert_eq!(in_memory(garim.pid(), &doomed), BTreeSet::new());
    garim.stop();
}

fn killed_while_it_waits(site: &Site, keys: &Path, id: &str, doomed: &BTreeSet<Half>) {
    let mut waiting = site.begin(&["keys", "destroy", "--key", id, "--reason", "a test", "--yes", "--wait", "10m"]);
    until("the key is gone from the store", Duration::from_secs(60), || (!holds(keys, doomed)).then_some(()));
    waiting.kill().expect("it is there");
    waiting.wait().expect("it ends");
}

fn still_waits(site: &Site, garim: &Garim) {
    let resumed = site.verb(&["keys", "destroy", "--resume", "--wait", "1s"]);
    assert_eq!(code(&resumed), 75, "{}{}", stderr(&resumed), garim.log());
    assert!(stderr(&resumed).contains("keys/a#"), "it says who: {}", stderr(&resumed));
}
