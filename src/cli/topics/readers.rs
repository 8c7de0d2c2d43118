//! Who may read and write which topics, as the brokers' ACLs say it.

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::kafka::topics::{Needed, Role, needed};
use crate::policy::file::{self, File};
use crate::record::TierId;
use crate::route::tier::Tier;

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

/// The rights that the policy's groups of tiers ask for, and those of the worker where its name is known; it deletes
/// records too if it `expires`.
pub(super) fn rights(engine: &Engine, file: &File, worker: Option<&str>, expires: bool) -> Vec<Right> {
    let all = needed(engine, &Default::default(), None, 1, true);
    // The shares of recipients stand behind the tiers of the file, and no group reads them.
    let tiers = || engine.tiers().iter().enumerate().map(|(index, tier)| (TierId(index as u8), tier));
    let mut rights = Vec::new();
    for group in &file.groups {
        let of_group = |tier: &file::Tier| tier.group.as_ref().is_some_and(|named| named.value == group.name.value);
        for reader in &group.readers {
            for ((id, tier), _) in tiers().zip(&file.tiers).filter(|(_, typed)| of_group(typed)) {
                let group = Some(group.name.value.clone());
                rights.extend(right(group, reader.as_str(), vec!["Read", "Describe"], id, tier, &all));
            }
        }
    }
    if let Some(user) = worker {
        let mut operations = vec!["Write", "Describe", "DescribeConfigs"];
        if expires {
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
    let prefix = tier.topic.strip_suffix("{source}").filter(|prefix| prefix.ends_with('.') && !prefix.contains('{'));
    let others = |prefix: &&str| {
        !all.iter()
            .any(|needed| needed.name.starts_with(*prefix) && (needed.role != Role::Tier || needed.tier != Some(id)))
    };
    let prefix = prefix.filter(others).map(String::from);
    let tier = tier.name.to_string();
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
    use crate::engine::Limits;

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

    const POLICY: &str = r#"
policy    = "shares"
effective = 2026-10-01
timezone  = "Asia/Seoul"

[tiers.service]
keep  = "1 year"
group = "sv"

[groups.sv]
readers = ["User:archive"]

[sources.mail]
topics = ["mail.in"]
format = "json"
time   = "/at"

[[sources.mail.items]]
item = "at"
at   = "/at"
kind = "time"
do   = "keep"

[[sources.mail.routes]]
to = ["service"]

[recipients.desk]
duty    = "상담"
sources = ["mail"]
tiers   = ["service"]
enabled = true
"#;

    #[test]
    fn a_reader_reads_its_tiers_and_the_worker_writes_the_shares_too() {
        let policy = crate::policy::parse(std::path::Path::new("shares.toml"), POLICY).expect("a policy");
        let engine = Engine::new(policy.plan, Limits { past_days: 3, future_days: 1 }).expect("an engine");
        let told = |worker, expires| -> Vec<String> {
            let rights = rights(&engine, &policy.file, worker, expires);
            let told = |right: &Right| {
                format!("{} {} {}", right.principal, right.operations.join("+"), right.topics.join(" "))
            };
            rights.iter().map(told).collect()
        };
        assert_eq!(told(None, true), ["User:archive Read+Describe tier.service.mail"]);
        assert_eq!(
            told(Some("garim"), false),
            [
                "User:archive Read+Describe tier.service.mail",
                "User:garim Write+Describe+DescribeConfigs tier.service.mail",
                "User:garim Write+Describe+DescribeConfigs to.desk.service.mail",
            ]
        );
        assert!(told(Some("garim"), true)[2].starts_with("User:garim Write+Describe+DescribeConfigs+Delete "));
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
