//! What leaves for the recipients of the shipped policy, once every one of them is enabled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::limits::TOKEN_BYTES;
use garim::policy::synthetic::{Generator, Shares, Source};
use garim::policy::{self, Policy};
use garim::pseudonym::epoch::KeyRing;
use garim::record::{Position, Record};
use garim::secret::{Key, Plain};
use serde_json::Value;

/// Records of each service.
const COUNT: usize = 3_000;

/// The day of the records.
const START: &str = "2026-11-23T00:00:00Z";

/// What a category of every service writes of itself.
const ACTIVITY: &str = "activity";

/// One record on its way to one recipient.
struct Sent {
    source: Source,
    /// The tier of which the recipient has a share.
    tier: String,
    recipient: String,
    given: Value,
    value: Value,
    /// Value and message key, as written.
    text: String,
}

/// Who carries messages, as a record says it; the generator knows three of them.
const CARRIERS: [&str; 6] = ["standard-networks", "kt", "lgu", "gemtek", "wisecan", "kp-mobile"];

/// Records of every service, with Kafka timestamps; each carrier has carried some.
fn records(source: Source) -> Vec<(Vec<u8>, i64)> {
    let mut generator = Generator::new(source, 7, START.parse().unwrap(), Shares::NONE);
    let mut value = Vec::new();
    let mut record = |number: usize| {
        let stamp = generator.next(&mut value);
        let mut text = String::from_utf8(value.clone()).unwrap();
        if source == Source::BizMessage {
            let carrier = format!(r#""carrier":"{}""#, CARRIERS[number % CARRIERS.len()]);
            for made in ["kt", "lgu", "gemtek"] {
                if text.contains(&format!(r#""carrier":"{made}""#)) {
                    text = text.replace(&format!(r#""carrier":"{made}""#), &carrier);
                    break;
                }
            }
        }
        (text.into_bytes(), stamp.timestamp_ms)
    };
    (0..COUNT).map(&mut record).collect()
}

/// The shipped policy with every recipient enabled; a partner has all tenants of its service.
fn enabled() -> Policy {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/kakao-work.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let tenants: BTreeSet<String> = records(Source::KakaoWork)
        .iter()
        .filter_map(|(value, _)| {
            let value: Value = serde_json::from_slice(value).unwrap();
            Some(value["tenant_id"].as_str()?.to_owned())
        })
        .collect();
    let tenants: Vec<String> = tenants.into_iter().take(50).collect();
    let text =
        text.replace("enabled = false", "enabled = true").replace("tenants = []", &format!("tenants = {tenants:?}"));
    let read = |named: &Path| std::fs::read_to_string(path.with_file_name(named));
    policy::parse_with(&path, &text, &read).unwrap_or_else(|faults| panic!("{}", faults.render(false)))
}

/// Everything that leaves for anybody.
fn sent(policy: &Policy) -> Vec<Sent> {
    let engine = Engine::new(policy.plan.clone(), Limits { past_days: 30, future_days: 1 }).unwrap();
    let keys = KeyRing::ephemeral(Key::new(b"a key of tests, no secret at all"));
    let mut all = Vec::new();
    for source in Source::ALL.into_iter().filter(|source| source.categories().next().is_some()) {
        let given = records(source);
        let mut batch = Vec::new();
        for (offset, (value, timestamp_ms)) in given.iter().enumerate() {
            batch.push(Record {
                input: engine.input(&format!("{}.activity", source.name())).unwrap(),
                position: Position { partition: 0, offset: offset as i64 },
                timestamp_ms: Some(*timestamp_ms),
                key: Some(Plain(b"7")),
                value: Some(Plain(value)),
                headers: &[],
            });
        }
        let mut treated = Treated::default();
        engine.treat(&mut Scratch::new(), &keys, &batch, &mut treated).unwrap();
        for output in &treated.outputs {
            let name = &engine.tiers()[usize::from(output.tier.0)].name;
            let Some((tier, recipient)) = name.split_once('@') else { continue };
            let text = |range: &std::ops::Range<usize>| std::str::from_utf8(&treated.bytes[range.clone()]).unwrap();
            let value = text(output.value.as_ref().unwrap());
            all.push(Sent {
                source,
                tier: tier.to_owned(),
                recipient: recipient.to_owned(),
                given: serde_json::from_slice(&given[output.record as usize].0).unwrap(),
                value: serde_json::from_str(value).unwrap(),
                text: format!("{value} {}", output.key.as_ref().map_or("", text)),
            });
        }
    }
    all
}

/// Every text and number of a value, with the name that it has.
fn leaves<'v>(name: &'v str, value: &'v Value, out: &mut Vec<(&'v str, String)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| leaves(name, value, out)),
        Value::Array(elements) => elements.iter().for_each(|value| leaves(name, value, out)),
        Value::String(text) => out.push((name, text.clone())),
        other => out.push((name, other.to_string())),
    }
}

fn all_leaves(value: &Value) -> Vec<(&str, String)> {
    let mut out = Vec::new();
    leaves("", value, &mut out);
    out
}

/// The tokens of a text: two letters or digits of the kind, six of the key, thirty-two from `a` to `p`.
fn tokens(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_token = |word: &&str| {
        word.len() == TOKEN_BYTES
            && word.bytes().filter(|byte| *byte == b'_').count() == 2
            && word.bytes().rev().take(32).all(|byte| (b'a'..=b'p').contains(&byte))
    };
    words.filter(is_token).map(ToOwned::to_owned).collect()
}

/// The names of the members of an object that are no tokens beside others.
fn names(value: &Value) -> BTreeSet<&str> {
    let members = value.as_object().into_iter().flat_map(|members| members.keys());
    members.map(String::as_str).filter(|name| !name.ends_with("_token")).collect()
}

/// Whether a text ends in four digits behind a mask, as the last ones of a telephone number.
fn shows_last_digits(text: &str) -> bool {
    text.split('*').skip(1).any(|rest| {
        let digits = rest.trim_start_matches(['-', ' ', '.']);
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a text is a time that is not a whole hour.
fn is_exact_time(text: &str) -> bool {
    let is_time = text.len() >= 19 && text.is_ascii() && &text[10..11] == "T" && &text[13..14] == ":";
    is_time && &text[13..19] != ":00:00"
}

fn of_agencies(sent: &Sent) -> bool {
    let origin = sent.given["facts"]["origin"].as_str();
    match sent.source {
        Source::KakaoWorkGov => true,
        // What does not say where it comes from counts as public sector.
        Source::Support => origin.is_none_or(|origin| origin == "kakaowork-gov"),
        _ => false,
    }
}

#[test]
fn no_recipient_gets_more_than_its_share() {
    let policy = enabled();
    let all = sent(&policy);
    let mut by_share: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut of_token: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for one in &all {
        let share = (one.recipient.as_str(), one.tier.as_str());
        let told = || format!("{share:?}: {}", one.text);
        *by_share.entry(share).or_default() += 1;
        assert!(one.value.get("sealed").is_none(), "{}", told());
        for (name, text) in all_leaves(&one.value) {
            assert!(name == "garim" || !shows_last_digits(&text), "{name}: {}", told());
            assert!(!is_exact_time(&text), "{name}: {}", told());
            assert!(!name.starts_with("child_"), "{name}: {}", told());
        }
        for (name, text) in all_leaves(&one.given) {
            // A gender's letter and a year stand elsewhere, too; who a child is and likes does not.
            if name.starts_with("child_") && text.chars().count() > 1 {
                assert!(!one.text.contains(&text), "{name}: {}", told());
            }
        }
        assert!(!of_agencies(one) || share == ("kakao", "analytics"), "{}", told());
        for token in tokens(&one.text) {
            let first = of_token.entry(token).or_insert(share);
            assert_eq!(*first, share, "one token for two: {}", told());
        }
    }
    // Everybody got something of each tier: nothing above was asserted of nobody.
    for recipient in &policy.file.recipients {
        for tier in &recipient.tiers {
            let count = by_share.get(&(recipient.name.as_str(), tier.as_str())).copied().unwrap_or(0);
            assert!(count > 0, "nothing of `{}` goes to `{}`", tier.value, recipient.name.value);
        }
    }
    assert!(of_token.len() > 1000, "{} tokens", of_token.len());
    assert_eq!(policy.file.recipients.len(), 22);
}

#[test]
fn zendesk_gets_six_items_at_most() {
    let all = sent(&enabled());
    let mut seen = BTreeSet::new();
    for one in all.iter().filter(|one| one.recipient == "zendesk") {
        assert!(one.value.get(ACTIVITY).is_none(), "{}", one.text);
        // That a card was seen is told of the card.
        seen.extend(names(&one.value["items"]).into_iter().map(|name| match name {
            "id_card_verified" => "id_card_copy",
            name => name,
        }));
        if let Some(card) = one.value["items"].get("id_card_copy").and_then(Value::as_object) {
            let masked = card.values().all(|value| value == "****");
            assert!(masked || !card.contains_key("image"), "{}", one.text);
            assert!(!one.text.contains(one.given["items"]["id_card_copy"]["image"].as_str().unwrap_or("?")));
        }
    }
    let listed = BTreeSet::from(["name", "mobile_phone", "email", "kakaowork_id", "address", "id_card_copy"]);
    assert!(seen.is_subset(&listed), "{seen:?}");
    assert!(seen.len() > 3, "{seen:?}");
}

#[test]
fn who_answers_refusals_gets_a_telephone_number_as_token_only() {
    let all = sent(&enabled());
    let mut count = 0;
    for one in all.iter().filter(|one| one.recipient == "sejong-telecom") {
        assert!(one.value.get(ACTIVITY).is_none(), "{}", one.text);
        let items = one.value["items"].as_object().unwrap();
        assert_eq!(items.keys().collect::<Vec<_>>(), ["recipient_phone"], "{}", one.text);
        assert_eq!(tokens(items["recipient_phone"].as_str().unwrap()).len(), 1, "{}", one.text);
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn what_is_told_apart_here_is_told_apart() {
    assert!(shows_last_digits("010-****-0001") && shows_last_digits("****0001"));
    assert!(!shows_last_digits("010-****-****") && !shows_last_digits("010-0000-0001") && !shows_last_digits("홍**"));
    assert!(is_exact_time("2026-11-23T09:15:00+09:00") && !is_exact_time("2026-11-23T09:00:00+09:00"));
    let token = format!("em_abcdef_{}", "p".repeat(32));
    assert_eq!(tokens(&format!("\"x\":\"{token}\"")), BTreeSet::from([token]));
}
