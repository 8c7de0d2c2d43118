//! Every input once in its tiers, in order, while processes are killed and the group grows and shrinks.
//!
//! What must come out is computed here by the library from the same policy and keys: treatment is a pure function, so each
//! output partition has to be that sequence of bytes and no other.

use std::collections::BTreeMap;
use std::time::Duration;

use garim::engine::outcome::Treated;
use garim::engine::{Engine, Limits, Scratch};
use garim::policy::key::Store;
use garim::policy::synthetic::{CANARY, Generator, Shares, Source};
use garim::record::{InputId, Position, Record};
use garim::secret::Plain;

use crate::admin::Admin;
use crate::awaiting::until;
use crate::cluster::Cluster;
use crate::process::{Garim, Site};
use crate::reading::{Isolation, await_done, behind_of, read, read_each};
use crate::secrecy::{scan_topics, word_in};
use crate::writing::{Raw, Writer};

const RECORDS: usize = 300_000;
const PARTITIONS: i32 = 6;
const INPUT: &str = "kakaowork.activity";

type Outputs = BTreeMap<(String, i32), Vec<[u8; 32]>>;

/// The input and what must become of it.
struct Expected {
    input: Vec<Raw>,
    /// Digest of key and value of each output, by topic and partition, in order.
    outputs: Outputs,
    /// The same of tiers whose records are put out of order: sorted.
    spread: Outputs,
    /// Refused records: partition, offset, reason.
    refused: Vec<(i32, i64, &'static str)>,
}

fn digest(key: Option<&[u8]>, value: Option<&[u8]>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in [key, value] {
        hasher.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
        hasher.update(part.unwrap_or_default());
    }
    *hasher.finalize().as_bytes()
}

/// Generates the input and treats it.
fn expected(site: &Site, seed: u64) -> Expected {
    // Half an hour before midnight in Seoul: two days, two keys a tier.
    let start = "2026-11-20T14:30:00Z".parse().expect("a time");
    let mut generator = Generator::new(Source::KakaoWork, seed, start, Shares { canary: 50, broken: 5 });
    let mut value = Vec::new();
    let mut offsets = [0i64; PARTITIONS as usize];
    let mut input = Vec::with_capacity(RECORDS);
    let mut positions = Vec::with_capacity(RECORDS);
    for n in 0..RECORDS {
        let stamp = generator.next(&mut value);
        let partition = (n % PARTITIONS as usize) as i32;
        input.push(Raw {
            timestamp_ms: Some(stamp.timestamp_ms),
            key: Some(stamp.key.to_vec()),
            ..Raw::value(partition, value.clone())
        });
        positions.push(Position { partition, offset: offsets[partition as usize] });
        offsets[partition as usize] += 1;
    }

    let plan = garim::policy::load(&site.policy).expect("the shipped policy").plan;
    let engine = Engine::new(plan, Limits { past_days: 30, future_days: 1 }).expect("the plan compiles");
    let keys = Store::open(&site.keys()).expect("the keys").ring(engine.tiers());
    let (mut scratch, mut treated) = (Scratch::new(), Treated::default());
    let mut outputs: Outputs = BTreeMap::new();
    let mut spread = BTreeMap::new();
    let mut refused = Vec::new();
    let id = engine.input(INPUT).expect("the input");
    assert_eq!(id, InputId(0));
    for (raws, positions) in input.chunks(1000).zip(positions.chunks(1000)) {
        let records: Vec<Record<'_>> = raws
            .iter()
            .zip(positions)
            .map(|(raw, &position)| Record {
                input: id,
                position,
                timestamp_ms: raw.timestamp_ms,
                key: raw.key.as_deref().map(Plain),
                value: raw.value.as_deref().map(Plain),
                headers: &[],
            })
            .collect();
        engine.treat(&mut scratch, &keys, &records, &mut treated).expect("the keys are there");
        for output in &treated.outputs {
            let bytes = |range: &Option<std::ops::Range<usize>>| range.clone().map(|range| &treated.bytes[range]);
            let topic = String::from(engine.topic(output.source, output.tier));
            let digest = digest(bytes(&output.key), bytes(&output.value));
            // The partition of a record that is put out of order follows from its id.
            match engine.tiers()[usize::from(output.tier.0)].spread {
                false => outputs.entry((topic, output.partition)).or_default().push(digest),
                true => spread.entry((topic, output.partition % PARTITIONS)).or_insert_with(Vec::new).push(digest),
            }
        }
        refused.extend(
            treated
                .refusals
                .iter()
                .map(|refusal| (refusal.position.partition, refusal.position.offset, refusal.reason.code())),
        );
    }
    refused.sort_unstable();
    assert!(!refused.is_empty() && outputs.values().map(Vec::len).sum::<usize>() >= RECORDS - refused.len());
    spread.values_mut().for_each(|list| list.sort_unstable());
    Expected { input, outputs, spread, refused }
}

/// Writes the input share by share, and leaves the group in the middle of each.
struct Feed<'a> {
    writer: Writer,
    rest: &'a [Raw],
    brokers: String,
}

impl Feed<'_> {
    /// Writes most of the next share, waits until the group is at work on it, and writes the remainder.
    fn next(&mut self, share: usize) {
        let before = behind_of(&self.brokers, "garim", INPUT);
        let share = share.min(self.rest.len());
        self.write(share * 2 / 3);
        let written = before + share as i64 * 2 / 3;
        until("the group commits some of it", Duration::from_secs(120), || {
            (behind_of(&self.brokers, "garim", INPUT) < written).then_some(())
        });
        self.write(share - share * 2 / 3);
    }

    fn write(&mut self, records: usize) {
        let (now, later) = self.rest.split_at(records);
        now.iter().for_each(|raw| self.writer.send(raw));
        self.writer.finish();
        self.rest = later;
    }
}

/// Kills a process, and starts its successor under the same name. Answers how many records the group had still to do.
fn kill(site: &Site, brokers: &str, garim: &mut Option<Garim>, instance: &str) -> i64 {
    garim.take().expect("it runs").kill();
    let behind = behind_of(brokers, "garim", INPUT);
    *garim = Some(site.run(instance, 2));
    behind
}

/// What is wrong with the outputs of one partition, if anything is.
fn fault(expected: &[[u8; 32]], found: &[[u8; 32]]) -> Option<String> {
    if expected == found {
        return None;
    }
    let at = expected.iter().zip(found).take_while(|(expected, found)| expected == found).count();
    let stray = found.get(at).map(|found| expected.iter().position(|expected| expected == found));
    let lengths = format!("{} outputs should be there, and {} are", expected.len(), found.len());
    Some(match stray {
        None => format!("{lengths}: the last are missing"),
        Some(None) => format!("{lengths}: at {at} stands what should be nowhere"),
        Some(Some(other)) => format!("{lengths}: at {at} stands what belongs at {other}"),
    })
}

/// The judge finds what it is for; else its silence would prove nothing.
#[test]
fn the_judge_finds_what_is_lost_doubled_swapped_or_changed() {
    let expected: Vec<[u8; 32]> = (0..9).map(|n| [n; 32]).collect();
    assert_eq!(fault(&expected, &expected), None);
    let with = |change: &dyn Fn(&mut Vec<[u8; 32]>)| {
        let mut found = expected.clone();
        change(&mut found);
        fault(&expected, &found)
    };
    type Fault<'a> = &'a dyn Fn(&mut Vec<[u8; 32]>);
    let faults: [Fault<'_>; 6] = [
        &|found| _ = found.remove(4),
        &|found| _ = found.pop(),
        &|found| found.insert(5, [4; 32]),
        &|found| found.push([8; 32]),
        &|found| found.swap(2, 3),
        &|found| found[7] = [77; 32],
    ];
    for (number, change) in faults.iter().enumerate() {
        assert!(with(change).is_some(), "fault {number}");
    }
}

#[test]
fn every_record_is_once_in_its_tiers_whatever_is_killed() {
    let cluster = Cluster::start(3);
    let brokers = cluster.brokers();
    let admin = Admin::new(&brokers);
    admin.create(INPUT, PARTITIONS, 3, &[]);
    let mut site = Site::shipped(&brokers, "kakao-work.toml");
    site.set("limits", "past-days = 30");
    site.make_keys("2026-11-18", "2026-11-22");
    let made = site.make_topics(&["--partitions", "6"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    site.make_inputs(&admin, 3);
    let expected = expected(&site, 11);

    let mut feed = Feed { writer: Writer::new(&brokers, INPUT), rest: &expected.input, brokers: brokers.clone() };
    let share = RECORDS / 10;
    let mut behind = Vec::new();
    let mut first = Some(site.run("first", 2));
    feed.next(share);
    behind.push(kill(&site, &brokers, &mut first, "first"));
    feed.next(share);
    // One to three.
    let mut second = Some(site.run("second", 2));
    feed.next(share);
    let third = site.run("third", 2);
    behind.push(kill(&site, &brokers, &mut second, "second"));
    feed.next(share);
    behind.push(kill(&site, &brokers, &mut first, "first"));
    feed.next(share);
    behind.push(kill(&site, &brokers, &mut second, "second"));
    feed.next(share);
    // Three to two, in order this time.
    third.stop();
    feed.next(share);
    behind.push(kill(&site, &brokers, &mut first, "first"));
    feed.next(share);
    behind.push(kill(&site, &brokers, &mut second, "second"));
    feed.next(RECORDS);
    eprintln!("records still to do at each kill: {behind:?}");
    assert!(behind.iter().filter(|behind| **behind > 0).count() >= 3, "kills hit work, not rest: {behind:?}");
    await_done(&brokers, "garim", INPUT, Duration::from_secs(300));
    // The one that was started last may have found nothing left to do, and may still be on its way.
    let metrics = [&first, &second].map(|garim| {
        let garim = garim.as_ref().expect("it runs");
        until("its metrics are there", Duration::from_secs(60), || garim.page("/metrics").map(|(_, text)| text))
    });
    first.take().expect("it runs").stop();
    second.take().expect("it runs").stop();

    judge(&brokers, &expected);
    let topics: Vec<String> = admin.topics().into_keys().filter(|topic| topic.ends_with(".kakaowork")).collect();
    scan_topics(&brokers, topics.iter().map(String::as_str), |text| word_in(CANARY, text));
    for text in metrics.iter().chain([&site.logs()]) {
        assert_eq!(word_in(CANARY, text.as_bytes()), None);
    }
}

fn judge(brokers: &str, expected: &Expected) {
    let all = |outputs: &'_ Outputs| {
        let mut topics: Vec<String> = outputs.keys().map(|(topic, _)| topic.clone()).collect();
        topics.dedup();
        topics
    };
    let topics = all(&expected.outputs).into_iter().map(|topic| (topic, &expected.outputs, false));
    let spread = all(&expected.spread).into_iter().map(|topic| (topic, &expected.spread, true));
    for (topic, outputs, spread) in topics.chain(spread) {
        let topic = topic.as_str();
        let mut found: Vec<Vec<[u8; 32]>> = vec![Vec::new(); PARTITIONS as usize];
        read_each(brokers, topic, Isolation::Committed, |stored| {
            found[stored.partition as usize].push(digest(stored.key.as_deref(), stored.value.as_deref()));
        });
        for partition in 0..PARTITIONS {
            let expected = outputs.get(&(String::from(topic), partition)).map_or(&[][..], Vec::as_slice);
            if spread {
                found[partition as usize].sort_unstable();
            }
            if let Some(fault) = fault(expected, &found[partition as usize]) {
                panic!("{topic} {partition}: {fault}");
            }
        }
    }
    let quarantine = "quarantine.kakaowork";
    let mut refused: Vec<(i32, i64, String)> = read(brokers, quarantine, Isolation::Committed)
        .iter()
        .map(|stored| {
            let notice = stored.json();
            let number = |name: &str| notice[name].as_i64().expect("a number");
            let reason = notice["reason"].as_str().expect("a reason");
            (number("partition") as i32, number("offset"), String::from(reason))
        })
        .collect();
    refused.sort_unstable();
    let wanted: Vec<(i32, i64, String)> =
        expected.refused.iter().map(|&(partition, offset, reason)| (partition, offset, String::from(reason))).collect();
    assert_eq!(refused, wanted, "each refused record has one notice");
}
