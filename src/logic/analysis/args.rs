//! Decides the values of an analysis' arguments and puts them into its metrics.
//! It never reads a Secret; a value that comes from one is handed in.

use crate::api::analysis::{Argument, Metric, RolloutArg};
use crate::api::intstr::IntOrString;
use crate::api::rollout::Rollout;
use crate::base::template;
use crate::logic::analysis::error::AnalysisError;
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands for a value from a Secret where it may be seen.
const STAND_IN: &str = "temp-for-secret";

/// The values a Rollout hands to an analysis (source: utils/analysis/factory.go,
/// `BuildArgumentsForRolloutAnalysisRun`).
///
/// `stable` and `latest` are the hashes of the two revisions. The Rollout is turned into JSON only if an argument
/// is one of its fields.
///
/// # Errors
/// A field path that leads nowhere.
pub(crate) fn of_rollout(
    args: &[RolloutArg],
    stable: &str,
    latest: &str,
    rollout: &Rollout,
) -> Result<Vec<Argument>, AnalysisError> {
    let mut object: Option<Value> = None;
    let mut values = Vec::with_capacity(args.len());
    for arg in args {
        let source = arg.value_from.as_ref();
        let hash = source.and_then(|s| s.pod_template_hash_value.as_deref());
        let value = match (hash, source.and_then(|s| s.field_ref.as_ref())) {
            (Some("Latest"), _) => latest.to_owned(),
            (Some("Stable"), _) => stable.to_owned(),
            (_, Some(field)) => {
                let whole = match object.take() {
                    Some(whole) => whole,
                    None => serde_json::to_value(rollout)?,
                };
                field_of(object.insert(whole), &field.field_path)?
            }
            _ => arg.value.clone(),
        };
        values.push(Argument { name: arg.name.clone(), value: Some(value), value_from: None });
    }
    Ok(values)
}

/// The field of `object` that `path` names, as text: `metadata.labels['env']` as the downward API writes it, or
/// words separated by dots with indices in brackets.
///
/// # Errors
/// A path that leads nowhere or to something that is no single value.
pub fn field_of(object: &Value, path: &str) -> Result<String, AnalysisError> {
    for part in ["labels", "annotations"] {
        let key = path.strip_prefix(&format!("metadata.{part}['")).and_then(|rest| rest.strip_suffix("']"));
        if let Some(key) = key {
            let value = object.get("metadata").and_then(|m| m.get(part)).and_then(|m| m.get(key));
            return Ok(value.and_then(Value::as_str).unwrap_or_default().to_owned());
        }
    }
    plain_field(object, path)
}

/// The field of `object` at words separated by dots and brackets (source: utils/analysis/factory.go,
/// `extractValueFromRollout`).
///
/// # Errors
/// A path that leads nowhere or to something that is no single value.
pub fn plain_field(object: &Value, path: &str) -> Result<String, AnalysisError> {
    let nowhere = || AnalysisError::NoField(path.to_owned());
    let mut here = object;
    for word in path.split(['.', '[', ']']).filter(|w| !w.is_empty()) {
        here = match here {
            Value::Array(items) => {
                let index: usize = word.parse().map_err(|_| AnalysisError::BadIndex(word.to_owned()))?;
                items.get(index).ok_or(AnalysisError::IndexOutOfRange(index))?
            }
            Value::Object(map) => map.get(word).unwrap_or(&Value::Null),
            _ => return Err(nowhere()),
        };
    }
    match here {
        Value::Null => Err(nowhere()),
        Value::Array(_) | Value::Object(_) => Err(AnalysisError::NotPrimitive(path.to_owned())),
        Value::String(text) => Ok(text.clone()),
        other => Ok(other.to_string()),
    }
}

/// The arguments of a run: the templates' with the values handed in. Values of unknown names are ignored (source:
/// utils/analysis/helpers.go, `MergeArgs`).
///
/// # Errors
/// An argument without a value.
pub(crate) fn merge(
    handed_in: &[Argument],
    of_templates: &[Argument],
) -> Result<Vec<Argument>, AnalysisError> {
    let mut merged = of_templates.to_vec();
    for arg in handed_in {
        let Some(slot) = merged.iter_mut().find(|a| a.name == arg.name) else { continue };
        if arg.value.is_some() {
            slot.value.clone_from(&arg.value);
        } else if arg.value_from.is_some() {
            slot.value_from.clone_from(&arg.value_from);
        }
    }
    match merged.iter().find(|a| a.value.is_none() && a.value_from.is_none()) {
        Some(open) => Err(AnalysisError::Unresolved(open.name.clone())),
        None => Ok(merged),
    }
}

/// The metric with every `{{args.x}}` replaced. `secrets` holds the values of arguments that come from Secrets
/// (source: analysis/analysis.go, `resolveMetricArgs`).
///
/// # Errors
/// An argument that is unknown or has no value.
pub(crate) fn resolve(
    metric: &Metric,
    args: &[Argument],
    secrets: &BTreeMap<String, String>,
) -> Result<Metric, AnalysisError> {
    let text = serde_json::to_string(metric)?;
    let values: Vec<(&str, Option<&str>)> = args
        .iter()
        .map(|a| {
            let value = secrets.get(&a.name).map(String::as_str).or(a.value.as_deref());
            (a.name.as_str(), value)
        })
        .collect();
    let resolved = template::render_args_quoted(&text, &values)?;
    let mut metric: Metric = serde_json::from_str(&resolved)?;
    for limit in [
        &mut metric.count,
        &mut metric.failure_limit,
        &mut metric.inconclusive_limit,
        &mut metric.consecutive_error_limit,
        &mut metric.consecutive_success_limit,
    ] {
        if let Some(IntOrString::Text(text)) = limit
            && let Ok(number) = text.parse()
        {
            *limit = Some(IntOrString::Int(number));
        }
    }
    Ok(metric)
}

/// The argument with a stand-in for a value that only a Secret knows, to check and show what does not depend on it
/// (source: analysis/analysis.go, `getResolvedMetricsWithoutSecrets`).
#[must_use]
pub(crate) fn with_placeholder(arg: &Argument) -> Argument {
    let is_secret = arg.value_from.as_ref().is_some_and(|source| source.secret_key_ref.is_some());
    let value = if is_secret { Some(STAND_IN.to_owned()) } else { arg.value.clone() };
    Argument { name: arg.name.clone(), value, value_from: None }
}
