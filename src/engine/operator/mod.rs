//! Deliveries as objects of the cluster: they are watched, become deliveries of the engine, and their status says what
//! came of it. Nothing here brings a repository to the cluster; `delivery` does.
//!
//! - [`terms`]: what deliveries that are objects have in common
//! - [`row`]: what is known of one
//! - [`secrets`]: the Secrets that hold credentials, followed
//! - [`repositories`]: the mirrors, one for all who deliver the same
//! - [`run`](mod@run): the loop in which objects become orders and accounts become statuses
//! - [`settle`]: what each of them comes to, and the order for it
//! - [`parting`]: what becomes of what it has applied when it is deleted
//! - [`write`](mod@write): a status, or our finalizer, written

mod parting;
pub(crate) mod repositories;
pub(crate) mod row;
pub(crate) mod run;
pub(crate) mod secrets;
mod settle;
pub(crate) mod terms;
pub(crate) mod write;

pub(crate) use run::Operator;
pub use terms::DeliveryObjects;
