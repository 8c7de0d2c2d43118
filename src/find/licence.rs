//! Driving licences, passports and health insurance cards.

use super::evidence::{Evidence, Why};
use super::label::Label;
use super::number::{
    Claim, LIST_BYTES, Runs, Separator, begins, beside, claim, counts, ends, governs, holds, labelled_behind, run_end,
    separator, stemmed,
};
use super::text::Search;
use crate::kind::passport::{self, Form};
use crate::kind::{Kind, driver_license};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    let (len, bytes) = (end - start, search.bytes);
    match len {
        1 if bytes[start] != b'0' && matches!(bytes.get(end), Some(b'-' | b' ')) => insurance(search, start, end),
        2 | 4 if matches!(bytes.get(end), Some(b'-' | b' ' | b'.' | b'/')) => licence(search, start, end),
        3 if bytes.get(end).is_some_and(u8::is_ascii_alphabetic) => passport(search, start, end),
        6..=9 => passport(search, start, end),
        10 => named(search, start, end, true),
        11 if bytes[start] != b'0' => insurance(search, start, end),
        12 if stemmed(search, start, &[b"lic", b"dl"]) => licence(search, start, end),
        _ => {}
    }
}

fn licensed(label: Label) -> bool {
    label == Label::Of(Kind::KrDriverLicense)
}

/// Whether the label announces another number than one of `own`. What is `plain` by its shape is no telephone number
/// or card, whatever word stands before it (문의, 확인); an account or an order may look like anything.
fn rival(label: Label, own: Kind, plain: bool) -> bool {
    match label {
        Label::Bank | Label::Other | Label::Of(Kind::BankAccount) => true,
        Label::Of(kind) => {
            !plain
                && kind != own
                && !matches!(
                    kind,
                    Kind::PersonName | Kind::KrAddress | Kind::Email | Kind::Ip | Kind::Mac | Kind::DateOfBirth
                )
        }
    }
}

/// Groups that twelve digits behind a label may be written in.
const LICENCE_GROUPS: [&[usize]; 5] = [&[12], &[2, 2, 8], &[2, 10], &[2, 8, 2], &[4, 6, 2]];

/// How a number is written that may be a licence's.
struct Licence {
    start: usize,
    end: usize,
    /// Enough by itself: region, groups and one separator.
    plain: bool,
    /// Whether its region is one, in digits or by name.
    region: bool,
    why: Why,
}

fn licence(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if !search.kinds.contains(Kind::KrDriverLicense) || !grouped(bytes, start, end) {
        return;
    }
    let runs = Runs::read(bytes, start);
    let region = driver_license::region(&bytes[start..start + 2]);
    if runs.shaped(&[2, 2, 6, 2]) {
        let end = runs.end(4);
        let even = runs.even(4);
        let plain = region
            && even
            && match runs.separators[1] {
                Separator::Hyphen | Separator::PaddedHyphen => true,
                Separator::Space => !column(bytes, start, end),
                _ => false,
            };
        let why = if even { Why::NoLabel } else { Why::UnevenSeparators };
        return believe(search, &Licence { start, end, plain, region, why });
    }
    if runs.shaped(&[2, 6, 2]) {
        return named(search, start, runs.end(3), runs.even(3));
    }
    if let Some(groups) = LICENCE_GROUPS.into_iter().find(|groups| runs.shaped(groups)) {
        let end = runs.end(groups.len());
        believe(search, &Licence { start, end, plain: false, region, why: Why::NoLabel });
    }
}

/// Whether the first groups can be a licence's. Days and clocks, which most groups of two are, end here.
fn grouped(bytes: &[u8], start: usize, end: usize) -> bool {
    let len = end - start;
    if len == 12 {
        return true;
    }
    let Some((_, next)) = separator(bytes, end) else {
        return false;
    };
    let second = run_end(bytes, next);
    match (len, second - next) {
        (2, 2) => separator(bytes, second).is_some_and(|(_, next)| matches!(run_end(bytes, next) - next, 6 | 8)),
        (2, 6 | 8 | 10) | (4, 6) => true,
        _ => false,
    }
}

/// Whether more figures stand in a row with `start..end`: columns of a table, parted by spaces.
fn column(bytes: &[u8], start: usize, end: usize) -> bool {
    matches!(bytes[..start], [.., b'0'..=b'9', b' ']) || matches!(bytes[end..], [b' ', b'0'..=b'9', ..])
}

/// `서울 12-345678-90`: year, serial and check behind the name of the region, or without it behind a label.
fn named(search: &mut Search<'_>, start: usize, end: usize, even: bool) {
    let bytes = search.bytes;
    if !search.kinds.contains(Kind::KrDriverLicense) {
        return;
    }
    let gap = usize::from(matches!(bytes[..start], [.., b' ' | b'-']));
    let bare = end - start == 10;
    match driver_license::region_before(&bytes[..start - gap]) {
        Some((from, _)) => {
            // `남서울 12-...` is some other word, but a particle may stand before the region.
            let apart = !matches!(bytes[..from], [.., 0xEA..=0xED, 0x80..=0xBF, 0x80..=0xBF])
                || ["는", "은", "이", "가", "를", "을", "의", "도"]
                    .iter()
                    .any(|one| bytes[..from].ends_with(one.as_bytes()));
            let hyphen = matches!(separator(bytes, start + 2), Some((Separator::Hyphen | Separator::PaddedHyphen, _)));
            let plain = apart && even && hyphen && !bare;
            believe(search, &Licence { start: from, end, plain, region: true, why: Why::NoLabel });
        }
        None if !bare => believe(search, &Licence { start, end, plain: false, region: false, why: Why::NoLabel }),
        None => {}
    }
}

fn believe(search: &mut Search<'_>, number: &Licence) {
    let Licence { start, end, plain, region, why } = *number;
    let bytes = search.bytes;
    if !ends(bytes, end) || !begins(search, start, licensed) {
        if plain {
            search.miss(Kind::KrDriverLicense, start, end, Why::Tied);
        }
        return;
    }
    let claim = claim(search, start, licensed, |label| rival(label, Kind::KrDriverLicense, plain));
    let near = match claim {
        Claim::Own(near) if !counts(bytes, end) => {
            Some(near).filter(|near| if region { holds(bytes, near, start) } else { governs(bytes, near, start) })
        }
        _ => None,
    };
    let labelled = near.is_some() || (claim != Claim::Rival && region && labelled_behind(search, end, licensed));
    let neighbour = region && claim != Claim::Rival && beside(search, Kind::KrDriverLicense, start, LIST_BYTES);
    if labelled || neighbour || (plain && claim != Claim::Rival) {
        let field = near.is_some_and(|near| near.field);
        let evidence = Evidence::default()
            .and_if(Evidence::SHAPE, plain)
            .and_if(Evidence::CHECK, region)
            .and_if(Evidence::NEIGHBOUR, neighbour)
            .and_if(Evidence::LABEL, labelled && !field)
            .and_if(Evidence::FIELD, field);
        return search.propose(Kind::KrDriverLicense, start, end, evidence);
    }
    if region {
        let why = if claim == Claim::Rival { Why::OtherLabel } else { why };
        search.miss(Kind::KrDriverLicense, start, end, why);
    }
}

/// How labels of passports begin.
const TRAVEL: &[&[u8]] = &[b"pass", b"ppt", b"pspt"];

fn travels(label: Label) -> bool {
    label == Label::Of(Kind::KrPassport)
}

/// A letter or two and the digits `start..end`, or those of them that begin a number.
fn passport(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let len = end - start;
    let letters = match &bytes[..start] {
        [.., letter, b' ' | b'-'] if letter.is_ascii_alphabetic() => 0,
        [.., letter] if letter.is_ascii_alphabetic() => {
            bytes[..start].iter().rev().take(3).take_while(|byte| byte.is_ascii_alphabetic()).count()
        }
        _ if len == 9 => 0,
        _ => return,
    };
    if !search.kinds.contains(Kind::KrPassport) {
        return;
    }
    match letters {
        0 => apart(search, start, end),
        1 | 2 if !matches!(bytes[..start - letters], [.., b'0'..=b'9']) => {
            let from = start - letters;
            // `M123A4567`, `P1234567A`.
            let tail = match bytes[end..] {
                [letter, ..] if letter.is_ascii_alphabetic() && len == 3 => run_end(bytes, end + 1) - end,
                [letter, ..] if letter.is_ascii_alphabetic() => 1,
                _ => 0,
            };
            travel(search, from, end + tail, &bytes[from..end + tail]);
        }
        // `PASSPORTM12345678`: the letter belongs to the number if a label ends before it.
        3 if len == 8 && stemmed(search, start, TRAVEL) => travel(search, start - 1, end, &bytes[start - 1..end]),
        _ => {}
    }
}

/// What only a label makes a passport's: `M 12345678`, `M-123A4567`, nine digits.
fn apart(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let len = end - start;
    if let [before @ .., letter, b' ' | b'-'] = &bytes[..start]
        && letter.is_ascii_alphabetic()
        && !matches!(before, [.., b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'])
    {
        let tail = match bytes[end..] {
            [inner, ..] if inner.is_ascii_alphabetic() && len == 3 => run_end(bytes, end + 1) - end,
            _ => 0,
        };
        let mut number = [0; passport::CHARACTERS_MAX];
        let count = 1 + len + tail;
        if count == 9 {
            number[0] = *letter;
            number[1..count].copy_from_slice(&bytes[start..end + tail]);
            travel(search, start - 2, end + tail, &number[..count]);
        }
    } else if len == 9 && stemmed(search, start, TRAVEL) {
        travel(search, start, end, &bytes[start..end]);
    }
}

/// Decides on `start..end`, which reads `number` without its spaces.
fn travel(search: &mut Search<'_>, start: usize, end: usize, number: &[u8]) {
    let bytes = search.bytes;
    let Some(form) = passport::form(number) else {
        return;
    };
    if !ends(bytes, end) || !begins(search, start, travels) {
        return;
    }
    if passport::placeholder(number) {
        return search.miss(Kind::KrPassport, start, end, Why::NeverIssued);
    }
    let korean = form != Form::Foreign;
    let plain = korean && number.len() == end - start && !number.iter().any(u8::is_ascii_lowercase);
    let claim = claim(search, start, travels, |label| {
        label == Label::Other || (!plain && rival(label, Kind::KrPassport, false))
    });
    let near = match claim {
        Claim::Own(near) if number[0].is_ascii_alphabetic() => Some(near).filter(|near| holds(bytes, near, start)),
        Claim::Own(near) => Some(near).filter(|near| governs(bytes, near, start)),
        _ => None,
    };
    let labelled = near.is_some() || (claim != Claim::Rival && labelled_behind(search, end, travels));
    let whole = korean && search.is_message(start, end);
    let neighbour = form == Form::Foreign && number[0].is_ascii_uppercase() && beside(search, Kind::KrFrn, start, 8);
    let tied = tied(bytes, start, end);
    let day = form == Form::Old && passport::day(number);
    if labelled || (claim != Claim::Rival && (neighbour || (!day && (whole || (plain && !tied))))) {
        let field = near.is_some_and(|near| near.field);
        let evidence = Evidence::default()
            .and_if(Evidence::SHAPE, korean)
            .and_if(Evidence::LABEL, labelled && !field)
            .and_if(Evidence::FIELD, field)
            .and_if(Evidence::NEIGHBOUR, neighbour)
            .and_if(Evidence::WHOLE, whole);
        search.propose(Kind::KrPassport, start, end, evidence);
    } else if plain {
        let why = match claim {
            Claim::Rival => Why::OtherLabel,
            _ if day => Why::LookAlike,
            _ => Why::Tied,
        };
        search.miss(Kind::KrPassport, start, end, why);
    }
}

/// Whether signs make `start..end` a part of a code, of a file's name or of a path.
fn tied(bytes: &[u8], start: usize, end: usize) -> bool {
    matches!(bytes[..start], [.., b'-' | b'_' | b'.' | b'#' | b'+'] | [.., b'a'..=b'z', b'/'])
        || matches!(bytes[end..], [b'_', ..] | [b'-' | b'.', b'A'..=b'Z' | b'a'..=b'z', ..])
}

fn insured(label: Label) -> bool {
    label == Label::Of(Kind::KrHealthInsurance)
}

/// `N-NNNNNNNNNN` or eleven digits, behind a label.
fn insurance(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if !search.kinds.contains(Kind::KrHealthInsurance) {
        return;
    }
    let last = match separator(bytes, end) {
        Some((Separator::Hyphen | Separator::PaddedHyphen, next)) if end - start == 1 => run_end(bytes, next),
        _ if end - start == 1 => return,
        _ => end,
    };
    let figures = bytes[start..last].iter().filter(|byte| byte.is_ascii_digit()).count();
    // Some write eleven digits behind the class.
    if !(figures == 11 || (figures == 12 && last > end)) || !stemmed(search, start, &[b"hea", b"med", b"nhi"]) {
        return;
    }
    if !ends(bytes, last) || !begins(search, start, insured) || counts(bytes, last) {
        return;
    }
    let claim = claim(search, start, insured, |label| rival(label, Kind::KrHealthInsurance, false));
    let near = match claim {
        Claim::Own(near) => Some(near).filter(|near| holds(bytes, near, start)),
        _ => None,
    };
    if near.is_none() && (claim == Claim::Rival || !labelled_behind(search, last, insured)) {
        let why = if claim == Claim::Rival { Why::OtherLabel } else { Why::NoLabel };
        return search.miss(Kind::KrHealthInsurance, start, last, why);
    }
    let field = near.is_some_and(|near| near.field);
    let evidence = Evidence::default()
        .and_if(Evidence::SHAPE, last > end)
        .and_if(Evidence::LABEL, !field)
        .and_if(Evidence::FIELD, field);
    search.propose(Kind::KrHealthInsurance, start, last, evidence);
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::pieces;
    use crate::kind::Kind;

    const KINDS: [Kind; 3] = [Kind::KrDriverLicense, Kind::KrPassport, Kind::KrHealthInsurance];

    #[test]
    fn licences_passports_insurances() {
        // text, kind, what is found in it
        let rows = [
            ("제 번호는 11-22-123456-12로", Kind::KrDriverLicense, "11-22-123456-12"),
            ("운전면허(1종 보통) 112212345612", Kind::KrDriverLicense, "112212345612"),
            ("112212345612 (운전면허)", Kind::KrDriverLicense, "112212345612"),
            ("licenseNumber=1122-123456-12", Kind::KrDriverLicense, "1122-123456-12"),
            ("면허증 27-22-123456-12 분실", Kind::KrDriverLicense, "27-22-123456-12"),
            ("문의는경기북부 12-345678-90으로", Kind::KrDriverLicense, "경기북부 12-345678-90"),
            ("면허번호 서울1234567890", Kind::KrDriverLicense, "서울1234567890"),
            ("M12345678 소지", Kind::KrPassport, "M12345678"),
            ("등록 코드는S123A4567입니다", Kind::KrPassport, "S123A4567"),
            ("m12345678", Kind::KrPassport, "m12345678"),
            ("여권번호 M 12345678", Kind::KrPassport, "M 12345678"),
            ("여권(미국): 123456789", Kind::KrPassport, "123456789"),
            ("passportNo=tk1234567", Kind::KrPassport, "tk1234567"),
            ("E12345678 (여권)", Kind::KrPassport, "E12345678"),
            ("건강보험증 번호: 1-2345678901", Kind::KrHealthInsurance, "1-2345678901"),
            ("의료보험은 12345678901입니다", Kind::KrHealthInsurance, "12345678901"),
            ("12345678901(건강보험)", Kind::KrHealthInsurance, "12345678901"),
        ];
        for (text, kind, want) in rows {
            assert_eq!(pieces(&KINDS, "", text).0, [(kind, want.to_owned())], "{text}");
        }
    }

    #[test]
    fn near_misses() {
        // text, why the nearest miss was not taken
        let rows = [
            ("27-22-123456-12", None),
            ("국민은행 11-22-123456-12", Some(Why::OtherLabel)),
            ("batchId=260604122617", None),
            ("일괄 260604122617", Some(Why::NoLabel)),
            ("3 11 22 123456 12 7", Some(Why::NoLabel)),
            ("11-22 123456-12", Some(Why::UnevenSeparators)),
            ("11-22-123456-12-3", Some(Why::Tied)),
            ("남서울 12-345678-90", Some(Why::NoLabel)),
            ("2026-07-01 12:00:00", None),
            ("운전면허 11-22-******-12", None),
            ("모델명 M12345678", Some(Why::OtherLabel)),
            ("AB-M12345678", Some(Why::Tied)),
            ("M12345678.png", Some(Why::Tied)),
            ("S20240101 접수", Some(Why::LookAlike)),
            ("여권번호 M00000000", Some(Why::NeverIssued)),
            ("commit d12345678", None),
            ("M12A4567 M123456789 MM123A4567 XM12345678", None),
            ("0f570659-7687-eba0-f010-8173deec4253", None),
            ("2024구합12345 사건", None),
            ("요양기관 12345678901", Some(Why::OtherLabel)),
            ("보험증권번호 12345678901", Some(Why::OtherLabel)),
            ("운송장 1-2345678901", Some(Why::OtherLabel)),
            ("건강보험 123456789012", Some(Why::OtherLabel)),
            ("건강보험료 12345678901원", None),
        ];
        for (text, why) in rows {
            assert_eq!(pieces(&KINDS, "", text), (Vec::new(), why), "{text}");
        }
    }
}
