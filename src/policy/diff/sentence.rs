//! A difference in a sentence, for those who answer for a policy and do not read its file.

use super::facts::Fact;
use super::{About, EVERY_SOURCE, IN_TIER, ORDER, WHOLE};
use crate::kind::Kind;

/// The sentence of a difference; one of the two facts is there.
pub(super) fn sentence(old: Option<&Fact>, new: Option<&Fact>) -> String {
    let Some(fact) = new.or(old) else { return String::new() };
    let (before, now) = (old.map(|fact| fact.value.as_str()), new.map(|fact| fact.value.as_str()));
    let subject = subject(fact);
    if fact.aspect == WHOLE {
        return whole(fact, &subject, now.is_some());
    }
    match (fact.about, fact.aspect.strip_prefix(IN_TIER)) {
        (About::Item, Some(tier)) => in_tier(fact, &subject, tier, before, now),
        _ => match flag(fact, now) {
            Some(words) => format!("{subject} {words}"),
            None => changed(fact, &subject, before, now),
        },
    }
}

/// What a fact is about: ``tier `login-3m` ``, `member.mobile_phone of kakaowork`.
fn subject(fact: &Fact) -> String {
    let (source, name) = fact.place.split_once('/').unwrap_or((&fact.place, ""));
    let source = if source == EVERY_SOURCE { "every source" } else { source };
    match fact.about {
        About::Policy => "the policy".to_owned(),
        About::Tier => match fact.place.split_once('@') {
            Some((tier, recipient)) => format!("the share of {recipient} of tier {tier}"),
            None => format!("tier {}", fact.place),
        },
        About::Source => format!("source {source}"),
        About::Category => format!("category {name} of {source}"),
        About::Route => format!("records of {source}"),
        About::Group => format!("group {}", fact.place),
        About::Recipient => format!("recipient {}", fact.place),
        About::Item => match (name.strip_prefix("(header "), name) {
            (Some(header), _) => format!("header {} of {source}", header.trim_end_matches(')')),
            (None, "(key)") => format!("the message key of {source}"),
            (None, name) if name.starts_with("(found ") => {
                format!("{} found in text of {source}", fact.kind.map_or("what is", noun))
            }
            (None, name) => format!("{name} of {source}"),
        },
    }
}

/// Something as a whole is there now, or no more.
fn whole(fact: &Fact, subject: &str, there: bool) -> String {
    let words = match (fact.about, there) {
        (About::Item, true) => "has a rule now",
        (About::Item, false) => "has no rule any more",
        (About::Category, true) => "is collected now",
        (About::Category, false) => "is not collected any more",
        (About::Recipient, false) => "gets nothing any more",
        (_, true) => "is new",
        (_, false) => "is gone",
    };
    format!("{subject} {words}")
}

/// What is done to an item in a tier: how it was, how it is, and what its readers see of it.
fn in_tier(fact: &Fact, subject: &str, tier: &str, old: Option<&str>, new: Option<&str>) -> String {
    let readers = match tier.split_once('@') {
        Some((tier, recipient)) => format!("{recipient}, of tier {tier},"),
        None => format!("readers of {tier}"),
    };
    let found = fact.place.contains("/(found ");
    let was = match old {
        None => "did not go there".to_owned(),
        Some(old) => format!("{} {}", if found { "were" } else { "was" }, done(old)),
    };
    let is = new.map_or_else(|| "do not go there".to_owned(), done);
    let many = fact.kind.map_or("values", noun);
    let it = if found { "they" } else { "it" };
    format!("{subject}: in tier {tier} {it} {was}, now {is}: {readers} see {}", seen(new.unwrap_or("drop"), many))
}

/// Actions as a participle: `masked (keep first 1), with a token`.
fn done(actions: &str) -> String {
    let all: Vec<&str> = actions.split(" + ").collect();
    let alone = all.len() == 1;
    let words = all.iter().map(|action| match action.split_once(' ').unwrap_or((*action, "")) {
        ("keep", _) => "kept".to_owned(),
        ("drop", _) => "dropped".to_owned(),
        ("scan", _) => "kept, with what is found in it treated".to_owned(),
        ("present", _) => "told as there or not".to_owned(),
        ("parts", _) => "taken part by part".to_owned(),
        ("pseudonymize", _) if alone => "replaced by a token".to_owned(),
        ("pseudonymize", _) => "with a token".to_owned(),
        ("seal", _) => "sealed".to_owned(),
        ("mask", "all") => "masked whole".to_owned(),
        ("mask", "") => "masked".to_owned(),
        ("mask", how) => format!("masked ({how})"),
        ("truncate", how) => format!("cut {how} characters"),
        ("generalize", how) => format!("made coarser ({how})"),
        (other, how) => format!("{other} {how}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What readers see after these actions, of values that are called so.
fn seen(actions: &str, many: &str) -> String {
    let has = |verb: &str| actions.split(" + ").any(|action| action.split(' ').next() == Some(verb));
    let mut seen = match () {
        () if has("keep") => format!("whole {many}"),
        () if has("scan") => "the text, without the numbers and addresses found in it".to_owned(),
        () if has("generalize") => format!("coarser {many}"),
        () if actions.starts_with("mask all") || has("present") => "that there was one".to_owned(),
        () if has("mask") || has("truncate") => format!("part of {many}"),
        () if has("parts") => "the parts that have rules of their own".to_owned(),
        () if has("pseudonymize") => return format!("which {many} are equal, and none of them"),
        () => "nothing of it".to_owned(),
    };
    if has("pseudonymize") {
        seen.push_str(", and which are equal");
    }
    if has("seal") {
        seen.push_str("; who may open seals sees it whole");
    }
    seen
}

/// What values of a kind are called.
const fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::KrRrn => "resident registration numbers",
        Kind::KrFrn => "foreigner registration numbers",
        Kind::KrPhone => "telephone numbers",
        Kind::KrDriverLicense => "numbers of driving licences",
        Kind::KrPassport => "passport numbers",
        Kind::PhoneIntl => "telephone numbers of other countries",
        Kind::KrBrn => "business registration numbers",
        Kind::KrCrn => "corporation registration numbers",
        Kind::KrHealthInsurance => "numbers of health insurance cards",
        Kind::BankAccount => "bank accounts",
        Kind::Imei => "device numbers (IMEI)",
        Kind::Mac => "MAC addresses",
        Kind::KrVehiclePlate => "number plates",
        Kind::PersonName => "names of persons",
        Kind::Email => "e-mail addresses",
        Kind::Ip => "IP addresses",
        Kind::CreditCard => "card numbers",
        Kind::Id => "values",
        Kind::Text => "texts",
        Kind::Time => "times",
        Kind::DateOfBirth => "birth dates",
        Kind::Number => "quantities",
        Kind::KrAddress => "postal addresses",
        Kind::UserAgent => "user agents",
        Kind::Url => "page addresses",
        Kind::Code => "codes",
    }
}

/// What a flag says of its subject; `None` for what is no flag.
fn flag(fact: &Fact, now: Option<&str>) -> Option<&'static str> {
    let pair = match (fact.about, fact.aspect.as_str()) {
        (About::Tier, "tenants") => ["has keys of each tenant now", "has no keys of each tenant any more"],
        (About::Tier, "legal-minimum") => {
            ["may not be destroyed before its end now", "may be destroyed before its end now"]
        }
        (About::Tier, "record-id") => {
            ["tells the id of each record now, by which one is found again", "tells no record's id any more"]
        }
        (About::Tier, "spread") => {
            ["has its records in no order now", "has its records in the order in which they came now"]
        }
        (About::Tier, "personal") => ["may hold personal data now", "holds no personal data now"],
        (About::Recipient, "enabled") => ["gets its shares now", "gets no share any more"],
        _ => return None,
    };
    Some(pair[usize::from(now != Some("true"))])
}

/// Everything else: `tier login-3m: records stay 6 months (before: 3 months)`.
fn changed(fact: &Fact, subject: &str, old: Option<&str>, new: Option<&str>) -> String {
    let said = |value: Option<&str>| match value {
        None | Some("") => "nothing".to_owned(),
        Some(value) => value.to_owned(),
    };
    let (before, now) = (said(old), said(new));
    if let Some(day) = fact.aspect.strip_prefix("holiday ") {
        return format!("{day} is a {} now", if new.is_some() { "holiday" } else { "working day" });
    }
    if let (About::Route, false, Some(old), None) = (fact.about, fact.aspect == ORDER, old, new) {
        return format!("{subject}, {}: have no route of their own any more (before: to {old})", fact.aspect);
    }
    if let (About::Route, false, None, Some(new)) = (fact.about, fact.aspect == ORDER, old, new) {
        return format!("{subject}, {}: go to {new} (before: no route of their own)", fact.aspect);
    }
    format!("{subject}{} {now} (before: {before})", lead(fact))
}

/// What leads from a subject to a value.
fn lead(fact: &Fact) -> String {
    let aspect = fact.aspect.as_str();
    let lead = match (fact.about, aspect) {
        (About::Route, ORDER) => ": routes are tried in the order",
        (About::Route, _) => return format!(", {aspect}: go to"),
        (_, "name") if fact.about == About::Item => ": leaves as",
        (_, "label" | "name") => ": is called",
        (About::Policy, "effective") => ": in force from",
        (About::Policy, "timezone") => ": days begin as in",
        (About::Policy, "unlisted") => ": what is done to a field without rule:",
        (About::Policy, "max-lateness") => ": a record may be late by",
        (About::Tier, "algorithm") => ": tokens are made with",
        (About::Tier, "epoch") => ": equal values have equal tokens within one",
        (About::Tier, "keep") => ": records stay",
        (About::Tier, "late") => ": what is done to late records:",
        (About::Tier, "time") => ": times are told to the",
        (About::Tier, "body") => ": records lie",
        (About::Tier, "group") => ": belongs to the group",
        (About::Tier, "basis") => ": kept by",
        (About::Tier, "from") => ": its term runs from",
        (About::Tier | About::Item | About::Category, "purpose") => ": serves",
        (About::Tier, "holds") => ": holds the classes",
        (About::Tier, "when") => ": takes a record",
        (About::Tier | About::Recipient, "topic") => ": topics are called",
        (About::Source, "quarantine") => ": refused records go to",
        (About::Source, "topics") => ": read from",
        (About::Source, "format") => ": read as",
        (About::Source, "encoding") => ": its bytes are read as",
        (About::Source, "time") => ": the event time stands at",
        (About::Source, "tenant") => ": the tenant stands at",
        (About::Source, "when") => ": owns a record",
        (About::Source, "tombstones") => ": what is done to null values:",
        (About::Item | About::Category, "at") => ": stands at",
        (About::Item, "when") => ": held",
        (About::Item, "need") => ": collected as",
        (About::Item, "kind") => ": is read as",
        (About::Category, "basis") => ": held on the ground of",
        (About::Category, "not-in") => ": kept out of",
        (About::Category, "to") => ": records go to",
        (About::Group, "readers") => ": read by",
        (About::Recipient, "duty") => ": does",
        (About::Recipient, "country") => ": keeps what it gets in",
        (About::Recipient, "sources") => ": gets records of",
        (About::Recipient, "tiers") => ": gets shares of",
        (About::Recipient, "holds") => ": gets the classes",
        (About::Recipient, "items") => ": gets the fields",
        (About::Recipient, "when") => ": gets a record",
        (About::Recipient, "tenants") => ": gets records of the tenants",
        (About::Recipient, "ground") => ": gets them by",
        (About::Recipient, "reason") => ": gets them because of",
        (About::Recipient, "until") => ": gets them until",
        _ => return format!(", {aspect}:"),
    };
    lead.to_owned()
}
