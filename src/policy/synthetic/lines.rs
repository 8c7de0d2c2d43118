//! How the records of each source are written.

use super::{CanaryWord, Draft, Ip, Random, put};

/// A member's or an administrator's activity in 카카오워크.
pub(super) fn kakaowork(random: &mut Random, draft: &Draft, value: &mut Vec<u8>) {
    let person = draft.person;
    let administrator = person.0.is_multiple_of(50);
    let event = match random.below(100) {
        0..34 => "login",
        34..62 => "message",
        62..84 => "read",
        84..92 => "logout",
        92..97 => "login_failed",
        97 | 98 => "sanction",
        _ => "abuse_detected",
    };
    let place = draft.canary.map(|word| (random.below(4), word));
    let category = if administrator { "super_admin" } else { "member" };
    envelope(draft, "kakaowork", category, event, value);
    put(value, format_args!("\"tenant_id\":\"t-{}\",", 100 + person.0 % 40));
    put(value, format_args!("\"consent\":{{\"optional\":{}}},", !person.0.is_multiple_of(4)));
    if let Some((3, word)) = place {
        put(value, format_args!("\"debug_note\":\"{word}\","));
    }
    let name = person.name();
    put(value, format_args!("\"items\":{{\"name\":\"{name}\",\"login_id\":\""));
    mail(draft, place.is_some_and(|(place, _)| place == 0), value);
    value.extend_from_slice(b"\",\"password\":\"");
    match place {
        Some((1, word)) => put(value, format_args!("{word}")),
        _ => value.extend_from_slice(b"fake-pw"),
    }
    let phone = person.0;
    match phone % 3 {
        0 => put(value, format_args!("\",\"mobile_phone\":\"010-0000-{phone:04}\"")),
        1 => put(value, format_args!("\",\"mobile_phone\":\"0100000{phone:04}\"")),
        _ => put(value, format_args!("\",\"mobile_phone\":\"+82 10-0000-{phone:04}\"")),
    }
    if !administrator {
        let (year, month) = (1960 + person.0 % 40, 1 + person.0 % 12);
        put(value, format_args!(",\"birth_date\":\"{year}-{month:02}-01\",\"job_rank\":\"대리\""));
    }
    put(value, format_args!(",\"org_name\":\"{}\"}},\"activity\":{{", person.organisation()));
    device(random, draft, value);
    put(value, format_args!(",\"usage_record\":{{\"code\":\"{event}\""));
    if event == "message" || matches!(place, Some((2, _))) {
        value.extend_from_slice(b",\"text\":\"");
        text(random, draft, place.filter(|(place, _)| *place == 2).map(|(_, word)| word), value);
        value.push(b'"');
    }
    value.push(b'}');
    if matches!(event, "sanction" | "abuse_detected") {
        put(value, format_args!(",\"abuse_record\":{{\"code\":\"{}\"}}", random.pick(&["spam", "fraud"])));
    }
    value.extend_from_slice(b"}}");
}

/// An inquiry or a report to the customer centre.
pub(super) fn support(random: &mut Random, draft: &Draft, value: &mut Vec<u8>) {
    let person = draft.person;
    let (category, event) = match random.below(10) {
        0..6 => ("inquiry", "inquiry_received"),
        6 | 7 => ("inquiry", "complaint"),
        8 => ("report", "dispute"),
        _ => ("report", "report_filed"),
    };
    let place = draft.canary.map(|word| (random.below(3), word));
    envelope(draft, "support", category, event, value);
    put(value, format_args!("\"case_id\":\"c-{}\",", draft.id.1));
    if let Some((2, word)) = place {
        put(value, format_args!("\"debug_note\":\"{word}\","));
    }
    value.extend_from_slice(b"\"items\":{\"email\":\"");
    mail(draft, place.is_some_and(|(place, _)| place == 0), value);
    put(value, format_args!("\",\"mobile_phone\":\"010-0000-{:04}\"", person.0));
    let name = person.name();
    if category == "report" {
        let number = person.resident_number();
        let number = std::str::from_utf8(&number).expect("digits and a hyphen");
        let birth = format_args!("18{}-{}-{}", &number[..2], &number[2..4], &number[4..6]);
        put(value, format_args!(",\"name\":\"{name}\",\"id_card_copy\":{{\"name\":\"{name}\""));
        put(value, format_args!(",\"birth_date\":\"{birth}\",\"rrn\":\"{number}\",\"issued\":\"2020-01-01\""));
        put(
            value,
            format_args!(",\"image\":\"/9j/4AAQ\"}},\"address\":\"서울특별시 가상구 없는로 {}\"", person.0 % 90 + 1),
        );
    } else {
        put(value, format_args!(",\"kakaowork_id\":\"kw{:05}\",\"account_type\":\"member\"", person.0));
        put(value, format_args!(",\"workspace_name\":\"{}\"", person.organisation()));
    }
    put(value, format_args!("}},\"activity\":{{\"ip\":\"{}\"", Ip(random.below(2032))));
    put(value, format_args!(",\"usage_record\":{{\"code\":\"{event}\",\"text\":\""));
    text(random, draft, place.filter(|(place, _)| *place == 1).map(|(_, word)| word), value);
    value.extend_from_slice(b"\"}},\"facts\":{\"origin\":\"kakaowork\"}}");
}

/// A line of the combined format; the event's id stands in the path.
pub(super) fn access_log(random: &mut Random, draft: &Draft, value: &mut Vec<u8>) {
    const AGENTS: [&str; 4] = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 16; SM-S928N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "curl/8.9.1",
    ];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let place = draft.canary.map(|word| (random.below(2), word));
    let at = draft.at.civil();
    put(value, format_args!("{} - - [{:02}/", Ip(random.below(2032)), at.day()));
    put(value, format_args!("{}/{:04}:", MONTHS[(at.month() - 1) as usize], at.year()));
    put(value, format_args!("{:02}:{:02}:{:02} +0900] \"", at.hour(), at.minute(), at.second()));
    let method = random.pick(&["GET", "GET", "GET", "POST", "HEAD"]);
    put(value, format_args!("{method} /v1/records/{}", draft.id));
    match place {
        Some((0, word)) => put(value, format_args!("?session={word}")),
        _ if random.below(3) == 0 => put(value, format_args!("?page={}", random.below(40))),
        _ => {}
    }
    let status = random.pick(&[200, 200, 200, 200, 304, 301, 404, 500]);
    put(value, format_args!(" HTTP/1.1\" {status} {} ", random.below(60_000)));
    match place {
        Some((1, word)) => put(value, format_args!("\"https://app.example.com/inbox?ticket={word}\"")),
        _ if random.below(2) == 0 => value.extend_from_slice(b"\"https://app.example.com/inbox\""),
        _ => value.extend_from_slice(b"\"-\""),
    }
    put(value, format_args!(" \"{}\"", random.pick(&AGENTS)));
}

/// The event of the benches: one in ten messages has a Korean phone and a resident number, one in ten a phone with the
/// code of the country.
pub(super) fn reference(random: &mut Random, draft: &Draft, value: &mut Vec<u8>) {
    let person = draft.person;
    let event = random.pick(&["login", "message", "read", "logout"]);
    put(value, format_args!("{{\"ts\":\"{}\",\"svc\":\"kakaowork\",\"event\":\"{event}\",", draft.at));
    put(value, format_args!("\"user_id\":\"u_{}\",\"email\":\"user{}@example.co.kr\",", person.0, person.0));
    let host = random.below(254) + 1;
    put(value, format_args!("\"ip\":\"{}.{host}\",", random.pick(&["192.0.2", "198.51.100", "203.0.113"])));
    put(value, format_args!("\"device\":{{\"id\":\"00000000-0000-4000-8000-{:012x}\",", person.0));
    value.extend_from_slice(b"\"model\":\"SM-S928N\",\"os\":\"Android 16\"},");
    let number = person.resident_number();
    let number = std::str::from_utf8(&number).expect("digits and a hyphen");
    put(value, format_args!("\"phone\":\"010-0000-{:04}\",\"rrn\":\"{number}\",", person.0));
    value.extend_from_slice(b"\"msg\":\"GET /v1/workspaces/12345/messages?cursor=1717171717171 200 OK 23ms");
    match random.below(10) {
        0 => put(value, format_args!(" from 010-0000-{:04} by {number}", person.0)),
        1 => put(value, format_args!(" from +82 10-0000-{:04}", person.0)),
        _ => {}
    }
    if let Some(word) = draft.canary {
        put(value, format_args!(" for zz-{word}@example.com"));
    }
    put(value, format_args!("\",\"status\":200,\"bytes\":{}}}", random.below(100_000)));
}

fn envelope(draft: &Draft, service: &str, category: &str, event: &str, value: &mut Vec<u8>) {
    put(value, format_args!("{{\"service\":\"{service}\",\"category\":\"{category}\",\"event\":\"{event}\","));
    put(value, format_args!("\"event_id\":\"{}\",\"event_at\":\"{}\",", draft.id, draft.at));
}

/// A mail address. With a canary its local part begins with `zz`: what a mask may show is no part of the canary.
fn mail(draft: &Draft, canary: bool, value: &mut Vec<u8>) {
    match draft.canary.filter(|_| canary) {
        Some(word) => put(value, format_args!("zz-{word}@{}", draft.person.domain())),
        None => put(value, format_args!("user{:04}@{}", draft.person.0, draft.person.domain())),
    }
}

fn device(random: &mut Random, draft: &Draft, value: &mut Vec<u8>) {
    let (class, os) = random.pick(&[("phone", "Android 16.1"), ("phone", "iOS 17.5"), ("pc", "Windows 10")]);
    put(value, format_args!("\"ip\":\"{}\",\"device_info\":{{\"class\":\"{class}\"", Ip(random.below(2032))));
    let person = draft.person.0;
    put(value, format_args!(",\"os\":\"{os}\",\"adid\":\"00000000-0000-4000-8000-{person:012x}\"}}"));
}

/// What somebody wrote, as the inside of a JSON string; most of it has nothing to find.
fn text(random: &mut Random, draft: &Draft, canary: Option<CanaryWord>, value: &mut Vec<u8>) {
    let person = draft.person;
    let number = person.resident_number();
    let number = std::str::from_utf8(&number).expect("digits and a hyphen");
    match random.below(12) {
        0 => put(value, format_args!("연락처는 010-0000-{:04} 입니다", person.0)),
        1 => put(value, format_args!("주민번호 {number} 도용 신고")),
        2 => put(value, format_args!("메일은 user{:04}@{} 로 주세요", person.0, person.domain())),
        3 => put(value, format_args!("접속 {} 에서 실패", Ip(person.0))),
        4 => value.extend_from_slice("카드 4111-1111-1111-1111 결제 문의".as_bytes()),
        5 => put(value, format_args!("\\\"인용\\\"\\n다음 줄 \\u0030\\u0031\\u0030-0000-{:04}", person.0)),
        6 => value.extend_from_slice("회의는 2026-11-24 15:00, 문서 번호 20261124-001".as_bytes()),
        7 => put(value, format_args!("call +82 10-0000-{:04} tomorrow", person.0)),
        8 | 9 => value.extend_from_slice("확인했습니다. 감사합니다".as_bytes()),
        _ => value.extend_from_slice("see you at the meeting".as_bytes()),
    }
    if let Some(word) = canary {
        put(value, format_args!(" zz-{word}@example.com"));
    }
}
