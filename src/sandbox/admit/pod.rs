//! Decides what the server itself says about a Pod: its quality-of-service class.
//! It never runs or schedules anything.

use crate::sandbox::object::list;
use serde_json::Value;

/// `Guaranteed`, `Burstable` or `BestEffort`, from the containers' resources.
#[must_use]
pub fn qos_class(pod: &Value) -> &'static str {
    let containers = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    let mut any = false;
    let mut all = true;
    for container in containers {
        for resource in ["cpu", "memory"] {
            let request = container.pointer(&format!("/resources/requests/{resource}"));
            let limit = container.pointer(&format!("/resources/limits/{resource}"));
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
