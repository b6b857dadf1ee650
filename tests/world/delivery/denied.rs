//! Writes that the cluster denies us while an update is under way, as webhooks, policies and missing rights do: they are
//! told and tried again, nothing else stops, and an update that misses its deadline for it goes back.

use crate::delivery::fast::blue_green;
use crate::delivery::rig::Rig;
use crate::delivery::why::{events, reverted, status, until, web};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use switchback::sandbox::route::Ask;
use switchback::sandbox::{Attempt, Fault, Moment, Refusal};

const ARGO: &str = "argoproj.io/v1alpha1";
const HASH: &str = "rollouts-pod-template-hash";

/// The patches that the API server denies us while it is on, and how many it has denied.
struct Denying {
    is_on: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
}

impl Denying {
    fn new(rig: &Rig, is_it: impl Fn(&Attempt) -> bool + Send + Sync + 'static) -> Self {
        let (is_on, count) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (on, counted) = (is_on.clone(), count.clone());
        rig.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| match moment {
            Moment::Before(a)
                if a.ask == Ask::Patch
                    && !a.dry_run
                    && a.agent.starts_with("switchback/")
                    && on.load(Ordering::SeqCst)
                    && is_it(a) =>
            {
                counted.fetch_add(1, Ordering::SeqCst);
                let message =
                    "admission webhook \"freeze.example.com\" denied the request: frozen".to_owned();
                Fault::Refuse(Refusal { code: 403, reason: "Forbidden", message, details: None })
            }
            _ => Fault::None,
        })));
        Self { is_on, count }
    }

    fn ends(&self) {
        self.is_on.store(false, Ordering::SeqCst);
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// A Rollout of four pods that climbs in two steps, so that its second one adds pods to a ReplicaSet that is there.
fn climbing(image: &str, more: &str) -> String {
    let steps = "    canary:\n      steps:\n      - setWeight: 50\n";
    let two =
        "    canary:\n      maxUnavailable: 0\n      steps:\n      - setWeight: 25\n      - setWeight: 50\n";
    let text = web("web", image, more).replace("replicas: 2", "replicas: 4");
    assert!(text.contains(steps));
    text.replace(steps, two)
}

/// The reason and the message of a condition of the Rollout `web` that is true.
fn condition(rig: &Rig, of: &str) -> (String, String) {
    let all = status(rig, "web")["conditions"].as_array().cloned().unwrap_or_default();
    let found = all.into_iter().find(|c| c["type"] == of && c["status"] == "True").unwrap_or_default();
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

/// The ReplicaSet of `web` with this image.
fn set(rig: &Rig, image: &str) -> Value {
    let image = format!("example/web:{image}");
    let of = |s: &Value| s["spec"]["template"]["spec"]["containers"][0]["image"] == image;
    rig.owned_sets().into_iter().find(of).unwrap_or_default()
}

#[tokio::test]
async fn pods_that_may_not_be_added_are_told_and_the_update_goes_back_when_its_deadline_is_missed() {
    let deadline = "  progressDeadlineSeconds: 5\n  progressDeadlineAbort: true\n";
    let mut rig = Rig::new(&[("web.yaml", &climbing("v1", deadline))]).await;
    rig.phase("web", "Healthy").await;
    let stable = set(&rig, "v1")["metadata"]["name"].clone();
    let denying = Denying::new(&rig, move |a| a.resource == "replicasets.apps" && stable != a.name.as_str());
    rig.write("web.yaml", climbing("v2", deadline));
    rig.deliver("v2").await;
    until(&rig, "it is told", |rig| condition(rig, "ReplicaFailure").0 == "ReplicaSetUpdateError").await;
    let (_, message) = condition(&rig, "ReplicaFailure");
    assert!(
        message.starts_with("Failed to update ReplicaSet \"web-") && message.ends_with("frozen"),
        "{message}"
    );
    until(&rig, "an event", |rig| events(rig, "ReplicaSetUpdateError").len() == 1).await;
    assert_eq!(events(&rig, "ReplicaSetUpdateError")[0]["type"], "Warning");
    assert_eq!(set(&rig, "v1")["spec"]["replicas"], 3, "the stable pods stay");
    until(&rig, "its deadline is missed", |rig| status(rig, "web")["abort"] == true).await;
    until(&rig, "all pods are stable ones", |rig| set(rig, "v1")["spec"]["replicas"] == 4).await;
    assert!(denying.count() < 16, "tried {} times in 5 s", denying.count());
    denying.ends();
    let message = reverted(&mut rig).await;
    assert!(message.starts_with("Revert \"v2\"\n") && message.contains("frozen"), "{message}");
    assert_eq!(events(&rig, "ReplicaSetUpdateError").len(), 1, "it is told once");
    rig.phase("web", "Healthy").await;
    until(&rig, "it is over", |rig| condition(rig, "ReplicaFailure").0.is_empty()).await;
}

#[tokio::test]
async fn stable_pods_that_may_not_come_back_after_an_abort_come_back_once_they_may() {
    let deadline = "  progressDeadlineSeconds: 3\n  progressDeadlineAbort: true\n";
    let mut rig = Rig::new(&[("web.yaml", &climbing("v1", deadline))]).await;
    rig.phase("web", "Healthy").await;
    let stable = set(&rig, "v1")["metadata"]["name"].clone();
    let (all, back) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (of_all, counted) = (all.clone(), back.clone());
    let denying = Denying::new(&rig, move |a| {
        let is_stable = stable == a.name.as_str();
        let is_denied = a.resource == "replicasets.apps" && (!is_stable || of_all.load(Ordering::SeqCst));
        counted.fetch_add(usize::from(is_denied && is_stable), Ordering::SeqCst);
        is_denied
    });
    rig.write("web.yaml", climbing("v2", deadline));
    rig.deliver("v2").await;
    until(&rig, "it is told", |rig| condition(rig, "ReplicaFailure").0 == "ReplicaSetUpdateError").await;
    all.store(true, Ordering::SeqCst);
    until(&rig, "the stable ones may not come back", |_| back.load(Ordering::SeqCst) > 0).await;
    // what was denied of the canary before the abort is wanted no more, and must not keep this from being tried
    until(&rig, "they are tried again and again", |_| back.load(Ordering::SeqCst) > 3).await;
    denying.ends();
    until(&rig, "they are back", |rig| set(rig, "v1")["spec"]["replicas"] == 4).await;
}

#[tokio::test]
async fn pods_that_may_be_added_after_all_let_the_update_go_on() {
    let mut rig = Rig::new(&[("web.yaml", &climbing("v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    let stable = set(&rig, "v1")["metadata"]["name"].clone();
    let denying = Denying::new(&rig, move |a| a.resource == "replicasets.apps" && stable != a.name.as_str());
    rig.write("web.yaml", climbing("v2", ""));
    rig.deliver("v2").await;
    until(&rig, "it is told", |rig| condition(rig, "ReplicaFailure").0 == "ReplicaSetUpdateError").await;
    let version = |rig: &Rig| {
        rig.get(ARGO, "Rollout", "default", "web").unwrap()["metadata"]["resourceVersion"].clone()
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_ne!(status(&rig, "web")["currentStepIndex"], 2, "the step is not done");
    let (before, tries) = (version(&rig), denying.count());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(version(&rig), before, "nothing is written again");
    assert!((tries + 1..=tries + 3).contains(&denying.count()), "{tries}, then {}", denying.count());
    denying.ends();
    rig.phase("web", "Paused").await;
    until(&rig, "it is over", |rig| condition(rig, "ReplicaFailure").0.is_empty()).await;
    assert_eq!(set(&rig, "v2")["spec"]["replicas"], 2);
}

#[tokio::test]
async fn a_service_that_may_not_be_pointed_elsewhere_is_told_and_holds_the_switch_but_not_the_pods() {
    let mut rig = Rig::new(&[("web.yaml", &blue_green("v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    let denying = Denying::new(&rig, |a| a.resource == "services" && a.name == "preview");
    rig.write("web.yaml", blue_green("v2", ""));
    rig.deliver("v2").await;
    until(&rig, "it is told", |rig| condition(rig, "WriteDenied").0 == "ReconciliationError").await;
    let (_, message) = condition(&rig, "WriteDenied");
    assert!(
        message.starts_with("Failed to update Service \"preview\": ") && message.ends_with("frozen"),
        "{message}"
    );
    until(&rig, "an event", |rig| events(rig, "ReconciliationError").len() == 1).await;
    until(&rig, "pods all the same", |rig| set(rig, "v2")["status"]["availableReplicas"] == 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let hash = |rig: &Rig, image: &str| set(rig, image)["metadata"]["labels"][HASH].clone();
    let selected = |rig: &Rig, name: &str| {
        rig.get("v1", "Service", "default", name).unwrap()["spec"]["selector"][HASH].clone()
    };
    assert_eq!(selected(&rig, "active"), hash(&rig, "v1"), "nobody has seen the preview");
    assert!(denying.count() < 8, "tried {} times", denying.count());
    denying.ends();
    until(&rig, "the switch", |rig| selected(rig, "active") == hash(rig, "v2")).await;
    rig.phase("web", "Healthy").await;
    assert_eq!(
        (selected(&rig, "preview"), condition(&rig, "WriteDenied").0),
        (hash(&rig, "v2"), String::new())
    );
    assert_eq!(events(&rig, "ReconciliationError").len(), 1, "it is told once");
}

#[tokio::test]
async fn a_rollout_that_may_not_be_changed_climbs_all_the_same_and_one_that_may_say_nothing_is_told_of() {
    for is_status in [false, true] {
        let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", ""))]).await;
        rig.phase("web", "Healthy").await;
        rig.write("web.yaml", web("web", "v2", ""));
        let of_commit = AtomicUsize::new(0);
        let denying = Denying::new(&rig, move |a| match a.resource.as_str() {
            "rollouts.argoproj.io" if is_status => a.sub == "status",
            // The first one is that of the commit.
            "rollouts.argoproj.io" => a.sub.is_empty() && of_commit.fetch_add(1, Ordering::SeqCst) > 0,
            _ => false,
        });
        rig.deliver("v2").await;
        until(&rig, "an event", |rig| events(rig, "ReconciliationError").len() == 1).await;
        let said = events(&rig, "ReconciliationError")[0]["message"].as_str().unwrap().to_owned();
        let about = if is_status { "the status of Rollout \"web\"" } else { "Rollout \"web\"" };
        assert!(said.starts_with(&format!("Failed to update {about}: ")), "{said}");
        if !is_status {
            rig.phase("web", "Paused").await;
            assert_eq!(condition(&rig, "WriteDenied"), ("ReconciliationError".to_owned(), said));
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(denying.count() < 8, "tried {} times", denying.count());
        denying.ends();
        rig.phase("web", "Paused").await;
        until(&rig, "it is over", |rig| condition(rig, "WriteDenied").0.is_empty()).await;
        assert_eq!(events(&rig, "ReconciliationError").len(), 1, "it is told once");
    }
}
