//! Decides the shape of a canary step, and the texts and durations that follow from it alone.
//! It never decides when a step is done.

use crate::analysis::AnalysisRef;
use crate::intstr::IntOrString;
use crate::base::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One step; exactly one of the fields is set. The order of the fields is Go's, because the hash of the
/// steps is taken over it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CanaryStep {
    /// Share of the new revision in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_weight: Option<i32>,
    /// Wait, for a time or for a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Run an experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crd::any_object")]
    pub experiment: Option<Value>,
    /// Run an analysis and wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<AnalysisRef>,
    /// Size of the canary apart from its weight, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_canary_scale: Option<CanaryScale>,
    /// Route by header, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crd::any_object")]
    pub set_header_route: Option<Value>,
    /// Mirror requests, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crd::any_object")]
    pub set_mirror_route: Option<Value>,
    /// Run a plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::crd::any_object")]
    pub plugin: Option<Value>,
}

/// Wait, for a time or for a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pause {
    /// Seconds, or a duration such as `10m`; without one the step waits for a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<IntOrString>,
}

/// Size of the canary apart from its weight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CanaryScale {
    /// Percentage of the desired pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Number of pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Follow the traffic weight again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub match_traffic_weight: bool,
}

impl Pause {
    /// Seconds to wait: 0 without a duration, -1 when the text is none (source: `RolloutPause.DurationSeconds`).
    #[must_use]
    pub fn seconds(&self) -> i64 {
        match &self.duration {
            None => 0,
            Some(IntOrString::Int(n)) => *n,
            Some(IntOrString::Text(text)) => match text.parse::<i64>() {
                Ok(n) if i32::try_from(n).is_ok() => n,
                Ok(_) => -1,
                Err(_) => duration::parse_go(text).map_or(-1, |d| i64::try_from(d.as_secs()).unwrap_or(-1)),
            },
        }
    }
}

impl CanaryStep {
    /// The step in a few words, as events name it: `setWeight: 20`, `pause: 10s`, `analysis`.
    #[must_use]
    pub fn describe(&self) -> String {
        let named = |what: &str, value: &Value| {
            format!("{what}: {}", value.get("name").and_then(Value::as_str).unwrap_or_default())
        };
        if let Some(weight) = self.set_weight {
            return format!("setWeight: {weight}");
        }
        if let Some(pause) = &self.pause {
            return pause.duration.as_ref().map_or_else(|| "pause".to_owned(), |d| format!("pause: {d}"));
        }
        if self.experiment.is_some() {
            return "experiment".to_owned();
        }
        if self.analysis.is_some() {
            return "analysis".to_owned();
        }
        if let Some(scale) = &self.set_canary_scale {
            return match (scale.weight, scale.replicas) {
                (Some(weight), _) => format!("setCanaryScale{{weight: {weight}}}"),
                (_, Some(replicas)) => format!("setCanaryScale{{replicas: {replicas}}}"),
                _ if scale.match_traffic_weight => "setCanaryScale{matchTrafficWeight: true}".to_owned(),
                _ => "invalid".to_owned(),
            };
        }
        if let Some(route) = &self.set_header_route {
            return named("setHeaderRoute", route);
        }
        if let Some(route) = &self.set_mirror_route {
            return named("setMirrorRoute", route);
        }
        self.plugin.as_ref().map_or_else(|| "invalid".to_owned(), |plugin| named("plugin", plugin))
    }

    /// The step in the words that people read in plans and views: `20 %`, `pause 2s`, `analysis errors`.
    #[must_use]
    pub fn in_words(&self) -> String {
        if let Some(weight) = self.set_weight {
            return format!("{weight} %");
        }
        if let Some(pause) = &self.pause {
            return match &pause.duration {
                None => "wait for a user".to_owned(),
                Some(IntOrString::Int(n)) => format!("pause {n}s"),
                Some(text) => format!("pause {text}"),
            };
        }
        if let Some(analysis) = &self.analysis {
            let names: Vec<&str> = analysis.templates.iter().map(|t| t.template_name.as_str()).collect();
            return format!("analysis {}", names.join(", "));
        }
        self.describe()
    }

    /// How many of the fields are set; anything but 1 is invalid.
    #[must_use]
    pub fn set_fields(&self) -> usize {
        [
            self.set_weight.is_some(),
            self.pause.is_some(),
            self.experiment.is_some(),
            self.analysis.is_some(),
            self.set_canary_scale.is_some(),
            self.set_header_route.is_some(),
            self.set_mirror_route.is_some(),
            self.plugin.is_some(),
        ]
        .iter()
        .filter(|set| **set)
        .count()
    }
}
