//! The verbs of `garim keys` as they are typed, and what they leave in the log of acts.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use garim::policy::key::{KeyPlace, parse_letters};
use garim::telemetry::audit::Acts;
use garim::telemetry::audit::entry::{Act, KeyName, What};
use garim::telemetry::audit::file::FileLog;

use super::*;

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/kakao-work.toml");

/// A folder with a policy whose source has tenants, and the keys of three days.
struct Place {
    parent: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { parent: tempfile::tempdir().unwrap() };
        let (text, holidays) =
            (fs::read_to_string(POLICY).unwrap(), Path::new(POLICY).with_file_name("holidays-kr.toml"));
        fs::copy(holidays, place.parent.path().join("holidays-kr.toml")).unwrap();
        // The keys of one tier depend on tenants, which only the sources that lead there have.
        let common = "tenant   = \"/tenant_id\"\n";
        assert!(text.contains(common));
        let mut text = text.replacen(common, "", 1);
        let sources = ["kakaowork", "kakaowork-gov", "connect-talk", "bizmessage"];
        let tables = sources.map(|name| (format!("[sources.{name}]\n"), "tenant = \"/tenant_id\"\n"));
        let tier = (String::from("[tiers.until-contract-end]\n"), "tenants = true\n");
        for (table, key) in tables.into_iter().chain([tier]) {
            assert!(text.contains(&table), "{table}");
            text = text.replacen(&table, &format!("{table}{key}"), 1);
        }
        fs::write(place.policy(), text).unwrap();
        let made = place.keys(&["new", "--from", "2026-11-13", "--until", "2026-11-15"], b"");
        assert_eq!((made.status.code(), text_of(&made.stderr)), (Some(0), ""));
        place
    }

    fn policy(&self) -> PathBuf {
        self.parent.path().join("policy.toml")
    }

    fn dir(&self) -> PathBuf {
        self.parent.path().join("keys")
    }

    /// Runs a verb of `keys` on the folder.
    fn keys(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_garim"))
            .arg("keys")
            .args(arguments)
            .env_clear()
            .env("GARIM_KEYS", self.dir())
            .env("GARIM_POLICY", self.policy())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A verb that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn log(&self) -> FileLog {
        FileLog::open(&self.dir().join("audit"), "garim", None).unwrap()
    }

    fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        self.log().read(0, &mut |_, act| acts.push(act)).unwrap();
        acts
    }

    fn store(&self) -> Store {
        Store::open(&self.dir()).unwrap()
    }
}

fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn making_and_rotating_stand_in_the_log_before_anything_else() {
    let place = Place::new();
    let at = "2026-11-15T12:00:00+09:00";
    let arguments = ["rotate", "--effective-at", at, "--tier", "login-3m", "--reason", "a laptop is lost"];
    let early = place.keys(&arguments, b"");
    assert_eq!((early.status.code(), place.acts().len()), (Some(77), 1), "a past time wants --emergency");
    assert!(text_of(&early.stderr).contains("--emergency"), "{}", text_of(&early.stderr));
    let rotated = place.keys(&[&arguments[..], &["--emergency"]].concat(), b"");
    assert_eq!((rotated.status.code(), text_of(&rotated.stderr)), (Some(0), ""));
    assert!(text_of(&rotated.stdout).starts_with("1 keys made, for events from 2026-11-15T03:00:00Z on"));

    let acts = place.acts();
    let [made, rotated] = acts.as_slice() else { panic!("{acts:?}") };
    let What::KeysMade { store, keys } = &made.what else { panic!("{made:?}") };
    assert_eq!((store.as_str(), keys.len()), (place.store().id(), 52));
    let What::KeysRotated { keys, from_ms, reason, .. } = &rotated.what else { panic!("{rotated:?}") };
    assert_eq!(
        (keys[0].epoch.as_str(), keys[0].tier.as_str(), reason.as_str()),
        ("2026-11-15", "login-3m", "a laptop is lost")
    );
    assert_eq!(*from_ms, at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let id = parse_letters(&keys[0].id).unwrap();
    assert!(place.store().keys().iter().any(|listed| listed.key.id == id && listed.from_ms == Some(*from_ms)));

    let listed = place.keys(&["list", "--format", "json"], b"");
    let told: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let tier = told["tiers"].as_array().unwrap().iter().find(|tier| tier["tier"] == "login-3m").unwrap().clone();
    assert_eq!(tier["keys"][3]["generation"], 2);
    assert_eq!(
        (tier["keys"][3]["day"].as_str(), tier["keys"][3]["from"].as_str()),
        (Some("2026-11-15"), Some("2026-11-15T03:00:00Z"))
    );
    assert_eq!(told["store"], place.store().id());
}

#[test]
fn tenants_are_counted_and_never_named() {
    let place = Place::new();
    let input = "민들레상사-0417\nhyphen-crane-88\n\n  hyphen-crane-88  \n";
    let made = place.keys(&["tenant", "--source", "kakaowork"], input.as_bytes());
    assert_eq!((made.status.code(), text_of(&made.stderr)), (Some(0), ""));
    assert!(text_of(&made.stdout).starts_with("2 tenants' keys made, 0 were there"), "{}", text_of(&made.stdout));
    let ring = place.store().ring(&[]);
    let id = ring.tenant_id("kakaowork", "hyphen-crane-88").unwrap();
    assert!(matches!(ring.tenant(&id), garim::pseudonym::epoch::TenantLookup::Live(_)));

    let listed = place.keys(&["list"], b"");
    assert!(text_of(&listed.stdout).contains("tenants: 2 keys, 0 destroyed"), "{}", text_of(&listed.stdout));
    let acts: String = place.acts().iter().map(|act| format!("{act:?}")).collect();
    for told in [text_of(&made.stdout), text_of(&listed.stdout), &acts] {
        assert!(!told.contains("민들레") && !told.contains("hyphen-crane"), "{told}");
    }
    for (arguments, exit, words) in [
        (["tenant", "--source", "nobody"], 2, "no source `nobody`"),
        (["tenant", "--source", "support"], 78, "has no tenants"),
    ] {
        let refused = place.keys(&arguments, input.as_bytes());
        assert_eq!(refused.status.code(), Some(exit));
        assert!(text_of(&refused.stderr).contains(words), "{}", text_of(&refused.stderr));
    }
    let odd = place.keys(&["tenant", "--source", "kakaowork"], b"\xff\xfe");
    assert_eq!(odd.status.code(), Some(65));
}

/// What is done to a good store, and words of the complaint that `verify` makes.
type Harm = fn(&Place);

fn key(place: &Place, name: &str) -> (PathBuf, [u8; 6]) {
    let keys = place.store().keys();
    let found = keys.iter().find(|listed| listed.key.place.to_string() == name).unwrap();
    assert!(matches!(found.key.place, KeyPlace::Epoch { .. }));
    (place.dir().join(format!("{name}.key")), found.key.id)
}

fn say(place: &Place, at_ms: i64, what: What) {
    place.log().append(&Act::new(at_ms, "a test", what)).unwrap();
}

const HARMS: [(&str, Harm, i32, &[&str]); 8] = [
    ("nothing", |_| (), 0, &["in order: 52 keys, 0 destroyed, 0 of them of tenants, 1 acts"]),
    (
        "a key destroyed in order",
        |place| drop(Store::mark_and_remove(&place.dir(), &[key(place, "login-3m/2026-11-13").1], "{}", &mut steady)),
        0,
        &["in order: 51 keys, 1 destroyed"],
    ),
    (
        "a destroyed key copied back, and a file gone",
        |place| {
            let (path, id) = key(place, "login-3m/2026-11-13");
            let file = fs::read(&path).unwrap();
            Store::mark_and_remove(&place.dir(), &[id], "{}", &mut steady).unwrap();
            private(&path, &file);
        },
        77,
        &["login-3m/2026-11-13.key: the key ", "is destroyed, and its file is there"],
    ),
    (
        "a file gone",
        |place| fs::remove_file(key(place, "dispute-3y/2026-11-14").0).unwrap(),
        77,
        &["dispute-3y/2026-11-14.key: index.toml names this key, and it is gone"],
    ),
    (
        "two kinds of disagreement at once",
        |place| {
            let index = fs::read(place.dir().join("index.toml")).unwrap();
            place.keys(&["new", "--from", "2026-11-16", "--until", "2026-11-16"], b"");
            fs::write(place.dir().join("index.toml"), index).unwrap();
            fs::create_dir(place.dir().join("destroyed")).unwrap();
            set_mode(&place.dir().join("destroyed"), 0o700);
            fs::write(place.dir().join("destroyed/qqqqqq.json"), "{}").unwrap();
        },
        77,
        &["login-3m/2026-11-16.key: index.toml does not name this key", "qqqqqq.json: marks a key as destroyed that"],
    ),
    (
        "an old copy of a whole store",
        |place| {
            let (_, id) = key(place, "login-3m/2026-11-13");
            let name =
                KeyName { id: letters_of(id), tier: String::from("login-3m"), epoch: String::from("2026-11-13") };
            let store = place.store().id().to_owned();
            say(place, 0, What::DestroyBegun { store, keys: vec![name], reason: String::from("its term is over") });
        },
        77,
        &["login-3m/2026-11-13.key: the log of acts says that the key ", "is destroyed, and it is there"],
    ),
    (
        "destroyed in another store",
        |place| {
            let ids = vec![letters_of(key(place, "login-3m/2026-11-13").1)];
            say(place, 0, What::Destroyed { store: "0123456789abcdef".into(), ids, unconfirmed: Vec::new() });
        },
        0,
        &["in order: 52 keys"],
    ),
    (
        "a clock that is behind",
        |place| {
            let ahead_ms = jiff::Timestamp::now().as_millisecond() + 10 * 60_000;
            say(place, ahead_ms, What::Alive { lease_ms: 1 });
        },
        77,
        &["its newest act is ", "minutes ahead of this host's clock", "set the clock"],
    ),
];

fn letters_of(id: [u8; 6]) -> String {
    String::from_utf8(id.to_vec()).unwrap()
}

#[test]
fn verify_tells_all_that_does_not_hold() {
    for (name, harm, exit, words) in HARMS {
        let place = Place::new();
        harm(&place);
        let verified = place.keys(&["verify"], b"");
        let told = format!("{}{}", text_of(&verified.stdout), text_of(&verified.stderr));
        assert_eq!(verified.status.code(), Some(exit), "{name}: {told}");
        assert!(words.iter().all(|word| told.contains(word)), "{name}: {told}");
        assert_eq!(exit == 0, verified.stderr.is_empty(), "{name}: {told}");
    }
}

#[test]
fn the_next_writing_verb_completes_what_was_interrupted() {
    let place = Place::new();
    let (path, id) = key(&place, "login-3m/2026-11-13");
    let mut left = 6;
    let stop = &mut |_| {
        left -= 1;
        if left < 0 { Err(garim::policy::key::Interrupted) } else { Ok(()) }
    };
    Store::mark_and_remove(&place.dir(), &[id], "{}", stop).unwrap_err();
    assert!(path.exists() && place.dir().join(format!("destroyed/{}.json", letters_of(id))).exists());
    assert_eq!(place.keys(&["verify"], b"").status.code(), Some(77));
    assert_eq!(place.keys(&["new", "--from", "2026-11-13", "--until", "2026-11-13"], b"").status.code(), Some(0));
    assert!(!path.exists());
    assert_eq!(place.keys(&["verify"], b"").status.code(), Some(0));
}

#[test]
fn a_store_of_a_newer_version_is_78() {
    let place = Place::new();
    edit(&place.dir(), "version = 2", "version = 9");
    for verb in [&["list"][..], &["verify"], &["new"], &["tenant", "--source", "kakaowork"]] {
        let refused = place.keys(verb, b"somebody\n");
        assert_eq!(refused.status.code(), Some(78), "{verb:?}");
        assert!(text_of(&refused.stderr).contains("version 9"), "{}", text_of(&refused.stderr));
    }
}
