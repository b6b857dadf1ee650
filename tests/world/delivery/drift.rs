//! What others change of what was applied: it is brought back, told or left alone, by policy, while Git is quiet or away.

use crate::delivery::rig::{Rig, config, git, rollout};
use serde_json::{Value, json};
use std::time::Duration;
use switchback::api::notice::Notice;
use switchback::logic::plan::DriftPolicy;
use tokio::time::Instant;

const LABEL: &str = "/metadata/labels/switchback.dev~1delivery";

async fn settled(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    rest(&rig).await;
    rig
}

/// Waits until the engine asks for nothing any more.
async fn rest(rig: &Rig) {
    let (mut before, mut since) = (rig.requests(), Instant::now());
    while since.elapsed() < Duration::from_millis(900) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = rig.requests();
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
}

/// Waits until `holds`; answers how long that took.
async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    since.elapsed()
}

fn value(rig: &Rig, name: &str) -> Value {
    rig.config(name).map(|c| c["data"]["value"].clone()).unwrap_or_default()
}

/// What `kubectl edit` by `who` makes of a ConfigMap.
fn edit(rig: &Rig, who: &str, name: &str, data: Value) {
    let mut live = rig.config(name).unwrap();
    live["data"] = data;
    rig.sandbox.update(who, live).unwrap();
}

fn web(rig: &Rig) -> Value {
    rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap()
}

fn image(rig: &Rig) -> Value {
    web(rig)["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

#[tokio::test]
async fn what_somebody_changes_or_deletes_is_brought_back_at_once_and_told() {
    let files = [("a.yaml", config("a", "1")), ("b.yaml", config("b", "1")), ("c.yaml", config("c", "1"))];
    let mut rig = settled(&files.each_ref().map(|(name, text)| (*name, text.as_str()))).await;
    let before = rig.requests();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.requests(), before, "nothing is asked at rest");
    edit(&rig, "kubectl-edit", "a", json!({"value": "by hand", "theirs": "stays"}));
    let took = until("a is as Git says", || value(&rig, "a") == "1").await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    let (about, said) = rig.event("DriftHealed").await;
    assert_eq!(about, "ConfigMap default/a");
    assert_eq!(said, "data.value was changed by kubectl-edit; it is brought back to what Git says");
    assert_eq!(rig.config("a").unwrap()["data"]["theirs"], "stays", "fields of others are theirs");
    rig.delete("/api/v1/namespaces/default/configmaps/b").await;
    until("b is there", || value(&rig, "b") == "1").await;
    assert_eq!(rig.event("DriftHealed").await.1, "it was deleted; it is made again as Git says");
    let mut going = rig.config("c").unwrap();
    going["metadata"]["labels"] = json!({});
    rig.sandbox.update("kubectl", going).unwrap(); // for whoever watches by label it is gone
    until("c has its label", || rig.config("c").unwrap().pointer(LABEL).is_some()).await;
    rig.stop().await;
}

#[tokio::test]
async fn git_is_not_needed_to_bring_back_what_was_applied_however_long_it_is_away() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let files: Vec<(String, String)> =
        names.iter().map(|name| (format!("{name}.yaml"), config(name, "1"))).collect();
    let mut rig = settled(&files.iter().map(|(file, text)| (&**file, &**text)).collect::<Vec<_>>()).await;
    let away = rig.repo.with_extension("away");
    std::fs::rename(&rig.repo, &away).unwrap();
    for name in names {
        edit(&rig, "kubectl-edit", name, json!({"value": "by hand"}));
        let took = until("it is as Git says", || value(&rig, name) == "1").await;
        assert!(
            took < Duration::from_secs(1),
            "{name}: {took:?}; Git is asked ever more seldom, the cluster is not"
        );
    }
    std::fs::rename(&away, &rig.repo).unwrap();
    rig.stop().await;
}

#[tokio::test]
async fn by_policy_it_is_told_or_nothing_is_done_and_a_restart_changes_nothing_of_that() {
    for policy in [DriftPolicy::Report, DriftPolicy::Ignore] {
        let mut rig = settled(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
        rig.drift = policy;
        rig.restart().await;
        rest(&rig).await;
        edit(&rig, "kubectl-edit", "a", json!({"value": "by hand"}));
        if policy == DriftPolicy::Report {
            let said = "data.value was changed by kubectl-edit; Git says otherwise, and it is only reported";
            assert_eq!(rig.event("Drifted").await, ("ConfigMap default/a".to_owned(), said.to_owned()));
        }
        rest(&rig).await;
        rig.restart().await;
        rig.write("b.yaml", config("b", "2"));
        rig.deliver("another").await;
        assert_eq!(value(&rig, "a"), "by hand", "{policy:?}: it is left alone");
        rig.write("a.yaml", config("a", "2"));
        rig.deliver("a itself").await;
        assert_eq!(value(&rig, "a"), "2", "{policy:?}: what Git says anew counts");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_person_keeps_a_change_by_a_word_on_the_object() {
    let mut rig = settled(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    let mut live = rig.config("a").unwrap();
    live["metadata"]["annotations"]["switchback.dev/drift"] = json!("ignore");
    live["data"] = json!({"value": "by hand"});
    rig.sandbox.update("kubectl-edit", live).unwrap();
    rest(&rig).await;
    assert_eq!(value(&rig, "a"), "by hand");
    rig.restart().await;
    rig.write("b.yaml", config("b", "2"));
    rig.deliver("another").await;
    assert_eq!(value(&rig, "a"), "by hand", "a restart compares everything, and leaves it");
    rig.write("a.yaml", config("a", "2"));
    rig.deliver("a itself").await;
    assert_eq!(value(&rig, "a"), "2");
    rig.stop().await;
}

#[tokio::test]
async fn two_that_fight_over_a_field_are_noticed_and_not_fought() {
    let mut rig = settled(&[("a.yaml", &config("a", "1"))]).await;
    for _ in 0..3 {
        edit(&rig, "other-operator", "a", json!({"value": "theirs"}));
        until("a is as Git says", || value(&rig, "a") == "1").await;
    }
    edit(&rig, "other-operator", "a", json!({"value": "theirs"}));
    let said = rig.problem().await;
    let begins =
        "ConfigMap default/a: data.value was changed by other-operator again each time it was brought back";
    assert!(said.starts_with(begins), "{said}");
    rest(&rig).await;
    assert_eq!(value(&rig, "a"), "theirs");
    rig.write("a.yaml", config("a", "2"));
    rig.deliver("Git says something else").await;
    edit(&rig, "other-operator", "a", json!({"value": "theirs"}));
    until("it is brought back again after a commit", || value(&rig, "a") == "2").await;
    rig.stop().await;
}

#[tokio::test]
async fn going_back_in_the_cluster_is_no_drift() {
    let strategy = "    canary: {steps: [{setWeight: 50}, {pause: {}}]}\n";
    let mut rig = settled(&[("web.yaml", &rollout(strategy)), ("b.yaml", &config("b", "1"))]).await;
    rig.rollback = false;
    rig.restart().await;
    rig.phase("web", "Healthy").await;
    let stable = web(&rig)["spec"]["template"].clone();
    rig.write("web.yaml", rollout(strategy).replace("web:v1", "web:v2"));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    rig.act("web", "abort");
    rig.phase("web", "Degraded").await;
    let mut live = web(&rig);
    live["spec"]["template"] = stable; // what `kubectl argo rollouts undo` writes
    rig.sandbox.update("kubectl-argo-rollouts", live).unwrap();
    until("it is undone", || web(&rig)["status"]["phase"] == "Healthy").await;
    rest(&rig).await;
    assert_eq!(image(&rig), "example/web:v1");
    rig.restart().await;
    rig.write("b.yaml", config("b", "2"));
    rig.deliver("another").await;
    rest(&rig).await;
    assert_eq!(image(&rig), "example/web:v1", "a restart compares everything, and leaves it");
    let mut live = web(&rig);
    live["spec"]["minReadySeconds"] = json!(3);
    live["spec"]["replicas"] = json!(5);
    rig.sandbox.update("kubectl-edit", live).unwrap();
    until("other fields are brought back", || web(&rig)["spec"]["replicas"] == 2).await;
    assert_eq!(image(&rig), "example/web:v1");
    rig.write("web.yaml", rollout(strategy).replace("web:v1", "web:v3"));
    rig.deliver("v3").await;
    assert_eq!(image(&rig), "example/web:v3", "what Git says anew counts");
    rig.stop().await;
}

#[tokio::test]
async fn another_image_in_the_cluster_and_a_rollout_that_is_deleted_are_drift() {
    let mut rig =
        settled(&[("web.yaml", &rollout("    canary: {steps: [{setWeight: 50}, {pause: {}}]}\n"))]).await;
    rig.phase("web", "Healthy").await;
    let mut live = web(&rig);
    live["spec"]["template"]["spec"]["containers"][0]["image"] = json!("example/web:by-hand");
    rig.sandbox.update("kubectl-set", live).unwrap();
    until("it is brought back", || image(&rig) == "example/web:v1").await;
    let (_, said) = rig.event("DriftHealed").await;
    assert!(said.contains("changed by kubectl-set"), "{said}");
    rig.phase("web", "Healthy").await;
    let uid = web(&rig)["metadata"]["uid"].clone();
    rig.delete("/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web").await;
    let live = |rig: &Rig| rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web");
    until("it is made again", || live(&rig).is_some_and(|w| w["metadata"]["uid"] != uid)).await;
    rig.phase("web", "Healthy").await;
    rig.stop().await;
}

#[tokio::test]
async fn an_autoscaler_that_only_the_cluster_has_does_not_drift() {
    let edge = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: edge}\nspec:\n  replicas: 2\n  selector: \
                {matchLabels: {app: edge}}\n  template: {metadata: {labels: {app: edge}}, spec: {containers: [{name: \
                c, image: \"example/edge:1\"}]}}\n";
    let mut rig = settled(&[("edge.yaml", edge)]).await;
    let hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "sizes", "namespace": "default"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
            "minReplicas": 1, "maxReplicas": 9}});
    rig.sandbox.create("someone", hpa).unwrap();
    let size =
        |rig: &Rig| rig.get("apps/v1", "Deployment", "default", "edge").unwrap()["spec"]["replicas"].clone();
    let scale = |rig: &Rig, to: i64| {
        let mut live = rig.get("apps/v1", "Deployment", "default", "edge").unwrap();
        live["spec"]["replicas"] = json!(to);
        rig.sandbox.update("kube-controller-manager", live).unwrap();
    };
    scale(&rig, 7);
    rest(&rig).await;
    assert_eq!(size(&rig), 7);
    let before = rig.requests();
    scale(&rig, 4);
    rest(&rig).await;
    assert_eq!((size(&rig), rig.requests()), (json!(4), before), "the autoscaler is known now");
    rig.stop().await;
}

#[tokio::test]
async fn objects_of_kinds_that_only_the_cluster_knows_are_watched_too() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                      widgets.example.com}\nspec:\n  group: example.com\n  names: {kind: Widget, plural: widgets, \
                      singular: widget}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, \
                      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]\n";
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n";
    let mut rig = settled(&[("definition.yaml", definition), ("w.yaml", widget)]).await;
    let live = |rig: &Rig| rig.get("example.com/v1", "Widget", "default", "w");
    let mut other = live(&rig).unwrap();
    other["spec"]["size"] = json!(4);
    rig.sandbox.update("someone", other).unwrap();
    until("it is brought back", || live(&rig).is_some_and(|w| w["spec"]["size"] == 3)).await;
    rig.stop().await;
}

#[tokio::test]
async fn what_the_cluster_refuses_to_take_back_is_told_once() {
    let mut rig = settled(&[("a.yaml", &config("a", "1"))]).await;
    let mut live = rig.config("a").unwrap();
    live["data"] = json!({"value": "by hand"});
    live["immutable"] = json!(true);
    rig.sandbox.update("kubectl-edit", live).unwrap();
    let said = rig.problem().await;
    assert!(said.starts_with("what others have changed cannot be brought back:"), "{said}");
    assert!(said.contains("ConfigMap") && said.contains("immutable"), "{said}");
    rest(&rig).await;
    let before = rig.requests();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.requests(), before, "it is not tried for ever");
    rig.stop().await;
    while let Some(told) = rig.heard() {
        assert!(!matches!(told, Notice::Problem { .. }), "told again: {told:?}");
    }
}

#[tokio::test]
async fn what_the_cluster_fills_into_lists_is_no_drift_and_what_git_changes_there_is_applied() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                      routes.example.com}\nspec:\n  group: example.com\n  names: {kind: Route, plural: routes, singular: \
                      route}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, schema: \
                      {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {to: {type: array, \
                      items: {type: object, properties: {name: {type: string}, weight: {type: integer, default: 1}}}}}}}}}}]\n";
    let route = "apiVersion: example.com/v1\nkind: Route\nmetadata: {name: r}\nspec: {to: [{name: web}]}\n";
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  \
                  ingress: [{ports: [{port: 80}]}]\n";
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  replicas: 0\n  serviceName: s\n  \
               selector: {matchLabels: {app: s}}\n  template:\n    metadata: {labels: {app: s}}\n    spec: {containers: \
               [{name: c, image: db}]}\n  volumeClaimTemplates: [{metadata: {name: d}, spec: {accessModes: \
               [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]\n";
    let web =
        rollout("    canary: {}\n").replace("web:v1\n", "web:v1\n        ports: [{containerPort: 80}]\n");
    assert!(web.contains("containerPort"));
    let mut rig = settled(&[
        ("definition.yaml", definition),
        ("r.yaml", route),
        ("p.yaml", policy),
        ("s.yaml", set),
        ("web.yaml", &web),
    ])
    .await;
    let all = [
        ("example.com/v1", "Route", "r", "/spec/to/0/weight"),
        ("networking.k8s.io/v1", "NetworkPolicy", "p", "/spec/ingress/0/ports/0/protocol"),
        ("apps/v1", "StatefulSet", "s", "/spec/volumeClaimTemplates/0/spec/volumeMode"),
        ("argoproj.io/v1alpha1", "Rollout", "web", "/spec/template/spec/containers/0/ports/0/protocol"),
    ];
    for (version, kind, name, filled) in all {
        let mut live = rig.get(version, kind, "default", name).unwrap();
        assert!(live.pointer(filled).is_some(), "{live:#}");
        live["metadata"]["annotations"]["seen"] = json!("yes");
        rig.sandbox.update("someone", live).unwrap();
    }
    rest(&rig).await;
    rig.write("r.yaml", route.replace("[{name: web}]", "[{name: web}, {name: new}]"));
    assert_eq!(rig.deliver("another one").await, (0, 1, 0));
    rest(&rig).await;
    let live = rig.get("example.com/v1", "Route", "default", "r").unwrap();
    assert_eq!(live["spec"]["to"], json!([{"name": "web", "weight": 1}, {"name": "new", "weight": 1}]));
    rig.stop().await;
    while let Some(told) = rig.heard() {
        let is_drift = matches!(&told, Notice::Event { event, .. } if event.reason.starts_with("Drift"));
        assert!(!is_drift, "{told:?}");
    }
}
