//! Decides what is kept of a Service, and that a change of one concerns the Rollouts that name it; or itself, when one
//! of ours pointed it at a revision and none names it any more. It never keeps more than selector and marks.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::base::json;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::Table;
use crate::logic::rollout::view::Service;

/// Services.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<Service>("Service", "v1", "Service", Picked::All, Presence::Required);

impl Row for Service {
    fn of(object: RawObject, _before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        let (meta, spec) = (object.metadata, object.spec.value());
        let mut selector = json::texts(&spec, "/selector");
        Some(Self {
            hash: selector.remove(names::POD_HASH),
            managed_by: meta.annotation(names::MANAGED_BY).map(str::to_owned),
            selector,
            name: meta.name,
            resource_version: meta.resource_version,
        })
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.services
    }

    fn effects(
        index: &mut Index,
        _: &'static Followed,
        name: &ObjectName,
        _before: Option<&Self>,
    ) -> Effects {
        let mut keys = index.rollouts_to(&To::Service(name.clone()));
        keys.extend(index.unnamed(&name.namespace, [&name.name]));
        Effects::keys(keys)
    }
}
