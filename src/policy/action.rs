//! The words in which a policy says what is done to a value: `mask keep last 4`, `generalize to hour`.

use crate::diagnostic::nearest;
use crate::engine::plan::Action;
use crate::kind::Kind;
use crate::mask::MaskShape;
use crate::mask::generalize::Generalize;

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
const MASK_HELP: &str = "`mask`, `mask all`, `mask keep first 1`, `mask keep last 4`, `mask keep first 1 last 1` or (of a telephone number) `mask keep prefix`";
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
    let (first, last) = match rest {
        [] => return Some(MaskShape::OfKind),
        ["all"] => return Some(MaskShape::Redact),
        ["keep", "prefix"] => return Some(MaskShape::Prefix),
        ["keep", "first", first] => (first.parse().ok()?, 0),
        ["keep", "last", last] => (0, last.parse().ok()?),
        ["keep", "first", first, "last", last] => (first.parse().ok()?, last.parse().ok()?),
        _ => return None,
    };
    // Keeping nothing has its own name, which does not tell the value's length.
    (first > 0 || last > 0).then_some(MaskShape::Edges { first, last })
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
        Action::Mask(MaskShape::OfKind) => "mask".to_owned(),
        Action::Mask(MaskShape::Redact) => "mask all".to_owned(),
        Action::Mask(MaskShape::Prefix) => "mask keep prefix".to_owned(),
        Action::Mask(MaskShape::Edges { first, last: 0 }) => format!("mask keep first {first}"),
        Action::Mask(MaskShape::Edges { first: 0, last }) => format!("mask keep last {last}"),
        Action::Mask(MaskShape::Edges { first, last }) => format!("mask keep first {first} last {last}"),
        Action::Truncate(count) => format!("truncate to {count}"),
        Action::Generalize(way) => format!("generalize to {}", way_words(way)),
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
        Action::Mask(MaskShape::OfKind) => match kind {
            Kind::KrRrn | Kind::KrFrn | Kind::KrPhone | Kind::Email | Kind::Ip | Kind::CreditCard => Ok(()),
            _ => Err("this kind has no mask of its own; use `mask all` or `mask keep first 1`"),
        },
        Action::Mask(MaskShape::Prefix) => match kind {
            Kind::KrPhone => Ok(()),
            _ => Err("only a telephone number has a prefix; use `mask keep first 3`"),
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

/// How many values fit what an action leaves to see, where the form of the kind tells; the smallest form counts.
///
/// A telephone number counts as `010` and eight digits, written without hyphens. The check digits of cards and
/// resident registration numbers make one hidden digit worthless.
pub fn candidates(action: Action, kind: Kind) -> Option<u64> {
    let (digits, known_first, worthless): (u32, u32, u32) = match kind {
        Kind::KrRrn | Kind::KrFrn => (13, 0, 1),
        Kind::KrPhone => (11, 3, 0),
        Kind::CreditCard => (16, 0, 1),
        _ => (0, 0, 0),
    };
    let visible = match (action, kind) {
        // The third octet is hidden.
        (Action::Mask(MaskShape::OfKind), Kind::Ip) => return Some(256),
        (Action::Mask(MaskShape::OfKind), Kind::KrRrn | Kind::KrFrn) => 6,
        // `010-****-****`
        (Action::Mask(MaskShape::Prefix), Kind::KrPhone) => known_first,
        // `010-****-1234`
        (Action::Mask(MaskShape::OfKind), Kind::KrPhone) => 7,
        // First six and last four.
        (Action::Mask(MaskShape::OfKind), Kind::CreditCard) => 10,
        (Action::Mask(MaskShape::Edges { first, last }), _) if digits > 0 => {
            u32::from(first).max(known_first) + u32::from(last)
        }
        (Action::Truncate(count), _) if digits > 0 => u32::from(count).max(known_first),
        _ => return None,
    };
    Some(10_u64.pow(digits.saturating_sub(visible).saturating_sub(worthless)))
}
