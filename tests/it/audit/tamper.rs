//! Every way to bend a log, and what `audit verify` says of it. Each row begins with a log that verifies.

use std::fs;
use std::path::Path;

use garim::telemetry::audit::Acts;
use garim::telemetry::audit::checkpoint::{Checkpoint, Signer};
use garim::telemetry::audit::entry::{Act, What};
use garim::telemetry::audit::file::FileLog;
use garim::telemetry::audit::tile;
use garim::telemetry::audit::tree::Tree;
use garim::telemetry::audit::verify::{Kept, Report, verify};
use garim::telemetry::hex;

use super::{NAME, START_MS, act, copy, other_signer, signer, window};

/// Windows of the log.
const WINDOWS: u64 = 600;

/// Entries of a log of windows, numbered from 0.
pub(super) fn write_windows(dir: &Path, entries: &[Vec<u8>], signer: Signer) -> Tree {
    let mut tree = Tree::open(&dir.join("windows"), "garim/eu/windows", Some(signer)).unwrap();
    tree.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    tree.sign_checkpoint_now(START_MS).unwrap();
    tree
}

fn windows() -> Vec<Vec<u8>> {
    (0..WINDOWS).map(|seq| window(seq).to_bytes()).collect()
}

/// Six acts, two of which name roots of the windows.
fn write_acts(dir: &Path, windows: &Tree, signer: Signer) {
    let mut log = FileLog::open(dir, NAME, Some(signer)).unwrap();
    for number in 0..3 {
        log.append(&act(number)).unwrap();
    }
    for size in [300, WINDOWS] {
        let root = hex(&windows.root_at(size).unwrap());
        log.append(&Act::new(START_MS + size as i64 * 1_000, "host-1", What::WindowsRoot { size, root })).unwrap();
    }
    // Later than a follower may lag behind.
    log.append(&act(1_000)).unwrap();
}

/// A log of both kinds.
fn made(dir: &Path) {
    let tree = write_windows(dir, &windows(), signer());
    write_acts(dir, &tree, signer());
}

fn check(dir: &Path, since: &[&str]) -> Report {
    let kept = |(number, text): (usize, &&str)| {
        let place = format!("kept-{number}");
        Checkpoint::read_all(text, &place)
            .unwrap()
            .into_iter()
            .map(move |checkpoint| Kept { place: place.clone(), checkpoint })
    };
    let since: Vec<Kept> = since.iter().enumerate().flat_map(kept).collect();
    verify(dir, &[signer().verifier()], &since)
}

fn told(report: &Report) -> String {
    report.faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// Replaces `from` by `to` in a file, once.
fn replace(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|found| found == from).unwrap();
    bytes.splice(at..at + from.len(), to.iter().copied());
    fs::write(path, bytes).unwrap();
}

fn swap(dir: &Path, one: &str, other: &str) {
    fs::rename(dir.join(one), dir.join("passing")).unwrap();
    fs::rename(dir.join(other), dir.join(one)).unwrap();
    fs::rename(dir.join("passing"), dir.join(other)).unwrap();
}

/// Takes an entry out of a bundle.
fn cut_out(path: &Path, at: usize) {
    let bytes = fs::read(path).unwrap();
    let mut bundle = Vec::new();
    for (number, entry) in tile::entries(&bytes).unwrap().into_iter().enumerate() {
        if number != at {
            tile::push_entry(&mut bundle, entry);
        }
    }
    fs::write(path, bundle).unwrap();
}

/// Writes the log anew, with these windows, all hashes and signatures fresh.
fn rewrite(dir: &Path, windows: &[Vec<u8>]) {
    fs::remove_dir_all(dir).unwrap();
    fs::create_dir(dir).unwrap();
    let tree = write_windows(dir, windows, signer());
    if windows.len() as u64 >= WINDOWS {
        write_acts(dir, &tree, signer());
    } else {
        FileLog::open(dir, NAME, Some(signer())).unwrap().append(&act(0)).unwrap();
    }
}

/// What is done to the log, and what must be told of it; nothing else may be.
struct Row {
    name: &'static str,
    bend: fn(&Path),
    /// One for each fault, in order; the front is `place: what`.
    faults: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        name: "an entry is edited",
        bend: |dir| replace(&dir.join("windows/tile/entries/001"), b"\"seq\":300", b"\"seq\":301"),
        faults: &[
            "windows/tile/entries/001: entry 300 was changed: its hash is not the one in tile/0/001",
            "windows, entry 300: window 301 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 299",
            "windows, entry 301: window 301 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 301",
        ],
    },
    Row {
        name: "an act is edited",
        bend: |dir| replace(&dir.join("acts/tile/entries/000.p/6"), b"60001", b"60009"),
        faults: &["acts/tile/entries/000.p/6: entry 1 was changed: its hash is not the one in tile/0/000.p/6"],
    },
    Row {
        name: "an act and its hash are edited",
        bend: |dir| {
            replace(&dir.join("acts/tile/entries/000.p/6"), b"60001", b"60009");
            let bytes = fs::read(dir.join("acts/tile/entries/000.p/6")).unwrap();
            let leaf = garim::telemetry::audit::merkle::leaf(tile::entries(&bytes).unwrap()[1]);
            let mut hashes = fs::read(dir.join("acts/tile/0/000.p/6")).unwrap();
            hashes[32..64].copy_from_slice(&leaf);
            fs::write(dir.join("acts/tile/0/000.p/6"), hashes).unwrap();
        },
        faults: &["acts/checkpoint: its root is not that of the 6 entries"],
    },
    Row {
        name: "an entry is removed",
        bend: |dir| cut_out(&dir.join("windows/tile/entries/000"), 7),
        faults: &[
            "windows/tile/entries/000: 255 entries, and tile/0/000 has 256: entries were removed or added, entry 7 is the first",
            "windows, entry 7: window 8 of lane host-1/0, run 00c0ffee00c0ffee, comes after window 6",
            "windows, entry 7: app-logs partition 0: offsets 700 to 799 are in no window: entry 6 ended at 700",
            "windows, entry 7: app-logs partition 1: offsets 700 to 799",
            "windows, entry 7: app-logs partition 2: offsets 700 to 799",
            "windows, entry 7: app-logs partition 3: offsets 700 to 799",
            "windows, entry 7: app-logs partition 4: offsets 700 to 799",
            "windows, entry 7: app-logs partition 5: offsets 700 to 799",
        ],
    },
    Row {
        name: "an act is removed",
        bend: |dir| cut_out(&dir.join("acts/tile/entries/000.p/6"), 5),
        faults: &[
            "acts/tile/entries/000.p/6: 5 entries, and tile/0/000.p/6 has 6: entries were removed or added, entry 5",
        ],
    },
    Row {
        name: "the end is cut off",
        bend: |dir| {
            fs::remove_dir_all(dir.join("windows/tile/entries/002.p")).unwrap();
            fs::remove_dir_all(dir.join("windows/tile/0/002.p")).unwrap();
        },
        faults: &[
            "windows/tile/0/002.p/88: missing",
            "windows/tile/entries/002.p/88: missing: entries 512 to 599 are gone",
        ],
    },
    Row {
        name: "a bundle is cut off",
        bend: |dir| {
            let path = dir.join("windows/tile/entries/002.p/88");
            let bytes = fs::read(&path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
        },
        faults: &["windows/tile/entries/002.p/88: damaged, or cut off"],
    },
    Row {
        name: "the log goes back to an older state of itself",
        bend: |dir| {
            let whole = windows();
            fs::remove_dir_all(dir.join("windows")).unwrap();
            write_windows(dir, &whole[..400], signer());
        },
        faults: &["acts, entry 4: there were 600 windows then, and there are 400 now: windows were cut"],
    },
    Row {
        name: "windows are rewritten, hashed and signed anew",
        bend: |dir| {
            let mut changed = windows();
            let mut other = window(100);
            other.policy = String::from("aaaaaaaa");
            changed[100] = other.to_bytes();
            fs::remove_dir_all(dir.join("windows")).unwrap();
            write_windows(dir, &changed, signer());
        },
        faults: &[
            "acts, entry 3: the first 300 windows are not those of that time",
            "acts, entry 4: the first 600 windows are not those of that time",
        ],
    },
    Row {
        name: "the windows are removed",
        bend: |dir| fs::remove_dir_all(dir.join("windows")).unwrap(),
        faults: &["windows: cannot open the folder: No such file or directory"],
    },
    Row {
        name: "tiles are swapped",
        bend: |dir| swap(&dir.join("windows"), "tile/0/000", "tile/0/001"),
        faults: &[
            "windows/tile/0/000: not the hashes of entries 0 to 255: changed or swapped",
            "windows/tile/0/001: not the hashes of entries 256 to 511: changed or swapped",
            "acts, entry 3: the first 300 windows are not those of that time",
        ],
    },
    Row {
        name: "bundles are swapped",
        bend: |dir| {
            swap(&dir.join("acts"), "tile/entries/000.p/6", "tile/entries/000.p/5");
        },
        faults: &["acts/tile/entries/000.p/6: 5 entries, and tile/0/000.p/6 has 6"],
    },
    Row {
        name: "a hash of an upper tile is changed",
        bend: |dir| {
            let path = dir.join("windows/tile/1/000.p/2");
            let mut bytes = fs::read(&path).unwrap();
            bytes[40] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        faults: &[
            "windows/tile/1/000.p/2: hash 1 is not the root of tile/0/001: one was changed",
            "windows/checkpoint: its root is not that of the 600 entries",
            "acts, entry 4: the first 600 windows are not those of that time",
        ],
    },
    Row {
        name: "the signature is bent",
        bend: |dir| {
            let path = dir.join("acts/checkpoint");
            let mut text = fs::read_to_string(&path).unwrap().into_bytes();
            let at = text.len() - 20;
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            fs::write(path, text).unwrap();
        },
        faults: &["acts/checkpoint: the signature of garim/eu+8eb30c30 is false"],
    },
    Row {
        name: "somebody else signs",
        bend: |dir| {
            fs::remove_file(dir.join("acts/checkpoint")).unwrap();
            let mut tree = Tree::open(&dir.join("acts"), "garim/eu/acts", Some(other_signer())).unwrap();
            tree.sign_checkpoint_now(START_MS).unwrap();
        },
        faults: &["acts/checkpoint: not signed by garim/eu+8eb30c30, but by garim/eu+8e5f58f4"],
    },
    Row {
        name: "nobody signs",
        bend: |dir| {
            let path = dir.join("acts/checkpoint");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.split_inclusive('\n').take(4).collect::<String>()).unwrap();
        },
        faults: &["acts/checkpoint: not signed; expected garim/eu+8eb30c30"],
    },
    Row {
        name: "the checkpoint is gone",
        bend: |dir| fs::remove_file(dir.join("windows/checkpoint")).unwrap(),
        faults: &["windows/checkpoint: missing"],
    },
    Row {
        name: "one log stands in place of the other",
        bend: |dir| {
            fs::remove_dir_all(dir.join("acts")).unwrap();
            copy(&dir.join("windows"), &dir.join("acts"));
            replace(&dir.join("acts/tile/entries/000"), b"host-1/0", b"host-1/1");
        },
        faults: &["acts/checkpoint: of the log `garim/eu/windows`, and this is the folder of one of acts"],
    },
    Row {
        name: "a bundle in the middle is dropped",
        bend: |dir| fs::remove_file(dir.join("windows/tile/entries/001")).unwrap(),
        faults: &["windows/tile/entries/001: missing: entries 256 to 511 are gone"],
    },
    Row {
        name: "acts are dropped, which are kept for ever",
        bend: |dir| fs::remove_dir_all(dir.join("acts/tile/entries")).unwrap(),
        faults: &["acts/tile/entries/000.p/6: missing: entries 0 to 5 are gone"],
    },
];

#[test]
fn whatever_is_bent_is_told() {
    let template = tempfile::tempdir().unwrap();
    made(template.path());
    for Row { name, bend, faults } in ROWS {
        let run = tempfile::tempdir().unwrap();
        let dir = run.path().join("audit");
        copy(template.path(), &dir);
        assert_eq!(told(&check(&dir, &[])), "", "{name}: before");
        bend(&dir);
        let report = check(&dir, &[]);
        let told: Vec<String> =
            report.faults.iter().map(|fault| fault.to_string().replace(&format!("{}/", dir.display()), "")).collect();
        for fault in *faults {
            assert!(
                told.iter().any(|told| told.starts_with(fault)),
                "{name}: {fault:?} is not told:\n{}",
                told.join("\n")
            );
        }
        // A log that is not the right one, or lacks a part, has its entries told, too.
        let more = ["one log stands in place of the other", "a bundle in the middle is dropped"].contains(name);
        assert!(more || told.len() == faults.len(), "{name}: more is told:\n{}", told.join("\n"));
    }
}

/// An operator with the key writes all of it anew: only what was kept outside tells.
#[test]
fn a_rewritten_log_does_not_pass_an_older_checkpoint() {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("audit");
    let early = {
        let tree = write_windows(&dir_made(&dir), &windows()[..500], signer());
        tree.checkpoint().unwrap().unwrap()
    };
    fs::remove_dir_all(&dir).unwrap();
    made(&dir_made(&dir));
    let late = fs::read_to_string(dir.join("windows/checkpoint")).unwrap();
    let acts = fs::read_to_string(dir.join("acts/checkpoint")).unwrap();
    assert_eq!(told(&check(&dir, &[&early, &late, &acts])), "");
    let both = format!("{early}\n{acts}");
    assert_eq!(told(&check(&dir, &[&both])), "");

    rewrite(&dir, &windows()[..450]);
    let told_now = told(&check(&dir, &[&early]));
    assert_eq!(told_now, "kept-0: windows had 500 entries then and has 450 now: the log was cut\n");
    assert_eq!(told(&check(&dir, &[])), "", "nothing inside tells it");

    let (mut changed, mut other) = (windows(), window(100));
    other.policy = String::from("aaaaaaaa");
    changed[100] = other.to_bytes();
    rewrite(&dir, &changed);
    assert_eq!(told(&check(&dir, &[])), "", "nothing inside tells it");
    let told_now = told(&check(&dir, &[&early, &late]));
    assert_eq!(
        told_now,
        "kept-0: windows: the first 500 entries are not those of that time: the log was rewritten\n\
         kept-1: windows: the first 600 entries are not those of that time: the log was rewritten\n"
    );

    // A checkpoint of another log, and one whose signature is not the log's.
    let foreign = early.replace("garim/eu/windows", "garim/us/windows");
    let told_now = told(&check(&dir, &[&foreign]));
    assert_eq!(told_now, "kept-0: of the log `garim/us/windows`, which is not here\n");
    fs::remove_dir_all(&dir).unwrap();
    made(&dir_made(&dir));
    let forged = other_signer().sign("garim/eu/windows", 0, &garim::telemetry::audit::merkle::root_of(&[]));
    let told_now = told(&check(&dir, &[&forged]));
    assert_eq!(told_now, "kept-0: not signed by garim/eu+8eb30c30, but by garim/eu+8e5f58f4\n");
}

fn dir_made(dir: &Path) -> std::path::PathBuf {
    fs::create_dir_all(dir).unwrap();
    dir.to_owned()
}

#[test]
fn windows_may_expire_from_the_front_and_the_tail_may_lack_a_checkpoint() {
    let run = tempfile::tempdir().unwrap();
    made(run.path());
    fs::remove_file(run.path().join("windows/tile/entries/000")).unwrap();
    fs::remove_file(run.path().join("windows/tile/entries/001")).unwrap();
    let report = check(run.path(), &[]);
    assert_eq!(told(&report), "");
    assert_eq!(
        report.logs.iter().map(|log| (log.log, log.size, log.unread)).collect::<Vec<_>>(),
        [("acts", 6, 0), ("windows", 600, 512)]
    );
    assert!(report.unchecked.iter().any(|what| what.contains("the first 512 entries could not be read")));

    let mut tree = Tree::open(&run.path().join("windows"), "garim/eu/windows", Some(signer())).unwrap();
    tree.append(&[&window(600).to_bytes(), &window(601).to_bytes()]).unwrap();
    drop(tree);
    let report = check(run.path(), &[]);
    assert_eq!(told(&report), "");
    assert!(report.unchecked.contains(&String::from("windows: 2 entries came after the checkpoint")));

    // The topics are followed side by side: what the newest acts name may not be here yet.
    let root = hex(&[0; 32]);
    let ahead = Act::new(START_MS + 1_000_000, "host-2", What::WindowsRoot { size: 700, root });
    FileLog::open(run.path(), NAME, Some(signer())).unwrap().append(&ahead).unwrap();
    let report = check(run.path(), &[]);
    assert_eq!(told(&report), "");
    let ahead = String::from("acts name 1 roots of windows that this host does not have yet");
    assert!(report.unchecked.contains(&ahead));
}
