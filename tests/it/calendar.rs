//! The calendar of terms: month ends, leap days, year ends, holidays, and the days by which records must be gone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use garim::limits::{HOLIDAY_YEARS_AHEAD, TIER_KEEP_EXTRA_DAYS};
use garim::policy::{self, Policy};
use garim::route::calendar::{DESTROY_BUSINESS_DAYS, Holidays};
use garim::route::term::{Term, date, day_of};
use jiff::civil::{Date, Weekday};
use proptest::prelude::*;
use serde_json::Value;

/// The first year of the shipped file, which is the year in which it was made.
const FIRST: i16 = 2026;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shipped() -> Policy {
    policy::load(&root().join("config/kakao-work.toml")).unwrap_or_else(|faults| panic!("{faults}"))
}

fn holidays() -> Holidays {
    shipped().plan.holidays
}

fn day(text: &str) -> Date {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Both days of a window, as a policy's readers write them.
fn window(term: &Term, legal: bool, event: &str, holidays: &Holidays) -> (String, String) {
    let window = term.window(day_of(day(event)), legal, holidays).unwrap();
    (window.keep_until.to_string(), window.destroy_by.to_string())
}

#[test]
fn windows_are_those_of_the_notice() {
    let holidays = holidays();
    let (legal, free) = (true, false);
    let rows: [(&str, Term, bool, &str, &str); 19] = [
        // The samples of the notice's requirements, section 6: login, bizmessage, message, dispute, analytics.
        ("2026-11-23", Term::months(3), legal, "2027-02-23", "2027-03-03"),
        ("2026-11-23", Term::months(6), free, "2027-05-23", "2027-05-28"),
        ("2026-11-23", Term::years(1), legal, "2027-11-23", "2027-11-30"),
        ("2026-11-23", Term::years(3), legal, "2029-11-23", "2029-11-30"),
        ("2026-11-23", Term::years(1), free, "2027-11-23", "2027-11-30"),
        // Month ends clamp; the end of a legal minimum moves off a Sunday, another end does not.
        ("2026-11-30", Term::months(3), legal, "2027-03-02", "2027-03-08"),
        ("2026-11-30", Term::months(3), free, "2027-02-28", "2027-03-08"),
        ("2026-08-31", Term::months(6), free, "2027-02-28", "2027-03-08"),
        ("2026-12-31", Term::months(6), legal, "2027-06-30", "2027-07-07"),
        // The leap day has no like in a common year, and is there in a leap year.
        ("2024-02-29", Term::years(3), legal, "2027-03-02", "2027-03-08"),
        ("2024-02-29", Term::years(8), free, "2032-02-29", "2032-03-08"),
        ("2027-11-29", Term::months(3), legal, "2028-02-29", "2028-03-08"),
        // Over the year end: 31 December 2027 is a Friday, 1 January 2028 a Saturday without substitute.
        ("2026-12-31", Term::years(1), legal, "2027-12-31", "2028-01-07"),
        ("2027-10-01", Term::months(3), legal, "2028-01-03", "2028-01-07"),
        // Substitute holidays: 설날 2027 on a Sunday moves to the 9th, 현충일 has none, 제헌절 and 노동절 have.
        ("2026-11-06", Term::months(3), legal, "2027-02-10", "2027-02-16"),
        ("2026-12-06", Term::months(6), legal, "2027-06-07", "2027-06-11"),
        ("2027-04-17", Term::months(3), legal, "2027-07-20", "2027-07-26"),
        ("2027-02-01", Term::months(3), legal, "2027-05-04", "2027-05-11"),
        // The longest rest of all years: a weekend, 추석 on 개천절, and its substitute.
        ("2028-06-30", Term::months(3), legal, "2028-10-06", "2028-10-13"),
    ];
    for (event, term, legal, keep_until, destroy_by) in rows {
        let found = window(&term, legal, event, &holidays);
        assert_eq!(found, (keep_until.to_owned(), destroy_by.to_owned()), "{event} + {term:?}");
    }
    assert_eq!(Term::until(vec!["case_closed".into()]).window(20_000, false, &holidays), None);
}

#[test]
fn a_year_that_is_not_covered_has_no_holidays() {
    let none = Holidays::default();
    assert!(!none.covers(2027) && holidays().covers(2027) && !holidays().covers(2025));
    // Without 1 March 2027 the deadline is a day earlier; the minimum is never shorter than the term.
    let login = |holidays: &Holidays| window(&Term::months(3), true, "2026-11-23", holidays);
    assert_eq!(login(&none), ("2027-02-23".to_owned(), "2027-03-02".to_owned()));
    assert_eq!(login(&holidays()), ("2027-02-23".to_owned(), "2027-03-03".to_owned()));
}

/// Dates of the shipped file by year.
fn file() -> BTreeMap<i16, BTreeMap<Date, String>> {
    let text = fs::read_to_string(root().join("config/holidays-kr.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let years = table.iter().filter_map(|(year, days)| Some((year.parse().ok()?, days.as_table()?)));
    years
        .map(|(year, days)| {
            let days = days.iter().map(|(date, name)| (day(date), name.as_str().unwrap().to_owned()));
            (year, days.collect())
        })
        .collect()
}

/// What the independent source has and the file leaves out on purpose: days of elections to come, which follow from
/// the ends of terms of office that may change. A day too many would let records live too long.
const LEFT_OUT: [(&str, &str); 4] = [
    ("2028-04-12", "국회의원 선거일"),
    ("2030-03-27", "대통령 선거일"),
    ("2030-06-12", "지방선거일"),
    ("2032-04-14", "국회의원 선거일"),
];

/// What stands on one side only, a line a day.
fn differences(file: &BTreeMap<i16, BTreeMap<Date, String>>, source: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let years = source["years"].as_object().unwrap();
    let known: BTreeSet<i16> = years.keys().map(|year| year.parse().unwrap()).chain(file.keys().copied()).collect();
    for year in known {
        let own: BTreeSet<Date> = file.get(&year).map(|days| days.keys().copied().collect()).unwrap_or_default();
        let theirs = years.get(&year.to_string()).and_then(Value::as_object);
        let theirs: BTreeMap<Date, &str> =
            theirs.into_iter().flatten().map(|(date, name)| (day(date), name.as_str().unwrap())).collect();
        for date in theirs.keys().filter(|date| !own.contains(date)) {
            if !LEFT_OUT.contains(&(date.to_string().as_str(), theirs[date])) {
                lines.push(format!("{date} {} is missing", theirs[date]));
            }
        }
        lines.extend(own.iter().filter(|date| !theirs.contains_key(date)).map(|date| format!("{date} is too many")));
    }
    lines
}

/// The frozen output of PyPI `holidays`; its version stands in the file.
fn source() -> Value {
    let text = fs::read_to_string(root().join("tests/data/holidays/kr.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_year_of_the_file_is_that_of_an_independent_source() {
    let (file, source) = (file(), source());
    assert_eq!(source["version"], "0.109");
    let years: Vec<i16> = file.keys().copied().collect();
    assert_eq!(years, (FIRST..=FIRST + HOLIDAY_YEARS_AHEAD).collect::<Vec<_>>());
    assert_eq!(differences(&file, &source), Vec::<String>::new());
    for (date, name) in LEFT_OUT {
        let theirs = &source["years"][&date[..4]][date];
        assert_eq!(theirs, name, "{date} is no difference any more");
    }
    // What garim reads is what the file says.
    let holidays = holidays();
    for date in file.values().flat_map(BTreeMap::keys) {
        assert!(!holidays.is_business_day(*date), "{date}");
    }
}

#[test]
fn the_comparison_sees_a_day_more_and_a_day_less() {
    let (mut file, source) = (file(), source());
    let year = file.get_mut(&2027).unwrap();
    year.remove(&day("2027-05-03"));
    year.insert(day("2027-05-04"), "a bridge".to_owned());
    assert_eq!(differences(&file, &source), ["2027-05-03 노동절 대체 휴일 is missing", "2027-05-04 is too many"]);
}

#[test]
fn the_holidays_of_the_file_follow_the_law() {
    for (year, days) in file() {
        // The days that have a fixed date, the two of 2026 among them.
        for fixed in ["01-01", "03-01", "05-01", "05-05", "06-06", "07-17", "08-15", "10-03", "10-09", "12-25"] {
            assert!(days.contains_key(&day(&format!("{year}-{fixed}"))), "{year}-{fixed}");
        }
        for (date, name) in &days {
            let substitute = name.starts_with("대체공휴일(");
            let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert!(!(substitute && weekend), "{date} {name}: a substitute is a working day");
            // 1월 1일 and 현충일 have no substitute; 설날 and 추석 only for a Sunday.
            let replaced = |of: &str| days.values().any(|name| *name == format!("대체공휴일({of})"));
            match name.as_str() {
                "1월 1일" | "현충일" => assert!(!replaced(name), "{year} {name}"),
                "3·1절" | "노동절" | "어린이날" | "제헌절" | "광복절" | "한글날" | "기독탄신일" | "부처님 오신 날" =>
                {
                    assert_eq!(replaced(name), weekend, "{year} {name}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn topics_keep_bytes_as_long_as_a_holiday_can_move_an_end() {
    let holidays = holidays();
    let moved = |first: Date| first.until(holidays.business_day_from(first)).unwrap().get_days();
    let mut longest = 0;
    let mut date = day("2026-01-01");
    while date.year() <= FIRST + HOLIDAY_YEARS_AHEAD {
        longest = longest.max(moved(date));
        date = date.tomorrow().unwrap();
    }
    // And the day on which the term ends.
    assert_eq!(longest as u64 + 1, TIER_KEEP_EXTRA_DAYS);
}

fn any_term() -> impl Strategy<Value = Term> {
    prop_oneof![
        (1..4_000_u32).prop_map(Term::days),
        (1..121_u32).prop_map(Term::months),
        (1..11_u32).prop_map(Term::years),
    ]
}

/// Any set of holidays in the years around a day, and which of them are known.
fn any_holidays() -> impl Strategy<Value = Vec<(Date, bool)>> {
    let first = day_of(day("2024-01-01"));
    prop::collection::vec((first..first + 6_000, any::<bool>()), 0..400)
        .prop_map(|days| days.into_iter().map(|(at, known)| (date(at).unwrap(), known)).collect())
}

fn by_year(days: impl Iterator<Item = Date>) -> Holidays {
    let mut years: BTreeMap<i16, BTreeSet<Date>> = BTreeMap::new();
    for day in days {
        years.entry(day.year()).or_default().insert(day);
    }
    Holidays::new(years)
}

/// The fifth business day after a day, counted one by one.
fn counted(from: Date, holidays: &Holidays) -> Date {
    let mut days = Vec::new();
    let mut next = from;
    while days.len() < DESTROY_BUSINESS_DAYS as usize {
        next = next.tomorrow().unwrap();
        if holidays.is_business_day(next) {
            days.push(next);
        }
    }
    next
}

proptest! {
    /// A holiday that is not known makes a deadline earlier, never later; a minimum is never cut short.
    #[test]
    fn fewer_holidays_never_put_a_deadline_off(
        term in any_term(),
        event in day_of(Date::constant(2024, 1, 1))..day_of(Date::constant(2029, 12, 31)),
        days in any_holidays(),
        legal: bool,
    ) {
        let all = by_year(days.iter().map(|(day, _)| *day));
        let fewer = by_year(days.iter().filter(|(_, known)| *known).map(|(day, _)| *day));
        let (more, less) = (term.window(event, legal, &all).unwrap(), term.window(event, legal, &fewer).unwrap());
        let last = date(term.last_day(event).unwrap()).unwrap();
        prop_assert!(less.destroy_by <= more.destroy_by && less.keep_until <= more.keep_until);
        for (window, holidays) in [(more, &all), (less, &fewer)] {
            prop_assert!(window.keep_until >= last && (legal || window.keep_until == last));
            prop_assert!(!legal || holidays.is_business_day(window.keep_until));
            // There is always a day on which a record may go and need not be gone yet.
            prop_assert!(window.destroy_by > window.keep_until);
            prop_assert_eq!(window.destroy_by, counted(last, holidays));
        }
    }

    /// A later event never ends earlier, so that a store can be destroyed day by day.
    #[test]
    fn later_events_end_later(
        term in any_term(),
        event in day_of(Date::constant(2024, 1, 1))..day_of(Date::constant(2029, 12, 31)),
        days in any_holidays(),
        legal: bool,
    ) {
        let holidays = by_year(days.iter().map(|(day, _)| *day));
        let (one, next) = (term.window(event, legal, &holidays).unwrap(), term.window(event + 1, legal, &holidays).unwrap());
        prop_assert!(one.keep_until <= next.keep_until && one.destroy_by <= next.destroy_by);
    }
}

#[test]
fn a_file_that_lacks_a_year_fails_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let config = |name: &str| fs::read_to_string(root().join("config").join(name)).unwrap();
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, config("access-log.toml")).unwrap();
    let this = shipped().plan.zone.to_datetime(jiff::Timestamp::now()).year();
    let years = |to: i16| {
        let years = (this..=to).map(|year| format!("[{year}]\n{year}-03-01 = \"3·1절\"\n"));
        fs::write(folder.path().join("holidays-kr.toml"), format!("version = 1\n{}", years.collect::<String>()))
            .unwrap();
    };
    let check = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_garim"))
            .args(["check", "--policy"])
            .arg(&policy)
            .env_clear()
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    years(this + HOLIDAY_YEARS_AHEAD);
    assert_eq!(check().0, Some(0), "{}", check().1);
    years(this + HOLIDAY_YEARS_AHEAD - 2);
    let (code, said) = check();
    assert_eq!(code, Some(78));
    let missing = format!("the holidays of {}, {} are missing", this + 5, this + 6);
    assert!(said.contains("error[G0139]") && said.contains(&missing), "{said}");
    // It runs all the same: the year counts as having none.
    assert!(!policy::load(&policy).unwrap().plan.holidays.covers(this + HOLIDAY_YEARS_AHEAD));
}

#[test]
fn the_digest_is_that_of_the_policy_alone() {
    let text = fs::read_to_string(root().join("config/access-log.toml")).unwrap();
    let digest = |holidays: &str| {
        let policy = policy::parse_with(Path::new("p.toml"), &text, &|_| Ok(holidays.to_owned())).unwrap();
        (policy.plan.digest, policy.plan.holidays)
    };
    let (none, some) = (digest("version = 1\n"), digest("version = 1\n[2026]\n2026-03-02 = \"a day\"\n"));
    assert_eq!(none.0, some.0);
    assert_ne!(none.1, some.1);
}
