//! Which runs of digits are worth a look: most of a log's say by length and neighbours that they are nothing.

/// Longest run that is judged here. Longer ones are rarer, and may be something by themselves.
const SHORT: usize = 5;

/// Whether the run of digits `start..end` can be no part of anything: it is short, no sign that joins numbers stands
/// behind it with more to join, no letter of a hexadecimal group and no syllable touches it.
///
/// It errs on the side of a look. In builds with debug assertions the walk looks anyway, and holds this to it.
#[inline]
pub(super) fn idle(bytes: &[u8], start: usize, end: usize) -> bool {
    let len = end - start;
    len <= SHORT && parted_behind(bytes, start, end) && parted_before(bytes, start)
}

/// Whether what stands before the run at `start` is no part of it.
fn parted_before(bytes: &[u8], start: usize) -> bool {
    match bytes[..start] {
        [.., byte, b'-'] => !matches!(byte, b'A'..=b'F' | b'a'..=b'f'),
        // A tab as a JSON string writes it.
        [.., b'\\', b't'] | [.., b'\\', b't', b' '] => false,
        [.., byte, b' '] => byte < 0x7F && !matches!(byte, b' ' | b'\t'),
        [.., byte] => !matches!(byte, b'A'..=b'F' | b'a'..=b'f' | b'\t' | 0x7F..=0xFF),
        [] => true,
    }
}

/// Most digits of two runs with one sign between that are judged together: the shortest telephone number has eight.
const PAIR: usize = 7;

/// Whether what stands behind the run is no part of it.
#[inline]
fn parted_behind(bytes: &[u8], start: usize, end: usize) -> bool {
    let len = end - start;
    // `5 May 1988`, `3rd of May`, `May 5, 1988`; years stand alone behind a label.
    let day = len <= 2;
    if len == 4 && matches!(bytes[start..], [b'1', b'8' | b'9', ..] | [b'2', b'0', ..]) {
        return false;
    }
    match bytes[end..] {
        // `0.123`, `200 12`: two runs with nothing behind.
        [b'-' | b' ' | b'.' | b'/', b'0'..=b'9', ..] => {
            let last = end + 1 + bytes[end + 1..].iter().take(PAIR).take_while(|byte| byte.is_ascii_digit()).count();
            last - start <= PAIR + 1 && !joins(bytes, last)
        }
        [b' ', first @ (b'A'..=b'Z' | b'a'..=b'z'), second, ..] => !(day && month(first, second)),
        [b'-' | b' ', b'A'..=b'Z' | b'a'..=b'z', ..] | [b',', ..] => !day && !joins(bytes, end),
        // `M123A4567`, `1st`.
        [b'G'..=b'Z' | b'g'..=b'z', ..] => len > 3 || (day && !matches!(bytes[end], b's' | b'n' | b'r' | b't')),
        _ => !joins(bytes, end),
    }
}

/// By their first letter, the second letters of the months, and of `5th of May`.
const MONTHS: [u32; 32] = {
    let begins = [*b"ja", *b"fe", *b"ma", *b"ap", *b"ju", *b"au", *b"se", *b"oc", *b"no", *b"de", *b"of"];
    let mut months = [0; 32];
    let mut place = 0;
    while place < begins.len() {
        let [first, second] = begins[place];
        months[(first & 31) as usize] |= 1 << (second & 31);
        place += 1;
    }
    months
};

/// Whether a word with these letters may name a month.
const fn month(first: u8, second: u8) -> bool {
    MONTHS[(first & 31) as usize] >> (second & 31) & 1 == 1
}

/// Whether something may go on behind a run that ends at `end`.
#[inline]
fn joins(bytes: &[u8], end: usize) -> bool {
    match bytes[end..] {
        // A word, which no sign parts from the run as numbers are parted: `x86_64) Chrome`, `5.0 (X11`.
        [b')', b' ' | b'-', b'A'..=b'Z' | b'a'..=b'z', ..] | [b' ', b'-' | b'(', b'A'..=b'Z' | b'a'..=b'z', ..] => {
            false
        }
        [b'-' | b' ' | b'.' | b'/' | b')', next, ..] => match next {
            b'0'..=b'9' | b' ' | b'-' | b'.' | b'/' | b'(' | 0x7F..=0xFF => true,
            // A device's address: `00-1a-`, `001a.2b3c`.
            b'A'..=b'F' | b'a'..=b'f' => matches!(bytes[end], b'-' | b'.'),
            _ => false,
        },
        [b'(' | b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f' | 0x7F..=0xFF, ..] => true,
        _ => false,
    }
}

/// Whether a sign ties the run at `start` to digits before it: only addresses of hosts (`10.0.0.1-10.0.0.9`) and devices
/// begin so.
#[inline]
pub(super) fn inside(bytes: &[u8], start: usize) -> bool {
    matches!(bytes[..start], [.., b'0'..=b'9', b'-' | b'.'])
}

/// Whether four groups of three digits at most begin at `start`, with dots: the address of a host or a version, and no
/// other kind has such groups.
#[inline]
pub(super) fn quad(bytes: &[u8], start: usize, end: usize) -> bool {
    if end - start > 3 || bytes.get(end) != Some(&b'.') {
        return false;
    }
    let mut at = end;
    for _ in 0..3 {
        if bytes.get(at) != Some(&b'.') {
            return false;
        }
        let digits = bytes[at + 1..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=3).contains(&digits) {
            return false;
        }
        at += 1 + digits;
    }
    // What a bracket or plus opens is asked of all.
    !matches!(bytes[..start], [.., b'+' | b'(']) && bytes.get(at) != Some(&b')')
}

/// The end of the hour of a stamp that begins at `at`: `2026-11-14T12:10`, also with a space; or the end of its seconds,
/// where nothing behind may belong to them. Births that a database wrote stand at midnight, and are none.
#[inline]
pub(super) fn stamp(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 4) == Some(&b':') {
        return access(bytes, at);
    }
    let Some([_, _, _, _, b'-', m, o, b'-', d, a, b'T' | b' ', h, i, b':', n, u]) = bytes[at..].first_chunk::<16>()
    else {
        return None;
    };
    let digits = [m, o, d, a, h, i, n, u].iter().all(|byte| byte.is_ascii_digit());
    (digits && [h, i, n, u].iter().any(|byte| **byte != b'0')).then(|| seconds(bytes, at + 16).unwrap_or(at + 13))
}

/// The end of the stamp of an access log whose year begins at `at`: `[17/May/2015:10:05:03 +0000]`.
#[inline(never)]
fn access(bytes: &[u8], at: usize) -> Option<usize> {
    let [b'[', d, e, b'/', a, b, c, b'/'] = &bytes[at.saturating_sub(8)..at] else {
        return None;
    };
    let [_, h, i, b':', m, n, b':', s, t, b' ', b'+' | b'-', b'0' | b'1', zone @ .., b']'] =
        bytes[at + 4..].first_chunk::<16>()?
    else {
        return None;
    };
    let letters = [a, b, c].iter().all(|byte| byte.is_ascii_alphabetic());
    let digits = [d, e, h, i, m, n, s, t].into_iter().chain(zone).all(u8::is_ascii_digit);
    (letters && digits).then_some(at + 19)
}

/// Most digits of a fraction of a second.
const FRACTION: usize = 9;

/// The end of the seconds of a stamp, `:33`, `:33.123`, with the colon at `at`.
#[inline]
fn seconds(bytes: &[u8], at: usize) -> Option<usize> {
    let [b':', b'0'..=b'5', b'0'..=b'9', behind @ ..] = &bytes[at..] else {
        return None;
    };
    let fraction = match behind {
        [b'.', rest @ ..] => 1 + rest.iter().take(FRACTION).take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let rest = &behind[fraction..];
    let part = match rest {
        [b'Z' | b'+', ..] => fraction != 1,
        [b' ', b'[', ..] => fraction != 1,
        // `00 May` is no day behind a fraction.
        [b' ', b'A'..=b'Z' | b'a'..=b'z', ..] => fraction > 3,
        _ => false,
    };
    part.then_some(at + 3 + fraction)
}
