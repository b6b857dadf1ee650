//! The main job: a good commit climbs, a bad one goes back in Git, and then nothing is asked any more; from a local
//! repository and from one over HTTP. It never trusts what the program says about itself.

use super::program::{LIMIT, Program, STEP, free_port};
use super::repository::{Repository, git};
use super::server::{Server, only};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The annotation that names the commit a revision came from.
fn commit_of(rollout: &Value) -> &str {
    rollout["metadata"]["annotations"]["switchback.dev/commit"].as_str().unwrap_or_default()
}

/// Waits until the Rollout is Healthy at `commit` with pods of `tag` only.
pub async fn healthy_at(stage: &Stage, commit: &str, tag: &str) {
    stage.phase("web", "Healthy", |r| commit_of(r) == commit).await;
    stage.pods("web", &[(5, &format!("example/web:{tag}"))]).await;
}

/// Waits until Healthy at `commit`; answers which steps and how many new pods were seen on the way.
async fn climb(stage: &Stage, commit: &str, tag: &str) -> (BTreeSet<i64>, BTreeSet<usize>) {
    let (mut steps, mut sizes) = (BTreeSet::new(), BTreeSet::new());
    let late = Instant::now() + LIMIT;
    loop {
        let rollout = stage.get("Rollout", "web").await;
        let new = stage.images("web").await.iter().filter(|i| i.ends_with(tag)).count();
        if commit_of(&rollout) == commit {
            steps.extend(rollout["status"]["currentStepIndex"].as_i64());
            sizes.insert(new);
            if rollout["status"]["phase"] == "Healthy" && new == 5 {
                return (steps, sizes);
            }
        }
        assert!(Instant::now() < late, "{tag} did not climb: {}", rollout["status"]);
        sleep(STEP).await;
    }
}

/// Waits until the branch has moved on from `bad`; answers the head's message.
pub async fn reverted(repository: &std::path::Path, bad: &str) -> String {
    let late = Instant::now() + LIMIT;
    while git(repository, &["rev-parse", "main"]) == bad {
        assert!(Instant::now() < late, "nothing was reverted");
        sleep(STEP).await;
    }
    git(repository, &["log", "-1", "--format=%B", "main"])
}

/// Holds a revert commit to git's own form and to the trailers that say why.
pub fn check_revert(message: &str, bad: &str, namespace: &str) {
    let subject = message.lines().next().unwrap();
    assert_eq!(subject, "Revert \"web: v3\"");
    assert!(message.contains(&format!("This reverts commit {bad}.")), "{message}");
    assert!(message.contains(&format!("\nSwitchback-Rollout: {namespace}/web\n")), "{message}");
    assert!(message.contains("\nSwitchback-Revision: 3\n"), "{message}");
    let verdict = message.lines().find_map(|l| l.strip_prefix("Switchback-Verdict: ")).unwrap();
    assert!(verdict.contains("errors") && verdict.contains("0.25"), "{verdict}");
}

/// What the program says about its requests, by verb and resource; watches and the Lease apart, which is renewed as long as
/// somebody acts.
async fn asked(port: u16) -> BTreeMap<String, String> {
    let page = reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await.unwrap().text().await.unwrap();
    let lines = page.lines().filter(|l| l.starts_with("controller_clientset_k8s_request_total{"));
    let lines = lines.filter(|l| !l.contains("\"watch\"") && !l.contains("\"Watch\""));
    let lines = lines.filter(|l| !l.contains("\"leases\""));
    lines.filter_map(|l| l.rsplit_once(' ')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// Waits until nothing is asked for five seconds. On the real control plane its own log has the last word.
async fn comes_to_rest(stage: &Stage, port: u16) {
    let late = Instant::now() + LIMIT;
    let mut before = asked(port).await;
    assert!(!before.is_empty(), "no request is counted");
    loop {
        let logged = audited(stage);
        sleep(Duration::from_secs(5)).await;
        let now = asked(port).await;
        if now == before && logged == audited(stage) {
            return;
        }
        for (what, count) in now.iter().filter(|(what, count)| before.get(*what) != Some(count)) {
            println!("not at rest yet: {what} {count}");
        }
        assert!(Instant::now() < late, "it never rests: {before:?} {now:?}");
        before = now;
    }
}

/// Requests of ours about the scenario's namespace in the audit log of the real control plane, watches and the
/// Lease apart.
fn audited(stage: &Stage) -> usize {
    let Ok(log) = std::fs::read_to_string(stage.kubeconfig.with_file_name("audit.jsonl")) else { return 0 };
    let ours = |line: &&str| line.contains("\"userAgent\":\"switchback/") && line.contains(&stage.namespace);
    let counts = |l: &&str| !l.contains("\"verb\":\"watch\"") && !l.contains("\"resource\":\"leases\"");
    let count = log.lines().filter(ours).filter(counts).count();
    assert!(!stage.real || count > 0, "the audit log knows no request of ours");
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_commit_climbs_and_a_bad_one_goes_back_in_git() {
    play("story", async |stage| {
        let shop = stage.shop();
        let (metrics, health) = (free_port(), free_port());
        let mut program = run(
            stage,
            &shop.path.to_string_lossy(),
            &format!("--metrics-port {metrics} --health-port {health}"),
        );
        healthy_at(stage, &shop.head(), "v1").await;
        let health = reqwest::get(format!("http://127.0.0.1:{health}/healthz")).await.unwrap();
        assert_eq!(health.status(), 200);

        let good = shop.version("v1", "v2", "0.01");
        let (steps, sizes) = climb(stage, &good, "v2").await;
        assert!(sizes.contains(&1) && sizes.contains(&3), "it did not climb in steps: {sizes:?} {steps:?}");
        assert!(steps.contains(&2), "no analysis was seen: {steps:?}");

        shop.replace("web/config.yaml", "welcome", "hello from v3");
        let bad = shop.version("v2", "v3", "0.25");
        let message = reverted(&shop.path, &bad).await;
        check_revert(&message, &bad, &stage.namespace);
        // The cluster was made safe before Git was touched.
        assert!(!stage.images("web").await.contains(&"example/web:v3".to_owned()));
        healthy_at(stage, &shop.head(), "v2").await;
        let config = stage.get("ConfigMap", "web-config").await;
        assert_eq!(config["data"]["GREETING"], "welcome");
        let subjects = shop.git(&["log", "--format=%s"]);
        assert_eq!(subjects, "Revert \"web: v3\"\nweb: v3\nweb: v2\nshop: first version");
        assert_eq!(shop.git(&["diff", "--stat", &good, "HEAD"]), "");
        assert_eq!(shop.git(&["status", "--porcelain"]), "", "the work tree follows the branch");

        comes_to_rest(stage, metrics).await;
        let page = format!("http://127.0.0.1:{metrics}/metrics");
        let page = reqwest::get(page).await.unwrap().text().await.unwrap();
        let shown = |words: [&str; 2]| page.lines().any(|line| words.iter().all(|word| line.contains(word)));
        for words in [
            ["rollout_info{", "phase=\"Completed\"} 1"],
            ["analysis_run_info{", "phase=\"Failed\"} 1"],
            ["analysis_run_metric_phase{", "type=\"Prometheus\",dry_run=\"false\",phase=\"Successful\"} 1"],
            ["analysis_template_metric_info{", "type=\"Prometheus\""],
            ["workqueue_depth{", "name=\"Rollouts\"} 0"],
            [
                "controller_clientset_k8s_request_total{kind=\"rollouts/status\"",
                "verb=\"Patch\",status_code=\"200\"}",
            ],
        ] {
            assert!(shown(words), "no {words:?} in {page}");
        }
        assert_eq!(subjects, shop.git(&["log", "--format=%s"]), "one revert, and no more");
        let words = program.words();
        assert!(words.contains("reverted") && words.contains(", pushed"), "{words}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

/// Starts `run` for the scenario's instance.
pub fn run(stage: &Stage, repository: &str, more: &str) -> Program {
    let (instance, prometheus) = (&stage.namespace, &stage.prometheus);
    stage.start(
        "run",
        &format!(
            "run --repo {repository} --instance-id {instance} --prometheus-address {prometheus} --namespace \
         {instance} {more}"
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_over_http_with_a_token() {
    play("http", async |stage| {
        let shop = stage.shop();
        let root = stage.path("served");
        std::fs::create_dir_all(root.join("home")).unwrap();
        std::fs::write(root.join("home/gitconfig"), "").unwrap();
        let bare = root.join("shop.git");
        shop.git(&["clone", "--quiet", "--bare", ".", &bare.to_string_lossy()]);
        git(&bare, &["config", "http.receivepack", "true"]);
        let push = |shop: &Repository| shop.git(&["push", "--quiet", &bare.to_string_lossy(), "main"]);
        let server = Server::start(root, only("Bearer right")).await;
        let url = server.url("shop.git");

        let line = format!("run --repo {url} --once --instance-id {}", stage.namespace);
        let none = stage.run(&line).await.failed(3);
        assert!(none.contains("not authorized") && none.contains("token"), "{none}");
        let wrong = stage.run(&format!("{line} --git-token wrong")).await.failed(3);
        assert!(wrong.contains("not authorized") && !wrong.contains("wrong\""), "{wrong}");
        assert!(stage.get("Rollout", "web").await.is_null(), "nothing may be applied");

        let mut once = run(stage, &url, "--git-token right --once");
        assert_eq!(once.ended().await, 0);
        stage
            .create(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git"},
            "stringData": {"token": "right"}}))
            .await;
        let mut program = run(stage, &url, "--git-secret git --interval 500ms");
        healthy_at(stage, &shop.head(), "v1").await;
        let good = shop.version("v1", "v2", "0.01");
        push(&shop);
        healthy_at(stage, &good, "v2").await;
        let bad = shop.version("v2", "v3", "0.25");
        push(&shop);
        let message = reverted(&bare, &bad).await;
        check_revert(&message, &bad, &stage.namespace);
        healthy_at(stage, &git(&bare, &["rev-parse", "main"]), "v2").await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_is_a_cluster_and_brings_git_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Repository::shop(folder.path().join("shop"), "shop", "one");
    shop.write("namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n");
    shop.commit("shop: a namespace");
    let mut command = super::program::switchback(folder.path());
    command.args(["run", "--sandbox", "--instance-id", "one", "--repo"]).arg(&shop.path);
    let mut program = Program::start(command, folder.path(), "run");
    program.says("shop/web: Rollout completed").await;
    let bad = shop.version("v1", "v2", "0.25");
    reverted(&shop.path, &bad).await;
    program.says("reverted").await;
    assert_eq!(program.terminate().await, 0);
}
