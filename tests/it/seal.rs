//! Sealed values: the envelope against an independent implementation, what opens it, and what the engine puts into it.

use garim::engine::charset::Charset;
use garim::engine::outcome::{Reason, Treated};
use garim::engine::plan::{
    Action, CarrierPlan, Emit, EventTime, Format, ItemPlan, KeyPlan, Plan, SourcePlan, Unlisted,
};
use garim::engine::{Engine, Limits, Scratch};
use garim::find::pattern::Pattern;
use garim::kind::Kind;
use garim::limits::{FRAME_BYTES, OUTPUT_BYTES_MAX};
use garim::mask::MaskShape;
use garim::mask::generalize::Generalize;
use garim::pseudonym::epoch::{Epoch, KeyRing, Lookup};
use garim::pseudonym::frame;
use garim::pseudonym::prf::Prf;
use garim::pseudonym::seal::{self, Context, Envelope, NONCE_BYTES, Shut, TAG_BYTES};
use garim::pseudonym::{Algorithm, Purpose, derive};
use garim::record::time::TimePrecision;
use garim::record::{Position, Record, TierId};
use garim::route::term::{Term, day_of};
use garim::route::tier::Tier;
use garim::route::{Pointer, Route, Segment};
use garim::secret::{Key, Plain};

/// 2026-11-23T09:20:00+09:00.
const ARRIVAL_MS: i64 = 1_795_393_200_000;

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    what: String,
    key: String,
    nonce: String,
    tier: String,
    source: String,
    name: String,
    policy: String,
    record_id: String,
    values: Vec<(String, String)>,
    envelope: String,
}

#[derive(serde::Deserialize)]
struct Cases {
    case: Vec<Case>,
}

fn cases() -> Vec<Case> {
    let cases: Cases = toml::from_str(include_str!("../data/seals.toml")).expect("the vectors are TOML");
    cases.case
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex"))
}

impl Case {
    fn key(&self) -> Key {
        Key::new(&hex(&self.key))
    }

    fn context(&self) -> Context<'_> {
        Context {
            tier: &self.tier,
            source: &self.source,
            key: self.name.as_bytes().try_into().expect("six letters"),
            policy: self.policy.as_bytes().try_into().expect("eight letters"),
            record_id: self.record_id.as_bytes(),
        }
    }

    fn close(&self) -> String {
        let mut content = hex::<NONCE_BYTES>(&self.nonce).to_vec();
        for part in self.values.iter().flat_map(|(path, value)| [path, value]) {
            seal::push(&mut content, part.as_bytes());
        }
        content.extend([0; TAG_BYTES]);
        let mut out = vec![0; seal::written_bytes(content.len())];
        seal::close(&self.key(), &self.context(), &mut content, &mut Vec::new(), &mut out);
        String::from_utf8(out).expect("envelopes are ASCII")
    }

    fn open(&self, text: &[u8], context: &Context<'_>) -> Result<Vec<(String, String)>, Shut> {
        let opened = Envelope::read(text)?.open(&self.key(), context)?;
        Ok(opened.values().into_iter().map(|(path, value)| (path.to_owned(), value.to_owned())).collect())
    }
}

#[test]
fn envelopes_are_those_of_an_independent_implementation() {
    let cases = cases();
    assert_eq!(cases.len(), 8);
    for case in cases {
        assert_eq!(case.close(), case.envelope, "{}", case.what);
        assert_eq!(case.open(case.envelope.as_bytes(), &case.context()), Ok(case.values.clone()), "{}", case.what);
    }
}

#[test]
fn a_changed_envelope_stays_shut() {
    for case in cases().into_iter().filter(|case| case.envelope.len() < 400) {
        let whole = case.envelope.as_bytes();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.to_vec();
                changed[at] ^= 1 << bit;
                assert!(case.open(&changed, &case.context()).is_err(), "{}: bit {bit} of byte {at}", case.what);
            }
            assert!(case.open(&whole[..at], &case.context()).is_err(), "{}: cut at {at}", case.what);
        }
        for more in ["=", "A", "_", " ", "\n", "AAAA"] {
            let longer = format!("{}{more}", case.envelope);
            assert!(case.open(longer.as_bytes(), &case.context()).is_err(), "{}: {more:?} behind", case.what);
        }
    }
}

#[test]
fn an_envelope_opens_only_where_it_belongs() {
    let case = &cases()[0];
    let right = case.context();
    let open = |context: Context<'_>| case.open(case.envelope.as_bytes(), &context);
    assert!(open(right).is_ok());
    let other_id = case.record_id.replace('p', "a");
    for (what, context) in [
        ("another tier", Context { tier: "payment-5y", ..right }),
        ("another source", Context { source: "kakaowork-gov", ..right }),
        ("another key's name", Context { key: *b"zzzzzz", ..right }),
        ("another policy", Context { policy: *b"aaaaaaaa", ..right }),
        ("another record", Context { record_id: other_id.as_bytes(), ..right }),
        ("no record", Context { record_id: b"", ..right }),
        // The same bytes, cut elsewhere.
        ("a shifted border", Context { tier: "contract-5yk", source: "akaowork", ..right }),
    ] {
        assert_eq!(open(context), Err(Shut::Altered), "{what}");
    }
    let wrong =
        Envelope::read(case.envelope.as_bytes()).and_then(|envelope| envelope.open(&Key::new(&[1; 32]), &right));
    assert_eq!(wrong.err(), Some(Shut::Altered), "another key");
}

#[test]
fn what_is_no_envelope_and_what_is_newer() {
    for (text, shut) in [
        ("", Shut::NoEnvelope),
        ("s1_", Shut::NoEnvelope),
        ("s1_abcdef_", Shut::NoEnvelope),
        ("s1_ABCDEF_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Shut::NoEnvelope),
        ("s1_abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Shut::NoEnvelope),
        ("s1_abcdef_****************************************************", Shut::NoEnvelope),
        ("em_kjhgfe_abcdefghijklmnopabcdefghijklmnop", Shut::NoEnvelope),
        ("s0_abcdef_AAAA", Shut::NoEnvelope),
        ("s2_abcdef_AAAA", Shut::Newer),
        ("s10_whatever", Shut::Newer),
        ("s_abcdef_AAAA", Shut::NoEnvelope),
    ] {
        assert_eq!(Envelope::read(text.as_bytes()).err(), Some(shut), "{text}");
    }
}

fn pointer(text: &str) -> Pointer {
    let segment = |name: &str| if name == "*" { Segment::Any } else { Segment::Name(name.into()) };
    Pointer(text.split('/').skip(1).map(segment).collect())
}

fn tier(name: &str, record_id: bool) -> Tier {
    Tier {
        name: name.into(),
        label: name.into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term: Term::months(60),
        legal_minimum: false,
        late_accept: false,
        time: TimePrecision::Second,
        record_id,
        spread: false,
        body_sealed: false,
        until_ms: None,
    }
}

fn plan() -> Plan {
    use Action::{Drop, Keep, Pseudonymize, Scan, Seal};
    let mask = Action::Mask(MaskShape::OfKind);
    let found = [Action::Mask(MaskShape::Redact), Action::Mask(MaskShape::Redact), mask, mask, mask, mask];
    let prefix = Action::Generalize(Generalize::Prefix(24, 48));
    // In the second tier everything that the first one seals is dropped, but for the name.
    let item = |at: &str, kind: Kind, actions: &[Action]| ItemPlan {
        name: at.into(),
        at: pointer(at),
        kind,
        when: Vec::new(),
        names: Vec::new(),
        actions: vec![
            actions.to_vec(),
            match at {
                "/name" => vec![Seal],
                _ if actions.contains(&Seal) => vec![Drop],
                _ => actions.to_vec(),
            },
        ],
    };
    let items = vec![
        item("/event", Kind::Code, &[Keep]),
        item("/name", Kind::Id, &[Action::Mask(MaskShape::Edges { first: 1, last: 0 }), Seal]),
        item("/email", Kind::Email, &[Pseudonymize, Seal]),
        item("/phone", Kind::KrPhone, &[mask, Pseudonymize, Seal]),
        item("/ip", Kind::Ip, &[Seal, prefix]),
        item("/bin", Kind::CreditCard, &[Action::Truncate(6), Seal]),
        item("/note", Kind::Text, &[Scan, Seal]),
        item("/kept", Kind::Number, &[Keep, Seal]),
        item("/alone", Kind::Text, &[Seal]),
        item("/list/*", Kind::Text, &[Seal]),
        item("/list/*/deep", Kind::Text, &[Seal]),
        item("/map/*/v", Kind::Text, &[Seal]),
    ];
    let source = |name: &str, format: Format, time: &str| SourcePlan {
        name: name.into(),
        label: name.into(),
        topics: vec![format!("{name}.activity").into()],
        quarantine: format!("quarantine.{name}").into(),
        format,
        time: EventTime::At(pointer(time)),
        belongs: Vec::new(),
        charset: Charset::Utf8,
        tombstones_forward: false,
        tenant: None,
        items: items.clone(),
        key: None,
        headers: Vec::new(),
        routes: vec![Route { when: Vec::new(), to: vec![TierId(0), TierId(1)] }],
        also: Vec::new(),
        takes: Vec::new(),
        found: found
            .iter()
            .chain([&mask; Kind::FOUND])
            .take(Kind::FOUND)
            .map(|action| vec![vec![*action]; 2])
            .collect(),
    };
    let pattern = Pattern::nginx(r#"$ip - $user [$time] "$note" $status"#).expect("the format compiles");
    let lines = Format::Pattern { pattern, emit: Emit::Json };
    Plan {
        name: "test".into(),
        digest: [0x2e; 32],
        zone: jiff::tz::TimeZoneDatabase::bundled().get("Asia/Seoul").expect("a zone of the bundled database"),
        unlisted: Unlisted::Drop,
        max_lateness_s: 72 * 3600,
        keys: vec![KeyPlan::by_day(TierId(0)), KeyPlan::by_day(TierId(1))],
        holidays: Default::default(),
        tiers: vec![tier("legal", true), tier("nameless", false)],
        sources: vec![source("app", Format::Json, "/at"), source("web", lines, "/time")],
    }
}

fn engine(change: impl FnOnce(&mut Plan)) -> Engine {
    let mut plan = plan();
    change(&mut plan);
    Engine::new(plan, Limits { past_days: 30, future_days: 2 }).expect("the plan compiles")
}

fn ring() -> KeyRing {
    KeyRing::ephemeral(Key::new(b"a key of tests, no secret at all"))
}

fn records<'a>(engine: &Engine, source: &str, values: &'a [&[u8]]) -> Vec<Record<'a>> {
    let input = engine.input(&format!("{source}.activity")).expect("a topic of the plan");
    let record = |(offset, value): (usize, &&'a [u8])| Record {
        input,
        position: Position { partition: 3, offset: offset as i64 },
        timestamp_ms: Some(ARRIVAL_MS),
        key: None,
        value: Some(Plain(value)),
        headers: &[],
    };
    values.iter().enumerate().map(record).collect()
}

fn treat(engine: &Engine, source: &str, values: &[&[u8]]) -> Treated {
    let mut out = Treated::default();
    engine.treat(&mut Scratch::new(), &ring(), &records(engine, source, values), &mut out).expect("keys of every day");
    out
}

/// The member before the last one, which is `garim`; and what is in it, opened with keys derived here.
fn opened(engine: &Engine, source: &str, tier: u8, value: &[u8]) -> (String, Vec<(String, String)>) {
    let plan = engine.plan();
    let text = std::str::from_utf8(value).expect("outputs are UTF-8");
    let json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).expect("outputs are JSON");
    let Some(envelope) = json.get("sealed") else { return (text.to_owned(), Vec::new()) };
    let envelope = envelope.as_str().expect("a text");
    let garim = json["garim"].as_str().expect("a text");
    let (policy, record_id) = garim.split_once('.').unwrap_or((garim, ""));
    let zoned = plan.zone.to_datetime(jiff::Timestamp::from_millisecond(ARRIVAL_MS).expect("a time"));
    let Lookup::Live(secret) = ring().lookup(TierId(tier), Epoch::Day(day_of(zoned.date())), 0) else {
        panic!("the ring has every key")
    };
    let context = Context {
        tier: &plan.tiers[usize::from(tier)].name,
        source,
        key: secret.id,
        policy: policy.as_bytes().try_into().expect("eight letters"),
        record_id: record_id.as_bytes(),
    };
    let read = Envelope::read(envelope.as_bytes()).expect("an envelope");
    assert_eq!(read.key, secret.id);
    let algorithm = plan.keys[usize::from(tier)].algorithm;
    let opened = read.open(&derive(algorithm, Purpose::Seal, &secret.secret, None, ""), &context).expect("it opens");
    let values = opened.values().into_iter().map(|(path, value)| (path.to_owned(), value.to_owned())).collect();
    let rest = text.replace(&format!(",\"sealed\":\"{envelope}\",\"garim\":\"{garim}\""), "");
    (rest, values)
}

fn without_letters(text: &str) -> String {
    regex::Regex::new("[a-z]{2}_[a-z]{6}_[a-p]{32}").expect("a regex").replace_all(text, "#").into_owned()
}

/// What is given, what of it is left in the first tier, and what is sealed there.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

#[test]
fn what_is_sealed_and_what_stays() {
    const AT: &str = r#""at":"2026-11-23T09:15:42+09:00""#;
    let ids = regex::Regex::new("cocococo\\.[a-p]{32}").expect("a regex");
    let engine = engine(|_| {});
    let rows: &[Row<'_>] = &[
        (r#""name":"홍길동""#, r#","name":"홍**""#, &[("/name", r#""홍길동""#)]),
        (r#""name":"\u0041b\/c""#, r#","name":"A***""#, &[("/name", r#""\u0041b\/c""#)]),
        (r#""email":"user7@example.com""#, r##","email":"#""##, &[("/email", r#""user7@example.com""#)]),
        (
            r#""phone":"010-1234-5678""#,
            r##","phone":"010-****-5678","phone_token":"#""##,
            &[("/phone", r#""010-1234-5678""#)],
        ),
        (r#""ip" : "192.0.2.17""#, r#","ip":"192.0.2.0/24""#, &[("/ip", r#""192.0.2.17""#)]),
        (r#""bin":4111111111111111"#, r#","bin":"411111""#, &[("/bin", "4111111111111111")]),
        (r#""note":"call 010-1234-5678""#, r#","note":"call 010-****-5678""#, &[("/note", r#""call 010-1234-5678""#)]),
        (r#""kept":-1.50E+2"#, r#","kept":-1.50E+2"#, &[("/kept", "-1.50E+2")]),
        (r#""alone":"gone""#, "", &[("/alone", r#""gone""#)]),
        (r#""alone":true"#, "", &[("/alone", "true")]),
        (r#""alone":"""#, "", &[("/alone", r#""""#)]),
        // A container is sealed whole, as it stands there.
        (r#""alone":{ "x" : [1, {"y":null}] }"#, "", &[("/alone", r#"{ "x" : [1, {"y":null}] }"#)]),
        (r#""alone":[]"#, "", &[("/alone", "[]")]),
        // Null is no secret.
        (r#""alone":null,"name":null,"email":null"#, r#","alone":null,"name":null,"email":null"#, &[]),
        (r#""list":["a",null,"b"]"#, r#","list":[null]"#, &[("/list/0", r#""a""#), ("/list/2", r#""b""#)]),
        (
            r#""list":[{"deep":"x"},[1],"z"]"#,
            "",
            &[("/list/0", r#"{"deep":"x"}"#), ("/list/1", "[1]"), ("/list/2", r#""z""#)],
        ),
        (
            r#""map":{"a\/b":{"v":"1"},"m~n":{"v":"2","w":"3"},"010-1234-5678":{"v":"4"}}"#,
            "",
            &[("/map/a~1b/v", r#""1""#), ("/map/m~0n/v", r#""2""#), ("/map/010-1234-5678/v", r#""4""#)],
        ),
        (
            r#""alone":"1","name":"홍길동","kept":2"#,
            r#","name":"홍**","kept":2"#,
            &[("/alone", r#""1""#), ("/name", r#""홍길동""#), ("/kept", "2")],
        ),
        ("\"event\":\"login\"", ",\"event\":\"login\"", &[]),
    ];
    for (given, left, sealed) in rows {
        let value = format!("{{{AT},{given}}}");
        let treated = treat(&engine, "app", &[value.as_bytes()]);
        assert_eq!(treated.outputs.len(), 2, "{given}: {:?}", treated.refusals);
        for output in &treated.outputs {
            let written = &treated.bytes[output.value.clone().expect("a value")];
            let (rest, values) = opened(&engine, "app", output.tier.0, written);
            let values: Vec<(&str, &str)> = values.iter().map(|(path, value)| (&**path, &**value)).collect();
            if output.tier == TierId(1) {
                let only_name: Vec<(&str, &str)> =
                    sealed.iter().copied().filter(|(path, _)| *path == "/name").collect();
                assert_eq!(values, only_name, "{given}, in the second tier");
                continue;
            }
            assert_eq!(values, *sealed, "{given}");
            let rest = without_letters(&rest);
            let expected = match sealed {
                [] => format!("{{{AT}{left},\"garim\":\"cocococo.#\"}}"),
                _ => format!("{{{AT}{left}}}"),
            };
            assert_eq!(ids.replace_all(&rest, "cocococo.#"), expected, "{given}");
        }
    }
}

#[test]
fn fields_of_lines_are_sealed_as_texts() {
    let engine = engine(|_| {});
    let line = br#"192.0.2.17 - u [23/Nov/2026:09:15:42 +0900] "say \x22010-1234-5678\x22" -"#;
    let treated = treat(&engine, "web", &[line]);
    assert_eq!(treated.outputs.len(), 2, "{:?}", treated.refusals);
    let (rest, values) = opened(&engine, "web", 0, &treated.bytes[treated.outputs[0].value.clone().expect("a value")]);
    assert!(rest.contains(r#""ip":"192.0.2.0/24""#), "{rest}");
    assert_eq!(values[0], ("/ip".to_owned(), r#""192.0.2.17""#.to_owned()));
    assert_eq!(values[1].0, "/note");
    assert!(values[1].1.contains("010-1234-5678") && !rest.contains("010-1234-5678"), "{rest} {values:?}");
    let nothing = br#"- - u [23/Nov/2026:09:15:42 +0900] "-" -"#;
    let treated = treat(&engine, "web", &[nothing]);
    let text = String::from_utf8_lossy(&treated.bytes);
    assert!(treated.refusals.is_empty() && !text.contains("sealed"), "{text}");
}

#[test]
fn a_replay_seals_to_the_same_bytes_and_another_place_to_others() {
    let value: &[u8] = br#"{"at":"2026-11-23T09:15:42+09:00","alone":"same"}"#;
    for algorithm in [Algorithm::Blake3, Algorithm::HmacSha256] {
        let engine = engine(|plan| plan.keys.iter_mut().for_each(|keys| keys.algorithm = algorithm));
        let once = treat(&engine, "app", &[value, value]);
        assert_eq!(once.bytes, treat(&engine, "app", &[value, value]).bytes);
        let envelopes: Vec<&[u8]> =
            once.outputs.iter().map(|output| &once.bytes[output.value.clone().expect("a value")]).collect();
        assert_ne!(envelopes[0], envelopes[2], "two records, two nonces");
        // The nonce is the keyed hash of the record's frame, by the tier's own algorithm.
        let (_, values) = opened(&engine, "app", 0, envelopes[0]);
        assert_eq!(values, [("/alone".to_owned(), r#""same""#.to_owned())]);
        let zoned = engine.plan().zone.to_datetime(jiff::Timestamp::from_millisecond(ARRIVAL_MS).expect("a time"));
        let Lookup::Live(secret) = ring().lookup(TierId(0), Epoch::Day(day_of(zoned.date())), 0) else {
            panic!("the ring has every key")
        };
        let mut frame = [0; FRAME_BYTES];
        let place = Position { partition: 3, offset: 0 };
        frame::fill_record(&mut frame, frame::tag("app", "record"), &frame::topic_digest("app.activity"), place, 0);
        let prf = Prf::derive(algorithm, Purpose::Nonce, &secret.secret, None, "");
        let mut nonce = [0; 32];
        prf.frames(&[frame], &[0], |_, hash| nonce = *hash);
        let text = String::from_utf8_lossy(envelopes[0]);
        let written = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &nonce[..12]);
        assert!(text.contains(&format!("_{written}")), "{text} lacks {written}");
    }
}

/// Values are staged before a record is known to be good: those of a refused one must not end up in the next.
#[test]
fn a_refused_record_takes_its_values_back() {
    let engine = engine(|plan| {
        let at = pointer("/names/*");
        let mut item = plan.sources[0].items[0].clone();
        item.at = at;
        item.kind = Kind::Text;
        item.actions = vec![vec![Action::Scan]; 2];
        plan.sources[0].items.push(item);
    });
    let good: &[u8] = br#"{"at":"2026-11-23T09:15:42+09:00","alone":"good","name":"n"}"#;
    // Two names become one after they are masked; by then `alone` is staged, in this tier and the one before.
    let bad: &[u8] =
        br#"{"at":"2026-11-23T09:15:42+09:00","alone":"bad","names":{"900101-1234568":1,"900101-1234569":2}}"#;
    let treated = treat(&engine, "app", &[good, bad, good]);
    let reasons: Vec<Reason> = treated.refusals.iter().map(|refusal| refusal.reason).collect();
    assert_eq!(reasons, [Reason::KeyCollision]);
    assert_eq!(treated.outputs.len(), 4);
    for output in &treated.outputs {
        let value = &treated.bytes[output.value.clone().expect("a value")];
        let (_, values) = opened(&engine, "app", output.tier.0, value);
        let expected: &[(&str, &str)] = if output.tier == TierId(0) {
            &[("/alone", r#""good""#), ("/name", r#""n""#)]
        } else {
            &[("/name", r#""n""#)]
        };
        let values: Vec<(&str, &str)> = values.iter().map(|(path, value)| (&**path, &**value)).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn the_envelope_counts_for_the_size_of_the_output() {
    let engine = engine(|_| {});
    // Base64 adds a third: what fits as it is does not fit sealed.
    let value = format!(r#"{{"at":"2026-11-23T09:15:42+09:00","alone":"{}"}}"#, "x".repeat(OUTPUT_BYTES_MAX * 4 / 5));
    let treated = treat(&engine, "app", &[value.as_bytes()]);
    let reasons: Vec<Reason> = treated.refusals.iter().map(|refusal| refusal.reason).collect();
    assert_eq!(reasons, [Reason::OutputTooLarge]);
    let value = format!(r#"{{"at":"2026-11-23T09:15:42+09:00","alone":"{}"}}"#, "x".repeat(OUTPUT_BYTES_MAX * 7 / 10));
    assert_eq!(treat(&engine, "app", &[value.as_bytes()]).outputs.len(), 2);
}

#[test]
fn a_container_with_more_than_a_seal_is_refused() {
    let engine = engine(|_| {});
    for field in ["name", "email", "note", "kept"] {
        let value = format!(r#"{{"at":"2026-11-23T09:15:42+09:00","{field}":["x"]}}"#);
        let treated = treat(&engine, "app", &[value.as_bytes()]);
        let reasons: Vec<Reason> = treated.refusals.iter().map(|refusal| refusal.reason).collect();
        assert_eq!(reasons, [Reason::NotScalar], "{field}");
    }
}

#[test]
fn where_nothing_can_be_sealed_a_plan_is_refused() {
    let mut whole = plan();
    whole.tiers.push(Tier { body_sealed: true, ..tier("legal@partner", true) });
    whole.keys.push(KeyPlan { recipient: Some("partner".into()), ..KeyPlan::by_day(TierId(0)) });
    for source in &mut whole.sources {
        source.items.iter_mut().for_each(|item| item.actions.push(vec![Action::Drop]));
        source.found.iter_mut().for_each(|by_tier| by_tier.push(by_tier[0].clone()));
    }
    assert!(Engine::new(whole.clone(), Limits { past_days: 30, future_days: 2 }).is_err(), "a recipient's share");
    whole.tiers[2].body_sealed = false;
    assert!(Engine::new(whole, Limits { past_days: 30, future_days: 2 }).is_ok());
    type Change = fn(&mut Plan);
    let rows: [(&str, Change); 7] = [
        ("a line has no place for an envelope", |plan| {
            let Format::Pattern { emit, .. } = &mut plan.sources[1].format else { panic!("a pattern") };
            *emit = Emit::Same;
        }),
        ("a line has no place for an envelope", |plan| plan.sources[1].format = Format::Text),
        ("nothing is sealed for a recipient", |plan| {
            plan.keys[1] = KeyPlan { of: TierId(0), recipient: Some("partner".into()), ..plan.keys[0].clone() };
        }),
        ("a key or header has no envelope", |plan| {
            plan.sources[0].key = Some(CarrierPlan { kind: Kind::Id, actions: vec![vec![Action::Seal]; 2] });
        }),
        ("neither `scan` nor `seal`", |plan| plan.sources[0].found[0] = vec![vec![Action::Seal]; 2]),
        ("dropped and pseudonymized or sealed at once", |plan| {
            plan.sources[0].items[0].actions[0] = vec![Action::Drop, Action::Seal];
        }),
        ("two actions that write its value", |plan| {
            plan.sources[0].items[0].actions[0] = vec![Action::Seal, Action::Seal];
        }),
    ];
    for (what, change) in rows {
        let mut plan = plan();
        change(&mut plan);
        let fault = Engine::new(plan, Limits { past_days: 30, future_days: 2 }).expect_err(what);
        assert!(fault.0.contains(what), "{what}: {fault}");
    }
}

#[test]
fn a_record_that_is_sealed_whole() {
    let engine = engine(|plan| plan.tiers[0].body_sealed = true);
    let given = [
        r#"{"at":"2026-11-23T09:15:42+09:00","name":"홍길동","email":"user7@example.com","event":"login"}"#,
        r#"{"at":"2026-11-23T09:15:42+09:00","event":"logout"}"#,
    ];
    let treated = treat(&engine, "app", &given.map(str::as_bytes));
    let letters = treated.bytes.iter().filter(|byte| **byte == b'?').count();
    assert_eq!((treated.outputs.len(), treated.refusals.len(), letters), (4, 0, 0));
    let output = |index: usize| &treated.bytes[treated.outputs[index].value.clone().expect("a value")];
    let whole = regex::Regex::new(r#"^\{"sealed":"s1_[a-z]{6}_[A-Za-z0-9_-]+","garim":"cocococo\.[a-p]{32}"\}$"#);
    let whole = whole.expect("a regex");
    for index in [0, 2] {
        let text = std::str::from_utf8(output(index)).expect("outputs are UTF-8");
        assert!(whole.is_match(text), "{text}");
    }
    let (_, values) = opened(&engine, "app", 0, output(0));
    let paths: Vec<&str> = values.iter().map(|(path, _)| &**path).collect();
    assert_eq!(paths, ["/name", "/email", ""]);
    assert_eq!(values[0].1, r#""홍길동""#);
    let body = without_letters(&values[2].1);
    assert_eq!(body, r##"{"at":"2026-11-23T09:15:42+09:00","name":"홍**","email":"#","event":"login"}"##);
    let (_, values) = opened(&engine, "app", 0, output(2));
    let logout = r#"{"at":"2026-11-23T09:15:42+09:00","event":"logout"}"#.to_owned();
    assert_eq!(values, [(String::new(), logout)]);
    // The other tier's records stay as they were.
    assert!(String::from_utf8_lossy(output(3)).contains(r#""event":"logout""#));
    // The token is the one that the record has where it lies open.
    let open = treat(&self::engine(|_| {}), "app", &given.map(str::as_bytes));
    let token = regex::Regex::new("em_[a-z]{6}_[a-p]{32}").expect("a regex");
    let open = String::from_utf8_lossy(&open.bytes[open.outputs[0].value.clone().expect("a value")]).into_owned();
    let (_, values) = opened(&engine, "app", 0, output(0));
    assert_eq!(token.find(&open).map(|found| found.as_str()), token.find(&values[2].1).map(|found| found.as_str()));
}

#[test]
fn a_line_that_becomes_an_object_is_sealed_whole() {
    let engine = engine(|plan| plan.tiers[1].body_sealed = true);
    let line = br#"192.0.2.17 - u [23/Nov/2026:09:15:42 +0900] "hello" -"#;
    let treated = treat(&engine, "web", &[line]);
    assert_eq!(treated.outputs.len(), 2, "{:?}", treated.refusals);
    let (_, values) = opened(&engine, "web", 1, &treated.bytes[treated.outputs[1].value.clone().expect("a value")]);
    assert!(values.last().expect("a value").1.starts_with(r#"{"time":"#), "{values:?}");
}
