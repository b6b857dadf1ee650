//! Trouble with a repository, as users meet it: it is not there, has no such branch, goes away while we run, or holds
//! nonsense. The cluster must keep what it has, and the program never gives up by itself.

use super::manifests::{BLUE_GREEN, objects, of_instance, rollout, service};
use super::repository::Repository;
use super::stage::{Stage, play};

use serde_json::json;
use switchback::api::{delivery_name, names};

fn config(value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept\ndata:\n  value: \"{value}\"\n")
}

async fn holds(stage: &Stage, value: &str) {
    stage.until("ConfigMap", "kept", value, |c| c["data"]["value"] == value).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_not_there_is_told_at_once() {
    play("absent", async |stage| {
        let of = |more: &str| format!("run --namespace {} --repo {more}", stage.namespace);
        let absent = stage.path("absent");
        let text = stage.run(&of(&absent.to_string_lossy())).await.failed(3);
        assert!(text.contains("absent") && text.contains("no repository there"), "{text}");
        let text = stage.run(&of("http://127.0.0.1:x/shop.git")).await.failed(2);
        assert!(text.contains("no address Git can be reached at"), "{text}");

        let repository = Repository::empty(stage.path("repo"));
        repository.write("kept.yaml", &config("one"));
        repository.commit("first");
        let path = repository.path.display();
        let text = stage.run(&of(&format!("{path} --branch mian"))).await.failed(2);
        assert!(text.contains("no branch `mian`") && text.contains("`main`"), "{text}");
        let text = stage.run(&of(&format!("{path} --path prod --once"))).await;
        assert_ne!(text.code, 0, "{}", text.out);
        assert!(format!("{}{}", text.out, text.err).contains("prod"), "{}{}", text.out, text.err);
        assert!(stage.get("ConfigMap", "kept").await.is_null(), "nothing may be applied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_at_the_start_is_asked_again_and_rollouts_are_looked_after_meanwhile() {
    play("away-first", async |stage| {
        let namespace = &stage.namespace;
        let line = format!("run --repo http://127.0.0.1:1/shop.git --namespace {namespace}");
        let mut program = stage.start("run", &format!("{line} --instance-id {namespace}"));
        program.says("not reachable").await;
        let source = delivery_name::name_of("http://127.0.0.1:1/shop.git", "main", ".", namespace);
        let services = ["colour-active", "colour-preview"].map(|name| service(name, "colour"));
        for text in services.iter().chain([&rollout("colour", &of_instance(namespace), BLUE_GREEN)]) {
            for mut object in objects(text) {
                // As if it had been applied before: a delivery looks after what it has brought.
                object["metadata"]["annotations"] = json!({names::SOURCE: source.as_str()});
                stage.create(object).await;
            }
        }
        stage.phase("colour", "Healthy", |_| true).await;
        assert_eq!(program.terminate().await, 0);
        let once = stage.run(&format!("{line} --instance-id {namespace} --once --timeout 6s")).await;
        assert_eq!(once.code, 1, "{}{}", once.out, once.err);
        assert!(once.out.contains("not reachable") && once.out.contains("within 6s"), "{}", once.out);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_is_kept_while_a_repository_is_away_or_wrong() {
    play("away", async |stage| {
        let repository = Repository::empty(stage.path("repo"));
        repository.write("kept.yaml", &config("one"));
        repository.commit("first");
        let (path, namespace) = (repository.path.display(), &stage.namespace);
        let line = format!("run --repo {path} --namespace {namespace} --instance-id {namespace}");
        let mut program = stage.start("run", &line);
        holds(stage, "one").await;

        repository.write("kept.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: [\n");
        repository.commit("nonsense");
        program.says("kept.yaml:").await;
        holds(stage, "one").await;
        repository.write("kept.yaml", &config("two"));
        repository.commit("mended");
        holds(stage, "two").await;

        let aside = stage.path("aside");
        std::fs::rename(&repository.path, &aside).unwrap();
        program.says("no repository there").await;
        holds(stage, "two").await;
        std::fs::rename(&aside, &repository.path).unwrap();
        repository.write("kept.yaml", &config("three"));
        repository.commit("back again");
        holds(stage, "three").await;

        std::fs::remove_file(repository.path.join("kept.yaml")).unwrap();
        repository.commit("everything goes");
        program.says("holds no manifests").await;
        holds(stage, "three").await;
        assert_eq!(program.terminate().await, 0);

        // What was delivered before is no word that was typed wrong: it is waited for.
        repository.git(&["branch", "-m", "main", "aside"]);
        let mut program = stage.start("again", &line);
        program.says("no branch `main`").await;
        repository.git(&["branch", "-m", "aside", "main"]);
        repository.write("kept.yaml", &config("four"));
        repository.commit("the branch is back");
        holds(stage, "four").await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
