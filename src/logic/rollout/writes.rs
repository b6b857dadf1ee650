//! Decides which writes the changes of a decision amount to, in the order in which they were planned.
//! It never decides a change.

use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::injected::anti_affinity;
use crate::logic::rollout::revision;
use crate::logic::rollout::view::ReplicaSet;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Takes the planned changes from the builder and turns them into writes; what the Rollout itself gets comes last.
#[must_use]
pub(crate) fn of(builder: &mut Builder<'_>) -> Vec<Write> {
    let ops = builder.take_ops();
    let mut writes: Vec<Write> = ops.into_iter().filter_map(|op| as_write(builder, op)).collect();
    writes.extend(own_metadata(builder));
    writes
}

/// Annotations (and a missing size) of the Rollout itself.
fn own_metadata(builder: &Builder<'_>) -> Option<Write> {
    let mut body = Map::new();
    if builder.leaves_alone("Rollout", &builder.view().rollout.metadata.name) {
        return None;
    }
    if !builder.annotations().is_empty() {
        body.insert("metadata".to_owned(), json!({"annotations": builder.annotations()}));
    }
    if builder.writes_replicas() {
        body.insert("spec".to_owned(), json!({"replicas": 1}));
    }
    if body.is_empty() {
        return None;
    }
    Some(patch(
        target(builder, "Rollout", names::ARGO, &builder.view().rollout.metadata.name),
        Value::Object(body),
        None,
    ))
}

/// A target in the namespace of the Rollout.
fn target(builder: &Builder<'_>, kind: &str, api_version: &str, name: &str) -> Target {
    Target::new(api_version, kind, &builder.view().rollout.metadata.namespace, name)
}

fn patch(target: Target, body: Value, expect: Option<String>) -> Write {
    Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect }
}

/// The write that a change amounts to; none when nothing is to be written after all.
fn as_write(builder: &Builder<'_>, op: Op) -> Option<Write> {
    let some = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
    match op {
        Op::WriteReplicaSet(index) => {
            let replica_set = builder.replica_set(index)?;
            if replica_set.is_new {
                return Some(Write::Create { object: revision::object(builder, replica_set) });
            }
            let before = builder.view().replica_sets.get(index)?;
            let body = replica_set_patch(before, replica_set, || affinity(builder, replica_set))?;
            let target = target(builder, "ReplicaSet", "apps/v1", &replica_set.meta.name);
            Some(patch(target, body, some(&replica_set.meta.resource_version)))
        }
        Op::DeleteReplicaSet(index) => {
            let meta = &builder.replica_set(index)?.meta;
            let target = target(builder, "ReplicaSet", "apps/v1", &meta.name);
            let expect = some(&meta.resource_version);
            Some(Write::Delete { target, uid: meta.uid.clone(), expect, foreground: false })
        }
        Op::Service(name) => {
            let service = builder.services().get(&name)?;
            let body = json!({
                "metadata": {"annotations": {names::MANAGED_BY: service.managed_by}},
                "spec": {"selector": {names::POD_HASH: service.hash}},
            });
            Some(patch(target(builder, "Service", "v1", &name), body, some(&service.resource_version)))
        }
        Op::CreateAnalysisRun(object) => Some(Write::Create { object }),
        Op::StopAnalysisRun(index) => {
            let target =
                target(builder, "AnalysisRun", names::ARGO, &builder.analysis_runs().get(index)?.meta.name);
            Some(patch(target, json!({"spec": {"terminate": true}}), None))
        }
        Op::DeleteAnalysisRun(index) => {
            let meta = &builder.analysis_runs().get(index)?.meta;
            let target = target(builder, "AnalysisRun", names::ARGO, &meta.name);
            Some(Write::Delete { target, uid: meta.uid.clone(), expect: None, foreground: false })
        }
        Op::ScaleWorkload(replicas) => {
            let workload = builder.view().workload.as_ref()?;
            let reference = builder.spec().workload_ref.as_ref()?;
            let target = target(builder, &reference.kind, &reference.api_version, &reference.name);
            let body = json!({"spec": {"replicas": replicas}});
            Some(patch(target, body, some(&workload.resource_version)))
        }
        Op::Evict(name) => Some(Write::Evict { target: target(builder, "Pod", "v1", &name) }),
        Op::Relabel(name, change) => {
            Some(patch(target(builder, "Pod", "v1", &name), json!({"metadata": change}), None))
        }
    }
}

/// The affinity that the template of `replica_set` gets.
fn affinity(builder: &Builder<'_>, replica_set: &ReplicaSet) -> Value {
    let view = builder.view();
    anti_affinity::patch(&view.template, replica_set.apart.as_ref(), &view.rollout.metadata.namespace)
}

/// What the template of a ReplicaSet says otherwise after a decision; `affinity` is what its pods get then, if that changes.
fn template_patch(
    before: &ReplicaSet,
    after: &ReplicaSet,
    affinity: impl FnOnce() -> Value,
) -> Map<String, Value> {
    let mut patch = Map::new();
    let there = |all: &BTreeMap<String, Option<String>>| -> BTreeMap<String, String> {
        all.iter().filter_map(|(k, v)| Some((k.clone(), v.clone()?))).collect()
    };
    let (labels, annotations) = (there(&before.carried.labels), there(&before.carried.annotations));
    let metadata = after.carried.to_do(&labels, &annotations);
    if !metadata.is_empty() {
        patch.insert("metadata".to_owned(), json!(metadata));
    }
    if before.apart != after.apart {
        patch.insert("spec".to_owned(), json!({"affinity": affinity()}));
    }
    patch
}

/// The patch from one state of a ReplicaSet to the other; none when they are equal.
fn replica_set_patch(
    before: &ReplicaSet,
    after: &ReplicaSet,
    affinity: impl FnOnce() -> Value,
) -> Option<Value> {
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
    let template = template_patch(before, after, affinity);
    if !template.is_empty() {
        spec.insert("template".to_owned(), Value::Object(template));
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

    fn written(view: &View, change: impl FnOnce(&mut Builder<'_>)) -> Vec<Write> {
        let mut builder = Builder::new(view, jiff::Timestamp::UNIX_EPOCH);
        change(&mut builder);
        of(&mut builder)
    }

    #[test]
    fn a_missing_size_is_written_beside_the_annotations_and_nothing_else_is() {
        let view = View::default();
        let body = |writes: Vec<Write>| match writes.first() {
            Some(Write::Patch { patch: Patch::Merge(body), .. }) => body.clone(),
            other => json!(format!("{other:?}")),
        };
        assert!(written(&view, |_| ()).is_empty());
        let sized = written(&view, |builder| builder.write_replicas());
        assert_eq!(body(sized), json!({"spec": {"replicas": 1}}));
        let both = written(&view, |builder| {
            builder.write_replicas();
            builder.annotate("a", "b".to_owned());
        });
        assert_eq!(body(both), json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"replicas": 1}}));
    }
}
