//! What is read as a manifest: other files are passed over and told once, an ignore file is honoured, and a folder that
//! cannot be read is refused by its name, so that nothing is pruned for it.

use crate::delivery::bad::{refused, says};
use crate::delivery::rig::{Rig, config, git};
use switchback::api::notice::Notice;

#[tokio::test]
async fn what_is_no_manifest_is_passed_over_and_told_once() {
    let files = [
        ("a.yaml", config("a", "1")),
        ("values.yaml", "image: {tag: \"1\"}\n".to_owned()),
        ("board.json", "{\"title\": \"Latency\"}".to_owned()),
        ("chart.yaml", "{{- if .on }}\nname: x\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut rig = Rig::new(&files).await;
    let told = rig
        .hear(|t| match t {
            Notice::Skipped { text, .. } => Some(text.clone()),
            Notice::Problem { text, .. } => panic!("{text}"),
            _ => None,
        })
        .await;
    assert_eq!(told, "no manifests, passed over: board.json, chart.yaml, values.yaml");
    rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await;
    rig.write("a.yaml", config("a", "2"));
    let head = rig.commit("again");
    let counts = rig
        .hear(|t| match t {
            Notice::Synced { commit, counts } if *commit == head => Some(*counts),
            Notice::Skipped { text, .. } | Notice::Problem { text, .. } => panic!("told again: {text}"),
            _ => None,
        })
        .await;
    assert_eq!(counts, (0, 1, 0));
    rig.stop().await;
}

#[tokio::test]
async fn an_ignore_file_leaves_manifests_out_too() {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ x }}\n";
    let mut rig = Rig::new(&[
        ("a.yaml", &config("a", "1")),
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\n"),
        ("shop/templates/x.yaml", broken),
        ("tools/kind.yaml", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"),
        (".switchbackignore", "# rendered elsewhere\nshop/\n"),
        ("tools/.switchbackignore", "kind.yaml\n"),
    ])
    .await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.applied(&first).await, (1, 0, 0));
    rig.stop().await;
}

#[tokio::test]
async fn a_chart_and_a_kustomization_are_told_once_for_their_folders() {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ x }}\n";
    let mut rig = Rig::new(&[
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\n"),
        ("shop/values.yaml", "kind: DaemonSet\n"),
        ("shop/templates/x.yaml", broken),
        ("over/kustomization.yaml", "resources: [../base]\n"),
        ("over/patch.yaml", "kind: Deployment\n"),
    ])
    .await;
    let problem = rig.problem().await;
    says(&problem, &["shop/Chart.yaml: this folder is a chart", "over/kustomization.yaml: ", "kustomize"]);
    assert_eq!(problem.lines().count(), 2, "{problem}");
    rig.stop().await;
}

/// Whether nothing is pruned and the folder is named when `apps/billing` becomes something else.
async fn becomes(word: &str, other: impl Fn(&Rig)) {
    let mut rig =
        Rig::new(&[("apps/billing/a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await;
    git(&rig.repo, &["rm", "-rq", "apps/billing"]);
    other(&rig);
    rig.commit("another folder");
    says(&rig.problem().await, &["apps/billing: ", word, ".switchbackignore"]);
    assert!(rig.config("a").is_some(), "pruned for a folder that is a {word}");
    rig.stop().await;
}

/// Puts another team's repository in at `path`.
pub fn add_submodule(rig: &Rig, path: &str) {
    let team = rig.repo.with_extension("team");
    std::fs::create_dir_all(&team).unwrap();
    git(&team, &["init", "-q", "-b", "main"]);
    git(&team, &["commit", "-q", "--allow-empty", "-m", "team"]);
    let team = team.to_string_lossy().into_owned();
    git(&rig.repo, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &team, path]);
}

#[tokio::test]
async fn a_folder_that_becomes_a_submodule_or_a_link_is_refused_by_name() {
    becomes("submodule", |rig| add_submodule(rig, "apps/billing")).await;
    becomes("link", |rig| {
        rig.write("shared/c.txt", "elsewhere");
        std::fs::create_dir_all(rig.repo.join("apps")).unwrap();
        std::os::unix::fs::symlink("../shared", rig.repo.join("apps/billing")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_version_that_is_served_no_more_names_the_one_that_is() {
    let text = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n";
    says(
        &refused("pdb.yaml", text).await,
        &["pdb.yaml:1", "no PodDisruptionBudget of policy/v1beta1", "policy/v1,"],
    );
}

#[tokio::test]
async fn a_key_that_stands_twice_says_where_the_first_one_is() {
    let text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {a: \"1\"}\n  name: x\n  labels: {b: \"2\"}\n";
    let problem = refused("x.yaml", text).await;
    says(&problem, &["x.yaml:6", "`labels` stands twice, the first one is at line 4"]);
    assert!(!problem.contains("Policy"), "{problem}");
}
