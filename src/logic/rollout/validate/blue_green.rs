//! Decides whether a blue-green strategy can be acted on as it is written.
//! It never looks at the Services it names; `references` does.

use super::fault::wrong;
use super::roles;
use crate::api::strategy::BlueGreen;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::Obstacle;

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyBlueGreen`)
pub(super) fn obstacle(builder: &Builder<'_>, blue_green: &BlueGreen) -> Option<Obstacle> {
    let root = "spec.strategy.blueGreen";
    let active = &blue_green.active_service;
    if active.is_empty() {
        return Some(Obstacle::required(
            &format!("{root}.activeService"),
            "name the Service that users reach",
        ));
    }
    if blue_green.preview_service.as_ref() == Some(active) {
        let text = "This rollout uses the same service for the active and preview services, but two different services are required.";
        return wrong(&format!("{root}.activeService"), active.as_str(), text);
    }
    if let Some(limit) = blue_green.scale_down_delay_revision_limit.filter(|l| *l > history_limit(builder)) {
        let text =
            "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
        return wrong(&format!("{root}.scaleDownDelayRevisionLimit"), limit, text);
    }
    roles::anti_affinity(root, blue_green.anti_affinity.as_ref()).or_else(|| {
        let given = [
            ("previewMetadata", &blue_green.preview_metadata),
            ("activeMetadata", &blue_green.active_metadata),
        ];
        roles::labels(builder, root, given)
    })
}

/// How many revisions stay.
pub(super) fn history_limit(builder: &Builder<'_>) -> i32 {
    builder.spec().revision_history_limit.unwrap_or(10)
}
