//! Opens the envelope of an example's output with the keys of the run, and says what is in it.

use serde_json::Value;

use super::super::explain::{event_ms, leaves};
use crate::engine::plan::{Format, KeyPlan, Plan};
use crate::pseudonym::epoch::{Epoch, KeyRing, Lookup, TenantLookup, canonical_tenant};
use crate::pseudonym::seal::{Context, Envelope};
use crate::pseudonym::{Purpose, derive};
use crate::route::TierId;
use crate::route::term::day_of;
use crate::secret::Key;

/// What stands before the paths of the sealed values in an expected output.
const OPEN: &str = "{sealed:";

/// An example's record and the keys with which it was treated.
pub(super) struct Given<'a> {
    pub(super) plan: &'a Plan,
    pub(super) keys: &'a KeyRing,
    pub(super) source: usize,
    pub(super) value: &'a [u8],
    pub(super) timestamp_ms: Option<i64>,
}

impl Given<'_> {
    /// Replaces the envelope of an output by the paths that it holds, `{sealed:/a,/b}`; by `{sealed:?}` where it does
    /// not open. An output that is sealed whole is replaced by the record in its envelope; what more than it may leaves
    /// with it stays, so that it is no output that anybody expects.
    pub(super) fn told(&self, tier: TierId, output: &mut Value) {
        let text = |name: &str| output.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let whole = self.plan.tiers[usize::from(tier.0)].body_sealed;
        let Some(envelope) = text("sealed") else {
            if whole {
                *output = Value::Array(vec![format!("{OPEN}?}}").into(), output.take()]);
            }
            return;
        };
        let garim = text("garim").unwrap_or_default();
        let mut values = self.opened(tier, &envelope, &garim);
        let alone = output.as_object().is_some_and(|members| members.len() == 2);
        if whole {
            // The record itself is the value without a path.
            let mut list = values.take().unwrap_or_default();
            let at = list.iter().position(|(path, _)| path.is_empty());
            let body = at.map(|at| list.swap_remove(at).1).and_then(|body| serde_json::from_str(&body).ok());
            if let (Some(body @ Value::Object(_)), true) = (body, alone) {
                *output = body;
                if list.is_empty() {
                    return;
                }
                values = Some(list);
            }
        }
        let paths = values.map(|values| values.into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(","));
        output["sealed"] = format!("{OPEN}{}}}", paths.as_deref().unwrap_or("?")).into();
    }

    /// Path and JSON text of each value in an envelope.
    fn opened(&self, tier: TierId, envelope: &str, garim: &str) -> Option<Vec<(String, String)>> {
        let (digest, record_id) = garim.split_once('.').unwrap_or((garim, ""));
        let envelope = Envelope::read(envelope.as_bytes()).ok()?;
        let context = Context {
            tier: &self.plan.tiers[usize::from(tier.0)].name,
            source: &self.plan.sources[self.source].name,
            key: envelope.key,
            policy: digest.as_bytes().try_into().ok()?,
            record_id: record_id.as_bytes(),
        };
        let key = self.key(&self.plan.keys[usize::from(tier.0)], envelope.key)?;
        let opened = envelope.open(&key, &context).ok()?;
        Some(opened.values().into_iter().map(|(path, value)| (path.to_owned(), value.to_owned())).collect())
    }

    /// The key of the seals of the piece of the record whose day has a secret of this name.
    fn key(&self, plan: &KeyPlan, id: [u8; 6]) -> Option<Key> {
        let source = &self.plan.sources[self.source];
        let whole = |_: &u8| false;
        let line_end = |byte: &u8| *byte == b'\n';
        let pieces: Vec<&[u8]> = match source.format {
            Format::Ndjson => self.value.split(line_end).collect(),
            _ => self.value.split(whole).collect(),
        };
        pieces.into_iter().find_map(|piece| {
            let leaves = leaves(source, piece);
            let event_ms = event_ms(source, &leaves, self.timestamp_ms)?;
            let stamp = jiff::Timestamp::from_millisecond(event_ms).ok()?;
            let day = day_of(self.plan.zone.to_datetime(stamp).date());
            let Lookup::Live(secret) = self.keys.lookup(plan.of, Epoch::Day(day), event_ms) else { return None };
            let tenant = match plan.tenants.then_some(source.tenant.as_ref()).flatten() {
                None => None,
                Some(at) => {
                    let leaf = leaves.iter().find(|leaf| leaf.at == *at)?;
                    let id = self.keys.tenant_id(&source.name, canonical_tenant(&leaf.value)?)?;
                    let TenantLookup::Live(tenant) = self.keys.tenant(&id) else { return None };
                    Some(tenant)
                }
            };
            let recipient = plan.recipient.as_deref().unwrap_or_default();
            let key = || derive(plan.algorithm, Purpose::Seal, &secret.secret, tenant.as_ref(), recipient);
            (secret.id == id).then(key)
        })
    }
}

/// Whether both texts name the same paths, in whatever order; `None` unless the first is about an envelope.
pub(super) fn same(expected: &str, found: &str) -> Option<bool> {
    let paths = |text: &str| {
        let list = text.strip_prefix(OPEN)?.strip_suffix('}')?;
        let mut paths: Vec<String> = list.split(',').map(|path| path.trim().to_owned()).collect();
        paths.sort();
        Some(paths)
    };
    let wanted = paths(expected)?;
    Some(paths(found).is_some_and(|found| found == wanted))
}
