//! Lanes: the next event for `flow`, and its commands carried out with `engine` and `kafka`.
//!
//! [`start`] checks that the brokers and all topics are there and starts the lanes; [`Running`] stops them, gives them a
//! new policy, and tells when and why they ended.
#![expect(clippy::disallowed_methods, reason = "the rim: lanes have a clock, settings an environment")]

pub mod audit;
pub mod custody;
mod ending;
pub mod expiry;
pub mod keeper;
mod lane;
mod notice;
pub mod opening;
mod outputs;
pub mod quarantine;
pub mod request;
pub mod settings;
pub mod shutdown;
pub mod survey;

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, RwLock, Weak};
use std::time::{Duration, Instant};

pub use ending::{Ended, Why};

use crate::engine::Engine;
use crate::engine::outcome::KeyMissing;
use crate::flow::message::FaultClass;
use crate::flow::{Ending, Rules};
use crate::kafka::Fault;
use crate::kafka::admin::{Admin, Cluster};
use crate::kafka::drift::{Checks, breaches, changes};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::topics::{needed, stay};
use crate::limits::{OVERDUE_LOOKS, SUPERVISE_MS};
use crate::pseudonym::epoch::KeyRing;
use crate::telemetry::Health;
use crate::telemetry::audit::entry::WINDOWS_TOPIC;
use crate::telemetry::http::{Pages, Server};
use crate::telemetry::metrics::{Counters, Metrics};
use lane::Worker;
use quarantine::{HeaderStyle, Sealer};
use settings::{Settings, Unverified};

/// A compiled policy with its keys: what a reload replaces.
#[derive(Debug)]
pub struct Loaded {
    /// The policy. Other keys under the same policy share it, so that a lane sees that only the keys are new.
    pub engine: Arc<Engine>,
    /// Its keys.
    pub keys: KeyRing,
    /// Goes after the keys: fields are dropped in this order.
    gone: Arc<()>,
}

impl Loaded {
    /// A policy with its keys.
    pub fn new(engine: Arc<Engine>, keys: KeyRing) -> Self {
        Self { engine, keys, gone: Arc::new(()) }
    }

    /// The topics that outputs, notices and the entries of windows go to, each once.
    fn output_topics(&self) -> Vec<&str> {
        let mut topics: Vec<&str> = Vec::new();
        for (index, source) in self.engine.sources().iter().enumerate() {
            let tiers = self.engine.tiers_of(index as u16);
            topics.extend(tiers.into_iter().map(|tier| self.engine.topic(index as u16, tier)));
            topics.push(&source.quarantine);
        }
        topics.push(WINDOWS_TOPIC);
        topics.sort_unstable();
        topics.dedup();
        topics
    }
}

/// What the lanes share.
struct Shared {
    kafka: KafkaSettings,
    /// What is done about topics whose settings the brokers do not tell.
    unverified: Unverified,
    rules: Rules,
    /// To whom refused records are sealed, if they are kept at all.
    sealer: Option<Sealer>,
    header_style: HeaderStyle,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    began: Instant,
    /// Drawn at the start, so that no two processes name a run alike.
    draw: [u8; 32],
    loaded: RwLock<Arc<Loaded>>,
    reloads: AtomicU64,
    stop_by_ms: Mutex<Option<u64>>,
    stopped: Condvar,
}

impl Shared {
    /// The lanes' clock: milliseconds since the start.
    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn loaded(&self) -> (Arc<Loaded>, u64) {
        let loaded = self.loaded.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        (Arc::clone(&loaded), self.reloads())
    }

    fn reloads(&self) -> u64 {
        self.reloads.load(Ordering::Acquire)
    }

    fn stop_by_ms(&self) -> Option<u64> {
        *self.stop_by_ms.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits so long, or until a stop begins.
    fn wait(&self, wait: Duration) {
        let stop_by_ms = self.stop_by_ms.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let was = *stop_by_ms;
        // What is returned is the lock; why the wait ended does not matter.
        let _ = self.stopped.wait_timeout_while(stop_by_ms, wait, |stop_by_ms| *stop_by_ms == was);
    }

    fn stop(&self, within: Duration) {
        let by_ms = self.now_ms() + within.as_millis() as u64;
        let mut stop_by_ms = self.stop_by_ms.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *stop_by_ms = Some(stop_by_ms.map_or(by_ms, |earlier| earlier.min(by_ms)));
        self.health.drain();
        self.stopped.notify_all();
    }
}

/// How a lane ended, as it tells the supervisor.
struct LaneEnd {
    ending: Ending,
    fault: Option<Fault>,
    missing: Option<KeyMissing>,
}

/// The lanes of this process at work.
pub struct Running {
    shared: Arc<Shared>,
    shutdown: Duration,
    ends: Receiver<(usize, Option<LaneEnd>)>,
    left: usize,
    first: Option<Ended>,
    overdue: u32,
    server: Option<Server>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({} lanes)", self.left)
    }
}

/// Looks that the brokers, the input topics, every tier and every quarantine are there, then starts the lanes.
///
/// # Errors
/// [`Why::Unavailable`] when a broker, a topic or the address of the pages is not to be had; [`Why::Keys`] when a tier has
/// no key at all.
pub fn start(loaded: Loaded, settings: &Settings) -> Result<Running, Ended> {
    ending::keys_are_there(&loaded)?;
    topics_are_found(&loaded.engine, settings)?;

    let health = Arc::new(Health::new(settings.lanes));
    let metrics = Arc::new(Metrics::new());
    metrics.policy(&loaded.engine);
    metrics.keys(&loaded.engine, &loaded.keys);
    let pages = Pages { health: Arc::clone(&health), metrics: Arc::clone(&metrics) };
    let server = match settings.http {
        Some(address) => Some(Server::start(address, pages).map_err(|error| Ended::address(address, &error))?),
        None => None,
    };
    let shared = Arc::new(Shared {
        kafka: settings.kafka.clone(),
        unverified: settings.topics.unverified,
        rules: rules(settings),
        sealer: settings.quarantine_recipient.clone(),
        header_style: settings.header_style,
        health,
        metrics,
        began: Instant::now(),
        draw: drawn()?,
        loaded: RwLock::new(Arc::new(loaded)),
        reloads: AtomicU64::new(0),
        stop_by_ms: Mutex::new(None),
        stopped: Condvar::new(),
    });
    let (tell, ends) = channel();
    for lane in 0..settings.lanes {
        spawn(lane, &shared, tell.clone()).map_err(|error| Ended::thread(&error))?;
    }
    Ok(Running {
        shared,
        shutdown: Duration::from_millis(settings.shutdown_ms),
        ends,
        left: settings.lanes,
        first: None,
        overdue: 0,
        server,
    })
}

/// The rules of the lanes. Where refused records are kept and can be replayed, any number of them is no reason to stop.
fn rules(settings: &Settings) -> Rules {
    let kept = settings.quarantine_recipient.is_some();
    let Rules { refused_window, refused_max, .. } = settings.rules;
    Rules { refused_max: if kept { refused_window } else { refused_max }, ..settings.rules }
}

/// Now, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn drawn() -> Result<[u8; 32], Ended> {
    let mut draw = [0; 32];
    getrandom::fill(&mut draw).map_err(|_| Ended::no_random())?;
    Ok(draw)
}

/// A lane's thread. A panic ends it, and with it the process: the hook has told the place, nobody tells the payload.
fn spawn(lane: usize, shared: &Arc<Shared>, tell: Sender<(usize, Option<LaneEnd>)>) -> std::io::Result<()> {
    let shared = Arc::clone(shared);
    let work = move || {
        let end = catch_unwind(AssertUnwindSafe(|| Worker::new(lane, shared).run())).ok();
        // Nobody listens any more when the process is ending.
        let _ = tell.send((lane, end));
    };
    std::thread::Builder::new().name(format!("garim-lane-{lane}")).spawn(work).map(drop)
}

/// Waits for the brokers, and looks that all topics are there.
fn topics_are_found(engine: &Engine, settings: &Settings) -> Result<(), Ended> {
    let admin = Admin::new(&settings.kafka).map_err(|fault| Ended::fault(Why::Internal, fault))?;
    let wait = Duration::from_millis(settings.start_wait_ms);
    topics_are_there(&admin, engine, &settings.kafka, settings.topics.unverified, wait)
}

/// Looks that all topics are there, and that those of tiers keep their windows. `unverified` says what is done where the
/// brokers do not say how a topic is configured.
fn topics_are_there(
    admin: &Admin,
    engine: &Engine,
    kafka: &KafkaSettings,
    unverified: Unverified,
    wait: Duration,
) -> Result<(), Ended> {
    let cluster = admin.look(wait).map_err(|fault| Ended::brokers(fault, kafka, wait))?;
    let mut wanted = needed(engine, &cluster.topics, None, cluster.brokers, true);
    wanted.extend(audit::topics(cluster.brokers));
    let missing: Vec<&str> = wanted
        .iter()
        .map(|topic| topic.name.as_str())
        .filter(|name| cluster.topics.get(*name).is_none_or(|&partitions| partitions == 0))
        .collect();
    if !missing.is_empty() {
        return Err(Ended::topics(&missing));
    }
    windows_hold(admin, engine, &cluster, unverified, wait)
}

/// Refuses topics whose settings break the window of their tier.
fn windows_hold(
    admin: &Admin,
    engine: &Engine,
    cluster: &Cluster,
    unverified: Unverified,
    wait: Duration,
) -> Result<(), Ended> {
    if unverified == Unverified::Unasked {
        return Ok(());
    }
    let away = |fault: &Fault| fault.class == FaultClass::BrokerAway;
    let denied = |fault: Fault| match unverified == Unverified::Warn && !away(&fault) {
        true => {
            tracing::warn!("nobody knows whether the windows of the tiers hold: {fault}");
            Ok(())
        }
        false => Err(Ended::unverified(&fault)),
    };
    let (there, _) = match survey::tier_topics(engine, admin, cluster, wait) {
        Ok(found) => found,
        Err(fault) => return denied(fault),
    };
    let checks = match Checks::ask(admin, cluster, wait) {
        Ok(checks) => checks,
        Err(fault) => return denied(fault),
    };
    if !checks.told {
        tracing::warn!("the brokers do not say how often they look for old records: five minutes are assumed");
    }
    let (mut broken, mut drifted) = (Vec::new(), 0);
    for topic in &there {
        let settings = match &topic.settings {
            Ok(settings) => settings,
            Err(fault) => {
                denied(fault.clone())?;
                continue;
            }
        };
        let breaches = breaches(&stay(engine, topic.tier), settings, checks);
        broken.extend(breaches.iter().map(|breach| format!("{}: {breach}", topic.needed.name)));
        drifted += usize::from(!changes(&topic.needed, settings).is_empty());
    }
    if !broken.is_empty() {
        return Err(Ended::broken_windows(&broken));
    }
    if drifted > 0 {
        tracing::warn!(topics = drifted, "topics are not as the policy needs them; `garim topics plan` shows how");
    }
    Ok(())
}

impl Running {
    /// Begins a stop: every lane commits what it has, leaves the group and ends, within `worker.shutdown-ms`.
    pub fn stop(&self) {
        self.shared.stop(self.shutdown);
    }

    /// The lanes, for whoever gives them other keys or another policy.
    pub fn lanes(&self) -> Lanes {
        Lanes { shared: Arc::clone(&self.shared), wait: self.shutdown }
    }

    /// Stops the lanes because of something outside of them, which is then what [`Running::wait`] answers.
    pub fn end(&mut self, ended: Ended) {
        self.first.get_or_insert(ended);
        self.stop();
    }

    /// Waits at most so long for the end of all lanes, and holds every call to its limit meanwhile: to be called again and
    /// again. The first end that was not asked for stops the other lanes.
    ///
    /// After `Some`, the process has to end: a lane that hangs cannot be taken back.
    pub fn wait(&mut self, wait: Duration) -> Option<Ended> {
        let until = Instant::now() + wait;
        while self.left > 0 {
            let left = until.saturating_duration_since(Instant::now());
            match self.ends.recv_timeout(left.min(Duration::from_millis(SUPERVISE_MS))) {
                Ok((lane, None)) => return Some(Ended::panicked(lane)),
                Ok((lane, Some(end))) => {
                    self.left -= 1;
                    self.lane_ended(lane, &end);
                }
                Err(RecvTimeoutError::Disconnected) => return Some(Ended::panicked(0)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(ended) = self.look_after() {
                return Some(ended);
            }
            if self.left > 0 && Instant::now() >= until {
                return None;
            }
        }
        self.server = None;
        Some(self.first.take().unwrap_or_else(Ended::stopped))
    }

    fn lane_ended(&mut self, lane: usize, end: &LaneEnd) {
        if end.ending == Ending::Stopped {
            return;
        }
        let (loaded, _) = self.shared.loaded();
        let ended = Ended::of(lane, end, &loaded.engine, &self.shared.kafka);
        tracing::error!(lane, "{}", ended.message);
        self.first.get_or_insert(ended);
        self.stop();
    }

    /// The watchdog. A call of the client library can ignore its time-out; ending the process is safe.
    fn look_after(&mut self) -> Option<Ended> {
        let by_ms = self.shared.stop_by_ms();
        // A lane that notices the deadline by itself ends by itself, so it gets a little longer.
        if by_ms.is_some_and(|by_ms| self.shared.now_ms() > by_ms + 10 * SUPERVISE_MS) {
            return Some(self.first.take().unwrap_or_else(Ended::deadline));
        }
        // A process that was suspended looks overdue when it wakes; whoever really hangs still does so a look later.
        let overdue = self.shared.health.overdue().next();
        self.overdue = if overdue.is_some() { self.overdue + 1 } else { 0 };
        overdue.filter(|_| self.overdue >= OVERDUE_LOOKS).map(|(lane, call)| Ended::hangs(lane, call))
    }

    /// Whether every lane has ended, and nothing of it is left.
    pub fn has_ended(&self) -> bool {
        self.left == 0
    }

    /// The health of the lanes.
    pub fn health(&self) -> &Health {
        &self.shared.health
    }

    /// The metrics of this process.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The counters of the policy in force: what was committed so far.
    pub fn counters(&self) -> Counters {
        Counters::new(&self.shared.metrics, &self.shared.loaded().0.engine)
    }

    /// Where the pages are served, if they are.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(Server::address)
    }
}

/// What lanes work with, and the way to change it.
pub struct Lanes {
    shared: Arc<Shared>,
    wait: Duration,
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lanes")
    }
}

impl Lanes {
    /// Gives all lanes another policy, which each takes between two transactions; what they had until then.
    ///
    /// # Errors
    /// When its input topics differ from the running ones, a topic of it is missing, or the brokers are away; the old
    /// policy stays.
    pub fn reload(&self, loaded: Loaded) -> Result<Weak<()>, Ended> {
        let inputs =
            |engine: &Engine| -> Vec<Box<str>> { engine.inputs().iter().map(|input| input.0.clone()).collect() };
        if inputs(&self.engine()) != inputs(&loaded.engine) {
            return Err(Ended::inputs_differ());
        }
        ending::keys_are_there(&loaded)?;
        let admin = Admin::new(&self.shared.kafka).map_err(|fault| Ended::fault(Why::Internal, fault))?;
        topics_are_there(&admin, &loaded.engine, &self.shared.kafka, self.shared.unverified, self.wait)?;
        self.shared.metrics.policy(&loaded.engine);
        Ok(self.give(loaded))
    }

    /// Gives all lanes other keys under the same policy, which each takes between two transactions. What is answered can
    /// be upgraded until the last lane has done so, and has wiped the keys that it had.
    pub fn rekey(&self, keys: KeyRing) -> Weak<()> {
        self.give(Loaded::new(self.engine(), keys))
    }

    /// The policy in force.
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.shared.loaded().0.engine)
    }

    /// The policy in force for whoever must not keep the lanes' keys alive: `None` once the lanes are gone.
    pub fn policy(&self) -> expiry::InForce {
        let shared = Arc::downgrade(&self.shared);
        Box::new(move || shared.upgrade().map(|shared| Arc::clone(&shared.loaded().0.engine)))
    }

    /// The metrics of this process.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What is upgraded by nobody any more when the keys in force are wiped.
    pub fn in_force(&self) -> Weak<()> {
        Arc::downgrade(&self.shared.loaded().0.gone)
    }

    fn give(&self, loaded: Loaded) -> Weak<()> {
        self.shared.metrics.keys(&loaded.engine, &loaded.keys);
        let mut slot = self.shared.loaded.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let old = std::mem::replace(&mut *slot, Arc::new(loaded));
        self.shared.reloads.fetch_add(1, Ordering::Release);
        Arc::downgrade(&old.gone)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
