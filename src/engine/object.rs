//! A JSON record for one tier: members in their order, what is kept in as few copies as possible.

use super::Stop;
use super::outcome::Reason;
use super::rule::{Op, Road};
use super::scratch::{Resolved, RuleId, Words};
use super::value::{Leaf, form_of};
use super::write::Writer;
use crate::find::Finding;
use crate::find::escape::unescape;
use crate::find::json::{Node, Shape};
use crate::find::restore::{Treated, restore};
use crate::find::text;
use crate::mask::{MaskShape, REDACTED, mask};
use crate::record::Span;

/// A container that is open in the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// Where the output ended before it, and before the comma and name in front of it.
    start: usize,
    /// Where its inside begins.
    body: usize,
    pub(super) array: bool,
    /// Whether some name in it was masked or replaced, so that two may have become one.
    altered: bool,
    /// The node that opens it; of the record itself, none.
    pub(super) node: u32,
    /// An element of it, by node, and how many stand before that one; found when first asked for.
    counted: (u32, u32),
}

impl Open {
    /// How many elements stand before the one at `node`. Asked for rising nodes only, so all are counted once.
    pub(super) fn element(&mut self, node: usize, nodes: &[Node], resolved: &[Resolved]) -> u32 {
        let (mut at, mut before) = self.counted;
        while (at as usize) < node {
            at = match nodes[at as usize].shape {
                Shape::Object | Shape::Array => resolved[at as usize].close + 1,
                Shape::String | Shape::Number | Shape::Bool | Shape::Null | Shape::Close => at + 1,
            };
            before += 1;
        }
        self.counted = (at, before);
        before
    }
}

/// A part of the input that goes out as it is, and was not copied yet: members that follow each other are one copy.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: usize,
    /// Up to here the output has what the input has; the next member continues the run if it follows a comma here.
    end: usize,
}

impl Run {
    /// No member continues it: no name begins right behind the first byte of a record.
    const NOWHERE: Self = Self::at(0);

    const fn at(end: usize) -> Self {
        Self { from: end, end }
    }
}

impl Writer<'_> {
    /// Writes the nodes of a record as an object, still open at its end.
    pub(super) fn object(
        &mut self,
        nodes: &[Node],
        resolved: &[Resolved],
        findings: &[Finding],
        value: &str,
        open: &mut Vec<Open>,
    ) -> Result<(), Stop> {
        open.clear();
        self.out.push(b'{');
        let start = self.out.len();
        open.push(Open { start, body: start, array: false, altered: false, node: 0, counted: (0, 0) });
        let mut run = Run::NOWHERE;
        let mut index = 0;
        while let Some(node) = nodes.get(index) {
            let Resolved { rule, findings: found, name_findings, close } = resolved[index];
            index += 1;
            match node.shape {
                Shape::Close => {
                    self.flush(&mut run, value);
                    let closed = open.pop().expect("every end has its beginning");
                    let written = self.close(closed)?;
                    run = if written { Run::at(node.span.end as usize) } else { Run::NOWHERE };
                }
                Shape::Object | Shape::Array => {
                    if let Some(treatment) = self.treatments.get(rule.index()) {
                        self.counted.push(treatment.counter);
                        if matches!(treatment.op, Op::Drop | Op::Present) {
                            if treatment.sealed {
                                self.seal_node(index - 1, nodes, resolved, value, open);
                            }
                            if treatment.op == Op::Present {
                                self.flush(&mut run, value);
                                run = Run::NOWHERE;
                                self.state(b"true", rule, (node, name_findings, findings), value, open);
                            }
                            index = close as usize + 1;
                            continue;
                        }
                    }
                    self.flush(&mut run, value);
                    run = Run::NOWHERE;
                    let start = self.out.len();
                    self.name(node, name_findings, findings, value, open);
                    let array = node.shape == Shape::Array;
                    self.out.push(if array { b'[' } else { b'{' });
                    let (body, node) = (self.out.len(), index as u32 - 1);
                    open.push(Open { start, body, array, altered: false, node, counted: (node + 1, 0) });
                }
                Shape::String | Shape::Number | Shape::Bool | Shape::Null => {
                    let Some(treatment) = self.treatments.get(rule.index()) else { continue };
                    self.counted.push(treatment.counter);
                    if treatment.road == Road::Dropped {
                        continue;
                    }
                    if treatment.road == Road::Apart {
                        // Null is no secret, and stays what it is.
                        if treatment.sealed && node.shape != Shape::Null {
                            self.seal_node(index - 1, nodes, resolved, value, open);
                            if treatment.op == Op::Drop {
                                continue;
                            }
                        }
                        if matches!(treatment.op, Op::Present | Op::Family) {
                            let leaf = Leaf { text: node.span.of_str(value), form: form_of(node), findings: &[] };
                            if let Some(stated) = self.stated(treatment.op, leaf) {
                                self.flush(&mut run, value);
                                run = Run::NOWHERE;
                                self.state(stated, rule, (node, name_findings, findings), value, open);
                            }
                            continue;
                        }
                    }
                    let end = node.span.end as usize + usize::from(node.shape == Shape::String);
                    let in_array = open.last().is_some_and(|container| container.array);
                    let led = !in_array && name_findings.0 == name_findings.1 && self.lead(&mut run, node, value);
                    if led && treatment.road == Road::Kept {
                        run.end = end;
                        continue;
                    }
                    self.flush(&mut run, value);
                    if !led {
                        self.name(node, name_findings, findings, value, open);
                    }
                    let leaf = Leaf {
                        text: node.span.of_str(value),
                        form: form_of(node),
                        findings: &findings[found.0 as usize..found.1 as usize],
                    };
                    let rule = &self.source.rules[rule.index()];
                    self.value(rule, treatment, leaf);
                    run = Run::at(end);
                    if treatment.beside && node.shape != Shape::Null {
                        self.token_beside(rule, leaf, node.name.of_str(value).as_bytes());
                    }
                }
            }
        }
        self.flush(&mut run, value);
        let root = open.pop().expect("the record itself");
        self.check_names(root)
    }

    /// Writes a member of which something is stated, under its own name or the one that it has in this tier.
    fn state(
        &mut self,
        stated: &[u8],
        rule: RuleId,
        (node, found, findings): (&Node, (u32, u32), &[Finding]),
        value: &str,
        open: &mut [Open],
    ) {
        match (self.source.rules[rule.index()].name_in(self.tier), open.last_mut()) {
            (Some(name), Some(container)) if !container.array => {
                container.altered = true;
                self.member_name(name);
            }
            _ => self.name(node, found, findings, value, open),
        }
        self.out.extend_from_slice(stated);
    }

    /// Takes a member's name and colon into the run, if no white space stands between name and value.
    #[inline(always)]
    fn lead(&mut self, run: &mut Run, node: &Node, value: &str) -> bool {
        let begin = node.name.start as usize - 1;
        let start = node.span.start as usize - usize::from(node.shape == Shape::String);
        if start != node.name.end as usize + 2 {
            return false;
        }
        if begin != run.end + 1 || value.as_bytes()[run.end] != b',' {
            self.flush(run, value);
            self.comma();
            run.from = begin;
        }
        run.end = start;
        true
    }

    /// Writes what of the input waits in the run.
    #[inline(always)]
    fn flush(&mut self, run: &mut Run, value: &str) {
        if run.from < run.end {
            self.out.extend_from_slice(&value.as_bytes()[run.from..run.end]);
            run.from = run.end;
        }
    }

    /// Closes a container, or takes it back if nothing is left in it; whether it stays.
    fn close(&mut self, closed: Open) -> Result<bool, Stop> {
        if self.out.len() == closed.body {
            self.out.truncate(closed.start);
            return Ok(false);
        }
        self.check_names(closed)?;
        self.out.push(if closed.array { b']' } else { b'}' });
        Ok(true)
    }

    /// After a name was masked or replaced: no other member may have the same name now.
    fn check_names(&mut self, open: Open) -> Result<(), Stop> {
        if open.altered { self.check_twins(open.body) } else { Ok(()) }
    }

    /// Refuses a record if two members of the object whose inside begins at `body` have one name.
    pub(super) fn check_twins(&mut self, body: usize) -> Result<(), Stop> {
        let Words { names, plain, .. } = &mut *self.words;
        if has_twin_names(&self.out[body..], names, plain) { Err(Reason::KeyCollision.into()) } else { Ok(()) }
    }

    /// Writes what stands before a node's value: a comma, its name.
    fn name(&mut self, node: &Node, found: (u32, u32), findings: &[Finding], value: &str, open: &mut [Open]) {
        let container = open.last_mut().expect("a node stands in a container");
        if container.array {
            self.comma();
            return;
        }
        if found.0 == found.1 {
            let (start, end) = (node.name.start as usize, node.name.end as usize);
            if value.as_bytes().get(end + 1) == Some(&b':') {
                self.comma();
                self.out.extend_from_slice(&value.as_bytes()[start - 1..end + 2]);
            } else {
                self.member_name(node.name.of_str(value).as_bytes());
            }
            return;
        }
        container.altered = true;
        self.comma();
        self.out.push(b'"');
        let name = node.name.of_str(value).as_bytes();
        let mut from = 0;
        for finding in &findings[found.0 as usize..found.1 as usize] {
            self.out.extend_from_slice(&name[from..finding.span.start as usize]);
            let shape = match self.treatment(&self.source.found[finding.kind as usize]).op {
                Op::Mask(shape) => shape,
                _ if finding.kind.is_unique() => MaskShape::Redact,
                _ => MaskShape::OfKind,
            };
            let Words { text: search, formed, .. } = &mut *self.words;
            formed.clear();
            mask(finding.kind, shape, text::plain(finding, name, search), formed);
            let masked = std::str::from_utf8(formed).unwrap_or(REDACTED);
            restore(finding, name, masked, Treated::InPlace, search, self.out);
            from = finding.span.end as usize;
        }
        self.out.extend_from_slice(&name[from..]);
        self.out.extend_from_slice(b"\":");
    }
}

/// Whether two members of an object have one name; `inside` is what stands between the braces, as garim wrote it.
/// `names` and `plain` are working memory.
fn has_twin_names(inside: &[u8], names: &mut Vec<Span>, plain: &mut Vec<u8>) -> bool {
    names.clear();
    plain.clear();
    let (mut depth, mut at, mut expects_name) = (0usize, 0, true);
    while at < inside.len() {
        match inside[at] {
            b'"' => {
                let from = at + 1;
                at = from;
                while inside.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if inside[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 0 && expects_name {
                    let start = plain.len();
                    unescape(&inside[from..at.min(inside.len())], plain);
                    names.push(Span::new(start, plain.len()));
                    expects_name = false;
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => expects_name = true,
            _ => {}
        }
        at += 1;
    }
    names.sort_unstable_by(|one, other| one.of(plain).cmp(other.of(plain)));
    names.windows(2).any(|pair| pair[0].of(plain) == pair[1].of(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twin_names() {
        for (inside, twins) in [
            (r#""a":1,"b":{"a":2},"c":["a","b"]"#, false),
            (r#""a":1,"b":"\"a\":","a":2"#, true),
            (r#""****":"x","****":"y""#, true),
            (r#""****":"x","\u002a***":"y""#, true),
            ("", false),
        ] {
            let (mut names, mut plain) = (Vec::new(), Vec::new());
            assert_eq!(has_twin_names(inside.as_bytes(), &mut names, &mut plain), twins, "{inside}");
        }
    }
}
