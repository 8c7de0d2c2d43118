//! Seeded records for `gen`, `demo`, tests and benches: persons that cannot exist, in the form of the sources.
//!
//! A seed gives the same bytes on every machine. Mail addresses stand in `example.*` domains, phone numbers begin with
//! `010-0000`, addresses of the network are those of documentation, resident numbers are of people born in the 1800s.

mod lines;
mod spoil;

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

/// Which service's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Members and administrators of 카카오워크, JSON.
    KakaoWork,
    /// Inquiries and reports to the customer centre, JSON.
    Support,
    /// A web server's log in the combined format, a line each.
    AccessLog,
    /// The event on which speed is measured (about 392 bytes of JSON); it has no `event_id`.
    Reference,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::KakaoWork, Self::Support, Self::AccessLog, Self::Reference];

    /// Its name on the command line; that of the source in `config/kakao-work.toml`, where it is one of those.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KakaoWork => "kakaowork",
            Self::Support => "support",
            Self::AccessLog => "access-log",
            Self::Reference => "reference",
        }
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
}

impl Generator {
    /// A generator whose first event is at `start`, to the millisecond. Equal arguments give equal records.
    pub fn new(source: Source, seed: u64, start: Timestamp, shares: Shares) -> Self {
        let event_ms = start.as_millisecond();
        Self { source, seed, random: Random::new(seed), event_ms, count: 0, shares }
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
        };
        match self.source {
            Source::KakaoWork => lines::kakaowork(&mut self.random, &draft, value),
            Source::Support => lines::support(&mut self.random, &draft, value),
            Source::AccessLog => lines::access_log(&mut self.random, &draft, value),
            Source::Reference => lines::reference(&mut self.random, &draft, value),
        }
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
}

/// What the records of all sources have in common.
struct Draft {
    person: Person,
    at: When,
    id: EventId,
    canary: Option<CanaryWord>,
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
        for source in [Source::KakaoWork, Source::Support, Source::Reference] {
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
            assert_eq!(reasons.len(), if source == Source::AccessLog { 5 } else { 12 }, "{reasons:?}");
        }
    }
}
