//! Decides what `undo` writes: the template of an older revision, and the request that Git goes back as well.
//! It never decides which commits go back; `logic::revert` does.

use crate::api::key::target_of;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::podhash::same::same_template;
use crate::api::write::{Patch, Target, Write};
use crate::logic::rollout::act::Said;
use crate::logic::rollout::injected::template::own_template;
use serde_json::{Value, json};
use thiserror::Error;

/// Why there is no way back.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NoWayBack {
    /// The number is none of the revisions there are.
    #[error("unable to find specified revision {wanted} in history; there are: {there}")]
    NoSuchRevision {
        /// The number.
        wanted: i64,
        /// The revisions there are, newest first.
        there: String,
    },
    /// There is no older revision.
    #[error("no revision found for rollout \"{0}\" before the present one; there is nothing to go back to")]
    NoneBefore(String),
}

fn meta(object: &Value) -> Meta {
    object.get("metadata").and_then(Meta::of).unwrap_or_default()
}

/// The writes that bring the Rollout back to `wanted` (0: the one before the present). `replica_sets` are its
/// ReplicaSets, `workload` the object it refers to, if any (source: pkg/kubectl-argo-rollouts/cmd/undo/undo.go; the
/// body of its patch).
///
/// # Errors
/// There is no such revision.
pub(crate) fn writes(
    rollout: &Value,
    replica_sets: &[Value],
    workload: Option<&Value>,
    wanted: i64,
) -> Result<Said, NoWayBack> {
    let own = meta(rollout);
    let mut owned: Vec<&Value> = replica_sets.iter().filter(|s| meta(s).is_controlled_by(&own.uid)).collect();
    owned.sort_by_key(|s| std::cmp::Reverse(meta(s).revision()));
    let chosen = match wanted {
        0 => *owned.get(1).ok_or_else(|| NoWayBack::NoneBefore(own.name.clone()))?,
        n => *owned.iter().find(|s| meta(s).revision() == n).ok_or_else(|| {
            let numbers: Vec<String> = owned.iter().map(|s| meta(s).revision().to_string()).collect();
            NoWayBack::NoSuchRevision { wanted: n, there: numbers.join(", ") }
        })?,
    };
    let chosen_meta = meta(chosen);
    let number = chosen_meta.revision();
    let mut template = own_template(chosen.pointer("/spec/template").unwrap_or(&Value::Null), &chosen_meta);
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(names::POD_HASH);
    }
    let (holder, path) = holder(rollout, workload);
    let present = holder.pointer(path).unwrap_or(&Value::Null);
    if same_template(present, &template) {
        let text = format!("skipped rollback (current template already matches revision {number})");
        return Ok(Said::Nothing(text));
    }
    let replace = json!({"op": "replace", "path": path, "value": template});
    let marks = marks(&own, &chosen_meta, number);
    let writes = match workload {
        None => vec![json_patch(target_of(rollout), std::iter::once(replace).chain(marks).collect())],
        Some(workload) => {
            let mut writes = vec![json_patch(target_of(workload), vec![replace])];
            if !marks.is_empty() {
                writes.push(json_patch(target_of(rollout), marks));
            }
            writes
        }
    };
    let in_git =
        if own.annotation(names::SOURCE).is_some() { "; its commits are reverted in Git" } else { "" };
    let subject = chosen_meta.annotation(names::COMMIT_SUBJECT).filter(|s| !s.is_empty());
    let what = subject.map(|s| format!(", \"{s}\"")).unwrap_or_default();
    Ok(Said::Writes(writes, format!("goes back from revision {} to {number}{what}{in_git}", own.revision())))
}

/// Where the pod template stands: the object and the path in it.
pub(crate) fn holder<'v>(rollout: &'v Value, workload: Option<&'v Value>) -> (&'v Value, &'static str) {
    match workload {
        None => (rollout, "/spec/template"),
        Some(w) if w.get("kind").and_then(Value::as_str) == Some("PodTemplate") => (w, "/template"),
        Some(w) => (w, "/spec/template"),
    }
}

/// What asks the engine to revert in Git too, for Rollouts that come from Git: from which revision to which,
/// and which commit the older one came from.
fn marks(own: &Meta, chosen: &Meta, number: i64) -> Vec<Value> {
    if own.annotation(names::SOURCE).is_none() {
        return Vec::new();
    }
    let add = |key: &str, value: &str| {
        let path = format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"));
        json!({"op": "add", "path": path, "value": value})
    };
    let mut marks = vec![add(names::UNDO, &format!("{}->{number}", own.revision()))];
    for key in [names::COMMIT, names::COMMIT_SUBJECT] {
        marks.extend(chosen.annotation(key).map(|value| add(key, value)));
    }
    marks
}

fn json_patch(target: Target, operations: Vec<Value>) -> Write {
    Write::Patch { target, subresource: "", patch: Patch::Json(Value::Array(operations)), expect: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica_set(revision: i64, image: &str) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("web-{revision}"), "namespace": "shop",
                "annotations": {names::REVISION: revision.to_string(), names::COMMIT: format!("c{revision}")},
                "ownerReferences": [{"uid": "u", "controller": true, "kind": "Rollout", "name": "web"}]},
            "spec": {"template": template(image, Some("hash"))}})
    }

    fn template(image: &str, hash: Option<&str>) -> Value {
        let mut labels = json!({"app": "web"});
        if let Some(hash) = hash {
            labels[names::POD_HASH] = json!(hash);
        }
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}})
    }

    fn rollout(delivered: bool) -> Value {
        let mut annotations = json!({names::REVISION: "3"});
        if delivered {
            annotations[names::SOURCE] = json!("source");
        }
        json!({"apiVersion": names::ARGO, "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop",
            "uid": "u", "annotations": annotations}, "spec": {"template": template("v3", None)}})
    }

    fn operations(said: Said) -> Vec<Vec<Value>> {
        let Said::Writes(writes, _) = said else { panic!("{said:?}") };
        let of = |w: Write| match w {
            Write::Patch { patch: Patch::Json(Value::Array(all)), .. } => all,
            other => panic!("{other:?}"),
        };
        writes.into_iter().map(of).collect()
    }

    #[test]
    fn the_revision_before_comes_back_without_its_hash() {
        let replica_sets = [replica_set(1, "v1"), replica_set(3, "v3"), replica_set(2, "v2")];
        let all = operations(writes(&rollout(false), &replica_sets, None, 0).unwrap());
        let replace = json!({"op": "replace", "path": "/spec/template", "value": template("v2", None)});
        assert_eq!(all, [vec![replace]]);
    }

    #[test]
    fn what_a_revision_was_given_for_its_role_does_not_come_back() {
        let mut older = replica_set(2, "v2");
        let given = json!({"labels": {"role": "stable"}, "annotations": {"note": "x"}});
        older["metadata"]["annotations"][names::EPHEMERAL_METADATA] = json!(given.to_string());
        older["spec"]["template"]["metadata"]["labels"]["role"] = json!("stable");
        older["spec"]["template"]["metadata"]["annotations"] = json!({"note": "x"});
        let expression = json!({"key": names::POD_HASH, "operator": "In", "values": ["hash"]});
        let term = json!({"labelSelector": {"matchExpressions": [expression]}, "topologyKey": "kubernetes.io/hostname"});
        older["spec"]["template"]["spec"]["affinity"] =
            json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
        let mut present = replica_set(3, "v3");
        present["metadata"]["annotations"][names::EPHEMERAL_METADATA] = json!(given.to_string());
        present["spec"]["template"]["metadata"]["labels"]["role"] = json!("stable");
        let all = operations(writes(&rollout(false), &[older, present.clone()], None, 0).unwrap());
        assert_eq!(all[0][0]["value"], template("v2", None));
        let same = writes(&rollout(false), &[present], None, 3).unwrap();
        assert!(matches!(same, Said::Nothing(_)), "{same:?}");
    }

    #[test]
    fn what_came_from_git_asks_git_to_go_back_in_the_same_write() {
        let replica_sets = [replica_set(1, "v1"), replica_set(3, "v3"), replica_set(2, "v2")];
        let all = operations(writes(&rollout(true), &replica_sets, None, 1).unwrap());
        let add = |path: &str, value: &str| json!({"op": "add", "path": format!("/metadata/annotations/switchback.dev~1{path}"), "value": value});
        assert_eq!(all[0][1..], [add("undo", "3->1"), add("commit", "c1")]);
    }

    #[test]
    fn a_workload_gets_the_template_before_git_is_asked() {
        let replica_sets = [replica_set(2, "v2"), replica_set(3, "v3")];
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": template("v3", None)}});
        let said = writes(&rollout(true), &replica_sets, Some(&deployment), 0).unwrap();
        let Said::Writes(made, _) = &said else { panic!("{said:?}") };
        let kinds: Vec<String> = made.iter().map(|w| w.target().kind).collect();
        assert_eq!(kinds, ["Deployment", "Rollout"]);
        assert_eq!(operations(said)[0][0]["path"], "/spec/template");
    }

    #[test]
    fn without_a_way_back_it_says_what_there_is() {
        let replica_sets = [replica_set(3, "v3"), replica_set(2, "v2")];
        let none = writes(&rollout(false), &replica_sets, None, 7).unwrap_err();
        assert_eq!(none.to_string(), "unable to find specified revision 7 in history; there are: 3, 2");
        let first = writes(&rollout(false), &replica_sets[..1], None, 0).unwrap_err();
        assert!(first.to_string().contains("no revision found for rollout \"web\""));
        let same = writes(&rollout(false), &replica_sets, None, 3).unwrap();
        assert!(matches!(same, Said::Nothing(text) if text.contains("already matches revision 3")));
        let mut foreign = replica_set(2, "v2");
        foreign["metadata"]["ownerReferences"][0]["uid"] = json!("other");
        assert!(writes(&rollout(false), &[replica_set(3, "v3"), foreign], None, 0).is_err());
    }
}
