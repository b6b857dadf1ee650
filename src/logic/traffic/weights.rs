//! Decides how a wanted split of requests is described, and what a router gets and says about it.
//! It never decides how large the split is.

use serde_json::Value;

/// The split that is wanted, in percent of all requests; the two make 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Share of the new revision.
    pub canary: i32,
    /// Share of the stable revision.
    pub stable: i32,
}

impl Weights {
    /// The split that gives the new revision `canary` percent; less than none is none, more than all is all.
    #[must_use]
    pub fn of(canary: i32) -> Self {
        let canary = canary.clamp(0, 100);
        Self { canary, stable: 100 - canary }
    }
}

/// What a router knows when it is asked.
#[derive(Clone, Copy, Debug)]
pub struct RouterFacts<'f> {
    /// Its own part of `trafficRouting`.
    pub spec: &'f Value,
    /// Namespace of the Rollout.
    pub namespace: &'f str,
    /// The Service that selects the new pods.
    pub canary_service: &'f str,
    /// The Service that selects the stable pods.
    pub stable_service: &'f str,
    /// The objects it refers to, as the cluster has them now; those that are missing are left out.
    pub objects: &'f [Value],
}

/// Whether a split has taken effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Requests are split as wanted.
    InEffect,
    /// Not yet; the text says what is waited for.
    Waiting(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_make_everything() {
        for (asked, canary, stable) in [(0, 0, 100), (20, 20, 80), (100, 100, 0), (-5, 0, 100), (120, 100, 0)]
        {
            assert_eq!(Weights::of(asked), Weights { canary, stable });
        }
    }
}
