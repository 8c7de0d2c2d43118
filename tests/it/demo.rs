//! `garim demo` from the outside: it ends by itself, and every record is accounted for.

use std::process::Command;

#[test]
fn the_demo_accounts_for_every_record_and_shows_some() {
    let run = Command::new(env!("CARGO_BIN_EXE_garim"))
        .args(["demo", "--records", "6000", "--seed", "7", "--format", "json"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["records"], 6000);
    let sources = report["sources"].as_object().unwrap();
    assert_eq!(sources["kakaowork"], 4000);
    // The others take turns.
    let others = sources.len() as u64 - 1;
    assert!(
        others > 0 && sources.iter().all(|(name, count)| name == "kakaowork" || *count == 2000 / others),
        "{sources:?}"
    );
    let count = |group: &str, name: &str| report[group][name].as_u64().unwrap();
    let refused: u64 = report["quarantine"].as_object().unwrap().values().filter_map(|count| count.as_u64()).sum();
    assert!(refused > 0);
    assert!(count("tiers", "until-contract-end") > 3000 && count("tiers", "until-case-closed") > 100, "{report}");
    assert_eq!(report["proves_exactly_once"], false);
    assert!(count("audit", "windows") > 0);
    let audited = ["read", "treated", "refused"].map(|name| count("audit", name));
    assert_eq!(audited, [6000, 6000 - refused, refused]);

    let examples = report["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let before: serde_json::Value = serde_json::from_str(example["before"].as_str().unwrap()).unwrap();
        let secret = before["items"]["login_id"].as_str().or(before["items"]["email"].as_str()).unwrap();
        let after = example["after"].as_object().unwrap();
        assert!(!after.is_empty());
        for (topic, value) in after {
            assert!(!value.as_str().unwrap().contains(secret), "{topic}");
        }
    }
}
