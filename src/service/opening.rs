//! Treated records to the values that were sealed in them, as far as a request reaches and keys are left.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::engine::plan::Plan;
use crate::policy::key::Store;
use crate::pseudonym::epoch::{KeyRing, TenantId};
use crate::pseudonym::seal::{Context, Envelope, Opened, Shut};
use crate::pseudonym::{Algorithm, Purpose, derive};
use crate::secret::Key;
use crate::service::request::OpenScope;

/// Why nothing of a record was opened. None tells a byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// It is no JSON record that garim wrote.
    NoRecord,
    /// Nothing is sealed in it.
    NothingSealed,
    /// None of the fields of the request is sealed in it.
    NoSuchField,
    /// A newer garim sealed it.
    Newer,
    /// Its key was destroyed.
    KeyDestroyed,
    /// The store never had its key: it is of another tier, or of another store.
    NoKey,
    /// It was altered, is of another source or policy, or the key of its tenant was destroyed.
    Shut,
}

impl Left {
    /// Its code in reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoRecord => "no-record",
            Self::NothingSealed => "nothing-sealed",
            Self::NoSuchField => "no-such-field",
            Self::Newer => "newer",
            Self::KeyDestroyed => "key-destroyed",
            Self::NoKey => "no-key",
            Self::Shut => "shut",
        }
    }
}

/// Why a request cannot be served at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoScope {
    /// The policy has no such tier, or it is a recipient's share, in which nothing is sealed.
    #[error("the policy has no tier `{0}` in which values are sealed")]
    Tier(String),
    /// The policy has no such source.
    #[error("the policy has no source `{0}`")]
    Source(String),
    /// The topic is not the tier's.
    #[error("`{0}` is not the topic of that tier and source, which is `{1}`")]
    Topic(String, String),
}

/// A tier's secrets, and what was sealed with them.
pub struct Opener {
    tier: Box<str>,
    source: Box<str>,
    fields: Vec<String>,
    algorithm: Algorithm,
    /// By the letters of the day's secret; `None` marks a destroyed one.
    secrets: HashMap<[u8; 6], Option<Key>>,
    /// The tenants' secrets; an envelope does not tell whose record it was.
    tenants: Vec<(TenantId, Key)>,
    /// What opened the last record.
    recent: (Algorithm, Option<TenantId>),
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opener({}, {} keys)", self.tier, self.secrets.len())
    }
}

/// The topic of a source in a tier.
///
/// # Errors
/// When the policy does not have them, or the tier is a recipient's share.
pub fn topic_of(plan: &Plan, tier: &str, source: &str) -> Result<String, NoScope> {
    let index = tier_of(plan, tier)?;
    if plan.sources.iter().all(|known| *known.name != *source) {
        return Err(NoScope::Source(source.to_owned()));
    }
    Ok(plan.tiers[index].topic.replace("{source}", source))
}

fn tier_of(plan: &Plan, tier: &str) -> Result<usize, NoScope> {
    let index = plan.tiers.iter().position(|known| *known.name == *tier);
    index.filter(|&index| plan.keys[index].recipient.is_none()).ok_or_else(|| NoScope::Tier(tier.to_owned()))
}

impl Opener {
    /// What opens the records of a scope with the keys of a store.
    ///
    /// # Errors
    /// When the policy does not have the scope's tier or source.
    pub fn new(plan: &Plan, store: &Store, scope: &OpenScope) -> Result<Self, NoScope> {
        topic_of(plan, &scope.tier, &scope.source)?;
        let index = tier_of(plan, &scope.tier)?;
        let ring: KeyRing = store.ring(&plan.tiers);
        let (mut secrets, mut tenants) = (HashMap::new(), Vec::new());
        if let Some(stored) = ring.store() {
            let generations = stored.tiers[index].values().flatten();
            secrets.extend(generations.map(|generation| (generation.id, generation.secret.clone())));
            let live = stored.tenants.iter().filter_map(|(id, secret)| Some((*id, secret.clone()?)));
            tenants.extend(live);
        }
        let algorithm = plan.keys[index].algorithm;
        Ok(Self {
            tier: scope.tier.as_str().into(),
            source: scope.source.as_str().into(),
            fields: scope.fields.clone(),
            algorithm,
            secrets,
            tenants,
            recent: (algorithm, None),
        })
    }

    /// Opens one treated record; appends `,"sealed":{path: value}` with the values that the request names to `out`.
    ///
    /// # Errors
    /// Why it did not; then nothing was appended.
    pub fn open(&mut self, record: &[u8], out: &mut Zeroizing<String>) -> Result<(), Left> {
        let Ok(Value::Object(members)) = serde_json::from_slice(record) else { return Err(Left::NoRecord) };
        let Some(Value::String(garim)) = members.get("garim") else { return Err(Left::NoRecord) };
        let (policy, record_id) = garim.split_once('.').unwrap_or((garim, ""));
        let policy = policy.as_bytes().try_into().map_err(|_| Left::NoRecord)?;
        let Some(Value::String(text)) = members.get("sealed") else { return Err(Left::NothingSealed) };
        let read = |text: &str| Envelope::read(text.as_bytes());
        let envelope = read(text).map_err(|shut| match shut {
            Shut::Newer => Left::Newer,
            Shut::NoEnvelope | Shut::Altered => Left::Shut,
        })?;
        let secret = match self.secrets.get(&envelope.key) {
            Some(Some(secret)) => secret,
            Some(None) => return Err(Left::KeyDestroyed),
            None => return Err(Left::NoKey),
        };
        let context = Context {
            tier: &self.tier,
            source: &self.source,
            key: envelope.key,
            policy,
            record_id: record_id.as_bytes(),
        };
        // A policy that has changed its algorithm or its tenants since is no reason not to open.
        let others = [self.algorithm, Algorithm::Blake3, Algorithm::HmacSha256].into_iter().flat_map(|algorithm| {
            let tenants = self.tenants.iter().map(move |(id, _)| (algorithm, Some(*id)));
            std::iter::once((algorithm, None)).chain(tenants)
        });
        for (algorithm, tenant) in std::iter::once(self.recent).chain(others) {
            let of_tenant = tenant.and_then(|id| self.tenants.iter().find(|(known, _)| *known == id));
            let key = derive(algorithm, Purpose::Seal, secret, of_tenant.map(|(_, secret)| secret), "");
            let Ok(opened) = read(text).and_then(|envelope| envelope.open(&key, &context)) else { continue };
            let written = write(&opened, &self.fields, out);
            self.recent = (algorithm, tenant);
            return written;
        }
        Err(Left::Shut)
    }
}

/// Appends the values that are asked for; of a path everything below it, of none everything.
///
/// The value with the empty path is the treated record of a tier whose bodies are sealed: only who asked for everything
/// gets it, since fields are asked for by the places of originals.
fn write(opened: &Opened, fields: &[String], out: &mut Zeroizing<String>) -> Result<(), Left> {
    let wanted = |path: &str| {
        let below = |field: &String| {
            path.strip_prefix(field.as_str()).is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'/', ..]))
        };
        fields.is_empty() || fields.iter().any(below)
    };
    let mut values = opened.values();
    values.retain(|(path, _)| wanted(path));
    if values.is_empty() {
        return Err(Left::NoSuchField);
    }
    // Room for all of it at once: a text that grows leaves what it held behind.
    let bytes = values.iter().map(|(path, value)| 6 * path.len() + value.len() + 8).sum::<usize>();
    out.reserve_exact(bytes + 16);
    out.push_str(",\"sealed\":{");
    for (index, (path, value)) in values.into_iter().enumerate() {
        let _ = write!(out, "{}{}:", if index > 0 { "," } else { "" }, Value::from(path));
        // A line break in a JSON text is white space between two of its parts.
        out.extend(value.chars().map(|char| if matches!(char, '\n' | '\r') { ' ' } else { char }));
    }
    out.push('}');
    Ok(())
}
