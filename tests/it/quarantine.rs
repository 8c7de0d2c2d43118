//! Refused records sealed to people: what is opened is what was sealed, byte for byte, and nobody else reads it.

use age::x25519::Identity;
use proptest::prelude::*;

use garim::limits::{OUTPUT_BYTES_MAX, SEALED_BYTES_MAX};
use garim::record::{Header, InputId, Position, Record};
use garim::secret::Plain;
use garim::service::quarantine::{Identities, OpenFault, Opened, Payload, RecipientFault, Sealer};

/// A key pair as `age-keygen` writes it, made for this run.
fn pair() -> (String, String) {
    use age::secrecy::ExposeSecret as _;
    let identity = Identity::generate();
    (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string())
}

fn sealed(payload: &Payload) -> &str {
    match payload {
        Payload::Sealed(text) => text,
        other => panic!("not sealed: {other:?}"),
    }
}

fn record<'a>(key: Option<&'a [u8]>, value: Option<&'a [u8]>, headers: &'a [Header<'a>]) -> Record<'a> {
    Record {
        input: InputId(0),
        position: Position { partition: 3, offset: 1 << 40 },
        timestamp_ms: Some(1_795_000_000_000),
        key: key.map(Plain),
        value: value.map(Plain),
        headers,
    }
}

/// Seals, opens and compares.
fn check(record: &Record<'_>, line: u32, value: Option<&[u8]>) {
    let (private, public) = pair();
    let payload = Sealer::new(&public).unwrap().seal("kakaowork.activity", line, record);
    let opened: Opened = Identities::parse(&private).unwrap().open(sealed(&payload)).unwrap();
    assert_eq!((opened.topic.as_str(), opened.position, opened.line), ("kakaowork.activity", record.position, line));
    assert_eq!(opened.timestamp_ms, record.timestamp_ms);
    assert_eq!(opened.key.as_ref().map(|key| key.as_slice()), record.key.map(|key| key.0));
    assert_eq!(opened.value.as_ref().map(|value| value.as_slice()), value);
    let headers: Vec<Header<'_>> = opened
        .headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_ref().map(|value| Plain(value))))
        .collect();
    assert_eq!(headers, record.headers);
}

#[test]
fn what_is_opened_is_what_was_sealed() {
    let headers: Vec<Header<'_>> =
        vec![(b"x-user", Some(Plain(b"\x00\xff"))), (b"a \"quoted\" \\ name\n", None), (b"\xff\xfe", Some(Plain(b"")))];
    check(&record(Some(b"key"), Some(b"{\"a\":1}"), &headers), 0, Some(b"{\"a\":1}"));
    check(&record(None, None, &[]), 0, None);
    check(&record(Some(b""), Some(b""), &[]), 0, Some(b""));
    let lines = b"one\n\nthree\r\nfour";
    for (line, value) in [(1, &b"one"[..]), (2, b""), (3, b"three\r"), (4, b"four"), (0, lines)] {
        check(&record(Some(b"key"), Some(lines), &headers), line, Some(value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_record_comes_back(
        key in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..80)),
        value in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..70_000)),
        headers in proptest::collection::vec(
            (proptest::collection::vec(1u8.., 0..20), proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20))),
            0..4,
        ),
    ) {
        let headers: Vec<Header<'_>> =
            headers.iter().map(|(name, value)| (name.as_slice(), value.as_deref().map(Plain))).collect();
        check(&record(key.as_deref(), value.as_deref(), &headers), 0, value.as_deref());
    }
}

#[test]
fn only_the_recipient_opens_it_and_only_whole() {
    let ((private, public), (stranger, _)) = (pair(), pair());
    let payload = Sealer::new(&public).unwrap().seal("in", 0, &record(Some(b"key"), Some(b"value"), &[]));
    let text = sealed(&payload);
    let open = |private: &str, text: &str| Identities::parse(private).unwrap().open(text).err();
    assert_eq!(open(&private, text), None);
    assert_eq!(open(&stranger, text), Some(OpenFault::Stranger));
    assert_eq!(open(&format!("# two keys\n{stranger}\n\n{private}\n"), text), None);
    // Header, body and end: a letter changed anywhere, or a line missing.
    let lines: Vec<&str> = text.lines().collect();
    for line in 1..lines.len() - 1 {
        let mut changed: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
        let other = if changed[line].starts_with('A') { "B" } else { "A" };
        changed[line].replace_range(..1, other);
        assert!(open(&private, &changed.join("\n")).is_some(), "line {line}");
    }
    assert!(open(&private, &lines[..lines.len() - 2].join("\n")).is_some());
    assert!(open(&private, "").is_some());
    for text in ["", "# only a comment\n", "AGE-SECRET-KEY-1QQ\n", "age1qq\n"] {
        assert!(Identities::parse(text).is_none(), "{text}");
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_what_fits_is_not_longer_than_promised() {
    let (_, public) = pair();
    let sealer = Sealer::new(&public).unwrap();
    let mut longest = 0;
    for bytes in [0, 1, 48, 65_536, 400_000, 560_000, 580_000, 600_000, 1 << 20] {
        let value = vec![7; bytes];
        match sealer.seal("in", 0, &record(None, Some(&value), &[])) {
            Payload::Sealed(text) => {
                let written = serde_json::Value::from(text).to_string();
                assert!(written.len() <= SEALED_BYTES_MAX, "{bytes} bytes: {}", written.len());
                longest = longest.max(bytes);
            }
            payload => assert_eq!((payload, bytes >= 580_000), (Payload::TooLarge, true), "{bytes} bytes"),
        }
    }
    assert_eq!(longest, 560_000, "a value of that size is kept");
    const { assert!(SEALED_BYTES_MAX < OUTPUT_BYTES_MAX) };
}

#[test]
fn a_recipient_is_a_public_key() {
    let (private, public) = pair();
    assert!(Sealer::new(&public).is_ok());
    for wrong in ["", "age1", "age1qqqq", "ssh-ed25519 AAAA", &public[..public.len() - 1]] {
        assert_eq!(Sealer::new(wrong), Err(RecipientFault::Wrong), "{wrong}");
    }
    for private in [private.clone(), private.to_lowercase(), format!(" {private}\n")] {
        assert_eq!(Sealer::new(&private), Err(RecipientFault::Private));
    }
}
