//! `ip`: an IPv4 or IPv6 address, alone, in brackets, with a zone or a prefix length.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels =
    Labels { stems: &["아이피", "ip주소", "ip 주소", "ipaddr", "ip_addr"], words: &["ip"] };

/// An address, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address; IPv4-mapped IPv6 is IPv4.
    pub address: IpAddr,
    /// The prefix length where one is written.
    pub bits: Option<u8>,
}

/// Four octets, leading zeros read as decimal.
pub fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let (mut place, mut digits, mut value) = (0, 0, 0u16);
    for byte in text {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                digits += 1;
                value = value * 10 + u16::from(byte - b'0');
            }
            b'.' if digits > 0 && place < 3 => {
                octets[place] = u8::try_from(value).ok()?;
                (place, digits, value) = (place + 1, 0, 0);
            }
            _ => return None,
        }
    }
    octets[3] = u8::try_from(value).ok()?;
    (place == 3 && digits > 0).then(|| Ipv4Addr::from(octets))
}

/// An IPv6 address without zone or prefix length.
pub fn v6(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// How a whole value is put together; the parts are ranges of its bytes.
pub(crate) struct Parts {
    /// Begin of the address proper.
    pub(crate) start: usize,
    /// Its end: a zone, bracket or prefix length may follow.
    pub(crate) end: usize,
    /// The prefix length.
    pub(crate) bits: Option<u8>,
    /// The address as written.
    pub(crate) address: IpAddr,
}

/// Reads a whole value: `192.0.2.1`, `[2001:db8::1]`, `fe80::1%eth0`, `10.0.0.0/8`.
pub(crate) fn parts(bytes: &[u8]) -> Option<Parts> {
    if let Some(address) = v4(bytes) {
        return Some(Parts { start: 0, end: bytes.len(), bits: None, address: IpAddr::V4(address) });
    }
    let bracket = bytes.first() == Some(&b'[') && bytes.last() == Some(&b']');
    let (start, mut end) = if bracket { (1, bytes.len() - 1) } else { (0, bytes.len()) };
    let mut bits = None;
    if let Some(slash) = bytes[start..end].iter().position(|byte| *byte == b'/') {
        let text = &bytes[start + slash + 1..end];
        bits = Some(std::str::from_utf8(text).ok()?.parse::<u8>().ok()?);
        end = start + slash;
    }
    if let Some(zone) = bytes[start..end].iter().position(|byte| *byte == b'%') {
        end = start + zone;
    }
    let text = &bytes[start..end];
    let (address, longest) = match v4(text) {
        Some(address) => (IpAddr::V4(address), 32),
        None => (IpAddr::V6(v6(text)?), 128),
    };
    (bits.unwrap_or(0) <= longest).then_some(Parts { start, end, bits, address })
}

/// Reads a whole value; IPv4-mapped IPv6 becomes IPv4.
pub fn read(text: &str) -> Option<Address> {
    let parts = parts(text.as_bytes())?;
    match (parts.address.to_canonical(), parts.bits) {
        (address @ IpAddr::V4(_), Some(bits)) if parts.address.is_ipv6() => {
            // `::ffff:0:0/96` is the whole of IPv4; a shorter prefix reaches beyond it.
            let bits = bits.checked_sub(96)?;
            Some(Address { address, bits: Some(bits) })
        }
        (address, bits) => Some(Address { address, bits }),
    }
}

impl Address {
    /// Appends the address as RFC 5952 writes it, and its prefix length where it has one.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self.address {
            IpAddr::V4(address) => {
                // By hand: the formatter of the library costs as much as the rest of a record's address.
                for (place, octet) in address.octets().into_iter().enumerate() {
                    if place > 0 {
                        out.push(b'.');
                    }
                    write_number(octet, out);
                }
            }
            IpAddr::V6(address) => {
                let written = write!(Ascii(out), "{address}");
                debug_assert!(written.is_ok(), "a vector takes what is written to it");
            }
        }
        if let Some(bits) = self.bits {
            out.push(b'/');
            write_number(bits, out);
        }
    }
}

fn write_number(number: u8, out: &mut Vec<u8>) {
    if number >= 100 {
        out.push(b'0' + number / 100);
    }
    if number >= 10 {
        out.push(b'0' + number / 10 % 10);
    }
    out.push(b'0' + number % 10);
}

/// A vector of bytes as a `fmt::Write`, so that no text is made on the way.
struct Ascii<'a>(&'a mut Vec<u8>);

impl Write for Ascii<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        let rows = [
            ("192.0.2.1", Some("192.0.2.1")),
            ("010.001.002.003", Some("10.1.2.3")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("2001:DB8:0:0::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("10.0.0.0/33", None),
            ("256.0.0.1", None),
            ("1.2.3", None),
            ("1.2.3.4.5", None),
            ("12:34:56", None),
            ("", None),
        ];
        for (text, want) in rows {
            let mut out = Vec::new();
            if let Some(address) = read(text) {
                address.write(&mut out);
            }
            assert_eq!(out, want.unwrap_or("").as_bytes(), "{text}");
        }
    }
}
