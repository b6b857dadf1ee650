//! Decides whether a Rollout can be acted on as it is written: the fields of its spec and its strategy.
//! It never repairs anything, and never looks at what the Rollout refers to; `references` does.

use crate::api::intstr::IntOrString;
use crate::api::pod_metadata::PodMetadata;
use crate::api::podhash::unknown_field as unknown_field_of;
use crate::api::step::Step;
use crate::api::strategy::{AntiAffinity, BlueGreen, Canary};
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::injected::metadata;
use crate::logic::rollout::view::Obstacle;
use crate::logic::rollout::weight::MAX_WEIGHT;
use crate::logic::rollout::{references, replicas};
use crate::logic::traffic::routers::{ALL, choice::choose};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One thing that is wrong: the path of the field, what stands there, and what to do.
fn wrong(path: &str, value: impl Into<Value>, what: impl std::fmt::Display) -> Option<Obstacle> {
    Some(Obstacle::wrong(what.to_string()).of(path, &value.into()))
}

/// The first thing that keeps the Rollout from being acted on
/// (source: pkg/apis/rollouts/validation, `ValidateRollout` and `ValidateRolloutReferencedResources`).
#[must_use]
pub(crate) fn obstacle(builder: &Builder<'_>) -> Option<Obstacle> {
    if let Some(why) = &builder.view().problem {
        return Some(why.clone());
    }
    fields(builder).or_else(|| strategy(builder)).or_else(|| references::obstacle(builder))
}

/// What keeps the Rollout from being delivered: it cannot be acted on, or the first field that would be left out because it
/// cannot be read or because Kubernetes does not know it. The controller acts on such a Rollout all the same,
/// as Argo Rollouts does; before one is applied, people want to know.
#[must_use]
pub(crate) fn obstacle_to_delivery(builder: &Builder<'_>) -> Option<Obstacle> {
    let left_out = builder.view().left_out.clone();
    left_out.or_else(|| obstacle(builder)).or_else(|| unknown_field(builder))
}

fn unknown_field(builder: &Builder<'_>) -> Option<Obstacle> {
    let path = unknown_field_of(builder.spec().template.as_ref()?)?;
    let text = "pods of Kubernetes 1.35 have no such field, and it would be left out";
    Some(Obstacle::wrong(text.to_owned()).at(&format!("spec.template{path}")))
}

/// What stands below zero, if it does.
fn negative(path: &str, number: i32) -> Option<Obstacle> {
    if number >= 0 {
        return None;
    }
    wrong(path, number, "must be greater than or equal to 0")
}

/// The fields of the spec but its strategy, in the order in which Argo Rollouts looks at them
/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutSpec`).
fn fields(builder: &Builder<'_>) -> Option<Obstacle> {
    let spec = builder.spec();
    let (ready, deadline) = (spec.min_ready_seconds(), spec.progress_deadline_seconds());
    negative("spec.replicas", spec.replicas())
        .or_else(|| selector(builder))
        .or_else(|| template(builder))
        .or_else(|| negative("spec.minReadySeconds", ready))
        .or_else(|| negative("spec.revisionHistoryLimit", history_limit(builder)))
        .or_else(|| negative("spec.progressDeadlineSeconds", deadline))
        .or_else(|| {
            let text = "must be greater than minReadySeconds";
            if deadline <= ready { wrong("spec.progressDeadlineSeconds", deadline, text) } else { None }
        })
}

fn history_limit(builder: &Builder<'_>) -> i32 {
    builder.spec().revision_history_limit.unwrap_or(10)
}

fn selector(builder: &Builder<'_>) -> Option<Obstacle> {
    let spec = builder.spec();
    if spec.workload_ref.is_some() && spec.template.as_deref().is_some_and(|t| !is_blank(t)) {
        let text = "template must be empty for workload reference rollout";
        return wrong("spec.template", json!(spec.template), text);
    }
    if !builder.view().selector.is_empty() {
        return None;
    }
    match &spec.selector {
        None => Some(Obstacle::required("spec.selector", "Rollout has missing field '.spec.selector'")),
        Some(_) => wrong("spec.selector", json!({}), "empty selector is invalid for deployment"),
    }
}

fn template(builder: &Builder<'_>) -> Option<Obstacle> {
    let given = builder.view().template.pointer("/metadata/labels");
    let labels: BTreeMap<String, String> =
        given.and_then(|l| serde_json::from_value(l.clone()).ok()).unwrap_or_default();
    if !builder.view().selector.matches(&labels) {
        let text = "`selector` does not match template `labels`";
        return wrong("spec.template.metadata.labels", json!(given), text);
    }
    let containers = builder.view().template.pointer("/spec/containers").and_then(Value::as_array);
    if containers.is_none_or(Vec::is_empty) {
        let path = "spec.template.spec.containers";
        return Some(Obstacle::required(path, "name at least one container"));
    }
    None
}

/// Whether a template says nothing, as an unset one does once it was written by a program
/// (source: pkg/apis/rollouts/v1alpha1/types.go, `EmptyTemplate`).
fn is_blank(template: &Value) -> bool {
    let says = |field: &str| {
        let map = template.pointer(field).and_then(Value::as_object);
        map.is_some_and(|m| !m.is_empty())
    };
    !says("/metadata/labels") && !says("/metadata/annotations")
}

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategy`)
fn strategy(builder: &Builder<'_>) -> Option<Obstacle> {
    let strategy = &builder.spec().strategy;
    match (&strategy.canary, &strategy.blue_green) {
        (Some(_), Some(_)) => {
            wrong("spec.strategy", "blueGreen: true canary: true", "Multiple Strategies can not be listed")
        }
        (None, None) => {
            let text = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'";
            Some(Obstacle::required("spec.strategy", text))
        }
        (Some(canary), None) => canary_problem(builder, canary),
        (None, Some(blue_green)) => blue_green_problem(builder, blue_green),
    }
}

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyCanary`)
fn canary_problem(builder: &Builder<'_>, canary: &Canary) -> Option<Obstacle> {
    let root = "spec.strategy.canary";
    let surge = canary.max_surge.as_ref();
    let unavailable = canary.max_unavailable.as_ref();
    if let Err(why) = replicas::fenceposts(surge, unavailable, builder.spec().replicas()) {
        return wrong(&format!("{root}.maxSurge"), json!(surge), why);
    }
    let zero = |v: Option<&IntOrString>| v.is_some_and(|v| v.to_string().trim_end_matches('%') == "0");
    if zero(surge) && zero(unavailable) {
        let text = "MaxSurge and MaxUnavailable both can not be zero";
        return wrong(&format!("{root}.maxSurge"), json!(surge), text);
    }
    let stable = canary.stable_service.as_ref().filter(|s| !s.is_empty());
    if let Some(stable) = stable.filter(|s| canary.canary_service.as_ref() == Some(s)) {
        let text = "This rollout uses the same service for the stable and canary services, but two different services are required.";
        return wrong(&format!("{root}.stableService"), stable.as_str(), text);
    }
    without_router(root, canary)
        .or_else(|| unsupported(root, canary))
        .or_else(|| canary.steps.iter().enumerate().find_map(|(i, s)| step_problem(root, i, s, canary)))
        .or_else(|| anti_affinity(root, canary.anti_affinity.as_ref()))
        .or_else(|| {
            let given =
                [("canaryMetadata", &canary.canary_metadata), ("stableMetadata", &canary.stable_metadata)];
            metadata_problem(builder, root, given)
        })
}

/// What asks for a traffic router where there is none.
fn without_router(root: &str, canary: &Canary) -> Option<Obstacle> {
    if canary.traffic_routing.is_some() {
        return None;
    }
    if let Some(seconds) = canary.scale_down_delay_seconds {
        let text = "Canary scaleDownDelaySeconds can only be used with traffic routing";
        return wrong(&format!("{root}.scaleDownDelaySeconds"), seconds, text);
    }
    if canary.dynamic_stable_scale {
        let text = "Canary dynamicStableScale can only be used with traffic routing";
        return wrong(&format!("{root}.dynamicStableScale"), true, text);
    }
    None
}

/// What Argo Rollouts acts on and we do not.
fn unsupported(root: &str, canary: &Canary) -> Option<Obstacle> {
    let unsupported = [
        ("trafficRouting", canary.traffic_routing.as_ref().is_some_and(|t| choose(t, ALL).is_none())),
        ("pingPong", canary.ping_pong.is_some()),
        ("dynamicStableScale", canary.dynamic_stable_scale),
    ];
    let (field, _) = unsupported.iter().find(|(_, used)| *used)?;
    Some(Obstacle::wrong(NOT_YET.to_owned()).at(&format!("{root}.{field}")))
}

fn step_problem(root: &str, index: usize, step: &Step, canary: &Canary) -> Option<Obstacle> {
    let path = format!("{root}.steps[{index}]");
    let at = format!("{path}.{}", step.field());
    match step {
        Step::Invalid(_) => wrong(
            &path,
            json!(step),
            "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause; a step does exactly one thing",
        ),
        Step::SetWeight(weight) if !(0..=MAX_WEIGHT).contains(weight) => {
            wrong(&at, *weight, format!("SetWeight needs to be between 0 and {MAX_WEIGHT}"))
        }
        Step::Pause(pause) if pause.seconds() < 0 => {
            let text = "Duration needs to be greater than 0; write seconds, or a duration such as 10m";
            wrong(&format!("{at}.duration"), json!(pause.duration), text)
        }
        Step::SetWeight(_) | Step::Pause(_) | Step::Analysis(_) => None,
        Step::SetCanaryScale(scale) if canary.traffic_routing.is_none() => {
            wrong(&at, json!(scale), "SetCanaryScale requires TrafficRouting to be set")
        }
        Step::Experiment(_)
        | Step::SetCanaryScale(_)
        | Step::SetHeaderRoute(_)
        | Step::SetMirrorRoute(_)
        | Step::Plugin(_) => Some(Obstacle::wrong(NOT_YET.to_owned()).at(&at)),
    }
}

/// What a user reads about a field of Argo Rollouts that this version does not act on.
const NOT_YET: &str =
    "this version of Switchback does not act on it yet; remove it, or keep this Rollout with Argo Rollouts";

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyBlueGreen`)
fn blue_green_problem(builder: &Builder<'_>, blue_green: &BlueGreen) -> Option<Obstacle> {
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
    anti_affinity(root, blue_green.anti_affinity.as_ref()).or_else(|| {
        let given = [
            ("previewMetadata", &blue_green.preview_metadata),
            ("activeMetadata", &blue_green.active_metadata),
        ];
        metadata_problem(builder, root, given)
    })
}

fn metadata_problem(
    builder: &Builder<'_>,
    root: &str,
    given: [(&str, &Option<PodMetadata>); 2],
) -> Option<Obstacle> {
    given
        .into_iter()
        .find_map(|(field, given)| metadata::obstacle(builder, &format!("{root}.{field}"), given.as_ref()))
}

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyAntiAffinity`)
fn anti_affinity(root: &str, asked: Option<&AntiAffinity>) -> Option<Obstacle> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rollout::Rollout;
    use crate::logic::rollout::view::View;
    use crate::merge::json::apply;

    /// What is said of a Rollout that is well but for `patch` to its spec.
    fn said(patch: &Value) -> String {
        let template =
            json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}});
        let spec = json!({"selector": {"matchLabels": {"app": "web"}}, "template": template,
            "strategy": {"canary": {}}});
        let spec = apply(&spec, patch);
        let rollout: Rollout =
            serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
        let template = rollout.spec.template.clone().unwrap_or_default();
        let selector = rollout.spec.selector.clone().unwrap_or_default();
        let view = View { rollout: rollout.into(), selector, template, ..View::default() };
        let builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
        obstacle(&builder).map(|o| o.text).unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_path_and_its_value() {
        let blue_green = |more: Value| {
            let strategy = apply(&json!({"activeService": "a"}), &more);
            json!({"strategy": {"canary": null, "blueGreen": strategy}})
        };
        let canary = |more: Value| json!({"strategy": {"canary": more}});
        for (patch, text) in [
            (json!({"replicas": -1}), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
            (
                json!({"minReadySeconds": -2}),
                "spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0",
            ),
            (
                json!({"revisionHistoryLimit": -1}),
                "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            ),
            (
                json!({"minReadySeconds": 10, "progressDeadlineSeconds": 10}),
                "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds",
            ),
            (
                json!({"selector": null}),
                "spec.selector: Required value: Rollout has missing field '.spec.selector'",
            ),
            (
                json!({"template": {"metadata": {"labels": {"app": "other"}}}}),
                "spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match template `labels`",
            ),
            (
                blue_green(json!({"scaleDownDelayRevisionLimit": 11})),
                "spec.strategy.blueGreen.scaleDownDelayRevisionLimit: Invalid value: 11: This rollout's revision history limit can not be smaller than the rollout's scale down limit",
            ),
            (
                blue_green(json!({"previewService": "a"})),
                "spec.strategy.blueGreen.activeService: Invalid value: \"a\": This rollout uses the same service for the active and preview services, but two different services are required.",
            ),
            (
                canary(json!({"canaryService": "a", "stableService": "a"})),
                "spec.strategy.canary.stableService: Invalid value: \"a\": This rollout uses the same service for the stable and canary services, but two different services are required.",
            ),
            (
                canary(json!({"scaleDownDelaySeconds": 5})),
                "spec.strategy.canary.scaleDownDelaySeconds: Invalid value: 5: Canary scaleDownDelaySeconds can only be used with traffic routing",
            ),
            (
                canary(json!({"maxSurge": "0%", "maxUnavailable": 0})),
                "spec.strategy.canary.maxSurge: Invalid value: \"0%\": MaxSurge and MaxUnavailable both can not be zero",
            ),
            (
                canary(json!({"steps": [{"setWeight": 101}]})),
                "spec.strategy.canary.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100",
            ),
            (
                canary(json!({"steps": [{"setCanaryScale": {"weight": 5}}]})),
                "spec.strategy.canary.steps[0].setCanaryScale: Invalid value: {\"weight\":5}: SetCanaryScale requires TrafficRouting to be set",
            ),
            (
                canary(json!({"antiAffinity": {}})),
                "spec.strategy.canary.antiAffinity: Invalid value: \"antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: false antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: false\": AntiAffinity must have exactly one strategy listed",
            ),
            (
                blue_green(
                    json!({"antiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 101}}}),
                ),
                "spec.strategy.blueGreen.antiAffinity.weight: Invalid value: 101: AntiAffinity weight must be between 1-100",
            ),
            (
                canary(json!({"stableMetadata": {"labels": {"app": "other"}}})),
                "spec.strategy.canary.stableMetadata.labels: Invalid value: {\"app\":\"other\"}: the selector of the Rollout would not find pods with these labels; choose others",
            ),
            (
                blue_green(json!({"previewMetadata": {"labels": {"rollouts-pod-template-hash": "x"}}})),
                "spec.strategy.blueGreen.previewMetadata.labels: Invalid value: {\"rollouts-pod-template-hash\":\"x\"}: the selector of the Rollout would not find pods with these labels; choose others",
            ),
        ] {
            assert_eq!(said(&patch), text);
        }
    }

    #[test]
    fn what_is_well_is_not_refused() {
        let at_limit = json!({"revisionHistoryLimit": 3, "strategy": {"canary": {"canaryService": "", "stableService": ""}}});
        assert_eq!(said(&at_limit), "");
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {}});
        let given = json!({"labels": {"app": "web", "role": "stable"}, "annotations": {"a": "b"}});
        let pods = json!({"strategy": {"canary": {"antiAffinity": required, "stableMetadata": given}}});
        assert_eq!(said(&pods), "");
    }

    #[test]
    fn beside_a_workload_only_a_template_that_says_nothing_is_none() {
        let reference = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        for (template, is_refused) in [
            (json!({}), false),
            (json!({"metadata": {"creationTimestamp": null}, "spec": {"containers": null}}), false),
            (json!({"metadata": {"labels": {"app": "web"}}}), true),
            (json!({"metadata": {"annotations": {"a": "b"}}}), true),
        ] {
            let whole = json!({"workloadRef": reference, "template": null});
            let patch = apply(&whole, &json!({"template": template}));
            let rollout: Rollout = serde_json::from_value(json!({"spec": patch})).unwrap();
            let view = View { rollout: rollout.into(), ..View::default() };
            let builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
            let text = obstacle(&builder).map(|o| o.path).unwrap_or_default();
            assert_eq!(text == "spec.template", is_refused, "{template}");
        }
    }
}
