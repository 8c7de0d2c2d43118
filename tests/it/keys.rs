//! The key store: what it makes, what it refuses, what it never makes again.

mod steps;
mod terms;
mod verbs;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use garim::engine::plan::{KeyPlan, Plan, Unlisted};
use garim::policy::key::{Halt, KEY_FILE_BYTES, KeyId, Made, Store, StoreError, steady};
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
        term: Term::months(3),
        legal_minimum: false,
        late_accept: false,
        time: TimePrecision::Second,
        record_id: true,
        spread: false,
        body_sealed: false,
        until_ms: None,
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

fn private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    set_mode(path, 0o600);
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

    // The mark rules at once; the next writer takes the file away, and again where it is copied back.
    let file = fs::read(dir.join("login-3m/2026-11-23.key")).unwrap();
    for _ in 0..2 {
        private(&dir.join("login-3m/2026-11-23.key"), &file);
        let store = Store::open(&dir).unwrap();
        assert!(matches!(store.ring(&tiers()).lookup(TierId(0), Epoch::Day(FIRST_DAY + 22), 0), Lookup::Destroyed));
        let again = make(&dir, &tiers(), FIRST, LAST).unwrap();
        assert_eq!((again.made, again.kept), (0, 60));
        assert!(!dir.join("login-3m/2026-11-23.key").exists());
    }
}

/// Damages the store in `dir`, whose files of interest are `a` and `b`.
type Damage = fn(dir: &Path, a: &Path, b: &Path);

/// What is done to a good store, and words of the complaint that it earns.
const REFUSED: [(&str, Damage, &str); 22] = [
    ("wide file", |_, a, _| set_mode(a, 0o644), "mode 0644 lets others in"),
    ("group may read", |_, a, _| set_mode(a, 0o640), "mode 0640 lets others in"),
    ("wide folder", |dir, _, _| set_mode(dir, 0o755), "mode 0755 lets others in"),
    ("wide tier", |dir, _, _| set_mode(&dir.join("login-3m"), 0o711), "mode 0711 lets others in"),
    ("index others may write", |dir, _, _| set_mode(&dir.join("index.toml"), 0o666), "mode 0666 lets others in"),
    ("short", |_, a, _| fs::write(a, [0; 12]).unwrap(), "12 bytes, and a key file has 68"),
    ("31 bytes", |_, a, _| fs::write(a, [0; 31]).unwrap(), "31 bytes, and a key file has 68"),
    ("empty", |_, a, _| fs::write(a, []).unwrap(), "0 bytes"),
    ("long", |_, a, _| fs::write(a, [1; 500]).unwrap(), "and a key file has 68"),
    ("a flipped bit", |_, a, _| flip(a, 20), "damaged"),
    ("a flipped bit of the sum", |_, a, _| flip(a, 67), "damaged"),
    ("another day's", |_, a, b| fs::copy(b, a).map(drop).unwrap(), "another tier, epoch or tenant"),
    ("moved", |dir, a, _| fs::rename(a, dir.join("until-contract-end/2026-12-01.key")).unwrap(), "another tier, epoch"),
    ("two keys changed places", |_, a, b| swap(a, b), "another tier, epoch or tenant"),
    ("a link", |_, a, b| fs::remove_file(a).and_then(|()| symlink(b, a)).unwrap(), "a link"),
    ("a folder", |_, a, _| fs::remove_file(a).and_then(|()| fs::create_dir(a)).unwrap(), "not a plain file"),
    ("gone", |_, a, _| fs::remove_file(a).unwrap(), "it is gone"),
    ("a copy", |dir, a, _| fs::copy(a, dir.join("login-3m/2026-11-23.key.bak")).map(drop).unwrap(), "outlives"),
    ("damaged index", |dir, _, _| fs::write(dir.join("index.toml"), "version = ").unwrap(), "damaged"),
    ("edited index", |dir, _, _| edit(dir, "2026-11-23", "2031-11-23"), "its last line does not fit"),
    ("cut index", |dir, _, _| edit(dir, "# sum ", "# "), "its last line does not fit"),
    ("no index", |dir, _, _| fs::remove_file(dir.join("index.toml")).unwrap(), "index.toml: it is gone"),
];

fn swap(a: &Path, b: &Path) {
    let (of_a, of_b) = (fs::read(a).unwrap(), fs::read(b).unwrap());
    fs::write(a, of_b).and_then(|()| fs::write(b, of_a)).unwrap();
}

fn edit(dir: &Path, what: &str, into: &str) {
    let index = fs::read_to_string(dir.join("index.toml")).unwrap();
    assert!(index.contains(what), "{what}");
    fs::write(dir.join("index.toml"), index.replacen(what, into, 1)).unwrap();
}

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
    bytes[5] = 3;
    fs::write(&path, bytes).unwrap();
    let error = Store::open(&dir).unwrap_err();
    assert!(error.is_newer() && error.to_string().contains("version 3"), "{error}");

    let (_parent, dir) = made();
    let index = fs::read_to_string(dir.join("index.toml")).unwrap();
    fs::write(dir.join("index.toml"), index.replace("version = 2", "version = 3")).unwrap();
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
    for name in ["../up", "destroyed", "tenants", "audit", "lock", "", "Login", "a/b", "index.toml"] {
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
    file.unlock().unwrap();
    assert_eq!(make(&dir, &tiers(), FIRST, date(2026, 12, 31)).unwrap().made, 62);
}

/// A key file of version 1, as its writer made it: the secret at byte 12, the sum over front, day and tier.
fn first_version_file(tier: &str, day: i32, id: &[u8; 6], secret: &[u8; 32]) -> Vec<u8> {
    let mut bytes = [&b"garim\x01"[..], id, secret].concat();
    let sum = blake3::hash(&[&bytes[..], &day.to_le_bytes(), tier.as_bytes()].concat());
    bytes.extend_from_slice(&sum.as_bytes()[..16]);
    bytes
}

#[test]
fn a_store_of_version_1_is_read_and_goes_on_in_version_2() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("keys");
    let mut index = String::from("version = 1\n\n[keys]\n\n[keys.\"login-3m\"]\n");
    for folder in [dir.clone(), dir.join("login-3m")] {
        fs::create_dir(&folder).unwrap();
        set_mode(&folder, 0o700);
    }
    for (at, id) in [*b"aaaaaa", *b"bbbbbb"].iter().enumerate() {
        let (day, secret) = (FIRST_DAY + at as i32, [at as u8 + 1; 32]);
        let path = dir.join(format!("login-3m/2026-11-0{}.key", at + 1));
        private(&path, &first_version_file("login-3m", day, id, &secret));
        let print = blake3::derive_key("garim 2026-11 key fingerprint v1", &secret);
        let print: String = print[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let id = std::str::from_utf8(id).unwrap();
        index += &format!("2026-11-0{} = {{ id = \"{id}\", fingerprint = \"{print}\" }}\n", at + 1);
    }
    fs::write(dir.join("index.toml"), index).unwrap();

    let old = Store::open(&dir).unwrap();
    assert_eq!(secret(&old.ring(&tiers()), 0, FIRST_DAY + 1), Some((*b"bbbbbb", [2; 32])));
    assert_eq!(old.id().len(), 16);
    let more = make(&dir, &tiers(), FIRST, date(2026, 11, 3)).unwrap();
    assert_eq!((more.made, more.kept), (4, 2));
    let new = Store::open(&dir).unwrap();
    assert_eq!(new.id(), old.id(), "its id stays");
    assert!(fs::read_to_string(dir.join("index.toml")).unwrap().contains("version = 2"));
    assert_eq!(secret(&new.ring(&tiers()), 0, FIRST_DAY + 1), Some((*b"bbbbbb", [2; 32])));
    assert!(secret(&new.ring(&tiers()), 0, FIRST_DAY + 2).is_some());
    flip(&dir.join("login-3m/2026-11-01.key"), 59);
    assert!(Store::open(&dir).unwrap_err().to_string().contains("damaged"));
}

#[test]
fn keys_are_announced_before_they_are_there_and_not_made_if_that_fails() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("keys");
    let (from, until) = (date(2026, 1, 1), date(2026, 12, 31));
    let mut told = Vec::new();
    let mut announce = |store: &str, keys: &[KeyId]| {
        assert!(store.len() == 16 && !keys.is_empty() && keys.len() <= 500);
        assert!(!dir.join("login-3m").exists(), "announced first");
        told.extend(keys.to_vec());
        Ok::<(), ()>(())
    };
    Store::make(&dir, &plan(tiers()), (from, until), &mut announce, &mut steady).unwrap();
    let made: Vec<KeyId> = Store::open(&dir).unwrap().keys().into_iter().map(|listed| listed.key).collect();
    told.sort();
    assert_eq!(
        (told.len(), told),
        (730, made.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect())
    );

    let refuse = &mut |_: &str, _: &[KeyId]| Err("no broker");
    let more = Store::make(&dir, &plan(tiers()), (from, date(2027, 1, 1)), refuse, &mut steady);
    assert_eq!(more, Err(Halt::Announce("no broker")));
    assert!(!dir.join("login-3m/2027-01-01.key").exists());
}

#[test]
fn what_the_acts_say_is_destroyed_is_so_whatever_the_files_say() {
    let (_parent, dir) = made();
    let mut store = Store::open(&dir).unwrap();
    let (id, _) = secret(&store.ring(&tiers()), 1, FIRST_DAY).unwrap();
    let destroyed = [id].into();
    let present = store.present_destroyed(&destroyed);
    assert_eq!(present.len(), 1);
    assert_eq!(
        present[0].to_string(),
        format!("{} (until-contract-end/2026-11-01)", std::str::from_utf8(&id).unwrap())
    );
    store.forget(&destroyed);
    assert!(matches!(store.ring(&tiers()).lookup(TierId(1), Epoch::Day(FIRST_DAY), 0), Lookup::Destroyed));
    assert_eq!(store.present_destroyed(&Default::default()), present);
}

#[test]
fn another_user_s_key_is_no_key() {
    let (_parent, dir) = made();
    let path = dir.join("login-3m/2026-11-23.key");
    // Only the superuser may give a file away; anybody else looks at the superuser's.
    let user = rustix::process::geteuid().as_raw();
    if user == 0 {
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        let told = Store::open(&dir).unwrap_err().to_string();
        assert!(told.contains("belongs to user 65534, and garim runs as user 0"), "{told}");
    } else {
        let told = Store::open(Path::new("/")).unwrap_err().to_string();
        assert!(told.contains("belongs to user 0, and garim runs as"), "{told}");
    }
}

#[test]
fn who_reads_while_another_writes_finds_a_whole_store() {
    let (_parent, dir) = made();
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            for more in 1..=12 {
                make(&dir, &tiers(), FIRST, LAST.saturating_add(jiff::Span::new().days(more))).unwrap();
                let keys = Store::open(&dir).unwrap().keys();
                let live = keys.iter().filter(|listed| !listed.destroyed).map(|listed| listed.key.id);
                let doomed: Vec<_> = live.take(5).collect();
                assert_eq!(Store::mark_and_remove(&dir, &doomed, "{}", &mut steady).unwrap().len(), 5);
            }
        });
        while !writer.is_finished() {
            Store::open(&dir).unwrap();
        }
        writer.join().unwrap();
    });
    assert_eq!(Store::open(&dir).unwrap().keys().iter().filter(|listed| listed.destroyed).count(), 60);
}
