//! Which records the shipped policy sends to whom once a recipient is enabled, and what bounds its tiers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy::{self, Policy};
use garim::pseudonym::epoch::KeyRing;
use garim::record::{Position, Record};
use garim::secret::{Key, Plain};

/// The shipped policy with some words replaced; each must stand in it.
fn shipped(changes: &[(&str, &str)]) -> Policy {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/kakao-work.toml");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let read = |named: &Path| std::fs::read_to_string(path.with_file_name(named));
    policy::parse_with(&path, &text, &read).unwrap_or_else(|faults| panic!("{}", faults.render(false)))
}

/// The tiers and shares that a record goes to, by name.
fn taken(policy: &Policy, topic: &str, value: &str) -> BTreeSet<String> {
    let engine = Engine::new(policy.plan.clone(), Limits { past_days: 30, future_days: 1 }).unwrap();
    let record = Record {
        input: engine.input(topic).unwrap(),
        position: Position { partition: 0, offset: 0 },
        timestamp_ms: None,
        key: None,
        value: Some(Plain(value.as_bytes())),
        headers: &[],
    };
    let mut treated = Treated::default();
    let keys = KeyRing::ephemeral(Key::new(b"a key of tests, no secret at all"));
    engine.treat(&mut Scratch::new(), &keys, &[record], &mut treated).unwrap();
    assert!(treated.refusals.is_empty(), "{:?}", treated.refusals);
    treated.outputs.iter().map(|output| engine.tiers()[usize::from(output.tier.0)].name.to_string()).collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn no_record_about_the_public_sector_service_goes_to_a_processor() {
    let enabled = shipped(&[("enabled = false", "enabled = true"), ("tenants = []", "tenants = [\"t-1\"]")]);
    for (facts, shared) in [
        (r#","facts":{"origin":"kakaowork"}"#, true),
        (r#","facts":{"origin":"web"}"#, true),
        (r#","facts":{"origin":"kakaowork-gov"}"#, false),
        // What does not say where it comes from counts as public sector.
        (r#","facts":{"origin":null}"#, false),
        (r#","facts":{}"#, false),
        ("", false),
    ] {
        let record = format!(
            r#"{{"service":"support","category":"inquiry","event":"complaint","event_at":"2026-11-23T15:00:00+09:00","items":{{"email":"hana@example.org"}}{facts}}}"#
        );
        let own = ["until-case-closed", "dispute-3y"];
        let all = [
            "until-case-closed@transcosmos",
            "dispute-3y@transcosmos",
            "until-case-closed@gs-neotek",
            "until-case-closed@zendesk",
            "dispute-3y@zendesk",
        ];
        let expected = if shared { names(&[&own[..], &all[..]].concat()) } else { names(&own) };
        assert_eq!(taken(&enabled, "support.activity", &record), expected, "{facts}");
    }
}

#[test]
fn an_agency_shares_its_statistics_only() {
    let enabled = shipped(&[("enabled = false", "enabled = true"), ("tenants = []", "tenants = [\"g-1\"]")]);
    let record = r#"{"service":"kakaowork-gov","category":"member","event":"login","event_at":"2026-11-23T15:00:00+09:00","tenant_id":"g-1","items":{"name":"홍길동"}}"#;
    let expected = names(&["until-contract-end", "login-3m", "analytics", "analytics@kakao"]);
    assert_eq!(taken(&enabled, "kakaowork-gov.activity", record), expected);
}

#[test]
fn who_carried_a_message_gets_its_history_and_no_other_carrier() {
    let enabled = shipped(&[("enabled = false", "enabled = true"), ("tenants = []", "tenants = [\"t-1\"]")]);
    let own = ["until-contract-end", "bizmessage-6m", "message-1y", "analytics"];
    let always = ["kakao", "dktechin"].map(|name| format!("until-contract-end@{name}"));
    let always = [&always[..], &["analytics@kakao".into(), "message-1y@sejong-telecom".into()]].concat();
    for (carrier, who) in [("kt", Some("kt")), ("lgu", Some("lg-uplus")), ("gemtek", Some("gemtek")), ("skt", None)] {
        let record = format!(
            r#"{{"service":"bizmessage","category":"message","event":"message_sent","event_at":"2026-11-23T15:00:00+09:00","items":{{"recipient_phone":"010-0000-0004"}},"activity":{{"usage_record":{{"code":"sms","carrier":"{carrier}"}}}}}}"#
        );
        let mut expected = names(&own);
        expected.extend(always.iter().cloned().chain(who.map(|name| format!("message-1y@{name}"))));
        assert_eq!(taken(&enabled, "bizmessage.activity", &record), expected, "{carrier}");
    }
}

#[test]
fn a_reseller_gets_its_own_tenants_only() {
    let enabled = shipped(&[("tenants = []\nenabled = false", "tenants = [\"t-1\", \"t-2\"]\nenabled = true")]);
    for (tenant, shared) in [("t-1", true), ("t-2", true), ("t-3", false), ("T-1", false), ("", false)] {
        let record = format!(
            r#"{{"service":"kakaowork","category":"member","event":"x","event_at":"2026-11-23T15:00:00+09:00","tenant_id":"{tenant}","items":{{"name":"홍길동"}}}}"#
        );
        let own = ["until-contract-end", "analytics"];
        let expected = if shared { &[&own[..], &["until-contract-end@reseller"]].concat() } else { &own[..] };
        assert_eq!(taken(&enabled, "kakaowork.activity", &record), names(expected), "{tenant}");
    }
}

#[test]
fn tiers_that_an_event_ends_are_bounded_all_the_same() {
    let policy = shipped(&[]);
    let year = ["2027-11-23", "2027-11-30"];
    let expected = [
        ("until-contract-end", year),
        ("until-account-withdrawal", year),
        ("until-device-withdrawal", year),
        ("proposal-90d", ["2027-02-21", "2027-02-26"]),
        ("marketing-3y", ["2029-11-23", "2029-11-30"]),
        ("until-case-closed", year),
    ];
    let ended = policy.plan.tiers.iter().filter(|tier| !tier.term.until.is_empty());
    let found: Vec<_> = ended
        .map(|tier| {
            // Of a record of 2026-11-23.
            let window = tier.term.window(20_780, false, &policy.plan.holidays).unwrap();
            (&*tier.name, [window.keep_until.to_string(), window.destroy_by.to_string()])
        })
        .collect();
    assert_eq!(found, expected.map(|(name, days)| (name, days.map(String::from))));
}

#[test]
fn a_tier_may_be_put_out_of_order() {
    let policy = shipped(&[("from          = [\"complaint\"", "spread = true\nfrom = [\"complaint\"")]);
    let spread: Vec<&str> = policy.plan.tiers.iter().filter(|tier| tier.spread).map(|tier| &*tier.name).collect();
    assert_eq!(spread, ["dispute-3y", "analytics"]);
}
