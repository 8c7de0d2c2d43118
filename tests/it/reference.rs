//! The corpora of the benches, treated by the engine and by the oracle: what is measured is right.

#[path = "../../benches/reference.rs"]
pub(crate) mod corpora;

use garim::engine::Engine;
use garim::pseudonym::Algorithm;
use garim::record::Record;

use crate::oracle::{Body, Oracle, Verdict, read_output};

#[test]
fn the_benches_measure_what_the_oracle_confirms() {
    let engine = corpora::engine();
    for (name, corpus, digest) in corpora::CORPORA {
        confirm(&engine, &corpora::records(&corpora::values(corpus)), name, digest);
    }
    let (name, digest) = corpora::HMAC;
    let hmac = corpora::engine_of(Algorithm::HmacSha256);
    confirm(&hmac, &corpora::records(&corpora::values(corpora::Corpus::Typical)), name, digest);
    let (name, digest) = corpora::SEALED;
    let typical = corpora::values(corpora::Corpus::Typical);
    confirm(&corpora::engine_that_seals(), &corpora::records(&typical), name, digest);
    for (name, days, digest) in corpora::KEYED {
        confirm(&engine, &corpora::records(&corpora::keyed_values(days)), name, digest);
    }
}

/// The oracle's word on every output; then the digest that the bench asserts.
fn confirm(engine: &Engine, records: &[Record<'_>], name: &str, digest: &str) {
    let keys = corpora::keys();
    let oracle = Oracle { plan: engine.plan(), limits: engine.limits(), keys: &keys };
    let treated = corpora::treat(engine, records, name);
    for (record, output) in records.iter().zip(&treated.outputs) {
        let value = output.value.clone().map(|value| &treated.bytes[value]).expect("a value");
        let text = std::str::from_utf8(value).expect("outputs are UTF-8");
        let body = Body::Json(read_output(text).expect("outputs are JSON"));
        let sent = match oracle.treat(record).pop() {
            Some(Verdict::Sent(mut sent)) => sent.pop(),
            _ => None,
        };
        let sent = sent.map(|sent| (sent.tier, sent.body));
        assert_eq!(sent, Some((output.tier, body)), "{name}, offset {}", record.position.offset);
    }
    corpora::check(engine, records, name, digest);
}
