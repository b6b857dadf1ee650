//! Decides when the Rollout pauses, when a pause is over, and what the status says of pauses and aborts.
//! It never decides which step comes next.

use crate::api::phase::PauseReason;
use crate::api::status::{PauseCondition, RolloutStatus};
use crate::api::step::{Pause, Step};
use crate::logic::rollout::builder::Builder;
use jiff::Timestamp;

/// When a wait of `seconds` that began with `pause` is over.
fn end_of(pause: &PauseCondition, seconds: i64) -> Timestamp {
    pause.start_time.plus_seconds(seconds)
}

/// Begins the pause of the current step if it is due, and has the Rollout reconciled again when it ends
/// (source: rollout/canary.go, `reconcileCanaryPause`).
pub(crate) fn canary_pause(builder: &mut Builder<'_>) {
    let Some(canary) = builder.canary() else { return };
    if builder.spec().paused || builder.old().promote_full {
        return;
    }
    let index = usize::try_from(builder.old().current_step_index.unwrap_or(0)).unwrap_or(0);
    let Some(pause) = canary.steps.get(index).and_then(Step::pause) else { return };
    let Some(condition) = builder.pause(&PauseReason::CanaryPauseStep) else {
        if !builder.old().controller_pause {
            builder.intent.begin_pause(PauseReason::CanaryPauseStep);
            if pause.duration.is_some() {
                let end = builder.time().plus_seconds(pause.seconds());
                builder.wake_at(end);
            }
        }
        return;
    };
    if pause.duration.is_some() {
        let end = end_of(condition, pause.seconds());
        if end > builder.now() {
            builder.wake_at(end);
        }
    }
}

/// Whether the pause of the current canary step is over: its time has passed, or a user has ended it
/// (source: rollout/pause.go, `CompletedCanaryPauseStep`).
#[must_use]
pub(crate) fn canary_pause_is_over(builder: &Builder<'_>, pause: &Pause) -> bool {
    match builder.pause(&PauseReason::CanaryPauseStep) {
        None => builder.old().controller_pause,
        Some(condition) => pause.duration.is_some() && builder.now() >= end_of(condition, pause.seconds()),
    }
}

/// Whether the wait before the blue-green switch is over (source: rollout/pause.go, `CompletedBlueGreenPause`).
#[must_use]
pub(crate) fn blue_green_pause_is_over(builder: &Builder<'_>) -> bool {
    let Some(strategy) = builder.blue_green() else { return false };
    if builder.intent.begins_a_pause() {
        return false;
    }
    if builder.old().blue_green.scale_up_preview_check_point {
        return true;
    }
    let condition = builder.pause(&PauseReason::BlueGreenPause);
    if strategy.promotes_itself() {
        let seconds = i64::from(strategy.auto_promotion_seconds());
        return seconds == 0 || condition.is_some_and(|c| builder.now() >= end_of(c, seconds));
    }
    builder.old().controller_pause && condition.is_none()
}

/// When the wait before an automatic switch ends, if one is on.
#[must_use]
pub(crate) fn end_of_blue_green_pause(builder: &Builder<'_>) -> Option<Timestamp> {
    let seconds = i64::from(builder.blue_green()?.auto_promotion_seconds());
    builder.pause(&PauseReason::BlueGreenPause).filter(|_| seconds > 0).map(|c| end_of(c, seconds))
}

/// Writes the abort and the pauses of this pass into `status`
/// (source: rollout/pause.go, `CalculatePauseStatus`).
pub(crate) fn write_into(builder: &Builder<'_>, status: &mut RolloutStatus) {
    status.abort = builder.is_aborted();
    if status.abort {
        status.aborted_at = Some(builder.old().aborted_at.unwrap_or_else(|| builder.time()));
        return;
    }
    status.aborted_at = None;
    if builder.intent.clears() {
        return;
    }
    let mut conditions: Vec<PauseCondition> = builder
        .old()
        .pause_conditions
        .iter()
        .filter(|c| !builder.intent.ends_pause(&c.reason))
        .cloned()
        .collect();
    let mut controller_pause = builder.old().controller_pause;
    for reason in builder.intent.pauses_to_begin() {
        if builder.pause(reason).is_none() {
            conditions.push(PauseCondition { reason: reason.clone(), start_time: builder.time() });
            controller_pause = true;
        }
    }
    if !conditions.is_empty() {
        status.controller_pause = controller_pause;
        status.pause_conditions = conditions;
    }
}
