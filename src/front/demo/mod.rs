//! Decides the course of the demo: three acts on an embedded cluster, each over only when it was really seen.
//! It never fakes an act.

pub mod shop;
pub mod stage;
pub mod story;

use crate::api::commit::short;
use crate::front::cli::args::Demo;
use crate::front::cli::fail::Failure;
use crate::front::cli::run::{interrupted, stopped};
use crate::front::screen::{BAD, FAINT, GOOD, STRONG, paint, symbols};
use stage::Stage;
use std::process::ExitCode;
use story::reverted;

/// Does what `demo` says.
///
/// # Errors
/// The stage cannot be set, or an act was not seen in time.
pub async fn demo(verb: Demo) -> Result<ExitCode, Failure> {
    let mut stage = tokio::select! {
        biased;
        stage = Stage::set(&verb) => stage?,
        code = interrupted() => return Ok(code),
    };
    let told = tokio::select! {
        biased;
        told = acts(&mut stage) => told,
        code = interrupted() => {
            stage.clear().await;
            return Ok(code);
        }
    };
    match told {
        Ok(()) => account(&stage).await?,
        Err(failure) => {
            stage.clear().await;
            return Err(failure);
        }
    }
    if verb.keep {
        say(&format!("\n{}", paint(STRONG, "It keeps running. Stop it with Ctrl-C.")));
        say(&format!("  export KUBECONFIG={}", stage.embedded.kubeconfig.display()));
        say(&format!("  cd {}", stage.shop.path.display()));
        say("  kubectl get rollouts -n shop -w      edit web/rollout.yaml and commit: it climbs");
        stopped().await;
    }
    stage.clear().await;
    Ok(ExitCode::SUCCESS)
}

async fn acts(stage: &mut Stage) -> Result<(), Failure> {
    first(stage).await?;
    good(stage).await?;
    bad(stage).await
}

async fn first(stage: &mut Stage) -> Result<(), Failure> {
    stage.heading("1", "the first version", "Git says what the cluster should hold; it is applied.");
    let commit = stage.shop.git(&["rev-parse", "HEAD"]).await?;
    stage.commits.push(commit.clone());
    stage.watch("v0", "v1", |scene, _| scene.is_healthy_at("v1") && scene.commit() == commit).await?;
    stage.passed("five pods of v1 are ready, from the commit in the repository");
    Ok(())
}

async fn good(stage: &mut Stage) -> Result<(), Failure> {
    stage.heading("2", "a good version", "Ada commits v2. It climbs in steps, measured on the way.");
    stage.shop.replace("web/rollout.yaml", "example/web:v1", "example/web:v2")?;
    let commit = stage.shop.commit("Ada", "web: v2, a quicker basket").await?;
    stage.commits.push(commit.clone());
    let seen =
        stage.watch("v1", "v2", |scene, _| scene.is_healthy_at("v2") && scene.commit() == commit).await?;
    if !seen.both || seen.abort || !seen.sizes.contains(&1) {
        return Err(Failure::no("v2 did not climb in steps: it was never seen beside v1"));
    }
    stage.passed("v2 went from one pod to five and is the stable version now");
    Ok(())
}

async fn bad(stage: &mut Stage) -> Result<(), Failure> {
    stage.heading(
        "3",
        "a bad version",
        "Bob commits v3, which fails every fourth request, and a new greeting.",
    );
    stage.shop.replace("web/rollout.yaml", "example/web:v2", "example/web:v3")?;
    stage.shop.replace(
        "web/rollout.yaml",
        "switchback.dev/errors: \"0.01\"",
        "switchback.dev/errors: \"0.25\"",
    )?;
    stage.shop.replace("web/config.yaml", "welcome", "hello from v3")?;
    let commit = stage.shop.commit("Bob", "web: v3, a new greeting").await?;
    stage.commits.push(commit.clone());
    let seen = stage
        .watch("v2", "v3", |scene, seen| {
            seen.safe && scene.is_healthy_at("v2") && scene.commit() != commit && !scene.commit().is_empty()
        })
        .await?;
    let missing = [
        (seen.both, "the canary of v3 was never seen"),
        (seen.failure, "no analysis was seen to fail"),
        (seen.abort, "no abort was seen"),
        (seen.safe, "the canary of v3 was not seen to go to zero"),
    ];
    if let Some((_, what)) = missing.iter().find(|(seen, _)| !seen) {
        return Err(Failure::no(*what));
    }
    let revert = reverted(&stage.shop, &commit).await.map_err(Failure::no)?;
    let scene = stage.scene();
    if scene.commit() != revert {
        return Err(Failure::no("the cluster did not settle on the revert commit"));
    }
    let greeting = scene.config.pointer("/data/GREETING").and_then(serde_json::Value::as_str);
    if greeting != Some("welcome") || stage.shop.read("web/config.yaml")?.contains("v3") {
        return Err(Failure::no("the ConfigMap did not go back with the revision"));
    }
    stage.commits.push(revert);
    stage.passed("v3 is gone, the cluster is on v2, and the repository says so too");
    Ok(())
}

/// What happened, in the end.
async fn account(stage: &Stage) -> Result<(), Failure> {
    say(&format!("\n{}", paint(STRONG, "What happened")));
    let name = |i: usize| stage.commits.get(i).map_or("", |c| short(c)).to_owned();
    say(&format!("  {}  deployed at once, as the first version of something is", name(0)));
    say(&format!("  {}  climbed 20 % {} analysis {} 60 % {} 100 %", name(1), "→", "→", "→"));
    say(&format!("  {}  failed its analysis at 20 %: the canary went to zero first,", name(2)));
    say(&format!("  {}  then this commit took it back in Git, ConfigMap included", name(3)));
    say(&format!("\n{}", paint(FAINT, "$ git log --oneline --graph")));
    say(&stage.shop.git(&["log", "--oneline", "--graph"]).await?);
    say(&format!("\n{}", paint(FAINT, "$ git log -1")));
    say(&stage.shop.git(&["log", "-1", "--format=%B"]).await?);
    say(&format!("\n{}", paint(STRONG, "Try next")));
    say("  switchback demo --keep                        and look around with kubectl");
    say("  switchback run --repo PATH --sandbox          your own manifests on an embedded cluster");
    say("  switchback plan --repo PATH                   what would change in your cluster");
    Ok(())
}

/// Prints a line of the story.
pub fn say(text: &str) {
    anstream::println!("{}", symbols(text));
}

/// The mark of an act that was seen.
#[must_use]
pub fn mark(good: bool) -> String {
    if good { paint(GOOD, "✔") } else { paint(BAD, "✗") }
}
