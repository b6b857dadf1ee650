//! What may come between a failed revision and its way back in Git: the network, other people, their commits.
//! It never forces anything; where nothing can be done, people are told and the cluster is safe.

use crate::rig::{Sim, simulate};
use crate::shop::{canary, with};
use crate::story::canary::{plant, release};
use crate::trouble::Plan;
use crate::world::{desired, hash_of, number, text};
use switchback::api::notice::Notice;

/// A shop that is settled at v1.
pub async fn settled() -> Sim {
    let mut sim = Sim::new(&Plan::default(), &canary()).await;
    sim.settles_at("v1").await;
    plant(&mut sim).await;
    sim
}

/// Commits a v2 that fails its analysis and waits until it climbs; answers the commit.
pub async fn climbs_badly(sim: &mut Sim) -> String {
    let bad = release(sim, "v1", "v2", Some("0.25"));
    sim.until("v2 is applied", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    bad
}

/// Whether every pod is of the stable revision again, with all of them ready, and the update is aborted.
pub fn is_safe(sim: &Sim) -> bool {
    sim.witness.look(|w| {
        let rollout = w.get("Rollout", "shop", "web");
        let stable = text(rollout, "/status/stableRS");
        let sets = w.sets(rollout);
        let ready: i64 = sets.iter().filter(|s| hash_of(s) == stable).map(|s| w.ready(s)).sum();
        let others: usize = sets.iter().filter(|s| hash_of(s) != stable).map(|s| w.pods(s).len()).sum();
        rollout["status"]["abort"] == true && ready == desired(rollout) && others == 0
    })
}

/// How many commits a revert says it takes back.
pub fn names(message: &str) -> usize {
    message.matches("This reverts commit ").count()
}

fn config(value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: other, namespace: shop}}\ndata: {{value: '{value}'}}\n"
    )
}

#[test]
fn git_is_away_when_a_revision_goes_back() {
    simulate(async {
        let mut sim = settled().await;
        let good = sim.repo.head();
        let bad = climbs_badly(&mut sim).await;
        sim.repo.weather(|w| w.away = true);
        sim.until("the cluster is safe", is_safe).await;
        sim.wait(120).await;
        assert!(is_safe(&sim) && sim.repo.head() == bad, "safe, and nothing is pushed");
        assert_eq!(sim.problems().len(), 1, "told once: {:?}", sim.problems());
        sim.repo.weather(|w| w.away = false);
        sim.settles_at("v1").await;
        sim.rest().await;
        assert_eq!(sim.reverts().len(), 1);
        assert_eq!(sim.repo.files_of(&sim.repo.head()), sim.repo.files_of(&good));
    });
}

#[test]
fn pushes_are_refused_until_they_are_allowed() {
    simulate(async {
        let mut sim = settled().await;
        let bad = climbs_badly(&mut sim).await;
        sim.repo.weather(|w| w.refuses = Some("the branch is protected".into()));
        sim.until("applied from here", |s| s.is_healthy_at("v1")).await;
        sim.wait(120).await;
        assert_eq!(sim.repo.head(), bad);
        let told: Vec<String> = sim.problems().into_iter().filter(|p| p.contains("protected")).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        sim.repo.weather(|w| w.refuses = None);
        sim.settles_at("v1").await;
        sim.rest().await;
        assert_eq!(sim.reverts().len(), 1);
    });
}

#[test]
fn an_engine_that_starts_anew_still_keeps_out_what_could_not_be_pushed_back() {
    simulate(async {
        let mut sim = settled().await;
        climbs_badly(&mut sim).await;
        sim.repo.weather(|w| w.refuses = Some("the branch is protected".into()));
        sim.until("applied from here", |s| s.is_healthy_at("v1")).await;
        sim.stop().await;
        sim.start();
        sim.wait(60).await;
        assert!(sim.is_healthy_at("v1"), "the bad commit was applied again");
        sim.repo.weather(|w| w.refuses = None);
        sim.settles_at("v1").await;
        sim.rest().await;
        assert_eq!(sim.reverts().len(), 1);
    });
}

#[test]
fn somebody_pushes_at_the_same_moment() {
    simulate(async {
        let mut sim = settled().await;
        climbs_badly(&mut sim).await;
        let rival = |n: &str| (format!("other: {n}"), "other.yaml".to_owned(), config(n));
        sim.repo.weather(|w| w.rivals = vec![rival("1"), rival("2")]);
        sim.settles_at("v1").await;
        sim.rest().await;
        assert_eq!(sim.reverts().len(), 1);
        assert_eq!(sim.repo.log().len(), 5, "both commits of the others are kept");
        assert_eq!(sim.repo.text("other.yaml"), config("2"));
        assert_eq!(
            sim.witness.look(|w| text(w.get("ConfigMap", "shop", "other"), "/data/value").to_owned()),
            "2"
        );
    });
}

#[test]
fn later_good_commits_are_kept() {
    simulate(async {
        let mut sim = settled().await;
        let bad = climbs_badly(&mut sim).await;
        let good = sim.repo.push_as("Rita", "other: 1", &[("other.yaml", Some(config("1")))]);
        sim.settles_at("v1").await;
        sim.rest().await;
        let reverts = sim.reverts();
        assert_eq!((reverts.len(), names(&reverts[0].message)), (1, 1));
        assert!(reverts[0].message.contains(&bad) && !reverts[0].message.contains(&good));
        assert_eq!(sim.repo.text("other.yaml"), config("1"));
    });
}

#[test]
fn all_commits_since_the_last_healthy_one_go_back_in_one() {
    simulate(async {
        let mut sim = settled().await;
        let greeting = |words: &str, to: &str| with(&sim.repo.text("web/config.yaml"), words, to);
        let first = sim.repo.push_as("Ada", "greet", &[("web/config.yaml", Some(greeting("welcome", "hi")))]);
        sim.until("it is applied", |s| s.applied() == first).await; // and the shop is well with it: it stays
        let bad = climbs_badly(&mut sim).await;
        let greeting = with(&sim.repo.text("web/config.yaml"), "hi", "hello");
        let last = sim.repo.push_as("Bob", "greet again", &[("web/config.yaml", Some(greeting))]);
        sim.settles_at("v1").await;
        sim.rest().await;
        let reverts = sim.reverts();
        assert_eq!((reverts.len(), names(&reverts[0].message)), (1, 2), "{}", reverts[0].message);
        assert!(!reverts[0].message.contains(first.as_str()));
        for commit in [&bad, &last] {
            assert!(reverts[0].message.contains(commit.as_str()));
        }
        assert_eq!(sim.repo.files_of(&sim.repo.head()), sim.repo.files_of(&first));
    });
}

#[test]
fn a_conflict_is_left_to_people() {
    simulate(async {
        let mut sim = settled().await;
        let bad = climbs_badly(&mut sim).await;
        let image = "image: example/web:v2";
        let noted = with(&sim.repo.text("web/rollout.yaml"), image, &format!("{image} # the new one"));
        let later = sim.repo.push_as("Rita", "a note", &[("web/rollout.yaml", Some(noted))]);
        sim.until("the cluster is safe", is_safe).await;
        sim.wait(120).await;
        assert!(is_safe(&sim) && sim.repo.head() == later, "nothing is forced");
        let told: Vec<String> =
            sim.problems().into_iter().filter(|p| p.contains("cannot be reverted")).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(&format!("git revert {}", &bad[..7])) && told[0].contains("web/rollout.yaml")
        );
        let fixed = with(&sim.repo.text("web/rollout.yaml"), "example/web:v2", "example/web:v3");
        let fixed = with(&fixed, "0.25", "0.02");
        sim.repo.push_as("Ada", "web: v3, a fix", &[("web/rollout.yaml", Some(fixed))]);
        sim.settles_at("v3 # the new one".trim_end_matches(" # the new one")).await;
        sim.rest().await;
        assert!(sim.reverts().is_empty());
    });
}

#[test]
fn people_who_revert_our_revert_are_obeyed_once() {
    simulate(async {
        let mut sim = settled().await;
        climbs_badly(&mut sim).await;
        sim.settles_at("v1").await;
        let revert = sim.repo.head();
        let again = sim.repo.revert_as("Ada", &revert);
        sim.until("it climbs again", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
        sim.settles_at("v1").await;
        sim.rest().await;
        let reverts = sim.reverts();
        assert_eq!(reverts.len(), 2);
        assert!(
            reverts[0].message.contains(&format!("This reverts commit {again}.")),
            "{}",
            reverts[0].message
        );
        assert_eq!(names(&reverts[0].message), 1);
    });
}

#[test]
fn a_branch_rewritten_by_force_is_followed_and_not_guessed_about() {
    simulate(async {
        let mut sim = settled().await;
        climbs_badly(&mut sim).await;
        let mut files = sim.repo.files_of(&sim.repo.head());
        files.insert("other.yaml".to_owned(), config("1").into());
        let head = sim.repo.replace("history anew", &files);
        sim.until("the cluster is safe", is_safe).await;
        sim.wait(60).await;
        assert!(is_safe(&sim) && sim.repo.head() == head);
        let told = sim.problems().into_iter().filter(|p| p.contains("must go back")).count();
        assert_eq!(told, 1, "{:?}", sim.problems());
        assert!(!sim.told.iter().any(|t| matches!(t, Notice::Reverted { .. })));
        let fixed = with(&sim.repo.text("web/rollout.yaml"), "0.25", "0.02");
        sim.repo.push_as("Ada", "a fix", &[("web/rollout.yaml", Some(fixed))]);
        sim.settles_at("v2").await;
        sim.rest().await;
    });
}
