//! Policy files and the complaints they earn; `UPDATE=1` rewrites what is expected.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use garim::diagnostic::code::CODES;
use garim::diagnostic::{Faults, Severity};
use garim::policy;

/// Complaints that no file of the folder can earn: an unreadable file, and a gap in the checks themselves.
const NOT_SHOWN: [&str; 2] = ["G0001", "G0100"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The complaints of one file, compared with the text beside it.
fn check(path: &Path) -> Faults {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap();
    let (faults, outcome) = match policy::parse(Path::new(name), &text) {
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
