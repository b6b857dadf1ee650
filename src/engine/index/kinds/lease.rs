//! Decides what is kept of the Lease of a delivery that a process of its own makes: until when that one acts. A Lease that
//! is given back concerns the Rollouts of its delivery. It never takes one.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::rows::LeaseRow;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::Table;
use crate::engine::key::Key;
use crate::logic::lease::{self, Observed};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// Leases of deliveries.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<LeaseRow>("Lease", lease::API, "Lease", Picked::With(names::LEASE_OF), Presence::OnDemand);

impl Row for LeaseRow {
    fn of(object: RawObject, before: Option<&Self>, _: &Scope) -> Option<Self> {
        let lease = json!({"spec": object.spec.value()});
        let known = before.filter(|b| b.observed.object == lease);
        Some(Self {
            source: object.metadata.labels.get(names::LEASE_OF).cloned().unwrap_or_default(),
            since: known.map_or_else(Instant::now, |b| b.since),
            observed: Observed::update(None, lease, Duration::ZERO),
        })
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.leases
    }

    fn links(&self, _name: &ObjectName) -> Vec<To> {
        vec![To::DeliveryOfLease(self.source.clone())]
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let is_held = |row: Option<&Self>| row.is_some_and(|row| row.until().is_some());
        let Some(source) =
            before.filter(|b| is_held(Some(b)) && !is_held(index.leases.get(name))).map(|b| &b.source)
        else {
            return Effects::default();
        };
        let names: Vec<&ObjectName> = index.delivered_by(source).collect();
        let uids = names.iter().filter_map(|name| Some(&index.rollouts.get(name)?.rollout.metadata.uid));
        let runs = uids.flat_map(|uid| index.links.to(&To::OwnerOfRun(uid.clone())));
        let runs = runs.map(|name| Key::AnalysisRun(name.clone()));
        let rollouts = names.iter().map(|name| Key::Rollout((*name).clone()));
        Effects::keys(rollouts.chain(runs).collect())
    }
}
