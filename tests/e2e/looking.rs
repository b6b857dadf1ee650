//! Looking before leaping: `plan` and `diff` say what a commit would change, for people and for programs, and answer
//! with their exit code. They never change anything, which is held against the cluster.

use super::program::said;
use super::repository::Repository;
use super::stage::{Stage, play};
use serde_json::{Value, json};

const MODE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mode\ndata:\n  MODE: one\n";

async fn config(stage: &Stage) -> Value {
    stage.get("ConfigMap", "mode").await
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_and_diff_answer_with_their_exit_code() {
    play("looking", async |stage| {
        let repository = Repository::empty(stage.path("repo"));
        repository.write("mode.yaml", MODE);
        let first = repository.commit("first");
        let of = |verb: &str| {
            format!("{verb} --repo {} --namespace {}", repository.path.display(), stage.namespace)
        };

        let plan = stage.run(&of("plan")).await;
        assert_eq!(plan.code, 1, "{}", plan.err);
        let expected = format!("+ ConfigMap {}/mode", stage.namespace);
        assert!(plan.out.contains(&expected) && plan.out.contains("mode.yaml:1"), "{}", plan.out);
        assert!(plan.out.contains(&first[..7]), "{}", plan.out);
        assert!(plan.err.is_empty(), "nothing but the result: {}", plan.err);
        assert!(config(stage).await.is_null(), "plan has changed something");
        assert_eq!(stage.run(&of("diff")).await.code, 1);
        assert!(config(stage).await.is_null(), "diff has changed something");

        stage.run(&of("run --once")).await.ok();
        let present = config(stage).await;
        for verb in ["plan", "diff"] {
            stage.run(&of(verb)).await.ok();
        }

        repository.replace("mode.yaml", "one", "two");
        repository.commit("two");
        let diff = stage.run(&of("diff")).await;
        assert_eq!(diff.code, 1, "{}", diff.err);
        assert!(diff.out.contains("\n-") && diff.out.contains("one"), "{}", diff.out);
        assert!(diff.out.contains("\n+") && diff.out.contains("two"), "{}", diff.out);
        let json_text = stage.run(&of("plan -o json")).await;
        let yaml_text = stage.run(&of("plan -o yaml")).await;
        assert_eq!((json_text.code, yaml_text.code), (1, 1));
        let plan: Value = serde_json::from_str(&json_text.out).unwrap();
        let same: Value = serde_yaml::from_str(&yaml_text.out).unwrap();
        assert_eq!(plan, same);
        let change = &plan["changes"][0];
        assert_eq!((&change["action"], &change["file"]), (&json!("patch"), &json!("mode.yaml")));
        assert_eq!(config(stage).await, present, "looking has changed something");

        repository.write("mode.yaml", &MODE.replace("\ndata:", "\ndta:"));
        repository.commit("a slip");
        for verb in ["plan", "diff", "plan -o json"] {
            let wrong = stage.run(&of(verb)).await;
            assert!(wrong.out.is_empty(), "{verb}: {}", wrong.out);
            let text = wrong.failed(2);
            assert!(text.contains("dta") && text.contains("mode.yaml"), "{verb}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_tells_what_it_passes_over_and_nothing_of_a_secret() {
    play("looking-closely", async |stage| {
        let repository = Repository::empty(stage.path("repo"));
        repository.write("mode.yaml", MODE);
        repository.write("charts/values.yaml", "image: {tag: v1}\n");
        repository.commit("first");
        let plan = format!("plan --repo {} --namespace {}", repository.path.display(), stage.namespace);
        let first = stage.run(&plan).await;
        assert_eq!(first.code, 1, "{}", first.err);
        assert_eq!(first.err.trim(), "no manifests, passed over: charts/values.yaml");
        let json: Value = serde_json::from_str(&stage.run(&format!("{plan} -o json")).await.out).unwrap();
        assert_eq!(json["skipped"], json!([{"file": "charts/values.yaml", "line": null}]));

        let secret =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2: x\n";
        repository.write("s.yaml", secret);
        repository.commit("a slip beside a password");
        for verb in [plan.clone(), format!("{plan} -o json"), plan.replacen("plan", "run --once", 1)] {
            let wrong = stage.run(&verb).await;
            let text = format!("{}{}", wrong.out, wrong.err);
            assert!(text.contains("s.yaml:5"), "{verb}: {text}");
            assert!(!text.contains("hunter2"), "{verb}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_home_a_place_that_somebody_has_prepared_is_refused() {
    play("homeless", async |stage| {
        let repository = Repository::empty(stage.path("repo"));
        repository.write("mode.yaml", MODE);
        repository.commit("first");
        let (temporary, theirs) = (stage.path("tmp"), stage.path("theirs"));
        for folder in [&temporary, &theirs] {
            std::fs::create_dir(folder).unwrap();
        }
        let plan = async |more: &str| {
            let line =
                format!("plan --repo {} --namespace {}{more}", repository.path.display(), stage.namespace);
            let mut command = stage.switchback(&line);
            command.env_remove("HOME").env_remove("XDG_CACHE_HOME").env("TMPDIR", &temporary);
            said(command).await
        };
        assert_eq!(plan("").await.code, 1, "there is something to apply, and a mirror of our own");
        assert!(temporary.join("switchback/git").is_dir());
        std::fs::rename(temporary.join("switchback"), stage.path("ours")).unwrap();
        std::os::unix::fs::symlink(&theirs, temporary.join("switchback")).unwrap();
        let text = plan("").await.failed(2);
        assert!(
            text.contains("symbolic link") && text.contains("--cache") && text.contains("HOME"),
            "{text}"
        );
        assert_eq!(std::fs::read_dir(&theirs).unwrap().count(), 0, "nothing is written there");
        let cache = format!(" --cache {}", stage.path("named").display());
        assert_eq!(plan(&cache).await.code, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lint_finds_in_files_alone_what_the_cluster_and_the_controller_would() {
    play("lint", async |stage| {
        let folder = stage.path("deploy");
        std::fs::create_dir(&folder).unwrap();
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\n  labels: {argo-rollouts.argoproj.io/controller-instance-id: other}\nspec:\n  minReadySeconds: 10\n  \
progressDeadlineSeconds: DEADLINE\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
spec:\n      containers:\n      - name: web\n        IMAGE: example/web:v1\n  strategy:\n    canary:\n      canaryService: elsewhere\n";
        let thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n";
        std::fs::write(folder.join("thing.yaml"), thing).unwrap();
        let write = |deadline: &str, image: &str| {
            let text = rollout.replace("DEADLINE", deadline).replace("IMAGE", image);
            std::fs::write(folder.join("web.yaml"), text).unwrap();
        };
        let lint = format!("lint {}", folder.display());

        write("600", "image");
        let clean = stage.run(&lint).await;
        assert!(clean.err.contains("Thing default/t"), "a kind that only they know: {}", clean.err);
        assert_eq!(clean.ok().trim(), "2 objects, no mistakes", "a Service may be elsewhere");

        write("5", "imag: x\n        image");
        let json: Value = serde_json::from_str(&stage.run(&format!("{lint} -o json")).await.out).unwrap();
        let places: Vec<(&Value, &Value)> =
            json["problems"].as_array().unwrap().iter().map(|p| (&p["file"], &p["line"])).collect();
        let file = json!(folder.join("web.yaml"));
        assert_eq!(places, [(&file, &json!(8)), (&file, &json!(15))], "{json:#}");
        let wrong = stage.run(&lint).await;
        assert!(wrong.out.is_empty(), "{}", wrong.out);
        let text = wrong.failed(1);
        assert!(text.contains("must be greater than minReadySeconds") && text.contains("imag"), "{text}");
        assert!(stage.run("lint nowhere.yaml").await.failed(2).contains("nowhere.yaml cannot be read"));
    })
    .await;
}
