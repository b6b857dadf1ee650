//! Decides revisions: the ReplicaSet of the current template, its number and annotations, and which old ones
//! are forgotten. It never decides how many pods they have.

use crate::api::condition::{Condition, ConditionReason, ConditionStatus, ConditionType};
use crate::api::event::EventReason;
use crate::api::meta::{Meta, Owner};
use crate::api::names;
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::conditions::{make, set};
use crate::logic::rollout::injected::{anti_affinity, metadata, template};
use crate::logic::rollout::view::ReplicaSet;
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
    names::HELD,
    names::EPHEMERAL_METADATA,
    names::COVERED_METADATA,
    names::STALE_METADATA,
];

fn copied(builder: &Builder<'_>) -> BTreeMap<String, String> {
    let all = &builder.view().rollout.metadata.annotations;
    all.iter()
        .filter(|(k, _)| !NOT_COPIED.contains(&k.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn next_revision(builder: &Builder<'_>) -> i64 {
    let older = (0..builder.replica_sets().len())
        .filter(|i| Some(*i) != builder.new_index())
        .filter_map(|i| builder.replica_set(i));
    older.map(ReplicaSet::revision).max().unwrap_or(0) + 1
}

/// How it stands with the ReplicaSet of the current template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It was just made.
    Made,
    /// It is there.
    There,
    /// It is not there, since the cluster refused to make it.
    Refused,
}

/// Makes sure that the current template has a ReplicaSet with the right number and annotations, unless the cluster has
/// refused it (source: rollout/sync.go, `getAllReplicaSetsAndSyncRevision`).
pub(crate) fn ensure(builder: &mut Builder<'_>) -> Presence {
    match builder.new_index() {
        None if builder.view().refused.is_some() => Presence::Refused,
        None => {
            create(builder);
            Presence::Made
        }
        Some(index) => {
            sync(builder, index);
            Presence::There
        }
    }
}

/// The name of the ReplicaSet that the current template gets.
#[must_use]
pub(crate) fn name(builder: &Builder<'_>) -> String {
    format!("{}-{}", builder.view().rollout.metadata.name, builder.view().pod_hash)
}

/// Gives the Rollout the number that the revision would have had whose ReplicaSet is refused.
pub(crate) fn number_refused(builder: &mut Builder<'_>) {
    let revision = next_revision(builder);
    annotate_revision(builder, revision);
}

/// (source: rollout/sync.go, `createDesiredReplicaSet`)
fn create(builder: &mut Builder<'_>) {
    let rollout = &builder.view().rollout;
    let revision = next_revision(builder);
    let name = name(builder);
    let mut annotations = copied(builder);
    annotations.insert(names::REVISION.to_owned(), revision.to_string());
    annotations.insert(names::DESIRED_REPLICAS.to_owned(), builder.spec().replicas().to_string());
    let meta = Meta {
        name: name.clone(),
        namespace: rollout.metadata.namespace.clone(),
        annotations,
        owner_references: vec![owner(&rollout.metadata)],
        ..Meta::default()
    };
    let made = ReplicaSet {
        meta,
        hash: builder.view().pod_hash.clone(),
        template_key: builder.view().template_key.clone(),
        min_ready_seconds: builder.spec().min_ready_seconds(),
        selector: builder.view().selector.with_label(names::POD_HASH, &builder.view().pod_hash).to_string(),
        apart: anti_affinity::wanted(builder),
        is_new: true,
        ..ReplicaSet::default()
    };
    builder.add_replica_set(made);
    builder.new_index().into_iter().for_each(|index| metadata::give_one(builder, index));
    annotate_revision(builder, revision);
    builder
        .event(EventReason::NewReplicaSetCreated, format!("Created ReplicaSet {name} (revision {revision})"));
    let message = format!("Created new replica set \"{name}\"");
    let made = progressing(builder, ConditionReason::NewReplicaSetCreated, message);
    set(&mut builder.status, made);
}

fn annotate_revision(builder: &mut Builder<'_>, revision: i64) {
    if builder.revision() == revision {
        return;
    }
    builder.annotate(names::REVISION, revision.to_string());
    builder.event(EventReason::RolloutUpdated, format!("Rollout updated to revision {revision}"));
}

/// (source: rollout/sync.go, `syncReplicaSetRevision`)
fn sync(builder: &mut Builder<'_>, index: usize) {
    let newest = next_revision(builder);
    let min_ready = builder.spec().min_ready_seconds();
    let Some(present) = builder.replica_set(index) else { return };
    let before = present.meta.annotation(names::REVISION).map(str::to_owned);
    let is_behind = present.revision() < newest;
    let mut annotations = copied(builder);
    annotations.retain(|key, value| present.meta.annotation(key) != Some(value));
    let has_changed = is_behind
        || !annotations.is_empty()
        || present.min_ready_seconds != min_ready
        || anti_affinity::is_outdated(builder, present);
    let apart = anti_affinity::wanted(builder);
    if has_changed && !builder.leaves_replica_set_alone(index) {
        let Some(changed) = builder.replica_set_mut(index) else { return };
        changed.meta.annotations.extend(annotations);
        changed.min_ready_seconds = min_ready;
        changed.apart = apart;
        if is_behind {
            let own = &mut changed.meta.annotations;
            own.insert(names::REVISION.to_owned(), newest.to_string());
            if let Some(before) = before {
                let history = own.get(names::REVISION_HISTORY).filter(|h| !h.is_empty());
                let history = history.map_or_else(|| before.clone(), |h| format!("{h},{before}"));
                own.insert(names::REVISION_HISTORY.to_owned(), history);
            }
        }
        builder.plan(Op::WriteReplicaSet(index));
    }
    let Some((name, number)) = builder.replica_set(index).map(|s| (s.meta.name.clone(), s.revision())) else {
        return;
    };
    annotate_revision(builder, number);
    if builder.old().condition(&ConditionType::Progressing).is_none() {
        let message = format!("Found new replica set \"{name}\"");
        let found = progressing(builder, ConditionReason::FoundNewReplicaSet, message);
        set(&mut builder.status, found);
    }
}

fn progressing(builder: &Builder<'_>, reason: ConditionReason, message: String) -> Condition {
    make(ConditionType::Progressing, ConditionStatus::True, reason, message, builder.time())
}

/// The owner reference that makes the Rollout of `meta` the controller of an object.
#[must_use]
pub(crate) fn owner(meta: &Meta) -> Owner {
    Owner {
        api_version: names::ARGO.to_owned(),
        kind: "Rollout".to_owned(),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The whole object of `replica_set`.
#[must_use]
pub(crate) fn object(builder: &Builder<'_>, replica_set: &ReplicaSet) -> Value {
    let mut template = Value::clone(&builder.view().template);
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
    labels.insert(names::POD_HASH.to_owned(), replica_set.hash.clone());
    if let Some(map) = template.as_object_mut() {
        let meta = map.entry("metadata").or_insert_with(|| json!({}));
        if let Some(meta) = meta.as_object_mut() {
            meta.insert("labels".to_owned(), json!(labels));
            meta.remove("creationTimestamp");
        }
    }
    let mut template = template::changed(&template, &replica_set.carried);
    if let Some(rule) = &replica_set.apart {
        template = anti_affinity::with(&template, rule, &replica_set.meta.namespace);
    }
    let instance = builder.view().rollout.metadata.labels.get(names::INSTANCE_ID);
    if let Some(id) = instance {
        labels.insert(names::INSTANCE_ID.to_owned(), id.clone());
    }
    let mut spec = json!({
        "replicas": replica_set.replicas,
        "selector": builder.view().selector.with_label(names::POD_HASH, &replica_set.hash),
        "template": template,
    });
    if let (Some(map), true) = (spec.as_object_mut(), replica_set.min_ready_seconds != 0) {
        map.insert("minReadySeconds".to_owned(), json!(replica_set.min_ready_seconds));
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": replica_set.meta.name,
            "namespace": replica_set.meta.namespace,
            "labels": labels,
            "annotations": replica_set.meta.annotations,
            "ownerReferences": replica_set.meta.owner_references,
        },
        "spec": spec,
    })
}

/// Forgets the oldest revisions beyond the history limit, with their analyses; only those without pods
/// (source: rollout/sync.go, `cleanupRollouts`).
pub(crate) fn trim_history(builder: &mut Builder<'_>) {
    let limit = builder.spec().revision_history_limit();
    let mut alive: Vec<usize> = builder
        .other_indices()
        .into_iter()
        .filter(|i| builder.replica_set(*i).is_some_and(|s| s.meta.deletion_timestamp.is_none()))
        .collect();
    let Some(excess) = alive.len().checked_sub(limit).filter(|n| *n > 0) else { return };
    alive.sort_by_key(|i| builder.replica_set(*i).map(|s| (s.created(), s.meta.name.clone())));
    for index in alive.into_iter().take(excess) {
        let Some(old) = builder.replica_set(index) else { continue };
        let empty = old.replicas == 0 && old.current == 0 && old.meta.generation <= old.observed_generation;
        if !empty || old.is_new {
            continue;
        }
        let hash = old.hash.clone();
        builder.plan(Op::DeleteReplicaSet(index));
        for (run, measured) in builder.analysis_runs().iter().enumerate() {
            if measured.meta.labels.get(names::POD_HASH) == Some(&hash) {
                builder.plan(Op::DeleteAnalysisRun(run));
            }
        }
    }
}
