//! Decides whether a revert in Git is pending for a Rollout (it was aborted, or a user wants an older revision), why, and
//! when the cluster is safe enough for it. It never decides which commits are reverted.

use crate::api::condition::{Condition, ConditionReason, ConditionType};
use crate::api::key::Key;
use crate::api::names;
use crate::api::podhash::same::template_key;
use crate::api::run::{AnalysisRun, MetricResult, Phase};
use crate::api::sample;
use crate::api::status::RolloutStatus;
use crate::logic::revert::reached;
use crate::logic::rollout::abort::AbortCause;
use crate::logic::rollout::view::{ReplicaSet, View};
use crate::logic::rollout::weight::Reached;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// How long a stable revision that does not become whole holds the revert up, in seconds. After that it is made all the
/// same: what keeps the stable pods from starting may be what has to go back.
const PATIENCE: i64 = 30;
/// How long what a Rollout lacks may take to come, in seconds: it may be applied together with it.
const MAY_COME: i64 = 5;

/// Why a Rollout is reverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RevertReason {
    /// An analysis failed.
    Analysis,
    /// An analysis could not be measured.
    Error,
    /// The progress deadline was missed, and that aborted the update.
    Deadline,
    /// Pods of the new revision cannot run.
    Pods,
    /// The progress deadline was missed, and nothing follows from that in the cluster.
    Stuck,
    /// It cannot be acted on as it is written.
    Invalid,
    /// It cannot be acted on any more, but its revision was promoted: whatever has changed since, the commit was good.
    NoLongerValid,
    /// A user aborted it.
    User,
    /// A user wants an older revision.
    Undo,
}

/// Whether the cluster has returned to the stable revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It has.
    Safe,
    /// The stable revision is not whole, so that some of the failed one may have to stay; from then on that is no reason
    /// to wait.
    From(Timestamp),
    /// The failed revision has pods or traffic.
    Unsafe,
}

impl Safety {
    /// Whether nothing has to be waited for at `now`.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::Safe => true,
            Self::From(time) => now >= time,
            Self::Unsafe => false,
        }
    }
}

/// A revert that is to be made in Git for a Rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRevert {
    /// The Rollout.
    pub rollout: Key,
    /// Its uid, for events.
    pub uid: String,
    /// The revision that is reverted.
    pub revision: i64,
    /// Why.
    pub reason: RevertReason,
    /// How far it had come; none when unknown.
    pub reached: Option<Reached>,
    /// Why, in words, with what the Rollout itself knows of it.
    pub verdict: String,
    /// The run whose numbers say why.
    pub run: Option<String>,
    /// The ReplicaSet of the revision that stays, if it is there.
    pub stays: Option<String>,
    /// The commit that made the revision that stays, or a later one; none when Git did not make it.
    pub made_by: Option<String>,
    /// What of Switchback's own wishes the Rollout is annotated with: the reasons for which Git goes back.
    pub policy: Option<String>,
    /// The template that the Rollout has in the cluster: the failed one, or after an undo the older one.
    pub template: Arc<Value>,
    /// The key of that template (`api::podhash::same::template_key`).
    pub template_key: String,
    /// Whether the cluster has returned to the stable revision.
    pub safety: Safety,
}

/// The revert that is pending for the Rollout of `view`, if one is.
#[must_use]
pub fn of(view: &View) -> Option<PendingRevert> {
    undone(view).or_else(|| aborted(view)).or_else(|| invalid(view)).or_else(|| stuck(view))
}

/// Whether a revert may be pending for a Rollout that has `status`, undone ones aside: a quick look before the whole one.
#[must_use]
pub(crate) fn may_be(status: &RolloutStatus) -> bool {
    let is_sign = |c: &Condition| {
        c.r#type == ConditionType::InvalidSpec || c.reason == ConditionReason::ProgressDeadlineExceeded
    };
    status.abort || status.conditions.iter().any(is_sign)
}

fn replica_set<'v>(view: &'v View, hash: &str) -> Option<&'v ReplicaSet> {
    view.replica_sets.iter().find(|s| !hash.is_empty() && s.hash == hash)
}

fn commit_of(replica_set: &ReplicaSet) -> Option<String> {
    replica_set.meta.annotation(names::COMMIT).filter(|c| !c.is_empty()).map(str::to_owned)
}

fn aborted(view: &View) -> Option<PendingRevert> {
    let status = &view.rollout.status;
    if !status.abort
        || status.current_pod_hash != view.current_hash()
        || status.stable_rs == status.current_pod_hash
    {
        return None;
    }
    let meta = &view.rollout.metadata;
    let stable = replica_set(view, &status.stable_rs)?;
    let (reason, verdict) = why(view);
    let mut run = None;
    for named in [
        &status.canary.current_step_analysis_run_status,
        &status.canary.current_background_analysis_run_status,
        &status.blue_green.pre_promotion_analysis_run_status,
        &status.blue_green.post_promotion_analysis_run_status,
    ] {
        let failed = named.as_ref().filter(|r| r.status == "Failed" || r.status == "Error");
        run = run.or(failed.map(|r| r.name.clone()));
    }
    Some(PendingRevert {
        rollout: Key::rollout(&meta.namespace, &meta.name),
        uid: meta.uid.clone(),
        revision: replica_set(view, view.current_hash())
            .map_or_else(|| meta.revision(), ReplicaSet::revision),
        reason,
        reached: run.as_deref().and_then(|name| reached::by_run(view, name)),
        verdict,
        run,
        stays: Some(stable.meta.name.clone()),
        made_by: commit_of(stable),
        policy: meta.annotation(names::ROLLBACK_ON).map(str::to_owned),
        template: view.template.clone(),
        template_key: template_key(&view.template),
        safety: safety(view, stable),
    })
}

/// Whether the stable revision carries everything again.
fn safety(view: &View, stable: &ReplicaSet) -> Safety {
    let (is_gone, is_whole) = (is_gone(view, stable), stable.available >= view.rollout.spec.replicas());
    // A canary's pods stay while too few of the stable ones are there: waiting for their end would be for ever.
    let is_cure = is_gone || view.rollout.spec.strategy.blue_green.is_none();
    // Nor does anybody know when what the cluster denies will be allowed.
    let is_denied = |c: &Condition| {
        let is_about_writes =
            c.r#type == ConditionType::WriteDenied || c.reason == ConditionReason::ReplicaSetUpdateError;
        c.is_true() && is_about_writes
    };
    let is_held_up = is_cure && !is_whole || view.rollout.status.conditions.iter().any(is_denied);
    match view.rollout.status.aborted_at {
        _ if is_gone && is_whole => Safety::Safe,
        Some(aborted) if is_held_up => Safety::From(aborted.plus_seconds(PATIENCE)),
        _ => Safety::Unsafe,
    }
}

/// Whether nothing reaches the failed revision any more.
fn is_gone(view: &View, stable: &ReplicaSet) -> bool {
    match &view.rollout.spec.strategy.blue_green {
        Some(strategy) => {
            let active = view.services.get(&strategy.active_service).and_then(|s| s.hash.as_deref());
            active == Some(stable.hash.as_str())
        }
        None => {
            let others = view.replica_sets.iter().filter(|s| s.hash != stable.hash);
            others.into_iter().all(|s| s.replicas == 0 && s.available == 0)
        }
    }
}

fn why(view: &View) -> (RevertReason, String) {
    match AbortCause::of(&view.rollout.status) {
        AbortCause::Deadline(_) => (RevertReason::Deadline, no_progress(view)),
        cause @ AbortCause::Analysis { .. } => {
            let reason = if has_failed(view) { RevertReason::Analysis } else { RevertReason::Error };
            let text = match &cause {
                AbortCause::Analysis { purpose, .. } if reason == RevertReason::Error => {
                    purpose.failure().to_owned()
                }
                _ => cause.detail(),
            };
            (reason, text)
        }
        AbortCause::Pods { said } => (RevertReason::Pods, said),
        AbortCause::User { said } if said.is_empty() => (RevertReason::User, "aborted by a user".to_owned()),
        AbortCause::User { said } => (RevertReason::User, said),
    }
}

fn no_progress(view: &View) -> String {
    let seconds = view.rollout.spec.progress_deadline_seconds();
    let ready = replica_set(view, view.current_hash()).map_or(0, |s| s.available);
    let text = format!("no progress for {seconds} s, {ready} pods of the new revision were available");
    let said = |what| view.rollout.status.condition(&what).filter(|c: &&Condition| c.is_true());
    match said(ConditionType::ReplicaFailure).or_else(|| said(ConditionType::WriteDenied)) {
        Some(failure) => format!("{text}: {}", failure.message),
        None => text,
    }
}

/// A Rollout that cannot be acted on. Nothing in the cluster has followed from how it is written now.
fn invalid(view: &View) -> Option<PendingRevert> {
    let condition = view.rollout.status.condition(&ConditionType::InvalidSpec).filter(|c| c.is_true())?;
    let stable = replica_set(view, &view.rollout.status.stable_rs);
    let safety = Safety::From(condition.last_update_time.plus_seconds(MAY_COME));
    let is_promoted = view.rollout.status.stable_rs == view.current_hash();
    let reason = if is_promoted { RevertReason::NoLongerValid } else { RevertReason::Invalid };
    Some(without_abort(view, stable, reason, condition.message.clone(), safety))
}

/// An update that makes no progress and is not aborted for it.
fn stuck(view: &View) -> Option<PendingRevert> {
    let status = &view.rollout.status;
    let progressing = status.condition(&ConditionType::Progressing)?;
    let is_stuck = progressing.reason == ConditionReason::ProgressDeadlineExceeded
        && !view.rollout.spec.progress_deadline_abort
        && status.current_pod_hash == view.current_hash()
        && status.stable_rs != status.current_pod_hash;
    let stable = replica_set(view, &status.stable_rs).filter(|_| is_stuck)?;
    Some(without_abort(view, Some(stable), RevertReason::Stuck, no_progress(view), Safety::Unsafe))
}

fn without_abort(
    view: &View,
    stable: Option<&ReplicaSet>,
    reason: RevertReason,
    verdict: String,
    safety: Safety,
) -> PendingRevert {
    let meta = &view.rollout.metadata;
    PendingRevert {
        rollout: Key::rollout(&meta.namespace, &meta.name),
        uid: meta.uid.clone(),
        revision: meta.revision(),
        reason,
        reached: None,
        verdict,
        run: None,
        stays: stable.map(|set| set.meta.name.clone()),
        made_by: stable.and_then(commit_of),
        policy: meta.annotation(names::ROLLBACK_ON).map(str::to_owned),
        template: view.template.clone(),
        template_key: template_key(&view.template),
        safety,
    }
}

/// Whether an analysis has judged the revision, and not only failed to measure it. Without a word of any run, what the
/// Rollout says of itself counts.
fn has_failed(view: &View) -> bool {
    let status = &view.rollout.status;
    let runs = [
        &status.canary.current_step_analysis_run_status,
        &status.canary.current_background_analysis_run_status,
        &status.blue_green.pre_promotion_analysis_run_status,
        &status.blue_green.post_promotion_analysis_run_status,
    ];
    let ended = |phase: Phase| runs.iter().any(|r| r.as_ref().and_then(|r| r.phase()) == Some(phase));
    ended(Phase::Failed) || !ended(Phase::Error)
}

fn undone(view: &View) -> Option<PendingRevert> {
    let meta = &view.rollout.metadata;
    let (from, to) = meta.annotation(names::UNDO)?.split_once("->")?;
    let (from, to): (i64, i64) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    let number = |n: i64| view.replica_sets.iter().find(|s| s.revision() == n || in_history(s, n));
    Some(PendingRevert {
        rollout: Key::rollout(&meta.namespace, &meta.name),
        uid: meta.uid.clone(),
        revision: from,
        reason: RevertReason::Undo,
        reached: None,
        verdict: format!("undone by a user, back to revision {to}"),
        run: None,
        stays: number(to).map(|set| set.meta.name.clone()),
        made_by: number(to).and_then(commit_of),
        policy: meta.annotation(names::ROLLBACK_ON).map(str::to_owned),
        template: view.template.clone(),
        template_key: template_key(&view.template),
        safety: Safety::Safe,
    })
}

/// Whether the ReplicaSet once had this revision number.
fn in_history(replica_set: &ReplicaSet, number: i64) -> bool {
    let history = replica_set.meta.annotation(names::REVISION_HISTORY).unwrap_or_default();
    history.split(',').any(|n| n.trim().parse() == Ok(number))
}

/// Why a run failed, with its numbers and nothing else of what its providers said, as Git may be read by everybody: `errors 0.41, 0.38, wanted result[0] < 0.05 (2 of 2 failed, limit 1)`.
#[must_use]
pub(crate) fn verdict_of(run: &AnalysisRun) -> Option<String> {
    let bad = |r: &&MetricResult| {
        !r.dry_run && matches!(r.phase, Phase::Failed | Phase::Error | Phase::Inconclusive)
    };
    let texts: Vec<String> =
        run.status.metric_results.iter().filter(bad).map(|r| metric_verdict(run, r)).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn metric_verdict(run: &AnalysisRun, result: &MetricResult) -> String {
    let metric = run.spec.metrics.iter().find(|m| m.name == result.name);
    let name = &result.name;
    if result.phase == Phase::Error {
        return format!("{name} could not be measured ({} times)", result.consecutive_error);
    }
    let values: Vec<String> = result
        .measurements
        .iter()
        .filter(|m| m.phase == result.phase)
        .map(|m| bare(&m.value))
        .filter(|v| !v.is_empty())
        .collect();
    let limit = metric.and_then(|m| m.failure_limit.as_ref()).map_or(0, |l| l.int_value());
    let mut text = if values.is_empty() { name.clone() } else { format!("{name} {}", values.join(", ")) };
    if let Some(metric) = metric {
        if !metric.success_condition.is_empty() {
            text = format!("{text}, wanted {}", metric.success_condition);
        } else if !metric.failure_condition.is_empty() {
            text = format!("{text}, unwanted {}", metric.failure_condition);
        }
    }
    format!("{text} ({} of {} failed, limit {limit})", result.failed, result.count)
}

/// Whether a value is made of numbers and truths alone.
fn is_figure(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_figure),
        Value::Number(_) | Value::Bool(_) | Value::Null => true,
        Value::String(text) => text.parse::<f64>().is_ok(),
        Value::Object(_) => false,
    }
}

/// A figure without the brackets of a list of one, and cut where it is long; nothing of a text.
fn bare(value: &str) -> String {
    if !serde_json::from_str(value).map_or_else(|_| value.parse::<f64>().is_ok(), |value| is_figure(&value)) {
        return String::new();
    }
    let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).filter(|v| !v.contains(','));
    let text = inner.unwrap_or(value);
    let rounded = text.parse::<f64>().map(|n| sample::number_text((n * 10_000.0).round() / 10_000.0));
    rounded.unwrap_or_else(|_| text.chars().take(60).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(result: Value) -> String {
        let spec = json!({"metrics": [{"name": "errors", "failureLimit": 1,
            "successCondition": "result[0] < 0.05", "provider": {"web": {"url": "http://inside.example.com"}}}]});
        let status = json!({"phase": "Failed", "metricResults": [result]});
        let run: AnalysisRun =
            serde_json::from_value(json!({"metadata": {"name": "r"}, "spec": spec, "status": status}))
                .unwrap();
        verdict_of(&run).unwrap()
    }

    #[test]
    fn a_verdict_has_figures_and_conditions_and_nothing_else_that_a_provider_said() {
        let measured = |value: &str| json!({"phase": "Failed", "value": value});
        let failed = verdict(json!({"name": "errors", "phase": "Failed", "count": 2, "failed": 2,
            "measurements": [measured("[0.41]"), measured("{\"token\":\"s3cret\"}")]}));
        assert!(failed.starts_with("errors 0.41") && failed.contains("result[0] < 0.05"), "{failed}");
        let away =
            verdict(json!({"name": "errors", "phase": "Error", "consecutiveError": 5, "measurements": [{
            "phase": "Error", "message": "dial tcp inside.example.com:9090: connection refused"}]}));
        assert_eq!(away, "errors could not be measured (5 times)");
        for text in [failed, away] {
            assert!(!text.contains("s3cret") && !text.contains("inside"), "{text}");
        }
    }
}
