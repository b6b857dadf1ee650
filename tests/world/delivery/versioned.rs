//! Configuration that travels with the revision: a change of a ConfigMap or a Secret alone climbs, fails and goes back
//! with its pods, while stable pods keep what they have.

use crate::delivery::rig::{Rig, config, git};
use serde_json::Value;
use std::collections::BTreeSet;
use switchback::api::config_policy::ConfigPolicy;
use switchback::api::notice::Notice;

const ON: &str = "switchback.dev/config: versioned";

/// A Rollout that pauses after its first step and takes its values from the ConfigMap `cfg`.
fn web(image: &str, marks: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, annotations: {{{marks}}}}}\nspec:\n  \
         replicas: 2\n  revisionHistoryLimit: 2\n  selector: {{matchLabels: {{app: web}}}}\n  strategy: {{canary: {{steps: \
         [{{setWeight: 50}}, {{pause: {{}}}}]}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
         containers:\n      - name: c\n        image: example/web:{image}\n        envFrom: [{{configMapRef: {{name: cfg}}}}]\n"
    )
}

/// The ConfigMaps whose names begin with `prefix`: name and value.
fn configs(rig: &Rig, prefix: &str) -> Vec<(String, String)> {
    let all = rig.sandbox.snapshot("v1", "ConfigMap", "default");
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let found = all.iter().map(|c| (text(&c["metadata"]["name"]), text(&c["data"]["value"])));
    found.filter(|(name, _)| name.starts_with(prefix)).collect()
}

/// The values of the versions of `cfg` that are there.
fn values(rig: &Rig) -> BTreeSet<String> {
    configs(rig, "cfg-").into_iter().map(|(_, value)| value).collect()
}

/// The ConfigMap that the pods of a ReplicaSet take their values from.
fn named_by(set: &Value) -> String {
    let path = "/spec/template/spec/containers/0/envFrom/0/configMapRef/name";
    set.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn pods_of(set: &Value) -> i64 {
    set["status"]["replicas"].as_i64().unwrap_or(0)
}

/// The values that running pods have, each with the number of pods.
fn running(rig: &Rig) -> Vec<(String, i64)> {
    let configs = configs(rig, "cfg");
    let value = |name: &str| configs.iter().find(|(n, _)| n == name).map_or("gone", |(_, v)| v).to_owned();
    let sets = rig.owned_sets();
    let mut all: Vec<(String, i64)> =
        sets.iter().filter(|s| pods_of(s) > 0).map(|s| (value(&named_by(s)), pods_of(s))).collect();
    all.sort();
    all
}

fn pairs(all: &[(&str, i64)]) -> Vec<(String, i64)> {
    all.iter().map(|(value, n)| ((*value).to_owned(), *n)).collect()
}

/// A shop with `cfg` at `good`, healthy, with versioned configuration.
async fn healthy() -> Rig {
    let mut rig = Rig::new(&[("web.yaml", &web("v1", ON)), ("cfg.yaml", &config("cfg", "good"))]).await;
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&head).await;
    rig.phase("web", "Healthy").await;
    rig
}

impl Rig {
    /// Commits another value of `cfg` and nothing else, and waits until it has climbed its first step.
    async fn configure(&mut self, value: &str) {
        self.write("cfg.yaml", config("cfg", value));
        self.deliver(&format!("cfg: {value}")).await;
        self.phase("web", "Paused").await;
    }

    async fn promote_full(&mut self) {
        self.act("web", "promoteFull");
        self.phase("web", "Healthy").await;
    }

    /// Waits for the next revert commit, and until it is applied: what it says.
    async fn gone_back(&mut self) -> String {
        let commit = self.went_back().await;
        self.applied(&commit).await;
        git(&self.repo, &["reset", "-q", "--hard", "main"]);
        git(&self.repo, &["log", "-1", "--format=%B", &commit])
    }
}

#[tokio::test]
async fn a_change_of_configuration_alone_climbs_and_goes_back_with_its_pods() {
    let mut rig = healthy().await;
    assert!(rig.config("cfg").is_none(), "nobody uses it by this name");
    let stable = configs(&rig, "cfg-").remove(0).0;
    let uid = |rig: &Rig| rig.config(&stable).map(|o| o["metadata"]["uid"].clone());
    let before = uid(&rig);
    rig.configure("bad").await;
    assert_eq!(running(&rig), pairs(&[("bad", 1), ("good", 1)]), "stable pods keep what they have");
    rig.act("web", "abort");
    let message = rig.gone_back().await;
    assert!(message.starts_with("Revert \"cfg: bad\"\n"), "{message}");
    assert!(message.contains("This reverts commit"), "the whole of it: {message}");
    rig.phase("web", "Healthy").await;
    assert_eq!(running(&rig), pairs(&[("good", 2)]));
    assert_eq!(uid(&rig), before, "it was there all the time");
    assert_eq!(std::fs::read_to_string(rig.repo.join("cfg.yaml")).unwrap(), config("cfg", "good"));
    rig.stop().await;
}

#[tokio::test]
async fn a_configuration_that_failed_is_not_obeyed_twice_and_a_fix_is() {
    let mut rig = healthy().await;
    rig.configure("bad").await;
    rig.act("web", "abort");
    rig.gone_back().await;
    rig.phase("web", "Healthy").await;
    rig.write("cfg.yaml", config("cfg", "bad"));
    rig.commit("automation writes it again");
    let message = rig.gone_back().await;
    assert!(message.starts_with("Revert \"automation writes it again\"\n"), "{message}");
    rig.write("cfg.yaml", config("cfg", "bad"));
    rig.commit("and again");
    let told = rig.problem().await;
    assert!(told.contains("git revert"), "{told}");
    assert_eq!(running(&rig), pairs(&[("good", 2)]), "it never ran again");
    rig.configure("better").await;
    rig.promote_full().await;
    rig.until("the fix runs", |rig| running(rig) == pairs(&[("better", 2)])).await;
    rig.stop().await;
}

#[tokio::test]
async fn old_versions_go_with_the_revisions_that_name_them() {
    let mut rig = healthy().await;
    for value in ["b", "c", "d", "e"] {
        rig.configure(value).await;
        rig.promote_full().await;
    }
    let named = |rig: &Rig| rig.owned_sets().iter().map(named_by).collect::<BTreeSet<String>>();
    let there =
        |rig: &Rig| configs(rig, "cfg-").into_iter().map(|(name, _)| name).collect::<BTreeSet<String>>();
    // two old revisions are kept, and nobody asks now and then
    rig.until("no older version is left", |rig| there(rig) == named(rig) && there(rig).len() == 3).await;
    assert!(values(&rig).contains("e"));
    rig.stop().await;
}

/// The name and the value of the version of `cfg` with `value`.
fn version_of(rig: &Rig, value: &str) -> (String, String) {
    configs(rig, "cfg-").into_iter().find(|(_, v)| v == value).unwrap()
}

#[tokio::test]
async fn a_version_that_a_kept_revision_names_is_made_again_whenever_it_was_lost() {
    let mut rig = healthy().await;
    rig.configure("better").await;
    rig.promote_full().await;
    let old = version_of(&rig, "good");
    let path = format!("/api/v1/namespaces/default/configmaps/{}", old.0);
    let is_back = |rig: &Rig| configs(rig, "cfg-").contains(&old);
    rig.delete(&path).await;
    rig.until("it is made again while we run", is_back).await;
    rig.stop().await;
    rig.delete(&path).await;
    rig.start().await;
    rig.until("it is made again after a restart", is_back).await;
    rig.write("web.yaml", web("v2", ON).replace("envFrom: [{configMapRef: {name: cfg}}]", "env: []"));
    std::fs::remove_file(rig.repo.join("cfg.yaml")).unwrap();
    rig.deliver("no configuration any more").await;
    rig.delete(&path).await;
    rig.until("it is made again where Git has no ConfigMap", is_back).await;
    rig.stop().await;
}

/// Goes back by hand to the template of revision `to`, as `switchback undo` does.
fn undo(rig: &Rig, from: u32, to: u32) {
    let number = to.to_string();
    let revision = |set: &Value| {
        let said = set.pointer("/metadata/annotations/rollout.argoproj.io~1revision");
        said.and_then(Value::as_str) == Some(number.as_str())
    };
    let set = rig.owned_sets().into_iter().find(revision).unwrap();
    let came_from = set["metadata"]["annotations"]["switchback.dev/commit"].clone();
    let mut template = set["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut().unwrap().remove("rollouts-pod-template-hash");
    for _ in 0..20 {
        let mut live = rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap();
        live["metadata"]["annotations"]["switchback.dev/undo"] = format!("{from}->{to}").into();
        live["metadata"]["annotations"]["switchback.dev/commit"] = came_from.clone();
        live["spec"]["template"] = template.clone();
        if rig.sandbox.update("someone", live).is_ok() {
            return;
        }
    }
    panic!("web changes all the time");
}

#[tokio::test]
async fn an_undo_takes_configuration_back_as_far_as_the_revision_is_old() {
    for (to, is_config_back) in [(2, false), (1, true)] {
        let mut rig = healthy().await;
        rig.configure("b").await;
        rig.promote_full().await;
        rig.write("web.yaml", web("v2", ON));
        rig.deliver("web: v2").await;
        rig.phase("web", "Paused").await;
        rig.promote_full().await;
        undo(&rig, 3, to);
        let message = rig.gone_back().await;
        assert!(message.contains("web: v2"), "{message}");
        assert_eq!(message.contains("cfg: b"), is_config_back, "to {to}: {message}");
        let value = if is_config_back { "good" } else { "b" };
        assert_eq!(std::fs::read_to_string(rig.repo.join("cfg.yaml")).unwrap(), config("cfg", value));
        rig.stop().await;
    }
}

#[tokio::test]
async fn what_others_use_keeps_its_own_name_too() {
    let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\nspec:\n  selector: {matchLabels: {app: other}}\n  \
                 template:\n    metadata: {labels: {app: other}}\n    spec: {containers: [{name: c, image: 'example/o:1', envFrom: \
                 [{configMapRef: {name: cfg}}]}]}\n";
    let files = [("web.yaml", &*web("v1", ON)), ("cfg.yaml", &config("cfg", "good")), ("other.yaml", other)];
    let mut rig = Rig::new(&files).await;
    rig.phase("web", "Healthy").await;
    rig.configure("bad").await;
    assert_eq!(rig.config("cfg").unwrap()["data"]["value"], "bad", "as ever for those who ask for no more");
    assert_eq!(running(&rig), pairs(&[("bad", 1), ("good", 1)]));
    rig.act("web", "abort");
    rig.gone_back().await;
    assert_eq!(rig.config("cfg").unwrap()["data"]["value"], "good");
    rig.stop().await;
}

#[tokio::test]
async fn the_template_of_a_workload_follows_as_well() {
    let app = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: \
               app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec: {containers: [{name: c, image: 'example/web:v1', \
               envFrom: [{configMapRef: {name: cfg}}]}]}\n";
    let rollout = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, annotations: {{{ON}}}}}\nspec:\n  replicas: 2\n  \
         workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: app}}\n  strategy: {{canary: {{steps: [{{setWeight: 50}}, \
         {{pause: {{}}}}]}}}}\n"
    );
    let files = [("web.yaml", &*rollout), ("cfg.yaml", &config("cfg", "good")), ("app.yaml", app)];
    let mut rig = Rig::new(&files).await;
    rig.phase("web", "Healthy").await;
    rig.configure("bad").await;
    assert_eq!(running(&rig), pairs(&[("bad", 1), ("good", 1)]));
    rig.act("web", "abort");
    let message = rig.gone_back().await;
    assert!(message.starts_with("Revert \"cfg: bad\"\n"), "{message}");
    rig.phase("web", "Healthy").await;
    assert_eq!(running(&rig), pairs(&[("good", 2)]));
    rig.stop().await;
}

#[tokio::test]
async fn a_delivery_may_say_so_for_all_its_rollouts_and_a_rollout_otherwise() {
    let files = [("web.yaml", &*web("v1", "")), ("cfg.yaml", &config("cfg", "good"))];
    let mut rig = Rig::new(&files).await;
    rig.phase("web", "Healthy").await;
    assert!(rig.config("cfg").is_some() && values(&rig).is_empty());
    rig.stop().await;
    rig.config = ConfigPolicy::Versioned;
    rig.start().await;
    rig.phase("web", "Paused").await; // that is a revision, too
    assert!(rig.config("cfg").is_some(), "stable pods need it");
    rig.promote_full().await;
    rig.write("other.yaml", config("other", "1"));
    rig.deliver("something else").await;
    assert!(rig.config("cfg").is_some(), "a revision that is kept names it");
    rig.write("web.yaml", web("v1", "switchback.dev/config: plain"));
    rig.deliver("not this one").await;
    rig.phase("web", "Paused").await;
    let live = rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap();
    assert_eq!(named_by(&live), "cfg");
    rig.stop().await;
}

#[tokio::test]
async fn a_slip_in_the_annotation_has_its_place() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("v1", "switchback.dev/config: versionned"));
    rig.commit("a slip");
    let told = rig.problem().await;
    assert!(
        told.contains("web.yaml:3: ") && told.contains("is \"versionned\"; write versioned or plain"),
        "{told}"
    );
    rig.stop().await;
}

#[tokio::test]
async fn a_secret_travels_as_well_and_nothing_is_written_twice() {
    let secret = |value: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: token}}\nstringData: {{token: {value}}}\n")
    };
    let volume =
        "volumes: [{name: v, projected: {sources: [{secret: {name: token}}, {configMap: {name: cfg}}]}}]";
    let with_volume = format!("{}      {volume}\n", web("v1", ON));
    let cfg = config("cfg", "good");
    let files = [("web.yaml", &*with_volume), ("cfg.yaml", &*cfg), ("token.yaml", &secret("one"))];
    let mut rig = Rig::new(&files).await;
    rig.phase("web", "Healthy").await;
    rig.write("token.yaml", secret("two"));
    rig.deliver("rotate").await;
    rig.phase("web", "Paused").await;
    let secrets = rig.sandbox.snapshot("v1", "Secret", "default");
    let token = |set: &Value| {
        let name =
            &set["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"][0]["secret"]["name"];
        let secret = secrets.iter().find(|s| s["metadata"]["name"] == *name).unwrap();
        secret["data"]["token"].as_str().unwrap().to_owned()
    };
    let tokens: BTreeSet<String> = rig.owned_sets().iter().map(token).collect();
    assert_eq!(tokens, BTreeSet::from(["b25l".to_owned(), "dHdv".to_owned()]), "each revision has its own");
    let before = rig.owned();
    rig.stop().await;
    rig.start().await;
    rig.write("README.md", "nothing that is applied");
    assert_eq!(rig.deliver("words").await, (0, 0, 0));
    assert_eq!(rig.owned(), before);
    rig.stop().await;
}

#[tokio::test]
async fn a_slip_in_the_file_of_the_configuration_keeps_no_revert_back() {
    let mut rig = healthy().await;
    rig.configure("bad").await;
    rig.write(
        "cfg.yaml",
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: [}}\n---\n{}", config("cfg", "bad")),
    );
    rig.commit("a slip");
    rig.problem().await;
    rig.act("web", "abort");
    let revert = rig
        .hear(|t| match t {
            Notice::Reverted { commit, .. } => Some(commit.clone()),
            _ => None,
        })
        .await;
    let message = git(&rig.repo, &["log", "-1", "--format=%B", &revert]);
    assert!(message.starts_with("Revert \"cfg: bad\"\n"), "{message}");
    rig.stop().await;
}
