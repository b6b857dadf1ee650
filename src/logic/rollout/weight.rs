//! Decides which weight the steps of a canary ask for at any step.
//! It never decides how many pods a weight means; `replicas` does.

use crate::api::step::CanaryStep;

/// The weight that the steps ask for at the step `index`: that of the last `setWeight` at or before it. None before
/// the first one, and where there is no such step.
#[must_use]
pub fn weight_at(steps: &[CanaryStep], index: usize) -> Option<i32> {
    steps.get(..=index)?.iter().rev().find_map(|s| s.set_weight)
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
    pub fn at(steps: &[CanaryStep], index: usize) -> Self {
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
