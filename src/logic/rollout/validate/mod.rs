//! Whether a Rollout can be acted on as it is written, and what people read when it cannot: the first fault, as in Argo
//! Rollouts. Nothing here repairs a Rollout.
//!
//! - [`spec`]: the front door, and the fields of the spec
//! - [`pods`]: the template of its pods
//! - [`canary`], [`steps`], [`blue_green`]: the strategies
//! - [`routers`]: which routers a canary names
//! - [`roles`]: what both say of the pods of a revision
//! - [`fault`]: how one fault is told
pub(crate) mod blue_green;
pub(crate) mod canary;
pub(crate) mod fault;
pub(crate) mod pods;
pub(crate) mod roles;
pub(crate) mod routers;
pub(crate) mod spec;
pub(crate) mod steps;
#[cfg(test)]
mod tests;

pub(crate) use spec::{obstacle, obstacle_to_delivery};
