//! The words in which a policy says what is done to a value: `mask keep last 4`, `generalize to hour`.

use crate::diagnostic::nearest;
use crate::engine::plan::Action;
use crate::kind::Kind;
use crate::mask::generalize::Generalize;
use crate::mask::{MaskShape, Part};

/// What is wrong with an action's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The code of the complaint.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What stands beside the caret.
    pub label: String,
    /// What may be written.
    pub help: Option<String>,
}

const VERBS: [&str; 10] =
    ["keep", "drop", "scan", "pseudonymize", "mask", "truncate", "generalize", "seal", "present", "parts"];
const MASK_HELP: &str = "`mask`, `mask all`, `mask keep first 1`, `mask keep last 4`, `mask keep first 1 last 1`, `mask keep last 4 digits` (separators stay), or `mask keep` and a part of the kind: `prefix` (a telephone number), `birth and sex` (a registration number), `domain` (an e-mail address), `network` (an IP address), `surname` (a name), `town` (an address), `year` (a birth date), `class` (a number plate)";
const GENERALIZE_HELP: &str = "`generalize to` `second`, `minute`, `hour`, `day` (a time), `year` or `10 years` (a birth date), `bands of 100` (a number), `district` (an address), `/24,/48` or `family` (an IP address), `device` (a user agent), `path` (a URL), `major version` or `product` (a code)";

/// How words begin that mean a hash without a key of the tier's own, which garim does not have.
const HASHES: [&str; 14] =
    ["hash", "sha", "md4", "md5", "crc", "blake", "murmur", "xxh", "fnv", "hmac", "bcrypt", "argon", "pbkdf", "digest"];

/// Reads one action.
///
/// # Errors
/// When the words are not an action, with the nearest one that is.
pub fn parse(text: &str) -> Result<Action, Unread> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let action = match words.as_slice() {
        ["keep"] => Some(Action::Keep),
        ["drop"] => Some(Action::Drop),
        ["scan"] => Some(Action::Scan),
        ["pseudonymize"] => Some(Action::Pseudonymize),
        ["seal"] => Some(Action::Seal),
        ["present"] | ["present", "as", _] => Some(Action::Present),
        ["parts"] => Some(Action::Parts),
        ["generalize", "to", "family", "as", _] => Some(Action::Generalize(Generalize::Family)),
        ["mask", rest @ ..] => mask(rest).map(Action::Mask),
        ["truncate", "to", count] => count.parse().ok().filter(|count| *count > 0).map(Action::Truncate),
        ["generalize", "to", rest @ ..] => generalize(rest).map(Action::Generalize),
        _ => None,
    };
    action.ok_or_else(|| unread(text, &words))
}

/// The name under which a value leaves by these words instead of its own: `present as id_card_verified`.
pub fn name(text: &str) -> Option<&str> {
    let (words, name) = text.trim().rsplit_once(char::is_whitespace)?;
    let words: Vec<&str> = words.split_whitespace().collect();
    matches!(words.as_slice(), ["present", "as"] | ["generalize", "to", "family", "as"]).then_some(name)
}

fn mask(rest: &[&str]) -> Option<MaskShape> {
    let (rest, digits) = match rest {
        [] => return Some(MaskShape::OfKind),
        ["all"] => return Some(MaskShape::Redact),
        ["keep", rest @ .., "digits"] => (rest, true),
        ["keep", rest @ ..] => (rest, false),
        _ => return None,
    };
    let (first, last) = match rest {
        ["first", first] => (first.parse().ok()?, 0),
        ["last", last] => (0, last.parse().ok()?),
        ["first", first, "last", last] => (first.parse().ok()?, last.parse().ok()?),
        _ if digits => return None,
        part => {
            return Part::ALL
                .into_iter()
                .find(|one| one.name().split(' ').eq(part.iter().copied()))
                .map(MaskShape::Part);
        }
    };
    // Keeping nothing has its own name, which does not tell the value's length.
    (first > 0 || last > 0).then_some(match digits {
        true => MaskShape::Digits { first, last },
        false => MaskShape::Edges { first, last },
    })
}

fn generalize(rest: &[&str]) -> Option<Generalize> {
    match rest {
        ["second"] => Some(Generalize::Second),
        ["minute"] => Some(Generalize::Minute),
        ["hour"] => Some(Generalize::Hour),
        ["day"] => Some(Generalize::Day),
        ["year"] => Some(Generalize::Years(1)),
        [years, "years"] => years.parse().ok().filter(|years| (1..=100).contains(years)).map(Generalize::Years),
        ["bands", "of", width] => width.parse().ok().filter(|width| *width > 1).map(Generalize::Band),
        ["district"] => Some(Generalize::District),
        ["device"] => Some(Generalize::UserAgent),
        ["path"] => Some(Generalize::Path),
        ["major", "version"] => Some(Generalize::Major),
        ["product"] => Some(Generalize::Product),
        ["family"] => Some(Generalize::Family),
        [prefixes] => prefix(prefixes),
        _ => None,
    }
}

fn prefix(text: &str) -> Option<Generalize> {
    let (v4, v6) = text.split_once(',')?;
    let v4 = v4.strip_prefix('/')?.parse().ok().filter(|bits| *bits <= 32)?;
    let v6 = v6.strip_prefix('/')?.parse().ok().filter(|bits| *bits <= 128)?;
    Some(Generalize::Prefix(v4, v6))
}

fn unread(text: &str, words: &[&str]) -> Unread {
    let verb = words.first().copied().unwrap_or_default();
    let lower = text.to_lowercase();
    if HASHES.iter().any(|hash| lower.starts_with(hash)) || lower.contains("without key") || lower.contains("unkeyed") {
        return Unread {
            code: "G0163",
            message: format!("`{text}` is no action: nothing is hashed without a key of its tier"),
            label: "did you mean `pseudonymize`?".to_owned(),
            help: Some(
                "whoever holds the hashes of telephone numbers, birth dates or addresses tries all values there are; \
                 `pseudonymize` has keys that end with the tier, and the tier's `algorithm` names their function"
                    .to_owned(),
            ),
        };
    }
    let help = match verb {
        "mask" => Some(format!("a mask is {MASK_HELP}")),
        "generalize" => Some(format!("write {GENERALIZE_HELP}")),
        "present" => Some("write `present`, or `present as NAME` with one word as the name".to_owned()),
        "truncate" => Some("write `truncate to 6`, the number of characters that stay".to_owned()),
        _ => None,
    };
    let label = match nearest(verb, VERBS) {
        Some(near) if near != verb => {
            let mut suggestion = vec![near];
            suggestion.extend(words.iter().skip(1));
            format!("did you mean `{}`?", suggestion.join(" "))
        }
        Some(_) => String::new(),
        None => format!("an action is one of `{}`", VERBS.join("`, `")),
    };
    Unread { code: "G0103", message: format!("unknown action `{text}`"), label, help }
}

/// The words of an action with the name under which its value leaves, as a policy would write them.
pub fn words_as(action: Action, name: Option<&str>) -> String {
    let as_name = name.filter(|_| is_stated(action)).map_or_else(String::new, |name| format!(" as {name}"));
    format!("{}{as_name}", words(action))
}

/// Whether an action states something of a value, so that it needs a member of a JSON object and may rename it.
pub const fn is_stated(action: Action) -> bool {
    matches!(action, Action::Present | Action::Generalize(Generalize::Family))
}

/// The words of an action, as a policy would write them.
pub fn words(action: Action) -> String {
    match action {
        Action::Keep => "keep".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Scan => "scan".to_owned(),
        Action::Seal => "seal".to_owned(),
        Action::Present => "present".to_owned(),
        Action::Parts => "parts".to_owned(),
        Action::Pseudonymize => "pseudonymize".to_owned(),
        Action::Mask(shape) => mask_words(shape),
        Action::Truncate(count) => format!("truncate to {count}"),
        Action::Generalize(way) => format!("generalize to {}", way_words(way)),
    }
}

fn mask_words(shape: MaskShape) -> String {
    let edges = |first: u8, last: u8| match (first, last) {
        (first, 0) => format!("first {first}"),
        (0, last) => format!("last {last}"),
        (first, last) => format!("first {first} last {last}"),
    };
    match shape {
        MaskShape::OfKind => "mask".to_owned(),
        MaskShape::Redact => "mask all".to_owned(),
        MaskShape::Part(part) => format!("mask keep {}", part.name()),
        MaskShape::Edges { first, last } => format!("mask keep {}", edges(first, last)),
        MaskShape::Digits { first, last } => format!("mask keep {} digits", edges(first, last)),
    }
}

fn way_words(way: Generalize) -> String {
    match way {
        Generalize::Second => "second".to_owned(),
        Generalize::Minute => "minute".to_owned(),
        Generalize::Hour => "hour".to_owned(),
        Generalize::Day => "day".to_owned(),
        Generalize::Years(1) => "year".to_owned(),
        Generalize::Years(years) => format!("{years} years"),
        Generalize::Band(width) => format!("bands of {width}"),
        Generalize::District => "district".to_owned(),
        Generalize::Prefix(v4, v6) => format!("/{v4},/{v6}"),
        Generalize::UserAgent => "device".to_owned(),
        Generalize::Path => "path".to_owned(),
        Generalize::Major => "major version".to_owned(),
        Generalize::Product => "product".to_owned(),
        Generalize::Family => "family".to_owned(),
    }
}

/// Whether an action makes sense for a kind; else what to write instead.
///
/// # Errors
/// Advice, when the action does not apply to the kind.
pub fn fits(action: Action, kind: Kind) -> Result<(), &'static str> {
    match action {
        Action::Keep
        | Action::Drop
        | Action::Seal
        | Action::Present
        | Action::Parts
        | Action::Mask(MaskShape::Redact) => Ok(()),
        Action::Scan => match kind {
            Kind::Text | Kind::Url | Kind::UserAgent | Kind::Id | Kind::Code | Kind::KrAddress => Ok(()),
            _ => Err("only text is scanned; say what is done to the value itself"),
        },
        Action::Pseudonymize => match kind {
            Kind::Time | Kind::Number => Err(
                "a time or a quantity has no pseudonym; `generalize` or `drop` it, or call a number that identifies an `id`",
            ),
            _ => Ok(()),
        },
        Action::Mask(MaskShape::OfKind) => match (kind as usize) < Kind::FOUND {
            true => Ok(()),
            false => Err("this kind has no mask of its own; use `mask all` or `mask keep first 1`"),
        },
        Action::Mask(MaskShape::Part(part)) if part.is_of(kind) => Ok(()),
        Action::Mask(MaskShape::Part(part)) => Err(match part {
            Part::Prefix => "only a telephone number has a prefix; use `mask keep first 3`",
            Part::BirthAndSex => "only a `kr_rrn` or `kr_frn` tells birth and sex",
            Part::Domain => "only an e-mail address has a domain; of a URL use `generalize to path`",
            Part::Network => "only an IP address has a network; of a MAC address `mask` leaves the maker",
            Part::Surname => "only a `person_name` has a surname; use `mask keep first 1`",
            Part::Town => "only a `kr_address` has a town",
            Part::Year => "only a birth date has a year to keep; of a time use `generalize to day`",
            Part::Class => "only a `kr_vehicle_plate` has a class",
        }),
        Action::Mask(MaskShape::Digits { .. }) => match kind {
            Kind::KrRrn | Kind::KrFrn | Kind::KrDriverLicense | Kind::KrPassport | Kind::KrBrn | Kind::KrCrn => Ok(()),
            Kind::KrPhone | Kind::PhoneIntl | Kind::KrHealthInsurance | Kind::KrVehiclePlate | Kind::Id => Ok(()),
            Kind::CreditCard | Kind::BankAccount | Kind::Imei | Kind::Mac => Ok(()),
            _ => Err("digits are counted in numbers with groups; use `mask`, `mask all` or `mask keep first 1`"),
        },
        Action::Mask(MaskShape::Edges { .. }) | Action::Truncate(_) => match kind {
            Kind::Ip => Err("use `generalize to /24,/48`"),
            Kind::Time => Err("use `generalize to hour`"),
            Kind::DateOfBirth => Err("use `generalize to year`"),
            Kind::Number => Err("use `generalize to bands of 100`"),
            _ => Ok(()),
        },
        Action::Generalize(way) => {
            if way.applies_to(kind) {
                return Ok(());
            }
            Err(match kind {
                Kind::Time => "a time is generalized to `second`, `minute`, `hour` or `day`",
                Kind::DateOfBirth => "a birth date is generalized to `year` or `10 years`",
                Kind::Number => "a number is generalized to `bands of 100`",
                Kind::KrAddress => "an address is generalized to `district`",
                Kind::Ip => "an IP address is generalized to `/24,/48` or `family`",
                Kind::UserAgent => "a user agent is generalized to `device`",
                Kind::Url => "a URL is generalized to `path`",
                Kind::Code => "a code is generalized to `major version` or `product`, where it is a version",
                _ => "this kind cannot be made coarser; `mask`, `pseudonymize` or `drop` it",
            })
        }
    }
}

/// How many characters a value of a kind has that somebody would have to try, where the form of the kind tells.
struct Length {
    /// Digits of its smallest form; a letter counts as one, so that no number is told too high.
    digits: u32,
    /// So many of the first ones are known anyway.
    known: u32,
    /// So many hidden ones follow from the others: a check digit.
    worthless: u32,
    /// How many characters may stand in one place.
    base: u64,
}

/// A telephone number counts as `010` and eight digits, written without hyphens.
const fn length(kind: Kind) -> Option<Length> {
    let (digits, known, worthless, base) = match kind {
        Kind::KrRrn | Kind::KrFrn | Kind::KrCrn => (13, 0, 1, 10),
        Kind::KrPhone => (11, 3, 0, 10),
        Kind::PhoneIntl | Kind::BankAccount => (10, 0, 0, 10),
        Kind::CreditCard => (16, 0, 1, 10),
        Kind::KrBrn => (10, 0, 1, 10),
        // Whoever makes cards knows how the check digits are made.
        Kind::KrDriverLicense => (12, 0, 1, 10),
        // Nearly every one begins with M.
        Kind::KrPassport => (9, 1, 0, 10),
        Kind::KrHealthInsurance => (11, 0, 0, 10),
        Kind::Imei => (15, 0, 1, 10),
        Kind::Mac => (12, 0, 0, 16),
        Kind::KrVehiclePlate => (7, 0, 0, 10),
        _ => return None,
    };
    Some(Length { digits, known, worthless, base })
}

/// How many values fit what an action leaves to see, where the form of the kind tells; the smallest form counts.
///
/// The check digits of cards and registration numbers make one hidden digit worthless.
pub fn candidates(action: Action, kind: Kind) -> Option<u64> {
    if kind == Kind::Ip {
        // One octet is hidden.
        return matches!(action, Action::Mask(MaskShape::OfKind | MaskShape::Part(_))).then_some(256);
    }
    let Length { digits, known, worthless, base } = length(kind)?;
    let visible = match action {
        Action::Mask(MaskShape::Part(part)) if part.is_of(kind) => match part {
            Part::Prefix => known,
            Part::BirthAndSex => 7,
            // One of forty syllables and four digits.
            Part::Class => return Some(400_000),
            Part::Domain | Part::Network | Part::Surname | Part::Town | Part::Year => return None,
        },
        Action::Mask(MaskShape::OfKind) => shown(kind)?,
        Action::Mask(MaskShape::Edges { first, last } | MaskShape::Digits { first, last }) => {
            u32::from(first).max(known) + u32::from(last)
        }
        Action::Truncate(count) => u32::from(count).max(known),
        _ => return None,
    };
    Some(base.pow(digits.saturating_sub(visible).saturating_sub(worthless)))
}

/// How many characters the form of a kind leaves, of its smallest form.
const fn shown(kind: Kind) -> Option<u32> {
    Some(match kind {
        // `880101-*******`
        Kind::KrRrn | Kind::KrFrn | Kind::KrCrn => 6,
        // `010-****-1234`
        Kind::KrPhone => 7,
        // `+1 ***-***-0132`
        Kind::PhoneIntl => 4,
        // First six and last four.
        Kind::CreditCard => 10,
        // `123-45-*****`, `M1234****`
        Kind::KrBrn | Kind::KrPassport => 5,
        // `11-12-******-10`
        Kind::KrDriverLicense => 6,
        // `1-234*******`
        Kind::KrHealthInsurance => 4,
        // `123-***-******`, `12가****`
        Kind::BankAccount | Kind::KrVehiclePlate => 3,
        // `35209900*******`
        Kind::Imei => 8,
        // `00:1a:2b:**:**:**`
        Kind::Mac => 6,
        _ => return None,
    })
}
