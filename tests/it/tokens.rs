//! Tokens: published vectors, and what makes two of them equal or different.

use std::collections::{BTreeMap, BTreeSet};

use garim::engine::charset::Charset;
use garim::engine::outcome::{KeyMissing, Reason, Treated};
use garim::engine::plan::{Action, EventTime, Format, ItemPlan, KeyPlan, Plan, SourcePlan, Unlisted};
use garim::engine::{Engine, Limits, Scratch};
use garim::kind::{Kind, canonical};
use garim::limits::DERIVED_KEYS_MAX;
use garim::pseudonym::epoch::{Epoch, Generation, KeyRing, Period, Stored, TenantLookup, tenant_id};
use garim::pseudonym::plain::{TokenKeys, token_of};
use garim::pseudonym::prf::Prf;
use garim::pseudonym::{Algorithm, Purpose, derive, frame, token};
use garim::record::time::TimePrecision;
use garim::record::{Position, Record, TierId};
use garim::route::term::Term;
use garim::route::tier::Tier;
use garim::route::{Pointer, Route, Segment};
use garim::secret::{Key, Plain};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    key: Vec<KeyRow>,
    token: Vec<TokenRow>,
    record: Vec<RecordRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRow {
    algorithm: String,
    purpose: String,
    secret: String,
    tenant: String,
    recipient: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRow {
    algorithm: String,
    source: String,
    kind: String,
    text: String,
    canonical: String,
    repeat: usize,
    secret: String,
    tenant: String,
    recipient: String,
    frame: String,
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordRow {
    algorithm: String,
    source: String,
    topic: String,
    partition: i32,
    offset: i64,
    line: u32,
    secret: String,
    frame: String,
    letters: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(hex: &str) -> Option<Key> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (!hex.is_empty()).then(|| Key::new(&std::array::from_fn(|at| byte(2 * at))))
}

fn algorithm(name: &str) -> Algorithm {
    match name {
        "blake3" => Algorithm::Blake3,
        "hmac-sha256" => Algorithm::HmacSha256,
        other => panic!("algorithm {other}"),
    }
}

/// The rows were made by another implementation: `tests/data/tokens.py`.
#[test]
fn published_vectors() {
    let vectors: Vectors = toml::from_str(include_str!("../data/tokens.toml")).unwrap();
    for row in &vectors.key {
        let purpose = match &*row.purpose {
            "pseudonym" => Purpose::Pseudonym,
            "record-id" => Purpose::RecordId,
            "seal" => Purpose::Seal,
            "nonce" => Purpose::Nonce,
            "share-name" => Purpose::ShareName,
            "subject" => Purpose::Subject,
            other => panic!("purpose {other}"),
        };
        let (secret, tenant) = (key(&row.secret).unwrap(), key(&row.tenant));
        let derived = derive(algorithm(&row.algorithm), purpose, &secret, tenant.as_ref(), &row.recipient);
        assert_eq!(hex(derived.expose()), row.key, "{} key of {}", row.algorithm, row.purpose);
    }
    let mut kinds = BTreeSet::new();
    for row in &vectors.token {
        let (algorithm, kind) = (algorithm(&row.algorithm), Kind::from_name(&row.kind).unwrap());
        kinds.insert((row.algorithm.clone(), kind));
        let (text, value) = (row.text.repeat(row.repeat), row.canonical.repeat(row.repeat));
        let mut formed = Vec::new();
        assert!(canonical(kind, &text, &mut formed), "{text}");
        assert_eq!(String::from_utf8(formed).unwrap(), value, "{text}");
        let (secret, tenant) = (key(&row.secret).unwrap(), key(&row.tenant));
        let prf = Prf::derive(algorithm, Purpose::Pseudonym, &secret, tenant.as_ref(), &row.recipient);
        let mut filled = [0; 64];
        frame::fill_value(&mut filled, frame::tag(&row.source, &row.kind), value.as_bytes(), &prf);
        assert_eq!(hex(&filled), row.frame, "frame of {text}");
        let recipient = Some(&*row.recipient).filter(|name| !name.is_empty());
        let keys = TokenKeys { algorithm, id: *b"kjhgfe", secret: &secret, tenant: tenant.as_ref(), recipient };
        assert_eq!(token_of(keys, &row.source, kind, &text), row.token, "{} of {text}", row.algorithm);
    }
    assert_eq!(kinds.len(), 2 * Kind::ALL.len(), "a row for every kind and algorithm");
    for row in &vectors.record {
        let prf = Prf::derive(algorithm(&row.algorithm), Purpose::RecordId, &key(&row.secret).unwrap(), None, "");
        let mut filled = [0; 64];
        let position = Position { partition: row.partition, offset: row.offset };
        let digest = frame::topic_digest(&row.topic);
        frame::fill_record(&mut filled, frame::tag(&row.source, "record"), &digest, position, row.line);
        assert_eq!(hex(&filled), row.frame);
        let mut letters = [0; token::LETTERS];
        token::letters(&prf.message(&[&filled]), &mut letters);
        assert_eq!(std::str::from_utf8(&letters).unwrap(), row.letters);
    }
}

/// 2026-11-24T12:00:00+09:00 and its day.
const NOON_MS: i64 = 1_795_489_200_000;
const NOON_DAY: i32 = 20_781;
const DAY_MS: i64 = 86_400_000;

fn pointer(name: &str) -> Pointer {
    Pointer(vec![Segment::Name(name.into())])
}

/// Two sources, `app` and `web`, that send every record to all of these tiers.
fn engine(keys: Vec<KeyPlan>, spread: bool) -> Engine {
    let tier = |name: usize| Tier {
        name: format!("tier{name}").into(),
        label: "a tier".into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term: Term::months(60),
        legal_minimum: false,
        late_accept: true,
        time: TimePrecision::Second,
        record_id: true,
        spread,
        body_sealed: false,
        until_ms: None,
    };
    let source = |name: &str| SourcePlan {
        name: name.into(),
        label: name.into(),
        topics: vec![format!("{name}.activity").into()],
        quarantine: format!("quarantine.{name}").into(),
        format: Format::Json,
        time: EventTime::At(pointer("at")),
        tenant: Some(pointer("tenant")),
        belongs: Vec::new(),
        charset: Charset::Utf8,
        tombstones_forward: false,
        items: vec![ItemPlan {
            name: "user".into(),
            at: pointer("user"),
            kind: Kind::Email,
            when: Vec::new(),
            actions: vec![vec![Action::Pseudonymize]; keys.len()],
            names: Vec::new(),
        }],
        key: None,
        headers: Vec::new(),
        routes: vec![Route { when: Vec::new(), to: (0..keys.len()).map(|tier| TierId(tier as u8)).collect() }],
        also: Vec::new(),
        takes: Vec::new(),
        found: vec![vec![vec![Action::Drop]; keys.len()]; Kind::FOUND],
    };
    let plan = Plan {
        name: "tokens".into(),
        digest: [0; 32],
        zone: jiff::tz::TimeZoneDatabase::bundled().get("Asia/Seoul").unwrap(),
        unlisted: Unlisted::Drop,
        max_lateness_s: 72 * 3600,
        tiers: (0..keys.len()).map(tier).collect(),
        keys: keys.clone(),
        holidays: Default::default(),
        sources: vec![source("app"), source("web")],
    };
    Engine::new(plan, Limits { past_days: 36_000, future_days: 36_000 }).unwrap()
}

const USER: &str = "Gildong@Example.com";

fn payload(event_ms: i64, tenant: &str) -> String {
    format!(r#"{{"at":{event_ms},"user":"{USER}","tenant":{tenant}}}"#)
}

fn record(engine: &Engine, source: &str, offset: i64, value: &str) -> Record<'static> {
    Record {
        input: engine.input(&format!("{source}.activity")).unwrap(),
        position: Position { partition: 0, offset },
        timestamp_ms: Some(NOON_MS),
        key: None,
        value: Some(Plain(value.to_owned().leak().as_bytes())),
        headers: &[],
    }
}

fn outputs(treated: &Treated) -> Vec<String> {
    let text = |range: std::ops::Range<usize>| String::from_utf8(treated.bytes[range].to_vec()).unwrap();
    treated.outputs.iter().map(|output| text(output.value.clone().unwrap())).collect()
}

/// The tokens of one record, tier by tier.
fn tokens(engine: &Engine, keys: &KeyRing, source: &str, event_ms: i64, tenant: &str) -> Vec<String> {
    let (mut scratch, mut treated) = (Scratch::new(), Treated::default());
    let record = record(engine, source, 0, &payload(event_ms, tenant));
    engine.treat(&mut scratch, keys, &[record], &mut treated).unwrap();
    assert_eq!(treated.refusals, []);
    let token = |text: &String| text.split('"').nth(5).unwrap().to_owned();
    outputs(&treated).iter().map(token).collect()
}

/// A tier by day and one by year, both with a recipient's share; one by tenant; HMAC in the last.
fn every_form() -> Vec<KeyPlan> {
    let by_day = KeyPlan::by_day;
    let share = |of: u8, keys: KeyPlan| KeyPlan { of: TierId(of), recipient: Some("partner".into()), ..keys };
    let year = KeyPlan { period: Period::Year, ..by_day(TierId(1)) };
    vec![
        by_day(TierId(0)),
        year.clone(),
        share(0, by_day(TierId(0))),
        share(1, year),
        KeyPlan { recipient: Some("bureau".into()), ..by_day(TierId(0)) },
        KeyPlan { tenants: true, ..by_day(TierId(5)) },
        KeyPlan { algorithm: Algorithm::HmacSha256, ..by_day(TierId(6)) },
    ]
}

/// Generations of every tier: two in the day of noon, which change at noon; one in the year.
fn stored(tiers: u8) -> Stored {
    let generation = |tier: u8, number: u8, from_ms| Generation {
        id: [b'a' + tier, b'a' + number, b'x', b'x', b'x', b'x'],
        from_ms,
        secret: Some(Key::new(&[16 * tier + number; 32])),
    };
    let epochs = |tier| {
        let mut epochs = BTreeMap::new();
        let noon = vec![generation(tier, 0, i64::MIN), generation(tier, 1, NOON_MS)];
        epochs.insert(Epoch::Day(NOON_DAY), noon);
        epochs.insert(Epoch::Day(NOON_DAY + 1), vec![generation(tier, 2, i64::MIN)]);
        epochs.insert(Epoch::Year(2026), vec![generation(tier, 3, i64::MIN)]);
        epochs
    };
    let naming = Key::new(&[0xaa; 32]);
    let tenant = |source, name: &str, byte| (tenant_id(&naming, source, name.as_bytes()), Some(Key::new(&[byte; 32])));
    let mut tenants =
        BTreeMap::from([tenant("app", "7", 0xa1), tenant("app", "acme", 0xa2), tenant("web", "acme", 0xa3)]);
    tenants.insert(tenant_id(&naming, "app", b"gone"), None);
    Stored { tiers: (0..tiers).map(epochs).collect(), naming: Some(naming), tenants }
}

#[test]
fn tokens_differ_in_everything_that_keeps_them_apart() {
    let engine = engine(every_form(), false);
    let ring = KeyRing::stored(stored(7));
    let mut seen = BTreeMap::new();
    for source in ["app", "web"] {
        for (when, event_ms) in [("before", NOON_MS - 1), ("after", NOON_MS), ("next day", NOON_MS + DAY_MS)] {
            for (tier, token) in tokens(&engine, &ring, source, event_ms, r#""acme""#).into_iter().enumerate() {
                let by_year = matches!(tier, 1 | 3);
                let name = (source, tier, if by_year { "year" } else { when });
                if let Some(known) = seen.insert(token.clone(), name) {
                    assert_eq!(known, name, "{token}");
                }
            }
        }
    }
    assert_eq!(seen.len(), 2 * (5 * 3 + 2), "{seen:#?}");
    let letters: BTreeSet<&str> = seen.keys().map(|token| &token[10..]).collect();
    assert_eq!(letters.len(), seen.len(), "not only the names of the keys differ");
    let names: BTreeSet<(usize, &str, &str)> = seen.iter().map(|(token, at)| (at.1, at.2, &token[3..9])).collect();
    let ids: BTreeSet<&str> = names.iter().map(|name| name.2).collect();
    assert_eq!((names.len(), ids.len()), (5 * 3 + 2, 5 * 3 + 2), "a name for each tier, recipient and generation");
}

#[test]
fn the_same_record_has_the_same_token_wherever_it_is_treated() {
    let ring = || KeyRing::stored(stored(7));
    let engine_ = engine(every_form(), true);
    let values: Vec<String> = (0..200)
        .map(|n| payload(NOON_MS - 100 + n % 7 * 30 + n % 2 * DAY_MS, if n % 3 == 0 { "7.0" } else { r#"" acme ""# }))
        .collect();
    let records: Vec<Record<'_>> =
        values.iter().zip(0..).map(|(value, offset)| record(&engine_, "app", offset, value)).collect();
    let treat = |engine: &Engine, ring: &KeyRing, scratch: &mut Scratch| {
        let mut treated = Treated::default();
        engine.treat(scratch, ring, &records, &mut treated).unwrap();
        (outputs(&treated), treated.outputs)
    };
    let mut scratch = Scratch::new();
    let first = treat(&engine_, &ring(), &mut scratch);
    assert_eq!(first.0.len(), 7 * values.len());
    assert_eq!(treat(&engine_, &ring(), &mut scratch), first, "a replay by the same worker");
    assert_eq!(treat(&engine(every_form(), true), &ring(), &mut Scratch::new()), first, "another worker");
    scratch = Scratch::new();
    assert_eq!(treat(&engine_, &ring(), &mut scratch), first, "keys derived once more");
    // In pieces of another size: an order is promised inside of a batch only, so the outputs are compared as a set.
    let mut pieces = Vec::new();
    for piece in records.chunks(3) {
        let mut treated = Treated::default();
        engine_.treat(&mut scratch, &ring(), piece, &mut treated).unwrap();
        pieces.extend(outputs(&treated));
    }
    let sorted = |mut outputs: Vec<String>| {
        outputs.sort();
        outputs
    };
    assert_eq!(sorted(pieces), sorted(first.0));
}

#[test]
fn one_token_computed_step_by_step_is_the_engines() {
    let (keys, ring) = (every_form(), KeyRing::stored(stored(7)));
    let engine = engine(keys.clone(), false);
    let got = tokens(&engine, &ring, "app", NOON_MS, "\"acme\"");
    for (plan, got) in keys.iter().zip(got) {
        let epoch = Epoch::of(plan.period, NOON_DAY).unwrap();
        let generation = ring.store().unwrap().tiers[usize::from(plan.of.0)][&epoch].last().unwrap();
        let tenant = match plan.tenants.then(|| ring.tenant(&ring.tenant_id("app", "acme").unwrap())) {
            Some(TenantLookup::Live(secret)) => Some(secret),
            _ => None,
        };
        let keys = TokenKeys {
            algorithm: plan.algorithm,
            id: generation.id,
            secret: generation.secret.as_ref().unwrap(),
            tenant: tenant.as_ref(),
            recipient: plan.recipient.as_deref(),
        };
        assert_eq!(token_of(keys, "app", Kind::Email, USER), got, "{plan:?}");
    }
}

#[test]
fn tenants_are_read_as_text_whatever_they_are_in_json() {
    let engine = engine(vec![KeyPlan { tenants: true, ..KeyPlan::by_day(TierId(0)) }], false);
    let ring = KeyRing::stored(stored(1));
    let of = |tenant: &str| tokens(&engine, &ring, "app", NOON_MS, tenant);
    for same in ["7.0", "70e-1", "\"7\"", "\" 7\\n\"", "\"\\u0037\""] {
        assert_eq!(of(same), of("7"), "{same}");
    }
    assert_ne!(of("7"), of("\"acme\""));

    let treat = |tenant: &str| {
        let mut treated = Treated::default();
        let record = record(&engine, "app", 17, &payload(NOON_MS, tenant));
        let result = engine.treat(&mut Scratch::new(), &ring, &[record], &mut treated);
        result.map(|()| treated.refusals.iter().map(|refusal| refusal.reason).collect::<Vec<_>>())
    };
    for none in ["null", "\"\"", "\"  \"", "[]", "{\"a\":1}"] {
        assert_eq!(treat(none), Ok(vec![Reason::NoTenant]), "{none}");
    }
    assert_eq!(treat("\"gone\""), Ok(vec![Reason::KeyDestroyed]));
    let missing = treat("\"secretive\"").unwrap_err();
    let position = Position { partition: 0, offset: 17 };
    let input = engine.input("app.activity").unwrap();
    let expected = KeyMissing { tier: TierId(0), epoch: Epoch::Day(NOON_DAY), tenant: true, input, position };
    assert_eq!(missing, expected);
    let (what, help) = missing.told(&engine);
    assert_eq!(what, "tier `tier0` has keys by tenant, and the record's tenant has none");
    assert_eq!(help, "make it: `garim keys tenant --source app`");
}

#[test]
fn a_missing_secret_names_its_period() {
    let (tier, position) = (TierId(0), Position { partition: 0, offset: 0 });
    let engine = engine(vec![KeyPlan::by_day(TierId(0))], false);
    let input = engine.input("app.activity").unwrap();
    for (epoch, what, help) in [
        (Epoch::Day(NOON_DAY), "2026-11-24", "--from 2026-11-24 --until 2026-11-24"),
        (Epoch::Year(2026), "2026", "--from 2026-01-01 --until 2026-12-31"),
    ] {
        let told = KeyMissing { tier, epoch, tenant: false, input, position }.told(&engine);
        assert_eq!(told.0, format!("tier `tier0` has no key for {what}"));
        assert_eq!(told.1, format!("make it: `garim keys new {help}`"));
    }
}

/// What is destroyed while a worker runs comes to it as another ring: the derived keys of the first must not serve on.
#[test]
fn a_destroyed_key_serves_no_more_from_the_next_ring_on() {
    let engine = engine(vec![KeyPlan::by_day(TierId(0))], false);
    let mut scratch = Scratch::new();
    let mut treat = |ring: &KeyRing, event_ms: i64| {
        let mut treated = Treated::default();
        let record = record(&engine, "app", 0, &payload(event_ms, "1"));
        engine.treat(&mut scratch, ring, &[record], &mut treated).unwrap();
        treated.refusals.first().map(|refusal| refusal.reason)
    };
    let before = KeyRing::stored(stored(1));
    assert_eq!((treat(&before, NOON_MS - 1), treat(&before, NOON_MS)), (None, None));
    let mut secrets = stored(1);
    secrets.tiers[0].get_mut(&Epoch::Day(NOON_DAY)).unwrap()[1].secret = None;
    let after = KeyRing::stored(secrets);
    assert_eq!((treat(&after, NOON_MS - 1), treat(&after, NOON_MS)), (None, Some(Reason::KeyDestroyed)));
}

/// More keys than a lane keeps: some are wiped and derived again, and no token changes.
#[test]
fn more_keys_than_are_kept() {
    let engine = engine(vec![KeyPlan { tenants: true, ..KeyPlan::by_day(TierId(0)) }], false);
    let ring = KeyRing::ephemeral(Key::new(&[5; 32]));
    let (mut scratch, mut treated) = (Scratch::new(), Treated::default());
    let tenants = DERIVED_KEYS_MAX + 2500;
    let values: Vec<String> = (0..tenants).map(|tenant| payload(NOON_MS, &tenant.to_string())).collect();
    let records: Vec<Record<'_>> =
        values.iter().zip(0..).map(|(value, offset)| record(&engine, "app", offset, value)).collect();
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let mut round = Vec::new();
        for batch in records.chunks(1000) {
            engine.treat(&mut scratch, &ring, batch, &mut treated).unwrap();
            round.extend(outputs(&treated));
            let said = format!("{scratch:?}");
            let kept = said.split("Days(").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse::<usize>();
            assert!(kept.unwrap() <= DERIVED_KEYS_MAX + 1000, "{said}");
        }
        rounds.push(round);
    }
    assert_eq!(rounds[0].iter().collect::<BTreeSet<_>>().len(), tenants);
    assert_eq!(rounds[0], rounds[1]);
}

/// Outputs of a spread tier come in an order that another tier of the same records does not share.
#[test]
fn spread_outputs_stand_in_the_order_of_their_ids() {
    let engine = engine(vec![KeyPlan::by_day(TierId(0)), KeyPlan::by_day(TierId(1))], true);
    let ring = KeyRing::ephemeral(Key::new(&[9; 32]));
    let values = vec![payload(NOON_MS, "1"); 300];
    let records: Vec<Record<'_>> =
        values.iter().zip(0..).map(|(value, offset)| record(&engine, "app", offset, value)).collect();
    let mut treated = Treated::default();
    engine.treat(&mut Scratch::new(), &ring, &records, &mut treated).unwrap();
    let texts = outputs(&treated);
    let mut orders = Vec::new();
    for tier in [TierId(0), TierId(1)] {
        let of_tier = || treated.outputs.iter().zip(&texts).filter(|(output, _)| output.tier == tier);
        let ids: Vec<&str> = of_tier().map(|(_, text)| text.rsplit('.').next().unwrap()).collect();
        assert!(ids.is_sorted(), "{tier:?}");
        let partitions: BTreeSet<i32> = of_tier().map(|(output, _)| output.partition % 6).collect();
        assert_eq!(partitions, (0..6).collect(), "every partition gets some");
        orders.push(of_tier().map(|(output, _)| output.record).collect::<Vec<_>>());
    }
    assert_ne!(orders[0], orders[1]);
    assert!(!orders[0].is_sorted() && !orders[1].is_sorted());
}
