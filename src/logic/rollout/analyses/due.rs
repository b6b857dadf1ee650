//! Decides whether an analysis is due, under way or passed, from the run that the status names for it.
//! It never makes, stops or judges a run.

use crate::api::run::Phase;
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::phase::is_fully_promoted;
use crate::logic::rollout::view::Run;
use crate::logic::rollout::work::Work;

/// The run that the status at the beginning of the pass names for `purpose`.
#[must_use]
pub fn current<'v>(work: &Work<'v>, purpose: Purpose) -> Option<&'v Run> {
    let name = &purpose.named(&work.old)?.name;
    work.runs.iter().find(|r| r.meta.name == *name)
}

/// Whether the run of the current step has ended well (source: rollout/canary.go, `completedCurrentCanaryStep`).
#[must_use]
pub fn step_succeeded(work: &Work<'_>) -> bool {
    Purpose::Step.named(&work.status).is_some_and(|s| s.phase() == Some(Phase::Successful))
}

/// Whether the analysis before the switch, if one is asked for, has ended well
/// (source: rollout/pause.go, `completedPrePromotionAnalysis`).
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

/// Whether nothing is to be measured for `purpose` now. `exists` tells whether its run is there.
#[must_use]
pub fn is_skipped(work: &Work<'_>, purpose: Purpose, exists: bool) -> bool {
    match purpose {
        Purpose::Step => false,
        Purpose::Background => skips_background(work),
        Purpose::PrePromotion => skips_pre_promotion(work, exists),
        Purpose::PostPromotion => skips_post_promotion(work, exists),
    }
}

/// (source: rollout/analysis.go, `reconcileBackgroundAnalysisRun`)
fn skips_background(work: &Work<'_>) -> bool {
    let start = work.canary().and_then(|c| c.analysis.as_ref()).and_then(|a| a.starting_step);
    let too_early = start.is_some_and(|s| work.old.current_step_index.unwrap_or(0) < s);
    is_fully_promoted(&work.old) || work.old.current_pod_hash.is_empty() || too_early
}

/// (source: rollout/analysis.go, `skipPrePromotionAnalysisRun`)
fn skips_pre_promotion(work: &Work<'_>, exists: bool) -> bool {
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

/// (source: rollout/analysis.go, `skipPostPromotionAnalysisRun`)
fn skips_post_promotion(work: &Work<'_>, exists: bool) -> bool {
    let Some(new) = work.new_set() else { return true };
    let active = &work.old.blue_green.active_selector;
    work.old.stable_rs == new.hash
        || *active != new.hash
        || (!exists && !new.is_saturated(work.spec().replicas()))
}
