//! One complaint about one place in a file.
