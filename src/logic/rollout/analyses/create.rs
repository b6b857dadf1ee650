//! Decides the object of an AnalysisRun that is wanted and not there: its name, its labels, what it measures.
//! It never decides whether one is wanted.

use crate::api::analysis::AnalysisRef;
use crate::api::event::EventReason;
use crate::api::names;
use crate::api::run::{Phase, RunSpec};
use crate::api::status::RunStatus;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::{args, compose};
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::revision;
use crate::logic::rollout::work::{Op, Work};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The specification of the run that `reference` asks for in the present state
/// (source: rollout/analysis.go, `newAnalysisRunFromRollout`).
///
/// # Errors
/// A template or an argument that cannot be resolved.
pub fn spec_of(work: &Work<'_>, reference: &AnalysisRef) -> Result<RunSpec, AnalysisError> {
    let latest = work.new_set().map_or(work.view.pod_hash.as_str(), |s| s.hash.as_str());
    let stable = work.stable_set().map_or("", |s| s.hash.as_str());
    let values = args::of_rollout(&reference.args, stable, latest, &work.view.rollout)?;
    compose::run_spec(reference, &values, &|r| work.view.template_of(r))
}

/// Notes the run that `reference` asks for, or takes up one that is under way and measures the same. None when it
/// cannot be composed, which is told (source: rollout/analysis.go, `createAnalysisRun`).
pub fn create(work: &mut Work<'_>, purpose: Purpose, reference: &AnalysisRef) -> Option<RunStatus> {
    let spec = match spec_of(work, reference) {
        Ok(spec) => spec,
        Err(why) => {
            let message = format!("Reconciliation failed with error: {why}");
            work.warn(EventReason::ReconciliationError, message);
            return None;
        }
    };
    let hash = work.new_set()?.hash.clone();
    let index = work.old.current_step_index.unwrap_or(0);
    let rollout = &work.view.rollout.metadata;
    let base = format!("{}-{hash}-{}{}", rollout.name, work.revision(), purpose.suffix(index));
    let wanted = compose::digest(&spec);
    let mut name = base.clone();
    let mut count = 0;
    while let Some(taken) = work.runs.iter().find(|r| r.meta.name == name) {
        if !taken.phase.is_completed() && !taken.terminate && taken.spec_digest == wanted {
            return Some(RunStatus::new(&name, Phase::Pending, ""));
        }
        count += 1;
        name = format!("{base}.{count}");
    }
    let status = RunStatus::new(&name, Phase::Pending, "");
    let object = object(work, (purpose, index), reference, name, hash, &spec);
    work.note(Op::CreateRun(object));
    Some(status)
}

/// The whole object of the run called `name`.
fn object(
    work: &Work<'_>,
    (purpose, index): (Purpose, i32),
    reference: &AnalysisRef,
    name: String,
    hash: String,
    spec: &RunSpec,
) -> Value {
    let rollout = &work.view.rollout.metadata;
    let mut labels = BTreeMap::from([
        (names::POD_HASH.to_owned(), hash),
        (names::RUN_TYPE.to_owned(), purpose.label().to_owned()),
    ]);
    if purpose == Purpose::Step {
        labels.insert(names::STEP_INDEX.to_owned(), index.to_string());
    }
    if let Some(id) = rollout.labels.get(names::INSTANCE_ID) {
        labels.insert(names::INSTANCE_ID.to_owned(), id.clone());
    }
    let mut annotations = BTreeMap::from([(names::REVISION.to_owned(), work.revision().to_string())]);
    if let Some(more) = &reference.analysis_run_metadata {
        labels.extend(more.labels.clone());
        annotations.extend(more.annotations.clone());
    }
    labels.extend(work.view.selector.match_labels.clone());
    json!({
        "apiVersion": names::ARGO,
        "kind": "AnalysisRun",
        "metadata": {
            "name": name,
            "namespace": rollout.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [revision::owner(rollout)],
        },
        "spec": spec,
    })
}
