//! Decides what `terminate` writes: the word by which a run of an analysis or an Experiment ends early.
//! It never decides what the run comes to.

use crate::api::key::target_of;
use crate::api::write::{Patch, Write};
use crate::base::json::text;
use crate::logic::rollout::act::Said;
use serde_json::{Value, json};

/// The write that ends `run` early, an AnalysisRun or an Experiment
/// (source: pkg/kubectl-argo-rollouts/cmd/terminate/terminate.go; the body of its patch).
#[must_use]
pub(crate) fn writes(run: &Value) -> Said {
    let phase = text(run, "/status/phase");
    if !["", "Pending", "Running"].contains(&phase) {
        return Said::Nothing(format!("it is over: {phase}"));
    }
    let patch = Patch::Merge(json!({"spec": {"terminate": true}}));
    let write = Write::Patch { target: target_of(run), subresource: "", patch, expect: None };
    Said::Writes(vec![write], "is terminated".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_left_as_it_is() {
        let said = |phase: &str| {
            let meta = json!({"name": "r", "namespace": "shop"});
            writes(&json!({"kind": "AnalysisRun", "metadata": meta, "status": {"phase": phase}}))
        };
        for phase in ["", "Pending", "Running"] {
            assert!(matches!(said(phase), Said::Writes(writes, _) if writes.len() == 1), "{phase}");
        }
        for phase in ["Successful", "Failed", "Error", "Inconclusive"] {
            assert_eq!(said(phase), Said::Nothing(format!("it is over: {phase}")));
        }
    }
}
