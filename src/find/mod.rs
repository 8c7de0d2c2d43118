//! Bytes in, sorted disjoint findings out.

mod abroad;
mod address;
mod birth;
mod block;
mod country;
mod device;
pub mod document;
pub mod encoded;
pub mod escape;
pub mod evidence;
mod fold;
mod gate;
pub mod json;
mod label;
mod lexicon;
mod licence;
mod name;
mod net;
mod number;
pub mod path;
pub mod pattern;
mod payment;
mod plate;
mod reader;
mod registration;
pub mod restore;
#[cfg(test)]
mod rows;
pub mod scan;
mod settle;
pub mod sweep;
mod telephone;
pub mod text;

use self::encoded::Layers;
use self::evidence::Evidence;
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
    /// How the text is written where it stands.
    pub layers: Layers,
    /// What speaks for it.
    pub evidence: Evidence,
}
