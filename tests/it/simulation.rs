//! Several lanes and a fake broker, driven from one seed through everything that can go wrong between them.
//!
//! A run that breaks a promise prints its seed; the same seed plays the same run. Planted faults (`Mutant`) show that
//! the judge is able to fail.

mod broker;
mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use broker::{Broker, Entry, Member, News, No, Out, QUARANTINE, What};
use garim::flow::{Command, Delivery, Ending, Event, FaultClass, Lane, LostInput, Part, Rules, Stale, Start, Taken};

/// Something that a correct lane, service or broker never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutant {
    None,
    /// A record of a batch gets no output.
    SkipRecord,
    /// A record gets its outputs twice.
    DoubleRecord,
    /// Two records of a partition change places.
    SwapRecords,
    /// Offsets take effect before the transaction commits.
    OffsetsBeforeOutputs,
    /// The broker lets old producers and members through.
    FencingOff,
    /// After an abort, reading goes on where memory says it was.
    ResumeFromMemory,
    /// After an abort, the consumer is not set back.
    SeekForgotten,
    /// A commit without an answer is taken for done.
    UnknownIsSuccess,
    /// A producer that may have lost an answer is used again.
    DoubtIgnored,
    /// Records from before a seek are treated.
    StaleTreated,
    /// The group hands a partition on before its last owner has let go.
    GroupDoesNotWait,
    /// A record that the broker did not take is left out in silence.
    PoisonDropped,
    /// At least once: offsets are committed before delivery.
    FlushForgotten,
    /// A window has no entry.
    EntrySkipped,
    /// The entry of a window is written outside of its transaction.
    EntryAlone,
}

/// xorshift64*: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A fixed function of two numbers that looks random.
fn mix(a: u64, b: u64) -> u64 {
    let mut random = Random(a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xd1b5_4a32_d192_ed03) | 1);
    random.next();
    random.next() >> 20
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// It never arrived.
    Lost,
    /// It arrived, the answer did not.
    Unanswered,
    /// The answer of a retry came, the first request is still on its way.
    Late,
}

/// One process with one lane, its consumer and its producer.
struct Process {
    /// Number of its transactional id.
    id: usize,
    lane: Lane,
    command: Command,
    ready_ms: u64,
    epoch: u64,
    poisoned: bool,
    member: Member,
    held: BTreeSet<Part>,
    positions: BTreeMap<Part, i64>,
    awaiting: News,
    batch: Vec<(Part, i64)>,
    treated: Vec<Out>,
    queue: Vec<Out>,
    /// At least once: the entry that waits to be delivered.
    entry: Option<Entry>,
    incarnation: u64,
    old: Option<(Part, i64)>,
}

/// A request that arrives later.
struct Delayed {
    at_ms: u64,
    id: usize,
    epoch: u64,
    commit: bool,
}

struct World {
    random: Random,
    rules: Rules,
    mutant: Mutant,
    broker: Broker,
    now_ms: u64,
    slots: Vec<Option<Process>>,
    incarnations: u64,
    delayed: Vec<Delayed>,
    /// Faults happen once in so many times; 0 means never (any more).
    fault_rate: u64,
}

fn rules(delivery: Delivery, random: &mut Random) -> Rules {
    Rules {
        delivery,
        lost_input: LostInput::Stop,
        commit_ms: 20 + random.below(100),
        commit_records: 4 + random.below(40),
        commit_bytes: 1 << 20,
        refused_window: 1,
        refused_max: 1,
    }
}

impl World {
    fn new(seed: u64, delivery: Delivery, mutant: Mutant) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        let mut inputs = BTreeMap::new();
        for partition in 0..2 + random.below(4) as i32 {
            let mut offset = random.below(3) as i64;
            let offsets = (0..20 + random.below(60)).map(|_| {
                offset += 1 + i64::from(random.one_in(8));
                offset
            });
            inputs.insert(Part { input: (partition % 2) as u16, partition }, offsets.collect());
        }
        let rules = rules(delivery, &mut random);
        let slots = (0..1 + random.below(4)).map(|_| None).collect();
        let fault_rate = [4, 15, 60][random.below(3) as usize];
        let broker = Broker::new(inputs, mutant);
        Self { random, rules, mutant, broker, now_ms: 0, slots, incarnations: 0, delayed: Vec::new(), fault_rate }
    }

    fn start(&mut self, slot: usize) {
        let mut lane = Lane::new(self.rules);
        let command = lane.on(self.now_ms, Event::Start).unwrap();
        self.incarnations += 1;
        // The last slot of a larger world shares a transactional id with the first: two processes, one name.
        let id = if slot == 3 { 0 } else { slot };
        self.slots[slot] = Some(Process {
            id,
            lane,
            command,
            ready_ms: self.now_ms,
            epoch: 0,
            poisoned: false,
            member: self.broker.join(),
            held: BTreeSet::new(),
            positions: BTreeMap::new(),
            awaiting: News::None,
            batch: Vec::new(),
            treated: Vec::new(),
            queue: Vec::new(),
            entry: None,
            incarnation: self.incarnations,
            old: None,
        });
    }

    fn fault(&mut self) -> bool {
        self.fault_rate > 0 && self.random.one_in(self.fault_rate)
    }

    fn fate(&mut self) -> Fate {
        if !self.fault() {
            return Fate::Done;
        }
        [Fate::Lost, Fate::Unanswered, Fate::Late][self.random.below(3) as usize]
    }

    /// One thing happens: to the world, then to one process.
    fn step(&mut self) -> Result<(), String> {
        self.now_ms += 1 + self.random.below(5);
        let now_ms = self.now_ms;
        let (due, later) = std::mem::take(&mut self.delayed).into_iter().partition(|delayed| delayed.at_ms <= now_ms);
        self.delayed = later;
        let due: Vec<Delayed> = due;
        for Delayed { id, epoch, commit, .. } in due {
            let _ = self.broker.end_transaction(id, epoch, commit);
        }
        let slot = self.random.below(self.slots.len() as u64) as usize;
        self.accidents(slot);
        let Some(mut process) = self.slots[slot].take() else {
            if self.fault_rate == 0 && slot != 3 || self.fault_rate > 0 && self.random.one_in(10) {
                self.start(slot);
            }
            return Ok(());
        };
        if process.ready_ms > now_ms {
            self.slots[slot] = Some(process);
            return Ok(());
        }
        if let Command::Exit(ending) = process.command {
            self.broker.remove(process.member);
            return match ending {
                Ending::Stopped | Ending::DeadlinePassed | Ending::Fenced => Ok(()),
                _ => Err(format!("a lane ended: {ending:?}")),
            };
        }
        let event = self.carry_out(&mut process)?;
        let pause = self.random.below(12);
        process.ready_ms = now_ms + if self.fault() { pause * 20 } else { pause };
        process.command = process.lane.on(now_ms, event).ok_or("an answer brought no command")?;
        self.slots[slot] = Some(process);
        Ok(())
    }

    /// Crashes, stops, sessions and transactions that time out, reloads.
    fn accidents(&mut self, slot: usize) {
        if self.fault_rate == 0 {
            // Members of dead processes go at last.
            let alive: BTreeSet<Member> = self.slots.iter().flatten().map(|process| process.member).collect();
            let ghosts: Vec<Member> = self.broker.members().filter(|member| !alive.contains(member)).collect();
            ghosts.into_iter().for_each(|ghost| self.broker.remove(ghost));
            // So do the second process of one name and, by the broker's time-out, what it left open.
            if slot == 3 && self.slots[slot].take().is_some() {
                self.broker.time_out(0);
            }
            return;
        }
        if !self.fault() {
            return;
        }
        match self.random.below(16) {
            0 => self.slots[slot] = None,
            1 => {
                let members: Vec<Member> = self.broker.members().collect();
                if !members.is_empty() {
                    let member = members[self.random.below(members.len() as u64) as usize];
                    self.broker.remove(member);
                }
            }
            2 => self.broker.time_out(slot),
            3 => {
                let deadline_ms = self.now_ms + self.random.below(3000);
                if let Some(process) = &mut self.slots[slot] {
                    process.lane.on(self.now_ms, Event::Stop { deadline_ms });
                }
            }
            4 => {
                if let Some(process) = &mut self.slots[slot] {
                    process.lane.on(self.now_ms, Event::Reload);
                }
            }
            _ => {}
        }
    }

    fn carry_out(&mut self, process: &mut Process) -> Result<Event, String> {
        match process.command.clone() {
            Command::Poll { records_max, .. } => self.poll(process, records_max),
            Command::Treat { stale, condemned } => Ok(self.treat(process, &stale, &condemned)),
            Command::Begin | Command::Wait(_) => Ok(Event::Done),
            Command::Produce => Ok(self.produce(process)),
            Command::Enter { ranges, run, seq } => {
                let entry = Entry { lane: process.incarnation, run, seq, ranges };
                Ok(self.enter(process, entry))
            }
            Command::Flush => Ok(self.flush(process)),
            Command::SendOffsets(offsets) => Ok(self.send_offsets(process, &offsets)),
            Command::CommitOffsets(offsets) => Ok(self.commit_offsets(process, &offsets)),
            Command::Commit => Ok(self.end_transaction(process, true)),
            Command::Abort => Ok(self.end_transaction(process, false)),
            Command::Rebuild => Ok(self.rebuild(process)),
            Command::ReadCommitted(parts) => Ok(self.read_committed(process, &parts)),
            Command::Seek(starts) => Ok(self.place(process, &starts)),
            Command::Assign(starts) => {
                let event = self.place(process, &starts);
                if event == Event::Done {
                    process.held.extend(starts.iter().map(|(part, _)| *part));
                    process.awaiting = News::None;
                }
                Ok(event)
            }
            Command::Release(parts) => {
                self.broker.released(process.member, &parts);
                for part in &parts {
                    process.held.remove(part);
                    if let Some(position) = process.positions.remove(part) {
                        process.old = Some((*part, position));
                    }
                }
                process.awaiting = News::None;
                Ok(Event::Done)
            }
            Command::Reload => {
                if self.broker.is_open(process.id, process.epoch) || !process.treated.is_empty() {
                    return Err("a reload in the middle of a window".into());
                }
                Ok(Event::Done)
            }
            Command::Close => {
                self.broker.remove(process.member);
                Ok(Event::Done)
            }
            Command::Exit(_) => Err("a lane goes on after its end".into()),
        }
    }

    fn poll(&mut self, process: &mut Process, records_max: usize) -> Result<Event, String> {
        if process.awaiting != News::None {
            return Err("a poll while a rebalance waits".into());
        }
        if records_max == 0 {
            return Err("a poll for no records".into());
        }
        if self.fault() {
            let class = [FaultClass::Retriable, FaultClass::BrokerAway, FaultClass::GroupLeft];
            return Ok(Event::Failed(class[self.random.below(3) as usize]));
        }
        match self.broker.news(process.member, &process.held) {
            News::None => {}
            News::Give { parts, lost: true } if parts.is_empty() => process.member = self.broker.join(),
            News::Gain(parts) => {
                process.awaiting = News::Gain(parts.clone());
                return Ok(Event::Assigned(parts));
            }
            News::Give { parts, lost } => {
                process.awaiting = News::Give { parts: parts.clone(), lost };
                return Ok(Event::Revoked { parts, lost });
            }
        }
        process.batch.clear();
        let mut taken: Vec<Taken> = Vec::new();
        // Left over from before a seek or a revoke: below the position, or of a partition that is not held.
        if let Some((part, position)) = process.old.take().filter(|_| self.fault_rate > 0) {
            let end = process.positions.get(&part).copied().unwrap_or(i64::MAX);
            self.fetch(process, part, position - 3..end, 2.min(records_max), &mut taken);
        }
        let parts: Vec<Part> = process.held.iter().copied().collect();
        for _ in 0..3 {
            let left = records_max - process.batch.len();
            if parts.is_empty() || left == 0 {
                break;
            }
            let part = parts[self.random.below(parts.len() as u64) as usize];
            let records = (1 + self.random.below(6) as usize).min(left);
            let position = process.positions[&part];
            if let Some(last) = self.fetch(process, part, position..i64::MAX, records, &mut taken) {
                process.positions.insert(part, last + 1);
            }
        }
        Ok(if taken.is_empty() { Event::Idle } else { Event::Polled(taken) })
    }

    fn fetch(
        &mut self,
        process: &mut Process,
        part: Part,
        range: Range<i64>,
        records: usize,
        taken: &mut Vec<Taken>,
    ) -> Option<i64> {
        let from = self.broker.inputs[&part].iter().copied().filter(|offset| range.contains(offset));
        let offsets: Vec<i64> = from.take(records).collect();
        let (&first, &last) = (offsets.first()?, offsets.last()?);
        process.batch.extend(offsets.iter().map(|&offset| (part, offset)));
        taken.push(Taken { part, first, last, records: offsets.len() as u64, bytes: 0 });
        Some(last)
    }

    fn treat(&mut self, process: &mut Process, stale: &[Stale], condemned: &[(Part, i64)]) -> Event {
        let is_stale = |part, offset| stale.iter().any(|stale| stale.part == part && offset < stale.below);
        let keep_stale = self.mutant == Mutant::StaleTreated;
        process.batch.retain(|&(part, offset)| keep_stale || !is_stale(part, offset));
        process.treated.clear();
        let mut refused = 0;
        for &(part, offset) in &process.batch {
            let outs = judge::outputs(part, offset);
            if condemned.contains(&(part, offset)) {
                refused += 1;
                if self.mutant != Mutant::PoisonDropped {
                    process.treated.push(Out { topic: QUARANTINE, part, offset, what: What::Undeliverable });
                }
            } else {
                process.treated.extend(outs);
            }
        }
        let treated = &mut process.treated;
        if !treated.is_empty() && self.random.one_in(10) {
            let index = self.random.below(treated.len() as u64) as usize;
            match self.mutant {
                Mutant::SkipRecord => drop(treated.remove(index)),
                Mutant::DoubleRecord => treated.push(treated[index]),
                Mutant::SwapRecords => treated.reverse(),
                _ => {}
            }
        }
        process.batch.clear();
        Event::Treated { outputs: process.treated.len() as u64, bytes: 100, refused }
    }

    fn produce(&mut self, process: &mut Process) -> Event {
        let mut treated = std::mem::take(&mut process.treated);
        let poison = |out: &Out| out.what == What::Treated && judge::is_poison(out.part, out.offset);
        if treated.iter().any(poison) {
            process.poisoned = true;
            treated.retain(|out| !poison(out));
        }
        if self.rules.delivery == Delivery::AtLeastOnce {
            process.queue.extend(treated);
            return Event::Done;
        }
        match self.fate() {
            Fate::Lost => {
                // Some partitions got theirs before the broker went away.
                treated.truncate(treated.len() / 2);
                let _ = self.broker.produce(process.id, process.epoch, &treated);
                return Event::Failed(FaultClass::Abortable);
            }
            Fate::Late => drop(process.lane.on(self.now_ms, Event::Doubt)),
            Fate::Done | Fate::Unanswered => {}
        }
        match self.broker.produce(process.id, process.epoch, &treated) {
            Err(_) => Event::Failed(FaultClass::Fenced),
            Ok(()) if process.poisoned && self.random.one_in(2) => Event::Failed(FaultClass::Record),
            Ok(()) => Event::Done,
        }
    }

    fn enter(&mut self, process: &mut Process, entry: Entry) -> Event {
        if self.mutant == Mutant::EntrySkipped && self.random.one_in(10) {
            return Event::Done;
        }
        if self.rules.delivery == Delivery::AtLeastOnce {
            process.entry = Some(entry);
            return Event::Done;
        }
        if self.fate() == Fate::Lost {
            return Event::Failed(FaultClass::Abortable);
        }
        match self.broker.enter(process.id, process.epoch, entry) {
            Err(_) => Event::Failed(FaultClass::Fenced),
            Ok(()) => Event::Done,
        }
    }

    /// What waits for delivery arrives, or some of it.
    fn deliver(&mut self, process: &mut Process, whole: bool) {
        let mut queue = std::mem::take(&mut process.queue);
        if !whole {
            queue.truncate(self.random.below(queue.len() as u64 + 1) as usize);
        }
        self.broker.produce_plain(&queue);
        if let Some(entry) = process.entry.take().filter(|_| whole || self.random.one_in(2)) {
            self.broker.enter_plain(entry);
        }
    }

    fn flush(&mut self, process: &mut Process) -> Event {
        if self.mutant == Mutant::FlushForgotten {
            return Event::Done;
        }
        if self.fate() != Fate::Done {
            self.deliver(process, false);
            return Event::Failed(FaultClass::Abortable);
        }
        self.deliver(process, true);
        if process.poisoned { Event::Failed(FaultClass::Record) } else { Event::Done }
    }

    fn send_offsets(&mut self, process: &mut Process, offsets: &[(Part, i64)]) -> Event {
        let fate = self.fate();
        if fate == Fate::Lost {
            return Event::Failed(FaultClass::Retriable);
        }
        let answer = self.broker.send_offsets(process.id, process.epoch, process.member, offsets);
        answered(answer, fate)
    }

    fn commit_offsets(&mut self, process: &mut Process, offsets: &[(Part, i64)]) -> Event {
        let fate = self.fate();
        if fate == Fate::Lost {
            return Event::Failed(FaultClass::Retriable);
        }
        let answer = self.broker.commit_offsets(process.member, offsets);
        answered(answer, fate)
    }

    fn end_transaction(&mut self, process: &mut Process, commit: bool) -> Event {
        if commit && process.poisoned {
            return Event::Failed(FaultClass::Record);
        }
        let fate = self.fate();
        if matches!(fate, Fate::Late | Fate::Lost) {
            let at_ms = self.now_ms + self.random.below(150);
            self.delayed.push(Delayed { at_ms, id: process.id, epoch: process.epoch, commit });
        }
        let unknown = Event::Failed(FaultClass::Retriable);
        let event = match fate {
            Fate::Lost => unknown,
            _ => {
                let answer = self.broker.end_transaction(process.id, process.epoch, commit);
                if fate == Fate::Late && self.mutant != Mutant::DoubtIgnored {
                    process.lane.on(self.now_ms, Event::Doubt);
                }
                answered(answer, fate)
            }
        };
        let lied = self.mutant == Mutant::UnknownIsSuccess && commit && event == Event::Failed(FaultClass::Retriable);
        if lied { Event::Done } else { event }
    }

    fn rebuild(&mut self, process: &mut Process) -> Event {
        process.poisoned = false;
        let fate = self.fate();
        // What the old producer had not sent is sent or lost.
        self.deliver(process, false);
        if fate == Fate::Lost {
            return Event::Failed(FaultClass::BrokerAway);
        }
        process.epoch = self.broker.init(process.id);
        answered(Ok(()), fate)
    }

    fn read_committed(&mut self, process: &mut Process, parts: &[Part]) -> Event {
        if self.fault() {
            return Event::Failed(FaultClass::Retriable);
        }
        match self.broker.read_committed(parts) {
            Err(_) => Event::Failed(FaultClass::Retriable),
            Ok(committed) if self.mutant == Mutant::ResumeFromMemory => {
                let remembered = |(part, offset): (Part, Option<i64>)| (part, process.lane.position(part).or(offset));
                Event::Committed(committed.into_iter().map(remembered).collect())
            }
            Ok(committed) => Event::Committed(committed),
        }
    }

    fn place(&mut self, process: &mut Process, starts: &[(Part, Start)]) -> Event {
        if self.fault() && self.random.one_in(5) {
            return Event::Failed(FaultClass::Retriable);
        }
        let seek = matches!(process.command, Command::Seek(_));
        if seek && self.mutant == Mutant::SeekForgotten {
            return Event::Done;
        }
        for &(part, start) in starts {
            let position = match start {
                Start::Earliest => 0,
                Start::Offset(offset) => offset,
            };
            process.old = Some((part, position));
            process.positions.insert(part, position);
        }
        Event::Done
    }

    fn drained(&self) -> bool {
        let done = |(part, offsets): (&Part, &Vec<i64>)| {
            offsets.last().is_none_or(|&last| self.broker.committed.get(part).is_some_and(|&next| next > last))
        };
        self.broker.inputs.iter().all(done)
    }
}

/// The event that an answer of the broker is, if it arrives.
fn answered(answer: Result<(), No>, fate: Fate) -> Event {
    match (answer, fate) {
        (_, Fate::Unanswered) => Event::Failed(FaultClass::Retriable),
        (Ok(()), _) => Event::Done,
        (Err(No::Fenced), _) => Event::Failed(FaultClass::Fenced),
        (Err(No::NotAMember), _) => Event::Failed(FaultClass::GroupLeft),
        (Err(No::Unstable), _) => Event::Failed(FaultClass::Retriable),
    }
}

/// Plays one seed: faults, then calm until all input is through, then a stop; the judge has the last word.
fn play(seed: u64, delivery: Delivery, mutant: Mutant) -> Result<(), String> {
    let mut world = World::new(seed, delivery, mutant);
    for _ in 0..800 + world.random.below(2000) {
        world.step()?;
    }
    judge::judge(&world.broker, delivery, false)?;
    world.fault_rate = 0;
    (0..world.slots.len()).for_each(|id| world.broker.time_out(id));
    let mut steps = 0;
    while !world.drained() {
        world.step()?;
        steps += 1;
        if steps > 60_000 {
            return Err("the lanes do not come to an end".into());
        }
    }
    let deadline_ms = world.now_ms + 60_000;
    let mut running: Vec<usize> = (0..world.slots.len()).filter(|&slot| world.slots[slot].is_some()).collect();
    for &slot in &running {
        world.slots[slot].as_mut().unwrap().lane.on(world.now_ms, Event::Stop { deadline_ms });
    }
    while let Some(&slot) = running.first() {
        world.now_ms += 1;
        let Some(mut process) = world.slots[slot].take() else {
            running.remove(0);
            continue;
        };
        if let Command::Exit(ending) = process.command {
            if !matches!(ending, Ending::Stopped | Ending::Fenced) {
                return Err(format!("a stopped lane ended: {ending:?}"));
            }
            continue;
        }
        let event = world.carry_out(&mut process)?;
        process.command = process.lane.on(world.now_ms, event).ok_or("an answer brought no command")?;
        world.slots[slot] = Some(process);
    }
    if world.broker.open_transactions() > 0 {
        return Err("a transaction is left open".into());
    }
    judge::judge(&world.broker, delivery, true)
}

fn check(delivery: Delivery, seeds: Range<u64>) {
    for seed in seeds {
        if let Err(broken) = play(seed, delivery, Mutant::None) {
            panic!("seed {seed}, {delivery:?}: {broken}");
        }
    }
}

#[test]
fn exactly_once_survives_whatever_happens() {
    check(Delivery::ExactlyOnce, 0..4000);
}

#[test]
fn at_least_once_loses_nothing() {
    check(Delivery::AtLeastOnce, 0..1000);
}

#[test]
fn the_judge_catches_planted_faults() {
    let exactly_once = [
        Mutant::SkipRecord,
        Mutant::DoubleRecord,
        Mutant::SwapRecords,
        Mutant::OffsetsBeforeOutputs,
        Mutant::FencingOff,
        Mutant::ResumeFromMemory,
        Mutant::SeekForgotten,
        Mutant::UnknownIsSuccess,
        Mutant::DoubtIgnored,
        Mutant::StaleTreated,
        Mutant::GroupDoesNotWait,
        Mutant::PoisonDropped,
        Mutant::EntrySkipped,
        Mutant::EntryAlone,
    ];
    let at_least_once = [
        Mutant::SkipRecord,
        Mutant::SeekForgotten,
        Mutant::FlushForgotten,
        Mutant::PoisonDropped,
        Mutant::EntrySkipped,
    ];
    let cases = exactly_once.map(|mutant| (Delivery::ExactlyOnce, mutant));
    for (delivery, mutant) in cases.into_iter().chain(at_least_once.map(|mutant| (Delivery::AtLeastOnce, mutant))) {
        let caught = (0..500).find_map(|seed| play(seed, delivery, mutant).err().map(|broken| (seed, broken)));
        match caught {
            Some((seed, broken)) => println!("{delivery:?} {mutant:?}: seed {seed}: {broken}"),
            None => panic!("{mutant:?} was not caught"),
        }
    }
}
