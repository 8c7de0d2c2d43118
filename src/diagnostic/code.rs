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
pub const CODES: &[Code] = &[entry(
    "G0001",
    "a file cannot be read",
    "The path does not exist, is not a regular file, may not be read by this user, or is not UTF-8. Look at the path and its rights.",
)];
