//! What people see of Rollouts: one picture of the facts, drawn as a tree, a table or data.
//! Nothing here changes a cluster. Arrows point downwards:
//!
//! - [`follow`]: a view that is kept up to date
//! - [`gather`]: everything that is shown of one Rollout, read once
//! - [`deliveries`], [`analyses`]: Deliveries and AnalysisRuns, side by side
//! - [`table`]: how objects stand side by side, and which columns Rollouts have
//! - [`draw`]: one Rollout, as a tree of lines or as one line
//! - [`picture`]: what there is to show of one Rollout
//! - [`runs`]: what there is to show of its analyses
//!
//! `tests` holds how given objects look.

pub(crate) mod analyses;
pub(crate) mod deliveries;
pub(crate) mod draw;
pub(crate) mod follow;
pub(crate) mod gather;
pub(crate) mod picture;
pub(crate) mod runs;
pub(crate) mod table;

#[cfg(test)]
mod tests;
