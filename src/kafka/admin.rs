//! What is there on the brokers, and the few changes that garim makes: topics, their settings, the ends of their records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::Client;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{MetadataBroker, MetadataTopic};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::settings::{KafkaSettings, relay};
use super::topics::Needed;
use super::{Fault, ffi};

/// A setting of a topic or of a broker as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its value, as the brokers write it.
    pub value: String,
    /// Who set it.
    pub origin: Origin,
}

/// Who set a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The topic itself.
    Topic,
    /// The brokers, for all topics.
    Broker,
    /// Nobody: it is Kafka's own default.
    Default,
}

/// Settings by their names. Those that are secret, or not told, are left out.
pub type Settings = BTreeMap<String, Setting>;

/// A change of one topic: its name, and the settings to be set.
pub type Alter<'a> = (&'a str, Vec<(&'static str, String)>);

/// What is there: the brokers, and every topic with its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// How many brokers answer.
    pub brokers: usize,
    /// Their ids.
    pub ids: Vec<i32>,
    /// Topics and their partitions.
    pub topics: BTreeMap<String, i32>,
    /// Topics of which some replica is not in sync, and how many: what those hold is not known.
    pub out_of_sync: BTreeMap<String, usize>,
}

/// A client that asks and creates.
pub struct Admin {
    client: AdminClient<Quiet>,
}

struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        relay(level, facility, line);
    }
    fn error(&self, _: KafkaError, _: &str) {}
    fn stats_raw(&self, _: &[u8]) {}
}

/// What became of a topic that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It was made.
    Created,
    /// It was there already (made by somebody else meanwhile).
    Existed,
    /// The brokers refused.
    Failed(Fault),
}

impl Admin {
    /// A client; connects in the background.
    ///
    /// # Errors
    /// When the client library refuses its options.
    pub fn new(settings: &KafkaSettings) -> Result<Self, Fault> {
        let client = settings
            .admin()
            .create_with_context::<_, AdminClient<Quiet>>(Quiet)
            .map_err(|error| Fault::of("starting the admin client", &error))?;
        Ok(Self { client })
    }

    /// Asks what is there. Asks for all topics at once: a question about one name could bring it into being.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub fn look(&self, timeout: Duration) -> Result<Cluster, Fault> {
        const DURING: &str = "asking the brokers for their topics";
        let metadata = self.client.inner().fetch_metadata(None, timeout).map_err(|error| asked(DURING, &error))?;
        let topics =
            metadata.topics().iter().map(|topic| (String::from(topic.name()), topic.partitions().len() as i32));
        let missing = |topic: &MetadataTopic| -> usize {
            topic.partitions().iter().map(|part| part.replicas().len().saturating_sub(part.isr().len())).sum()
        };
        let out_of_sync = metadata.topics().iter().map(|topic| (String::from(topic.name()), missing(topic)));
        Ok(Cluster {
            brokers: metadata.brokers().len(),
            ids: metadata.brokers().iter().map(MetadataBroker::id).collect(),
            topics: topics.collect(),
            out_of_sync: out_of_sync.filter(|(_, missing)| *missing > 0).collect(),
        })
    }

    /// Makes these topics with so many replicas; one answer each, in order.
    ///
    /// # Errors
    /// When the request as a whole fails.
    pub fn create(&self, topics: &[Needed], replication: i32, timeout: Duration) -> Result<Vec<Made>, Fault> {
        const DURING: &str = "making a topic";
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|needed| {
                let new = NewTopic::new(&needed.name, needed.partitions, TopicReplication::Fixed(replication));
                needed.configs.iter().fold(new, |new, (name, value)| new.set(name, value))
            })
            .collect();
        let options = AdminOptions::new().request_timeout(Some(timeout)).operation_timeout(Some(timeout));
        let answers = wait(self.client.create_topics(&new, &options)).map_err(|error| asked(DURING, &error))?;
        Ok(answers
            .into_iter()
            .map(|answer| match answer {
                Ok(_) => Made::Created,
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => Made::Existed,
                Err((topic, code)) => Made::Failed(Fault::new(DURING, code).about(&topic)),
            })
            .collect())
    }

    /// The settings of these topics as they are in force, defaults of the brokers included; one answer each, in order.
    ///
    /// # Errors
    /// When the request as a whole fails. What the ACLs deny (`DescribeConfigs`) is the answer of that topic.
    pub fn settings(&self, topics: &[&str], timeout: Duration) -> Result<Vec<Result<Settings, Fault>>, Fault> {
        let asked: Vec<ResourceSpecifier<'_>> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let answers = self.described(&asked, timeout)?;
        Ok(answers
            .into_iter()
            .zip(topics)
            .map(|(answer, topic)| answer.map_err(|code| Fault::new(DESCRIBING, code).about(topic)))
            .collect())
    }

    /// The settings of a broker as they are in force.
    ///
    /// # Errors
    /// As the broker answers; `Authorization` where the ACLs deny `DescribeConfigs` of the cluster.
    pub fn broker_settings(&self, id: i32, timeout: Duration) -> Result<Settings, Fault> {
        let answers = self.described(&[ResourceSpecifier::Broker(id)], timeout)?;
        let first = answers.into_iter().next().unwrap_or(Err(RDKafkaErrorCode::Fail));
        first.map_err(|code| Fault::new(DESCRIBING, code))
    }

    fn described(
        &self,
        asked: &[ResourceSpecifier<'_>],
        timeout: Duration,
    ) -> Result<Vec<Result<Settings, RDKafkaErrorCode>>, Fault> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let options = AdminOptions::new().request_timeout(Some(timeout));
        let answers =
            wait(self.client.describe_configs(asked, &options)).map_err(|error| self::asked(DESCRIBING, &error))?;
        let settings = answers.into_iter().map(|answer| {
            let entries = answer?.entries.into_iter();
            let told = entries.filter(|entry| !entry.is_sensitive);
            Ok(told
                .filter_map(|entry| {
                    let origin = match entry.source {
                        ConfigSource::DynamicTopic => Origin::Topic,
                        ConfigSource::DynamicBroker
                        | ConfigSource::DynamicDefaultBroker
                        | ConfigSource::StaticBroker => Origin::Broker,
                        ConfigSource::Default | ConfigSource::Unknown => Origin::Default,
                    };
                    Some((entry.name, Setting { value: entry.value?, origin }))
                })
                .collect())
        });
        Ok(settings.collect())
    }

    /// Sets these settings and no others (`IncrementalAlterConfigs`: the wrapper's own call would reset every setting that
    /// it does not name); one answer each, in order.
    ///
    /// # Errors
    /// When the request as a whole fails.
    pub fn alter(&self, topics: &[Alter<'_>], timeout: Duration) -> Result<Vec<Result<(), Fault>>, Fault> {
        const DURING: &str = "changing the settings of a topic";
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let answers = ffi::alter_topics(self.client.inner(), topics, timeout)
            .map_err(|code| asked(DURING, &KafkaError::AdminOp(code)))?;
        let told = answers.into_iter().zip(topics);
        Ok(told.map(|(answer, (topic, _))| answer.map_err(|code| Fault::new(DURING, code).about(topic))).collect())
    }

    /// Deletes the records of a topic before these offsets: they are unreadable when this returns, and their files go when
    /// whole segments are of that kind. The new first offset of each partition, in order.
    ///
    /// # Errors
    /// When the request as a whole fails; a partition's own refusal is its answer.
    pub fn delete_before(
        &self,
        topic: &str,
        ends: &[(i32, i64)],
        timeout: Duration,
    ) -> Result<Vec<Result<i64, Fault>>, Fault> {
        const DURING: &str = "deleting records";
        let fault = |error: &KafkaError| asked(DURING, error).about(topic);
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = TopicPartitionList::with_capacity(ends.len());
        for &(partition, before) in ends {
            list.add_partition_offset(topic, partition, Offset::Offset(before)).map_err(|error| fault(&error))?;
        }
        let options = AdminOptions::new().request_timeout(Some(timeout)).operation_timeout(Some(timeout));
        let answered = wait(self.client.delete_records(&list, &options)).map_err(|error| fault(&error))?;
        let of = |partition: i32| {
            let element = answered.find_partition(topic, partition);
            let element = element.ok_or_else(|| Fault::new(DURING, RDKafkaErrorCode::UnknownPartition).about(topic))?;
            element.error().map_err(|error| fault(&error))?;
            match element.offset() {
                Offset::Offset(first) => Ok(first),
                _ => Err(Fault::new(DURING, RDKafkaErrorCode::Fail).about(topic)),
            }
        };
        Ok(ends.iter().map(|&(partition, _)| of(partition)).collect())
    }
}

const DESCRIBING: &str = "asking for the settings of topics and brokers";

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

/// Partitions of all topics.
pub(super) fn counts<C: ClientContext>(
    client: &Client<C>,
    during: &'static str,
    timeout: Duration,
) -> Result<BTreeMap<String, i32>, Fault> {
    let metadata = client.fetch_metadata(None, timeout).map_err(|error| asked(during, &error))?;
    Ok(metadata.topics().iter().map(|topic| (String::from(topic.name()), topic.partitions().len() as i32)).collect())
}

/// A question that nobody answered in time means that no broker is there.
fn asked(during: &'static str, error: &KafkaError) -> Fault {
    let unanswered = matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::OperationTimedOut | RDKafkaErrorCode::BrokerTransportFailure)
    );
    match error {
        KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut) => {
            Fault::new(during, RDKafkaErrorCode::AllBrokersDown)
        }
        _ if unanswered => Fault::new(during, RDKafkaErrorCode::AllBrokersDown),
        other => Fault::of(during, other),
    }
}

/// Waits for a future of the admin client, which has a thread of its own: no runtime is needed to sleep until it answers.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
