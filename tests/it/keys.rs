//! The key store: what it makes, what it refuses, what it never makes again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use garim::engine::plan::{KeyPlan, Plan, Unlisted};
use garim::policy::key::{Halt, KEY_FILE_BYTES, Made, Store, StoreError, steady};
use garim::pseudonym::epoch::{Epoch, KeyRing, Lookup};
use garim::record::time::TimePrecision;
use garim::route::TierId;
use garim::route::calendar::Holidays;
use garim::route::term::Term;
use garim::route::tier::Tier;
use jiff::civil::{Date, date};

const FIRST: Date = date(2026, 11, 1);
const LAST: Date = date(2026, 11, 30);

/// Days from 1970-01-01 to 2026-11-01.
const FIRST_DAY: i32 = 20_758;

fn tier(name: &str) -> Tier {
    Tier {
        name: name.into(),
        label: name.into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term: Term::Months(3),
        legal_minimum: false,
        late_accept: false,
        time: TimePrecision::Second,
        record_id: true,
        spread: false,
    }
}

fn tiers() -> Vec<Tier> {
    vec![tier("login-3m"), tier("until-contract-end")]
}

/// A policy of these tiers, whose keys are their own and by day.
fn plan(tiers: Vec<Tier>) -> Plan {
    Plan {
        name: "keys".into(),
        digest: [0; 32],
        zone: jiff::tz::TimeZone::get("Asia/Seoul").unwrap(),
        unlisted: Unlisted::Drop,
        max_lateness_s: 0,
        keys: (0..tiers.len()).map(|tier| KeyPlan::by_day(TierId(tier as u8))).collect(),
        tiers,
        holidays: Holidays::default(),
        sources: Vec::new(),
    }
}

/// Makes the keys of a span, announced to nobody.
fn make(dir: &Path, tiers: &[Tier], from: Date, until: Date) -> Result<Made, StoreError> {
    let announce = &mut |_: &str, _: &[_]| Ok::<(), ()>(());
    Store::make(dir, &plan(tiers.to_vec()), (from, until), announce, &mut steady).map_err(|halt| match halt {
        Halt::Store(error) => error,
        Halt::Announce(()) => unreachable!("nobody refuses"),
    })
}

/// A store with thirty days of two tiers.
fn made() -> (tempfile::TempDir, std::path::PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("keys");
    let made = make(&dir, &tiers(), FIRST, LAST).unwrap();
    assert_eq!((made.made, made.kept), (60, 0));
    (parent, dir)
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn secret(ring: &KeyRing, tier: u8, day: i32) -> Option<([u8; 6], [u8; 32])> {
    match ring.lookup(TierId(tier), Epoch::Day(day), 0) {
        Lookup::Live(key) => Some((key.id, *key.secret.expose())),
        Lookup::Destroyed | Lookup::Missing => None,
    }
}

#[test]
fn keys_are_private_distinct_and_stay() {
    let (_parent, dir) = made();
    let file = dir.join("login-3m/2026-11-23.key");
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("login-3m")), 0o700);
    assert_eq!(mode(&file), 0o600);
    assert_eq!(fs::read(&file).unwrap().len(), KEY_FILE_BYTES);

    let ring = Store::open(&dir).unwrap().ring(&tiers());
    let mut seen = std::collections::HashSet::new();
    let mut ids = std::collections::HashSet::new();
    for tier in 0..2 {
        for day in FIRST_DAY..FIRST_DAY + 30 {
            let (id, bytes) = secret(&ring, tier, day).unwrap();
            assert!(id.iter().all(u8::is_ascii_lowercase));
            assert!(ids.insert(id) && seen.insert(bytes), "two keys of one store are alike");
        }
    }
    assert!(matches!(ring.lookup(TierId(0), Epoch::Day(FIRST_DAY - 1), 0), Lookup::Missing));
    assert!(matches!(ring.lookup(TierId(0), Epoch::Day(FIRST_DAY + 30), 0), Lookup::Missing));

    // A longer span adds the days that lack, and touches no other.
    let before = fs::read(&file).unwrap();
    let more = make(&dir, &tiers(), date(2026, 10, 31), date(2026, 12, 1)).unwrap();
    assert_eq!((more.made, more.kept), (4, 60));
    assert_eq!(fs::read(&file).unwrap(), before);
    let longer = Store::open(&dir).unwrap().ring(&tiers());
    assert_eq!(secret(&longer, 1, FIRST_DAY), secret(&ring, 1, FIRST_DAY));
    assert!(secret(&longer, 1, FIRST_DAY + 30).is_some());
}

#[test]
fn the_ring_follows_the_order_of_the_tiers() {
    let (_parent, dir) = made();
    let store = Store::open(&dir).unwrap();
    let (forth, mut turned) = (tiers(), tiers());
    turned.reverse();
    turned.push(tier("dispute-3y"));
    let (a, b) = (store.ring(&forth), store.ring(&turned));
    assert_eq!(secret(&a, 0, FIRST_DAY), secret(&b, 1, FIRST_DAY));
    assert!(matches!(b.lookup(TierId(2), Epoch::Day(FIRST_DAY), 0), Lookup::Missing));
}

#[test]
fn the_index_holds_no_secret_and_names_every_key() {
    let (_parent, dir) = made();
    let index = fs::read(dir.join("index.toml")).unwrap();
    let text = String::from_utf8(index.clone()).unwrap();
    let ring = Store::open(&dir).unwrap().ring(&tiers());
    for day in FIRST_DAY..FIRST_DAY + 30 {
        let (id, bytes) = secret(&ring, 0, day).unwrap();
        assert!(text.contains(std::str::from_utf8(&id).unwrap()));
        assert!(!index.windows(8).any(|window| window == &bytes[..8]));
        let hex: String = bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(&hex));
    }
}

#[test]
fn a_destroyed_key_is_marked_and_never_made_again() {
    let (_parent, dir) = made();
    let ring = Store::open(&dir).unwrap().ring(&tiers());
    let (id, _) = secret(&ring, 0, FIRST_DAY + 22).unwrap();
    fs::create_dir(dir.join("destroyed")).unwrap();
    set_mode(&dir.join("destroyed"), 0o700);
    fs::write(dir.join("destroyed").join(format!("{}.json", std::str::from_utf8(&id).unwrap())), "{}").unwrap();

    // The mark rules at once; the file goes afterwards.
    for gone in [false, true] {
        if gone {
            fs::remove_file(dir.join("login-3m/2026-11-23.key")).unwrap();
        }
        let store = Store::open(&dir).unwrap();
        assert!(matches!(store.ring(&tiers()).lookup(TierId(0), Epoch::Day(FIRST_DAY + 22), 0), Lookup::Destroyed));
        let again = make(&dir, &tiers(), FIRST, LAST).unwrap();
        assert_eq!((again.made, again.kept), (0, 60));
    }
    assert!(!dir.join("login-3m/2026-11-23.key").exists());
}

#[test]
fn an_interrupted_writer_leaves_a_store_that_the_next_one_completes() {
    // A crash between the keys and the index: some keys are there, one is half written, no index yet.
    let (_parent, dir) = made();
    fs::remove_file(dir.join("index.toml")).unwrap();
    fs::rename(dir.join("login-3m/2026-11-30.key"), dir.join("login-3m/.2026-11-30.key.new")).unwrap();
    let ring = Store::open(&dir).unwrap().ring(&tiers());
    assert!(secret(&ring, 0, FIRST_DAY).is_some());
    assert!(matches!(ring.lookup(TierId(0), Epoch::Day(FIRST_DAY + 29), 0), Lookup::Missing));

    let made = make(&dir, &tiers(), FIRST, LAST).unwrap();
    assert_eq!((made.made, made.kept), (1, 59));
    assert!(!dir.join("login-3m/.2026-11-30.key.new").exists());
    let completed = Store::open(&dir).unwrap().ring(&tiers());
    assert_eq!(secret(&completed, 0, FIRST_DAY), secret(&ring, 0, FIRST_DAY));
    assert!(secret(&completed, 0, FIRST_DAY + 29).is_some());
}

/// Damages the store in `dir`, whose files of interest are `a` and `b`.
type Damage = fn(dir: &Path, a: &Path, b: &Path);

/// What is done to a good store, and words of the complaint that it earns.
const REFUSED: [(&str, Damage, &str); 16] = [
    ("wide file", |_, a, _| set_mode(a, 0o644), "mode 0644 lets others in"),
    ("group may read", |_, a, _| set_mode(a, 0o640), "mode 0640 lets others in"),
    ("wide folder", |dir, _, _| set_mode(dir, 0o755), "mode 0755 lets others in"),
    ("wide tier", |dir, _, _| set_mode(&dir.join("login-3m"), 0o711), "mode 0711 lets others in"),
    ("index others may write", |dir, _, _| set_mode(&dir.join("index.toml"), 0o666), "mode 0666 lets others in"),
    ("short", |_, a, _| fs::write(a, [0; 12]).unwrap(), "12 bytes, and a key file has 60"),
    ("empty", |_, a, _| fs::write(a, []).unwrap(), "0 bytes"),
    ("long", |_, a, _| fs::write(a, [1; 500]).unwrap(), "and a key file has 60"),
    ("a flipped bit", |_, a, _| flip(a, 20), "damaged"),
    ("a flipped bit of the sum", |_, a, _| flip(a, 59), "damaged"),
    ("another day's", |_, a, b| fs::copy(b, a).map(drop).unwrap(), "another tier or day"),
    ("a link", |_, a, b| fs::remove_file(a).and_then(|()| symlink(b, a)).unwrap(), "a link"),
    ("a folder", |_, a, _| fs::remove_file(a).and_then(|()| fs::create_dir(a)).unwrap(), "not a plain file"),
    ("gone", |_, a, _| fs::remove_file(a).unwrap(), "it is gone"),
    ("a copy", |dir, a, _| fs::copy(a, dir.join("login-3m/2026-11-23.key.bak")).map(drop).unwrap(), "outlives"),
    ("damaged index", |dir, _, _| fs::write(dir.join("index.toml"), "version = ").unwrap(), "damaged"),
];

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_faulty_store_is_refused_and_the_complaint_names_the_file() {
    for (name, damage, wanted) in REFUSED {
        let (_parent, dir) = made();
        let (a, b) = (dir.join("login-3m/2026-11-23.key"), dir.join("login-3m/2026-11-24.key"));
        damage(&dir, &a, &b);
        let told = Store::open(&dir).expect_err(name).to_string();
        assert!(told.contains(wanted), "{name}: {told}");
        assert!(told.contains("help: ") && told.contains(dir.to_str().unwrap()), "{name}: {told}");
        // A writer does not mend what may be an attack.
        make(&dir, &tiers(), FIRST, LAST).expect_err(name);
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let (_parent, dir) = made();
    set_mode(&dir.join("login-3m/2026-11-02.key"), 0o604);
    fs::write(dir.join("until-contract-end/2026-11-03.key"), b"short").unwrap();
    fs::remove_file(dir.join("login-3m/2026-11-04.key")).unwrap();
    let faults = Store::open(&dir).unwrap_err().faults;
    let mut names: Vec<_> = faults.iter().map(|fault| fault.path.file_name().unwrap().to_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["2026-11-02.key", "2026-11-03.key", "2026-11-04.key"]);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let (_parent, dir) = made();
    let path = dir.join("login-3m/2026-11-23.key");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5] = 2;
    fs::write(&path, bytes).unwrap();
    let error = Store::open(&dir).unwrap_err();
    assert!(error.is_newer() && error.to_string().contains("version 2"), "{error}");

    let (_parent, dir) = made();
    let index = fs::read_to_string(dir.join("index.toml")).unwrap();
    fs::write(dir.join("index.toml"), index.replace("version = 1", "version = 2")).unwrap();
    assert!(Store::open(&dir).unwrap_err().is_newer());
}

#[test]
fn spans_and_names_are_bounded() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("keys");
    for (from, until) in [(LAST, FIRST), (date(2000, 1, 1), LAST)] {
        let error = make(&dir, &tiers(), from, until).unwrap_err();
        assert!(error.to_string().contains("days"), "{error}");
    }
    for name in ["../up", "destroyed", "tenants", "", "Login", "a/b", "index.toml"] {
        make(&dir, &[tier(name)], FIRST, LAST).expect_err(name);
    }
    assert!(!dir.exists(), "nothing is made of what is refused");
    let error = Store::open(&dir).unwrap_err();
    assert!(error.to_string().contains("garim keys new"), "{error}");
}

#[test]
fn one_writer_at_a_time() {
    let (_parent, dir) = made();
    let file = fs::File::open(dir.join("lock")).unwrap();
    file.lock().unwrap();
    let error = make(&dir, &tiers(), FIRST, date(2026, 12, 31)).unwrap_err();
    assert!(error.to_string().contains("another garim"), "{error}");
    Store::open(&dir).unwrap();
    drop(file);
    assert_eq!(make(&dir, &tiers(), FIRST, date(2026, 12, 31)).unwrap().made, 62);
}
