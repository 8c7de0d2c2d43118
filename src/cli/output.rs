//! Standard output and standard error: colour choice, closed pipes, progress.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use anstream::AutoStream;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Shared;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals, as NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM say.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Whether a stream takes colours; `terminal` says whether it is one. The flag wins over the environment,
    /// NO_COLOR over CLICOLOR_FORCE, that one over everything else.
    pub fn on(self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR").is_some() => false,
            Self::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            Self::Auto => {
                terminal
                    && set("CLICOLOR").is_none_or(|value| value != "0")
                    && set("TERM").is_none_or(|value| value != "dumb")
            }
        }
    }
}

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub struct WriteFailed(#[source] io::Error);

impl WriteFailed {
    /// Whether the reader went away; that is not an error.
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Buffered standard output; `write!` and `writeln!` work on it. What is not flushed when it is dropped is written
/// then, but an error is only seen by [`Out::flush`].
pub struct Out(BufWriter<AutoStream<io::Stdout>>);

/// Bytes that one write to the system should carry at least; a pipe of Linux holds 64 KiB.
const WRITE_BYTES: usize = 64 << 10;

impl Out {
    pub(super) fn report(color: bool) -> Self {
        let choice = if color { anstream::ColorChoice::Always } else { anstream::ColorChoice::Never };
        Self(BufWriter::new(AutoStream::new(io::stdout(), choice)))
    }

    pub(super) fn data() -> Self {
        Self(BufWriter::with_capacity(WRITE_BYTES, AutoStream::always_ansi(io::stdout())))
    }

    /// What `write!` calls.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> Result<(), WriteFailed> {
        self.0.write_fmt(arguments).map_err(WriteFailed)
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), WriteFailed> {
        self.0.write_all(bytes).map_err(WriteFailed)
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn flush(&mut self) -> Result<(), WriteFailed> {
        self.0.flush().map_err(WriteFailed)
    }
}

/// How often progress is told where no bar can be drawn, in seconds.
const TELL_S: u64 = 10;

/// Progress of work that takes long: a bar on a terminal, else a line every ten seconds; none with `--quiet`,
/// `--no-progress` or JSON.
pub struct Progress {
    bar: Option<ProgressBar>,
    tell: bool,
    started: Instant,
    told: Instant,
    records: u64,
    bytes: u64,
}

impl Progress {
    /// Starts; `total_bytes` is known for files, not for a pipe.
    pub fn start(shared: &Shared, total_bytes: Option<u64>) -> Self {
        let bar = shared.progress.then(|| {
            let bar = ProgressBar::with_draw_target(total_bytes, ProgressDrawTarget::stderr_with_hz(5));
            let template = match total_bytes {
                Some(_) => "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {msg} ETA {eta}",
                None => "{spinner} {bytes} {binary_bytes_per_sec} {msg}",
            };
            bar.set_style(ProgressStyle::with_template(template).expect("the templates above are well formed"));
            bar
        });
        Self {
            tell: bar.is_none() && shared.progress_lines,
            bar,
            started: Instant::now(),
            told: Instant::now(),
            records: 0,
            bytes: 0,
        }
    }

    /// So many more records, of so many bytes of input.
    pub fn add(&mut self, records: u64, bytes: u64) {
        self.records += records;
        self.bytes += bytes;
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
            bar.set_message(format!("{:.0} records/s", self.rate(self.records)));
        } else if self.tell && self.told.elapsed() >= Duration::from_secs(TELL_S) {
            self.told = Instant::now();
            let _ = writeln!(
                io::stderr(),
                "note: {} records, {:.0} records/s, {:.1} MB/s",
                self.records,
                self.rate(self.records),
                self.rate(self.bytes) / 1e6
            );
        }
    }

    /// Writes a line above the bar.
    pub fn above(&self, line: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(line),
            None => line(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.started.elapsed().as_secs_f64().max(1e-3)
    }
}
