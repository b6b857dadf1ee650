//! A delivery: what its spec asks for, how the cluster stands, what was applied, and what its status says of that.
//! Nothing here applies or writes down anything; `engine::delivery` does.
//!
//! - [`facts`]: what the cluster knows of the Rollouts of a repository
//! - [`ledger`]: what counts as applied, and what is written down of it
//! - [`spec`]: what a Delivery asks for, with everything that was left out
//! - [`order`](mod@order): which Deliveries wait for which
//! - [`account`]: what is known of one
//! - [`status`](mod@status): what is written down of that
//! - [`events`](mod@events): what is told of that

pub(crate) mod account;
pub(crate) mod events;
pub(crate) mod facts;
pub(crate) mod ledger;
pub(crate) mod order;
pub(crate) mod spec;
pub(crate) mod status;
