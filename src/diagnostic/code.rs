//! What each code means, for `garim explain`; a test holds every code that the sources use against this table.

/// A code, what it stands for, and what to do about it.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// `G0103`.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it is a fault, and what to do.
    pub text: &'static str,
}

/// What `code` means, whatever its case.
pub fn explain(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|entry| entry.code.eq_ignore_ascii_case(code))
}

const fn entry(code: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text }
}

/// Every code, in order. `G00..` is for any file, `G01..` for the policy, `G02..` for `garim.toml`.
pub const CODES: &[Code] = &[
    entry(
        "G0001",
        "a file cannot be read",
        "The path does not exist, is not a regular file, may not be read by this user, or is not UTF-8. Look at the path and its rights.",
    ),
    entry("G0201", "the settings are not TOML", "The file breaks the grammar of TOML 1.0 at the place shown."),
    entry(
        "G0202",
        "an unknown setting",
        "No setting of garim has this name; what is not understood is never ignored. config/garim.toml shows every key. A variable GARIM__SECTION__KEY is `key` of `[section]`.",
    ),
    entry("G0203", "a setting is missing", "It has no default: write it, or set its variable GARIM__SECTION__KEY."),
    entry(
        "G0204",
        "a setting has a value that it cannot have",
        "The value is of another kind, outside of its bounds, or none of the choices. The message names what is allowed.",
    ),
    entry(
        "G0205",
        "a variable that is not set, or not allowed here",
        "`${NAME}` stands for a variable in brokers, group, instance and properties of the client library only; an unset variable is a fault, unless it has a default: `${NAME:-default}`.",
    ),
    entry(
        "G0206",
        "a property of the client library that is refused",
        "garim sets it itself, because exactly-once depends on it; or librdkafka knows neither the name nor the value. Names are those of its CONFIGURATION.md.",
    ),
    entry("G0207", "settings of a newer version", "A newer garim wrote this file; this one cannot tell what it means."),
    entry(
        "G0208",
        "records would cross the network unencrypted",
        "Input records are personal data. Set `security.protocol` to SSL or SASL_SSL, or say `allow-plaintext = true` where the network itself is protected.",
    ),
    entry(
        "G0209",
        "the file of a secret cannot be read",
        "A property `<name>_file` takes its value from that file. Look at the path and its rights.",
    ),
];
