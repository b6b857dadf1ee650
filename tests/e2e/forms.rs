//! The forms of results: tables as Argo's plugin has them, wide ones, data, and names that kubectl takes; a form that a verb
//! has not is refused before anything is done. Nothing but the result stands on standard output.

use super::controller::{controller, kubectl};
use super::manifests::{CANARY, objects, of_instance, rollout};
use super::program::Said;
use super::stage::{Stage, play};
use serde_json::{Value, json};

/// Runs a verb in the scenario's namespace.
async fn verb(stage: &Stage, line: &str) -> Said {
    stage.run(&format!("{line} --namespace {}", stage.namespace)).await
}

async fn words(stage: &Stage, line: &str) -> Vec<Vec<String>> {
    let text = verb(stage, line).await.ok();
    text.lines().map(|l| l.split_whitespace().map(str::to_owned).collect()).collect()
}

async fn shape(stage: &Stage) {
    for object in objects(&rollout("shape", &of_instance(&stage.namespace), CANARY)) {
        stage.create(object).await;
    }
    stage.phase("shape", "Healthy", |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_the_columns_that_argos_users_know() {
    play("lists", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        shape(stage).await;
        let heads = [
            "NAME",
            "STRATEGY",
            "STATUS",
            "STEP",
            "SET-WEIGHT",
            "READY",
            "DESIRED",
            "UP-TO-DATE",
            "AVAILABLE",
        ];
        let row = ["shape", "Canary", "Healthy", "4/4", "100", "3/3", "3", "3", "3"];
        assert_eq!(words(stage, "list rollouts").await, [heads, row]);
        assert_eq!(words(stage, "list ro --name shape").await, [heads, row]);
        let none = verb(stage, "list rollouts --name other").await;
        assert!(
            none.out.is_empty() && none.err.contains("no Rollouts called other in namespace"),
            "{none:?}"
        );
        none.ok();
        let all = words(stage, "list rollouts -A --name shape --timestamps").await;
        assert_eq!(all[0][..3], ["TIMESTAMP", "NAMESPACE", "NAME"]);
        let ours = all.iter().find(|row| row[1] == stage.namespace).unwrap();
        assert!(ours[0].ends_with('Z') && ours[0].len() == 20, "{ours:?}");

        let stable = stage.get("Rollout", "shape").await["status"]["stableRS"].clone();
        for line in ["list rollouts -o wide", "get rollouts -o wide", "get rollout shape -o wide"] {
            let wide = words(stage, line).await;
            let more = ["STABLE", "CURRENT", "CONTAINERS", "IMAGES"];
            assert!(wide[0].ends_with(&more.map(str::to_owned)), "{line}: {wide:?}");
            let hash = stable.as_str().unwrap();
            assert!(
                wide[1].ends_with(&[hash, hash, "main", "example/shape:v1"].map(str::to_owned)),
                "{wide:?}"
            );
        }
        let data: Value = serde_json::from_str(&verb(stage, "list rollouts -o json").await.ok()).unwrap();
        let one = &data["rollouts"][0];
        assert_eq!((&one["stableHash"], &one["currentHash"]), (&stable, &stable), "{data:#}");
        assert_eq!(one["containers"], json!([{"name": "main", "image": "example/shape:v1"}]));
        let none = verb(stage, "list analysisruns").await;
        assert!(none.err.contains("no AnalysisRuns in namespace"), "{none:?}");

        let mut watching =
            stage.start("watch", &format!("list rollouts -w --timestamps --namespace {}", stage.namespace));
        watching.says("shape").await;
        verb(stage, "pause shape").await.ok();
        watching.says("Paused").await;
        let lines = watching.words();
        assert_eq!(lines.matches("TIMESTAMP").count(), 1, "{lines}");
        watching.terminate().await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_those_that_kubectl_prints_and_takes() {
    play("names", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        shape(stage).await;
        let name = "rollout.argoproj.io/shape\n";
        for line in [
            "get rollouts",
            "get rollout shape",
            "list rollouts",
            "status rollout.argoproj.io/shape --timeout 80s",
            "pause shape --dry-run",
            "pause shape",
            "promote shape",
            "restart shape --dry-run",
            "set image shape main=example/shape:v2 --dry-run",
            "undo shape --dry-run",
        ] {
            let said = verb(stage, &format!("{line} -o name")).await;
            if line.starts_with("undo") {
                said.failed(2);
                continue;
            }
            assert!(said.err.is_empty(), "{line}: {}", said.err);
            assert_eq!(said.ok(), name, "{line}");
        }
        if let Some(said) = kubectl(stage, "get rollouts -o name").await {
            assert_eq!(said.ok(), name);
        }
        let run = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "idle"},
            "spec": {"metrics": []}});
        stage.create(run).await;
        for line in ["get analysisruns", "list ar", "terminate ar idle --dry-run"] {
            let said = verb(stage, &format!("{line} -o name")).await.ok();
            assert_eq!(said, "analysisrun.argoproj.io/idle\n", "{line}");
        }
        let crds = verb(stage, "install-crds --print -o name").await.ok();
        assert!(crds.contains("customresourcedefinition.apiextensions.k8s.io/rollouts.argoproj.io\n"), "{crds}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_a_verb_has_not_is_refused_before_anything_is_done() {
    play("refused", async |stage| {
        let objects = objects(&rollout("shape", "", CANARY));
        stage.create(objects[0].clone()).await;
        let before = stage.get("Rollout", "shape").await;
        for (line, possible) in [
            ("pause shape -o wide", "json, yaml, name"),
            ("status shape -o wide", "json, yaml, name"),
            ("plan --repo . -o name", "json, yaml"),
            ("lint . -o wide", "json, yaml"),
            ("completion bash -o json", "leave -o out"),
        ] {
            let said = verb(stage, line).await;
            assert!(said.out.is_empty(), "{line}: {}", said.out);
            let text = said.failed(2);
            assert!(text.contains(possible), "{line}: {text}");
        }
        assert!(verb(stage, "get rollouts -o xml").await.failed(2).contains("json, yaml, wide, name"));
        assert_eq!(stage.get("Rollout", "shape").await, before);
        let later = verb(stage, "get experiment canary-2").await.failed(2);
        assert!(later.contains("not acted on yet") && later.contains("kubectl get"), "{later}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_page_for_each_concept_and_each_field_and_a_manual() {
    play("pages-of-help", async |stage| {
        let all = stage.run("explain").await.ok();
        for word in ["rollout", "fence", "versioned-config", "exit-codes"] {
            assert!(all.lines().any(|l| l.starts_with(word)), "{all}");
            assert!(stage.run(&format!("explain {word}")).await.ok().contains("See also: "), "{word}");
        }
        let near = stage.run("explain fense").await.failed(2);
        assert!(near.contains("did you mean fence?") && near.contains("switchback explain"), "{near}");
        let field = stage.run("explain rollout.spec.strategy.canary.maxSurge").await.ok();
        assert!(field.starts_with("rollout.spec.strategy.canary.maxSurge  number or string\n"), "{field}");
        let wrong = stage.run("explain rollout.spec.replica").await.failed(2);
        assert!(wrong.contains("did you mean rollout.spec.replicas?"), "{wrong}");
        let data: Value =
            serde_json::from_str(&stage.run("explain rollout.spec -o json").await.ok()).unwrap();
        assert!(data["fields"].as_array().unwrap().iter().any(|f| f["name"] == "strategy"), "{data:#}");

        let folder = stage.path("man");
        stage.run(&format!("man {}", folder.display())).await.ok();
        assert!(folder.join("switchback-list-rollouts.1").is_file());
        let page = stage.run("man --page status").await.ok();
        assert!(page.contains(".TH") && page.contains("timeout"), "{page}");
        assert!(stage.run("man --page stauts").await.failed(2).contains("no verb `stauts`"));
        let version = concat!("switchback: v", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(stage.run("version --short").await.ok(), version);
    })
    .await;
}

/// Runs our program on a terminal of 60 columns, as util-linux' `script` has it; none where there is none.
async fn on_a_terminal(stage: &Stage, line: &str, environment: &[(&str, &str)]) -> Option<String> {
    let program = super::program::find(&["script"], &[])?;
    let ours = stage.switchback(&format!("{line} --namespace {}", stage.namespace));
    let words: Vec<String> = std::iter::once(ours.get_program())
        .chain(ours.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut command = std::process::Command::new(program);
    command.args(["-qec", &format!("stty cols 60 rows 40; {}", words.join(" ")), "/dev/null"]);
    command.env_remove("NO_COLOR").env("TERM", "xterm").env("LC_ALL", "C.UTF-8").envs(environment.to_vec());
    Some(super::program::said(command).await.out)
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_symbols_and_widths_are_those_of_the_terminal() {
    play("terminal", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        shape(stage).await;
        let escapes = |text: &str| text.contains("\u{1b}[");
        let piped = async |environment: &[(&str, &str)], line: &str| {
            let mut ours = stage.switchback(&format!("{line} --namespace {}", stage.namespace));
            ours.env_remove("NO_COLOR").envs(environment.to_vec());
            super::program::said(ours).await.ok()
        };
        assert!(!escapes(&piped(&[], "get rollout shape").await));
        assert!(escapes(&piped(&[("CLICOLOR_FORCE", "1")], "get rollout shape").await));
        assert!(escapes(&piped(&[], "get rollout shape --color always").await));
        assert!(!escapes(&piped(&[("CLICOLOR_FORCE", "1")], "get rollout shape --color never").await));
        let ascii = piped(&[("LC_ALL", "C")], "get rollout shape").await;
        assert!(ascii.is_ascii() && ascii.contains("`-"), "{ascii}");
        assert!(piped(&[("LC_ALL", "C.UTF-8")], "get rollout shape").await.contains("└─"));
        let mistake = stage.path("wrong.yaml");
        std::fs::write(&mistake, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndta: {}\n").unwrap();
        let drawn = async |more: &str| {
            let line = format!("lint {} {more}", mistake.display());
            stage.run(&line).await.failed(1)
        };
        assert!(escapes(&drawn("--color always").await), "mistakes are coloured by the same rule");
        assert!(!escapes(&drawn("").await));

        let Some(coloured) = on_a_terminal(stage, "get rollout shape", &[]).await else { return };
        assert!(escapes(&coloured), "{coloured}");
        let plain = on_a_terminal(stage, "get rollouts -o wide", &[("NO_COLOR", "1")]).await.unwrap();
        assert!(plain.contains("NAME") && !escapes(&plain), "{plain}");
        assert!(plain.lines().all(|l| l.trim_end().chars().count() <= 60), "{plain}");
        // A view that is drawn over itself is so without colours, too.
        let live = format!("timeout -s INT 3 '{}'", env!("CARGO_BIN_EXE_switchback"));
        let line = format!(
            "{live} get rollout shape -w --namespace {} --kubeconfig {}",
            stage.namespace,
            stage.kubeconfig.display()
        );
        let mut command = std::process::Command::new("script");
        command.args(["-qc", &line, "/dev/null"]).env("NO_COLOR", "1").env("TERM", "xterm");
        let redrawn = super::program::said(command).await.out;
        assert!(redrawn.contains("A\u{1b}[J"), "{redrawn:?}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
