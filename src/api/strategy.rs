//! Decides the shape of the two strategies, canary and blue-green, with their defaults.
//! It never decides when a step is done.

use crate::analysis::{AnalysisRef, BackgroundAnalysis};
use crate::intstr::IntOrString;
use crate::pod_metadata::PodMetadata;
use crate::step::{CanaryStep, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// How a new revision replaces the old one: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Strategy {
    /// Two full sets of pods, switched by Services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blue_green: Option<BlueGreen>,
    /// In steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
}

impl Strategy {
    /// The Services it names.
    #[must_use]
    pub fn services(&self) -> BTreeSet<String> {
        let mut named: BTreeSet<String> = BTreeSet::new();
        if let Some(canary) = &self.canary {
            named.extend(canary.canary_service.iter().chain(&canary.stable_service).cloned());
        }
        if let Some(blue_green) = &self.blue_green {
            named.insert(blue_green.active_service.clone());
            named.extend(blue_green.preview_service.iter().cloned());
        }
        named.retain(|n| !n.is_empty());
        named
    }
}

/// Two full sets of pods, switched by Services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BlueGreen {
    /// The Service that users reach.
    pub active_service: String,
    /// The Service that shows the new revision before it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_service: Option<String>,
    /// Pods of the new revision before the switch; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_replica_count: Option<i32>,
    /// Whether the switch happens without a user; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_promotion_enabled: Option<bool>,
    /// Seconds to wait before an automatic switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_promotion_seconds: Option<i32>,
    /// How many pods may be unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Seconds the old pods stay after the switch; 30 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    /// How many old ReplicaSets may stay scaled up at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Analysis before the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_promotion_analysis: Option<AnalysisRef>,
    /// Spread of the two sets over nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
    pub anti_affinity: Option<AntiAffinity>,
    /// Analysis after the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_promotion_analysis: Option<AnalysisRef>,
    /// Labels and annotations of pods while they are in preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_metadata: Option<PodMetadata>,
    /// Labels and annotations of pods while they are active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_metadata: Option<PodMetadata>,
    /// Seconds the new pods stay after an abort; 30 when absent, for ever when 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_scale_down_delay_seconds: Option<i32>,
}

/// How far the pods of the new revision keep away from the nodes of the stable ones: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AntiAffinity {
    /// Where it can be helped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_during_scheduling_ignored_during_execution: Option<PreferredAntiAffinity>,
    /// Always; it says nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_during_scheduling_ignored_during_execution: Option<Value>,
}

/// How far it can be helped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferredAntiAffinity {
    /// How much it weighs among other wishes, from 1 to 100.
    pub weight: i32,
}

/// In steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Canary {
    /// The Service that selects the new pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_service: Option<String>,
    /// The Service that selects the stable pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_service: Option<String>,
    /// The steps, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    #[schemars(with = "Vec<CanaryStep>")]
    pub steps: Vec<Step>,
    /// Routers that shift traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
    pub traffic_routing: Option<Value>,
    /// How many pods may be unavailable; 25 % when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// How many pods there may be above the desired number; 25 % when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
    /// Analysis in the background of the steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<BackgroundAnalysis>,
    /// Spread of the two sets over nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
    pub anti_affinity: Option<AntiAffinity>,
    /// Labels and annotations of pods while they are canaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_metadata: Option<PodMetadata>,
    /// Labels and annotations of pods while they are stable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_metadata: Option<PodMetadata>,
    /// Seconds the old pods stay after promotion, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    /// How many old ReplicaSets may stay scaled up at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Seconds the new pods stay after an abort, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_scale_down_delay_seconds: Option<i32>,
    /// Whether the stable pods shrink while the canary grows, with traffic routing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dynamic_stable_scale: bool,
    /// Two Services that change roles, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
    pub ping_pong: Option<Value>,
    /// Least pods of a ReplicaSet that gets traffic, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_pods_per_replica_set: Option<i32>,
    /// How many new pods must be available for a step to count as reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_progress_threshold: Option<ProgressThreshold>,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<Step>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// How many new pods must be available for a step to count as reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProgressThreshold {
    /// `Percent` or `Pods`.
    pub r#type: String,
    /// The percentage or the number.
    pub value: i32,
}

impl Canary {
    /// Number of steps.
    #[must_use]
    pub fn step_count(&self) -> i32 {
        i32::try_from(self.steps.len()).unwrap_or(i32::MAX)
    }
}

impl BlueGreen {
    /// Whether the switch happens without a user.
    #[must_use]
    pub fn promotes_itself(&self) -> bool {
        self.auto_promotion_enabled.unwrap_or(true)
    }

    /// Seconds to wait before an automatic switch.
    #[must_use]
    pub fn auto_promotion_seconds(&self) -> i32 {
        self.auto_promotion_seconds.unwrap_or(0)
    }
}
