//! Decides the object of an AnalysisRun that is wanted and not there: its name, its labels, what it measures.
//! It never decides whether one is wanted.

use crate::api::analysis::AnalysisRef;
use crate::api::event::EventReason;
use crate::api::names;
use crate::api::run::{Phase, RunSpec};
use crate::api::status::RunStatus;
use crate::logic::analysis::compose;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::analyses::values::{Stage, values};
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::revision;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The specification of the run that `reference` asks for in the present state
/// (source: rollout/analysis.go, `newAnalysisRunFromRollout`).
///
/// # Errors
/// A template or an argument that cannot be resolved.
pub(crate) fn spec_of(
    builder: &Builder<'_>,
    reference: &AnalysisRef,
    stage: Stage,
) -> Result<RunSpec, AnalysisError> {
    let values = values(builder, &reference.args, stage)?;
    compose::run_spec(reference, &values, &|r| builder.view().template_of(r))
}

/// Plans the run that `reference` asks for, or takes up one that is under way and measures the same. None when it
/// cannot be composed, of which an event speaks, and while a denied write is in its way
/// (source: rollout/analysis.go, `createAnalysisRun`).
pub(crate) fn create(
    builder: &mut Builder<'_>,
    purpose: Purpose,
    reference: &AnalysisRef,
) -> Option<RunStatus> {
    if !builder.may_measure() {
        return None;
    }
    let spec = match spec_of(builder, reference, Stage::Made) {
        Ok(spec) => spec,
        Err(why) => {
            let message = format!("Reconciliation failed with error: {why}");
            builder.warn(EventReason::ReconciliationError, message);
            return None;
        }
    };
    let hash = builder.new_replica_set()?.hash.clone();
    let index = builder.old().current_step_index.unwrap_or(0);
    let rollout = &builder.view().rollout.metadata;
    let base = format!("{}-{hash}-{}{}", rollout.name, builder.revision(), purpose.suffix(index));
    let wanted = compose::digest(&spec);
    let mut name = base.clone();
    let mut count = 0;
    loop {
        let taken = builder.analysis_runs().iter().find(|r| r.meta.name == name);
        if taken.is_some_and(|t| !t.phase.is_completed() && !t.terminate && t.spec_digest == wanted) {
            return Some(RunStatus::new(&name, Phase::Pending, ""));
        }
        if taken.is_none() && !builder.view().left_runs.contains(&name) {
            break;
        }
        count += 1;
        name = format!("{base}.{count}");
    }
    if builder.leaves_alone("AnalysisRun", &name) {
        return None;
    }
    let status = RunStatus::new(&name, Phase::Pending, "");
    let object = object(builder, (purpose, index), reference, name, hash, &spec);
    builder.plan(Op::CreateAnalysisRun(object));
    Some(status)
}

/// The whole object of the run called `name`.
fn object(
    builder: &Builder<'_>,
    (purpose, index): (Purpose, i32),
    reference: &AnalysisRef,
    name: String,
    hash: String,
    spec: &RunSpec,
) -> Value {
    let rollout = &builder.view().rollout.metadata;
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
    let mut annotations = BTreeMap::from([(names::REVISION.to_owned(), builder.revision().to_string())]);
    if let Some(more) = &reference.analysis_run_metadata {
        labels.extend(more.labels.clone());
        annotations.extend(more.annotations.clone());
    }
    labels.extend(builder.view().selector.match_labels.clone());
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
