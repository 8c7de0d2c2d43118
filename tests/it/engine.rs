//! The engine over records of every form: what leaves, and why a record does not.

use garim::engine::charset::Charset;
use garim::engine::outcome::{HeaderName, Reason, Treated};
use garim::engine::plan::{Action, CarrierPlan, Emit, EventTime, Format, ItemPlan, Plan, SourcePlan, Unlisted};
use garim::engine::{Engine, Limits, Scratch};
use garim::find::pattern::Pattern;
use garim::kind::Kind;
use garim::mask::MaskShape;
use garim::mask::generalize::Generalize;
use garim::pseudonym::epoch::{Epoch, KeyRing, Stored};
use garim::record::time::TimePrecision;
use garim::record::{Header, InputId, Position, Record, TierId};
use garim::route::term::Term;
use garim::route::tier::Tier;
use garim::route::{Clause, Pointer, Route, Segment, Test};
use garim::secret::{Key, Plain};

/// The Kafka timestamp of the records below: 2026-11-23T09:20:00+09:00.
const ARRIVAL_MS: i64 = 1_795_393_200_000;
const TIME: &str = r#""event_at":"2026-11-23T09:15:42.318+09:00""#;

fn pointer(text: &str) -> Pointer {
    let segment = |name: &str| if name == "*" { Segment::Any } else { Segment::Name(name.into()) };
    Pointer(text.split('/').skip(1).map(segment).collect())
}

fn tier(name: &str, term: Term, time: TimePrecision) -> Tier {
    Tier {
        name: name.into(),
        label: name.into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term,
        legal_minimum: false,
        late_accept: false,
        time,
        record_id: true,
        spread: false,
        body_sealed: false,
        until_ms: None,
    }
}

fn in_values(at: &str, values: &[&str]) -> Clause {
    Clause { at: pointer(at), test: Test::In(values.iter().map(|value| (*value).into()).collect()) }
}

/// An item with one list of actions for both tiers.
fn item(at: &str, kind: Kind, actions: &[Action]) -> ItemPlan {
    item_by_tier(at, kind, actions, actions)
}

fn item_by_tier(at: &str, kind: Kind, service: &[Action], login: &[Action]) -> ItemPlan {
    let actions = vec![service.to_vec(), login.to_vec()];
    ItemPlan {
        name: at.trim_start_matches('/').into(),
        at: pointer(at),
        kind,
        when: Vec::new(),
        actions,
        names: Vec::new(),
    }
}

fn source(name: &str, format: Format, time: EventTime, items: Vec<ItemPlan>) -> SourcePlan {
    let mask = Action::Mask(MaskShape::OfKind);
    let found = [Action::Mask(MaskShape::Redact), Action::Mask(MaskShape::Redact), mask, mask, mask, mask];
    SourcePlan {
        name: name.into(),
        label: name.into(),
        topics: vec![format!("{name}.activity").into()],
        quarantine: format!("quarantine.{name}").into(),
        format,
        time,
        belongs: Vec::new(),
        charset: Charset::Utf8,
        tombstones_forward: false,
        tenant: None,
        items,
        key: None,
        headers: Vec::new(),
        routes: vec![Route { when: Vec::new(), to: vec![TierId(0)] }],
        also: Vec::new(),
        takes: Vec::new(),
        found: found
            .iter()
            .chain([&mask; Kind::FOUND])
            .take(Kind::FOUND)
            .map(|action| vec![vec![*action]; 2])
            .collect(),
    }
}

fn plan() -> Plan {
    use Action::{Drop, Keep, Pseudonymize, Scan};
    let mask = Action::Mask(MaskShape::OfKind);
    let at = EventTime::At(pointer("/event_at"));
    let mut json = source(
        "app",
        Format::Json,
        at.clone(),
        vec![
            item("/event", Kind::Code, &[Keep]),
            item_by_tier("/name", Kind::Id, &[Action::Mask(MaskShape::Edges { first: 1, last: 0 })], &[Drop]),
            item("/email", Kind::Email, &[Pseudonymize]),
            item_by_tier("/phone", Kind::KrPhone, &[mask, Pseudonymize], &[mask]),
            item("/ip", Kind::Ip, &[Action::Generalize(Generalize::Prefix(24, 48))]),
            item("/born", Kind::DateOfBirth, &[Action::Generalize(Generalize::Years(1))]),
            item("/bin", Kind::CreditCard, &[Action::Truncate(6)]),
            item("/note", Kind::Text, &[Scan]),
            item("/tags/*", Kind::Text, &[Scan]),
            item("/more", Kind::Text, &[Scan]),
            item("/more/secret", Kind::Id, &[Drop]),
            item("/gone", Kind::Text, &[Drop]),
            item("/seen_at", Kind::Time, &[Keep]),
        ],
    );
    json.routes
        .insert(0, Route { when: vec![in_values("/event", &["login", "logout"])], to: vec![TierId(1), TierId(0)] });
    json.belongs = vec![Clause { at: pointer("/service"), test: Test::Present(false) }];
    json.key = Some(CarrierPlan { kind: Kind::Id, actions: vec![vec![Pseudonymize], vec![Drop]] });
    json.headers = vec![("trace".into(), CarrierPlan { kind: Kind::Text, actions: vec![vec![Scan], vec![Keep]] })];
    json.tombstones_forward = true;
    let lines = source("lines", Format::Ndjson, at, vec![item("/n", Kind::Number, &[Keep])]);
    let text = source("text", Format::Text, EventTime::KafkaTimestamp, Vec::new());
    let combined = Pattern::nginx(r#"$ip - $user [$time] "$request" $status"#).expect("the format compiles");
    let fields = vec![
        item("/ip", Kind::Ip, &[Action::Generalize(Generalize::Prefix(24, 48))]),
        item("/request", Kind::Text, &[Scan]),
        item("/status", Kind::Code, &[Keep]),
    ];
    let time = EventTime::At(pointer("/time"));
    let same = Format::Pattern { pattern: combined.clone(), emit: Emit::Same };
    let same = source("same", same, time.clone(), fields.clone());
    let object = source("object", Format::Pattern { pattern: combined, emit: Emit::Json }, time, fields);
    Plan {
        name: "test".into(),
        digest: [0x1f; 32],
        zone: jiff::tz::TimeZoneDatabase::bundled().get("Asia/Seoul").expect("a zone of the bundled database"),
        unlisted: Unlisted::Drop,
        max_lateness_s: 72 * 3600,
        keys: (0..2).map(|tier| garim::engine::plan::KeyPlan::by_day(TierId(tier))).collect(),
        holidays: Default::default(),
        tiers: vec![
            tier("service", Term::until(vec!["left".into()]), TimePrecision::Minute),
            tier("login", Term::days(2), TimePrecision::Second),
        ],
        sources: vec![json, lines, text, same, object],
    }
}

fn engine(change: impl FnOnce(&mut Plan)) -> Engine {
    let mut plan = plan();
    change(&mut plan);
    Engine::new(plan, Limits { past_days: 30, future_days: 2 }).expect("the plan compiles")
}

fn keys() -> KeyRing {
    KeyRing::ephemeral(Key::new(b"a key of tests, no secret at all"))
}

fn treat(engine: &Engine, source: &str, value: Option<&[u8]>, headers: &[Header<'_>]) -> Treated {
    let record = Record {
        input: engine.input(&format!("{source}.activity")).expect("a topic of the plan"),
        position: Position { partition: 3, offset: 7 },
        timestamp_ms: Some(ARRIVAL_MS),
        key: Some(Plain(b"gildong")),
        value: value.map(Plain),
        headers,
    };
    let mut out = Treated::default();
    engine.treat(&mut Scratch::new(), &keys(), &[record], &mut out).expect("keys of every day");
    out
}

/// A text in which the letters of tokens and the digest are replaced by `#`.
fn without_letters(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("outputs are UTF-8");
    let token = regex::Regex::new("[a-z]{2}_[a-z]{6}_[a-p]{32}|[a-p]{8}\\.[a-p]{32}").expect("a regex");
    token.replace_all(text, "#").into_owned()
}

/// What leaves for each tier, `tier: value`.
fn outputs(treated: &Treated) -> Vec<String> {
    let line = |output: &garim::engine::outcome::Output| {
        let value = output.value.clone().map_or("null".into(), |value| without_letters(&treated.bytes[value]));
        format!("{}: {value}", output.tier.0)
    };
    treated.outputs.iter().map(line).collect()
}

#[test]
fn what_leaves() {
    let engine = engine(|_| {});
    let rows: &[(&str, &str, &[&str])] = &[
        (
            "app",
            &format!(
                r#"{{{TIME},"event":"login","name":"홍길동","email":"Gildong@Example.com","unknown":{{"a":[1]}}}}"#
            ),
            &[
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","event":"login","name":"홍**","email":"#","garim":"#"}"##,
                r##"1: {"event_at":"2026-11-23T09:15:42+09:00","event":"login","email":"#","garim":"#"}"##,
            ],
        ),
        (
            "app",
            &format!(
                r#"{{ {TIME} , "phone" : "010-0000-0001" , "ip":"192.0.2.77","born":"1990-01-01","bin":"94001234" }}"#
            ),
            &[
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","phone":"010-****-0001","phone_token":"#","ip":"192.0.2.0/24","born":"1990","bin":"940012","garim":"#"}"##,
            ],
        ),
        (
            "app",
            &format!(r#"{{{TIME},"phone":"extension 12","ip":"none","born":7,"bin":null,"email":null,"name":true}}"#),
            &[
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","phone":"****","phone_token":"#","ip":"****","born":"****","bin":null,"email":null,"name":"t***","garim":"#"}"##,
            ],
        ),
        (
            "app",
            &format!(
                r#"{{{TIME},"note":"번호는 010-0000-0001 \"주민\" 010203-9000004","tags":["a@example.com","b",{{"c":"192.0.2.9"}},[]],"gone":{{"x":1}}}}"#
            ),
            &[
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","note":"번호는 010-****-0001 \"주민\" ****","tags":["*@example.com","b",{"c":"192.0.*.9"}],"garim":"#"}"##,
            ],
        ),
        (
            "app",
            &format!(
                r#"{{{TIME},"more":{{"secret":"x","deep":{{"t":"010-0000-0001","n":8801011234568}},"010-0000-0001":1}},"seen_at":1795392942}}"#
            ),
            &[
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","more":{"deep":{"t":"010-****-0001","n":"****"},"010-****-0001":1},"seen_at":1795392900,"garim":"#"}"##,
            ],
        ),
        ("text", "call 010-0000-0001 now", &["0: call 010-****-0001 now"]),
        (
            "same",
            r#"192.0.2.1 - gildong [23/Nov/2026:09:15:42 +0900] "GET /?q=010-0000-0001" 200"#,
            &[r#"0: 192.0.2.0/24 - - [23/Nov/2026:09:15:00 +0900] "GET /?q=010-****-0001" 200"#],
        ),
        (
            "object",
            r#"192.0.2.1 - gildong [23/Nov/2026:09:15:42 +0900] "GET /\"" -"#,
            &[
                r##"0: {"ip":"192.0.2.0/24","time":"23/Nov/2026:09:15:00 +0900","request":"GET /\\\"","status":null,"garim":"#"}"##,
            ],
        ),
        (
            "lines",
            &format!("{{{TIME},\"n\":1}}\r\n\n{{{TIME},\"n\":2e0}}"),
            &[
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","n":1,"garim":"#"}"##,
                r##"0: {"event_at":"2026-11-23T09:15:00+09:00","n":2e0,"garim":"#"}"##,
            ],
        ),
    ];
    for (source, value, expected) in rows {
        let treated = treat(&engine, source, Some(value.as_bytes()), &[]);
        assert_eq!(treated.refusals, [], "{value}");
        assert_eq!(outputs(&treated), *expected, "{value}");
    }
}

#[test]
fn why_a_record_does_not_leave() {
    let deep = format!("{{{TIME},\"x\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let long = format!("{{{TIME},\"note\":\"{}\"}}", "x".repeat(2 << 20));
    let rows: &[(&str, &[u8], Reason)] = &[
        ("app", b"", Reason::EmptyValue),
        ("app", b"not json", Reason::InvalidJson),
        ("app", br#"{"event":"login""#, Reason::TruncatedJson),
        ("app", b"{\"event\":\"\xff\"}", Reason::InvalidUtf8),
        ("app", b"\0\0\0\0\x01{}", Reason::RegistryFrame),
        ("app", b"[]", Reason::NotAnObject),
        ("app", br#"{"event":"a","event":"b"}"#, Reason::DuplicateKey),
        ("app", br#"{"event":"a","email_token":"b"}"#, Reason::ReservedMember),
        ("app", deep.as_bytes(), Reason::TooDeep),
        ("app", long.as_bytes(), Reason::TooLarge),
        ("app", br#"{"event":"login"}"#, Reason::NoEventTime),
        ("app", br#"{"event_at":null}"#, Reason::NoEventTime),
        ("app", br#"{"event_at":"yesterday"}"#, Reason::InvalidEventTime),
        ("app", br#"{"event_at":"1970-01-01T00:00:00Z"}"#, Reason::EventTimeOutOfRange),
        ("app", br#"{"event_at":"2100-01-01T00:00:00Z"}"#, Reason::EventTimeOutOfRange),
        ("app", br#"{"event_at":"2026-11-20T00:00:00Z"}"#, Reason::TooLate),
        ("app", br#"{"event_at":"2026-11-23T00:15:42Z","service":"x"}"#, Reason::UnknownSource),
        ("app", br#"{"event_at":"2026-11-23T00:15:42Z","name":{"first":"x"}}"#, Reason::NotScalar),
        (
            "app",
            br#"{"event_at":"2026-11-23T00:15:42Z","more":{"a 192.0.2.1":1,"a 192.0.3.1":2}}"#,
            Reason::KeyCollision,
        ),
        ("same", b"192.0.2.1 - gildong", Reason::PatternMismatch),
        ("lines", b"\n\n", Reason::EmptyValue),
    ];
    let engine = engine(|_| {});
    for (source, value, reason) in rows {
        let treated = treat(&engine, source, Some(value), &[]);
        let reasons: Vec<Reason> = treated.refusals.iter().map(|refusal| refusal.reason).collect();
        let shown = String::from_utf8_lossy(&value[..value.len().min(70)]);
        assert_eq!((reasons, treated.outputs.len(), treated.bytes.len()), (vec![*reason], 0, 0), "{shown}");
    }
    let treated = treat(&engine, "lines", Some(format!("{{{TIME},\"n\":1}}\nx\n").as_bytes()), &[]);
    assert_eq!(treated.outputs.len(), 1);
    assert_eq!((treated.refusals[0].line, treated.refusals[0].reason), (2, Reason::InvalidJson));
}

#[test]
fn payloads_in_another_encoding() {
    let engine = engine(|plan| plan.sources.iter_mut().for_each(|source| source.charset = Charset::EucKr));
    let text = "메모: 전화 010-0000-5678, 똠방각하";
    let arrives = Charset::EucKr.encode(text);
    assert!(std::str::from_utf8(&arrives).is_err());
    let treated = treat(&engine, "text", Some(&arrives), &[]);
    assert_eq!(outputs(&treated), ["0: 메모: 전화 010-****-5678, 똠방각하"]);
    for (payload, at_byte) in [(text.as_bytes(), 8), (b"abc\xff", 3)] {
        let treated = treat(&engine, "text", Some(payload), &[]);
        let refused: Vec<_> = treated.refusals.iter().map(|refusal| (refusal.reason, refusal.at_byte)).collect();
        assert_eq!((refused, treated.bytes.len()), (vec![(Reason::InvalidEncoding, at_byte)], 0));
    }
    let long = Charset::EucKr.encode("가").repeat(400_000);
    let treated = treat(&engine, "text", Some(&long), &[]);
    assert_eq!(treated.refusals[0].reason, Reason::TooLarge);
}

#[test]
fn key_headers_and_tombstones() {
    let engine = engine(|_| {});
    let headers: &[Header<'_>] =
        &[(b"trace", Some(Plain(b"010-0000-0001"))), (b"secret", Some(Plain(b"x"))), (b"trace", None)];
    let treated = treat(&engine, "app", Some(format!("{{{TIME},\"event\":\"login\"}}").as_bytes()), headers);
    let carriers = |index: usize| {
        let output = &treated.outputs[index];
        let key = output.key.clone().map(|key| without_letters(&treated.bytes[key]));
        let headers: Vec<(HeaderName, String)> = treated.headers[output.headers.clone()]
            .iter()
            .map(|header| (header.name, without_letters(&treated.bytes[header.value.clone()])))
            .collect();
        (key, headers)
    };
    assert_eq!(carriers(1), (None, vec![(HeaderName::Listed(0), "010-0000-0001".into())]));
    assert_eq!(carriers(0), (Some("#".into()), vec![(HeaderName::Listed(0), "010-****-0001".into())]));
    let gone = treat(&engine, "app", None, &[]);
    assert_eq!((gone.refusals.len(), outputs(&gone)), (0, vec!["0: null".into()]));
    assert!(gone.outputs[0].key.is_some());
    assert_eq!(treat(&engine, "lines", None, &[]).refusals[0].reason, Reason::NullValue);
}

#[test]
fn unlisted_fields() {
    let value = format!(r#"{{{TIME},"x":{{"y":"010-0000-0001","192.0.2.1":true}}}}"#);
    let scanning = engine(|plan| plan.unlisted = Unlisted::Scan);
    let treated = treat(&scanning, "app", Some(value.as_bytes()), &[]);
    let expected =
        r##"0: {"event_at":"2026-11-23T09:15:00+09:00","x":{"y":"010-****-0001","192.0.*.1":true},"garim":"#"}"##;
    assert_eq!(outputs(&treated), [expected]);
    let refusing = engine(|plan| plan.unlisted = Unlisted::Refuse);
    assert_eq!(treat(&refusing, "app", Some(value.as_bytes()), &[]).refusals[0].reason, Reason::UnlistedField);
}

#[test]
fn age_on_arrival() {
    let value = br#"{"event_at":"2026-11-20T08:00:00+09:00","event":"login"}"#;
    let accepting = |plan: &mut Plan| plan.tiers.iter_mut().for_each(|tier| tier.late_accept = true);
    let treated = treat(&engine(accepting), "app", Some(value), &[]);
    assert_eq!(outputs(&treated), [r##"0: {"event_at":"2026-11-20T08:00:00+09:00","event":"login","garim":"#"}"##]);
    assert_eq!((&treated.tally.expired[..], &treated.tally.late[..]), (&[0, 1][..], &[0, 0][..]));
    let only_login = |plan: &mut Plan| {
        accepting(plan);
        plan.sources[0].routes[0].to = vec![TierId(1)];
    };
    assert_eq!(treat(&engine(only_login), "app", Some(value), &[]).refusals[0].reason, Reason::Expired);
}

#[test]
fn a_tier_takes_what_meets_its_condition() {
    let consent = |test| vec![Clause { at: pointer("/consent"), test }];
    let withholding = |plan: &mut Plan| {
        plan.sources[0].takes =
            vec![consent(Test::NotIn(vec!["false".into()])), consent(Test::In(vec!["true".into(), "yes".into()]))];
    };
    let engine = engine(withholding);
    for (value, tiers, withheld) in [
        (r#""consent":true"#, &[0, 1][..], [0, 0]),
        (r#""consent":"yes""#, &[0, 1], [0, 0]),
        (r#""consent":null"#, &[0], [0, 1]),
        (r#""other":1"#, &[0], [0, 1]),
        (r#""consent":{"false":true}"#, &[0], [0, 1]),
        (r#""consent":false"#, &[], [1, 1]),
        (r#""consent":"false""#, &[], [1, 1]),
    ] {
        let record = format!(r#"{{{TIME},"event":"login",{value}}}"#);
        let treated = treat(&engine, "app", Some(record.as_bytes()), &[]);
        let taken: Vec<u8> = treated.outputs.iter().map(|output| output.tier.0).collect();
        assert_eq!((&taken[..], &treated.tally.withheld[..]), (tiers, &withheld[..]), "{value}");
        // What no tier takes is no fault of the record's.
        assert_eq!((treated.refusals.len(), treated.tally.treated), (0, 1), "{value}");
    }
    // A null value has no fields at all: only a tier that asks for none takes it.
    let treated = treat(&engine, "app", None, &[]);
    assert_eq!((treated.outputs.len(), &treated.tally.withheld[..]), (1, &[0, 0][..]));
    // Withheld from one tier and past the end of the other: that is a refusal, not silence.
    let old = br#"{"event_at":"2026-11-20T08:00:00+09:00","event":"login","consent":"yes"}"#;
    let engine = self::engine(|plan| {
        plan.tiers.iter_mut().for_each(|tier| tier.late_accept = true);
        plan.sources[0].takes = vec![consent(Test::Present(false))];
    });
    let treated = treat(&engine, "app", Some(old), &[]);
    assert_eq!((treated.outputs.len(), treated.refusals[0].reason), (0, Reason::Expired));
}

#[test]
fn tokens_are_stable_and_separate() {
    let engine = engine(|_| {});
    let emails = |value: &str| -> Vec<String> {
        let treated = treat(&engine, "app", Some(value.as_bytes()), &[]);
        let token = |output: &garim::engine::outcome::Output| {
            let value = &treated.bytes[output.value.clone().expect("a value")];
            let value: serde_json::Value = serde_json::from_slice(value).expect("outputs are JSON");
            value["email"].as_str().expect("a token").to_owned()
        };
        treated.outputs.iter().map(token).collect()
    };
    let first = emails(&format!(r#"{{{TIME},"event":"login","email":"gildong@example.com"}}"#));
    let second = emails(&format!(r#"{{"email":"gild\u006fng@EXAMPLE.com",{TIME},"event":"login"}}"#));
    assert_eq!(first, second, "one person, one token in a tier");
    assert_ne!(first[0], first[1], "two tiers cannot be joined");
    let next_day = emails(r#"{"event_at":"2026-11-24T00:00:00+09:00","event":"login","email":"gildong@example.com"}"#);
    assert_ne!(first[0], next_day[0], "two days cannot be joined");
    let long = |tail: &str| emails(&format!(r#"{{{TIME},"event":"login","email":"{}{tail}"}}"#, "x".repeat(80)));
    assert_ne!(long("a"), long("b"), "a long value is hashed whole");
}

#[test]
fn a_missing_key_stops_the_batch() {
    let engine = engine(|_| {});
    let record = Record {
        input: engine.input("app.activity").expect("a topic of the plan"),
        position: Position { partition: 0, offset: 0 },
        timestamp_ms: Some(ARRIVAL_MS),
        key: None,
        value: Some(Plain(br#"{"event_at":"2026-11-23T09:15:42+09:00"}"#)),
        headers: &[],
    };
    let mut out = Treated::default();
    let missing = engine.treat(&mut Scratch::new(), &KeyRing::stored(Stored::default()), &[record], &mut out);
    assert_eq!(missing.map_err(|missing| (missing.tier, missing.epoch)), Err((TierId(0), Epoch::Day(20_780))));
    assert_eq!((out.outputs.len(), out.bytes.len()), (0, 0));
}

/// A fault in garim itself must cost one record, not the batch: here the caller names an input that the engine lacks.
#[test]
fn a_panic_is_the_refusal_of_its_record() {
    let engine = engine(|_| {});
    let value = format!("{{{TIME},\"event\":\"login\",\"email\":\"gildong@example.com\"}}");
    let record = |offset, input| Record {
        input,
        position: Position { partition: 0, offset },
        timestamp_ms: Some(ARRIVAL_MS),
        key: None,
        value: Some(Plain(value.as_bytes())),
        headers: &[],
    };
    let good = engine.input("app.activity").expect("a topic of the plan");
    let batch = [record(0, good), record(1, InputId(99)), record(2, good)];
    let mut out = Treated::default();
    engine.treat(&mut Scratch::new(), &keys(), &batch, &mut out).expect("keys of every day");
    let refused: Vec<_> = out.refusals.iter().map(|refusal| (refusal.position.offset, refusal.reason)).collect();
    assert_eq!(refused, [(1, Reason::Fault)]);
    let sent: Vec<u32> = out.outputs.iter().map(|output| output.record).collect();
    assert_eq!(sent, [0, 0, 2, 2]);
    assert!(!out.bytes.contains(&b'?'), "every token has its letters");
    assert_eq!(
        (out.tally.refused[Reason::Fault as usize], out.tally.produced.iter().map(|p| p.0).sum::<u64>()),
        (1, 4)
    );
}

/// What a source of these items makes of a record for two tiers, or why it is refused.
fn stated(items: &[ItemPlan], inside: &str) -> Result<Vec<String>, Reason> {
    let engine = engine(|plan| {
        plan.sources[0].items = items.to_vec();
        plan.sources[0].routes = vec![Route { when: Vec::new(), to: vec![TierId(1), TierId(0)] }];
    });
    let treated = treat(&engine, "app", Some(format!("{{{inside},{TIME}}}").as_bytes()), &[]);
    let time = regex::Regex::new(r###",?"event_at":"[^"]*","garim":"#""###).expect("a regex");
    match treated.refusals.first() {
        Some(refusal) => Err(refusal.reason),
        None => Ok(outputs(&treated).iter().map(|output| time.replace(output, "").into_owned()).collect()),
    }
}

fn named(item: ItemPlan, names: &[(u8, &str)]) -> ItemPlan {
    ItemPlan { names: names.iter().map(|(tier, name)| (TierId(*tier), (*name).into())).collect(), ..item }
}

#[test]
fn what_is_stated_of_a_member() {
    use Action::{Keep, Present};
    let family = Action::Generalize(Generalize::Family);
    let items = [
        named(item_by_tier("/card", Kind::Text, &[Keep], &[Present]), &[(1, "card_seen")]),
        named(item_by_tier("/ip", Kind::Ip, &[family], &[family]), &[(1, "ip_family")]),
        item("/kept", Kind::Code, &[Keep]),
    ];
    let rows: [(&str, Result<[&str; 2], Reason>); 12] = [
        (r#""card":"x","kept":1"#, Ok([r#"{"card":"x","kept":1}"#, r#"{"card_seen":true,"kept":1}"#])),
        (r#""kept":1,"card":0,"kept2":2"#, Ok([r#"{"kept":1,"card":0}"#, r#"{"kept":1,"card_seen":true}"#])),
        (r#""card":"","ip":null"#, Ok([r#"{"card":""}"#, r#"{"card_seen":true}"#])),
        (r#""card":null,"kept":1"#, Ok([r#"{"card":null,"kept":1}"#, r#"{"kept":1}"#])),
        (r#""card": false , "kept" : 1"#, Ok([r#"{"card":false,"kept":1}"#, r#"{"card_seen":true,"kept":1}"#])),
        (r#""ip":"192.0.2.77","kept":1"#, Ok([r#"{"ip":4,"kept":1}"#, r#"{"ip_family":4,"kept":1}"#])),
        (r#""ip":"::ffff:192.0.2.7","kept":1"#, Ok([r#"{"ip":4,"kept":1}"#, r#"{"ip_family":4,"kept":1}"#])),
        (r#""kept":1,"ip":"\u0032001:db8::7""#, Ok([r#"{"kept":1,"ip":6}"#, r#"{"kept":1,"ip_family":6}"#])),
        // What has no family says nothing.
        (r#""ip":"localhost","kept":1"#, Ok([r#"{"kept":1}"#, r#"{"kept":1}"#])),
        (r#""ip":7,"kept":1"#, Ok([r#"{"kept":1}"#, r#"{"kept":1}"#])),
        (r#""ip":["192.0.2.1"]"#, Err(Reason::NotScalar)),
        (r#""card":{"x":1}"#, Err(Reason::NotScalar)),
    ];
    for (given, expected) in rows {
        let expected = expected.map(|[service, login]| vec![format!("0: {service}"), format!("1: {login}")]);
        assert_eq!(stated(&items, given), expected, "{given}");
    }
}

#[test]
fn an_object_leaves_by_its_parts_or_as_a_statement() {
    use Action::{Drop, Keep, Parts, Present};
    let all = Action::Mask(MaskShape::Redact);
    let items = [
        named(item_by_tier("/o/card", Kind::Text, &[Parts], &[Present]), &[(1, "seen")]),
        item("/o/card/name", Kind::Id, &[Keep]),
        item("/o/card/image", Kind::Text, &[Drop]),
        item("/o/card/*", Kind::Text, &[all]),
        named(item("/o/list", Kind::Text, &[Present]), &[]),
        item("/o/kept", Kind::Code, &[Keep]),
    ];
    let rows: [(&str, Result<[&str; 2], Reason>); 9] = [
        (
            r#"{"card":{"name":"n","rrn":"r","image":"i"},"kept":1}"#,
            Ok([r#"{"card":{"name":"n","rrn":"****"},"kept":1}"#, r#"{"seen":true,"kept":1}"#]),
        ),
        (r#"{"card":{},"kept":1}"#, Ok([r#"{"kept":1}"#, r#"{"seen":true,"kept":1}"#])),
        (r#"{"card":{"image":"i"},"kept":1}"#, Ok([r#"{"kept":1}"#, r#"{"seen":true,"kept":1}"#])),
        // A single value has no parts.
        (r#"{"card":"n","kept":1}"#, Ok([r#"{"kept":1}"#, r#"{"seen":true,"kept":1}"#])),
        (r#"{"card":null,"kept":1}"#, Ok([r#"{"kept":1}"#, r#"{"kept":1}"#])),
        (r#"{"kept":1,"list":[1,[2]]}"#, Ok([r#"{"kept":1,"list":true}"#, r#"{"kept":1,"list":true}"#])),
        (r#"{"card":{"other":{"x":1}}}"#, Err(Reason::NotScalar)),
        // No output has two members of one name; a member that does not leave is in nobody's way.
        (r#"{"card":{"name":"n"},"seen":1}"#, Ok([r#"{"card":{"name":"n"}}"#, r#"{"seen":true}"#])),
        (r#"{"card":7,"kept":null}"#, Ok([r#"{"kept":null}"#, r#"{"seen":true,"kept":null}"#])),
    ];
    for (given, expected) in rows {
        let expected =
            expected.map(|[service, login]| vec![format!(r#"0: {{"o":{service}}}"#), format!(r#"1: {{"o":{login}}}"#)]);
        assert_eq!(stated(&items, &format!("\"o\":{given}")), expected, "{given}");
    }
    let colliding = [&items[..], &[item_by_tier("/o/seen", Kind::Code, &[Drop], &[Keep])]].concat();
    assert_eq!(stated(&colliding, r#""o":{"card":{"name":"n"},"\u0073een":1}"#), Err(Reason::KeyCollision));
    let apart = vec![r#"0: {"o":{"card":{"name":"n"}}}"#.to_owned(), r#"1: {"o":{"seen":true}}"#.to_owned()];
    assert_eq!(stated(&colliding, r#""o":{"card":{"name":"n"}},"seen":1"#), Ok(apart));
    // An object that is taken by its parts speaks for none of them.
    let refusing = engine(|plan| {
        plan.unlisted = Unlisted::Refuse;
        plan.sources[0].items = vec![item("/o", Kind::Text, &[Parts]), item("/o/a", Kind::Code, &[Keep])];
    });
    let refused = |value: &str| treat(&refusing, "app", Some(value.as_bytes()), &[]).refusals.len();
    assert_eq!(refused(&format!(r#"{{{TIME},"o":{{"a":1}}}}"#)), 0);
    assert_eq!(refused(&format!(r#"{{{TIME},"o":{{"a":1,"b":2}}}}"#)), 1);
}

#[test]
fn more_routes_lead_to_more_tiers() {
    let routes = |routes: &[(&[&str], &[u8])]| -> Vec<Route> {
        let when = |events: &[&str]| if events.is_empty() { vec![] } else { vec![in_values("/event", events)] };
        let to = |tiers: &[u8]| tiers.iter().map(|tier| TierId(*tier)).collect();
        routes.iter().map(|(events, tiers)| Route { when: when(events), to: to(tiers) }).collect()
    };
    let engine = engine(|plan| {
        plan.sources[0].routes = routes(&[(&["a"], &[1, 0]), (&["a", "b"], &[0])]);
        plan.sources[0].also = routes(&[(&["b", "c"], &[1]), (&["c", "a"], &[1]), (&["d"], &[0])]);
    });
    assert_eq!(engine.tiers_of(0), [TierId(0), TierId(1)]);
    for (event, expected) in
        [("a", Ok(&[0, 1][..])), ("b", Ok(&[0, 1])), ("c", Ok(&[1])), ("d", Ok(&[0])), ("e", Err(Reason::NoRoute))]
    {
        let treated = treat(&engine, "app", Some(format!(r#"{{{TIME},"event":"{event}"}}"#).as_bytes()), &[]);
        let tiers: Vec<u8> = treated.outputs.iter().map(|output| output.tier.0).collect();
        let found = treated.refusals.first().map_or(Ok(&tiers[..]), |refusal| Err(refusal.reason));
        assert_eq!(found, expected, "{event}");
    }
    // Nothing is asked of a null value, so only what asks nothing leads it anywhere.
    assert_eq!(treat(&engine, "app", None, &[]).refusals[0].reason, Reason::NoRoute);
    let always = self::engine(|plan| {
        plan.sources[0].routes = routes(&[(&["a"], &[1])]);
        plan.sources[0].also = routes(&[(&[], &[0])]);
    });
    assert_eq!(outputs(&treat(&always, "app", None, &[])), ["0: null"]);
}

#[test]
fn where_nothing_can_be_stated_a_plan_is_refused() {
    use Action::{Keep, Parts, Present, Pseudonymize, Seal};
    let family = Action::Generalize(Generalize::Family);
    type Change = fn(&mut Plan);
    let changes: [(&str, Change); 12] = [
        ("a line", |plan| plan.sources[3].items[0].actions[0] = vec![Present]),
        ("a key", |plan| plan.sources[0].key.as_mut().expect("a key").actions[0] = vec![Present]),
        ("a header", |plan| plan.sources[0].headers[0].1.actions[0] = vec![Parts]),
        ("a finding", |plan| plan.sources[0].found[Kind::Ip as usize][0] = vec![Present]),
        ("a token beside", |plan| plan.sources[0].items[0].actions[0] = vec![Present, Pseudonymize]),
        ("a seal beside parts", |plan| plan.sources[0].items[0].actions[0] = vec![Seal, Parts]),
        ("a name of what is kept", |plan| {
            plan.sources[0].items[0] = named(item("/event", Kind::Code, &[Keep]), &[(0, "x")]);
        }),
        ("a reserved name", |plan| {
            plan.sources[0].items[0] = named(item("/event", Kind::Code, &[Present]), &[(0, "x_token")]);
        }),
        ("two names", |plan| {
            plan.sources[0].items[0] = named(item("/event", Kind::Code, &[Present]), &[(0, "x"), (0, "y")]);
        }),
        ("a name of no member", |plan| {
            plan.sources[0].items[0] = named(item("/tags/*", Kind::Code, &[Present]), &[(0, "x")]);
        }),
        ("no route", |plan| plan.sources[0].routes.clear()),
        ("a line in an envelope", |plan| plan.tiers[0].body_sealed = true),
    ];
    for (what, change) in changes {
        let mut plan = plan();
        change(&mut plan);
        assert!(Engine::new(plan, Limits { past_days: 30, future_days: 2 }).is_err(), "{what}");
    }
    let mut plan = plan();
    plan.sources[4].items[0].actions[0] = vec![family];
    let engine = Engine::new(plan, Limits { past_days: 30, future_days: 2 }).expect("a line that becomes an object");
    let line = r#"192.0.2.1 - gildong [23/Nov/2026:09:15:42 +0900] "GET /" 200"#;
    assert!(outputs(&treat(&engine, "object", Some(line.as_bytes()), &[]))[0].contains(r#""ip":4,"#));
}
