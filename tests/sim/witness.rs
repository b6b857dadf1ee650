//! Decides what is written down of a run: every store change and every change of Git, hashed and checked.
//! It never touches what it sees.

use crate::invariant::{self, Invariant};
use crate::repo::Files;
use crate::trouble::is_ours;
use crate::world::{Seen, World};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use switchback::base::clock::Clock;
use switchback::sandbox::route::Ask;
use switchback::sandbox::{Change, Moment};
use switchback::world::git::Commit;
use tokio::sync::mpsc::UnboundedReceiver;

struct Inner {
    clock: Clock,
    changes: UnboundedReceiver<Change>,
    world: World,
    invariants: Vec<Box<dyn Invariant>>,
    digest: Sha256,
    lines: u64,
    checks: BTreeMap<&'static str, u64>,
    broken: Vec<String>,
    recent: Vec<String>,
    made: Vec<String>,
}

/// Writes a run down. Clones are handles to the same one.
#[derive(Clone)]
pub struct Witness {
    inner: Arc<Mutex<Inner>>,
}

/// Lines kept for people.
const RECENT: usize = 60;

impl Inner {
    fn line(&mut self, text: &str, shown: String) {
        self.digest.update(text.as_bytes());
        self.digest.update(b"\n");
        self.lines += 1;
        let at = self.world.now;
        self.recent.push(format!("{at} {shown}"));
        if self.recent.len() > RECENT * 2 {
            self.recent.drain(..RECENT);
        }
    }

    /// Takes in every store change that has come meanwhile.
    fn drain(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            self.world.now = self.clock.now();
            let kind = change.kind.kind.clone();
            let name = crate::world::place(&change.object);
            let at = self.world.now;
            let text = format!("{at} {} {:?} {kind} {}", change.revision, change.verb, change.object);
            self.line(&text, format!("{:?} {kind} {name}", change.verb));
            self.world.take(&change);
            let seen = Seen::Store {
                verb: change.verb,
                kind: &kind,
                object: &change.object,
                before: change.previous.as_deref(),
            };
            self.check(&seen);
        }
    }

    fn check(&mut self, seen: &Seen<'_>) {
        for invariant in &mut self.invariants {
            *self.checks.entry(invariant.name()).or_insert(0) += 1;
            if let Err(why) = invariant.check(&self.world, seen) {
                self.broken.push(format!("{} {}: {why}", self.world.now, invariant.name()));
            }
        }
    }
}

impl Witness {
    pub fn new(clock: Clock, changes: UnboundedReceiver<Change>, source: String) -> Self {
        let inner = Inner {
            clock,
            changes,
            world: World::new(clock.now(), source),
            invariants: invariant::all(),
            digest: Sha256::new(),
            lines: 0,
            checks: BTreeMap::new(),
            broken: Vec::new(),
            recent: Vec::new(),
            made: Vec::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap();
        inner.drain();
        inner.world.now = inner.clock.now();
        inner
    }

    /// A moment of a request to the cluster.
    pub fn at(&self, moment: &Moment<'_>) {
        let mut inner = self.lock();
        if let Moment::Before(a) = moment
            && is_ours(&a.agent)
            && a.ask == Ask::Delete
            && !a.dry_run
        {
            let plural = a.resource.split('.').next().unwrap_or_default();
            inner.check(&Seen::Deletes { plural, namespace: &a.namespace, name: &a.name });
        }
    }

    /// The branch has moved.
    pub fn pushed(&self, by_us: bool, commit: &Commit, files: &Files) {
        let mut inner = self.lock();
        let text = format!("push {by_us} {commit:?} {files:?}");
        inner.line(&text, format!("pushed {} {:?}", commit.id, commit.subject()));
        inner.check(&Seen::Pushed { by_us, commit, files });
    }

    /// The engine has made a commit.
    pub fn committed(&self, id: &str, message: &str) {
        let mut inner = self.lock();
        inner.made.push(id.to_owned());
        inner.line(&format!("commit {id} {message}"), format!("made {id}"));
    }

    /// The story is over.
    pub fn over(&self) {
        self.lock().check(&Seen::Over);
    }

    /// Looks at the world.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock().world)
    }

    /// Notes that fields belong to others.
    pub fn foreign(&self, fields: Vec<(String, String, String, serde_json::Value)>) {
        self.lock().world.foreign.extend(fields);
    }

    /// The digest of everything written down so far, and how many lines that were.
    pub fn digest(&self) -> (String, u64) {
        let inner = self.lock();
        let bytes = inner.digest.clone().finalize();
        (bytes.iter().map(|b| format!("{b:02x}")).collect(), inner.lines)
    }

    /// How often each invariant was checked.
    pub fn checks(&self) -> BTreeMap<&'static str, u64> {
        self.lock().checks.clone()
    }

    /// The invariants that did not hold.
    pub fn broken(&self) -> Vec<String> {
        self.lock().broken.clone()
    }

    /// What happened last, for people.
    pub fn recent(&self) -> String {
        let inner = self.lock();
        let from = inner.recent.len().saturating_sub(RECENT);
        inner.recent[from..].join("\n")
    }
}
