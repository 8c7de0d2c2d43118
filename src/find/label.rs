//! Words that say what the number behind them is: they admit weak shapes, and refute a few that look like others.

use crate::limits::LABEL_BYTES_MAX;

/// What a label announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// A registration number of a person, resident or foreigner.
    Person,
    /// The registration number of a company, which has the shape of a person's.
    Company,
    /// A telephone number.
    Phone,
    /// A payment card.
    Card,
    /// A number that is none of ours: order, account, bar code, time.
    Other,
}

/// The labels in Hangul. A word may go on behind them (`주민` + `등록번호는`).
const HANGUL: [(&str, Label); 38] = [
    ("주민", Label::Person),
    ("외국인등록", Label::Person),
    ("외국인번호", Label::Person),
    ("거소신고", Label::Person),
    ("거소번호", Label::Person),
    ("법인", Label::Company),
    ("전화", Label::Phone),
    ("연락", Label::Phone),
    ("휴대", Label::Phone),
    ("핸드폰", Label::Phone),
    ("휴대폰", Label::Phone),
    ("모바일", Label::Phone),
    ("팩스", Label::Phone),
    ("문의", Label::Phone),
    ("☎", Label::Phone),
    ("📞", Label::Phone),
    ("카드", Label::Card),
    ("바코드", Label::Other),
    ("상품코드", Label::Other),
    ("상품번호", Label::Other),
    ("주문", Label::Other),
    ("송장", Label::Other),
    ("등기번호", Label::Other),
    ("접수번호", Label::Other),
    ("처방번호", Label::Other),
    ("증권번호", Label::Other),
    ("일련번호", Label::Other),
    ("관리번호", Label::Other),
    ("승인번호", Label::Other),
    ("사건번호", Label::Other),
    ("사번", Label::Other),
    ("학번", Label::Other),
    ("결제일", Label::Other),
    ("계좌", Label::Other),
    ("통장", Label::Other),
    ("사업자", Label::Other),
    ("고유번호", Label::Other),
    ("보험증", Label::Other),
];

/// The third bytes that begin some label of [`HANGUL`], as bits: two characters of three need no more than this.
const THIRD_BYTES: u64 = {
    let (mut bits, mut at) = (0, 0);
    while at < HANGUL.len() {
        bits |= 1 << (HANGUL[at].0.as_bytes()[2] & 0x3F);
        at += 1;
    }
    bits
};

/// The labels in ASCII, lower case. The short ones of the second list must not go on in letters.
const ASCII: [(&str, Label); 19] = [
    ("jumin", Label::Person),
    ("resident", Label::Person),
    ("foreigner", Label::Person),
    ("corporat", Label::Company),
    ("phone", Label::Phone),
    ("mobile", Label::Phone),
    ("contact", Label::Phone),
    ("cellular", Label::Phone),
    ("telephone", Label::Phone),
    ("card", Label::Card),
    ("barcode", Label::Other),
    ("order", Label::Other),
    ("account", Label::Other),
    ("tracking", Label::Other),
    ("invoice", Label::Other),
    ("time", Label::Other),
    ("epoch", Label::Other),
    ("product", Label::Other),
    ("serial", Label::Other),
];

/// Short labels: whole words, though `No` or `Num` may follow; behind a single letter stands a sign (`T.`, `M:`).
const SHORT: [(&str, Label); 21] = [
    ("rrn", Label::Person),
    ("frn", Label::Person),
    ("ssn", Label::Person),
    ("crn", Label::Company),
    ("tel", Label::Phone),
    ("hp", Label::Phone),
    ("h.p", Label::Phone),
    ("fax", Label::Phone),
    ("cell", Label::Phone),
    ("call", Label::Phone),
    ("t", Label::Phone),
    ("m", Label::Phone),
    ("ts", Label::Other),
    ("iat", Label::Other),
    ("exp", Label::Other),
    ("sku", Label::Other),
    ("ean", Label::Other),
    ("isbn", Label::Other),
    ("imei", Label::Other),
    ("brn", Label::Other),
    ("bizno", Label::Other),
];

/// The nearest label before byte `at`, and whether it stands there without another number in between.
///
/// Looks back [`LABEL_BYTES_MAX`] bytes, not past a `,` `;` `&` `{` or newline.
pub(super) fn before(bytes: &[u8], at: usize) -> Option<(Label, bool)> {
    let mut alone = true;
    for start in (at.saturating_sub(LABEL_BYTES_MAX)..at).rev() {
        let byte = bytes[start];
        match byte {
            b',' | b';' | b'&' | b'{' | b'\n' => return None,
            b'0'..=b'9' => alone = false,
            b'A'..=b'Z' | b'a'..=b'z' => {
                let inside = start > 0 && bytes[start - 1].is_ascii_alphabetic();
                let hump = byte.is_ascii_uppercase() && start > 0 && bytes[start - 1].is_ascii_lowercase();
                if inside && !hump {
                    continue;
                }
                if let Some(label) = word(&bytes[start..at]) {
                    return Some((label, alone));
                }
            }
            // Only the first byte of a character begins a label.
            0xE2..=0xF0 => {
                let text = &bytes[start..at];
                if text.len() < 3 || THIRD_BYTES >> (text[2] & 0x3F) & 1 == 0 {
                    continue;
                }
                if let Some((_, label)) = HANGUL.iter().find(|(name, _)| text.starts_with(name.as_bytes())) {
                    return Some((*label, alone));
                }
            }
            _ => {}
        }
    }
    None
}

/// The label that `text`, the begin of a word, begins with.
fn word(text: &[u8]) -> Option<Label> {
    let begins = |name: &str| text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()));
    if let Some((_, label)) = ASCII.iter().find(|(name, _)| begins(name)) {
        return Some(*label);
    }
    let ends = |name: &str| {
        let (last, rest) = (text[name.len() - 1], &text[name.len()..]);
        if name.len() == 1 {
            return matches!(rest, [b'.' | b':' | b')', ..]);
        }
        let next = rest.first().copied().unwrap_or(b' ');
        let number = rest.len() >= 2 && rest[..2].eq_ignore_ascii_case(b"no") || rest.starts_with(b"num");
        !next.is_ascii_alphabetic() || (last.is_ascii_lowercase() && next.is_ascii_uppercase()) || number
    };
    SHORT.iter().find(|(name, _)| begins(name) && ends(name)).map(|(_, label)| *label)
}

/// The label that is glued to byte `at`: `TEL010-...`, `rrn8801...`, where a letter would refute the number.
pub(super) fn glued(bytes: &[u8], at: usize) -> Option<Label> {
    let letters = bytes[..at].iter().rev().take(LABEL_BYTES_MAX).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let name = &bytes[at - letters..at];
    let whole = |(label, kind): &(&str, Label)| name.eq_ignore_ascii_case(label.as_bytes()).then_some(*kind);
    ASCII.iter().chain(&SHORT).find_map(whole).filter(|label| *label != Label::Other)
}

/// Whether `카드` follows byte `at`, after a space or none: `5555-... 카드로 결제`.
pub(super) fn card_behind(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at..];
    rest.strip_prefix(b" ").unwrap_or(rest).starts_with("카드".as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let rows = [
            ("주민등록번호는 ", Some((Label::Person, true))),
            ("주민번호: 1 그리고 ", Some((Label::Person, false))),
            ("법인등록번호 ", Some((Label::Company, true))),
            ("법인카드 ", Some((Label::Card, true))),
            ("\"userPhone\":\"", Some((Label::Phone, true))),
            ("telNo=", Some((Label::Phone, true))),
            ("TELNO ", Some((Label::Phone, true))),
            ("hotel ", None),
            ("telegram ", None),
            ("card_no=", Some((Label::Card, true))),
            ("discard ", None),
            ("ts=", Some((Label::Other, true))),
            ("hits=", None),
            ("T. ", Some((Label::Phone, true))),
            ("rrn=1&x=", None),
            ("주민번호, ", None),
            ("주민번호와 관계없이 아주 멀리 떨어진 곳에 적힌 수 ", None),
        ];
        for (text, want) in rows {
            assert_eq!(before(text.as_bytes(), text.len()), want, "{text}");
        }
    }
}
