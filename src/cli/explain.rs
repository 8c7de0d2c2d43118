//! `garim explain`: why a record is treated as it is, or what a code of a complaint means.

use std::io::Read;

use super::output::Out;
use super::test::{LIMITS, fresh_keys};
use super::{Exit, Failure, Format, Shared};
use crate::diagnostic::code;
use crate::engine::Engine;
use crate::engine::plan::{Action, Actions, KeyPlan, Unlisted};
use crate::kind::Kind;
use crate::policy::explain::{Explanation, Field, Ruling, Target};
use crate::policy::{self, Policy, action, diff};
use crate::pseudonym::Algorithm;
use crate::pseudonym::epoch::Period;
use crate::record::Span;
use crate::record::time::TimePrecision;
use crate::route::TierId;
use crate::route::calendar::Window;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file with a record, `-` for standard input, or a code such as G0103
    #[arg(value_name = "FILE|CODE", default_value = "-")]
    what: String,
    /// The source that the record comes from; not needed where the policy has one
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The line of the file that is the record, from 1, where it has several
    #[arg(long, value_name = "N", default_value_t = 1)]
    line: usize,
    /// Explain the values at and below this place only
    #[arg(long, value_name = "POINTER")]
    at: Option<String>,
    /// The record's Kafka timestamp, where its source takes the event time from there
    #[arg(long, value_name = "TIME")]
    timestamp: Option<jiff::Timestamp>,
    /// Print the values too; they are personal data
    #[arg(long)]
    show_values: bool,
}

/// Explains a code, or a record.
///
/// # Errors
/// When there is no such code, the input cannot be read, or the policy has faults.
pub fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let mut out = shared.report();
    if is_code(&args.what) {
        let found = code::explain(&args.what)
            .ok_or_else(|| Failure::say(Exit::Usage, format!("no complaint has the code {}", args.what)))?;
        match shared.format {
            Format::Json => {
                let document = serde_json::json!({ "schema_version": 1, "code": found.code, "title": found.title, "text": found.text });
                writeln!(out, "{document}")?;
            }
            Format::Text => writeln!(out, "{}: {}\n\n{}", found.code, found.title, found.text)?,
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    let path = shared.policy()?;
    let policy = policy::load(&path)?;
    let engine = Engine::new(policy.plan.clone(), LIMITS).map_err(|fault| Failure::new(Exit::Config, fault))?;
    let source = source(args, &policy)?;
    let value = record(args)?;
    let timestamp_ms = args.timestamp.map(|stamp| stamp.as_millisecond());
    let keys = fresh_keys()?;
    let mut explained = policy::explain::explain(&policy, &engine, &keys, source, &value, timestamp_ms)
        .map_err(|_| Failure::say(Exit::Internal, "a ring made for the run lacks a key"))?;
    if let Some(at) = &args.at {
        let inside = format!("{}/", at.trim_end_matches('/'));
        explained.fields.retain(|field| field.at == *at || field.at.starts_with(&inside));
    }
    let report = Report { policy: &policy, source, explained: &explained, values: args.show_values };
    match shared.format {
        Format::Json => writeln!(out, "{}", report.json())?,
        Format::Text => report.tell(&mut out)?,
    }
    out.flush()?;
    Ok(if explained.refusal.is_some() { Exit::Data } else { Exit::Done })
}

fn is_code(what: &str) -> bool {
    what.len() == 5 && what.starts_with(['G', 'g']) && what[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn source(args: &Args, policy: &Policy) -> Result<usize, Failure> {
    let names: Vec<&str> = policy.plan.sources.iter().map(|source| &*source.name).collect();
    match (&args.source, names.len()) {
        (None, 1) => Ok(0),
        (None, _) => Err(Failure::say(Exit::Usage, "the policy has several sources")
            .help(format!("say which one the record comes from: `--source {}`", names.join("` or `--source ")))),
        (Some(name), _) => names.iter().position(|known| known == name).ok_or_else(|| {
            Failure::say(Exit::Usage, format!("the policy has no source `{name}`"))
                .help(format!("it has `{}`", names.join("`, `")))
        }),
    }
}

/// The record: the whole file if it is one JSON document, else the line that was asked for.
fn record(args: &Args) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match args.what.as_str() {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| {
        Failure::new(Exit::Data, anyhow::Error::new(error).context(format!("cannot read `{}`", args.what)))
    })?;
    if args.line == 1 && serde_json::from_slice::<serde_json::Value>(&bytes).is_ok() {
        return Ok(bytes);
    }
    let line = bytes.split(|byte| *byte == b'\n').nth(args.line.saturating_sub(1));
    let line = line.filter(|line| !line.is_empty());
    let line = line.ok_or_else(|| Failure::say(Exit::Data, format!("`{}` has no line {}", args.what, args.line)))?;
    Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

struct Report<'a> {
    policy: &'a Policy,
    source: usize,
    explained: &'a Explanation,
    values: bool,
}

impl Report<'_> {
    fn tier(&self, id: TierId) -> &str {
        &self.policy.plan.tiers[usize::from(id.0)].name
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.policy.path.display())
    }

    fn tell(&self, out: &mut Out) -> Result<(), Failure> {
        let bold = anstyle::Style::new().bold();
        let source = &self.policy.plan.sources[self.source];
        let day = self.explained.day.map_or_else(|| "unknown".to_owned(), |day| day.to_string());
        writeln!(out, "source {bold}{}{bold:#}, event of {day}", source.name)?;
        if let Some(refusal) = &self.explained.refusal {
            let item = refusal.item.and_then(|item| source.items.get(usize::from(item)));
            let item = item.map_or_else(String::new, |item| format!(", item {}", item.name));
            writeln!(out, "{bold}refused{bold:#}: {}{item}, at byte {}", refusal.reason.code(), refusal.at_byte)?;
        }
        for target in &self.explained.tiers {
            self.tell_target(target, &day, out)?;
        }
        for field in &self.explained.fields {
            writeln!(out)?;
            self.tell_field(field, out)?;
        }
        Ok(())
    }

    fn tell_target(&self, target: &Target, day: &str, out: &mut Out) -> Result<(), Failure> {
        let bold = anstyle::Style::new().bold();
        let keys = self.keys(target.tier);
        let end = match target.window {
            Some(Window { keep_until, destroy_by }) => format!("kept until {keep_until}, gone by {destroy_by}"),
            None => "kept until an event ends it".to_owned(),
        };
        let key = match keys.period {
            Period::Day => format!("the key of {day}"),
            Period::Year => format!("the key of {}", day.split('-').next().unwrap_or(day)),
        };
        let tenants = if keys.tenants { " and its tenant" } else { "" };
        let function = match keys.algorithm {
            Algorithm::Blake3 => "",
            Algorithm::HmacSha256 => ", hmac-sha256",
        };
        writeln!(out, "tier {bold}{}{bold:#}, {end}, with {key}{tenants}{function}", self.tier(target.tier))?;
        if let Some(recipient) = &keys.recipient {
            writeln!(out, "  a share of {recipient}, with keys of its own and nothing sealed")?;
        }
        if !target.sealed.is_empty() {
            writeln!(out, "  sealed: {}", target.sealed.join(", "))?;
        }
        Ok(())
    }

    fn keys(&self, id: TierId) -> &KeyPlan {
        &self.policy.plan.keys[usize::from(id.0)]
    }

    fn target_json(&self, target: &Target) -> serde_json::Value {
        let keys = self.keys(target.tier);
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
        serde_json::json!({
            "tier": self.tier(target.tier),
            "epoch_day": day(self.explained.day),
            "key_period": diff::period(keys.period),
            "algorithm": diff::algorithm(keys.algorithm),
            "tenants": keys.tenants,
            "recipient": keys.recipient,
            "keep_until": day(target.window.map(|window| window.keep_until)),
            "destroy_by": day(target.window.map(|window| window.destroy_by)),
            "sealed": target.sealed,
        })
    }

    fn tell_field(&self, field: &Field, out: &mut Out) -> Result<(), Failure> {
        let bold = anstyle::Style::new().bold();
        let value = if self.values { format!(" = {}", field.value) } else { String::new() };
        let at = if field.at.is_empty() { "the line" } else { &field.at };
        writeln!(out, "{bold}{at}{bold:#}{value}")?;
        match &field.rule {
            Ruling::Item { name, line, class, kind, actions } => {
                let class = class
                    .as_ref()
                    .map_or_else(String::new, |(name, line)| format!(", class {name} ({})", self.place(*line)));
                writeln!(out, "  item {name} ({}), kind {}{class}", self.place(*line), kind.name())?;
                self.tell_actions("  ", actions, *kind, out)?;
            }
            Ruling::EventTime => writeln!(out, "  the event time, cut to the precision of the tier")?,
            Ruling::Unlisted(unlisted) => writeln!(out, "  no item: {}", unlisted_words(*unlisted))?,
        }
        for found in &field.findings {
            let Span { start, end } = found.span;
            writeln!(out, "  found a {} in bytes {start} to {end}", found.kind.name())?;
            self.tell_actions("    ", &found.actions, found.kind, out)?;
        }
        for missed in &field.missed {
            let place = self.place(missed.line);
            writeln!(out, "  not item {} ({place}): its condition on {} does not hold", missed.name, missed.condition)?;
        }
        Ok(())
    }

    fn tell_actions(
        &self,
        indent: &str,
        actions: &[(TierId, Actions)],
        kind: Kind,
        out: &mut Out,
    ) -> Result<(), Failure> {
        for (id, actions) in actions {
            // A time is cut to what its tier allows, whatever the policy does to it besides.
            let cut = match kind {
                Kind::Time if actions.as_slice() != [Action::Drop] => {
                    format!(", no finer than the {}", precision(self.policy.plan.tiers[usize::from(id.0)].time))
                }
                _ => String::new(),
            };
            writeln!(out, "{indent}{}: {}{cut}", self.tier(*id), action_words(actions))?;
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        let source = &self.policy.plan.sources[self.source];
        let tiers: Vec<_> = self.explained.tiers.iter().map(|target| self.target_json(target)).collect();
        let refusal = self.explained.refusal.as_ref().map(|refusal| {
            let item =
                refusal.item.and_then(|item| source.items.get(usize::from(item))).map(|item| item.name.to_string());
            serde_json::json!({ "reason": refusal.reason.code(), "item": item, "at_byte": refusal.at_byte })
        });
        let fields: Vec<_> = self.explained.fields.iter().map(|field| self.field_json(field)).collect();
        serde_json::json!({
            "schema_version": 1,
            "policy": self.policy.path.to_string_lossy(),
            "source": *source.name,
            "refusal": refusal,
            "tiers": tiers,
            "fields": fields,
        })
    }

    fn field_json(&self, field: &Field) -> serde_json::Value {
        let rule = match &field.rule {
            Ruling::Item { name, line, class, kind, actions } => serde_json::json!({
                "item": name,
                "line": line,
                "class": class.as_ref().map(|(name, _)| name),
                "class_line": class.as_ref().map(|(_, line)| line),
                "kind": kind.name(),
                "actions": self.actions_json(actions),
            }),
            Ruling::EventTime => serde_json::json!({ "event_time": true }),
            Ruling::Unlisted(unlisted) => serde_json::json!({ "unlisted": unlisted_words(*unlisted) }),
        };
        let findings: Vec<_> = field
            .findings
            .iter()
            .map(|found| {
                let span = [found.span.start, found.span.end];
                let actions = self.actions_json(&found.actions);
                serde_json::json!({ "kind": found.kind.name(), "span": span, "actions": actions })
            })
            .collect();
        let missed: Vec<_> = field
            .missed
            .iter()
            .map(
                |missed| serde_json::json!({ "item": missed.name, "line": missed.line, "condition": missed.condition }),
            )
            .collect();
        let mut entry = serde_json::json!({ "at": field.at, "rule": rule, "findings": findings, "missed": missed });
        if self.values {
            entry["value"] = field.value.as_str().into();
        }
        entry
    }

    fn actions_json(&self, actions: &[(TierId, Actions)]) -> serde_json::Value {
        let entries = actions.iter().map(|(id, actions)| {
            let words: Vec<_> = actions.iter().map(|one| serde_json::Value::from(action::words(*one))).collect();
            (self.tier(*id).to_owned(), words.into())
        });
        serde_json::Value::Object(entries.collect())
    }
}

fn action_words(actions: &Actions) -> String {
    actions.iter().map(|one| action::words(*one)).collect::<Vec<_>>().join(" + ")
}

const fn precision(time: TimePrecision) -> &'static str {
    match time {
        TimePrecision::Second => "second",
        TimePrecision::Minute => "minute",
        TimePrecision::Hour => "hour",
        TimePrecision::Day => "day",
    }
}

const fn unlisted_words(unlisted: Unlisted) -> &'static str {
    match unlisted {
        Unlisted::Drop => "it does not leave",
        Unlisted::Scan => "it leaves with what is found in it treated",
        Unlisted::Refuse => "the record is refused",
    }
}
