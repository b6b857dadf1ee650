//! Decides which phase a value has under a metric's conditions.
//! It never decides what the phases of several measurements amount to.

use crate::api::analysis::Metric;
use crate::api::run::{Measurement, Phase};
use crate::api::sample::Sample;
use crate::base::expr::{self, Env, Program};
use crate::logic::analysis::error::AnalysisError;
use jiff::Timestamp;

/// Puts `sample` and its phase into the measurement.
///
/// # Errors
/// A condition that does not compile or cannot be evaluated; the value is in the measurement all the same.
pub(crate) fn apply(
    measurement: &mut Measurement,
    metric: &Metric,
    sample: &Sample,
    now: Timestamp,
) -> Result<(), AnalysisError> {
    measurement.value = sample.text();
    measurement.phase = assess(metric, sample, now)?;
    Ok(())
}

/// The phase that the metric's conditions give to `sample` (source: utils/evaluate/evaluate.go, `EvaluateResult`).
///
/// # Errors
/// A condition that does not compile or cannot be evaluated on this sample.
pub(crate) fn assess(metric: &Metric, sample: &Sample, now: Timestamp) -> Result<Phase, AnalysisError> {
    let holds = |condition: &str| -> Result<Option<bool>, AnalysisError> {
        if condition.is_empty() {
            return Ok(None);
        }
        let program = Program::compile(condition)?;
        Ok(Some(program.eval_bool(&Env::new(operand(sample), now))?))
    };
    let good = holds(&metric.success_condition)?;
    let bad = holds(&metric.failure_condition)?;
    Ok(match (good, bad) {
        (None, None) | (_, Some(false)) if good != Some(false) => Phase::Successful,
        (_, Some(true)) | (Some(false), None) => Phase::Failed,
        (Some(true), None) => Phase::Successful,
        _ => Phase::Inconclusive,
    })
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
