//! find/fold
