//! Holidays and business days: from which day a record may go, and by which day it must be gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};

use super::stay::grace_ms;
use super::term::{Length, Term, date};
use crate::record::time::DAY_MS;

/// Holidays by year. A year that is not covered counts as having none: a deadline is then earlier, never later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays(BTreeMap<i16, BTreeSet<Date>>);

/// Between which days the end of a record, and of the keys of its day, has to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The last day on which it must still be there; it may go from the next midnight on.
    pub keep_until: Date,
    /// The day at whose end it must be gone.
    pub destroy_by: Date,
}

/// Business days within which personal data must be destroyed after their period (the notice, article 3).
pub const DESTROY_BUSINESS_DAYS: u32 = 5;

impl Holidays {
    /// Holidays of some years.
    pub fn new(years: impl IntoIterator<Item = (i16, BTreeSet<Date>)>) -> Self {
        Self(years.into_iter().collect())
    }

    /// No holidays at all.
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether the holidays of this year are known.
    pub fn covers(&self, year: i16) -> bool {
        self.0.contains_key(&year)
    }

    /// Every holiday, in order.
    pub fn days(&self) -> impl Iterator<Item = Date> + '_ {
        self.0.values().flatten().copied()
    }

    /// Whether people work on this day: Monday to Friday, no holiday.
    pub fn is_business_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.0.get(&day.year()).is_some_and(|days| days.contains(&day))
    }

    /// The `count`-th business day after `day`, which itself does not count.
    pub fn add_business_days(&self, day: Date, count: u32) -> Date {
        let (mut day, mut left) = (day, count);
        while left > 0 && day < Date::MAX {
            day = day.tomorrow().unwrap_or(Date::MAX);
            left -= u32::from(self.is_business_day(day));
        }
        day
    }

    /// This day, or the next business day where it is none.
    pub fn business_day_from(&self, day: Date) -> Date {
        let mut day = day;
        while !self.is_business_day(day) && day < Date::MAX {
            day = day.tomorrow().unwrap_or(Date::MAX);
        }
        day
    }
}

impl Term {
    /// The window of a record whose event fell on `day` (days since 1970-01-01); `None` where an event of the subject
    /// ends it, or the calendar ends before.
    ///
    /// Of an exact length, both are counted in time: the day on which the last record of that day ends, and the day on which
    /// the grace after it ends (see `stay::grace_ms`).
    ///
    /// The end of a legal minimum that falls on a holiday moves to the next business day (Civil Act 161); the deadline
    /// counts from the day that was not moved.
    pub fn window(&self, day: i32, legal_minimum: bool, holidays: &Holidays) -> Option<Window> {
        let last = date(self.last_day(day)?)?;
        if let Some(Length::Seconds(seconds)) = self.length {
            let gone_ms = DAY_MS - 1 + i64::from(seconds) * 1000 + grace_ms(seconds);
            return Some(Window { keep_until: last, destroy_by: date(day.checked_add((gone_ms / DAY_MS) as i32)?)? });
        }
        let keep_until = if legal_minimum { holidays.business_day_from(last) } else { last };
        Some(Window { keep_until, destroy_by: holidays.add_business_days(last, DESTROY_BUSINESS_DAYS) })
    }
}
