//! The report for people: findings by kind and place, then the near misses, by reason.

use super::super::Failure;
use super::super::output::Out;
use crate::find::evidence::Evidence;
use crate::policy::findings::{Count, Findings, Places};

/// Most bytes that the column of places is wide; a longer place moves what is behind it.
const PLACE_WIDTH_MAX: usize = 44;

/// Writes the report. `name` gives the name of an input; with `several`, counts by input follow. `unit` is what was looked
/// at, one of them.
pub(super) fn tell(
    findings: &Findings,
    name: &dyn Fn(usize) -> String,
    several: bool,
    unit: &str,
    out: &mut Out,
) -> Result<(), Failure> {
    let bold = anstyle::Style::new().bold();
    let (found, missed) = (findings.found(), findings.missed());
    for ((kind, in_name), places) in &found {
        let total: u64 = places.values().map(|count| count.count).sum();
        let names = if *in_name { ", in names of members" } else { "" };
        writeln!(out, "{bold}{}{bold:#}{names}: {total}", kind.name())?;
        rows(places, true, name, out)?;
    }
    if !missed.is_empty() {
        writeln!(out, "{bold}looked at and not taken{bold:#}")?;
    }
    for ((kind, why), places) in &missed {
        let total: u64 = places.values().map(|count| count.count).sum();
        writeln!(out, "{bold}not {}{bold:#}, {why}: {total}", kind.name())?;
        rows(places, false, name, out)?;
    }
    if findings.beyond > 0 {
        writeln!(out, "  {:>9}  at other places", findings.beyond)?;
    }
    if several && !findings.inputs.is_empty() {
        writeln!(out, "{bold}by {}{bold:#}", if unit == "line" { "file" } else { "partition" })?;
        for (input, count) in &findings.inputs {
            writeln!(out, "  {count:>9}  {}", name(*input))?;
        }
    }
    let (lines, hits, total) = (findings.lines, findings.hits, findings.total());
    let plural = if lines == 1 { "" } else { "s" };
    if total == 0 {
        writeln!(out, "nothing found in {lines} {unit}{plural}")?;
    } else {
        let findings = if total == 1 { "finding" } else { "findings" };
        writeln!(out, "{total} {findings} in {hits} of {lines} {unit}{plural}")?;
    }
    Ok(())
}

/// A row for each place, the fullest first.
fn rows(places: &Places, evidence: bool, name: &dyn Fn(usize) -> String, out: &mut Out) -> Result<(), Failure> {
    let mut places: Vec<_> = places.iter().collect();
    places.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
    let width = places.iter().map(|(place, _)| place.chars().count()).max().unwrap_or(0).min(PLACE_WIDTH_MAX);
    for (place, count) in places {
        write!(out, "  {:>9}  {place:<width$}", count.count)?;
        if evidence {
            write!(out, "  {}", pieces(count))?;
        }
        match count.first {
            Some((input, line)) => writeln!(out, "  first: {}:{line}", name(input))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// The evidence of the findings at one place, each piece with its number where not all have it: `shape, check 3`.
fn pieces(count: &Count) -> String {
    let pieces = Evidence::NAMES.iter().zip(count.evidence).filter(|(_, held)| *held > 0);
    let pieces: Vec<String> = pieces
        .map(|((_, name), held)| if held == count.count { (*name).to_owned() } else { format!("{name} {held}") })
        .collect();
    pieces.join(", ")
}
