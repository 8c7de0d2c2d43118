//! The files of a log, by hand: C2SP `tlog-tiles`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use garim::telemetry::audit::AuditFault;
use garim::telemetry::audit::merkle::{leaf, root_of};
use garim::telemetry::audit::tile::{Row, Tile};
use garim::telemetry::audit::tree::Tree;
use proptest::prelude::*;

use super::{files, merkle::Naive, window};

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

fn open(dir: &Path) -> Tree {
    Tree::open(dir, "garim/eu/acts", None).unwrap()
}

fn append(tree: &mut Tree, numbers: std::ops::Range<u64>) {
    let entries: Vec<Vec<u8>> = numbers.map(entry).collect();
    tree.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
}

/// A log of so many entries, appended at once.
fn made(size: u64) -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("acts");
    append(&mut open(&dir), 0..size);
    (parent, dir)
}

#[test]
fn tiles_have_the_names_of_the_specification() {
    let rows = [
        (Row::Hashes(0), 0, 256, "tile/0/000"),
        (Row::Hashes(0), 0, 1, "tile/0/000.p/1"),
        (Row::Hashes(1), 999, 255, "tile/1/999.p/255"),
        (Row::Hashes(2), 1_000, 256, "tile/2/x001/000"),
        (Row::Hashes(0), 1_234_067, 256, "tile/0/x001/x234/067"),
        (Row::Entries, 1_234_067, 8, "tile/entries/x001/x234/067.p/8"),
        (Row::Entries, 1_000_000, 256, "tile/entries/x001/x000/000"),
    ];
    for (row, index, width, path) in rows {
        assert_eq!(Tile { row, index, width }.to_string(), path);
    }
}

#[test]
fn a_log_has_these_files() {
    let rows: [(u64, &[&str]); 6] = [
        (1, &["tile/0/000.p/1", "tile/entries/000.p/1"]),
        (255, &["tile/0/000.p/255", "tile/entries/000.p/255"]),
        (256, &["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]),
        (257, &["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"]),
        (512, &["tile/0/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001"]),
        (0, &[]),
    ];
    for (size, expected) in rows {
        let (_parent, dir) = made(size);
        let found = files(&dir);
        assert_eq!(found.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), expected, "{size} entries");
    }
    let (_parent, dir) = made(257);
    let tile = fs::read(dir.join("tile/0/000")).unwrap();
    assert_eq!(tile.len(), 8_192);
    assert_eq!(tile[32..64], leaf(b"entry 1"));
    assert_eq!(fs::read(dir.join("tile/0/001.p/1")).unwrap(), leaf(b"entry 256"));
    assert_eq!(fs::read(dir.join("tile/1/000.p/1")).unwrap(), root_of(tile.as_chunks::<32>().0));
    assert_eq!(fs::read(dir.join("tile/entries/001.p/1")).unwrap(), b"\x00\x09entry 256");
    assert!(fs::read(dir.join("tile/entries/000")).unwrap().starts_with(b"\x00\x07entry 0\x00\x07entry 1"));
}

/// The example of the specification, section "Partial Tiles".
#[test]
fn seventy_thousand_entries_have_three_levels() {
    let (_parent, dir) = made(70_000);
    let paths: Vec<String> = files(&dir).into_iter().map(|(path, _)| path).collect();
    let of = |front: &str| paths.iter().filter(|path| path.starts_with(front)).count();
    assert_eq!((of("tile/0/"), of("tile/1/"), of("tile/2/"), of("tile/3/"), of("tile/entries/")), (274, 2, 1, 0, 274));
    for path in ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
        assert!(paths.iter().any(|found| found == path), "{path} is missing");
    }
    let mut naive = Naive::new((0..70_000).map(entry));
    let mut tree = open(&dir);
    assert_eq!((tree.size(), tree.root()), (70_000, naive.hash(0, 70_000)));
    assert_eq!(tree.root_at(65_537).unwrap(), naive.hash(0, 65_537));
    assert_eq!(tree.entry(69_999).unwrap(), Some(entry(69_999)));
    append(&mut tree, 70_000..70_001);
    assert_eq!(tree.size(), 70_001);
}

#[test]
fn files_of_a_checkpoint_stay_until_the_full_one_is_there() {
    let (_parent, dir) = made(10);
    let mut tree = open(&dir);
    assert!(tree.sign_checkpoint(1_000_000).unwrap());
    append(&mut tree, 10..12);
    append(&mut tree, 12..15);
    // A checkpoint a minute, and none where nothing came.
    assert!(!tree.sign_checkpoint(1_059_999).unwrap());
    let widths = |row: &str| {
        let names = fs::read_dir(dir.join(format!("tile/{row}/000.p"))).unwrap();
        let mut names: Vec<String> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!((widths("0"), widths("entries")), (vec!["10".into(), "15".into()], vec!["10".into(), "15".into()]));
    assert!(tree.sign_checkpoint(1_060_000).unwrap());
    assert!(!tree.sign_checkpoint(2_000_000).unwrap());
    append(&mut tree, 15..256);
    assert!(!dir.join("tile/0/000.p").exists() && !dir.join("tile/entries/000.p").exists());
}

#[test]
fn one_process_writes_and_links_are_refused() {
    let (parent, dir) = made(3);
    let tree = open(&dir);
    let second = Tree::open(&dir, "garim/eu/acts", None).err().unwrap();
    assert!(matches!(&second, AuditFault::Busy { path } if *path == dir), "{second}");
    drop(tree);
    assert_eq!(fs::metadata(dir.join("tile/0/000.p/3")).unwrap().permissions().mode() & 0o022, 0);

    let link = parent.path().join("link");
    symlink(&dir, &link).unwrap();
    let refused = Tree::open(&link, "garim/eu/acts", None).err().unwrap().to_string();
    assert!(refused.contains("a link"), "{refused}");
    let elsewhere = parent.path().join("elsewhere");
    fs::rename(dir.join("tile"), &elsewhere).unwrap();
    symlink(&elsewhere, dir.join("tile")).unwrap();
    let refused = Tree::open(&dir, "garim/eu/acts", None).err().unwrap().to_string();
    assert!(refused.contains("a link"), "{refused}");
}

#[test]
fn an_entry_that_does_not_fit_is_refused_whole() {
    let (_parent, dir) = made(1);
    let mut tree = open(&dir);
    let long = vec![b'x'; 65_536];
    let refused = tree.append(&[b"short", &long]).unwrap_err().to_string();
    assert!(refused.contains("65536 bytes, and at most 65535 fit"), "{refused}");
    assert_eq!(tree.size(), 1);
    tree.append(&[&long[1..]]).unwrap();
    assert_eq!(tree.entry(1).unwrap().unwrap().len(), 65_535);
}

/// What `docs/operations.md` says of the size of a log stands on these numbers.
#[test]
fn a_window_takes_less_than_a_kilobyte() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("windows");
    let entries: Vec<Vec<u8>> = (0..4_096).map(|seq| window(1_000_000 + seq).to_bytes()).collect();
    open(&dir).append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let bytes: usize = files(&dir).iter().map(|(_, bytes)| bytes.len()).sum();
    let act = super::act(1).to_bytes().len();
    println!("a window takes {} bytes on disk ({} its entry), an act {act} and 34", bytes / 4_096, entries[0].len());
    assert!(bytes / 4_096 < 1_024, "{bytes} bytes for 4096 windows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Followers on different hosts append in different pieces, and must have the same files.
    #[test]
    fn pieces_do_not_matter(pieces in prop::collection::vec(0_u64..300, 1..7), reopen in any::<bool>()) {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("acts");
        let mut tree = open(&dir);
        let mut size = 0;
        for piece in pieces {
            append(&mut tree, size..size + piece);
            size += piece;
            if reopen {
                drop(tree);
                tree = open(&dir);
            }
        }
        let (_parent, at_once) = made(size);
        prop_assert_eq!(files(&dir), files(&at_once));
    }
}
