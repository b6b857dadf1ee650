//! Which AnalysisRuns a Rollout needs now, and what their ends mean for it.
//! Nothing here measures; `logic::analysis` decides what a run does.
//!
//! - [`purpose`]: what a run is for, with its words on the wire and its place in the status
//! - [`due`]: whether an analysis is due, under way or passed
//! - [`reconcile`]: one pass: the run that is current for each purpose, and what its end means
//! - [`create`]: the object of a run that is wanted and not there
//! - [`values`]: what a Rollout hands to it
//! - [`history`]: which runs are stopped, and which are forgotten

pub(crate) mod create;
pub(crate) mod due;
pub(crate) mod history;
pub(crate) mod purpose;
pub(crate) mod reconcile;
pub(crate) mod values;
