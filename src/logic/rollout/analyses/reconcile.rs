//! Decides one pass over the analyses of a Rollout: the run that is current for each purpose, and what its end
//! means. It never measures; `logic::analysis` decides what a run does.

use crate::api::analysis::AnalysisRef;
use crate::api::event::EventReason;
use crate::api::names;
use crate::api::phase::PauseReason;
use crate::api::run::Phase;
use crate::api::status::RunStatus;
use crate::api::step::Step;
use crate::logic::rollout::abort::AbortCause;
use crate::logic::rollout::analyses::create::create;
use crate::logic::rollout::analyses::due::{current, is_skipped};
use crate::logic::rollout::analyses::history::{forget_old, is_ahead, stop_all_but};
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::AnalysisRunRow;

/// Makes, stops and forgets runs as the moment asks. Answers whether an undecided run pauses the Rollout, so
/// that the pass ends here (source: rollout/analysis.go, `reconcileAnalysisRuns`).
pub(crate) fn reconcile(builder: &mut Builder<'_>) -> bool {
    let none_wanted = builder.is_aborted()
        || builder.old().promote_full
        || builder.is_fast_rollback()
        || builder.old().stable_rs.is_empty();
    if none_wanted {
        let kept = keep_slots(builder);
        stop_all_but(builder, &[]);
        forget_old(builder, &kept);
        return false;
    }
    let mut kept = Vec::new();
    for (purpose, reference) in wanted(builder) {
        let reference = reference.filter(|r| !r.templates.is_empty());
        let before = purpose.named(&builder.status).cloned();
        let run = reconcile_one(builder, purpose, reference);
        report(builder, purpose, before.as_ref(), run.as_ref());
        kept.extend(run.iter().map(|r| r.name.clone()));
        *purpose.slot(&mut builder.status) = run;
    }
    let mut spared = kept.clone();
    spared
        .extend(builder.analysis_runs().iter().filter(|r| is_ahead(builder, r)).map(|r| r.meta.name.clone()));
    stop_all_but(builder, &spared);
    forget_old(builder, &kept);
    builder.canary().is_some() && builder.intent.begins_a_pause()
}

/// What the strategy measures for, with the analysis it asks for now.
fn wanted<'v>(builder: &Builder<'v>) -> Vec<(Purpose, Option<&'v AnalysisRef>)> {
    if let Some(canary) = builder.canary() {
        let index = builder.old().current_step_index.unwrap_or(0);
        let step = usize::try_from(index).ok().and_then(|i| canary.steps.get(i));
        let background = canary.analysis.as_ref().map(|b| &b.analysis);
        return vec![(Purpose::Step, step.and_then(Step::analysis)), (Purpose::Background, background)];
    }
    let Some(strategy) = builder.blue_green() else { return Vec::new() };
    vec![
        (Purpose::PrePromotion, strategy.pre_promotion_analysis.as_ref()),
        (Purpose::PostPromotion, strategy.post_promotion_analysis.as_ref()),
    ]
}

fn status_of(run: &AnalysisRunRow) -> RunStatus {
    RunStatus::new(&run.meta.name, run.phase, &run.message)
}

/// The run that is current for `purpose` from now on.
fn reconcile_one(
    builder: &mut Builder<'_>,
    purpose: Purpose,
    reference: Option<&AnalysisRef>,
) -> Option<RunStatus> {
    let present = current(builder, purpose);
    if purpose == Purpose::Step && !builder.old().pause_conditions.is_empty() {
        return present.map(status_of);
    }
    let reference = reference?;
    if is_skipped(builder, purpose, present.is_some()) {
        return present.filter(|_| purpose.is_blue_green()).map(status_of);
    }
    let index = builder.old().current_step_index.unwrap_or(0);
    if let (Purpose::Step, Some(run)) = (purpose, present)
        && run.meta.labels.get(names::STEP_INDEX) != Some(&index.to_string())
    {
        return None; // it belongs to a step before; the next pass makes the one of this step
    }
    if builder.pause(&PauseReason::InconclusiveAnalysisRun).is_some() {
        return present.map(status_of);
    }
    let Some(run) = present.filter(|run| !needs_another(builder, run)) else {
        return create(builder, purpose, reference);
    };
    match run.phase {
        Phase::Inconclusive if is_let_pass(builder, purpose, run) => {}
        Phase::Inconclusive => builder.intent.begin_pause(PauseReason::InconclusiveAnalysisRun),
        Phase::Error | Phase::Failed => {
            builder.intent.abort(AbortCause::Analysis { purpose, message: run.message.clone() });
        }
        Phase::Successful | Phase::Running | Phase::Pending => {}
    }
    Some(status_of(run))
}

/// Whether a run is to be repeated: after an undecided one that a user let pass, and after an abort
/// (source: rollout/analysis.go, `needsNewAnalysisRun`).
fn needs_another(builder: &Builder<'_>, run: &AnalysisRunRow) -> bool {
    let resumed = builder.old().controller_pause
        && builder.pause(&PauseReason::CanaryPauseStep).is_none()
        && builder.pause(&PauseReason::BlueGreenPause).is_none();
    if resumed { run.phase == Phase::Inconclusive } else { builder.old().aborted_at.is_some() }
}

/// Whether a user has let this undecided run pass: the status that called it so also began the pause, and the pause is
/// over. That stands to the end, since the run never says anything else. Nothing but an analysis beside the steps can
/// be let pass so; the others are what their step or switch waits for.
fn is_let_pass(builder: &Builder<'_>, purpose: Purpose, run: &AnalysisRunRow) -> bool {
    let said = purpose.named(builder.old()).filter(|s| s.name == run.meta.name);
    purpose == Purpose::Background && said.is_some_and(|s| s.phase() == Some(Phase::Inconclusive))
}

/// Refreshes what the status says of the runs it names, which it goes on to name: blue-green always, a canary while it is
/// aborted, as the run is what tells why. Answers their names.
fn keep_slots(builder: &mut Builder<'_>) -> Vec<String> {
    let is_aborted = builder.is_aborted();
    let mut named = Vec::new();
    for purpose in Purpose::ALL {
        let run = current(builder, purpose).map(status_of);
        named.extend(run.iter().map(|r| r.name.clone()));
        *purpose.slot(&mut builder.status) = run.filter(|_| is_aborted || purpose.is_blue_green());
    }
    named
}

/// Emits an event when a run has changed its phase (source: rollout/analysis.go, `emitAnalysisRunStatusChanges`).
fn report(builder: &mut Builder<'_>, purpose: Purpose, before: Option<&RunStatus>, now: Option<&RunStatus>) {
    let Some(now) = now.filter(|n| !n.status.is_empty()) else { return };
    let Some(phase) = now.phase() else { return };
    let same_run = before.is_some_and(|b| b.name == now.name);
    if before.is_some_and(|b| !same_run || b.status == now.status) {
        return;
    }
    let was = before.map_or("NoPreviousStatus", |b| b.status.as_str());
    let message = format!(
        "{} Analysis Run '{}' Status New: '{}' Previous: '{was}'",
        purpose.label(),
        now.name,
        now.status
    );
    let reason = EventReason::of_run(phase);
    match phase {
        Phase::Failed | Phase::Error => builder.warn(reason, message),
        _ => builder.event(reason, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::builder::Op;
    use crate::logic::rollout::view::{ReplicaSet, View};
    use serde_json::json;
    use std::sync::Arc;

    /// A canary at step `index` of two, the second an analysis whose run is there.
    fn view(index: i32) -> View {
        let strategy = json!({"canary": {"steps": [{"pause": {"duration": 5}}, {"analysis": {}}]}});
        let rollout = json!({
            "metadata": {"name": "web", "annotations": {(names::REVISION): "2"}},
            "spec": {"strategy": strategy},
            "status": {"currentStepIndex": index, "stableRS": "a", "currentPodHash": "b"},
        });
        let mut run = AnalysisRunRow::default();
        run.meta.name = "web-b-2-1".to_owned();
        run.meta.annotations.insert(names::REVISION.to_owned(), "2".to_owned());
        for (key, value) in [(names::POD_HASH, "b"), (names::RUN_TYPE, "Step"), (names::STEP_INDEX, "1")] {
            run.meta.labels.insert(key.to_owned(), value.to_owned());
        }
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            pod_hash: "b".to_owned(),
            replica_sets: vec![ReplicaSet { hash: "b".to_owned(), ..ReplicaSet::default() }],
            analysis_runs: vec![run],
            ..View::default()
        }
    }

    fn stops(view: &View) -> bool {
        let mut builder = Builder::new(view, jiff::Timestamp::UNIX_EPOCH);
        reconcile(&mut builder);
        builder.ops().contains(&Op::StopAnalysisRun(0))
    }

    /// A canary whose analysis in the background has ended undecided, which the status does or does not say yet.
    fn undecided(status: serde_json::Value) -> View {
        let templates = json!([{"templateName": "errors"}]);
        let strategy = json!({"canary": {"analysis": {"templates": templates}, "steps": [{"setWeight": 5}]}});
        let mut view = view(0);
        let rollout = Arc::make_mut(&mut view.rollout);
        Arc::make_mut(&mut rollout.spec).strategy = serde_json::from_value(strategy).unwrap();
        let slot = json!({"name": "web-b-2", "status": status});
        rollout.status.canary =
            serde_json::from_value(json!({"currentBackgroundAnalysisRunStatus": slot})).unwrap();
        view.analysis_runs[0] = AnalysisRunRow { phase: Phase::Inconclusive, ..AnalysisRunRow::default() };
        view.analysis_runs[0].meta.name = "web-b-2".to_owned();
        view
    }

    #[test]
    fn an_undecided_run_pauses_once_and_not_again_after_a_user_has_let_it_pass() {
        let pauses = |view: &View| {
            let mut builder = Builder::new(view, jiff::Timestamp::UNIX_EPOCH);
            let ends_the_pass = reconcile(&mut builder);
            assert!(builder.ops().is_empty(), "no run is made or stopped: {:?}", builder.ops());
            assert_eq!(Purpose::Background.named(&builder.status).unwrap().status, "Inconclusive");
            ends_the_pass
        };
        assert!(pauses(&undecided(json!("Running"))), "it has just ended");
        assert!(pauses(&undecided(json!(""))), "it ended before it was looked at");
        assert!(
            !pauses(&undecided(json!("Inconclusive"))),
            "the pause that was begun with this word is over"
        );
    }

    #[test]
    fn the_run_of_a_later_step_is_not_stopped_by_an_old_status() {
        assert!(!stops(&view(0)), "the status is older than the run; stopped it would count as passed");
        assert!(stops(&view(2)), "the step is behind us");
        let mut other = view(0);
        other.analysis_runs[0].meta.labels.insert(names::POD_HASH.to_owned(), "c".to_owned());
        assert!(stops(&other), "it measures another revision");
        let mut aborted = view(0);
        Arc::make_mut(&mut aborted.rollout).status.abort = true;
        assert!(stops(&aborted), "after an abort nothing is measured");
    }

    /// Finished runs of revision `b` beside the one that the status names.
    fn finished(view: &mut View, count: usize) {
        for n in 0..count {
            let mut run = AnalysisRunRow { phase: Phase::Successful, ..AnalysisRunRow::default() };
            run.meta.name = format!("web-b-1.{n}");
            run.meta.labels.insert(names::POD_HASH.to_owned(), "b".to_owned());
            view.analysis_runs.push(run);
        }
    }

    #[test]
    fn old_runs_are_forgotten_whatever_becomes_of_the_update() {
        for patch in [json!({"abort": true}), json!({"promoteFull": true}), json!({"stableRS": "b"})] {
            let mut view = view(1);
            finished(&mut view, 7);
            let status = serde_json::to_value(&view.rollout.status).unwrap();
            let status = crate::merge::json::apply(&status, &patch);
            Arc::make_mut(&mut view.rollout).status = serde_json::from_value(status).unwrap();
            let mut builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
            reconcile(&mut builder);
            let gone = builder.ops().iter().filter(|op| matches!(op, Op::DeleteAnalysisRun(_))).count();
            assert_eq!(gone, 2, "{patch}: five of seven stay");
        }
    }

    #[test]
    fn a_canary_names_its_run_no_longer_than_something_depends_on_it() {
        let named = |patch: serde_json::Value| {
            let mut view = undecided(json!("Running"));
            let status = serde_json::to_value(&view.rollout.status).unwrap();
            let status = crate::merge::json::apply(&status, &patch);
            Arc::make_mut(&mut view.rollout).status = serde_json::from_value(status).unwrap();
            let mut builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
            reconcile(&mut builder);
            Purpose::Background.named(&builder.status).is_some()
        };
        assert!(named(json!({"abort": true})), "it says why");
        assert!(!named(json!({"promoteFull": true})) && !named(json!({"stableRS": "b"})));
    }
}
