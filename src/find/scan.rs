//! find/scan
