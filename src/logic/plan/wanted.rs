//! Decides how an object of Git is to look in the cluster: with our mark, with a Secret's texts encoded, without what
//! the cluster itself fills in. It never looks at the live object.

use crate::api::key::Key;
use crate::api::names;
use crate::api::seal;
use crate::api::write::Target;
use crate::logic::manifest::object::{annotate, mark};
use crate::logic::plan::context::PlanContext;
use serde_json::Value;

/// The object as it is to be, with our mark on it; a Secret's plain texts are encoded, and what the cluster itself fills
/// in is left out.
#[must_use]
pub(crate) fn desired(value: &Value, context: &PlanContext) -> Value {
    let mut value = value.clone();
    encode_secret(&mut value);
    if is_aggregated(&value) {
        forget_rules(&mut value);
    }
    annotate(&mut value, names::SOURCE, &context.source);
    mark(&mut value, "labels", names::DELIVERY, &context.source);
    value
}

fn encode_secret(value: &mut Value) {
    if value.get("kind").and_then(Value::as_str) == Some("Secret") {
        seal::encode(value);
    }
}

/// Whether the cluster itself fills in the rules of a role, from those of others.
fn is_aggregated(value: &Value) -> bool {
    let target = Target::of_object(value);
    target.kind == "ClusterRole"
        && Key::of(&target).group == "rbac.authorization.k8s.io"
        && value.get("aggregationRule").is_some_and(|rule| !rule.is_null())
}

fn forget_rules(role: &mut Value) {
    if let Some(map) = role.as_object_mut() {
        map.remove("rules");
    }
}

/// Takes out of what was applied last what the cluster itself fills in from now on, so that it is not taken away.
pub(crate) fn leave_to_cluster(base: &mut Value, wanted: &Value) {
    if is_aggregated(wanted) {
        forget_rules(base);
    }
}

/// Notes on a Rollout which commit changed it.
pub(crate) fn annotate_commit(value: &mut Value, context: &PlanContext) {
    annotate(value, names::COMMIT, &context.commit);
    annotate(value, names::COMMIT_SUBJECT, &context.subject);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: &Value) -> Value {
        let mut value = desired(value, &PlanContext::default());
        value.as_object_mut().unwrap().remove("metadata");
        value
    }

    #[test]
    fn plain_texts_of_a_secret_are_encoded_and_nothing_becomes_empty() {
        let secret = |rest: Value| {
            let mut value = json!({"kind": "Secret"});
            value.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            value
        };
        let plain = secret(json!({"data": null, "stringData": {"a": "x"}}));
        assert_eq!(of(&plain), secret(json!({"data": {"a": "eA=="}})));
        let both = secret(json!({"data": {"a": "eQ==", "b": "eQ=="}, "stringData": {"a": "x"}}));
        assert_eq!(of(&both), secret(json!({"data": {"a": "eA==", "b": "eQ=="}})), "the plain text wins");
        let number = secret(json!({"stringData": {"a": "x", "n": 1}}));
        assert_eq!(of(&number), secret(json!({"data": {"a": "eA=="}, "stringData": {"n": 1}})));
        let map = json!({"kind": "ConfigMap", "stringData": {"a": "x"}});
        assert_eq!(of(&map), map);
    }

    #[test]
    fn rules_that_the_cluster_gathers_are_not_ours() {
        let role = |kind: &str, rule: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "aggregationRule": rule, "rules": []});
        assert_eq!(of(&role("ClusterRole", json!({}))).get("rules"), None);
        for own in [role("ClusterRole", Value::Null), role("Role", json!({}))] {
            assert_eq!(of(&own), own);
        }
        let (mut base, wanted) = (role("ClusterRole", Value::Null), role("ClusterRole", json!({})));
        leave_to_cluster(&mut base, &wanted);
        assert_eq!(base.get("rules"), None, "what was ours is not taken away");
    }
}
