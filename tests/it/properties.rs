//! The engine against `oracle.rs`: made-up policies, made-up records, valid, odd and broken.
//!
//! Everything follows from a seed, which stands in the message of a failure together with the record (made up here,
//! so it may be shown). Records are written with random escapes and white space, and a part of them is then mutated.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use garim::engine::charset::Charset;
use garim::engine::outcome::{HeaderName, KeyMissing, Treated};
use garim::engine::plan::{
    Action, Actions, CarrierPlan, EventTime, Format, ItemPlan, KeyPlan, Plan, SourcePlan, Unlisted,
};
use garim::engine::{Engine, Limits, Scratch};
use garim::kind::Kind;
use garim::mask::generalize::Generalize;
use garim::mask::{MaskShape, Part};
use garim::pseudonym::Algorithm;
use garim::pseudonym::epoch::{Epoch, EpochSecret, Generation, KeyRing, Lookup, Period, Stored, tenant_id};
use garim::record::time::TimePrecision;
use garim::record::{Header, InputId, Position, Record, TierId};
use garim::route::term::Term;
use garim::route::tier::Tier;
use garim::route::{Clause, Pointer, Route, Segment, Test};
use garim::secret::{Key, Plain};

use crate::oracle::{Body, Json, Oracle, Sent, Verdict, read, read_output};

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    /// True once in `n`.
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Arrival of every record: 2026-11-24T12:00:00+09:00.
const ARRIVAL_MS: i64 = 1_795_489_200_000;
const DAY_MS: i64 = 86_400_000;

/// Member names; the last ones are data where a policy says `*`.
const NAMES: [&str; 16] = [
    "a",
    "b",
    "event",
    "at",
    "items",
    "name",
    "email",
    "phone",
    "ip",
    "text",
    "a long member name, longer than eight",
    "가림",
    "q\"uote",
    "010-1234-5678",
    "user7@example.com",
    "USER7@example.com",
];

/// Values that rules and finders care about; persons are made up, and look it.
const TEXTS: [&str; 48] = [
    "",
    "login",
    "logout",
    "-",
    "****",
    "010-1234-5678",
    "+82 10 1234 5678",
    "01012345678",
    "02-123-4567",
    "900101-1234567",
    "900101-1234568",
    "9001011234568",
    "user7@example.com",
    "User7@EXAMPLE.com",
    "192.0.2.17",
    "::ffff:192.0.2.17",
    "2001:db8::17",
    "4111 1111 1111 1111",
    "4111111111111111",
    "1990-01-02",
    "1990",
    "서울특별시 종로구 세종대로 1",
    "/search?q=user7@example.com#x",
    "https://example.com/u/010-1234-5678/x?y=z",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "전화 010-1234-5678로, 메일은 user7@example.com으로",
    "\u{ff10}\u{ff11}\u{ff10}-1234-5678",
    "010\u{2010}1234\u{2010}5678",
    "card 4111-1111-1111-1111, rrn 900101-1234568, ip 192.0.2.17.",
    "{\"phone\":\"010-1234-5678\"}",
    "user7%40example.com",
    "tel=%2B82%2010%2D1234%2D5678&x=1",
    "tel=%252B82%252010%252D1234%252D5678 a=010+1234+5678",
    "{\"phone\":\"010\\u002d1234-5678\",\"b\":\"{\\\"c\\\":\\\"user7\\\\u0040example.com\\\"}\"}",
    "010-1\u{200b}234-5678 \u{ff4b}im7\u{ff20}example.com",
    "900101\u{2010}1\u{ad}234568",
    "\\u0039\\u0030\\u0030101-1234568",
    "4111%201111%201111%201111",
    "192%2E0%2E2%2E17, 2001%3Adb8%3A%3A17",
    "line\nbreak\ttab \\ back \"quote\" / \u{1}",
    "\u{1f600} 가나다 \u{7f}",
    "0",
    "12345",
    "2026-11-24T02:15:42.318Z",
    "2026-11-24T11:15:42+09:00",
    "1795486542",
    "a value that is much longer than the fifty-eight bytes that fit into one frame of the hash",
    "true",
];

const NUMBERS: [&str; 14] = [
    "0",
    "-0",
    "7",
    "-12.50",
    "1e3",
    "1.2E+2",
    "821012345678",
    "01012345678e0",
    "9001011234568",
    "4111111111111111",
    "4.111111111111111e15",
    "1795486542",
    "1795486542318",
    "1e400",
];

/// A value as JSON text, with random white space and escapes.
fn json(dice: &mut Dice, depth: usize, out: &mut String) {
    let space = |dice: &mut Dice, out: &mut String| {
        if dice.one_in(12) {
            out.push_str(dice.pick(&[" ", "\n", "\t ", "\r\n"]));
        }
    };
    space(dice, out);
    match dice.below(if depth == 0 { 8 } else { 12 }) {
        0..5 => {
            let text = dice.pick(&TEXTS);
            string(dice, text, out);
        }
        5 => out.push_str(dice.pick(&NUMBERS).strip_prefix("01012345678e0").unwrap_or("1012345678e0")),
        6 => out.push_str(dice.pick(&NUMBERS[..7])),
        7 => out.push_str(dice.pick(&["true", "false", "null"])),
        8 => {
            out.push('[');
            for index in 0..dice.below(4) {
                out.push_str(if index > 0 { "," } else { "" });
                json(dice, depth - 1, out);
            }
            out.push(']');
        }
        _ => object(dice, depth - 1, out),
    }
    space(dice, out);
}

fn object(dice: &mut Dice, depth: usize, out: &mut String) {
    out.push('{');
    let mut names: Vec<&str> = Vec::new();
    for _ in 0..dice.below(6) {
        let name = dice.pick(&NAMES);
        if !names.contains(&name) || dice.one_in(40) {
            names.push(name);
        }
    }
    for (index, name) in names.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        string(dice, name, out);
        out.push(':');
        json(dice, depth, out);
    }
    out.push('}');
}

fn string(dice: &mut Dice, text: &str, out: &mut String) {
    let escapes = dice.one_in(4);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if escapes => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => write!(out, "\\u{:04x}", control as u32).expect("a string"),
            char if escapes && dice.one_in(3) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04X}").expect("a string");
                }
            }
            char => out.push(char),
        }
    }
    out.push('"');
}

/// A record: an object with an event and a time (mostly), then whatever comes.
fn record(dice: &mut Dice) -> Vec<u8> {
    let mut text = String::from("{");
    if !dice.one_in(12) {
        let age_ms = dice.pick(&[0, 0, 0, 0, DAY_MS, 4 * DAY_MS, 25 * DAY_MS, 40 * DAY_MS, -DAY_MS, -3 * DAY_MS]);
        let at = jiff::Timestamp::from_millisecond(ARRIVAL_MS - age_ms - dice.below(1000) as i64).expect("a time");
        match dice.below(8) {
            0 => write!(text, "\"at\":{},", at.as_millisecond()),
            1 => write!(text, "\"at\":{}.5,", at.as_second()),
            2 => write!(text, "\"at\":\"{}\",", dice.pick(&["", "yesterday", "2026-02-30T00:00:00Z"])),
            3 => write!(text, "\"at\":{},", dice.pick(&["null", "[]", "true", "12"])),
            _ => write!(text, "\"at\":\"{at}\","),
        }
        .expect("a string");
    }
    let event = dice.pick(&["login", "logout", "read", "7"]);
    write!(text, "\"event\":\"{event}\"").expect("a string");
    let mut rest = String::new();
    object(dice, 4, &mut rest);
    // The members of the rest follow; where they repeat a name, the record has a duplicate, which is a case too.
    let rest = &rest[1..rest.len() - 1];
    if !rest.trim().is_empty() {
        text.push(',');
        text.push_str(rest);
    }
    text.push('}');
    let mut bytes = text.into_bytes();
    if dice.one_in(3) {
        mutate(dice, &mut bytes);
    }
    bytes
}

fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..1 + dice.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, dice.pick(b"\"\\{}[]:,0-9eu \n\x00\xff")),
            3 => bytes.truncate(at),
            4 => {
                let end = (at + dice.below(12)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes[at] = dice.pick(b"\"\\{}[]:,0123456789.eE+-u \ntfn"),
        }
    }
}

fn pointer(dice: &mut Dice, any: bool) -> Pointer {
    let steps = 1 + dice.below(3);
    let step = |dice: &mut Dice| match dice.below(5) {
        0 if any => Segment::Any,
        _ => Segment::Name(dice.pick(&NAMES[..13]).into()),
    };
    Pointer((0..steps).map(|_| step(dice)).collect())
}

fn clauses(dice: &mut Dice) -> Vec<Clause> {
    let clause = |dice: &mut Dice| Clause {
        at: if dice.one_in(2) { Pointer(vec![Segment::Name("event".into())]) } else { pointer(dice, false) },
        test: match dice.below(3) {
            0 => Test::Present(dice.one_in(2)),
            1 => Test::NotIn(vec![dice.pick(&["login", "1", "true"]).into()]),
            _ => Test::In(
                (0..1 + dice.below(2)).map(|_| dice.pick(&["login", "logout", "true", "7", ""]).into()).collect(),
            ),
        },
    };
    (0..dice.below(3)).map(|_| clause(dice)).collect()
}

/// A single action that makes sense for a kind.
fn action(dice: &mut Dice, kind: Kind) -> Action {
    let own: &[Action] = match kind {
        Kind::Time => &[Action::Keep, Action::Generalize(Generalize::Hour), Action::Generalize(Generalize::Day)],
        Kind::DateOfBirth => &[Action::Generalize(Generalize::Years(10)), Action::Generalize(Generalize::Years(1))],
        Kind::Number => &[Action::Generalize(Generalize::Band(100))],
        Kind::KrAddress => &[Action::Generalize(Generalize::District)],
        Kind::Ip => &[Action::Generalize(Generalize::Prefix(24, 48))],
        Kind::UserAgent => &[Action::Generalize(Generalize::UserAgent)],
        Kind::Url => &[Action::Generalize(Generalize::Path)],
        Kind::Text => &[Action::Scan],
        _ => &[Action::Truncate(3)],
    };
    let common = [
        Action::Keep,
        Action::Drop,
        Action::Scan,
        Action::Pseudonymize,
        Action::Mask(MaskShape::OfKind),
        Action::Mask(MaskShape::Part(Part::Prefix)),
        Action::Mask(MaskShape::Part(Part::Surname)),
        Action::Mask(MaskShape::Digits { first: 0, last: 4 }),
        Action::Mask(MaskShape::Redact),
        Action::Mask(MaskShape::Edges { first: 1, last: 2 }),
        Action::Truncate(4),
    ];
    if dice.one_in(2) { dice.pick(own) } else { dice.pick(&common) }
}

fn actions(dice: &mut Dice, kind: Kind, tiers: usize, beside: bool) -> Vec<Actions> {
    (0..tiers)
        .map(|_| match action(dice, kind) {
            Action::Drop if dice.one_in(2) => vec![],
            action @ (Action::Drop | Action::Pseudonymize) => vec![action],
            action if beside && dice.one_in(3) => vec![action, Action::Pseudonymize],
            action => vec![action],
        })
        .collect()
}

/// Tiers of their own, and of which of them the recipients have shares.
const TIERS: u8 = 3;
const SHARES: [(u8, &str); 2] = [(0, "partner"), (1, "bureau")];

fn plan(dice: &mut Dice) -> Plan {
    let tier = |name: &str, term: Term, time, late_accept, record_id, spread| Tier {
        name: name.into(),
        label: name.into(),
        topic: format!("tier.{name}.{{source}}").into(),
        term,
        legal_minimum: false,
        late_accept,
        time,
        record_id,
        spread,
        body_sealed: false,
        until_ms: None,
    };
    let mut tiers = vec![
        tier("short", Term::days(3), TimePrecision::Minute, false, true, dice.one_in(3)),
        tier("until", Term::until(vec!["left".into()]), TimePrecision::Second, true, true, false),
        tier("legal", Term::months(1), TimePrecision::Day, true, false, dice.one_in(3)),
    ];
    let formats = [Format::Json, Format::Json, Format::Ndjson, Format::Text];
    let formats = [dice.pick(&formats), dice.pick(&formats)];
    // A line has no place for an envelope.
    if !formats.iter().any(|format| matches!(format, Format::Text)) {
        tiers.iter_mut().for_each(|tier| tier.body_sealed = dice.one_in(4));
    }
    let mut keys: Vec<KeyPlan> = (0..TIERS)
        .map(|tier| KeyPlan {
            algorithm: dice.pick(&[Algorithm::Blake3, Algorithm::HmacSha256]),
            period: dice.pick(&[Period::Day, Period::Day, Period::Year]),
            tenants: dice.one_in(3),
            ..KeyPlan::by_day(TierId(tier))
        })
        .collect();
    for (of, recipient) in SHARES {
        let base = &tiers[usize::from(of)];
        let (name, topic) = (format!("{}@{recipient}", base.name), format!("to.{recipient}.{}.{{source}}", base.name));
        // Grants that end before the arrival, with it, after it, and days before, as records without arrival have it.
        let ends = [None, None, None, Some(-1), Some(0), Some(1), Some(-10 * DAY_MS), Some(DAY_MS)];
        let until_ms = dice.pick(&ends).map(|after_ms| ARRIVAL_MS + after_ms);
        tiers.push(Tier {
            name: name.into(),
            topic: topic.into(),
            spread: true,
            body_sealed: false,
            until_ms,
            ..base.clone()
        });
        keys.push(KeyPlan { recipient: Some(recipient.into()), ..keys[usize::from(of)].clone() });
    }
    let mut sources = Vec::new();
    for (index, format) in formats.into_iter().enumerate() {
        sources.push(source(dice, index, format, tiers.len()));
    }
    Plan {
        name: "made-up".into(),
        digest: [dice.roll() as u8; 32],
        zone: jiff::tz::TimeZone::get("Asia/Seoul").expect("a zone"),
        unlisted: dice.pick(&[Unlisted::Drop, Unlisted::Drop, Unlisted::Scan, Unlisted::Refuse]),
        max_lateness_s: 72 * 3600,
        keys,
        holidays: Default::default(),
        tiers,
        sources,
    }
}

fn source(dice: &mut Dice, index: usize, format: Format, tiers: usize) -> SourcePlan {
    let is_text = matches!(format, Format::Text);
    let carrier = |dice: &mut Dice| {
        let kind = dice.pick(&Kind::ALL);
        CarrierPlan { kind, actions: actions(dice, kind, tiers, false) }
    };
    let mut items: Vec<ItemPlan> = Vec::new();
    for number in 0..if is_text { dice.below(2) } else { 2 + dice.below(9) } {
        let at = if is_text { Pointer::default() } else { pointer(dice, true) };
        let kind = dice.pick(&Kind::ALL);
        let beside = matches!(at.0.last(), Some(Segment::Name(_)));
        let when = if is_text || dice.one_in(2) { vec![] } else { clauses(dice) };
        let mut actions = actions(dice, kind, tiers, beside);
        let mut names = Vec::new();
        for (tier, actions) in actions.iter_mut().enumerate().filter(|_| !is_text) {
            *actions = match dice.below(12) {
                0 => vec![Action::Parts],
                1 => vec![Action::Present],
                2 if kind == Kind::Ip => vec![Action::Generalize(Generalize::Family)],
                _ => continue,
            };
            if beside && actions[0] != Action::Parts && dice.one_in(2) {
                names.push((TierId(tier as u8), dice.pick(&["renamed", "a", "phone", "ip", "q\"uote", "가림"]).into()));
            }
        }
        // Nothing is sealed in a line, or for a recipient.
        for actions in actions[..if is_text { 0 } else { usize::from(TIERS) }].iter_mut() {
            if dice.one_in(4) && *actions != [Action::Drop] && *actions != [Action::Parts] {
                actions.insert(dice.below(actions.len() + 1), Action::Seal);
            }
        }
        items.push(ItemPlan { name: format!("item{number}").into(), at, kind, when, actions, names });
    }
    let found = |dice: &mut Dice, kind: Kind| loop {
        let found = actions(dice, kind, tiers, false);
        if !found.contains(&vec![Action::Scan]) {
            return found;
        }
    };
    let shared = !dice.one_in(3);
    let all = |dice: &mut Dice| {
        let mut to: Vec<TierId> = (0..1 + dice.below(3)).map(|tier| TierId(tier as u8)).collect();
        for (number, (of, _)) in SHARES.iter().enumerate() {
            if shared && to.contains(&TierId(*of)) {
                to.push(TierId(TIERS + number as u8));
            }
        }
        to
    };
    let mut routes = Vec::new();
    if !is_text && dice.one_in(2) {
        routes.push(Route { when: clauses(dice), to: all(dice) });
    }
    let mut also = Vec::new();
    for _ in 0..dice.below(3) {
        also.push(Route { when: if is_text { vec![] } else { clauses(dice) }, to: all(dice) });
    }
    if routes.len() + also.len() == 0 || !dice.one_in(4) {
        routes.push(Route { when: vec![], to: all(dice) });
    }
    let no_time = is_text || dice.one_in(5);
    SourcePlan {
        name: format!("source{index}").into(),
        label: "made up".into(),
        topics: (0..1 + dice.below(2)).map(|topic| format!("in.{index}.{topic}").into()).collect(),
        quarantine: format!("quarantine.source{index}").into(),
        format,
        time: if no_time {
            EventTime::KafkaTimestamp
        } else {
            EventTime::At(Pointer(vec![Segment::Name("at".into())]))
        },
        belongs: if is_text || !dice.one_in(4) { vec![] } else { clauses(dice) },
        charset: if dice.one_in(6) { Charset::EucKr } else { Charset::Utf8 },
        tombstones_forward: dice.one_in(2),
        tenant: (!is_text && !dice.one_in(4)).then(|| {
            let name = dice.pick(&["event", "event", "event", "a", "b"]);
            Pointer(vec![Segment::Name(name.into())])
        }),
        items,
        key: (!dice.one_in(3)).then(|| carrier(dice)),
        headers: vec![("x-user".into(), carrier(dice))],
        routes,
        also,
        takes: (0..tiers).map(|_| if is_text || !dice.one_in(5) { vec![] } else { clauses(dice) }).collect(),
        found: Kind::ALL.iter().map(|kind| found(dice, *kind)).collect(),
    }
}

/// A ring with every key around the arrival, or one with generations, gaps, and keys that are destroyed.
fn keys(dice: &mut Dice) -> KeyRing {
    let whole = KeyRing::ephemeral(Key::new(&[dice.roll() as u8; 32]));
    if !dice.one_in(4) {
        return whole;
    }
    let arrival_day = (ARRIVAL_MS / DAY_MS) as i32;
    let mut tiers = Vec::new();
    for tier in 0..TIERS {
        let mut epochs = BTreeMap::new();
        for day in arrival_day - 45..arrival_day + 5 {
            let noon_ms = ARRIVAL_MS - i64::from(arrival_day - day) * DAY_MS;
            epochs.insert(Epoch::Day(day), generations(dice, &whole, TierId(tier), Epoch::Day(day), noon_ms));
        }
        let year = generations(dice, &whole, TierId(tier), Epoch::Year(2026), ARRIVAL_MS - DAY_MS);
        epochs.insert(Epoch::Year(2026), year);
        epochs.retain(|_, generations| !generations.is_empty());
        tiers.push(epochs);
    }
    let naming = Key::new(&[dice.roll() as u8; 32]);
    let mut tenants = BTreeMap::new();
    for source in ["source0", "source1"] {
        for tenant in ["login", "logout", "read", "7"] {
            let secret = Key::new(&[dice.roll() as u8; 32]);
            let secret = (!dice.one_in(8)).then_some(secret);
            if !dice.one_in(20) {
                tenants.insert(tenant_id(&naming, source, tenant.as_bytes()), secret);
            }
        }
    }
    KeyRing::stored(Stored { tiers, naming: (!dice.one_in(20)).then_some(naming), tenants })
}

/// Up to two generations; the second begins amid the times of the records, half a second before `around_ms`.
fn generations(dice: &mut Dice, whole: &KeyRing, tier: TierId, epoch: Epoch, around_ms: i64) -> Vec<Generation> {
    let Lookup::Live(EpochSecret { id, secret, .. }) = whole.lookup(tier, epoch, 0) else {
        panic!("an ephemeral ring has every key")
    };
    if dice.one_in(30) {
        return Vec::new();
    }
    let mut made = vec![Generation { id, from_ms: i64::MIN, secret: (!dice.one_in(20)).then_some(secret) }];
    if dice.one_in(2) {
        let secret = Key::new(&[dice.roll() as u8; 32]);
        let id = std::array::from_fn(|_| b'a' + dice.below(26) as u8);
        let secret = (!dice.one_in(10)).then_some(secret);
        made.push(Generation { id, from_ms: around_ms - 500, secret });
    }
    made
}

/// One input, owned.
#[derive(Debug)]
struct Input {
    input: u16,
    position: Position,
    timestamp_ms: Option<i64>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn input(dice: &mut Dice, inputs: usize, offset: i64, plan: &Plan) -> Input {
    let input = dice.below(inputs);
    let mut topics = plan.sources.iter().flat_map(|source| source.topics.iter().map(move |_| source));
    let SourcePlan { format, charset, .. } = topics.nth(input).expect("an input");
    let text = |dice: &mut Dice| match dice.below(30) {
        0 => vec![0xff, 0xfe],
        _ => dice.pick(&TEXTS).as_bytes().to_vec(),
    };
    let value = match format {
        Format::Text => text(dice),
        Format::Ndjson => {
            let lines: Vec<Vec<u8>> = (0..dice.below(4)).map(|_| record(dice)).collect();
            lines.join(&dice.pick(b"\n\n\n ")).to_vec()
        }
        Format::Json | Format::Pattern { .. } => record(dice),
    };
    // What has no characters in the encoding is written in entities, and what is no text stays so.
    let value = match (charset, std::str::from_utf8(&value)) {
        (Charset::EucKr, Ok(text)) => encoding_rs::EUC_KR.encode(text).0.into_owned(),
        _ => value,
    };
    Input {
        input: input as u16,
        position: Position { partition: dice.below(6) as i32, offset },
        timestamp_ms: (!dice.one_in(6)).then_some(ARRIVAL_MS),
        key: (!dice.one_in(4)).then(|| text(dice)),
        value: (!dice.one_in(25)).then_some(value),
        headers: (0..dice.below(3))
            .map(|_| (dice.pick(&["x-user", "other"]).into(), (!dice.one_in(5)).then(|| text(dice))))
            .collect(),
    }
}

/// What the engine made of one record, in the oracle's words.
#[derive(Debug, PartialEq)]
struct Became {
    sent: Vec<Sent>,
    refused: Vec<(u32, &'static str)>,
}

fn became(engine: &Engine, treated: &Treated, index: usize, is_text: bool) -> Became {
    let text = |range: &std::ops::Range<usize>| {
        std::str::from_utf8(&treated.bytes[range.clone()]).expect("outputs are UTF-8").to_owned()
    };
    let sent = treated.outputs.iter().filter(|output| output.record as usize == index).map(|output| {
        let headers = treated.headers[output.headers.clone()].iter().map(|header| {
            let name = match header.name {
                HeaderName::Garim => "garim".to_owned(),
                HeaderName::Listed(listed) => {
                    engine.sources()[usize::from(output.source)].headers[usize::from(listed)].0.to_string()
                }
            };
            (name, text(&header.value))
        });
        let body = match &output.value {
            None => Body::Null,
            Some(value) if is_text => Body::Line(text(value)),
            Some(value) => {
                let text = text(value);
                serde_json::from_str::<serde::de::IgnoredAny>(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                Body::Json(read_output(&text).unwrap_or_else(|reason| panic!("{reason:?}: {text}")))
            }
        };
        // The engine does not tell the line of an output; the oracle's are compared without it.
        Sent {
            line: 0,
            tier: output.tier,
            partition: output.partition,
            id: [0; 16],
            body,
            key: output.key.as_ref().map(text),
            headers: headers.collect(),
        }
    });
    let refusals = treated.refusals.iter().filter(|refusal| refusal.record as usize == index);
    Became { sent: sent.collect(), refused: refusals.map(|refusal| (refusal.line, refusal.reason.code())).collect() }
}

/// Puts the outputs of a batch where the engine must have them: those of a tier that spreads them change places by id.
fn spread(plan: &Plan, expected: &mut [(usize, Sent)]) {
    for (tier, _) in plan.tiers.iter().enumerate().filter(|(_, tier)| tier.spread) {
        let places: Vec<usize> = (0..expected.len()).filter(|at| usize::from(expected[*at].1.tier.0) == tier).collect();
        let mut moved: Vec<(usize, Sent)> = places.iter().map(|at| expected[*at].clone()).collect();
        moved.sort_by_key(|(_, sent)| sent.id);
        for (place, sent) in places.into_iter().zip(moved) {
            expected[place] = sent;
        }
    }
}

/// Makes a policy and batches from a seed, and compares; gives how many outputs were sent, how many of them hold sealed values, and
/// how many records were refused.
///
/// The working memory has served other policies before, and the batches have two rings in turn: what was derived for
/// one must not serve the other.
fn compare(seed: u64, scratch: &mut Scratch) -> [usize; 3] {
    let mut dice = Dice(seed);
    let plan = plan(&mut dice);
    let rings = [keys(&mut dice), keys(&mut dice)];
    let limits = Limits { past_days: 30, future_days: 1 };
    let engine = Engine::new(plan.clone(), limits).unwrap_or_else(|fault| panic!("seed {seed}: {fault}: {plan:#?}"));
    let mut treated = Treated::default();
    let mut counts = [0; 3];
    for batch in 0..4 {
        let keys = &rings[batch as usize / 2 % 2];
        let oracle = Oracle { plan: &plan, limits, keys };
        let inputs: Vec<Input> = (0..1 + dice.below(20))
            .map(|n| input(&mut dice, engine.inputs().len(), batch * 100 + n as i64, &plan))
            .collect();
        let headers: Vec<Vec<Header<'_>>> = inputs
            .iter()
            .map(|input| input.headers.iter().map(|(n, v)| (n.as_slice(), v.as_deref().map(Plain))).collect())
            .collect();
        let records: Vec<Record<'_>> = inputs
            .iter()
            .zip(&headers)
            .map(|(input, headers)| Record {
                input: InputId(input.input),
                position: input.position,
                timestamp_ms: input.timestamp_ms,
                key: input.key.as_deref().map(Plain),
                value: input.value.as_deref().map(Plain),
                headers,
            })
            .collect();
        let verdicts: Vec<Vec<Verdict>> = records.iter().map(|record| oracle.treat(record)).collect();
        let missing = verdicts.iter().zip(&records).find_map(|(verdicts, record)| {
            verdicts.iter().find_map(|verdict| match *verdict {
                Verdict::KeyMissing { tier, epoch, tenant } => {
                    Some(KeyMissing { tier, epoch, tenant, input: record.input, position: record.position })
                }
                Verdict::Sent(_) | Verdict::Refused { .. } => None,
            })
        });
        let result = engine.treat(scratch, keys, &records, &mut treated);
        assert_eq!(result.err(), missing, "seed {seed}, batch {batch}");
        if missing.is_some() {
            assert!(treated.outputs.is_empty() && treated.refusals.is_empty(), "seed {seed}: outputs without keys");
            continue;
        }
        let mut outputs = Vec::new();
        let mut refusals = vec![Vec::new(); inputs.len()];
        for (index, verdicts) in verdicts.into_iter().enumerate() {
            for verdict in verdicts {
                match verdict {
                    Verdict::Sent(sent) => outputs.extend(sent.into_iter().map(|sent| (index, sent))),
                    Verdict::Refused { line, reason } => refusals[index].push((line, reason.code())),
                    Verdict::KeyMissing { .. } => unreachable!("looked for above"),
                }
            }
        }
        spread(&plan, &mut outputs);
        for (index, (refused, input)) in refusals.into_iter().zip(&inputs).enumerate() {
            let source = &plan.sources[usize::from(engine.inputs()[usize::from(input.input)].1)];
            let sent = outputs.iter().filter(|(record, _)| *record == index).map(|(_, sent)| sent.clone());
            let sent = sent.map(|sent| Sent { line: 0, id: [0; 16], ..sent }).collect();
            let expected = Became { sent, refused };
            let sealed = |sent: &&Sent| match &sent.body {
                Body::Whole(_) => true,
                Body::Json(Json::Object(members)) => members.iter().any(|(name, _)| name == "sealed"),
                _ => false,
            };
            counts[0] += expected.sent.len();
            counts[1] += expected.sent.iter().filter(sealed).count();
            counts[2] += expected.refused.len();
            let mut got = became(&engine, &treated, index, matches!(source.format, Format::Text));
            for (got, expected) in got.sent.iter_mut().zip(&expected.sent) {
                if matches!(&expected.body, Body::Whole(whole) if whole.is(&got.body)) {
                    got.body = expected.body.clone();
                }
            }
            if got != expected {
                report(seed, &plan, source, input, &got, &expected);
            }
        }
        let order = treated.outputs.iter().map(|output| (output.record as usize, output.tier));
        let wanted = outputs.iter().map(|(record, sent)| (*record, sent.tier));
        assert!(order.eq(wanted), "seed {seed}, batch {batch}: the outputs of the batch stand in another order");
    }
    counts
}

/// Fails with all that is needed to see which of the two is wrong.
fn report(seed: u64, plan: &Plan, source: &SourcePlan, input: &Input, engine: &Became, oracle: &Became) -> ! {
    let mut text = format!("seed {seed}: engine and oracle differ\n");
    let value = input.value.as_deref().map(String::from_utf8_lossy);
    let key = input.key.as_deref().map(String::from_utf8_lossy);
    writeln!(text, "value   {value:?}\nkey     {key:?}\nengine  {engine:?}\noracle  {oracle:?}").expect("a string");
    writeln!(text, "policy  unlisted {:?}, {:?}, time {:?}", plan.unlisted, source.format, source.time)
        .expect("a string");
    writeln!(text, "belongs {:?}\nroutes  {:?}\nkey     {:?}", source.belongs, source.routes, source.key)
        .expect("a string");
    for item in &source.items {
        writeln!(text, "item    {item:?}").expect("a string");
    }
    for (kind, actions) in Kind::ALL.iter().zip(&source.found).take(Kind::FOUND) {
        writeln!(text, "found   {kind:?} {actions:?}").expect("a string");
    }
    panic!("{text}");
}

#[test]
fn the_engine_agrees_with_the_oracle() {
    let mut counts = [0; 3];
    let mut scratch = Scratch::new();
    for seed in 0..5_000 {
        counts.iter_mut().zip(compare(seed, &mut scratch)).for_each(|(count, more)| *count += more);
    }
    let [sent, sealed, refused] = counts;
    println!("{sent} outputs, {sealed} of them with sealed values, and {refused} refusals agree");
    let enough = sent > 20_000 && sealed > 2_000 && refused > 10_000;
    assert!(enough, "{sent} sent, {sealed} sealed, {refused} refused: the records do not try enough");
}

/// The oracle's own reader has a judge too: what `serde_json` cannot read, it must not read, and the other way round.
#[test]
fn the_oracle_reads_what_serde_json_reads() {
    let mut dice = Dice(7);
    let (mut read_both, mut refused_both) = (0, 0);
    for _ in 0..20_000 {
        let bytes = record(&mut dice);
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        // Values are passed over, so that a number's size does not matter.
        let judged = serde_json::from_str::<serde::de::IgnoredAny>(text);
        match (read(text), judged) {
            (Ok(_), Ok(_)) => read_both += 1,
            (Err(_), Err(_)) => refused_both += 1,
            // garim refuses more than JSON does.
            (Err(reason), Ok(_)) => {
                assert!(
                    matches!(reason.code(), "duplicate-key" | "reserved-member" | "not-an-object"),
                    "{reason:?}: {text}"
                );
            }
            (Ok(_), Err(error)) => panic!("{error}: {text}"),
        }
    }
    assert!(read_both > 5_000 && refused_both > 1_000, "{read_both} read, {refused_both} refused");
}
