//! Decides which labels and annotations the pods of a revision have for its role, and how they get them without being
//! made anew. It never touches a key that it has not given.

use crate::api::names;
use crate::api::pod_metadata::{MetadataPatch, PodMetadata};
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::decision::Need;
use crate::logic::rollout::injected::template::{Noted, metadata};
use crate::logic::rollout::view::{Obstacle, Pod, ReplicaSet};
use serde_json::json;
use std::collections::BTreeMap;

/// Pods that one decision labels; more wait for the next, so that what else is to be done need not.
const MOST_PODS: usize = 100;

type Entries = BTreeMap<String, String>;

/// What the ReplicaSet at `index` is to be given: the new one what a canary or a preview gets, the stable one what is
/// stable or active, no other anything. The new one is the stable one where there is no other
/// (source: rollout/ephemeralmetadata.go, `reconcileEphemeralMetadata`).
fn wanted(builder: &Builder<'_>, index: usize) -> PodMetadata {
    let (rises, stays) = match (builder.canary(), builder.blue_green()) {
        (Some(canary), _) => (&canary.canary_metadata, &canary.stable_metadata),
        (None, Some(blue_green)) => (&blue_green.preview_metadata, &blue_green.active_metadata),
        (None, None) => (&None, &None),
    };
    let (new, stable) = (builder.new_index(), builder.stable_index());
    let is_update = stable.is_some() && stable != new;
    let role = match Some(index) {
        one if one == new && is_update => rises,
        one if one == new || one == stable => stays,
        _ => &None,
    };
    role.clone().unwrap_or_default()
}

/// Gives every ReplicaSet what its role asks for, and takes away what it was given for another.
pub(crate) fn give(builder: &mut Builder<'_>) {
    for index in 0..builder.replica_sets().len() {
        give_one(builder, index);
    }
}

/// The same of the ReplicaSet at `index`. What its pods lack from then on is noted with it, in the same write: nobody can
/// forget it (source: utils/replicaset/canary.go, `SyncReplicaSetEphemeralPodMetadata`).
pub(crate) fn give_one(builder: &mut Builder<'_>, index: usize) {
    let Some(replica_set) = builder.replica_set(index) else { return };
    let (wanted, noted) = (wanted(builder, index), Noted::of(&replica_set.meta));
    let is_noted = replica_set.meta.annotation(names::EPHEMERAL_METADATA).is_some();
    let is_settled = noted.given == wanted && is_noted != wanted.is_empty() && carries(replica_set, &wanted);
    let is_going = replica_set.meta.deletion_timestamp.is_some();
    if is_settled || is_going || builder.leaves_replica_set_alone(index) {
        return;
    }
    let own = (Some(index) == builder.new_index()).then(|| metadata(&builder.view().template));
    let covered = covered(&wanted, &noted, own.as_ref());
    let gone = without(
        Noted { covered: own.unwrap_or_else(|| noted.covered.clone()), ..noted.clone() }.undone(),
        &wanted,
    );
    let stale =
        has_pods(replica_set).then(|| without(noted.stale.unwrap_or_default().then(gone.clone()), &wanted));
    let Some(replica_set) = builder.replica_set_mut(index) else { return };
    let text = |metadata: &PodMetadata| (!metadata.is_empty()).then(|| metadata.go_json());
    let notes = [
        (names::EPHEMERAL_METADATA, text(&wanted)),
        (names::COVERED_METADATA, text(&covered)),
        (names::STALE_METADATA, stale.map(|stale| json!(stale).to_string())),
    ];
    let annotations = &mut replica_set.meta.annotations;
    for (key, note) in notes {
        match note {
            Some(note) => drop(annotations.insert(key.to_owned(), note)),
            None => drop(annotations.remove(key)),
        }
    }
    let carried = std::mem::take(&mut replica_set.carried);
    replica_set.carried = carried.then(gone).then(wanted.into());
    builder.plan(Op::WriteReplicaSet(index));
}

/// Whether the template of `replica_set` says all of `wanted`.
fn carries(replica_set: &ReplicaSet, wanted: &PodMetadata) -> bool {
    let says = |wanted: &Entries, carried: &BTreeMap<String, Option<String>>| {
        wanted.iter().all(|(key, value)| carried.get(key).and_then(Option::as_ref) == Some(value))
    };
    says(&wanted.labels, &replica_set.carried.labels)
        && says(&wanted.annotations, &replica_set.carried.annotations)
}

/// What a template says itself under the keys of `wanted`, from the template `own` of the Rollout where it is that.
fn covered(wanted: &PodMetadata, noted: &Noted, own: Option<&PodMetadata>) -> PodMetadata {
    let own = own.unwrap_or(&noted.covered);
    let of = |wanted: &Entries, own: &Entries| -> Entries {
        wanted.keys().filter_map(|key| own.get_key_value(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    PodMetadata {
        labels: of(&wanted.labels, &own.labels),
        annotations: of(&wanted.annotations, &own.annotations),
    }
}

/// `patch` without the keys of `wanted`.
fn without(mut patch: MetadataPatch, wanted: &PodMetadata) -> MetadataPatch {
    patch.labels.retain(|key, _| !wanted.labels.contains_key(key));
    patch.annotations.retain(|key, _| !wanted.annotations.contains_key(key));
    patch
}

/// Whether the controller of ReplicaSets has seen the template as it is: it makes no pod of an older one any more.
fn is_seen(replica_set: &ReplicaSet) -> bool {
    replica_set.observed_generation >= replica_set.meta.generation
}

/// Whether `replica_set` may have pods of a template before the present one.
fn has_pods(replica_set: &ReplicaSet) -> bool {
    !replica_set.is_new && (replica_set.replicas > 0 || replica_set.current > 0 || !is_seen(replica_set))
}

/// Brings the pods of ReplicaSets that were given something else to what they lack, and then takes the note of it away.
/// They are read after the ReplicaSet's controller has seen the change: before, it may still make some as they were. What
/// this decision changes of a ReplicaSet comes first, and while the cluster denies a change of one pod, all wait.
pub(crate) fn label_pods(builder: &mut Builder<'_>) {
    let is_open = |index: &usize| {
        let open =
            |s: &ReplicaSet| s.meta.annotation(names::STALE_METADATA).is_some() && is_seen(s) && !s.is_new;
        builder.replica_set(*index).is_some_and(open)
            && !builder.leaves_replica_set_alone(*index)
            && !builder
                .ops()
                .iter()
                .any(|op| matches!(op, Op::WriteReplicaSet(i) | Op::DeleteReplicaSet(i) if i == index))
    };
    let open: Vec<usize> = (0..builder.replica_sets().len()).filter(is_open).collect();
    if open.is_empty() || builder.view().denied.iter().any(|d| d.waits && d.kind == "Pod") {
        return;
    }
    let pods = builder.view().pods.as_deref();
    if pods.is_none() && open.iter().any(|i| builder.replica_set(*i).is_some_and(has_pods)) {
        return builder.need(Need::Pods);
    }
    let mut left = MOST_PODS;
    for index in open {
        let changes =
            builder.replica_set(index).map(|s| changes(s, pods.unwrap_or_default())).unwrap_or_default();
        let is_all = changes.len() <= left;
        for (pod, change) in in_turn(builder, changes).into_iter().take(left) {
            left -= 1;
            builder.plan(Op::Relabel(pod, change));
        }
        if !is_all {
            let now = builder.now();
            return builder.wake_at(now);
        }
        if let Some(replica_set) = builder.replica_set_mut(index) {
            replica_set.meta.annotations.remove(names::STALE_METADATA);
            builder.plan(Op::WriteReplicaSet(index));
        }
    }
}

/// What each of the pods of `replica_set` lacks, by the pod's name.
fn changes(replica_set: &ReplicaSet, pods: &[Pod]) -> Vec<(String, MetadataPatch)> {
    let noted = Noted::of(&replica_set.meta);
    let wanted = noted.stale.unwrap_or_default().then(noted.given.into());
    let stays = |pod: &&Pod| {
        pod.meta.is_controlled_by(&replica_set.meta.uid) && pod.meta.deletion_timestamp.is_none()
    };
    let lacking = pods
        .iter()
        .filter(stays)
        .map(|pod| (pod.meta.name.clone(), wanted.to_do(&pod.meta.labels, &pod.meta.annotations)));
    lacking.filter(|(_, lacks)| !lacks.is_empty()).collect()
}

/// `changes` with those last that the cluster has denied before.
fn in_turn(builder: &Builder<'_>, mut changes: Vec<(String, MetadataPatch)>) -> Vec<(String, MetadataPatch)> {
    let is_denied = |pod: &str| builder.view().denied.iter().any(|d| d.kind == "Pod" && d.name == pod);
    changes.sort_by_key(|(pod, _)| is_denied(pod));
    changes
}

/// What is wrong with `given`, the field at `path`: labels by which a ReplicaSet would lose its pods.
#[must_use]
pub(crate) fn obstacle(builder: &Builder<'_>, path: &str, given: Option<&PodMetadata>) -> Option<Obstacle> {
    let given = given?;
    let mut labels = metadata(&builder.view().template).labels;
    labels.extend(given.labels.clone());
    if builder.view().selector.matches(&labels) && !given.labels.contains_key(names::POD_HASH) {
        return None;
    }
    let text = "the selector of the Rollout would not find pods with these labels; choose others";
    Some(Obstacle::wrong(text.to_owned()).of(&format!("{path}.labels"), &json!(given.labels)))
}
