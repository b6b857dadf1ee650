//! Jobs that measure, and Deployments that Rollouts refer to: what other controllers of the cluster carry out for us.
//! It never runs a container.

use super::controller::controller;
use super::manifests::{objects, of_instance, rollout, service};
use super::stage::{Stage, play};
use serde_json::{Value, json};

const SMOKE: &str = "apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: smoke}
spec:
  args: [{name: code}]
  metrics:
  - name: smoke
    provider:
      job:
        spec:
          backoffLimit: 0
          template:
            spec:
              restartPolicy: Never
              containers: [{name: main, image: busybox, command: [sh, -c, \"sleep 1 && exit {{args.code}}\"]}]
";

fn strategy(code: &str) -> String {
    format!(
        "{{blueGreen: {{activeService: colour-active, previewService: colour-preview, scaleDownDelaySeconds: 1, \
         abortScaleDownDelaySeconds: 1, prePromotionAnalysis: {{templates: [{{templateName: smoke}}], args: [{{name: \
         code, value: \"{code}\"}}]}}}}}}"
    )
}

fn selector(service: &Value) -> &Value {
    &service["spec"]["selector"]["rollouts-pod-template-hash"]
}

/// Gives the Rollout another image, measured by a Job that ends with `code`.
async fn version(stage: &Stage, tag: &str, code: &str) {
    let text = rollout("colour", &of_instance(&stage.namespace), &strategy(code)).replace(":v1", tag);
    let object = objects(&text).remove(0);
    stage.api.merge(&stage.at("Rollout", "colour"), &json!({"spec": object["spec"]})).await;
}

async fn phases(stage: &Stage) -> Vec<String> {
    let runs = stage.api.list(&stage.at("AnalysisRun", "")).await;
    let mut phases: Vec<String> = runs.iter().map(|r| r["status"]["phase"].to_string()).collect();
    phases.sort();
    phases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_decides_whether_the_colours_change() {
    play("jobs", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        let services = ["colour-active", "colour-preview"].map(|name| service(name, "colour"));
        let first = rollout("colour", &of_instance(&stage.namespace), &strategy("0"));
        for text in services.iter().chain([&SMOKE.to_owned(), &first]) {
            for object in objects(text) {
                stage.create(object).await;
            }
        }
        stage.phase("colour", "Healthy", |_| true).await;
        assert!(phases(stage).await.is_empty(), "a first version is not measured");

        version(stage, ":v2", "0").await;
        let good = stage.phase("colour", "Healthy", |_| true).await;
        let hash = good["status"]["stableRS"].clone();
        assert_eq!(selector(&stage.get("Service", "colour-active").await), &hash);
        stage.pods("colour", &[(3, "example/colour:v2")]).await;
        assert_eq!(phases(stage).await, ["\"Successful\""]);
        let jobs = stage.api.list(&stage.at("Job", "")).await;
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        assert_eq!(jobs[0]["metadata"]["ownerReferences"][0]["kind"], "AnalysisRun");

        version(stage, ":v3", "1").await;
        stage.phase("colour", "Degraded", |r| r["status"]["abort"] == true).await;
        assert_eq!(phases(stage).await, ["\"Failed\"", "\"Successful\""]);
        assert_eq!(
            selector(&stage.get("Service", "colour-active").await),
            &hash,
            "v3 was never to be active"
        );
        stage.pods("colour", &[(3, "example/colour:v2")]).await;

        version(stage, ":v4", "0").await;
        stage.phase("colour", "Healthy", |_| true).await;
        stage.pods("colour", &[(3, "example/colour:v4")]).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_hands_its_pods_over() {
    play("workload", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        let template = |tag: &str| {
            json!({"metadata": {"labels": {"app": "shape"}},
                "spec": {"containers": [{"name": "main", "image": format!("example/shape:{tag}")}]}})
        };
        let selector = json!({"matchLabels": {"app": "shape"}});
        stage
            .create(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shape"},
                "spec": {"replicas": 3, "selector": selector, "template": template("v1")}}))
            .await;
        stage.until("Deployment", "shape", "ready", |d| d["status"]["readyReplicas"] == 3).await;
        let id = json!({"argo-rollouts.argoproj.io/controller-instance-id": stage.namespace});
        stage
            .create(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
                "metadata": {"name": "shape", "labels": id},
                "spec": {"replicas": 3,
                    "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shape",
                        "scaleDown": "onsuccess"},
                    "strategy": {"canary": {"steps": [{"setWeight": 33}, {"pause": {}}]}}}}))
            .await;
        stage.phase("shape", "Healthy", |_| true).await;
        stage.until("Deployment", "shape", "scaled down", |d| d["spec"]["replicas"] == 0).await;
        stage.pods("shape", &[(3, "example/shape:v1")]).await;

        let body = json!({"spec": {"template": template("v2")}});
        stage.api.merge(&stage.at("Deployment", "shape"), &body).await;
        stage.phase("shape", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        stage.pods("shape", &[(2, "example/shape:v1"), (1, "example/shape:v2")]).await;
        let name = format!("promote shape --namespace {}", stage.namespace);
        stage.run(&name).await.ok();
        stage
            .phase("shape", "Healthy", |r| {
                r["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "2"
            })
            .await;
        stage.pods("shape", &[(3, "example/shape:v2")]).await;
        let deployment = stage.get("Deployment", "shape").await;
        assert_eq!(deployment["spec"]["replicas"], 0, "its pods are the Rollout's now");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
