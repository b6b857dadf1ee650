//! Decides the shape of a Rollout: `argoproj.io/v1alpha1`, field for field as Argo Rollouts has it.
//! It never decides what a field makes the controller do.

use crate::meta::Meta;
use crate::selector::LabelSelector;
use crate::status::RolloutStatus;
use crate::strategy::Strategy;
use crate::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A Rollout as it is read from the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rollout {
    /// Metadata.
    pub metadata: Meta,
    /// Desired state, one in memory for every state of the Rollout in which it is the same.
    pub spec: Arc<RolloutSpec>,
    /// Observed state.
    pub status: RolloutStatus,
}

/// Desired state of a Rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutSpec {
    /// Number of desired pods; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Selects the pods; needed unless `workloadRef` supplies it. It cannot be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods to create; must be absent with `workloadRef`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::anything")]
    pub template: Option<Arc<Value>>,
    /// A workload whose pod template (and selector) this Rollout takes instead of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<WorkloadRef>,
    /// Seconds a pod must be ready before it counts as available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// How far back a revision may lie to be returned to without the steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_window: Option<RollbackWindow>,
    /// How a new revision replaces the old one.
    pub strategy: Strategy,
    /// Number of old ReplicaSets to keep; 10 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i32>,
    /// Whether the user has paused the Rollout.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Seconds without progress until the Rollout counts as failed; 600 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// Whether a missed progress deadline aborts the update.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub progress_deadline_abort: bool,
    /// Restart all pods older than this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<Time>,
    /// How many finished AnalysisRuns to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<RunHistory>,
}

/// A reference to the workload that holds the pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadRef {
    /// API version of the workload.
    pub api_version: String,
    /// Kind of the workload: Deployment, ReplicaSet or PodTemplate.
    pub kind: String,
    /// Name of the workload, in the namespace of the Rollout.
    pub name: String,
    /// What becomes of the workload's own pods: `never`, `onsuccess` or `progressively`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<String>,
}

/// How far back a revision may lie to be returned to without the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RollbackWindow {
    /// Number of revisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revisions: Option<i32>,
}

/// How many finished AnalysisRuns to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RunHistory {
    /// Successful ones; 5 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successful_run_history_limit: Option<i32>,
    /// Failed, erroneous and inconclusive ones; 5 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsuccessful_run_history_limit: Option<i32>,
}

impl RolloutSpec {
    /// Number of desired pods.
    #[must_use]
    pub fn replicas(&self) -> i32 {
        self.replicas.unwrap_or(1)
    }

    /// Seconds without progress until the Rollout counts as failed.
    #[must_use]
    pub fn progress_deadline_seconds(&self) -> i32 {
        self.progress_deadline_seconds.unwrap_or(600)
    }

    /// Seconds a pod must be ready before it counts as available.
    #[must_use]
    pub fn min_ready_seconds(&self) -> i32 {
        self.min_ready_seconds.unwrap_or(0)
    }

    /// Number of old ReplicaSets to keep.
    #[must_use]
    pub fn revision_history_limit(&self) -> usize {
        usize::try_from(self.revision_history_limit.unwrap_or(10)).unwrap_or(0)
    }
}
