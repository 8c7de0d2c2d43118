//! Registration numbers of residents, foreigners, businesses and corporations.

use super::evidence::{Evidence, Why};
use super::label::{Label, Near};
use super::number::{
    Claim, Digits, LIST_BYTES, Separator, begins, beside, claim, counts, ends, governs, holds, labelled_behind,
    run_end, separator, stemmed,
};
use super::text::Search;
use crate::kind::{Kind, brn, crn, frn, rrn};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    match end - start {
        3 if signed(search.bytes, end) && search.kinds.contains(Kind::KrBrn) => grouped(search, start, end),
        5 if signed(search.bytes, end) && search.kinds.contains(Kind::KrBrn) => halved(search, start, end),
        6 if signed(search.bytes, end) => separated(search, start, end),
        10 => {
            business_bare(search, start, end);
            shortened(search, start, end);
        }
        11 | 12 => shortened(search, start, end),
        13 => bare(search, start, end),
        _ => {}
    }
}

/// Whether a separator may begin at `at`.
fn signed(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), Some(b'-' | b' ' | b'.' | b'/' | b')'))
}

/// Six digits, a separator, and seven more or one.
fn separated(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let Some((separator, next)) = separator(bytes, end) else {
        return;
    };
    let last = run_end(bytes, next);
    match last - next {
        7 => {
            if let Some(number) = Thirteen::read(bytes, start, last, Some(separator)) {
                thirteen(search, &number);
            }
        }
        1 if separator == Separator::Hyphen => front(search, start, last),
        _ => {}
    }
}

/// Thirteen digits with nothing between them.
fn bare(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    // Most numbers of this length end here: no month is so called, and no word of corporations stands near.
    let month = matches!(bytes[start + 2..start + 4], [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2']);
    let mut corporate = || search.kinds.contains(Kind::KrCrn) && stemmed(search, start, &[b"cor", b"crn", b"jur"]);
    if (month || corporate())
        && let Some(number) = Thirteen::read(bytes, start, end, None)
    {
        thirteen(search, &number);
    }
}

/// A number of thirteen digits: a resident's, a foreigner's, a corporation's or nobody's.
struct Thirteen {
    digits: [u8; 13],
    start: usize,
    end: usize,
    separator: Option<Separator>,
    /// Whether it begins with a day of the calendar, in the century of the seventh digit.
    dated: bool,
}

impl Thirteen {
    fn read(bytes: &[u8], start: usize, end: usize, separator: Option<Separator>) -> Option<Self> {
        let digits = <[u8; 13]>::try_from(Digits::of(b"", bytes, start, end)?.get()).ok()?;
        Some(Self { digits, start, end, separator, dated: rrn::dated(&digits) })
    }

    /// The kind that it is if it is a person's.
    fn person(&self) -> Kind {
        if rrn::resident(self.digits[6]) { Kind::KrRrn } else { Kind::KrFrn }
    }

    /// Whether the check digit of its kind of person holds.
    fn checked(&self) -> bool {
        if rrn::resident(self.digits[6]) { rrn::checked(&self.digits) } else { frn::checked(&self.digits) }
    }

    /// Whether it can be a corporation's by itself: hyphen, registry office, kind.
    fn corporate(&self) -> bool {
        matches!(self.separator, Some(Separator::Hyphen | Separator::PaddedHyphen))
            && matches!(self.digits[0], b'1' | b'2')
            && crn::sorted(&self.digits)
    }
}

/// How far back the name of a company may stand, in bytes.
const COMPANY_BYTES: usize = 60;

/// Whether a company's name stands right before `at`: `주식회사 ...`, `...(주)`, `...은행`, one word more at most.
fn company(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(COMPANY_BYTES)..at];
    let names = ["주식회사", "(주)", "㈜", "유한회사", "(유)", "합자회사", "재단법인", "사단법인", "협동조합", "은행"];
    let behind = |name: &str| {
        before.windows(name.len()).rposition(|part| part == name.as_bytes()).map(|place| place + name.len())
    };
    names.into_iter().filter_map(behind).max().is_some_and(|place| {
        let words =
            before[place..].split(|byte| matches!(byte, b' ' | b'(' | b':' | b'\t')).filter(|word| !word.is_empty());
        words.clone().count() <= 1
            && !before[place..].iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'\n' | b','))
    })
}

/// Whether the label is a corporation's for the number at `at`. `법인` alone begins many words, so nothing but a sign
/// or a word like 번호 may stand between it and the number.
fn corporation(bytes: &[u8], near: &Near, at: usize) -> bool {
    if near.label != Label::Of(Kind::KrCrn) {
        return false;
    }
    let word = matches!(bytes[near.end..at], [0xEA..=0xED, ..]);
    near.field
        || (near.end - near.start > "법인".len() && holds(bytes, near, at))
        || (!word && governs(bytes, near, at))
}

fn thirteen(search: &mut Search<'_>, number: &Thirteen) {
    let Thirteen { start, end, separator, dated, .. } = *number;
    let own = |label: Label| label.person() || label == Label::Of(Kind::KrCrn);
    if !ends(search.bytes, end) || !begins(search, start, own) {
        if separator == Some(Separator::Hyphen) && dated {
            search.miss(number.person(), start, end, Why::Tied);
        }
        return;
    }
    let near = search.label_before(start, |_| true);
    let labelled = match near {
        Some(near) if near.label.person() => {
            !(separator.is_none() && is_time(&number.digits)) || holds(search.bytes, &near, start)
        }
        Some(near) if own(near.label) => false,
        _ => dated && labelled_behind(search, end, Label::person),
    };
    if let Some(evidence) = corporate(search, number, near, labelled) {
        return search.propose(Kind::KrCrn, start, end, evidence);
    }
    if dated {
        return person(search, number, near, labelled);
    }
    match separator {
        Some(Separator::Hyphen) if number.corporate() && !labelled => {
            search.miss(Kind::KrCrn, start, end, Why::CheckFails);
        }
        Some(Separator::Hyphen) => search.miss(number.person(), start, end, Why::NoSuchDate),
        _ => {}
    }
}

/// What speaks for a corporation's number, if enough does: a label; or else shape and check digit, or a company's name,
/// unless the number is as well a person's.
fn corporate(search: &mut Search<'_>, number: &Thirteen, near: Option<Near>, person: bool) -> Option<Evidence> {
    let Thirteen { start, end, separator, dated, .. } = *number;
    let bytes = search.bytes;
    let labelled = !person
        && (near.is_some_and(|near| corporation(bytes, &near, start))
            || labelled_behind(search, end, |label| label == Label::Of(Kind::KrCrn)));
    let checked = crn::checked(&number.digits);
    let neighbour = number.corporate() && company(bytes, start);
    let alike = number.corporate() && (checked || neighbour) && !(dated && (person || number.checked()));
    if !labelled && !alike {
        return None;
    }
    if separator.is_none() {
        let governed = near.is_some_and(|near| governs(bytes, &near, start));
        if counts(bytes, end) || (is_time(&number.digits) && !governed) {
            return None;
        }
    }
    let field = near.is_some_and(|near| near.field);
    let evidence = Evidence::default()
        .and_if(Evidence::SHAPE, separator.is_some())
        .and_if(Evidence::CHECK, checked)
        .and_if(Evidence::LABEL, labelled && !field)
        .and_if(Evidence::FIELD, labelled && field)
        .and_if(Evidence::NEIGHBOUR, neighbour);
    Some(evidence)
}

/// Whether thirteen digits read as milliseconds since 1970, from 2017 to 2033.
fn is_time(digits: &[u8; 13]) -> bool {
    digits[0] == b'1' && digits[1] >= b'5'
}

/// `YYMMDD-GNNNNNN`, or thirteen digits with a reason to believe in them.
fn person(search: &mut Search<'_>, number: &Thirteen, near: Option<Near>, admitted: bool) {
    let Thirteen { ref digits, start, end, separator, .. } = *number;
    let checked = number.checked();
    let order = separator.is_some() && !checked && matches!(digits[0], b'1' | b'2');
    let refuted = near.is_some_and(|near| match near.label {
        Label::Other if order => governs(search.bytes, &near, start),
        Label::Of(Kind::KrPhone | Kind::CreditCard | Kind::BankAccount | Kind::KrBrn | Kind::Imei)
        | Label::Bank
        | Label::Other => near.alone && separator.is_none(),
        Label::Of(_) => false,
    });
    // Births of the 1800s are rare, order numbers `240101-0000001` are not.
    let recent = !matches!(digits[6], b'0' | b'9');
    let whole = search.is_message(start, end);
    let kind = number.person();
    let neighbour = beside(search, kind, start, LIST_BYTES);
    let believed = match separator {
        _ if admitted => true,
        _ if refuted => false,
        // Half of the epoch milliseconds of 2017 to 2033 are in a year with real dates.
        None if is_time(digits) => false,
        _ if neighbour => true,
        None => checked || (whole && recent),
        Some(Separator::Slash | Separator::Paren) => false,
        Some(_) => checked || recent,
    };
    if !believed {
        let why = match separator {
            _ if refuted => Why::OtherLabel,
            None if is_time(digits) => Why::LookAlike,
            _ => Why::CheckFails,
        };
        return search.miss(kind, start, end, why);
    }
    let field = near.is_some_and(|near| near.label.person() && near.field);
    let evidence = Evidence::default()
        .and_if(Evidence::SHAPE, separator.is_some())
        .and_if(Evidence::CHECK, checked)
        .and_if(Evidence::LABEL, admitted && !field)
        .and_if(Evidence::FIELD, admitted && field)
        .and_if(Evidence::NEIGHBOUR, neighbour)
        .and_if(Evidence::WHOLE, whole);
    search.propose(kind, start, end, evidence);
}

/// `880101-1` behind a label: the day of birth and G, as forms ask for. A mask behind it means that it was treated.
fn front(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let mut digits = [b'0'; 13];
    digits[..6].copy_from_slice(&bytes[start..start + 6]);
    digits[6] = bytes[end - 1];
    let starred = matches!(bytes.get(end), Some(b'*' | b'#' | b'_' | b'?' | b'x' | b'X' | 0xE2));
    if starred || !rrn::dated(&digits) || !ends(bytes, end) || !begins(search, start, Label::person) {
        return;
    }
    let kind = if rrn::resident(digits[6]) { Kind::KrRrn } else { Kind::KrFrn };
    match search.label_before(start, |_| true) {
        Some(near) if near.label.person() => {
            let by = if near.field { Evidence::FIELD } else { Evidence::LABEL };
            search.propose(kind, start, end, Evidence::SHAPE.and(by));
        }
        _ => search.miss(kind, start, end, Why::NoLabel),
    }
}

/// Ten to twelve digits of a number of JSON that lost its leading zeros: a person born from 2000 to 2009. Only the
/// member's name says so.
fn shortened(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let keyed = matches!(bytes[..start], [] | [.., b'"', b':'] | [.., b'"', b':', b' ']);
    if !keyed || bytes[start] == b'0' || !ends(bytes, end) {
        return;
    }
    let Some((digits, _)) = rrn::read(&bytes[start..end]) else {
        return;
    };
    let near = search.label_before(start, |_| true);
    if near.is_some_and(|near| near.label.person() && governs(bytes, &near, start)) {
        let kind = if rrn::resident(digits[6]) { Kind::KrRrn } else { Kind::KrFrn };
        search.propose(kind, start, end, Evidence::FIELD);
    }
}

/// How labels of businesses begin.
const BUSINESS: &[&[u8]] = &[b"biz", b"brn", b"bus", b"bzn", b"bsn", b"com"];

fn business(label: Label) -> bool {
    label == Label::Of(Kind::KrBrn)
}

/// Whether the label announces another number of ten digits. A bank's name is a word of many texts (기업, 우리), so it
/// is none to a number that is certain by its shape and check.
fn rival(label: Label, certain: bool) -> bool {
    match label {
        Label::Other | Label::Of(Kind::BankAccount) => true,
        Label::Bank => !certain,
        Label::Of(kind) => !certain && matches!(kind, Kind::KrPhone | Kind::PhoneIntl | Kind::KrDriverLicense),
    }
}

/// `NNN-NN-NNNNC` and `NNN-NNNNNNC`.
fn grouped(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let Some((first, next)) = separator(bytes, end) else {
        return;
    };
    let middle = run_end(bytes, next);
    match middle - next {
        2 => {
            if let Some((second, next)) = separator(bytes, middle)
                && run_end(bytes, next) == next + 5
            {
                let plain = first == second && matches!(first, Separator::Hyphen | Separator::PaddedHyphen);
                let even = if first == second { Why::NoLabel } else { Why::UnevenSeparators };
                number_of_business(search, start, next + 5, &Written { plain, why: even });
            }
        }
        7 => number_of_business(search, start, middle, &Written { plain: false, why: Why::NoLabel }),
        _ => {}
    }
}

/// `NNNNN-NNNNC`, as some break it.
fn halved(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if let [b'-', b'0'..=b'9', ..] = bytes[end..]
        && run_end(bytes, end + 1) == end + 6
        && stemmed(search, start, BUSINESS)
    {
        number_of_business(search, start, end + 6, &Written { plain: false, why: Why::NoLabel });
    }
}

fn business_bare(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if search.kinds.contains(Kind::KrBrn) && bytes[start] != b'0' && stemmed(search, start, BUSINESS) {
        number_of_business(search, start, end, &Written { plain: false, why: Why::NoLabel });
    }
}

/// How ten digits are written.
struct Written {
    /// As businesses write their numbers, so that the check digit is enough.
    plain: bool,
    /// Why it is not taken where nothing speaks for it.
    why: Why,
}

fn number_of_business(search: &mut Search<'_>, start: usize, end: usize, written: &Written) {
    let bytes = search.bytes;
    let digits = Digits::of(b"", bytes, start, end);
    let Some(digits) = digits.as_ref().and_then(|digits| <&[u8; 10]>::try_from(digits.get()).ok()) else {
        return;
    };
    if !ends(bytes, end) || !begins(search, start, business) {
        return;
    }
    let bare = end - start == 10;
    let checked = brn::checked(digits) && brn::parted(digits);
    let certain = written.plain && checked;
    let claim = claim(search, start, business, |label| rival(label, certain));
    let near = match claim {
        Claim::Own(near) if holds(bytes, &near, start) => Some(near),
        _ => None,
    };
    let labelled = near.is_some() || (claim != Claim::Rival && labelled_behind(search, end, business));
    let whole = search.is_message(start, end);
    let neighbour = claim != Claim::Rival && (checked || !bare) && beside(search, Kind::KrBrn, start, LIST_BYTES);
    let why = if *digits == [b'0'; 10] {
        Some(Why::NeverIssued)
    } else if labelled {
        // Sales in won stand behind 사업자 as well.
        (bare && counts(bytes, end)).then_some(Why::LookAlike)
    } else if claim == Claim::Rival {
        Some(Why::OtherLabel)
    } else if bare && digits[0] == b'1' && digits[1] >= b'5' {
        // Epoch seconds from 2017 to 2033.
        Some(Why::LookAlike)
    } else if neighbour {
        None
    } else if !(written.plain || whole) {
        Some(written.why)
    } else {
        (!checked).then_some(Why::CheckFails)
    };
    match why {
        Some(why) => search.miss(Kind::KrBrn, start, end, why),
        None => {
            let field = near.is_some_and(|near| near.field);
            let evidence = Evidence::default()
                .and_if(Evidence::SHAPE, written.plain)
                .and_if(Evidence::CHECK, checked)
                .and_if(Evidence::LABEL, labelled && !field)
                .and_if(Evidence::FIELD, field)
                .and_if(Evidence::NEIGHBOUR, neighbour)
                .and_if(Evidence::WHOLE, whole);
            search.propose(Kind::KrBrn, start, end, evidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::pieces;
    use crate::kind::Kind;

    const KINDS: [Kind; 4] = [Kind::KrRrn, Kind::KrFrn, Kind::KrBrn, Kind::KrCrn];

    #[test]
    fn persons_businesses_corporations() {
        // text, kind, what is found in it
        let rows = [
            ("주민번호는880101-1234567입니다", Kind::KrRrn, "880101-1234567"),
            ("9001011234567(주민번호)", Kind::KrRrn, "9001011234567"),
            ("9001011234567 주민번호입니다", Kind::KrRrn, "9001011234567"),
            ("주민번호 앞 880101-1 까지", Kind::KrRrn, "880101-1"),
            ("{\"rrn\": 501013000008}", Kind::KrRrn, "501013000008"),
            ("외국인 등록번호 9001015234567", Kind::KrFrn, "9001015234567"),
            ("alien_registration_no=9001015234567", Kind::KrFrn, "9001015234567"),
            ("법인 대표 홍길동 880101-1234567", Kind::KrRrn, "880101-1234567"),
            ("홍길동 110111-1234567", Kind::KrRrn, "110111-1234567"),
            ("사업자등록번호(법인) : 123-45-67890", Kind::KrBrn, "123-45-67890"),
            ("사업자번호는 1234567890이고", Kind::KrBrn, "1234567890"),
            ("123-45-67890 사업자", Kind::KrBrn, "123-45-67890"),
            ("bizNo=123-4567890&page=1", Kind::KrBrn, "123-4567890"),
            ("우리 기업 104-86-56659입니다", Kind::KrBrn, "104-86-56659"),
            ("1048656659", Kind::KrBrn, "1048656659"),
            ("법인등록번호 110111-1234567", Kind::KrCrn, "110111-1234567"),
            ("법인 1101111234567", Kind::KrCrn, "1101111234567"),
            ("{\"crno\":\"1101111234567\"}", Kind::KrCrn, "1101111234567"),
            ("등기 130111-0006246", Kind::KrCrn, "130111-0006246"),
            ("(주)가짜상사 110111-1234567", Kind::KrCrn, "110111-1234567"),
        ];
        for (text, kind, want) in rows {
            assert_eq!(pieces(&KINDS, "", text).0, [(kind, want.to_owned())], "{text}");
        }
    }

    #[test]
    fn near_misses() {
        // field, text, why the nearest miss was not taken
        let rows = [
            ("", "881301-1234567", Some(Why::NoSuchDate)),
            ("", "주민번호 881301-1234567", Some(Why::NoSuchDate)),
            ("", "880101-1234567-1", Some(Why::Tied)),
            ("", "240101-0000001", Some(Why::CheckFails)),
            ("", "주문번호: 240101-1234567", Some(Why::OtherLabel)),
            ("", "바코드 8801040000005", Some(Why::OtherLabel)),
            ("", "[1806152339851] done", Some(Why::LookAlike)),
            ("eventTime", "1801256030781", Some(Why::OtherLabel)),
            ("", "880101-1", Some(Why::NoLabel)),
            ("", "주민번호 880101-1******", None),
            ("", "000000-0000000", Some(Why::NoSuchDate)),
            ("", "123-45-67890", Some(Why::CheckFails)),
            ("", "품번 104-86-56659", Some(Why::OtherLabel)),
            ("", "200 104 86 56659 ms", Some(Why::NoLabel)),
            ("orderId", "1048656659", Some(Why::OtherLabel)),
            ("", "{\"iat\":1775919898}", None),
            ("", "사업자 매출 1234567890원", Some(Why::LookAlike)),
            ("", "사업자등록번호 000-00-00000", Some(Why::NeverIssued)),
            ("", "사업자번호를 확인했습니다. 결제 123-45-67890", Some(Why::CheckFails)),
            ("", "130111-0006245", Some(Why::CheckFails)),
            ("", "PNU 1111011600100010000", None),
        ];
        for (field, text, why) in rows {
            assert_eq!(pieces(&KINDS, field, text), (Vec::new(), why), "{field} {text}");
        }
    }
}
