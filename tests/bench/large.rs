//! One repository of N manifests: applied, then commits that change one of them, then fields that somebody else changes
//! in the cluster and that have to be brought back.

use crate::child::{Child, Fault, Used};
use crate::folders::{git, repository};
use crate::rollouts::{api, client, namespace, remove};
use kube::Client;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

const NAMESPACE: &str = "switchback-bench-large";
/// Commits that change one file.
const COMMITS: usize = 5;
/// Changes by somebody else, one after another and then all at once.
const CHANGES: usize = 50;

/// Writes manifest `i` with `version`: a ConfigMap, or one of three kinds beside.
fn write(folder: &Path, i: usize, version: &str) -> Result<(), Fault> {
    let (name, inner) = (format!("o-{i:05}"), folder.join("apps").join((i / 40).to_string()));
    let head = |api: &str, kind: &str| {
        format!("apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  labels: {{app: {name}}}\n")
    };
    let text = match i % 4 {
        0 => {
            head("v1", "ConfigMap")
                + &format!("data:\n  version: \"{version}\"\n  text: \"application {i}\"\n")
        }
        1 => head("v1", "ServiceAccount"),
        2 => {
            head("v1", "Service")
                + &format!("spec:\n  selector: {{app: {name}}}\n  ports: [{{name: http, port: 80}}]\n")
        }
        _ => {
            head("apps/v1", "Deployment")
                + &format!(
                    "spec:\n  replicas: 0\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      \
                     labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: main\n        image: nginx:1\n"
                )
        }
    };
    std::fs::create_dir_all(&inner)?;
    Ok(std::fs::write(inner.join(format!("{name}.yaml")), text)?)
}

/// The version that ConfigMap `i` has in the cluster.
async fn version(client: &Client, i: usize) -> Result<Value, Fault> {
    let object = api(client, ("", "v1", "ConfigMap"), NAMESPACE).get(&format!("o-{i:05}")).await?;
    Ok(object.data.pointer("/data/version").cloned().unwrap_or_default())
}

/// Somebody else changes ConfigMap `i`.
async fn edit(client: &Client, i: usize) -> Result<(), Fault> {
    let patch = Patch::Merge(json!({"data": {"version": "by hand"}}));
    let params = PatchParams { field_manager: Some("somebody".to_owned()), ..PatchParams::default() };
    api(client, ("", "v1", "ConfigMap"), NAMESPACE).patch(&format!("o-{i:05}"), &params, &patch).await?;
    Ok(())
}

async fn healed(client: &Client, i: usize, wanted: &str) -> Result<(), Fault> {
    while version(client, i).await? != wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

fn milliseconds(mut all: Vec<Duration>) -> Value {
    all.sort();
    let at = |n: usize| all.get(n).map(|d| (d.as_secs_f64() * 1e4).round() / 10.0);
    json!({"least": at(0), "median": at(all.len() / 2), "most": at(all.len().saturating_sub(1))})
}

/// Measures everything, and the rest after it.
pub async fn measure(kubeconfig: &Path, folder: &Path, count: usize, rest: u64) -> Result<Value, Fault> {
    let client = client(kubeconfig).await?;
    namespace(&client, NAMESPACE).await?;
    let repository = repository(folder)?;
    for i in 0..count {
        write(&repository, i, "1")?;
    }
    git(&repository, &["add", "-A"])?;
    git(&repository, &["commit", "-q", "-m", "first"])?;
    let (cache, path) = (folder.join("cache").display().to_string(), repository.display().to_string());
    let words = ["run", "--repo", &path, "--namespace", NAMESPACE, "--cache", &cache];
    let start = Instant::now();
    let child = Child::start(&words, Some(kubeconfig))?;
    let read = ListParams::default().match_any();
    let last = ("apps", "v1", "Deployment"); // kinds that others stand on come first
    while api(&client, last, NAMESPACE).list(&read).await?.items.len() < count / 4 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let wall = start.elapsed();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let create = child.leg(&Used::default(), wall).await?;

    let mut plans = Vec::new();
    let before = child.used().await?;
    let start = Instant::now();
    for commit in 0..COMMITS {
        let (now, i) = (format!("commit {commit}"), 4 * (commit + 1));
        let planned = child.planning().await?;
        write(&repository, i, &now)?;
        git(&repository, &["commit", "-q", "-a", "-m", &now])?;
        healed(&client, i, &now).await?;
        plans.push(child.planning().await?.saturating_sub(planned));
        tokio::time::sleep(Duration::from_secs(1)).await; // what is written down after it
    }
    let mut change = child.leg(&before, start.elapsed()).await?;
    if let Some(map) = change.as_object_mut() {
        map.insert("commits".to_owned(), json!(COMMITS));
        map.insert("fetch_to_plan_ms".to_owned(), milliseconds(plans));
    }
    let drift = drift(&client, &child).await?;
    let quiet = child.rest(rest).await?;
    remove(&client, NAMESPACE).await?;
    Ok(json!({"manifests": count, "create": create, "one_file": change, "drift": drift, "rest": quiet}))
}

/// Measures how soon what somebody else changes is brought back.
async fn drift(client: &Client, child: &Child) -> Result<Value, Fault> {
    let of = |n: usize| 4 * (n + COMMITS + 1);
    let before = child.used().await?;
    let start = Instant::now();
    let mut one_by_one = Vec::new();
    for n in 0..CHANGES {
        let since = Instant::now();
        edit(client, of(n)).await?;
        healed(client, of(n), "1").await?;
        one_by_one.push(since.elapsed());
    }
    let since = Instant::now();
    for n in 0..CHANGES {
        edit(client, of(n)).await?;
    }
    for n in 0..CHANGES {
        healed(client, of(n), "1").await?;
    }
    let all = since.elapsed();
    let mut leg = child.leg(&before, start.elapsed()).await?;
    if let Some(map) = leg.as_object_mut() {
        map.insert("changes".to_owned(), json!(2 * CHANGES));
        map.insert("healed_ms".to_owned(), milliseconds(one_by_one));
        map.insert("all_at_once_ms".to_owned(), milliseconds(vec![all]));
    }
    Ok(leg)
}
