//! Why a revision fails beside its analyses: ReplicaSets that the API server refuses, pods that cannot run, Rollouts that
//! cannot be acted on. What comes of it in the cluster and in Git.

use crate::delivery::rig::{Rig, git};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use switchback::api::notice::Notice;
use switchback::sandbox::route::Ask;
use switchback::sandbox::{Fault, Moment, Refusal};

/// A Rollout whose spec begins with `more`, at a version of its image.
fn web(name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: {name}\nspec:\n  selector: {{matchLabels: {{app: \
         {name}}}}}\n  replicas: 2\n{more}  strategy:\n    canary:\n      steps:\n      - setWeight: 50\n      - pause: {{}}\n  \
         template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: c\n        image: \
         example/web:{image}\n"
    )
}

fn status(rig: &Rig, name: &str) -> Value {
    rig.get("argoproj.io/v1alpha1", "Rollout", "default", name).unwrap_or_default()["status"].clone()
}

/// The reason and the message of the condition Progressing.
fn progressing(rig: &Rig, name: &str) -> (String, String) {
    let status = status(rig, name);
    let all = status["conditions"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|c| c["type"] == "Progressing").unwrap_or_default();
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

/// The events about Rollouts with this reason.
fn events(rig: &Rig, reason: &str) -> Vec<Value> {
    let mut all = rig.sandbox.snapshot("v1", "Event", "default");
    all.retain(|e| e["reason"] == reason && e["involvedObject"]["kind"] == "Rollout");
    all
}

async fn until(rig: &Rig, what: &str, test: impl Fn(&Rig) -> bool) {
    for _ in 0..600 {
        if test(rig) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}; web is {:#}", status(rig, "web"));
}

/// Has the API server refuse new ReplicaSets while the switch is on, as a webhook does, and counts them.
fn refusing(rig: &Rig) -> (Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (is_on, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (on, counted) = (is_on.clone(), count.clone());
    rig.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| match moment {
        Moment::Before(a)
            if a.ask == Ask::Create
                && a.resource == "replicasets.apps"
                && a.agent.starts_with("switchback/")
                && on.load(Ordering::SeqCst) =>
        {
            counted.fetch_add(1, Ordering::SeqCst);
            let message = "admission webhook \"policy.example.com\" denied the request: no latest tags".to_owned();
            Fault::Refuse(Refusal { code: 403, reason: "Forbidden", message, details: None })
        }
        _ => Fault::None,
    })));
    (is_on, count)
}

async fn reverted(rig: &mut Rig) -> String {
    let commit = rig
        .hear(|t| match t {
            Notice::Reverted { commit, .. } => Some(commit.clone()),
            Notice::Problem { text, .. } => panic!("not reverted: {text}"),
            _ => None,
        })
        .await;
    git(&rig.repo, &["log", "-1", "--format=%B", &commit])
}

#[tokio::test]
async fn a_replica_set_that_is_refused_is_told_and_goes_back_when_its_deadline_is_missed() {
    let deadline = "  progressDeadlineSeconds: 3\n  progressDeadlineAbort: true\n";
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", deadline)), ("api.yaml", &web("api", "v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    rig.phase("api", "Healthy").await;
    let (is_on, count) = refusing(&rig);
    is_on.store(true, Ordering::SeqCst);
    rig.write("web.yaml", web("web", "v2", deadline));
    rig.deliver("v2").await;
    until(&rig, "it is told", |rig| progressing(rig, "web").0 == "ReplicaSetCreateError").await;
    let (_, message) = progressing(&rig, "web");
    assert!(message.starts_with("Failed to create new replica set \"web-"), "{message}");
    assert!(message.contains("no latest tags"), "{message}");
    until(&rig, "an event", |rig| events(rig, "ReplicaSetCreateError").len() == 1).await;
    assert_eq!(events(&rig, "ReplicaSetCreateError")[0]["type"], "Warning");
    let message = reverted(&mut rig).await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
    assert!(message.contains("no latest tags"), "{message}");
    assert!(count.load(Ordering::SeqCst) < 12, "tried {} times in 3 s", count.load(Ordering::SeqCst));
    rig.phase("web", "Healthy").await;
    assert_eq!(status(&rig, "api")["phase"], "Healthy");
}

#[tokio::test]
async fn a_replica_set_that_is_refused_is_tried_again_and_costs_no_writes() {
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    let (is_on, count) = refusing(&rig);
    is_on.store(true, Ordering::SeqCst);
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    until(&rig, "it is told", |rig| progressing(rig, "web").0 == "ReplicaSetCreateError").await;
    let version = |rig: &Rig| {
        let web = rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap();
        web["metadata"]["resourceVersion"].clone()
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (before, tries) = (version(&rig), count.load(Ordering::SeqCst));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(version(&rig), before, "nothing is written again");
    assert!(count.load(Ordering::SeqCst) <= tries + 2, "{tries} and more tries");
    is_on.store(false, Ordering::SeqCst);
    rig.phase("web", "Paused").await;
    assert_eq!(json!("Unknown"), status(&rig, "web")["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Progressing").unwrap()["status"]);
}
