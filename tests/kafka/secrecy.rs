//! Looks for what must not be there: in topics, whatever became of their transactions, in logs and in metrics.

use std::collections::HashSet;

use crate::reading::{Isolation, read_each};

/// Panics when one of the topics holds what `found` finds in a value, key, header name or header value.
pub(crate) fn scan_topics<'a>(
    brokers: &str,
    topics: impl IntoIterator<Item = &'a str>,
    found: impl Fn(&[u8]) -> Option<String>,
) {
    for topic in topics {
        read_each(brokers, topic, Isolation::Uncommitted, |record| {
            for carrier in record.carriers() {
                if let Some(what) = found(carrier) {
                    panic!("{topic} {} {}: {what} is there", record.partition, record.offset);
                }
            }
        });
    }
}

/// The first of these addresses that stands in the text as a whole: not as a part of a longer number, nor as a network.
pub(crate) fn address_in(addresses: &HashSet<String>, text: &[u8]) -> Option<String> {
    let address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    let mut rest = text;
    while let Some(begin) = rest.iter().position(address) {
        rest = &rest[begin..];
        let end = rest.iter().position(|byte| !address(byte)).unwrap_or(rest.len());
        let (candidate, behind) = rest.split_at(end);
        let candidate = String::from_utf8_lossy(candidate);
        // A sentence or a clock may end in these.
        let whole = candidate.trim_matches(['.', ':']);
        if addresses.contains(whole) && !behind.starts_with(b"/") {
            return Some(String::from(whole));
        }
        rest = behind;
    }
    None
}

/// Whether a word stands in the text, as it is or in hexadecimal digits, in any case of letters.
pub(crate) fn word_in(word: &str, text: &[u8]) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    [word, &hex]
        .into_iter()
        .find(|form| text.windows(form.len()).any(|window| window == form.as_bytes()))
        .map(String::from)
}

/// The scanners find what they are for; else their silence would prove nothing.
#[test]
fn the_scanners_find_what_they_are_for() {
    let addresses = HashSet::from([String::from("83.149.9.0"), String::from("2001:db8::7")]);
    let rows: [(&str, bool); 7] = [
        ("\"ip\":\"83.149.9.0\"", true),
        ("from 83.149.9.0.", true),
        ("\"ip\":\"83.149.9.0/24\"", false),
        ("183.149.9.0", false),
        ("83.149.9.01", false),
        ("x 2001:db8::7 y", true),
        ("nothing", false),
    ];
    for (text, expected) in rows {
        assert_eq!(address_in(&addresses, text.as_bytes()).is_some(), expected, "{text}");
    }
    assert!(word_in("canary", b"a Canary-7").is_some());
    assert!(word_in("canary", b"0x63616e617279").is_some());
    assert!(word_in("canary", b"can ary").is_none());
}
