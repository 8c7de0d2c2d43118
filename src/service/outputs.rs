//! Treated records on their way to their tiers.

use std::ops::Range;

use crate::engine::Engine;
use crate::engine::outcome::{HeaderName, Treated};
use crate::kafka::Fault;
use crate::kafka::producer::Producer;

/// Sends every output of the input records that are `wanted` (by their index in the batch).
///
/// # Errors
/// As [`Producer::send`]: the transaction of a record that was not queued must not commit.
pub(super) fn send(
    producer: &mut Producer,
    engine: &Engine,
    treated: &Treated,
    wanted: impl Fn(u32) -> bool,
) -> Result<(), Fault> {
    let slice = |range: &Range<usize>| &treated.bytes[range.clone()];
    let mut headers: Vec<(&str, Option<&[u8]>)> = Vec::new();
    for output in treated.outputs.iter().filter(|output| wanted(output.record)) {
        let listed = &engine.sources()[usize::from(output.source)].headers;
        headers.clear();
        headers.extend(treated.headers[output.headers.clone()].iter().map(|header| {
            let name = match header.name {
                HeaderName::Garim => "garim",
                HeaderName::Listed(index) => &listed[usize::from(index)].0,
            };
            (name, Some(slice(&header.value)))
        }));
        let topic = engine.topic(output.source, output.tier);
        let (key, value) = (output.key.as_ref().map(slice), output.value.as_ref().map(slice));
        producer.send(topic, output.partition, key, value, &headers)?;
    }
    Ok(())
}
