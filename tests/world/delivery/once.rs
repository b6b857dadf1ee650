//! What an engine that runs once waits for, and when it calls everything healthy.

use crate::delivery::rig::{Rig, config, rollout};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use switchback::sandbox::{Fault, Moment, Refusal};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(25);

/// A workload as text.
fn workload(kind: &str, name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{more}  selector: {{matchLabels: {{app: \
         {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: c, image: \
         \"{image}\"}}]}}\n"
    )
}

async fn rig(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(&[]).await;
    rig.stop().await;
    for (name, text) in files {
        rig.write(name, text);
    }
    rig.commit("something");
    rig
}

#[tokio::test]
async fn all_is_healthy_only_when_the_pods_of_every_workload_are_there() {
    let two = "  replicas: 2\n";
    let files = [
        ("a.yaml", workload("Deployment", "a", "example/web:1", two)),
        ("b.yaml", workload("StatefulSet", "b", "example/web:1", &format!("{two}  serviceName: b\n"))),
        ("c.yaml", workload("DaemonSet", "c", "example/web:1", "")),
    ];
    let mut rig = rig(&files.each_ref().map(|(name, text)| (*name, text.as_str()))).await;
    let ended = rig.once(LONG).await;
    let of = |kind: &str, name: &str, field: &str| {
        rig.get("apps/v1", kind, "default", name).unwrap()["status"][field].clone()
    };
    let counts = [
        of("Deployment", "a", "availableReplicas"),
        of("StatefulSet", "b", "readyReplicas"),
        of("DaemonSet", "c", "numberAvailable"),
    ];
    assert_eq!((ended, counts.map(|c| c.as_i64())), ((true, Vec::new()), [Some(2), Some(2), Some(1)]));
}

#[tokio::test]
async fn a_deployment_without_pods_is_not_healthy_and_is_named() {
    let dead = |more: &str| workload("Deployment", "ledger", "example/does-not-exist:1", more);
    let mut rig = rig(&[("a.yaml", &dead("  replicas: 2\n"))]).await;
    let late = "not all is healthy within 1s; waited for:\nDeployment default/ledger: 0 of 2 pods available";
    assert_eq!(rig.once(Duration::from_secs(1)).await, (false, vec![late.to_owned()]));

    rig.write("a.yaml", dead("  replicas: 2\n  progressDeadlineSeconds: 2\n  minReadySeconds: 1\n"));
    rig.commit("a deadline");
    let failed = "not all is healthy:\nDeployment default/ledger: 0 of 2 pods available, and no progress within its \
                  deadline";
    assert_eq!(rig.once(LONG).await, (false, vec![failed.to_owned()]));
}

#[tokio::test]
async fn a_rollout_has_settled_when_its_status_counts_the_pods_it_has() {
    let web = rollout("    canary: {}\n");
    let mut rig = rig(&[("a.yaml", &web.replace("replicas: 2", "replicas: 5"))]).await;
    assert_eq!(rig.once(LONG).await, (true, Vec::new()));
    rig.write("a.yaml", &web);
    rig.commit("fewer");
    assert_eq!(rig.once(LONG).await, (true, Vec::new()));
    let shown = rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap();
    assert_eq!((&shown["status"]["replicas"], &shown["status"]["phase"]), (&2.into(), &"Healthy".into()));
}

#[tokio::test]
async fn a_pause_that_waits_for_a_person_is_told_when_the_time_is_over() {
    let web = rollout("    canary:\n      steps: [{setWeight: 50}, {pause: {}}]\n");
    let mut rig = rig(&[("a.yaml", &web)]).await;
    assert_eq!(rig.once(LONG).await, (true, Vec::new()), "the first revision has no steps");
    rig.write("a.yaml", web.replace("web:v1", "web:v2"));
    rig.commit("another");
    let (healthy, problems) = rig.once(Duration::from_secs(3)).await;
    let waits = "Rollout default/web: it is paused and waits for a person; go on with: switchback promote web -n default";
    assert!(!healthy && problems.len() == 1 && problems[0].ends_with(waits), "{problems:?}");
}

#[tokio::test]
async fn an_error_that_passes_is_not_the_end() {
    let mut rig = rig(&[("a.yaml", &config("a", "1"))]).await;
    let refused = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&refused);
    rig.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| match moment {
        Moment::Before(attempt) if attempt.resource == "configmaps" && count.load(Ordering::Relaxed) < 4 => {
            count.fetch_add(1, Ordering::Relaxed);
            let message = "too many requests".to_owned();
            Fault::Refuse(Refusal { code: 429, reason: "TooManyRequests", message, details: None })
        }
        _ => Fault::None,
    })));
    let (healthy, problems) = rig.once(LONG).await;
    assert!(healthy, "{problems:?}");
    assert_eq!((refused.load(Ordering::Relaxed), rig.config("a").is_some()), (4, true));
}
