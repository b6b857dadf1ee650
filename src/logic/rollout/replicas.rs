//! Decides how many pods the canary and the stable ReplicaSet should have: the arithmetic of surge,
//! unavailability and weights. It never scales anything.

use crate::api::intstr::{IntOrString, NotAnAmount};
use crate::api::rollout::RolloutSpec;
use crate::api::status::RolloutStatus;
use crate::logic::rollout::view::ReplicaSet;
use crate::logic::rollout::weight::{MAX_WEIGHT, desired_weight};

/// How far the number of pods may leave the desired one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fenceposts {
    /// Pods above the desired number.
    pub surge: i32,
    /// Pods missing from it.
    pub unavailable: i32,
}

/// Turns the two settings into numbers of pods for `replicas` desired ones. Surge rounds up and unavailable
/// down; when both are zero one pod may be unavailable, or nothing could ever move
/// (source: Kubernetes, pkg/controller/deployment/util/deployment_util.go, `ResolveFenceposts`).
///
/// # Errors
/// A setting that is neither a number nor a percentage.
pub fn fenceposts(
    surge: Option<&IntOrString>,
    unavailable: Option<&IntOrString>,
    replicas: i32,
) -> Result<Fenceposts, NotAnAmount> {
    let count = |value: Option<&IntOrString>, up| {
        let scaled = value.map_or(Ok(0), |v| v.scaled(i64::from(replicas), up))?;
        Ok::<i32, NotAnAmount>(i32::try_from(scaled).unwrap_or(i32::MAX))
    };
    let (surge, mut unavailable) = (count(surge, true)?, count(unavailable, false)?);
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    Ok(Fenceposts { surge, unavailable })
}

/// The fenceposts of a Rollout with the defaults of its strategy. Unreadable settings count as zero; validation
/// has refused them before (source: utils/replicaset/replicaset.go, `MaxSurge` and `MaxUnavailable`).
#[must_use]
pub fn fenceposts_of(spec: &RolloutSpec) -> Fenceposts {
    let quarter = IntOrString::Text("25%".to_owned());
    let replicas = spec.replicas();
    let mut posts = match (&spec.strategy.canary, &spec.strategy.blue_green) {
        (Some(canary), _) => fenceposts(
            Some(canary.max_surge.as_ref().unwrap_or(&quarter)),
            Some(canary.max_unavailable.as_ref().unwrap_or(&quarter)),
            replicas,
        ),
        (None, Some(blue_green)) => {
            let asked = blue_green.max_unavailable.as_ref().unwrap_or(&quarter);
            fenceposts(None, Some(asked), replicas)
        }
        (None, None) => Ok(Fenceposts { surge: 0, unavailable: 0 }),
    }
    .unwrap_or(Fenceposts { surge: 0, unavailable: 1 });
    posts.unavailable = posts.unavailable.min(replicas);
    posts
}

/// Whether rounding `total * weight / max` up and down is equally far.
fn is_tied(weight: i32, max: i32, total: i32) -> bool {
    (f64::from(total) * (f64::from(weight) / f64::from(max))).fract() == 0.5
}

/// The pair (canary, stable) whose ratio comes closest to `weight` of `max` for `replicas` desired pods, using
/// one more pod where surge allows it. A canary of zero pods is chosen only for weight 0 (or a single pod
/// without surge), one of all pods only for the full weight
/// (source: utils/replicaset/canary.go, `approximateWeightedCanaryStableReplicaCounts`).
#[must_use]
pub fn approximate(replicas: i32, weight: i32, max: i32, surge: i32) -> (i32, i32) {
    if replicas == 0 {
        return (0, 0);
    }
    let exact = f64::from(replicas) * f64::from(weight) / f64::from(max);
    #[allow(clippy::cast_possible_truncation)] // at most `replicas`
    let (ceil, floor) = (exact.ceil() as i32, exact.floor() as i32);
    let zero_allowed = weight == max || weight == 0 || (replicas == 1 && surge == 0);
    let floor_allowed = floor != 0 || zero_allowed;
    // Each option is (canary, total). The order matters: of two that are equally near the first one wins, which is the
    // larger canary and the total without surge. A tie offers no floor, so that half a pod rounds up.
    let mut options = Vec::new();
    if ceil < replicas || zero_allowed {
        options.push((ceil, replicas));
    }
    if !is_tied(weight, max, replicas) && floor_allowed {
        options.push((floor, replicas));
    }
    if surge > 0 {
        options.push((ceil, replicas + 1));
        if !is_tied(weight, max, replicas + 1) && floor_allowed {
            options.push((floor, replicas + 1));
        }
    }
    let distance = |(canary, total): (i32, i32)| {
        (f64::from(canary) * f64::from(max) / f64::from(total) - f64::from(weight)).abs()
    };
    let mut best = (0, replicas);
    let mut nearest = f64::INFINITY;
    for option in options {
        if distance(option) < nearest {
            nearest = distance(option);
            best = option;
        }
    }
    (best.0, best.1 - best.0)
}

/// Pods of `replica_set` that count when asking how many may go. Without availability in mind all that are desired;
/// never more than are desired, as those above are leaving already (source: utils/replicaset/canary.go,
/// `GetReplicasForScaleDown`).
fn expendable(replica_set: Option<&ReplicaSet>, ignore_availability: bool) -> i32 {
    replica_set
        .map_or(0, |s| if s.replicas < s.available || ignore_availability { s.replicas } else { s.available })
}

/// Draws the draining ReplicaSet down by at most `count` pods, to no fewer than `desired`
/// (source: utils/replicaset/canary.go, `calculateScaleDownReplicaCount`).
fn drained(replica_set: Option<&ReplicaSet>, desired: i32, count: i32, present: i32) -> i32 {
    match replica_set {
        Some(s) if s.replicas > desired => desired.max(s.replicas - count),
        _ => present,
    }
}

/// Corrects the pair so that it stays within the most pods allowed and the fewest available
/// (source: utils/replicaset/canary.go, `adjustReplicaWithinLimits`).
fn within_limits(
    (drain, drain_count): (Option<&ReplicaSet>, i32),
    (other, other_count): (Option<&ReplicaSet>, i32),
    most: i32,
    least_available: i32,
) -> (i32, i32) {
    let Some(other) = other else { return (drain_count, other_count) };
    // First the other ReplicaSet gives way to the surge limit, then it takes back what availability asks for (as far as
    // it has available pods beyond its count, which are about to go), and what is now too much is drained after all.
    let over = (other_count + drain_count - most).max(0);
    let available = drain.map_or(0, |d| d.available.min(drain_count));
    let other_count = other_count - over;
    let missing = (least_available - available - other.available.min(other_count)).max(0);
    let spare = (other.available - other_count).max(0);
    let other_count = other_count + spare.min(missing);
    let over = (other_count + drain_count - most).max(0);
    (drain_count - over, other_count)
}

/// How many pods the new and the stable ReplicaSet should have now, without a traffic router: weights are met
/// by the ratio of pods, never with more than the surge nor less than the available minimum
/// (source: utils/replicaset/canary.go, `CalculateReplicaCountsForBasicCanary`).
#[must_use]
pub fn basic_canary(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    new: Option<&ReplicaSet>,
    stable: Option<&ReplicaSet>,
    others: &[&ReplicaSet],
) -> (i32, i32) {
    let replicas = spec.replicas();
    let posts = fenceposts_of(spec);
    let stable_or_new = stable; // its pods count as available even where new and stable are one ReplicaSet
    let stable = stable.filter(|s| new.is_none_or(|n| n.meta.name != s.meta.name));
    let (mut want_new, mut want_stable) =
        approximate(replicas, desired_weight(spec, status), MAX_WEIGHT, posts.surge);
    if stable.is_none() {
        (want_new, want_stable) = (replicas, 0);
    }
    let others_total: i32 = others.iter().map(|s| s.replicas).sum();
    let mut new_count = new.map_or(0, |s| s.replicas);
    let mut stable_count = stable.map_or(0, |s| s.replicas);
    let most = replicas + posts.surge;
    // Growing: the stable ReplicaSet first, so that an abort is not held up by canaries; then the new one with what is
    // left.
    let mut up = most - others_total - new_count - stable_count;
    if stable.is_some() && stable_count < want_stable && up > 0 {
        let more = up.min(want_stable - stable_count);
        stable_count += more;
        up -= more;
    }
    if new.is_some() && new_count < want_new && up > 0 {
        new_count += up.min(want_new - new_count);
    }
    if others_total > 0 {
        return (new_count, stable_count); // older ReplicaSets shrink before these two do
    }
    let least = replicas - posts.unavailable;
    // Shrinking: of the ReplicaSet that is to go, pods that are not available count too, or a broken revision could
    // never leave.
    let growing = new.is_none_or(|s| want_new >= s.replicas);
    let spare = expendable(new, !growing) + expendable(stable_or_new, growing) - least;
    if spare <= 0 {
        return (new_count, stable_count);
    }
    if !growing {
        let count = drained(new, want_new, spare, new_count);
        within_limits((new, count), (stable_or_new, stable_count), most, least)
    } else if stable.is_some() {
        let count = drained(stable, want_stable, spare, stable_count);
        let (stable_count, new_count) = within_limits((stable, count), (new, new_count), most, least);
        (new_count, stable_count)
    } else {
        (new_count, stable_count)
    }
}

/// Whether enough pods of `replica_set` are available to call `desired` reached: as many as `replicaProgressThreshold`
/// asks for, and all of them without one.
#[must_use]
pub fn threshold_met(spec: &RolloutSpec, replica_set: Option<&ReplicaSet>, desired: i32) -> bool {
    let threshold = spec.strategy.canary.as_ref().and_then(|c| c.replica_progress_threshold.as_ref());
    match (threshold, replica_set) {
        (Some(t), Some(replica_set)) if t.value >= 0 => match t.r#type.as_str() {
            "Percent" => {
                // The small addition keeps 2 of 3 from missing 66.666… % by a rounding error.
                desired == 0
                    || f64::from(replica_set.available) / f64::from(desired) * 100.0 + 1e-10
                        >= f64::from(t.value)
            }
            _ => replica_set.available >= t.value,
        },
        _ => replica_set.is_some_and(|s| s.replicas == desired && s.available == desired),
    }
}

/// Whether the pods are as the current step wants them, without a traffic router
/// (source: utils/replicaset/canary.go, `AtDesiredReplicaCountsForCanary`).
#[must_use]
pub fn at_desired_counts(
    spec: &RolloutSpec,
    status: &RolloutStatus,
    new: Option<&ReplicaSet>,
    stable: Option<&ReplicaSet>,
    others: &[&ReplicaSet],
) -> bool {
    let (want_new, want_stable) = basic_canary(spec, status, new, stable, others);
    threshold_met(spec, new, want_new)
        && stable.is_some_and(|s| s.replicas == want_stable && s.current == want_stable)
        && others.iter().all(|s| s.available == 0)
}
