//! The tables of a policy file, section by section: which keys each may have, and of what type.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::file::{
    Also, Belongs, Category, Class, Clause, Condition, Do, Example, Field, File, Grant, Group, Header, Item, Keep,
    KindRule, Layout, Recipient, Route, Rule, Source, Tier, To, When,
};
use super::read::{Fields, Reader, Typed, Value};
use crate::diagnostic::Faults;

/// Takes the text of a policy file apart; complaints about its form go to `faults`.
///
/// `None` when the text is not TOML: what could be guessed from the rest would only add noise.
pub(super) fn read(text: &str, faults: &mut Faults) -> Option<File> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut keys = Vec::new();
        keys_of(document.get_ref(), &mut keys);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let twice = error.message().starts_with("duplicate key");
            let first = if twice { first_of(&span, text, &keys) } else { None };
            let fault = faults.error("G0002", span, format!("not TOML: {}", error.message()));
            fault.related.extend(first.map(|first| (first, "the first".to_owned())));
        }
        return None;
    }
    let mut reader = Reader { faults };
    Some(reader.file(document.get_ref()))
}

/// Where a key that stands twice stood first: the same header, or the last key before it that is called so.
fn first_of(span: &Range<usize>, text: &str, keys: &[Typed<String>]) -> Option<Range<usize>> {
    let from = text.get(..span.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(from..)?.lines().next()?;
    if line.starts_with('[') {
        let at = text.get(..from)?.find(line)? + (span.start - from);
        return Some(at..at + span.len());
    }
    let name = text.get(span.clone())?;
    let before = keys.iter().filter(|key| key.span.end <= span.start && key.value == name);
    before.max_by_key(|key| key.span.start).map(|key| key.span.clone())
}

/// Every key of a document, at any depth.
fn keys_of(table: &DeTable<'_>, keys: &mut Vec<Typed<String>>) {
    for (key, value) in table {
        keys.push(Typed::new(key.get_ref().to_string(), key.span()));
        let tables: Vec<&DeTable<'_>> = match value.get_ref() {
            DeValue::Table(inner) => vec![inner],
            DeValue::Array(array) => array.iter().filter_map(|value| value.get_ref().as_table()).collect(),
            _ => Vec::new(),
        };
        tables.into_iter().for_each(|table| keys_of(table, keys));
    }
}

const FILE: &[&str] = &[
    "policy",
    "effective",
    "timezone",
    "unlisted",
    "max-lateness",
    "holidays",
    "algorithm",
    "purposes",
    "events",
    "conditions",
    "tiers",
    "classes",
    "kinds",
    "sources",
    "recipients",
    "examples",
    "layout",
    "fields",
    "envelope",
    "categories",
    "groups",
    "also",
];
const LAYOUT: &[&str] = &["topic", "format", "time", "tenant", "category", "event", "items", "optional"];
const FIELD: &[&str] = &["label", "at", "when", "kind", "class", "do", "legal-basis", "allow", "parts"];
const CATEGORY: &[&str] =
    &["label", "at", "purpose", "basis", "required", "optional", "automatic", "class", "consent", "to", "not-in"];
const GROUP: &[&str] = &["label", "readers"];
const ALSO: &[&str] = &["when", "events", "sources", "except", "to"];
const GRANT: &[&str] = &["ground", "reason", "until"];
const CLAUSE: &[&str] = &["at", "in", "is", "not-in", "is-not", "present"];
const TIER: &[&str] = &[
    "label",
    "topic",
    "keep",
    "from",
    "basis",
    "legal-minimum",
    "late",
    "epoch",
    "algorithm",
    "tenants",
    "time",
    "group",
    "record-id",
    "when",
    "spread",
    "purpose",
    "holds",
    "body",
    "personal",
    "allow",
];
const CLASS: &[&str] = &["kind", "do", "allow"];
const KIND: &[&str] = &["do", "allow"];
const SOURCE: &[&str] = &[
    "label",
    "topics",
    "format",
    "encoding",
    "pattern",
    "syntax",
    "emit",
    "time",
    "tenant",
    "when",
    "tombstones",
    "quarantine",
    "key",
    "headers",
    "items",
    "routes",
    "categories",
];
const ITEM: &[&str] = &["item", "label", "at", "kind", "class", "do", "when", "purpose", "legal-basis", "allow"];
const CARRIER: &[&str] = &["kind", "class", "do", "legal-basis", "allow"];
const HEADER: &[&str] = &["name", "kind", "class", "do", "legal-basis", "allow"];
const ROUTE: &[&str] = &["when", "to"];
const RECIPIENT: &[&str] = &[
    "label", "duty", "country", "sources", "only", "tiers", "topic", "enabled", "when", "tenants", "holds", "items",
    "grant",
];
const EXAMPLE: &[&str] = &["name", "source", "given", "timestamp", "expect", "expect-refused"];

impl Reader<'_> {
    fn file(&mut self, document: &DeTable<'_>) -> File {
        let top = self.fields("the policy", FILE, 0..0, document);
        let file = File {
            policy: self.needed(&top, "policy"),
            effective: self.date(&top, "effective"),
            timezone: self.text(&top, "timezone"),
            unlisted: self.text(&top, "unlisted"),
            max_lateness: self.text(&top, "max-lateness"),
            holidays: self.text(&top, "holidays"),
            algorithm: self.text(&top, "algorithm"),
            purposes: top.get("purposes").map(|_| self.words(&top, "purposes")),
            events: self.words(&top, "events"),
            conditions: self.conditions(&top),
            tiers: self.tiers(&top),
            classes: self.classes(&top),
            kinds: self.kinds(&top),
            layout: self.layout(&top),
            fields: self.field_tables(&top, "fields"),
            envelope: self.field_tables(&top, "envelope"),
            categories: self.categories(&top),
            groups: self.groups(&top),
            also: self.also(&top),
            sources: self.sources(&top),
            recipients: self.recipients(&top),
            examples: self.examples(&top),
        };
        self.must_have(&top, "effective");
        self.must_have(&top, "timezone");
        self.must_have(&top, "tiers");
        self.must_have(&top, "sources");
        file
    }

    fn conditions(&mut self, top: &Fields<'_>) -> Vec<Condition> {
        let Some(value) = top.get("conditions") else {
            return Vec::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.mismatch(value, "a table of conditions", value.get_ref());
            return Vec::new();
        };
        let mut conditions = Vec::new();
        for (name, value) in self.entries(table) {
            let clauses = match value.get_ref() {
                DeValue::Array(array) => array.iter().filter_map(|value| self.clause(value)).collect(),
                _ => self.clause(value).into_iter().collect(),
            };
            conditions.push(Condition { name, clauses });
        }
        conditions
    }

    fn tiers(&mut self, top: &Fields<'_>) -> Vec<Tier> {
        let mut tiers = Vec::new();
        for (name, fields) in self.named(top, "tiers", "a tier", TIER) {
            tiers.push(Tier {
                name,
                label: self.text(&fields, "label"),
                topic: self.text(&fields, "topic"),
                keep: self.keep(&fields),
                from: self.texts(&fields, "from"),
                basis: self.text(&fields, "basis"),
                legal_minimum: self.flag(&fields, "legal-minimum"),
                late: self.text(&fields, "late"),
                epoch: self.text(&fields, "epoch"),
                algorithm: self.text(&fields, "algorithm"),
                tenants: self.flag(&fields, "tenants"),
                time: self.text(&fields, "time"),
                group: self.text(&fields, "group"),
                record_id: self.flag(&fields, "record-id"),
                when: self.when(&fields, "when"),
                spread: self.flag(&fields, "spread"),
                purpose: self.texts(&fields, "purpose"),
                holds: fields.get("holds").map(|value| self.strings(value)),
                body: self.text(&fields, "body"),
                personal: self.flag(&fields, "personal"),
                allow: self.text(&fields, "allow"),
            });
        }
        tiers
    }

    fn keep(&mut self, fields: &Fields<'_>) -> Option<Keep> {
        let value = fields.get("keep")?;
        match value.get_ref() {
            DeValue::Table(_) => {
                let until = self.table("a `keep`", &["until", "at-most"], value)?;
                self.must_have(&until, "until");
                let events = Typed::new(self.texts(&until, "until"), value.span());
                Some(Keep::Until { events, at_most: self.text(&until, "at-most") })
            }
            DeValue::String(text) => Some(Keep::For(Typed::new(text.to_string(), value.span()))),
            other => {
                self.mismatch(value, "a term such as \"3 months\" or { until = [\"event\"] }", other);
                None
            }
        }
    }

    fn classes(&mut self, top: &Fields<'_>) -> Vec<Class> {
        let mut classes = Vec::new();
        for (name, fields) in self.named(top, "classes", "a class", CLASS) {
            self.must_have(&fields, "do");
            classes.push(Class {
                name,
                kind: self.text(&fields, "kind"),
                act: self.act(&fields),
                allow: self.text(&fields, "allow"),
            });
        }
        classes
    }

    fn kinds(&mut self, top: &Fields<'_>) -> Vec<KindRule> {
        let mut kinds = Vec::new();
        for (name, fields) in self.named(top, "kinds", "a kind", KIND) {
            self.must_have(&fields, "do");
            kinds.push(KindRule { name, act: self.act(&fields), allow: self.text(&fields, "allow") });
        }
        kinds
    }

    fn sources(&mut self, top: &Fields<'_>) -> Vec<Source> {
        let mut sources = Vec::new();
        for (name, fields) in self.named(top, "sources", "a source", SOURCE) {
            // The layout and the categories say these where the source has categories.
            let parted = |value: &Value<'_>| value.get_ref().as_table().is_some_and(|table| !table.is_empty());
            if !fields.get("categories").is_some_and(parted) {
                for key in ["topics", "format", "time", "routes"] {
                    self.must_have(&fields, key);
                }
            }
            if fields.get("topics").is_some() && self.texts(&fields, "topics").is_empty() {
                self.faults.error("G0005", fields.place("topics"), "a source needs a topic");
            }
            let key = fields.get("key").and_then(|value| self.table("a key", CARRIER, value));
            sources.push(Source {
                name,
                label: self.text(&fields, "label"),
                topics: self.texts(&fields, "topics"),
                format: self.text(&fields, "format"),
                encoding: self.text(&fields, "encoding"),
                pattern: self.text(&fields, "pattern"),
                syntax: self.text(&fields, "syntax"),
                emit: self.text(&fields, "emit"),
                time: self.text(&fields, "time"),
                tenant: self.text(&fields, "tenant"),
                when: self.when(&fields, "when"),
                tombstones: self.text(&fields, "tombstones"),
                quarantine: self.text(&fields, "quarantine"),
                key: key.map(|key| self.rule(&key)),
                headers: self.headers(&fields),
                items: self.items(&fields),
                routes: self.routes(&fields),
                categories: self.categories(&fields),
                also: Vec::new(),
            });
        }
        sources
    }

    fn headers(&mut self, source: &Fields<'_>) -> Vec<Header> {
        let listed = self.listed(source, "headers", "a header", HEADER);
        listed.iter().map(|fields| Header { name: self.needed(fields, "name"), rule: self.rule(fields) }).collect()
    }

    fn items(&mut self, source: &Fields<'_>) -> Vec<Item> {
        let mut items = Vec::new();
        for fields in self.listed(source, "items", "an item", ITEM) {
            items.push(Item {
                belongs: Belongs::Source,
                not_in: Vec::new(),
                item: self.needed(&fields, "item"),
                label: self.text(&fields, "label"),
                at: self.needed(&fields, "at"),
                when: self.when(&fields, "when"),
                purpose: self.texts(&fields, "purpose"),
                rule: self.rule(&fields),
            });
        }
        items
    }

    fn routes(&mut self, source: &Fields<'_>) -> Vec<Route> {
        let mut routes = Vec::new();
        for fields in self.listed(source, "routes", "a route", ROUTE) {
            self.must_have(&fields, "to");
            routes.push(Route {
                span: fields.span.clone(),
                when: self.when(&fields, "when"),
                to: self.texts(&fields, "to"),
            });
        }
        routes
    }

    fn recipients(&mut self, top: &Fields<'_>) -> Vec<Recipient> {
        let mut recipients = Vec::new();
        for (name, fields) in self.named(top, "recipients", "a recipient", RECIPIENT) {
            for key in ["sources", "tiers"] {
                self.must_have(&fields, key);
                if fields.get(key).is_some() && self.texts(&fields, key).is_empty() {
                    self.faults.error("G0005", fields.place(key), format!("a recipient needs `{key}`"));
                }
            }
            recipients.push(Recipient {
                name,
                label: self.text(&fields, "label"),
                sources: self.texts(&fields, "sources"),
                tiers: self.texts(&fields, "tiers"),
                topic: self.text(&fields, "topic"),
                enabled: self.flag(&fields, "enabled"),
                when: self.when(&fields, "when"),
                tenants: self.list(&fields, "tenants"),
                only: self.lists(&fields, "only"),
                duty: self.text(&fields, "duty"),
                country: self.text(&fields, "country"),
                holds: fields.get("holds").map(|value| self.strings(value)),
                items: self.list(&fields, "items"),
                grant: self.grant(&fields),
            });
        }
        recipients
    }

    /// The list under `key`, with the place of the key.
    fn list(&mut self, fields: &Fields<'_>, key: &str) -> Option<Typed<Vec<Typed<String>>>> {
        let value = fields.get(key)?;
        Some(Typed::new(self.strings(value), fields.place(key)))
    }

    /// A table of lists under `key`.
    fn lists(&mut self, fields: &Fields<'_>, key: &str) -> Vec<(Typed<String>, Vec<Typed<String>>)> {
        let Some(value) = fields.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.mismatch(value, "a table of lists", value.get_ref());
            return Vec::new();
        };
        let entries = self.entries(table);
        entries.into_iter().map(|(name, value)| (name, self.strings(value))).collect()
    }

    fn grant(&mut self, recipient: &Fields<'_>) -> Option<Grant> {
        let fields = recipient.get("grant").and_then(|value| self.table("a grant", GRANT, value))?;
        for key in GRANT {
            self.must_have(&fields, key);
        }
        Some(Grant {
            span: fields.span.clone(),
            ground: self.text(&fields, "ground"),
            reason: self.text(&fields, "reason"),
            until: self.date(&fields, "until"),
        })
    }

    fn layout(&mut self, top: &Fields<'_>) -> Option<Layout> {
        let fields = top.get("layout").and_then(|value| self.table("the layout", LAYOUT, value))?;
        for key in ["topic", "format", "time", "category", "event", "items"] {
            self.must_have(&fields, key);
        }
        Some(Layout {
            span: fields.span.clone(),
            topic: self.text(&fields, "topic"),
            format: self.text(&fields, "format"),
            time: self.text(&fields, "time"),
            tenant: self.text(&fields, "tenant"),
            category: self.text(&fields, "category"),
            event: self.text(&fields, "event"),
            items: self.text(&fields, "items"),
            optional: self.when(&fields, "optional"),
        })
    }

    /// The fields below `key`, each `name = { label = "...", class = "..." }` or a table of its own.
    fn field_tables(&mut self, above: &Fields<'_>, key: &str) -> Vec<Field> {
        let mut all = Vec::new();
        for (name, fields) in self.named(above, key, "a field", FIELD) {
            all.push(Field {
                name,
                label: self.text(&fields, "label"),
                at: self.text(&fields, "at"),
                when: self.when(&fields, "when"),
                rule: self.rule(&fields),
                parts: self.field_tables(&fields, "parts"),
            });
        }
        all
    }

    fn categories(&mut self, above: &Fields<'_>) -> Vec<Category> {
        let mut categories = Vec::new();
        for (name, fields) in self.named(above, "categories", "a category", CATEGORY) {
            categories.push(Category {
                name,
                label: self.text(&fields, "label"),
                at: self.text(&fields, "at"),
                purpose: self.texts(&fields, "purpose"),
                basis: self.texts(&fields, "basis"),
                required: self.texts(&fields, "required"),
                optional: self.texts(&fields, "optional"),
                automatic: self.texts(&fields, "automatic"),
                class: self.classes_of(&fields),
                consent: self.when(&fields, "consent"),
                to: self.to(&fields),
                not_in: self.texts(&fields, "not-in"),
            });
        }
        categories
    }

    /// The `class` of a category: a table from fields to classes.
    fn classes_of(&mut self, category: &Fields<'_>) -> Vec<(Typed<String>, Typed<String>)> {
        let Some(value) = category.get("class") else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.mismatch(value, "a table such as { name = \"caller-name\" }", value.get_ref());
            return Vec::new();
        };
        let entries = self.entries(table);
        entries.into_iter().filter_map(|(field, value)| Some((field, self.string(value)?))).collect()
    }

    /// The tiers of a category: a list, or a table that gives the events of each.
    fn to(&mut self, category: &Fields<'_>) -> Vec<To> {
        let Some(value) = category.get("to") else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            return self.strings(value).into_iter().map(|tier| To { tier, events: None }).collect();
        };
        let entries = self.entries(table);
        entries.into_iter().map(|(tier, value)| To { tier, events: Some(self.strings(value)) }).collect()
    }

    /// A table from names to their words in the notice.
    fn words(&mut self, top: &Fields<'_>, key: &str) -> Vec<(Typed<String>, Typed<String>)> {
        let Some(value) = top.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.mismatch(value, "a table such as { login = \"로그인\" }", value.get_ref());
            return Vec::new();
        };
        let entries = self.entries(table);
        entries.into_iter().filter_map(|(name, value)| Some((name, self.string(value)?))).collect()
    }

    fn groups(&mut self, top: &Fields<'_>) -> Vec<Group> {
        let mut groups = Vec::new();
        for (name, fields) in self.named(top, "groups", "a group", GROUP) {
            groups.push(Group { name, label: self.text(&fields, "label"), readers: self.texts(&fields, "readers") });
        }
        groups
    }

    fn also(&mut self, top: &Fields<'_>) -> Vec<Also> {
        let mut all = Vec::new();
        for fields in self.listed(top, "also", "an `also`", ALSO) {
            self.must_have(&fields, "to");
            all.push(Also {
                span: fields.span.clone(),
                when: self.when(&fields, "when"),
                events: self.texts(&fields, "events"),
                sources: self.texts(&fields, "sources"),
                except: self.texts(&fields, "except"),
                to: self.texts(&fields, "to"),
            });
        }
        all
    }

    fn examples(&mut self, top: &Fields<'_>) -> Vec<Example> {
        let mut examples = Vec::new();
        for fields in self.listed(top, "examples", "an example", EXAMPLE) {
            let mut expect = Vec::new();
            let mut expects_nothing = false;
            if let Some(value) = fields.get("expect") {
                if let DeValue::Table(table) = value.get_ref() {
                    expects_nothing = table.is_empty();
                    for (tier, value) in self.entries(table) {
                        expect.extend(self.string(value).map(|text| (tier, text)));
                    }
                } else {
                    self.mismatch(value, "a table of tiers", value.get_ref());
                }
            }
            examples.push(Example {
                span: fields.span.clone(),
                name: self.needed(&fields, "name"),
                source: self.needed(&fields, "source"),
                given: self.needed(&fields, "given"),
                timestamp: self.instant(&fields, "timestamp"),
                expect,
                expects_nothing,
                expect_refused: self.text(&fields, "expect-refused"),
            });
        }
        examples
    }

    fn rule(&mut self, fields: &Fields<'_>) -> Rule {
        Rule {
            span: fields.span.clone(),
            kind: self.text(fields, "kind"),
            class: self.text(fields, "class"),
            act: self.act(fields),
            legal_basis: self.text(fields, "legal-basis"),
            allow: self.text(fields, "allow"),
        }
    }

    fn act(&mut self, fields: &Fields<'_>) -> Option<Typed<Do>> {
        let value = fields.get("do")?;
        let act = match value.get_ref() {
            DeValue::Table(table) => {
                let entries = self.entries(table);
                Do::By(entries.into_iter().map(|(name, value)| (name, self.strings(value))).collect())
            }
            _ => Do::Same(self.strings(value)),
        };
        Some(Typed::new(act, fields.place("do")))
    }

    fn when(&mut self, fields: &Fields<'_>, key: &str) -> Vec<When> {
        let Some(value) = fields.get(key) else {
            return Vec::new();
        };
        match value.get_ref() {
            DeValue::Array(array) => array.iter().filter_map(|value| self.part(value)).collect(),
            _ => self.part(value).into_iter().collect(),
        }
    }

    fn part(&mut self, value: &Value<'_>) -> Option<When> {
        match value.get_ref() {
            DeValue::String(name) => Some(When::Named(Typed::new(name.to_string(), value.span()))),
            _ => self.clause(value).map(When::Clause),
        }
    }

    fn clause(&mut self, value: &Value<'_>) -> Option<Clause> {
        let fields = self.table("a condition", CLAUSE, value)?;
        let values = fields.get("in").or_else(|| fields.get("is")).map(|value| self.scalars(value));
        let clause = Clause {
            span: value.span(),
            at: self.needed(&fields, "at"),
            values,
            not: fields.get("not-in").or_else(|| fields.get("is-not")).map(|value| self.scalars(value)),
            present: self.flag(&fields, "present"),
        };
        let tests = ["in", "is", "not-in", "is-not", "present"].iter().filter(|key| fields.get(key).is_some()).count();
        if tests != 1 {
            let message = format!("a condition asks one thing of its field, this one asks {tests}");
            self.faults.error("G0116", value.span(), message).help = Some(
                "write one of `in = [\"a\", \"b\"]`, `is = \"a\"`, `not-in`, `is-not`, `present = true`".to_owned(),
            );
        }
        Some(clause)
    }
}
