//! Followers: from the two topics of the audit to the two trees on this host's disk, entry by entry, nothing left out.
//!
//! The topic's order is the tree's order, so every host builds the same tree. Where a tree goes on is found by its entries:
//! the offset file beside it only says where to look, and what stands there must be the tree's entry.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::told;
use crate::kafka::Fault;
use crate::kafka::log::{LogReader, LogWriter};
use crate::kafka::settings::KafkaSettings;
use crate::limits::{FOLLOW_BYTES_MAX, FOLLOW_ENTRIES_MAX, WINDOWS_ROOT_MS};
use crate::service::settings::AuditSettings;
use crate::telemetry::audit::AuditFault;
use crate::telemetry::audit::checkpoint::Signer;
use crate::telemetry::audit::entry::{ACTS_TOPIC, Act, WINDOWS_TOPIC, What};
use crate::telemetry::audit::file::{ACTS, WINDOWS};
use crate::telemetry::audit::tree::Tree;
use crate::telemetry::hex;

/// Why a follower cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// A broker does not answer: the next try may go well, and nothing is lost meanwhile.
    Away(AuditFault),
    /// It will not heal by itself; whoever relies on the log must stop.
    Broken(AuditFault),
}

impl From<AuditFault> for Halt {
    fn from(fault: AuditFault) -> Self {
        Self::Broken(fault)
    }
}

impl Halt {
    /// What happened.
    pub fn fault(self) -> AuditFault {
        match self {
            Self::Away(fault) | Self::Broken(fault) => fault,
        }
    }

    fn of(fault: &Fault, brokers: &str) -> Self {
        match told(fault, brokers) {
            away @ AuditFault::Away(_) => Self::Away(away),
            broken => Self::Broken(broken),
        }
    }
}

/// Both trees of this host. While it lives, no other process writes to them.
pub struct Follower {
    topics: Topics,
    writer: LogWriter,
    /// The instance, as the author of acts.
    by: String,
    acts: Followed,
    windows: Followed,
    /// Windows under the last root that was written as an act, and when that was.
    rooted: (u64, Option<i64>),
}

impl Follower {
    /// Opens the trees in `dir`, made where there are none, and finds where they go on in their topics.
    ///
    /// # Errors
    /// [`AuditFault::Busy`] while another process follows into `dir`; [`AuditFault::Broken`] when a tree is not whole or not
    /// of its topic, or entries were deleted before they were followed; [`AuditFault::Broker`]; [`AuditFault::Away`];
    /// [`AuditFault::Io`].
    pub fn open(kafka: &KafkaSettings, audit: &AuditSettings, dir: &Path) -> Result<Self, AuditFault> {
        let signer = audit.signing_key.as_ref().map(|key| Signer::load(key, &audit.name)).transpose()?;
        std::fs::create_dir_all(dir).map_err(|error| io(dir, "make the folder", &error))?;
        let tree = |log: &str| Tree::open(&dir.join(log), &format!("{}/{log}", audit.name), signer.clone());
        let (acts, windows) = (tree(ACTS)?, tree(WINDOWS)?);
        let writer = LogWriter::new(kafka, ACTS_TOPIC).map_err(|fault| told(&fault, &kafka.brokers))?;
        let reader = LogReader::new(kafka, "follow").map_err(|fault| told(&fault, &kafka.brokers))?;
        let topics = Topics { reader, brokers: kafka.brokers.clone() };
        let rooted = (windows.size(), None);
        let hint = |log: &str| dir.join(format!("{log}.offset"));
        let acts = Followed::open(&topics, ACTS_TOPIC, acts, hint(ACTS)).map_err(Halt::fault)?;
        let windows = Followed::open(&topics, WINDOWS_TOPIC, windows, hint(WINDOWS)).map_err(Halt::fault)?;
        Ok(Self { topics, writer, by: kafka.instance.clone(), acts, windows, rooted })
    }

    /// Takes in what has come to both topics, writes the root of the windows as an act when one is due, and signs what is
    /// due to be signed: at once when this is the `last` step. `now_ms` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// When a topic or the disk cannot be used. What was taken in before that stays, and the next step goes on behind it.
    pub fn step(&mut self, now_ms: i64, last: bool) -> Result<(), Halt> {
        self.windows.take(&self.topics)?;
        self.root(now_ms, last)?;
        self.acts.take(&self.topics)?;
        for followed in [&mut self.acts, &mut self.windows] {
            match last {
                true => followed.tree.sign_checkpoint_now(now_ms)?,
                false => followed.tree.sign_checkpoint(now_ms)?,
            };
        }
        Ok(())
    }

    /// Entries of the two trees: acts, windows.
    pub fn sizes(&self) -> (u64, u64) {
        (self.acts.tree.size(), self.windows.tree.size())
    }

    /// The root of the windows goes into the log that is kept for ever.
    fn root(&mut self, now_ms: i64, last: bool) -> Result<(), Halt> {
        let (size, at_ms) = self.rooted;
        let due = last || at_ms.is_none_or(|at_ms| !(0..WINDOWS_ROOT_MS).contains(&(now_ms - at_ms)));
        let grown = self.windows.tree.size();
        if !due || grown == size {
            return Ok(());
        }
        let root = hex(&self.windows.tree.root());
        let act = Act::new(now_ms, &self.by, What::WindowsRoot { size: grown, root });
        self.writer.append(&act.to_bytes()).map_err(|fault| Halt::of(&fault, &self.topics.brokers))?;
        self.rooted = (grown, Some(now_ms));
        Ok(())
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Follower({:?})", self.sizes())
    }
}

/// The reader of both topics.
struct Topics {
    reader: LogReader,
    brokers: String,
}

impl Topics {
    /// Gives offset and bytes of each entry from `from` on to `each`; the offset to go on from.
    fn read(
        &self,
        topic: &str,
        from: i64,
        until: Option<i64>,
        each: &mut dyn FnMut(i64, &[u8]) -> ControlFlow<()>,
    ) -> Result<i64, Halt> {
        let read = self.reader.read(topic, 0, from, until, &mut |stored| {
            each(stored.offset, stored.value.map_or(&b""[..], |value| value.0))
        });
        read.map_err(|fault| Halt::of(&fault, &self.brokers))
    }
}

/// One topic and the tree that is built from it.
struct Followed {
    topic: &'static str,
    tree: Tree,
    /// The file that tells, in two numbers, how many entries the tree had and at which offset the last of them stands.
    hint: PathBuf,
    /// The offset to go on from.
    next: i64,
}

impl Followed {
    fn open(topics: &Topics, topic: &'static str, tree: Tree, hint: PathBuf) -> Result<Self, Halt> {
        let mut followed = Self { topic, tree, hint, next: 0 };
        let size = followed.tree.size();
        if size > 0 {
            followed.next = match followed.hinted(topics)? {
                Some(next) => next,
                None => followed.searched(topics, size)?,
            };
        }
        Ok(followed)
    }

    /// Takes in what has come.
    fn take(&mut self, topics: &Topics) -> Result<(), Halt> {
        loop {
            let mut batch: Vec<Vec<u8>> = Vec::new();
            let (mut bytes, mut last) = (0, self.next);
            let mut full = false;
            let next = topics.read(self.topic, self.next, None, &mut |offset, entry| {
                bytes += entry.len();
                last = offset;
                batch.push(entry.to_vec());
                full = batch.len() >= FOLLOW_ENTRIES_MAX || bytes >= FOLLOW_BYTES_MAX;
                if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if !batch.is_empty() {
                let entries: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
                self.tree.append(&entries)?;
                self.note(last)?;
            }
            self.next = next;
            if !full {
                return Ok(());
            }
        }
    }

    /// Notes where the last entry stands. It is only a hint, so nothing waits until it is durable.
    fn note(&self, offset: i64) -> Result<(), AuditFault> {
        let passing = self.hint.with_extension("offset.new");
        let text = format!("{} {offset}\n", self.tree.size());
        std::fs::write(&passing, text).map_err(|error| io(&passing, "write", &error))?;
        std::fs::rename(&passing, &self.hint).map_err(|error| io(&self.hint, "name", &error))
    }

    /// Where to go on by the hint: at its offset stands the entry that it names, and the tree's others follow. `None` when
    /// there is no hint, or it is of another time.
    fn hinted(&self, topics: &Topics) -> Result<Option<i64>, Halt> {
        let text = std::fs::read_to_string(&self.hint).unwrap_or_default();
        let numbers = text.trim_end().split_once(' ');
        let Some((Ok(size), Ok(offset))) = numbers.map(|(size, offset)| (size.parse::<u64>(), offset.parse::<i64>()))
        else {
            return Ok(None);
        };
        let (first, end) = self.ends(topics)?;
        if size == 0 || size > self.tree.size() || !(first..end).contains(&offset) {
            return Ok(None);
        }
        let mut found: Vec<(i64, Vec<u8>)> = Vec::new();
        let wanted = self.tree.size() - size + 1;
        topics.read(self.topic, offset, None, &mut |offset, entry| {
            found.push((offset, entry.to_vec()));
            if found.len() as u64 == wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        for (index, (at, entry)) in (size - 1..).zip(&found) {
            if self.tree.entry(index)?.as_ref() != Some(entry) {
                if *at == offset {
                    return Ok(None);
                }
                return Err(self.differs(*at, index).into());
            }
        }
        let whole = found.len() as u64 == wanted;
        Ok(found.last().filter(|_| whole).map(|(offset, _)| offset + 1))
    }

    /// Where to go on without a hint: behind as many entries as the tree has, or, when the topic has lost its first ones,
    /// behind the one place where the tree's last entry stands.
    fn searched(&self, topics: &Topics, size: u64) -> Result<i64, Halt> {
        let (first, _) = self.ends(topics)?;
        let last = self.tree.entry(size - 1)?.unwrap_or_default();
        let (mut count, mut places) = (0, Vec::new());
        topics.read(self.topic, first, None, &mut |offset, entry| {
            count += 1;
            let here = if first == 0 { count == size } else { entry == last };
            if here {
                places.push((offset, entry == last));
            }
            if here && first == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        match places.as_slice() {
            [(offset, true)] => Ok(offset + 1),
            [(offset, false)] => Err(self.differs(*offset, size - 1).into()),
            [] => {
                let what = format!(
                    "entry {} of the tree is not in the topic, which begins at offset {first}: entries were deleted \
                     before this host followed them, or the topic was made anew; go on with a copy of the folder of a \
                     host that has them",
                    size - 1
                );
                Err(self.broken(what).into())
            }
            _ => Err(self.broken(format!("entry {} of the tree stands in several places", size - 1)).into()),
        }
    }

    fn ends(&self, topics: &Topics) -> Result<(i64, i64), Halt> {
        topics.reader.ends(self.topic, 0).map_err(|fault| Halt::of(&fault, &topics.brokers))
    }

    fn differs(&self, offset: i64, index: u64) -> AuditFault {
        self.broken(format!("offset {offset} does not hold entry {index} of the tree: one of the two was changed"))
    }

    fn broken(&self, what: String) -> AuditFault {
        AuditFault::Broken { place: self.topic.to_owned(), what }
    }
}

fn io(path: &Path, doing: &'static str, error: &std::io::Error) -> AuditFault {
    AuditFault::Io { path: path.to_owned(), doing, error: error.to_string() }
}
