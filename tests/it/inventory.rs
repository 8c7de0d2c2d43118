//! The shipped policy beside the published notice: its items, categories, periods and recipients, from the policy file alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use garim::policy::file::{Belongs, File, Keep, Need, Source};
use garim::policy::{self, Policy};
use serde_json::Value;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kakao-work.toml")
}

fn shipped() -> Policy {
    policy::load(&path()).unwrap_or_else(|faults| panic!("{}", faults.render(false)))
}

/// Service; items that are collected always (필수), by consent (선택), and that arise by themselves.
type Counts = (&'static str, usize, usize, usize);

/// The notice's items by service; those of every service count once, as `activity`.
const COUNTS: [Counts; 12] = [
    ("kakaowork", 22, 12, 0),
    ("kakaowork-gov", 15, 6, 0),
    ("connect-live", 15, 1, 0),
    ("connect-talk", 5, 1, 0),
    ("bizmessage", 3, 0, 0),
    ("heykakao-device", 4, 4, 0),
    ("partnership", 5, 0, 0),
    ("adoption", 5, 0, 0),
    ("support", 7, 3, 0),
    ("marketing", 0, 1, 0),
    ("web", 0, 0, 8),
    ("activity", 0, 0, 5),
];

/// How many items of a source are of a need: distinct fields of its own categories, or of those of every source.
fn count(source: &Source, common: bool, need: Need) -> usize {
    let origins = source.items.iter().filter_map(|item| match &item.belongs {
        Belongs::Category(origin) => Some(origin),
        Belongs::Source | Belongs::Envelope => None,
    });
    let own = origins.filter(|origin| origin.common == common && origin.need == need);
    own.map(|origin| (origin.category, origin.field.as_str())).collect::<BTreeSet<_>>().len()
}

#[test]
fn every_item_of_the_notice_is_there_and_no_other() {
    let file = shipped().file;
    let row = |name: &'static str, source: &Source, common: bool| {
        let of = |need| count(source, common, need);
        (name, of(Need::Required), of(Need::Optional), of(Need::Automatic))
    };
    let of = |name: &str| file.sources.iter().find(|source| source.name.value == name);
    for expected in COUNTS {
        if expected.0 == "activity" {
            for source in &file.sources {
                assert_eq!(row("activity", source, true), expected, "{}", source.name.value);
            }
        } else {
            let source = of(expected.0).unwrap_or_else(|| panic!("no service {}", expected.0));
            assert_eq!(row(expected.0, source, false), expected);
        }
    }
    assert_eq!(file.sources.len(), 11);
    let sum = |part: fn(&Counts) -> usize| COUNTS.iter().map(part).sum::<usize>();
    let all = [sum(|row| row.1), sum(|row| row.2), sum(|row| row.3)];
    assert_eq!((all, all.iter().sum::<usize>()), ([81, 28, 13], 122));
}

/// Service and category; what the notice calls it (구분); purposes; grounds; the tiers of its records, whatever the event
/// or by event.
const CATEGORIES: [(&str, &str, &str, &str, &str); 22] = [
    ("kakaowork.super_admin", "슈퍼관리자 정보", "U1 U3", "contract", "until-contract-end"),
    ("kakaowork.member", "멤버 정보", "U3", "entrusted", "until-contract-end"),
    ("kakaowork.billing", "거래정보", "U1", "law", "payment-5y tax-invoice-3y"),
    ("kakaowork.reseller_application", "리셀러파트너 제휴 지원 시 담당자 정보", "U2", "consent", "reseller-12m"),
    ("kakaowork.adoption_inquiry", "도입문의 접수", "U2", "consent", "inquiry-3y"),
    ("kakaowork.sap_expense", "SAP 경비처리 기능", "U1", "consent", "until-contract-end"),
    ("kakaowork-gov.super_admin", "슈퍼관리자 정보", "U1 U3", "contract", "until-contract-end"),
    ("kakaowork-gov.member", "멤버 정보", "U3", "entrusted", "until-contract-end"),
    ("kakaowork-gov.billing", "거래정보", "U1", "law", "payment-5y tax-invoice-3y"),
    ("connect-live.account", "회원가입 정보", "U1 U3", "contract", "until-account-withdrawal"),
    ("connect-live.billing", "거래정보", "U1", "law", "payment-5y tax-invoice-3y"),
    ("connect-live.adoption_inquiry", "도입문의 접수", "U2", "consent", "inquiry-3y"),
    ("connect-talk.message", "메시지 발송을 위한 정보", "U1 U5", "contract law", "until-contract-end"),
    ("bizmessage.message", "서비스 메시지 발송을 위한 정보", "U1", "entrusted law", "until-contract-end"),
    ("heykakao-device.device", "서비스 운영을 위한 정보", "U1 U3", "contract", "until-device-withdrawal"),
    ("partnership.proposal", "제휴 제안 접수", "U2", "consent", "proposal-90d"),
    ("adoption.consultation", "도입 상담", "U2", "consent", "inquiry-3y"),
    ("support.inquiry", "문의하기 (카카오워크)", "U2 U3", "contract law", "until-case-closed"),
    ("support.report", "신고하기", "U3", "law", "until-case-closed"),
    ("marketing.consent", "광고성 정보 수신 동의", "U6", "consent", "marketing-3y"),
    ("web.visit", "쿠키, 서비스 이용 통계 분석", "U4", "consent", "analytics"),
    ("*.activity", "활동기록", "U3 U4", "contract law", ""),
];

fn words<'w>(all: impl IntoIterator<Item = &'w policy::read::Typed<String>>) -> String {
    all.into_iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_category_serves_its_purposes_on_its_grounds() {
    let file = shipped().file;
    let own = file.sources.iter().flat_map(|source| {
        source.categories.iter().map(|category| (format!("{}.{}", source.name.value, category.name.value), category))
    });
    let common = file.categories.iter().map(|category| (format!("*.{}", category.name.value), category));
    let found: Vec<_> = own
        .chain(common)
        .map(|(name, category)| {
            let label = category.label.as_ref().map_or("", |label| label.as_str()).to_owned();
            let to = words(category.to.iter().map(|to| &to.tier));
            (name, label, words(&category.purpose), words(&category.basis), to)
        })
        .collect();
    let expected: Vec<_> =
        CATEGORIES.iter().map(|row| (row.0.into(), row.1.into(), row.2.into(), row.3.into(), row.4.into())).collect();
    assert_eq!(found, expected);
    assert_eq!(words(file.purposes.iter().flatten().map(|(name, _)| name)), "U1 U2 U3 U4 U5 U6");
}

/// A period of the notice.
struct Period {
    tier: &'static str,
    /// How long, or how long at most.
    keep: &'static str,
    /// The events that end it.
    until: &'static str,
    /// The events that begin it, where the notice says so.
    from: &'static str,
    /// The law, where it is a legal minimum.
    law: &'static str,
    group: &'static str,
    time: &'static str,
}

const fn period(tier: &'static str, [keep, until, from, law, group, time]: [&'static str; 6]) -> Period {
    Period { tier, keep, until, from, law, group, time }
}

const E_COMMERCE: &str = "전자상거래 등에서의 소비자보호에 관한 법률";

#[rustfmt::skip]
const PERIODS: [Period; 16] = [
    period("until-contract-end", ["1 year", "contract_terminated member_left member_removed", "", "", "service", "minute"]),
    period("until-account-withdrawal", ["1 year", "account_withdrawn", "", "", "service", "minute"]),
    period("until-device-withdrawal", ["1 year", "device_service_withdrawn", "", "", "service", "minute"]),
    period("reseller-12m", ["12 months", "", "application_received", "", "consult", "day"]),
    period("bizmessage-6m", ["6 months", "", "message_sent message_resent", "", "consult", "minute"]),
    period("proposal-90d", ["90 days", "proposal_dismissed proposal_refused proposal_withdrawn", "proposal_registered", "", "consult", "day"]),
    period("marketing-3y", ["3 years", "consent_withdrawn", "consent_given", "", "consult", "day"]),
    period("inquiry-3y", ["3 years", "", "inquiry_received", "", "consult", "day"]),
    period("contract-5y", ["5 years", "", "contract_signed offer_withdrawn contract_terminated", E_COMMERCE, "legal", "minute"]),
    period("payment-5y", ["5 years", "", "payment refund supply", E_COMMERCE, "legal", "minute"]),
    period("dispute-3y", ["3 years", "", "complaint dispute report_filed abuse_detected sanction", E_COMMERCE, "legal", "minute"]),
    period("login-3m", ["3 months", "", "login login_failed logout", "통신비밀보호법", "legal", "second"]),
    period("message-1y", ["1 year", "", "message_sent message_resent", "전기통신사업법", "legal", "second"]),
    period("tax-invoice-3y", ["3 years", "", "tax_invoice_issued", "국세청고시(2016-3호)", "legal", "day"]),
    period("until-case-closed", ["1 year", "case_closed", "", "", "case", "minute"]),
    period("analytics", ["1 year", "", "", "", "statistics", "hour"]),
];

#[test]
fn every_period_of_the_notice_is_a_tier() {
    let file = shipped().file;
    assert_eq!(words(file.tiers.iter().map(|tier| &tier.name)), PERIODS.map(|period| period.tier).join(" "));
    for (tier, period) in file.tiers.iter().zip(&PERIODS) {
        let (keep, until) = match tier.keep.as_ref().expect("a term") {
            Keep::For(length) => (length.as_str().to_owned(), String::new()),
            Keep::Until { events, at_most } => (words(at_most), words(&events.value)),
        };
        let found = [keep, until, words(&tier.from), words(&tier.basis), words(&tier.group), words(&tier.time)];
        let expected = [period.keep, period.until, period.from, period.law, period.group, period.time];
        assert_eq!(found, expected, "{}", period.tier);
        let legal = tier.legal_minimum.as_ref().is_some_and(|flag| flag.value);
        assert_eq!(legal, !period.law.is_empty(), "{}", period.tier);
        // Event-ended tiers of the service keep a person one person; a key of the others dies with its day.
        let year = words(&tier.epoch) == "year";
        assert_eq!(year, period.tier.starts_with("until-"), "{}", period.tier);
        assert!(tier.label.is_some(), "{} has words in the notice", period.tier);
    }
    let groups: BTreeMap<&str, String> =
        file.groups.iter().map(|group| (group.name.as_str(), words(&group.readers))).collect();
    let readers: BTreeSet<&String> = groups.values().collect();
    assert_eq!((groups.len(), readers.len()), (5, 5), "each group has readers of its own: {groups:?}");
}

/// Recipient; where it keeps what it gets; services; tiers.
const RECIPIENTS: [(&str, &str, &str, &str); 22] = [
    ("standard-networks", "", "bizmessage", "message-1y"),
    ("kt", "", "bizmessage", "message-1y"),
    ("lg-uplus", "", "bizmessage", "message-1y"),
    ("gemtek", "", "bizmessage", "message-1y"),
    ("wisecan", "", "bizmessage", "message-1y"),
    ("kp-mobile", "", "bizmessage", "message-1y"),
    (
        "kakao",
        "",
        "kakaowork kakaowork-gov connect-live connect-talk bizmessage heykakao-device web",
        "until-contract-end until-account-withdrawal until-device-withdrawal analytics",
    ),
    (
        "dktechin",
        "",
        "kakaowork connect-live connect-talk bizmessage heykakao-device",
        "until-contract-end until-account-withdrawal until-device-withdrawal",
    ),
    ("adobe", "US", "kakaowork connect-live adoption", "inquiry-3y"),
    ("neodigm", "", "kakaowork connect-live adoption", "inquiry-3y"),
    ("transcosmos", "", "support", "until-case-closed dispute-3y"),
    ("gs-neotek", "", "support", "until-case-closed"),
    ("istn", "", "kakaowork", "until-contract-end"),
    ("reseller", "", "kakaowork", "until-contract-end"),
    ("sap", "DE", "kakaowork", "until-contract-end"),
    ("goorm", "", "kakaowork", "until-contract-end"),
    ("imotion", "", "kakaowork", "until-contract-end"),
    ("sejong-telecom", "", "bizmessage", "message-1y"),
    ("kaon", "", "heykakao-device", "until-device-withdrawal"),
    ("s1hitech", "", "heykakao-device", "until-device-withdrawal"),
    ("eugene", "", "heykakao-device", "until-device-withdrawal"),
    ("zendesk", "JP", "support", "until-case-closed dispute-3y"),
];

#[test]
fn every_processor_of_the_notice_is_there_and_gets_nothing_yet() {
    let file = shipped().file;
    let found: Vec<_> = file
        .recipients
        .iter()
        .map(|one| (one.name.value.clone(), words(&one.country), words(&one.sources), words(&one.tiers)))
        .collect();
    let expected: Vec<_> =
        RECIPIENTS.iter().map(|row| (row.0.into(), row.1.into(), row.2.into(), row.3.into())).collect();
    assert_eq!(found, expected);
    for one in &file.recipients {
        let name = &one.name.value;
        assert!(one.enabled.as_ref().is_some_and(|flag| !flag.value), "{name} is off until somebody enables it");
        assert!(one.label.is_some() && one.duty.is_some() && one.grant.is_none(), "{name} has a duty in the notice");
        let gov = one.sources.iter().any(|source| source.value == "kakaowork-gov");
        let only: Vec<_> = one.only.iter().map(|(source, tiers)| (source.as_str(), words(tiers))).collect();
        let analytics = [("kakaowork-gov", "analytics".to_owned())];
        assert_eq!(only, if gov { &analytics[..] } else { &[] }, "{name} and the agencies' records");
        assert_eq!(gov, name == "kakao");
    }
    let of = |name: &str| file.recipients.iter().find(|one| one.name.value == name).expect("it is listed above");
    let six = of("zendesk").items.as_ref().map(|items| words(&items.value));
    assert_eq!(six.as_deref(), Some("name mobile_phone email kakaowork_id address id_card_copy"));
    assert!(of("reseller").tenants.is_some(), "a partner gets its own customers only");
}

/// Category and tiers of the examples of a source that are not refused.
fn shown(file: &File) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut categories, mut tiers) = (BTreeSet::new(), BTreeSet::new());
    for example in file.examples.iter().filter(|example| example.expect_refused.is_none()) {
        let given = &example.given.as_ref().expect("a record").value;
        let given: Value = serde_json::from_str(given).expect("a record in JSON");
        let source = example.source.as_ref().expect("a source");
        categories.insert(format!("{}.{}", source.value, given["category"].as_str().unwrap_or_default()));
        tiers.extend(example.expect.iter().map(|(tier, _)| tier.value.clone()));
    }
    (categories, tiers)
}

#[test]
fn every_category_and_tier_has_an_example() {
    let file = shipped().file;
    let (categories, tiers) = shown(&file);
    for (category, ..) in CATEGORIES.iter().filter(|row| !row.0.starts_with('*')) {
        assert!(categories.contains(*category), "no example of {category}");
    }
    for period in &PERIODS {
        assert!(tiers.contains(period.tier), "no example of {}", period.tier);
    }
    for sample in 1..=11 {
        let id = format!("\"e-{sample:02}\"");
        let has = file.examples.iter().any(|one| one.given.as_ref().is_some_and(|given| given.value.contains(&id)));
        assert!(has, "no example of {id}");
    }
}

/// Somebody has to read it.
#[test]
fn the_file_is_not_too_long() {
    let lines = std::fs::read_to_string(path()).unwrap().lines().count();
    assert!(lines <= 1250, "{lines} lines");
}
