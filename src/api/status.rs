//! Decides the shape of a Rollout's status, field for field and in the order Argo Rollouts has it.
//! It never decides a value.

use crate::run::Phase;
use crate::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn is_zero(n: &i32) -> bool {
    *n == 0
}

/// Observed state of a Rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutStatus {
    /// Whether the update is aborted; clients set and clear it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub abort: bool,
    /// Why the controller waits.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub pause_conditions: Vec<PauseCondition>,
    /// Whether the controller made the present pause; with no condition left, a user has ended it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub controller_pause: bool,
    /// When the update was aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aborted_at: Option<Time>,
    /// Hash of the pod template of the spec.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_pod_hash: String,
    /// Hash of the steps of the spec.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_step_hash: String,
    /// Pods of all revisions.
    #[serde(skip_serializing_if = "is_zero")]
    pub replicas: i32,
    /// Pods of the current revision.
    #[serde(skip_serializing_if = "is_zero")]
    pub updated_replicas: i32,
    /// Ready pods.
    #[serde(skip_serializing_if = "is_zero")]
    pub ready_replicas: i32,
    /// Available pods.
    #[serde(skip_serializing_if = "is_zero")]
    pub available_replicas: i32,
    /// Index of the current step; the number of steps when all are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_step_index: Option<i32>,
    /// Number of hash collisions met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision_count: Option<i32>,
    /// Generation of the spec that this status speaks of; a text for historical reasons.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub observed_generation: String,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub conditions: Vec<Condition>,
    /// What only the canary strategy has.
    #[serde(skip_serializing_if = "CanaryStatus::is_empty")]
    pub canary: CanaryStatus,
    /// What only the blue-green strategy has.
    #[serde(skip_serializing_if = "BlueGreenStatus::is_empty")]
    pub blue_green: BlueGreenStatus,
    /// Pods that a HorizontalPodAutoscaler counts.
    #[serde(rename = "HPAReplicas", skip_serializing_if = "is_zero")]
    pub hpa_replicas: i32,
    /// Selector of these pods.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub selector: String,
    /// Hash of the last revision that was promoted.
    #[serde(rename = "stableRS", skip_serializing_if = "String::is_empty")]
    pub stable_rs: String,
    /// The restart that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Time>,
    /// Whether a user wants the rest of the steps skipped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub promote_full: bool,
    /// `Healthy`, `Degraded`, `Progressing` or `Paused`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Why it is in this phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Generation of the referred workload that this status speaks of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workload_observed_generation: String,
}

fn null_is_empty<'de, D, T>(d: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// Why the controller waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PauseCondition {
    /// `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun` or `InconclusiveExperiment`.
    pub reason: String,
    /// Since when.
    pub start_time: Time,
}

/// One condition of a Rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When it was last confirmed or changed.
    pub last_update_time: Time,
    /// When its status last changed.
    pub last_transition_time: Time,
    /// A word that programs read.
    #[serde(default)]
    pub reason: String,
    /// A sentence that people read.
    #[serde(default)]
    pub message: String,
}

/// What only the canary strategy has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CanaryStatus {
    /// The analysis of the current step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_step_analysis_run_status: Option<RunStatus>,
    /// The analysis in the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_background_analysis_run_status: Option<RunStatus>,
}

impl CanaryStatus {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What only the blue-green strategy has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BlueGreenStatus {
    /// Hash that the preview Service selects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preview_selector: String,
    /// Hash that the active Service selects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub active_selector: String,
    /// Whether the preview may grow to full size.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub scale_up_preview_check_point: bool,
    /// The analysis before the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_promotion_analysis_run_status: Option<RunStatus>,
    /// The analysis after the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_promotion_analysis_run_status: Option<RunStatus>,
}

impl BlueGreenStatus {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An AnalysisRun in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunStatus {
    /// Name of the run.
    pub name: String,
    /// Phase of the run.
    pub status: String,
    /// Message of the run.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl RunStatus {
    /// The phase of the run; none before it was looked at.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        Phase::of(&self.status)
    }
}
