//! Decides whether the pod template of a Rollout is left to the cluster, because somebody went back there to the stable one.
//! It never decides what becomes of Git; `logic::revert` does.

use crate::api::podhash;
use crate::base::json::text;
use serde_json::Value;

/// Leaves the pod template of a Rollout to the cluster where somebody went back to the stable one there, though Git asks
/// for the other one still. Answers what was kept, in words.
pub(crate) fn keep(wanted: &mut Value, live: &Value) -> Option<String> {
    let template = live.pointer("/spec/template")?;
    let (ours, stable) = (wanted.pointer("/spec/template")?, text(live, "/status/stableRS"));
    if stable.is_empty() || ours == template {
        return None;
    }
    let collisions = live.pointer("/status/collisionCount").and_then(Value::as_i64);
    let hash = podhash::hash(template, collisions.and_then(|n| i32::try_from(n).ok())).ok()?;
    if hash != stable {
        return None;
    }
    *wanted.pointer_mut("/spec/template")? = template.clone();
    Some("spec.template kept: somebody went back to the stable revision in the cluster".to_owned())
}
