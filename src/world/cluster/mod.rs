//! One Kubernetes cluster, as seen from here: how it is reached, and what is asked of it.
//! Nothing here decides what to write.
//!
//! - [`requests`], [`bodies`]: a write or a read as a request, with which bytes, and what its answer was
//! - [`connect`]: from a kubeconfig, from inside a pod, or through a service in this process
//! - [`watch`]: how changes of a kind are followed
//! - [`gate`]: whether writes may go out
//! - [`backoff`]: how long a watch waits after a failure
//! - [`error`], [`fault`], [`right`]: why a cluster did not do what it was asked; the fields it finds wrong; the right that
//!   somebody lacks
pub(crate) mod backoff;
pub(crate) mod bodies;
pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod gate;
pub(crate) mod requests;
pub(crate) mod right;
pub(crate) mod watch;

pub(crate) use error::ClusterError;
pub(crate) use requests::{Cluster, Mode};
pub(crate) use right::MissingRight;
