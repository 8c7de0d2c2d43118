//! The forms of numbers and addresses that a kind can read: which of their characters are starred.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use super::{Part, put, redact};
use crate::kind::glyph::Folded;
use crate::kind::{
    Kind, bank_account, brn, credit_card, crn, date_of_birth, driver_license, email, health_insurance, imei, ip, mac,
    passport, phone, phone_intl, rrn, trimmed, vehicle_plate,
};

/// What a form hides of a value.
enum Hidden {
    /// Every letter and digit of these ranges, which are in order; separators stay.
    Figures([Range<usize>; 3]),
    /// Every digit of these ranges; the word before an extension stays.
    Digits([Range<usize>; 2]),
    /// Every character of the range.
    All(Range<usize>),
    /// The range as one group of unknown length, `****`.
    Group(Range<usize>),
    /// The whole value, for the first 48 bits of this address and `****` behind them.
    Network(Ipv6Addr),
}

impl Hidden {
    /// Every letter and digit of one range.
    const fn figures(start: usize, end: usize) -> Self {
        Self::Figures([start..end, end..end, end..end])
    }
}

/// Writes the form of the kind, or the one in which `part` stays; false, with nothing written, if the text is not of
/// its kind.
pub(super) fn mask(kind: Kind, part: Option<Part>, text: &str, out: &mut Vec<u8>) -> bool {
    let text = trimmed(text);
    if text.bytes().all(|byte| byte.is_ascii() && byte != b'*') {
        return match hidden(kind, part, text.as_bytes()) {
            Some(hidden) => write(&hidden, text, |at| at, out),
            None => false,
        };
    }
    // Masked already, or written in other characters: read a plain copy, cut the original.
    let Some(mut folded) = Folded::new(text) else {
        return false;
    };
    let stars = folded.bytes().iter().filter(|byte| **byte == b'*').count();
    let starred = stars > 0
        && match kind {
            Kind::DateOfBirth => return starred_birth(part.is_some(), text, out),
            // `880101-1******` shows the sex where that was needed: it is masked already.
            Kind::KrRrn | Kind::KrFrn => stars == 6 && folded.bytes().ends_with(b"******"),
            Kind::KrVehiclePlate => is_starred_plate(folded.bytes()),
            _ => false,
        };
    match kind {
        Kind::Email => {}
        Kind::PhoneIntl if !unstar_intl(&mut folded) => return false,
        Kind::PhoneIntl => {}
        _ => folded.unstar(|_| b'1'),
    }
    match hidden(kind, part, folded.bytes()) {
        Some(_) if starred => copy(text, out),
        Some(hidden) => write(&hidden, text, |at| folded.origin(at, text), out),
        // The letter of a plate is hidden, so it reads as none.
        None if starred && kind == Kind::KrVehiclePlate => copy(text, out),
        None => false,
    }
}

fn copy(text: &str, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(text.as_bytes());
    true
}

/// Puts digits in place of the stars of a number of another country, so that it is one of the plan of its country code;
/// false where the stars leave no country code.
fn unstar_intl(folded: &mut Folded) -> bool {
    if folded.bytes().first() != Some(&b'+') {
        folded.unstar(|_| b'1');
        return true;
    }
    let bytes = folded.bytes();
    let mut digits = [0; 3];
    let clear = bytes.iter().take_while(|byte| **byte != b'*').filter(|byte| byte.is_ascii_digit());
    let count = clear.zip(&mut digits).map(|(byte, digit)| *digit = *byte).count();
    let Some((code, _)) = phone_intl::plan(&digits[..count]) else {
        return false;
    };
    let china = digits.starts_with(b"86");
    // No area begins with 1, and not all digits are the same; mobile numbers of China do begin with it.
    folded.unstar(|place| if china && place == code { b'1' } else { b"23456789"[place % 8] });
    true
}

/// What a form hides in `bytes`; `None` if they are not of the kind, or the kind has no form.
fn hidden(kind: Kind, part: Option<Part>, bytes: &[u8]) -> Option<Hidden> {
    let end = bytes.len();
    Some(match kind {
        Kind::KrRrn | Kind::KrFrn => {
            let (_, seventh) = rrn::read(bytes)?;
            Hidden::figures(seventh + usize::from(part == Some(Part::BirthAndSex)), end)
        }
        Kind::KrPhone => {
            let (from, to) = phone::read(bytes)?.hidden;
            // The last four stay; what an office's switch wants to know behind them leads to one desk.
            let last = bytes.iter().enumerate().skip(to).filter(|(_, byte)| byte.is_ascii_digit()).nth(3)?.0;
            Hidden::Digits([from..if part == Some(Part::Prefix) { end } else { to }, last + 1..end])
        }
        Kind::PhoneIntl => {
            let (from, to) = phone_intl::read(bytes)?.hidden;
            // A trunk in the middle of a number is a slip of the pen, and starred it would be none.
            if bytes[from..].windows(3).any(|three| three == b"(0)") {
                return None;
            }
            // Of a short number the last four would be nearly all.
            let hidden = bytes.get(from..to)?.iter().filter(|byte| byte.is_ascii_digit()).count();
            Hidden::figures(from, if part == Some(Part::Prefix) || hidden < 4 { end } else { to })
        }
        Kind::CreditCard => {
            let mut places = Places::default();
            let count = credit_card::read(bytes, |_, at| places.note(at))?;
            Hidden::figures(places.of(credit_card::shown_first(count)), places.of(count - 4))
        }
        Kind::KrBrn => Hidden::figures(brn::read(bytes)?.1[5], end),
        Kind::KrCrn => Hidden::figures(crn::read(bytes)?.1, end),
        Kind::KrDriverLicense => {
            let (_, places) = driver_license::read(bytes)?;
            Hidden::figures(places[4], places[10])
        }
        Kind::KrPassport => {
            let mut places = Places::default();
            let count = passport::read(bytes, |_, at| places.note(at))?;
            Hidden::figures(places.of((count - 4).min(5)), end)
        }
        Kind::KrHealthInsurance => {
            let mut places = Places::default();
            let count = health_insurance::read(bytes, |_, at| places.note(at))?;
            Hidden::figures(places.of(count - 7), end)
        }
        Kind::BankAccount => {
            let mut places = Places::default();
            bank_account::read(bytes, |_, at| places.note(at))?;
            Hidden::figures(places.of(3), end)
        }
        // The type of the device stays, which thousands have.
        Kind::Imei => {
            let mut places = Places::default();
            imei::read(bytes, |_, at| places.note(at))?;
            Hidden::figures(places.of(8), end)
        }
        // The maker stays.
        Kind::Mac => {
            mac::read(bytes)?;
            let seventh = bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()).nth(6)?.0;
            Hidden::figures(seventh, end)
        }
        Kind::KrVehiclePlate => {
            let plate = vehicle_plate::read(bytes)?;
            // Of a mission the word comes first, and three digits alone could be tried.
            let mission = plate.letter.0 < plate.class.0;
            let from = match part {
                _ if mission => plate.class.0,
                Some(Part::Class) => plate.letter.0,
                _ => plate.serial.0,
            };
            Hidden::figures(from, plate.serial.1)
        }
        Kind::DateOfBirth => {
            let birth = date_of_birth::read(bytes)?;
            let mut ranges = [birth.year_at, birth.month_at, birth.day_at].map(|(start, end)| start..end);
            if part == Some(Part::Year) {
                ranges[0].end = ranges[0].start;
            }
            ranges.sort_by_key(|range| range.start);
            Hidden::Figures(ranges)
        }
        Kind::Email => {
            let at = email::read(bytes)?;
            let local = std::str::from_utf8(&bytes[..at]).ok()?;
            // Two characters of three would be the whole name to whoever guesses.
            let shown = if part.is_none() && local.chars().count() > 3 { 2 } else { 0 };
            let from = local.char_indices().nth(shown).map_or(at, |(from, _)| from);
            Hidden::All(from..at)
        }
        Kind::Ip => hidden_ip(part == Some(Part::Network), bytes)?,
        _ => return None,
    })
}

/// Where the first digits of a value stand.
#[derive(Default)]
struct Places {
    places: [usize; 20],
    seen: usize,
}

impl Places {
    fn note(&mut self, at: usize) {
        if let Some(place) = self.places.get_mut(self.seen) {
            *place = at;
            self.seen += 1;
        }
    }

    fn of(&self, digit: usize) -> usize {
        self.places[digit.min(self.places.len() - 1)]
    }
}

/// Bits 17 to 24 of IPv4, also at the end of IPv6; bits 113 to 128 of other IPv6. Where the network stays, the last
/// octet, or all behind bit 48.
fn hidden_ip(network: bool, bytes: &[u8]) -> Option<Hidden> {
    let parts = ip::parts(bytes)?;
    let address = &bytes[parts.start..parts.end];
    let mut dots = address.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| parts.start + at);
    if let (Some(_), Some(second), Some(third)) = (dots.next(), dots.next(), dots.next()) {
        return Some(match network {
            true => Hidden::figures(third + 1, parts.end),
            false => Hidden::figures(second + 1, third),
        });
    }
    if let (true, IpAddr::V6(address)) = (network, parts.address) {
        return Some(Hidden::Network(address));
    }
    let colon = address.iter().rposition(|byte| *byte == b':')?;
    // `1:2:3:4:5:6:7::` leaves room for one group only, and a group behind `::` would be a ninth.
    let full = address.ends_with(b"::") && address.iter().filter(|byte| **byte == b':').count() == 8;
    let from = parts.start + colon + usize::from(!full);
    Some(Hidden::Group(from..parts.end))
}

/// Whether this is a plate whose letter and last digits are starred, `12*****`.
fn is_starred_plate(bytes: &[u8]) -> bool {
    let is_star = |byte: &u8| *byte == b'*';
    let mut stars = bytes.iter().enumerate().rev().filter(|(_, byte)| is_star(byte));
    let Some((letter, _)) = stars.nth(4) else {
        return false;
    };
    let (head, tail) = bytes.split_at(letter);
    // The longest head is `서울특별시 123 `.
    let mut clear = [0; 32];
    let behind = "가1111".as_bytes();
    let Some(place) = clear.get_mut(..head.len() + behind.len()) else {
        return false;
    };
    for (place, byte) in place.iter_mut().zip(head.iter().chain(behind)) {
        *place = if is_star(byte) { b'1' } else { *byte };
    }
    tail.iter().all(|byte| matches!(byte, b'*' | b' ')) && vehicle_plate::read(place).is_some()
}

/// A birth date of which parts are starred: what is left of it is starred too, but for the year where that may stay.
fn starred_birth(year: bool, text: &str, out: &mut Vec<u8>) -> bool {
    let fits = |c: char| c.is_ascii_digit() || "*-./, 년월일출생".contains(c);
    if !text.chars().all(fits) {
        return false;
    }
    let is_digit = |c: &char| c.is_ascii_digit();
    let digits = text.chars().filter(is_digit).count();
    let run = text.chars().skip_while(|c| !is_digit(c)).take_while(is_digit).count();
    let stays = year && digits == run && matches!(run, 2 | 4);
    text.chars().for_each(|c| put(if is_digit(&c) && !stays { '*' } else { c }, out));
    true
}

/// Writes `text` with the hidden part starred; `origin` maps places of the plain copy to `text`.
fn write(hidden: &Hidden, text: &str, origin: impl Fn(usize) -> usize, out: &mut Vec<u8>) -> bool {
    let mut kept = 0;
    let mut until = |range: &Range<usize>, out: &mut Vec<u8>| {
        let (start, end) = (origin(range.start).max(kept), origin(range.end));
        out.extend_from_slice(&text.as_bytes()[kept..start]);
        kept = end.max(start);
        start..kept
    };
    match hidden {
        Hidden::Figures(ranges) => {
            for range in ranges {
                let range = until(range, out);
                text[range].chars().for_each(|c| put(if c.is_alphanumeric() { '*' } else { c }, out));
            }
        }
        Hidden::Digits(ranges) => {
            for range in ranges {
                let range = until(range, out);
                text[range].chars().for_each(|c| put(if c.is_numeric() { '*' } else { c }, out));
            }
        }
        Hidden::All(range) => {
            let range = until(range, out);
            out.extend(text[range].chars().map(|_| b'*'));
        }
        Hidden::Group(range) => {
            until(range, out);
            redact(out);
        }
        Hidden::Network(address) => return network(*address, text, out),
    }
    out.extend_from_slice(&text.as_bytes()[kept..]);
    true
}

/// The first 48 bits of an address and `****`, in brackets where it came in brackets.
fn network(address: Ipv6Addr, text: &str, out: &mut Vec<u8>) -> bool {
    let bracket = text.starts_with('[');
    if bracket {
        out.push(b'[');
    }
    let prefix = Ipv6Addr::from(u128::from(address) & (u128::MAX << 80));
    // The last five groups are zero, so the longest run of zeros is at the end, and `::` with it.
    ip::Address { address: IpAddr::V6(prefix), bits: None }.write(out);
    redact(out);
    if bracket {
        out.push(b']');
    }
    true
}
