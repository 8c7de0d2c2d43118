//! Policy files and the complaints they earn; `UPDATE=1` rewrites what is expected.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use garim::diagnostic::code::CODES;
use garim::diagnostic::{Faults, Severity};
use garim::engine::{Engine, Limits};
use garim::policy::example::{Line, Report};
use garim::policy::explain::Ruling;
use garim::policy::{self, Policy, action, example};
use garim::pseudonym::epoch::KeyRing;
use garim::secret::Key;

/// Complaints that no file of the folder can earn: an unreadable file, a gap in the checks themselves, those that need
/// to know what day it is, and one that needs the settings.
const NOT_SHOWN: [&str; 5] = ["G0001", "G0100", "G0139", "G0184", "G0185"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The complaints of one file, compared with the text beside it.
fn check(path: &Path) -> Faults {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap();
    let folder = path.parent().unwrap();
    let read = |named: &Path| fs::read_to_string(folder.join(named));
    let (faults, outcome) = match policy::parse_with(Path::new(name), &text, &read) {
        Ok(policy) => (policy.warnings, "taken"),
        Err(faults) => (faults, "refused"),
    };
    assert_eq!(outcome == "refused", faults.error_count() > 0, "{}", path.display());
    let found = format!("{}{outcome}\n", faults.render(false));
    let beside = path.with_extension("txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&beside, &found).unwrap();
    }
    let expected = fs::read_to_string(&beside).unwrap_or_default();
    assert_eq!(expected, found, "{}: look at it, then UPDATE=1", path.display());
    faults
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("tests/data/policy"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        // What the policies of the folder name beside themselves.
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with("holidays-"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_bad_file_earns_its_complaints() {
    let mut shown = BTreeSet::new();
    for path in files() {
        let faults = check(&path);
        assert!(!faults.is_empty(), "{} has no fault", path.display());
        shown.extend(faults.diagnostics.iter().map(|diagnostic| diagnostic.code));
    }
    let policy_codes = CODES.iter().map(|entry| entry.code).filter(|code| *code < "G0200" && !NOT_SHOWN.contains(code));
    let missing: Vec<&str> = policy_codes.filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "no file earns {missing:?}");
}

#[test]
fn forty_faults_of_one_file_are_told_each_once() {
    let faults = check(&root().join("tests/data/policy/forty.toml"));
    assert_eq!(faults.diagnostics.len(), 40);
    let told: BTreeSet<_> = faults
        .diagnostics
        .iter()
        .map(|fault| (fault.code, fault.span.as_ref().map(|span| (span.start, span.end)), fault.message.as_str()))
        .collect();
    assert_eq!(told.len(), 40);
    let codes: BTreeSet<_> = faults.diagnostics.iter().map(|fault| fault.code).collect();
    assert!(codes.len() > 20, "of many sorts: {codes:?}");
}

#[test]
fn every_code_in_the_sources_is_explained_and_none_besides() {
    let mut used = BTreeSet::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("diagnostic/code.rs") {
                used.extend(codes_in(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let explained: BTreeSet<String> = CODES.iter().map(|entry| entry.code.to_owned()).collect();
    assert_eq!(used, explained);
    assert!(CODES.is_sorted_by_key(|entry| entry.code));
}

/// The literals `"G...."` of a text.
fn codes_in(text: &str) -> Vec<String> {
    let literals = text.split('"').filter(|piece| piece.len() == 5 && piece.starts_with('G'));
    literals.filter(|piece| piece[1..].bytes().all(|byte| byte.is_ascii_digit())).map(ToOwned::to_owned).collect()
}

#[test]
fn an_unreadable_file_is_a_complaint_too() {
    let faults = policy::load(Path::new("no/such/policy.toml")).unwrap_err();
    assert_eq!(faults.diagnostics[0].code, "G0001");
    assert!(faults.render(false).contains("no/such/policy.toml"));
}

#[test]
fn json_gives_places_in_characters() {
    let text = "policy = \"x\"\n# 가나\nunlisted = \"가\"\n";
    let faults = policy::parse(Path::new("p.toml"), text).unwrap_err();
    let document = faults.to_json();
    let list = document["diagnostics"].as_array().unwrap();
    let entry = list.iter().find(|entry| entry["code"] == "G0101").unwrap();
    assert_eq!((&entry["line"], &entry["column"], &entry["severity"]), (&3.into(), &12.into(), &"error".into()));
    assert_eq!(document["errors"], faults.error_count());
    assert_eq!(faults.diagnostics.iter().filter(|one| one.severity == Severity::Warning).count(), 0);
}

#[test]
fn the_shipped_policies_have_no_fault() {
    for name in ["access-log.toml", "kakao-work.toml"] {
        match policy::load(&root().join("config").join(name)) {
            Ok(policy) => assert!(policy.warnings.is_empty(), "{}", policy.warnings),
            Err(faults) => panic!("{faults}"),
        }
    }
}

/// Runs the examples of a policy with keys of the test.
fn examples(policy: &Policy) -> Vec<Report> {
    let engine = Engine::new(policy.plan.clone(), LIMITS).unwrap();
    example::run(policy, &engine, &KeyRing::ephemeral(Key::new(&[7; 32])), "").unwrap()
}

const LIMITS: Limits = Limits { past_days: 36_500, future_days: 36_500 };

#[test]
fn the_examples_of_the_shipped_policies_hold() {
    for name in ["access-log.toml", "kakao-work.toml"] {
        let policy = policy::load(&root().join("config").join(name)).unwrap();
        let reports = examples(&policy);
        assert!(reports.len() > 1, "{name} has examples");
        for report in reports {
            assert!(report.differences.is_empty(), "{name}: {report:#?}");
        }
    }
}

/// A policy with two tiers that pseudonymizes `/a` and `/b`, and one example.
fn with_example(expect: &str) -> Policy {
    let text = format!(
        r#"
policy = "sample"
effective = 2026-10-01
timezone = "Asia/Seoul"
[tiers.short]
keep = "3 months"
[tiers.long]
keep = "5 years"
[sources.app]
topics = ["app.activity"]
format = "json"
time = "/at"
[[sources.app.items]]
item = "a"
at = "/a"
kind = "id"
[[sources.app.items]]
item = "b"
at = "/b"
kind = "id"
[[sources.app.items]]
item = "note"
at = "/note"
kind = "text"
[[sources.app.routes]]
when = {{ at = "/both", is = true }}
to = ["short", "long"]
[[sources.app.routes]]
to = ["short"]
[[examples]]
name = "one"
source = "app"
{expect}
"#
    );
    policy::parse(Path::new("sample.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn an_example_tells_what_differs() {
    let given = r#"given = '{"at":"2026-11-23T09:15:42+09:00","a":"x","b":"x","note":"n"}'"#;
    let at = r#""at":"2026-11-23T09:15:42+09:00""#;
    let rows: [(String, &[&str]); 7] = [
        (format!(r#"expect = {{ short = '{{"note":"n","a":"{{token:x}}", "b":"{{token:x}}",{at}}}' }}"#), &[]),
        // Equal values have equal tokens, so two names cannot be right.
        (
            format!(r#"expect = {{ short = '{{"a":"{{token:x}}","b":"{{token:y}}","note":"n",{at}}}' }}"#),
            &[r#"-   "b": "{token:y}","#, r#"+   "b": "{token:x}","#],
        ),
        (
            format!(r#"expect = {{ short = '{{"a":"x","b":"{{token:x}}","note":"n",{at}}}' }}"#),
            &[r#"-   "a": "x","#, r#"+   "a": "{token:x}","#],
        ),
        (
            format!(r#"expect = {{ short = '{{"a":"{{token:x}}","b":"{{token:x}}",{at}}}' }}"#),
            &[r#"-   "b": "{token:x}""#, r#"+   "b": "{token:x}","#, r#"+   "note": "n""#],
        ),
        (
            format!(
                r#"expect = {{ short = '{{"note":"n","a":"{{token:x}}","b":"{{token:x}}",{at}}}', long = '{{"a":1}}' }}"#
            ),
            &["- {", r#"-   "a": 1"#, "- }"],
        ),
        (r#"expect-refused = "too-late""#.to_owned(), &["- refused: too-late", "+ leaves for tier short"]),
        (r#"expect-refused = "no-event-time""#.to_owned(), &["- refused: no-event-time", "+ leaves for tier short"]),
    ];
    for (expect, want) in rows {
        let reports = examples(&with_example(&format!("{given}\n{expect}")));
        let found: Vec<String> = reports[0]
            .differences
            .iter()
            .flat_map(|difference| difference.lines())
            .filter_map(|line| match line {
                Line::Same(_) => None,
                Line::Missing(text) => Some(format!("- {text}")),
                Line::Extra(text) => Some(format!("+ {text}")),
            })
            .collect();
        assert_eq!(found, want, "{expect}");
    }
    let refused = with_example("given = '{\"a\":\"x\"}'\nexpect-refused = \"no-event-time\"");
    assert!(examples(&refused)[0].differences.is_empty());
}

#[test]
fn actions_are_read_and_written_alike() {
    let words = [
        "keep",
        "drop",
        "scan",
        "pseudonymize",
        "mask",
        "mask all",
        "mask keep first 3",
        "mask keep last 4",
        "mask keep first 1 last 2",
        "truncate to 6",
        "generalize to second",
        "generalize to minute",
        "generalize to hour",
        "generalize to day",
        "generalize to year",
        "generalize to 10 years",
        "generalize to bands of 100",
        "generalize to district",
        "generalize to /24,/48",
        "generalize to device",
        "generalize to path",
        "generalize to major version",
        "generalize to family",
        "mask keep prefix",
        "mask keep birth and sex",
        "mask keep domain",
        "mask keep network",
        "mask keep surname",
        "mask keep town",
        "mask keep year",
        "mask keep class",
        "mask keep first 3 digits",
        "mask keep last 4 digits",
        "mask keep first 4 last 4 digits",
        "present",
        "parts",
        "seal",
    ];
    for (text, name) in [
        ("present as seen", Some("seen")),
        ("generalize to family as  ip_family", Some("ip_family")),
        ("present", None),
        ("generalize to family", None),
    ] {
        let action = action::parse(text).unwrap();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((action::name(text), action::words_as(action, name)), (name, words));
    }
    for wrong in ["present as", "present as a b", "parts as x", "keep as x", "mask keep prefix 3", "present seen"] {
        assert!(action::parse(wrong).is_err(), "{wrong}");
    }
    for one in words {
        assert_eq!(action::words(action::parse(one).unwrap()), one);
    }
    for wrong in [
        "",
        "mask keep",
        "mask keep first 0",
        "mask keep digits",
        "mask keep birth",
        "mask keep sex",
        "mask keep last 0 digits",
        "truncate to 0",
        "generalize to /33,/48",
        "generalize to 0 years",
    ] {
        assert!(action::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_record_is_explained_field_by_field() {
    let policy = policy::load(&root().join("config/kakao-work.toml")).unwrap();
    let engine = Engine::new(policy.plan.clone(), LIMITS).unwrap();
    let keys = KeyRing::ephemeral(Key::new(&[7; 32]));
    let value = r#"{"category":"report","event":"report_filed","event_at":"2026-11-23T00:20:30+09:00","consent":{},
        "items":{"email":"b@example.com","id_card_copy":{"name":"홍길동","rrn":"010203-9000004"},"kakaowork_id":"a@example.com"},
        "activity":{"usage_record":{"text":"주민번호 010203-9000004"}},"other":1}"#;
    let support = policy.plan.sources.iter().position(|source| &*source.name == "support").unwrap();
    let explained = policy::explain::explain(&policy, &engine, &keys, support, value.as_bytes(), None).unwrap();
    assert!(explained.refusal.is_none());
    // The day of Seoul, not of UTC.
    assert_eq!(explained.day.unwrap().to_string(), "2026-11-23");
    let ends: Vec<String> = explained
        .tiers
        .iter()
        .map(|target| {
            let window = target.window.map(|window| format!("{} {}", window.keep_until, window.destroy_by));
            format!("{} / {}", window.unwrap_or_default(), target.sealed.join(" "))
        })
        .collect();
    assert_eq!(ends, ["2029-11-23 2029-11-30 / report.email", "2027-11-23 2027-11-30 / report.email"]);
    let told = |at: &str| {
        let field = explained.fields.iter().find(|field| field.at == at).unwrap();
        let missed: Vec<&str> = field.missed.iter().map(|missed| missed.condition.as_str()).collect();
        let found: Vec<&str> = field.findings.iter().map(|found| found.kind.name()).collect();
        let rule = match &field.rule {
            Ruling::Item { name, actions, .. } => {
                let actions: Vec<String> = actions.iter().map(|(_, list)| action::words(list[0])).collect();
                format!("{name}: {}", actions.join(", "))
            }
            Ruling::EventTime => "event time".to_owned(),
            Ruling::Unlisted(_) => "unlisted".to_owned(),
        };
        format!("{rule} / {} / {}", missed.join(" "), found.join(" "))
    };
    assert_eq!(told("/items/id_card_copy/name"), "report.id_card_copy.name: drop, keep /  / ");
    assert_eq!(told("/items/id_card_copy/rrn"), "report.id_card_copy.rest: drop, mask all /  / ");
    assert_eq!(told("/items/kakaowork_id"), "unlisted / /category / ");
    assert_eq!(told("/activity/usage_record/text"), "activity.usage_record.text: drop, scan /  / kr_rrn");
    assert_eq!(told("/other"), "unlisted /  / ");
}

/// Runs garim with these arguments and this input, with nothing of the tester's environment; gives its exit code,
/// standard output and standard error.
fn garim(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_garim"))
        .args(arguments)
        .env_clear()
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A verb that refuses its arguments reads nothing: then the pipe is closed.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_verbs_end_with_their_codes() {
    let shipped = "--policy=config/kakao-work.toml";
    let warned = "--policy=tests/data/policy/unused.toml";
    let refused = "--policy=tests/data/policy/seal.toml";
    let rows: [(&[&str], i32, &str); 10] = [
        (&["check", shipped], 0, "no faults"),
        (&["check", "--config=config/garim.toml"], 0, "config/kakao-work.toml: no faults"),
        (&["check", warned], 0, "0 errors, 4 warnings"),
        (&["check", warned, "--deny-warnings"], 78, "0 errors, 4 warnings"),
        (&["check", refused], 78, "error[G0142]"),
        (&["check", "--policy=no/such.toml"], 78, "error[G0001]"),
        (&["test", shipped], 0, "33 passed, 0 failed"),
        (&["test", shipped, "--filter=consent"], 0, "4 passed, 0 failed"),
        (&["test", "--policy=config/access-log.toml", "--format=json"], 0, "\"failed\":0"),
        (&["explain", "g0103"], 0, "G0103: unknown action"),
    ];
    for (arguments, code, said) in rows {
        let (exit, out, err) = garim(arguments, "");
        assert_eq!(exit, code, "{arguments:?}: {out}{err}");
        assert!(out.contains(said), "{arguments:?}: {out}{err}");
    }
    assert_eq!(garim(&["test", refused], "").0, 78);
    assert_eq!(garim(&["test", shipped, "--filter=no such example"], "").0, 2);
    assert_eq!(garim(&["explain", "G9999"], "").0, 2);
    assert_eq!(garim(&["explain", shipped], "").0, 2, "the policy has eleven sources");
    let (_, out, _) = garim(&["check", refused, "--format=json"], "");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["schema_version"], &document["errors"]), (&1.into(), &10.into()));
}

#[test]
fn a_failing_example_is_an_exit_code_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let text = fs::read_to_string(root().join("config/access-log.toml")).unwrap();
    fs::copy(root().join("config/holidays-kr.toml"), folder.path().join("holidays-kr.toml")).unwrap();
    fs::write(&path, text.replace("Chrome 120\"}'\nanalytics", "Chrome 119\"}'\nanalytics")).unwrap();
    let (exit, out, _) = garim(&["test", "--policy", path.to_str().unwrap()], "");
    assert_eq!(exit, 1, "{out}");
    for line in ["FAILED a page with a query", "tier access-3m", "-   \"user_agent\"", "+   \"user_agent\"", "1 failed"]
    {
        assert!(out.contains(line), "{line}: {out}");
    }
}

#[test]
fn explain_shows_values_only_when_asked() {
    let line = r#"192.0.2.77 - gildong [17/May/2026:10:05:03 +0900] "GET /canary HTTP/1.1" 200 1 "-" "-""#;
    let policy = "--policy=config/access-log.toml";
    let private = ["192.0.2.77", "gildong", "canary"];
    for format in ["--format=text", "--format=json"] {
        let (exit, out, err) = garim(&["explain", policy, format], line);
        assert_eq!(exit, 0, "{err}");
        assert!(private.iter().all(|value| !out.contains(value) && !err.contains(value)), "{out}{err}");
        let (_, out, _) = garim(&["explain", policy, format, "--show-values"], line);
        assert!(private.iter().all(|value| out.contains(value)), "{out}");
        let (exit, out, err) = garim(&["explain", policy, format], "gildong was here");
        assert_eq!(exit, 65, "{out}{err}");
        assert!(out.contains("pattern-mismatch") && !out.contains("gildong") && !err.contains("gildong"), "{out}{err}");
    }
}

#[test]
fn a_damaged_file_is_taken_or_complained_about() {
    let mut paths = files();
    paths.extend(["access-log.toml", "kakao-work.toml"].map(|name| root().join("config").join(name)));
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for index in 0..lines.len() {
            let without = [&lines[..index], &lines[index + 1..]].concat().join("\n");
            let twice = [&lines[..=index], &lines[index..]].concat().join("\n");
            let cut = lines[..index].join("\n") + &lines[index].chars().take(7).collect::<String>();
            for damaged in [without, twice, cut] {
                let read = |named: &Path| fs::read_to_string(path.parent().unwrap().join(named));
                match policy::parse_with(&path, &damaged, &read) {
                    Ok(policy) => drop(Engine::new(policy.plan, LIMITS).unwrap()),
                    Err(faults) => {
                        assert!(faults.error_count() > 0 && !faults.render(true).is_empty());
                        let gap = faults.diagnostics.iter().any(|fault| fault.code == "G0100");
                        assert!(!gap, "no check says why this does not compile:\n{damaged}");
                    }
                }
            }
        }
    }
}

/// A policy of an identity card whose tiers hold its parts, that it was there, or all of it in the envelope.
const CARD: &str = r#"
policy = "sample"
effective = 2026-10-01
timezone = "Asia/Seoul"

[tiers.parts]
keep = "3 months"

[tiers.seen]
keep = "3 months"
when = { at = "/consent", is = true }

[tiers.whole]
keep = "3 months"
body = "sealed"
when = { at = "/consent", is = true }

[recipients.bureau]
sources = ["app"]
tiers   = ["whole"]
duty    = "made up"
enabled = true

[sources.app]
topics = ["app.activity"]
format = "json"
time = "/at"

[[sources.app.items]]
item = "card"
at   = "/card"
kind = "text"
do   = { default = "parts", seen = "present as card_seen", recipients = "drop" }

[[sources.app.items]]
item  = "card_name"
at    = "/card/name"
kind  = "id"
do    = { default = "keep", whole = ["mask keep first 1", "seal"], recipients = "drop" }
allow = "it is shown to whoever compares it"

[[sources.app.items]]
item = "card_rest"
at   = "/card/*"
kind = "text"
do   = "mask all"

[[sources.app.items]]
item = "ip"
at   = "/ip"
kind = "ip"
do   = { default = "generalize to family as ip_family", parts = "drop" }

[[sources.app.routes]]
to = ["parts", "seen", "whole"]

[[examples]]
name   = "held"
source = "app"
given  = '''{"at":"2026-11-23T09:15:42+09:00","consent":true,"card":{"name":"홍길동","rrn":"x"},"ip":"192.0.2.7"}'''

[examples.expect]
parts          = '{"at":"2026-11-23T09:15:42+09:00","card":{"name":"홍길동","rrn":"****"}}'
seen           = '{"at":"2026-11-23T09:15:42+09:00","card_seen":true,"ip_family":4}'
whole          = '{"at":"2026-11-23T09:15:42+09:00","card":{"name":"홍**","rrn":"****"},"ip_family":4,"sealed":"{sealed:/card/name}"}'
"whole@bureau" = '{"at":"2026-11-23T09:00:00+09:00","ip_family":4}'
"#;

#[test]
fn members_are_stated_taken_apart_and_sealed_whole() {
    let policy = policy::parse(Path::new("card.toml"), CARD).unwrap_or_else(|faults| panic!("{faults}"));
    let reports = examples(&policy);
    assert!(reports[0].differences.is_empty(), "{reports:#?}");
    // Another record in the envelope, another list of originals: the example tells.
    for (old, new) in [
        (r#"{"name":"홍**","rrn":"****"},"ip"#, r#"{"name":"홍*","rrn":"****"},"ip"#),
        (r#","sealed":"{sealed:/card/name}""#, ""),
        (r#"{sealed:/card/name}"#, r#"{sealed:/card/name,/card/rrn}"#),
        (r#""card_seen":true"#, r#""card_seen":false"#),
    ] {
        let changed = CARD.replacen(old, new, 1);
        assert_ne!(changed, CARD, "{old}");
        let policy = policy::parse(Path::new("card.toml"), &changed).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(examples(&policy)[0].differences.len(), 1, "{new}");
    }
    let engine = Engine::new(policy.plan.clone(), LIMITS).unwrap();
    let keys = KeyRing::ephemeral(Key::new(&[7; 32]));
    let value = br#"{"at":"2026-11-23T09:15:42+09:00","consent":true,"card":{"name":"x"}}"#;
    let explained = policy::explain::explain(&policy, &engine, &keys, 0, value, None).unwrap();
    let name = explained.fields.iter().find(|field| field.at == "/card/name").unwrap();
    let Ruling::Item { actions, .. } = &name.rule else { panic!("an item") };
    let words: Vec<String> = actions.iter().map(|(_, list)| action::words(list[0])).collect();
    assert_eq!(words, ["keep", "drop", "mask keep first 1", "drop"]);
}

#[test]
fn an_example_may_leave_nothing() {
    let nothing = |takes: &str| {
        let text =
            CARD.split("[[examples]]").next().unwrap().replacen("[tiers.parts]", &format!("[tiers.parts]\n{takes}"), 1);
        let given = r#"given = '{"at":"2026-11-23T09:15:42+09:00"}'"#;
        let text = format!("{text}\n[[examples]]\nname = \"n\"\nsource = \"app\"\n{given}\nexpect = {{}}\n");
        let policy = policy::parse(Path::new("card.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"));
        examples(&policy)[0].differences.len()
    };
    assert_eq!(nothing(r#"when = { at = "/consent", is = true }"#), 0);
    assert_eq!(nothing(""), 1);
}
