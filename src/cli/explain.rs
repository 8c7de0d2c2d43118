//! `garim explain`: why a record is treated as it is, or what a code of a complaint means.

use std::io::Read;

use super::output::Out;
use super::test::{LIMITS, fresh_keys};
use super::{Exit, Failure, Format, Shared};
use crate::diagnostic::code;
use crate::engine::Engine;
use crate::engine::plan::{Action, Actions, KeyPlan, Unlisted};
use crate::kind::Kind;
use crate::policy::explain::{Absent, Explanation, Field, Passed, Ruling, Target, Why};
use crate::policy::{self, Policy, action, diff};
use crate::pseudonym::Algorithm;
use crate::pseudonym::epoch::Period;
use crate::record::Span;
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
        for passed in &self.explained.passed {
            let why = self.why(&passed.why);
            writeln!(out, "not in {bold}{}{bold:#}: {why}", self.tier(passed.tier))?;
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
            Period::Year => format!("the key of {}, seals with that of {day}", self.epoch(keys)),
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
        if self.policy.plan.tiers[usize::from(target.tier.0)].body_sealed {
            writeln!(out, "  the record leaves whole in its envelope")?;
        }
        if !target.sealed.is_empty() {
            writeln!(out, "  sealed: {}", target.sealed.join(", "))?;
        }
        for led in &target.led {
            let word = if led.also { "also led here" } else { "led here" };
            writeln!(out, "  {word} by the route at {}", self.place(led.line))?;
        }
        Ok(())
    }

    /// The epoch of the keys that make the record's tokens: `2026-11-23`, or `2026`.
    fn epoch(&self, keys: &KeyPlan) -> String {
        match (self.explained.day, keys.period) {
            (Some(day), Period::Day) => day.to_string(),
            (Some(day), Period::Year) => day.year().to_string(),
            (None, _) => "unknown".to_owned(),
        }
    }

    /// Why a tier did not take the record.
    fn why(&self, why: &Why) -> String {
        match why {
            Why::NoRoute { condition, line } => {
                format!("no route leads there; the nearest ({}) asks for another {condition}", self.place(*line))
            }
            Why::Hidden { line } => format!("the route at {} holds first", self.place(*line)),
            Why::Condition { condition } => format!("its condition on {condition} does not hold"),
            Why::OtherTenant => "the tenant is not one of the recipient's own".to_owned(),
            Why::Expired { last } => format!("too old on arrival: its term ended on {last}"),
            Why::TooLate => "later than `max-lateness`, and the tier takes no late records".to_owned(),
            Why::GrantEnded => "the recipient's grant had ended".to_owned(),
            Why::Refused => "the record is refused".to_owned(),
        }
    }

    fn passed_json(&self, passed: &Passed) -> serde_json::Value {
        let (reason, condition, line) = match &passed.why {
            Why::NoRoute { condition, line } => ("no-route", Some(condition), Some(*line)),
            Why::Hidden { line } => ("hidden", None, Some(*line)),
            Why::Condition { condition } => ("condition", Some(condition), None),
            Why::OtherTenant => ("other-tenant", None, None),
            Why::Expired { .. } => ("expired", None, None),
            Why::TooLate => ("too-late", None, None),
            Why::GrantEnded => ("grant-ended", None, None),
            Why::Refused => ("refused", None, None),
        };
        serde_json::json!({ "tier": self.tier(passed.tier), "reason": reason, "condition": condition, "line": line })
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
            "epoch": self.explained.day.map(|_| self.epoch(keys)),
            "routes": target.led.iter().map(|led| serde_json::json!({ "line": led.line, "also": led.also })).collect::<Vec<_>>(),
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
            Ruling::Item { name, line, class, kind, actions, names, absent } => {
                let class = class
                    .as_ref()
                    .map_or_else(String::new, |(name, line)| format!(", class {name} ({})", self.place(*line)));
                writeln!(out, "  item {name} ({}), kind {}{class}", self.place(*line), kind.name())?;
                self.tell_actions("  ", actions, names, *kind, out)?;
                for (id, absent) in absent {
                    writeln!(out, "  {} holds nothing of it: {}", self.tier(*id), absent_words(*absent))?;
                }
            }
            Ruling::EventTime => writeln!(out, "  the event time, cut to the precision of the tier")?,
            Ruling::Unlisted(unlisted) => writeln!(out, "  no item: {}", unlisted_words(*unlisted))?,
        }
        for found in &field.findings {
            let evidence: Vec<&str> = found.evidence.names().collect();
            let place = self.piece(field, found.span);
            writeln!(out, "  found a {} in {place}, by its {}", found.kind.name(), evidence.join(", "))?;
            self.tell_actions("    ", &found.actions, &[], found.kind, out)?;
        }
        for miss in &field.look_alikes {
            writeln!(out, "  not a {} in {}: {}", miss.kind.name(), self.piece(field, miss.span), miss.why.words())?;
        }
        for missed in &field.missed {
            let place = self.place(missed.line);
            writeln!(out, "  not item {} ({place}): its condition on {} does not hold", missed.name, missed.condition)?;
        }
        if let Some((name, line)) = &field.near {
            writeln!(out, "  not item {name} ({}): its place is written a little differently", self.place(*line))?;
        }
        Ok(())
    }

    /// Where a piece of a value stands, and the piece where values may be shown.
    fn piece(&self, field: &Field, span: Span) -> String {
        let Span { start, end } = span;
        let shown = self.values.then(|| field.value.get(start as usize..end as usize)).flatten();
        shown.map_or_else(|| format!("bytes {start} to {end}"), |text| format!("bytes {start} to {end} = {text}"))
    }

    fn tell_actions(
        &self,
        indent: &str,
        actions: &[(TierId, Actions)],
        names: &[(TierId, Box<str>)],
        kind: Kind,
        out: &mut Out,
    ) -> Result<(), Failure> {
        for (id, actions) in actions {
            // A time is cut to what its tier allows, whatever the policy does to it besides.
            let cut = match kind {
                Kind::Time if actions.as_slice() != [Action::Drop] => {
                    format!(", no finer than the {}", self.policy.plan.tiers[usize::from(id.0)].time.name())
                }
                _ => String::new(),
            };
            let keyed = actions.iter().any(|one| matches!(one, Action::Pseudonymize));
            let epoch = match keyed {
                true => format!(", key of {}", self.epoch(self.keys(*id))),
                false => String::new(),
            };
            let words = action_words(actions, names, *id).join(" + ");
            writeln!(out, "{indent}{}: {words}{cut}{epoch}", self.tier(*id))?;
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
            "passed": self.explained.passed.iter().map(|passed| self.passed_json(passed)).collect::<Vec<_>>(),
            "fields": fields,
        })
    }

    fn field_json(&self, field: &Field) -> serde_json::Value {
        let rule = match &field.rule {
            Ruling::Item { name, line, class, kind, actions, names, absent } => serde_json::json!({
                "item": name,
                "line": line,
                "class": class.as_ref().map(|(name, _)| name),
                "class_line": class.as_ref().map(|(_, line)| line),
                "kind": kind.name(),
                "actions": self.actions_json(actions, names),
                "absent": serde_json::Value::Object(
                    absent.iter().map(|(id, absent)| (self.tier(*id).to_owned(), absent_words(*absent).into())).collect(),
                ),
            }),
            Ruling::EventTime => serde_json::json!({ "event_time": true }),
            Ruling::Unlisted(unlisted) => serde_json::json!({ "unlisted": unlisted_words(*unlisted) }),
        };
        let findings: Vec<_> = field
            .findings
            .iter()
            .map(|found| {
                let span = [found.span.start, found.span.end];
                let actions = self.actions_json(&found.actions, &[]);
                let evidence: Vec<&str> = found.evidence.names().collect();
                serde_json::json!({ "kind": found.kind.name(), "span": span, "evidence": evidence, "actions": actions })
            })
            .collect();
        let look_alikes: Vec<_> = field
            .look_alikes
            .iter()
            .map(|miss| {
                let span = [miss.span.start, miss.span.end];
                serde_json::json!({ "kind": miss.kind.name(), "span": span, "reason": miss.why.words() })
            })
            .collect();
        let missed: Vec<_> = field
            .missed
            .iter()
            .map(
                |missed| serde_json::json!({ "item": missed.name, "line": missed.line, "condition": missed.condition }),
            )
            .collect();
        let mut entry = serde_json::json!({
            "at": field.at, "rule": rule, "findings": findings, "look_alikes": look_alikes, "missed": missed,
        });
        if let Some((name, line)) = &field.near {
            entry["near"] = serde_json::json!({ "item": name, "line": line });
        }
        if self.values {
            entry["value"] = field.value.as_str().into();
        }
        entry
    }

    fn actions_json(&self, actions: &[(TierId, Actions)], names: &[(TierId, Box<str>)]) -> serde_json::Value {
        let entries =
            actions.iter().map(|(id, list)| (self.tier(*id).to_owned(), action_words(list, names, *id).into()));
        serde_json::Value::Object(entries.collect())
    }
}

/// The words of what is done in a tier, with the name under which the value leaves there.
fn action_words(actions: &Actions, names: &[(TierId, Box<str>)], tier: TierId) -> Vec<String> {
    let name = names.iter().find(|(of, _)| *of == tier).map(|(_, name)| &**name);
    actions.iter().map(|one| action::words_as(*one, name)).collect()
}

const fn absent_words(absent: Absent) -> &'static str {
    match absent {
        Absent::Purpose => "the tier serves none of its purposes",
        Absent::Category => "its category says so",
        Absent::Class => "the tier does not hold its class",
        Absent::Recipient => "the recipient does not get its class",
    }
}

const fn unlisted_words(unlisted: Unlisted) -> &'static str {
    match unlisted {
        Unlisted::Drop => "it does not leave",
        Unlisted::Scan => "it leaves with what is found in it treated",
        Unlisted::Refuse => "the record is refused",
    }
}
