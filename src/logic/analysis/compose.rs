//! Decides what an AnalysisRun measures: the templates a reference names, merged into one specification.
//! It never decides when the run is made.

use crate::api::analysis::{AnalysisRef, AnalysisTemplate, Argument, DryRun, Retention, TemplateRef};
use crate::api::run::RunSpec;
use crate::base::digest;
use crate::logic::analysis::args;
use crate::logic::analysis::error::AnalysisError;
use std::collections::BTreeSet;

/// Everything `references` name, directly or through other templates, each once: namespaced ones first.
///
/// # Errors
/// A template that `find` does not know.
fn collect<'t>(
    references: &[TemplateRef],
    find: &dyn Fn(&TemplateRef) -> Option<&'t AnalysisTemplate>,
) -> Result<Vec<&'t AnalysisTemplate>, AnalysisError> {
    let mut found: Vec<(bool, &AnalysisTemplate)> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<TemplateRef> = references.iter().rev().cloned().collect();
    while let Some(reference) = open.pop() {
        let cluster = reference.cluster_scope.unwrap_or(false);
        if !seen.insert((cluster, reference.template_name.clone())) {
            continue;
        }
        let kind = if cluster { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
        let template = find(&reference)
            .ok_or_else(|| AnalysisError::NoTemplate { kind, name: reference.template_name.clone() })?;
        found.push((cluster, template));
        open.extend(template.spec.templates.iter().rev().cloned());
    }
    found.sort_by_key(|(cluster, _)| *cluster);
    Ok(found.into_iter().map(|(_, template)| template).collect())
}

/// The arguments of all templates, each once (source: utils/analysis/helpers.go, `flattenArgs`).
fn merge_args(templates: &[&AnalysisTemplate]) -> Result<Vec<Argument>, AnalysisError> {
    let mut merged: Vec<Argument> = Vec::new();
    for arg in templates.iter().flat_map(|t| &t.spec.args) {
        match merged.iter_mut().find(|a| a.name == arg.name) {
            None => merged.push(arg.clone()),
            Some(before) => match (&before.value, &arg.value) {
                (Some(a), Some(b)) if a != b => {
                    let (name, first, second) = (arg.name.clone(), a.clone(), b.clone());
                    return Err(AnalysisError::ArgumentTwice { name, first, second });
                }
                (None, _) => *before = arg.clone(),
                _ => {}
            },
        }
    }
    Ok(merged)
}

/// The specification of the run that `reference` asks for, with `values` for its arguments (source:
/// utils/analysis/helpers.go, `NewAnalysisRunFromTemplates`).
///
/// # Errors
/// A missing template, two metrics of one name, an argument with two values or none, two rules for one metric.
pub(crate) fn run_spec<'t>(
    reference: &AnalysisRef,
    values: &[Argument],
    find: &dyn Fn(&TemplateRef) -> Option<&'t AnalysisTemplate>,
) -> Result<RunSpec, AnalysisError> {
    let templates = collect(&reference.templates, find)?;
    let mut names = BTreeSet::new();
    let mut metrics = Vec::new();
    for metric in templates.iter().flat_map(|t| &t.spec.metrics) {
        if !names.insert(&metric.name) {
            return Err(AnalysisError::MetricTwice(metric.name.clone()));
        }
        metrics.push(metric.clone());
    }
    let dry_run: Vec<DryRun> =
        reference.dry_run.iter().chain(templates.iter().flat_map(|t| &t.spec.dry_run)).cloned().collect();
    let rules: Vec<Retention> = reference
        .measurement_retention
        .iter()
        .chain(templates.iter().flat_map(|t| &t.spec.measurement_retention))
        .cloned()
        .collect();
    no_rule_twice(dry_run.iter().map(|d| &d.metric_name), "Dry-Run")?;
    no_rule_twice(rules.iter().map(|r| &r.metric_name), "Measurement Retention")?;
    Ok(RunSpec {
        metrics,
        args: args::merge(values, &merge_args(&templates)?)?,
        dry_run,
        measurement_retention: rules,
        ..RunSpec::default()
    })
}

fn no_rule_twice<'a>(
    names: impl Iterator<Item = &'a String>,
    rules: &'static str,
) -> Result<(), AnalysisError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(AnalysisError::RuleTwice { rules, name: name.clone() });
        }
    }
    Ok(())
}

/// A digest under which two runs that measure the same are equal, whether or not they were asked to stop.
#[must_use]
pub(crate) fn digest(spec: &RunSpec) -> String {
    let same = RunSpec { terminate: false, ttl_strategy: None, ..spec.clone() };
    let text = serde_json::to_vec(&same).unwrap_or_default();
    digest::sha256_hex(&text).get(..16).unwrap_or_default().to_owned()
}
