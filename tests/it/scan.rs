//! `garim scan`: what it finds, tells and does not tell, on every kind of file that logs come in.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use garim::find::document::Part;
use garim::find::sweep::{Input, Sweep, Wants};
use garim::find::text::{Encoding, Query, TextScratch, find};
use garim::kafka::feed::{Fed, Feed};
use garim::kafka::mock::Mock;
use garim::kind::KindSet;
use garim::service::settings;
use proptest::prelude::*;
use serde_json::{Value, json};

const RRN: &str = "900101-1234568";
const PHONE: &str = "010-1234-5678";
const MAIL: &str = "hong@example.com";

fn garim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
    command.arg("scan").args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    garim(arguments).output().unwrap()
}

/// Runs with `input` on standard input.
fn fed(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = garim(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The objects of a JSON answer, one a line.
fn objects(output: &Output) -> Vec<Value> {
    out(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The findings of every line, as `at kind start..end`, joined by commas.
fn told(output: &Output) -> Vec<String> {
    let finding = |found: &Value| {
        let name = if found["in"] == "name" { " name" } else { "" };
        let (at, kind) = (found["at"].as_str().unwrap(), found["kind"].as_str().unwrap());
        format!("{at}{name} {kind} {}..{}", found["start"], found["end"])
    };
    let line = |object: &Value| -> Vec<String> { object["findings"].as_array().unwrap().iter().map(finding).collect() };
    objects(output).iter().map(|object| line(object).join(", ")).collect()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn one_object_a_line_with_offsets_into_what_the_line_says() {
    let rows = [
        // A text has no pointer; offsets count its bytes.
        (format!("고객 {PHONE}, {MAIL}"), " kr_phone 7..20,  email 22..38"),
        (String::new(), ""),
        ("nothing here".to_owned(), ""),
        (format!(r#"{{"id":1,"text":"{RRN}"}}"#), "/text kr_rrn 0..14"),
        (format!(r#"  {{"text":"{RRN}"}}  "#), "/text kr_rrn 0..14"),
        // Escapes are taken off before offsets are counted.
        (r#"{"text":"\ud83d\ude00\n\"\u002d 010\u002d1234\u002d5678"}"#.to_owned(), "/text kr_phone 8..21"),
        (format!(r#"{{"a":{{"b/c":["x",["{MAIL}"]]}},"d~":"{MAIL}"}}"#), "/a/b~1c/1/0 email 0..16, /d~0 email 0..16"),
        // Numbers: offsets into the number as it is written.
        (r#"{"card":4111111111111111,"n":[-7,1.5e3]}"#.to_owned(), "/card credit_card 0..16"),
        // A name that is an identifier is told where it stands, and not shown.
        (format!(r#"{{"by":{{"{MAIL}":{{"x":"{PHONE}"}}}}}}"#), "/by/… name email 0..16, /by/…/x kr_phone 0..13"),
        // What is no single object is a text.
        (format!(r#"{{"a":"{PHONE}"}} {{}}"#), " kr_phone 6..19"),
        (format!(r#"{{"a":"{PHONE}"#), " kr_phone 6..19"),
        (format!(r#"["{PHONE}"]"#), " kr_phone 2..15"),
        // Members that stand twice are both looked at.
        (format!(r#"{{"a":"{PHONE}","a":"{MAIL}"}}"#), "/a kr_phone 0..13, /a email 0..16"),
    ];
    let mut input = String::new();
    for (line, _) in &rows {
        writeln!(input, "{line}").unwrap();
    }
    let output = fed(&["--format=json", "--kinds=kr_rrn,kr_phone,email,credit_card"], input.as_bytes());
    assert_eq!((code(&output), err(&output)), (1, ""));
    let seen = told(&output);
    assert_eq!(seen.len(), rows.len());
    for ((line, want), seen) in rows.iter().zip(seen) {
        assert_eq!(seen, *want, "{line}");
    }
}

#[test]
fn the_input_may_be_named() {
    let line = format!("[\"{PHONE}\"]\n{PHONE}\n{{\"a\":\"{PHONE}\"}}\n");
    let told_as = |input: &str| told(&fed(&["--format=json", "--kinds=kr_phone", input], line.as_bytes()));
    assert_eq!(told_as("--input=auto"), [" kr_phone 2..15", " kr_phone 0..13", "/a kr_phone 0..13"]);
    assert_eq!(told_as("--input=text"), [" kr_phone 2..15", " kr_phone 0..13", " kr_phone 6..19"]);
    assert_eq!(told_as("--input=ndjson"), ["/0 kr_phone 0..13", " kr_phone 0..13", "/a kr_phone 0..13"]);
    let output = fed(&["--input=ndjson"], line.as_bytes());
    assert!(err(&output).contains("1 lines are not JSON and were looked at as texts"), "{}", err(&output));
}

#[test]
fn too_deep_a_document_is_a_text() {
    let levels = 3000;
    let line = format!("{}\"{PHONE}\"{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let output = fed(&["--format=json", "--kinds=kr_phone"], line.as_bytes());
    assert_eq!(told(&output), [format!(" kr_phone {}..{}", levels * 5 + 1, levels * 5 + 14)]);
}

#[test]
fn names_of_members_are_labels_and_arrays_pass_theirs_on() {
    let line = r#"{"phones":["01012345678"],"주민등록번호":"900101-1234567","order_id":"01012345678"}"#;
    let output = fed(&["--format=json", "--kinds=kr_phone,kr_rrn"], line.as_bytes());
    let found = &objects(&output)[0]["findings"];
    assert_eq!((&found[0]["at"], &found[1]["at"]), (&json!("/phones/0"), &json!("/주민등록번호")));
    for finding in [&found[0], &found[1]] {
        assert!(finding["evidence"].as_array().unwrap().contains(&json!("field")), "{finding}");
    }
}

#[test]
fn the_report_tells_kind_place_evidence_and_no_value() {
    let folder = Folder::new();
    let one = folder.file(
        "one.ndjson",
        format!(
            "{{\"user\":{{\"rrn\":\"{RRN}\"}},\"tel\":[\"{PHONE}\"],\"by\":{{\"홍길동\":\"{MAIL}\",\"{MAIL}\":1}}}}\n{{\"tel\":[\"\",\"{PHONE}\"]}}\n"
        ),
    );
    let two = folder.file("two.log", format!("no\n\ntel {PHONE}\n"));
    let output = run(&[&one, &two, "--kinds=kr_rrn,kr_phone,email"]);
    let said = out(&output);
    assert_eq!((code(&output), err(&output)), (1, ""));
    for row in [
        "kr_rrn: 1\n          1  /user/rrn  shape, check, field",
        "kr_phone: 3\n          2  /tel/*  ",
        "          1  line    shape, label  first: ",
        "two.log:3\n",
        "email: 1\n          1  /by/…  ",
        "email, in names of members: 1\n          1  /by/…  shape",
        "by file\n          5  ",
        "6 findings in 3 of 5 lines\n",
    ] {
        assert!(said.contains(row), "{row} is not in:\n{said}");
    }
    for value in [RRN, PHONE, MAIL, "홍길동", "1234"] {
        assert!(!said.contains(value), "{value} is in:\n{said}");
    }
    let json = run(&["--format=json", &one]);
    for value in [RRN, PHONE, MAIL, "1234"] {
        assert!(!out(&json).contains(value), "{value} is in:\n{}", out(&json));
    }
}

#[test]
fn values_are_shown_on_request_and_cannot_steer_a_terminal() {
    let line = format!("{{\"a\\u001b[31m\":\"{PHONE}\"}}\nx {MAIL}\n");
    let output = fed(&["--show-values", "--kinds=kr_phone,email"], line.as_bytes());
    let said = out(&output);
    assert!(said.contains(&format!("stdin:1: /a\\u{{1b}}[31m kr_phone {PHONE} (")), "{said}");
    assert!(said.contains(&format!("stdin:2: email {MAIL} (shape")), "{said}");
    assert!(said.ends_with("2 findings in 2 of 2 lines\n") && !said.contains('\u{1b}'), "{said}");
    let output = fed(&["--show-values", "--format=json"], line.as_bytes());
    assert_eq!(objects(&output)[0]["findings"][0]["value"], PHONE);
    assert_eq!(objects(&output)[0]["findings"][0]["at"], "/a\u{1b}[31m");
}

#[test]
fn near_misses_are_told_with_their_reason() {
    // Thirteen digits that hold a day, with a check digit that fails: no label says that it is a number of a person.
    let (near, kinds) = ("x 9001011234567 y\n", "--kinds=kr_rrn");
    let output = fed(&["-v", kinds], near.as_bytes());
    let said = out(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains("looked at and not taken\nnot kr_rrn, ") && said.contains("first: stdin:1"), "{said}");
    assert!(said.ends_with("nothing found in 1 line\n") && !said.contains("9001011"), "{said}");
    let output = fed(&["-v", kinds, "--format=json"], near.as_bytes());
    let object = &objects(&output)[0];
    assert_eq!((&object["findings"], &object["misses"][0]["start"]), (&json!([]), &json!(2)));
    assert!(object["misses"][0]["why"].is_string() && object["misses"][0].get("evidence").is_none(), "{object}");
    let output = fed(&["-v", kinds, "--show-values"], near.as_bytes());
    assert!(out(&output).starts_with("stdin:1: not kr_rrn 9001011234567 ("), "{}", out(&output));
    assert!(!out(&fed(&[kinds], near.as_bytes())).contains("not taken"));
}

#[test]
fn kinds_and_evidence_narrow_what_is_found() {
    let line = format!("tel {PHONE} mail {MAIL}\n");
    let kinds = |arguments: &[&str]| -> Vec<String> {
        let output = fed(&[&["--format=json"], arguments].concat(), line.as_bytes());
        let findings = objects(&output)[0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|found| found["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&[]), ["kr_phone", "email"]);
    assert_eq!(kinds(&["--kinds=email"]), ["email"]);
    assert_eq!(kinds(&["--kinds", "kr_rrn,kr_phone"]), ["kr_phone"]);
    // A telephone number behind its label has two pieces of evidence.
    assert_eq!(kinds(&["--min-evidence=2", "--kinds=kr_phone"]), ["kr_phone"]);
    assert_eq!(kinds(&["--min-evidence=7"]), [""; 0]);
    for (wrong, hint) in [("--kinds=kr_phon", "kr_phone"), ("--kinds=url", "kr_rrn"), ("--encoding=euckr", "euc-kr")] {
        let output = run(&[wrong]);
        assert!(code(&output) == 2 && err(&output).contains(hint), "{}", err(&output));
    }
    assert_eq!(code(&run(&["--topic=x", "file"])), 2);
    assert_eq!(code(&run(&["--topic=x"])), 2, "no settings were named");
}

#[test]
fn exit_codes() {
    let folder = Folder::new();
    let clean = folder.file("clean.log", "all is well\n");
    let found = folder.file("found.log", format!("tel {PHONE}\n"));
    let missing = folder.path("missing.log").to_str().unwrap().to_owned();
    let dir = folder.0.path().to_str().unwrap();
    for (arguments, want) in [
        (&[&*clean][..], 0),
        (&[&found], 1),
        (&[&found, "--exit-zero"], 0),
        (&[&clean, &missing], 65),
        (&[&missing, &found, "--exit-zero"], 65),
        (&[&missing], 65),
        (&[dir], 65),
    ] {
        assert_eq!(code(&run(arguments)), want, "{arguments:?}");
    }
    let output = run(&[dir, &missing, &found]);
    let said = err(&output);
    assert!(said.contains("is a directory") && said.contains("name the files in it"), "{said}");
    assert!(said.contains("missing.log: No such file"), "{said}");
    assert!(out(&output).contains("1 finding in 1 of 1 line"), "the others are looked at: {}", out(&output));
    let json = run(&["--format=json", &missing, &found]);
    assert_eq!((objects(&json).len(), err(&json).lines().count()), (1, 1));
    assert_eq!(serde_json::from_str::<Value>(err(&json)).unwrap()["error"]["exit"], 65);
}

#[test]
fn odd_ends_of_lines_and_files() {
    let phone = |at: usize| format!(" kr_phone {at}..{}", at + 13);
    let rows: [(&[u8], Vec<String>); 7] = [
        (b"", vec![]),
        (b"\n", vec![String::new()]),
        (b"\r\n\r\n", vec![String::new(); 2]),
        (b"x 010-1234-5678\r\n010-1234-5678", vec![phone(2), phone(0)]),
        // The mark goes, and nothing counts it.
        (b"\xEF\xBB\xBF010-1234-5678\n010-1234-5678\n", vec![phone(0), phone(0)]),
        (b"\xEF\xBB\xBF{\"a\":\"010-1234-5678\"}", vec!["/a kr_phone 0..13".to_owned()]),
        // A lone return is no end of a line.
        (b"a\r010-1234-5678\n", vec![phone(2)]),
    ];
    for (bytes, want) in rows {
        let output = fed(&["--format=json", "--kinds=kr_phone"], bytes);
        assert_eq!((told(&output), err(&output)), (want, ""), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_not_utf8_is_looked_at_in_its_ascii_parts() {
    let (text, _, wrong) =
        encoding_rs::EUC_KR.encode("전화 010-1234-5678 주민번호 900101-1234567\n{\"전화\":\"010-1234-5678\"}\n");
    assert!(!wrong);
    let plain = fed(&["--format=json", "--kinds=kr_phone,kr_rrn"], &text);
    assert_eq!(told(&plain)[0].split(',').next(), Some(" kr_phone 5..18"), "offsets are those of the bytes");
    assert!(
        err(&plain).contains("2 lines are not UTF-8") && err(&plain).contains("--encoding euc-kr"),
        "{}",
        err(&plain)
    );
    for name in ["euc-kr", "cp949", "EUC-KR"] {
        let output = fed(&["--format=json", "--kinds=kr_phone,kr_rrn", "--encoding", name], &text);
        let want = [" kr_phone 7..20,  kr_rrn 34..48", "/전화 kr_phone 0..13"];
        assert_eq!((told(&output), err(&output)), (want.map(str::to_owned).to_vec(), ""), "{name}");
    }
    let utf16: Vec<u8> = "\u{feff}x 010-1234-5678\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let output = fed(&["--format=json", "--encoding=utf-16"], &utf16);
    assert_eq!(told(&output), [" kr_phone 2..15"]);
    let output = fed(&["--kinds=kr_phone"], &utf16);
    assert!(err(&output).contains("stdin is UTF-16") && err(&output).contains("--encoding utf-16"), "{}", err(&output));
}

#[test]
fn a_binary_file_is_named_and_its_text_is_looked_at() {
    let folder = Folder::new();
    let mut bytes: Vec<u8> = (0..20_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    bytes.extend_from_slice(format!("\0\0tel: {PHONE}\0\0").as_bytes());
    let binary = folder.file("core.bin", &bytes);
    let output = run(&[&binary, "--kinds=kr_phone"]);
    assert_eq!(code(&output), 1, "{}", out(&output));
    assert_eq!(err(&output).matches("core.bin is a binary file").count(), 1, "{}", err(&output));
    assert!(out(&output).contains("kr_phone: 1\n"), "{}", out(&output));
}

#[test]
fn a_long_line_is_searched_in_windows_and_a_longer_one_in_parts() {
    // Identifiers around every border of windows and parts, at all distances that matter.
    let (window, most) = (garim::limits::WINDOW_BYTES, garim::limits::LINE_BYTES_MAX);
    let borders = [window, 2 * window, most, most + (1 << 20)];
    let folder = Folder::new();
    for (length, json) in [(3 * window, true), (most + 3 * (1 << 20), false)] {
        let mut line = vec![b'x'; length];
        let mut want = Vec::new();
        for border in borders.into_iter().filter(|border| border + 8000 < length) {
            for place in 0..200 {
                // Steps of forty-one bytes over the border and the overlaps around it.
                let at = border - 4100 + place * 41;
                line[at] = b' ';
                line[at + 1..at + 14].copy_from_slice(PHONE.as_bytes());
                line[at + 14] = b' ';
                want.push((at + 1) as u64);
            }
        }
        let head = if json { "{\"a\":[\"" } else { "" };
        let tail = if json { "\"]}" } else { "" };
        let bytes = [head.as_bytes(), &line, tail.as_bytes(), b"\n", PHONE.as_bytes(), b"\n"].concat();
        let file = folder.file("long", bytes);
        let output = run(&["--format=json", "--kinds=kr_phone", &file]);
        let lines = objects(&output);
        assert_eq!((lines.len(), lines[1]["findings"].as_array().unwrap().len()), (2, 1));
        let found = lines[0]["findings"].as_array().unwrap();
        assert!(found.iter().all(|found| found["at"] == if json { "/a/0" } else { "" }));
        let starts: Vec<u64> = found.iter().map(|found| found["start"].as_u64().unwrap()).collect();
        assert_eq!(starts, want, "{length} bytes");
        let output = run(&["--kinds=kr_phone", &file]);
        let told = format!("{} findings in 2 of 2 lines\n", want.len() + 1);
        assert!(out(&output).ends_with(&told), "{}", out(&output));
    }
}

#[test]
fn a_closed_pipe_ends_silently() {
    let folder = Folder::new();
    let file = folder.file("many.log", format!("tel {PHONE}\n").repeat(200_000));
    for more in [&["--format=json"][..], &["--show-values"]] {
        let mut child =
            garim(&[more, &[&*file]].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut begun = [0; 10];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut begun).unwrap();
        drop(stdout);
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""), "{more:?}");
    }
}

#[test]
fn the_order_of_lines_is_kept_on_all_cores_and_files_are_named() {
    let folder = Folder::new();
    let text = |count: u32, step: u32| -> String {
        (0..count)
            .map(|n| if n % step == 0 { format!("{n} {PHONE}\n") } else { format!("{n} {}\n", "y".repeat(90)) })
            .collect()
    };
    let (one, two) = (folder.file("one.log", text(60_000, 7)), folder.file("two.log", text(5, 2)));
    let read = |jobs: &str| out(&run(&["--format=json", "--kinds=kr_phone", jobs, &one, &two])).to_owned();
    let said = read("--jobs=3");
    assert_eq!(said, read("--jobs=1"));
    assert_eq!(said.lines().count(), 60_005);
    let object = |line: usize| serde_json::from_str::<Value>(said.lines().nth(line).unwrap()).unwrap();
    assert_eq!((&object(6)["line"], &object(6)["findings"]), (&json!(7), &json!([])));
    for line in [0, 7, 59_997, 60_002] {
        let object = object(line);
        let (file, number) = if line < 60_000 { (&one, line + 1) } else { (&two, line - 59_999) };
        assert_eq!((&object["file"], &object["line"]), (&json!(file), &json!(number)));
        assert_eq!(object["findings"][0]["kind"], "kr_phone", "line {line}");
    }
    // Standard input may stand among files.
    let output = fed(&["--kinds=kr_phone", &two, "-"], format!("{PHONE}\n").as_bytes());
    assert!(
        out(&output).contains("1  stdin") && out(&output).contains("4 findings in 4 of 6 lines"),
        "{}",
        out(&output)
    );
}

#[test]
fn a_topic_is_looked_at_with_keys_and_headers() {
    let folder = Folder::new();
    let mock = Mock::start(1).unwrap();
    mock.topic("app.activity", 2).unwrap();
    let config =
        folder.file("garim.toml", format!("version = 1\n[kafka]\nbrokers = \"{}\"\ngroup = \"g\"\n", mock.brokers()));
    let settings = settings::load_from(&[PathBuf::from(&config)], &[], &[]).unwrap();
    let feed = Feed::new(&settings.kafka).unwrap();
    for n in 0..20 {
        let value = format!("{{\"user\":{{\"tel\":\"{PHONE}\"}},\"n\":{n}}}");
        let key: &[u8] = if n < 10 { MAIL.as_bytes() } else { b"k" };
        let fed = Fed { key, value: value.as_bytes(), timestamp_ms: 0, partition: Some(n % 2) };
        feed.send("app.activity", fed).unwrap();
    }
    feed.flush("app.activity", std::time::Duration::from_secs(20)).unwrap();
    let output = run(&["-c", &config, "--topic=app.activity", "--kinds=kr_phone,email"]);
    let said = out(&output);
    assert_eq!((code(&output), err(&output)), (1, ""), "{said}");
    for row in ["20  value/user/tel", "10  key", "first: app.activity/0:0", "30 findings in 20 of 20 messages"] {
        assert!(said.contains(row), "{row} is not in {said}");
    }
    assert!(!said.contains(PHONE) && !said.contains(MAIL), "{said}");
    let output = run(&["-c", &config, "--topic=app.activity", "--format=json", "--sample=2"]);
    let objects = objects(&output);
    assert_eq!(objects.len(), 4, "two of each partition");
    assert_eq!((&objects[0]["partition"], &objects[0]["offset"]), (&json!(0), &json!(8)), "the newest ones");
    assert_eq!(objects[0]["findings"][0]["at"], "/user/tel");
    assert_eq!(code(&run(&["-c", &config, "--topic=no.such.topic"])), 69);
}

#[test]
fn help_shows_examples_and_completions_know_the_verb() {
    let output = run(&["--help"]);
    assert!(code(&output) == 0 && out(&output).contains("garim scan app.log"), "{}", out(&output));
    let output = Command::new(env!("CARGO_BIN_EXE_garim")).args(["completions", "bash"]).env_clear().output().unwrap();
    assert!(out(&output).contains("--min-evidence") && out(&output).contains("kr_vehicle_plate"));
}

/// A JSON value with strings in which identifiers may stand.
fn document() -> impl Strategy<Value = Value> {
    let piece = prop_oneof![
        Just(RRN.to_owned()),
        Just(PHONE.to_owned()),
        Just(MAIL.to_owned()),
        Just("０１０－１２３４－５６７８".to_owned()),
        "[ \\\\\"\u{1}-\u{7f}가-힣😀/~,]{0,6}",
    ];
    let text = prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.join(" "));
    let leaf = prop_oneof![text.prop_map(Value::from), any::<u64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let name = prop_oneof!["[a-z~/\"\\\\]{0,4}", Just(MAIL.to_owned()), Just("전화번호".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The document as JSON, with many characters of its strings written as escapes.
fn escaped(document: &Value, every: usize) -> String {
    let (mut out, mut inside, mut count) = (String::new(), false, 0);
    let text = document.to_string();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => inside = !inside,
            '\\' => {
                let escape = characters.next().unwrap();
                out.extend(['\\', escape]);
                if escape == 'u' {
                    out.extend(characters.by_ref().take(4));
                }
                continue;
            }
            _ => {}
        }
        count += 1;
        if inside && character != '"' && count % every == 0 {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").unwrap();
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// What is found in one piece of a tree: pointer, part, kind, bytes.
fn in_text(text: &str, at: &str, field: &str, part: &str, out: &mut Vec<String>) {
    let (mut scratch, mut found) = (TextScratch::default(), Vec::new());
    let query = Query { kinds: KindSet::ALL, encoding: Encoding::Plain, field: field.as_bytes() };
    find(query, text.as_bytes(), &mut scratch, &mut found);
    for found in found {
        out.push(format!("{at} {part} {} {:?}", found.kind.name(), found.span.of_str(text)));
    }
}

/// What is found in the strings, numbers and names of a tree.
fn in_tree(tree: &Value, at: &str, field: &str, out: &mut Vec<String>) {
    match tree {
        Value::String(text) => in_text(text, at, field, "string", out),
        Value::Number(number) => in_text(&number.to_string(), at, field, "number", out),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                in_tree(element, &format!("{at}/{index}"), field, out);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                in_text(name, &at, "", "name", out);
                in_tree(member, &at, name, out);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Offsets are those of the strings that serde_json reads, at the pointers that it knows.
    #[test]
    fn findings_stand_where_a_tree_has_them(document in document(), every in 1usize..5) {
        let line = escaped(&document, every);
        let tree: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&tree, &document);
        let mut sweep =
            Sweep::new(Wants { kinds: KindSet::ALL, evidence_min: 0, misses: false, values: true });
        prop_assert!(sweep.line(line.as_bytes(), b"", Input::Json));
        let mut seen = Vec::new();
        for sight in sweep.sights() {
            let at = std::str::from_utf8(sweep.at(sight)).unwrap();
            let part = match sight.part {
                Some(Part::Name) => "name",
                Some(Part::String) => "string",
                Some(Part::Number) => "number",
                None => "text",
            };
            let value = std::str::from_utf8(sweep.value(sight).unwrap()).unwrap();
            seen.push(format!("{at} {part} {} {value:?}", sight.kind.name()));
            if part == "string" {
                let text = tree.pointer(at).and_then(Value::as_str).unwrap();
                prop_assert_eq!(&text[sight.start as usize..sight.end as usize], value);
            }
        }
        let mut want = Vec::new();
        in_tree(&tree, "", "", &mut want);
        // The members of a tree have lost their order.
        seen.sort();
        want.sort();
        prop_assert_eq!(seen, want, "{}", line);
    }

    /// Whatever the bytes, a line is searched and nothing panics.
    #[test]
    fn any_bytes_are_searched(bytes in prop::collection::vec(any::<u8>(), 0..300), brace in any::<bool>()) {
        let line = if brace { [b"{\"a\":\"", &bytes[..], b"\"}"].concat() } else { bytes };
        let mut sweep = Sweep::new(Wants { kinds: KindSet::ALL, evidence_min: 0, misses: true, values: true });
        for input in [Input::Auto, Input::Text, Input::Json] {
            sweep.line(&line, b"name", input);
            for sight in sweep.sights().iter().chain(sweep.misses()) {
                let _ = (sweep.at(sight), sweep.value(sight));
                prop_assert!(sight.start <= sight.end);
            }
        }
    }
}

#[test]
fn a_made_up_log_is_searched_whole() {
    let made = Command::new(env!("CARGO_BIN_EXE_garim"))
        .args(["gen", "--source", "kakaowork", "--count", "3000", "--no-progress"])
        .env_clear()
        .output()
        .unwrap();
    let output = fed(&["--format=json"], &made.stdout);
    assert_eq!((code(&output), objects(&output).len()), (1, 3000));
    let report = fed(&[], &made.stdout);
    assert!(out(&report).contains("/items/login_id") && out(&report).contains("of 3000 lines"), "{}", out(&report));
}
