//! The routers that can carry a split of requests: one file each, one row each in [`ALL`].
//! Nothing here writes; a router says what is to be written.
//!
//! - [`choice`]: which of them a `trafficRouting` chooses

pub mod choice;

use crate::api::write::{Target, Write};
use crate::logic::traffic::weights::{RouterFacts, Verification, Weights};
use serde_json::Value;

/// One router: what it refers to, what it writes, and whether that took effect.
#[derive(Debug)]
pub struct Router {
    /// The field of `trafficRouting` that chooses it, such as `istio`.
    pub word: &'static str,
    /// The objects that its part of `trafficRouting`, the first argument, refers to from the namespace of the second:
    /// they are watched, and handed to the other two functions.
    pub refers_to: fn(&Value, &str) -> Vec<Target>,
    /// What is to be written for a split, for the header routes and for the mirror routes (as the steps have them);
    /// nothing when all is so already.
    pub writes: fn(&RouterFacts<'_>, Weights, &[Value], &[Value]) -> Vec<Write>,
    /// Whether a split has taken effect.
    pub verify: fn(&RouterFacts<'_>, Weights) -> Verification,
}

/// All routers, by their words. This version has none yet: a Rollout with `trafficRouting` is refused.
pub const ALL: &[Router] = &[];
