//! Sealed values and the two people who may open them: what a request says, who signed it, and what is left when it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use garim::policy::key::{Store, steady};
use garim::service::request::{
    OpenScope, PersonKey, Records, Refused, ReplayScope, Request, SignedRequest, Span, VERSION, What,
};
use garim::telemetry::audit::Acts as _;
use garim::telemetry::audit::entry::{self, Act, KeyName};
use garim::telemetry::audit::file::FileLog;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

const POLICY: &str = r#"
policy = "opening"
effective = 2026-10-01
timezone = "Asia/Seoul"

[tiers.legal]
keep = "5 years"

[tiers.other]
keep = "5 years"

[sources.app]
topics = ["app.activity"]
format = "json"
time = "/at"

[[sources.app.items]]
item = "at"
at = "/at"
kind = "time"
do = "keep"

[[sources.app.items]]
item = "login_id"
at = "/items/login_id"
kind = "email"
do = ["pseudonymize", "seal"]

[[sources.app.items]]
item = "voice"
at = "/voice"
kind = "text"
do = "seal"

[[sources.app.routes]]
to = ["legal"]
"#;

/// Three records of two days; the value of the second spans lines.
const RECORDS: &str = concat!(
    r#"{"at":"2026-11-23T09:15:42+09:00","items":{"login_id":"user7@example.com"},"voice":"play 음악"}"#,
    "\n",
    r#"{"at":"2026-11-23T09:15:43+09:00","items":{"login_id":null},"voice":{ "text" : ["a" , 1.50] }}"#,
    "\n",
    r#"{"at":"2026-11-24T09:15:44+09:00","items":{"login_id":"user8@example.com"}}"#,
    "\n",
);

/// A place with a policy, settings, keys, treated records and the keys of three people.
struct Place {
    root: tempfile::TempDir,
}

fn private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A person's key, made of one byte: nobody's.
fn signing(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

/// Writes a person's key; their line in `[open.people]`.
pub(crate) fn person(file: &Path, name: &str, byte: u8) -> String {
    private(file, signing(byte).to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes());
    format!("{name} = \"{}\"\n", PersonKey::read(file).unwrap().public())
}

impl Place {
    fn new() -> Self {
        let place = Self { root: tempfile::tempdir().unwrap() };
        let mut people = String::new();
        for (name, byte) in [("gildong", 1), ("younghee", 2), ("cheolsu", 3)] {
            people.push_str(&person(&place.at(&format!("{name}.pem")), name, byte));
        }
        let twin = PersonKey::read(&place.at("gildong.pem")).unwrap().public();
        people.push_str(&format!("twin = \"{twin}\"\n"));
        fs::write(place.at("policy.toml"), POLICY).unwrap();
        fs::write(
            place.at("garim.toml"),
            format!(
                "version = 1\npolicy = \"{}\"\n[kafka]\nbrokers = \"localhost:1\"\n[keys]\ndir = \"{}\"\n[audit]\nname = \"example/garim\"\n[open.people]\n{people}",
                place.at("policy.toml").display(),
                place.at("keys").display()
            ),
        )
        .unwrap();
        place.good(&["keys", "new", "--from", "2026-11-20", "--until", "2026-11-30", "--audit", &place.text("acts")]);
        fs::write(place.at("in.ndjson"), RECORDS).unwrap();
        let treated = place.good(&["mask", "--keys", &place.text("keys"), &place.text("in.ndjson")]);
        fs::write(place.at("tier.ndjson"), treated.stdout).unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    fn garim(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
        command.env_clear().args(["-c", &self.text("garim.toml")]).args(arguments).output().unwrap()
    }

    fn good(&self, arguments: &[&str]) -> Output {
        let output = self.garim(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// A request for the treated file, changed, and signed by these people.
    fn request(&self, change: impl FnOnce(&mut Request), signers: &[&str]) -> PathBuf {
        let digest = Sha256::digest(fs::read(self.at("tier.ndjson")).unwrap());
        let records = Records::Files(vec![digest.iter().map(|byte| format!("{byte:02x}")).collect()]);
        let mut request = request(records);
        change(&mut request);
        let mut signed = SignedRequest { request: request.text(), signatures: Vec::new() };
        for signer in signers {
            let key = PersonKey::read(&self.at(&format!("{signer}.pem"))).unwrap();
            signed.sign(signer, &key, &[]).unwrap();
        }
        let path = self.at("request.json");
        fs::write(&path, signed.to_bytes()).unwrap();
        path
    }

    fn open(&self, request: &Path) -> Output {
        self.open_with(request, "tier.ndjson", "acts")
    }

    fn open_with(&self, request: &Path, file: &str, acts: &str) -> Output {
        let request = request.display().to_string();
        let (out, acts, file) = (self.text("out.ndjson"), self.text(acts), self.text(file));
        self.garim(&["open", &request, &file, "--audit", &acts, "-o", &out])
    }

    fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        FileLog::open(&self.at("acts"), "example/garim", None).unwrap().read(0, &mut |_, act| acts.push(act)).unwrap();
        acts
    }

    /// Fails unless nothing was opened: no output, nothing beside it, nothing on the streams.
    fn nothing(&self, what: &str, output: &Output, exit: i32, said: &str) {
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{what}: {err}");
        assert!(err.contains(said), "{what}: {err}");
        for text in [&*err, &*String::from_utf8_lossy(&output.stdout)] {
            assert!(!text.contains("user7") && !text.contains("음악"), "{what} shows a value: {text}");
        }
        let left: Vec<_> = fs::read_dir(self.root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let left = left.iter().filter(|name| name.to_string_lossy().starts_with("out.ndjson"));
        assert_eq!(left.count(), 0, "{what}: an output is left");
    }
}

fn request(records: Records) -> Request {
    let now = Timestamp::now().round(jiff::Unit::Second).unwrap();
    let scope = OpenScope { tier: "legal".into(), source: "app".into(), records, fields: Vec::new() };
    Request {
        v: VERSION,
        nonce: "0123456789abcdef0123456789abcdef".into(),
        requester: "gildong".into(),
        approver: "younghee".into(),
        reason: "answer to a complaint".into(),
        basis: "전자상거래법 제6조".into(),
        ticket: Some("CS-17".into()),
        made_at: now,
        valid_until: now + SignedDuration::from_hours(24),
        what: What::Open(scope),
    }
}

#[test]
fn two_people_open_what_they_signed_for() {
    let place = Place::new();
    let treated = fs::read_to_string(place.at("tier.ndjson")).unwrap();
    assert!(
        !treated.contains("user7@") && !treated.contains("음악") && treated.matches("\"sealed\":\"s1_").count() == 3
    );
    let file = place.text("asked.json");
    let tier = place.text("tier.ndjson");
    let asked = ["--requester", "gildong", "--approver", "younghee", "--reason", "a complaint", "--basis", "a law"];
    let mut arguments = vec!["open", "request", "--tier", "legal", "--source", "app", "-o", &file];
    arguments.extend(asked);
    arguments.push(&tier);
    let words = String::from_utf8(place.good(&arguments).stdout).unwrap();
    assert!(words.contains("sealed values of source app in tier legal") && words.contains("gildong"), "{words}");
    let again = place.garim(&arguments);
    assert_eq!(again.status.code(), Some(69), "a request is not written over");
    for person in ["gildong", "younghee"] {
        place.good(&["sign", &file, "--as", person, "--key", &place.text(&format!("{person}.pem")), "--yes"]);
    }

    let opened = place.open(&place.at("asked.json"));
    assert_eq!(opened.status.code(), Some(0), "{}", String::from_utf8_lossy(&opened.stderr));
    let out = place.at("out.ndjson");
    assert_eq!(out.symlink_metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let text = fs::read_to_string(&out).unwrap();
    let expected = [
        (1, r#"{"/items/login_id":"user7@example.com","/voice":"play 음악"}"#),
        (2, r#"{"/voice":{ "text" : ["a" , 1.50] }}"#),
        (3, r#"{"/items/login_id":"user8@example.com"}"#),
    ];
    let lines = expected
        .map(|(line, sealed)| format!("{{\"at\":{{\"file\":\"{tier}\",\"line\":{line}}},\"sealed\":{sealed}}}\n"));
    assert_eq!(text, lines.concat());
    for text in [String::from_utf8_lossy(&opened.stdout), String::from_utf8_lossy(&opened.stderr)] {
        assert!(!text.contains("user7"), "{text}");
    }

    let acts = place.acts();
    let [.., opening, done] = &acts[..] else { panic!("{acts:?}") };
    let digest: String = Sha256::digest(SignedRequest::parse(&fs::read(&file).unwrap()).unwrap().request)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let entry::What::Opening { request, signatures } = &opening.what else { panic!("{opening:?}") };
    assert!(request.contains("a complaint"));
    assert_eq!(signatures.iter().map(|signed| &*signed.person).collect::<Vec<_>>(), ["gildong", "younghee"]);
    assert_eq!(done.what, entry::What::Opened { request: digest, records: 3 });
}

#[test]
fn only_the_fields_of_the_request_are_opened() {
    let place = Place::new();
    let fields = |fields: &'static [&'static str]| {
        move |request: &mut Request| {
            let What::Open(scope) = &mut request.what else { panic!("a scope") };
            scope.fields = fields.iter().map(|field| field.to_string()).collect();
        }
    };
    let file = place.request(fields(&["/items"]), &["gildong", "younghee"]);
    let output = place.open(&file);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 records opened, 1 left"));
    let text = fs::read_to_string(place.at("out.ndjson")).unwrap();
    assert!(text.contains("user7@") && text.contains("user8@") && !text.contains("음악"), "{text}");
    fs::remove_file(place.at("out.ndjson")).unwrap();
    // A name that only begins alike is another field.
    let file = place.request(fields(&["/item", "/voice/tex"]), &["gildong", "younghee"]);
    place.nothing("other fields", &place.open(&file), 65, "nothing of these records");
}

#[test]
fn what_two_people_did_not_sign_opens_nothing() {
    type Change = fn(&mut Request);
    let as_it_is: Change = |_| {};
    let rows: [(&str, Change, &[&str], &str); 9] = [
        ("nobody signed", as_it_is, &[], "the requester, gildong, must sign once"),
        ("one signature", as_it_is, &["gildong"], "the approver, younghee, must sign once"),
        (
            "an unknown person",
            |request| request.approver = "jane".into(),
            &["gildong"],
            "the approver, jane, is not in `[open.people]`",
        ),
        ("the same person twice", |request| request.approver = "gildong".into(), &[], "two people are needed"),
        (
            "one key under two names",
            |request| request.approver = "twin".into(),
            &["gildong"],
            "requester and approver have one key",
        ),
        (
            "expired",
            |request| {
                request.made_at -= SignedDuration::from_hours(30);
                request.valid_until -= SignedDuration::from_hours(30);
            },
            &["gildong", "younghee"],
            "the request was valid until",
        ),
        (
            "made in the future",
            |request| request.made_at += SignedDuration::from_hours(2),
            &["gildong", "younghee"],
            "in the future",
        ),
        (
            "a replay",
            |request| {
                let span = Span { topic: "quarantine.app".into(), partition: 0, from: 0, until: 1 };
                request.what = What::Replay(ReplayScope { spans: vec![span], reasons: Vec::new() });
            },
            &["gildong", "younghee"],
            "not one to open sealed values",
        ),
        (
            "no such tier",
            |request| {
                let What::Open(scope) = &mut request.what else { panic!("a scope") };
                scope.tier = "nowhere".into();
            },
            &["gildong", "younghee"],
            "no tier `nowhere`",
        ),
    ];
    let place = Place::new();
    let before = place.acts().len();
    for (what, change, signers, said) in rows {
        // A request that is wrong by itself cannot be signed; it may still be brought.
        let file = place.request(change, signers);
        place.nothing(what, &place.open(&file), 1, said);
    }
    let file = place.request(as_it_is, &["gildong", "younghee"]);
    let whole = fs::read_to_string(&file).unwrap();
    for (what, from, to, said) in [
        ("a changed reason", "a complaint", "a complaInt", "is not theirs under this text"),
        ("another tier", "\\\"legal\\\"", "\\\"other\\\"", "is not theirs under this text"),
        ("a member that nobody reads", "{\\\"v\\\":1,", "{\\\"v\\\":1,\\\"note\\\":\\\"x\\\",", "does not read"),
        ("another way to write it", "{\\\"v\\\":1,", "{ \\\"v\\\":1,", "says it otherwise"),
        ("swapped names", "\"person\":\"younghee\"", "\"person\":\"cheolsu\"", "cheolsu signed, who is neither"),
        ("no request", "{\"request\"", "{\"requests\"", "no request file"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{what}");
        fs::write(&file, changed).unwrap();
        place.nothing(what, &place.open(&file), 1, said);
    }
    fs::write(&file, whole.replacen("{\\\"v\\\":1,", "{\\\"v\\\":2,", 1)).unwrap();
    place.nothing("a newer request", &place.open(&file), 78, "version 2 of the request is newer");
    assert_eq!(place.acts().len(), before, "nothing was opened, and no act says so");
}

#[test]
fn every_bit_of_a_signature_counts() {
    let place = Place::new();
    let people: Vec<(String, String)> = ["gildong", "younghee"]
        .map(|name| (name.to_owned(), PersonKey::read(&place.at(&format!("{name}.pem"))).unwrap().public()))
        .into();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    let signed = SignedRequest::parse(&fs::read(file).unwrap()).unwrap();
    assert!(signed.verify(&people, Timestamp::now()).is_ok());
    for person in 0..2 {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let bytes = engine.decode(&signed.signatures[person].signature).unwrap();
        for bit in 0..8 * bytes.len() {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut changed = signed.clone();
            changed.signatures[person].signature = engine.encode(bytes);
            assert!(changed.verify(&people, Timestamp::now()).is_err(), "bit {bit} of signature {person}");
        }
    }
    // One person's signature is not the other's.
    let mut swapped = signed.clone();
    swapped.signatures.swap(0, 1);
    assert!(swapped.verify(&people, Timestamp::now()).is_ok(), "their order in the file does not matter");
    let first = swapped.signatures[0].signature.clone();
    swapped.signatures[0].signature = swapped.signatures[1].signature.clone();
    swapped.signatures[1].signature = first;
    assert!(swapped.verify(&people, Timestamp::now()).is_err());
}

#[test]
fn a_request_has_bounds() {
    type Change = fn(&mut Request);
    let rows: [(&str, Change); 9] = [
        ("`valid_until`", |request| request.valid_until += SignedDuration::from_hours(7 * 24)),
        ("`valid_until`", |request| request.valid_until = request.made_at),
        ("`reason`", |request| request.reason = " ".into()),
        ("`reason`", |request| request.reason = "two\nlines".into()),
        ("`basis`", |request| request.basis = "x".repeat(2000)),
        ("`nonce`", |request| request.nonce = "short".into()),
        ("`files`", |request| scope(request).records = Records::Files(vec![])),
        ("`files`", |request| scope(request).records = Records::Files(vec!["00".into()])),
        ("`offsets`", |request| {
            let span = Span { topic: "tier.legal.app".into(), partition: 0, from: 5, until: 1_000_000 };
            scope(request).records = Records::Topic(span);
        }),
    ];
    fn scope(request: &mut Request) -> &mut OpenScope {
        let What::Open(scope) = &mut request.what else { panic!("a scope") };
        scope
    }
    for (member, change) in rows {
        let mut request = request(Records::Files(vec!["ab".repeat(32)]));
        assert!(SignedRequest::new(&request).is_ok());
        change(&mut request);
        let Refused(wrong) = SignedRequest::new(&request).unwrap_err();
        assert!(wrong.len() == 1 && wrong[0].to_string().starts_with(member), "{member}: {wrong:?}");
    }
}

#[test]
fn signing_takes_turns_and_the_right_key() {
    let place = Place::new();
    let file = place.request(|_| {}, &[]);
    let name = file.display().to_string();
    let sign =
        |person: &str, key: &str| place.garim(&["sign", &name, "--as", person, "--key", &place.text(key), "--yes"]);
    fs::set_permissions(place.at("cheolsu.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(place.at("gildong.pem"), place.at("link.pem")).unwrap();
    private(&place.at("rsa.pem"), b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    for (person, key, exit, said) in [
        ("younghee", "younghee.pem", 1, "the next signature is that of gildong"),
        ("gildong", "younghee.pem", 1, "not the one that `[open.people]` has"),
        ("gildong", "cheolsu.pem", 77, "wider than 0600"),
        ("gildong", "link.pem", 77, "is a link"),
        ("gildong", "rsa.pem", 77, "is no Ed25519 key"),
        ("gildong", "nowhere.pem", 77, "cannot open"),
    ] {
        let output = sign(person, key);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(exit) && err.contains(said), "{person} by {key}: {err}");
        assert!(!err.contains("AAAA"), "{err}");
    }
    // Without a terminal nobody is asked, and nothing is signed.
    let unasked = place.garim(&["sign", &name, "--as", "gildong", "--key", &place.text("gildong.pem")]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(SignedRequest::parse(&fs::read(&file).unwrap()).unwrap().signatures.is_empty());
    assert_eq!(sign("gildong", "gildong.pem").status.code(), Some(0));
    assert_eq!(sign("gildong", "gildong.pem").status.code(), Some(1), "it is the approver's turn");
    assert_eq!(sign("younghee", "younghee.pem").status.code(), Some(0));
    assert_eq!(sign("younghee", "younghee.pem").status.code(), Some(1), "two are enough");
}

#[test]
fn other_files_and_other_records_stay_shut() {
    let place = Place::new();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    let treated = fs::read_to_string(place.at("tier.ndjson")).unwrap();
    fs::write(place.at("longer.ndjson"), format!("{treated}\n")).unwrap();
    place.nothing("another file", &place.open_with(&file, "longer.ndjson", "acts"), 1, "no file of the request");
    let out = place.text("out.ndjson");
    let none = place.garim(&["open", &file.display().to_string(), "--audit", &place.text("acts"), "-o", &out]);
    place.nothing("no file", &none, 2, "files are missing");

    // A record whose id, policy or envelope is another's, beside one that is whole.
    let lines: Vec<&str> = treated.lines().collect();
    let sealed = |line: &str| line.split("\"sealed\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let transplanted = lines[0].replace(&sealed(lines[0]), &sealed(lines[1]));
    let renamed = lines[0].replacen("\"garim\":\"", "\"garim\":\"a", 1);
    let mixed = [lines[2], &transplanted, &renamed, "{}", "no record", lines[1]].join("\n");
    fs::write(place.at("tier.ndjson"), mixed).unwrap();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    let output = place.open(&file);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
    for said_so in ["2 records opened, 4 left", "3  no-record", "1  shut"] {
        assert!(said.contains(said_so), "{said}");
    }
    let text = fs::read_to_string(place.at("out.ndjson")).unwrap();
    assert!(text.contains("user8@") && text.contains("1.50") && !text.contains("user7@"), "{text}");
}

#[test]
fn an_output_that_exists_is_left_alone() {
    let place = Place::new();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    let before = place.acts().len();
    fs::write(place.at("out.ndjson"), "precious").unwrap();
    let output = place.open(&file);
    assert_eq!(output.status.code(), Some(69), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(place.at("out.ndjson")).unwrap(), "precious");
    fs::remove_file(place.at("out.ndjson")).unwrap();
    std::os::unix::fs::symlink(place.at("elsewhere"), place.at("out.ndjson")).unwrap();
    assert_eq!(place.open(&file).status.code(), Some(69), "a link is no new file");
    assert!(!place.at("elsewhere").exists());
    assert_eq!(place.acts().len(), before);
}

#[test]
fn without_a_log_of_acts_nothing_is_opened() {
    let place = Place::new();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    // A plain file where the folder of the log should be.
    fs::write(place.at("no-acts"), "").unwrap();
    place.nothing("no log", &place.open_with(&file, "tier.ndjson", "no-acts"), 69, "no-acts");
}

#[test]
fn a_destroyed_key_opens_nothing() {
    let place = Place::new();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    let keys = Store::open(&place.at("keys")).unwrap().keys();
    let of_day = |day: &str| {
        let wanted = format!("legal/{day}");
        keys.iter().find(|listed| listed.key.place.to_string() == wanted).expect("a key of that day").key.clone()
    };
    // One day is gone: the record of the other one opens.
    Store::mark_and_remove(&place.at("keys"), &[of_day("2026-11-23").id], "{}", &mut steady).unwrap();
    let output = place.open(&file);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(65), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 records opened, 2 left") && said.contains("2  key-destroyed"), "{said}");
    fs::remove_file(place.at("out.ndjson")).unwrap();

    // The log of acts says that the other one is destroyed too. Its file is still there, or was copied back.
    let key = of_day("2026-11-24");
    let name = KeyName { id: key.letters(), tier: "legal".into(), epoch: "2026-11-24".into() };
    let store = Store::open(&place.at("keys")).unwrap().id().to_owned();
    let begun = entry::What::DestroyBegun { store, keys: vec![name], reason: "a test".into() };
    let mut log = FileLog::open(&place.at("acts"), "example/garim", None).unwrap();
    log.append(&Act::new(1_795_393_200_000, "a test", begun)).unwrap();
    drop(log);
    place.nothing("a destroyed key", &place.open(&file), 77, "destroyed");
}

#[test]
fn a_store_that_was_made_again_from_its_mirror_opens() {
    let place = Place::new();
    let file = place.request(|_| {}, &["gildong", "younghee"]);
    Store::mirror(&place.at("keys"), &place.at("mirror"), &mut steady).unwrap();
    fs::remove_dir_all(place.at("keys")).unwrap();
    let without = place.open(&file);
    place.nothing("no store", &without, 77, "keys");
    Store::mirror(&place.at("mirror"), &place.at("keys"), &mut steady).unwrap();
    let output = place.open(&file);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(place.at("out.ndjson")).unwrap().lines().count(), 3);
}

#[test]
fn a_record_that_is_sealed_whole_is_opened_whole_or_by_its_originals() {
    let place = Place::new();
    let sealed = POLICY.replacen("keep = \"5 years\"", "keep = \"5 years\"\nbody = \"sealed\"", 1);
    fs::write(place.at("policy.toml"), sealed).unwrap();
    let treated = place.good(&["mask", "--keys", &place.text("keys"), &place.text("in.ndjson")]);
    let text = String::from_utf8(treated.stdout).unwrap();
    assert!(text.lines().count() == 3 && text.lines().all(|line| line.starts_with(r#"{"sealed":"s1_"#)), "{text}");
    assert!(!text.contains("2026-11"), "{text}");
    fs::write(place.at("tier.ndjson"), text).unwrap();
    let output = place.open(&place.request(|_| {}, &["gildong", "younghee"]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let opened = fs::read_to_string(place.at("out.ndjson")).unwrap();
    let opened: Vec<serde_json::Value> = opened.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let token = opened[0]["sealed"][""]["items"]["login_id"].as_str().unwrap().to_owned();
    assert!(token.starts_with("em_") && !token.contains('?'), "{token}");
    assert_eq!(opened[0]["sealed"]["/items/login_id"], "user7@example.com");
    assert_eq!(opened[1]["sealed"][""]["at"], "2026-11-23T09:15:43+09:00");
    fs::remove_file(place.at("out.ndjson")).unwrap();

    // Who asked for certain fields gets their originals, and not the record around them.
    let asked = |request: &mut Request| {
        let What::Open(scope) = &mut request.what else { panic!("a scope") };
        scope.fields = vec!["/items".to_owned()];
        request.nonce = "1123456789abcdef0123456789abcdef".into();
    };
    let output = place.open(&place.request(asked, &["gildong", "younghee"]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let opened = fs::read_to_string(place.at("out.ndjson")).unwrap();
    assert!(opened.contains(r#""sealed":{"/items/login_id":"user7@example.com"}"#), "{opened}");
    assert!(!opened.contains("em_") && opened.lines().count() == 2, "{opened}");
}
