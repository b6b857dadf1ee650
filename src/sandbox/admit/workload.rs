//! Decides whether Deployments, ReplicaSets, StatefulSets, DaemonSets and ReplicationControllers are well formed, their
//! status included. It never counts pods.

use super::metadata;
use crate::api::check::at::At;
use crate::api::check::pod::rules::Rules;
use crate::api::check::pod::template::template;
use crate::api::selector::Labels;
use crate::base::json;
use crate::field::FieldError;
use crate::names;
use crate::object;
use serde_json::Value;

/// The faults of a workload's `spec`.
#[must_use]
pub(crate) fn spec(kind: &str, spec: &At<'_>) -> Vec<FieldError> {
    match kind {
        "Deployment" => deployment(spec),
        "ReplicaSet" => replica_set(spec),
        "StatefulSet" => stateful_set(spec),
        "DaemonSet" => daemon_set(spec),
        _ => controller(spec),
    }
}

/// The faults of a changed `spec`.
#[must_use]
pub(crate) fn change(kind: &str, new: &At<'_>, old: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match kind {
        "Deployment" | "ReplicaSet" | "DaemonSet" => {
            errors.extend(new.field("selector").immutable(&old.field("selector")));
        }
        "StatefulSet" => {
            let changeable = [
                "replicas",
                "template",
                "updateStrategy",
                "minReadySeconds",
                "ordinals",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
            ];
            let kept = |value: &Value| {
                let mut value = value.clone();
                changeable.iter().for_each(|f| object::set_field(&mut value, f, None));
                value
            };
            if kept(new.value) != kept(old.value) {
                errors.push(new.forbidden(
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                     'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                     'minReadySeconds' are forbidden",
                ));
            }
        }
        _ => {}
    }
    errors
}

fn selector(spec: &At<'_>, what: &str) -> Vec<FieldError> {
    let selector = spec.field("selector");
    if !selector.is_set() {
        return vec![selector.required("")];
    }
    let mut errors = metadata::selector(&selector);
    let requirements =
        selector.field("matchLabels").entries().len() + selector.field("matchExpressions").items().len();
    if requirements == 0 {
        errors.push(selector.invalid(&format!("empty selector is invalid for {what}")));
    }
    errors
}

fn pods(spec: &At<'_>, chosen: &Labels, what: &str) -> Vec<FieldError> {
    let template = spec.field("template");
    let labels = template.at(&["metadata", "labels"]);
    let mut errors = Vec::new();
    if !chosen.is_everything() && !chosen.matches(&json::texts(labels.value, "")) {
        errors.push(labels.invalid("`selector` does not match template `labels`"));
    }
    errors.extend(self::template(&template, Rules::Server));
    errors.extend(always_restarts(&template, what));
    errors
}

fn always_restarts(template: &At<'_>, what: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let policy = template.at(&["spec", "restartPolicy"]);
    if policy.is_set() && policy.text() != "Always" {
        errors.push(policy.not_supported(&["Always"]));
    }
    let deadline = template.at(&["spec", "activeDeadlineSeconds"]);
    if deadline.is_set() {
        errors.push(deadline.forbidden(&format!("activeDeadlineSeconds in {what} is not Supported")));
    }
    errors
}

/// What a selector chooses; a missing one chooses nothing.
fn chosen(spec: &At<'_>) -> Option<Labels> {
    let selector = spec.field("selector");
    selector.is_set().then(|| Labels::from_object(selector.value))
}

/// As [`pods`], for a selector that may be missing: then no template fits it.
fn selected_pods(spec: &At<'_>, what: &str) -> Vec<FieldError> {
    match chosen(spec) {
        Some(chosen) => pods(spec, &chosen, what),
        None => {
            let labels = spec.at(&["template", "metadata", "labels"]);
            let mut errors = vec![labels.invalid("`selector` does not match template `labels`")];
            errors.extend(pods(spec, &Labels::default(), what));
            errors
        }
    }
}

fn deployment(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = spec.field("replicas").not_negative().into_iter().collect();
    errors.extend(selector(spec, "deployment"));
    errors.extend(selected_pods(spec, "ReplicaSet"));
    errors.extend(strategy(&spec.field("strategy")));
    errors.extend(spec.field("minReadySeconds").not_negative());
    errors.extend(spec.field("revisionHistoryLimit").not_negative());
    let deadline = spec.field("progressDeadlineSeconds");
    errors.extend(deadline.not_negative());
    let ready = spec.field("minReadySeconds").number().unwrap_or(0);
    if deadline.number().is_some_and(|n| n <= ready) {
        errors.push(deadline.invalid("must be greater than minReadySeconds"));
    }
    errors
}

fn strategy(strategy: &At<'_>) -> Vec<FieldError> {
    let rolling = strategy.field("rollingUpdate");
    match strategy.field("type").text() {
        "Recreate" if rolling.is_set() => {
            vec![rolling.forbidden("may not be specified when strategy `type` is 'Recreate'")]
        }
        "Recreate" | "" => Vec::new(),
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.field("maxUnavailable"), rolling.field("maxSurge"));
            let mut errors: Vec<FieldError> = unavailable.int_or_percent().into_iter().collect();
            errors.extend(surge.int_or_percent());
            if unavailable.is_set() && surge.is_set() && unavailable.amount() == 0 && surge.amount() == 0 {
                errors.push(unavailable.invalid("may not be 0 when `maxSurge` is 0"));
            }
            errors.extend(unavailable.at_most_all());
            errors
        }
        other => {
            let shown = serde_json::json!({"Type": other, "RollingUpdate": rolling.value});
            vec![FieldError::not_supported(strategy.path.as_str(), shown, &["Recreate", "RollingUpdate"])]
        }
    }
}

fn replica_set(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = spec.field("replicas").not_negative().into_iter().collect();
    errors.extend(spec.field("minReadySeconds").not_negative());
    errors.extend(selector(spec, "deployment"));
    errors.extend(selected_pods(spec, "ReplicaSet"));
    errors
}

fn controller(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = spec.field("minReadySeconds").not_negative().into_iter().collect();
    let selector = spec.field("selector");
    if selector.entries().is_empty() {
        errors.push(selector.required(""));
    }
    errors.extend(spec.field("replicas").not_negative());
    let chosen = Labels::from_map(&json::texts(selector.value, ""));
    if spec.field("template").is_set() {
        errors.extend(pods(spec, &chosen, "ReplicationController"));
    } else {
        errors.push(spec.field("template").required(""));
    }
    errors
}

fn stateful_set(spec: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let policy = spec.field("podManagementPolicy");
    if policy.is_set() && !matches!(policy.text(), "OrderedReady" | "Parallel") {
        errors.push(policy.invalid("must be 'OrderedReady' or 'Parallel'"));
    }
    let update = spec.field("updateStrategy");
    let rolling = update.field("rollingUpdate");
    match update.field("type").text() {
        "" => {}
        "OnDelete" if rolling.is_set() => {
            errors.push(rolling.invalid("only allowed for updateStrategy 'RollingUpdate'"));
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            errors.extend(rolling.field("partition").not_negative());
            errors.extend(rolling.field("maxUnavailable").int_or_percent());
        }
        _ => errors.push(update.invalid("must be 'RollingUpdate' or 'OnDelete'")),
    }
    errors.extend(spec.field("replicas").not_negative());
    errors.extend(spec.field("minReadySeconds").not_negative());
    let service = spec.field("serviceName");
    if !service.text().is_empty() {
        errors.extend(service.named(names::label));
    }
    errors.extend(selector(spec, "statefulset"));
    errors.extend(with_claims(spec));
    errors
}

/// The pods of a StatefulSet, which may mount the claims made for them.
fn with_claims(spec: &At<'_>) -> Vec<FieldError> {
    let mut filled = spec.value.clone();
    let claims: Vec<Value> = spec
        .field("volumeClaimTemplates")
        .items()
        .iter()
        .map(|claim| claim.at(&["metadata", "name"]).value.clone())
        .map(|name| serde_json::json!({"name": name, "persistentVolumeClaim": {"claimName": name}}))
        .collect();
    if let (Some(Value::Object(pod)), false) = (filled.pointer_mut("/template/spec"), claims.is_empty()) {
        let volumes = pod.entry("volumes").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(volumes) = volumes {
            volumes.retain(|v| !claims.iter().any(|c| c.get("name") == v.get("name")));
            volumes.extend(claims);
        }
    }
    selected_pods(&At { value: &filled, path: spec.path.clone() }, "StatefulSet")
}

fn daemon_set(spec: &At<'_>) -> Vec<FieldError> {
    let chosen_labels = chosen(spec);
    let mut errors = metadata::selector(&spec.field("selector"));
    let labels = spec.at(&["template", "metadata", "labels"]);
    let fits = chosen_labels.as_ref().is_some_and(|c| c.matches(&json::texts(labels.value, "")));
    if !fits {
        errors.push(labels.invalid("`selector` does not match template `labels`"));
    }
    if chosen_labels.is_some_and(|c| c.is_everything()) {
        errors.push(spec.field("selector").invalid("empty selector is invalid for daemonset"));
    }
    errors.extend(template(&spec.field("template"), Rules::Server));
    errors.extend(always_restarts(&spec.field("template"), "DaemonSet"));
    errors.extend(spec.field("minReadySeconds").not_negative());
    let rolling = spec.at(&["updateStrategy", "rollingUpdate"]);
    errors.extend(rolling.field("maxUnavailable").int_or_percent());
    errors.extend(rolling.field("maxSurge").int_or_percent());
    errors.extend(spec.field("revisionHistoryLimit").not_negative());
    errors
}

/// The faults of a workload's `status`.
#[must_use]
pub(crate) fn status(kind: &str, status: &At<'_>) -> Vec<FieldError> {
    let counts: &[&str] = match kind {
        "Deployment" => &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ],
        "ReplicaSet" | "ReplicationController" => {
            &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"]
        }
        "StatefulSet" => {
            &["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"]
        }
        _ => return Vec::new(),
    };
    let mut errors: Vec<FieldError> = counts.iter().filter_map(|c| status.field(c).not_negative()).collect();
    let count = |name: &str| status.field(name).number().unwrap_or(0);
    let parts = counts.iter().filter(|c| c.ends_with("Replicas") && !c.starts_with("unavailable"));
    for part in parts.filter(|part| count(part) > count("replicas")) {
        errors.push(status.field(part).invalid("cannot be greater than status.replicas"));
    }
    if count("availableReplicas") > count("readyReplicas") {
        let bound = if kind == "StatefulSet" { "status.readyReplicas" } else { "readyReplicas" };
        let detail = format!("cannot be greater than {bound}");
        errors.push(status.field("availableReplicas").invalid(&detail));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(errors: Vec<FieldError>) -> Vec<String> {
        errors.iter().map(FieldError::text).collect()
    }

    #[test]
    fn a_deployment_without_anything() {
        let object = json!({"template": {"spec": {"containers": [{"name": "c"}]}}});
        let at = At { value: &object, path: "spec".to_owned() };
        assert_eq!(
            texts(spec("Deployment", &at)),
            [
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
                "spec.template.spec.containers[0].image: Required value"
            ]
        );
    }

    #[test]
    fn a_status_may_not_count_more_than_there_is() {
        let object = json!({"replicas": 1, "readyReplicas": 2, "availableReplicas": -1});
        let at = At { value: &object, path: "status".to_owned() };
        assert_eq!(
            texts(status("ReplicaSet", &at)),
            [
                "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0",
                "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"
            ]
        );
    }

    #[test]
    fn stateful_pods_may_mount_their_claims() {
        let object = json!({"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}]});
        let at = At { value: &object, path: "spec".to_owned() };
        assert_eq!(texts(spec("StatefulSet", &at)), Vec::<String>::new());
    }
}
