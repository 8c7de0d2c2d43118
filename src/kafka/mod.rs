//! The broker: blocking calls only, and no byte of a payload in any error.
//!
//! A lane owns one [`consumer::Consumer`] and one [`producer::Producer`], each used from the lane's thread. Nothing here
//! retries on its own or remembers an outcome: a call answers with a [`Fault`] whose class says what must be done.
#![expect(clippy::disallowed_methods, reason = "a full send queue is waited for, and the wait is bounded by a clock")]

pub mod admin;
pub mod consumer;
pub mod drift;
pub mod feed;
mod ffi;
pub mod log;
pub mod mock;
pub mod oldest;
pub mod producer;
mod rebalance;
pub mod settings;
pub mod topics;
mod transaction;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::flow::message::FaultClass;

/// The client library: its version, and what was built into it (`builtin.features`).
pub fn library() -> (String, String) {
    let (_, version) = rdkafka::util::get_rdkafka_version();
    let features = rdkafka::ClientConfig::new()
        .create_native_config()
        .and_then(|config| config.get("builtin.features"))
        // An option of the library's own; where it were unknown, nothing could be said of features.
        .unwrap_or_default();
    (version, features)
}

/// What went wrong at the broker: the class decides what is done, the rest is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{during}: {code}, {says}{}", .topic.as_deref().map(|topic| format!(" ({topic})")).unwrap_or_default())]
pub struct Fault {
    /// What has to be done about it.
    pub class: FaultClass,
    /// The client library's name of the error, `UNKNOWN_MEMBER_ID`; names that begin with `_` are its own.
    pub code: &'static str,
    /// The client library's fixed sentence for that code.
    pub says: &'static str,
    /// What was being done, as an operator would say it.
    pub during: &'static str,
    /// The topic or property it is about, where it is about one.
    pub topic: Option<Box<str>>,
}

impl Fault {
    /// A fault by its code, classed as everywhere outside of a transaction.
    fn new(during: &'static str, code: RDKafkaErrorCode) -> Self {
        Self::classed(class(code), during, code)
    }

    fn classed(class: FaultClass, during: &'static str, code: RDKafkaErrorCode) -> Self {
        Self { class, code: ffi::name(code), says: ffi::sentence(code), during, topic: None }
    }

    /// A fault of the wrapper. Its own texts are left out: they may repeat a property's value.
    fn of(during: &'static str, error: &KafkaError) -> Self {
        match error {
            KafkaError::AdminOp(code) => Self::new(during, *code),
            KafkaError::Subscription(_) | KafkaError::Seek(_) | KafkaError::PauseResume(_) => {
                Self::classed(FaultClass::Retriable, during, RDKafkaErrorCode::State)
            }
            KafkaError::ClientConfig(_, _, property, _) => {
                Self::new(during, RDKafkaErrorCode::InvalidArgument).about(property)
            }
            KafkaError::ClientCreation(_) | KafkaError::AdminOpCreation(_) => {
                Self::classed(FaultClass::Fatal, during, RDKafkaErrorCode::InvalidArgument)
            }
            KafkaError::MessageConsumptionFatal(code) if class(*code) != FaultClass::Fenced => {
                Self::classed(FaultClass::Fatal, during, *code)
            }
            other => Self::new(during, other.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        }
    }

    fn about(mut self, topic: &str) -> Self {
        self.topic = Some(topic.into());
        self
    }
}

/// The class of an error code outside of a transaction (`transaction.rs` knows more inside of one).
fn class(code: RDKafkaErrorCode) -> FaultClass {
    use RDKafkaErrorCode as Code;
    match code {
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => FaultClass::Fenced,
        Code::FencedInstanceId | Code::UnreleasedInstanceId => FaultClass::Fenced,
        Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::InvalidRecord | Code::InvalidTimestamp => {
            FaultClass::Record
        }
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::SaslAuthenticationFailed
        | Code::Authentication => FaultClass::Authorization,
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition | Code::InvalidTopic => {
            FaultClass::TopicMissing
        }
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve => FaultClass::BrokerAway,
        Code::PollExceeded
        | Code::UnknownMemberId
        | Code::IllegalGeneration
        | Code::StaleMemberEpoch
        | Code::FencedMemberEpoch
        | Code::AssignmentLost
        | Code::NoOffset => FaultClass::GroupLeft,
        Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => FaultClass::OffsetLost,
        Code::Fatal | Code::InvalidArgument | Code::InvalidConfig | Code::UnsupportedVersion | Code::NotImplemented => {
            FaultClass::Fatal
        }
        _ => FaultClass::Retriable,
    }
}
