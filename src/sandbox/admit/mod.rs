//! Decides whether a write is allowed and what the server itself puts into an object: admission and validation.
//! It never stores and never decides in which order the checks run.
//!
//! - [`gate`]: what is refused before anyone looks at the fields
//! - [`plugins`]: what admission plugins put into objects
//! - [`allocate`](mod@allocate), [`assign`]: a Service's addresses and ports, beside those of others and by themselves
//! - [`check`]: which checks an object goes through
//! - [`metadata`], [`pod`], [`workload`], [`batch`], [`config`], [`service`]: the checks
//! - [`network`], [`others`], [`custom`], [`definition`]: the checks of what is rarer

mod allocate;
mod assign;
pub(crate) mod batch;
mod check;
pub(crate) mod config;
pub(crate) mod custom;
pub(crate) mod definition;
mod gate;
pub(crate) mod metadata;
pub(crate) mod network;
pub(crate) mod others;
mod plugins;
pub(crate) mod pod;
pub(crate) mod service;
pub(crate) mod workload;

pub(crate) use allocate::allocate;
pub(crate) use check::{check_create, check_update};
pub(crate) use gate::{deletion, namespace};
pub(crate) use plugins::mutate;
