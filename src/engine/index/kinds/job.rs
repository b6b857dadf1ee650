//! Decides what is kept of a Job that measures, and that a change of one concerns the AnalysisRun it measures for.
//! It never follows Jobs of others.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::raw_object::RawObject;
use crate::engine::index::effects::Effects;
use crate::engine::index::kinds::followed::{Followed, Picked, Presence, Row};
use crate::engine::index::kinds::job_pod;
use crate::engine::index::links::To;
use crate::engine::index::rows::JobRow;
use crate::engine::index::scope::Scope;
use crate::engine::index::store::Index;
use crate::engine::index::table::Table;
use crate::engine::key::Key;
use crate::logic::analysis::providers::job::end;
use crate::logic::analysis::view::JobState;

/// Jobs that measure.
pub(crate) static FOLLOWED: Followed =
    Followed::of::<JobRow>("Job", "batch/v1", "Job", Picked::With(names::JOB_RUN_UID), Presence::Optional);

impl Row for JobRow {
    fn of(object: RawObject, _before: Option<&Self>, _scope: &Scope) -> Option<Self> {
        let (meta, status) = (object.metadata, object.status.value());
        let run_uid = meta.labels.get(names::JOB_RUN_UID)?.clone();
        let state = JobState {
            end: end(&status),
            metric: meta.annotation(names::JOB_METRIC).unwrap_or_default().to_owned(),
            stuck: None,
            is_going: meta.deletion_timestamp.is_some(),
            namespace: meta.namespace,
            uid: meta.uid,
            created: meta.creation_timestamp,
        };
        Some(Self { run_uid, state })
    }

    fn table<'i>(index: &'i mut Index, _followed: &Followed) -> &'i mut Table<Self> {
        &mut index.jobs
    }

    fn links(&self, _name: &ObjectName) -> Vec<To> {
        vec![To::RunOfJob(self.run_uid.clone())]
    }

    fn effects(index: &mut Index, _: &'static Followed, name: &ObjectName, before: Option<&Self>) -> Effects {
        let now = index.jobs.get(name);
        let runs =
            now.into_iter().chain(before).flat_map(|row| index.links.to(&To::Run(row.run_uid.clone())));
        let mut effects = Effects::keys(runs.cloned().map(Key::AnalysisRun).collect());
        if now.is_some_and(|row| row.state.end.is_none()) {
            effects.wanted.push(job_pod::FOLLOWED.name); // which may be kept from running
        }
        effects
    }
}
