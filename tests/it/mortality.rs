//! One key from its making to its end, by the verbs that operators type: what it made, and that nothing brings it back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use std::io::Write as _;

/// A service tier that has ended by the calendar, so that its keys may and must go.
const POLICY: &str = r#"
policy = "mortality"
effective = 2026-10-01
timezone = "Asia/Seoul"

[tiers.short]
keep = "3 days"

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
at = "/login_id"
kind = "email"
do = ["pseudonymize", "seal"]

[[sources.app.routes]]
to = ["short"]
"#;

const RECORD: &str = "{\"at\":\"2026-11-02T09:15:42+09:00\",\"login_id\":\"gildong@example.com\"}\n";

struct Place(tempfile::TempDir);

impl Place {
    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a verb in the folder of the place, with `input` on its standard input.
    fn garim(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
        command.env_clear().current_dir(self.0.path()).args(["-c", "garim.toml", "--color", "never"]).args(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        // A verb that does not read may have ended before this is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn good(&self, arguments: &[&str], input: &str) -> String {
        let output = self.garim(arguments, input);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Exit code, and what was said on standard error.
    fn refused(&self, arguments: &[&str], input: &str) -> (Option<i32>, String) {
        let output = self.garim(arguments, input);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn mask(&self) -> Vec<&'static str> {
        vec!["mask", "--keys", "keys", "in.ndjson"]
    }

    fn lookup(&self) -> Vec<&'static str> {
        vec!["lookup", "--keys", "keys", "--audit", "acts", "--source", "app", "--kind", "email", "--reason", "a test"]
    }
}

/// A policy, settings with two people, a request that both have signed, and the record as it was treated.
fn place() -> (Place, String) {
    let place = Place(tempfile::tempdir().unwrap());
    fs::write(place.at("policy.toml"), POLICY).unwrap();
    fs::write(place.at("in.ndjson"), RECORD).unwrap();
    let mut settings = String::from(
        "version = 1\npolicy = \"policy.toml\"\n[kafka]\nbrokers = \"localhost:1\"\n[keys]\ndir = \"keys\"\n[open.people]\n",
    );
    for (name, byte) in [("gildong", 1), ("younghee", 2)] {
        settings.push_str(&crate::open::person(&place.at(&format!("{name}.pem")), name, byte));
    }
    fs::write(place.at("garim.toml"), settings).unwrap();
    place.good(&["keys", "new", "--audit", "acts", "--from", "2026-11-01", "--until", "2026-11-03"], "");
    let treated = place.good(&place.mask(), "");
    fs::write(place.at("tier.ndjson"), &treated).unwrap();
    let request = ["open", "request", "-o", "request.json", "--requester", "gildong", "--approver", "younghee"];
    let scope = ["--reason", "a test", "--basis", "a law", "--tier", "short", "--source", "app", "tier.ndjson"];
    place.good(&[&request[..], &scope[..]].concat(), "");
    for name in ["gildong", "younghee"] {
        place.good(&["sign", "request.json", "--as", name, "--key", &format!("{name}.pem"), "--yes"], "");
    }
    (place, treated)
}

/// The halves of the secrets in these key files.
fn halves(files: &[PathBuf]) -> Vec<[u8; 16]> {
    let secret = |file: &PathBuf| fs::read(file).unwrap();
    let mut halves = Vec::new();
    for bytes in files.iter().map(secret) {
        // Every sixteen neighbouring bytes that hold nothing of the public head: the halves are among them.
        halves.extend(bytes.windows(16).skip(12).map(|window| <[u8; 16]>::try_from(window).unwrap()));
    }
    halves
}

/// The files below these folders in which one of the halves stands.
fn holders(folders: &[PathBuf], halves: &[[u8; 16]]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.to_vec();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if fs::read(&path).unwrap().windows(16).any(|window| halves.iter().any(|half| half == window)) {
            found.push(path);
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

#[test]
fn after_its_end_a_key_makes_nothing_finds_nothing_and_opens_nothing() {
    let (place, treated) = place();
    let token = treated.split('"').find(|text| text.starts_with("em_")).unwrap().to_owned();
    let key = token[3..9].to_owned();

    // While it lives, the same token everywhere, and the value comes out again.
    assert_eq!(place.good(&place.mask(), ""), treated, "the same after a restart");
    assert!(place.good(&place.lookup(), "Gildong@Example.com\n").contains(&token));
    place.good(&["open", "request.json", "--audit", "acts", "tier.ndjson", "-o", "opened.ndjson"], "");
    assert!(fs::read_to_string(place.at("opened.ndjson")).unwrap().contains("gildong@example.com"));
    place.good(&["keys", "mirror", "mirror", "--audit", "acts"], "");
    copy(&place.at("keys"), &place.at("backup"));
    let files = [place.at("keys/short/2026-11-02.key"), place.at("mirror/short/2026-11-02.key")];
    let halves = halves(&files[..1]);
    let watched = ["keys", "mirror", "acts"].map(|name| place.at(name));
    let mut seen = holders(&watched, &halves);
    seen.sort();
    assert_eq!(seen, files, "the search finds the key where it is");

    place.good(&["keys", "destroy", "--past-end", "--reason", "the term has ended", "--yes", "--audit", "acts"], "");
    assert_eq!(holders(&watched, &halves), [] as [PathBuf; 0], "something of the key is left");
    let (code, said) = place.refused(&place.mask(), "");
    assert_eq!(code, Some(65));
    assert!(said.contains("in.ndjson:1: refused: key-destroyed"), "{said}");
    let found = place.good(&place.lookup(), "gildong@example.com\n");
    assert!(found.contains(&key) && found.contains("destroyed") && !found.contains(&token), "{found}");
    let (code, said) =
        place.refused(&["open", "request.json", "--audit", "acts", "tier.ndjson", "-o", "again.ndjson"], "");
    assert_eq!(code, Some(77), "{said}");
    assert!(said.contains("destroyed") && !place.at("again.ndjson").exists(), "{said}");
    let verified = place.good(&["keys", "verify", "--audit", "acts"], "");
    assert!(verified.contains("3 destroyed"), "{verified}");
    place.good(&["audit", "verify", "acts"], "");

    // A key file that is copied back is refused by its id.
    copy(&place.at("backup/short/2026-11-02.key"), &place.at("keys/short/2026-11-02.key"));
    let (code, said) = place.refused(&place.mask(), "");
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("key-destroyed"), "{said}");
    let (code, said) = place.refused(&["keys", "verify", "--audit", "acts"], "");
    assert_eq!(code, Some(77));
    assert!(said.contains(&key), "{said}");

    // So is a whole store of before, in which no mark says anything.
    fs::remove_dir_all(place.at("keys")).unwrap();
    copy(&place.at("backup"), &place.at("keys"));
    let (code, said) = place.refused(&["keys", "verify", "--audit", "acts"], "");
    assert_eq!(code, Some(77), "{said}");
    assert!(said.contains(&key), "{said}");
    place.good(&["keys", "destroy", "--resume", "--audit", "acts"], "");
    assert_eq!(holders(&watched, &halves), [] as [PathBuf; 0], "the copy that was put back is gone again");
}
