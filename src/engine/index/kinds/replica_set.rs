//! Decides what is kept of a ReplicaSet of a revision, and that a change of one concerns the Rollout that owns it.
//! It never keeps the pod template, only the key under which equal templates are equal.

use crate::api::condition::{Condition, ConditionType};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::podhash::same;
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

/// ReplicaSets of revisions.
pub(crate) static FOLLOWED: Followed = Followed::of::<ReplicaSet>(
    "ReplicaSet",
    "apps/v1",
    "ReplicaSet",
    Picked::With(names::POD_HASH),
    Presence::Required,
);

impl Row for ReplicaSet {
    /// The row without the key of its template, and the template.
    type Noun = (Self, Value);

    fn read(mut object: Value) -> Self::Noun {
        let template = object.pointer_mut("/spec/template").map(Value::take).unwrap_or_default();
        let meta = Meta::taken_from(&mut object);
        (row(meta, &object), template)
    }

    fn of((row, template): Self::Noun, before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        // The template of a ReplicaSet is ours and we never change it, so its key lasts as long as the object.
        let known = before.filter(|b| b.meta.uid == row.meta.uid).map(|b| b.template_key.clone());
        Some(Self { template_key: known.unwrap_or_else(|| same::template_key(&template)), ..row })
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

fn row(meta: Meta, object: &Value) -> ReplicaSet {
    let selector = json::at(object, "/spec/selector").and_then(|s| LabelSelector::deserialize(s).ok());
    let failure = json::list(object, "/status/conditions")
        .iter()
        .find(|c| json::text(c, "/type") == ConditionType::ReplicaFailure.as_str());
    ReplicaSet {
        hash: meta.labels.get(names::POD_HASH).cloned().unwrap_or_default(),
        template_key: String::new(),
        replicas: json::at(object, "/spec/replicas").map_or(1, |_| count(object, "/spec/replicas")),
        min_ready_seconds: count(object, "/spec/minReadySeconds"),
        selector: selector.map(|s| s.to_string()).unwrap_or_default(),
        current: count(object, "/status/replicas"),
        ready: count(object, "/status/readyReplicas"),
        available: count(object, "/status/availableReplicas"),
        observed_generation: json::number(object, "/status/observedGeneration").unwrap_or(0),
        failure: failure.and_then(condition),
        is_new: false,
        meta,
    }
}

fn count(object: &Value, pointer: &str) -> i32 {
    i32::try_from(json::count(object, pointer)).unwrap_or(0)
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
