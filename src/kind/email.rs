//! `email`: an e-mail address, `local@domain` with a top-level domain of letters.

use super::Labels;

/// Words before a value of this kind.
pub const LABELS: Labels = Labels { stems: &["이메일", "메일", "email", "e-mail"], words: &["mail"] };

/// Where the domain that begins `bytes` ends; `None` if none does.
///
/// Labels of letters, digits and hyphens; the last is letters (two or more) or `xn--...`. What follows the last such
/// label (a final dot, Hangul, `/path`) is not part of it.
pub fn domain_end(bytes: &[u8]) -> Option<usize> {
    let mut end = None;
    let mut at = 0;
    let mut labels = 0;
    loop {
        let label = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        let name = &bytes[at..at + label];
        // Nine digits are a number that stands by, not the name of a host.
        if label == 0 || name[0] == b'-' || (label > 8 && name.iter().all(u8::is_ascii_digit)) {
            return end;
        }
        if labels > 0 {
            let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            if name.len() > 4 && name[..4].eq_ignore_ascii_case(b"xn--") {
                end = Some(at + label);
            } else if letters >= 2 {
                end = Some(at + letters);
            }
        }
        labels += 1;
        at += label;
        if bytes.get(at) != Some(&b'.') {
            return end;
        }
        at += 1;
    }
}

/// Whether a byte may stand in a local part found in text.
pub const fn local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

/// The place of `@` in a whole value; the domain reaches to its end.
pub(crate) fn read(bytes: &[u8]) -> Option<usize> {
    plain(bytes).or_else(|| read_any(bytes))
}

/// Reads an address of letters, digits and `._%+-` in which every label of the domain begins with a letter, in one
/// pass; the same place as [`read_any`] gives.
fn plain(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|byte| !LOCAL[usize::from(*byte)]).filter(|at| *at > 0 && bytes[*at] == b'@')?;
    let (mut label, mut dots, mut letters) = (0, 0, true);
    for byte in &bytes[at + 1..] {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' => label += 1,
            b'0'..=b'9' | b'-' if label > 0 => (label, letters) = (label + 1, false),
            b'.' if label > 0 => (label, dots, letters) = (0, dots + 1, true),
            _ => return None,
        }
    }
    (dots > 0 && letters && label > 1).then_some(at)
}

/// The bytes of a plain local part.
const LOCAL: [bool; 256] = {
    let mut locals = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        locals[byte as usize] = local(byte);
        byte += 1;
    }
    locals
};

fn read_any(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().rposition(|byte| *byte == b'@')?;
    let odd = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control() || *byte == b'@';
    let whole = at > 0 && domain_end(&bytes[at + 1..]) == Some(bytes.len() - at - 1);
    (whole && !bytes[..at].iter().any(odd)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_form_reads_as_any_form() {
        let locals = ["a", "hong.gildong+1", "_", "", "a@b", "a b", "홍"];
        let domains =
            ["example.com", "a-b.example.co.kr", "1a.com", "-a.com", "a..com", "com", "a.c", "a.com-", "a.c0m", ""];
        for local in locals {
            for domain in domains {
                let text = format!("{local}@{domain}");
                let any = read_any(text.as_bytes());
                assert!(plain(text.as_bytes()).is_none_or(|at| Some(at) == any), "{text}");
                assert_eq!(read(text.as_bytes()), any, "{text}");
            }
        }
        assert_eq!(plain(b"hong.gildong@a-b.example.co.kr"), Some(12));
    }

    #[test]
    fn domains() {
        let rows = [
            ("example.com", Some(11)),
            ("example.co.kr", Some(13)),
            ("example.com.", Some(11)),
            ("example.com로", Some(11)),
            ("example.com/path", Some(11)),
            ("example.com-x", Some(11)),
            ("1337.com", Some(8)),
            ("a.xn--80ak6aa92e", Some(16)),
            ("example", None),
            ("1.2.3", None),
            ("_bar.com", None),
            ("-a.com", None),
            (".com", None),
            ("10.0.0.5", None),
            ("example.com.123456789.kr", Some(11)),
        ];
        for (text, want) in rows {
            assert_eq!(domain_end(text.as_bytes()), want, "{text}");
        }
    }
}
