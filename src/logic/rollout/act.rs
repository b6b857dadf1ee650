//! Decides what a user's word (promote, abort, retry, pause, restart) writes: the patches of Argo Rollouts' own
//! command line. It never decides what the controller makes of them.

use crate::api::names;
use crate::api::rollout::Rollout;
use crate::api::run::Phase;
use crate::api::time::Time;
use crate::api::write::{Patch, Target, Write};
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::phase;
use serde_json::{Value, json};

/// A user's word about one Rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Go on: end the pause, or leave the present step.
    Promote,
    /// Go to the end at once, without pauses and analyses.
    PromoteFull,
    /// Go back to the stable revision.
    Abort,
    /// Try an aborted revision again.
    Retry,
    /// Stay at the present step.
    Pause,
    /// Replace every pod that is older than this.
    Restart(Time),
}

/// What a word amounts to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// Writes to be made, in this order, and what they do in words.
    Writes(Vec<Write>, String),
    /// Nothing, and why.
    Nothing(String),
}

/// The writes that `act` makes to `rollout`
/// (source: pkg/kubectl-argo-rollouts/cmd: abort, pause, promote, restart, retry; the bodies of their patches).
#[must_use]
pub(crate) fn writes(rollout: &Rollout, act: Act) -> Said {
    match act {
        Act::Promote => promote(rollout),
        Act::PromoteFull => promote_full(rollout),
        Act::Abort => abort(rollout),
        Act::Retry if !rollout.status.abort => Said::Nothing("it is not aborted".to_owned()),
        Act::Retry => {
            Said::Writes(vec![status(rollout, json!({"abort": false}))], "is tried again".to_owned())
        }
        Act::Pause if rollout.spec.paused => Said::Nothing("it is paused already".to_owned()),
        Act::Pause => Said::Writes(vec![spec(rollout, json!({"paused": true}))], "paused".to_owned()),
        Act::Restart(at) => {
            let body = json!({"restartAt": at});
            Said::Writes(vec![spec(rollout, body)], format!("restarts its pods older than {at}"))
        }
    }
}

fn target(rollout: &Rollout) -> Target {
    Target::new(names::ARGO, "Rollout", &rollout.metadata.namespace, &rollout.metadata.name)
}

fn patch(rollout: &Rollout, subresource: &'static str, body: Value) -> Write {
    Write::Patch { target: target(rollout), subresource, patch: Patch::Merge(body), expect: None }
}

fn status(rollout: &Rollout, body: Value) -> Write {
    patch(rollout, "status", json!({"status": body}))
}

fn spec(rollout: &Rollout, body: Value) -> Write {
    patch(rollout, "", json!({"spec": body}))
}

fn is_settled(rollout: &Rollout) -> bool {
    phase::is_fully_promoted(&rollout.status) && !rollout.status.stable_rs.is_empty()
}

fn abort(rollout: &Rollout) -> Said {
    if rollout.status.abort {
        return Said::Nothing("it is aborted already".to_owned());
    }
    if is_settled(rollout) {
        return Said::Nothing("its stable revision is the current one; there is nothing to abort".to_owned());
    }
    Said::Writes(vec![status(rollout, json!({"abort": true}))], "aborted".to_owned())
}

/// The index after the present step; none for blue-green and for canaries without steps.
fn step_after(rollout: &Rollout) -> Option<i32> {
    let canary = rollout.spec.strategy.canary.as_ref()?;
    let count = canary.step_count();
    (count > 0).then(|| (rollout.status.current_step_index.unwrap_or(0) + 1).min(count))
}

/// Whether the pause is there because an analysis came to no conclusion
/// (source: pkg/kubectl-argo-rollouts/cmd/promote/promote.go, `isInconclusive`).
fn waits_for_judgement(rollout: &Rollout) -> bool {
    let status = &rollout.status;
    let runs = [Purpose::Step, Purpose::Background].map(|p| p.named(status));
    let inconclusive = runs.into_iter().flatten().any(|r| r.phase() == Some(Phase::Inconclusive));
    status.controller_pause && inconclusive && !status.pause_conditions.is_empty()
}

/// (source: pkg/kubectl-argo-rollouts/cmd/promote/promote.go; the bodies of its patches)
fn promote(rollout: &Rollout) -> Said {
    let old = &rollout.status;
    let mut writes = Vec::new();
    let mut words = Vec::new();
    if rollout.spec.paused {
        writes.push(spec(rollout, json!({"paused": false})));
        words.push("unpaused".to_owned());
    }
    if is_settled(rollout) && old.pause_conditions.is_empty() {
        return match words.is_empty() {
            true => Said::Nothing("its current revision is the stable one already".to_owned()),
            false => Said::Writes(writes, words.join(", ")),
        };
    }
    let next = step_after(rollout);
    if waits_for_judgement(rollout) {
        let mut body = json!({"pauseConditions": null, "controllerPause": false});
        if let (Some(next), Some(map)) = (next, body.as_object_mut()) {
            map.insert("currentStepIndex".to_owned(), json!(next));
        }
        writes.push(status(rollout, body));
        words.push("goes on after an inconclusive analysis".to_owned());
    } else if !old.pause_conditions.is_empty() {
        writes.push(status(rollout, json!({"pauseConditions": null})));
        words.push("goes on".to_owned());
    } else if let Some(next) = next {
        writes.push(status(rollout, json!({"pauseConditions": null, "currentStepIndex": next})));
        words.push(format!("leaves step {next}"));
    }
    if writes.is_empty() {
        return Said::Nothing("it is not paused and has no steps to leave".to_owned());
    }
    Said::Writes(writes, words.join(", "))
}

fn promote_full(rollout: &Rollout) -> Said {
    let mut writes = Vec::new();
    if rollout.spec.paused {
        writes.push(spec(rollout, json!({"paused": false})));
    }
    if !is_settled(rollout) {
        writes.push(status(rollout, json!({"promoteFull": true})));
    }
    if writes.is_empty() {
        return Said::Nothing("its current revision is the stable one already".to_owned());
    }
    Said::Writes(writes, "is promoted at once, without pauses and analyses".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(spec: &Value, status: &Value) -> Rollout {
        let mut whole =
            json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec, "status": status});
        if whole.pointer("/spec/strategy").is_none() {
            whole["spec"]["strategy"] = json!({"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}});
        }
        serde_json::from_value(whole).unwrap()
    }

    fn bodies(rollout: &Rollout, act: Act) -> Vec<(&'static str, Value)> {
        let Said::Writes(writes, _) = writes(rollout, act) else { return Vec::new() };
        let body = |w: Write| match w {
            Write::Patch { subresource, patch: Patch::Merge(body), .. } => (subresource, body),
            other => panic!("{other:?}"),
        };
        writes.into_iter().map(body).collect()
    }

    #[test]
    fn promote_ends_a_pause_and_else_leaves_the_step() {
        let climbing = json!({"currentPodHash": "b", "stableRS": "a", "currentStepIndex": 1});
        let mut paused = climbing.clone();
        paused["pauseConditions"] =
            json!([{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]);
        paused["controllerPause"] = json!(true);
        let clears = ("status", json!({"status": {"pauseConditions": null}}));
        assert_eq!(bodies(&rollout(&json!({}), &paused), Act::Promote), [clears]);
        let skips = ("status", json!({"status": {"pauseConditions": null, "currentStepIndex": 2}}));
        assert_eq!(bodies(&rollout(&json!({}), &climbing), Act::Promote), [skips]);
        let unpauses = ("", json!({"spec": {"paused": false}}));
        assert_eq!(bodies(&rollout(&json!({"paused": true}), &paused), Act::Promote)[0], unpauses);
    }

    #[test]
    fn promote_after_an_inconclusive_analysis_leaves_its_step_too() {
        let status = json!({"currentPodHash": "b", "stableRS": "a", "currentStepIndex": 0, "controllerPause": true,
            "pauseConditions": [{"reason": "InconclusiveAnalysisRun", "startTime": "2026-01-01T00:00:00Z"}],
            "canary": {"currentStepAnalysisRunStatus": {"name": "r", "status": "Inconclusive"}}});
        let body =
            json!({"status": {"pauseConditions": null, "controllerPause": false, "currentStepIndex": 1}});
        assert_eq!(bodies(&rollout(&json!({}), &status), Act::Promote), [("status", body)]);
    }

    #[test]
    fn what_is_so_already_writes_nothing() {
        let settled = rollout(&json!({}), &json!({"currentPodHash": "a", "stableRS": "a"}));
        for act in [Act::Promote, Act::PromoteFull, Act::Abort, Act::Retry] {
            assert!(matches!(writes(&settled, act), Said::Nothing(_)), "{act:?}");
        }
        let paused = rollout(&json!({"paused": true}), &json!({}));
        assert!(matches!(writes(&paused, Act::Pause), Said::Nothing(_)));
    }

    #[test]
    fn the_other_words_write_what_argos_command_line_writes() {
        let status = json!({"currentPodHash": "b", "stableRS": "a", "abort": true});
        let aborted = rollout(&json!({}), &status);
        assert_eq!(bodies(&aborted, Act::Retry), [("status", json!({"status": {"abort": false}}))]);
        let climbing = rollout(&json!({}), &json!({"currentPodHash": "b", "stableRS": "a"}));
        assert_eq!(bodies(&climbing, Act::Abort), [("status", json!({"status": {"abort": true}}))]);
        assert_eq!(
            bodies(&climbing, Act::PromoteFull),
            [("status", json!({"status": {"promoteFull": true}}))]
        );
        let at = Time::parse("2026-01-01T00:00:00Z").unwrap();
        let body = json!({"spec": {"restartAt": "2026-01-01T00:00:00Z"}});
        assert_eq!(bodies(&climbing, Act::Restart(at)), [("", body)]);
    }
}
