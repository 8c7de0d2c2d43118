//! All that can happen to a lane, and all that a lane can ask for.

/// One partition of one input topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Part {
    /// Index of the topic in `Engine::inputs`.
    pub input: u16,
    /// Partition number, from 0.
    pub partition: i32,
}

/// Where reading of a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The partition has no committed offset: its first record that still exists.
    Earliest,
    /// The offset that is committed on the broker.
    Offset(i64),
}

impl From<Option<i64>> for Start {
    fn from(committed: Option<i64>) -> Self {
        committed.map_or(Self::Earliest, Self::Offset)
    }
}

/// What a fault of the broker or the client library means for the lane; the library's own words stay outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// May heal by itself: time-outs, coordinators that move, offsets of a transaction that is still open.
    Retriable,
    /// The transaction cannot commit; the next one may.
    Abortable,
    /// The producer is of no more use (also every error without a flag).
    Fatal,
    /// Another producer holds the transactional id, or the broker ended the transaction itself.
    Fenced,
    /// The broker will never take this record: too large, invalid timestamp, invalid record.
    Record,
    /// Authentication or an ACL refused us; waiting does not help.
    Authorization,
    /// A topic that must exist does not.
    TopicMissing,
    /// No broker answers.
    BrokerAway,
    /// We are no longer a member of the group (generation or member id invalid, polled too late).
    GroupLeft,
    /// A committed offset no longer exists on the broker: input was lost before it was read.
    OffsetLost,
}

/// Neighbouring records of one partition in a polled batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Their partition.
    pub part: Part,
    /// Offset of the first.
    pub first: i64,
    /// Offset of the last; offsets rise from first to last, gaps are allowed (control records, compaction).
    pub last: i64,
    /// How many.
    pub records: u64,
    /// Bytes of their values and keys.
    pub bytes: u64,
}

/// What a window read of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The partition.
    pub part: Part,
    /// The offset at which the window began to read: the committed one, else that of its first record.
    pub from: i64,
    /// The offset that the window commits: one past its last record.
    pub next: i64,
}

/// Records of the batch that must not be treated: they were taken before their partition was sought or revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// Their partition.
    pub part: Part,
    /// Those with a lower offset; `i64::MAX` means all.
    pub below: i64,
}

/// Everything that can happen to a lane.
///
/// All but [`Event::Stop`], [`Event::Reload`] and [`Event::Doubt`] answer the one command that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The lane begins. Comes once, first.
    Start,
    /// `Poll` took records.
    Polled(Vec<Taken>),
    /// `Poll` found nothing.
    Idle,
    /// `Poll` met a rebalance that waits for `Assign`.
    Assigned(Vec<Part>),
    /// `Poll` met a rebalance that waits for `Release`.
    Revoked {
        /// What we have to give up.
        parts: Vec<Part>,
        /// The group has already given them to others: nothing of them can be committed.
        lost: bool,
    },
    /// `Poll` found that the committed offset of this partition no longer exists.
    OffsetLost(Part),
    /// `Treat` is done.
    Treated {
        /// Outputs and notices that `Produce` will send.
        outputs: u64,
        /// Their bytes.
        bytes: u64,
        /// Records refused, whole or in some of their lines.
        refused: u64,
    },
    /// `Treat` needs a key that should exist and was never made.
    KeyMissing,
    /// The command was carried out.
    Done,
    /// `ReadCommitted` is done: the offset committed on the broker, where there is one.
    Committed(Vec<(Part, Option<i64>)>),
    /// The command failed, or its outcome is unknown.
    Failed(FaultClass),
    /// The producer saw a disconnect or a time-out: an answer may have been lost. Comes before the answer of a command.
    Doubt,
    /// The policy is to be read again at the next boundary between transactions.
    Reload,
    /// The lane is to finish, commit and leave before this time, in milliseconds of the lane's clock.
    Stop {
        /// When the lane gives up.
        deadline_ms: u64,
    },
}

/// Everything a lane can ask for. One command is under way at a time; it is answered by one [`Event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take records: at most `records_max`, after waiting at most `wait_ms` for the first.
    Poll {
        /// Longest wait in milliseconds.
        wait_ms: u64,
        /// Most records of this batch.
        records_max: usize,
    },
    /// Treat the batch, without its stale records; condemned ones (partition, offset) become refusals `undeliverable`.
    Treat {
        /// Not to be treated; empty but for rare races.
        stale: Vec<Stale>,
        /// To be refused; empty but for records that the broker would not take.
        condemned: Vec<(Part, i64)>,
    },
    /// Begin a transaction.
    Begin,
    /// Hand outputs and notices of the treated batch to the producer.
    Produce,
    /// Hand the entry of the window to the producer: the last message of the window.
    Enter {
        /// What it has read.
        ranges: Vec<Range>,
        /// Counts the runs of this lane from 0; each has a name of its own.
        run: u32,
        /// Counts the windows of the run from 0: every number is that of one committed window, without gaps.
        seq: u64,
    },
    /// Wait until all that was produced is delivered (at-least-once only).
    Flush,
    /// Check group membership, then add these next offsets to the transaction.
    SendOffsets(Vec<(Part, i64)>),
    /// Commit the transaction.
    Commit,
    /// Commit these next offsets by the consumer (at-least-once only).
    CommitOffsets(Vec<(Part, i64)>),
    /// Abort the transaction.
    Abort,
    /// Drop the producer, make a new one, and initialise it: that ends whatever its predecessor left open.
    Rebuild,
    /// Read the committed offsets of these partitions from the broker; wait for open transactions to end.
    ReadCommitted(Vec<Part>),
    /// Continue reading of assigned partitions here; what was fetched before is void.
    Seek(Vec<(Part, Start)>),
    /// Begin to read these partitions here; ends the rebalance.
    Assign(Vec<(Part, Start)>),
    /// Give these partitions up; ends the rebalance.
    Release(Vec<Part>),
    /// Do nothing for this long, in milliseconds.
    Wait(u64),
    /// Take the new policy.
    Reload,
    /// Leave the group.
    Close,
    /// The lane has ended; nothing follows.
    Exit(Ending),
}

impl Command {
    /// How long the command may take before the watchdog ends the process, in milliseconds.
    ///
    /// Calls of the client library can ignore their time-out (a group coordinator that is down); ending the process
    /// is safe, because all that counts is on the broker.
    pub const fn limit_ms(&self) -> u64 {
        match self {
            Self::Poll { wait_ms, .. } => *wait_ms + crate::limits::CALL_LIMIT_MS,
            Self::Wait(wait_ms) => *wait_ms + crate::limits::CALL_LIMIT_MS,
            Self::Begin
            | Self::Produce
            | Self::Enter { .. }
            | Self::Flush
            | Self::SendOffsets(_)
            | Self::Commit
            | Self::CommitOffsets(_)
            | Self::Abort
            | Self::Rebuild
            | Self::ReadCommitted(_)
            | Self::Seek(_)
            | Self::Assign(_)
            | Self::Release(_)
            | Self::Close => crate::limits::CALL_LIMIT_MS,
            Self::Treat { .. } | Self::Reload | Self::Exit(_) => crate::limits::TREAT_LIMIT_MS,
        }
    }

    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Poll { .. } => "poll",
            Self::Treat { .. } => "treat",
            Self::Begin => "begin",
            Self::Produce => "produce",
            Self::Enter { .. } => "enter",
            Self::Flush => "flush",
            Self::SendOffsets(_) => "send-offsets",
            Self::Commit => "commit",
            Self::CommitOffsets(_) => "commit-offsets",
            Self::Abort => "abort",
            Self::Rebuild => "rebuild",
            Self::ReadCommitted(_) => "read-committed",
            Self::Seek(_) => "seek",
            Self::Assign(_) => "assign",
            Self::Release(_) => "release",
            Self::Wait(_) => "wait",
            Self::Reload => "reload",
            Self::Close => "close",
            Self::Exit(_) => "exit",
        }
    }
}

/// Why a lane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to stop; all it had begun is committed or undone.
    Stopped,
    /// It was asked to stop, and the deadline passed.
    DeadlinePassed,
    /// Others took its transactional id again and again.
    Fenced,
    /// Authentication or an ACL refused it.
    Unauthorized,
    /// A topic that must exist does not.
    TopicMissing,
    /// A key that should exist was never made.
    KeyMissing,
    /// The broker takes not even the notice of a refusal.
    QuarantineUnusable,
    /// A larger share of records was refused than `max-refused` allows.
    TooManyRefused,
    /// The committed offset of this partition no longer exists on the broker.
    InputLost(Part),
    /// A partition could not be assigned, released or set to its committed offset.
    AssignmentFailed,
    /// The consumer is of no more use.
    ConsumerFailed,
    /// A command was answered in a way that it cannot be: a fault in garim.
    Confused,
}
