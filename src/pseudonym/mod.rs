//! Value and epoch key to token.

pub mod epoch;
