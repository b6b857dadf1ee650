//! Decides which lists of an object are left as the cluster has them: those that Git says as it said them before, and whose
//! elements hold there all that Git says of each. It never leaves a list that Git has changed.

use serde_json::Value;

/// Takes over into `wanted` what `live` has of lists that are as they were applied (`base`) and say everything that is
/// wanted, element by element: what a cluster fills in there, such as the protocol of a port, is nobody's change. A merge
/// that replaces lists whole would see one, and go on bringing it back.
pub(super) fn keep(wanted: &mut Value, base: &Value, live: &Value) {
    match (wanted, base, live) {
        (Value::Object(wanted), Value::Object(base), Value::Object(live)) => {
            for (name, field) in wanted {
                if let (Some(base), Some(live)) = (base.get(name), live.get(name)) {
                    keep(field, base, live);
                }
            }
        }
        (wanted @ Value::Array(_), base, live) if wanted == base && says(live, wanted) => {
            wanted.clone_from(live);
        }
        _ => {}
    }
}

/// Whether `live` says everything that `git` says, lists element by element.
fn says(live: &Value, git: &Value) -> bool {
    match (live, git) {
        (Value::Object(live), Value::Object(git)) => git.iter().all(|(name, wanted)| match live.get(name) {
            Some(live) => says(live, wanted),
            None => wanted.is_null(),
        }),
        (Value::Array(live), Value::Array(git)) => {
            live.len() == git.len() && live.iter().zip(git).all(|(live, git)| says(live, git))
        }
        _ => live == git,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is wanted once lists are kept.
    fn kept(wanted: Value, base: Value, live: Value) -> Value {
        let (mut wanted, base, live) =
            (json!({"spec": {"to": wanted}}), json!({"spec": {"to": base}}), json!({"spec": {"to": live}}));
        keep(&mut wanted, &base, &live);
        wanted["spec"]["to"].take()
    }

    #[test]
    fn what_is_filled_into_elements_stays() {
        let (git, live) = (json!([{"name": "a", "gone": null}]), json!([{"name": "a", "weight": 1}]));
        assert_eq!(kept(git.clone(), git, live.clone()), live);
        let (git, live) = (json!([[{"a": []}]]), json!([[{"a": [], "b": [1]}]]));
        assert_eq!(kept(git.clone(), git, live.clone()), live);
    }

    #[test]
    fn a_list_that_git_or_somebody_else_has_changed_is_as_git_says() {
        let git = json!([{"name": "a"}, {"name": "b"}]);
        for live in [
            json!([{"name": "a"}, {"name": "c"}]),
            json!([{"name": "b"}, {"name": "a"}]),
            json!([{"name": "a"}]),
            json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]),
            json!([{"name": "a"}, "b"]),
            json!("a"),
        ] {
            assert_eq!(kept(git.clone(), git.clone(), live), git);
        }
        let live = json!([{"name": "a", "weight": 1}, {"name": "b", "weight": 1}]);
        assert_eq!(kept(git.clone(), json!([{"name": "a", "weight": 1}]), live), git, "Git has changed it");
    }
}
