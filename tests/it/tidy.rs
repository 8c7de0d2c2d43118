//! The house style, as far as a machine can read it: the ladder, the fences, first lines, words that do not belong.
//!
//! Each rule is a function from a file to complaints, so that the table at the end can show every one of them failing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms and their rungs; a room imports lower rungs only.
const LADDER: [(&str, u8); 17] = [
    ("limits", 0),
    ("secret", 0),
    ("diagnostic", 0),
    ("simd", 0),
    ("record", 1),
    ("kind", 1),
    ("find", 2),
    ("mask", 2),
    ("pseudonym", 2),
    ("route", 2),
    ("engine", 3),
    ("flow", 3),
    ("policy", 4),
    ("kafka", 4),
    ("telemetry", 4),
    ("service", 5),
    ("cli", 6),
];

/// A name that only some places may use.
struct Fence {
    /// The path as the code writes it, from its crate on.
    name: &'static str,
    /// Beginnings of the files that may.
    only: &'static [&'static str],
    /// Why the fence stands.
    reason: &'static str,
}

/// Rungs 4 to 6: where clocks, files, sockets and logs are at home.
const RIM: &[&str] = &["src/policy/", "src/kafka/", "src/telemetry/", "src/service/", "src/cli/", "src/main.rs"];
/// Who talks to others.
const SOCKETS: &[&str] = &["src/kafka/", "src/telemetry/", "src/service/", "src/cli/"];
/// The edges that may wait for several things at once.
const EDGES: &[&str] = &["src/telemetry/", "src/service/", "src/cli/"];
/// The rim, and complaints, which can be printed as JSON.
const JSON: &[&str] = &["src/policy/", "src/kafka/", "src/telemetry/", "src/service/", "src/cli/", "src/diagnostic"];

const FENCES: [Fence; 23] = [
    Fence { name: "rdkafka", only: &["src/kafka/"], reason: "only kafka/ names the client library" },
    Fence { name: "rdkafka_sys", only: &["src/kafka/"], reason: "only kafka/ names the client library" },
    Fence {
        name: "unsafe",
        only: &["src/kafka/ffi.rs", "src/simd/"],
        reason: "unsafe code lives in kafka/ffi.rs and simd/ only",
    },
    Fence { name: "rayon", only: &["src/engine/batch.rs"], reason: "only engine/batch.rs spreads work over cores" },
    Fence { name: "tokio", only: EDGES, reason: "the data path never waits on a runtime" },
    Fence { name: "axum", only: EDGES, reason: "the data path never waits on a runtime" },
    Fence { name: "async", only: EDGES, reason: "the data path never waits on a runtime" },
    Fence { name: "await", only: EDGES, reason: "the data path never waits on a runtime" },
    Fence {
        name: "serde",
        only: &[
            "src/policy/file.rs",
            "src/kafka/settings.rs",
            "src/service/quarantine.rs",
            "src/service/request.rs",
            "src/service/settings.rs",
            "src/telemetry/audit/entry.rs",
        ],
        reason: "files are read in few places; everything else has plain types",
    },
    Fence { name: "serde_json", only: JSON, reason: "the core walks bytes and builds no tree" },
    Fence { name: "annotate_snippets", only: &["src/diagnostic"], reason: "one place draws complaints" },
    Fence {
        name: "anyhow",
        only: &["src/cli/", "src/main.rs"],
        reason: "rooms return their own errors; only the command line chains them",
    },
    Fence { name: "clap", only: &["src/cli/"], reason: "only the command line knows arguments" },
    Fence { name: "tracing", only: RIM, reason: "the core does not log" },
    Fence { name: "std::env", only: RIM, reason: "the core reads no environment" },
    Fence { name: "std::fs", only: RIM, reason: "the core does no IO" },
    Fence { name: "std::net::TcpListener", only: SOCKETS, reason: "the core opens no socket" },
    Fence { name: "std::net::TcpStream", only: SOCKETS, reason: "the core opens no socket" },
    Fence { name: "std::net::UdpSocket", only: SOCKETS, reason: "the core opens no socket" },
    Fence { name: "std::time::Instant", only: RIM, reason: "the core gets event time or Tick, never a clock" },
    Fence { name: "std::time::SystemTime", only: RIM, reason: "the core gets event time or Tick, never a clock" },
    Fence { name: "jiff::Timestamp::now", only: RIM, reason: "the core gets event time or Tick, never a clock" },
    Fence { name: "jiff::Zoned::now", only: RIM, reason: "the core gets event time or Tick, never a clock" },
];

/// What unit tests may use beyond the fences: a second opinion to compare with.
const TESTS_MAY: [&str; 1] = ["serde_json"];

/// Words that name somebody's machine or mirror. In halves, so that this file passes its own rule.
const STRANGERS: [(&str, &str); 7] = [
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/wo", "rk/"),
    ("/tmp", "/g/"),
    ("artifac", "tory"),
    ("/sim", "ple/"),
    ("sonatype", "-nexus"),
];

// ---------------------------------------------------------------------------------------------------------------------
// Reading code: comments and literals blanked, then words with the line they stand on.

/// A word of the code (an identifier, `::`, or one sign) and its line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word<'a> {
    text: &'a str,
    line: usize,
}

/// The code with comments, strings and characters blanked, lines kept.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n)
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' | b'b' | b'c' if !(at > 0 && is_word(bytes[at - 1])) => raw_end(bytes, at).unwrap_or(at),
            b'\'' => char_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("whole characters are blanked")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" if depth == 1 => return at + 2,
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `r"..."`, `br#"..."#` and the like; `None` where no raw string starts.
fn raw_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + usize::from(matches!(bytes[start], b'b' | b'c'));
    if bytes.get(at) != Some(&b'r') {
        return None;
    }
    at += 1;
    let hashes = bytes[at..].iter().take_while(|&&b| b == b'#').count();
    at += hashes;
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let rest = &bytes[at + 1..];
    Some(
        rest.windows(close.len()).position(|w| w == close.as_bytes()).map_or(bytes.len(), |n| at + 1 + n + close.len()),
    )
}

/// The end of a character literal; `None` for a lifetime.
fn char_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = std::str::from_utf8(&bytes[start + 1..]).ok()?;
    let first = rest.chars().next()?;
    if first == '\\' {
        let close = rest.get(2..)?.find('\'')?;
        return Some(start + 1 + 2 + close + 1);
    }
    rest[first.len_utf8()..].starts_with('\'').then(|| start + 1 + first.len_utf8() + 1)
}

fn words(code: &str) -> Vec<Word<'_>> {
    let bytes = code.as_bytes();
    let (mut out, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let len = match bytes[at] {
            b'\n' => {
                line += 1;
                0
            }
            byte if byte.is_ascii_whitespace() => 0,
            byte if is_word(byte) => bytes[at..].iter().take_while(|&&b| is_word(b)).count(),
            b':' if bytes.get(at + 1) == Some(&b':') => 2,
            _ => 1,
        };
        if len > 0 {
            out.push(Word { text: &code[at..at + len], line });
        }
        at += len.max(1);
    }
    out
}

/// A path that the code names, resolved as far as its own text allows, and the line it starts on.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    path: Vec<String>,
    line: usize,
    /// Whether it stands in a `mod tests` of the file.
    in_tests: bool,
}

impl Named {
    fn new(path: Vec<String>, line: usize, inside: &[String]) -> Self {
        Self { path: resolve(path, inside), line, in_tests: inside.iter().any(|module| module == "tests") }
    }
}

/// Every path of a file: `use` trees flattened, inline paths as they stand, `self` and `super` resolved.
///
/// `module` is the file's own path below the crate, `["flow", "ledger"]`.
fn paths(code: &[Word<'_>], module: &[String]) -> Vec<Named> {
    let mut out = Vec::new();
    let mut inside = module.to_vec();
    let (mut depth, mut nested) = (0, Vec::new());
    let mut at = 0;
    while at < code.len() {
        let text = code[at].text;
        match text {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if nested.last() == Some(&depth) {
                    nested.pop();
                    inside.pop();
                }
            }
            "mod" if code.get(at + 2).is_some_and(|w| w.text == "{") => {
                inside.push(code[at + 1].text.to_owned());
                nested.push(depth);
                at += 1;
            }
            "use" => {
                let mut prefix = Vec::new();
                at = tree(code, at + 1, &mut prefix, &inside, &mut out);
                continue;
            }
            _ if is_word(text.as_bytes()[0]) && !text.as_bytes()[0].is_ascii_digit() => {
                let line = code[at].line;
                let mut path = vec![text.to_owned()];
                while code.get(at + 1).is_some_and(|w| w.text == "::")
                    && code.get(at + 2).is_some_and(|w| is_word(w.text.as_bytes()[0]))
                {
                    path.push(code[at + 2].text.to_owned());
                    at += 2;
                }
                // A lone word is a variable or a type in scope, except where the language gives it its meaning.
                if path.len() > 1 || is_keyword(text) {
                    out.push(Named::new(path, line, &inside));
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

/// Reads one `use` tree from `at`; returns where it ended.
fn tree(code: &[Word<'_>], mut at: usize, prefix: &mut Vec<String>, inside: &[String], out: &mut Vec<Named>) -> usize {
    let start = prefix.len();
    let line = code.get(at).map_or(0, |w| w.line);
    while at < code.len() {
        match code[at].text {
            "::" => at += 1,
            "{" => {
                at += 1;
                while at < code.len() && code[at].text != "}" {
                    at = tree(code, at, prefix, inside, out);
                    at += usize::from(code.get(at).is_some_and(|w| w.text == ","));
                }
                prefix.truncate(start);
                return at + 1;
            }
            "as" => at += 2,
            "," | ";" | "}" => break,
            text => {
                prefix.push(text.to_owned());
                at += 1;
            }
        }
    }
    out.push(Named::new(prefix.clone(), line, inside));
    prefix.truncate(start);
    at
}

/// `crate`, `self` and `super` at the start become the path below the crate, with `crate` in front.
fn resolve(path: Vec<String>, inside: &[String]) -> Vec<String> {
    let mut base: Vec<String> = inside.to_vec();
    let mut rest = path.as_slice();
    match rest[0].as_str() {
        "crate" => base.clear(),
        "self" | "super" => {}
        _ => return path,
    }
    while let Some(first) = rest.first() {
        match first.as_str() {
            "super" => {
                base.pop();
            }
            "self" | "crate" => {}
            _ => break,
        }
        rest = &rest[1..];
    }
    let mut out = vec!["crate".to_owned()];
    out.append(&mut base);
    out.extend_from_slice(rest);
    out
}

/// The module path of a file under `src/`.
fn module_of(file: &str) -> Vec<String> {
    let inner = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    inner.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(str::to_owned).collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// The rules.

fn rung(room: &str) -> Option<u8> {
    LADDER.iter().find(|(name, _)| *name == room).map(|(_, rung)| *rung)
}

/// A room imports lower rungs only: never its own rung, never upward.
fn ladder(file: &str, named: &[Named], complaints: &mut Vec<String>) {
    let module = module_of(file);
    let Some(room) = module.first() else { return };
    let Some(here) = rung(room) else {
        complaints
            .push(format!("{file}: `{room}` has no rung; give it a place on the ladder or put the file into a room"));
        return;
    };
    for Named { path, line, .. } in named {
        if path[0] != "crate" {
            continue;
        }
        let Some(target) = path.get(1) else { continue };
        if target == room {
            continue;
        }
        match rung(target) {
            None => {
                complaints.push(format!("{file}:{line}: `crate::{target}` is no room; import from a room by its name"))
            }
            Some(there) if there >= here => complaints.push(format!(
                "{file}:{line}: {room} (rung {here}) imports {target} (rung {there}); a room imports lower rungs only"
            )),
            Some(1) if room == "flow" && !matches!(path.get(2).map(String::as_str), Some("Position" | "position")) => {
                complaints
                    .push(format!("{file}:{line}: flow knows of rung 1 only Position; records stay with the lane"));
            }
            Some(_) => {}
        }
    }
}

/// Names that only some places may use.
fn fences(file: &str, named: &[Named], complaints: &mut Vec<String>) {
    for fence in &FENCES {
        if fence.only.iter().any(|place| file.starts_with(place)) {
            continue;
        }
        let name: Vec<&str> = fence.name.split("::").collect();
        // `Timestamp::now` is written with or without its crate, after a `use`.
        let short = if fence.name.ends_with("::now") { &name[1..] } else { &name[..] };
        for Named { path, line, in_tests } in named {
            if *in_tests && TESTS_MAY.contains(&fence.name) {
                continue;
            }
            let begins = |name: &[&str]| path.len() >= name.len() && path.iter().zip(name).all(|(a, b)| a == b);
            if begins(&name) || begins(short) {
                complaints.push(format!("{file}:{line}: `{}` does not belong here: {}", fence.name, fence.reason));
            }
        }
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "unsafe" | "async" | "await")
}

/// Every Rust file opens with one `//!` sentence.
fn first_line(file: &str, text: &str, complaints: &mut Vec<String>) {
    let line = text.lines().next().unwrap_or("");
    let told = line.strip_prefix("//! ").is_some_and(|sentence| sentence.split_whitespace().count() > 2);
    if !told {
        complaints.push(format!("{file}:1: the first line is a `//!` sentence that says what the file is for"));
    }
}

/// Nobody's machine and nobody's mirror stands in the repository.
fn strangers(file: &str, text: &str, complaints: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        for (front, back) in STRANGERS {
            let word = format!("{front}{back}");
            if line.contains(&word) {
                complaints.push(format!(
                    "{file}:{}: `{word}` belongs to a machine or a mirror, not to the project",
                    number + 1
                ));
            }
        }
        if file == "Cargo.lock"
            && line.starts_with("source = ")
            && line != "source = \"registry+https://github.com/rust-lang/crates.io-index\""
        {
            complaints.push(format!("{file}:{}: a dependency that does not come from crates.io", number + 1));
        }
    }
}

/// All complaints about one file, named by its path below the repository.
fn complaints(file: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    strangers(file, text, &mut out);
    if !file.ends_with(".rs") {
        return out;
    }
    first_line(file, text, &mut out);
    if file.starts_with("src/") {
        let code = blank(text);
        let named = paths(&words(&code), &module_of(file));
        if !matches!(file, "src/lib.rs" | "src/main.rs") {
            ladder(file, &named, &mut out);
        }
        fences(file, &named, &mut out);
    }
    out.dedup();
    out
}

// ---------------------------------------------------------------------------------------------------------------------
// The repository.

/// Every text file of the repository, as (path below it, text); build products and hidden tool folders left out.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the repository can be read") {
            let path: PathBuf = entry.expect("the repository can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            if matches!(name, "target" | ".git" | ".cache" | "node_modules") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let below = path.strip_prefix(root).expect("below the repository");
                found.push((below.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_house_is_tidy() {
    let files = files();
    assert!(files.iter().any(|(file, _)| file == "src/lib.rs"), "the walk found no source");

    let mut sizes: Vec<(usize, &str)> = files
        .iter()
        .filter(|(file, _)| file.ends_with(".rs"))
        .map(|(file, text)| (text.lines().count(), file.as_str()))
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    println!("the ten largest files, for somebody to look at:");
    for (lines, file) in sizes.iter().take(10) {
        println!("{lines:6} {file}");
    }

    let mut report = String::new();
    for (file, text) in &files {
        for complaint in complaints(file, text) {
            writeln!(report, "{complaint}").expect("writing to a string");
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// Bad snippets, and what each must earn: a rule that cannot fail holds nothing.
#[test]
fn bad_snippets_are_complained_about() {
    let rows: &[(&str, &str, &[&str])] = &[
        // The ladder.
        ("src/find/json.rs", "use crate::engine::Engine;", &["2: find (rung 2) imports engine (rung 3)"]),
        ("src/find/json.rs", "use crate::mask::MaskShape;", &["2: find (rung 2) imports mask (rung 2)"]),
        (
            "src/find/json.rs",
            "use crate::{kind::Kind,\n route::{Route, Pointer}};",
            &["3: find (rung 2) imports route (rung 2)"],
        ),
        ("src/find/json.rs", "fn f(x: &crate::policy::Policy) {}", &["2: find (rung 2) imports policy (rung 4)"]),
        ("src/find/json.rs", "pub(in crate::engine) fn f() {}", &["2: find (rung 2) imports engine (rung 3)"]),
        (
            "src/find/json.rs",
            "macro_rules! m { () => { $crate::cli::main() } }",
            &["2: find (rung 2) imports cli (rung 6)"],
        ),
        ("src/flow/mod.rs", "use super::engine::Engine;", &["2: flow (rung 3) imports engine (rung 3)"]),
        (
            "src/flow/ledger.rs",
            "mod tests {\n use super::super::super::kafka::Consumer;\n}",
            &["3: flow (rung 3) imports kafka (rung 4)"],
        ),
        (
            "src/flow/ledger.rs",
            "#[cfg(test)]\nmod tests { use crate::service::start; }",
            &["3: flow (rung 3) imports service (rung 5)"],
        ),
        ("src/flow/ledger.rs", "use crate::record::Record;", &["2: flow knows of rung 1 only Position"]),
        ("src/kafka/mod.rs", "use crate::telemetry::Metrics;", &["2: kafka (rung 4) imports telemetry (rung 4)"]),
        ("src/engine/mod.rs", "use crate::Engine;", &["2: `crate::Engine` is no room"]),
        ("src/util.rs", "", &["`util` has no rung"]),
        // The fences.
        ("src/service/lane.rs", "use rdkafka::Message;", &["2: `rdkafka` does not belong here"]),
        ("src/engine/mod.rs", "fn f() { unsafe { g() } }", &["2: `unsafe` does not belong here"]),
        ("src/engine/mod.rs", "use rayon::prelude::*;", &["2: `rayon` does not belong here"]),
        ("src/kafka/consumer.rs", "fn f() { tokio::spawn(g()) }", &["2: `tokio` does not belong here"]),
        ("src/kafka/consumer.rs", "async fn f() {}", &["2: `async` does not belong here"]),
        ("src/policy/mod.rs", "#[derive(serde::Deserialize)]\nstruct S;", &["2: `serde` does not belong here"]),
        ("src/engine/mod.rs", "fn f() { serde_json::from_str(\"\") }", &["2: `serde_json` does not belong here"]),
        ("src/service/mod.rs", "use anyhow::Result;", &["2: `anyhow` does not belong here"]),
        ("src/engine/mod.rs", "use std::{env, fmt};", &["2: `std::env` does not belong here"]),
        (
            "src/engine/mod.rs",
            "use std::time::{Duration,\n Instant};",
            &["3: `std::time::Instant` does not belong here"],
        ),
        (
            "src/engine/mod.rs",
            "use jiff::Timestamp;\nfn f() { Timestamp::now() }",
            &["3: `jiff::Timestamp::now` does not belong here"],
        ),
        ("src/flow/mod.rs", "fn f() { tracing::info!(\"x\") }", &["2: `tracing` does not belong here"]),
        ("src/kind/ip.rs", "use std::net::{IpAddr, TcpStream};", &["2: `std::net::TcpStream` does not belong here"]),
        ("src/record/time.rs", "use std::fs::File;", &["2: `std::fs` does not belong here"]),
        // Words.
        ("README.md", concat!("see /wo", "rk/notes"), &["belongs to a machine"]),
        ("Cargo.lock", "\nsource = \"registry+https://mirror.example.com/index\"", &["does not come from crates.io"]),
    ];
    for (file, body, expected) in rows {
        let text =
            if file.ends_with(".rs") { format!("//! A file of this table.\n{body}\n") } else { (*body).to_owned() };
        let got = complaints(file, &text);
        assert_eq!(got.len(), expected.len(), "{file}: {body:?} earned {got:?}");
        for (complaint, part) in got.iter().zip(*expected) {
            assert!(complaint.contains(part), "{file}: {body:?} earned {complaint:?}, not {part:?}");
        }
    }
    for line in ["", "// A comment.", "//!No space.", "//! ", "//! word", "//! lower case.", "use std::fmt;"] {
        assert_eq!(complaints("src/mask/mod.rs", line).len(), 1, "{line:?} passes as a first line");
    }
}

/// Good snippets that a careless reader of code would complain about.
#[test]
fn good_snippets_pass() {
    let rows: &[(&str, &str)] = &[
        (
            "src/find/json.rs",
            "// crate::engine is above\n/* use crate::cli::x; /* nested */ */\n/// See [`crate::policy`].\nfn f() {}",
        ),
        (
            "src/find/json.rs",
            "const A: &str = \"use crate::engine::x; \\\" crate::cli\";\nconst B: &str = r#\"crate::cli \" \"#;",
        ),
        (
            "src/find/json.rs",
            "fn f<'a>(x: &'a str) -> char { '\"' }\nfn g() { let _ = ('\\'', b'\"', \"crate::cli::x\"); }",
        ),
        ("src/find/json.rs", "use super::Finding;\nuse crate::kind::{self, Kind};\npub(crate) fn f() {}"),
        ("src/find/json.rs", "mod tests { use super::*; use super::super::text::find; }"),
        ("src/flow/mod.rs", "use crate::record::Position;\nuse std::time::Duration;"),
        ("src/find/json.rs", "mod tests { fn f() { serde_json::from_str(\"\") } }"),
        ("src/kafka/ffi.rs", "fn f() { unsafe { g() } }"),
        ("src/policy/file.rs", "use serde::Deserialize;"),
        ("src/service/mod.rs", "use crate::{engine::Engine, flow::Lane, kafka::Consumer};\nuse std::time::Instant;"),
        ("src/lib.rs", "pub use crate::engine::Engine;"),
        ("src/engine/mod.rs", "fn f(serde: u8, now: u8) { x.env(); Clock::now() }"),
    ];
    for (file, body) in rows {
        let got = complaints(file, &format!("//! A file of this table.\n{body}\n"));
        assert!(got.is_empty(), "{file}: {body:?} earned {got:?}");
    }
}
