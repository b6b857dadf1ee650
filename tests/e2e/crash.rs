//! The program is killed in the middle of things and started again: it goes on where the cluster and Git are, and what
//! was to happen once happens once. It never gets a chance to say goodbye.

use super::program::Program;
use super::stage::{Stage, play};
use super::story::{check_revert, healthy_at, reverted, run};
use serde_json::Value;

/// Kills the program and starts it again.
fn again(stage: &Stage, program: Program, repository: &str) -> Program {
    drop(program);
    run(stage, repository, "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_goes_on_where_it_was() {
    play("crash", async |stage| {
        let shop = stage.shop();
        let path = shop.path.to_string_lossy().into_owned();
        let mut program = run(stage, &path, "");
        stage.until("Rollout", "web", "there", |r| !r.is_null()).await;
        program = again(stage, program, &path);
        healthy_at(stage, &shop.head(), "v1").await;

        // Long enough to be met: a pause of 1 s may last no time at all, as start times are whole seconds.
        shop.replace(
            "web/rollout.yaml",
            "duration: 1s\n        - analysis",
            "duration: 4s\n        - analysis",
        );
        let good = shop.version("v1", "v2", "0.01");
        stage.phase("web", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        program = again(stage, program, &path);
        healthy_at(stage, &good, "v2").await;

        let bad = shop.version("v2", "v3", "0.25");
        let failed = |r: &Value| {
            r["metadata"]["annotations"]["switchback.dev/commit"] == bad && r["status"]["abort"] == true
        };
        stage.until("Rollout", "web", "aborted", failed).await;
        program = again(stage, program, &path);
        let message = reverted(&shop.path, &bad).await;
        check_revert(&message, &bad, &stage.namespace);
        program = again(stage, program, &path);
        healthy_at(stage, &shop.head(), "v2").await;
        let reverts = shop.git(&["log", "--format=%s", "--grep=^This reverts commit"]);
        assert_eq!(reverts, "Revert \"web: v3\"", "one revert, and no more");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
