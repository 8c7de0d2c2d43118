//! Seeded records for `gen`, `demo`, tests and benches: persons that cannot exist, in the form of the sources.
//!
//! A seed gives the same bytes on every machine. Mail addresses stand in `example.*` domains, phone numbers begin with
//! `010-0000`, addresses of the network are those of documentation, resident numbers are of people born in the 1800s.

mod lines;
mod notice;
mod record;
mod spoil;
mod value;

use std::fmt;
use std::io::Write;

use jiff::Timestamp;

use crate::engine::outcome::Reason;

/// The word in every canary: a string that no treated record may hold.
pub const CANARY: &str = "canary";

/// Longest step between the event times of two records, in milliseconds; the mean is half of it.
const STEP_MS_MAX: u64 = 20;

/// Longest time from an event to its Kafka timestamp, in milliseconds.
const DELAY_MS_MAX: u64 = 2_000;

/// Persons of a service: the last four digits of a phone number.
const PERSONS: u64 = 10_000;

/// Whose log: a service of the notice (JSON), or one of two that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// 카카오워크.
    KakaoWork,
    /// 공공기관용 카카오워크.
    KakaoWorkGov,
    /// 카카오 i 커넥트라이브.
    ConnectLive,
    /// 카카오 i 커넥트 톡.
    ConnectTalk,
    /// 비즈메시지.
    BizMessage,
    /// 헤이카카오 디바이스.
    HeyKakaoDevice,
    /// 제휴 제안.
    Partnership,
    /// 도입 문의.
    Adoption,
    /// 고객센터: inquiries and reports.
    Support,
    /// 광고성 정보.
    Marketing,
    /// 쿠키, 분석.
    Web,
    /// A web server's log in the combined format, a line each.
    AccessLog,
    /// The event on which speed is measured (about 392 bytes of JSON); it has no `event_id`.
    Reference,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 13] = [
        Self::KakaoWork,
        Self::KakaoWorkGov,
        Self::ConnectLive,
        Self::ConnectTalk,
        Self::BizMessage,
        Self::HeyKakaoDevice,
        Self::Partnership,
        Self::Adoption,
        Self::Support,
        Self::Marketing,
        Self::Web,
        Self::AccessLog,
        Self::Reference,
    ];

    /// Its name on the command line; that of the source in `config/kakao-work.toml`, where it is one of those.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KakaoWork => "kakaowork",
            Self::KakaoWorkGov => "kakaowork-gov",
            Self::ConnectLive => "connect-live",
            Self::ConnectTalk => "connect-talk",
            Self::BizMessage => "bizmessage",
            Self::HeyKakaoDevice => "heykakao-device",
            Self::Partnership => "partnership",
            Self::Adoption => "adoption",
            Self::Support => "support",
            Self::Marketing => "marketing",
            Self::Web => "web",
            Self::AccessLog => "access-log",
            Self::Reference => "reference",
        }
    }

    /// The categories of its records, as the notice lists them; none where it is not one of the notice's services.
    pub fn categories(self) -> impl Iterator<Item = &'static str> {
        notice::categories(self).iter().map(|category| category.name)
    }
}

/// How many records, in thousandths, are not as they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Carry a string with [`CANARY`] in it, where the policy must remove it.
    pub canary: u16,
    /// Are broken on purpose; [`Stamp::refused`] says how.
    pub broken: u16,
}

impl Shares {
    /// All records are in order.
    pub const NONE: Self = Self { canary: 0, broken: 0 };
}

/// What goes with a value on its way to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The message's timestamp: the event's, and up to two seconds.
    pub timestamp_ms: i64,
    /// The message's key: it names the person, so it may not leave as it is.
    pub key: [u8; 8],
    /// The reason for which a worker refuses the record, where it was broken.
    pub refused: Option<Reason>,
    /// Whether a canary is in it.
    pub canary: bool,
}

/// Makes the records of one source.
#[derive(Debug)]
pub struct Generator {
    source: Source,
    seed: u64,
    random: Random,
    event_ms: i64,
    count: u64,
    shares: Shares,
    /// The category that is asked for, where only one is: an index.
    category: Option<usize>,
    /// The least length of a record that is not broken, in bytes.
    bytes_min: usize,
}

impl Generator {
    /// A generator whose first event is at `start`, to the millisecond. Equal arguments give equal records.
    pub fn new(source: Source, seed: u64, start: Timestamp, shares: Shares) -> Self {
        let event_ms = start.as_millisecond();
        Self { source, seed, random: Random::new(seed), event_ms, count: 0, shares, category: None, bytes_min: 0 }
    }

    /// The same, with records of one category only; `None` where its source has none of this name.
    pub fn only(self, category: &str) -> Option<Self> {
        let index = self.source.categories().position(|known| known == category)?;
        Some(Self { category: Some(index), ..self })
    }

    /// The same, with records of at least so many bytes. They are filled up where a policy reads or drops what is there:
    /// in the text of what was used, in the reference's message, in a line's query.
    pub fn filled(self, bytes_min: usize) -> Self {
        Self { bytes_min, ..self }
    }

    /// Puts the next record into `value`, in place of what is there.
    pub fn next(&mut self, value: &mut Vec<u8>) -> Stamp {
        value.clear();
        self.count += 1;
        self.event_ms += self.random.below(STEP_MS_MAX + 1) as i64;
        let canary = self.random.below(1000) < u64::from(self.shares.canary);
        let broken = self.random.below(1000) < u64::from(self.shares.broken);
        let person = Person(self.random.below(PERSONS));
        let draft = Draft {
            person,
            at: When(self.event_ms),
            id: EventId(self.seed, self.count),
            canary: canary.then_some(CanaryWord(self.seed, self.count)),
            padded: self.bytes_min > 0,
        };
        let random = &mut self.random;
        match self.source {
            Source::AccessLog => lines::access_log(random, &draft, value),
            Source::Reference => lines::reference(random, &draft, value),
            Source::KakaoWork
            | Source::KakaoWorkGov
            | Source::ConnectLive
            | Source::ConnectTalk
            | Source::BizMessage
            | Source::HeyKakaoDevice
            | Source::Partnership
            | Source::Adoption
            | Source::Support
            | Source::Marketing
            | Source::Web => {
                let all = notice::categories(self.source);
                let category = &all[self.category.unwrap_or_else(|| one_of(random, all))];
                record::record(random, &draft, self.source.name(), category, value);
            }
        }
        self.fill(value);
        let refused = broken.then(|| spoil::spoil(&mut self.random, self.source, value));
        let mut key = *b"p-000000";
        put_digits(&mut key[2..], person.0);
        Stamp {
            timestamp_ms: self.event_ms + self.random.below(DELAY_MS_MAX + 1) as i64,
            key,
            refused,
            // A broken record may have lost it.
            canary: canary && !broken,
        }
    }

    /// Fills a record up to its least length.
    fn fill(&self, value: &mut Vec<u8>) {
        /// Nothing is found in it, and it needs no escape in JSON or in a query.
        const FILLER: &str = "and-so-on-";
        let missing = self.bytes_min.saturating_sub(value.len());
        let (before, mark) = match self.source {
            // The query goes, whatever stands in it.
            Source::AccessLog => (" HTTP/1.1\"", "?"),
            Source::Reference => ("\",\"status\"", " "),
            // An address of the mail may stand before it.
            _ => ("\"}", " "),
        };
        let text = spoil::find(value, "\"text\":\"").unwrap_or(0);
        if missing > 0
            && let Some(at) = spoil::find(&value[text..], before)
        {
            let filler = mark.bytes().chain(FILLER.bytes().cycle()).take(missing);
            value.splice(text + at..text + at, filler);
        }
    }
}

/// The index of a category, as often as its share says.
fn one_of(random: &mut Random, all: &[notice::Category]) -> usize {
    let mut drawn = random.below(all.iter().map(|category| category.share).sum());
    let drawn_one = all.iter().position(|category| {
        let found = drawn < category.share;
        drawn = drawn.saturating_sub(category.share);
        found
    });
    drawn_one.expect("a number below the sum of the shares falls into one of them")
}

/// Where a canary stands in a record of the notice's services: each is a place that the policy empties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The value of a member that nobody declared.
    Member,
    /// The name of one.
    Key,
    /// The text of what was used, in a mail address.
    Text,
    /// A mail address that is an item.
    Mail,
    /// A field that leaves in no form.
    Gone,
}

/// What the records of all sources have in common.
struct Draft {
    person: Person,
    at: When,
    id: EventId,
    canary: Option<CanaryWord>,
    /// Whether it will be filled up, and so needs a text.
    padded: bool,
}

/// Writes to a buffer; that cannot fail.
fn put(value: &mut Vec<u8>, arguments: fmt::Arguments<'_>) {
    value.write_fmt(arguments).expect("a Vec takes every byte");
}

fn put_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A number that is unique among the records of one seed: `e-7-42`.
#[derive(Clone, Copy)]
struct EventId(u64, u64);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e-{:x}-{}", self.0, self.1)
    }
}

/// A canary that tells which record it was in.
#[derive(Clone, Copy)]
struct CanaryWord(u64, u64);

impl fmt::Display for CanaryWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CANARY}-{:x}-{}", self.0, self.1)
    }
}

/// A moment in milliseconds since 1970 UTC, written in the time of Seoul: nine hours ahead, all year.
#[derive(Clone, Copy)]
struct When(i64);

impl When {
    fn civil(self) -> jiff::civil::DateTime {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        jiff::tz::offset(9).to_datetime(at)
    }
}

impl When {
    /// So many milliseconds earlier.
    fn before(self, ms: i64) -> Self {
        Self(self.0 - ms)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+09:00",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            self.0.rem_euclid(1000)
        )
    }
}

/// Somebody who does not exist, by number below [`PERSONS`].
#[derive(Clone, Copy)]
struct Person(u64);

impl Person {
    /// Numbers for names, as in 홍길동.
    fn name(self) -> &'static str {
        const NAMES: [&str; 10] =
            ["홍길동", "김하나", "이두리", "박세찬", "한다섯", "정여섯", "강일곱", "조여덟", "윤아홉", "장열"];
        NAMES[(self.0 % 10) as usize]
    }

    /// Somebody of another name.
    fn other(self) -> Self {
        Self((self.0 + 3) % PERSONS)
    }

    fn domain(self) -> &'static str {
        ["example.com", "example.net", "example.org"][(self.0 % 3) as usize]
    }

    fn organisation(self) -> &'static str {
        ["가나상사", "다라물산", "라마바", "사아자", "차카타"][(self.0 % 5) as usize]
    }

    /// A resident number of 1890 to 1899 with a right check digit: 13 digits and the hyphen.
    fn resident_number(self) -> [u8; 14] {
        const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
        let mut number = *b"900101-9000000";
        number[1] = b'0' + (self.0 % 10) as u8;
        put_digits(&mut number[10..13], self.0 / 10);
        let digits = number[..6].iter().chain(&number[7..13]);
        let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        number[13] = b'0' + ((11 - sum % 11) % 10) as u8;
        number
    }
}

/// An address of the network that is reserved for documentation.
struct Ip(u64);

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0 / 8 % 254 + 1;
        match self.0 % 8 {
            0 => write!(f, "2001:db8::{host:x}"),
            1 | 2 => write!(f, "198.51.100.{host}"),
            3 | 4 => write!(f, "203.0.113.{host}"),
            _ => write!(f, "192.0.2.{host}"),
        }
    }
}

/// xoshiro256++ 1.0 by Blackman and Vigna (public domain), seeded through splitmix64 as they advise: a library's
/// generator may change with its version, and every golden output with it.
#[derive(Debug)]
struct Random([u64; 4]);

impl Random {
    fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }))
    }

    fn draw(&mut self) -> u64 {
        let Self(s) = self;
        let drawn = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        drawn
    }

    /// A number below `bound`, which is small: the product's bias is below one in 2^40.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // splitmix64 of seed 0, from its reference implementation.
        assert_eq!(Random::new(0).0[..2], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        // xoshiro256++ from the state 1, 2, 3, 4, as its reference implementation gives them.
        let mut random = Random([1, 2, 3, 4]);
        let drawn: Vec<u64> = (0..4).map(|_| random.draw()).collect();
        assert_eq!(drawn, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn resident_numbers_have_their_check_digit() {
        for person in 0..PERSONS {
            let number = Person(person).resident_number();
            assert_eq!(&number[6..8], b"-9", "born in the 1800s");
        }
        // 900101-900000: 9*2 + 1*5 + 1*7 + 9*8 = 102, 102 % 11 = 3, 11 - 3 = 8.
        assert_eq!(&Person(0).resident_number(), b"900101-9000008");
    }

    fn start() -> Timestamp {
        "2026-11-14T09:00:00+09:00".parse().expect("a moment")
    }

    #[test]
    fn a_seed_gives_the_same_records_and_another_seed_others() {
        for source in Source::ALL {
            let [mut a, mut b, mut c] = [7, 7, 8].map(|seed| Generator::new(source, seed, start(), Shares::NONE));
            let (mut left, mut right) = (Vec::new(), Vec::new());
            let mut same = 0;
            for _ in 0..500 {
                assert_eq!(a.next(&mut left), b.next(&mut right));
                assert_eq!(left, right);
                c.next(&mut right);
                same += usize::from(left == right);
                assert!(!left.contains(&b'\n') && std::str::from_utf8(&left).is_ok());
                assert!(!left.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
            }
            assert!(same < 5, "{same} records do not depend on the seed");
        }
    }

    #[test]
    fn json_records_are_json_and_name_themselves_once() {
        for source in Source::ALL.into_iter().filter(|source| *source != Source::AccessLog) {
            let mut generator = Generator::new(source, 3, start(), Shares { canary: 200, broken: 0 });
            let (mut value, mut bytes) = (Vec::new(), 0);
            let mut ids = std::collections::HashSet::new();
            for _ in 0..2000 {
                let stamp = generator.next(&mut value);
                bytes += value.len();
                let record: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
                if source != Source::Reference {
                    assert!(ids.insert(record["event_id"].to_string()));
                    assert_eq!(record["service"], source.name());
                }
                let at = record.get("event_at").or(record.get("ts")).and_then(|at| at.as_str()).expect("a time");
                let at: Timestamp = at.parse().expect("RFC 3339");
                let delay = stamp.timestamp_ms - at.as_millisecond();
                assert!((0..=DELAY_MS_MAX as i64).contains(&delay));
                assert_eq!(stamp.canary, value.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
            }
            if source == Source::Reference {
                assert!(
                    (360..420).contains(&(bytes / 2000)),
                    "{} bytes, and the reference has about 392",
                    bytes / 2000
                );
            }
        }
    }

    #[test]
    fn every_source_breaks_its_records_in_every_way_it_knows() {
        for source in Source::ALL {
            let mut generator = Generator::new(source, 5, start(), Shares { canary: 0, broken: 500 });
            let mut value = Vec::new();
            let reasons: std::collections::HashSet<_> =
                (0..1000).filter_map(|_| generator.next(&mut value).refused.map(Reason::code)).collect();
            let ways = match source {
                Source::AccessLog => 5,
                Source::Reference => 12,
                // They have categories besides.
                _ => 13,
            };
            assert_eq!(reasons.len(), ways, "{reasons:?}");
        }
    }

    #[test]
    fn every_category_has_every_field_and_every_event_in_some_record() {
        for source in Source::ALL {
            let mut mixed = Generator::new(source, 9, start(), Shares::NONE);
            let mut value = Vec::new();
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..1000 {
                mixed.next(&mut value);
                let record: serde_json::Value = serde_json::from_slice(&value).unwrap_or_default();
                seen.extend(record["category"].as_str().map(ToOwned::to_owned));
            }
            assert_eq!(seen.len(), source.categories().count(), "{source:?} has records of {seen:?}");
            for category in notice::categories(source) {
                let one = Generator::new(source, 9, start(), Shares::NONE);
                let mut one = one.only(category.name).expect("its own category");
                let (mut fields, mut events) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
                for _ in 0..1000 {
                    one.next(&mut value);
                    let record: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
                    assert_eq!(record["category"], category.name);
                    let items = record["items"].as_object().expect("items");
                    assert!(category.required.iter().all(|(field, _)| items.contains_key(*field)), "{items:?}");
                    fields.extend(items.keys().cloned());
                    events.insert(record["event"].to_string());
                }
                assert_eq!(fields.len(), category.required.len() + category.optional.len(), "{fields:?}");
                assert_eq!(events.len(), category.events.len(), "{events:?}");
            }
        }
        assert!(Generator::new(Source::Web, 1, start(), Shares::NONE).only("member").is_none());
    }

    #[test]
    fn records_are_filled_up_to_what_is_asked_for() {
        for source in Source::ALL {
            let mut generator = Generator::new(source, 4, start(), Shares::NONE).filled(1500);
            let mut value = Vec::new();
            for _ in 0..500 {
                generator.next(&mut value);
                assert_eq!(value.len(), 1500, "{}", String::from_utf8_lossy(&value));
                assert_eq!(serde_json::from_slice::<serde_json::Value>(&value).is_ok(), source != Source::AccessLog);
            }
        }
    }
}
