//! The corpora of the benches, treated by the engine and by the oracle: what is measured is right.

#[path = "../../benches/reference.rs"]
mod corpora;

use crate::oracle::{Body, Oracle, Verdict, read_output};

#[test]
fn the_benches_measure_what_the_oracle_confirms() {
    let engine = corpora::engine();
    let keys = corpora::keys();
    let oracle = Oracle { plan: engine.plan(), limits: engine.limits(), keys: &keys };
    for (name, corpus, digest) in corpora::CORPORA {
        let values = corpora::values(corpus);
        let records = corpora::records(&values);
        let treated = corpora::check(&engine, &records, name, digest);
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
    }
}
