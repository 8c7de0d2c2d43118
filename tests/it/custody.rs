//! Custody of keys across hosts: a destruction that is interrupted anywhere is completed, and it is never called done while
//! somebody alive has the key.

mod interleaving;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use garim::engine::plan::{KeyPlan, Plan, Unlisted};
use garim::policy::key::{Interrupted, Step, Store, letters, steady};
use garim::record::time::TimePrecision;
use garim::route::TierId;
use garim::route::calendar::Holidays;
use garim::route::term::Term;
use garim::route::tier::Tier;
use garim::service::custody::{Custodian, CustodyFault, Destroyed, Id, horizon};
use garim::telemetry::audit::entry::{Act, What};
use garim::telemetry::audit::{Acts, AuditFault};
use jiff::civil::{Date, date};

const FIRST: Date = date(2026, 11, 1);
const LAST: Date = date(2026, 11, 3);
const TODAY: Date = date(2026, 11, 25);
const MINUTE_MS: i64 = 60_000;

/// A log of acts in memory. It can be away after a number of steps, and lose the answer to the append that comes then.
#[derive(Default)]
struct Memory {
    acts: Vec<Act>,
    /// Steps until the process is killed; an append is one. No bound where there is none.
    left: Option<Rc<Cell<usize>>>,
    /// Whether the append that fails is in the log all the same.
    unknown: bool,
}

/// Counts a step, or is the kill.
fn step(left: &Cell<usize>) -> Result<(), Interrupted> {
    left.set(left.get().checked_sub(1).ok_or(Interrupted)?);
    Ok(())
}

impl Acts for Memory {
    fn append(&mut self, act: &Act) -> Result<u64, AuditFault> {
        if self.left.as_ref().is_some_and(|left| step(left).is_err()) {
            if std::mem::take(&mut self.unknown) {
                self.acts.push(act.clone());
            }
            return Err(AuditFault::Broker(String::from("away")));
        }
        // As every log does, it keeps bytes.
        let act = Act::from_bytes(&act.to_bytes(), "memory").expect("what was written can be read");
        self.acts.push(act);
        Ok(self.acts.len() as u64 - 1)
    }

    fn read(&mut self, from: u64, each: &mut dyn FnMut(u64, Act)) -> Result<u64, AuditFault> {
        for (index, act) in self.acts.iter().enumerate().skip(from as usize) {
            each(index as u64, act.clone());
        }
        Ok(self.acts.len() as u64)
    }

    fn place(&self) -> String {
        String::from("memory")
    }
}

fn tier(name: &str, legal_minimum: bool) -> Tier {
    Tier {
        name: name.into(),
        label: name.into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term: Term::months(3),
        legal_minimum,
        late_accept: false,
        time: TimePrecision::Second,
        record_id: true,
        spread: false,
        body_sealed: false,
        until_ms: None,
    }
}

fn plan() -> Plan {
    let tiers = vec![tier("service", false), tier("login-3m", true)];
    Plan {
        name: "custody".into(),
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

fn make(dir: &Path, until: Date) {
    let announce = &mut |_: &str, _: &[_]| Ok::<(), ()>(());
    Store::make(dir, &plan(), (FIRST, until), announce, &mut steady).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).unwrap() }
    }
}

/// The ids of the key files of a folder, read with no reader of garim's.
fn ids_on_disk(dir: &Path) -> BTreeSet<Id> {
    let Ok(entries) = fs::read_dir(dir) else { return BTreeSet::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match (path.is_dir(), path.extension().is_some_and(|end| end == "key")) {
            (true, _) => ids_on_disk(&path),
            (false, true) => BTreeSet::from([fs::read(&path).unwrap()[6..12].try_into().unwrap()]),
            (false, false) => BTreeSet::new(),
        })
        .collect()
}

fn of_tier(dir: &Path, tier: &str) -> Vec<Id> {
    let keys = Store::open(dir).unwrap().keys();
    keys.iter().filter(|listed| listed.key.place.tier() == tier).map(|listed| listed.key.id).collect()
}

fn started(store: &str) -> What {
    What::Started {
        group: String::from("garim"),
        policy: String::new(),
        settings: String::new(),
        binary: String::new(),
        version: String::new(),
        store: store.to_owned(),
        lease_ms: 10 * MINUTE_MS as u64,
    }
}

/// A store with a mirror on its host, and the log of both.
struct Site {
    folder: tempfile::TempDir,
    acts: Memory,
    now_ms: i64,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make(&folder.path().join("keys"), LAST);
        Self { folder, acts: Memory::default(), now_ms: 1_795_000_000_000 }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn mirror(&self) -> PathBuf {
        self.folder.path().join("mirror")
    }

    fn store(&self) -> String {
        Store::open(&self.keys()).unwrap().id().to_owned()
    }

    /// Acts as somebody on some host.
    fn with<T>(&mut self, by: &str, host: &str, work: impl FnOnce(&mut Custodian<'_>) -> T) -> Result<T, CustodyFault> {
        let now_ms = self.now_ms;
        let clock = || now_ms;
        let mut custodian = Custodian::new(&mut self.acts, by, host, &clock)?;
        Ok(work(&mut custodian))
    }

    fn act(&mut self, by: &str, what: What) {
        self.acts.append(&Act::new(self.now_ms, by, what)).unwrap();
    }

    fn destroy(&mut self, ids: &[Id]) -> Result<Destroyed, CustodyFault> {
        let dir = self.keys();
        self.with("staff", "here", |custodian| {
            custodian.begin(&dir, &plan(), ids, "for a test", TODAY)?;
            custodian.resume(&dir, &mut steady, &mut || false)
        })?
    }

    fn resume(&mut self) -> Destroyed {
        let dir = self.keys();
        self.with("staff", "here", |custodian| custodian.resume(&dir, &mut steady, &mut || false)).unwrap().unwrap()
    }

    fn make_mirror(&mut self, host: &str) {
        let (from, to) = (self.keys(), self.mirror());
        self.with("staff", host, |custodian| custodian.mirror(&from, &to, &mut steady)).unwrap().unwrap();
    }

    fn mirror_id(&self) -> String {
        Store::open(&self.mirror()).unwrap().mirror_id().unwrap().to_owned()
    }

    /// How often the log says of each id that it is destroyed.
    fn done(&self) -> BTreeMap<String, usize> {
        let mut done = BTreeMap::new();
        for act in &self.acts.acts {
            if let What::Destroyed { ids, .. } = &act.what {
                ids.iter().for_each(|id| *done.entry(id.clone()).or_default() += 1);
            }
        }
        done
    }

    fn begun(&self) -> BTreeSet<String> {
        let begun = self.acts.acts.iter().filter_map(|act| match &act.what {
            What::DestroyBegun { keys, .. } => Some(keys.iter().map(|key| key.id.clone())),
            _ => None,
        });
        begun.flatten().collect()
    }
}

#[test]
fn a_destruction_that_is_killed_at_any_step_is_completed() {
    // The kill comes before a step of the disk, or at an append, which is then in the log or not.
    let mut kills = BTreeSet::new();
    for unknown in [false, true] {
        for kill in 0.. {
            let mut site = Site::new();
            site.make_mirror("here");
            site.act("garim/gone#1", started(&site.store()));
            site.act("garim/gone#1", What::Stopped {});
            let ids = of_tier(&site.keys(), "service");
            let whole = ids_on_disk(&site.keys());
            let (dir, left) = (site.keys(), Rc::new(Cell::new(kill)));
            site.acts.left = Some(Rc::clone(&left));
            site.acts.unknown = unknown;
            let mut hook = |_: Step| step(&left);
            let ended = site
                .with("staff", "here", |custodian| {
                    custodian.begin(&dir, &plan(), &ids, "for a test", TODAY)?;
                    custodian.resume(&dir, &mut hook, &mut || false)
                })
                .unwrap();
            site.acts.left = None;
            let all_done = ended.as_ref().is_ok_and(|destroyed| destroyed.waiting.is_empty());
            kills.insert(match &ended {
                Err(CustodyFault::Acts(_)) => "log",
                Err(CustodyFault::Store(_)) => "disk",
                Err(other) => panic!("{other}"),
                Ok(destroyed) if destroyed.waiting.is_empty() => "done",
                Ok(_) => "mirror",
            });

            site.acts.unknown = false;
            // Nothing went before it was said, and nothing was said to be gone that is there.
            let (begun, done) = (site.begun(), site.done());
            for id in whole.difference(&ids_on_disk(&site.keys())) {
                assert!(begun.contains(&letters(*id)), "{} went unsaid", letters(*id));
            }
            for id in ids_on_disk(&site.keys()).union(&ids_on_disk(&site.mirror())) {
                assert!(!done.contains_key(&letters(*id)), "{} is said to be gone", letters(*id));
            }
            // Asked for again, as its user would; where it was begun, any verb that writes to the store completes it.
            let completed = if begun.is_empty() { site.destroy(&ids).unwrap() } else { site.resume() };
            assert_eq!(completed.waiting, [], "kill {kill}");
            let expected: BTreeMap<String, usize> = ids.iter().map(|&id| (letters(id), 1)).collect();
            assert_eq!(site.done(), expected, "kill {kill}");
            for dir in [site.keys(), site.mirror()] {
                assert!(ids_on_disk(&dir).is_disjoint(&ids.iter().copied().collect()), "kill {kill}");
                let store = Store::open(&dir).unwrap();
                assert!(store.unsettled().is_empty() && store.present_destroyed(&HashSet::new()).is_empty());
            }
            assert_eq!(site.resume(), Destroyed::default(), "nothing is left to do");
            if all_done {
                assert!(kill > 20, "{kill}");
                break;
            }
        }
    }
    assert_eq!(kills, BTreeSet::from(["log", "disk", "mirror", "done"]));
}

#[test]
fn a_destruction_waits_for_the_living_and_names_the_lapsed() {
    let mut site = Site::new();
    let store = site.store();
    let ids = of_tier(&site.keys(), "service");
    site.make_mirror("elsewhere");
    site.act("garim/a#1", started(&store));
    site.act("garim/lost#1", started(&store));
    site.act("garim/other-store#1", started("0000000000000000"));
    site.now_ms += 16 * MINUTE_MS;
    site.act("garim/a#1", What::Alive { lease_ms: 10 * MINUTE_MS as u64 });
    let who = |destroyed: &Destroyed| destroyed.waiting.iter().map(|one| one.who.clone()).collect::<Vec<_>>();
    let mirror =
        format!("mirror {} at elsewhere:{}", site.mirror_id(), site.mirror().canonicalize().unwrap().display());

    let first = site.destroy(&ids).unwrap();
    assert_eq!(who(&first), ["garim/a#1", &mirror]);
    assert_eq!((site.done().len(), first.waiting[0].keys), (0, ids.len()));
    // Who starts now has heard of it, and is not waited for.
    site.act("garim/b#1", started(&store));
    let dropped = |ids: &[Id]| What::KeysDropped {
        holder: String::from("run"),
        ids: ids.iter().map(|&id| letters(id)).collect(),
    };
    site.act("garim/a#1", dropped(&ids[..2]));
    assert_eq!(site.resume().waiting[0].keys, ids.len() - 2);
    site.act("garim/a#1", dropped(&ids[2..]));
    assert_eq!(who(&site.resume()), [mirror]);
    // The mirror's own host brings it in line.
    site.make_mirror("elsewhere");
    let last = site.resume();
    assert_eq!(last.done, BTreeSet::from_iter(ids.iter().copied()).into_iter().collect::<Vec<_>>());
    assert_eq!(last.unconfirmed, BTreeSet::from([String::from("garim/lost#1")]));
    assert!(ids_on_disk(&site.mirror()).is_disjoint(&ids.iter().copied().collect()));

    // A mirror that was given up is not waited for, and a process of the same name replaces its predecessor.
    let ids = of_tier(&site.keys(), "login-3m");
    let id = site.mirror_id();
    site.with("staff", "here", |custodian| custodian.mirror_gone(&id)).unwrap().unwrap();
    site.act("garim/b#2", started(&store));
    let (dir, after) = (site.keys(), date(2027, 3, 1));
    let destroyed = site
        .with("staff", "here", |custodian| {
            custodian.begin(&dir, &plan(), &ids, "past its end", after)?;
            custodian.resume(&dir, &mut steady, &mut || false)
        })
        .unwrap()
        .unwrap();
    assert_eq!(who(&destroyed), ["garim/a#1", "garim/b#2"]);
    site.act("garim/a#1", What::Stopped {});
    site.act("garim/b#2", dropped(&ids));
    assert_eq!(site.resume().unconfirmed, BTreeSet::from(["garim/b#1", "garim/lost#1"].map(String::from)));
}

#[test]
fn what_the_law_asks_for_and_what_a_mirror_holds_is_not_destroyed() {
    let mut site = Site::new();
    let legal = of_tier(&site.keys(), "login-3m");
    let refused = site.destroy(&legal).unwrap_err();
    assert!(matches!(refused, CustodyFault::Store(_)) && refused.to_string().contains("the law asks"), "{refused}");
    let refused = site.destroy(&[*b"zzzzzz"]).unwrap_err();
    assert!(refused.to_string().contains("there is no key zzzzzz"), "{refused}");
    site.make_mirror("here");
    let (dir, ids) = (site.mirror(), of_tier(&site.keys(), "service"));
    let refused = site.with("staff", "here", |custodian| custodian.begin(&dir, &plan(), &ids, "no", TODAY)).unwrap();
    assert!(matches!(refused, Err(CustodyFault::IsMirror { .. })), "{refused:?}");
    assert!(site.begun().is_empty());
    assert_eq!(ids_on_disk(&site.keys()).len(), 6);
}

#[test]
fn a_start_refuses_a_copy_that_was_put_back_and_brings_a_mirror_in_line() {
    let mut site = Site::new();
    site.make_mirror("elsewhere");
    let old = site.folder.path().join("old");
    copy(&site.keys(), &old);
    let ids = of_tier(&site.keys(), "service");
    site.destroy(&ids).unwrap();

    // A destruction is under way: the keys are not loaded, and it goes on.
    let (keys, mirror) = (site.keys(), site.mirror());
    let live = |store: &Store| store.keys().iter().filter(|listed| !listed.destroyed).count();
    let admitted = site.with("garim/c#1", "here", |custodian| custodian.admit(&old, &mut steady)).unwrap().unwrap();
    assert_eq!(live(&admitted), 3);
    // The mirror missed it, and the process that reads the mirror mends that before it serves.
    assert_eq!(ids_on_disk(&mirror).len(), 6);
    let admitted =
        site.with("garim/d#1", "elsewhere", |custodian| custodian.admit(&mirror, &mut steady)).unwrap().unwrap();
    assert_eq!((live(&admitted), ids_on_disk(&mirror).len()), (3, 3));
    assert_eq!(site.resume().waiting, []);

    // Done: from now on an old copy is refused, in the store's place or anywhere.
    fs::remove_dir_all(&keys).unwrap();
    copy(&old, &keys);
    let refused = site.with("garim/c#1", "here", |custodian| custodian.admit(&keys, &mut steady)).unwrap().unwrap_err();
    assert!(matches!(refused, CustodyFault::Copied { count: 3, .. }), "{refused}");
    assert!(refused.help().unwrap().contains("garim keys destroy --resume"));
    let refused =
        site.with("staff", "here", |custodian| custodian.mirror(&old, &mirror, &mut steady)).unwrap().unwrap_err();
    assert!(matches!(refused, CustodyFault::Copied { .. }), "{refused}");
    site.resume();
    assert_eq!(ids_on_disk(&keys).len(), 3);
    site.with("garim/c#1", "here", |custodian| custodian.admit(&keys, &mut steady)).unwrap().unwrap();
    // One file alone is enough.
    copy(&old.join("service"), &keys.join("back"));
    let file = fs::read_dir(keys.join("back")).unwrap().next().unwrap().unwrap();
    fs::rename(file.path(), keys.join("service").join(file.file_name())).unwrap();
    fs::remove_dir_all(keys.join("back")).unwrap();
    let refused = site.with("garim/c#1", "here", |custodian| custodian.admit(&keys, &mut steady)).unwrap().unwrap_err();
    assert!(matches!(refused, CustodyFault::Copied { count: 1, .. }), "{refused}");
    // A mirror is mended instead: it is a copy by its nature.
    fs::copy(old.join("service").join(file.file_name()), mirror.join("service").join(file.file_name())).unwrap();
    site.with("garim/d#1", "elsewhere", |custodian| custodian.admit(&mirror, &mut steady)).unwrap().unwrap();
    assert_eq!(ids_on_disk(&mirror).len(), 3);
}

#[test]
fn a_lost_store_comes_back_without_what_was_destroyed() {
    let mut site = Site::new();
    site.make_mirror("elsewhere");
    let ids = of_tier(&site.keys(), "service");
    assert!(!site.destroy(&ids).unwrap().waiting.is_empty());
    let store = site.store();
    let (keys, mirror) = (site.keys(), site.mirror());
    fs::remove_dir_all(&keys).unwrap();
    let made = site.with("staff", "here", |custodian| custodian.mirror(&mirror, &keys, &mut steady)).unwrap().unwrap();
    assert_eq!((made.mirror, site.store()), (None, store));
    assert_eq!(ids_on_disk(&keys), of_tier(&keys, "login-3m").into_iter().collect());
    // The destruction that was under way is completed from the store that came back.
    site.make_mirror("elsewhere");
    assert_eq!(site.resume().done.len(), 3);
}

#[test]
fn a_clock_that_runs_behind_the_acts_is_refused() {
    let mut site = Site::new();
    site.act("garim/a#1", started("0000000000000000"));
    site.now_ms -= 5 * MINUTE_MS;
    site.with("staff", "here", |_| ()).unwrap();
    site.now_ms -= 1;
    let refused = site.with("staff", "here", |_| ()).unwrap_err();
    assert!(matches!(refused, CustodyFault::Clock { behind_ms: 300_001, .. }), "{refused}");
}

#[test]
fn a_start_looks_ahead() {
    let site = Site::new();
    let store = Store::open(&site.keys()).unwrap();
    let ends = |days, today| match horizon(&store, &plan(), days, today) {
        Ok(soon) => soon.map_or_else(|| String::from("far"), |(_, last)| format!("soon, {last}")),
        Err(CustodyFault::Horizon { tier, last, until, .. }) => format!("{tier} ends with {last}, make until {until}"),
        Err(other) => panic!("{other}"),
    };
    // Keys for 2026-11-01 to 2026-11-03.
    assert_eq!(ends(1, FIRST), "far");
    assert_eq!(ends(2, FIRST), "soon, 2026-11-03");
    assert_eq!(ends(3, FIRST), "service ends with 2026-11-03, make until 2026-11-07");
    assert_eq!(ends(0, date(2026, 11, 4)), "service ends with yesterday or earlier, make until 2026-11-04");
}
