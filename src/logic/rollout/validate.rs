//! Decides whether a Rollout can be acted on: its own spec, and what it refers to.
//! It never repairs anything.

use crate::api::analysis::AnalysisRef;
use crate::api::podhash::unknown_field as unknown_field_of;
use crate::api::step::Step;
use crate::api::strategy::{BlueGreen, Canary};
use crate::logic::analysis;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::rollout::analyses::create::spec_of;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::replicas;
use crate::logic::rollout::view::Obstacle;
use crate::logic::rollout::weight::MAX_WEIGHT;
use crate::logic::traffic::routers::{ALL, choice::choose};
use serde_json::Value;
use std::collections::BTreeMap;

/// One thing that is wrong: the path of the field, and what to do.
fn wrong(path: &str, what: impl std::fmt::Display) -> Option<Obstacle> {
    Some(Obstacle::wrong(what.to_string()).at(path))
}

/// The first thing that keeps the Rollout from being acted on
/// (source: pkg/apis/rollouts/validation, `ValidateRollout` and `ValidateRolloutReferencedResources`).
#[must_use]
pub(crate) fn obstacle(builder: &Builder<'_>) -> Option<Obstacle> {
    if let Some(why) = &builder.view().problem {
        return Some(why.clone());
    }
    template(builder).or_else(|| strategy(builder)).or_else(|| references(builder))
}

/// The first field of the pod template that Kubernetes does not know. The controller acts on such a Rollout all the same,
/// as Argo Rollouts does; before one is applied, people want to know.
#[must_use]
pub(crate) fn unknown_field(builder: &Builder<'_>) -> Option<Obstacle> {
    let path = unknown_field_of(builder.spec().template.as_ref()?)?;
    let text = "pods of Kubernetes 1.35 have no such field, and it would be left out";
    wrong(&format!("spec.template{path}"), text)
}

fn template(builder: &Builder<'_>) -> Option<Obstacle> {
    let spec = builder.spec();
    if spec.workload_ref.is_some() && spec.template.as_ref().is_some_and(|t| !is_blank(t)) {
        return wrong("spec.template", "template must be empty for workload reference rollout");
    }
    if builder.view().selector.is_empty() {
        return wrong(
            "spec.selector",
            "a non-empty selector is required, or the Rollout would select all pods",
        );
    }
    let labels: BTreeMap<String, String> = builder
        .view()
        .template
        .pointer("/metadata/labels")
        .and_then(|l| serde_json::from_value(l.clone()).ok())
        .unwrap_or_default();
    if !builder.view().selector.matches(&labels) {
        return wrong("spec.template.metadata.labels", "`selector` does not match template `labels`");
    }
    let containers = builder.view().template.pointer("/spec/containers").and_then(Value::as_array);
    if containers.is_none_or(Vec::is_empty) {
        return wrong("spec.template.spec.containers", "name at least one container");
    }
    if spec.replicas() < 0 {
        return wrong("spec.replicas", format!("{}: must be 0 or more", spec.replicas()));
    }
    if spec.progress_deadline_seconds() <= spec.min_ready_seconds() {
        return wrong("spec.progressDeadlineSeconds", "must be greater than minReadySeconds");
    }
    None
}

/// Whether a template says nothing, as a defaulted but unset one does.
fn is_blank(template: &Value) -> bool {
    template.pointer("/spec/containers").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

fn strategy(builder: &Builder<'_>) -> Option<Obstacle> {
    let strategy = &builder.spec().strategy;
    match (&strategy.canary, &strategy.blue_green) {
        (Some(_), Some(_)) => wrong("spec.strategy", "Multiple Strategies can not be listed; keep one"),
        (None, None) => wrong("spec.strategy", "name one of canary and blueGreen"),
        (Some(canary), None) => canary_problem(builder, canary),
        (None, Some(blue_green)) => blue_green_problem(blue_green),
    }
}

fn canary_problem(builder: &Builder<'_>, canary: &Canary) -> Option<Obstacle> {
    let root = "spec.strategy.canary";
    let unsupported = [
        ("trafficRouting", canary.traffic_routing.as_ref().is_some_and(|t| choose(t, ALL).is_none())),
        ("antiAffinity", canary.anti_affinity.is_some()),
        ("pingPong", canary.ping_pong.is_some()),
        ("canaryMetadata", canary.canary_metadata.is_some()),
        ("stableMetadata", canary.stable_metadata.is_some()),
        ("dynamicStableScale", canary.dynamic_stable_scale),
    ];
    if let Some((field, _)) = unsupported.iter().find(|(_, used)| *used) {
        return wrong(&format!("{root}.{field}"), NOT_YET);
    }
    let surge = canary.max_surge.as_ref();
    let unavailable = canary.max_unavailable.as_ref();
    if let Err(why) = replicas::fenceposts(surge, unavailable, builder.spec().replicas()) {
        return wrong(&format!("{root}.maxSurge"), why);
    }
    let zero = |v: Option<&crate::api::intstr::IntOrString>| {
        v.is_some_and(|v| v.to_string().trim_end_matches('%') == "0")
    };
    if zero(surge) && zero(unavailable) {
        return wrong(&format!("{root}.maxSurge"), "maxSurge and maxUnavailable both can not be zero");
    }
    for (index, step) in canary.steps.iter().enumerate() {
        let problem = step_problem(&format!("{root}.steps[{index}]"), step);
        if problem.is_some() {
            return problem;
        }
    }
    None
}

fn step_problem(path: &str, step: &Step) -> Option<Obstacle> {
    let at = format!("{path}.{}", step.field());
    match step {
        Step::Invalid(_) => wrong(path, "a step does exactly one thing; write one field in each"),
        Step::SetWeight(weight) if !(0..=MAX_WEIGHT).contains(weight) => {
            wrong(&at, format!("{weight}: must be between 0 and {MAX_WEIGHT}"))
        }
        Step::Pause(pause) if pause.seconds() < 0 => {
            wrong(&format!("{at}.duration"), "write seconds, or a duration such as 10m")
        }
        Step::SetWeight(_) | Step::Pause(_) | Step::Analysis(_) => None,
        Step::Experiment(_)
        | Step::SetCanaryScale(_)
        | Step::SetHeaderRoute(_)
        | Step::SetMirrorRoute(_)
        | Step::Plugin(_) => wrong(&at, NOT_YET),
    }
}

/// What a user reads about a field of Argo Rollouts that this version does not act on.
const NOT_YET: &str =
    "this version of Switchback does not act on it yet; remove it, or keep this Rollout with Argo Rollouts";

fn blue_green_problem(blue_green: &BlueGreen) -> Option<Obstacle> {
    let root = "spec.strategy.blueGreen";
    if blue_green.active_service.is_empty() {
        return wrong(&format!("{root}.activeService"), "name the Service that users reach");
    }
    if blue_green.preview_service.as_ref() == Some(&blue_green.active_service) {
        return wrong(&format!("{root}.previewService"), "must be another Service than activeService");
    }
    let unsupported = [
        ("antiAffinity", blue_green.anti_affinity.is_some()),
        ("previewMetadata", blue_green.preview_metadata.is_some()),
        ("activeMetadata", blue_green.active_metadata.is_some()),
    ];
    let field = unsupported.iter().find(|(_, used)| *used)?;
    wrong(&format!("{root}.{}", field.0), NOT_YET)
}

/// Services and analyses the Rollout refers to must exist and fit.
fn references(builder: &Builder<'_>) -> Option<Obstacle> {
    let strategy = &builder.spec().strategy;
    let services: Vec<(&str, Option<&String>)> = match (&strategy.canary, &strategy.blue_green) {
        (Some(c), _) => vec![
            ("canary.canaryService", c.canary_service.as_ref()),
            ("canary.stableService", c.stable_service.as_ref()),
        ],
        (_, Some(b)) => vec![
            ("blueGreen.activeService", Some(&b.active_service)),
            ("blueGreen.previewService", b.preview_service.as_ref()),
        ],
        _ => Vec::new(),
    };
    for (field, name) in services {
        let Some(name) = name.filter(|n| !n.is_empty()) else { continue };
        if let Some(why) = service_problem(builder, name) {
            return Some(why.at(&format!("spec.strategy.{field}")));
        }
    }
    analyses(builder).into_iter().find_map(|(path, reference)| {
        let why = analysis_problem(builder, reference)?;
        let obstacle = if why.is_missing() { Obstacle::missing } else { Obstacle::wrong };
        Some(obstacle(why.to_string()).at(&format!("spec.strategy.{path}")))
    })
}

fn service_problem(builder: &Builder<'_>, name: &str) -> Option<Obstacle> {
    let Some(service) = builder.services().get(name) else {
        let text = format!("service \"{name}\" not found; create it in the namespace of the Rollout");
        return Some(Obstacle::missing(text));
    };
    if service.managed_by.as_ref().is_some_and(|m| *m != builder.view().rollout.metadata.name) {
        return Some(Obstacle::wrong(format!("Service \"{name}\" is managed by another Rollout")));
    }
    let labels = builder.view().template.pointer("/metadata/labels");
    let missing = service.selector.iter().find(|(key, value)| {
        labels.and_then(|l| l.get(key.as_str())).and_then(Value::as_str) != Some(value.as_str())
    });
    let unmatched = |key: &String| format!("Service \"{name}\" has unmatch label \"{key}\" in rollout");
    missing.map(|(key, _)| Obstacle::wrong(unmatched(key)))
}

/// The analyses that the strategy asks for, with their paths below it.
pub(super) fn analyses<'w>(builder: &'w Builder<'_>) -> Vec<(String, &'w AnalysisRef)> {
    let mut found = Vec::new();
    if let Some(canary) = builder.canary() {
        for (index, step) in canary.steps.iter().enumerate() {
            found.extend(step.analysis().map(|a| (format!("canary.steps[{index}].analysis"), a)));
        }
        found.extend(canary.analysis.as_ref().map(|b| ("canary.analysis".to_owned(), &b.analysis)));
    }
    if let Some(strategy) = builder.blue_green() {
        let pre = strategy.pre_promotion_analysis.as_ref();
        let post = strategy.post_promotion_analysis.as_ref();
        found.extend(pre.map(|a| ("blueGreen.prePromotionAnalysis".to_owned(), a)));
        found.extend(post.map(|a| ("blueGreen.postPromotionAnalysis".to_owned(), a)));
    }
    found.into_iter().filter(|(_, a)| !a.templates.is_empty()).collect()
}

fn analysis_problem(builder: &Builder<'_>, reference: &AnalysisRef) -> Option<AnalysisError> {
    let spec = match spec_of(builder, reference) {
        Ok(spec) => spec,
        Err(why) => return Some(why),
    };
    let secrets = BTreeMap::new();
    let mut metrics = Vec::new();
    for metric in &spec.metrics {
        let known = spec.args.iter().map(analysis::args::with_placeholder).collect::<Vec<_>>();
        match analysis::args::resolve(metric, &known, &secrets) {
            Ok(metric) => metrics.push(metric),
            Err(why) => return Some(why),
        }
    }
    analysis::validate::metrics(&metrics).err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::View;
    use serde_json::json;
    use std::sync::Arc;

    /// A canary of one container whose only step asks for the template `name`.
    fn view(name: &str) -> View {
        let analysis = json!({"templates": [{"templateName": name}]});
        let template =
            json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}});
        let spec = json!({"selector": {"matchLabels": {"app": "web"}}, "template": template,
            "strategy": {"canary": {"steps": [{"analysis": analysis}]}}});
        let rollout: crate::api::rollout::Rollout =
            serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
        let selector = rollout.spec.selector.clone().unwrap();
        View { rollout: rollout.into(), selector, template: template.into(), ..View::default() }
    }

    fn obstacle_of(view: &View) -> Obstacle {
        obstacle(&Builder::new(view, jiff::Timestamp::UNIX_EPOCH)).unwrap()
    }

    #[test]
    fn a_template_that_is_not_there_may_come_and_one_that_is_wrong_may_not_whatever_it_says() {
        let mut view = view("errors");
        let missing = obstacle_of(&view);
        let text =
            "spec.strategy.canary.steps[0].analysis: Invalid value: AnalysisTemplate 'errors' not found";
        assert_eq!((missing.text.as_str(), missing.is_missing), (text, true));
        let metrics =
            json!([{"name": "{{args.not found}}", "provider": {"web": {"url": "http://example.com"}}}]);
        let template = json!({"metadata": {"name": "errors"}, "spec": {"metrics": metrics}});
        let template = serde_json::from_value(template).unwrap();
        view.templates.insert((false, "errors".to_owned()), template);
        let wrong = obstacle_of(&view);
        assert!(wrong.text.contains("not found") && !wrong.is_missing, "{wrong:?}");
    }

    #[test]
    fn a_service_that_is_not_there_may_come() {
        let mut view = view("errors");
        let spec = Arc::make_mut(&mut Arc::make_mut(&mut view.rollout).spec);
        let canary = spec.strategy.canary.as_mut().unwrap();
        canary.canary_service = Some("web-canary".to_owned());
        let missing = obstacle_of(&view);
        assert!(
            missing.is_missing && missing.text.starts_with("spec.strategy.canary.canaryService: "),
            "{missing:?}"
        );
    }
}
