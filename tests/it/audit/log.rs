//! Checkpoints against an independent implementation, signing keys, and the log of acts that several processes share.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use garim::telemetry::audit::checkpoint::{Checkpoint, Signer, Verifier};
use garim::telemetry::audit::disk::Host;
use garim::telemetry::audit::entry::Act;
use garim::telemetry::audit::file::FileLog;
use garim::telemetry::audit::verify::verify;
use garim::telemetry::audit::{Acts, AuditFault, merkle};

use super::{NAME, PEM, act, other_signer, signer};

/// Made by Python's `cryptography` and `hashlib` from the two keys, over the empty tree.
const VECTORS: [(&str, &str); 2] = [
    (
        "garim/eu+8eb30c30+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "garim/eu/acts\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} garim/eu \
         jrMMMD7TUx7xUWQ2i0CT3k13kzHtUqPTe9S/zN8kMX6+5e7Jb26i9pARTUT07SQaVuenGaJvJIo1TxdAvYY+do6F4QY=\n",
    ),
    (
        "garim/eu+8e5f58f4+AXm1Vi6P5lT5QHixEuipi6eQH4U65pW+1+DjkQutBJZk",
        "garim/eu/acts\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} garim/eu \
         jl9Y9J1Vf/qcQ8WTEoBpJl5zMpPF52ZgxNJtfHVGFAyaur120W+81NIld4mcl3e7FQ2PFxvveHfsv8jn/ANeGqB3bAc=\n",
    ),
];

#[test]
fn checkpoints_are_signed_notes() {
    for (signer, (key, note)) in [signer(), other_signer()].into_iter().zip(VECTORS) {
        assert_eq!(signer.verifier().to_string(), key);
        assert_eq!(signer.sign("garim/eu/acts", 0, &merkle::root_of(&[])), note);
        let verifier: Verifier = key.parse().unwrap();
        assert_eq!(verifier, signer.verifier());
        let read = Checkpoint::read_all(note, "a note").unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].origin.as_str(), read[0].size), ("garim/eu/acts", 0));
        assert_eq!(read[0].signed_by(&[verifier]), Ok(vec![key[..17].to_owned()]));
    }
    // The example of the specification has an id of its own making.
    let example = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    assert_eq!(example.parse::<Verifier>().unwrap().to_string(), example);
}

#[test]
fn what_is_no_checkpoint_or_key_is_refused() {
    let (key, note) = VECTORS[0];
    for (from, to) in [
        ("garim/eu/acts\n0", "garim/eu/acts\n00"),
        ("garim/eu/acts\n0", "garim/eu/acts\n-1"),
        ("garim/eu/acts\n0", "garim/eu/acts"),
        ("=\n\n", "=\n"),
        ("47DE", "47D"),
        ("garim/eu jr", "garim/eujr"),
        ("garim/eu jrMMMD7T", "garim/eu !rMMMD7T"),
        ("acts", "acts\t"),
    ] {
        let bent = note.replace(from, to);
        assert_ne!(bent, note);
        assert!(Checkpoint::read_all(&bent, "a note").is_err(), "{from:?} to {to:?} passes");
    }
    assert!(Checkpoint::read_all("\n\n", "a note").is_err());
    let two = format!("{note}\n\n{}", VECTORS[1].1);
    assert_eq!(Checkpoint::read_all(&two, "two notes").unwrap().len(), 2);

    for (from, to) in [("+8eb3", "+8eb4"), ("garim/eu+", "garim/us+"), ("+AQO", "+BQO"), ("+AQO", "+QO"), ("+", "")] {
        assert!(key.replacen(from, to, 1).parse::<Verifier>().is_err(), "{from:?} to {to:?} passes");
    }
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(Signer::from_pem(PEM, name).is_err(), "{name:?} names a log");
    }
}

#[test]
fn a_signing_key_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.pem");
    fs::write(&path, PEM).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = Signer::load(&path, NAME).unwrap_err().to_string();
    assert!(refused.contains("mode 0640 lets others in; chmod 600"), "{refused}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let signer = Signer::load(&path, NAME).unwrap();
    assert_eq!(signer.verifier().to_string(), VECTORS[0].0);
    assert_eq!(format!("{signer:?}"), format!("Signer({})", VECTORS[0].0));
    fs::write(&path, PEM.replace("MC4CAQAw", "MC4CAQAx")).unwrap();
    let refused = Signer::load(&path, NAME).unwrap_err().to_string();
    assert!(refused.contains("not an Ed25519 key in PKCS#8 PEM") && !refused.contains("MC4C"), "{refused}");
    let refused = Signer::load(dir.path(), NAME).unwrap_err().to_string();
    assert!(refused.contains("not a plain file"), "{refused}");
}

fn all(log: &mut FileLog) -> Vec<Act> {
    let mut acts = Vec::new();
    let size = log.read(0, &mut |index, act| {
        assert_eq!(index, acts.len() as u64);
        acts.push(act);
    });
    assert_eq!(size, Ok(acts.len() as u64));
    acts
}

#[test]
fn acts_come_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = FileLog::open(&dir.path().join("a/log"), NAME, Some(signer())).unwrap();
    assert_eq!(all(&mut log), []);
    for number in 0..300 {
        assert_eq!(log.append(&act(number)), Ok(number as u64));
    }
    assert_eq!(all(&mut log), (0..300).map(act).collect::<Vec<_>>());
    let mut some = Vec::new();
    assert_eq!(log.read(298, &mut |index, act| some.push((index, act))), Ok(300));
    assert_eq!(some, [(298, act(298)), (299, act(299))]);
    assert_eq!(log.read(300, &mut |_, _| panic!("there is none")), Ok(300));
    let report = verify(&dir.path().join("a/log"), &[signer().verifier()], &[]);
    assert_eq!((report.faults, report.logs[0].size), (Vec::new(), 300));
    let other = FileLog::open(&dir.path().join("a/log"), "garim/us", None).err().unwrap().to_string();
    assert!(other.contains("of another log than `garim/us/acts`"), "{other}");
}

#[test]
fn several_writers_take_turns() {
    let dir = tempfile::tempdir().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|writer| {
            let dir = dir.path().to_owned();
            std::thread::spawn(move || {
                let mut log = FileLog::open(&dir, NAME, None).unwrap();
                (0..8).map(|number| log.append(&act(writer * 8 + number)).unwrap()).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut indexes: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..32).collect::<Vec<_>>());
    let mut acts = all(&mut FileLog::open(dir.path(), NAME, None).unwrap());
    acts.sort_by_key(|act| act.at_ms);
    assert_eq!(acts, (0..32).map(act).collect::<Vec<_>>());
    assert_eq!(verify(dir.path(), &[], &[]).faults, []);
}

#[test]
fn a_log_that_cannot_be_written_takes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = FileLog::open(dir.path(), NAME, None).unwrap();
    log.append(&act(0)).unwrap();
    // A file in place of the folder of the next bundle: refused for every user.
    let acts = dir.path().join("acts");
    fs::rename(acts.join("tile/entries/000.p"), acts.join("kept")).unwrap();
    fs::write(acts.join("tile/entries/000.p"), b"").unwrap();
    let refused = log.append(&act(1)).unwrap_err();
    assert!(matches!(refused, AuditFault::Io { .. }), "{refused}");
    fs::remove_file(acts.join("tile/entries/000.p")).unwrap();
    fs::rename(acts.join("kept"), acts.join("tile/entries/000.p")).unwrap();
    assert_eq!(all(&mut log), [act(0)]);
    assert_eq!(log.append(&act(1)), Ok(1));

    // Another process has it and does not let go: seen at once here, after a bounded wait by an append.
    let _held = Host::hold(&acts).unwrap();
    let busy = Host::hold(&acts).unwrap_err().to_string();
    assert!(busy.contains("another garim is writing to this log"), "{busy}");
}
