//! What the demo tells at its end: records before and after, counts, and where to go next.

use std::time::Duration;

use super::super::output::Out;
use super::super::{Failure, Format, Shared};
use super::windows::Windows;
use super::{LANES, POLICY_FILE};
use crate::engine::outcome::Treated;
use crate::engine::{Engine, Scratch};
use crate::pseudonym::epoch::KeyRing;
use crate::record::{Position, Record};
use crate::secret::{Key, Plain};
use crate::telemetry::metrics::Counters;

/// What the records to be shown have in them: topic and a member.
const SHOWN: [(&str, &str); 3] = [
    ("kakaowork.activity", "\"event\":\"login\""),
    ("kakaowork.activity", "\"event\":\"message\""),
    ("support.activity", "\"event\":\"report_filed\""),
];

/// A generated record that is to be shown.
pub(super) struct Example {
    topic: &'static str,
    value: Vec<u8>,
    timestamp_ms: i64,
    position: Position,
}

/// Takes the record if it is the next that is to be shown.
pub(super) fn collect(examples: &mut Vec<Example>, topic: &str, value: &[u8], timestamp_ms: i64, position: Position) {
    let Some(&(wanted, member)) = SHOWN.get(examples.len()) else { return };
    if topic == wanted && value.windows(member.len()).any(|window| window == member.as_bytes()) {
        examples.push(Example { topic: wanted, value: value.to_vec(), timestamp_ms, position });
    }
}

/// A record before and after: its topic, and what stands in each output topic.
pub(super) struct Shown {
    topic: &'static str,
    position: Position,
    before: String,
    after: Vec<(String, String)>,
}

impl Example {
    /// Treats the record as a lane did: the same keys and the same place give the same bytes.
    pub(super) fn treat(&self, engine: &Engine, secret: &Key) -> Shown {
        let record = Record {
            input: engine.input(self.topic).expect("the demo's policy has this topic"),
            position: self.position,
            timestamp_ms: Some(self.timestamp_ms),
            key: None,
            value: Some(Plain(&self.value)),
            headers: &[],
        };
        let mut treated = Treated::default();
        let keys = KeyRing::ephemeral(secret.clone());
        let done = engine.treat(&mut Scratch::new(), &keys, &[record], &mut treated);
        done.expect("a ring made for the run has every key");
        let after = treated.outputs.iter().map(|output| {
            let value = output.value.clone().map(|range| text(&treated.bytes[range])).unwrap_or_default();
            (String::from(engine.topic(output.source, output.tier)), value)
        });
        Shown { topic: self.topic, position: self.position, before: text(&self.value), after: after.collect() }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The end of the demo.
pub(super) struct Report<'a> {
    pub(super) counters: &'a Counters,
    pub(super) examples: Vec<Shown>,
    /// Records that were broken on purpose.
    pub(super) broken: u64,
    /// What the log of windows says.
    pub(super) windows: Windows,
    /// From the first record to the last commit.
    pub(super) took: Duration,
}

impl Report<'_> {
    /// Writes it to standard output.
    pub(super) fn write(&self, shared: &Shared) -> Result<(), Failure> {
        let mut out = shared.report();
        match shared.format {
            Format::Json => writeln!(out, "{}", self.json())?,
            Format::Text => self.tell(&mut out)?,
        }
        out.flush()?;
        Ok(())
    }

    fn records(&self) -> u64 {
        self.counters.consumed().iter().map(|count| count.records).sum()
    }

    fn rate(&self) -> f64 {
        self.records() as f64 / self.took.as_secs_f64().max(1e-3)
    }

    fn tell(&self, out: &mut Out) -> Result<(), Failure> {
        let bold = anstyle::Style::new().bold();
        let green = anstyle::AnsiColor::Green.on_default().bold();
        writeln!(out, "{bold}Records before and after{bold:#}")?;
        for shown in &self.examples {
            let Position { partition, offset } = shown.position;
            writeln!(out, "\n{bold}{}{bold:#} (partition {partition}, offset {offset})", shown.topic)?;
            writeln!(out, "  {}", shown.before)?;
            for (topic, value) in &shown.after {
                writeln!(out, "{green}{topic}{green:#}\n  {value}")?;
            }
        }
        writeln!(out, "\n{bold}Counts{bold:#}")?;
        for count in self.counters.consumed() {
            writeln!(out, "  in          {:<20} {:>9}", count.name, count.records)?;
        }
        for count in self.counters.produced() {
            writeln!(out, "  out         {:<20} {:>9}", count.name, count.records)?;
        }
        for (reason, count) in self.counters.refused() {
            writeln!(out, "  quarantine  {:<20} {count:>9}", reason.code())?;
        }
        writeln!(
            out,
            "\n{} records in {:.1} s through {LANES} lanes: {:.0} a second, embedded cluster and generator included.",
            self.records(),
            self.took.as_secs_f64(),
            self.rate()
        )?;
        writeln!(
            out,
            "Every record is in its tiers, or, as the {} that were broken on purpose, in quarantine.",
            self.broken
        )?;
        writeln!(
            out,
            "The audit has {} windows with the same counts: {} read, {} treated, {} refused.",
            self.windows.windows, self.windows.read, self.windows.treated, self.windows.refused
        )?;
        writeln!(out, "The keys of this run were kept in memory and are gone.")?;
        writeln!(
            out,
            "A mock cluster cannot prove exactly-once: its transactions are an act. `tests/run` does that, on Apache Kafka."
        )?;
        writeln!(out, "\n{bold}Where to go next{bold:#}")?;
        let next = [
            (POLICY_FILE, "the policy that did this, for privacy staff to read"),
            ("garim test --policy FILE", "run the examples of a policy"),
            ("garim mask --policy FILE LOG", "the same treatment over a file of yours"),
            ("docker compose up", "garim with Apache Kafka on this machine"),
        ];
        for (what, why) in next {
            writeln!(out, "  {what:<30} {why}")?;
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        let counts = |counts: Vec<crate::telemetry::metrics::Count>| -> serde_json::Map<String, serde_json::Value> {
            counts.into_iter().map(|count| (count.name, count.records.into())).collect()
        };
        let refused: serde_json::Map<String, serde_json::Value> =
            self.counters.refused().iter().map(|(reason, count)| (reason.code().into(), (*count).into())).collect();
        let examples: Vec<serde_json::Value> = self
            .examples
            .iter()
            .map(|shown| {
                let after: serde_json::Map<String, serde_json::Value> =
                    shown.after.iter().map(|(topic, value)| (topic.clone(), value.as_str().into())).collect();
                serde_json::json!({"topic": shown.topic, "before": shown.before, "after": after})
            })
            .collect();
        serde_json::json!({
            "schema_version": 1, "records": self.records(), "lanes": LANES, "seconds": self.took.as_secs_f64(),
            "events_per_second": self.rate(), "sources": counts(self.counters.consumed()),
            "tiers": counts(self.counters.produced()), "quarantine": refused, "examples": examples,
            "audit": {
                "windows": self.windows.windows, "read": self.windows.read, "treated": self.windows.treated,
                "refused": self.windows.refused,
            },
            "proves_exactly_once": false,
        })
    }
}
