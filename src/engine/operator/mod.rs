//! Deliveries as objects of the cluster: they are watched, become deliveries of the engine, and their status says what
//! came of it. Nothing here brings a repository to the cluster; `delivery` does.
//!
//! - [`terms`]: what deliveries that are objects have in common
//! - [`row`]: what is known of one
//! - [`secrets`]: the Secrets that hold credentials, followed
//! - [`repositories`]: the mirrors, one for all who deliver the same
//! - [`run`](mod@run): the loop in which objects become orders and accounts become statuses
//! - [`write`](mod@write): a status, written

pub(crate) mod repositories;
pub(crate) mod row;
pub(crate) mod run;
pub(crate) mod secrets;
pub(crate) mod terms;
pub(crate) mod write;

pub(crate) use run::Operator;
pub use terms::DeliveryObjects;
