//! What a policy asks for, checked and resolved, before it is compiled into an `Engine`.
//!
//! `policy/compile.rs` builds a [`Plan`] from the file; a library user may build one by hand.

use jiff::tz::TimeZone;

use super::charset::Charset;
use crate::find::pattern::Pattern;
use crate::kind::Kind;
use crate::mask::MaskShape;
use crate::mask::generalize::Generalize;
use crate::pseudonym::Algorithm;
use crate::pseudonym::epoch::Period;
use crate::record::TierId;
use crate::route::calendar::Holidays;
use crate::route::tier::Tier;
use crate::route::{Clause, Pointer, Route};

/// A whole policy.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The policy's name.
    pub name: Box<str>,
    /// BLAKE3 over the bytes of the policy file.
    pub digest: [u8; 32],
    /// The calendar of epochs and terms.
    pub zone: TimeZone,
    /// What happens to a field without item.
    pub unlisted: Unlisted,
    /// Input timestamp minus event time above which a record is too late, in seconds.
    pub max_lateness_s: i64,
    /// The tiers, in file order, then the recipients' shares of tiers; `TierId` counts from 0.
    pub tiers: Vec<Tier>,
    /// By tier: the keys of its tokens and seals.
    pub keys: Vec<KeyPlan>,
    /// The days on which nobody works.
    pub holidays: Holidays,
    /// The sources, in file order.
    pub sources: Vec<SourcePlan>,
}

/// The keys of a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlan {
    /// The tier whose secrets serve: itself, or for a recipient the tier of which it gets a share.
    pub of: TierId,
    /// The recipient, whose keys are derived apart from everybody's.
    pub recipient: Option<Box<str>>,
    /// The function of tokens.
    pub algorithm: Algorithm,
    /// The period of the pseudonym secret. Seals, nonces and record ids have secrets by day.
    pub period: Period,
    /// Whether every key also depends on the secret of the record's tenant.
    pub tenants: bool,
}

impl KeyPlan {
    /// Keys of a tier of its own: BLAKE3, by day, without tenants.
    pub const fn by_day(of: TierId) -> Self {
        Self { of, recipient: None, algorithm: Algorithm::Blake3, period: Period::Day, tenants: false }
    }
}

/// What happens to a field that no item names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// It does not leave.
    Drop,
    /// It leaves after what is found in it was treated.
    Scan,
    /// The record is refused.
    Refuse,
}

/// One source.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// Its name, `kakaowork`.
    pub name: Box<str>,
    /// What the notice calls it.
    pub label: Box<str>,
    /// Its input topics.
    pub topics: Vec<Box<str>>,
    /// Its quarantine topic.
    pub quarantine: Box<str>,
    /// How its payloads are read.
    pub format: Format,
    /// In which encoding they arrive. Keys and headers are UTF-8, and so is all that leaves.
    pub charset: Charset,
    /// Where the event time stands.
    pub time: EventTime,
    /// Where the record's tenant stands, if the source has tenants.
    pub tenant: Option<Pointer>,
    /// What must hold for a record to be this source's; a record that fails is refused as of an unknown source.
    pub belongs: Vec<Clause>,
    /// Whether null values are forwarded (`tombstones = "forward"`).
    pub tombstones_forward: bool,
    /// Its items, in file order: at one path the first whose clauses hold applies.
    pub items: Vec<ItemPlan>,
    /// The rule of the message key; without one, no key leaves.
    pub key: Option<CarrierPlan>,
    /// The headers that may leave, by name.
    pub headers: Vec<(Box<str>, CarrierPlan)>,
    /// Its routes: the first that holds. A record for which none holds, and none of `also`, is refused: `no-route`.
    pub routes: Vec<Route>,
    /// Each of these that holds leads the record to more tiers.
    pub also: Vec<Route>,
    /// By tier: what must hold for a record to be taken there; where the list ends early, nothing. A record that no tier
    /// takes is treated, and has no output.
    pub takes: Vec<Vec<Clause>>,
    /// What is done to a finding in text: `[kind as usize][tier]`. Neither `Scan` nor `Keep` by default.
    pub found: Vec<Vec<Actions>>,
}

/// How the payloads of a source are read.
#[derive(Debug, Clone)]
pub enum Format {
    /// One JSON object.
    Json,
    /// JSON objects, one a line.
    Ndjson,
    /// One line of free text, scanned whole.
    Text,
    /// A line that a pattern splits into fields.
    Pattern {
        /// The compiled pattern.
        pattern: Pattern,
        /// How the treated line is written.
        emit: Emit,
    },
}

/// How a treated line of a `pattern` source is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emit {
    /// In its own format; a dropped field becomes `-`.
    Same,
    /// As a JSON object of its fields.
    Json,
}

/// Where the event time comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTime {
    /// A field of the record.
    At(Pointer),
    /// The message's Kafka timestamp (for lines that carry none).
    KafkaTimestamp,
}

/// One item, resolved for every tier.
#[derive(Debug, Clone)]
pub struct ItemPlan {
    /// Its name, `login_id`.
    pub name: Box<str>,
    /// Where it sits.
    pub at: Pointer,
    /// What it is.
    pub kind: Kind,
    /// All must hold.
    pub when: Vec<Clause>,
    /// What is done, by tier.
    pub actions: Vec<Actions>,
    /// The tiers in which it leaves under another name, with that name: for `Present` and the family of an address only.
    /// If another member of its object would have that name too, the record is refused: `KeyCollision`.
    pub names: Vec<(TierId, Box<str>)>,
}

/// The rule of a carrier: the message key or a header.
#[derive(Debug, Clone)]
pub struct CarrierPlan {
    /// What it is.
    pub kind: Kind,
    /// What is done, by tier; one action each, never two.
    pub actions: Vec<Actions>,
}

/// The actions on one value in one tier: at most one that writes the value, and `Pseudonymize` and `Seal` beside it.
pub type Actions = Vec<Action>;

/// One action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// As it is. A `time` is cut to the tier's precision all the same.
    Keep,
    /// It does not leave.
    Drop,
    /// Part of it hidden.
    Mask(MaskShape),
    /// Replaced by its token; beside another action, the token stands in `<field>_token`.
    Pseudonymize,
    /// The first characters only; for an `ip`, use `Generalize`.
    Truncate(u16),
    /// Made coarser.
    Generalize(Generalize),
    /// What is found in it is treated as its kind says.
    Scan,
    /// The original goes into the record's `sealed` envelope; alone, the value itself does not leave.
    Seal,
    /// `true`, whatever the value is, an array or object too: that it was there. Of `null` nothing leaves.
    Present,
    /// Of an array or object: its parts leave, each by its own item. A single value does not leave.
    Parts,
}
