//! Decides whether a pod may change as it does, and what the server itself says about a Pod.
//! It never runs or schedules anything, nor decides whether a pod is well formed.

use crate::api::check::at::At;
use crate::base::json::list;
use crate::field::FieldError;
use serde_json::Value;

/// `Guaranteed`, `Burstable` or `BestEffort`, from the containers' resources.
#[must_use]
pub(crate) fn qos_class(pod: &Value) -> &'static str {
    let containers = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    let mut any = false;
    let mut all = true;
    for container in containers {
        for resource in ["cpu", "memory"] {
            let amount = |kind: &str| {
                let found = container.pointer(&format!("/resources/{kind}/{resource}"));
                found.filter(|a| !matches!(a.as_str(), Some("0")))
            };
            let (request, limit) = (amount("requests"), amount("limits"));
            any |= request.is_some() || limit.is_some();
            all &= limit.is_some() && request.is_none_or(|r| Some(r) == limit);
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// What of a pod's `spec` may change.
const MAY_CHANGE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be \
    set to 1 if it was previously negative)";

/// The faults of a changed Pod.
#[must_use]
pub(crate) fn change(pod: &At<'_>, live: &At<'_>) -> Vec<FieldError> {
    let (new, old) = (pod.field("spec"), live.field("spec"));
    let mut errors = Vec::new();
    for list in ["containers", "initContainers"] {
        if new.field(list).items().len() != old.field(list).items().len() {
            let detail = "pod updates may not add or remove containers";
            errors.push(new.field(list).forbidden(detail));
            return errors;
        }
    }
    let kept = old.field("tolerations").items();
    let now: Vec<&Value> = new.field("tolerations").items().iter().map(|t| t.value).collect();
    if !kept.iter().all(|t| now.contains(&t.value)) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(new.field("tolerations").forbidden(detail));
    }
    if unchangeable(new.value) != unchangeable(old.value) {
        let detail = format!("pod updates may not change fields other than {MAY_CHANGE}\n");
        errors.push(new.forbidden(&detail));
    }
    errors
}

/// A pod's `spec` without what may change.
fn unchangeable(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Value::Object(fields) = &mut spec {
        fields.remove("tolerations");
        fields.remove("activeDeadlineSeconds");
        fields.remove("schedulingGates");
        for list in ["containers", "initContainers"] {
            for container in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::Object(container) = container {
                    container.remove("image");
                }
            }
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn classes() {
        let class =
            |resources: Value| qos_class(&json!({"spec": {"containers": [{"resources": resources}]}}));
        assert_eq!(class(json!({})), "BestEffort");
        assert_eq!(class(json!({"requests": {"cpu": "1"}})), "Burstable");
        let both = json!({"cpu": "1", "memory": "1Gi"});
        assert_eq!(class(json!({"limits": both})), "Guaranteed");
        assert_eq!(class(json!({"limits": both, "requests": {"cpu": "500m"}})), "Burstable");
    }
}
