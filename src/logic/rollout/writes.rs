//! Decides which writes the changes on the desk amount to, in the order in which they were noted.
//! It never decides a change.

use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::logic::rollout::revision;
use crate::logic::rollout::view::Set;
use crate::logic::rollout::work::{Op, Work};
use serde_json::{Map, Value, json};

/// Takes the changes from the desk and turns them into writes; what the Rollout itself gets comes last.
#[must_use]
pub fn of(work: &mut Work<'_>) -> Vec<Write> {
    let ops = std::mem::take(&mut work.ops);
    let mut writes: Vec<Write> = ops.into_iter().filter_map(|op| as_write(work, op)).collect();
    writes.extend(own_metadata(work));
    writes
}

/// Annotations (and a missing size) of the Rollout itself.
fn own_metadata(work: &Work<'_>) -> Option<Write> {
    let mut body = Map::new();
    if !work.annotations.is_empty() {
        body.insert("metadata".to_owned(), json!({"annotations": work.annotations}));
    }
    if work.writes_replicas {
        body.insert("spec".to_owned(), json!({"replicas": 1}));
    }
    if body.is_empty() {
        return None;
    }
    Some(patch(
        target(work, "Rollout", names::ARGO, &work.view.rollout.metadata.name),
        Value::Object(body),
        None,
    ))
}

/// A target in the namespace of the Rollout.
fn target(work: &Work<'_>, kind: &str, api_version: &str, name: &str) -> Target {
    Target::new(api_version, kind, &work.view.rollout.metadata.namespace, name)
}

fn patch(target: Target, body: Value, expect: Option<String>) -> Write {
    Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect }
}

/// The write that a change amounts to; none when nothing is to be written after all.
fn as_write(work: &Work<'_>, op: Op) -> Option<Write> {
    let some = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
    match op {
        Op::Set(index) => {
            let set = work.sets.get(index)?;
            if set.is_new {
                return Some(Write::Create { object: revision::object(work, set) });
            }
            let before = work.view.sets.get(index)?;
            let body = set_patch(before, set)?;
            let target = target(work, "ReplicaSet", "apps/v1", &set.meta.name);
            Some(patch(target, body, some(&set.meta.resource_version)))
        }
        Op::DeleteSet(index) => {
            let meta = &work.sets.get(index)?.meta;
            let target = target(work, "ReplicaSet", "apps/v1", &meta.name);
            let expect = some(&meta.resource_version);
            Some(Write::Delete { target, uid: meta.uid.clone(), expect, foreground: false })
        }
        Op::Service(name) => {
            let service = work.services.get(&name)?;
            let body = json!({
                "metadata": {"annotations": {names::MANAGED_BY: service.managed_by}},
                "spec": {"selector": {names::POD_HASH: service.hash}},
            });
            Some(patch(target(work, "Service", "v1", &name), body, some(&service.resource_version)))
        }
        Op::CreateRun(object) => Some(Write::Create { object }),
        Op::StopRun(index) => {
            let target = target(work, "AnalysisRun", names::ARGO, &work.runs.get(index)?.meta.name);
            Some(patch(target, json!({"spec": {"terminate": true}}), None))
        }
        Op::DeleteRun(index) => {
            let meta = &work.runs.get(index)?.meta;
            let target = target(work, "AnalysisRun", names::ARGO, &meta.name);
            Some(Write::Delete { target, uid: meta.uid.clone(), expect: None, foreground: false })
        }
        Op::ScaleWorkload(replicas) => {
            let workload = work.view.workload.as_ref()?;
            let reference = work.spec().workload_ref.as_ref()?;
            let target = target(work, &reference.kind, &reference.api_version, &reference.name);
            let body = json!({"spec": {"replicas": replicas}});
            Some(patch(target, body, some(&workload.resource_version)))
        }
        Op::Evict(name) => Some(Write::Evict { target: target(work, "Pod", "v1", &name) }),
    }
}

/// The patch from one state of a ReplicaSet to the other; none when they are equal.
fn set_patch(before: &Set, after: &Set) -> Option<Value> {
    let (mut annotations, mut spec) = (Map::new(), Map::new());
    let (old, new) = (&before.meta.annotations, &after.meta.annotations);
    for key in old.keys().filter(|k| !new.contains_key(*k)) {
        annotations.insert(key.clone(), Value::Null);
    }
    for (key, value) in new.iter().filter(|(k, v)| old.get(*k) != Some(v)) {
        annotations.insert(key.clone(), json!(value));
    }
    if before.replicas != after.replicas {
        spec.insert("replicas".to_owned(), json!(after.replicas));
    }
    if before.min_ready_seconds != after.min_ready_seconds {
        spec.insert("minReadySeconds".to_owned(), json!(after.min_ready_seconds));
    }
    let mut body = Map::new();
    if !annotations.is_empty() {
        body.insert("metadata".to_owned(), json!({"annotations": annotations}));
    }
    if !spec.is_empty() {
        body.insert("spec".to_owned(), Value::Object(spec));
    }
    (!body.is_empty()).then_some(Value::Object(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::View;

    fn written(view: &View, change: impl FnOnce(&mut Work<'_>)) -> Vec<Write> {
        let mut work = Work::new(view, jiff::Timestamp::UNIX_EPOCH);
        change(&mut work);
        of(&mut work)
    }

    #[test]
    fn a_missing_size_is_written_beside_the_annotations_and_nothing_else_is() {
        let view = View::default();
        let body = |writes: Vec<Write>| match writes.first() {
            Some(Write::Patch { patch: Patch::Merge(body), .. }) => body.clone(),
            other => json!(format!("{other:?}")),
        };
        assert!(written(&view, |_| ()).is_empty());
        let sized = written(&view, |work| work.writes_replicas = true);
        assert_eq!(body(sized), json!({"spec": {"replicas": 1}}));
        let both = written(&view, |work| {
            work.writes_replicas = true;
            work.annotations.insert("a".to_owned(), "b".to_owned());
        });
        assert_eq!(body(both), json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"replicas": 1}}));
    }
}
