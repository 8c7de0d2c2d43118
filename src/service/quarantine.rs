//! Refused records sealed to people: what a notice carries of the record itself, and how people open it again.
//!
//! A lane knows the recipient only, an age X25519 public key, so it cannot open what it sealed. What is sealed is one JSON
//! object, `{"topic", "partition", "offset", "line", "timestamp_ms", "key", "headers", "value"}`: key, header values and value in
//! base64 (`null` where there is none), headers as pairs in their order; a header's name that is not UTF-8 is
//! `{"base64": "..."}`. Sealing a record costs about a tenth of a millisecond, and only refused ones pay it. Our copies of the plaintext are
//! wiped; the age library's one buffer of 64 KiB and the client library's messages are not.

pub mod listing;
pub mod replay;

use std::borrow::Cow;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::str::FromStr as _;

use age::armor::ArmoredReader;
use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::limits::SEALED_BYTES_MAX;
use crate::record::{Position, Record};
use crate::secret::Plain;
use crate::service::request::{KeyFault, private_text};

/// How the private half of a recipient begins; it has no place on a host of garim.
const PRIVATE: &str = "AGE-SECRET-KEY-";

/// What a recipient cannot be. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientFault {
    /// It is the private key.
    #[error("`quarantine.recipient` is a private key, which opens what it should only seal")]
    Private,
    /// It is no X25519 public key of age.
    #[error("`quarantine.recipient` is not an age recipient (X25519)")]
    Wrong,
}

impl RecipientFault {
    /// What to do about it.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Private => {
                "this key is burnt: make another with `age-keygen`, keep its file with the people who open refused records, and write \
                 its public key, `age1...`, here"
            }
            Self::Wrong => {
                "write the public key that `age-keygen` prints, `age1...`; plugins, ssh keys and passphrases are not taken"
            }
        }
    }
}

/// The public key to which refused records are sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealer(Recipient);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({})", self.0)
    }
}

/// Whose names the headers of notices have, so that a team's tools for dead letters find what they look for. Fields of
/// messages and exceptions hold the reason's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderStyle {
    /// `__dlq.errors.*` (KIP-1191).
    Kafka,
    /// `__connect.errors.*`, as Kafka Connect writes them.
    Connect,
    /// `__streams.errors.*`, as Kafka Streams writes them (KIP-1034).
    Streams,
    /// `kafka_dlt-*`, as Spring for Apache Kafka writes them: numbers are big-endian.
    Spring,
}

impl HeaderStyle {
    /// Every style, in the order of [`HeaderStyle::NAMES`].
    pub const ALL: [Self; 4] = [Self::Kafka, Self::Connect, Self::Streams, Self::Spring];
    /// Their names in the settings; the first is the default.
    pub const NAMES: [&str; 4] = ["kafka", "connect", "streams", "spring"];
}

/// What a notice carries of its record.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Payload {
    /// Nothing: there is no recipient.
    #[default]
    None,
    /// Nothing: sealed, it would be longer than a topic takes.
    TooLarge,
    /// The record, sealed: armored text that the stock `age` tool opens.
    Sealed(String),
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::TooLarge => f.write_str("TooLarge"),
            Self::Sealed(text) => write!(f, "Sealed({} bytes)", text.len()),
        }
    }
}

impl Payload {
    /// The word of a notice whose record is too large to be sealed.
    pub const TOO_LARGE: &'static str = "too-large";

    /// The notice's member, where it has one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::TooLarge => Some(Self::TOO_LARGE),
            Self::Sealed(text) => Some(text),
        }
    }
}

impl Sealer {
    /// A recipient as `age-keygen` prints it.
    ///
    /// # Errors
    /// When it is a private key, or no X25519 recipient.
    pub fn new(text: &str) -> Result<Self, RecipientFault> {
        let text = text.trim();
        if text.get(..PRIVATE.len()).is_some_and(|start| start.eq_ignore_ascii_case(PRIVATE)) {
            return Err(RecipientFault::Private);
        }
        Recipient::from_str(text).map(Self).map_err(|_| RecipientFault::Wrong)
    }

    /// Seals a record of `topic`; of an `ndjson` record only its line `line`, where that is not 0.
    pub fn seal(&self, topic: &str, line: u32, record: &Record<'_>) -> Payload {
        let value = record.value.map(|value| piece(value, line));
        let room = room(topic, record, value);
        if armored_bytes(room) > SEALED_BYTES_MAX {
            return Payload::TooLarge;
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(room));
        write(&mut plain, topic, line, record, value);
        debug_assert!(plain.len() <= room, "a vector that grows leaves copies behind");
        let sealed = age::encrypt_and_armor(&self.0, &plain).expect("memory takes what is written");
        Payload::Sealed(sealed)
    }
}

/// Line `line` of a payload, counted from 1, or all of it.
fn piece(value: Plain<'_>, line: u32) -> Plain<'_> {
    match line.checked_sub(1) {
        Some(before) => Plain(value.0.split(|byte| *byte == b'\n').nth(before as usize).unwrap_or_default()),
        None => value,
    }
}

/// Bytes that the plaintext takes at most.
fn room(topic: &str, record: &Record<'_>, value: Option<Plain<'_>>) -> usize {
    let base64 = |bytes: Option<Plain<'_>>| bytes.map_or(4, |bytes| bytes.0.len().div_ceil(3) * 4 + 2);
    // A control character of a name becomes six letters; 256 hold the members' names and numbers.
    let headers: usize = record.headers.iter().map(|(name, value)| 6 * name.len() + 32 + base64(*value)).sum();
    256 + 6 * topic.len() + base64(record.key) + headers + base64(value)
}

/// Bytes of the armored text over so many plain ones, as a JSON string writes it (`\n` for a line's end).
const fn armored_bytes(plain: usize) -> usize {
    // Header, nonce, and a tag for each chunk of 64 KiB; then base64 in lines of 64.
    let binary = plain + 256 + 16 * (plain / 65_536 + 1);
    let letters = binary.div_ceil(3) * 4;
    letters + 2 * (letters / 64 + 1) + 80
}

fn write(out: &mut Vec<u8>, topic: &str, line: u32, record: &Record<'_>, value: Option<Plain<'_>>) {
    out.extend_from_slice(b"{\"topic\":");
    text(out, topic);
    let Position { partition, offset } = record.position;
    let timestamp = record.timestamp_ms.map_or_else(|| String::from("null"), |ms| ms.to_string());
    let numbers =
        format!(",\"partition\":{partition},\"offset\":{offset},\"line\":{line},\"timestamp_ms\":{timestamp},\"key\":");
    out.extend_from_slice(numbers.as_bytes());
    base64(out, record.key);
    out.extend_from_slice(b",\"headers\":[");
    for (index, (name, value)) in record.headers.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"[" } else { b",[" });
        match std::str::from_utf8(name) {
            Ok(name) => text(out, name),
            Err(_) => {
                out.extend_from_slice(b"{\"base64\":");
                base64(out, Some(Plain(name)));
                out.push(b'}');
            }
        }
        out.push(b',');
        base64(out, *value);
        out.push(b']');
    }
    out.extend_from_slice(b"],\"value\":");
    base64(out, value);
    out.push(b'}');
}

fn text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out.by_ref(), text).expect("memory takes what is written");
}

fn base64(out: &mut Vec<u8>, bytes: Option<Plain<'_>>) {
    let Some(Plain(bytes)) = bytes else { return out.extend_from_slice(b"null") };
    out.push(b'"');
    let at = out.len();
    out.resize(at + bytes.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(bytes, &mut out[at..]).expect("base64 has that length");
    out.push(b'"');
}

/// A header that was opened: its name, and its value where it has one.
pub type OpenedHeader = (Zeroizing<Vec<u8>>, Option<Zeroizing<Vec<u8>>>);

/// A record that was opened. Wiped when it goes.
pub struct Opened {
    /// Its input topic.
    pub topic: String,
    /// Where it stood there.
    pub position: Position,
    /// Which line of it this is, from 1; 0 for all of it.
    pub line: u32,
    /// Its Kafka timestamp, in milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Zeroizing<Vec<u8>>>,
    /// Its headers, in order.
    pub headers: Vec<OpenedHeader>,
    /// Its value, or that line of it.
    pub value: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({} {:?} line {})", self.topic, self.position, self.line)
    }
}

/// Why a payload was not opened. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// It was sealed to somebody else.
    #[error("it was sealed to another recipient")]
    Stranger,
    /// It was cut or changed, or garim did not seal it.
    #[error("it is damaged, or not a record that garim sealed")]
    Damaged,
}

/// The private keys of people who may open refused records.
pub struct Identities(Vec<Identity>);

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Identities {
    /// Reads an identity file of age: a key a line, comments behind `#`. `None` when a line is none, or all are comments.
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities: Result<Vec<Identity>, _> = lines.map(Identity::from_str).collect();
        identities.ok().filter(|identities| !identities.is_empty()).map(Self)
    }

    /// Reads an identity file: a plain file of this user's, mode 0600 or narrower, no link.
    ///
    /// # Errors
    /// When the file is none of that, or holds no X25519 identity of age.
    pub fn read(path: &Path) -> Result<Self, KeyFault> {
        let what = "is no identity file of age (`age-keygen -o`)";
        Self::parse(&private_text(path)?).ok_or_else(|| KeyFault { path: path.to_owned(), what: what.to_owned() })
    }

    /// Opens what [`Sealer::seal`] sealed.
    ///
    /// # Errors
    /// When it was sealed to another recipient, or is not what it was.
    pub fn open(&self, sealed: &str) -> Result<Opened, OpenFault> {
        // With room for all of it: a vector that grows leaves copies behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        let decryptor =
            Decryptor::new_buffered(ArmoredReader::new(sealed.as_bytes())).map_err(|_| OpenFault::Damaged)?;
        let mut reader = decryptor.decrypt(self.0.iter().map(|identity| identity as &dyn age::Identity)).map_err(
            |error| match error {
                DecryptError::NoMatchingKeys => OpenFault::Stranger,
                _ => OpenFault::Damaged,
            },
        )?;
        reader.read_to_end(&mut plain).map_err(|_| OpenFault::Damaged)?;
        let read: Sealed<'_> = serde_json::from_slice(&plain).map_err(|_| OpenFault::Damaged)?;
        read.opened().ok_or(OpenFault::Damaged)
    }
}

/// The plaintext as it is read; base64 stays where it lies until it is decoded.
#[derive(Deserialize)]
struct Sealed<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    partition: i32,
    offset: i64,
    line: u32,
    timestamp_ms: Option<i64>,
    key: Option<&'a str>,
    #[serde(borrow)]
    headers: Vec<(Name<'a>, Option<&'a str>)>,
    value: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Name<'a> {
    Text(String),
    Bytes {
        #[serde(borrow)]
        base64: Cow<'a, str>,
    },
}

impl Sealed<'_> {
    fn opened(self) -> Option<Opened> {
        let bytes = |text: &str| STANDARD.decode(text).map(Zeroizing::new).ok();
        let value = |text: Option<&str>| match text {
            Some(text) => bytes(text).map(Some),
            None => Some(None),
        };
        let headers = self.headers.into_iter().map(|(name, text)| {
            let name = match name {
                Name::Text(name) => Zeroizing::new(name.into_bytes()),
                Name::Bytes { base64 } => bytes(&base64)?,
            };
            Some((name, value(text)?))
        });
        Some(Opened {
            topic: self.topic.into_owned(),
            position: Position { partition: self.partition, offset: self.offset },
            line: self.line,
            timestamp_ms: self.timestamp_ms,
            key: value(self.key)?,
            headers: headers.collect::<Option<_>>()?,
            value: value(self.value)?,
        })
    }
}
