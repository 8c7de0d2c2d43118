//! E-mail addresses at `@`, IPv4 at digits with dots, IPv6 at colons, MAC addresses at pairs of hexadecimal digits.

use super::device;
use super::evidence::{Evidence, Why};
use super::label::Label;
use super::number::stemmed;
use super::text::Search;
use crate::kind::{Kind, email, ip};

/// Looks at the `@` at `at`.
pub(super) fn mail(search: &mut Search<'_>, at: usize) {
    let bytes = search.bytes;
    let name = bytes[search.mail_end..at].iter().rev().take_while(|byte| email::local(**byte)).count();
    let mut start = at - name;
    while start < at && bytes[start] == b'.' {
        start += 1;
    }
    let Some(length) = email::domain_end(&bytes[at + 1..]).filter(|_| start < at) else {
        return;
    };
    let end = at + 1 + length;
    search.mail_end = end;
    if unaddressed(&bytes[start..at], &bytes[at + 1..end], &bytes[end..]) {
        return search.miss(Kind::Email, start, end, Why::LookAlike);
    }
    found(search, Kind::Email, start, end);
}

/// Proposes an address of a person or a machine, and says whether a label calls it so. Words that may be one are looked
/// for first: addresses of machines stand in every line of many logs.
fn found(search: &mut Search<'_>, kind: Kind, start: usize, end: usize) {
    let stems: &[&[u8]] = if kind == Kind::Ip { &[b"ip"] } else { &[b"mai"] };
    let near = match stemmed(search, start, stems) {
        true => search.label_before(start, |_| true).filter(|near| near.label == Label::Of(kind)),
        false => None,
    };
    let evidence = Evidence::SHAPE
        .and_if(Evidence::LABEL, near.is_some_and(|near| !near.field))
        .and_if(Evidence::FIELD, near.is_some_and(|near| near.field))
        .and_if(Evidence::WHOLE, search.is_whole(start, end));
    search.propose(kind, start, end, evidence);
}

/// What looks like an address and reaches nobody: `git@host:path`, `icon@2x.png`, `lib@1.0.jar`, `noreply@...`.
fn unaddressed(local: &[u8], domain: &[u8], behind: &[u8]) -> bool {
    let nobody = [&b"noreply"[..], b"no-reply"].iter().any(|name| local.eq_ignore_ascii_case(name));
    let repository = local == b"git" && behind.first() == Some(&b':');
    let mut labels = domain.split(|byte| *byte == b'.');
    let (first, second) = (labels.next().unwrap_or(b""), labels.next().unwrap_or(b""));
    let retina = matches!(first, [b'1'..=b'4', b'x']);
    let version = first.iter().all(u8::is_ascii_digit) && second.first().is_some_and(u8::is_ascii_digit);
    nobody || repository || retina || version
}

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    if search.kinds.contains(Kind::Ip) && end - start <= 3 && search.bytes.get(end) == Some(&b'.') {
        v4(search, start);
    }
}

/// Looks at the run of one to three digits `start..`, behind which a dot stands.
fn v4(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let Some(mut end) = quad(bytes, start) else {
        return;
    };
    let tied = match bytes[..start] {
        [.., b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'] | [.., b'0'..=b'9', b'.'] => true,
        // `10.0.0.1-10.0.0.9` is a range, `3-1.2.3.4` is not.
        [.., b'0'..=b'9', b'-'] => !quad_before(bytes, start - 1),
        [.., b'%'] => matches!(bytes[start..], [b'2'..=b'7', b'0'..=b'9', ..]),
        _ => false,
    };
    let runs_on = match bytes[end..] {
        [b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..] | [b'.', b'0'..=b'9', ..] => true,
        [b'-', b'0'..=b'9', ..] => quad(bytes, end + 1).is_none(),
        _ => false,
    };
    if tied || runs_on || versioned(bytes, start, end) {
        return search.miss(Kind::Ip, start, end, if tied || runs_on { Why::Tied } else { Why::LookAlike });
    }
    end = with_prefix_length(bytes, end, 32);
    found(search, Kind::Ip, start, end);
}

/// The end of the four octets that begin at `start`.
fn quad(bytes: &[u8], start: usize) -> Option<usize> {
    let mut end = start;
    for octet in 0..4 {
        if octet > 0 {
            end += usize::from(bytes.get(end) == Some(&b'.'));
        }
        end += bytes[end..].iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    }
    ip::v4(&bytes[start..end]).map(|_| end)
}

fn quad_before(bytes: &[u8], end: usize) -> bool {
    let len = bytes[..end].iter().rev().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    ip::v4(&bytes[end - len..end]).is_some()
}

/// The end behind a valid `/bits`, or `end`.
fn with_prefix_length(bytes: &[u8], end: usize, longest: u32) -> usize {
    let Some((b'/', digits)) = bytes[end..].split_first() else {
        return end;
    };
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let bits = digits[..len].iter().take(4).fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    // `192.0.2.1/010-...` is an address and a telephone number.
    let padded = len > 1 && digits[0] == b'0';
    let alone = !padded && !digits[len..].first().is_some_and(u8::is_ascii_alphanumeric);
    if (1..=3).contains(&len) && bits <= longest && alone { end + 1 + len } else { end }
}

/// Words before four numbers that make them a version or a heading.
const HEADINGS: [&str; 14] =
    ["v", "ver", "version", "release", "build", "rev", "section", "sec", "chapter", "버전", "표", "그림", "절", "조항"];

/// Whether four numbers with dots are a version or a heading: `nginx/1.25.3.1`, `ver. 1.2.3.4`, `2.10.4.5 버전`.
fn versioned(bytes: &[u8], start: usize, end: usize) -> bool {
    if bytes[end..].strip_prefix(b" ").unwrap_or(&bytes[end..]).starts_with("버전".as_bytes()) {
        return true;
    }
    // `app-1.2.3.4.jar` and `jar:1.2.3.4` are of a program, `client-192.0.2.1` is not.
    let file = matches!(bytes[..start], [.., b'A'..=b'Z' | b'a'..=b'z', b'-' | b'_'])
        && matches!(bytes[end..], [b'.' | b'-' | b'_', b'A'..=b'Z' | b'a'..=b'z', ..]);
    let behind = |word: &&str| bytes[end..].starts_with(word.as_bytes());
    if bytes[..start].ends_with("제".as_bytes()) && ["절", "조", "항", "장", "호"].iter().any(behind) {
        return true;
    }
    if file || bytes[..start].ends_with(b".jar:") || bytes[..start].ends_with(b".war:") {
        return true;
    }
    if let [rest @ .., b'/'] = &bytes[..start] {
        return product(rest) && !endpoint(&bytes[start..end], &bytes[end..]);
    }
    let mut head = &bytes[..start];
    while let [rest @ .., b' ' | b':' | b'=' | b'.'] = head {
        head = rest;
    }
    HEADINGS.iter().any(|word| {
        let Some(from) = head.len().checked_sub(word.len()) else {
            return false;
        };
        let inside = head[..from].last().is_some_and(u8::is_ascii_alphabetic);
        head[from..].eq_ignore_ascii_case(word.as_bytes()) && !(inside && word.is_ascii())
    })
}

/// Whether a name that begins a word stands before `/`, as in `nginx/1.25.3.1`, and not a path (`/hosts/10.0.0.1`).
fn product(before: &[u8]) -> bool {
    let name = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    let letters = before[before.len() - name..].iter().any(u8::is_ascii_alphabetic);
    letters && !matches!(before[..before.len() - name].last(), Some(b'/' | b'.' | b'@' | b':'))
}

/// `broker/10.0.0.5:9092`, as Java prints an address with its name: private, or with a port.
fn endpoint(quad: &[u8], behind: &[u8]) -> bool {
    let private = [&b"10."[..], b"127.0.0.1", b"192.168.", b"172.1", b"172.2", b"172.3"];
    let port = matches!(behind, [b':', b'0'..=b'9', ..]);
    port || (private.iter().any(|head| quad.starts_with(head)) && !quad.ends_with(b".0.0.0"))
}

/// Longest IPv6 address in text, with IPv4 at its end.
const V6_BYTES_MAX: usize = 45;

/// Looks at the run of hexadecimal digits, colons and dots around the colon at `at`; the end of that run.
pub(super) fn v6(search: &mut Search<'_>, at: usize) -> usize {
    let bytes = search.bytes;
    let part = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let run_end = at + bytes[at..].iter().take(V6_BYTES_MAX + 3).take_while(part).count();
    let colons = bytes[at..run_end].iter().filter(|byte| **byte == b':').count();
    if colons < 2 {
        if colons == 1 && run_end == at + 1 && search.kinds.contains(Kind::Mac) {
            device::lettered(search, at);
        }
        return run_end;
    }
    let before = bytes[..at].iter().rev().take(V6_BYTES_MAX + 1).take_while(part).count();
    if bytes.get(at + 3) == Some(&b':') && search.kinds.contains(Kind::Mac) {
        // The colon is the first in the address, or a label's right before it.
        let first = if before >= 2 { device::address(search, at - 2) } else { None };
        if let Some(end) = first.or_else(|| device::address(search, at + 1)) {
            return end;
        }
    }
    let (mut start, mut end) = (at - before, run_end);
    // Punctuation around an address: `addr:2001:db8::1`, `2001:db8::1:`, `2001:db8::1.`
    while end > start && bytes[end - 1] == b'.' {
        end -= 1;
    }
    if end - start > 2 && bytes[end - 1] == b':' && bytes[end - 2] != b':' {
        end -= 1;
    }
    // One colon at the begin, or one before `::`.
    let key = match bytes[start..end] {
        [b':', b':', third, ..] => third == b':',
        [b':', _, _, ..] => true,
        _ => false,
    };
    start += usize::from(key);
    while start < end && bytes[start] == b'.' {
        start += 1;
    }
    let text = &bytes[start..end];
    // Clock times end here: without `::` seven colons are needed, six before IPv4.
    let short = colons < 6 && !text.windows(2).any(|pair| pair == b"::");
    if short || text.len() > V6_BYTES_MAX || ip::v6(text).is_none() || !stands_alone(bytes, start, end) {
        return run_end;
    }
    if text.len() >= 4
        && matches!(text[..3], [b'F' | b'f', b'E' | b'e' | b'F' | b'f', b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f'])
    {
        end = with_zone(bytes, end);
    }
    end = with_prefix_length(bytes, end, 128);
    found(search, Kind::Ip, start, end);
    run_end
}

/// Whether what stands around a readable IPv6 address leaves it one.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let text = &bytes[start..end];
    let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let (before, behind) = (bytes[..start].last(), bytes.get(end));
    if word(before) || word(behind) || matches!(bytes[end..], [b'.', b'0'..=b'9', ..]) {
        return false;
    }
    if text == b"::" {
        return before == Some(&b'=') && matches!(behind, None | Some(b' ' | b',' | b'"'));
    }
    // `2001:db8::****` and `2001:db8::1:****` are masked; `dead::beef` is a path of names.
    let masked = match bytes[end..] {
        [b':', b'*', ..] => true,
        [b'*', ..] => text.ends_with(b"::"),
        _ => false,
    };
    !masked && text.iter().any(u8::is_ascii_digit)
}

/// The end behind a zone (`%eth0`), or `end`.
fn with_zone(bytes: &[u8], end: usize) -> usize {
    let Some((b'%', zone)) = bytes[end..].split_first() else {
        return end;
    };
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let mut len = zone.iter().take(32).take_while(part).count();
    while len > 0 && matches!(zone[len - 1], b'.' | b'-') {
        len -= 1;
    }
    if len > 0 { end + 1 + len } else { end }
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 2] = [Kind::Ip, Kind::Email];

    #[test]
    fn addresses() {
        let rows = [
            ("IP주소는<192.0.2.1>입니다 <10.0.0.0/8>,<192.0.2.1>:8080", None),
            ("<192.0.2.1>-<192.0.2.9> client-<192.0.2.1>", None),
            ("[<2001:db8::1>]:443 <2001:db8::/32> <fe80::1%eth0> <::ffff:192.0.2.1>", None),
            ("src=<::> dst=<::1>", None),
            ("<hong@example.com>에서 <kim@example.co.kr>.", None),
            ("mailto:<hong.gildong+1@mail.example.co.kr>?subject=x", None),
            ("<hong%40example.com>", None),
            ("noreply@example.com", Some(Why::LookAlike)),
            ("git@example.com:org/repo.git", Some(Why::LookAlike)),
            ("icon@2x.png", Some(Why::LookAlike)),
            ("nginx/1.25.3.1", Some(Why::LookAlike)),
            ("1.2.3.4 버전", Some(Why::LookAlike)),
            ("제1.2.3.4절", Some(Why::LookAlike)),
            ("~[app-1.2.3.4.jar:1.2.3.4]", Some(Why::LookAlike)),
            ("1.2.3.4.5", Some(Why::Tied)),
            ("user@host @scope/pkg@1.2.3 lib@1.0.jar", Some(Why::LookAlike)),
            ("256.1.1.1 1.2.3 12:34:56 std::cout dead::beef ::", None),
            ("ab***@example.com 192.0.***.1 2001:db8::****", None),
        ];
        for (text, why) in rows {
            let found = marked(&KINDS, "", &text.replace(['<', '>'], ""));
            assert_eq!((found.0.as_str(), found.1), (text, why), "{text}");
        }
    }
}
