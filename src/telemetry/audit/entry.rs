//! What the log holds: acts, and one entry for each commit window. No entry holds a byte of a record.

use serde::{Deserialize, Serialize};

use super::AuditFault;

/// The version of entries; a newer one is refused.
pub const VERSION: u64 = 1;

/// The topic of acts: one partition, kept for ever.
pub const ACTS_TOPIC: &str = "audit.garim";

/// The topic of commit windows: one partition, kept for a year.
pub const WINDOWS_TOPIC: &str = "audit-windows.garim";

/// Longest entry, in bytes: `tlog-tiles` writes the length of an entry in two bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Something that was done, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Version of the entry.
    pub v: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who: an instance of `run`, or user and host of a verb.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// A key by name; never its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyName {
    /// The six letters.
    pub id: String,
    /// The tier; empty for a tenant's.
    pub tier: String,
    /// `2026-11-23` or `2026`; the tenant's id for a tenant's.
    pub epoch: String,
}

/// The beginning of a partition that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The partition.
    pub partition: i32,
    /// The first offset that was left.
    pub from: i64,
    /// The first offset that stays.
    pub before: i64,
}

/// A signature of a person under what an act asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The name in `[open.people]`.
    pub person: String,
    /// Ed25519, base64.
    pub signature: String,
}

/// Every kind of act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum What {
    /// An instance starts: it may hold keys from here on.
    Started {
        /// Consumer group.
        group: String,
        /// BLAKE3 of the policy file, hex.
        policy: String,
        /// SHA-256 of the settings as they are in force, hex.
        settings: String,
        /// SHA-256 of the program, hex.
        binary: String,
        /// Version of garim.
        version: String,
        /// The key store's id.
        store: String,
        /// The instance counts as gone so long after its last sign of life, in milliseconds.
        lease_ms: u64,
    },
    /// An instance is still there.
    Alive {
        /// As in `Started`.
        lease_ms: u64,
    },
    /// An instance has ended; its keys are wiped.
    Stopped {},
    /// An instance took another policy.
    PolicyTaken {
        /// BLAKE3 of the policy file, hex.
        policy: String,
    },
    /// Keys are about to be made.
    KeysMade {
        /// The key store's id.
        store: String,
        /// Which.
        keys: Vec<KeyName>,
    },
    /// Keys are about to begin a new generation.
    KeysRotated {
        /// The key store's id.
        store: String,
        /// The new keys.
        keys: Vec<KeyName>,
        /// First event time that they serve, in milliseconds since 1970.
        from_ms: i64,
        /// Why.
        reason: String,
    },
    /// Keys are about to be destroyed. From here on no holder may use or load them.
    DestroyBegun {
        /// The key store's id.
        store: String,
        /// Which.
        keys: Vec<KeyName>,
        /// Why.
        reason: String,
    },
    /// A holder or a mirror has them no more.
    KeysDropped {
        /// `run`, or `mirror` with its id.
        holder: String,
        /// Ids of keys.
        ids: Vec<String>,
    },
    /// Keys are destroyed.
    Destroyed {
        /// The key store's id.
        store: String,
        /// Ids of keys.
        ids: Vec<String>,
        /// Holders that had lapsed and never confirmed.
        unconfirmed: Vec<String>,
    },
    /// A mirror of the store exists.
    MirrorMade {
        /// The key store's id.
        store: String,
        /// The mirror's id.
        mirror: String,
        /// Its folder and host, for people.
        place: String,
    },
    /// A mirror is given up: destructions do not wait for it any more.
    MirrorGone {
        /// The mirror's id.
        mirror: String,
    },
    /// Sealed values are about to be opened, or refused records to be sent through the engine again.
    Opening {
        /// The signed request, as it was signed.
        request: String,
        /// Requester and approver.
        signatures: Vec<Signed>,
    },
    /// It was done.
    Opened {
        /// SHA-256 of the request, hex.
        request: String,
        /// Records.
        records: u64,
    },
    /// The tokens of an identifier are about to be computed.
    LookUp {
        /// Source and kind.
        source: String,
        /// Kind of the identifier.
        kind: String,
        /// Whose: a token of the identifier that is used for nothing else.
        subject: String,
        /// Why.
        reason: String,
        /// A ticket, where there is one.
        ticket: Option<String>,
    },
    /// Records whose term has ended are about to be deleted from a topic.
    RecordsExpired {
        /// The tier.
        tier: String,
        /// Its term, `3 months`.
        term: String,
        /// The topic.
        topic: String,
        /// Everything that was appended before this goes, in milliseconds since 1970.
        cut_off_ms: i64,
        /// At most so many records: offsets, of which some are markers of transactions.
        at_most: u64,
        /// Where.
        cuts: Vec<Cut>,
        /// BLAKE3 of the policy file, hex.
        policy: String,
    },
    /// The tree of commit windows stood so.
    WindowsRoot {
        /// Entries.
        size: u64,
        /// RFC 6962 root, hex.
        root: String,
    },
}

/// One commit window of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Version of the entry.
    pub v: u64,
    /// When its transaction was begun, in milliseconds since 1970.
    pub at_ms: i64,
    /// The instance and its lane, `host-1/0`.
    pub lane: String,
    /// Sixteen hex digits that name a run: a new one begins when the lane starts, and when it cannot be told whether the last
    /// window is on the broker.
    pub run: String,
    /// Counts the committed windows of this run from 0, without gaps.
    pub seq: u64,
    /// Which part of the window this is, from 0: the ranges of a lane with very many partitions do not fit one entry, and
    /// then stand in several with one `seq`, next to each other in the topic. All counts are in part 0.
    pub part: u32,
    /// How many parts the window has.
    pub parts: u32,
    /// `exactly-once`; `at-least-once`, whose windows may overlap; or `replay`, whose ranges are those of quarantine topics,
    /// taken up by choice: they neither join nor come in order.
    pub delivery: String,
    /// The eight letters of the policy's digest.
    pub policy: String,
    /// What was read.
    pub read: Vec<Read>,
    /// Records, or lines of `ndjson`, that were treated.
    pub treated: u64,
    /// Records, or lines, that were refused, by reason.
    pub refused: Vec<(String, u64)>,
    /// What was written, copies of one record apart: topic and records.
    pub written: Vec<(String, u64)>,
}

/// A range of one input partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset from which reading went on: where the last window of this partition ended.
    pub from: i64,
    /// The offset that was committed: the first one not read.
    pub next: i64,
    /// Records, or lines, found between.
    pub pieces: u64,
}

impl Act {
    /// An act of now.
    pub fn new(at_ms: i64, by: &str, what: What) -> Self {
        Self { v: VERSION, at_ms, by: by.to_owned(), what }
    }

    /// The bytes of the entry: one line of JSON, always the same for the same act.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an act is made of texts and numbers")
    }

    /// Reads an entry; `place` names it in complaints.
    ///
    /// # Errors
    /// When a newer garim wrote it, or it is no act.
    pub fn from_bytes(bytes: &[u8], place: &str) -> Result<Self, AuditFault> {
        parse(bytes, place)
    }
}

impl Window {
    /// As [`Act::to_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a window is made of texts and numbers")
    }

    /// As [`Act::from_bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(bytes: &[u8], place: &str) -> Result<Self, AuditFault> {
        parse(bytes, place)
    }
}

/// The time that an entry bears, in milliseconds since 1970; `None` where it is no entry.
pub fn time_ms(bytes: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Time {
        at_ms: i64,
    }
    serde_json::from_slice(bytes).ok().map(|Time { at_ms }| at_ms)
}

fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8], place: &str) -> Result<T, AuditFault> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let broken = || AuditFault::Broken { place: place.to_owned(), what: String::from("not an entry of garim") };
    let Version { v } = serde_json::from_slice(bytes).map_err(|_| broken())?;
    if v > VERSION {
        return Err(AuditFault::Newer { place: place.to_owned(), version: v });
    }
    serde_json::from_slice(bytes).map_err(|_| broken())
}
