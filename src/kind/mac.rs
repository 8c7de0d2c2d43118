//! `mac`: MAC address, six pairs of hexadecimal digits `00:00:5e:00:53:01`, or three groups of four `0000.5e00.5301`.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels {
    stems: &[
        "macaddr",
        "mac_addr",
        "mac-addr",
        "mac addr",
        "맥주소",
        "맥 주소",
        "물리적 주소",
        "물리 주소",
        "하드웨어 주소",
        "hwaddr",
        "hw_addr",
        "hardware addr",
        "physical addr",
        "ethernet addr",
        "bssid",
    ],
    words: &["mac", "macs", "lladdr"],
};

/// Characters of an address in pairs.
pub const PAIRED: usize = 17;
/// Characters of an address in groups of four, as Cisco writes it.
pub const DOTTED: usize = 14;

/// Reads the address that begins `bytes`: its digits, and its length as written. What follows is not looked at.
pub fn begins(bytes: &[u8]) -> Option<([u8; 12], usize)> {
    let sign = *bytes.get(2)?;
    let (group, len) = match sign {
        b':' | b'-' => (2, PAIRED),
        _ if bytes.get(4) == Some(&b'.') => (4, DOTTED),
        _ => return None,
    };
    let sign = if group == 4 { b'.' } else { sign };
    let mut digits = [0; 12];
    let mut count = 0;
    for (at, byte) in bytes.get(..len)?.iter().enumerate() {
        if at % (group + 1) == group {
            if *byte != sign {
                return None;
            }
        } else if byte.is_ascii_hexdigit() {
            digits[count] = byte.to_ascii_lowercase();
            count += 1;
        } else {
            return None;
        }
    }
    Some((digits, len))
}

/// Whether the digits name no device: all 0 or all f.
pub fn nobody(digits: &[u8; 12]) -> bool {
    digits.iter().all(|digit| *digit == b'0') || digits.iter().all(|digit| *digit == b'f')
}

/// Reads a whole value: twelve digits in lower case. Twelve without separators are read as well.
pub(crate) fn read(bytes: &[u8]) -> Option<[u8; 12]> {
    if let Ok(digits) = <[u8; 12]>::try_from(bytes) {
        return digits.iter().all(u8::is_ascii_hexdigit).then(|| digits.map(|digit| digit.to_ascii_lowercase()));
    }
    begins(bytes).filter(|(_, len)| *len == bytes.len()).map(|(digits, _)| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        let rows = [
            ("00:00:5E:00:53:01", Some("00005e005301")),
            ("00-00-5e-00-53-01", Some("00005e005301")),
            ("0000.5e00.5301", Some("00005e005301")),
            ("00005E005301", Some("00005e005301")),
            ("00:00-5e:00-53:01", None),
            ("00:00:5e:00:53", None),
            ("00:00:5e:00:53:01:02", None),
            ("0000.5e00:5301", None),
            ("0:0:5e:0:53:1", None),
            ("zz:00:5e:00:53:01", None),
            ("", None),
        ];
        for (text, want) in rows {
            assert_eq!(read(text.as_bytes()).as_ref().map(|digits| &digits[..]), want.map(str::as_bytes), "{text}");
        }
        assert!(nobody(b"000000000000") && nobody(b"ffffffffffff") && !nobody(b"00005e005301"));
    }
}
