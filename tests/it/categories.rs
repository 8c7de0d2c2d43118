//! Categories: the same plan as the items and routes that they stand for, and complaints about names that lead nowhere.

use std::path::Path;

use garim::engine::plan::{ItemPlan, Plan};
use garim::policy;
use garim::policy::file::{Belongs, Need};
use garim::route::{Route, Test};

const HEAD: &str = r#"
policy    = "two-services"
effective = 2026-10-01
timezone  = "Asia/Seoul"

[tiers.service]
keep    = { until = ["left"] }
group   = "sv"
purpose = ["U1", "U3"]

[tiers.login]
keep          = "3 months"
legal-minimum = true
allow         = "read again from the topic"

[tiers.numbers]
keep    = "1 year"
purpose = ["U4"]

[classes.uid]
kind = "email"
do   = "pseudonymize"

[classes.code]
kind = "code"
do   = "keep"

[classes.device-id]
kind = "id"
do   = "pseudonymize"
"#;

const CATEGORIES: &str = r#"
[layout]
topic    = "{source}.activity"
format   = "json"
time     = "/event_at"
category = "/category"
event    = "/event"
items    = "/items"
optional = { at = "/consent/optional", is = true }

[envelope]
event = { class = "code" }
facts = { parts = { plan = { class = "code" } } }

[fields]
login_id    = { label = "아이디", class = "uid" }
nickname    = { label = "닉네임", kind = "id", class = "uid" }
child_id    = { label = "자녀", class = "uid", when = { at = "/consent/guardian", is = true } }
device_info = { label = "기기정보", parts = { os = { class = "code" }, adid = { class = "device-id" } } }

[categories.activity]
label     = "활동기록"
at        = "/activity"
purpose   = ["U3", "U4"]
automatic = ["device_info"]

[sources.mail]
label = "메일"

[sources.mail.categories.member]
label    = "멤버 정보"
purpose  = ["U3"]
required = ["login_id"]
optional = ["nickname", "child_id"]
class    = { nickname = "device-id" }
to       = ["service"]

[sources.mail.categories.admin]
label    = "관리자 정보"
purpose  = ["U1"]
required = ["login_id"]
not-in   = ["sv"]
to       = { login = ["signed"] }

[[also]]
events = ["login", "logout"]
to     = ["login"]

[[also]]
except = ["mail.admin"]
to     = ["numbers"]
"#;

/// What the categories of `mail` stand for.
const WRITTEN_OUT: &str = r#"
[sources.mail]
label  = "메일"
topics = ["mail.activity"]
format = "json"
time   = "/event_at"
when   = { at = "/category", in = ["member", "admin"] }

[[sources.mail.items]]
item  = "event"
at    = "/event"
class = "code"

[[sources.mail.items]]
item  = "facts_plan"
at    = "/facts/plan"
class = "code"

[[sources.mail.items]]
item  = "member_login_id"
at    = "/items/login_id"
when  = { at = "/category", in = ["member"] }
kind  = "email"
do    = { default = "pseudonymize", numbers = "drop" }

[[sources.mail.items]]
item  = "member_nickname"
at    = "/items/nickname"
when  = [{ at = "/category", in = ["member"] }, { at = "/consent/optional", is = true }]
kind  = "id"
do    = { default = "pseudonymize", numbers = "drop" }

[[sources.mail.items]]
item  = "member_child_id"
at    = "/items/child_id"
when  = [{ at = "/category", in = ["member"] }, { at = "/consent/optional", is = true }, { at = "/consent/guardian", is = true }]
kind  = "email"
do    = { default = "pseudonymize", numbers = "drop" }

[[sources.mail.items]]
item  = "admin_login_id"
at    = "/items/login_id"
when  = { at = "/category", in = ["admin"] }
kind  = "email"
do    = { default = "pseudonymize", numbers = "drop", service = "drop" }

[[sources.mail.items]]
item  = "activity_device_info_os"
at    = "/activity/device_info/os"
class = "code"

[[sources.mail.items]]
item  = "activity_device_info_adid"
at    = "/activity/device_info/adid"
class = "device-id"

[[sources.mail.routes]]
when = { at = "/category", in = ["member"] }
to   = ["service"]

[[sources.mail.routes]]
to = ["login"]
"#;

fn plan(body: &str) -> Plan {
    let text = format!("{HEAD}{body}");
    policy::parse(Path::new("test.toml"), &text).unwrap_or_else(|faults| panic!("{}", faults.render(false))).plan
}

#[test]
fn categories_are_the_items_that_they_stand_for() {
    let (short, long) = (plan(CATEGORIES), plan(WRITTEN_OUT));
    let (short, long) = (&short.sources[0], &long.sources[0]);
    let plain = |item: &ItemPlan| ItemPlan { name: item.name.replace('.', "_").into(), ..item.clone() };
    let items: Vec<String> = short.items.iter().map(|item| format!("{:?}", plain(item))).collect();
    assert_eq!(items, long.items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>());
    assert_eq!((&short.topics, &short.time, &short.belongs), (&long.topics, &long.time, &long.belongs));
    assert_eq!(short.routes, long.routes[..1]);
}

#[test]
fn events_lead_to_more_tiers() {
    let plan = plan(CATEGORIES);
    let told = |route: &Route| {
        let tier = &plan.tiers[usize::from(route.to[0].0)].name;
        let clauses = route.when.iter().map(|clause| match &clause.test {
            Test::In(values) => format!("{} in {}", policy::condition::written(&clause.at), values.join(" ")),
            Test::NotIn(values) => format!("{} not in {}", policy::condition::written(&clause.at), values.join(" ")),
            Test::Present(_) => panic!("no such clause was written"),
        });
        format!("{tier}: {}", clauses.collect::<Vec<_>>().join(", "))
    };
    assert_eq!(
        plan.sources[0].also.iter().map(told).collect::<Vec<_>>(),
        [
            "login: /category in admin, /event in signed",
            "login: /event in login logout",
            "numbers: /category not in admin",
        ]
    );
}

#[test]
fn an_item_knows_its_place_in_the_notice() {
    let text = format!("{HEAD}{CATEGORIES}");
    let policy =
        policy::parse(Path::new("test.toml"), &text).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    let source = &policy.file.sources[0];
    let told = source.items.iter().filter_map(|item| match &item.belongs {
        Belongs::Category(origin) => {
            let categories = if origin.common { &policy.file.categories } else { &source.categories };
            let need = match origin.need {
                Need::Required => "R",
                Need::Optional => "O",
                Need::Automatic => "A",
            };
            Some(format!(
                "{} {} {need} {}",
                categories[origin.category].name.value,
                origin.field,
                item.not_in.join(" ")
            ))
        }
        Belongs::Envelope | Belongs::Source => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "member login_id R numbers",
            "member nickname O numbers",
            "member child_id O numbers",
            "admin login_id R service numbers",
            "activity device_info A ",
            "activity device_info A ",
        ]
    );
}
