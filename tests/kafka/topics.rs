//! `garim topics apply` against a broker.

use std::time::Duration;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::Cluster;
use crate::process::{Site, code, once, stderr};

#[test]
fn topics_are_made_as_the_policy_needs_them_and_then_left_alone() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    admin.create("kakaowork.activity", 4, 1, &[]);
    let site = Site::shipped(&brokers, "kakao-work.toml");
    let made = site.make_topics(&["--with-inputs"]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let names =
        ["tier.login-3m.kakaowork", "tier.until-contract-end.kakaowork", "quarantine.support", "support.activity"];
    until("the topics are known", Duration::from_secs(20), || {
        let topics = admin.topics();
        names.iter().all(|name| topics.contains_key(*name)).then_some(())
    });
    let topics = admin.topics();
    assert_eq!(topics["tier.login-3m.kakaowork"], 4, "as many partitions as the input");
    assert_eq!(topics["support.activity"], 6);

    let day_ms = 86_400_000u64;
    let rows = [
        ("tier.login-3m.kakaowork", 99 * day_ms, day_ms),
        ("tier.until-contract-end.kakaowork", 366 * day_ms, day_ms),
        ("tier.dispute-3y.kakaowork", 1103 * day_ms, day_ms),
        ("quarantine.kakaowork", 5 * day_ms, day_ms / 2),
    ];
    for (topic, retention_ms, segment_ms) in rows {
        let configs = admin.configs(topic);
        assert_eq!(configs["message.timestamp.type"], "LogAppendTime", "{topic}");
        assert_eq!(configs["cleanup.policy"], "delete", "{topic}");
        assert_eq!(configs["retention.bytes"], "-1", "{topic}");
        assert_eq!(configs["retention.ms"], retention_ms.to_string(), "{topic}");
        assert_eq!(configs["segment.ms"], segment_ms.to_string(), "{topic}");
    }

    // Again: nothing to do, and what somebody else made stays as it is.
    let again = site.make_topics(&["--with-inputs", "--partitions", "9", "--format", "json"]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    let report: serde_json::Value = serde_json::from_slice(&again.stdout).expect("a report");
    let states: Vec<&str> =
        report["topics"].as_array().expect("topics").iter().filter_map(|topic| topic["state"].as_str()).collect();
    assert!(!states.is_empty() && states.iter().all(|state| *state == "left-alone"), "{report}");
    assert_eq!(admin.topics(), topics);
}

#[test]
fn without_a_broker_or_a_terminal_nothing_is_made() {
    let site = Site::shipped("127.0.0.1:1", "kakao-work.toml");
    let away = site.make_topics(&[]);
    assert_eq!(code(&away), 69, "{}", stderr(&away));
    assert!(once(&["topics", "apply"]).status.code() == Some(2), "no settings were named");
}
