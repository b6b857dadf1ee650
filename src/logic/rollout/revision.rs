//! Decides revisions: the ReplicaSet of the current template, its number and annotations, and which old ones
//! are forgotten. It never decides how many pods they have.

use crate::api::condition::{Condition, ConditionReason, ConditionStatus, ConditionType};
use crate::api::event::EventReason;
use crate::api::meta::{Meta, Owner};
use crate::api::names;
use crate::logic::rollout::conditions::{make, set};
use crate::logic::rollout::view::Set;
use crate::logic::rollout::work::{Op, Work};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Annotations of a Rollout that its ReplicaSets do not get.
const NOT_COPIED: &[&str] = &[
    names::LAST_APPLIED,
    names::REVISION,
    names::REVISION_HISTORY,
    names::DESIRED_REPLICAS,
    names::NOTIFIED,
    names::UNDO,
];

fn copied(work: &Work<'_>) -> BTreeMap<String, String> {
    let all = &work.view.rollout.metadata.annotations;
    all.iter()
        .filter(|(k, _)| !NOT_COPIED.contains(&k.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn next_revision(work: &Work<'_>) -> i64 {
    let older = (0..work.sets.len()).filter(|i| Some(*i) != work.new).filter_map(|i| work.sets.get(i));
    older.map(Set::revision).max().unwrap_or(0) + 1
}

/// Makes sure that the current template has a ReplicaSet with the right number and annotations. Answers whether
/// the pass ends here because one was just made (source: rollout/sync.go, `getAllReplicaSetsAndSyncRevision`).
pub fn ensure(work: &mut Work<'_>) -> bool {
    match work.new {
        None => {
            create(work);
            true
        }
        Some(index) => {
            sync(work, index);
            false
        }
    }
}

/// (source: rollout/sync.go, `createDesiredReplicaSet`)
fn create(work: &mut Work<'_>) {
    let rollout = &work.view.rollout;
    let revision = next_revision(work);
    let name = format!("{}-{}", rollout.metadata.name, work.view.pod_hash);
    let mut annotations = copied(work);
    annotations.insert(names::REVISION.to_owned(), revision.to_string());
    annotations.insert(names::DESIRED_REPLICAS.to_owned(), work.spec().replicas().to_string());
    let meta = Meta {
        name: name.clone(),
        namespace: rollout.metadata.namespace.clone(),
        annotations,
        owner_references: vec![owner(&rollout.metadata)],
        ..Meta::default()
    };
    let made = Set {
        meta,
        hash: work.view.pod_hash.clone(),
        template_key: work.view.template_key.clone(),
        min_ready_seconds: work.spec().min_ready_seconds(),
        selector: work.view.selector.with_label(names::POD_HASH, &work.view.pod_hash).to_string(),
        is_new: true,
        ..Set::default()
    };
    work.sets.to_mut().push(made);
    let index = work.sets.len() - 1;
    work.new = Some(index);
    work.note(Op::Set(index));
    note_revision(work, revision);
    work.tell(EventReason::NewReplicaSetCreated, format!("Created ReplicaSet {name} (revision {revision})"));
    let message = format!("Created new replica set \"{name}\"");
    let made = progressing(work, ConditionReason::NewReplicaSetCreated, message);
    set(&mut work.status, made);
}

fn note_revision(work: &mut Work<'_>, revision: i64) {
    if work.revision() == revision {
        return;
    }
    work.annotations.insert(names::REVISION.to_owned(), revision.to_string());
    work.tell(EventReason::RolloutUpdated, format!("Rollout updated to revision {revision}"));
}

/// (source: rollout/sync.go, `syncReplicaSetRevision`)
fn sync(work: &mut Work<'_>, index: usize) {
    let newest = next_revision(work);
    let min_ready = work.spec().min_ready_seconds();
    let Some(present) = work.sets.get(index) else { return };
    let before = present.meta.annotation(names::REVISION).map(str::to_owned);
    let is_behind = present.revision() < newest;
    let mut annotations = copied(work);
    annotations.retain(|key, value| present.meta.annotation(key) != Some(value));
    if is_behind || !annotations.is_empty() || present.min_ready_seconds != min_ready {
        let Some(changed) = work.sets.to_mut().get_mut(index) else { return };
        changed.meta.annotations.extend(annotations);
        changed.min_ready_seconds = min_ready;
        if is_behind {
            let own = &mut changed.meta.annotations;
            own.insert(names::REVISION.to_owned(), newest.to_string());
            if let Some(before) = before {
                let history = own.get(names::REVISION_HISTORY).filter(|h| !h.is_empty());
                let history = history.map_or_else(|| before.clone(), |h| format!("{h},{before}"));
                own.insert(names::REVISION_HISTORY.to_owned(), history);
            }
        }
        work.note(Op::Set(index));
    }
    let Some((name, number)) = work.sets.get(index).map(|s| (s.meta.name.clone(), s.revision())) else {
        return;
    };
    note_revision(work, number);
    if work.old.condition(&ConditionType::Progressing).is_none() {
        let message = format!("Found new replica set \"{name}\"");
        let found = progressing(work, ConditionReason::FoundNewReplicaSet, message);
        set(&mut work.status, found);
    }
}

fn progressing(work: &Work<'_>, reason: ConditionReason, message: String) -> Condition {
    make(ConditionType::Progressing, ConditionStatus::True, reason, message, work.time())
}

/// The owner reference that makes the Rollout of `meta` the controller of an object.
#[must_use]
pub fn owner(meta: &Meta) -> Owner {
    Owner {
        api_version: names::ARGO.to_owned(),
        kind: "Rollout".to_owned(),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The whole ReplicaSet object that `set` describes.
#[must_use]
pub fn object(work: &Work<'_>, set: &Set) -> Value {
    let mut template = Value::clone(&work.view.template);
    if !template.is_object() {
        template = json!({});
    }
    let mut labels: BTreeMap<String, String> = template
        .pointer("/metadata/labels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
        .collect();
    labels.insert(names::POD_HASH.to_owned(), set.hash.clone());
    if let Some(map) = template.as_object_mut() {
        let meta = map.entry("metadata").or_insert_with(|| json!({}));
        if let Some(meta) = meta.as_object_mut() {
            meta.insert("labels".to_owned(), json!(labels));
            meta.remove("creationTimestamp");
        }
    }
    let instance = work.view.rollout.metadata.labels.get(names::INSTANCE_ID);
    if let Some(id) = instance {
        labels.insert(names::INSTANCE_ID.to_owned(), id.clone());
    }
    let mut spec = json!({
        "replicas": set.replicas,
        "selector": work.view.selector.with_label(names::POD_HASH, &set.hash),
        "template": template,
    });
    if let (Some(map), true) = (spec.as_object_mut(), set.min_ready_seconds != 0) {
        map.insert("minReadySeconds".to_owned(), json!(set.min_ready_seconds));
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": set.meta.name,
            "namespace": set.meta.namespace,
            "labels": labels,
            "annotations": set.meta.annotations,
            "ownerReferences": set.meta.owner_references,
        },
        "spec": spec,
    })
}

/// Forgets the oldest revisions beyond the history limit, with their analyses; only those without pods
/// (source: rollout/sync.go, `cleanupRollouts`).
pub fn trim_history(work: &mut Work<'_>) {
    let limit = work.spec().revision_history_limit();
    let mut alive: Vec<usize> = work
        .other_indices()
        .into_iter()
        .filter(|i| work.sets.get(*i).is_some_and(|s| s.meta.deletion_timestamp.is_none()))
        .collect();
    let Some(excess) = alive.len().checked_sub(limit).filter(|n| *n > 0) else { return };
    alive.sort_by_key(|i| work.sets.get(*i).map(|s| (s.created(), s.meta.name.clone())));
    for index in alive.into_iter().take(excess) {
        let Some(old) = work.sets.get(index) else { continue };
        let empty = old.replicas == 0 && old.current == 0 && old.meta.generation <= old.observed_generation;
        if !empty || old.is_new {
            continue;
        }
        let hash = old.hash.clone();
        work.note(Op::DeleteSet(index));
        for (run, measured) in work.runs.iter().enumerate() {
            if measured.meta.labels.get(names::POD_HASH) == Some(&hash) {
                work.note(Op::DeleteRun(run));
            }
        }
    }
}
