//! `garim audit follow`: builds the trees of acts and windows on a host where no `run` does.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::super::{Exit, Failure, Shared};
use crate::limits::FOLLOW_MS;
use crate::service::audit::follow::{Follower, Halt};
use crate::service::now_ms;
use crate::service::settings;
use crate::service::shutdown::Signals;

/// Arguments of `audit follow`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the trees [default: `[audit] dir` of the settings]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Take in what is there now, sign it, and end
    #[arg(long)]
    once: bool,
}

/// Longest wait between two looks at the signals.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn run(args: &Args, shared: &Shared) -> Result<Exit, Failure> {
    let settings = settings::load(&shared.config()?, &[])?;
    let dir = super::folder(args.dir.as_ref(), shared)?;
    let signals = Signals::catch().map_err(|error| Failure::new(Exit::Internal, error))?;
    let mut follower = Follower::open(&settings.kafka, &settings.audit, &dir).map_err(super::refused)?;
    let tell = |follower: &Follower, word: &str| {
        let (acts, windows) = follower.sizes();
        shared.note(format_args!("{word} {}: {acts} acts, {windows} windows", dir.display()));
    };
    tell(&follower, "following into");
    let mut away = false;
    loop {
        let last = args.once || signals.stop();
        match follower.step(now_ms(), last) {
            Err(Halt::Away(fault)) if !last => {
                if !away {
                    shared.warn(format_args!("nothing is followed until the brokers answer: {fault}"));
                }
                away = true;
            }
            Err(halt) => return Err(super::refused(halt.fault())),
            Ok(()) => away = false,
        }
        if last {
            tell(&follower, "followed into");
            return Ok(Exit::Done);
        }
        let until = Instant::now() + Duration::from_millis(FOLLOW_MS);
        while Instant::now() < until && !signals.stop() {
            // No call waits for a signal and a time, so the signals are looked at until it is over.
            std::thread::park_timeout(LOOK);
        }
    }
}
