//! A real access log (May 2015) through `garim run` with the shipped policy.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use garim::policy::synthetic::{Generator, Shares, Source};

use crate::admin::Admin;
use crate::cluster::shared;
use crate::process::Site;
use crate::reading::{Isolation, await_done, read};
use crate::secrecy::{address_in, scan_topics};
use crate::writing::{Raw, write};

const LINES: usize = 5_000;

/// The lines, and the days of their events.
fn lines() -> (Vec<String>, &'static str, &'static str) {
    let corpus = std::env::var_os("GARIM_CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let file = corpus.join("logs/apache_access_5k.log");
    if let Ok(text) = std::fs::read_to_string(&file) {
        let lines: Vec<String> = text.lines().map(String::from).collect();
        assert_eq!(lines.len(), LINES);
        return (lines, "2015-05-16", "2015-05-22");
    }
    eprintln!("{} is not there: {LINES} generated lines stand for it", file.display());
    let start = "2026-03-01T00:00:00Z".parse().expect("a time");
    let mut generator = Generator::new(Source::AccessLog, 7, start, Shares::NONE);
    let mut line = Vec::new();
    let lines = (0..LINES)
        .map(|_| {
            generator.next(&mut line);
            String::from_utf8(line.clone()).expect("text")
        })
        .collect();
    (lines, "2026-02-28", "2026-03-02")
}

/// Milliseconds of `[17/May/2015:10:05:03 +0000]`.
fn time_ms(line: &str) -> i64 {
    let inside = line.split(['[', ']']).nth(1).expect("a time in brackets");
    jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", inside)
        .and_then(|parsed| parsed.to_timestamp())
        .expect("a time of the common log form")
        .as_millisecond()
}

#[test]
fn a_real_access_log_reaches_its_tiers_and_no_address_does() {
    let cluster = shared();
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    let (lines, from, until) = lines();
    admin.create("web.access", 3, 1, &[]);
    let site = Site::shipped(&brokers, "access-log.toml");
    site.make_keys(from, until);
    assert!(site.make_topics(&[]).status.success());
    let raw: Vec<Raw> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| Raw {
            timestamp_ms: Some(time_ms(line)),
            key: line.split(' ').next().map(|host| host.as_bytes().to_vec()),
            ..Raw::value((n % 3) as i32, line.as_bytes())
        })
        .collect();
    write(&brokers, "web.access", &raw);

    let mut garim = site.run("web", 1);
    garim.await_ready();
    await_done(&brokers, "garim", "web.access", Duration::from_secs(120));
    let (_, metrics) = garim.page("/metrics").expect("metrics");
    garim.stop();

    let topics = ["tier.access-3m.web", "tier.analytics-1y.web", "quarantine.web"];
    let [access, analytics, refused] = topics.map(|topic| read(&brokers, topic, Isolation::Committed));
    assert_eq!(access.len() + refused.len(), LINES, "each line is in one place");
    assert!(access.len() >= 4_990, "{} of {LINES} lines were treated", access.len());
    assert_eq!(analytics.len(), access.len());
    for notice in &refused {
        let notice = notice.json();
        assert!(notice["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{notice}");
        assert_eq!(notice["topic"], "web.access");
    }

    let addresses: HashSet<String> = lines.iter().filter_map(|line| line.split(' ').next()).map(String::from).collect();
    scan_topics(&brokers, topics, |text| address_in(&addresses, text));
    for (what, text) in [("the log", site.logs()), ("the metrics", metrics)] {
        assert_eq!(address_in(&addresses, text.as_bytes()), None, "{what} holds an address");
    }

    // Times: to the second in the legal tier, to the hour in the other; order is kept where it is promised.
    let clock = |time: &str| String::from(&time[12..20]);
    for (stored, precise) in
        access.iter().map(|stored| (stored, true)).chain(analytics.iter().map(|stored| (stored, false)))
    {
        assert!(stored.key.is_none(), "the key names an address");
        assert!(matches!(stored.timestamp, rdkafka::Timestamp::LogAppendTime(_)), "append time");
        let time = stored.json()["time"].as_str().map(clock).expect("a time");
        assert!(precise || time.ends_with(":00:00"), "{time}");
    }
    let times: HashSet<String> =
        access.iter().map(|stored| stored.json()["time"].as_str().map(clock).expect("a time")).collect();
    let expected: HashSet<String> =
        lines.iter().map(|line| clock(line.split(['[', ']']).nth(1).expect("a time"))).collect();
    assert!(times.is_subset(&expected) && times.len() * 2 > expected.len(), "times to the second");
}
