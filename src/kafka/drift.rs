//! What a topic is like and what it should be like: settings that differ, and windows that cannot be kept.

use std::fmt;
use std::time::Duration;

use super::Fault;
use super::admin::{Admin, Cluster, Origin, Setting, Settings};
use super::topics::Needed;
use crate::flow::message::FaultClass;
use crate::limits::FILE_MS_MAX;
use crate::record::time::DAY_MS;
use crate::route::stay::Stay;

/// The settings of an existing topic that garim changes. What else a topic says is its owner's.
pub const OWNED: [&str; 5] =
    ["cleanup.policy", "message.timestamp.type", "retention.ms", "retention.bytes", "segment.ms"];

/// A setting that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Kafka's name of it.
    pub name: &'static str,
    /// What is in force now, and who set it; `None` where the brokers do not tell.
    pub from: Option<Setting>,
    /// What it should be.
    pub to: String,
}

/// The settings of a topic that are not as they should be.
pub fn changes(needed: &Needed, now: &Settings) -> Vec<Change> {
    let owned = needed.configs.iter().filter(|(name, _)| OWNED.contains(name));
    owned
        .filter(|(name, to)| now.get(*name).is_none_or(|setting| setting.value != *to))
        .map(|(name, to)| Change { name, from: now.get(*name).cloned(), to: to.clone() })
        .collect()
}

/// What separates the brokers from the policy.
#[derive(Debug, Default)]
pub struct Diff {
    /// Topics that are not there.
    pub make: Vec<Needed>,
    /// Topics that are there with other settings.
    pub change: Vec<(Needed, Vec<Change>)>,
    /// Topics that are as they should be, or are nobody's to change.
    pub alone: Vec<Needed>,
    /// Topics of which the brokers do not say how they are, and why.
    pub unknown: Vec<(Needed, Fault)>,
}

impl Diff {
    /// Compares what is needed with what is there.
    ///
    /// # Errors
    /// When the brokers do not answer.
    pub fn new(needed: Vec<Needed>, admin: &Admin, cluster: &Cluster, timeout: Duration) -> Result<Self, Fault> {
        let (there, make): (Vec<_>, Vec<_>) =
            needed.into_iter().partition(|needed| cluster.topics.contains_key(&needed.name));
        let (ours, alone) =
            there.into_iter().partition(|needed| needed.configs.iter().any(|(name, _)| OWNED.contains(name)));
        let mut diff = Self { make, alone, ..Self::default() };
        let ours: Vec<Needed> = ours;
        let names: Vec<&str> = ours.iter().map(|needed| needed.name.as_str()).collect();
        let answers = admin.settings(&names, timeout)?;
        for (needed, answer) in ours.into_iter().zip(answers) {
            match answer.map(|settings| changes(&needed, &settings)) {
                Ok(changes) if changes.is_empty() => diff.alone.push(needed),
                Ok(changes) => diff.change.push((needed, changes)),
                Err(fault) => diff.unknown.push((needed, fault)),
            }
        }
        Ok(diff)
    }

    /// Whether there is nothing to do, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.make.is_empty() && self.change.is_empty()
    }
}

/// How long the brokers take to notice what has ended, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Between two looks (`log.retention.check.interval.ms`): the longest of all brokers.
    pub every_ms: i64,
    /// Whether the brokers told; else it is what Kafka has by default.
    pub told: bool,
}

/// `log.retention.check.interval.ms` as Kafka has it.
const CHECK_DEFAULT_MS: i64 = 5 * 60 * 1000;
/// `file.delete.delay.ms` as Kafka has it.
const DELETE_DEFAULT_MS: i64 = 60 * 1000;

impl Checks {
    /// Asks every broker. Brokers whose answer the ACLs deny are taken to look as often as Kafka does by default.
    ///
    /// # Errors
    /// When a broker does not answer.
    pub fn ask(admin: &Admin, cluster: &Cluster, timeout: Duration) -> Result<Self, Fault> {
        let mut checks = Self { every_ms: 0, told: true };
        for &id in &cluster.ids {
            let asked = admin.broker_settings(id, timeout);
            let every_ms = match asked {
                Ok(settings) => number(&settings, "log.retention.check.interval.ms"),
                Err(fault) if fault.class == FaultClass::BrokerAway => return Err(fault),
                Err(_) => None,
            };
            checks.told &= every_ms.is_some();
            checks.every_ms = checks.every_ms.max(every_ms.unwrap_or(CHECK_DEFAULT_MS));
        }
        Ok(checks)
    }
}

/// The parts of the longest life of a record on a broker, counted from its append, in milliseconds.
///
/// A segment goes as a whole, once its newest record is too old: that is the retention after the last append to it. A
/// segment takes records for its span, so its oldest record is older by as much; the brokers look now and then, and take
/// the file away a little later. An idle partition is no exception: its active segment goes when its newest record is too
/// old. A replica that is down keeps its files until it is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// `retention.ms`; `None` where it is without end.
    pub retention_ms: Option<i64>,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `log.retention.check.interval.ms`.
    pub check_ms: i64,
    /// `file.delete.delay.ms`.
    pub delete_ms: i64,
}

impl Ages {
    /// The ages of a topic's records.
    pub fn of(settings: &Settings, checks: Checks) -> Self {
        Self {
            retention_ms: number(settings, "retention.ms").filter(|ms| *ms >= 0),
            segment_ms: number(settings, "segment.ms").unwrap_or(i64::MAX / 8),
            check_ms: checks.every_ms,
            delete_ms: number(settings, "file.delete.delay.ms").unwrap_or(DELETE_DEFAULT_MS),
        }
    }

    /// The age at which the last record is unreadable; `None` where it never is.
    pub fn readable_ms(&self) -> Option<i64> {
        Some(self.retention_ms?.saturating_add(self.segment_ms).saturating_add(self.check_ms))
    }

    /// The age at which the last file is gone; `None` where it never is.
    pub fn worst_ms(&self) -> Option<i64> {
        Some(self.readable_ms()?.saturating_add(self.delete_ms))
    }

    /// How long the files of unreadable records stay.
    pub fn file_ms(&self) -> i64 {
        self.segment_ms.saturating_add(self.check_ms).saturating_add(self.delete_ms)
    }
}

/// Why the window of a tier cannot be kept in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// Records are judged by times that others wrote.
    CreateTime,
    /// Records are compacted, or never deleted: `cleanup.policy`.
    NotDeleted(String),
    /// Records may go before their end.
    Short {
        /// `retention.ms`.
        is_ms: i64,
        /// What it must be at least.
        needs_ms: i64,
    },
    /// Records never go.
    Forever,
    /// Records go by size: `retention.bytes`.
    Sized(String),
    /// An exact length is overstayed.
    Overstays {
        /// The worst-case age.
        is_ms: i64,
        /// What it may be at most.
        most_ms: i64,
        /// Its parts.
        ages: Ages,
    },
    /// The files of deleted records stay too long.
    Files {
        /// How long.
        is_ms: i64,
        /// Its parts.
        ages: Ages,
    },
    /// Records are copied to a remote storage, where other rules hold.
    Remote,
}

impl Breach {
    /// Its name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateTime => "create-time",
            Self::NotDeleted(_) => "not-deleted",
            Self::Short { .. } => "retention-too-short",
            Self::Forever => "retention-without-end",
            Self::Sized(_) => "deleted-by-size",
            Self::Overstays { .. } => "overstays",
            Self::Files { .. } => "files-stay",
            Self::Remote => "remote-storage",
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTime => f.write_str(
                "`message.timestamp.type` is CreateTime: one record with a future time would keep all later ones, one with an \
                 old time would end at once; it must be LogAppendTime",
            ),
            Self::NotDeleted(policy) => {
                write!(f, "`cleanup.policy` is `{policy}`: records would not end by their age; it must be `delete`")
            }
            Self::Short { is_ms, needs_ms } => write!(
                f,
                "`retention.ms` is {is_ms} ({}): records may go before their end; they need {needs_ms} ({})",
                span(*is_ms),
                span(*needs_ms)
            ),
            Self::Forever => f.write_str("`retention.ms` is -1: nothing on the brokers would ever end the records"),
            Self::Sized(bytes) => {
                write!(f, "`retention.bytes` is {bytes}: a full topic would lose records before their end; it must be -1")
            }
            Self::Overstays { is_ms, most_ms, ages } => {
                write!(f, "a record can be there for {}, and {} is the most: {ages}", span(*is_ms), span(*most_ms))
            }
            Self::Files { is_ms, ages } => write!(
                f,
                "deleted records can lie on the disk for {}, and {} is the most: {} of `segment.ms`, {} of \
                 `log.retention.check.interval.ms`, {} of `file.delete.delay.ms`",
                span(*is_ms),
                span(FILE_MS_MAX),
                span(ages.segment_ms),
                span(ages.check_ms),
                span(ages.delete_ms)
            ),
            Self::Remote => f.write_str(
                "`remote.storage.enable` is true: objects in a bucket do not end with the records; it must be false",
            ),
        }
    }
}

impl fmt::Display for Ages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let retention = self.retention_ms.map_or_else(|| String::from("no end"), span);
        write!(
            f,
            "{retention} of `retention.ms`, {} of `segment.ms`, {} of `log.retention.check.interval.ms`, {} of \
             `file.delete.delay.ms`",
            span(self.segment_ms),
            span(self.check_ms),
            span(self.delete_ms)
        )
    }
}

/// Everything for which the window of a tier cannot be kept in a topic of these settings; empty where it can.
pub fn breaches(stay: &Stay<'_>, settings: &Settings, checks: Checks) -> Vec<Breach> {
    let text = |name: &str| settings.get(name).map_or("", |setting| setting.value.as_str());
    let ages = Ages::of(settings, checks);
    let mut breaches = Vec::new();
    if text("message.timestamp.type") != "LogAppendTime" {
        breaches.push(Breach::CreateTime);
    }
    if text("cleanup.policy") != "delete" {
        breaches.push(Breach::NotDeleted(String::from(text("cleanup.policy"))));
    }
    if text("retention.bytes") != "-1" {
        breaches.push(Breach::Sized(String::from(text("retention.bytes"))));
    }
    if text("remote.storage.enable") == "true" {
        breaches.push(Breach::Remote);
    }
    match ages.retention_ms {
        None => breaches.push(Breach::Forever),
        Some(is_ms) if is_ms < stay.keep_ms() => {
            breaches.push(Breach::Short { is_ms, needs_ms: stay.keep_ms() });
        }
        Some(_) => {}
    }
    match (stay.gone_ms(), ages.worst_ms()) {
        (Some(most_ms), Some(is_ms)) if is_ms > most_ms => {
            breaches.push(Breach::Overstays { is_ms, most_ms, ages });
        }
        (None, _) if ages.file_ms() > FILE_MS_MAX => {
            breaches.push(Breach::Files { is_ms: ages.file_ms(), ages });
        }
        _ => {}
    }
    breaches
}

/// A setting that is a number.
fn number(settings: &Settings, name: &str) -> Option<i64> {
    settings.get(name)?.value.parse().ok()
}

/// `2 days 3 h`, `90 s`: a time in at most two units.
pub fn span(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(DAY_MS, "days"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let mut left = ms;
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        let count = left / unit;
        left %= unit;
        match count {
            0 if parts.is_empty() => {}
            0 => break,
            1 if name == "days" => parts.push(String::from("1 day")),
            count => parts.push(format!("{count} {name}")),
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { format!("{ms} ms") } else { parts.join(" ") }
}

/// Who set a setting, in a word.
pub const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Topic => "topic",
        Origin::Broker => "brokers",
        Origin::Default => "Kafka's default",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::calendar::Holidays;
    use crate::route::stay::Reach;
    use crate::route::term::Term;

    static NONE: Holidays = Holidays::none();
    const CHECKS: Checks = Checks { every_ms: CHECK_DEFAULT_MS, told: true };

    /// The settings of a topic that is as a tier of 100 days needs it, but for these.
    fn settings(other: &[(&str, &str)]) -> Settings {
        let good = [
            ("cleanup.policy", "delete"),
            ("message.timestamp.type", "LogAppendTime"),
            ("retention.ms", "8640000000"),
            ("retention.bytes", "-1"),
            ("segment.ms", "86400000"),
            ("file.delete.delay.ms", "60000"),
            ("remote.storage.enable", "false"),
        ];
        let all = good.iter().chain(other);
        all.map(|(name, value)| (String::from(*name), Setting { value: String::from(*value), origin: Origin::Topic }))
            .collect()
    }

    #[test]
    fn each_broken_window_has_its_own_complaint() {
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
        let rows: [Row<'_>; 12] = [
            (&[], &[]),
            // Longer than needed breaks nothing: a day's deletion ends it in time.
            (&[("retention.ms", "8640000001")], &[]),
            (&[("retention.ms", "8639999999")], &["retention-too-short"]),
            (&[("retention.ms", "-1")], &["retention-without-end"]),
            (&[("message.timestamp.type", "CreateTime")], &["create-time"]),
            (&[("cleanup.policy", "compact")], &["not-deleted"]),
            (&[("cleanup.policy", "compact,delete")], &["not-deleted"]),
            (&[("cleanup.policy", "")], &["not-deleted"]),
            (&[("retention.bytes", "1073741824")], &["deleted-by-size"]),
            (&[("segment.ms", "604800000")], &["files-stay"]),
            (&[("remote.storage.enable", "true")], &["remote-storage"]),
            (&[("retention.ms", "1"), ("cleanup.policy", "compact")], &["not-deleted", "retention-too-short"]),
        ];
        let term = Term::months(3);
        let stay = Stay { term: &term, legal_minimum: true, holidays: &NONE, reach: Reach::new(72 * 3600, 1) };
        for (other, expected) in rows {
            let found = breaches(&stay, &settings(other), CHECKS);
            let names: Vec<&str> = found.iter().map(Breach::name).collect();
            assert_eq!(names, expected, "{other:?}");
            assert!(found.iter().all(|breach| !breach.to_string().ends_with('.')), "{found:?}");
        }
    }

    #[test]
    fn an_exact_length_is_kept_by_the_brokers_alone() {
        let minute = [("retention.ms", "60000"), ("segment.ms", "60000")];
        let term = Term::seconds(60);
        let stay = Stay { term: &term, legal_minimum: false, holidays: &NONE, reach: Reach::new(72 * 3600, 1) };
        assert_eq!(breaches(&stay, &settings(&minute), CHECKS), []);
        let ages = Ages::of(&settings(&minute), CHECKS);
        assert_eq!((ages.readable_ms(), ages.worst_ms()), (Some(420_000), Some(480_000)));
        let slow = Checks { every_ms: 3_600_000, told: true };
        let found = breaches(&stay, &settings(&minute), slow);
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "a record can be there for 1 h 3 min, and 12 min is the most: 1 min of `retention.ms`, 1 min of `segment.ms`, \
              1 h of `log.retention.check.interval.ms`, 1 min of `file.delete.delay.ms`"
            ]
        );
        let found = breaches(&stay, &settings(&[("retention.ms", "59999")]), CHECKS);
        assert!(found.iter().any(|breach| breach.name() == "retention-too-short"), "{found:?}");
    }

    #[test]
    fn only_what_garim_owns_is_a_change() {
        let needed = Needed {
            name: String::from("tier.a.b"),
            role: super::super::topics::Role::Tier,
            tier: None,
            partitions: 1,
            configs: vec![
                ("retention.ms", String::from("1000")),
                ("segment.ms", String::from("86400000")),
                ("min.insync.replicas", String::from("2")),
            ],
        };
        let found = changes(&needed, &settings(&[("min.insync.replicas", "1"), ("max.message.bytes", "7")]));
        let from = Some(Setting { value: String::from("8640000000"), origin: Origin::Topic });
        assert_eq!(found, [Change { name: "retention.ms", from, to: String::from("1000") }]);
    }

    #[test]
    fn spans_are_told_in_two_units() {
        let rows = [
            (100 * DAY_MS, "100 days"),
            (DAY_MS + 360_000, "1 day"),
            (DAY_MS + 7_200_000, "1 day 2 h"),
            (90_000, "1 min 30 s"),
            (5, "5 ms"),
            (0, "0 ms"),
        ];
        for (ms, text) in rows {
            assert_eq!(span(ms), text);
        }
    }
}
