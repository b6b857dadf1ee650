//! Decides whether the analyses of a Rollout could ever be measured: whom they ask, with what, and by which conditions
//! they judge. It never asks anybody.

use crate::api::analysis::{AnalysisRef, Argument, Metric, SecretKeyRef};
use crate::api::provider::ProviderDefaults;
use crate::api::run::AnalysisRun;
use crate::base::expr::Program;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::MetricContext;
use crate::logic::analysis::view::RunView;
use crate::logic::analysis::{args, providers};
use crate::logic::rollout::analyses::create::spec_of;
use crate::logic::rollout::analyses::values::Stage;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::references;
use crate::logic::rollout::view::Obstacle;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The keys of Secrets that the analyses take values from.
#[must_use]
pub(crate) fn secrets(builder: &Builder<'_>) -> BTreeSet<SecretKeyRef> {
    let asked = references::analyses(builder).into_iter();
    let specs = asked.filter_map(|asked| spec_of(builder, asked.analysis, Stage::Validated).ok());
    let args = specs.flat_map(|spec| spec.args);
    args.filter_map(|arg| arg.value_from?.secret_key_ref).collect()
}

/// The first analysis that could never be measured, in a Rollout that has no other obstacle; `missing` are keys of
/// Secrets that are not there.
#[must_use]
pub(crate) fn obstacle(
    builder: &Builder<'_>,
    defaults: &ProviderDefaults,
    missing: &BTreeSet<SecretKeyRef>,
) -> Option<Obstacle> {
    references::analyses(builder).into_iter().find_map(|asked| {
        let (path, reference) = (format!("spec.strategy.{}", asked.path), asked.analysis);
        if let Some(key) = secrets_of(builder, reference).find(|key| missing.contains(key)) {
            let text = format!("Secret \"{}\" with the key \"{}\" not found", key.name, key.key);
            return Some(Obstacle::missing(text).at(&path));
        }
        let (metric, why) = unaskable(builder, defaults, reference)?;
        Some(Obstacle::wrong(format!("metric \"{metric}\" can never be measured: {why}")).at(&path))
    })
}

fn secrets_of(builder: &Builder<'_>, reference: &AnalysisRef) -> impl Iterator<Item = SecretKeyRef> {
    let args = spec_of(builder, reference, Stage::Validated).map(|spec| spec.args).unwrap_or_default();
    args.into_iter().filter_map(|arg| arg.value_from?.secret_key_ref)
}

/// The first metric that could never be measured, and why.
fn unaskable(
    builder: &Builder<'_>,
    defaults: &ProviderDefaults,
    reference: &AnalysisRef,
) -> Option<(String, AnalysisError)> {
    let spec = spec_of(builder, reference, Stage::Validated).ok()?;
    let is_open = |arg: &Argument| arg.value.is_none() && is_field(arg);
    if spec.args.iter().any(is_open) {
        return None; // what will be asked is not known yet
    }
    let known: Vec<_> = spec.args.iter().map(args::with_placeholder).collect();
    let run = Arc::new(AnalysisRun { spec: spec.clone(), ..AnalysisRun::default() });
    let view = RunView { run, defaults: defaults.clone(), ..RunView::default() };
    spec.metrics.iter().find_map(|metric| {
        let metric = args::resolve(metric, &known, &BTreeMap::new()).ok()?;
        let why = judged(&metric).and_then(|()| asked(&metric, &view, builder)).err()?;
        Some((metric.name, why))
    })
}

fn is_field(arg: &Argument) -> bool {
    arg.value_from.as_ref().is_some_and(|source| source.field_ref.is_some())
}

fn judged(metric: &Metric) -> Result<(), AnalysisError> {
    for condition in [&metric.success_condition, &metric.failure_condition] {
        if !condition.is_empty() {
            Program::compile(condition)?;
        }
    }
    Ok(())
}

fn asked(metric: &Metric, view: &RunView, builder: &Builder<'_>) -> Result<(), AnalysisError> {
    let provider = providers::of(&metric.provider).ok_or_else(|| providers::unknown(&metric.provider))?;
    let Some((_, settings)) = metric.provider.named() else { return Err(AnalysisError::NoProvider) };
    (provider.validate)(&MetricContext { metric, settings, view, now: builder.now() })
}
