//! Decides whether the pod template of a Rollout is left to the cluster, because somebody went back there to the stable one.
//! It never decides what becomes of Git; `logic::revert` does.

use crate::api::podhash;
use crate::base::json::text;
use crate::logic::revert::template;
use serde_json::Value;

/// Leaves the pod template of a Rollout to the cluster where somebody went back to the stable one there, though Git asks
/// for the other one still. Answers what was kept, in words.
pub(crate) fn keep(wanted: &mut Value, live: &Value) -> Option<String> {
    let template = live.pointer("/spec/template")?;
    let (ours, stable) = (wanted.pointer("/spec/template")?, text(live, "/status/stableRS"));
    if stable.is_empty() || template::holds(template, ours) {
        return None; // it is what Git asks for, with what a cluster and others have filled in
    }
    let collisions = live.pointer("/status/collisionCount").and_then(Value::as_i64);
    let hash = podhash::hash(template, collisions.and_then(|n| i32::try_from(n).ok())).ok()?;
    if hash != stable && !is_observed_at(live, stable) {
        return None;
    }
    *wanted.pointer_mut("/spec/template")? = template.clone();
    Some("spec.template kept: somebody went back to the stable revision in the cluster".to_owned())
}

/// Whether the status says of the present template that it is the revision `hash`, whichever version has hashed it.
fn is_observed_at(live: &Value, hash: &str) -> bool {
    let generation = live.pointer("/metadata/generation").map(Value::to_string);
    let is_observed = generation.is_some_and(|g| text(live, "/status/observedGeneration") == g);
    is_observed && text(live, "/status/currentPodHash") == hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A Rollout of this image; with what a cluster fills in where it is live.
    fn rollout(image: &str, is_live: bool) -> Value {
        let mut port = json!({"containerPort": 80});
        if is_live {
            port["protocol"] = json!("TCP");
        }
        let container = json!({"name": "c", "image": image, "ports": [port]});
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}});
        let stable = podhash::hash(&template, None).unwrap();
        json!({"spec": {"template": template}, "status": {"stableRS": stable}})
    }

    #[test]
    fn only_another_template_than_git_asks_for_is_one_that_somebody_went_back_to() {
        let mut wanted = rollout("web:2", false);
        assert_eq!(keep(&mut wanted, &rollout("web:2", true)), None, "only filled in");
        assert_eq!(wanted, rollout("web:2", false));
        let live = rollout("web:1", true);
        assert!(keep(&mut wanted, &live).is_some());
        assert_eq!(wanted["spec"]["template"], live["spec"]["template"]);
        let mut otherwise = live.clone();
        otherwise["metadata"] = json!({"generation": 3});
        otherwise["status"] =
            json!({"stableRS": "older", "currentPodHash": "older", "observedGeneration": "3"});
        assert!(keep(&mut rollout("web:2", false), &otherwise).is_some(), "whichever version has hashed it");
        otherwise["metadata"]["generation"] = json!(4);
        assert_eq!(
            keep(&mut rollout("web:2", false), &otherwise),
            None,
            "the status speaks of another template"
        );
        let mut climbing = live.clone();
        climbing["status"]["stableRS"] = json!("another");
        assert_eq!(keep(&mut rollout("web:2", false), &climbing), None, "it is not the stable one");
    }
}
