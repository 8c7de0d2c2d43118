//! What differs between two policies in meaning, and what that does to tokens.

use std::fs;
use std::path::Path;
use std::process::Command;

use garim::policy::diff::{Change, Shows, diff};
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

/// A change in a line: `!` where tokens change, `>` where more is shown, `<` where less is.
fn line(change: &Change) -> String {
    let mark = match (change.joins, change.shows) {
        (Some(_), _) => "! ",
        (None, Some(Shows::More)) => "> ",
        (None, Some(Shows::Less)) => "< ",
        (None, None) => "",
    };
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
        (&[("3 months", "90 days")], &["< tier short [keep] 3 months -> 90 days"]),
        (&[("time = \"minute\"", "time = \"hour\"")], &["< tier short [time] minute -> hour"]),
        // Actions, by tier.
        (
            &[("do = \"drop\"", "do = { short = \"scan\", long = \"drop\" }")],
            &["> item app/note [in tier short] drop -> scan"],
        ),
        (
            &[("pseudonymize\", \"seal\"]", "pseudonymize\"]")],
            &[
                "< item app/user [in tier long] mask keep first 1 + pseudonymize + seal -> mask keep first 1 + pseudonymize",
            ],
        ),
        (
            &[("[classes.who]", "[kinds.email]\ndo = \"mask all\"\n[classes.who]")],
            &[
                "< item app/(found email) [in tier short] mask -> mask all",
                "< item app/(found email) [in tier long] mask -> mask all",
                "< item web/(found email) [in tier short] mask -> mask all",
            ],
        ),
        (&[("key = { kind = \"id\", do = \"pseudonymize\" }\n", "")], &["< item app/(key) [] there -> -"]),
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
            &[("tiers = [\"short\"]", "tiers = [\"short\"]\nenabled = true\nduty = \"letters\"")],
            &[
                "> tier short@desk [] - -> there",
                "> route app [/event in login, logout] short, long -> short, long, short@desk",
                "> route app [always] short -> short, short@desk",
                "> recipient desk [enabled] false -> true",
                "recipient desk [duty]  -> letters",
            ],
        ),
        (
            &[("tiers = [\"short\"]\n", "tiers = [\"short\", \"long\"]\n")],
            &["> recipient desk [tiers] short -> short, long"],
        ),
        // A tier that is on one side only is told once.
        (
            &[
                ("[classes.who]", "[tiers.more]\nkeep = \"1 year\"\n[classes.who]"),
                ("to = [\"long\"]", "to = [\"long\", \"more\"]"),
            ],
            &["> tier more [] - -> there", "> route app [/event in view] long -> long, more"],
        ),
        (
            &[("format = \"json\"", "format = \"json\"\nencoding = \"euc-kr\"")],
            &["source app [encoding] utf-8 -> euc-kr"],
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
    assert!(place("tokens change") < place("tier short: equal values have equal tokens within one year (before: day)"));
    assert!(
        place("nothing written before joins anything written after")
            < place("tier short: records stay 90 days (before: 3 months)")
    );
    let more = place("more is shown");
    assert!(place("tokens change") < more && more < place("tier short: times are told to the second (before: minute)"));
    assert!(more < place("less is shown") && place("less is shown") < place("tier short: records stay 90 days"));
    assert_eq!(garim(&["policy", "diff", &old, &new, "--exit-code"]).0, 1);
    let (code, said) = garim(&["policy", "diff", &old, &commented, "--exit-code"]);
    assert_eq!(code, 0);
    assert!(said.contains("both mean the same; their digests differ"), "{said}");
    let (_, said) = garim(&["policy", "diff", &old, &new, "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["tokens_change"], true);
    assert_eq!(document["shows_more"], true);
    let first = &document["changes"][0];
    assert_eq!((&first["aspect"], &first["shows"]), (&"epoch".into(), &serde_json::Value::Null));
    assert_eq!(document["changes"][1]["shows"], "more");
    assert_eq!(document["changes"][1]["sentence"], "tier short: times are told to the second (before: minute)");
    assert_eq!(garim(&["policy", "diff", &old, "no/such.toml"]).0, 78);
}

/// Every word of the grammar of categories, once.
const NOTICE: &str = r#"
policy = "notice"
effective = 2026-10-01
timezone = "Asia/Seoul"

[purposes]
U1 = "계약 이행"
U3 = "회원관리"
U4 = "서비스 분석"

[layout]
topic = "{source}.activity"
format = "json"
time = "/event_at"
tenant = "/tenant_id"
category = "/category"
event = "/event"
items = "/items"
optional = { at = "/consent/optional", is = true }

[tiers.contract]
keep = { until = ["left"], at-most = "1 year" }
group = "service"
purpose = ["U1", "U3"]
time = "minute"

[tiers.login]
keep = "3 months"
from = ["login"]
basis = "통신비밀보호법"
group = "legal"
holds = ["uid", "ip"]
time = "second"

[tiers.analytics]
keep = "1 year"
purpose = ["U4"]
group = "statistics"
personal = false
record-id = false
time = "hour"

[groups.service]
readers = ["User:support"]

[groups.legal]
readers = ["User:archive"]

[classes.uid]
kind = "id"
do = { default = "pseudonymize", analytics = "drop" }

[classes.phone]
kind = "kr_phone"
do = { default = "mask", analytics = "drop" }

[classes.ip]
kind = "ip"
do = { default = "generalize to /24,/48", analytics = "drop" }

[classes.code]
kind = "code"
do = "keep"

[envelope]
event = { class = "code" }

[fields]
login_id = { label = "아이디", class = "uid" }
phone = { label = "휴대폰번호", class = "phone" }
card = { label = "카드번호", class = "uid" }
ip = { label = "IP", class = "ip" }

[categories.activity]
label = "활동기록"
at = "/activity"
purpose = ["U3", "U4"]
automatic = ["ip"]

[sources.work]
label = "워크"

[sources.work.categories.member]
label = "멤버 정보"
purpose = ["U3"]
basis = ["contract"]
required = ["login_id"]
optional = ["phone"]
to = ["contract"]

[sources.work.categories.admin]
label = "관리자 정보"
purpose = ["U1"]
required = ["login_id"]
to = ["contract"]

[sources.talk]
label = "톡"

[sources.talk.categories.member]
label = "멤버 정보"
purpose = ["U3"]
required = ["login_id", "card"]
to = ["contract"]

[[also]]
events = ["login"]
to = ["login"]

[[also]]
except = ["work.admin"]
to = ["analytics"]

[recipients.desk]
label = "고객센터"
duty = "상담"
sources = ["work"]
tiers = ["contract"]
tenants = ["t-1"]
"#;

#[test]
fn what_differs_in_a_notice_is_told_in_sentences() {
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let kept = "[classes.phone-kept]\nkind = \"kr_phone\"\nallow = \"x\"\ndo = { default = \"keep\", analytics = \"drop\" }\n[classes.ip]";
    let rows: &[Row<'_>] = &[
        // Nothing new: another form, purposes in another order.
        (&[("optional = [\"phone\"]", "optional = \"phone\"")], &[]),
        (
            &[
                ("[classes.ip]", kept),
                ("optional = [\"phone\"]", "optional = [\"phone\"]\nclass = { phone = \"phone-kept\" }"),
            ],
            &[
                "> member.phone of work: in tier contract it was masked, now kept: readers of contract see whole telephone numbers",
            ],
        ),
        // A field more, a field less; consent that is not asked any more.
        (&[("\"card\"]", "\"card\", \"phone\"]")], &["> member.phone of talk has a rule now"]),
        (&[("optional = [\"phone\"]\n", "")], &["< member.phone of work has no rule any more"]),
        (
            &[("[\"login_id\"]\noptional = [\"phone\"]", "[\"login_id\", \"phone\"]")],
            &["> member.phone of work: collected as required (before: optional)"],
        ),
        // Categories.
        (
            &[("purpose = [\"U1\"]", "purpose = [\"U1\", \"U4\"]")],
            &["> category admin of work: serves U1, U4 (before: U1)"],
        ),
        (
            &[("basis = [\"contract\"]", "basis = [\"law\"]")],
            &["category member of work: held on the ground of law (before: contract)"],
        ),
        (
            &[("to = [\"contract\"]", "to = [\"contract\"]\nnot-in = [\"legal\"]")],
            &[
                "< member.login_id of work: in tier login it was replaced by a token, now dropped: readers of login see nothing of it",
                "category member of work: kept out of legal (before: nothing)",
            ],
        ),
        (
            &[("to = [\"contract\"]", "to = { contract = [\"login\", \"view\"] }")],
            &["> category member of work: records go to contract on login, view (before: contract)"],
        ),
        // One more is told as such, not field by field.
        (
            &[(
                "[sources.talk]\n",
                "[sources.work.categories.more]\nlabel = \"더\"\npurpose = [\"U3\"]\nrequired = [\"card\"]\nto = [\"contract\"]\n[sources.talk]\n",
            )],
            &["> category more of work is collected now"],
        ),
        // What every source has is told once.
        (
            &[("automatic = [\"ip\"]", "automatic = [\"ip\", \"card\"]")],
            &["> activity.card of every source has a rule now"],
        ),
        (
            &[("except = [\"work.admin\"]\n", "")],
            &[
                "records of every source, also not of work.admin: have no route of their own any more (before: to analytics)",
                "records of every source, also, always: go to analytics (before: no route of their own)",
            ],
        ),
        // Tiers, and who reads them.
        (
            &[("record-id = false", "record-id = false\nspread = true")],
            &["< tier analytics has its records in no order now"],
        ),
        (&[("personal = false\n", "")], &["> tier analytics may hold personal data now"]),
        (
            &[("at-most = \"1 year\"", "at-most = \"2 years\"")],
            &["> tier contract: records stay until left, at most 2 years (before: until left, at most 1 year)"],
        ),
        (
            &[("time = \"minute\"", "time = \"minute\"\nbody = \"sealed\"")],
            &["< tier contract: records lie sealed (before: open)"],
        ),
        (
            &[("[\"User:support\"]", "[\"User:support\", \"User:sales\"]")],
            &["> group service: read by User:support, User:sales (before: User:support)"],
        ),
        // Recipients.
        (
            &[("duty = \"상담\"", "duty = \"상담\"\ncountry = \"US\"")],
            &["> recipient desk: keeps what it gets in US (before: KR)"],
        ),
        (&[("duty = \"상담\"", "duty = \"정산\"")], &["recipient desk: does 정산 (before: 상담)"]),
        (
            &[("tenants = [\"t-1\"]", "tenants = [\"t-1\"]\nholds = [\"uid\"]")],
            &["< recipient desk: gets the classes uid (before: all)"],
        ),
        (&[("tenants = [\"t-1\"]", "")], &["> recipient desk: gets records of the tenants all (before: t-1)"]),
        // The layout, once for all sources.
        (
            &[("{source}.activity", "{source}.log")],
            &["! the policy, layout topic: {source}.log (before: {source}.activity)"],
        ),
        (
            &[("optional = { at = \"/consent/optional\", is = true }", "")],
            &["> the policy, layout optional: always (before: /consent/optional in true)"],
        ),
        (&[("U1 = \"계약 이행\"", "U1 = \"계약\"")], &["the policy, purpose U1: 계약 (before: 계약 이행)"]),
    ];
    let base = parsed(NOTICE, HOLIDAYS);
    assert_eq!(diff(&base, &base), []);
    for (replaced, expected) in rows {
        let text = replaced.iter().fold(NOTICE.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let changed = parsed(&text, HOLIDAYS);
        let told = |change: &Change| {
            let mark = line(change);
            format!("{}{}", &mark[..if mark.starts_with(['!', '>', '<']) { 2 } else { 0 }], change.sentence)
        };
        let found: Vec<String> = diff(&base, &changed).iter().map(told).collect();
        assert_eq!(found, *expected, "{replaced:?}");
        assert_eq!(diff(&changed, &base).len(), expected.len(), "{replaced:?}");
    }
}
