//! What operators see: health, metrics, logs; never a byte of a record.
#![expect(clippy::disallowed_methods, reason = "the rim: heartbeats have a clock")]

pub mod audit;
pub mod http;
pub mod logs;
pub mod metrics;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What is known of the process from outside of its lanes.
#[derive(Debug)]
pub struct Health {
    /// One pulse a lane.
    pub lanes: Vec<Pulse>,
    draining: AtomicBool,
}

/// The heartbeat of one lane: which call is under way and until when it may be, and whether the lane can work.
#[derive(Debug, Default)]
pub struct Pulse {
    under_way: Mutex<Option<(&'static str, Instant)>>,
    joined: AtomicBool,
    producer: AtomicBool,
    partitions: AtomicUsize,
}

impl Pulse {
    /// A call begins that may take this long.
    pub fn begin(&self, name: &'static str, limit: Duration) {
        *self.under_way.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some((name, Instant::now() + limit));
    }

    /// The call has ended.
    pub fn end(&self) {
        *self.under_way.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
    }

    /// The call that has taken longer than it may, if one has.
    pub fn overdue(&self) -> Option<&'static str> {
        let under_way = *self.under_way.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        under_way.filter(|(_, until)| Instant::now() > *until).map(|(name, _)| name)
    }

    /// The lane holds so many partitions.
    pub fn hold(&self, partitions: usize) {
        self.partitions.store(partitions, Ordering::Relaxed);
    }

    /// The group has given the lane its partitions (perhaps none).
    pub fn joined(&self) {
        self.joined.store(true, Ordering::Relaxed);
    }

    /// The group has taken the partitions without asking: the lane is no member until it hears again.
    pub fn left(&self) {
        self.joined.store(false, Ordering::Relaxed);
    }

    /// Whether the producer can be used.
    pub fn producer(&self, usable: bool) {
        self.producer.store(usable, Ordering::Relaxed);
    }

    /// Partitions that the lane holds.
    pub fn partitions(&self) -> usize {
        self.partitions.load(Ordering::Relaxed)
    }

    /// Why the lane cannot work now; `None` when it can.
    pub fn hindrance(&self) -> Option<&'static str> {
        if !self.producer.load(Ordering::Relaxed) {
            Some("the producer is not usable")
        } else if !self.joined.load(Ordering::Relaxed) {
            Some("the group has not been joined")
        } else {
            None
        }
    }
}

impl Health {
    /// Of so many lanes, none of which works yet.
    pub fn new(lanes: usize) -> Self {
        Self { lanes: (0..lanes).map(|_| Pulse::default()).collect(), draining: AtomicBool::new(false) }
    }

    /// The process is stopping.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the process is stopping.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Lanes whose call has taken longer than it may, with its name. Brokers that are away make none of these.
    pub fn overdue(&self) -> impl Iterator<Item = (usize, &'static str)> + '_ {
        self.lanes.iter().enumerate().filter_map(|(lane, pulse)| pulse.overdue().map(|name| (lane, name)))
    }

    /// Whether every lane works and the process is not stopping.
    pub fn is_ready(&self) -> bool {
        !self.is_draining() && self.lanes.iter().all(|pulse| pulse.hindrance().is_none())
    }
}

/// Lower-case hexadecimal digits, as digests are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
