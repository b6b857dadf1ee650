//! A repository made by git, an embedded cluster, and an engine between them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use switchback::api::config_policy::ConfigPolicy;
use switchback::api::crd;
use switchback::api::notice::Notice;
use switchback::base::clock::Clock;
use switchback::engine::run::{Ended, Settings, run};
use switchback::engine::setup::{self, GitCredentials, Repository};
use switchback::logic::plan::DriftPolicy;
use switchback::logic::revert::RollbackOn;
use switchback::sandbox::{Options, Sandbox, actors};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tower::ServiceExt;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(30);

pub struct Rig {
    pub sandbox: Sandbox,
    pub repo: PathBuf,
    told: mpsc::UnboundedReceiver<Notice>,
    stop: Option<oneshot::Sender<()>>,
    engine: Option<JoinHandle<Ended>>,
    tasks: JoinSet<()>,
    folder: TempDir,
    path: String,
    namespace: String,
    /// What the next engine does about what others change.
    pub drift: DriftPolicy,
    /// Whether the next engine goes back in Git.
    pub rollback: bool,
    /// Name of the next engine's delivery, when it is not that of its URL.
    pub name: Option<String>,
    /// How configuration reaches pods; read when an engine starts.
    pub config: ConfigPolicy,
}

/// Runs git in `dir` with nobody's configuration.
pub fn git(dir: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"])
        .args(words)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A cluster with our kinds, whose pods are ready after 50 ms.
pub fn cluster(tasks: &mut JoinSet<()>) -> Sandbox {
    let sandbox = Sandbox::new(Options::new(Clock::Real, 7));
    let options =
        actors::Options { ready_after: Duration::from_millis(50), seed: 7, ..actors::Options::default() };
    tasks.spawn(sandbox.clone().run_actors(options));
    for definition in crd::definitions() {
        sandbox.create("test", definition).unwrap();
    }
    sandbox
}

impl Rig {
    /// An engine on an empty cluster and a repository with `files`.
    pub async fn new(files: &[(&str, &str)]) -> Self {
        Self::at(".", files).await
    }

    /// The same for manifests in `path`.
    pub async fn at(path: &str, files: &[(&str, &str)]) -> Self {
        Self::with(path, "default", files).await
    }

    /// The same for objects that belong to `namespace` unless they say otherwise.
    pub async fn with(path: &str, namespace: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = folder.path().join("repo");
        std::fs::create_dir_all(&repo).unwrap();
        git(&repo, &["init", "-q", "-b", "main"]);
        let mut tasks = JoinSet::new();
        let sandbox = cluster(&mut tasks);
        let (_, told) = mpsc::unbounded_channel();
        let (path, namespace) = (path.to_owned(), namespace.to_owned());
        let (stop, engine, drift, rollback) = (None, None, DriftPolicy::Heal, true);
        let config = ConfigPolicy::default();
        let mut rig = Self {
            sandbox,
            repo,
            told,
            stop,
            engine,
            tasks,
            folder,
            path,
            namespace,
            drift,
            rollback,
            name: None,
            config,
        };
        for (name, text) in files {
            rig.write(name, text);
        }
        rig.commit("first");
        rig.start().await;
        rig
    }

    /// Starts an engine that knows nothing but the cluster and the repository.
    pub async fn start(&mut self) {
        self.start_with(None).await;
    }

    /// Runs an engine once, for `limit` at most; whether all is healthy, and the problems it told.
    pub async fn once(&mut self, limit: Duration) -> (bool, Vec<String>) {
        self.stop().await;
        self.start_with(Some(limit)).await;
        let ended = timeout(LIMIT, self.engine.take().unwrap()).await.unwrap().unwrap();
        let mut problems = Vec::new();
        while let Ok(told) = self.told.try_recv() {
            if let Notice::Problem { text, .. } = told {
                problems.push(text);
            }
        }
        (ended == Ended::Settled { healthy: true }, problems)
    }

    async fn start_with(&mut self, once: Option<Duration>) {
        let repository = Repository {
            url: self.repo.to_string_lossy().into_owned(),
            branch: "main".into(),
            name: self.name.clone(),
            path: self.path.clone(),
            namespace: self.namespace.clone(),
            cache: self.folder.path().join("mirrors"),
            credentials: GitCredentials::default(),
            rollback: self.rollback,
            rollback_on: RollbackOn::default(),
            drift: self.drift,
            config: self.config,
            author: ("Switchback".into(), "switchback@example.com".into()),
        };
        let source = setup::repository(&repository).unwrap();
        let (nudge, nudges) = mpsc::channel(16);
        setup::nudge_when_moved(&repository, 0, nudge, &mut self.tasks).await.unwrap();
        let (ears, told) = mpsc::unbounded_channel();
        self.told = told;
        let cluster = setup::inside(self.sandbox.service());
        let context = setup::context(cluster, Clock::Real, Some(ears), None, &mut self.tasks).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        let settings = Settings { sources: vec![source], once, only_delivered: true, ..Settings::default() };
        self.engine = Some(tokio::spawn(run(context, settings, nudges, async move { drop(stopped.await) })));
    }

    /// Loses everything that is kept of the repository outside of it.
    pub fn lose_mirrors(&self) {
        let folder = self.folder.path();
        std::fs::rename(folder.join("mirrors"), folder.join("lost")).unwrap();
    }

    /// Lets a controller that delivers nothing look after all Rollouts until `holds`.
    pub async fn under_a_controller(&self, holds: impl Fn(&Self) -> bool) {
        let mut tasks = JoinSet::new();
        let cluster = setup::inside(self.sandbox.service());
        let context = setup::context(cluster, Clock::Real, None, None, &mut tasks).unwrap();
        let (_nudge, nudges) = mpsc::channel(1);
        let end = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LIMIT, run(context, Settings::default(), nudges, end)).await.unwrap();
    }

    /// Stops the engine.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(engine) = self.engine.take() {
            timeout(LIMIT, engine).await.unwrap().unwrap();
        }
    }

    /// Stops the engine and starts another.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// Waits for the next event with this reason; answers what it is about and says.
    pub async fn event(&mut self, reason: &str) -> (String, String) {
        self.hear(|t| match t {
            Notice::Event { about, event } if event.reason == reason => {
                Some((about.clone(), event.message.clone()))
            }
            _ => None,
        })
        .await
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let file = self.repo.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.repo.join(name)).unwrap();
    }

    pub fn commit(&self, message: &str) -> String {
        git(&self.repo, &["add", "-A"]);
        git(&self.repo, &["commit", "-q", "--allow-empty", "-m", message]);
        git(&self.repo, &["rev-parse", "HEAD"])
    }

    /// The next that was told already.
    pub fn heard(&mut self) -> Option<Notice> {
        self.told.try_recv().ok()
    }

    /// Waits until something that `wanted` picks is told.
    pub async fn hear<T>(&mut self, wanted: impl Fn(&Notice) -> Option<T>) -> T {
        let mut heard = Vec::new();
        let found = timeout(LIMIT, async {
            loop {
                let told = self.told.recv().await.expect("the engine has ended");
                if let Some(found) = wanted(&told) {
                    return found;
                }
                heard.push(told);
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("not told in time; heard {heard:#?}"),
        }
    }

    /// Waits for the next revert commit.
    pub async fn went_back(&mut self) -> String {
        self.hear(|t| match t {
            Notice::Reverted { commit, .. } => Some(commit.clone()),
            Notice::Problem { text, .. } => panic!("not reverted: {text}"),
            _ => None,
        })
        .await
    }

    /// Waits until `commit` is applied; answers objects created, changed and pruned.
    pub async fn applied(&mut self, commit: &str) -> (usize, usize, usize) {
        self.hear(|t| match t {
            Notice::Synced { commit: c, counts } if c == commit => Some(*counts),
            Notice::Problem { text, .. } => panic!("not applied: {text}"),
            _ => None,
        })
        .await
    }

    /// Commits and waits until it is applied.
    pub async fn deliver(&mut self, message: &str) -> (usize, usize, usize) {
        let commit = self.commit(message);
        self.applied(&commit).await
    }

    /// Waits for the next problem.
    pub async fn problem(&mut self) -> String {
        self.hear(|t| match t {
            Notice::Problem { text, .. } => Some(text.clone()),
            _ => None,
        })
        .await
    }

    pub fn get(&self, version: &str, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.sandbox.get((version, kind), namespace, name)
    }

    /// What `kubectl delete` does to the object at `path`.
    pub async fn delete(&self, path: &str) {
        let body = http_body_util::Empty::<bytes::Bytes>::new();
        let request = http::Request::delete(path).header("user-agent", "kubectl").body(body).unwrap();
        let answer = self.sandbox.service().oneshot(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    pub fn config(&self, name: &str) -> Option<Value> {
        self.get("v1", "ConfigMap", "default", name)
    }

    /// Every object that this repository owns, with its data, to see that nothing changed.
    pub fn owned(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for (version, kind) in [
            ("v1", "ConfigMap"),
            ("v1", "Service"),
            ("v1", "Secret"),
            ("apps/v1", "Deployment"),
            ("argoproj.io/v1alpha1", "Rollout"),
        ] {
            all.extend(self.sandbox.snapshot(version, kind, ""));
        }
        all.retain(|o| o.pointer("/metadata/annotations/switchback.dev~1source").is_some());
        for object in &mut all {
            object.as_object_mut().unwrap().remove("status");
        }
        all
    }

    /// ReplicaSets that Rollouts own.
    pub fn owned_sets(&self) -> Vec<Value> {
        let mut all = self.sandbox.snapshot("apps/v1", "ReplicaSet", "default");
        all.retain(|s| s["metadata"]["ownerReferences"][0]["kind"] == "Rollout");
        all
    }

    /// Requests that the engine has made so far.
    pub fn requests(&self) -> u64 {
        let ours = |agent: &str| agent.starts_with("switchback/");
        self.sandbox.requests().iter().filter(|((agent, _, _), _)| ours(agent)).map(|(_, n)| n).sum()
    }
}

/// A ConfigMap as text.
pub fn config(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: \"{value}\"\n")
}

/// A Rollout as text, with `strategy` indented below `strategy:`.
pub fn rollout(strategy: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\nspec:\n  replicas: 2\n  selector:\n    \
         matchLabels: {{app: web}}\n  template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n      \
         containers:\n      - name: c\n        image: example/web:v1\n  strategy:\n{strategy}"
    )
}
