//! `garim mask`: the engine over files or standard input, on all cores, in the order of the lines.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use zeroize::Zeroizing;

use super::lines::{Inputs, Piece, Pieces, Reading, Taken};
use super::output::{Out, Progress};
use super::{Exit, Failure, Format, Shared, keys};
use crate::diagnostic::nearest;
use crate::engine::batch::{Lines, Team};
use crate::engine::outcome::{BatchTally, HeaderName, KeyMissing, Output, Reason, Refusal, Treated};
use crate::engine::plan::{Emit, EventTime, Format as SourceFormat, SourcePlan};
use crate::engine::{Engine, Limits, Scratch};
use crate::limits::MASK_DAYS;
use crate::pseudonym::epoch::KeyRing;
use crate::record::{InputId, Position};
use crate::route::TierId;
use crate::secret::{Key, Plain};

/// Arguments of `mask`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of records, one a line; `-` or none: standard input
    files: Vec<PathBuf>,
    /// The source whose rules apply [default: the only one of the policy]
    #[arg(short, long, value_name = "SOURCE")]
    source: Option<String>,
    /// Write the records of this tier only
    #[arg(short, long, value_name = "TIER")]
    tier: Option<String>,
    /// Threads [default: one for each core]
    #[arg(short, long, value_name = "N", env = "GARIM_JOBS", hide_env_values = true)]
    jobs: Option<NonZeroUsize>,
    /// Tell at the end what was counted, on standard error
    #[arg(long)]
    stats: bool,
    /// Judge the records' age as if they arrived at this time [default: no age is judged]
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// Folder of the key store [default: keys made for this run]
    #[arg(long, value_name = "DIR", env = "GARIM_KEYS", hide_env_values = true)]
    keys: Option<PathBuf>,
}

/// Pieces in one round, for each thread: enough that none waits long for the slowest.
const PIECES_A_THREAD: usize = 4;

/// Treats the files.
///
/// # Errors
/// [`Exit::Data`] for files that cannot be read, [`Exit::Keys`] and [`Exit::Config`] for the store and the policy;
/// with refused records it ends as [`Exit::Data`] after everything else was written.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let plan = crate::policy::load(&shared.policy()?)?.plan;
    let limits = Limits { past_days: MASK_DAYS, future_days: MASK_DAYS };
    let engine = Engine::new(plan, limits).map_err(|fault| Failure::new(Exit::Config, fault))?;
    let work = Work::new(args, shared, &engine)?;
    let inputs = Inputs::open(&args.files)?;
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let team = Team::new(jobs).map_err(|fault| Failure::new(Exit::Unavailable, fault))?;

    let started = Instant::now();
    let mut sink = Sink {
        engine: &engine,
        source: work.source,
        shared,
        inputs: &inputs,
        out: shared.data(),
        progress: Progress::start(shared, inputs.total_bytes),
        counts: Counts::default(),
        spare: Vec::new(),
    };
    let ended = stream(&team, &work, &inputs, &mut sink);
    // What was treated before an error is whole and in order: it is written, too.
    let flushed = sink.out.flush();
    sink.progress.finish();
    ended?;
    flushed?;
    sink.end(args.stats, started)
}

/// Round after round: while the threads treat one, the one before it is written and the next one is read.
fn stream(team: &Team, work: &Work<'_>, inputs: &Inputs, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let round = team.threads() * PIECES_A_THREAD;
    let pieces = inputs.read(Reading::Records, round);
    let mut treated: Option<Vec<Batch>> = None;
    loop {
        let taken = pieces.take(round, treated.is_none());
        match taken.map_err(|error| Failure::new(Exit::Data, anyhow::Error::new(error).context("cannot read on")))? {
            Taken::Some(some) => {
                let mut batches: Vec<Batch> =
                    some.into_iter().map(|piece| Batch::new(piece, sink.spare.pop().unwrap_or_default())).collect();
                let before = treated.take();
                let treat = |scratch: &mut Scratch, treated: &mut Treated, batch: &mut Batch| {
                    work.treat(scratch, treated, batch);
                };
                team.treat_parallel(&mut batches, treat, || before.map_or(Ok(()), |it| sink.write(it, &pieces)))?;
                treated = Some(batches);
            }
            // Nothing more to read at once: whoever watches a pipe sees the lines so far.
            Taken::NotYet => {
                sink.write(treated.take().unwrap_or_default(), &pieces)?;
                sink.out.flush()?;
            }
            Taken::End => return sink.write(treated.take().unwrap_or_default(), &pieces),
        }
    }
}

/// How records are treated and written; the same for all threads.
struct Work<'a> {
    engine: &'a Engine,
    keys: KeyRing,
    source: &'a SourcePlan,
    input: InputId,
    tier: Option<TierId>,
    /// Whether a line begins with the name of its tier.
    named: bool,
    format: Format,
    as_of_ms: Option<i64>,
}

impl<'a> Work<'a> {
    fn new(args: &Args, shared: &Shared, engine: &'a Engine) -> Result<Self, Failure> {
        let (index, source) = chosen_source(engine, args.source.as_deref())?;
        let tiers = engine.tiers_of(index);
        let tier = args.tier.as_deref().map(|name| chosen_tier(engine, source, &tiers, name)).transpose()?;
        if source.time == EventTime::KafkaTimestamp && args.as_of.is_none() {
            let message =
                format!("the records of `{}` have no time of their own, only that of their message", source.name);
            return Err(Failure::say(Exit::Usage, message).help("give that time: `--as-of 2026-11-14T09:00:00+09:00`"));
        }
        let keys = match &args.keys {
            Some(dir) => keys::open(dir)?.ring(engine.tiers()),
            None => {
                shared.note("no key store was named: tokens are made with keys of this run, which nobody keeps");
                KeyRing::ephemeral(random_key()?)
            }
        };
        let topic = source.topics.first().map_or("", |topic| &**topic);
        Ok(Self {
            engine,
            keys,
            source,
            input: engine
                .input(topic)
                .ok_or_else(|| Failure::say(Exit::Config, format_args!("the source `{}` has no topic", source.name)))?,
            tier,
            named: tier.is_none() && tiers.len() > 1,
            format: shared.format,
            as_of_ms: args.as_of.map(Timestamp::as_millisecond),
        })
    }

    /// Treats a piece and writes its outputs into the batch's own buffer.
    fn treat(&self, scratch: &mut Scratch, treated: &mut Treated, batch: &mut Batch) {
        let Batch { piece, out, refusals, counts, missing } = batch;
        if piece.oversized {
            counts.records = 1;
            refusals.push(oversized(piece));
            return;
        }
        let lines = Lines {
            input: self.input,
            partition: piece.input as i32,
            first: piece.first as i64,
            timestamp_ms: self.as_of_ms,
            bytes: Plain(&piece.bytes),
        };
        let done = self.engine.treat_lines(scratch, &self.keys, lines, treated, |treated, records| {
            counts.records += records as u64;
            counts.add(&treated.tally);
            refusals.extend_from_slice(&treated.refusals);
            for output in treated.outputs.iter().filter(|output| self.tier.is_none_or(|tier| tier == output.tier)) {
                counts.written(output.tier);
                self.write(treated, output, out);
            }
        });
        *missing = done.err();
    }

    fn write(&self, treated: &Treated, output: &Output, out: &mut Vec<u8>) {
        let value = output.value.clone().map_or(&[][..], |range| &treated.bytes[range]);
        let tier = &self.engine.tiers()[output.tier.0 as usize].name;
        match self.format {
            Format::Text => {
                if self.named {
                    out.extend_from_slice(tier.as_bytes());
                    out.push(b'\t');
                }
                out.extend_from_slice(value);
            }
            Format::Json => {
                out.extend_from_slice(b"{\"tier\":");
                json_string(tier, out);
                out.extend_from_slice(b",\"value\":");
                if self.writes_json() {
                    out.extend_from_slice(value);
                } else {
                    json_string(&String::from_utf8_lossy(value), out);
                }
                for header in &treated.headers[output.headers.clone()] {
                    if header.name == HeaderName::Garim {
                        out.extend_from_slice(b",\"garim\":");
                        json_string(&String::from_utf8_lossy(&treated.bytes[header.value.clone()]), out);
                    }
                }
                out.push(b'}');
            }
        }
        out.push(b'\n');
    }

    /// Whether a treated value is a JSON object.
    fn writes_json(&self) -> bool {
        match &self.source.format {
            SourceFormat::Json | SourceFormat::Ndjson => true,
            SourceFormat::Text => false,
            SourceFormat::Pattern { emit, .. } => *emit == Emit::Json,
        }
    }
}

/// A line that was too long to be kept.
fn oversized(piece: &Piece) -> Refusal {
    Refusal {
        record: 0,
        line: 0,
        position: Position { partition: piece.input as i32, offset: piece.first as i64 },
        reason: Reason::TooLarge,
        item: None,
        at_byte: 0,
    }
}

fn json_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("text is written to memory");
}

fn chosen_source<'a>(engine: &'a Engine, name: Option<&str>) -> Result<(u16, &'a SourcePlan), Failure> {
    let sources = engine.sources();
    let found = match name {
        Some(name) => sources.iter().position(|source| &*source.name == name),
        None if sources.len() == 1 => Some(0),
        None => None,
    };
    if let Some(index) = found {
        return Ok((index as u16, &sources[index]));
    }
    let names = || sources.iter().map(|source| &*source.name);
    let message = match name {
        Some(name) => format!("the policy `{}` has no source `{name}`", engine.name()),
        None => format!("the policy `{}` has {} sources, and none was chosen", engine.name(), sources.len()),
    };
    Err(Failure::say(Exit::Usage, message).help(choose("--source", name, names().collect())))
}

fn chosen_tier(engine: &Engine, source: &SourcePlan, tiers: &[TierId], name: &str) -> Result<TierId, Failure> {
    let names = || tiers.iter().map(|tier| &*engine.tiers()[tier.0 as usize].name);
    match names().position(|tier| tier == name) {
        Some(index) => Ok(tiers[index]),
        None => Err(Failure::say(Exit::Usage, format_args!("no record of `{}` goes to a tier `{name}`", source.name))
            .help(choose("--tier", Some(name), names().collect()))),
    }
}

fn choose(flag: &str, given: Option<&str>, names: Vec<&str>) -> String {
    match given.and_then(|given| nearest(given, names.iter().copied())) {
        Some(near) => format!("did you mean `{flag} {near}`? There are: {}", names.join(", ")),
        None => format!("give `{flag}` with one of: {}", names.join(", ")),
    }
}

fn random_key() -> Result<Key, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)
        .map_err(|error| Failure::say(Exit::Unavailable, format_args!("cannot draw random bytes: {error}")))?;
    Ok(Key::new(&bytes))
}

/// A piece and what became of it.
struct Batch {
    piece: Piece,
    out: Vec<u8>,
    refusals: Vec<Refusal>,
    counts: Counts,
    missing: Option<KeyMissing>,
}

impl Batch {
    fn new(piece: Piece, out: Vec<u8>) -> Self {
        Self { piece, out, refusals: Vec::new(), counts: Counts::default(), missing: None }
    }
}

/// What `--stats` tells.
#[derive(Debug, Default)]
struct Counts {
    records: u64,
    bytes: u64,
    refused: u64,
    unlisted: u64,
    /// By tier: written, left out as past their end, as too late, as not meeting its `when`.
    tiers: Vec<[u64; 4]>,
    /// By `Reason as usize`.
    reasons: Vec<u64>,
}

/// Adds counts of one list to those of another, which grows to its length.
fn add_each<T: Copy>(to: &mut Vec<T>, from: &[T], zero: T, add: impl Fn(&mut T, T)) {
    if to.len() < from.len() {
        to.resize(from.len(), zero);
    }
    for (to, &from) in to.iter_mut().zip(from) {
        add(to, from);
    }
}

impl Counts {
    fn tier(&mut self, tier: usize) -> &mut [u64; 4] {
        if self.tiers.len() <= tier {
            self.tiers.resize(tier + 1, [0; 4]);
        }
        &mut self.tiers[tier]
    }

    fn written(&mut self, tier: TierId) {
        self.tier(tier.0 as usize)[0] += 1;
    }

    fn add(&mut self, tally: &BatchTally) {
        self.unlisted += tally.unlisted.iter().sum::<u64>();
        for (place, counts) in [(1, &tally.expired), (2, &tally.late), (3, &tally.withheld)] {
            for (tier, &count) in counts.iter().enumerate() {
                self.tier(tier)[place] += count;
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.unlisted += other.unlisted;
        add_each(&mut self.tiers, &other.tiers, [0; 4], |to, from| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        });
    }

    fn refuse(&mut self, reason: Reason) {
        self.refused += 1;
        self.reasons.resize(Reason::ALL.len(), 0);
        self.reasons[reason as usize] += 1;
    }
}

/// Where results go, in order.
struct Sink<'a> {
    engine: &'a Engine,
    source: &'a SourcePlan,
    shared: &'a Shared,
    inputs: &'a Inputs,
    out: Out,
    progress: Progress,
    counts: Counts,
    /// Buffers of batches that were written; large ones are dear to get from the system again and again.
    spare: Vec<Vec<u8>>,
}

impl Sink<'_> {
    fn write(&mut self, batches: Vec<Batch>, pieces: &Pieces) -> Result<(), Failure> {
        for mut batch in batches {
            self.out.write_all(&batch.out)?;
            self.counts.merge(&batch.counts);
            self.counts.bytes += batch.piece.read;
            self.progress.add(batch.counts.records, batch.piece.read);
            if !batch.refusals.is_empty() {
                self.refuse(&batch);
            }
            if let Some(missing) = batch.missing {
                return Err(self.missing(missing, &batch.piece));
            }
            batch.out.clear();
            self.spare.push(batch.out);
            pieces.give_back(batch.piece);
        }
        Ok(())
    }

    /// Tells the refused lines of a batch: where and why, never what.
    fn refuse(&mut self, batch: &Batch) {
        let file = self.inputs.name(batch.piece.input);
        let mut text = String::new();
        for refusal in &batch.refusals {
            self.counts.refuse(refusal.reason);
            let item = refusal.item.and_then(|item| self.source.items.get(item as usize)).map(|item| &*item.name);
            let (line, reason) = (refusal.position.offset, refusal.reason.code());
            let line = match self.shared.format {
                Format::Json => {
                    let at_byte = (refusal.at_byte > 0).then_some(refusal.at_byte);
                    json!({"refused": reason, "file": file, "line": line, "at_byte": at_byte, "item": item}).to_string()
                }
                Format::Text => {
                    let at = if refusal.at_byte > 0 { format!(" at byte {}", refusal.at_byte) } else { String::new() };
                    let item = item.map_or_else(String::new, |item| format!(" (item `{item}`)"));
                    format!("{file}:{line}: refused: {reason}{at}{item}")
                }
            };
            text.push_str(&line);
            text.push('\n');
        }
        self.progress.above(|| {
            // A closed standard error is no reason to lose the records.
            let _ = std::io::stderr().write_all(text.as_bytes());
        });
    }

    fn missing(&self, missing: KeyMissing, piece: &Piece) -> Failure {
        let (file, line) = (self.inputs.name(piece.input), missing.position.offset);
        let (what, help) = missing.told(self.engine);
        Failure::say(Exit::Keys, format!("{file}, line {line}: {what}")).help(help)
    }

    fn end(self, stats: bool, started: Instant) -> Result<Exit, Failure> {
        let Counts { records, refused, .. } = self.counts;
        if stats {
            let _ = std::io::stderr().write_all(self.stats(started).as_bytes());
        } else if refused > 0 {
            self.shared.note(format_args!("{refused} of {records} records were refused and left out"));
        }
        Ok(if refused > 0 { Exit::Data } else { Exit::Done })
    }

    fn stats(&self, started: Instant) -> String {
        let Counts { records, bytes, refused, unlisted, tiers, reasons } = &self.counts;
        let seconds = started.elapsed().as_secs_f64();
        let tiers = self.engine.tiers().iter().zip(tiers).filter(|(_, counts)| **counts != [0; 4]);
        let reasons = Reason::ALL.into_iter().zip(reasons).filter(|(_, count)| **count > 0);
        if self.shared.format == Format::Json {
            let tiers: serde_json::Map<_, _> = tiers
                .map(|(tier, [written, expired, late, withheld])| {
                    let counts = json!({
                        "written": written, "expired": expired, "late": late, "withheld": withheld,
                    });
                    (tier.name.to_string(), counts)
                })
                .collect();
            let reasons: serde_json::Map<_, _> =
                reasons.map(|(reason, &count)| (reason.code().to_owned(), count.into())).collect();
            let document = json!({
                "schema_version": 1, "records": records, "bytes": bytes, "refused": refused, "reasons": reasons,
                "unlisted_fields": unlisted, "tiers": tiers, "seconds": seconds,
            });
            return format!("{document}\n");
        }
        let mut rows = vec![
            format!("records   {records}"),
            format!("bytes     {bytes}"),
            format!("refused   {refused}"),
            format!("unlisted  {unlisted} fields"),
        ];
        rows.extend(reasons.map(|(reason, count)| format!("  {count} {}", reason.code())));
        rows.extend(tiers.map(|(tier, [written, expired, late, withheld])| {
            format!("tier {}: {written} written, {expired} expired, {late} late, {withheld} withheld", tier.name)
        }));
        let speed = *records as f64 / seconds.max(1e-3);
        rows.push(format!(
            "seconds   {seconds:.2} ({speed:.0} records/s, {:.1} MB/s)",
            *bytes as f64 / seconds.max(1e-3) / 1e6
        ));
        rows.join("\n") + "\n"
    }
}
