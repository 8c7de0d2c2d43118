//! The client library's embedded cluster, for the demo and for error paths.
//!
//! It keeps 5 MiB a partition, and its transactions are an act: aborted records stay readable, offsets that were sent with
//! a transaction are forgotten (`kafka.md` F9). So it can show the work, and prove nothing about exactly-once.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::Fault;

/// An embedded cluster; ends when it is dropped.
pub struct Mock(MockCluster<'static, DefaultProducerContext>);

/// What a partition of the embedded cluster keeps, in bytes; older records vanish (`rdkafka_mock.c`).
pub const PARTITION_BYTES: usize = 5 << 20;

const _: () = assert!(crate::limits::DEMO_UNREAD_BYTES_MAX < PARTITION_BYTES as u64 / 2);

impl Mock {
    /// Starts a cluster of so many brokers on ports of the loopback address.
    ///
    /// # Errors
    /// When the library cannot open them.
    pub fn start(brokers: i32) -> Result<Self, Fault> {
        MockCluster::new(brokers).map(Self).map_err(|error| Fault::of("starting the embedded cluster", &error))
    }

    /// Its `bootstrap.servers`.
    pub fn brokers(&self) -> String {
        self.0.bootstrap_servers()
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// When it exists.
    pub fn topic(&self, name: &str, partitions: i32) -> Result<(), Fault> {
        self.0
            .create_topic(name, partitions, 1)
            .map_err(|error| Fault::of("making a topic of the embedded cluster", &error).about(name))
    }
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mock")
    }
}
