//! Whether the topics of a policy's tiers keep its windows: their settings, and the oldest record of every partition.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::Engine;
use crate::kafka::Fault;
use crate::kafka::admin::{Admin, Cluster, Settings};
use crate::kafka::drift::{Ages, Breach, Change, Checks, breaches, changes};
use crate::kafka::log::LogReader;
use crate::kafka::oldest::{Left, Oldest, settled};
use crate::kafka::topics::{Needed, Role, needed, stay};
use crate::record::TierId;
use crate::route::stay::Stay;
use crate::route::term::{date, day_of};

/// The topics of all tiers as they were found.
#[derive(Debug)]
pub struct Survey {
    /// When, in milliseconds since 1970.
    pub now_ms: i64,
    /// How often the brokers look for what has ended.
    pub checks: Checks,
    /// The topics, in the order of the policy.
    pub topics: Vec<Surveyed>,
}

/// A topic of a tier as it was found.
#[derive(Debug)]
pub struct Surveyed {
    /// Its name.
    pub topic: String,
    /// Whose records it holds.
    pub tier: TierId,
    /// What was found; a topic that is not there has nothing.
    pub found: Option<Found>,
}

/// What was found of a topic.
#[derive(Debug)]
pub struct Found {
    /// The longest life of its records by its settings.
    pub ages: Ages,
    /// Why its window cannot be kept by its settings.
    pub breaches: Vec<Breach>,
    /// Settings that are not as garim would make them.
    pub drift: Vec<Change>,
    /// Replicas that are not in sync: what they hold is unreadable, and not known to be gone.
    pub out_of_sync: usize,
    /// Its partitions.
    pub parts: Vec<Part>,
}

/// A partition as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Number and offsets.
    pub left: Left,
    /// Its oldest record that can be read.
    pub oldest: Option<Oldest>,
    /// The times of that record.
    pub times: Option<Times>,
    /// How it stands.
    pub state: State,
}

/// Between which times a record has to go, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From here on it may.
    pub due_ms: i64,
    /// From here on somebody should have seen to it: a daily deletion has been missed.
    pub late_ms: i64,
    /// From here on it should not be there.
    pub overdue_ms: i64,
}

/// How the oldest record of a partition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// There is none.
    Empty,
    /// It has to be there.
    Kept,
    /// It may go, and will with the next deletion.
    Due,
    /// It should have gone with the last deletion, and may still go in time.
    Late,
    /// It should not be there.
    Overdue,
    /// It bears no time of its append, so that nobody can say.
    Undated,
}

impl State {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Kept => "kept",
            Self::Due => "due",
            Self::Late => "late",
            Self::Overdue => "overdue",
            Self::Undated => "undated",
        }
    }

    /// Whether all is as it should be.
    pub const fn is_good(self) -> bool {
        match self {
            Self::Empty | Self::Kept | Self::Due => true,
            Self::Late | Self::Overdue | Self::Undated => false,
        }
    }
}

impl Found {
    /// Whether its records are there until they may go, as far as the settings say.
    pub fn is_kept(&self) -> bool {
        let short = |breach: &Breach| match breach {
            Breach::CreateTime | Breach::NotDeleted(_) | Breach::Short { .. } | Breach::Sized(_) => true,
            Breach::Forever | Breach::Overstays { .. } | Breach::Files { .. } | Breach::Remote => false,
        };
        !self.breaches.iter().any(short)
    }

    /// Whether its records go in time: by the settings, and by what is there.
    pub fn is_gone(&self) -> bool {
        let long = |breach: &Breach| match breach {
            Breach::CreateTime
            | Breach::NotDeleted(_)
            | Breach::Forever
            | Breach::Overstays { .. }
            | Breach::Files { .. }
            | Breach::Remote => true,
            Breach::Short { .. } | Breach::Sized(_) => false,
        };
        !self.breaches.iter().any(long) && self.parts.iter().all(|part| part.state.is_good())
    }
}

impl Surveyed {
    /// Whether the window of its tier is kept here.
    pub fn is_good(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.is_kept() && found.is_gone())
    }
}

/// A topic of a tier that is there, with its settings.
#[derive(Debug)]
pub struct TierTopic {
    /// As the policy needs it.
    pub needed: Needed,
    /// Whose records it holds.
    pub tier: TierId,
    /// How it is.
    pub settings: Result<Settings, Fault>,
}

/// The topics of tiers that are there; and the names of those that are not, with their tiers.
pub type TierTopics = (Vec<TierTopic>, Vec<(String, TierId)>);

/// The topics of tiers, with their settings where they are there.
///
/// # Errors
/// When the brokers do not answer.
pub fn tier_topics(engine: &Engine, admin: &Admin, cluster: &Cluster, timeout: Duration) -> Result<TierTopics, Fault> {
    let all = needed(engine, &cluster.topics, None, cluster.brokers, false);
    let tiers = all.into_iter().filter(|needed| needed.role == Role::Tier);
    let tiers = tiers.filter_map(|needed| Some((needed.tier?, needed)));
    let (there, missing): (Vec<_>, Vec<_>) =
        tiers.partition(|(_, needed)| cluster.topics.get(&needed.name).is_some_and(|count| *count > 0));
    let names: Vec<&str> = there.iter().map(|(_, needed)| needed.name.as_str()).collect();
    let settings = admin.settings(&names, timeout)?;
    let there = there.into_iter().zip(settings).map(|((tier, needed), settings)| TierTopic { needed, tier, settings });
    Ok((there.collect(), missing.into_iter().map(|(tier, needed)| (needed.name, tier)).collect()))
}

/// Looks at every topic of every tier.
///
/// # Errors
/// When the brokers do not answer, or the ACLs deny something.
pub fn survey(
    engine: &Engine,
    admin: &Admin,
    reader: &LogReader,
    now_ms: i64,
    timeout: Duration,
) -> Result<Survey, Fault> {
    let cluster = admin.look(timeout)?;
    let checks = Checks::ask(admin, &cluster, timeout)?;
    let (there, missing) = tier_topics(engine, admin, &cluster, timeout)?;
    let mut topics = Vec::new();
    for TierTopic { needed, tier, settings } in there {
        let settings = settings?;
        let stay = stay(engine, tier);
        let partitions = cluster.topics.get(&needed.name).copied().unwrap_or_default();
        let (left, oldest) = settled(|| {
            let left = reader.left(&needed.name, partitions)?;
            reader.oldest(&needed.name, &left).map(|oldest| (left, oldest))
        })?;
        let part = |(left, oldest): (Left, Option<Oldest>)| part(&stay, &engine.plan().zone, left, oldest, now_ms);
        let found = Found {
            ages: Ages::of(&settings, checks),
            breaches: breaches(&stay, &settings, checks),
            drift: changes(&needed, &settings),
            out_of_sync: cluster.out_of_sync.get(&needed.name).copied().unwrap_or_default(),
            parts: left.into_iter().zip(oldest).map(part).collect(),
        };
        topics.push(Surveyed { topic: needed.name, tier, found: Some(found) });
    }
    topics.extend(missing.into_iter().map(|(topic, tier)| Surveyed { topic, tier, found: None }));
    topics.sort_by(|one, other| (one.tier, &one.topic).cmp(&(other.tier, &other.topic)));
    Ok(Survey { now_ms, checks, topics })
}

fn part(stay: &Stay<'_>, zone: &TimeZone, left: Left, oldest: Option<Oldest>, now_ms: i64) -> Part {
    let times = oldest.and_then(|oldest| times(stay, zone, oldest.appended_ms?));
    let state = match (oldest, times) {
        (None, _) => State::Empty,
        (Some(_), None) => State::Undated,
        (Some(_), Some(times)) => state(times, now_ms),
    };
    Part { left, oldest, times, state }
}

/// How a record with these times stands now.
pub fn state(times: Times, now_ms: i64) -> State {
    match now_ms {
        now_ms if now_ms < times.due_ms => State::Kept,
        now_ms if now_ms >= times.overdue_ms => State::Overdue,
        now_ms if now_ms >= times.late_ms => State::Late,
        _ => State::Due,
    }
}

/// Between which times a record has to go that was appended at `appended_ms`; `None` where the calendar ends before.
pub fn times(stay: &Stay<'_>, zone: &TimeZone, appended_ms: i64) -> Option<Times> {
    if let Some(gone_ms) = stay.gone_ms() {
        // The brokers delete these by themselves; nobody has to see to it.
        let overdue_ms = appended_ms.checked_add(gone_ms)?;
        return Some(Times { due_ms: appended_ms.checked_add(stay.keep_ms())?, late_ms: overdue_ms, overdue_ms });
    }
    let day = day_of(zone.to_datetime(Timestamp::from_millisecond(appended_ms).ok()?).date());
    let due = stay.due(day)?;
    Some(Times {
        due_ms: start_ms(zone, due)?,
        late_ms: start_ms(zone, due.tomorrow().ok()?)?,
        overdue_ms: start_ms(zone, stay.deadline(day)?.tomorrow().ok()?)?,
    })
}

/// The time before which everything that was appended may go now; `None` where nothing may.
pub fn cut_off_ms(stay: &Stay<'_>, zone: &TimeZone, now_ms: i64) -> Option<i64> {
    if stay.gone_ms().is_some() {
        return now_ms.checked_sub(stay.keep_ms());
    }
    let today = day_of(zone.to_datetime(Timestamp::from_millisecond(now_ms).ok()?).date());
    start_ms(zone, date(stay.first_kept_day(today)?)?)
}

/// The first millisecond of a civil day.
fn start_ms(zone: &TimeZone, date: Date) -> Option<i64> {
    let start = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok()?;
    Some(start.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::calendar::Holidays;
    use crate::route::stay::Reach;
    use crate::route::term::Term;

    static NONE: Holidays = Holidays::none();

    fn stay(term: &Term) -> Stay<'_> {
        Stay { term, legal_minimum: true, holidays: &NONE, reach: Reach::new(72 * 3600, 1) }
    }

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().map(Timestamp::as_millisecond).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn seoul() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(9))
    }

    #[test]
    fn a_record_is_kept_then_due_then_late_then_overdue() {
        let term = Term::months(3);
        let times = times(&stay(&term), &seoul(), ms("2026-11-22T23:59:59+09:00")).expect("times");
        let rows = [
            ("2027-02-23T23:59:59.999+09:00", State::Kept),
            ("2027-02-24T00:00:00+09:00", State::Due),
            ("2027-02-24T23:59:59+09:00", State::Due),
            ("2027-02-25T00:00:00+09:00", State::Late),
            ("2027-02-26T23:59:59+09:00", State::Late),
            ("2027-02-27T00:00:00+09:00", State::Overdue),
        ];
        for (now, expected) in rows {
            assert_eq!(state(times, ms(now)), expected, "{now}");
        }
    }

    #[test]
    fn the_cut_off_lies_before_everything_that_is_not_due() {
        let (term, zone) = (Term::months(3), seoul());
        let stay = stay(&term);
        for now in ["2027-02-24T00:00:00+09:00", "2027-02-24T23:59:59+09:00", "2027-05-31T03:17:00+09:00"].map(ms) {
            let cut_ms = cut_off_ms(&stay, &zone, now).expect("a time");
            let state_of = |appended_ms| state(times(&stay, &zone, appended_ms).expect("times"), now);
            assert_eq!(state_of(cut_ms), State::Kept);
            assert_ne!(state_of(cut_ms - 1), State::Kept);
        }
        let minute = Term::seconds(60);
        let exact = Stay { term: &minute, legal_minimum: false, ..stay };
        assert_eq!(cut_off_ms(&exact, &zone, 100_000), Some(40_000));
    }
}
