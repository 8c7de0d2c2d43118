//! Properties of detection, against `detection_oracle`, and the texts in which nothing may be found.

use std::ops::Range;

use garim::find::text::{Encoding, TextScratch, find, plain, redact};
use garim::kind::{Kind, KindSet};
use garim::mask::{MaskShape, mask};

use crate::detection_oracle as oracle;

/// A small generator of random numbers, so that a seed replays a failure (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.next(from.len())]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.next(10) as u8)).collect()
    }
}

const SEPARATORS: [&str; 12] = ["-", "-", "-", ".", " ", "/", ") ", " - ", ". ", "–", "－", "\u{200b}-"];

/// An identifier, or something close to one. Persons and numbers are made up.
fn identifier(random: &mut Random) -> String {
    let sep = random.pick(&SEPARATORS);
    let (three, four, last) = (random.digits(3), random.digits(4), random.digits(4));
    let middle = if random.next(2) == 0 { three.clone() } else { four.clone() };
    let other = if random.next(6) == 0 { random.pick(&SEPARATORS) } else { sep };
    match random.next(16) {
        0..=2 => {
            let date = format!("{:02}{:02}{:02}", random.next(100), 1 + random.next(13), 1 + random.next(32));
            let sep = if random.next(3) == 0 { "" } else { sep };
            format!("{date}{sep}{}", random.digits(7))
        }
        3..=5 => {
            let code = random.pick(&["010", "011", "02", "031", "055", "070", "0505", "050", "080", "012", "07"]);
            format!("{code}{sep}{middle}{other}{last}")
        }
        6 => format!("{}{middle}{last}", random.pick(&["010", "016", "02", "031", "070", "0502"])),
        7 => format!("010{sep}{middle}{last}"),
        8 | 9 => {
            let country = random.pick(&["+82", "0082", "00700-82", "+82)", "+82 (0)", "+82-0", "+81"]);
            let code = random.pick(&["10", "2", "31", "70", "505"]);
            format!("{country}{}{code}{other}{middle}{sep}{last}", random.pick(&["", "-", " "]))
        }
        10 => format!("411111{}", random.digits(10)),
        11 => format!("4111{sep}1111{sep}1111{other}1111"),
        12 => {
            format!("{}@{}.example.com", random.pick(&["hong", "kim.a+b", ".lee", "noreply"]), random.pick(&["a", "1"]))
        }
        13 => format!("{}.{}.{}.{}", random.next(300), random.next(256), random.next(30), random.next(256)),
        14 => random
            .pick(&["2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "12:34:56", "::"])
            .to_owned(),
        _ => random.digits(8 + 8 * (three.len() % 2) + middle.len()),
    }
}

/// Words, labels and identifiers side by side; sometimes a character is changed, or written in another way.
fn text(random: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..1 + random.next(4) {
        out.push_str(random.pick(&[
            "",
            "",
            "주민번호 ",
            "전화: ",
            "카드 ",
            "법인번호 ",
            "계좌는",
            "rrn=",
            "tel ",
            "cardNo=",
            "hotel ",
        ]));
        out.push_str(random.pick(&["", "", "는", "x", "7", "-", ".", "(", "\"", "=", "/", "+", "%", "버전 ", "ver "]));
        out.push_str(&identifier(random));
        out.push_str(
            random.pick(&["", " ", "로", ", ", "-", ".", "x", ")", "\n", "/24", ":80", "%", " 카드", "\u{ad}"]),
        );
    }
    for _ in 0..random.next(3) {
        let places: Vec<usize> = out.char_indices().map(|(at, _)| at).collect();
        let at = places[random.next(places.len())];
        let c = out[at..].chars().next().unwrap();
        let written = match random.next(5) {
            0 => String::new(),
            1 => format!("{c}{}", random.pick(&["0", "-", " ", ".", "a", "가", "\u{200b}", "*", "@", ":"])),
            2 if c.is_ascii_graphic() => char::from_u32(c as u32 + 0xFEE0).unwrap().to_string(),
            3 if c.is_ascii() => format!("%{:02X}", c as u32),
            _ if (c as u32) < 0x1_0000 => format!("\\u{:04x}", c as u32),
            _ => c.to_string(),
        };
        out.replace_range(at..at + c.len_utf8(), &written);
    }
    out
}

fn search(text: &str, encoding: Encoding, scratch: &mut TextScratch) -> Vec<oracle::Found> {
    let mut out = Vec::new();
    find(KindSet::ALL, text.as_bytes(), encoding, scratch, &mut out);
    let span = |finding: &garim::find::Finding| finding.span.start as usize..finding.span.end as usize;
    out.iter().map(|f| (f.kind, span(f), plain(f, text.as_bytes(), scratch).to_owned())).collect()
}

#[test]
fn finds_what_the_oracle_finds() {
    let mut scratch = TextScratch::default();
    let mut found = 0;
    let mut differences = Vec::new();
    for seed in 1..6_000u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let text = text(&mut random);
        let json = serde_json::to_string(&text).unwrap();
        for (text, encoding) in [(&*text, Encoding::Plain), (&json[1..json.len() - 1], Encoding::Json)] {
            scratch.clear();
            let seen = search(text, encoding, &mut scratch);
            let want = oracle::find(text, encoding == Encoding::Json);
            if seen != want {
                differences.push(format!("seed {seed}, {encoding:?}: {text:?}\n  seen {seen:?}\n  want {want:?}"));
            }
            assert!(seen.windows(2).all(|pair| pair[0].1.end <= pair[1].1.start), "seed {seed}: {text:?}");
            assert!(seen.iter().all(|(_, span, _)| text.get(span.clone()).is_some()), "seed {seed}: {text:?}");
            found += seen.len();
        }
    }
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(8)].join("\n")
    );
    assert!(found > 6_000, "the generator makes identifiers: {found}");
}

#[test]
fn masked_text_holds_nothing() {
    let mut scratch = TextScratch::default();
    for seed in 1..6_000u64 {
        let text = text(&mut Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        scratch.clear();
        let mut masked = String::new();
        let mut kept = 0;
        for (kind, span, plain) in search(&text, Encoding::Plain, &mut scratch) {
            let (mut once, mut twice) = (Vec::new(), Vec::new());
            mask(kind, MaskShape::OfKind, &plain, &mut once);
            let once = String::from_utf8(once).unwrap();
            mask(kind, MaskShape::OfKind, &once, &mut twice);
            assert_eq!(once.as_bytes(), twice, "seed {seed}: a masked value stays");
            assert!(once != plain, "seed {seed}: {plain} stays clear");
            masked.push_str(&text[kept..span.start]);
            masked.push_str(&once);
            kept = span.end;
        }
        masked.push_str(&text[kept..]);
        // What touched a number that is masked now may be read as one by itself; it is found in its turn.
        let again = search(&masked, Encoding::Plain, &mut scratch);
        let touches = |span: &Range<usize>| {
            masked[..span.start].trim_end_matches(['-', '.', '@']).ends_with(['*', '\u{ad}'])
                || masked[span.end..].trim_start_matches(['-', '.']).starts_with('*')
        };
        let fresh: Vec<_> = again.iter().filter(|(_, span, _)| !touches(span)).collect();
        assert!(fresh.is_empty(), "seed {seed}: {text:?} -> {masked:?}: {fresh:?}");
    }
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
    for seed in 1..4_000u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut bytes = text(&mut random).into_bytes();
        for _ in 0..3 {
            let at = random.next(bytes.len());
            bytes[at] = random.next(256) as u8;
        }
        for encoding in [Encoding::Plain, Encoding::Json] {
            let mut out = Vec::new();
            find(KindSet::ALL, &bytes, encoding, &mut scratch, &mut out);
            assert!(out.iter().all(|finding| finding.span.end as usize <= bytes.len()), "seed {seed}");
        }
    }
}

#[test]
fn only_the_kinds_asked_for() {
    let text = "880101-1234567 900101-5234567 010-1234-5678 a@example.com 192.0.2.1 4111-1111-1111-1111";
    let mut scratch = TextScratch::default();
    for kind in &Kind::ALL[..Kind::FOUND] {
        let mut out = Vec::new();
        find(KindSet(1 << *kind as u8), text.as_bytes(), Encoding::Plain, &mut scratch, &mut out);
        assert_eq!(out.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [*kind]);
    }
}

/// Values that look like identifiers and are none.
#[test]
fn look_alikes_are_left() {
    let rows = [
        "1717171717171 1804061384917 ts=1701234567890 1769050116995112994 1768016139328799",
        "export_20260704130739.csv 260704130739 2026-07-04 2026-07-04T12:07:33.123+09:00",
        "0f570659-7687-4ba0-f010-8173deec4253 01ARZ3NDEKTSV4RRFFQ69G5FAV 507f1f77bcf86cd799439011",
        "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MTIzfQ.0101234567890abc bf8e9ed37a490b5cff4bf4638329661f",
        "바코드 8801040000005 ISBN 978-89-000-0000-1 ISSN 1234-5678",
        "주문번호 1111-2222-3333-4444 송장 1234-5678-9012 240101-0000001",
        "1234-5678원 1,234,567,890원 1588-1999 1588-1234 112 02-114",
        "nginx/1.25.3.1 ver 1.2.3.4 2.10.4.5 버전 1.2.3.4.5 표 3.2.1.4",
        "blk_-1608999687919862906 12.345678ms 123.4567890 1.3.6.1.4.1.311.21",
        "2024구합1234 1111011600100010000 123-45678-12345 2020–2021 02-03-2024",
        "010-0000-0000 000000-0000000 881301-1234567 890229-1234567 960121+1021413",
        "12:34:56 std::cout dead::beef 00:1a:2b:3c:4d:5e :::",
        "git@github.com:org/repo.git @scope/pkg@1.2.3 icon@2x.png noreply@example.com user@host",
        "4111-1111-1111-1112 353280000000000 0101234567890 x4111111111111111",
        "880101-******* 010-****-5678 ab***@example.com 192.0.***.1 2001:db8::**** 4111-11**-****-1111",
    ];
    let mut scratch = TextScratch::default();
    for text in rows {
        assert_eq!(search(text, Encoding::Plain, &mut scratch), [], "{text}");
    }
}
