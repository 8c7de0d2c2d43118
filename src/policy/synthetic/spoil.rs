//! Records broken on purpose, each for a reason that is known beforehand.

use super::{Random, Source};
use crate::engine::outcome::Reason;

/// What a worker can refuse of a JSON record; of one with a category, also that the category is none of its source's.
const JSON: [Reason; 12] = [
    Reason::EmptyValue,
    Reason::RegistryFrame,
    Reason::InvalidUtf8,
    Reason::InvalidJson,
    Reason::TruncatedJson,
    Reason::NotAnObject,
    Reason::TooDeep,
    Reason::DuplicateKey,
    Reason::ReservedMember,
    Reason::NoEventTime,
    Reason::InvalidEventTime,
    Reason::EventTimeOutOfRange,
];

/// What a worker can refuse of a line.
const LINE: [Reason; 5] = [
    Reason::EmptyValue,
    Reason::InvalidUtf8,
    Reason::PatternMismatch,
    Reason::InvalidEventTime,
    Reason::EventTimeOutOfRange,
];

/// Breaks a good record, and tells the reason for which it will be refused.
pub(super) fn spoil(random: &mut Random, source: Source, value: &mut Vec<u8>) -> Reason {
    match source {
        Source::AccessLog => line(random.pick(&LINE), value),
        Source::Reference => json(random.pick(&JSON), "ts", value),
        Source::KakaoWork
        | Source::KakaoWorkGov
        | Source::ConnectLive
        | Source::ConnectTalk
        | Source::BizMessage
        | Source::HeyKakaoDevice
        | Source::Partnership
        | Source::Adoption
        | Source::Support
        | Source::Marketing
        | Source::Web => {
            let at = random.below(JSON.len() as u64 + 1) as usize;
            json(JSON.get(at).copied().unwrap_or(Reason::UnknownSource), "event_at", value)
        }
    }
}

/// Nesting beyond `limits::DEPTH_MAX`.
const DEEP: usize = 200;

fn json(reason: Reason, time: &str, value: &mut Vec<u8>) -> Reason {
    let first = |member: &str, value: &mut Vec<u8>| drop(value.splice(1..1, member.bytes()));
    match reason {
        Reason::EmptyValue => value.clear(),
        Reason::RegistryFrame => drop(value.splice(0..0, [0, 0, 0, 0, 1])),
        Reason::InvalidUtf8 => first("\"note\":\"?\",", value),
        Reason::InvalidJson => value[0] = b'(',
        Reason::TruncatedJson => value.truncate(value.len() - 1),
        Reason::NotAnObject => *value = b"[1,2,3]".to_vec(),
        Reason::TooDeep => first(&format!("\"deep\":{}{},", "[".repeat(DEEP), "]".repeat(DEEP)), value),
        Reason::DuplicateKey => first("\"note\":1,\"note\":2,", value),
        Reason::ReservedMember => first("\"garim\":\"forged\",", value),
        Reason::UnknownSource => replace(value, "\"category\":\"", "\"category\":\"un"),
        Reason::NoEventTime => replace(value, &format!("\"{time}\":\""), &format!("\"not_{time}\":\"")),
        Reason::InvalidEventTime => replace(value, &format!("\"{time}\":\""), &format!("\"{time}\":\"about ")),
        _ => {
            // The only one left is the time out of range: the year of the event becomes 1970.
            let start = find(value, &format!("\"{time}\":\"")).map(|at| at + time.len() + 4);
            if let Some(year) = start.and_then(|start| value.get_mut(start..start + 4)) {
                year.copy_from_slice(b"1970");
            }
            return Reason::EventTimeOutOfRange;
        }
    }
    if reason == Reason::InvalidUtf8
        && let Some(at) = find(value, "?")
    {
        value[at] = 0xff;
    }
    reason
}

fn line(reason: Reason, value: &mut Vec<u8>) -> Reason {
    match reason {
        Reason::EmptyValue => value.clear(),
        Reason::InvalidUtf8 => value.push(0xff),
        Reason::PatternMismatch => *value = b"-- log rotated --".to_vec(),
        Reason::InvalidEventTime => replace(value, "[", "[about "),
        _ => {
            // As above: `[14/Nov/2026:` has its year at the ninth byte.
            let start = find(value, "[").map(|at| at + 8);
            if let Some(year) = start.and_then(|start| value.get_mut(start..start + 4)) {
                year.copy_from_slice(b"1970");
            }
            return Reason::EventTimeOutOfRange;
        }
    }
    reason
}

pub(super) fn find(value: &[u8], wanted: &str) -> Option<usize> {
    value.windows(wanted.len()).position(|window| window == wanted.as_bytes())
}

fn replace(value: &mut Vec<u8>, wanted: &str, with: &str) {
    if let Some(at) = find(value, wanted) {
        value.splice(at..at + wanted.len(), with.bytes());
    }
}
