//! Decides whether what a Rollout refers to is there and fits: its Services, and what its analyses measure.
//! It never looks at a cluster, and never judges what an analysis would find.

use crate::api::analysis::{AnalysisRef, Argument, Metric};
use crate::logic::analysis;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::rollout::analyses::create::spec_of;
use crate::logic::rollout::analyses::purpose::Purpose;
use crate::logic::rollout::analyses::values::Stage;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::Obstacle;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The first thing that the Rollout refers to and that is not there or does not fit
/// (source: pkg/apis/rollouts/validation/validation_references.go, `ValidateRolloutReferencedResources`).
#[must_use]
pub(crate) fn obstacle(builder: &Builder<'_>) -> Option<Obstacle> {
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
            return Some(why.of(&format!("spec.strategy.{field}"), &json!(name)));
        }
    }
    analyses(builder).into_iter().find_map(|asked| analysis_problem(builder, &asked))
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

/// An analysis that the strategy asks for.
#[derive(Debug)]
pub(super) struct Asked<'w> {
    purpose: Purpose,
    /// Its path below the strategy.
    pub(super) path: String,
    /// What it asks for.
    pub(super) analysis: &'w AnalysisRef,
}

/// The analyses that the strategy asks for.
pub(super) fn analyses<'w>(builder: &'w Builder<'_>) -> Vec<Asked<'w>> {
    let mut found: Vec<(Purpose, String, &AnalysisRef)> = Vec::new();
    if let Some(canary) = builder.canary() {
        for (index, step) in canary.steps.iter().enumerate() {
            let path = format!("canary.steps[{index}].analysis");
            found.extend(step.analysis().map(|a| (Purpose::Step, path, a)));
        }
        let path = "canary.analysis".to_owned();
        found.extend(canary.analysis.as_ref().map(|b| (Purpose::Background, path, &b.analysis)));
    }
    if let Some(strategy) = builder.blue_green() {
        let (pre, post) = (&strategy.pre_promotion_analysis, &strategy.post_promotion_analysis);
        let path = |name: &str| format!("blueGreen.{name}");
        found.extend(pre.as_ref().map(|a| (Purpose::PrePromotion, path("prePromotionAnalysis"), a)));
        found.extend(post.as_ref().map(|a| (Purpose::PostPromotion, path("postPromotionAnalysis"), a)));
    }
    let asked = found.into_iter().map(|(purpose, path, analysis)| Asked { purpose, path, analysis });
    asked.filter(|a| !a.analysis.templates.is_empty()).collect()
}

/// What is wrong with an analysis (source: pkg/apis/rollouts/validation/validation_references.go,
/// `ValidateAnalysisTemplatesWithType`).
fn analysis_problem(builder: &Builder<'_>, asked: &Asked<'_>) -> Option<Obstacle> {
    let path = format!("spec.strategy.{}.templates", asked.path);
    let metrics = match metrics(builder, asked.analysis) {
        Ok(metrics) => metrics,
        Err(why) => {
            let names: Vec<&str> =
                asked.analysis.templates.iter().map(|t| t.template_name.as_str()).collect();
            let obstacle = if why.is_missing() { Obstacle::missing } else { Obstacle::wrong };
            let value = match &why {
                AnalysisError::NoTemplate { name, .. } => name.clone(),
                _ => format!("templateNames: [{}]", names.join(" ")),
            };
            return Some(obstacle(why.to_string()).of(&path, &json!(value)));
        }
    };
    if asked.purpose == Purpose::Background {
        return None; // it ends with the steps
    }
    let endless = metrics.iter().find(|m| m.effective_count().is_none())?;
    let template = template_of(builder, asked.analysis, &endless.name);
    let count = endless.count.as_ref().map_or("<nil>".to_owned(), ToString::to_string);
    let text = format!(
        "AnalysisTemplate {template} has metric {} which runs indefinitely. Invalid value for count: {count}; set a count, or \
         measure it in the background",
        endless.name
    );
    Some(Obstacle::wrong(text).of(&path, &json!(template)))
}

/// The metrics that `reference` names, with all values put in that are known now; those whose number depends on one that
/// is not are left out.
fn metrics(builder: &Builder<'_>, reference: &AnalysisRef) -> Result<Vec<Metric>, AnalysisError> {
    let spec = spec_of(builder, reference, Stage::Validated)?;
    let known: Vec<Argument> = spec.args.iter().map(with_stand_in).collect();
    let secrets = BTreeMap::new();
    let all: Result<Vec<Metric>, _> =
        spec.metrics.iter().map(|metric| analysis::args::resolve(metric, &known, &secrets)).collect();
    let all = all?;
    analysis::validate::metrics(&all)?;
    let is_open = spec.args.iter().any(|a| a.value.is_none());
    let is_counted = |(metric, raw): &(Metric, &Metric)| !is_open || metric.count == raw.count;
    Ok(all.into_iter().zip(&spec.metrics).filter(is_counted).map(|(metric, _)| metric).collect())
}

/// The argument with a value, whether that is known yet or not.
fn with_stand_in(arg: &Argument) -> Argument {
    let may_come = arg.value_from.as_ref().is_some_and(|source| source.field_ref.is_some());
    if arg.value.is_none() && may_come {
        return Argument { value: Some("0".to_owned()), value_from: None, ..arg.clone() };
    }
    analysis::args::with_placeholder(arg)
}

/// The name of the template that has the metric `name`.
fn template_of(builder: &Builder<'_>, reference: &AnalysisRef, name: &str) -> String {
    let own = reference.templates.iter().filter_map(|r| builder.view().template_of(r));
    let others = builder.view().templates.values().map(AsRef::as_ref);
    let mut all = own.chain(others);
    let found = all.find(|t| t.spec.metrics.iter().any(|m| m.name == name));
    found.map(|t| t.metadata.name.clone()).unwrap_or_default()
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
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}});
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
        let text = "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"errors\": AnalysisTemplate 'errors' not found";
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
    fn a_provider_that_we_do_not_have_makes_the_spec_invalid() {
        let mut view = view("errors");
        for (provider, field) in [
            (json!({"datadog": {"query": "up"}}), "datadog"),
            (json!({"prometheus": {"query": "up", "rangeQuery": {}}}), "prometheus.rangeQuery"),
        ] {
            let metrics = json!([{"name": "m", "provider": provider}]);
            let template = json!({"metadata": {"name": "errors"}, "spec": {"metrics": metrics}});
            view.templates.insert((false, "errors".to_owned()), serde_json::from_value(template).unwrap());
            let wrong = obstacle_of(&view);
            let said = format!("metrics[0]: provider.{field}: this version");
            assert!(wrong.path.starts_with("spec.strategy.canary.steps[0].analysis"), "{wrong:?}");
            assert!(wrong.text.contains(&said) && !wrong.is_missing, "{wrong:?}");
        }
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

    fn with_template(view: &mut View, metric: Value, args: Value) {
        let mut whole = json!({"name": "errors", "provider": {"web": {"url": "http://example.com"}}});
        whole.as_object_mut().unwrap().extend(metric.as_object().unwrap().clone());
        let template = json!({"metadata": {"name": "errors"}, "spec": {"metrics": [whole], "args": args}});
        view.templates.insert((false, "errors".to_owned()), serde_json::from_value(template).unwrap());
    }

    fn strategy(view: &mut View, strategy: Value) {
        let spec = Arc::make_mut(&mut Arc::make_mut(&mut view.rollout).spec);
        spec.strategy = serde_json::from_value(strategy).unwrap();
    }

    fn said(view: &View) -> Option<String> {
        obstacle(&Builder::new(view, jiff::Timestamp::UNIX_EPOCH)).map(|o| o.text)
    }

    #[test]
    fn a_metric_without_end_may_be_measured_in_the_background_only() {
        let mut view = view("errors");
        with_template(&mut view, json!({"interval": "5s"}), json!([]));
        let text = "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"errors\": AnalysisTemplate errors has \
                    metric errors which runs indefinitely. Invalid value for count: <nil>; set a count, or measure it in the \
                    background";
        assert_eq!(said(&view).as_deref(), Some(text));
        let analysis = json!({"templates": [{"templateName": "errors"}]});
        for purpose in ["prePromotionAnalysis", "postPromotionAnalysis"] {
            strategy(&mut view, json!({"blueGreen": {"activeService": "", (purpose): analysis}}));
            assert!(
                said(&view).is_some_and(|t| t.starts_with(&format!("spec.strategy.blueGreen.{purpose}.")))
            );
        }
        strategy(&mut view, json!({"canary": {"analysis": analysis}}));
        assert_eq!(said(&view), None);
    }

    #[test]
    fn a_metric_with_a_count_or_without_an_interval_ends() {
        for (metric, args) in [
            (json!({"interval": "5s", "count": 2}), json!([])),
            (json!({}), json!([])),
            (json!({"interval": "5s", "count": "{{args.n}}"}), json!([{"name": "n", "value": "3"}])),
            (
                json!({"interval": "5s", "count": "{{args.n}}"}),
                json!([{"name": "n", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
            ),
        ] {
            let mut view = view("errors");
            with_template(&mut view, metric.clone(), args);
            assert_eq!(said(&view), None, "{metric}");
        }
    }

    #[test]
    fn a_field_that_is_not_there_yet_is_in_nobodys_way_until_the_run_is_made() {
        let with_field = |path: &str| {
            let mut view = view("errors");
            with_template(&mut view, json!({}), json!([{"name": "n"}]));
            let args = json!([{"name": "n", "valueFrom": {"fieldRef": {"fieldPath": path}}}]);
            let analysis = json!({"templates": [{"templateName": "errors"}], "args": args});
            strategy(&mut view, json!({"canary": {"steps": [{"analysis": analysis}]}}));
            view
        };
        for path in
            ["status.canary.weights.canary.weight", "status.blueGreen.activeSelector", "metadata.labels"]
        {
            assert_eq!(said(&with_field(path)), None, "{path}");
        }
        assert!(
            said(&with_field("metadata.nothing")).is_some(),
            "what Kubernetes itself writes is there or never"
        );
        let view = with_field("status.canary.weights.canary.weight");
        let builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
        let asked = analyses(&builder);
        assert!(spec_of(&builder, asked[0].analysis, Stage::Made).is_err());
    }
}
