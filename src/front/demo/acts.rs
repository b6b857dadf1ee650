//! Decides what happens in the three acts, and that each is over only when it was really seen.
//! It never fakes one.

use crate::front::demo::stage::Stage;
use crate::front::demo::story::reverted;
use crate::front::exit::Failure;

/// Plays the acts: a first version, a good one, a bad one.
///
/// # Errors
/// An act was not seen in time, or not as it should be.
pub(crate) async fn acts(stage: &mut Stage) -> Result<(), Failure> {
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
    let revert = reverted(&stage.shop, &commit).await.map_err(|e| Failure::no(e.to_string()))?;
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
