//! What two people ask for together: a request as one exact text, their signatures under it, and the check of both.
//!
//! A request file is `{"request":"<text>","signatures":[{"person":..,"signature":..}]}`. What is signed are the bytes
//! `garim request v1`, a line feed, and the text as it stands. The text is one line of JSON that only garim writes: a
//! request that garim would have written otherwise is refused, so nobody signs a member that is not read.

mod person;

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(in crate::service) use person::private_text;
pub use person::{KeyFault, PersonKey};

use crate::limits::{
    REQUEST_FILES_MAX, REQUEST_HOURS_MAX, REQUEST_RECORDS_MAX, REQUEST_TEXT_BYTES_MAX, REQUEST_WORDS_BYTES_MAX,
};
use crate::telemetry::audit::entry::Signed;

/// The version of requests that this garim writes; a newer one is refused.
pub const VERSION: u64 = 1;

/// What stands in front of the text where it is signed, so that the signature is none of anything else.
const CONTEXT: &[u8] = b"garim request v1\n";

/// How far the clocks of two hosts may be apart, in seconds.
const CLOCKS_APART_S: i64 = 300;

/// What is asked for, by whom, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Version of the text.
    pub v: u64,
    /// 32 random hex digits: two requests are never one.
    pub nonce: String,
    /// Who asks: a name in `[open.people]`. Signs first.
    pub requester: String,
    /// Who agrees: another one. Signs second.
    pub approver: String,
    /// Why, in words.
    pub reason: String,
    /// The law or contract that allows it.
    pub basis: String,
    /// A ticket, where there is one.
    pub ticket: Option<String>,
    /// When it was written.
    #[serde(with = "instant")]
    pub made_at: Timestamp,
    /// From here on it is refused; at most seven days after `made_at`.
    #[serde(with = "instant")]
    pub valid_until: Timestamp,
    /// `"what":"open"` or `"replay"`, and its `scope`.
    #[serde(flatten)]
    pub what: What,
}

/// The act that is asked for, with its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", content = "scope", rename_all = "kebab-case")]
pub enum What {
    /// Sealed values are opened.
    Open(OpenScope),
    /// Refused records are sent through the engine again.
    Replay(ReplayScope),
}

/// Which sealed values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenScope {
    /// The tier that holds them.
    pub tier: String,
    /// The source that they came from.
    pub source: String,
    /// The records.
    pub records: Records,
    /// The fields as they stand in the envelope (`/items/login_id`); none means all.
    pub fields: Vec<String>,
}

/// Which records: files, or a span of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Records {
    /// Files of treated records, one a line, by the SHA-256 of their bytes in hex; at most `REQUEST_FILES_MAX`.
    Files(Vec<String>),
    /// A span of offsets; at most `REQUEST_RECORDS_MAX` of them.
    Topic(Span),
}

/// Offsets of one partition: `from` and after, before `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The topic.
    pub topic: String,
    /// The partition, from 0.
    pub partition: i32,
    /// The first offset.
    pub from: i64,
    /// The first offset that is no more part of it.
    pub until: i64,
}

impl Span {
    /// How many offsets it has.
    pub fn len(&self) -> u64 {
        u64::try_from(self.until.saturating_sub(self.from)).unwrap_or(0)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Which refused records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayScope {
    /// Spans of quarantine topics; together at most `REQUEST_RECORDS_MAX` offsets.
    pub spans: Vec<Span>,
    /// Codes of reasons (`key-collision`); none means all.
    pub reasons: Vec<String>,
}

/// A request and its signatures, as the file holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// The exact text.
    pub request: String,
    /// The requester's, then the approver's.
    pub signatures: Vec<Signed>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Not a request file, or its text is none.
    #[error("{0}")]
    Form(String),
    /// A newer garim wrote it.
    #[error("version {0} of the request is newer than this garim reads ({VERSION})")]
    Newer(u64),
    /// A member has a value that a request cannot have.
    #[error("`{member}` {what}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// It is too late, or too early.
    #[error("{0}")]
    Time(String),
    /// A person, or what `[open.people]` says of one.
    #[error("{0}")]
    Person(String),
    /// A signature is missing, superfluous or not that of its person.
    #[error("{0}")]
    Signature(String),
}

/// All that is wrong with a request: at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<Wrong>);

impl Refused {
    fn form(what: impl Into<String>) -> Self {
        Self(vec![Wrong::Form(what.into())])
    }

    /// Whether a newer garim wrote it: the one reason that is not the people's.
    pub fn is_newer(&self) -> bool {
        self.0.iter().any(|wrong| matches!(wrong, Wrong::Newer(_)))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wrong) in self.0.iter().enumerate() {
            write!(f, "{}{wrong}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl Request {
    /// The text that is signed and kept: one line of JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a request is made of texts and numbers")
    }

    /// Reads a text, and finds everything that is wrong with it by itself.
    ///
    /// # Errors
    /// A newer version; not what garim writes; a scope without bound; a term longer than seven days.
    pub fn read(text: &str) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Version {
            v: u64,
        }
        if text.len() > REQUEST_TEXT_BYTES_MAX {
            return Err(Refused::form(format!("the request is longer than {REQUEST_TEXT_BYTES_MAX} bytes")));
        }
        let Version { v } = serde_json::from_str(text).map_err(|_| Refused::form("the request is not one of garim"))?;
        if v != VERSION {
            return Err(Refused(vec![Wrong::Newer(v)]));
        }
        let request: Self = serde_json::from_str(text)
            .map_err(|error| Refused::form(format!("the request lacks something, or says it otherwise: {error}")))?;
        if request.text() != text {
            return Err(Refused::form(
                "the request says something that this garim does not read, or says it otherwise",
            ));
        }
        let wrong = request.wrong();
        if wrong.is_empty() { Ok(request) } else { Err(Refused(wrong)) }
    }

    /// What is wrong with it, whoever signs.
    pub fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut member = |member, what: String| wrong.push(Wrong::Member { member, what });
        let words = [
            ("requester", &self.requester),
            ("approver", &self.approver),
            ("reason", &self.reason),
            ("basis", &self.basis),
        ];
        for (name, text) in words.into_iter().chain(self.ticket.iter().map(|ticket| ("ticket", ticket))) {
            if text.trim().is_empty() || text.len() > REQUEST_WORDS_BYTES_MAX || text.chars().any(char::is_control) {
                member(
                    name,
                    format!("must be one line of at most {REQUEST_WORDS_BYTES_MAX} bytes that says something"),
                );
            }
        }
        if self.nonce.len() != 32 || !self.nonce.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            member("nonce", "must be 32 hex digits".to_owned());
        }
        if self.requester == self.approver {
            member("approver", format!("is the requester, {}: two people are needed", self.requester));
        }
        let hours = self.valid_until.duration_since(self.made_at);
        if hours <= SignedDuration::ZERO || hours > SignedDuration::from_hours(REQUEST_HOURS_MAX) {
            member("valid_until", format!("must be after `made_at`, by at most {REQUEST_HOURS_MAX} hours"));
        }
        self.what.wrong(&mut member);
        wrong
    }

    /// The request in words, for the person who is to sign it.
    pub fn words(&self) -> String {
        let mut lines = vec![
            format!("requester    {}", self.requester),
            format!("approver     {}", self.approver),
            format!("reason       {}", self.reason),
            format!("basis        {}", self.basis),
        ];
        lines.extend(self.ticket.iter().map(|ticket| format!("ticket       {ticket}")));
        lines.push(format!("made at      {}", self.made_at));
        lines.push(format!("valid until  {}", self.valid_until));
        self.what.words(&mut lines);
        lines.join("\n")
    }
}

impl What {
    fn wrong(&self, member: &mut impl FnMut(&'static str, String)) {
        match self {
            Self::Open(scope) => {
                for field in &scope.fields {
                    if !field.starts_with('/') {
                        member("fields", "must be JSON Pointers as the envelope holds them, `/items/login_id`".into());
                    }
                }
                match &scope.records {
                    Records::Topic(span) => spans(std::slice::from_ref(span), member),
                    Records::Files(files) => {
                        let distinct: BTreeSet<&String> = files.iter().collect();
                        if files.is_empty() || files.len() > REQUEST_FILES_MAX || distinct.len() < files.len() {
                            member("files", format!("must be 1 to {REQUEST_FILES_MAX} different ones"));
                        }
                        let hex = |file: &&String| {
                            file.len() != 64 || !file.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                        };
                        if files.iter().any(|file| hex(&file)) {
                            member("files", "must be SHA-256 digests, 64 hex digits each".into());
                        }
                    }
                }
            }
            Self::Replay(scope) => spans(&scope.spans, member),
        }
    }

    fn words(&self, lines: &mut Vec<String>) {
        let span = |span: &Span| {
            format!("             {} [{}] offsets {} to before {}", span.topic, span.partition, span.from, span.until)
        };
        match self {
            Self::Open(scope) => {
                lines.push(format!("open         sealed values of source {} in tier {}", scope.source, scope.tier));
                match &scope.records {
                    Records::Topic(records) => lines.push(span(records)),
                    Records::Files(files) => {
                        lines.extend(files.iter().map(|file| format!("             file with SHA-256 {file}")));
                    }
                }
                let fields = if scope.fields.is_empty() { "all".to_owned() } else { scope.fields.join(", ") };
                lines.push(format!("fields       {fields}"));
            }
            Self::Replay(scope) => {
                lines.push("replay       refused records, through the engine again".to_owned());
                lines.extend(scope.spans.iter().map(span));
                let reasons = if scope.reasons.is_empty() { "all".to_owned() } else { scope.reasons.join(", ") };
                lines.push(format!("reasons      {reasons}"));
            }
        }
    }
}

fn spans(spans: &[Span], member: &mut impl FnMut(&'static str, String)) {
    let whole = |span: &Span| span.partition >= 0 && span.from >= 0 && !span.is_empty() && !span.topic.is_empty();
    if spans.is_empty() || !spans.iter().all(whole) {
        member("offsets", "must name a topic, a partition, and a span that is not empty".into());
    }
    let count = spans.iter().fold(0u64, |count, span| count.saturating_add(span.len()));
    if count > REQUEST_RECORDS_MAX {
        member("offsets", format!("span {count} records: at most {REQUEST_RECORDS_MAX} are opened by one request"));
    }
}

impl SignedRequest {
    /// A request that nobody signed yet.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(request: &Request) -> Result<Self, Refused> {
        let text = request.text();
        Request::read(&text)?;
        Ok(Self { request: text, signatures: Vec::new() })
    }

    /// Reads a request file.
    ///
    /// # Errors
    /// When the bytes are no request file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(bytes).map_err(|error| Refused::form(format!("this is no request file: {error}")))
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("a request file is made of texts");
        bytes.push(b'\n');
        bytes
    }

    /// Adds a person's signature: the requester's first, the approver's after it.
    ///
    /// # Errors
    /// When the text is no request, it is not this person's turn, or `people` has another key under the name. Where
    /// `people` does not have the name (a host without settings), the signature is made and judged later.
    pub fn sign(&mut self, person: &str, key: &PersonKey, people: &[(String, String)]) -> Result<(), Refused> {
        let request = Request::read(&self.request)?;
        let turn = match self.signatures.len() {
            0 => &request.requester,
            1 => &request.approver,
            count => return Err(signature(format!("it has {count} signatures already"))),
        };
        if person != turn {
            return Err(signature(format!("the next signature is that of {turn}, not of {person}")));
        }
        if let Some((_, public)) = people.iter().find(|(name, _)| name == person)
            && *public != key.public()
        {
            let said = format!("the key is not the one that `[open.people]` has under the name {person}");
            return Err(Refused(vec![Wrong::Person(said)]));
        }
        let made = key.0.sign(&message(&self.request));
        self.signatures.push(Signed { person: person.to_owned(), signature: STANDARD.encode(made.to_bytes()) });
        Ok(())
    }

    /// Judges the request and both signatures; `people` are name and base64 public key as in `[open.people]`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn verify(&self, people: &[(String, String)], now: Timestamp) -> Result<Request, Refused> {
        let (request, mut wrong) = match Request::read(&self.request) {
            Ok(request) => (request, Vec::new()),
            Err(Refused(wrong)) => match serde_json::from_str(&self.request) {
                Ok(request) => (request, wrong),
                Err(_) => return Err(Refused(wrong)),
            },
        };
        if now >= request.valid_until {
            wrong.push(Wrong::Time(format!("the request was valid until {}", request.valid_until)));
        }
        if request.made_at.duration_since(now) > SignedDuration::from_secs(CLOCKS_APART_S) {
            wrong.push(Wrong::Time(format!("the request was made at {}, in the future", request.made_at)));
        }
        let roles = [("requester", &request.requester), ("approver", &request.approver)];
        let keys = roles.map(|(role, person)| {
            let key = public_key(person, people);
            let key = key.map_err(|said| wrong.push(Wrong::Person(format!("the {role}, {person}, {said}")))).ok();
            self.signed_by(role, person, key.as_ref(), &mut wrong);
            key
        });
        if let [Some(one), Some(other)] = keys
            && one == other
        {
            wrong.push(Wrong::Person("requester and approver have one key: two people have two".to_owned()));
        }
        let known = [&request.requester, &request.approver];
        for signed in self.signatures.iter().filter(|signed| !known.contains(&&signed.person)) {
            wrong.push(Wrong::Signature(format!("{} signed, who is neither requester nor approver", signed.person)));
        }
        if wrong.is_empty() { Ok(request) } else { Err(Refused(wrong)) }
    }

    fn signed_by(&self, role: &str, person: &str, key: Option<&VerifyingKey>, wrong: &mut Vec<Wrong>) {
        let mut theirs = self.signatures.iter().filter(|signed| signed.person == person);
        let (Some(signed), None) = (theirs.next(), theirs.next()) else {
            wrong.push(Wrong::Signature(format!("the {role}, {person}, must sign once")));
            return;
        };
        // A person without key was complained about already.
        let Some(key) = key else { return };
        let bytes = STANDARD.decode(&signed.signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        let good = bytes.is_some_and(|bytes| key.verify_strict(&message(&self.request), &bytes).is_ok());
        if !good {
            wrong.push(Wrong::Signature(format!(
                "the signature of the {role}, {person}, is not theirs under this text"
            )));
        }
    }
}

fn signature(what: String) -> Refused {
    Refused(vec![Wrong::Signature(what)])
}

fn message(text: &str) -> Vec<u8> {
    [CONTEXT, text.as_bytes()].concat()
}

fn public_key(person: &str, people: &[(String, String)]) -> Result<VerifyingKey, &'static str> {
    let (_, text) = people.iter().find(|(name, _)| name == person).ok_or("is not in `[open.people]`")?;
    let bytes: Option<[u8; 32]> = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok()).filter(|key| !key.is_weak());
    key.ok_or("has no Ed25519 public key in `[open.people]`")
}

/// Instants as RFC 3339 texts.
mod instant {
    use jiff::Timestamp;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(instant)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
