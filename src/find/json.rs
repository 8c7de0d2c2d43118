//! find/json
