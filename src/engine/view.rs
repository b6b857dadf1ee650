//! Decides how rows become the facts about one Rollout that decisions are made on.
//! It never asks the cluster for more.

use crate::api::analysis::{AnalysisRef, TemplateRef};
use crate::api::podhash::same;
use crate::api::rollout::Rollout;
use crate::api::selector::LabelSelector;
use crate::api::step::Step;
use crate::api::strategy::Strategy;
use crate::engine::index::{Index, Name, RolloutRow, source_of};
use crate::engine::rows;
use crate::logic::rollout::view::{Obstacle, View, Workload};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Hash and key of a template, kept until the template changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// Digest of the template and the collision count they were made of.
    made_of: String,
    /// Pod template hash.
    pod_hash: String,
    /// Key under which equal templates are equal.
    template_key: String,
}

impl Hashes {
    fn of(template: &Value, collisions: Option<i32>) -> Self {
        let made_of = digest(template, collisions);
        Self {
            made_of,
            pod_hash: crate::api::podhash::hash(template, collisions).unwrap_or_default(),
            template_key: same::template_key(template),
        }
    }
}

fn digest(template: &Value, collisions: Option<i32>) -> String {
    crate::base::digest::sha256_hex(format!("{template}{collisions:?}").as_bytes())
}

/// The row of a Rollout. What is costly is taken over from the row before.
#[must_use]
pub fn rollout_row(value: &Value, before: Option<RolloutRow>) -> RolloutRow {
    let meta = rows::meta(value);
    let strategy: Strategy = value
        .pointer("/spec/strategy")
        .and_then(|s| serde_json::from_value(s.clone()).ok())
        .unwrap_or_default();
    let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    let workload = value.pointer("/spec/workloadRef").filter(|w| !w.is_null()).map(|_| {
        (text("/spec/workloadRef/apiVersion"), text("/spec/workloadRef/kind"), text("/spec/workloadRef/name"))
    });
    let collisions =
        value.pointer("/status/collisionCount").and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok());
    let hashes = match value.pointer("/spec/template").filter(|_| workload.is_none()) {
        Some(template) => match before.filter(|b| b.hashes.made_of == digest(template, collisions)) {
            Some(before) => before.hashes,
            None => Hashes::of(template, collisions),
        },
        None => Hashes::default(),
    };
    RolloutRow {
        source: source_of(&meta),
        services: strategy.services(),
        analyses: !analyses(&strategy).is_empty(),
        body: value.to_string().into_bytes(),
        workload,
        hashes,
        meta,
    }
}

fn analyses(strategy: &Strategy) -> Vec<&AnalysisRef> {
    let mut found = Vec::new();
    if let Some(canary) = &strategy.canary {
        found.extend(canary.steps.iter().filter_map(Step::analysis));
        found.extend(canary.analysis.as_ref().map(|b| &b.analysis));
    }
    if let Some(blue_green) = &strategy.blue_green {
        found.extend(blue_green.pre_promotion_analysis.iter());
        found.extend(blue_green.post_promotion_analysis.iter());
    }
    found
}

/// What is known of a workload that a Rollout may refer to.
#[must_use]
pub fn workload(value: &Value) -> Workload {
    let meta = rows::meta(value);
    let replicas = value.pointer("/spec/replicas").and_then(Value::as_i64);
    Workload {
        generation: meta.generation,
        resource_version: meta.resource_version,
        replicas: replicas.and_then(|n| i32::try_from(n).ok()),
    }
}

/// The part of a workload that Rollouts take over: template and selector.
#[must_use]
pub fn workload_body(value: &Value) -> Vec<u8> {
    let template = value.pointer("/spec/template").or_else(|| value.get("template"));
    json!({"template": template, "selector": value.pointer("/spec/selector")}).to_string().into_bytes()
}

/// The facts about the Rollout at `name`; none when it is gone.
#[must_use]
pub fn of(index: &Index, name: &Name, flush: bool) -> Option<View> {
    let row = index.rollouts.get(name)?;
    let parsed: Result<Rollout, _> = serde_json::from_slice(&row.body);
    let (rollout, mut problem) = match parsed {
        Ok(rollout) => (rollout, None),
        Err(e) => (
            Rollout { metadata: row.meta.clone(), ..Rollout::default() },
            Some(Obstacle::wrong(format!("spec: {e}"))),
        ),
    };
    let mut view = View {
        selector: rollout.spec.selector.clone().unwrap_or_default(),
        template: rollout.spec.template.clone().unwrap_or(Value::Null),
        pod_hash: row.hashes.pod_hash.clone(),
        template_key: row.hashes.template_key.clone(),
        replica_sets: index.sets_of(&row.meta.uid),
        analysis_runs: index.runs_of(&row.meta.uid),
        debounce_passed: flush,
        ..View::default()
    };
    if row.workload.is_some() && problem.is_none() {
        problem = resolve_workload(index, name, row, &rollout, &mut view);
    }
    for service in &row.services {
        if let Some(found) = index.services.get(&(name.0.clone(), service.clone())) {
            view.services.insert(service.clone(), found.clone());
        }
    }
    view.templates = templates(index, &name.0, analyses(&rollout.spec.strategy));
    view.rollout = rollout;
    view.problem = problem;
    Some(view)
}

/// Puts the workload's template and selector in place of the Rollout's own. Answers what is wrong.
fn resolve_workload(
    index: &Index,
    name: &Name,
    row: &RolloutRow,
    rollout: &Rollout,
    view: &mut View,
) -> Option<Obstacle> {
    let (_, kind, workload) = row.workload.as_ref()?;
    if !["Deployment", "ReplicaSet", "PodTemplate"].contains(&kind.as_str()) {
        let text = format!("{kind}: use Deployment, ReplicaSet or PodTemplate");
        return Some(Obstacle::wrong(text).at("spec.workloadRef.kind"));
    }
    let Some((found, body)) = index.workloads.get(&(kind.clone(), (name.0.clone(), workload.clone()))) else {
        let text = format!("{kind} \"{workload}\" not found");
        return Some(Obstacle::missing(text).at("spec.workloadRef.name"));
    };
    let parts: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if rollout.spec.template.is_none() {
        view.template = parts.get("template").cloned().unwrap_or(Value::Null);
    }
    if rollout.spec.selector.is_none() {
        view.selector = parts
            .get("selector")
            .and_then(|s| serde_json::from_value::<LabelSelector>(s.clone()).ok())
            .unwrap_or_default();
    }
    view.workload = Some(found.clone());
    let hashes = Hashes::of(&view.template, rollout.status.collision_count);
    view.pod_hash = hashes.pod_hash;
    view.template_key = hashes.template_key;
    None
}

/// The templates that `references` name, directly or through others.
fn templates(
    index: &Index,
    namespace: &str,
    references: Vec<&AnalysisRef>,
) -> BTreeMap<(bool, String), crate::api::analysis::AnalysisTemplate> {
    let mut found = BTreeMap::new();
    let mut open: Vec<TemplateRef> = references.iter().flat_map(|r| r.templates.clone()).collect();
    while let Some(reference) = open.pop() {
        let cluster = reference.cluster_scope.unwrap_or(false);
        let key = (cluster, reference.template_name.clone());
        if found.contains_key(&key) {
            continue;
        }
        let namespace = if cluster { "" } else { namespace };
        if let Some(template) = index.template(&(namespace.to_owned(), reference.template_name.clone())) {
            open.extend(template.spec.templates.clone());
            found.insert(key, template);
        }
    }
    found
}
