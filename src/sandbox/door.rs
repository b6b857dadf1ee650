//! Decides how the rest of the program holds the server: making one, talking to it, watching it, troubling it.
//! It never contains the rules of the API.

use super::answer::{self, Answer, Reply};
use super::fault::{Attempt, Fault, Faults, Hook, Moment, WatchFault};
use super::page;
use super::refuse::Refusal;
use super::request::Call;
use super::route::{self, Route, Target};
use super::served::Served;
use super::state::{Asked, Change, State};
use super::watch::{Plan, Stream};
use crate::base::clock::Clock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// How a server is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time it lives in.
    pub clock: Clock,
    /// Decides uids, generated names and everything else left to chance.
    pub seed: u64,
    /// How many changes of each resource are kept for watches to resume from.
    pub history: usize,
}

impl Options {
    /// A server in `clock`'s time with chance from `seed`, keeping 10 000 changes of each resource.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self { clock, seed, history: 10_000 }
    }
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    writes: Mutex<u64>,
}

/// The server behind its lock.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a panic while locked can only come from a fault hook; the state itself is changed in whole steps
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer on its way out.
pub(crate) enum Outcome {
    /// A whole reply.
    Whole(Reply),
    /// A watch.
    Watch(Box<Stream>),
    /// The connection breaks.
    Broken,
}

impl Shared {
    /// Does something with the state while nobody else does.
    pub(crate) fn locked<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut held(&self.inner.state))
    }

    fn ask(&self, moment: Moment<'_>) -> Fault {
        let faults = held(&self.inner.faults).clone();
        faults.ask(moment)
    }

    /// What a fault hook has in mind for a watch.
    #[must_use]
    pub(crate) fn watch_fault(&self, served: &Served, agent: &str) -> WatchFault {
        if !held(&self.inner.faults).is_set() {
            return WatchFault::None;
        }
        self.ask(Moment::Watch { resource: &served.kind.resource(), agent }).into()
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, call: &Call) -> Outcome {
        let route = self.locked(|state| {
            let route = route::route(&state.kinds, call);
            if let Ok(Route::Objects(target)) = &route {
                count(state, target, call);
            }
            route
        });
        match route {
            Err(refusal) => Outcome::Whole(self.locked(|state| page::unknown(state, call, refusal))),
            Ok(Route::Page) => Outcome::Whole(self.locked(|state| page::answer(state, call))),
            Ok(Route::Objects(target)) => self.objects(&target, call).await,
        }
    }

    async fn objects(&self, target: &Target, call: &Call) -> Outcome {
        let attempt = held(&self.inner.faults).is_set().then(|| self.attempt(target, call));
        if let Some(attempt) = &attempt {
            match self.ask(Moment::Before(attempt)) {
                Fault::None => {}
                Fault::Refuse(refusal) => return Outcome::Whole(refusal.into()),
                Fault::Break => return Outcome::Broken,
                Fault::Delay(time) => tokio::time::sleep(time).await,
            }
        }
        let answer = self.locked(|state| {
            let answer = answer::objects(state, target, call);
            answer.map(|a| match a {
                Answer::Whole(reply) => (Some(reply), None),
                Answer::Watch(plan) => {
                    let changes = state.shelf(&target.served).listen();
                    (None, Some((plan, changes)))
                }
            })
        });
        let reply = match answer {
            Ok((_, Some((plan, changes)))) => return self.stream(*plan, changes, call),
            Ok((Some(reply), None)) => reply,
            Ok((None, None)) => Refusal::internal("no answer").into(),
            Err(refusal) => refusal.into(),
        };
        if !target.ask.writes() || reply.code >= 300 {
            return Outcome::Whole(reply);
        }
        *held(&self.inner.writes) += 1;
        let Some(attempt) = &attempt else { return Outcome::Whole(reply) };
        match self.ask(Moment::After(attempt, reply.code)) {
            Fault::None => Outcome::Whole(reply),
            Fault::Refuse(refusal) => Outcome::Whole(refusal.into()),
            Fault::Break => Outcome::Broken,
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                Outcome::Whole(reply)
            }
        }
    }

    fn stream(&self, plan: Plan, changes: watch::Receiver<u64>, call: &Call) -> Outcome {
        Outcome::Watch(Box::new(Stream::new(self.clone(), plan, changes, call.agent.clone())))
    }

    fn attempt(&self, target: &Target, call: &Call) -> Attempt {
        Attempt {
            agent: call.agent.clone(),
            ask: target.ask,
            resource: target.served.kind.resource(),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            sub: target.sub.clone(),
            dry_run: !call.query.text("dryRun").is_empty(),
            writes_before: *held(&self.inner.writes),
        }
    }
}

fn count(state: &mut State, target: &Target, call: &Call) {
    let kind = target.served.kind.resource();
    let resource = if target.sub.is_empty() { kind } else { format!("{kind}/{}", target.sub) };
    *state.asked.entry((call.agent.clone(), target.ask.name(), resource)).or_insert(0) += 1;
}

/// An embedded Kubernetes API server. Clones are handles to the same server.
#[derive(Clone, Debug)]
pub struct Sandbox {
    shared: Shared,
}

impl Sandbox {
    /// A server with the namespaces every cluster has, and nothing else.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut state = State::new(options.clock, options.seed, options.history);
        super::seed::fill(&mut state);
        let inner =
            Inner { state: Mutex::new(state), faults: Mutex::new(Faults::default()), writes: Mutex::new(0) };
        Self { shared: Shared { inner: Arc::new(inner) } }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.shared.locked(|state| state.revision)
    }

    /// Every change from now on, in order and without a gap. The receiver must be read: what is not read is kept.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Change> {
        self.shared.locked(State::subscribe)
    }

    /// The objects of a kind, in one namespace or (with an empty one) in all, in order of namespace and name.
    ///
    /// `kind` is `apiVersion` and `kind` of a manifest; a kind that is not served has no objects.
    #[must_use]
    pub fn snapshot(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        self.shared.locked(|state| state.snapshot(api_version, kind, namespace))
    }

    /// How often each user agent has asked what of which resource.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<Asked, u64> {
        self.shared.locked(|state| state.asked.clone())
    }

    /// Forgets the changes up to `revision`: watches and lists of older revisions get 410.
    pub fn compact(&self, revision: u64) {
        self.shared.locked(|state| state.compact(revision));
    }

    /// Puts a fault hook in place, or takes it away.
    pub fn fault_hook(&self, hook: Option<Hook>) {
        held(&self.shared.inner.faults).set(hook);
    }
}
