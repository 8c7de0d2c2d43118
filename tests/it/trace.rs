//! The table of requirements: every id once, and nothing in it that the tree does not have.

use std::fs;
use std::path::Path;
use std::process::Command;

use garim::policy::trace::{REQUIREMENTS, Requirement, State};

/// What is wrong with a table of requirements that should count up to `last`.
fn faults(table: &[Requirement], last: usize) -> Vec<String> {
    let mut faults = Vec::new();
    for number in 1..=last {
        let id = format!("R-{number:03}");
        let count = table.iter().filter(|one| one.id == id).count();
        if count != 1 {
            faults.push(format!("{id} stands {count} times"));
        }
    }
    if table.len() != last || !table.is_sorted_by_key(|one| one.id) {
        faults.push("the ids are not in order, or there are others".to_owned());
    }
    for one in table {
        let evidence = !one.at.is_empty() && !one.tests.is_empty();
        let sound = match one.state {
            State::Holds => evidence && one.missing.is_empty(),
            State::InPart => evidence && !one.missing.is_empty(),
            State::NotYet => one.at.is_empty() && one.tests.is_empty() && !one.missing.is_empty(),
        };
        if !sound {
            faults.push(format!("{}: {} does not fit what is said of it", one.id, one.state.name()));
        }
        faults.extend(one.at.iter().filter(|at| !exists(at)).map(|at| format!("{}: there is no {at}", one.id)));
        faults.extend(one.tests.iter().filter(|test| !tests(test)).map(|test| format!("{}: no test {test}", one.id)));
    }
    faults
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether there is such a file, or such a verb.
fn exists(at: &str) -> bool {
    match at.strip_prefix("garim ") {
        Some(verb) => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
            command.args(verb.split(' ')).arg("--help").env_clear().output().unwrap().status.success()
        }
        None => root().join(at).is_file(),
    }
}

/// Whether a file of the tree has a test of this name.
fn tests(named: &str) -> bool {
    let Some((file, name)) = named.split_once("::") else { return false };
    let text = fs::read_to_string(root().join(file)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {name}(")))
}

#[test]
fn every_requirement_stands_once_and_names_what_exists() {
    assert_eq!(faults(&REQUIREMENTS, 53), [""; 0]);
}

#[test]
fn a_table_that_does_not_tell_the_truth_is_complained_about() {
    let sound = REQUIREMENTS[1];
    assert_eq!(sound.state, State::Holds);
    let first = Requirement { id: "R-001", ..sound };
    for (change, expected) in [
        (Requirement { id: "R-001", ..sound }, "R-002 stands 0 times"),
        (Requirement { at: &["src/no/such.rs"], ..sound }, "R-002: there is no src/no/such.rs"),
        (Requirement { at: &["garim policy dance"], ..sound }, "R-002: there is no garim policy dance"),
        (
            Requirement { tests: &["tests/it/engine.rs::no_such"], ..sound },
            "R-002: no test tests/it/engine.rs::no_such",
        ),
        // A function, but no test.
        (Requirement { tests: &["tests/it/trace.rs::faults"], ..sound }, "R-002: no test tests/it/trace.rs::faults"),
        (Requirement { tests: &[], ..sound }, "R-002: holds does not fit what is said of it"),
        (Requirement { missing: "much", ..sound }, "R-002: holds does not fit what is said of it"),
        (Requirement { state: State::NotYet, ..sound }, "R-002: not yet does not fit what is said of it"),
    ] {
        let found = faults(&[first, change], 2);
        assert!(found.iter().any(|fault| fault == expected), "{expected}: {found:?}");
    }
    assert_eq!(faults(&[first, sound], 2), [""; 0]);
}

#[test]
fn the_verb_lists_all_or_some() {
    let garim = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
        let output = command.args(["policy", "trace"]).args(arguments).env_clear().output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = garim(&[]);
    assert!(code == 0 && said.contains("R-001 ") && said.contains("53 requirements: "), "{said}");
    let (_, said) = garim(&["r-022"]);
    assert!(said.starts_with("R-022 not yet: ") && said.contains("missing: end events"), "{said}");
    let (_, said) = garim(&["--open", "--format=json"]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let open = REQUIREMENTS.iter().filter(|one| one.state != State::Holds).count();
    let list = document["requirements"].as_array().unwrap();
    assert!(list.len() == open && list.iter().all(|one| one["state"] != "holds" && one["missing"].is_string()));
    assert_eq!(garim(&["R-054"]).0, 2);
}
