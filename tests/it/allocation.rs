//! A warm engine allocates nothing: not a byte for a record of the shipped policies, refused ones included.
//!
//! The counter counts for the whole process, and other tests of this binary allocate meanwhile; so the test starts
//! this binary again for itself alone.

use std::path::Path;
use std::process::Command;

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy;
use garim::policy::synthetic::{Generator, Shares, Source};
use garim::pseudonym::Algorithm;
use garim::pseudonym::epoch::KeyRing;
use garim::record::{Position, Record};
use garim::secret::{Key, Plain};
use stats_alloc::Region;

use crate::ALLOCATOR;
use crate::reference::corpora;

/// Set in the process that counts.
const ALONE: &str = "GARIM_TEST_ALLOCATION";

const TEST: &str = "allocation::a_warm_engine_allocates_nothing";

/// Records in a batch, and batches before the count begins: the memory has then seen every kind of record.
const RECORDS: usize = 512;
const WARM_BATCHES: usize = 8;

#[test]
fn a_warm_engine_allocates_nothing() {
    if std::env::var_os(ALONE).is_some() {
        the_counter_counts();
        for source in Source::ALL.into_iter().filter(|source| source.categories().next().is_some()) {
            measure("kakao-work.toml", source.name(), source);
        }
        measure("access-log.toml", "web", Source::AccessLog);
        measure_many_keys();
        return;
    }
    let this = std::env::current_exe().unwrap();
    let output =
        Command::new(this).args(["--exact", TEST, "--test-threads=1", "--nocapture"]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the test did not find itself: {said}");
}

/// A counter that cannot count proves nothing.
fn the_counter_counts() {
    let region = Region::new(ALLOCATOR);
    let boxed = std::hint::black_box(Box::new([0u8; 100]));
    assert_eq!((region.change().allocations, region.change().bytes_allocated), (1, 100));
    drop(boxed);
}

fn measure(policy: &str, name: &str, source: Source) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(policy);
    let plan = policy::load(&path).unwrap_or_else(|faults| panic!("{faults}")).plan;
    let engine = Engine::new(plan, Limits { past_days: 30, future_days: 1 }).unwrap();
    let index = engine.sources().iter().position(|plan| *plan.name == *name).expect("the policy's source");
    let topic = engine.sources()[index].topics[0].clone();
    let input = engine.input(&topic).expect("its topic");

    let start = "2026-11-24T09:00:00+09:00".parse().unwrap();
    let mut generator = Generator::new(source, 11, start, Shares { canary: 100, broken: 50 });
    let (mut values, mut stamps) = (Vec::new(), Vec::new());
    for _ in 0..RECORDS {
        let mut value = Vec::new();
        stamps.push(generator.next(&mut value));
        values.push(value);
    }
    let records: Vec<Record<'_>> = values
        .iter()
        .zip(&stamps)
        .enumerate()
        .map(|(offset, (value, stamp))| Record {
            input,
            position: Position { partition: 0, offset: offset as i64 },
            timestamp_ms: Some(stamp.timestamp_ms),
            key: Some(Plain(&stamp.key)),
            value: Some(Plain(value)),
            headers: &[],
        })
        .collect();

    let keys = KeyRing::ephemeral(Key::new(&[7; 32]));
    let (mut scratch, mut treated) = (Scratch::new(), Treated::default());
    for _ in 0..WARM_BATCHES {
        engine.treat(&mut scratch, &keys, &records, &mut treated).unwrap();
    }
    assert!(treated.outputs.len() > RECORDS / 2 && !treated.refusals.is_empty(), "{policy}: {treated:?}");
    let region = Region::new(ALLOCATOR);
    for _ in 0..WARM_BATCHES {
        engine.treat(&mut scratch, &keys, &records, &mut treated).unwrap();
    }
    let change = region.change();
    assert_eq!(
        (change.allocations, change.reallocations, change.bytes_allocated),
        (0, 0, 0),
        "{policy}, {name}: a batch of {RECORDS} records allocates"
    );
}

/// A thousand live keys in each batch, by either function of tokens: a warm lane derives none of them again.
fn measure_many_keys() {
    let values = corpora::keyed_values(1000);
    let records = corpora::records(&values);
    let keys = corpora::keys();
    for algorithm in [Algorithm::Blake3, Algorithm::HmacSha256] {
        let engine = corpora::engine_of(algorithm);
        let (mut scratch, mut treated) = (Scratch::new(), Treated::default());
        engine.treat(&mut scratch, &keys, &records, &mut treated).unwrap();
        let region = Region::new(ALLOCATOR);
        engine.treat(&mut scratch, &keys, &records, &mut treated).unwrap();
        let change = region.change();
        assert_eq!(
            (change.allocations, change.reallocations, change.bytes_allocated),
            (0, 0, 0),
            "{algorithm:?}: a batch of a thousand keys allocates"
        );
    }
}
