//! Histories of repositories as people make them, in which a revision fails: the right commit goes back, nothing else
//! stops, nothing is lost.

use crate::delivery::rig::{Rig, config, git};
use serde_json::{Value, json};
use std::time::Duration;

/// A Rollout of its own file, which waits for a person after its first step.
pub(super) fn web(name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: {name}\nspec:\n  selector:\n    matchLabels: \
         {{app: {name}}}\n  replicas: 2\n{more}  strategy:\n    canary:\n      steps:\n      - setWeight: 50\n      - pause: \
         {{}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: c\n        \
         image: example/web:{image}\n"
    )
}

impl Rig {
    pub fn rollout(&self, name: &str) -> Value {
        self.get("argoproj.io/v1alpha1", "Rollout", "default", name).unwrap_or_default()
    }

    pub async fn until(&self, what: &str, test: impl Fn(&Self) -> bool) {
        for _ in 0..600 {
            if test(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never: {what}; web is {:#}", self.rollout("web")["status"]);
    }

    pub async fn phase(&self, name: &str, phase: &str) {
        let image = self.git_image(name);
        self.until(&format!("{name} {phase}"), |rig| {
            let rollout = rig.rollout(name);
            let at_head = image.is_none() || rig.live_image(name) == image;
            at_head && rollout["status"]["phase"] == phase && is_observed(&rollout)
        })
        .await;
    }

    fn git_image(&self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.repo.join(format!("{name}.yaml"))).ok()?;
        let line = text.lines().find_map(|l| l.trim().strip_prefix("image: "))?;
        Some(line.to_owned())
    }

    pub fn live_image(&self, name: &str) -> Option<String> {
        let rollout = self.rollout(name);
        let own = rollout.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str);
        own.map(str::to_owned)
    }

    /// What `switchback promote --full` and `abort` write.
    pub fn act(&self, name: &str, field: &str) {
        for _ in 0..20 {
            let mut rollout = self.rollout(name);
            rollout["status"][field] = json!(true);
            if self.sandbox.update_status("someone", rollout).is_ok() {
                return;
            }
        }
        panic!("{name} changes all the time");
    }

    /// Delivers `image` for `name` and promotes it.
    pub async fn promote(&mut self, name: &str, text: String) -> String {
        self.write(&format!("{name}.yaml"), text);
        let commit = self.commit(&format!("{name} goes on"));
        self.applied(&commit).await;
        self.phase(name, "Paused").await;
        self.act(name, "promoteFull");
        self.phase(name, "Healthy").await;
        commit
    }

    /// Delivers a new state of `web`, and once it waits for a person, that person aborts it.
    pub async fn fail(&mut self, text: String, message: &str) {
        self.write("web.yaml", text);
        self.deliver(message).await;
        self.phase("web", "Paused").await;
        self.act("web", "abort");
    }

    /// Waits for the next revert commit: what it says, and the files it changed.
    pub async fn reverted(&mut self) -> (String, Vec<String>) {
        let commit = self.went_back().await;
        let message = git(&self.repo, &["log", "-1", "--format=%B", &commit]);
        let files = git(&self.repo, &["show", "--format=", "--name-only", &commit]);
        git(&self.repo, &["reset", "-q", "--hard", "main"]);
        (message, files.lines().map(str::to_owned).collect())
    }

    pub fn text(&self, file: &str) -> String {
        git(&self.repo, &["show", &format!("main:{file}")])
    }
}

fn is_observed(rollout: &Value) -> bool {
    let observed = rollout["status"]["observedGeneration"].as_str().and_then(|g| g.parse::<i64>().ok());
    observed == rollout["metadata"]["generation"].as_i64()
}

/// A Rollout at v1, healthy.
pub(super) async fn healthy() -> Rig {
    let rig = Rig::new(&[("web.yaml", &web("web", "v1", "")), ("cfg.yaml", &config("cfg", "1"))]).await;
    rig.phase("web", "Healthy").await;
    rig
}

#[tokio::test]
async fn a_commit_applied_in_part_is_undone_whether_we_were_killed_or_not() {
    for is_killed in [false, true] {
        let mut rig = healthy().await;
        let mut taken: Value = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"value": "theirs"}});
        taken["metadata"] = json!({"name": "taken", "namespace": "default",
            "annotations": {"switchback.dev/source": "somebody-else"}});
        rig.sandbox.create("someone", taken).unwrap();
        rig.write("cfg.yaml", config("cfg", "1") + "  extra: \"2\"\n");
        rig.write("taken.yaml", config("taken", "ours"));
        rig.commit("half of it cannot be applied");
        assert!(rig.problem().await.contains("belongs to another delivery"));
        assert_eq!(rig.config("cfg").unwrap()["data"]["extra"], "2", "this half was");
        if is_killed {
            rig.stop().await;
        }
        git(&rig.repo, &["revert", "--no-edit", "HEAD"]);
        if is_killed {
            rig.start().await;
        }
        let head = git(&rig.repo, &["rev-parse", "HEAD"]);
        rig.applied(&head).await;
        assert_eq!(rig.config("cfg").unwrap()["data"], json!({"value": "1"}), "killed: {is_killed}");
    }
}

#[tokio::test]
async fn only_what_came_after_the_last_healthy_commit_goes_back() {
    let mut rig = healthy().await;
    rig.promote("web", web("web", "v2", "")).await;
    // Weeks later: configuration, a move of the files, both live and healthy.
    rig.write("cfg.yaml", config("cfg", "rotated"));
    rig.deliver("the password is rotated").await;
    rig.fail(web("web", "v3", ""), "v3, which is bad").await;
    let (message, files) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v3, which is bad\"\n"), "{message}");
    assert_eq!(files, ["web.yaml"]);
    assert!(rig.text("web.yaml").contains("web:v2") && rig.text("cfg.yaml").contains("rotated"));
    rig.phase("web", "Healthy").await;
}

#[tokio::test]
async fn a_restart_forgets_no_good_commit() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    rig.write("cfg.yaml", config("cfg", "2"));
    rig.deliver("something else").await;
    rig.stop().await;
    rig.start().await;
    rig.act("web", "abort");
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
}

#[tokio::test]
async fn what_a_pull_brought_in_stays() {
    let mut rig = healthy().await;
    let start = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.promote("web", web("web", "v2", "")).await;
    let main = git(&rig.repo, &["rev-parse", "HEAD"]);
    // A colleague works on an older state, pulls, and pushes: the merge has their commit first.
    git(&rig.repo, &["checkout", "-q", "-b", "colleague", &start]);
    rig.write("web.yaml", web("web", "v1", "  minReadySeconds: 1\n"));
    rig.commit("patience, which turns out badly");
    git(&rig.repo, &["merge", "-q", "-m", "Merge branch 'main'", &main]);
    git(&rig.repo, &["branch", "-q", "-f", "main", "colleague"]);
    git(&rig.repo, &["checkout", "-q", "main"]);
    rig.fail(rig.text("web.yaml").replace("web:v2", "web:v3") + "\n", "v3").await;
    let (message, _) = rig.reverted().await;
    assert!(message.contains("patience, which turns out badly") && message.contains("v3"), "{message}");
    assert!(rig.text("web.yaml").contains("web:v2"), "what was promoted stays: {}", rig.text("web.yaml"));
    assert!(!rig.text("web.yaml").contains("minReadySeconds"));
}

#[tokio::test]
async fn a_merged_pull_request_goes_back_as_one() {
    let mut rig = healthy().await;
    git(&rig.repo, &["checkout", "-q", "-b", "feature"]);
    rig.write("web.yaml", web("web", "v2", ""));
    rig.commit("the image");
    rig.write("cfg.yaml", config("cfg", "for v2"));
    rig.commit("its configuration");
    git(&rig.repo, &["checkout", "-q", "main"]);
    git(&rig.repo, &["merge", "-q", "--no-ff", "-m", "Merge pull request 7", "feature"]);
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&head).await;
    rig.phase("web", "Paused").await;
    rig.act("web", "abort");
    let (message, files) = rig.reverted().await;
    assert!(message.starts_with("Revert \"Merge pull request 7\"\n"), "{message}");
    assert!(message.contains(", reversing\nchanges made to "), "{message}");
    assert_eq!(files, ["cfg.yaml", "web.yaml"]);
}

#[tokio::test]
async fn a_commit_that_changed_another_rollout_goes_back_in_part() {
    let mut rig = healthy().await;
    let both = |a: &str, b: &str, note: &str| {
        format!("# web\n{}---\n# {note}\n{}", web("web", a, ""), web("api", b, ""))
    };
    rig.write("web.yaml", both("v1", "v1", "two"));
    rig.deliver("a second one").await;
    rig.phase("api", "Healthy").await;
    rig.write("web.yaml", both("v2", "v2", "both at once"));
    rig.write("README.md", "two services");
    rig.deliver("v2 of both").await;
    rig.phase("web", "Paused").await;
    // Meanwhile somebody needs more replicas.
    rig.write("web.yaml", rig.text("web.yaml").replacen("replicas: 2", "replicas: 4", 1) + "\n");
    rig.deliver("an emergency").await;
    rig.act("web", "abort");
    let (message, files) = rig.reverted().await;
    assert!(message.contains("This reverts a part of commit"), "{message}");
    assert!(message.contains("Only: Rollout default/web."), "{message}");
    assert_eq!(files, ["web.yaml"]);
    let text = rig.text("web.yaml");
    assert!(text.contains("# both at once") && text.contains("replicas: 4"), "{text}");
    let images: Vec<&str> = text.lines().filter_map(|l| l.trim().strip_prefix("image: ")).collect();
    assert_eq!(images, ["example/web:v1", "example/web:v2"]);
}

#[tokio::test]
async fn one_that_is_held_keeps_nobody_else_from_being_delivered() {
    let held = |image: &str| {
        let text = web("web", image, "");
        text.replace(
            "  name: web\nspec",
            "  name: web\n  annotations: {switchback.dev/rollback-on: none}\nspec",
        )
    };
    let mut rig = Rig::new(&[("web.yaml", &held("v1")), ("cfg.yaml", &config("cfg", "1"))]).await;
    rig.phase("web", "Healthy").await;
    rig.fail(held("v2"), "v2").await;
    let told = rig.problem().await;
    assert!(told.contains("switchback retry web -n default"), "{told}");
    rig.write("cfg.yaml", config("cfg", "hotfix"));
    rig.deliver("a hotfix").await;
    assert_eq!(rig.config("cfg").unwrap()["data"]["value"], "hotfix");
    assert!(git(&rig.repo, &["log", "--format=%s"]).starts_with("a hotfix"), "nothing went back");
}

#[tokio::test]
async fn a_slip_in_somebody_elses_file_keeps_no_revert_back() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    rig.write("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n");
    rig.commit("a slip");
    rig.problem().await;
    rig.act("web", "abort");
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
}

#[tokio::test]
async fn with_a_workload_only_the_commit_that_failed_goes_back() {
    let deployment = |image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app}}\nspec:\n  replicas: 0\n  selector: \
             {{matchLabels: {{app: app}}}}\n  template:\n    metadata: {{labels: {{app: app}}}}\n    spec:\n      containers:\n      \
             - name: c\n        image: example/web:{image}\n"
        )
    };
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  replicas: 2\n  workloadRef: \
                   {apiVersion: apps/v1, kind: Deployment, name: app}\n  strategy: {canary: {steps: [{setWeight: 50}, {pause: \
                   {}}]}}\n";
    let mut rig = Rig::new(&[("web.yaml", rollout), ("app.yaml", &deployment("v1"))]).await;
    rig.phase("web", "Healthy").await;
    for image in ["v2", "v3"] {
        rig.write("app.yaml", deployment(image));
        rig.deliver(image).await;
        rig.phase("web", "Paused").await;
        rig.act("web", "promoteFull");
        rig.phase("web", "Healthy").await;
    }
    rig.write("app.yaml", deployment("v4"));
    rig.deliver("v4").await;
    rig.phase("web", "Paused").await;
    rig.act("web", "abort");
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v4\"\n"), "{message}");
    assert!(rig.text("app.yaml").contains("web:v3"), "what was promoted stays");
}

#[tokio::test]
async fn what_a_webhook_adds_to_the_template_hides_no_failure() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    let mut live = rig.rollout("web");
    live["spec"]["template"]["metadata"]["annotations"] = json!({"reloader": "touched"});
    rig.sandbox.update("reloader", live).unwrap();
    rig.until("the template is observed", |rig| {
        let rollout = rig.rollout("web");
        rollout["status"]["phase"] == "Paused" && is_observed(&rollout)
    })
    .await;
    rig.act("web", "abort");
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
}

#[tokio::test]
async fn a_version_that_failed_is_not_obeyed_twice() {
    let mut rig = healthy().await;
    rig.fail(web("web", "v2", ""), "v2").await;
    rig.reverted().await;
    rig.phase("web", "Healthy").await;
    // Automation commits the same again, twice.
    rig.write("web.yaml", web("web", "v2", ""));
    rig.commit("bump to v2");
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"bump to v2\"\n"), "{message}");
    let revert = git(&rig.repo, &["rev-parse", "main"]);
    rig.write("web.yaml", web("web", "v2", ""));
    rig.commit("bump to v2 again");
    let told = rig.problem().await;
    assert!(told.contains(&format!("git revert {}", &revert[..7])), "{told}");
    assert_eq!(rig.live_image("web").unwrap(), "example/web:v1", "it never ran again");
    // A person who means it is obeyed.
    git(&rig.repo, &["reset", "-q", "--hard", &revert]);
    git(&rig.repo, &["commit", "-q", "--allow-empty", "-m", "nothing"]);
    git(&rig.repo, &["revert", "--no-edit", &revert]);
    rig.phase("web", "Paused").await;
}

#[tokio::test]
async fn a_fix_that_is_pushed_after_an_undo_is_obeyed() {
    let mut rig = healthy().await;
    rig.promote("web", web("web", "v2", "")).await;
    rig.stop().await;
    // Git is away while a person goes back by hand; a fix is pushed before it returns.
    let mut live = rig.rollout("web");
    live["metadata"]["annotations"]["switchback.dev/undo"] = json!("2->1");
    live["spec"]["template"]["spec"]["containers"][0]["image"] = json!("example/web:v1");
    rig.sandbox.update("someone", live).unwrap();
    rig.write("web.yaml", web("web", "v3", ""));
    let head = rig.commit("v3, the fix");
    rig.start().await;
    rig.applied(&head).await;
    rig.phase("web", "Paused").await;
    assert!(rig.rollout("web")["metadata"]["annotations"].get("switchback.dev/undo").is_none());
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head, "nothing was reverted");
}

#[tokio::test]
async fn a_configuration_that_stable_pods_cannot_live_with_goes_back_all_the_same() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    // Scaled by hand beyond what the node can ever make ready: stable never becomes whole.
    rig.write("web.yaml", web("web", "v2", "").replace("replicas: 2", "replicas: 200"));
    rig.deliver("more than there is room for").await;
    rig.act("web", "abort");
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
    assert!(rig.text("web.yaml").contains("replicas: 200"));
}
