//! `garim topics verify`: whether records are kept long enough and go in time, by settings and by what is there.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::output::Out;
use super::super::{Exit, Failure, Format, Shared};
use super::{Site, TIMEOUT, unavailable};
use crate::kafka::drift::{Breach, span};
use crate::kafka::log::LogReader;
use crate::kafka::topics::stay;
use crate::policy::diff::term;
use crate::record::TierId;
use crate::service::now_ms;
use crate::service::survey::{Found, Part, State, Survey, Surveyed, survey};

/// Arguments of `topics verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "States of the oldest record: `kept` has to be there; `due` goes with the next `garim topics expire`; `late` \
                        should have gone with the last one and may still go in time; `overdue` should not be there; `undated` \
                        bears no time of its append. Exit codes: 1 where a window cannot be kept, or a record is late, overdue \
                        or undated, or a topic is missing."
)]
pub(super) struct Args {}

/// Days of appends over which it is looked whether one day can be right for all of their records.
const CLOSED_OVER_DAYS: u32 = 366;

pub(super) fn run(_: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let site = Site::open(shared)?;
    let reader = LogReader::new(&site.settings.kafka, "verify").map_err(unavailable)?;
    let survey = survey(&site.engine, &site.admin, &reader, now_ms(), TIMEOUT).map_err(unavailable)?;
    let mut out = shared.report();
    match shared.format {
        Format::Json => writeln!(out, "{}", report(&site, &survey))?,
        Format::Text => tell(&mut out, &site, &survey, shared.verbose > 0)?,
    }
    out.flush()?;
    Ok(if survey.topics.iter().all(Surveyed::is_good) { Exit::Done } else { Exit::No })
}

/// The partition whose oldest record stands worst, and among equals is the oldest.
fn worst(found: &Found) -> Option<&Part> {
    let appended = |part: &Part| part.oldest.and_then(|oldest| oldest.appended_ms).unwrap_or(i64::MAX);
    let parts = found.parts.iter().filter(|part| part.oldest.is_some());
    parts.max_by_key(|part| (part.state, std::cmp::Reverse(appended(part))))
}

fn tell(out: &mut Out, site: &Site, survey: &Survey, all: bool) -> Result<(), Failure> {
    for (index, tier) in site.engine.tiers().iter().enumerate() {
        let id = TierId(index as u8);
        let topics: Vec<&Surveyed> = survey.topics.iter().filter(|topic| topic.tier == id).collect();
        if topics.is_empty() {
            continue;
        }
        let law = if tier.legal_minimum { ", a legal minimum" } else { "" };
        let late = if tier.late_accept { ", takes late records" } else { "" };
        writeln!(out, "{}  {}{law}{late}", tier.name, term(&tier.term))?;
        let closed = closed_days(site, id, survey.now_ms);
        if closed > 0 {
            writeln!(
                out,
                "  note: on {closed} of the coming {CLOSED_OVER_DAYS} days, records as late as `max-lateness` outstay their last \
                 day by the days that the others must stay"
            )?;
        }
        for topic in topics {
            line(out, site, topic, all)?;
        }
    }
    if !survey.checks.told {
        writeln!(out, "The ACLs deny how often the brokers look for old records: Kafka's five minutes are assumed.")?;
    }
    let good = survey.topics.iter().filter(|topic| topic.is_good()).count();
    writeln!(out, "{good} of {} topics keep the window of their tier", survey.topics.len())?;
    Ok(())
}

fn line(out: &mut Out, site: &Site, topic: &Surveyed, all: bool) -> Result<(), Failure> {
    let Some(found) = &topic.found else {
        writeln!(out, "  ! {}  is missing: `garim topics apply` makes it", topic.topic)?;
        return Ok(());
    };
    let sign = if topic.is_good() { ' ' } else { '!' };
    let age = found.ages.worst_ms().map_or_else(|| String::from("without end"), span);
    let oldest = match worst(found) {
        None => String::from("no record"),
        Some(part) => stands(site, part),
    };
    let verdict = match (found.is_kept(), found.is_gone()) {
        (true, true) => "kept long enough, gone in time",
        (true, false) => "kept long enough, NOT gone in time",
        (false, true) => "NOT kept long enough, gone in time",
        (false, false) => "NOT kept long enough, NOT gone in time",
    };
    writeln!(out, "  {sign} {}  {verdict}; {oldest}; by the brokers alone at most {age}", topic.topic)?;
    for breach in &found.breaches {
        writeln!(out, "      {breach}")?;
    }
    if found.out_of_sync > 0 {
        let count = found.out_of_sync;
        writeln!(
            out,
            "      {count} replicas are not in sync: what they hold is unreadable, and not known to be gone"
        )?;
    }
    if !found.drift.is_empty() && found.breaches.is_empty() {
        writeln!(out, "      {} settings are others than `garim topics apply` makes", found.drift.len())?;
    }
    for part in found.parts.iter().filter(|part| all || !part.state.is_good()) {
        writeln!(out, "      partition {}: {}", part.left.partition, stands(site, part))?;
    }
    Ok(())
}

fn stands(site: &Site, part: &Part) -> String {
    let Some(oldest) = part.oldest else { return String::from("no record") };
    let (Some(appended_ms), Some(times)) = (oldest.appended_ms, part.times) else {
        return format!("undated: the oldest record, offset {}, bears no time of its append", oldest.offset);
    };
    // The last moment that is right, not the first that is wrong.
    let gone_by = site.time(times.overdue_ms - 1);
    let (state, appended, due) = (part.state.name(), site.time(appended_ms), site.time(times.due_ms));
    format!("{state}: the oldest record is of {appended}, may go from {due}, must be gone by {gone_by}")
}

fn closed_days(site: &Site, tier: TierId, now_ms: i64) -> u32 {
    let stay = stay(&site.engine, tier);
    let today = Timestamp::from_millisecond(now_ms).map(|at| site.engine.plan().zone.to_datetime(at).date());
    match (stay.gone_ms(), today) {
        (None, Ok(today)) => stay.closed_days(crate::route::term::day_of(today), CLOSED_OVER_DAYS),
        _ => 0,
    }
}

fn report(site: &Site, survey: &Survey) -> Value {
    let topic = |topic: &Surveyed| {
        let tier = &site.engine.tiers()[usize::from(topic.tier.0)];
        let mut told = json!({
            "tier": tier.name, "topic": topic.topic, "term": term(&tier.term), "legal_minimum": tier.legal_minimum,
            "takes_late": tier.late_accept, "closed_days": closed_days(site, topic.tier, survey.now_ms),
            "good": topic.is_good(), "there": topic.found.is_some(),
        });
        let Some(found) = &topic.found else { return told };
        let ages = found.ages;
        told["kept_long_enough"] = found.is_kept().into();
        told["gone_in_time"] = found.is_gone().into();
        told["worst_case_ms"] = json!({
            "readable": ages.readable_ms(), "on_disk": ages.worst_ms(), "retention": ages.retention_ms,
            "segment": ages.segment_ms, "check_interval": ages.check_ms, "delete_delay": ages.delete_ms,
        });
        let breach = |breach: &Breach| json!({"name": breach.name(), "message": breach.to_string()});
        told["breaches"] = found.breaches.iter().map(breach).collect();
        told["drift"] = found.drift.iter().map(|change| Value::from(change.name)).collect();
        told["replicas_out_of_sync"] = found.out_of_sync.into();
        told["state"] = worst(found).map_or(State::Empty, |part| part.state).name().into();
        told["partitions"] = found.parts.iter().map(partition).collect();
        told
    };
    json!({
        "schema_version": 1, "at_ms": survey.now_ms, "check_interval_told": survey.checks.told,
        "good": survey.topics.iter().all(Surveyed::is_good),
        "topics": survey.topics.iter().map(topic).collect::<Vec<_>>(),
    })
}

fn partition(part: &Part) -> Value {
    json!({
        "partition": part.left.partition, "first_offset": part.left.first, "end_offset": part.left.end,
        "state": part.state.name(), "oldest_offset": part.oldest.map(|oldest| oldest.offset),
        "oldest_appended_ms": part.oldest.and_then(|oldest| oldest.appended_ms),
        "due_ms": part.times.map(|times| times.due_ms), "gone_before_ms": part.times.map(|times| times.overdue_ms),
    })
}
