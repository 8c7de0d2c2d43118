//! What an identifier is: its name in the policy, its shape, its check, its canonical form.

pub mod credit_card;
pub mod email;
pub mod frn;
pub mod glyph;
pub mod ip;
pub mod phone;
pub mod rrn;

/// A kind of value, as policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// `kr_rrn`: resident registration number.
    KrRrn,
    /// `kr_frn`: foreigner registration number.
    KrFrn,
    /// `kr_phone`: Korean telephone number.
    KrPhone,
    /// `email`: e-mail address.
    Email,
    /// `ip`: IPv4 or IPv6 address.
    Ip,
    /// `credit_card`: card number.
    CreditCard,
    /// `id`: an opaque identifier; any text.
    Id,
    /// `text`: free text, in which the first six kinds are found.
    Text,
    /// `time`: a point in time.
    Time,
    /// `date_of_birth`: a birth date.
    DateOfBirth,
    /// `number`: a quantity.
    Number,
    /// `kr_address`: a Korean postal address.
    KrAddress,
    /// `user_agent`: an HTTP user agent string.
    UserAgent,
    /// `url`: a URL, or the target of a request line.
    Url,
    /// `code`: a value from a closed, non-personal set (event names, status codes).
    Code,
}

impl Kind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 15] = [
        Self::KrRrn,
        Self::KrFrn,
        Self::KrPhone,
        Self::Email,
        Self::Ip,
        Self::CreditCard,
        Self::Id,
        Self::Text,
        Self::Time,
        Self::DateOfBirth,
        Self::Number,
        Self::KrAddress,
        Self::UserAgent,
        Self::Url,
        Self::Code,
    ];

    /// How many kinds are found inside free text: the first ones of the enum.
    pub const FOUND: usize = 6;

    /// The name that the policy file uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KrRrn => "kr_rrn",
            Self::KrFrn => "kr_frn",
            Self::KrPhone => "kr_phone",
            Self::Email => "email",
            Self::Ip => "ip",
            Self::CreditCard => "credit_card",
            Self::Id => "id",
            Self::Text => "text",
            Self::Time => "time",
            Self::DateOfBirth => "date_of_birth",
            Self::Number => "number",
            Self::KrAddress => "kr_address",
            Self::UserAgent => "user_agent",
            Self::Url => "url",
            Self::Code => "code",
        }
    }

    /// The two letters that begin a token of this kind.
    pub const fn letters(self) -> [u8; 2] {
        match self {
            Self::KrRrn => *b"rr",
            Self::KrFrn => *b"fr",
            Self::KrPhone => *b"ph",
            Self::Email => *b"em",
            Self::Ip => *b"ip",
            Self::CreditCard => *b"cc",
            Self::Id => *b"id",
            Self::Text => *b"tx",
            Self::Time => *b"tm",
            Self::DateOfBirth => *b"bd",
            Self::Number => *b"nr",
            Self::KrAddress => *b"ad",
            Self::UserAgent => *b"ua",
            Self::Url => *b"ur",
            Self::Code => *b"cd",
        }
    }

    /// The kind that the policy calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of the kinds that are found inside text: bit `kind as u8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(pub u8);

impl KindSet {
    /// All six kinds that are found inside text.
    pub const ALL: Self = Self((1 << Kind::FOUND) - 1);

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: Kind) -> bool {
        (kind as u8) < Kind::FOUND as u8 && self.0 & (1 << kind as u8) != 0
    }
}

/// Writes the canonical form of `text` to `out`: equal persons get equal bytes.
///
/// E-mail addresses in lower case, telephone numbers as national digits (`+82 10` = `010`), IPv4-mapped IPv6 as IPv4,
/// other IPv6 as RFC 5952, cards and registration numbers as digits; every other kind as it is.
/// False, with nothing written, if `text` is not of its kind.
pub fn canonical(kind: Kind, text: &str, out: &mut Vec<u8>) -> bool {
    let text = trimmed(text);
    match kind {
        Kind::KrRrn | Kind::KrFrn | Kind::KrPhone | Kind::Email | Kind::Ip | Kind::CreditCard => {}
        Kind::Id | Kind::Text | Kind::Time | Kind::DateOfBirth | Kind::Number => return as_is(text, out),
        Kind::KrAddress | Kind::UserAgent | Kind::Url | Kind::Code => return as_is(text, out),
    }
    if text.is_ascii() {
        return found(kind, text.as_bytes(), out);
    }
    match glyph::Folded::new(text) {
        Some(folded) => found(kind, folded.bytes(), out),
        None => false,
    }
}

/// The text without white space around it, which is rare.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

fn as_is(text: &str, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(text.as_bytes());
    !text.is_empty()
}

/// The canonical form of the kinds that are found in text; `bytes` is folded.
fn found(kind: Kind, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let written = match kind {
        Kind::KrRrn | Kind::KrFrn => rrn::read(bytes).map(|(digits, _)| out.extend_from_slice(&digits)),
        Kind::KrPhone => phone::read(bytes).map(|number| out.extend_from_slice(number.digits())),
        Kind::Email => email::read(bytes).map(|_| {
            out.extend_from_slice(bytes);
            out[from..].make_ascii_lowercase();
        }),
        Kind::Ip => std::str::from_utf8(bytes).ok().and_then(ip::read).map(|address| address.write(out)),
        Kind::CreditCard => credit_card::read(bytes, |digit, _| out.push(digit)).map(|_| ()),
        Kind::Id | Kind::Text | Kind::Time | Kind::DateOfBirth | Kind::Number => None,
        Kind::KrAddress | Kind::UserAgent | Kind::Url | Kind::Code => None,
    };
    if written.is_none() {
        out.truncate(from);
    }
    written.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms() {
        let rows = [
            (Kind::KrRrn, " 880101-1234567 ", Some("8801011234567")),
            (Kind::KrRrn, "８８０１０１－１２３４５６７", Some("8801011234567")),
            (Kind::KrFrn, "880101-5234567", Some("8801015234567")),
            (Kind::KrPhone, "+82 10-1234-5678", Some("01012345678")),
            (Kind::KrPhone, "010\u{200b}-1234-5678", Some("01012345678")),
            (Kind::Email, "Hong.Gildong@Example.CO.KR", Some("hong.gildong@example.co.kr")),
            (Kind::Email, "홍길동@example.com", Some("홍길동@example.com")),
            (Kind::Email, "hong@localhost", None),
            (Kind::Ip, "::FFFF:192.0.2.1", Some("192.0.2.1")),
            (Kind::CreditCard, "4111-1111-1111-1111", Some("4111111111111111")),
            (Kind::CreditCard, "4111-1111", None),
            (Kind::Id, "user 1", Some("user 1")),
            (Kind::Id, "", None),
        ];
        for (kind, text, want) in rows {
            let mut out = Vec::new();
            assert_eq!(canonical(kind, text, &mut out), want.is_some(), "{kind:?} {text}");
            assert_eq!(out, want.unwrap_or("").as_bytes(), "{kind:?} {text}");
        }
    }
}
