//! Decides the values that a Rollout hands to an analysis for its arguments.
//! It never decides what a value that a Rollout does not hand in is.

use crate::api::analysis::{Argument, ArgumentSource, RolloutArg};
use crate::base::go_text::quote;
use crate::logic::analysis::args::of_rollout;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::rollout::builder::Builder;
use std::collections::BTreeMap;

/// What the values are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Whether a run could be made: a field of the Rollout that is not there may come.
    Validated,
    /// A run that is made now.
    Made,
}

/// The values of `args`; of a field that may come only where it is taken from (source: utils/analysis/factory.go,
/// `BuildArgumentsForRolloutAnalysisRun`).
///
/// # Errors
/// A field that is not there, of the metadata or at the stage of a run that is made.
pub(crate) fn values(
    builder: &Builder<'_>,
    args: &[RolloutArg],
    stage: Stage,
) -> Result<Vec<Argument>, AnalysisError> {
    args.iter().map(|arg| value(builder, arg, stage)).collect()
}

fn value(builder: &Builder<'_>, arg: &RolloutArg, stage: Stage) -> Result<Argument, AnalysisError> {
    let rollout = &builder.view().rollout;
    let latest = builder.new_replica_set().map_or(builder.view().pod_hash.as_str(), |s| s.hash.as_str());
    let stable = builder.stable_replica_set().map_or("", |s| s.hash.as_str());
    let source = arg.value_from.as_ref().filter(|s| s.pod_template_hash_value.is_none());
    let field = source.and_then(|s| s.field_ref.as_ref());
    let whole = match field.map(|f| f.field_path.as_str()) {
        Some("metadata.labels") => Some(&rollout.metadata.labels),
        Some("metadata.annotations") => Some(&rollout.metadata.annotations),
        _ => None,
    };
    if let Some(map) = whole {
        return Ok(Argument { name: arg.name.clone(), value: Some(lines(map)), value_from: None });
    }
    let may_come = field.filter(|f| stage == Stage::Validated && !f.field_path.starts_with("metadata"));
    match (of_rollout(std::slice::from_ref(arg), stable, latest, rollout), may_come) {
        (Ok(found), _) => Ok(found.into_iter().next().unwrap_or_default()),
        (Err(_), Some(field)) => {
            let value_from =
                Some(ArgumentSource { field_ref: Some(field.clone()), ..ArgumentSource::default() });
            Ok(Argument { name: arg.name.clone(), value: None, value_from })
        }
        (Err(why), None) => Err(why),
    }
}

/// A map as the downward API writes it: a line for each key
/// (source: k8s.io/kubernetes/pkg/fieldpath/fieldpath.go, `FormatMap`).
fn lines(map: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = map.iter().map(|(key, value)| format!("{key}={}", quote(value))).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::View;
    use serde_json::json;

    #[test]
    fn whole_maps_are_lines_as_the_downward_api_writes_them() {
        let labels = json!({"team": "shop", "app": "w\"b"});
        let rollout = json!({"metadata": {"name": "web", "labels": labels}});
        let view = View { rollout: serde_json::from_value(rollout).unwrap(), ..View::default() };
        let builder = Builder::new(&view, jiff::Timestamp::UNIX_EPOCH);
        let value = |path: &str| {
            let arg = json!({"name": "x", "valueFrom": {"fieldRef": {"fieldPath": path}}});
            let args = [serde_json::from_value(arg).unwrap()];
            values(&builder, &args, Stage::Made).unwrap()[0].value.clone().unwrap()
        };
        assert_eq!(value("metadata.labels"), "app=\"w\\\"b\"\nteam=\"shop\"");
        assert_eq!(value("metadata.annotations"), "");
        assert_eq!(value("metadata.name"), "web");
    }
}
