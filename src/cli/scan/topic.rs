//! `garim scan --topic`: the newest messages of a topic, their keys, values and headers.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::super::output::{Out, Progress, WriteFailed};
use super::super::topics::unavailable;
use super::super::{Failure, Shared};
use super::{Options, report, written};
use crate::find::sweep::{Input, Sweep};
use crate::kafka::log::{LogReader, Stored};
use crate::policy::findings::Findings;
use crate::service::settings;

/// Looks at the newest `sample` messages of each partition of `topic`, and reports. No group is joined, and nothing is
/// committed.
pub(super) fn scan(topic: &str, sample: u64, options: Options, shared: &Shared) -> Result<Findings, Failure> {
    let settings = settings::load(&shared.config()?, &[])?;
    let reader = LogReader::new(&settings.kafka, "scan").map_err(unavailable)?;
    let mut messages = Messages {
        topic,
        options,
        sweep: Sweep::new(options.wants),
        out: if options.json { shared.data() } else { shared.report() },
        findings: Findings::default(),
        line: Vec::new(),
        missed: Vec::new(),
    };
    let mut progress = Progress::start(shared, None);
    let mut ended = Ok(());
    for partition in 0..reader.partitions(topic).map_err(unavailable)? {
        let (first, end) = reader.ends(topic, partition).map_err(unavailable)?;
        let from = end.saturating_sub_unsigned(sample).max(first);
        let mut each = |stored: &Stored<'_>| {
            progress.add(1, stored.value.map_or(0, |value| value.0.len() as u64));
            ended = messages.look(partition, stored);
            if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        reader.read(topic, partition, from, Some(end), &mut each).map_err(unavailable)?;
        std::mem::replace(&mut ended, Ok(()))?;
    }
    progress.finish();
    let Messages { mut out, findings, .. } = messages;
    if !options.json {
        let name = |partition: usize| format!("{topic}/{partition}");
        report::tell(&findings, &name, true, "message", &mut out)?;
    }
    out.flush()?;
    Ok(findings)
}

/// Messages, looked at one after the other.
struct Messages<'a> {
    topic: &'a str,
    options: Options,
    sweep: Sweep,
    out: Out,
    findings: Findings,
    /// What is written of a message: its line, or the lines with values.
    line: Vec<u8>,
    missed: Vec<u8>,
}

impl Messages<'_> {
    /// Looks at one message, and writes what is told of it at once.
    fn look(&mut self, partition: i32, stored: &Stored<'_>) -> Result<(), WriteFailed> {
        let position = (partition.max(0) as usize, stored.offset.max(0) as u64);
        let before = self.findings.total();
        self.line.clear();
        self.missed.clear();
        if self.options.json {
            let topic = String::from_utf8_lossy(self.topic.as_bytes());
            self.line.extend_from_slice(b"{\"topic\":");
            written::string(topic.as_bytes(), &mut self.line);
            let place = format!(",\"partition\":{partition},\"offset\":{},\"findings\":[", stored.offset);
            self.line.extend_from_slice(place.as_bytes());
        }
        let input = self.options.input;
        if let Some(key) = stored.key {
            self.piece(position, key.0, b"", input, "key", b"\"of\":\"key\",");
        }
        if let Some(value) = stored.value {
            self.piece(position, value.0, b"", input, "value", b"");
        }
        for (name, value) in stored.headers {
            self.header(position, name, value.map(|value| value.0));
        }
        self.findings.lines += 1;
        self.findings.hits += u64::from(self.findings.total() > before);
        if self.options.json {
            if self.options.wants.misses {
                self.line.extend_from_slice(b"],\"misses\":[");
                self.line.extend_from_slice(&self.missed);
            }
            self.line.extend_from_slice(b"]}\n");
        }
        self.out.write_all(&self.line)
    }

    /// Looks at a header: at its name, which is rarely data, and at its value, which goes by that name.
    fn header(&mut self, position: (usize, u64), name: &[u8], value: Option<&[u8]>) {
        let told = self.findings.header(name, self.options.wants.values);
        let mut of = b"\"of\":\"header\",\"header\":".to_vec();
        written::string(told.as_bytes(), &mut of);
        of.push(b',');
        self.piece(
            position,
            name,
            b"",
            Input::Text,
            &format!("header {told} (name)"),
            &[&of[..], b"\"in\":\"name\","].concat(),
        );
        if let Some(value) = value {
            let input = self.options.input;
            self.piece(position, value, name, input, &format!("header {told}"), &of);
        }
    }

    /// Looks at one piece of a message; `source` says which to people, `of` to programs.
    fn piece(&mut self, position: (usize, u64), bytes: &[u8], field: &[u8], input: Input, source: &str, of: &[u8]) {
        let Self { topic, options, sweep, findings, line, missed, .. } = self;
        let bytes = match options.encoding {
            Some(encoding) => match encoding.decode(bytes).0 {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
            None => Cow::Borrowed(bytes),
        };
        sweep.line(&bytes, field, input);
        findings.add(sweep, source, position, options.wants.values);
        if options.json {
            written::items(sweep.sights(), sweep, of, line);
            written::items(sweep.misses(), sweep, of, missed);
        } else if options.wants.values {
            let (partition, offset) = position;
            written::values(sweep, (&format!("{topic}/{partition}"), offset), source, line);
        }
    }
}
