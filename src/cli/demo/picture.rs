//! The live picture of the demo: a bar and a line a tier on a terminal, else a plain line a second.

use std::io::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::Shared;
use crate::telemetry::metrics::Counters;

/// How often the picture is drawn; a plain line comes every tenth time.
const DRAW: Duration = Duration::from_millis(100);

/// The picture.
pub(super) struct Picture {
    bar: Option<ProgressBar>,
    lines: bool,
    began: Option<Instant>,
    drawn: Instant,
    told: Instant,
}

impl Picture {
    /// Begins; what is drawn goes to standard error.
    pub(super) fn start(shared: &Shared, records: u64) -> Self {
        let bar = shared.progress.then(|| {
            let bar = ProgressBar::with_draw_target(Some(records), ProgressDrawTarget::stderr_with_hz(15));
            let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} records{msg}");
            bar.set_style(style.expect("the template is well formed"));
            bar
        });
        let now = Instant::now();
        Self { lines: bar.is_none() && shared.progress_lines, bar, began: None, drawn: now, told: now }
    }

    /// Draws what is committed, if it is time to.
    pub(super) fn draw(&mut self, counters: &Counters) {
        if self.drawn.elapsed() < DRAW {
            return;
        }
        self.drawn = Instant::now();
        let consumed: u64 = counters.consumed().iter().map(|count| count.records).sum();
        if consumed == 0 {
            return;
        }
        let rate = consumed as f64 / self.began.get_or_insert_with(Instant::now).elapsed().as_secs_f64().max(0.1);
        let refused: u64 = counters.refused().iter().map(|(_, count)| count).sum();
        if let Some(bar) = &self.bar {
            let mut text = format!("   {rate:.0} events/s\n");
            for count in counters.consumed() {
                text.push_str(&format!("  in   {:<22} {:>9}\n", count.name, count.records));
            }
            for count in counters.produced() {
                text.push_str(&format!("  out  {:<22} {:>9}\n", count.name, count.records));
            }
            text.push_str(&format!("  quarantine                  {refused:>9}"));
            bar.set_position(consumed);
            bar.set_message(text);
        } else if self.lines && self.told.elapsed() >= 10 * DRAW {
            self.told = Instant::now();
            let tiers: Vec<String> =
                counters.produced().iter().map(|count| format!("{} {}", count.name, count.records)).collect();
            // Whoever closed standard error does not want to see it.
            let _ = writeln!(
                std::io::stderr(),
                "{consumed} records, {rate:.0} events/s; {}; quarantine {refused}",
                tiers.join(", ")
            );
        }
    }

    /// Takes the picture away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
