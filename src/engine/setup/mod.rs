//! How clusters and repositories are set up for whoever speaks to people: `front` comes here instead of to `world`.
//! Nothing here decides what is done with them.
//!
//! - [`client`]: a cluster, over the network or in this process, and views of it
//! - [`credentials`](mod@credentials): what is shown to a Git server; the Kubernetes Secret that holds it is read here
//! - [`repository`](mod@repository): a repository, and when it moves
//! - [`context`](mod@context): what an engine has at hand
//! - [`error`]: why it cannot be had

mod client;
mod context;
mod credentials;
mod error;
mod repository;

pub use client::{Client, cluster, inside, watch};
pub use context::{allow_link_local_metrics, context, context_with};
pub use credentials::{GitCredentials, credentials};
pub use error::AccessError;
pub use repository::{Repository, first_look, nudge_when_moved, repository, was_delivered};
