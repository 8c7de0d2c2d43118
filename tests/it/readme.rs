//! The README tells the truth: its record becomes what it says, and its commands are commands of the program.

use std::io::Write;
use std::process::{Command, Stdio};

const README: &str = include_str!("../../README.md");

/// The fenced blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("a closed block")).collect()
}

/// A treated record with the letters that depend on a run's own keys blotted out.
fn blotted(text: &str) -> serde_json::Value {
    let token = regex::Regex::new("_[a-z]{6}_[a-p]{32}\"").unwrap();
    let provenance = regex::Regex::new("\"garim\":\"[a-p]{8}(\\.[a-p]{32})?\"").unwrap();
    let sealed = regex::Regex::new("\"sealed\":\"s1_[a-z]{6}_[A-Za-z0-9_-]{80,}\"").unwrap();
    let text = token.replace_all(text, "_KEY_LETTERS\"");
    let text = sealed.replace_all(&text, "\"sealed\":\"ENVELOPE\"");
    serde_json::from_str(&provenance.replace_all(&text, "\"garim\":\"DIGEST.LETTERS\"")).unwrap()
}

#[test]
fn the_record_becomes_what_the_readme_says() {
    let shown = blocks("json");
    let [before, until, login, analytics] = shown[..] else { panic!("a record before, and after in three tiers") };
    let mut child = Command::new(env!("CARGO_BIN_EXE_garim"))
        .args(["mask", "--format", "json", "--source", "kakaowork", "--policy"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/config/kakao-work.toml"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let record: serde_json::Value = serde_json::from_str(before).unwrap();
    child.stdin.take().unwrap().write_all(record.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let expected = [("until-contract-end", until), ("login-3m", login), ("analytics", analytics)];
    for (line, (tier, after)) in lines.iter().zip(expected) {
        let line = blotted(line);
        assert_eq!(line["tier"], tier);
        assert_eq!(line["value"], blotted(after));
    }
}

#[test]
fn its_commands_are_commands() {
    let mut seen = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()).filter(|line| !line.starts_with('#')) {
        let line = line.split(" # ").next().unwrap().trim();
        for command in line.split(" | ").filter(|command| !command.is_empty()) {
            let Some(arguments) = command.strip_prefix("cargo run --release -- ").or(command.strip_prefix("garim "))
            else {
                let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(command);
                assert!(script.exists(), "{command} is neither garim nor a script of the repository");
                continue;
            };
            let output = Command::new(env!("CARGO_BIN_EXE_garim"))
                .args(crate::deploy::words(arguments))
                .arg("--help")
                .env_clear()
                .output()
                .unwrap();
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen} commands");
}
