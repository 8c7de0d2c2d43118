//! Fuzz targets: the scanner, the walk over JSON, the normaliser, the policy file.
//!
//! They begin with the texts of the other tests and change them at random. `cargo test` runs the same rounds every time,
//! `.ci/run` more of them (`GARIM_FUZZ_ROUNDS`); with `GARIM_FUZZ_SECONDS=600` each target runs that long on rounds that
//! nobody has seen. A round that fails names its number, and `GARIM_FUZZ_SEED` replays it. bolero would say the same in
//! fewer lines and be guided by coverage; it pins a library that the reader of TOML needs newer.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use garim::find::escape::{escape, unescape};
use garim::find::json::{Guide, Walk};
use garim::find::path::{NodeId, Paths};
use garim::find::scan::Marks;
use garim::find::text::{Encoding, Query, TextScratch, find, plain};
use garim::kind::{Kind, KindSet, canonical};
use garim::mask::{MaskShape, Part, mask};
use garim::policy;

use crate::detection::{Random, encoded_texts, look_alike};
use crate::oracle;

/// Most changes to one seed.
const CHANGES_MAX: usize = 12;

/// Rounds of each target in `cargo test`.
const ROUNDS: u64 = 5_000;

/// What is put into a seed: signs of all carriers, labels, pieces of identifiers, structure of JSON and TOML.
const PIECES: [&str; 48] = [
    "-",
    ".",
    " ",
    ":",
    "@",
    "/",
    "+",
    "%",
    "\\",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    "=",
    "\n",
    "\t",
    "#",
    "'",
    "0",
    "9",
    "\\u002d",
    "\\\\u002d",
    "\\ud83d",
    "\\n",
    "%2D",
    "%252D",
    "%EC",
    "%ED%95%9C",
    "&#45;",
    "&amp;",
    "\u{200b}",
    "\u{ad}",
    "\u{3164}",
    "－",
    "０",
    "٣",
    "\u{1161}",
    "\u{7f}",
    "가",
    "주민번호 ",
    "전화: ",
    "계좌 ",
    "이름 ",
    "010-1234-5678",
    "880101-",
    "[[sources]]",
];

/// One of the seeds with a few changes.
fn written(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut text = seeds[random.next(seeds.len())].clone();
    for _ in 0..random.next(CHANGES_MAX + 1) {
        let at = random.next(text.len() + 1);
        let end = text.len().min(at + 1 + random.next(8));
        match random.next(8) {
            0 | 1 => drop(text.splice(at..at, random.pick(&PIECES).bytes())),
            2 => drop(text.splice(at..at, [random.next(256) as u8])),
            3 => drop(text.drain(at..end)),
            4 => drop(text.splice(at..end, [b'0' + random.next(10) as u8])),
            5 => text.extend_from_within(at..end),
            6 => {
                let other = &seeds[random.next(seeds.len())];
                text.truncate(at);
                text.extend_from_slice(&other[other.len().min(at)..]);
            }
            _ => text.truncate(at.max(text.len() / 2)),
        }
    }
    text
}

/// Says which round failed.
struct Round(u64);

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("GARIM_FUZZ_SEED={} replays this", self.0);
        }
    }
}

/// Runs `target` on what changes make of `seeds`.
fn fuzz(seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let run = |seed| {
        let round = Round(seed);
        target(&written(&mut Random::of(seed), seeds));
        drop(round);
    };
    if let Some(seed) = number("GARIM_FUZZ_SEED") {
        run(seed);
    } else if let Some(rounds) = number("GARIM_FUZZ_ROUNDS") {
        (1..=rounds).for_each(run);
    } else if let Some(seconds) = number("GARIM_FUZZ_SECONDS") {
        let first = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
        let begun = Instant::now();
        let rounds = (first..).take_while(|_| begun.elapsed() < Duration::from_secs(seconds)).map(run).count();
        println!("{rounds} rounds");
    } else {
        (1..=ROUNDS).for_each(run);
    }
}

/// What is asked of the findings in any bytes.
fn searched(text: &[u8], encoding: Encoding, field: &[u8], scratch: &mut TextScratch) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    scratch.clear();
    find(Query { kinds: KindSet::ALL, encoding, field }, text, scratch, &mut found);
    let mut end = 0;
    for finding in &found {
        let span = finding.span.start as usize..finding.span.end as usize;
        assert!(end <= span.start && span.start < span.end && span.end <= text.len(), "sorted and disjoint: {span:?}");
        end = span.end;
        if let Ok(text) = std::str::from_utf8(text) {
            assert!(text.get(span.clone()).is_some(), "whole characters: {span:?}");
        }
        assert!(KindSet::ALL.contains(finding.kind) && finding.evidence.count() > 0, "evidence of {:?}", finding.kind);
    }
    found.iter().map(|finding| (finding.kind, plain(finding, text, scratch).to_owned())).collect()
}

#[test]
fn scanner() {
    let seeds = encoded_texts();
    let scratch = RefCell::new(TextScratch::default());
    fuzz(&seeds, |text| {
        let scratch = &mut *scratch.borrow_mut();
        for encoding in [Encoding::Plain, Encoding::Json] {
            for field in [&b""[..], b"phone", b"userName"] {
                let found = searched(text, encoding, field, scratch);
                assert_eq!(found, searched(text, encoding, field, scratch), "the same twice");
            }
        }
    });
}

/// What a shadow shows of a finding is a value of its kind: it can be masked, once and for all, and has one canonical form.
#[test]
fn normaliser() {
    let seeds = encoded_texts();
    let scratch = RefCell::new(TextScratch::default());
    fuzz(&seeds, |text| {
        let scratch = &mut *scratch.borrow_mut();
        let mut escaped = Vec::new();
        escape(text, &mut escaped);
        let mut back = Vec::new();
        unescape(&escaped, &mut back);
        assert_eq!(back, text, "escapes both ways");
        for (kind, plain) in searched(text, Encoding::Plain, b"", scratch) {
            for shape in [
                MaskShape::OfKind,
                MaskShape::Part(Part::Prefix),
                MaskShape::Redact,
                MaskShape::Edges { first: 1, last: 1 },
            ] {
                let (mut once, mut twice) = (Vec::new(), Vec::new());
                mask(kind, shape, &plain, &mut once);
                let once = String::from_utf8(once).unwrap();
                mask(kind, shape, &once, &mut twice);
                assert_eq!(once.as_bytes(), twice, "{kind:?} {shape:?}: masked twice: {plain:?}");
            }
            let (mut form, mut again) = (Vec::new(), Vec::new());
            if canonical(kind, &plain, &mut form) {
                let form = String::from_utf8(form).unwrap();
                assert!(canonical(kind, &form, &mut again), "{kind:?}: a canonical form is of its kind");
                assert_eq!(form.as_bytes(), again, "{kind:?}: canonical twice");
            }
        }
    });
}

/// A guide that notes everything.
struct Everything;

impl Guide for Everything {
    fn takes_whole(&self, _: NodeId) -> bool {
        false
    }

    fn notes_unlisted(&self) -> bool {
        true
    }
}

#[test]
fn walk() {
    let mut seeds: Vec<Vec<u8>> = look_alike::TEXTS
        .iter()
        .map(|text| format!("{{\"a\":{},\"b\":[1,-2.5e3,true,null]}}", serde_json::json!(text)).into_bytes())
        .collect();
    seeds.push(br#"{"a":{"b":[{"c":"\ud83d\ude00\u0041"},[],{}]},"d":"\\\"\/\b\f\n\r\t","x":1}"#.to_vec());
    seeds.push(br#" { "a" : 1 , "a\u0062" : 2 , "garim" : 3 , "ab" : 4 } "#.to_vec());
    let paths = Paths::compile(&[vec![Some("a"), Some("b")], vec![Some("d")]]).unwrap();
    let state = RefCell::new((Marks::default(), Walk::default()));
    fuzz(&seeds, |text| {
        let (marks, walk) = &mut *state.borrow_mut();
        marks.index(text);
        let walked = walk.object(text, marks, &paths, &Everything);
        for node in &walk.nodes {
            assert!(node.span.of(text).len() <= text.len() && node.name.of(text).len() <= text.len());
        }
        // The engine asks for UTF-8 before it walks.
        if let Ok(text) = std::str::from_utf8(text) {
            assert_eq!(walked.is_ok(), oracle::read(text).is_ok(), "walk and oracle: {walked:?}");
            // Numbers beyond a double are JSON too.
            let json = serde_json::from_str::<serde::de::IgnoredAny>(text);
            assert!(walked.is_err() || json.is_ok(), "what is taken is JSON: {json:?}");
        }
    });
}

#[test]
fn policy_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for place in ["config", "tests/data/policy"] {
        let mut files: Vec<_> = folder.join(place).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        seeds.extend(
            files
                .iter()
                .filter(|path| path.extension().is_some_and(|end| end == "toml"))
                .map(|path| std::fs::read(path).unwrap()),
        );
    }
    fuzz(&seeds, |text| {
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        let name = Path::new("fuzzed.toml");
        let faults = match policy::parse(name, text) {
            Ok(policy) => policy.warnings,
            Err(faults) => {
                assert!(faults.error_count() > 0, "a refusal says why");
                faults
            }
        };
        for diagnostic in &faults.diagnostics {
            let inside = diagnostic.span.clone().is_none_or(|span| text.get(span).is_some());
            assert!(
                inside || diagnostic.file != name,
                "{} points into the file: {:?}",
                diagnostic.code,
                diagnostic.span
            );
        }
        assert!(faults.is_empty() || !faults.render(false).is_empty());
        let _document = faults.to_json();
    });
}
