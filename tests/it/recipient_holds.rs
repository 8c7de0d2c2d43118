//! What tiers and recipients hold: classes, items, tiers of certain sources, and for how long.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy::{self, Policy};
use garim::pseudonym::epoch::KeyRing;
use garim::record::{Position, Record};
use garim::secret::{Key, Plain};

/// Two services, three tiers and two recipients, each with one thing that it does not hold.
const POLICY: &str = r#"
policy    = "two-services"
effective = 2026-10-01
timezone  = "Asia/Seoul"

[tiers.service]
keep    = "1 year"
purpose = ["U3"]
epoch   = "year"

[tiers.login]
keep  = "3 months"
holds = ["uid"]

[tiers.numbers]
keep    = "1 year"
purpose = ["U4"]
holds   = ["uid", "os"]

[classes.uid]
kind = "id"
do   = "pseudonymize"

[classes.name]
kind = "text"
do   = { service = "mask all" }

[classes.os]
kind = "code"
do   = "keep"

[layout]
topic    = "{source}.activity"
format   = "json"
time     = "/event_at"
category = "/category"
event    = "/event"
items    = "/items"

[envelope]
event_at = { kind = "time" }
event    = { kind = "code" }

[fields]
login_id = { label = "아이디", class = "uid" }
name     = { label = "이름", class = "name" }
amount   = { label = "금액", kind = "code" }
os       = { label = "운영체제", class = "os" }
visit_at = { label = "방문일시", kind = "time" }

[categories.activity]
label     = "활동기록"
at        = "/activity"
purpose   = ["U3", "U4"]
automatic = ["os", "visit_at"]

[sources.mail.categories.member]
label    = "멤버 정보"
purpose  = ["U3"]
required = ["login_id", "name", "amount"]
to       = ["service"]

[sources.talk.categories.member]
label    = "멤버 정보"
purpose  = ["U3"]
required = ["login_id", "name"]
to       = ["service"]

[[also]]
to = ["login", "numbers"]

[recipients.desk]
sources = ["mail"]
tiers   = ["service", "login"]
only    = { talk = ["login"] }
duty    = "consultation"
items   = ["login_id", "name"]
holds   = ["uid", "name"]
enabled = true

[recipients.bureau]
sources = ["mail"]
tiers   = ["service"]
grant   = { ground = "law", reason = "a writ of 2026-11-01", until = 2026-11-23 }
enabled = true
"#;

fn policy() -> Policy {
    policy::parse(Path::new("p.toml"), POLICY).unwrap_or_else(|faults| panic!("{}", faults.render(false)))
}

/// What leaves of a record by tier and share, without what garim adds and with tokens as `P`; and what was withheld.
fn left(source: &str, at: &str, arrived: Option<&str>) -> (BTreeMap<String, String>, Vec<String>) {
    let engine = Engine::new(policy().plan, Limits { past_days: 30, future_days: 1 }).unwrap();
    let value = format!(
        r#"{{"category":"member","event":"login","event_at":"{at}","items":{{"login_id":"hana","name":"김하나","amount":"7"}},"activity":{{"os":"Android","visit_at":"{at}"}}}}"#
    );
    let record = Record {
        input: engine.input(&format!("{source}.activity")).unwrap(),
        position: Position { partition: 0, offset: 0 },
        timestamp_ms: arrived.map(|at| at.parse::<jiff::Timestamp>().unwrap().as_millisecond()),
        key: None,
        value: Some(Plain(value.as_bytes())),
        headers: &[],
    };
    let mut treated = Treated::default();
    let keys = KeyRing::ephemeral(Key::new(b"a key of tests, no secret at all"));
    engine.treat(&mut Scratch::new(), &keys, &[record], &mut treated).unwrap();
    assert!(treated.refusals.is_empty(), "{:?}", treated.refusals);
    let name = |tier: usize| engine.tiers()[tier].name.to_string();
    let outputs = treated.outputs.iter().map(|output| {
        let bytes = &treated.bytes[output.value.clone().unwrap()];
        let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        value.as_object_mut().unwrap().remove("garim");
        if let Some(token) = value.pointer_mut("/items/login_id") {
            *token = "P".into();
        }
        (name(usize::from(output.tier.0)), value.to_string())
    });
    let outputs = outputs.collect();
    let withheld = treated.tally.withheld.iter().enumerate().filter(|(_, count)| **count > 0);
    (outputs, withheld.map(|(tier, _)| name(tier)).collect())
}

#[test]
fn a_tier_holds_what_its_classes_and_purposes_say() {
    let (outputs, withheld) = left("mail", "2026-11-23T10:20:30+09:00", Some("2026-11-23T10:20:30+09:00"));
    let expected = [
        // Everything but what has another purpose; this tier names no classes.
        (
            "service",
            r#"{"activity":{"os":"Android","visit_at":"2026-11-23T10:20:30+09:00"},"event":"login","event_at":"2026-11-23T10:20:30+09:00","items":{"amount":"7","login_id":"P","name":"****"}}"#,
        ),
        // One class, and times; `name` and `amount`, which has no class, are not held. No word of `do` is missed.
        (
            "login",
            r#"{"activity":{"visit_at":"2026-11-23T10:20:30+09:00"},"event":"login","event_at":"2026-11-23T10:20:30+09:00","items":{"login_id":"P"}}"#,
        ),
        // The class is held, but a member is kept for U3, and this tier is for U4.
        (
            "numbers",
            r#"{"activity":{"os":"Android","visit_at":"2026-11-23T10:20:30+09:00"},"event":"login","event_at":"2026-11-23T10:20:30+09:00"}"#,
        ),
        // To the letter: neither a time among the items nor what has no class.
        (
            "service@desk",
            r#"{"event":"login","event_at":"2026-11-23T10:00:00+09:00","items":{"login_id":"P","name":"****"}}"#,
        ),
        ("login@desk", r#"{"event":"login","event_at":"2026-11-23T10:00:00+09:00","items":{"login_id":"P"}}"#),
        (
            "service@bureau",
            r#"{"activity":{"os":"Android","visit_at":"2026-11-23T10:00:00+09:00"},"event":"login","event_at":"2026-11-23T10:00:00+09:00","items":{"amount":"7","login_id":"P","name":"****"}}"#,
        ),
    ];
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(tier, value)| (tier.to_owned(), value.to_owned())).collect();
    assert_eq!((outputs, withheld), (expected, vec![]));
}

#[test]
fn of_some_sources_a_recipient_gets_some_tiers_only() {
    let (outputs, _) = left("talk", "2026-11-23T10:20:30+09:00", None);
    assert_eq!(outputs.keys().collect::<Vec<_>>(), ["login", "login@desk", "numbers", "service"]);
}

#[test]
fn nothing_is_sent_after_the_last_day_of_a_grant() {
    // The day is the policy's, which ends at 15:00 of the world's.
    for (at, arrived, sent) in [
        ("2026-11-23T09:00:00+09:00", Some("2026-11-23T14:59:59.999Z"), true),
        ("2026-11-23T09:00:00+09:00", Some("2026-11-23T15:00:00.000Z"), false),
        ("2026-11-24T09:00:00+09:00", Some("2026-11-23T14:00:00.000Z"), true),
        // Where nobody knows when it arrived, its event says.
        ("2026-11-23T23:59:59+09:00", None, true),
        ("2026-11-24T00:00:00+09:00", None, false),
    ] {
        let (outputs, withheld) = left("mail", at, arrived);
        assert_eq!(outputs.contains_key("service@bureau"), sent, "{at} {arrived:?}");
        assert_eq!(withheld, if sent { vec![] } else { vec!["service@bureau".to_owned()] }, "{at} {arrived:?}");
        assert!(outputs.contains_key("service") && outputs.contains_key("service@desk"));
    }
}

/// `garim` with settings that name the policy and say this of Kafka.
fn garim(verb: &str, recipient: &str, kafka: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.toml"), format!("{}\n{recipient}", POLICY)).unwrap();
    let settings = folder.path().join("garim.toml");
    fs::write(
        &settings,
        format!("policy = \"p.toml\"\n[kafka]\nbrokers = \"kafka.example:9092\"\n{kafka}\n[keys]\ndir = \"keys\"\n"),
    )
    .unwrap();
    Command::new(env!("CARGO_BIN_EXE_garim")).env_clear().arg("-c").arg(settings).arg(verb).output().unwrap()
}

#[test]
fn nothing_goes_abroad_in_clear() {
    let abroad =
        "[recipients.abroad]\nsources = [\"mail\"]\ntiers = [\"login\"]\nduty = \"consultation\"\ncountry = \"JP\"";
    for (enabled, kafka, refused) in [
        (true, "allow-plaintext = true", true),
        (false, "allow-plaintext = true", false),
        (true, "allow-plaintext = true\nproperties.security.protocol = \"SSL\"", false),
        (true, "properties.security.protocol = \"SSL\"", false),
    ] {
        let recipient = format!("{abroad}\nenabled = {enabled}");
        let said = String::from_utf8(garim("check", &recipient, kafka).stdout).unwrap();
        assert_eq!(said.contains("G0184"), refused, "{kafka}: {said}");
        let home = recipient.replace("JP", "KR");
        let said = String::from_utf8(garim("check", &home, kafka).stdout).unwrap();
        assert!(!said.contains("G0184"), "{said}");
        if refused {
            let run = garim("run", &recipient, kafka);
            let said = String::from_utf8(run.stderr).unwrap();
            assert_eq!((run.status.code(), said.contains("G0184")), (Some(78), true), "{said}");
        }
    }
}

#[test]
fn a_grant_that_has_ended_is_told() {
    let grant = |until| {
        format!(
            "[recipients.court]\nsources = [\"mail\"]\ntiers = [\"login\"]\nenabled = true\n\
             grant = {{ ground = \"law\", reason = \"a writ\", until = {until} }}"
        )
    };
    let told = |until| {
        let said = String::from_utf8(garim("check", &grant(until), "allow-plaintext = true").stdout).unwrap();
        said.contains("the grant of `court` has ended")
    };
    assert!(told("2020-02-29"));
    assert!(!told("9999-12-31"));
}
