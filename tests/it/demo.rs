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
    assert_eq!(report["sources"], serde_json::json!({"kakaowork": 5000, "support": 1000}));
    let count = |group: &str, name: &str| report[group][name].as_u64().unwrap();
    let refused: u64 = report["quarantine"].as_object().unwrap().values().filter_map(|count| count.as_u64()).sum();
    assert!(refused > 0);
    assert_eq!(count("tiers", "until-contract-end") + count("tiers", "until-case-closed") + refused, 6000);
    assert_eq!(report["proves_exactly_once"], false);
    assert!(count("audit", "windows") > 0);
    assert_eq!([count("audit", "read"), count("audit", "refused")], [6000, refused]);

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
