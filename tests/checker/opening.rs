//! Opens the envelopes of outputs with the keys of the run.

use garim::engine::plan::Plan;
use garim::pseudonym::epoch::{Epoch, KeyRing, Lookup};
use garim::pseudonym::seal::{Context, Envelope};
use garim::pseudonym::{Purpose, derive};
use garim::route::term::day_of;
use serde_json::Value;

/// The plan and the keys with which records were treated.
pub(crate) struct Opener<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) keys: &'a KeyRing,
}

impl Opener<'_> {
    /// Path and value of everything in the envelope of an output, whose event was at this time; `None` where it stays shut.
    pub(crate) fn open(
        &self,
        source: &str,
        tier: &str,
        event_at: &str,
        output: &Value,
    ) -> Option<Vec<(String, Value)>> {
        let index = self.plan.tiers.iter().position(|known| *known.name == *tier)?;
        let keys = &self.plan.keys[index];
        let (digest, record_id) = match output["garim"].as_str()?.split_once('.') {
            Some(both) => both,
            None => (output["garim"].as_str()?, ""),
        };
        let envelope = Envelope::read(output["sealed"].as_str()?.as_bytes()).ok()?;
        let context = Context {
            tier,
            source,
            key: envelope.key,
            policy: digest.as_bytes().try_into().ok()?,
            record_id: record_id.as_bytes(),
        };
        let at: jiff::Timestamp = event_at.parse().ok()?;
        let day = day_of(self.plan.zone.to_datetime(at).date());
        let Lookup::Live(secret) = self.keys.lookup(keys.of, Epoch::Day(day), at.as_millisecond()) else { return None };
        let key = derive(keys.algorithm, Purpose::Seal, &secret.secret, None, "");
        let opened = envelope.open(&key, &context).ok()?;
        let value = |text: &str| serde_json::from_str(text).ok();
        opened.values().into_iter().map(|(path, text)| Some((path.to_owned(), value(text)?))).collect()
    }
}
