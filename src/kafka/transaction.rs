//! Begin, offsets, commit and abort, with the class of each way to fail (`FaultClass`).

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;

use super::consumer::Consumer;
use super::ffi::{self, SendOffsetsError, TransactionError};
use super::producer::Producer;
use super::settings::Delivery;
use super::{Fault, class};
use crate::flow::message::{FaultClass, Part};

impl Producer {
    pub(super) fn take_over(&self, timeout: Duration) -> Result<(), Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        self.inner.init_transactions(timeout).map_err(|error| of("taking over the transactional id", &error))
    }

    pub(super) fn begin_transaction(&self) -> Result<(), Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        self.inner.begin_transaction().map_err(|error| of("beginning a transaction", &error))
    }

    /// Adds next offsets to the transaction, after a check that the consumer is still a member of its group.
    ///
    /// `Retriable` faults are answered by the same call with the same offsets. At-least-once has no transaction:
    /// [`Producer::flush`], then [`Consumer::commit`].
    ///
    /// # Errors
    /// `GroupLeft` without asking the broker when there is no generation or member id; else as `kafka.md` 2.5.
    pub fn send_offsets(&self, consumer: &Consumer, offsets: &[(Part, i64)], timeout: Duration) -> Result<(), Fault> {
        const DURING: &str = "adding offsets to the transaction";
        let list = consumer.offsets(offsets);
        ffi::send_offsets(self.inner.client(), consumer.client(), &list, timeout).map_err(|error| match error {
            SendOffsetsError::NotAMember => {
                Fault::classed(FaultClass::GroupLeft, DURING, RDKafkaErrorCode::UnknownMemberId)
            }
            SendOffsetsError::Refused(error) => self.told(DURING, error),
        })
    }

    /// Commits the transaction: waits for all deliveries, then for the broker; bounded by the transaction's time-out.
    ///
    /// # Errors
    /// `Retriable` only when the same call may be made again. Any other error leaves the outcome unknown.
    pub fn commit(&self) -> Result<(), Fault> {
        const DURING: &str = "committing a transaction";
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        ffi::commit_transaction(self.inner.client()).map_err(|error| self.told(DURING, error))
    }

    /// The fault of a transaction that cannot commit. librdkafka may say only that some delivery failed, at whichever call
    /// comes next; the reports say why.
    fn told(&self, during: &'static str, error: TransactionError) -> Fault {
        let fault = fault(during, error);
        match self.seen().delivery_error() {
            Some(code) if fault.class == FaultClass::Abortable => undelivered(during, code),
            _ => fault,
        }
    }

    /// Waits until everything that was sent is delivered (at-least-once only).
    ///
    /// # Errors
    /// When something was not: nothing of this batch may be committed.
    pub fn flush(&self, timeout: Duration) -> Result<(), Fault> {
        const DURING: &str = "waiting for deliveries";
        self.inner.flush(timeout).map_err(|error| Fault::of(DURING, &error))?;
        match self.seen().undelivered() {
            0 => Ok(()),
            _ => Err(undelivered(DURING, self.seen().delivery_error().unwrap_or(RDKafkaErrorCode::Fail))),
        }
    }

    /// Aborts the transaction. Whatever the answer, the producer has to be replaced.
    ///
    /// # Errors
    /// As the brokers answer; the successor's [`Producer::init`] ends the transaction in any case.
    pub fn abort(&self, timeout: Duration) -> Result<(), Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            self.inner.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
            return Ok(());
        }
        self.inner.abort_transaction(timeout).map_err(|error| of("aborting a transaction", &error))
    }
}

/// A failed delivery inside a transaction: a record that never heals is named as such, all else is the transaction's end.
pub(super) fn undelivered(during: &'static str, code: RDKafkaErrorCode) -> Fault {
    let class = match class(code) {
        known @ (FaultClass::Record | FaultClass::Authorization | FaultClass::TopicMissing | FaultClass::Fenced) => {
            known
        }
        _ => FaultClass::Abortable,
    };
    Fault::classed(class, during, code)
}

fn of(during: &'static str, error: &KafkaError) -> Fault {
    match error {
        KafkaError::Transaction(error) => fault(
            during,
            TransactionError {
                code: error.code(),
                fatal: error.is_fatal(),
                retriable: error.is_retriable(),
                requires_abort: error.txn_requires_abort(),
            },
        ),
        other => Fault::of(during, other),
    }
}

/// The class of a transactional call's error (`kafka.md` 2.5). An error without a flag counts as fatal (rdkafka.h).
fn fault(during: &'static str, error: TransactionError) -> Fault {
    use RDKafkaErrorCode as Code;
    let class = match (class(error.code), error) {
        (FaultClass::Authorization, _) => FaultClass::Authorization,
        (FaultClass::Fenced, TransactionError { fatal: true, .. }) => FaultClass::Fenced,
        (_, TransactionError { fatal: true, code: Code::InvalidTransactionalState, .. }) => FaultClass::Fenced,
        (_, TransactionError { fatal: true, .. }) => FaultClass::Fatal,
        (
            known @ (FaultClass::GroupLeft | FaultClass::Record | FaultClass::TopicMissing),
            TransactionError { requires_abort: true, .. },
        ) => known,
        (_, TransactionError { requires_abort: true, .. }) => FaultClass::Abortable,
        (FaultClass::BrokerAway, TransactionError { retriable: true, .. }) => FaultClass::BrokerAway,
        (_, TransactionError { retriable: true, .. }) => FaultClass::Retriable,
        (FaultClass::TopicMissing, _) => FaultClass::TopicMissing,
        _ => FaultClass::Fatal,
    };
    Fault::classed(class, during, error.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_flags() {
        use RDKafkaErrorCode as Code;
        let rows = [
            // code, fatal, retriable, requires abort, class
            (Code::Fenced, true, false, false, FaultClass::Fenced),
            (Code::InvalidTransactionalState, true, false, false, FaultClass::Fenced),
            (Code::TransactionalIdAuthorizationFailed, true, false, false, FaultClass::Authorization),
            (Code::Inconsistent, true, false, false, FaultClass::Fatal),
            (Code::InvalidProducerIdMapping, false, false, true, FaultClass::Abortable),
            (Code::IllegalGeneration, false, false, true, FaultClass::GroupLeft),
            (Code::MessageTimedOut, false, false, true, FaultClass::Abortable),
            (Code::MessageSizeTooLarge, false, false, true, FaultClass::Record),
            (Code::UnknownTopicOrPartition, false, false, true, FaultClass::TopicMissing),
            (Code::OperationTimedOut, false, true, false, FaultClass::Retriable),
            (Code::OperationTimedOut, false, false, false, FaultClass::Fatal),
            (Code::State, false, false, false, FaultClass::Fatal),
        ];
        for (code, fatal, retriable, requires_abort, expected) in rows {
            let found = fault("testing", TransactionError { code, fatal, retriable, requires_abort });
            assert_eq!(found.class, expected, "{code:?}");
        }
    }

    #[test]
    fn a_record_that_never_heals_is_named() {
        let rows = [
            (RDKafkaErrorCode::MessageSizeTooLarge, FaultClass::Record),
            (RDKafkaErrorCode::InvalidRecord, FaultClass::Record),
            (RDKafkaErrorCode::TopicAuthorizationFailed, FaultClass::Authorization),
            (RDKafkaErrorCode::UnknownTopicOrPartition, FaultClass::TopicMissing),
            (RDKafkaErrorCode::MessageTimedOut, FaultClass::Abortable),
        ];
        for (code, expected) in rows {
            assert_eq!(undelivered("testing", code).class, expected, "{code:?}");
        }
    }
}
