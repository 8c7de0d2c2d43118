//! Findings as they are written one by one: JSON objects, and for people lines with values.

use std::io::Write;

use crate::find::document::Part;
use crate::find::evidence::Why;
use crate::find::sweep::{Sight, Sweep};

/// Writes the object of a line; `named` is its input and number, where there are several inputs. Near misses have a list
/// of their own, where they were asked for.
pub(super) fn object(sweep: &Sweep, named: Option<(&str, u64)>, misses: bool, out: &mut Vec<u8>) {
    begin(named, out);
    items(sweep.sights(), sweep, b"", out);
    if misses {
        out.extend_from_slice(b"],\"misses\":[");
        items(sweep.misses(), sweep, b"", out);
    }
    out.extend_from_slice(b"]}\n");
}

/// Writes what comes before the findings of a line.
pub(super) fn begin(named: Option<(&str, u64)>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some((name, line)) = named {
        out.extend_from_slice(b"\"file\":");
        string(name.as_bytes(), out);
        number(b",\"line\":", line, out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"findings\":[");
}

/// Writes sights, with commas between them; also before the first one where others stand already. Each begins with `of`,
/// members that say what of a message it is in.
pub(super) fn items(sights: &[Sight], sweep: &Sweep, of: &[u8], out: &mut Vec<u8>) {
    for sight in sights {
        if out.last() == Some(&b'}') {
            out.push(b',');
        }
        item(sight, sweep, of, out);
    }
}

fn item(sight: &Sight, sweep: &Sweep, of: &[u8], out: &mut Vec<u8>) {
    out.push(b'{');
    out.extend_from_slice(of);
    out.extend_from_slice(b"\"at\":");
    string(sweep.at(sight), out);
    if sight.part == Some(Part::Name) {
        out.extend_from_slice(b",\"in\":\"name\"");
    }
    out.extend_from_slice(b",\"kind\":\"");
    out.extend_from_slice(sight.kind.name().as_bytes());
    number(b"\",\"start\":", sight.start, out);
    number(b",\"end\":", sight.end, out);
    if let Some(why) = sight.why {
        out.extend_from_slice(b",\"why\":");
        string(why.words().as_bytes(), out);
    } else {
        out.extend_from_slice(b",\"evidence\":[");
        for (place, name) in sight.evidence.names().enumerate() {
            out.extend_from_slice(if place > 0 { b",\"" } else { b"\"" });
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        }
        out.push(b']');
    }
    if let Some(value) = sweep.value(sight) {
        out.extend_from_slice(b",\"value\":");
        string(value, out);
    }
    out.push(b'}');
}

/// A JSON string; what is not UTF-8 becomes U+FFFD.
pub(super) fn string(text: &[u8], out: &mut Vec<u8>) {
    serde_json::to_writer(out, &String::from_utf8_lossy(text)).expect("text is written to memory");
}

fn number(before: &[u8], number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(before);
    write!(out, "{number}").expect("a number is written to memory");
}

/// Writes a line for each sight: where it stands, what it is, its value, what speaks for it; then the near misses.
/// `position` is the input and the number of the line.
pub(super) fn values(sweep: &Sweep, position: (&str, u64), source: &str, out: &mut Vec<u8>) {
    for sight in sweep.sights().iter().chain(sweep.misses()) {
        let (name, line) = position;
        let at = String::from_utf8_lossy(sweep.at(sight));
        let place = [source, at.escape_debug().to_string().as_str()].concat();
        let part = if sight.part == Some(Part::Name) { " (name)" } else { "" };
        let value = String::from_utf8_lossy(sweep.value(sight).unwrap_or_default());
        let value = value.escape_debug();
        let kind = sight.kind.name();
        let gap = if place.is_empty() { "" } else { " " };
        let told = match sight.why.map(Why::words) {
            Some(why) => format!("{name}:{line}:{gap}{place}{part} not {kind} {value} ({why})\n"),
            None => {
                let evidence: Vec<&str> = sight.evidence.names().collect();
                format!("{name}:{line}:{gap}{place}{part} {kind} {value} ({})\n", evidence.join(", "))
            }
        };
        out.extend_from_slice(told.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        for want in [0, 7, 10, 1234, u64::MAX] {
            let mut out = Vec::new();
            number(b"n ", want, &mut out);
            assert_eq!(out, format!("n {want}").as_bytes());
        }
    }
}
