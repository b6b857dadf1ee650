//! Decides which phase a value has under a metric's conditions.
//! It never decides what the phases of several measurements amount to.

use crate::api::analysis::Metric;
use crate::api::run::{Measurement, Phase};
use crate::api::sample::Sample;
use crate::base::expr::{self, Env, Program};
use crate::logic::analysis::error::AnalysisError;
use jiff::Timestamp;
use serde_json::Value;

/// Puts `sample` and its phase into the measurement.
///
/// # Errors
/// A condition that does not compile or cannot be evaluated; the measurement then stays without a value.
pub(crate) fn apply(
    measurement: &mut Measurement,
    metric: &Metric,
    sample: &Sample,
    now: Timestamp,
) -> Result<(), AnalysisError> {
    measurement.phase = assess(metric, sample, now)?;
    measurement.value = sample.text();
    Ok(())
}

/// The phase that the metric's conditions give to `sample` (source: utils/evaluate/evaluate.go, `EvaluateResult`).
///
/// # Errors
/// A condition that does not compile or cannot be evaluated on this sample.
pub(crate) fn assess(metric: &Metric, sample: &Sample, now: Timestamp) -> Result<Phase, AnalysisError> {
    let holds = |which: &'static str, condition: &str| {
        if condition.is_empty() {
            return Ok(None);
        }
        let held = Program::compile(condition).and_then(|p| p.eval_bool(&Env::new(operand(sample), now)));
        held.map(Some).map_err(|source| match is_nothing(sample) {
            true => AnalysisError::NoData { which, condition: condition.to_owned() },
            false => AnalysisError::NotEvaluated { which, condition: condition.to_owned(), source },
        })
    };
    let good = holds("successCondition", &metric.success_condition)?;
    let bad = holds("failureCondition", &metric.failure_condition)?;
    Ok(match (good, bad) {
        (None, None) | (_, Some(false)) if good != Some(false) => Phase::Successful,
        (_, Some(true)) | (Some(false), None) => Phase::Failed,
        (Some(true), None) => Phase::Successful,
        _ => Phase::Inconclusive,
    })
}

/// Whether there is nothing to judge (source: utils/evaluate/evaluate.go, `isNilOrEmpty`).
fn is_nothing(sample: &Sample) -> bool {
    match sample {
        Sample::Scalar(_) | Sample::Text(_) => false,
        Sample::Series(all) => all.is_empty(),
        Sample::Json(Value::Array(items)) => items.is_empty(),
        Sample::Json(value) => value.is_null(),
    }
}

/// The sample as conditions see it.
fn operand(sample: &Sample) -> expr::Value {
    match sample {
        Sample::Scalar(n) => expr::Value::Float(*n),
        Sample::Series(all) => expr::Value::floats(all),
        Sample::Json(value) => expr::Value::from(value),
        Sample::Text(text) => expr::Value::from(&serde_json::Value::from(text.as_str())),
    }
}
