//! Decides where a scenario plays: on the embedded cluster, as a program of its own, or on the real control plane, each
//! time in namespaces that are gone afterwards. It never decides what is played.

use super::api::{Api, path};
use super::numbers::Numbers;
use super::program::{LIMIT, Program, STEP, Said, find, said, switchback};
use super::repository::Repository;
use futures::FutureExt;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Where a scenario plays.
pub struct Stage {
    pub api: Api,
    pub kubeconfig: PathBuf,
    /// The scenario's own namespace, and the instance of its controllers.
    pub namespace: String,
    /// Whether it is the real control plane.
    pub real: bool,
    /// Where metrics of the pods can be asked for, as of Prometheus.
    pub prometheus: String,
    _numbers: Option<Numbers>,
    _cluster: Option<Program>,
    folder: TempDir, // last, so that what writes into it has ended
}

/// Plays `scenario` on a stage of its own, and clears the stage whatever comes of it.
pub async fn play(name: &str, scenario: impl AsyncFnOnce(&Stage)) {
    let started = Instant::now();
    let stage = Stage::set(name).await;
    let ended = AssertUnwindSafe(scenario(&stage)).catch_unwind().await;
    if ended.is_err() {
        stage.show().await;
    }
    stage.api.delete(&path("Namespace", "", &stage.namespace)).await;
    let cluster = if stage.real { "the real control plane" } else { "the embedded cluster" };
    println!("{name}: {:.1?} on {cluster}", started.elapsed());
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

impl Stage {
    async fn set(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let live = std::env::var_os("SWITCHBACK_KUBECONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
        let real = live.is_some();
        let (kubeconfig, cluster) = match live {
            Some(kubeconfig) => {
                static SERVED: OnceLock<()> = OnceLock::new();
                SERVED.get_or_init(|| {
                    let mut install = switchback(folder.path());
                    install.arg("install-crds").arg("--kubeconfig").arg(&kubeconfig);
                    let done = install.output().unwrap();
                    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
                });
                (kubeconfig, None)
            }
            None => {
                let kubeconfig = folder.path().join("kubeconfig");
                let mut command = switchback(folder.path());
                command.args(["sandbox", "--ready-after", "300ms", "--kubeconfig-out"]).arg(&kubeconfig);
                let mut cluster = Program::start(command, folder.path(), "cluster");
                cluster.says("embedded cluster on").await;
                (kubeconfig, Some(cluster))
            }
        };
        let api = Api::open(&kubeconfig).await;
        let namespace = format!("e2e-{name}-{}", std::process::id());
        api.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await;
        let numbers = if real { Some(Numbers::of_pods(api.clone(), &namespace).await) } else { None };
        let prometheus = match (&numbers, &cluster) {
            (Some(numbers), _) => numbers.address(),
            (None, Some(cluster)) => {
                let words = cluster.words();
                let (_, rest) = words.split_once("embedded cluster on ").unwrap();
                format!("http://{}/prometheus", rest.split_once(',').unwrap().0)
            }
            (None, None) => unreachable!(),
        };
        Self { api, kubeconfig, namespace, real, prometheus, folder, _numbers: numbers, _cluster: cluster }
    }

    /// A path in the scenario's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Our program with the words of `line`, for this cluster.
    pub fn switchback(&self, line: &str) -> Command {
        let mut command = switchback(self.folder.path());
        command.args(line.split_whitespace()).arg("--kubeconfig").arg(&self.kubeconfig);
        command
    }

    /// Starts our program with the words of `line`.
    pub fn start(&self, name: &str, line: &str) -> Program {
        Program::start(self.switchback(line), self.folder.path(), name)
    }

    /// Runs our program with the words of `line` to its end.
    pub async fn run(&self, line: &str) -> Said {
        said(self.switchback(line)).await
    }

    /// A shop in Git for this namespace and instance.
    pub fn shop(&self) -> Repository {
        Repository::shop(self.path("shop"), &self.namespace, &self.namespace)
    }

    /// The URL of an object in the scenario's namespace.
    pub fn at(&self, kind: &str, name: &str) -> String {
        path(kind, &self.namespace, name)
    }

    /// An object of the scenario's namespace, empty when it is not there.
    pub async fn get(&self, kind: &str, name: &str) -> Value {
        self.api.get(&self.at(kind, name)).await.unwrap_or_default()
    }

    /// Creates `object` in the scenario's namespace.
    pub async fn create(&self, mut object: Value) -> Value {
        object["metadata"]["namespace"] = json!(self.namespace);
        self.api.create(&object).await
    }

    /// Waits until the object is as `wanted` says.
    pub async fn until(&self, kind: &str, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let late = Instant::now() + LIMIT;
        loop {
            let object = self.get(kind, name).await;
            if wanted(&object) {
                return object;
            }
            assert!(Instant::now() < late, "{kind} {name} was never {what}: {object:#}");
            sleep(STEP).await;
        }
    }

    /// Waits until the Rollout has this phase, speaks of its present generation, and is as `wanted` says.
    pub async fn phase(&self, name: &str, phase: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until("Rollout", name, phase, |r| {
            let generation = r["metadata"]["generation"].as_i64().map(|g| json!(g.to_string()));
            r["status"]["phase"] == phase
                && Some(&r["status"]["observedGeneration"]) == generation.as_ref()
                && wanted(r)
        })
        .await
    }

    /// Images of the Rollout's pods that are not on their way out, sorted.
    pub async fn images(&self, app: &str) -> Vec<String> {
        let pods = self.api.list(&format!("{}?labelSelector=app%3D{app}", self.at("Pod", ""))).await;
        let live = pods.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
        let image = |p: &Value| p["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
        let mut images: Vec<String> = live.map(image).collect();
        images.sort();
        images
    }

    /// Waits until the Rollout's pods have exactly these images.
    pub async fn pods(&self, app: &str, wanted: &[(usize, &str)]) {
        let wanted: Vec<&str> = wanted.iter().flat_map(|(n, image)| vec![*image; *n]).collect();
        let late = Instant::now() + LIMIT;
        loop {
            let images = self.images(app).await;
            if images == wanted {
                return;
            }
            assert!(Instant::now() < late, "pods of {app}: {images:?} instead of {wanted:?}");
            sleep(STEP).await;
        }
    }

    /// Where kubectl or its plugin for Argo Rollouts is; none, with a line that says so, when neither this machine has
    /// it nor it has to be there.
    pub fn client(&self, name: &str) -> Option<Command> {
        let plane = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/plane");
        let folder = Command::new("bash").arg(plane).arg("bin").output().ok();
        let folder = folder.map(|o| PathBuf::from(String::from_utf8_lossy(&o.stdout).trim()));
        let Some(program) = find(&[name], &folder.into_iter().collect::<Vec<_>>()) else {
            assert!(!self.real && std::env::var_os("CI").is_none(), "{name} was not found");
            println!("{name} was not found: what it would show here is not tested");
            return None;
        };
        let mut command = Command::new(program);
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.folder.path());
        command.arg("--namespace").arg(&self.namespace);
        Some(command)
    }

    /// Shows what the namespace holds, for people who look at a failure.
    async fn show(&self) {
        for kind in ["Rollout", "AnalysisRun", "ReplicaSet", "Pod", "Event"] {
            for object in self.api.list(&self.at(kind, "")).await {
                let name = &object["metadata"]["name"];
                if kind == "Event" {
                    eprintln!("event {}: {}", object["reason"], object["message"]);
                } else {
                    eprintln!("{kind} {name}: {} {}", object["metadata"]["annotations"], object["status"]);
                }
            }
        }
    }
}
