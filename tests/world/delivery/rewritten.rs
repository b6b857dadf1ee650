//! A branch that others rewrite or delete while it is delivered: what it says is followed, what it no longer says of the
//! past is never guessed, and nothing is pruned for want of it.

use crate::delivery::back::{healthy, web};
use crate::delivery::bad::says;
use crate::delivery::rig::{Rig, config, git};

/// Replaces the history of the branch by one commit with the same files, and forgets all others.
fn squash(rig: &Rig) -> String {
    git(&rig.repo, &["checkout", "-q", "--orphan", "anew"]);
    git(&rig.repo, &["commit", "-q", "-m", "history anew"]);
    git(&rig.repo, &["branch", "-q", "-M", "anew", "main"]);
    git(&rig.repo, &["reflog", "expire", "--expire=now", "--all"]);
    git(&rig.repo, &["gc", "-q", "--prune=now"]);
    git(&rig.repo, &["rev-parse", "HEAD"])
}

#[tokio::test]
async fn a_revision_whose_good_commit_is_gone_is_held_and_everything_else_is_delivered() {
    let mut rig = healthy().await;
    let good = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    let head = squash(&rig);
    assert_eq!(rig.applied(&head).await, (0, 0, 0), "the same files");
    assert_eq!(rig.live_image("web").unwrap(), "example/web:v2", "it is still in flight");
    rig.act("web", "abort");
    says(
        &rig.problem().await,
        &["default/web must go back", &good[..7], "somebody rewrote the history", "by hand"],
    );
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head, "nothing is guessed");
    rig.write("cfg.yaml", config("cfg", "hotfix"));
    rig.commit("a hotfix");
    rig.until("the hotfix", |rig| rig.config("cfg").unwrap()["data"]["value"] == "hotfix").await;
    rig.restart().await;
    says(&rig.problem().await, &["default/web must go back", &good[..7]]);
    rig.write("web.yaml", web("web", "v3", ""));
    rig.deliver("the fix").await;
    rig.phase("web", "Paused").await;
    rig.act("web", "promoteFull");
    rig.phase("web", "Healthy").await;
    // From here on the new history has a good commit of its own.
    rig.fail(web("web", "v4", ""), "v4").await;
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v4\"\n"), "{message}");
    assert!(rig.text("web.yaml").contains("web:v3"));
    rig.stop().await;
}

#[tokio::test]
async fn a_commit_that_is_amended_while_it_climbs_goes_back_as_it_is_now() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    git(&rig.repo, &["commit", "-q", "--amend", "-m", "v2, as it should have been called"]);
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&head).await;
    rig.act("web", "abort");
    let (message, files) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v2, as it should have been called\"\n"), "{message}");
    assert!(message.contains(&head) && files == ["web.yaml"], "{message}");
    rig.phase("web", "Healthy").await;
    rig.stop().await;
}

#[tokio::test]
async fn a_revert_that_somebody_drops_by_force_is_made_once_more() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    let bad = rig.commit("v2");
    rig.applied(&bad).await;
    rig.phase("web", "Paused").await;
    rig.act("web", "abort");
    rig.reverted().await;
    rig.phase("web", "Healthy").await;
    git(&rig.repo, &["reset", "-q", "--hard", &bad]);
    let (message, _) = rig.reverted().await;
    assert!(message.contains(&bad), "{message}");
    assert_eq!(git(&rig.repo, &["rev-parse", "main^"]), bad, "one commit on top of what is there");
    assert_eq!(rig.live_image("web").unwrap(), "example/web:v1");
    rig.stop().await;
}

#[tokio::test]
async fn a_branch_that_is_deleted_is_told_prunes_nothing_and_goes_on_when_it_is_back() {
    let mut rig = healthy().await;
    rig.write("web.yaml", web("web", "v2", ""));
    rig.deliver("v2").await;
    rig.phase("web", "Paused").await;
    git(&rig.repo, &["branch", "-q", "-M", "main", "renamed"]);
    says(&rig.problem().await, &["has no branch `main`", "`renamed`"]);
    // The cluster is looked after all the same.
    rig.act("web", "abort");
    rig.until("it is back at v1", |rig| {
        let sets = rig.owned_sets();
        let canary =
            sets.iter().find(|s| s["spec"]["template"]["spec"]["containers"][0]["image"] == "example/web:v2");
        canary.is_some_and(|s| s["spec"]["replicas"] == 0)
    })
    .await;
    assert!(rig.config("cfg").is_some(), "nothing is pruned");
    git(&rig.repo, &["branch", "-q", "-M", "renamed", "main"]);
    let (message, _) = rig.reverted().await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
    rig.write("cfg.yaml", config("cfg", "2"));
    assert_eq!(rig.deliver("on it goes").await, (0, 1, 0));
    rig.stop().await;
}
