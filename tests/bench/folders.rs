//! N folders with a ConfigMap, a ServiceAccount, a Service and a Deployment each in one Git repository: applied
//! until all are live, then one commit that changes one field of every ConfigMap.

use crate::child::{Child, Fault};
use crate::rollouts::{api, client, namespace, remove};
use kube::api::ListParams;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

const NAMESPACE: &str = "switchback-bench-folders";

/// Runs git as nobody in particular.
pub fn git(folder: &Path, words: &[&str]) -> Result<(), Fault> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=bench", "-c", "user.email=bench@example.com"])
        .args(words)
        .output()?;
    if output.status.success() { Ok(()) } else { Err(format!("git {words:?}: {output:?}").into()) }
}

/// A new repository in `folder`.
pub fn repository(folder: &Path) -> Result<PathBuf, Fault> {
    let repository = folder.join("repository");
    std::fs::create_dir_all(&repository)?;
    git(&repository, &["init", "-q", "-b", "main"])?;
    Ok(repository)
}

/// Writes every folder with `version` in its ConfigMap and commits.
fn commit(folder: &Path, count: usize, version: &str) -> Result<(), Fault> {
    for i in 0..count {
        let name = format!("app-{i:04}");
        let inner = folder.join("apps").join(&name);
        std::fs::create_dir_all(&inner)?;
        let head =
            |api: &str, kind: &str| format!("apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n");
        let write = |file: &str, text: String| std::fs::write(inner.join(file), text);
        let config = format!("data:\n  version: \"{version}\"\n  text: \"application {i}\"\n");
        write("config.yaml", head("v1", "ConfigMap") + &config)?;
        write("account.yaml", head("v1", "ServiceAccount"))?;
        let ports = "  ports:\n  - name: http\n    port: 80\n    targetPort: 8080\n";
        write(
            "service.yaml",
            head("v1", "Service") + &format!("spec:\n  selector: {{app: {name}}}\n") + ports,
        )?;
        let pod = format!(
            "spec:\n  replicas: 1\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      \
             labels: {{app: {name}}}\n    spec:\n      serviceAccountName: {name}\n      containers:\n      \
             - name: main\n        image: nginx:1\n        ports:\n        - containerPort: 8080\n        \
             envFrom:\n        - configMapRef: {{name: {name}}}\n"
        );
        write("deployment.yaml", head("apps/v1", "Deployment") + &pod)?;
    }
    git(folder, &["add", "-A"])?;
    git(folder, &["commit", "-q", "-m", &format!("version {version}")])
}

/// Measures both legs and the rest after them.
pub async fn measure(kubeconfig: &Path, folder: &Path, count: usize, rest: u64) -> Result<Value, Fault> {
    let client = client(kubeconfig).await?;
    namespace(&client, NAMESPACE).await?;
    let repository = repository(folder)?;
    commit(&repository, count, "1")?;
    let cache = folder.join("cache").display().to_string();
    let path = repository.display().to_string();
    let words = ["run", "--repo", &path, "--namespace", NAMESPACE, "--cache", &cache];
    let start = Instant::now();
    let child = Child::start(&words, Some(kubeconfig))?;
    let before = crate::child::Used::default();
    let live = async |version: &str| -> Result<(), Fault> {
        let configs = api(&client, ("", "v1", "ConfigMap"), NAMESPACE);
        let read = ListParams::default().match_any();
        loop {
            let all = configs.list(&read).await?;
            let done = all.items.iter().filter(|o| o.data.pointer("/data/version") == Some(&json!(version)));
            if done.count() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for kind in [("", "v1", "ServiceAccount"), ("", "v1", "Service"), ("apps", "v1", "Deployment")] {
            while api(&client, kind, NAMESPACE).list(&read).await?.items.len() < count {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    };
    live("1").await?;
    let wall = start.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let create = child.leg(&before, wall).await?;

    commit(&repository, count, "2")?; // the commit is what the program hears of
    let before = child.used().await?;
    let start = Instant::now();
    live("2").await?;
    let wall = start.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let change = child.leg(&before, wall).await?;
    let quiet = child.rest(rest).await?;
    remove(&client, NAMESPACE).await?;
    Ok(json!({"folders": count, "create": create, "change": change, "rest": quiet}))
}
