//! Events in, commands out: what a lane does next, without payloads, clocks or sockets.
//!
//! A lane polls, treats, lazily begins a transaction on the first record, produces, and after a while commits outputs
//! and offsets together: that is one *window*. Whatever goes wrong ends in one road: undo the window, drop the
//! producer, build a new one, read the committed offsets from the broker, seek there. Nothing of what was committed is
//! remembered here, so a crash at any point is just another start.

pub mod assignment;
mod bisect;
mod failure;
pub mod ledger;
pub mod message;
mod rules;
mod sequence;

use std::collections::BTreeSet;

pub use message::{Command, Ending, Event, FaultClass, Part, Range, Stale, Start, Taken};
pub use rules::{Delivery, LostInput, Rules};

use crate::limits::{BATCH_RECORDS_MAX, POLL_WAIT_MS};
use assignment::Assignment;
use bisect::Bisect;
use ledger::{Entered, Ledger};
use sequence::Sequence;

/// Which command is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// None yet; `Event::Start` is expected.
    Fresh,
    Poll,
    Treat,
    Begin,
    Produce,
    Enter,
    Flush,
    SendOffsets,
    Commit,
    CommitOffsets,
    Abort,
    Rebuild,
    ReadCommitted,
    Seek,
    Assign,
    Release,
    Wait,
    Reload,
    Close,
    Exit,
}

/// What the producer is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Producer {
    /// There is none, or it must not be used again.
    Absent,
    /// The next transaction may begin.
    Ready,
    /// An answer may have been lost: a late one could end a later transaction. Replaced before the next begin.
    Doubtful,
}

/// How far the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    /// Nothing is open.
    Closed,
    /// Outputs are being produced.
    Open,
    /// Its entry was produced; nothing more may be.
    Entered,
    /// Ready to commit: the transaction holds the offsets, or (at-least-once) all outputs are delivered.
    Sealed,
    /// It must be aborted.
    Spoilt,
}

/// What lies in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Batch {
    Empty,
    /// Records, of which these must not be treated.
    Polled(Vec<Stale>),
    /// Outputs that wait for the producer.
    Treated,
}

/// A rebalance that waits until we answer it; the group does not move on before.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rebalance {
    None,
    Gain(Vec<Part>),
    Give(Vec<Part>),
}

/// Counts of the open window.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    since_ms: u64,
    records: u64,
    outputs: u64,
    bytes: u64,
    refused: u64,
    /// Place of the first record.
    first: Option<(Part, i64)>,
}

/// The state of one lane.
#[derive(Debug)]
pub struct Lane {
    rules: Rules,
    step: Step,
    producer: Producer,
    window: Window,
    batch: Batch,
    rebalance: Rebalance,
    tally: Tally,
    assignment: Assignment,
    ledger: Ledger,
    sequence: Sequence,
    bisect: Bisect,
    /// Positions are void: read the committed ones and seek before the next poll.
    resume: bool,
    /// Answer of `ReadCommitted`, used by the very next command.
    starts: Option<Vec<(Part, Start)>>,
    /// Partitions whose committed offset is gone, to be read from their earliest record.
    lost: BTreeSet<Part>,
    /// Records and refusals since `refused_window` was last full, committed ones only.
    seen: u64,
    refused: u64,
    reload: bool,
    stop: Option<u64>,
    ending: Option<Ending>,
    closed: bool,
    wait_ms: u64,
    failures: u32,
    poll_failures: u32,
    send_offsets_failures: u32,
    assign_failures: u32,
    fenced_at_ms: Vec<u64>,
}

impl Lane {
    /// A lane that has not begun.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            step: Step::Fresh,
            producer: Producer::Absent,
            window: Window::Closed,
            batch: Batch::Empty,
            rebalance: Rebalance::None,
            tally: Tally::default(),
            assignment: Assignment::default(),
            ledger: Ledger::default(),
            sequence: Sequence::default(),
            bisect: Bisect::default(),
            resume: false,
            starts: None,
            lost: BTreeSet::new(),
            seen: 0,
            refused: 0,
            reload: false,
            stop: None,
            ending: None,
            closed: false,
            wait_ms: 0,
            failures: 0,
            poll_failures: 0,
            send_offsets_failures: 0,
            assign_failures: 0,
            fenced_at_ms: Vec::new(),
        }
    }

    /// Takes an event; an answer brings the next command, a note (`Stop`, `Reload`, `Doubt`) brings none.
    ///
    /// `now_ms` is any clock that does not go back.
    pub fn on(&mut self, now_ms: u64, event: Event) -> Option<Command> {
        match event {
            Event::Stop { deadline_ms } => {
                self.stop = Some(self.stop.map_or(deadline_ms, |earlier| earlier.min(deadline_ms)));
                return None;
            }
            Event::Reload => {
                self.reload = true;
                return None;
            }
            Event::Doubt => {
                if self.producer == Producer::Ready {
                    self.producer = Producer::Doubtful;
                }
                return None;
            }
            answer => self.answer(now_ms, answer),
        }
        let command = self.next(now_ms);
        self.step = step_of(&command);
        Some(command)
    }

    /// The partitions held.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// The next offset to be read of a partition, where it is known.
    pub fn position(&self, part: Part) -> Option<i64> {
        self.ledger.position(part)
    }

    /// Notes what a command brought.
    fn answer(&mut self, now_ms: u64, event: Event) {
        match (self.step, event) {
            (_, Event::Failed(class)) => self.failed(now_ms, class),
            (Step::Fresh, Event::Start) | (Step::Wait, Event::Done) => {}
            // The next producer looks for the topics of the new policy.
            (Step::Reload, Event::Done) => self.producer = Producer::Absent,
            (Step::Poll, event) => self.polled(now_ms, event),
            (Step::Treat, Event::Treated { outputs, bytes, refused }) => self.treated(outputs, bytes, refused),
            (Step::Treat, Event::KeyMissing) => self.end(Ending::KeyMissing),
            (Step::Begin, Event::Done) => self.window = Window::Open,
            (Step::Produce, Event::Done) => {
                self.window = Window::Open;
                self.batch = Batch::Empty;
            }
            (Step::Enter, Event::Done) => self.window = Window::Entered,
            (Step::Flush, Event::Done) => {
                self.window = Window::Sealed;
                // It is visible, whatever becomes of the offsets; the next window may overlap it.
                self.sequence.taken();
            }
            (Step::SendOffsets, Event::Done) => self.window = Window::Sealed,
            (Step::Commit | Step::CommitOffsets, Event::Done) => self.committed(),
            (Step::Abort, Event::Done) => self.drop_producer(),
            (Step::Rebuild, Event::Done) => self.producer = Producer::Ready,
            (Step::ReadCommitted, Event::Committed(offsets)) => self.start_at(&offsets),
            (Step::Seek, Event::Done) => {
                self.resume = false;
                self.assign_failures = 0;
            }
            (Step::Assign | Step::Release, Event::Done) => {
                self.rebalance = Rebalance::None;
                self.assign_failures = 0;
            }
            (Step::Close, Event::Done) => self.closed = true,
            _ => self.end(Ending::Confused),
        }
    }

    /// Decides what comes next from the state alone: first what must be undone, then what others wait for.
    fn next(&mut self, now_ms: u64) -> Command {
        if self.stop.is_some_and(|deadline_ms| now_ms >= deadline_ms) {
            return Command::Exit(self.ending.unwrap_or(Ending::DeadlinePassed));
        }
        if self.window == Window::Spoilt {
            return Command::Abort;
        }
        if let Some(ending) = self.ending {
            return if self.closed { Command::Exit(ending) } else { Command::Close };
        }
        let open = self.window != Window::Closed;
        if let (Rebalance::Give(parts), false) = (&self.rebalance, open) {
            let parts = parts.clone();
            return self.release(parts);
        }
        if self.wait_ms > 0 {
            return Command::Wait(std::mem::take(&mut self.wait_ms));
        }
        if open
            && (self.stop.is_some() || self.reload || self.rebalance != Rebalance::None)
            && self.batch == Batch::Empty
        {
            return self.settle();
        }
        // A batch that belongs to an open window is finished with it; closing first would leave nobody to abort.
        if self.stop.is_some() && !open {
            self.end(Ending::Stopped);
            return Command::Close;
        }
        if self.producer != Producer::Ready && !open {
            return Command::Rebuild;
        }
        if let Some(command) = self.place() {
            return command;
        }
        self.work(now_ms)
    }

    /// The ordinary round: treat, begin, produce, commit, poll.
    fn work(&mut self, now_ms: u64) -> Command {
        match std::mem::replace(&mut self.batch, Batch::Empty) {
            Batch::Polled(stale) => {
                self.batch = Batch::Treated;
                return Command::Treat { stale, condemned: self.bisect.condemned() };
            }
            Batch::Treated => {
                self.batch = Batch::Treated;
                return match (self.window, self.rules.delivery) {
                    (Window::Closed, Delivery::ExactlyOnce) => Command::Begin,
                    _ => Command::Produce,
                };
            }
            Batch::Empty => {}
        }
        let age_ms = now_ms.saturating_sub(self.tally.since_ms);
        let records_max = self.bisect.records_max().min(self.rules.commit_records);
        if self.window != Window::Closed {
            let due = age_ms >= self.rules.commit_ms
                || self.tally.records >= records_max
                || self.tally.outputs >= self.rules.commit_records
                || self.tally.bytes >= self.rules.commit_bytes
                || matches!(self.window, Window::Entered | Window::Sealed);
            if due {
                return self.settle();
            }
        } else if self.reload {
            self.reload = false;
            return Command::Reload;
        }
        let left_ms = match self.window {
            Window::Closed => POLL_WAIT_MS,
            _ => self.rules.commit_ms - age_ms,
        };
        Command::Poll {
            wait_ms: POLL_WAIT_MS.min(left_ms),
            records_max: BATCH_RECORDS_MAX.min((records_max - self.tally.records) as usize),
        }
    }

    /// Moves the open window one step towards its commit.
    fn settle(&mut self) -> Command {
        if self.window == Window::Open {
            return match self.ledger.ranges(&self.assignment) {
                Some(ranges) => self.enter(ranges),
                None => self.undo(),
            };
        }
        if self.window == Window::Entered {
            if self.rules.delivery == Delivery::AtLeastOnce {
                return Command::Flush;
            }
            return match self.ledger.offsets(&self.assignment) {
                Some(offsets) => Command::SendOffsets(offsets),
                None => self.undo(),
            };
        }
        match self.rules.delivery {
            Delivery::ExactlyOnce => Command::Commit,
            Delivery::AtLeastOnce => match self.ledger.offsets(&self.assignment) {
                Some(offsets) => Command::CommitOffsets(offsets),
                None => self.undo(),
            },
        }
    }

    fn enter(&mut self, ranges: Vec<Range>) -> Command {
        self.sequence.settle();
        let (run, seq) = self.sequence.next();
        Command::Enter { ranges, run, seq }
    }

    /// The partitions of the window are no longer those under which it began.
    fn undo(&mut self) -> Command {
        self.spoil();
        match self.window {
            Window::Spoilt => Command::Abort,
            _ => Command::Rebuild,
        }
    }

    /// Sets positions, after a fault for all partitions held, after a rebalance for those that came.
    fn place(&mut self) -> Option<Command> {
        if self.window != Window::Closed {
            return None;
        }
        if self.resume && self.assignment.is_empty() {
            self.resume = false;
        }
        let parts = self.misplaced();
        if parts.is_empty() && self.rebalance == Rebalance::None {
            return None;
        }
        let Some(starts) = self.starts.take() else {
            return Some(Command::ReadCommitted(parts));
        };
        for &(part, start) in &starts {
            self.assignment.renew(part);
            self.ledger.place(part, start);
        }
        Some(if self.resume { Command::Seek(starts) } else { Command::Assign(starts) })
    }

    /// The partitions whose positions must be set: all that are held after a fault, else those that came.
    fn misplaced(&self) -> Vec<Part> {
        match (&self.rebalance, self.resume) {
            (_, true) => self.assignment.parts(),
            (Rebalance::Gain(parts), false) => parts.clone(),
            _ => Vec::new(),
        }
    }

    fn release(&mut self, parts: Vec<Part>) -> Command {
        for &part in &parts {
            self.assignment.release(part);
            self.ledger.forget(part);
            self.bisect.forget(part);
            self.lost.remove(&part);
        }
        Command::Release(parts)
    }

    /// Takes the committed offsets as places to start from. A partition that was left out has none that we know of,
    /// which must not be read as "begin at the earliest record".
    fn start_at(&mut self, offsets: &[(Part, Option<i64>)]) {
        if !self.misplaced().iter().all(|part| offsets.iter().any(|(answered, _)| answered == part)) {
            return self.end(Ending::Confused);
        }
        self.sequence.told(offsets);
        let lost = &mut self.lost;
        let start = |&(part, committed): &(Part, Option<i64>)| {
            (part, if lost.remove(&part) { Start::Earliest } else { Start::from(committed) })
        };
        self.starts = Some(offsets.iter().map(start).collect());
    }

    fn polled(&mut self, now_ms: u64, event: Event) {
        self.poll_failures = 0;
        match event {
            Event::Polled(taken) => self.take(now_ms, &taken),
            Event::Idle => {}
            Event::Assigned(parts) => self.rebalance = Rebalance::Gain(parts),
            Event::Revoked { parts, lost } => {
                self.rebalance = Rebalance::Give(parts);
                if lost {
                    self.spoil();
                }
            }
            Event::OffsetLost(part) => match self.rules.lost_input {
                LostInput::Stop => self.end(Ending::InputLost(part)),
                LostInput::Continue => {
                    self.lost.insert(part);
                    self.spoil();
                }
            },
            _ => self.end(Ending::Confused),
        }
    }

    fn take(&mut self, now_ms: u64, taken: &[Taken]) {
        let mut stale = Vec::new();
        let mut entered = false;
        if self.window == Window::Closed {
            self.tally = Tally { since_ms: now_ms, ..Tally::default() };
        }
        for &span in taken {
            match self.ledger.enter(&self.assignment, span) {
                Entered::All => {}
                Entered::Some(some) => stale.push(some),
                Entered::None(all) => {
                    stale.push(all);
                    continue;
                }
            }
            entered = true;
            self.tally.records += span.records;
            self.tally.first.get_or_insert((span.part, span.last));
        }
        if entered {
            self.batch = Batch::Polled(stale);
        }
    }

    fn treated(&mut self, outputs: u64, bytes: u64, refused: u64) {
        self.tally.outputs += outputs;
        self.tally.bytes += bytes;
        self.tally.refused += refused;
        // A window may be longer than the records over which the share is counted.
        let seen = (self.seen + self.tally.records).max(self.rules.refused_window);
        let refused = self.refused + self.tally.refused;
        if refused * self.rules.refused_window > seen * self.rules.refused_max
            && self.rules.refused_max < self.rules.refused_window
        {
            self.end(Ending::TooManyRefused);
        }
    }

    /// The window is on the broker, outputs and offsets.
    fn committed(&mut self) {
        if self.step == Step::Commit {
            self.sequence.taken();
        }
        if let Some(offsets) = self.ledger.offsets(&self.assignment) {
            self.bisect.committed(&offsets);
        }
        self.seen += self.tally.records;
        self.refused += self.tally.refused;
        if self.seen >= self.rules.refused_window {
            self.seen = 0;
            self.refused = 0;
        }
        self.ledger.end_window();
        self.tally = Tally::default();
        self.window = Window::Closed;
        self.failures = 0;
        self.send_offsets_failures = 0;
    }

    /// The window must be undone, and positions are void.
    fn spoil(&mut self) {
        self.batch = Batch::Empty;
        self.tally = Tally::default();
        self.ledger.end_window();
        self.send_offsets_failures = 0;
        self.resume = true;
        if self.window == Window::Closed {
            return;
        }
        match self.rules.delivery {
            Delivery::ExactlyOnce => self.window = Window::Spoilt,
            Delivery::AtLeastOnce => self.drop_producer(),
        }
    }

    /// The producer is of no more use; what it left open is ended by the initialisation of the next.
    fn drop_producer(&mut self) {
        self.producer = Producer::Absent;
        if self.window != Window::Closed {
            self.window = Window::Closed;
            self.spoil();
        }
    }

    /// The lane ends; an open window is undone first.
    fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            if self.window != Window::Closed {
                self.spoil();
            }
        }
    }
}

fn step_of(command: &Command) -> Step {
    match command {
        Command::Poll { .. } => Step::Poll,
        Command::Treat { .. } => Step::Treat,
        Command::Begin => Step::Begin,
        Command::Produce => Step::Produce,
        Command::Enter { .. } => Step::Enter,
        Command::Flush => Step::Flush,
        Command::SendOffsets(_) => Step::SendOffsets,
        Command::Commit => Step::Commit,
        Command::CommitOffsets(_) => Step::CommitOffsets,
        Command::Abort => Step::Abort,
        Command::Rebuild => Step::Rebuild,
        Command::ReadCommitted(_) => Step::ReadCommitted,
        Command::Seek(_) => Step::Seek,
        Command::Assign(_) => Step::Assign,
        Command::Release(_) => Step::Release,
        Command::Wait(_) => Step::Wait,
        Command::Reload => Step::Reload,
        Command::Close => Step::Close,
        Command::Exit(_) => Step::Exit,
    }
}
