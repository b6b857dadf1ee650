//! Decides how far a failed revision had come: the step whose analysis failed.
//! It never decides that the revision failed.

use crate::api::names;
use crate::logic::rollout::view::View;
use crate::logic::rollout::weight::Reached;

/// The step that the AnalysisRun named `run` measured; none when it is gone, or belongs to no step.
#[must_use]
pub(crate) fn by_run(view: &View, run: &str) -> Option<Reached> {
    let run = view.analysis_runs.iter().find(|r| r.meta.name == run)?;
    let index = run.meta.labels.get(names::STEP_INDEX)?.parse().ok()?;
    let canary = view.rollout.spec.strategy.canary.as_ref();
    let steps = canary.map(|c| c.steps.as_slice()).unwrap_or_default();
    Some(Reached::at(steps, index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::AnalysisRunRow;
    use serde_json::json;

    fn view(label: Option<&str>) -> View {
        let steps =
            json!([{"analysis": {}}, {"setWeight": 20}, {"analysis": {}}, {"setWeight": 50}, {"pause": {}}]);
        let spec = json!({"strategy": {"canary": {"steps": steps}}});
        let mut run = AnalysisRunRow::default();
        run.meta.name = "web-1".to_owned();
        run.meta.labels.extend(label.map(|l| (names::STEP_INDEX.to_owned(), l.to_owned())));
        let rollout = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
        View { rollout, analysis_runs: vec![run], ..View::default() }
    }

    fn words(label: Option<&str>) -> String {
        by_run(&view(label), "web-1").map(|r| r.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_step_is_named_with_the_weight_that_was_set_last() {
        assert_eq!(words(Some("2")), "step 3 of 5 (20 %)");
        assert_eq!(words(Some("4")), "step 5 of 5 (50 %)");
        assert_eq!(words(Some("0")), "step 1 of 5");
        assert_eq!(words(Some("9")), "step 10 of 5");
    }

    #[test]
    fn a_run_of_no_step_names_none() {
        assert_eq!(words(None), "");
        assert_eq!(by_run(&view(Some("2")), "another"), None);
    }
}
