//! Masks: the rows of `tests/data/masking`, and what holds for every value.

use garim::kind::{Kind, canonical};
use garim::mask::{MaskShape, Part, mask};
use garim::policy::action;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

/// What a mask makes of a value; without `mask`, the form of the kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    #[serde(default = "of_kind")]
    mask: String,
    given: String,
    masked: String,
}

fn of_kind() -> String {
    "mask".to_owned()
}

fn masked(kind: Kind, shape: MaskShape, text: &str) -> String {
    let mut out = b"before".to_vec();
    mask(kind, shape, text, &mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

/// The words of a policy, and the mask that they mean.
fn shape(words: &str) -> MaskShape {
    let action = action::parse(words).unwrap_or_else(|unread| panic!("{words}: {}", unread.message));
    assert_eq!(action::words(action), words, "as the policy writes it");
    let garim::engine::plan::Action::Mask(shape) = action else { panic!("{words} is no mask") };
    shape
}

fn table(text: &str) -> Vec<Row> {
    toml::from_str::<Table>(text).unwrap().row
}

/// Checks the rows of one table.
fn check(text: &str) {
    for Row { kind, mask: words, given, masked: want } in table(text) {
        let kind = Kind::from_name(&kind).unwrap();
        let shape = shape(&words);
        assert_eq!(masked(kind, shape, &given), want, "{kind:?} {words} {given:?}");
        assert_eq!(masked(kind, shape, &want), want, "{kind:?} {words} {given:?}, once more");
        assert_eq!(masked(kind, MaskShape::Redact, &given), "****");
        // Number and place of characters stay, but for what is not of its kind and what no length shall tell.
        let open = want == "****" || want.contains(":****") || want.ends_with(" ****");
        if !open {
            assert_eq!(want.chars().count(), given.trim().chars().count(), "{kind:?} {given:?}");
        }
    }
}

#[test]
fn forms_of_kinds() {
    check(include_str!("../data/masking/of_kind.toml"));
}

#[test]
fn forms_that_a_policy_names() {
    check(include_str!("../data/masking/named.toml"));
}

/// Every kind that is found in text has a form of its own, and each part a row.
#[test]
fn no_form_without_a_row() {
    let rows = table(include_str!("../data/masking/of_kind.toml"));
    for kind in &Kind::ALL[..Kind::FOUND] {
        let has = |row: &Row| row.kind == kind.name() && row.masked != "****" && row.masked != row.given;
        assert!(rows.iter().any(has), "no row masks a {}", kind.name());
    }
    let named = table(include_str!("../data/masking/named.toml"));
    for part in Part::ALL {
        let words = format!("mask keep {}", part.name());
        let kinds: Vec<_> = Kind::ALL.iter().filter(|kind| part.is_of(**kind)).collect();
        assert!(!kinds.is_empty());
        for kind in kinds {
            let has = |row: &Row| row.kind == kind.name() && row.mask == words && row.masked != "****";
            assert!(named.iter().any(has), "no row of `{words}` for a {}", kind.name());
        }
    }
}

/// The forms that other systems write stay as they are: nobody gets a second half of a value from a second mask.
#[test]
fn masks_of_others_stay() {
    for (kind, text) in [
        (Kind::KrRrn, "901010-1******"),
        (Kind::KrRrn, "900101-*******"),
        (Kind::KrFrn, "900101-5******"),
        (Kind::KrDriverLicense, "11-12-******-10"),
        (Kind::KrDriverLicense, "서울-12-******-10"),
        (Kind::KrPassport, "M1234****"),
        (Kind::KrBrn, "123-45-*****"),
        (Kind::KrPhone, "010-****-1234"),
        (Kind::CreditCard, "4558-12**-****-0116"),
        (Kind::CreditCard, "1234-****-****-3456"),
        (Kind::Ip, "123.123.***.123"),
        (Kind::Ip, "2001:db8::****"),
        (Kind::DateOfBirth, "****-**-**"),
        (Kind::PersonName, "홍*동"),
        (Kind::PersonName, "홍*"),
        (Kind::PersonName, "남**수"),
        (Kind::PersonName, "남궁**"),
        (Kind::PersonName, "김**"),
        (Kind::PersonName, "홍OO"),
        (Kind::PersonName, "홍○동"),
        (Kind::PersonName, "J**n"),
        (Kind::KrVehiclePlate, "12가****"),
        (Kind::Email, "ab***@example.com"),
    ] {
        assert_eq!(masked(kind, MaskShape::OfKind, text), text, "{kind:?}");
    }
}

#[test]
fn edges() {
    // first, last, given, masked
    let rows = [
        (2, 2, "abcdef", "ab**ef"),
        (0, 4, "홍길동의계좌", "**동의계좌"),
        (1, 0, "김하나", "김**"),
        (2, 2, "abcd", "****"),
        (9, 9, "abc", "****"),
        (0, 0, "abc", "***"),
        (0, 0, "", "****"),
    ];
    for (first, last, given, want) in rows {
        let shape = MaskShape::Edges { first, last };
        assert_eq!(masked(Kind::Id, shape, given), want, "{given}");
        assert_eq!(masked(Kind::Id, shape, want), want, "{given}, once more");
    }
}

#[test]
fn prefixes() {
    let prefix = MaskShape::Part(Part::Prefix);
    for (given, want) in [
        ("010-1234-5678", "010-****-****"),
        ("01012345678", "010********"),
        ("011-123-4567", "011-***-****"),
        ("02-123-4567", "02-***-****"),
        ("0212345678", "02********"),
        ("031 123 4567", "031 *** ****"),
        ("+82 10-1234-5678", "+82 10-****-****"),
        ("+82 (0)10.1234.5678", "+82 (0)10.****.****"),
        ("0505-123-4567", "0505-***-****"),
        ("050-1234-5678", "050-****-****"),
        ("070-1234-5678", "070-****-****"),
        (" 010-1234-5678 ", "010-****-****"),
        ("\u{ff10}\u{ff11}\u{ff10}-1234-5678", "\u{ff10}\u{ff11}\u{ff10}-****-****"),
        // What shows its last digits already shows them no more.
        ("010-****-5678", "010-****-****"),
        ("내선 0000", "****"),
        ("02-123-4567 내선 12", "02-***-**** 내선 **"),
        ("1588-1234", "****"),
        ("112", "****"),
        ("", "****"),
    ] {
        assert_eq!(masked(Kind::KrPhone, prefix, given), want, "{given}");
        assert_eq!(masked(Kind::KrPhone, prefix, want), want, "{given}, once more");
        assert_eq!(masked(Kind::Id, prefix, given), "****");
    }
}

/// Every shape that a policy can write, and some of those that take a number.
fn shapes() -> Vec<MaskShape> {
    let mut shapes: Vec<MaskShape> = Part::ALL.into_iter().map(MaskShape::Part).collect();
    shapes.extend([MaskShape::OfKind, MaskShape::Redact]);
    for (first, last) in [(1, 0), (0, 1), (0, 4), (2, 3), (6, 4), (9, 0)] {
        shapes.extend([MaskShape::Edges { first, last }, MaskShape::Digits { first, last }]);
    }
    shapes
}

/// Any string at all, to any kind, in any shape: nothing panics, and a mask of a mask is itself.
#[test]
fn any_value() {
    let parts = [
        "010",
        "1234",
        "5678",
        "-",
        " ",
        "+82",
        "(0)",
        "*",
        "**",
        ".",
        "@",
        "a",
        "홍",
        "：",
        "８",
        ":",
        "::",
        "/",
        "%",
        "]",
        "가",
        "서울",
        "강남구",
        "테헤란로",
        "12",
        "역삼동",
        "년",
        "월",
        "일",
        "생",
        "1988",
        "남궁",
        "O",
        "○",
        "M",
        "-*******",
        "******",
        ",",
        "\u{1112}\u{1161}",
        "Jan ",
        "00:1a",
        "외교",
    ];
    let shapes = shapes();
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    for round in 0..40_000 {
        let mut text = String::new();
        for _ in 0..1 + round % 8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(parts[(state >> 33) as usize % parts.len()]);
        }
        for kind in Kind::ALL {
            holds(kind, &shapes, &text);
        }
    }
}

/// Real values, whole and with pieces exchanged, cut and starred.
#[test]
fn any_value_that_is_nearly_one() {
    let rows: Vec<Row> = [include_str!("../data/masking/of_kind.toml"), include_str!("../data/masking/named.toml")]
        .into_iter()
        .flat_map(table)
        .collect();
    let shapes = shapes();
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let pieces = ['*', '1', '0', '-', ' ', '.', '가', 'A', 'O', '/', '(', ')', ':'];
    for round in 0..60 {
        for row in &rows {
            let kind = Kind::from_name(&row.kind).unwrap();
            let mut text: Vec<char> = if round % 2 == 0 { &row.given } else { &row.masked }.chars().collect();
            for _ in 0..round % 4 {
                let at = random(text.len());
                match random(3) {
                    0 if at < text.len() => text[at] = pieces[random(pieces.len())],
                    1 if at < text.len() => drop(text.remove(at)),
                    _ => text.insert(at, pieces[random(pieces.len())]),
                }
            }
            holds(kind, &shapes, &text.into_iter().collect::<String>());
        }
    }
}

/// What holds for one value in every shape.
fn holds(kind: Kind, shapes: &[MaskShape], text: &str) {
    for shape in shapes {
        let once = masked(kind, *shape, text);
        let twice = masked(kind, *shape, &once);
        assert_eq!(twice, once, "{kind:?} {shape:?} {text:?}");
        let marked = once.contains(['*', '○', 'O', 'X', 'o', 'x', '●', '◯', '〇']);
        // A year that stands alone is what may stay.
        let year = *shape == MaskShape::Part(Part::Year);
        assert!(marked || year, "{kind:?} {shape:?} {text:?}: {once:?}");
        // What was hidden once is not shown again by another mask.
        if let (MaskShape::OfKind, false) = (shape, kind == Kind::PersonName) {
            let mut token = Vec::new();
            assert!(once == text.trim() || !canonical(kind, text, &mut token) || once.contains('*'), "{once:?}");
        }
    }
}
