//! How a record of a service of the notice is written.

use super::notice::{Category, Consent, Facts};
use super::value::{Value, text};
use super::{Draft, Ip, Place, Random, put};

/// Of a hundred optional fields, how many are there, whether or not the person agreed.
const OPTIONAL: u64 = 75;

/// Of a hundred records, how many say when the visit was, apart from the event.
const VISITS: u64 = 40;

/// Writes a record of a category of a service; what stands around it first, in the order of the notice's samples.
pub(super) fn record(random: &mut Random, draft: &Draft, service: &str, category: &Category, value: &mut Vec<u8>) {
    let place = draft.canary.map(|_| place(random, category));
    let event = weighted(random, category.events);
    let name = category.name;
    put(value, format_args!("{{\"service\":\"{service}\",\"category\":\"{name}\",\"event\":\"{event}\","));
    put(value, format_args!("\"event_id\":\"{}\",\"event_at\":\"{}\"", draft.id, draft.at));
    if let Some(letters) = category.tenant {
        put(value, format_args!(",\"tenant_id\":\"{letters}{}\"", 100 + draft.person.0 % 40));
    }
    if let Some(letters) = category.case {
        put(value, format_args!(",\"case_id\":\"{letters}{}\"", 1000 + draft.id.1));
    }
    consent(random, category.consent, event, value);
    match (place, draft.canary) {
        (Some(Place::Member), Some(word)) => put(value, format_args!(",\"debug_note\":\"{word}\"")),
        (Some(Place::Key), Some(word)) => put(value, format_args!(",\"debug\":{{\"{word}\":1}}")),
        _ => {}
    }
    value.extend_from_slice(b",\"items\":{");
    let mut first = true;
    for (index, (field, what)) in category.required.iter().chain(category.optional).enumerate() {
        if index >= category.required.len() && random.below(100) >= OPTIONAL {
            continue;
        }
        put(value, format_args!("{}\"{field}\":", if first { "" } else { "," }));
        first = false;
        what.write(random, draft, place, value);
    }
    value.extend_from_slice(b"},\"activity\":{");
    activity(random, draft, event, place, value);
    value.push(b'}');
    facts(random, category.facts, value);
    value.push(b'}');
}

/// Where the canary of a record of this category stands: the policy removes it from each of these places.
fn place(random: &mut Random, category: &Category) -> Place {
    let wanted = random.pick(&[Place::Member, Place::Key, Place::Text, Place::Mail, Place::Gone]);
    // An optional field may be missing.
    let some = |holds: fn(Value) -> bool| category.required.iter().any(|(_, what)| holds(*what));
    let there = match wanted {
        Place::Mail => some(|what| what == Value::Mail),
        Place::Gone => some(Value::goes),
        Place::Member | Place::Key | Place::Text => true,
    };
    if there { wanted } else { Place::Member }
}

fn weighted(random: &mut Random, events: &'static [(&'static str, u64)]) -> &'static str {
    let mut drawn = random.below(events.iter().map(|(_, parts)| parts).sum());
    for (event, parts) in events {
        if drawn < *parts {
            return event;
        }
        drawn -= parts;
    }
    unreachable!("a number below the sum of the parts falls into one of them")
}

/// What the person agreed to; one record in ten says nothing.
fn consent(random: &mut Random, asked: &[Consent], event: &str, value: &mut Vec<u8>) {
    if asked.is_empty() || random.below(10) == 0 {
        return;
    }
    value.extend_from_slice(b",\"consent\":{");
    for (index, what) in asked.iter().enumerate() {
        let (name, given) = match what {
            Consent::Optional => ("optional", random.below(4) != 0),
            Consent::Guardian => ("guardian", random.below(3) != 0),
            Consent::Marketing => ("marketing", event != "consent_withdrawn" && random.below(8) != 0),
            Consent::Analytics => ("analytics", random.below(8) != 0),
            Consent::Cookies => ("cookies", random.below(8) != 0),
        };
        put(value, format_args!("{}\"{name}\":{given}", if index == 0 { "" } else { "," }));
    }
    value.push(b'}');
}

/// What arises by itself (활동기록).
fn activity(random: &mut Random, draft: &Draft, event: &str, place: Option<Place>, value: &mut Vec<u8>) {
    put(value, format_args!("\"ip\":\"{}\"", Ip(random.below(2032))));
    if random.below(100) < VISITS {
        put(value, format_args!(",\"visit_at\":\"{}\"", draft.at.before(random.below(600_000) as i64)));
    }
    if random.below(8) != 0 {
        device(random, draft, place, value);
    }
    put(value, format_args!(",\"usage_record\":{{\"code\":\"{event}\""));
    if event.starts_with("message_") {
        put(value, format_args!(",\"carrier\":\"{}\"", random.pick(&["kt", "lgu", "gemtek"])));
    }
    if random.below(3) == 0 {
        put(value, format_args!(",\"ref\":\"r-{:06}\"", draft.person.0));
    }
    let written = matches!(event, "message" | "inquiry_received" | "report_filed" | "dispute" | "complaint");
    if written || place == Some(Place::Text) || draft.padded {
        value.extend_from_slice(b",\"text\":\"");
        text(random, draft, draft.canary.filter(|_| place == Some(Place::Text)), value);
        value.push(b'"');
    }
    value.push(b'}');
    if matches!(event, "sanction" | "abuse_detected") {
        put(value, format_args!(",\"abuse_record\":{{\"code\":\"{}\"", random.pick(&["spam", "fraud"])));
        if random.below(2) == 0 {
            put(value, format_args!(",\"evidence\":\"{}이 보낸 글 {:04}\"", draft.person.name(), draft.person.0));
        }
        value.push(b'}');
    }
}

/// A device with the identifiers that its system has; one in four tells its user agent.
fn device(random: &mut Random, draft: &Draft, place: Option<Place>, value: &mut Vec<u8>) {
    let n = draft.person.0;
    let (class, os) = random.pick(&[
        ("phone", "Android 16.1"),
        ("phone", "iOS 17.5"),
        ("pc", "Windows 10"),
        ("speaker", "KakaoOS 3.2.1"),
    ]);
    put(value, format_args!(",\"device_info\":{{\"class\":\"{class}\",\"os\":\"{os}\",\"app\":\"KakaoApp 10.4.2\""));
    match os.as_bytes()[0] {
        b'A' => put(value, format_args!(",\"adid\":\"00000000-0000-4000-8000-{n:012x}\",\"imei\":\"00000000{n:07}\"")),
        b'i' => put(value, format_args!(",\"idfa\":\"00000000-0000-4000-9000-{n:012x}\"")),
        // The block for documentation of RFC 7042.
        b'W' => put(value, format_args!(",\"mac\":\"00:00:5E:00:53:{:02X}\"", n % 256)),
        _ => put(value, format_args!(",\"serial\":\"HK-{n:04}\"")),
    }
    if random.below(4) == 0 {
        value.extend_from_slice(b",\"user_agent\":\"Mozilla/5.0 (Linux; Android 16; SM-S928N)");
        if let (Some(Place::Gone), Some(word)) = (place, draft.canary) {
            put(value, format_args!(" {word}"));
        }
        value.push(b'"');
    }
    value.push(b'}');
}

fn facts(random: &mut Random, facts: Facts, value: &mut Vec<u8>) {
    match facts {
        Facts::None => {}
        Facts::Amount => put(value, format_args!(",\"facts\":{{\"amount\":{}}}", 1100 * (1 + random.below(1000)))),
        Facts::Plan => put(value, format_args!(",\"facts\":{{\"plan\":\"{}\"}}", random.pick(&["basic", "premium"]))),
        Facts::Origin => {
            let about = random.pick(&[
                "kakaowork",
                "kakaowork",
                "kakaowork-gov",
                "connect-live",
                "connect-talk",
                "bizmessage",
                "heykakao-device",
                "",
            ]);
            // An inquiry that does not say what it is about.
            if !about.is_empty() {
                put(value, format_args!(",\"facts\":{{\"origin\":\"{about}\"}}"));
            }
        }
    }
}
