//! Decides the shape of a canary step, on the wire and as a type, and the texts and durations that follow from it.
//! It never decides when a step is done.

use crate::analysis::AnalysisRef;
use crate::base::duration;
use crate::intstr::IntOrString;
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
    #[schemars(schema_with = "crate::schema::any_object")]
    pub experiment: Option<Value>,
    /// Run an analysis and wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<AnalysisRef>,
    /// Size of the canary apart from its weight, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_canary_scale: Option<CanaryScale>,
    /// Route by header, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
    pub set_header_route: Option<Value>,
    /// Mirror requests, with traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
    pub set_mirror_route: Option<Value>,
    /// Run a plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_object")]
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
                Err(_) => {
                    let (sign, size) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
                    let read = duration::parse_go(size).ok().and_then(|d| i64::try_from(d.as_secs()).ok());
                    read.map_or(-1, |seconds| sign * seconds)
                }
            },
        }
    }
}

impl CanaryStep {
    /// Everything the step asks for, in the order of the fields.
    fn parts(self) -> Vec<Step> {
        let parts = [
            self.set_weight.map(Step::SetWeight),
            self.pause.map(Step::Pause),
            self.experiment.map(Step::Experiment),
            self.analysis.map(Step::Analysis),
            self.set_canary_scale.map(Step::SetCanaryScale),
            self.set_header_route.map(Step::SetHeaderRoute),
            self.set_mirror_route.map(Step::SetMirrorRoute),
            self.plugin.map(Step::Plugin),
        ];
        parts.into_iter().flatten().collect()
    }
}

/// One step, read: what it does, as a type. It is written as the [`CanaryStep`] it was read from.
///
/// ```
/// use switchback_api::step::Step;
///
/// let step: Step = serde_json::from_str(r#"{"setWeight":20}"#).unwrap();
/// assert_eq!(step, Step::SetWeight(20));
/// assert_eq!(step.in_words(), "20 %");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "CanaryStep", into = "CanaryStep")]
pub enum Step {
    /// Give the new revision this share, in percent.
    SetWeight(i32),
    /// Wait, for a time or for a user.
    Pause(Pause),
    /// Run an experiment.
    Experiment(Value),
    /// Run an analysis and wait for it.
    Analysis(AnalysisRef),
    /// Give the canary a size apart from its weight, with traffic routing.
    SetCanaryScale(CanaryScale),
    /// Route by header, with traffic routing.
    SetHeaderRoute(Value),
    /// Mirror requests, with traffic routing.
    SetMirrorRoute(Value),
    /// Run a plugin.
    Plugin(Value),
    /// Does nothing, or several things at once; kept as it came, to be refused.
    Invalid(Box<CanaryStep>),
}

impl From<CanaryStep> for Step {
    fn from(wire: CanaryStep) -> Self {
        let mut parts = wire.clone().parts();
        match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => only,
            _ => Self::Invalid(Box::new(wire)),
        }
    }
}

impl From<Step> for CanaryStep {
    fn from(step: Step) -> Self {
        let none = Self::default();
        match step {
            Step::SetWeight(weight) => Self { set_weight: Some(weight), ..none },
            Step::Pause(pause) => Self { pause: Some(pause), ..none },
            Step::Experiment(experiment) => Self { experiment: Some(experiment), ..none },
            Step::Analysis(analysis) => Self { analysis: Some(analysis), ..none },
            Step::SetCanaryScale(scale) => Self { set_canary_scale: Some(scale), ..none },
            Step::SetHeaderRoute(route) => Self { set_header_route: Some(route), ..none },
            Step::SetMirrorRoute(route) => Self { set_mirror_route: Some(route), ..none },
            Step::Plugin(plugin) => Self { plugin: Some(plugin), ..none },
            Step::Invalid(wire) => *wire,
        }
    }
}

impl Step {
    /// The field of the wire that the step sets; empty when it sets none or several.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::SetWeight(_) => "setWeight",
            Self::Pause(_) => "pause",
            Self::Experiment(_) => "experiment",
            Self::Analysis(_) => "analysis",
            Self::SetCanaryScale(_) => "setCanaryScale",
            Self::SetHeaderRoute(_) => "setHeaderRoute",
            Self::SetMirrorRoute(_) => "setMirrorRoute",
            Self::Plugin(_) => "plugin",
            Self::Invalid(_) => "",
        }
    }

    /// The weight it sets, in percent.
    #[must_use]
    pub fn weight(&self) -> Option<i32> {
        match self {
            Self::SetWeight(weight) => Some(*weight),
            Self::Invalid(wire) => wire.set_weight,
            _ => None,
        }
    }

    /// The wait it is.
    #[must_use]
    pub fn pause(&self) -> Option<&Pause> {
        match self {
            Self::Pause(pause) => Some(pause),
            Self::Invalid(wire) => wire.pause.as_ref(),
            _ => None,
        }
    }

    /// The analysis it runs.
    #[must_use]
    pub fn analysis(&self) -> Option<&AnalysisRef> {
        match self {
            Self::Analysis(analysis) => Some(analysis),
            Self::Invalid(wire) => wire.analysis.as_ref(),
            _ => None,
        }
    }

    /// The step in a few words, as events name it: `setWeight: 20`, `pause: 10s`, `analysis`
    /// (source: utils/rollout/rolloututil.go, `CanaryStepString`).
    #[must_use]
    pub fn describe(&self) -> String {
        let named = |what: &Value| {
            format!("{}: {}", self.field(), what.get("name").and_then(Value::as_str).unwrap_or_default())
        };
        match self {
            Self::SetWeight(weight) => format!("setWeight: {weight}"),
            Self::Pause(pause) => match &pause.duration {
                Some(duration) => format!("pause: {duration}"),
                None => "pause".to_owned(),
            },
            Self::Experiment(_) | Self::Analysis(_) => self.field().to_owned(),
            Self::SetCanaryScale(scale) => match (scale.weight, scale.replicas) {
                (Some(weight), _) => format!("setCanaryScale{{weight: {weight}}}"),
                (_, Some(replicas)) => format!("setCanaryScale{{replicas: {replicas}}}"),
                _ if scale.match_traffic_weight => "setCanaryScale{matchTrafficWeight: true}".to_owned(),
                _ => "invalid".to_owned(),
            },
            Self::SetHeaderRoute(what) | Self::SetMirrorRoute(what) | Self::Plugin(what) => named(what),
            Self::Invalid(wire) => {
                wire.as_ref().clone().parts().first().map_or_else(|| "invalid".to_owned(), Self::describe)
            }
        }
    }

    /// The step in the words that people read in plans and views: `20 %`, `pause 2s`, `analysis errors`.
    #[must_use]
    pub fn in_words(&self) -> String {
        if let Some(weight) = self.weight() {
            return format!("{weight} %");
        }
        if let Some(pause) = self.pause() {
            return match &pause.duration {
                None => "wait for a user".to_owned(),
                Some(IntOrString::Int(n)) => format!("pause {n}s"),
                Some(text) => format!("pause {text}"),
            };
        }
        if let Some(analysis) = self.analysis() {
            let names: Vec<&str> = analysis.templates.iter().map(|t| t.template_name.as_str()).collect();
            return format!("analysis {}", names.join(", "));
        }
        self.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read_as_what_it_does_and_written_as_it_was_read() {
        for wire in [
            r#"{"setWeight":20}"#,
            r#"{"pause":{}}"#,
            r#"{"pause":{"duration":"10m"}}"#,
            r#"{"experiment":{"templates":[]}}"#,
            r#"{"analysis":{"templates":[{"templateName":"errors"}]}}"#,
            r#"{"setCanaryScale":{"weight":5}}"#,
            r#"{"setHeaderRoute":{"name":"beta"}}"#,
            r#"{"setMirrorRoute":{"name":"mirror"}}"#,
            r#"{"plugin":{"name":"gate"}}"#,
        ] {
            let step: Step = serde_json::from_str(wire).unwrap();
            assert!(wire.starts_with(&format!("{{\"{}\":", step.field())), "{wire} is read as {step:?}");
            assert_eq!(serde_json::to_string(&step).unwrap(), wire);
        }
    }

    #[test]
    fn a_step_that_does_nothing_or_several_things_is_kept_as_it_came() {
        for (wire, words) in [("{}", "invalid"), (r#"{"setWeight":20,"pause":{}}"#, "setWeight: 20")] {
            let step: Step = serde_json::from_str(wire).unwrap();
            assert!(matches!(step, Step::Invalid(_)), "{step:?}");
            assert_eq!(step.describe(), words);
            assert_eq!(serde_json::to_string(&step).unwrap(), wire);
        }
    }
}
