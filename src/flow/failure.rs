//! What each fault means to a lane: which window is undone, which producer replaced, how long to wait, when to give up.

use super::bisect::Verdict;
use super::message::{Ending, FaultClass};
use super::{Delivery, Lane, Producer, Step, Window};
use crate::limits::{
    ASSIGN_TRIES_MAX, BACKOFF_MAX_MS, BACKOFF_MIN_MS, FENCES_MAX, FENCES_WITHIN_MS, POLL_BACKOFF_MAX_MS,
    SEND_OFFSETS_TRIES_MAX,
};

impl Lane {
    /// A command failed, or its outcome is unknown.
    pub(super) fn failed(&mut self, now_ms: u64, class: FaultClass) {
        match class {
            FaultClass::Authorization => self.end(Ending::Unauthorized),
            FaultClass::TopicMissing => self.end(Ending::TopicMissing),
            _ => {}
        }
        match self.step {
            Step::Poll => self.poll_failed(class),
            Step::Begin
            | Step::Produce
            | Step::Enter
            | Step::Flush
            | Step::SendOffsets
            | Step::Commit
            | Step::CommitOffsets => {
                self.window_failed(now_ms, class);
            }
            Step::Abort => {
                self.drop_producer();
                self.back_off(now_ms, class);
            }
            Step::Rebuild => {
                self.producer = Producer::Absent;
                self.back_off(now_ms, class);
            }
            Step::ReadCommitted => self.back_off(now_ms, class),
            Step::Seek | Step::Assign | Step::Release => self.placing_failed(now_ms, class),
            // The old policy stays; the group forgets a member that could not say good-bye.
            Step::Reload => {}
            Step::Close => self.closed = true,
            Step::Fresh | Step::Treat | Step::Wait | Step::Exit => self.end(Ending::Confused),
        }
    }

    fn poll_failed(&mut self, class: FaultClass) {
        match class {
            // The rebalance that follows takes the partitions away; nothing of the window can be committed.
            FaultClass::GroupLeft => {
                if self.window != Window::Closed {
                    self.spoil();
                }
            }
            FaultClass::Fenced => self.end(Ending::Fenced),
            FaultClass::Fatal | FaultClass::OffsetLost => self.end(Ending::ConsumerFailed),
            _ => {
                self.poll_failures += 1;
                self.wait_ms = backoff_ms(self.poll_failures).min(POLL_BACKOFF_MAX_MS);
            }
        }
    }

    /// A call between begin and commit failed. Whether a commit took effect is never guessed: the next producer's
    /// initialisation decides it on the broker, and the committed offsets tell.
    fn window_failed(&mut self, now_ms: u64, class: FaultClass) {
        if self.step == Step::SendOffsets
            && matches!(class, FaultClass::Retriable | FaultClass::BrokerAway)
            && self.send_offsets_failures < SEND_OFFSETS_TRIES_MAX
        {
            self.send_offsets_failures += 1;
            self.wait_ms = backoff_ms(self.send_offsets_failures);
            return;
        }
        if class == FaultClass::Record {
            match self.bisect.refused(self.tally.records, self.tally.first) {
                Verdict::Again => {}
                Verdict::QuarantineUnusable => self.end(Ending::QuarantineUnusable),
            }
        } else {
            self.back_off(now_ms, class);
        }
        let abortable = matches!(class, FaultClass::Abortable | FaultClass::Record | FaultClass::GroupLeft);
        let unknown = matches!(self.step, Step::Begin | Step::Commit | Step::CommitOffsets) && !abortable;
        let at_least_once = self.rules.delivery == Delivery::AtLeastOnce;
        if at_least_once && matches!(self.step, Step::Enter | Step::Flush) {
            self.sequence.renew();
        }
        if unknown && self.step == Step::Commit {
            self.sequence.doubtful(&self.ledger.ranges(&self.assignment).unwrap_or_default());
        }
        self.spoil();
        if unknown || at_least_once || matches!(class, FaultClass::Fatal | FaultClass::Fenced) {
            self.drop_producer();
        }
    }

    fn placing_failed(&mut self, now_ms: u64, class: FaultClass) {
        self.assign_failures += 1;
        if self.assign_failures > ASSIGN_TRIES_MAX {
            self.end(Ending::AssignmentFailed);
        }
        self.back_off(now_ms, class);
    }

    /// Sets the wait before the next try: longer each time, and longer still when another producer took our id.
    fn back_off(&mut self, now_ms: u64, class: FaultClass) {
        self.failures += 1;
        self.wait_ms = backoff_ms(self.failures);
        if class == FaultClass::Fenced {
            self.fenced_at_ms.retain(|&at_ms| now_ms - at_ms < FENCES_WITHIN_MS);
            self.fenced_at_ms.push(now_ms);
            self.wait_ms = backoff_ms(self.fenced_at_ms.len() as u32 + 3);
            if self.fenced_at_ms.len() > FENCES_MAX {
                self.end(Ending::Fenced);
            }
        }
    }
}

/// Doubles from the first failure on, up to a bound.
fn backoff_ms(failures: u32) -> u64 {
    (BACKOFF_MIN_MS << failures.saturating_sub(1).min(16)).min(BACKOFF_MAX_MS)
}
