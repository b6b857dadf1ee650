//! Decides how many pods the workload that a Rollout refers to keeps while its pods move over to the Rollout.
//! It never touches the workload once a revision of the Rollout has been promoted and another one began.

use crate::api::phase::RolloutPhase;
use crate::logic::rollout::builder::{Builder, Op};

/// Plans the scaling of the workload that the status just decided asks for, with `scaleDown`
/// - `never`: none;
/// - `onsuccess`: to nothing, once the Rollout is Healthy;
/// - `progressively`: to what the Rollout's ready pods do not yet replace, and to nothing once it is Healthy.
///
/// (Source: rollout/scale_utils.go, `scaleDeployment`.) The first revision hands over; if it never came up, whichever
/// is promoted first does.
pub(crate) fn scale(builder: &mut Builder<'_>) {
    let Some(how) = builder.spec().workload_ref.as_ref().and_then(|w| w.scale_down.as_deref()) else {
        return;
    };
    let Some(present) = builder.view().workload.as_ref().and_then(|w| w.replicas) else { return };
    let is_first = builder.revision() == 1 || builder.view().rollout.status.stable_rs.is_empty();
    let is_healthy = builder.status.phase == Some(RolloutPhase::Healthy);
    let ready = builder.status.ready_replicas;
    let wanted = match how {
        "onsuccess" | "progressively" if is_healthy => 0,
        "progressively" if ready > 0 => (builder.spec().replicas() - ready).max(0),
        _ => return,
    };
    if is_first && wanted != present {
        builder.plan(Op::ScaleWorkload(wanted));
    }
}
