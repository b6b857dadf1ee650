//! Bad input of every kind: a clear error naming file and line, nothing applied by halves, nothing pruned, the last
//! good state kept; and once it is mended, it is applied.

use crate::delivery::rig::{Rig, config, git, rollout};
use std::time::Duration;

/// Commits `bad` beside a change of a good file and answers the problem that is told. Nothing may have changed in
/// the cluster, and mending the file applies both.
pub(super) async fn refused(name: &str, bad: impl AsRef<[u8]>) -> String {
    let mut rig = Rig::new(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    let before = rig.owned();
    rig.write("a.yaml", config("a", "2"));
    rig.remove("b.yaml");
    rig.write(name, bad);
    rig.commit("bad");
    let problem = rig.problem().await;
    assert_eq!(rig.owned(), before, "something was applied or pruned although: {problem}");
    rig.remove(name);
    let mended = rig.deliver("mended").await;
    assert_eq!(mended, (0, 1, 1), "once mended, the change and the removal are applied");
    rig.stop().await;
    problem
}

/// Every one of `words` is in `text`.
pub(super) fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

#[tokio::test]
async fn invalid_yaml_names_file_and_line() {
    let problem = refused("web/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n").await;
    says(&problem, &["web/x.yaml:", "nothing of this commit is applied"]);
    assert!(problem.contains("web/x.yaml:3") || problem.contains("web/x.yaml:4"), "{problem}");
}

#[tokio::test]
async fn a_document_that_is_no_object() {
    let list = "apiVersion: v1\nkind: List\nitems: [just words]\n";
    says(&refused("x.yaml", list).await, &["x.yaml:1", "no object", "apiVersion"]);
    says(&refused("x.yaml", "kind: ConfigMap\nmetadata: {name: x}\n").await, &["x.yaml:1", "no apiVersion"]);
    says(&refused("x.yaml", "apiVersion: v1\nkind: ConfigMap\n").await, &["x.yaml:1", "no metadata.name"]);
}

#[tokio::test]
async fn an_unknown_field_is_refused_before_anything_is_written() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replica: 2\n  selector: \
                      {matchLabels: {a: b}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, \
                      image: i}]}}\n";
    let problem = refused("d.yaml", deployment).await;
    says(&problem, &["d.yaml:5", "Deployment default/d: unknown field spec.replica;"]);
}

#[tokio::test]
async fn a_value_that_is_no_text_is_never_an_empty_one() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  user: ada\n  password: 12345678\n";
    let problem = refused("s.yaml", secret).await;
    says(&problem, &["s.yaml:6", "Secret default/s: stringData.password is a number", "put it in quotes"]);
    assert!(!problem.contains("12345678"), "{problem}");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  debug: yes\n  level:\n";
    let problem = refused("x.yaml", map).await;
    says(&problem, &["x.yaml:5", "data.debug is a truth value", "x.yaml:6", "data.level is nothing"]);
    let list = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: [a]\n";
    says(&refused("x.yaml", list).await, &["x.yaml:4", "data is a list, not a map of texts"]);
}

#[tokio::test]
async fn a_name_that_no_cluster_takes() {
    let map = |name: &str| config(&format!("\"{name}\""), "1");
    for name in ["my config", "what?", "50%", "a/b", "..", "Upper"] {
        let problem = refused("x.yaml", map(name)).await;
        says(&problem, &["x.yaml:4", "metadata.name", name, "lower case letters"]);
    }
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: a/b\n";
    says(&refused("r.yaml", role).await, &["r.yaml:4", "\"a/b\"", "no '/'"]);
    let elsewhere = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: My.Shop\n";
    says(&refused("x.yaml", elsewhere).await, &["x.yaml:5", "metadata.namespace", "\"My.Shop\""]);
}

#[tokio::test]
async fn a_kind_the_cluster_does_not_serve() {
    let problem = refused("k.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n").await;
    says(&problem, &["k.yaml:1", "serves no Widget of example.com/v1", "CustomResourceDefinition"]);
}

#[tokio::test]
async fn an_object_that_is_there_twice() {
    let problem = refused("z/again.yaml", config("a", "9")).await;
    says(&problem, &["z/again.yaml:1", "ConfigMap default/a is there twice", "remove one"]);
}

#[tokio::test]
async fn a_namespace_that_is_not_there() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: nowhere}\n";
    says(&refused("x.yaml", text).await, &["x.yaml:1", "nowhere", "Namespace manifest"]);
}

#[tokio::test]
async fn a_rollout_with_two_strategies_or_none() {
    let both = rollout("    canary: {}\n    blueGreen:\n      activeService: web\n");
    says(&refused("r.yaml", both).await, &["r.yaml:18", "both `canary` and `blueGreen`", "keep one"]);
    let none = rollout("    {}\n");
    says(&refused("r.yaml", none).await, &["r.yaml:16", "has no strategy", "canary: {}"]);
    let step = rollout("    canary:\n      steps:\n      - setWeight: 5\n        pause: {}\n");
    says(&refused("r.yaml", step).await, &["r.yaml:19", "step 1", "one field in each step"]);
}

#[tokio::test]
async fn a_file_of_ten_megabytes() {
    let mut big = config("big", "1").into_bytes();
    big.resize(10 * 1024 * 1024, b'#');
    says(&refused("big.yaml", big).await, &["big.yaml", "10485760 bytes", "split it"]);
}

#[tokio::test]
async fn an_alias_bomb() {
    let mut bomb = String::from("apiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..10 {
        let nine = vec![format!("*a{}", i - 1); 9].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{nine}]\n"));
    }
    says(&refused("bomb.yaml", bomb).await, &["bomb.yaml"]);
}

#[tokio::test]
async fn binary_junk() {
    let junk = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8);
    let junk: Vec<u8> = b"apiVersion: v1\n".iter().copied().chain(junk).collect();
    says(&refused("junk.yaml", junk).await, &["junk.yaml"]);
    says(&refused("latin1.yaml", b"kind: caf\xe9\n").await, &["latin1.yaml:1", "not UTF-8"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_symlink_out_of_the_tree_is_not_followed() {
    let mut rig = Rig::new(&[("a.yaml", &config("a", "1"))]).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    let before = rig.owned();
    std::os::unix::fs::symlink("/etc/passwd", rig.repo.join("link.yaml")).unwrap();
    rig.commit("a link");
    let problem = rig.problem().await;
    says(&problem, &["link.yaml", "symbolic link", "put the manifest itself here"]);
    assert!(!problem.contains("root:"), "the target was read");
    assert_eq!(rig.owned(), before);
    rig.stop().await;
}

#[tokio::test]
async fn carriage_returns_and_a_byte_order_mark_are_no_trouble() {
    let text = format!("\u{feff}{}", config("a", "1").replace('\n', "\r\n"));
    let mut rig = Rig::new(&[("a.yaml", &text)]).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.applied(&first).await, (1, 0, 0));
    assert_eq!(rig.config("a").unwrap()["data"]["value"], "1");
    rig.stop().await;
}

#[tokio::test]
async fn a_path_that_is_not_there_and_an_empty_one() {
    let mut rig = Rig::at("prod", &[("README.md", "nothing here")]).await;
    says(&rig.problem().await, &["nothing is at `prod`"]);
    rig.write("prod/notes.txt", "no manifest");
    rig.commit("an empty folder");
    says(&rig.problem().await, &["prod holds no manifests", "--path"]);
    rig.write("prod/a.yaml", config("a", "1"));
    assert_eq!(rig.deliver("at last").await, (1, 0, 0));
    rig.remove("prod/a.yaml");
    rig.commit("all gone");
    says(&rig.problem().await, &["the 1 objects applied before are kept and nothing is pruned"]);
    git(&rig.repo, &["rm", "-rq", "prod"]);
    rig.commit("moved away");
    says(&rig.problem().await, &["nothing is at `prod`"]);
    assert!(rig.config("a").is_some(), "nothing may be pruned when the path is gone");
    rig.stop().await;
}

#[tokio::test]
async fn a_repository_that_vanishes_and_comes_back() {
    let mut rig = Rig::new(&[("a.yaml", &config("a", "1"))]).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    let away = rig.repo.with_extension("away");
    rig.stop().await;
    std::fs::rename(&rig.repo, &away).unwrap();
    std::fs::create_dir_all(&rig.repo).unwrap();
    git(&rig.repo, &["init", "-q", "-b", "main"]);
    rig.start().await;
    let problem = rig.problem().await;
    says(&problem, &["is empty"]);
    assert!(rig.config("a").is_some());
    std::fs::remove_dir_all(&rig.repo).unwrap();
    std::fs::rename(&away, &rig.repo).unwrap();
    rig.write("a.yaml", config("a", "2"));
    rig.commit("back again");
    tokio::time::timeout(Duration::from_secs(60), async {
        while rig.config("a").unwrap()["data"]["value"] != "2" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("applied once the repository is back");
    rig.stop().await;
}

#[tokio::test]
async fn a_branch_rewritten_by_force_is_followed() {
    let mut rig = Rig::new(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    git(&rig.repo, &["checkout", "-q", "--orphan", "other"]);
    rig.write("a.yaml", config("a", "2"));
    rig.remove("b.yaml");
    git(&rig.repo, &["add", "-A"]);
    git(&rig.repo, &["commit", "-q", "-m", "history anew"]);
    git(&rig.repo, &["branch", "-q", "-M", "other", "main"]);
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.applied(&head).await, (0, 1, 1), "the state is followed, the history need not be");
    rig.stop().await;
}
