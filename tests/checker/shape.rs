//! The shapes of treated values, as the notice's tables mean them: slow, short, plainly right.

use std::net::IpAddr;

/// A time cut to a precision and filled with zeros: `2026-11-14T09:00:12.345+09:00`, `PT1M`.
pub(super) fn time(at: &str, precision: &str) -> String {
    let (kept, filled) = match precision {
        "PT1S" => (19, ""),
        "PT1M" => (16, ":00"),
        "PT1H" => (13, ":00:00"),
        "P1D" => (10, "T00:00:00"),
        _ => panic!("the tables say `{precision}`, which is no precision"),
    };
    // The offset is that of Seoul, written in six letters.
    format!("{}{filled}{}", &at[..kept], &at[at.len() - 6..])
}

/// `홍**`: the first character, and a star for every other.
pub(super) fn first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().chain(letters.map(|_| '*')).collect()
}

/// `010-****-****`, or `010-****-0001` with four digits shown; what is no whole number becomes `****`.
pub(super) fn phone(number: &str, shown_last: usize) -> String {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let abroad = if number.starts_with("+82") { 2 } else { 0 };
    let national: String = number.chars().filter(char::is_ascii_digit).skip(abroad).collect();
    let national = national.trim_start_matches('0');
    if !number.chars().all(|letter| letter.is_ascii_digit() || "+- ".contains(letter))
        || !(8..=10).contains(&national.len())
    {
        return "****".to_owned();
    }
    // 2 of Seoul, else two digits after the 0.
    let code = digits - national.len() + if national.starts_with('2') { 1 } else { 2 };
    let mut seen = 0;
    let hide = |letter: char| {
        seen += usize::from(letter.is_ascii_digit());
        let hidden = letter.is_ascii_digit() && seen > code && seen <= digits - shown_last;
        if hidden { '*' } else { letter }
    };
    number.chars().map(hide).collect()
}

/// `서울특별시 가상구 ****`.
pub(super) fn district(address: &str) -> String {
    let kept: Vec<&str> = address.split(' ').take(2).collect();
    format!("{} ****", kept.join(" "))
}

/// `192.0.2.0/24`, `2001:db8::/48`.
pub(super) fn network(address: &str) -> String {
    match address.parse::<IpAddr>().expect("an address") {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// `Android 16` of `Android 16.1`.
pub(super) fn major(version: &str) -> String {
    version.split('.').next().unwrap_or_default().to_owned()
}

/// `Android` of `Android 16.1`.
pub(super) fn product(version: &str) -> String {
    version.split(' ').next().unwrap_or_default().to_owned()
}
