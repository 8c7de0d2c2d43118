//! Synthetic records through the shipped policies: the good ones arrive, the broken ones are refused for their reason,
//! and no canary sings.

use std::path::Path;

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy::synthetic::{CANARY, Generator, Shares, Source};
use garim::pseudonym::epoch::KeyRing;
use garim::record::{Position, Record};
use garim::secret::{Key, Plain};

fn engine(policy: &str) -> Engine {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(policy);
    let plan = garim::policy::load(&path).unwrap_or_else(|faults| panic!("{}", faults.render(false))).plan;
    Engine::new(plan, Limits { past_days: 30, future_days: 400 }).unwrap()
}

/// Every source that a shipped policy treats, with that policy.
fn sources() -> impl Iterator<Item = (&'static str, Source)> {
    Source::ALL.into_iter().filter(|source| *source != Source::Reference).map(|source| match source {
        Source::AccessLog => ("access-log.toml", source),
        _ => ("kakao-work.toml", source),
    })
}

/// Treats records one by one and gives each with its stamp and what became of it.
fn treat(policy: &str, source: Source, shares: Shares, mut each: impl FnMut(&[u8], Option<&str>, &Treated)) {
    let engine = engine(policy);
    // Where the generator knows a source by its format, the policy has only one.
    let index = engine.sources().iter().position(|plan| *plan.name == *source.name()).unwrap_or(0);
    let input = engine.input(&engine.sources()[index].topics[0]).unwrap();
    let keys = KeyRing::ephemeral(Key::new(&[7; 32]));
    let mut generator = Generator::new(source, 11, "2026-11-14T09:00:00+09:00".parse().unwrap(), shares);
    let (mut scratch, mut treated, mut value) = (Scratch::new(), Treated::default(), Vec::new());
    for offset in 0..3000 {
        let stamp = generator.next(&mut value);
        let record = Record {
            input,
            position: Position { partition: 0, offset },
            timestamp_ms: Some(stamp.timestamp_ms),
            key: Some(Plain(&stamp.key)),
            value: Some(Plain(&value)),
            headers: &[],
        };
        engine.treat(&mut scratch, &keys, &[record], &mut treated).unwrap();
        each(&value, stamp.refused.map(|reason| reason.code()), &treated);
    }
}

#[test]
fn good_records_arrive_and_broken_ones_are_refused_for_their_reason() {
    for (policy, source) in sources() {
        for broken in [0, 300] {
            treat(policy, source, Shares { canary: 0, broken }, |value, wanted, treated| {
                let told = || format!("{}: {}", source.name(), String::from_utf8_lossy(value));
                let refused = treated.refusals.first().map(|refusal| refusal.reason.code());
                assert_eq!(refused, wanted, "{}", told());
                // Without consent, a good record may be in no tier.
                assert!(wanted.is_none() || treated.outputs.is_empty(), "{}", told());
            });
        }
    }
}

#[test]
fn no_canary_and_no_identifier_leaves() {
    // Fragments that only identifiers have; what a mask may show of one is in none of them.
    const NEVER: [&str; 5] = [CANARY, "fake-pw", "0101-9", "010-0000-", "0100000"];
    for (policy, source) in sources() {
        let mut outputs = 0;
        treat(policy, source, Shares { canary: 500, broken: 0 }, |value, _, treated| {
            outputs += treated.outputs.len();
            let out = String::from_utf8_lossy(&treated.bytes);
            for never in NEVER {
                assert!(!out.contains(never), "`{never}` of\n{}\nin\n{out}", String::from_utf8_lossy(value));
            }
            assert!(!out.contains("user") || !out.contains("@example"), "an address in\n{out}");
        });
        assert!(outputs > 1500, "{}: {outputs} outputs of 3000 records", source.name());
    }
}
