//! Decides which AnalysisRuns a Rollout needs now, and what their ends mean for it.
//! It never measures; `logic::analysis` decides what a run does.

use crate::api::analysis::AnalysisRef;
use crate::api::names;
use crate::api::run::{Phase, RunSpec};
use crate::api::status::RunStatus;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::{args, compose};
use crate::logic::rollout::phase::is_fully_promoted;
use crate::logic::rollout::revision;
use crate::logic::rollout::view::Run;
use crate::logic::rollout::work::{BLUE_GREEN_PAUSE, CANARY_PAUSE, INCONCLUSIVE, Op, Work};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Step(i32),
    Background,
    PrePromotion,
    PostPromotion,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Step(_) => "Step",
            Self::Background => "Background",
            Self::PrePromotion => "PrePromotion",
            Self::PostPromotion => "PostPromotion",
        }
    }

    fn suffix(self) -> String {
        match self {
            Self::Step(index) => format!("-{index}"),
            Self::Background => String::new(),
            Self::PrePromotion => "-pre".to_owned(),
            Self::PostPromotion => "-post".to_owned(),
        }
    }

    fn failure(self) -> &'static str {
        match self {
            Self::Step(_) => "Step-based analysis phase error/failed",
            Self::Background => "Background analysis phase error/failed",
            Self::PrePromotion => "Blue/green pre-promotion analysis phase error/failed",
            Self::PostPromotion => "Blue/green post-promotion analysis phase error/failed",
        }
    }

    /// Where the status keeps the run.
    fn slot<'s>(self, work: &'s mut Work<'_>) -> &'s mut Option<RunStatus> {
        let status = &mut work.status;
        match self {
            Self::Step(_) => &mut status.canary.current_step_analysis_run_status,
            Self::Background => &mut status.canary.current_background_analysis_run_status,
            Self::PrePromotion => &mut status.blue_green.pre_promotion_analysis_run_status,
            Self::PostPromotion => &mut status.blue_green.post_promotion_analysis_run_status,
        }
    }
}

/// The run that the status at the beginning of the pass names for `purpose`.
fn current<'w>(work: &'w Work<'_>, purpose: Purpose) -> Option<&'w Run> {
    let old = &work.old;
    let named = match purpose {
        Purpose::Step(_) => &old.canary.current_step_analysis_run_status,
        Purpose::Background => &old.canary.current_background_analysis_run_status,
        Purpose::PrePromotion => &old.blue_green.pre_promotion_analysis_run_status,
        Purpose::PostPromotion => &old.blue_green.post_promotion_analysis_run_status,
    };
    let name = &named.as_ref()?.name;
    work.runs.iter().find(|r| r.meta.name == *name)
}

/// Whether the run of the current step has ended well.
#[must_use]
pub fn step_succeeded(work: &Work<'_>) -> bool {
    let named = work.status.canary.current_step_analysis_run_status.as_ref();
    named.is_some_and(|s| s.status == Phase::Successful.word())
}

/// Whether the analysis before the switch, if one is asked for, has ended well.
#[must_use]
pub fn pre_promotion_passed(work: &Work<'_>) -> bool {
    let asked = work.blue_green().is_some_and(|b| b.pre_promotion_analysis.is_some());
    !asked || current(work, Purpose::PrePromotion).is_some_and(|r| r.phase == Phase::Successful)
}

/// Whether the analysis after the switch has ended well.
#[must_use]
pub fn post_promotion_passed(work: &Work<'_>) -> bool {
    current(work, Purpose::PostPromotion).is_some_and(|r| r.phase == Phase::Successful)
}

/// Whether an analysis after the switch is due or under way.
#[must_use]
pub fn post_promotion_is_open(work: &Work<'_>) -> bool {
    let run = current(work, Purpose::PostPromotion);
    !skips_post_promotion(work, run.is_some()) && run.is_none_or(|r| r.phase != Phase::Successful)
}

/// Makes, stops and forgets runs as the moment asks. Answers whether an undecided run pauses the Rollout, so
/// that the pass ends here.
pub fn reconcile(work: &mut Work<'_>) -> bool {
    let none_wanted = work.is_aborted()
        || work.old.promote_full
        || work.steps_back()
        || work.old.stable_rs.is_empty()
        || crate::logic::rollout::canary::is_within_window(work);
    if none_wanted {
        keep_slots(work);
        stop_all_but(work, &[]);
        return false;
    }
    let wanted: Vec<(Purpose, Option<AnalysisRef>)> = if let Some(canary) = work.canary() {
        let index = work.old.current_step_index.unwrap_or(0);
        let step = usize::try_from(index).ok().and_then(|i| canary.steps.get(i));
        let background = canary.analysis.as_ref().map(|b| b.analysis.clone());
        vec![(Purpose::Step(index), step.and_then(|s| s.analysis.clone())), (Purpose::Background, background)]
    } else if let Some(strategy) = work.blue_green() {
        vec![
            (Purpose::PrePromotion, strategy.pre_promotion_analysis.clone()),
            (Purpose::PostPromotion, strategy.post_promotion_analysis.clone()),
        ]
    } else {
        Vec::new()
    };
    let mut kept = Vec::new();
    for (purpose, reference) in wanted {
        let reference = reference.filter(|r| !r.templates.is_empty());
        let before = purpose.slot(work).clone();
        let run = reconcile_one(work, purpose, reference.as_ref());
        report(work, purpose, before.as_ref(), run.as_ref());
        kept.extend(run.iter().map(|r| r.name.clone()));
        *purpose.slot(work) = run;
    }
    let mut spared = kept.clone();
    spared.extend(work.runs.iter().filter(|r| is_ahead(work, r)).map(|r| r.meta.name.clone()));
    stop_all_but(work, &spared);
    forget_old(work, &kept);
    work.canary().is_some() && !work.intent.add_pause.is_empty()
}

/// The run that is current for `purpose` from now on.
fn reconcile_one(
    work: &mut Work<'_>,
    purpose: Purpose,
    reference: Option<&AnalysisRef>,
) -> Option<RunStatus> {
    let present = current(work, purpose).cloned();
    let as_status = |run: &Run| RunStatus {
        name: run.meta.name.clone(),
        status: if run.phase == Phase::Pending { String::new() } else { run.phase.word().to_owned() },
        message: run.message.clone(),
    };
    let waits_at_step = matches!(purpose, Purpose::Step(_)) && !work.old.pause_conditions.is_empty();
    if waits_at_step {
        return present.as_ref().map(as_status);
    }
    let reference = reference?;
    if is_skipped(work, purpose, present.is_some()) {
        return present.filter(|_| is_blue_green(purpose)).as_ref().map(as_status);
    }
    if let (Purpose::Step(index), Some(run)) = (purpose, &present)
        && run.meta.labels.get(names::STEP_INDEX) != Some(&index.to_string())
    {
        return None; // it belongs to a step before; the next pass makes the one of this step
    }
    if work.pause(INCONCLUSIVE).is_some() {
        return present.as_ref().map(as_status);
    }
    let Some(run) = present.filter(|run| !needs_another(work, run)) else {
        return create(work, purpose, reference);
    };
    match run.phase {
        Phase::Inconclusive => work.intent.add_pause.push(INCONCLUSIVE),
        Phase::Error | Phase::Failed => {
            let mut why = purpose.failure().to_owned();
            if !run.message.is_empty() {
                why = format!("{why}: {}", run.message);
            }
            work.intent.abort = Some(why);
        }
        _ => {}
    }
    Some(as_status(&run))
}

fn is_blue_green(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::PrePromotion | Purpose::PostPromotion)
}

fn is_skipped(work: &Work<'_>, purpose: Purpose, exists: bool) -> bool {
    match purpose {
        Purpose::Step(_) => false,
        Purpose::Background => {
            let start = work.canary().and_then(|c| c.analysis.as_ref()).and_then(|a| a.starting_step);
            let too_early = start.is_some_and(|s| work.old.current_step_index.unwrap_or(0) < s);
            is_fully_promoted(&work.old) || work.old.current_pod_hash.is_empty() || too_early
        }
        Purpose::PrePromotion => {
            let Some(new) = work.new_set() else { return true };
            let active = &work.old.blue_green.active_selector;
            if work.old.stable_rs == new.hash || active.is_empty() || *active == new.hash {
                return true;
            }
            let preview = work.blue_green().and_then(|b| b.preview_replica_count);
            let ready = match preview {
                Some(count) => new.replicas == count && new.available == count,
                None => new.is_saturated(work.spec().replicas()),
            };
            !exists && !ready
        }
        Purpose::PostPromotion => skips_post_promotion(work, exists),
    }
}

fn skips_post_promotion(work: &Work<'_>, exists: bool) -> bool {
    let Some(new) = work.new_set() else { return true };
    let active = &work.old.blue_green.active_selector;
    work.old.stable_rs == new.hash
        || *active != new.hash
        || (!exists && !new.is_saturated(work.spec().replicas()))
}

/// Whether a run is to be repeated: after an undecided one that a user let pass, and after an abort.
fn needs_another(work: &Work<'_>, run: &Run) -> bool {
    let resumed = work.old.controller_pause
        && work.pause(CANARY_PAUSE).is_none()
        && work.pause(BLUE_GREEN_PAUSE).is_none();
    if resumed { run.phase == Phase::Inconclusive } else { work.old.aborted_at.is_some() }
}

/// The specification of the run that `reference` asks for in the present state.
///
/// # Errors
/// A template or an argument that cannot be resolved.
pub fn spec_of(work: &Work<'_>, reference: &AnalysisRef) -> Result<RunSpec, AnalysisError> {
    let latest = work.new_set().map_or(work.view.pod_hash.as_str(), |s| s.hash.as_str());
    let stable = work.stable_set().map_or("", |s| s.hash.as_str());
    let values = args::of_rollout(&reference.args, stable, latest, &work.view.rollout)?;
    compose::run_spec(reference, &values, &|r| work.view.template_of(r))
}

fn create(work: &mut Work<'_>, purpose: Purpose, reference: &AnalysisRef) -> Option<RunStatus> {
    let spec = match spec_of(work, reference) {
        Ok(spec) => spec,
        Err(why) => {
            work.warn("ReconciliationError", format!("Reconciliation failed with error: {why}"));
            return None;
        }
    };
    let rollout = &work.view.rollout.metadata;
    let hash = work.new_set()?.hash.clone();
    let base = format!("{}-{hash}-{}{}", rollout.name, work.revision(), purpose.suffix());
    let wanted = compose::digest(&spec);
    let mut name = base.clone();
    let mut count = 0;
    while let Some(taken) = work.runs.iter().find(|r| r.meta.name == name) {
        if !taken.phase.is_completed() && !taken.terminate && taken.spec_digest == wanted {
            return Some(RunStatus { name, ..RunStatus::default() });
        }
        count += 1;
        name = format!("{base}.{count}");
    }
    let mut labels = BTreeMap::from([
        (names::POD_HASH.to_owned(), hash),
        (names::RUN_TYPE.to_owned(), purpose.label().to_owned()),
    ]);
    if let Purpose::Step(index) = purpose {
        labels.insert(names::STEP_INDEX.to_owned(), index.to_string());
    }
    if let Some(id) = rollout.labels.get(names::INSTANCE_ID) {
        labels.insert(names::INSTANCE_ID.to_owned(), id.clone());
    }
    let mut annotations = BTreeMap::from([(names::REVISION.to_owned(), work.revision().to_string())]);
    if let Some(more) = &reference.analysis_run_metadata {
        labels.extend(more.labels.clone());
        annotations.extend(more.annotations.clone());
    }
    labels.extend(work.view.selector.match_labels.clone());
    let object: Value = json!({
        "apiVersion": names::ARGO,
        "kind": "AnalysisRun",
        "metadata": {
            "name": name,
            "namespace": rollout.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [revision::owner(rollout)],
        },
        "spec": spec,
    });
    work.note(Op::CreateRun(object));
    Some(RunStatus { name, ..RunStatus::default() })
}

/// Keeps the named runs in the status and refreshes what is said of them.
fn keep_slots(work: &mut Work<'_>) {
    let purposes = [Purpose::Step(0), Purpose::Background, Purpose::PrePromotion, Purpose::PostPromotion];
    for purpose in purposes {
        let refreshed = current(work, purpose).map(|run| RunStatus {
            name: run.meta.name.clone(),
            status: if run.phase == Phase::Pending { String::new() } else { run.phase.word().to_owned() },
            message: run.message.clone(),
        });
        *purpose.slot(work) = refreshed;
    }
}

/// Whether `run` belongs to a later step of the current revision than the one we see: then the status that names it
/// was written or is still to be written, and what we see is old. A run that is stopped counts as a good one, so
/// stopping it would let the revision pass unmeasured.
fn is_ahead(work: &Work<'_>, run: &Run) -> bool {
    let label = |key: &str| run.meta.labels.get(key).map(String::as_str);
    let step = label(names::STEP_INDEX).and_then(|i| i.parse::<i32>().ok());
    label(names::RUN_TYPE) == Some(Purpose::Step(0).label())
        && work.new_set().is_some_and(|s| label(names::POD_HASH) == Some(s.hash.as_str()))
        && run.meta.revision() == work.revision()
        && step.is_some_and(|s| s > work.old.current_step_index.unwrap_or(0))
}

fn stop_all_but(work: &mut Work<'_>, kept: &[String]) {
    let open: Vec<usize> = (0..work.runs.len())
        .filter(|i| {
            work.runs.get(*i).is_some_and(|r| {
                !kept.contains(&r.meta.name)
                    && !r.phase.is_completed()
                    && !r.terminate
                    && r.meta.deletion_timestamp.is_none()
            })
        })
        .collect();
    for index in open {
        work.note(Op::StopRun(index));
    }
}

/// Deletes finished runs beyond the limits, newest kept, and those of forgotten revisions.
fn forget_old(work: &mut Work<'_>, kept: &[String]) {
    let limits = work.spec().analysis.clone().unwrap_or_default();
    let limit = |n: Option<i32>| usize::try_from(n.unwrap_or(5)).unwrap_or(0);
    let mut good = limit(limits.successful_run_history_limit);
    let mut bad = limit(limits.unsuccessful_run_history_limit);
    let mut others: Vec<usize> = (0..work.runs.len()).collect();
    others.sort_by_key(|i| {
        std::cmp::Reverse(work.runs.get(*i).map(|r| (r.meta.creation_timestamp, r.meta.name.clone())))
    });
    for index in others {
        let Some(run) = work.runs.get(index) else { continue };
        if kept.contains(&run.meta.name) || run.meta.deletion_timestamp.is_some() {
            continue;
        }
        let hash = run.meta.labels.get(names::POD_HASH);
        let revision_exists =
            work.sets.iter().any(|s| hash == Some(&s.hash) && s.meta.deletion_timestamp.is_none());
        let room = match run.phase {
            Phase::Successful => &mut good,
            Phase::Failed | Phase::Error | Phase::Inconclusive => &mut bad,
            _ if revision_exists => continue,
            _ => &mut bad,
        };
        if revision_exists && *room > 0 {
            *room -= 1;
        } else {
            work.note(Op::DeleteRun(index));
        }
    }
}

/// Tells when a run has changed its phase.
fn report(work: &mut Work<'_>, purpose: Purpose, before: Option<&RunStatus>, now: Option<&RunStatus>) {
    let Some(now) = now.filter(|n| !n.status.is_empty()) else { return };
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
    let reason = format!("AnalysisRun{}", now.status);
    if matches!(now.status.as_str(), "Failed" | "Error") {
        work.warn(&reason, message);
    } else {
        work.tell(&reason, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::{Set, View};

    /// A canary at step `index` of two, the second an analysis whose run is there.
    fn view(index: i32) -> View {
        let strategy = json!({"canary": {"steps": [{"pause": {"duration": 5}}, {"analysis": {}}]}});
        let rollout = json!({
            "metadata": {"name": "web", "annotations": {(names::REVISION): "2"}},
            "spec": {"strategy": strategy},
            "status": {"currentStepIndex": index, "stableRS": "a", "currentPodHash": "b"},
        });
        let mut run = Run::default();
        run.meta.name = "web-b-2-1".to_owned();
        run.meta.annotations.insert(names::REVISION.to_owned(), "2".to_owned());
        for (key, value) in [(names::POD_HASH, "b"), (names::RUN_TYPE, "Step"), (names::STEP_INDEX, "1")] {
            run.meta.labels.insert(key.to_owned(), value.to_owned());
        }
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            pod_hash: "b".to_owned(),
            sets: vec![Set { hash: "b".to_owned(), ..Set::default() }],
            runs: vec![run],
            ..View::default()
        }
    }

    fn stops(view: &View) -> bool {
        let mut work = Work::new(view, jiff::Timestamp::UNIX_EPOCH);
        reconcile(&mut work);
        work.ops.contains(&Op::StopRun(0))
    }

    #[test]
    fn the_run_of_a_later_step_is_not_stopped_by_an_old_status() {
        assert!(!stops(&view(0)), "the status is older than the run; stopped it would count as passed");
        assert!(stops(&view(2)), "the step is behind us");
        let mut other = view(0);
        other.runs[0].meta.labels.insert(names::POD_HASH.to_owned(), "c".to_owned());
        assert!(stops(&other), "it measures another revision");
        let mut aborted = view(0);
        aborted.rollout.status.abort = true;
        assert!(stops(&aborted), "after an abort nothing is measured");
    }
}
