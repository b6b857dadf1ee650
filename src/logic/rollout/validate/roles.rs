//! Decides whether what a strategy gives the pods of a revision beside the template can be given: labels, annotations,
//! a rule that keeps revisions apart. It never gives anything.

use super::fault::wrong;
use crate::api::pod_metadata::PodMetadata;
use crate::api::strategy::AntiAffinity;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::injected::metadata;
use crate::logic::rollout::view::Obstacle;

/// Labels that the selector would not find.
pub(super) fn labels(
    builder: &Builder<'_>,
    root: &str,
    given: [(&str, &Option<PodMetadata>); 2],
) -> Option<Obstacle> {
    given
        .into_iter()
        .find_map(|(field, given)| metadata::obstacle(builder, &format!("{root}.{field}"), given.as_ref()))
}

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyAntiAffinity`)
pub(super) fn anti_affinity(root: &str, asked: Option<&AntiAffinity>) -> Option<Obstacle> {
    let asked = asked?;
    let path = format!("{root}.antiAffinity");
    let preferred = asked.preferred_during_scheduling_ignored_during_execution.as_ref();
    let (some, must) =
        (preferred.is_some(), asked.required_during_scheduling_ignored_during_execution.is_some());
    if some == must {
        let value = format!(
            "antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: {some} antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: {must}"
        );
        return wrong(&path, value, "AntiAffinity must have exactly one strategy listed");
    }
    let weight = preferred.map(|p| p.weight).filter(|weight| !(1..=100).contains(weight))?;
    wrong(&format!("{path}.weight"), weight, "AntiAffinity weight must be between 1-100")
}
