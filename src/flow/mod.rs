//! Events in, commands out: what a lane does next, without payloads, clocks or sockets.

pub mod message;

pub use message::{Command, Ending, Event, FaultClass, Part, Stale, Start, Taken};
