//! Touching: Git, the cluster, metric providers; the only floor that talks to the outside.
//! Nothing here decides what should be done.

pub mod cluster;
pub mod connect;
pub mod error;
pub mod git;
pub mod probe;
pub mod tls;
pub mod watch;
