//! Prefixes, years, bands, regions.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use woothee::parser::Parser;

use super::address;
use crate::kind::{Kind, date_of_birth, ip, trimmed};
use crate::record::time::{self, TimePrecision};

/// How a value is made coarser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generalize {
    /// A time to the second.
    Second,
    /// A time to the minute.
    Minute,
    /// A time to the hour.
    Hour,
    /// A time to the day.
    Day,
    /// A birth date to its year (`1990`), or to a band of so many years (`1980-1989` for 10).
    Years(u8),
    /// A number to a band of this width (`100-199` for 100).
    Band(u32),
    /// An address to its 시도 and 시군구, the rest `****`.
    District,
    /// An address of the network to a prefix: bits of IPv4, bits of IPv6 (`192.0.2.0/24`).
    Prefix(u8, u8),
    /// A user agent to device class, system and application major (`pc; Windows 10; Chrome 120`).
    UserAgent,
    /// A URL, request target or request line without query and fragment; what is found in the path is redacted.
    Path,
    /// A version to its major number, whatever name stands before it: `Android 16.1` to `Android 16`.
    Major,
    /// A version to the name before it: `Android 16.1` to `Android`.
    Product,
    /// An address of the network to its family, the number 4 or 6.
    Family,
}

impl Generalize {
    /// The kinds that this way applies to.
    pub const fn applies_to(self, kind: Kind) -> bool {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::Day => matches!(kind, Kind::Time),
            Self::Years(_) => matches!(kind, Kind::DateOfBirth),
            Self::Band(_) => matches!(kind, Kind::Number),
            Self::District => matches!(kind, Kind::KrAddress),
            Self::Prefix(..) => matches!(kind, Kind::Ip),
            Self::UserAgent => matches!(kind, Kind::UserAgent),
            Self::Path => matches!(kind, Kind::Url),
            Self::Major | Self::Product => matches!(kind, Kind::Code),
            Self::Family => matches!(kind, Kind::Ip),
        }
    }
}

/// How many user agents are remembered: a service sees a few hundred in common use.
const AGENTS_MAX: usize = 1024;

/// Longest user agent that is remembered, in bytes; longer ones are read each time.
const AGENT_BYTES_MAX: usize = 512;

/// A bounded memory in front of the reader of user agents, which costs microseconds. Owned by a thread's scratch.
///
/// A place in it is found by hash and overwritten by the next agent of that hash, so it never grows and needs no clock.
#[derive(Default)]
pub struct AgentCache {
    places: Vec<(String, Vec<u8>)>,
    parser: Parser,
}

impl std::fmt::Debug for AgentCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgentCache({} places)", self.places.len())
    }
}

/// Writes the coarser form of `text` to `out`; false, with nothing written, if it is not of its kind.
///
/// `redact` writes a URL's path with what is found in it redacted: looking is the work of `find`, a room beside this
/// one, so the engine lends it (`find::restore::redact`).
pub fn generalize(
    how: Generalize,
    text: &str,
    cache: &mut AgentCache,
    redact: impl FnOnce(&str, &mut Vec<u8>),
    out: &mut Vec<u8>,
) -> bool {
    let text = trimmed(text);
    match how {
        Generalize::Second => time::truncate(text.as_bytes(), TimePrecision::Second, out),
        Generalize::Minute => time::truncate(text.as_bytes(), TimePrecision::Minute, out),
        Generalize::Hour => time::truncate(text.as_bytes(), TimePrecision::Hour, out),
        Generalize::Day => time::truncate(text.as_bytes(), TimePrecision::Day, out),
        Generalize::Years(band) => years(text, band, out),
        Generalize::Band(width) => number_band(text, width, out),
        Generalize::District => address::district(text, out),
        Generalize::Prefix(v4, v6) => prefix(text, v4, v6, out),
        Generalize::UserAgent => agent(text, cache, out),
        Generalize::Path => path(text, redact, out),
        Generalize::Major => major(text, out),
        Generalize::Family => {
            let digit = family(text).map(|family| if family == Family::V4 { b'4' } else { b'6' });
            out.extend(digit);
            digit.is_some()
        }
        Generalize::Product => product(text, out),
    }
}

/// Vectors take what is written to them, so there is no error to report.
fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) -> bool {
    out.write_fmt(text).is_ok()
}

/// The name before the first word that begins with a digit; without a name, nothing.
fn product(text: &str, out: &mut Vec<u8>) -> bool {
    let end =
        text.split(' ').take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit())).map(|word| word.len() + 1);
    let name = text[..end.sum::<usize>().saturating_sub(1).min(text.len())].trim_end();
    out.extend_from_slice(name.as_bytes());
    !name.is_empty()
}

/// The family of an address of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 4.
    V4,
    /// 6.
    V6,
}

/// The family of an address, alone, in brackets, with a zone or a prefix length; an IPv4 address written as IPv6 is of
/// the family 4. `None` of what is no address.
pub fn family(text: &str) -> Option<Family> {
    Some(match ip::read(trimmed(text))?.address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    })
}

/// `1990-05-14`, `19900514`, `1990. 5. 14.`, `1990년 5월 14일`, `1990`, `1990-1999` as this function writes it, and
/// whatever else is read as a birth date. A year of two digits is refused: its century is a guess.
fn years(text: &str, band: u8, out: &mut Vec<u8>) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let plain = matches!(digits, 4 | 8) && text.chars().all(|c| c.is_ascii_digit() || " -./년월일".contains(c));
    let year = if plain {
        &text[..4]
    } else {
        match date_of_birth::read(text.as_bytes()).map(|birth| birth.year_at) {
            Some((start, end)) if end - start == 4 => &text[start..end],
            _ => return false,
        }
    };
    let Ok(year @ 1800..=2199) = year.parse::<u32>() else {
        return false;
    };
    let band = u32::from(band.max(1));
    let first = year / band * band;
    match band {
        1 => put(out, format_args!("{year}")),
        _ => put(out, format_args!("{first}-{}", first + band - 1)),
    }
}

/// An integer, or a decimal fraction cut down: `123.4` in tens is `120-129`. Exponents are refused.
fn number_band(text: &str, width: u32, out: &mut Vec<u8>) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) || whole.starts_with('+') {
        return false;
    }
    let Ok(mut value) = whole.parse::<i64>() else {
        return false;
    };
    if whole.starts_with('-') && fraction.bytes().any(|byte| byte != b'0') {
        value = value.saturating_sub(1);
    }
    let width = i64::from(width.max(1));
    let first = i128::from(value.div_euclid(width)) * i128::from(width);
    match width {
        1 => put(out, format_args!("{first}")),
        _ => put(out, format_args!("{first}-{}", first + i128::from(width) - 1)),
    }
}

/// The network of an address: `192.0.2.77` at 24 is `192.0.2.0/24`. A prefix that is shorter already stays.
pub fn prefix(text: &str, v4: u8, v6: u8, out: &mut Vec<u8>) -> bool {
    let Some(mut address) = ip::read(trimmed(text)) else {
        return false;
    };
    let cut = |longest: u8, asked: u8| address.bits.unwrap_or(longest).min(asked).min(longest);
    let bits;
    (address.address, bits) = match address.address {
        IpAddr::V4(full) => {
            let bits = cut(32, v4);
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            (Ipv4Addr::from(u32::from(full) & mask).into(), bits)
        }
        IpAddr::V6(full) => {
            let bits = cut(128, v6);
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            (Ipv6Addr::from(u128::from(full) & mask).into(), bits)
        }
    };
    address.bits = Some(bits);
    address.write(out);
    true
}

/// `pc; Windows 10; Chrome 120`; an agent that nobody knows is `unknown`.
fn agent(text: &str, cache: &mut AgentCache, out: &mut Vec<u8>) -> bool {
    if text.is_empty() {
        return false;
    }
    if text.len() > AGENT_BYTES_MAX {
        read_agent(&cache.parser, text, out);
        return true;
    }
    if cache.places.is_empty() {
        cache.places.resize_with(AGENTS_MAX, Default::default);
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let (known, coarse) = &mut cache.places[hasher.finish() as usize % AGENTS_MAX];
    if known != text {
        coarse.clear();
        read_agent(&cache.parser, text, coarse);
        known.clear();
        known.push_str(text);
    }
    out.extend_from_slice(coarse);
    true
}

fn read_agent(parser: &Parser, text: &str, out: &mut Vec<u8>) {
    match parser.parse(text) {
        Some(agent) => {
            let major = agent.version.split('.').next().filter(|major| major.bytes().all(|byte| byte.is_ascii_digit()));
            put(out, format_args!("{}; {}; {} {}", agent.category, agent.os, agent.name, major.unwrap_or("")));
            while out.last() == Some(&b' ') {
                out.pop();
            }
        }
        None => out.extend_from_slice(b"unknown"),
    }
}

/// All up to the end of the first number: names may hold no digit, and what follows the major number is finer.
fn major(text: &str, out: &mut Vec<u8>) -> bool {
    let Some(start) = text.find(|c: char| c.is_ascii_digit()) else {
        out.extend_from_slice(text.as_bytes());
        return true;
    };
    let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    out.extend_from_slice(&text.as_bytes()[..start + digits]);
    true
}

/// The methods that servers log (RFC 9110, RFC 5789, WebDAV): any other first word of a line may be data.
const METHODS: [&str; 16] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
];

/// Method, target and protocol of a request line; the protocol may be missing, as in HTTP/0.9.
fn request_line(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let (method, rest) = text.split_once(' ').filter(|(method, _)| METHODS.contains(method))?;
    let Some((target, protocol)) = rest.split_once(' ') else {
        return Some((method, rest, None));
    };
    let version = protocol.strip_prefix("HTTP/")?;
    (version.len() <= 3 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')).then_some((
        method,
        target,
        Some(protocol),
    ))
}

/// Scheme, host and path; user, password, matrix parameters, query and fragment go, and so does what is found in the rest.
fn path(text: &str, redact: impl FnOnce(&str, &mut Vec<u8>), out: &mut Vec<u8>) -> bool {
    if let Some((method, target, protocol)) = request_line(text) {
        let before = out.len();
        out.extend_from_slice(method.as_bytes());
        out.push(b' ');
        if !path(target, redact, out) {
            out.truncate(before);
            return false;
        }
        return protocol.is_none_or(|protocol| put(out, format_args!(" {protocol}")));
    }
    let end = text.find(['?', '#', ';']).unwrap_or(text.len());
    let mut rest = &text[..end];
    if text.is_empty() || text.contains(char::is_whitespace) {
        return false;
    }
    if let Some((scheme, after)) = rest.split_once("://") {
        let authority = after.find('/').unwrap_or(after.len());
        let host = after[..authority].rfind('@').map_or(0, |at| at + 1);
        out.extend_from_slice(scheme.as_bytes());
        out.extend_from_slice(b"://");
        rest = &after[host..];
    }
    redact(rest, out);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

    #[test]
    fn coarser_values() {
        let rows = [
            (Generalize::Minute, "2026-11-14T12:07:33.123+09:00", Some("2026-11-14T12:07:00+09:00")),
            (Generalize::Day, "yesterday", None),
            (Generalize::Years(1), "1990-05-14", Some("1990")),
            (Generalize::Years(10), "1990년 5월 14일", Some("1990-1999")),
            (Generalize::Years(10), "19880101", Some("1980-1989")),
            (Generalize::Years(10), "1980-1989", Some("1980-1989")),
            (Generalize::Years(10), "880101", None),
            (Generalize::Years(1), "1988년생", Some("1988")),
            (Generalize::Years(1), "05/14/1988", Some("1988")),
            (Generalize::Years(1), "88년 1월 1일", None),
            (Generalize::Years(10), "1990 hong", None),
            (Generalize::Band(100), "123", Some("100-199")),
            (Generalize::Band(10), "-0.5", Some("-10--1")),
            (Generalize::Band(10), "9.0E12", None),
            (Generalize::District, "서울특별시 강남구 테헤란로 1", Some("서울특별시 강남구 ****")),
            (Generalize::District, "경기도 성남시 분당구 판교역로 1", Some("경기도 성남시 ****")),
            (Generalize::District, "세종특별자치시 한누리대로 1", Some("세종특별자치시 ****")),
            (Generalize::District, "테헤란로 1", None),
            (Generalize::Prefix(24, 48), "192.0.2.77", Some("192.0.2.0/24")),
            (Generalize::Prefix(24, 48), "::ffff:192.0.2.77", Some("192.0.2.0/24")),
            (Generalize::Prefix(24, 48), "2001:db8:1:2::1", Some("2001:db8:1::/48")),
            (Generalize::Prefix(24, 48), "10.0.0.0/8", Some("10.0.0.0/8")),
            (Generalize::Prefix(0, 0), "10.0.0.1", Some("0.0.0.0/0")),
            (Generalize::Prefix(24, 48), "localhost", None),
            (Generalize::UserAgent, CHROME, Some("pc; Windows 10; Chrome 120")),
            (Generalize::UserAgent, "KakaoWork-internal", Some("unknown")),
            (Generalize::Path, "/v1/users?phone=1#x", Some("<redacted /v1/users>")),
            (Generalize::Path, "https://u:p@example.com/a;s=1?b", Some("https://<redacted example.com/a>")),
            (Generalize::Path, "GET /a?b=1 HTTP/1.1", Some("GET <redacted /a> HTTP/1.1")),
            (Generalize::Path, "HEAD /", Some("HEAD <redacted />")),
            (Generalize::Path, "GET /hong gildong HTTP/1.1", None),
            (Generalize::Path, "HONG / HTTP/1.1", None),
            (Generalize::Path, "GET / HTTP/hong", None),
            (Generalize::Family, "192.0.2.77", Some("4")),
            (Generalize::Family, "::ffff:192.0.2.77", Some("4")),
            (Generalize::Family, " [2001:db8::7] ", Some("6")),
            (Generalize::Family, "fe80::1%eth0", Some("6")),
            (Generalize::Family, "10.0.0.0/8", Some("4")),
            (Generalize::Family, "localhost", None),
            (Generalize::Family, "4", None),
            (Generalize::Major, "Android 16.1", Some("Android 16")),
            (Generalize::Major, "iPhone OS 17_1_2", Some("iPhone OS 17")),
            (Generalize::Major, "Linux", Some("Linux")),
            (Generalize::Product, "Android 16.1", Some("Android")),
            (Generalize::Product, "iPhone OS 17_1_2", Some("iPhone OS")),
            (Generalize::Product, "Linux", Some("Linux")),
            (Generalize::Product, "Windows 11 Pro", Some("Windows")),
            (Generalize::Product, "16.1", None),
            (Generalize::Product, "", None),
        ];
        let mut cache = AgentCache::default();
        for (how, text, want) in rows.into_iter().chain(rows) {
            let mut out = Vec::new();
            let redact = |path: &str, out: &mut Vec<u8>| out.extend(format!("<redacted {path}>").bytes());
            let done = generalize(how, text, &mut cache, redact, &mut out);
            assert_eq!((done, &*String::from_utf8_lossy(&out)), (want.is_some(), want.unwrap_or("")), "{how:?} {text}");
        }
    }
}
