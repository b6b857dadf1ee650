//! Decides whether the pods of a Rollout are well formed, as Argo Rollouts does before it makes a ReplicaSet of them.
//! It never decides whether a cluster would let them be.

use crate::api::check::at::At;
use crate::api::check::field::FieldError;
use crate::api::check::pod::rules::Rules;
use crate::api::check::pod::template;
use crate::api::selector::LabelSelector;
use crate::logic::rollout::view::Obstacle;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What Argo Rollouts loses of a pod before it looks at it: the types that it takes for the purpose have other places for
/// these fields.
const LOST: &[&str] = &["hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"];

/// The first fault of the template (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutSpec`, and
/// Kubernetes' pkg/apis/apps/validation/validation.go, `ValidatePodTemplateSpecForReplicaSet`).
#[must_use]
pub(crate) fn obstacle(template: &Value, selector: &LabelSelector) -> Option<Obstacle> {
    faults(template, selector).into_iter().next().map(Obstacle::from)
}

fn faults(template: &Value, selector: &LabelSelector) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let given = template.pointer("/metadata/labels");
    let labels: BTreeMap<String, String> =
        given.and_then(|l| serde_json::from_value(l.clone()).ok()).unwrap_or_default();
    if !selector.matches(&labels) {
        let text = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", json!(given), text));
    }
    let seen = as_argo_sees(template);
    let at = At { value: &seen, path: "spec.template".to_owned() };
    errors.extend(template::template(&at, Rules::Argo));
    let policy = at.at(&["spec", "restartPolicy"]);
    if !matches!(policy.text(), "" | "Always") {
        errors.push(policy.not_supported(&["Always"]));
    }
    let end = at.at(&["spec", "activeDeadlineSeconds"]);
    if end.is_set() {
        errors.push(end.forbidden("activeDeadlineSeconds in ReplicaSet is not Supported"));
    }
    errors
}

fn as_argo_sees(template: &Value) -> Cow<'_, Value> {
    let spec = template.get("spec");
    if !LOST.iter().any(|field| spec.is_some_and(|s| s.get(field).is_some())) {
        return Cow::Borrowed(template);
    }
    let mut seen = template.clone();
    if let Some(spec) = seen.get_mut("spec").and_then(Value::as_object_mut) {
        spec.retain(|field, _| !LOST.contains(&field.as_str()));
    }
    Cow::Owned(seen)
}
