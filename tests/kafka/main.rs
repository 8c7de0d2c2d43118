//! Tests on a real Apache Kafka, started by `tests/run`.
