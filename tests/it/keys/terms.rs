//! What terms, rotations and tenants make of a store's keys.

use garim::policy::key::{Added, KeyPlace, Rotation};
use garim::pseudonym::epoch::{Period, TenantLookup};

use super::*;

const LONG_AGO: i64 = 0;

/// The milliseconds of a time in Seoul.
fn ms(time: &str) -> i64 {
    format!("{time}+09:00").parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// Two tiers: one of three months by day, one of three years by year that the law asks for; and a partner's share of it.
fn yearly() -> Plan {
    let dispute = Tier { term: Term::years(3), legal_minimum: true, ..tier("dispute-3y") };
    let share = Tier { term: Term::years(4), ..tier("dispute-3y@partner") };
    let mut plan = plan(vec![tier("login-3m"), dispute, share]);
    plan.keys[1].period = Period::Year;
    plan.keys[2] = KeyPlan { recipient: Some("partner".into()), ..plan.keys[1].clone() };
    plan
}

fn store(plan: &Plan, from: Date, until: Date) -> (tempfile::TempDir, std::path::PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("keys");
    Store::make(&dir, plan, (from, until), &mut |_: &str, _: &[_]| Ok::<(), ()>(()), &mut steady).unwrap();
    (parent, dir)
}

fn rotate(
    dir: &Path,
    plan: &Plan,
    tiers: &[&str],
    from_ms: i64,
    now_ms: i64,
    emergency: bool,
) -> Result<usize, String> {
    let tiers: Vec<String> = tiers.iter().map(|&tier| tier.to_owned()).collect();
    let rotation = Rotation { tiers: &tiers, from_ms, now_ms, emergency };
    let announce = &mut |_: &str, _: &[_]| Ok::<(), ()>(());
    match Store::rotate(dir, plan, &rotation, announce, &mut steady) {
        Ok(keys) => Ok(keys.len()),
        Err(Halt::Store(error)) => Err(error.to_string()),
        Err(Halt::Announce(())) => unreachable!("nobody refuses"),
    }
}

fn id_at(ring: &KeyRing, tier: u8, epoch: Epoch, at_ms: i64) -> [u8; 6] {
    match ring.lookup(TierId(tier), epoch, at_ms) {
        Lookup::Live(key) => key.id,
        Lookup::Destroyed | Lookup::Missing => panic!("no key of {tier} in {epoch:?} at {at_ms}"),
    }
}

#[test]
fn a_tier_by_year_has_keys_of_both_sorts_and_a_share_has_none() {
    let plan = yearly();
    let (_parent, dir) = store(&plan, date(2026, 12, 31), date(2027, 1, 1));
    let mut files: Vec<_> = ["login-3m", "dispute-3y"]
        .iter()
        .flat_map(|tier| fs::read_dir(dir.join(tier)).unwrap().map(|file| file.unwrap().file_name()))
        .collect();
    files.sort();
    let days = ["2026-12-31.key", "2027-01-01.key"];
    assert_eq!(files, ["2026-12-31.key", days[0], "2026.key", "2027-01-01.key", days[1], "2027.key"]);
    assert!(!dir.join("dispute-3y@partner").exists());
    let ring = Store::open(&dir).unwrap().ring(&plan.tiers);
    assert_ne!(id_at(&ring, 1, Epoch::Year(2026), 0), id_at(&ring, 1, Epoch::Day(FIRST_DAY + 60), 0));
    assert!(matches!(ring.lookup(TierId(0), Epoch::Year(2026), 0), Lookup::Missing));
}

#[test]
fn a_rotation_begins_where_it_says_and_lasts() {
    let plan = yearly();
    let (_parent, dir) = store(&plan, date(2026, 11, 23), date(2026, 11, 26));
    let before = Store::open(&dir).unwrap().ring(&plan.tiers);
    let noon = ms("2026-11-24T12:00:00");
    let days: Vec<Epoch> = (22..26).map(|day| Epoch::Day(FIRST_DAY + day)).collect();

    assert!(rotate(&dir, &plan, &[], noon, noon, false).unwrap_err().contains("is past"));
    assert!(rotate(&dir, &plan, &["other"], noon, LONG_AGO, false).unwrap_err().contains("no tier `other`"));
    assert!(rotate(&dir, &plan, &[], ms("2026-11-27T00:00:00"), LONG_AGO, false).is_ok(), "the year goes on");
    assert_eq!(rotate(&dir, &plan, &["login-3m"], noon, noon, true), Ok(3));
    assert_eq!(rotate(&dir, &plan, &["login-3m"], noon, noon, true), Ok(0), "a repeated command changes nothing");
    assert!(dir.join("login-3m/2026-11-24.g2.key").exists() && !dir.join("login-3m/2026-11-23.g2.key").exists());

    let after = Store::open(&dir).unwrap().ring(&plan.tiers);
    let same = |epoch, at: &str| id_at(&before, 0, epoch, ms(at)) == id_at(&after, 0, epoch, ms(at));
    assert!(same(days[0], "2026-11-23T23:59:59"));
    assert!(same(days[1], "2026-11-24T11:59:59.999"));
    assert!(!same(days[1], "2026-11-24T12:00:00"));
    assert!(!same(days[2], "2026-11-25T00:00:00") && !same(days[3], "2026-11-26T10:00:00"));
    assert_eq!(id_at(&before, 1, days[1], noon), id_at(&after, 1, days[1], noon), "other tiers keep theirs");
    let Lookup::Live(first) = after.lookup(TierId(0), days[1], noon - 1) else { panic!("it is there") };
    assert_eq!((first.from_ms, first.until_ms), (i64::MIN, noon));
}

#[test]
fn an_emergency_before_a_planned_rotation_ends_that_one_s_key_too() {
    let plan = yearly();
    let (_parent, dir) = store(&plan, date(2026, 11, 24), date(2026, 11, 24));
    let (morning, evening) = (ms("2026-11-24T06:00:00"), ms("2026-11-24T18:00:00"));
    let day = Epoch::Day(FIRST_DAY + 23);
    rotate(&dir, &plan, &["login-3m"], evening, LONG_AGO, false).unwrap();
    let planned = id_at(&Store::open(&dir).unwrap().ring(&plan.tiers), 0, day, evening);
    assert_eq!(rotate(&dir, &plan, &["login-3m"], morning, evening, true), Ok(2));
    let ring = Store::open(&dir).unwrap().ring(&plan.tiers);
    let [first, second, third] = [morning - 1, morning, evening].map(|at| id_at(&ring, 0, day, at));
    assert!(first != second && second != third && third != planned && first != third);
    assert!(Store::open(&dir).unwrap().keys().iter().any(|listed| listed.key.id == planned && !listed.destroyed));
}

#[test]
fn tenants_have_a_key_each_and_their_names_stay_out() {
    let plan = yearly();
    let (_parent, dir) = store(&plan, FIRST, FIRST);
    let announce = &mut |_: &str, _: &[_]| Ok::<(), ()>(());
    let mut add = |names: &[&[u8]]| Store::add_tenants(&dir, "work", names, announce, &mut steady).unwrap();
    assert_eq!(add(&[b"acme", b"umbrella", b"acme"]), Added { made: 2, kept: 0, destroyed: 0 });
    assert_eq!(add(&[b"acme", b"initech"]), Added { made: 1, kept: 1, destroyed: 0 });
    let opened = Store::open(&dir).unwrap();
    let ring = opened.ring(&plan.tiers);
    let live = |source: &str, name: &str| match ring.tenant(&ring.tenant_id(source, name).unwrap()) {
        TenantLookup::Live(key) => Some(*key.expose()),
        TenantLookup::Destroyed | TenantLookup::Missing => None,
    };
    assert!(live("work", "acme").is_some() && live("work", "acme") != live("work", "initech"));
    assert!(live("other", "acme").is_none() && live("work", "nobody").is_none());
    for file in fs::read_dir(dir.join("tenants")).unwrap() {
        let path = file.unwrap().path();
        assert!(path.file_stem().unwrap() == "naming" || path.file_stem().unwrap().len() == 32, "{}", path.display());
    }
    assert!(!fs::read_to_string(dir.join("index.toml")).unwrap().contains("acme"));

    let keys = opened.keys();
    let is_tenant = |place: &KeyPlace| matches!(place, KeyPlace::Tenant { .. });
    let ids: Vec<_> = keys.iter().filter(|listed| is_tenant(&listed.key.place)).map(|listed| listed.key.id).collect();
    assert_eq!(Store::mark_and_remove(&dir, &ids, "{}", &mut steady).unwrap().len(), 3);
    assert_eq!(add(&[b"acme", b"new"]), Added { made: 1, kept: 0, destroyed: 1 });
    let ring = Store::open(&dir).unwrap().ring(&plan.tiers);
    assert!(matches!(ring.tenant(&ring.tenant_id("work", "acme").unwrap()), TenantLookup::Destroyed));
    let naming = keys.iter().find(|listed| listed.key.place == KeyPlace::Naming).unwrap().key.id;
    let error = Store::mark_and_remove(&dir, &[naming], "{}", &mut steady).unwrap_err();
    assert!(error.to_string().contains("not destroyed alone"), "{error}");
}

#[test]
fn keys_are_due_after_their_last_day_and_the_law_s_not_before() {
    let plan = yearly();
    let (_parent, dir) = store(&plan, date(2026, 11, 30), date(2026, 12, 1));
    let store = Store::open(&dir).unwrap();
    let due = |today| -> Vec<String> { store.due(&plan, today).iter().map(|key| key.place.to_string()).collect() };
    assert!(due(date(2027, 2, 28)).is_empty(), "a month's end: kept on the last day of February");
    assert_eq!(due(date(2027, 3, 1)), ["login-3m/2026-11-30"]);
    assert_eq!(due(date(2027, 3, 2)), ["login-3m/2026-11-30", "login-3m/2026-12-01"]);
    // The share of four years keeps the tier's keys beyond its own three, and the year's key serves until its last day.
    assert_eq!(due(date(2030, 11, 30)).len(), 2);
    assert_eq!(due(date(2030, 12, 1))[0], "dispute-3y/2026-11-30");
    assert!(!due(date(2030, 12, 31)).contains(&String::from("dispute-3y/2026")));
    assert!(due(date(2031, 1, 1)).contains(&String::from("dispute-3y/2026")));

    let keys = store.keys();
    let id = |place: &str| keys.iter().find(|listed| listed.key.place.to_string() == place).unwrap().key.id;
    let (login, dispute) = (id("login-3m/2026-11-30"), id("dispute-3y/2026-11-30"));
    assert_eq!(store.refuse_early(&plan, &[login], FIRST), Ok(()), "no law asks for it");
    let refused = |ids: &[[u8; 6]], today| store.refuse_early(&plan, ids, today).map_err(|error| error.to_string());
    assert!(refused(&[login, dispute], date(2030, 11, 30)).unwrap_err().contains("until 2030-11-30"));
    assert_eq!(refused(&[login, dispute], date(2030, 12, 1)), Ok(()));
    assert!(refused(&[*b"zzzzzz"], LAST).unwrap_err().contains("no key zzzzzz"));
    let other = super::plan(vec![tier("other")]);
    assert!(store.refuse_early(&other, &[login], LAST).unwrap_err().to_string().contains("no tier `login-3m`"));
}

#[test]
fn a_store_reaches_as_far_as_it_has_no_gap() {
    let plan = yearly();
    let (_parent, dir) = store(&plan, date(2026, 12, 30), date(2027, 1, 2));
    fs::remove_file(dir.join("dispute-3y/2027.key")).unwrap();
    assert!(Store::open(&dir).is_err(), "a lost key is not a gap");
    let (_parent, dir) = store(&plan, date(2026, 12, 30), date(2027, 1, 2));
    let made = Store::open(&dir).unwrap();
    let until = |from| made.last_covered(&plan, from).into_iter().map(|covered| covered.until).collect::<Vec<_>>();
    assert_eq!(until(date(2026, 12, 30)), [Some(date(2027, 1, 2)); 2]);
    assert_eq!(until(date(2026, 12, 29)), [None; 2]);
    let alone = super::plan(vec![Tier { term: Term::years(3), ..tier("dispute-3y") }]);
    let (_parent, dir) = store(&alone, date(2026, 12, 30), date(2027, 1, 2));
    let by_day = Store::open(&dir).unwrap();
    assert_eq!(by_day.last_covered(&alone, date(2026, 12, 30))[0].until, Some(date(2027, 1, 2)));
    assert_eq!(by_day.last_covered(&plan, date(2026, 12, 30))[1].until, None, "the year's key lacks");
}
