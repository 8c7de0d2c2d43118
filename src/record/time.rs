//! Times as logs write them: read to the millisecond, written back no finer than a tier allows.
//!
//! Three forms are read: RFC 3339 with an offset (`2026-11-23T09:15:42.318+09:00`, a space instead of the `T`, an
//! offset without colon), the common log form (`17/May/2015:10:05:03 +0000`), and seconds, milliseconds or
//! microseconds since 1970 UTC (10, 13 or 16 digits; seconds may carry a fraction).

/// How exact a time may stay in a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimePrecision {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// To the hour.
    Hour,
    /// To the day.
    Day,
}

impl TimePrecision {
    /// Its name in a policy, `minute`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// Milliseconds in a civil day without clock change.
pub const DAY_MS: i64 = 86_400_000;

/// The form in which a time was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Fields at fixed places: the date ends at byte 10, the clock at byte 19.
    Rfc3339,
    /// `17/May/2015:10:05:03 +0000`: the date ends at byte 11, the clock at byte 20.
    CommonLog,
    /// An integer (before a possible fraction) of this many units a second.
    Epoch {
        /// Units in a second: 1, 1,000 or 1,000,000.
        per_second: i64,
        /// Digits of the integer.
        digits: usize,
    },
}

/// Reads a time: milliseconds since 1970 UTC.
///
/// `None` for anything that is none of the three forms, for days that do not exist, and for times without offset.
pub fn parse(text: &[u8]) -> Option<i64> {
    read(text).map(|(ms, _)| ms)
}

/// Writes `text` cut to `to`, in the form it came in, finer fields zero and fractions gone.
///
/// The cut is made in the civil fields as written (times since 1970: in UTC). False, with nothing written, if
/// `text` is no time.
pub fn truncate(text: &[u8], to: TimePrecision, out: &mut Vec<u8>) -> bool {
    let Some((ms, form)) = read(text) else {
        return false;
    };
    cut(text, ms, form, to, out);
    true
}

fn cut(text: &[u8], ms: i64, form: Form, to: TimePrecision, out: &mut Vec<u8>) {
    let (clock, zone) = match form {
        Form::Rfc3339 => (11, zone_at(text)),
        Form::CommonLog => (12, 20),
        Form::Epoch { per_second, digits } => {
            let unit_s = match to {
                TimePrecision::Second => 1,
                TimePrecision::Minute => 60,
                TimePrecision::Hour => 3_600,
                TimePrecision::Day => 86_400,
            };
            let seconds = ms.div_euclid(1000).div_euclid(unit_s) * unit_s;
            let mut written = [b'0'; 16];
            let mut rest = seconds * per_second;
            for digit in written[..digits].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            out.extend_from_slice(&written[..digits]);
            return;
        }
    };
    out.extend_from_slice(&text[..clock]);
    let kept = match to {
        TimePrecision::Second => 8,
        TimePrecision::Minute => 6,
        TimePrecision::Hour => 3,
        TimePrecision::Day => 0,
    };
    out.extend_from_slice(&text[clock..clock + kept]);
    out.extend_from_slice(&b"00:00:00"[kept..]);
    out.extend_from_slice(&text[zone..]);
}

/// Days since 1970-01-01 of a civil date of the Gregorian calendar.
///
/// Howard Hinnant's `days_from_civil`, public domain: <https://howardhinnant.github.io/date_algorithms.html>.
const fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    // Counted from 1 March of year -400, so that nothing is negative.
    let year = year + 400 - (month <= 2) as u32;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era) as i64 - 146_097 - 719_468
}

fn read(text: &[u8]) -> Option<(i64, Form)> {
    match text.get(2)? {
        b'/' => Some((read_common_log(text)?, Form::CommonLog)),
        _ if text.get(4) == Some(&b'-') => Some((read_rfc3339(text)?, Form::Rfc3339)),
        _ => read_epoch(text),
    }
}

fn read_rfc3339(text: &[u8]) -> Option<i64> {
    let fixed: &[u8; 19] = text.first_chunk()?;
    if fixed[7] != b'-' || !matches!(fixed[10], b'T' | b't' | b' ') {
        return None;
    }
    let date = (two(fixed, 0)? * 100 + two(fixed, 2)?, two(fixed, 5)?, two(fixed, 8)?);
    let zone = zone_at(text);
    let mut ms = 0;
    if zone > 19 {
        let fraction = &text[20..zone];
        if fraction.is_empty() {
            return None;
        }
        for place in 0..3 {
            ms = ms * 10 + fraction.get(place).map_or(0, |digit| i64::from(digit - b'0'));
        }
    }
    civil(date, clock(fixed, 11)?, offset(&text[zone..])?).map(|seconds| seconds * 1000 + ms)
}

fn read_common_log(text: &[u8]) -> Option<i64> {
    let fixed: &[u8; 26] = text.try_into().ok()?;
    if fixed[6] != b'/' || fixed[11] != b':' || fixed[20] != b' ' {
        return None;
    }
    let month = match &text[3..6] {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    let date = (two(fixed, 7)? * 100 + two(fixed, 9)?, month, two(fixed, 0)?);
    civil(date, clock(fixed, 12)?, offset(&text[21..])?).map(|seconds| seconds * 1000)
}

fn read_epoch(text: &[u8]) -> Option<(i64, Form)> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = number(text.get(..digits)?)?;
    let per_second = match digits {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        _ => return None,
    };
    let mut ms = match per_second {
        1 => value * 1000,
        1_000 => value,
        _ => value / 1000,
    };
    if let Some((point, fraction)) = text[digits..].split_first() {
        if *point != b'.' || per_second != 1 || fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut part = 0;
        for place in 0..3 {
            part = part * 10 + fraction.get(place).map_or(0, |digit| i64::from(digit - b'0'));
        }
        ms += part;
    }
    Some((ms, Form::Epoch { per_second, digits }))
}

/// Where the offset of an RFC 3339 time begins: after the clock and its fraction.
fn zone_at(text: &[u8]) -> usize {
    let mut at = 19;
    if let Some(b'.' | b',') = text.get(at) {
        at += 1;
        while let Some(b'0'..=b'9') = text.get(at) {
            at += 1;
        }
    }
    at
}

/// Seconds of the day of the `HH:MM:SS` at `at`; a leap second is the next minute's first.
#[inline]
fn clock<const N: usize>(text: &[u8; N], at: usize) -> Option<i64> {
    if text[at + 2] != b':' || text[at + 5] != b':' {
        return None;
    }
    let (hour, minute, second) = (two(text, at)?, two(text, at + 3)?, two(text, at + 6)?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// The value of the two digits at `at`.
#[inline(always)]
fn two<const N: usize>(text: &[u8; N], at: usize) -> Option<i64> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens * 10 + ones))
}

/// Seconds east of UTC of `Z`, `+09:00` or `+0900`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'Z' | b'z', []) => return Some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [a, b, b':', c, d] | [a, b, c, d] => (two(&[*a, *b], 0)?, two(&[*c, *d], 0)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn civil((year, month, day): (i64, i64, i64), clock_s: i64, offset_s: i64) -> Option<i64> {
    const DAYS: [u8; 16] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0];
    let (year, month, day) = (year as u32, month as u32, day as u32);
    let leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = u32::from(*DAYS.get(month as usize)?) + u32::from(leap);
    if day < 1 || day > days {
        return None;
    }
    Some(days_from_civil(year, month, day) * 86_400 + clock_s - offset_s)
}

/// The value of 1 to 18 digits; `None` for anything else.
fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut value = 0;
    let mut odd = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        odd |= u8::from(digit > 9);
        value = value * 10 + i64::from(digit);
    }
    (odd == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_cuts() {
        let rows: &[(&str, i64, [&str; 4])] = &[
            (
                "2026-11-23T09:15:42.318+09:00",
                1_795_392_942_318,
                [
                    "2026-11-23T09:15:42+09:00",
                    "2026-11-23T09:15:00+09:00",
                    "2026-11-23T09:00:00+09:00",
                    "2026-11-23T00:00:00+09:00",
                ],
            ),
            (
                "2024-02-29 23:59:60Z",
                1_709_251_200_000,
                ["2024-02-29 23:59:60Z", "2024-02-29 23:59:00Z", "2024-02-29 23:00:00Z", "2024-02-29 00:00:00Z"],
            ),
            (
                "17/May/2015:10:05:03 +0000",
                1_431_857_103_000,
                [
                    "17/May/2015:10:05:03 +0000",
                    "17/May/2015:10:05:00 +0000",
                    "17/May/2015:10:00:00 +0000",
                    "17/May/2015:00:00:00 +0000",
                ],
            ),
            ("1446249499.322", 1_446_249_499_322, ["1446249499", "1446249480", "1446246000", "1446163200"]),
            ("1446249499322", 1_446_249_499_322, ["1446249499000", "1446249480000", "1446246000000", "1446163200000"]),
        ];
        for (text, ms, cuts) in rows {
            assert_eq!(parse(text.as_bytes()), Some(*ms), "{text}");
            check_cuts(text, cuts);
        }
    }

    fn check_cuts(text: &str, cuts: &[&str; 4]) {
        let precisions = [TimePrecision::Second, TimePrecision::Minute, TimePrecision::Hour, TimePrecision::Day];
        for (to, cut) in precisions.into_iter().zip(cuts) {
            let mut out = Vec::new();
            assert!(truncate(text.as_bytes(), to, &mut out));
            assert_eq!(std::str::from_utf8(&out), Ok(*cut), "{text} to {to:?}");
            let (before, after) = (parse(text.as_bytes()), parse(&out));
            assert!(after <= before && after.is_some(), "{text} to {to:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "1",
            "2026-11-23",
            "2026-11-23T09:15:42",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T09:15:42.Z",
            "2026-11-23T09:15:42+9:00",
            "2026-11-23T09:15:42Zx",
            "17/Mai/2015:10:05:03 +0000",
            "17/May/2015:10:05:03 +00000",
            "144624949",
            "14462494993221",
            "1446249499.",
            "1446249499322.5",
            "가나다라마바사아자차",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
