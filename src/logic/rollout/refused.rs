//! Decides what becomes of an update whose ReplicaSet the cluster refuses to make: it is told and its deadline runs, the
//! stable pods carry everything. It never decides when to try again.

use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::conditions;
use crate::logic::rollout::{canary, revision, status};
use jiff::SignedDuration;

/// One pass over a Rollout whose template has no ReplicaSet because the cluster refuses it.
pub(crate) fn pass(builder: &mut Builder<'_>) {
    let is_first = builder.old().current_pod_hash != builder.view().pod_hash;
    let has_others = builder.others().iter().any(|s| s.replicas > 0);
    let has_stable = builder.stable_index().is_some();
    if !is_first && builder.is_aborted() && builder.canary().is_some() && has_others && has_stable {
        return canary::pass(builder); // an update before this one has left pods behind
    }
    if let Some(stable) = builder.stable_index().filter(|_| !has_others && !builder.is_halted()) {
        let replicas = builder.spec().replicas();
        builder.scale(stable, replicas);
    }
    let mut new = status::base(builder);
    let old = builder.old();
    new.current_step_index = old.current_step_index;
    new.current_step_hash = old.current_step_hash.clone();
    if is_first {
        status::reset(builder, &mut new);
        new.current_step_hash = builder.canary().map(|c| canary::step_hash(&c.steps)).unwrap_or_default();
        revision::number_refused(builder);
    }
    conditions::write_refused(builder, &mut new, is_first, message(builder));
    if let Some(at) = conditions::deadline(builder.spec(), &new).filter(|at| *at >= builder.now()) {
        builder.wake_at(at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at));
    }
    status::finish(builder, new);
}

/// What people read (source: utils/conditions/conditions.go, `FailedRSCreateMessage`).
fn message(builder: &Builder<'_>) -> String {
    let why = builder.view().refused.as_ref().map(|r| r.why.as_str()).unwrap_or_default();
    format!("Failed to create new replica set \"{}\": {why}", revision::name(builder))
}
