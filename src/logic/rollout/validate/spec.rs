//! Decides whether a Rollout can be acted on as it is written: the fields of its spec, in their order.
//! It never looks into the template or a strategy, nor at what the Rollout refers to; `references` does.

use crate::api::check::at::At;
use crate::api::check::labels;
use crate::api::podhash::unknown_field as unknown_field_of;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::references;
use crate::logic::rollout::validate::fault::wrong;
use crate::logic::rollout::validate::{blue_green, canary, pods};
use crate::logic::rollout::view::{Obstacle, TemplateCheck, View};
use serde_json::{Value, json};

/// The first thing that keeps the Rollout from being acted on
/// (source: pkg/apis/rollouts/validation, `ValidateRollout` and `ValidateRolloutReferencedResources`).
#[must_use]
pub(crate) fn obstacle(builder: &Builder<'_>) -> Option<Obstacle> {
    if let Some(why) = &builder.view().problem {
        return Some(why.clone());
    }
    fields(builder).or_else(|| strategy(builder)).or_else(|| references::obstacle(builder))
}

/// What keeps the Rollout from being delivered: it cannot be acted on, or the first field that would be left out because it
/// cannot be read or because Kubernetes does not know it. The controller acts on such a Rollout all the same,
/// as Argo Rollouts does; before one is applied, people want to know.
#[must_use]
pub(crate) fn obstacle_to_delivery(builder: &Builder<'_>) -> Option<Obstacle> {
    let left_out = builder.view().left_out.clone();
    left_out.or_else(|| obstacle(builder)).or_else(|| unknown_field(builder))
}

fn unknown_field(builder: &Builder<'_>) -> Option<Obstacle> {
    let path = unknown_field_of(builder.spec().template.as_ref()?)?;
    let text = "pods of Kubernetes 1.35 have no such field, and it would be left out";
    Some(Obstacle::wrong(text.to_owned()).at(&format!("spec.template{path}")))
}

/// What stands below zero, if it does.
fn negative(path: &str, number: i32) -> Option<Obstacle> {
    if number >= 0 {
        return None;
    }
    wrong(path, number, "must be greater than or equal to 0")
}

fn pod_template(view: &View) -> Option<Obstacle> {
    match &view.template_check {
        TemplateCheck::Open => pods::obstacle(&view.template, &view.selector),
        TemplateCheck::Done(found) => found.clone(),
    }
}

/// The fields of the spec but its strategy, in the order in which Argo Rollouts looks at them
/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutSpec`).
fn fields(builder: &Builder<'_>) -> Option<Obstacle> {
    let spec = builder.spec();
    let (ready, deadline) = (spec.min_ready_seconds(), spec.progress_deadline_seconds());
    negative("spec.replicas", spec.replicas())
        .or_else(|| selector(builder))
        .or_else(|| pod_template(builder.view()))
        .or_else(|| negative("spec.minReadySeconds", ready))
        .or_else(|| negative("spec.revisionHistoryLimit", blue_green::history_limit(builder)))
        .or_else(|| negative("spec.progressDeadlineSeconds", deadline))
        .or_else(|| {
            let text = "must be greater than minReadySeconds";
            if deadline <= ready { wrong("spec.progressDeadlineSeconds", deadline, text) } else { None }
        })
}

fn selector(builder: &Builder<'_>) -> Option<Obstacle> {
    let spec = builder.spec();
    if spec.workload_ref.is_some() && spec.template.as_deref().is_some_and(|t| !is_blank(t)) {
        let text = "template must be empty for workload reference rollout";
        return wrong("spec.template", json!(spec.template), text);
    }
    let own = json!(spec.selector);
    let fault = labels::selector(&At { value: &own, path: "spec.selector".to_owned() }).into_iter().next();
    if let Some(fault) = fault.filter(|_| spec.workload_ref.is_none()) {
        return Some(Obstacle::from(fault));
    }
    if !builder.view().selector.is_empty() {
        return None;
    }
    match &spec.selector {
        None => Some(Obstacle::required("spec.selector", "Rollout has missing field '.spec.selector'")),
        Some(_) => wrong("spec.selector", json!({}), "empty selector is invalid for deployment"),
    }
}

/// Whether a template says nothing, as an unset one does once it was written by a program
/// (source: pkg/apis/rollouts/v1alpha1/types.go, `EmptyTemplate`).
fn is_blank(template: &Value) -> bool {
    let says = |field: &str| {
        let map = template.pointer(field).and_then(Value::as_object);
        map.is_some_and(|m| !m.is_empty())
    };
    !says("/metadata/labels") && !says("/metadata/annotations")
}

/// (source: pkg/apis/rollouts/validation/validation.go, `ValidateRolloutStrategy`)
fn strategy(builder: &Builder<'_>) -> Option<Obstacle> {
    let strategy = &builder.spec().strategy;
    match (&strategy.canary, &strategy.blue_green) {
        (Some(_), Some(_)) => {
            wrong("spec.strategy", "blueGreen: true canary: true", "Multiple Strategies can not be listed")
        }
        (None, None) => {
            let text = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'";
            Some(Obstacle::required("spec.strategy", text))
        }
        (Some(canary), None) => canary::obstacle(builder, canary),
        (None, Some(blue_green)) => blue_green::obstacle(builder, blue_green),
    }
}
