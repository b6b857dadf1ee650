//! Decides whether one step of a canary can be acted on as it is written.
//! It never looks at what an analysis of it measures; `references` does.

use super::fault::{NOT_YET, wrong};
use super::routers::has_one_of;
use crate::api::analysis::{AnalysisRef, RolloutArg};
use crate::api::check::texts;
use crate::api::step::{CanaryStep, Step};
use crate::api::strategy::Canary;
use crate::logic::rollout::view::Obstacle;
use crate::logic::rollout::weight::MAX_WEIGHT;
use serde_json::{Value, json};

const ONE_OF: &str =
    "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause";

/// The first fault of the step at `index`, in the order in which Argo Rollouts looks
/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategyCanary`).
pub(super) fn obstacle(root: &str, index: usize, step: &Step, canary: &Canary) -> Option<Obstacle> {
    let path = format!("{root}.steps[{index}]");
    let wire = CanaryStep::from(step.clone());
    number_of_kinds(&path, &wire)
        .or_else(|| weight(&path, &wire, canary))
        .or_else(|| pause(&path, &wire))
        .or_else(|| scale(root, &wire, canary))
        .or_else(|| routes(root, &path, &wire, canary))
        .or_else(|| wire.analysis.as_ref().and_then(|a| arguments(&path, a)))
        .or_else(|| unsupported(&path, step))
}

/// (source: pkg/apis/rollouts/validation/validation.go, `hasMultipleStepsType`)
fn number_of_kinds(path: &str, step: &CanaryStep) -> Option<Obstacle> {
    let (experiment, pause) = (step.experiment.is_some(), step.pause.is_some());
    let (weight, analysis) = (step.set_weight.is_some(), step.analysis.is_some());
    if [experiment, pause, weight, analysis].iter().filter(|is_set| **is_set).count() > 1 {
        let told = format!(
            "step.Experiment: {experiment} step.Pause: {pause} step.SetWeight: {weight} step.Analysis: {analysis}"
        );
        return wrong(path, told, ONE_OF);
    }
    let others = step.set_canary_scale.is_some()
        || step.set_header_route.is_some()
        || step.set_mirror_route.is_some()
        || step.plugin.is_some();
    if experiment || pause || weight || analysis || others {
        return None;
    }
    let told = "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true";
    wrong(path, told, ONE_OF)
}

fn weight(path: &str, step: &CanaryStep, canary: &Canary) -> Option<Obstacle> {
    let asked = canary.traffic_routing.as_ref().and_then(|r| r.get("maxTrafficWeight")?.as_i64());
    let most = asked.unwrap_or(i64::from(MAX_WEIGHT));
    let weight = step.set_weight.filter(|w| !(0..=most).contains(&i64::from(*w)))?;
    wrong(&format!("{path}.setWeight"), weight, format!("SetWeight needs to be between 0 and {most}"))
}

fn pause(path: &str, step: &CanaryStep) -> Option<Obstacle> {
    let seconds = step.pause.as_ref()?.seconds();
    if seconds >= 0 {
        return None;
    }
    wrong(&format!("{path}.pause.duration"), seconds, "Duration needs to be greater than 0")
}

fn scale(root: &str, step: &CanaryStep, canary: &Canary) -> Option<Obstacle> {
    if step.set_canary_scale.is_none() || canary.traffic_routing.is_some() {
        return None;
    }
    let text = "SetCanaryScale requires TrafficRouting to be set";
    Some(Obstacle::required(&format!("{root}.trafficRouting"), text))
}

/// Routes that not every router has, and their names.
fn routes(root: &str, path: &str, step: &CanaryStep, canary: &Canary) -> Option<Obstacle> {
    let header = step.set_header_route.as_ref();
    let mirror = step.set_mirror_route.as_ref();
    if let Some(route) = header.filter(|_| !has_one_of(canary, &["istio", "alb", "apisix", "plugins"])) {
        let text = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix";
        return wrong(&format!("{path}.setHeaderRoute"), route.clone(), text);
    }
    let matches = |route: Option<&Value>| -> Vec<Value> {
        route.and_then(|r| r.get("match")?.as_array().cloned()).unwrap_or_default()
    };
    for (index, one) in matches(header).iter().enumerate() {
        let at = format!("{path}.setHeaderRoute.match[{index}]");
        let value = one.get("headerValue").unwrap_or(&Value::Null);
        let is_alb = has_one_of(canary, &["alb"]);
        if let Some(why) = if is_alb { only_exact(&at, value) } else { one_way(&at, value) } {
            return Some(why);
        }
    }
    if let Some(route) = mirror.filter(|_| !has_one_of(canary, &["istio", "plugins"])) {
        let text = "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins";
        return wrong(&format!("{path}.setMirrorRoute"), route.clone(), text);
    }
    for (index, one) in matches(mirror).iter().enumerate() {
        let at = format!("{path}.setMirrorRoute.match[{index}]");
        let given =
            ["method", "path"].into_iter().filter_map(|field| one.get(field)).filter(|v| !v.is_null());
        if let Some(why) = given.into_iter().find_map(|value| one_way(&at, value)) {
            return Some(why);
        }
    }
    [("setHeaderRoute", header), ("setMirrorRoute", mirror)]
        .into_iter()
        .find_map(|(field, route)| managed(root, &format!("{path}.{field}"), route?, canary))
}

/// Whether the route of a step is one that the Rollout manages.
fn managed(root: &str, path: &str, route: &Value, canary: &Canary) -> Option<Obstacle> {
    let Some(list) = canary.traffic_routing.as_ref()?.get("managedRoutes").and_then(Value::as_array) else {
        let field = "spec.strategy.canary.trafficRouting.managedRoutes";
        let text = format!("Rollout has missing field '{field}'");
        return Some(Obstacle::required(&format!("{root}.trafficRouting.managedRoutes"), &text));
    };
    let name = route.get("name").and_then(Value::as_str).unwrap_or_default();
    if list.iter().any(|r| r.get("name").and_then(Value::as_str) == Some(name)) {
        return None;
    }
    let text =
        "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes";
    wrong(path, name, text)
}

/// How many of the three ways of matching a text are used.
fn ways(value: &Value) -> usize {
    let is_set = |way: &str| value.get(way).and_then(Value::as_str).is_some_and(|t| !t.is_empty());
    ["exact", "regex", "prefix"].into_iter().filter(|way| is_set(way)).count()
}

/// (source: pkg/apis/rollouts/validation/validation.go, `hasMultipleMatchValues`)
fn one_way(path: &str, value: &Value) -> Option<Obstacle> {
    match ways(value) {
        1 => None,
        0 => wrong(
            path,
            value.clone(),
            "StringMatch value missed, match value must have one of the following: exact, regex, prefix",
        ),
        _ => wrong(
            path,
            value.clone(),
            "StringMatch match value must have exactly one of the following: exact, regex, prefix",
        ),
    }
}

/// (source: pkg/apis/rollouts/validation/validation.go, `hasALBInvalidValues`)
fn only_exact(path: &str, value: &Value) -> Option<Obstacle> {
    if value.is_null() {
        return one_way(path, value);
    }
    let is_exact = value.get("exact").and_then(Value::as_str).is_some_and(|t| !t.is_empty());
    if is_exact && ways(value) == 1 {
        return None;
    }
    wrong(path, value.clone(), "SetHeaderRoute match value invalid. ALB supports 'exact' value only")
}

/// Arguments that speak of metadata that no object has.
fn arguments(path: &str, analysis: &AnalysisRef) -> Option<Obstacle> {
    let field = |a: &RolloutArg| Some(a.value_from.as_ref()?.field_ref.as_ref()?.field_path.clone());
    let asked = analysis.args.iter().filter_map(field);
    let mut of_metadata = asked.filter(|path| path.starts_with("metadata"));
    of_metadata.find(|path| !is_served(path))?;
    let text = "Analyses arguments must refer to valid object metadata supported by downwardAPI";
    wrong(&format!("{path}.analyses"), json!(analysis.args), text)
}

/// (source: Kubernetes, pkg/fieldpath/fieldpath.go, `ExtractFieldPathAsString`)
fn is_served(path: &str) -> bool {
    let map = path.strip_suffix("']").and_then(|p| p.split_once("['"));
    match map {
        Some(("metadata.annotations", key)) => texts::qualified(&key.to_lowercase()).is_empty(),
        Some(("metadata.labels", key)) => texts::qualified(key).is_empty(),
        Some(_) => false,
        None => matches!(
            path,
            "metadata.annotations"
                | "metadata.labels"
                | "metadata.name"
                | "metadata.namespace"
                | "metadata.uid"
        ),
    }
}

/// What Argo Rollouts acts on and we do not.
fn unsupported(path: &str, step: &Step) -> Option<Obstacle> {
    match step {
        Step::SetWeight(_) | Step::Pause(_) | Step::Analysis(_) => None,
        Step::Invalid(_) => Some(Obstacle::wrong(NOT_YET.to_owned()).at(path)),
        Step::Experiment(_)
        | Step::SetCanaryScale(_)
        | Step::SetHeaderRoute(_)
        | Step::SetMirrorRoute(_)
        | Step::Plugin(_) => {
            Some(Obstacle::wrong(NOT_YET.to_owned()).at(&format!("{path}.{}", step.field())))
        }
    }
}
