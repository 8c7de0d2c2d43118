//! docs/operations.md speaks of commands, flags and settings that exist.

use std::process::Command;

const PAGE: &str = include_str!("../../docs/operations.md");
const SETTINGS: &str = include_str!("../../config/garim.toml");

/// Every `garim ...` of a page: lines of fenced blocks (continued by `\`), and words between backquotes.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (index, part) in page.split("```").enumerate() {
        if index % 2 == 1 {
            let joined = part.replace("\\\n", " ");
            found.extend(joined.lines().filter_map(|line| {
                let line = line.split(" # ").next().unwrap_or_default().trim();
                line.strip_prefix("garim ").map(str::to_owned)
            }));
        } else {
            let words = part.split('`').skip(1).step_by(2);
            found.extend(words.filter_map(|word| word.strip_prefix("garim ")).map(str::to_owned));
        }
    }
    found
}

/// What is wrong with a command: a verb or a flag that the program does not have.
fn wrong(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().take_while(|word| !matches!(*word, "<" | "|" | "&&")).collect();
    let verb = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let verbs: Vec<&str> = words.iter().take(2).take_while(verb).copied().collect();
    let help = |verbs: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_garim")).args(verbs).arg("--help").env_clear().output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (known, text) = help(&verbs);
    if !known {
        return Some(format!("`garim {}` is no verb", verbs.join(" ")));
    }
    // `garim keys nothing --help` is answered by the help of `keys`.
    if let [verb, sub] = verbs[..]
        && text.starts_with(&help(&[verb]).1)
        && !text.contains(&format!("Usage: garim {verb} {sub}"))
        && text.contains("Commands:")
    {
        return Some(format!("`garim {verb}` has no `{sub}`"));
    }
    let flag = |word: &&&str| word.starts_with("--") || (word.len() == 2 && word.starts_with('-'));
    let flags = words.iter().filter(flag).filter(|flag| **flag != "--help");
    flags.filter(|flag| !text.contains(**flag)).map(|flag| format!("`garim {}` has no {flag}", verbs.join(" "))).next()
}

#[test]
fn its_commands_and_flags_are_those_of_the_program() {
    let commands = commands(PAGE);
    let wrong: Vec<String> = commands.iter().filter_map(|command| wrong(command)).collect();
    assert_eq!(wrong, [""; 0]);
    assert!(commands.len() > 30, "{} commands", commands.len());
}

#[test]
fn the_check_finds_what_it_is_for() {
    for command in ["nothing", "keys nothing", "keys new --nothing", "quarantine ls -z", "sign FILE --nobody alice"] {
        assert!(wrong(command).is_some(), "{command}");
    }
    assert_eq!(
        commands("a `garim keys new` b\n```sh\ngarim check   # x\ngarim a \\\n  --b\n```\n"),
        ["keys new", "check", "a    --b"]
    );
}

#[test]
fn its_settings_are_in_the_shipped_file() {
    for section in PAGE.split('`').skip(1).step_by(2).filter(|word| word.starts_with('[')) {
        let (section, key) = section[1..].split_once(']').expect("a section");
        assert!(SETTINGS.contains(&format!("[{section}]")), "[{section}]");
        let key = key.trim().split(' ').next().unwrap_or_default();
        assert!(key.is_empty() || SETTINGS.contains(&format!("{key} = ")), "[{section}] {key}");
    }
}
