//! One Kubernetes cluster, as seen from here: how it is reached, and what is asked of it.
//! Nothing here decides what to write.
//!
//! - [`requests`]: a write or a read as a request, and what its answer was
//! - [`connect`]: from a kubeconfig, from inside a pod, or through a service in this process
//! - [`watch`]: how changes of a kind are followed
//! - [`backoff`]: how long a watch waits after a failure
//! - [`error`]: why a cluster did not do what it was asked

pub mod backoff;
pub mod connect;
pub mod error;
pub mod requests;
pub mod watch;

pub use error::ClusterError;
pub use requests::{Cluster, FIELD_MANAGER, Mode};
