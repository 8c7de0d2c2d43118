//! What was found in a log, counted by kind and place, without a value: where the identifiers are that a policy has to name.
//!
//! Places are told as `coverage` tells them: elements of arrays as `*`, a member's name only if it looks like one that a
//! programmer gave, or says in Korean what it holds; an object with many names is a map, and its names are data.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::coverage::{is_plain, maps_as_one};
use crate::find::document::Part;
use crate::find::evidence::{Evidence, Why};
use crate::find::sweep::{HIDDEN, Sight, Sweep};
use crate::find::text::TextScratch;
use crate::kind::Kind;
use crate::limits::COVERAGE_PLACES_MAX;

/// Where a line or message stands: which input (or partition), and its number there.
pub type Position = (usize, u64);

/// Words of which Korean names of members are made, besides the labels of the kinds.
const FIELD_WORDS: [&str; 30] = [
    "고객",
    "회원",
    "사용자",
    "이용자",
    "신청인",
    "신청자",
    "담당자",
    "대표자",
    "보호자",
    "수신자",
    "발신자",
    "수취인",
    "환자",
    "직원",
    "본인",
    "가족",
    "번호",
    "정보",
    "내용",
    "메모",
    "비고",
    "제목",
    "본문",
    "상담",
    "문의",
    "요청",
    "응답",
    "기타",
    "목록",
    "일자",
];

/// How often something was found at one place.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub count: u64,
    /// How many of these have each piece of evidence, in the order of [`Evidence::NAMES`].
    pub evidence: [u64; Evidence::NAMES.len()],
    /// The first line.
    pub first: Option<Position>,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.evidence.iter_mut().zip(other.evidence).for_each(|(own, other)| *own += other);
        self.first = match (self.first, other.first) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
    }
}

/// Counts by place.
pub type Places = BTreeMap<String, Count>;

/// What was found in the lines so far, and what was looked at and not taken.
#[derive(Debug, Default)]
pub struct Findings {
    /// Lines, or messages.
    pub lines: u64,
    /// Those of them in which something was found.
    pub hits: u64,
    /// Findings, by input or partition.
    pub inputs: BTreeMap<usize, u64>,
    /// Findings and near misses whose places were too many to be told.
    pub beyond: u64,
    /// By kind, and whether it stands in the name of a member.
    found: BTreeMap<(Kind, bool), Places>,
    /// By kind and reason.
    missed: BTreeMap<(Kind, &'static str), Places>,
    /// How many places there are in both.
    places: usize,
    scratch: TextScratch,
}

impl Findings {
    /// Counts what the last line held. `source` is said before the place, `key` for instance; empty for a line. With
    /// `names`, the names of members are told whatever they are.
    pub fn add(&mut self, sweep: &Sweep, source: &str, position: Position, names: bool) {
        for sight in sweep.sights() {
            let place = self.place(sweep, sight, source, names);
            let mut count = Count { count: 1, first: Some(position), ..Count::default() };
            for (place, (piece, _)) in count.evidence.iter_mut().zip(Evidence::NAMES) {
                *place = u64::from(sight.evidence.has(piece));
            }
            let in_name = sight.part == Some(Part::Name);
            bounded(&mut self.found, (sight.kind, in_name), place, count, &mut self.places, &mut self.beyond);
        }
        for miss in sweep.misses() {
            let place = self.place(sweep, miss, source, names);
            let why = miss.why.map_or("", Why::words);
            let count = Count { count: 1, first: Some(position), ..Count::default() };
            bounded(&mut self.missed, (miss.kind, why), place, count, &mut self.places, &mut self.beyond);
        }
        self.count(sweep, position.0);
    }

    /// Counts what the last line held, without its places.
    pub fn count(&mut self, sweep: &Sweep, input: usize) {
        if !sweep.sights().is_empty() {
            *self.inputs.entry(input).or_default() += sweep.sights().len() as u64;
        }
    }

    /// How the header of this name is told: the name itself only if it looks like one that a programmer gave.
    pub fn header(&mut self, name: &[u8], names: bool) -> String {
        let name = String::from_utf8_lossy(name);
        let plain = is_plain(&name.replace('.', "_"), &mut self.scratch);
        if plain || names { name.escape_debug().to_string() } else { HIDDEN.to_owned() }
    }

    /// Adds what another one counted, of other lines.
    pub fn merge(&mut self, other: Self) {
        self.lines += other.lines;
        self.hits += other.hits;
        self.beyond += other.beyond;
        for (input, count) in other.inputs {
            *self.inputs.entry(input).or_default() += count;
        }
        for (key, places) in other.found {
            for (place, count) in places {
                bounded(&mut self.found, key, place, count, &mut self.places, &mut self.beyond);
            }
        }
        for (key, places) in other.missed {
            for (place, count) in places {
                bounded(&mut self.missed, key, place, count, &mut self.places, &mut self.beyond);
            }
        }
    }

    /// How many findings there are.
    pub fn total(&self) -> u64 {
        self.inputs.values().sum()
    }

    /// The findings: by kind, and whether they stand in names of members.
    pub fn found(&self) -> Vec<((Kind, bool), Places)> {
        self.found.iter().map(|(key, places)| (*key, maps_as_one(places.clone()))).collect()
    }

    /// The near misses, by kind and reason.
    pub fn missed(&self) -> Vec<((Kind, &'static str), Places)> {
        self.missed.iter().map(|(key, places)| (*key, maps_as_one(places.clone()))).collect()
    }

    /// The place of a sight, without what may be data unless `names` says so.
    fn place(&mut self, sweep: &Sweep, sight: &Sight, source: &str, names: bool) -> String {
        let at = sweep.at(sight);
        let mut place = String::from(source);
        for step in at.split(|byte| *byte == b'/').skip(1) {
            place.push('/');
            let index = (1..=9).contains(&step.len()) && step.iter().all(u8::is_ascii_digit);
            match std::str::from_utf8(step) {
                _ if index => place.push('*'),
                Ok(name) if is_plain(name, &mut self.scratch) || says_what(name) => place.push_str(name),
                _ if names => place.extend(String::from_utf8_lossy(step).escape_debug()),
                _ => place.push_str(HIDDEN),
            }
        }
        if place.is_empty() {
            // What is outermost in a document has no pointer either.
            place.push_str(if sight.part.is_some() { "/" } else { "line" });
        }
        place
    }
}

/// Adds to a place, if it is known or there is room for one more.
fn bounded<K: Ord>(
    counts: &mut BTreeMap<K, Places>,
    key: K,
    place: String,
    count: Count,
    places: &mut usize,
    beyond: &mut u64,
) {
    let known = counts.entry(key).or_default();
    if let Some(sum) = known.get_mut(&place) {
        *sum += count;
    } else if *places < COVERAGE_PLACES_MAX {
        *places += 1;
        known.insert(place, count);
    } else {
        *beyond += count.count;
    }
}

/// Whether a name is made of Korean labels and words of forms, and of nothing else: `고객_연락처2`.
fn says_what(name: &str) -> bool {
    let mut rest = name;
    while !rest.is_empty() {
        let labels = Kind::ALL.into_iter().flat_map(|kind| kind.labels().stems.iter().chain(kind.labels().words));
        let words = labels.chain(&FIELD_WORDS).filter(|word| !word.is_ascii() && rest.starts_with(**word));
        let taken = words.map(|word| word.len()).max();
        let sign = rest.starts_with(['_', '-', ' ', '(', ')', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        match taken.or(sign.then_some(1)) {
            Some(taken) => rest = &rest[taken..],
            None => return false,
        }
    }
    name.bytes().filter(u8::is_ascii_digit).count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::sweep::{Input, Wants};
    use crate::kind::KindSet;

    fn counted(lines: &[&str], names: bool) -> String {
        let wants = Wants { kinds: KindSet::ALL, evidence_min: 0, misses: false, values: names };
        let (mut sweep, mut findings) = (Sweep::new(wants), Findings::default());
        for (line, number) in lines.iter().zip(1..) {
            sweep.line(line.as_bytes(), b"", Input::Auto);
            findings.add(&sweep, "", (0, number), names);
        }
        let mut rows = Vec::new();
        for ((kind, in_name), places) in findings.found() {
            for (place, Count { count, first, .. }) in places {
                let line = first.map_or(0, |(_, line)| line);
                rows.push(format!("{} {place}{} {count} from {line}", kind.name(), if in_name { " name" } else { "" }));
            }
        }
        rows.join("; ")
    }

    #[test]
    fn places_are_told_without_data() {
        let rows = [
            (&["x", "010-1234-5678 a@example.com", "b@example.com"][..], "kr_phone line 1 from 2; email line 2 from 2"),
            (&[r#"{"a":["b@example.com"]}"#, r#"{"a":["","b@example.com"]}"#], "email /a/* 2 from 1"),
            (&[r#"{"by":{"b@example.com":1}}"#], "email /by/… name 1 from 1"),
            (&[r#"{"by":{"b@example.com":"c@example.com"}}"#], "email /by/… 1 from 1; email /by/… name 1 from 1"),
            (&[r#"{"홍길동":"b@example.com"}"#], "email /… 1 from 1"),
            (&[r#"{"고객_이메일":"b@example.com"}"#], "email /고객_이메일 1 from 1"),
            (&[r#"{"a b":"b@example.com"}"#], "email /… 1 from 1"),
        ];
        for (lines, want) in rows {
            assert_eq!(counted(lines, false), want, "{lines:?}");
        }
        assert_eq!(counted(&[r#"{"홍길동":["b@example.com"]}"#], true), "email /홍길동/* 1 from 1");
    }

    #[test]
    fn many_places_are_bounded_and_maps_told_as_one() {
        let letters =
            |n: u32| -> String { n.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect() };
        let lines: Vec<String> =
            (0..5000).map(|n| format!("{{\"m\":{{\"{}\":\"b@example.com\"}}}}", letters(n))).collect();
        let wants = Wants { kinds: KindSet::ALL, evidence_min: 0, misses: false, values: false };
        let (mut sweep, mut half, mut all) = (Sweep::new(wants), Findings::default(), Findings::default());
        for (line, number) in lines.iter().zip(1..) {
            sweep.line(line.as_bytes(), b"", Input::Auto);
            half.add(&sweep, "", (0, number), false);
            if number % 1000 == 0 {
                all.merge(std::mem::take(&mut half));
            }
        }
        let found = all.found();
        let places: Vec<_> = found[0].1.iter().map(|(place, count)| (place.as_str(), count.count)).collect();
        assert_eq!((places, all.beyond, all.total()), (vec![("/m/…", 4096)], 904, 5000));
    }
}
