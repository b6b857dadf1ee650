//! What is known of a delivery: how the cluster stands, and what was applied of it.
//! Nothing here applies or writes down anything; `engine::delivery` does.
//!
//! - [`facts`]: what the cluster knows of the Rollouts of a repository
//! - [`ledger`]: what counts as applied, and what is written down of it

pub(crate) mod facts;
pub(crate) mod ledger;
