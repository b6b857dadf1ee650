//! Decides which revision each Service of a Rollout selects.
//! It never decides whether the revision is good; only that it can answer.

use crate::api::event::EventReason;
use crate::api::names;
use crate::api::rollout::Rollout;
use crate::api::write::{Patch, Target, Write};
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::view::{ReplicaSet, Service};
use serde_json::json;

/// Points the Service `name` at the revision `hash`, and annotates it with the Rollout as its manager
/// (source: rollout/service.go, `switchServiceSelector`).
pub(crate) fn switch(builder: &mut Builder<'_>, name: &str, hash: &str) {
    let rollout = builder.view().rollout.metadata.name.clone();
    let Some(present) = builder.services().get(name) else { return };
    let is_there = present.hash.as_deref() == Some(hash) && present.managed_by.is_some();
    if is_there || builder.leaves_alone("Service", name) {
        return;
    }
    let Some(service) = builder.service_mut(name) else { return };
    let from = service.hash.replace(hash.to_owned()).unwrap_or_default();
    service.managed_by.get_or_insert(rollout);
    builder.plan(Op::Service(name.to_owned()));
    builder.event(
        EventReason::SwitchService,
        format!("Switched selector for service '{name}' from '{from}' to '{hash}'"),
    );
}

/// Points the Service `name` at the ReplicaSet at `index` once that can answer: a Service taken over for the first
/// time waits for all pods, a managed one for at least one (source: rollout/service.go, `ensureSVCTargets`).
fn ensure(builder: &mut Builder<'_>, name: Option<&str>, index: Option<usize>) {
    let Some(name) = name.filter(|n| !n.is_empty()) else { return };
    let (Some(replica_set), Some(service)) =
        (index.and_then(|i| builder.replica_set(i)), builder.services().get(name))
    else {
        return;
    };
    if service.hash.as_deref() == Some(replica_set.hash.as_str()) {
        return;
    }
    let taken_over = service.managed_by.is_some();
    if replica_set.available == 0 || (!taken_over && !replica_set.is_available()) {
        return;
    }
    let hash = replica_set.hash.clone();
    switch(builder, name, &hash);
}

/// The two Services of a canary: stable pods, and new pods (the stable ones while aborted)
/// (source: rollout/service.go, `reconcileStableAndCanaryService`).
pub(crate) fn canary(builder: &mut Builder<'_>) {
    let Some(canary) = builder.canary() else { return };
    ensure(builder, canary.stable_service.as_deref(), builder.stable_index());
    let shown = if builder.is_aborted() { builder.stable_index() } else { builder.new_index() };
    ensure(builder, canary.canary_service.as_deref(), shown);
}

/// Lets a Service go that its Rollout does not name any more, or whose Rollout is gone: it selects pods of every
/// revision again, instead of one that will not come back (source: service/service.go, the controller of Services).
#[must_use]
pub(crate) fn let_go(namespace: &str, service: &Service, manager: Option<&Rollout>) -> Option<Write> {
    service.managed_by.as_ref()?;
    if manager.is_some_and(|r| r.spec.strategy.services().contains(&service.name)) {
        return None;
    }
    let body = json!({
        "metadata": {"annotations": {names::MANAGED_BY: null}},
        "spec": {"selector": {names::POD_HASH: null}},
    });
    Some(Write::Patch {
        target: Target::new("v1", "Service", namespace, &service.name),
        subresource: "",
        patch: Patch::Merge(body),
        expect: Some(service.resource_version.clone()).filter(|v| !v.is_empty()),
    })
}

/// Whether a Service or the status still leads to `replica_set`
/// (source: rollout/replicaset.go, `isReplicaSetReferenced`).
#[must_use]
pub(crate) fn leads_to(builder: &Builder<'_>, replica_set: &ReplicaSet) -> bool {
    let status = builder.old();
    let named = [
        &status.stable_rs,
        &status.current_pod_hash,
        &status.blue_green.active_selector,
        &status.blue_green.preview_selector,
    ];
    !replica_set.hash.is_empty()
        && (named.contains(&&replica_set.hash)
            || builder.services().values().any(|s| s.hash.as_deref() == Some(replica_set.hash.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_pods_than_wanted_are_enough_to_take_a_service_over() {
        let of = |replicas, available| ReplicaSet { replicas, available, ..ReplicaSet::default() };
        for (set, is_enough) in [(of(2, 2), true), (of(2, 3), true), (of(2, 1), false), (of(0, 1), false)] {
            assert_eq!(set.is_available(), is_enough, "{set:?}");
        }
    }

    #[test]
    fn a_service_is_let_go_when_nobody_names_it() {
        let service = Service {
            name: "web".into(),
            resource_version: "7".into(),
            hash: Some("abc".into()),
            managed_by: Some("shop".into()),
            ..Service::default()
        };
        let of = |active: &str| -> Rollout {
            serde_json::from_value(json!({"spec": {"strategy": {"blueGreen": {"activeService": active}}}}))
                .unwrap()
        };
        assert_eq!(let_go("ns", &service, Some(&of("web"))), None);
        let gone = let_go("ns", &service, None).unwrap();
        assert_eq!(let_go("ns", &service, Some(&of("other"))), Some(gone.clone()));
        let Write::Patch { patch: Patch::Merge(body), expect, .. } = gone else { panic!() };
        assert_eq!(expect.as_deref(), Some("7"));
        assert!(body["spec"]["selector"][names::POD_HASH].is_null());
        let own = Service { managed_by: None, ..service };
        assert_eq!(let_go("ns", &own, None), None, "a hash that somebody else wrote is theirs");
    }
}
