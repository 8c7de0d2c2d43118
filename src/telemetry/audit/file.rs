//! The log of acts in a folder, for hosts without a broker: the same tree that followers build from the topic.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checkpoint::Signer;
use super::disk::Host;
use super::entry::Act;
use super::read::read_entries;
use super::tree::Tree;
use super::{Acts, AuditFault};

/// The folder of the tree of acts in the folder of a log, and what its checkpoints add to the name of the log.
pub const ACTS: &str = "acts";

/// As [`ACTS`], for commit windows.
pub const WINDOWS: &str = "windows";

/// How long an append waits for another process that has the log, in milliseconds. An append takes some ten.
pub const WAIT_MS: u64 = 10_000;

/// How often it looks again, in milliseconds.
const LOOK_MS: u64 = 20;

/// The log of acts in a folder. It is held only while an act is appended, so that several processes can use it in turn.
pub struct FileLog {
    dir: PathBuf,
    origin: String,
    signer: Option<Signer>,
}

impl FileLog {
    /// The log in `dir`, made where there is none; `name` stands in its checkpoints, `<name>/acts`.
    ///
    /// # Errors
    /// When the folder cannot be made or written, or what is there is not a whole log of this name.
    pub fn open(dir: &Path, name: &str, signer: Option<Signer>) -> Result<Self, AuditFault> {
        let mut log = Self { dir: dir.join(ACTS), origin: format!("{name}/{ACTS}"), signer };
        log.tree()?;
        Ok(log)
    }

    /// The tree, once no other process has it.
    fn tree(&mut self) -> Result<Tree, AuditFault> {
        let until = Instant::now() + Duration::from_millis(WAIT_MS);
        let host = loop {
            match Host::hold(&self.dir) {
                // The lock has no call that wakes after a time, so it is looked at until the deadline.
                Err(AuditFault::Busy { .. }) if Instant::now() < until => {
                    std::thread::park_timeout(Duration::from_millis(LOOK_MS));
                }
                held => break held?,
            }
        };
        Tree::open_on(Box::new(host), &self.origin, self.signer.clone())
    }
}

impl Acts for FileLog {
    fn append(&mut self, act: &Act) -> Result<u64, AuditFault> {
        let mut tree = self.tree()?;
        let index = tree.size();
        tree.append(&[&act.to_bytes()])?;
        tree.sign_checkpoint_now(act.at_ms)?;
        Ok(index)
    }

    fn read(&mut self, from: u64, each: &mut dyn FnMut(u64, Act)) -> Result<u64, AuditFault> {
        let size = self.tree()?.size();
        // What is appended meanwhile takes nothing away: every append of this log has a checkpoint over it.
        read_entries(&Host::view(&self.dir)?, from, size, &mut |index, bytes| {
            each(index, Act::from_bytes(bytes, &format!("{} entry {index}", self.dir.display()))?);
            Ok(())
        })?;
        Ok(size)
    }

    fn place(&self) -> String {
        self.dir.display().to_string()
    }
}
