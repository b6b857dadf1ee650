//! Decides how many pods a Deployment may have too many and how many it may lack.
//! It never looks at a ReplicaSet.

use crate::api::intstr::percent_of;
use crate::base::json::{number, text};
use serde_json::Value;

/// A number or a percentage of `total`; what cannot be read is 0.
pub(in crate::actors) fn resolve(amount: Option<&Value>, total: i64, up: bool) -> i64 {
    match amount {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(text)) => {
            let percent = text.strip_suffix('%').and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
            percent_of(percent, total, up)
        }
        _ => 0,
    }
}

/// What a Deployment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amounts {
    pub replicas: i64,
    pub surge: i64,
    pub unavailable: i64,
    pub rolling: bool,
}

/// Reads the amounts. A strategy that is absent is a rolling update by a quarter.
pub(super) fn amounts(deployment: &Value) -> Amounts {
    let replicas = number(deployment, "/spec/replicas").unwrap_or(1).max(0);
    if text(deployment, "/spec/strategy/type") == "Recreate" {
        return Amounts { replicas, surge: 0, unavailable: 0, rolling: false };
    }
    let quarter = Value::from("25%");
    let read = |field: &str, up| {
        let given = deployment.pointer(&format!("/spec/strategy/rollingUpdate/{field}"));
        resolve(Some(given.filter(|v| !v.is_null()).unwrap_or(&quarter)), replicas, up).max(0)
    };
    let (surge, mut unavailable) = (read("maxSurge", true), read("maxUnavailable", false));
    if surge == 0 && unavailable == 0 {
        unavailable = 1; // otherwise nothing could ever move
    }
    Amounts { replicas, surge, unavailable: unavailable.min(replicas), rolling: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(replicas: i64, surge: &Value, unavailable: &Value) -> (i64, i64) {
        let rolling = json!({"maxSurge": surge, "maxUnavailable": unavailable});
        let read = amounts(&json!({"spec": {"replicas": replicas, "strategy": {"rollingUpdate": rolling}}}));
        (read.surge, read.unavailable)
    }

    #[test]
    fn a_surge_rounds_up_and_a_lack_rounds_down() {
        assert_eq!(of(10, &json!("25%"), &json!("25%")), (3, 2));
        assert_eq!(of(3, &json!(null), &json!(null)), (1, 0));
        assert_eq!(of(3, &json!(0), &json!(0)), (0, 1));
        assert_eq!(of(2, &json!("0%"), &json!("10%")), (0, 1));
        assert_eq!(of(2, &json!(1), &json!(9)), (1, 2));
        assert_eq!(of(0, &json!("100%"), &json!("100%")), (0, 0));
        assert_eq!(of(4, &json!("much"), &json!([1])), (0, 1));
        assert_eq!(of(4, &json!(-3), &json!("-50%")), (0, 1));
    }

    #[test]
    fn recreation_has_neither() {
        let read = amounts(&json!({"spec": {"strategy": {"type": "Recreate"}}}));
        assert_eq!(read, Amounts { replicas: 1, surge: 0, unavailable: 0, rolling: false });
    }
}
