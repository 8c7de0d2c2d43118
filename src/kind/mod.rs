//! What an identifier is: its name in the policy, its shape, its check, its canonical form.

pub mod address;
pub mod bank_account;
pub mod brn;
pub mod credit_card;
pub mod crn;
pub mod date_of_birth;
pub mod driver_license;
pub mod email;
pub mod frn;
pub mod glyph;
pub mod health_insurance;
pub mod imei;
pub mod ip;
pub mod mac;
pub mod passport;
pub mod person_name;
pub mod phone;
pub mod phone_intl;
pub mod rrn;
pub mod vehicle_plate;

/// Words that say of the value behind them what it is; letters of ASCII in lower case.
#[derive(Debug, Clone, Copy)]
pub struct Labels {
    /// The word may go on behind these: `주민` + `등록번호는`, `phone` + `Number`.
    pub stems: &'static [&'static str],
    /// These are whole words, though `No` or `Num` may follow; behind a single letter stands a sign (`T.`, `M:`).
    pub words: &'static [&'static str],
}

/// A kind of value, as policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// `kr_rrn`: resident registration number, 주민등록번호.
    KrRrn,
    /// `kr_frn`: foreigner registration number, 외국인등록번호.
    KrFrn,
    /// `kr_driver_license`: number of a driving licence, 운전면허번호.
    KrDriverLicense,
    /// `kr_passport`: number of a passport, 여권번호.
    KrPassport,
    /// `kr_phone`: Korean telephone number.
    KrPhone,
    /// `phone_intl`: telephone number of another country.
    PhoneIntl,
    /// `credit_card`: card number.
    CreditCard,
    /// `kr_brn`: business registration number, 사업자등록번호.
    KrBrn,
    /// `kr_crn`: corporation registration number, 법인등록번호.
    KrCrn,
    /// `kr_health_insurance`: number of a health insurance card, 건강보험증 번호.
    KrHealthInsurance,
    /// `bank_account`: bank account number.
    BankAccount,
    /// `email`: e-mail address.
    Email,
    /// `imei`: IMEI of a mobile device.
    Imei,
    /// `mac`: MAC address.
    Mac,
    /// `ip`: IPv4 or IPv6 address.
    Ip,
    /// `date_of_birth`: a birth date.
    DateOfBirth,
    /// `kr_vehicle_plate`: Korean number plate.
    KrVehiclePlate,
    /// `kr_address`: a Korean postal address.
    KrAddress,
    /// `person_name`: name of a person.
    PersonName,
    /// `id`: an opaque identifier; any text.
    Id,
    /// `text`: free text, in which the kinds before `id` are found.
    Text,
    /// `time`: a point in time.
    Time,
    /// `number`: a quantity.
    Number,
    /// `user_agent`: an HTTP user agent string.
    UserAgent,
    /// `url`: a URL, or the target of a request line.
    Url,
    /// `code`: a value from a closed, non-personal set (event names, status codes).
    Code,
}

impl Kind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 26] = [
        Self::KrRrn,
        Self::KrFrn,
        Self::KrDriverLicense,
        Self::KrPassport,
        Self::KrPhone,
        Self::PhoneIntl,
        Self::CreditCard,
        Self::KrBrn,
        Self::KrCrn,
        Self::KrHealthInsurance,
        Self::BankAccount,
        Self::Email,
        Self::Imei,
        Self::Mac,
        Self::Ip,
        Self::DateOfBirth,
        Self::KrVehiclePlate,
        Self::KrAddress,
        Self::PersonName,
        Self::Id,
        Self::Text,
        Self::Time,
        Self::Number,
        Self::UserAgent,
        Self::Url,
        Self::Code,
    ];

    /// How many kinds are found inside free text: the first ones of the enum.
    pub const FOUND: usize = 19;

    /// The name that the policy file uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KrRrn => "kr_rrn",
            Self::KrFrn => "kr_frn",
            Self::KrDriverLicense => "kr_driver_license",
            Self::KrPassport => "kr_passport",
            Self::KrPhone => "kr_phone",
            Self::PhoneIntl => "phone_intl",
            Self::CreditCard => "credit_card",
            Self::KrBrn => "kr_brn",
            Self::KrCrn => "kr_crn",
            Self::KrHealthInsurance => "kr_health_insurance",
            Self::BankAccount => "bank_account",
            Self::Email => "email",
            Self::Imei => "imei",
            Self::Mac => "mac",
            Self::Ip => "ip",
            Self::DateOfBirth => "date_of_birth",
            Self::KrVehiclePlate => "kr_vehicle_plate",
            Self::KrAddress => "kr_address",
            Self::PersonName => "person_name",
            Self::Id => "id",
            Self::Text => "text",
            Self::Time => "time",
            Self::Number => "number",
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
            Self::KrDriverLicense => *b"dl",
            Self::KrPassport => *b"pp",
            Self::KrPhone => *b"ph",
            Self::PhoneIntl => *b"pi",
            Self::CreditCard => *b"cc",
            Self::KrBrn => *b"br",
            Self::KrCrn => *b"cr",
            Self::KrHealthInsurance => *b"hi",
            Self::BankAccount => *b"ba",
            Self::Email => *b"em",
            Self::Imei => *b"im",
            Self::Mac => *b"mc",
            Self::Ip => *b"ip",
            Self::DateOfBirth => *b"bd",
            Self::KrVehiclePlate => *b"vp",
            Self::KrAddress => *b"ad",
            Self::PersonName => *b"pn",
            Self::Id => *b"id",
            Self::Text => *b"tx",
            Self::Time => *b"tm",
            Self::Number => *b"nr",
            Self::UserAgent => *b"ua",
            Self::Url => *b"ur",
            Self::Code => *b"cd",
        }
    }

    /// Whether it is one of the unique identification numbers of the law (개인정보 보호법 제24조, 시행령 제19조), which are
    /// masked whole.
    pub const fn is_unique(self) -> bool {
        matches!(self, Self::KrRrn | Self::KrFrn | Self::KrDriverLicense | Self::KrPassport)
    }

    /// The words that announce a value of this kind.
    pub const fn labels(self) -> Labels {
        match self {
            Self::KrRrn => rrn::LABELS,
            Self::KrFrn => frn::LABELS,
            Self::KrDriverLicense => driver_license::LABELS,
            Self::KrPassport => passport::LABELS,
            Self::KrPhone => phone::LABELS,
            Self::PhoneIntl => phone_intl::LABELS,
            Self::CreditCard => credit_card::LABELS,
            Self::KrBrn => brn::LABELS,
            Self::KrCrn => crn::LABELS,
            Self::KrHealthInsurance => health_insurance::LABELS,
            Self::BankAccount => bank_account::LABELS,
            Self::Email => email::LABELS,
            Self::Imei => imei::LABELS,
            Self::Mac => mac::LABELS,
            Self::Ip => ip::LABELS,
            Self::DateOfBirth => date_of_birth::LABELS,
            Self::KrVehiclePlate => vehicle_plate::LABELS,
            Self::KrAddress => address::LABELS,
            Self::PersonName => person_name::LABELS,
            Self::Id | Self::Text | Self::Time | Self::Number | Self::UserAgent | Self::Url | Self::Code => {
                Labels { stems: &[], words: &[] }
            }
        }
    }

    /// The kind that the policy calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of the kinds that are found inside text: bit `kind as u8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(pub u32);

impl KindSet {
    /// All kinds that are found inside text.
    pub const ALL: Self = Self((1 << Kind::FOUND) - 1);

    /// These kinds, those of them that are found inside text.
    pub fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | 1 << *kind as u8) & Self::ALL.0)
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: Kind) -> bool {
        (kind as u8) < Kind::FOUND as u8 && self.0 & (1 << kind as u8) != 0
    }
}

/// Writes the canonical form of `text` to `out`: equal persons get equal bytes.
///
/// E-mail addresses in lower case, telephone numbers as national digits (`+82 10` = `010`), IPv4-mapped IPv6 as IPv4,
/// other IPv6 as RFC 5952; cards, accounts and registration numbers as digits, passports in upper case, plates and names
/// without spaces, MAC addresses as hexadecimal digits in lower case, of an IMEI the fourteen digits that name
/// the device and their check digit; every other kind as it is.
/// False, with nothing written, if `text` is not of its kind.
pub fn canonical(kind: Kind, text: &str, out: &mut Vec<u8>) -> bool {
    let text = trimmed(text);
    match kind {
        // Tokens of these are in use since before they were read.
        Kind::DateOfBirth | Kind::KrAddress => return as_is(text, out),
        Kind::Id | Kind::Text | Kind::Time | Kind::Number | Kind::UserAgent | Kind::Url | Kind::Code => {
            return as_is(text, out);
        }
        Kind::PersonName => return name(text, out),
        _ => {}
    }
    if text.is_ascii() {
        return found(kind, text.as_bytes(), out);
    }
    match glyph::Folded::new(text) {
        Some(folded) => found(kind, folded.bytes(), out),
        None => false,
    }
}

/// A name with its syllables whole (NFC of Hangul) and without spaces.
fn name(text: &str, out: &mut Vec<u8>) -> bool {
    let from = out.len();
    for character in glyph::composed(text) {
        if !character.is_whitespace() && glyph::read(character) != glyph::Glyph::Gone {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out.len() > from
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
        Kind::KrBrn => brn::read(bytes).map(|(digits, _)| out.extend_from_slice(&digits)),
        Kind::KrCrn => crn::read(bytes).map(|(digits, _)| out.extend_from_slice(&digits)),
        Kind::KrDriverLicense => driver_license::read(bytes).map(|(digits, _)| out.extend_from_slice(&digits)),
        Kind::KrPassport => passport::read(bytes, |character, _| out.push(character)).map(|_| ()),
        Kind::KrHealthInsurance => health_insurance::read(bytes, |digit, _| out.push(digit)).map(|count| {
            // Twelve are a number behind a hyphen only.
            if count == 12 {
                out.insert(from + 1, b'-');
            }
        }),
        Kind::KrVehiclePlate => vehicle_plate::read(bytes).map(|_| plate(bytes, out)),
        Kind::PhoneIntl => phone_intl::read(bytes).map(|number| {
            if number.international {
                out.push(b'+');
            }
            out.extend_from_slice(number.digits());
        }),
        Kind::BankAccount => bank_account::read(bytes, |digit, _| out.push(digit)).map(|_| ()),
        Kind::Imei => imei::read(bytes, |digit, _| out.push(digit)).map(|count| {
            if count > 14 {
                device(from, out);
            }
        }),
        Kind::Mac => mac::read(bytes).map(|digits| out.extend_from_slice(&digits)),
        _ => None,
    };
    if written.is_none() {
        out.truncate(from);
    }
    written.is_some()
}

/// A plate without spaces, its region by the short name.
fn plate(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        let long = ["특별시", "광역시", " "].iter().find(|word| rest.starts_with(word.as_bytes()));
        let skipped = long.map_or(0, |word| word.len());
        if skipped == 0 {
            out.push(*byte);
        }
        rest = &rest[skipped.max(1)..];
    }
}

/// Puts the check digit behind the fourteen digits of a device that begin at `from`, in place of what stood there: a
/// check digit, or two of a version, of which neither is the device.
fn device(from: usize, out: &mut Vec<u8>) {
    out.truncate(from + 14);
    out.push(b'0');
    let last = out.len() - 1;
    while !credit_card::luhn(&out[from..]) && out[last] < b'9' {
        out[last] += 1;
    }
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
            (Kind::KrBrn, "104-86-56659", Some("1048656659")),
            (Kind::KrBrn, "１０４-８６-５６６５９", Some("1048656659")),
            (Kind::KrBrn, "104-86", None),
            (Kind::KrCrn, "130111-0006246", Some("1301110006246")),
            (Kind::KrDriverLicense, "11-12-345678-90", Some("111234567890")),
            (Kind::KrDriverLicense, "서울 12-345678-90", Some("111234567890")),
            (Kind::KrDriverLicense, "11 12 345678 90", Some("111234567890")),
            (Kind::KrPassport, "m 12345678", Some("M12345678")),
            (Kind::KrPassport, "M123a4567", Some("M123A4567")),
            (Kind::KrHealthInsurance, "1-2345678901", Some("12345678901")),
            (Kind::KrHealthInsurance, "1-23456789012", Some("1-23456789012")),
            (Kind::KrVehiclePlate, "12 가 3456", Some("12가3456")),
            (Kind::KrVehiclePlate, "서울 12가3456", Some("서울12가3456")),
            (Kind::KrVehiclePlate, "서울특별시 12 가 3456", Some("서울12가3456")),
            (Kind::KrVehiclePlate, "외교 123-456", Some("외교123-456")),
            (Kind::KrVehiclePlate, "12가345", None),
            (Kind::PhoneIntl, "+1 (415) 555-0132", Some("+14155550132")),
            (Kind::PhoneIntl, "+44 (0)20 7946 0000", Some("+442079460000")),
            (Kind::PhoneIntl, "090-1234-5678", Some("09012345678")),
            (Kind::BankAccount, "123-456-789012", Some("123456789012")),
            (Kind::BankAccount, "123-45", None),
            (Kind::Imei, "35-209900-176148-1", Some("352099001761481")),
            (Kind::Imei, "3520990017614823", Some("352099001761481")),
            (Kind::Imei, "352099001761487", Some("352099001761481")),
            (Kind::Imei, "a0000000123456", Some("A0000000123456")),
            (Kind::Mac, "00:1A:2B:3C:4D:5E", Some("001a2b3c4d5e")),
            (Kind::Mac, "001a.2b3c.4d5e", Some("001a2b3c4d5e")),
            (Kind::PersonName, "홍 길동", Some("홍길동")),
            (Kind::PersonName, "\u{1112}\u{1169}\u{11BC}길동", Some("홍길동")),
            (Kind::PersonName, "", None),
            (Kind::DateOfBirth, "1988. 1. 1.", Some("1988. 1. 1.")),
            (Kind::KrAddress, "서울  강남구", Some("서울  강남구")),
            (Kind::Id, "user 1", Some("user 1")),
            (Kind::Id, "", None),
        ];
        for (kind, text, want) in rows {
            let mut out = Vec::new();
            assert_eq!(canonical(kind, text, &mut out), want.is_some(), "{kind:?} {text}");
            assert_eq!(out, want.unwrap_or("").as_bytes(), "{kind:?} {text}");
            if let Some(want) = want {
                let mut again = Vec::new();
                assert!(canonical(kind, want, &mut again), "{kind:?} {want}: of its kind");
                assert_eq!(again, want.as_bytes(), "{kind:?} {text}: once more");
            }
        }
    }
}
