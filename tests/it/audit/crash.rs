//! The power fails at every step of an append: the log is whole at the next open, and what was acknowledged is there.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use garim::telemetry::audit::disk::{Disk, Host};
use garim::telemetry::audit::tree::Tree;
use garim::telemetry::audit::verify::verify;

use super::merkle::Naive;
use super::{copy, signer};

/// What is not durable yet.
enum Unsynced {
    /// A file whose bytes may be lost.
    File(String),
    /// A name in a folder, and what was there before.
    Name { path: String, from: Option<String>, before: Option<Vec<u8>> },
    /// A folder.
    Folder(String),
}

impl Unsynced {
    fn path(&self) -> &str {
        match self {
            Self::File(path) | Self::Folder(path) | Self::Name { path, .. } => path,
        }
    }
}

#[derive(Default)]
struct Power {
    /// Steps until it fails.
    left: usize,
    failed: bool,
    unsynced: Vec<Unsynced>,
}

/// A disk whose power fails.
struct Failing {
    host: Host,
    power: Arc<Mutex<Power>>,
}

/// One step; an error when the power is gone.
fn step(power: &Mutex<Power>) -> io::Result<MutexGuard<'_, Power>> {
    let mut power = power.lock().unwrap();
    if power.left == 0 {
        power.failed = true;
        return Err(io::Error::other("the power failed"));
    }
    power.left -= 1;
    Ok(power)
}

impl Disk for Failing {
    fn make_folder(&mut self, path: &str) -> io::Result<()> {
        let mut power = step(&self.power)?;
        if !self.host.place().join(path).exists() {
            power.unsynced.push(Unsynced::Folder(path.to_owned()));
        }
        self.host.make_folder(path)
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        match step(&self.power) {
            Ok(mut power) => {
                power.unsynced.push(Unsynced::File(path.to_owned()));
                self.host.write(path, bytes)
            }
            // The last breath: half of it.
            Err(error) => self.host.write(path, &bytes[..bytes.len() / 2]).and(Err(error)),
        }
    }

    fn sync(&mut self, path: &str) -> io::Result<()> {
        let mut power = step(&self.power)?;
        power.unsynced.retain(|it| !matches!(it, Unsynced::File(file) if file == path));
        self.host.sync(path)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut power = step(&self.power)?;
        for it in &mut power.unsynced {
            if let Unsynced::File(file) = it
                && file == from
            {
                *file = to.to_owned();
            }
        }
        let before = self.host.read(to)?;
        power.unsynced.push(Unsynced::Name { path: to.to_owned(), from: Some(from.to_owned()), before });
        self.host.rename(from, to)
    }

    fn sync_folder(&mut self, path: &str) -> io::Result<()> {
        let mut power = step(&self.power)?;
        let parent = |below: &str| below.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
        power.unsynced.retain(|it| matches!(it, Unsynced::File(_)) || parent(it.path()) != path);
        self.host.sync_folder(path)
    }

    fn remove_folder(&mut self, path: &str) -> io::Result<()> {
        for name in self.host.names(path)? {
            self.remove(&format!("{path}/{name}"))?;
        }
        let _power = step(&self.power)?;
        self.host.remove_folder(path)
    }

    fn remove(&mut self, path: &str) -> io::Result<()> {
        let mut power = step(&self.power)?;
        let before = self.host.read(path)?;
        power.unsynced.push(Unsynced::Name { path: path.to_owned(), from: None, before });
        self.host.remove(path)
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.host.read(path)
    }

    fn names(&self, path: &str) -> io::Result<Vec<String>> {
        self.host.names(path)
    }

    fn place(&self) -> &Path {
        self.host.place()
    }
}

/// Takes back what was not durable, last first.
fn lose(dir: &Path, power: &mut Power) {
    for it in power.unsynced.drain(..).rev() {
        match it {
            Unsynced::File(path) => {
                if let Ok(bytes) = fs::read(dir.join(&path)) {
                    fs::write(dir.join(&path), &bytes[..bytes.len() / 2]).unwrap();
                }
            }
            Unsynced::Folder(path) => {
                let _ = fs::remove_dir_all(dir.join(path));
            }
            Unsynced::Name { path, from, before } => {
                if let Some(from) = from {
                    fs::rename(dir.join(&path), dir.join(from)).unwrap();
                }
                if let Some(before) = before {
                    let path = dir.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, before).unwrap();
                }
            }
        }
    }
}

const ORIGIN: &str = "garim/eu/acts";

fn entry(number: u64) -> Vec<u8> {
    super::act(number as i64).to_bytes()
}

fn append(tree: &mut Tree, from: u64, count: u64) -> bool {
    let entries: Vec<Vec<u8>> = (from..from + count).map(entry).collect();
    tree.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).is_ok()
}

/// After the power is back: the log is the beginning of what was given, verifies, and grows on.
fn whole(dir: &Path, naive: &mut Naive, (least, most): (u64, u64), story: &str) {
    let mut tree =
        Tree::open(&dir.join("acts"), ORIGIN, Some(signer())).unwrap_or_else(|fault| panic!("{story}: {fault}"));
    let size = tree.size();
    assert!((least..=most).contains(&size), "{story}: {size} entries, and {least} to {most} were given");
    assert_eq!(tree.root(), naive.hash(0, size as usize), "{story}");
    assert!(append(&mut tree, size, 1), "{story}");
    assert_eq!(tree.root(), naive.hash(0, size as usize + 1), "{story}");
    tree.sign_checkpoint_now(0).unwrap();
    let report = verify(dir, &[signer().verifier()], &[]);
    assert_eq!(report.faults, [], "{story}");
    assert_eq!(report.logs[0].size, size + 1, "{story}");
}

#[test]
fn an_append_that_stops_at_any_step_leaves_the_log_whole() {
    let mut naive = Naive::new((0..1_000).map(entry));
    let mut steps: HashMap<(u64, u64), usize> = HashMap::new();
    for size in [0, 1, 255, 511] {
        let template = tempfile::tempdir().unwrap();
        let mut tree = Tree::open(&template.path().join("acts"), ORIGIN, Some(signer())).unwrap();
        assert!(append(&mut tree, 0, size));
        tree.sign_checkpoint_now(0).unwrap();
        drop(tree);
        for count in [1, 2, 258] {
            for power_loss in [false, true] {
                for left in 0.. {
                    let story = format!("{size} entries and {count} more, stopped after {left} steps, {power_loss}");
                    let run = tempfile::tempdir().unwrap();
                    copy(template.path(), run.path());
                    let dir = run.path().join("acts");
                    let power = Arc::new(Mutex::new(Power { left, ..Power::default() }));
                    let disk = Failing { host: Host::hold(&dir).unwrap(), power: Arc::clone(&power) };
                    let opened = Tree::open_on(Box::new(disk), ORIGIN, Some(signer()));
                    let mut appended = false;
                    let signed = opened.is_ok_and(|mut tree| {
                        appended = append(&mut tree, size, count);
                        tree.sign_checkpoint_now(0).is_ok()
                    });
                    let mut power = power.lock().unwrap();
                    if power_loss {
                        lose(&dir, &mut power);
                    }
                    let least = if appended { size + count } else { size };
                    whole(run.path(), &mut naive, (least, size + count), &story);
                    if appended && signed && !power.failed {
                        steps.insert((size, count), left);
                        break;
                    }
                }
            }
        }
    }
    // The rows above have stopped at something: four steps a file, and the folders.
    assert!(steps.values().all(|&steps| steps >= 12), "{steps:?}");
}

/// A disk that was full for a moment: the append fails, and the next one goes well in the same process.
#[test]
fn after_a_failed_append_the_log_goes_on() {
    let mut naive = Naive::new((0..300).map(entry));
    for left in 0..16 {
        let run = tempfile::tempdir().unwrap();
        let dir = run.path().join("acts");
        let power = Arc::new(Mutex::new(Power { left: usize::MAX, ..Power::default() }));
        let disk = Failing { host: Host::hold(&dir).unwrap(), power: Arc::clone(&power) };
        let mut tree = Tree::open_on(Box::new(disk), ORIGIN, Some(signer())).unwrap();
        assert!(append(&mut tree, 0, 255));
        power.lock().unwrap().left = left;
        let appended = append(&mut tree, 255, 2);
        power.lock().unwrap().left = usize::MAX;
        assert_eq!(tree.append(&[]), Ok(()), "after {left} steps");
        let size = tree.size();
        assert!((if appended { 257 } else { 255 }..=257).contains(&size), "after {left} steps: {size}");
        drop(tree);
        whole(run.path(), &mut naive, (size, size), &format!("after {left} steps"));
    }
}
