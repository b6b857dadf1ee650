//! Configuration that travels with the revision, as a user sees it: in the plan, in the cluster, in Git.
//! It never looks inside the program.

use super::stage::{Stage, play};
use super::story::{healthy_at, reverted, run};
use serde_json::Value;
use std::collections::BTreeMap;

/// The greetings of the pods that are not on their way out, each with the number of pods.
async fn greetings(stage: &Stage) -> BTreeMap<String, usize> {
    let pods = stage.api.list(&format!("{}?labelSelector=app%3Dweb", stage.at("Pod", ""))).await;
    let mut found = BTreeMap::new();
    for pod in pods.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null()) {
        let name = pod["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"].as_str().unwrap();
        let config = stage.get("ConfigMap", name).await;
        let greeting = config["data"]["GREETING"].as_str().unwrap_or("nothing").to_owned();
        *found.entry(greeting).or_default() += 1;
    }
    found
}

fn pairs(all: &[(&str, usize)]) -> BTreeMap<String, usize> {
    all.iter().map(|(greeting, n)| ((*greeting).to_owned(), *n)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_goes_back_with_its_pods() {
    play("versioned", async |stage| {
        let shop = stage.shop();
        shop.replace("web/rollout.yaml", "- pause:\n            duration: 1s", "- pause: {}");
        shop.commit("people look at each step");
        let line = format!(
            "--repo {} --instance-id {} --prometheus-address {} --namespace {}",
            shop.path.to_string_lossy(),
            stage.namespace,
            stage.prometheus,
            stage.namespace
        );
        let plan = stage.run(&format!("plan {line} --config versioned")).await;
        assert_eq!(plan.code, 1, "{plan:?}");
        let planned = plan.out.lines().find(|l| l.contains("/web-config-")).unwrap_or_default();
        assert!(planned.starts_with("+ ConfigMap") && planned.ends_with("web/config.yaml:1"), "{plan:?}");

        let mut program = run(stage, &shop.path.to_string_lossy(), "--config versioned");
        healthy_at(stage, &shop.head(), "v1").await;
        assert_eq!(greetings(stage).await, pairs(&[("welcome", 5)]));
        assert!(stage.get("ConfigMap", "web-config").await.is_null(), "nobody uses it by this name");

        shop.replace("web/config.yaml", "welcome", "boo");
        let bad = shop.commit("web: another greeting");
        let is_at_bad = |r: &Value| {
            r["metadata"]["annotations"]["switchback.dev/commit"] == bad
                && r["status"]["currentStepIndex"] == 1
        };
        stage.phase("web", "Paused", is_at_bad).await;
        assert_eq!(
            greetings(stage).await,
            pairs(&[("boo", 1), ("welcome", 4)]),
            "stable pods keep what they have"
        );
        stage.run(&format!("abort web --namespace {}", stage.namespace)).await.ok();
        let message = reverted(&shop.path, &bad).await;
        assert!(message.starts_with("Revert \"web: another greeting\"\n"), "{message}");
        assert!(message.contains(&format!("This reverts commit {bad}.")), "{message}");
        healthy_at(stage, &shop.head(), "v1").await;
        assert_eq!(greetings(stage).await, pairs(&[("welcome", 5)]));
        assert!(shop.read("web/config.yaml").contains("welcome"), "the work tree follows the branch");

        let plan = stage.run(&format!("plan {line} --config versioned")).await.ok();
        assert!(plan.starts_with("nothing to do, "), "{plan}");
        assert!(plan.contains("of a revision that is kept names it"), "{plan}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
