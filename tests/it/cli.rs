//! The program as its users see it: exit codes, streams, flags.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

/// The program without anything of the caller's environment that it listens to.
fn garim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    garim(arguments).output().unwrap()
}

/// Runs with `input` on standard input.
fn fed(arguments: &[&str], input: &[u8]) -> Output {
    let mut child =
        garim(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A program that ends early has closed its input: what matters is what it said.
    let _ = writer.join().unwrap();
    output
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

const WORK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/kakao-work.toml");
const ACCESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/access-log.toml");

/// So many lines of a source.
fn lines(source: &str, count: u32, more: &[&str]) -> Vec<u8> {
    let count = count.to_string();
    let output = run(&[&["gen", "--source", source, "--count", &count, "--no-progress"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    output.stdout
}

/// A key store for the days of the generator, and its path.
fn store() -> (tempfile::TempDir, String) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("keys").to_str().unwrap().to_owned();
    let span = ["--from", "2026-11-13", "--until", "2026-11-15"];
    let made = run(&[&["keys", "new", "--policy", WORK, "--keys", &dir][..], &span].concat());
    assert_eq!((made.status.code(), err(&made)), (Some(0), ""));
    assert!(out(&made).starts_with("52 keys made, 0 were there"), "{}", out(&made));
    (parent, dir)
}

#[test]
fn usage_errors_exit_2_and_say_so_on_stderr() {
    for arguments in [&[][..], &["nonsense"], &["version", "--no-such-flag"], &["keys"], &["--color=purple", "version"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let json = run(&["--format", "json", "nonsense"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stderr).unwrap();
    assert_eq!((json.status.code(), &told["error"]["exit"]), (Some(2), &serde_json::json!(2)));
}

#[test]
fn help_and_version_exit_0_on_stdout() {
    for arguments in [&["--help"][..], &["-h"], &["--version"], &["version"], &["help", "keys"], &["keys", "new", "-h"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty() && out(&output).contains("garim"), "{arguments:?}");
    }
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(out(&output).contains("completions"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_ends_silently() {
    // More than a pipe holds, so that a write must fail: the reader takes one byte and goes.
    let mut child = garim(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

#[test]
fn colours_follow_the_flag_then_the_environment() {
    let colored = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = garim(arguments).envs(environment.iter().copied()).output().unwrap();
        output.stderr.contains(&0x1b)
    };
    let bad = ["keys", "list"];
    let always = ["keys", "list", "--color", "always"];
    let never = ["keys", "list", "--color=never"];
    assert!(!colored(&bad, &[]), "a pipe is no terminal");
    assert!(colored(&always, &[]));
    assert!(colored(&always, &[("NO_COLOR", "1"), ("TERM", "dumb")]), "the flag wins");
    assert!(colored(&bad, &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&bad, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&never, &[("CLICOLOR_FORCE", "1")]));
    assert!(colored(&bad, &[("GARIM_COLOR", "always")]));
    assert!(colored(&["nonsense", "--color=always"], &[]), "usage errors obey, too");
    assert!(!colored(&["nonsense"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn equal_seeds_give_equal_bytes_on_every_machine() {
    // Changed records change every golden output that came of them: then these digests change, too.
    const DIGESTS: [(&str, &str); 13] = [
        ("kakaowork", "023e9f5a9d269895"),
        ("kakaowork-gov", "1ba65d14bb02557f"),
        ("connect-live", "043b4835a790affd"),
        ("connect-talk", "57b3c1c51af8ba14"),
        ("bizmessage", "4f5198d30cd38411"),
        ("heykakao-device", "c86a33d6aa4496d1"),
        ("partnership", "47e20749b87aebd7"),
        ("adoption", "c9b3d2d3cb4793a8"),
        ("support", "eacf94a2797e6f59"),
        ("marketing", "c04e859d322b9aeb"),
        ("web", "e03b6c5011a51e99"),
        ("access-log", "13419d7f9beb60b0"),
        ("reference", "0b9676c64e6546aa"),
    ];
    let digests = DIGESTS.map(|(source, _)| {
        let lines = lines(source, 1000, &["--seed", "42", "--canaries", "100", "--broken", "100"]);
        (source, blake3::hash(&lines).to_hex()[..16].to_owned())
    });
    assert_eq!(digests, DIGESTS.map(|(source, digest)| (source, digest.to_owned())));
}

#[test]
fn mask_writes_every_tier_or_the_one_that_is_asked_for() {
    let input = lines("kakaowork", 500, &[]);
    let logins =
        input.split(|&byte| byte == b'\n').filter(|line| line.windows(12).any(|it| it == b"\"event\":\"log")).count();
    let masked = |more: &[&str]| {
        let output = fed(&[&["mask", "-q", "--policy", WORK, "--source", "kakaowork"], more].concat(), &input);
        assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
        output.stdout
    };
    let all = String::from_utf8(masked(&[])).unwrap();
    let written = |tier: &str| all.lines().filter(|line| line.starts_with(&format!("{tier}\t{{"))).count();
    let contract = ["super_admin", "member", "sap_expense"].map(|category| format!("\"category\":\"{category}\""));
    let text = String::from_utf8_lossy(&input);
    let contract = text.lines().filter(|line| contract.iter().any(|category| line.contains(category))).count();
    assert_eq!((written("login-3m"), written("until-contract-end")), (logins, contract));
    assert!(logins > 100 && contract > 400 && written("payment-5y") > 0);

    let one = String::from_utf8(masked(&["--tier", "login-3m"])).unwrap();
    assert_eq!(one.lines().count(), logins);
    assert!(one.lines().all(|line| line.starts_with("{\"service\"")));

    let json = String::from_utf8(masked(&["--format", "json"])).unwrap();
    for line in json.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["tier"].is_string() && object["value"]["event"].is_string());
    }
    assert_eq!(json.lines().count(), all.lines().count());
}

#[test]
fn lines_stay_in_order_however_many_threads_there_are() {
    let (_parent, keys) = store();
    // Some of the broken records say that they are of 1970; only a record that has a key is treated at all.
    let old = ["--from", "1970-11-14", "--until", "1970-11-14"];
    assert!(run(&[&["keys", "new", "--policy", WORK, "--keys", &keys][..], &old].concat()).status.success());
    // About 20 MB: several rounds of several pieces.
    let input = lines("kakaowork", 40_000, &["--broken", "50"]);
    let masked = |jobs: &str, files: &[&str]| {
        let flags = ["mask", "-q", "--policy", WORK, "--source", "kakaowork", "--keys", &keys, "--jobs", jobs];
        let output = fed(&[&flags[..], files].concat(), &input);
        assert_eq!(output.status.code(), Some(65));
        // Records of the statistics have no order: they are put out of it, a piece at a time.
        let ordered =
            output.stdout.split_inclusive(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"analytics\t"));
        (ordered.collect::<Vec<_>>().concat(), err(&output).replace("stdin:", "file:"))
    };
    let one = masked("1", &[]);
    assert!(one.0.len() > 20_000_000 && one.1.lines().count() > 1000);
    let four = masked("4", &["-"]);
    assert!(one == four, "threads change the output");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&input).unwrap();
    let path = file.path().to_str().unwrap();
    let (from_file, told) = masked("3", &[path]);
    assert!(one == (from_file, told.replace(path, "file")), "a file is treated as a pipe is");
}

#[test]
fn refused_lines_are_left_out_and_named_by_number_and_reason() {
    let good = lines("kakaowork", 3, &[]);
    let good: Vec<&[u8]> = good.split(|&byte| byte == b'\n').take(3).collect();
    let long = [b"{\"secret-in-a-long-line\":\"", &[b'x'; 1 << 20][..], b"\"}"].concat();
    let input = [good[0], b"", b"{\"secret\": nonsense}", good[1], b"\xff{\"secret\":1}", &long, good[2]].join(&b'\n');
    let flags = ["mask", "--policy", WORK, "--source", "kakaowork", "--tier", "until-contract-end"];
    let output = fed(&flags, &input);
    assert_eq!((output.status.code(), out(&output).lines().count()), (Some(65), 3));
    let told: Vec<&str> = err(&output).lines().filter(|line| line.starts_with("stdin:")).collect();
    assert!(told[0].starts_with("stdin:3: refused: invalid-json"), "{told:?}");
    assert!(told[1].starts_with("stdin:5: refused: invalid-utf8"), "{told:?}");
    assert_eq!(told[2..], ["stdin:6: refused: too-large"]);
    assert!(err(&output).contains("3 of 6 records were refused"));
    assert!(!err(&output).contains("secret"), "no byte of a payload is told");

    let json = fed(&[&flags[..], &["--format", "json", "--stats"]].concat(), &input);
    let told: Vec<serde_json::Value> = err(&json)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|it: &serde_json::Value| it["note"].is_null())
        .collect();
    assert_eq!((&told[2]["refused"], &told[2]["line"]), (&"too-large".into(), &6.into()));
    assert_eq!((&told[3]["records"], &told[3]["refused"]), (&6.into(), &3.into()));
    assert_eq!(told[3]["tiers"]["until-contract-end"]["written"], 3);
}

#[test]
fn access_logs_pass_by_their_own_policy() {
    let input = lines("access-log", 200, &[]);
    let output = fed(&["mask", "-q", "--policy", ACCESS], &input);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    let addresses = input.split(|&byte| byte == b'\n').filter_map(|line| line.split(|&byte| byte == b' ').next());
    for address in addresses.filter(|address| !address.is_empty()) {
        let address = std::str::from_utf8(address).unwrap();
        assert!(!out(&output).contains(&format!("{address}\"")), "{address} leaves");
    }
}

#[test]
fn inputs_that_cannot_be_read_are_all_named_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    let (a, b) = (format!("{here}/a.log"), format!("{here}/b.log"));
    let output = run(&["mask", "--policy", ACCESS, &a, here, &b]);
    assert_eq!((output.status.code(), out(&output)), (Some(65), ""));
    for name in [&a, here, &b] {
        assert!(err(&output).contains(&format!("{name}: ")), "{}", err(&output));
    }
}

#[test]
fn wrong_names_get_a_suggestion() {
    for (arguments, wanted) in [
        (&["mask", "--policy", WORK][..], "give `--source` with one of: kakaowork, kakaowork-gov, connect-live"),
        (&["mask", "--policy", WORK, "--source", "kakaowrk"], "did you mean `--source kakaowork`?"),
        (&["mask", "--policy", WORK, "--source", "kakaowork", "--tier", "login3m"], "did you mean `--tier login-3m`?"),
        (&["mask"], "--policy"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(wanted), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn a_broken_policy_is_78_with_every_fault_in_its_place() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"policy = 1\nnonsense = true\n").unwrap();
    let path = file.path().to_str().unwrap();
    let output = run(&["mask", "--policy", path]);
    assert_eq!((output.status.code(), out(&output)), (Some(78), ""));
    assert!(err(&output).contains(&format!("{path}:2:1")), "{}", err(&output));
    let json = run(&["mask", "--policy", path, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stderr).unwrap();
    assert_eq!(told["schema_version"], 1);
    assert!(told["diagnostics"].as_array().unwrap().len() > 1);
}

#[test]
fn mask_ends_silently_when_its_reader_goes() {
    let input = lines("kakaowork", 20_000, &[]);
    let mut child = garim(&["mask", "-q", "--policy", WORK, "--source", "kakaowork"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    child.stdout.take().unwrap().read_exact(&mut [0; 100]).unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
    // It need not read what nobody wants.
    let _ = writer.join().unwrap();
}

#[test]
fn a_line_is_treated_as_soon_as_a_pipe_brings_it() {
    let input = lines("kakaowork", 1, &[]);
    let mut child = garim(&["mask", "-q", "--policy", WORK, "--source", "kakaowork", "--tier", "until-contract-end"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&input).unwrap();
    // The pipe stays open; the record comes all the same, or this test never ends.
    let mut first = [0; 10];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"{\"service\"");
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn keys_are_made_listed_and_used() {
    let (_parent, keys) = store();
    let list = run(&["keys", "list", "--keys", &keys]);
    assert_eq!(list.status.code(), Some(0));
    assert!(
        out(&list).contains("login-3m                  2026-11-13  2026-11-15     3          0        0  -      -"),
        "{}",
        out(&list)
    );
    let json = run(&["keys", "list", "--keys", &keys, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(told["tiers"].as_array().unwrap().len(), 16);
    assert_eq!(told["tiers"][0]["keys"][2]["day"], "2026-11-15");

    let input = lines("kakaowork", 50, &[]);
    let masked = |more: &[&str]| fed(&[&["mask", "--policy", WORK, "--source", "kakaowork"], more].concat(), &input);
    let (a, b) = (masked(&["--keys", &keys]), masked(&["--keys", &keys]));
    assert_eq!((a.status.code(), err(&a)), (Some(0), ""));
    assert!(a.stdout == b.stdout, "the same keys make the same tokens");
    let id = told["tiers"].as_array().unwrap().iter().find(|tier| tier["tier"] == "login-3m").unwrap()["keys"][1]["id"]
        .as_str()
        .unwrap();
    assert!(out(&a).contains(&format!("em_{id}_")), "a token names its key");
    let alone = masked(&[]);
    assert!(err(&alone).contains("keys of this run") && alone.stdout != a.stdout);

    let missing = fed(
        &["mask", "--policy", WORK, "--source", "kakaowork", "--keys", &keys],
        &lines("kakaowork", 5, &["--start", "2026-12-24T00:00:00+09:00"]),
    );
    assert_eq!((missing.status.code(), out(&missing)), (Some(77), ""));
    assert!(err(&missing).contains("garim keys new --from 2026-12-24 --until 2026-12-24"), "{}", err(&missing));
}

#[test]
fn a_key_that_others_may_read_is_77() {
    let (_parent, keys) = store();
    let file = format!("{keys}/login-3m/2026-11-14.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    for arguments in [
        &["keys", "list", "--keys", &keys][..],
        &["keys", "new", "--policy", WORK, "--keys", &keys],
        &["mask", "--policy", WORK, "--source", "support", "--keys", &keys],
    ] {
        let output = run(arguments);
        assert_eq!((output.status.code(), out(&output)), (Some(77), ""), "{arguments:?}");
        assert!(err(&output).contains(&file) && err(&output).contains("chmod 600"), "{}", err(&output));
    }
}

#[test]
fn gen_makes_records_of_a_category_and_of_a_length() {
    let asked = ["--category", "billing", "--size", "2000"];
    for line in lines("kakaowork", 50, &asked).split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let record: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!((record["category"].as_str(), line.len()), (Some("billing"), 2000));
    }
    for (source, category, help) in [
        ("kakaowork", "billings", "did you mean `billing`?"),
        ("web", "qqq", "it has `visit`"),
        ("reference", "visit", "leave `--category` out"),
    ] {
        let output = run(&["gen", "--source", source, "--category", category]);
        assert_eq!((output.status.code(), out(&output)), (Some(2), ""), "{}", err(&output));
        assert!(err(&output).contains(help), "{}", err(&output));
    }
    assert_eq!(run(&["gen", "--source", "web", "--size", "2000000"]).status.code(), Some(2));
}

#[test]
fn gen_feeds_a_topic_and_names_the_one_that_is_not_there() {
    let mock = garim::kafka::mock::Mock::start(1).unwrap();
    mock.topic("kakaowork.activity", 3).unwrap();
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    write!(file, "version = 1\n[kafka]\nbrokers = \"{}\"\ngroup = \"g\"\n", mock.brokers()).unwrap();
    let path = file.path().to_str().unwrap();
    let gen_to = |topic: &str| run(&["gen", "-c", path, "--source", "kakaowork", "--count", "3000", "--topic", topic]);
    let fed = gen_to("kakaowork.activity");
    assert_eq!((fed.status.code(), out(&fed)), (Some(0), ""), "{}", err(&fed));
    assert!(err(&fed).contains("3000 records were acknowledged in kakaowork.activity"), "{}", err(&fed));
    let missing = gen_to("no.such.topic");
    assert_eq!(missing.status.code(), Some(69), "{}", err(&missing));
    assert!(err(&missing).contains("no.such.topic"), "{}", err(&missing));
}
