//! A slow, short, plainly right implementation of a policy's treatment; it decides who is right.
//!
//! It builds a tree, compares paths step by step, writes one tier after the other and hashes one value at a time by
//! the public function. With the engine it shares only leaves that have tables of their own: the kinds' canonical
//! forms, masks, the finder of identifiers in plain text, the reader of times, the calendar.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use encoding_rs::EUC_KR;
use garim::engine::Limits;
use garim::engine::charset::Charset;
use garim::engine::outcome::Reason;
use garim::engine::plan::{Action, Actions, CarrierPlan, EventTime, Format, KeyPlan, Plan, SourcePlan, Unlisted};
use garim::find::text::{self, Encoding, Query, TextScratch};
use garim::kind::{Kind, KindSet, canonical};
use garim::limits::{DEPTH_MAX, PAYLOAD_BYTES_MAX};
use garim::mask::generalize::{Generalize, generalize};
use garim::mask::{MaskShape, REDACTED, mask};
use garim::pseudonym::Algorithm;
use garim::pseudonym::epoch::{Epoch, EpochSecret, KeyRing, Lookup, Period, TenantLookup};
use garim::record::{Record, TierId, time};
use garim::route::term::day_of;
use garim::route::{Clause, Pointer, Segment, Test};
use garim::secret::Key;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a treated value is: a tree, a tree that is sealed whole, a line, or nothing (a tombstone).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Json(Json),
    Whole(Box<Whole>),
    Line(String),
    Null,
}

/// A record that is sealed whole. How its text is written is the engine's choice, so that it is compared once opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Whole {
    record: Json,
    /// Pointer and raw text of each value that is sealed besides.
    values: Vec<(String, String)>,
    lock: Lock,
    provenance: String,
}

/// What closes an envelope.
#[derive(Debug, Clone, PartialEq)]
struct Lock {
    name: String,
    nonce: [u8; 12],
    key: [u8; 32],
    aad: Vec<u8>,
}

impl Lock {
    fn close(&self, list: &[u8]) -> String {
        let cipher = Aes256GcmSiv::new_from_slice(&self.key).expect("32 bytes");
        let payload = Payload { msg: list, aad: &self.aad };
        let closed = cipher.encrypt(&Nonce::from(self.nonce), payload).expect("a short list");
        format!("s1_{}_{}", self.name, URL_SAFE_NO_PAD.encode([&self.nonce[..], &closed].concat()))
    }

    fn open(&self, envelope: &str) -> Option<Vec<(String, String)>> {
        let body = URL_SAFE_NO_PAD.decode(envelope.strip_prefix(&format!("s1_{}_", self.name))?).ok()?;
        let closed = body.strip_prefix(&self.nonce[..])?;
        let cipher = Aes256GcmSiv::new_from_slice(&self.key).expect("32 bytes");
        let list = cipher.decrypt(&Nonce::from(self.nonce), Payload { msg: closed, aad: &self.aad }).ok()?;
        let (mut parts, mut rest) = (Vec::new(), &list[..]);
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let (part, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            parts.push(String::from_utf8(part.to_vec()).ok()?);
            rest = behind;
        }
        Some(parts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
    }
}

impl Whole {
    /// Whether an output is this record in its envelope, and nothing besides.
    pub(crate) fn is(&self, output: &Body) -> bool {
        let Body::Json(Json::Object(members)) = output else { return false };
        let [(sealed, Json::Text(envelope)), (garim, Json::Text(provenance))] = &members[..] else { return false };
        let Some(mut values) = self.lock.open(envelope) else { return false };
        let record = values.pop().filter(|(path, _)| path.is_empty()).and_then(|(_, text)| read_output(&text).ok());
        sealed == "sealed"
            && garim == "garim"
            && *provenance == self.provenance
            && record.as_ref() == Some(&self.record)
            && values == self.values
    }
}

/// One output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) line: u32,
    pub(crate) tier: TierId,
    pub(crate) partition: i32,
    /// The first half of the record's id, whether it is written or not.
    pub(crate) id: [u8; 16],
    pub(crate) body: Body,
    pub(crate) key: Option<String>,
    /// Name and value; garim's own under `garim`.
    pub(crate) headers: Vec<(String, String)>,
}

/// What became of a record, or of one line of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    Sent(Vec<Sent>),
    Refused {
        line: u32,
        reason: Reason,
    },
    /// The batch has no outcome: a key was never made.
    KeyMissing {
        tier: TierId,
        epoch: Epoch,
        tenant: bool,
    },
}

/// A policy, as far as this file needs it.
#[derive(Clone, Copy)]
pub(crate) struct Oracle<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) limits: Limits,
    pub(crate) keys: &'a KeyRing,
}

/// Why a piece has no outputs.
enum Stop {
    Reason(Reason),
    KeyMissing(TierId, Epoch, bool),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

/// One step to a value: a member's name, or `None` for an element.
type Step = Option<String>;

/// A tier that takes the record, and the secrets from which its keys come.
#[derive(Clone)]
struct Target {
    tier: TierId,
    /// Of record ids.
    day: EpochSecret,
    /// Of pseudonyms.
    pseudonym: EpochSecret,
    tenant: Option<Key>,
}

/// A piece on its way to one tier.
#[derive(Clone, Copy)]
struct Treating<'a> {
    oracle: Oracle<'a>,
    source: &'a SourcePlan,
    /// The piece as it came, and as a tree.
    text: &'a str,
    root: &'a Json,
    target: &'a Target,
}

/// What of a piece is sealed for a tier, and where the treatment stands.
#[derive(Default)]
struct Sealing {
    /// The way to the value in hand: by name or index, and by the number of the child.
    way: Vec<(String, usize)>,
    /// Pointer and raw text of each sealed value.
    values: Vec<(String, String)>,
}

impl Sealing {
    fn add(&mut self, text: &str) {
        let pointer = self.way.iter().map(|(name, _)| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
        let children: Vec<usize> = self.way.iter().map(|(_, child)| *child).collect();
        self.values.push((pointer.collect(), raw(text, &children).to_owned()));
    }
}

impl<'a> Oracle<'a> {
    /// Treats one record: a verdict for it, or one for each of its lines.
    pub(crate) fn treat(self, record: &Record<'_>) -> Vec<Verdict> {
        let mut index = usize::from(record.input.0);
        let source = self.plan.sources.iter().find(|source| match source.topics.get(index) {
            Some(_) => true,
            None => {
                index -= source.topics.len();
                false
            }
        });
        let source = source.expect("an input of the plan");
        let topic = &source.topics[index];
        let verdict = |line: u32, value: Option<&[u8]>| match self.piece(source, topic, record, line, value) {
            Ok(sent) => Verdict::Sent(sent),
            Err(Stop::Reason(reason)) => Verdict::Refused { line, reason },
            Err(Stop::KeyMissing(tier, epoch, tenant)) => Verdict::KeyMissing { tier, epoch, tenant },
        };
        let Some(value) = record.value.map(|value| value.0) else { return vec![verdict(0, None)] };
        if !matches!(source.format, Format::Ndjson)
            || value.is_empty()
            || value.len() > PAYLOAD_BYTES_MAX
            || value[0] == 0
        {
            return vec![verdict(0, Some(value))];
        }
        let lines: Vec<(usize, &[u8])> = value
            .split(|byte| *byte == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
            .collect();
        if lines.is_empty() {
            return vec![Verdict::Refused { line: 0, reason: Reason::EmptyValue }];
        }
        lines.into_iter().map(|(index, line)| verdict(index as u32 + 1, Some(line))).collect()
    }

    fn piece(
        self,
        source: &SourcePlan,
        topic: &str,
        record: &Record<'_>,
        line: u32,
        value: Option<&[u8]>,
    ) -> Result<Vec<Sent>, Stop> {
        let Some(value) = value else {
            if !source.tombstones_forward || source.key.is_none() || record.key.is_none() {
                return Err(Reason::NullValue.into());
            }
            let arrival_ms = record.timestamp_ms.ok_or(Reason::NoEventTime)?;
            let default = source.routes.last().into_iter().chain(&source.also).filter(|route| route.when.is_empty());
            let to: BTreeSet<TierId> = default.flat_map(|route| route.to.clone()).collect();
            let targets = self.targets(source, record, arrival_ms, &to, None, &Json::Null)?;
            let nothing = ("", &Json::Null);
            return self.outputs(source, topic, record, line, nothing, &targets, |_, _| Ok(Body::Null));
        };
        if value.is_empty() {
            return Err(Reason::EmptyValue.into());
        }
        if value.len() > PAYLOAD_BYTES_MAX {
            return Err(Reason::TooLarge.into());
        }
        if value[0] == 0 {
            return Err(Reason::RegistryFrame.into());
        }
        let decoded = match source.charset {
            Charset::Utf8 => Cow::Borrowed(std::str::from_utf8(value).map_err(|_| Reason::InvalidUtf8)?),
            Charset::EucKr => {
                let text = EUC_KR.decode_without_bom_handling_and_without_replacement(value);
                text.ok_or(Reason::InvalidEncoding)?
            }
        };
        if decoded.len() > PAYLOAD_BYTES_MAX {
            return Err(Reason::TooLarge.into());
        }
        let value = &*decoded;
        let root = match source.format {
            Format::Json | Format::Ndjson => read(value)?,
            Format::Text => Json::Text(value.to_owned()),
            Format::Pattern { .. } => panic!("the oracle reads JSON and text"),
        };
        let event_ms = match &source.time {
            EventTime::KafkaTimestamp => record.timestamp_ms.ok_or(Reason::NoEventTime)?,
            EventTime::At(at) => match root.at(at) {
                Some(Json::Text(text) | Json::Number(text)) => {
                    time::parse(text.as_bytes()).ok_or(Reason::InvalidEventTime)?
                }
                _ => return Err(Reason::NoEventTime.into()),
            },
        };
        if !all_hold(&source.belongs, &root) {
            return Err(Reason::UnknownSource.into());
        }
        let first = source.routes.iter().find(|route| all_hold(&route.when, &root));
        let also = source.also.iter().filter(|route| all_hold(&route.when, &root));
        let to: BTreeSet<TierId> = first.into_iter().chain(also).flat_map(|route| route.to.clone()).collect();
        let tenant = source.tenant.as_ref().and_then(|at| root.at(at)).and_then(|value| match value {
            Json::Text(text) => Some(text.clone()),
            Json::Number(number) => Some(plain_digits(number)),
            Json::Bool(value) => Some(value.to_string()),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        });
        let tenant = tenant.as_deref().map(str::trim).filter(|tenant| !tenant.is_empty());
        let targets = self.targets(source, record, event_ms, &to, tenant, &root)?;
        self.check_items(source, &root, &targets)?;
        self.outputs(source, topic, record, line, (value, &root), &targets, |treating, sealing| match &root {
            Json::Text(line) => {
                let rule =
                    treating.item(&[]).map_or((Kind::Text, vec![Action::Scan]), |item| (item.kind, item.actions));
                Ok(Body::Line(treating.carried(rule.0, &rule.1, line).unwrap_or_default()))
            }
            root => treating.container(root, &mut Vec::new(), None, sealing).map(Body::Json).map_err(Stop::from),
        })
    }

    /// The tiers that take a record of this content and age.
    fn targets(
        self,
        source: &SourcePlan,
        record: &Record<'_>,
        event_ms: i64,
        to: &BTreeSet<TierId>,
        tenant: Option<&str>,
        root: &Json,
    ) -> Result<Vec<Target>, Stop> {
        if to.is_empty() {
            return Err(Reason::NoRoute.into());
        }
        let day = self.day(event_ms)?;
        let arrived = record.timestamp_ms.map(|ms| self.day(ms)).transpose()?;
        if let Some(arrived) = arrived {
            let earliest = arrived - self.limits.past_days as i32;
            let latest = arrived + self.limits.future_days as i32;
            if !(earliest..=latest).contains(&day) {
                return Err(Reason::EventTimeOutOfRange.into());
            }
        }
        let lateness_s = record.timestamp_ms.map_or(0, |arrival_ms| (arrival_ms - event_ms) / 1000);
        let (mut targets, mut expired, mut late) = (Vec::new(), false, false);
        for tier in to {
            if source.takes.get(usize::from(tier.0)).is_some_and(|clauses| !all_hold(clauses, root)) {
                continue;
            }
            let plan = &self.plan.tiers[usize::from(tier.0)];
            if plan.until_ms.is_some_and(|until_ms| record.timestamp_ms.unwrap_or(event_ms) > until_ms) {
                continue;
            }
            if let (Some(arrived), Some(last)) = (arrived, plan.term.last_day(day))
                && arrived > last
            {
                expired = true;
                continue;
            }
            if lateness_s > self.plan.max_lateness_s && !plan.late_accept {
                late = true;
                continue;
            }
            let keys = &self.plan.keys[usize::from(tier.0)];
            let missing = |epoch, tenant| Stop::KeyMissing(keys.of, epoch, tenant);
            if keys.tenants && tenant.is_none() {
                return Err(Reason::NoTenant.into());
            }
            let secret = |epoch| match self.keys.lookup(keys.of, epoch, event_ms) {
                Lookup::Live(secret) => Ok(secret),
                Lookup::Destroyed => Err(Stop::Reason(Reason::KeyDestroyed)),
                Lookup::Missing => Err(missing(epoch, false)),
            };
            let by_day = secret(Epoch::Day(day))?;
            let pseudonym = match keys.period {
                Period::Day => by_day.clone(),
                Period::Year => {
                    let at = jiff::Timestamp::from_millisecond(event_ms).map_err(|_| Reason::EventTimeOutOfRange)?;
                    secret(Epoch::Year(self.plan.zone.to_datetime(at).year()))?
                }
            };
            let tenant = match tenant.filter(|_| keys.tenants) {
                None => None,
                Some(tenant) => match self.keys.tenant_id(&source.name, tenant).map(|id| self.keys.tenant(&id)) {
                    Some(TenantLookup::Live(secret)) => Some(secret),
                    Some(TenantLookup::Destroyed) => return Err(Reason::KeyDestroyed.into()),
                    Some(TenantLookup::Missing) | None => return Err(missing(Epoch::Day(day), true)),
                },
            };
            targets.push(Target { tier: *tier, day: by_day, pseudonym, tenant });
        }
        match targets.is_empty() {
            true if expired => Err(Reason::Expired.into()),
            true if late => Err(Reason::TooLate.into()),
            _ => Ok(targets),
        }
    }

    fn day(self, ms: i64) -> Result<i32, Reason> {
        let at = jiff::Timestamp::from_millisecond(ms).map_err(|_| Reason::EventTimeOutOfRange)?;
        Ok(day_of(self.plan.zone.to_datetime(at).date()))
    }

    /// What holds for a record whatever its tier: some item applies, none of its fields is unlisted, values are single.
    fn check_items(self, source: &SourcePlan, root: &Json, targets: &[Target]) -> Result<(), Reason> {
        let Json::Object(_) = root else { return Ok(()) };
        if targets.is_empty() {
            return Ok(());
        }
        let mut seen = Seen { matched: false, unlisted: false };
        for target in targets {
            let treating = Treating { oracle: self, source, text: "", root, target };
            treating.look(root, &mut Vec::new(), None, &mut seen)?;
        }
        if seen.unlisted && self.plan.unlisted == Unlisted::Refuse {
            return Err(Reason::UnlistedField);
        }
        if seen.matched { Ok(()) } else { Err(Reason::NoItem) }
    }

    #[expect(clippy::too_many_arguments, reason = "an output is made of all of them")]
    fn outputs(
        self,
        source: &SourcePlan,
        topic: &str,
        record: &Record<'_>,
        line: u32,
        (text, root): (&str, &Json),
        targets: &[Target],
        body: impl Fn(&Treating<'_>, &mut Sealing) -> Result<Body, Stop>,
    ) -> Result<Vec<Sent>, Stop> {
        let mut sent = Vec::new();
        for target in targets {
            let treating = Treating { oracle: self, source, text, root, target };
            let id = treating.record_id(topic, record, line);
            let mut provenance = letters(&self.plan.digest[..4]);
            let plan = &self.plan.tiers[usize::from(target.tier.0)];
            if plan.record_id {
                provenance = format!("{provenance}.{}", letters(&id));
            }
            let partition = match plan.spread {
                false => record.position.partition,
                true => (u32::from_le_bytes(id[12..].try_into().expect("four bytes")) / 2) as i32,
            };
            let mut headers = Vec::new();
            let mut sealing = Sealing::default();
            let mut body = body(&treating, &mut sealing)?;
            let frame = treating.record_frame(topic, record, line);
            match &mut body {
                Body::Json(record) if plan.body_sealed => {
                    let (record, lock) = (record.clone(), treating.lock(&frame, &provenance));
                    body = Body::Whole(Box::new(Whole { record, values: sealing.values, lock, provenance }));
                }
                Body::Json(Json::Object(members)) => {
                    if !sealing.values.is_empty() {
                        let envelope = treating.envelope(&sealing.values, &frame, &provenance);
                        members.push(("sealed".to_owned(), Json::Text(envelope)));
                    }
                    members.push(("garim".to_owned(), Json::Text(provenance)));
                }
                _ => headers.push(("garim".to_owned(), provenance)),
            }
            for (name, value) in record.headers {
                let rule = source.headers.iter().find(|(listed, _)| listed.as_bytes() == *name);
                if let (Some((name, rule)), Some(value)) = (rule, value)
                    && let Some(value) = treating.carrier(rule, value.0)?
                {
                    headers.push((name.to_string(), value));
                }
            }
            let key = match (&source.key, record.key) {
                (Some(rule), Some(key)) => treating.carrier(rule, key.0)?,
                _ => None,
            };
            sent.push(Sent { line, tier: target.tier, partition, id, body, key, headers });
        }
        Ok(sent)
    }
}

/// What a look at all fields of a record has met.
struct Seen {
    matched: bool,
    unlisted: bool,
}

/// What is done to a value.
#[derive(Clone)]
struct Rule {
    kind: Kind,
    actions: Actions,
    /// The name under which it leaves, if not its own.
    name: Option<String>,
    /// Whether it is taken by its parts, in whatever tier.
    parts: bool,
}

impl Rule {
    fn of(kind: Kind, action: Action) -> Self {
        Self { kind, actions: vec![action], name: None, parts: false }
    }
}

impl Treating<'_> {
    /// The item of a place: of those whose path fits and whose conditions hold the most specific, then the first.
    fn item(&self, at: &[Step]) -> Option<Rule> {
        let tier = usize::from(self.target.tier.0);
        let specific = |pointer: &Pointer| -> Vec<bool> {
            pointer.0.iter().map(|segment| matches!(segment, Segment::Any)).collect()
        };
        let fitting = self.source.items.iter().filter(|item| fits(&item.at, at) && all_hold(&item.when, self.root));
        // `min_by_key` gives the first of equals; false (a name) comes before true (`*`).
        let own = fitting.min_by_key(|item| specific(&item.at));
        // The event time has a rule even where the policy names no item for it.
        let unnamed = match &self.source.time {
            EventTime::At(pointer) if self.source.items.iter().all(|item| item.at != *pointer) => Some(pointer),
            EventTime::At(_) | EventTime::KafkaTimestamp => None,
        };
        if let Some(pointer) = unnamed.filter(|pointer| fits(pointer, at))
            && own.is_none_or(|item| specific(pointer) < specific(&item.at))
        {
            return Some(Rule::of(Kind::Time, Action::Keep));
        }
        own.map(|item| Rule {
            kind: item.kind,
            actions: item.actions[tier].clone(),
            name: item.names.iter().find(|(of, _)| usize::from(of.0) == tier).map(|(_, name)| name.to_string()),
            parts: item.actions.iter().any(|actions| actions.contains(&Action::Parts)),
        })
    }

    /// The rule of a scalar: its own item's, that of what encloses it, or the policy's for unlisted fields.
    fn rule(&self, at: &[Step], enclosing: Option<&Rule>) -> Option<Rule> {
        self.item(at).or_else(|| enclosing.cloned()).or_else(|| self.unlisted())
    }

    fn unlisted(&self) -> Option<Rule> {
        (self.oracle.plan.unlisted == Unlisted::Scan).then(|| Rule::of(Kind::Text, Action::Scan))
    }

    /// Looks at every value below `json`; `enclosed` says that an item holds for all of it, and whether by its parts.
    fn look(&self, json: &Json, at: &mut Vec<Step>, enclosed: Option<bool>, seen: &mut Seen) -> Result<(), Reason> {
        let item = self.item(at);
        let single = !matches!(json, Json::Object(_) | Json::Array(_));
        if let (Some(item), false) = (&item, single)
            && !at.is_empty()
            && !matches!(item.actions[..], [] | [Action::Drop | Action::Scan | Action::Seal | Action::Parts])
            && !item.actions.contains(&Action::Present)
        {
            return Err(Reason::NotScalar);
        }
        let own = item.filter(|_| !at.is_empty()).map(|item| item.parts);
        let listed = own.or(enclosed);
        // An empty container that an item names is a match; one that only encloses nothing is not.
        seen.matched |= if single { listed.is_some() } else { own.is_some() };
        // An object that is taken by its parts speaks for none of them.
        seen.unlisted |= single && own.is_none() && enclosed != Some(false);
        for (step, child) in json.children() {
            at.push(step);
            self.look(child, at, listed, seen)?;
            at.pop();
        }
        Ok(())
    }

    /// A container with every value below it treated; what is left of it, in order.
    fn container(
        &self,
        json: &Json,
        at: &mut Vec<Step>,
        enclosing: Option<&Rule>,
        sealing: &mut Sealing,
    ) -> Result<Json, Reason> {
        let mut members = Vec::new();
        let mut masked = false;
        for (number, (step, child)) in json.children().into_iter().enumerate() {
            sealing.way.push((step.clone().unwrap_or_else(|| number.to_string()), number));
            at.push(step.clone());
            let name = step.unwrap_or_default();
            let own = self.item(at);
            let present = own.as_ref().is_some_and(|rule| rule.actions.contains(&Action::Present));
            let mut renamed = own.as_ref().and_then(|rule| rule.name.clone());
            let treated = match child {
                Json::Object(_) | Json::Array(_) if own.as_ref().is_some_and(|rule| drops(&rule.actions)) => None,
                Json::Object(_) | Json::Array(_) if own.as_ref().is_some_and(|rule| seals(&rule.actions)) => {
                    sealing.add(self.text);
                    present.then_some((Json::Bool(true), None))
                }
                Json::Object(_) | Json::Array(_) if present => Some((Json::Bool(true), None)),
                Json::Object(_) | Json::Array(_) => {
                    let inside = self.container(child, at, own.as_ref().or(enclosing), sealing)?;
                    let empty = inside.children().is_empty();
                    (!empty).then_some((inside, None))
                }
                single => self.rule(at, enclosing).and_then(|rule| {
                    if seals(&rule.actions) && *single != Json::Null {
                        sealing.add(self.text);
                    }
                    let name = at.last().and_then(Option::as_deref).unwrap_or_default();
                    self.single(&rule, name, single)
                }),
            };
            if let Some((value, token)) = treated {
                let shown = match renamed.take() {
                    Some(renamed) => renamed,
                    None if self.name_is_data(at) => self.masked_name(&name),
                    None => name.clone(),
                };
                masked |= shown != name;
                members.push((shown, value));
                members.extend(token.map(|token| (format!("{name}_token"), Json::Text(token))));
            }
            at.pop();
            sealing.way.pop();
        }
        if let Json::Array(_) = json {
            return Ok(Json::Array(members.into_iter().map(|(_, element)| element).collect()));
        }
        let twins =
            |(index, (name, _)): (usize, &(String, Json))| members[..index].iter().any(|(other, _)| other == name);
        if masked && members.iter().enumerate().any(twins) {
            return Err(Reason::KeyCollision);
        }
        Ok(Json::Object(members))
    }

    /// Whether the last step is a name that no path of the policy (items, conditions, time) spells out.
    fn name_is_data(&self, at: &[Step]) -> bool {
        let routes = self.source.routes.iter().chain(&self.source.also);
        let clauses = routes.flat_map(|route| &route.when).chain(&self.source.belongs);
        let clauses = clauses.chain(self.source.items.iter().flat_map(|item| &item.when)).map(|clause| &clause.at);
        let time = match &self.source.time {
            EventTime::At(at) => Some(at),
            EventTime::KafkaTimestamp => None,
        };
        let mut paths = self.source.items.iter().map(|item| &item.at).chain(clauses).chain(time);
        let spelt = |path: &Pointer| {
            path.0.len() >= at.len()
                && fits(&Pointer(path.0[..at.len()].to_vec()), at)
                && matches!(path.0[at.len() - 1], Segment::Name(_))
        };
        at.last().is_some_and(Option::is_some) && !paths.any(spelt)
    }

    fn masked_name(&self, name: &str) -> String {
        let tier = usize::from(self.target.tier.0);
        replaced("", name, |kind, plain, shown| {
            let shape = match self.source.found[kind as usize][tier][..] {
                [Action::Mask(shape)] => shape,
                _ if kind.is_unique() => MaskShape::Redact,
                _ => MaskShape::OfKind,
            };
            put_back(plain, &written(|out| mask(kind, shape, plain, out)), shown)
        })
        .unwrap_or_else(|| name.to_owned())
    }

    /// A single value treated, and the token beside it; `None` where it is dropped.
    fn single(&self, rule: &Rule, name: &str, json: &Json) -> Option<(Json, Option<String>)> {
        if drops(&rule.actions) || rule.actions == [Action::Parts] {
            return None;
        }
        let family = rule.actions.contains(&Action::Generalize(Generalize::Family));
        let present = rule.actions.contains(&Action::Present);
        if *json == Json::Null && (family || present) {
            return None;
        }
        let written = match json {
            Json::Null => return Some((Json::Null, None)),
            Json::Bool(value) => value.to_string(),
            Json::Number(number) => number.clone(),
            Json::Text(text) => text.clone(),
            Json::Array(_) | Json::Object(_) => unreachable!("a single value"),
        };
        let plain = if let Json::Number(_) = json { plain_digits(&written) } else { written.clone() };
        let token = rule.actions.contains(&Action::Pseudonymize).then(|| self.token(rule.kind, &plain));
        let beside = |action: &&Action| !matches!(action, Action::Pseudonymize | Action::Seal);
        let Some(action) = rule.actions.iter().find(beside) else {
            return token.map(|token| (Json::Text(token), None));
        };
        let value = match (json, action) {
            (_, Action::Present) => Json::Bool(true),
            (_, Action::Generalize(Generalize::Family)) => match self.formed(rule.kind, *action, &plain) {
                none if none == REDACTED => return None,
                family => Json::Number(family),
            },
            (_, Action::Keep) if rule.kind != Kind::Time => json.clone(),
            (Json::Number(_), Action::Scan) if plain != written => match found(name, &plain).into_iter().next() {
                None => json.clone(),
                Some((kind, _, text)) => Json::Text(self.of_number(kind, &text, &written)),
            },
            (_, Action::Scan) => match replaced(name, &plain, |kind, plain, shown| self.of_finding(kind, plain, shown))
            {
                None => json.clone(),
                Some(text) => Json::Text(text),
            },
            (Json::Number(number), action) if precision(rule.kind, *action).is_some() => {
                match self.cut(rule.kind, *action, number) {
                    Some(cut) => Json::Number(cut),
                    None => Json::Text(REDACTED.to_owned()),
                }
            }
            (_, action) => Json::Text(self.formed(rule.kind, *action, &plain)),
        };
        Some((value, token))
    }

    /// What an action makes of a text.
    fn formed(&self, kind: Kind, action: Action, plain: &str) -> String {
        if precision(kind, action).is_some() {
            return self.cut(kind, action, plain).unwrap_or_else(|| REDACTED.to_owned());
        }
        match action {
            Action::Keep => plain.to_owned(),
            Action::Drop | Action::Seal | Action::Present | Action::Parts => String::new(),
            Action::Mask(shape) => written(|out| mask(kind, shape, plain, out)),
            Action::Truncate(characters) => plain.chars().take(usize::from(characters)).collect(),
            Action::Pseudonymize => self.token(kind, plain),
            Action::Scan => replaced("", plain, |kind, plain, shown| self.of_finding(kind, plain, shown))
                .unwrap_or_else(|| plain.to_owned()),
            Action::Generalize(how) => {
                let mut agents = Default::default();
                let mut out = Vec::new();
                let redact = |path: &str, out: &mut Vec<u8>| {
                    let path = replaced("", path, |_, _, _| REDACTED.to_owned()).unwrap_or_else(|| path.to_owned());
                    out.extend_from_slice(path.as_bytes());
                };
                match generalize(how, plain, &mut agents, redact, &mut out) {
                    true => String::from_utf8(out).expect("text"),
                    false => REDACTED.to_owned(),
                }
            }
        }
    }

    fn cut(&self, kind: Kind, action: Action, text: &str) -> Option<String> {
        let tier = self.oracle.plan.tiers[usize::from(self.target.tier.0)].time;
        let to = precision(kind, action).expect("a time").map_or(tier, |asked| asked.max(tier));
        let mut out = Vec::new();
        time::truncate(text.as_bytes(), to, &mut out).then(|| String::from_utf8(out).expect("text"))
    }

    /// What is done to a finding; `shown` is the text that stood there. A mask leaves what it shows as it was written.
    fn of_finding(&self, kind: Kind, plain: &str, shown: &str) -> String {
        let treated = self.of_number(kind, plain, shown);
        match self.source.found[kind as usize][usize::from(self.target.tier.0)][..] {
            [Action::Mask(_) | Action::Truncate(_)] => put_back(plain, &treated, shown),
            _ => treated,
        }
    }

    /// What is done to a finding that is a number, of which nothing stays as it was written.
    fn of_number(&self, kind: Kind, plain: &str, shown: &str) -> String {
        match self.source.found[kind as usize][usize::from(self.target.tier.0)][..] {
            [Action::Keep] => shown.to_owned(),
            [action] => self.formed(kind, action, plain),
            _ => String::new(),
        }
    }

    /// A key or header; `None` where its rule drops it.
    fn carrier(&self, rule: &CarrierPlan, value: &[u8]) -> Result<Option<String>, Reason> {
        let actions = &rule.actions[usize::from(self.target.tier.0)];
        if drops(actions) {
            return Ok(None);
        }
        let value = std::str::from_utf8(value).map_err(|_| Reason::InvalidUtf8)?;
        Ok(self.carried(rule.kind, actions, value))
    }

    /// Plain text under one action: a key, a header, a line.
    fn carried(&self, kind: Kind, actions: &[Action], text: &str) -> Option<String> {
        match actions {
            [] | [Action::Drop] => None,
            [action] => Some(self.formed(kind, *action, text)),
            _ => panic!("one action"),
        }
    }

    fn plan(&self) -> &KeyPlan {
        &self.oracle.plan.keys[usize::from(self.target.tier.0)]
    }

    /// A key for one purpose, from a secret, the record's tenant and the recipient.
    fn key(&self, context: &str, secret: &Key) -> [u8; 32] {
        let tenant = self.target.tenant.as_ref().map_or(&[][..], |key| key.expose());
        let recipient = self.plan().recipient.as_deref().unwrap_or("").as_bytes();
        let mut material = Vec::new();
        for part in [secret.expose(), tenant, recipient] {
            material.extend((part.len() as u32).to_le_bytes());
            material.extend(part);
        }
        match self.plan().algorithm {
            Algorithm::Blake3 => blake3::derive_key(context, &material),
            Algorithm::HmacSha256 => {
                let mut key = [0; 32];
                Hkdf::<Sha256>::new(None, &material).expand(context.as_bytes(), &mut key).expect("32 bytes");
                key
            }
        }
    }

    fn hash(&self, key: &[u8; 32], message: &[u8]) -> [u8; 32] {
        match self.plan().algorithm {
            Algorithm::Blake3 => *blake3::keyed_hash(key, message).as_bytes(),
            Algorithm::HmacSha256 => {
                let mac = Hmac::<Sha256>::new_from_slice(key).expect("any key").chain_update(message);
                mac.finalize().into_bytes().into()
            }
        }
    }

    /// The six letters in the tokens of the tier: its secret's, or a recipient's own.
    fn key_name(&self) -> String {
        let secret = &self.target.pseudonym;
        if self.plan().recipient.is_none() {
            return String::from_utf8(secret.id.to_vec()).expect("letters");
        }
        let shared = Target { tenant: None, ..self.target.clone() };
        let named = Treating { target: &shared, ..*self }.key("garim 2026-11 name of a share's key v1", &secret.secret);
        named[..6].iter().map(|byte| char::from(b'a' + byte % 26)).collect()
    }

    fn tag(&self, kind: &str) -> [u8; 4] {
        let material = [b"garim.frame.v1", self.source.name.as_bytes(), b"\0", kind.as_bytes()].concat();
        blake3::hash(&material).as_bytes()[..4].try_into().expect("four bytes")
    }

    fn token(&self, kind: Kind, plain: &str) -> String {
        let key = self.key("garim 2026-11 key of pseudonyms v1", &self.target.pseudonym.secret);
        let mut value = Vec::new();
        if !canonical(kind, plain, &mut value) {
            value = plain.as_bytes().to_vec();
        }
        let tag = self.tag(kind.name());
        let mut version = 1;
        if value.len() > 58 {
            version = 2;
            let long = [&[2], &tag[..], &(value.len() as u64).to_le_bytes(), &value].concat();
            value = self.hash(&key, &long).to_vec();
        }
        let mut frame = [&[version], &tag[..], &[value.len() as u8], &value].concat();
        frame.resize(64, 0);
        let letters = letters(&self.hash(&key, &frame)[..16]);
        let [first, second] = kind.letters().map(char::from);
        format!("{first}{second}_{}_{letters}", self.key_name())
    }

    /// The envelope of some values, closed by one call of the cipher.
    fn envelope(&self, values: &[(String, String)], frame: &[u8], provenance: &str) -> String {
        let mut list = Vec::new();
        for part in values.iter().flat_map(|(pointer, value)| [pointer, value]) {
            list.extend((part.len() as u32).to_le_bytes());
            list.extend(part.as_bytes());
        }
        self.lock(frame, provenance).close(&list)
    }

    fn lock(&self, frame: &[u8], provenance: &str) -> Lock {
        let name = String::from_utf8(self.target.day.id.to_vec()).expect("letters");
        let tier = &self.oracle.plan.tiers[usize::from(self.target.tier.0)].name;
        let (policy, id) = provenance.split_once('.').unwrap_or((provenance, ""));
        let mut aad = vec![1];
        for part in [tier, &*self.source.name, &*name, policy, id] {
            aad.extend((part.len() as u32).to_le_bytes());
            aad.extend(part.as_bytes());
        }
        let nonce = self.hash(&self.key("garim 2026-11 key of nonces v1", &self.target.day.secret), frame);
        let nonce: [u8; 12] = *nonce.first_chunk().expect("a hash has 32 bytes");
        let key = self.key("garim 2026-11 key of seals v1", &self.target.day.secret);
        Lock { name, nonce, key, aad }
    }

    fn record_id(&self, topic: &str, record: &Record<'_>, line: u32) -> [u8; 16] {
        let key = self.key("garim 2026-11 key of record ids v1", &self.target.day.secret);
        *self.hash(&key, &self.record_frame(topic, record, line)).first_chunk().expect("a hash has 32 bytes")
    }

    fn record_frame(&self, topic: &str, record: &Record<'_>, line: u32) -> Vec<u8> {
        let mut frame =
            [&[3], &self.tag("record")[..], &[32], &blake3::hash(topic.as_bytes()).as_bytes()[..16]].concat();
        frame.extend(record.position.partition.to_le_bytes());
        frame.extend(record.position.offset.to_le_bytes());
        frame.extend(line.to_le_bytes());
        frame.resize(64, 0);
        frame
    }
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble)).collect()
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("masks are text")
}

fn seals(actions: &[Action]) -> bool {
    actions.contains(&Action::Seal)
}

/// The text of the value to which the numbers of children lead; `text` was read without fault before.
fn raw<'a>(text: &'a str, children: &[usize]) -> &'a str {
    let mut reader = Reader { text, at: 0, output: true };
    reader.space();
    for child in children {
        let members = reader.next() == Ok('{');
        for before in 0..=*child {
            reader.space();
            if before > 0 {
                reader.expect(",").expect("a comma");
                reader.space();
            }
            if members {
                reader.string().expect("a name");
                reader.space();
                reader.expect(":").expect("a colon");
                reader.space();
            }
            if before < *child {
                reader.value(0).expect("a value");
                reader.space();
            }
        }
    }
    let from = reader.at;
    reader.value(0).expect("a value");
    &text[from..reader.at]
}

fn drops(actions: &[Action]) -> bool {
    matches!(actions, [] | [Action::Drop])
}

/// The precision that an action on a time asks for, `Some(None)` where it leaves that to the tier; `None` for others.
fn precision(kind: Kind, action: Action) -> Option<Option<time::TimePrecision>> {
    match action {
        Action::Keep if kind == Kind::Time => Some(None),
        Action::Generalize(Generalize::Second) => Some(Some(time::TimePrecision::Second)),
        Action::Generalize(Generalize::Minute) => Some(Some(time::TimePrecision::Minute)),
        Action::Generalize(Generalize::Hour) => Some(Some(time::TimePrecision::Hour)),
        Action::Generalize(Generalize::Day) => Some(Some(time::TimePrecision::Day)),
        _ => None,
    }
}

/// The identifiers in a plain text that is the value of `name`: kind, range, plain form.
fn found(name: &str, text: &str) -> Vec<(Kind, std::ops::Range<usize>, String)> {
    let (mut scratch, mut findings) = (TextScratch::default(), Vec::new());
    let query = Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: name.as_bytes() };
    text::find(query, text.as_bytes(), &mut scratch, &mut findings);
    findings
        .iter()
        .map(|finding| {
            let range = finding.span.start as usize..finding.span.end as usize;
            (finding.kind, range, text::plain(finding, text.as_bytes(), &scratch).to_owned())
        })
        .collect()
}

/// The text with every finding replaced, by its kind, its plain form and how it stands there; `None` without any.
fn replaced(name: &str, text: &str, replace: impl Fn(Kind, &str, &str) -> String) -> Option<String> {
    let findings = found(name, text);
    let (mut out, mut from) = (String::new(), 0);
    for (kind, range, plain) in &findings {
        out.push_str(&text[from..range.start]);
        out.push_str(&replace(*kind, plain, &text[range.clone()]));
        from = range.end;
    }
    out.push_str(&text[from..]);
    (!findings.is_empty()).then_some(out)
}

/// A masked value with each character that it shows as `shown` writes it; `plain` is what `shown` stands for.
fn put_back(plain: &str, masked: &str, shown: &str) -> String {
    if plain == shown {
        return masked.to_owned();
    }
    let Some(units) = units(plain, shown) else { panic!("{shown:?} is not read as {plain:?}") };
    let even = plain.chars().count() == masked.chars().count();
    let same = plain.chars().zip(masked.chars()).take_while(|(plain, masked)| even || plain == masked).count();
    let mut out = String::new();
    for (index, character) in masked.chars().enumerate() {
        match units.get(index).filter(|_| index < same) {
            Some((gap, unit)) if plain.chars().nth(index) == Some(character) => out.extend([*gap, *unit]),
            Some((gap, _)) => {
                out.push_str(gap);
                out.push(character);
            }
            None => out.push(character),
        }
    }
    out
}

/// How `shown` writes each character of `plain`, and what nobody sees before it.
fn units<'a>(plain: &str, shown: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let (mut units, mut start, mut at) = (Vec::new(), 0, 0);
    for character in plain.chars() {
        loop {
            // The shortest piece that is a character; what cannot be seen waits for the next.
            let ends = shown[at..].char_indices().map(|(from, character)| at + from + character.len_utf8());
            let reads = |end: &usize| reads_as(&shown[at..*end], |read| read == character || unseen(read));
            let end = ends.into_iter().find(reads)?;
            let is_seen = reads_as(&shown[at..end], |read| read == character);
            let from = std::mem::replace(&mut at, end);
            if is_seen {
                units.push((&shown[start..from], &shown[from..end]));
                start = end;
                break;
            }
        }
    }
    Some(units)
}

fn unseen(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{3164}' | '\u{7f}')
}

/// Whether a piece of text stands for one character that is right: by its escapes, its percent-encoding, its width.
fn reads_as(piece: &str, right: impl Fn(char) -> bool) -> bool {
    let mut piece = piece.to_owned();
    for _ in 0..4 {
        let folded: String = piece.chars().map(folded).collect();
        let mut characters = folded.chars();
        if let (Some(read), None) = (characters.next(), characters.next())
            && right(read)
        {
            return true;
        }
        piece = match serde_json::from_str::<String>(&format!("\"{folded}\"")) {
            Ok(plain) if plain != folded => plain,
            _ if folded == "+" => " ".to_owned(),
            _ if folded.starts_with("&#") => {
                let number = folded[2..].strip_suffix(';').and_then(|number| number.parse().ok());
                number.and_then(char::from_u32).map_or_else(String::new, String::from)
            }
            _ => match percent_decoded(&folded) {
                Some(plain) => plain,
                None => return false,
            },
        };
    }
    false
}

/// `%XX` throughout as the bytes that it stands for, `None` where they are no text or there is no such thing.
fn percent_decoded(text: &str) -> Option<String> {
    let (head, mut rest) = text.split_once('%')?;
    let mut bytes = head.as_bytes().to_vec();
    loop {
        bytes.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
        let (plain, behind) = rest[2..].split_once('%').unwrap_or((&rest[2..], ""));
        bytes.extend_from_slice(plain.as_bytes());
        if rest.len() == 2 + plain.len() {
            return String::from_utf8(bytes).ok();
        }
        rest = behind;
    }
}

fn folded(character: char) -> char {
    match character {
        '！'..='～' => char::from_u32(character as u32 - 0xFEE0).expect("ASCII"),
        '\u{2010}'..='\u{2015}' => '-',
        '\u{a0}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// Whether a path of the policy leads to a place.
fn fits(pointer: &Pointer, at: &[Step]) -> bool {
    pointer.0.len() == at.len()
        && pointer.0.iter().zip(at).all(|(segment, step)| match segment {
            Segment::Any => true,
            Segment::Name(name) => step.as_deref() == Some(&**name),
        })
}

fn all_hold(clauses: &[Clause], root: &Json) -> bool {
    clauses.iter().all(|clause| {
        let value = root.at(&clause.at).filter(|value| **value != Json::Null);
        match &clause.test {
            Test::Present(present) => value.is_some() == *present,
            Test::In(texts) => one_of(value, texts),
            Test::NotIn(texts) => !one_of(value, texts),
        }
    })
}

fn one_of(value: Option<&Json>, texts: &[Box<str>]) -> bool {
    let text = match value {
        Some(Json::Text(text) | Json::Number(text)) => text.clone(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Null | Json::Array(_) | Json::Object(_)) | None => return false,
    };
    texts.iter().any(|wanted| **wanted == *text)
}

/// A number that is an integer of at most 40 digits, written with a fraction or exponent, in plain digits.
fn plain_digits(number: &str) -> String {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let written_plainly = mantissa == number && fraction.is_empty();
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX);
    if written_plainly || exponent.unsigned_abs() > 40 {
        return number.to_owned();
    }
    let mut digits = format!("{whole}{fraction}");
    let mut shift = exponent - fraction.len() as i64;
    while shift < 0 && digits.len() > 1 && digits.ends_with('0') {
        digits.pop();
        shift += 1;
    }
    let digits = digits.trim_start_matches('0');
    let plain = match (digits, shift) {
        ("", _) => format!("{sign}0{}", "0".repeat(usize::try_from(shift).unwrap_or(0))),
        (_, ..0) => return number.to_owned(),
        (digits, shift) => format!("{sign}{digits}{}", "0".repeat(shift as usize)),
    };
    if plain.len() > 40 { number.to_owned() } else { plain }
}

impl Json {
    /// The values right below this one, each with its step.
    fn children(&self) -> Vec<(Step, &Json)> {
        match self {
            Self::Object(members) => members.iter().map(|(name, value)| (Some(name.clone()), value)).collect(),
            Self::Array(elements) => elements.iter().map(|element| (None, element)).collect(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Vec::new(),
        }
    }

    /// The value at a path without `*`.
    fn at(&self, pointer: &Pointer) -> Option<&Json> {
        pointer.0.iter().try_fold(self, |json, segment| match (json, segment) {
            (Self::Object(members), Segment::Name(name)) => {
                members.iter().find(|(member, _)| **member == **name).map(|(_, value)| value)
            }
            _ => None,
        })
    }
}

/// A JSON value with its numbers as written and its members in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A strict reader by recursive descent; the first fault in the order of the text is the verdict.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether it reads what garim wrote, in which garim's own members stand.
    output: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Result<char, Reason> {
        let char = self.peek().ok_or(Reason::TruncatedJson)?;
        self.at += char.len_utf8();
        Ok(char)
    }

    fn expect(&mut self, expected: &str) -> Result<(), Reason> {
        for char in expected.chars() {
            if self.next()? != char {
                return Err(Reason::InvalidJson);
            }
        }
        Ok(())
    }

    fn space(&mut self) {
        while let Some(' ' | '\n' | '\r' | '\t') = self.peek() {
            self.at += 1;
        }
    }

    /// A value; `depth` counts the containers around it.
    fn value(&mut self, depth: usize) -> Result<Json, Reason> {
        match self.peek().ok_or(Reason::TruncatedJson)? {
            '{' | '[' if depth == DEPTH_MAX => Err(Reason::TooDeep),
            '{' => self.object(depth + 1),
            '[' => self.array(depth + 1),
            '"' => Ok(Json::Text(self.string()?)),
            't' => self.expect("true").map(|()| Json::Bool(true)),
            'f' => self.expect("false").map(|()| Json::Bool(false)),
            'n' => self.expect("null").map(|()| Json::Null),
            '-' | '0'..='9' => self.number(),
            _ => Err(Reason::InvalidJson),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Reason> {
        self.expect("{")?;
        let mut members: Vec<(String, Json)> = Vec::new();
        self.space();
        while self.peek() != Some('}') {
            if !members.is_empty() {
                self.expect(",")?;
                self.space();
            }
            let name = self.string()?;
            if !self.output && (name == "garim" || name == "sealed" || name.ends_with("_token")) {
                return Err(Reason::ReservedMember);
            }
            if members.iter().any(|(other, _)| *other == name) {
                return Err(Reason::DuplicateKey);
            }
            self.space();
            self.expect(":")?;
            self.space();
            let value = self.value(depth)?;
            members.push((name, value));
            self.space();
        }
        self.at += 1;
        Ok(Json::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Json, Reason> {
        self.expect("[")?;
        let mut elements = Vec::new();
        self.space();
        while self.peek() != Some(']') {
            if !elements.is_empty() {
                self.expect(",")?;
                self.space();
            }
            elements.push(self.value(depth)?);
            self.space();
        }
        self.at += 1;
        Ok(Json::Array(elements))
    }

    fn string(&mut self) -> Result<String, Reason> {
        self.expect("\"")?;
        let mut out = String::new();
        loop {
            match self.next()? {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                control if control < ' ' => return Err(Reason::InvalidJson),
                char => out.push(char),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Reason> {
        Ok(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            same @ ('"' | '\\' | '/') => same,
            'u' => match self.unit()? {
                high @ 0xd800..0xdc00 => {
                    self.expect("\\u")?;
                    let low = self.unit()?;
                    let pair = [high, low];
                    char::decode_utf16(pair).next().and_then(Result::ok).ok_or(Reason::InvalidJson)?
                }
                unit => char::from_u32(u32::from(unit)).ok_or(Reason::InvalidJson)?,
            },
            _ => return Err(Reason::InvalidJson),
        })
    }

    fn unit(&mut self) -> Result<u16, Reason> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.next()?.to_digit(16).ok_or(Reason::InvalidJson)?;
            unit = unit * 16 + digit as u16;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Json, Reason> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        if self.peek() == Some('0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some('e' | 'E') = self.peek() {
            self.at += 1;
            if let Some('+' | '-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<(), Reason> {
        if !self.next()?.is_ascii_digit() {
            return Err(Reason::InvalidJson);
        }
        while self.peek().is_some_and(|char| char.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }
}

/// Reads one record: an object with nothing but white space around it.
pub(crate) fn read(text: &str) -> Result<Json, Reason> {
    object(Reader { text, at: 0, output: false })
}

/// Reads a treated record.
pub(crate) fn read_output(text: &str) -> Result<Json, Reason> {
    object(Reader { text, at: 0, output: true })
}

fn object(mut reader: Reader<'_>) -> Result<Json, Reason> {
    reader.space();
    match reader.peek() {
        None => return Err(Reason::TruncatedJson),
        Some('{') => {}
        Some('[' | '"' | '-' | '0'..='9') => return Err(Reason::NotAnObject),
        Some(_) if matches!(reader.text.trim_ascii(), "true" | "false" | "null") => return Err(Reason::NotAnObject),
        Some(_) => return Err(Reason::InvalidJson),
    }
    let value = reader.value(0)?;
    reader.space();
    if reader.at < reader.text.len() { Err(Reason::InvalidJson) } else { Ok(value) }
}
