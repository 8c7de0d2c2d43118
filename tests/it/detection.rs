//! Properties of detection: what a generator of its own writes is found, wherever it stands and however it is written.

mod identifier;
mod log;
pub(crate) mod look_alike;
mod setting;

use std::collections::BTreeMap;
use std::ops::Range;

use garim::find::restore::redact;
use garim::find::text::{Encoding, Query, TextScratch, find, plain};
use garim::kind::{Kind, KindSet};
use garim::mask::{MaskShape, mask};

use self::setting::{CARRIERS, Carrier, GUISES, Setting};

/// A small generator of random numbers, so that a seed replays a failure (xorshift, Marsaglia 2003).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }

    pub(crate) fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.next(from.len())]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.next(10) as u8)).collect()
    }
}

/// A finding: its kind, its bytes in the original, its plain form.
type Found = (Kind, Range<usize>, String);

fn search(text: &str, encoding: Encoding, scratch: &mut TextScratch) -> Vec<Found> {
    search_for(KindSet::ALL, text, encoding, scratch)
}

fn search_for(kinds: KindSet, text: &str, encoding: Encoding, scratch: &mut TextScratch) -> Vec<Found> {
    let mut out = Vec::new();
    find(Query { kinds, encoding, field: b"" }, text.as_bytes(), scratch, &mut out);
    let span = |finding: &garim::find::Finding| finding.span.start as usize..finding.span.end as usize;
    out.iter().map(|f| (f.kind, span(f), plain(f, text.as_bytes(), scratch).to_owned())).collect()
}

/// What does not hold: property and kind, how often, and the first texts.
#[derive(Default)]
struct Broken(BTreeMap<(&'static str, &'static str), (usize, Vec<String>)>);

impl Broken {
    fn note(&mut self, property: &'static str, kind: Kind, text: impl FnOnce() -> String) {
        let (count, texts) = self.0.entry((property, kind.name())).or_default();
        *count += 1;
        if texts.len() < 5 {
            texts.push(text());
        }
    }

    fn none(self) {
        let lines: Vec<String> = self
            .0
            .into_iter()
            .map(|((property, kind), (count, texts))| {
                format!("{kind}: {count} times: {property}\n    {}", texts.join("\n    "))
            })
            .collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}

/// Texts with one identifier of `kind` each, in every guise and carrier: the seed, the carrier, the text.
fn settings(kind: Kind, rounds: u64) -> impl Iterator<Item = (u64, Carrier, Setting)> {
    (1..=rounds).flat_map(move |seed| {
        GUISES.into_iter().flat_map(move |guise| {
            CARRIERS.into_iter().map(move |carrier| {
                let mut random = Random::of(seed * 64 + kind as u64);
                let setting = setting::draw(&mut random, kind);
                (seed, carrier, carrier.carry(&guise.dress(&mut random, &setting)))
            })
        })
    })
}

/// A few such texts of every kind, and the look-alikes: where fuzzing begins.
pub(crate) fn encoded_texts() -> Vec<Vec<u8>> {
    let identifiers = Kind::ALL[..Kind::FOUND].iter().flat_map(|kind| settings(*kind, 2));
    let texts = identifiers.map(|(_, _, setting)| setting.text().into_bytes());
    texts.chain(look_alike::TEXTS.iter().map(|text| text.as_bytes().to_vec())).collect()
}

fn encoding(carrier: Carrier) -> Encoding {
    if carrier.json() { Encoding::Json } else { Encoding::Plain }
}

/// Whether findings, in order, cover `wanted` whole.
fn covered(found: &[Found], wanted: &Range<usize>) -> bool {
    let mut from = wanted.start;
    for (_, span, _) in found {
        if span.start <= from && from < span.end {
            from = span.end;
        }
    }
    from >= wanted.end
}

#[test]
fn every_identifier_is_found_wherever_it_stands_and_however_it_is_written() {
    let mut scratch = TextScratch::default();
    let mut broken = Broken::default();
    for kind in &Kind::ALL[..Kind::FOUND] {
        for (seed, carrier, setting) in settings(*kind, 60) {
            scratch.clear();
            let text = setting.text();
            let wanted = setting.before.len()..setting.before.len() + setting.identifier.len();
            let found = search(&text, encoding(carrier), &mut scratch);
            let right =
                found.iter().any(|(seen, span, _)| seen == kind && span.start < wanted.end && wanted.start < span.end);
            let told = || format!("seed {seed}, {carrier:?}: {text:?} {:?}: {found:?}", &text[wanted.clone()]);
            if !covered(&found, &wanted) {
                broken.note("not covered", *kind, told);
            } else if !right {
                broken.note("of another kind", *kind, told);
            }
            let disjoint = found.windows(2).all(|pair| pair[0].1.end <= pair[1].1.start);
            if !disjoint || !found.iter().all(|(_, span, _)| text.get(span.clone()).is_some_and(|cut| !cut.is_empty()))
            {
                broken.note("spans out of order or inside a character", *kind, told);
            }
            let single = search_for(KindSet(1 << *kind as u8), &text, encoding(carrier), &mut scratch);
            if single.iter().any(|(seen, _, _)| seen != kind) || !covered(&single, &wanted) {
                broken.note("not found alone where one kind is asked for", *kind, told);
            }
        }
    }
    broken.none();
}

#[test]
fn masked_text_holds_nothing_and_is_the_same_but_for_what_was_found() {
    let mut scratch = TextScratch::default();
    let mut broken = Broken::default();
    for kind in &Kind::ALL[..Kind::FOUND] {
        for (seed, carrier, setting) in settings(*kind, 20) {
            scratch.clear();
            let text = setting.text();
            let found = search(&text, encoding(carrier), &mut scratch);
            let mut masked = String::new();
            let mut kept = 0;
            for (kind, span, plain) in &found {
                let (mut once, mut twice) = (Vec::new(), Vec::new());
                mask(*kind, MaskShape::OfKind, plain, &mut once);
                let once = String::from_utf8(once).unwrap();
                mask(*kind, MaskShape::OfKind, &once, &mut twice);
                if once.as_bytes() != twice {
                    broken.note("masked twice is not masked once", *kind, || format!("seed {seed}: {plain} {once}"));
                }
                if once == *plain {
                    broken.note("the mask hides nothing", *kind, || format!("seed {seed}: {plain}"));
                }
                masked.push_str(&text[kept..span.start]);
                masked.push_str(&once);
                kept = span.end;
            }
            masked.push_str(&text[kept..]);
            let again = search(&masked, encoding(carrier), &mut scratch);
            if !again.is_empty() {
                broken.note("something is found in what is masked", *kind, || {
                    format!("seed {seed}: {text:?} -> {masked:?}: {again:?}")
                });
            }
            let mut redacted = Vec::new();
            redact(KindSet::ALL, &text, &mut scratch, &mut redacted);
            if !carrier.json() && left_of(&text, &found) != String::from_utf8(redacted).unwrap().replace("****", "\0") {
                broken.note("something else changed", *kind, || format!("seed {seed}: {text:?}"));
            }
        }
    }
    broken.none();
}

/// `text` with a NUL for each finding.
fn left_of(text: &str, found: &[Found]) -> String {
    let mut left = String::new();
    let mut kept = 0;
    for (_, span, _) in found {
        left.push_str(&text[kept..span.start]);
        left.push('\0');
        kept = span.end;
    }
    left + &text[kept..]
}

/// The walk over the text as it stands and the slow road over its shadows use the same rules: what stands behind a text
/// and says nothing, but has to be decoded, changes nothing.
#[test]
fn the_slow_road_finds_what_the_surface_walk_finds() {
    let mut scratch = TextScratch::default();
    let mut broken = Broken::default();
    for kind in &Kind::ALL[..Kind::FOUND] {
        for seed in 1..=200 {
            let mut random = Random::of(seed * 64 + *kind as u64);
            let text = setting::draw(&mut random, *kind).text();
            let want = search(&text, Encoding::Plain, &mut scratch);
            for innocent in ["\u{3000}", " \\n", " \u{200b}"] {
                scratch.clear();
                let longer = format!("{text}{innocent}");
                let found = search(&longer, Encoding::Plain, &mut scratch);
                if found != want {
                    broken.note("another road, other findings", *kind, || {
                        format!("seed {seed}: {longer:?}: {found:?}, not {want:?}")
                    });
                }
            }
        }
    }
    broken.none();
}

#[test]
fn identifiers_stand_side_by_side() {
    let mut scratch = TextScratch::default();
    let mut broken = Broken::default();
    for seed in 1..=4000u64 {
        let mut random = Random::of(seed);
        let mut text = String::new();
        let mut wanted = Vec::new();
        for _ in 0..2 + random.next(4) {
            let kind = Kind::ALL[random.next(Kind::FOUND)];
            let setting = setting::draw(&mut random, kind);
            text.push_str(&setting.before);
            wanted.push((kind, text.len()..text.len() + setting.identifier.len()));
            text.push_str(&setting.identifier);
            text.push_str(&setting.after);
            text.push_str(random.pick(&["\n", "\n", "; ", ", 그리고 "]));
        }
        scratch.clear();
        let found = search(&text, Encoding::Plain, &mut scratch);
        for (kind, wanted) in wanted {
            if !covered(&found, &wanted) {
                broken.note("not covered beside others", kind, || {
                    format!("seed {seed}: {text:?} {:?}: {found:?}", &text[wanted])
                });
            }
        }
    }
    broken.none();
}

#[test]
fn redacted_text_holds_nothing() {
    let mut scratch = TextScratch::default();
    let text = "연락처 010-1234-5678, hong@example.com from 192.0.2.7";
    let mut out = Vec::new();
    redact(KindSet::ALL, text, &mut scratch, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "연락처 ****, **** from ****");
}

#[test]
fn bytes_that_are_no_utf8_do_not_panic() {
    let mut scratch = TextScratch::default();
    for seed in 1..20_000u64 {
        let mut random = Random::of(seed);
        let kind = Kind::ALL[random.next(Kind::FOUND)];
        let setting = setting::draw(&mut random, kind);
        let carrier = CARRIERS[random.next(CARRIERS.len())];
        let mut bytes = carrier.carry(&setting).text().into_bytes();
        for _ in 0..1 + random.next(4) {
            let at = random.next(bytes.len());
            match random.next(3) {
                0 => bytes[at] = random.next(256) as u8,
                1 => bytes.truncate(at + 1),
                _ => bytes = bytes[at..].to_vec(),
            }
        }
        for encoding in [Encoding::Plain, Encoding::Json] {
            let mut out = Vec::new();
            scratch.clear();
            find(Query { kinds: KindSet::ALL, encoding, field: b"" }, &bytes, &mut scratch, &mut out);
            assert!(out.iter().all(|finding| finding.span.end as usize <= bytes.len()), "seed {seed}");
            assert!(out.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "seed {seed}");
        }
    }
}
