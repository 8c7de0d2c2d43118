//! `garim.toml` to [`Settings`]: where garim runs, as the operator wrote it, or every fault of it at once.
//!
//! The file is walked by hand: each value keeps its place, so that a complaint can show it. What a record becomes is never
//! decided here, that is the policy's; no variable and no flag changes the policy.

mod layers;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::quarantine::{HeaderStyle, Sealer};
use crate::diagnostic::{Diagnostic, Faults, nearest};
use crate::engine::Limits;
use crate::flow::{self, LostInput, Rules};
use crate::kafka::settings::{Delivery, KafkaSettings, TRANSACTION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS_MIN};
use crate::limits::{LANES_MAX, REFUSED_WINDOW};
use layers::{ENVIRONMENT, FLAGS, Layers, Leaf, PROPERTIES, Place, Value};

/// Version of the settings file that this garim reads.
pub const VERSION: i64 = 1;

/// Where `run` listens by default; 9464 is the port of Prometheus exporters that nothing common uses.
pub const HTTP_ADDRESS: &str = "127.0.0.1:9464";

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The policy file, if the settings name one.
    pub policy: Option<PathBuf>,
    /// Brokers, group, instance, properties of the client library.
    pub kafka: KafkaSettings,
    /// How long the brokers may be away at start, in milliseconds.
    pub start_wait_ms: u64,
    /// Lanes of this process, 1 to `LANES_MAX`.
    pub lanes: usize,
    /// When windows commit, and what stops a lane.
    pub rules: Rules,
    /// How long a stop may take, in milliseconds.
    pub shutdown_ms: u64,
    /// Bounds on event times.
    pub limits: Limits,
    /// The key store, if the settings name one.
    pub keys: Option<PathBuf>,
    /// Days of event time from today on for which keys must exist, or `run` does not start; `None` asks for none.
    pub horizon_days: Option<u32>,
    /// The log of acts and windows.
    pub audit: AuditSettings,
    /// What `run` does about topics.
    pub topics: TopicsSettings,
    /// Who may sign acts of two people: name and Ed25519 public key (base64 of 32 bytes), in the file's order of names.
    pub people: Vec<(String, String)>,
    /// The age recipient to which refused records are sealed, if they are kept at all.
    pub quarantine_recipient: Option<Sealer>,
    /// Whose names the headers of notices have.
    pub header_style: HeaderStyle,
    /// Where `/metrics` and the health pages are served; `None` means nowhere.
    pub http: Option<SocketAddr>,
}

/// Where this host keeps its copy of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSettings {
    /// The folder of the trees that this host follows into; `None` follows nothing.
    pub dir: Option<PathBuf>,
    /// The Ed25519 key (PKCS#8 PEM) that signs checkpoints.
    pub signing_key: Option<PathBuf>,
    /// The name of the log in its checkpoints; `garim` by default, as where there are no settings.
    pub name: String,
}

/// What `run` does about the topics of tiers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopicsSettings {
    /// Whether it deletes every day what is due.
    pub expire: bool,
    /// What it does where the brokers do not say how topics are configured, and so nobody knows whether a window holds.
    pub unverified: Unverified,
}

/// What is done where nobody knows whether a window holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unverified {
    /// `run` does not start.
    #[default]
    Refuse,
    /// It starts, and warns.
    Warn,
    /// Nobody is asked: an embedded cluster does not know its topics' settings.
    Unasked,
}

/// Days for which keys must exist by default: a week, in which somebody notices the warnings that come before.
pub const HORIZON_DAYS: u32 = 7;

/// Below this stand names of people.
const PEOPLE: &str = "open.people.";

/// Every key but those below `[kafka.properties]` and `[open.people]`.
const KEYS: [&str; 29] = [
    "version",
    "policy",
    "kafka.brokers",
    "kafka.group",
    "kafka.allow-plaintext",
    "kafka.start-wait-ms",
    "kafka.transaction-timeout-ms",
    "kafka.lost-input",
    "worker.instance",
    "worker.lanes",
    "worker.delivery",
    "worker.commit-ms",
    "worker.commit-records",
    "worker.commit-bytes",
    "worker.max-refused",
    "worker.shutdown-ms",
    "keys.dir",
    "keys.horizon",
    "audit.dir",
    "audit.signing-key",
    "audit.name",
    "topics.expire",
    "topics.unverified",
    "quarantine.recipient",
    "quarantine.header-style",
    "limits.past-days",
    "limits.future-days",
    "http.address",
    "http.enabled",
];

/// The name of this host; empty where the system does not tell it.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// Reads settings from files or folders, the environment of the process, and flags (`-X name=value`).
///
/// # Errors
/// All faults at once.
pub fn load(paths: &[PathBuf], properties: &[(String, String)]) -> Result<Settings, Faults> {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    load_from(paths, &environment, properties)
}

/// As [`load`], from a given environment.
///
/// # Errors
/// All faults at once.
pub fn load_from(
    paths: &[PathBuf],
    environment: &[(String, String)],
    properties: &[(String, String)],
) -> Result<Settings, Faults> {
    let mut layers = Layers::default();
    paths.iter().for_each(|path| layers.path(path));
    layers.environment(environment);
    layers.properties(properties);
    let mut reader = Reader { layers, environment };
    let settings = reader.settings(paths.first().map_or(Path::new(ENVIRONMENT), PathBuf::as_path));
    reader.leftovers();
    let mut faults = reader.layers.faults;
    faults.sort();
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

/// Takes values out of the layers; what nobody took is unknown.
struct Reader<'a> {
    layers: Layers,
    environment: &'a [(String, String)],
}

impl Reader<'_> {
    fn settings(&mut self, main: &Path) -> Settings {
        self.version();
        let exactly = "exactly-once";
        let delivery = match self.choice("worker.delivery", &[exactly, "at-least-once"]) {
            1 => Delivery::AtLeastOnce,
            _ => Delivery::ExactlyOnce,
        };
        let lost_input = match self.choice("kafka.lost-input", &["stop", "continue"]) {
            1 => LostInput::Continue,
            _ => LostInput::Stop,
        };
        let transaction_timeout_ms = self.whole(
            "kafka.transaction-timeout-ms",
            u64::from(TRANSACTION_TIMEOUT_MS_MIN)..=900_000,
            u64::from(TRANSACTION_TIMEOUT_MS),
        );
        let commit_ms = self.whole("worker.commit-ms", 10..=transaction_timeout_ms / 2, 1_000);
        let rules = Rules {
            delivery: match delivery {
                Delivery::ExactlyOnce => flow::Delivery::ExactlyOnce,
                Delivery::AtLeastOnce => flow::Delivery::AtLeastOnce,
            },
            lost_input,
            commit_ms,
            commit_records: self.whole("worker.commit-records", 1..=400_000, 100_000),
            commit_bytes: self.whole("worker.commit-bytes", 1..=256 << 20, 64 << 20),
            refused_window: REFUSED_WINDOW,
            refused_max: (self.share("worker.max-refused", 0.05) * REFUSED_WINDOW as f64) as u64,
        };
        let http = self.flag("http.enabled", true);
        let kafka = self.kafka(main, delivery, transaction_timeout_ms as u32);
        let address = self.address();
        Settings {
            policy: self.file("policy"),
            start_wait_ms: self.whole("kafka.start-wait-ms", 1..=3_600_000, 30_000),
            lanes: self.whole("worker.lanes", 1..=LANES_MAX as u64, 1) as usize,
            shutdown_ms: self.whole("worker.shutdown-ms", 100..=3_600_000, 60_000),
            limits: Limits {
                past_days: self.whole("limits.past-days", 0..=36_500, 30) as u32,
                future_days: self.whole("limits.future-days", 0..=3_650, 1) as u32,
            },
            keys: self.file("keys.dir"),
            horizon_days: self.horizon(),
            people: self.people(),
            quarantine_recipient: self.recipient(),
            header_style: HeaderStyle::ALL[self.choice("quarantine.header-style", &HeaderStyle::NAMES)],
            http: address.filter(|_| http),
            audit: AuditSettings {
                dir: self.file("audit.dir"),
                signing_key: self.file("audit.signing-key"),
                name: self.text("audit.name").map_or_else(|| String::from("garim"), |(text, _)| text),
            },
            topics: TopicsSettings {
                expire: self.flag("topics.expire", false),
                unverified: match self.choice("topics.unverified", &["refuse", "warn"]) {
                    1 => Unverified::Warn,
                    _ => Unverified::Refuse,
                },
            },
            kafka,
            rules,
        }
    }

    /// `"7 days"`, or `"off"`.
    fn horizon(&mut self) -> Option<u32> {
        let Some((text, place)) = self.text("keys.horizon") else { return Some(HORIZON_DAYS) };
        if text == "off" {
            return None;
        }
        let days = text.strip_suffix(" days").or_else(|| text.strip_suffix(" day")).and_then(|days| days.parse().ok());
        let days = days.filter(|days| (1..=3_650).contains(days));
        if days.is_none() {
            let help = "write `7 days` (1 to 3650), or `off` where old records are read again";
            self.fault(&place, "G0204", String::from("`keys.horizon` is not a number of days"), help);
        }
        days
    }

    /// The recipient of refused records. A private key in its place is not shown, whatever else is complained of.
    fn recipient(&mut self) -> Option<Sealer> {
        let (text, place) = self.text("quarantine.recipient")?;
        Sealer::new(&text).map_err(|fault| self.fault(&place, "G0210", fault.to_string(), fault.help())).ok()
    }

    /// The people of `[open.people]`: whatever names the file has there.
    fn people(&mut self) -> Vec<(String, String)> {
        let names: Vec<String> = self.layers.leaves.keys().filter(|name| name.starts_with(PEOPLE)).cloned().collect();
        let text = |name: &String| Some((name[PEOPLE.len()..].to_owned(), self.text(name)?.0));
        names.iter().filter_map(text).collect()
    }

    fn version(&mut self) {
        let Some(leaf) = self.take("version") else { return };
        match leaf.value {
            Value::Whole(VERSION) => {}
            Value::Whole(newer) if newer > VERSION => self.fault(
                &leaf.place,
                "G0207",
                format!("version {newer} is newer than this garim reads ({VERSION})"),
                "use a newer garim, or write `version = 1`",
            ),
            _ => self.fault(&leaf.place, "G0204", String::from("no such version"), "write `version = 1`"),
        }
    }

    fn kafka(&mut self, main: &Path, delivery: Delivery, transaction_timeout_ms: u32) -> KafkaSettings {
        // What a file with a broken line does not say may stand in that line.
        let readable = self.layers.faults.diagnostics.iter().all(|fault| fault.code != "G0201");
        let named = self.layers.leaves.contains_key("kafka.brokers") || !readable;
        let brokers = self.connection("kafka.brokers");
        if !named {
            let missing = Diagnostic::error("G0203", main, None, "`kafka.brokers` is missing")
                .help("write `brokers = \"host:9092\"` in [kafka], or set GARIM__KAFKA__BROKERS");
            self.layers.faults.diagnostics.push(missing);
        }
        let places = self.properties();
        let settings = KafkaSettings {
            brokers: brokers.as_ref().map(|(text, _)| text.clone()).unwrap_or_default(),
            group: self.connection("kafka.group").map_or_else(|| String::from("garim"), |(text, _)| text),
            instance: self.instance(),
            delivery,
            allow_plaintext: self.flag("kafka.allow-plaintext", false),
            transaction_timeout_ms,
            properties: places.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect(),
        };
        for fault in settings.faults() {
            let place = match &fault.property {
                Some(property) => places.iter().find(|(name, ..)| name == property).map(|(.., place)| place),
                None => brokers.as_ref().map(|(_, place)| place),
            };
            let code = if fault.property.is_some() { "G0206" } else { "G0208" };
            if let Some(place) = place.cloned() {
                self.fault(&place, code, fault.message, &fault.help);
            }
        }
        settings
    }

    /// The name of this process in its group: stable over restarts, so it is the host's by default.
    fn instance(&mut self) -> String {
        let given = self.connection("worker.instance");
        if let Some((text, place)) = &given
            && (text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
        {
            self.fault(
                place,
                "G0204",
                String::from("`worker.instance` is made of letters, digits, `-`, `_` and `.`"),
                "it becomes part of the transactional id",
            );
        }
        given.map(|(text, _)| text).unwrap_or_else(|| {
            let host = host();
            if host.is_empty() { String::from("garim") } else { host }
        })
    }

    /// Properties of the client library: name, value, place. `<name>_file` reads the value from a file.
    fn properties(&mut self) -> Vec<(String, String, Place)> {
        let names: Vec<String> =
            self.layers.leaves.keys().filter(|name| name.starts_with(PROPERTIES)).cloned().collect();
        let mut properties = Vec::new();
        for name in names {
            let Some(leaf) = self.layers.leaves.remove(&name) else { continue };
            let property = &name[PROPERTIES.len()..];
            let text = match &leaf.value {
                Value::Text(text) => self.interpolated(&name, text, &leaf.place),
                Value::Whole(whole) => Some(whole.to_string()),
                Value::Share(share) => Some(share.to_string()),
                Value::Flag(flag) => Some(flag.to_string()),
                Value::Other(kind) => {
                    self.wrong_kind(&name, &leaf, "a string", kind);
                    None
                }
            };
            let Some(text) = text else { continue };
            match property.strip_suffix("_file") {
                Some(twin) => {
                    if let Some(secret) = self.secret(Path::new(&text), &leaf.place) {
                        properties.push((twin.to_owned(), secret, leaf.place));
                    }
                }
                None => properties.push((property.to_owned(), text, leaf.place)),
            }
        }
        properties
    }

    fn secret(&mut self, path: &Path, place: &Place) -> Option<String> {
        let path = beside(path, place);
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", path.display());
                self.fault(place, "G0209", message, "the file holds the value of the property, and nothing else");
                None
            }
        }
    }

    fn take(&mut self, key: &str) -> Option<Leaf> {
        self.layers.leaves.remove(key)
    }

    fn text(&mut self, key: &str) -> Option<(String, Place)> {
        let leaf = self.take(key)?;
        match leaf.value {
            Value::Text(text) => Some((text, leaf.place)),
            // A variable `GARIM__KAFKA__GROUP=7` is a string all the same.
            Value::Whole(whole) if leaf.place.file == Path::new(ENVIRONMENT) => Some((whole.to_string(), leaf.place)),
            ref other => {
                self.wrong_kind(key, &leaf, "a string", other.kind());
                None
            }
        }
    }

    /// A text in which `${NAME}` stands for a variable.
    fn connection(&mut self, key: &str) -> Option<(String, Place)> {
        let (text, place) = self.text(key)?;
        self.interpolated(key, &text, &place).map(|text| (text, place))
    }

    /// A path, which is counted from the folder of the file that names it.
    fn file(&mut self, key: &str) -> Option<PathBuf> {
        let (text, place) = self.text(key)?;
        if text.contains("${") {
            let message = format!("`{key}` takes no variables");
            let help = "only brokers, group, instance and properties of the client library do; \
                        set the whole value by GARIM__SECTION__KEY";
            self.fault(&place, "G0205", message, help);
        }
        Some(beside(Path::new(&text), &place))
    }

    fn address(&mut self) -> Option<SocketAddr> {
        let (text, place) = match self.text("http.address") {
            Some(given) => given,
            None => return HTTP_ADDRESS.parse().ok(),
        };
        let parsed = text.parse();
        if parsed.is_err() {
            let message = String::from("`http.address` is not an address with a port");
            self.fault(&place, "G0204", message, "write `127.0.0.1:9464`, or `0.0.0.0:9464` inside a container");
        }
        parsed.ok()
    }

    fn choice(&mut self, key: &str, choices: &[&str]) -> usize {
        let Some((text, place)) = self.text(key) else { return 0 };
        choices.iter().position(|choice| *choice == text).unwrap_or_else(|| {
            let message = format!("`{key}` is one of `{}`", choices.join("`, `"));
            let help = nearest(&text, choices.iter().copied())
                .map_or_else(|| format!("the default is `{}`", choices[0]), |near| format!("did you mean `{near}`?"));
            self.fault(&place, "G0204", message, &help);
            0
        })
    }

    fn flag(&mut self, key: &str, default: bool) -> bool {
        let Some(leaf) = self.take(key) else { return default };
        match leaf.value {
            Value::Flag(flag) => flag,
            ref other => {
                self.wrong_kind(key, &leaf, "true or false", other.kind());
                default
            }
        }
    }

    fn whole(&mut self, key: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(leaf) = self.take(key) else { return default };
        match leaf.value {
            Value::Whole(whole) if u64::try_from(whole).is_ok_and(|whole| range.contains(&whole)) => whole as u64,
            Value::Whole(whole) => {
                let message = format!("`{key}` is {whole}, outside of {} to {}", range.start(), range.end());
                self.fault(&leaf.place, "G0204", message, &format!("the default is {default}"));
                default
            }
            ref other => {
                self.wrong_kind(key, &leaf, "a whole number", other.kind());
                default
            }
        }
    }

    fn share(&mut self, key: &str, default: f64) -> f64 {
        let Some(leaf) = self.take(key) else { return default };
        let share = match leaf.value {
            Value::Share(share) => share,
            Value::Whole(whole) => whole as f64,
            ref other => {
                self.wrong_kind(key, &leaf, "a number from 0 to 1", other.kind());
                return default;
            }
        };
        if (0.0..=1.0).contains(&share) {
            return share;
        }
        let help = "it is the share of refused records that stops a lane; 1 means never";
        self.fault(&leaf.place, "G0204", format!("`{key}` is not a number from 0 to 1"), help);
        default
    }

    fn interpolated(&mut self, key: &str, text: &str, place: &Place) -> Option<String> {
        let lookup = |name: &str| self.environment.iter().find(|(other, _)| other == name).map(|(_, value)| &**value);
        match interpolate(text, lookup) {
            Ok(text) => Some(text),
            Err(message) => {
                let help = "`${NAME}` is the variable NAME, `${NAME:-default}` has a default, `$$` is a dollar sign";
                self.fault(place, "G0205", format!("`{key}`: {message}"), help);
                None
            }
        }
    }

    fn wrong_kind(&mut self, key: &str, leaf: &Leaf, wanted: &str, found: &str) {
        let place = leaf.place.clone();
        self.fault(&place, "G0204", format!("`{key}` is {wanted}, not {found}"), "see config/garim.toml for every key");
    }

    fn leftovers(&mut self) {
        for (name, leaf) in std::mem::take(&mut self.layers.leaves) {
            let near = nearest(&name, KEYS).map(|near| format!("did you mean `{near}`?"));
            let unknown = Diagnostic::error("G0202", &leaf.place.file, leaf.place.key, format!("unknown key `{name}`"))
                .label("no setting of garim")
                .help(near.unwrap_or_else(|| String::from("see config/garim.toml for every key")));
            self.layers.faults.diagnostics.push(unknown);
        }
    }

    fn fault(&mut self, place: &Place, code: &'static str, message: String, help: &str) {
        let fault = Diagnostic::error(code, &place.file, place.value.clone(), message).help(help);
        self.layers.faults.diagnostics.push(fault);
    }
}

/// A path as the file that names it means it.
fn beside(path: &Path, place: &Place) -> PathBuf {
    let outside = place.file == Path::new(ENVIRONMENT) || place.file == Path::new(FLAGS);
    match place.file.parent() {
        Some(folder) if !outside => folder.join(path),
        _ => path.to_owned(),
    }
}

/// Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}` by variables, and `$$` by a dollar sign.
///
/// # Errors
/// A sentence that names the variable; no value is repeated.
fn interpolate<'a>(text: &str, lookup: impl Fn(&str) -> Option<&'a str>) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
            continue;
        }
        let inner = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((inner, after)) = inner else {
            return Err(String::from("a `$` stands alone"));
        };
        rest = after;
        let (name, otherwise) = match inner.find(':') {
            Some(colon) => (&inner[..colon], Some(&inner[colon + 1..])),
            None => (inner, None),
        };
        match (lookup(name).filter(|value| !value.is_empty()), otherwise.and_then(|text| text.split_at_checked(1))) {
            (Some(value), _) => result.push_str(value),
            (None, Some(("-", default))) => result.push_str(default),
            (None, Some(("?", message))) => return Err(format!("the variable {name} is not set: {message}")),
            (None, _) => return Err(format!("the variable {name} is not set")),
        }
    }
    result.push_str(rest);
    Ok(result)
}
