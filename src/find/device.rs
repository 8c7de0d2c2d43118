//! Numbers of mobile devices, and MAC addresses.

use super::evidence::{Evidence, Why};
use super::label::{Label, Near};
use super::number::{Claim, Digits, Runs, begins, claim, ends, governs, labelled_behind, separator};
use super::text::Search;
use crate::kind::{Kind, imei, mac};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let len = end - start;
    if search.kinds.contains(Kind::Imei) {
        match len {
            15 | 16 => bare(search, start, end),
            2 | 6 | 8 if matches!(bytes.get(end), Some(b'-' | b' ' | b'/')) => grouped(search, start, end),
            _ => {}
        }
    }
    if len <= 14 {
        let before = start > 0 && matches!(bytes[start - 1], b'A'..=b'F' | b'a'..=b'f' | b'-');
        // Groups of digits alone are pairs with hyphens, or four with dots.
        let group = match bytes.get(end) {
            Some(b'-') => len == 2,
            Some(b'.') => len == 4,
            Some(byte) => matches!(byte, b'A'..=b'F' | b'a'..=b'f'),
            None => false,
        };
        if before || group || len == 12 {
            hexadecimal(search, start, end);
        }
    }
}

fn device_label(label: Label) -> bool {
    label == Label::Of(Kind::Imei)
}

/// Whether the label says what the number is, and not only that a device is spoken of (`단말기`, `device`).
fn strong(search: &Search<'_>, near: &Near) -> bool {
    let word = &search.bytes[near.start..near.end];
    let part = |part: &str| word.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    near.field || ["imei", "meid", "번호", "식별"].iter().any(|name| part(name))
}

/// Who says that the number at `start..end` is a device's: a label, its evidence, and whether it does not need a check.
fn announced(search: &mut Search<'_>, start: usize, end: usize) -> Result<(Evidence, bool), Why> {
    let rival = |label: Label| !matches!(label, Label::Of(Kind::Imei | Kind::KrPhone | Kind::PersonName));
    match claim(search, start, device_label, rival) {
        Claim::Own(near) => {
            let evidence = if near.field { Evidence::FIELD } else { Evidence::LABEL };
            Ok((evidence, strong(search, &near)))
        }
        Claim::Rival => Err(Why::OtherLabel),
        Claim::Free if labelled_behind(search, end, device_label) => Ok((Evidence::LABEL, false)),
        Claim::Free => Ok((Evidence::default(), false)),
    }
}

/// Fifteen or sixteen digits with nothing between them.
fn bare(search: &mut Search<'_>, start: usize, end: usize) {
    let digits = &search.bytes[start..end];
    let checked = imei::checked(digits) && imei::reported(digits);
    let whole = search.is_message(start, end);
    // Most numbers of these lengths end here: times, and ids of rows.
    if !checked && (whole || !super::number::worded(search, start, b"m")) {
        return;
    }
    if imei::placeholder(digits) || !ends(search.bytes, end) || !begins(search, start, device_label) {
        return;
    }
    let (label, strong) = match announced(search, start, end) {
        Ok(found) => found,
        Err(why) if checked => return search.miss(Kind::Imei, start, end, why),
        Err(_) => return,
    };
    if strong || (checked && (whole || label != Evidence::default())) {
        let evidence = label
            .and_if(Evidence::SHAPE, digits.len() == 16 || checked)
            .and_if(Evidence::CHECK, checked)
            .and_if(Evidence::WHOLE, search.is_whole(start, end));
        search.propose(Kind::Imei, start, end, evidence);
    } else if checked {
        search.miss(Kind::Imei, start, end, Why::NoLabel);
    }
}

/// Digits in groups, as they are printed under a battery.
fn grouped(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    // One comparison refuses dates and most else: six digits, or two, follow.
    match separator(bytes, end) {
        Some((_, next)) if bytes.get(next + 1).is_some_and(u8::is_ascii_digit) => {}
        _ => return,
    }
    let runs = Runs::read(bytes, start);
    for lengths in imei::GROUPS {
        let count = lengths.len();
        if !runs.shaped(lengths) || !runs.even(count) || !ends(bytes, runs.end(count)) {
            continue;
        }
        let end = runs.end(count);
        let Some(digits) = Digits::of(b"", bytes, start, end) else {
            return;
        };
        let checked = imei::checked(digits.get()) && imei::reported(digits.get());
        if imei::placeholder(digits.get()) || !begins(search, start, device_label) {
            return;
        }
        let (label, strong) = match announced(search, start, end) {
            Ok(found) => found,
            Err(why) if checked => return search.miss(Kind::Imei, start, end, why),
            Err(_) => return,
        };
        if strong || (checked && (count == 4 || label != Evidence::default() || search.is_message(start, end))) {
            let evidence = label
                .and(Evidence::SHAPE)
                .and_if(Evidence::CHECK, checked)
                .and_if(Evidence::WHOLE, search.is_whole(start, end));
            search.propose(Kind::Imei, start, end, evidence);
        } else if count == 4 || checked {
            let why = if checked { Why::NoLabel } else { Why::CheckFails };
            search.miss(Kind::Imei, start, end, why);
        }
        return;
    }
}

/// Looks at the word of hexadecimal digits around the first decimal one of it, or of a MAC address: `1A-2B-...`,
/// `001a.2b3c.4d5e`, and behind a label `001A2B3C4D5E` and `A0000000000001`.
fn hexadecimal(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let letter = |byte: &&u8| matches!(byte, b'A'..=b'F' | b'a'..=b'f');
    let word = start - bytes[..start].iter().rev().take(14).take_while(letter).count();
    if word > 0 && bytes[word - 1].is_ascii_alphanumeric() {
        return;
    }
    let len = bytes[word..].iter().take(16).take_while(|byte| byte.is_ascii_hexdigit()).count();
    match len {
        2 => {
            // Pairs of letters may stand before: `AA-BB-1C-...`. A pair with a digit has been here before.
            let mut first = word;
            while first >= 3
                && matches!(bytes[first - 3..first], [b'A'..=b'F' | b'a'..=b'f', b'A'..=b'F' | b'a'..=b'f', b'-'])
            {
                first -= 3;
            }
            if bytes.get(first + 2) == Some(&b'-') {
                address(search, first);
            }
        }
        4 => {
            let mut first = word;
            while first >= 5 && bytes[first - 1] == b'.' && bytes[first - 5..first - 1].iter().all(|byte| letter(&byte))
            {
                first -= 5;
            }
            if bytes.get(first + 4) == Some(&b'.') {
                address(search, first);
            }
        }
        12 if search.kinds.contains(Kind::Mac) => {
            let nobody = mac::read(&bytes[word..word + len]).is_none_or(|digits| mac::nobody(&digits));
            unparted(search, Kind::Mac, word, word + len, nobody);
        }
        14 if end - start < 14 && search.kinds.contains(Kind::Imei) && imei::meid(&bytes[word..word + len]) => {
            unparted(search, Kind::Imei, word, word + len, false);
        }
        _ => {}
    }
}

/// Hexadecimal digits side by side, which a label right before them has to name.
fn unparted(search: &mut Search<'_>, kind: Kind, start: usize, end: usize, nobody: bool) {
    let own = |label: Label| label == Label::Of(kind);
    if nobody || !super::number::worded(search, start, b"m") || !ends(search.bytes, end) {
        return;
    }
    let Some(near) = search.label_before(start, |_| true).filter(|near| own(near.label)) else {
        return;
    };
    if governs(search.bytes, &near, start) && begins(search, start, own) {
        let evidence = if near.field { Evidence::FIELD } else { Evidence::LABEL };
        search.propose(kind, start, end, evidence);
    }
}

/// Looks for a MAC address that begins at `start`; where it ends, if there is one.
pub(super) fn address(search: &mut Search<'_>, start: usize) -> Option<usize> {
    let bytes = search.bytes;
    let (digits, len) = mac::begins(&bytes[start..])?;
    let end = start + len;
    let sign = if len == mac::PAIRED { bytes[start + 2] } else { b'.' };
    let tied = match bytes[..start] {
        [.., byte] if byte.is_ascii_alphanumeric() => true,
        // One group more, and not the end of a word, as in `MAC:00:1a:...`.
        [.., before, byte] if byte == sign && before.is_ascii_hexdigit() => {
            let group = bytes[..start - 1].iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count();
            !bytes[..start - 1 - group].last().is_some_and(u8::is_ascii_alphabetic)
        }
        _ => false,
    };
    let runs_on = match bytes[end..] {
        [byte, ..] if byte.is_ascii_alphanumeric() => true,
        [byte, next, ..] => byte == sign && (next.is_ascii_hexdigit() || next == sign),
        _ => false,
    };
    if tied || runs_on {
        search.miss(Kind::Mac, start, end, Why::Tied);
        return None;
    }
    if mac::nobody(&digits) {
        search.miss(Kind::Mac, start, end, Why::NeverIssued);
        return None;
    }
    let own = |label: Label| label == Label::Of(Kind::Mac);
    let near = search.label_before(start, own);
    // Draws of a lottery, times, and sums of money in groups of four are written so.
    let decimal = digits.iter().all(u8::is_ascii_digit)
        && match sign {
            b':' => false,
            b'-' => digits.chunks(2).all(|pair| pair[0] < b'6'),
            _ => true,
        };
    if decimal && near.is_none() {
        search.miss(Kind::Mac, start, end, Why::NoLabel);
        return None;
    }
    let evidence = Evidence::SHAPE
        .and_if(Evidence::LABEL, near.is_some_and(|near| !near.field))
        .and_if(Evidence::FIELD, near.is_some_and(|near| near.field))
        .and_if(Evidence::WHOLE, search.is_whole(start, end));
    search.propose(Kind::Mac, start, end, evidence);
    // One of letters alone may follow in a list.
    let next = (end + 1..end + 8).find(|next| lettered_pairs(bytes, *next));
    if let Some(next) = next {
        address(search, next);
    }
    Some(end)
}

/// Whether six pairs of letters with hyphens may stand at `at`: no digit leads the walk to them.
fn lettered_pairs(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 2) == Some(&b'-')
        && bytes.get(at..at + mac::PAIRED).is_some_and(|word| !word.iter().any(u8::is_ascii_digit))
}

/// Looks behind the colon at `at` for an address in pairs of letters alone, `MAC: AA-BB-CC-DD-EE-FF`.
pub(super) fn lettered(search: &mut Search<'_>, at: usize) {
    let bytes = search.bytes;
    let mut start = at + 1;
    start += bytes[start..].iter().take(2).take_while(|byte| matches!(byte, b' ' | b'"' | b'\'' | b'[')).count();
    if lettered_pairs(bytes, start) {
        address(search, start);
    }
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 2] = [Kind::Imei, Kind::Mac];

    #[test]
    fn devices_and_addresses() {
        let rows = [
            ("IMEI: <350000000000006>, MEID <A0000000000001>", None),
            ("<35-000000-000000-6>, imei <350000000000007>", None),
            ("단말 <350000000000006>", None),
            ("imeisv <3500000000000012>", None),
            ("<350000000000006>", None),
            ("<00:00:5e:00:53:01>(192.0.2.1) <00-00-5E-00-53-01> <0000.5e00.5301>", None),
            ("MAC: <AA-BB-CC-DD-EE-FF> and <AA-BB-CC-DD-EE-FA>", None),
            ("MAC:<aa:bb:cc:dd:ee:01>, mac=<00005E005301>", None),
            ("350000000000006, 350000000000007", Some(Why::NoLabel)),
            ("주문번호 350000000000006", Some(Why::OtherLabel)),
            ("35-000000-000000-7", Some(Why::CheckFails)),
            ("00:00:5e:00:53:01:02", Some(Why::Tied)),
            ("00:00:00:00:00:00", Some(Why::NeverIssued)),
            ("로또 01-12-23-34-40-45", Some(Why::NoLabel)),
            ("00:1a-2b:3c-4d:5e 00:1a:2b:3c:4d 1:2:3:4:5:6", None),
            ("12:34:56 10:20:30 2026-07-04-12-07-33", None),
            ("commit 00005e005301 hash bf8e9ed37a490b5cff4bf463832966 0000005e0053010", None),
            ("0f570659-7687-4ba0-f010-8173deec4253 1234.5678.9012", Some(Why::NoLabel)),
            ("1769050116995112 123456789012345 std::cout", None),
        ];
        for (text, why) in rows {
            let found = marked(&KINDS, "", &text.replace(['<', '>'], ""));
            assert_eq!((found.0.as_str(), found.1), (text, why), "{text}");
        }
    }
}
