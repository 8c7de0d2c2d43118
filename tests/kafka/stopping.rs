//! Signals: SIGTERM ends it in order, SIGHUP takes the new policy.

use std::time::Duration;

use garim::policy::synthetic::{Generator, Shares, Source};

use crate::awaiting::until;
use crate::cluster::Cluster;
use crate::process::{Site, code, stderr};
use crate::reading::{Isolation, await_done, await_settled, behind_of, read};
use crate::writing::{Raw, Writer};

const INPUT: &str = "support.activity";

fn fill(brokers: &str, seed: u64, records: usize) {
    let start = "2026-11-20T03:00:00Z".parse().expect("a time");
    let mut generator = Generator::new(Source::Support, seed, start, Shares::NONE);
    let writer = Writer::new(brokers, INPUT);
    let mut value = Vec::new();
    for n in 0..records {
        let stamp = generator.next(&mut value);
        writer.send(&Raw { timestamp_ms: Some(stamp.timestamp_ms), ..Raw::value((n % 2) as i32, value.clone()) });
    }
    writer.finish();
}

#[test]
fn a_stop_under_load_commits_what_was_begun_and_a_reload_changes_the_policy_between_transactions() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let site = Site::shipped(&brokers, "kakao-work.toml");
    site.make_keys("2026-11-18", "2026-11-22");
    let made = site.make_topics(&["--with-inputs", "--partitions", "2"]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));

    // Stopped in the middle, then finished by the next run: nothing twice, nothing lost.
    fill(&brokers, 3, 60_000);
    let mut garim = site.run("stopping", 1);
    garim.await_ready();
    until("it is at work", Duration::from_secs(60), || (behind_of(&brokers, "garim", INPUT) < 60_000).then_some(()));
    garim.stop();
    await_settled(&brokers, "tier.until-case-closed.support", Duration::from_secs(5));
    let mut garim = site.run("stopping", 1);
    await_done(&brokers, "garim", INPUT, Duration::from_secs(120));
    let before = read(&brokers, "tier.until-case-closed.support", Isolation::Committed).len();
    assert_eq!(before, 60_000);

    // The broken policy is not taken, and garim works on under the old one; the new one is.
    let policy = std::fs::read_to_string(&site.policy).expect("the policy");
    let digests = |from: usize| -> std::collections::BTreeSet<String> {
        let stored = read(&brokers, "tier.until-case-closed.support", Isolation::Committed);
        stored[from..]
            .iter()
            .map(|stored| stored.json()["garim"].as_str().expect("provenance").chars().take(8).collect())
            .collect()
    };
    let old = digests(0);
    assert_eq!(old.len(), 1);
    std::fs::write(&site.policy, policy.replace("[sources.support]", "[sources.support]\nno-such-key = 1"))
        .expect("written");
    garim.signal("HUP");
    until("the broken policy is told", Duration::from_secs(30), || garim.log().contains("no-such-key").then_some(()));
    fill(&brokers, 4, 100);
    await_done(&brokers, "garim", INPUT, Duration::from_secs(60));
    assert_eq!(digests(0), old);
    std::fs::write(&site.policy, format!("# A comment changes the digest.\n{policy}")).expect("written");
    garim.signal("HUP");
    until("the new policy is in force", Duration::from_secs(60), || {
        fill(&brokers, 5, 10);
        await_done(&brokers, "garim", INPUT, Duration::from_secs(60));
        (digests(0).len() == 2).then_some(())
    });
    assert!(garim.runs());
    garim.stop();
}
