//! Decides which ReplicaSets a Rollout claims: nobody's that its selector means become its own, and its own that the
//! selector no longer means become nobody's. It never decides anything about one that somebody else manages.

use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::write::{Patch, Target, Write};
use crate::base::json;
use crate::logic::rollout::decision::{Decision, Need};
use crate::logic::rollout::revision;
use crate::logic::rollout::view::{Orphan, ReplicaSet, View};
use serde_json::{Value, json};

/// What is to be written before anything else can be decided; none when the Rollout has what it claims. Who deletes a
/// Rollout and leaves its pods, and makes it again, finds them under it (source: rollout/replicaset.go,
/// `getReplicaSetsForRollouts`; k8s.io/kubernetes/pkg/controller/controller_ref_manager.go, `ClaimObject`).
#[must_use]
pub(crate) fn decide(view: &View) -> Option<Decision> {
    let mut adopted = view.orphans.iter().filter(|orphan| view.selector.matches(&orphan.labels)).peekable();
    let mut released = view.replica_sets.iter().filter(|s| !view.selector.matches(&s.meta.labels)).peekable();
    let adopts = adopted.peek().is_some();
    if !adopts && released.peek().is_none() || view.problem.is_some() || !means_its_own_pods(view) {
        return None;
    }
    if adopts && !view.is_there {
        return Some(Decision { needs: Some(Need::Rollout), ..Decision::default() });
    }
    let released = released.map(|set| release(view, set));
    let writes = released.chain(adopted.map(|orphan| adopt(view, orphan))).collect();
    Some(Decision { writes, ..Decision::default() })
}

/// Whether the Rollout claims the ReplicaSet of `meta`, which it is told of later, if nobody manages that.
#[must_use]
pub(crate) fn is_claimed(view: &View, meta: &Meta) -> bool {
    let is_orphan = meta.controller().is_none() && meta.deletion_timestamp.is_none();
    is_orphan && meta.labels.contains_key(names::POD_HASH) && view.selector.matches(&meta.labels)
}

/// Whether the selector is one to claim by: that of a Rollout which cannot be acted on may be half of a change.
fn means_its_own_pods(view: &View) -> bool {
    let labels = json::texts(&view.template, "/metadata/labels");
    !view.selector.is_empty() && view.selector.matches(&labels)
}

/// Makes the Rollout the controller. The API server takes no second one, so whoever comes first has it.
fn adopt(view: &View, orphan: &Orphan) -> Write {
    let owner = json!(revision::owner(&view.rollout.metadata));
    patch(&orphan.name, &orphan.uid, owner, &orphan.resource_version)
}

fn release(view: &View, set: &ReplicaSet) -> Write {
    let owner = json!({"$patch": "delete", "uid": view.rollout.metadata.uid});
    let name = ObjectName::new(set.meta.namespace.as_str(), set.meta.name.as_str());
    patch(&name, &set.meta.uid, owner, &set.meta.resource_version)
}

fn patch(name: &ObjectName, uid: &str, owner: Value, version: &str) -> Write {
    Write::Patch {
        target: Target::new("apps/v1", "ReplicaSet", &name.namespace, &name.name),
        subresource: "",
        patch: Patch::Strategic(json!({"metadata": {"uid": uid, "ownerReferences": [owner]}})),
        expect: Some(version.to_owned()).filter(|v| !v.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout;
    use crate::logic::rollout::view::Obstacle;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn labels(app: &str) -> BTreeMap<String, String> {
        [("app".to_owned(), app.to_owned())].into()
    }

    /// A Rollout that selects `app: web` with one ReplicaSet of its own, labelled `own`, and one of nobody, labelled `nobodys`.
    fn view(own: &str, nobodys: &str) -> View {
        let rollout = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "r"},
            "spec": {"strategy": {"canary": {}}}});
        let meta = Meta {
            name: "web-a".to_owned(),
            namespace: "shop".to_owned(),
            uid: "a".to_owned(),
            resource_version: "7".to_owned(),
            labels: labels(own),
            ..Meta::default()
        };
        let orphan = Orphan {
            name: ObjectName::new("shop", "web-b"),
            uid: "b".to_owned(),
            resource_version: "8".to_owned(),
            labels: labels(nobodys),
        };
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            template: Arc::new(json!({"metadata": {"labels": {"app": "web"}}})),
            selector: serde_json::from_value(json!({"matchLabels": {"app": "web"}})).unwrap(),
            replica_sets: vec![ReplicaSet { meta, ..ReplicaSet::default() }],
            orphans: vec![orphan],
            is_there: true,
            ..View::default()
        }
    }

    /// Target, body and version of each write.
    fn written(view: &View) -> Vec<(String, Value, Option<String>)> {
        let writes = rollout::decide::decide(view, jiff::Timestamp::UNIX_EPOCH).writes;
        let strategic = |write: Write| match write {
            Write::Patch { target, patch: Patch::Strategic(body), expect, .. } => {
                Some((target.name, body, expect))
            }
            _ => None,
        };
        writes.into_iter().filter_map(strategic).collect()
    }

    #[test]
    fn what_is_nobodys_is_adopted_by_who_selects_it_and_what_is_no_longer_selected_is_released() {
        assert!(written(&view("web", "db")).is_empty());
        let owner = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "r",
            "controller": true, "blockOwnerDeletion": true});
        let body = |uid: &str, owner: &Value| json!({"metadata": {"uid": uid, "ownerReferences": [owner]}});
        let adopted = ("web-b".to_owned(), body("b", &owner), Some("8".to_owned()));
        assert_eq!(written(&view("web", "web")), std::slice::from_ref(&adopted));
        let gone = json!({"$patch": "delete", "uid": "r"});
        let released = ("web-a".to_owned(), body("a", &gone), Some("7".to_owned()));
        assert_eq!(written(&view("db", "web")), [released, adopted]);
    }

    #[test]
    fn nothing_is_adopted_before_the_rollout_is_known_to_be_there_still() {
        let unsure = View { is_there: false, ..view("web", "web") };
        assert_eq!(decide(&unsure).unwrap().needs, Some(Need::Rollout));
        assert_eq!(
            decide(&View { is_there: false, ..view("web", "db") }),
            None,
            "nor is it asked for nothing"
        );
    }

    #[test]
    fn a_selector_that_is_none_or_half_of_a_change_claims_nothing() {
        let none = View { selector: Default::default(), ..view("db", "web") };
        let half =
            View { template: Arc::new(json!({"metadata": {"labels": {"app": "db"}}})), ..view("db", "web") };
        let unread = View { problem: Some(Obstacle::missing(String::new())), ..view("db", "web") };
        assert_eq!([decide(&none), decide(&half), decide(&unread)], [None, None, None]);
    }
}
