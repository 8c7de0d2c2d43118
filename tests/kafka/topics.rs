//! `garim topics` against a broker: made, drifted, broken, denied, emptied.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::{Cluster, shared};
use crate::process::{Site, code, once, stderr, stdout};
use crate::reading::{Isolation, read};
use crate::writing::{Raw, write};

const POLICY: &str = r#"
policy    = "windows"
effective = 2026-01-01
timezone  = "Asia/Seoul"
unlisted  = "drop"
holidays  = "holidays-kr.toml"

[tiers.law-3m]
keep          = "3 months"
basis         = "통신비밀보호법"
legal-minimum = true
late          = "accept"
group         = "law"
allow         = "the notices are read every day"

[tiers.minute]
keep = "1 minute"

[groups.law]
readers = ["User:archive"]

[sources.SOURCE]
topics = ["SOURCE.in"]
format = "json"
time   = "/at"

[[sources.SOURCE.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.SOURCE.routes]]
to = ["law-3m", "minute"]
"#;

const DAY_MS: i64 = 86_400_000;

/// A site whose source, and so whose topics, have this name.
fn site(brokers: &str, source: &str) -> Site {
    Site::new(brokers, &POLICY.replace("SOURCE", source))
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

/// The member of an array of objects whose `key` is `value`.
fn one<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|member| member[key] == value);
    found.unwrap_or_else(|| panic!("no {key} {value} in {list}"))
}

fn verify(site: &Site) -> (i32, Value) {
    let output = site.verb(&["topics", "verify", "--format", "json"]);
    (code(&output), json(&output))
}

#[test]
fn topics_are_made_as_the_policy_needs_them_and_then_left_alone() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    admin.create("windows.in", 4, 1, &[]);
    let site = site(&brokers, "windows");

    let plan = site.verb(&["topics", "plan", "--exit-code", "--format", "json"]);
    assert_eq!(code(&plan), 1, "{}", stderr(&plan));
    let plan = json(&plan);
    assert_eq!(one(&plan["topics"], "topic", "tier.law-3m.windows")["state"], "make");
    let right = &plan["rights"][0];
    assert_eq!(
        (&right["principal"], &right["pattern"], &right["topics"][0]),
        (&Value::from("User:archive"), &Value::from("prefixed"), &Value::from("tier.law-3m."))
    );
    assert_eq!(admin.topics().len(), 1, "a plan makes nothing");

    let made = site.make_topics(&[]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let names = ["tier.law-3m.windows", "tier.minute.windows", "quarantine.windows", "audit.garim"];
    until("the topics are known", Duration::from_secs(20), || {
        let topics = admin.topics();
        names.iter().all(|name| topics.contains_key(*name)).then_some(())
    });
    assert_eq!(admin.topics()["tier.law-3m.windows"], 4, "as many partitions as the input");
    let rows = [
        ("tier.law-3m.windows", 100 * DAY_MS, DAY_MS),
        ("tier.minute.windows", 60_000, 60_000),
        ("quarantine.windows", 5 * DAY_MS, DAY_MS / 2),
        ("audit.garim", -1, DAY_MS),
    ];
    for (topic, retention_ms, segment_ms) in rows {
        let configs = admin.configs(topic);
        assert_eq!(configs["message.timestamp.type"], "LogAppendTime", "{topic}");
        assert_eq!(configs["cleanup.policy"], "delete", "{topic}");
        assert_eq!(configs["retention.bytes"], "-1", "{topic}");
        assert_eq!(configs["retention.ms"], retention_ms.to_string(), "{topic}");
        assert_eq!(configs["segment.ms"], segment_ms.to_string(), "{topic}");
    }

    // Again: nothing to do, and nothing is done.
    let topics = admin.topics();
    let again = site.verb(&["topics", "plan", "--exit-code"]);
    assert_eq!(code(&again), 0, "{}{}", stdout(&again), stderr(&again));
    assert!(stdout(&again).contains("kafka-acls.sh"), "{}", stdout(&again));
    let again = site.make_topics(&["--with-inputs", "--partitions", "9", "--format", "json"]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    let report = json(&again);
    let states: Vec<&str> =
        report["topics"].as_array().expect("topics").iter().filter_map(|topic| topic["state"].as_str()).collect();
    assert!(!states.is_empty() && states.iter().all(|state| *state == "left-alone"), "{report}");
    assert_eq!(admin.topics(), topics);

    let (code, report) = verify(&site);
    assert_eq!(code, 0, "{report}");
    let law = one(&report["topics"], "topic", "tier.law-3m.windows");
    assert_eq!((&law["state"], &law["takes_late"]), (&Value::from("empty"), &Value::from(true)));
    // Retention, segment, check interval, delay: 100 days, one day, five minutes, one minute.
    assert_eq!(law["worst_case_ms"]["on_disk"], 101 * DAY_MS + 360_000);
    assert_eq!(law["partitions"].as_array().map(Vec::len), Some(4));
}

#[test]
fn what_drifted_is_set_again_and_nothing_else_of_the_topic_changes() {
    let cluster = shared();
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    let foreign = ("max.message.bytes", "77777");
    let drifted = [
        ("retention.ms", "604800000"),
        ("segment.ms", "604800000"),
        ("message.timestamp.type", "CreateTime"),
        ("cleanup.policy", "compact"),
        ("retention.bytes", "1073741824"),
    ];
    admin.create("drift.in", 1, 1, &[("retention.ms", "1234567890")]);
    admin.create("tier.law-3m.drift", 1, 1, &[drifted.as_slice(), &[foreign]].concat());
    let site = site(&brokers, "drift");
    site.make_keys("2026-11-01", "2026-11-30");
    let (before, input) = (admin.configs("tier.law-3m.drift"), admin.configs("drift.in"));

    let plan = site.verb(&["topics", "plan", "--exit-code", "--format", "json"]);
    assert_eq!(code(&plan), 1, "{}", stderr(&plan));
    let plan = json(&plan);
    let changes = &one(&plan["topics"], "topic", "tier.law-3m.drift")["changes"];
    for (name, from) in drifted {
        let change = one(changes, "name", name);
        assert_eq!((&change["from"], &change["origin"]), (&Value::from(from), &Value::from("topic")), "{change}");
    }
    assert_eq!(changes.as_array().map(Vec::len), Some(drifted.len()), "{changes}");
    let text = stdout(&site.verb(&["topics", "plan"]));
    assert!(text.contains("retention.ms: 604800000 (7 days, topic) -> 8640000000 (100 days)"), "{text}");
    assert_eq!(admin.configs("tier.law-3m.drift"), before, "a plan changes nothing");

    // The window is broken, and each complaint stands once; the missing topics are another matter.
    let (status, report) = verify(&site);
    assert_eq!(status, 1, "{report}");
    let breaches = &one(&report["topics"], "topic", "tier.law-3m.drift")["breaches"];
    let names: Vec<&str> =
        breaches.as_array().expect("a list").iter().filter_map(|breach| breach["name"].as_str()).collect();
    assert_eq!(names, ["create-time", "not-deleted", "deleted-by-size", "retention-too-short", "files-stay"]);

    // Only what is missing is made by hand here, so that `run` finds every topic and refuses for the window alone.
    let asked = site.verb(&["topics", "apply"]);
    assert_eq!(code(&asked), 2, "nobody can be asked: {}", stderr(&asked));
    for (name, configs) in [
        ("tier.minute.drift", [("retention.ms", "60000"), ("segment.ms", "60000")].as_slice()),
        ("quarantine.drift", &[]),
    ] {
        admin.create(name, 1, 1, &[configs, &[("message.timestamp.type", "LogAppendTime")]].concat());
    }
    let others = Site::new(&brokers, &POLICY.replace("SOURCE", "others"));
    assert_eq!(code(&others.make_topics(&["--with-inputs"])), 0, "the topics of the audit are there");
    let mut garim = site.run("drift", 1);
    assert_eq!(garim.exit(Duration::from_secs(60)), 78, "{}", garim.log());
    let log = garim.log();
    for words in [
        "CreateTime",
        "`cleanup.policy` is `compact`",
        "`retention.bytes` is 1073741824",
        "`retention.ms` is 604800000",
    ] {
        assert_eq!(log.matches(words).count(), 1, "{words}: {log}");
    }

    let applied = site.make_topics(&["--format", "json"]);
    assert_eq!(code(&applied), 0, "{}", stderr(&applied));
    assert_eq!(one(&json(&applied)["topics"], "topic", "tier.law-3m.drift")["state"], "changed");
    let expected: BTreeMap<String, String> = before
        .into_iter()
        .map(|(name, value)| {
            let mended = match name.as_str() {
                "retention.ms" => String::from("8640000000"),
                "segment.ms" => String::from("86400000"),
                "message.timestamp.type" => String::from("LogAppendTime"),
                "cleanup.policy" => String::from("delete"),
                "retention.bytes" => String::from("-1"),
                _ => value,
            };
            (name, mended)
        })
        .collect();
    until("the settings are in force", Duration::from_secs(20), || {
        (admin.configs("tier.law-3m.drift") == expected).then_some(())
    });
    assert_eq!(expected[foreign.0], foreign.1, "what somebody else set stays");
    assert_eq!(admin.configs("drift.in"), input, "the input is its owner's");
    assert_eq!(verify(&site).0, 0);
    let mut garim = site.run("drift", 1);
    garim.await_ready();
    garim.stop();
}

/// By the verb, and by `run`. The tier has an exact term, so that a minute has to pass and not three months.
#[test]
fn expire_deletes_what_is_due_and_nothing_else_and_says_so_first() {
    let cluster = shared();
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    admin.create("expire.in", 2, 1, &[]);
    let mut site = site(&brokers, "expire");
    site.set("audit", format!("dir = \"{}\"", site.keys().with_file_name("audit").display()));
    assert_eq!(code(&site.make_topics(&[])), 0);
    // The exact tier is due by the second: three records, then two that are younger than a minute.
    let topic = "tier.minute.expire";
    let record = |n: u8| Raw::value(0, format!(r#"{{"n":{n}}}"#));
    write(&brokers, topic, &[record(1), record(2), record(3)]);
    let offsets =
        || -> Vec<i64> { read(&brokers, topic, Isolation::Committed).iter().map(|stored| stored.offset).collect() };
    assert_eq!(offsets(), [0, 1, 2]);
    let nothing = site.verb(&["topics", "expire", "--tier", "minute", "--dry-run", "--format", "json"]);
    assert_eq!((code(&nothing), json(&nothing)["topics"].as_array().map(Vec::len)), (0, Some(0)));

    let due = until("the first three are due", Duration::from_secs(150), || {
        let shown = site.verb(&["topics", "expire", "--tier", "minute", "--dry-run", "--format", "json"]);
        assert_eq!(code(&shown), 0, "{}", stderr(&shown));
        let topics = json(&shown)["topics"].clone();
        topics.as_array().is_some_and(|list| !list.is_empty()).then_some(topics)
    });
    assert_eq!(due[0]["cuts"][0]["before"], 3, "{due}");
    write(&brokers, topic, &[record(4), record(5)]);
    assert_eq!(offsets(), [0, 1, 2, 3, 4], "a dry run deletes nothing");
    let asked = site.verb(&["topics", "expire", "--tier", "minute"]);
    assert_eq!(code(&asked), 2, "nobody can be asked: {}", stderr(&asked));
    let expired = site.verb(&["topics", "expire", "--yes", "--format", "json"]);
    assert_eq!(code(&expired), 0, "{}", stderr(&expired));
    let expired = json(&expired);
    assert_eq!(expired["topics"].as_array().map(Vec::len), Some(1), "{expired}");
    assert_eq!(offsets(), [3, 4], "the younger ones stay");

    // The act is in the log, before its effect, and every reader of the log knows it.
    let acts = read(&brokers, "audit.garim", Isolation::Committed);
    let acts: Vec<Value> = acts.iter().map(|stored| stored.json()).collect();
    let of_topic: Vec<&Value> = acts.iter().filter(|act| act["topic"] == topic).collect();
    assert_eq!(of_topic.len(), 1, "{of_topic:?}");
    let act = of_topic[0];
    assert_eq!(act["act"], "records-expired");
    assert_eq!((&act["tier"], &act["term"]), (&Value::from("minute"), &Value::from("1 minute")));
    assert_eq!((&act["at_most"], &act["cuts"][0]["before"]), (&Value::from(3), &Value::from(3)));
    let followed = site.verb(&["audit", "follow", "--once"]);
    assert_eq!(code(&followed), 0, "{}", stderr(&followed));
    let shown = stdout(&site.verb(&["audit", "show"]));
    assert!(shown.contains("records-expired") && shown.contains(topic), "{shown}");

    // `run` does the same when it is told to, as soon as it starts.
    until("the last two are due", Duration::from_secs(150), || {
        let shown = site.verb(&["topics", "expire", "--tier", "minute", "--dry-run", "--format", "json"]);
        (json(&shown)["topics"][0]["cuts"][0]["before"] == 5).then_some(())
    });
    site.make_keys("2026-11-01", "2026-11-30");
    site.set("topics", "expire = true");
    let garim = site.run("expiring", 1);
    until("it says that they were deleted", Duration::from_secs(60), || {
        garim.log().contains("records were deleted").then_some(())
    });
    assert_eq!(offsets(), [0; 0]);
    garim.stop();

    // A topic whose records bear the times of their writers cannot be judged: nothing of it goes.
    admin.create("tier.law-3m.undated", 1, 1, &[("message.timestamp.type", "CreateTime"), ("retention.ms", "-1")]);
    let undated = Site::new(&brokers, &POLICY.replace("SOURCE", "undated"));
    let old = Raw { timestamp_ms: Some(1_600_000_000_000), ..record(1) };
    write(&brokers, "tier.law-3m.undated", &[old]);
    let passed = undated.verb(&["topics", "expire", "--yes", "--format", "json"]);
    assert_eq!(code(&passed), 1, "{}", stderr(&passed));
    let why = one(&json(&passed)["passed"], "topic", "tier.law-3m.undated")["why"].clone();
    assert!(why.as_str().is_some_and(|why| why.contains("message.timestamp.type")), "{why}");
    assert_eq!(read(&brokers, "tier.law-3m.undated", Isolation::Committed).len(), 1);
}

#[test]
fn a_minute_is_a_minute_on_a_busy_and_on_an_idle_partition() {
    // Brokers that look every second, so that what is shown is the minute and not their pauses.
    let fast =
        ["log.retention.check.interval.ms=1000", "log.segment.delete.delay.ms=1000", "log.initial.task.delay.ms=1000"];
    let cluster = Cluster::start_with(1, &fast);
    let brokers = cluster.brokers();
    Admin::new(&brokers).create("leaving.in", 2, 1, &[]);
    let site = site(&brokers, "leaving");
    assert_eq!(code(&site.make_topics(&[])), 0);
    let topic = "tier.minute.leaving";
    let record = |partition| Raw::value(partition, "{}");
    write(&brokers, topic, &[record(0), record(1)]);
    let first =
        |report: &Value, partition: usize| one(&report["topics"], "topic", topic)["partitions"][partition].clone();
    let (status, report) = verify(&site);
    assert_eq!(status, 0, "{report}");
    let written_ms = first(&report, 0)["oldest_appended_ms"].as_i64().expect("a time");
    assert_eq!(first(&report, 1)["state"], "kept");
    let worst = &one(&report["topics"], "topic", topic)["worst_case_ms"];
    assert_eq!((&worst["readable"], &worst["on_disk"]), (&Value::from(121_000), &Value::from(122_000)));

    // Partition 0 is busy: it rolls by what is appended. Partition 1 is idle: its active segment goes by its age.
    let mut gone_ms = [None; 2];
    until("both oldest records have left", Duration::from_secs(240), || {
        write(&brokers, topic, &[record(0)]);
        let (status, report) = verify(&site);
        assert_eq!(status, 0, "nothing outstays its end: {report}");
        for (partition, gone) in gone_ms.iter_mut().enumerate() {
            let part = first(&report, partition);
            if gone.is_none() && part["first_offset"].as_i64() > Some(0) {
                *gone = report["at_ms"].as_i64();
            }
        }
        gone_ms.iter().all(Option::is_some).then_some(())
    });
    for (partition, gone_ms) in gone_ms.into_iter().enumerate() {
        let age_ms = gone_ms.expect("it has left") - written_ms;
        // Not before its minute; and by what `verify` promised, and a little for the looks of this test.
        assert!((60_000..=121_000 + 15_000).contains(&age_ms), "partition {partition}: {age_ms} ms");
    }
}

#[test]
fn without_rights_nobody_is_told_that_all_is_well() {
    let cluster = Cluster::start_with(
        1,
        &[
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found=false",
            "super.users=User:admin",
            "sasl.enabled.mechanisms=PLAIN",
            "listener.security.protocol.map=PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "sasl.mechanism.inter.broker.protocol=PLAIN",
            "sasl.mechanism.controller.protocol=PLAIN",
            "listener.name.plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             username=\"admin\" password=\"test-admin\" user_admin=\"test-admin\" user_worker=\"test-worker\";",
            "listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             username=\"admin\" password=\"test-admin\" user_admin=\"test-admin\";",
        ],
    );
    let brokers = cluster.brokers();
    let as_user = |user: &str| {
        let mut site = site(&brokers, "denied");
        for line in [
            String::from("\"security.protocol\" = \"SASL_PLAINTEXT\""),
            String::from("\"sasl.mechanism\" = \"PLAIN\""),
            format!("\"sasl.username\" = \"{user}\""),
            format!("\"sasl.password\" = \"test-{user}\""),
        ] {
            site.set("kafka.properties", line);
        }
        site
    };
    let (admin, worker) = (as_user("admin"), as_user("worker"));
    let made = until("the broker serves", Duration::from_secs(90), || {
        let made = admin.make_topics(&["--with-inputs"]);
        (code(&made) != 69).then_some(made)
    });
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert_eq!(verify(&admin).0, 0);
    // To whom a topic may not be described, it is not there.
    for verb in [["topics", "plan", "--exit-code"].as_slice(), &["topics", "verify"]] {
        let denied = worker.verb(verb);
        assert_ne!(code(&denied), 0, "{verb:?}: {}", stdout(&denied));
        assert!(!stdout(&denied).contains("kept long enough, gone in time"), "{}", stdout(&denied));
    }
    worker.make_keys("2026-11-01", "2026-11-30");
    let mut garim = worker.run("worker", 1);
    assert_eq!(garim.exit(Duration::from_secs(90)), 69, "{}", garim.log());
}

#[test]
fn without_a_broker_or_a_terminal_nothing_is_made() {
    let site = Site::shipped("127.0.0.1:1", "kakao-work.toml");
    let away = site.make_topics(&[]);
    assert_eq!(code(&away), 69, "{}", stderr(&away));
    assert!(once(&["topics", "apply"]).status.code() == Some(2), "no settings were named");
}
