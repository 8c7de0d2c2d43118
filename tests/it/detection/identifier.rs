//! Made-up identifiers of every kind that is found in text, written from the guide to formats and not from the detector.
//!
//! Check digits, calendar and groups are computed here once more. Names are out of old tales, numbers are drawn.

use garim::kind::Kind;

use super::Random;

/// An identifier as a person writes it.
pub(super) struct Identifier {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Whether its shape alone says what it is; else a label has to.
    pub(super) strong: bool,
}

/// Words of people and keys of programs that announce a value of `kind`.
pub(super) fn labels(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::KrRrn => (&["주민등록번호", "주민번호"], &["rrn", "residentNo"]),
        Kind::KrFrn => (&["외국인등록번호", "국내거소신고번호"], &["frn", "foreignerNo"]),
        Kind::KrDriverLicense => {
            (&["운전면허번호", "면허번호", "운전면허증 번호"], &["driverLicense", "driver_license"])
        }
        Kind::KrPassport => (&["여권번호", "여권"], &["passport", "passportNo"]),
        Kind::KrPhone => (&["전화", "연락처", "휴대폰", "전화번호"], &["tel", "phone", "userPhone"]),
        Kind::PhoneIntl => (&["해외 연락처", "전화"], &["phone", "tel"]),
        Kind::CreditCard => (&["카드번호", "신용카드"], &["cardNo", "card_number"]),
        Kind::KrBrn => (&["사업자등록번호", "사업자번호"], &["bizNo", "brn"]),
        Kind::KrCrn => (&["법인등록번호", "법인번호"], &["crn"]),
        Kind::KrHealthInsurance => (&["건강보험증 번호", "건강보험증번호", "의료보험 번호"], &["healthInsuranceNo"]),
        Kind::BankAccount => (&["계좌번호", "입금계좌", "국민은행", "신한은행"], &["accountNo", "account_no"]),
        Kind::Email => (&["이메일", "메일"], &["email", "userEmail"]),
        Kind::Imei => (&["IMEI", "단말기 고유번호"], &["imei"]),
        Kind::Mac => (&["맥주소", "MAC"], &["mac", "macAddr"]),
        Kind::Ip => (&["아이피", "IP 주소"], &["ip", "ipAddr"]),
        Kind::DateOfBirth => (&["생년월일", "생일"], &["birth", "dob", "birthDate"]),
        Kind::KrVehiclePlate => (&["차량번호", "자동차 번호"], &["carNo", "plateNo"]),
        Kind::KrAddress => (&["주소", "배송지", "배송 주소"], &["address", "addr"]),
        Kind::PersonName => (&["이름", "성명", "고객명", "수령인", "예금주", "성명(한글)"], &["name", "userName"]),
        Kind::Id | Kind::Text | Kind::Time | Kind::Number | Kind::UserAgent | Kind::Url | Kind::Code => (&[], &[]),
    }
}

/// An identifier of `kind`.
pub(super) fn draw(random: &mut Random, kind: Kind) -> Identifier {
    let (text, strong) = match kind {
        Kind::KrRrn => person(random, &["1", "2", "3", "4"], 11),
        Kind::KrFrn => person(random, &["5", "6", "7", "8"], 13),
        Kind::KrDriverLicense => licence(random),
        Kind::KrPassport => passport(random),
        Kind::KrPhone => telephone(random),
        Kind::PhoneIntl => foreign_telephone(random),
        Kind::CreditCard => card(random),
        Kind::KrBrn => business(random),
        Kind::KrCrn => corporation(random),
        Kind::KrHealthInsurance => insurance(random),
        Kind::BankAccount => account(random),
        Kind::Email => (mail(random), true),
        Kind::Imei => imei(random),
        Kind::Mac => (mac(random), true),
        Kind::Ip => (ip(random), true),
        Kind::DateOfBirth => (birth(random), false),
        Kind::KrVehiclePlate => plate(random),
        Kind::KrAddress => (address(random), true),
        Kind::PersonName => (name(random), false),
        Kind::Id | Kind::Text | Kind::Time | Kind::Number | Kind::UserAgent | Kind::Url | Kind::Code => {
            unreachable!("not found in text")
        }
    };
    Identifier { kind, text, strong }
}

/// A day that exists, of a year in `years`.
fn day(random: &mut Random, years: std::ops::Range<usize>) -> (usize, usize, usize) {
    let year = years.start + random.next(years.len());
    let month = 1 + random.next(12);
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let last = match month {
        2 => 28 + usize::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (year, month, 1 + random.next(last))
}

fn values(digits: &str) -> Vec<usize> {
    digits.bytes().map(|digit| usize::from(digit - b'0')).collect()
}

fn weighed(digits: &str, weights: &[usize]) -> usize {
    values(digits).iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The last digit by Luhn's rule behind `digits`.
fn luhn(digits: &str) -> usize {
    let sum: usize = values(digits)
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place.is_multiple_of(2) { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    (10 - sum % 10) % 10
}

/// Birth, sex and century, office and serial; the check digit is `(base - sum mod 11) mod 10`, or drawn like all since
/// October 2020.
fn person(random: &mut Random, centuries: &[&str], base: usize) -> (String, bool) {
    loop {
        let century = random.next(centuries.len());
        let years = if century < 2 { 1930..2000 } else { 2000..2025 };
        let (year, month, day) = day(random, years);
        let date = format!("{:02}{month:02}{day:02}", year % 100);
        let mut inner = format!("{}{}", centuries[century], random.digits(5));
        let sum = weighed(&format!("{date}{inner}"), &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
        let check = (base - sum % 11) % 10;
        let last = if random.next(2) == 0 { check } else { random.next(10) };
        // One in ten is a corporation's number by its check digit alone: which of the two cannot be said.
        let alternate = weighed(&format!("{date}{inner}"), &[1, 2].repeat(6));
        if (10 - alternate % 10) % 10 == last && last != check {
            continue;
        }
        inner.push_str(&last.to_string());
        let separator = random.pick(&["-", "-", "-", "-", " ", ".", " - ", "- ", ""]);
        return (format!("{date}{separator}{inner}"), !separator.is_empty());
    }
}

/// Cities and provinces as licences and old plates name them.
const REGIONS: [&str; 17] = [
    "서울", "부산", "경기", "강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주", "대구", "인천", "광주",
    "대전", "울산", "경기",
];

fn licence(random: &mut Random) -> (String, bool) {
    let (year, serial, check) = (random.digits(2), random.digits(6), random.digits(2));
    if random.next(3) == 0 {
        let region = random.pick(&REGIONS);
        return (format!("{region}{}{year}-{serial}-{check}", random.pick(&[" ", "-", ""])), true);
    }
    // 27 is no region.
    let region = [11 + random.next(16), 28][usize::from(random.next(18) == 0)];
    match random.next(4) {
        // The last two days of a month and an hour: `24` to `28` begin years too, so 12 digits need a label.
        0 => (format!("{region}{year}{serial}{check}"), false),
        1 => (format!("{region} {year} {serial} {check}"), false),
        _ => (format!("{region}-{year}-{serial}-{check}"), true),
    }
}

fn passport(random: &mut Random) -> (String, bool) {
    let letter = random.pick(&["M", "S", "R", "G", "D"]);
    let (old, three, four) = (random.digits(8), random.digits(3), random.digits(4));
    match random.next(6) {
        0 => (format!("{letter} {old}"), false),
        1 => (format!("{}{old}", letter.to_lowercase()), false),
        2 => (format!("{letter}{old}"), true),
        _ => (format!("{letter}{three}{}{four}", random.pick(&["A", "B", "C", "X"])), true),
    }
}

/// Four digits that do not begin with 0.
fn four(random: &mut Random) -> String {
    format!("{}{}", 1 + random.next(9), random.digits(3))
}

fn telephone(random: &mut Random) -> (String, bool) {
    let separator = random.pick(&["-", "-", "-", ".", " "]);
    let middle = if random.next(3) == 0 { four(random)[..3].to_owned() } else { four(random) };
    let last = four(random);
    match random.next(9) {
        0..=2 => (format!("010{separator}{}{separator}{last}", four(random)), true),
        3 => (format!("010{}{last}", four(random)), true),
        4 => (format!("02{separator}{middle}{separator}{last}"), true),
        5 => (format!("{}{separator}{middle}{separator}{last}", random.pick(&["031", "042", "051", "064"])), true),
        6 => (format!("{}{separator}{}{separator}{last}", random.pick(&["070", "0505"]), four(random)), true),
        7 => {
            let country = random.pick(&["+82 10", "+82-10", "+82 010", "+82 (0)10", "0082-10", "00700-82-10"]);
            (format!("{country}-{}-{last}", four(random)), true)
        }
        _ => (format!("{}) {middle}-{last}", random.pick(&["02", "031", "053"])), true),
    }
}

fn foreign_telephone(random: &mut Random) -> (String, bool) {
    let last = random.digits(2);
    let text = match random.next(5) {
        0 => format!("+1-202-555-01{last}"),
        1 => format!("+1 (202) 555-01{last}"),
        2 => format!("+81-90-1234-56{last}"),
        3 => format!("+44 20 7946 09{last}"),
        _ => format!("+86 138 0013 80{last}"),
    };
    (text, true)
}

/// Issuers: first digits, length, groups.
const ISSUERS: [(&str, usize, &[usize]); 10] = [
    ("4", 16, &[4, 4, 4, 4]),
    ("51", 16, &[4, 4, 4, 4]),
    ("55", 16, &[4, 4, 4, 4]),
    ("2221", 16, &[4, 4, 4, 4]),
    ("34", 15, &[4, 6, 5]),
    ("37", 15, &[4, 6, 5]),
    ("36", 14, &[4, 6, 4]),
    ("3528", 16, &[4, 4, 4, 4]),
    ("62", 16, &[4, 4, 4, 4]),
    ("9", 16, &[4, 4, 4, 4]),
];

fn grouped(digits: &str, groups: &[usize], separator: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            out.push_str(separator);
        }
        out.push_str(&digits[at..at + group]);
        at += group;
    }
    out
}

fn card(random: &mut Random) -> (String, bool) {
    let (head, length, groups) = ISSUERS[random.next(ISSUERS.len())];
    let digits = format!("{head}{}", random.digits(length - head.len() - 1));
    let check = luhn(&digits);
    // A mistyped one stands behind a label too.
    let typo = length == 16 && random.next(5) == 0;
    let digits = format!("{digits}{}", if typo { (check + 1) % 10 } else { check });
    (grouped(&digits, groups, random.pick(&["-", "-", " ", ""])), !typo)
}

fn business(random: &mut Random) -> (String, bool) {
    let office = 101 + random.next(500);
    let form = ["01", "25", "79", "80", "81", "86", "88", "82", "85", "90"][random.next(10)];
    let digits = format!("{office}{form}{}", four(random));
    let sum = weighed(&digits, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + values(&digits)[8] * 5 / 10;
    let check = (10 - sum % 10) % 10;
    let drawn = random.next(10);
    let valid = random.next(3) > 0;
    let digits = format!("{digits}{}", if valid { check } else { drawn });
    match random.next(4) {
        0 => (digits, false),
        _ => (grouped(&digits, &[3, 2, 5], "-"), valid),
    }
}

fn corporation(random: &mut Random) -> (String, bool) {
    let office = ["1101", "1301", "1801", "2048"][random.next(4)];
    let digits = format!("{office}{}{}", random.pick(&["11", "21", "31", "71"]), random.digits(6));
    let check = (10 - weighed(&digits, &[1, 2].repeat(6)) % 10) % 10;
    let last = if random.next(3) == 0 { random.next(10) } else { check };
    let digits = format!("{digits}{last}");
    if random.next(4) == 0 { (digits, false) } else { (grouped(&digits, &[6, 7], "-"), false) }
}

fn insurance(random: &mut Random) -> (String, bool) {
    let (class, rest) = (random.pick(&["1", "2", "5", "7"]), random.digits(10));
    (format!("{class}{}{rest}", random.pick(&["", "-"])), false)
}

fn account(random: &mut Random) -> (String, bool) {
    let groups: [&[usize]; 7] = [&[6, 2, 6], &[3, 3, 6], &[4, 3, 6], &[3, 6, 5], &[3, 4, 4, 2], &[4, 2, 7], &[3, 2, 6]];
    let groups = groups[random.next(groups.len())];
    // `4` in front: no telephone number, no resident of any century that still lives.
    let digits = format!("4{}", random.digits(groups.iter().sum::<usize>() - 1));
    (grouped(&digits, groups, random.pick(&["-", "-", ""])), false)
}

fn mail(random: &mut Random) -> String {
    let local = random.pick(&["hong", "hong.gildong", "kim_99", "lee+news", "a-b-c", "user2026"]);
    let domain = random.pick(&["example.com", "mail.example.co.kr", "example.org", "sub-1.example.net"]);
    format!("{local}@{domain}")
}

fn imei(random: &mut Random) -> (String, bool) {
    let digits = format!("{}{}", random.pick(&["35", "86", "01", "99"]), random.digits(12));
    let digits = format!("{digits}{}", luhn(&digits));
    if random.next(3) == 0 { (grouped(&digits, &[2, 6, 6, 1], "-"), false) } else { (digits, false) }
}

fn mac(random: &mut Random) -> String {
    let hex = |random: &mut Random| format!("{:02x}", 1 + random.next(254));
    let pairs: Vec<String> = (0..6).map(|_| hex(random)).collect();
    match random.next(4) {
        0 => pairs.join("-"),
        1 => format!("{}{}.{}{}.{}{}", pairs[0], pairs[1], pairs[2], pairs[3], pairs[4], pairs[5]),
        2 => pairs.join(":").to_uppercase(),
        _ => pairs.join(":"),
    }
}

fn ip(random: &mut Random) -> String {
    match random.next(6) {
        0 => format!("2001:db8::{:x}", 1 + random.next(0xFFFF)),
        1 => format!("2001:db8:{:x}:0:0:0:{:x}:1", 1 + random.next(0xFFFF), 1 + random.next(0xFFFF)),
        2 => format!("::ffff:192.0.2.{}", random.next(256)),
        3 => format!("203.0.113.{}/{}", random.next(256), 8 + random.next(25)),
        _ => format!("{}.{}.{}.{}", 1 + random.next(254), random.next(256), random.next(256), random.next(256)),
    }
}

fn birth(random: &mut Random) -> String {
    let (year, month, day) = day(random, 1940..2020);
    match random.next(7) {
        0 => format!("{year}{month:02}{day:02}"),
        1 => format!("{:02}{month:02}{day:02}", year % 100),
        2 => format!("{year}. {month}. {day}."),
        3 => format!("{year}년 {month}월 {day}일"),
        4 => format!("{year}.{month:02}.{day:02}"),
        5 => format!("{year}/{month:02}/{day:02}"),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}

fn plate(random: &mut Random) -> (String, bool) {
    let letter = random
        .pick(&["가", "나", "더", "러", "버", "서", "어", "저", "고", "누", "무", "바", "아", "자", "허", "하", "호"]);
    let serial = four(random);
    let space = random.pick(&["", "", " "]);
    let text = match random.next(4) {
        0 => format!("{}{letter}{space}{serial}", 100 + random.next(599)),
        1 => format!("{}{:02}{letter}{space}{serial}", random.pick(&REGIONS), 1 + random.next(69)),
        _ => format!("{:02}{letter}{space}{serial}", 1 + random.next(69)),
    };
    // `14호 5422` may be a room.
    (text, space.is_empty())
}

fn address(random: &mut Random) -> String {
    let city = random.pick(&[
        "서울특별시 강남구",
        "서울 마포구",
        "부산광역시 해운대구",
        "경기도 성남시 분당구",
        "제주특별자치도 제주시",
        "대전 유성구",
        "전라남도 순천시",
        "강원특별자치도 춘천시",
    ]);
    let number = 1 + random.next(400);
    let detail = random.pick(&["", "", " 101동 1203호", ", 3층", " 지하 1층"]);
    match random.next(5) {
        0 => format!("{city} {} {number}-{}{detail}", random.pick(&["정자동", "역삼동", "우동"]), 1 + random.next(30)),
        1 => format!("{city} {}{}번길 {number}{detail}", random.pick(&["중앙로", "한빛로"]), 1 + random.next(40)),
        2 => format!("{city} {}{}길 {number}{detail}", random.pick(&["세종대로", "별빛로"]), 1 + random.next(40)),
        _ => format!("{city} {} {number}{detail}", random.pick(&["테헤란로", "중앙대로", "은하수로", "달맞이길"])),
    }
}

fn name(random: &mut Random) -> String {
    let names = ["홍길동", "성춘향", "이몽룡", "임꺽정", "심청", "김철수", "이영희", "박문수", "남궁길동", "제갈공명"];
    random.pick(&names).to_owned()
}

#[test]
fn the_guides_examples_pass_the_checks_of_the_generator() {
    let person = |digits: &str, base: usize| (base - weighed(digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
    assert_eq!(person("880101123456", 11), 8);
    assert_eq!(person("990101502006", 13), 3);
    assert_eq!((10 - weighed("130111000624", &[1, 2].repeat(6)) % 10) % 10, 6);
    assert_eq!((10 - (weighed("104865665", &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + 5 * 5 / 10) % 10) % 10, 9);
    assert_eq!(luhn("411111111111111"), 1);
}
