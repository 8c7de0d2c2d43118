//! The engine on one thread: the reference event, and the corpora around it.
//!
//! Each case first asserts its counts and the digest of its output, then measures. Method and figures: README.md here.

mod reference;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use garim::engine::outcome::Treated;
use garim::engine::{Engine, Scratch};
use garim::pseudonym::Algorithm;
use garim::record::Record;

fn corpora(criterion: &mut Criterion) {
    let engine = reference::engine();
    let mut group = criterion.benchmark_group("engine");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    for (name, corpus, digest) in reference::CORPORA {
        let values = reference::values(corpus);
        let records = reference::records(&values);
        reference::check(&engine, &records, name, digest);
        let bytes: usize = values.iter().map(Vec::len).sum();
        measure_copy(&mut group, name, &values, bytes);
        measure(&mut group, name, &engine, &records);
    }
    let (name, digest) = reference::HMAC;
    let hmac = reference::engine_of(Algorithm::HmacSha256);
    let values = reference::values(reference::Corpus::Typical);
    let records = reference::records(&values);
    reference::check(&hmac, &records, name, digest);
    measure(&mut group, name, &hmac, &records);
    let (name, digest) = reference::SEALED;
    let seals = reference::engine_that_seals();
    reference::check(&seals, &records, name, digest);
    measure(&mut group, name, &seals, &records);
    for (name, days, digest) in reference::KEYED {
        let values = reference::keyed_values(days);
        let records = reference::records(&values);
        reference::check(&engine, &records, name, digest);
        measure(&mut group, name, &engine, &records);
    }
    group.finish();
}

/// One batch again and again, by a lane that is warm.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, engine: &Engine, records: &[Record<'_>]) {
    let keys = reference::keys();
    let bytes: usize = records.iter().filter_map(|record| record.value).map(|value| value.0.len()).sum();
    group.throughput(Throughput::Elements(records.len() as u64));
    group.bench_function(format!("{name} ({} B)", bytes / records.len()), |bencher| {
        let (mut scratch, mut out) = (Scratch::new(), Treated::default());
        bencher.iter(|| {
            engine.treat(&mut scratch, &keys, black_box(records), &mut out).expect("keys of every day");
            black_box(&out.bytes);
        });
    });
}

/// The reference beside which every case stands: the same bytes copied once.
fn measure_copy(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, values: &[Vec<u8>], bytes: usize) {
    group.throughput(Throughput::Elements(values.len() as u64));
    group.bench_function(format!("copy of {name}"), |bencher| {
        bencher.iter_batched_ref(
            || Vec::with_capacity(bytes),
            |out| {
                for value in values {
                    out.extend_from_slice(black_box(value));
                }
                black_box(out.len())
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, corpora);
criterion_main!(benches);
