//! Argo's own kubectl plugin, a client nobody here wrote, shows and steers our Rollouts of both strategies: a scenario
//! for each of its words, with the status that it leaves and the events in their order.
//!
//! - `rig`: the plugin, a stage for it, and what it is measured by
//! - `canary`: its words about a canary
//! - `colours`: the same of blue and green
//! - `looking`: its tables, its exit codes, its lint, and analyses

mod canary;
mod colours;
mod looking;
mod rig;
