//! A broker small enough to be plainly right: logs, transactions with fencing, committed offsets, a cooperative group.

use std::collections::{BTreeMap, BTreeSet};

use garim::flow::{Part, Range};

use super::Mutant;

/// What a tier or the quarantine holds of one input record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Treated,
    Refused,
    Undeliverable,
}

/// The entry of a window: which incarnation of a lane wrote it, its run and number there, and what it read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) lane: u64,
    pub(super) run: u32,
    pub(super) seq: u64,
    pub(super) ranges: Vec<Range>,
}

/// One output on its way or in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Out {
    pub(super) topic: u8,
    pub(super) part: Part,
    pub(super) offset: i64,
    pub(super) what: What,
}

/// The topics: two tiers and the quarantine.
pub(super) const TIERS: [u8; 2] = [0, 1];
pub(super) const QUARANTINE: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Committed,
    Aborted,
}

/// A transactional id: the epoch of its last producer and its open transaction.
#[derive(Debug, Default)]
struct Id {
    epoch: u64,
    open: Option<usize>,
    offsets: BTreeMap<Part, i64>,
}

/// Why the broker said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    Fenced,
    NotAMember,
    Unstable,
}

pub(super) type Member = u64;

/// What a member learns when it polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    None,
    Gain(Vec<Part>),
    Give { parts: Vec<Part>, lost: bool },
}

#[derive(Debug)]
pub(super) struct Broker {
    /// The offsets of each input partition that hold records; the others are control records.
    pub(super) inputs: BTreeMap<Part, Vec<i64>>,
    /// Every log entry with its transaction, in order of arrival; a log of one topic and partition is a filter of it.
    pub(super) log: Vec<(Out, usize)>,
    /// The log of windows, likewise.
    pub(super) entries: Vec<(Entry, usize)>,
    pub(super) transactions: Vec<State>,
    pub(super) committed: BTreeMap<Part, i64>,
    /// The first thing that must never happen and did.
    pub(super) broken: Option<String>,
    ids: BTreeMap<usize, Id>,
    members: BTreeSet<Member>,
    members_ever: Member,
    owner: BTreeMap<Part, Member>,
    target: BTreeMap<Part, Member>,
    mutant: Mutant,
}

impl Broker {
    pub(super) fn new(inputs: BTreeMap<Part, Vec<i64>>, mutant: Mutant) -> Self {
        Self {
            inputs,
            log: Vec::new(),
            entries: Vec::new(),
            // The first stands for everything that is written outside of transactions.
            transactions: vec![State::Committed],
            committed: BTreeMap::new(),
            broken: None,
            ids: BTreeMap::new(),
            members: BTreeSet::new(),
            members_ever: 0,
            owner: BTreeMap::new(),
            target: BTreeMap::new(),
            mutant,
        }
    }

    pub(super) fn break_with(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    // Transactions.

    /// InitProducerId: ends what the last producer of this id left open, and fences that producer.
    pub(super) fn init(&mut self, id: usize) -> u64 {
        self.end(id, false);
        let id = self.ids.entry(id).or_default();
        id.epoch += 1;
        id.epoch
    }

    fn current(&mut self, id: usize, epoch: u64) -> Result<&mut Id, No> {
        let fencing = self.mutant != Mutant::FencingOff;
        let id = self.ids.entry(id).or_default();
        if fencing && id.epoch != epoch { Err(No::Fenced) } else { Ok(id) }
    }

    pub(super) fn produce(&mut self, id: usize, epoch: u64, outs: &[Out]) -> Result<(), No> {
        let next = self.transactions.len();
        let id = self.current(id, epoch)?;
        let transaction = *id.open.get_or_insert(next);
        if transaction == next {
            self.transactions.push(State::Open);
        }
        self.log.extend(outs.iter().map(|&out| (out, transaction)));
        Ok(())
    }

    pub(super) fn enter(&mut self, id: usize, epoch: u64, entry: Entry) -> Result<(), No> {
        self.produce(id, epoch, &[])?;
        let transaction = self.ids.get(&id).and_then(|id| id.open).unwrap_or(0);
        let alone = self.mutant == Mutant::EntryAlone;
        self.entries.push((entry, if alone { 0 } else { transaction }));
        Ok(())
    }

    /// At-least-once: visible at once.
    pub(super) fn enter_plain(&mut self, entry: Entry) {
        self.entries.push((entry, 0));
    }

    /// At-least-once: visible at once.
    pub(super) fn produce_plain(&mut self, outs: &[Out]) {
        self.log.extend(outs.iter().map(|&out| (out, 0)));
    }

    /// TxnOffsetCommit: checks membership, not ownership, as Kafka does.
    pub(super) fn send_offsets(
        &mut self,
        id: usize,
        epoch: u64,
        member: Member,
        offsets: &[(Part, i64)],
    ) -> Result<(), No> {
        if self.mutant != Mutant::FencingOff && !self.members.contains(&member) {
            return Err(No::NotAMember);
        }
        if self.mutant == Mutant::OffsetsBeforeOutputs {
            self.current(id, epoch)?;
            self.move_offsets(offsets.iter().copied());
            return Ok(());
        }
        let next = self.transactions.len();
        let id = self.current(id, epoch)?;
        id.offsets.extend(offsets.iter().copied());
        if *id.open.get_or_insert(next) == next {
            self.transactions.push(State::Open);
        }
        Ok(())
    }

    pub(super) fn commit_offsets(&mut self, member: Member, offsets: &[(Part, i64)]) -> Result<(), No> {
        if self.mutant != Mutant::FencingOff && !self.members.contains(&member) {
            return Err(No::NotAMember);
        }
        self.move_offsets(offsets.iter().copied());
        Ok(())
    }

    /// EndTxn. An id without an open transaction answers well: it has been told twice.
    pub(super) fn end_transaction(&mut self, id: usize, epoch: u64, commit: bool) -> Result<(), No> {
        self.current(id, epoch)?;
        self.end(id, commit);
        Ok(())
    }

    /// The broker's own time-out: aborts and fences.
    pub(super) fn time_out(&mut self, id: usize) {
        if self.ids.get(&id).is_some_and(|id| id.open.is_some()) {
            self.init(id);
        }
    }

    fn end(&mut self, id: usize, commit: bool) {
        let id = self.ids.entry(id).or_default();
        let offsets = std::mem::take(&mut id.offsets);
        if let Some(transaction) = id.open.take() {
            self.transactions[transaction] = if commit { State::Committed } else { State::Aborted };
            if commit {
                self.move_offsets(offsets.into_iter());
                self.nothing_beyond_committed(transaction);
            }
        }
    }

    fn move_offsets(&mut self, offsets: impl Iterator<Item = (Part, i64)>) {
        for (part, next) in offsets {
            let before = self.committed.insert(part, next).unwrap_or(0);
            if next < before {
                self.break_with(format!("{part:?}: committed offset went back from {before} to {next}"));
            }
        }
    }

    fn nothing_beyond_committed(&mut self, transaction: usize) {
        let beyond = self.log.iter().rev().find(|(out, of)| {
            *of == transaction && self.committed.get(&out.part).is_none_or(|&next| out.offset >= next)
        });
        if let Some((out, _)) = beyond {
            let what = format!("{out:?} is visible beyond the committed offset {:?}", self.committed.get(&out.part));
            self.break_with(what);
        }
    }

    /// OffsetFetch with `require_stable`.
    pub(super) fn read_committed(&self, parts: &[Part]) -> Result<Vec<(Part, Option<i64>)>, No> {
        let pending = |part| self.ids.values().any(|id| id.offsets.contains_key(part));
        if parts.iter().any(pending) {
            return Err(No::Unstable);
        }
        Ok(parts.iter().map(|&part| (part, self.committed.get(&part).copied())).collect())
    }

    pub(super) fn open_transactions(&self) -> usize {
        self.ids.values().filter(|id| id.open.is_some()).count()
    }

    pub(super) fn is_open(&self, id: usize, epoch: u64) -> bool {
        self.ids.get(&id).is_some_and(|id| id.epoch == epoch && id.open.is_some())
    }

    // The group.

    pub(super) fn join(&mut self) -> Member {
        self.members_ever += 1;
        self.members.insert(self.members_ever);
        self.rebalance();
        self.members_ever
    }

    /// A member left, or its session timed out: its partitions are free at once.
    pub(super) fn remove(&mut self, member: Member) {
        if self.members.remove(&member) {
            self.owner.retain(|_, owner| *owner != member);
            self.rebalance();
        }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> + '_ {
        self.members.iter().copied()
    }

    /// Sticky and balanced: who owns a partition keeps it unless it has more than its share.
    fn rebalance(&mut self) {
        self.target.clear();
        if self.members.is_empty() {
            return;
        }
        let share = self.inputs.len().div_ceil(self.members.len());
        let mut load: BTreeMap<Member, usize> = self.members.iter().map(|&member| (member, 0)).collect();
        let mut free = Vec::new();
        for &part in self.inputs.keys() {
            match self.owner.get(&part).and_then(|owner| load.get_mut(owner).map(|load| (owner, load))) {
                Some((&owner, load)) if *load < share => {
                    *load += 1;
                    self.target.insert(part, owner);
                }
                _ => free.push(part),
            }
        }
        for part in free {
            let (&member, load) = load.iter_mut().min_by_key(|(_, load)| **load).unwrap();
            *load += 1;
            self.target.insert(part, member);
        }
    }

    /// What a member that holds `held` has to learn.
    pub(super) fn news(&mut self, member: Member, held: &BTreeSet<Part>) -> News {
        if !self.members.contains(&member) {
            return News::Give { parts: held.iter().copied().collect(), lost: true };
        }
        let give: Vec<Part> = held.iter().copied().filter(|part| self.target.get(part) != Some(&member)).collect();
        if !give.is_empty() {
            if self.mutant == Mutant::GroupDoesNotWait {
                self.released(member, &give);
            }
            return News::Give { parts: give, lost: false };
        }
        let free = |part: &Part| !self.owner.contains_key(part);
        let mine = self.target.iter().filter(|(_, target)| **target == member).map(|(part, _)| *part);
        let gain: Vec<Part> = mine.filter(|part| !held.contains(part)).filter(free).collect();
        if gain.is_empty() {
            return News::None;
        }
        self.owner.extend(gain.iter().map(|&part| (part, member)));
        News::Gain(gain)
    }

    pub(super) fn released(&mut self, member: Member, parts: &[Part]) {
        self.owner.retain(|part, owner| *owner != member || !parts.contains(part));
    }
}
