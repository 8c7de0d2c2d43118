//! The reference event and the corpora around it, their policy, and what the engine makes of them.
//!
//! The benches measure these; `tests/it/reference.rs` holds the digests against the oracle.

use garim::engine::charset::Charset;
use garim::engine::outcome::Treated;
use garim::engine::plan::{Action, Actions, EventTime, Format, ItemPlan, KeyPlan, Plan, SourcePlan, Unlisted};
use garim::engine::{Engine, Limits, Scratch};
use garim::kind::Kind;
use garim::limits::BATCH_RECORDS_MAX;
use garim::mask::MaskShape;
use garim::mask::generalize::Generalize;
use garim::pseudonym::Algorithm;
use garim::pseudonym::epoch::KeyRing;
use garim::record::time::TimePrecision;
use garim::record::{InputId, Position, Record, TierId};
use garim::route::term::Term;
use garim::route::tier::Tier;
use garim::route::{Clause, Pointer, Route, Segment, Test};
use garim::secret::{Key, Plain};

/// Every corpus: its name, and the first 64 bits of BLAKE3 over all bytes of its treated batch.
pub(crate) const CORPORA: [(&str, Corpus, &str); 5] = [
    ("clean", Corpus::Clean, "b51e22cb37a8c03d"),
    ("typical", Corpus::Typical, "c8600b2ecd86c452"),
    ("dense", Corpus::Dense, "8068a2fb5ca73325"),
    ("free-text", Corpus::FreeText, "d3b8223d1661d64f"),
    ("hostile", Corpus::Hostile, "0fbabe4801747745"),
];

/// The reference event with tokens by HMAC-SHA-256, and its digest.
pub(crate) const HMAC: (&str, &str) = ("typical, HMAC-SHA-256", "0e8eda5c5416bba7");

/// The reference event with two of its values sealed, and its digest.
pub(crate) const SEALED: (&str, &str) = ("typical, two values sealed", "c04e773d653fa356");

/// Full batches of one tier, with events of so many days in turn, so that as many keys are live: name, days, digest.
pub(crate) const KEYED: [(&str, usize, &str); 2] =
    [("one key", 1, "64afa3b87cc6cf3a"), ("1,000 keys", 1000, "b1c5c6c2585b0d5f")];

/// Events in a batch: input and output of one stay in the second-level cache.
pub(crate) const BATCH: usize = 512;
/// 2026-11-14T12:10:00+09:00.
const ARRIVAL_MS: i64 = 1_794_625_800_000;

/// A reproducible stream of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What stands in the free text of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Corpus {
    /// No identifier anywhere but in the named fields.
    Clean,
    /// The reference event: one text in ten with a Korean phone and a resident number, one with a foreign phone.
    Typical,
    /// Every text holds four identifiers.
    Dense,
    /// Hangul prose with an identifier now and then.
    FreeText,
    /// Near misses, escapes in every value, digits throughout.
    Hostile,
}

fn event(corpus: Corpus, numbers: &mut Numbers) -> Vec<u8> {
    let n = numbers.below(100_000);
    let kind = ["login", "message", "read", "logout"][numbers.below(4) as usize];
    let phone = format!("010-0000-{:04}", numbers.below(10_000));
    let rrn = format!("900101-1{:06}", numbers.below(1_000_000));
    let path = "GET /v1/workspaces/12345/messages?cursor=1717171717171 200 OK 23ms";
    let msg = match (corpus, numbers.below(10)) {
        (Corpus::Clean, _) | (Corpus::Typical, 2..) => path.into(),
        (Corpus::Typical, 0) => format!("{path} {phone} {rrn}"),
        (Corpus::Typical, _) => format!("{path} +1 415 555 0132"),
        (Corpus::Dense, _) => format!("{phone} {rrn} user{n}@example.co.kr 192.0.2.{}", n % 256),
        (Corpus::FreeText, 0..3) => {
            format!("고객님께서 요청하신 상담은 {phone}로 회신드렸으며 접수 번호는 발송하였습니다")
        }
        (Corpus::FreeText, _) => {
            "고객님께서 요청하신 상담은 담당 부서로 전달하였으며 확인 후 회신드릴 예정입니다".into()
        }
        (Corpus::Hostile, _) => {
            format!("\\u0030\\u0031{} 8801011234 12-34-56-78 {n}.{n}.{n} a\\\"b@ 1:2:3 {}", n, "7".repeat(40))
        }
    };
    format!(
        concat!(
            r#"{{"ts":"2026-11-14T12:{:02}:{:02}.{:03}+09:00","svc":"kakaowork","event":"{}","user_id":"u_{}","#,
            r#""email":"user{}@example.co.kr","ip":"192.0.2.{}","device":{{"id":"00000000-0000-4000-8000-{:012x}","#,
            r#""model":"SM-S928N","os":"Android 16"}},"phone":"{}","rrn":"{}","msg":"{}","status":200,"bytes":{}}}"#
        ),
        numbers.below(10),
        numbers.below(60),
        numbers.below(1000),
        kind,
        n,
        n,
        n % 256,
        n,
        phone,
        rrn,
        msg,
        numbers.below(100_000),
    )
    .into_bytes()
}

fn pointer(text: &str) -> Pointer {
    Pointer(text.split('/').skip(1).map(|name| Segment::Name(name.into())).collect())
}

/// The reference policy: three tokens, an address cut, two masks, a text scanned, the rest kept, a tier by event.
pub(crate) fn engine() -> Engine {
    engine_of(Algorithm::Blake3)
}

/// The reference policy, under which e-mail address and telephone number are sealed besides.
pub(crate) fn engine_that_seals() -> Engine {
    let mut plan = engine().plan().clone();
    for item in &mut plan.sources[0].items {
        if matches!(&*item.name, "/email" | "/phone") {
            item.actions.iter_mut().for_each(|actions| actions.push(Action::Seal));
        }
    }
    Engine::new(plan, engine().limits()).expect("the reference plan compiles")
}

/// The reference policy with the other function of tokens.
pub(crate) fn engine_of(algorithm: Algorithm) -> Engine {
    let tier = |name: &str, term| Tier {
        name: name.into(),
        label: name.into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term,
        legal_minimum: false,
        late_accept: false,
        time: TimePrecision::Second,
        record_id: true,
        spread: false,
        body_sealed: false,
        until_ms: None,
    };
    let item = |at: &str, kind: Kind, action: Action| ItemPlan {
        name: at.into(),
        at: pointer(at),
        kind,
        when: Vec::new(),
        actions: vec![vec![action]; 2],
        names: Vec::new(),
    };
    let mask = Action::Mask(MaskShape::OfKind);
    let redact = Action::Mask(MaskShape::Redact);
    let found = |kind: &Kind| match kind {
        Kind::KrPhone | Kind::Email | Kind::Ip | Kind::CreditCard => mask,
        _ => redact,
    };
    let found: Vec<Vec<Actions>> = Kind::ALL[..Kind::FOUND].iter().map(|kind| vec![vec![found(kind)]; 2]).collect();
    let source = SourcePlan {
        name: "kakaowork".into(),
        label: "reference".into(),
        topics: vec!["kakaowork.activity".into()],
        quarantine: "quarantine.kakaowork".into(),
        format: Format::Json,
        time: EventTime::At(pointer("/ts")),
        belongs: Vec::new(),
        charset: Charset::Utf8,
        tombstones_forward: false,
        tenant: None,
        items: vec![
            item("/svc", Kind::Code, Action::Keep),
            item("/event", Kind::Code, Action::Keep),
            item("/user_id", Kind::Id, Action::Pseudonymize),
            item("/email", Kind::Email, Action::Pseudonymize),
            item("/ip", Kind::Ip, Action::Generalize(Generalize::Prefix(24, 48))),
            item("/device/id", Kind::Id, Action::Pseudonymize),
            item("/device/model", Kind::Code, Action::Keep),
            item("/device/os", Kind::Code, Action::Keep),
            item("/phone", Kind::KrPhone, mask),
            item("/rrn", Kind::KrRrn, redact),
            item("/msg", Kind::Text, Action::Scan),
            item("/status", Kind::Number, Action::Keep),
            item("/bytes", Kind::Number, Action::Keep),
        ],
        key: None,
        headers: Vec::new(),
        also: Vec::new(),
        takes: Vec::new(),
        routes: vec![
            Route {
                when: vec![Clause { at: pointer("/event"), test: Test::In(vec!["login".into(), "logout".into()]) }],
                to: vec![TierId(0)],
            },
            Route { when: Vec::new(), to: vec![TierId(1)] },
        ],
        found,
    };
    let plan = Plan {
        name: "reference".into(),
        digest: [0; 32],
        zone: jiff::tz::TimeZoneDatabase::bundled().get("Asia/Seoul").expect("a zone of the bundled database"),
        unlisted: Unlisted::Drop,
        max_lateness_s: 36_000 * 24 * 3600,
        keys: (0..2).map(|tier| KeyPlan { algorithm, ..KeyPlan::by_day(TierId(tier)) }).collect(),
        holidays: Default::default(),
        tiers: vec![tier("login-3m", Term::months(3)), tier("service", Term::until(vec!["left".into()]))],
        sources: vec![source],
    };
    Engine::new(plan, Limits { past_days: 36_000, future_days: 2 }).expect("the reference plan compiles")
}

/// The keys of the corpora.
pub(crate) fn keys() -> KeyRing {
    KeyRing::ephemeral(Key::new(b"a key of benches, no secret here"))
}

/// A batch of events of a corpus, the same ones every time.
pub(crate) fn values(corpus: Corpus) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(20_261_114);
    (0..BATCH).map(|_| event(corpus, &mut numbers)).collect()
}

/// A full batch of reference events, all messages, on as many days in turn.
pub(crate) fn keyed_values(days: usize) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(20_261_114);
    let last = jiff::civil::date(2026, 11, 14);
    (0..BATCH_RECORDS_MAX)
        .map(|n| {
            let text = String::from_utf8(event(Corpus::Typical, &mut numbers)).expect("events are text");
            let day = last.saturating_sub(jiff::Span::new().days((n % days) as i64));
            let kinds = ["login", "read", "logout"].map(|kind| format!("\"event\":\"{kind}\""));
            let text = kinds.iter().fold(text, |text, kind| text.replace(&**kind, "\"event\":\"message\""));
            text.replace("2026-11-14T", &format!("{day}T")).into_bytes()
        })
        .collect()
}

/// The events as records of one partition.
pub(crate) fn records(values: &[Vec<u8>]) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    for (n, value) in values.iter().enumerate() {
        records.push(Record {
            input: InputId(0),
            position: Position { partition: 0, offset: n as i64 },
            timestamp_ms: Some(ARRIVAL_MS),
            key: None,
            value: Some(Plain(value)),
            headers: &[],
        });
    }
    records
}

/// Treats a batch; asserts that every record has an output.
pub(crate) fn treat(engine: &Engine, records: &[Record<'_>], name: &str) -> Treated {
    let mut out = Treated::default();
    engine.treat(&mut Scratch::new(), &keys(), records, &mut out).expect("keys of every day");
    assert_eq!((out.outputs.len(), out.refusals.len()), (records.len(), 0), "{name}");
    out
}

/// Treats a batch; asserts how many outputs there are and what all bytes digest to.
pub(crate) fn check(engine: &Engine, records: &[Record<'_>], name: &str, digest: &str) {
    let out = treat(engine, records, name);
    let found: String = blake3::hash(&out.bytes).to_hex()[..16].into();
    assert_eq!(found, digest, "{name}: the output is not what it was when its digest was written down");
}
