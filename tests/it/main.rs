//! All tests that need no broker; the list of modules only.
