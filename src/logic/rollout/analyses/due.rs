//! Decides whether an analysis is due, under way or passed, from the run that the status names for it.
//! It never makes, stops or judges a run.

use crate::api::run::Phase;
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::phase::is_fully_promoted;
use crate::logic::rollout::view::AnalysisRunRow;

/// The run that the status at the beginning of the pass names for `purpose`.
#[must_use]
pub(crate) fn current<'v>(builder: &Builder<'v>, purpose: Purpose) -> Option<&'v AnalysisRunRow> {
    let name = &purpose.named(builder.old())?.name;
    builder.analysis_runs().iter().find(|r| r.meta.name == *name)
}

/// Whether the run of the current step has ended well (source: rollout/canary.go, `completedCurrentCanaryStep`).
#[must_use]
pub(crate) fn step_succeeded(builder: &Builder<'_>) -> bool {
    Purpose::Step.named(&builder.status).is_some_and(|s| s.phase() == Some(Phase::Successful))
}

/// Whether the analysis before the switch, if one is asked for, has ended well
/// (source: rollout/pause.go, `completedPrePromotionAnalysis`).
#[must_use]
pub(crate) fn pre_promotion_passed(builder: &Builder<'_>) -> bool {
    let asked = builder.blue_green().is_some_and(|b| b.pre_promotion_analysis.is_some());
    !asked || current(builder, Purpose::PrePromotion).is_some_and(|r| r.phase == Phase::Successful)
}

/// Whether the analysis after the switch has ended well.
#[must_use]
pub(crate) fn post_promotion_passed(builder: &Builder<'_>) -> bool {
    current(builder, Purpose::PostPromotion).is_some_and(|r| r.phase == Phase::Successful)
}

/// Whether an analysis after the switch is due or under way.
#[must_use]
pub(crate) fn post_promotion_is_open(builder: &Builder<'_>) -> bool {
    let run = current(builder, Purpose::PostPromotion);
    !skips_post_promotion(builder, run.is_some()) && run.is_none_or(|r| r.phase != Phase::Successful)
}

/// Whether nothing is to be measured for `purpose` now. `exists` says whether its run is there.
#[must_use]
pub(crate) fn is_skipped(builder: &Builder<'_>, purpose: Purpose, exists: bool) -> bool {
    match purpose {
        Purpose::Step => false,
        Purpose::Background => skips_background(builder),
        Purpose::PrePromotion => skips_pre_promotion(builder, exists),
        Purpose::PostPromotion => skips_post_promotion(builder, exists),
    }
}

/// (source: rollout/analysis.go, `reconcileBackgroundAnalysisRun`)
fn skips_background(builder: &Builder<'_>) -> bool {
    let start = builder.canary().and_then(|c| c.analysis.as_ref()).and_then(|a| a.starting_step);
    let too_early = start.is_some_and(|s| builder.old().current_step_index.unwrap_or(0) < s);
    is_fully_promoted(builder.old()) || builder.old().current_pod_hash.is_empty() || too_early
}

/// (source: rollout/analysis.go, `skipPrePromotionAnalysisRun`)
fn skips_pre_promotion(builder: &Builder<'_>, exists: bool) -> bool {
    let Some(new) = builder.new_replica_set() else { return true };
    let active = &builder.old().blue_green.active_selector;
    if builder.old().stable_rs == new.hash || active.is_empty() || *active == new.hash {
        return true;
    }
    let preview = builder.blue_green().and_then(|b| b.preview_replica_count);
    let ready = match preview {
        Some(count) => new.replicas == count && new.available == count,
        None => new.is_saturated(builder.spec().replicas()),
    };
    !exists && !ready
}

/// (source: rollout/analysis.go, `skipPostPromotionAnalysisRun`)
fn skips_post_promotion(builder: &Builder<'_>, exists: bool) -> bool {
    let Some(new) = builder.new_replica_set() else { return true };
    let active = &builder.old().blue_green.active_selector;
    builder.old().stable_rs == new.hash
        || *active != new.hash
        || (!exists && !new.is_saturated(builder.spec().replicas()))
}
