//! Several operators on one cluster, Argo Rollouts' among them: one acts, the others say for whom they wait and take over
//! when it ends. None of them is told of another by hand.

use super::manifests::{BLUE_GREEN, objects, of_instance, rollout, service};
use super::program::free_port;
use super::repository::Repository;
use super::stage::{Stage, play};
use serde_json::{Value, json};

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\ndata:\n  value: \"one\"\n";

/// A Lease of Argo's controller for the instance that is called as the namespace.
fn lease_of_argo(stage: &Stage) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": format!("argo-rollouts-controller-lock-{}", stage.namespace)},
        "spec": {"holderIdentity": "argo-0_1", "leaseDurationSeconds": 3600, "renewTime": "2026-01-01T00:00:00.000000Z"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_waits_for_argos_and_for_its_own_kind() {
    play("operators", async |stage| {
        let namespace = &stage.namespace;
        stage.create(lease_of_argo(stage)).await;
        let health = free_port();
        let line = format!(
            "controller --instance-id {namespace} --namespace {namespace} --namespaced --bind 127.0.0.1"
        );
        let argos =
            "--qps 40 --burst=80 --loglevel info --logformat text --rollout-threads 10 --metricsPort 0";
        let mut one = stage.start("one", &format!("{line} {argos} --healthzPort {health}"));
        one.says("argo-0_1 holds the Lease").await;
        let ready = reqwest::get(format!("http://127.0.0.1:{health}/readyz")).await.unwrap();
        assert_eq!((ready.status().as_u16(), ready.text().await.unwrap().as_str()), (200, "ok: stands by"));
        let services = ["colour-active", "colour-preview"].map(|name| service(name, "colour"));
        for text in services.iter().chain([&rollout("colour", &of_instance(namespace), BLUE_GREEN)]) {
            for object in objects(text) {
                stage.create(object).await;
            }
        }
        let mut two = stage.start("two", &format!("{line} --metrics-port 0 --health-port 0"));
        two.says("argo-0_1 holds the Lease").await;
        assert!(stage.get("Rollout", "colour").await["status"].is_null(), "nobody has acted");
        two.terminate().await;

        let lease = format!("argo-rollouts-controller-lock-{namespace}");
        stage.api.merge(&stage.at("Lease", &lease), &json!({"spec": {"holderIdentity": ""}})).await;
        one.says("it is our turn").await;
        stage.phase("colour", "Healthy", |_| true).await;
        let mut two = stage.start("two", &format!("{line} --metrics-port 0 --health-port 0"));
        two.says("holds the Lease").await;
        assert_eq!(one.terminate().await, 0);
        two.says("it is our turn").await;
        assert_eq!(two.terminate().await, 0);
        let lease = stage.get("Lease", &lease).await;
        assert_eq!(lease["spec"]["holderIdentity"], "", "it was given back");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_stands_back_from_another_controller_unless_it_is_told_to_take_over() {
    play("taking-over", async |stage| {
        let namespace = &stage.namespace;
        stage.create(lease_of_argo(stage)).await;
        let repository = Repository::empty(stage.path("repo"));
        repository.write("kept.yaml", MANIFEST);
        repository.commit("first");
        let path = repository.path.display();
        let line = format!("run --repo {path} --namespace {namespace} --instance-id {namespace}");
        let once = stage.run(&format!("{line} --once --timeout 2s")).await;
        assert_eq!(once.code, 1, "{}{}", once.out, once.err);
        assert!(
            once.out.contains("another controller of Rollouts runs") && once.out.contains("argo-0_1"),
            "{}",
            once.out
        );
        assert!(once.out.contains("it was not our turn within 2s"), "{}", once.out);
        assert!(stage.get("ConfigMap", "kept").await.is_null(), "nothing may be applied");
        stage.run(&format!("{line} --once --take-over")).await.ok();
        assert_eq!(stage.get("ConfigMap", "kept").await["data"]["value"], "one");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_without_a_lease_is_noticed_by_what_it_writes_and_one_that_is_gone_is_not() {
    play("leaseless", async |stage| {
        let namespace = &stage.namespace;
        let services = ["colour-active", "colour-preview"].map(|name| service(name, "colour"));
        for text in services.iter().chain([&rollout("colour", &of_instance(namespace), BLUE_GREEN)]) {
            for object in objects(text) {
                stage.create(object).await;
            }
        }
        let status = format!("{}/status?fieldManager=rollouts-controller", stage.at("Rollout", "colour"));
        let argo_writes = async |message: &str| {
            // Times of writes are whole seconds.
            tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
            stage.api.merge(&status, &json!({"status": {"message": message}})).await;
        };
        argo_writes("its last word").await;
        let line = format!(
            "controller --instance-id {namespace} --namespace {namespace} --metrics-port 0 --health-port 0"
        );
        let mut one = stage.start("one", &line);
        stage.phase("colour", "Healthy", |_| true).await;
        stage.api.merge(&stage.at("Rollout", "colour"), &json!({"spec": {"replicas": 2}})).await;
        stage.phase("colour", "Healthy", |r| r["spec"]["replicas"] == 2).await;
        assert!(!one.words().contains("another controller"), "{}", one.words());
        argo_writes("here I am").await;
        one.says(&format!("rollouts-controller wrote the status of Rollout {namespace}/colour at ")).await;
        one.says("nothing is done here for 5m").await;
        stage.api.merge(&stage.at("Rollout", "colour"), &json!({"spec": {"replicas": 3}})).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let left = stage.get("Rollout", "colour").await;
        assert_ne!(left["status"]["observedGeneration"], json!(left["metadata"]["generation"].to_string()));
        assert_eq!(one.terminate().await, 0);

        let mut told_otherwise = stage.start("two", &format!("{line} --take-over"));
        stage.phase("colour", "Healthy", |r| r["spec"]["replicas"] == 3).await;
        argo_writes("still here").await;
        stage.phase("colour", "Healthy", |r| r["status"]["message"].is_null()).await;
        assert!(!told_otherwise.words().contains("another controller"), "{}", told_otherwise.words());
        assert_eq!(told_otherwise.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_comes_later_is_noticed_at_once() {
    play("rivals", async |stage| {
        let namespace = &stage.namespace;
        let repository = Repository::empty(stage.path("repo"));
        repository.write("kept.yaml", MANIFEST);
        repository.commit("first");
        let path = repository.path.display();
        let ports = "--metrics-port 0 --health-port 0";
        let line = format!("run --repo {path} --namespace {namespace} --instance-id {namespace} {ports}");
        let mut run = stage.start("run", &line);
        run.says("1 created").await;
        stage.create(lease_of_argo(stage)).await;
        let since = tokio::time::Instant::now();
        run.says("another controller of Rollouts runs").await;
        assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?}", since.elapsed());
        run.terminate().await;
    })
    .await;
}
