//! record/time
