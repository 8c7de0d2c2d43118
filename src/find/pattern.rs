//! A line format compiled to a splitter: nginx `log_format`, Apache `LogFormat`, or a regex with named groups.

/// A compiled line format.
#[derive(Debug, Clone)]
pub struct Pattern {}
