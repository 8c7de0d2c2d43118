//! find/text
