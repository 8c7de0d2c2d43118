//! Canaries stay out of whatever may be printed: `Debug`, refusals, metrics, what the program says on both streams.
//!
//! A canary is a string that only a payload, a key or a header holds. Logs and topics of a running worker are searched
//! for them by the tests on a real broker.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy;
use garim::policy::synthetic::{CANARY, Generator, Shares, Source};
use garim::pseudonym::epoch::{Epoch, EpochSecret, Generation, KeyRing, Stored};
use garim::record::{Header, Position, Record};
use garim::secret::{Key, Plain};
use garim::service::quarantine::{Identities, Payload, Sealer};
use garim::telemetry::metrics::{Counters, Metrics};

/// Every byte of the keys of this file; no number, letter or escape of it may be printed.
const SECRET: u8 = 0xc7;

/// Fails if `text` holds a canary or a run of key bytes, however they are written.
fn check(what: &str, text: &str) {
    let lower = text.to_ascii_lowercase();
    for shown in [CANARY, "99, 97, 110, 97, 114, 121", "63616e617279", "c7c7", "199, 199", "\\xc7", "%c7"] {
        assert!(!lower.contains(shown), "{what} shows {shown}: {text}");
    }
    assert!(!text.contains("Çç") && !lower.contains(&"\u{c7}\u{c7}".to_lowercase()), "{what} shows key bytes: {text}");
}

#[test]
fn the_check_finds_what_it_looks_for() {
    let leaks = [
        format!("a {CANARY} sings"),
        format!("{:?}", CANARY.as_bytes()),
        format!("{:02x?}", [SECRET; 2]).replace(['[', ']', ',', ' '], ""),
        format!("{:?}", [SECRET; 4]),
    ];
    for leak in leaks {
        assert!(std::panic::catch_unwind(|| check("a leak", &leak)).is_err(), "{leak}");
    }
    check("silence", "Plain(12 bytes), Key(32 bytes)");
}

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// Records of a source in which everything sings: canaries in values, keys and headers; half of them broken.
fn singing(source: Source) -> Vec<(Vec<u8>, i64)> {
    let start = "2026-11-24T09:00:00+09:00".parse().unwrap();
    let mut generator = Generator::new(source, 5, start, Shares { canary: 1000, broken: 500 });
    (0..400)
        .map(|_| {
            let mut value = Vec::new();
            let stamp = generator.next(&mut value);
            (value, stamp.timestamp_ms)
        })
        .collect()
}

#[test]
fn what_prints_itself_prints_no_payload_and_no_key() {
    let word = format!("{CANARY}-1");
    let headers: Vec<Header<'_>> = vec![(word.as_bytes(), Some(Plain(word.as_bytes())))];
    let key = Key::new(&[SECRET; 32]);
    let secret = EpochSecret { id: *b"abcdef", from_ms: 0, until_ms: 1, secret: key.clone() };
    check("Plain", &format!("{:?} {:#?}", Plain(word.as_bytes()), Plain(word.as_bytes())));
    check("Key", &format!("{key:?} {key:#?}"));
    check("EpochSecret", &format!("{secret:?}"));
    let generation = Generation { id: *b"abcdef", from_ms: 0, secret: Some(key.clone()) };
    let tiers = vec![[(Epoch::Day(1), vec![generation])].into_iter().collect()];
    let stored = Stored { tiers, naming: Some(key.clone()), tenants: [([1; 16], Some(key.clone()))].into() };
    check("KeyRing", &format!("{:?}", KeyRing::ephemeral(key.clone())));
    check("KeyRing", &format!("{:?}", KeyRing::stored(stored)));
    let record = Record {
        input: garim::record::InputId(0),
        position: Position { partition: 0, offset: 0 },
        timestamp_ms: None,
        key: Some(Plain(word.as_bytes())),
        value: Some(Plain(word.as_bytes())),
        headers: &headers[..0],
    };
    check("Record", &format!("{record:?} {record:#?}"));
    let identity = age::x25519::Identity::generate();
    let private = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    let sealer = Sealer::new(&identity.to_public().to_string()).unwrap();
    let identities = Identities::parse(&private).unwrap();
    let payload = sealer.seal("in", 0, &Record { headers: &headers, ..record });
    let Payload::Sealed(sealed) = &payload else { panic!("{payload:?}") };
    let opened = identities.open(sealed).unwrap();
    check("a sealed record", sealed);
    for shown in [format!("{payload:?}"), format!("{opened:?} {opened:#?}"), format!("{sealer:?} {identities:?}")] {
        check("what opens and seals", &shown);
        assert!(!shown.contains(&private[16..26]), "{shown}");
    }
}

#[test]
fn treatment_leaves_no_canary_in_outputs_refusals_memory_or_metrics() {
    for (policy, name, source) in [
        ("kakao-work.toml", "kakaowork", Source::KakaoWork),
        ("kakao-work.toml", "support", Source::Support),
        ("kakao-work.toml", "bizmessage", Source::BizMessage),
        ("kakao-work.toml", "heykakao-device", Source::HeyKakaoDevice),
        ("access-log.toml", "web", Source::AccessLog),
    ] {
        let plan = policy::load(&config(policy)).unwrap_or_else(|faults| panic!("{faults}")).plan;
        let engine = Engine::new(plan, Limits { past_days: 30, future_days: 1 }).unwrap();
        let index = engine.sources().iter().position(|plan| *plan.name == *name).expect("the policy's source");
        let input = engine.input(&engine.sources()[index].topics[0]).expect("its topic");
        let key = format!("{CANARY}-key");
        let headers: Vec<Header<'_>> = vec![(b"x-user", Some(Plain(key.as_bytes())))];
        let values = singing(source);
        let records: Vec<Record<'_>> = values
            .iter()
            .enumerate()
            .map(|(offset, (value, timestamp_ms))| Record {
                input,
                position: Position { partition: 3, offset: offset as i64 },
                timestamp_ms: Some(*timestamp_ms),
                key: Some(Plain(key.as_bytes())),
                value: Some(Plain(value)),
                headers: &headers,
            })
            .collect();
        let keys = KeyRing::ephemeral(Key::new(&[SECRET; 32]));
        let (mut scratch, mut treated) = (Scratch::new(), Treated::default());
        engine.treat(&mut scratch, &keys, &records, &mut treated).unwrap();
        assert!(treated.outputs.len() > 100 && treated.refusals.len() > 100, "{policy}: {treated:?}");
        // What a policy seals has been staged, closed and written by now.
        let sealed = String::from_utf8_lossy(&treated.bytes).matches("\"sealed\":\"s1_").count();
        assert_eq!(sealed > 50, policy == "kakao-work.toml", "{policy}: {sealed} envelopes");
        // The whole buffer, keys and headers of outputs included.
        check("an output", &String::from_utf8_lossy(&treated.bytes));
        check("Treated", &format!("{treated:?}"));
        check("a refusal", &format!("{:?}", treated.refusals));
        check("a tally", &format!("{:?}", treated.tally));
        check("Scratch", &format!("{scratch:?} {scratch:#?}"));
        check("Engine", &format!("{engine:?}"));
        let metrics = Metrics::new();
        metrics.policy(&engine);
        Counters::new(&metrics, &engine).publish(&treated.tally);
        let shown = metrics.text();
        assert!(shown.contains("records_refused_total"), "{shown}");
        check("/metrics", &shown);
        check("Metrics", &format!("{metrics:?}"));
    }
}

/// What the program itself says about records that it refuses, as loudly as it can.
#[test]
fn the_program_tells_places_and_reasons_only() {
    for (policy, name, source) in
        [("kakao-work.toml", "kakaowork", Source::KakaoWork), ("access-log.toml", "web", Source::AccessLog)]
    {
        let lines: Vec<Vec<u8>> = singing(source).into_iter().map(|(value, _)| value).collect();
        for format in ["text", "json"] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_garim"))
                .args(["mask", "-vv", "--stats", "--log-level", "trace", "--format", format, "--source", name])
                .arg("--policy")
                .arg(config(policy))
                .env_clear()
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let input = lines.join(&b'\n');
            let writer = std::thread::spawn(move || stdin.write_all(&input));
            let output = child.wait_with_output().unwrap();
            writer.join().unwrap().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(65), "{said}");
            assert!(output.stdout.len() > 1000 && said.lines().count() > 10, "{said}");
            check("stdout", &String::from_utf8_lossy(&output.stdout));
            check("stderr", &said);
        }
    }
}
