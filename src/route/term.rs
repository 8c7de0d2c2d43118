//! Retention: from which day until which day.

use jiff::civil::Date;
use jiff::{Span, SpanRelativeTo};

use crate::record::time::DAY_MS;

/// When the records of a tier end: after a length, with an event of the subject, or with whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The longest that a record is kept; `None` where only an event of the subject ends it.
    pub length: Option<Length>,
    /// The events of the subject that end it; no day can be computed from the record alone.
    pub until: Vec<Box<str>>,
}

/// How long a record is kept, counted from its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Calendar days after the day of the event, the first not counted.
    Days(u32),
    /// Calendar months; month ends clamp (30 November and three months: 28 February).
    Months(u32),
    /// Calendar years.
    Years(u32),
    /// So many seconds after the event, to the millisecond; only for tiers without legal minimum.
    Seconds(u32),
}

impl Term {
    /// A term of this length.
    pub const fn of(length: Length) -> Self {
        Self { length: Some(length), until: Vec::new() }
    }

    /// A term of so many calendar days.
    pub const fn days(count: u32) -> Self {
        Self::of(Length::Days(count))
    }

    /// A term of so many calendar months.
    pub const fn months(count: u32) -> Self {
        Self::of(Length::Months(count))
    }

    /// A term of so many calendar years.
    pub const fn years(count: u32) -> Self {
        Self::of(Length::Years(count))
    }

    /// A term of so many seconds.
    pub const fn seconds(count: u32) -> Self {
        Self::of(Length::Seconds(count))
    }

    /// A term that only these events of the subject end.
    pub const fn until(events: Vec<Box<str>>) -> Self {
        Self { length: None, until: events }
    }

    /// The last day of a record whose event fell on `day`, both in days since 1970-01-01; `None` where only an
    /// event of the subject ends it, or where the calendar ends before. Of an exact length, the day on which the last
    /// record of that day ends.
    pub fn last_day(&self, day: i32) -> Option<i32> {
        let span = match self.length? {
            Length::Days(days) => Span::new().try_days(days),
            Length::Months(months) => Span::new().try_months(months),
            Length::Years(years) => Span::new().try_years(years),
            Length::Seconds(seconds) => Span::new().try_days((DAY_MS - 1 + i64::from(seconds) * 1000) / DAY_MS),
        };
        date(day)?.checked_add(span.ok()?).ok().map(day_of)
    }

    /// The last millisecond of a record whose event was at `event_ms`; `None` where its length is counted in days, or an
    /// event of the subject ends it.
    pub fn exact_end_ms(&self, event_ms: i64) -> Option<i64> {
        match self.length? {
            Length::Seconds(seconds) => Some(event_ms.saturating_add(i64::from(seconds) * 1000)),
            Length::Days(_) | Length::Months(_) | Length::Years(_) => None,
        }
    }
}

/// The civil date that is `day` days after 1970-01-01; `None` outside of the years -9999 to 9999.
pub fn date(day: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(day).ok()?).ok()
}

/// Days from 1970-01-01 to a civil date.
pub fn day_of(date: Date) -> i32 {
    let since = Date::constant(1970, 1, 1)
        .until(date)
        .and_then(|span| span.total((jiff::Unit::Day, SpanRelativeTo::days_are_24_hours())));
    since.map_or(i32::MAX, |days| days as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_by_the_calendar() {
        for (event, term, last) in [
            ("2026-11-23", Term::months(3), "2027-02-23"),
            ("2026-11-30", Term::months(3), "2027-02-28"),
            ("2024-02-29", Term::years(1), "2025-02-28"),
            ("2026-11-23", Term::days(90), "2027-02-21"),
            ("2026-12-31", Term::years(5), "2031-12-31"),
            // What happened in the last millisecond of the day ends on the next one.
            ("2026-11-23", Term::seconds(60), "2026-11-24"),
            ("2026-11-23", Term::seconds(86_400), "2026-11-24"),
            ("2026-11-23", Term::seconds(86_401), "2026-11-25"),
        ] {
            let parse = |text: &str| text.parse::<Date>().map(day_of).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(term.last_day(parse(event)), Some(parse(last)), "{event} + {term:?}");
        }
        assert_eq!(Term::until(vec!["contract_terminated".into()]).last_day(20_000), None);
        assert_eq!(Term::seconds(90).exact_end_ms(1_000), Some(91_000));
        assert_eq!(Term::days(1).exact_end_ms(1_000), None);
        assert_eq!((day_of(Date::constant(1970, 1, 1)), date(0)), (0, Some(Date::constant(1970, 1, 1))));
    }
}
