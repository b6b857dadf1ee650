//! The program as a plugin of kubectl: found under its name, with its own usage, its words completed by kubectl, and a
//! manifest by which krew installs it. It never asks for more than any plugin gets.

use super::manifests::{CANARY, objects, rollout};
use super::program::{Said, said};
use super::stage::{Stage, play};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

const MANIFEST: &str = include_str!("../../examples/kubectl/switchback.yaml");

/// Runs kubectl where our program is on the path under the names of a plugin; none where there is no kubectl.
async fn kubectl(stage: &Stage, line: &[&str]) -> Option<Said> {
    let client = stage.client("kubectl")?;
    let folder = stage.path("plugins");
    if !folder.exists() {
        std::fs::create_dir(&folder).unwrap();
        for name in ["kubectl-switchback", "kubectl_complete-switchback"] {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_switchback"), folder.join(name)).unwrap();
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder).chain(std::env::split_paths(&path));
    let mut command = Command::new(client.get_program());
    command.env("PATH", std::env::join_paths(all).unwrap()).env("KUBECONFIG", &stage.kubeconfig);
    command.env("HOME", stage.path("home")).env("NO_COLOR", "1").args(line);
    Some(said(command).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_finds_the_plugin_and_completes_its_words() {
    play("kubectl-plugin", async |stage| {
        let Some(listed) = kubectl(stage, &["plugin", "list", "--name-only"]).await else { return };
        assert!(listed.out.lines().any(|l| l == "kubectl-switchback"), "{listed:?}");
        let help = kubectl(stage, &["switchback", "status", "--help"]).await.unwrap().ok();
        assert!(help.contains("Usage: kubectl switchback status"), "{help}");
        assert!(help.contains("  kubectl switchback status web --timeout 10m"), "{help}");

        stage.create(objects(&rollout("shape", "", CANARY))[0].clone()).await;
        let line = ["switchback", "list", "rollouts", "-o", "name", "-n", &stage.namespace];
        assert_eq!(kubectl(stage, &line).await.unwrap().ok(), "rollout.argoproj.io/shape\n");
        let wrong = kubectl(stage, &["switchback", "stauts", "web"]).await.unwrap();
        assert!(wrong.failed(2).contains("'status'"));

        let words = kubectl(stage, &["__complete", "switchback", "term"]).await.unwrap().ok();
        assert!(words.lines().any(|l| l.starts_with("terminate\t")), "{words}");
        assert!(words.lines().any(|l| l == ":4"), "no files are offered: {words}");
        let words = kubectl(stage, &["__complete", "switchback", "list", ""]).await.unwrap().ok();
        let kinds = ["rollouts", "deliveries", "analysisruns"];
        assert!(kinds.iter().all(|k| words.lines().any(|l| l.split('\t').next() == Some(k))), "{words}");
    })
    .await;
}

/// What krew demands of a manifest (source: sigs.k8s.io/krew internal/index/validation, `ValidatePlugin`).
#[test]
fn the_manifest_for_krew_is_one_that_krew_takes() {
    let plugin: Value = serde_yaml::from_str(MANIFEST).unwrap();
    assert_eq!(plugin["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&plugin["kind"], &plugin["metadata"]["name"]), (&"Plugin".into(), &"switchback".into()));
    let spec = &plugin["spec"];
    assert_eq!(spec["version"].as_str(), Some(concat!("v", env!("CARGO_PKG_VERSION"))));
    let text = |field: &str| spec[field].as_str().unwrap_or_default();
    assert!(!text("shortDescription").contains(['\n', '\r']) && text("shortDescription").len() <= 50);
    assert!(!text("shortDescription").is_empty() && !text("description").is_empty());
    assert!(text("homepage").starts_with("https://"));
    let mut selected = BTreeSet::new();
    for platform in spec["platforms"].as_array().unwrap() {
        let labels = &platform["selector"]["matchLabels"];
        let (os, arch) = (labels["os"].as_str().unwrap(), labels["arch"].as_str().unwrap());
        assert!(selected.insert(format!("{os}-{arch}")), "{os}/{arch} is there twice");
        let uri = platform["uri"].as_str().unwrap();
        assert!(uri.starts_with("https://") && uri.ends_with(&format!("{os}-{arch}.tar.gz")), "{uri}");
        assert!(uri.contains(&format!("/{}/", text("version"))), "{uri}");
        let digest = platform["sha256"].as_str().unwrap();
        assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{digest}");
        assert_eq!(platform["bin"], "switchback");
        let files = platform["files"].as_array().unwrap();
        assert!(files.iter().any(|f| f["from"] == "switchback" && f["to"] == "."), "{files:?}");
    }
    let wanted = ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"];
    assert_eq!(selected, wanted.map(str::to_owned).into());
}
