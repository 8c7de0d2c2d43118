//! A writer that is killed at any step leaves a store that the next one completes: no live key is lost, no destroyed key
//! can be read, index and files agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use garim::policy::key::{Interrupted, KeyPlace, Rotation, Step, Synced};
use garim::pseudonym::epoch::Period;
use proptest::prelude::*;

use super::*;

type Id = [u8; 6];

/// What is done to a store.
#[derive(Debug, Clone)]
enum Act {
    /// Make keys up to so many days after the first.
    Make(i8),
    /// Rotate from the noon of a day.
    Rotate(i8),
    /// Make keys of tenants.
    Tenants(u8),
    /// Destroy each key whose number, counted over all, gives this remainder by five.
    Destroy(usize),
    /// Bring the mirror in line.
    Mirror,
}

/// A store, its mirror, and what must be true of them.
struct World {
    _parent: tempfile::TempDir,
    dir: PathBuf,
    mirror: PathBuf,
    plan: Plan,
    /// Every secret that was ever seen, by id.
    seen: BTreeMap<Id, [u8; 32]>,
}

fn days(more: i8) -> Date {
    FIRST.saturating_add(jiff::Span::new().days(more))
}

/// The secrets that the key files of a folder hold, as bytes at their place in the file, with no reader of garim's.
fn secrets(dir: &Path) -> BTreeMap<Id, [u8; 32]> {
    let mut secrets = BTreeMap::new();
    for path in files(dir).iter().filter(|path| path.extension().is_some_and(|end| end == "key")) {
        let bytes = fs::read(path).unwrap();
        secrets.insert(bytes[6..12].try_into().unwrap(), bytes[20..52].try_into().unwrap());
    }
    secrets
}

/// Every file under a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    set_mode(to, 0o700);
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).unwrap() }
    }
}

impl World {
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let (dir, mirror) = (parent.path().join("keys"), parent.path().join("mirror"));
        let mut plan = plan(vec![tier("login-3m"), tier("dispute-3y")]);
        plan.keys[1].period = Period::Year;
        Self { _parent: parent, dir, mirror, plan, seen: BTreeMap::new() }
    }

    /// The same in other folders.
    fn twin(&self) -> Self {
        let twin = Self { seen: self.seen.clone(), ..Self::new() };
        for (from, to) in [(&self.dir, &twin.dir), (&self.mirror, &twin.mirror)] {
            if from.exists() {
                copy(from, to);
            }
        }
        twin
    }

    /// The keys that an act destroys.
    fn doomed(&self, remainder: usize) -> Vec<Id> {
        let keys = Store::open(&self.dir).map(|store| store.keys()).unwrap_or_default();
        let alone =
            keys.iter().enumerate().filter(|(at, listed)| at % 5 == remainder && listed.key.place != KeyPlace::Naming);
        alone.map(|(_, listed)| listed.key.id).collect()
    }

    /// Does an act, up to the step `stop_at` (from 0); the steps that were asked for, and whether it was done.
    fn act(&self, act: &Act, stop_at: usize) -> (Vec<Step>, Result<(), String>) {
        let mut steps = Vec::new();
        let mut hook = |step| {
            if steps.len() == stop_at {
                return Err(Interrupted);
            }
            steps.push(step);
            Ok(())
        };
        let announce = &mut |_: &str, _: &[_]| Ok::<(), ()>(());
        let told = |halt| match halt {
            Halt::Store(error) => error.to_string(),
            Halt::Announce(()) => unreachable!("nobody refuses"),
        };
        let (dir, plan) = (&self.dir, &self.plan);
        let done = match act {
            Act::Make(until) => {
                Store::make(dir, plan, (FIRST, days(*until)), announce, &mut hook).map(drop).map_err(told)
            }
            Act::Rotate(day) => {
                let from_ms = plan.zone.to_timestamp(days(*day).at(12, 0, 0, 0)).unwrap().as_millisecond();
                let rotation = Rotation { tiers: &[], from_ms, now_ms: 0, emergency: false };
                Store::rotate(dir, plan, &rotation, announce, &mut hook).map(drop).map_err(told)
            }
            Act::Tenants(count) => {
                let names: Vec<_> = (0..*count).map(|at| format!("tenant-{at}")).collect();
                let names: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
                Store::add_tenants(dir, "work", &names, announce, &mut hook).map(drop).map_err(told)
            }
            Act::Destroy(remainder) => {
                Store::mark_and_remove(dir, &self.doomed(*remainder), "{\"why\":\"test\"}", &mut hook)
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            Act::Mirror => Store::mirror(dir, &self.mirror, &mut hook).map(drop).map_err(|error| error.to_string()),
        };
        (steps, done)
    }

    fn marked(&self) -> BTreeSet<Id> {
        let name = |path: PathBuf| path.file_stem().unwrap().as_encoded_bytes().try_into().unwrap();
        files(&self.dir.join("destroyed")).into_iter().map(name).collect()
    }

    /// Resumes the store, and holds it against what was seen before.
    fn check(&mut self) {
        if self.dir.join("index.toml").exists() {
            // Who reads before the next writer comes is not in the way of either.
            Store::open(&self.dir).unwrap();
            Store::resume(&self.dir, &mut steady).unwrap();
        } else {
            assert!(self.seen.is_empty() && secrets(&self.dir).is_empty(), "no key without an index");
            return;
        }
        let store = Store::open(&self.dir).unwrap();
        assert_eq!(store.unsettled(), []);
        let (marked, there) = (self.marked(), secrets(&self.dir));
        for (id, secret) in &self.seen {
            match marked.contains(id) {
                true => assert!(!there.contains_key(id), "a destroyed key is there"),
                false => assert_eq!(there.get(id), Some(secret), "a live key is lost"),
            }
        }
        let (live, gone): (Vec<_>, Vec<_>) = store.keys().into_iter().partition(|listed| !listed.destroyed);
        let ids =
            |keys: &[garim::policy::key::Listed]| keys.iter().map(|listed| listed.key.id).collect::<BTreeSet<_>>();
        assert_eq!(ids(&live), there.keys().copied().collect(), "index and files agree");
        assert_eq!(ids(&gone), marked);
        self.no_part_of_the_destroyed(&self.dir, &marked);
        assert!(
            files(&self.dir)
                .iter()
                .all(|path| path.extension().is_some_and(|end| end != "new") || path.ends_with("lock")),
            "nothing half written"
        );
        self.seen.extend(there);
    }

    /// No sixteen bytes of a secret that is destroyed are in any file.
    fn no_part_of_the_destroyed(&self, dir: &Path, destroyed: &BTreeSet<Id>) {
        let halves: BTreeSet<&[u8]> =
            self.seen.iter().filter(|(id, _)| destroyed.contains(*id)).flat_map(|(_, key)| key.chunks(16)).collect();
        for path in files(dir) {
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(16).any(|window| halves.contains(window)), "{}", path.display());
        }
    }

    /// The mirror, once synced, has the store's keys and nothing of the destroyed ones.
    fn check_mirror(&self) {
        Store::mirror(&self.dir, &self.mirror, &mut steady).unwrap();
        assert_eq!(Store::mirror(&self.dir, &self.mirror, &mut steady), Ok(Synced::default()), "nothing is left to do");
        let (store, mirror) = (Store::open(&self.dir).unwrap(), Store::open(&self.mirror).unwrap());
        assert_eq!(mirror.unsettled(), []);
        assert_eq!((mirror.id(), mirror.keys()), (store.id(), store.keys()));
        assert!(mirror.mirror_id().is_some() && store.mirror_id().is_none());
        assert_eq!(secrets(&self.mirror), secrets(&self.dir));
        self.no_part_of_the_destroyed(&self.mirror, &self.marked());
    }
}

/// A store with keys, generations, tenants and a mirror that lags behind.
fn lived_in() -> World {
    let mut world = World::new();
    for act in
        [Act::Make(2), Act::Rotate(1), Act::Tenants(2), Act::Mirror, Act::Destroy(1), Act::Make(3), Act::Tenants(3)]
    {
        world.act(&act, usize::MAX).1.unwrap();
        world.check();
    }
    world
}

#[test]
fn a_writer_may_be_killed_at_any_step() {
    let lived_in = lived_in();
    let acts = [Act::Make(5), Act::Rotate(2), Act::Tenants(5), Act::Destroy(0), Act::Mirror];
    let new = World::new();
    for (before, act) in acts.iter().map(|act| (&lived_in, act)).chain([(&new, &Act::Make(1))]) {
        let (steps, done) = before.twin().act(act, usize::MAX);
        done.unwrap();
        let kinds: BTreeSet<_> = steps.iter().map(|step| format!("{step:?}")).collect();
        assert!(kinds.len() >= 5, "{act:?} does {kinds:?}");
        for (stop_at, step) in steps.iter().enumerate() {
            println!("{act:?}, killed before step {stop_at}, {step:?}");
            let mut world = before.twin();
            let doomed = if let Act::Destroy(remainder) = act { world.doomed(*remainder) } else { Vec::new() };
            assert!(world.act(act, stop_at).1.is_err());
            world.check();
            // The act is asked for again, as its user would; and a destroy of the same keys.
            match act {
                Act::Destroy(_) => drop(Store::mark_and_remove(&world.dir, &doomed, "{}", &mut steady).unwrap()),
                Act::Make(_) | Act::Rotate(_) | Act::Tenants(_) | Act::Mirror => world.act(act, usize::MAX).1.unwrap(),
            }
            world.check();
            assert!(doomed.iter().all(|id| world.marked().contains(id)));
            world.check_mirror();
        }
    }
}

#[test]
fn a_completion_may_be_killed_too() {
    let lived_in = lived_in();
    let (steps, _) = lived_in.twin().act(&Act::Destroy(0), usize::MAX);
    let first_unlink = steps.iter().position(|step| *step == Step::Unlink).unwrap();
    for kill in 0.. {
        let mut world = lived_in.twin();
        world.act(&Act::Destroy(0), first_unlink + 1).1.unwrap_err();
        let mut left = kill;
        let resumed = Store::resume(&world.dir, &mut |_| {
            left -= 1;
            if left < 0 { Err(Interrupted) } else { Ok(()) }
        });
        world.check();
        if resumed.is_ok() {
            assert!(kill > 4, "{kill} steps");
            break;
        }
    }
}

/// Recovers the store from its mirror into a new folder, killed at every step on the way.
#[test]
fn a_lost_store_comes_back_from_its_mirror() {
    let world = lived_in();
    world.check_mirror();
    let before = Store::open(&world.dir).unwrap();
    let (id, keys, held) = (before.id().to_owned(), before.keys(), secrets(&world.dir));
    fs::remove_dir_all(&world.dir).unwrap();
    for kill in 0.. {
        let mut left = kill;
        let recovered = Store::mirror(&world.mirror, &world.dir, &mut |_| {
            left -= 1;
            if left < 0 { Err(Interrupted) } else { Ok(()) }
        });
        if recovered.is_ok() {
            break;
        }
        assert!(kill < 500, "it comes to an end");
    }
    let after = Store::open(&world.dir).unwrap();
    assert_eq!((after.id(), after.mirror_id(), after.keys()), (&*id, None, keys));
    assert_eq!(secrets(&world.dir), held);
    world.check_mirror();
    world.act(&Act::Make(9), usize::MAX).1.unwrap();
    // Not over a store that is there.
    let error = Store::mirror(&world.mirror, &world.dir, &mut steady).unwrap_err();
    assert!(error.to_string().contains("not a mirror, and not empty"), "{error}");
}

#[test]
fn a_mirror_is_of_one_store_and_never_ahead_of_it() {
    let (world, other) = (lived_in(), lived_in());
    world.check_mirror();
    let refused = |from: &Path, to: &Path| Store::mirror(from, to, &mut steady).unwrap_err().to_string();
    assert!(refused(&other.dir, &world.mirror).contains("of another store"));
    assert!(refused(&world.dir, &other.dir).contains("of another store"));
    assert!(refused(&world.dir, &world.dir).contains("is the store itself"));
    let full = world.dir.with_file_name("full");
    fs::create_dir(&full).unwrap();
    set_mode(&full, 0o700);
    fs::write(full.join("notes.txt"), "mine").unwrap();
    assert!(refused(&world.dir, &full).contains("not empty"));
    let made = make(&world.mirror, &tiers(), FIRST, LAST).unwrap_err().to_string();
    assert!(made.contains("keys are made in the store"), "{made}");

    // The store is put back from a copy that is older than the mirror.
    let old = world.twin();
    world.act(&Act::Make(7), usize::MAX).1.unwrap();
    Store::mirror(&world.dir, &world.mirror, &mut steady).unwrap();
    assert!(refused(&old.dir, &world.mirror).contains("the store is older than its mirror"));
    // And a copy from before a destruction does not bring the key back.
    let (old, doomed) = (world.twin(), world.doomed(0));
    Store::mark_and_remove(&world.dir, &doomed, "{}", &mut steady).unwrap();
    Store::mirror(&world.dir, &world.mirror, &mut steady).unwrap();
    Store::mirror(&old.dir, &world.mirror, &mut steady).unwrap();
    assert!(doomed.iter().all(|id| !secrets(&world.mirror).contains_key(id)));
}

#[test]
fn what_no_writer_leaves_is_told() {
    let world = lived_in();
    let (id, place) = {
        let keys = Store::open(&world.dir).unwrap().keys();
        let live = keys.iter().find(|listed| !listed.destroyed).unwrap();
        (live.key.id, live.key.place.to_string())
    };
    let path = world.dir.join(format!("{place}.key"));
    let file = fs::read(&path).unwrap();
    Store::mark_and_remove(&world.dir, &[id], "{}", &mut steady).unwrap();
    private(&path, &file);
    let store = Store::open(&world.dir).unwrap();
    assert_eq!(store.present_destroyed(&Default::default()).len(), 1);
    assert!(store.unsettled()[0].message.contains("is destroyed, and its file is there"));
    // Under another name it is not even a key.
    fs::rename(&path, path.with_file_name("2099-01-01.key")).unwrap();
    assert!(Store::open(&world.dir).unwrap_err().to_string().contains("damaged, or the key of another"));
}

fn acts() -> impl Strategy<Value = Vec<(Act, Option<usize>)>> {
    let act = prop_oneof![
        (0..6i8).prop_map(Act::Make),
        (0..6i8).prop_map(Act::Rotate),
        (0..5u8).prop_map(Act::Tenants),
        (0..5usize).prop_map(Act::Destroy),
        Just(Act::Mirror),
    ];
    prop::collection::vec((act, prop::option::weighted(0.6, 0..60usize)), 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_acts_each_killed_anywhere_leave_a_whole_store(acts in acts()) {
        let mut world = World::new();
        world.act(&Act::Make(0), usize::MAX).1.unwrap();
        world.check();
        for (act, stop_at) in acts {
            let doomed = if let Act::Destroy(remainder) = act { world.doomed(remainder) } else { Vec::new() };
            let (_, done) = world.act(&act, stop_at.unwrap_or(usize::MAX));
            world.check();
            if let (Act::Destroy(_), Ok(())) = (&act, done) {
                prop_assert!(doomed.iter().all(|id| world.marked().contains(id)));
            }
        }
        world.check_mirror();
    }
}
