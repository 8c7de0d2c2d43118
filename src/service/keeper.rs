//! The keys of a running process: admitted before the lanes start, followed while they work, given up at the end.
//!
//! The keeper is a thread beside the lanes. It looks at the key store and at the log of acts every few seconds, gives the
//! lanes other keys where either says so, and confirms a destruction once no lane has the key any more.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::audit::TopicActs;
use super::custody::{Custodian, Custody, CustodyFault, Id, Seen, horizon};
use super::settings::{Settings, host};
use super::{Ended, Lanes, Loaded, now_ms, topics_are_found};
use crate::engine::Engine;
use crate::limits::{KEEPER_LOOK_MS, LEASE_MS, LOG_CALL_MS};
use crate::policy::key::{Store, steady};
use crate::secret::swappable;
use crate::telemetry::audit::entry::What;
use crate::telemetry::audit::{Acts, AuditFault};
use crate::telemetry::hex;

/// Reads the policy again; the complaint as text where it is refused.
pub type LoadPolicy = Box<dyn FnMut() -> Result<Engine, String> + Send>;

/// What this process may use, and is bound to.
pub struct Held {
    acts: Box<dyn Acts + Send>,
    custody: Custody,
    by: String,
    host: String,
    dir: PathBuf,
    /// The last good reading of the store, without what is destroyed.
    store: Store,
    /// What the folder looked like before that reading.
    seen: Option<Seen>,
    /// The destroyed keys that are surely not in the keys in force.
    forgotten: HashSet<Id>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({} of {})", self.by, self.dir.display())
    }
}

/// Looks that keys and topics are there and that the log of acts allows to use the keys, says that this instance starts,
/// and loads what is not destroyed.
///
/// # Errors
/// [`Why::Keys`](super::Why::Keys) for the store, its horizon, keys that were put back and a wrong clock;
/// [`Why::Unavailable`](super::Why::Unavailable) for brokers, topics and a log of acts that cannot be written;
/// [`Why::Config`](super::Why::Config) for what a newer garim wrote.
pub fn admit(engine: Arc<Engine>, dir: &Path, settings: &Settings) -> Result<(Loaded, Held), Ended> {
    let fault = |fault: CustodyFault| Ended::custody(&fault);
    let today = engine.plan().zone.to_datetime(jiff::Timestamp::now()).date();
    look_ahead(&Store::open(dir).map_err(|error| fault(error.into()))?, &engine, settings, today)?;
    topics_are_found(&engine, settings)?;

    let mut acts = Box::new(TopicActs::open(&settings.kafka).map_err(|error| fault(error.into()))?);
    let by = format!("{}/{}#{}", settings.kafka.group, settings.kafka.instance, drawn()?);
    let host = host();
    let seen = Seen::at(dir);
    let mut custodian = Custodian::new(&mut *acts, &by, &host, &now_ms).map_err(fault)?;
    let mut store = custodian.admit(dir, &mut steady).map_err(fault)?;
    custodian.started(started(&engine, settings, store.id()), &mut store).map_err(fault)?;
    let custody = custodian.custody;

    let loaded = Loaded::new(Arc::clone(&engine), store.ring(engine.tiers()));
    if swappable() {
        tracing::warn!("the system does not keep all keys out of swap: raise RLIMIT_MEMLOCK, or turn swap off");
    }
    let forgotten = custody.destroyed();
    let dir = dir.to_owned();
    Ok((loaded, Held { acts, custody, by, host, dir, store, seen, forgotten }))
}

/// Whether the keys reach far enough; a warning where they nearly do not.
fn look_ahead(store: &Store, engine: &Engine, settings: &Settings, today: Date) -> Result<(), Ended> {
    let Some(days) = settings.horizon_days else { return Ok(()) };
    if let Some((tier, last)) = horizon(store, engine.plan(), days, today).map_err(|fault| Ended::custody(&fault))? {
        let last = last.to_string();
        tracing::warn!(tier, last, "keys end soon: `garim keys new --until DATE` makes more");
    }
    Ok(())
}

fn drawn() -> Result<String, Ended> {
    let mut letters = [0; 4];
    getrandom::fill(&mut letters).map_err(|_| Ended::no_random())?;
    Ok(hex(&letters))
}

fn started(engine: &Engine, settings: &Settings, store: &str) -> What {
    What::Started {
        group: settings.kafka.group.clone(),
        policy: hex(engine.digest()),
        // Passwords are not in this text, so that nobody can try them against the hash.
        settings: hex(&Sha256::digest(format!("{settings:?}"))),
        binary: program().map_or_else(|_| String::new(), |digest| hex(&digest)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: store.to_owned(),
        lease_ms: LEASE_MS,
    }
}

/// SHA-256 of the running program.
fn program() -> std::io::Result<[u8; 32]> {
    let mut file = File::open("/proc/self/exe")?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finalize().into()),
            bytes => hash.update(&piece[..bytes]),
        }
    }
}

impl Held {
    fn custodian<T>(&mut self, work: impl FnOnce(&mut Custodian<'_>) -> T) -> T {
        let custody = std::mem::take(&mut self.custody);
        let (by, host) = (&self.by, &self.host);
        let mut custodian = Custodian { acts: &mut *self.acts, by, host, now_ms: &now_ms, custody };
        let answer = work(&mut custodian);
        self.custody = custodian.custody;
        answer
    }

    /// Says that this instance has stopped: its lanes have ended and its keys are wiped.
    ///
    /// # Errors
    /// [`Why::Unavailable`](super::Why::Unavailable): then its lease ends by itself.
    pub fn stopped(self) -> Result<(), Ended> {
        let Self { mut acts, custody, by, host, store, .. } = self;
        drop(store);
        let mut custodian = Custodian { acts: &mut *acts, by: &by, host: &host, now_ms: &now_ms, custody };
        custodian.act(What::Stopped {}).map_err(|fault| Ended::custody(&fault))
    }
}

enum Ask {
    Reload,
    Stop,
}

/// The thread that follows store and log.
pub struct Keeper {
    ask: Sender<Ask>,
    ended: Receiver<(Held, Option<Ended>)>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keeper")
    }
}

impl Keeper {
    /// Follows store and log for these lanes. `policy` reads the policy again when it is asked to.
    ///
    /// # Errors
    /// [`Why::Unavailable`](super::Why::Unavailable) when the system gives no thread.
    pub fn start(held: Held, lanes: Lanes, policy: LoadPolicy) -> Result<Self, Ended> {
        let (ask, asked) = channel();
        let (tell, ended) = channel();
        let work = move || {
            let mut watch =
                Watch { held, lanes, policy, retired: Vec::new(), alive: Instant::now(), away: false, told: None };
            let ended = watch.run(&asked);
            let Watch { held, lanes, .. } = watch;
            // Whoever hears of the end asks next whether somebody has the lanes' keys.
            drop(lanes);
            // Nobody listens any more when the process is ending.
            let _ = tell.send((held, ended));
        };
        let thread = std::thread::Builder::new().name(String::from("garim-keeper")).spawn(work);
        thread.map_err(|error| Ended::thread(&error))?;
        Ok(Self { ask, ended })
    }

    /// Asks for the policy to be read again.
    pub fn reload(&self) {
        // A keeper that has ended is told of by `failed`.
        let _ = self.ask.send(Ask::Reload);
    }

    /// Why it ended by itself, if it did: then the lanes must not go on.
    pub fn failed(&self) -> Option<Ended> {
        match self.ended.try_recv() {
            Ok((_, ended)) => Some(ended.unwrap_or_else(Ended::keeper)),
            Err(TryRecvError::Disconnected) => Some(Ended::keeper()),
            Err(TryRecvError::Empty) => None,
        }
    }

    /// Ends it, within this time; what it held.
    pub fn stop(self, within: Duration) -> Option<Held> {
        let _ = self.ask.send(Ask::Stop);
        self.ended.recv_timeout(within).ok().map(|(held, _)| held)
    }
}

struct Watch {
    held: Held,
    lanes: Lanes,
    policy: LoadPolicy,
    /// Upgradable while some lane has keys that were replaced.
    retired: Vec<Weak<()>>,
    alive: Instant,
    /// Whether the brokers did not answer at the last look.
    away: bool,
    /// The complaint about the store that was told last.
    told: Option<String>,
}

/// How long this instance may use its keys without a sign of life in the log of acts.
const LEASE: Duration = Duration::from_millis(LEASE_MS - 2 * LOG_CALL_MS);

impl Watch {
    fn run(&mut self, asked: &Receiver<Ask>) -> Option<Ended> {
        loop {
            match asked.recv_timeout(Duration::from_millis(KEEPER_LOOK_MS)) {
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
                Ok(Ask::Reload) => {
                    let taken = self.read_policy();
                    self.lanes.metrics().reloaded(taken.is_ok());
                    if let Err(message) = taken {
                        tracing::error!("the policy was not read again, the old one stays: {message}");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.look() {
                Ok(()) => self.away = false,
                // Nobody counts this instance as gone before its lease ends: until then nothing is destroyed without it.
                Err(CustodyFault::Acts(AuditFault::Away(what))) if self.alive.elapsed() < LEASE => {
                    if !self.away {
                        tracing::warn!("the log of acts is not followed until the brokers answer: {what}");
                    }
                    self.away = true;
                }
                Err(fault) => return Some(Ended::custody(&fault)),
            }
        }
    }

    fn look(&mut self) -> Result<(), CustodyFault> {
        self.held.custodian(|custodian| custodian.look())?;
        if self.alive.elapsed() >= Duration::from_millis(LEASE_MS / 2) {
            self.held.custodian(|custodian| custodian.act(What::Alive { lease_ms: LEASE_MS }))?;
            self.alive = Instant::now();
        }
        self.mirror_in_line()?;
        let destroyed = self.held.custody.destroyed();
        let reopened = Seen::at(&self.held.dir) != self.held.seen && self.reopen();
        if reopened || !destroyed.is_subset(&self.held.forgotten) {
            self.held.store.forget(&destroyed);
            let keys = self.held.store.ring(self.lanes.engine().tiers());
            let old = self.lanes.rekey(keys);
            self.retire(old, destroyed);
        }
        self.retired.retain(|keys| keys.strong_count() > 0);
        let owed = self.held.custody.owed_by_holder(&self.held.by);
        if self.retired.is_empty() && !owed.is_empty() {
            self.held.custodian(|custodian| custodian.confirm("run", &owed))?;
            tracing::info!(keys = owed.len(), "destroyed keys are out of memory");
        }
        Ok(())
    }

    fn retire(&mut self, old: Weak<()>, forgotten: HashSet<Id>) {
        self.retired.push(old);
        self.held.forgotten = forgotten;
    }

    /// Reads the store again. A damaged one does not stop the lanes: they keep the keys that they have.
    fn reopen(&mut self) -> bool {
        let seen = Seen::at(&self.held.dir);
        let read = Store::open(&self.held.dir);
        self.lanes.metrics().keys_reloaded(read.is_ok());
        match read {
            Ok(store) => {
                self.held.store = store;
                self.held.seen = seen;
                self.told = None;
                true
            }
            Err(error) => {
                let text = error.to_string();
                if self.told.as_ref() != Some(&text) {
                    tracing::error!("the key store was not read again, the old keys stay: {text}");
                    self.told = Some(text);
                }
                false
            }
        }
    }

    /// A host that reads a mirror is where a destruction can reach it. Another one may be writing to it; then that one does.
    fn mirror_in_line(&mut self) -> Result<(), CustodyFault> {
        let Some(id) = self.held.store.mirror_id().map(str::to_owned) else { return Ok(()) };
        if self.held.custody.owed_by_mirror(&id).is_empty() {
            return Ok(());
        }
        let dir = self.held.dir.clone();
        match self.held.custodian(|custodian| custodian.mirror_in_line(&dir, Some(&id), &mut steady)) {
            Err(CustodyFault::Store(error)) => {
                tracing::warn!("the mirror was not brought in line: {error}");
                Ok(())
            }
            other => other,
        }
    }

    /// Takes the policy as it is now, with the keys as they are now.
    fn read_policy(&mut self) -> Result<(), String> {
        let engine = Arc::new((self.policy)()?);
        let said = |fault: CustodyFault| Ended::custody(&fault).message;
        let seen = Seen::at(&self.held.dir);
        let store = Store::open(&self.held.dir).map_err(|error| said(error.into()))?;
        let policy = hex(engine.digest());
        self.held.custodian(|custodian| custodian.act(What::PolicyTaken { policy })).map_err(said)?;
        let destroyed = self.held.custody.destroyed();
        self.held.store = store;
        self.held.store.forget(&destroyed);
        self.held.seen = seen;
        let loaded = Loaded::new(Arc::clone(&engine), self.held.store.ring(engine.tiers()));
        match self.lanes.reload(loaded) {
            Ok(old) => {
                self.retire(old, destroyed);
                Ok(())
            }
            Err(ended) => {
                // The lanes do not have the keys of this reading; the next look gives them.
                self.held.seen = None;
                Err(ended.message)
            }
        }
    }
}

/// Memory holds payloads and keys: it is not to be read by others, nor written to a disk when the process dies.
pub fn guard_memory() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    // Lowering a limit is always allowed; where it is not known, there are no core files either.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let closed = rustix::process::DumpableBehavior::NotDumpable;
    if rustix::process::set_dumpable_behavior(closed).is_err() {
        tracing::warn!("the system does not close this process's memory to its user's other processes");
    }
}
