//! Decides how a run is set up and moved on: cluster, repository, engine, and time that passes only when all is quiet.
//! It never decides what a story is about.

use crate::repo::{Files, Repo};
use crate::shop::NAMESPACE;
use crate::trouble::{Meddler, Plan, is_ours};
use crate::wire::Wire;
use crate::witness::Witness;
use crate::world::{World, text, wanted_hash};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use switchback::api::config_policy::ConfigPolicy;
use switchback::api::notice::Notice;
use switchback::api::{crd, names};
use switchback::base::clock::Clock;
use switchback::engine::delivery::Source;
use switchback::engine::leadership::Election;
use switchback::engine::run::{Ended, Settings, run};
use switchback::engine::setup;
use switchback::logic::plan::DriftPolicy;
use switchback::logic::revert::RollbackOn;
use switchback::sandbox::{Moment, Options, Sandbox, actors, metrics};
use switchback::world::git::Author;
use switchback::world::probe::Probe;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tower::ServiceExt;

/// How often a story looks.
const TICK: Duration = Duration::from_millis(100);
/// How long anything may take, in simulated time.
const LIMIT: Duration = Duration::from_secs(900);
/// How long a crashed engine stays away.
const DOWN: Duration = Duration::from_millis(700);
/// How long it must be quiet at rest.
const REST: Duration = Duration::from_secs(600);
/// The name of the delivery.
pub const SOURCE: &str = "switchback-shop-0";
/// When every run begins.
const BEGIN: &str = "2026-01-05T08:00:00Z";
/// A cluster that knows our kinds; every run has one that was forked from it.
static PREPARED: OnceLock<Sandbox> = OnceLock::new();

struct Engine {
    run: JoinHandle<Ended>,
    stop: oneshot::Sender<()>,
    tasks: JoinSet<()>,
    nudges: mpsc::Sender<usize>,
    told: mpsc::UnboundedReceiver<Notice>,
}

/// One run.
pub struct Sim {
    pub sandbox: Sandbox,
    pub repo: Repo,
    pub meddler: Meddler,
    pub witness: Witness,
    /// What was told so far, over all engines.
    pub told: Vec<Notice>,
    /// Whether failed revisions go back in Git; read when an engine starts.
    pub rollback: bool,
    pub crashes: u64,
    clock: Clock,
    seed: u64,
    home: &'static str,
    forgets: bool,
    engine: Option<Engine>,
    /// A second engine beside it.
    rival: Option<Engine>,
    /// An engine beside them that delivers nothing and looks after all Rollouts, and what it says.
    controller: Option<(Engine, Wire)>,
    /// What the engines say to the cluster, if they elect which of them acts.
    wires: Option<[Wire; 2]>,
    seen_head: String,
    /// Whether the provider of metrics is away.
    no_provider: Arc<AtomicBool>,
    _actors: JoinSet<()>,
}

/// Runs a story in a time of its own.
pub fn simulate<T>(story: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(story)
}

fn clock() -> Clock {
    Clock::paced(BEGIN.parse().unwrap())
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new(Options::new(clock(), 0));
    for definition in crd::definitions() {
        sandbox.create("test", definition).unwrap();
    }
    sandbox
}

fn text_of_image(rollout: &Value) -> &str {
    text(rollout, "/spec/template/spec/containers/0/image")
}

/// The pods of the cluster, which make as many errors as their ConfigMap says, if it says so.
fn pods(sandbox: &Sandbox) -> Vec<Value> {
    let mut pods = sandbox.snapshot("v1", "Pod", "");
    let configs = sandbox.snapshot("v1", "ConfigMap", NAMESPACE);
    for pod in &mut pods {
        let name = text(pod, "/spec/containers/0/envFrom/0/configMapRef/name");
        let config = configs.iter().find(|c| !name.is_empty() && text(c, "/metadata/name") == name);
        if let Some(errors) = config.and_then(|c| c.pointer("/data/errors")) {
            pod["metadata"]["annotations"]["metrics.switchback.dev/errors"] = errors.clone();
        }
    }
    pods
}

/// Answers questions to Prometheus from the annotations of the cluster's pods.
fn probe(sandbox: &Sandbox, clock: Clock, is_away: &Arc<AtomicBool>) -> Probe {
    let (sandbox, is_away) = (sandbox.clone(), Arc::clone(is_away));
    Probe::Inside(Arc::new(move |question| {
        if is_away.load(Ordering::Relaxed) {
            let answer = switchback::api::sample::Answer { status: 503, body: "away".into() };
            return Box::pin(async move { Ok(answer) });
        }
        let body = question.body.unwrap_or_default();
        let pods = pods(&sandbox);
        let answer = metrics::query(&form_value(&body, "query"), &pods, clock.now());
        let answer =
            switchback::api::sample::Answer { status: answer.status, body: answer.body.to_string().into() };
        Box::pin(async move { Ok(answer) })
    }))
}

/// The value of `key` in an encoded form.
fn form_value(form: &str, key: &str) -> String {
    let value = form.split('&').find_map(|p| p.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

impl Sim {
    /// A cluster, a repository with `files` and an engine, with the trouble of `plan`.
    pub async fn new(plan: &Plan, files: &Files) -> Self {
        Self::at_home(plan, files, "default").await
    }

    /// The same with an engine that acts only while it holds the Lease.
    pub async fn elected(plan: &Plan, files: &Files) -> Self {
        let mut sim = Self::prepared(plan, files, "default").await;
        sim.wires = Some(["one", "two"].map(|me| Wire::new(sim.sandbox.clone(), me)));
        sim.start();
        sim
    }

    /// The same with the inventory in the namespace `home`.
    pub async fn at_home(plan: &Plan, files: &Files, home: &'static str) -> Self {
        let mut sim = Self::prepared(plan, files, home).await;
        sim.start();
        sim
    }

    async fn prepared(plan: &Plan, files: &Files, home: &'static str) -> Self {
        let clock = clock();
        let sandbox = PREPARED.get_or_init(prepared).forked(Options::new(clock, plan.seed));
        let witness = Witness::new(clock, sandbox.subscribe(), SOURCE.to_owned());
        let meddler = Meddler::new(plan);
        let mut tasks = JoinSet::new();
        let options =
            actors::Options { ready_after: Duration::from_millis(900), seed: plan.seed, events: false };
        tasks.spawn(sandbox.clone().run_actors(options));
        let (seeing, meddling) = (witness.clone(), meddler.clone());
        sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| {
            seeing.at(&moment);
            meddling.at(&moment)
        })));
        let repo = Repo::new(files, clock, meddler.clone(), witness.clone());
        Self {
            seen_head: repo.head(),
            sandbox,
            repo,
            meddler,
            witness,
            told: Vec::new(),
            rollback: true,
            crashes: 0,
            clock,
            seed: plan.seed,
            home,
            forgets: plan.forgets,
            engine: None,
            rival: None,
            wires: None,
            controller: None,
            no_provider: Arc::default(),
            _actors: tasks,
        }
    }

    /// Starts an engine that knows nothing.
    pub fn start(&mut self) {
        self.engine = Some(self.launched(0));
    }

    /// Starts a second engine that knows nothing.
    pub fn start_rival(&mut self) {
        self.rival = Some(self.launched(1));
    }

    /// Starts an engine that delivers nothing and looks after all Rollouts.
    pub fn start_controller(&mut self) {
        let wire = Wire::new(self.sandbox.clone(), "controller");
        let engine = self.set_going(setup::inside(wire.service()), Vec::new(), None);
        self.controller = Some((engine, wire));
    }

    /// What that one has written.
    pub fn writes_of_controller(&self) -> u64 {
        self.controller.as_ref().unwrap().1.writes()
    }

    /// What the engine of this number says to the cluster.
    pub fn wire(&self, number: usize) -> &Wire {
        &self.wires.as_ref().unwrap()[number]
    }

    fn launched(&self, number: usize) -> Engine {
        let wire = self.wires.as_ref().map(|wires| wires[number].clone());
        let cluster = match &wire {
            Some(wire) => setup::inside(wire.service()),
            None => setup::inside(self.sandbox.service()),
        };
        let source = Source {
            git: Arc::new(self.repo.clone()),
            path: ".".to_owned(),
            branch: "main".to_owned(),
            namespace: self.home.to_owned(),
            home: self.home.to_owned(),
            name: SOURCE.to_owned(),
            owner: None,
            seed: Some(self.seed),
            keeps: false,
            rollback: self.rollback,
            rollback_on: RollbackOn::default(),
            drift: DriftPolicy::default(),
            config: ConfigPolicy::default(),
            author: Author { name: "Switchback".into(), email: "switchback@example.com".into() },
        };
        self.set_going(cluster, vec![source], wire.map(|wire| wire.election()))
    }

    fn set_going(&self, cluster: setup::Client, sources: Vec<Source>, election: Option<Election>) -> Engine {
        let mut tasks = JoinSet::new();
        let (ears, told) = mpsc::unbounded_channel();
        let prometheus = Some("http://prometheus.example.com".to_owned());
        let probe = probe(&self.sandbox, self.clock, &self.no_provider);
        let context = setup::context_with(cluster, probe, self.clock, Some(ears), prometheus, &mut tasks);
        let seed = Some(self.seed);
        let settings = Settings { sources, seed, election, ..Settings::default() };
        let (nudges, nudged) = mpsc::channel(16);
        let (stop, stopped) = oneshot::channel::<()>();
        let run = tokio::spawn(run(context, settings, nudged, async move { drop(stopped.await) }));
        Engine { run, stop, tasks, nudges, told }
    }

    /// Asks the engine to end, as SIGTERM does, and waits for it.
    pub async fn terminate(&mut self) {
        let Some(mut engine) = self.engine.take() else { return };
        drop(engine.stop);
        assert_eq!(engine.run.await.unwrap(), Ended::Stopped);
        engine.tasks.shutdown().await;
    }

    /// Ends the engine where it stands.
    pub async fn stop(&mut self) {
        let Some(mut engine) = self.engine.take() else { return };
        engine.run.abort();
        let _aborted = engine.run.await;
        engine.tasks.shutdown().await;
        while let Ok(told) = engine.told.try_recv() {
            self.told.push(told);
        }
    }

    /// Lets time pass, `time` at most at once; a crashed engine is started anew.
    pub async fn pass(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
        if self.forgets {
            self.sandbox.compact(self.sandbox.revision());
        }
        if self.meddler.is_crashed() {
            self.crashes += 1;
            self.stop().await;
            tokio::time::sleep(DOWN).await;
            self.meddler.revive();
            self.start();
        }
        let head = self.repo.head();
        for engine in self.engine.iter_mut().chain(&mut self.rival) {
            while let Ok(told) = engine.told.try_recv() {
                self.told.push(told);
            }
            assert!(!engine.run.is_finished(), "the engine has ended by itself");
            if head != self.seen_head {
                let _full = engine.nudges.try_send(0);
            }
        }
        self.seen_head = head;
        let broken = self.witness.broken();
        assert!(broken.is_empty(), "broken: {}\n{}", broken.join("\n"), self.witness.recent());
    }

    /// Lets time pass until something is so.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !wanted(self) {
            if Instant::now() > end {
                let rollout = self.witness.look(|w| w.get("Rollout", NAMESPACE, "web").clone());
                let told = &self.told[self.told.len().saturating_sub(8)..];
                panic!("not seen: {what}\n{}\n{:#}\n{told:#?}", self.witness.recent(), rollout["status"]);
            }
            self.pass(TICK).await;
        }
    }

    /// Lets time pass, in ticks.
    pub async fn wait(&mut self, seconds: u64) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            self.pass(TICK).await;
        }
    }

    /// Requests of the engine, watches apart, and its writes.
    fn activity(&self) -> (u64, u64, u64) {
        let asked = self.sandbox.requests();
        let ours = asked.iter().filter(|((agent, verb, _), _)| is_ours(agent) && *verb != "watch");
        (ours.map(|(_, n)| n).sum(), self.meddler.totals().0, self.repo.asked())
    }

    /// Once everything has come to rest it stays so: no write and no request in ten minutes.
    pub async fn rest(&mut self) {
        for _ in 0..60 {
            self.pass(Duration::from_secs(1)).await;
        }
        let before = self.activity();
        let end = Instant::now() + REST;
        while Instant::now() < end {
            self.pass(Duration::from_secs(10)).await;
        }
        assert_eq!(self.activity(), before, "10 rest: asked, written, fetched\n{}", self.witness.recent());
        self.witness.over();
        let broken = self.witness.broken();
        assert!(broken.is_empty(), "broken: {}\n{}", broken.join("\n"), self.witness.recent());
        let told = format!("{:?}", self.told);
        assert!(!told.contains(crate::shop::SECRET), "a secret was told");
    }

    /// Everything rests after one revert commit, and the files are those of `good`.
    pub async fn went_back_once(&mut self, good: &str) {
        self.rest().await;
        assert_eq!(self.reverts().len(), 1);
        assert_eq!(self.repo.files_of(&self.repo.head()), self.repo.files_of(good));
    }

    /// Somebody changes an object.
    pub fn edit(&self, kind: (&str, &str), name: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.sandbox.get(kind, NAMESPACE, name).unwrap();
        change(&mut object);
        self.sandbox.update("somebody", object).unwrap();
    }

    /// The provider of metrics goes away or comes back.
    pub fn provider_is_away(&self, is_away: bool) {
        self.no_provider.store(is_away, Ordering::Relaxed);
    }

    /// Somebody deletes the object at `path`.
    pub async fn delete(&self, path: &str) {
        self.delete_with(path, "Background").await;
    }

    /// The same, with what becomes of its dependents.
    pub async fn delete_with(&self, path: &str, propagation: &str) {
        let options = serde_json::json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation});
        let body = http_body_util::Full::new(bytes::Bytes::from(options.to_string()));
        let request = http::Request::delete(path)
            .header("user-agent", "somebody")
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        let answer = self.sandbox.service().oneshot(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Somebody changes the status of the Rollout, as clients do.
    pub fn edit_status(&self, change: impl FnOnce(&mut Value)) {
        let mut object = self.sandbox.get((names::ARGO, "Rollout"), NAMESPACE, "web").unwrap();
        change(&mut object["status"]);
        self.sandbox.update_status("somebody", object).unwrap();
    }

    pub fn rollout<T>(&self, look: impl FnOnce(&Value) -> T) -> T {
        self.witness.look(|w| look(w.get("Rollout", NAMESPACE, "web")))
    }

    /// Whether the Rollout is healthy with every pod of the image `tag`, applied from the head.
    pub fn is_healthy_at(&self, tag: &str) -> bool {
        self.witness.look(|w| {
            let rollout = w.get("Rollout", NAMESPACE, "web");
            if text(rollout, "/status/phase") != "Healthy" || !text_of_image(rollout).ends_with(tag) {
                return false;
            }
            let observed = text(rollout, "/status/observedGeneration").parse().unwrap_or(0);
            let pods: Vec<&Value> = w.sets(rollout).into_iter().flat_map(|s| w.pods(s)).collect();
            crate::world::number(rollout, "/metadata/generation") == observed
                && text(rollout, "/status/stableRS") == wanted_hash(rollout)
                && pods.len() as i64 == crate::world::desired(rollout)
                && pods.iter().all(|p| text(p, "/spec/containers/0/image").ends_with(tag))
        })
    }

    /// The commit that the inventory says is applied.
    pub fn applied(&self) -> String {
        self.witness.look(|w: &World| {
            let inventory = w.get("Secret", self.home, SOURCE);
            text(inventory, "/metadata/annotations/switchback.dev~1commit").to_owned()
        })
    }

    /// Healthy at `tag`, and the head of the branch is what was applied.
    pub async fn settles_at(&mut self, tag: &str) {
        let what = format!("healthy at {tag}, at the head");
        self.until(&what, |s| s.is_healthy_at(tag) && s.applied() == s.repo.head()).await;
    }

    /// The commits at the branch that the engine made, newest first.
    pub fn reverts(&self) -> Vec<switchback::world::git::Commit> {
        self.repo.log().into_iter().filter(|c| c.author == "Switchback").collect()
    }

    /// The problems told so far.
    pub fn problems(&self) -> Vec<String> {
        let text = |t: &Notice| match t {
            Notice::Problem { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.told.iter().filter_map(text).collect()
    }
}
