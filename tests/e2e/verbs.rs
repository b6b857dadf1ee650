//! Our own verbs for people: they show, steer and wait, answer with their exit code, and `undo` takes the road through
//! Git. They never change anything with `--dry-run`.

use super::controller::controller;
use super::manifests::{CANARY, objects, of_instance, rollout};
use super::program::{LIMIT, STEP, Said};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Runs a verb in the scenario's namespace.
async fn verb(stage: &Stage, line: &str) -> Said {
    stage.run(&format!("{line} --namespace {}", stage.namespace)).await
}

/// Gives the canary another image.
async fn image(stage: &Stage, tag: &str) {
    let containers = json!([{"name": "main", "image": format!("example/shape:{tag}")}]);
    let body = json!({"spec": {"template": {"spec": {"containers": containers}}}});
    stage.api.merge(&stage.at("Rollout", "shape"), &body).await;
}

fn at_step(index: i64) -> impl Fn(&Value) -> bool {
    move |r| r["status"]["currentStepIndex"] == index
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_cycle_with_our_own_verbs() {
    play("verbs", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        for object in objects(&rollout("shape", &of_instance(&stage.namespace), CANARY)) {
            stage.create(object).await;
        }
        let healthy = verb(stage, "status shape --timeout 80s").await.ok();
        assert!(healthy.contains("Healthy"), "{healthy}");
        showing(stage).await;

        image(stage, "v2").await;
        stage.phase("shape", "Paused", at_step(1)).await;
        let waiting = verb(stage, "status shape --timeout 1s").await;
        assert_eq!(waiting.code, 1, "{}{}", waiting.out, waiting.err);
        assert!(waiting.out.contains("Paused") && waiting.err.contains("not healthy within"), "{waiting:?}");
        let tree = verb(stage, "get rollout shape").await.ok();
        for words in
            ["revision 2", "revision 1", "canary", "stable", "example/shape:v2", "switchback promote"]
        {
            assert!(tree.contains(words), "no {words:?} in\n{tree}");
        }

        let before = stage.get("Rollout", "shape").await;
        for line in ["promote shape", "abort shape", "pause shape", "restart shape", "undo shape"] {
            verb(stage, &format!("{line} --dry-run")).await.ok();
        }
        assert_eq!(stage.get("Rollout", "shape").await, before, "--dry-run has changed something");

        verb(stage, "promote shape").await.ok();
        stage.phase("shape", "Paused", at_step(3)).await;
        let asks = verb(stage, "promote shape --full").await.failed(2);
        assert!(asks.contains("--yes"), "{asks}");
        verb(stage, "promote shape --full --yes").await.ok();
        verb(stage, "status shape --timeout 80s").await.ok();
        stage.pods("shape", &[(3, "example/shape:v2")]).await;
        back_and_forth(stage).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

/// Tables and trees, for people and for programs.
async fn showing(stage: &Stage) {
    let table = verb(stage, "get rollouts").await.ok();
    let row = table.lines().find(|l| l.starts_with("shape")).unwrap_or_else(|| panic!("{table}"));
    assert!(row.contains("Healthy") && row.contains("anary"), "{table}");
    let data: Value = serde_json::from_str(&verb(stage, "get rollouts -o json").await.ok()).unwrap();
    assert_eq!(data["rollouts"][0]["name"], "shape", "{data:#}");
    let one: Value = serde_yaml::from_str(&verb(stage, "get rollout shape -o yaml").await.ok()).unwrap();
    assert_eq!((&one["name"], &one["phase"]), (&json!("shape"), &json!("Healthy")), "{one:#}");
    let text = verb(stage, "get rollout absent").await.failed(2);
    assert!(text.contains("absent is not there") && text.contains("switchback get rollouts"), "{text}");
    let text = verb(stage, "promote absent").await.failed(2);
    assert!(text.contains("absent is not there"), "{text}");
    let script = verb(stage, "completion bash").await.ok();
    assert!(script.contains("complete -F"), "{script}");
}

/// Abort, retry, undo, pause and restart.
async fn back_and_forth(stage: &Stage) {
    let before = stage.get("Rollout", "shape").await;
    let wrong = verb(stage, "set image shape wrong=example/shape:v3").await.failed(2);
    assert!(wrong.contains("no container `wrong`; there are: main"), "{wrong}");
    verb(stage, "set image shape main=example/shape:v3 --dry-run").await.ok();
    assert_eq!(stage.get("Rollout", "shape").await, before);
    let said = verb(stage, "set image shape *=example/shape:v3").await.ok();
    assert!(said.contains("main runs example/shape:v3"), "{said}");
    stage.phase("shape", "Paused", at_step(1)).await;
    verb(stage, "abort shape").await.ok();
    stage.phase("shape", "Degraded", |r| r["status"]["abort"] == true).await;
    stage.pods("shape", &[(3, "example/shape:v2")]).await;
    let degraded = verb(stage, "status shape --timeout 80s").await;
    assert_eq!(degraded.code, 1, "{degraded:?}");
    verb(stage, "retry shape").await.ok();
    stage.phase("shape", "Paused", at_step(1)).await;
    let none = verb(stage, "undo shape --to-revision 77 --yes").await.failed(2);
    assert!(none.contains("77"), "{none}");
    verb(stage, "undo shape --yes").await.ok();
    verb(stage, "status shape --timeout 80s").await.ok();
    stage.pods("shape", &[(3, "example/shape:v2")]).await;

    verb(stage, "pause shape").await.ok();
    stage.phase("shape", "Paused", |r| r["spec"]["paused"] == true).await;
    verb(stage, "promote shape").await.ok();
    stage.phase("shape", "Healthy", |r| r["spec"]["paused"] != true).await;
    let uids = async || {
        let pods = stage.api.list(&stage.at("Pod", "")).await;
        let live = pods.into_iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
        live.map(|p| p["metadata"]["uid"].clone()).collect::<Vec<Value>>()
    };
    let before = uids().await;
    sleep(Duration::from_millis(1100)).await; // a restart concerns pods older than its second
    verb(stage, "restart shape").await.ok();
    let late = Instant::now() + LIMIT;
    loop {
        let now = uids().await;
        if now.len() == 3 && now.iter().all(|uid| !before.contains(uid)) {
            break;
        }
        assert!(Instant::now() < late, "old pods are left: {before:?} {now:?}");
        sleep(STEP).await;
    }
    verb(stage, "status shape --timeout 80s").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_takes_the_road_through_git() {
    play("undo", async |stage| {
        let shop = stage.shop();
        let (path, namespace) = (shop.path.display().to_string(), &stage.namespace);
        let mut program = stage.start(
            "run",
            &format!(
                "run --repo {path} --instance-id {namespace} --namespace {namespace} --prometheus-address {}",
                stage.prometheus
            ),
        );
        let at =
            |commit: String| move |r: &Value| r["metadata"]["annotations"]["switchback.dev/commit"] == commit;
        stage.phase("web", "Healthy", at(shop.head())).await;
        let second = shop.version("v1", "v2", "0.01");
        stage.phase("web", "Healthy", at(second.clone())).await;
        let tree = verb(stage, "get rollout web").await.ok();
        assert!(tree.contains(&second[..7]) && tree.contains("web: v2"), "{tree}");

        let asks = verb(stage, "set image web *=example/web:v9").await.failed(2);
        assert!(asks.contains("comes from Git") && asks.contains("Commit it instead"), "{asks}");
        let said = verb(stage, "undo web --yes").await.ok();
        assert!(said.contains("reverted in Git"), "{said}");
        let late = Instant::now() + LIMIT;
        while shop.head() == second {
            assert!(Instant::now() < late, "nothing was reverted in Git");
            sleep(STEP).await;
        }
        let message = shop.git(&["log", "-1", "--format=%B"]);
        assert!(message.starts_with("Revert \"web: v2\"\n"), "{message}");
        assert!(message.contains(&format!("This reverts commit {second}.")), "{message}");
        assert!(message.contains(&format!("\nSwitchback-Rollout: {namespace}/web\n")), "{message}");
        let revert = shop.head();
        let settled = stage.phase("web", "Healthy", |r| {
            at(revert.clone())(r) && r["metadata"]["annotations"]["switchback.dev/undo"].is_null()
        });
        settled.await;
        stage.pods("web", &[(5, "example/web:v1")]).await;
        assert_eq!(shop.head(), revert, "one revert, and no more");

        // What was taken back can be brought again by a person.
        let third = shop.version("v1", "v2", "0.02");
        stage.phase("web", "Healthy", at(third.clone())).await;
        stage.pods("web", &[(5, "example/web:v2")]).await;
        assert_eq!(shop.head(), third);
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_is_terminated_once() {
    play("terminate", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        let labels = json!({"argo-rollouts.argoproj.io/controller-instance-id": stage.namespace});
        let metric = json!({"name": "m", "interval": "1h", "count": 9, "successCondition": "result[0] >= 0",
            "provider": {"prometheus": {"query": "vector(1)"}}});
        let run = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": {"name": "long", "labels": labels}, "spec": {"metrics": [metric]}});
        stage.create(run).await;
        stage.until("AnalysisRun", "long", "Running", |r| r["status"]["phase"] == "Running").await;
        verb(stage, "terminate analysisrun long --dry-run").await.ok();
        assert_eq!(stage.get("AnalysisRun", "long").await["spec"]["terminate"], Value::Null);
        let said = verb(stage, "terminate analysisrun long").await.ok();
        assert!(said.contains("long is terminated"), "{said}");
        stage.until("AnalysisRun", "long", "over", |r| r["status"]["phase"] == "Successful").await;
        let again = verb(stage, "terminate ar long").await.ok();
        assert!(again.contains("stays as it is: it is over: Successful"), "{again}");
        let none = verb(stage, "terminate experiment long").await.failed(2);
        assert!(none.contains("is not there"), "{none}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
