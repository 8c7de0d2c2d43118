//! A thousand records of every category through `garim run` on a real broker, every output of every tier read back and
//! checked against the notice's tables.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use garim::policy::key::Store;
use garim::policy::synthetic::{Generator, Shares, Source};
use serde_json::Value;

use crate::admin::Admin;
use crate::checker::judge::{Judge, leaves};
use crate::checker::opening::Opener;
use crate::checker::{Expected, Notice, Want};
use crate::cluster::Cluster;
use crate::process::Site;
use crate::reading::{Isolation, Stored, await_done, read};
use crate::secrecy::word_in;
use crate::writing::{Raw, Writer};

/// Of each category.
const RECORDS: usize = 1000;

/// Seconds before midnight in Seoul: two days, two keys of each tier that has keys by day.
const START: &str = "2026-11-14T23:59:55+09:00";

/// Services of the notice.
fn services() -> impl Iterator<Item = Source> {
    Source::ALL.into_iter().filter(|source| source.categories().next().is_some())
}

/// The records of a service, category by category, as they are written to its topic.
fn records(source: Source) -> Vec<Raw> {
    let mut raws = Vec::new();
    for category in source.categories() {
        let shares = Shares { canary: 150, broken: 0 };
        let generator = Generator::new(source, 33, START.parse().expect("a moment"), shares).only(category);
        let mut generator = generator.expect("a category of its own");
        for _ in 0..RECORDS {
            let mut value = Vec::new();
            let stamp = generator.next(&mut value);
            let key = Some(stamp.key.to_vec());
            raws.push(Raw { timestamp_ms: Some(stamp.timestamp_ms), key, ..Raw::value(0, value) });
        }
    }
    raws
}

/// What an output looks like that says nothing of a single person: every place with its value.
fn looks(places: BTreeMap<String, Value>) -> String {
    places.iter().filter(|(place, _)| *place != "/garim").map(|(place, value)| format!("{place}={value};")).collect()
}

fn should_look(expected: &Expected) -> String {
    let exact = |(place, want): (&String, &Want)| match want {
        Want::Exact(value) => (place.clone(), value.clone()),
        other => panic!("{place} of a tier without order is {other:?}"),
    };
    looks(expected.leaves.iter().map(exact).collect())
}

/// Pairs the outputs of a tier with the inputs that they came from: by order; where a tier has none, by their looks.
fn pair<'a>(inputs: &[&'a (Value, Expected)], outputs: &[Vec<u8>]) -> Vec<&'a (Value, Expected)> {
    if inputs.first().is_none_or(|(_, expected)| !expected.without_id) {
        return inputs.to_vec();
    }
    let mut waiting: HashMap<String, Vec<&(Value, Expected)>> = HashMap::new();
    for input in inputs {
        waiting.entry(should_look(&input.1)).or_default().push(input);
    }
    outputs
        .iter()
        .map(|output| {
            let look = looks(leaves(&serde_json::from_slice(output).expect("JSON")));
            let found = waiting.get_mut(&look).and_then(Vec::pop);
            found.unwrap_or_else(|| panic!("no record should look like {}", String::from_utf8_lossy(output)))
        })
        .collect()
}

/// Reads topics to their ends, several at a time: each waits for its broker most of the time.
fn read_all<'a>(brokers: &str, topics: &'a [String]) -> Vec<(&'a String, Vec<Stored>)> {
    let one = |topic: &'a String| (topic, read(brokers, topic, Isolation::Committed));
    topics
        .chunks(8)
        .flat_map(|some| {
            std::thread::scope(|scope| {
                let threads: Vec<_> = some.iter().map(|topic| scope.spawn(|| one(topic))).collect();
                threads.into_iter().map(|thread| thread.join().expect("the topic was read")).collect::<Vec<_>>()
            })
        })
        .collect()
}

#[test]
fn every_record_of_every_category_is_in_its_topics_as_the_notice_says() {
    let cluster = Cluster::start(1);
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    let mut site = Site::shipped(&brokers, "kakao-work.toml");
    site.set("limits", "past-days = 30");
    site.make_keys("2026-11-12", "2026-11-16");
    for service in services() {
        admin.create(&format!("{}.activity", service.name()), 1, 1, &[]);
    }
    assert!(site.make_topics(&[]).status.success());
    let notice = Notice::read();
    // What must be where: by topic, in the order of the input.
    let mut wanted: BTreeMap<(String, String), Vec<(Value, Expected)>> = BTreeMap::new();
    for service in services() {
        let raws = records(service);
        let writer = Writer::new(&brokers, &format!("{}.activity", service.name()));
        for raw in &raws {
            writer.send(raw);
            let input: Value = serde_json::from_slice(raw.value.as_deref().expect("a value")).expect("JSON");
            for (tier, expected) in notice.expected(&input) {
                wanted.entry((service.name().to_owned(), tier)).or_default().push((input.clone(), expected));
            }
        }
        writer.finish();
    }

    let mut garim = site.run("notice", 2);
    garim.await_ready();
    for service in services() {
        await_done(&brokers, "garim", &format!("{}.activity", service.name()), Duration::from_secs(120));
    }
    garim.stop();

    let plan = garim::policy::load(&site.policy).expect("the shipped policy").plan;
    let keys = Store::open(&site.keys()).expect("the keys").ring(&plan.tiers);
    let opener = Opener { plan: &plan, keys: &keys };
    let mut judge = Judge::default();
    let mut outputs = 0;
    let topics: Vec<String> = admin.topics().into_keys().filter(|name| name.starts_with("tier.")).collect();
    for (topic, stored) in read_all(&brokers, &topics) {
        let (tier, service) = topic["tier.".len()..].split_once('.').expect("tier and service");
        let values: Vec<Vec<u8>> = stored.iter().map(|stored| stored.value.clone().expect("a value")).collect();
        assert!(stored.iter().all(|stored| stored.key.is_none() && stored.headers.is_empty()), "{topic}");
        let inputs = wanted.remove(&(service.to_owned(), tier.to_owned())).unwrap_or_default();
        assert_eq!(values.len(), inputs.len(), "{topic}: as many as the notice's tables say");
        let inputs: Vec<&(Value, Expected)> = inputs.iter().collect();
        for ((input, expected), value) in pair(&inputs, &values).into_iter().zip(&values) {
            let open = |source: &str, tier: &str, at: &str, output: &Value| opener.open(source, tier, at, output);
            let faults = judge.output(input, tier, expected, value, &open);
            assert!(faults.is_empty(), "{topic}: {faults:#?}\n{input}\n{}", String::from_utf8_lossy(value));
            assert_eq!(word_in("canary", value), None, "{topic}");
            outputs += 1;
        }
    }
    assert!(wanted.is_empty(), "no topic for {:?}", wanted.keys());
    assert_eq!(judge.outputs.len(), 16, "every tier of the notice: {:?}", judge.outputs);
    assert!(outputs > notice.categories().count() * RECORDS, "{outputs} outputs");
    let quarantines: Vec<String> = services().map(|service| format!("quarantine.{}", service.name())).collect();
    for (quarantine, refused) in read_all(&brokers, &quarantines) {
        assert_eq!(refused.len(), 0, "{quarantine}");
    }
    assert_eq!(word_in("canary", site.logs().as_bytes()), None, "the log");
}
