//! Decides which weight the steps of a canary ask for: now, and at any step.
//! It never decides how many pods a weight means; `replicas` does.

use crate::api::rollout::RolloutSpec;
use crate::api::status::RolloutStatus;
use crate::api::step::Step;

/// The weight that means everything, in percent.
pub(crate) const MAX_WEIGHT: i32 = 100;

/// The weight that the steps ask for at the step `index`: that of the last `setWeight` at or before it. None before
/// the first one, and where there is no such step.
#[must_use]
pub(crate) fn weight_at(steps: &[Step], index: usize) -> Option<i32> {
    steps.get(..=index)?.iter().rev().find_map(Step::weight)
}

/// The weight, in percent, that the steps ask for now: nothing after an abort, everything once all steps are done
/// (source: utils/replicaset/canary.go, `GetCurrentSetWeight`).
#[must_use]
pub(crate) fn set_weight(spec: &RolloutSpec, status: &RolloutStatus) -> i32 {
    if status.abort {
        return 0;
    }
    let steps = spec.strategy.canary.as_ref().map(|c| c.steps.as_slice()).unwrap_or_default();
    let index = usize::try_from(status.current_step_index.unwrap_or(0)).unwrap_or(0);
    if index >= steps.len() { MAX_WEIGHT } else { weight_at(steps, index).unwrap_or(0) }
}

/// The weight, in percent, that the canary should have now, counting promotion and the first deployment as
/// everything (source: utils/replicaset/canary.go, `GetCanaryReplicasOrWeight`).
#[must_use]
pub(crate) fn desired_weight(spec: &RolloutSpec, status: &RolloutStatus) -> i32 {
    let everything =
        status.promote_full || status.stable_rs.is_empty() || status.current_pod_hash == status.stable_rs;
    if everything { MAX_WEIGHT } else { set_weight(spec, status) }
}

/// How far an update had come through its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The step, counted from 1.
    pub step: usize,
    /// Steps there are.
    pub of: usize,
    /// The weight there, in percent; none before the first `setWeight`.
    pub weight: Option<i32>,
}

impl Reached {
    /// How far an update is that stands at `index` of `steps`, counted from 0.
    #[must_use]
    pub(crate) fn at(steps: &[Step], index: usize) -> Self {
        Self { step: index.saturating_add(1), of: steps.len(), weight: weight_at(steps, index) }
    }
}

impl std::fmt::Display for Reached {
    /// In words: `step 3 of 5 (20 %)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "step {} of {}", self.step, self.of)?;
        self.weight.map_or(Ok(()), |weight| write!(f, " ({weight} %)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn steps() -> Vec<Step> {
        let wire = json!([{"pause": {}}, {"setWeight": 20}, {"pause": {"duration": 5}}, {"setWeight": 60}]);
        serde_json::from_value(wire).unwrap()
    }

    #[test]
    fn a_weight_holds_until_the_next_one() {
        let at: Vec<Option<i32>> = (0..5).map(|i| weight_at(&steps(), i)).collect();
        assert_eq!(at, [None, Some(20), Some(20), Some(60), None]);
    }

    #[test]
    fn the_status_moves_the_weight_from_nothing_to_everything() {
        let spec: RolloutSpec =
            serde_json::from_value(json!({"strategy": {"canary": {"steps": steps()}}})).unwrap();
        let mut status = RolloutStatus { current_pod_hash: "b".to_owned(), ..RolloutStatus::default() };
        assert_eq!(desired_weight(&spec, &status), 100, "the first revision comes up whole");
        status.stable_rs = "a".to_owned();
        let mut at = |index: i32| {
            status.current_step_index = Some(index);
            desired_weight(&spec, &status)
        };
        assert_eq!([at(0), at(1), at(3), at(4)], [0, 20, 60, 100]);
        status.abort = true;
        assert_eq!(desired_weight(&spec, &status), 0);
    }

    #[test]
    fn how_far_it_had_come_in_words() {
        assert_eq!(Reached::at(&steps(), 0).to_string(), "step 1 of 4");
        assert_eq!(Reached::at(&steps(), 2).to_string(), "step 3 of 4 (20 %)");
        assert_eq!(Reached::at(&[], 1).to_string(), "step 2 of 0");
    }
}
