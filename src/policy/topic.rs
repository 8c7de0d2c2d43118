//! The names of topics: legal for the broker, and none used for two things.

use std::ops::Range;

use super::compile::topic_template;
use super::file::File;
use super::read::Typed;
use super::recipient::{self, Shares};
use super::source::{SourceParts, quarantine};
use crate::diagnostic::Faults;

/// Longest name of a topic, in characters (Kafka's `Topic.MAX_NAME_LENGTH`).
const NAME_MAX: usize = 249;

/// A topic and what it is used for.
struct Use {
    name: String,
    span: Range<usize>,
    role: Role,
    /// "input of `kakaowork`".
    what: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Input,
    Output,
    Quarantine,
}

/// Complains of names that a broker would refuse, and of topics that are used twice.
pub(super) fn check(file: &File, sources: &[SourceParts], shares: &Shares, faults: &mut Faults) {
    for tier in &file.tiers {
        template(tier.topic.as_ref(), &["{source}"], &format!("tier.{}.{{source}}", tier.name.value), faults);
    }
    for recipient in &file.recipients {
        let example = format!("to.{}.{{tier}}.{{source}}", recipient.name.value);
        template(recipient.topic.as_ref(), &["{tier}", "{source}"], &example, faults);
    }
    let uses = uses(file, sources, shares);
    for (index, one) in uses.iter().enumerate() {
        // A name made of an illegal name is complained of once, as that name.
        let told = faults.diagnostics.iter().any(|told| told.code == "G0102" && told.span.as_ref() == Some(&one.span));
        if let Some(reason) = refused(&one.name).filter(|_| !told) {
            let message = format!("`{}` is not a legal name for a topic", one.name);
            faults.error("G0124", one.span.clone(), message).label = reason.to_owned();
            continue;
        }
        for other in &uses[..index] {
            collide(one, other, faults);
        }
    }
}

fn uses(file: &File, sources: &[SourceParts], shares: &Shares) -> Vec<Use> {
    let mut uses = Vec::new();
    for (index, (source, parts)) in file.sources.iter().zip(sources).enumerate() {
        for topic in &source.topics {
            let what = format!("input of `{}`", source.name.value);
            uses.push(Use { name: topic.value.clone(), span: topic.span.clone(), role: Role::Input, what });
        }
        for (tier, _) in file.tiers.iter().zip(&parts.reached).filter(|(_, reached)| **reached) {
            let name = topic_template(tier).replace("{source}", source.name.as_str());
            let span = tier.topic.as_ref().map_or(tier.name.span.clone(), |topic| topic.span.clone());
            let what = format!("tier `{}` of `{}`", tier.name.value, source.name.value);
            uses.push(Use { name, span, role: Role::Output, what });
        }
        for share in shares.all.iter().filter(|share| share.sources[index] && parts.reached[share.tier]) {
            let (recipient, tier) = (&file.recipients[share.recipient], &file.tiers[share.tier].name);
            let name = recipient::topic_template(recipient, tier.as_str()).replace("{source}", source.name.as_str());
            let span = recipient.topic.as_ref().map_or(recipient.name.span.clone(), |topic| topic.span.clone());
            let what =
                format!("the share of `{}` of tier `{}` of `{}`", recipient.name.value, tier.value, source.name.value);
            uses.push(Use { name, span, role: Role::Output, what });
        }
        let span = source.quarantine.as_ref().map_or(source.name.span.clone(), |topic| topic.span.clone());
        let what = format!("quarantine of `{}`", source.name.value);
        uses.push(Use { name: quarantine(source), span, role: Role::Quarantine, what });
    }
    uses
}

/// Complains of a template with other words in braces than `words`, or with nothing else.
fn template(topic: Option<&Typed<String>>, words: &[&str], example: &str, faults: &mut Faults) {
    let Some(topic) = topic else { return };
    let rest = words.iter().fold(topic.value.clone(), |rest, word| rest.replace(word, ""));
    let message = if rest.contains(['{', '}']) {
        format!("a topic may contain `{}` and nothing else in braces", words.join("`, `"))
    } else if rest.is_empty() {
        "the topic of a tier needs a name of its own".to_owned()
    } else {
        return;
    };
    faults.error("G0124", topic.span.clone(), message).help = Some(format!("write `{example}`"));
}

/// Why a broker would refuse the name.
fn refused(name: &str) -> Option<&'static str> {
    if name.contains(['{', '}']) {
        // Complained of where the template is read.
        return None;
    }
    if name.is_empty() || name == "." || name == ".." {
        return Some("needs a name");
    }
    if name.len() > NAME_MAX {
        return Some("longer than 249 characters");
    }
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    (!legal).then_some("only letters, digits, `.`, `_` and `-`")
}

fn collide(one: &Use, other: &Use, faults: &mut Faults) {
    // Notices name their source, so several may share a topic.
    if one.role == Role::Quarantine && other.role == Role::Quarantine {
        return;
    }
    let message = if one.name == other.name {
        format!("the topic `{}` is {} and {}", one.name, other.what, one.what)
    } else if one.name.replace('_', ".") == other.name.replace('_', ".") {
        // The broker's metrics write both the same way, and it refuses to create the second.
        format!("the topics `{}` and `{}` are one to the broker's metrics", other.name, one.name)
    } else {
        return;
    };
    let fault = faults.error("G0125", one.span.clone(), message);
    if one.span != other.span {
        fault.related.push((other.span.clone(), "also here".to_owned()));
    }
    if one.role == Role::Output && other.role == Role::Output {
        fault.help = Some("put `{source}` into the `topic` (for a recipient `{tier}` too)".to_owned());
    }
}
