//! Escapes of JSON strings: checked, taken off, put on.

use super::json::Fault;

/// Where the escape at `at` ends; surrogates count as one escape and must be paired.
pub(super) fn escape_end(text: &[u8], at: usize) -> Result<usize, (Fault, usize)> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let unit = hex_unit(text, at + 2)?;
            match unit {
                0xd800..0xdc00 => {
                    for (place, expected) in [(at + 6, b'\\'), (at + 7, b'u')] {
                        match text.get(place) {
                            Some(byte) if *byte == expected => {}
                            Some(_) => return Err((Fault::Invalid, place)),
                            None => return Err((Fault::Truncated, place)),
                        }
                    }
                    match hex_unit(text, at + 8)? {
                        0xdc00..0xe000 => Ok(at + 12),
                        _ => Err((Fault::Invalid, at + 6)),
                    }
                }
                0xdc00..0xe000 => Err((Fault::Invalid, at)),
                _ => Ok(at + 6),
            }
        }
        Some(_) => Err((Fault::Invalid, at + 1)),
        None => Err((Fault::Truncated, at + 1)),
    }
}

fn hex_unit(text: &[u8], at: usize) -> Result<u32, (Fault, usize)> {
    let mut unit = 0;
    for place in at..at + 4 {
        let byte = *text.get(place).ok_or((Fault::Truncated, place))?;
        let digit = (byte as char).to_digit(16).ok_or((Fault::Invalid, place))?;
        unit = unit * 16 + digit;
    }
    Ok(unit)
}

/// Appends what the inside of a JSON string stands for. The walk has checked every escape.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let plain = match text.get(at + 1) {
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let mut unit = hex_unit(text, at + 2).unwrap_or(0xfffd);
                at += 6;
                if let 0xd800..0xdc00 = unit {
                    let low = hex_unit(text, at + 2).unwrap_or(0xdc00);
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                    at += 6;
                }
                let mut encoded = [0; 4];
                let char = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(char.encode_utf8(&mut encoded).as_bytes());
                continue;
            }
            Some(byte) => *byte,
            None => b'\\',
        };
        out.push(plain);
        at += 2;
    }
}

/// The bytes that may not stand in a JSON string as they are.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escaped[byte] = true;
        byte += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
};

/// Appends `text` as the inside of a JSON string.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    if !text.iter().any(|byte| ESCAPED[usize::from(*byte)]) {
        out.extend_from_slice(text);
        return;
    }
    let mut from = 0;
    for (at, byte) in text.iter().enumerate() {
        let short: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => {
                out.extend_from_slice(&text[from..at]);
                out.extend_from_slice(b"\\u00");
                out.push(b'0' + (byte >> 4));
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
                from = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(short);
        from = at + 1;
    }
    out.extend_from_slice(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_both_ways() {
        for plain in ["", "가\"나\\다\n\r\t\u{1}\u{1f}", "plain", "\u{1F600}"] {
            let mut written = Vec::new();
            escape(plain.as_bytes(), &mut written);
            let read: String = serde_json::from_str(&format!("\"{}\"", String::from_utf8_lossy(&written)))
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read, plain);
            let mut back = Vec::new();
            unescape(&written, &mut back);
            assert_eq!(back, plain.as_bytes());
        }
    }
}
