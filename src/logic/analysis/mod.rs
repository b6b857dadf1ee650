//! How analyses are put together, measured and judged.
//! Nothing here asks a metric provider; `world::probe` does.
//!
//! From a Rollout to a run:
//! - [`compose`]: templates and arguments become the specification of a run
//! - [`args`]: the values of arguments, and how they are put into metrics
//! - [`validate`]: whether metrics make sense
//!
//! One run, from its facts to its writes:
//! - [`view`]: all facts about a run
//! - [`run`]: the front doors: what to measure now, and what the run writes after it
//! - [`metrics`]: the metrics of a run with their arguments put in, and which of them do not decide
//! - [`due`]: which metric is measured when
//! - [`task`]: one measurement, from its first action to its end
//! - [`providers`]: what each provider is asked, one file per provider, listed once
//! - [`condition`]: which phase a value has under the metric's conditions
//! - [`record`]: measurements are put into the results and counted, old ones dropped
//! - [`judge`]: what the results amount to
//! - [`shown`]: what metrics say of a run
//! - [`status`]: how the status and the end of a run are written
//!
//! - [`terminate`]: how a person ends one early
//! - [`error`]: why an analysis goes no further

pub mod args;
pub(crate) mod compose;
pub(crate) mod condition;
pub(crate) mod due;
pub(crate) mod error;
pub mod judge;
pub(crate) mod metrics;
pub mod providers;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod shown;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod terminate;
pub mod validate;
pub(crate) mod view;

#[cfg(test)]
mod tests;
