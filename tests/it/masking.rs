//! Masks: the rows of `tests/data/masking`, and what holds for every value.

use garim::kind::Kind;
use garim::mask::{MaskShape, mask};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    given: String,
    masked: String,
}

fn masked(kind: Kind, shape: MaskShape, text: &str) -> String {
    let mut out = b"before".to_vec();
    mask(kind, shape, text, &mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[test]
fn rows() {
    let table: Table = toml::from_str(include_str!("../data/masking/of_kind.toml")).unwrap();
    for Row { kind, given, masked: want } in table.row {
        let kind = Kind::from_name(&kind).unwrap();
        assert_eq!(masked(kind, MaskShape::OfKind, &given), want, "{kind:?} {given:?}");
        assert_eq!(masked(kind, MaskShape::OfKind, &want), want, "{kind:?} {given:?}, once more");
        assert_eq!(masked(kind, MaskShape::Redact, &given), "****");
        // Number and place of characters stay, but for what is not of its kind and the last group of IPv6.
        if want != "****" && !want.contains(":****") {
            assert_eq!(want.chars().count(), given.chars().count(), "{kind:?} {given:?}");
        }
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
        ("02-123-4567 내선 12", "****"),
        ("1588-1234", "****"),
        ("112", "****"),
        ("", "****"),
    ] {
        assert_eq!(masked(Kind::KrPhone, MaskShape::Prefix, given), want, "{given}");
        assert_eq!(masked(Kind::KrPhone, MaskShape::Prefix, want), want, "{given}, once more");
        assert_eq!(masked(Kind::Id, MaskShape::Prefix, given), "****");
    }
}

/// Any string at all, to any kind: nothing panics, a mask of a mask is itself, and enough is hidden.
#[test]
fn any_value() {
    let parts = [
        "010", "1234", "5678", "-", " ", "+82", "(0)", "*", "**", ".", "@", "a", "홍", "：", "８", ":", "::", "/", "%",
        "]",
    ];
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    for round in 0..60_000 {
        let mut text = String::new();
        for _ in 0..1 + round % 7 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(parts[(state >> 33) as usize % parts.len()]);
        }
        for kind in Kind::ALL {
            let once = masked(kind, MaskShape::OfKind, &text);
            assert_eq!(masked(kind, MaskShape::OfKind, &once), once, "round {round}: {kind:?} {text:?}");
            assert!(once.contains('*'), "round {round}: {kind:?} {text:?}");
            let prefix = masked(kind, MaskShape::Prefix, &text);
            assert_eq!(masked(kind, MaskShape::Prefix, &prefix), prefix, "round {round}: {kind:?} {text:?}");
            assert!(prefix.contains('*'), "round {round}: {kind:?} {text:?}");
        }
    }
}
