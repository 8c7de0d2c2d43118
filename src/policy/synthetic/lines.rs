//! How the records of sources are written that are no service of the notice.

use super::{Draft, Ip, Random, put};

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
