//! The follower's thread beside the lanes: looks every second, stops the lanes when the log cannot be kept, ends last.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use super::follow::{Follower, Halt};
use crate::limits::{FOLLOW_END_MS, FOLLOW_MS};
use crate::service::settings::Settings;
use crate::service::{Ended, now_ms};
use crate::telemetry::audit::AuditFault;

/// A follower at work.
pub struct Following {
    finish: Sender<()>,
    ended: Receiver<Option<AuditFault>>,
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Following")
    }
}

impl Following {
    /// Follows into the folder that the settings name, if they name one.
    ///
    /// # Errors
    /// As [`Follower::open`]; [`Why::Unavailable`](crate::service::Why::Unavailable) when the system gives no thread.
    pub fn start(settings: &Settings) -> Result<Option<Self>, Ended> {
        let Some(dir) = settings.audit.dir.clone() else { return Ok(None) };
        let follower = Follower::open(&settings.kafka, &settings.audit, &dir).map_err(|fault| Ended::audit(&fault))?;
        let (acts, windows) = follower.sizes();
        tracing::info!(dir = %dir.display(), acts, windows, "the audit is followed");
        let (finish, finished) = channel();
        let (tell, ended) = channel();
        let work = move || {
            let fault = work(follower, &dir, &finished).err();
            // Nobody listens any more when the process is ending.
            let _ = tell.send(fault);
        };
        let thread = std::thread::Builder::new().name(String::from("garim-follow")).spawn(work);
        thread.map_err(|error| Ended::thread(&error))?;
        Ok(Some(Self { finish, ended }))
    }

    /// Why it ended by itself, if it did: then the lanes must not go on, since nobody here keeps what they do.
    pub fn failed(&self) -> Option<Ended> {
        match self.ended.try_recv() {
            Ok(Some(fault)) => Some(Ended::audit(&fault)),
            Ok(None) | Err(TryRecvError::Disconnected) => Some(Ended::follower()),
            Err(TryRecvError::Empty) => None,
        }
    }

    /// Takes in what is there, signs it and ends, at most within `FOLLOW_END_MS`; what is left, the next start takes in.
    pub fn finish(self) {
        // It may have ended before.
        let _ = self.finish.send(());
        match self.ended.recv_timeout(Duration::from_millis(FOLLOW_END_MS)) {
            Ok(None) => {}
            Ok(Some(fault)) => tracing::warn!("the last entries of the audit are not on this host yet: {fault}"),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                tracing::warn!("the last entries of the audit are not on this host yet");
            }
        }
    }
}

fn work(mut follower: Follower, dir: &Path, finished: &Receiver<()>) -> Result<(), AuditFault> {
    let mut away = false;
    loop {
        let last = !matches!(finished.recv_timeout(Duration::from_millis(FOLLOW_MS)), Err(RecvTimeoutError::Timeout));
        match follower.step(now_ms(), last) {
            Err(Halt::Away(fault)) if !last => {
                if !away {
                    tracing::warn!(dir = %dir.display(), "the audit is not followed until the brokers answer: {fault}");
                }
                away = true;
            }
            Err(halt) => return Err(halt.fault()),
            Ok(()) => away = false,
        }
        if last {
            return Ok(());
        }
    }
}
