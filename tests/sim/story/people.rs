//! What people do to a climb: abort it, undo it, try it again, resize it, let it pass.
//! It never depends on how the engine is told.

use crate::rig::{Sim, simulate};
use crate::shop::{blue_green, canary, may_be_undecided, with};
use crate::story::canary::release;
use crate::story::going_back::{climbs_badly, is_safe, settled};
use crate::trouble::Plan;
use crate::weather::Weather;
use crate::world::{desired, number, text};
use serde_json::{Value, json};
use std::time::Duration;
use switchback::api::names;

const ROLLOUT: (&str, &str) = (names::ARGO, "Rollout");

fn paused_at(sim: &Sim, reason: &str) -> bool {
    sim.rollout(|r| text(r, "/status/pauseConditions/0/reason") == reason)
}

#[test]
fn a_user_aborts_and_git_follows() {
    simulate(async {
        let mut sim = settled().await;
        let bad = release(&sim, "v1", "v2", None);
        sim.until("it pauses", |s| paused_at(s, "CanaryPauseStep")).await;
        sim.edit_status(|s| s["abort"] = json!(true));
        sim.settles_at("v1").await;
        sim.rest().await;
        let reverts = sim.reverts();
        assert_eq!(reverts.len(), 1);
        assert!(reverts[0].message.contains(&bad) && reverts[0].message.contains("aborted by a user"));
    });
}

/// A user aborts and tries again once Git was asked for `time` with what `slow` makes slow: nothing is taken back, and the
/// revision climbs. Git is away until the cluster is safe if `is_away`, so that it is asked with all that makes a revert due.
fn retried_meanwhile(is_away: bool, slow: fn(&mut Weather, Duration), seconds: u64) {
    simulate(async {
        let mut sim = settled().await;
        let head = release(&sim, "v1", "v2", None);
        sim.until("it pauses", |s| paused_at(s, "CanaryPauseStep")).await;
        let slowly = |w: &mut Weather| slow(w, Duration::from_secs(120));
        sim.repo.weather(|w| if is_away { w.away = true } else { slowly(w) });
        sim.edit_status(|s| s["abort"] = json!(true));
        sim.until("the cluster is safe and Git is asked", is_safe).await;
        let before = sim.repo.asked();
        sim.repo.weather(|w| {
            w.away = false;
            slowly(w);
        });
        sim.wait(seconds).await;
        sim.repo.weather(|w| slow(w, Duration::ZERO));
        sim.edit_status(|s| {
            s.as_object_mut().unwrap().remove("abort");
        });
        sim.settles_at("v2").await;
        sim.wait(120).await; // until that has ended, too
        sim.rest().await;
        assert!(sim.repo.asked() > before, "Git was asked while it was aborted");
        assert_eq!((sim.repo.head(), sim.reverts().len()), (head, 0), "{:?}", sim.reverts());
    });
}

#[test]
fn a_retry_while_git_is_fetched_is_obeyed() {
    retried_meanwhile(true, |weather, time| weather.fetch_takes = time, 60);
}

#[test]
fn a_retry_while_the_revert_is_made_is_obeyed() {
    retried_meanwhile(false, |weather, time| weather.undo_takes = time, 20);
}

#[test]
fn a_missed_deadline_goes_back() {
    simulate(async {
        let mut files = canary();
        let text = String::from_utf8(files["web/rollout.yaml"].to_vec()).unwrap();
        let deadline = "  progressDeadlineSeconds: 15\n  progressDeadlineAbort: true\n  replicas: 5";
        files.insert("web/rollout.yaml".to_owned(), with(&text, "  replicas: 5", deadline).into());
        let mut sim = Sim::new(&Plan::default(), &files).await;
        sim.settles_at("v1").await;
        let stuck = with(&sim.repo.text("web/rollout.yaml"), "web:v1", "web:v2");
        let note = "annotations:\n        sandbox.switchback.dev/ready: \"false\"";
        let stuck = with(&stuck, "annotations:", note);
        sim.repo.push_as("Bob", "web: v2", &[("web/rollout.yaml", Some(stuck))]);
        sim.until("it is tried", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
        sim.settles_at("v1").await;
        sim.rest().await;
        let message = &sim.reverts()[0].message;
        assert!(message.contains("no progress for 15 s"), "{message}");
        assert_eq!(sim.reverts().len(), 1);
    });
}

#[test]
fn an_undo_goes_back_in_git() {
    simulate(async {
        let mut sim = settled().await;
        let old = sim.rollout(|r| r["spec"]["template"].clone());
        let bad = release(&sim, "v1", "v2", None);
        sim.settles_at("v2").await;
        sim.edit(ROLLOUT, "web", |r| {
            r["metadata"]["annotations"][names::UNDO] = json!("2->1");
            r["spec"]["template"] = old;
        });
        sim.settles_at("v1").await;
        sim.rest().await;
        assert_eq!(sim.reverts().len(), 1);
        assert!(sim.reverts()[0].message.contains(&bad));
        assert_eq!(sim.rollout(|r| r["metadata"]["annotations"].get(names::UNDO).cloned()), None);
    });
}

#[test]
fn without_rollback_git_is_left_alone_and_a_retry_climbs_anew() {
    simulate(async {
        let mut sim = settled().await;
        sim.stop().await;
        sim.rollback = false;
        sim.start();
        let bad = climbs_badly(&mut sim).await;
        sim.until("the cluster is safe", is_safe).await;
        sim.wait(60).await;
        assert!(is_safe(&sim));
        let runs = |s: &Sim| s.witness.look(|w| w.all("AnalysisRun").count());
        let before = runs(&sim);
        sim.edit_status(|s| {
            s.as_object_mut().unwrap().remove("abort");
        });
        sim.until("it climbs anew", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
        sim.until("it fails anew", is_safe).await;
        sim.rest().await;
        assert_eq!(runs(&sim), before + 1, "a retry is measured anew");
        assert_eq!((sim.repo.head(), sim.reverts().len()), (bad, 0));
    });
}

fn resized(to: i64) {
    simulate(async {
        let mut sim = settled().await;
        release(&sim, "v1", "v2", None);
        sim.until("it pauses", |s| paused_at(s, "CanaryPauseStep")).await;
        sim.edit(ROLLOUT, "web", |r| {
            r["metadata"]["annotations"][names::DRIFT] = json!("ignore");
            r["spec"]["replicas"] = json!(to);
        });
        sim.settles_at("v2").await;
        sim.rest().await;
        assert_eq!(sim.rollout(desired), to);
    });
}

#[test]
fn a_user_makes_it_larger_on_the_way() {
    resized(8);
}

#[test]
fn a_user_makes_it_smaller_on_the_way() {
    resized(3);
}

#[test]
fn an_undecided_analysis_waits_for_a_user() {
    simulate(async {
        let mut files = canary();
        may_be_undecided(&mut files);
        let mut sim = Sim::new(&Plan::default(), &files).await;
        sim.settles_at("v1").await;
        release(&sim, "v1", "v2", Some("0.1"));
        sim.until("it waits", |s| paused_at(s, "InconclusiveAnalysisRun")).await;
        sim.wait(60).await;
        assert!(paused_at(&sim, "InconclusiveAnalysisRun"));
        assert_eq!(sim.rollout(|r| number(r, "/status/updatedReplicas")), 1);
        sim.edit_status(|s| {
            let index = s["currentStepIndex"].as_i64().unwrap();
            s["pauseConditions"] = Value::Null;
            s["controllerPause"] = json!(false);
            s["currentStepIndex"] = json!(index + 1);
        });
        sim.settles_at("v2").await;
        sim.rest().await;
    });
}

#[test]
fn the_inventory_may_live_in_a_namespace_that_the_first_commit_brings() {
    simulate(async {
        let mut sim = Sim::at_home(&Plan::default(), &canary(), "shop").await;
        sim.settles_at("v1").await;
        sim.rest().await;
        assert_eq!(sim.problems(), Vec::<String>::new());
    });
}

#[test]
fn a_long_history_stays_within_its_limit() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &blue_green("prePromotionAnalysis")).await;
        sim.settles_at("v1").await;
        for n in 1..6 {
            release(&sim, &format!("v{n}"), &format!("v{}", n + 1), None);
            sim.settles_at(&format!("v{}", n + 1)).await;
        }
        sim.rest().await;
        let sets = sim.witness.look(|w| w.all("ReplicaSet").count());
        assert_eq!(sets, 3, "the stable one and two more");
    });
}
