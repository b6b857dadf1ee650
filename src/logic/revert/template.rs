//! Decides whether a pod template in the cluster is the one that Git asks for, with whatever others have added to it:
//! webhooks, reloaders, people. It never decides what follows from that.

use crate::api::listkeys::Schema;
use crate::api::podhash::same::template_key;
use crate::merge::smp;
use serde_json::{Value, json};

/// Whether `live` says everything that `git` says.
#[must_use]
pub(crate) fn holds(live: &Value, git: &Value) -> bool {
    let key = template_key(live);
    if key == template_key(git) {
        return true;
    }
    let Some(schema) = Schema::of("v1", "PodTemplate") else { return false };
    let whole = |template: &Value| json!({"template": template});
    let merged = smp::apply(&whole(live), &whole(git), &schema);
    merged.is_ok_and(|merged| merged.get("template").is_some_and(|t| template_key(t) == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git() -> Value {
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "c", "image": "web:1", "env": [{"name": "A", "value": "1"}]}]}})
    }

    #[test]
    fn what_others_add_is_no_difference() {
        let mut live = git();
        assert!(holds(&live, &git()));
        live["metadata"]["annotations"] = json!({"reloader": "x"});
        live["metadata"]["labels"]["mesh"] = json!("on");
        live["spec"]["containers"][0]["env"] =
            json!([{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]);
        live["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "proxy", "image": "p"}));
        assert!(holds(&live, &git()));
        assert!(!holds(&git(), &live), "Git asks for more than is there");
    }

    #[test]
    fn what_git_says_otherwise_is_one() {
        let change = |pointer: &str, value: Value| {
            let mut live = git();
            *live.pointer_mut(pointer).unwrap() = value;
            live
        };
        assert!(!holds(&change("/spec/containers/0/image", json!("registry.example.com/web:1")), &git()));
        assert!(!holds(&change("/spec/containers/0/env/0/value", json!("2")), &git()));
        assert!(!holds(&change("/spec/containers", json!([])), &git()));
    }
}
