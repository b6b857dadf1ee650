//! How requests are split between the stable pods and the canary, where pods alone do not do it.
//! Nothing here decides how large the split is; `logic::rollout::weight` does.
//!
//! - [`weights`]: the split that is wanted, what is known of the objects that carry it, and whether it took effect
//! - [`routers`]: one file for each router that can carry a split, listed once

pub mod routers;
pub mod weights;
