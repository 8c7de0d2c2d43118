//! Looks at the logs alone, as a reader of committed data does, and says whether the promises were kept.

use std::collections::BTreeMap;

use garim::flow::{Delivery, Part, Range};

use super::broker::{Broker, Entry, Out, QUARANTINE, State, TIERS, What};

/// What is to become of a record; a pure function of its place, so that a replay gives the same.
pub(super) fn outputs(part: Part, offset: i64) -> Vec<Out> {
    let out = |topic, what| Out { topic, part, offset, what };
    match super::mix(part.partition as u64 + 1, offset as u64) % 16 {
        0 => vec![out(QUARANTINE, What::Refused)],
        1 => vec![],
        2..=5 => TIERS.iter().map(|&tier| out(tier, What::Treated)).collect(),
        _ => vec![out(TIERS[0], What::Treated)],
    }
}

/// Whether the broker will never take this record's outputs.
pub(super) fn is_poison(part: Part, offset: i64) -> bool {
    super::mix(offset as u64, part.partition as u64 + 7).is_multiple_of(61)
}

/// What has to stand in the topics: as above, but a notice for a record that the broker does not take.
fn expected(part: Part, offset: i64) -> Vec<Out> {
    let outs = outputs(part, offset);
    let treated = outs.iter().any(|out| out.what == What::Treated);
    if treated && is_poison(part, offset) {
        return vec![Out { topic: QUARANTINE, part, offset, what: What::Undeliverable }];
    }
    outs
}

/// The promises. `drained`: all input must be below the committed offsets.
pub(super) fn judge(broker: &Broker, delivery: Delivery, drained: bool) -> Result<(), String> {
    if let Some(broken) = &broker.broken {
        return Err(broken.clone());
    }
    windows(broker, delivery)?;
    let visible = broker.log.iter().filter(|(_, of)| broker.transactions[*of] == State::Committed);
    let mut logs: BTreeMap<(u8, Part), Vec<Out>> = BTreeMap::new();
    for &(out, _) in visible {
        logs.entry((out.topic, out.part)).or_default().push(out);
    }
    for (&part, offsets) in &broker.inputs {
        let committed = broker.committed.get(&part).copied().unwrap_or(0);
        if drained && offsets.last().is_some_and(|&last| committed <= last) {
            return Err(format!("{part:?}: input is left over, committed {committed}"));
        }
        for topic in [TIERS[0], TIERS[1], QUARANTINE] {
            let below = offsets.iter().filter(|&&offset| offset < committed);
            let expected: Vec<Out> =
                below.flat_map(|&offset| expected(part, offset)).filter(|out| out.topic == topic).collect();
            let log = logs.get(&(topic, part)).map_or(&[][..], Vec::as_slice);
            match delivery {
                Delivery::ExactlyOnce => same(log, &expected)?,
                Delivery::AtLeastOnce => contains(log, &expected)?,
            }
        }
    }
    Ok(())
}

/// The log of windows by itself: each run counts from 0 without gaps, the ranges of a partition join, and they end where the
/// committed offset stands. At least once they may overlap, but they leave nothing out.
fn windows(broker: &Broker, delivery: Delivery) -> Result<(), String> {
    let entries = broker.entries.iter().filter(|(_, of)| broker.transactions[*of] == State::Committed);
    let mut runs: BTreeMap<(u64, u32), u64> = BTreeMap::new();
    let mut ends: BTreeMap<Part, i64> = BTreeMap::new();
    for (Entry { lane, run, seq, ranges }, _) in entries {
        let next = runs.entry((*lane, *run)).or_default();
        if seq != next {
            return Err(format!("run {run} of lane {lane} goes on with {seq} instead of {next}"));
        }
        *next += 1;
        for &Range { part, from, next } in ranges {
            let end = ends.get(&part).copied().or(broker.inputs[&part].first().copied()).unwrap_or(0);
            let joins = match delivery {
                Delivery::ExactlyOnce => from == end,
                Delivery::AtLeastOnce => from <= end,
            };
            if !joins || next <= from {
                return Err(format!("{part:?}: a window goes from {from} to {next}, and the last ended at {end}"));
            }
            ends.insert(part, end.max(next));
        }
    }
    for (part, &committed) in &broker.committed {
        let end = ends.get(part).copied().unwrap_or(0);
        let same = match delivery {
            Delivery::ExactlyOnce => end == committed,
            Delivery::AtLeastOnce => end >= committed,
        };
        if !same {
            return Err(format!("{part:?}: the windows end at {end}, and {committed} is committed"));
        }
    }
    Ok(())
}

/// Exactly once, in order, and nothing else.
fn same(log: &[Out], expected: &[Out]) -> Result<(), String> {
    for index in 0..log.len().max(expected.len()) {
        if log.get(index) != expected.get(index) {
            return Err(format!("entry {index} is {:?} instead of {:?}", log.get(index), expected.get(index)));
        }
    }
    Ok(())
}

/// At least once, first occurrences in order.
fn contains(log: &[Out], expected: &[Out]) -> Result<(), String> {
    let mut rest = log.iter();
    for out in expected {
        if !rest.by_ref().any(|other| other == out) {
            return Err(format!("{out:?} is missing or out of order"));
        }
    }
    Ok(())
}
