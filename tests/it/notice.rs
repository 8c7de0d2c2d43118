//! The notice as a policy prints it; `UPDATE=1` rewrites what is expected.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use garim::policy::notice::{Notice, Row, TierRow, notice};
use garim::policy::{self, Policy};
use jiff::civil::{Date, date};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/notice")
}

fn sample() -> Policy {
    match policy::load(&folder().join("sample.toml")) {
        Ok(policy) => policy,
        Err(faults) => panic!("{faults}"),
    }
}

fn golden(name: &str, found: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expected, found, "{name}: look at it, then UPDATE=1");
}

fn pretty(notice: &Notice) -> String {
    format!("{}\n", serde_json::to_string_pretty(&notice.json()).unwrap())
}

#[test]
fn the_sample_prints_as_it_was_looked_at() {
    let policy = sample();
    let notice = notice(&policy, date(2026, 11, 23));
    golden("sample.md", &notice.markdown());
    golden("sample.html", &notice.html());
    golden("sample.json", &pretty(&notice));
}

/// Placed beside sections 1 and 2 of the notice: the same services, items and periods, in Korean.
#[test]
fn the_shipped_policy_prints_the_notice() {
    let policy = policy::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kakao-work.toml"));
    let policy = policy.unwrap_or_else(|faults| panic!("{faults}"));
    let notice = notice(&policy, date(2026, 11, 23));
    golden("table.md", &notice.markdown());
    golden("table.html", &notice.html());
    // Every item of the inventory stands in exactly one row.
    let items: usize = notice.rows.iter().map(|row| row.fields.len()).sum();
    assert_eq!((notice.rows.len(), items, notice.tiers.len()), (22, 122, 16));
    // A label that is still a name of the policy is no word for the public; those of recipients may be Latin.
    let korean = |label: &str| label.chars().any(|c| ('가'..='힣').contains(&c));
    for row in &notice.rows {
        let fields = row.fields.iter().map(|field| &field.field);
        for named in fields.chain(&row.category).chain(&row.service).chain(&row.purposes) {
            assert!(korean(&named.label) || named.label == "IP", "{named:?}");
        }
    }
}

fn row<'n>(notice: &'n Notice, service: Option<&str>, category: &str) -> &'n Row {
    let found = notice.rows.iter().find(|row| {
        row.service.as_ref().map(|service| service.name.as_str()) == service
            && row.category.as_ref().is_some_and(|own| own.name == category)
    });
    found.unwrap_or_else(|| panic!("no row of {category}"))
}

/// `name: way in tiers, way in tiers; part: ...` of a field.
fn treated(row: &Row, field: &str) -> String {
    let field = row.fields.iter().find(|own| own.field.name == field).expect("a field of the row");
    let treatments = field.treatments.iter().map(|treatment| {
        let ways: Vec<String> =
            treatment.ways.iter().map(|(done, tiers)| format!("{done} in {}", tiers.join("+"))).collect();
        let part = treatment.part.as_ref().map_or_else(String::new, |part| format!("{}: ", part.name));
        format!("{part}{}", ways.join(", "))
    });
    treatments.collect::<Vec<_>>().join("; ")
}

#[test]
fn each_item_says_what_is_done_to_it_in_which_tier() {
    let policy = sample();
    let notice = notice(&policy, date(2026, 11, 23));
    let member = row(&notice, Some("mail"), "member");
    for (field, expected) in [
        ("name", "가림(앞 1자 표시) in until-left"),
        ("login_id", "가명처리 in until-left, 가명처리·암호화 보관 in login-3m"),
        ("birth_date", "일반화(연도) in until-left"),
    ] {
        assert_eq!(treated(member, field), expected, "{field}");
    }
    // Nothing of it leaves, whatever the tier.
    assert!(treated(member, "password").starts_with("삭제 in "));
    let kept: Vec<&str> = member.kept.iter().map(|kept| kept.term.as_str()).collect();
    assert_eq!(kept, ["멤버 퇴사 시까지, 최대 1년", "3개월 (통신비밀보호법)"]);
    // The common category stands once, with the tiers of every service.
    let common = row(&notice, None, "activity");
    assert_eq!(
        treated(common, "visit_at"),
        "일반화(분) in until-left, 그대로(초) in login-3m, 일반화(시간) in analytics"
    );
    assert_eq!(
        treated(common, "device_info"),
        "os: 그대로 in until-left+login-3m+analytics; adid: 가명처리 in until-left, 가명처리·암호화 보관 in login-3m"
    );
}

/// A category whose name ends as a field begins: its field was told as a part of itself.
#[test]
fn a_field_is_no_part_of_itself_whatever_its_category_is_called() {
    let text = r#"
policy    = "names"
effective = 2026-10-01
timezone  = "Asia/Seoul"

[tiers.service]
keep = "1 year"

[classes.uid]
kind = "id"
do   = "pseudonymize"

[layout]
topic    = "{source}.activity"
format   = "json"
time     = "/event_at"
category = "/category"
event    = "/event"
items    = "/items"

[fields]
name   = { label = "이름", class = "uid" }
device = { label = "기기", parts = { os = { class = "uid" } } }

[sources.mail.categories.full_name]
label    = "이름 정보"
purpose  = ["U1"]
required = ["name", "device"]
to       = ["service"]
"#;
    let policy = policy::parse(Path::new("names.toml"), text).unwrap_or_else(|faults| panic!("{faults}"));
    let notice = notice(&policy, date(2026, 11, 23));
    let parts = notice.rows[0].fields.iter().flat_map(|field| &field.treatments).map(|treatment| &treatment.part);
    let parts: Vec<Option<&str>> = parts.map(|part| part.as_ref().map(|part| part.name.as_str())).collect();
    assert_eq!(parts, [None, Some("os")]);
}

#[test]
fn deadlines_are_those_of_the_day_that_is_asked_for() {
    let policy = sample();
    let windows = |day: Date| -> Vec<String> {
        let notice = notice(&policy, day);
        let say = |day: Option<Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        let tier = |tier: &TierRow| {
            let days = [tier.keep_until, tier.destroy_by, tier.taken_until].map(say).join(" ");
            format!("{} {days}", tier.tier.name)
        };
        notice.tiers.iter().map(tier).collect()
    };
    assert_eq!(
        windows(date(2026, 11, 23)),
        [
            "until-left - 2027-11-30 2026-11-26",
            "login-3m 2027-02-23 2027-03-03 2026-11-26",
            "analytics 2027-11-23 2027-11-30 -",
        ]
    );
    // The end of November, three months on, in a year whose February has 28 days; and a Sunday, which moves by the law.
    assert_eq!(windows(date(2026, 11, 30))[1], "login-3m 2027-03-02 2027-03-08 2026-12-03");
}

#[test]
fn recipients_show_what_they_would_get_before_they_are_enabled() {
    let policy = sample();
    let notice = notice(&policy, date(2026, 11, 23));
    let said: Vec<String> = notice
        .recipients
        .iter()
        .map(|row| {
            let services = row.services.iter().map(|(service, tiers)| format!("{} {}", service.name, tiers.join("+")));
            let fields: Vec<&str> = row.fields.iter().map(|field| field.name.as_str()).collect();
            format!(
                "{} {} [{}] {}",
                row.recipient.name,
                row.enabled,
                services.collect::<Vec<_>>().join(", "),
                fields.join(" ")
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "desk false [mail until-left+analytics] name login_id birth_date visit_at device_info",
            "lab true [mail analytics] visit_at device_info",
        ]
    );
}

#[test]
fn a_policy_without_categories_has_a_row_for_each_source() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/access-log.toml");
    let policy = policy::load(&path).unwrap();
    let notice = notice(&policy, date(2026, 11, 23));
    assert_eq!(notice.rows.len(), policy.file.sources.len());
    assert!(notice.rows.iter().all(|row| row.category.is_none() && !row.fields.is_empty() && !row.kept.is_empty()));
}

#[test]
fn the_verb_prints_the_form_that_is_asked_for() {
    let sample = folder().join("sample.toml");
    let garim = |arguments: &[&str]| {
        let policy = format!("--policy={}", sample.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
        let output = command.args(["policy", "table", &policy]).args(arguments).env_clear().output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let day = "--event-day=2026-11-23";
    assert_eq!(garim(&[day]), (0, read("sample.md")));
    assert_eq!(garim(&[day, "--as=html"]), (0, read("sample.html")));
    for arguments in [&[day, "--as=json"][..], &[day, "--format=json"]] {
        let (code, said) = garim(arguments);
        let found: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((code, found), (0, serde_json::from_str(&read("sample.json")).unwrap()));
    }
    assert!(garim(&[]).1.contains("(2026-10-01 발생 기록 기준)"));
    assert_eq!(garim(&["--event-day=tomorrow"]).0, 2);
}
