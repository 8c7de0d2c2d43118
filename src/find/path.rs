//! find/path
