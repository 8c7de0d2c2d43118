//! Bytes in, sorted disjoint findings out.

pub mod escape;
mod fold;
pub mod json;
mod label;
mod net;
mod number;
pub mod path;
pub mod pattern;
mod reader;
pub mod scan;
pub mod text;

use crate::kind::Kind;
use crate::record::Span;

/// An identifier found inside a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The bytes of the original text that it covers, escapes and invisible characters included.
    pub span: Span,
    /// Where its plain form stands, if that differs from the original bytes: a range of `TextScratch::folded`.
    pub folded: Option<Span>,
}
