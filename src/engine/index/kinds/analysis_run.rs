//! Decides what is kept of an AnalysisRun: for the Rollout that owns it a few words, and for us, while there is something
//! to measure, the whole. It never keeps a whole run that is over.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::api::run::{AnalysisRun, MetricResult, Phase, RunSpec};
use crate::base::json;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::links::To;
use crate::engine::index::rows::RunRow;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::{Index, owner};
use crate::engine::index::table::Table;
use crate::engine::key::Key;
use crate::logic::analysis::compose;
use crate::logic::analysis::shown::shown;
use crate::logic::rollout::view::AnalysisRunRow;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// AnalysisRuns.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<RunRow>("AnalysisRun", names::ARGO, "AnalysisRun", Picked::All, Presence::Optional);

impl Row for RunRow {
    fn of(object: RawObject, _before: Option<&Self>, scope: &Scope) -> Option<Self> {
        let (spec, status) = (object.spec.value(), object.status.value());
        let phase = Phase::deserialize(json::at(&status, "/phase").unwrap_or(&Value::Null)).ok();
        let results =
            json::at(&status, "/metricResults").and_then(|r| Vec::<MetricResult>::deserialize(r).ok());
        let has_ttl = json::at(&spec, "/ttlStrategy").is_some();
        let read = RunSpec::deserialize(&spec).ok();
        let shown = read.as_ref().map(|spec| shown(spec, phase, &results.unwrap_or_default()));
        let row = AnalysisRunRow {
            meta: object.metadata,
            phase: phase.unwrap_or_default(),
            message: json::text(&status, "/message").to_owned(),
            terminate: json::flag(&spec, "/terminate"),
            spec_digest: read.as_ref().map(compose::digest).unwrap_or_default(),
        };
        let is_over = row.phase.is_completed() && !has_ttl;
        let run = read.filter(|_| !is_over).and_then(|spec| {
            let status = object.status.read().ok()?;
            Some(AnalysisRun { metadata: row.meta.clone(), spec, status })
        });
        let noun = Self { row, run: run.map(Arc::new), shown: Arc::new(shown.unwrap_or_default()) };
        let is_owned = noun.row.meta.controller().is_some();
        if scope.holds(&noun.row.meta) || is_owned && scope.is_instance_of(&noun.row.meta) {
            return Some(noun);
        }
        // Nothing to measure for us; its owner may still be ours.
        is_owned.then_some(Self { run: None, ..noun })
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.analysis_runs
    }

    fn links(&self, _name: &ObjectName) -> Vec<To> {
        let owner = self.row.meta.controller().map(|o| To::OwnerOfRun(o.uid.clone()));
        owner.into_iter().chain([To::Run(self.row.meta.uid.clone())]).collect()
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let now = index.analysis_runs.get(name);
        let mut effects =
            Effects::keys(now.into_iter().chain(before).filter_map(|run| owner(&run.row.meta)).collect());
        let is_measured = |row: Option<&Self>| row.is_some_and(|r| r.run.is_some());
        if is_measured(now) || is_measured(before) {
            effects.keys.insert(Key::AnalysisRun(name.clone()));
        }
        effects.analyses.insert((FOLLOWED.name, name.clone()));
        effects
    }
}
