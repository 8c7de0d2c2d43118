//! `garim scan`: what stands in files, standard input or a topic, told by place and kind; never by value, unless asked.

mod report;
mod topic;
mod written;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use encoding_rs::Encoding;

use super::lines::{Inputs, Piece, Pieces, Reading, Taken};
use super::output::{Out, Progress};
use super::{Exit, Failure, Format, Shared};
use crate::diagnostic::nearest;
use crate::engine::batch::Team;
use crate::find::sweep::{Input, Sweep, Wants};
use crate::kind::{Kind, KindSet};
use crate::limits::WINDOW_OVERLAP_BYTES;
use crate::policy::findings::Findings;

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  garim scan app.log access.log.1                  where and how often, by kind; no value is shown
  kubectl logs deploy/web | garim scan             standard input
  garim scan --kinds kr_rrn,credit_card dump.ndjson
  garim scan --format json dump.ndjson             one object a line: {\"findings\":[{\"at\":\"/text\",\"kind\":...}]}
  garim scan -v app.log                            near misses too, each with the reason
  garim scan -c garim.toml --topic app.activity    the newest messages of each partition: key, value, headers

Exit codes: 0 nothing was found; 1 something was (0 with --exit-zero); 2 usage; 65 a file could not be read, the others were; \
69 the topic cannot be read.")]
pub struct Args {
    /// Files of lines; `-` or none: standard input
    #[arg(value_name = "FILE", conflicts_with = "topic")]
    files: Vec<PathBuf>,
    /// Look at the messages of this topic: keys, values and headers. No group is joined (with -c)
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Of a topic, look at so many messages of each partition at most, the newest
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    sample: u64,
    /// What a line is [default: JSON where it begins with `{` and can be read, else text]
    #[arg(long, value_name = "INPUT", default_value = "auto", hide_default_value = true)]
    input: Input,
    /// What the bytes are, if not UTF-8: `euc-kr`, `utf-16`, or another name that browsers know
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// Look for these kinds only, with commas between them
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kinds())]
    kinds: Vec<String>,
    /// Pass over what has fewer pieces of evidence
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    min_evidence: u32,
    /// Show the values that were found
    #[arg(long)]
    show_values: bool,
    /// End with 0 also where something was found
    #[arg(long)]
    exit_zero: bool,
    /// Threads [default: one for each core]
    #[arg(short, long, value_name = "N", env = "GARIM_JOBS", hide_env_values = true)]
    jobs: Option<NonZeroUsize>,
}

impl ValueEnum for Input {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Text, Self::Json]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "ndjson",
        }))
    }
}

/// The kinds that are found inside text.
fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(Kind::ALL[..Kind::FOUND].iter().map(|kind| kind.name()))
}

/// The encoding of this name. What Windows calls its Korean code page is not among the names of the standard.
fn encoding(name: &str) -> Result<&'static Encoding, String> {
    const USUAL: [&str; 6] = ["euc-kr", "cp949", "utf-8", "utf-16", "shift_jis", "windows-1252"];
    if ["cp949", "ms949", "uhc"].iter().any(|code_page| name.eq_ignore_ascii_case(code_page)) {
        return Ok(encoding_rs::EUC_KR);
    }
    Encoding::for_label_no_replacement(name.as_bytes()).ok_or_else(|| {
        match nearest(&name.to_ascii_lowercase(), USUAL) {
            Some(near) => format!("there is no such encoding; did you mean `{near}`?"),
            None => format!("there is no such encoding; usual ones are {}", USUAL.join(", ")),
        }
    })
}

/// What was asked for, the same for all threads.
#[derive(Clone, Copy)]
struct Options {
    input: Input,
    encoding: Option<&'static Encoding>,
    wants: Wants,
    json: bool,
    /// Whether results say which input they are of.
    named: bool,
}

impl Options {
    fn new(args: &Args, shared: &Shared, named: bool) -> Self {
        let asked: Vec<Kind> = args.kinds.iter().filter_map(|name| Kind::from_name(name)).collect();
        let kinds = if asked.is_empty() { KindSet::ALL } else { KindSet::of(&asked) };
        let wants =
            Wants { kinds, evidence_min: args.min_evidence, misses: shared.verbose > 0, values: args.show_values };
        let json = shared.format == Format::Json;
        Self { input: args.input, encoding: args.encoding, wants, json, named }
    }
}

/// Looks, and tells what was seen.
///
/// # Errors
/// [`Exit::Unavailable`] for a topic that cannot be read. Files that cannot be read are told, and the exit code is
/// [`Exit::Data`] after the others were looked at.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    if let Some(name) = &args.topic {
        let options = Options::new(args, shared, true);
        let findings = topic::scan(name, args.sample, options, shared)?;
        return Ok(exit(&findings, args));
    }
    let (inputs, faults) = Inputs::open_some(&args.files);
    for fault in &faults {
        shared.complain(&unreadable(fault));
    }
    if inputs.count() == 0 {
        return Ok(Exit::Data);
    }
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let team = Team::new(jobs).map_err(|fault| Failure::new(Exit::Unavailable, fault))?;
    // Decoded bytes are counted, and how many they will be is not known.
    let total_bytes = inputs.total_bytes.filter(|_| args.encoding.is_none());
    let mut sink = Sink {
        options: Options::new(args, shared, inputs.count() > 1),
        shared,
        inputs: &inputs,
        out: if shared.format == Format::Json { shared.data() } else { shared.report() },
        progress: Progress::start(shared, total_bytes),
        findings: Findings::default(),
        odd: Odd::default(),
        failed: !faults.is_empty(),
        part: Part::default(),
        spare: Vec::new(),
    };
    let ended = stream(&team, &inputs, &mut sink);
    sink.progress.finish();
    ended?;
    sink.end(args)
}

fn unreadable(fault: &str) -> Failure {
    let failure = Failure::say(Exit::Data, format_args!("cannot read {fault}"));
    match fault.ends_with("directory") && !fault.contains("(os error") {
        true => failure.help("name the files in it, for instance `garim scan logs/*.log`"),
        false => failure,
    }
}

fn exit(findings: &Findings, args: &Args) -> Exit {
    if findings.total() > 0 && !args.exit_zero { Exit::No } else { Exit::Done }
}

/// Pieces in one round, for each thread: enough that none waits long for the slowest.
const PIECES_A_THREAD: usize = 4;

/// Round after round: while the threads search one, the one before it is written and the next one is read.
fn stream(team: &Team, inputs: &Inputs, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let round = team.threads() * PIECES_A_THREAD;
    let options = sink.options;
    let pieces = inputs.read(Reading::Texts(options.encoding), round);
    let mut searched: Option<Vec<Job>> = None;
    loop {
        let taken = pieces.take(round, searched.is_none());
        match taken.map_err(|error| Failure::new(Exit::Data, anyhow::Error::new(error).context("cannot read on")))? {
            Taken::Some(some) => {
                let mut jobs: Vec<Job> = some.into_iter().map(|piece| sink.job(piece)).collect();
                let before = searched.take();
                let search = |_: &mut _, _: &mut _, job: &mut Job| job.search(&options, inputs);
                team.treat_parallel(&mut jobs, search, || before.map_or(Ok(()), |it| sink.write(it, &pieces)))?;
                searched = Some(jobs);
            }
            // Nothing more to read at once: whoever watches a pipe sees the lines so far.
            Taken::NotYet => {
                sink.write(searched.take().unwrap_or_default(), &pieces)?;
                sink.out.flush()?;
            }
            Taken::End => return sink.write(searched.take().unwrap_or_default(), &pieces),
        }
    }
}

/// A piece and what was found in it.
struct Job {
    piece: Piece,
    sweep: Sweep,
    /// What is written of it at once: with JSON an object a line, with values a line a finding.
    out: Vec<u8>,
    /// The near misses of a part of a long line, as JSON items.
    missed: Vec<u8>,
    findings: Findings,
    /// Whether it has zero bytes.
    binary: bool,
    /// Lines that are not UTF-8, or should be JSON and are not.
    not_utf8: u64,
    not_json: u64,
}

impl Job {
    /// Searches the piece line by line.
    fn search(&mut self, options: &Options, inputs: &Inputs) {
        let Self { piece, sweep, out, missed, findings, .. } = self;
        let name = if options.named || options.wants.values { inputs.name(piece.input) } else { String::new() };
        self.binary = memchr::memchr(0, &piece.bytes).is_some();
        let utf8 = simdutf8::basic::from_utf8(&piece.bytes).is_ok();
        if piece.from > 0 || piece.goes_on {
            let begin = if piece.from > 0 { WINDOW_OVERLAP_BYTES } else { 0 };
            let end = if piece.goes_on { piece.bytes.len() - WINDOW_OVERLAP_BYTES } else { piece.bytes.len() };
            sweep.part(&piece.bytes, begin..end, piece.from);
            findings.lines = u64::from(piece.from == 0);
            findings.add(sweep, "", (piece.input, piece.first), options.wants.values);
            if options.json {
                // The line's own braces are put around all of its parts.
                written::items(sweep.sights(), sweep, b"", out);
                written::items(sweep.misses(), sweep, b"", missed);
            } else if options.wants.values {
                written::values(sweep, (&name, piece.first), "", out);
            }
            return;
        }
        let mut number = piece.first;
        for line in Split(&piece.bytes) {
            self.not_json += u64::from(!sweep.line(line, b"", options.input));
            self.not_utf8 += u64::from(!utf8 && simdutf8::basic::from_utf8(line).is_err());
            let hit = !sweep.sights().is_empty();
            if hit || !sweep.misses().is_empty() {
                findings.hits += u64::from(hit);
                if !options.json {
                    findings.add(sweep, "", (piece.input, number), options.wants.values);
                } else {
                    findings.count(sweep, piece.input);
                }
            }
            if options.json {
                let named = options.named.then_some((&*name, number));
                written::object(sweep, named, options.wants.misses, out);
            } else if options.wants.values {
                written::values(sweep, (&name, number), "", out);
            }
            number += 1;
        }
        findings.lines = number - piece.first;
    }
}

/// The lines of some bytes, without their ends.
struct Split<'a>(&'a [u8]);

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let line = match memchr::memchr(b'\n', self.0) {
            Some(at) => {
                let (line, rest) = self.0.split_at(at);
                self.0 = &rest[1..];
                line
            }
            None => std::mem::take(&mut self.0),
        };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// What is told about inputs at the end or once.
#[derive(Default)]
struct Odd {
    binary: BTreeSet<usize>,
    not_utf8: u64,
    not_json: u64,
}

/// What was found so far in a line that comes in parts.
#[derive(Default)]
struct Part {
    hit: bool,
    /// JSON items of each part, and near misses.
    found: Vec<Vec<u8>>,
    missed: Vec<Vec<u8>>,
}

/// The items of all parts, with commas between them.
fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = parts.iter().filter(|part| !part.is_empty()).map(Vec::as_slice).collect();
    parts.join(&b',')
}

/// Where results go, in order.
struct Sink<'a> {
    options: Options,
    shared: &'a Shared,
    inputs: &'a Inputs,
    out: Out,
    progress: Progress,
    findings: Findings,
    odd: Odd,
    failed: bool,
    /// What was found so far in a line that comes in parts.
    part: Part,
    spare: Vec<(Sweep, Vec<u8>)>,
}

impl Sink<'_> {
    fn job(&mut self, piece: Piece) -> Job {
        let (sweep, out) = self.spare.pop().unwrap_or_else(|| (Sweep::new(self.options.wants), Vec::new()));
        Job {
            piece,
            sweep,
            out,
            missed: Vec::new(),
            findings: Findings::default(),
            binary: false,
            not_utf8: 0,
            not_json: 0,
        }
    }

    fn write(&mut self, jobs: Vec<Job>, pieces: &Pieces) -> Result<(), Failure> {
        for mut job in jobs {
            let piece = &job.piece;
            if let Some(error) = &piece.failed {
                self.failed = true;
                self.progress.above(|| self.shared.complain(&unreadable(&error.to_string())));
            }
            self.tell_odd(&job);
            self.progress.add(job.findings.lines, piece.read);
            if piece.from > 0 || piece.goes_on {
                self.write_part(&mut job)?;
            } else {
                self.out.write_all(&job.out)?;
            }
            self.findings.merge(job.findings);
            job.out.clear();
            self.spare.push((job.sweep, job.out));
            pieces.give_back(job.piece);
        }
        Ok(())
    }

    /// Writes what was found in a part of a long line: with JSON, all parts are one object.
    fn write_part(&mut self, job: &mut Job) -> Result<(), Failure> {
        let Self { part, options, inputs, out, .. } = self;
        job.findings.hits = u64::from(!part.hit && job.findings.total() > 0);
        part.hit |= job.findings.total() > 0;
        if options.json {
            part.found.push(std::mem::take(&mut job.out));
            part.missed.push(std::mem::take(&mut job.missed));
        } else {
            out.write_all(&job.out)?;
        }
        if job.piece.goes_on {
            return Ok(());
        }
        if options.json {
            let name = inputs.name(job.piece.input);
            let mut line = Vec::new();
            written::begin(options.named.then_some((&*name, job.piece.first)), &mut line);
            line.extend_from_slice(&joined(&part.found));
            if options.wants.misses {
                line.extend_from_slice(b"],\"misses\":[");
                line.extend_from_slice(&joined(&part.missed));
            }
            line.extend_from_slice(b"]}\n");
            out.write_all(&line)?;
        }
        self.part = Part::default();
        Ok(())
    }

    /// Says once that an input is binary; counts what is told at the end.
    fn tell_odd(&mut self, job: &Job) {
        self.odd.not_utf8 += job.not_utf8;
        self.odd.not_json += job.not_json;
        let input = job.piece.input;
        if (job.binary || job.piece.utf16) && self.odd.binary.insert(input) {
            let name = self.inputs.name(input);
            self.progress.above(|| match job.piece.utf16 {
                true => self
                    .shared
                    .warn(format_args!("{name} is UTF-16, and was not read as such: give `--encoding utf-16`")),
                false => {
                    self.shared.note(format_args!("{name} is a binary file; what stands in it as text is looked at"))
                }
            });
        }
    }

    fn end(mut self, args: &Args) -> Result<Exit, Failure> {
        if !self.options.json {
            report::tell(&self.findings, &|input| self.inputs.name(input), self.options.named, "line", &mut self.out)?;
        }
        self.out.flush()?;
        let Odd { binary, not_utf8, not_json } = &self.odd;
        if *not_utf8 > 0 && binary.is_empty() {
            self.shared.note(format_args!(
                "{not_utf8} lines are not UTF-8, only their ASCII was looked at; if they are Korean, give `--encoding euc-kr`"
            ));
        }
        if *not_json > 0 {
            self.shared.note(format_args!("{not_json} lines are not JSON and were looked at as texts"));
        }
        Ok(if self.failed { Exit::Data } else { exit(&self.findings, args) })
    }
}
