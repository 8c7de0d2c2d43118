//! Several proposals for the same bytes: which of them has them.

use super::Finding;
use crate::record::Span;

/// Something that looks like an identifier; another may claim the same bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proposal {
    pub(super) finding: Finding,
    /// How many layers of escapes were taken off to see it.
    pub(super) depth: u8,
}

/// Appends the proposals to `out`, sorted and disjoint. Where several claim the same bytes, the longer has them, then
/// the more decoded, then the first kind; what only a loser claims stays its own, so that nothing claimed is left clear.
pub(super) fn settle(proposals: &mut [Proposal], out: &mut Vec<Finding>) {
    proposals.sort_unstable_by_key(|proposal| (proposal.finding.span.start, proposal.finding.span.end));
    let mut rest = proposals;
    while let Some(first) = rest.first() {
        // Proposals that overlap one another in a chain; mostly a single one.
        let mut end = first.finding.span.end;
        let mut count = 1;
        while count < rest.len() && rest[count].finding.span.start < end {
            end = end.max(rest[count].finding.span.end);
            count += 1;
        }
        let (chain, behind) = rest.split_at_mut(count);
        let from = out.len();
        chain.sort_unstable_by_key(|proposal| {
            let Finding { kind, span, .. } = proposal.finding;
            (usize::MAX - span.len(), u8::MAX - proposal.depth, kind, span.start)
        });
        for proposal in chain.iter() {
            keep(&proposal.finding, from, out);
        }
        rest = behind;
    }
}

/// Inserts into `out[from..]` what of `finding` is not covered there yet.
fn keep(finding: &Finding, from: usize, out: &mut Vec<Finding>) {
    let mut place = from + out[from..].partition_point(|kept| kept.span.end <= finding.span.start);
    let mut start = finding.span.start;
    while start < finding.span.end {
        let next = out.get(place).map_or(finding.span.end, |kept| kept.span.start.min(finding.span.end));
        if start < next {
            let span = Span { start, end: next };
            out.insert(place, Finding { span, ..*finding });
            place += 1;
        }
        start = out.get(place).map_or(finding.span.end, |kept| kept.span.end);
        place += 1;
    }
}
