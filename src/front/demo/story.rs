//! Decides what must have been seen, in the cluster and in the repository, before an act of the demo is over.
//! It never makes anything happen.

use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::run::Phase;
use crate::front::demo::shop::Shop;
use crate::front::exit::Failure;
use crate::logic::revert::{message, select};
use crate::sandbox::Sandbox;
use serde_json::Value;
use std::collections::BTreeSet;
use thiserror::Error;

/// What the cluster holds of the shop at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// The Rollout.
    pub(crate) rollout: Value,
    /// Its ReplicaSets.
    pub(crate) replica_sets: Vec<Value>,
    /// Its pods.
    pub(crate) pods: Vec<Value>,
    /// Its AnalysisRuns.
    pub(crate) runs: Vec<Value>,
    /// The ConfigMap its pods use.
    pub(crate) config: Value,
}

/// Words of an object; empty where there are none.
fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, path: &str) -> i64 {
    value.pointer(path).and_then(Value::as_i64).unwrap_or(0)
}

impl Scene {
    /// The present scene.
    #[must_use]
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let all = |version: &str, kind: &str| sandbox.snapshot(version, kind, "shop");
        let one = |list: Vec<Value>, name: &str| {
            list.into_iter().find(|o| text(o, "/metadata/name") == name).unwrap_or_default()
        };
        Self {
            rollout: one(all(names::ARGO, "Rollout"), "web"),
            replica_sets: all("apps/v1", "ReplicaSet"),
            pods: all("v1", "Pod"),
            runs: all(names::ARGO, "AnalysisRun"),
            config: one(all("v1", "ConfigMap"), "web-config"),
        }
    }

    /// The Rollout's annotation that names the commit it came from.
    #[must_use]
    pub(crate) fn commit(&self) -> &str {
        text(&self.rollout, "/metadata/annotations/switchback.dev~1commit")
    }

    /// Healthy, observed, and every pod of the image `tag`.
    #[must_use]
    pub(crate) fn is_healthy_at(&self, tag: &str) -> bool {
        let generation = number(&self.rollout, "/metadata/generation").to_string();
        let status = |p: &str| text(&self.rollout, p);
        let live: Vec<&Value> =
            self.pods.iter().filter(|p| p.pointer("/metadata/deletionTimestamp").is_none()).collect();
        status("/status/phase") == RolloutPhase::Healthy.as_str()
            && status("/status/observedGeneration") == generation
            && !status("/status/stableRS").is_empty()
            && status("/status/stableRS") == status("/status/currentPodHash")
            && i64::try_from(live.len()).is_ok_and(|n| n == number(&self.rollout, "/spec/replicas"))
            && live.iter().all(|p| text(p, "/spec/containers/0/image").ends_with(tag))
    }

    /// Pods of the image `tag` that are not on their way out.
    #[must_use]
    pub(crate) fn pods_of(&self, tag: &str) -> usize {
        let is = |p: &&Value| {
            text(p, "/spec/containers/0/image").ends_with(tag)
                && p.pointer("/metadata/deletionTimestamp").is_none()
        };
        self.pods.iter().filter(is).count()
    }

    /// Whether an analysis of the present revision has failed.
    #[must_use]
    pub(crate) fn has_failed_run(&self) -> bool {
        self.runs.iter().any(|r| text(r, "/status/phase") == Phase::Failed.word())
    }

    /// Whether the Rollout is aborted.
    #[must_use]
    pub(crate) fn is_aborted(&self) -> bool {
        self.rollout.pointer("/status/abort").and_then(Value::as_bool).unwrap_or(false)
    }
}

/// What was seen on the way of one act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Indices of steps.
    pub(crate) steps: BTreeSet<i64>,
    /// Numbers of pods of the new version.
    pub(crate) sizes: BTreeSet<usize>,
    /// A failed analysis.
    pub(crate) failure: bool,
    /// An abort.
    pub(crate) abort: bool,
    /// No pod of the bad version left, after the abort.
    pub(crate) safe: bool,
    /// Something between old and new: pods of both.
    pub(crate) both: bool,
}

impl Seen {
    /// Takes in a scene in which `new` follows `old`.
    pub(crate) fn take(&mut self, scene: &Scene, old: &str, new: &str) {
        if let Some(index) = scene.rollout.pointer("/status/currentStepIndex").and_then(Value::as_i64) {
            self.steps.insert(index);
        }
        let (before, after) = (scene.pods_of(old), scene.pods_of(new));
        self.sizes.insert(after);
        self.both |= before > 0 && after > 0;
        self.failure |= scene.has_failed_run();
        self.abort |= scene.is_aborted();
        self.safe |= self.abort && after == 0 && before > 0;
    }
}

/// What a revert lacks.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NotReverted {
    /// The last commit reverts nothing, or something else.
    #[error("no revert commit is at the head of the repository")]
    NotAtHead,
    /// Its message does not say this.
    #[error("the revert commit lacks the trailer {0}")]
    Trailer(String),
    /// There should be one.
    #[error("there are {0} revert commits, not one")]
    Count(usize),
    /// The repository cannot be asked.
    #[error(transparent)]
    Git(#[from] Failure),
}

/// What the last commit's message must say besides what it reverts; of the verdict only how it begins.
const TRAILERS: [(&str, &str); 3] =
    [(message::ROLLOUT, "shop/web"), (message::REVISION, "3"), (message::VERDICT, "errors")];

/// The commit that reverts `bad`, and says why.
///
/// # Errors
/// What is missing.
pub(crate) async fn reverted(shop: &Shop, bad: &str) -> Result<String, NotReverted> {
    let text = shop.git(&["log", "-1", "--format=%B"]).await?;
    if select::reverted_by(&text) != [bad] {
        return Err(NotReverted::NotAtHead);
    }
    for trailer in TRAILERS.map(|(name, value)| format!("{name}: {value}")) {
        if !text.lines().any(|line| line.starts_with(&trailer)) {
            return Err(NotReverted::Trailer(trailer));
        }
    }
    let reverts = shop.git(&["log", "--format=%s", "--grep=^This reverts commit"]).await?;
    match reverts.lines().count() {
        1 => Ok(shop.git(&["rev-parse", "HEAD"]).await?),
        count => Err(NotReverted::Count(count)),
    }
}
