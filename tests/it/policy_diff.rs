//! What differs between two policies in meaning, and what that does to tokens.

use std::fs;
use std::path::Path;
use std::process::Command;

use garim::policy::diff::{Change, diff};
use garim::policy::{self, Policy};

/// Two tiers, two sources, a recipient: something of everything that a policy may say.
const BASE: &str = r#"
policy = "sample"
effective = 2026-10-01
timezone = "Asia/Seoul"
holidays = "h.toml"

[tiers.short]
keep = "3 months"
time = "minute"

[tiers.long]
keep = "5 years"

[classes.who]
kind = "id"
do = { default = "pseudonymize", long = ["mask keep first 1", "pseudonymize", "seal"] }

[sources.app]
topics = ["app.activity"]
format = "json"
time = "/at"
tenant = "/tenant"
key = { kind = "id", do = "pseudonymize" }

[[sources.app.items]]
item = "user"
at = "/user"
class = "who"

[[sources.app.items]]
item = "note"
at = "/note"
kind = "text"
do = "drop"

[[sources.app.routes]]
when = { at = "/event", in = ["login", "logout"] }
to = ["short", "long"]

[[sources.app.routes]]
when = { at = "/event", is = "view" }
to = ["long"]

[[sources.app.routes]]
to = ["short"]

[sources.web]
topics = ["web.access"]
format = "text"
time = "kafka-timestamp"

[[sources.web.routes]]
to = ["short"]

[recipients.desk]
sources = ["app"]
tiers = ["short"]
"#;

fn parsed(text: &str, holidays: &str) -> Policy {
    policy::parse_with(Path::new("p.toml"), text, &|_| Ok(holidays.to_owned()))
        .unwrap_or_else(|faults| panic!("{faults}"))
}

const HOLIDAYS: &str = "version = 1\n[2026]\n2026-12-25 = \"기독탄신일\"\n";

/// A change in a line: `!` where tokens change.
fn line(change: &Change) -> String {
    let mark = if change.joins.is_some() { "! " } else { "" };
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{mark}{} {} [{}] {} -> {}",
        change.about.name(),
        change.place,
        change.aspect,
        side(&change.old),
        side(&change.new)
    )
}

#[test]
fn what_differs_is_told_and_nothing_else() {
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: &[Row<'_>] = &[
        // No difference in meaning: comments, names of classes, an order that does not matter, a default written down.
        (&[("[tiers.short]", "# Short.\n[tiers.short]")], &[]),
        (&[("[classes.who]", "[classes.person]"), ("class = \"who\"", "class = \"person\"")], &[]),
        (&[("keep = \"5 years\"", "keep = \"5 years\"\nalgorithm = \"blake3\"\nepoch = \"day\"")], &[]),
        // Tokens.
        (
            &[("timezone = \"Asia/Seoul\"", "timezone = \"Asia/Seoul\"\nalgorithm = \"hmac-sha256\"")],
            &["! tier short [algorithm] blake3 -> hmac-sha256", "! tier long [algorithm] blake3 -> hmac-sha256"],
        ),
        (&[("time = \"minute\"", "time = \"minute\"\nepoch = \"year\"")], &["! tier short [epoch] day -> year"]),
        (&[("keep = \"5 years\"", "keep = \"5 years\"\ntenants = true")], &["! tier long [tenants] false -> true"]),
        (&[("Asia/Seoul", "Asia/Tokyo")], &["! policy policy [timezone] Asia/Seoul -> Asia/Tokyo"]),
        (
            &[("kind = \"id\"\ndo = { default", "kind = \"email\"\ndo = { default")],
            &["! item app/user [kind] id -> email"],
        ),
        // Nothing of this item is a token, so another kind changes none.
        (&[("kind = \"text\"", "kind = \"url\"")], &["item app/note [kind] text -> url"]),
        (&[("time = \"/at\"", "time = \"/seen\"")], &["! source app [time] /at -> /seen"]),
        (&[("app.activity", "app.events")], &["! source app [topics] app.activity -> app.events"]),
        (
            &[("sources.app", "sources.shop"), ("[\"app\"]", "[\"shop\"]"), ("app.activity", "app.activity")],
            &["! source shop [name] app -> shop", "recipient desk [sources] app -> shop"],
        ),
        (
            &[("tiers.long", "tiers.five"), ("\"long\"", "\"five\""), ("long = [", "five = [")],
            &[
                "! tier five [name] long -> five",
                "route app [/event in login, logout] short, long -> short, five",
                "route app [/event in view] long -> five",
            ],
        ),
        (&[("recipients.desk", "recipients.hall")], &["! recipient hall [name] desk -> hall"]),
        // Without keys by tenant the place of the tenant changes no token.
        (&[("\"/tenant\"", "\"/tenant_id\"")], &["source app [tenant] /tenant -> /tenant_id"]),
        // Terms and precision.
        (&[("3 months", "90 days")], &["tier short [keep] 3 months -> 90 days"]),
        (&[("time = \"minute\"", "time = \"hour\"")], &["tier short [time] minute -> hour"]),
        // Actions, by tier.
        (
            &[("do = \"drop\"", "do = { short = \"scan\", long = \"drop\" }")],
            &["item app/note [in tier short] drop -> scan"],
        ),
        (
            &[("pseudonymize\", \"seal\"]", "pseudonymize\"]")],
            &[
                "item app/user [in tier long] mask keep first 1 + pseudonymize + seal -> mask keep first 1 + pseudonymize",
            ],
        ),
        (
            &[("[classes.who]", "[kinds.email]\ndo = \"mask all\"\n[classes.who]")],
            &[
                "item app/(found email) [in tier short] mask -> mask all",
                "item app/(found email) [in tier long] mask -> mask all",
                "item web/(found email) [in tier short] mask -> mask all",
            ],
        ),
        (&[("key = { kind = \"id\", do = \"pseudonymize\" }\n", "")], &["item app/(key) [] there -> -"]),
        (
            &[("item = \"note\"", "item = \"remark\"")],
            &["item app/note [] there -> -", "item app/remark [] - -> there"],
        ),
        // Routes.
        (
            &[("is = \"view\"", "is = \"read\"")],
            &["route app [/event in view] long -> -", "route app [/event in read] - -> long"],
        ),
        (
            &[
                ("{ at = \"/event\", in = [\"login\", \"logout\"] }\nto = [\"short\", \"long\"]", "X"),
                (
                    "{ at = \"/event\", is = \"view\" }\nto = [\"long\"]",
                    "{ at = \"/event\", in = [\"login\", \"logout\"] }\nto = [\"short\", \"long\"]",
                ),
                ("X", "{ at = \"/event\", is = \"view\" }\nto = [\"long\"]"),
            ],
            &[
                "route app [order] /event in login, logout; /event in view; always -> /event in view; /event in login, logout; always",
            ],
        ),
        // Recipients: what is enabled is a tier of its own.
        (
            &[("tiers = [\"short\"]", "tiers = [\"short\"]\nenabled = true")],
            &[
                "tier short@desk [] - -> there",
                "route app [/event in login, logout] short, long -> short, long, short@desk",
                "route app [always] short -> short, short@desk",
                "recipient desk [enabled] false -> true",
            ],
        ),
        (
            &[("tiers = [\"short\"]\n", "tiers = [\"short\", \"long\"]\n")],
            &["recipient desk [tiers] short -> short, long"],
        ),
        // A tier that is on one side only is told once.
        (
            &[
                ("[classes.who]", "[tiers.more]\nkeep = \"1 year\"\n[classes.who]"),
                ("to = [\"long\"]", "to = [\"long\", \"more\"]"),
            ],
            &["tier more [] - -> there", "route app [/event in view] long -> long, more"],
        ),
        (&[("2026-10-01", "2026-11-01")], &["policy policy [effective] 2026-10-01 -> 2026-11-01"]),
    ];
    let base = parsed(BASE, HOLIDAYS);
    assert_eq!(diff(&base, &base), []);
    for (replaced, expected) in rows {
        let text = replaced.iter().fold(BASE.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        let changed = parsed(&text, HOLIDAYS);
        let found: Vec<String> = diff(&base, &changed).iter().map(line).collect();
        assert_eq!(found, *expected, "{replaced:?}");
        // Back again it is as much.
        assert_eq!(diff(&changed, &base).len(), expected.len(), "{replaced:?}");
    }
}

#[test]
fn holidays_are_part_of_the_meaning() {
    let more = format!("{HOLIDAYS}2026-12-24 = \"a day\"\n");
    let found: Vec<String> = diff(&parsed(BASE, HOLIDAYS), &parsed(BASE, &more)).iter().map(line).collect();
    assert_eq!(found, ["policy policy [holiday 2026-12-24] - -> nobody works"]);
}

#[test]
fn the_verb_tells_tokens_first_and_ends_with_one_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    write("h.toml", HOLIDAYS);
    let old = write("old.toml", BASE);
    let new = write("new.toml", &BASE.replace("3 months", "90 days").replace("time = \"minute\"", "epoch = \"year\""));
    let commented = write("commented.toml", &format!("# The same.\n{BASE}"));
    let garim = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_garim")).args(arguments).env_clear().output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = garim(&["policy", "diff", &old, &new]);
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    assert_eq!(code, 0);
    assert!(place("tokens change") < place("tier short, epoch: day -> year"));
    assert!(
        place("nothing written before joins anything written after") < place("tier short, keep: 3 months -> 90 days")
    );
    assert!(place("tier short, time: minute -> second") > 0);
    assert_eq!(garim(&["policy", "diff", &old, &new, "--exit-code"]).0, 1);
    let (code, said) = garim(&["policy", "diff", &old, &commented, "--exit-code"]);
    assert_eq!(code, 0);
    assert!(said.contains("both mean the same; their digests differ"), "{said}");
    let (_, said) = garim(&["policy", "diff", &old, &new, "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["tokens_change"], true);
    assert_eq!(document["changes"][0]["aspect"], "epoch");
    assert_eq!(garim(&["policy", "diff", &old, "no/such.toml"]).0, 78);
}
