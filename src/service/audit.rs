//! The log of acts on its topic, and the followers that build the trees of both topics on this host.

pub mod follow;
pub mod following;
pub(super) mod window;

use std::ops::ControlFlow;

use crate::flow::message::FaultClass;
use crate::kafka::Fault;
use crate::kafka::log::LogWriter;
use crate::kafka::settings::KafkaSettings;
use crate::kafka::topics::{Needed, logs};
use crate::telemetry::audit::entry::{ACTS_TOPIC, Act, WINDOWS_TOPIC};
use crate::telemetry::audit::{Acts, AuditFault};

/// The acts of all hosts: the topic `audit.garim`. An act's index is its offset.
#[derive(Debug)]
pub struct TopicActs {
    writer: LogWriter,
    brokers: String,
}

impl TopicActs {
    /// Looks for the topic, with these brokers and properties.
    ///
    /// # Errors
    /// [`AuditFault::Broker`] when the topic is missing or has several partitions, [`AuditFault::Away`] when no broker
    /// answers.
    pub fn open(settings: &KafkaSettings) -> Result<Self, AuditFault> {
        let brokers = settings.brokers.clone();
        let writer = LogWriter::new(settings, ACTS_TOPIC).map_err(|fault| told(&fault, &brokers))?;
        Ok(Self { writer, brokers })
    }
}

/// The topics of the audit, as they are needed on so many brokers.
pub fn topics(brokers: usize) -> [Needed; 2] {
    logs(ACTS_TOPIC, WINDOWS_TOPIC, brokers)
}

/// A fault of a topic of the audit as the one who acts needs to hear it.
pub(super) fn told(fault: &Fault, brokers: &str) -> AuditFault {
    use FaultClass as Class;
    let what = match fault.class {
        Class::BrokerAway | Class::Retriable => return AuditFault::Away(format!("{fault} at {brokers}")),
        Class::TopicMissing => ": make it with `garim topics apply`",
        Class::Authorization => ": the ACLs must allow to read and to write it",
        Class::OffsetLost => ": entries were deleted before they were read, or the topic was made anew",
        Class::Fatal => ": it must have one partition",
        Class::Abortable | Class::Fenced | Class::Record | Class::GroupLeft => "",
    };
    AuditFault::Broker(format!("{fault} at {brokers}{what}"))
}

impl Acts for TopicActs {
    fn append(&mut self, act: &Act) -> Result<u64, AuditFault> {
        let offset = self.writer.append(&act.to_bytes()).map_err(|fault| told(&fault, &self.brokers))?;
        Ok(offset as u64)
    }

    fn read(&mut self, from: u64, each: &mut dyn FnMut(u64, Act)) -> Result<u64, AuditFault> {
        let mut broken = None;
        let next = self.writer.reader().read(ACTS_TOPIC, 0, from as i64, None, &mut |stored| {
            let bytes = stored.value.map_or(&b""[..], |value| value.0);
            match Act::from_bytes(bytes, &format!("{ACTS_TOPIC}, offset {}", stored.offset)) {
                Ok(act) => each(stored.offset as u64, act),
                Err(fault) => broken = Some(fault),
            }
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match broken {
            Some(fault) => Err(fault),
            None => next.map(|next| next as u64).map_err(|fault| told(&fault, &self.brokers)),
        }
    }

    fn place(&self) -> String {
        format!("{ACTS_TOPIC} at {}", self.brokers)
    }
}
