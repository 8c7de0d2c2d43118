//! How the value of each field is written: of persons that do not exist, and visibly so.

use super::{CanaryWord, Draft, Ip, Place, Random, put};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// A person's name.
    Name,
    /// Another person's name.
    OtherName,
    /// A mail address of `example.com`, `.net` or `.org`.
    Mail,
    /// The mail address of the linked account.
    AccountMail,
    /// An id that is no address.
    UserId,
    /// The number of the linked account.
    MemberNumber,
    /// The nickname of the linked account.
    Nickname,
    /// A password in clear text, which should not be there.
    Password,
    /// A mobile number, in one of three writings.
    Mobile,
    /// A mobile number or an extension.
    Telephone,
    /// A number of Seoul.
    Landline,
    /// An organisation, a firm or an agency.
    Organisation,
    /// A rank or title.
    Rank,
    /// A department.
    Department,
    /// Where a picture is.
    Photo,
    /// A profile's text.
    Profile,
    /// A birth date of an adult.
    Birth,
    /// The first digits of a card, sometimes more of them than may be asked for.
    CardBin,
    /// The number of a test card.
    Card,
    /// A registration number of zeros.
    Registration,
    /// An address in a district that does not exist.
    Address,
    /// A line of business.
    Industry,
    /// A number of employees.
    Headcount,
    /// A firm's page.
    Homepage,
    /// A message that was asked to be sent.
    Content,
    /// What was said to a device.
    Voice,
    /// The sound of it.
    Audio,
    /// A child's name.
    ChildName,
    /// A child's birth date.
    ChildBirth,
    /// A child's sex.
    ChildGender,
    /// A child's favourite character.
    Favourite,
    /// A copy of an identity card: an object.
    IdCard,
    /// A code for a type of account.
    AccountType,
    /// A mail address or a mobile number.
    Contact,
    /// What nobody has declared.
    Additional,
    /// The id in a cookie.
    CookieId,
    /// Settings in a cookie.
    CookieSettings,
    /// Earlier use, in a cookie.
    PastUsage,
    /// A service that was visited.
    VisitedService,
    /// When it was visited.
    AccessTime,
    /// How often.
    Frequency,
    /// A code for what was done.
    UsageGenerated,
    /// An address of the web with a query.
    Behaviour,
}

impl Value {
    /// Whether it holds what no tier may show, not even in part.
    pub(super) const fn goes(self) -> bool {
        matches!(
            self,
            Self::Password
                | Self::Photo
                | Self::Profile
                | Self::Additional
                | Self::Audio
                | Self::CookieId
                | Self::Behaviour
        )
    }

    /// Writes the value as JSON; a canary where `place` says so.
    pub(super) fn write(self, random: &mut Random, draft: &Draft, place: Option<Place>, value: &mut Vec<u8>) {
        match self {
            Self::Headcount => put(value, format_args!("{}", 1 + draft.person.0 % 3000)),
            Self::Frequency => put(value, format_args!("{}", 1 + random.below(60))),
            Self::IdCard => id_card(draft, value),
            _ => {
                value.push(b'"');
                self.inside(random, draft, place, value);
                if let (Some(Place::Gone), true, Some(word)) = (place, self.goes(), draft.canary) {
                    put(value, format_args!("{word}"));
                }
                value.push(b'"');
            }
        }
    }

    /// Writes the inside of the string.
    fn inside(self, random: &mut Random, draft: &Draft, place: Option<Place>, value: &mut Vec<u8>) {
        let person = draft.person;
        let n = person.0;
        match self {
            Self::Name => put(value, format_args!("{}", person.name())),
            Self::OtherName => put(value, format_args!("{}", person.other().name())),
            Self::Mail => mail(draft, place == Some(Place::Mail), value),
            Self::AccountMail => put(value, format_args!("user{n:04}.k@example.net")),
            Self::UserId => put(value, format_args!("talker{n:04}")),
            Self::MemberNumber => put(value, format_args!("900{n:07}")),
            Self::Nickname => put(value, format_args!("별명{n:04}")),
            Self::Password => value.extend_from_slice(b"fake-pw"),
            Self::Mobile => mobile(n, value),
            Self::Telephone if n.is_multiple_of(4) => put(value, format_args!("내선 {:04}", n % 100)),
            Self::Telephone => mobile(n, value),
            Self::Landline => put(value, format_args!("02-000-{:04}", line(n))),
            Self::Organisation => put(value, format_args!("{}", person.organisation())),
            Self::Rank => put(value, format_args!("{}", random.pick(&["사원", "대리", "과장", "팀장"]))),
            Self::Department => put(value, format_args!("{}", random.pick(&["개발팀", "총무팀"]))),
            Self::Photo => put(value, format_args!("https://photo.example.com/{n:04}.jpg")),
            Self::Profile => put(value, format_args!("상태 메시지 {n:04}")),
            Self::Birth => put(value, format_args!("{}-{:02}-{:02}", 1960 + n % 40, 1 + n % 12, 1 + n % 28)),
            Self::CardBin if n.is_multiple_of(8) => value.extend_from_slice(b"41111100"),
            Self::CardBin => value.extend_from_slice(b"411111"),
            Self::Card => card(n, value),
            Self::Registration => put(value, format_args!("000-00-{n:05}")),
            Self::Address => put(value, format_args!("서울특별시 가상구 없는로 {}", n % 90 + 1)),
            Self::Industry => put(value, format_args!("{}", random.pick(&["제조업", "도매업"]))),
            Self::Homepage => put(value, format_args!("https://firm{n:04}.example.com/")),
            Self::Content => {
                put(value, format_args!("{}님, 예약이 확정되었습니다. 문의 010-0000-{:04}", person.name(), line(n)));
            }
            Self::Voice => put(value, format_args!("엄마한테 전화해 줘 {n:04}")),
            Self::Audio => put(value, format_args!("UklGRg{n:04}")),
            Self::ChildName => put(value, format_args!("정아이{n:04}")),
            Self::ChildBirth => put(value, format_args!("{}-{:02}-{:02}", 2014 + n % 10, 1 + n % 12, 1 + n % 28)),
            Self::ChildGender => put(value, format_args!("{}", random.pick(&["F", "M"]))),
            Self::Favourite => put(value, format_args!("{}", random.pick(&["가상라이언", "가상춘식이"]))),
            Self::AccountType => put(value, format_args!("{}", random.pick(&["standard", "premium"]))),
            Self::Contact if n.is_multiple_of(4) => mobile(n, value),
            Self::Contact => mail(draft, place == Some(Place::Mail), value),
            Self::Additional => put(value, format_args!("기타 사항 {n:04}")),
            Self::CookieId => put(value, format_args!("GA1.1.{n}.1700000000")),
            Self::CookieSettings => put(value, format_args!("lang=ko; theme={}", random.pick(&["dusk", "dawn"]))),
            Self::PastUsage => put(value, format_args!("2026-10-{:02} pricing", 1 + n % 28)),
            Self::VisitedService => {
                put(value, format_args!("{}", random.pick(&["kakaowork", "connect-live", "bizmessage"])));
            }
            Self::AccessTime => put(value, format_args!("{}", draft.at.before(random.below(90_000) as i64))),
            Self::UsageGenerated => put(value, format_args!("{}", random.pick(&["scroll", "download"]))),
            Self::Behaviour => {
                let page = random.pick(&["pricing", "guide"]);
                put(value, format_args!("https://www.example.com/{page}?visitor={n:04}"));
            }
            // Written by `write`.
            Self::Headcount | Self::Frequency | Self::IdCard => {}
        }
    }
}

/// The last four digits of a telephone number: never four zeros, which would be no number.
fn line(n: u64) -> u64 {
    1 + n % 9999
}

/// A mobile number in one of three writings.
fn mobile(n: u64, value: &mut Vec<u8>) {
    let line = line(n);
    match n % 3 {
        0 => put(value, format_args!("010-0000-{line:04}")),
        1 => put(value, format_args!("0100000{line:04}")),
        _ => put(value, format_args!("+82 10-0000-{line:04}")),
    }
}

/// A number of the test cards that begin with 411111, with a right check digit.
fn card(n: u64, value: &mut Vec<u8>) {
    let mut digits = *b"4111110000000000";
    super::put_digits(&mut digits[11..15], n);
    // Luhn: from the right, every second digit doubled; the check digit itself counts as it is.
    let sum: u32 = (0..15)
        .map(|at| {
            let digit = u32::from(digits[at] - b'0');
            let doubled = if at % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    digits[15] = b'0' + ((10 - sum % 10) % 10) as u8;
    for (at, four) in digits.chunks(4).enumerate() {
        if at > 0 {
            value.push(b'-');
        }
        value.extend_from_slice(four);
    }
}

/// A copy of an identity card of somebody born in the 1800s; nothing on it is masked yet.
fn id_card(draft: &Draft, value: &mut Vec<u8>) {
    let number = draft.person.resident_number();
    let number = std::str::from_utf8(&number).expect("digits and a hyphen");
    let name = draft.person.name();
    let birth = format_args!("18{}-{}-{}", &number[..2], &number[2..4], &number[4..6]);
    put(value, format_args!("{{\"name\":\"{name}\",\"birth_date\":\"{birth}\",\"rrn\":\"{number}\""));
    put(value, format_args!(",\"issued\":\"2020-01-01\",\"image\":\"/9j/4AAQ\"}}"));
}

/// A mail address. With a canary its local part begins with `zz`: what a mask may show is no part of the canary.
fn mail(draft: &Draft, canary: bool, value: &mut Vec<u8>) {
    match draft.canary.filter(|_| canary) {
        Some(word) => put(value, format_args!("zz-{word}@{}", draft.person.domain())),
        None => put(value, format_args!("user{:04}@{}", draft.person.0, draft.person.domain())),
    }
}

/// What somebody wrote, as the inside of a JSON string; most of it has nothing to find.
pub(super) fn text(random: &mut Random, draft: &Draft, canary: Option<CanaryWord>, value: &mut Vec<u8>) {
    let person = draft.person;
    let number = person.resident_number();
    let number = std::str::from_utf8(&number).expect("digits and a hyphen");
    match random.below(12) {
        0 => put(value, format_args!("연락처는 010-0000-{:04} 입니다", line(person.0))),
        1 => put(value, format_args!("주민번호 {number} 도용 신고")),
        2 => put(value, format_args!("메일은 user{:04}@{} 로 주세요", person.0, person.domain())),
        3 => put(value, format_args!("접속 {} 에서 실패", Ip(person.0))),
        4 => value.extend_from_slice("카드 4111-1111-1111-1111 결제 문의".as_bytes()),
        5 => put(value, format_args!("\\\"인용\\\"\\n다음 줄 \\u0030\\u0031\\u0030-0000-{:04}", line(person.0))),
        6 => value.extend_from_slice("회의는 2026-11-24 15:00, 문서 번호 20261124-001".as_bytes()),
        7 => put(value, format_args!("call +82 10-0000-{:04} tomorrow", line(person.0))),
        8 | 9 => value.extend_from_slice("확인했습니다. 감사합니다".as_bytes()),
        _ => value.extend_from_slice("see you at the meeting".as_bytes()),
    }
    if let Some(word) = canary {
        put(value, format_args!(" zz-{word}@example.com"));
    }
}
