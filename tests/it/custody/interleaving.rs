//! Random interleavings of whoever makes, copies, holds and destroys keys, held against a judge that sees all memories.

use proptest::prelude::*;

use super::*;

/// What somebody does next.
#[derive(Debug, Clone)]
enum Move {
    /// Begins to destroy the keys whose number gives this remainder by three.
    Begin(usize),
    /// Completes destructions, and is killed after so many steps of the disk.
    Resume(usize),
    /// A process starts on this host; an older one of its name is dead.
    Start(usize),
    /// A process looks at store and log, and may die before it confirms.
    Look(usize, bool),
    /// A process says that it is alive.
    Alive(usize),
    /// A process ends in order.
    Stop(usize),
    /// A process is gone without a word.
    Crash(usize),
    /// The mirror is brought in line by its own host, which is killed after so many steps of the disk.
    Mirror(usize),
    /// More keys are made.
    Make(i8),
    /// So many minutes pass.
    Pass(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let steps = prop_oneof![0_usize..40, Just(usize::MAX), Just(usize::MAX)];
    let one = prop_oneof![
        2 => (0_usize..3).prop_map(Move::Begin),
        4 => steps.clone().prop_map(Move::Resume),
        3 => (0_usize..3).prop_map(Move::Start),
        4 => (0_usize..3, any::<bool>()).prop_map(|(host, dies)| Move::Look(host, dies)),
        2 => (0_usize..3).prop_map(Move::Alive),
        1 => (0_usize..3).prop_map(Move::Stop),
        1 => (0_usize..3).prop_map(Move::Crash),
        3 => steps.prop_map(Move::Mirror),
        1 => (0_i8..4).prop_map(Move::Make),
        2 => (1_i64..12).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..30)
}

/// A process as it is, not as it says.
#[derive(Debug, Clone, Default)]
struct Process {
    name: String,
    memory: BTreeSet<Id>,
}

struct World {
    site: Site,
    processes: [Option<Process>; 3],
    starts: usize,
    days: i8,
    /// Acts that the judge has seen.
    judged: usize,
}

impl World {
    fn new() -> Self {
        Self { site: Site::new(), processes: [None, None, None], starts: 0, days: 2, judged: 0 }
    }

    fn go(&mut self, next: &Move) {
        let (keys, mirror) = (self.site.keys(), self.site.mirror());
        match *next {
            Move::Begin(remainder) => {
                let ids: Vec<Id> = of_tier(&keys, "service").into_iter().skip(remainder).step_by(3).collect();
                let begun = |custodian: &mut Custodian<'_>| custodian.begin(&keys, &plan(), &ids, "test", TODAY);
                self.site.with("staff", "here", begun).unwrap().unwrap();
            }
            Move::Resume(mut steps) => {
                let hook = &mut |_: Step| {
                    steps = steps.checked_sub(1).ok_or(Interrupted)?;
                    Ok(())
                };
                // Killed or not: what it came to is judged by what is there.
                let resumed = |custodian: &mut Custodian<'_>| custodian.resume(&keys, hook, &mut || false).is_ok();
                self.site.with("staff", "here", resumed).unwrap();
            }
            Move::Start(host) => self.start(host),
            Move::Look(host, dies) => self.look(host, dies),
            Move::Alive(host) => {
                if let Some(process) = self.processes[host].clone() {
                    self.site.act(&process.name, What::Alive { lease_ms: 10 * MINUTE_MS as u64 });
                }
            }
            Move::Stop(host) => {
                if let Some(process) = self.processes[host].take() {
                    self.site.act(&process.name, What::Stopped {});
                }
            }
            Move::Crash(host) => self.processes[host] = None,
            Move::Mirror(mut steps) => {
                let hook = &mut |_: Step| {
                    steps = steps.checked_sub(1).ok_or(Interrupted)?;
                    Ok(())
                };
                let mirrored = |custodian: &mut Custodian<'_>| custodian.mirror(&keys, &mirror, hook).is_ok();
                self.site.with("staff", "there", mirrored).unwrap();
            }
            Move::Make(more) => {
                self.days += more;
                let until = FIRST.saturating_add(jiff::Span::new().days(self.days));
                make(&keys, until);
            }
            Move::Pass(minutes) => self.site.now_ms += minutes * MINUTE_MS,
        }
    }

    fn start(&mut self, host: usize) {
        self.starts += 1;
        let name = format!("garim/host-{host}#{}", self.starts);
        let keys = self.site.keys();
        // The brokers let only one process of a name work; the old one is ended by them.
        self.processes[host] = None;
        let admitted = |custodian: &mut Custodian<'_>| {
            let mut store = custodian.admit(&keys, &mut steady)?;
            let what = started(store.id());
            custodian.started(what, &mut store)?;
            Ok::<_, CustodyFault>(live(&store))
        };
        let memory = self.site.with(&name, "here", admitted).unwrap().unwrap();
        self.processes[host] = Some(Process { name, memory });
    }

    /// As the keeper does: first the memory, then the word.
    fn look(&mut self, host: usize, dies: bool) {
        let Some(Process { name, .. }) = self.processes[host].take() else { return };
        let keys = self.site.keys();
        let looked = |custodian: &mut Custodian<'_>| {
            let mut store = Store::open(&keys)?;
            store.forget(&custodian.custody.destroyed());
            let process = Process { name: name.clone(), memory: live(&store) };
            let owed = custodian.custody.owed_by_holder(&name);
            if dies { Ok(None) } else { custodian.confirm("run", &owed).map(|()| Some(process)) }
        };
        self.processes[host] = self.site.with(&name, "here", looked).unwrap().unwrap();
    }

    /// Whether everything that the log newly says to be destroyed is gone from every file and every living memory. A process
    /// that gave no sign of life is named, or it is not alive.
    fn judge(&mut self) -> Result<(), String> {
        let new: Vec<Act> = self.site.acts.acts[self.judged..].to_vec();
        self.judged += new.len();
        for act in &new {
            let What::Destroyed { ids, unconfirmed, .. } = &act.what else { continue };
            for id in ids {
                let has = |ids: &BTreeSet<Id>| ids.iter().any(|known| letters(*known) == *id);
                for dir in [self.site.keys(), self.site.mirror()] {
                    if has(&ids_on_disk(&dir)) {
                        return Err(format!("{id} is destroyed, and in {}", dir.display()));
                    }
                }
                for process in self.processes.iter().flatten() {
                    if has(&process.memory) && !unconfirmed.contains(&process.name) {
                        return Err(format!("{id} is destroyed, and {} has it", process.name));
                    }
                }
            }
        }
        Ok(())
    }
}

fn live(store: &Store) -> BTreeSet<Id> {
    store.keys().iter().filter(|listed| !listed.destroyed).map(|listed| listed.key.id).collect()
}

/// Plays the moves; the complaint of the judge, if it has one.
fn play(moves: &[Move]) -> Result<(), String> {
    let mut world = World::new();
    for next in moves {
        world.go(next);
        world.judge()?;
    }
    // In the end everybody does what is due, and everything that was begun is done.
    world.go(&Move::Mirror(usize::MAX));
    (0..3).for_each(|host| world.go(&Move::Look(host, false)));
    world.site.now_ms += 20 * MINUTE_MS;
    world.go(&Move::Resume(usize::MAX));
    world.judge()?;
    let (begun, done) = (world.site.begun(), world.site.done());
    if begun != done.keys().cloned().collect() || done.values().any(|&times| times != 1) {
        return Err(format!("begun: {begun:?}, done: {done:?}"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_called_destroyed_while_somebody_alive_has_it(moves in moves()) {
        if let Err(complaint) = play(&moves) {
            return Err(TestCaseError::fail(complaint));
        }
    }
}

#[test]
fn the_judge_sees_a_word_without_the_deed() {
    // A process that confirms and keeps the key; one whose confirmation nobody waits for; a mirror that is not asked.
    let faulty = |fault: &dyn Fn(&mut World, &[Id])| {
        let mut world = World::new();
        world.go(&Move::Mirror(usize::MAX));
        world.go(&Move::Start(0));
        world.go(&Move::Begin(0));
        let ids: Vec<Id> = of_tier(&world.site.keys(), "service").into_iter().step_by(3).collect();
        fault(&mut world, &ids);
        world.judge()
    };
    let told = |ids: &[Id]| ids.iter().map(|&id| letters(id)).collect::<Vec<_>>();
    let confirmed = faulty(&|world, ids| {
        let name = world.processes[0].clone().unwrap().name;
        world.site.act(&name, What::KeysDropped { holder: String::from("run"), ids: told(ids) });
        world.go(&Move::Mirror(usize::MAX));
        world.go(&Move::Resume(usize::MAX));
    });
    assert!(confirmed.unwrap_err().contains("and garim/host-0#1 has it"));
    let skipped = faulty(&|world, ids| {
        let what = What::Destroyed { store: world.site.store(), ids: told(ids), unconfirmed: Vec::new() };
        world.site.act("staff", what);
    });
    assert!(skipped.unwrap_err().contains("is destroyed, and in"));
    let unasked = faulty(&|world, _| {
        world.go(&Move::Look(0, false));
        let id = world.site.mirror_id();
        world.site.act("staff", What::MirrorGone { mirror: id });
        world.go(&Move::Resume(usize::MAX));
    });
    assert!(unasked.unwrap_err().contains("is destroyed, and in"));
}
