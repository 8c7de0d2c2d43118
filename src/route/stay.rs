//! How long the records of a tier stay on the brokers: at least, at most, and what a day deletes.
//!
//! Brokers count from the append, the law from the event. Between the two lies how late a record may be, and how far the
//! clock of its event may be ahead of its arrival; [`Reach`] holds both.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan, Unit};

use super::calendar::{DESTROY_BUSINESS_DAYS, Holidays};
use super::term::{self, Length, Term};
use crate::limits::{EXACT_GRACE_MS, SEGMENT_MS_MAX, SEGMENT_MS_MIN, TIER_KEEP_DAYS_MAX, TIER_KEEP_EXTRA_DAYS};
use crate::record::time::DAY_MS;

/// How far the day of an event may lie from the day of its append, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Before it: the policy's `max-lateness`, rounded up.
    pub past_days: u32,
    /// After it: `limits.future-days`.
    pub future_days: u32,
}

impl Reach {
    /// The reach of records that may be so late, in seconds, and so many days ahead.
    pub fn new(max_lateness_s: i64, future_days: u32) -> Self {
        let past_days = u32::try_from((max_lateness_s.max(0) * 1000 + DAY_MS - 1) / DAY_MS).unwrap_or(u32::MAX);
        Self { past_days, future_days }
    }
}

/// The term of a tier as its topics have to keep it.
#[derive(Debug, Clone, Copy)]
pub struct Stay<'a> {
    /// From when until when.
    pub term: &'a Term,
    /// Whether its records must not go earlier either.
    pub legal_minimum: bool,
    /// The days on which nobody works.
    pub holidays: &'a Holidays,
    /// How late and how early records may be.
    pub reach: Reach,
}

/// The time after its length within which a record of an exact length is gone, counted like the length from its append:
/// the span of a segment and ten minutes (`EXACT_GRACE_MS`). A record that came late was appended later by as much, but
/// never after its end.
pub fn grace_ms(length_s: u32) -> i64 {
    segment_ms(i64::from(length_s) * 1000) + EXACT_GRACE_MS
}

/// The span of a segment where records are kept so long: a tenth, from a minute to a day. A segment ends as a whole, and
/// not before its newest record, so this much is added to the age of its oldest.
pub fn segment_ms(keep_ms: i64) -> i64 {
    (keep_ms / 10).clamp(SEGMENT_MS_MIN as i64, SEGMENT_MS_MAX as i64)
}

impl Stay<'_> {
    /// Time for which the brokers must keep a record after its append, in milliseconds: the topic's `retention.ms`.
    ///
    /// Of a calendar term its longest length, the day on which it ends, the days by which a holiday may move that, and
    /// the days by which an event may be ahead. A tier that ends with an event of the subject keeps at most what its
    /// `at-most` says, or else a year of bytes.
    pub fn keep_ms(&self) -> i64 {
        match self.term.length {
            Some(Length::Seconds(seconds)) => i64::from(seconds) * 1000,
            _ => self.keep_days() as i64 * DAY_MS,
        }
    }

    fn keep_days(&self) -> u64 {
        let longest = match self.term.length {
            Some(Length::Days(days)) => u64::from(days),
            Some(Length::Months(months)) => longest_days(i64::from(months).months()),
            Some(Length::Years(years)) => longest_days(i64::from(years).years()),
            Some(Length::Seconds(seconds)) => u64::from(seconds).div_ceil(DAY_MS as u64 / 1000),
            None => return TIER_KEEP_DAYS_MAX,
        };
        // Where an event may end it too, the length is a bound from above, which no holiday moves.
        if self.term.until.is_empty() { longest + TIER_KEEP_EXTRA_DAYS + u64::from(self.ahead()) } else { longest }
    }

    /// Days by which events may be ahead, as far as they put an end off: only a legal minimum guards them.
    fn ahead(&self) -> u32 {
        if self.legal_minimum { self.reach.future_days } else { 0 }
    }

    /// The span of a segment of the tier's topics, in milliseconds.
    pub fn segment_ms(&self) -> i64 {
        segment_ms(self.keep_ms())
    }

    /// Age from its append by which a record of an exact length is gone, in milliseconds; `None` where the calendar says
    /// the day.
    pub fn gone_ms(&self) -> Option<i64> {
        match self.term.length? {
            Length::Seconds(seconds) => Some(i64::from(seconds) * 1000 + grace_ms(seconds)),
            Length::Days(_) | Length::Months(_) | Length::Years(_) => None,
        }
    }

    /// The last day on which a record that was appended on `day` (days since 1970-01-01) may have to be there still.
    fn kept_until(&self, day: i32) -> Option<Date> {
        match self.term.length {
            None => term::date(day.checked_add(TIER_KEEP_DAYS_MAX as i32)?),
            Some(_) => {
                let event = day.checked_add(i32::try_from(self.ahead()).ok()?)?;
                Some(self.term.window(event, self.legal_minimum, self.holidays)?.keep_until)
            }
        }
    }

    /// The first day on which records that were appended on `day` may go; `None` where the calendar ends before.
    pub fn due(&self, day: i32) -> Option<Date> {
        self.kept_until(day)?.tomorrow().ok()
    }

    /// The day at whose end records that were appended on `day` must be gone, those that came as late as may be too;
    /// `None` where the calendar ends before.
    ///
    /// Never before they may go: where the length of months pulls the two apart (the end of February and three months),
    /// the legal minimum of the early ones comes first.
    pub fn deadline(&self, day: i32) -> Option<Date> {
        Some(self.latest(day)?.max(self.due(day)?))
    }

    /// The day by which the latest of the records that were appended on `day` must be gone.
    fn latest(&self, day: i32) -> Option<Date> {
        match self.term.length {
            None => {
                let last = term::date(day.checked_add(TIER_KEEP_DAYS_MAX as i32)?)?;
                Some(self.holidays.add_business_days(last, DESTROY_BUSINESS_DAYS))
            }
            Some(_) => {
                let event = day.checked_sub(i32::try_from(self.reach.past_days).ok()?)?;
                Some(self.term.window(event, self.legal_minimum, self.holidays)?.destroy_by)
            }
        }
    }

    /// How many of the days from `from` on, `count` of them, are such that no single day is right for all records that are
    /// appended on them: the latest must be gone before the earliest may go.
    pub fn closed_days(&self, from: i32, count: u32) -> u32 {
        let last = from.saturating_add(i32::try_from(count).unwrap_or(i32::MAX));
        let closed = |day: &i32| self.latest(*day).zip(self.due(*day)).is_some_and(|(latest, due)| latest < due);
        (from..last).filter(closed).count() as u32
    }

    /// The first day of appends that has to stay on `today`, both in days since 1970-01-01: whatever was appended on an
    /// earlier day may go. `None` where the term counts exact time, and where the calendar ends before.
    pub fn first_kept_day(&self, today: i32) -> Option<i32> {
        if let Some(Length::Seconds(_)) = self.term.length {
            return None;
        }
        let today_date = term::date(today)?;
        // What is older than the longest that anything is kept has gone on every calendar.
        let oldest = today.checked_sub(i32::try_from(self.keep_days()).ok()?.checked_add(1)?)?;
        (oldest..=today).find(|day| self.kept_until(*day).is_none_or(|kept| kept >= today_date))
    }
}

/// The most days that a span of months or years can have, over every day of eight years around a skipped leap year and
/// of eight common ones.
fn longest_days(span: Span) -> u64 {
    let longest_from = |first: Date| {
        let mut longest = 0;
        let mut day = first;
        while day.year() < first.year() + 8 {
            let days = day
                .checked_add(span)
                .and_then(|end| day.until((Unit::Day, end)))
                .map_or(0, |between| u64::from(between.get_days().unsigned_abs()));
            longest = longest.max(days);
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        longest
    };
    longest_from(date(2024, 1, 1)).max(longest_from(date(2096, 1, 1)))
}

#[cfg(test)]
mod tests {
    use super::super::term::day_of;
    use super::*;

    static NONE: Holidays = Holidays::none();

    fn stay(term: &Term, legal_minimum: bool) -> Stay<'_> {
        Stay { term, legal_minimum, holidays: &NONE, reach: Reach::new(72 * 3600, 1) }
    }

    fn on(text: &str) -> i32 {
        day_of(text.parse().unwrap_or_else(|error| panic!("{text}: {error}")))
    }

    #[test]
    fn bytes_are_kept_for_the_longest_calendar_length_and_the_holidays() {
        let at_most = Term { length: Some(Length::Days(90)), until: vec![Box::from("proposal_refused")] };
        let rows = [
            (Term::months(3), true, 92 + 7 + 1),
            (Term::months(6), false, 184 + 7),
            (Term::years(1), true, 366 + 7 + 1),
            (Term::years(3), true, 1096 + 7 + 1),
            (Term::years(5), true, 1827 + 7 + 1),
            (Term::days(90), false, 90 + 7),
            (Term::until(vec![Box::from("member_left")]), false, 365),
            (at_most, false, 90),
        ];
        for (term, legal, days) in rows {
            assert_eq!(stay(&term, legal).keep_ms(), days * DAY_MS, "{term:?}");
        }
        assert_eq!(stay(&Term::seconds(90), false).keep_ms(), 90_000);
    }

    #[test]
    fn a_segment_is_a_tenth_of_the_retention_from_a_minute_to_a_day() {
        assert_eq!(segment_ms(5 * DAY_MS), DAY_MS / 2);
        assert_eq!(segment_ms(98 * DAY_MS), DAY_MS);
        assert_eq!(segment_ms(60_000), 60_000);
        // A minute is gone twelve minutes after its append: itself, its segment, ten minutes.
        assert_eq!(stay(&Term::seconds(60), false).gone_ms(), Some(12 * 60_000));
        assert_eq!(stay(&Term::months(3), true).gone_ms(), None);
    }

    #[test]
    fn a_day_deletes_what_is_past_its_end_and_nothing_that_may_be_early() {
        // Term, legal, today, first day of appends that stays.
        let rows = [
            // Appended on 22 November, the event may be of the 23rd, which is kept until 23 February.
            (Term::months(3), true, "2027-02-24", "2026-11-23"),
            (Term::months(3), true, "2027-02-23", "2026-11-22"),
            // Without a legal minimum a clock that is ahead puts nothing off.
            (Term::months(3), false, "2027-02-24", "2026-11-24"),
            (Term::days(90), false, "2027-02-22", "2026-11-24"),
            // The end of 13 February 2027 is a Saturday and moves to Monday; all three days go on Tuesday.
            (Term::months(3), true, "2027-02-15", "2026-11-12"),
            (Term::months(3), true, "2027-02-16", "2026-11-15"),
            (Term::until(vec![Box::from("left")]), false, "2027-11-24", "2026-11-24"),
        ];
        for (term, legal, today, kept) in rows {
            let first = stay(&term, legal).first_kept_day(on(today));
            assert_eq!(first, Some(on(kept)), "{term:?} {legal} on {today}: {:?}", first.and_then(term::date));
        }
        assert_eq!(stay(&Term::seconds(60), false).first_kept_day(on("2027-02-24")), None);
    }

    #[test]
    fn what_may_go_is_what_is_due() {
        for term in [Term::months(3), Term::years(1), Term::days(90)] {
            for legal in [true, false] {
                let stay = stay(&term, legal);
                for today in on("2027-01-01")..on("2028-03-05") {
                    let kept = stay.first_kept_day(today).expect("a day");
                    let due = |day: i32| stay.due(day).expect("a day");
                    assert!(due(kept) > term::date(today).expect("a date"), "{term:?} {today}");
                    assert!(due(kept - 1) <= term::date(today).expect("a date"), "{term:?} {today}");
                }
            }
        }
    }

    #[test]
    fn the_latest_must_be_gone_after_the_earliest_may_go_but_for_ends_of_february() {
        let (term, year) = (Term::months(3), 366);
        let stay = stay(&term, true);
        assert_eq!(stay.due(on("2026-11-22")), Some(date(2027, 2, 24)));
        // 72 hours late: an event of 19 November, whose fifth business day after 19 February is the 26th.
        assert_eq!(stay.deadline(on("2026-11-22")), Some(date(2027, 2, 26)));
        // Where a month is longer than the one that begins the term, three months jump over its last days.
        for day in on("2026-01-01")..on("2032-01-01") {
            let of = term::date(day).expect("a date");
            assert!(stay.closed_days(day, 1) == 0 || of.day() >= 27 || of.day() <= 4, "{of}");
        }
        assert!(stay.closed_days(on("2026-01-01"), year) <= 16);
        let wide = Stay { reach: Reach::new(10 * 86_400, 1), ..stay };
        assert!(wide.closed_days(on("2026-03-02"), year) > 100, "ten days late do not fit into five business days");
    }
}
