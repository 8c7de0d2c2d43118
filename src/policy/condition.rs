//! Where a policy points at a field, and what it asks of it.

use super::file::{self, File, When};
use super::read::Typed;
use crate::diagnostic::{Faults, nearest};
use crate::route::{Clause, Pointer, Segment, Test};

/// The text of a pointer, as RFC 6901 writes it.
pub fn written(pointer: &Pointer) -> String {
    let mut text = String::new();
    for segment in &pointer.0 {
        text.push('/');
        match segment {
            Segment::Any => text.push('*'),
            Segment::Name(name) => text.push_str(&name.replace('~', "~0").replace('/', "~1")),
        }
    }
    text
}

/// Reads a JSON Pointer; `*` stands for any member or element.
pub(super) fn pointer(typed: &Typed<String>, faults: &mut Faults) -> Option<Pointer> {
    let text = typed.as_str();
    let Some(steps) = text.strip_prefix('/') else {
        let fault = faults.error("G0114", typed.span.clone(), format!("`{text}` is not a JSON Pointer"));
        fault.label = format!("did you mean `/{}`?", text.replace('.', "/"));
        return None;
    };
    let mut segments = Vec::new();
    for step in steps.split('/') {
        if step == "*" {
            segments.push(Segment::Any);
            continue;
        }
        let valid = step.match_indices('~').all(|(at, _)| matches!(step.as_bytes().get(at + 1), Some(b'0' | b'1')));
        if !valid {
            let fault = faults.error("G0114", typed.span.clone(), format!("`{text}` is not a JSON Pointer"));
            fault.label = "`~` is written `~0`, and `/` inside a name `~1`".to_owned();
            return None;
        }
        segments.push(Segment::Name(step.replace("~1", "/").replace("~0", "~").into()));
    }
    Some(Pointer(segments))
}

/// Reads a JSON Pointer that leads to one place: without `*`.
pub(super) fn exact_pointer(typed: &Typed<String>, faults: &mut Faults) -> Option<Pointer> {
    let pointer = pointer(typed, faults)?;
    if pointer.0.contains(&Segment::Any) {
        faults.error("G0114", typed.span.clone(), "`*` is not allowed here").label =
            "this must lead to one field".to_owned();
        return None;
    }
    Some(pointer)
}

/// Reads one clause.
pub(super) fn clause(clause: &file::Clause, faults: &mut Faults) -> Option<Clause> {
    let at = exact_pointer(clause.at.as_ref()?, faults)?;
    let test = match (&clause.values, &clause.not, &clause.present) {
        (Some(values), _, _) => {
            if values.is_empty() {
                faults.error("G0116", clause.span.clone(), "a condition without values never holds").label =
                    "name at least one value".to_owned();
                return None;
            }
            Test::In(values.iter().map(|value| value.as_str().into()).collect())
        }
        (None, Some(not), _) => {
            if not.is_empty() {
                faults.error("G0116", clause.span.clone(), "a condition without values holds always").label =
                    "name at least one value".to_owned();
                return None;
            }
            Test::NotIn(not.iter().map(|value| value.as_str().into()).collect())
        }
        (None, None, Some(present)) => Test::Present(present.value),
        (None, None, None) => return None,
    };
    Some(Clause { at, test })
}

/// Reads a `when`: every clause of every part must hold. `used` marks the named conditions that it refers to.
pub(super) fn when(parts: &[When], file: &File, used: &mut [bool], faults: &mut Faults) -> Option<Vec<Clause>> {
    let mut clauses = Vec::new();
    let mut whole = true;
    for part in parts {
        let typed = match part {
            When::Clause(one) => std::slice::from_ref(one),
            When::Named(name) => match file.conditions.iter().position(|known| known.name.value == name.value) {
                Some(index) => {
                    used[index] = true;
                    &file.conditions[index].clauses
                }
                None => {
                    unknown(faults, "condition", name, file.conditions.iter().map(|known| known.name.as_str()));
                    whole = false;
                    continue;
                }
            },
        };
        for one in typed {
            match clause(one, faults) {
                Some(clause) => clauses.push(clause),
                None => whole = false,
            }
        }
    }
    whole.then_some(clauses)
}

/// Whether two lists of clauses can hold of one record: not when one field would need two values.
pub(super) fn compatible(a: &[Clause], b: &[Clause]) -> bool {
    a.iter().all(|a| b.iter().filter(|b| a.at == b.at).all(|b| compatible_tests(&a.test, &b.test)))
}

fn compatible_tests(a: &Test, b: &Test) -> bool {
    match (a, b) {
        (Test::In(a), Test::In(b)) => a.iter().any(|value| b.contains(value)),
        (Test::In(_), Test::Present(present)) | (Test::Present(present), Test::In(_)) => *present,
        (Test::Present(a), Test::Present(b)) => a == b,
        (Test::In(a), Test::NotIn(not)) | (Test::NotIn(not), Test::In(a)) => a.iter().any(|value| !not.contains(value)),
        (Test::NotIn(_), Test::NotIn(_) | Test::Present(_)) | (Test::Present(_), Test::NotIn(_)) => true,
    }
}

/// Complains of a name that nothing has, and suggests the nearest.
pub(super) fn unknown<'n>(
    faults: &mut Faults,
    what: &str,
    name: &Typed<String>,
    known: impl Iterator<Item = &'n str> + Clone,
) {
    let near = nearest(name.as_str(), known.clone()).map(|near| format!("did you mean `{near}`?"));
    let list: Vec<&str> = known.collect();
    let fault = faults.error("G0101", name.span.clone(), format!("unknown {what} `{}`", name.value));
    match near {
        Some(near) => fault.label = near,
        None if list.is_empty() => fault.help = Some(format!("this policy has no {what}")),
        None => fault.help = Some(format!("there is `{}`", list.join("`, `"))),
    }
}
