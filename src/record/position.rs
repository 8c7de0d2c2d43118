//! Where a record stands in its topic.

/// Partition and offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Partition number, from 0.
    pub partition: i32,
    /// Offset of the record, from 0.
    pub offset: i64,
}
