//! Why a revision fails beside its analyses: ReplicaSets that the API server refuses, pods that cannot run, Rollouts that
//! cannot be acted on. What comes of it in the cluster and in Git.

use crate::delivery::rig::{Rig, config, git};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use switchback::api::notice::Notice;
use switchback::base::clock::Clock;
use switchback::sandbox::route::Ask;
use switchback::sandbox::{Fault, Moment, Refusal};

/// A Rollout whose spec begins with `more`, at a version of its image.
pub fn web(name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: {name}\nspec:\n  selector: {{matchLabels: {{app: \
         {name}}}}}\n  replicas: 2\n{more}  strategy:\n    canary:\n      steps:\n      - setWeight: 50\n      - pause: {{}}\n  \
         template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: c\n        image: \
         example/web:{image}\n"
    )
}

pub fn status(rig: &Rig, name: &str) -> Value {
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
pub fn events(rig: &Rig, reason: &str) -> Vec<Value> {
    let mut all = rig.sandbox.snapshot("v1", "Event", "default");
    all.retain(|e| e["reason"] == reason && e["involvedObject"]["kind"] == "Rollout");
    all
}

pub async fn until(rig: &Rig, what: &str, test: impl Fn(&Rig) -> bool) {
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
            let message =
                "admission webhook \"policy.example.com\" denied the request: no latest tags".to_owned();
            Fault::Refuse(Refusal { code: 403, reason: "Forbidden", message, details: None })
        }
        _ => Fault::None,
    })));
    (is_on, count)
}

pub async fn reverted(rig: &mut Rig) -> String {
    let commit = rig.went_back().await;
    git(&rig.repo, &["log", "-1", "--format=%B", &commit])
}

/// Has the pods of v2 crash, while those of v1 run: its commit goes back and says which container it was.
pub async fn goes_back_by_a_crash(rig: &mut Rig) {
    crash(rig, "v2");
    let message = reverted(rig).await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
    assert!(message.contains("container c of pod web-") && message.contains("exit code 7"), "{message}");
    git(&rig.repo, &["reset", "-q", "--hard", "main"]);
    rig.phase("web", "Healthy").await;
}

#[tokio::test]
async fn a_replica_set_that_is_refused_is_told_and_goes_back_when_its_deadline_is_missed() {
    let deadline = "  progressDeadlineSeconds: 3\n  progressDeadlineAbort: true\n";
    let mut rig =
        Rig::new(&[("web.yaml", &web("web", "v1", deadline)), ("api.yaml", &web("api", "v1", ""))]).await;
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
    assert_eq!(
        json!("Unknown"),
        status(&rig, "web")["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["type"] == "Progressing")
            .unwrap()["status"]
    );
}

/// The pods with this image.
fn pods(rig: &Rig, image: &str) -> Vec<Value> {
    let mut all = rig.sandbox.snapshot("v1", "Pod", "default");
    all.retain(|p| p["spec"]["containers"][0]["image"] == format!("example/web:{image}"));
    all
}

/// Has a kubelet say that the containers of the pods with this image have crashed three times.
pub fn crash(rig: &Rig, image: &str) {
    for mut pod in pods(rig, image) {
        let end = json!({"exitCode": 7, "reason": "Error", "startedAt": "2020-01-01T00:00:00Z",
            "finishedAt": Clock::Real.now().to_string()});
        let container = &mut pod["status"]["containerStatuses"][0];
        container["restartCount"] = json!(3);
        container["ready"] = json!(false);
        container["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        container["lastState"] = json!({"terminated": end});
        rig.sandbox.update_status("kubelet", pod).unwrap();
    }
}

#[tokio::test]
async fn a_container_that_crashes_while_stable_ones_run_aborts_at_once_and_goes_back() {
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    goes_back_by_a_crash(&mut rig).await;
}

#[tokio::test]
async fn a_crash_that_stable_pods_share_and_one_that_people_leave_to_the_deadline_abort_nothing() {
    let off = "  # nothing\n";
    let disabled = |image: &str| {
        web("web", image, off).replacen(
            "  name: web\n",
            "  name: web\n  annotations: {switchback.dev/fail-fast: disabled}\n",
            1,
        )
    };
    for is_shared in [true, false] {
        let text = |image: &str| if is_shared { web("web", image, off) } else { disabled(image) };
        let mut rig = Rig::new(&[("web.yaml", &text("v1"))]).await;
        rig.phase("web", "Healthy").await;
        rig.write("web.yaml", text("v2"));
        let head = rig.commit("v2");
        rig.applied(&head).await;
        rig.phase("web", "Paused").await;
        if is_shared {
            crash(&rig, "v1");
        }
        crash(&rig, "v2");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head, "shared: {is_shared}");
        assert!(status(&rig, "web").get("abort").is_none(), "shared: {is_shared}; {:#}", status(&rig, "web"));
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_had_aborts_after_half_a_minute() {
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", web("web", "does-not-exist", ""));
    rig.deliver("a slip of the pen").await;
    until(&rig, "the image is refused", |rig| {
        let reason = |p: &Value| p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone();
        pods(rig, "does-not-exist").iter().any(|p| reason(p) == "ImagePullBackOff")
    })
    .await;
    assert!(status(&rig, "web").get("abort").is_none(), "not at once");
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(status(&rig, "web").get("abort").is_none(), "not before its time");
    let message = reverted(&mut rig).await;
    assert!(message.contains("image example/web:does-not-exist of container c of pod web-"), "{message}");
}

/// What `switchback` shows of why the Rollout is held: in its annotation and in its condition.
fn held(rig: &Rig) -> (String, String) {
    let web = rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap_or_default();
    let all = web["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let condition = all.into_iter().find(|c| c["type"] == "Held").unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    (text(&web["metadata"]["annotations"]["switchback.dev/held"]), text(&condition["message"]))
}

#[tokio::test]
async fn an_update_that_is_stuck_without_an_abort_is_held_and_says_which_command_helps() {
    let deadline = "  progressDeadlineSeconds: 2\n";
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", deadline))]).await;
    rig.phase("web", "Healthy").await;
    let labels = "      labels: {app: web}\n";
    let never = format!("{labels}      annotations: {{sandbox.switchback.dev/ready: \"false\"}}\n");
    rig.write("web.yaml", web("web", "v2", deadline).replace(labels, &never));
    rig.deliver("v2").await;
    let told = rig.problem().await;
    assert!(told.starts_with("web.yaml:"), "{told}");
    for word in [
        "Rollout default/web makes no progress",
        "progressDeadlineAbort: true",
        "switchback abort web -n default",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    until(&rig, "the annotation and the condition", |rig| held(rig) == (told.clone(), told.clone())).await;
    until(&rig, "an event", |rig| events(rig, "RevertHeld").len() == 1).await;
    assert_eq!(status(&rig, "web")["phase"], "Degraded");
    rig.write("web.yaml", web("web", "v3", deadline));
    rig.deliver("the fix").await;
    rig.phase("web", "Paused").await;
    until(&rig, "it is held no longer", |rig| held(rig) == (String::new(), String::new())).await;
}

/// An AnalysisTemplate that people have made, not Git.
fn errors_template() -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
        "metadata": {"name": "errors", "namespace": "default"},
        "spec": {"metrics": [{"name": "m", "successCondition": "result == 1",
            "provider": {"web": {"url": "http://127.0.0.1:1/"}}}]}})
}

/// Changes that template so that the Rollouts which name it cannot be acted on.
fn needs_an_argument(rig: &Rig) {
    let mut template = rig.get("argoproj.io/v1alpha1", "AnalysisTemplate", "default", "errors").unwrap();
    template["spec"]["args"] = json!([{"name": "host"}]);
    rig.sandbox.update("someone", template).unwrap();
}

#[tokio::test]
async fn a_rollout_that_cannot_be_acted_on_is_told_and_goes_back_only_where_people_want_it() {
    for goes_back in [false, true] {
        let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", ""))]).await;
        rig.phase("web", "Healthy").await;
        rig.sandbox.create("someone", errors_template()).unwrap();
        let mut second = web("web", "v2", "")
            .replace("pause: {}\n", "pause: {}\n      - analysis: {templates: [{templateName: errors}]}\n");
        if goes_back {
            second = second.replacen(
                "  name: web\n",
                "  name: web\n  annotations: {switchback.dev/rollback-on: invalid-spec}\n",
                1,
            );
        }
        rig.write("web.yaml", second);
        rig.deliver("v2").await;
        rig.phase("web", "Paused").await;
        needs_an_argument(&rig);
        if goes_back {
            let message = reverted(&mut rig).await;
            assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
            git(&rig.repo, &["reset", "-q", "--hard", "main"]);
            rig.phase("web", "Healthy").await;
            continue;
        }
        let told = rig.problem().await;
        assert!(told.starts_with("web.yaml:") && told.contains("is invalid: spec.strategy.canary"), "{told}");
        assert!(told.contains("switchback get rollout web -n default"), "{told}");
        assert!(status(&rig, "web")["message"].as_str().unwrap().starts_with("InvalidSpec: "));
        until(&rig, "the annotation", |rig| held(rig).0 == told).await;
    }
}

#[tokio::test]
async fn a_promoted_revision_that_is_no_longer_valid_stays_in_git_whatever_people_want() {
    let wanted = "  annotations: {switchback.dev/rollback-on: invalid-spec}\n";
    let text =
        |image: &str| web("web", image, "").replacen("  name: web\n", &format!("  name: web\n{wanted}"), 1);
    let mut rig = Rig::new(&[("web.yaml", &text("v1"))]).await;
    rig.phase("web", "Healthy").await;
    rig.sandbox.create("someone", errors_template()).unwrap();
    let analysis = "      - analysis: {templates: [{templateName: errors}]}\n";
    let steps =
        |image: &str| text(image).replace("      - pause: {}\n", &format!("      - pause: {{}}\n{analysis}"));
    let head = rig.promote("web", steps("v2")).await;
    needs_an_argument(&rig);
    let told = rig.problem().await;
    assert!(told.starts_with("web.yaml:") && told.contains("is invalid: spec.strategy.canary"), "{told}");
    until(&rig, "the annotation", |rig| held(rig).0 == told).await;
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head, "nothing was reverted");
}

#[tokio::test]
async fn what_could_not_be_measured_stays_in_git() {
    let template = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: errors}\nspec:\n  metrics:\n  - \
                    name: m\n    interval: 1h\n    count: 2\n    successCondition: result == 1\n    provider: {web: {url: 'http://127.0.0.1:1/'}}\n";
    let text = |image: &str| {
        web("web", image, "")
            .replace("      - pause: {}\n", "      - analysis: {templates: [{templateName: errors}]}\n")
    };
    let mut rig = Rig::new(&[("web.yaml", &text("v1")), ("errors.yaml", template)]).await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", text("v2"));
    let head = rig.commit("v2");
    rig.applied(&head).await;
    let runs = |rig: &Rig| rig.sandbox.snapshot("argoproj.io/v1alpha1", "AnalysisRun", "default");
    until(&rig, "a run", |rig| runs(rig).iter().any(|r| r["status"]["phase"] == "Running")).await;
    for _ in 0..20 {
        let mut run = runs(&rig).remove(0);
        run["status"]["phase"] = json!("Error");
        run["status"]["message"] = json!("the provider is away");
        if rig.sandbox.update_status("someone", run).is_ok() {
            break;
        }
    }
    let told = rig.problem().await;
    assert!(
        told.contains("could not be measured") && told.contains("switchback retry web -n default"),
        "{told}"
    );
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head, "nothing was reverted");
    until(&rig, "it says so", |rig| held(rig).0 == told).await;
}

/// Waits until the update to v2 waits for a person, who then aborts it.
async fn abort(rig: &Rig) {
    rig.phase("web", "Paused").await;
    rig.act("web", "abort");
}

#[tokio::test]
async fn a_rollout_that_was_there_before_goes_back_to_the_commit_that_took_it_over() {
    let mut rig = Rig::new(&[("cfg.yaml", &config("cfg", "1"))]).await;
    let mut live: Value = serde_yaml::from_str(&web("web", "v1", "")).unwrap();
    live["metadata"]["namespace"] = json!("default");
    rig.sandbox.create("kubectl", live).unwrap();
    rig.under_a_controller(|rig| status(rig, "web")["phase"] == "Healthy").await;
    rig.write("web.yaml", web("web", "v1", ""));
    rig.deliver("taken over").await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    abort(&rig).await;
    let message = reverted(&mut rig).await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
}

#[tokio::test]
async fn a_file_that_could_not_be_read_for_a_while_takes_no_commit_with_it() {
    let mut rig =
        Rig::new(&[("web.yaml", &web("web", "v1", "")), ("other.yaml", &config("other", "web"))]).await;
    rig.phase("web", "Healthy").await;
    rig.write("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [web}\n");
    rig.commit("a slip that names web");
    rig.problem().await;
    rig.write("other.yaml", config("other", "web, mended"));
    rig.commit("mended, and changed");
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    abort(&rig).await;
    let message = reverted(&mut rig).await;
    assert!(message.starts_with("Revert \"v2\"\n") && !message.contains("mended"), "{message}");
    assert_eq!(rig.config("other").unwrap()["data"]["value"], "web, mended");
}

#[tokio::test]
async fn a_cleanup_that_the_older_template_cannot_do_without_goes_back_too() {
    let text = |image: &str, config: &str| {
        let line = format!("        image: example/web:{image}\n");
        web("web", image, "")
            .replace(&line, &format!("{line}        envFrom: [{{configMapRef: {{name: {config}}}}}]\n"))
    };
    let mut rig = Rig::new(&[("web.yaml", &text("v1", "one")), ("one.yaml", &config("one", "1"))]).await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", text("v2", "two"));
    rig.write("two.yaml", config("two", "2"));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    rig.remove("one.yaml");
    rig.deliver("cleanup").await;
    abort(&rig).await;
    let message = reverted(&mut rig).await;
    assert!(message.contains("v2") && message.contains("cleanup"), "{message}");
    let files = git(&rig.repo, &["ls-tree", "--name-only", "main"]);
    assert_eq!(files, "one.yaml\nweb.yaml");
}

#[tokio::test]
async fn an_inventory_that_somebody_deletes_is_made_again() {
    let mut rig = Rig::new(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    let inventories = |rig: &Rig| {
        let mut all = rig.sandbox.snapshot("v1", "Secret", "default");
        all.retain(|s| s["metadata"]["name"].as_str().is_some_and(|n| n.starts_with("switchback")));
        all
    };
    assert!(!inventories(&rig).is_empty());
    for inventory in inventories(&rig) {
        let name = inventory["metadata"]["name"].as_str().unwrap();
        let request = http::Request::delete(format!("/api/v1/namespaces/default/secrets/{name}"));
        let request = request.header("user-agent", "someone").body(kube::client::Body::empty()).unwrap();
        let answer = tower::ServiceExt::oneshot(rig.sandbox.service(), request).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    rig.write("a.yaml", config("a", "2"));
    rig.deliver("the next one").await;
    assert_eq!(rig.config("a").unwrap()["data"]["value"], "2");
    until(&rig, "the inventory is back", |rig| !inventories(rig).is_empty()).await;
    rig.remove("b.yaml");
    rig.deliver("one less").await;
    assert!(rig.config("b").is_none(), "what it had is still ours");
}

#[tokio::test]
async fn a_revert_that_was_lost_with_the_mirror_is_made_again() {
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", ""))]).await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    rig.write("web.yaml", web("web", "v2", "  # somebody works here\n"));
    rig.act("web", "abort");
    let told = rig.problem().await;
    assert!(told.contains("could not be pushed"), "{told}");
    // It is applied from here meanwhile; the notice of that comes after the last look into the mirror.
    rig.hear(|t| matches!(t, Notice::Synced { .. }).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.lose_mirrors();
    git(&rig.repo, &["prune", "--expire=now"]);
    git(&rig.repo, &["checkout", "-q", "web.yaml"]);
    let pushed = rig
        .hear(|t| match t {
            Notice::Reverted { commit, pushed: true, .. } => Some(commit.clone()),
            Notice::Problem { text, .. } => panic!("{text}"),
            _ => None,
        })
        .await;
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), pushed);
}
