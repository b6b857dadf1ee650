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

/// A ReplicaSet with pods that may not have yet what it was given.
#[must_use]
pub(crate) fn unlabelled<'b>(builder: &'b Builder<'_>) -> Option<&'b ReplicaSet> {
    let is_open = |s: &&ReplicaSet| s.meta.annotation(names::STALE_METADATA).is_some() && has_pods(s);
    builder.replica_sets().iter().find(is_open)
}

/// Brings the pods of ReplicaSets that were given something else to what they lack, and then takes the note of it away.
/// They are read after the ReplicaSet's controller has seen the change: before, it may still make some as they were. What
/// this decision changes of a ReplicaSet comes first, and while the cluster denies a change of one pod, all wait. Nobody
/// looks whether a change that the cluster has taken lasts: what takes labels away again would be fought for ever.
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
    if open.is_empty() || builder.view().denied.iter().any(|d| d.waits && d.is_of_a_pod()) {
        return;
    }
    let pods = builder.view().pods.as_deref();
    if pods.is_none() && open.iter().any(|i| builder.replica_set(*i).is_some_and(has_pods)) {
        return builder.need(Need::Pods);
    }
    for index in open {
        let changes =
            builder.replica_set(index).map(|s| changes(s, pods.unwrap_or_default())).unwrap_or_default();
        for (pod, change) in in_turn(builder, changes) {
            builder.plan(Op::Relabel(pod, change));
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
    let is_denied = |pod: &str| builder.view().denied.iter().any(|d| d.is_of_a_pod() && d.name == pod);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Meta;
    use crate::api::write::{Patch, Target, Write};
    use crate::logic::rollout::view::{Denied, View};
    use serde_json::Value;

    /// A ReplicaSet that is given the role of a stable one, seen by its controller, and `pods` that have another.
    fn view(pods: Option<usize>) -> View {
        let rollout = json!({"metadata": {"name": "web", "namespace": "shop"},
            "spec": {"strategy": {"canary": {"stableMetadata": {"labels": {"role": "stable"}}}}},
            "status": {"stableRS": "a", "currentPodHash": "a"}});
        let meta = json!({"name": "web-a", "uid": "u", "generation": 4, "annotations": {
            names::EPHEMERAL_METADATA: r#"{"labels":{"role":"stable"}}"#, names::STALE_METADATA: r#"{"labels":{"tier":null}}"#}});
        let set = ReplicaSet {
            meta: Meta::of(&meta).unwrap(),
            hash: "a".to_owned(),
            replicas: 2,
            observed_generation: 4,
            ..ReplicaSet::default()
        };
        let pod = |n: usize| Pod {
            meta: Meta::of(&json!({"name": format!("p{n}"), "labels": {"role": "canary", "tier": "x"},
                "ownerReferences": [{"kind": "ReplicaSet", "uid": "u", "controller": true}]}))
            .unwrap(),
            ..Pod::default()
        };
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            pod_hash: "a".to_owned(),
            replica_sets: vec![set],
            pods: pods.map(|n| (0..n).map(pod).collect()),
            ..View::default()
        }
    }

    /// What is asked for, the pods that are labelled in turn, and whether the note is taken away after them.
    fn labelled(view: &View) -> (Option<Need>, Vec<String>, bool) {
        let mut builder = Builder::new(view, jiff::Timestamp::UNIX_EPOCH);
        label_pods(&mut builder);
        let pods = builder.ops().iter().filter_map(|op| match op {
            Op::Relabel(pod, change) => {
                assert_eq!(json!(change), json!({"labels": {"role": "stable", "tier": null}}));
                Some(pod.clone())
            }
            _ => None,
        });
        let is_over = builder.ops().last() == Some(&Op::WriteReplicaSet(0));
        let is_noted = builder.replica_set(0).unwrap().meta.annotation(names::STALE_METADATA).is_some();
        assert!(is_noted != is_over || view.replica_sets[0].meta.annotation(names::STALE_METADATA).is_none());
        (builder.needs(), pods.collect(), is_over)
    }

    #[test]
    fn pods_are_read_once_no_older_ones_can_come_any_more() {
        assert_eq!(labelled(&view(None)), (Some(Need::Pods), Vec::new(), false));
        let mut unseen = view(None);
        unseen.replica_sets[0].observed_generation = 3;
        assert_eq!(labelled(&unseen), (None, Vec::new(), false), "its controller may still make older ones");
        let mut none = view(None);
        none.replica_sets[0].replicas = 0;
        assert_eq!(labelled(&none), (None, Vec::new(), true), "there is nothing to read");
        let mut settled = view(None);
        settled.replica_sets[0].meta.annotations.remove(names::STALE_METADATA);
        assert_eq!(labelled(&settled), (None, Vec::new(), false));
    }

    #[test]
    fn the_note_goes_after_the_last_pod_and_what_is_on_its_way_out_is_left() {
        let mut view = view(Some(3));
        let pods = view.pods.as_mut().unwrap();
        pods[0].meta.deletion_timestamp = Some(crate::api::time::Time::of(jiff::Timestamp::UNIX_EPOCH));
        pods[1].meta.owner_references[0].uid = "other".to_owned();
        assert_eq!(labelled(&view), (None, vec!["p2".to_owned()], true));
    }

    #[test]
    fn while_one_pod_is_denied_all_wait_and_then_it_comes_last() {
        let mut view = view(Some(2));
        let target = Target::new("v1", "Pod", "shop", "p0");
        let write = Write::Patch { target, subresource: "", patch: Patch::Merge(Value::Null), expect: None };
        view.denied.extend(Denied::of(&view, &write, "frozen"));
        assert_eq!(labelled(&view).1, ["p1", "p0"]);
        view.denied[0].waits = true;
        assert_eq!(labelled(&view), (None, Vec::new(), false));
    }
}
