//! A Delivery as an object of the cluster: what its spec asks for, whom it waits for, and what its status says.
//! Nothing here knows how a repository is brought to the cluster.
//!
//! - [`spec`]: what is asked for, with everything that was left out
//! - [`order`](mod@order): which Deliveries wait for which
//! - [`account`]: what is known of one
//! - [`status`](mod@status): what is written down of that
//! - [`events`](mod@events): what is told of that

pub(crate) mod account;
pub(crate) mod events;
pub(crate) mod order;
pub(crate) mod spec;
pub(crate) mod status;
