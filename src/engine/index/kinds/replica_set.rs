//! Decides what is kept of a ReplicaSet of a revision, and that a change of one concerns the Rollout that owns it.
//! It never keeps the pod template, only the key under which equal templates are equal, and what it was given beside.

use crate::api::condition::{Condition, ConditionType};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::pod_metadata::MetadataPatch;
use crate::api::podhash::same;
use crate::api::raw_object::RawObject;
use crate::api::selector::LabelSelector;
use crate::api::time::Time;
use crate::base::json;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::{Index, owner};
use crate::engine::index::table::Table;
use crate::engine::key::Key;
use crate::logic::rollout::injected::{self, anti_affinity};
use crate::logic::rollout::view::{Apart, ReplicaSet};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// ReplicaSets of revisions.
pub(crate) static FOLLOWED: Followed = Followed::of::<ReplicaSet>(
    "ReplicaSet",
    "apps/v1",
    "ReplicaSet",
    Picked::With(names::POD_HASH),
    Presence::Required,
);

impl Row for ReplicaSet {
    fn of(object: RawObject, before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        let spec: Spec<'_> = serde_json::from_str(object.spec.text()).ok()?;
        let status = object.status.read().ok()?;
        let meta = &object.metadata;
        let known = before.filter(|b| b.meta.uid == meta.uid);
        let note = |meta: &Meta| meta.annotations.get(names::EPHEMERAL_METADATA).cloned();
        let is_same = |b: &&Self| b.meta.generation == meta.generation && note(&b.meta) == note(meta);
        let template = match known.filter(is_same) {
            Some(known) => known.template(),
            None => template(spec.template, meta, known.map(|b| b.template_key.clone())),
        };
        Some(row(object.metadata, spec, status, template))
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.replica_sets
    }

    fn links(&self, name: &ObjectName) -> Vec<To> {
        let owner = match self.meta.controller() {
            Some(owner) => To::OwnerOfReplicaSet(owner.uid.clone()),
            None => To::Orphans(name.namespace.clone()),
        };
        vec![owner, To::ReplicaSet(self.meta.uid.clone())]
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let now = index.replica_sets.get(name);
        let mut keys: BTreeSet<Key> =
            now.into_iter().chain(before).filter_map(|set| owner(&set.meta)).collect();
        let is_known = |set: &Self| before.is_some_and(|b| is_orphan(b) && b.meta.labels == set.meta.labels);
        if let Some(orphan) = now.filter(|set| is_orphan(set) && !is_known(set)) {
            keys.extend(index.rollouts_selecting(&name.namespace, &orphan.meta.labels));
        }
        Effects::keys(keys)
    }
}

/// Whether it is there for who selects it.
fn is_orphan(set: &ReplicaSet) -> bool {
    set.meta.controller().is_none() && set.meta.deletion_timestamp.is_none()
}

/// What is read of a ReplicaSet.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    replicas: Option<i32>,
    min_ready_seconds: i32,
    selector: Option<LabelSelector>,
    #[serde(borrow)]
    template: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
    observed_generation: i64,
    conditions: Vec<Value>,
}

/// What is kept of a pod template.
struct Template {
    key: String,
    carried: MetadataPatch,
    apart: Option<Apart>,
}

/// What is kept of the template in `text`, of the ReplicaSet of `meta`. What it says without what we put into it never
/// changes, so its `key` lasts as long as the object.
fn template(text: Option<&RawValue>, meta: &Meta, key: Option<String>) -> Template {
    let template: Value = text.and_then(|t| serde_json::from_str(t.get()).ok()).unwrap_or_default();
    Template {
        key: key.unwrap_or_else(|| same::template_key(&injected::template::own_template(&template, meta))),
        carried: injected::template::carried(&template, meta),
        apart: anti_affinity::read(&template),
    }
}

impl ReplicaSet {
    fn template(&self) -> Template {
        let (key, carried, apart) = (self.template_key.clone(), self.carried.clone(), self.apart.clone());
        Template { key, carried, apart }
    }
}

fn row(meta: Meta, spec: Spec<'_>, status: Status, template: Template) -> ReplicaSet {
    let failure =
        status.conditions.iter().find(|c| json::text(c, "/type") == ConditionType::ReplicaFailure.as_str());
    ReplicaSet {
        hash: meta.labels.get(names::POD_HASH).cloned().unwrap_or_default(),
        template_key: template.key,
        carried: template.carried,
        apart: template.apart,
        replicas: spec.replicas.unwrap_or(1),
        min_ready_seconds: spec.min_ready_seconds,
        selector: spec.selector.map(|s| s.to_string()).unwrap_or_default(),
        current: status.replicas,
        ready: status.ready_replicas,
        available: status.available_replicas,
        observed_generation: status.observed_generation,
        failure: failure.and_then(condition),
        is_new: false,
        meta,
    }
}

/// A condition of a ReplicaSet as a Rollout repeats it.
fn condition(value: &Value) -> Option<Condition> {
    let at = Time::parse(json::text(value, "/lastTransitionTime"))?;
    Some(Condition {
        r#type: json::text(value, "/type").into(),
        status: json::text(value, "/status").into(),
        last_update_time: at,
        last_transition_time: at,
        reason: json::text(value, "/reason").into(),
        message: json::text(value, "/message").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::watch::News;
    use crate::engine::index::kinds::rollout;
    use serde_json::json;

    /// What follows from an object that is there now.
    fn bring(index: &mut Index, followed: &'static Followed, object: &Value) -> BTreeSet<Key> {
        index.take_in(followed.present(RawObject::of(object).unwrap())).keys
    }

    fn rollout(name: &str, namespace: &str, app: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": namespace, "uid": format!("{name}-{namespace}"), "resourceVersion": "1"},
            "spec": {"selector": {"matchLabels": {"app": app}}, "strategy": {"canary": {}},
                "template": {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c"}]}}},
        })
    }

    /// A ReplicaSet in `shop` labelled `app: web`.
    fn replica_set(version: u32, owner: Option<&str>) -> Value {
        let owner =
            owner.map(|uid| json!({"kind": "Rollout", "name": "web", "uid": uid, "controller": true}));
        json!({
            "metadata": {"name": "web-a", "namespace": "shop", "uid": "a", "resourceVersion": version.to_string(),
                "labels": {"app": "web", (names::POD_HASH): "a"}, "ownerReferences": Vec::from_iter(owner)},
            "spec": {},
        })
    }

    #[test]
    fn what_becomes_nobodys_concerns_who_selects_it_and_is_forgotten_once_it_is_somebodys_or_gone() {
        let mut index = Index::new(Scope::default());
        for (name, namespace, app) in [("web", "shop", "web"), ("db", "shop", "db"), ("web", "bank", "web")] {
            bring(&mut index, &rollout::FOLLOWED, &rollout(name, namespace, app));
        }
        let at = |name: &str, namespace: &str| ObjectName::new(namespace, name);
        let found = |index: &Index, at: ObjectName| index.view(&at, false).unwrap().orphans.len();
        let remembered = index.remembered();
        let keys = bring(&mut index, &FOLLOWED, &replica_set(2, None));
        assert_eq!(keys, [Key::Rollout(at("web", "shop"))].into());
        let all = [at("web", "shop"), at("db", "shop"), at("web", "bank")];
        assert_eq!(all.clone().map(|at| found(&index, at)), [1, 0, 0]);
        assert!(bring(&mut index, &FOLLOWED, &replica_set(3, None)).is_empty(), "it is known");
        let keys = bring(&mut index, &FOLLOWED, &replica_set(4, Some("web-shop")));
        assert_eq!((keys, found(&index, at("web", "shop"))), ([Key::Rollout(at("web", "shop"))].into(), 0));
        bring(&mut index, &FOLLOWED, &replica_set(5, None));
        let gone = News::Gone(RawObject::of(&replica_set(6, None)).unwrap());
        let News::Gone(gone) = FOLLOWED.read(gone) else { panic!("it is gone") };
        index.take_in(gone);
        assert_eq!((all.map(|at| found(&index, at)), index.remembered()), ([0, 0, 0], remembered));
    }

    fn set(generation: i64, role: &str) -> Value {
        let expression = json!({"key": names::POD_HASH, "operator": "In", "values": ["old"]});
        let term = json!({"labelSelector": {"matchExpressions": [expression]}, "topologyKey": "kubernetes.io/hostname"});
        let rules = json!({"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 9, "podAffinityTerm": term}]});
        json!({
            "metadata": {"name": "web-abc", "namespace": "shop", "uid": "u", "generation": generation,
                "annotations": {names::EPHEMERAL_METADATA: format!("{{\"labels\":{{\"role\":\"{role}\"}}}}")}},
            "spec": {"template": {"metadata": {"labels": {"app": "web", "role": role}},
                "spec": {"affinity": {"podAntiAffinity": rules}, "containers": [{"name": "c"}]}}},
            "status": {},
        })
    }

    fn row(object: &Value, before: Option<&ReplicaSet>) -> ReplicaSet {
        ReplicaSet::of(RawObject::of(object).unwrap(), before, &Scope::default()).unwrap()
    }

    #[test]
    fn what_a_template_was_given_is_known_and_no_part_of_its_key() {
        let own = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}});
        let first = row(&set(1, "canary"), None);
        assert_eq!(first.template_key, same::template_key(&own));
        assert_eq!(first.carried.labels, [("role".to_owned(), Some("canary".to_owned()))].into());
        assert_eq!(first.apart, Some(Apart { stable: "old".to_owned(), weight: Some(9) }));
        let later = row(&set(2, "stable"), Some(&first));
        assert_eq!(later.template_key, first.template_key);
        assert_eq!(later.carried.labels, [("role".to_owned(), Some("stable".to_owned()))].into());
    }
}
