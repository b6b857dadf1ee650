//! The demo: three acts on an embedded cluster, each over only when it was really seen.
//! Nothing here fakes an act. Arrows point downwards:
//!
//! - [`play`]: the course of the whole, from the empty stage to the end
//! - [`acts`]: the three acts
//! - [`account`]: what happened, told at the end
//! - [`stage`]: cluster, repository, engine and live view, set up and cleared away
//! - [`story`]: what must have been seen before an act is over
//! - [`shop`]: the repository and what its people commit
pub(crate) mod account;
pub(crate) mod acts;
pub(crate) mod play;
pub(crate) mod shop;
pub(crate) mod stage;
pub(crate) mod story;
