//! Detection on one thread: Hangul prose with identifiers, log lines without any, and the labelled texts where they are.
//!
//! Each case first asserts how many findings there are and their digest, then measures. Method and figures: README.md here.

mod text;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use garim::find::text::{Encoding, Query, TextScratch, find};
use garim::kind::KindSet;

#[expect(clippy::print_stdout, reason = "a bench says which of its cases it leaves out")]
fn scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    for (name, texts, wanted) in text::CASES {
        let texts = texts();
        let (count, digest) = text::seen(&texts);
        assert_eq!(
            (count, &*digest),
            wanted,
            "{name}: the findings are not what they were when they were written down"
        );
        measure(&mut group, name, &texts);
    }
    match text::corpus() {
        Some(texts) => measure(&mut group, "labelled corpus", &texts),
        None => println!("scan: the labelled texts are not there (GARIM_CORPUS, or ../shared/corpus); one case less"),
    }
    group.finish();
}

/// All texts again and again, by a scratch that is warm; beside it the same bytes copied once.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    let mut copied = Vec::with_capacity(bytes);
    group.bench_function(format!("copy of {name}"), |bencher| {
        bencher.iter(|| {
            copied.clear();
            for text in texts {
                copied.extend_from_slice(black_box(text.as_bytes()));
            }
            black_box(copied.len())
        });
    });
    let (mut scratch, mut found) = (TextScratch::default(), Vec::new());
    group.bench_function(format!("{name} ({} B)", bytes / texts.len()), |bencher| {
        bencher.iter(|| {
            for text in texts {
                scratch.clear();
                found.clear();
                let query = Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: b"" };
                find(query, black_box(text.as_bytes()), &mut scratch, &mut found);
                black_box(&found);
            }
        });
    });
}

criterion_group!(benches, scan);
criterion_main!(benches);
