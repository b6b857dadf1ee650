//! Decides whether each refusal has its path, its value and its words.
//! It never looks at pods; `pods` and the vectors do.

use super::spec::obstacle;
use crate::api::rollout::Rollout;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::View;
use crate::merge::json::apply;
use serde_json::{Value, json};

/// What is said of a Rollout that is well but for `patch` to its spec.
fn said(patch: &Value) -> String {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}});
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
            "spec.strategy.canary.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set",
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
