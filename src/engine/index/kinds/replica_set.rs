//! Decides what is kept of a ReplicaSet of a revision, and that a change of one concerns the Rollout that owns it.
//! It never keeps the pod template, only the key under which equal templates are equal.

use crate::api::condition::{Condition, ConditionType};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
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
use crate::logic::rollout::view::ReplicaSet;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

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
        // The template of a ReplicaSet is ours and we never change it, so its key lasts as long as the object.
        let known = before.filter(|b| b.meta.uid == object.metadata.uid).map(|b| b.template_key.clone());
        let template = || spec.template.and_then(|t| serde_json::from_str(t.get()).ok()).unwrap_or_default();
        let template_key = known.unwrap_or_else(|| same::template_key(&template()));
        Some(row(object.metadata, spec, status, template_key))
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.replica_sets
    }

    fn links(&self, _name: &ObjectName) -> Vec<To> {
        let owner = self.meta.controller().map(|o| To::OwnerOfReplicaSet(o.uid.clone()));
        owner.into_iter().chain([To::ReplicaSet(self.meta.uid.clone())]).collect()
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let now = index.replica_sets.get(name);
        Effects::keys(now.into_iter().chain(before).filter_map(|set| owner(&set.meta)).collect())
    }
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

fn row(meta: Meta, spec: Spec<'_>, status: Status, template_key: String) -> ReplicaSet {
    let failure =
        status.conditions.iter().find(|c| json::text(c, "/type") == ConditionType::ReplicaFailure.as_str());
    ReplicaSet {
        hash: meta.labels.get(names::POD_HASH).cloned().unwrap_or_default(),
        template_key,
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
