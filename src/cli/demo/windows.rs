//! What the log of commit windows says of the demo: its counters must be those of the lanes.

use std::ops::ControlFlow;

use super::super::topics::unavailable;
use super::super::{Exit, Failure};
use crate::kafka::log::LogReader;
use crate::kafka::settings::KafkaSettings;
use crate::telemetry::audit::entry::{WINDOWS_TOPIC, Window};

/// Sums over the entries of all windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Windows {
    pub(super) windows: u64,
    pub(super) read: u64,
    pub(super) treated: u64,
    pub(super) refused: u64,
}

impl Windows {
    /// Reads the whole log.
    pub(super) fn read(kafka: &KafkaSettings) -> Result<Self, Failure> {
        let reader = LogReader::new(kafka, "windows").map_err(unavailable)?;
        let (first, _) = reader.ends(WINDOWS_TOPIC, 0).map_err(unavailable)?;
        let mut sums = Self::default();
        let mut broken = None;
        let read = reader.read(WINDOWS_TOPIC, 0, first, None, &mut |stored| {
            let bytes = stored.value.map_or(&b""[..], |value| value.0);
            match Window::from_bytes(bytes, WINDOWS_TOPIC) {
                Ok(window) => sums.add(&window),
                Err(fault) => broken = Some(fault),
            }
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        read.map_err(unavailable)?;
        broken.map_or(Ok(sums), |fault| Err(Failure::new(Exit::Internal, fault)))
    }

    fn add(&mut self, window: &Window) {
        self.windows += u64::from(window.part == 0);
        self.read += window.read.iter().map(|read| read.pieces).sum::<u64>();
        self.treated += window.treated;
        self.refused += window.refused.iter().map(|(_, count)| count).sum::<u64>();
    }

    /// Whether they account for these records, of which so many were refused.
    pub(super) fn account_for(&self, records: u64, refused: u64) -> bool {
        self.read == records && self.refused == refused && self.treated + self.refused == self.read
    }
}
