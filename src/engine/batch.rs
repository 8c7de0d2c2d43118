//! Whole files over all cores: a team of threads, each with its own working memory; the order of the input is kept.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::outcome::{KeyMissing, Treated};
use super::{Engine, Scratch};
use crate::limits::BATCH_RECORDS_MAX;
use crate::pseudonym::epoch::KeyRing;
use crate::record::{InputId, Position, Record};
use crate::secret::Plain;

/// The threads could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {threads} threads: {reason}")]
pub struct TeamFault {
    threads: usize,
    reason: String,
}

/// Threads that treat pieces of a file side by side.
pub struct Team {
    pool: rayon::ThreadPool,
    /// One a thread, so that no lock is ever waited for.
    memories: Vec<Mutex<(Scratch, Treated)>>,
}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Team({} threads)", self.memories.len())
    }
}

impl Team {
    /// Starts `threads` threads, at least one.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn new(threads: usize) -> Result<Self, TeamFault> {
        let threads = threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("treat-{index}"))
            .build()
            .map_err(|error| TeamFault { threads, reason: error.to_string() })?;
        Ok(Self { pool, memories: (0..threads).map(|_| Mutex::default()).collect() })
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.memories.len()
    }

    /// Does `work` on every piece, each by one thread with that thread's memory; `meanwhile` runs on the caller's.
    /// Returns when both are done.
    pub fn treat_parallel<P: Send, R>(
        &self,
        pieces: &mut [P],
        work: impl Fn(&mut Scratch, &mut Treated, &mut P) + Sync,
        meanwhile: impl FnOnce() -> R,
    ) -> R {
        self.pool.in_place_scope(|scope| {
            scope.spawn(|_| {
                pieces.par_iter_mut().with_max_len(1).for_each(|piece| {
                    let index = rayon::current_thread_index().expect("the pool's own threads run its work");
                    // Each batch begins by clearing both, so a panic in the last one left nothing behind.
                    let mut memory = self.memories[index].lock().unwrap_or_else(PoisonError::into_inner);
                    let (scratch, treated) = &mut *memory;
                    work(scratch, treated, piece);
                });
            });
            meanwhile()
        })
    }
}

/// Whole lines of a file, each a record.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    /// The input that the records pass for.
    pub input: InputId,
    /// Which file, from 0: it stands for the partition, so that equal lines of two files have two record ids.
    pub partition: i32,
    /// Number of the first line, from 1; a record's offset is the number of its line.
    pub first: i64,
    /// The time of arrival, where ages are to be judged.
    pub timestamp_ms: Option<i64>,
    /// The lines, with their ends (`\n` or `\r\n`; the last may lack one).
    pub bytes: Plain<'a>,
}

impl<'a> Lines<'a> {
    /// The records: every line but the blank ones, which hold none.
    fn records(self) -> impl Iterator<Item = Record<'a>> {
        let lines = self.bytes.0.split(|&byte| byte == b'\n').zip(self.first..);
        lines.filter_map(move |(line, offset)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            (!line.trim_ascii().is_empty()).then_some(Record {
                input: self.input,
                position: Position { partition: self.partition, offset },
                timestamp_ms: self.timestamp_ms,
                key: None,
                value: Some(Plain(line)),
                headers: &[],
            })
        })
    }
}

impl Engine {
    /// Treats every line as a record, in batches; `each` gets the batches' results in the order of the lines.
    ///
    /// # Errors
    /// [`KeyMissing`] when a key was never made; the batches before that one were given to `each`.
    pub fn treat_lines(
        &self,
        scratch: &mut Scratch,
        keys: &KeyRing,
        lines: Lines<'_>,
        treated: &mut Treated,
        mut each: impl FnMut(&Treated, usize),
    ) -> Result<(), KeyMissing> {
        let mut records = lines.records();
        let mut batch = Vec::with_capacity(BATCH_RECORDS_MAX);
        loop {
            batch.clear();
            batch.extend(records.by_ref().take(BATCH_RECORDS_MAX));
            if batch.is_empty() {
                return Ok(());
            }
            self.treat(scratch, keys, &batch, treated)?;
            each(treated, batch.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_blank_ones_are_no_records() {
        let lines =
            Lines { input: InputId(0), partition: 2, first: 10, timestamp_ms: None, bytes: Plain(b"a\r\n \n\r\nb\nc") };
        let seen: Vec<_> = lines.records().map(|record| (record.position.offset, record.value)).collect();
        assert_eq!(seen, [(10, Some(Plain(b"a"))), (13, Some(Plain(b"b"))), (14, Some(Plain(b"c")))]);
    }

    #[test]
    fn every_piece_is_worked_on_in_its_place_beside_the_caller() {
        let team = Team::new(3).expect("three threads");
        let mut pieces: Vec<u64> = (0..1000).collect();
        let meanwhile = team.treat_parallel(&mut pieces, |_, _, piece| *piece *= 2, || 7);
        assert_eq!((meanwhile, team.threads()), (7, 3));
        assert!(pieces.iter().zip(0..).all(|(&piece, index)| piece == 2 * index));
    }
}
