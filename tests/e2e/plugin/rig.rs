//! Decides how a scenario of the plugin is staged: a controller of ours, a Rollout, and the plugin's words about it.
//! It never does what the plugin can do.

use crate::controller::controller;
use crate::manifests::{BLUE_GREEN, CANARY, objects, of_instance, rollout, service};
use crate::program::{LIMIT, STEP, Said, said};
use crate::stage::{Stage, play};
use serde_json::Value;
use tokio::time::{Instant, sleep};

const PLUGIN: &str = "kubectl-argo-rollouts";

/// Runs the plugin with the words of `line`.
pub async fn plugin(stage: &Stage, line: &str) -> Said {
    let mut command = stage.client(PLUGIN).unwrap();
    command.args(line.split_whitespace());
    said(command).await
}

/// Plays `scenario` beside a controller of ours, where the plugin is.
pub async fn with_plugin(name: &str, scenario: impl AsyncFnOnce(&Stage)) {
    play(name, async |stage| {
        if stage.client(PLUGIN).is_none() {
            return;
        }
        let mut program = controller(stage, &stage.namespace);
        scenario(stage).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

pub async fn create(stage: &Stage, texts: &[String]) {
    for text in texts {
        for object in objects(text) {
            stage.create(object).await;
        }
    }
}

/// A canary of three pods that runs v1.
pub async fn canary(stage: &Stage) {
    create(stage, &[rollout("shape", &of_instance(&stage.namespace), CANARY)]).await;
    stage.phase("shape", "Healthy", |_| true).await;
}

/// The same, on its way to `tag` and paused at its first pause.
pub async fn paused_canary(stage: &Stage, tag: &str) -> Value {
    if stage.get("Rollout", "shape").await.is_null() {
        canary(stage).await;
    }
    plugin(stage, &format!("set image shape main=example/shape:{tag}")).await.ok();
    let is_new = |r: &Value| r["status"]["currentPodHash"] != r["status"]["stableRS"];
    stage.phase("shape", "Paused", |r| step(r) == 1 && is_new(r)).await
}

/// A Rollout that runs v1 and v2 beside it, and waits to switch.
pub async fn paused_colours(stage: &Stage) -> Value {
    create(stage, &["colour-active", "colour-preview"].map(|name| service(name, "colour"))).await;
    create(stage, &[rollout("colour", &of_instance(&stage.namespace), BLUE_GREEN)]).await;
    stage.phase("colour", "Healthy", |_| true).await;
    plugin(stage, "set image colour main=example/colour:v2").await.ok();
    let is_new = |r: &Value| r["status"]["currentPodHash"] != r["status"]["stableRS"];
    stage.phase("colour", "Paused", is_new).await
}

/// The step that a Rollout is at.
pub fn step(rollout: &Value) -> i64 {
    rollout["status"]["currentStepIndex"].as_i64().unwrap_or(-1)
}

/// Waits until the events about an object have said `wanted`, in this order, whatever they have said between.
pub async fn tells(stage: &Stage, about: &str, wanted: &[&str]) {
    let late = Instant::now() + LIMIT;
    loop {
        let mut events = stage.api.list(&stage.at("Event", "")).await;
        events.retain(|e| e["involvedObject"]["name"] == about);
        // An event is called after the time at which it was recorded.
        events.sort_by_key(|e| e["metadata"]["name"].as_str().map(str::to_owned));
        let reasons: Vec<&str> = events.iter().filter_map(|e| e["reason"].as_str()).collect();
        let mut left = wanted.iter();
        let mut next = left.next();
        for reason in &reasons {
            if next == Some(reason) {
                next = left.next();
            }
        }
        if next.is_none() {
            return;
        }
        assert!(Instant::now() < late, "no {next:?} in its place in {reasons:?}; wanted {wanted:?}");
        sleep(STEP).await;
    }
}

/// Waits until the events about an object have said `reason` so many times; what is said again is counted on.
pub async fn tells_times(stage: &Stage, about: &str, reason: &str, wanted: i64) {
    let late = Instant::now() + LIMIT;
    loop {
        let mut events = stage.api.list(&stage.at("Event", "")).await;
        events.retain(|e| e["involvedObject"]["name"] == about && e["reason"] == reason);
        let times: i64 = events.iter().filter_map(|e| e["count"].as_i64()).sum();
        if times == wanted {
            return;
        }
        assert!(Instant::now() < late, "{reason} was said {times} times, not {wanted}");
        sleep(STEP).await;
    }
}

/// The tree that the plugin draws, in which each of `words` stands.
pub async fn tree(stage: &Stage, name: &str, words: &[&str]) {
    let tree = plugin(stage, &format!("get rollout {name} --no-color")).await.ok();
    for words in words {
        assert!(tree.contains(words), "no {words:?} in\n{tree}");
    }
}
