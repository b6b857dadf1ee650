//! An engine that looks after the Deliveries of an embedded cluster: what tests of Deliveries as objects stand on.

use crate::delivery::rig::{config, git};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchback::api::crd;
use switchback::base::clock::Clock;
use switchback::engine::operator::DeliveryObjects;
use switchback::engine::run::{Ended, Settings, run};
use switchback::engine::setup;
use switchback::sandbox::{Options, Sandbox, actors};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tower::{BoxError, ServiceExt};

pub const VERSION: &str = "switchback.dev/v1alpha1";
pub const LIMIT: Duration = Duration::from_secs(30);
const ACCOUNT: &str = "system:serviceaccount:default:deployer";

/// What a ServiceAccount may do, as `verb resource`; everything without.
type Rights = Arc<Mutex<Option<BTreeSet<String>>>>;

pub struct Operator {
    pub sandbox: Sandbox,
    /// What the engine asked in the name of somebody else: whom, and what.
    pub acted: Arc<Mutex<Vec<(String, String)>>>,
    rights: Rights,
    pub folder: TempDir,
    /// How long an engine tries to delete what it may not.
    pub patience: Duration,
    stop: Option<oneshot::Sender<()>>,
    engine: Option<JoinHandle<Ended>>,
    tasks: JoinSet<()>,
    _nudge: Option<mpsc::Sender<usize>>,
}

/// The words of an API server for somebody who may not; none when it is allowed.
fn refusal(rights: &Rights, user: &str, method: &http::Method, path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let (namespace, resource, name) = match rest {
        ["namespaces", namespace, resource, name @ ..] => (*namespace, *resource, name),
        [resource, name @ ..] => ("", *resource, name),
        [] => return None, // discovery
    };
    let verb = match (method.as_str(), name.is_empty()) {
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", _) => "create",
        ("DELETE", _) => "delete",
        _ => "patch",
    };
    if rights.lock().unwrap().as_ref().is_none_or(|rights| rights.contains(&format!("{verb} {resource}"))) {
        return None;
    }
    let place = match namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let message = format!(
        "{resource} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
    );
    Some(
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403,
        "message": message, "details": {"kind": resource}}),
    )
}

impl Operator {
    /// An engine that looks after the Deliveries of an empty cluster.
    pub async fn new() -> Self {
        let sandbox = Sandbox::new(Options::new(Clock::Real, 7));
        for definition in crd::definitions() {
            sandbox.create("test", definition).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let (stop, engine, mut tasks) = (None, None, JoinSet::new());
        let options =
            actors::Options { ready_after: Duration::from_millis(50), seed: 7, ..actors::Options::default() };
        tasks.spawn(sandbox.clone().run_actors(options));
        let (acted, rights, patience) = (Arc::default(), Rights::default(), Duration::from_secs(300));
        let mut rig = Self { sandbox, acted, rights, folder, patience, stop, engine, tasks, _nudge: None };
        rig.start();
        rig
    }

    /// The ServiceAccount `deployer` may do this and no more from now on: `verb resource`, one a word.
    pub fn allow(&self, rights: &[&str]) {
        *self.rights.lock().unwrap() = Some(rights.iter().map(|r| (*r).to_owned()).collect());
    }

    /// The ServiceAccount `deployer` may do everything.
    pub fn allow_all(&self) {
        *self.rights.lock().unwrap() = None;
    }

    pub fn start(&mut self) {
        let (service, acted, rights) = (self.sandbox.service(), self.acted.clone(), self.rights.clone());
        let cluster = setup::inside(tower::service_fn(move |request: Request<_>| {
            let user =
                request.headers().get("impersonate-user").map(|user| user.to_str().unwrap().to_owned());
            let refused = user.and_then(|user| {
                let (method, path) = (request.method(), request.uri().path());
                acted.lock().unwrap().push((user.clone(), format!("{method} {path}")));
                refusal(&rights, &user, method, path).filter(|_| user == ACCOUNT)
            });
            let service = service.clone();
            async move {
                type Body = UnsyncBoxBody<Bytes, BoxError>;
                if let Some(status) = refused {
                    let body = Full::new(Bytes::from(status.to_string()));
                    let body: Body = body.map_err(|never| match never {}).boxed_unsync();
                    return Ok::<_, BoxError>(Response::builder().status(403).body(body).unwrap());
                }
                let answer = service.oneshot(request).await?;
                Ok(answer.map(|body| -> Body { body.map_err(Into::into).boxed_unsync() }))
            }
        }));
        let context = setup::context(cluster, Clock::Real, None, None, &mut self.tasks).unwrap();
        let objects = DeliveryObjects {
            cache: self.folder.path().join("mirrors"),
            author: ("Switchback".into(), "switchback@example.com".into()),
            interval: Duration::from_secs(60),
            default_account: None,
            local: true,
            patience: self.patience,
        };
        let settings = Settings { objects: Some(objects), ..Settings::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let (nudge, nudges) = mpsc::channel(1);
        (self.stop, self._nudge) = (Some(stop), Some(nudge));
        self.engine = Some(tokio::spawn(run(context, settings, nudges, async move { drop(stopped.await) })));
    }

    pub async fn stop(&mut self) {
        drop(self.stop.take());
        timeout(LIMIT, self.engine.take().unwrap()).await.unwrap().unwrap();
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.start();
    }

    /// A new repository with a file for each ConfigMap.
    pub fn repository(&self, name: &str, configs: &[&str]) -> PathBuf {
        let repo = self.folder.path().join(name);
        std::fs::create_dir_all(&repo).unwrap();
        git(&repo, &["init", "-q", "-b", "main"]);
        configs.iter().for_each(|name| self.put(&repo, name, "1"));
        self.commit(&repo);
        repo
    }

    pub fn put(&self, repo: &Path, name: &str, value: &str) {
        std::fs::write(repo.join(format!("{name}.yaml")), config(name, value)).unwrap();
    }

    pub fn commit(&self, repo: &Path) -> String {
        git(repo, &["add", "-A"]);
        git(repo, &["commit", "-q", "--allow-empty", "-m", "change"]);
        git(repo, &["rev-parse", "HEAD"])
    }

    pub fn deliver(&self, name: &str, spec: Value) {
        let meta = json!({"name": name, "namespace": "default"});
        let object = json!({"apiVersion": VERSION, "kind": "Delivery", "metadata": meta, "spec": spec});
        self.sandbox.create("kubectl", object).unwrap();
    }

    pub async fn send(&self, method: &str, name: &str, body: Value) -> http::StatusCode {
        let path = format!("/apis/{VERSION}/namespaces/default/deliveries/{name}");
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = http::Request::builder().method(method).uri(path).header("user-agent", "kubectl");
        let body = http_body_util::Full::new(bytes::Bytes::from(body.to_string()));
        let request = request.header("content-type", kind).body(body).unwrap();
        self.sandbox.service().oneshot(request).await.unwrap().status()
    }

    pub async fn change(&self, name: &str, body: Value) {
        assert!(self.send("PATCH", name, body).await.is_success());
    }

    pub fn get(&self, name: &str) -> Value {
        self.sandbox.get((VERSION, "Delivery"), "default", name).unwrap_or_default()
    }

    pub fn config(&self, namespace: &str, name: &str) -> Value {
        self.sandbox.get(("v1", "ConfigMap"), namespace, name).unwrap_or_default()
    }

    /// Waits until the Delivery is as wanted as of its generation; answers its status.
    pub async fn until(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = tokio::time::Instant::now();
        loop {
            let object = self.get(name);
            let status = &object["status"];
            if status["observedGeneration"] == object["metadata"]["generation"] && wanted(status) {
                return status.clone();
            }
            assert!(start.elapsed() < LIMIT, "{name} is not {what}: {object:#}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn ready(&self, name: &str) -> Value {
        self.until(name, "ready", |s| condition(s, "Ready")["status"] == "True").await
    }

    /// Waits until the Delivery is not ready for a reason.
    pub async fn because(&self, name: &str, reason: &str) -> Value {
        let is = |s: &Value| {
            condition(s, "Ready")["status"] == "False" && condition(s, "Ready")["reason"] == reason
        };
        self.until(name, reason, is).await
    }

    /// Waits until a Delivery has applied a commit and is ready.
    pub async fn applied(&self, name: &str, commit: &str) -> Value {
        let is = |s: &Value| s["lastAppliedCommit"] == commit && condition(s, "Ready")["status"] == "True";
        self.until(name, "at the commit", is).await
    }

    /// What a Delivery's events say.
    pub fn said(&self, name: &str) -> Vec<String> {
        let all = self.sandbox.snapshot("v1", "Event", "default");
        let of = all.iter().filter(|e| e["involvedObject"]["name"] == name);
        of.map(|e| format!("{} {}", e["reason"].as_str().unwrap(), e["message"].as_str().unwrap())).collect()
    }

    /// Waits until something holds.
    pub async fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = tokio::time::Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < LIMIT, "never: {what}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn events(&self, name: &str) -> Vec<String> {
        let all = self.sandbox.snapshot("v1", "Event", "default");
        let of = all.iter().filter(|e| e["involvedObject"]["name"] == name);
        of.map(|e| format!("{} {}", e["type"].as_str().unwrap(), e["reason"].as_str().unwrap())).collect()
    }

    /// Requests of the engine so far, and writes among them.
    pub fn asked(&self) -> (u64, u64) {
        let all = self.sandbox.requests();
        let ours = |writes: bool| {
            let is = |verb: &str| !writes || !["GET", "get", "list", "watch"].contains(&verb);
            all.iter()
                .filter(|((agent, verb, _), _)| agent.starts_with("switchback/") && is(verb))
                .map(|(_, n)| n)
                .sum()
        };
        (ours(false), ours(true))
    }
}

pub fn condition<'s>(status: &'s Value, of: &str) -> &'s Value {
    let all = status["conditions"].as_array();
    all.and_then(|all| all.iter().find(|c| c["type"] == of)).unwrap_or(&Value::Null)
}
