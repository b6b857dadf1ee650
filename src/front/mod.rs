//! Speaking to people and to programs: the command line, the live view, the demo, and the pages served beside an engine.
//! Nothing here decides what becomes of a Rollout, and nothing here writes to a cluster: a user's word goes through
//! `engine::act`, definitions of kinds through `engine::install`, and the demo's people commit to a Git repository.
//!
//! Arrows point downwards:
//!
//! - [`cli`]: the command line, one file for each verb
//! - [`demo`]: the story that `switchback demo` plays
//! - [`embedded`]: the embedded cluster, started in this process and served on loopback
//! - [`serve`]: the web server: metrics and health
//! - [`explain`]: pages about concepts, and fields by their paths
//! - [`exit`]: ends that are no success, and exit codes
//! - [`view`]: what is shown of Rollouts, once or for as long as they are followed
//! - [`narrate`]: an engine's doings in words
//! - [`problem`]: mistakes in manifests, drawn with their lines
//! - [`signals`]: how the process is asked to end
//! - [`screen`]: colours, widths, and lines that are drawn over themselves

pub mod cli;
pub(crate) mod demo;
pub(crate) mod embedded;
pub(crate) mod exit;
pub(crate) mod explain;
pub(crate) mod narrate;
pub(crate) mod problem;
pub(crate) mod screen;
pub(crate) mod serve;
pub(crate) mod signals;
pub(crate) mod view;
