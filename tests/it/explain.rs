//! Why a record goes where it goes, and why not elsewhere: tier by tier, field by field.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use garim::engine::{Engine, Limits};
use garim::policy::explain::{Absent, Explanation, Ruling, Why};
use garim::policy::{self, Policy};
use garim::pseudonym::epoch::KeyRing;
use garim::secret::Key;

const LIMITS: Limits = Limits { past_days: 36_500, future_days: 36_500 };

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/notice")
}

/// The sample of the notice, with these words replaced.
fn sample(replaced: &[(&str, &str)]) -> Policy {
    let text = fs::read_to_string(folder().join("sample.toml")).unwrap();
    let text = replaced.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let read = |named: &Path| fs::read_to_string(folder().join(named));
    policy::parse_with(Path::new("sample.toml"), &text, &read).unwrap_or_else(|faults| panic!("{faults}"))
}

fn explained(policy: &Policy, source: &str, value: &str, timestamp: Option<&str>) -> Explanation {
    let engine = Engine::new(policy.plan.clone(), LIMITS).unwrap();
    let keys = KeyRing::ephemeral(Key::new(&[7; 32]));
    let source = policy.plan.sources.iter().position(|known| &*known.name == source).unwrap();
    let timestamp_ms = timestamp.map(|text| text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    policy::explain::explain(policy, &engine, &keys, source, value.as_bytes(), timestamp_ms).unwrap()
}

/// `tier by also; not tier: why` of a record.
fn ways(policy: &Policy, explained: &Explanation) -> Vec<String> {
    let name = |tier: garim::route::TierId| policy.plan.tiers[usize::from(tier.0)].name.to_string();
    let taken = explained.tiers.iter().map(|target| {
        let led = target.led.iter().map(|led| if led.also { "also" } else { "route" });
        format!("{} by {}", name(target.tier), led.collect::<Vec<_>>().join("+"))
    });
    let passed = explained.passed.iter().map(|passed| {
        let why = match &passed.why {
            Why::NoRoute { condition, .. } => format!("no route for {condition}"),
            Why::Hidden { .. } => "hidden".to_owned(),
            Why::Condition { condition } => format!("condition on {condition}"),
            Why::OtherTenant => "other tenant".to_owned(),
            Why::Expired { last } => format!("expired {last}"),
            Why::TooLate => "too late".to_owned(),
            Why::GrantEnded => "grant ended".to_owned(),
            Why::Refused => "refused".to_owned(),
        };
        format!("not {}: {why}", name(passed.tier))
    });
    taken.chain(passed).collect()
}

/// A record of a member.
fn member(event: &str, more: &str) -> String {
    format!(
        r#"{{"category":"member","event":"{event}","event_at":"2026-11-23T09:15:42+09:00","tenant_id":"t-1",
        "items":{{"name":"홍길동","login_id":"a@example.com","birth_date":"1990-01-01"}},
        "activity":{{"visit_at":"2026-11-23T09:15:42+09:00"}}{more}}}"#
    )
}

#[test]
fn every_tier_of_the_source_takes_a_record_or_says_why_not() {
    let plain = sample(&[]);
    let login = ["until-left by route", "login-3m by also", "analytics by also", "analytics@lab by also"];
    for (value, timestamp, expected) in [
        (member("login", ""), None, &login[..]),
        (
            member("view", ""),
            None,
            &["until-left by route", "analytics by also", "analytics@lab by also", "not login-3m: no route for /event"],
        ),
        (
            member("login", ""),
            Some("2026-11-30T00:00:00Z"),
            &["analytics by also", "analytics@lab by also", "not until-left: too late", "not login-3m: too late"],
        ),
        (
            member("login", ""),
            Some("2027-02-24T00:00:00Z"),
            &[
                "analytics by also",
                "analytics@lab by also",
                "not until-left: too late",
                "not login-3m: expired 2027-02-23",
            ],
        ),
        // Refused as a whole: nothing of it is anywhere.
        (
            member("login", ",\"garim\":1"),
            None,
            &[
                "not until-left: refused",
                "not login-3m: refused",
                "not analytics: refused",
                "not analytics@lab: refused",
            ],
        ),
    ] {
        let found = explained(&plain, "mail", &value, timestamp);
        assert_eq!(ways(&plain, &found), expected, "{value} {timestamp:?}");
    }
}

#[test]
fn conditions_of_tiers_and_tenants_of_recipients_are_reasons() {
    let asked = sample(&[
        ("time    = \"hour\"\n", "time    = \"hour\"\nwhen    = { at = \"/consent/analytics\", is = true }\n"),
        ("enabled = true", "enabled = true\ntenants = [\"t-9\"]"),
        ("sources = [\"mail\", \"gate\"]", "sources = [\"mail\"]"),
    ]);
    let found = explained(&asked, "mail", &member("view", ""), None);
    assert_eq!(
        ways(&asked, &found)[1..],
        [
            "not login-3m: no route for /event",
            "not analytics: condition on /consent/analytics",
            "not analytics@lab: condition on /consent/analytics",
        ]
    );
    let found = explained(&asked, "mail", &member("view", ",\"consent\":{\"analytics\":true}"), None);
    assert_eq!(
        ways(&asked, &found)[1..],
        ["analytics by also", "not login-3m: no route for /event", "not analytics@lab: other tenant",]
    );
}

#[test]
fn a_tier_that_does_not_hold_an_item_says_by_which_rule() {
    let held = sample(&[
        ("group         = \"legal\"\n", "group         = \"legal\"\nholds         = [\"uid\"]\n"),
        ("optional = [\"birth_date\"]", "optional = [\"birth_date\"]\nnot-in = [\"login-3m\"]"),
    ]);
    let found = explained(&held, "mail", &member("login", ",\"consent\":{\"optional\":true}"), None);
    let absent = |at: &str| {
        let field = found.fields.iter().find(|field| field.at == at).unwrap();
        let Ruling::Item { absent, .. } = &field.rule else { panic!("{at} has no item") };
        let name = |tier: garim::route::TierId| held.plan.tiers[usize::from(tier.0)].name.to_string();
        absent.iter().map(|(tier, why)| (name(*tier), *why)).collect::<Vec<_>>()
    };
    let everywhere = |login| {
        vec![
            ("login-3m".to_owned(), login),
            ("analytics".to_owned(), Absent::Purpose),
            ("analytics@lab".to_owned(), Absent::Purpose),
        ]
    };
    assert_eq!(absent("/items/name"), everywhere(Absent::Category));
    assert_eq!(absent("/items/birth_date"), everywhere(Absent::Category));
    assert_eq!(absent("/activity/visit_at"), [], "a time is held wherever its category is");
    let held = sample(&[("group         = \"legal\"\n", "group         = \"legal\"\nholds         = [\"uid\"]\n")]);
    let found = explained(&held, "mail", &member("login", ""), None);
    let field = found.fields.iter().find(|field| field.at == "/items/name").unwrap();
    assert!(matches!(&field.rule, Ruling::Item { absent, .. } if absent[0].1 == Absent::Class), "{:?}", field.rule);
}

#[test]
fn a_place_that_is_written_a_little_differently_is_named() {
    let policy = sample(&[]);
    let value = member("view", "").replace("login_id", "loginid");
    let found = explained(&policy, "mail", &value, None);
    let field = found.fields.iter().find(|field| field.at == "/items/loginid").unwrap();
    assert_eq!(field.near.as_ref().map(|(name, _)| name.as_str()), Some("member.login_id"));
    let known = found.fields.iter().find(|field| field.at == "/items/name").unwrap();
    assert!(known.near.is_none());
}

#[test]
fn the_verb_tells_all_of_it_and_shapes_only() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), member("view", "").replace('\n', "")).unwrap();
    let garim = |arguments: &[&str]| {
        let policy = format!("--policy={}", folder().join("sample.toml").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
        command.args(["explain", &policy, "--source=mail"]).arg(file.path()).args(arguments).env_clear();
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let said = garim(&[]);
    for part in [
        "tier until-left, kept until 2027-11-23, gone by 2027-11-30, with the key of 2026, seals with that of 2026-11-23",
        "  led here by the route at ",
        "  also led here by the route at ",
        "not in login-3m: no route leads there; the nearest (",
        "until-left: pseudonymize, key of 2026\n",
        "analytics holds nothing of it: the tier serves none of its purposes",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("홍길동") && !said.contains("a@example.com"), "{said}");
    assert!(garim(&["--show-values"]).contains("홍길동"));
    let document: serde_json::Value = serde_json::from_str(&garim(&["--format=json"])).unwrap();
    assert_eq!(document["passed"][0]["reason"], "no-route");
    assert_eq!(
        (&document["tiers"][0]["epoch"], &document["tiers"][0]["routes"][0]["also"]),
        (&"2026".into(), &false.into())
    );
    let name = document["fields"].as_array().unwrap().iter().find(|field| field["at"] == "/items/name").unwrap();
    assert_eq!(name["rule"]["absent"]["analytics"], "the tier serves none of its purposes");
}

/// A text tells what was found in it and why, what looked like it and why it was not taken, and no value of either.
#[test]
fn findings_tell_their_evidence_and_look_alikes_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("lines.toml");
    let text = r#"
        policy = "lines"
        effective = 2026-10-01
        timezone = "Asia/Seoul"
        [tiers.short]
        keep = "3 months"
        [sources.app]
        topics = ["app.activity"]
        format = "json"
        time = "/at"
        [[sources.app.items]]
        item = "at"
        at = "/at"
        kind = "time"
        [[sources.app.items]]
        item = "note"
        at = "/note"
        kind = "text"
        do = "scan"
        [[sources.app.items]]
        item = "phone"
        at = "/phone"
        kind = "text"
        do = "scan"
        [[sources.app.routes]]
        to = ["short"]
    "#;
    fs::write(&policy, text).unwrap();
    let record = folder.path().join("record.json");
    let note = "연락처 010-1234-0000, 접수 010-0000-0000";
    let value = format!(r#"{{"at":"2026-11-23T09:15:42+09:00","note":"{note}","phone":"010 9999 0000"}}"#);
    fs::write(&record, value).unwrap();
    let garim = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
        command.args(["explain", &format!("--policy={}", policy.display())]).arg(&record).args(arguments).env_clear();
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = garim(&[]);
    for part in [
        "  found a kr_phone in bytes 10 to 23, by its shape, label\n    short: mask\n",
        "  not a kr_phone in bytes 32 to 45: such a number was never issued\n",
        "  found a kr_phone in bytes 0 to 13, by its shape, field",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("1234-0000") && !said.contains("0000-0000") && !said.contains("9999"), "{said}");
    let said = garim(&["--show-values"]);
    assert!(said.contains("in bytes 10 to 23 = 010-1234-0000, by its"), "{said}");
    assert!(said.contains("in bytes 32 to 45 = 010-0000-0000: such"), "{said}");
    let document: serde_json::Value = serde_json::from_str(&garim(&["--format=json"])).unwrap();
    let fields = document["fields"].as_array().unwrap();
    let note = fields.iter().find(|field| field["at"] == "/note").unwrap();
    assert_eq!(note["findings"][0]["evidence"], serde_json::json!(["shape", "label"]));
    assert_eq!(note["look_alikes"][0]["reason"], "such a number was never issued");
    assert_eq!(note["look_alikes"][0]["span"], serde_json::json!([32, 45]));
}
