//! Topics made, asked and cut from the outside.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A client that speaks admin.
pub(crate) struct Admin {
    client: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
}

impl Admin {
    /// Connects in the background.
    pub(crate) fn new(brokers: &str) -> Self {
        let client = ClientConfig::new().set("bootstrap.servers", brokers).create().expect("an admin client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { client, runtime }
    }

    /// How many brokers are in the metadata, if anybody answers.
    pub(crate) fn brokers(&self) -> Option<usize> {
        let metadata = self.client.inner().fetch_metadata(None, Duration::from_secs(2)).ok()?;
        Some(metadata.brokers().len())
    }

    /// All topics and their partitions.
    pub(crate) fn topics(&self) -> BTreeMap<String, i32> {
        let metadata = self.client.inner().fetch_metadata(None, TIMEOUT).expect("metadata");
        metadata.topics().iter().map(|topic| (String::from(topic.name()), topic.partitions().len() as i32)).collect()
    }

    /// Makes a topic, and waits until it is in the metadata.
    ///
    /// What is no tier keeps its records whatever their time: the tests' events are of fixed days, and the brokers'
    /// default of a week would delete them under a test that runs later.
    pub(crate) fn create(&self, name: &str, partitions: i32, replication: i32, configs: &[(&str, &str)]) {
        let bounded = name.starts_with("tier.") || configs.iter().any(|(key, _)| *key == "retention.ms");
        let forever = if bounded { &[][..] } else { &[("retention.ms", "-1")] };
        let topic = configs
            .iter()
            .chain(forever)
            .fold(NewTopic::new(name, partitions, TopicReplication::Fixed(replication)), |topic, (key, value)| {
                topic.set(key, value)
            });
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        let made = self.runtime.block_on(self.client.create_topics([&topic], &options)).expect("an answer");
        made[0].as_ref().expect("the topic is made");
        crate::awaiting::until("the topic is known", TIMEOUT, || {
            (self.topics().get(name) == Some(&partitions)).then_some(())
        });
    }

    /// The effective configuration of a topic.
    pub(crate) fn configs(&self, topic: &str) -> BTreeMap<String, String> {
        let asked = self
            .runtime
            .block_on(self.client.describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new()))
            .expect("an answer");
        let resource = asked.into_iter().next().expect("one resource").expect("its configuration");
        resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
    }

    /// Deletes a topic.
    pub(crate) fn delete(&self, name: &str) {
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        let deleted = self.runtime.block_on(self.client.delete_topics(&[name], &options)).expect("an answer");
        deleted[0].as_ref().expect("the topic is deleted");
    }

    /// Deletes the records of a partition below `offset`.
    pub(crate) fn cut(&self, topic: &str, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("an offset");
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        let cut = self.runtime.block_on(self.client.delete_records(&list, &options)).expect("an answer");
        cut.elements()[0].error().expect("the records are deleted");
    }
}
