//! What leaves Git: it is pruned, unless it is marked, holds more than its manifest, is needed by pods, or is one of too
//! many at once.

use crate::delivery::rig::{Rig, config, git};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use switchback::sandbox::route::Ask;
use switchback::sandbox::{Fault, Moment};

const SOURCE: &str = "/metadata/annotations/switchback.dev~1source";

async fn settled(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    rig
}

/// A ConfigMap as text, with an annotation.
fn marked(name: &str, mark: &str) -> String {
    config(name, "1").replace("\ndata:", &format!("\n  annotations: {{{mark}}}\ndata:"))
}

/// Whether the object is there and ours no longer.
fn is_let_go(object: &Option<Value>) -> bool {
    object.as_ref().is_some_and(|o| o.pointer(SOURCE).is_none())
}

#[tokio::test]
async fn what_is_marked_is_let_go_by_every_tools_mark() {
    let marks = [
        ("argo", "argocd.argoproj.io/sync-options: 'Validate=false,Prune=false'"),
        ("flux", "kustomize.toolkit.fluxcd.io/prune: disabled"),
        ("helm", "helm.sh/resource-policy: keep"),
        ("own", "switchback.dev/prune: disabled"),
    ];
    let mut rig = settled(&[("keep.yaml", &config("keep", "1")), ("live.yaml", &config("live", "1"))]).await;
    for (name, mark) in marks {
        rig.write(&format!("{name}.yaml"), marked(name, mark));
    }
    rig.write("gone.yaml", marked("gone", "switchback.dev/prune: enabled"));
    assert_eq!(rig.deliver("marked").await, (5, 0, 0));
    let mut live = rig.config("live").unwrap();
    live["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep".into();
    rig.sandbox.update("someone", live).unwrap();
    let mut argo = rig.config("argo").unwrap();
    argo["metadata"]["annotations"].as_object_mut().unwrap().remove("argocd.argoproj.io/sync-options");
    rig.sandbox.update("someone", argo).unwrap(); // what was applied last still says it
    for name in ["argo", "flux", "helm", "own", "live", "gone"] {
        rig.remove(&format!("{name}.yaml"));
    }
    assert_eq!(rig.deliver("all gone").await, (0, 0, 1));
    for name in ["argo", "flux", "helm", "own", "live"] {
        assert!(is_let_go(&rig.config(name)), "{name}: {:?}", rig.config(name));
    }
    assert!(rig.config("gone").is_none());
    rig.write("keep.yaml", config("keep", "2"));
    assert_eq!(rig.deliver("what was let go is forgotten").await, (0, 1, 0));
    rig.stop().await;
}

#[tokio::test]
async fn what_holds_more_than_its_manifest_is_pruned_only_when_its_manifest_said_so() {
    let namespace = |name: &str, more: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{a: b}}{more}}}\n")
    };
    let claim = |name: &str, more: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}{more}}}\nspec: {{accessModes: \
             [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let may_go = ", annotations: {switchback.dev/prune: enabled}";
    let mut rig = settled(&[
        ("keep.yaml", &config("keep", "1")),
        ("system.yaml", &namespace("default", may_go)),
        ("a.yaml", &namespace("a", "")),
        ("b.yaml", &namespace("b", may_go)),
        ("c.yaml", &claim("c", "")),
        ("d.yaml", &claim("d", may_go)),
    ])
    .await;
    for name in ["system", "a", "b", "c", "d"] {
        rig.remove(&format!("{name}.yaml"));
    }
    assert_eq!(rig.deliver("only one is left").await, (0, 0, 2));
    let is_going = |object: Option<Value>| {
        object.is_none_or(|o| o.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null()))
    };
    for name in ["default", "a"] {
        assert!(is_let_go(&rig.get("v1", "Namespace", "", name)), "{name}");
    }
    let claim = |name: &str| rig.get("v1", "PersistentVolumeClaim", "default", name);
    assert!(is_let_go(&claim("c")) && !is_going(claim("c")));
    assert!(is_going(rig.get("v1", "Namespace", "", "b")) && is_going(claim("d")));
    rig.stop().await;
}

/// Makes ConfigMaps as somebody else.
fn made_by_others(rig: &Rig, names: &[&str]) {
    for name in names {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}});
        rig.sandbox.create("someone", object).unwrap();
    }
}

#[tokio::test]
async fn what_was_there_before_is_let_go_unless_its_manifest_said_otherwise() {
    let mut rig = settled(&[("keep.yaml", &config("keep", "1"))]).await;
    made_by_others(&rig, &["theirs", "agreed", "again"]);
    let names = ["theirs", "agreed", "again", "ours"];
    for name in names {
        rig.write(&format!("{name}.yaml"), config(name, "1"));
    }
    rig.write("agreed.yaml", marked("agreed", "switchback.dev/prune: enabled"));
    assert_eq!(rig.deliver("three of them are there").await, (1, 3, 0));
    rig.restart().await;
    rig.write("theirs.yaml", config("theirs", "2"));
    rig.remove("again.yaml");
    rig.remove("keep.yaml");
    let later = rig.commit("a later commit");
    let (about, why) = rig.event("LetGo").await;
    assert_eq!(rig.applied(&later).await, (0, 1, 1));
    assert!(is_let_go(&rig.config("again")));
    assert!(about.contains("again") && why.contains("it was in the cluster before"), "{about}: {why}");
    rig.stop().await;
    rig.delete("/api/v1/namespaces/default/configmaps/again").await;
    rig.start().await;
    rig.write("again.yaml", config("again", "1"));
    assert_eq!(rig.deliver("this time it is ours").await, (1, 0, 0));
    for name in names {
        rig.remove(&format!("{name}.yaml"));
    }
    rig.write("keep.yaml", config("keep", "1"));
    assert_eq!(rig.deliver("all gone").await, (1, 0, 3));
    assert!(is_let_go(&rig.config("theirs")) && rig.config("theirs").unwrap()["data"]["value"] == "2");
    assert!(["agreed", "again", "ours"].iter().all(|name| rig.config(name).is_none()));
    rig.stop().await;
}

#[tokio::test]
async fn what_was_there_before_is_known_through_an_end_in_the_middle() {
    let mut rig = settled(&[("keep.yaml", &config("keep", "1"))]).await;
    made_by_others(&rig, &["theirs"]);
    rig.stop().await;
    rig.sandbox.fault_hook(Some(Arc::new(|moment: Moment<'_>| match moment {
        Moment::Before(a)
            if a.resource == "secrets" && a.ask == Ask::Patch && !a.name.ends_with("-attempt") =>
        {
            Fault::Break
        }
        Moment::After(a, _) if a.resource == "configmaps" && a.ask == Ask::Create && !a.dry_run => {
            Fault::Break
        }
        _ => Fault::None,
    })));
    for name in ["theirs", "ours"] {
        rig.write(&format!("{name}.yaml"), config(name, "1"));
    }
    let commit = rig.commit("one of them is there");
    rig.start().await;
    let is_marked = |object: Option<Value>| object.is_some_and(|o| o.pointer(SOURCE).is_some());
    while !["theirs", "ours"].iter().all(|name| is_marked(rig.config(name))) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    rig.stop().await;
    rig.sandbox.fault_hook(None);
    rig.start().await;
    rig.applied(&commit).await;
    for name in ["theirs", "ours"] {
        rig.remove(&format!("{name}.yaml"));
    }
    assert_eq!(rig.deliver("both gone").await, (0, 0, 1));
    assert!(is_let_go(&rig.config("theirs")) && rig.config("ours").is_none());
    rig.stop().await;
}

#[tokio::test]
async fn what_others_make_between_plan_and_write_is_theirs_too() {
    let mut rig = settled(&[("keep.yaml", &config("keep", "1"))]).await;
    let is_asked = Arc::new(AtomicBool::new(false));
    let asked = is_asked.clone();
    rig.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| match moment {
        Moment::Before(a)
            if a.resource == "configmaps"
                && a.ask == Ask::Create
                && !a.dry_run
                && a.agent.starts_with("switchback/")
                && !asked.swap(true, Ordering::SeqCst) =>
        {
            Fault::Delay(Duration::from_millis(500))
        }
        _ => Fault::None,
    })));
    rig.write("theirs.yaml", config("theirs", "1"));
    let commit = rig.commit("nobody has it yet");
    while !is_asked.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    made_by_others(&rig, &["theirs"]);
    let problem = rig.problem().await;
    assert!(problem.contains("already exists"), "{problem}");
    assert_eq!(rig.applied(&commit).await, (0, 1, 0));
    rig.remove("theirs.yaml");
    assert_eq!(rig.deliver("gone").await, (0, 0, 0));
    assert!(is_let_go(&rig.config("theirs")));
    rig.stop().await;
}

#[tokio::test]
async fn a_definition_goes_when_it_holds_nothing_and_stays_with_what_others_have_made() {
    let definition = |kind: &str| {
        let plural = format!("{}s", kind.to_lowercase());
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: \
             {plural}.example.com}}\nspec:\n  group: example.com\n  names: {{kind: {kind}, plural: {plural}}}\n  scope: \
             Namespaced\n  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: \
             object}}}}}}]\n"
        )
    };
    let object = |kind: &str, name: &str| {
        format!("apiVersion: example.com/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}\n")
    };
    let mut rig = settled(&[
        ("keep.yaml", &config("keep", "1")),
        ("gadget.yaml", &definition("Gadget")),
        ("g.yaml", &object("Gadget", "ours")),
        ("widget.yaml", &definition("Widget")),
    ])
    .await;
    let theirs = serde_json::json!({"apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "theirs", "namespace": "default"}});
    rig.sandbox.create("someone", theirs).unwrap();
    for name in ["gadget", "g", "widget"] {
        rig.remove(&format!("{name}.yaml"));
    }
    assert_eq!(rig.deliver("no kinds of our own").await, (0, 0, 2));
    let definition = |name: &str| rig.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name);
    for _ in 0..100 {
        if definition("gadgets.example.com").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(definition("gadgets.example.com").is_none());
    assert!(is_let_go(&definition("widgets.example.com")));
    assert!(rig.get("example.com/v1", "Widget", "default", "theirs").is_some());
    rig.stop().await;
}

/// A Rollout that pauses after its first step and takes its values from a ConfigMap.
fn web(image: &str, config: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  selector: \
         {{matchLabels: {{app: web}}}}\n  strategy: {{canary: {{steps: [{{setWeight: 50}}, {{pause: {{}}}}]}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: c\n        \
         image: example/web:{image}\n        envFrom: [{{configMapRef: {{name: {config}}}}}]\n"
    )
}

/// A Rollout in the middle of its canary from `web-aaa`, which has left Git, to `web-bbb`.
async fn midway() -> Rig {
    let mut rig = settled(&[
        ("web.yaml", &web("v1", "web-aaa")),
        ("config.yaml", &config("web-aaa", "1")),
        ("old.yaml", &config("old", "1")),
    ])
    .await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", web("v2", "web-bbb"));
    rig.write("config.yaml", config("web-bbb", "2"));
    rig.remove("old.yaml");
    assert_eq!(rig.deliver("another configuration").await, (1, 1, 1));
    assert!(rig.config("old").is_none(), "no pod names it");
    rig.phase("web", "Paused").await;
    assert!(rig.config("web-aaa").is_some(), "stable pods cannot be started anew");
    rig
}

#[tokio::test]
async fn what_stable_pods_need_is_pruned_once_they_are_gone() {
    let mut rig = midway().await;
    rig.stop().await;
    rig.start().await;
    rig.write("other.yaml", config("other", "1"));
    assert_eq!(rig.deliver("another thing meanwhile").await, (1, 0, 0));
    assert!(rig.config("web-aaa").is_some_and(|o| o.pointer(SOURCE).is_some()), "it stays ours");
    rig.act("web", "promoteFull");
    rig.phase("web", "Healthy").await;
    while rig.owned_sets().iter().filter(|s| s["status"]["replicas"].as_i64().unwrap_or(0) > 0).count() > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.stop().await;
    rig.start().await;
    assert_eq!(rig.applied(&head).await, (0, 0, 1));
    assert!(rig.config("web-aaa").is_none() && rig.config("web-bbb").is_some());
    rig.stop().await;
}

#[tokio::test]
async fn what_stable_pods_need_is_there_when_the_canary_is_aborted() {
    let mut rig = midway().await;
    let uid = |rig: &Rig| rig.config("web-aaa").map(|o| o["metadata"]["uid"].clone());
    let before = uid(&rig);
    rig.act("web", "abort");
    let revert = rig.went_back().await;
    rig.applied(&revert).await;
    git(&rig.repo, &["reset", "-q", "--hard", "main"]);
    rig.phase("web", "Healthy").await;
    assert_eq!(uid(&rig), before, "it was there all the time");
    rig.stop().await;
}

#[tokio::test]
async fn what_only_pods_of_a_rollout_that_goes_too_need_goes_with_it() {
    let mut rig = settled(&[
        ("keep.yaml", &config("keep", "1")),
        ("web.yaml", &web("v1", "web-aaa")),
        ("config.yaml", &config("web-aaa", "1")),
    ])
    .await;
    rig.phase("web", "Healthy").await;
    rig.remove("web.yaml");
    rig.remove("config.yaml");
    assert_eq!(rig.deliver("no web").await, (0, 0, 2));
    rig.stop().await;
}

#[tokio::test]
async fn most_of_many_go_only_when_a_commit_says_how_many() {
    let mut rig = settled(&[("keep.yaml", &config("keep", "1"))]).await;
    let names: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
    for name in &names {
        rig.write(&format!("{name}.yaml"), config(name, "1"));
    }
    assert_eq!(rig.deliver("many").await, (12, 0, 0));
    for name in &names {
        rig.remove(&format!("{name}.yaml"));
    }
    rig.write("keep.yaml", config("keep", "2"));
    rig.commit("a merge that went wrong");
    let problem = rig.problem().await;
    assert!(problem.contains("12 of 13 objects have left Git at once"), "{problem}");
    assert!(problem.contains("-m 'Switchback-Prune: 12'"), "{problem}");
    assert_eq!(rig.config("keep").unwrap()["data"]["value"], "2", "everything else is applied");
    assert!(names.iter().all(|name| rig.config(name).is_some()), "nothing is pruned");
    let allowed =
        git(&rig.repo, &["commit", "--allow-empty", "-qm", "Prune 12 objects", "-m", "Switchback-Prune: 12"]);
    assert_eq!(allowed, "");
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.applied(&head).await, (0, 0, 12));
    assert!(names.iter().all(|name| rig.config(name).is_none()));
    rig.stop().await;
}
