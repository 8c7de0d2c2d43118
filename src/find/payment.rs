//! Payment cards and bank accounts.

use super::evidence::{Evidence, Why};
use super::label::{Label, Near};
use super::number::{
    Digits, Runs, Separator, begins, counts, ends, governs, labelled_behind, run_end, separator, worded,
};
use super::telephone;
use super::text::Search;
use crate::kind::{Kind, bank_account, credit_card, phone};

/// Looks at the run of digits `start..end`.
pub(super) fn look(search: &mut Search<'_>, start: usize, end: usize) {
    let len = end - start;
    if search.kinds.contains(Kind::CreditCard)
        && match len {
            4 => embossed(search.bytes, end),
            13..=19 => likely(search, start, end),
            _ => false,
        }
    {
        card(search, start);
    }
    if search.kinds.contains(Kind::BankAccount) {
        match len {
            2..=6 if matches!(search.bytes.get(end), Some(b'-' | b' ' | b'.')) => account_grouped(search, start, end),
            10..=16 => account_bare(search, start, end),
            _ => {}
        }
    }
}

/// Lengths of groups in which cards are embossed.
const CARD_GROUPS: [&[usize]; 4] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];

/// Whether four or six digits stand behind the first four of a card: one comparison refuses the years of dates.
fn embossed(bytes: &[u8], end: usize) -> bool {
    separator(bytes, end).is_some_and(|(_, next)| matches!(run_end(bytes, next) - next, 4 | 6))
}

/// Whether a bare run can be a card: a company issues such numbers, or a word may say so. Times and ids of rows end
/// here.
fn likely(search: &mut Search<'_>, start: usize, end: usize) -> bool {
    let digits = &search.bytes[start..end];
    let behind = search.bytes[end..].iter().take(2).any(|byte| *byte >= 0x80 || byte | 0x20 == b'c');
    if !credit_card::issued(digits) && !behind && !worded(search, start, b"c") {
        return false;
    }
    digits.len() == 16 || credit_card::luhn(&search.bytes[start..end])
}

fn card(search: &mut Search<'_>, start: usize) {
    let bytes = search.bytes;
    let runs = Runs::read(bytes, start);
    let groups = CARD_GROUPS.into_iter().filter(|lengths| runs.shaped(lengths)).map(<[usize]>::len);
    let bare = (13..=19).contains(&runs.len(0)).then_some(1);
    for count in bare.into_iter().chain(groups) {
        let end = runs.end(count);
        let Some(digits) = Digits::of(b"", bytes, start, end) else {
            continue;
        };
        let digits = digits.get();
        let luhn = credit_card::luhn(digits);
        if (!luhn && digits.len() != 16) || !ends(bytes, end) || !begins(search, start, card_label) {
            continue;
        }
        // The bank of a card may stand between the word and the number.
        let passed = |label: Label| matches!(label, Label::Bank | Label::Of(Kind::PersonName | Kind::KrAddress));
        let nearest = search.label_before(start, |label| !passed(label));
        let near = nearest.filter(|near| card_label(near.label));
        let behind = search.label_behind(end, 1, card_label).is_some();
        // One in ten of any numbers has the check digit: orders are orders.
        let other = count == 1
            && near.is_none()
            && nearest.is_some_and(|near| near.label == Label::Other && near.alone && governs(bytes, &near, start));
        let issued = luhn && credit_card::issued(digits);
        if (issued && runs.even(count) && !other) || near.is_some() || behind {
            let evidence = Evidence::SHAPE
                .and_if(Evidence::CHECK, luhn)
                .and_if(Evidence::LABEL, behind || near.is_some_and(|near| !near.field))
                .and_if(Evidence::FIELD, near.is_some_and(|near| near.field))
                .and_if(Evidence::WHOLE, search.is_whole(start, end));
            return search.propose(Kind::CreditCard, start, end, evidence);
        }
        if issued || (count > 1 && credit_card::issued(digits)) {
            let why = match issued {
                true if other => Why::OtherLabel,
                true => Why::UnevenSeparators,
                false => Why::CheckFails,
            };
            search.miss(Kind::CreditCard, start, end, why);
        }
    }
}

fn card_label(label: Label) -> bool {
    label == Label::Of(Kind::CreditCard)
}

/// Names of banks that are words of many other sentences too; only right before a number are they banks.
const WORDS: [&str; 9] = ["우리", "하나", "기업", "국민", "신한", "은행", "뱅크", "토스", "카카오"];

/// Whether the name of a bank stands for nothing else.
fn only_bank(bytes: &[u8], near: &Near) -> bool {
    let name = &bytes[near.start..near.end];
    !WORDS.iter().any(|word| name == word.as_bytes())
}

/// Whether a label before or behind may speak for an account.
fn account_label(label: Label) -> bool {
    matches!(label, Label::Bank | Label::Of(Kind::BankAccount))
}

/// What a label before an account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    /// `계좌번호`, `국민은행`: any number of its length is an account.
    Account,
    /// `이체`, `우리`: a number that is written as an account is.
    Maybe,
    /// It says that the number is something else.
    Other,
    Nothing,
}

/// The label before the number at `at` and what it says.
fn announced(search: &mut Search<'_>, at: usize) -> (Announced, Option<Near>) {
    // Names stand between a bank and an account; birth dates and addresses do not claim a number of this length.
    let passed = |label: Label| {
        matches!(label, Label::Of(Kind::PersonName | Kind::KrAddress | Kind::DateOfBirth | Kind::Imei | Kind::Ip))
    };
    let Some(near) = search.label_before(at, |label| !passed(label)) else {
        return (Announced::Nothing, None);
    };
    let bytes = search.bytes;
    let right_before = governs(bytes, &near, at);
    let announced = match near.label {
        Label::Of(Kind::BankAccount) => {
            let word = &bytes[near.start..near.end];
            let named = near.field
                || word.is_ascii()
                || word.starts_with("계좌".as_bytes())
                || word.starts_with("통장".as_bytes());
            if near.field || (named && near.alone && !amount(&bytes[near.end..at])) {
                Announced::Account
            } else if named || (near.alone && !amount(&bytes[near.end..at])) {
                Announced::Maybe
            } else {
                Announced::Nothing
            }
        }
        // A post office sends parcels too.
        Label::Bank if only_bank(bytes, &near) && near.alone => match &bytes[near.start..near.end] {
            name if name == "우체국".as_bytes() => Announced::Maybe,
            _ => Announced::Account,
        },
        Label::Bank if right_before => {
            let account = |label| label == Label::Of(Kind::BankAccount);
            let named = search.label_before(at, account).is_some_and(|far| far.alone);
            if named { Announced::Account } else { Announced::Maybe }
        }
        Label::Bank => Announced::Nothing,
        _ if right_before && near.alone => Announced::Other,
        _ => Announced::Nothing,
    };
    // A bank or an account further back still speaks for a number that nothing nearer claims.
    if announced == Announced::Nothing && !account_label(near.label) {
        let far = search.label_before(at, account_label);
        if far.is_some_and(|far| far.alone && (far.label != Label::Bank || only_bank(bytes, &far))) {
            return (Announced::Maybe, far);
        }
    }
    (announced, Some(near))
}

/// Whether what stands between a label and a number makes it a sum, a day or a count: `계좌 잔액`, `입금액`, `이체일시`.
fn amount(between: &[u8]) -> bool {
    let says = |word: &str| between.windows(word.len()).any(|window| window == word.as_bytes());
    ["액", "일시", "시각", "시간", "일자", "한도", "날짜", "건수", "코드", "고객센터", "대표번호", "문의"]
        .iter()
        .any(|word| says(word))
}

/// Whether words right behind an account say what is done with it: `...로 송금`, `...으로 보내`, `... 예금주`.
fn paid_to(bytes: &[u8], end: usize) -> bool {
    let strip = |rest: &mut &[u8], words: &[&str]| {
        words.iter().any(|word| match rest.strip_prefix(word.as_bytes()) {
            Some(behind) => {
                *rest = behind;
                true
            }
            None => false,
        })
    };
    let mut rest = &bytes[end..];
    strip(&mut rest, &[" "]);
    if strip(&mut rest, &["예금주", "(예금주", "계좌", "(계좌"]) {
        return true;
    }
    strip(&mut rest, &["으로", "로", "에"]) && {
        strip(&mut rest, &[" "]);
        strip(&mut rest, &["송금", "입금", "이체", "보내", "부쳐", "환불", "지급"])
    }
}

/// Lengths of groups that are other numbers, whatever label is near: persons, telephones, dates, times.
fn elsewhere(runs: &Runs, count: usize, first: u8) -> bool {
    let lengths = |wanted: &[usize]| count == wanted.len() && runs.shaped(wanted);
    lengths(&[6, 7]) || (first == b'0' && (lengths(&[3, 4, 4]) || lengths(&[3, 3, 4]) || lengths(&[2, 4, 4])))
}

/// Two to five groups of digits with one separator.
fn account_grouped(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    let Some((first, _)) = separator(bytes, end) else {
        return;
    };
    // A day, `2026-07-04`: no bank has groups of four, two and two.
    if end - start == 4 && bytes.len() >= end + 6 && bytes[end] == bytes[end + 3] && run_end(bytes, end + 4) == end + 6
    {
        return;
    }
    if !matches!(first, Separator::Hyphen | Separator::PaddedHyphen | Separator::Space | Separator::Dot) {
        return;
    }
    let runs = Runs::read(bytes, start);
    let mut count = 1;
    while count < runs.count && runs.separators[count] == first {
        count += 1;
    }
    let mut lengths = [0; super::number::RUNS_MAX];
    for (run, length) in lengths.iter_mut().enumerate().take(count) {
        *length = runs.len(run);
    }
    // Spaces and dots part a number from what follows it, so only known groups are taken there; hyphens do not.
    let loose = matches!(first, Separator::Space | Separator::Dot);
    let fewest = if loose { 3 } else { count };
    let Some(count) = (fewest..=count).rev().find(|count| {
        let digits = lengths[..*count].iter().sum::<usize>();
        bank_account::DIGITS.contains(&digits) && (!loose || bank_account::printed(&lengths[..*count]))
    }) else {
        return;
    };
    let (end, printed) = (runs.end(count), bank_account::printed(&lengths[..count]));
    if count < 2 || !ends(bytes, end) || elsewhere(&runs, count, bytes[start]) {
        return;
    }
    if !worded(search, start, b"ab") && !paid_to(bytes, end) {
        return;
    }
    if !begins(search, start, account_label) {
        return;
    }
    let (announced, near) = announced(search, start);
    let behind = announced != Announced::Other
        && (paid_to(bytes, end) || (printed && labelled_behind(search, end, account_label)));
    let believed = match announced {
        Announced::Account => true,
        Announced::Maybe => printed || behind,
        Announced::Nothing => behind && (printed || count > 2),
        Announced::Other => false,
    };
    if !believed {
        if printed && count > 2 {
            let why = if announced == Announced::Other { Why::OtherLabel } else { Why::NoLabel };
            search.miss(Kind::BankAccount, start, end, why);
        }
        return;
    }
    account(search, start, end, printed, near, behind);
}

/// Ten to sixteen digits with nothing between them.
fn account_bare(search: &mut Search<'_>, start: usize, end: usize) {
    let bytes = search.bytes;
    if !worded(search, start, b"ab") || !ends(bytes, end) || counts(bytes, end) {
        return;
    }
    let digits = &bytes[start..end];
    if !begins(search, start, account_label) {
        return;
    }
    let (announced, near) = announced(search, start);
    // Times and telephone numbers are accounts only where the word says so.
    let named = near.is_some_and(|near| near.label == Label::Of(Kind::BankAccount) && governs(bytes, &near, start));
    let time = bank_account::time(digits) && !(named && announced == Announced::Account);
    if time || (telephone::is_national(digits) && (phone::mobile(digits) || !named)) {
        return;
    }
    let behind = announced != Announced::Other
        && (labelled_behind(search, end, |label| label == Label::Of(Kind::BankAccount)) && !amount_behind(bytes, end));
    let right_before = near.is_some_and(|near| governs(search.bytes, &near, start));
    let believed = match announced {
        Announced::Account => right_before || behind || paid_to(bytes, end),
        Announced::Maybe => (behind && bytes[end..].starts_with(b" ")) || paid_to(bytes, end),
        Announced::Nothing => behind && near.is_none(),
        Announced::Other => false,
    };
    if believed {
        account(search, start, end, false, near, behind);
    }
}

/// Whether the label behind speaks of another number: `1234567890 입금액`.
fn amount_behind(bytes: &[u8], end: usize) -> bool {
    amount(&bytes[end..bytes.len().min(end + 24)])
}

fn account(search: &mut Search<'_>, start: usize, end: usize, printed: bool, near: Option<Near>, behind: bool) {
    let near = near.filter(|near| account_label(near.label));
    let evidence = Evidence::default()
        .and_if(Evidence::SHAPE, printed)
        .and_if(Evidence::LABEL, behind || near.is_some_and(|near| !near.field))
        .and_if(Evidence::FIELD, near.is_some_and(|near| near.field));
    search.propose(Kind::BankAccount, start, end, evidence);
}

#[cfg(test)]
mod tests {
    use crate::find::evidence::Why;
    use crate::find::rows::marked;
    use crate::kind::Kind;

    const KINDS: [Kind; 2] = [Kind::CreditCard, Kind::BankAccount];

    #[test]
    fn cards_and_accounts() {
        let rows = [
            ("<4111-1111-1111-1111>, <3700 000000 00002>", None),
            ("카드(신한) <5412 7534 1234 5678> cardNo=<6858123412341234>", None),
            ("카드 <4111 1111/1111-1111>", None),
            ("계좌: <110-123-456789>, 통장 <1002-123-456789>", None),
            ("입금계좌-<110-123-456789>", None),
            ("국민은행 홍길동 <123456-04-123456>(예금주: 홍길동)", None),
            ("월세 계좌 농협 <3011234567891>", None),
            ("홍길동님 앞으로 <7900000000001> 계좌에", None),
            ("<110-123-456789> (신한은행)", None),
            ("돈은 <3333-01-1234567>으로 보내줘", None),
            ("{\"accountNumber\":\"<12345604123456>\"}", None),
            ("계좌 <110 123 456789> 2026-07-04", None),
            ("4111-1111-1111-1112", Some(Why::CheckFails)),
            ("4111 1111-1111 1111", Some(Why::UnevenSeparators)),
            ("주문번호 4111111111111111", Some(Why::OtherLabel)),
            ("110-123-456789", Some(Why::NoLabel)),
            ("상품코드 123-456789-01-011", Some(Why::OtherLabel)),
            ("카드 4111-11**-****-1111 계좌 123-456-**** CVC 123", None),
            ("국민은행 고객센터 010-1234-5678 1588-1234", None),
            ("계좌 12-345, 계좌 잔액 1000000000원, 입금액: 1000000000", None),
            ("입금일시 20260131123059 이체일시: 2026-01-31 12:30:59", None),
            ("계좌 명의 900101-1234567", None),
            ("주문번호 1111-2222-3333-4444 x4111111111111111", None),
            ("8801040000005 1769050116995112 1541815603606036480", None),
            ("우체국 등기번호 1234567890123 하나 둘 우리 1234567890", None),
            ("품번 123-45678-12345 ISBN 978-89-000-0000-1 1,234,567,890원", None),
        ];
        for (text, why) in rows {
            let found = marked(&KINDS, "", &text.replace(['<', '>'], ""));
            assert_eq!((found.0.as_str(), found.1), (text, why), "{text}");
        }
    }
}
