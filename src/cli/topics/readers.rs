//! Who may read and write which topics, as the brokers' ACLs say it.

use serde_json::{Value, json};

use super::Site;
use crate::kafka::topics::{Needed, Role, needed};
use crate::policy::file::Tier;
use crate::record::TierId;

/// What a principal may do with the topics of a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Right {
    /// Why: the group of tiers, or nothing for the worker.
    group: Option<String>,
    principal: String,
    tier: String,
    operations: Vec<&'static str>,
    /// The beginning of the topics' names, where no other topic begins so; else the topics.
    prefix: Option<String>,
    topics: Vec<String>,
}

/// The rights that the policy's groups of tiers ask for, and those of the worker where its name is known.
pub(super) fn rights(site: &Site) -> Vec<Right> {
    let all = needed(&site.engine, &Default::default(), None, 1, true);
    let tiers = || site.file.tiers.iter().enumerate().map(|(index, tier)| (TierId(index as u8), tier));
    let mut rights = Vec::new();
    for group in &site.file.groups {
        let of_group = |tier: &Tier| tier.group.as_ref().is_some_and(|named| named.as_str() == group.name.as_str());
        for reader in &group.readers {
            for (id, tier) in tiers().filter(|(_, tier)| of_group(tier)) {
                let group = Some(group.name.value.clone());
                rights.extend(right(group, reader.as_str(), vec!["Read", "Describe"], id, tier, &all));
            }
        }
    }
    let user = site.settings.kafka.properties.iter().find(|(name, _)| name == "sasl.username");
    if let Some((_, user)) = user {
        let mut operations = vec!["Write", "Describe", "DescribeConfigs"];
        if site.settings.topics.expire {
            operations.push("Delete");
        }
        let worker = format!("User:{user}");
        rights.extend(tiers().filter_map(|(id, tier)| right(None, &worker, operations.clone(), id, tier, &all)));
    }
    rights
}

fn right(
    group: Option<String>,
    principal: &str,
    operations: Vec<&'static str>,
    id: TierId,
    tier: &Tier,
    all: &[Needed],
) -> Option<Right> {
    let topics: Vec<String> =
        all.iter().filter(|needed| needed.tier == Some(id)).map(|needed| needed.name.clone()).collect();
    let template =
        tier.topic.as_ref().map_or_else(|| format!("tier.{}.{{source}}", tier.name.value), |topic| topic.value.clone());
    let prefix = template.strip_suffix("{source}").filter(|prefix| prefix.ends_with('.') && !prefix.contains('{'));
    let others = |prefix: &&str| {
        !all.iter()
            .any(|needed| needed.name.starts_with(*prefix) && (needed.role != Role::Tier || needed.tier != Some(id)))
    };
    let prefix = prefix.filter(others).map(String::from);
    let tier = tier.name.value.clone();
    (!topics.is_empty()).then(|| Right { group, principal: String::from(principal), tier, operations, prefix, topics })
}

impl Right {
    pub(super) fn json(&self) -> Value {
        json!({
            "principal": self.principal, "group": self.group, "tier": self.tier, "operations": self.operations,
            "pattern": if self.prefix.is_some() { "prefixed" } else { "literal" },
            "topics": self.prefix.as_ref().map_or_else(|| self.topics.clone(), |prefix| vec![prefix.clone()]),
        })
    }

    /// The rights as calls of `kafka-acls`, one for each principal and sort of pattern.
    pub(super) fn lines(rights: &[Self], brokers: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut told: Vec<(&str, bool, &[&str])> = Vec::new();
        for right in rights {
            let sort = (right.principal.as_str(), right.prefix.is_some(), right.operations.as_slice());
            if told.contains(&sort) {
                continue;
            }
            told.push(sort);
            let same = rights.iter().filter(|other| {
                (other.principal.as_str(), other.prefix.is_some(), other.operations.as_slice()) == sort
            });
            let mut names: Vec<&str> = Vec::new();
            for name in same.flat_map(|right| right.names()) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let operations: String = right.operations.iter().map(|one| format!(" --operation {one}")).collect();
            let pattern = if right.prefix.is_some() { " --resource-pattern-type prefixed" } else { "" };
            let topics: String = names.iter().map(|name| format!(" --topic {name}")).collect();
            lines.push(format!(
                "kafka-acls.sh --bootstrap-server {} --add --allow-principal {}{operations}{pattern}{topics}",
                quoted(brokers),
                quoted(&right.principal)
            ));
        }
        lines
    }

    fn names(&self) -> Vec<&str> {
        match &self.prefix {
            Some(prefix) => vec![prefix],
            None => self.topics.iter().map(String::as_str).collect(),
        }
    }
}

/// A word as a shell takes it for itself.
fn quoted(word: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || ":.,-_/@=+".contains(sign);
    match !word.is_empty() && word.chars().all(plain) {
        true => String::from(word),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(principal: &str, prefix: Option<&str>, topics: &[&str]) -> Right {
        Right {
            group: Some(String::from("legal")),
            principal: String::from(principal),
            tier: String::from("a"),
            operations: vec!["Read", "Describe"],
            prefix: prefix.map(String::from),
            topics: topics.iter().map(|topic| String::from(*topic)).collect(),
        }
    }

    #[test]
    fn a_principal_gets_one_call_for_each_sort_of_pattern() {
        let rights = [
            right("User:archive", Some("tier.a."), &["tier.a.x"]),
            right("User:archive", Some("tier.b."), &["tier.b.x"]),
            right("User:archive", None, &["own"]),
            right("User:CN=it's me", Some("tier.a."), &["tier.a.x"]),
        ];
        let call = "kafka-acls.sh --bootstrap-server h:1 --add --allow-principal";
        assert_eq!(
            Right::lines(&rights, "h:1"),
            [
                format!(
                    "{call} User:archive --operation Read --operation Describe --resource-pattern-type prefixed --topic tier.a. \
                     --topic tier.b."
                ),
                format!("{call} User:archive --operation Read --operation Describe --topic own"),
                format!(
                    r"{call} 'User:CN=it'\''s me' --operation Read --operation Describe --resource-pattern-type prefixed --topic tier.a."
                ),
            ]
        );
    }
}
