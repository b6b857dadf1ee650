//! Decides what of a plan is not pruned yet: what pods still need, definitions that hold something, and everything when it
//! is too much at once.
//! It never decides whether an object is to be pruned at all; [`prune`](super::prune) does.

use crate::api::key::Key;
use crate::api::names;
use crate::base::json::{list, number, text};
use crate::logic::manifest::{references, versioned};
use crate::logic::plan::change::{Action, Change};
use crate::logic::plan::prune::{DEFINITION, LetGo, PruneWaits};
use serde_json::Value;
use std::collections::BTreeSet;

/// From more than this many on, and more than half of all, pruning has to be allowed by name.
const MANY: usize = 10;

/// Those of `changes` that are about versions of configuration, older ones or (by the names in `plain`) the one from before
/// it was versioned: they go with the revisions that name them. `applied` says what was applied last of an object.
#[must_use]
pub(crate) fn versions<'v>(
    changes: &[Change],
    plain: &BTreeSet<Key>,
    applied: impl Fn(&Key) -> Option<&'v Value>,
) -> BTreeSet<Key> {
    let is_one = |change: &&Change| {
        let states = change.before.as_ref().into_iter().chain(applied(&change.key));
        let mut names = states.filter_map(|value| versioned::git_key(&change.key, value));
        plain.contains(&change.key) || names.next().is_some()
    };
    changes.iter().filter(is_one).map(|c| c.key.clone()).collect()
}

/// Leaves everything in `changes` unpruned when that is too much of the `of` objects that are ours. Nothing is lost with
/// `versions` of configuration.
pub(crate) fn guard(changes: &mut [Change], versions: &BTreeSet<Key>, of: usize, allowed: usize) {
    let goes = |c: &Change| c.action == Action::Prune && !versions.contains(&c.key);
    let count = changes.iter().filter(|c| goes(c)).count();
    if count <= MANY || count * 2 <= of || count <= allowed {
        return;
    }
    for change in changes.iter_mut().filter(|c| goes(c)) {
        change.action = Action::PruneWaits(PruneWaits::TooMany { count, of });
    }
}

/// The API version and kind that a definition defines, when it is let go only because it may hold objects: without any it
/// can go, as nothing is lost with it.
#[must_use]
pub(crate) fn definition_of(change: &Change) -> Option<(String, String)> {
    if !matches!(change.action, Action::LetGo(LetGo::NotEnabled { .. })) || change.key.kind != DEFINITION {
        return None;
    }
    let spec = change.before.as_ref()?.get("spec")?;
    let served =
        list(spec, "/versions").iter().find(|v| v.get("served").and_then(Value::as_bool) == Some(true))?;
    let version = format!("{}/{}", text(spec, "/group"), text(served, "/name"));
    Some((version, text(spec, "/names/kind").to_owned()))
}

/// The namespaces in which something is to be pruned that pods may need.
#[must_use]
pub(crate) fn asks_for_sets(changes: &[Change]) -> BTreeSet<String> {
    let asked = changes.iter().filter(|c| c.action == Action::Prune && is_of_pods(&c.key));
    asked.map(|c| c.key.namespace.clone()).collect()
}

fn is_of_pods(key: &Key) -> bool {
    key.group.is_empty() && matches!(key.kind.as_str(), "ConfigMap" | "Secret" | "ServiceAccount")
}

/// Leaves in `changes` what pods of a Rollout need, or those it goes back to: what one of `sets` names that has pods or
/// is the stable one of `rollouts`; of `versions` what any of them names, as long as it is kept. Those of a Rollout that is
/// pruned itself need nothing.
pub(crate) fn keep_needed(
    changes: &mut [Change],
    versions: &BTreeSet<Key>,
    sets: &[Value],
    rollouts: &[Value],
) {
    let is_stable = |rollout: &Key, set: &Value| {
        let hash =
            set.pointer("/metadata/labels").and_then(|l| l.get(names::POD_HASH)).and_then(Value::as_str);
        hash.is_some_and(|hash| {
            rollouts.iter().any(|r| {
                text(r, "/metadata/name") == rollout.name
                    && text(r, "/metadata/namespace") == rollout.namespace
                    && text(r, "/status/stableRS") == hash
            })
        })
    };
    for set in sets {
        let Some(rollout) = rollout_of(set) else { continue };
        let has_pods = ["/spec/replicas", "/status/replicas"].iter().any(|p| number(set, p).unwrap_or(0) > 0);
        let goes = changes.iter().any(|c| c.key == rollout && c.action == Action::Prune);
        if goes {
            continue;
        }
        let is_needed = has_pods || is_stable(&rollout, set);
        let named = named_by(set);
        for change in changes.iter_mut().filter(|c| c.action == Action::Prune && named.contains(&c.key)) {
            let set = text(set, "/metadata/name").to_owned();
            if versions.contains(&change.key) {
                change.action = Action::PruneWaits(PruneWaits::Kept { set });
            } else if is_needed {
                change.action = Action::PruneWaits(PruneWaits::Needed { set });
            }
        }
    }
}

/// The Rollout that owns a ReplicaSet.
fn rollout_of(set: &Value) -> Option<Key> {
    let owners = list(set, "/metadata/ownerReferences");
    let owner =
        owners.iter().find(|o| text(o, "/kind") == "Rollout" && text(o, "/apiVersion") == names::ARGO)?;
    Some(Key::rollout(text(set, "/metadata/namespace"), text(owner, "/name")))
}

/// What the pods of a ReplicaSet cannot start without.
fn named_by(set: &Value) -> BTreeSet<Key> {
    let namespace = text(set, "/metadata/namespace");
    let Some(template) = set.pointer("/spec/template") else { return BTreeSet::new() };
    let mut named = references::of_template(template, namespace);
    for field in ["/spec/serviceAccountName", "/spec/serviceAccount"] {
        named.insert(Key::core("ServiceAccount", namespace, text(template, field)));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::plan::PlanContext;
    use crate::logic::plan::change::of_leftover;
    use serde_json::json;

    fn leaving(keys: &[Key]) -> Vec<Change> {
        let live = json!({"metadata": {"annotations": {names::SOURCE: "s"}}});
        let context = PlanContext { source: "s".into(), ..PlanContext::default() };
        keys.iter().filter_map(|key| of_leftover(key, "v1", Some(&live), None, &context)).collect()
    }

    fn pruned(changes: &[Change]) -> usize {
        changes.iter().filter(|c| c.action == Action::Prune).count()
    }

    #[test]
    fn many_and_most_go_only_when_allowed() {
        for (count, of, allowed, goes) in [
            (10, 10, 0, true),
            (11, 22, 0, true),
            (11, 21, 0, false),
            (11, 21, 10, false),
            (11, 21, 11, true),
            (40, 40, usize::MAX, true),
        ] {
            let keys: Vec<Key> =
                (0..count).map(|n| Key::core("ConfigMap", "shop", &format!("c{n}"))).collect();
            let mut changes = leaving(&keys);
            guard(&mut changes, &BTreeSet::new(), of, allowed);
            assert_eq!(pruned(&changes), if goes { count } else { 0 }, "{count} of {of}, {allowed} allowed");
        }
    }

    #[test]
    fn versions_of_configuration_go_with_the_last_revision_that_names_them() {
        let key = |name: &str| Key::core("ConfigMap", "shop", name);
        let set = |owner: &str| {
            json!({"metadata": {"name": "web-1", "namespace": "shop",
                    "ownerReferences": [{"apiVersion": names::ARGO, "kind": owner, "name": "web"}]},
                "spec": {"replicas": 0, "template": {"spec": {"containers": [{"envFrom": [{"configMapRef": {"name": "cfg-1"}},
                    {"configMapRef": {"name": "cfg"}}, {"configMapRef": {"name": "other"}}]}]}}}})
        };
        let version = json!({"metadata": {"annotations": {names::CONFIG_OF: "cfg"}}});
        let applied = |k: &Key| k.name.starts_with("cfg-").then_some(&version);
        let left = |set: Value, more: &[Key]| {
            let all = [&[key("cfg-1"), key("cfg-2"), key("cfg"), key("other")], more].concat();
            let mut changes = leaving(&all);
            let versions = versions(&changes, &[key("cfg")].into(), applied);
            assert_eq!(versions.len(), 3);
            keep_needed(&mut changes, &versions, &[set], &[]);
            let kept =
                changes.iter().filter(|c| matches!(c.action, Action::PruneWaits(PruneWaits::Kept { .. })));
            kept.map(|c| c.key.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            left(set("Rollout"), &[]),
            ["cfg-1", "cfg"],
            "the one from before they were versioned too"
        );
        assert!(left(set("Deployment"), &[]).is_empty());
        assert!(left(set("Rollout"), &[Key::rollout("shop", "web")]).is_empty(), "the Rollout goes itself");
        let keys: Vec<Key> = (0..40).map(|n| key(&format!("cfg-{n}"))).collect();
        let mut changes = leaving(&keys);
        let versions = versions(&changes, &BTreeSet::new(), applied);
        guard(&mut changes, &versions, 41, 0);
        assert_eq!(pruned(&changes), 40, "nothing is lost with old versions");
    }

    #[test]
    fn what_pods_of_a_rollout_name_waits() {
        let set = |spec: i64, status: i64, owner: &str, hash: &str| {
            json!({"metadata": {"name": "web-1", "namespace": "shop", "labels": {names::POD_HASH: hash},
                    "ownerReferences": [{"apiVersion": names::ARGO, "kind": owner, "name": "web"}]},
                "spec": {"replicas": spec, "template": {"spec": {"serviceAccountName": "robot",
                    "containers": [{"envFrom": [{"configMapRef": {"name": "a"}}]}]}}},
                "status": {"replicas": status}})
        };
        let rollout = json!({"metadata": {"name": "web", "namespace": "shop"}, "status": {"stableRS": "s"}});
        let keys = [
            Key::core("ConfigMap", "shop", "a"),
            Key::core("ServiceAccount", "shop", "robot"),
            Key::core("ConfigMap", "shop", "b"),
            Key::core("ConfigMap", "other", "a"),
        ];
        for (set, left) in [
            (set(1, 0, "Rollout", "x"), 2),
            (set(0, 1, "Rollout", "x"), 2),
            (set(0, 0, "Rollout", "s"), 2),
            (set(0, 0, "Rollout", "x"), 4),
            (set(1, 1, "Deployment", "x"), 4),
        ] {
            let mut changes = leaving(&keys);
            keep_needed(
                &mut changes,
                &BTreeSet::new(),
                std::slice::from_ref(&set),
                std::slice::from_ref(&rollout),
            );
            assert_eq!(pruned(&changes), left, "{set}");
        }
        let mut changes = leaving(&[keys.as_slice(), &[Key::rollout("shop", "web")]].concat());
        keep_needed(&mut changes, &BTreeSet::new(), &[set(1, 1, "Rollout", "s")], &[rollout]);
        assert_eq!(pruned(&changes), 5, "the Rollout goes itself");
    }
}
