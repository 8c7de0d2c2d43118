//! The shape of what stays visible.

pub mod generalize;

/// How a mask looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskShape {
    /// The form of the kind (`010-****-1234`, `ab***@example.com`); a value that is not of its kind is redacted.
    OfKind,
    /// Nothing stays: `****`, whatever the length.
    Redact,
    /// So many characters stay at the start and at the end; every other one becomes `*`.
    /// Where they would cover the whole value, it is redacted.
    Edges {
        /// Characters kept at the start.
        first: u8,
        /// Characters kept at the end.
        last: u8,
    },
}
