//! What `/metrics` tells of keys.

use std::collections::BTreeMap;
use std::path::Path;

use garim::engine::{Engine, Limits};
use garim::pseudonym::epoch::{Epoch, Generation, KeyRing, Stored};
use garim::secret::Key;
use garim::telemetry::metrics::Metrics;

#[test]
fn the_last_key_of_each_tier_is_named() {
    let policy = garim::policy::load(Path::new("config/access-log.toml")).expect("the shipped policy");
    let engine = Engine::new(policy.plan, Limits { past_days: 30, future_days: 2 }).expect("it compiles");
    let key = |id: &[u8; 6], live: bool| {
        vec![Generation { id: *id, from_ms: i64::MIN, secret: live.then(|| Key::new(&[7; 32])) }]
    };
    // The last day of the first tier was destroyed; the second tier has no key.
    let first = BTreeMap::from([
        (Epoch::Day(20_780), key(b"abcdef", true)),
        (Epoch::Day(20_781), key(b"ghijkl", true)),
        (Epoch::Day(20_782), key(b"mnopqr", false)),
    ]);
    let metrics = Metrics::new();
    metrics.keys(&engine, &KeyRing::stored(Stored { tiers: vec![first, BTreeMap::new()], ..Stored::default() }));
    let text = metrics.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("garim_key_generation_info{")).collect();
    let tier = &engine.tiers()[0].name;
    assert_eq!(lines, [format!(r#"garim_key_generation_info{{tier="{tier}",key="ghijkl",day="2026-11-24"}} 1"#)]);
    metrics.keys(&engine, &KeyRing::ephemeral(Key::new(&[7; 32])));
    assert!(!metrics.text().contains("garim_key_generation_info{"), "keys of one run have no last day");
}
