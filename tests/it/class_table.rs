//! A thousand records of every category through the engine with the shipped policy, checked against the notice's tables;
//! and the checker, shown to find what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use garim::engine::outcome::Treated;
use garim::engine::plan::Plan;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy::synthetic::{Generator, Shares, Source};
use garim::pseudonym::epoch::KeyRing;
use garim::record::{Position, Record};
use garim::secret::{Key, Plain};
use serde_json::{Value, json};

use crate::checker::Notice;
use crate::checker::judge::{Judge, Open};
use crate::checker::opening::Opener;

/// Seconds before midnight in Seoul: two days, two keys of each tier that has keys by day.
const START: &str = "2026-11-14T23:59:55+09:00";

const RECORDS: usize = 1000;

/// The engine with the shipped policy, and keys of its own.
struct Work {
    plan: Plan,
    engine: Engine,
    keys: KeyRing,
}

/// A record and what became of it: its outputs by tier, and the reason of its refusal.
struct Done {
    input: Value,
    outputs: Vec<(String, Vec<u8>)>,
    refused: Option<&'static str>,
}

impl Work {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kakao-work.toml");
        let plan = garim::policy::load(&path).unwrap_or_else(|faults| panic!("{}", faults.render(false))).plan;
        let engine = Engine::new(plan.clone(), Limits { past_days: 30, future_days: 1 }).unwrap();
        Self { plan, engine, keys: KeyRing::ephemeral(Key::new(&[9; 32])) }
    }

    fn treat(&self, service: &str, values: &[(Vec<u8>, i64)]) -> Vec<Done> {
        let input =
            self.engine.input(&format!("{service}.activity")).unwrap_or_else(|| panic!("no topic of {service}"));
        let record = |(offset, (value, timestamp_ms)): (usize, &'_ (Vec<u8>, i64))| Record {
            input,
            position: Position { partition: 0, offset: offset as i64 },
            timestamp_ms: Some(*timestamp_ms),
            key: Some(Plain(b"p-000001")),
            // The values outlive the records.
            value: Some(Plain(Vec::leak(value.clone()))),
            headers: &[],
        };
        let records: Vec<Record<'_>> = values.iter().enumerate().map(record).collect();
        let mut treated = Treated::default();
        self.engine.treat(&mut Scratch::new(), &self.keys, &records, &mut treated).unwrap();
        let mut all: Vec<Done> = values
            .iter()
            .map(|(value, _)| Done {
                input: serde_json::from_slice(value).unwrap(),
                outputs: Vec::new(),
                refused: None,
            })
            .collect();
        for output in &treated.outputs {
            assert!(output.key.is_none() && output.headers.is_empty(), "the notice has no rule for keys and headers");
            let tier = self.engine.tiers()[usize::from(output.tier.0)].name.to_string();
            all[output.record as usize].outputs.push((tier, treated.bytes[output.value.clone().unwrap()].to_vec()));
        }
        for refusal in &treated.refusals {
            all[refusal.record as usize].refused = Some(refusal.reason.code());
        }
        all
    }

    /// As many generated records of a category, treated.
    fn generated(&self, source: Source, category: &str, count: usize) -> Vec<Done> {
        let shares = Shares { canary: 150, broken: 0 };
        let generator = Generator::new(source, 21, START.parse().unwrap(), shares).only(category);
        let mut generator = generator.unwrap_or_else(|| panic!("no {category} of {source:?}"));
        let values: Vec<(Vec<u8>, i64)> = (0..count)
            .map(|_| {
                let mut value = Vec::new();
                let stamp = generator.next(&mut value);
                (value, stamp.timestamp_ms)
            })
            .collect();
        self.treat(source.name(), &values)
    }

    fn judge(&self, notice: &Notice, judge: &mut Judge, done: &Done) -> Vec<String> {
        let opener = Opener { plan: &self.plan, keys: &self.keys };
        let open = |source: &str, tier: &str, at: &str, output: &Value| opener.open(source, tier, at, output);
        let mut faults = judged(notice, judge, done, &open);
        faults.extend(done.refused.map(|reason| format!("it is refused: {reason}")));
        faults
    }
}

/// What is wrong with the outputs of a record: where it is, and what is in each.
fn judged(notice: &Notice, judge: &mut Judge, done: &Done, open: Open<'_>) -> Vec<String> {
    let expected = notice.expected(&done.input);
    let mut faults = Vec::new();
    let tiers: BTreeSet<&String> = done.outputs.iter().map(|(tier, _)| tier).collect();
    for tier in expected.keys().filter(|tier| !tiers.contains(tier)) {
        faults.push(format!("{tier}: it is not there"));
    }
    if tiers.len() < done.outputs.len() {
        faults.push("a tier has it twice".to_owned());
    }
    for (tier, output) in &done.outputs {
        match expected.get(tier) {
            Some(expected) => faults.extend(judge.output(&done.input, tier, expected, output, open)),
            None => faults.push(format!("{tier}: it may not be there")),
        }
    }
    faults
}

#[test]
fn every_record_of_every_category_is_in_its_tiers_as_the_notice_says() {
    let (work, notice) = (Work::new(), Notice::read());
    let mut judge = Judge::default();
    let mut seen = 0;
    // A fault of a rule shows in hundreds of records: each is told once, with the first record that has it.
    let mut faults: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for source in Source::ALL {
        for category in source.categories() {
            for done in work.generated(source, category, RECORDS) {
                for fault in work.judge(&notice, &mut judge, &done) {
                    let kind: String = fault.split('"').step_by(2).collect();
                    let kind = format!("{}.{category}: {kind}", source.name());
                    let outputs =
                        done.outputs.iter().map(|(tier, value)| format!("{tier} {}", String::from_utf8_lossy(value)));
                    let told = || format!("{fault}\n  {}\n  {}", done.input, outputs.collect::<Vec<_>>().join("\n  "));
                    faults.entry(kind).or_insert_with(|| (0, told())).0 += 1;
                }
                seen += 1;
            }
        }
    }
    let told: Vec<String> =
        faults.iter().map(|(kind, (count, told))| format!("{kind} ({count} times)\n  {told}")).collect();
    assert!(told.is_empty(), "{} faults\n{}", told.len(), told.join("\n"));
    assert_eq!(seen, notice.categories().count() * RECORDS);
    assert_eq!(judge.outputs.len(), 16, "every tier has records: {:?}", judge.outputs);
}

#[test]
fn the_generator_knows_the_categories_of_the_notice_and_no_other() {
    let notice = Notice::read();
    let known: Vec<(&str, &str)> =
        Source::ALL.iter().flat_map(|source| source.categories().map(|category| (source.name(), category))).collect();
    let mut told: Vec<(&str, &str)> = notice.categories().collect();
    let mut sorted = known.clone();
    sorted.sort_unstable();
    told.sort_unstable();
    assert_eq!(sorted, told);
}

/// The notice's own samples: a login, a message with an original that the law wants, a report with an identity card, what
/// was said to a device, a page view; and a login of the next day by the same person.
const SAMPLES: [&str; 6] = [
    r#"{"service":"kakaowork","category":"member","event":"login","event_id":"e-01","event_at":"2026-11-23T09:15:42.318+09:00","tenant_id":"t-100","consent":{"optional":true},"items":{"name":"홍길동","login_id":"gildong@example.com","password":"fake-pw","mobile_phone":"010-0000-0001","birth_date":"1990-01-01","org_name":"가나상사","job_rank":"대리"},"activity":{"ip":"192.0.2.77","device_info":{"class":"phone","os":"Android 16.1","adid":"00000000-0000-4000-8000-00000000000a"},"usage_record":{"code":"login"}}}"#,
    r#"{"service":"bizmessage","category":"message","event":"message_sent","event_id":"e-05","event_at":"2026-11-23T12:30:01.500+09:00","tenant_id":"t-102","items":{"recipient_name":"최다섯","recipient_phone":"010-0000-0004","message_content":"최다섯님 문의 010-0000-0005"},"activity":{"ip":"192.0.2.10","usage_record":{"code":"sms","carrier":"kt"}}}"#,
    r#"{"service":"support","category":"report","event":"report_filed","event_id":"e-09","event_at":"2026-11-23T14:20:30.000+09:00","case_id":"c-99","items":{"name":"홍길동","email":"gildong@example.com","mobile_phone":"010-0000-0001","id_card_copy":{"name":"홍길동","birth_date":"1801-02-03","rrn":"010203-9000004","issued":"2020-01-01","image":"/9j/4AAQ"},"address":"서울특별시 가상구 없는로 2"},"activity":{"ip":"192.0.2.77","usage_record":{"code":"report","text":"주민번호 010203-9000004 도용"}},"facts":{"origin":"kakaowork"}}"#,
    r#"{"service":"heykakao-device","category":"device","event":"voice_command","event_id":"e-06","event_at":"2026-11-23T19:00:00.700+09:00","consent":{"optional":true,"guardian":true},"items":{"name":"정여섯","user_id":"sixth","voice_command_text":"엄마한테 전화해 줘","voice_audio":"UklGRg==","child_name":"정아이","child_birth_date":"2019-03-03","child_gender":"F","child_favorite_character":"가상라이언"},"activity":{"ip":"192.0.2.11","device_info":{"class":"speaker","serial":"HK-0001"}}}"#,
    r#"{"service":"web","category":"visit","event":"page_view","event_id":"e-11","event_at":"2026-11-23T16:00:05.000+09:00","consent":{"analytics":true},"items":{"cookie_id":"GA1.1.1.1700000000","visited_service":"kakaowork","access_frequency":3}}"#,
    r#"{"service":"kakaowork","category":"member","event":"login","event_id":"e-12","event_at":"2026-11-24T09:15:42.318+09:00","tenant_id":"t-100","consent":{"optional":true},"items":{"name":"홍길동","login_id":"gildong@example.com"},"activity":{"ip":"192.0.2.77"}}"#,
];

/// The output of a tier, to be bent.
fn of<'a>(outputs: &'a mut [(String, Value)], tier: &str) -> &'a mut Value {
    &mut outputs.iter_mut().find(|(name, _)| name == tier).unwrap_or_else(|| panic!("no output in {tier}")).1
}

fn remove(outputs: &mut [(String, Value)], tier: &str, place: &str) {
    let (object, member) = place.rsplit_once('/').unwrap();
    of(outputs, tier).pointer_mut(object).unwrap().as_object_mut().unwrap().remove(member).expect("it was there");
}

fn put(outputs: &mut [(String, Value)], tier: &str, place: &str, value: impl Into<Value>) {
    let (object, member) = place.rsplit_once('/').unwrap();
    of(outputs, tier).pointer_mut(object).unwrap()[member] = value.into();
}

/// Copies what stands in one tier to the same place of another.
fn copy(outputs: &mut [(String, Value)], from: &str, to: &str, place: &str) {
    let value = of(outputs, from).pointer(place).unwrap().clone();
    put(outputs, to, place, value);
}

/// What is done to outputs, and what the checker must say of it.
type Bend = (usize, fn(&mut Vec<(String, Value)>), &'static str);

const SERVICE: &str = "until-contract-end";

const BENDS: [Bend; 38] = [
    // Where a record is.
    (0, |all| all.retain(|(tier, _)| tier != "login-3m"), "login-3m: it is not there"),
    (0, |all| all.push((String::from("dispute-3y"), all[0].1.clone())), "dispute-3y: it may not be there"),
    (4, |all| all.push((String::from(SERVICE), all[0].1.clone())), "until-contract-end: it may not be there"),
    (0, |all| all.push(all[0].clone()), "a tier has it twice"),
    // Fields that go, fields that stay.
    (0, |all| put(all, SERVICE, "/items/job_rank", "대리"), "/items/job_rank should not be there"),
    (0, |all| put(all, SERVICE, "/items/password", "****"), "/items/password should not be there"),
    (0, |all| put(all, SERVICE, "/consent", json!({"optional": true})), "/consent/optional should not be there"),
    (0, |all| put(all, "login-3m", "/items/name", "홍**"), "/items/name should not be there"),
    (0, |all| put(all, "analytics", "/event_id", "e"), "/event_id should not be there"),
    (0, |all| copy(all, SERVICE, "login-3m", "/items/birth_date"), "/items/birth_date should not be there"),
    (0, |all| remove(all, SERVICE, "/items/birth_date"), "/items/birth_date is missing"),
    (0, |all| remove(all, SERVICE, "/items/mobile_phone_token"), "/items/mobile_phone_token is missing"),
    (2, |all| remove(all, "dispute-3y", "/items/id_card_verified"), "/items/id_card_verified is missing"),
    (2, |all| put(all, "dispute-3y", "/items/id_card_copy", json!({"rrn": "****"})), "should not be there"),
    // Shapes.
    (0, |all| put(all, SERVICE, "/items/name", "홍길동"), "/items/name is \"홍길동\""),
    (0, |all| put(all, SERVICE, "/items/mobile_phone", "010-****-0001"), "/items/mobile_phone is"),
    (0, |all| put(all, SERVICE, "/items/birth_date", "1990-01"), "/items/birth_date is"),
    (0, |all| put(all, SERVICE, "/activity/ip", "192.0.2.77"), "/activity/ip is"),
    (0, |all| put(all, SERVICE, "/activity/device_info/os", "Android 16.1"), "/activity/device_info/os is"),
    (0, |all| put(all, "analytics", "/activity/ip_family", "4"), "/activity/ip_family is"),
    (0, |all| put(all, SERVICE, "/event", "logout"), "/event is"),
    (2, |all| put(all, "until-case-closed", "/items/id_card_copy/rrn", "010203-*******"), "/rrn is"),
    (2, |all| put(all, "until-case-closed", "/activity/usage_record/text", "주민번호 010203-******* 도용"), "/text is"),
    (2, |all| put(all, "until-case-closed", "/activity/usage_record/text", "주민번호 **** 도용당함"), "/text is"),
    // Times.
    (0, |all| put(all, SERVICE, "/event_at", "2026-11-23T09:15:42+09:00"), "/event_at is"),
    (0, |all| put(all, "analytics", "/event_at", "2026-11-23T09:15:00+09:00"), "/event_at is"),
    (
        0,
        |all| put(all, "login-3m", "/event_at", "2026-11-23T09:15:42.318+09:00"),
        "`2026-11-23T09:15:42.318+09:00` left",
    ),
    // Tokens.
    (0, |all| copy(all, "login-3m", SERVICE, "/items/login_id"), "has a key of another tier or period"),
    (0, |all| copy(all, SERVICE, "login-3m", "/event_id"), "has a key of another tier or period"),
    (0, |all| put(all, SERVICE, "/items/login_id", "5d41402abc4b2a76b9719d911017c592"), "is no token"),
    (0, |all| swap(all), "is the token of another value"),
    // Envelopes.
    (0, |all| remove(all, "login-3m", "/sealed"), "/sealed should be there"),
    (0, |all| copy(all, "login-3m", SERVICE, "/sealed"), "/sealed should be absent"),
    (2, |all| copy(all, "dispute-3y", "until-case-closed", "/sealed"), "/sealed does not open"),
    (3, |all| put(all, "until-device-withdrawal", "/service", "heykakao-device"), "stand outside of the envelope"),
    // Provenance.
    (0, |all| remove(all, SERVICE, "/garim"), "/garim is ``"),
    (0, |all| copy(all, SERVICE, "analytics", "/garim"), "/garim is `"),
    // Anywhere.
    (1, |all| put(all, SERVICE, "/activity/usage_record/code", "010-0000-0004"), "`010-0000-0004` left"),
];

/// Gives a value the token of another one.
fn swap(outputs: &mut [(String, Value)]) {
    let token = of(outputs, SERVICE)["items"]["org_name"].clone();
    put(outputs, SERVICE, "/items/login_id", token);
}

#[test]
fn the_checker_finds_every_bent_output() {
    let (work, notice) = (Work::new(), Notice::read());
    let samples: Vec<Done> = SAMPLES
        .iter()
        .flat_map(|sample| {
            let input: Value = serde_json::from_str(sample).unwrap();
            let at: jiff::Timestamp = input["event_at"].as_str().unwrap().parse().unwrap();
            work.treat(input["service"].as_str().unwrap(), &[(sample.as_bytes().to_vec(), at.as_millisecond())])
        })
        .collect();
    for (number, (sample, bend, wanted)) in BENDS.into_iter().enumerate() {
        // The judge knows the tokens of good outputs, as in the middle of a run.
        let mut judge = Judge::default();
        for done in &samples {
            assert_eq!(work.judge(&notice, &mut judge, done), Vec::<String>::new());
        }
        let done = &samples[sample];
        let read = |(tier, bytes): &(String, Vec<u8>)| (tier.clone(), serde_json::from_slice(bytes).unwrap());
        let mut bent: Vec<(String, Value)> = done.outputs.iter().map(read).collect();
        bend(&mut bent);
        let outputs = bent.into_iter().map(|(tier, value)| (tier, value.to_string().into_bytes())).collect();
        let bent = Done { input: done.input.clone(), outputs, refused: None };
        let faults = work.judge(&notice, &mut judge, &bent);
        assert!(faults.iter().any(|fault| fault.contains(wanted)), "bend {number}: not `{wanted}` but {faults:#?}");
    }
}

/// What is in an envelope counts as much as what is outside: an opener that finds more, less or something else.
#[test]
fn the_checker_looks_into_envelopes() {
    let (work, notice) = (Work::new(), Notice::read());
    let login = SAMPLES[0].as_bytes().to_vec();
    let at: jiff::Timestamp = "2026-11-23T09:15:42.318+09:00".parse().unwrap();
    let done = work.treat("kakaowork", &[(login, at.as_millisecond())]).remove(0);
    let opener = Opener { plan: &work.plan, keys: &work.keys };
    type Bend = fn(&mut Vec<(String, Value)>);
    let rows: [(Bend, &str); 3] = [
        (|list| _ = list.pop(), "is not sealed"),
        (|list| list.push((String::from("/items/name"), "홍길동".into())), "are sealed"),
        (|list| list[0].1 = "somebody else".into(), "is sealed as something else"),
    ];
    for (bend, wanted) in rows {
        let faults = judged(&notice, &mut Judge::default(), &done, &|source, tier, at, output| {
            let mut list = opener.open(source, tier, at, output)?;
            bend(&mut list);
            Some(list)
        });
        assert!(faults.iter().any(|fault| fault.contains(wanted)), "not `{wanted}` but {faults:?}");
    }
}
