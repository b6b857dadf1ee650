//! Decides what is kept of the objects that Rollouts merely refer to: the parts that a Rollout takes over, packed until
//! one refers to them. It never follows a kind that no Rollout refers to.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::api::rollout::WorkloadRef;
use crate::api::selector::LabelSelector;
use crate::base::json;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::rows::{Parts, ReferredRow, Taken};
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::Table;
use crate::logic::rollout::view::Workload;
use serde::Deserialize;
use std::sync::Arc;

/// Kinds that a Rollout may refer to: one line each.
pub(crate) static REFERRED: [&Followed; 3] = [&DEPLOYMENT, &POD_TEMPLATE, &REPLICA_SET];

static DEPLOYMENT: Followed = followed("Deployment", "apps/v1", "Deployment", Picked::All);
static POD_TEMPLATE: Followed = followed("PodTemplate", "v1", "PodTemplate", Picked::All);
/// ReplicaSets that are not our own.
static REPLICA_SET: Followed =
    followed("ReplicaSetWorkload", "apps/v1", "ReplicaSet", Picked::Without(names::POD_HASH));

const fn followed(name: &'static str, version: &'static str, kind: &'static str, picked: Picked) -> Followed {
    Followed::of::<ReferredRow>(name, version, kind, picked, Presence::OnDemand)
}

/// The kind that `kind` in a reference stands for.
#[must_use]
pub(crate) fn referred(kind: &str) -> Option<&'static Followed> {
    REFERRED.iter().find(|f| f.kind == kind).copied()
}

/// The kind that `reference` stands for: that of its group (source: rollout/templateref.go, `Resolve`).
#[must_use]
pub(crate) fn referred_by(reference: &WorkloadRef) -> Option<&'static Followed> {
    let group = |version: &str| version.rsplit_once('/').map_or(String::new(), |(group, _)| group.to_owned());
    referred(&reference.kind).filter(|f| group(f.api_version) == group(&reference.api_version))
}

impl Row for ReferredRow {
    fn of(object: RawObject, before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        let (meta, spec) = (object.metadata, object.spec.value());
        let replicas = json::number(&spec, "/replicas").and_then(|n| i32::try_from(n).ok());
        let workload =
            Workload { generation: meta.generation, resource_version: meta.resource_version, replicas };
        let selector = json::at(&spec, "/selector").and_then(|s| LabelSelector::deserialize(s).ok());
        let template = json::at(&spec, "/template").cloned().unwrap_or_else(|| object.template.value());
        let taken = Taken { template: Arc::new(template), selector: selector.unwrap_or_default() };
        let parts = match before.map(|b| &b.parts) {
            Some(Parts::Open(known)) if **known == taken => Parts::Open(known.clone()),
            Some(Parts::Open(_)) => Parts::Open(Arc::new(taken)),
            _ => Parts::Packed(serde_json::to_string(&taken).unwrap_or_default().into()),
        };
        Some(Self { workload, parts })
    }

    fn table<'i>(index: &'i mut Index, followed: &Followed) -> &'i mut Table<Self> {
        index.referred.entry(followed.name).or_default()
    }

    fn effects(
        index: &mut Index,
        followed: &'static Followed,
        name: &ObjectName,
        _: Option<&Self>,
    ) -> Effects {
        let names: Vec<ObjectName> =
            index.links.to(&To::Referred(followed.name, name.clone())).cloned().collect();
        names.iter().for_each(|rollout| index.resolve(rollout));
        Effects::keys(names.into_iter().map(crate::engine::key::Key::Rollout).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_to_a_kind_of_its_group() {
        let name = |version: &str, kind: &str| {
            let reference = WorkloadRef {
                api_version: version.to_owned(),
                kind: kind.to_owned(),
                ..WorkloadRef::default()
            };
            referred_by(&reference).map(|f| f.name)
        };
        assert_eq!(name("apps/v1", "Deployment"), Some("Deployment"));
        assert_eq!(name("apps/v1", "ReplicaSet"), Some("ReplicaSetWorkload"));
        assert_eq!(name("v1", "PodTemplate"), Some("PodTemplate"));
        for (version, kind) in [
            ("x.example/v1", "Deployment"),
            ("v1", "Deployment"),
            ("apps/v1", "PodTemplate"),
            ("apps/v1", "DaemonSet"),
        ] {
            assert_eq!(name(version, kind), None, "{version} {kind}");
        }
    }
}
