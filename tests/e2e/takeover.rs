//! Rollouts that another controller has left, or that were deleted without their pods: what runs goes on running.
//! It never makes them the way our own controller does.

use super::controller::{apply, controller};
use super::manifests::{CANARY, of_instance, rollout};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

/// Flags of a controller of no instance for which others on the same cluster need not wait: it holds no Lease.
const ALONE: &str = "--leader-elect=false --metrics-port 0 --health-port 0";

/// What tells the ReplicaSets of `app` and their pods apart, whatever becomes of their counts.
async fn identities(stage: &Stage, kind: &str, app: &str) -> Vec<String> {
    let all = stage.api.list(&format!("{}?labelSelector=app%3D{app}", stage.at(kind, ""))).await;
    let live = all.iter().filter(|o| o["metadata"]["deletionTimestamp"].is_null());
    let mut uids: Vec<String> = live.map(|o| o["metadata"]["uid"].as_str().unwrap().to_owned()).collect();
    uids.sort();
    uids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_deleted_without_its_pods_and_made_again_has_them() {
    play("orphans", async |stage| {
        let _program = controller(stage, "orphans");
        let text = rollout("shape", &of_instance("orphans"), CANARY);
        apply(stage, &text).await;
        stage.phase("shape", "Healthy", |_| true).await;
        apply(stage, &text.replace(":v1", ":v2")).await;
        let paused = stage.phase("shape", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        let (sets, pods) =
            (identities(stage, "ReplicaSet", "shape").await, identities(stage, "Pod", "shape").await);
        assert_eq!((sets.len(), pods.len()), (2, 3));

        stage.api.delete_alone(&stage.at("Rollout", "shape")).await;
        stage.until("Rollout", "shape", "gone", Value::is_null).await;
        assert_eq!(identities(stage, "ReplicaSet", "shape").await, sets, "they are left");
        apply(stage, &text).await; // the stable revision of before
        let healthy = stage.phase("shape", "Healthy", |_| true).await;
        assert_eq!(healthy["status"]["stableRS"], paused["status"]["stableRS"]);
        assert_eq!(healthy["status"].get("collisionCount"), None, "no name was taken");
        stage.pods("shape", &[(3, "example/shape:v1")]).await;
        assert_eq!(identities(stage, "ReplicaSet", "shape").await, sets);
        let now = identities(stage, "Pod", "shape").await;
        assert_eq!(now.iter().filter(|p| pods.contains(p)).count(), 2, "what ran of it goes on running");
        let owned = |set: &Value| set["metadata"]["ownerReferences"][0]["uid"] == healthy["metadata"]["uid"];
        let all = stage.api.list(&format!("{}?labelSelector=app%3Dshape", stage.at("ReplicaSet", ""))).await;
        assert!(all.iter().all(owned), "{all:#?}");

        // who is released by hand is taken back
        let alone = json!({"metadata": {"ownerReferences": null}});
        let name = all[0]["metadata"]["name"].as_str().unwrap();
        stage.api.merge(&stage.at("ReplicaSet", name), &alone).await;
        stage.until("ReplicaSet", name, "taken back", owned).await;
    })
    .await;
}

/// What Argo Rollouts' controller has left of a story, with the hashes of another time if one is named.
fn left(story: &str, hashes: Option<&str>) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/takeover/left.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut text = all["stories"][story].to_string();
    for (now, then) in hashes.into_iter().flat_map(|name| all["hashes"][name].as_object().unwrap()) {
        text = text.replace(now, then.as_str().unwrap());
    }
    serde_json::from_str(&text).unwrap()
}

/// Puts the objects into the cluster as they were left, and waits for the pods.
async fn put(stage: &Stage, objects: Vec<Value>) {
    let (mut rollout, mut workload) = (Value::Null, Value::Null);
    for mut object in objects {
        let kind = object["kind"].as_str().unwrap().to_owned();
        if kind == "ReplicaSet" {
            object["metadata"]["ownerReferences"] = json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
                "name": rollout["metadata"]["name"], "uid": rollout["metadata"]["uid"], "controller": true,
                "blockOwnerDeletion": true}]);
            sleep(Duration::from_millis(1100)).await; // the times of their creation say which is older
        }
        let status = object.as_object_mut().unwrap().remove("status");
        let made = stage.create(object).await;
        match kind.as_str() {
            "Rollout" => rollout = json!({"metadata": made["metadata"], "status": status.unwrap()}),
            "Deployment" => workload = made,
            "ReplicaSet" => {
                let all_ready =
                    |s: &Value| s["status"]["readyReplicas"].as_i64().unwrap_or(0) == s["spec"]["replicas"];
                let name = made["metadata"]["name"].as_str().unwrap();
                stage.until("ReplicaSet", name, "ready", all_ready).await;
            }
            _ => {}
        }
    }
    let mut status = rollout["status"].clone();
    status["observedGeneration"] = json!(rollout["metadata"]["generation"].to_string());
    let at = stage.at("Rollout", rollout["metadata"]["name"].as_str().unwrap());
    if !workload.is_null() {
        let name = workload["metadata"]["name"].as_str().unwrap();
        let generation = json!(stage.get("Deployment", name).await["metadata"]["generation"].to_string());
        status["workloadObservedGeneration"] = generation.clone();
        let note =
            json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": generation}}});
        stage.api.merge(&at, &note).await;
    }
    stage.api.merge(&format!("{at}/status"), &json!({"status": status})).await;
}

/// Uid and size of each ReplicaSet of a Rollout, by name.
async fn sets(stage: &Stage, app: &str) -> BTreeMap<String, (String, i64)> {
    let all = stage
        .api
        .list(&format!("{}?labelSelector=rollouts-pod-template-hash", stage.at("ReplicaSet", "")))
        .await;
    let of = |s: &Value| {
        let name = s["metadata"]["name"].as_str().unwrap().to_owned();
        (name, (s["metadata"]["uid"].as_str().unwrap().to_owned(), s["spec"]["replicas"].as_i64().unwrap()))
    };
    all.iter().filter(|s| s["metadata"]["labels"]["app"] == app).map(of).collect()
}

/// What a status means: nothing of when or how it was found out.
fn meaning(rollout: &Value) -> Value {
    let status = &rollout["status"];
    let fields = [
        "phase",
        "message",
        "abort",
        "controllerPause",
        "pauseConditions",
        "currentStepIndex",
        "currentStepHash",
        "currentPodHash",
        "stableRS",
        "blueGreen",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
    ];
    fields
        .iter()
        .map(|field| ((*field).to_owned(), status[*field].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Plays a story on from where Argo Rollouts' controller has left it; our controller changes nothing of it by itself.
async fn take_over(story: &str, hashes: Option<&str>, on: impl AsyncFnOnce(&Stage)) {
    play(&format!("{story}-{}", hashes.unwrap_or("own")), async |stage| {
        put(stage, left(story, hashes)).await;
        let pods = identities(stage, "Pod", story).await;
        let (before, sets_before) = (meaning(&stage.get("Rollout", story).await), sets(stage, story).await);
        let line = format!("controller --namespace {} {ALONE}", stage.namespace);
        let _program = stage.start("controller", &line);
        let seen = |r: &Value| r["metadata"]["managedFields"].to_string().contains("switchback");
        if story == "referred" {
            stage.until("Rollout", story, "taken over", seen).await;
        } else {
            sleep(Duration::from_secs(4)).await;
            assert_eq!(meaning(&stage.get("Rollout", story).await), before);
            assert_eq!(identities(stage, "Pod", story).await, pods);
        }
        assert_eq!(sets(stage, story).await, sets_before, "none is made, and none is scaled");
        on(stage).await;
        let names = |sets: &BTreeMap<String, (String, i64)>| sets.keys().cloned().collect::<Vec<_>>();
        if story != "malformed" {
            assert_eq!(names(&sets(stage, story).await), names(&sets_before));
        }
    })
    .await;
}

async fn status(stage: &Stage, name: &str, body: Value) {
    stage.api.merge(&format!("{}/status", stage.at("Rollout", name)), &json!({"status": body})).await;
}

async fn image(stage: &Stage, name: &str, tag: &str) {
    let path = stage.at("Rollout", name);
    let mut template = stage.get("Rollout", name).await["spec"]["template"].clone();
    template["spec"]["containers"][0]["image"] = json!(format!("example/{name}:{tag}"));
    stage.api.merge(&path, &json!({"spec": {"template": template}})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_waits_at_a_step_goes_on_whichever_hash_its_revisions_have() {
    for hashes in [None, Some("spew"), Some("timed")] {
        take_over("paused", hashes, async |stage| {
            status(stage, "paused", json!({"pauseConditions": null})).await;
            stage.phase("paused", "Paused", |r| r["status"]["currentStepIndex"] == 3).await;
            stage.pods("paused", &[(2, "example/paused:v1"), (2, "example/paused:v2")]).await;
            status(stage, "paused", json!({"pauseConditions": null})).await;
            stage.phase("paused", "Healthy", |_| true).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_canary_stays_so_until_it_is_tried_again() {
    take_over("aborted", None, async |stage| {
        status(stage, "aborted", json!({"abort": null})).await;
        stage.phase("aborted", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        stage.pods("aborted", &[(3, "example/aborted:v1"), (1, "example/aborted:v2")]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_pods_of_a_switch_keep_their_delay_and_are_there_to_return_to() {
    take_over("delayed", None, async |stage| {
        let old = stage.get("ReplicaSet", "delayed-76b94fc669").await;
        assert_eq!(old["spec"]["replicas"], 2);
        image(stage, "delayed", "v1").await;
        stage.phase("delayed", "Healthy", |r| r["status"]["stableRS"] == "76b94fc669").await;
        let active = stage.get("Service", "delayed-active").await;
        assert_eq!(active["spec"]["selector"]["rollouts-pod-template-hash"], "76b94fc669");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_half_replaced_is_replaced_whole() {
    take_over("referred", None, async |stage| {
        stage.until("Deployment", "referred", "replaced", |d| d["spec"]["replicas"] == 0).await;
        stage.phase("referred", "Healthy", |_| true).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_argo_reads_in_part_is_read_so_by_us() {
    take_over("malformed", None, async |stage| {
        image(stage, "malformed", "v2").await;
        stage.phase("malformed", "Healthy", |r| r["status"]["currentPodHash"] == "6cbcf4584b").await;
        stage.pods("malformed", &[(2, "example/malformed:v2")]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_stored_with_amounts_that_are_none_becomes_healthy() {
    play("malformed", async |stage| {
        let line = format!("controller --namespace {} {ALONE}", stage.namespace);
        let mut program = stage.start("controller", &line);
        let resources = json!({"requests": {"memory": "invalid"}});
        for (name, more) in [("plain", json!([])), ("attached", json!([{"resources": resources}]))] {
            let mut rollout: Value = serde_yaml::from_str(&rollout(name, "", "{canary: {}}")).unwrap();
            let spec = &mut rollout["spec"]["template"]["spec"];
            spec["containers"][0]["resources"] = resources.clone();
            spec["ephemeralContainers"] = more;
            for container in spec["ephemeralContainers"].as_array_mut().unwrap() {
                container["name"] = json!("main"); // a name that is taken
                container["image"] = json!("example/other:v1");
            }
            stage.create(rollout).await;
            stage.phase(name, "Healthy", |_| true).await;
            stage.pods(name, &[(3, &format!("example/{name}:v1"))]).await;
            let stored = stage.get("Rollout", name).await;
            let memory = "/spec/template/spec/containers/0/resources/requests/memory";
            assert_eq!(stored.pointer(memory), Some(&json!("invalid")), "what is stored stays as it is");
        }
        program.says("spec.template.spec.containers[0].resources.requests.memory").await;
    })
    .await;
}
