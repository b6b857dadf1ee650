//! Decides which AnalysisRuns are stopped because nothing waits for them, and which are forgotten.
//! It never stops a run that a status not yet seen may wait for.

use crate::api::names;
use crate::api::run::Phase;
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::view::AnalysisRunRow;

/// Whether `run` belongs to a later step of the current revision than the one we see: then the status that names it
/// was written or is still to be written, and what we see is old. A run that is stopped counts as a good one, so
/// stopping it would let the revision pass unmeasured.
#[must_use]
pub(crate) fn is_ahead(builder: &Builder<'_>, run: &AnalysisRunRow) -> bool {
    let label = |key: &str| run.meta.labels.get(key).map(String::as_str);
    let step = label(names::STEP_INDEX).and_then(|i| i.parse::<i32>().ok());
    label(names::RUN_TYPE) == Some(Purpose::Step.label())
        && builder.new_replica_set().is_some_and(|s| label(names::POD_HASH) == Some(s.hash.as_str()))
        && run.meta.revision() == builder.revision()
        && step.is_some_and(|s| s > builder.old().current_step_index.unwrap_or(0))
}

/// Stops the runs under way whose names are not among `kept` (source: rollout/analysis.go, `cancelAnalysisRuns`).
pub(crate) fn stop_all_but(builder: &mut Builder<'_>, kept: &[String]) {
    for (index, run) in builder.analysis_runs().iter().enumerate() {
        let is_open = !run.phase.is_completed() && !run.terminate && run.meta.deletion_timestamp.is_none();
        if is_open && !kept.contains(&run.meta.name) {
            builder.plan(Op::StopAnalysisRun(index));
        }
    }
}

/// Deletes finished runs beyond the limits, newest kept, and those of forgotten revisions
/// (source: utils/analysis/filter.go, `FilterAnalysisRunsToDelete`).
pub(crate) fn forget_old(builder: &mut Builder<'_>, kept: &[String]) {
    let limits = builder.spec().analysis.clone().unwrap_or_default();
    let limit = |n: Option<i32>| usize::try_from(n.unwrap_or(5)).unwrap_or(0);
    let mut good = limit(limits.successful_run_history_limit);
    let mut bad = limit(limits.unsuccessful_run_history_limit);
    let mut newest_first: Vec<(usize, &AnalysisRunRow)> =
        builder.analysis_runs().iter().enumerate().collect();
    newest_first.sort_by(|(_, a), (_, b)| {
        (b.meta.creation_timestamp, &b.meta.name).cmp(&(a.meta.creation_timestamp, &a.meta.name))
    });
    for (index, run) in newest_first {
        if kept.contains(&run.meta.name) || run.meta.deletion_timestamp.is_some() {
            continue;
        }
        let hash = run.meta.labels.get(names::POD_HASH);
        let revision_exists = builder
            .replica_sets()
            .iter()
            .any(|s| hash == Some(&s.hash) && s.meta.deletion_timestamp.is_none());
        let room = match run.phase {
            Phase::Successful => &mut good,
            Phase::Failed | Phase::Error | Phase::Inconclusive => &mut bad,
            _ if revision_exists => continue,
            _ => &mut bad,
        };
        if revision_exists && *room > 0 {
            *room -= 1;
        } else {
            builder.plan(Op::DeleteAnalysisRun(index));
        }
    }
}
