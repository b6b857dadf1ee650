//! Decides nothing but the order of things: the one loop in which news come in, keys are looked at and results
//! are taken up. It is the same in production and under a paused clock.

use crate::api::phase::RolloutPhase;
use crate::api::watch::News;
use crate::engine::context::{Context, Told};
use crate::engine::delivery::{self, DeliveryReport, Facts, Source, State};
use crate::engine::index::{Index, Name};
use crate::engine::pump::Pump;
use crate::engine::queue::{Key, Queue};
use crate::engine::roll::Outcome;
use crate::engine::{analyse, facts, release, roll, view};
use crate::logic::analysis::view::RunView;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Keys looked at side by side.
const AT_ONCE: usize = 32;
/// Wait after a problem that only a person can mend, if nothing else wakes us.
const HELD: Duration = Duration::from_secs(30);
/// Time that running looks get to end when we are told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How an engine runs.
#[derive(Clone, Default)]
pub struct Settings {
    /// Only objects of this instance; without one, only objects of none.
    pub instance: Option<String>,
    /// Only this namespace; all without one.
    pub namespace: Option<String>,
    /// Repositories to bring to the cluster.
    pub sources: Vec<Source>,
    /// How often remote repositories are asked; never when absent, because something else tells us.
    pub interval: Option<Duration>,
    /// Decides the order of looks, to try other orders; first come first served without.
    pub seed: Option<u64>,
    /// Whether to end as soon as everything has settled.
    pub once: bool,
}

/// How an engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Everything has settled; whether all of it is healthy.
    Settled {
        /// Whether every Rollout is healthy and every repository applied.
        healthy: bool,
    },
}

/// What a look came to.
enum Done {
    Rollout(Key, Outcome),
    Run(Key, Outcome),
    Service(Key, Outcome),
    Source(usize, Box<State>, DeliveryReport),
}

/// The engine between two looks.
struct Engine {
    context: Context,
    settings: Settings,
    index: Index,
    queue: Queue,
    pump: Pump,
    states: Vec<Option<State>>,
    running: JoinSet<Done>,
    flush_at: BTreeMap<Key, Instant>,
    owing: BTreeMap<Name, String>,
    results: Vec<Option<bool>>,
    ready: bool,
}

/// Runs until `stop` ends or, with `once`, until everything has settled. `nudges` are numbers of repositories that
/// have changed.
pub async fn run(
    context: Context,
    settings: Settings,
    mut nudges: mpsc::Receiver<usize>,
    stop: impl Future<Output = ()>,
) -> Ended {
    let mut engine = Engine::new(context, settings);
    let mut stop = pin!(stop);
    let mut nudged = true;
    loop {
        engine.dispatch();
        if let Some(ended) = engine.settled() {
            return ended;
        }
        let timer = engine.queue.next_timer();
        let alarm = async {
            match timer {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => {
                engine.wind_down().await;
                return Ended::Stopped;
            }
            Some(done) = engine.running.join_next() => {
                if let Ok(done) = done {
                    engine.take_up(done);
                }
            }
            Some((kind, news)) = engine.pump.news.recv() => engine.hear(kind, news),
            nudge = nudges.recv(), if nudged => match nudge {
                Some(number) => engine.queue.add(Key::Source(number)),
                None => nudged = false,
            },
            () = alarm => engine.queue.ring(Instant::now()),
        }
    }
}

impl Engine {
    fn new(context: Context, settings: Settings) -> Self {
        let pump = Pump::start(context.cluster.client(), settings.namespace.clone());
        let mut queue = Queue::new(settings.seed);
        let mut states = Vec::new();
        for (number, source) in settings.sources.iter().enumerate() {
            states.push(Some(State::new(source)));
            queue.add(Key::Source(number));
        }
        Self {
            index: Index::new(settings.instance.clone()),
            results: vec![None; settings.sources.len()],
            context,
            settings,
            queue,
            pump,
            states,
            running: JoinSet::new(),
            flush_at: BTreeMap::new(),
            owing: BTreeMap::new(),
            ready: false,
        }
    }

    /// Takes in what a watch brings.
    fn hear(&mut self, kind: &'static str, news: News) {
        let concerned = match news {
            News::Present(value) => self.index.present(kind, &value),
            News::Gone(value) => self.index.absent(kind, &value),
            News::ListBegins => {
                self.index.list_begins(kind);
                return;
            }
            News::ListEnds => {
                self.pump.listed(kind);
                self.index.list_ends(kind)
            }
            News::Trouble { code, why } => {
                if self.pump.trouble(kind) {
                    let text = format!("{kind}s cannot be watched: {why}{}", advice(kind, code));
                    self.context.tell(Told::Problem { repository: String::new(), text });
                }
                return;
            }
        };
        self.concern(concerned);
        if !self.ready && self.pump.is_ready() {
            self.ready = true;
        }
    }

    /// Wants everything looked at that something concerns.
    fn concern(&mut self, keys: BTreeSet<Key>) {
        for key in keys {
            if let Key::Rollout(namespace, name) = &key {
                let name = (namespace.clone(), name.clone());
                self.note_owing(&name);
                self.context.meter.rollout(&name, facts::figures(&self.index, &name));
                if let Some((_, kind, _)) = self.index.rollouts.get(&name).and_then(|r| r.workload.as_ref()) {
                    self.pump.follow_workload(kind);
                }
            }
            self.queue.add(key);
        }
    }

    /// Wakes the repository of a Rollout when what the Rollout owes it has changed.
    fn note_owing(&mut self, name: &Name) {
        let source = self.index.rollouts.get(name).and_then(|r| r.source.clone());
        let number = self.settings.sources.iter().position(|s| Some(&s.name) == source.as_ref());
        let now = number.map(|_| facts::signature(&self.index, name)).unwrap_or_default();
        let before = self.owing.get(name).cloned().unwrap_or_default();
        if now == before {
            return;
        }
        self.owing.insert(name.clone(), now);
        if let Some(number) = number {
            self.queue.add(Key::Source(number));
        }
    }

    /// Starts as many looks as may be under way at once.
    fn dispatch(&mut self) {
        if !self.ready {
            return;
        }
        while self.running.len() < AT_ONCE {
            let Some(key) = self.queue.take() else { return };
            match key {
                Key::Rollout(ref namespace, ref name) => {
                    let name = (namespace.clone(), name.clone());
                    let flush = self.flush_at.get(&key).is_some_and(|at| *at <= Instant::now());
                    self.queue.forget_timer(&key);
                    let Some(view) = view::of(&self.index, &name, flush) else {
                        self.forget(&key);
                        continue;
                    };
                    let context = self.context.clone();
                    self.running.spawn(async move {
                        let began = Instant::now();
                        let outcome = roll::reconcile(&context, view).await;
                        let failed = outcome.error.as_ref().is_some_and(|e| !e.is_conflict());
                        context.meter.looked(&name, began.elapsed(), failed);
                        Done::Rollout(key, outcome)
                    });
                }
                Key::Run(ref namespace, ref name) => {
                    let Some(run) = self.index.run(&(namespace.clone(), name.clone())) else {
                        self.forget(&key);
                        continue;
                    };
                    self.queue.forget_timer(&key);
                    let jobs = self.index.jobs.get(&run.metadata.uid).cloned().unwrap_or_default();
                    let view = RunView { run, jobs, ..RunView::default() };
                    let context = self.context.clone();
                    self.running
                        .spawn(async move { Done::Run(key, analyse::reconcile(&context, view).await) });
                }
                Key::Service(ref namespace, ref name) => {
                    let name = (namespace.clone(), name.clone());
                    let Some(service) = self.index.unnamed_service(&name) else {
                        self.forget(&key);
                        continue;
                    };
                    self.queue.forget_timer(&key);
                    let context = self.context.clone();
                    self.running.spawn(async move {
                        Done::Service(key, release::reconcile(&context, &name.0, service).await)
                    });
                }
                Key::Source(number) => self.look_at(number),
            }
        }
    }

    fn look_at(&mut self, number: usize) {
        let state = self.states.get_mut(number).and_then(Option::take);
        let (Some(mut state), Some(source)) = (state, self.settings.sources.get(number).cloned()) else {
            self.queue.done(&Key::Source(number));
            return;
        };
        self.queue.forget_timer(&Key::Source(number));
        let facts: Facts = facts::of(&self.index, &source.name);
        let context = self.context.clone();
        self.running.spawn(async move {
            let report = delivery::reconcile(&context, &source, &mut state, &facts).await;
            Done::Source(number, Box::new(state), report)
        });
    }

    fn forget(&mut self, key: &Key) {
        self.queue.done(key);
        self.queue.forget(key);
        self.flush_at.remove(key);
    }

    /// Takes up what a look came to.
    fn take_up(&mut self, done: Done) {
        match done {
            Done::Rollout(key, outcome) | Done::Run(key, outcome) | Done::Service(key, outcome) => {
                self.take_outcome(key, outcome)
            }
            Done::Source(number, state, report) => self.take_delivery(number, *state, &report),
        }
    }

    fn take_outcome(&mut self, key: Key, outcome: Outcome) {
        let changed = outcome.changed();
        let mut concerned = BTreeSet::new();
        for (kind, value) in &outcome.written {
            concerned.extend(self.index.present(kind, value));
        }
        for (kind, name, uid) in &outcome.removed {
            concerned.extend(self.index.deleted(kind, name, uid));
        }
        let now = Instant::now();
        if let Some(error) = &outcome.error {
            if error.is_conflict() {
                tracing::debug!(?key, %error, "decided on something that has changed meanwhile");
            } else {
                tracing::warn!(?key, %error, "will be tried again");
            }
            self.queue.failed(&key, now);
        } else {
            self.queue.done(&key);
            match outcome.flush {
                Some(patience) => {
                    let at = *self.flush_at.entry(key.clone()).or_insert(now + patience);
                    self.queue.add_at(key.clone(), at);
                }
                None => {
                    self.flush_at.remove(&key);
                }
            }
            if let Some(wake) = outcome.wake {
                self.queue.add_at(key.clone(), self.moment(wake));
            }
            if changed {
                concerned.insert(key);
            }
        }
        self.concern(concerned);
    }

    fn take_delivery(&mut self, number: usize, state: State, report: &DeliveryReport) {
        let key = Key::Source(number);
        let now = Instant::now();
        let concerned = report.rollouts.iter().flat_map(|r| self.index.present("Rollout", r)).collect();
        self.concern(concerned);
        match &report.result {
            Ok(_) => self.queue.done(&key),
            Err(error) if error.is_passing() => {
                self.queue.failed(&key, now);
            }
            Err(_) => {
                self.queue.done(&key);
                self.queue.add_at(key.clone(), now + HELD);
            }
        }
        if let Some(result_slot) = self.results.get_mut(number) {
            *result_slot = Some(report.result.is_ok());
        }
        let retry_push = report.push_waits.then_some(HELD);
        for wait in [self.settings.interval, retry_push].into_iter().flatten() {
            self.queue.add_at(key.clone(), now + wait);
        }
        if let Some(slot) = self.states.get_mut(number) {
            *slot = Some(state);
        }
    }

    /// The moment of tokio's clock that stands for a time.
    fn moment(&self, at: Timestamp) -> Instant {
        let wait = at.duration_since(self.context.clock.now());
        Instant::now() + Duration::try_from(wait).unwrap_or(Duration::ZERO)
    }

    /// With `once`: whether everything has settled, and how.
    fn settled(&self) -> Option<Ended> {
        let all_looked = self.results.iter().all(Option::is_some);
        if !self.settings.once || !self.ready || !self.queue.is_idle() || !all_looked {
            return None;
        }
        if self.results.contains(&Some(false)) {
            return Some(Ended::Settled { healthy: false });
        }
        let mut healthy = true;
        for source in &self.settings.sources {
            for name in self.index.delivered_by(&source.name) {
                match facts::phase(&self.index, &name) {
                    Some(RolloutPhase::Healthy) => {}
                    Some(RolloutPhase::Degraded) if facts::is_final(&self.index, &name, source.rollback) => {
                        healthy = false;
                    }
                    _ => return None,
                }
            }
        }
        Some(Ended::Settled { healthy })
    }

    /// Lets running looks end.
    async fn wind_down(&mut self) {
        let deadline = Instant::now() + GRACE;
        while !self.running.is_empty() {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => break,
                _ = self.running.join_next() => {}
            }
        }
        self.running.abort_all();
    }
}

/// What to do about a watch that does not work.
fn advice(kind: &str, code: u16) -> &'static str {
    match (kind, code) {
        ("Rollout", 404) => "; install the definitions with: switchback install-crds",
        (_, 403) => "; give Switchback the right to list and watch them",
        _ => "",
    }
}
