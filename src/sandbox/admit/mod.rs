//! Decides whether a write is allowed and what the server itself puts into an object: admission and validation.
//! It never stores and never decides in which order the checks run.
//!
//! - [`gate`]: what is refused before anyone looks at the fields
//! - [`plugins`]: what admission plugins put into objects
//! - [`allocate`](mod@allocate): a Service's addresses and ports
//! - [`check`]: which checks an object goes through
//! - [`at`]: how a check walks an object
//! - The checks: [`metadata`], [`pod`], [`container`], [`resources`], [`workload`], [`batch`], [`config`], [`service`],
//!   [`network`], [`others`], [`custom`], [`definition`]

mod allocate;
pub mod at;
pub mod batch;
mod check;
pub mod config;
pub mod container;
pub mod custom;
pub mod definition;
mod gate;
pub mod metadata;
pub mod network;
pub mod others;
pub mod plugins;
pub mod pod;
pub mod resources;
pub mod service;
pub mod workload;

pub use allocate::allocate;
pub use check::{check_create, check_update};
use gate::refused;
pub use gate::{deletion, namespace};

use crate::refuse::Refusal;
use crate::state::State;
use crate::write::Place;
use serde_json::Value;

/// Puts into an object what admission plugins put there.
///
/// # Errors
/// 403 for a reference that leads nowhere.
pub fn mutate(state: &State, place: &Place, object: &mut Value, live: Option<&Value>) -> Result<(), Refusal> {
    plugins::run(state, place, object, live)
}
