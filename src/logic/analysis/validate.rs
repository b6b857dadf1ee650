//! Decides whether metrics make sense before anything is measured.
//! It never looks at a measurement.

use crate::api::analysis::Metric;
use crate::api::intstr::IntOrString;
use crate::base::duration;
use std::collections::BTreeSet;

/// Checks the metrics of a run after its arguments were put in (source: `ValidateMetrics`).
///
/// # Errors
/// The first thing that is wrong, with the index of the metric.
pub fn metrics(metrics: &[Metric]) -> Result<(), String> {
    if metrics.is_empty() {
        return Err("no metrics specified".to_owned());
    }
    let mut names = BTreeSet::new();
    for (index, metric) in metrics.iter().enumerate() {
        if !names.insert(&metric.name) {
            return Err(format!("metrics[{index}]: duplicate name '{}'", metric.name));
        }
        one(metric).map_err(|e| format!("metrics[{index}]: {e}"))?;
    }
    Ok(())
}

fn one(metric: &Metric) -> Result<(), String> {
    let number = |v: &Option<IntOrString>| v.as_ref().map_or(0, IntOrString::int_value);
    let count = number(&metric.count);
    let failures = number(&metric.failure_limit);
    let successes = number(&metric.consecutive_success_limit);
    let undecided = number(&metric.inconclusive_limit);
    let check = |ok: bool, message: String| if ok { Ok(()) } else { Err(message) };
    check(successes >= 0, "consecutiveSuccessLimit must be >= 0".into())?;
    check(failures >= -1, "failureLimit must be >= 0, or -1 to be disabled".into())?;
    check(
        successes > 0 || failures >= 0,
        "failureLimit and consecutiveSuccessLimit cannot both be disabled".into(),
    )?;
    check(undecided >= 0, "inconclusiveLimit must be >= 0".into())?;
    check(number(&metric.consecutive_error_limit) >= 0, "consecutiveErrorLimit must be >= 0".into())?;
    if count > 0 {
        if failures >= 0 {
            check(
                count >= failures + successes,
                format!(
                    "count ({count}) must be >= failureLimit + consecutiveSuccessLimit \
                     ({failures} + {successes}) if both >= 0"
                ),
            )?;
        } else {
            check(count >= successes, "count must be >= consecutiveSuccessLimit".into())?;
        }
        check(count >= undecided, "count must be >= inconclusiveLimit".into())?;
    }
    check(count <= 1 || !metric.interval.is_empty(), "interval must be specified when count > 1".into())?;
    for (text, what) in [(&metric.interval, "interval"), (&metric.initial_delay, "startDelay")] {
        if !text.is_empty() {
            duration::parse_go(text).map_err(|e| format!("invalid {what} string: {e}"))?;
        }
    }
    let providers = metric.provider.as_object().map_or(0, |map| {
        map.iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| if k == "plugin" { v.as_object().map_or(0, serde_json::Map::len) } else { 1 })
            .sum()
    });
    match providers {
        0 => Err("no provider specified".to_owned()),
        1 => Ok(()),
        _ => Err("multiple providers specified".to_owned()),
    }
}
