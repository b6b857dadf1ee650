//! An embedded cluster whose Jobs run, and a controller that measures.

use crate::delivery::rig::cluster;
use serde_json::{Value, json};
use std::time::Duration;
use switchback::base::clock::Clock;
use switchback::engine::run::{Settings, run};
use switchback::engine::setup;
use switchback::sandbox::Sandbox;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(40);
const RUN: (&str, &str) = ("argoproj.io/v1alpha1", "AnalysisRun");

pub struct Rig {
    pub sandbox: Sandbox,
    _nudge: mpsc::Sender<usize>,
    _tasks: JoinSet<()>,
}

/// A metric called `name` that a Job measures with `command`.
pub fn job(name: &str, command: &str) -> Value {
    of_image(name, "busybox", command)
}

/// The same with another image.
pub fn of_image(name: &str, image: &str, command: &str) -> Value {
    let container = json!({"name": "main", "image": image, "command": ["sh", "-c", command]});
    let pod = json!({"restartPolicy": "Never", "containers": [container]});
    let spec = json!({"backoffLimit": 0, "template": {"spec": pod}});
    json!({"name": name, "provider": {"job": {"spec": spec}}})
}

impl Rig {
    /// A controller on a cluster that has nothing to do.
    pub fn new() -> Self {
        let mut tasks = JoinSet::new();
        let sandbox = cluster(&mut tasks);
        let context =
            setup::context(setup::inside(sandbox.service()), Clock::Real, None, None, &mut tasks).unwrap();
        let (nudge, nudges) = mpsc::channel(1);
        tasks.spawn(async move {
            let _never = run(context, Settings::default(), nudges, std::future::pending()).await;
        });
        Self { sandbox, _nudge: nudge, _tasks: tasks }
    }

    /// Makes the run `r` with this specification.
    pub fn measure(&self, spec: Value) {
        let meta = json!({"name": "r", "namespace": "default"});
        let run = json!({"apiVersion": RUN.0, "kind": RUN.1, "metadata": meta, "spec": spec});
        self.sandbox.create("somebody", run).unwrap();
    }

    pub fn run(&self) -> Value {
        self.sandbox.get(RUN, "default", "r").unwrap()
    }

    /// Waits until `holds` of the run; answers its status.
    pub async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let found = timeout(LIMIT, async {
            loop {
                let run = self.run();
                if holds(&run["status"]) {
                    return run["status"].clone();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("never {what}: {:#}\n{:#?}", self.run(), self.jobs()))
    }

    /// Waits until the run is in this phase.
    pub async fn phase(&self, phase: &str) -> Value {
        self.until(phase, |status| status["phase"] == phase).await
    }

    /// Waits until `holds` of the names of the Jobs, without the run's uid.
    pub async fn jobs_are(&self, what: &str, holds: impl Fn(&[String]) -> bool) {
        let found = timeout(LIMIT, async {
            while !holds(&self.names()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("never {what}: {:?}", self.names()));
    }

    pub fn jobs(&self) -> Vec<Value> {
        self.sandbox.snapshot("batch/v1", "Job", "default")
    }

    fn names(&self) -> Vec<String> {
        let name =
            |job: &Value| job["metadata"]["name"].as_str().unwrap().split_once('.').unwrap().1.to_owned();
        self.jobs().iter().map(name).collect()
    }

    /// Somebody changes the run.
    pub fn edit(&self, change: impl Fn(&mut Value)) {
        for _ in 0..10 {
            let mut run = self.run();
            change(&mut run);
            if self.sandbox.update("somebody", run).is_ok() {
                return;
            }
        }
        panic!("the run changes all the time");
    }

    /// Somebody deletes the Job `name` of the run.
    pub async fn delete_job(&self, name: &str) {
        let uid = self.run()["metadata"]["uid"].as_str().unwrap().to_owned();
        let path =
            format!("/apis/batch/v1/namespaces/default/jobs/{uid}.{name}?propagationPolicy=Background");
        let body = http_body_util::Empty::<bytes::Bytes>::new();
        let request = http::Request::delete(path).header("user-agent", "somebody").body(body).unwrap();
        assert!(self.sandbox.service().oneshot(request).await.unwrap().status().is_success());
    }
}
