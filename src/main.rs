//! The verbs of garim.
fn main() {}
