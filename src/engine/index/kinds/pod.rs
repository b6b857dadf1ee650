//! Decides what is kept of a pod of a revision: whether it runs, and what keeps it from running. Pods are followed once a
//! Rollout of ours fails fast. It never decides what becomes of the revision.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::api::time::Time;
use crate::base::json;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::{Index, owner};
use crate::engine::index::table::Table;
use crate::logic::rollout::view::{PodFault, PodRow};
use serde_json::Value;

/// Pods of revisions.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<PodRow>("Pod", "v1", "Pod", Picked::With(names::POD_HASH), Presence::OnDemand);

/// Restarts from which on a container counts as crashing.
const MOST_RESTARTS: i64 = 3;
/// Why a container waits whose image cannot be had (source: pkg/kubelet/images/types.go).
const NO_IMAGE: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

impl Row for PodRow {
    fn of(object: RawObject, before: Option<&Self>, _: &Scope) -> Option<Self> {
        let mut row = row(object)?;
        // What the kubelet writes later of the same image begins no new time.
        if let Some(PodFault::Image { container, since, .. }) = &mut row.fault
            && let Some(PodFault::Image { container: known, since: first, .. }) =
                before.filter(|b| b.created == row.created).and_then(|b| b.fault.as_ref())
            && known == container
        {
            *since = *first;
        }
        Some(row)
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.pods
    }

    fn links(&self, _name: &ObjectName) -> Vec<To> {
        vec![To::OwnerOfPod(self.owner.clone())]
    }

    /// Counts of ready pods come with the ReplicaSet; only a fault that comes or goes is news of its own.
    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let now = index.pods.get(name);
        let fault = |row: Option<&Self>| row.and_then(|r| r.fault.clone());
        if fault(now) == fault(before) {
            return Effects::default();
        }
        let owners = now.into_iter().chain(before).map(|row| To::ReplicaSet(row.owner.clone()));
        let sets = owners.flat_map(|to| index.links.to(&to)).filter_map(|set| index.replica_sets.get(set));
        Effects::keys(sets.filter_map(|set| owner(&set.meta)).collect())
    }
}

/// The row of a pod that a controller manages.
fn row(object: RawObject) -> Option<PodRow> {
    let (meta, status) = (object.metadata, object.status.value());
    let controller = meta.controller()?.uid.clone();
    let all = || {
        let first = json::list(&status, "/initContainerStatuses").iter();
        first.chain(json::list(&status, "/containerStatuses"))
    };
    let since =
        meta.status_written.last.or(meta.creation_timestamp).unwrap_or(Time::of(jiff::Timestamp::UNIX_EPOCH));
    let fault = all().find_map(|container| fault(container, since));
    let is_ready = json::list(&status, "/conditions")
        .iter()
        .any(|c| json::text(c, "/type") == "Ready" && json::text(c, "/status") == "True");
    Some(PodRow {
        owner: controller,
        created: meta.creation_timestamp,
        is_ready,
        last_crash: all().filter_map(last_crash).max(),
        fault: fault.filter(|_| meta.deletion_timestamp.is_none()),
        name: meta.name,
    })
}

fn fault(container: &Value, since: Time) -> Option<PodFault> {
    let name = || json::text(container, "/name").to_owned();
    let waits = json::text(container, "/state/waiting/reason");
    if NO_IMAGE.contains(&waits) {
        let image = json::text(container, "/image").to_owned();
        return Some(PodFault::Image { container: name(), image, why: waits.to_owned(), since });
    }
    let restarts = json::count(container, "/restartCount");
    let last =
        json::at(container, "/lastState/terminated").or_else(|| json::at(container, "/state/terminated"));
    if restarts < MOST_RESTARTS || (last.is_none() && waits != "CrashLoopBackOff") {
        return None;
    }
    let why = match last {
        Some(end) => format!("exit code {}, {}", json::count(end, "/exitCode"), json::text(end, "/reason")),
        None => waits.to_owned(),
    };
    Some(PodFault::Crash { container: name(), restarts, why: why.trim_end_matches(", ").to_owned() })
}

fn last_crash(container: &Value) -> Option<Time> {
    let ended = |at: &str| Time::parse(json::text(container, at));
    ended("/lastState/terminated/finishedAt").max(ended("/state/terminated/finishedAt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(container: Value, written: &str) -> Value {
        json!({
            "metadata": {"name": "p", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z",
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-b", "uid": "u", "controller": true}],
                "managedFields": [{"subresource": "status", "time": written}]},
            "status": {"containerStatuses": [container]},
        })
    }

    fn row(container: Value, written: &str, before: Option<&PodRow>) -> PodRow {
        PodRow::of(RawObject::of(&pod(container, written)).unwrap(), before, &Scope::default()).unwrap()
    }

    #[test]
    fn a_container_that_crashed_three_times_is_a_fault_whatever_it_does_now() {
        let end =
            json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:01:00Z"}});
        let of = |restarts: i64, state: Value| {
            let container = json!({"name": "c", "restartCount": restarts, "state": state, "lastState": end});
            row(container, "2026-01-01T00:01:00Z", None)
        };
        assert_eq!(of(2, json!({"waiting": {"reason": "CrashLoopBackOff"}})).fault, None);
        let (container, why) = ("c".to_owned(), "exit code 1, Error".to_owned());
        let crash = Some(PodFault::Crash { container, restarts: 3, why });
        assert_eq!(of(3, json!({"waiting": {"reason": "CrashLoopBackOff"}})).fault, crash);
        assert_eq!(of(3, json!({"running": {}})).fault, crash);
        assert_eq!(of(1, json!({"running": {}})).last_crash, Time::parse("2026-01-01T00:01:00Z"));
    }

    #[test]
    fn an_image_is_refused_since_it_was_first_refused() {
        let refused =
            |why: &str| json!({"name": "c", "image": "web:2", "state": {"waiting": {"reason": why}}});
        let first = row(refused("ErrImagePull"), "2026-01-01T00:00:05Z", None);
        let later = row(refused("ImagePullBackOff"), "2026-01-01T00:00:20Z", Some(&first));
        let Some(PodFault::Image { since, why, .. }) = &later.fault else { panic!("{later:?}") };
        assert_eq!((Some(*since), why.as_str()), (Time::parse("2026-01-01T00:00:05Z"), "ImagePullBackOff"));
        assert_eq!(row(refused("ContainerCreating"), "2026-01-01T00:00:20Z", None).fault, None);
    }
}
